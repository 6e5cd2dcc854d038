//! An echo of ours as bytes, and what comes back for it (RFC 792, RFC 4443).
//!
//! It knows nothing of who is asked or when: `probe/flight` does. The hard thought is the quote. A router that
//! refuses an echo sends a piece of it back, and what the piece must hold is little: RFC 792 asks for eight bytes
//! of ICMP, which end before our cookie. But the fourth and third of them are the checksum, and the cookie is in
//! it: even the shortest quote carries sixteen bits that somebody who did not see the echo would have to guess.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::reading::Refusal;

/// Bytes of ICMP before the data: type, code, checksum, identifier, sequence.
pub const HEADER: usize = 8;

/// Bytes of the cookie, with which the data begin; no echo has less data.
pub const COOKIE: usize = 8;

/// The most data that fits into one IPv4 packet.
pub const MOST: usize = 65_535 - 20 - HEADER;

/// Tells whoever looks at the wire who asks; repeated behind the cookie as far as there is room.
const TEXT: &[u8] = b"spanwatch asks whether this place can be reached. ";

/// The protocol numbers of ICMP and `ICMPv6`, as a quoted header names them.
const ICMP: u8 = 1;
const ICMP_V6: u8 = 58;

/// Bytes of an IPv6 header.
const HEADER_V6: usize = 40;

/// Which of the two protocols.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Family {
    /// ICMP over IPv4.
    V4,
    /// `ICMPv6`.
    V6,
}

impl Family {
    /// Returns the family of an address.
    #[must_use]
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::V4,
            IpAddr::V6(_) => Self::V6,
        }
    }

    /// Returns the types of echo and echo reply.
    fn types(self) -> (u8, u8) {
        match self {
            Self::V4 => (8, 0),
            Self::V6 => (128, 129),
        }
    }
}

/// One echo request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Echo {
    /// The same in all echoes of one socket.
    pub ident: u16,
    /// Which of them it is.
    pub sequence: u16,
    /// What nobody can know who has not seen it.
    pub cookie: u64,
}

impl Echo {
    /// Writes the request with `size` bytes of data (at least the cookie's eight) over what `packet` held.
    ///
    /// The checksum is set for both protocols. That of `ICMPv6` covers addresses that only the kernel knows; it
    /// writes its own over it.
    pub fn write(&self, family: Family, size: usize, packet: &mut Vec<u8>) {
        let (request, _) = family.types();
        packet.clear();
        packet.extend([request, 0, 0, 0]);
        packet.extend(self.ident.to_be_bytes());
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(self.cookie.to_be_bytes());
        let end = HEADER + size.max(COOKIE);
        while packet.len() < end {
            let room = end - packet.len();
            packet.extend(TEXT.iter().take(room));
        }
        let sum = checksum(packet);
        if let Some(place) = packet.get_mut(2..4) {
            place.copy_from_slice(&sum.to_be_bytes());
        }
    }

    /// Returns the checksum with which it was sent over IPv4.
    #[must_use]
    pub fn checksum(&self, size: usize) -> u16 {
        let mut packet = Vec::with_capacity(HEADER + size);
        self.write(Family::V4, size, &mut packet);
        word(&packet, 2).unwrap_or_default()
    }
}

/// The echo that a reply answers or an error quotes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quoted {
    /// Its identifier.
    pub ident: u16,
    /// Its sequence number.
    pub sequence: u16,
    /// The checksum that stands in the quote: of the request in an error, of the reply in a reply.
    pub checksum: u16,
    /// Its cookie; `None` where the quote ends before it.
    pub cookie: Option<u64>,
}

/// What a packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// An echo reply.
    Reply {
        /// What it answers.
        echo: Quoted,
        /// Time to live as it arrived; `None` where the socket does not show it.
        ttl: Option<u8>,
        /// Bytes of data, the cookie's included.
        size: usize,
    },
    /// Somebody on the way could not or would not.
    Error {
        /// The type of the message.
        kind: u8,
        /// Its code.
        code: u8,
        /// Where the quoted echo was going.
        to: IpAddr,
        /// The quoted echo.
        echo: Quoted,
    },
}

/// The ways in which a packet can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Malformed {
    /// It ends before it says which echo it is about.
    #[error("the packet ends too early")]
    Truncated,
    /// Its checksum does not fit: it was changed on the way.
    #[error("the checksum is wrong")]
    Damaged,
    /// It is about something else than an echo.
    #[error("the packet is about no echo")]
    Alien,
}

/// Reads what a raw socket of a family gives: over IPv4 with the IP header, over IPv6 without.
///
/// The kernel checks the sum of `ICMPv6` before it hands a message over, and of ICMP only afterwards; so that one
/// is checked here.
pub fn read(family: Family, packet: &[u8]) -> Result<Heard, Malformed> {
    let (ttl, message) = match family {
        Family::V4 => {
            let length = header_length(packet)?;
            let message = packet.get(length..).ok_or(Malformed::Truncated)?;
            (packet.get(8).copied(), message)
        }
        Family::V6 => (None, packet),
    };
    let (Some(&kind), Some(&code)) = (message.first(), message.get(1)) else {
        return Err(Malformed::Truncated);
    };
    let (_, reply) = family.types();
    let is_error = match family {
        Family::V4 => matches!(kind, 3 | 11 | 12),
        Family::V6 => matches!(kind, 1..=4),
    };
    if kind != reply && !is_error {
        return Err(Malformed::Alien);
    }
    if message.len() < HEADER {
        return Err(Malformed::Truncated);
    }
    if family == Family::V4 && checksum(message) != 0 {
        return Err(Malformed::Damaged);
    }
    if kind == reply {
        return Ok(Heard::Reply {
            echo: echo(message)?,
            ttl,
            size: message.len() - HEADER,
        });
    }
    let quote = message.get(HEADER..).ok_or(Malformed::Truncated)?;
    let (to, echo) = quoted(family, quote)?;
    Ok(Heard::Error {
        kind,
        code,
        to,
        echo,
    })
}

