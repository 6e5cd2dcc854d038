//! The echo of a trace, and what routers send back about it (RFC 792, RFC 4443).
//!
//! Routers that share load keep a flow on one path by what they read of a packet: addresses, and of ICMP the first
//! eight octets, most often the checksum or the identifier (Augustin et al. 2006, "Avoiding traceroute anomalies
//! with Paris traceroute"). So both stay constant in a flow, and only the sequence number counts: two octets of the
//! payload take up what it adds to the sum. Over IPv6 the sum covers the addresses too, and routers read the flow label
//! beside them (RFC 6438); each flow has its own.
//!
//! An error is believed only if it quotes an echo of ours: destination, identifier, checksum and sequence. The
//! first two parts of that are drawn anew for each run, so that nobody off the path can guess them.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use pnet::packet::Packet as _;
use pnet::packet::icmp::{IcmpPacket, IcmpTypes};
use pnet::packet::icmpv6::{Icmpv6Packet, Icmpv6Types};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv4::Ipv4Packet;
use pnet::packet::ipv6::Ipv6Packet;

use crate::model::reading::Refusal;
use crate::wire::echo::code_of_v4;

/// Octets of an echo with its header, as everybody's ping sends them.
pub const OCTETS: usize = 64;

/// The header of an echo.
const HEADER: usize = 8;

/// A header of IPv6.
const HEADER_V6: usize = 40;

/// Between whom the echoes of a trace go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ends {
    /// Over IPv4, whose ICMP knows nothing of addresses.
    V4 {
        /// Whom the trace is about.
        target: Ipv4Addr,
    },
    /// Over IPv6, where the checksum covers both addresses (RFC 4443, 2.3).
    V6 {
        /// The address of ours that the echoes come from.
        source: Ipv6Addr,
        /// Whom the trace is about.
        target: Ipv6Addr,
    },
}

impl Ends {
    /// Returns whom the trace is about.
    #[must_use]
    pub fn target(self) -> IpAddr {
        match self {
            Self::V4 { target } => target.into(),
            Self::V6 { target, .. } => target.into(),
        }
    }

    /// Returns the types of echo and echo reply.
    fn types(self) -> [u8; 2] {
        match self {
            Self::V4 { .. } => [8, 0],
            Self::V6 { .. } => [128, 129],
        }
    }

    /// Returns what is summed besides the echo itself: over IPv6 a header of addresses, length and protocol.
    fn sum(self) -> u16 {
        match self {
            Self::V4 { .. } => 0,
            Self::V6 { source, target } => {
                let length = (OCTETS as u32).to_be_bytes();
                let parts = [
                    &source.octets()[..],
                    &target.octets(),
                    &length,
                    &[0, 0, 0, IpNextHeaderProtocols::Icmpv6.0],
                ];
                sum(&parts.concat())
            }
        }
    }
}

/// What stays the same in a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Flow {
    /// The identifier of its echoes.
    pub ident: u16,
    /// The checksum of its echoes.
    pub checksum: u16,
}

/// What came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Heard {
    /// Who sent it.
    pub from: IpAddr,
    /// Which echo it is about.
    pub ident: u16,
    /// Which of the flow.
    pub sequence: u16,
    /// What it says; `None` is the echo's reply.
    pub why: Option<Refusal>,
}

impl Flow {
    /// Returns the echo of a sequence number, checksum and all.
    #[must_use]
    pub fn echo(self, ends: Ends, sequence: u16, cookie: u64) -> [u8; OCTETS] {
        let mut echo = [0; OCTETS];
        let [asks, _] = ends.types();
        let parts = [
            &[asks, 0][..],
            &self.checksum.to_be_bytes(),
            &self.ident.to_be_bytes(),
            &sequence.to_be_bytes(),
            &[0, 0],
            &cookie.to_be_bytes(),
            b"spanwatch traces a path of its network.",
        ];
        for (place, octet) in echo.iter_mut().zip(parts.into_iter().flatten()) {
            *place = *octet;
        }
        let rest = u16::MAX - sum(&[ends.sum(), sum(&echo)].map(u16::to_be_bytes).concat());
        for (place, octet) in echo.iter_mut().skip(HEADER).zip(rest.to_be_bytes()) {
            *place = octet;
        }
        echo
    }

    /// Returns the echo in a packet of IPv6, ready for a socket that takes whole packets.
    #[must_use]
    pub fn packet(
        self,
        source: Ipv6Addr,
        target: Ipv6Addr,
        hops: u8,
        sequence: u16,
        cookie: u64,
    ) -> Vec<u8> {
        let mut packet = Vec::with_capacity(HEADER_V6 + OCTETS);
        packet.extend((6 << 28 | self.label()).to_be_bytes());
        packet.extend((OCTETS as u16).to_be_bytes());
        packet.extend([IpNextHeaderProtocols::Icmpv6.0, hops]);
        packet.extend(source.octets());
        packet.extend(target.octets());
        packet.extend(self.echo(Ends::V6 { source, target }, sequence, cookie));
        packet
    }

    /// Returns its label of twenty bits: drawn with the checksum, and no two flows of a trace have the same.
    #[must_use]
    pub fn label(self) -> u32 {
        u32::from(self.checksum) << 4 & 0xF_FF00 | u32::from(self.ident & 0xFF)
    }

