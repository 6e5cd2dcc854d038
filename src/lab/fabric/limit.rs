//! How many ICMP messages a router may send: a token bucket, as routers have it (RFC 1812, 4.3.2.8), alone or
//! shared with what others ask of it.

use std::time::Duration;

use crate::lab::action::impairment::IcmpLimit;
use crate::lab::fabric::dice::Dice;

/// A token bucket: routers are allowed this many ICMP errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// In the long run; 0 is none at all.
    pub per_second: f64,
    /// At once.
    pub burst: f64,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug)]
pub(super) struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    pub(super) fn full(limit: Limit) -> Self {
        Self {
            tokens: limit.burst,
            at: Duration::ZERO,
        }
    }

    pub(super) fn takes(&mut self, limit: Limit, at: Duration) -> bool {
        let passed = at.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(at);
        self.tokens = (self.tokens + passed * limit.per_second).min(limit.burst);
        let may = self.tokens >= 1.0;
        if may {
            self.tokens -= 1.0;
        }
        may
    }
}

/// What a node lets out at once at most, where its rate allows it: what Linux lets out (`icmp_ratelimit`).
const BURST: f64 = 6.0;

/// So many of other people's pings are remembered: with a bucket of six, what came before makes no difference.
const OTHERS: f64 = 512.0;

/// One node's limit on all ICMP that it sends, and who else uses it up.
#[derive(Clone, Debug)]
pub(super) struct Policer {
    by: IcmpLimit,
    bucket: Bucket,
    seen: Duration,
}

impl Policer {
    pub(super) fn new(by: IcmpLimit, at: Duration) -> Self {
        let mut bucket = Bucket::full(limit(by));
        bucket.at = at;
        Self {
            by,
            bucket,
            seen: at,
        }
    }

    /// Returns whether it is made of the same words.
    pub(super) fn is(&self, by: IcmpLimit) -> bool {
        self.by == by
    }

    /// Returns whether one more message may go out at a moment.
    ///
    /// Others come as they like (a Poisson process), and each takes what there is. Costs O(1): of a long pause
    /// only the end is played.
    pub(super) fn lets(&mut self, at: Duration, dice: &mut Dice) -> bool {
        let limit = limit(self.by);
        if self.by.others > 0.0 {
            let long_ago = at.saturating_sub(Duration::from_secs_f64(OTHERS / self.by.others));
            let mut when = self.seen.max(long_ago);
            loop {
                when += Duration::from_secs_f64(dice.wait() / self.by.others);
                if when >= at {
                    break;
                }
                let _ = self.bucket.takes(limit, when);
            }
        }
        self.seen = self.seen.max(at);
        self.bucket.takes(limit, at)
    }
}

fn limit(by: IcmpLimit) -> Limit {
    Limit {
        per_second: by.rate,
        burst: by.rate.clamp(1.0, BURST),
    }
}