/// Returns what an error says in the terms of a reading; `None` for what does not stop the echo on its way.
///
/// Code 1 of "time exceeded" is a reassembly that took too long and says nothing about the way; a packet that is
/// too big or that somebody cannot parse says something about the packet.
#[must_use]
pub fn refusal(family: Family, kind: u8, code: u8) -> Option<Refusal> {
    match (family, kind, code) {
        (Family::V4, 3, code) => Some(Refusal::Unreachable(code)),
        (Family::V6, 1, code) => Some(Refusal::Unreachable(code_of_v4(code))),
        (Family::V4, 11, 0) | (Family::V6, 3, 0) => Some(Refusal::TimeExceeded),
        _ => None,
    }
}

/// Returns the RFC 792 code that means what a code of `ICMPv6` means (RFC 4443 §3.1), so that there is one table.
#[must_use]
pub fn code_of_v4(code: u8) -> u8 {
    match code {
        0 => 0,          // no route: net
        1 | 5 | 6 => 13, // prohibited, source policy, reject route
        4 => 3,          // port
        _ => 1,          // beyond scope, address: host
    }
}

/// Returns the code of `ICMPv6` that means what a code of RFC 792 means: the same table, read from the other side.
#[must_use]
pub fn code_of_v6(code: u8) -> u8 {
    match code {
        0 => 0,           // net: no route
        9 | 10 | 13 => 1, // prohibited
        3 => 4,           // port
        _ => 3,           // host: address
    }
}

/// Returns type and code with which a router of a family says so: `refusal` read from the other side.
#[must_use]
pub fn spoken(family: Family, why: Refusal) -> (u8, u8) {
    match (family, why) {
        (Family::V4, Refusal::Unreachable(code)) => (3, code),
        (Family::V4, Refusal::TimeExceeded) => (11, 0),
        (Family::V6, Refusal::Unreachable(code)) => (1, code_of_v6(code)),
        (Family::V6, Refusal::TimeExceeded) => (3, 0),
    }
}

/// Reads the piece of our packet that an error holds: where it was going, and which it was.
fn quoted(family: Family, quote: &[u8]) -> Result<(IpAddr, Quoted), Malformed> {
    let (length, protocol, to) = match family {
        Family::V4 => {
            let to: [u8; 4] = bytes(quote, 16)?;
            (
                header_length(quote)?,
                (quote.get(9), ICMP),
                Ipv4Addr::from(to).into(),
            )
        }
        Family::V6 => {
            let to: [u8; 16] = bytes(quote, 24)?;
            (
                HEADER_V6,
                (quote.get(6), ICMP_V6),
                Ipv6Addr::from(to).into(),
            )
        }
    };
    if protocol.0 != Some(&protocol.1) {
        return Err(Malformed::Alien);
    }
    let inner = quote.get(length..).ok_or(Malformed::Truncated)?;
    let (request, _) = family.types();
    match inner.first() {
        None => Err(Malformed::Truncated),
        Some(kind) if *kind == request => Ok((to, echo(inner)?)),
        Some(_) => Err(Malformed::Alien),
    }
}

fn echo(message: &[u8]) -> Result<Quoted, Malformed> {
    Ok(Quoted {
        ident: word(message, 4)?,
        sequence: word(message, 6)?,
        checksum: word(message, 2)?,
        cookie: bytes(message, HEADER).ok().map(u64::from_be_bytes),
    })
}

/// Returns the length of an IPv4 header; it says it itself, and may lie.
fn header_length(packet: &[u8]) -> Result<usize, Malformed> {
    let first = packet.first().ok_or(Malformed::Truncated)?;
    let length = usize::from(first & 0x0f) * 4;
    if first >> 4 != 4 || length < 20 {
        return Err(Malformed::Alien);
    }
    Ok(length)
}

fn bytes<const N: usize>(from: &[u8], at: usize) -> Result<[u8; N], Malformed> {
    from.get(at..)
        .and_then(<[u8]>::first_chunk)
        .copied()
        .ok_or(Malformed::Truncated)
}

fn word(from: &[u8], at: usize) -> Result<u16, Malformed> {
    bytes(from, at).map(u16::from_be_bytes)
}

/// The Internet checksum (RFC 1071); 0 over a message whose own sum is in it and right.
fn checksum(message: &[u8]) -> u16 {
    let (words, rest) = message.as_chunks::<2>();
    let mut sum: u64 = words
        .iter()
        .map(|word| u64::from(u16::from_be_bytes(*word)))
        .sum();
    if let [last] = rest {
        sum += u64::from(*last) << 8;
    }
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}
