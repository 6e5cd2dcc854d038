//! One rehearsal in progress: a monitor, the world that it asks, and the time that only the caller moves.
//!
//! It is the loop of `live` without channels and without waiting: whatever happens next happens now. A trial can
//! be cloned, and the clones go their own ways.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::app::Setting;
use crate::app::incident::Book;
use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::app::world::World;
use crate::clock;
use crate::clock::moment::{Moment, nanos};
use crate::judge::rules::Rules;
use crate::lab::action::Action;
use crate::lab::fabric::{Conduct, Fabric};
use crate::probe::roster::{Pace, Roster};

/// How often an open inquiry is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Instants cannot lie before the machine's start on every system, and rules look back.
const AFTER_START: Duration = Duration::from_hours(1);

/// A monitor, the world that it asks, and the time that only the caller moves.
#[derive(Clone, Debug)]
pub struct Trial {
    /// The monitor.
    pub monitor: Monitor,
    /// What it asks.
    pub world: World,
    /// The time of deadlines.
    pub now: Instant,
    /// The time of records.
    pub at: Timestamp,
    /// Readings so far, and those of them in which nothing was heard.
    pub readings: (u64, u64),
    /// `now`, as the world counts.
    moment: Moment,
}

impl Trial {
    /// Begins one on a morning on which offices are open, by the usual rules.
    #[must_use]
    pub fn of(reference: &Reference, seed: u64) -> Self {
        Self::with(reference, Rules::default(), seed, Conduct::default())
    }

    /// Begins one on a morning on which offices are open.
    #[must_use]
    pub fn with(reference: &Reference, rules: Rules, seed: u64, conduct: Conduct) -> Self {
        let now = clock::now() + AFTER_START;
        let at = morning(reference);
        let fabric = Fabric::with_conduct(reference.network.clone(), seed, conduct);
        let roster = Roster::new(reference.network.targets(), now, seed, Pace::Watch);
        Self {
            monitor: Monitor::with_rules(
                reference.clone(),
                rules,
                Setting::Simulated,
                Book::default(),
                at,
            ),
            world: World::new(fabric, roster),
            now,
            at,
            readings: (0, 0),
            moment: 0,
        }
    }

    /// Returns the same trial with a monitor that hears what devices say unasked.
    #[must_use]
    pub fn listening(mut self) -> Self {
        self.world = self.world.listening();
        self
    }

    /// Lets the next thing happen, but nothing after `end`.
    pub fn step(&mut self, end: Instant) {
        self.step_until(self.world.epoch().moment(end));
    }

    fn step_until(&mut self, end: Moment) {
        let epoch = self.world.epoch();
        let deadline = self.monitor.deadline();
        let look = deadline.map(|deadline| epoch.moment(deadline.max(self.now + LOOK)));
        let until = look.map_or(end, |look| look.min(end));
        let next = self.world.ask_until_heard(self.moment, until);
        self.at = after(self.at, next - self.moment);
        self.now = epoch.instant(next);
        self.moment = next;
        self.world.ask_by(next);
        while let Some((node, reading)) = self.world.hear(next) {
            self.readings.0 += 1;
            self.readings.1 += u64::from(!reading.answer.is_heard());
            let asks = self.monitor.apply_near(node, &reading, self.now);
            for ask in &asks {
                self.world.ask(ask, self.now);
            }
        }
        for hint in self.world.hints(self.now) {
            for ask in self.monitor.hint(&hint, self.now) {
                self.world.ask(&ask, self.now);
            }
        }
        self.monitor.tick(self.now, self.at);
    }

    /// Lets so much time pass.
    pub fn run_for(&mut self, time: Duration) {
        let end = self.moment.saturating_add(nanos(time));
        while self.moment < end {
            self.step_until(end);
        }
    }

    /// Lets so many seconds pass.
    pub fn run(&mut self, seconds: u64) {
        self.run_for(Duration::from_secs(seconds));
    }

    /// Runs until `done`, at most so many seconds; returns how long it took, `None` if it never was.
    pub fn run_until(&mut self, seconds: u64, done: impl Fn(&Monitor) -> bool) -> Option<Duration> {
        let begin = self.now;
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.step(end);
            if done(&self.monitor) {
                return Some(self.now - begin);
            }
        }
        None
    }

    /// Does something to the network.
    pub fn act(&mut self, action: &Action) {
        self.world.act(action, self.now);
    }
}

/// Returns the time of records so many nanoseconds after another; it is all of one addition that a step can afford.
fn after(at: Timestamp, passed: u64) -> Timestamp {
    // It is not negative after 1970, where all rehearsals are.
    let nanos = passed.saturating_add(u64::try_from(at.subsec_nanosecond()).unwrap_or_default());
    let seconds = at.as_second() + (nanos / 1_000_000_000).cast_signed();
    Timestamp::new(seconds, (nanos % 1_000_000_000) as i32).unwrap_or(Timestamp::MAX)
}

/// Returns ten in the morning of a Tuesday, where the network is.
fn morning(reference: &Reference) -> Timestamp {
    let ten = jiff::civil::date(2026, 11, 24).at(10, 0, 0, 0);
    let there = reference.network.time_zone.to_timestamp(ten);
    there.unwrap_or(Timestamp::UNIX_EPOCH)
}
