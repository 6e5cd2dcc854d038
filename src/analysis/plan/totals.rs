//! The exact hours of many sets of choices, of which most share one compiled network.
//!
//! A link to a place that carries no traffic is one more way in to that place, and changes the hours of nobody else:
//! the network between all others is what it was. So a set of choices is two things: *trunks*, between places that
//! carry traffic, which make another network, and *ways in*, of which each agency's hours are asked for in that
//! network. All ways in that could be wanted next are asked for at once; a set that differs only in these is then a
//! sum.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::hours::fold::Access;
use crate::analysis::hours::rate::{Chances, Outages};
use crate::analysis::hours::{Hours, Limits, Method, YEAR, seats, unreached};
use crate::analysis::plan::choices::Choice;
use crate::analysis::plan::search::Set;
use crate::analysis::plan::{built, with};
use crate::graph::{Graph, LinkIx, NodeIx};
use crate::model::Element;
use crate::model::network::Network;

/// A place that has more ways in than this is asked for only as a set has it: its terms double with every way.
const MOST_WAYS: usize = 5;

/// Of those that are offered to one place, so many are asked for before they are wanted: the cheapest.
const MOST_OFFERED: usize = 8;

/// Answers for sets of choices; positions are those of the choices given.
pub(super) struct Totals<'a> {
    network: &'a Network,
    seen: &'a BTreeMap<Element, Outages>,
    choices: Vec<&'a Choice>,
    limits: Limits,
    /// By choice: the place that it is no more than a way in to.
    leads_to: Vec<Option<NodeIx>>,
    /// By such a place: some choices that lead to it, and the ways in that it has.
    places: BTreeMap<NodeIx, (Set, usize)>,
    /// By node: its agencies counted once and by weight.
    seats: Vec<[f64; 2]>,
    /// Nodes with agencies.
    agencies: Vec<NodeIx>,
    /// By trunks.
    known: BTreeMap<Set, Known>,
    solved: usize,
}

/// What is known of one network.
#[derive(Default)]
struct Known {
    /// By node, and the ways in that are built to it: the part of the time that it is not reached.
    unreached: BTreeMap<(NodeIx, Set), f64>,
    method: Option<Method>,
    /// How often it was met with something of it unknown.
    answers: usize,
    /// All that could be wanted next cannot be found exactly.
    is_hard: bool,
}

impl<'a> Totals<'a> {
    /// Prepares to answer for sets of these choices, whose ends must be there.
    pub(super) fn new(
        network: &'a Network,
        seen: &'a BTreeMap<Element, Outages>,
        choices: Vec<&'a Choice>,
        limits: Limits,
    ) -> Self {
        let graph = Graph::new(network);
        let seats = seats(network, &graph);
        let carries = |node: NodeIx| graph.is_transit(node) || graph.hubs().contains(&node);
        let leads_to: Vec<Option<NodeIx>> = choices
            .iter()
            .map(|choice| {
                let ends = [graph.node(&choice.a)?, graph.node(&choice.b)?];
                ends.into_iter().find(|end| !carries(*end))
            })
            .collect();
        let mut places: BTreeMap<NodeIx, (Set, usize)> = BTreeMap::new();
        for (at, place) in leads_to.iter().enumerate() {
            if let Some(place) = place {
                let ways = || (Set::new(), graph.neighbours(*place).count());
                places.entry(*place).or_insert_with(ways).0.push(at);
            }
        }
        for (offered, _) in places.values_mut() {
            let cost = |at: &usize| choices[*at].cost;
            offered.sort_by(|a, b| cost(a).total_cmp(&cost(b)).then(a.cmp(b)));
            offered.truncate(MOST_OFFERED);
        }
        let agencies = graph.node_indices();
        let agencies = agencies.filter(|node| seats[node.index()][0] > 0.0);
        Self {
            network,
            seen,
            choices,
            limits,
            leads_to,
            places,
            agencies: agencies.collect(),
            seats,
            known: BTreeMap::new(),
            solved: 0,
        }
    }

