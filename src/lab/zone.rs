//! The names of the lab: what its DNS servers know, and how they answer in health and in sickness.
//!
//! A server stands where the topology has a service with a check by DNS. All know the same names: those of all
//! checks, each with the address at which its check is made. So a name leads to where the lab serves it, and whoever
//! asks for another one hears that there is none (RFC 1035, 4.1.1).

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::lab::action::behaviour::Behaviour;
use crate::lab::fabric::Fabric;
use crate::lab::responder::{Reply, another, noise};
use crate::model::network::Network;
use crate::model::service::{Check, Question};
use crate::wire::dns::{Said, asked};

/// There is no such name.
const NO_NAME: u8 = 3;

/// What all servers know, and where they stand.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    names: BTreeMap<String, BTreeSet<IpAddr>>,
    /// Where servers listen, at the monitor's own node and elsewhere.
    near: BTreeSet<SocketAddr>,
    far: BTreeSet<SocketAddr>,
}

impl Zone {
    /// Returns the names and servers of a network. Cost O(s log s).
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let mut zone = Self::default();
        for service in network.services.values() {
            let Ok(Some(check)) = Check::read(&service.check) else {
                continue;
            };
            let node = network.nodes.get(&service.node);
            let Some(address) = check.at.or_else(|| node?.address) else {
                continue;
            };
            if let Question::Dns { .. } = check.question {
                let at = SocketAddr::new(address, check.port);
                let is_near = service.node == network.monitor;
                let servers = if is_near {
                    &mut zone.near
                } else {
                    &mut zone.far
                };
                servers.insert(at);
            }
            let name = match &check.question {
                Question::Dns { name } | Question::Tls { name } => Some(name.as_str()),
                Question::Http { host, .. } => Some(
                    host.rsplit_once(':')
                        .map_or(host.as_str(), |(name, _)| name),
                ),
                Question::Tcp => None,
            };
            if let Some(name) = name {
                let known = zone.names.entry(name.to_ascii_lowercase()).or_default();
                known.insert(address);
            }
        }
        zone
    }

    /// Returns where servers of the monitor's own node listen.
    #[must_use]
    pub fn near(&self) -> &BTreeSet<SocketAddr> {
        &self.near
    }

    /// Returns at which ports servers of the far side listen.
    #[must_use]
    pub fn ports(&self) -> BTreeSet<u16> {
        self.far.iter().map(SocketAddr::port).collect()
    }

    /// Returns what the server at `at` says to a datagram; `None` is silence.
    ///
    /// What is no question is met with silence, and so is everybody where no server stands. The service is sick as its
    /// node's agent is: killed it is silent, slow it is late.
    #[must_use]
    pub fn answer(&self, fabric: &Fabric, at: SocketAddr, datagram: &[u8]) -> Option<Reply> {
        if !self.near.contains(&at) && !self.far.contains(&at) {
            return None;
        }
        let asked = asked(datagram)?;
        let said = self.names.get(&asked.name);
        let addresses: Vec<IpAddr> = said.into_iter().flatten().copied().collect();
        let bytes = asked.answer(match said {
            Some(_) => Said::Addresses(&addresses),
            None => Said::Refused(NO_NAME),
        });
        let mut reply = Reply {
            from: at.ip(),
            after: Duration::ZERO,
            bytes,
        };
        let Some(node) = fabric.node_of(at.ip()) else {
            return Some(reply);
        };
        match fabric.behaviour(&node.id) {
            Behaviour::Killed => return None,
            Behaviour::Slow(by) => reply.after = by,
            Behaviour::Garbage => reply.bytes = noise(datagram),
            Behaviour::Another => reply.from = another(fabric, &node.id, at.ip())?.1,
            // What ails tables, counters and engines of SNMP ails no name.
            _ => {}
        }
        Some(reply)
    }
}
