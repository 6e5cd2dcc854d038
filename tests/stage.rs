//! The program run as a user runs it, and a script in a lab: what they left behind.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs::{self, File};
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long most of them may take: far longer than any does.
pub(crate) const PATIENCE: Duration = Duration::from_mins(2);

/// What a program left behind.
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    pub(crate) signal: Option<i32>,
    pub(crate) out: String,
    pub(crate) err: String,
}

/// Runs the program with these words, for at most so long.
pub(crate) fn spanwatch(words: &[&str], patience: Duration) -> Ended {
    let folder = tempfile::tempdir().expect("a folder");
    let open = |name: &str| File::create(folder.path().join(name)).expect("a file");
    let mut child = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(words)
        .env_remove("SPANWATCH_LAB_SOCKET")
        .env("SPANWATCH", env!("CARGO_BIN_EXE_spanwatch"))
        .stdin(Stdio::null())
        .stdout(open("out"))
        .stderr(open("err"))
        .spawn()
        .expect("the program starts");
    let late = spanwatch::clock::now() + patience;
    let status = loop {
        if let Some(status) = child.try_wait().expect("a child") {
            break status;
        }
        if spanwatch::clock::now() > late {
            child.kill().expect("a running child");
            child.wait().expect("a child");
            panic!("{words:?} did not end.");
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    let read = |name: &str| {
        let bytes = fs::read(folder.path().join(name)).expect("a file");
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ended {
        code: status.code(),
        signal: status.signal(),
        out: read("out"),
        err: read("err"),
    }
}

/// Says so, and returns false, where one of these programs is not installed.
pub(crate) fn has(tools: &[&str]) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let missing = tools
        .iter()
        .find(|tool| !std::env::split_paths(&path).any(|folder| folder.join(tool).exists()));
    if let Some(tool) = missing {
        println!("skipped: `{tool}` is not installed");
    }
    missing.is_none()
}

/// Runs a shell script in a lab of a topology; `None`, and a printed line, where that cannot be.
pub(crate) fn in_a_lab(
    topology: &Path,
    options: &[&str],
    script: &str,
    patience: Duration,
) -> Option<Ended> {
    let topology = topology.to_string_lossy().into_owned();
    let mut words = vec!["lab", "--topology", &topology];
    words.extend(options);
    words.extend(["--", "sh", "-c", script]);
    let ended = spanwatch(&words, patience);
    if ended.code == Some(3) && ended.err.contains("the lab cannot") {
        println!("skipped: {}", ended.err.trim_end());
        return None;
    }
    Some(ended)
}
