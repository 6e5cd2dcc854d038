//! One topology against another, field by field, and what the difference does to agencies.
//!
//! File borders, the order of tables, which end of a link is `a`, and the spelling of a port mean nothing here, as
//! they mean nothing to the model. The one hard thought is that of renaming: an id that `was` claims is the same
//! thing, so everything that named it by the old id has not changed.

mod fields;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::finding::code::{Act, Code};
use crate::analysis::finding::{Evidence, Finding, Kind, Thing, Value};
use crate::analysis::{Standing, Weakness};
use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, LinkId, NodeId};

/// One key of a thing and its value.
type Field = (&'static str, Value);

/// Ids of the first topology that the second has under another, by kind.
#[derive(Debug, Default)]
struct Renames(BTreeMap<(Kind, String), String>);

impl Renames {
    /// Finds what the second topology claims by `was` and the first still calls by that id.
    fn of(before: &Network, after: &Network) -> Self {
        let mut found = BTreeMap::new();
        if before.id != after.id {
            found.insert((Kind::Network, before.id.clone()), after.id.clone());
        }
        let mut claim = |kind: Kind, was: &[String], id: &str, is_old: &dyn Fn(&str) -> bool| {
            for old in was.iter().filter(|old| is_old(old)) {
                found.insert((kind, old.clone()), id.to_owned());
            }
        };
        for agency in after.agencies.values() {
            let is_old =
                |old: &str| before.agencies.contains_key(old) && !after.agencies.contains_key(old);
            claim(Kind::Agency, &agency.was, agency.id.as_str(), &is_old);
        }
        for node in after.nodes.values() {
            let is_old =
                |old: &str| before.nodes.contains_key(old) && !after.nodes.contains_key(old);
            claim(Kind::Node, &node.was, node.id.as_str(), &is_old);
        }
        for link in after.links.values() {
            let is_old =
                |old: &str| before.links.contains_key(old) && !after.links.contains_key(old);
            claim(Kind::Link, &link.was, link.id.as_str(), &is_old);
        }
        Self(found)
    }

    /// Returns the id that a thing of the first topology has in the second.
    fn now<'a>(&'a self, kind: Kind, id: &'a str) -> &'a str {
        // Looked up by an owned key: renames are few, and so are the lookups of any one thing.
        self.0
            .get(&(kind, id.to_owned()))
            .map_or(id, String::as_str)
    }
}

/// Returns every difference of two topologies, the worst first, then by code, thing and key.
///
/// `declared` is what the first says and `seen` what the second does. Cost O(n log n), and twice that of
/// `Weakness::of`.
#[must_use]
pub fn changes(before: &Network, after: &Network) -> Vec<Finding> {
    let renames = Renames::of(before, after);
    let old = fields::all(before, &renames);
    let new = fields::all(after, &Renames::default());
    let mut findings = Vec::new();
    for ((kind, old_id), new_id) in &renames.0 {
        // An agency and its own node have one id: the agency is meant.
        let thing = Thing::new(*kind, new_id.as_str());
        if new.contains_key(&thing) {
            findings.push(Finding {
                declared: Some(Value::Text(old_id.clone())),
                seen: Some(Value::Text(new_id.clone())),
                field: Some("id"),
                ..about(Code::of(*kind, Act::Renamed), &thing, after)
            });
        }
    }
    let things: BTreeSet<&Thing> = old.keys().chain(new.keys()).collect();
    for thing in things {
        match (old.get(thing), new.get(thing)) {
            (Some(was), Some(is)) => compare(thing, was, is, after, &mut findings),
            (Some(was), None) => findings.push(Finding {
                declared: title(was),
                ..about(Code::of(thing.kind, Act::Removed), thing, before)
            }),
            (None, Some(is)) => findings.push(Finding {
                seen: title(is),
                ..about(Code::of(thing.kind, Act::Added), thing, after)
            }),
            (None, None) => {}
        }
    }
    findings.extend(consequences(before, after, &renames));
    findings.sort_by(|one, other| one.place().cmp(&other.place()));
    findings
}

/// Returns what the topology says of a thing, key by key; what it does not say is not there.
#[must_use]
pub fn said(network: &Network, thing: &Thing) -> Vec<(&'static str, Value)> {
    fields::all(network, &Renames::default())
        .remove(thing)
        .unwrap_or_default()
}

fn about(code: Code, thing: &Thing, network: &Network) -> Finding {
    let element = match thing.kind {
        Kind::Agency => network
            .agencies
            .get(thing.id.as_str())
            .map(|agency| Element::Node(agency.node.clone())),
        Kind::Node => Some(Element::Node(NodeId::from(thing.id.as_str()))),
        Kind::Link => Some(Element::Link(LinkId::from(thing.id.as_str()))),
        Kind::Risk => Some(Element::Risk(thing.id.as_str().into())),
        _ => None,
    };
    Finding::new(code, thing.clone(), element)
}

/// What stands for a whole thing: its name, or the two ends of a link.
fn title(fields: &[Field]) -> Option<Value> {
    let value = |key: &str| {
        let found = fields.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.clone())
    };
    match (value("a"), value("b")) {
        (Some(Value::Text(a)), Some(Value::Text(b))) => Some(Value::Text(format!("{a} – {b}"))),
        _ => value("name").or_else(|| value("reason")),
    }
}

