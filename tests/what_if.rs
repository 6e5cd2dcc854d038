//! What-if and views: brute force, laws, the known case of the reference network, and what was typed wrongly.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use jiff::Timestamp;
use serde_json::Value;
use spanwatch::analysis::Weakness;
use spanwatch::analysis::hours::{Limits, Method, YEAR};
use spanwatch::analysis::what_if::{Comparison, NewLink, Outcome, Question, with_links};
use spanwatch::app::memory::Memory;
use spanwatch::app::view::{Knowledge, Sight, View};
use spanwatch::graph::Graph;
use spanwatch::inventory;
use spanwatch::model::network::{Inconsistent, Maintenance, Network};
use spanwatch::model::{AgencyId, Element, NodeId};
use spanwatch::report::profile;
use spanwatch::report::subject::Subject;
use spanwatch::report::view;
use spanwatch::report::what_if::{self, Answer};
use spanwatch::report::words::{Language, Words};

use crate::sketch::{self, Dice, Sketch, agencies_not_at, awkward, link, reached, reference, risk};

/// Draws an awkward network with services at some of its nodes.
fn served(seed: u64) -> Network {
    sketch::served(awkward(seed), seed).network()
}

fn drawn(network: &Network, dice: &mut Dice, most: usize) -> Vec<Element> {
    let all: Vec<Element> = network.elements().collect();
    (0..dice.roll(most + 1))
        .map(|_| all[dice.roll(all.len())].clone())
        .collect()
}

fn new_link(a: &str, b: &str, kind: &str) -> NewLink {
    NewLink {
        a: a.into(),
        b: b.into(),
        kind: kind.into(),
    }
}

fn built(network: &Network, dice: &mut Dice) -> NewLink {
    let nodes: Vec<&NodeId> = network.nodes.keys().collect();
    let a = dice.roll(nodes.len());
    let b = (a + 1 + dice.roll(nodes.len() - 1)) % nodes.len();
    new_link(nodes[a].as_str(), nodes[b].as_str(), "fibre")
}

/// Draws that cost little; whoever compares hours looks whether there were any.
const FEW: Limits = Limits {
    states: 400_000,
    draws: 500,
    seed: 1,
};

fn outcome(network: &Network, removed: &[Element]) -> Outcome {
    Outcome::of(network, &Graph::new(network), removed, FEW)
}

fn compared(network: &Network, question: &Question) -> Comparison {
    Comparison::of(network, question, FEW).expect("what is built can stand")
}

fn fails(failed: &[Element]) -> Question {
    Question {
        failed: failed.to_vec(),
        ..Question::default()
    }
}

#[test]
fn cut_off_and_services_agree_with_brute_force() {
    let mut services = 0;
    for seed in 0..2_000 {
        let network = served(seed);
        let mut dice = Dice::new(seed + 77);
        let question = Question {
            removed: drawn(&network, &mut dice, 1),
            failed: drawn(&network, &mut dice, 2),
            added: (0..dice.roll(2))
                .map(|_| built(&network, &mut dice))
                .collect(),
        };
        let found = compared(&network, &question);
        let (extended, _) = with_links(&network, &question.added).expect("it can stand");
        let all = [question.removed.clone(), question.failed.clone()].concat();
        for (outcome, network, removed) in [
            (&found.now, &network, &question.removed),
            (&found.then, &extended, &all),
        ] {
            let lost = agencies_not_at(network, &reached(network, &network.hubs, removed));
            assert_eq!(outcome.cut_off, lost, "seed {seed}");
            for service in network.services.values() {
                let root = std::slice::from_ref(&service.node);
                let lost = agencies_not_at(network, &reached(network, root, removed));
                let said = outcome.services_lost.get(&service.id);
                assert_eq!(said.cloned().unwrap_or_default(), lost, "seed {seed}");
                services += lost.len();
            }
            assert_eq!(one_path(network, removed), outcome.one_path, "seed {seed}");
        }
    }
    assert!(services > 1_000, "{services}");
}

