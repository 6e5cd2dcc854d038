//! Ethernet frames as they pass between the two kernels: read, sent on with less time to live, answered.
//!
//! The kernels leave checksums of TCP and UDP half done on a virtual pair, as hardware would finish them. Here
//! no hardware follows, so they are computed anew; without it TCP never connects.

use std::net::Ipv4Addr;

use pnet::packet::Packet as _;
use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};
use pnet::packet::icmp::{IcmpPacket, IcmpTypes, MutableIcmpPacket};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv4::{Ipv4Packet, MutableIpv4Packet};
use pnet::packet::tcp::{MutableTcpPacket, TcpPacket};
use pnet::packet::udp::{MutableUdpPacket, UdpPacket};

use crate::graph::mix;
use crate::lab::fabric::Packet;
use crate::model::reading::Refusal;

/// An Ethernet header without a tag.
const ETHERNET: usize = 14;
/// An IPv4 header without options.
const IPV4: usize = 20;
/// An ICMP error before what it quotes.
const ICMP: usize = 8;
/// The don't-fragment bit of the three flags (RFC 791).
const KEEP: u8 = 0b010;
/// A router quotes as much as leaves the error within 576 octets (RFC 1812, 4.3.2.3).
const QUOTED: usize = 576 - IPV4 - ICMP;

/// Returns what the fabric needs to know of a frame; `None` for anything but whole IPv4.
#[must_use]
pub fn read(frame: &[u8], from_near: bool) -> Option<Packet> {
    let ethernet = EthernetPacket::new(frame)?;
    if ethernet.get_ethertype() != EtherTypes::Ipv4 {
        return None;
    }
    let ip = Ipv4Packet::new(ethernet.payload())?;
    let header = usize::from(ip.get_header_length()) * 4;
    let octets = usize::from(ip.get_total_length());
    if ip.get_version() != 4
        || header < IPV4
        || octets < header
        || octets > ethernet.payload().len()
    {
        return None;
    }
    let (source, destination) = (ip.get_source(), ip.get_destination());
    let protocol = ip.get_next_level_protocol();
    // Routers share load by addresses and ports, and of an echo by its identifier, which a run of ping keeps; of
    // other ICMP and of fragments only the addresses are to be had.
    let ports = match protocol {
        IpNextHeaderProtocols::Tcp | IpNextHeaderProtocols::Udp if is_whole(&ip) => {
            ethernet.payload().get(header..header + 4)
        }
        IpNextHeaderProtocols::Icmp if is_whole(&ip) && is_echo(ip.payload()) => {
            ethernet.payload().get(header + 4..header + 6)
        }
        _ => None,
    };
    let ports = ports.map_or(0, |bytes| {
        bytes
            .iter()
            .fold(0, |all, byte| all << 8 | u64::from(*byte))
    });
    let pair = u64::from(u32::from(source)) << 32 | u64::from(u32::from(destination));
    Some(Packet {
        from_near,
        source,
        destination,
        ttl: ip.get_ttl(),
        flow: mix(pair ^ mix(ports ^ u64::from(protocol.0) << 40)),
        octets,
        is_whole: ip.get_flags() & KEEP != 0,
    })
}

/// Makes a frame ready for its arrival: what is left of its time to live, every checksum whole.
pub fn finish(frame: &mut Vec<u8>, ttl: u8) {
    let Some(octets) = EthernetPacket::new(frame)
        .and_then(|ethernet| Some(Ipv4Packet::new(ethernet.payload())?.get_total_length()))
    else {
        return;
    };
    // Short packets were padded to the least that Ethernet carries.
    frame.truncate(ETHERNET + usize::from(octets));
    if let Some(mut ip) = frame.get_mut(ETHERNET..).and_then(MutableIpv4Packet::new) {
        ip.set_ttl(ttl);
        complete(&mut ip);
    }
}

