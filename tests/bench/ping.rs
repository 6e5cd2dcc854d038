//! Our `ping` beside `fping`, in one run: wall clock, processor time, loss; and the RTT beside the kernel's own.
//!
//! `cargo bench --bench ping` prints a line each. Loopback only, as root, because `fping -i 0` and raw sockets are
//! root's. The kernel's own RTT is from the moment at which it had the request to the moment at which it had the
//! reply, as a second raw socket hears both with the kernel's stamps.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::IoSliceMut;
use std::net::Ipv4Addr;
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::cmsg_space;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, setsockopt,
};
use nix::sys::time::TimeSpec;
use socket2::{Domain, Protocol, Socket, Type};

/// Runs of each program; the middle one counts.
const RUNS: usize = 5;

fn list(folder: &Path, name: &str, count: u32) -> String {
    let mut text = String::new();
    for number in 0..count {
        let address = Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 1)) + number);
        writeln!(text, "{address}").expect("a text");
    }
    let path = folder.join(name);
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("UTF-8").to_owned()
}

/// The processor time of all children so far.
fn children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("our children");
    let sum = usage.user_time() + usage.system_time();
    Duration::from_micros(
        u64::try_from(sum.tv_sec() * 1_000_000 + sum.tv_usec()).expect("positive"),
    )
}

fn run(program: &str, words: &[&str]) -> (Duration, Duration, Output) {
    let (began, before) = (spanwatch::clock::now(), children());
    let output = Command::new(program)
        .args(words)
        .env("LC_ALL", "C")
        .stdin(Stdio::null())
        .output()
        .expect("it was found before");
    (began.elapsed(), children().saturating_sub(before), output)
}

fn text(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).into_owned()
}

/// Echoes that `fping -q -c N` lost: its lines end in `xmt/rcv/%loss = 1/1/0%, ...`.
fn lost_by_fping(said: &str) -> u64 {
    let counts = said
        .lines()
        .filter_map(|line| line.split("%loss = ").nth(1));
    counts
        .map(|counts| {
            let mut parts = counts.split('/');
            let mut next = || parts.next().and_then(|part| part.parse::<u64>().ok());
            next().unwrap_or(0) - next().unwrap_or(0)
        })
        .sum()
}

fn lost_by_us(said: &str) -> u64 {
    let line = said.lines().find(|line| line.starts_with("Lost "));
    line.and_then(|line| line.split(' ').nth(1)?.parse().ok())
        .unwrap_or(u64::MAX)
}

/// Runs both in turn and prints the middle of each.
fn beside(what: &str, ours: &[&str], theirs: &[&str]) {
    let (mut our_runs, mut their_runs) = (Vec::new(), Vec::new());
    for _ in 0..RUNS {
        let (wall, processor, output) = run(env!("CARGO_BIN_EXE_spanwatch"), ours);
        our_runs.push((wall, processor, lost_by_us(&text(&output))));
        let (wall, processor, output) = run("fping", theirs);
        their_runs.push((wall, processor, lost_by_fping(&text(&output))));
    }
    let middle = |runs: &[(Duration, Duration, u64)]| {
        let mut walls: Vec<Duration> = runs.iter().map(|run| run.0).collect();
        let mut processors: Vec<Duration> = runs.iter().map(|run| run.1).collect();
        walls.sort_unstable();
        processors.sort_unstable();
        (walls[RUNS / 2], processors[RUNS / 2])
    };
    let lost = |runs: &[(Duration, Duration, u64)]| -> u64 { runs.iter().map(|run| run.2).sum() };
    let ((wall, processor), (their_wall, their_processor)) =
        (middle(&our_runs), middle(&their_runs));
    println!(
        "{what}: {wall:.1?} wall, {processor:.1?} processor, {} lost; fping {their_wall:.1?}, {their_processor:.1?}, {} \
         lost; ratio {:.2} wall, {:.2} processor (middle of {RUNS})",
        lost(&our_runs),
        lost(&their_runs),
        wall.as_secs_f64() / their_wall.as_secs_f64(),
        processor.as_secs_f64() / their_processor.as_secs_f64(),
    );
}

