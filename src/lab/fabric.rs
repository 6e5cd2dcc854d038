//! The fabric: what the network does to a packet, without a socket and in anybody's time.
//!
//! Routing is what `graph` says: shortest paths from the monitor over what is up, used in both directions, as
//! all traffic of a monitor is between its own place and a node. Time is passed in as what went by since the
//! lab began; the same seed and the same calls give the same fates. IPv4 and IPv6 go the same ways: the model has
//! one graph. What a family has of its own is its addresses, whether routers may cut, and how errors are written.

mod dice;
mod faults;
mod hearing;
mod journey;
pub mod limit;
mod queue;
pub mod traps;
mod wire;

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use crate::graph::{Cut, Graph, LinkIx, NodeIx, Routes};
use crate::lab::action::Loss;
use crate::lab::action::behaviour::Behaviour;
use crate::lab::action::impairment::Impairment;
use crate::lab::fabric::journey::{Kept, Load};
use crate::lab::fabric::limit::{Bucket, Limit, Policer};
use crate::model::device::{Device, Engine};
use crate::model::network::{Network, Node};
use crate::model::reading::Refusal;
use crate::model::{Element, NodeId};
use crate::wire::echo::Family;

/// What a device's kernel sends its packets with.
const TTL: u8 = 64;

/// Octets of an echo request or a small SNMP question with its headers, where nobody says the size.
const SIZE: usize = 98;

/// Answers of a device that are kept to be filled anew: a monitor holds two of them, and a third is on its way.
const KEPT_ANSWERS: usize = 4;

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
    pub source: IpAddr,
    /// Its destination.
    pub destination: IpAddr,
    /// Its time to live, or hop limit, as it was sent.
    pub ttl: u8,
    /// What routers share load by: a hash of addresses, protocol, and ports or an echo's identifier.
    pub flow: u64,
    /// Its octets, headers included.
    pub octets: usize,
    /// Whether nobody on the way may cut it into fragments: its sender forbids it (RFC 791, DF), or it is IPv6
    /// (RFC 8200, 5).
    pub is_whole: bool,
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
        /// How many of it arrive: one, and the copies that were made on the way.
        copies: u8,
        /// Whether it was held back, so that later packets of the same way may overtake it.
        is_held: bool,
    },
    /// It is never seen again.
    Drop,
    /// A router answers to its sender in the destination's place.
    Answer {
        /// From where.
        router: IpAddr,
        /// What it says.
        why: Refusal,
        /// When the sender hears it.
        after: Duration,
        /// The most octets that the way on carries in one piece, where that is why (RFC 1191, RFC 8201).
        mtu: Option<u16>,
    },
}

/// The emulated network with all its faults.
#[derive(Clone, Debug)]
pub struct Fabric {
    network: Arc<Network>,
    graph: Graph,
    conduct: Conduct,
    dice: dice::Dice,
    addresses: HashMap<IpAddr, NodeIx>,
    broken: BTreeSet<Element>,
    losses: BTreeMap<Element, Loss>,
    /// By element and verb: one of each kind at each element.
    impaired: BTreeMap<(Element, &'static str), Impairment>,
    /// When the caller last asked; packets that have left by then are in nobody's way.
    now: Duration,
    gone: Vec<bool>,
    dead: Vec<bool>,
    /// Whether nothing at all is broken, lossy or impaired.
    is_sound: bool,
    /// Routes of the network as designed: where a packet would have gone.
    designed: Routes,
    /// Routes in force.
    routes: Routes,
    /// By node, back and outward: a way by the routes in force.
    kept: Vec<[Option<Kept>; 2]>,
    /// Routes that come into force when routing has converged.
    coming: Option<(Duration, Routes)>,
    wires: Vec<wire::Wire>,
    places: Vec<Place>,
}

/// One node of the fabric.
#[derive(Clone, Debug)]
struct Place {
    /// Where its ICMP errors come from, by family and then by the link on which the packet came.
    voices: [Vec<IpAddr>; 2],
    behaviour: Behaviour,
    /// When it last started, and how often.
    started: (Duration, u32),
    /// What its ports had counted then.
    forgotten: HashMap<LinkIx, [u64; 2]>,
    /// What may be lost on entering it.
    channel: Option<Box<wire::Channel>>,
    /// What else is done to what enters it.
    mischief: Option<Box<wire::Mischief>>,
    unreachable: Bucket,
    exceeded: Bucket,
    /// What it sends of ICMP at most, where somebody limits that.
    policer: Option<Policer>,
    /// What it says of itself; numbers are filled in when it is asked.
    device: Device,
    /// What it said last, the oldest first: what nobody keeps any more is filled anew.
    said: VecDeque<Arc<Device>>,
    /// At which place of its interfaces each link is counted.
    ports: Vec<(LinkIx, usize)>,
    /// What only a poll by hand asks for.
    rest: crate::lab::agent::Rest,
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
            let rest = crate::lab::agent::rest(&network, node, &device, &ports);
            places.push(Place {
                voices: [Family::V4, Family::V6].map(|family| voices(node, family)),
                behaviour: Behaviour::Well,
                started: (Duration::ZERO, 1),
                forgotten: HashMap::new(),
                channel: None,
                mischief: None,
                unreachable: Bucket::full(conduct.unreachable),
                exceeded: Bucket::full(conduct.exceeded),
                policer: None,
                device,
                said: VecDeque::new(),
                ports: ports
                    .iter()
                    .filter_map(|(link, place)| Some((graph.link(link)?, *place)))
                    .collect(),
                rest,
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
            is_sound: true,
            conduct,
            dice: dice::Dice::new(seed),
            addresses,
            broken: BTreeSet::new(),
            losses: BTreeMap::new(),
            impaired: BTreeMap::new(),
            now: Duration::ZERO,
            kept: vec![[None, None]; graph.node_count()],
            designed: routes.clone(),
            routes,
            coming: None,
            wires,
            places,
            graph,
            network,
        }
    }

