//! Moments: time as one number, for whoever compares and adds times by the hundred million.
//!
//! An `Instant` is two numbers with a carry between them, and each comparison, addition and division pays for it.

use std::time::{Duration, Instant};

/// Nanoseconds since an epoch: 584 years of them.
pub type Moment = u64;

/// What moments are counted from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Epoch(Instant);

impl Epoch {
    /// Begins counting at an instant.
    #[must_use]
    pub fn at(start: Instant) -> Self {
        Self(start)
    }

    /// Returns the moment of an instant; what lies before the epoch is at it.
    #[must_use]
    pub fn moment(self, instant: Instant) -> Moment {
        nanos(instant.saturating_duration_since(self.0))
    }

    /// Returns the instant of a moment.
    #[must_use]
    pub fn instant(self, moment: Moment) -> Instant {
        self.0 + Duration::from_nanos(moment)
    }
}

/// Returns a time in nanoseconds; 584 years are for ever.
#[must_use]
pub fn nanos(time: Duration) -> u64 {
    time.as_secs()
        .saturating_mul(1_000_000_000)
        .saturating_add(u64::from(time.subsec_nanos()))
}
