//! How many paths lead to a node that share no link, or no node between.
//!
//! By Menger's theorem that is a maximum flow of unit arcs. Only 0, 1, 2 and "three or more" matter to people, so
//! at most three paths are looked for, from the node towards the hubs and nearest first: a path that exists is
//! found in about its own length, and one that does not is given up at the narrow place next to the node.
//!
//! Hubs are one source, and no path shares them with another. For paths without a common node every node is
//! split into a way in and a way out, joined by one unit arc; several links to the same neighbour are one then.

use std::collections::VecDeque;

use crate::graph::{Cut, Graph, NodeIx};

/// Paths of which at most this many are counted.
pub const MANY: u8 = 3;

/// Counts disjoint paths from the hubs of one network.
#[derive(Clone, Debug)]
pub struct Disjoint {
    is_hub: Vec<bool>,
    by_links: Digraph,
    by_nodes: Digraph,
}

impl Disjoint {
    /// Prepares to count paths from the hubs with `cut` removed, by the transit rule of `graph`.
    ///
    /// Cost O((n + m) log n).
    #[must_use]
    pub fn new(graph: &Graph, cut: &Cut) -> Self {
        let mut is_hub = vec![false; graph.node_count()];
        for hub in graph.hubs() {
            is_hub[hub.index()] = true;
        }
        let mut gone = vec![false; graph.node_count()];
        for node in cut.nodes() {
            gone[node.index()] = true;
        }
        let way_in = |node: NodeIx| 1 + 2 * node.index() as u32;
        let mut by_links = Vec::new();
        let mut by_nodes = Vec::new();
        for node in graph.node_indices() {
            if !is_hub[node.index()] && graph.is_transit(node) {
                by_nodes.push((NodeIx::end(), way_in(node), way_in(node) + 1));
            }
        }
        for link in graph.link_indices() {
            if cut.links().binary_search(&link).is_ok() {
                continue;
            }
            let (a, b) = graph.ends(link);
            for (from, to) in [(a, b), (b, a)] {
                let sends = is_hub[from.index()] || graph.is_transit(from);
                if !sends || is_hub[to.index()] || gone[from.index()] || gone[to.index()] {
                    continue;
                }
                // Two hubs beside a node are two neighbours, although both are the source.
                if is_hub[from.index()] {
                    by_links.push((SOURCE, way_in(to)));
                    by_nodes.push((from, SOURCE, way_in(to)));
                } else {
                    by_links.push((way_in(from), way_in(to)));
                    by_nodes.push((NodeIx::end(), way_in(from) + 1, way_in(to)));
                }
            }
        }
        // Several links to one neighbour are one way.
        by_nodes.sort_unstable();
        by_nodes.dedup();
        let by_nodes: Vec<(u32, u32)> = by_nodes
            .into_iter()
            .map(|(_, from, to)| (from, to))
            .collect();
        let vertices = 1 + 2 * graph.node_count();
        Self {
            is_hub: is_hub
                .iter()
                .zip(&gone)
                .map(|(hub, gone)| *hub && !gone)
                .collect(),
            by_links: Digraph::new(vertices, &by_links),
            by_nodes: Digraph::new(vertices, &by_nodes),
        }
    }

    /// Counts paths to `node` that share no link, and stops at `most`; at a hub it is `most`.
    ///
    /// Cost O(`most` (n + m)) at worst.
    pub fn links(&mut self, node: NodeIx, most: u8) -> u8 {
        if self.is_hub[node.index()] {
            return most;
        }
        self.by_links.paths(1 + 2 * node.index() as u32, most)
    }

    /// Counts paths to `node` that share no node between, and stops at `most`; at a hub it is `most`.
    ///
    /// Cost O(`most` (n + m)) at worst.
    pub fn nodes(&mut self, node: NodeIx, most: u8) -> u8 {
        if self.is_hub[node.index()] {
            return most;
        }
        self.by_nodes.paths(1 + 2 * node.index() as u32, most)
    }
}

/// Where all paths begin.
const SOURCE: u32 = 0;

