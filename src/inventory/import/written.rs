//! A network to TOML, as a person would have written it: what follows from a rule is not said again.
//!
//! The texts read back as the same network, value for value. The hard part is what to leave out: a default is
//! lifted out of a kind only where every member of the kind has a value, because no key can take one away again.

mod asking;
mod network;
mod rest;
mod table;
mod usual;

use std::collections::BTreeMap;

use crate::inventory::import::written::asking::{ping, snmp};
use crate::inventory::import::written::table::{Lines, decimal, list, text};
use crate::inventory::import::written::usual::Usual;
use crate::inventory::quantity::capacity_text;
use crate::inventory::slug::slug;
use crate::model::agency::{Agency, Contact, Endpoints, Level};
use crate::model::network::{Link, Node, Parts};
use crate::model::target::Method;
use crate::model::{AreaCode, NodeId};

/// A file that grows beyond this is continued in a second, so that none is too large to be read back.
const FULL: usize = 4 << 20;

/// Returns the files of a topology; `origin` says in one line where they come from.
///
/// Names that do not resolve are written as they are: reading the files back says so. Cost O(n log n).
pub(crate) fn files(parts: &Parts, origin: &str) -> BTreeMap<String, String> {
    let usual = Usual::of(parts);
    let mut shelf = Shelf::default();
    shelf.add(
        "network",
        &format!("# {origin}\n"),
        &network::network(parts, &usual),
    );
    let own: BTreeMap<&NodeId, &Agency> = parts
        .agencies
        .values()
        .filter_map(|agency| {
            let node = parts.nodes.get(&agency.node)?;
            is_own(agency, node).then_some((&node.id, agency))
        })
        .collect();
    let mut uplinks: BTreeMap<&NodeId, Vec<&Link>> = BTreeMap::new();
    for link in parts.links.values() {
        if own.contains_key(&link.a.node) {
            uplinks.entry(&link.a.node).or_default().push(link);
            continue;
        }
        shelf.add(
            "links",
            "# Connections between nodes; `a` and `b` may name a port: \"node:port\".\n",
            &long_link(link, &usual),
        );
    }
    for node in parts.nodes.values() {
        if !own.contains_key(&node.id) {
            shelf.add(
                "nodes",
                "# What carries other people's traffic, and what is no agency.\n",
                &plain_node(parts, node, &usual),
            );
        }
    }
    for area in parts.areas.values() {
        let mut lines = Lines::default();
        lines.say("code", Some(text(area.code.as_str())));
        lines.say("name", Some(text(&area.name)));
        if area.kind != "commune" {
            lines.say("kind", Some(text(&area.kind)));
        }
        lines.position(area.position);
        let head = format!("# {}.\n", area.name);
        shelf.add(
            &place(parts, Some(&area.code)),
            &head,
            &lines.table("[[area]]"),
        );
    }
    for agency in parts.agencies.values() {
        let node = parts
            .nodes
            .get(&agency.node)
            .filter(|node| is_own(agency, node));
        let links = uplinks.get(&agency.node).map_or(&[][..], Vec::as_slice);
        let said = match node {
            Some(node) => agency_table(parts, agency, Some((node, links)), &usual),
            None => agency_table(parts, agency, None, &usual),
        };
        shelf.add(
            &place(parts, agency.area.as_ref()),
            "# Agencies without an area.\n",
            &said,
        );
    }
    rest::rest(parts, &usual, &mut shelf);
    shelf.files
}

/// Files by name, each continued in another when it is full.
#[derive(Default)]
struct Shelf {
    files: BTreeMap<String, String>,
    /// How many files each name has by now.
    volumes: BTreeMap<String, usize>,
}

impl Shelf {
    fn add(&mut self, name: &str, head: &str, said: &str) {
        let volume = self.volumes.entry(name.to_owned()).or_insert(1);
        let file = |volume: usize| match volume {
            1 => format!("{name}.toml"),
            more => format!("{name}-{more}.toml"),
        };
        let known = self.files.get(&file(*volume)).map_or(0, String::len);
        if known > 0 && known + said.len() > FULL {
            *volume += 1;
        }
        let entry = self.files.entry(file(*volume));
        *entry.or_insert_with(|| head.to_owned()) += said;
    }
}

/// Returns the file in which the agencies of an area stand, without its ending.
fn place(parts: &Parts, code: Option<&AreaCode>) -> String {
    let Some(code) = code else {
        return "agencies".to_owned();
    };
    let name = parts.areas.get(code).map(|area| slug(&area.name));
    match name {
        Some(name) if !name.is_empty() && name != code.as_str() => {
            format!("communes/{code}-{name}")
        }
        _ => format!("communes/{code}"),
    }
}

/// Returns whether an agency's node is what the agency alone would make it.
fn is_own(agency: &Agency, node: &Node) -> bool {
    agency.id.as_str() == node.id.as_str()
        && node.role == "agency"
        && node.name == agency.name
        && node.area == agency.area
        && node.was == agency.was
}

fn plain_node(parts: &Parts, node: &Node, usual: &Usual) -> String {
    let mut lines = Lines::default();
    lines.say("id", Some(text(node.id.as_str())));
    if node.name != node.id.as_str() {
        lines.say("name", Some(text(&node.name)));
    }
    if node.role != "node" {
        lines.say("role", Some(text(&node.role)));
    }
    lines.say("transit", Some(node.transit.to_string()));
    lines.say("area", node.area.as_ref().map(|area| text(area.as_str())));
    device(parts, node, usual, &mut lines);
    if !node.was.is_empty() {
        lines.say("was", Some(list(&node.was)));
    }
    lines.table("[[node]]")
}

