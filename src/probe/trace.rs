//! A trace over real sockets: echoes with a short time to live, and whoever answers them.
//!
//! Raw first, as everywhere. Where it is refused, a datagram socket for each flow does the same work: the kernel puts
//! what routers say of its packets into the socket's queue of errors (`IP_RECVERR`), with the address of the router.
//!
//! Everything happens in the calling thread, one question after the other: a trace is patient, and this way a time
//! that is measured is not somebody else's turn.

pub mod log;
mod socket;

use std::io;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::time::{Duration, Instant};

use caps::CapSet;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use socket2::{SockAddr, Socket};

use crate::model::trace::Trace;
use crate::probe::ping::IcmpKind;
use crate::probe::trace::log::{Log, Plan, Step};
use crate::probe::trace::socket::{Taken, datagram, failure, raw};
use crate::wire::echo::Family;
use crate::wire::hop::{Ends, Flow};

/// The most flows of a trace: each has an identifier, and on a datagram socket a descriptor.
pub const MOST_FLOWS: u16 = 64;

/// The port of traceroute, to which nothing is sent: the kernel only says which address of ours it would be from.
const NOWHERE: u16 = 33_434;

/// Why a trace cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Neither kind of socket.
    #[error("No ICMP socket can be opened, neither raw nor datagram.")]
    Open(#[source] io::Error),
    /// The target is not on the wire.
    #[error("Nothing can be sent to {0}.")]
    Send(IpAddr, #[source] io::Error),
    /// The kernel no longer lets us listen.
    #[error("The socket cannot be listened to.")]
    Listen(#[source] io::Error),
    /// The capability could not be given up.
    #[error("The capabilities cannot be given up.")]
    Drop(#[source] io::Error),
}

/// Open sockets; what needed privilege is done when this exists.
#[derive(Debug)]
pub struct Line {
    kind: IcmpKind,
    family: Family,
    /// One for all flows where it is raw, else one a flow.
    sockets: Vec<Socket>,
    flows: Vec<Flow>,
    cookie: u64,
}

impl Line {
    /// Opens sockets of a family for so many flows, 1 to `MOST_FLOWS`, and gives all capabilities of this thread up.
    pub fn open(flows: u16, family: Family) -> Result<Self, TraceError> {
        let count = usize::from(flows.clamp(1, MOST_FLOWS));
        let (kind, sockets, flows) = if let Ok((socket, flows)) = raw(count, family) {
            (IcmpKind::Raw, vec![socket], flows)
        } else {
            let (sockets, flows) = datagram(count, family).map_err(TraceError::Open)?;
            (IcmpKind::Datagram, sockets, flows)
        };
        // Ambient first: a capability in it cannot be taken out of the others.
        for set in [
            CapSet::Ambient,
            CapSet::Effective,
            CapSet::Inheritable,
            CapSet::Permitted,
        ] {
            caps::clear(None, set).map_err(|error| TraceError::Drop(io::Error::other(error)))?;
        }
        Ok(Self {
            kind,
            family,
            sockets,
            flows,
            cookie: crate::probe::ping::chance(),
        })
    }

    /// Returns which socket the kernel granted.
    #[must_use]
    pub fn kind(&self) -> IcmpKind {
        self.kind
    }

    /// Traces an address of its family; `seen` is shown what is known whenever something was heard, and at the latest every
    /// quarter of a second.
    pub fn trace(
        &self,
        target: IpAddr,
        plan: Plan,
        mut seen: impl FnMut(&Trace),
    ) -> Result<Trace, TraceError> {
        /// How often somebody who watches is told that it goes on.
        const PULSE: Duration = Duration::from_millis(250);
        let ends = self.ends(target)?;
        let mut log = Log::new(target, &self.flows, plan, crate::clock::now());
        loop {
            let now = crate::clock::now();
            match log.step(now) {
                Step::Done => return Ok(log.trace(now)),
                Step::Send {
                    flow,
                    ttl,
                    sequence,
                } => self.send(ends, flow, ttl, sequence)?,
                Step::Wait(until) => {
                    let until = until.min(now + PULSE);
                    self.listen(ends, &mut log, until)?;
                    seen(&log.trace(crate::clock::now()));
                }
            }
        }
    }

    /// Returns between whom the echoes go; nothing is sent for it.
    fn ends(&self, target: IpAddr) -> Result<Ends, TraceError> {
        let failed = |error| TraceError::Send(target, error);
        match target {
            _ if Family::of(target) != self.family => {
                Err(failed(io::ErrorKind::AddrNotAvailable.into()))
            }
            IpAddr::V4(target) => Ok(Ends::V4 { target }),
            IpAddr::V6(target) => {
                let asked = UdpSocket::bind("[::]:0").and_then(|socket| {
                    socket.connect((target, NOWHERE))?;
                    socket.local_addr()
                });
                match asked.map_err(failed)?.ip() {
                    IpAddr::V6(source) => Ok(Ends::V6 { source, target }),
                    IpAddr::V4(_) => Err(failed(io::ErrorKind::AddrNotAvailable.into())),
                }
            }
        }
    }

    fn send(&self, ends: Ends, flow: usize, ttl: u8, sequence: u16) -> Result<(), TraceError> {
        let socket = match self.kind {
            IcmpKind::Raw => &self.sockets[0],
            IcmpKind::Datagram => &self.sockets[flow],
        };
        let (flow, cookie) = (self.flows[flow], self.cookie);
        let failed = |error| TraceError::Send(ends.target(), error);
        let packet = match ends {
            // Here the whole packet is ours, label and all.
            Ends::V6 { source, target } if self.kind == IcmpKind::Raw => {
                flow.packet(source, target, ttl, sequence, cookie)
            }
            Ends::V6 { .. } => {
                socket.set_unicast_hops_v6(u32::from(ttl)).map_err(failed)?;
                flow.echo(ends, sequence, cookie).to_vec()
            }
            Ends::V4 { .. } => {
                socket.set_ttl_v4(u32::from(ttl)).map_err(failed)?;
                flow.echo(ends, sequence, cookie).to_vec()
            }
        };
        let there = SockAddr::from(SocketAddr::new(ends.target(), 0));
        let mut sent = socket.send_to(&packet, &there);
        // An error that a router reported waits in a datagram socket for the next call, whatever that is.
        if self.kind == IcmpKind::Datagram && sent.is_err() {
            sent = socket.send_to(&packet, &there);
        }
        match sent {
            Ok(_) => Ok(()),
            // A full queue loses the packet, as a full router does.
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Listens until a moment, or until something of ours has come.
    fn listen(&self, ends: Ends, log: &mut Log, until: Instant) -> Result<(), TraceError> {
        loop {
            let left = until.saturating_duration_since(crate::clock::now());
            if left.is_zero() {
                return Ok(());
            }
            // Rounded up: the kernel counts in milliseconds, and a wait of none would spin.
            let wait = u16::try_from(left.as_millis() + 1).unwrap_or(u16::MAX);
            let mut waits: Vec<PollFd<'_>> = self
                .sockets
                .iter()
                .map(|socket| PollFd::new(socket.as_fd(), PollFlags::POLLIN))
                .collect();
            match poll(&mut waits, PollTimeout::from(wait)) {
                Ok(0) | Err(nix::errno::Errno::EINTR) => continue,
                Ok(_) => {}
                Err(errno) => return Err(TraceError::Listen(errno.into())),
            }
            let now = crate::clock::now();
            let mut is_news = false;
            for (place, socket) in self.sockets.iter().enumerate() {
                // Others' packets may come for ever; ours come one by one.
                for _ in 0..64 {
                    match self.receive(socket, place, ends) {
                        Taken::Ours(heard) => is_news |= log.hear(&heard, now),
                        Taken::Foreign => {}
                        Taken::Nothing => break,
                    }
                }
            }
            if is_news {
                return Ok(());
            }
        }
    }

    /// Takes one packet or error.
    fn receive(&self, socket: &Socket, place: usize, ends: Ends) -> Taken {
        let flow = self.flows.get(place..=place).unwrap_or_default();
        if self.kind == IcmpKind::Datagram {
            let failed = failure(socket, flow, ends);
            if failed != Taken::Nothing {
                return failed;
            }
        }
        let mut bytes = [0; socket::PACKET];
        let Some((length, from)) = socket::take(socket, &mut bytes) else {
            return Taken::Nothing;
        };
        let packet = bytes.get(..length).unwrap_or_default();
        let (flows, cookie) = (&self.flows, self.cookie);
        Taken::of(match (self.kind, ends, from) {
            (IcmpKind::Raw, Ends::V4 { target }, _) => {
                crate::wire::hop::packet(packet, flows, target, cookie)
            }
            (IcmpKind::Raw, Ends::V6 { .. }, Some(IpAddr::V6(from))) => {
                crate::wire::hop::message(packet, from, flows, ends, cookie)
            }
            (IcmpKind::Raw, Ends::V6 { .. }, _) => None,
            (IcmpKind::Datagram, ..) => crate::wire::hop::reply(packet, flow, ends, cookie),
        })
    }
}
