//! The whole monitor in virtual time: roster, judge, inquiry, locator and incidents over the fabric, with no
//! socket and no waiting, and what was true beside what was said.
//!
//! Every fault is a short world of its own, cloned from one of a few settled ones; every fault-free day too. So
//! they can run side by side, and what comes out is ordered by number and not by who was ready first: the same
//! seed gives the same result, whatever the machine and however many threads it has.

pub mod draw;
pub mod fault;
pub mod play;
pub mod tally;
pub mod trial;
pub mod truth;
pub mod watch;

use std::sync::Arc;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crate::app::reference::Reference;
use crate::app::rehearse::draw::Draw;
use crate::app::rehearse::fault::Tried;
use crate::app::rehearse::trial::Trial;
use crate::app::rehearse::truth::Sight;
use crate::judge::rules::Rules;
use crate::lab::action::{Action, Loss};
use crate::lab::fabric::Conduct;
use crate::model::Element;
use crate::model::incident::Incident;

/// Before a world counts as settled: every window of echoes is full, every device has been polled often.
const SETTLES: Duration = Duration::from_secs(700);

/// Settled worlds that faults begin in, and the time between them: together a round of polls, so that a fault
/// may come at any moment of it.
const BEGINNINGS: usize = 20;
const APART: Duration = Duration::from_secs(3);

/// A day of a fault-free rehearsal.
const DAY: Duration = Duration::from_hours(24);

/// How the network is, and by what it is judged.
#[derive(Clone, Debug, PartialEq)]
pub struct Setup {
    /// Share of packets that every link loses in each direction, 0..1.
    pub loss: f64,
    /// Share of answers that are lost at the monitor's own place, whatever way they came, 0..1.
    pub answers_lost: f64,
    /// The seed of everything random.
    pub seed: u64,
    /// The rules.
    pub rules: Rules,
    /// Threads, at least one.
    pub threads: usize,
}

/// Faults, and how their worlds were before.
#[derive(Clone, Debug)]
pub struct Faults {
    /// In order of number.
    pub tried: Vec<Tried>,
    /// Readings while nothing was broken, and those of them in which nothing was heard.
    pub settled: (u64, u64),
    /// Incidents in that time: all of them false.
    pub incidents: u32,
}

/// A fault-free day.
#[derive(Clone, Debug)]
pub struct Day {
    /// From 1.
    pub number: usize,
    /// How many incidents there were, all of them false.
    pub count: u32,
    /// The newest of them, by number.
    pub incidents: Vec<Arc<Incident>>,
    /// Virtual time.
    pub time: Duration,
    /// Readings, and those of them in which nothing was heard.
    pub readings: (u64, u64),
}

impl Setup {
    /// Begins a world with the loss of this setup.
    #[must_use]
    pub fn world(&self, reference: &Reference, seed: u64, conduct: Conduct) -> Trial {
        let mut trial = Trial::with(reference, self.rules, seed, conduct);
        for (element, ratio) in self.losses(reference) {
            trial.act(&Action::Loss {
                element,
                loss: Loss::of(ratio),
            });
        }
        trial
    }

    fn losses(&self, reference: &Reference) -> Vec<(Element, f64)> {
        let network = &reference.network;
        let links = network.links.keys().cloned().map(Element::Link);
        let mut losses = Vec::new();
        if self.loss > 0.0 {
            losses.extend(links.map(|link| (link, self.loss)));
        }
        if self.answers_lost > 0.0 {
            // Every answer enters the monitor's own place last, and no question does.
            let own = Element::Node(network.monitor.clone());
            losses.push((own, self.answers_lost));
        }
        losses
    }

    /// Rehearses random faults, `double` of them two at once, and returns them in order of number.
    ///
    /// `done` hears how many are done, now and then.
    #[must_use]
    pub fn faults(
        &self,
        reference: &Reference,
        count: usize,
        double: f64,
        done: &mut dyn FnMut(usize),
    ) -> Faults {
        let sight = Sight::new(reference);
        let visible = draw::visible(&reference.network, &sight);
        let mut settled = self.world(reference, self.seed, Conduct::default());
        settled.run_for(SETTLES);
        let mut beginnings = Vec::with_capacity(BEGINNINGS);
        for _ in 0..BEGINNINGS {
            beginnings.push(settled.clone());
            settled.run_for(APART);
        }
        let one = |place: usize| {
            let mut draw = Draw::of(self.seed, place as u64);
            let elements = draw::fault(&visible, &sight, double, &mut draw);
            let mut trial = beginnings[draw.below(BEGINNINGS)].clone();
            trial.world.reseed(draw.bits());
            let wait = draw.below(APART.as_millis() as usize) as u64;
            trial.run_for(Duration::from_millis(wait));
            fault::try_one(trial, &sight, place + 1, &elements)
        };
        Faults {
            tried: self.side_by_side(count, &one, done),
            settled: settled.readings,
            incidents: settled.monitor.book().last(),
        }
    }

    /// Rehearses days on which nothing breaks, and returns them in order of number; the last one is cut short.
    #[must_use]
    pub fn days(
        &self,
        reference: &Reference,
        time: Duration,
        done: &mut dyn FnMut(usize),
    ) -> Vec<Day> {
        let count = time.as_nanos().div_ceil(DAY.as_nanos());
        let one = |place: usize| {
            let rest = time.saturating_sub(DAY * place as u32).min(DAY);
            let seed = Draw::of(self.seed, place as u64).bits();
            let mut trial = self.world(reference, seed, Conduct::default());
            trial.run_for(rest);
            let mut incidents = trial.monitor.book().list();
            incidents.sort_by_key(|incident| incident.id);
            Day {
                number: place + 1,
                count: trial.monitor.book().last(),
                incidents,
                time: rest,
                readings: trial.readings,
            }
        };
        self.side_by_side(usize::try_from(count).unwrap_or(usize::MAX), &one, done)
    }

    /// Does `count` things on all threads, and returns their results in order.
    fn side_by_side<T: Send>(
        &self,
        count: usize,
        one: &(dyn Fn(usize) -> T + Sync),
        done: &mut dyn FnMut(usize),
    ) -> Vec<T> {
        let threads = self.threads.clamp(1, count.max(1));
        let (ready, results) = mpsc::channel();
        let mut all: Vec<(usize, T)> = Vec::with_capacity(count);
        thread::scope(|scope| {
            for first in 0..threads {
                let ready = ready.clone();
                scope.spawn(move || {
                    for place in (first..count).step_by(threads) {
                        if ready.send((place, one(place))).is_err() {
                            return;
                        }
                    }
                });
            }
            drop(ready);
            for result in results {
                all.push(result);
                done(all.len());
            }
        });
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, result)| result).collect()
    }
}
