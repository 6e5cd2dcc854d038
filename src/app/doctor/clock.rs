//! Whether the wall clock is held right by somebody.
//!
//! The kernel knows (`adjtimex`), and the programs that set it say it: systemd's file, `timedatectl`, `chronyc`.
//! Where none of them can be asked nothing is claimed. A program that does not answer in time is no answer.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::app::doctor::{Finding, Level, Said, Topic, as_root};

/// How long a program may take to say it.
const PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(10);

/// No program of these says more than this.
const LONGEST: usize = 4_096;

/// systemd-timesyncd makes it at its first synchronisation.
const TIMESYNC: &str = "/run/systemd/timesync/synchronized";

/// Looks at the wall clock.
#[must_use]
pub fn clock() -> Finding {
    let finding = |level, said| Finding::new(Topic::Clock, level, said);
    if Path::new(TIMESYNC).exists() {
        let by = "systemd-timesyncd";
        return finding(Level::Ok, Said::ClockSynchronised { by });
    }
    let (by, mend, right) = if let Some(said) = told(
        "timedatectl",
        &["show", "--property=NTPSynchronized", "--value"],
    ) {
        match said.trim() {
            "yes" => ("timedatectl", "timedatectl set-ntp true", true),
            "no" => ("timedatectl", "timedatectl set-ntp true", false),
            _ => return finding(Level::Unknown, Said::ClockUnknown),
        }
    } else if let Some(said) = told("chronyc", &["-n", "tracking"]) {
        let leap = said
            .lines()
            .filter(|line| line.starts_with("Leap status"))
            .find_map(|line| line.split_once(':'));
        match leap.map(|(_, status)| status.trim()) {
            Some("Normal" | "Insert second" | "Delete second") => {
                ("chronyc", "chronyc makestep", true)
            }
            Some("Not synchronised") => ("chronyc", "chronyc makestep", false),
            _ => return finding(Level::Unknown, Said::ClockUnknown),
        }
    } else {
        return finding(Level::Unknown, Said::ClockUnknown);
    };
    if right {
        finding(Level::Ok, Said::ClockSynchronised { by })
    } else {
        finding(Level::Warning, Said::ClockDrifts { by }).mended_by(as_root(mend))
    }
}

/// Returns what a program says, if it is there, succeeds, and ends in time.
fn told(program: &str, arguments: &[&str]) -> Option<String> {
    said_in_time(Command::new(program).args(arguments), PATIENCE)
        .filter(|(code, _)| *code == Some(0))
        .map(|(_, said)| said)
}

/// Runs a program that is not trusted to end, and returns its code and what it wrote to standard output.
#[must_use]
pub fn said_in_time(command: &mut Command, patience: Duration) -> Option<(Option<i32>, String)> {
    let mut child = command
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .ok()?;
    let end = crate::clock::now() + patience;
    let status = loop {
        match child.try_wait() {
            Ok(Some(status)) => break status,
            Ok(None) if crate::clock::now() < end => std::thread::sleep(LOOK),
            Ok(None) | Err(_) => {
                let _ = child.kill();
                let _ = child.wait();
                return None;
            }
        }
    };
    // It has ended, so what it wrote fits into the pipe and nothing blocks; a child of its own may hold it open.
    let mut bytes = vec![0; LONGEST];
    let mut out = child.stdout.take()?;
    let length = std::io::Read::read(&mut out, &mut bytes).ok()?;
    bytes.truncate(length);
    Some((status.code(), String::from_utf8_lossy(&bytes).into_owned()))
}
