//! The one socket of a family and a port on which every agent, or every server of names, of the far side listens.
//!
//! The kernel tells with each datagram which address it was sent to, and is told with each answer which address
//! to send it from (`IP_PKTINFO`, RFC 3542 for IPv6): one socket is a thousand agents.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::os::fd::{AsRawFd, RawFd};

use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Domain, Socket, Type};

use crate::wire::echo::Family;

/// The port of SNMP (RFC 3417).
pub(super) const PORT: u16 = 161;
/// Octets that may wait: the questions of a whole round.
const BUFFER: usize = 4 << 20;

/// A datagram as it came.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    /// Who sent it.
    pub(super) peer: SocketAddr,
    /// To which address and port.
    pub(super) asked: SocketAddr,
    /// What it says.
    pub(super) bytes: Vec<u8>,
}

/// The socket; it belongs to the namespace in which it was opened.
#[derive(Debug)]
pub(super) struct AgentSocket {
    socket: Socket,
    at: SocketAddr,
}

impl AsRawFd for AgentSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }
}

impl AgentSocket {
    /// Opens it in this thread's namespace; nothing is heard before `listen`.
    pub(super) fn open(at: SocketAddr) -> io::Result<Self> {
        let socket = Socket::new(Domain::for_address(at), Type::DGRAM, None)?;
        // The kernel grants as much of it as net.core.rmem_max allows.
        socket.set_recv_buffer_size(BUFFER)?;
        socket.set_nonblocking(true)?;
        match Family::of(at.ip()) {
            Family::V4 => setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?,
            Family::V6 => {
                socket.set_only_v6(true)?;
                setsockopt(&socket, sockopt::Ipv6RecvPacketInfo, &true)?;
                // IPv6 asks whether an interface has the address; a local route is enough for IPv4 only.
                rustix::net::sockopt::set_ipv6_freebind(&socket, true)?;
            }
        }
        Ok(Self { socket, at })
    }

    /// Lets it hear.
    pub(super) fn listen(self) -> io::Result<Self> {
        self.socket.bind(&self.at.into())?;
        Ok(self)
    }

    /// Returns where it listens: at a port of all addresses of its namespace, or of one.
    pub(super) fn at(&self) -> SocketAddr {
        self.at
    }

    /// Takes the next datagram; `WouldBlock` when there is none.
    pub(super) fn receive(&self) -> io::Result<Datagram> {
        let mut bytes = vec![0; 65_535];
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let mut control = nix::cmsg_space!(libc::in6_pktinfo);
        let message = recvmsg::<SockaddrStorage>(
            self.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let length = message.bytes;
        let peer = message.address.as_ref().and_then(place);
        let asked = message.cmsgs()?.find_map(|part| match part {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()).into())
            }
            ControlMessageOwned::Ipv6PacketInfo(info) => {
                Some(Ipv6Addr::from(info.ipi6_addr.s6_addr).into())
            }
            _ => None,
        });
        let (Some(peer), Some(asked)) = (peer, asked) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        bytes.truncate(length);
        let asked = SocketAddr::new(asked, self.at.port());
        Ok(Datagram { peer, asked, bytes })
    }

    /// Sends a datagram from one of the addresses, which must be of its family.
    pub(super) fn send(&self, from: IpAddr, to: SocketAddr, bytes: &[u8]) -> io::Result<()> {
        let (v4, v6);
        let info = match from {
            IpAddr::V4(from) => {
                v4 = libc::in_pktinfo {
                    ipi_ifindex: 0,
                    ipi_spec_dst: libc::in_addr {
                        s_addr: u32::from_ne_bytes(from.octets()),
                    },
                    ipi_addr: libc::in_addr { s_addr: 0 },
                };
                ControlMessage::Ipv4PacketInfo(&v4)
            }
            IpAddr::V6(from) => {
                v6 = libc::in6_pktinfo {
                    ipi6_addr: libc::in6_addr {
                        s6_addr: from.octets(),
                    },
                    ipi6_ifindex: 0,
                };
                ControlMessage::Ipv6PacketInfo(&v6)
            }
        };
        sendmsg(
            self.as_raw_fd(),
            &[IoSlice::new(bytes)],
            &[info],
            MsgFlags::MSG_DONTWAIT,
            Some(&SockaddrStorage::from(to)),
        )?;
        Ok(())
    }
}

fn place(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in();
    let v6 = address.as_sockaddr_in6();
    v4.map(|at| SocketAddr::new(at.ip().into(), at.port()))
        .or_else(|| v6.map(|at| SocketAddr::new(at.ip().into(), at.port())))
}