    /// Returns the hours lost a year with a set of choices built, ascending, and how they were found.
    ///
    /// Cost: that of `hours::total` for trunks not yet met; where they are met again, some times that, once, and from
    /// then on a sum over the agencies.
    pub(super) fn of(&mut self, set: &[usize]) -> (Hours, Method) {
        let mut trunks = Set::new();
        let mut ways: BTreeMap<NodeIx, Set> = BTreeMap::new();
        for at in set {
            match self.leads_to[*at] {
                None => trunks.push(*at),
                Some(place) if self.seats[place.index()][0] > 0.0 => {
                    ways.entry(place).or_default().push(*at);
                }
                Some(_) => {}
            }
        }
        if let Some(answer) = self.sum(&trunks, &ways) {
            return answer;
        }
        self.solved += 1;
        let known = self.known.entry(trunks.clone()).or_default();
        known.answers += 1;
        // Most trunks are tried once and not met again.
        if known.answers > 1 && !known.is_hard {
            self.learn(&trunks, &ways);
            if let Some(answer) = self.sum(&trunks, &ways) {
                return answer;
            }
        }
        let choices: Vec<&Choice> = set.iter().map(|at| self.choices[*at]).collect();
        with(self.network, &choices, self.seen, self.limits)
    }

    /// Returns how many networks have been solved.
    pub(super) fn solved(&self) -> usize {
        self.solved
    }

    /// Sums what is known; `None` where something is not.
    fn sum(&self, trunks: &Set, ways: &BTreeMap<NodeIx, Set>) -> Option<(Hours, Method)> {
        let known = self.known.get(trunks)?;
        let method = known.method?;
        let none = Set::new();
        let mut hours = Hours::default();
        for node in &self.agencies {
            let seats = self.seats[node.index()];
            let built = ways.get(node).unwrap_or(&none);
            let lost = known.unreached.get(&(*node, built.clone()))?;
            hours.agency += YEAR * seats[0] * lost;
            hours.weighted += YEAR * seats[1] * lost;
        }
        Some((hours, method))
    }

    /// Returns every node with an agency, and the ways in that are built to it: as a set has it, and as sets do that
    /// differ from it in one.
    fn wanted(&self, ways: &BTreeMap<NodeIx, Set>) -> Vec<(NodeIx, Set)> {
        let mut wanted = Vec::new();
        for node in &self.agencies {
            let built = ways.get(node).cloned().unwrap_or_default();
            if let Some((offered, has)) = self.places.get(node)
                && has + built.len() < MOST_WAYS
            {
                for at in offered {
                    let mut next = built.clone();
                    match next.binary_search(at) {
                        Ok(place) => _ = next.remove(place),
                        Err(place) => next.insert(place, *at),
                    }
                    wanted.push((*node, next));
                }
                if built.len() > 1 {
                    wanted.push((*node, Set::new()));
                }
            }
            wanted.push((*node, built));
        }
        wanted
    }

    /// Learns of some trunks all that could be wanted next.
    fn learn(&mut self, trunks: &Set, ways: &BTreeMap<NodeIx, Set>) {
        let wanted = self.wanted(ways);
        let site = self.site(trunks, &wanted);
        let (network, graph, chances) = (&site.network, &site.graph, &site.chances);
        let found = unreached(network, graph, chances, &site.accesses, self.limits);
        let known = self.known.entry(trunks.clone()).or_default();
        if let Some((lost, method)) = found {
            known.method.get_or_insert(method);
            known.unreached.extend(wanted.into_iter().zip(lost));
        } else {
            known.is_hard = true;
        }
    }

    /// Builds some trunks, and every way in that is wanted anywhere.
    fn site(&self, trunks: &[usize], wanted: &[(NodeIx, Set)]) -> Site {
        let mut ways: BTreeMap<NodeIx, BTreeSet<usize>> = BTreeMap::new();
        for (node, built) in wanted {
            ways.entry(*node).or_default().extend(built);
        }
        let used = ways.values().flatten().copied();
        let order: Set = trunks.iter().copied().chain(used).collect();
        let choices: Vec<&Choice> = order.iter().map(|at| self.choices[*at]).collect();
        let (network, ids) = built(self.network, &choices);
        let graph = Graph::new(&network);
        let link_of: BTreeMap<usize, LinkIx> = order
            .iter()
            .zip(&ids)
            .filter_map(|(at, id)| Some((*at, graph.link(id)?)))
            .collect();
        let accesses = wanted
            .iter()
            .map(|(node, built)| {
                let absent = ways[node].iter().filter(|at| !built.contains(at));
                Access {
                    node: *node,
                    without: absent.filter_map(|at| link_of.get(at)).copied().collect(),
                }
            })
            .collect();
        Site {
            chances: Chances::of(&network, self.seen),
            network,
            graph,
            accesses,
        }
    }
}

/// A network with something built, and who is asked for in it.
struct Site {
    network: Network,
    graph: Graph,
    chances: Chances,
    accesses: Vec<Access>,
}
