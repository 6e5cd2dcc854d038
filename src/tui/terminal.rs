//! The terminal: taken over, written to, and always given back, whatever happens.
//!
//! It is given back when the guard is dropped, by the panic hook before anything else is said, and around a
//! suspension. Frames leave through a thread of their own, one write each, so that a terminal that has stopped
//! reading (Ctrl-S, a dead SSH line) stops neither the keys nor the monitor.

use std::fs::File;
use std::io::{self, IsTerminal, Write};
use std::os::fd::AsFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use nix::sys::signal::{Signal, raise};
use ratatui::backend::{Backend, CrosstermBackend};
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{self, KeyEvent};
use ratatui::crossterm::terminal::{disable_raw_mode, enable_raw_mode, size};
use tokio::sync::mpsc;

use crate::clock;
use crate::tui::Failure;

/// The other screen, and no cursor.
const ENTER: &[u8] = b"\x1b[?1049h\x1b[?25l";
/// No frame half shown, no colours left, the cursor, and the first screen.
const LEAVE: &[u8] = b"\x1b[?2026l\x1b[0m\x1b[?25h\x1b[?1049l";
/// A frame between these is shown at once (synchronized output, DEC private mode 2026).
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// Nothing on the screen.
const CLEAR: &[u8] = b"\x1b[0m\x1b[2J";
/// How long the last frame may take to leave.
const FAREWELL: Duration = Duration::from_secs(1);
/// How often the thread that reads keys looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);

/// What comes from the terminal.
#[derive(Clone, Copy, Debug)]
pub enum Event {
    /// A key.
    Key(KeyEvent),
    /// The window has this many columns and rows now.
    Resize(u16, u16),
}

/// The guard of the terminal.
#[derive(Debug)]
pub struct Terminal {
    out: File,
    frames: Option<SyncSender<Vec<u8>>>,
    writer: Option<JoinHandle<()>>,
    /// Whether the terminal is ours. The panic hook shares it: it runs on whatever thread panicked, and after
    /// it no frame may be painted over the message, nor the terminal be given back a second time.
    taken: Arc<AtomicBool>,
}

impl Terminal {
    /// Takes the terminal over.
    ///
    /// # Errors
    ///
    /// When standard input or output is no terminal, or it refuses.
    pub fn enter() -> Result<Self, Failure> {
        if !io::stdin().is_terminal() || !io::stdout().is_terminal() {
            return Err(Failure::NotATerminal);
        }
        let failed = Failure::while_("opened");
        // A file of our own: standard output is buffered by lines and would cut a frame into several writes.
        let out = File::from(io::stdout().as_fd().try_clone_to_owned().map_err(&failed)?);
        let mut pipe = out.try_clone().map_err(&failed)?;
        let (frames, waiting) = sync_channel::<Vec<u8>>(1);
        let taken = Arc::new(AtomicBool::new(false));
        let ours = Arc::clone(&taken);
        let writer = thread::Builder::new()
            .name("frames".to_owned())
            .spawn(move || {
                for frame in waiting {
                    // A terminal that is gone ends the program through its signal or its keys.
                    if ours.load(Ordering::Acquire) && pipe.write_all(&frame).is_err() {
                        break;
                    }
                }
            })
            .map_err(&failed)?;
        let mut terminal = Self {
            out,
            frames: Some(frames),
            writer: Some(writer),
            taken: Arc::clone(&taken),
        };
        terminal.take().map_err(&failed)?;
        // Not standard error, which may be a file.
        let out = terminal.out.try_clone().map_err(failed)?;
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            // The message must be readable, so the terminal comes first; nothing can be done if this fails.
            let _ = give_back(&mut &out, &taken);
            before(panic);
        }));
        Ok(terminal)
    }

    fn take(&mut self) -> io::Result<()> {
        enable_raw_mode()?;
        self.taken.store(true, Ordering::Release);
        self.out.write_all(ENTER)
    }

    /// Returns columns and rows.
    ///
    /// # Errors
    ///
    /// When the terminal does not say.
    pub fn size(&self) -> Result<(u16, u16), Failure> {
        size().map_err(Failure::while_("measured"))
    }

    /// Gives the writer some bytes; false while it is still busy with the last ones.
    #[must_use]
    pub fn offer(&self, bytes: Vec<u8>) -> bool {
        self.frames
            .as_ref()
            .is_some_and(|frames| frames.try_send(bytes).is_ok())
    }

    /// Gives the terminal back, stops until somebody continues the program, and takes it over again.
    ///
    /// # Errors
    ///
    /// When the terminal refuses.
    pub fn suspend(&mut self) -> Result<(), Failure> {
        give_back(&mut self.out, &self.taken).map_err(Failure::while_("given back"))?;
        raise(Signal::SIGTSTP).map_err(|errno| Failure::while_("suspended")(errno.into()))?;
        self.take().map_err(Failure::while_("taken over again"))
    }

    /// Gives the terminal back.
    ///
    /// # Errors
    ///
    /// When the terminal refuses.
    pub fn leave(mut self) -> Result<(), Failure> {
        self.close().map_err(Failure::while_("given back"))
    }

    fn close(&mut self) -> io::Result<()> {
        self.frames = None;
        // The last frame must be out before the screen is given back, but a terminal that has stopped reading
        // must not hold the program for ever.
        let late = clock::now() + FAREWELL;
        let is_writing = |writer: &JoinHandle<()>| !writer.is_finished();
        while self.writer.as_ref().is_some_and(is_writing) && clock::now() < late {
            thread::sleep(FAREWELL / 100);
        }
        match self.writer.take() {
            // Its modes are all that can be given back.
            Some(writer) if is_writing(&writer) => {
                self.taken.store(false, Ordering::Release);
                disable_raw_mode()
            }
            _ => give_back(&mut self.out, &self.taken),
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Nobody is left to tell.
        let _ = self.close();
    }
}

