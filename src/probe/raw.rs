//! One raw ICMP socket of a family: echoes out, packets in, each with the moment at which the kernel had it.
//!
//! The hard thought is the moment. What a program measures around `recv` contains its own sleep and the scheduler;
//! the kernel's stamp (`SO_TIMESTAMPNS`) does not. But that stamp is of the wall clock, which may be set at any
//! time, and we count in monotonic time. So the stamp only says how long the packet lay in the buffer before we
//! looked: both clocks are read right after it was fetched, and what lies between is taken back. A clock that is
//! set can then spoil the microseconds of one packet and never a time-out.

mod sieve;

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd};
use std::time::{Duration, Instant};

use nix::cmsg_space;
use nix::sys::socket::sockopt::ReceiveTimestampns;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, SockaddrStorage, recvmmsg, setsockopt,
};
use nix::sys::time::TimeSpec;
use rustix::net::sockopt::{self, Ipv4PathMtuDiscovery, Ipv6PathMtuDiscovery};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::clock;
use crate::probe::ping::{Form, RECEIVE_BUFFER, raise};
use crate::wire::echo::{Family, HEADER};

/// So many packets are fetched at once: beyond it the call is a small part of the cost.
const BATCH: usize = 32;

/// An error quotes up to 1,280 bytes over IPv6 and 576 over IPv4; a reply is as long as its echo.
const LONGEST_ERROR: usize = 1_500;

/// Bytes of the longest IPv4 header.
const IP_HEADER: usize = 60;

/// Echoes that wait for the wire, so that a burst is not refused by our own side.
const SEND_BUFFER: usize = 1 << 20;

/// A raw ICMP socket.
#[derive(Debug)]
pub(crate) struct Raw {
    socket: Socket,
    pub(crate) family: Family,
    /// Bytes that the kernel set aside for what comes in; `None` where it did not let us look.
    pub(crate) receive_buffer: Option<usize>,
    buffer: Vec<u8>,
    width: usize,
}

impl Raw {
    /// Opens the socket for echoes of this form with this identifier; needs `CAP_NET_RAW`, and nothing later does.
    pub(crate) fn open(family: Family, form: &Form, ident: u16) -> io::Result<Self> {
        let (domain, protocol) = match family {
            Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
            Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
        };
        let socket = Socket::new(domain, Type::RAW.nonblocking().cloexec(), Some(protocol))?;
        // First of all: until it is there, everybody's packets come in.
        socket.attach_filter(&sieve::sieve(family, ident))?;
        if family == Family::V4 {
            // Thrift only: a kernel that refuses it has the other filter.
            let _ = setsockopt(&socket, sieve::IcmpFilter, &sieve::UNHEARD);
        }
        setsockopt(&socket, ReceiveTimestampns, &true)?;
        let receive_buffer = raise(&socket, RECEIVE_BUFFER).ok();
        // A smaller one only means that a burst is refused sooner, and that is told.
        let _ = sockopt::set_socket_send_buffer_size(&socket, SEND_BUFFER);
        shape(&socket, family, form)?;
        if let Some(source) = form.source.filter(|source| Family::of(*source) == family) {
            socket.bind(&SockAddr::from(SocketAddr::new(source, 0)))?;
        }
        let width = LONGEST_ERROR.max(IP_HEADER + HEADER + form.size);
        Ok(Self {
            socket,
            family,
            receive_buffer,
            buffer: vec![0; width * BATCH],
            width,
        })
    }

    /// Returns another handle to the same socket.
    pub(crate) fn copy(&self) -> io::Result<Socket> {
        self.socket.try_clone()
    }

    /// Sends one packet; over IPv4 the kernel writes the IP header.
    pub(crate) fn send(&self, packet: &[u8], to: IpAddr) -> io::Result<()> {
        let to = SockAddr::from(SocketAddr::new(to, 0));
        self.socket.send_to(packet, &to).map(|_| ())
    }

    /// Fetches what is there, at most a batch, and gives each packet with its source and moment to `each`.
    ///
    /// Returns whether more may be waiting.
    pub(crate) fn receive(
        &mut self,
        mut each: impl FnMut(IpAddr, &[u8], Instant),
    ) -> io::Result<bool> {
        let mut heard: Vec<(usize, Option<IpAddr>, Option<Duration>)> = Vec::with_capacity(BATCH);
        {
            // Made anew for each call: the kernel shortens the room for stamps in them, and nothing restores it.
            let mut headers: MultiHeaders<SockaddrStorage> =
                MultiHeaders::preallocate(BATCH, Some(cmsg_space!(TimeSpec)));
            let mut slices: Vec<[IoSliceMut; 1]> = self
                .buffer
                .chunks_exact_mut(self.width)
                .map(|chunk| [IoSliceMut::new(chunk)])
                .collect();
            let fetched = recvmmsg(
                self.socket.as_raw_fd(),
                &mut headers,
                slices.iter_mut(),
                MsgFlags::MSG_DONTWAIT,
                None,
            );
            let fetched = match fetched {
                Ok(fetched) => fetched,
                Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return Ok(false),
                Err(error) => return Err(error.into()),
            };
            for message in fetched {
                let stamp = message.cmsgs().ok().and_then(|mut all| {
                    all.find_map(|one| match one {
                        ControlMessageOwned::ScmTimestampns(stamp) => Some(Duration::from(stamp)),
                        _ => None,
                    })
                });
                let from = message.address.as_ref().and_then(source);
                heard.push((message.bytes, from, stamp));
            }
        }
        let (now, wall) = (clock::now(), clock::today().as_duration());
        let wall = Duration::try_from(wall).unwrap_or_default();
        for (chunk, (length, from, stamp)) in self.buffer.chunks_exact(self.width).zip(&heard) {
            let (Some(packet), Some(from)) = (chunk.get(..*length), from) else {
                continue;
            };
            // A stamp from the future means that the clock was set: then it lay no time at all.
            let lay = stamp.map_or(Duration::ZERO, |stamp| wall.saturating_sub(stamp));
            each(*from, packet, now.checked_sub(lay).unwrap_or(now));
        }
        Ok(heard.len() == BATCH)
    }
}

impl AsFd for Raw {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

/// Sets how far and in how many pieces an echo may go.
pub(crate) fn shape(socket: impl AsFd, family: Family, form: &Form) -> io::Result<()> {
    let socket = socket.as_fd();
    match family {
        Family::V4 => {
            if let Some(ttl) = form.ttl {
                sockopt::set_ip_ttl(socket, u32::from(ttl))?;
            }
            // The kernel's own habit would set the flag on everything that fits.
            let fragments = if form.is_whole {
                Ipv4PathMtuDiscovery::PROBE
            } else {
                Ipv4PathMtuDiscovery::DONT
            };
            sockopt::set_ip_mtu_discover(socket, fragments)?;
        }
        Family::V6 => {
            if let Some(ttl) = form.ttl {
                sockopt::set_ipv6_unicast_hops(socket, Some(ttl))?;
            }
            if form.is_whole {
                sockopt::set_ipv6_mtu_discover(socket, Ipv6PathMtuDiscovery::PROBE)?;
            }
        }
    }
    Ok(())
}

fn source(address: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = address.as_sockaddr_in().map(|address| address.ip().into());
    v4.or_else(|| address.as_sockaddr_in6().map(|address| address.ip().into()))
}
