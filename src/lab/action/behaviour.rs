//! How a node's agent behaves: in health, in sickness, and when it lies.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::lab::action::span;

/// How long an agent that is slow takes, unless it is said.
const SLOW: Duration = Duration::from_secs(5);

/// How long one that trickles takes for each cell.
const TRICKLE: Duration = Duration::from_millis(500);

/// How a node answers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// As it should.
    #[default]
    Well,
    /// No SNMP; it still answers pings.
    Killed,
    /// SNMP answers come this much later.
    Slow(Duration),
    /// SNMP tells tables one cell at a time, and each answer comes this much later.
    Trickle(Duration),
    /// SNMP answers are noise.
    Garbage,
    /// SNMP answers are another device's, from that device's address.
    Another,
    /// SNMP stops in the middle of the interface table.
    Partial,
    /// SNMP answers bear another number than the question.
    Renumbered,
    /// SNMP answers tell of objects that nobody asked for.
    Unasked,
    /// SNMP tables begin again where they end.
    Circle,
    /// SNMP tables never end.
    Endless,
    /// The clock of the `SNMPv3` engine jumps from one datagram to the next; version 2c, which has none, is well.
    Clock,
    /// Counters run backwards, while sysUpTime goes on.
    Backwards,
    /// No echo; SNMP answers.
    Pingless,
    /// Starts again at once: sysUpTime and counters from zero, engineBoots one higher. Well afterwards.
    Reboot,
}

/// Every behaviour and its word; what is said of a time is what it takes where none is written.
const WORDS: &[(&str, Behaviour)] = &[
    ("well", Behaviour::Well),
    ("killed", Behaviour::Killed),
    ("slow", Behaviour::Slow(SLOW)),
    ("trickle", Behaviour::Trickle(TRICKLE)),
    ("garbage", Behaviour::Garbage),
    ("another", Behaviour::Another),
    ("partial", Behaviour::Partial),
    ("renumbered", Behaviour::Renumbered),
    ("unasked", Behaviour::Unasked),
    ("circle", Behaviour::Circle),
    ("endless", Behaviour::Endless),
    ("clock", Behaviour::Clock),
    ("backwards", Behaviour::Backwards),
    ("no-ping", Behaviour::Pingless),
    ("reboot", Behaviour::Reboot),
];

impl Behaviour {
    /// Returns every behaviour, the slow ones with the time that they take where none is said.
    pub fn all() -> impl Iterator<Item = Self> {
        WORDS.iter().map(|(_, behaviour)| *behaviour)
    }

    /// Returns how much later its answers come, where that is what ails it.
    #[must_use]
    pub fn delay(self) -> Option<Duration> {
        match self {
            Self::Slow(by) | Self::Trickle(by) => Some(by),
            _ => None,
        }
    }

    /// Returns the same behaviour with another delay; `None` where it has none.
    #[must_use]
    fn with_delay(self, by: Duration) -> Option<Self> {
        match self {
            Self::Slow(_) => Some(Self::Slow(by)),
            Self::Trickle(_) => Some(Self::Trickle(by)),
            _ => None,
        }
    }
}

impl fmt::Display for Behaviour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_of_its_kind =
            |other: &Self| std::mem::discriminant(other) == std::mem::discriminant(self);
        let known = WORDS.iter().find(|(_, other)| is_of_its_kind(other));
        f.write_str(known.map_or("", |(word, _)| word))?;
        self.delay()
            .iter()
            .try_for_each(|by| write!(f, " {}ms", by.as_millis()))
    }
}

/// Why a text is no behaviour.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a way to behave; write {list}.", list = list())]
pub struct NotABehaviour(pub String);

/// Returns all words as a person reads them.
fn list() -> String {
    let mut words: Vec<String> = WORDS
        .iter()
        .map(|(word, behaviour)| match behaviour.delay() {
            Some(by) if by.subsec_millis() == 0 => format!("`{word} [{}s]`", by.as_secs()),
            Some(by) => format!("`{word} [{}ms]`", by.as_millis()),
            None => format!("`{word}`"),
        })
        .collect();
    let last = words.pop().unwrap_or_default();
    format!("{} or {last}", words.join(", "))
}

impl FromStr for Behaviour {
    type Err = NotABehaviour;

    fn from_str(text: &str) -> Result<Self, NotABehaviour> {
        let mut words = text.split_whitespace();
        let known =
            match (words.next(), words.next(), words.next()) {
                (Some(first), by, None) => WORDS.iter().find(|(word, _)| *word == first).and_then(
                    |(_, behaviour)| match by {
                        None => Some(*behaviour),
                        Some(by) => behaviour.with_delay(span(by)?),
                    },
                ),
                _ => None,
            };
        known.ok_or_else(|| NotABehaviour(text.to_owned()))
    }
}
