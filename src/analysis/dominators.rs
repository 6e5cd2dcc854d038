//! Which single elements stand between the roots and everything else: the chain in front, the blast behind.
//!
//! A vertex d dominates v when every path from the roots to v passes d; then the loss of d alone loses v. Links
//! are vertices too (each is split by a point in its middle), so that nodes and links are found by the same
//! search; a point above the roots joins them, so that several hubs are one. Arcs follow the transit rule of
//! `graph`: a node sends only if it is transit or a root.
//!
//! The one hard thought is that of Lengauer and Tarjan (1979): number the vertices in depth-first order, and the
//! least number from which a vertex can be reached by higher numbers only almost is its dominator. Their simple
//! form is used, with path compression: O((n + m) log (n + m)) whatever the shape, where the shorter algorithm of
//! Cooper, Harvey and Kennedy needs the square of the depth on ladders. Nothing recurses, so a chain of 50,000
//! is as good as a star.

use crate::graph::{Cut, Graph, LinkIx, NodeIx};

/// A node or a link by position.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// A node.
    Node(NodeIx),
    /// A link.
    Link(LinkIx),
}

/// The dominator tree of a network, seen from some roots.
#[derive(Clone, Debug)]
pub struct Dominators {
    nodes: usize,
    /// By vertex: the next one towards the roots; the vertex above the roots is 0.
    idom: Vec<u32>,
    /// Reached nodes, in an order in which those behind any point stand together.
    order: Vec<NodeIx>,
    /// By vertex: where those behind it stand in `order`.
    span: Vec<(u32, u32)>,
}

/// No vertex.
const NONE: u32 = u32::MAX;
/// The vertex above the roots.
const TOP: u32 = 0;

impl Dominators {
    /// Finds the dominators of everything that `roots` reach with `cut` removed.
    ///
    /// Cost O((n + m) log (n + m)).
    #[must_use]
    pub fn of(graph: &Graph, roots: &[NodeIx], cut: &Cut) -> Self {
        let split = Split::new(graph, roots, cut);
        let tree = Forest::search(&split);
        let idom = tree.dominators(&split);
        Self::arrange(graph, &tree, &idom)
    }

    /// Returns the points that dominate `node`, from the roots outward, itself last; empty if it is not reached.
    ///
    /// Cost O(length).
    #[must_use]
    pub fn chain(&self, node: NodeIx) -> Vec<Point> {
        let mut chain = Vec::new();
        let mut at = self.vertex(Point::Node(node));
        while at != TOP && self.idom[at as usize] != NONE {
            chain.push(self.point(at));
            at = self.idom[at as usize];
        }
        chain.reverse();
        chain
    }

    /// Returns the point next in front of `point`, `None` for a root, and where it is not reached.
    #[must_use]
    pub fn in_front(&self, point: Point) -> Option<Point> {
        match self.idom[self.vertex(point) as usize] {
            TOP | NONE => None,
            before => Some(self.point(before)),
        }
    }

    /// Returns the nodes that are lost with `point`, itself included if it is a node, in `order`.
    #[must_use]
    pub fn behind(&self, point: Point) -> &[NodeIx] {
        let (from, to) = self.span(point);
        &self.order[from..to]
    }

    /// Returns where the nodes behind `point` stand in `order`: from, and first after.
    #[must_use]
    pub fn span(&self, point: Point) -> (usize, usize) {
        let (from, to) = self.span[self.vertex(point) as usize];
        (from as usize, to as usize)
    }

    /// Returns all reached nodes, those behind any point standing together.
    #[must_use]
    pub fn order(&self) -> &[NodeIx] {
        &self.order
    }

    fn vertex(&self, point: Point) -> u32 {
        match point {
            Point::Node(node) => 1 + node.index() as u32,
            Point::Link(link) => (1 + self.nodes + link.index()) as u32,
        }
    }

    fn point(&self, vertex: u32) -> Point {
        let place = vertex as usize - 1;
        if place < self.nodes {
            Point::Node(NodeIx::new(place))
        } else {
            Point::Link(LinkIx::new(place - self.nodes))
        }
    }

