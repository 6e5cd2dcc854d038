//! What a new link would save, to first order: enough to say which choices are worth an exact answer.
//!
//! A single fault cuts off some nodes. They fall into pieces that still hold together; a new link from a piece to
//! anywhere that is not cut off brings the piece back while the fault lasts. Summed over all faults that is what a
//! link saves, but for faults of two and more at once and for its own.

use crate::analysis::dominators::{Dominators, Point};
use crate::analysis::hours::YEAR;
use crate::analysis::hours::rate::Chances;
use crate::analysis::reach::Reach;
use crate::graph::{Cut, Graph, NodeIx};
use crate::model::Element;
use crate::model::network::Network;

/// What every node would bring back.
#[derive(Debug)]
pub(in crate::analysis) struct Outlook<'a> {
    graph: &'a Graph,
    /// By node: the faults that cut it off, by place in order, and the weight that a link from it to somewhere safe
    /// would bring back. A node that is not reached even with everything up has one fault, behind all others, that always lasts.
    nodes: Vec<Vec<(usize, f64)>>,
    /// By fault: hours a year that it lasts.
    lasts: Vec<f64>,
}

impl<'a> Outlook<'a> {
    /// Looks at every single fault. Cost O((n + m) log n), and the sum of what each fault cuts off.
    pub(in crate::analysis) fn new(network: &Network, graph: &'a Graph, chances: &Chances) -> Self {
        let tree = Dominators::of(graph, graph.hubs(), &Cut::default());
        let reach = Reach::new(graph, graph.hubs(), &Cut::default());
        let mut weights = vec![0.0; graph.node_count()];
        for agency in network.agencies.values() {
            if let Some(node) = graph.node(&agency.node) {
                weights[node.index()] += f64::from(agency.weight);
            }
        }
        let mut nodes: Vec<Vec<(usize, f64)>> = vec![Vec::new(); graph.node_count()];
        let mut pieces = Pieces {
            graph,
            weights,
            piece: vec![None; graph.node_count()],
        };
        for (place, element) in network.elements().enumerate() {
            let cut = graph.cut([&element]);
            let lost: Vec<NodeIx> = match &element {
                Element::Node(id) => match graph.node(id) {
                    Some(node) => tree.behind(Point::Node(node)).to_vec(),
                    None => continue,
                },
                Element::Link(id) => match graph.link(id) {
                    Some(link) => tree.behind(Point::Link(link)).to_vec(),
                    None => continue,
                },
                Element::Risk(_) => reach.lost(cut.nodes(), cut.links()),
            };
            for (node, weight) in pieces.of(&lost, &cut) {
                nodes[node.index()].push((place, weight));
            }
        }
        let apart: Vec<NodeIx> = graph
            .node_indices()
            .filter(|node| !reach.has(*node))
            .collect();
        let always = chances.all().len();
        for (node, weight) in pieces.of(&apart, &Cut::default()) {
            nodes[node.index()].push((always, weight));
        }
        let lasts = chances.all().iter();
        Self {
            graph,
            nodes,
            lasts: lasts
                .map(|chance| YEAR * chance.unavailability)
                .chain([YEAR])
                .collect(),
        }
    }

    /// Returns the weighted hours a year that a link between two nodes would save, to first order.
    pub(in crate::analysis) fn saves(&self, a: NodeIx, b: NodeIx) -> f64 {
        let (of_a, of_b) = (&self.nodes[a.index()], &self.nodes[b.index()]);
        let hours = |own: &[(usize, f64)], other: &[(usize, f64)]| -> f64 {
            own.iter()
                .filter(|(fault, _)| !is_in(other, *fault))
                .map(|(fault, weight)| self.lasts[*fault] * weight)
                .sum()
        };
        let mut saves = 0.0;
        if self.carries(b) && !self.is_apart(b) {
            saves += hours(of_a, of_b);
        }
        if self.carries(a) && !self.is_apart(a) {
            saves += hours(of_b, of_a);
        }
        saves
    }

    /// Returns the weight that a link between two nodes would bring back during one fault.
    pub(in crate::analysis) fn brings(&self, a: NodeIx, b: NodeIx, fault: usize) -> f64 {
        let (of_a, of_b) = (&self.nodes[a.index()], &self.nodes[b.index()]);
        let weight = |own: &[(usize, f64)]| {
            let found = own.binary_search_by_key(&fault, |(place, _)| *place).ok();
            found.map_or(0.0, |at| own[at].1)
        };
        match (is_in(of_a, fault), is_in(of_b, fault)) {
            (true, false) if self.carries(b) && !self.is_apart(b) => weight(of_a),
            (false, true) if self.carries(a) && !self.is_apart(a) => weight(of_b),
            _ => 0.0,
        }
    }

    /// Returns whether a node is not reached even with everything up: a link from there brings nobody back.
    fn is_apart(&self, node: NodeIx) -> bool {
        let always = self.lasts.len() - 1;
        let last = self.nodes[node.index()].last();
        last.is_some_and(|(fault, _)| *fault == always)
    }

    fn carries(&self, node: NodeIx) -> bool {
        self.graph.is_transit(node) || self.graph.hubs().contains(&node)
    }
}

fn is_in(faults: &[(usize, f64)], fault: usize) -> bool {
    faults
        .binary_search_by_key(&fault, |(place, _)| *place)
        .is_ok()
}

/// Splits what is cut off into what still holds together.
struct Pieces<'a> {
    graph: &'a Graph,
    weights: Vec<f64>,
    /// By node: `usize::MAX` while it waits, then the number of its piece.
    piece: Vec<Option<usize>>,
}

impl Pieces<'_> {
    /// Returns the nodes that are cut off and stand, with the weight that each would bring back.
    fn of(&mut self, lost: &[NodeIx], cut: &Cut) -> Vec<(NodeIx, f64)> {
        let stands = |node: &NodeIx| cut.nodes().binary_search(node).is_err();
        for node in lost {
            self.piece[node.index()] = stands(node).then_some(usize::MAX);
        }
        let mut sums: Vec<f64> = Vec::new();
        let mut found: Vec<(NodeIx, Option<usize>)> = Vec::new();
        let mut stack = Vec::new();
        for start in lost {
            if self.piece[start.index()] != Some(usize::MAX) || !self.graph.is_transit(*start) {
                continue;
            }
            let number = sums.len();
            let mut sum = 0.0;
            self.piece[start.index()] = Some(number);
            stack.push(*start);
            while let Some(node) = stack.pop() {
                sum += self.weights[node.index()];
                found.push((node, Some(number)));
                for (link, next) in self.graph.neighbours(node) {
                    let waits = self.piece[next.index()] == Some(usize::MAX);
                    if !waits || cut.links().binary_search(&link).is_ok() {
                        continue;
                    }
                    if self.graph.is_transit(next) {
                        self.piece[next.index()] = Some(number);
                        stack.push(next);
                    } else {
                        // It comes back with every piece that it hangs on, and brings nobody back itself.
                        sum += self.weights[next.index()];
                    }
                }
            }
            sums.push(sum);
        }
        for node in lost {
            if self.piece[node.index()] == Some(usize::MAX) {
                found.push((*node, None));
            }
            self.piece[node.index()] = None;
        }
        found
            .into_iter()
            .map(|(node, piece)| {
                let weight = piece.map_or(self.weights[node.index()], |piece| sums[piece]);
                (node, weight)
            })
            .collect()
    }
}
