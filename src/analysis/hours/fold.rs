//! What of a network has to be decided by states, and what can be multiplied.
//!
//! Most of a network hangs on it like leaves: an agency behind one link is reached when the link holds and its
//! node is up and the place it hangs on is reached. Such factors are folded into a *term*: a sign, a set of
//! elements that must all be up, and a *want*, a set of places of the core that must all be reached. An agency
//! with two ways in is three terms, by inclusion and exclusion: one way, the other, less both. What remains is
//! the core, on which `circuit` works.
//!
//! The hard thought is in the risk groups. A group with members in the core is a state of the core, and a term
//! with a folded member wants that group up; a group all of whose members are folded is one more factor.

use std::collections::BTreeMap;

use crate::graph::{Cut, Graph, LinkIx, NodeIx};
use crate::model::Element;
use crate::model::network::Network;

/// An agency with more ways in than this would need more terms than it is worth: 2^10.
const MOST_WAYS: usize = 10;

/// The position of an element in the order of `Network::elements`: nodes, links, risk groups, each by id.
pub(super) type Ix = usize;

/// The part of a network that is not folded.
#[derive(Debug, Default)]
pub(super) struct Core {
    pub(super) vertices: Vec<Vertex>,
    pub(super) links: Vec<Span>,
    /// Risk groups with a member in the core, as elements.
    pub(super) groups: Vec<Ix>,
    /// What the terms want, each once.
    pub(super) wants: Vec<Want>,
}

/// A node of the core: a hub, or one that carries traffic and has two ways out.
#[derive(Debug)]
pub(super) struct Vertex {
    pub(super) element: Ix,
    pub(super) is_hub: bool,
    /// Positions in `Core::groups`.
    pub(super) groups: Vec<usize>,
}

/// A link of the core.
#[derive(Debug)]
pub(super) struct Span {
    pub(super) element: Ix,
    /// Positions in `Core::vertices`.
    pub(super) ends: [usize; 2],
    /// Positions in `Core::groups`.
    pub(super) groups: Vec<usize>,
}

/// Vertices that must all be reached and groups that must all be up, ascending; at least one vertex.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Want {
    pub(super) vertices: Vec<usize>,
    pub(super) groups: Vec<usize>,
}

/// A summand of the probability that a node is reached.
#[derive(Debug)]
pub(super) struct Term {
    /// Of inclusion and exclusion: 1 or -1.
    pub(super) sign: f64,
    /// Elements that must all be up, ascending, without repeats.
    pub(super) factors: Vec<Ix>,
    /// Position in `Core::wants`.
    pub(super) want: usize,
}

/// A network, folded.
#[derive(Debug)]
pub(super) struct Folded {
    pub(super) core: Core,
    /// In the order of what was asked: the node, and its terms; none where it is never reached.
    pub(super) asked: Vec<(NodeIx, Vec<Term>)>,
}

/// A node that is asked for, and by which ways it is joined to the rest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::analysis) struct Access {
    pub(in crate::analysis) node: NodeIx,
    /// Ways in to it that are taken as not there: only of a node that carries no traffic, so that the rest of the
    /// network does not change with them.
    pub(in crate::analysis) without: Vec<LinkIx>,
}

impl Access {
    /// Returns a node with all the ways that lead to it.
    pub(super) fn whole(node: NodeIx) -> Self {
        Self {
            node,
            without: Vec::new(),
        }
    }
}

/// A node has more ways in than inclusion and exclusion can be asked to handle.
#[derive(Debug)]
pub(super) struct TooManyWays;

impl Folded {
    /// Folds what is left of a network without `cut`, with terms for the nodes that are `asked`, each as often as it
    /// is; the hubs of it are `roots`, whatever else is one.
    ///
    /// Cost O((n + m) log n), and 2^k each time that a node with k ways in that carries no traffic is asked for.
    pub(super) fn new(
        network: &Network,
        graph: &Graph,
        roots: &[NodeIx],
        cut: &Cut,
        asked: &[Access],
    ) -> Result<Self, TooManyWays> {
        let mut fold = Fold::new(network, graph, roots, cut);
        fold.pluck();
        let mut core = fold.core();
        let mut wants: BTreeMap<Want, usize> = BTreeMap::new();
        let mut terms: Vec<(NodeIx, Vec<Term>)> = Vec::with_capacity(asked.len());
        for one in asked {
            terms.push((one.node, fold.terms(one, &mut wants)?));
        }
        let mut order: Vec<(usize, Want)> = wants
            .into_iter()
            .map(|(want, place)| (place, want))
            .collect();
        order.sort_unstable();
        core.wants = order.into_iter().map(|(_, want)| want).collect();
        Ok(Self { core, asked: terms })
    }
}

