//! Many echoes to many targets, by hand: who is asked how often, and what became of it.
//!
//! The monitor asks forever and wants a reading each; this asks so often and wants numbers. With our own engine it is
//! one loop over one socket a family, without a task an echo, because sixty thousand tasks cost more than sixty
//! thousand echoes. The ping library's engine stands behind it where raw sockets are refused.
//!
//! All echoes of a round are due at once and the token bucket spreads them, so the queue of what is due is in order
//! by itself: each target goes to its end, an interval later.

mod library;
mod precise;

use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use socket2::Type;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::clock::moment::Epoch;
use crate::probe::bucket::Bucket;
use crate::probe::flight::{Flights, Strays};
use crate::probe::ping::{Engine, Form, IcmpKind, Line, ident};
use crate::probe::raw::Raw;
use crate::probe::tally::Tally;
use crate::probe::{Doing, Granted, LineError, draw, drop_privilege};
use crate::wire::echo::Family;

/// All sequence numbers of a socket: three quarters of them may be unanswered.
const CAPACITY: usize = 1 << 16;

/// RTTs that are kept for quantiles, of all targets together: 64 MiB.
const KEPT: usize = 16 << 20;

/// RTTs that are kept of one target, at most.
const KEPT_OF_ONE: usize = 10_000;

/// Progress is told this often.
const TELL_EVERY: Duration = Duration::from_millis(200);

/// A sleep is longer than asked by about this; the bucket makes up for it.
const SLEEP: Duration = Duration::from_micros(300);

/// How often and how fast.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Course {
    /// Echoes to each target; `None` until it is cancelled.
    pub count: Option<u32>,
    /// Time between two echoes to one target.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Time between any two echoes; zero is as fast as the sockets take them.
    pub spacing: Duration,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Echoes that left.
    pub sent: u64,
    /// Of them answered.
    pub received: u64,
    /// Of them out of time.
    pub lost: u64,
}

/// What became of it all.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// One a target, in the order in which they were given.
    pub tallies: Vec<Tally>,
    /// Packets that were no answer; `None` where the engine does not see them.
    pub strays: Option<Strays>,
    /// How long it took.
    pub took: Duration,
}

/// Open sockets, and no privilege left.
#[derive(Debug)]
pub struct Volley {
    form: Form,
    granted: Granted,
    lines: Lines,
}

/// One of a family, or why there is none.
type Either<T> = [Result<T, Arc<str>>; 2];

enum Lines {
    Precise(Box<Either<Wire>>),
    Library(Either<Arc<Line>>),
}

impl std::fmt::Debug for Lines {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Precise(_) => "Precise",
            Self::Library(_) => "Library",
        })
    }
}

/// A raw socket and what is under way on it.
struct Wire {
    raw: Raw,
    flights: Flights,
}

/// Opens the sockets for echoes of this form, and gives the calling thread's capabilities up.
///
/// With `Engine::Precise` the library takes over, by datagram sockets, where the kernel refuses raw ones for want of
/// rights. A machine without IPv6 is no error: echoes to its addresses are not sent. Needs a tokio runtime.
pub fn open(engine: Engine, form: Form) -> Result<Volley, LineError> {
    let lines = lines(engine, &form).map_err(|source| LineError::new(Doing::OpenIcmp, source))?;
    drop_privilege()?;
    let granted = match &lines {
        Lines::Precise(wires) => {
            let raw = wires.iter().flatten().next().map(|wire| &wire.raw);
            Granted {
                engine: Engine::Precise,
                kind: IcmpKind::Raw,
                receive_buffer: raw.and_then(|raw| raw.receive_buffer),
            }
        }
        Lines::Library(lines) => {
            let line = lines.iter().flatten().next();
            Granted {
                engine: Engine::Library,
                kind: line.map_or(IcmpKind::Datagram, |line| line.kind),
                receive_buffer: line.and_then(|line| line.receive_buffer),
            }
        }
    };
    Ok(Volley {
        form,
        granted,
        lines,
    })
}

fn lines(engine: Engine, form: &Form) -> io::Result<Lines> {
    let first = match engine {
        Engine::Precise => {
            let key = draw()?;
            let wires = each(form, |family| {
                let ident = ident();
                let raw = Raw::open(family, form, ident)?;
                let flights = Flights::new(key.clone(), ident, form.size, CAPACITY, clock::now());
                Ok(Wire { raw, flights })
            });
            match wires {
                Err(error) if error.kind() == io::ErrorKind::PermissionDenied => Type::DGRAM,
                wires => return wires.map(|wires| Lines::Precise(Box::new(wires))),
            }
        }
        Engine::Library => Type::RAW,
    };
    each(form, |family| Line::open(family, first, form).map(Arc::new)).map(Lines::Library)
}

