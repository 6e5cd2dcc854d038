//! The dashboard: a terminal that is always given back whole, and the loop that draws a picture.
//!
//! It reads pictures and keys, and writes frames and commands; it never waits for the network or the disk. A
//! frame is drawn only when something changed, at most four times a second (once on a slow line); a key is
//! answered at once. Drawing and deciding are pure: `screen` says what a key does, the pages say how it looks.

pub mod agencies;
pub mod agency;
pub mod cause;
pub mod frame;
pub mod incidents;
pub mod interfaces;
pub mod keys;
pub mod list;
pub mod overview;
pub mod palette;
pub mod screen;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod view;
pub mod weak;
pub mod what_if;

use std::io;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{MissedTickBehavior, interval, sleep_until};

use crate::app::{Command, Picture};
use crate::clock;
use crate::report::words::{Language, Words};
use crate::tui::keys::Intent;
use crate::tui::screen::scenario::{Answered, Asked};
use crate::tui::screen::{Effect, Screen};
use crate::tui::terminal::{Canvas, Event, Terminal};
use crate::tui::theme::{Glyphs, Look, Theme};
use crate::tui::view::View;

/// Time between two frames.
const PACE: Duration = Duration::from_millis(250);
/// Time between two frames on a slow line.
const SLOW_PACE: Duration = Duration::from_secs(1);

/// How the dashboard is wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four independent switches of the command line"
)]
pub struct Options {
    /// The language of its texts.
    pub language: Language,
    /// The background that colours are chosen for.
    pub theme: Theme,
    /// The characters that shapes are made of.
    pub glyphs: Glyphs,
    /// Whether colours are wanted.
    pub color: bool,
    /// At most one frame a second.
    pub slow: bool,
    /// Nothing may be asked of the monitor.
    pub read_only: bool,
    /// Addresses are hidden.
    pub redact: bool,
}

/// Why the dashboard could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// There is no terminal to draw on or to read keys from.
    #[error("The dashboard needs a terminal for its keys and its screen.")]
    NotATerminal,
    /// The terminal refused something.
    #[error("The terminal could not be {doing}.")]
    Terminal {
        /// What was being done to it.
        doing: &'static str,
        /// What it said.
        source: io::Error,
    },
}

impl Failure {
    fn while_(doing: &'static str) -> impl Fn(io::Error) -> Self {
        move |source| Self::Terminal { doing, source }
    }
}

/// How the dashboard came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The user left, or there was nothing more to show.
    Left,
    /// A signal: its number.
    Signal(i32),
}