/// Hears every echo and reply until it is told to stop; returns the time between the two of each.
fn witness(socket: &Socket, stop: &AtomicBool) -> Vec<Duration> {
    const BATCH: usize = 64;
    const WIDTH: usize = 256;
    let mut requests: HashMap<(Ipv4Addr, [u8; 4]), Duration> = HashMap::new();
    let mut between = Vec::new();
    let mut buffer = vec![0; BATCH * WIDTH];
    while !stop.load(Ordering::Relaxed) {
        let mut heard = Vec::with_capacity(BATCH);
        {
            let mut headers: MultiHeaders<SockaddrStorage> =
                MultiHeaders::preallocate(BATCH, Some(cmsg_space!(TimeSpec)));
            let mut slices: Vec<[IoSliceMut; 1]> = buffer
                .chunks_exact_mut(WIDTH)
                .map(|chunk| [IoSliceMut::new(chunk)])
                .collect();
            let flags = MsgFlags::MSG_WAITFORONE;
            let fetched = recvmmsg(
                socket.as_raw_fd(),
                &mut headers,
                slices.iter_mut(),
                flags,
                None,
            );
            let Ok(fetched) = fetched else { continue };
            for message in fetched {
                let stamp = message.cmsgs().ok().and_then(|mut all| {
                    all.find_map(|one| match one {
                        ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
                        _ => None,
                    })
                });
                heard.push((message.bytes, stamp));
            }
        }
        for (packet, (length, stamp)) in buffer.chunks_exact(WIDTH).zip(heard) {
            let (packet, Some(stamp)) = (&packet[..length.min(WIDTH)], stamp) else {
                continue;
            };
            if packet.len() < 28 || packet[0] != 0x45 {
                continue;
            }
            let address = |at: usize| {
                Ipv4Addr::new(packet[at], packet[at + 1], packet[at + 2], packet[at + 3])
            };
            let number = [packet[24], packet[25], packet[26], packet[27]];
            match packet[20] {
                8 => {
                    requests.insert((address(16), number), stamp);
                }
                0 => {
                    if let Some(asked) = requests.remove(&(address(12), number)) {
                        between.push(stamp.saturating_sub(asked));
                    }
                }
                _ => {}
            }
        }
    }
    between
}

fn beside_the_kernel(addresses: &str) {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).expect("root");
    setsockopt(&socket, ReceiveTimestampns, &true).expect("an option");
    rustix::net::sockopt::set_socket_recv_buffer_size_force(&socket, 32 << 20).expect("root");
    socket
        .set_read_timeout(Some(Duration::from_millis(50)))
        .expect("an option");
    let stop = Arc::new(AtomicBool::new(false));
    let heard = {
        let stop = Arc::clone(&stop);
        std::thread::spawn(move || witness(&socket, &stop))
    };
    let program = env!("CARGO_BIN_EXE_spanwatch");
    let words = [
        "ping", "--rate", "20000", "-c", "1", "--format", "json", "--file", addresses,
    ];
    let (wall, processor, output) = run(program, &words);
    std::thread::sleep(Duration::from_millis(200));
    stop.store(true, Ordering::Relaxed);
    let mut kernel = heard.join().expect("no panic");
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let targets = document["targets"].as_array().expect("targets");
    let mut ours: Vec<Duration> = targets
        .iter()
        .filter_map(|target| target["rtt_min_ms"].as_f64())
        .map(|millis| Duration::from_secs_f64(millis / 1_000.0))
        .collect();
    let lost = targets.len() - ours.len();
    kernel.sort_unstable();
    ours.sort_unstable();
    let at = |all: &[Duration], percent: usize| {
        all.get(all.len() * percent / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "60000 at 20,000 a second: {wall:.1?} wall, {processor:.1?} processor, {lost} lost; rtt p50 {:.1?}, p99 {:.1?}; the \
         kernel's own p50 {:.1?}, p99 {:.1?} of {}; more by {:.1?} and {:.1?}",
        at(&ours, 50),
        at(&ours, 99),
        at(&kernel, 50),
        at(&kernel, 99),
        kernel.len(),
        at(&ours, 50).saturating_sub(at(&kernel, 50)),
        at(&ours, 99).saturating_sub(at(&kernel, 99)),
    );
}

fn main() {
    if Command::new("fping").arg("--version").output().is_err() || !nix::unistd::geteuid().is_root()
    {
        println!("skipped: it needs fping and root");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let all = list(folder.path(), "all", 60_000);
    let agencies = list(folder.path(), "agencies", 483);
    beside(
        "60000 once",
        &["ping", "--rate", "0", "-c", "1", "--quiet", "--file", &all],
        &["-q", "-c1", "-i", "0", "-p", "20", "-f", &all],
    );
    beside(
        "483 at once, 1000 times",
        &[
            "ping", "--rate", "0", "-c", "1000", "-i", "5ms", "--quiet", "--file", &agencies,
        ],
        &["-q", "-c1000", "-i", "0", "-p", "5", "-f", &agencies],
    );
    beside_the_kernel(&all);
}