/// Gives the terminal back, once.
fn give_back(out: &mut impl Write, taken: &AtomicBool) -> io::Result<()> {
    if !taken.swap(false, Ordering::AcqRel) {
        return Ok(());
    }
    out.write_all(LEAVE)?;
    out.flush()?;
    disable_raw_mode()
}

/// Reads keys on a thread of their own, until nobody listens any more.
///
/// # Errors
///
/// When no thread can be made.
pub fn listen() -> io::Result<mpsc::Receiver<Event>> {
    let (sender, events) = mpsc::channel(64);
    thread::Builder::new()
        .name("keys".to_owned())
        .spawn(move || {
            while !sender.is_closed() {
                match event::poll(LOOK) {
                    Ok(false) => continue,
                    Ok(true) => {}
                    Err(_) => break,
                }
                let event = match event::read() {
                    Ok(event::Event::Key(key)) => Event::Key(key),
                    Ok(event::Event::Resize(columns, rows)) => Event::Resize(columns, rows),
                    Ok(_) => continue,
                    Err(_) => break,
                };
                if sender.blocking_send(event).is_err() {
                    break;
                }
            }
        })?;
    Ok(events)
}

/// Returns the bytes that put a text into the terminal's clipboard (OSC 52), also through SSH.
#[must_use]
pub fn clipboard(text: &str) -> Vec<u8> {
    format!("\x1b]52;c;{}\x07", STANDARD.encode(text)).into_bytes()
}

/// What the terminal shows, and the way from there to the next frame.
#[derive(Clone, Debug, Default)]
pub struct Canvas {
    shown: Option<Buffer>,
}

impl Canvas {
    /// Returns the bytes that turn what is shown into `next`; `None` where nothing changed.
    #[must_use]
    pub fn frame(&self, next: &Buffer) -> Option<Vec<u8>> {
        let before = self.shown.as_ref().filter(|shown| shown.area == next.area);
        let mut bytes = BEGIN.to_vec();
        let empty;
        let before = if let Some(before) = before {
            before
        } else {
            bytes.extend_from_slice(CLEAR);
            empty = Buffer::empty(next.area);
            &empty
        };
        let mut changes = before.diff_iter(next).peekable();
        if changes.peek().is_none() && self.shown.is_some() {
            return None;
        }
        let mut backend = CrosstermBackend::new(&mut bytes);
        // Writing to memory cannot fail.
        let _ = backend.draw(changes);
        bytes.extend_from_slice(END);
        Some(bytes)
    }

    /// Takes note that a frame was written.
    pub fn shown(&mut self, frame: Buffer) {
        self.shown = Some(frame);
    }
}
