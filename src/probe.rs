//! Asking: targets in, readings out, by ping, SNMP and TCP over real sockets.
//!
//! All of it runs in a thread of its own: a reply that waits for somebody's long computation would be measured
//! as a slow one, or counted as lost. The thread opens the sockets, gives all capabilities up, and only then
//! hears the first byte from the network.
//!
//! Two engines can ping: our own over a raw socket (`precise`), and the ping library's (`ping`), which takes over
//! with a datagram socket where raw ones are refused. Both are asked in the same way, and the roster knows neither.
//!
//! In it one task owns the roster, and with it all order, pacing and caps. It spawns one short task a question,
//! which asks, waits, and puts its reading into a bounded channel itself: when nobody takes readings the
//! questions in flight wait, the caps fill, and asking slows down, while the owner still takes asks and edits.
//! So a monitor that sends an ask while its own queue of readings is full cannot deadlock with us.
//!
//! A time-out is an answer (`Silent`), and so is a question that our own side could not send (`Unsent`). Errors
//! are only for what must work before the first question.

pub mod bucket;
pub mod flight;
pub mod hearing;
pub mod ping;
pub mod poll;
mod precise;
mod raw;
pub mod roster;
pub mod service;
mod snmp;
pub mod tally;
mod tcp;
pub mod tls;
pub mod trace;
pub mod trap;
pub mod valve;
pub mod volley;

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use caps::CapSet;
use socket2::Type;
use tokio::sync::{mpsc, oneshot};
use tokio::task::{Id, JoinSet};
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::model::credential::Keyring;
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::{Method, Target, TargetId};
use crate::probe::flight::Key;
use crate::probe::hearing::Hearing;
use crate::probe::ping::{Engine, Form, IcmpKind, Line};
use crate::probe::precise::Precise;
use crate::probe::roster::{Pace, Purpose, Roster};
use crate::wire::echo::Family;

/// Readings that may wait to be taken: the answers to two bursts of a sweep.
const READINGS: usize = 1_024;

/// Asks that may wait. The owner takes them at once, so this is only the size of one inquiry's burst.
const ASKS: usize = 1_024;

/// SNMP answers of two seconds of a big round; the kernel caps it at `net.core.rmem_max`.
const SNMP_BUFFER: usize = 8 << 20;

/// What was being done when it failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Doing {
    /// Starting the thread that asks.
    Start,
    /// Opening the ICMP socket for IPv4.
    OpenIcmp,
    /// Binding the UDP socket of SNMP for IPv4.
    BindSnmp,
    /// Binding the UDP socket that hears traps.
    BindTraps,
    /// Giving capabilities up.
    DropPrivilege,
}

/// Why asking cannot begin.
#[derive(Debug, thiserror::Error)]
#[error("{} failed.", match .doing {
    Doing::Start => "Starting the thread that asks",
    Doing::OpenIcmp => "Opening an ICMP socket (raw, then datagram)",
    Doing::BindSnmp => "Binding a UDP socket for SNMP",
    Doing::BindTraps => "Binding a UDP socket for SNMP traps",
    Doing::DropPrivilege => "Giving up the capabilities of a thread",
})]
pub struct LineError {
    /// What was being done.
    pub doing: Doing,
    /// What the kernel said.
    #[source]
    pub source: io::Error,
}

impl LineError {
    fn new(doing: Doing, source: io::Error) -> Self {
        Self { doing, source }
    }
}

/// The open sockets, waiting in their thread: all that needs privilege is done when this exists.
#[derive(Debug)]
pub struct Sockets {
    granted: Granted,
    snmp_port: u16,
    work: oneshot::Sender<Work>,
}

/// What the kernel granted for ICMP.
#[derive(Clone, Copy, Debug)]
pub struct Granted {
    /// Who pings.
    pub engine: Engine,
    /// By which socket.
    pub kind: IcmpKind,
    /// Bytes of the receive buffer; `None` where the kernel did not let us look.
    pub receive_buffer: Option<usize>,
}

/// What the thread needs to begin.
#[derive(Debug)]
struct Work {
    targets: Vec<Target>,
    keyring: Keyring,
    snmp_port: u16,
    pace: Pace,
    seed: u64,
    readings: mpsc::Sender<Reading>,
    asks: mpsc::Receiver<Ask>,
    edits: mpsc::Receiver<Vec<Target>>,
    cancel: CancellationToken,
}

