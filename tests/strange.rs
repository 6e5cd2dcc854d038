//! Strange networks and questions: each gets a fault by its name, or an answer of bounded size, never a panic.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use spanwatch::analysis::augment::{Augmentation, Goal, MOST_OFFERS, Offer, Refused};
use spanwatch::analysis::hours::rate::Chances;
use spanwatch::analysis::hours::{Account, Limits};
use spanwatch::analysis::locate::{Facts, Locator};
use spanwatch::analysis::plan::choices::{Choice, Origin};
use spanwatch::analysis::plan::{Question, plan};
use spanwatch::graph::Graph;

use crate::sketch::{Sketch, link, node, risk};

fn run(topology: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(["--lang", "en"])
        .args(arguments)
        .arg("--topology")
        .arg(topology)
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A hub that is the one member of a risk group of its own name, with a place behind it.
const HUB: &str = r#"
[network]
id = "n"
hubs = ["dc"]
[[node]]
id = "dc"
transit = true
risk = ["dc"]
[[node]]
id = "a"
transit = true
[[link]]
id = "dc--a"
a = "dc"
b = "a"
[[risk_group]]
id = "dc"
kind = "power"
"#;

const AGENCY: &str = r#"
[[agency]]
id = "x"
name = "X"
level = "commune"
class = "school"
uplinks = [{ id = "x--a", to = "a" }]
"#;

const CANDIDATE: &str = r#"
[[candidate]]
a = "dc"
b = "x"
kind = "fibre"
cost = 5
"#;

fn folder(parts: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("t.toml"), parts.concat()).expect("a file");
    folder
}

const QUESTIONS: [&[&str]; 5] = [
    &["weak"],
    &["plan", "--budget", "10"],
    &["plan", "--goal", "no-single-points"],
    &["what-if", "--fail", "node:dc"],
    &["locate", "--silent", "node:a"],
];

#[test]
fn rates_and_costs_that_are_no_numbers_are_faults_with_their_line() {
    for (written, code) in [
        ("[[node]]\nid = \"b\"\nmtbf = nan\n", "T0115"),
        ("[[node]]\nid = \"b\"\nmtbf = \"nanh\"\n", "T0115"),
        ("[[node]]\nid = \"b\"\nmttr = \"-3h\"\n", "T0115"),
        ("[[node]]\nid = \"b\"\nmttr = inf\n", "T0115"),
        ("[defaults.link.fibre]\nbuild = { fixed = nan }\n", "T0114"),
        (
            "[defaults.link.fibre]\nbuild = { fixed = 1, per_km = -1 }\n",
            "T0114",
        ),
        ("[[candidate]]\na = \"dc\"\nb = \"x\"\ncost = -5\n", "T0114"),
        (
            "[[candidate]]\na = \"dc\"\nb = \"x\"\ncost = nan\n",
            "T0114",
        ),
        (
            "[[candidate]]\na = \"dc\"\nb = \"x\"\ncost = inf\n",
            "T0114",
        ),
    ] {
        let folder = folder(&[HUB, AGENCY, written]);
        for question in QUESTIONS {
            let output = run(folder.path(), question);
            assert_eq!(output.status.code(), Some(3), "{written} {question:?}");
            let said = text(&output.stderr);
            assert!(said.contains(code), "{written} {question:?}: {said}");
            assert!(said.contains("t.toml:"), "{said}");
            assert_eq!(text(&output.stdout), "");
        }
    }
}

#[test]
fn a_network_without_agencies_loses_nothing_and_wants_nothing_built() {
    let candidate = CANDIDATE.replace("\"x\"", "\"a\"");
    let folder = folder(&[HUB, &candidate]);
    for question in QUESTIONS {
        let output = run(folder.path(), question);
        let (said, faults) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(0), "{question:?}: {faults}");
        assert!(said.contains("agencies 0"), "{question:?}: {said}");
        assert!(!said.contains("NaN") && !said.contains("-0"), "{said}");
    }
}