/// Finds by deletion who is connected and has a node or link, not its own node and no hub, without which it is not.
fn one_path(network: &Network, removed: &[Element]) -> BTreeSet<AgencyId> {
    let lost = |more: Option<&Element>| {
        let all: Vec<Element> = removed.iter().chain(more).cloned().collect();
        agencies_not_at(network, &reached(network, &network.hubs, &all))
    };
    let before = lost(None);
    let mut found = BTreeSet::new();
    for element in network.elements() {
        let is_hub = matches!(&element, Element::Node(id) if network.hubs.contains(id));
        if is_hub || matches!(element, Element::Risk(_)) {
            continue;
        }
        for agency in lost(Some(&element)).difference(&before) {
            if element != Element::Node(network.agencies[agency].node.clone()) {
                found.insert(agency.clone());
            }
        }
    }
    found
}

#[test]
fn failing_never_helps_and_building_never_hurts() {
    let less = |one: f64, other: f64| one <= other + 1e-6 * other.abs().max(1.0);
    let mut gains = 0;
    for seed in 0..600 {
        let network = served(seed);
        let mut dice = Dice::new(seed + 4_000);
        let question = Question {
            removed: drawn(&network, &mut dice, 1),
            failed: drawn(&network, &mut dice, 2),
            added: vec![built(&network, &mut dice)],
        };
        let without = compared(&network, &fails(&question.failed));
        assert!(without.now.cut_off.is_subset(&without.then.cut_off));
        assert!(
            without.then.error().is_some()
                || less(without.now.hours.weighted, without.then.hours.weighted),
            "seed {seed}"
        );
        let with = compared(&network, &question);
        let gain = with.gains.as_ref().expect("something is built");
        assert!(
            gain.error.is_some() || gain.hours.weighted > -1e-6 && gain.hours.agency > -1e-6,
            "seed {seed}: {gain:?}"
        );
        gains += gain.connected.len() + gain.second_path.len();
        // Nobody is hit and helped at once.
        assert!(gain.connected.is_disjoint(&with.then.cut_off));
        for id in &gain.second_path {
            let standing = &with.then.standings[id];
            assert!(
                !standing.one_path || standing.disjoint_links > 1,
                "seed {seed}"
            );
        }
        assert!(with.newly_one_path.is_disjoint(&with.now.cut_off));
        assert!(with.newly_cut_off.is_disjoint(&with.now.cut_off));
    }
    assert!(gains > 100, "{gains}");
}

#[test]
fn order_and_repeats_do_not_matter() {
    for seed in 0..300 {
        let network = served(seed);
        let mut dice = Dice::new(seed + 9_000);
        let mut failed = drawn(&network, &mut dice, 3);
        let found = compared(&network, &fails(&failed));
        failed.reverse();
        failed.extend(failed.clone());
        let again = compared(&network, &fails(&failed));
        assert_eq!(found.then.cut_off, again.then.cut_off);
        assert_eq!(found.then.one_path, again.then.one_path);
        assert_eq!(found.then.services_lost, again.then.services_lost);
        // What has failed already is now, and changes nothing.
        let already = compared(
            &network,
            &Question {
                removed: failed.clone(),
                failed,
                ..Question::default()
            },
        );
        assert_eq!(already.now, already.then, "seed {seed}");
    }
}

#[test]
fn failing_everything_cuts_off_everybody_all_year() {
    for seed in 0..100 {
        let network = served(seed);
        let all: Vec<Element> = network.elements().collect();
        let found = compared(&network, &fails(&all)).then;
        assert_eq!(found.cut_off.len(), network.agencies.len());
        assert!(found.one_path.is_empty());
        let year = 8_760.0 * network.agencies.len() as f64;
        assert!((found.hours.agency - year).abs() < 1e-3, "seed {seed}");
        assert_eq!(found.services_lost.len(), network.services.len());
    }
}

