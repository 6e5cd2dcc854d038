//! The whole monitor in a world without sockets, and the time that only the caller moves.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use spanwatch::app::Setting;
use spanwatch::app::incident::Book;
use spanwatch::app::monitor::Monitor;
use spanwatch::app::reference::Reference;
use spanwatch::app::world::World;
use spanwatch::clock;
use spanwatch::inventory;
use spanwatch::lab::action::Action;
use spanwatch::lab::fabric::Fabric;
use spanwatch::model::health::Health;
use spanwatch::model::incident::Incident;
use spanwatch::model::{AgencyId, NodeId};
use spanwatch::probe::roster::{Pace, Roster};

/// A monitor, the world it asks, and the time that only the test moves.
#[derive(Clone)]
pub(crate) struct Trial {
    pub(crate) monitor: Monitor,
    pub(crate) world: World,
    pub(crate) now: Instant,
    pub(crate) at: Timestamp,
}

impl Trial {
    pub(crate) fn of(reference: &Reference, seed: u64) -> Self {
        let now = clock::now();
        let at: Timestamp = "2026-11-24T03:00:00Z".parse().expect("a moment");
        let fabric = Fabric::new(reference.network.clone(), seed);
        let roster = Roster::new(reference.network.targets(), now, seed, Pace::Watch);
        let world = World::new(fabric, roster, now);
        let monitor = Monitor::new(reference.clone(), Setting::Simulated, Book::default(), at);
        Self {
            monitor,
            world,
            now,
            at,
        }
    }

    fn step(&mut self, end: Instant) {
        let look = |deadline: Instant| deadline.max(self.now + Duration::from_millis(50));
        let next = self
            .world
            .next()
            .into_iter()
            .chain(self.monitor.deadline().map(look))
            .min();
        let next = next.unwrap_or(end).clamp(self.now, end);
        self.at = self
            .at
            .checked_add(SignedDuration::try_from(next - self.now).expect("short"))
            .expect("soon");
        self.now = next;
        for reading in self.world.advance(self.now) {
            for ask in self.monitor.apply(&reading, self.now) {
                self.world.ask(&ask, self.now);
            }
        }
        self.monitor.tick(self.now, self.at);
    }

    pub(crate) fn run(&mut self, seconds: u64) {
        let end = self.now + Duration::from_secs(seconds);
        while self.now < end {
            self.step(end);
        }
    }

    /// Runs until `done`, at most so long; returns how long it took.
    pub(crate) fn run_until(
        &mut self,
        seconds: u64,
        done: impl Fn(&Monitor) -> bool,
    ) -> Option<Duration> {
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

    pub(crate) fn act(&mut self, action: &Action) {
        self.world.act(action, self.now);
    }

    pub(crate) fn open(&self) -> Vec<Incident> {
        self.monitor
            .book()
            .list()
            .iter()
            .filter(|i| i.until.is_none())
            .map(|i| (**i).clone())
            .collect()
    }

    pub(crate) fn silenced(&mut self) -> BTreeSet<AgencyId> {
        let picture = self.monitor.picture(self.now, self.at);
        let network = picture.network.clone();
        let gone = |node: &NodeId| {
            matches!(
                picture.health(node, self.at),
                Health::Down | Health::Shadowed
            )
        };
        network
            .agencies
            .values()
            .filter(|agency| gone(&agency.node))
            .map(|agency| agency.id.clone())
            .collect()
    }
}

pub(crate) fn reference() -> Reference {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    Reference::new(inventory::load(&folder).expect("our own topology").network)
}
