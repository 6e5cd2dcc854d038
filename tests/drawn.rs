//! Elements of the reference network, drawn by a seed, cut on the wire one after the other in one lab.
//!
//! The same is said of all 1,337 in virtual time (`monitor.rs`); here real sockets ask real kernels, and the
//! binary says what it found. A check lasts as long as its inquiry, so twelve are tried, and all sixty with
//! `SPANWATCH_LONG=1`.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use spanwatch::app::reference::Reference;
use spanwatch::app::rehearse::truth::Sight;
use spanwatch::graph::mix;
use spanwatch::model::{AgencyId, Element};

use crate::stage;

const SEED: u64 = 2026;
const DRAWN: usize = 60;
const USUAL: usize = 12;

/// Draws elements without repetition, and without the monitor's own place.
fn drawn(reference: &Reference) -> Vec<Element> {
    let monitor = Element::Node(reference.network.monitor.clone());
    let mut elements: Vec<Element> = reference
        .network
        .elements()
        .filter(|element| *element != monitor)
        .collect();
    let mut drawn = Vec::new();
    for number in 0..DRAWN as u64 {
        let at = mix(SEED + number) as usize % elements.len();
        drawn.push(elements.swap_remove(at));
    }
    drawn
}

fn agencies(value: &Value) -> BTreeSet<AgencyId> {
    let list = value.as_array().expect("a list");
    list.iter()
        .map(|id| AgencyId::from(id.as_str().expect("an id")))
        .collect()
}

/// Says what is wrong with a document after a cut.
fn judge(reference: &Reference, element: &Element, code: &str, document: &Value) -> Vec<String> {
    let sight = Sight::new(reference);
    let cut_off = sight.cut_off([element]);
    let is_visible = !sight.seen([element]).is_nothing();
    let incidents = document["incidents"].as_array().expect("a list");
    let mut faults = Vec::new();
    let mut say = |text: String| faults.push(format!("{element}: {text}"));
    match (is_visible, incidents.as_slice()) {
        (false, []) => {}
        (true, [incident]) => {
            let causes = incident["causes"].as_array().expect("a list");
            let is_named = causes
                .iter()
                .any(|cause| cause["kind"] == element.kind() && cause["id"] == element.id());
            if !is_named {
                say(format!("blamed on {}", incident["causes"]));
            }
            if agencies(&incident["cut_off"]) != cut_off {
                say(format!(
                    "cuts off {:?}, said {}",
                    cut_off, incident["cut_off"]
                ));
            }
            let (kind, exit) = if cut_off.is_empty() {
                ("redundancy", "1")
            } else {
                ("outage", "2")
            };
            if incident["kind"] != kind || code != exit {
                say(format!(
                    "is {kind}, said {} with exit {code}",
                    incident["kind"]
                ));
            }
        }
        (_, incidents) => say(format!(
            "seen: {is_visible}, {} incidents: {}",
            incidents.len(),
            document["incidents"]
        )),
    }
    let counts = &document["agencies"];
    let gone = counts["down"].as_u64().zip(counts["shadowed"].as_u64());
    let lost = cut_off.len() as u64;
    if gone.map(|(down, shadowed)| down + shadowed) != Some(lost) || counts["up"] != 483 - lost {
        say(format!("{lost} agencies are lost, said {counts}"));
    }
    faults
}

#[test]
fn elements_drawn_by_a_seed_and_cut_on_the_wire_are_each_one_incident_with_its_cause() {
    let reference = crate::trial::reference();
    let mut elements = drawn(&reference);
    if std::env::var_os("SPANWATCH_LONG").is_none() {
        println!(
            "skipped: {} of {DRAWN} elements; SPANWATCH_LONG=1 cuts them all",
            DRAWN - USUAL
        );
        elements.truncate(USUAL);
    }
    let mut script = String::new();
    for element in &elements {
        // Writing to a String cannot fail.
        let _ = write!(
            script,
            "echo '{element}' >&2; \"$SPANWATCH\" lab ctl cut {element} >&2 || exit 9\n\
             \"$SPANWATCH\" check --format json -t 30s; echo \"code $?\"\n\
             \"$SPANWATCH\" lab ctl restore all >&2 || exit 9\n"
        );
    }
    script += "\"$SPANWATCH\" check --format json -t 30s; echo \"code $?\"\n";
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    let patience = Duration::from_mins(1) * (elements.len() as u32 + 2);
    let Some(ended) = stage::in_a_lab(&topology, &[], &script, patience) else {
        return;
    };
    let (out, err) = (ended.out, ended.err);
    let mut rest = out.as_str();
    let mut rounds = Vec::new();
    while let Some((document, after)) = rest.split_once("\ncode ") {
        let (code, after) = after.split_once('\n').expect("a line");
        let document: Value = serde_json::from_str(document)
            .unwrap_or_else(|error| panic!("{error}: {document}{err}"));
        rounds.push((code, document));
        rest = after;
    }
    assert_eq!(rounds.len(), elements.len() + 1, "{err}");
    let (code, whole) = rounds.pop().expect("the last");
    let mut faults: Vec<String> = elements
        .iter()
        .zip(&rounds)
        .flat_map(|(element, (code, document))| judge(&reference, element, code, document))
        .collect();
    if code != "0" || whole["agencies"]["up"] != 483 || whole["incidents"] != Value::Array(vec![]) {
        faults.push(format!(
            "after all: exit {code}, {}, {}",
            whole["agencies"], whole["incidents"]
        ));
    }
    assert!(
        faults.is_empty(),
        "{} faults:\n{}",
        faults.len(),
        faults.join("\n")
    );
}
