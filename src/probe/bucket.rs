//! A token bucket in one value: when the next thing would leave if all left evenly; pure.
//!
//! It counts no tokens and needs no refill: being behind that moment is what was saved up, up to the burst.

use std::time::Duration;

use crate::clock::moment::{Moment, nanos};

/// What may leave how fast.
#[derive(Clone, Copy, Debug)]
pub struct Bucket {
    /// Nanoseconds.
    spacing: u64,
    /// Nanoseconds by which the next one may be ahead of its even moment.
    ahead: u64,
    /// When the next one would leave if they left evenly.
    even: Moment,
}

impl Bucket {
    /// Makes a full bucket: one each `spacing` on average, and `burst` (at least one) at once after a pause.
    #[must_use]
    pub fn new(spacing: Duration, burst: u32, start: Moment) -> Self {
        let spacing = nanos(spacing);
        Self {
            spacing,
            ahead: spacing.saturating_mul(u64::from(burst.max(1) - 1)),
            even: start,
        }
    }

    /// Returns the first moment at which one may leave.
    #[must_use]
    pub fn open_at(&self) -> Moment {
        self.even.saturating_sub(self.ahead)
    }

    /// Lets one leave.
    pub fn take(&mut self, now: Moment) {
        self.even = self.even.max(now).saturating_add(self.spacing);
    }
}
