//! What was heard, end by end, and which two reports are of one cable.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::finding::{Evidence, Far};
use crate::analysis::wiring::known::Known;
use crate::analysis::wiring::witness::{Heard, Witness};
use crate::model::NodeId;
use crate::model::device::{PortStatus, port_key};

/// A port as somebody speaks of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PortRef {
    /// Its place among the ports of a device that was asked.
    pub(super) at: Option<usize>,
    /// All spellings, in the form in which they are compared.
    pub(super) keys: BTreeSet<String>,
    /// How it is shown.
    pub(super) shown: String,
}

impl PortRef {
    /// Makes a reference of spellings, resolved on the device where it was asked.
    pub(super) fn new(spellings: &[String], device: Option<&Witness>) -> Self {
        let at = device.and_then(|device| spellings.iter().find_map(|name| device.port(name)));
        let own = device.and_then(|device| at.and_then(|at| device.ports.get(at)?.names.first()));
        let first = spellings.iter().find(|name| !name.is_empty());
        Self {
            at,
            keys: spellings
                .iter()
                .filter(|name| !name.is_empty())
                .map(|name| port_key(name))
                .collect(),
            shown: own.or(first).cloned().unwrap_or_default(),
        }
    }

    /// Returns whether two references to ports of one node mean the same; `None` where it cannot be told.
    pub(super) fn is(&self, other: &Self) -> Option<bool> {
        if self.keys.is_empty() || other.keys.is_empty() {
            return None;
        }
        if let (Some(one), Some(other)) = (self.at, other.at) {
            return Some(one == other);
        }
        if !self.keys.is_disjoint(&other.keys) {
            return Some(true);
        }
        // `17` and a MAC address are names of ports too, and say nothing beside `Gi0/17`.
        (self.is_a_name() && other.is_a_name()).then_some(false)
    }

    fn is_a_name(&self) -> bool {
        self.at.is_some()
            || self.keys.iter().any(|key| {
                let is_mac = key.len() == 17 && key.matches(':').count() == 5;
                !is_mac && key.bytes().any(|byte| byte.is_ascii_alphabetic())
            })
    }
}

/// One neighbour on one port of one device, by whatever protocols.
#[derive(Clone, Debug)]
pub(super) struct Sighting {
    pub(super) by: NodeId,
    pub(super) port: PortRef,
    pub(super) far: Far,
    pub(super) far_port: PortRef,
    /// The port is down, and the entry a memory.
    pub(super) is_stale: bool,
    /// What the neighbour says of its port.
    pub(super) far_duplex: Option<bool>,
    pub(super) evidence: Vec<Evidence>,
}

impl Sighting {
    /// Returns whom, where it is one node.
    pub(super) fn node(&self) -> Option<&NodeId> {
        match &self.far {
            Far::Node(node, _) => Some(node),
            Far::Several(..) | Far::Stranger(_) => None,
        }
    }
}

/// Everything that was heard.
pub(super) struct Sights(pub(super) Vec<Sighting>);

impl Sights {
    /// Gathers what all devices said, in order of device and of its own table; both protocols' entries of one
    /// neighbour on one port are one sighting.
    pub(super) fn of(answered: &BTreeMap<&NodeId, &Witness>, known: &Known<'_>) -> Self {
        let mut all: Vec<Sighting> = Vec::new();
        for (by, device) in answered {
            let first = all.len();
            for heard in &device.heard {
                let sighting = Self::one(by, device, heard, known, answered);
                // A device that hears itself has a loop of its own, which is no link.
                if sighting.node() == Some(by) {
                    continue;
                }
                let same = all.iter_mut().skip(first).find(|other| {
                    let is_same_far = match (&other.far, &sighting.far) {
                        (Far::Node(one, _), Far::Node(other, _)) => one == other,
                        (one, other) => one == other,
                    };
                    is_same_far
                        && other.port.is(&sighting.port) == Some(true)
                        && other.far_port.is(&sighting.far_port) != Some(false)
                });
                match same {
                    Some(other) => {
                        other.far_port.keys.extend(sighting.far_port.keys);
                        other.far_port.at = other.far_port.at.or(sighting.far_port.at);
                        other.far_duplex = other.far_duplex.or(sighting.far_duplex);
                        other.evidence.extend(sighting.evidence);
                        other.evidence.sort();
                        other.evidence.dedup();
                    }
                    None => all.push(sighting),
                }
            }
        }
        Self(all)
    }

