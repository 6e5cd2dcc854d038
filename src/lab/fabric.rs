//! The fabric: what the network does to a packet, without a socket and in anybody's time.
//!
//! Routing is what `graph` says: shortest paths from the monitor over what is up, used in both directions, as
//! all traffic of a monitor is between its own place and a node. Time is passed in as what went by since the
//! lab began; the same seed and the same calls give the same fates.

mod journey;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use crate::graph::{Cut, Graph, LinkIx, NodeIx, Routes, mix};
use crate::lab::action::{Action, Behaviour, Loss};
use crate::model::device::Device;
use crate::model::network::{Network, Node};
use crate::model::reading::{Answer, Refusal};
use crate::model::target::{Method, Target};
use crate::model::{Element, NodeId};

/// What a device's kernel sends its packets with.
const TTL: u8 = 64;

/// Octets of an echo request or a small SNMP question with its headers, where nobody says the size.
const SIZE: usize = 98;

/// How the network behaves where neither topology nor faults say it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Conduct {
    /// How long routing goes on as before after a change; what meets the fault in that time is lost.
    pub convergence: Duration,
    /// Unreachables that one router sends.
    pub unreachable: Limit,
    /// Time-exceeded messages that one router sends.
    pub exceeded: Limit,
}

/// A token bucket: routers are allowed this many ICMP errors.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Limit {
    /// In the long run; 0 is none at all.
    pub per_second: f64,
    /// At once.
    pub burst: f64,
}

impl Default for Conduct {
    /// A router at a cut says so at most ten times a second; a trace may ask each hop a hundred times.
    fn default() -> Self {
        Self {
            convergence: Duration::ZERO,
            unreachable: Limit {
                per_second: 10.0,
                burst: 10.0,
            },
            exceeded: Limit {
                per_second: 100.0,
                burst: 100.0,
            },
        }
    }
}

/// A packet as the fabric sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Packet {
    /// Whether the monitor's side sent it.
    pub from_near: bool,
    /// Its source.
    pub source: Ipv4Addr,
    /// Its destination.
    pub destination: Ipv4Addr,
    /// Its time to live as it was sent.
    pub ttl: u8,
    /// What routers share load by: a hash of addresses, protocol and ports.
    pub flow: u64,
    /// Its octets, headers included.
    pub octets: usize,
}

/// What becomes of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It arrives.
    Deliver {
        /// How long it takes.
        after: Duration,
        /// What is left of its time to live.
        ttl: u8,
    },
    /// It is never seen again.
    Drop,
    /// A router answers to its sender in the destination's place.
    Answer {
        /// From where.
        router: Ipv4Addr,
        /// What it says.
        why: Refusal,
        /// When the sender hears it.
        after: Duration,
    },
}

/// The emulated network with all its faults.
#[derive(Clone, Debug)]
pub struct Fabric {
    network: Arc<Network>,
    graph: Graph,
    conduct: Conduct,
    dice: wire::Dice,
    addresses: HashMap<IpAddr, NodeIx>,
    broken: BTreeSet<Element>,
    losses: BTreeMap<Element, Loss>,
    gone: Vec<bool>,
    dead: Vec<bool>,
    /// Routes of the network as designed: where a packet would have gone.
    designed: Routes,
    /// Routes in force.
    routes: Routes,
    /// Routes that come into force when routing has converged.
    coming: Option<(Duration, Routes)>,
    wires: Vec<wire::Wire>,
    places: Vec<Place>,
}

/// One node of the fabric.
#[derive(Clone, Debug)]
struct Place {
    /// Where its ICMP errors come from, by the link on which the packet came.
    voices: Vec<Ipv4Addr>,
    behaviour: Behaviour,
    /// When it last started, and how often.
    started: (Duration, u32),
    /// What its ports had counted then.
    forgotten: HashMap<LinkIx, [u64; 2]>,
    /// What may be lost on entering it.
    channel: Option<wire::Channel>,
    unreachable: Bucket,
    exceeded: Bucket,
    /// What it says of itself; numbers are filled in when it is asked.
    device: Device,
    /// At which place of its interfaces each link is counted.
    ports: Vec<(LinkIx, usize)>,
}

/// What is left of a limit.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Duration,
}

impl Bucket {
    fn full(limit: Limit) -> Self {
        Self {
            tokens: limit.burst,
            at: Duration::ZERO,
        }
    }

    fn takes(&mut self, limit: Limit, at: Duration) -> bool {
        let passed = at.saturating_sub(self.at).as_secs_f64();
        self.at = self.at.max(at);
        self.tokens = (self.tokens + passed * limit.per_second).min(limit.burst);
        let may = self.tokens >= 1.0;
        if may {
            self.tokens -= 1.0;
        }
        may
    }
}

