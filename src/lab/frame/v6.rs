//! IPv6 packets of the wire (RFC 8200), and the errors of routers about them (RFC 4443).
//!
//! No checksum covers the header, and none the hop limit; but that of ICMP covers the addresses, and routers never
//! cut: what is too large for the next link is answered with what would fit.

use std::net::Ipv6Addr;

use pnet::packet::icmpv6::{Icmpv6Code, Icmpv6Packet, Icmpv6Types, MutableIcmpv6Packet};
use pnet::packet::ip::{IpNextHeaderProtocol, IpNextHeaderProtocols};
use pnet::packet::ipv6::{Ipv6Packet, MutableIpv6Packet};
use pnet::packet::tcp::{MutableTcpPacket, TcpPacket};
use pnet::packet::udp::{MutableUdpPacket, UdpPacket};

use crate::graph::mix;
use crate::lab::fabric::Packet;
use crate::lab::frame::{HOPS, ICMP, number};
use crate::model::reading::Refusal;
use crate::wire::echo::code_of_v6;

/// The header, which always has this length.
const HEADER: usize = 40;
/// An error is no longer than the least that every link carries (RFC 4443, 2.4 c).
const QUOTED: usize = 1_280 - HEADER - ICMP;
/// Extension headers that are passed over; more are nobody's habit.
const EXTENSIONS: usize = 8;
/// Types from here on are no errors (RFC 4443, 2.1).
const INFORMATIVE: u8 = 128;
/// A redirect, about which nobody sends an error either (RFC 4443, 2.4 e).
const REDIRECT: u8 = 137;

/// What a packet carries behind its extension headers.
struct Upper {
    protocol: IpNextHeaderProtocol,
    /// Where that begins.
    at: usize,
    /// Where in the whole it belongs, in octets, if it is a fragment.
    fragment: Option<usize>,
}

/// Returns what the fabric needs to know of a packet.
pub(super) fn read(bytes: &[u8], from_near: bool) -> Option<Packet> {
    let ip = Ipv6Packet::new(bytes)?;
    let octets = octets(bytes)?;
    // A length of zero is that of a jumbogram, which no link here carries (RFC 2675).
    if ip.get_version() != 6 || octets == HEADER || octets > bytes.len() {
        return None;
    }
    let (source, destination) = (ip.get_source(), ip.get_destination());
    // Routers share load by addresses and flow label (RFC 6438), and where they see them by ports; of an echo by
    // its identifier, which a run of ping keeps.
    let upper = upper(bytes);
    let ports = upper
        .as_ref()
        .filter(|upper| upper.fragment.is_none())
        .and_then(|upper| match upper.protocol {
            IpNextHeaderProtocols::Tcp | IpNextHeaderProtocols::Udp => {
                bytes.get(upper.at..upper.at + 4)
            }
            IpNextHeaderProtocols::Icmpv6 => match kind(bytes, upper)? {
                128 | 129 => bytes.get(upper.at + 4..upper.at + 6),
                _ => None,
            },
            _ => None,
        });
    let protocol = upper.as_ref().map_or(0, |upper| upper.protocol.0);
    let ports = ports.map_or(0, number) ^ u64::from(protocol) << 40;
    let words = [source, destination].map(|address| {
        let address = u128::from(address);
        mix((address >> 64) as u64 ^ mix(address as u64))
    });
    let ends = words.into_iter().fold(0, |all, word| mix(all ^ word));
    Some(Packet {
        from_near,
        source: source.into(),
        destination: destination.into(),
        ttl: ip.get_hop_limit(),
        flow: mix(ends ^ mix(ports ^ mix(u64::from(ip.get_flow_label())))),
        octets,
        is_whole: true,
    })
}

/// Returns how long a packet says that it is.
pub(super) fn octets(bytes: &[u8]) -> Option<usize> {
    Some(HEADER + usize::from(Ipv6Packet::new(bytes)?.get_payload_length()))
}

/// Sets the hop limit, and the checksum of what is carried, where that is whole.
pub(super) fn finish(bytes: &mut [u8], hops: u8) {
    let Some(mut ip) = MutableIpv6Packet::new(bytes) else {
        return;
    };
    ip.set_hop_limit(hops);
    let (source, destination) = (ip.get_source(), ip.get_destination());
    let Some(upper) = upper(bytes).filter(|upper| upper.fragment.is_none()) else {
        return;
    };
    let inner = bytes.get_mut(upper.at..).unwrap_or_default();
    match upper.protocol {
        IpNextHeaderProtocols::Tcp => {
            let sum = TcpPacket::new(inner)
                .map(|tcp| pnet::packet::tcp::ipv6_checksum(&tcp, &source, &destination));
            if let (Some(sum), Some(mut tcp)) = (sum, MutableTcpPacket::new(inner)) {
                tcp.set_checksum(sum);
            }
        }
        IpNextHeaderProtocols::Udp => {
            let sum = UdpPacket::new(inner)
                .map(|udp| pnet::packet::udp::ipv6_checksum(&udp, &source, &destination));
            if let (Some(sum), Some(mut udp)) = (sum, MutableUdpPacket::new(inner)) {
                // Over IPv6 every sender computes one, and zero is sent as all ones (RFC 8200, 8.1).
                udp.set_checksum(if sum == 0 { u16::MAX } else { sum });
            }
        }
        _ => {}
    }
}

