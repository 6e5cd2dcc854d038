//! What could be built: the links that the topology names, and those that somebody would think of.
//!
//! Four thoughts make the others. Two places near each other that carry traffic could be joined by a fibre; an
//! agency with one way in could get a second to another place near by; a link in a duct could be laid a second
//! time, beside it and not in it; and who has no link of a kind that costs the same everywhere (4G, a leased line)
//! could get one to where the nearest others have theirs. Prices are those of `[defaults.link.KIND] build`; a kind
//! without a price is never thought of.

use std::collections::{BTreeMap, BTreeSet};

use crate::graph::{Graph, NodeIx};
use crate::model::network::{Network, Position};
use crate::model::{NodeId, RiskId};

/// A road is longer than the crow's way; after cables that are known.
const DETOUR: f64 = 1.3;

/// How many near places each place is joined to, at most.
const NEAR: usize = 6;

/// A link that could be built.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// One end.
    pub a: NodeId,
    /// The other.
    pub b: NodeId,
    /// As of links.
    pub kind: String,
    /// Length, where it is known.
    pub km: Option<f64>,
    /// Price in the network's unit.
    pub cost: f64,
    /// Whence it comes.
    pub origin: Origin,
}

/// Whose thought a choice is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The topology names it.
    Declared,
    /// Two places that carry traffic are near.
    Between,
    /// An agency gets a second way in.
    SecondUplink,
    /// A link is laid again, outside a risk group.
    OutsideOf(RiskId),
    /// A link of a kind that costs the same everywhere.
    Access,
}

/// Returns what could be built: declared first, then by ends and kind; no two alike.
///
/// Choices whose ends are one, or whose price is not a number, are left out. Cost O(n^2) in the places that carry
/// traffic, O(n log n) in the others.
#[must_use]
pub fn choices(network: &Network, graph: &Graph) -> Vec<Choice> {
    let mut all: Vec<Choice> = network
        .candidates
        .iter()
        .map(|candidate| Choice {
            a: candidate.a.clone(),
            b: candidate.b.clone(),
            kind: candidate.kind.clone(),
            km: candidate.length_km,
            cost: candidate.cost,
            origin: Origin::Declared,
        })
        .collect();
    let map = Map::new(network, graph);
    let mut thought = map.fibres();
    thought.extend(map.outside());
    thought.extend(map.access());
    thought.sort_by(|a, b| (&a.a, &a.b, &a.kind, &a.origin).cmp(&(&b.a, &b.b, &b.kind, &b.origin)));
    all.extend(thought);
    let mut seen = BTreeSet::new();
    all.retain(|choice| {
        let (a, b) = (&choice.a, &choice.b);
        let ends = if a < b {
            (a.clone(), b.clone())
        } else {
            (b.clone(), a.clone())
        };
        a != b && choice.cost.is_finite() && seen.insert((ends, choice.kind.clone()))
    });
    all
}

/// Who is where, and what is joined to what.
struct Map<'a> {
    network: &'a Network,
    graph: &'a Graph,
    /// Nodes that carry other people's traffic or are hubs, and know where they are, in order of id.
    places: Vec<(NodeIx, Position)>,
    /// By kind that costs the same everywhere: nodes that several links of it come together at.
    heads: BTreeMap<&'a str, Vec<NodeIx>>,
}

impl<'a> Map<'a> {
    fn new(network: &'a Network, graph: &'a Graph) -> Self {
        let mut ends: BTreeMap<(&str, NodeIx), usize> = BTreeMap::new();
        for link in network.links.values() {
            for end in link.ends() {
                if let Some(node) = graph.node(&end.node) {
                    *ends.entry((&link.kind, node)).or_default() += 1;
                }
            }
        }
        let mut heads: BTreeMap<&str, Vec<NodeIx>> = BTreeMap::new();
        for ((kind, node), links) in ends {
            let is_flat = network
                .kinds
                .get(kind)
                .and_then(|kind| kind.build)
                .is_some_and(|build| build.per_km == 0.0);
            if is_flat && links > 1 && graph.is_transit(node) {
                heads.entry(kind).or_default().push(node);
            }
        }
        let is_head: BTreeSet<NodeIx> = heads.values().flatten().copied().collect();
        let places = graph
            .node_indices()
            .filter(|node| graph.is_transit(*node) || graph.hubs().contains(node))
            .filter(|node| !is_head.contains(node))
            .filter_map(|node| Some((node, position(network, graph, node)?)))
            .collect();
        Self {
            network,
            graph,
            places,
            heads,
        }
    }

    fn beside(&self, node: NodeIx) -> BTreeSet<NodeIx> {
        self.graph
            .neighbours(node)
            .map(|(_, other)| other)
            .collect()
    }

