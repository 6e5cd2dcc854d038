//! How much of what devices say unasked is let in; pure.
//!
//! A token bucket for each sender, and one for all: a device whose port flaps, or somebody who forges its
//! address, may not drown the others, and all of them together may not drown the monitor. What is held back is
//! not missed, because what came through makes the monitor look for itself.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::model::NodeId;

/// How many one sender may have let in at once, and the time in which it gets another.
const EACH: Share = Share {
    burst: 8.0,
    refill: Duration::from_secs(1),
};

/// The same for all senders together: a provider's edge that falls makes a few hundred speak.
const ALL: Share = Share {
    burst: 512.0,
    refill: Duration::from_millis(20),
};

/// A token bucket's size.
#[derive(Clone, Copy, Debug)]
struct Share {
    burst: f64,
    refill: Duration,
}

/// What is left of a share.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    fn full(share: Share, now: Instant) -> Self {
        Self {
            tokens: share.burst,
            at: now,
        }
    }

    fn fill(&mut self, share: Share, now: Instant) {
        let passed = now.saturating_duration_since(self.at).as_secs_f64();
        self.at = self.at.max(now);
        self.tokens = (self.tokens + passed / share.refill.as_secs_f64()).min(share.burst);
    }
}

/// The buckets; never more of them than the network has nodes, as only those are let this far.
#[derive(Clone, Debug, Default)]
pub struct Valve {
    all: Option<Bucket>,
    each: BTreeMap<NodeId, Bucket>,
}

impl Valve {
    /// Returns whether one more of this sender's may come in now. Costs O(log n).
    pub fn admits(&mut self, node: &NodeId, now: Instant) -> bool {
        let all = self.all.get_or_insert(Bucket::full(ALL, now));
        all.fill(ALL, now);
        let full = || Bucket::full(EACH, now);
        let each = self.each.entry(node.clone()).or_insert_with(full);
        each.fill(EACH, now);
        let may = all.tokens >= 1.0 && each.tokens >= 1.0;
        if may {
            all.tokens -= 1.0;
            each.tokens -= 1.0;
        }
        may
    }
}