/// The ends of the channels to the asking task; it stops when it is cancelled or nobody takes readings.
#[derive(Debug)]
pub struct Probes {
    /// What was heard. Yields `None` after the last reading when the task has stopped.
    pub readings: mpsc::Receiver<Reading>,
    /// Questions of an inquiry, asked before any round; one to a target that is not on the list is dropped.
    pub asks: mpsc::Sender<Ask>,
    /// Edited lists of targets; what stayed keeps its place in the round.
    pub targets: mpsc::Sender<Vec<Target>>,
}

/// Opens the sockets: ICMP raw or else datagram, and one UDP socket for all of SNMP, each for IPv4 and IPv6.
///
/// Raw ICMP needs the capability `CAP_NET_RAW`; nothing after it needs any privilege. The calling thread keeps
/// its own. A machine without IPv6 is no error: its IPv6 targets are `Unsent`.
pub async fn open() -> Result<Sockets, LineError> {
    open_with(Engine::default()).await
}

/// Opens the sockets for one of the two ways to ping; see `open`.
pub async fn open_with(engine: Engine) -> Result<Sockets, LineError> {
    let (tell, told) = oneshot::channel();
    let (work, wait) = oneshot::channel();
    std::thread::Builder::new()
        .name("probe".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            match runtime {
                Ok(runtime) => runtime.block_on(ask_all(engine, tell, wait)),
                Err(source) => {
                    let _ = tell.send(Err(LineError::new(Doing::Start, source)));
                }
            }
        })
        .map_err(|source| LineError::new(Doing::Start, source))?;
    let ended = |_| LineError::new(Doing::Start, io::Error::other("the thread ended at once"));
    let granted = told.await.map_err(ended)??;
    Ok(Sockets {
        granted,
        snmp_port: snmp::PORT,
        work,
    })
}

/// The thread: opens, tells, waits for the work, and does it to its end.
async fn ask_all(
    engine: Engine,
    tell: oneshot::Sender<Result<Granted, LineError>>,
    wait: oneshot::Receiver<Work>,
) {
    let lines = match lines(engine).await {
        Ok(lines) => lines,
        Err(error) => {
            let _ = tell.send(Err(error));
            return;
        }
    };
    let _ = tell.send(Ok(lines.granted));
    let Ok(work) = wait.await else {
        return;
    };
    let epoch = ping::chance() as u32;
    let start = crate::clock::now();
    let owner = Owner {
        roster: Roster::new(work.targets, start, work.seed, work.pace),
        // Nobody who waits for one verdict asks which cable is where.
        hearing: (work.pace == Pace::Watch).then(|| Hearing::new(start, work.seed)),
        asker: Arc::new(Asker {
            poller: snmp::Poller::new(lines.snmp, work.snmp_port, &work.keyring, epoch, work.pace),
            v4: lines.v4,
            v6: lines.v6,
        }),
        readings: work.readings,
        open: JoinSet::new(),
        known: BTreeMap::new(),
        number: 0,
    };
    // The engines' owners end when nobody can ask them any more, and that is when the roster's has ended.
    let engines = async {
        let mut engines = lines.engines.into_iter();
        let run = |owner: Option<precise::Owner>| async {
            if let Some(owner) = owner {
                owner.run().await;
            }
        };
        let (one, two) = (engines.next(), engines.next());
        tokio::join!(run(one), run(two));
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        () = engines => {}
        () = owner.run(work.asks, work.edits, work.cancel) => {}
    }
}

/// All sockets, open.
struct Lines {
    granted: Granted,
    v4: Pinger,
    v6: Result<Pinger, Arc<str>>,
    engines: Vec<precise::Owner>,
    snmp: snmp::Transports,
}

/// Opens all sockets, and gives up what was needed for it.
async fn lines(engine: Engine) -> Result<Lines, LineError> {
    let mut engines = Vec::new();
    let mut pinger = |family, engine| pinger(family, engine, &mut engines);
    let v4 =
        pinger(Family::V4, engine).map_err(|source| LineError::new(Doing::OpenIcmp, source))?;
    let v6 = pinger(Family::V6, engine)
        .map_err(|error| Arc::from(format!("This machine has no ICMP for IPv6: {error}.")));
    let transports = snmp::Transports {
        v4: bind(Ipv4Addr::UNSPECIFIED.into())
            .await
            .map_err(|source| LineError::new(Doing::BindSnmp, source))?,
        v6: bind(Ipv6Addr::UNSPECIFIED.into())
            .await
            .map_err(|error| Arc::from(format!("This machine has no UDP for IPv6: {error}."))),
    };
    drop_privilege()?;
    let granted = match &v4 {
        Pinger::Precise(precise) => Granted {
            engine: Engine::Precise,
            kind: IcmpKind::Raw,
            receive_buffer: precise.receive_buffer,
        },
        Pinger::Library(line) => Granted {
            engine: Engine::Library,
            kind: line.kind,
            receive_buffer: line.receive_buffer,
        },
    };
    Ok(Lines {
        granted,
        v4,
        v6,
        engines,
        snmp: transports,
    })
}