#[test]
fn second_hub_does_not_bring_back_what_runs_at_the_first() {
    let network = Sketch::new(&["dc", "spare"])
        .links(&["dc-pop", "spare-pop"])
        .agencies("pop", &["school"])
        .service("mail", "dc")
        .network();
    let found = compared(&network, &fails(&[link("dc-pop")])).then;
    assert!(found.cut_off.is_empty());
    assert_eq!(found.services_lost["mail"], ["school".into()].into());
    assert!((found.services["mail"].hours.agency - YEAR).abs() < 1e-9);
    assert!(found.hours.agency < 0.1 * YEAR);
}

#[test]
fn two_links_to_the_hub_are_not_one_path() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-pop#1", "dc-pop#2"])
        .agency("hall", "pop", 3)
        .network();
    assert!(outcome(&network, &[]).one_path.is_empty());
    let found = compared(&network, &fails(&[link("dc-pop#1")]));
    assert_eq!(found.newly_one_path, ["hall".into()].into());
    assert_eq!(
        found.hangs_on(&network, &"hall".into()),
        [link("dc-pop#2")],
        "the hub and its own node are not news"
    );
}

#[test]
fn a_built_link_fails_like_any_other_and_has_an_id_of_its_own() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-a", "dc-b"])
        .agencies("a", &["school"])
        .link("a--b", "a", "b")
        .network();
    let second = new_link("a", "b", "radio");
    let (extended, added) = with_links(&network, &[second.clone(), second]).expect("it can stand");
    let ids: Vec<&str> = added.iter().map(|link| link.id.as_str()).collect();
    assert_eq!(ids, ["a--b.2", "a--b.3"]);
    assert_eq!(added[0].metric, 50);
    let gone = [link("dc-a"), link("a--b")];
    assert!(outcome(&extended, &gone).cut_off.is_empty());
    let all = [gone.as_slice(), &[link("a--b.2"), link("a--b.3")]].concat();
    assert_eq!(outcome(&extended, &all).cut_off, ["school".into()].into());
    // A loop and an end that does not exist are refused by name.
    assert!(matches!(
        with_links(&network, &[new_link("a", "a", "fibre")]),
        Err(Inconsistent::Loop(_))
    ));
    let error = with_links(&network, &[new_link("a", "nowhere", "fibre")]).expect_err("no node");
    assert!(error.to_string().contains("`nowhere`"), "{error}");
}

#[test]
fn a_built_link_is_as_links_of_its_kind_are_declared() {
    let network = reference();
    let (_, added) =
        with_links(&network, &[new_link("pop-nam-dong", "pop-a-luoi-1", "4g")]).expect("stands");
    let declared = network.kinds["4g"];
    assert!(
        declared.rates.mtbf.is_some(),
        "the reference network says how often 4G fails"
    );
    assert_eq!(added[0].rates, declared.rates);
}

#[test]
fn one_duct_of_the_reference_network_takes_79_agencies() {
    let network = reference();
    let found = compared(&network, &fails(&[risk("duct-ql1a-south")]));
    assert_eq!(found.newly_cut_off.len(), 79);
    let weight: u32 = found
        .newly_cut_off
        .iter()
        .map(|id| network.agencies[id].weight)
        .sum();
    assert_eq!(weight, 202);
    assert!((found.now.hours.weighted - 14_378.144_7).abs() < 1e-3);
    assert!(matches!(found.now.method, Method::Exact { .. }));
    for service in network.services.keys() {
        assert_eq!(found.then.services_lost[service], found.newly_cut_off);
    }
    // The same standing as `weak` has it.
    let weakness = Weakness::of(&network, &Graph::new(&network), &[risk("duct-ql1a-south")]);
    assert_eq!(found.then.standings, weakness.agencies);
    // A link from the far end of the ring to a place outside the duct brings most of them back.
    let added = new_link("pop-nam-dong", "pop-a-luoi-1", "fibre");
    let with = compared(
        &network,
        &Question {
            failed: vec![risk("duct-ql1a-south")],
            added: vec![added],
            ..Question::default()
        },
    );
    let gains = with.gains.as_ref().expect("a link is built");
    assert!(!gains.connected.is_empty() && gains.hours.weighted > 0.0);
    assert_eq!(
        gains.connected.len() + with.then.cut_off.len(),
        found.then.cut_off.len()
    );
}