impl Fabric {
    /// Builds the fabric of a whole network, with the usual conduct.
    #[must_use]
    pub fn new(network: Arc<Network>, seed: u64) -> Self {
        Self::with_conduct(network, seed, Conduct::default())
    }

    /// Builds the fabric of a whole network. Cost O((n + m) log n).
    #[must_use]
    pub fn with_conduct(network: Arc<Network>, seed: u64, conduct: Conduct) -> Self {
        let graph = Graph::new(&network);
        let routes = graph.routes(graph.monitor(), &Cut::default());
        let mut addresses = HashMap::new();
        let mut places = Vec::with_capacity(graph.node_count());
        for (ix, node) in graph.node_indices().zip(network.nodes.values()) {
            for address in node.address.iter().chain(&node.addresses) {
                addresses.insert(*address, ix);
            }
            let (device, ports) = crate::lab::agent::portrait(&network, node);
            places.push(Place {
                voices: voices(node),
                behaviour: Behaviour::Well,
                started: (Duration::ZERO, 1),
                forgotten: HashMap::new(),
                channel: None,
                unreachable: Bucket::full(conduct.unreachable),
                exceeded: Bucket::full(conduct.exceeded),
                device,
                ports: ports
                    .iter()
                    .filter_map(|(link, place)| Some((graph.link(link)?, *place)))
                    .collect(),
            });
        }
        let wires = network
            .links
            .values()
            .map(|link| wire::Wire::new(link, &network, seed))
            .collect();
        Self {
            gone: vec![false; graph.node_count()],
            dead: vec![false; graph.link_count()],
            conduct,
            dice: wire::Dice::new(seed),
            addresses,
            broken: BTreeSet::new(),
            losses: BTreeMap::new(),
            designed: routes.clone(),
            routes,
            coming: None,
            wires,
            places,
            graph,
            network,
        }
    }

