//! The echo of a trace, and what routers send back about it (RFC 792).
//!
//! Routers that share load keep a flow on one path by what they read of a packet: addresses, and of ICMP the first
//! eight octets, most often the checksum or the identifier (Augustin et al. 2006, "Avoiding traceroute anomalies
//! with Paris traceroute"). So both stay constant in a flow, and only the sequence number counts: two octets of the
//! payload take up what it adds to the sum.
//!
//! An error is believed only if it quotes an echo of ours: destination, identifier, checksum and sequence. The
//! first two parts of that are drawn anew for each run, so that nobody off the path can guess them.

use std::net::Ipv4Addr;

use pnet::packet::Packet as _;
use pnet::packet::icmp::{IcmpPacket, IcmpTypes};
use pnet::packet::ip::IpNextHeaderProtocols;
use pnet::packet::ipv4::Ipv4Packet;

use crate::model::reading::Refusal;

/// Octets of an echo with its header, as everybody's ping sends them.
pub const OCTETS: usize = 64;

/// The header of an echo.
const HEADER: usize = 8;

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
    pub from: Ipv4Addr,
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
    pub fn echo(self, sequence: u16, cookie: u64) -> [u8; OCTETS] {
        let mut echo = [0; OCTETS];
        let parts = [
            &[8, 0][..],
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
        let rest = u16::MAX - sum(&echo);
        for (place, octet) in echo.iter_mut().skip(HEADER).zip(rest.to_be_bytes()) {
            *place = octet;
        }
        echo
    }

    /// Returns whether octets, from the header of an echo on, are those that were sent; routers quote eight at least.
    fn quoted(self, octets: &[u8]) -> Option<u16> {
        let word = |at: usize| {
            let pair = octets.get(at..at + 2)?;
            Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
        };
        let is_ours = word(0)? == 0x0800 && word(2)? == self.checksum && word(4)? == self.ident;
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
    let header = usize::from(ip.get_header_length()) * 4;
    let icmp = bytes.get(header..)?;
    let seen = IcmpPacket::new(icmp)?;
    let why = match seen.get_icmp_type() {
        IcmpTypes::EchoReply if from == target => return reply(icmp, flows, target, cookie),
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
    error(quoted.get(header..)?, flows, from, why)
}

/// Returns what an echo reply says, from its ICMP header on.
#[must_use]
pub fn reply(icmp: &[u8], flows: &[Flow], target: Ipv4Addr, cookie: u64) -> Option<Heard> {
    let word = |at: usize| {
        let pair = icmp.get(at..at + 2)?;
        Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
    };
    let (kind, ident, sequence) = (word(0)?, word(4)?, word(6)?);
    let flow = flows.iter().find(|flow| flow.ident == ident)?;
    // All of what was sent comes back (RFC 792), and with it the cookie.
    let is_ours = kind == 0 && icmp.get(HEADER..)? == flow.echo(sequence, cookie).get(HEADER..)?;
    is_ours.then_some(Heard {
        from: target,
        ident,
        sequence,
        why: None,
    })
}

/// Returns what an error says that quotes these octets, from the quoted ICMP header on.
#[must_use]
pub fn error(quoted: &[u8], flows: &[Flow], from: Ipv4Addr, why: Refusal) -> Option<Heard> {
    flows.iter().find_map(|flow| {
        Some(Heard {
            from,
            ident: flow.ident,
            sequence: flow.quoted(quoted)?,
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