    /// Lays the tree out so that every subtree is one run of nodes.
    fn arrange(graph: &Graph, tree: &Forest, idom_by_number: &[u32]) -> Self {
        let nodes = graph.node_count();
        let vertices = 1 + nodes + graph.link_count();
        let is_node = |number: usize| (1..=nodes).contains(&(tree.vertex[number] as usize));
        let reached = tree.vertex.len();
        let mut size = vec![0_u32; reached];
        for number in (0..reached).rev() {
            size[number] += u32::from(is_node(number));
            if number > 0 {
                let add = size[number];
                size[idom_by_number[number] as usize] += add;
            }
        }
        let mut idom = vec![NONE; vertices];
        let mut span = vec![(0, 0); vertices];
        let mut order = vec![NodeIx::new(0); size[0] as usize];
        let mut free = vec![0_u32; reached];
        // A dominator has a smaller number than those it dominates, so it has its place before they ask for one.
        for number in 0..reached {
            let vertex = tree.vertex[number] as usize;
            let mut from = 0;
            if number > 0 {
                let before = idom_by_number[number] as usize;
                idom[vertex] = tree.vertex[before];
                from = free[before];
                free[before] += size[number];
            }
            span[vertex] = (from, from + size[number]);
            free[number] = from;
            if is_node(number) {
                order[from as usize] = NodeIx::new(vertex - 1);
                free[number] += 1;
            }
        }
        Self {
            nodes,
            idom,
            order,
            span,
        }
    }
}

/// The rooted digraph in which links are vertices: 0 above the roots, then nodes, then links.
struct Split<'a> {
    graph: &'a Graph,
    roots: &'a [NodeIx],
    is_root: Vec<bool>,
    gone: Vec<bool>,
    broken: Vec<bool>,
}

impl<'a> Split<'a> {
    fn new(graph: &'a Graph, roots: &'a [NodeIx], cut: &Cut) -> Self {
        let mut is_root = vec![false; graph.node_count()];
        let mut gone = vec![false; graph.node_count()];
        let mut broken = vec![false; graph.link_count()];
        for root in roots {
            is_root[root.index()] = true;
        }
        for node in cut.nodes() {
            gone[node.index()] = true;
        }
        for link in cut.links() {
            broken[link.index()] = true;
        }
        Self {
            graph,
            roots,
            is_root,
            gone,
            broken,
        }
    }

    fn len(&self) -> usize {
        1 + self.graph.node_count() + self.graph.link_count()
    }

    fn sends(&self, node: NodeIx) -> bool {
        !self.gone[node.index()] && (self.is_root[node.index()] || self.graph.is_transit(node))
    }

    fn node(node: NodeIx) -> u32 {
        1 + node.index() as u32
    }

    fn link(&self, link: LinkIx) -> u32 {
        (1 + self.graph.node_count() + link.index()) as u32
    }

    fn links(&self, node: NodeIx) -> impl Iterator<Item = u32> + '_ {
        self.graph
            .neighbours(node)
            .filter(|(link, _)| !self.broken[link.index()])
            .map(|(link, _)| self.link(link))
    }

    fn ends(&self, vertex: u32) -> [NodeIx; 2] {
        let link = LinkIx::new(vertex as usize - 1 - self.graph.node_count());
        let (a, b) = self.graph.ends(link);
        [a, b]
    }

    fn as_node(&self, vertex: u32) -> Option<NodeIx> {
        let place = vertex as usize - 1;
        (place < self.graph.node_count()).then(|| NodeIx::new(place))
    }

    fn for_each_after(&self, vertex: u32, mut visit: impl FnMut(u32)) {
        if vertex == TOP {
            for root in self.roots.iter().filter(|root| !self.gone[root.index()]) {
                visit(Self::node(*root));
            }
        } else if let Some(node) = self.as_node(vertex) {
            if self.sends(node) {
                self.links(node).for_each(visit);
            }
        } else {
            for end in self.ends(vertex) {
                if !self.gone[end.index()] {
                    visit(Self::node(end));
                }
            }
        }
    }

    fn for_each_before(&self, vertex: u32, mut visit: impl FnMut(u32)) {
        if let Some(node) = self.as_node(vertex) {
            if self.is_root[node.index()] {
                visit(TOP);
            }
            self.links(node).for_each(visit);
        } else {
            for end in self.ends(vertex) {
                if self.sends(end) {
                    visit(Self::node(end));
                }
            }
        }
    }
}

