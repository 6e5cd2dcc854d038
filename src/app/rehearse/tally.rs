//! What many faults come to: how often the name was right, how much was said, how long it took.

use std::time::Duration;

use crate::app::rehearse::fault::{Miss, Tried};
use crate::app::rehearse::watch::Fit;

/// The sum of some faults.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Faults.
    pub faults: usize,
    /// Of which everything was named.
    pub named: usize,
    /// Those of them where what was named only looks exactly the same.
    pub alike: usize,
    /// Causes that were shown at the end, of all faults together.
    pub shown: usize,
    /// Time to the name, of half of the named ones at most.
    pub median: Option<Duration>,
    /// Time to the name, of 95 % of the named ones at most.
    pub p95: Option<Duration>,
    /// Incidents that were never about the fault.
    pub wrong: usize,
    /// Incidents of loss that nobody had broken.
    pub wrong_loss: usize,
    /// Faults after whose mending an incident stayed open.
    pub left_open: usize,
    /// Time of all agencies together that were cut off.
    pub outage: Duration,
    /// That part of it in which it was not said.
    pub missed: Duration,
    /// Faults of which nothing was said.
    pub unsaid: usize,
}

impl Tally {
    /// Sums up.
    #[must_use]
    pub fn of<'a>(tried: impl IntoIterator<Item = &'a Tried>) -> Self {
        let mut tally = Self::default();
        let mut times = Vec::new();
        for one in tried {
            tally.faults += 1;
            tally.named += usize::from(one.fit > Fit::Missed);
            tally.alike += usize::from(one.fit == Fit::Alike);
            tally.shown += one.said.len();
            times.extend(one.named_after);
            tally.wrong += one.wrong.len();
            tally.wrong_loss += one.wrong_loss;
            tally.left_open += usize::from(one.recovered_after.is_none());
            tally.outage += one.outage;
            tally.missed += one.missed;
            tally.unsaid += usize::from(one.miss == Some(Miss::Unsaid));
        }
        times.sort_unstable();
        let last = times.len().checked_sub(1);
        // The nearest rank, in hundredths.
        let at = |percent: usize| last.map(|last| times[(last * percent + 50) / 100]);
        tally.median = at(50);
        tally.p95 = at(95);
        tally
    }

    /// Returns the share of faults of which everything was named, 0..1; 1 of none.
    #[must_use]
    pub fn share(&self) -> f64 {
        if self.faults == 0 {
            return 1.0;
        }
        self.named as f64 / self.faults as f64
    }

    /// Returns how many causes were shown for a fault on average; 0 of none.
    #[must_use]
    pub fn shown_each(&self) -> f64 {
        if self.faults == 0 {
            return 0.0;
        }
        self.shown as f64 / self.faults as f64
    }
}
