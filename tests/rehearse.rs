//! The whole monitor rehearsed: what was true beside what was said, and the rules it goes by.
//!
//! A few hundred faults always; the ten thousand of the promise, and the thirty days, with `SPANWATCH_LONG=all`.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use spanwatch::app::reference::Reference;
use spanwatch::app::rehearse::draw::{self, Draw};
use spanwatch::app::rehearse::tally::Tally;
use spanwatch::app::rehearse::truth::Sight;
use spanwatch::app::rehearse::{Faults, Setup};
use spanwatch::app::rules;
use spanwatch::inventory;
use spanwatch::judge::rules::{RULES, Rules};
use spanwatch::lab::scenario::{Scenario, built_in};
use spanwatch::model::Element;
use spanwatch::model::fault::{Fault, Source};
use spanwatch::report::rehearse::{self, About, Outcome, Set};
use spanwatch::report::words::{Language, Words};

use crate::trial::reference;

const VALLEY: &str = include_str!("report/valley.toml");

fn valley() -> Reference {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("valley.toml"), VALLEY).expect("written");
    Reference::new(inventory::load(folder.path()).expect("sound").network)
}

fn setup(loss: f64, answers_lost: f64, threads: usize) -> Setup {
    Setup {
        loss,
        answers_lost,
        seed: 7,
        rules: Rules::default(),
        threads,
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn is_long() -> bool {
    let is_long = std::env::var_os("SPANWATCH_LONG").is_some_and(|word| word == "all");
    if !is_long {
        println!("skipped in part: SPANWATCH_LONG=all rehearses 10,000 faults and 30 days");
    }
    is_long
}

/// Holds faults against the promise: the share that is named, and how much is said.
fn hold(faults: &Faults) {
    let missed: Vec<String> = faults
        .tried
        .iter()
        .filter_map(|one| one.miss.map(|miss| (one, miss)))
        .map(|(one, miss)| format!("#{} {:?}: {miss:?}", one.number, one.elements))
        .collect();
    for (is_double, least, most) in [(false, 0.98, 1.05), (true, 0.96, 2.1)] {
        let tried = faults.tried.iter();
        let tally = Tally::of(tried.filter(|one| (one.elements.len() > 1) == is_double));
        assert!(tally.faults > 0);
        assert!(tally.share() >= least, "{tally:?}\n{}", missed.join("\n"));
        assert!(tally.shown_each() <= most, "{tally:?}");
        assert_eq!(tally.left_open, 0, "{tally:?}");
        assert!(tally.missed <= tally.outage, "{tally:?}");
        // One in a hundred: what lost polls leave behind.
        assert!(tally.wrong * 100 <= tally.faults, "{tally:?}");
    }
}

#[test]
fn random_faults_are_named_and_little_else_is_said_though_answers_are_lost() {
    let reference = reference();
    let few = setup(0.0, 0.02, cores()).faults(&reference, 200, 0.3, &mut |_| {});
    let lost = few.settled.1 as f64 / few.settled.0 as f64;
    assert!((0.015..0.025).contains(&lost), "{lost}");
    hold(&few);
    if is_long() {
        let all = setup(0.0, 0.02, cores()).faults(&reference, 10_000, 0.2, &mut |_| {});
        hold(&all);
    }
}

#[test]
fn days_on_which_nothing_breaks_have_no_incident() {
    let reference = reference();
    let days = if is_long() { 30 } else { 0 };
    let time = Duration::from_hours(days * 24).max(Duration::from_mins(40));
    let days = setup(0.005, 0.0, cores()).days(&reference, time, &mut |_| {});
    let said: Vec<_> = days.iter().flat_map(|day| &day.incidents).collect();
    assert!(said.is_empty(), "{said:?}");
    assert_eq!(days.iter().map(|day| day.count).sum::<u32>(), 0);
    assert_eq!(days.iter().map(|day| day.time).sum::<Duration>(), time);
}

#[test]
fn drawn_faults_can_be_seen_and_neither_of_two_hides_the_other() {
    let reference = reference();
    let sight = Sight::new(&reference);
    let visible = draw::visible(&reference.network, &sight);
    assert!(visible.len() > 1_000, "{}", visible.len());
    assert!(!visible.contains(&Element::Node(reference.network.monitor.clone())));
    let mut kinds = BTreeSet::new();
    let mut doubles = 0;
    for place in 0..400 {
        let elements = draw::fault(&visible, &sight, 0.5, &mut Draw::of(3, place));
        kinds.extend(elements.iter().map(Element::kind));
        if let [one, other] = elements.as_slice() {
            doubles += 1;
            let both = sight.seen(&elements);
            assert_ne!(both, sight.seen([one]), "{one} and {other}");
            assert_ne!(both, sight.seen([other]), "{one} and {other}");
        }
    }
    assert_eq!(kinds.len(), 3, "nodes, links and groups: {kinds:?}");
    assert!((150..250).contains(&doubles), "{doubles}");
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/golden/rehearse"
    ));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

/// Rehearses faults of a small network, and returns the report in all forms.
fn printed(threads: usize) -> [String; 3] {
    let reference = valley();
    let setup = setup(0.02, 0.0, threads);
    // A rule set that is too quick to believe, so that there is something to list.
    let hasty = Setup {
        rules: Rules {
            asks: 1,
            census_after: 1,
            ..Rules::default()
        },
        ..setup.clone()
    };
    let rehearsed = |setup: &Setup, name: &str| Set {
        name: name.to_owned(),
        outcome: Outcome::Faults(setup.faults(&reference, 40, 0.3, &mut |_| {})),
    };
    let sets = [
        rehearsed(&setup, "usual.toml"),
        rehearsed(&hasty, "hasty.toml"),
    ];
    let about = About {
        network: &reference.network,
        setup,
        double: 0.3,
    };
    let text = |language| rehearse::text(&about, &sets, 3, &Words::of(language));
    [
        text(Language::En),
        text(Language::Vi),
        rehearse::json(&about, &sets),
    ]
}

#[test]
fn the_same_seed_gives_the_same_bytes_however_many_threads_there_are() {
    let alone = printed(1);
    assert_eq!(alone, printed(3));
    let [english, vietnamese, json] = alone;
    golden("faults-en", &english);
    golden("faults-vi", &vietnamese);
    golden("faults-json", &json);
}

#[test]
fn a_scenario_is_told_with_what_was_true_beside_what_was_said() {
    let reference = reference();
    let source = Arc::new(Source {
        name: "demo".into(),
        text: built_in("demo")
            .expect("it comes with the program")
            .to_owned(),
    });
    let scenario = Scenario::parse(&source, &reference.network).expect("sound");
    let played = setup(0.0, 0.0, 1).play(&reference, &scenario);
    assert_eq!(played.episodes.len(), 4);
    for episode in &played.episodes {
        assert!(
            episode.by.is_some() && episode.until.is_some(),
            "{episode:?}"
        );
    }
    assert!(
        played
            .incidents
            .iter()
            .all(|(incident, is_about)| { *is_about && incident.until.is_some() })
    );
    assert!(Duration::ZERO < played.missed && played.missed < played.outage);
    let about = About {
        network: &reference.network,
        setup: setup(0.0, 0.0, 1),
        double: 0.0,
    };
    let sets = [Set {
        name: String::new(),
        outcome: Outcome::Played(played),
    }];
    let words = Words::of(Language::En);
    golden("scenario-en", &rehearse::text(&about, &sets, 3, &words));
}

fn parsed(text: &str) -> Result<Rules, Vec<Fault>> {
    rules::parse(&Arc::new(Source {
        name: "rules.toml".into(),
        text: text.to_owned(),
    }))
}

#[test]
fn the_usual_rules_written_and_read_are_the_usual_rules() {
    let text = rules::text(&Rules::default());
    assert_eq!(parsed(&text), Ok(Rules::default()), "{text}");
    assert_eq!(parsed(""), Ok(Rules::default()));
    for rule in RULES {
        assert!(text.contains(&format!("\n{} = ", rule.key)), "{text}");
    }
    let other = parsed("asks = 12\nspacing = \"250ms\"\nlossy-from = 1.5\nwindow = 100\n");
    let expected = Rules {
        asks: 12,
        spacing: Duration::from_millis(250),
        lossy_from: 0.015,
        window: 100,
        ..Rules::default()
    };
    assert_eq!(other, Ok(expected));
}

#[test]
fn rules_that_cannot_be_are_all_refused_in_one_go() {
    let faults =
        parsed("aks = 8\nspacing = 400\nasks = 0\nlossy-from = \"x\"\n").expect_err("four");
    let codes: Vec<&str> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["R0402", "R0403", "R0403", "R0403"]);
    assert_eq!(faults[0].help.as_deref(), Some("did you mean `asks`?"));
    assert!(faults.iter().all(|fault| fault.place.is_some()));
    for (text, code) in [
        ("asks = ", "R0401"),
        ("asks = 8\nasks = 9", "R0401"),
        ("[asks]\nx = 1", "R0403"),
        ("asks = -1", "R0403"),
        ("asks = 1e300", "R0403"),
        ("lossy-from = nan", "R0403"),
        ("flapping-from = 0", "R0403"),
        ("inquiry-least = \"20s\"", "R0403"),
        ("census-after = 20", "R0403"),
        ("spacing = \"-1s\"", "R0403"),
        ("\"\\u0007\" = 1", "R0402"),
    ] {
        let faults = parsed(text).expect_err(text);
        assert_eq!(faults[0].code, code, "{text}: {faults:?}");
    }
}