/// Shows pictures until the user leaves, a signal ends the program, or no more pictures come.
///
/// # Errors
///
/// When there is no terminal, or it refuses to be set up or given back.
pub async fn run(
    mut pictures: watch::Receiver<Arc<Picture>>,
    commands: mpsc::Sender<Command>,
    options: Options,
) -> Result<Ending, Failure> {
    let mut terminal = Terminal::enter()?;
    let mut events = terminal::listen().map_err(Failure::while_("read"))?;
    let signals = [
        SignalKind::terminate(),
        SignalKind::hangup(),
        SignalKind::interrupt(),
    ];
    let [mut terminate, mut hangup, mut interrupt] = {
        let mut streams = Vec::new();
        for kind in signals {
            streams.push(signal(kind).map_err(Failure::while_("guarded against signals"))?);
        }
        <[_; 3]>::try_from(streams).expect("three were asked for")
    };
    let look = Look {
        theme: options.theme,
        glyphs: options.glyphs,
        color: options.color,
    };
    let size = terminal.size()?;
    let mut screen = Screen::new(size, Words::of(options.language), look);
    screen.read_only = options.read_only;
    screen.redact = options.redact;
    let pace = if options.slow { SLOW_PACE } else { PACE };
    let mut canvas = Canvas::default();
    let mut tick = interval(Duration::from_secs(1));
    tick.set_missed_tick_behavior(MissedTickBehavior::Skip);
    let mut due = clock::now();
    let mut changed = true;
    let mut counting: Option<oneshot::Receiver<Answered>> = None;
    let mut asked = 0;
    let signal = loop {
        if changed && clock::now() >= due {
            let picture = pictures.borrow_and_update().clone();
            let now = clock::today();
            screen.refresh(&picture, now);
            let next = draw(&picture, &screen, now);
            changed = match canvas.frame(&next) {
                None => false,
                // A terminal that cannot keep up gets a later frame instead of this one.
                Some(bytes) => !terminal.offer(bytes),
            };
            if !changed {
                canvas.shown(next);
            }
            due = clock::now() + pace;
        }
        // One question at a time: what was marked meanwhile is asked next.
        if counting.is_none()
            && let Some(question) = screen.scenario.asked()
            && question.number > asked
        {
            asked = question.number;
            counting = count(question.clone());
        }
        tokio::select! {
            answered = answer(&mut counting) => {
                if let Some(answered) = answered {
                    screen.scenario.take(answered);
                }
                changed = true;
                due = clock::now();
            }
            event = events.recv() => {
                let Some(event) = event else { break None };
                let mut waiting = Some(event);
                while let Some(event) = waiting {
                    let picture = pictures.borrow().clone();
                    let intent = match event {
                        Event::Key(key) => keys::intent(key, screen.is_typing()),
                        Event::Resize(columns, rows) => Some(Intent::Resize(columns, rows)),
                    };
                    let now = clock::today();
                    match intent.and_then(|intent| screen.update(intent, &picture, now)) {
                        None => {}
                        Some(Effect::Quit) => {
                            terminal.leave()?;
                            return Ok(Ending::Left);
                        }
                        Some(Effect::Redraw) => canvas = Canvas::default(),
                        Some(Effect::Suspend) => {
                            terminal.suspend()?;
                            screen.size = terminal.size()?;
                            canvas = Canvas::default();
                        }
                        Some(Effect::Copy(text)) => {
                            let sent = terminal.offer(terminal::clipboard(&text));
                            if !sent {
                                screen.say("notice.not-copied", Vec::new(), now);
                            }
                        }
                        Some(Effect::Command(command)) => {
                            let taken = commands.try_send(command);
                            if taken.is_err() {
                                screen.say("notice.not-taken", Vec::new(), now);
                            }
                        }
                    }
                    waiting = events.try_recv().ok();
                }
                changed = true;
                due = clock::now();
            }
            more = pictures.changed() => {
                if more.is_err() {
                    break None;
                }
                changed = true;
            }
            _ = tick.tick() => changed = true,
            () = sleep_until(due.into()), if changed => {}
            _ = terminate.recv() => break Some(SignalKind::terminate()),
            _ = hangup.recv() => break Some(SignalKind::hangup()),
            _ = interrupt.recv() => break Some(SignalKind::interrupt()),
        }
    };
    let left = terminal.leave();
    match signal {
        None => left.map(|()| Ending::Left),
        // After a hang-up there may be no terminal left to give back, and nobody to tell.
        Some(signal) => Ok(Ending::Signal(signal.as_raw_value())),
    }
}

/// Answers a question in a thread of its own, so that keys and frames need not wait; `None` where there can be no
/// thread.
fn count(question: Asked) -> Option<oneshot::Receiver<Answered>> {
    let (counted, answer) = oneshot::channel();
    let work = move || {
        // Who asked may have left.
        let _ = counted.send(question.answer());
    };
    let thread = std::thread::Builder::new().name("what-if".to_owned());
    thread.spawn(work).is_ok().then_some(answer)
}

/// Waits for the answer that is being counted, for ever where none is; `None` where it will never come.
async fn answer(counting: &mut Option<oneshot::Receiver<Answered>>) -> Option<Answered> {
    match counting {
        None => std::future::pending().await,
        Some(answer) => {
            let answered = answer.await.ok();
            *counting = None;
            answered
        }
    }
}

/// Draws the newest picture, or the held one, as the screen wants it.
#[must_use]
pub fn draw(newest: &Arc<Picture>, screen: &Screen, now: jiff::Timestamp) -> Buffer {
    let (columns, rows) = screen.size;
    let mut buffer = Buffer::empty(Rect::new(0, 0, columns, rows));
    let view = View {
        picture: screen.shown(newest),
        screen,
        now,
    };
    frame::draw(view, &mut buffer);
    buffer
}
