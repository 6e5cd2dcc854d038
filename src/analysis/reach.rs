//! Who is reached, and who is lost when something goes.
//!
//! `Reach` keeps one tree of paths. What goes takes a few branches of it away; those who were on them look for
//! another way in. So a question costs about as much as the branches hold, and not as the whole network does:
//! 1,338 elements one by one, or a thousand pairs of them, are asked in milliseconds.

use std::collections::{BTreeSet, VecDeque};

use crate::graph::{Cut, Graph, LinkIx, NodeIx};
use crate::model::network::Network;
use crate::model::{AgencyId, Element};

/// Returns the agencies that no hub reaches with some elements removed, however they came to be cut off.
///
/// An agency at a removed node is cut off. Cost O(n + m).
#[must_use]
pub fn cut_off(network: &Network, graph: &Graph, removed: &[Element]) -> BTreeSet<AgencyId> {
    cut_off_from(network, graph, graph.hubs(), removed)
}

/// Returns the agencies that none of these roots reaches with some elements removed. Cost O(n + m).
#[must_use]
pub fn cut_off_from<'a>(
    network: &Network,
    graph: &Graph,
    roots: &[NodeIx],
    removed: impl IntoIterator<Item = &'a Element>,
) -> BTreeSet<AgencyId> {
    let reached = graph.reach(roots, &graph.cut(removed));
    network
        .agencies
        .values()
        .filter(|agency| {
            graph
                .node(&agency.node)
                .is_none_or(|node| !reached[node.index()])
        })
        .map(|agency| agency.id.clone())
        .collect()
}

/// Who is reached from some roots, with a tree of paths that answers quickly who is lost with what.
#[derive(Clone, Debug)]
pub struct Reach {
    /// By node: where its arcs stand in `arcs`.
    first: Vec<usize>,
    arcs: Vec<(LinkIx, NodeIx)>,
    sends: Vec<bool>,
    states: Vec<State>,
    /// By node: hops from the nearest root; only told of reached ones.
    depth: Vec<u32>,
    /// By link: the node that the tree reaches over it.
    below: Vec<Option<NodeIx>>,
    /// Reached nodes, every branch of the tree standing together.
    order: Vec<NodeIx>,
    /// By node: where its branch stands in `order`; empty where it is not reached.
    branch: Vec<(usize, usize)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Reached,
    /// Its branch has gone, and no other way in is known.
    Orphan,
    Gone,
    /// Not reached even with nothing gone.
    Apart,
}

impl Reach {
    /// Sees who is reached from `roots` with `cut` removed, by the transit rule of `graph`. Cost O(n + m).
    #[must_use]
    pub fn new(graph: &Graph, roots: &[NodeIx], cut: &Cut) -> Self {
        let nodes = graph.node_count();
        let mut first = Vec::with_capacity(nodes + 1);
        let mut arcs = Vec::with_capacity(2 * graph.link_count());
        first.push(0);
        for node in graph.node_indices() {
            if cut.nodes().binary_search(&node).is_err() {
                arcs.extend(graph.neighbours(node).filter(|(link, next)| {
                    cut.links().binary_search(link).is_err()
                        && cut.nodes().binary_search(next).is_err()
                }));
            }
            first.push(arcs.len());
        }
        let mut sends: Vec<bool> = graph
            .node_indices()
            .map(|node| graph.is_transit(node))
            .collect();
        for root in roots {
            sends[root.index()] = true;
        }
        let mut reach = Self {
            first,
            arcs,
            sends,
            states: vec![State::Apart; nodes],
            depth: vec![0; nodes],
            below: vec![None; graph.link_count()],
            order: Vec::new(),
            branch: vec![(0, 0); nodes],
        };
        let roots = roots
            .iter()
            .filter(|root| cut.nodes().binary_search(root).is_err());
        reach.grow(roots.copied());
        reach
    }

    /// Returns whether a node is reached.
    #[must_use]
    pub fn has(&self, node: NodeIx) -> bool {
        self.states[node.index()] == State::Reached
    }

    /// Returns the hops from the nearest root to a node that is reached.
    #[must_use]
    pub fn depth(&self, node: NodeIx) -> Option<u32> {
        self.has(node).then(|| self.depth[node.index()])
    }

