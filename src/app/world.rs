//! A network without sockets: the roster asks the lab's fabric, in whatever time it is told.
//!
//! It is what the dashboard runs on where the kernel refuses the lab its namespaces, and what a day of faults
//! is rehearsed on in seconds. For the monitor there is no difference: readings come, and asks go.

use std::cmp::{Ordering, Reverse};
use std::collections::binary_heap::PeekMut;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::lab::action::Action;
use crate::lab::fabric::Fabric;
use crate::model::Element;
use crate::model::hint::{Hint, HintedPort};
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::Target;
use crate::probe::roster::{Purpose, Roster};

/// A fabric, and somebody who asks it.
#[derive(Clone, Debug)]
pub struct World {
    roster: Roster,
    /// When the roster has something next, as it said when it was last changed.
    due: Option<Instant>,
    fabric: Fabric,
    began: Instant,
    /// Readings on their way, the first to arrive on top.
    coming: BinaryHeap<Reverse<Coming>>,
    /// By arrival and number, what devices say unasked; `None` where nobody listens.
    said: Option<BTreeMap<(Instant, u64), Hint>>,
    /// Whether devices are asked for their neighbours too.
    asks_neighbours: bool,
    count: u64,
}

/// A reading on its way.
#[derive(Clone, Debug)]
struct Coming {
    /// Two of one moment are in the order in which they were asked.
    number: u64,
    purpose: Purpose,
    reading: Reading,
}

impl Coming {
    fn order(&self) -> (Instant, u64) {
        (self.reading.at, self.number)
    }
}

impl Ord for Coming {
    fn cmp(&self, other: &Self) -> Ordering {
        self.order().cmp(&other.order())
    }
}

impl PartialOrd for Coming {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Coming {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Coming {}

impl World {
    /// Joins a fabric and a roster at a moment that both call their beginning.
    #[must_use]
    pub fn new(fabric: Fabric, roster: Roster, began: Instant) -> Self {
        Self {
            due: roster.next(),
            roster,
            fabric,
            began,
            coming: BinaryHeap::new(),
            said: None,
            asks_neighbours: false,
            count: 0,
        }
    }

    /// Returns the same world with somebody who listens to what devices say unasked.
    #[must_use]
    pub fn listening(mut self) -> Self {
        self.said = Some(BTreeMap::new());
        self
    }

    /// Returns the same world in which every poll asks for neighbours too; it costs no chance and no time.
    #[must_use]
    pub fn asking_neighbours(mut self) -> Self {
        self.asks_neighbours = true;
        self
    }

    /// Begins chance anew: two worlds that were one go their own ways from here.
    pub fn reseed(&mut self, seed: u64) {
        self.fabric.reseed(seed);
    }

    /// Breaks or mends something; returns when, counted from the beginning.
    pub fn act(&mut self, action: &Action, now: Instant) -> Duration {
        let at = self.since_began(now);
        let before = self.fabric.ports();
        self.fabric.act(action, at);
        if let Some(said) = &mut self.said {
            for trap in self.fabric.traps(&before, action, at) {
                let Some(took) = self.fabric.carry_up(&trap.node, trap.at) else {
                    continue;
                };
                let arrival = self.began + trap.at + took;
                self.count += 1;
                let hint = Hint {
                    node: trap.node,
                    sign: trap.sign,
                    port: trap.port.map(|(_, name)| HintedPort::Named(name)),
                    at: arrival,
                };
                said.insert((arrival, self.count), hint);
            }
        }
        at
    }

    /// Returns what devices have said unasked by `now`, in order of arrival.
    pub fn hints(&mut self, now: Instant) -> Vec<Hint> {
        let Some(said) = &mut self.said else {
            return Vec::new();
        };
        let later = said.split_off(&(now + Duration::from_nanos(1), 0));
        std::mem::replace(said, later).into_values().collect()
    }

    /// Returns all faults in force, each as the action that makes it.
    #[must_use]
    pub fn faults(&self) -> Vec<Action> {
        self.fabric.faults()
    }

    /// Returns what is broken, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<Element> {
        self.fabric.broken()
    }

    /// Takes a question of an inquiry.
    pub fn ask(&mut self, ask: &Ask, now: Instant) {
        self.roster.ask(ask, now);
        self.due = self.roster.next();
    }

    /// Takes over other targets.
    pub fn retarget(&mut self, targets: Vec<Target>, now: Instant) {
        self.roster.replace(targets, now);
        self.due = self.roster.next();
    }

    /// Returns when something happens next.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        self.due.into_iter().chain(self.first()).min()
    }

    /// Returns when something is heard or said next.
    fn first(&self) -> Option<Instant> {
        let arrival = self.coming.peek().map(|Reverse(first)| first.reading.at);
        let said = self.said.as_ref().and_then(|said| said.keys().next());
        let said = said.map(|(at, _)| *at);
        arrival.into_iter().chain(said).min()
    }

    /// Asks whatever is due before something is heard or said, each in its time and nothing after `end`; returns when
    /// that is, or `end`.
    pub fn ask_until_heard(&mut self, now: Instant, end: Instant) -> Instant {
        let mut now = now;
        loop {
            let first = self.first().map_or(end, |first| first.clamp(now, end));
            match self.due {
                Some(due) if due <= first => {
                    now = due.max(now);
                    self.ask_due(now);
                }
                _ => return first,
            }
        }
    }

    /// Asks what is due by `now`, and returns what has been heard by then, in order of arrival.
    ///
    /// Time must not run backwards between calls.
    pub fn advance(&mut self, now: Instant) -> Vec<Reading> {
        if self.due.is_some_and(|due| due <= now) {
            self.ask_due(now);
        }
        let mut heard = Vec::new();
        while let Some(first) = self.coming.peek_mut()
            && first.0.reading.at <= now
        {
            let Reverse(first) = PeekMut::pop(first);
            self.roster.done(&first.reading.target, first.purpose);
            heard.push(first.reading);
        }
        if !heard.is_empty() {
            // An answer makes room.
            self.due = self.roster.next();
        }
        heard
    }

    fn ask_due(&mut self, now: Instant) {
        let at = self.since_began(now);
        for (target, purpose) in self.roster.due(now) {
            let (mut answer, after) = self.fabric.ask(&target, at);
            if let Answer::Device(device) = &mut answer
                && self.asks_neighbours
                && let Some(whole) = self.fabric.whole(&target.id.node, at)
            {
                let device = Arc::make_mut(device);
                device.neighbours = whole.neighbours;
                device.neighbours_read = true;
            }
            self.count += 1;
            self.coming.push(Reverse(Coming {
                number: self.count,
                purpose,
                reading: Reading {
                    target: target.id,
                    asked: now,
                    in_round: purpose == Purpose::Round,
                    at: now + after,
                    answer,
                },
            }));
        }
        self.due = self.roster.next();
    }

    fn since_began(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }
}
