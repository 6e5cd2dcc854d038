//! Double faults that cut off more together than each alone: what a list of single points cannot show.
//!
//! Two elements have synergy for an agency that survives each of them and not both, as the two ways around a ring.
//! For every element one dominator tree of the network without it gives its partners among nodes and links; what
//! two risk groups lose together is looked up. Losses are compared as sets of bits, since those of groups overlap
//! in part.
//!
//! An agency's own two uplinks are such a pair as well, once for every agency with two. They are many and say
//! little, so the scope is asked for.

use crate::analysis::Seats;
use crate::analysis::dominators::{Dominators, Point};
use crate::analysis::hours::YEAR;
use crate::analysis::hours::rate::Chances;
use crate::graph::{Graph, NodeIx};
use crate::model::network::Network;
use crate::model::{AgencyId, Element};

/// Elements up to which double faults are sought: their cost grows with the square of this.
const MOST: usize = 5_000;

/// Returns whether a network is small enough for its double faults to be sought unasked.
#[must_use]
pub fn are_sought(network: &Network) -> bool {
    network.elements().count() <= MOST
}

/// Which elements are paired.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Scope {
    /// Nodes that carry traffic or are hubs, links between such nodes, and risk groups.
    #[default]
    Transit,
    /// Everything.
    All,
}

/// Two elements that cut off more together than each alone.
#[derive(Clone, Debug, PartialEq)]
pub struct Pair {
    /// The two, in order.
    pub elements: [Element; 2],
    /// Who is cut off only by both, in order of id.
    pub ids: Vec<AgencyId>,
    /// The weight of those.
    pub weight: u32,
    /// Agencies cut off in all while both are down.
    pub cut_off: usize,
    /// The part of the time that both are down, 0..1.
    pub both: f64,
    /// Weighted hours a year that those in `ids` are cut off by these two: to first order, other faults aside.
    pub hours: f64,
}

/// Finds the pairs with synergy: by hours, weight (both falling), then the elements.
///
/// What is in `removed` is gone already. Cost: one dominator tree for each element in scope,
/// O(k (n + m) log n), and k^2 a / 64 comparisons for k elements and a agencies.
#[must_use]
pub fn pairs(
    network: &Network,
    graph: &Graph,
    chances: &Chances,
    removed: &[Element],
    scope: Scope,
) -> Vec<Pair> {
    let field = Field::new(network, graph, removed, scope);
    let mut found = Vec::new();
    for (place, a) in field.falls.iter().enumerate() {
        // Groups are met as the second of a pair, nodes and links as either.
        let without = field.without(&a.element);
        let lost = field.lost(&without);
        for b in &field.falls[place + 1..] {
            let together = match b.point {
                Some(point) => {
                    let mut together = field.bits(without.behind(point).iter().copied());
                    together.join(&lost);
                    together
                }
                None => field.lost(&field.without_both(&a.element, &b.element)),
            };
            let only = together.less(&a.lost).less(&b.lost);
            if only.is_empty() {
                continue;
            }
            let places: Vec<usize> = only.places().collect();
            let agencies = places.iter().map(|place| field.seats.agencies[*place]);
            let weight = agencies
                .clone()
                .fold(0_u32, |sum, agency| sum.saturating_add(agency.weight));
            let chance = |fall: &Fall| {
                chances
                    .at(fall.place)
                    .map_or(0.0, |chance| chance.unavailability)
            };
            let both = chance(a) * chance(b);
            found.push(Pair {
                elements: [a.element.clone(), b.element.clone()],
                ids: agencies.map(|agency| agency.id.clone()).collect(),
                weight,
                cut_off: together.places().count(),
                both,
                hours: YEAR * both * f64::from(weight),
            });
        }
    }
    found.sort_by(|a, b| {
        let by_hours = b.hours.total_cmp(&a.hours);
        by_hours
            .then(b.weight.cmp(&a.weight))
            .then_with(|| a.elements.cmp(&b.elements))
    });
    found
}

