//! A network with everything that is computed from it once: what the monitor judges by.

use std::sync::Arc;

use crate::analysis::Weakness;
use crate::analysis::locate::Locator;
use crate::analysis::lossy::Paths;
use crate::graph::Graph;
use crate::model::device::port_key;
use crate::model::network::Network;
use crate::model::{LinkId, NodeId, Register};

/// A network with everything that is computed from it once; cheap to clone.
#[derive(Clone, Debug)]
pub struct Reference {
    /// The model.
    pub network: Arc<Network>,
    /// Its graph.
    pub graph: Arc<Graph>,
    /// What is weak in it, as designed.
    pub weakness: Arc<Weakness>,
    /// Which fault explains a silence in it.
    pub locator: Arc<Locator>,
    /// The ways to its nodes, for finding the links that lose packets.
    pub paths: Arc<Paths>,
    /// By node: the link on each port, by the port's name as it is declared and by its key.
    ports: Arc<Register<NodeId, Register<String, LinkId>>>,
}

impl Reference {
    /// Computes everything that is computed once.
    #[must_use]
    pub fn new(network: Network) -> Self {
        let network = Arc::new(network);
        let graph = Arc::new(Graph::new(&network));
        let mut ports: Register<NodeId, Register<String, LinkId>> = Register::default();
        for link in network.links.values() {
            for end in link.ends() {
                if let Some(port) = &end.port {
                    let ports = ports.entry(end.node.clone()).or_default();
                    for name in [port.clone(), port_key(port)] {
                        ports.insert(name, link.id.clone());
                    }
                }
            }
        }
        Self {
            weakness: Arc::new(Weakness::of(&network, &graph, &[])),
            paths: Arc::new(Paths::new(&network, &graph)),
            locator: Arc::new(Locator::new(network.clone(), graph.clone())),
            graph,
            network,
            ports: Arc::new(ports),
        }
    }

    /// Returns the link that is declared on a port, however the device spells it.
    #[must_use]
    pub fn link_on(&self, node: &NodeId, port: &str) -> Option<&LinkId> {
        let ports = self.ports.get(node)?;
        ports.get(port).or_else(|| ports.get(&port_key(port)))
    }
}
