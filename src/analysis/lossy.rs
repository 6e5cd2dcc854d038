//! Which link loses packets: what is lost behind it, and not beside it.
//!
//! Echoes to every node are counted end to end, there and back. On the tree of shortest paths from the
//! monitor, what a lossy link loses shows at everything behind it and at nothing beside it; loss that is
//! everywhere, or grows with every hop, blames nobody. Only a difference that is sure is named: the lower bound
//! behind a link against the upper bound beside it.
//!
//! A link and the node at its far end cannot be told apart by echoes; nor can links between which nobody is
//! asked. They are named together.

use std::collections::BTreeMap;

use crate::graph::{Cut, Graph, LinkIx, NodeIx};
use crate::model::ratio::interval;
use crate::model::{Element, NodeId};

/// Loss that one link must add to be named: what the eye sees as a lossy line, and twice what half a percent in
/// each direction adds.
const LEAST: f64 = 0.02;

/// Lost echoes below which nothing can be sure.
const FEWEST: u32 = 3;

/// One minus the confidence of the lower bound. About 750 links are looked at every ten seconds, so that at
/// one in a million a network without a lossy link is wrongly accused about once in a year.
const SURE: f64 = 1e-6;

/// One minus the confidence of the upper bound beside the link: the second line of defence.
const BESIDE: f64 = 1e-3;

/// Echoes sent and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Echoes {
    pub sent: u32,
    pub lost: u32,
}

impl Echoes {
    fn add(&mut self, other: Self) {
        self.sent += other.sent;
        self.lost += other.lost;
    }

    fn without(self, other: Self) -> Self {
        Self {
            sent: self.sent - other.sent,
            lost: self.lost - other.lost,
        }
    }

    fn ratio(self) -> f64 {
        f64::from(self.lost) / f64::from(self.sent.max(1))
    }
}

/// A lossy segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Lossy {
    /// Its links and the nodes at their far ends, the nearest to the monitor first.
    pub elements: Vec<Element>,
    /// Nodes behind it whose echoes were counted, in order of id.
    pub nodes: Vec<NodeId>,
    /// Counted behind it.
    pub behind: Echoes,
    /// Counted beside it.
    pub beside: Echoes,
}

/// What every shortest path from the monitor to a node shares: computed once for a model, asked often.
#[derive(Clone, Debug)]
pub struct Paths {
    /// All that is reached, a node after the one before it.
    order: Vec<NodeIx>,
    /// The node before, and the link from it where all paths share that too.
    before: Vec<Option<(NodeIx, Option<LinkIx>)>>,
    children: Vec<Vec<NodeIx>>,
}

impl Paths {
    /// Finds what is shared. Cost O((n + m) log n).
    #[must_use]
    pub fn new(graph: &Graph) -> Self {
        let size = graph.node_count();
        let routes = graph.routes(graph.monitor(), &Cut::default());
        let mut order: Vec<(u64, NodeIx)> = graph
            .node_indices()
            .filter_map(|node| Some((routes.distance(node)?, node)))
            .collect();
        order.sort_unstable();
        let mut before: Vec<Option<(NodeIx, Option<LinkIx>)>> = vec![None; size];
        let mut children: Vec<Vec<NodeIx>> = vec![Vec::new(); size];
        let mut depth = vec![0_u32; size];
        for (_, node) in &order {
            let steps = routes.back(*node);
            let Some((first, rest)) = steps.split_first() else {
                continue;
            };
            let shared = if rest.is_empty() {
                (first.1, Some(first.0))
            } else {
                let meet = rest.iter().fold(first.1, |meet, (_, other)| {
                    nearest(&before, &depth, meet, *other)
                });
                (meet, None)
            };
            depth[node.index()] = depth[shared.0.index()] + 1;
            before[node.index()] = Some(shared);
            children[shared.0.index()].push(*node);
        }
        let order = order.into_iter().map(|(_, node)| node).collect();
        Self {
            order,
            before,
            children,
        }
    }

