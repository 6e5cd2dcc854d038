//! Hours a year in which agencies cannot reach a service.
//!
//! A service says where it runs and not who may use it: every agency wants every service. It is lost to an agency
//! while no path leads from its node there, by the same rule as paths from a hub; that a hub elsewhere still stands
//! is no help. So its node takes the place of the hubs, and services at one node are lost together: each such node
//! is asked for once, and the only hub is answered by the account of the whole network.

use std::collections::BTreeMap;

use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::{Account, Hours, Limits, Method, total_from};
use crate::graph::{Graph, NodeIx};
use crate::model::network::Network;
use crate::model::{Element, ServiceId};

/// Where totals must be sampled, all nodes with services share the draws; each has at least so many.
const LEAST_DRAWS: u32 = 1_000;

/// What a service costs a year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Served {
    /// Hours in which agencies cannot reach it.
    pub hours: Hours,
    /// How they were found.
    pub method: Method,
}

impl Served {
    /// Returns half the width of the 95 % interval of the weighted hours; `None` where they are exact.
    #[must_use]
    pub fn error(&self) -> Option<f64> {
        self.method.error()
    }
}

impl Account {
    /// Returns, by service, the hours a year in which agencies cannot reach it, in the network that this is the
    /// account of.
    ///
    /// Cost: that of `hours::total` for every node with a service, but for the only hub.
    #[must_use]
    pub fn services(
        &self,
        network: &Network,
        graph: &Graph,
        chances: &Chances,
        removed: &[Element],
        limits: Limits,
    ) -> BTreeMap<ServiceId, Served> {
        let mut known: BTreeMap<NodeIx, Served> = BTreeMap::new();
        if let [hub] = graph.hubs() {
            let whole = Served {
                hours: self.total,
                method: self.method,
            };
            known.insert(*hub, whole);
        }
        let at = |service: &crate::model::network::Service| graph.node(&service.node);
        let mut nodes: Vec<NodeIx> = network.services.values().filter_map(at).collect();
        nodes.sort_unstable();
        nodes.dedup();
        nodes.retain(|node| !known.contains_key(node));
        let count = u32::try_from(nodes.len()).unwrap_or(u32::MAX).max(1);
        let limits = Limits {
            draws: (limits.draws / count).max(LEAST_DRAWS.min(limits.draws)),
            ..limits
        };
        for node in nodes {
            let (hours, method) = total_from(network, graph, &[node], chances, removed, limits);
            known.insert(node, Served { hours, method });
        }
        let services = network.services.values();
        services
            .filter_map(|service| Some((service.id.clone(), *known.get(&at(service)?)?)))
            .collect()
    }
}
