//! JSON: how every document is written, and `spanwatch/network/1`, the whole model with its weak elements.

use std::fmt::Write as _;

use serde::Serialize;

use crate::analysis::Weakness;
use crate::model::network::Network;
use crate::model::text::is_unsafe;
use crate::model::{AgencyId, NodeId};
use crate::report::shape::{
    AgencyShape, AreaShape, CandidateShape, LinkShape, MaintenanceShape, NodeShape, ProviderShape,
    RiskShape, ServiceShape, Shapes,
};
use crate::report::weak::{ElementShape, StandingShape};

/// Writes a document: indented, a newline at its end, and safe on a terminal.
///
/// Characters that could move a cursor or turn text round are written as `\u009b`: a reader gets back exactly
/// what was there, and a terminal sees only ASCII.
#[must_use]
pub fn written(document: &impl Serialize) -> String {
    let plain = serde_json::to_string_pretty(document)
        .expect("shapes have text keys and no failing serializer");
    let mut safe = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        // Outside of strings JSON holds none of these but the line ends.
        if is_unsafe(c) && c != '\n' {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(safe, "\\u{unit:04x}");
            }
        } else {
            safe.push(c);
        }
    }
    safe.push('\n');
    safe
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    id: &'a str,
    name: &'a str,
    example: bool,
    expected_agencies: Option<u32>,
    hubs: &'a [NodeId],
    monitor: &'a NodeId,
    time_zone: Option<&'a str>,
    totals: Totals,
    areas: Vec<AreaShape<'a>>,
    providers: Vec<ProviderShape<'a>>,
    agencies: Vec<AgencyShape<'a>>,
    nodes: Vec<NodeShape<'a>>,
    links: Vec<LinkShape<'a>>,
    risks: Vec<RiskShape<'a>>,
    services: Vec<ServiceShape<'a>>,
    candidates: Vec<CandidateShape<'a>>,
    maintenances: Vec<MaintenanceShape<'a>>,
    weak: Weak<'a>,
}

#[derive(Debug, Serialize)]
struct Totals {
    agencies: usize,
    weight: u64,
    computers: u64,
    nodes: usize,
    links: usize,
    risks: usize,
}

#[derive(Debug, Serialize)]
struct Weak<'a> {
    view: &'static str,
    elements: Vec<ElementShape<'a>>,
    agencies: Vec<StandingShape<'a>>,
}

/// Returns the document `spanwatch/network/1`.
#[must_use]
pub fn network(network: &Network, weakness: &Weakness) -> String {
    let shapes = Shapes::new(network, weakness);
    written(&Document {
        schema: "spanwatch/network/1",
        id: &network.id,
        name: &network.name,
        example: network.example,
        expected_agencies: network.expected_agencies,
        hubs: &network.hubs,
        monitor: &network.monitor,
        time_zone: network.time_zone.iana_name(),
        totals: Totals {
            agencies: network.agencies.len(),
            weight: network
                .agencies
                .values()
                .map(|agency| u64::from(agency.weight))
                .sum(),
            computers: network
                .agencies
                .values()
                .map(|agency| u64::from(agency.endpoints.computers))
                .sum(),
            nodes: network.nodes.len(),
            links: network.links.len(),
            risks: network.risks.len(),
        },
        areas: network
            .areas
            .values()
            .map(|area| shapes.area(area))
            .collect(),
        providers: network
            .providers
            .values()
            .map(|provider| shapes.provider(provider))
            .collect(),
        agencies: network
            .agencies
            .values()
            .map(|agency| shapes.agency(agency))
            .collect(),
        nodes: network
            .nodes
            .values()
            .map(|node| shapes.node(node))
            .collect(),
        links: network
            .links
            .values()
            .map(|link| shapes.link(link))
            .collect(),
        risks: network
            .risks
            .values()
            .map(|risk| shapes.risk(risk))
            .collect(),
        services: network
            .services
            .values()
            .map(|service| shapes.service(service))
            .collect(),
        candidates: network
            .candidates
            .iter()
            .map(|candidate| shapes.candidate(candidate))
            .collect(),
        maintenances: network
            .maintenances
            .iter()
            .map(|maintenance| shapes.maintenance(maintenance))
            .collect(),
        weak: Weak {
            view: "designed",
            elements: weakness.elements.iter().map(ElementShape::of).collect(),
            agencies: weakness
                .agencies
                .iter()
                .map(|(id, standing): (&AgencyId, _)| StandingShape::of(id, standing))
                .collect(),
        },
    })
}
