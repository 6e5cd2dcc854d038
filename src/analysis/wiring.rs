//! Declared links held against what devices hear on their ports (LLDP, CDP), and devices against what they say of
//! themselves.
//!
//! Nothing here asks anybody: what was answered comes in as `Witness`es. The hard thought is that a silence proves
//! little. A device that does not tell its neighbours, or was not asked, says nothing about a cable; a neighbour
//! that never speaks LLDP is not missing because nobody hears it. So a link is *missing* only where somebody who
//! tells his neighbours should have heard one who speaks, or where its port is down; else it is *unseen*, and
//! counted as that. What one device says never alone makes a finding about another: it is that link's, with the
//! name of who said it.
//!
//! Where nobody tells, what a router or a bridge has learnt of addresses behind its ports still says that a far end is
//! there; it never says that one is not, as such entries are forgotten within minutes.
//!
//! Which node a neighbour is, is decided by its chassis id, then its system name, then its management addresses:
//! the first of these marks that any node bears (`known`).

pub mod witness;

mod cable;
mod devices;
mod known;
mod links;

use std::collections::BTreeMap;

use crate::analysis::finding::{Evidence, Far, Finding};
use crate::analysis::wiring::cable::Sights;
use crate::analysis::wiring::known::Known;
use crate::analysis::wiring::witness::Witness;
use crate::model::network::Network;
use crate::model::{LinkId, NodeId};

/// How well a declared link was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sight {
    /// Each end hears the other.
    Both,
    /// One end hears the other, and the other cannot be asked or does not tell.
    One,
    /// The ends hear each other across a node that cannot be asked, as through a provider's cloud.
    Through,
    /// Nobody tells of it, but an end has learnt the other's address on the declared port: it lies somewhere behind it.
    Behind,
    /// There is a finding about it.
    Wrong,
    /// Nobody who could tell was asked.
    Unseen,
}

/// What the comparison came to.
#[derive(Clone, Debug, Default)]
pub struct Wiring {
    /// The differences, the worst first, then by code, thing and key.
    pub findings: Vec<Finding>,
    /// How every declared link was seen.
    pub links: BTreeMap<LinkId, Sight>,
    /// Who hears whom, as far as it agrees with what is declared, in order.
    pub heard: BTreeMap<LinkId, Vec<Evidence>>,
}

impl Wiring {
    /// Returns how many declared links were seen so.
    #[must_use]
    pub fn count(&self, sight: Sight) -> usize {
        self.links.values().filter(|each| **each == sight).count()
    }
}

/// A cable as it was heard, whatever is declared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heard {
    /// The end that heard.
    pub near: (NodeId, String),
    /// Who was heard, and on which of its ports; the port is empty where nobody says it.
    pub far: (Far, String),
    /// By whom it was heard.
    pub evidence: Vec<Evidence>,
}

/// Returns every cable that devices hear of, each once, in order; an entry on a port that is down is none.
#[must_use]
pub fn cables(network: &Network, witnesses: &BTreeMap<NodeId, Option<Witness>>) -> Vec<Heard> {
    let answered = answered(witnesses);
    let sights = Sights::of(&answered, &Known::of(network, &answered));
    let fresh: Vec<_> = sights.0.iter().filter(|sight| !sight.is_stale).collect();
    let cables = cable::cables(&fresh).into_iter();
    cables
        .map(|cable| Heard {
            near: (cable.near.0, cable.near.1.shown),
            far: (cable.far.0, cable.far.1.shown),
            evidence: cable.evidence,
        })
        .collect()
}

fn answered(witnesses: &BTreeMap<NodeId, Option<Witness>>) -> BTreeMap<&NodeId, &Witness> {
    witnesses
        .iter()
        .filter_map(|(node, witness)| Some((node, witness.as_ref()?)))
        .collect()
}

/// Compares a network with what its devices said.
///
/// `witnesses` holds what each node that was asked answered: nothing where it was silent. Cost O(s log s) in what
/// was heard, for each pair of nodes the square of the cables between them.
#[must_use]
pub fn compare(network: &Network, witnesses: &BTreeMap<NodeId, Option<Witness>>) -> Wiring {
    let answered = answered(witnesses);
    let known = Known::of(network, &answered);
    let sights = Sights::of(&answered, &known);
    let mut wiring = links::compare(network, &answered, sights, &known);
    wiring.findings.extend(devices::compare(network, witnesses));
    wiring
        .findings
        .sort_by(|one, other| one.place().cmp(&other.place()));
    wiring
}