    /// Returns the number of an echo, if octets, from its header on, are those that were sent; routers quote eight at
    /// least.
    fn quoted(self, octets: &[u8], ends: Ends) -> Option<u16> {
        let word = |at: usize| {
            let pair = octets.get(at..at + 2)?;
            Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
        };
        let [asks, _] = ends.types();
        let is_ours = word(0)? == u16::from_be_bytes([asks, 0])
            && word(2)? == self.checksum
            && word(4)? == self.ident;
        is_ours.then(|| word(6)).flatten()
    }
}

/// The sum of all words, carries added back (RFC 1071).
fn sum(octets: &[u8]) -> u16 {
    let total: u32 = octets
        .chunks(2)
        .map(|pair| {
            let (high, low) = (pair.first().copied(), pair.get(1).copied());
            u32::from(u16::from_be_bytes([
                high.unwrap_or_default(),
                low.unwrap_or_default(),
            ]))
        })
        .sum();
    let folded = (total & 0xFFFF) + (total >> 16);
    ((folded & 0xFFFF) + (folded >> 16)) as u16
}

/// Returns what an IPv4 packet says about an echo of one of these flows to `target`; `None` for everything else.
#[must_use]
pub fn packet(bytes: &[u8], flows: &[Flow], target: Ipv4Addr, cookie: u64) -> Option<Heard> {
    let ip = whole(bytes)?;
    if ip.get_next_level_protocol() != IpNextHeaderProtocols::Icmp {
        return None;
    }
    let from = ip.get_source();
    let ends = Ends::V4 { target };
    let header = usize::from(ip.get_header_length()) * 4;
    let icmp = bytes.get(header..)?;
    let seen = IcmpPacket::new(icmp)?;
    let why = match seen.get_icmp_type() {
        IcmpTypes::EchoReply if from == target => return reply(icmp, flows, ends, cookie),
        IcmpTypes::TimeExceeded if seen.get_icmp_code().0 == 0 => Refusal::TimeExceeded,
        IcmpTypes::DestinationUnreachable => Refusal::Unreachable(seen.get_icmp_code().0),
        _ => return None,
    };
    let quoted = icmp.get(HEADER..)?;
    let inner = whole(quoted)?;
    if inner.get_destination() != target
        || inner.get_next_level_protocol() != IpNextHeaderProtocols::Icmp
    {
        return None;
    }
    let header = usize::from(inner.get_header_length()) * 4;
    error(quoted.get(header..)?, flows, ends, from.into(), why)
}

/// Returns what a message of `ICMPv6`, of which a socket gives no header, says about such an echo; `None` for
/// everything else.
#[must_use]
pub fn message(
    icmp: &[u8],
    from: Ipv6Addr,
    flows: &[Flow],
    ends: Ends,
    cookie: u64,
) -> Option<Heard> {
    let seen = Icmpv6Packet::new(icmp)?;
    let code = seen.get_icmpv6_code().0;
    let why = match seen.get_icmpv6_type() {
        Icmpv6Types::EchoReply if ends.target() == from => return reply(icmp, flows, ends, cookie),
        Icmpv6Types::TimeExceeded if code == 0 => Refusal::TimeExceeded,
        Icmpv6Types::DestinationUnreachable => Refusal::Unreachable(code_of_v4(code)),
        _ => return None,
    };
    let quoted = icmp.get(HEADER..)?;
    let inner = Ipv6Packet::new(quoted)?;
    let is_ours = inner.get_version() == 6
        && ends.target() == inner.get_destination()
        && inner.get_next_header() == IpNextHeaderProtocols::Icmpv6;
    let quoted = is_ours.then(|| quoted.get(HEADER_V6..)).flatten()?;
    error(quoted, flows, ends, from.into(), why)
}

/// Returns what an echo reply says, from its ICMP header on.
#[must_use]
pub fn reply(icmp: &[u8], flows: &[Flow], ends: Ends, cookie: u64) -> Option<Heard> {
    let word = |at: usize| {
        let pair = icmp.get(at..at + 2)?;
        Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
    };
    let (kind, ident, sequence) = (word(0)?, word(4)?, word(6)?);
    let flow = flows.iter().find(|flow| flow.ident == ident)?;
    // All of what was sent comes back (RFC 792), and with it the cookie.
    let sent = flow.echo(ends, sequence, cookie);
    let [_, answers] = ends.types();
    let is_ours =
        kind == u16::from_be_bytes([answers, 0]) && icmp.get(HEADER..)? == sent.get(HEADER..)?;
    is_ours.then_some(Heard {
        from: ends.target(),
        ident,
        sequence,
        why: None,
    })
}

/// Returns what an error says that quotes these octets, from the quoted ICMP header on.
#[must_use]
pub fn error(
    quoted: &[u8],
    flows: &[Flow],
    ends: Ends,
    from: IpAddr,
    why: Refusal,
) -> Option<Heard> {
    flows.iter().find_map(|flow| {
        Some(Heard {
            from,
            ident: flow.ident,
            sequence: flow.quoted(quoted, ends)?,
            why: Some(why),
        })
    })
}

/// Reads an IPv4 header whose length is within the packet.
fn whole(bytes: &[u8]) -> Option<Ipv4Packet<'_>> {
    let ip = Ipv4Packet::new(bytes)?;
    let header = usize::from(ip.get_header_length()) * 4;
    let is_whole = ip.get_version() == 4
        && header >= Ipv4Packet::minimum_packet_size()
        && header <= bytes.len()
        && ip.packet().len() >= header;
    is_whole.then_some(ip)
}