/// The work on one network.
struct Fold<'a> {
    graph: &'a Graph,
    /// By element: the risk groups it is in, as elements.
    groups: Vec<Vec<Ix>>,
    /// By node: reached from a hub with everything left up.
    is_alive: Vec<bool>,
    /// By node: alive, and a hub or one that carries traffic.
    conducts: Vec<bool>,
    is_hub: Vec<bool>,
    is_gone: Vec<bool>,
    /// By node: for a plucked leaf, the link it hung by and what it hung on.
    hung: Vec<Option<(LinkIx, NodeIx)>>,
    /// By node and by group element: its place in the core.
    vertex: Vec<Option<usize>>,
    group: BTreeMap<Ix, usize>,
}

impl<'a> Fold<'a> {
    fn new(network: &Network, graph: &'a Graph, roots: &[NodeIx], cut: &Cut) -> Self {
        let (nodes, links) = (graph.node_count(), graph.link_count());
        let mut groups = vec![Vec::new(); nodes + links];
        for (place, risk) in network.risks.values().enumerate() {
            for member in &risk.members {
                if let Some(member) = position(graph, member) {
                    groups[member].push(nodes + links + place);
                }
            }
        }
        let is_alive = graph.reach(roots, cut);
        let mut is_hub = vec![false; nodes];
        for root in roots {
            is_hub[root.index()] = true;
        }
        let mut is_gone = vec![false; links];
        for link in cut.links() {
            is_gone[link.index()] = true;
        }
        let conducts = graph
            .node_indices()
            .map(|node| is_alive[node.index()] && (graph.is_transit(node) || is_hub[node.index()]))
            .collect();
        Self {
            graph,
            groups,
            is_alive,
            conducts,
            is_hub,
            is_gone,
            hung: vec![None; nodes],
            vertex: vec![None; nodes],
            group: BTreeMap::new(),
        }
    }

