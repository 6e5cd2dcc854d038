//! Figures as people read them: hours, shares, and how wide an estimate is.

/// Returns hours: a decimal where it matters, none beyond a thousand.
#[must_use]
pub fn figure(hours: f64) -> String {
    if hours < 1_000.0 {
        format!("{hours:.1}")
    } else {
        format!("{hours:.0}")
    }
}

/// Returns hours, and half the width of their interval where they were sampled.
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
