//! The cuts that a loss shows: sets of offers of which one at least must be built.
//!
//! Each loss gives two, both true: one around all that the hubs still reach, and for everybody who is cut off one
//! around whatever could still reach them. They are the same where a bridge parts the network in two, and far apart
//! where it falls into pieces; the nearer a cut, the fewer offers cross it, the more it says.

use std::collections::BTreeSet;

use crate::analysis::augment::{Loss, Offer, offer_id};
use crate::graph::{Cut, Graph, NodeIx};
use crate::model::{Element, NodeId};

/// Cuts around single agencies, per loss and round: one for each costs too much where hundreds hang on one link.
const MOST_AROUND: usize = 64;

/// A graph with some offers built, to be asked for its cuts.
pub(super) struct Cutter<'g> {
    graph: &'g Graph,
    /// Ends of the offers; those from a node to itself lead nowhere.
    ends: Vec<(NodeIx, NodeIx)>,
    removed: &'g [Element],
}

impl<'g> Cutter<'g> {
    pub(super) fn new(graph: &'g Graph, offers: &[Offer], removed: &'g [Element]) -> Self {
        let node = |id: &NodeId| graph.node(id).expect("ends of offers were checked");
        let ends = offers.iter().map(|offer| (node(&offer.a), node(&offer.b)));
        Self {
            graph,
            ends: ends.collect(),
            removed,
        }
    }

    /// Adds the cuts that a loss shows, which cuts off agencies at some nodes; each holds no offer that is built.
    pub(super) fn cuts<'n>(
        &self,
        loss: &Loss,
        nodes: impl Iterator<Item = &'n NodeId>,
        cuts: &mut BTreeSet<Vec<usize>>,
    ) {
        let mut elements = self.removed.to_vec();
        let mut unbuilt = None;
        match loss {
            Loss::Nothing => {}
            Loss::Element(element) => elements.push(element.clone()),
            Loss::Offer(at) => {
                elements.push(Element::Link(offer_id(*at)));
                unbuilt = Some(*at);
            }
        }
        let cut = self.graph.cut(&elements);
        let gone = |node: NodeIx| cut.nodes().binary_search(&node).is_ok();
        let sends = |node: NodeIx| {
            !gone(node) && (self.graph.is_transit(node) || self.graph.hubs().contains(&node))
        };
        // From `x` outside of what is behind to `y` in it.
        let crossing = |behind: &[bool]| -> Vec<usize> {
            let leads = |x: NodeIx, y: NodeIx| {
                !behind[x.index()] && behind[y.index()] && sends(x) && !gone(y)
            };
            (0..self.ends.len())
                .filter(|at| {
                    let (a, b) = self.ends[*at];
                    Some(*at) != unbuilt && (leads(a, b) || leads(b, a))
                })
                .collect()
        };
        let reached = self.graph.reach(self.graph.hubs(), &cut);
        let behind: Vec<bool> = reached.iter().map(|reached| !reached).collect();
        let mut add = |row: Vec<usize>| {
            // None crosses: nobody can be helped, and whoever asked knew that all offers do not.
            if !row.is_empty() {
                cuts.insert(row);
            }
        };
        add(crossing(&behind));
        let nodes: BTreeSet<NodeIx> = nodes.filter_map(|id| self.graph.node(id)).collect();
        let mut seen: Vec<Vec<bool>> = Vec::new();
        for node in nodes {
            if seen.len() >= MOST_AROUND {
                break;
            }
            let around = self.reaching(node, &cut, &sends);
            if !seen.contains(&around) {
                add(crossing(&around));
                seen.push(around);
            }
        }
    }

    /// Returns, for every node by position, whether it could still reach a node.
    fn reaching(&self, to: NodeIx, cut: &Cut, sends: &impl Fn(NodeIx) -> bool) -> Vec<bool> {
        let mut reaching = vec![false; self.graph.node_count()];
        reaching[to.index()] = true;
        let mut open = vec![to];
        while let Some(node) = open.pop() {
            for (link, next) in self.graph.neighbours(node) {
                let is_broken = cut.links().binary_search(&link).is_ok();
                if !is_broken && !reaching[next.index()] && sends(next) {
                    reaching[next.index()] = true;
                    open.push(next);
                }
            }
        }
        reaching
    }
}
