//! Who is due when: spacing, pacing, in-flight caps, and questions of an inquiry before those of a round.
//!
//! Pure: time is an argument and chance is a seed, so the same calls give the same order. Whoever drives it
//! takes what is `due`, asks it, and says `done`; `next` tells how long it may sleep.
//!
//! Three lanes, one a method, with nothing in common: devices that are silent to SNMP fill the SNMP lane and
//! delay no ping. In a lane, a question of an inquiry goes before one of a round, and rounds leave a quarter of
//! the lane's cap free for them.
//!
//! ```text
//!  start      first round          seat                 seat + interval      seat + 2 intervals
//!    |-- 2 s ------|- - - - - - - - -|- - - - - - - - - - -|- - - - - - - - - - -|
//!        hash of (seed, target)        the same hash: no drift, no herd
//! ```

mod lane;
mod rounds;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::clock::moment::{Epoch, Moment, nanos};
use crate::model::Register;
use crate::model::reading::Ask;
use crate::model::target::{Target, TargetId};
use crate::probe::roster::lane::{Asks, Flying, Lane, PING, SNMP, Slot, TCP, lane_of};
use crate::probe::roster::rounds::next_seat;

/// The first round of a watch is spread over this long: a screen fills while one looks at it.
const FIRST_ROUND: Duration = Duration::from_secs(2);

/// No target is asked in rounds closer than this, whatever its policy says.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(100);

/// Whether targets are asked for ever or once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pace {
    /// Round after round, each target at its interval.
    Watch,
    /// One round, as fast as sends are paced; afterwards only what is asked for.
    Sweep,
}

/// Why a target is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Purpose {
    /// Somebody asked for it: an inquiry.
    Ask,
    /// Its round.
    Round,
}

/// The order of all questions. See the head of this file.
#[derive(Clone, Debug)]
pub struct Roster {
    pace: Pace,
    seed: u64,
    /// When it began.
    epoch: Epoch,
    /// In order of id.
    slots: Register<TargetId, Slot>,
    lanes: [Lane; 3],
    /// Unanswered questions to those who are asked no more: they outlive an edit.
    left: BTreeMap<TargetId, Flying>,
}

/// Where a roster keeps a target, until other targets are taken over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place(u32);

impl Place {
    fn of(index: usize) -> Self {
        Self(u32::try_from(index).unwrap_or(u32::MAX))
    }

    /// Returns its number: targets are numbered in order of id.
    #[must_use]
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

impl Roster {
    /// Makes the order for these targets, beginning at `start`.
    ///
    /// The same seed gives the same order; two monitors of one network should have different ones.
    #[must_use]
    pub fn new(targets: Vec<Target>, start: Instant, seed: u64, pace: Pace) -> Self {
        let mut roster = Self {
            pace,
            seed,
            epoch: Epoch::at(start),
            slots: Register::default(),
            lanes: [PING, SNMP, TCP].map(Lane::new),
            left: BTreeMap::new(),
        };
        roster.replace(targets, start);
        roster
    }

    /// Returns when it began: what its moments are counted from.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
    }