/// Opens what pings a family: our own engine where it is wanted and the kernel lets it, else the library's.
fn pinger(family: Family, engine: Engine, engines: &mut Vec<precise::Owner>) -> io::Result<Pinger> {
    let first = match engine {
        Engine::Precise => match precise::open(family, draw()?) {
            Ok((precise, owner)) => {
                engines.push(owner);
                return Ok(Pinger::Precise(precise));
            }
            Err(_) => Type::DGRAM,
        },
        Engine::Library => Type::RAW,
    };
    Line::open(family, first, &Form::default()).map(Pinger::Library)
}

/// Draws the key of a process's cookies.
fn draw() -> io::Result<Key> {
    let mut chance = [0; 32];
    let mut drawn = 0;
    while drawn < chance.len() {
        drawn +=
            rustix::rand::getrandom(&mut chance[drawn..], rustix::rand::GetRandomFlags::empty())?;
    }
    Ok(Key::new(chance))
}

/// Gives all capabilities of this thread up, and with them those of every thread that it starts.
fn drop_privilege() -> Result<(), LineError> {
    // Ambient first: a capability in it cannot be taken out of the others.
    for set in [
        CapSet::Ambient,
        CapSet::Effective,
        CapSet::Inheritable,
        CapSet::Permitted,
    ] {
        caps::clear(None, set)
            .map_err(|error| LineError::new(Doing::DropPrivilege, io::Error::other(error)))?;
    }
    Ok(())
}

async fn bind(at: IpAddr) -> io::Result<::snmp::UdpTransport> {
    ::snmp::UdpTransport::builder()
        .bind(SocketAddr::new(at, 0).to_string())
        .recv_buffer_size(SNMP_BUFFER)
        .build()
        .await
        .map_err(|error| match *error {
            ::snmp::Error::Network { source, .. } => source,
            other => io::Error::other(other),
        })
}

impl Sockets {
    /// Returns which ICMP socket the kernel granted; without a raw one no router is heard.
    #[must_use]
    pub fn icmp_kind(&self) -> IcmpKind {
        self.granted.kind
    }

    /// Returns who pings: our own engine, or the library's where the kernel refused it a raw socket.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.granted.engine
    }

    /// Returns the bytes of the ICMP receive buffer; `None` where the kernel did not let us look.
    #[must_use]
    pub fn receive_buffer(&self) -> Option<usize> {
        self.granted.receive_buffer
    }

    /// Returns the same sockets for agents that listen at another port than 161.
    #[must_use]
    pub fn with_snmp_port(mut self, port: u16) -> Self {
        self.snmp_port = port;
        self
    }
}

/// Starts asking.
///
/// The first round is spread over about two seconds (`Pace::Watch`) or goes as fast as sends are paced
/// (`Pace::Sweep`: each target once, then only asks). `seed` decides the order and the places in the round. A
/// sweep has ended when as many rounds' readings have come as there are targets.
#[must_use]
pub fn start(
    sockets: Sockets,
    targets: Vec<Target>,
    keyring: &Keyring,
    pace: Pace,
    seed: u64,
    cancel: CancellationToken,
) -> Probes {
    let (readings, readings_out) = mpsc::channel(READINGS);
    let (asks_in, asks) = mpsc::channel(ASKS);
    let (edits_in, edits) = mpsc::channel(1);
    let work = Work {
        targets,
        keyring: keyring.clone(),
        snmp_port: sockets.snmp_port,
        pace,
        seed,
        readings,
        asks,
        edits,
        cancel,
    };
    // Should the thread be gone, the ends that it does not take close the channels.
    let _ = sockets.work.send(work);
    Probes {
        readings: readings_out,
        asks: asks_in,
        targets: edits_in,
    }
}

/// Who pings a family.
enum Pinger {
    Precise(Precise),
    Library(Line),
}

