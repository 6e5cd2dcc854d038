//! The wire itself: takes frames from one side, asks the fabric, and gives them to the other side when it is time.
//!
//! One thread owns everything that changes: fabric, scenario, record. Whoever wants a change sends a line.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsFd as _, AsRawFd, RawFd};
use std::task::Poll;
use std::time::{Duration, Instant};

use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};
use socket2::Socket;
use tokio::io::Interest;
use tokio::io::unix::{AsyncFd, AsyncFdReadyGuard};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::lab::action::{Action, Request};
use crate::lab::addressing::Addressing;
use crate::lab::agent_socket::{AgentSocket, PORT};
use crate::lab::control::Call;
use crate::lab::fabric::traps::Trap;
use crate::lab::fabric::{Fabric, Fate};
use crate::lab::ledger::Ledger;
use crate::lab::namespace::Cables;
use crate::lab::responder::Responder;
use crate::lab::scenario::Event;
use crate::lab::zone::Zone;

/// Frames that are taken from one side before the others have their turn.
const TURN: usize = 64;
/// The longest frame: an Ethernet header and a packet of 1,500 octets, and room for what should not come.
const FRAME: usize = 65_536;

/// The port of traps (RFC 3417).
const TRAPS: u16 = 162;

/// Everything that changes while the lab runs.
pub(super) struct Bridge {
    fabric: Fabric,
    responder: Responder,
    zone: Zone,
    /// Where COMMAND hears traps, by family, if it listens.
    ears: Vec<SocketAddr>,
    record: Option<Ledger>,
    due: BinaryHeap<Reverse<Due>>,
    /// How many were ever put into `due`: those of the same moment leave in the order they came.
    put: u64,
    /// When the last packet of each node leaves, each way: queues do not let packets overtake,
    /// unless the fabric holds one back.
    last: HashMap<(IpAddr, bool), Duration>,
    began: Instant,
}

/// The side of the wire on which a frame leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Side {
    Near,
    Far,
}

/// Something that happens at a moment.
struct Due {
    at: Duration,
    number: u64,
    what: Parcel,
}

enum Parcel {
    Frame(Side, Vec<u8>),
    Reply {
        from: SocketAddr,
        to: SocketAddr,
        bytes: Vec<u8>,
    },
    Act(Action),
    Say(Trap),
}

impl PartialEq for Due {
    fn eq(&self, other: &Self) -> bool {
        (self.at, self.number) == (other.at, other.number)
    }
}

impl Eq for Due {}

impl PartialOrd for Due {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Due {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        (self.at, self.number).cmp(&(other.at, other.number))
    }
}

/// A timer of the kernel's: tokio's own counts in milliseconds, and a wire in microseconds.
struct Timer(TimerFd);

impl AsRawFd for Timer {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_fd().as_raw_fd()
    }
}

/// The sockets, ready to be waited for.
struct Ports {
    near: AsyncFd<Socket>,
    far: AsyncFd<Socket>,
    agents: Vec<AsyncFd<AgentSocket>>,
}

impl Ports {
    /// Waits until something was asked of the agents or of the servers of names.
    async fn asked(&self) -> io::Result<AsyncFdReadyGuard<'_, AgentSocket>> {
        std::future::poll_fn(|context| {
            let mut sockets = self.agents.iter();
            let ready = sockets.find_map(|socket| match socket.poll_read_ready(context) {
                Poll::Ready(ready) => Some(ready),
                Poll::Pending => None,
            });
            ready.map_or(Poll::Pending, Poll::Ready)
        })
        .await
    }

    /// Sends what one of them says; a full queue of the kernel's loses it, as a full router does.
    fn send(&self, from: SocketAddr, to: SocketAddr, bytes: &[u8]) {
        let of = |at: SocketAddr| {
            let mut sockets = self.agents.iter().map(AsyncFd::get_ref);
            sockets.find(|socket| socket.at() == at)
        };
        let any: IpAddr = match from {
            SocketAddr::V4(_) => Ipv4Addr::UNSPECIFIED.into(),
            SocketAddr::V6(_) => Ipv6Addr::UNSPECIFIED.into(),
        };
        // One that stands at this very address is on the near side, where all others cannot speak.
        if let Some(socket) = of(from).or_else(|| of(SocketAddr::new(any, from.port()))) {
            let _ = socket.send(from.ip(), to, bytes);
        }
    }
}