#[test]
fn other_rules_judge_otherwise() {
    let reference = valley();
    // So little that no way is known to be lossy: where one is, no rule makes the judge hasty.
    let usual = setup(0.005, 0.0, cores());
    let hasty = Setup {
        rules: parsed("asks = 1\ncensus-after = 1\n").expect("sound"),
        ..usual.clone()
    };
    let count = |setup: &Setup| {
        let days = setup.days(&reference, Duration::from_hours(12), &mut |_| {});
        days.iter().map(|day| day.count).sum::<u32>()
    };
    let (usual, hasty) = (count(&usual), count(&hasty));
    assert!(hasty > usual + 10, "{hasty} and {usual}");
}

fn typed(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .arg("rehearse")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .output()
        .expect("the binary runs")
}

#[test]
fn what_cannot_be_rehearsed_is_refused_with_a_reason() {
    for (arguments, reason) in [
        (&[][..], "required"),
        (&["--faults", "1", "--days", "1"], "cannot be used with"),
        (&["--faults", "0"], "1..=1000000"),
        (&["--faults", "1", "--double", "1.5"], "from 0 to 1"),
        (&["--faults", "1", "--loss", "nan"], "from 0 to 50"),
        (&["--faults", "1", "--loss=-3%"], "from 0 to 50"),
        (&["--days", "inf"], "number of days"),
        (&["--days=-1"], "number of days"),
        (&["--scenario", "no-such-thing"], "Built-in scenarios"),
        (&["--days", "1", "--rules", "no-such-thing"], "--show-rules"),
        (&["--days", "1", "--rules", "src"], "no file of rules"),
        (
            &["--days", "1", "--rules", "Cargo.toml"],
            "there is no rule",
        ),
        (
            &["--days", "1", "--topology", "no-such-thing"],
            "--topology",
        ),
    ] {
        let output = typed(arguments);
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}: {said}");
        assert!(said.contains(reason), "{arguments:?}: {said}");
        assert!(output.stdout.is_empty(), "{arguments:?}");
    }
    // What has no effect is said, and the rest is played.
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.toml");
    let text = "[[at]]\nt = \"1s\"\ncut = [\"node:core-1\"]\n\
                [[recording]]\nnode = \"core-2\"\nfile = \"switch.snmprec\"\n";
    std::fs::write(&scenario, text).expect("a written file");
    let output = typed(&["--scenario", &scenario.to_string_lossy()]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    assert!(
        said.contains("these answer as themselves: core-2."),
        "{said}"
    );
    let output = typed(&["--show-rules"]);
    let shown = String::from_utf8_lossy(&output.stdout);
    assert_eq!(parsed(&shown), Ok(Rules::default()));
}
