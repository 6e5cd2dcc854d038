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

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use crate::clock::moment::{Epoch, Moment, nanos};
use crate::model::Register;
use crate::model::reading::Ask;
use crate::model::target::{Method, Target, TargetId};
use crate::probe::bucket::Bucket;
use crate::probe::rounds::Rounds;

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

/// What one lane may do.
#[derive(Clone, Copy, Debug)]
struct Limits {
    /// Time between two questions, on average.
    spacing: Duration,
    /// So many may leave at once after a pause.
    burst: u32,
    /// At most so many are unanswered.
    cap: usize,
}

/// 20,000 a second lost none of 60,000 echoes even with the kernel's default receive buffer; bursts did. A
/// burst of 64 replies (and on loopback as many requests) fits into that buffer.
const PING: Limits = Limits {
    spacing: Duration::from_micros(50),
    burst: 64,
    cap: 16_384,
};

/// A poll is about twenty exchanges, so this is about 20,000 datagrams a second at most.
const SNMP: Limits = Limits {
    spacing: Duration::from_millis(1),
    burst: 16,
    cap: 2_048,
};

/// Each handshake holds one descriptor; 1,024 is the usual limit of a process, and others need some.
const TCP: Limits = Limits {
    spacing: Duration::from_millis(1),
    burst: 16,
    cap: 512,
};

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

/// One target's place.
#[derive(Clone, Debug)]
struct Slot {
    target: Target,
    /// The lane of its method.
    lane: usize,
    /// Nanoseconds between its rounds.
    interval: u64,
    /// Where in its interval its rounds come.
    seat: u64,
    /// When its round is due; `None` in a sweep once it was asked.
    round: Option<Moment>,
    /// What an inquiry still wants of it.
    asks: Option<Asks>,
    flying: Flying,
}

impl Slot {
    fn is_poll(&self) -> bool {
        self.target.id.method == Method::Snmp
    }

    /// Takes the first ask of a lane out of it, which is of this slot; returns whether it may leave.
    fn book_ask(&mut self, place: Place, lane: &mut Lane, now: Moment) -> bool {
        lane.asks.pop_first();
        // Two polls of one device would only slow each other; `done` brings the ask back. Echoes of an inquiry
        // overlap: they are closer together than a silent one's time-out.
        if self.is_poll() && !self.flying.is_none() {
            return false;
        }
        self.asks = self.asks.filter(|asks| asks.left > 1).map(|asks| Asks {
            left: asks.left - 1,
            at: now.saturating_add(asks.spacing),
            ..asks
        });
        lane.asks.extend(self.asks.map(|asks| (asks.at, place)));
        self.flying.asks += 1;
        true
    }

    /// Takes the first round of a lane out of it, which is of this slot, and adds the slot's next; returns whether the one
    /// taken may leave.
    fn book_round(&mut self, place: Place, lane: &mut Lane, pace: Pace, now: Moment) -> bool {
        self.round = match pace {
            Pace::Watch => Some(next_seat(self.seat, self.interval, now)),
            Pace::Sweep => None,
        };
        lane.rounds.take();
        if let Some(round) = self.round {
            lane.rounds.add((round, place));
        }
        if self.flying.rounds > 0 || (self.is_poll() && self.flying.asks > 0) {
            // The one in flight is this round's reading.
            return false;
        }
        self.flying.rounds += 1;
        true
    }
}

#[derive(Clone, Copy, Debug)]
struct Asks {
    left: u8,
    /// Nanoseconds between two of them.
    spacing: u64,
    at: Moment,
}

/// Unanswered questions to one target.
#[derive(Clone, Copy, Debug, Default)]
struct Flying {
    rounds: u32,
    asks: u32,
}

impl Flying {
    /// Takes one back; returns whether there was one.
    fn lands(&mut self, purpose: Purpose) -> bool {
        let count = match purpose {
            Purpose::Ask => &mut self.asks,
            Purpose::Round => &mut self.rounds,
        };
        let flew = *count > 0;
        *count -= u32::from(flew);
        flew
    }

    fn is_none(self) -> bool {
        self.rounds + self.asks == 0
    }
}

/// All questions by one method.
#[derive(Clone, Debug)]
struct Lane {
    limits: Limits,
    /// Each slot has one at most.
    rounds: Rounds,
    /// When, and whose: two of one moment are in order of id.
    asks: BTreeSet<(Moment, Place)>,
    in_flight: usize,
    bucket: Bucket,
    /// When something will be due next, as the lane was when it was last looked at.
    next: Option<Moment>,
}

impl Lane {
    fn new(limits: Limits) -> Self {
        Self {
            limits,
            rounds: Rounds::default(),
            asks: BTreeSet::new(),
            in_flight: 0,
            bucket: Bucket::new(limits.spacing, limits.burst, 0),
            next: None,
        }
    }

    fn take(&mut self, now: Moment) {
        self.bucket.take(now);
        self.in_flight += 1;
    }

    fn has_room(&self, purpose: Purpose) -> bool {
        let cap = self.limits.cap;
        self.in_flight
            < match purpose {
                Purpose::Ask => cap,
                Purpose::Round => cap - cap / 4,
            }
    }

    /// Returns what comes first of one purpose.
    fn first(&self, purpose: Purpose) -> Option<(Moment, Place)> {
        match purpose {
            Purpose::Ask => self.asks.first().copied(),
            Purpose::Round => self.rounds.first(),
        }
    }

    /// Finds out when something will be due next.
    fn look(&mut self) {
        let first = [Purpose::Ask, Purpose::Round]
            .into_iter()
            .filter(|purpose| self.has_room(*purpose))
            .filter_map(|purpose| self.first(purpose))
            .map(|(at, _)| at)
            .min();
        self.next = first.map(|first| first.max(self.bucket.open_at()));
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
        let is_due = |lane: &Lane| lane.next.is_some_and(|next| next <= now);
        let lanes = self.lanes.each_ref().map(is_due);
        for purpose in [Purpose::Ask, Purpose::Round] {
            for lane in (0..lanes.len()).filter(|lane| lanes[*lane]) {
                while let Some(place) = self.take(lane, purpose, now) {
                    due.push((place, purpose));
                }
            }
        }
        for (lane, _) in self.lanes.iter_mut().zip(lanes).filter(|(_, is_due)| *is_due) {
            lane.look();
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

    /// Takes one question out of a lane.
    fn take(&mut self, lane: usize, purpose: Purpose, now: Moment) -> Option<Place> {
        let lane = &mut self.lanes[lane];
        loop {
            let (_, place) = lane.first(purpose).filter(|(at, _)| *at <= now)?;
            if !lane.has_room(purpose) || lane.bucket.open_at() > now {
                return None;
            }
            let slot = &mut self.slots[place.index()];
            let may_leave = match purpose {
                Purpose::Ask => slot.book_ask(place, lane, now),
                Purpose::Round => slot.book_round(place, lane, self.pace, now),
            };
            if may_leave {
                lane.take(now);
                return Some(place);
            }
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

/// Returns the first moment that is `seat` into an interval and more than half an interval after `now`.
///
/// So a late round is not followed by a hasty one, and no gap is longer than one and a half intervals: data are
/// called stale after two.
fn next_seat(seat: u64, interval: u64, now: Moment) -> Moment {
    let past = now + interval / 2;
    let rounds = past.checked_sub(seat).map_or(0, |over| over / interval + 1);
    seat.saturating_add(interval.saturating_mul(rounds))
}

fn lane_of(method: Method) -> usize {
    match method {
        Method::Ping => 0,
        Method::Snmp => 1,
        Method::Tcp(_) => 2,
    }
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
