//! Which fault explains these silences.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Element, LinkId, NodeId};

/// What was seen in one window of time. A node in neither set was not asked in it, and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Nodes that stayed silent through an inquiry.
    pub silent: BTreeSet<NodeId>,
    /// Nodes that answered.
    pub answering: BTreeSet<NodeId>,
    /// Ports that an answering node reports down: the observer, and the link on that port.
    pub ports_down: BTreeSet<(NodeId, LinkId)>,
    /// Ports that an answering node reports up.
    pub ports_up: BTreeSet<(NodeId, LinkId)>,
    /// Silent targets for which a router answered "unreachable", and that router.
    pub refused_by: BTreeMap<NodeId, NodeId>,
}

/// The causes that explain the facts best, and what they leave unexplained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// One for each fault, the one that explains most first.
    pub causes: Vec<Cause>,
    /// Silent nodes that no cause explains, in order of id: they stay down and visible.
    pub unexplained: Vec<NodeId>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Elements that the facts cannot tell apart, the most probable first; never empty.
    pub elements: Vec<Element>,
    /// Of the whole class, 0..1, against the other explanations that were weighed.
    pub probability: f64,
    /// Silent nodes that it explains, in order of id.
    pub explains: Vec<NodeId>,
    /// For and against, one sentence each.
    pub evidence: Vec<String>,
}
