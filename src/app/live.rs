//! The loop around the monitor: three channels in, one picture out.
//!
//! One task owns the monitor; nothing is shared. The last sender that goes ends it.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::edit::Edit;
use crate::app::monitor::Monitor;
use crate::app::reckoning::Clerk;
use crate::app::world::World;
use crate::app::{Command, Picture, control};
use crate::clock;
use crate::lab::action::Action;
use crate::lab::ledger::Ledger;
use crate::model::Element;
use crate::model::hint::Hint;
use crate::model::reading::{Ask, Reading};
use crate::model::target::Target;
use crate::probe::trap::Senders;

/// At most four pictures a second.
const PICTURE_EVERY: Duration = Duration::from_millis(250);

/// How often the lab is asked what is broken: others may cut there too.
const LAB_EVERY: Duration = Duration::from_secs(1);

/// Readings that wait for the monitor at most; beyond it the probes wait.
const QUEUE: usize = 1024;

/// Hints that wait for the monitor at most; one more would say nothing new.
const HINTS: usize = 256;

/// How the loop and the probes talk: readings and hints in, asks and targets out.
#[derive(Debug)]
pub struct Line {
    /// What was heard.
    pub readings: mpsc::Receiver<Reading>,
    /// What must be asked now.
    pub asks: mpsc::Sender<Ask>,
    /// Whom to ask from now on.
    pub targets: mpsc::Sender<Vec<Target>>,
    /// What devices say unasked; closed where nobody listens.
    pub hints: mpsc::Receiver<Hint>,
    /// Who may say something from now on; `None` where nobody listens.
    pub senders: Option<watch::Sender<Senders>>,
}

/// What can be broken by command, and how.
#[derive(Debug)]
pub enum Lab {
    /// Nothing: the network is real.
    None,
    /// The lab in whose namespace this runs, by its control socket.
    Socket(PathBuf),
    /// The world in this process.
    Here {
        /// What shall be done to it.
        acts: mpsc::Sender<Action>,
        /// What is broken in it.
        broken: watch::Receiver<Vec<Element>>,
    },
}

/// Runs the monitor until the probes end or `cancel` is called, and returns it.
pub async fn run(
    mut monitor: Monitor,
    mut line: Line,
    pictures: watch::Sender<Arc<Picture>>,
    mut commands: mpsc::Receiver<Command>,
    mut edits: mpsc::Receiver<Edit>,
    lab: Lab,
    cancel: CancellationToken,
) -> Monitor {
    let mut beat = tokio::time::interval(PICTURE_EVERY);
    beat.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut lab_looked: Option<Instant> = None;
    let mut clerk = Clerk::default();
    loop {
        tokio::select! {
            () = cancel.cancelled() => break,
            reading = line.readings.recv() => {
                let Some(reading) = reading else { break };
                if !take(&mut monitor, reading, &mut line).await {
                    break;
                }
            }
            Some(hint) = line.hints.recv() => {
                for ask in monitor.hint(&hint, clock::now()) {
                    if line.asks.send(ask).await.is_err() {
                        return monitor;
                    }
                }
            }
            _ = beat.tick() => {
                let (now, at) = (clock::now(), clock::today());
                if let Lab::Socket(path) = &lab
                    && lab_looked.is_none_or(|looked| now.saturating_duration_since(looked) >= LAB_EVERY)
                {
                    lab_looked = Some(now);
                    // A lab that is gone ends its child; here it only means that nothing new is known.
                    if let Ok(broken) = control::broken(path).await {
                        monitor.set_broken(broken);
                    }
                }
                if let Lab::Here { broken, .. } = &lab {
                    monitor.set_broken(broken.borrow().clone());
                }
                monitor.tick(now, at);
                clerk.look(&mut monitor, now, at);
                pictures.send_replace(Arc::new(monitor.picture(now, at)));
            }
            Some(command) = commands.recv() => {
                obey(&command, &lab).await;
                lab_looked = None;
            }
            Some(edit) = edits.recv() => {
                let (now, at) = (clock::now(), clock::today());
                match edit {
                    Ok(reference) => {
                        monitor.retake(reference, now, at);
                        if let Some(senders) = &line.senders {
                            senders.send_replace(Senders::of(&monitor.reference().network));
                        }
                        let targets = monitor.reference().network.targets();
                        if line.targets.send(targets).await.is_err() {
                            break;
                        }
                    }
                    Err(faults) => monitor.refuse_edit(faults),
                }
            }
        }
    }
    monitor
}