/// A depth-first tree: vertices by number, numbers by vertex, and the number each was found from.
struct Forest {
    vertex: Vec<u32>,
    number: Vec<u32>,
    parent: Vec<u32>,
}

impl Forest {
    fn search(split: &Split) -> Self {
        let mut forest = Self {
            vertex: Vec::new(),
            number: vec![NONE; split.len()],
            parent: Vec::new(),
        };
        let mut open = vec![(TOP, TOP)];
        while let Some((from, vertex)) = open.pop() {
            if forest.number[vertex as usize] != NONE {
                continue;
            }
            let number = forest.vertex.len() as u32;
            forest.number[vertex as usize] = number;
            forest.vertex.push(vertex);
            forest.parent.push(from);
            split.for_each_after(vertex, |next| {
                if forest.number[next as usize] == NONE {
                    open.push((number, next));
                }
            });
        }
        forest
    }

    /// Returns the dominator of every number, as a number.
    fn dominators(&self, split: &Split) -> Vec<u32> {
        let reached = self.vertex.len();
        let mut semi: Vec<u32> = (0..reached as u32).collect();
        let mut idom = vec![TOP; reached];
        let mut linked = Linked::new(reached);
        let mut first_waiting = vec![NONE; reached];
        let mut next_waiting = vec![NONE; reached];
        for w in (1..reached).rev() {
            let mut least = semi[w];
            split.for_each_before(self.vertex[w], |before| {
                let number = self.number[before as usize];
                if number != NONE {
                    least = least.min(semi[linked.best(number, &semi) as usize]);
                }
            });
            semi[w] = least;
            next_waiting[w] = first_waiting[least as usize];
            first_waiting[least as usize] = w as u32;
            let parent = self.parent[w];
            linked.ancestor[w] = parent;
            let mut v = std::mem::replace(&mut first_waiting[parent as usize], NONE);
            while v != NONE {
                let best = linked.best(v, &semi);
                idom[v as usize] = if semi[best as usize] < semi[v as usize] {
                    best
                } else {
                    parent
                };
                v = next_waiting[v as usize];
            }
        }
        for w in 1..reached {
            if idom[w] != semi[w] {
                idom[w] = idom[idom[w] as usize];
            }
        }
        idom
    }
}

/// The part of the tree that has been worked through, with its paths compressed.
struct Linked {
    ancestor: Vec<u32>,
    label: Vec<u32>,
    path: Vec<u32>,
}

impl Linked {
    fn new(len: usize) -> Self {
        Self {
            ancestor: vec![NONE; len],
            label: (0..len as u32).collect(),
            path: Vec::new(),
        }
    }

    /// Returns the vertex of least semidominator on the way from `v` up to, not including, its tree's root.
    fn best(&mut self, v: u32, semi: &[u32]) -> u32 {
        let mut at = v;
        if self.ancestor[at as usize] == NONE {
            return self.label[at as usize];
        }
        while self.ancestor[self.ancestor[at as usize] as usize] != NONE {
            self.path.push(at);
            at = self.ancestor[at as usize];
        }
        while let Some(at) = self.path.pop() {
            let above = self.ancestor[at as usize] as usize;
            let (label, other) = (self.label[at as usize], self.label[above]);
            if semi[other as usize] < semi[label as usize] {
                self.label[at as usize] = other;
            }
            self.ancestor[at as usize] = self.ancestor[above];
        }
        self.label[v as usize]
    }
}
