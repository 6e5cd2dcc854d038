//! A hint: what a device said unasked, by an SNMP trap or inform; a reason to ask it, and never more.
//!
//! A datagram can be forged, late, or lost, so nothing is concluded from one: it only brings the next question
//! forward, and stands beside the answers as evidence.

use std::time::Instant;

use crate::model::NodeId;
use crate::model::text::DeviceText;

/// What one device said, and when it was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// Who said it: the node that has the datagram's source address.
    pub node: NodeId,
    /// What it said.
    pub sign: Sign,
    /// The port that it is about, where it names one.
    pub port: Option<HintedPort>,
    /// When it was heard.
    pub at: Instant,
}

/// What devices say unasked: the standard traps (RFC 3418, RFC 2863), and everything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sign {
    /// It has started, and its configuration may be another.
    ColdStart,
    /// It has started with the configuration that it had.
    WarmStart,
    /// A port went down.
    LinkDown,
    /// A port came up.
    LinkUp,
    /// Somebody asked it with a wrong community or key.
    AuthenticationFailure,
    /// Something of its maker's own.
    Other,
}

impl Sign {
    /// Returns the name that SNMPv2-MIB and IF-MIB give it; `enterprise` for a maker's own.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::ColdStart => "coldStart",
            Self::WarmStart => "warmStart",
            Self::LinkDown => "linkDown",
            Self::LinkUp => "linkUp",
            Self::AuthenticationFailure => "authenticationFailure",
            Self::Other => "enterprise",
        }
    }
}

/// A port as a trap names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HintedPort {
    /// By ifIndex alone; what it is called stands in the device's last poll.
    Index(u32),
    /// By its name.
    Named(DeviceText),
}
