//! The ICMP sockets of a trace: opened, and emptied of packets and of errors.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::AsRawFd as _;

use nix::sys::socket::sockopt::{Ipv4RecvErr, Ipv6RecvErr};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrStorage, recvfrom, recvmsg, setsockopt,
};
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::model::reading::Refusal;
use crate::wire::echo::{Family, code_of_v4};
use crate::wire::hop::{Ends, Flow, Heard};

/// A packet of ICMP that quotes no more than a router may (RFC 1812, RFC 4443), and room for one that does.
pub(super) const PACKET: usize = 2_048;

/// What a router said, in a queue of errors (`SO_EE_ORIGIN_ICMP` and `SO_EE_ORIGIN_ICMP6` of `linux/errqueue.h`).
const FROM_ICMP: u8 = 2;
const FROM_ICMP_V6: u8 = 3;

/// Tries to find identifiers that nobody else uses.
const TRIES: usize = 32;

/// What was taken out of a socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    /// There was nothing.
    Nothing,
    /// It is not about an echo of ours.
    Foreign,
    /// It is.
    Ours(Heard),
}

impl Taken {
    pub(super) fn of(heard: Option<Heard>) -> Self {
        heard.map_or(Self::Foreign, Self::Ours)
    }
}

/// Takes one packet: its length, and whose it is where the socket says it.
pub(super) fn take(socket: &Socket, bytes: &mut [u8]) -> Option<(usize, Option<IpAddr>)> {
    let (length, from) = recvfrom::<SockaddrStorage>(socket.as_raw_fd(), bytes).ok()?;
    Some((length, from.as_ref().and_then(address)))
}

/// Takes one error of a datagram socket's queue.
pub(super) fn failure(socket: &Socket, flow: &[Flow], ends: Ends) -> Taken {
    let mut quoted = [0; PACKET];
    let mut iov = [io::IoSliceMut::new(&mut quoted)];
    let mut space = nix::cmsg_space!([u8; 64]);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let message = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut iov, Some(&mut space), flags);
    let Ok(message) = message else {
        return Taken::Nothing;
    };
    let length = message.bytes;
    let asked = message.address.as_ref().and_then(address);
    let said = message.cmsgs().ok().and_then(|mut messages| {
        messages.find_map(|message| match message {
            ControlMessageOwned::Ipv4RecvErr(error, Some(from)) => {
                let from = Ipv4Addr::from(u32::from_be(from.sin_addr.s_addr));
                Some((error, IpAddr::V4(from)))
            }
            ControlMessageOwned::Ipv6RecvErr(error, Some(from)) => {
                let from = Ipv6Addr::from(from.sin6_addr.s6_addr);
                Some((error, IpAddr::V6(from)))
            }
            _ => None,
        })
    });
    let Some((error, from)) = said else {
        return Taken::Foreign;
    };
    let why = match (error.ee_origin, error.ee_type, error.ee_code) {
        (FROM_ICMP, 11, 0) | (FROM_ICMP_V6, 3, 0) => Refusal::TimeExceeded,
        (FROM_ICMP, 3, code) => Refusal::Unreachable(code),
        (FROM_ICMP_V6, 1, code) => Refusal::Unreachable(code_of_v4(code)),
        _ => return Taken::Foreign,
    };
    if asked != Some(ends.target()) {
        return Taken::Foreign;
    }
    let quoted = quoted.get(..length).unwrap_or_default();
    Taken::of(crate::wire::hop::error(quoted, flow, ends, from, why))
}

/// Opens one raw socket, and draws flows.
pub(super) fn raw(count: usize, family: Family) -> io::Result<(Socket, Vec<Flow>)> {
    let socket = open(family, Type::RAW)?;
    if family == Family::V6 {
        // Only whole packets have a flow label of our own: the kernel draws one from what all flows share.
        socket.set_header_included_v6(true)?;
    }
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
pub(super) fn datagram(count: usize, family: Family) -> io::Result<(Vec<Socket>, Vec<Flow>)> {
    let mut last = io::Error::from(io::ErrorKind::AddrInUse);
    for _ in 0..TRIES {
        let drawn = crate::probe::ping::chance();
        let opened: io::Result<Vec<(Socket, Flow)>> = (0..count)
            .map(|number| {
                let socket = open(family, Type::DGRAM)?;
                let any = match family {
                    Family::V4 => {
                        setsockopt(&socket, Ipv4RecvErr, &true)?;
                        Ipv4Addr::UNSPECIFIED.into()
                    }
                    Family::V6 => {
                        setsockopt(&socket, Ipv6RecvErr, &true)?;
                        Ipv6Addr::UNSPECIFIED.into()
                    }
                };
                let ident = ident(drawn, number);
                socket.bind(&SockAddr::from(SocketAddr::new(any, ident)))?;
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

fn open(family: Family, kind: Type) -> io::Result<Socket> {
    let (domain, protocol) = match family {
        Family::V4 => (Domain::IPV4, Protocol::ICMPV4),
        Family::V6 => (Domain::IPV6, Protocol::ICMPV6),
    };
    let socket = Socket::new(domain, kind, Some(protocol))?;
    socket.set_nonblocking(true)?;
    Ok(socket)
}

/// Returns the identifier of a flow: they follow each other, in the upper half as all of ours.
fn ident(drawn: u64, number: usize) -> u16 {
    0x8000 | ((drawn as u16).wrapping_add(number as u16) & 0x7FFF)
}

fn address(from: &SockaddrStorage) -> Option<IpAddr> {
    let v4 = from.as_sockaddr_in().map(|from| from.ip().into());
    v4.or_else(|| from.as_sockaddr_in6().map(|from| from.ip().into()))
}
