//! What an exploration found, as a topology to be read, corrected and kept.
//!
//! Only what devices said is written as a value. What they cannot say (who is an agency, what lies in one duct,
//! where the hub is) stands as a comment beside it, so that nobody takes a guess for a record.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::inventory::import::{Ids, Imported, written};
use crate::model::network::{End, Link, Node, Parts, Policy, Rates, default_metric};
use crate::model::target::Method;
use crate::model::{LinkId, NodeId};

/// A device, or a neighbour that was only heard of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dot {
    /// What it calls itself.
    pub name: String,
    /// Where it answered, or is said to; `None` where nobody says one that might be asked.
    pub address: Option<IpAddr>,
    /// Its other addresses.
    pub addresses: Vec<IpAddr>,
    /// The name of the credential that it answered to.
    pub credential: Option<String>,
    /// What it is made of, as it says.
    pub vendor: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// What a reader should know of it, one sentence each.
    pub notes: Vec<String>,
}

/// A cable between two dots, by their places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// One end.
    pub a: (usize, Option<String>),
    /// The other.
    pub b: (usize, Option<String>),
    /// Bits a second.
    pub capacity: Option<u64>,
    /// What a reader should know of it.
    pub notes: Vec<String>,
}

/// What an exploration found.
#[derive(Clone, Debug, Default)]
pub struct Sketch {
    /// The devices; the first is the one that it began at.
    pub dots: Vec<Dot>,
    /// The cables.
    pub lines: Vec<Line>,
    /// What holds for the whole.
    pub notes: Vec<String>,
}

/// Returns the parts of a network, and the id of each dot; `None` where nothing was found.
///
/// Ids are made of names and numbered where two share one; the hub and the monitor stand at the first dot.
#[must_use]
pub fn parts(sketch: &Sketch, id: &str, name: &str) -> Option<(Parts, Vec<NodeId>)> {
    let mut ids = Ids::default();
    let named: Vec<NodeId> = sketch
        .dots
        .iter()
        .map(|dot| {
            // The domain is the same for all, and longer than the name.
            let is_address = dot.name.parse::<IpAddr>().is_ok();
            let host = if is_address {
                &dot.name
            } else {
                dot.name.split('.').next().unwrap_or_default()
            };
            NodeId::new(ids.make(host, "node"))
        })
        .collect();
    let mut parts = Parts {
        name: name.to_owned(),
        ..Parts::new(id, named.first()?.clone())
    };
    // An address at two devices (a virtual one, an anycast one) is no mark of either.
    let mut count: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for dot in &sketch.dots {
        let all: BTreeSet<IpAddr> = dot.address.iter().chain(&dot.addresses).copied().collect();
        for address in all {
            *count.entry(address).or_default() += 1;
        }
    }
    for (dot, id) in sketch.dots.iter().zip(&named) {
        parts.nodes.insert(id.clone(), node(dot, id, &count));
    }
    let mut ids = Ids::default();
    for line in &sketch.lines {
        if let (Some(a), Some(b)) = (named.get(line.a.0), named.get(line.b.0)) {
            let id = LinkId::new(ids.link(a.as_str(), b.as_str()));
            parts.links.insert(id.clone(), link(line, id, a, b));
        }
    }
    Some((parts, named))
}

/// Returns the files of a topology that `lint` accepts; none where nothing was found.
///
/// `origin` says in one line where they come from.
#[must_use]
pub fn proposal(sketch: &Sketch, id: &str, name: &str, origin: &str) -> Imported {
    let Some((parts, named)) = parts(sketch, id, name) else {
        return Imported::default();
    };
    let dots = sketch.dots.iter().zip(&named);
    let mut about: BTreeMap<String, &[String]> = dots
        .map(|(dot, id)| (format!("node {id}"), dot.notes.as_slice()))
        .collect();
    let mut ids = Ids::default();
    for line in &sketch.lines {
        if let (Some(a), Some(b)) = (named.get(line.a.0), named.get(line.b.0)) {
            let id = ids.link(a.as_str(), b.as_str());
            about.insert(format!("link {id}"), &line.notes);
        }
    }
    let mut files = written::files(&parts, origin);
    for (file, text) in &mut files {
        *text = commented(text, &about);
        if file == "network.toml" {
            *text = headed(text, &sketch.notes);
        }
    }
    Imported {
        files,
        notes: sketch.notes.clone(),
    }
}

