//! What is weak, who depends on it, and which fault explains a silence: pure functions of the model.
//!
//! The answers are ordered totally, so that the same network gives the same bytes. Nothing here measures; what
//! was measured comes in as `locate::Facts`.

pub mod asks;
pub mod augment;
pub mod changes;
pub mod cuts;
pub mod discovery;
pub mod dominators;
pub mod finding;
pub mod flow;
pub mod hours;
pub mod locate;
pub mod lossy;
pub mod pairs;
pub mod plan;
pub mod ranking;
pub mod reach;
pub mod way;
pub mod what_if;
pub mod wiring;

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::analysis::dominators::{Dominators, Point};
use crate::analysis::flow::{Disjoint, MANY};
use crate::analysis::reach::Reach;
use crate::graph::{Graph, NodeIx};
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, RiskId};

/// What is weak in a network, and where that leaves every agency.
#[derive(Clone, Debug, PartialEq)]
pub struct Weakness {
    /// Elements whose loss alone cuts off somebody: by weight, agencies (both falling), kind, id.
    pub elements: Vec<Weak>,
    /// How every agency is connected.
    pub agencies: BTreeMap<AgencyId, Standing>,
}

/// An element whose loss cuts off somebody, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weak {
    /// What fails.
    pub element: Element,
    /// Sum of the weights of those cut off.
    pub weight: u32,
    /// Who is cut off, in order of id.
    pub ids: Vec<AgencyId>,
}

/// How one agency is connected to the hubs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// No path to any hub, even with everything up.
    pub cut_off: bool,
    /// Nodes, links and risk groups whose loss alone cuts it off; nodes and links in order from the hub
    /// outward and its own node last, then risk groups by id.
    pub single_points: Vec<Element>,
    /// Paths to a hub that share no link: 0, 1, 2, or 3 for three and more; 3 at a hub.
    pub disjoint_links: u8,
    /// Paths to a hub that share no node between: 0, 1, 2, or 3 for three and more; 3 at a hub.
    pub disjoint_nodes: u8,
    /// Left on one path: it is connected, and some node or link other than its own node and the hubs would
    /// cut it off alone. A risk group does not count: two paths in one duct are two paths, see `one_risk`.
    pub one_path: bool,
    /// Risk groups that cut it off although two paths without a common link exist: "two paths, one duct".
    pub one_risk: Vec<RiskId>,
}

impl Weakness {
    /// Finds what is weak once `removed` is gone: empty for the network as designed, else that of today or of a
    /// maintenance.
    ///
    /// A hub is an element like any other. Who is cut off by `removed` itself counts for no element. Cost
    /// O((n + m) log n), the size of the answer, for each risk group the branches that hang on it, and
    /// O(n + m) for each agency with three ways in.
    #[must_use]
    pub fn of(network: &Network, graph: &Graph, removed: &[Element]) -> Self {
        let cut = graph.cut(removed);
        let seats = Seats::new(network, graph);
        let reach = Reach::new(graph, graph.hubs(), &cut);
        let tree = Dominators::of(graph, graph.hubs(), &cut);
        let mut disjoint = Disjoint::new(graph, &cut);

        let points = graph
            .node_indices()
            .map(Point::Node)
            .chain(graph.link_indices().map(Point::Link));
        let rows = seats.in_rows(tree.order());
        let mut elements: Vec<Weak> = points
            .filter_map(|point| {
                let (from, to) = tree.span(point);
                seats.weak(element(graph, point), rows.between(from, to).to_vec())
            })
            .collect();
        let mut risks_of: Vec<Vec<RiskId>> = vec![Vec::new(); graph.node_count()];
        for risk in network.risks.keys() {
            let group = graph.cut([&Element::Risk(risk.clone())]);
            let lost = reach.lost(group.nodes(), group.links());
            for node in &lost {
                risks_of[node.index()].push(risk.clone());
            }
            let places = lost.iter().flat_map(|node| &seats.at[node.index()]);
            elements.extend(seats.weak(Element::Risk(risk.clone()), places.copied().collect()));
        }
        elements.sort_by(|a, b| {
            let key = |weak: &Weak| Reverse((weak.weight, weak.ids.len()));
            (key(a), &a.element).cmp(&(key(b), &b.element))
        });

        let mut agencies = BTreeMap::new();
        for node in graph.node_indices() {
            let Some((last, others)) = seats.at[node.index()].split_last() else {
                continue;
            };
            let standing = if reach.has(node) {
                stand(graph, &tree, &mut disjoint, &risks_of[node.index()], node)
            } else {
                Standing {
                    cut_off: true,
                    ..Standing::default()
                }
            };
            for place in others {
                agencies.insert(seats.agencies[*place].id.clone(), standing.clone());
            }
            agencies.insert(seats.agencies[*last].id.clone(), standing);
        }
        Self { elements, agencies }
    }
}