/// A digraph of unit arcs, and a flow in it that is empty between two questions.
#[derive(Clone, Debug)]
struct Digraph {
    tail: Vec<u32>,
    head: Vec<u32>,
    /// By vertex: its arcs in, nearest tail first.
    into: Vec<Vec<u32>>,
    /// By vertex: its arcs out.
    out: Vec<Vec<u32>>,
    carries: Vec<bool>,
    used: Vec<u32>,
    /// By vertex: the search that saw it last, and the arc towards the target.
    seen: Vec<(u32, u32)>,
    searches: u32,
}

impl Digraph {
    fn new(vertices: usize, arcs: &[(u32, u32)]) -> Self {
        let mut into = vec![Vec::new(); vertices];
        let mut out = vec![Vec::new(); vertices];
        for (arc, (from, to)) in arcs.iter().enumerate() {
            into[*to as usize].push(arc as u32);
            out[*from as usize].push(arc as u32);
        }
        let mut level = vec![u32::MAX; vertices];
        level[SOURCE as usize] = 0;
        let mut open = VecDeque::from([SOURCE]);
        while let Some(vertex) = open.pop_front() {
            for arc in &out[vertex as usize] {
                let next = arcs[*arc as usize].1;
                if level[next as usize] == u32::MAX {
                    level[next as usize] = level[vertex as usize] + 1;
                    open.push_back(next);
                }
            }
        }
        for arcs_in in &mut into {
            // No path comes from where the source does not lead.
            arcs_in.retain(|arc| level[arcs[*arc as usize].0 as usize] != u32::MAX);
            arcs_in.sort_by_key(|arc| level[arcs[*arc as usize].0 as usize]);
        }
        Self {
            tail: arcs.iter().map(|arc| arc.0).collect(),
            head: arcs.iter().map(|arc| arc.1).collect(),
            into,
            out,
            carries: vec![false; arcs.len()],
            used: Vec::new(),
            seen: vec![(0, 0); vertices],
            searches: 0,
        }
    }

    fn paths(&mut self, target: u32, most: u8) -> u8 {
        // Neither the target's arcs nor the source's can carry more paths than they are.
        let most = (most as usize)
            .min(self.into[target as usize].len())
            .min(self.out[SOURCE as usize].len());
        let mut found = 0;
        while found < most && self.augment(target) {
            found += 1;
        }
        for arc in self.used.drain(..) {
            self.carries[arc as usize] = false;
        }
        found as u8
    }

    /// Looks for one more path, turning others aside where needed (Ford and Fulkerson 1956).
    fn augment(&mut self, target: u32) -> bool {
        self.searches += 1;
        self.seen[target as usize] = (self.searches, u32::MAX);
        let mut open = vec![target];
        while let Some(vertex) = open.pop() {
            if vertex == SOURCE {
                self.turn(target);
                return true;
            }
            let cancelled = self.out[vertex as usize]
                .iter()
                .filter(|arc| self.carries[**arc as usize])
                .map(|arc| (*arc, self.head[*arc as usize]));
            let unused = self.into[vertex as usize]
                .iter()
                .rev()
                .filter(|arc| !self.carries[**arc as usize])
                .map(|arc| (*arc, self.tail[*arc as usize]));
            // The last one pushed is the next one taken: the nearest to the source.
            for (arc, next) in cancelled.chain(unused) {
                if self.seen[next as usize].0 != self.searches {
                    self.seen[next as usize] = (self.searches, arc);
                    open.push(next);
                }
            }
        }
        false
    }

    /// Turns every arc on the path just found: unused ones carry now, and cancelled ones do not.
    fn turn(&mut self, target: u32) {
        let mut vertex = SOURCE;
        while vertex != target {
            let arc = self.seen[vertex as usize].1;
            let carries = &mut self.carries[arc as usize];
            *carries = !*carries;
            self.used.push(arc);
            vertex = if self.tail[arc as usize] == vertex {
                self.head[arc as usize]
            } else {
                self.tail[arc as usize]
            };
        }
    }
}