    /// Kinds that are paid by the kilometre.
    fn laid(&self) -> impl Iterator<Item = (&'a str, crate::model::kind::Build)> + '_ {
        self.network.kinds.iter().filter_map(|(name, kind)| {
            let build = kind.build?;
            (build.per_km > 0.0).then_some((name.as_str(), build))
        })
    }

    /// Joins places to near ones, and agencies with one way in to the nearest other.
    fn fibres(&self) -> Vec<Choice> {
        let mut found = Vec::new();
        let agencies = self.graph.node_indices().filter(|node| {
            let is_agency = !self
                .network
                .agencies_at(self.graph.node_id(*node))
                .is_empty();
            is_agency && !self.graph.is_transit(*node) && self.graph.neighbours(*node).count() == 1
        });
        let leaves =
            agencies.filter_map(|node| Some((node, position(self.network, self.graph, node)?)));
        let wishes = self
            .places
            .iter()
            .map(|(node, at)| (*node, *at, Origin::Between, NEAR))
            .chain(leaves.map(|(node, at)| (node, at, Origin::SecondUplink, 2)));
        for (node, at, origin, most) in wishes {
            let beside = self.beside(node);
            let mut near: Vec<(f64, NodeIx)> = self
                .places
                .iter()
                .filter(|(other, _)| *other != node && !beside.contains(other))
                .map(|(other, there)| (road(at, *there), *other))
                .collect();
            near.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            for (kind, build) in self.laid() {
                for (km, other) in near.iter().take(most) {
                    if let Some(cost) = build.cost(*km) {
                        found.push(self.choice(
                            node,
                            *other,
                            kind,
                            Some(*km),
                            cost,
                            origin.clone(),
                        ));
                    }
                }
            }
        }
        found
    }

    /// Lays what is in a risk group a second time.
    fn outside(&self) -> Vec<Choice> {
        let links = self.network.links.values();
        let grouped = links.filter_map(|link| Some((link, link.risks.first()?)));
        grouped
            .filter_map(|(link, risk)| {
                let build = self.network.kinds.get(&link.kind)?.build?;
                let (a, b) = (
                    self.graph.node(&link.a.node)?,
                    self.graph.node(&link.b.node)?,
                );
                let at = |node| position(self.network, self.graph, node);
                let km = link.length_km.or_else(|| Some(road(at(a)?, at(b)?)))?;
                let origin = Origin::OutsideOf(risk.clone());
                let cost = build.cost(km)?;
                Some(self.choice(a, b, &link.kind, Some(km), cost, origin))
            })
            .collect()
    }

    /// Gives agencies, and places at the end of a branch, a link of a kind that they have not.
    fn access(&self) -> Vec<Choice> {
        let mut found = Vec::new();
        for (kind, heads) in &self.heads {
            let Some(build) = self.network.kinds.get(*kind).and_then(|kind| kind.build) else {
                continue;
            };
            for node in self.graph.node_indices() {
                let is_agency = !self
                    .network
                    .agencies_at(self.graph.node_id(node))
                    .is_empty();
                // A place on a ring would carry its neighbours over it, which such a link is too thin for.
                let is_end = self.graph.neighbours(node).count() == 1
                    && self.places.iter().any(|(place, _)| *place == node);
                let has = self.graph.neighbours(node).any(|(link, _)| {
                    let id = self.graph.link_id(link);
                    self.network
                        .links
                        .get(id)
                        .is_some_and(|link| link.kind == **kind)
                });
                if has
                    || !(is_agency && !self.graph.is_transit(node) || is_end)
                    || self.graph.hubs().contains(&node)
                {
                    continue;
                }
                let at = position(self.network, self.graph, node);
                let far = |head: &NodeIx| {
                    let there = position(self.network, self.graph, *head);
                    at.zip(there).map_or(f64::INFINITY, |(a, b)| a.km_to(b))
                };
                let nearest = heads
                    .iter()
                    .min_by(|a, b| far(a).total_cmp(&far(b)).then(a.cmp(b)));
                if let Some(head) = nearest {
                    found.push(self.choice(node, *head, kind, None, build.fixed, Origin::Access));
                }
            }
        }
        found
    }

    fn choice(
        &self,
        a: NodeIx,
        b: NodeIx,
        kind: &str,
        km: Option<f64>,
        cost: f64,
        origin: Origin,
    ) -> Choice {
        Choice {
            a: self.graph.node_id(a).clone(),
            b: self.graph.node_id(b).clone(),
            kind: kind.to_owned(),
            km,
            cost,
            origin,
        }
    }
}

fn position(network: &Network, graph: &Graph, node: NodeIx) -> Option<Position> {
    network.nodes.get(graph.node_id(node))?.position
}

/// Returns how long a cable would be, to a hundred metres: nobody knows a road not yet walked any better.
fn road(a: Position, b: Position) -> f64 {
    (DETOUR * a.km_to(b) * 10.0).round() / 10.0
}