/// Returns the frame by which a router answers the sender of `frame`; `None` where RFC 1122 forbids it.
///
/// No error is sent about an ICMP error, about any fragment but the first, or to nobody. `mtu` is what the next
/// link carries, where the packet was too large for it (RFC 1191).
#[must_use]
pub fn answer(frame: &[u8], router: Ipv4Addr, why: Refusal, mtu: Option<u16>) -> Option<Vec<u8>> {
    let mut asked = frame.to_vec();
    let ttl = match why {
        Refusal::TimeExceeded => 1,
        Refusal::Unreachable(_) => Ipv4Packet::new(frame.get(ETHERNET..)?)?.get_ttl(),
    };
    finish(&mut asked, ttl);
    let ethernet = EthernetPacket::new(&asked)?;
    let ip = Ipv4Packet::new(ethernet.payload())?;
    if ip.get_fragment_offset() != 0 || ip.get_source().is_unspecified() {
        return None;
    }
    if ip.get_next_level_protocol() == IpNextHeaderProtocols::Icmp {
        let kind = IcmpPacket::new(ip.payload())?.get_icmp_type();
        let is_question = [
            IcmpTypes::EchoRequest,
            IcmpTypes::EchoReply,
            IcmpTypes::Timestamp,
        ];
        if !is_question.contains(&kind) {
            return None;
        }
    }
    let quoted = ethernet.payload();
    let quoted = &quoted[..quoted.len().min(QUOTED)];
    let mut out = vec![0; ETHERNET + IPV4 + ICMP + quoted.len()];
    {
        let mut header = MutableEthernetPacket::new(&mut out)?;
        header.set_source(ethernet.get_destination());
        header.set_destination(ethernet.get_source());
        header.set_ethertype(EtherTypes::Ipv4);
    }
    {
        let mut header = MutableIpv4Packet::new(out.get_mut(ETHERNET..)?)?;
        header.set_version(4);
        header.set_header_length(5);
        // Internetwork control, as routers mark what they say themselves (RFC 1812, 4.3.2.5).
        header.set_dscp(48);
        header.set_total_length((IPV4 + ICMP + quoted.len()) as u16);
        header.set_ttl(64);
        header.set_next_level_protocol(IpNextHeaderProtocols::Icmp);
        header.set_source(router);
        header.set_destination(ip.get_source());
    }
    {
        let mut error = MutableIcmpPacket::new(out.get_mut(ETHERNET + IPV4..)?)?;
        let (kind, code) = match why {
            Refusal::TimeExceeded => (IcmpTypes::TimeExceeded, 0),
            Refusal::Unreachable(code) => (IcmpTypes::DestinationUnreachable, code),
        };
        error.set_icmp_type(kind);
        error.set_icmp_code(pnet::packet::icmp::IcmpCode::new(code));
    }
    if let Some(mtu) = mtu {
        // The lower half of the word that other errors leave empty (RFC 1191, section 4).
        out.get_mut(ETHERNET + IPV4 + 6..ETHERNET + IPV4 + ICMP)?
            .copy_from_slice(&mtu.to_be_bytes());
    }
    out.get_mut(ETHERNET + IPV4 + ICMP..)?
        .copy_from_slice(quoted);
    let sum = pnet::packet::icmp::checksum(&IcmpPacket::new(out.get(ETHERNET + IPV4..)?)?);
    MutableIcmpPacket::new(out.get_mut(ETHERNET + IPV4..)?)?.set_checksum(sum);
    let sum = pnet::packet::ipv4::checksum(&Ipv4Packet::new(out.get(ETHERNET..)?)?);
    MutableIpv4Packet::new(out.get_mut(ETHERNET..)?)?.set_checksum(sum);
    Some(out)
}

/// Computes the checksums of an IPv4 packet and of what it carries, where that is whole.
fn complete(ip: &mut MutableIpv4Packet<'_>) {
    let sum = pnet::packet::ipv4::checksum(&ip.to_immutable());
    ip.set_checksum(sum);
    if !is_whole(&ip.to_immutable()) {
        return;
    }
    let (source, destination) = (ip.get_source(), ip.get_destination());
    let header = usize::from(ip.get_header_length()) * 4;
    let protocol: IpNextHeaderProtocol = ip.get_next_level_protocol();
    let Some(inner) = pnet::packet::MutablePacket::packet_mut(ip).get_mut(header..) else {
        return;
    };
    match protocol {
        IpNextHeaderProtocols::Tcp => {
            let sum = TcpPacket::new(inner)
                .map(|tcp| pnet::packet::tcp::ipv4_checksum(&tcp, &source, &destination));
            if let (Some(sum), Some(mut tcp)) = (sum, MutableTcpPacket::new(inner)) {
                tcp.set_checksum(sum);
            }
        }
        IpNextHeaderProtocols::Udp => {
            let sum = UdpPacket::new(inner)
                // Zero is a sender that computes none (RFC 768).
                .filter(|udp| udp.get_checksum() != 0)
                .map(|udp| pnet::packet::udp::ipv4_checksum(&udp, &source, &destination));
            if let (Some(sum), Some(mut udp)) = (sum, MutableUdpPacket::new(inner)) {
                // A sum that comes out as zero is sent as all ones (RFC 768).
                udp.set_checksum(if sum == 0 { u16::MAX } else { sum });
            }
        }
        _ => {}
    }
}

/// Returns whether an ICMP message is an echo or its reply.
fn is_echo(icmp: &[u8]) -> bool {
    IcmpPacket::new(icmp).is_some_and(|icmp| {
        matches!(
            icmp.get_icmp_type(),
            IcmpTypes::EchoRequest | IcmpTypes::EchoReply
        )
    })
}

/// Returns whether a packet is no fragment.
fn is_whole(ip: &Ipv4Packet<'_>) -> bool {
    /// The more-fragments bit of the three flags (RFC 791).
    const MORE: u8 = 0b001;
    ip.get_fragment_offset() == 0 && ip.get_flags() & MORE == 0
}

/// Returns whether a frame asks its destination for an echo.
#[must_use]
pub fn asks_echo(frame: &[u8]) -> bool {
    EthernetPacket::new(frame)
        .filter(|ethernet| ethernet.get_ethertype() == EtherTypes::Ipv4)
        .and_then(|ethernet| {
            let ip = Ipv4Packet::new(ethernet.payload())?;
            let is_icmp = ip.get_next_level_protocol() == IpNextHeaderProtocols::Icmp;
            let kind = IcmpPacket::new(ip.payload())?.get_icmp_type();
            Some(is_icmp && kind == IcmpTypes::EchoRequest)
        })
        .unwrap_or(false)
}
