//! What is weak, who depends on it, and which fault explains a silence: pure functions of the model.
//!
//! The answers are ordered totally, so that the same network gives the same bytes. Nothing here measures; what
//! was measured comes in as `locate::Facts`.

pub mod locate;

use std::collections::BTreeMap;

use crate::model::{AgencyId, Element, RiskId};

/// What is weak in a network, and where that leaves every agency.
#[derive(Clone, Debug, PartialEq)]
pub struct Weakness {
    /// Elements whose loss alone cuts off somebody: by weight, agencies (both falling), kind, id.
    pub elements: Vec<Weak>,
    /// How every agency is connected.
    pub agencies: BTreeMap<AgencyId, Standing>,
}

/// An element whose loss cuts off somebody, and whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Weak {
    /// What fails.
    pub element: Element,
    /// Sum of the weights of those cut off.
    pub weight: u32,
    /// Who is cut off, in order of id.
    pub ids: Vec<AgencyId>,
}

/// How one agency is connected to the hubs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// No path to any hub, even with everything up.
    pub cut_off: bool,
    /// Nodes, links and risk groups whose loss alone cuts it off; nodes and links in order from the hub
    /// outward and its own node last, then risk groups by id.
    pub single_points: Vec<Element>,
    /// Paths to a hub that share no link: 0, 1, 2, or 3 for three and more.
    pub disjoint_links: u8,
    /// Paths to a hub that share no node between: 0, 1, 2, or 3 for three and more.
    pub disjoint_nodes: u8,
    /// Risk groups that cut it off although two paths without a common link exist: "two paths, one duct".
    pub one_risk: Vec<RiskId>,
}