/// What a node and an agency with a node of its own both say.
fn device(parts: &Parts, node: &Node, usual: &Usual, lines: &mut Lines) {
    lines.say(
        "address",
        node.address.map(|address| text(&address.to_string())),
    );
    if !node.addresses.is_empty() {
        lines.say("addresses", Some(list(&node.addresses)));
    }
    if node.sys_name != node.id.as_str() {
        lines.say("sys_name", Some(text(&node.sys_name)));
    }
    let expected: &[Method] = match (node.address, &node.snmp) {
        (None, _) => &[],
        (Some(_), Some(_)) => &[Method::Ping, Method::Snmp],
        (Some(_), None) => &[Method::Ping],
    };
    if node.probe != expected {
        lines.say("probe", Some(list(&node.probe)));
    }
    let mut polled = snmp(&node.policy, &usual.policy);
    if polled.is_empty() {
        lines.say("snmp", node.snmp.as_ref().map(|name| text(name.as_str())));
    } else {
        polled.first(
            "credential",
            node.snmp.as_ref().map(|name| text(name.as_str())),
        );
        lines.say("snmp", polled.inline());
    }
    lines.say("ping", ping(&node.policy, &usual.policy).inline());
    let of_area = node
        .area
        .as_ref()
        .and_then(|area| parts.areas.get(area)?.position);
    if node.position != of_area {
        lines.position(node.position);
    }
    for (name, value) in [
        ("vendor", &node.vendor),
        ("model", &node.model),
        ("serial", &node.serial),
    ] {
        lines.say(name, value.as_deref().map(text));
    }
    lines.rates(usual.beyond_node(node));
    if !node.risks.is_empty() {
        lines.say("risk", Some(list(&node.risks)));
    }
}

fn agency_table(
    parts: &Parts,
    agency: &Agency,
    own: Option<(&Node, &[&Link])>,
    usual: &Usual,
) -> String {
    let mut lines = Lines::default();
    lines.say("id", Some(text(agency.id.as_str())));
    lines.say("name", Some(text(&agency.name)));
    if agency.level == Level::City {
        lines.say("level", Some(text("city")));
    }
    if !agency.class.is_empty() {
        lines.say("class", Some(text(&agency.class)));
    }
    lines.say("area", agency.area.as_ref().map(|area| text(area.as_str())));
    match own {
        Some((node, _)) => {
            if node.transit {
                lines.say("transit", Some("true".into()));
            }
            device(parts, node, usual, &mut lines);
        }
        None => lines.say("node", Some(text(agency.node.as_str()))),
    }
    lines.say("hours", agency.hours.as_deref().map(text));
    if agency.weight != 1 {
        lines.say("weight", Some(agency.weight.to_string()));
    }
    let Endpoints {
        computers,
        antivirus,
    } = &agency.endpoints;
    let mut desks = Lines::default();
    desks.say("computers", (*computers > 0).then(|| computers.to_string()));
    desks.say("antivirus", antivirus.as_deref().map(text));
    lines.say("endpoints", desks.inline());
    let Contact { name, phone, email } = &agency.contact;
    let mut contact = Lines::default();
    for (key, value) in [("name", name), ("phone", phone), ("email", email)] {
        contact.say(key, value.as_deref().map(text));
    }
    lines.say("contact", contact.inline());
    if !agency.was.is_empty() {
        lines.say("was", Some(list(&agency.was)));
    }
    if let Some((_, links)) = own {
        let uplinks: Vec<String> = links
            .iter()
            .filter_map(|link| short_link(link, usual).inline())
            .collect();
        lines.say(
            "uplinks",
            match uplinks.as_slice() {
                [] => None,
                [one] => Some(format!("[{one}]")),
                many => Some(format!("[\n  {},\n]", many.join(",\n  "))),
            },
        );
    }
    lines.table("[[agency]]")
}

fn end(node: &NodeId, port: Option<&str>) -> String {
    match port {
        Some(port) => text(&format!("{node}:{port}")),
        None => text(node.as_str()),
    }
}

fn long_link(link: &Link, usual: &Usual) -> String {
    let mut lines = Lines::default();
    lines.say("id", Some(text(link.id.as_str())));
    lines.say("a", Some(end(&link.a.node, link.a.port.as_deref())));
    lines.say("b", Some(end(&link.b.node, link.b.port.as_deref())));
    connection(link, usual, &mut lines);
    lines.table("[[link]]")
}

fn short_link(link: &Link, usual: &Usual) -> Lines {
    let mut lines = Lines::default();
    lines.say("id", Some(text(link.id.as_str())));
    lines.say("port", link.a.port.as_deref().map(text));
    lines.say("to", Some(end(&link.b.node, link.b.port.as_deref())));
    connection(link, usual, &mut lines);
    lines
}

fn connection(link: &Link, usual: &Usual, lines: &mut Lines) {
    if link.kind != "fibre" {
        lines.say("kind", Some(text(&link.kind)));
    }
    let beyond = usual.beyond_link(link);
    lines.say(
        "capacity",
        beyond.capacity.map(|bits| text(&capacity_text(bits))),
    );
    lines.say("metric", beyond.metric.map(|metric| metric.to_string()));
    lines.say(
        "provider",
        link.provider.as_ref().map(|id| text(id.as_str())),
    );
    lines.say("circuit", link.circuit.as_deref().map(text));
    if !link.risks.is_empty() {
        lines.say("risk", Some(list(&link.risks)));
    }
    lines.say("length_km", link.length_km.map(decimal));
    let mut cost = Lines::default();
    cost.say("build", link.cost_build.map(decimal));
    cost.say("yearly", link.cost_yearly.map(decimal));
    lines.say("cost", cost.inline());
    lines.rates(beyond.rates);
    if !link.was.is_empty() {
        lines.say("was", Some(list(&link.was)));
    }
}