/// An element in scope, and whom it loses alone.
struct Fall {
    element: Element,
    /// Its position in `Network::elements`.
    place: usize,
    /// `None` for a risk group.
    point: Option<Point>,
    lost: Bits,
}

struct Field<'a> {
    graph: &'a Graph,
    removed: &'a [Element],
    seats: Seats<'a>,
    falls: Vec<Fall>,
}

impl<'a> Field<'a> {
    fn new(network: &'a Network, graph: &'a Graph, removed: &'a [Element], scope: Scope) -> Self {
        let mut field = Self {
            graph,
            removed,
            seats: Seats::new(network, graph),
            falls: Vec::new(),
        };
        let conducts = |node: NodeIx| graph.is_transit(node) || graph.hubs().contains(&node);
        let cut = graph.cut(removed);
        let tree = Dominators::of(graph, graph.hubs(), &cut);
        // What is cut off already is lost by nobody; only what is added counts.
        let before = field.lost(&tree);
        for (place, element) in network.elements().enumerate() {
            if removed.contains(&element) {
                continue;
            }
            let point = match &element {
                Element::Node(id) => graph.node(id).map(Point::Node),
                Element::Link(id) => graph.link(id).map(Point::Link),
                Element::Risk(_) => None,
            };
            let is_asked = scope == Scope::All
                || match point {
                    Some(Point::Node(node)) => conducts(node),
                    Some(Point::Link(link)) => {
                        let (a, b) = graph.ends(link);
                        conducts(a) && conducts(b)
                    }
                    None => true,
                };
            if !is_asked {
                continue;
            }
            let mut lost = match point {
                Some(point) => field.bits(tree.behind(point).iter().copied()),
                None => field.lost(&field.without(&element)),
            };
            lost.join(&before);
            field.falls.push(Fall {
                element,
                place,
                point,
                lost,
            });
        }
        field
    }

    fn without(&self, element: &Element) -> Dominators {
        let cut = self.graph.cut(self.removed.iter().chain([element]));
        Dominators::of(self.graph, self.graph.hubs(), &cut)
    }

    fn without_both(&self, a: &Element, b: &Element) -> Dominators {
        let cut = self.graph.cut(self.removed.iter().chain([a, b]));
        Dominators::of(self.graph, self.graph.hubs(), &cut)
    }

    /// Returns who is not reached in a tree.
    fn lost(&self, tree: &Dominators) -> Bits {
        let mut bits = self.bits(tree.order().iter().copied());
        bits.turn(self.seats.agencies.len());
        bits
    }

    /// Returns the agencies at some nodes.
    fn bits(&self, nodes: impl Iterator<Item = NodeIx>) -> Bits {
        let mut bits = Bits(vec![0; self.seats.agencies.len().div_ceil(64)]);
        for node in nodes {
            for place in &self.seats.at[node.index()] {
                bits.0[place / 64] |= 1 << (place % 64);
            }
        }
        bits
    }
}

/// Agencies by position, as bits.
#[derive(Clone)]
struct Bits(Vec<u64>);

impl Bits {
    fn join(&mut self, other: &Self) {
        for (word, other) in self.0.iter_mut().zip(&other.0) {
            *word |= other;
        }
    }

    fn less(&self, other: &Self) -> Self {
        let words = self.0.iter().zip(&other.0);
        Self(words.map(|(word, other)| word & !other).collect())
    }

    fn turn(&mut self, count: usize) {
        for (place, word) in self.0.iter_mut().enumerate() {
            let left = count - 64 * place;
            *word = !*word & if left < 64 { (1 << left) - 1 } else { u64::MAX };
        }
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }

    fn places(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(place, word)| {
            (0..64)
                .filter(move |bit| word >> bit & 1 == 1)
                .map(move |bit| 64 * place + bit)
        })
    }
}