impl Bridge {
    /// Makes a bridge over which nothing has gone yet; moments count from `began`.
    pub(super) fn new(
        fabric: Fabric,
        responder: Responder,
        zone: Zone,
        plan: &Addressing,
        record: Option<Ledger>,
        events: Vec<Event>,
        began: Instant,
    ) -> Self {
        let mut bridge = Self {
            fabric,
            responder,
            zone,
            ears: [
                Some(plan.v4.near.into()),
                plan.v6.map(|ends| ends.near.into()),
            ]
            .into_iter()
            .flatten()
            .map(|near| SocketAddr::new(near, TRAPS))
            .collect(),
            record,
            due: BinaryHeap::new(),
            put: 0,
            last: HashMap::new(),
            began,
        };
        for event in events {
            bridge.put(event.at, Parcel::Act(event.action));
        }
        bridge
    }

    /// Carries frames, answers questions and obeys calls until it is told to stop.
    pub(super) async fn carry(
        mut self,
        cables: Cables,
        acceptor: Option<tokio_rustls::TlsAcceptor>,
        mut calls: mpsc::Receiver<Call>,
        stop: CancellationToken,
    ) -> io::Result<()> {
        let ports = Ports {
            near: watched(cables.near)?,
            far: watched(cables.far)?,
            agents: (cables.agents.into_iter().map(watched)).collect::<io::Result<_>>()?,
        };
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = Timer(TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?);
        let timer = watched(timer)?;
        for (listener, door) in cables.services {
            let listener = tokio::net::TcpListener::from_std(listener)?;
            tokio::spawn(crate::lab::doors::serve(listener, door, acceptor.clone()));
        }
        let mut buffer = vec![0; FRAME];
        let mut armed = None;
        loop {
            self.deliver(&ports);
            self.arm(timer.get_ref(), &mut armed)?;
            tokio::select! {
                () = stop.cancelled() => break,
                ready = ports.near.readable() => self.take(ready?, Side::Near, &mut buffer),
                ready = ports.far.readable() => self.take(ready?, Side::Far, &mut buffer),
                ready = ports.asked() => self.hear(ready?),
                ready = timer.readable() => {
                    ready?.clear_ready();
                    // Only says how often it went off.
                    let _ = timer.get_ref().0.wait();
                    armed = None;
                }
                Some((line, answer)) = calls.recv() => {
                    // Whoever asked may have gone.
                    let _ = answer.send(self.obey(&line));
                }
            }
        }
        Ok(())
    }

    fn now(&self) -> Duration {
        crate::clock::now().saturating_duration_since(self.began)
    }

    fn put(&mut self, at: Duration, what: Parcel) {
        self.put += 1;
        let number = self.put;
        self.due.push(Reverse(Due { at, number, what }));
    }

    /// Takes frames from one side.
    fn take(&mut self, mut ready: AsyncFdReadyGuard<'_, Socket>, side: Side, buffer: &mut [u8]) {
        for _ in 0..TURN {
            match ready.get_inner().read(buffer) {
                Ok(octets) => {
                    let at = self.now();
                    self.pass(side, &buffer[..octets], at);
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    break;
                }
                // A frame that cannot be taken is lost, as on any wire.
                Err(_) => break,
            }
        }
    }

    /// Asks the fabric what becomes of a frame.
    fn pass(&mut self, side: Side, frame: &[u8], at: Duration) {
        let is_near = side == Side::Near;
        let Some(packet) = crate::lab::frame::read(frame, is_near) else {
            return;
        };
        let node = if is_near {
            packet.destination
        } else {
            packet.source
        };
        match self.fabric.packet(&packet, at) {
            Fate::Drop => {}
            Fate::Deliver {
                after,
                ttl,
                copies,
                is_held,
            } => {
                if is_near
                    && crate::lab::frame::asks_echo(frame)
                    && !self.fabric.answers_echo(node, at + after)
                {
                    return;
                }
                let mut frame = frame.to_vec();
                crate::lab::frame::finish(&mut frame, ttl);
                let when = if is_held {
                    at + after
                } else {
                    let last = self.last.entry((node, is_near)).or_default();
                    *last = (*last).max(at + after);
                    *last
                };
                let other = if is_near { Side::Far } else { Side::Near };
                for _ in 1..copies {
                    self.put(when, Parcel::Frame(other, frame.clone()));
                }
                self.put(when, Parcel::Frame(other, frame));
            }
            Fate::Answer {
                router,
                why,
                after,
                mtu,
            } => {
                if let Some(answer) = crate::lab::frame::answer(frame, router, why, mtu) {
                    self.put(at + after, Parcel::Frame(side, answer));
                }
            }
        }
    }

