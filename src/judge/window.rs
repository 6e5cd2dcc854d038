//! The recent readings of one target in a fixed ring: loss with its interval, RTT, how often it changes.
//!
//! Loss is never a bare ratio: 2 of 16 lost is 12.5 %, and anything from 1.6 % to 38 %. The interval decides,
//! so that a short window cannot cry wolf.

use std::collections::VecDeque;
use std::time::Duration;

use crate::model::health::{Loss, Rtt};

/// Echoes that are remembered: ten minutes at an interval of ten seconds.
pub const LENGTH: usize = 60;

/// One minus the confidence of all intervals that are shown.
const ALPHA: f64 = 0.05;

/// Results that flapping looks at, as in Nagios and its heirs.
const FLAP_LENGTH: u32 = 21;

/// The recent echoes of one target, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    echoes: VecDeque<Option<Duration>>,
    lost: u32,
    /// The last results as bits, the newest lowest, and how many there are.
    results: u32,
    known: u32,
    flapping: bool,
    lossy: bool,
}

impl Window {
    /// Adds one echo: its RTT, or `None` for a loss.
    pub fn push(&mut self, rtt: Option<Duration>) {
        if self.echoes.len() == LENGTH && self.echoes.pop_front() == Some(None) {
            self.lost -= 1;
        }
        self.lost += u32::from(rtt.is_none());
        self.echoes.push_back(rtt);
        self.note(rtt.is_some());
        self.judge_loss();
    }

    /// Forgets the echoes and keeps the results: what is lost in an outage is not the quality of the line.
    pub fn forget(&mut self) {
        self.echoes.clear();
        self.lost = 0;
        self.lossy = false;
    }

    /// Notes a silent round of an outage: it counts for flapping, not for loss.
    pub fn miss(&mut self) {
        self.note(false);
    }

    fn note(&mut self, answered: bool) {
        self.results = (self.results << 1 | u32::from(answered)) & ((1 << FLAP_LENGTH) - 1);
        self.known = (self.known + 1).min(FLAP_LENGTH);
        if self.known == FLAP_LENGTH {
            let changes = ((self.results ^ (self.results >> 1)) & ((1 << (FLAP_LENGTH - 1)) - 1))
                .count_ones();
            let share = f64::from(changes) / f64::from(FLAP_LENGTH - 1);
            // Two levels, so that the mark itself does not flap.
            self.flapping = if self.flapping {
                share >= 0.25
            } else {
                share > 0.30
            };
        }
    }

    fn judge_loss(&mut self) {
        let (sent, lost) = self.sent_and_lost();
        self.lossy = if self.lossy {
            let recent_loss = self.echoes.iter().rev().take(20).any(Option::is_none);
            // The upper bound is under 10 % exactly when so few lost would be this unlikely at 10 %.
            recent_loss || 1.0 - at_least(lost + 1, sent, 0.10) >= ALPHA / 2.0
        } else {
            // The lower bound is at least 2 % exactly when so many lost would be this unlikely at 2 %.
            lost > 0 && at_least(lost, sent, 0.02) <= ALPHA / 2.0
        };
    }

    /// Returns whether loss makes the target degraded.
    ///
    /// It is once the lower 95 % bound reaches 2 %, until the upper bound is under 10 % and the last 20 echoes
    /// all came back.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.lossy
    }

    /// Returns whether it changes too often: over 30 % of the last 21 results, until under 25 %.
    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// Returns echoes sent and lost.
    #[must_use]
    pub fn sent_and_lost(&self) -> (u32, u32) {
        (self.echoes.len() as u32, self.lost)
    }

    /// Returns loss with its exact 95 % interval; `None` before the first echo.
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        let (sent, lost) = self.sent_and_lost();
        (sent > 0).then(|| {
            let (low, high) = interval(lost, sent, ALPHA);
            Loss {
                ratio: f64::from(lost) / f64::from(sent),
                low,
                high,
            }
        })
    }

    /// Returns RTT figures of the answered echoes; `None` before the first.
    #[must_use]
    pub fn rtt(&self) -> Option<Rtt> {
        let last = self.echoes.iter().rev().find_map(|echo| *echo)?;
        let mut sorted: Vec<Duration> = self.echoes.iter().filter_map(|echo| *echo).collect();
        sorted.sort_unstable();
        // The nearest rank, in hundredths.
        let at = |percent: usize| sorted[((sorted.len() - 1) * percent + 50) / 100];
        Some(Rtt {
            last,
            min: at(0),
            median: at(50),
            p95: at(95),
        })
    }

    /// Returns the echoes, oldest first; `None` is a loss.
    pub fn trail(&self) -> impl Iterator<Item = Option<Duration>> + '_ {
        self.echoes.iter().copied()
    }
}

/// Returns the exact (Clopper and Pearson 1934) interval of a ratio of `hits` in `trials` at confidence
/// `1 - alpha`, two-sided; both 0..1. No trials say nothing: 0 to 1.
///
/// Found by bisection on the binomial tail, which for the few trials of a window is quick and needs no beta
/// function.
#[must_use]
pub fn interval(hits: u32, trials: u32, alpha: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let tail = alpha / 2.0;
    // Nothing or everything lost, by far the most frequent, has a closed form.
    let edge = tail.powf(1.0 / f64::from(trials));
    let low = match hits {
        0 => 0.0,
        _ if hits >= trials => edge,
        _ => solve(|p| at_least(hits, trials, p) < tail),
    };
    let high = match hits {
        0 => 1.0 - edge,
        _ if hits >= trials => 1.0,
        _ => solve(|p| at_least(hits + 1, trials, p) < 1.0 - tail),
    };
    (low, high)
}

/// Returns the ratio at which `below` turns false.
fn solve(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..36 {
        let middle = f64::midpoint(low, high);
        *(if below(middle) { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

/// Returns the probability of at least `hits` in `trials` at ratio `p`, 0 < p < 1.
fn at_least(hits: u32, trials: u32, p: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if hits > trials {
        return 0.0;
    }
    // Summed from the largest term of the smaller tail outward, so that nothing underflows that matters.
    if f64::from(hits) > f64::from(trials) * p {
        sum(hits, trials, p)
    } else {
        // "At most hits - 1 are lost" is "at least trials - hits + 1 are not".
        1.0 - sum(trials - hits + 1, trials, 1.0 - p)
    }
}

/// Sums the binomial terms from `first` to `trials`.
fn sum(first: u32, trials: u32, p: f64) -> f64 {
    let q = 1.0 - p;
    let ln_choose: f64 = (0..first)
        .map(|i| (f64::from(trials - i) / f64::from(i + 1)).ln())
        .sum();
    let mut term =
        (ln_choose + f64::from(first) * p.ln() + f64::from(trials - first) * q.ln()).exp();
    let mut total = 0.0;
    for k in first..=trials {
        total += term;
        term *= f64::from(trials - k) / f64::from(k + 1) * (p / q);
        if term < total * 1e-17 {
            break;
        }
    }
    total.min(1.0)
}
