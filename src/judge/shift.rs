//! A lasting change of a target's round trip: another path, a full line; pure.
//!
//! A single echo says little: the median of thirty (five minutes at an interval of ten seconds) forgets the odd
//! late one. Twelve such medians say what is usual, and two sums (CUSUM, Page 1954) add up how far the next
//! ones lie above and below it, in units of their usual spread. One far median cannot raise the alarm, since
//! each counts for at most four spreads; a small change needs many. After an alarm, what is usual is learnt
//! anew from where the change began.
//!
//! A change under a tenth of the round trip, or under 0.2 ms, moves what is usual and is not said: nobody would
//! act on it. Cost O(1) an echo and about 1 kB a target.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use crate::clock::moment::nanos;

/// Answered echoes that make one median.
const ECHOES: usize = 30;

/// Medians that say what is usual.
const LEARNT: usize = 12;

/// Spreads that a median may be off for nothing.
const SLACK: f64 = 1.0;

/// Spreads in sum that are an alarm.
const ALARM: f64 = 10.0;

/// Spreads that one median counts for at most.
const MOST: f64 = 4.0;

/// Medians of a run that are remembered.
const REMEMBERED: usize = 4 * LEARNT;

/// The least share of the round trip that is worth saying, 0..1.
const LEAST_SHARE: f64 = 0.1;

/// The least change that is worth saying, in microseconds.
const LEAST_MICROS: f64 = 200.0;

/// The median absolute deviation of a normal distribution in standard deviations is one over this.
const NORMAL: f64 = 1.4826;

/// The round trip of one target over hours, and its newest change.
#[derive(Clone, Debug, Default)]
pub struct Shift {
    /// Nanoseconds.
    echoes: Vec<u64>,
    began: Option<Instant>,
    learnt: Vec<f64>,
    usual: Option<Usual>,
    above: Run,
    below: Run,
    change: Option<Change>,
}

/// A change of the round trip that lasts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    /// When the first median that is part of it began.
    pub since: Instant,
    /// When it was sure.
    pub found: Instant,
    /// The median before.
    pub before: Duration,
    /// The median since.
    pub after: Duration,
}

/// What is usual, in microseconds.
#[derive(Clone, Copy, Debug)]
struct Usual {
    median: f64,
    spread: f64,
}

/// How far the newest medians lie on one side.
#[derive(Clone, Debug, Default)]
struct Run {
    sum: f64,
    since: Option<Instant>,
    medians: VecDeque<f64>,
}

impl Run {
    /// Adds a median that lies `off` spreads on its side, and returns whether the sum is an alarm.
    fn add(&mut self, median: f64, off: f64, at: Instant) -> bool {
        self.sum += off - SLACK;
        if self.sum <= 0.0 {
            *self = Self::default();
            return false;
        }
        self.since.get_or_insert(at);
        if self.medians.len() == REMEMBERED {
            self.medians.pop_front();
        }
        self.medians.push_back(median);
        self.sum >= ALARM
    }
}

impl Shift {
    /// Adds the round trip of a question that left at `asked`, and returns whether a change is sure with it.
    pub fn push(&mut self, rtt: Duration, asked: Instant) -> bool {
        let began = *self.began.get_or_insert(asked);
        self.echoes.push(nanos(rtt));
        if self.echoes.len() < ECHOES {
            return false;
        }
        let at = self.echoes.len() / 2;
        let (_, echo, _) = self.echoes.select_nth_unstable(at);
        let echo = Duration::from_nanos(*echo).as_secs_f64() * 1e6;
        self.echoes.clear();
        self.began = None;
        self.weigh(echo, began, asked)
    }

    fn weigh(&mut self, median: f64, began: Instant, now: Instant) -> bool {
        let Some(usual) = self.usual else {
            self.learn([median]);
            return false;
        };
        let off = ((median - usual.median) / usual.spread).clamp(-MOST, MOST);
        let above = self.above.add(median, off, began);
        let below = self.below.add(median, -off, began);
        if !above && !below {
            return false;
        }
        let run = std::mem::take(if above {
            &mut self.above
        } else {
            &mut self.below
        });
        let mut medians: Vec<f64> = run.medians.into();
        self.above = Run::default();
        self.below = Run::default();
        self.usual = None;
        self.learnt.clear();
        self.learn(medians.iter().rev().take(LEARNT).copied());
        let after = middle(&mut medians);
        let least = LEAST_MICROS.max(LEAST_SHARE * usual.median);
        let said = (after - usual.median).abs() >= least;
        if said {
            self.change = Some(Change {
                since: run.since.unwrap_or(began),
                found: now,
                before: micros(usual.median),
                after: micros(after),
            });
        }
        said
    }

    fn learn(&mut self, medians: impl IntoIterator<Item = f64>) {
        self.learnt.extend(medians);
        if self.learnt.len() < LEARNT {
            return;
        }
        let median = middle(&mut self.learnt);
        let mut off: Vec<f64> = self.learnt.iter().map(|x| (x - median).abs()).collect();
        // A line that never differs would make every microsecond an alarm.
        let floor = (0.01 * median).max(20.0);
        let spread = (NORMAL * middle(&mut off)).max(floor);
        self.usual = Some(Usual { median, spread });
        self.learnt.clear();
    }

    /// Returns the newest change; `None` before the first.
    #[must_use]
    pub fn change(&self) -> Option<Change> {
        self.change
    }
}

/// Returns the median of values that are never empty and never NaN; reorders them.
fn middle(values: &mut [f64]) -> f64 {
    let at = values.len() / 2;
    *values.select_nth_unstable_by(at, f64::total_cmp).1
}

fn micros(value: f64) -> Duration {
    Duration::from_secs_f64(value.max(0.0) / 1e6)
}