/// Takes one reading, and all that wait behind it; returns whether the probes are still there.
async fn take(monitor: &mut Monitor, first: Reading, line: &mut Line) -> bool {
    let mut next = Some(first);
    while let Some(reading) = next {
        let now = clock::now();
        for ask in monitor.apply(&reading, now) {
            if line.asks.send(ask).await.is_err() {
                return false;
            }
        }
        next = line.readings.try_recv().ok();
    }
    if monitor.deadline().is_some() {
        monitor.tick(clock::now(), clock::today());
    }
    true
}

/// Does what a face asked for; a refusal shows as nothing being broken.
async fn obey(command: &Command, lab: &Lab) {
    match lab {
        Lab::None => {}
        Lab::Socket(path) => {
            // The answer is seen in what the lab says is broken, a moment later.
            let _ = control::say(path, &control::line(command)).await;
        }
        Lab::Here { acts, .. } => {
            let action = match command {
                Command::Cut(element) => Action::Cut(vec![element.clone()]),
                Command::Restore(element) => Action::Restore(vec![element.clone()]),
                Command::RestoreAll => Action::RestoreAll,
            };
            // The world ends with the loop.
            let _ = acts.send(action).await;
        }
    }
}

/// Starts a world in this process as if it were probes, in real time; what is done to it goes into `record`.
#[must_use]
pub fn start(world: World, record: Option<Ledger>, cancel: CancellationToken) -> (Line, Lab) {
    let (heard, readings) = mpsc::channel(QUEUE);
    let (asks, asked) = mpsc::channel(QUEUE);
    let (targets, retargeted) = mpsc::channel(1);
    let (said, hints) = mpsc::channel(HINTS);
    let (acts, acted) = mpsc::channel(16);
    let (breaks, broken) = watch::channel(Vec::new());
    let ends = Ends {
        heard,
        said,
        asked,
        retargeted,
        acted,
        breaks,
    };
    tokio::spawn(turn(world, ends, record, cancel));
    (
        Line {
            readings,
            asks,
            targets,
            hints,
            senders: None,
        },
        Lab::Here { acts, broken },
    )
}

/// The world's ends of the channels.
struct Ends {
    heard: mpsc::Sender<Reading>,
    said: mpsc::Sender<Hint>,
    asked: mpsc::Receiver<Ask>,
    retargeted: mpsc::Receiver<Vec<Target>>,
    acted: mpsc::Receiver<Action>,
    breaks: watch::Sender<Vec<Element>>,
}

async fn turn(
    mut world: World,
    mut ends: Ends,
    mut record: Option<Ledger>,
    cancel: CancellationToken,
) {
    // What the monitor has not taken yet; it must be able to ask while we wait for it.
    let mut outbox: VecDeque<Reading> = VecDeque::new();
    loop {
        let rest = world.next().unwrap_or_else(|| clock::now() + PICTURE_EVERY);
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep_until(rest.into()) => {}
            permit = ends.heard.reserve(), if !outbox.is_empty() => match (permit, outbox.pop_front()) {
                (Ok(permit), Some(reading)) => permit.send(reading),
                _ => return,
            },
            Some(ask) = ends.asked.recv() => world.ask(&ask, clock::now()),
            Some(targets) = ends.retargeted.recv() => world.retarget(targets, clock::now()),
            Some(action) = ends.acted.recv() => {
                let at = world.act(&action, clock::now());
                if let Some(record) = &mut record {
                    record.update(&action, &world.faults(), at);
                }
                ends.breaks.send_replace(world.broken());
            }
        }
        outbox.extend(world.advance(clock::now()));
        for hint in world.hints(clock::now()) {
            // A monitor that is behind with hints has enough reasons to ask.
            let _ = ends.said.try_send(hint);
        }
    }
}
