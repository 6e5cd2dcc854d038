//! The only place that reads the machine's clocks.
//!
//! Everything else is told the time: `Instant` for deadlines, `Timestamp` for records.

pub mod moment;

use std::time::Instant;

use jiff::Timestamp;

/// Returns the monotonic clock; paused tokio time moves it too.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn now() -> Instant {
    tokio::time::Instant::now().into_std()
}

/// Returns the wall clock, for records.
#[must_use]
#[expect(clippy::disallowed_methods, reason = "this is the one place that may")]
pub fn today() -> Timestamp {
    Timestamp::now()
}