    /// Returns when something will be due next; not after `now` means at once, `None` that only an answer, an
    /// ask or an edit can change that.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.next_moment().map(|next| self.epoch.instant(next))
    }

    /// Returns the same as a moment since the start.
    #[must_use]
    pub fn next_moment(&self) -> Option<Moment> {
        self.lanes.iter().filter_map(|lane| lane.next).min()
    }

    /// Returns where a target is kept; `None` if it is not asked.
    #[must_use]
    pub fn place(&self, target: &TargetId) -> Option<Place> {
        self.slots.get_index_of(target).map(Place::of)
    }

    /// Returns the target at a place.
    #[must_use]
    pub fn target(&self, place: Place) -> &Target {
        &self.slots[place.index()].target
    }

    /// Returns all targets, in order of place.
    #[must_use]
    pub fn targets(&self) -> impl ExactSizeIterator<Item = &Target> {
        self.slots.values().map(|slot| &slot.target)
    }

    /// Takes out what may be asked now: asks first, then rounds, the longest due first.
    ///
    /// Each must be answered by a `done`. Costs O(log n) for each that it returns.
    pub fn due(&mut self, now: Instant) -> Vec<(Target, Purpose)> {
        let mut due = Vec::new();
        self.due_at(self.epoch.moment(now), &mut due);
        due.into_iter()
            .map(|(place, purpose)| (self.target(place).clone(), purpose))
            .collect()
    }

    /// Appends the places of what may be asked at a moment since the start, in the same order.
    pub fn due_at(&mut self, now: Moment, due: &mut Vec<(Place, Purpose)>) {
        for purpose in [Purpose::Ask, Purpose::Round] {
            for lane in &mut self.lanes {
                if lane.is_due(now) {
                    lane.take_all(purpose, &mut self.slots, self.pace, now, due);
                }
            }
        }
        for lane in &mut self.lanes {
            if lane.is_due(now) {
                lane.look();
            }
        }
    }

    /// Says that a question was answered, or will not be any more.
    pub fn done(&mut self, target: &TargetId, purpose: Purpose) {
        if let Some(place) = self.place(target) {
            self.done_at(place, purpose);
        } else if let Some(flying) = self.left.get_mut(target)
            && flying.lands(purpose)
        {
            let lane = &mut self.lanes[lane_of(target.method)];
            lane.in_flight -= 1;
            lane.look();
            if flying.is_none() {
                self.left.remove(target);
            }
        }
    }

    /// Says the same of the target at a place.
    pub fn done_at(&mut self, place: Place, purpose: Purpose) {
        let slot = &mut self.slots[place.index()];
        if !slot.flying.lands(purpose) {
            return;
        }
        let lane = &mut self.lanes[slot.lane];
        let was_full = !lane.has_room(Purpose::Round);
        lane.in_flight -= 1;
        // An ask that waited for this poll to end.
        lane.asks.extend(slot.asks.map(|asks| (asks.at, place)));
        if was_full || slot.asks.is_some() {
            lane.look();
        }
    }

    /// Takes an ask, due at once; returns whether its target is known.
    ///
    /// Asks to one target merge instead of piling up: the more times, the shorter spacing. One for no times at all
    /// takes back what is still to be asked.
    pub fn ask(&mut self, ask: &Ask, now: Instant) -> bool {
        let Some((place, _, slot)) = self.slots.get_full_mut(&ask.target) else {
            return false;
        };
        let (place, lane) = (Place::of(place), &mut self.lanes[slot.lane]);
        let (now, spacing) = (self.epoch.moment(now), nanos(ask.spacing));
        if ask.times == 0 {
            if let Some(old) = slot.asks.take() {
                lane.asks.remove(&(old.at, place));
                lane.look();
            }
            return true;
        }
        let merged = match slot.asks {
            None => Asks {
                left: ask.times,
                spacing,
                at: now,
            },
            Some(old) => {
                lane.asks.remove(&(old.at, place));
                Asks {
                    left: old.left.max(ask.times),
                    spacing: old.spacing.min(spacing),
                    at: old.at.min(now.saturating_add(spacing)),
                }
            }
        };
        slot.asks = Some(merged);
        lane.asks.insert((merged.at, place));
        lane.look();
        true
    }

    /// Takes over an edited list: what stayed keeps its place, what is new gets its first round at once, what
    /// is gone is asked no more.
    pub fn replace(&mut self, mut targets: Vec<Target>, now: Instant) {
        targets.sort_by(|one, other| one.id.cmp(&other.id));
        let now = self.epoch.moment(now);
        let mut old = std::mem::take(&mut self.slots);
        for target in targets {
            let id = target.id.clone();
            let interval = nanos(target.interval.max(SHORTEST_INTERVAL));
            let seat = hash(self.seed, &id) % interval;
            let slot = if let Some(mut slot) = old.swap_remove(&id) {
                if slot.interval != interval
                    && let Some(round) = slot.round
                {
                    slot.seat = seat;
                    slot.interval = interval;
                    slot.round = Some(round.min(next_seat(seat, interval, now)));
                }
                slot.target = target;
                slot
            } else {
                let round = match self.pace {
                    Pace::Watch => {
                        let window = interval.min(nanos(FIRST_ROUND));
                        now + hash(self.seed, &id) % window
                    }
                    Pace::Sweep => now,
                };
                Slot {
                    lane: lane_of(target.id.method),
                    target,
                    interval,
                    seat,
                    round: Some(round),
                    asks: None,
                    flying: self.left.remove(&id).unwrap_or_default(),
                }
            };
            self.slots.insert(id, slot);
        }
        for (id, slot) in old {
            if !slot.flying.is_none() {
                self.left.insert(id, slot.flying);
            }
        }
        for lane in &mut self.lanes {
            lane.rounds.clear();
            lane.asks.clear();
        }
        for (place, slot) in self.slots.values().enumerate() {
            let (place, lane) = (Place::of(place), &mut self.lanes[slot.lane]);
            if let Some(round) = slot.round {
                lane.rounds.add((round, place));
            }
            lane.asks.extend(slot.asks.map(|asks| (asks.at, place)));
        }
        for lane in &mut self.lanes {
            lane.look();
        }
    }
}

/// Returns a target's first seat that is more than half an interval after `now`, where it has one in each interval.
///
/// Seats of an interval that others divide are seats of those too.
pub(in crate::probe) fn seat_after(
    seed: u64,
    start: Instant,
    target: &TargetId,
    interval: Duration,
    now: Instant,
) -> Instant {
    let (epoch, interval) = (Epoch::at(start), nanos(interval).max(1));
    let seat = hash(seed, target) % interval;
    epoch.instant(next_seat(seat, interval, epoch.moment(now)))
}

/// FNV-1a over seed, node and method, finished by the mixer of `SplitMix64`: the standard library promises no
/// hash that stays the same from one version to the next.
fn hash(seed: u64, target: &TargetId) -> u64 {
    let method = target.method.to_string();
    let bytes = target
        .node
        .as_str()
        .bytes()
        .chain([0])
        .chain(method.bytes());
    let mut hash = 0xcbf2_9ce4_8422_2325 ^ seed;
    for byte in bytes {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    hash = (hash ^ (hash >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    hash ^ (hash >> 31)
}
