//! A trace as it was heard: which router answered at which distance, flow by flow, and what was lost.
//!
//! It holds addresses and not nodes: whose they are is the model's to say (`analysis::way`).

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use crate::model::reading::Refusal;

/// A trace to one address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trace {
    /// Where to.
    pub target: IpAddr,
    /// One path a flow, in order of the flows.
    pub paths: Vec<Path>,
}

/// What one flow went through.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path {
    /// Its hops from the first on, silent ones included; ends with the target where that answered.
    pub hops: Vec<Hop>,
    /// How it ended.
    pub end: End,
}

/// How a path ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum End {
    /// The target answered.
    Reached,
    /// A router said that there is no way on.
    Refused {
        /// Which.
        by: IpAddr,
        /// What it said.
        why: Refusal,
    },
    /// Nobody answered any more.
    #[default]
    Silent,
}

/// What was heard from one distance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hop {
    /// Questions whose answer has come or whose time is up.
    pub sent: u32,
    /// Round-trip times of the answers, in order of the questions.
    pub rtts: Vec<Duration>,
    /// Who answered how often; more than one where the path changed meanwhile.
    pub from: BTreeMap<IpAddr, u32>,
}

impl Hop {
    /// Returns who answered most often, the lowest address of several.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        let most = self.from.values().max()?;
        let mut found = self.from.iter().filter(|(_, count)| *count == most);
        found.next().map(|(address, _)| *address)
    }

    /// Returns how many questions were answered.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.from.values().sum()
    }

    /// Returns how many were not.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.sent.saturating_sub(self.received())
    }

    /// Returns the least, the middle and the greatest round-trip time; of an even number the lower middle.
    #[must_use]
    pub fn rtt(&self) -> Option<[Duration; 3]> {
        let mut sorted = self.rtts.clone();
        sorted.sort_unstable();
        let middle = sorted.len().checked_sub(1)? / 2;
        Some([*sorted.first()?, *sorted.get(middle)?, *sorted.last()?])
    }

    /// Adds what another flow heard at the same distance.
    pub fn add(&mut self, other: &Self) {
        self.sent += other.sent;
        self.rtts.extend(&other.rtts);
        for (address, count) in &other.from {
            *self.from.entry(*address).or_default() += count;
        }
    }
}
