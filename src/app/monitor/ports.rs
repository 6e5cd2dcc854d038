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
use crate::model::text::DeviceText;
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

/// By interface of a device, as its last poll listed them: its name, and at which place of the monitor's ports it is
/// kept, where a link is declared on it. Most polls list the same ones.
#[derive(Clone, Debug, Default)]
pub(super) struct Layout(Vec<Option<(DeviceText, Option<usize>)>>);

impl Monitor {
    /// Compares the declared ports of the device at a place with what it reports; a change opens an inquiry.
    pub(super) fn see_ports(
        &mut self,
        at: NodeIx,
        node: &NodeId,
        device: &Device,
        asked: Instant,
        now: Instant,
    ) -> Vec<Ask> {
        let mut changed = Vec::new();
        let mut layout = std::mem::take(&mut self.layouts[at.index()]);
        layout.0.resize(device.interfaces.len(), None);
        for (interface, known) in device.interfaces.iter().zip(&mut layout.0) {
            let up = match interface.oper {
                PortStatus::Up => true,
                PortStatus::Down | PortStatus::LowerLayerDown | PortStatus::NotPresent => false,
                PortStatus::Testing | PortStatus::Unknown | PortStatus::Dormant => continue,
            };
            let fresh = Port {
                up,
                asked,
                changed: asked,
                doubtful: false,
            };
            let place = match known {
                Some((name, place)) if *name == interface.name => *place,
                _ => {
                    let name = interface.name.clone();
                    let (place, is_new) = self.port_place(node, name.as_str(), fresh);
                    *known = Some((name, place));
                    // A port that was never seen before is news if it is down.
                    if is_new && !up {
                        changed.extend(place.map(|place| (place, up)));
                    }
                    if is_new {
                        continue;
                    }
                    place
                }
            };
            let Some(place) = place else {
                continue;
            };
            let port = &mut self.ports[place];
            if port.asked > asked {
                continue;
            }
            if port.up != up || port.doubtful {
                changed.push((place, up));
            }
            *port = Port {
                changed: if port.up == up { port.changed } else { asked },
                ..fresh
            };
        }
        self.layouts[at.index()] = layout;
        if changed.is_empty() {
            return Vec::new();
        }
        let mut asks = self.judge.inquire(asked, now);
        for (place, up) in changed {
            let link = self.ports.get_index(place).map(|((_, link), _)| link);
            let far: Vec<NodeId> = link
                .and_then(|link| self.reference.network.links.get(link))
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

    /// Returns at which place the port of a device with this name is kept, and whether it is kept only now, as `fresh`;
    /// no place where no link is declared on it.
    fn port_place(&mut self, node: &NodeId, name: &str, fresh: Port) -> (Option<usize>, bool) {
        let Some(link) = self.reference.link_on(node, name) else {
            return (None, false);
        };
        if let Some(place) = self.ports.get_index_of(&AtPort(node, link)) {
            return (Some(place), false);
        }
        let key = (node.clone(), link.clone());
        (Some(self.ports.insert_full(key, fresh).0), true)
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
