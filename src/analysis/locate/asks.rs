//! What to ask next about a silence: routers that were not asked, and ports that were not read.

use std::collections::BTreeSet;

use crate::analysis::asks::{Ask, Candidate, Outcome, chosen};
use crate::analysis::locate::{Cause, Explanation, Facts, Locator, Suspect};
use crate::graph::{LinkIx, NodeIx};
use crate::model::network::Network;
use crate::model::target::{Method, TargetId};
use crate::model::{Element, LinkId, NodeId};

/// Elements of one cause that are parted; of a longer list the most probable.
const MOST: usize = 40;

/// What goes when one element is the cause and the other causes are as they are.
struct Loss {
    /// By node.
    lost: Vec<bool>,
    gone: Vec<NodeIx>,
    cut: Vec<LinkIx>,
}

impl Locator {
    /// Names the questions that would part the elements of every cause that cannot be told apart, in order of causes,
    /// the one that says most first.
    ///
    /// `network` must be the one that this locator was made for. Only what can be asked is named: nodes that are
    /// pinged, and ports of devices that are polled. Cost O(n) for each element of a cause, and O(nodes × elements)
    /// for each question.
    #[must_use]
    pub fn asks(&self, network: &Network, facts: &Facts, explanation: &Explanation) -> Vec<Ask> {
        let mut asks = Vec::new();
        for (place, cause) in explanation.causes.iter().enumerate() {
            if cause.elements.len() < 2 {
                continue;
            }
            let others = explanation.causes.iter().enumerate();
            let others: Vec<&Element> = others
                .filter(|(other, _)| *other != place)
                .filter_map(|(_, cause)| cause.elements.first())
                .collect();
            for ask in self.parting(network, facts, cause, &others) {
                if !asks.contains(&ask) {
                    asks.push(ask);
                }
            }
        }
        asks
    }

    fn parting(
        &self,
        network: &Network,
        facts: &Facts,
        cause: &Cause,
        others: &[&Element],
    ) -> Vec<Ask> {
        let elements = &cause.elements[..cause.elements.len().min(MOST)];
        let losses: Vec<Loss> = elements
            .iter()
            .map(|element| self.loss(element, others))
            .collect();
        let odds: Vec<f64> = elements
            .iter()
            .map(|element| {
                let suspect = self.elements.binary_search(element).ok();
                suspect.map_or(0.0, |place| self.odds[place].exp())
            })
            .collect();
        let mut candidates = Vec::new();
        let targets: BTreeSet<TargetId> = network
            .targets()
            .into_iter()
            .map(|target| target.id)
            .collect();
        // Of targets that say the same a router in question says it best, then the nearest router.
        let mut pinged: Vec<&TargetId> = targets.iter().collect();
        pinged.sort_by_key(|target| {
            let node = self.graph.node(&target.node);
            let is_other = !elements.contains(&Element::Node(target.node.clone()));
            let is_leaf = node.is_none_or(|node| !self.graph.is_transit(node));
            (
                is_other,
                is_leaf,
                node.and_then(|node| self.reach.depth(node)),
            )
        });
        for target in pinged {
            let is_known =
                facts.silent.contains(&target.node) || facts.answering.contains(&target.node);
            if is_known || target.method == Method::Snmp {
                continue;
            }
            let Some(node) = self.graph.node(&target.node) else {
                continue;
            };
            let outcomes = losses.iter().map(|loss| {
                if loss.lost[node.index()] {
                    Outcome::Bad
                } else {
                    Outcome::Good
                }
            });
            candidates.push(Candidate {
                target: target.clone(),
                port: None,
                outcomes: outcomes.collect(),
            });
        }
        for (observer, link) in self.ports(network, &losses) {
            let target = TargetId {
                node: observer.clone(),
                method: Method::Snmp,
            };
            let port = (observer, link);
            let is_known = facts.ports_down.contains(&port) || facts.ports_up.contains(&port);
            let is_silent = facts.silent.contains(&port.0) && !facts.answering.contains(&port.0);
            if is_known || is_silent || !targets.contains(&target) {
                continue;
            }
            let (Some(node), Some(link)) = (self.graph.node(&port.0), self.graph.link(&port.1))
            else {
                continue;
            };
            let (a, b) = self.graph.ends(link);
            let far = if a == node { b } else { a };
            let outcomes = losses.iter().map(|loss| {
                if loss.lost[node.index()] {
                    Outcome::Nothing
                } else if loss.cut.contains(&link) || loss.gone.contains(&far) {
                    Outcome::Bad
                } else {
                    Outcome::Good
                }
            });
            candidates.push(Candidate {
                target,
                port: Some(port.1),
                outcomes: outcomes.collect(),
            });
        }
        chosen(elements, &odds, candidates)
    }

    /// Returns whom an element loses together with others.
    fn loss(&self, element: &Element, others: &[&Element]) -> Loss {
        let (mut gone, mut cut) = (Vec::new(), Vec::new());
        for element in others.iter().copied().chain([element]) {
            if let Ok(place) = self.elements.binary_search(element) {
                let suspect = Suspect(place as u32);
                let (nodes, links) = &self.falls[suspect.index()];
                gone.extend(nodes);
                cut.extend(links);
            }
        }
        gone.sort_unstable();
        gone.dedup();
        cut.sort_unstable();
        cut.dedup();
        let mut lost = vec![false; self.graph.node_count()];
        for node in self.reach.lost(&gone, &cut).iter().chain(&gone) {
            lost[node.index()] = true;
        }
        Loss { lost, gone, cut }
    }

    /// Returns the declared ports that could tell something about some losses: those on what is cut, and towards what
    /// is gone; by observer, then by link.
    fn ports(&self, network: &Network, losses: &[Loss]) -> BTreeSet<(NodeId, LinkId)> {
        let mut links: BTreeSet<LinkIx> = BTreeSet::new();
        for loss in losses {
            links.extend(&loss.cut);
            let beside = loss.gone.iter().flat_map(|node| self.reach.beside(*node));
            links.extend(beside.map(|(link, _)| *link));
        }
        let mut ports = BTreeSet::new();
        for link in links {
            let Some(link) = network.links.get(self.graph.link_id(link)) else {
                continue;
            };
            for end in link.ends().into_iter().filter(|end| end.port.is_some()) {
                ports.insert((end.node.clone(), link.id.clone()));
            }
        }
        ports
    }
}
