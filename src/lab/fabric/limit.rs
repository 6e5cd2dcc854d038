//! How many ICMP errors a router may send: a token bucket, as routers have it (RFC 1812, 4.3.2.8).

use std::time::Duration;

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
