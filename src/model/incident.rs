//! An incident: one root cause with everything behind it.

use std::fmt;

use jiff::Timestamp;
use serde::{Serialize, Serializer};

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
    /// Why we say so, one sentence each.
    pub evidence: Vec<String>,
    /// A maintenance window covers the cause: shown and marked, and does not alarm.
    pub maintenance: bool,
    /// When the first reading of it came.
    pub since: Timestamp,
    /// When its cause was named.
    pub named: Timestamp,
    /// When it ended; `None` while it is open.
    pub until: Option<Timestamp>,
}