    /// Begins everything random anew.
    pub fn reseed(&mut self, seed: u64) {
        self.dice = dice::Dice::new(seed);
        let links = self.wires.iter_mut().flat_map(|wire| &mut wire.channels);
        let nodes = self.places.iter_mut().map(|place| &mut place.channel);
        for channel in links.chain(nodes).flatten() {
            channel.redraw(&mut self.dice);
        }
    }

    /// Returns the network that is emulated.
    #[must_use]
    pub fn network(&self) -> &Arc<Network> {
        &self.network
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
        let Some(&node) = self.addresses.get(&far) else {
            return Fate::Drop;
        };
        self.settle(at);
        let load = Load {
            family: Family::of(far),
            ttl: packet.ttl,
            flow: packet.flow,
            octets: packet.octets,
            is_whole: packet.is_whole,
        };
        self.travel(node, packet.from_near, load, at)
    }

    /// Returns whether the node that has an address answers an echo that reaches it at a moment.
    pub fn answers_echo(&mut self, address: IpAddr, at: Duration) -> bool {
        let Some(&ix) = self.addresses.get(&address) else {
            return true;
        };
        self.echoes(ix, at)
    }

    /// Returns whether a node sends one more echo reply, and takes it out of its limit.
    fn echoes(&mut self, node: NodeIx, at: Duration) -> bool {
        self.places[node.index()].behaviour != Behaviour::Pingless && self.may_speak(node, at)
    }

    /// Returns whether a node's own limit lets one more ICMP message out, and takes it.
    fn may_speak(&mut self, node: NodeIx, at: Duration) -> bool {
        match &mut self.places[node.index()].policer {
            Some(policer) => policer.lets(at, &mut self.dice),
            None => true,
        }
    }

    /// Returns what a node's agent would say of it, whole, however it behaves (only counters that run backwards do so
    /// here); `None` if there is no such node.
    #[must_use]
    pub fn device(&self, node: &NodeId, at: Duration) -> Option<Device> {
        self.graph.node(node).map(|ix| self.seen(ix, at))
    }

    /// Returns the same, with whom it hears, what it is made of and where its engine stands.
    ///
    /// Nobody is heard over a dead link: what LLDP remembers for two minutes would be the past.
    #[must_use]
    pub fn whole(&self, node: &NodeId, at: Duration) -> Option<Device> {
        let node = self.graph.node(node)?;
        let place = &self.places[node.index()];
        let mut device = self.seen(node, at);
        device.chassis_id = place.rest.chassis_id.clone();
        device.inventory.clone_from(&place.rest.inventory);
        device.addresses.clone_from(&place.rest.addresses);
        device.engine = device.system.uptime.map(|time| Engine {
            boots: place.started.1,
            time,
        });
        let is_whole = |link: LinkIx| {
            let (a, b) = self.graph.ends(link);
            let other = if a == node { b } else { a };
            !self.dead[link.index()] && !self.gone[other.index()]
        };
        let rest = place.rest.neighbours.iter().zip(&place.rest.stations);
        for ((neighbour, station), _) in rest
            .zip(&place.ports)
            .filter(|(_, (link, _))| is_whole(*link))
        {
            device.neighbours.push(neighbour.clone());
            device.stations.extend(*station);
        }
        device.stations.sort_unstable();
        device.stations.dedup();
        Some(device)
    }

    fn seen(&self, node: NodeIx, at: Duration) -> Device {
        let mut device = self.places[node.index()].device.clone();
        self.fill(&mut device, node, at);
        device
    }

    /// Returns the same, shared: an answer that whoever asked has forgotten is filled anew, as to make one costs three
    /// texts a port.
    fn said(&mut self, node: NodeIx, at: Duration) -> Arc<Device> {
        let mut said = std::mem::take(&mut self.places[node.index()].said);
        let is_free = |device: &mut Arc<Device>| Arc::get_mut(device).is_some();
        let free = (0..said.len()).find(|place| is_free(&mut said[*place]));
        let mut device = match free.and_then(|place| said.remove(place)) {
            Some(device) => device,
            None => Arc::new(self.places[node.index()].device.clone()),
        };
        if let Some(device) = Arc::get_mut(&mut device) {
            crate::lab::agent::reset(device, &self.places[node.index()].device);
            self.fill(device, node, at);
        }
        if said.len() == KEPT_ANSWERS {
            said.pop_front();
        }
        said.push_back(Arc::clone(&device));
        self.places[node.index()].said = said;
        device
    }

    /// Fills the numbers of a moment into a node's portrait.
    fn fill(&self, device: &mut Device, node: NodeIx, at: Duration) {
        let place = &self.places[node.index()];
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
            crate::lab::agent::count(device, port, does);
        }
        if place.behaviour == Behaviour::Backwards {
            crate::lab::agent::turn_back(device);
        }
    }
}

/// Returns where a node's ICMP errors of a family may come from: its interfaces, or the one address that it has.
fn voices(node: &Node, family: Family) -> Vec<IpAddr> {
    let is_of = |address: &IpAddr| Family::of(*address) == family;
    let ports: Vec<IpAddr> = node.addresses.iter().copied().filter(is_of).collect();
    if ports.is_empty() {
        node.address.into_iter().filter(is_of).collect()
    } else {
        ports
    }
}
