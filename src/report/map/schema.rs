//! Places for a network whose coordinates nobody wrote: a tree around its hubs, each branch as wide as what
//! hangs on it.

use std::collections::{BTreeMap, VecDeque};
use std::f64::consts::TAU;

use crate::model::NodeId;
use crate::model::network::{Link, Network};
use crate::report::map::Point;

/// Returns a place for every node; those that no hub reaches stand in a row below.
#[must_use]
pub fn places(network: &Network) -> BTreeMap<&NodeId, Point> {
    let (order, children) = tree(network);
    let mut leaves: BTreeMap<&NodeId, f64> = BTreeMap::new();
    for id in order.iter().rev() {
        let below: f64 = children
            .get(id)
            .into_iter()
            .flatten()
            .map(|child| leaves[child])
            .sum();
        leaves.insert(id, below.max(1.0));
    }
    let mut places = BTreeMap::new();
    // Each: a node, its depth, the part of the circle that it and its branch may take.
    let mut open: VecDeque<(&NodeId, f64, f64, f64)> = VecDeque::new();
    let roots: Vec<&NodeId> = network
        .hubs
        .iter()
        .filter(|hub| leaves.contains_key(hub))
        .collect();
    let all: f64 = roots.iter().map(|root| leaves[root]).sum();
    let mut from = 0.0;
    for root in &roots {
        let to = from + TAU * leaves[root] / all.max(1.0);
        let depth = if roots.len() == 1 { 0.0 } else { 0.6 };
        open.push_back((root, depth, from, to));
        from = to;
    }
    while let Some((id, depth, from, to)) = open.pop_front() {
        let angle = f64::midpoint(from, to) - TAU / 4.0;
        // Wider than high, like a page.
        places.insert(
            id,
            Point {
                x: 1.5 * depth * angle.cos(),
                y: depth * angle.sin(),
            },
        );
        let mut start = from;
        let share = (to - from) / leaves[id];
        for child in children.get(id).into_iter().flatten() {
            let end = start + share * leaves[child];
            open.push_back((child, depth + 1.0, start, end));
            start = end;
        }
    }
    let deepest = places.values().map(|place| place.y).fold(0.0, f64::max);
    let lost: Vec<&NodeId> = network
        .nodes
        .keys()
        .filter(|id| !places.contains_key(id))
        .collect();
    let middle = lost.len() as f64 / 2.0;
    for (seat, id) in lost.into_iter().enumerate() {
        places.insert(
            id,
            Point {
                x: (seat as f64 - middle) * 0.2,
                y: deepest + 1.0,
            },
        );
    }
    places
}

type Tree<'a> = (Vec<&'a NodeId>, BTreeMap<&'a NodeId, Vec<&'a NodeId>>);

/// Breadth first from the hubs, in order of link id.
fn tree(network: &Network) -> Tree<'_> {
    let mut order: Vec<&NodeId> = Vec::new();
    let mut children: BTreeMap<&NodeId, Vec<&NodeId>> = BTreeMap::new();
    let mut seen: std::collections::BTreeSet<&NodeId> = network.hubs.iter().collect();
    let mut open: VecDeque<&NodeId> = seen.iter().copied().collect();
    while let Some(id) = open.pop_front() {
        order.push(id);
        let beside = network
            .links_at(id)
            .iter()
            .filter_map(|link| network.links.get(link))
            .flat_map(Link::ends);
        for end in beside {
            if seen.insert(&end.node) {
                children.entry(id).or_default().push(&end.node);
                open.push_back(&end.node);
            }
        }
    }
    (order, children)
}
