//! A trace over real sockets: echoes with a short time to live, and whoever answers them.
//!
//! Raw first, as everywhere. Where it is refused, a datagram socket for each flow does the same work: the kernel puts
//! what routers say of its packets into the socket's queue of errors (`IP_RECVERR`), with the address of the router.
//! IPv4 only.
//!
//! Everything happens in the calling thread, one question after the other: a trace is patient, and this way a time
//! that is measured is not somebody else's turn.

pub mod log;

use std::io::{self, Read as _};
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsFd as _, AsRawFd as _};
use std::time::{Duration, Instant};

use caps::CapSet;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::sockopt::Ipv4RecvErr;
use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::model::reading::Refusal;
use crate::model::trace::Trace;
use crate::probe::ping::IcmpKind;
use crate::probe::trace::log::{Log, Plan, Step};
use crate::wire::hop::{Flow, Heard};

/// The most flows of a trace: each has an identifier, and on a datagram socket a descriptor.
pub const MOST_FLOWS: u16 = 64;

/// A packet of ICMP that quotes no more than a router may (RFC 1812), and room for one that does.
const PACKET: usize = 2_048;

/// What a router said, in a queue of errors (`SO_EE_ORIGIN_ICMP` of `linux/errqueue.h`).
const FROM_ICMP: u8 = 2;

/// Tries to find identifiers that nobody else uses.
const TRIES: usize = 32;

/// Why a trace cannot begin or go on.
#[derive(Debug, thiserror::Error)]
pub enum TraceError {
    /// Neither kind of socket.
    #[error("No ICMP socket can be opened, neither raw nor datagram.")]
    Open(#[source] io::Error),
    /// The target is not on the wire.
    #[error("Nothing can be sent to {0}.")]
    Send(Ipv4Addr, #[source] io::Error),
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
    /// One for all flows where it is raw, else one a flow.
    sockets: Vec<Socket>,
    flows: Vec<Flow>,
    cookie: u64,
}

impl Line {
    /// Opens sockets for so many flows, 1 to `MOST_FLOWS`, and gives all capabilities of this thread up.
    pub fn open(flows: u16) -> Result<Self, TraceError> {
        let count = usize::from(flows.clamp(1, MOST_FLOWS));
        let (kind, sockets, flows) = if let Ok((socket, flows)) = raw(count) {
            (IcmpKind::Raw, vec![socket], flows)
        } else {
            let (sockets, flows) = datagram(count).map_err(TraceError::Open)?;
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

    /// Traces an address; `seen` is shown what is known whenever something was heard, and at the latest every
    /// quarter of a second.
    pub fn trace(
        &self,
        target: Ipv4Addr,
        plan: Plan,
        mut seen: impl FnMut(&Trace),
    ) -> Result<Trace, TraceError> {
        /// How often somebody who watches is told that it goes on.
        const PULSE: Duration = Duration::from_millis(250);
        let mut log = Log::new(target, &self.flows, plan, crate::clock::now());
        loop {
            let now = crate::clock::now();
            match log.step(now) {
                Step::Done => return Ok(log.trace(now)),
                Step::Send {
                    flow,
                    ttl,
                    sequence,
                } => self.send(target, flow, ttl, sequence)?,
                Step::Wait(until) => {
                    let until = until.min(now + PULSE);
                    self.listen(target, &mut log, until)?;
                    seen(&log.trace(crate::clock::now()));
                }
            }
        }
    }

    fn send(
        &self,
        target: Ipv4Addr,
        flow: usize,
        ttl: u8,
        sequence: u16,
    ) -> Result<(), TraceError> {
        let socket = match self.kind {
            IcmpKind::Raw => &self.sockets[0],
            IcmpKind::Datagram => &self.sockets[flow],
        };
        let echo = self.flows[flow].echo(sequence, self.cookie);
        let there = SockAddr::from(SocketAddrV4::new(target, 0));
        let failed = |error| TraceError::Send(target, error);
        socket.set_ttl_v4(u32::from(ttl)).map_err(failed)?;
        let mut sent = socket.send_to(&echo, &there);
        // An error that a router reported waits in a datagram socket for the next call, whatever that is.
        if self.kind == IcmpKind::Datagram && sent.is_err() {
            sent = socket.send_to(&echo, &there);
        }
        match sent {
            Ok(_) => Ok(()),
            // A full queue loses the packet, as a full router does.
            Err(error) if error.raw_os_error() == Some(nix::libc::ENOBUFS) => Ok(()),
            Err(error) => Err(failed(error)),
        }
    }

    /// Listens until a moment, or until something of ours has come.
    fn listen(&self, target: Ipv4Addr, log: &mut Log, until: Instant) -> Result<(), TraceError> {
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
                    match self.receive(socket, place, target) {
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
    fn receive(&self, mut socket: &Socket, place: usize, target: Ipv4Addr) -> Taken {
        let mut bytes = [0; PACKET];
        let flow = self.flows.get(place..=place).unwrap_or_default();
        if self.kind == IcmpKind::Datagram {
            let failed = failure(socket, flow, target);
            if failed != Taken::Nothing {
                return failed;
            }
        }
        let Ok(length) = socket.read(&mut bytes) else {
            return Taken::Nothing;
        };
        let packet = bytes.get(..length).unwrap_or_default();
        Taken::of(match self.kind {
            IcmpKind::Raw => crate::wire::hop::packet(packet, &self.flows, target, self.cookie),
            IcmpKind::Datagram => crate::wire::hop::reply(packet, flow, target, self.cookie),
        })
    }
}

/// What was taken out of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Taken {
    /// There was nothing.
    Nothing,
    /// It is not about an echo of ours.
    Foreign,
    /// It is.
    Ours(Heard),
}

impl Taken {
    fn of(heard: Option<Heard>) -> Self {
        heard.map_or(Self::Foreign, Self::Ours)
    }
}

/// Takes one error of a datagram socket's queue.
fn failure(socket: &Socket, flow: &[Flow], target: Ipv4Addr) -> Taken {
    let mut quoted = [0; PACKET];
    let mut iov = [io::IoSliceMut::new(&mut quoted)];
    let mut space = nix::cmsg_space!([u8; 64]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut iov, Some(&mut space), flags);
    let Ok(message) = message else {
        return Taken::Nothing;
    };
    let length = message.bytes;
    let asked = message.address.map(|address| address.ip());
    let said = message.cmsgs().ok().and_then(|mut messages| {
        messages.find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, Some(from)) => Some((error, from)),
            _ => None,
        })
    });
    let Some((error, from)) = said else {
        return Taken::Foreign;
    };
    let from = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
    let why = match (error.ee_origin, error.ee_type, error.ee_code) {
        (FROM_ICMP, 11, 0) => Refusal::TimeExceeded,
        (FROM_ICMP, 3, code) => Refusal::Unreachable(code),
        _ => return Taken::Foreign,
    };
    if asked != Some(target) {
        return Taken::Foreign;
    }
    let quoted = quoted.get(..length).unwrap_or_default();
    Taken::of(crate::wire::hop::error(quoted, flow, from, why))
}

/// Opens one raw socket, and draws flows.
fn raw(count: usize) -> io::Result<(Socket, Vec<Flow>)> {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))?;
    socket.set_nonblocking(true)?;
    let drawn = crate::probe::ping::chance();
    let flows = (0..count)
        .map(|number| Flow {
            ident: ident(drawn, number),
            checksum: crate::probe::ping::chance() as u16 | 1,
        })
        .collect();
    Ok((socket, flows))
}

