//! What the dashboard costs at rest: memory, and the share of a core, with 483 agencies at a 10 s interval.
//!
//! It starts the lab in a terminal of its own, lets it settle, and reads the kernel's account of the one process
//! that monitors and draws; the lab around it is not counted.

#![expect(clippy::print_stdout, reason = "a bench prints its figures")]
#![expect(dead_code, reason = "the terminal serves the tests too")]

#[path = "../terminal"]
mod terminal {
    pub(crate) mod glass;
    pub(crate) mod pty;
}

use std::fs;
use std::path::Path;
use std::time::Duration;

use terminal::pty::Pty;

/// Every device has been polled by then.
const SETTLE: Duration = Duration::from_secs(65);
/// Long enough to hold six rounds of pings and one of polls.
const MEASURE: Duration = Duration::from_mins(1);
/// The kernel counts processor time in hundredths of a second on every Linux there is.
const TICK: f64 = 0.01;

fn main() {
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    let words = [
        "--lang",
        "en",
        "--topology",
        topology.to_str().expect("UTF-8"),
        "lab",
    ];
    let Some(mut pty) = Pty::start(env!("CARGO_BIN_EXE_spanwatch"), &words, |_| {}) else {
        return;
    };
    pty.until("everybody up", |text| text.contains("▪ 483 up"));
    let Some(process) = dashboard() else {
        println!("skipped: there is no lab here, so nothing to measure apart from it");
        return;
    };
    std::thread::sleep(SETTLE);
    let before = ticks(&process);
    std::thread::sleep(MEASURE);
    let spent = f64::from(ticks(&process) - before) * TICK;
    let status = fs::read_to_string(Path::new(&process).join("status")).expect("a running process");
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap_or_default()
        .trim()
        .to_owned();
    println!("dashboard at rest, 483 agencies, 10 s interval, 120x40: peak memory {peak}");
    println!(
        "processor {spent:.2} s in {} s: {:.2} % of a core",
        MEASURE.as_secs(),
        spent / MEASURE.as_secs_f64() * 100.0
    );
    pty.press("q");
    pty.end();
}

/// Returns the folder of the process that runs `watch` from the binary under measure.
fn dashboard() -> Option<String> {
    let binary = fs::canonicalize(env!("CARGO_BIN_EXE_spanwatch")).ok()?;
    fs::read_dir("/proc").ok()?.flatten().find_map(|entry| {
        let folder = entry.path();
        let is_ours = fs::read_link(folder.join("exe")).is_ok_and(|exe| exe == binary);
        let words = fs::read(folder.join("cmdline")).ok()?;
        (is_ours && words.split(|byte| *byte == 0).any(|word| word == b"watch"))
            .then(|| folder.to_string_lossy().into_owned())
    })
}

/// Returns the processor time of a process so far: fields 14 and 15 of its `stat` (proc(5)).
fn ticks(process: &str) -> u32 {
    let stat = fs::read_to_string(Path::new(process).join("stat")).expect("a running process");
    let after = stat.rsplit(')').next().unwrap_or_default();
    after
        .split_whitespace()
        .skip(11)
        .take(2)
        .filter_map(|field| field.parse::<u32>().ok())
        .sum()
}