/// Opens what a source's family or else both families need; IPv6 alone may fail.
fn each<T>(form: &Form, open: impl Fn(Family) -> io::Result<T>) -> io::Result<Either<T>> {
    let not = |family: &str| {
        Err(Arc::from(format!(
            "The source address is none of {family}."
        )))
    };
    Ok(match form.source.map(Family::of) {
        Some(Family::V4) => [Ok(open(Family::V4)?), not("IPv6")],
        Some(Family::V6) => [not("IPv4"), Ok(open(Family::V6)?)],
        None => [
            Ok(open(Family::V4)?),
            open(Family::V6)
                .map_err(|error| format!("This machine has no ICMP for IPv6: {error}.").into()),
        ],
    })
}

impl Volley {
    /// Returns what the kernel granted.
    #[must_use]
    pub fn granted(&self) -> Granted {
        self.granted
    }

    /// Returns how the echoes look.
    #[must_use]
    pub fn form(&self) -> Form {
        self.form
    }

    /// Asks all targets, until the course is done or it is cancelled.
    pub async fn run(
        self,
        targets: Vec<IpAddr>,
        course: Course,
        cancel: CancellationToken,
        progress: watch::Sender<Progress>,
    ) -> Outcome {
        let began = clock::now();
        let log = Log::new(targets.len(), progress, began);
        let (log, strays) = match self.lines {
            Lines::Precise(wires) => {
                let form = self.form;
                let work = move || precise::fly(*wires, form, &targets, course, &cancel, log);
                let (log, strays) = tokio::task::spawn_blocking(work)
                    .await
                    .expect("the loop neither panics nor is it aborted");
                (log, Some(strays))
            }
            Lines::Library(lines) => (
                library::ask(&lines, &targets, course, cancel, log).await,
                None,
            ),
        };
        Outcome {
            tallies: log.tallies,
            strays,
            took: clock::now().saturating_duration_since(began),
        }
    }
}

/// What has been counted, and who is told of it.
struct Log {
    tallies: Vec<Tally>,
    so_far: Progress,
    progress: watch::Sender<Progress>,
    told: Instant,
}

impl Log {
    fn new(targets: usize, progress: watch::Sender<Progress>, now: Instant) -> Self {
        let keep = (KEPT / targets.max(1)).clamp(60, KEPT_OF_ONE);
        Self {
            tallies: vec![Tally::new(keep); targets],
            so_far: Progress::default(),
            progress,
            told: now,
        }
    }

    /// Tells how far it is, if it is time to, and returns when it will be.
    fn tell(&mut self, now: Instant) -> Instant {
        if now >= self.told + TELL_EVERY {
            self.told = now;
            self.progress.send_replace(self.so_far);
        }
        self.told + TELL_EVERY
    }
}

/// Which echo: the target's place, and its number among those to this target.
#[derive(Clone, Copy, Debug)]
struct Ticket {
    target: u32,
    round: u32,
}

impl Ticket {
    fn token(self) -> u64 {
        u64::from(self.target) << 32 | u64::from(self.round)
    }

    fn of(token: u64) -> Self {
        Self {
            target: (token >> 32) as u32,
            round: token as u32,
        }
    }
}

/// What is to be sent, in order.
struct Schedule {
    /// What the bucket's moments are counted from.
    epoch: Epoch,
    due: VecDeque<(Instant, Ticket)>,
    bucket: Option<Bucket>,
    course: Course,
}

impl Schedule {
    fn new(targets: usize, course: Course, now: Instant) -> Self {
        let targets = u32::try_from(targets).unwrap_or(u32::MAX);
        let due = match course.count {
            Some(0) => VecDeque::new(),
            _ => (0..targets)
                .map(|target| (now, Ticket { target, round: 0 }))
                .collect(),
        };
        let bucket = (!course.spacing.is_zero()).then(|| {
            let burst = SLEEP.as_nanos() / course.spacing.as_nanos() + 1;
            Bucket::new(course.spacing, u32::try_from(burst).unwrap_or(1), 0)
        });
        Self {
            epoch: Epoch::at(now),
            due,
            bucket,
            course,
        }
    }

    /// Returns when the next echo may leave; `None` after the last.
    fn next(&self) -> Option<Instant> {
        let (due, _) = self.due.front()?;
        let open = self.bucket.map(|bucket| bucket.open_at());
        Some(open.map_or(*due, |open| self.epoch.instant(open).max(*due)))
    }

    /// Takes the next echo out, if it may leave now.
    fn take(&mut self, now: Instant) -> Option<Ticket> {
        if self.next()? > now {
            return None;
        }
        let (due, ticket) = self.due.pop_front()?;
        if let Some(bucket) = &mut self.bucket {
            bucket.take(self.epoch.moment(now));
        }
        let round = ticket.round.saturating_add(1);
        if self.course.count.is_none_or(|count| round < count) {
            let again = Ticket { round, ..ticket };
            self.due.push_back((due + self.course.interval, again));
        }
        Some(ticket)
    }
}

/// The place of a family in a pair.
fn place(address: IpAddr) -> usize {
    usize::from(address.is_ipv6())
}
