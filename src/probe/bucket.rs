//! A token bucket in one value: when the next thing would leave if all left evenly; pure.
//!
//! It counts no tokens and needs no refill: being behind that moment is what was saved up, up to the burst.

use std::time::{Duration, Instant};

/// What may leave how fast.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    spacing: Duration,
    /// How far the next one may be ahead of its even moment.
    ahead: Duration,
    /// When the next one would leave if they left evenly.
    even: Instant,
    /// When it may leave.
    open: Instant,
}

impl Bucket {
    /// Makes a full bucket: one each `spacing` on average, and `burst` (at least one) at once after a pause.
    #[must_use]
    pub fn new(spacing: Duration, burst: u32, start: Instant) -> Self {
        let ahead = spacing * (burst.max(1) - 1);
        Self {
            spacing,
            ahead,
            even: start,
            open: start.checked_sub(ahead).unwrap_or(start),
        }
    }

    /// Returns the first moment at which one may leave.
    #[must_use]
    pub fn open_at(&self) -> Instant {
        self.open
    }

    /// Lets one leave.
    pub fn take(&mut self, now: Instant) {
        self.even = self.even.max(now) + self.spacing;
        self.open = self.even.checked_sub(self.ahead).unwrap_or(self.even);
    }
}