/// Who sits where, by position, agencies in order of id.
struct Seats<'a> {
    agencies: Vec<&'a Agency>,
    at: Vec<Vec<usize>>,
}

impl<'a> Seats<'a> {
    fn new(network: &'a Network, graph: &Graph) -> Self {
        let agencies: Vec<&Agency> = network.agencies.values().collect();
        let mut at = vec![Vec::new(); graph.node_count()];
        for (place, agency) in agencies.iter().enumerate() {
            if let Some(node) = graph.node(&agency.node) {
                at[node.index()].push(place);
            }
        }
        Self { agencies, at }
    }

    /// Returns the seats in another order of nodes.
    fn in_rows(&self, order: &[NodeIx]) -> Rows {
        let mut rows = Rows {
            places: Vec::new(),
            first: vec![0],
        };
        for node in order {
            rows.places.extend(&self.at[node.index()]);
            rows.first.push(rows.places.len());
        }
        rows
    }

    /// Returns an element as weak, if it cuts off somebody.
    fn weak(&self, element: Element, mut places: Vec<usize>) -> Option<Weak> {
        places.sort_unstable();
        let weights = places.iter().map(|place| self.agencies[*place].weight);
        (!places.is_empty()).then(|| Weak {
            element,
            weight: weights.fold(0, u32::saturating_add),
            ids: places
                .iter()
                .map(|place| self.agencies[*place].id.clone())
                .collect(),
        })
    }
}

/// Agencies in some order of their nodes, so that those at a run of nodes are a run themselves.
struct Rows {
    places: Vec<usize>,
    /// By place in the order of nodes: where its agencies begin.
    first: Vec<usize>,
}

impl Rows {
    fn between(&self, from: usize, to: usize) -> &[usize] {
        &self.places[self.first[from]..self.first[to]]
    }
}

fn stand(
    graph: &Graph,
    tree: &Dominators,
    disjoint: &mut Disjoint,
    risks: &[RiskId],
    node: NodeIx,
) -> Standing {
    let chain = tree.chain(node);
    let is_hub = |node: &NodeIx| graph.hubs().contains(node);
    // One dominator is enough to know that there is one path, and saves the search for a second.
    let has_link = chain.iter().any(|point| matches!(point, Point::Link(_)));
    let has_node = chain
        .iter()
        .any(|point| matches!(point, Point::Node(other) if *other != node && !is_hub(other)));
    let disjoint_links = disjoint.links(node, if has_link { 1 } else { MANY });
    let disjoint_nodes = disjoint.nodes(node, if has_node { 1 } else { MANY });
    let points = chain.into_iter().map(|point| element(graph, point));
    Standing {
        cut_off: false,
        single_points: points
            .chain(risks.iter().cloned().map(Element::Risk))
            .collect(),
        disjoint_links,
        disjoint_nodes,
        one_path: has_link || has_node,
        one_risk: if disjoint_links > 1 {
            risks.to_vec()
        } else {
            Vec::new()
        },
    }
}

fn element(graph: &Graph, point: Point) -> Element {
    match point {
        Point::Node(node) => Element::Node(graph.node_id(node).clone()),
        Point::Link(link) => Element::Link(graph.link_id(link).clone()),
    }
}