    fn one(
        by: &NodeId,
        device: &Witness,
        heard: &Heard,
        known: &Known<'_>,
        answered: &BTreeMap<&NodeId, &Witness>,
    ) -> Sighting {
        let port = PortRef::new(std::slice::from_ref(&heard.local), Some(device));
        let far = known.who(heard);
        let beyond = match &far {
            Far::Node(node, _) => answered.get(node).copied(),
            Far::Several(..) | Far::Stranger(_) => None,
        };
        let far_port = PortRef::new(&heard.ports, beyond);
        let state = port.at.and_then(|at| device.ports.get(at));
        Sighting {
            by: by.clone(),
            is_stale: state.is_some_and(|port| is_down(port.oper)),
            far_duplex: heard.full_duplex,
            evidence: vec![Evidence::Heard {
                by: by.clone(),
                port: port.shown.clone(),
                protocol: heard.protocol,
                far: far.clone(),
                far_port: far_port.shown.clone(),
            }],
            port,
            far,
            far_port,
        }
    }
}

/// Returns whether nothing passes a port in this state; what a device does not say is not down.
pub(super) fn is_down(oper: PortStatus) -> bool {
    matches!(
        oper,
        PortStatus::Down | PortStatus::NotPresent | PortStatus::LowerLayerDown
    )
}

/// A cable as it was heard from one or both ends.
#[derive(Clone, Debug)]
pub(super) struct Cable {
    /// The end that heard, the lesser node first where both did.
    pub(super) near: (NodeId, PortRef),
    /// The other end.
    pub(super) far: (Far, PortRef),
    pub(super) evidence: Vec<Evidence>,
}

impl Cable {
    /// Returns the other node, where it is one.
    pub(super) fn far_node(&self) -> Option<&NodeId> {
        match &self.far.0 {
            Far::Node(node, _) => Some(node),
            Far::Several(..) | Far::Stranger(_) => None,
        }
    }

    /// Returns the ports at a node that it surely ends at.
    pub(super) fn port_at(&self, node: &NodeId) -> Option<&PortRef> {
        if self.near.0 == *node {
            Some(&self.near.1)
        } else if self.far_node() == Some(node) {
            Some(&self.far.1)
        } else {
            None
        }
    }

    /// Returns whether it runs between these two nodes.
    pub(super) fn joins(&self, one: &NodeId, other: &NodeId) -> bool {
        let far = self.far_node();
        (self.near.0 == *one && far == Some(other)) || (self.near.0 == *other && far == Some(one))
    }

    /// Returns how it is written: `core-1:xe-0/0/1 – core-2:xe-0/0/3`.
    pub(super) fn written(&self) -> String {
        let end = |name: &str, port: &PortRef| {
            if port.shown.is_empty() {
                name.to_owned()
            } else {
                format!("{name}:{}", port.shown)
            }
        };
        let far = match &self.far.0 {
            Far::Node(node, _) => node.as_str().to_owned(),
            Far::Several(nodes, _) => {
                let nodes: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
                nodes.join(" | ")
            }
            Far::Stranger(name) => name.clone(),
        };
        format!(
            "{} – {}",
            end(self.near.0.as_str(), &self.near.1),
            end(&far, &self.far.1)
        )
    }
}

/// Joins the sightings of two ends of one cable; the order is that of the sightings.
pub(super) fn cables(sights: &[&Sighting]) -> Vec<Cable> {
    let mut taken = vec![false; sights.len()];
    let mut cables = Vec::new();
    for (at, sight) in sights.iter().enumerate() {
        if taken[at] {
            continue;
        }
        taken[at] = true;
        let mut cable = Cable {
            near: (sight.by.clone(), sight.port.clone()),
            far: (sight.far.clone(), sight.far_port.clone()),
            evidence: sight.evidence.clone(),
        };
        // The report of the other end agrees on both ports, or on one and is silent about the other.
        let likeness = |other: &Sighting| -> Option<usize> {
            let is_back = other.node() == Some(&sight.by) && sight.node() == Some(&other.by);
            let here = other.far_port.is(&sight.port);
            let there = sight.far_port.is(&other.port);
            (is_back && here != Some(false) && there != Some(false))
                .then_some(usize::from(here.is_some()) + usize::from(there.is_some()))
        };
        let best = (at + 1..sights.len())
            .filter(|other| !taken[*other])
            .filter_map(|other| Some((likeness(sights[other])?, std::cmp::Reverse(other))))
            .max();
        if let Some((_, std::cmp::Reverse(other))) = best {
            taken[other] = true;
            cable.far.1 = sights[other].port.clone();
            cable.evidence.extend(sights[other].evidence.clone());
        }
        cables.push(cable);
    }
    cables
}
