//! A finding: where two pictures of one network part, with a stable code.
//!
//! It is not a fault of what somebody wrote (`model::fault`), because both pictures may be sound. It holds values
//! and no sentences: a reason is a variant, its words stand in the table of `report`.

pub mod code;

use std::fmt;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::analysis::finding::code::Code;
use crate::model::device::PortStatus;
use crate::model::{Element, NodeId};

/// How much a finding matters; the order is that of the text, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Somebody is cut off by it, or a cable is not where it is said to be.
    Error,
    /// It will hurt once something else fails, or the record is wrong.
    Warning,
    /// To be known.
    Note,
}

impl Severity {
    /// Returns the word that JSON and gates have for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// A kind of thing that a topology declares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[expect(missing_docs, reason = "the names are the topology's tables")]
pub enum Kind {
    Network,
    Agency,
    Node,
    Link,
    Risk,
    Service,
    Maintenance,
    Candidate,
    Area,
    Provider,
    Hours,
    /// What `[defaults.link.KIND]` says.
    Defaults,
}

impl Kind {
    /// Returns the kind in one English word, as TOML and JSON have it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Network => "network",
            Self::Agency => "agency",
            Self::Node => "node",
            Self::Link => "link",
            Self::Risk => "risk",
            Self::Service => "service",
            Self::Maintenance => "maintenance",
            Self::Candidate => "candidate",
            Self::Area => "area",
            Self::Provider => "provider",
            Self::Hours => "hours",
            Self::Defaults => "defaults",
        }
    }
}

/// What a finding is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
pub struct Thing {
    /// Its kind.
    pub kind: Kind,
    /// Its id.
    pub id: String,
}

impl Thing {
    /// Names a thing.
    #[must_use]
    pub fn new(kind: Kind, id: impl Into<String>) -> Self {
        Self {
            kind,
            id: id.into(),
        }
    }
}

impl fmt::Display for Thing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind.word(), self.id)
    }
}

/// A value of a key, typed: how it is written is the business of whoever shows it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Value {
    Text(String),
    Flag(bool),
    Whole(u64),
    Number(f64),
    Time(Duration),
    /// Bits a second.
    Bits(u64),
    Moment(Timestamp),
    /// In the order in which it is written.
    List(Vec<String>),
}

/// How a neighbour was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// IEEE 802.1AB.
    Lldp,
    /// Cisco's.
    Cdp,
}

impl By {
    /// Returns the name that people use.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lldp => "LLDP",
            Self::Cdp => "CDP",
        }
    }
}

/// By which of its marks a neighbour was known, in the order in which they are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Mark {
    /// The chassis id.
    Chassis,
    /// The system name.
    SystemName,
    /// A management address.
    Address,
}

/// Who the other end of a cable was taken for.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Far {
    /// One node.
    Node(NodeId, Mark),
    /// Several nodes bear the mark.
    Several(Vec<NodeId>, Mark),
    /// None does; this is what it calls itself.
    Stranger(String),
}

/// One thing that was seen, and by whom.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Evidence {
    /// A device heard a neighbour on a port.
    Heard {
        /// The node that heard.
        by: NodeId,
        /// On which of its ports.
        port: String,
        /// By which protocol.
        protocol: By,
        /// Whom.
        far: Far,
        /// The port that the neighbour says it sent from; empty where it does not say.
        far_port: String,
    },
    /// A device hears nobody on a port.
    Nobody {
        /// The node.
        by: NodeId,
        /// The port.
        port: String,
    },
    /// A device tells its neighbours, and this one is not among them.
    NotAmong {
        /// The node that tells.
        by: NodeId,
        /// Who is not among them.
        far: NodeId,
    },
    /// A device has learnt that a node's address is behind a port: by ARP, or as a bridge.
    Learnt {
        /// The node that has learnt it.
        by: NodeId,
        /// Behind which of its ports.
        port: String,
        /// Whose address.
        far: NodeId,
        /// The physical address, lower case, with colons.
        mac: String,
    },
    /// The state of a port.
    Port {
        /// The node.
        by: NodeId,
        /// The port.
        port: String,
        /// ifOperStatus.
        oper: PortStatus,
    },
    /// The speed of a port, bits a second.
    Speed {
        /// The node.
        by: NodeId,
        /// The port.
        port: String,
        /// Bits a second.
        bits: u64,
    },
    /// Whether a port sends and receives at once.
    Duplex {
        /// The node.
        by: NodeId,
        /// The port.
        port: String,
        /// Full.
        full: bool,
    },
    /// The device has no such port.
    NoPort {
        /// The node.
        by: NodeId,
        /// The port that was declared.
        port: String,
    },
    /// What the device says of itself.
    Says {
        /// The node.
        by: NodeId,
        /// The object, in the MIB's word.
        object: &'static str,
        /// What it says.
        value: String,
    },
    /// It did not answer.
    Silent {
        /// The node.
        node: NodeId,
        /// Where it was asked.
        address: IpAddr,
    },
    /// What would cut an agency off now.
    SinglePoint(Element),
}

/// One difference.
#[derive(Clone, Debug, PartialEq)]
pub struct Finding {
    /// Which.
    pub code: Code,
    /// What it is about.
    pub about: Thing,
    /// What would have to fail or be worked on: the element behind it, where there is one.
    pub element: Option<Element>,
    /// The key that differs, in the topology's word.
    pub field: Option<&'static str>,
    /// What is declared, or was before.
    pub declared: Option<Value>,
    /// What is seen, or is now.
    pub seen: Option<Value>,
    /// By whom and how it was seen.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// Begins a finding of which nothing more is known.
    #[must_use]
    pub fn new(code: Code, about: Thing, element: Option<Element>) -> Self {
        Self {
            code,
            about,
            element,
            field: None,
            declared: None,
            seen: None,
            evidence: Vec::new(),
        }
    }

    /// Returns the place in every list: the worst first, then code, thing and key.
    #[must_use]
    pub fn place(&self) -> (Severity, Code, &Thing, Option<&'static str>) {
        (self.code.severity(), self.code, &self.about, self.field)
    }
}
