//! What emulated devices say unasked: linkDown and linkUp when a port changes, coldStart after a reboot.
//!
//! It is found by comparing ports before and after something was done, so it follows from the model as everything
//! else does. Whether it arrives is the network's affair: a trap travels the way of any packet, and is lost with it.

use std::time::Duration;

use crate::graph::{LinkIx, NodeIx, mix};
use crate::lab::action::Action;
use crate::lab::action::behaviour::Behaviour;
use crate::lab::fabric::journey::Load;
use crate::lab::fabric::{Fabric, Fate};
use crate::model::NodeId;
use crate::model::hint::Sign;
use crate::model::text::DeviceText;
use crate::wire::echo::Family;

/// How long a device needs to see that a port lost its signal, and to say so.
const NOTICES: Duration = Duration::from_millis(200);

/// How long a device needs to start, before it says that it has.
const STARTS: Duration = Duration::from_secs(2);

/// Something that one device says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trap {
    /// Which device.
    pub node: NodeId,
    /// What.
    pub sign: Sign,
    /// About which of its ports: ifIndex and name.
    pub port: Option<(u32, DeviceText)>,
    /// When it says it.
    pub at: Duration,
}

/// Which ports were up at one moment, by link and end; `None` where nobody is there to say it.
#[derive(Clone, Debug)]
pub struct Ports(Vec<[Option<bool>; 2]>);

impl Fabric {
    /// Returns which ports are up now. Cost O(m).
    #[must_use]
    pub fn ports(&self) -> Ports {
        let is_up = |link: LinkIx, own: NodeIx, other: NodeIx| {
            let is_there = !self.gone[own.index()];
            is_there.then(|| !self.dead[link.index()] && !self.gone[other.index()])
        };
        let ports = self.graph.link_indices().map(|link| {
            let (a, b) = self.graph.ends(link);
            [is_up(link, a, b), is_up(link, b, a)]
        });
        Ports(ports.collect())
    }

    /// Returns what devices say about what was just done, in order of link and end. Cost O(m).
    ///
    /// Only those with an agent that is well speak, and none that was not there before: it has its own start to
    /// see to.
    #[must_use]
    pub fn traps(&self, before: &Ports, done: &Action, at: Duration) -> Vec<Trap> {
        let mut traps = Vec::new();
        let after = self.ports();
        for (link, (was, is)) in self.graph.link_indices().zip(before.0.iter().zip(&after.0)) {
            let (a, b) = self.graph.ends(link);
            for (end, node) in [a, b].into_iter().enumerate() {
                let (Some(was), Some(is)) = (was[end], is[end]) else {
                    continue;
                };
                if was != is && self.speaks(node) {
                    traps.push(Trap {
                        node: self.graph.node_id(node).clone(),
                        sign: if is { Sign::LinkUp } else { Sign::LinkDown },
                        port: self.port_of(node, link),
                        at: at + NOTICES,
                    });
                }
            }
        }
        if let Action::Agent {
            node,
            behaviour: Behaviour::Reboot,
        } = done
            && let Some(ix) = self.graph.node(node)
            && !self.gone[ix.index()]
            && self.speaks(ix)
        {
            traps.push(Trap {
                node: node.clone(),
                sign: Sign::ColdStart,
                port: None,
                at: at + STARTS,
            });
        }
        traps
    }

    /// Returns how long a packet that a node sends to the monitor at a moment is under way; `None` if it is lost.
    pub fn carry_up(&mut self, node: &NodeId, at: Duration) -> Option<Duration> {
        let ix = self.graph.node(node)?;
        let address = self.network.nodes.get(node)?.address;
        let family = address.map_or(Family::V4, Family::of);
        let load = Load::small(mix(ix.index() as u64), family);
        match self.travel(ix, false, load, at) {
            Fate::Deliver { after, .. } => Some(after),
            Fate::Drop | Fate::Answer { .. } => None,
        }
    }

    fn speaks(&self, node: NodeIx) -> bool {
        let is_well = !matches!(
            self.places[node.index()].behaviour,
            Behaviour::Killed | Behaviour::Garbage | Behaviour::Another
        );
        let id = self.graph.node_id(node);
        let has_agent = (self.network.nodes.get(id)).is_some_and(|node| node.snmp.is_some());
        is_well && has_agent
    }

    fn port_of(&self, node: NodeIx, link: LinkIx) -> Option<(u32, DeviceText)> {
        let place = &self.places[node.index()];
        let (_, at) = place.ports.iter().find(|(other, _)| *other == link)?;
        let port = place.device.interfaces.get(*at)?;
        Some((port.index, port.name.clone()))
    }
}
