//! What to fear, ranked by the hours that it will cost: single elements and pairs, each with its reason in figures.

use std::collections::BTreeMap;

use crate::analysis::hours::rate::{Chance, Chances, Outages};
use crate::analysis::hours::service::Served;
use crate::analysis::hours::{Account, Importance, Limits};
use crate::analysis::pairs::{Pair, Scope, are_sought, pairs};
use crate::analysis::plan::choices::{Choice, choices};
use crate::analysis::plan::outlook::Outlook;
use crate::analysis::{Weak, Weakness};
use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, ServiceId};

/// Everything that holds hours, and whom it hurts.
#[derive(Clone, Debug)]
pub struct Ranking {
    /// Hours in all and by agency, and how they were found.
    pub account: Account,
    /// Hours without each service.
    pub services: BTreeMap<ServiceId, Served>,
    /// Who is weak and how every agency stands.
    pub weakness: Weakness,
    /// Elements that cut somebody off, or hold hours together with others: by hours by weight, agencies cut off,
    /// kind, id.
    pub rows: Vec<Ranked>,
    /// Double faults among what carries traffic and risk groups: by hours; `None` where the network is too large to
    /// seek them.
    pub pairs: Option<Vec<Pair>>,
}

/// One element.
#[derive(Clone, Debug, PartialEq)]
pub struct Ranked {
    /// Its hours.
    pub importance: Importance,
    /// The 90 % interval of its weighted hours, for what is known of its own rate.
    pub interval: (f64, f64),
    /// How often it fails.
    pub chance: Chance,
    /// Who is cut off by it alone, in order of id.
    pub ids: Vec<AgencyId>,
    /// Their weight.
    pub weight: u32,
    /// The node of an agency that carries nobody else's traffic: its failures are the agency's own.
    pub is_own: bool,
}

impl Ranked {
    /// Returns what.
    #[must_use]
    pub fn element(&self) -> &Element {
        &self.importance.element
    }
}

/// The cheapest link that takes most of the harm out of an element.
#[derive(Clone, Debug, PartialEq)]
pub struct Remedy {
    /// What to build.
    pub choice: Choice,
    /// Weighted hours a year that it removes in all, exactly.
    pub removes: f64,
}

impl Ranking {
    /// Ranks what is left of a network without `removed`.
    ///
    /// Cost: those of `Account::of`, `Account::services`, `Weakness::of` and `pairs`.
    #[must_use]
    pub fn of(
        network: &Network,
        graph: &Graph,
        seen: &BTreeMap<Element, Outages>,
        removed: &[Element],
        limits: Limits,
    ) -> Self {
        let chances = Chances::of(network, seen);
        let account = Account::of(network, graph, &chances, removed, limits);
        let services = account.services(network, graph, &chances, removed, limits);
        let weakness = Weakness::of(network, graph, removed);
        let pairs =
            are_sought(network).then(|| pairs(network, graph, &chances, removed, Scope::Transit));
        let mut weak: BTreeMap<&Element, &Weak> = weakness
            .elements
            .iter()
            .map(|weak| (&weak.element, weak))
            .collect();
        let chance_of: BTreeMap<Element, Chance> = network
            .elements()
            .zip(chances.all().iter().copied())
            .collect();
        let mut rows: Vec<Ranked> = account
            .elements
            .iter()
            .filter_map(|importance| {
                let weak = weak.remove(&importance.element);
                let holds = importance.hours.weighted > LEAST || importance.hours.agency > LEAST;
                if weak.is_none() && !holds {
                    return None;
                }
                let chance = chance_of[&importance.element];
                Some(Ranked {
                    importance: importance.clone(),
                    interval: interval(importance, &chance),
                    chance,
                    ids: weak.map_or_else(Vec::new, |weak| weak.ids.clone()),
                    weight: weak.map_or(0, |weak| weak.weight),
                    is_own: is_own(network, &importance.element),
                })
            })
            .collect();
        rows.sort_by(|a, b| {
            let hours = |row: &Ranked| row.importance.hours.weighted;
            hours(b)
                .total_cmp(&hours(a))
                .then(b.ids.len().cmp(&a.ids.len()))
                .then_with(|| a.element().cmp(b.element()))
        });
        Self {
            account,
            services,
            weakness,
            rows,
            pairs,
        }
    }
}

/// Hours a year below which nothing is held: a ten-thousandth of a second.
const LEAST: f64 = 1e-8;

/// Returns the 90 % interval of an element's hours: they go with its own unavailability, all else as it is.
fn interval(importance: &Importance, chance: &Chance) -> (f64, f64) {
    let q = importance.unavailability;
    if q <= 0.0 {
        return (0.0, 0.0);
    }
    let hours = importance.hours.weighted;
    (hours * chance.interval.0 / q, hours * chance.interval.1 / q)
}

fn is_own(network: &Network, element: &Element) -> bool {
    let Element::Node(id) = element else {
        return false;
    };
    let carries = network.nodes.get(id).is_some_and(|node| node.transit);
    !carries && !network.hubs.contains(id) && !network.agencies_at(id).is_empty()
}

/// Returns, for each of some rows, the cheapest choice that brings back at least half of the weight behind it while
/// it is down; `None` where no single link does.
///
/// Cost: one look at all choices a row, and one exact total a remedy.
#[must_use]
pub fn remedies(
    network: &Network,
    graph: &Graph,
    seen: &BTreeMap<Element, Outages>,
    rows: &[&Ranked],
    limits: Limits,
) -> Vec<Option<Remedy>> {
    let chances = Chances::of(network, seen);
    let outlook = Outlook::new(network, graph, &chances);
    let choices = choices(network, graph);
    let places: BTreeMap<Element, usize> = network.elements().zip(0..).collect();
    let before = crate::analysis::hours::total(network, graph, &chances, &[], limits).0;
    rows.iter()
        .map(|row| {
            let place = *places.get(row.element())?;
            let is_hub = matches!(row.element(), Element::Node(id) if network.hubs.contains(id));
            if row.is_own || is_hub || row.weight == 0 {
                return None;
            }
            let brings = |choice: &Choice| -> Option<f64> {
                let ends = (graph.node(&choice.a)?, graph.node(&choice.b)?);
                Some(outlook.brings(ends.0, ends.1, place))
            };
            let mut best: Option<(f64, &Choice)> = None;
            for choice in &choices {
                let weight = brings(choice).unwrap_or(0.0);
                if 2.0 * weight < f64::from(row.weight) {
                    continue;
                }
                let is_better = best.is_none_or(|(most, other)| {
                    choice.cost < other.cost || (choice.cost <= other.cost && weight > most)
                });
                if is_better {
                    best = Some((weight, choice));
                }
            }
            let (_, choice) = best?;
            let (after, _) = crate::analysis::plan::with(network, &[choice], seen, limits);
            Some(Remedy {
                choice: choice.clone(),
                removes: before.weighted - after.weighted,
            })
        })
        .collect()
}