impl Pinger {
    async fn ask(&self, target: &Target, number: u16) -> Answer {
        match self {
            Self::Precise(precise) => precise.ask(target).await,
            Self::Library(line) => line.ask(target, number).await,
        }
    }
}

/// All ways to ask; shared by the questions in flight.
struct Asker {
    v4: Pinger,
    v6: Result<Pinger, Arc<str>>,
    poller: snmp::Poller,
}

impl Asker {
    async fn ask(&self, target: &Target, number: u16, asks_neighbours: bool) -> Answer {
        match (target.id.method, target.address) {
            (Method::Ping, IpAddr::V4(_)) => self.v4.ask(target, number).await,
            (Method::Ping, IpAddr::V6(_)) => match &self.v6 {
                Ok(line) => line.ask(target, number).await,
                Err(why) => Answer::Unsent {
                    why: Arc::clone(why),
                },
            },
            (Method::Snmp, _) => self.poller.ask(target, asks_neighbours).await,
            (Method::Tcp(port), _) => tcp::ask(target, port).await,
        }
    }
}

/// The task that owns the roster.
struct Owner {
    roster: Roster,
    /// Which polls ask for neighbours; `None` where none does.
    hearing: Option<Hearing>,
    asker: Arc<Asker>,
    readings: mpsc::Sender<Reading>,
    /// Each yields how the ports of a device were, where it heard one.
    open: JoinSet<Option<u64>>,
    /// Whose question each open task is: a task that dies must free its place too.
    known: BTreeMap<Id, (TargetId, Purpose)>,
    number: u16,
}

impl Owner {
    async fn run(
        mut self,
        mut asks: mpsc::Receiver<Ask>,
        mut edits: mpsc::Receiver<Vec<Target>>,
        cancel: CancellationToken,
    ) {
        loop {
            for (target, purpose) in self.roster.due(crate::clock::now()) {
                self.launch(target, purpose);
            }
            let next = self.roster.next();
            let wake = async {
                match next {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            // A channel whose other end is gone is left out; the readings' end is what keeps us alive.
            tokio::select! {
                biased;
                () = cancel.cancelled() => break,
                () = self.readings.closed() => break,
                Some(ask) = asks.recv() => {
                    let _ = self.roster.ask(&ask, crate::clock::now());
                }
                Some(targets) = edits.recv() => {
                    if let Some(hearing) = &mut self.hearing {
                        let asked: BTreeSet<&TargetId> = targets.iter().map(|target| &target.id).collect();
                        hearing.retain(|target| asked.contains(target));
                    }
                    self.roster.replace(targets, crate::clock::now());
                }
                Some(ended) = self.open.join_next_with_id() => self.finish(ended),
                () = wake => {}
            }
            // Whatever else has ended by now, before the roster is asked again.
            while let Some(ended) = self.open.try_join_next_with_id() {
                self.finish(ended);
            }
        }
    }

    fn launch(&mut self, target: Target, purpose: Purpose) {
        let sockets = Arc::clone(&self.asker);
        let readings = self.readings.clone();
        let number = self.number;
        self.number = self.number.wrapping_add(1);
        let id = target.id.clone();
        // What an inquiry asks must be back soon, so only rounds ask for more.
        let asks_neighbours = id.method == Method::Snmp
            && purpose == Purpose::Round
            && self
                .hearing
                .as_mut()
                .is_some_and(|hearing| hearing.is_due(&id, crate::clock::now()));
        let task = self.open.spawn(async move {
            let asked = crate::clock::now();
            let answer = sockets.ask(&target, number, asks_neighbours).await;
            let ports = match &answer {
                Answer::Device(device) => Some(hearing::ports(device)),
                _ => None,
            };
            let reading = Reading {
                target: target.id,
                asked,
                in_round: purpose == Purpose::Round,
                at: crate::clock::now(),
                answer,
            };
            // Nobody listening is the owner's to notice.
            let _ = readings.send(reading).await;
            ports
        });
        self.known.insert(task.id(), (id, purpose));
    }

    fn finish(&mut self, ended: Result<(Id, Option<u64>), tokio::task::JoinError>) {
        let (task, ports) = match ended {
            Ok(ended) => ended,
            Err(error) => (error.id(), None),
        };
        if let Some((target, purpose)) = self.known.remove(&task) {
            if let (Some(hearing), Some(ports)) = (&mut self.hearing, ports) {
                hearing.take(&target, ports, crate::clock::now());
            }
            self.roster.done(&target, purpose);
        }
    }
}
