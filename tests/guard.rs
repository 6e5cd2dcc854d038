//! The terminal is whole again, whatever ends the dashboard: a pseudo-terminal of our own, and this very test
//! program as the one that runs in it.
//!
//! Not tested here: what is drawn (`screen`), and the monitor behind it.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::AsFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

use nix::pty::{Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::{LocalFlags, Termios, tcgetattr};
use nix::unistd::Pid;
use spanwatch::clock::now;
use spanwatch::report::words::Language;
use spanwatch::tui;
use spanwatch::tui::terminal::Terminal;
use spanwatch::tui::theme::{Glyphs, Theme};
use tokio::sync::{mpsc, watch};

use crate::picture::{calm, weighed};
use crate::sketch::Sketch;

/// Names what the child does; absent in an ordinary run.
const ROLE: &str = "SPANWATCH_TEST_TERMINAL";
/// The other screen, and back.
const ENTERED: &str = "\u{1b}[?1049h";
const LEFT: &str = "\u{1b}[?1049l";
const CURSOR: &str = "\u{1b}[?25h";

/// A dashboard in a pseudo-terminal.
struct Session {
    child: Child,
    master: File,
    /// Kept open, so that the settings of the terminal outlive the child.
    slave: File,
    before: Termios,
    heard: Receiver<Vec<u8>>,
    text: String,
}

impl Session {
    fn start(role: &str) -> Self {
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        let pair = openpty(&size, None).expect("a pseudo-terminal");
        let (master, slave) = (File::from(pair.master), File::from(pair.slave));
        let before = tcgetattr(slave.as_fd()).expect("its settings");
        let end = || Stdio::from(slave.try_clone().expect("an end"));
        let child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "guard::a_child_does_what_it_is_told",
                "--nocapture",
            ])
            .env(ROLE, role)
            .env("RUST_BACKTRACE", "0")
            // A group of its own, as a shell gives: one that nobody could continue is never suspended.
            .process_group(0)
            .stdin(end())
            .stdout(end())
            .stderr(end())
            .spawn()
            .expect("a child");
        let (said, heard) = channel();
        let mut reader = master.try_clone().expect("an end");
        thread::spawn(move || {
            let mut buffer = [0; 4_096];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if said.send(buffer[..length].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            child,
            master,
            slave,
            before,
            heard,
            text: String::new(),
        }
    }

    /// Reads until a text was written; the machine may be slow.
    fn wait_for(&mut self, wanted: &str) {
        let limit = now() + Duration::from_mins(1);
        while !self.text.contains(wanted) {
            let left = limit.saturating_duration_since(now());
            match self.heard.recv_timeout(left) {
                Ok(bytes) => self.text.push_str(&String::from_utf8_lossy(&bytes)),
                Err(why) => panic!(
                    "`{}` never came ({why}):\n{:?}",
                    wanted.escape_debug(),
                    self.text
                ),
            }
        }
    }

    fn type_(&mut self, keys: &[u8]) {
        self.master.write_all(keys).expect("keys");
    }

    fn signal(&self, signal: Signal) {
        let pid = i32::try_from(self.child.id()).expect("a process id");
        kill(Pid::from_raw(pid), signal).expect("our own child");
    }

    fn is_raw(&self) -> bool {
        let now = tcgetattr(self.slave.as_fd()).expect("its settings");
        !now.local_flags.contains(LocalFlags::ICANON)
    }

    /// Returns whether it stands still (proc(5): state `T`, behind the name in brackets).
    fn is_stopped(&self) -> bool {
        let stat = fs::read_to_string(format!("/proc/{}/stat", self.child.id()));
        let stat = stat.expect("our own child");
        stat.rsplit(") ")
            .next()
            .is_some_and(|rest| rest.starts_with('T'))
    }

    /// Waits for the end, and holds the terminal against what it was.
    fn ends_whole(mut self) -> (ExitStatus, String) {
        let status = self.child.wait().expect("an end");
        self.wait_for(LEFT);
        // What was said after it is still on its way.
        while let Ok(bytes) = self.heard.recv_timeout(Duration::from_millis(300)) {
            self.text.push_str(&String::from_utf8_lossy(&bytes));
        }
        let after = tcgetattr(self.slave.as_fd()).expect("its settings");
        assert_eq!(self.before, after, "the settings are as they were");
        let back = self.text.rfind(LEFT).expect("it came");
        assert!(self.text.rfind(ENTERED).expect("it entered") < back);
        assert!(self.text.rfind(CURSOR).expect("a cursor") < back + LEFT.len());
        assert!(
            self.text.rfind("\u{1b}[?2026h") < self.text.rfind("\u{1b}[?2026l"),
            "no frame is left half shown"
        );
        (status, self.text)
    }
}

/// What the child of the other tests does; nothing in an ordinary run.
#[test]
fn a_child_does_what_it_is_told() {
    let Ok(role) = std::env::var(ROLE) else {
        return;
    };
    if role == "panic" {
        let _terminal = Terminal::enter().expect("a terminal");
        panic!("as it was told");
    }
    let network = Sketch::new(&["hub"]).agencies("hub", &["a", "b"]).network();
    let picture = Arc::new(calm(weighed(network)));
    let options = tui::Options {
        language: Language::En,
        theme: Theme::Dark,
        glyphs: Glyphs::Unicode,
        color: true,
        slow: false,
        read_only: true,
        redact: false,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let (_pictures, seen) = watch::channel(picture);
    let (commands, _obeyed) = mpsc::channel(1);
    runtime
        .block_on(tui::run(seen, commands, options))
        .expect("the dashboard");
    drop(runtime);
}

/// A dashboard that has drawn its first frame.
fn running() -> Session {
    let mut session = Session::start("run");
    session.wait_for(ENTERED);
    session.wait_for("Overview");
    assert!(session.is_raw());
    session
}

#[test]
fn the_terminal_is_whole_after_q_and_after_ctrl_c() {
    for keys in [b"q", b"\x03"] {
        let mut session = running();
        session.type_(keys);
        let (status, text) = session.ends_whole();
        assert!(status.success(), "{text:?}");
    }
}

#[test]
fn the_terminal_is_whole_after_signals_and_the_program_goes_on() {
    for signal in [Signal::SIGTERM, Signal::SIGHUP, Signal::SIGINT] {
        let session = running();
        session.signal(signal);
        let (status, text) = session.ends_whole();
        assert!(
            status.success(),
            "{signal}: the caller decides what a signal means: {text:?}"
        );
    }
}

#[test]
fn the_terminal_is_whole_before_a_panic_is_told() {
    let (status, text) = Session::start("panic").ends_whole();
    assert!(!status.success());
    let told = text
        .find("as it was told")
        .expect("the message is readable");
    assert!(
        text.find(LEFT).expect("given back") < told,
        "the terminal comes first: {text:?}"
    );
}

#[test]
fn a_suspended_dashboard_gives_the_terminal_back_until_it_goes_on() {
    let mut session = running();
    session.type_(b"\x1a");
    session.wait_for(LEFT);
    let limit = now() + Duration::from_secs(30);
    while session.is_raw() && now() < limit {
        thread::sleep(Duration::from_millis(10));
    }
    assert!(!session.is_raw(), "the shell can be typed at");
    // A signal to go on that comes before it stands still is for nothing.
    while !session.is_stopped() && now() < limit {
        thread::sleep(Duration::from_millis(10));
    }
    session.text.clear();
    session.signal(Signal::SIGCONT);
    session.wait_for(ENTERED);
    session.wait_for("Overview");
    session.type_(b"q");
    assert!(session.ends_whole().0.success());
}

#[test]
fn no_dashboard_without_a_terminal() {
    let status = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "guard::a_child_does_what_it_is_told"])
        .env(ROLE, "run")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .expect("a child");
    assert!(!status.success());
}