    /// Returns the network that is emulated.
    #[must_use]
    pub fn network(&self) -> &Arc<Network> {
        &self.network
    }

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
                    if let Element::Node(node) = element {
                        self.behave(node, Behaviour::Well, at);
                    }
                }
            }
            Action::RestoreAll => {
                self.broken.clear();
                self.losses.clear();
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
            Action::Agent { node, behaviour } => {
                // Nothing else follows from it: routes and losses stay as they are.
                self.behave(node, *behaviour, at);
                return;
            }
        }
        self.change(at);
    }

    /// Returns what is cut or lossy now, in order.
    #[must_use]
    pub fn broken(&self) -> Vec<Element> {
        let all: BTreeSet<&Element> = self.broken.iter().chain(self.losses.keys()).collect();
        all.into_iter().cloned().collect()
    }

    /// Returns every fault that is in force, as the actions that would make it: cuts, losses, agents.
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
        let agents = self
            .graph
            .node_indices()
            .zip(&self.places)
            .filter(|(_, place)| place.behaviour != Behaviour::Well)
            .map(|(ix, place)| Action::Agent {
                node: self.graph.node_id(ix).clone(),
                behaviour: place.behaviour,
            });
        cuts.chain(losses).chain(agents).collect()
    }

    /// Returns how a node's agent behaves.
    #[must_use]
    pub fn behaviour(&self, node: &NodeId) -> Behaviour {
        self.graph
            .node(node)
            .map_or(Behaviour::Well, |ix| self.places[ix.index()].behaviour)
    }

    /// Returns when a node last started, and how often it has (its engineBoots, RFC 3414).
    #[must_use]
    pub fn started(&self, node: &NodeId) -> (Duration, u32) {
        self.graph
            .node(node)
            .map_or((Duration::ZERO, 1), |ix| self.places[ix.index()].started)
    }

    /// Returns the node that has an address.
    #[must_use]
    pub fn node_of(&self, address: IpAddr) -> Option<&Node> {
        let ix = self.addresses.get(&address)?;
        self.network.nodes.get(self.graph.node_id(*ix))
    }

    /// Returns what a probe hears from a target, and how long after it asked.
    ///
    /// A silence takes the target's time-out, for each retry once more. Cost O(path), and O(ports) for SNMP.
    pub fn ask(&mut self, target: &Target, at: Duration) -> (Answer, Duration) {
        let waits = target.timeout * (u32::from(target.retries) + 1);
        let Some(node) = self.graph.node(&target.id.node) else {
            return (Answer::Silent, waits);
        };
        self.settle(at);
        for attempt in 0..=target.retries {
            let spent = target.timeout * u32::from(attempt);
            if let Some((answer, after)) = self.attempt(node, target, at + spent)
                && after <= target.timeout
            {
                return (answer, spent + after);
            }
        }
        (Answer::Silent, waits)
    }

    fn attempt(
        &mut self,
        node: NodeIx,
        target: &Target,
        at: Duration,
    ) -> Option<(Answer, Duration)> {
        let flow = mix(node.index() as u64);
        let (out, _) = match self.travel(node, true, TTL, flow, SIZE, at) {
            Fate::Deliver { after, ttl } => (after, ttl),
            Fate::Drop => return None,
            Fate::Answer { router, why, after } => {
                let by = IpAddr::V4(router);
                return Some((Answer::Refused { by, why }, after));
            }
        };
        let behaviour = self.places[node.index()].behaviour;
        let late = match (target.id.method, behaviour) {
            (Method::Ping, Behaviour::Pingless)
            | (Method::Snmp, Behaviour::Killed | Behaviour::Garbage | Behaviour::Another) => {
                return None;
            }
            (Method::Snmp, Behaviour::Slow(by)) => by,
            _ => Duration::ZERO,
        };
        let answers_at = at + out + late;
        let Fate::Deliver { after: back, ttl } =
            self.travel(node, false, TTL, mix(flow), SIZE, answers_at)
        else {
            return None;
        };
        let after = out + late + back;
        let answer = match target.id.method {
            Method::Ping => Answer::Echo {
                rtt: after,
                ttl: Some(ttl),
            },
            Method::Tcp(_) => Answer::Echo {
                rtt: after,
                ttl: None,
            },
            Method::Snmp => {
                let mut device = self.seen(node, answers_at);
                if behaviour == Behaviour::Partial {
                    device.interfaces.truncate(device.interfaces.len() / 2);
                    Answer::Partial(Arc::new(device))
                } else {
                    Answer::Device(Arc::new(device))
                }
            }
        };
        Some((answer, after))
    }

    /// Returns what becomes of a packet.
    ///
    /// Packets from the near side go to the node that has their destination; packets from the far side come
    /// from the node that has their source, whatever the other address is. Cost O(path).
    pub fn packet(&mut self, packet: &Packet, at: Duration) -> Fate {
        let far = if packet.from_near {
            packet.destination
        } else {
            packet.source
        };
        let Some(&node) = self.addresses.get(&IpAddr::V4(far)) else {
            return Fate::Drop;
        };
        self.settle(at);
        self.travel(
            node,
            packet.from_near,
            packet.ttl,
            packet.flow,
            packet.octets,
            at,
        )
    }

    /// Returns what a node's agent would say of it, whole, however it behaves; `None` if there is no such node.
    #[must_use]
    pub fn device(&self, node: &NodeId, at: Duration) -> Option<Device> {
        self.graph.node(node).map(|ix| self.seen(ix, at))
    }

    fn seen(&self, node: NodeIx, at: Duration) -> Device {
        let place = &self.places[node.index()];
        let mut device = place.device.clone();
        device.system.uptime = Some(at.saturating_sub(place.started.0));
        for &(link, port) in &place.ports {
            let (a, b) = self.graph.ends(link);
            let other = if a == node { b } else { a };
            let is_dead = self.dead[link.index()] || self.gone[other.index()];
            let since = place.forgotten.get(&link).copied().unwrap_or_default();
            let octets = self.wires[link.index()].octets(at);
            let [ab, ba] = [0, 1].map(|way| octets[way].saturating_sub(since[way]));
            let (received, sent) = if a == node { (ba, ab) } else { (ab, ba) };
            let does = crate::lab::agent::Traffic {
                is_up: !is_dead,
                received,
                sent,
            };
            crate::lab::agent::count(&mut device, port, does);
        }
        device
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
        let routes = self.graph.routes(self.graph.monitor(), &cut);
        if self.conduct.convergence.is_zero() {
            self.routes = routes;
        } else {
            self.coming = Some((at + self.conduct.convergence, routes));
        }
    }

    fn settle(&mut self, at: Duration) {
        if let Some((_, routes)) = self.coming.take_if(|(when, _)| *when <= at) {
            self.routes = routes;
        }
    }
}

/// Returns where a node's ICMP errors may come from: its interfaces, or the one address that it has.
fn voices(node: &Node) -> Vec<Ipv4Addr> {
    let v4 = |address: &IpAddr| match address {
        IpAddr::V4(address) => Some(*address),
        IpAddr::V6(_) => None,
    };
    let ports: Vec<Ipv4Addr> = node.addresses.iter().filter_map(v4).collect();
    if ports.is_empty() {
        node.address.iter().filter_map(v4).collect()
    } else {
        ports
    }
}
