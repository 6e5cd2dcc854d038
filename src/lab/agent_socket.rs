//! The one socket on which every agent of the far side listens.
//!
//! The kernel tells with each datagram which address it was sent to, and is told with each answer which address
//! to send it from (`IP_PKTINFO`): one socket is a thousand agents.

use std::io::{self, IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddrV4};
use std::os::fd::{AsRawFd, RawFd};

use nix::libc;
use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt,
    sockopt,
};
use socket2::{Domain, Socket, Type};

/// The port of SNMP (RFC 3417).
const PORT: u16 = 161;
/// Octets that may wait: the questions of a whole round.
const BUFFER: usize = 4 << 20;

/// A datagram as it came.
#[derive(Clone, Debug)]
pub(super) struct Datagram {
    /// Who sent it.
    pub(super) peer: SocketAddrV4,
    /// To which address.
    pub(super) asked: Ipv4Addr,
    /// What it says.
    pub(super) bytes: Vec<u8>,
}

/// The socket; it belongs to the namespace in which it was opened.
#[derive(Debug)]
pub(super) struct AgentSocket(Socket);

impl AsRawFd for AgentSocket {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

impl AgentSocket {
    /// Opens it on all addresses of this thread's namespace.
    pub(super) fn open() -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::DGRAM, None)?;
        // The kernel grants as much of it as net.core.rmem_max allows.
        socket.set_recv_buffer_size(BUFFER)?;
        socket.set_nonblocking(true)?;
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true)?;
        socket.bind(&SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, PORT).into())?;
        Ok(Self(socket))
    }

    /// Takes the next datagram; `WouldBlock` when there is none.
    pub(super) fn receive(&self) -> io::Result<Datagram> {
        let mut bytes = vec![0; 65_535];
        let mut slices = [IoSliceMut::new(&mut bytes)];
        let mut control = nix::cmsg_space!(libc::in_pktinfo);
        let message = recvmsg::<SockaddrIn>(
            self.as_raw_fd(),
            &mut slices,
            Some(&mut control),
            MsgFlags::MSG_DONTWAIT,
        )?;
        let length = message.bytes;
        let peer = message.address.map(SocketAddrV4::from);
        let asked = message.cmsgs()?.find_map(|part| match part {
            ControlMessageOwned::Ipv4PacketInfo(info) => {
                Some(Ipv4Addr::from(info.ipi_addr.s_addr.to_ne_bytes()))
            }
            _ => None,
        });
        let (Some(peer), Some(asked)) = (peer, asked) else {
            return Err(io::ErrorKind::InvalidData.into());
        };
        bytes.truncate(length);
        Ok(Datagram { peer, asked, bytes })
    }

    /// Sends a datagram from one of the addresses.
    pub(super) fn send(&self, from: Ipv4Addr, to: SocketAddrV4, bytes: &[u8]) -> io::Result<()> {
        let info = libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr {
                s_addr: u32::from_ne_bytes(from.octets()),
            },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        sendmsg(
            self.as_raw_fd(),
            &[IoSlice::new(bytes)],
            &[ControlMessage::Ipv4PacketInfo(&info)],
            MsgFlags::MSG_DONTWAIT,
            Some(&SockaddrIn::from(to)),
        )?;
        Ok(())
    }
}
