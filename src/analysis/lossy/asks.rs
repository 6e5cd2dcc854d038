//! What to ask next about loss: targets that nobody has counted yet, and the error counters of ports.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::asks::{Ask, Candidate, Outcome, chosen};
use crate::analysis::lossy::field::{NODE, is_of};
use crate::analysis::lossy::{Echoes, Explanation, Lossy, Paths};
use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::target::{Method, TargetId};
use crate::model::{Element, NodeId};

/// Elements of one segment that are parted; of a longer list the first.
const MOST: usize = 40;

impl Paths {
    /// Names the questions that would part the elements of every lossy segment, in order of segments, the one that says
    /// most first: targets to ping as well, and devices whose ports count errors.
    ///
    /// Cost O(targets × ways × hops) for each segment of several elements.
    #[must_use]
    pub fn asks(
        &self,
        network: &Network,
        graph: &Graph,
        echoes: &BTreeMap<NodeId, Echoes>,
        explanation: &Explanation,
    ) -> Vec<Ask> {
        let targets: BTreeSet<TargetId> = network
            .targets()
            .into_iter()
            .map(|target| target.id)
            .collect();
        let mut asks = Vec::new();
        for segment in explanation
            .segments
            .iter()
            .filter(|segment| segment.elements.len() > 1)
        {
            for ask in self.parting(network, graph, echoes, segment, &targets) {
                if !asks.contains(&ask) {
                    asks.push(ask);
                }
            }
        }
        asks
    }

    fn parting(
        &self,
        network: &Network,
        graph: &Graph,
        echoes: &BTreeMap<NodeId, Echoes>,
        segment: &Lossy,
        targets: &BTreeSet<TargetId>,
    ) -> Vec<Ask> {
        let elements = &segment.elements[..segment.elements.len().min(MOST)];
        let is_counted = |node: &NodeId| echoes.get(node).is_some_and(|echoes| echoes.sent > 0);
        let pings = targets
            .iter()
            .filter(|target| target.method != Method::Snmp && !is_counted(&target.node))
            .filter_map(|target| {
                let ways = self.ways(graph.node(&target.node)?);
                let outcomes = elements.iter().map(|element| {
                    let crossing = ways.iter().filter(|way| {
                        let mut steps = way.steps.iter();
                        steps.any(|step| is_of(graph, element, *step))
                    });
                    match crossing.count() {
                        0 => Outcome::Good,
                        count if count == ways.len() => Outcome::Bad,
                        // It may go by another way.
                        _ => Outcome::Nothing,
                    }
                });
                Some(Candidate {
                    target: target.clone(),
                    port: None,
                    outcomes: outcomes.collect(),
                })
            });
        let ports = elements.iter().flat_map(|element| {
            let link = match element {
                Element::Link(id) => network.links.get(id),
                _ => None,
            };
            let ends = link.into_iter().flat_map(|link| {
                let ends = link.ends().into_iter();
                ends.filter(|end| end.port.is_some())
                    .map(move |end| (end, link))
            });
            ends.filter_map(move |(end, link)| {
                let target = TargetId {
                    node: end.node.clone(),
                    method: Method::Snmp,
                };
                let outcome = |other: &Element| {
                    if other == element {
                        Outcome::Bad
                    } else {
                        Outcome::Good
                    }
                };
                targets.contains(&target).then(|| Candidate {
                    target,
                    port: Some(link.id.clone()),
                    outcomes: elements.iter().map(outcome).collect(),
                })
            })
        });
        let odds: Vec<f64> = elements
            .iter()
            .map(|element| match element {
                Element::Node(_) => NODE,
                _ => 1.0,
            })
            .collect();
        chosen(elements, &odds, pings.chain(ports).collect())
    }
}