fn compare(
    thing: &Thing,
    was: &[Field],
    is: &[Field],
    after: &Network,
    findings: &mut Vec<Finding>,
) {
    let mut keys: Vec<&'static str> = was.iter().chain(is).map(|(key, _)| *key).collect();
    keys.sort_unstable();
    keys.dedup();
    let find = |fields: &[Field], key: &str| {
        let found = fields.iter().find(|(name, _)| *name == key);
        found.map(|(_, value)| value.clone())
    };
    let is_turned = thing.kind == Kind::Link && fields::are_turned(was, is);
    for key in keys {
        let other = match key {
            "a" if is_turned => "b",
            "b" if is_turned => "a",
            key => key,
        };
        let (declared, seen) = (find(was, other), find(is, key));
        let same = match (&declared, &seen) {
            (Some(Value::Text(one)), Some(Value::Text(other)))
                if thing.kind == Kind::Link && matches!(key, "a" | "b") =>
            {
                fields::is_same_end(one, other)
            }
            (declared, seen) => declared == seen,
        };
        if !same {
            findings.push(Finding {
                field: Some(key),
                declared,
                seen,
                ..about(Code::of(thing.kind, Act::Changed), thing, after)
            });
        }
    }
}

/// What the change does to every agency that is in both.
fn consequences(before: &Network, after: &Network, renames: &Renames) -> Vec<Finding> {
    let old = Weakness::of(before, &Graph::new(before), &[]);
    let new = Weakness::of(after, &Graph::new(after), &[]);
    let mut findings = Vec::new();
    for (id, was) in &old.agencies {
        let id = AgencyId::from(renames.now(Kind::Agency, id.as_str()));
        let Some(is) = new.agencies.get(&id) else {
            continue;
        };
        let thing = Thing::new(Kind::Agency, id.as_str());
        let mut add = |code: Code, points: Vec<Element>| {
            findings.push(Finding {
                evidence: points.into_iter().map(Evidence::SinglePoint).collect(),
                ..about(code, &thing, after)
            });
        };
        let own = after.agencies.get(&id).map(|agency| &agency.node);
        match (was.cut_off, is.cut_off) {
            (false, true) => add(Code::Isolates, Vec::new()),
            (true, false) => add(Code::Connects, Vec::new()),
            (true, true) => {}
            (false, false) => {
                if !was.one_path && is.one_path {
                    add(Code::LosesRedundancy, narrow(after, is, own));
                }
                if was.one_path && !is.one_path {
                    add(Code::GainsRedundancy, Vec::new());
                }
                let joined = is
                    .one_risk
                    .iter()
                    .filter(|risk| !was.one_risk.contains(risk));
                let joined: Vec<Element> = joined.cloned().map(Element::Risk).collect();
                if !joined.is_empty() {
                    add(Code::SharesRisk, joined);
                }
            }
        }
    }
    findings
}

/// The nodes and links that alone cut an agency off: neither its own node nor a hub, which always do.
fn narrow(network: &Network, standing: &Standing, own: Option<&NodeId>) -> Vec<Element> {
    let is_given = |element: &Element| match element {
        Element::Node(node) => Some(node) == own || network.hubs.contains(node),
        Element::Link(_) => false,
        Element::Risk(_) => true,
    };
    let points = standing.single_points.iter();
    points.filter(|point| !is_given(point)).cloned().collect()
}
