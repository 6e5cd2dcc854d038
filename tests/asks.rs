//! What to ask next when elements cannot be told apart, and the command that says it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Output, Stdio};
use std::sync::Arc;

use serde_json::Value;
use spanwatch::analysis::asks::Ask;
use spanwatch::analysis::locate::{Facts, Locator};
use spanwatch::analysis::lossy::{Echoes, Manner, Paths};
use spanwatch::graph::Graph;
use spanwatch::model::network::Network;
use spanwatch::model::target::Method;
use spanwatch::model::{CredentialName, Element, NodeId};

use crate::sketch::{Sketch, link, node};

/// A row of routers, all of whom can be pinged; two of them can be polled.
fn row() -> Network {
    let mut sketch = Sketch::new(&["dc"])
        .links(&["dc-w", "w-x", "x-y", "y-z"])
        .agencies("w", &["s"]);
    for (place, node) in sketch.0.nodes.values_mut().enumerate() {
        node.address = Some(IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1 + place as u8)));
        node.probe = vec![Method::Ping];
        if matches!(node.id.as_str(), "w" | "x") {
            node.probe.push(Method::Snmp);
            node.snmp = Some(CredentialName::from("routers"));
        }
    }
    sketch.network()
}

fn told(asks: &[Ask]) -> Vec<(String, Option<String>, Vec<Element>)> {
    asks.iter()
        .map(|ask| {
            let target = format!("{}/{}", ask.target.node, ask.target.method);
            let port = ask.port.as_ref().map(ToString::to_string);
            (target, port, ask.separates.clone())
        })
        .collect()
}

#[test]
fn silence_of_a_row_asks_the_routers_between_and_then_a_port() {
    let network = Arc::new(row());
    let graph = Arc::new(Graph::new(&network));
    let locator = Locator::new(network.clone(), graph);
    let facts = Facts {
        silent: BTreeSet::from(["z".into()]),
        answering: BTreeSet::from(["w".into(), "s".into()]),
        ..Facts::default()
    };
    let found = locator.locate(&facts);
    let all = BTreeSet::from([
        link("w-x"),
        node("x"),
        link("x-y"),
        node("y"),
        link("y-z"),
        node("z"),
    ]);
    assert_eq!(found.causes.len(), 1, "{found:#?}");
    assert_eq!(
        found.causes[0]
            .elements
            .iter()
            .cloned()
            .collect::<BTreeSet<_>>(),
        all
    );
    let asks = locator.asks(&network, &facts, &found);
    let pinged: BTreeMap<NodeId, BTreeSet<Element>> = asks
        .iter()
        .filter(|ask| ask.port.is_none())
        .map(|ask| {
            (
                ask.target.node.clone(),
                ask.separates.iter().cloned().collect(),
            )
        })
        .collect();
    // Silent with x are what stands in front of it and itself; with y two more.
    let front = BTreeSet::from([link("w-x"), node("x")]);
    let middle = BTreeSet::from([link("w-x"), node("x"), link("x-y"), node("y")]);
    assert_eq!(
        pinged,
        BTreeMap::from([("x".into(), front), ("y".into(), middle)])
    );
    assert!(asks[..2].iter().all(|ask| ask.port.is_none()), "{asks:#?}");
    // Who has answered is not asked again, and what is parted not at all.
    let mut known = facts.clone();
    known.answering.extend(["x".into(), "y".into()]);
    let found = locator.locate(&known);
    assert_eq!(found.causes[0].elements, [link("y-z"), node("z")]);
    assert_eq!(locator.asks(&network, &known, &found), []);
}

#[test]
fn lossy_segment_asks_who_was_not_counted_and_then_the_ports() {
    let network = row();
    let graph = Graph::new(&network);
    let paths = Paths::new(&network, &graph);
    let echoes: BTreeMap<NodeId, Echoes> = [("w", 0), ("s", 0), ("y", 40), ("z", 38)]
        .into_iter()
        .map(|(id, lost)| (id.into(), Echoes { sent: 300, lost }))
        .collect();
    let found = paths.lossy(&graph, &echoes, &Manner::ONCE);
    assert_eq!(found.segments.len(), 1, "{found:#?}");
    assert_eq!(
        found.segments[0].elements,
        [link("w-x"), link("x-y"), node("x"), node("y")]
    );
    let asks = told(&paths.asks(&network, &graph, &echoes, &found));
    assert_eq!(
        asks[0],
        ("x/ping".into(), None, vec![link("w-x"), node("x")]),
        "{asks:#?}"
    );
    let ports: BTreeSet<Element> = asks[1..]
        .iter()
        .flat_map(|(_, _, parts)| parts.clone())
        .collect();
    assert_eq!(
        ports,
        BTreeSet::from([link("w-x"), link("x-y")]),
        "{asks:#?}"
    );
}

/// Runs `locate` on the reference network.
fn locate(arguments: &[&str], typed: &str) -> Output {
    let mut child = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args([
            "--topology",
            concat!(env!("CARGO_MANIFEST_DIR"), "/topology"),
        ])
        .args(["--lang", "en", "locate"])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program starts");
    // It may refuse before it reads.
    let _ = child
        .stdin
        .take()
        .expect("a pipe")
        .write_all(typed.as_bytes());
    child.wait_with_output().expect("the program ends")
}