#[test]
fn what_is_sampled_carries_its_interval() {
    let network = reference();
    let limits = Limits {
        states: 0,
        draws: 2_000,
        seed: 1,
    };
    let question = Question {
        added: vec![built(&network, &mut Dice::new(1))],
        ..Question::default()
    };
    let found = Comparison::of(&network, &question, limits).expect("it can stand");
    assert!(found.now.error().is_some());
    assert!(
        found
            .gains
            .as_ref()
            .is_some_and(|gains| gains.error.is_some())
    );
    let sight = View::Designed.see(&network, None, at(0));
    let answer = Answer {
        network: &network,
        sight: &sight,
        failed: &[],
        comparison: &found,
    };
    let text = what_if::text(answer, 20, at(0), &Words::of(Language::En));
    assert!(text.contains("ESTIMATED") && text.contains(" ± "), "{text}");
    let json: Value = serde_json::from_str(&what_if::document::json(answer)).expect("JSON");
    assert_eq!(json["now"]["method"], "sampled");
    assert!(json["now"]["interval"][1].is_number());
}

// Views.

fn at(minute: i64) -> Timestamp {
    let noon: Timestamp = "2026-11-24T05:00:00Z".parse().expect("a moment");
    noon + jiff::SignedDuration::from_mins(minute)
}

/// Writes a state of `check` as it is on disk, and reads it.
fn memory(state: &str) -> Memory {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("check.json");
    fs::write(&path, state).expect("a file");
    Memory::read(&path).expect("a state")
}

fn state(times: &str) -> String {
    format!(
        r#"{{"schema": "spanwatch/check-state/1", "last": 7, "open": [
        {{"id": 3, "kind": "outage", "causes": ["link:dc-a", "node:a"], "nodes": ["a"], "cut_off": 1,
          "since": "2026-11-24T04:50:00Z"}},
        {{"id": 4, "kind": "redundancy", "causes": ["link:gone"], "nodes": [], "cut_off": 0,
          "since": "2026-11-24T04:50:00Z"}},
        {{"id": 5, "kind": "loss", "causes": ["link:a-b"], "nodes": [], "cut_off": 0,
          "since": "2026-11-24T04:50:00Z"}}],
        "said": null, "verdict": "critical"{times}}}"#
    )
}

fn maintained() -> Network {
    let mut sketch = Sketch::new(&["dc"])
        .links(&["dc-a", "dc-b", "a-b"])
        .agencies("a", &["school"]);
    sketch.0.maintenances = vec![Maintenance {
        id: "CR-1".into(),
        elements: vec![link("dc-b"), link("dc-a")],
        from: at(-10),
        to: at(30),
        reason: String::new(),
        ticket: None,
    }];
    sketch.network()
}

fn said(network: &Network, sight: &Sight, now: Timestamp) -> String {
    view::text(network, sight, now, &Words::of(Language::En))
}

