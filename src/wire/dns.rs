//! One question of DNS and its answer (RFC 1035): the addresses of a name, and nothing else.
//!
//! It is no resolver: it asks one server and believes only an answer with the same number and the same question.
//! Names within the answer are passed over and never followed, so no pointer can lead in a circle.
//!
//! The other side is here too: what the lab's servers read of a question and write for an answer.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The fixed part of a message.
const HEADER: usize = 12;

/// Answers beyond this are not read.
const MOST: u16 = 64;

/// IPv4 addresses.
const A: u16 = 1;
/// IPv6 addresses (RFC 3596).
const AAAA: u16 = 28;
/// More was to be said than the datagram had room for.
const TRUNCATED: u16 = 0x0200;
/// The class of the Internet.
const INTERNET: u16 = 1;

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The addresses of the name, as many as it gave; none where the name has none of this kind.
    Addresses(Vec<IpAddr>),
    /// As many of them as the datagram had room for: the whole is had by a stream (RFC 7766).
    Truncated(Vec<IpAddr>),
    /// The code of a refusal: 2 server failure, 3 no such name, 5 refused.
    Refused(u8),
}

/// Returns the question for the IPv4 addresses of a name.
#[must_use]
pub fn question(number: u16, name: &str) -> Vec<u8> {
    query(number, name, A)
}

/// Returns the question for the IPv6 addresses of a name.
#[must_use]
pub fn question_v6(number: u16, name: &str) -> Vec<u8> {
    query(number, name, AAAA)
}

fn query(number: u16, name: &str, kind: u16) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + name.len() + 6);
    bytes.extend(number.to_be_bytes());
    // Recursion desired, one question.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let length = label.len().min(63);
        bytes.push(length as u8);
        bytes.extend(label.bytes().take(length));
    }
    bytes.push(0);
    bytes.extend(kind.to_be_bytes());
    bytes.extend(INTERNET.to_be_bytes());
    bytes
}

/// Reads an answer to a question; `None` for what is none, or not to this one.
#[must_use]
pub fn answer(bytes: &[u8], question: &[u8]) -> Option<Answer> {
    let flags = word(bytes, 2)?;
    let asked = question.get(HEADER..)?;
    let end = HEADER + asked.len();
    let is_ours = bytes.get(..2)? == question.get(..2)?
        && flags & 0x8000 != 0
        && word(bytes, 4)? == 1
        && bytes.get(HEADER..end)?.eq_ignore_ascii_case(asked);
    if !is_ours {
        return None;
    }
    let code = (flags & 0xF) as u8;
    if code != 0 {
        return Some(Answer::Refused(code));
    }
    let mut at = end;
    let mut addresses = Vec::new();
    let is_truncated = flags & TRUNCATED != 0;
    for _ in 0..word(bytes, 6)?.min(MOST) {
        match record(bytes, at) {
            Some((address, next)) => {
                addresses.extend(address);
                at = next;
            }
            // A record may be cut off in its middle; what stands before it is whole.
            None if is_truncated => break,
            None => return None,
        }
    }
    Some(if is_truncated {
        Answer::Truncated(addresses)
    } else {
        Answer::Addresses(addresses)
    })
}

