//! A network without sockets: the roster asks the lab's fabric, in whatever time it is told.
//!
//! It is what the dashboard runs on where the kernel refuses the lab its namespaces, and what a day of faults
//! is rehearsed on in seconds. For the monitor there is no difference: readings come, and asks go.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::clock::moment::{Epoch, Moment, nanos};
use crate::graph::NodeIx;
use crate::lab::action::Action;
use crate::lab::fabric::Fabric;
use crate::model::Element;
use crate::model::hint::{Hint, HintedPort};
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::{Target, TargetId};
use crate::probe::roster::{Place, Purpose, Roster};

/// A fabric, and somebody who asks it.
#[derive(Clone, Debug)]
pub struct World {
    roster: Roster,
    fabric: Fabric,
    /// By place in the roster: where a target stands in the fabric.
    nodes: Vec<Option<NodeIx>>,
    epoch: Epoch,
    /// Readings on their way, in order of arrival.
    coming: VecDeque<Coming>,
    /// By arrival and number, what devices say unasked; `None` where nobody listens.
    said: Option<BTreeMap<(Moment, u64), Hint>>,
    /// Whether devices are asked for their neighbours too.
    asks_neighbours: bool,
    count: u64,
    /// What is due, between two uses: it would be made anew for every question.
    asked: Vec<(Place, Purpose)>,
}

/// A reading on its way.
#[derive(Clone, Debug)]
struct Coming {
    at: Moment,
    /// Where its target is kept; `None` once it is asked no more.
    place: Option<Place>,
    /// Where it stands in the fabric; `None` if it is not there.
    node: Option<NodeIx>,
    target: TargetId,
    purpose: Purpose,
    asked: Moment,
    answer: Answer,
}

impl World {
    /// Joins a fabric and a roster: when the roster began is the fabric's beginning too.
    #[must_use]
    pub fn new(fabric: Fabric, roster: Roster) -> Self {
        Self {
            nodes: nodes(&fabric, &roster),
            epoch: roster.epoch(),
            roster,
            fabric,
            coming: VecDeque::new(),
            said: None,
            asks_neighbours: false,
            count: 0,
            asked: Vec::new(),
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
        let at = Duration::from_nanos(self.epoch.moment(now));
        let before = self.fabric.ports();
        self.fabric.act(action, at);
        if let Some(said) = &mut self.said {
            for trap in self.fabric.traps(&before, action, at) {
                let Some(took) = self.fabric.carry_up(&trap.node, trap.at) else {
                    continue;
                };
                let arrival = nanos(trap.at + took);
                self.count += 1;
                let hint = Hint {
                    node: trap.node,
                    sign: trap.sign,
                    port: trap.port.map(|(_, name)| HintedPort::Named(name)),
                    at: self.epoch.instant(arrival),
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
        let later = said.split_off(&(self.epoch.moment(now) + 1, 0));
        std::mem::replace(said, later).into_values().collect()
    }

    /// Returns when it began: what its moments are counted from.
    #[must_use]
    pub fn epoch(&self) -> Epoch {
        self.epoch
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
        self.nodes = nodes(&self.fabric, &self.roster);
        for coming in &mut self.coming {
            coming.place = self.roster.place(&coming.target);
        }
    }

    /// Returns when something happens next.
    #[must_use]
    pub fn next(&self) -> Option<Instant> {
        let next = self
            .roster
            .next_moment()
            .into_iter()
            .chain(self.first())
            .min();
        next.map(|next| self.epoch.instant(next))
    }

    /// Returns when something is heard or said next.
    fn first(&self) -> Option<Moment> {
        let arrival = self.coming.front().map(|first| first.at);
        let said = self.said.as_ref().and_then(|said| said.keys().next());
        arrival.into_iter().chain(said.map(|(at, _)| *at)).min()
    }

    /// Asks whatever is due before something is heard or said, each in its time and nothing after `end`; returns when
    /// that is, or `end`.
    pub fn ask_until_heard(&mut self, now: Moment, end: Moment) -> Moment {
        let mut now = now;
        loop {
            let first = self.first().map_or(end, |first| first.clamp(now, end));
            match self.roster.next_moment() {
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
        let now = self.epoch.moment(now);
        self.ask_by(now);
        let mut heard = Vec::new();
        while let Some((_, reading)) = self.hear(now) {
            heard.push(reading);
        }
        heard
    }

    /// Asks what is due by `now`.
    pub fn ask_by(&mut self, now: Moment) {
        if self.roster.next_moment().is_some_and(|due| due <= now) {
            self.ask_due(now);
        }
    }

    /// Takes out the first reading that has arrived by `now`, with where its target stands in the fabric.
    pub fn hear(&mut self, now: Moment) -> Option<(Option<NodeIx>, Reading)> {
        let first = self.coming.pop_front_if(|first| first.at <= now)?;
        match first.place {
            Some(place) => self.roster.done_at(place, first.purpose),
            None => self.roster.done(&first.target, first.purpose),
        }
        let reading = Reading {
            target: first.target,
            asked: self.epoch.instant(first.asked),
            in_round: first.purpose == Purpose::Round,
            at: self.epoch.instant(first.at),
            answer: first.answer,
        };
        Some((first.node, reading))
    }

    fn ask_due(&mut self, now: Moment) {
        let at = Duration::from_nanos(now);
        let mut due = std::mem::take(&mut self.asked);
        self.roster.due_at(now, &mut due);
        for (place, purpose) in due.drain(..) {
            let target = self.roster.target(place);
            let node = self.nodes[place.index()];
            let (mut answer, after) = match node {
                Some(node) => self.fabric.ask_at(node, target, at),
                None => self.fabric.ask(target, at),
            };
            if let Answer::Device(device) = &mut answer
                && self.asks_neighbours
                && let Some(whole) = self.fabric.whole(&target.id.node, at)
            {
                let device = Arc::make_mut(device);
                device.neighbours = whole.neighbours;
                device.neighbours_read = true;
            }
            let coming = Coming {
                at: now.saturating_add(nanos(after)),
                place: Some(place),
                node,
                target: target.id.clone(),
                purpose,
                asked: now,
                answer,
            };
            // Two of one moment are in the order in which they were asked. An answer overtakes only silences, which
            // stand at the end of the line.
            if self.coming.back().is_none_or(|last| last.at <= coming.at) {
                self.coming.push_back(coming);
            } else {
                let place = self.coming.partition_point(|other| other.at <= coming.at);
                self.coming.insert(place, coming);
            }
        }
        self.asked = due;
    }
}

/// Returns where each target of a roster stands in a fabric.
fn nodes(fabric: &Fabric, roster: &Roster) -> Vec<Option<NodeIx>> {
    let nodes = roster.targets().map(|target| &target.id.node);
    nodes.map(|node| fabric.place(node)).collect()
}