#[test]
fn today_is_without_what_is_down_and_what_is_worked_on() {
    let network = maintained();
    let known = memory(&state(
        r#", "at": "2026-11-24T04:58:00Z", "before": "2026-11-24T04:53:00Z""#,
    ));
    let sight = View::Today.see(&network, Some(&known), at(0));
    assert_eq!(sight.knowledge, Knowledge::Of(at(-2)));
    // Lost echoes take nothing away; of several causes the first is taken, and the others are told.
    assert_eq!(sight.elements(), [link("dc-a"), link("dc-b")]);
    let both = &sight.removed[0];
    assert!(both.maintenance.is_some() && both.down.is_some_and(|down| down.others == 1));
    assert!(sight.removed[1].down.is_none());
    let text = said(&network, &sight, at(0));
    for part in [
        "(2 m ago)",
        "I-0003",
        "or one of 1 others",
        "in maintenance CR-1",
        "I-0004 blames link:gone",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    // The window has closed.
    let later = View::Today.see(&network, Some(&known), at(31));
    assert_eq!(later.elements(), []);
    assert_eq!(later.knowledge, Knowledge::Old(Some(at(-2))));
    assert_eq!(
        View::Designed.see(&network, Some(&known), at(0)).elements(),
        []
    );
}

#[test]
fn what_is_not_known_is_said_and_not_guessed() {
    let network = maintained();
    let only_maintenance = [link("dc-a"), link("dc-b")];
    let see = |times: &str, minute| {
        let known = memory(&state(times));
        let sight = View::Today.see(&network, Some(&known), at(minute));
        assert!(sight.removed.iter().all(|each| each.down.is_none()));
        let text = said(&network, &sight, at(minute));
        assert!(text.contains("only open maintenance"), "{text}");
        sight
    };
    // A file of an earlier version.
    let undated = see("", 0);
    assert_eq!(undated.knowledge, Knowledge::Old(None));
    assert_eq!(undated.elements(), only_maintenance);
    // Three rounds of five minutes, or of what the last two runs show.
    let old = see(r#", "at": "2026-11-24T04:44:00Z""#, 0);
    assert_eq!(old.knowledge, Knowledge::Old(Some(at(-16))));
    let slow = memory(&state(
        r#", "at": "2026-11-24T04:44:00Z", "before": "2026-11-24T04:14:00Z""#,
    ));
    let slow = View::Today.see(&network, Some(&slow), at(0));
    assert_eq!(slow.knowledge, Knowledge::Of(at(-16)));
    // The monitor was cut off itself.
    let isolated = state(r#", "at": "2026-11-24T04:58:00Z""#).replace("\"loss\"", "\"monitor\"");
    let isolated = View::Today.see(&network, Some(&memory(&isolated)), at(0));
    assert_eq!(isolated.knowledge, Knowledge::CutOff(at(-2)));
    assert_eq!(isolated.elements(), only_maintenance);
    // Nobody has ever checked.
    let never = View::Today.see(&network, None, at(0));
    assert_eq!(never.knowledge, Knowledge::Never);
    assert!(said(&network, &never, at(0)).contains("No check has left its state"));
}

#[test]
fn usual_view_is_today_where_anything_is_known_of_it() {
    let network = maintained();
    assert_eq!(View::usual(&network, None, at(0)).view, View::Today);
    assert_eq!(View::usual(&network, None, at(40)).view, View::Designed);
    let known = memory(&state(""));
    assert_eq!(
        View::usual(&network, Some(&known), at(40)).view,
        View::Today
    );
    let window = View::Maintenance("CR-1".into()).see(&network, None, at(900));
    assert_eq!(window.elements(), [link("dc-a"), link("dc-b")]);
    assert_eq!(window.view.word(), "CR-1");
}

// The faces.

fn valley() -> Network {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/valley.toml");
    inventory::load(&path).expect("the valley").network
}

fn golden(name: &str, text: &str) {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden/report"));
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| insta::assert_snapshot!(name, text));
}

#[test]
fn comparison_reads_the_same_as_ever() {
    let network = valley();
    let question = Question {
        removed: vec![link("core--pop-2")],
        failed: vec![link("core--pop-1"), risk("duct")],
        added: vec![new_link("pop", "dc", "radio")],
    };
    let found = compared(&network, &question);
    let state = r#"{"schema": "spanwatch/check-state/1", "last": 1, "open": [
        {"id": 1, "kind": "redundancy", "causes": ["link:core--pop-2"], "nodes": [], "cut_off": 0,
         "since": "2026-11-24T04:50:00Z"}], "said": null, "verdict": "warning",
         "at": "2026-11-24T04:58:00Z", "before": null}"#;
    let sight = View::Today.see(&network, Some(&memory(state)), at(0));
    assert_eq!(sight.elements(), question.removed);
    let answer = Answer {
        network: &network,
        sight: &sight,
        failed: &question.failed,
        comparison: &found,
    };
    golden("what-if-json", &what_if::document::json(answer));
    for (name, language) in [("what-if", Language::En), ("what-if-vi", Language::Vi)] {
        golden(
            name,
            &what_if::text(answer, 20, at(0), &Words::of(language)),
        );
    }
}

