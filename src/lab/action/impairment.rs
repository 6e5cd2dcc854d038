//! What a part of the network does to the packets that cross it, short of losing them by chance.
//!
//! `rate LINK BITS [QUEUE]`, `duplicate ELEMENT PERCENT`, `reorder ELEMENT PERCENT [SPAN]`, `mtu LINK OCTETS`,
//! `oneway LINK NODE`, `icmp-limit NODE RATE [OTHERS]`: the same words, in the same order, are what a scenario's tables hold.

use std::fmt;
use std::time::Duration;

use crate::lab::action::{Action, Misunderstood, element_of, node_of, percent, ratio_of, span};
use crate::model::network::{Link, Network};
use crate::model::{Element, NodeId};

/// How long a packet may wait for its turn, unless it is said.
const QUEUE: Duration = Duration::from_millis(100);

/// How much later a packet comes that others overtake, unless it is said.
const HELD: Duration = Duration::from_millis(50);

/// Bits a second that a link may be slowed to: below, one packet takes seconds; above, nothing is slowed.
const RATES: std::ops::RangeInclusive<u64> = 1_000..=1_000_000_000_000;

/// What every IPv4 link must carry in one piece (RFC 791).
const LEAST: u16 = 68;

/// The longest that a packet is held or waits: past a minute everybody has given up.
const LONGEST: Duration = Duration::from_mins(1);

/// ICMP messages a second that a node may be limited to, and that others may ask of it: below, it is as good as
/// silent; above, nothing notices.
const A_SECOND: std::ops::RangeInclusive<f64> = 0.001..=100_000.0;

/// What is done to packets.
#[derive(Clone, Debug, PartialEq)]
pub enum Impairment {
    /// A link sends no faster than this, in either direction, and drops what would wait too long (tail drop).
    Rate(Rate),
    /// A share of the packets, 0..1, is sent on twice; 0 takes it away.
    Duplicate(f64),
    /// A share of the packets, 0..1, is held back, so that later ones overtake; 0 takes it away.
    Reorder {
        /// The share.
        ratio: f64,
        /// How much later they come.
        by: Duration,
    },
    /// A link carries packets of at most so many octets in one piece, IP header included.
    Mtu(u16),
    /// A link carries nothing towards this end of it, and everything towards the other.
    OneWay(NodeId),
    /// A node sends no more ICMP than this: echo replies, and errors about other people's packets.
    IcmpLimit(IcmpLimit),
}

/// How much ICMP a node sends, and how much of that others use up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct IcmpLimit {
    /// Messages a second, in the long run; as many at once, from one to six.
    pub rate: f64,
    /// Echoes a second that others ask of it at random moments; 0 where nobody does.
    pub others: f64,
}

/// How fast a link sends, and for how long packets may queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// Bits a second, counted over whole IP packets.
    pub bits: u64,
    /// How long a packet waits at most; one that would wait longer is dropped.
    pub queue: Duration,
}

impl Impairment {
    /// Returns the word for it.
    #[must_use]
    pub fn verb(&self) -> &'static str {
        match self {
            Self::Rate(_) => "rate",
            Self::Duplicate(_) => "duplicate",
            Self::Reorder { .. } => "reorder",
            Self::Mtu(_) => "mtu",
            Self::OneWay(_) => "oneway",
            Self::IcmpLimit(_) => "icmp-limit",
        }
    }

    /// Returns whether it does nothing, and so takes its like away.
    #[must_use]
    pub fn is_none(&self) -> bool {
        match self {
            Self::Duplicate(ratio) | Self::Reorder { ratio, .. } => *ratio <= 0.0,
            Self::Rate(_) | Self::Mtu(_) | Self::OneWay(_) | Self::IcmpLimit(_) => false,
        }
    }
}

impl fmt::Display for Impairment {
    /// Writes what stands after the element.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rate(rate) => write!(f, "{} {}", bits(rate.bits), short(rate.queue)),
            Self::Duplicate(ratio) => write!(f, "{}", percent(*ratio)),
            Self::Reorder { ratio, by } => write!(f, "{} {}", percent(*ratio), short(*by)),
            Self::Mtu(octets) => write!(f, "{octets}"),
            Self::OneWay(toward) => write!(f, "node:{toward}"),
            Self::IcmpLimit(limit) if limit.others > 0.0 => {
                write!(f, "{} {}", limit.rate, limit.others)
            }
            Self::IcmpLimit(limit) => write!(f, "{}", limit.rate),
        }
    }
}