fn link(line: &Line, id: LinkId, a: &NodeId, b: &NodeId) -> Link {
    let end = |node: &NodeId, port: &Option<String>| End {
        node: node.clone(),
        port: port.as_deref().map(plain).filter(|port| !port.is_empty()),
    };
    Link {
        id,
        a: end(a, &line.a.1),
        b: end(b, &line.b.1),
        kind: KIND.to_owned(),
        capacity: line.capacity,
        metric: default_metric(KIND),
        provider: None,
        circuit: None,
        risks: Vec::new(),
        length_km: None,
        cost_build: None,
        cost_yearly: None,
        rates: Rates::default(),
        was: Vec::new(),
    }
}

/// What a cable is, as far as LLDP can say: that it is one.
const KIND: &str = "lan";

/// A text from outside on one line, with nothing in it that a topology refuses.
fn plain(text: &str) -> String {
    let safe: String = text
        .chars()
        .map(|c| {
            if crate::model::text::is_unsafe(c) {
                '?'
            } else {
                c
            }
        })
        .collect();
    safe.trim().to_owned()
}

fn node(dot: &Dot, id: &NodeId, count: &BTreeMap<IpAddr, usize>) -> Node {
    let said = |text: &str| Some(plain(text)).filter(|text| !text.is_empty());
    let name = said(&dot.name).unwrap_or_else(|| id.to_string());
    let is_its_own = |address: &IpAddr| count.get(address) == Some(&1);
    let address = dot.address.filter(is_its_own);
    let addresses: BTreeSet<IpAddr> = dot
        .addresses
        .iter()
        .copied()
        .filter(|other| Some(*other) != address && is_its_own(other))
        .collect();
    Node {
        id: id.clone(),
        name: name.clone(),
        role: "node".to_owned(),
        transit: dot.credential.is_some(),
        probe: match (address, &dot.credential) {
            (None, _) => Vec::new(),
            (Some(_), Some(_)) => vec![Method::Ping, Method::Snmp],
            (Some(_), None) => vec![Method::Ping],
        },
        address,
        addresses: addresses.into_iter().collect(),
        sys_name: name,
        area: None,
        position: None,
        snmp: dot.credential.as_deref().map(Into::into),
        vendor: said(&dot.vendor),
        model: said(&dot.model),
        serial: said(&dot.serial),
        rates: Rates::default(),
        risks: Vec::new(),
        policy: Policy::default(),
        was: Vec::new(),
    }
}

/// Puts comments over the tables that they are about; a table is known by its head and the line of its id.
fn commented(text: &str, about: &BTreeMap<String, &[String]>) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut head: Option<(usize, &str)> = None;
    for line in text.lines() {
        match line {
            "[[node]]" => head = Some((lines.len(), "node")),
            "[[link]]" => head = Some((lines.len(), "link")),
            _ => {}
        }
        let id = line
            .strip_prefix("id = \"")
            .and_then(|rest| rest.strip_suffix('"'));
        lines.push(line.to_owned());
        if let (Some(id), Some((at, kind))) = (id, head.take_if(|_| id.is_some())) {
            let notes = about.get(&format!("{kind} {id}")).copied().unwrap_or(&[]);
            let notes = notes.iter().map(|note| comment(note));
            lines.splice(at..at, notes);
        }
    }
    lines.join("\n") + "\n"
}

/// Puts what holds for the whole under the first line.
fn headed(text: &str, notes: &[String]) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    let notes: Vec<String> = notes.iter().map(|note| comment(note) + "\n").collect();
    format!("{first}\n{}{rest}", notes.concat())
}

/// A text from outside as a comment: on one line, and nothing that TOML or a terminal would take amiss.
fn comment(text: &str) -> String {
    format!("# {}", plain(text))
}
