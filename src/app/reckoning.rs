//! The reckoning: what hangs on every element in hours a year, of the network as designed and as it is today.
//!
//! It is counted beside the monitor and never in its loop, because on a large network it takes longer than a
//! beat. So it has a moment and a list of what it left out, and is always a little older than the picture that it
//! stands in: whoever shows it compares the two and says so.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use tokio::sync::oneshot;

use crate::analysis::Weakness;
use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::{Account, Limits};
use crate::analysis::pairs::{Pair, Scope, are_sought, pairs};
use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::model::Element;

/// Pairs that are kept, the worst of them.
const PAIRS: usize = 100;

/// Time between two reckonings: a storm changes what is out every second, and nobody reads that fast.
const EVERY: Duration = Duration::from_secs(5);

/// What hangs on every element of a network with something removed.
#[derive(Clone, Debug)]
pub struct Reckoning {
    /// The moment for which it was counted.
    pub at: Timestamp,
    /// What was out then, in order.
    pub removed: Vec<Element>,
    /// Who is cut off by whom.
    pub weakness: Arc<Weakness>,
    /// The hours.
    pub account: Account,
    /// The worst double faults, at most 100, worst first; `None` where the network is too large to seek them.
    pub pairs: Option<Vec<Pair>>,
}

/// The newest reckonings; `None` until they are there.
#[derive(Clone, Debug, Default)]
pub struct Reckonings {
    /// Of the network as designed.
    pub designed: Option<Arc<Reckoning>>,
    /// Of the network without what is down and what is in maintenance.
    pub today: Option<Arc<Reckoning>>,
}

impl Reckoning {
    /// Counts what hangs on every element of a network without `removed`.
    ///
    /// Cost: that of `Weakness::of`, `Account::of` and `pairs`.
    #[must_use]
    pub fn of(reference: &Reference, removed: Vec<Element>, at: Timestamp) -> Self {
        let (network, graph) = (&reference.network, &reference.graph);
        let chances = Chances::declared(network);
        let weakness = if removed.is_empty() {
            reference.weakness.clone()
        } else {
            Arc::new(Weakness::of(network, graph, &removed))
        };
        let account = Account::of(network, graph, &chances, &removed, Limits::default());
        let pairs = are_sought(network).then(|| {
            let mut worst = pairs(network, graph, &chances, &removed, Scope::Transit);
            worst.truncate(PAIRS);
            worst.shrink_to_fit();
            worst
        });
        Self {
            at,
            removed,
            weakness,
            account,
            pairs,
        }
    }
}

impl Reckonings {
    /// Counts both views anew, the designed one only where it is missing.
    #[must_use]
    pub fn next(&self, reference: &Reference, removed: Vec<Element>, at: Timestamp) -> Self {
        let designed = self
            .designed
            .clone()
            .unwrap_or_else(|| Arc::new(Reckoning::of(reference, Vec::new(), at)));
        let today = if removed.is_empty() {
            designed.clone()
        } else {
            Arc::new(Reckoning::of(reference, removed, at))
        };
        Self {
            designed: Some(designed),
            today: Some(today),
        }
    }
}

/// Has reckonings made in a thread of their own, one at a time, whenever what they are of has changed.
#[derive(Debug, Default)]
pub struct Clerk {
    asked: Option<(Reference, Vec<Element>)>,
    began: Option<Instant>,
    running: Option<oneshot::Receiver<Reckonings>>,
}

impl Clerk {
    /// Gives the monitor what has been counted, and has counted what is asked next. Never waits.
    pub fn look(&mut self, monitor: &mut Monitor, now: Instant, at: Timestamp) {
        if let Some(running) = &mut self.running {
            match running.try_recv() {
                Ok(counted) => {
                    self.running = None;
                    let is_asked = |(reference, _): &(Reference, _)| {
                        Arc::ptr_eq(&reference.network, &monitor.reference().network)
                    };
                    if self.asked.as_ref().is_some_and(is_asked) {
                        monitor.set_reckonings(counted);
                    }
                }
                Err(oneshot::error::TryRecvError::Empty) => return,
                Err(oneshot::error::TryRecvError::Closed) => self.running = None,
            }
        }
        let recently = |began| now.saturating_duration_since(began) < EVERY;
        if self.began.is_some_and(recently) {
            return;
        }
        let removed = monitor.sight(at).elements();
        let is_done = self.asked.as_ref().is_some_and(|(reference, before)| {
            Arc::ptr_eq(&reference.network, &monitor.reference().network) && *before == removed
        });
        if is_done {
            return;
        }
        let reference = monitor.reference().clone();
        let before = monitor.reckonings().clone();
        self.asked = Some((reference.clone(), removed.clone()));
        self.began = Some(now);
        let (counted, running) = oneshot::channel();
        let work = move || {
            // Who asked may be gone by then; nobody else wants to know.
            let _ = counted.send(before.next(&reference, removed, at));
        };
        let thread = std::thread::Builder::new().name("reckoning".to_owned());
        self.running = thread.spawn(work).is_ok().then_some(running);
    }
}
