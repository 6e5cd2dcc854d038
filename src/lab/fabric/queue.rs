//! One direction of a slow link: packets leave one after another, and those that would wait too long are dropped.

use std::collections::VecDeque;
use std::time::Duration;

use crate::lab::action::impairment::Rate;

/// When a link sends, as far as it is known: stretches in order, none touching the next.
///
/// Packets are not always told of in the order in which they arrive: an answer that takes long is told of
/// together with its question. So each takes the first stretch that is free when it arrives.
#[derive(Clone, Debug, Default)]
pub(super) struct Queue {
    busy: VecDeque<(Duration, Duration)>,
}

impl Queue {
    /// Returns how long a packet waits and is sent; `None` if it is dropped.
    ///
    /// Nothing is told any more of what arrives before `now`. Cost O(stretches after the arrival).
    pub(super) fn takes(
        &mut self,
        rate: Rate,
        octets: usize,
        arrives: Duration,
        now: Duration,
    ) -> Option<Duration> {
        while self.busy.front().is_some_and(|(_, end)| *end < now) {
            self.busy.pop_front();
        }
        let nanos = octets as u128 * 8 * 1_000_000_000 / u128::from(rate.bits.max(1));
        let sending = Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX));
        let mut begins = arrives;
        let mut place = self.busy.partition_point(|(_, end)| *end <= arrives);
        while let Some((begin, end)) = self.busy.get(place)
            && begins + sending > *begin
        {
            begins = begins.max(*end);
            place += 1;
        }
        let waits = begins.saturating_sub(arrives);
        if waits > rate.queue {
            return None;
        }
        self.book(place, begins, begins + sending);
        Some(waits + sending)
    }

    /// Notes that the link sends in this stretch, which stands before the one at `place`.
    fn book(&mut self, place: usize, begins: Duration, ends: Duration) {
        let touches_next = self.busy.get(place).is_some_and(|next| next.0 == ends);
        let before = place.checked_sub(1);
        let before = before.filter(|before| self.busy[*before].1 == begins);
        match (before, touches_next) {
            (Some(before), true) => {
                self.busy[before].1 = self.busy[place].1;
                self.busy.remove(place);
            }
            (Some(before), false) => self.busy[before].1 = ends,
            (None, true) => self.busy[place].0 = begins,
            (None, false) => self.busy.insert(place, (begins, ends)),
        }
    }
}
