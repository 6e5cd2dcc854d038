//! Figures from a sample, in the form in which the exact ones come.

use crate::analysis::hours::sample::{Sample, sample};
use crate::analysis::hours::{Asked, Figures, Hours, Limits, Method, Row, YEAR};

/// Returns everything, each with its interval. Cost: that of `sample`.
pub(super) fn figures(asked: &Asked<'_>, limits: Limits) -> Figures {
    let down: Vec<f64> = asked
        .chances
        .all()
        .iter()
        .map(|chance| chance.unavailability)
        .collect();
    let Sample {
        loss,
        error,
        with,
        with_error,
        lost,
        draws,
    } = sample(asked, &down, limits.draws, limits.seed);
    let rows: Vec<Row> = (0..down.len())
        .map(|x| {
            let q = down[x];
            // The mean with it down is q L1, so that q (L1 - L0) = (q L1 - q L) / (1 - q).
            let hours = |side: usize| {
                if q < 1.0 {
                    YEAR * (with[x][side] - q * loss[side]) / (1.0 - q)
                } else {
                    0.0
                }
            };
            let if_down = |side: usize| {
                if q > 0.0 {
                    YEAR * with[x][side] / q
                } else {
                    YEAR * loss[side]
                }
            };
            Row {
                q,
                hours: Hours {
                    agency: hours(0),
                    weighted: hours(1),
                },
                if_down: Hours {
                    agency: if_down(0),
                    weighted: if_down(1),
                },
                error: Some(YEAR * with_error[x]),
            }
        })
        .collect();
    let method = Method::Sampled {
        draws,
        error: YEAR * error,
    };
    Figures { lost, rows, method }
}
