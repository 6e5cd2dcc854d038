//! The lab: its scenarios, its control lines, its ground truth, and the network on a real wire.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use spanwatch::lab::action::{Action, Behaviour, Loss, Request, listed};
use spanwatch::lab::fabric::Fabric;
use spanwatch::lab::record::Record;
use spanwatch::lab::scenario::{CODES, Scenario};
use spanwatch::model::Element;
use spanwatch::model::fault::{Fault, Source};

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source {
        name: "scenario.toml".to_owned(),
        text: text.to_owned(),
    })
}

fn faults(text: &str) -> Vec<Fault> {
    Scenario::parse(&source(text), &crate::fabric::small()).expect_err("a refused scenario")
}

fn element(text: &str) -> Element {
    text.parse().expect("an element")
}

#[test]
fn a_scenario_says_what_happens_in_order_of_time() {
    let text = r#"
seed = 7
convergence = "200ms"
[[at]]
t = "35s"
loss = { element = "link:hub--core-1", percent = 4, burst = 3, toward = "hub" }
[[at]]
t = "1m 20s"
restore = ["all"]
[[at]]
t = "20s"
cut = ["link:core-1--cloud"]
down = ["node:pop-a", "risk:duct"]
agent = { node = "pop-b", behaviour = "slow 3s" }
"#;
    let scenario = Scenario::parse(&source(text), &crate::fabric::small()).expect("a scenario");
    assert_eq!(scenario.seed, Some(7));
    assert_eq!(scenario.convergence, Duration::from_millis(200));
    let said: Vec<(u64, String)> = scenario
        .events
        .iter()
        .map(|event| (event.at.as_secs(), event.action.to_string()))
        .collect();
    let expected = [
        (20, "cut link:core-1--cloud"),
        (20, "cut node:pop-a risk:duct"),
        (20, "agent node:pop-b slow 3000ms"),
        (35, "loss link:hub--core-1 4 3 node:hub"),
        (80, "restore all"),
    ];
    assert_eq!(said, expected.map(|(at, words)| (at, words.to_owned())));
}

#[test]
fn every_mistake_in_a_scenario_is_named_at_its_line() {
    let text = r#"[[at]]
t = "soon"
cut = ["link:core-1--clout", "core-1"]
[[at]]
t = "5s"
[[at]]
t = "6s"
loss = { element = "link:hub--core-1", percent = 400, burst = 0.5, toward = "pop-a" }
agent = { node = "pop-b", behaviour = "sulks" }
"#;
    let found: Vec<(&str, usize)> = faults(text)
        .iter()
        .map(|fault| {
            (
                fault.code,
                fault.place.as_ref().map_or(0, |place| place.line()),
            )
        })
        .collect();
    assert_eq!(
        found,
        [
            ("S0302", 2),
            ("S0303", 3),
            ("S0303", 3),
            ("S0306", 4),
            ("S0304", 8),
            ("S0304", 8),
            ("S0305", 8),
            ("S0305", 9),
        ]
    );
    let help = faults(text)[1].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `link:core-1--cloud`?"));
    for (code, _) in found {
        assert!(CODES.iter().any(|(known, _)| *known == code), "{code}");
    }
}

#[test]
fn what_is_no_scenario_at_all_is_one_fault_and_never_a_panic() {
    for (text, line) in [
        ("[[at]\nt = 1", 1),
        ("[[at]]\nt = 20\n", 2),
        ("[[at]]\nt = \"20s\"\nbreak = [\"link:a\"]\n", 3),
        ("at = 3", 1),
        ("seed = -1", 1),
        ("\u{0}\u{1}\u{2}", 1),
    ] {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert_eq!(found[0].code, "S0301");
        let place = found[0].place.as_ref().expect("a place");
        assert_eq!(place.line(), line, "{text:?}: {}", found[0].message);
        assert!(found[0].message.ends_with('.'));
    }
}

#[test]
fn a_line_that_is_printed_is_a_line_that_can_be_typed() {
    let network = crate::fabric::small();
    for line in [
        "cut link:core-1--cloud node:pop-a",
        "restore risk:duct",
        "restore all",
        "loss link:hub--core-1 4.5",
        "loss link:hub--core-1 4.5 3",
        "loss link:hub--core-1 30 1 node:core-1",
        "agent node:pop-b killed",
        "agent node:pop-b slow 2500ms",
        "agent node:pop-b no-ping",
    ] {
        let Ok(Request::Act(action)) = Request::parse(line, &network) else {
            panic!("`{line}` is not understood");
        };
        assert_eq!(action.to_string(), line);
    }
    assert_eq!(Request::parse("  list ", &network), Ok(Request::List));
}

#[test]
fn a_line_that_is_wrong_says_what_would_be_right() {
    let network = crate::fabric::small();
    for (line, words) in [
        ("", "understands `cut ELEMENT...`"),
        ("explode", "understands `cut ELEMENT...`"),
        ("cut", "`cut` needs at least one element"),
        ("cut link:core-1--clout", "did you mean link:core-1--cloud."),
        ("cut pop-a", "write `node:ID`"),
        ("loss link:core-1--cloud 101", "percentage from 0 to 100"),
        ("loss link:core-1--cloud NaN", "percentage from 0 to 100"),
        ("loss link:core-1--cloud 4 0", "at least 1"),
        ("loss link:core-1--cloud 4 1 hub", "not an end of that link"),
        ("agent pop-a sulks", "not a way to behave"),
        ("agent nobody-like-that killed", "there is no node"),
    ] {
        let error = Request::parse(line, &network).expect_err("a refused line");
        let said = error.to_string();
        assert!(said.contains(words), "`{line}`: {said}");
        assert!(!said.contains('\n'), "`{line}`: {said}");
    }
}

#[test]
fn the_list_names_what_is_broken_once_each() {
    let answer = "ok cut link:a, cut node:b, loss link:a 4 3, agent node:c killed";
    assert_eq!(
        listed(answer),
        [element("link:a"), element("node:b"), element("node:c")]
    );
    assert_eq!(listed("ok"), []);
    assert_eq!(listed("error there is no link:x."), []);
}

#[test]
fn the_record_holds_each_fault_from_its_beginning_to_its_end() {
    let mut fabric = Fabric::new(crate::fabric::small(), 1);
    let mut record = Record::new(Timestamp::UNIX_EPOCH);
    let mut lines = Vec::new();
    let link = element("link:core-1--cloud");
    let story = [
        (1, Action::Cut(vec![link.clone()])),
        (
            2,
            Action::Loss {
                element: link.clone(),
                loss: Loss::of(0.25),
            },
        ),
        (
            3,
            Action::Agent {
                node: "pop-a".into(),
                behaviour: Behaviour::Reboot,
            },
        ),
        (4, Action::Restore(vec![link])),
        (5, Action::Cut(vec![element("risk:duct")])),
    ];
    for (second, action) in story {
        let at = Duration::from_secs(second);
        fabric.act(&action, at);
        lines.extend(record.update(&action, &fabric.faults(), at));
    }
    lines.extend(record.rest());
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            format!(
                "{}:{} {} {} {}",
                value["element"]["kind"].as_str().expect("a kind"),
                value["element"]["id"].as_str().expect("an id"),
                value["fault"].as_str().expect("a fault"),
                value["from_seconds"],
                value["to_seconds"],
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "node:pop-a agent reboot 3.0 3.0",
            "link:core-1--cloud cut 1.0 4.0",
            "link:core-1--cloud loss 25 2.0 4.0",
            "risk:duct cut 5.0 null",
        ]
    );
    assert!(lines[1].contains("\"from\":\"1970-01-01T00:00:01Z\""));
}