#[test]
fn a_hub_in_a_risk_group_of_its_own_is_lost_with_it() {
    let folder = folder(&[HUB, AGENCY, CANDIDATE]);
    for question in QUESTIONS {
        let output = run(folder.path(), question);
        let faults = text(&output.stderr);
        assert_eq!(output.status.code(), Some(0), "{question:?}: {faults}");
    }
    let both = run(folder.path(), &["what-if", "--fail", "dc"]);
    let said = text(&both.stderr);
    assert!(said.contains("`node:dc`, `risk:dc`"), "{said}");

    let network = Sketch::new(&["dc"])
        .links(&["dc-a"])
        .agency("x", "a", 2)
        .risk("dc", &[node("dc")])
        .network();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let account = Account::of(&network, &graph, &chances, &[], Limits::default());
    let of = |element| account.importance(&element).expect("listed").if_down;
    assert_eq!(of(risk("dc")), of(node("dc")));
    assert!((of(risk("dc")).agency - 8_760.0).abs() < 1e-9);
    let gone = Account::of(&network, &graph, &chances, &[risk("dc")], Limits::default());
    assert!((gone.total.weighted - 2.0 * 8_760.0).abs() < 1e-9);
    let locator = Locator::new(network.into(), graph.into());
    let mut facts = Facts::default();
    facts.silent.insert("a".into());
    let found = locator.locate(&facts);
    assert!(
        found
            .causes
            .iter()
            .any(|cause| cause.elements.contains(&link("dc-a")))
    );
}

#[test]
fn unknown_names_and_sums_that_cannot_be_are_named() {
    let folder = folder(&[HUB, AGENCY, CANDIDATE]);
    for (arguments, said) in [
        (&["weak", "--agency", "nobody"][..], "no agency `nobody`"),
        (&["weak", "--view", "nowhen"], "no maintenance `nowhen`"),
        (&["weak", "--max-hours", "nan"], "NaN is no number of hours"),
        (&["weak", "--max-hours", "-1"], "-1 is no number of hours"),
        (&["weak", "--no-single-point", "foo=1"], "no field `foo`"),
        (&["plan", "--budget", "nan"], "NaN cannot be spent"),
        (&["plan", "--budget", "-1"], "-1 cannot be spent"),
        (&["plan", "--budget", "inf"], "inf cannot be spent"),
        (&["plan", "--budget", "1e300"], "cannot be spent"),
        (
            &["plan", "--budget", "1", "--kind", "wire"],
            "No link of kind `wire` could be built",
        ),
        (
            &[
                "plan",
                "--goal",
                "no-single-points",
                "--agencies",
                "class=none",
            ],
            "No agency is of this filter",
        ),
        (
            &["what-if", "--fail", "nobody"],
            "Nothing is called `nobody`",
        ),
        (&["what-if", "--add", "dc--nobody"], "no node `nobody`"),
        (
            &["locate", "--silent", "nobody"],
            "Nothing is called `nobody`",
        ),
        (
            &["locate", "--down", "link:nobody", "--silent", "x"],
            "nobody",
        ),
    ] {
        let output = run(folder.path(), arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        let told = text(&output.stderr);
        assert!(told.contains(said), "{arguments:?}: {told}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
    }
}

#[test]
fn a_million_candidates_get_a_bounded_answer() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-a", "a-b", "b-c"])
        .agencies("c", &["x", "y"])
        .network();
    let names = ["dc", "a", "b", "c", "x", "y"];
    let choices: Vec<Choice> = (0..1_000_000)
        .map(|at| Choice {
            a: names[at % 6].into(),
            b: names[(at / 6) % 6].into(),
            kind: "fibre".to_owned(),
            km: None,
            cost: 1.0 + (at % 1_000) as f64,
            origin: Origin::Declared,
        })
        .collect();
    let question = Question {
        work: 30,
        ..Question::of(5.0)
    };
    let found = plan(&network, &BTreeMap::new(), &choices, question);
    assert!(found.asked <= 100, "{}", found.asked);
    assert!(found.cost <= 5.0 && found.after.weighted < found.before.weighted);
    let offers: Vec<Offer> = choices
        .iter()
        .map(|choice| Offer {
            a: choice.a.clone(),
            b: choice.b.clone(),
            cost: choice.cost,
        })
        .collect();
    assert!(offers.len() > MOST_OFFERS);
    assert!(matches!(
        Augmentation::of(&network, &offers, &Goal::default()),
        Err(Refused::TooMany { .. })
    ));
}

#[test]
fn a_million_candidates_of_a_topology_are_counted_and_refused_by_the_command() {
    // A quarter of a million is as far beyond what is compared, and four times as quick to write.
    let folder = folder(&[HUB, AGENCY]);
    for part in 0..2 {
        let lines: Vec<String> = (0..125_000)
            .map(|at| {
                format!("[[candidate]]\na=\"dc\"\nb=\"x\"\nkind=\"k{part}-{at}\"\ncost={at}\n")
            })
            .collect();
        let lines = lines.concat();
        fs::write(folder.path().join(format!("c{part}.toml")), lines).expect("a file");
    }
    let output = run(folder.path(), &["plan", "--budget", "10"]);
    assert_eq!(output.status.code(), Some(3));
    let said = text(&output.stderr);
    assert!(
        said.contains("There are 250000 links that could be built"),
        "{said}"
    );
    assert!(said.contains("--kind"), "{said}");
}