fn document(arguments: &[&str], typed: &str) -> Value {
    let output = locate(&[arguments, &["--format", "json"]].concat(), typed);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], "spanwatch/locate/1");
    document
}

/// Refuses with code 3, and returns what was said.
fn refused(arguments: &[&str], typed: &str) -> String {
    let output = locate(arguments, typed);
    assert_eq!(output.status.code(), Some(3), "{arguments:?}");
    assert!(output.stdout.is_empty());
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn silences_that_are_typed_are_explained() {
    let found = document(
        &["--silent", "thuan-hoa-thcs,10.48.1.17", "--silent", "-"],
        "thuan-hoa-tieu-hoc # called\n",
    );
    assert_eq!(found["silent"], 2);
    let causes = found["causes"].as_array().expect("a list");
    assert_eq!(causes.len(), 1, "{found:#}");
    assert_eq!(
        causes[0]["explains"],
        serde_json::json!(["thuan-hoa-thcs", "thuan-hoa-tieu-hoc"])
    );
    let elements = causes[0]["elements"].as_array().expect("a list");
    assert!(
        elements
            .iter()
            .any(|element| element["id"] == "thuan-hoa-thcs"),
        "{found:#}"
    );
    assert_eq!(found["unexplained"], serde_json::json!([]));
}

#[test]
fn what_is_known_to_be_gone_explains_what_is_behind_it() {
    let found = document(
        &[
            "--silent",
            "thuan-hoa-thcs,thuan-hoa-tieu-hoc,phu-bai-ubnd",
            "--down",
            "node:thuan-hoa-thcs",
        ],
        "",
    );
    assert_eq!(
        found["explained_by_down"],
        serde_json::json!(["thuan-hoa-thcs", "thuan-hoa-tieu-hoc"])
    );
    assert_eq!(
        found["causes"].as_array().map(Vec::len),
        Some(1),
        "{found:#}"
    );
    assert_eq!(
        found["causes"][0]["explains"],
        serde_json::json!(["phu-bai-ubnd"])
    );
}

#[test]
fn counts_of_a_sheet_and_of_a_check_name_the_lossy_link() {
    let sheet = "target;sent;received\nthuan-hoa-thcs;300;270\nthuan-hoa-tieu-hoc;300;272\n10.48.1.11;300;300\n                 phu-bai-ubnd;300;0\n";
    let check = "{\"targets\": [{\"id\": \"thuan-hoa-thcs/ping\", \"sent\": 300, \"lost\": 30},                 {\"id\": \"thuan-hoa-thcs/snmp\", \"sent\": 0, \"lost\": 0},                 {\"id\": \"thuan-hoa-tieu-hoc/ping\", \"sent\": 300, \"lost\": 28},                 {\"id\": \"thuan-hoa-ubnd/ping\", \"sent\": 300, \"lost\": 0}]}";
    for typed in [sheet, check] {
        let found = document(&["--lossy", "-"], typed);
        let cause = &found["causes"][0];
        assert_eq!(
            cause["elements"][0]["id"], "thuan-hoa-thcs--pop",
            "{found:#}"
        );
        assert_eq!(cause["behind"]["lost"], 58);
        let trip = cause["loss"]["round_trip"].as_f64().expect("a number");
        let way = cause["loss"]["each_way"].as_f64().expect("a number");
        assert!(
            (trip - 0.0967).abs() < 1e-3 && (way - 0.0496).abs() < 1e-3,
            "{found:#}"
        );
        let is_sheet = typed == sheet;
        assert_eq!(
            found["silent"].as_array().map(Vec::len),
            Some(usize::from(is_sheet))
        );
    }
}

#[test]
fn what_makes_no_sense_is_refused_with_what_to_do() {
    assert!(refused(&[], "").contains("spanwatch locate --silent ID,ID"));
    assert!(refused(&["--silent", "thuan-hoa-thc"], "").contains("Did you mean `thuan-hoa-thcs`?"));
    assert!(refused(&["--silent", "dc"], "").contains("never silent to itself"));
    assert!(
        refused(
            &[
                "--silent",
                "thuan-hoa-thcs",
                "--answering",
                "thuan-hoa-thcs"
            ],
            ""
        )
        .contains("both")
    );
    assert!(refused(&["--silent", "thuan-hoa-thcs", "--down", "node:dc"], "").contains("monitor"));
    assert!(refused(&["--ports-down", "thuan-hoa-ubnd:core-1--core-2"], "").contains("core-1"));
    assert!(
        refused(&["--lossy", "-"], "target,sent,lost\nthuan-hoa-thcs,3,30\n").contains("line 2")
    );
    assert!(refused(&["--lossy", "-"], "target,sent,lost\nx\u{1b}[2J,3,0\n").contains("line 2"));
    assert!(!refused(&["--silent", "x\u{1b}[2J"], "").contains('\u{1b}'));
    assert!(refused(&["--lossy", "-"], "{\"targets\": [{\"sent\": 1}]}").contains("no id"));
    assert!(refused(&["--lossy", "-"], "").contains("target, sent and lost"));
}
