//! IPv4 packets of the wire (RFC 791), and the errors of routers about them (RFC 792, RFC 1812).

use std::net::Ipv4Addr;

use pnet::packet::Packet as _;
use pnet::packet::icmp::{IcmpPacket, IcmpTypes, MutableIcmpPacket};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv4::{Ipv4Packet, MutableIpv4Packet};
use pnet::packet::tcp::{MutableTcpPacket, TcpPacket};
use pnet::packet::udp::{MutableUdpPacket, UdpPacket};

use crate::graph::mix;
use crate::lab::fabric::Packet;
use crate::lab::frame::{HOPS, ICMP, number};
use crate::model::reading::Refusal;

/// A header without options.
const HEADER: usize = 20;
/// The don't-fragment bit of the three flags (RFC 791).
const KEEP: u8 = 0b010;
/// A router quotes as much as leaves the error within 576 octets (RFC 1812, 4.3.2.3).
const QUOTED: usize = 576 - HEADER - ICMP;

/// Returns what the fabric needs to know of a packet.
pub(super) fn read(bytes: &[u8], from_near: bool) -> Option<Packet> {
    let ip = Ipv4Packet::new(bytes)?;
    let header = usize::from(ip.get_header_length()) * 4;
    let octets = usize::from(ip.get_total_length());
    if ip.get_version() != 4 || header < HEADER || octets < header || octets > bytes.len() {
        return None;
    }
    let (source, destination) = (ip.get_source(), ip.get_destination());
    let protocol = ip.get_next_level_protocol();
    // Routers share load by addresses and ports, and of an echo by its identifier, which a run of ping keeps; of
    // other ICMP and of fragments only the addresses are to be had.
    let ports = match protocol {
        IpNextHeaderProtocols::Tcp | IpNextHeaderProtocols::Udp if is_whole(&ip) => {
            bytes.get(header..header + 4)
        }
        IpNextHeaderProtocols::Icmp if is_whole(&ip) && is_echo(ip.payload()) => {
            bytes.get(header + 4..header + 6)
        }
        _ => None,
    };
    let ports = ports.map_or(0, number);
    let pair = u64::from(u32::from(source)) << 32 | u64::from(u32::from(destination));
    Some(Packet {
        from_near,
        source: source.into(),
        destination: destination.into(),
        ttl: ip.get_ttl(),
        flow: mix(pair ^ mix(ports ^ u64::from(protocol.0) << 40)),
        octets,
        is_whole: ip.get_flags() & KEEP != 0,
    })
}

/// Returns how long a packet says that it is.
pub(super) fn octets(bytes: &[u8]) -> Option<usize> {
    Some(usize::from(Ipv4Packet::new(bytes)?.get_total_length()))
}

/// Sets the time to live and all checksums.
pub(super) fn finish(bytes: &mut [u8], ttl: u8) {
    if let Some(mut ip) = MutableIpv4Packet::new(bytes) {
        ip.set_ttl(ttl);
        complete(&mut ip);
    }
}

/// Returns the packet by which a router answers the sender of one.
pub(super) fn answer(
    asked: &[u8],
    router: Ipv4Addr,
    why: Refusal,
    mtu: Option<u16>,
) -> Option<Vec<u8>> {
    let ip = Ipv4Packet::new(asked)?;
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
    let quoted = &asked[..asked.len().min(QUOTED)];
    let mut out = vec![0; HEADER + ICMP + quoted.len()];
    {
        let mut header = MutableIpv4Packet::new(&mut out)?;
        header.set_version(4);
        header.set_header_length(5);
        // Internetwork control, as routers mark what they say themselves (RFC 1812, 4.3.2.5).
        header.set_dscp(48);
        header.set_total_length((HEADER + ICMP + quoted.len()) as u16);
        header.set_ttl(HOPS);
        header.set_next_level_protocol(IpNextHeaderProtocols::Icmp);
        header.set_source(router);
        header.set_destination(ip.get_source());
    }
    {
        let mut error = MutableIcmpPacket::new(out.get_mut(HEADER..)?)?;
        let (kind, code) = match why {
            Refusal::TimeExceeded => (IcmpTypes::TimeExceeded, 0),
            Refusal::Unreachable(code) => (IcmpTypes::DestinationUnreachable, code),
        };
        error.set_icmp_type(kind);
        error.set_icmp_code(pnet::packet::icmp::IcmpCode::new(code));
    }
    if let Some(mtu) = mtu {
        // The lower half of the word that other errors leave empty (RFC 1191, section 4).
        out.get_mut(HEADER + 6..HEADER + ICMP)?
            .copy_from_slice(&mtu.to_be_bytes());
    }
    out.get_mut(HEADER + ICMP..)?.copy_from_slice(quoted);
    let sum = pnet::packet::icmp::checksum(&IcmpPacket::new(out.get(HEADER..)?)?);
    MutableIcmpPacket::new(out.get_mut(HEADER..)?)?.set_checksum(sum);
    let sum = pnet::packet::ipv4::checksum(&Ipv4Packet::new(&out)?);
    MutableIpv4Packet::new(&mut out)?.set_checksum(sum);
    Some(out)
}

/// Returns whether a packet asks its destination for an echo.
pub(super) fn asks_echo(bytes: &[u8]) -> bool {
    let asks = |ip: &Ipv4Packet<'_>| {
        let is_icmp = ip.get_next_level_protocol() == IpNextHeaderProtocols::Icmp;
        let kind = IcmpPacket::new(ip.payload())?.get_icmp_type();
        Some(is_icmp && kind == IcmpTypes::EchoRequest)
    };
    Ipv4Packet::new(bytes)
        .and_then(|ip| asks(&ip))
        .unwrap_or(false)
}

/// Computes the checksums of a packet and of what it carries, where that is whole.
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
