//! What a fault really does, by brute force on the graph: who is cut off, and all that a monitor could see of it.
//!
//! It shares nothing with the code that is rehearsed but the graph itself. Two faults of which a monitor could see
//! the same are one to it, whatever it says: no question that it asks tells them apart.

use std::collections::BTreeSet;

use crate::analysis::reach::cut_off_from;
use crate::app::reference::Reference;
use crate::graph::{LinkIx, NodeIx};
use crate::model::target::Method;
use crate::model::{AgencyId, Element};

/// What can be seen of one network, and from where.
#[derive(Clone, Debug)]
pub struct Sight {
    reference: Reference,
    /// Nodes that are asked, ascending.
    asked: Vec<NodeIx>,
    /// Ports that are asked for: the link, who reports it, and the node at its other end; ascending.
    ports: Vec<(LinkIx, NodeIx, NodeIx)>,
}

/// All that can be seen of a fault.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    /// Nodes that are asked and cannot answer, ascending.
    pub silent: Vec<NodeIx>,
    /// Ports that somebody who answers reports down, ascending.
    pub ports: Vec<(LinkIx, NodeIx)>,
}

impl Seen {
    /// Returns whether nothing can be seen.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        self.silent.is_empty() && self.ports.is_empty()
    }

    /// Returns how many silences and ports are in one of the two and not in the other.
    #[must_use]
    pub fn differs(&self, other: &Self) -> (usize, usize) {
        fn apart<T: Ord>(one: &[T], other: &[T]) -> usize {
            let lacks = |one: &[T], other: &[T]| {
                let missing = one.iter().filter(|item| other.binary_search(item).is_err());
                missing.count()
            };
            lacks(one, other) + lacks(other, one)
        }
        (
            apart(&self.silent, &other.silent),
            apart(&self.ports, &other.ports),
        )
    }
}

impl Sight {
    /// Finds out who is asked, and which ports.
    #[must_use]
    pub fn new(reference: &Reference) -> Self {
        let (network, graph) = (&reference.network, &reference.graph);
        let targets = network.targets();
        let asked: BTreeSet<NodeIx> = targets
            .iter()
            .filter_map(|target| graph.node(&target.id.node))
            .collect();
        let polled: BTreeSet<&_> = targets
            .iter()
            .filter(|target| target.id.method == Method::Snmp)
            .map(|target| &target.id.node)
            .collect();
        let mut ports = Vec::new();
        for link in network.links.values() {
            for (near, far) in [(&link.a, &link.b), (&link.b, &link.a)] {
                if near.port.is_some()
                    && polled.contains(&near.node)
                    && let (Some(ix), Some(near), Some(far)) = (
                        graph.link(&link.id),
                        graph.node(&near.node),
                        graph.node(&far.node),
                    )
                {
                    ports.push((ix, near, far));
                }
            }
        }
        ports.sort_unstable();
        Self {
            reference: reference.clone(),
            asked: asked.into_iter().collect(),
            ports,
        }
    }

    /// Returns all that can be seen of these elements failing together. Cost O(n + m).
    #[must_use]
    pub fn seen<'a>(&self, elements: impl IntoIterator<Item = &'a Element>) -> Seen {
        let graph = &self.reference.graph;
        let cut = graph.cut(elements);
        let reached = graph.reach(&[graph.monitor()], &cut);
        let asked = self.asked.iter().copied();
        let ports = self.ports.iter().filter(|(link, near, far)| {
            reached[near.index()]
                && (cut.links().binary_search(link).is_ok()
                    || cut.nodes().binary_search(far).is_ok())
        });
        Seen {
            silent: asked.filter(|node| !reached[node.index()]).collect(),
            ports: ports.map(|(link, near, _)| (*link, *near)).collect(),
        }
    }

    /// Returns the agencies that have no path to the monitor while these elements are down. Cost O(n + m).
    #[must_use]
    pub fn cut_off<'a>(
        &self,
        elements: impl IntoIterator<Item = &'a Element>,
    ) -> BTreeSet<AgencyId> {
        let (network, graph) = (&self.reference.network, &self.reference.graph);
        cut_off_from(network, graph, &[graph.monitor()], elements)
    }

    /// Returns these elements and, for a risk group, its members: all that is broken with them.
    #[must_use]
    pub fn broken(&self, elements: &[Element]) -> BTreeSet<Element> {
        let risks = &self.reference.network.risks;
        let members = elements.iter().filter_map(|element| match element {
            Element::Risk(risk) => risks.get(risk),
            Element::Node(_) | Element::Link(_) => None,
        });
        let members = members.flat_map(|risk| &risk.members);
        elements.iter().chain(members).cloned().collect()
    }

    /// Returns whether everybody who is asked is silent: then it is the monitor that is cut off.
    #[must_use]
    pub fn is_total(&self, seen: &Seen) -> bool {
        !self.asked.is_empty() && seen.silent.len() == self.asked.len()
    }
}
