//! When whose round is due: a queue that costs nothing while everybody's rounds are equally long; pure.
//!
//! Each target's next round comes an interval after its last one, so where intervals are equal it comes after all
//! others that are known, and is put at the end of a line. What does not waits in a heap.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use crate::clock::moment::Moment;
use crate::probe::roster::Place;

/// When, and whose: two of one moment are in order of place.
type Round = (Moment, Place);

/// Rounds in order of time.
#[derive(Clone, Debug, Default)]
pub(super) struct Rounds {
    /// Ascending.
    line: VecDeque<Round>,
    others: BinaryHeap<Reverse<Round>>,
}

impl Rounds {
    /// Adds one. Cost O(1) where none is later, else O(log n).
    pub(super) fn add(&mut self, round: Round) {
        if self.line.back().is_none_or(|last| *last <= round) {
            self.line.push_back(round);
        } else {
            self.others.push(Reverse(round));
        }
    }

    /// Returns the first.
    pub(super) fn first(&self) -> Option<Round> {
        let first = self.line.front().copied();
        let Some(Reverse(other)) = self.others.peek() else {
            return first;
        };
        Some(first.map_or(*other, |first| first.min(*other)))
    }

    /// Takes the first out.
    pub(super) fn take(&mut self) -> Option<Round> {
        let is_other = self.others.peek().is_some_and(|Reverse(other)| {
            let first = self.line.front();
            first.is_none_or(|first| other < first)
        });
        if is_other {
            self.others.pop().map(|Reverse(round)| round)
        } else {
            self.line.pop_front()
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.line.clear();
        self.others.clear();
    }
}

/// Returns the first moment that is `seat` into an interval and more than half an interval after `now`.
///
/// So a late round is not followed by a hasty one, and no gap is longer than one and a half intervals: data are
/// called stale after two.
pub(super) fn next_seat(seat: u64, interval: u64, now: Moment) -> Moment {
    let past = now + interval / 2;
    let rounds = past.checked_sub(seat).map_or(0, |over| over / interval + 1);
    seat.saturating_add(interval.saturating_mul(rounds))
}
