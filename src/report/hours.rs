//! Hours lost a year, as documents and people read them.

use serde::Serialize;

use crate::analysis::hours::{Hours, Method};

/// Hours in JSON: agencies counted once, and by weight.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct HoursShape {
    agency: f64,
    weighted: f64,
}

impl HoursShape {
    /// Returns the JSON form.
    #[must_use]
    pub fn of(hours: Hours) -> Self {
        Self {
            agency: rounded(hours.agency),
            weighted: rounded(hours.weighted),
        }
    }
}

/// Returns the word of JSON for how hours were found.
#[must_use]
pub fn method(method: Method) -> &'static str {
    match method {
        Method::Exact { .. } => "exact",
        Method::Sampled { .. } => "sampled",
    }
}

/// Returns the 95 % interval of sampled weighted hours.
#[must_use]
pub fn interval(hours: Hours, error: Option<f64>) -> Option<[f64; 2]> {
    error.map(|error| {
        [
            rounded((hours.weighted - error).max(0.0)),
            rounded(hours.weighted + error),
        ]
    })
}

/// Rounds to a millionth of an hour: beyond it two machines need not agree.
#[must_use]
pub fn rounded(hours: f64) -> f64 {
    (hours * 1e6).round() / 1e6
}

/// Returns hours as people read them: a decimal where it matters.
#[must_use]
pub fn figure(hours: f64) -> String {
    if hours < 1_000.0 {
        format!("{hours:.1}")
    } else {
        format!("{hours:.0}")
    }
}

/// Returns hours with half the width of their interval, where they were sampled.
#[must_use]
pub fn with_error(hours: f64, error: Option<f64>) -> String {
    match error {
        None => figure(hours),
        Some(error) => format!("{} ± {}", figure(hours), figure(error)),
    }
}

/// Returns a ratio as a percentage with one decimal.
#[must_use]
pub fn share(ratio: f64) -> String {
    format!("{:.1} %", ratio * 100.0)
}
