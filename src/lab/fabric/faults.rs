//! What is wrong with the fabric, and everything that follows from it: routes, dead links, what is lost where.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use crate::graph::NodeIx;
use crate::lab::action::Action;
use crate::lab::action::behaviour::Behaviour;
use crate::lab::action::impairment::{IcmpLimit, Impairment};
use crate::lab::fabric::limit::Policer;
use crate::lab::fabric::{Fabric, wire};
use crate::model::{Element, NodeId};

impl Fabric {
    /// Does something to the network at a moment. What does not exist is left alone.
    pub fn act(&mut self, action: &Action, at: Duration) {
        self.settle(at);
        match action {
            Action::Cut(elements) => {
                let known = elements.iter().filter(|element| self.network.has(element));
                self.broken.extend(known.cloned());
            }
            Action::Restore(elements) => {
                for element in elements {
                    self.broken.remove(element);
                    self.losses.remove(element);
                    self.impaired.retain(|(other, _), _| other != element);
                    if let Element::Node(node) = element {
                        self.behave(node, Behaviour::Well, at);
                    }
                }
            }
            Action::RestoreAll => {
                self.broken.clear();
                self.losses.clear();
                self.impaired.clear();
                for place in &mut self.places {
                    place.behaviour = Behaviour::Well;
                }
            }
            Action::Loss { element, loss } => {
                if loss.ratio <= 0.0 {
                    self.losses.remove(element);
                } else if self.network.has(element) {
                    self.losses.insert(element.clone(), loss.clone());
                }
            }
            Action::Impair { element, by } => {
                let key = (element.clone(), by.verb());
                if by.is_none() {
                    self.impaired.remove(&key);
                } else if self.network.has(element) {
                    self.impaired.insert(key, by.clone());
                }
            }
            Action::Agent { node, behaviour } => {
                // Nothing else follows from it: routes and losses stay as they are.
                self.behave(node, *behaviour, at);
                return;
            }
        }
        self.change(at);
    }

