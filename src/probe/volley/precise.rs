//! The loop of the precise engine: send a few, hear all that came, sleep until something is due.
//!
//! A few, because every echo whose answer lies in the socket takes room there; with the kernel's stamps it does not
//! matter for the RTT when the answer is fetched. Echoes are sent one by one: a batch of them would share one send
//! time, and saves a seventh of the cost.

use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::probe::flight::{Strays, Verdict};
use crate::probe::ping::Form;
use crate::probe::volley::{Course, Either, Log, Schedule, Ticket, Wire, place};
use crate::wire::echo::read;

/// Echoes between two looks into the sockets: their answers, and on loopback the requests too, fit into the smallest
/// receive buffer.
const FEW: usize = 24;

/// No sleep is longer, so that a cancelled loop ends.
const LONGEST_SLEEP: Duration = Duration::from_millis(100);

/// After our own queue was full.
const BREATH: Duration = Duration::from_micros(200);

/// So often in a row an echo is tried again before it counts as not sent.
const TRIES: u32 = 1_000;

/// Sends and hears until all is done or it is cancelled.
pub(super) fn fly(
    mut wires: Either<Wire>,
    form: Form,
    targets: &[IpAddr],
    course: Course,
    cancel: &CancellationToken,
    mut log: Log,
) -> (Log, Strays) {
    let mut schedule = Schedule::new(targets.len(), course, clock::now());
    let mut packet = Vec::new();
    // What was taken and could not leave yet.
    let mut held: Option<Ticket> = None;
    let mut tries = 0;
    while !cancel.is_cancelled() {
        let mut sent = 0;
        let mut is_blocked = false;
        while sent < FEW && !is_blocked {
            let now = clock::now();
            let Some(ticket) = held.take().or_else(|| schedule.take(now)) else {
                break;
            };
            match send(
                &mut wires,
                form.size,
                targets,
                course,
                ticket,
                now,
                &mut packet,
            ) {
                Ok(()) => {
                    log.so_far.sent += 1;
                    tries = 0;
                }
                Err(Stop::Full) if tries < TRIES => {
                    tries += 1;
                    held = Some(ticket);
                    is_blocked = true;
                }
                Err(Stop::NotSent(why)) => log.tallies[ticket.target as usize].not_sent(why),
                Err(Stop::Full) => {
                    let why = "Our own queue stayed full.".into();
                    log.tallies[ticket.target as usize].not_sent(why);
                }
            }
            sent += 1;
        }
        hear(&mut wires, &mut log);
        let now = clock::now();
        let open: usize = wires.iter().flatten().map(|wire| wire.flights.open()).sum();
        if open == 0 && held.is_none() && schedule.next().is_none() {
            break;
        }
        let tell = log.tell(now);
        if sent == FEW && !is_blocked {
            continue;
        }
        let deadlines = wires
            .iter()
            .flatten()
            .filter_map(|wire| wire.flights.deadline());
        let next = if is_blocked {
            Some(now + BREATH)
        } else {
            schedule.next()
        };
        let wake = deadlines.chain(next).chain([tell]).min().unwrap_or(tell);
        sleep(
            &wires,
            wake.saturating_duration_since(now).min(LONGEST_SLEEP),
        );
    }
    // What lies in the sockets was answered, whoever stopped us.
    hear(&mut wires, &mut log);
    let mut strays = Strays::default();
    for wire in wires.iter().flatten() {
        strays += wire.flights.strays();
    }
    log.progress.send_replace(log.so_far);
    (log, strays)
}

/// Why an echo did not leave.
enum Stop {
    /// Not now: the table or the kernel's queue is full.
    Full,
    /// Not at all.
    NotSent(Arc<str>),
}

fn send(
    wires: &mut Either<Wire>,
    size: usize,
    targets: &[IpAddr],
    course: Course,
    ticket: Ticket,
    now: Instant,
    packet: &mut Vec<u8>,
) -> Result<(), Stop> {
    let to = targets[ticket.target as usize];
    let wire = wires[place(to)]
        .as_mut()
        .map_err(|why| Stop::NotSent(Arc::clone(why)))?;
    let echo = wire
        .flights
        .launch(to, ticket.token(), now, course.timeout)
        .ok_or(Stop::Full)?;
    echo.write(wire.raw.family, size, packet);
    wire.raw.send(packet, to).map_err(|error| {
        wire.flights.recall(&echo);
        let is_full = error.kind() == io::ErrorKind::WouldBlock
            || error.raw_os_error() == Some(nix::libc::ENOBUFS);
        if is_full {
            Stop::Full
        } else {
            Stop::NotSent(format!("Nothing can be sent to {to}: {error}.").into())
        }
    })
}

/// Hears all that lies in the sockets, and then says what is out of time.
fn hear(wires: &mut Either<Wire>, log: &mut Log) {
    for wire in wires.iter_mut().flatten() {
        let Wire { raw, flights } = wire;
        if flights.open() == 0 {
            continue;
        }
        let family = raw.family;
        // An error of the socket leaves the echoes to their time-outs.
        while raw
            .receive(|from, bytes, at| {
                note(flights.hear(from, read(family, bytes), at), log);
            })
            .unwrap_or(false)
        {}
        let now = clock::now();
        while let Some(silence) = flights.expire(now) {
            log.so_far.lost += 1;
            log.tallies[Ticket::of(silence.token).target as usize].missed();
        }
    }
}

fn note(verdict: Verdict, log: &mut Log) {
    let (Verdict::Reply { token, .. }
    | Verdict::Error { token, .. }
    | Verdict::Duplicate { token }
    | Verdict::Late { token }
    | Verdict::Truncated { token }) = verdict
    else {
        return;
    };
    let ticket = Ticket::of(token);
    let tally = &mut log.tallies[ticket.target as usize];
    match verdict {
        Verdict::Reply {
            rtt, ttl, is_whole, ..
        } => {
            log.so_far.received += 1;
            tally.answered(ticket.round, rtt, ttl);
            tally.truncated += u32::from(!is_whole);
        }
        Verdict::Error { objection, .. } => tally.objected(&objection),
        Verdict::Duplicate { .. } => tally.duplicates += 1,
        Verdict::Late { .. } => tally.late += 1,
        Verdict::Truncated { .. } => tally.truncated += 1,
        Verdict::Foreign => {}
    }
}

/// Sleeps until a socket has something, but no longer than `most`.
fn sleep(wires: &Either<Wire>, most: Duration) {
    let mut sockets: Vec<PollFd<'_>> = wires
        .iter()
        .flatten()
        .map(|wire| PollFd::new(&wire.raw, PollFlags::IN))
        .collect();
    let most = Timespec {
        tv_sec: i64::try_from(most.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: most.subsec_nanos().into(),
    };
    // Interrupted is awake.
    let _ = poll(&mut sockets, Some(&most));
}