    /// Lets agents and servers of names answer what was asked of them.
    fn hear(&mut self, mut ready: AsyncFdReadyGuard<'_, AgentSocket>) {
        for _ in 0..TURN {
            match ready.get_inner().receive() {
                Ok(question) => {
                    let at = self.now();
                    let (asked, bytes) = (question.asked, &question.bytes);
                    let reply = if asked.port() == PORT {
                        (self.responder).answer(&self.fabric, asked.ip(), bytes, at)
                    } else {
                        self.zone.answer(&self.fabric, asked, bytes)
                    };
                    if let Some(reply) = reply {
                        let parcel = Parcel::Reply {
                            from: SocketAddr::new(reply.from, asked.port()),
                            to: question.peer,
                            bytes: reply.bytes,
                        };
                        self.put(at + reply.after, parcel);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    ready.clear_ready();
                    break;
                }
                Err(_) => break,
            }
        }
    }

    /// Does everything whose moment has come.
    fn deliver(&mut self, ports: &Ports) {
        loop {
            let now = self.now();
            let is_due = self.due.peek().is_some_and(|Reverse(due)| due.at <= now);
            let Some(Reverse(due)) = is_due.then(|| self.due.pop()).flatten() else {
                return;
            };
            // A full queue of the kernel's loses the packet, as a full router does.
            match due.what {
                Parcel::Frame(Side::Near, frame) => {
                    let _ = ports.near.get_ref().send(&frame);
                }
                Parcel::Frame(Side::Far, frame) => {
                    let _ = ports.far.get_ref().send(&frame);
                }
                Parcel::Reply { from, to, bytes } => {
                    ports.send(from, to, &bytes);
                }
                Parcel::Act(action) => self.act(&action, due.at),
                Parcel::Say(trap) => {
                    if let Some((from, bytes)) = self.responder.trap(&self.fabric, &trap) {
                        let ear = (self.ears.iter()).find(|ear| ear.is_ipv4() == from.is_ipv4());
                        if let Some(ear) = ear {
                            ports.send(SocketAddr::new(from, PORT), *ear, &bytes);
                        }
                    }
                }
            }
        }
    }

    /// Sets the timer to the next moment, if that is not what it is set to.
    fn arm(&self, timer: &Timer, armed: &mut Option<Duration>) -> io::Result<()> {
        let next = self.due.peek().map(|Reverse(due)| due.at);
        if next.is_some() && next != *armed {
            let wait = next.unwrap_or_default().saturating_sub(self.now());
            // Zero would switch it off.
            let wait = wait.max(Duration::from_nanos(1));
            let expiration = Expiration::OneShot(TimeSpec::from_duration(wait));
            timer.0.set(expiration, TimerSetTimeFlags::empty())?;
            *armed = next;
        }
        Ok(())
    }

    fn act(&mut self, action: &Action, at: Duration) {
        let before = self.fabric.ports();
        self.fabric.act(action, at);
        for trap in self.fabric.traps(&before, action, at) {
            self.put(trap.at, Parcel::Say(trap));
        }
        if let Some(record) = &mut self.record {
            record.update(action, &self.fabric.faults(), at);
        }
    }

    /// Does what a line asks, and says how it went, in one line.
    fn obey(&mut self, line: &str) -> String {
        match Request::parse(line, self.fabric.network()) {
            Ok(Request::Act(action)) => {
                let at = self.now();
                self.act(&action, at);
                format!("ok {action}")
            }
            Ok(Request::List) => {
                let faults = self.fabric.faults();
                let faults: Vec<String> = faults.iter().map(ToString::to_string).collect();
                format!("ok {}", faults.join(", ")).trim_end().to_owned()
            }
            Err(error) => format!("error {error}"),
        }
    }
}

/// Lets the runtime tell when something may be read.
#[expect(
    deprecated,
    reason = "its successor is unsafe; what is given here owns its descriptor and never changes it"
)]
fn watched<T: AsRawFd>(inner: T) -> io::Result<AsyncFd<T>> {
    AsyncFd::with_interest(inner, Interest::READABLE)
}