/// Returns the packet by which a router answers the sender of one.
pub(super) fn answer(
    asked: &[u8],
    router: Ipv6Addr,
    why: Refusal,
    mtu: Option<u16>,
) -> Option<Vec<u8>> {
    let ip = Ipv6Packet::new(asked)?;
    let (source, destination) = (ip.get_source(), ip.get_destination());
    let is_too_large = mtu.is_some();
    // Only of a packet that is too large even a whole group may be told (RFC 4443, 2.4 e).
    if source.is_unspecified()
        || source.is_multicast()
        || (destination.is_multicast() && !is_too_large)
    {
        return None;
    }
    if let Some(upper) = upper(asked) {
        // What a later fragment carries cannot be seen; it may be an error.
        if upper.fragment.is_some_and(|offset| offset > 0) {
            return None;
        }
        if upper.protocol == IpNextHeaderProtocols::Icmpv6 {
            let kind = kind(asked, &upper)?;
            if kind < INFORMATIVE || kind == REDIRECT {
                return None;
            }
        }
    }
    let quoted = &asked[..asked.len().min(QUOTED)];
    let mut out = vec![0; HEADER + ICMP + quoted.len()];
    {
        let mut header = MutableIpv6Packet::new(&mut out)?;
        header.set_version(6);
        header.set_payload_length((ICMP + quoted.len()) as u16);
        header.set_next_header(IpNextHeaderProtocols::Icmpv6);
        header.set_hop_limit(HOPS);
        header.set_source(router);
        header.set_destination(source);
    }
    {
        let mut error = MutableIcmpv6Packet::new(out.get_mut(HEADER..)?)?;
        let (kind, code) = match (why, mtu) {
            (Refusal::TimeExceeded, _) => (Icmpv6Types::TimeExceeded, 0),
            (Refusal::Unreachable(_), Some(_)) => (Icmpv6Types::PacketTooBig, 0),
            (Refusal::Unreachable(code), None) => {
                (Icmpv6Types::DestinationUnreachable, code_of_v6(code))
            }
        };
        error.set_icmpv6_type(kind);
        error.set_icmpv6_code(Icmpv6Code::new(code));
    }
    if let Some(mtu) = mtu {
        // The word that other errors leave empty (RFC 4443, 3.2).
        out.get_mut(HEADER + 4..HEADER + ICMP)?
            .copy_from_slice(&u32::from(mtu).to_be_bytes());
    }
    out.get_mut(HEADER + ICMP..)?.copy_from_slice(quoted);
    let message = Icmpv6Packet::new(out.get(HEADER..)?)?;
    let sum = pnet::packet::icmpv6::checksum(&message, &router, &source);
    MutableIcmpv6Packet::new(out.get_mut(HEADER..)?)?.set_checksum(sum);
    Some(out)
}

/// Returns whether a packet asks its destination for an echo.
pub(super) fn asks_echo(bytes: &[u8]) -> bool {
    upper(bytes).is_some_and(|upper| {
        upper.protocol == IpNextHeaderProtocols::Icmpv6
            && upper.fragment.is_none_or(|offset| offset == 0)
            && kind(bytes, &upper) == Some(128)
    })
}

/// Returns the type of the message of ICMP that a packet carries.
fn kind(bytes: &[u8], upper: &Upper) -> Option<u8> {
    bytes.get(upper.at).copied()
}

/// Passes over the extension headers (RFC 8200, 4); `None` where they do not end within the packet.
///
/// A routing header is not passed: behind it the checksums are for another destination.
fn upper(bytes: &[u8]) -> Option<Upper> {
    let mut next = *bytes.get(6)?;
    let mut at = HEADER;
    let mut fragment = None;
    for _ in 0..EXTENSIONS {
        let protocol = IpNextHeaderProtocol::new(next);
        let length = match protocol {
            IpNextHeaderProtocols::Hopopt | IpNextHeaderProtocols::Ipv6Opts => {
                (usize::from(*bytes.get(at + 1)?) + 1) * 8
            }
            IpNextHeaderProtocols::Ipv6Frag => {
                let place = [*bytes.get(at + 2)?, *bytes.get(at + 3)?];
                // The last three bits are flags, and what is left counts in eights.
                fragment = Some(usize::from(u16::from_be_bytes(place) & !0b111));
                8
            }
            _ => {
                return Some(Upper {
                    protocol,
                    at,
                    fragment,
                });
            }
        };
        next = *bytes.get(at)?;
        at += length;
        // The rest of a later fragment begins anywhere, and is no header.
        if fragment.is_some_and(|offset| offset > 0) {
            let protocol = IpNextHeaderProtocol::new(next);
            return Some(Upper {
                protocol,
                at,
                fragment,
            });
        }
    }
    None
}