    /// Returns what is cut, lossy or impaired now, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<Element> {
        let impaired = self.impaired.keys().map(|(element, _)| element);
        let all: BTreeSet<&Element> = self
            .broken
            .iter()
            .chain(self.losses.keys())
            .chain(impaired)
            .collect();
        all.into_iter().cloned().collect()
    }

    /// Returns every fault that is in force, as the actions that would make it: cuts, losses,
    /// impairments, agents.
    #[must_use]
    pub fn faults(&self) -> Vec<Action> {
        let cuts = self
            .broken
            .iter()
            .map(|element| Action::Cut(vec![element.clone()]));
        let losses = self.losses.iter().map(|(element, loss)| Action::Loss {
            element: element.clone(),
            loss: loss.clone(),
        });
        let impaired = self
            .impaired
            .iter()
            .map(|((element, _), by)| Action::Impair {
                element: element.clone(),
                by: by.clone(),
            });
        let agents = self
            .graph
            .node_indices()
            .zip(&self.places)
            .filter(|(_, place)| place.behaviour != Behaviour::Well)
            .map(|(ix, place)| Action::Agent {
                node: self.graph.node_id(ix).clone(),
                behaviour: place.behaviour,
            });
        cuts.chain(losses).chain(impaired).chain(agents).collect()
    }

    fn behave(&mut self, node: &NodeId, behaviour: Behaviour, at: Duration) {
        let Some(ix) = self.graph.node(node) else {
            return;
        };
        let place = &mut self.places[ix.index()];
        if behaviour == Behaviour::Reboot {
            place.behaviour = Behaviour::Well;
            place.started = (at, place.started.1 + 1);
            place.forgotten = self
                .graph
                .neighbours(ix)
                .map(|(link, _)| (link, self.wires[link.index()].octets(at)))
                .collect();
        } else {
            place.behaviour = behaviour;
        }
    }

    /// Brings everything that follows from the faults up to date.
    fn change(&mut self, at: Duration) {
        let cut = self.graph.cut(&self.broken);
        self.gone.fill(false);
        self.dead.fill(false);
        for node in cut.nodes() {
            self.gone[node.index()] = true;
        }
        for link in cut.links() {
            self.dead[link.index()] = true;
        }
        for link in self.graph.link_indices() {
            let (a, b) = self.graph.ends(link);
            let is_dead = self.dead[link.index()] || self.gone[a.index()] || self.gone[b.index()];
            self.wires[link.index()].note(is_dead, at);
            self.wires[link.index()].channels = [None, None];
        }
        for place in &mut self.places {
            place.channel = None;
            place.mischief = None;
        }
        for (element, loss) in &self.losses {
            let hit = self.graph.cut([element]);
            for node in hit.nodes() {
                self.places[node.index()].channel = wire::Channel::new(loss, &mut self.dice);
            }
            for link in hit.links() {
                let (a, b) = self.graph.ends(*link);
                let toward = loss.toward.as_ref().and_then(|id| self.graph.node(id));
                let channels = &mut self.wires[link.index()].channels;
                if toward != Some(a) {
                    channels[0] = wire::Channel::new(loss, &mut self.dice);
                }
                if toward != Some(b) {
                    channels[1] = wire::Channel::new(loss, &mut self.dice);
                }
            }
        }
        self.impair();
        self.police(at);
        self.is_sound =
            self.broken.is_empty() && self.losses.is_empty() && self.impaired.is_empty();
        let routes = self.graph.routes(self.graph.monitor(), &cut);
        if self.conduct.convergence.is_zero() {
            self.routes = routes;
            self.kept.fill([None, None]);
        } else {
            self.coming = Some((at + self.conduct.convergence, routes));
        }
    }

    /// Brings the limits of nodes up to date; buckets keep what is in them.
    fn police(&mut self, at: Duration) {
        let mut limits: BTreeMap<NodeIx, IcmpLimit> = BTreeMap::new();
        for ((element, _), by) in &self.impaired {
            if let (Element::Node(node), Impairment::IcmpLimit(by)) = (element, by)
                && let Some(ix) = self.graph.node(node)
            {
                limits.insert(ix, *by);
            }
        }
        for ix in self.graph.node_indices() {
            let policer = &mut self.places[ix.index()].policer;
            match limits.get(&ix) {
                Some(by) if policer.as_ref().is_some_and(|policer| policer.is(*by)) => {}
                Some(by) => *policer = Some(Policer::new(*by, at)),
                None => *policer = None,
            }
        }
    }

    /// Brings what is done to packets up to date; queues keep what stands in them.
    fn impair(&mut self) {
        for wire in &mut self.wires {
            if let Some(mischief) = &mut wire.mischief {
                mischief.clear();
            }
        }
        for ((element, _), by) in &self.impaired {
            let hit = self.graph.cut([element]);
            if matches!(by, Impairment::IcmpLimit(_)) {
                continue;
            }
            for node in hit.nodes() {
                let place = &mut self.places[node.index()];
                place.mischief.get_or_insert_default().add(by, None);
            }
            for link in hit.links() {
                let way = match by {
                    // What travels a to b is the first of the two ways.
                    Impairment::OneWay(toward) => {
                        let (_, b) = self.graph.ends(*link);
                        Some(usize::from(self.graph.node(toward) != Some(b)))
                    }
                    _ => None,
                };
                let wire = &mut self.wires[link.index()];
                wire.mischief.get_or_insert_default().add(by, way);
            }
        }
        for wire in &mut self.wires {
            wire.mischief.take_if(|mischief| mischief.is_none());
        }
    }

    /// Lets everything happen that comes of itself until a moment.
    pub(super) fn settle(&mut self, at: Duration) {
        self.now = at;
        if let Some((_, routes)) = self.coming.take_if(|(when, _)| *when <= at) {
            self.routes = routes;
            self.kept.fill([None, None]);
        }
    }
}
