//! How many agency-hours a year the network will lose, exactly, and how many of them hang on each element.
//!
//! Every element is down a part of the time, independent of all others; a risk group is an element of its own and
//! takes its members with it. Agencies are lost while no path leads from a hub to them. The expectation is found
//! exactly: leaves are folded (`fold`), what remains is compiled into a circuit (`circuit`) along a good order
//! (`order`). Where that has too many states, it is sampled (`sample`), and the answer says so. A service is another
//! root than the hubs, and everything else the same (`service`).
//!
//! The expectation is linear in the state of every single element: `L = q L1 + (1 - q) L0`. So one derivative
//! gives for every element what it costs when it fails (`L1`), what is left when it never does (`L0`), and the
//! hours that hang on it, `q (L1 - L0)`: what a perfect one would save. These hours overlap where faults combine,
//! hence their shares may sum to more than one.

mod circuit;
mod estimate;
mod exact;
pub(in crate::analysis) mod fold;
mod order;
pub mod rate;
mod sample;
pub mod service;

use std::collections::BTreeMap;

use crate::analysis::hours::exact::Compiled;
use crate::analysis::hours::fold::Access;
use crate::analysis::hours::rate::Chances;
use crate::graph::{Cut, Graph, NodeIx};
use crate::model::network::Network;
use crate::model::{AgencyId, Element};

/// Hours of a year (the mean one of 365 days, as availability is quoted).
pub const YEAR: f64 = 8760.0;

/// States that the circuit may have before it gives way to sampling: some hundred megabytes at worst.
const MOST_STATES: usize = 400_000;

/// Hours lost a year: agencies counted once, and by weight.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Hours {
    /// Every agency counts one.
    pub agency: f64,
    /// Every agency counts its weight.
    pub weighted: f64,
}

impl std::ops::Sub for Hours {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            agency: self.agency - other.agency,
            weighted: self.weighted - other.weighted,
        }
    }
}

/// How the figures were found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Method {
    /// Exactly, with so many states.
    Exact {
        /// Of the circuit.
        states: usize,
    },
    /// Up to two failures at once exactly, more by sampling.
    Sampled {
        /// Draws of three and more failures.
        draws: u32,
        /// Half the width of the 95 % interval of the total, weighted hours a year.
        error: f64,
    },
}

impl Method {
    /// Returns whether nothing was sampled.
    #[must_use]
    pub fn is_exact(self) -> bool {
        matches!(self, Self::Exact { .. })
    }

    /// Returns half the width of the 95 % interval of the total by weight; `None` where it is exact.
    #[must_use]
    pub fn error(self) -> Option<f64> {
        match self {
            Self::Exact { .. } => None,
            Self::Sampled { error, .. } => Some(error),
        }
    }
}

/// What one element costs a year.
#[derive(Clone, Debug, PartialEq)]
pub struct Importance {
    /// Of what.
    pub element: Element,
    /// The part of the time that it is down, 0..1.
    pub unavailability: f64,
    /// Hours that a perfect one would save, a year.
    pub hours: Hours,
    /// Of the total, by weight; shares overlap where faults combine.
    pub share: f64,
    /// Hours lost a year if it were down all the time.
    pub if_down: Hours,
    /// Half the width of the 95 % interval of the weighted hours, when they were sampled.
    pub error: Option<f64>,
}

impl Importance {
    /// Returns hours lost a year if it never failed.
    #[must_use]
    pub fn if_perfect(&self, total: Hours) -> Hours {
        total - self.hours
    }

    /// Returns how many times the total its failure makes the loss ("risk achievement worth"), by weight.
    #[must_use]
    pub fn achievement(&self, total: Hours) -> Option<f64> {
        (total.weighted > 0.0).then(|| self.if_down.weighted / total.weighted)
    }
}

/// What a network loses a year, whom it costs, and what it hangs on.
#[derive(Clone, Debug, PartialEq)]
pub struct Account {
    /// Lost in all.
    pub total: Hours,
    /// By agency: the part of the time that it is cut off, 0..1.
    pub agencies: BTreeMap<AgencyId, f64>,
    /// Of all hours lost, those of the agencies' own nodes and of the hubs: no link can save them.
    pub own: Hours,
    /// Every element that is left, by hours by weight, hours, kind, id.
    pub elements: Vec<Importance>,
    /// How this was found.
    pub method: Method,
}

/// How much of the work may be spent.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// States of the circuit.
    pub states: usize,
    /// Draws when there are more.
    pub draws: u32,
    /// The seed of the draws.
    pub seed: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            states: MOST_STATES,
            draws: 200_000,
            seed: 1,
        }
    }
}

impl Account {
    /// Draws up the account of a network without `removed`: empty for the network as designed, else that of today
    /// or of a maintenance. What is removed is down for good, and no element of the account.
    ///
    /// Cost: folding O((n + m) log n), a search for an order of bounded work, and two passes over a circuit whose
    /// size grows with 3^width of the core, never beyond `limits`.
    #[must_use]
    pub fn of(
        network: &Network,
        graph: &Graph,
        chances: &Chances,
        removed: &[Element],
        limits: Limits,
    ) -> Self {
        let cut = graph.cut(removed);
        let seats = seats(network, graph);
        let asked = Asked {
            network,
            graph,
            roots: graph.hubs(),
            chances,
            cut: &cut,
            seats: &seats,
        };
        let figures = match Compiled::new(&asked, limits.states) {
            Some(compiled) => compiled.figures(&asked),
            None => estimate::figures(&asked, limits),
        };
        account(&asked, removed, figures)
    }