/// Reads what stands after the verb; `None` if the verb is none of these, or the number of words is wrong.
///
/// Words that are too few or too many are no line at all. An error comes with the place of the word that is wrong.
pub fn read(
    verb: &str,
    words: &[&str],
    network: &Network,
) -> Option<Result<Action, (usize, Misunderstood)>> {
    let element: fn(&str, &Network) -> Result<Element, Misunderstood> = match verb {
        "duplicate" | "reorder" => element_of,
        "icmp-limit" => |text, network| node_of(text, network).map(Element::Node),
        _ => link_of,
    };
    let made = |by: Result<Impairment, (usize, Misunderstood)>| {
        let element = element(words[0], network).map_err(|error| (0, error))?;
        let by = by?;
        if let (Impairment::OneWay(toward), Element::Link(id)) = (&by, &element) {
            let ends = network.links.get(id).map(Link::ends);
            if !ends.is_some_and(|ends| ends.iter().any(|end| end.node == *toward)) {
                return Err((1, Misunderstood::Toward(toward.clone())));
            }
        }
        Ok(Action::Impair { element, by })
    };
    let by = match (verb, words) {
        ("rate", [_, rate]) => bits_of(rate).map(|bits| Rate { bits, queue: QUEUE }),
        ("rate", [_, rate, queue]) => bits_of(rate).and_then(|bits| {
            Ok(Rate {
                bits,
                queue: held(queue)?,
            })
        }),
        ("duplicate", [_, ratio]) => {
            return Some(made(ratio_at(ratio).map(Impairment::Duplicate)));
        }
        ("reorder", [_, ratio]) => {
            let by = ratio_at(ratio).map(|ratio| Impairment::Reorder { ratio, by: HELD });
            return Some(made(by));
        }
        ("reorder", [_, ratio, by]) => {
            let by = ratio_at(ratio).and_then(|ratio| {
                Ok(Impairment::Reorder {
                    ratio,
                    by: held(by)?,
                })
            });
            return Some(made(by));
        }
        ("mtu", [_, octets]) => {
            let octets = octets.parse().ok().filter(|octets| *octets >= LEAST);
            let octets = octets.ok_or_else(|| (1, Misunderstood::Mtu(words[1].to_owned())));
            return Some(made(octets.map(Impairment::Mtu)));
        }
        ("oneway", [_, toward]) => {
            let toward = node_of(toward, network).map_err(|error| (1, error));
            return Some(made(toward.map(Impairment::OneWay)));
        }
        ("icmp-limit", [_, rate, others @ ..]) if others.len() <= 1 => {
            let by = a_second(rate, 1).and_then(|rate| {
                let others = others.first().map_or(Ok(0.0), |text| a_second(text, 2))?;
                Ok(Impairment::IcmpLimit(IcmpLimit { rate, others }))
            });
            return Some(made(by));
        }
        _ => return None,
    };
    Some(made(by.map(Impairment::Rate)))
}

/// Reads a link that must exist, with or without `link:`.
fn link_of(text: &str, network: &Network) -> Result<Element, Misunderstood> {
    let element = if text.contains(':') {
        element_of(text, network)?
    } else {
        element_of(&format!("link:{text}"), network)?
    };
    if matches!(element, Element::Link(_)) {
        Ok(element)
    } else {
        Err(Misunderstood::NotALink(element))
    }
}

fn ratio_at(text: &str) -> Result<f64, (usize, Misunderstood)> {
    ratio_of(text).map_err(|error| (1, error))
}

fn held(text: &str) -> Result<Duration, (usize, Misunderstood)> {
    span(text)
        .filter(|span| *span <= LONGEST)
        .ok_or_else(|| (2, Misunderstood::Span(text.to_owned())))
}

fn a_second(text: &str, at: usize) -> Result<f64, (usize, Misunderstood)> {
    text.parse()
        .ok()
        .filter(|number| A_SECOND.contains(number))
        .ok_or_else(|| (at, Misunderstood::ASecond(text.to_owned())))
}

/// Reads bits a second with a decimal prefix: `2M`, `512k`, `1.5G`.
fn bits_of(text: &str) -> Result<u64, (usize, Misunderstood)> {
    let wrong = || (1, Misunderstood::Rate(text.to_owned()));
    let (number, unit) = match text.char_indices().last().ok_or_else(wrong)? {
        (at, 'k' | 'K') => (&text[..at], 1e3),
        (at, 'M') => (&text[..at], 1e6),
        (at, 'G') => (&text[..at], 1e9),
        _ => (text, 1.0),
    };
    let number: f64 = number.parse().map_err(|_| wrong())?;
    // What is negative, infinite or no number is no text of digits either.
    format!("{:.0}", number * unit)
        .parse()
        .ok()
        .filter(|bits| RATES.contains(bits))
        .ok_or_else(wrong)
}

/// Writes bits a second with the greatest prefix that leaves a whole number.
fn bits(bits: u64) -> String {
    [(1_000_000_000, "G"), (1_000_000, "M"), (1_000, "k")]
        .into_iter()
        .find(|(unit, _)| bits.is_multiple_of(*unit))
        .map_or_else(
            || bits.to_string(),
            |(unit, name)| format!("{}{name}", bits / unit),
        )
}

/// Writes a span in the greatest of these units that leaves a whole number.
fn short(span: Duration) -> String {
    let nanos = span.as_nanos();
    if nanos.is_multiple_of(1_000_000) {
        format!("{}ms", nanos / 1_000_000)
    } else if nanos.is_multiple_of(1_000) {
        format!("{}us", nanos / 1_000)
    } else {
        format!("{nanos}ns")
    }
}
