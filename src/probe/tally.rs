//! What became of the echoes to one target, in numbers; pure.
//!
//! An echo is counted when its fate is known: answered, or its time is over. What is still under way when somebody
//! stops the program is neither sent nor lost, and what our own side could not send is counted apart.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::probe::flight::Objection;

/// RTTs are kept in tenths of a microsecond: 32 bits of them are seven minutes.
const UNIT: u128 = 100;

/// RTT figures of the echoes that were answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// The least, of all.
    pub min: Duration,
    /// The middle one of those kept.
    pub median: Duration,
    /// Not exceeded by 95 of 100 of those kept.
    pub p95: Duration,
    /// The most, of all.
    pub max: Duration,
    /// The mean difference of two successive ones; `None` before the second.
    pub jitter: Option<Duration>,
}

/// Which error of which router.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Complaint {
    /// Who sent it.
    pub router: IpAddr,
    /// The type of the message.
    pub kind: u8,
    /// Its code.
    pub code: u8,
}

/// How often it came.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Times {
    /// In all.
    pub count: u32,
    /// Of them with a quote that ended before the cookie.
    pub in_part: u32,
}

/// The echoes to one target.
#[derive(Clone, Debug)]
pub struct Tally {
    received: u32,
    lost: u32,
    /// Echoes that our own side could not send.
    pub unsent: u32,
    /// Why the last of them could not be sent.
    pub why: Option<Arc<str>>,
    /// More packets for an echo that had its answer.
    pub duplicates: u32,
    /// Answers that came after the answer to a later echo (RFC 4737).
    pub out_of_order: u32,
    /// Answers after the time-out; their echoes count as lost.
    pub late: u32,
    /// Replies that did not bring all data back.
    pub truncated: u32,
    /// What routers said; at most one error an echo is counted.
    pub errors: BTreeMap<Complaint, Times>,
    /// Time to live of the last answer as it arrived.
    pub ttl: Option<u8>,
    newest: u32,
    last: Option<Duration>,
    min: Duration,
    max: Duration,
    differences: Duration,
    kept: Vec<u32>,
    keep: usize,
}

impl Tally {
    /// Begins to count; for median and p95 the newest `keep` RTTs are kept.
    #[must_use]
    pub fn new(keep: usize) -> Self {
        Self {
            received: 0,
            lost: 0,
            unsent: 0,
            why: None,
            duplicates: 0,
            out_of_order: 0,
            late: 0,
            truncated: 0,
            errors: BTreeMap::new(),
            ttl: None,
            newest: 0,
            last: None,
            min: Duration::MAX,
            max: Duration::ZERO,
            differences: Duration::ZERO,
            kept: Vec::new(),
            keep: keep.max(1),
        }
    }

    /// Returns how many echoes left and have ended: answered or lost.
    #[must_use]
    pub fn sent(&self) -> u32 {
        self.received + self.lost
    }

    /// Returns how many were answered in time.
    #[must_use]
    pub fn received(&self) -> u32 {
        self.received
    }

    /// Returns how many were not.
    #[must_use]
    pub fn lost(&self) -> u32 {
        self.lost
    }

    /// Counts the answer to an echo; `round` is the echo's number among those to this target.
    pub fn answered(&mut self, round: u32, rtt: Duration, ttl: Option<u8>) {
        if self.received > 0 && round < self.newest {
            self.out_of_order += 1;
        }
        self.newest = self.newest.max(round);
        let place = self.received as usize % self.keep;
        self.received += 1;
        self.ttl = ttl.or(self.ttl);
        self.min = self.min.min(rtt);
        self.max = self.max.max(rtt);
        if let Some(last) = self.last.replace(rtt) {
            self.differences += last.abs_diff(rtt);
        }
        let units = u32::try_from(rtt.as_nanos() / UNIT).unwrap_or(u32::MAX);
        match self.kept.get_mut(place) {
            Some(oldest) => *oldest = units,
            None => self.kept.push(units),
        }
    }

    /// Counts an echo whose time is over.
    pub fn missed(&mut self) {
        self.lost += 1;
    }

    /// Counts an echo that could not be sent.
    pub fn not_sent(&mut self, why: Arc<str>) {
        self.unsent += 1;
        self.why = Some(why);
    }

    /// Counts what a router said.
    pub fn objected(&mut self, objection: &Objection) {
        let complaint = Complaint {
            router: objection.router,
            kind: objection.kind,
            code: objection.code,
        };
        let times = self.errors.entry(complaint).or_default();
        times.count += 1;
        times.in_part += u32::from(!objection.is_whole);
    }

    /// Returns RTT figures; `None` before the first answer. Quantiles are the nearest ranks.
    #[must_use]
    pub fn rtt(&self) -> Option<Figures> {
        self.last?;
        let mut sorted = self.kept.clone();
        sorted.sort_unstable();
        let at = |percent: usize| {
            let rank = (sorted.len() - 1) * percent + 50;
            let units = sorted.get(rank / 100).copied().unwrap_or_default();
            // What is kept is rounded down, and must not fall below the least.
            Duration::from_nanos(u64::from(units) * UNIT as u64).clamp(self.min, self.max)
        };
        Some(Figures {
            min: self.min,
            median: at(50),
            p95: at(95),
            max: self.max,
            jitter: (self.received > 1).then(|| self.differences / (self.received - 1)),
        })
    }
}
