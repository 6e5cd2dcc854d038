//! What to ask next: the questions that part elements which nothing has told apart yet.
//!
//! Not a plan of measurement: nobody is asked here. A candidate question has one outcome for each element that may be
//! the cause; asking it leaves the elements with the outcome that is heard. Pings stand before ports, because anybody can
//! send them; of each sort those first that part most of the probability. The list ends when everything is parted or
//! nothing more can be.

use crate::model::Element;
use crate::model::LinkId;
use crate::model::target::TargetId;

/// Questions about one cause; whoever has asked so many asks anew.
const MOST: usize = 4;

/// A question, and what its answer would say.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ask {
    /// Whom, and how.
    pub target: TargetId,
    /// Which port to read, by its link, where a device is asked for its ports.
    pub port: Option<LinkId>,
    /// The elements to blame when it is silent, its port is down or its counter grows; with any other answer those that
    /// are not here.
    pub separates: Vec<Element>,
}

/// What a question would bring if some element were the cause.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Outcome {
    /// It is silent, its port is down, or it loses.
    Bad,
    /// It answers, its port is up, or it loses nothing.
    Good,
    /// Nothing can be heard of it.
    Nothing,
}

/// A question that could be asked, and by element what it would bring.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    pub(super) target: TargetId,
    pub(super) port: Option<LinkId>,
    pub(super) outcomes: Vec<Outcome>,
}

/// Chooses the questions that part some elements, by how probable each of these is.
///
/// `candidates` holds pings before ports; of those that say the same the first is taken. Cost O(candidates × elements) for each
/// question.
pub(super) fn chosen(
    elements: &[Element],
    odds: &[f64],
    mut candidates: Vec<Candidate>,
) -> Vec<Ask> {
    let total: f64 = odds.iter().sum();
    let mut groups: Vec<Vec<usize>> = vec![(0..elements.len()).collect()];
    let mut asks = Vec::new();
    while asks.len() < MOST {
        let worth = |candidate: &Candidate| -> f64 {
            let parts = groups.iter().map(|group| {
                let before = share(group, odds, total);
                let inside = parted(group, candidate);
                let after = inside.iter().map(|part| entropy(share(part, odds, total)));
                after.sum::<f64>() - entropy(before)
            });
            parts.sum()
        };
        let mut best: Option<(f64, usize)> = None;
        for (place, candidate) in candidates.iter().enumerate() {
            let is_after_a_ping = best.is_some_and(|(_, ping)| {
                candidates[ping].port.is_none() && candidate.port.is_some()
            });
            if is_after_a_ping {
                continue;
            }
            let worth = worth(candidate);
            // What parts nothing is worth nothing, but for the last bits of a sum.
            if worth > best.map_or(1e-9, |(known, _)| known + 1e-9) {
                best = Some((worth, place));
            }
        }
        let Some((_, place)) = best else {
            break;
        };
        let candidate = candidates.remove(place);
        groups = groups
            .iter()
            .flat_map(|group| parted(group, &candidate))
            .collect();
        let bad = elements
            .iter()
            .zip(&candidate.outcomes)
            .filter(|(_, outcome)| **outcome == Outcome::Bad);
        asks.push(Ask {
            target: candidate.target,
            port: candidate.port,
            separates: bad.map(|(element, _)| element.clone()).collect(),
        });
    }
    asks
}

/// Returns a group by outcome.
fn parted(group: &[usize], candidate: &Candidate) -> Vec<Vec<usize>> {
    let outcomes = [Outcome::Bad, Outcome::Good, Outcome::Nothing];
    outcomes
        .iter()
        .map(|outcome| {
            let part = group.iter().copied();
            part.filter(|member| candidate.outcomes.get(*member) == Some(outcome))
                .collect::<Vec<usize>>()
        })
        .filter(|part| !part.is_empty())
        .collect()
}

fn share(group: &[usize], odds: &[f64], total: f64) -> f64 {
    group.iter().map(|member| odds[*member]).sum::<f64>() / total
}

/// What a group with some share of the probability adds to the doubt (Shannon 1948).
fn entropy(share: f64) -> f64 {
    if share > 0.0 {
        -share * share.ln()
    } else {
        0.0
    }
}
