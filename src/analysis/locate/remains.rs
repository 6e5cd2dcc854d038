//! The network that is left when some elements are known to be gone.
//!
//! What is known needs no explanation: it is taken out of the model, so that the faults that are looked for are the
//! others. Nodes stay where they are, without a link, because names and agencies still refer to them.

use std::collections::BTreeSet;

use crate::model::network::{Inconsistent, Network};
use crate::model::{Element, LinkId, NodeId};

/// Returns a network without the links that fall with some elements: their own, those of their nodes, and those of the
/// members of their risk groups.
///
/// Elements that do not exist take nothing with them. Cost O(n log n).
pub fn remains(network: &Network, gone: &[Element]) -> Result<Network, Inconsistent> {
    let mut parts = (**network).clone();
    let members = gone.iter().flat_map(|element| match element {
        Element::Risk(id) => {
            let group = network.risks.get(id);
            group.map(|group| group.members.clone()).unwrap_or_default()
        }
        other => vec![other.clone()],
    });
    let (mut links, mut nodes): (BTreeSet<LinkId>, BTreeSet<NodeId>) = Default::default();
    for member in members {
        match member {
            Element::Link(id) => _ = links.insert(id),
            Element::Node(id) => _ = nodes.insert(id),
            Element::Risk(_) => {}
        }
    }
    parts.links.retain(|id, link| {
        !links.contains(id) && link.ends().iter().all(|end| !nodes.contains(&end.node))
    });
    // They name what may be gone, and nobody asks for them here.
    parts.maintenances.clear();
    Network::prove(parts)
}