fn run(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .arg("what-if")
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .stdin(Stdio::null())
        .output()
        .expect("the binary runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn what_was_typed_wrongly_is_named_with_what_was_meant() {
    for (arguments, hint) in [
        (&[][..], "--maintenance ID"),
        (&["--fail", "pop-kim-lonk"], "`pop-kim-long`"),
        (&["--fail", "link:pop-kim-long"], "There is a node"),
        (&["--fail", "risk:duct-ql1a-soth"], "`risk:duct-ql1a-south`"),
        (&["--fail", "nod:x"], "node:ID"),
        (&["--fail", "hue-s"], "cannot fail"),
        (&["--fail", "\u{1b}[31mred"], "spanwatch list nodes"),
        (&["--add", "dc"], "two dashes"),
        (&["--add", "dc--dc"], "leads nowhere"),
        (&["--add", "dc--pop-kim-lonk"], "`pop-kim-long`"),
        (&["--add", "pop-kim-long--dc:fiber"], "`fibre`"),
        (&["--add", "pop-kim-long--dc:"], "Kinds are"),
        (&["--maintenance", "CR-1"], "declares none"),
        (&["--fail", "dc", "--view", "tomorrow"], "no maintenance"),
        (&["--fail-file", "/nowhere/at/all"], "Cannot read"),
    ] {
        let output = run(arguments);
        assert_eq!(output.status.code(), Some(3), "{arguments:?}");
        assert_eq!(text(&output.stdout), "", "{arguments:?}");
        let said = text(&output.stderr);
        assert!(said.contains(hint), "{arguments:?}: {said}");
        assert!(!said.contains('\u{1b}'), "{said:?}");
    }
}

#[test]
fn document_gate_and_lists_of_ids_keep_their_contract() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("down.txt");
    fs::write(
        &list,
        "# tonight\nduct-ql1a-south\n\nrisk:duct-ql1a-south # twice\n",
    )
    .expect("a file");
    let list = list.to_str().expect("UTF-8");
    let by_file = run(&["--fail-file", list, "--format", "json"]);
    let typed = run(&[
        "--fail",
        "duct-ql1a-south",
        "risk:duct-ql1a-south",
        "--format",
        "json",
    ]);
    assert_eq!(by_file.status.code(), Some(0), "{}", text(&by_file.stderr));
    assert_eq!(text(&by_file.stdout), text(&typed.stdout));
    let json: Value = serde_json::from_slice(&typed.stdout).expect("JSON");
    assert_eq!(json["schema"], "spanwatch/what-if/1");
    assert_eq!(json["view"], "designed");
    assert_eq!(
        json["failed"],
        serde_json::json!([{"kind": "risk", "id": "duct-ql1a-south"}])
    );
    for side in ["now", "then"] {
        assert!(json[side]["hours"]["agency"].is_number());
        assert!(json[side]["hours"]["weighted"].is_number());
        assert!(json[side]["one_path"].is_array());
    }
    assert_eq!(json["now"]["cut_off"].as_array().map(Vec::len), Some(0));
    assert_eq!(json["then"]["cut_off"].as_array().map(Vec::len), Some(79));
    let service = &json["then"]["services_lost"][0];
    assert!(service["service"].is_string());
    assert_eq!(service["agencies"], 79);

    let held = run(&["--fail", "duct-ql1a-south", "--max-cut-off", "79"]);
    assert_eq!(held.status.code(), Some(0));
    let broken = run(&["--fail", "duct-ql1a-south", "--max-cut-off", "78"]);
    assert_eq!(broken.status.code(), Some(2));
    assert!(text(&broken.stderr).contains("79 agencies"));
    // An agency stands for the node that it sits at.
    let agency = run(&["--fail", "agency:phu-loc-ubnd", "--format", "json"]);
    let json: Value = serde_json::from_slice(&agency.stdout).expect("JSON");
    assert_eq!(json["failed"][0]["kind"], "node");
    let everything = run(&["--fail", "dc", "--format", "json"]);
    let json: Value = serde_json::from_slice(&everything.stdout).expect("JSON");
    assert_eq!(json["then"]["cut_off"].as_array().map(Vec::len), Some(483));
}