    /// Returns whether a node carries traffic onward: it is transit or a root.
    #[must_use]
    pub fn sends(&self, node: NodeIx) -> bool {
        self.sends[node.index()]
    }

    /// Returns links and nodes beside a node.
    #[must_use]
    pub fn beside(&self, node: NodeIx) -> &[(LinkIx, NodeIx)] {
        &self.arcs[self.first[node.index()]..self.first[node.index() + 1]]
    }

    /// Returns the reached nodes that are lost when `nodes` and `links` go together, ascending.
    ///
    /// `nodes` and `links` ascend. Cost O(n) bytes copied, and O(nodes and links of the branches that go).
    #[must_use]
    pub fn lost(&self, nodes: &[NodeIx], links: &[LinkIx]) -> Vec<NodeIx> {
        let mut branches: Vec<(usize, usize)> = nodes
            .iter()
            .copied()
            .chain(links.iter().filter_map(|link| self.below[link.index()]))
            .map(|top| self.branch[top.index()])
            .filter(|(from, to)| from < to)
            .collect();
        if branches.is_empty() {
            return Vec::new();
        }
        // Branches are nested or apart: of nested ones the outer stands first and the inner adds nothing.
        branches.sort_unstable_by_key(|&(from, to)| (from, usize::MAX - to));
        let mut end = 0;
        branches.retain(|&(from, to)| {
            from >= end && {
                end = to;
                true
            }
        });
        let mut states = self.states.clone();
        let orphans = || {
            branches
                .iter()
                .flat_map(|&(from, to)| &self.order[from..to])
                .copied()
        };
        for node in orphans() {
            states[node.index()] = State::Orphan;
        }
        for node in nodes {
            states[node.index()] = State::Gone;
        }
        let holds = |link: &LinkIx| links.binary_search(link).is_err();
        let mut open = Vec::new();
        for orphan in orphans() {
            let has_way_in = states[orphan.index()] == State::Orphan
                && self.beside(orphan).iter().any(|(link, from)| {
                    states[from.index()] == State::Reached && self.sends(*from) && holds(link)
                });
            if has_way_in {
                states[orphan.index()] = State::Reached;
                open.push(orphan);
            }
            while let Some(node) = open.pop() {
                if !self.sends(node) {
                    continue;
                }
                for (link, next) in self.beside(node) {
                    if states[next.index()] == State::Orphan && holds(link) {
                        states[next.index()] = State::Reached;
                        open.push(*next);
                    }
                }
            }
        }
        let mut lost: Vec<NodeIx> = orphans()
            .filter(|node| states[node.index()] != State::Reached)
            .collect();
        lost.sort_unstable();
        lost
    }

    /// Grows the tree breadth first, because low trees have small branches, and lays its branches out.
    fn grow(&mut self, roots: impl Iterator<Item = NodeIx>) {
        let mut found: Vec<(NodeIx, Option<NodeIx>)> = Vec::new();
        let mut open = VecDeque::new();
        for root in roots {
            if !self.has(root) {
                self.states[root.index()] = State::Reached;
                found.push((root, None));
                open.push_back(root);
            }
        }
        while let Some(node) = open.pop_front() {
            if !self.sends(node) {
                continue;
            }
            for place in self.first[node.index()]..self.first[node.index() + 1] {
                let (link, next) = self.arcs[place];
                if !self.has(next) {
                    self.states[next.index()] = State::Reached;
                    self.depth[next.index()] = self.depth[node.index()] + 1;
                    self.below[link.index()] = Some(next);
                    found.push((next, Some(node)));
                    open.push_back(next);
                }
            }
        }
        let mut size = vec![0; self.states.len()];
        for (node, before) in found.iter().rev() {
            size[node.index()] += 1;
            if let Some(before) = before {
                size[before.index()] += size[node.index()];
            }
        }
        let mut free = vec![0; self.states.len()];
        let mut free_root = 0;
        self.order = vec![NodeIx::new(0); found.len()];
        for (node, before) in found {
            let place = match before {
                Some(before) => &mut free[before.index()],
                None => &mut free_root,
            };
            let from = *place;
            *place += size[node.index()];
            self.order[from] = node;
            self.branch[node.index()] = (from, from + size[node.index()]);
            free[node.index()] = from + 1;
        }
    }
}
