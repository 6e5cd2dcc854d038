//! What to build for a budget: the links that remove the most lost agency-hours, with every figure exact.
//!
//! No rule of thumb is right here. Two links may be worthless singly and valuable together, so that greed alone
//! misses them; and what is best for one budget is not a part of what is best for a larger one. So: greedy steps
//! by exact hours for their price, begun once from nothing and once from the best pairs; then one of the dear links
//! after the other is taken out and what it cost is spent again, as long as that helps. With few choices all affordable sets
//! are compared instead, and the plan says that it is the best there is.
//!
//! Which choices are worth an exact answer is decided by an estimate (`outlook`); what is reported never is.

pub mod choices;
pub(in crate::analysis) mod outlook;
mod search;
mod totals;

use std::collections::BTreeMap;

use crate::analysis::Weakness;
use crate::analysis::hours::rate::{Chances, Outages};
use crate::analysis::hours::{Hours, Limits, Method, total};
use crate::analysis::plan::choices::Choice;
use crate::analysis::plan::search::{Search, Set};
use crate::analysis::plan::totals::Totals;
use crate::graph::Graph;
use crate::model::network::{Network, Parts};
use crate::model::{AgencyId, Element, LinkId};

/// Choices up to which all affordable sets are compared, if the work allows it.
const FEW: usize = 24;

/// What is asked of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Question {
    /// What may be spent, in the network's unit.
    pub budget: f64,
    /// A step that removes less than this share of all hours is not worth a line.
    pub least: f64,
    /// Networks that may be solved before the search stops where it is. A set of choices that differs from another in
    /// ways in to agencies alone needs none of its own, and counts for a sixteenth.
    pub work: usize,
    /// Of each exact answer.
    pub limits: Limits,
}

impl Question {
    /// Returns the usual question for a budget.
    #[must_use]
    pub fn of(budget: f64) -> Self {
        Self {
            budget,
            least: 1e-4,
            work: 600,
            limits: Limits {
                // Where a total must be sampled, a plan is a coarse thing anyway.
                draws: 20_000,
                ..Limits::default()
            },
        }
    }
}

/// One link to build.
#[derive(Clone, Debug, PartialEq)]
pub struct Step {
    /// What.
    pub choice: Choice,
    /// Its id once it is built.
    pub link: LinkId,
    /// Hours a year that it removes, after the steps before it.
    pub removes: Hours,
    /// Agencies that lose a single point of failure by it, in order of id.
    pub relieves: Vec<AgencyId>,
    /// Elements that cut off fewer than before, and how many fewer: the most first.
    pub closes: Vec<(Element, usize)>,
}

/// What to build.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// In the order in which to build.
    pub steps: Vec<Step>,
    /// Price of all of it.
    pub cost: f64,
    /// Hours a year now.
    pub before: Hours,
    /// Hours a year with all of it.
    pub after: Hours,
    /// How hours were found, the least exact of all.
    pub method: Method,
    /// Whether all affordable sets were compared.
    pub is_best: bool,
    /// How many choices there were.
    pub choices: usize,
    /// How many exact answers were asked for.
    pub asked: usize,
    /// How many networks were solved for them.
    pub solved: usize,
    /// Whether the search stopped because its work was done up.
    pub is_cut_short: bool,
}

/// Plans what to build from `choices` for a budget; what cannot be afforded, or whose ends are not there, is left
/// out.
///
/// Cost: `question.work` networks at most, each that of `hours::total` or some times that, and for every step an
/// estimate of all choices in O(choices x depth). It grows with the links between places that carry traffic, not
/// with the ways in to agencies: these share a network (`totals`).
#[must_use]
pub fn plan(
    network: &Network,
    seen: &BTreeMap<Element, Outages>,
    choices: &[Choice],
    question: Question,
) -> Plan {
    let affordable: Vec<&Choice> = choices
        .iter()
        .filter(|choice| choice.cost >= 0.0 && choice.cost <= question.budget)
        .filter(|choice| choice.a != choice.b)
        .filter(|choice| {
            network.nodes.contains_key(&choice.a) && network.nodes.contains_key(&choice.b)
        })
        .collect();
    let mut search = Search {
        network,
        seen,
        totals: Totals::new(network, seen, affordable.clone(), question.limits),
        choices: affordable,
        question,
        known: BTreeMap::new(),
        method: Method::Exact { states: 0 },
        is_cut_short: false,
    };
    let before = search.total(&[]);
    let few = (search.choices.len() <= FEW).then(|| search.exhaust());
    let is_best = few.is_some() && !search.is_cut_short;
    let chosen = match few {
        Some(best) if is_best => best,
        few => {
            search.question.work *= 2;
            let found = search.explore(before);
            few.into_iter()
                .chain([found])
                .min_by(|a, b| {
                    let total = |set: &Set, search: &mut Search<'_>| search.total(set).weighted;
                    let (a, b) = (total(a, &mut search), total(b, &mut search));
                    a.total_cmp(&b)
                })
                .unwrap_or_default()
        }
    };
    let steps = search.steps(&chosen);
    Plan {
        // From 0, since the sum of nothing is -0.
        cost: steps.iter().fold(0.0, |sum, step| sum + step.choice.cost),
        after: steps
            .iter()
            .fold(before, |hours, step| hours - step.removes),
        before,
        is_best,
        choices: choices.len(),
        asked: search.known.len(),
        solved: search.totals.solved(),
        is_cut_short: search.is_cut_short,
        method: search.method,
        steps,
    }
}

/// Returns the hours lost a year once some choices are built, and how they were found.
///
/// The ends of the choices must be there.
#[must_use]
pub fn with(
    network: &Network,
    choices: &[&Choice],
    seen: &BTreeMap<Element, Outages>,
    limits: Limits,
) -> (Hours, Method) {
    let (network, _) = built(network, choices);
    let graph = Graph::new(&network);
    let chances = Chances::of(&network, seen);
    total(&network, &graph, &chances, &[], limits)
}

/// Returns a network with some choices built, in order, and their ids.
fn built(network: &Network, choices: &[&Choice]) -> (Network, Vec<LinkId>) {
    let mut parts = Parts::clone(network);
    let links = choices
        .iter()
        .map(|choice| parts.add_link(&choice.a, &choice.b, &choice.kind, choice.km))
        .collect();
    let network = Network::prove(parts).expect("links between nodes that exist keep it whole");
    (network, links)
}

/// Returns the agencies that have fewer single points, or are reached at last.
fn relieved(before: &Weakness, after: &Weakness) -> Vec<AgencyId> {
    let agencies = before.agencies.iter();
    agencies
        .filter(|(id, was)| {
            after.agencies.get(*id).is_some_and(|is| {
                (was.cut_off && !is.cut_off)
                    || (!was.cut_off && is.single_points.len() < was.single_points.len())
            })
        })
        .map(|(id, _)| id.clone())
        .collect()
}

/// Returns the elements that cut off fewer, and how many fewer.
fn closed(before: &Weakness, after: &Weakness) -> Vec<(Element, usize)> {
    let now: BTreeMap<&Element, usize> = after
        .elements
        .iter()
        .map(|weak| (&weak.element, weak.ids.len()))
        .collect();
    let mut closed: Vec<(Element, usize)> = before
        .elements
        .iter()
        .filter_map(|weak| {
            let left = now.get(&weak.element).copied().unwrap_or(0);
            let fewer = weak.ids.len().saturating_sub(left);
            (fewer > 0).then(|| (weak.element.clone(), fewer))
        })
        .collect();
    closed.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    closed
}
