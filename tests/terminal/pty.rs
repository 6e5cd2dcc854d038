//! A terminal of the test's own: a program with it in a session of its own, what it wrote, what it was told.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, OwnedFd};
use std::process::{Child, Command, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill, killpg};
use nix::sys::termios::{Termios, tcgetattr};
use nix::unistd::Pid;

use crate::terminal::glass::Glass;
use spanwatch::clock::now;

/// Columns and rows of every terminal here.
const SIZE: (u16, u16) = (120, 40);
/// How long anything may take on a slow and busy machine before it is called missing.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);

/// A terminal with a program in it.
pub(crate) struct Pty {
    keys: File,
    slave: OwnedFd,
    child: Child,
    heard: Receiver<Vec<u8>>,
    is_deaf: Arc<AtomicBool>,
    before: Termios,
    /// Everything that was written to it.
    pub(crate) bytes: Vec<u8>,
    /// What it shows.
    pub(crate) glass: Glass,
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.is_deaf.store(false, Ordering::Relaxed);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Pty {
    /// Starts a program; `dress` sets what else it needs. `None`, and a printed line, without `setsid`.
    pub(crate) fn start(
        program: impl AsRef<OsStr>,
        words: &[&str],
        dress: impl FnOnce(&mut Command),
    ) -> Option<Self> {
        let size = Winsize {
            ws_row: SIZE.1,
            ws_col: SIZE.0,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(&size, None).expect("a terminal");
        let before = tcgetattr(&pair.slave).expect("a terminal's modes");
        let end = || pair.slave.try_clone().expect("a descriptor");
        // In the session of the test it would ask the size of the terminal of whoever runs the test.
        let mut command = Command::new("setsid");
        command
            .arg(program)
            .args(words)
            .env("TERM", "xterm-256color")
            .env("LC_ALL", "C.UTF-8")
            .env_remove("NO_COLOR")
            .stdin(end())
            .stdout(end())
            .stderr(end());
        dress(&mut command);
        let child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                println!("skipped: `setsid` is not installed");
                return None;
            }
            Err(error) => panic!("{error}"),
        };
        let keys = File::from(pair.master);
        let mut reader = keys.try_clone().expect("a descriptor");
        let (sender, heard) = channel();
        let is_deaf = Arc::<AtomicBool>::default();
        let ear = Arc::clone(&is_deaf);
        std::thread::spawn(move || {
            let mut bytes = vec![0; 1 << 16];
            while let Ok(length) = reader.read(&mut bytes) {
                if length == 0 || sender.send(bytes[..length].to_vec()).is_err() {
                    break;
                }
                while ear.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_millis(10));
                }
            }
        });
        Some(Self {
            keys,
            slave: pair.slave,
            child,
            heard,
            is_deaf,
            before,
            bytes: Vec::new(),
            glass: Glass::new(SIZE.0.into(), SIZE.1.into()),
        })
    }

    /// Presses keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).expect("a terminal");
    }

    /// Takes nothing more from the program, as a dead line does.
    pub(crate) fn deafen(&self) {
        self.is_deaf.store(true, Ordering::Relaxed);
    }

    /// Sends a signal to the program.
    pub(crate) fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).expect("a running program");
    }

    /// Interrupts the program and all that it started, as a terminal does that is not in raw mode.
    pub(crate) fn interrupt_all(&self) {
        killpg(Pid::from_raw(self.child.id().cast_signed()), Signal::SIGINT)
            .expect("a running program");
    }

    /// Waits until the screen is as it should be.
    pub(crate) fn until(&mut self, what: &str, is_so: impl Fn(&str) -> bool) {
        self.within(PATIENCE, what, is_so);
    }

    /// Waits so long until the screen is as it should be.
    pub(crate) fn within(&mut self, patience: Duration, what: &str, is_so: impl Fn(&str) -> bool) {
        let late = now() + patience;
        while !is_so(&self.glass.text()) {
            let ended = self.child.try_wait().expect("a child");
            let heard = self.listen(Duration::from_millis(100));
            assert!(
                now() < late && (heard || ended.is_none()),
                "no {what} ({ended:?}):\n{}",
                self.glass.text()
            );
        }
    }

    /// Takes in what was written; returns whether something was.
    fn listen(&mut self, patience: Duration) -> bool {
        match self.heard.recv_timeout(patience) {
            Ok(bytes) => {
                self.glass.take(&bytes);
                self.bytes.extend(bytes);
                true
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => false,
        }
    }

    /// Waits for the program's end and takes in the rest of what it wrote.
    pub(crate) fn end(&mut self) -> ExitStatus {
        let late = now() + PATIENCE;
        let status = loop {
            self.listen(Duration::from_millis(20));
            if let Some(status) = self.child.try_wait().expect("a child") {
                break status;
            }
            assert!(now() < late, "it does not end:\n{}", self.glass.text());
        };
        while self.listen(Duration::from_millis(100)) {}
        status
    }

    /// Asserts that the terminal is as it was before: its screen, cursor, colours, modes.
    pub(crate) fn is_whole(&self) {
        assert!(!self.glass.is_alternate, "the other screen is still shown");
        assert_eq!(self.glass.left, 1, "the other screen was left once");
        assert!(self.glass.has_cursor, "there is no cursor");
        assert!(self.glass.is_plain, "colours are left");
        assert_eq!(self.glass.strange, [""; 0]);
        let now = tcgetattr(self.slave.as_fd()).expect("a terminal's modes");
        assert_eq!(now, self.before, "the modes are others");
    }
}
