//! One lane of the roster: the questions by one method, how fast they may leave, and what is known of each target in it;
//! pure.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::clock::moment::Moment;
use crate::model::Register;
use crate::model::target::{Method, Target, TargetId};
use crate::probe::bucket::Bucket;
use crate::probe::roster::rounds::{Rounds, next_seat};
use crate::probe::roster::{Pace, Place, Purpose};

/// What one lane may do.
#[derive(Clone, Copy, Debug)]
pub(super) struct Limits {
    /// Time between two questions, on average.
    spacing: Duration,
    /// So many may leave at once after a pause.
    burst: u32,
    /// At most so many are unanswered.
    cap: usize,
}

/// 20,000 a second lost none of 60,000 echoes even with the kernel's default receive buffer; bursts did. A
/// burst of 64 replies (and on loopback as many requests) fits into that buffer.
pub(super) const PING: Limits = Limits {
    spacing: Duration::from_micros(50),
    burst: 64,
    cap: 16_384,
};

/// A poll is about twenty exchanges, so this is about 20,000 datagrams a second at most.
pub(super) const SNMP: Limits = Limits {
    spacing: Duration::from_millis(1),
    burst: 16,
    cap: 2_048,
};

/// Each handshake holds one descriptor; 1,024 is the usual limit of a process, and others need some.
pub(super) const TCP: Limits = Limits {
    spacing: Duration::from_millis(1),
    burst: 16,
    cap: 512,
};

/// One target's place.
#[derive(Clone, Debug)]
pub(super) struct Slot {
    pub(super) target: Target,
    /// The lane of its method.
    pub(super) lane: usize,
    /// Nanoseconds between its rounds.
    pub(super) interval: u64,
    /// Where in its interval its rounds come.
    pub(super) seat: u64,
    /// When its round is due; `None` in a sweep once it was asked.
    pub(super) round: Option<Moment>,
    /// What an inquiry still wants of it.
    pub(super) asks: Option<Asks>,
    pub(super) flying: Flying,
}

impl Slot {
    fn is_poll(&self) -> bool {
        self.target.id.method == Method::Snmp
    }

    /// Takes the first ask of a lane out of it, which is of this slot; returns whether it may leave.
    fn book_ask(&mut self, own: Place, lane: &mut Lane, now: Moment) -> bool {
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
        lane.asks.extend(self.asks.map(|asks| (asks.at, own)));
        self.flying.asks += 1;
        true
    }

    /// Takes the first round of a lane out of it, which is of this slot, and adds the slot's next; returns whether the one
    /// taken may leave.
    fn book_round(&mut self, own: Place, lane: &mut Lane, pace: Pace, now: Moment) -> bool {
        self.round = match pace {
            Pace::Watch => Some(next_seat(self.seat, self.interval, now)),
            Pace::Sweep => None,
        };
        lane.rounds.take();
        if let Some(round) = self.round {
            lane.rounds.add((round, own));
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
pub(super) struct Asks {
    pub(super) left: u8,
    /// Nanoseconds between two of them.
    pub(super) spacing: u64,
    pub(super) at: Moment,
}

/// Unanswered questions to one target.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Flying {
    rounds: u32,
    asks: u32,
}

impl Flying {
    /// Takes one back; returns whether there was one.
    pub(super) fn lands(&mut self, purpose: Purpose) -> bool {
        let count = match purpose {
            Purpose::Ask => &mut self.asks,
            Purpose::Round => &mut self.rounds,
        };
        let flew = *count > 0;
        *count -= u32::from(flew);
        flew
    }

    pub(super) fn is_none(self) -> bool {
        self.rounds + self.asks == 0
    }
}

/// All questions by one method.
#[derive(Clone, Debug)]
pub(super) struct Lane {
    limits: Limits,
    /// Each slot has one at most.
    pub(super) rounds: Rounds,
    /// When, and whose: two of one moment are in order of id.
    pub(super) asks: BTreeSet<(Moment, Place)>,
    pub(super) in_flight: usize,
    bucket: Bucket,
    /// When something will be due next, as the lane was when it was last looked at.
    pub(super) next: Option<Moment>,
}

impl Lane {
    pub(super) fn new(limits: Limits) -> Self {
        Self {
            limits,
            rounds: Rounds::default(),
            asks: BTreeSet::new(),
            in_flight: 0,
            bucket: Bucket::new(limits.spacing, limits.burst, 0),
            next: None,
        }
    }

    /// Returns whether something may be due, as the lane was when it was last looked at.
    pub(super) fn is_due(&self, now: Moment) -> bool {
        self.next.is_some_and(|next| next <= now)
    }

    /// Takes out all questions of one purpose that may leave now.
    pub(super) fn take_all(
        &mut self,
        purpose: Purpose,
        slots: &mut Register<TargetId, Slot>,
        pace: Pace,
        now: Moment,
        due: &mut Vec<(Place, Purpose)>,
    ) {
        while let Some((at, place)) = self.first(purpose)
            && at <= now
            && self.has_room(purpose)
            && self.bucket.open_at() <= now
        {
            let slot = &mut slots[place.index()];
            let may_leave = match purpose {
                Purpose::Ask => slot.book_ask(place, self, now),
                Purpose::Round => slot.book_round(place, self, pace, now),
            };
            if may_leave {
                self.bucket.take(now);
                self.in_flight += 1;
                due.push((place, purpose));
            }
        }
    }

    pub(super) fn has_room(&self, purpose: Purpose) -> bool {
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
    pub(super) fn look(&mut self) {
        let first = [Purpose::Ask, Purpose::Round]
            .into_iter()
            .filter(|purpose| self.has_room(*purpose))
            .filter_map(|purpose| self.first(purpose))
            .map(|(at, _)| at)
            .min();
        self.next = first.map(|first| first.max(self.bucket.open_at()));
    }
}

/// Returns the number of a method's lane.
pub(super) fn lane_of(method: Method) -> usize {
    match method {
        Method::Ping => 0,
        Method::Snmp => 1,
        Method::Tcp(_) => 2,
    }
}
