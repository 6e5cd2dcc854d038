//! An incident: one root cause with everything behind it.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

use crate::model::health::Loss;
use crate::model::hint::Sign;
use crate::model::text::DeviceText;
use crate::model::{AgencyId, Element, NodeId};

/// Numbers incidents within one monitor's state, from 1: `I-0001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct IncidentId(pub u32);

impl fmt::Display for IncidentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "I-{:04}", self.0)
    }
}

impl Serialize for IncidentId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

/// What an incident is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentKind {
    /// The monitor itself is cut off: nothing else can be told.
    Monitor,
    /// Agencies are cut off.
    Outage,
    /// A declared link or node is lost, nobody is cut off.
    Redundancy,
    /// Answers are lost on the way.
    Loss,
}

impl IncidentKind {
    /// Returns the word of JSON and filters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Monitor => "monitor",
            Self::Outage => "outage",
            Self::Redundancy => "redundancy",
            Self::Loss => "loss",
        }
    }
}

/// How bad an incident is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum IncidentSeverity {
    /// Shown, and does not alarm: in maintenance.
    Info,
    /// Redundancy or quality is lost.
    Warning,
    /// Somebody is cut off.
    Critical,
}

/// One reason for or against a cause: a value, which the faces put into words.
///
/// "It" is the cause. Behind it are the nodes that have no path to the monitor without it.
#[derive(Clone, Debug, PartialEq)]
pub enum Evidence {
    /// The node is the cause itself, with nobody else behind it, and silent.
    Silent(NodeId),
    /// The one node behind it is silent.
    OnlyBehind(NodeId),
    /// Of several nodes behind it so many are silent.
    Behind {
        /// How many are silent.
        silent: usize,
        /// How many there are.
        all: usize,
    },
    /// Of the nodes whose way goes over it so many are silent, although another path leads to them: routing has not
    /// noticed.
    NotAvoided {
        /// How many are silent.
        silent: usize,
        /// How many there are.
        all: usize,
    },
    /// A node that answers reports a port.
    Port {
        /// Who reports.
        observer: NodeId,
        /// The node to which the port leads.
        far: NodeId,
        /// Whether it is reported up.
        up: bool,
    },
    /// A router says that a silent node is unreachable.
    Unreachable {
        /// The router.
        router: NodeId,
        /// The silent node.
        node: NodeId,
    },
    /// This node right in front of it answers.
    InFront(NodeId),
    /// This node beside it answers.
    Beside(NodeId),
    /// This node behind it answers nevertheless.
    Nevertheless(NodeId),
    /// There are so many more reasons like the one before.
    More(usize),
    /// No fault in the topology explains the silence.
    Unexplained,
    /// All nodes that are asked, so many, are silent.
    AllSilent(usize),
    /// Nothing can be sent; what the system says about it.
    Unsent(Arc<str>),
    /// Echoes are lost behind it and not beside it.
    Loss {
        /// Lost behind it.
        lost: u32,
        /// Sent behind it.
        sent: u32,
        /// Lost beside it.
        lost_beside: u32,
        /// Sent beside it.
        sent_beside: u32,
    },
    /// What it loses of a round trip by itself, apart from everything else on the way, with the 95 % interval.
    Loses(Loss),
    /// A device had said so unasked, shortly before the cause was named; the answers since then are what counts.
    Hint {
        /// Who said it.
        node: NodeId,
        /// What.
        sign: Sign,
        /// The port that it is about, as the device calls it.
        port: Option<DeviceText>,
        /// How long before the cause was named.
        before: Duration,
    },
}

/// One root cause with everything behind it.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// Its number.
    pub id: IncidentId,
    /// What it is about.
    pub kind: IncidentKind,
    /// How bad it is.
    pub severity: IncidentSeverity,
    /// The cause; several elements when they cannot be told apart, the most probable first. Never empty, but
    /// for `Monitor`.
    pub causes: Vec<Element>,
    /// Of the cause (class), 0..1.
    pub probability: f64,
    /// Agencies without any path to the monitor because of it, in order of id.
    pub cut_off: Vec<AgencyId>,
    /// Agencies that it leaves on one path, in order of id.
    pub one_path: Vec<AgencyId>,
    /// Silent nodes that it explains, in order of id.
    pub nodes: Vec<NodeId>,
    /// Why we say so.
    pub evidence: Vec<Evidence>,
    /// A maintenance window covers the cause: shown and marked, and does not alarm.
    pub maintenance: bool,
    /// When the first reading of it came.
    pub since: Timestamp,
    /// When its cause was named.
    pub named: Timestamp,
    /// When it ended; `None` while it is open.
    pub until: Option<Timestamp>,
}