    /// Returns the lossy segments, in order of their first element.
    ///
    /// `echoes` holds nodes that answer; one that is silent through an inquiry is no matter of loss. A node that
    /// several shortest paths reach is counted behind what all of them share. `graph` must be the one that these
    /// paths were found in. Cost O(n log n).
    #[must_use]
    pub fn lossy(&self, graph: &Graph, echoes: &BTreeMap<NodeId, Echoes>) -> Vec<Lossy> {
        // On most days there is nothing to look for.
        if echoes.values().map(|echoes| echoes.lost).sum::<u32>() < FEWEST {
            return Vec::new();
        }
        let mut count = Count::new(self, graph, echoes);
        let mut found = Vec::new();
        // The farthest first: what is lost behind it is its own, and no longer counts against what is in front.
        for node in self.order.iter().rev() {
            if let Some(lossy) = count.judge(graph, echoes, *node) {
                count.set_aside(*node);
                found.push(lossy);
            }
        }
        found.sort_by(|one: &Lossy, other| one.elements.cmp(&other.elements));
        found
    }
}

/// The echoes, by where on the paths they were counted.
struct Count<'a> {
    paths: &'a Paths,
    own: Vec<Echoes>,
    /// With everything behind.
    whole: Vec<Echoes>,
}

impl<'a> Count<'a> {
    fn new(paths: &'a Paths, graph: &Graph, echoes: &BTreeMap<NodeId, Echoes>) -> Self {
        let own: Vec<Echoes> = graph
            .node_indices()
            .map(|node| echoes.get(graph.node_id(node)).copied().unwrap_or_default())
            .collect();
        let mut whole = own.clone();
        for node in paths.order.iter().rev() {
            if let Some((parent, _)) = paths.before[node.index()] {
                let behind = whole[node.index()];
                whole[parent.index()].add(behind);
            }
        }
        Self { paths, own, whole }
    }

    /// Takes what was counted behind a node out of everything in front of it.
    fn set_aside(&mut self, node: NodeIx) {
        let behind = self.whole[node.index()];
        let mut at = node;
        while let Some((parent, _)) = self.paths.before[at.index()] {
            let whole = &mut self.whole[parent.index()];
            *whole = whole.without(behind);
            at = parent;
        }
        // What stands beside it must not take it out a second time.
        self.whole[node.index()] = Echoes::default();
    }

    /// Judges the segment that ends at `node` and begins where something beside it is asked.
    fn judge(
        &self,
        graph: &Graph,
        echoes: &BTreeMap<NodeId, Echoes>,
        node: NodeIx,
    ) -> Option<Lossy> {
        let behind = self.whole[node.index()];
        // A node that is not asked and has one child is part of that child's segment.
        let is_inner =
            self.own[node.index()].sent == 0 && self.paths.children[node.index()].len() < 2;
        if is_inner || behind.ratio() < LEAST || behind.lost < FEWEST {
            return None;
        }
        let mut elements = Vec::new();
        let mut hops = 0.0;
        let mut at = node;
        let beside = loop {
            let (parent, link) = self.paths.before[at.index()]?;
            // What several paths share has no single link to blame.
            elements.push(Element::Node(graph.node_id(at).clone()));
            elements.push(Element::Link(graph.link_id(link?).clone()));
            hops += 1.0;
            let beside = self.whole[parent.index()].without(behind);
            if beside.sent > 0 {
                break beside;
            }
            at = parent;
        };
        // The bounds lie outside the ratios, and are dear: most links are let go here.
        if behind.ratio() - beside.ratio() < LEAST * hops {
            return None;
        }
        let (low, _) = interval(behind.lost, behind.sent, SURE);
        let (_, high) = interval(beside.lost, beside.sent, BESIDE);
        if low - high < LEAST * hops {
            return None;
        }
        elements.reverse();
        let mut nodes = Vec::new();
        let mut open = vec![node];
        while let Some(next) = open.pop() {
            nodes.extend(Some(graph.node_id(next).clone()).filter(|id| echoes.contains_key(id)));
            open.extend(&self.paths.children[next.index()]);
        }
        nodes.sort_unstable();
        Some(Lossy {
            elements,
            nodes,
            behind,
            beside,
        })
    }
}

/// Returns the last node that the shared paths of two nodes have in common.
fn nearest(
    before: &[Option<(NodeIx, Option<LinkIx>)>],
    depth: &[u32],
    mut one: NodeIx,
    mut other: NodeIx,
) -> NodeIx {
    while one != other {
        let (deeper, rest) = if depth[one.index()] >= depth[other.index()] {
            (one, other)
        } else {
            (other, one)
        };
        let Some((up, _)) = before[deeper.index()] else {
            return rest;
        };
        (one, other) = (up, rest);
    }
    one
}