    /// Returns the account of one element.
    #[must_use]
    pub fn importance(&self, element: &Element) -> Option<&Importance> {
        self.elements.iter().find(|one| one.element == *element)
    }
}

/// Returns the hours lost a year alone, and how they were found: what a plan asks a thousand times.
///
/// Cost: that of `Account::of` with one pass in place of two, and nothing kept of it.
#[must_use]
pub fn total(
    network: &Network,
    graph: &Graph,
    chances: &Chances,
    removed: &[Element],
    limits: Limits,
) -> (Hours, Method) {
    total_from(network, graph, graph.hubs(), chances, removed, limits)
}

/// Returns the hours a year in which agencies are not reached from any of some roots.
fn total_from(
    network: &Network,
    graph: &Graph,
    roots: &[NodeIx],
    chances: &Chances,
    removed: &[Element],
    limits: Limits,
) -> (Hours, Method) {
    let cut = graph.cut(removed);
    let seats = seats(network, graph);
    let asked = Asked {
        network,
        graph,
        roots,
        chances,
        cut: &cut,
        seats: &seats,
    };
    if let Some(found) = exact::total(&asked, limits.states) {
        return found;
    }
    let figures = estimate::figures(&asked, limits);
    (sum(&figures.lost, &seats), figures.method)
}

/// Returns the part of the time that each of some nodes is not reached from a hub, with the ways in that it is said
/// to have, and how that was found; `None` where it cannot be found exactly.
///
/// Cost: that of `total`, once for all of them, and what more there is to wait for.
pub(in crate::analysis) fn unreached(
    network: &Network,
    graph: &Graph,
    chances: &Chances,
    wanted: &[Access],
    limits: Limits,
) -> Option<(Vec<f64>, Method)> {
    let asked = Asked {
        network,
        graph,
        roots: graph.hubs(),
        chances,
        cut: &Cut::default(),
        seats: &[],
    };
    let compiled = Compiled::of(&asked, wanted, limits.states)?;
    Some((compiled.lost(chances), compiled.method()))
}

/// What is asked of either method.
#[derive(Clone, Copy)]
struct Asked<'a> {
    network: &'a Network,
    graph: &'a Graph,
    /// From where agencies must be reached: the hubs, or where a service runs.
    roots: &'a [NodeIx],
    chances: &'a Chances,
    cut: &'a Cut,
    /// By node: its agencies counted once and by weight.
    seats: &'a [[f64; 2]],
}

/// What either method answers.
struct Figures {
    /// By node: the part of the time that it is not reached.
    lost: Vec<f64>,
    /// By element.
    rows: Vec<Row>,
    method: Method,
}

/// One element's figures, by position.
struct Row {
    q: f64,
    hours: Hours,
    if_down: Hours,
    error: Option<f64>,
}

/// Returns, by node, its agencies counted once and by weight.
pub(in crate::analysis) fn seats(network: &Network, graph: &Graph) -> Vec<[f64; 2]> {
    let mut seats = vec![[0.0; 2]; graph.node_count()];
    for agency in network.agencies.values() {
        if let Some(node) = graph.node(&agency.node) {
            seats[node.index()][0] += 1.0;
            seats[node.index()][1] += f64::from(agency.weight);
        }
    }
    seats
}

fn sum(lost: &[f64], seats: &[[f64; 2]]) -> Hours {
    let side = |side: usize| -> f64 {
        let parts = lost.iter().zip(seats).map(|(lost, seat)| lost * seat[side]);
        YEAR * parts.sum::<f64>()
    };
    Hours {
        agency: side(0),
        weighted: side(1),
    }
}

/// Writes the figures up.
fn account(asked: &Asked<'_>, removed: &[Element], figures: Figures) -> Account {
    let Asked {
        network,
        graph,
        cut,
        seats,
        chances,
        ..
    } = *asked;
    let Figures { lost, rows, method } = figures;
    let total = sum(&lost, seats);
    let is_gone = |element: &Element| match element {
        Element::Node(id) => graph
            .node(id)
            .is_some_and(|node| cut.nodes().contains(&node)),
        Element::Link(id) => graph
            .link(id)
            .is_some_and(|link| cut.links().contains(&link)),
        Element::Risk(_) => removed.contains(element),
    };
    let mut elements: Vec<Importance> = network
        .elements()
        .zip(rows)
        .filter(|(element, _)| !is_gone(element))
        .map(|(element, row)| Importance {
            element,
            unavailability: row.q,
            hours: row.hours,
            share: if total.weighted > 0.0 {
                row.hours.weighted / total.weighted
            } else {
                0.0
            },
            if_down: row.if_down,
            error: row.error,
        })
        .collect();
    elements.sort_by(|a, b| {
        let by_weight = b.hours.weighted.total_cmp(&a.hours.weighted);
        let by_count = b.hours.agency.total_cmp(&a.hours.agency);
        by_weight
            .then(by_count)
            .then_with(|| a.element.cmp(&b.element))
    });
    let mut own = Hours::default();
    for (seat, chance) in seats.iter().zip(chances.all()) {
        own.agency += YEAR * seat[0] * chance.unavailability;
        own.weighted += YEAR * seat[1] * chance.unavailability;
    }
    let agencies = network
        .agencies
        .values()
        .map(|agency| {
            let lost = graph
                .node(&agency.node)
                .map_or(1.0, |node| lost[node.index()]);
            (agency.id.clone(), lost)
        })
        .collect();
    Account {
        total,
        agencies,
        own,
        elements,
        method,
    }
}