#[test]
fn a_declared_maintenance_is_asked_by_its_id_and_shows_whom_it_hits() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/valley.toml");
    let text = fs::read_to_string(path).expect("the valley");
    let folder = tempfile::tempdir().expect("a folder");
    let more = "\n[[maintenance]]\nid = \"pop-works\"\nelements = [\"node:pop\"]\n\
                from = 2026-12-03T22:00:00+07:00\nto = 2026-12-04T02:00:00+07:00\nreason = \"x\"\n";
    fs::write(folder.path().join("v.toml"), text + more).expect("a file");
    let topology = folder.path().to_str().expect("UTF-8");
    let document = |arguments: &[&str]| -> Value {
        let mut all = arguments.to_vec();
        all.extend(["--topology", topology, "--format", "json"]);
        let output = run(&all);
        assert_eq!(output.status.code(), Some(0), "{arguments:?}");
        serde_json::from_slice(&output.stdout).expect("JSON")
    };
    let works = document(&["--maintenance", "pop-works"]);
    assert_eq!(
        works["failed"],
        serde_json::json!([{"kind": "node", "id": "pop"}])
    );
    assert_eq!(
        works["newly_cut_off"],
        serde_json::json!(["police", "school"])
    );
    // One of two lines is worked on: with the other gone too, everybody is cut off.
    let both = document(&["--view", "CR-2231", "--fail", "dc--core-2"]);
    assert_eq!(both["view"], "CR-2231");
    assert_eq!(both["removed"][0]["maintenance"], "CR-2231");
    assert_eq!(both["now"]["cut_off"].as_array().map(Vec::len), Some(0));
    assert_eq!(both["then"]["cut_off"].as_array().map(Vec::len), Some(4));
    let slip = run(&["--maintenance", "pop-work", "--topology", topology]);
    assert_eq!(slip.status.code(), Some(3));
    assert!(String::from_utf8_lossy(&slip.stderr).contains("`pop-works`"));

    let network = inventory::load(folder.path()).expect("sound").network;
    let weakness = Weakness::of(&network, &Graph::new(&network), &[]);
    let show = |id: &str| {
        let subject = Subject::Maintenance(id.into());
        profile::text(&network, &weakness, &subject, &Words::of(Language::En))
    };
    let works = show("pop-works");
    assert!(
        works.contains("cut off: 2") && works.contains("police"),
        "{works}"
    );
    assert!(
        works.contains("one path: 1") && works.contains("ubnd"),
        "{works}"
    );
    let line = show("CR-2231");
    // Everybody passes the core anyway; who had two ways to it has one.
    assert!(
        line.contains("one path: 1") && line.contains("ubnd"),
        "{line}"
    );
}
