//! Typed tables to a proven network: names to ids, duplicates, dangling ends, defaults, all faults at once.
//!
//! Every check of `Network::prove` is made here first, with its place; `prove` is called last and has then
//! nothing left to say. Nothing is built while there is an error, so nobody ever sees half a network.

mod build;
mod check;

use crate::inventory::layout::{Device, Document, LinkTable};
use crate::inventory::names::{Findings, Names};
use crate::inventory::table::At;
use crate::model::fault::{Fault, Severity};
use crate::model::network::Network;

/// All names of a document by kind.
struct Index<'d> {
    nodes: Names<'d>,
    agencies: Names<'d>,
    links: Names<'d>,
    risks: Names<'d>,
    areas: Names<'d>,
    services: Names<'d>,
    providers: Names<'d>,
    hours: Names<'d>,
}

/// Resolves a document, or adds to `faults` every reason why it is not a network.
///
/// `whole` says that every file was read; if not, missing names are not reported. Cost O(n log n).
pub(crate) fn resolve(
    document: &Document,
    whole: bool,
    faults: &mut Vec<Fault>,
) -> Option<Network> {
    let mut findings = Findings::new(faults, whole);
    let index = index(document, &mut findings);
    check::check(document, &index, &mut findings);
    let broken = |faults: &[Fault]| faults.iter().any(|fault| fault.severity == Severity::Error);
    if !whole || broken(faults) {
        return None;
    }
    match Network::prove(build::parts(document)?) {
        Ok(network) => Some(network),
        Err(why) => {
            faults.push(Fault {
                code: "T0191",
                severity: Severity::Error,
                message: format!("The topology does not fit together: {why}"),
                place: None,
                label: None,
                related: Vec::new(),
                help: None,
            });
            None
        }
    }
}

/// Returns every link: declared, and in short form at its node or agency.
fn links(document: &Document) -> impl Iterator<Item = &LinkTable> {
    let of_nodes = document.nodes.iter().flat_map(|node| &node.device.uplinks);
    let of_agencies = document
        .agencies
        .iter()
        .flat_map(|agency| &agency.own.uplinks);
    document.links.iter().chain(of_nodes).chain(of_agencies)
}

/// Returns every device: the id of its node and what is said of it.
fn devices(document: &Document) -> impl Iterator<Item = (&At<String>, &Device)> {
    let nodes = document.nodes.iter().map(|node| (&node.id, &node.device));
    let own = document
        .agencies
        .iter()
        .filter(|agency| agency.node.is_none())
        .map(|agency| (&agency.id, &agency.own));
    nodes.chain(own)
}

fn index<'d>(document: &'d Document, findings: &mut Findings<'_>) -> Index<'d> {
    let mut index = Index {
        nodes: Names::new("node"),
        agencies: Names::new("agency"),
        links: Names::new("link"),
        risks: Names::new("risk group"),
        areas: Names::new("area"),
        services: Names::new("service"),
        providers: Names::new("provider"),
        hours: Names::new("hours"),
    };
    for agency in &document.agencies {
        index.agencies.declare(&agency.id, findings);
    }
    for node in &document.nodes {
        index.nodes.declare(&node.id, findings);
    }
    for agency in document
        .agencies
        .iter()
        .filter(|agency| agency.node.is_none())
    {
        // Two agencies of one id have been reported; their nodes are the same fault.
        if index.agencies.place(&agency.id.value) == Some(&agency.id.place) {
            index.nodes.declare(&agency.id, findings);
        }
    }
    for link in links(document) {
        index.links.declare(&link.id, findings);
    }
    for risk in &document.risks {
        index.risks.declare(&risk.id, findings);
    }
    for area in &document.areas {
        index.areas.declare(&area.code, findings);
    }
    for service in &document.services {
        index.services.declare(&service.id, findings);
    }
    for provider in &document.providers {
        index.providers.declare(&provider.id, findings);
    }
    for hours in &document.hours {
        index.hours.declare(&hours.id, findings);
    }
    index
}
