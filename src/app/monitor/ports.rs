//! Ports as witnesses: what a device says of its links, and which devices are asked for it in an inquiry.
//!
//! A silence alone does not tell a link from the node behind it; the port at its other end does. A port says
//! something only when it is asked in time, so an inquiry asks those that can decide it, and no more.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use crate::app::monitor::{Monitor, Port};
use crate::graph::NodeIx;
use crate::model::device::{Device, PortStatus};
use crate::model::reading::Ask;
use crate::model::target::{Method, TargetId};
use crate::model::{LinkId, NodeId};

/// How long an inquiry waits for the ports of the neighbours.
const PORTS_WITHIN: Duration = Duration::from_millis(2500);

/// Neighbours whose ports are asked in one inquiry, at most: a bound, not a tuning.
const MOST_PORTS: usize = 256;

/// Neighbours that are asked in the place of a node that is not polled: as many ports up weigh more than one
/// fault less.
const WITNESSES: usize = 4;

/// A port by its node and its link, to look it up by.
#[derive(Hash)]
struct AtPort<'a>(&'a NodeId, &'a LinkId);

impl indexmap::Equivalent<(NodeId, LinkId)> for AtPort<'_> {
    fn equivalent(&self, key: &(NodeId, LinkId)) -> bool {
        (self.0, self.1) == (&key.0, &key.1)
    }
}

impl Monitor {
    /// Compares the declared ports of a device with what it reports; a change opens an inquiry.
    pub(super) fn see_ports(
        &mut self,
        node: &NodeId,
        device: &Device,
        asked: Instant,
        now: Instant,
    ) -> Vec<Ask> {
        let mut changed = Vec::new();
        for interface in &device.interfaces {
            let up = match interface.oper {
                PortStatus::Up => true,
                PortStatus::Down | PortStatus::LowerLayerDown | PortStatus::NotPresent => false,
                PortStatus::Testing | PortStatus::Unknown | PortStatus::Dormant => continue,
            };
            let Some(link) = self.reference.link_on(node, interface.name.as_str()) else {
                continue;
            };
            let before = self.ports.get_mut(&AtPort(node, link));
            if before.as_ref().is_some_and(|port| port.asked > asked) {
                continue;
            }
            let is_news = before
                .as_ref()
                .map_or(!up, |port| port.up != up || port.doubtful);
            let since = match &before {
                Some(port) if port.up == up => port.changed,
                _ => asked,
            };
            let port = Port {
                up,
                asked,
                changed: since,
                doubtful: false,
            };
            if let Some(known) = before {
                *known = port;
            } else {
                self.ports.insert((node.clone(), link.clone()), port);
            }
            if is_news {
                changed.push((link.clone(), up));
            }
        }
        if changed.is_empty() {
            return Vec::new();
        }
        let mut asks = self.judge.inquire(asked, now);
        for (link, up) in changed {
            let far: Vec<NodeId> = self
                .reference
                .network
                .links
                .get(&link)
                .into_iter()
                .flat_map(|link| link.ends().map(|end| end.node.clone()))
                .filter(|end| end != node)
                .collect();
            for far in far {
                if up {
                    asks.extend(self.doubt(&far, asked, now));
                }
                if self.polled.contains(&far) {
                    asks.extend(self.ask_port(&far, now));
                } else {
                    // It cannot say itself whether it is dead or only this link; others beside it can.
                    asks.extend(self.ask_some_beside(&far, now));
                }
            }
        }
        asks
    }

    /// Asks the ports of the nodes beside one that fell silent or came back, and its own.
    pub(super) fn ask_ports_beside(&mut self, node: &NodeId, now: Instant) -> Vec<Ask> {
        let Some(at) = self.reference.graph.node(node) else {
            return Vec::new();
        };
        let graph = self.reference.graph.clone();
        let beside: BTreeSet<NodeId> = graph
            .neighbours(at)
            .map(|(_, next)| graph.node_id(next).clone())
            .chain([node.clone()])
            .collect();
        beside
            .iter()
            .filter_map(|node| self.ask_port(node, now))
            .collect()
    }

    /// Doubts what was said of a node's links before `asked`, when something there came back, and asks again.
    pub(super) fn doubt(&mut self, node: &NodeId, asked: Instant, now: Instant) -> Vec<Ask> {
        let observers = self.doubtful_at(node, asked);
        observers
            .iter()
            .filter_map(|observer| self.ask_port(observer, now))
            .collect()
    }

    /// Marks the ports on a node's links that were reported down: that may be of an outage that is over. Returns
    /// who reported them.
    fn doubtful_at(&mut self, node: &NodeId, asked: Instant) -> BTreeSet<NodeId> {
        let network = self.reference.network.clone();
        let mut observers = BTreeSet::new();
        for link in network.links_at(node) {
            let ends = network.links.get(link).into_iter();
            for end in ends.flat_map(crate::model::network::Link::ends) {
                if let Some(port) = self.ports.get_mut(&(end.node.clone(), link.clone()))
                    && !port.up
                    && port.asked < asked
                {
                    port.doubtful = true;
                    observers.insert(end.node.clone());
                }
            }
        }
        observers
    }

    /// Asks the ports of a few nodes beside one that is not polled.
    fn ask_some_beside(&mut self, node: &NodeId, now: Instant) -> Vec<Ask> {
        let Some(at) = self.reference.graph.node(node) else {
            return Vec::new();
        };
        let graph = self.reference.graph.clone();
        let beside: BTreeSet<NodeIx> = graph.neighbours(at).map(|(_, next)| next).collect();
        let mut asks = Vec::new();
        let mut heard = 0;
        for next in beside {
            let next = graph.node_id(next);
            asks.extend(self.ask_port(next, now));
            heard += usize::from(self.asked_ports.contains(next));
            if heard == WITNESSES {
                break;
            }
        }
        asks
    }

    /// Asks a device for its ports, once in an inquiry.
    fn ask_port(&mut self, node: &NodeId, now: Instant) -> Option<Ask> {
        let silent = self
            .judge
            .pulse(node)
            .is_none_or(|pulse| pulse.is_silent() || pulse.is_serious());
        if silent || !self.polled.contains(node) || self.asked_ports.len() >= MOST_PORTS {
            return None;
        }
        if !self.asked_ports.insert(node.clone()) {
            return None;
        }
        let target = TargetId {
            node: node.clone(),
            method: Method::Snmp,
        };
        self.pending.insert(target.clone());
        self.pending_until = Some(now + PORTS_WITHIN);
        Some(Ask {
            target,
            times: 1,
            spacing: Duration::ZERO,
        })
    }
}
