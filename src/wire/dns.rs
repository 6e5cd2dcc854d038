//! One question of DNS and its answer (RFC 1035): the addresses of a name, and nothing else.
//!
//! It is no resolver: it asks one server and believes only an answer with the same number and the same question.
//! Names within the answer are passed over and never followed, so no pointer can lead in a circle.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// The fixed part of a message.
const HEADER: usize = 12;

/// Answers beyond this are not read.
const MOST: u16 = 64;

/// IPv4 addresses.
const A: u16 = 1;
/// IPv6 addresses (RFC 3596).
const AAAA: u16 = 28;

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The addresses of the name, as many as it gave; none where the name has none of this kind.
    Addresses(Vec<IpAddr>),
    /// The code of a refusal: 2 server failure, 3 no such name, 5 refused.
    Refused(u8),
}

/// Returns the question for the IPv4 addresses of a name.
#[must_use]
pub fn question(number: u16, name: &str) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER + name.len() + 6);
    bytes.extend(number.to_be_bytes());
    // Recursion desired, one question.
    bytes.extend([1, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        let length = label.len().min(63);
        bytes.push(length as u8);
        bytes.extend(label.bytes().take(length));
    }
    bytes.extend([0, 0, A as u8, 0, 1]);
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
    for _ in 0..word(bytes, 6)?.min(MOST) {
        at = past_name(bytes, at)?;
        let (kind, length) = (word(bytes, at)?, usize::from(word(bytes, at + 8)?));
        let data = bytes.get(at + 10..at + 10 + length)?;
        at += 10 + length;
        match kind {
            A => addresses.push(Ipv4Addr::from(<[u8; 4]>::try_from(data).ok()?).into()),
            AAAA => addresses.push(Ipv6Addr::from(<[u8; 16]>::try_from(data).ok()?).into()),
            _ => {}
        }
    }
    Some(Answer::Addresses(addresses))
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
