//! One echo, one answer, over a socket that all targets share: the engine of the ping library.
//!
//! The precise engine (`probe/precise`) stands beside it and goes first. This one takes over where raw sockets are
//! refused: a datagram socket still hears echo replies, and everything else is silence there. Asked for by name it
//! opens a raw socket too, for which only what routers say ("unreachable", "time exceeded") is evidence.
//!
//! The receive buffer is raised, because 483 replies to a burst overflow the kernel's default; the roster's
//! pace keeps them from coming in a burst at all, so a small buffer is not fatal.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, OwnedFd};

use rustix::net::sockopt;
use rustix::process::{PidfdFlags, PidfdGetfdFlags, getpid, pidfd_getfd, pidfd_open};
use socket2::Type;
use surge_ping::{Client, Config, ICMP, PingIdentifier, PingSequence, SurgeError};

use crate::model::reading::Answer;
use crate::model::target::Target;
use crate::probe::raw::shape;
use crate::wire::echo::Family;
use crate::wire::icmp::{Reply, classify};

/// 32 MB held 60,000 replies at once; beyond that the kernel's own limits come first.
pub(crate) const RECEIVE_BUFFER: usize = 32 << 20;

/// 56 bytes, as everybody's ping sends, which tell whoever looks at the wire who asks.
const PAYLOAD: &[u8; USUAL_SIZE] = b"spanwatch asks whether this place can be reached.       ";

/// Bytes of data in everybody's echo.
const USUAL_SIZE: usize = 56;

/// An echo that only got advice is sent again, so often in all.
const TRIES: u16 = 4;

/// Sequence numbers below this are first tries; a later try adds a multiple of it.
const FIRST_TRIES: u16 = u16::MAX / TRIES;

/// Which ICMP socket the kernel granted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IcmpKind {
    /// Hears echo replies and what routers say.
    Raw,
    /// Hears echo replies only (`net.ipv4.ping_group_range`).
    Datagram,
}

/// Which program of ours sends the echoes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Engine {
    /// Our own: raw sockets, cookies, the kernel's stamps; the library's where raw sockets are refused.
    #[default]
    Precise,
    /// The ping library's: a raw socket, else a datagram one.
    Library,
}

/// How an echo looks and how far it may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Form {
    /// Bytes of data, from 8 (the cookie) to `wire::echo::MOST`.
    pub size: usize,
    /// Time to live; `None` is the kernel's habit.
    pub ttl: Option<u8>,
    /// Whether nobody on the way may cut it into pieces (DF).
    pub is_whole: bool,
    /// The address of ours that it comes from; `None` leaves it to the routes.
    pub source: Option<IpAddr>,
}

impl Default for Form {
    fn default() -> Self {
        Self {
            size: USUAL_SIZE,
            ttl: None,
            is_whole: false,
            source: None,
        }
    }
}

/// The ICMP socket of one address family.
pub(crate) struct Line {
    payload: Vec<u8>,
    client: Client,
    ident: PingIdentifier,
    pub(crate) kind: IcmpKind,
    /// Bytes that the kernel set aside; `None` where it did not let us look.
    pub(crate) receive_buffer: Option<usize>,
}

impl Line {
    /// Opens the socket; needs a running tokio runtime.
    pub(crate) fn open(family: Family, first: Type, form: &Form) -> io::Result<Self> {
        let kind = match family {
            Family::V4 => ICMP::V4,
            Family::V6 => ICMP::V6,
        };
        let mut config = Config::builder().kind(kind).sock_type_hint(first);
        if let Some(source) = form.source.filter(|source| Family::of(*source) == family) {
            config = config.bind(SocketAddr::new(source, 0));
        }
        let client = Client::new(&config.build())?;
        let socket = client.get_socket();
        let kind = if socket.get_type() == Type::RAW {
            IcmpKind::Raw
        } else {
            IcmpKind::Datagram
        };
        let copy = copy_of(socket.get_native_sock());
        if let Ok(copy) = &copy {
            shape(copy, family, form)?;
        }
        let receive_buffer = copy.and_then(|copy| raise(&copy, RECEIVE_BUFFER)).ok();
        let payload = PAYLOAD.iter().copied().cycle().take(form.size).collect();
        Ok(Self {
            client,
            ident: PingIdentifier(ident()),
            payload,
            kind,
            receive_buffer,
        })
    }

    /// Asks one target once. `number` must differ from that of every other question still open.
    pub(crate) async fn ask(&self, target: &Target, number: u16) -> Answer {
        let mut pinger = self.client.pinger(target.address, self.ident).await;
        pinger.timeout(target.timeout);
        for again in 0..TRIES {
            let sequence = PingSequence(number % FIRST_TRIES + again * FIRST_TRIES);
            match pinger.ping(sequence, &self.payload).await {
                Ok((packet, rtt)) => match classify(&packet) {
                    Reply::Echo { ttl } => return Answer::Echo { rtt, ttl },
                    Reply::Refused { by, why } => return Answer::Refused { by, why },
                    // The library forgets an echo at the first packet about it, so its reply is lost to us.
                    Reply::Aside => {}
                },
                // The number came round while its first owner still waits.
                Err(SurgeError::IdenticalRequests { .. }) => {}
                Err(SurgeError::Timeout { .. }) => return Answer::Silent,
                Err(SurgeError::IOError(error)) => return cannot_send(target.address, &error),
                Err(error) => {
                    let why = format!("The echo to {} failed: {error}.", target.address);
                    return Answer::Unsent { why: why.into() };
                }
            }
        }
        let why = format!(
            "Only redirects came back for {}, and they hide its replies.",
            target.address
        );
        Answer::Unsent { why: why.into() }
    }
}

/// Returns a number that nobody can foretell: the keys of the standard hasher come from the operating system.
///
/// It only tells apart what must not be taken for each other; nothing that is judged depends on it.
#[must_use]
pub fn chance() -> u64 {
    RandomState::new().build_hasher().finish()
}

/// Returns the answer for a question that did not leave this machine.
pub(crate) fn cannot_send(address: IpAddr, error: &io::Error) -> Answer {
    let why = format!("Nothing can be sent to {address}: {error}.");
    Answer::Unsent { why: why.into() }
}

/// Returns the identifier for the echoes of a new socket.
///
/// Two monitors on one machine hear each other's replies, so the number must differ from process to process. The top
/// bit is set because a router that quotes one of our UDP datagrams has its length in this place, which is below
/// 32,768.
pub(crate) fn ident() -> u16 {
    0x8000 | chance() as u16
}

/// Raises a socket's receive buffer as far as the kernel lets us, and returns how far that was.
pub(crate) fn raise(socket: impl AsFd, bytes: usize) -> io::Result<usize> {
    let socket = socket.as_fd();
    // Past rmem_max only CAP_NET_ADMIN may go.
    sockopt::set_socket_recv_buffer_size_force(socket, bytes)
        .or_else(|_| sockopt::set_socket_recv_buffer_size(socket, bytes))?;
    Ok(sockopt::socket_recv_buffer_size(socket)?)
}

/// Returns a handle that the type system knows to a socket of which only the number is known.
///
/// The library gives the number of its descriptor only; our own pidfd gives a copy of it, to the same socket.
fn copy_of(number: i32) -> io::Result<OwnedFd> {
    let process = pidfd_open(getpid(), PidfdFlags::empty())?;
    Ok(pidfd_getfd(&process, number, PidfdGetfdFlags::empty())?)
}
