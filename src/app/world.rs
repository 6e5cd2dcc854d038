//! A network without sockets: the roster asks the lab's fabric, in whatever time it is told.
//!
//! It is what the dashboard runs on where the kernel refuses the lab its namespaces, and what a day of faults
//! is rehearsed on in seconds. For the monitor there is no difference: readings come, and asks go.

use std::collections::BTreeMap;
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
    fabric: Fabric,
    began: Instant,
    /// Readings on their way, by arrival; the number keeps two of one moment apart and in order.
    coming: BTreeMap<(Instant, u64), (Reading, Purpose)>,
    /// The same of what devices say unasked; `None` where nobody listens.
    said: Option<BTreeMap<(Instant, u64), Hint>>,
    /// Whether devices are asked for their neighbours too.
    asks_neighbours: bool,
    count: u64,
}

impl World {
    /// Joins a fabric and a roster at a moment that both call their beginning.
    #[must_use]
    pub fn new(fabric: Fabric, roster: Roster, began: Instant) -> Self {
        Self {
            roster,
            fabric,
            began,
            coming: BTreeMap::new(),
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
    }

    /// Takes over other targets.
    pub fn retarget(&mut self, targets: Vec<Target>, now: Instant) {
        self.roster.replace(targets, now);
    }

    /// Returns when something happens next.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let arrival = self.coming.keys().next().map(|(at, _)| *at);
        let said = self.said.as_ref().and_then(|said| said.keys().next());
        let said = said.map(|(at, _)| *at);
        let next = self.roster.next().into_iter().chain(arrival).chain(said);
        next.min()
    }

    /// Asks what is due by `now`, and returns what has been heard by then, in order of arrival.
    ///
    /// Time must not run backwards between calls.
    pub fn advance(&mut self, now: Instant) -> Vec<Reading> {
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
            let arrival = now + after;
            self.count += 1;
            let reading = Reading {
                target: target.id,
                asked: now,
                in_round: purpose == Purpose::Round,
                at: arrival,
                answer,
            };
            self.coming
                .insert((arrival, self.count), (reading, purpose));
        }
        let mut heard = Vec::new();
        while let Some(first) = self.coming.first_entry()
            && first.key().0 <= now
        {
            let (reading, purpose) = first.remove();
            self.roster.done(&reading.target, purpose);
            heard.push(reading);
        }
        heard
    }

    fn since_began(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.began)
    }
}
