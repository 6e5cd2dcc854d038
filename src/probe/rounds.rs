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
        match (self.line.front(), self.others.peek()) {
            (Some(one), Some(Reverse(other))) => Some(*one.min(other)),
            (Some(one), None) | (None, Some(Reverse(one))) => Some(*one),
            (None, None) => None,
        }
    }

    /// Takes the first out.
    pub(super) fn take(&mut self) -> Option<Round> {
        let first = self.first()?;
        if self.line.front() == Some(&first) {
            self.line.pop_front()
        } else {
            self.others.pop().map(|Reverse(round)| round)
        }
    }

    /// Forgets all.
    pub(super) fn clear(&mut self) {
        self.line.clear();
        self.others.clear();
    }
}
