//! The network as a graph, by link id: the one place that knows indices.
//!
//! Two rules make it different from a textbook graph. Two links between the same nodes are two links. And only
//! transit nodes carry other people's traffic: from a root outward, an arc leaves a node only if that node is
//! transit or is the root itself, so that an agency with fibre and 4G does not become a bridge for its
//! neighbours.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};

use petgraph::Undirected;
use petgraph::graph::{EdgeIndex, NodeIndex};
use petgraph::visit::EdgeRef;

use crate::model::network::Network;
use crate::model::{Element, LinkId, NodeId, Register, RiskId};

/// A position of a node, valid within the graph that gave it.
pub type NodeIx = NodeIndex<u32>;
/// A position of a link, valid within the graph that gave it.
pub type LinkIx = EdgeIndex<u32>;

/// A network as a graph: immutable, positions in order of id.
#[derive(Clone, Debug)]
pub struct Graph {
    inner: petgraph::Graph<Vertex, Arc, Undirected, u32>,
    nodes: Register<NodeId, NodeIx>,
    links: Register<LinkId, LinkIx>,
    risks: BTreeMap<RiskId, Cut>,
    hubs: Vec<NodeIx>,
    monitor: NodeIx,
}

#[derive(Clone, Debug)]
struct Vertex {
    id: NodeId,
    transit: bool,
}

#[derive(Clone, Debug)]
struct Arc {
    id: LinkId,
    metric: u32,
}

/// What has been taken away: nodes and links by position.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Cut {
    nodes: Vec<NodeIx>,
    links: Vec<LinkIx>,
}

impl Cut {
    /// Returns the removed nodes, ascending, without repeats.
    #[must_use]
    pub fn nodes(&self) -> &[NodeIx] {
        &self.nodes
    }

    /// Returns the removed links, ascending, without repeats.
    #[must_use]
    pub fn links(&self) -> &[LinkIx] {
        &self.links
    }

    fn add(&mut self, other: &Self) {
        self.nodes.extend(&other.nodes);
        self.links.extend(&other.links);
        self.nodes.sort_unstable();
        self.nodes.dedup();
        self.links.sort_unstable();
        self.links.dedup();
    }
}

/// Shortest paths from one root: what routing would use.
#[derive(Clone, Debug)]
pub struct Routes {
    root: NodeIx,
    distance: Vec<Option<u64>>,
    back: Vec<Vec<(LinkIx, NodeIx)>>,
}

impl Routes {
    /// Returns the root.
    #[must_use]
    pub fn root(&self) -> NodeIx {
        self.root
    }

    /// Returns the cost from the root, `None` where no path leads.
    #[must_use]
    pub fn distance(&self, node: NodeIx) -> Option<u64> {
        self.distance.get(node.index()).copied().flatten()
    }

    /// Returns the last steps of all shortest paths: link and node before, ascending; several share the load.
    #[must_use]
    pub fn back(&self, node: NodeIx) -> &[(LinkIx, NodeIx)] {
        self.back.get(node.index()).map_or(&[], Vec::as_slice)
    }

    /// Returns one shortest path as the nodes and links after the root, chosen at equal costs by `flow`.
    ///
    /// The same flow takes the same path; `None` where no path leads.
    #[must_use]
    pub fn path(&self, to: NodeIx, flow: u64) -> Option<Vec<(LinkIx, NodeIx)>> {
        self.distance(to)?;
        let mut path = Vec::new();
        let mut at = to;
        while at != self.root {
            let choices = self.back(at);
            // A different share at every hop, so that one flow does not always take the first of two.
            let share = mix(flow ^ (at.index() as u64)) as usize % choices.len().max(1);
            let (link, before) = *choices.get(share)?;
            path.push((link, at));
            at = before;
        }
        path.reverse();
        Some(path)
    }
}