/// Reads one record: the address that it holds, if it holds one, and where the next begins.
fn record(bytes: &[u8], at: usize) -> Option<(Option<IpAddr>, usize)> {
    let at = past_name(bytes, at)?;
    let (kind, length) = (word(bytes, at)?, usize::from(word(bytes, at + 8)?));
    let end = at + 10 + length;
    let data = bytes.get(at + 10..end)?;
    let address = match kind {
        A => Some(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
        AAAA => Some(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
        _ => None,
    };
    Some((address, end))
}

/// Returns a message as it is sent over a stream: behind its length (RFC 1035, 4.2.2). What is longer than a length
/// can say is cut.
#[must_use]
pub fn framed(message: &[u8]) -> Vec<u8> {
    let length = u16::try_from(message.len()).unwrap_or(u16::MAX);
    let whole = message.iter().take(length.into());
    length.to_be_bytes().iter().chain(whole).copied().collect()
}

/// A question as a server reads it: one name, of which the addresses of one kind are wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The name, in small letters and without the last dot.
    pub name: String,
    /// The kind of record that is wanted, 1 (IPv4) and 28 (IPv6) among them.
    pub kind: u16,
    /// From the number on to the end of the question, as it came.
    head: Vec<u8>,
}

/// What a server says to a question.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Said<'a> {
    /// The addresses of the name; those of another kind than was asked for are left out.
    Addresses(&'a [IpAddr]),
    /// The code of a refusal, 1 to 15.
    Refused(u8),
}

/// How long an answer may be kept, in seconds: what is asked for is whether it is there now.
const KEPT: u32 = 0;

/// Reads a question; `None` for what is none, is no plain query (opcode 0), asks for more than one thing, or for no
/// address class.
#[must_use]
pub fn asked(bytes: &[u8]) -> Option<Asked> {
    let flags = word(bytes, 2)?;
    // A response, another opcode, or more than one question.
    if flags & 0xF800 != 0 || word(bytes, 4)? != 1 {
        return None;
    }
    let end = past_name(bytes, HEADER)?;
    let (kind, class) = (word(bytes, end)?, word(bytes, end + 2)?);
    let mut labels = Vec::new();
    let mut at = HEADER;
    // The first name of a message has nothing before it that it could point to.
    while let length @ 1..=63 = usize::from(*bytes.get(at)?) {
        let label = std::str::from_utf8(bytes.get(at + 1..at + 1 + length)?).ok()?;
        labels.push(label.to_ascii_lowercase());
        at += 1 + length;
    }
    (at + 1 == end && class == INTERNET).then(|| Asked {
        name: labels.join("."),
        kind,
        head: bytes.get(..end + 4).unwrap_or_default().to_vec(),
    })
}

impl Asked {
    /// Returns the answer of a server that knows its own names and asks nobody else.
    #[must_use]
    pub fn answer(&self, said: Said<'_>) -> Vec<u8> {
        let (code, addresses) = match said {
            Said::Addresses(addresses) => (0, addresses),
            Said::Refused(code) => (u16::from(code & 0xF), &[][..]),
        };
        let records: Vec<Vec<u8>> = addresses
            .iter()
            .filter_map(|address| match (address, self.kind) {
                (IpAddr::V4(address), A) => Some(address.octets().to_vec()),
                (IpAddr::V6(address), AAAA) => Some(address.octets().to_vec()),
                _ => None,
            })
            .take(usize::from(MOST))
            .collect();
        let mut bytes = self.head.clone();
        // Response, authoritative, and whether recursion was desired as it came.
        let flags = 0x8400 | word(&bytes, 2).unwrap_or_default() & 0x0100 | code;
        let count = records.len() as u16;
        for (at, value) in [(2, flags), (6, count), (8, 0), (10, 0)] {
            if let Some(place) = bytes.get_mut(at..at + 2) {
                place.copy_from_slice(&value.to_be_bytes());
            }
        }
        for record in records {
            // The name is that of the question (RFC 1035, 4.1.4).
            bytes.extend([0xC0, HEADER as u8]);
            bytes.extend(self.kind.to_be_bytes());
            bytes.extend(INTERNET.to_be_bytes());
            bytes.extend(KEPT.to_be_bytes());
            bytes.extend((record.len() as u16).to_be_bytes());
            bytes.extend(record);
        }
        bytes
    }
}

fn word(bytes: &[u8], at: usize) -> Option<u16> {
    let pair = bytes.get(at..at.checked_add(2)?)?;
    Some(u16::from_be_bytes([*pair.first()?, *pair.last()?]))
}

/// Returns where a name ends: at its empty label, or behind its first pointer.
fn past_name(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *bytes.get(at)? {
            0 => return Some(at + 1),
            length if length & 0xC0 == 0xC0 => return Some(at + 2),
            length if length & 0xC0 == 0 => at += 1 + usize::from(length),
            _ => return None,
        }
    }
}