/// Opens a datagram socket for each flow: the identifier is its port.
fn datagram(count: usize) -> io::Result<(Vec<Socket>, Vec<Flow>)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let drawn = crate::probe::ping::chance();
        let opened: io::Result<Vec<(Socket, Flow)>> = (0..count)
            .map(|number| {
                let socket = Socket::new(Domain::IPV4, Type::DGRAM, Some(Protocol::ICMPV4))?;
                socket.set_nonblocking(true)?;
                setsockopt(&socket, Ipv4RecvErr, &true)?;
                let ident = ident(drawn, number);
                let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, ident);
                socket.bind(&SockAddr::from(any))?;
                let checksum = crate::probe::ping::chance() as u16 | 1;
                Ok((socket, Flow { ident, checksum }))
            })
            .collect();
        match opened {
            Ok(opened) => return Ok(opened.into_iter().unzip()),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse => last = error,
            Err(error) => return Err(error),
        }
    }
    Err(last)
}

/// Returns the identifier of a flow: they follow each other, in the upper half as all of ours.
fn ident(drawn: u64, number: usize) -> u16 {
    0x8000 | ((drawn as u16).wrapping_add(number as u16) & 0x7FFF)
}

/// Returns the address that can be traced.
#[must_use]
pub fn traceable(address: IpAddr) -> Option<Ipv4Addr> {
    match address {
        IpAddr::V4(address) => Some(address),
        IpAddr::V6(_) => None,
    }
}