/// Scrambles 64 bits (the finalizer of `SplitMix64`, Steele, Lea and Flood 2014).
#[must_use]
pub fn mix(value: u64) -> u64 {
    let value = value.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let value = (value ^ (value >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let value = (value ^ (value >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    value ^ (value >> 31)
}

impl Graph {
    /// Builds the graph of a network. Cost O((n + m) log n).
    #[must_use]
    pub fn new(network: &Network) -> Self {
        let mut inner = petgraph::Graph::with_capacity(network.nodes.len(), network.links.len());
        let nodes: Register<NodeId, NodeIx> = network
            .nodes
            .values()
            .map(|node| {
                (
                    node.id.clone(),
                    inner.add_node(Vertex {
                        id: node.id.clone(),
                        transit: node.transit,
                    }),
                )
            })
            .collect();
        let links: Register<LinkId, LinkIx> = network
            .links
            .values()
            .map(|link| {
                let arc = Arc {
                    id: link.id.clone(),
                    metric: link.metric.max(1),
                };
                (
                    link.id.clone(),
                    inner.add_edge(nodes[&link.a.node], nodes[&link.b.node], arc),
                )
            })
            .collect();
        let hubs = network.hubs.iter().map(|hub| nodes[hub]).collect();
        let monitor = nodes[&network.monitor];
        let mut graph = Self {
            inner,
            nodes,
            links,
            risks: BTreeMap::new(),
            hubs,
            monitor,
        };
        let risks = network
            .risks
            .values()
            .map(|risk| (risk.id.clone(), graph.cut(&risk.members)))
            .collect();
        graph.risks = risks;
        graph
    }

    /// Returns the number of nodes; positions run from 0 to it.
    #[must_use]
    pub fn node_count(&self) -> usize {
        self.inner.node_count()
    }

    /// Returns the number of links; positions run from 0 to it.
    #[must_use]
    pub fn link_count(&self) -> usize {
        self.inner.edge_count()
    }

    /// Returns all node positions, in order of id.
    #[must_use]
    pub fn node_indices(&self) -> impl DoubleEndedIterator<Item = NodeIx> + use<> {
        self.inner.node_indices()
    }

    /// Returns all link positions, in order of id.
    #[must_use]
    pub fn link_indices(&self) -> impl DoubleEndedIterator<Item = LinkIx> + use<> {
        self.inner.edge_indices()
    }

    /// Returns where a node is.
    #[must_use]
    pub fn node(&self, id: &NodeId) -> Option<NodeIx> {
        self.nodes.get(id).copied()
    }

    /// Returns where a node is; a guess that is right spares the search.
    #[must_use]
    pub fn node_near(&self, guess: Option<NodeIx>, id: &NodeId) -> Option<NodeIx> {
        let is_there = |at: &NodeIx| {
            self.inner
                .node_weight(*at)
                .is_some_and(|node| node.id == *id)
        };
        guess.filter(is_there).or_else(|| self.node(id))
    }

    /// Returns where a link is.
    #[must_use]
    pub fn link(&self, id: &LinkId) -> Option<LinkIx> {
        self.links.get(id).copied()
    }

    /// Returns the id of a node that this graph gave.
    #[must_use]
    pub fn node_id(&self, node: NodeIx) -> &NodeId {
        &self.inner[node].id
    }

    /// Returns the id of a link that this graph gave.
    #[must_use]
    pub fn link_id(&self, link: LinkIx) -> &LinkId {
        &self.inner[link].id
    }

    /// Returns the two ends of a link, as declared.
    #[must_use]
    pub fn ends(&self, link: LinkIx) -> (NodeIx, NodeIx) {
        self.inner
            .edge_endpoints(link)
            .expect("a link position of this graph")
    }

    /// Returns the routing cost of a link.
    #[must_use]
    pub fn metric(&self, link: LinkIx) -> u32 {
        self.inner[link].metric
    }

    /// Returns whether a node carries other people's traffic.
    #[must_use]
    pub fn is_transit(&self, node: NodeIx) -> bool {
        self.inner[node].transit
    }

    /// Returns the hubs.
    #[must_use]
    pub fn hubs(&self) -> &[NodeIx] {
        &self.hubs
    }

    /// Returns where the monitor stands.
    #[must_use]
    pub fn monitor(&self) -> NodeIx {
        self.monitor
    }

    /// Returns links and nodes beside a node, parallel links each; the order is fixed.
    pub fn neighbours(&self, node: NodeIx) -> impl Iterator<Item = (LinkIx, NodeIx)> + '_ {
        self.inner.edges(node).map(move |edge| {
            let other = if edge.source() == node {
                edge.target()
            } else {
                edge.source()
            };
            (edge.id(), other)
        })
    }

    /// Returns what falls with some elements: themselves and, for a risk group, its members.
    ///
    /// Elements that do not exist fall with nothing.
    #[must_use]
    pub fn cut<'a>(&self, elements: impl IntoIterator<Item = &'a Element>) -> Cut {
        let mut cut = Cut::default();
        for element in elements {
            match element {
                Element::Node(id) => cut.nodes.extend(self.node(id)),
                Element::Link(id) => cut.links.extend(self.link(id)),
                Element::Risk(id) => {
                    if let Some(members) = self.risks.get(id) {
                        cut.add(members);
                    }
                }
            }
        }
        cut.add(&Cut::default());
        cut
    }

    /// Returns, for every node by position, whether some root reaches it with `cut` removed.
    ///
    /// A root is reached unless it is cut itself, and may send whether it is transit or not. Cost O(n + m).
    #[must_use]
    pub fn reach(&self, roots: &[NodeIx], cut: &Cut) -> Vec<bool> {
        let (gone, broken) = self.marks(cut);
        let mut reached = vec![false; self.node_count()];
        let mut open: Vec<NodeIx> = Vec::new();
        for &root in roots {
            if !gone[root.index()] && !reached[root.index()] {
                reached[root.index()] = true;
                open.push(root);
            }
        }
        while let Some(node) = open.pop() {
            if !self.is_transit(node) && !roots.contains(&node) {
                continue;
            }
            for (link, next) in self.neighbours(node) {
                if !broken[link.index()] && !gone[next.index()] && !reached[next.index()] {
                    reached[next.index()] = true;
                    open.push(next);
                }
            }
        }
        reached
    }

    /// Returns shortest paths from `root` with `cut` removed, all of equal cost.
    ///
    /// Cost O((n + m) log n) (Dijkstra).
    #[must_use]
    pub fn routes(&self, root: NodeIx, cut: &Cut) -> Routes {
        let (gone, broken) = self.marks(cut);
        let mut distance: Vec<Option<u64>> = vec![None; self.node_count()];
        let mut back: Vec<Vec<(LinkIx, NodeIx)>> = vec![Vec::new(); self.node_count()];
        let mut open = BinaryHeap::new();
        if !gone[root.index()] {
            distance[root.index()] = Some(0);
            open.push(Reverse((0_u64, root)));
        }
        while let Some(Reverse((cost, node))) = open.pop() {
            if distance[node.index()] != Some(cost) || (!self.is_transit(node) && node != root) {
                continue;
            }
            for (link, next) in self.neighbours(node) {
                if broken[link.index()] || gone[next.index()] {
                    continue;
                }
                let through = cost + u64::from(self.metric(link));
                match distance[next.index()] {
                    Some(known) if known < through => {}
                    Some(known) if known == through => back[next.index()].push((link, node)),
                    _ => {
                        distance[next.index()] = Some(through);
                        back[next.index()] = vec![(link, node)];
                        open.push(Reverse((through, next)));
                    }
                }
            }
        }
        for steps in &mut back {
            steps.sort_unstable();
            // A node is settled once for each time it was pushed at the same cost.
            steps.dedup();
        }
        Routes {
            root,
            distance,
            back,
        }
    }

    fn marks(&self, cut: &Cut) -> (Vec<bool>, Vec<bool>) {
        let mut gone = vec![false; self.node_count()];
        let mut broken = vec![false; self.link_count()];
        for node in &cut.nodes {
            gone[node.index()] = true;
        }
        for link in &cut.links {
            broken[link.index()] = true;
        }
        (gone, broken)
    }
}
