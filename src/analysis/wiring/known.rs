//! Which node a neighbour is: by chassis id, then system name, then management address.
//!
//! A mark that several nodes bear decides nothing and is said to be ambiguous, unless a later mark names one of
//! those several.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::analysis::finding::{Far, Mark};
use crate::analysis::wiring::witness::{Heard, Witness, chassis_key, written};
use crate::model::NodeId;
use crate::model::network::Network;

/// The marks of every node.
pub(super) struct Known<'n> {
    network: &'n Network,
    chassis: BTreeMap<String, BTreeSet<NodeId>>,
    macs: BTreeMap<String, BTreeSet<NodeId>>,
    names: BTreeMap<String, BTreeSet<NodeId>>,
    /// Names without their domain: `pe1` of `pe1.example.net`.
    hosts: BTreeMap<String, BTreeSet<NodeId>>,
}

impl<'n> Known<'n> {
    pub(super) fn of(network: &'n Network, answered: &BTreeMap<&NodeId, &Witness>) -> Self {
        let mut known = Self {
            network,
            chassis: BTreeMap::new(),
            macs: BTreeMap::new(),
            names: BTreeMap::new(),
            hosts: BTreeMap::new(),
        };
        let put = |map: &mut BTreeMap<String, BTreeSet<NodeId>>, key: String, node: &NodeId| {
            if !key.is_empty() {
                map.entry(key).or_default().insert(node.clone());
            }
        };
        for node in network.nodes.values() {
            let witness = answered.get(&node.id);
            // What a device says now is what its neighbours hear; what is declared, what they should.
            let said = witness.map(|witness| witness.name.as_str());
            for name in [Some(node.sys_name.as_str()), said].into_iter().flatten() {
                put(&mut known.names, name.to_lowercase(), &node.id);
                put(&mut known.hosts, host(name), &node.id);
            }
            let Some(witness) = witness else { continue };
            if let Some(id) = &witness.chassis {
                put(&mut known.chassis, chassis_key(id), &node.id);
            }
            for mac in witness.ports.iter().filter_map(|port| port.mac) {
                if mac != [0; 6] {
                    put(&mut known.macs, written(mac), &node.id);
                }
            }
        }
        known
    }

    /// Returns who a neighbour is.
    pub(super) fn who(&self, heard: &Heard) -> Far {
        let mut several: Option<(BTreeSet<NodeId>, Mark)> = None;
        for (found, mark) in self.marks(heard) {
            let left: BTreeSet<NodeId> = match &several {
                None => found,
                Some((before, _)) => before.intersection(&found).cloned().collect(),
            };
            let mut nodes = left.iter();
            match (nodes.next(), nodes.next()) {
                (Some(only), None) => return Far::Node(only.clone(), mark),
                (Some(_), Some(_)) => {
                    several.get_or_insert((left, mark));
                }
                _ => {}
            }
        }
        match several {
            Some((nodes, mark)) => Far::Several(nodes.into_iter().collect(), mark),
            None => Far::Stranger(stranger(heard)),
        }
    }

    /// Returns whether a node bears an address or a physical address: that of no other, as far as is known.
    pub(super) fn is_of(&self, node: &NodeId, mac: [u8; 6], address: Option<IpAddr>) -> bool {
        if let Some(address) = address.filter(|address| !is_everywhere(*address)) {
            return self
                .network
                .node_of(address)
                .is_some_and(|known| known.id == *node);
        }
        let bearers = self.macs.get(&written(mac));
        bearers.is_some_and(|nodes| nodes.len() == 1 && nodes.contains(node))
    }

    /// Returns the nodes that bear each mark, in the order in which marks are believed.
    fn marks(&self, heard: &Heard) -> Vec<(BTreeSet<NodeId>, Mark)> {
        let chassis = chassis_key(&heard.chassis);
        let name = heard.name.to_lowercase();
        let mut marks = Vec::new();
        let mut add = |found: Option<&BTreeSet<NodeId>>, mark| {
            marks.extend(found.map(|found| (found.clone(), mark)));
        };
        add(
            self.chassis
                .get(&chassis)
                .or_else(|| self.macs.get(&chassis)),
            Mark::Chassis,
        );
        // CDP has the name in the place of a chassis id, often with the serial number behind it.
        let bare = chassis.split('(').next().unwrap_or_default();
        for name in [name.as_str(), bare] {
            let found = self.names.get(name).or_else(|| self.hosts.get(&host(name)));
            if !name.is_empty() {
                add(found, Mark::SystemName);
            }
        }
        let at: BTreeSet<NodeId> = heard
            .addresses
            .iter()
            .filter(|address| !is_everywhere(**address))
            .filter_map(|address| Some(self.network.node_of(*address)?.id.clone()))
            .collect();
        add((!at.is_empty()).then_some(&at), Mark::Address);
        marks
    }
}

/// What a neighbour that no node is known by calls itself.
fn stranger(heard: &Heard) -> String {
    let address = heard.addresses.first().map(ToString::to_string);
    [heard.name.clone(), heard.chassis.clone()]
        .into_iter()
        .chain(address)
        .find(|mark| !mark.is_empty())
        .unwrap_or_default()
}

/// Addresses that every device has are nobody's mark.
fn is_everywhere(address: IpAddr) -> bool {
    address.is_loopback() || address.is_unspecified()
}

/// A name without its domain, in lower case; an address is no name.
fn host(name: &str) -> String {
    let name = name.trim().to_lowercase();
    if name.parse::<IpAddr>().is_ok() {
        return name;
    }
    name.split('.').next().unwrap_or_default().to_owned()
}
