//! Where a network falls apart: bridges, articulation points, blocks, and the tree that bridges leave.
//!
//! Everything here is blind to hubs and to the transit rule: it is about the bare links, and says whether the
//! network would fall into more pieces. Who is cut off from a hub is asked of `dominators`.
//!
//! The one hard thought: the search may not go back by the *link* it came by, yet may go back to the *node* it
//! came from, if a second link leads there. Skipping the node would call a doubled link weak.

use crate::graph::{Graph, LinkIx, NodeIx};

/// The places at which a network falls apart, as sets of links and nodes.
///
/// A bridge is a link whose loss makes more components; an articulation point is such a node. A block is a
/// largest set of links any two of which lie on a common cycle, or one bridge. A class is a largest set of
/// nodes any two of which stay connected whichever one link is lost.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cuts {
    bridges: Vec<LinkIx>,
    articulation_points: Vec<NodeIx>,
    blocks: Vec<Vec<LinkIx>>,
    classes: Vec<Vec<NodeIx>>,
    class_of: Vec<usize>,
}

/// Not yet seen by the search; real numbers begin at 1.
const UNSEEN: u32 = 0;

impl Cuts {
    /// Finds them all in one depth-first search (Hopcroft and Tarjan 1973). Cost O(n + m).
    #[must_use]
    pub fn of(graph: &Graph) -> Self {
        let mut cuts = Self {
            bridges: Vec::new(),
            articulation_points: Vec::new(),
            blocks: Vec::new(),
            classes: Vec::new(),
            class_of: vec![0; graph.node_count()],
        };
        let mut number = vec![UNSEEN; graph.node_count()];
        let mut low = vec![UNSEEN; graph.node_count()];
        let mut count = UNSEEN;
        let mut is_articulation = vec![false; graph.node_count()];
        let mut open_links: Vec<LinkIx> = Vec::new();
        let mut open_nodes: Vec<NodeIx> = Vec::new();
        for root in graph.node_indices() {
            if number[root.index()] != UNSEEN {
                continue;
            }
            count += 1;
            number[root.index()] = count;
            low[root.index()] = count;
            open_nodes.push(root);
            let mut blocks_at_root = 0;
            let mut path = vec![(root, None, graph.neighbours(root))];
            while let Some((node, via, beside)) = path.last_mut() {
                let (node, via) = (*node, *via);
                if let Some((link, next)) = beside.next() {
                    if Some(link) == via {
                        continue;
                    }
                    if number[next.index()] == UNSEEN {
                        count += 1;
                        number[next.index()] = count;
                        low[next.index()] = count;
                        open_nodes.push(next);
                        open_links.push(link);
                        path.push((next, Some(link), graph.neighbours(next)));
                    } else if number[next.index()] < number[node.index()] {
                        open_links.push(link);
                        low[node.index()] = low[node.index()].min(number[next.index()]);
                    }
                    continue;
                }
                path.pop();
                if low[node.index()] == number[node.index()] {
                    cuts.close_class(&mut open_nodes, node);
                }
                let (Some(&(before, ..)), Some(link)) = (path.last(), via) else {
                    continue;
                };
                low[before.index()] = low[before.index()].min(low[node.index()]);
                if low[node.index()] > number[before.index()] {
                    cuts.bridges.push(link);
                }
                if low[node.index()] >= number[before.index()] {
                    cuts.close_block(&mut open_links, link);
                    if before == root {
                        blocks_at_root += 1;
                    } else {
                        is_articulation[before.index()] = true;
                    }
                }
            }
            is_articulation[root.index()] = blocks_at_root > 1;
        }
        cuts.bridges.sort_unstable();
        cuts.articulation_points = graph
            .node_indices()
            .filter(|node| is_articulation[node.index()])
            .collect();
        cuts.blocks.sort_unstable();
        cuts.classes.sort_unstable();
        for (place, class) in cuts.classes.iter().enumerate() {
            for node in class {
                cuts.class_of[node.index()] = place;
            }
        }
        cuts
    }

    /// Returns the bridges, ascending.
    #[must_use]
    pub fn bridges(&self) -> &[LinkIx] {
        &self.bridges
    }

    /// Returns the articulation points, ascending.
    #[must_use]
    pub fn articulation_points(&self) -> &[NodeIx] {
        &self.articulation_points
    }

    /// Returns the blocks, each ascending, in order of their first link; every link is in exactly one.
    #[must_use]
    pub fn blocks(&self) -> &[Vec<LinkIx>] {
        &self.blocks
    }

    /// Returns the 2-edge-connected classes, each ascending, in order of their first node; every node is in
    /// exactly one.
    #[must_use]
    pub fn classes(&self) -> &[Vec<NodeIx>] {
        &self.classes
    }

    /// Returns the place of a node's class in `classes`.
    #[must_use]
    pub fn class_of(&self, node: NodeIx) -> usize {
        self.class_of[node.index()]
    }

    /// Returns the bridge tree: every bridge with the two classes that it alone joins.
    ///
    /// A forest where the network is in pieces. Cost O(bridges).
    #[must_use]
    pub fn bridge_tree(&self, graph: &Graph) -> Vec<(LinkIx, usize, usize)> {
        self.bridges
            .iter()
            .map(|&bridge| {
                let (a, b) = graph.ends(bridge);
                (bridge, self.class_of(a), self.class_of(b))
            })
            .collect()
    }

    fn close_block(&mut self, open: &mut Vec<LinkIx>, first: LinkIx) {
        let start = open.iter().rposition(|link| *link == first);
        let mut block = open.split_off(start.expect("the link by which the search came"));
        block.sort_unstable();
        self.blocks.push(block);
    }

    fn close_class(&mut self, open: &mut Vec<NodeIx>, first: NodeIx) {
        let start = open.iter().rposition(|node| *node == first);
        let mut class = open.split_off(start.expect("a node that the search has entered"));
        class.sort_unstable();
        self.classes.push(class);
    }
}
