//! Where the likelihood is largest, and how far it reaches: the loss of every segment, with its interval.
//!
//! Without targets of several ways the likelihood is concave and its maximum the only one. With them it is climbed by
//! expectation and maximisation (Dempster, Laird and Rubin 1977), which never steps down and may end on a lower hill.

use crate::analysis::lossy::table::{EXPECTED, FLOOR, Losses, Table};

/// Nothing is more lossy than this: one echo in three million arrives.
const CEILING: f64 = 15.0;

/// Rounds of steps at most; a dozen is usual.
const ROUNDS: usize = 60;

/// A round that gains less has arrived.
const ARRIVED: f64 = 1e-7;

/// What a term of the sum is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    Background,
    Segment(usize),
}

impl Table {
    /// Returns the losses that make the counts most likely, and that weight; `held` keeps one segment's loss.
    ///
    /// Cost O(designs) for each step, and O(mixtures) for each round.
    pub(super) fn fit(&self, begin: Losses, held: Option<usize>) -> (Losses, f64) {
        let mut losses = begin;
        let mut weight = self.weigh(&losses);
        for _ in 0..ROUNDS {
            let counts = self.expected(&losses);
            for segment in 0..self.segments {
                if Some(segment) != held {
                    self.climb(&mut losses, Part::Segment(segment), &counts);
                }
            }
            self.climb(&mut losses, Part::Background, &counts);
            let next = self.weigh(&losses);
            let gain = next - weight;
            weight = next;
            if gain < ARRIVED {
                break;
            }
        }
        (losses, weight)
    }

    /// Moves one part to where the likelihood of some counts is largest (Newton; concave in each part).
    fn climb(&self, losses: &mut Losses, part: Part, counts: &[(f64, f64)]) {
        let (least, slope) = match part {
            Part::Background => (FLOOR, -1.0 / EXPECTED),
            Part::Segment(_) => (0.0, 0.0),
        };
        // By design: what this part is multiplied with, and what all the others add.
        let own = match part {
            Part::Background => losses.background,
            Part::Segment(segment) => losses.segments[segment],
        };
        let terms: Vec<(f64, f64, f64, f64)> = self
            .designs
            .iter()
            .zip(counts)
            .filter(|(_, (sent, _))| *sent > 0.0)
            .map(|(design, (sent, lost))| {
                let times = match part {
                    Part::Background => f64::from(design.hops),
                    Part::Segment(segment) => f64::from(design.passes[segment]),
                };
                (
                    times,
                    (losses.sum(design) - times * own).max(0.0),
                    *sent,
                    *lost,
                )
            })
            .filter(|(times, ..)| *times > 0.0)
            .collect();
        let at = |value: f64| {
            let (mut first, mut second) = (slope, 0.0);
            for (times, others, sent, lost) in &terms {
                let sum = (times * value + others).max(FLOOR);
                let gone = -(-sum).exp_m1();
                first += times * (lost * (1.0 - gone) / gone - (sent - lost));
                second -= times * times * lost * (1.0 - gone) / (gone * gone);
            }
            (first, second)
        };
        let (mut low, mut high) = (least, CEILING);
        if at(least).0 <= 0.0 {
            high = least;
        }
        let mut value = own.clamp(low, high);
        for _ in 0..40 {
            let (first, second) = at(value);
            *(if first > 0.0 { &mut low } else { &mut high }) = value;
            let step = value - first / second;
            let next = if second < 0.0 && step > low && step < high {
                step
            } else {
                f64::midpoint(low, high)
            };
            let is_near = (next - value).abs() <= 1e-9 + 1e-6 * value;
            value = next;
            if is_near {
                break;
            }
        }
        match part {
            Part::Background => losses.background = value,
            Part::Segment(segment) => losses.segments[segment] = value,
        }
    }

    /// Returns the best losses, and their weight, when one segment is held at some loss.
    pub(super) fn held(&self, best: &Losses, segment: usize, loss: f64) -> (Losses, f64) {
        let mut held = *best;
        held.segments[segment] = loss;
        self.fit(held, Some(segment))
    }

    /// Returns how lossy one segment may be at least and at most, before the weight falls by `drop`: the profile
    /// likelihood, with everything else fitted anew at every point.
    pub(super) fn profile(
        &self,
        best: Losses,
        weight: f64,
        segment: usize,
        drop: f64,
    ) -> (f64, f64) {
        let falls = |value: f64, from: &Losses| {
            let (losses, there) = self.held(from, segment, value);
            (weight - there > drop, losses)
        };
        let middle = best.segments[segment];
        let search = |mut inside: f64, mut outside: f64| {
            let mut near = best;
            for _ in 0..30 {
                let value = f64::midpoint(inside, outside);
                let (is_out, losses) = falls(value, &near);
                if is_out {
                    outside = value;
                } else {
                    inside = value;
                    near = losses;
                }
                if (inside - outside).abs() <= 1e-5 {
                    break;
                }
            }
            f64::midpoint(inside, outside)
        };
        let low = if middle <= 0.0 || !falls(0.0, &best).0 {
            0.0
        } else {
            search(middle, 0.0)
        };
        // From near outward, so that the bisection begins with a short distance.
        let mut far = (middle * 2.0).max(0.01);
        while far < CEILING && !falls(far, &best).0 {
            far *= 2.0;
        }
        let high = if far >= CEILING {
            CEILING
        } else {
            search(middle, far)
        };
        (low, high)
    }

    /// Returns whether one segment is all that is lost: then its interval is exact.
    pub(super) fn is_exact(&self, losses: &Losses) -> bool {
        let is_quiet = losses.background <= 2.0 * FLOOR;
        let is_once = self.designs.iter().all(|design| design.passes[0] <= 1);
        self.segments == 1 && is_quiet && is_once && self.mixtures.is_empty()
    }
}
