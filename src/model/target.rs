//! A target: whom we ask, by which method, with which policy.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;
use std::time::Duration;

use crate::model::{CredentialName, NodeId};

/// How a node is asked. The order is that of trust: a ping before a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Method {
    /// ICMP echo (RFC 792, RFC 4443).
    Ping,
    /// SNMP system and interface groups.
    Snmp,
    /// A TCP handshake with this port.
    Tcp(u16),
}

impl fmt::Display for Method {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ping => f.write_str("ping"),
            Self::Snmp => f.write_str("snmp"),
            Self::Tcp(port) => write!(f, "tcp:{port}"),
        }
    }
}

/// Why a text names no method.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not a way to ask; write `ping`, `snmp` or `tcp:PORT`.")]
pub struct NotAMethod(pub String);

impl FromStr for Method {
    type Err = NotAMethod;

    fn from_str(text: &str) -> Result<Self, NotAMethod> {
        match text {
            "ping" => Ok(Self::Ping),
            "snmp" => Ok(Self::Snmp),
            _ => match text.strip_prefix("tcp:").map(str::parse) {
                Some(Ok(port)) if port != 0 => Ok(Self::Tcp(port)),
                _ => Err(NotAMethod(text.to_owned())),
            },
        }
    }
}

/// A node and the way it is asked.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TargetId {
    /// Whom.
    pub node: NodeId,
    /// How.
    pub method: Method,
}

/// Whom we ask, by which method, with which policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// Node and method.
    pub id: TargetId,
    /// Where the question goes.
    pub address: IpAddr,
    /// Time between two rounds.
    pub interval: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// Questions repeated within one reading (SNMP only; a ping is never repeated, its loss is counted).
    pub retries: u8,
    /// The credential's name (SNMP only).
    pub credential: Option<CredentialName>,
}