    /// Returns the links over which a node can be reached, and from where.
    fn ways(&self, node: NodeIx) -> impl Iterator<Item = (LinkIx, NodeIx)> + '_ {
        self.graph.neighbours(node).filter(move |(link, other)| {
            !self.is_gone[link.index()] && *other != node && self.conducts[other.index()]
        })
    }

    /// Takes off leaf after leaf; a hub is never one.
    fn pluck(&mut self) {
        let mut ways: Vec<usize> = self
            .graph
            .node_indices()
            .map(|node| {
                if self.conducts[node.index()] {
                    self.ways(node).count()
                } else {
                    0
                }
            })
            .collect();
        let is_leaf = |fold: &Self, ways: &[usize], node: NodeIx| {
            fold.conducts[node.index()]
                && !fold.is_hub[node.index()]
                && fold.hung[node.index()].is_none()
                && ways[node.index()] == 1
        };
        let mut leaves: Vec<NodeIx> = self
            .graph
            .node_indices()
            .filter(|node| is_leaf(self, &ways, *node))
            .collect();
        while let Some(leaf) = leaves.pop() {
            if !is_leaf(self, &ways, leaf) {
                continue;
            }
            let way = self
                .ways(leaf)
                .find(|(_, other)| self.hung[other.index()].is_none());
            if let Some((link, other)) = way {
                self.hung[leaf.index()] = Some((link, other));
                ways[leaf.index()] -= 1;
                ways[other.index()] -= 1;
                if is_leaf(self, &ways, other) {
                    leaves.push(other);
                }
            }
        }
    }

    /// Gathers what was not plucked.
    fn core(&mut self) -> Core {
        let mut core = Core::default();
        let nodes = self.graph.node_count();
        for node in self.graph.node_indices() {
            if self.conducts[node.index()] && self.hung[node.index()].is_none() {
                self.vertex[node.index()] = Some(core.vertices.len());
                let groups = self.grouped(node.index(), &mut core);
                core.vertices.push(Vertex {
                    element: node.index(),
                    is_hub: self.is_hub[node.index()],
                    groups,
                });
            }
        }
        for link in self.graph.link_indices() {
            let (a, b) = self.graph.ends(link);
            let (Some(from), Some(to)) = (self.vertex[a.index()], self.vertex[b.index()]) else {
                continue;
            };
            // Between two hubs a link decides nothing: each is a root by itself.
            let is_idle = self.is_hub[a.index()] && self.is_hub[b.index()];
            if self.is_gone[link.index()] || from == to || is_idle {
                continue;
            }
            let element = nodes + link.index();
            let groups = self.grouped(element, &mut core);
            core.links.push(Span {
                element,
                ends: [from, to],
                groups,
            });
        }
        core
    }

    /// Returns the places of an element's groups in the core; from now on these groups are of the core.
    fn grouped(&mut self, element: Ix, core: &mut Core) -> Vec<usize> {
        let mut places: Vec<usize> = self.groups[element]
            .iter()
            .map(|group| {
                *self.group.entry(*group).or_insert_with(|| {
                    core.groups.push(*group);
                    core.groups.len() - 1
                })
            })
            .collect();
        places.sort_unstable();
        places
    }

    /// Returns what decides whether a node is reached.
    fn terms(
        &self,
        asked: &Access,
        wants: &mut BTreeMap<Want, usize>,
    ) -> Result<Vec<Term>, TooManyWays> {
        let node = asked.node;
        if !self.is_alive[node.index()] {
            return Ok(Vec::new());
        }
        if self.conducts[node.index()] {
            let mut set = Set::default();
            self.climb(node, &mut set);
            return Ok(vec![self.term(1.0, set, wants)]);
        }
        let is_there = |way: &(LinkIx, NodeIx)| !asked.without.contains(&way.0);
        let ways: Vec<(LinkIx, NodeIx)> = self.ways(node).filter(is_there).collect();
        if ways.len() > MOST_WAYS {
            return Err(TooManyWays);
        }
        // Inclusion and exclusion over the ways in.
        Ok((1_u32..1 << ways.len())
            .map(|chosen| {
                let mut set = Set::default();
                set.factors.push(node.index());
                for (place, (link, other)) in ways.iter().enumerate() {
                    if chosen >> place & 1 == 1 {
                        set.factors.push(self.graph.node_count() + link.index());
                        self.climb(*other, &mut set);
                    }
                }
                let sign = if chosen.count_ones() % 2 == 1 {
                    1.0
                } else {
                    -1.0
                };
                self.term(sign, set, wants)
            })
            .collect())
    }

    /// Adds what lies between a node that conducts and the core.
    fn climb(&self, node: NodeIx, set: &mut Set) {
        let mut at = node;
        while let Some((link, other)) = self.hung[at.index()] {
            set.factors.push(at.index());
            set.factors.push(self.graph.node_count() + link.index());
            at = other;
        }
        set.vertices.extend(self.vertex[at.index()]);
    }

    fn term(&self, sign: f64, mut set: Set, wants: &mut BTreeMap<Want, usize>) -> Term {
        let mut groups: Vec<usize> = Vec::new();
        for place in 0..set.factors.len() {
            for group in &self.groups[set.factors[place]] {
                match self.group.get(group) {
                    Some(place) => groups.push(*place),
                    None => set.factors.push(*group),
                }
            }
        }
        for list in [&mut set.factors, &mut set.vertices, &mut groups] {
            list.sort_unstable();
            list.dedup();
        }
        let next = wants.len();
        let want = Want {
            vertices: set.vertices,
            groups,
        };
        Term {
            sign,
            factors: set.factors,
            want: *wants.entry(want).or_insert(next),
        }
    }
}

/// A term in the making.
#[derive(Default)]
struct Set {
    factors: Vec<Ix>,
    vertices: Vec<usize>,
}

/// Returns where a node or link stands in the order of `Network::elements`.
fn position(graph: &Graph, element: &Element) -> Option<Ix> {
    match element {
        Element::Node(id) => graph.node(id).map(NodeIx::index),
        Element::Link(id) => graph.link(id).map(|link| graph.node_count() + link.index()),
        Element::Risk(_) => None,
    }
}
