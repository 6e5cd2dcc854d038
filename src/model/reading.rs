//! A reading: one answer or silence from one target by one method at one moment.
//!
//! A time-out is an answer (`Silent`), not an error, and so is `Unsent`: our own socket could not, which says
//! nothing about the target and must never be read as down.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::device::Device;
use crate::model::target::TargetId;

/// One answer or silence.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Who was asked, and how.
    pub target: TargetId,
    /// When the question left.
    pub asked: Instant,
    /// Whether its round asked, and not an inquiry or somebody else in between: only rounds ask all alike.
    pub in_round: bool,
    /// When the answer came, or when we stopped waiting.
    pub at: Instant,
    /// What was heard.
    pub answer: Answer,
}

/// What was heard.
#[derive(Clone, Debug)]
pub enum Answer {
    /// It answered: an echo reply, or a TCP handshake (no TTL then).
    Echo {
        /// There and back.
        rtt: Duration,
        /// Time to live of the reply as it arrived, where the socket shows it.
        ttl: Option<u8>,
    },
    /// A router answered in its place: unreachable or time exceeded (RFC 792). Evidence, not an answer.
    Refused {
        /// The router that said so.
        by: IpAddr,
        /// What it said.
        why: Refusal,
    },
    /// An SNMP poll, whole.
    Device(Arc<Device>),
    /// An SNMP poll that stopped in the middle: it is alive, but the tables are not to be trusted as whole.
    Partial(Arc<Device>),
    /// Nothing within the time-out.
    Silent,
    /// Our own socket could not send: unknown, never down.
    Unsent {
        /// What the socket said.
        why: Arc<str>,
    },
}

impl Answer {
    /// Returns whether the target itself was heard.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        matches!(self, Self::Echo { .. } | Self::Device(_) | Self::Partial(_))
    }
}

/// What a router says in another's place (RFC 792).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Refusal {
    /// Type 3, with its code: 0 net, 1 host, 3 port, 13 administratively prohibited.
    Unreachable(u8),
    /// Type 11: the time to live ran out, most often in a loop.
    TimeExceeded,
}

/// The way back, from the monitor to the probes: a target to ask now, before the round.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// Whom.
    pub target: TargetId,
    /// How often; 1 for a look, 8 for an inquiry, 0 for no more of what was asked for.
    pub times: u8,
    /// Time between two of them.
    pub spacing: Duration,
}

impl Ask {
    /// Returns the ask that takes back what is still asked for of a target.
    #[must_use]
    pub fn no_more(target: TargetId) -> Self {
        Self {
            target,
            times: 0,
            spacing: Duration::ZERO,
        }
    }
}
