//! The virtual cables: laid between two namespaces, furnished with addresses and routes, and listened to.
//!
//! Neighbours are there for good in both families: a question of ARP or of neighbour discovery would lose half of
//! the first burst. An address of IPv6 is set without asking whether somebody else has it (RFC 4862, 5.4): the
//! second of waiting would refuse everything that COMMAND sends first.

use std::fs::File;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::fd::AsRawFd;

use ipnet::IpNet;
use pnet::datalink::{Channel, Config, NetworkInterface};
use rtnetlink::packet_route::address::AddressHeaderFlags;
use rtnetlink::packet_route::link::{InfoData, InfoVeth, LinkAttribute};
use rtnetlink::packet_route::route::{RouteScope, RouteType};
use rtnetlink::{Handle, LinkMessageBuilder, LinkUnspec, LinkVeth, RouteMessageBuilder};
use socket2::{Domain, Protocol, Socket, Type};

use crate::lab::addressing::Addressing;

/// Octets of frames that may wait on one side: a burst to every agency and more.
const BUFFER: usize = 8 << 20;
/// The loopback of every namespace.
const LOOPBACK: u32 = 1;

/// One end of a virtual cable, numbered so high that no device of the kernel's own is there.
#[derive(Clone, Copy)]
pub(super) struct End {
    name: &'static str,
    pub(super) index: u32,
}

impl End {
    pub(super) const NEAR: Self = Self {
        name: "lab0",
        index: 480,
    };
    pub(super) const WIRE_NEAR: Self = Self {
        name: "lab1",
        index: 481,
    };
    pub(super) const WIRE_FAR: Self = Self {
        name: "lab2",
        index: 482,
    };
    pub(super) const FAR: Self = Self {
        name: "lab3",
        index: 483,
    };

    /// Returns a locally administered address of its own.
    fn mac(self) -> [u8; 6] {
        [0x02, 0x4C, 0x41, 0x42, 0x00, self.index as u8]
    }
}

/// Makes a pair whose other end is born in another namespace.
pub(super) async fn cable(
    link: &Handle,
    here: End,
    there: End,
    namespace: &File,
) -> Result<(), rtnetlink::Error> {
    let other = LinkUnspec::new_with_name(there.name)
        .index(there.index)
        .address(there.mac().to_vec())
        // The fabric computes checksums of frames, so none may be longer than one packet.
        .append_extra_attribute(LinkAttribute::GsoMaxSegs(1))
        .setns_by_fd(namespace.as_raw_fd())
        .build();
    let message = LinkMessageBuilder::<LinkVeth>::new(here.name, there.name)
        .set_info_data(InfoData::Veth(InfoVeth::Peer(other)))
        .index(here.index)
        .address(here.mac().to_vec())
        .build();
    link.link().add(message).execute().await
}

pub(super) async fn raise(link: &Handle, index: u32) -> Result<(), rtnetlink::Error> {
    let message = LinkUnspec::new_with_index(index).up().build();
    link.link().set(message).execute().await
}

/// Gives COMMAND's end its addresses, the monitor's own, and one way out.
pub(super) async fn furnish_near(link: &Handle, plan: &Addressing) -> Result<(), rtnetlink::Error> {
    raise(link, LOOPBACK).await?;
    raise(link, End::NEAR.index).await?;
    for own in &plan.own {
        name(link, LOOPBACK, *own, 0).await?;
    }
    let (near, far) = (plan.v4.near, plan.v4.far);
    join(link, End::NEAR, (near.into(), far.into()), End::FAR).await?;
    let route = RouteMessageBuilder::<Ipv4Addr>::new()
        .gateway(far)
        .output_interface(End::NEAR.index)
        .build();
    link.route().add(route).execute().await?;
    let Some(ends) = plan.v6 else {
        return Ok(());
    };
    let (near, far) = (ends.near, ends.far);
    join(link, End::NEAR, (near.into(), far.into()), End::FAR).await?;
    let route = RouteMessageBuilder::<Ipv6Addr>::new()
        .gateway(far)
        .output_interface(End::NEAR.index)
        .build();
    link.route().add(route).execute().await
}

/// Gives the devices' end its addresses, and every address of the model to its kernel.
pub(super) async fn furnish_far(link: &Handle, plan: &Addressing) -> Result<(), rtnetlink::Error> {
    /// The table of what is here (`RT_TABLE_LOCAL`).
    const LOCAL: u32 = 255;
    raise(link, LOOPBACK).await?;
    raise(link, End::FAR.index).await?;
    let (near, far) = (plan.v4.near, plan.v4.far);
    join(link, End::FAR, (far.into(), near.into()), End::NEAR).await?;
    if let Some(ends) = plan.v6 {
        let (near, far) = (ends.near, ends.far);
        join(link, End::FAR, (far.into(), near.into()), End::NEAR).await?;
    }
    for prefix in &plan.prefixes {
        let route = match prefix {
            IpNet::V4(net) => RouteMessageBuilder::<Ipv4Addr>::new()
                .destination_prefix(net.network(), net.prefix_len())
                .table_id(LOCAL)
                .kind(RouteType::Local)
                .scope(RouteScope::Host)
                .output_interface(LOOPBACK)
                .build(),
            IpNet::V6(net) => RouteMessageBuilder::<Ipv6Addr>::new()
                .destination_prefix(net.network(), net.prefix_len())
                .table_id(LOCAL)
                .kind(RouteType::Local)
                .output_interface(LOOPBACK)
                .build(),
        };
        link.route().add(route).execute().await?;
    }
    Ok(())
}

/// Gives an interface an address, whose subnet has so many bits for hosts.
async fn name(
    link: &Handle,
    index: u32,
    address: IpAddr,
    hosts: u8,
) -> Result<(), rtnetlink::Error> {
    let bits = if address.is_ipv4() { 32 } else { 128 };
    let mut request = link.address().add(index, address, bits - hosts);
    if address.is_ipv6() {
        request.message_mut().header.flags |= AddressHeaderFlags::Nodad;
    }
    request.execute().await
}

/// Gives an end its address and a neighbour for good.
async fn join(
    link: &Handle,
    end: End,
    (own, other): (IpAddr, IpAddr),
    peer: End,
) -> Result<(), rtnetlink::Error> {
    name(link, end.index, own, 2).await?;
    link.neighbours()
        .add(end.index, other)
        .link_layer_address(&peer.mac())
        .execute()
        .await
}

/// Opens a socket for the frames of an end in this thread's namespace.
pub(super) fn frames(end: End) -> io::Result<Socket> {
    let socket = Socket::new(Domain::PACKET, Type::RAW, Some(Protocol::from(0)))?;
    // The kernel grants as much of it as net.core.rmem_max allows.
    socket.set_recv_buffer_size(BUFFER)?;
    socket.set_nonblocking(true)?;
    // pnet binds and then owns what it is given; a second handle of the same socket stays here. Its own socket
    // would be inherited by COMMAND, and its default buffer loses a sixth of a burst to every agency.
    let given = socket.try_clone()?;
    let config = Config {
        socket_fd: Some(std::os::fd::IntoRawFd::into_raw_fd(given)),
        ..Config::default()
    };
    let interface = NetworkInterface {
        name: end.name.to_owned(),
        description: String::new(),
        index: end.index,
        mac: None,
        ips: Vec::new(),
        flags: 0,
    };
    match pnet::datalink::channel(&interface, config)? {
        Channel::Ethernet(..) => Ok(socket),
        _ => Err(io::ErrorKind::Unsupported.into()),
    }
}
