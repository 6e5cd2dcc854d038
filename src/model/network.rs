//! The network: nodes, links, risk groups and everything that is said of them, proven consistent.
//!
//! `Parts` is the open form that a loader or a test fills; `Network::prove` is the only way from it to a
//! `Network`, in which every name resolves, and which nobody can change. It may be disconnected, and an agency
//! may be attached to nothing: that is a finding, not a refusal.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use jiff::{Timestamp, tz::TimeZone};

use crate::model::agency::{Agency, Hours};
use crate::model::kind::LinkKind;
use crate::model::target::{Method, Target, TargetId};
use crate::model::{
    AgencyId, AreaCode, CredentialName, Element, LinkId, MaintenanceId, NodeId, ProviderId, RiskId,
    ServiceId,
};

/// Degrees north and east (WGS 84).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Position {
    /// Latitude, -90..90.
    pub lat: f64,
    /// Longitude, -180..180.
    pub lon: f64,
}

impl Position {
    /// Returns the kilometres to another position on a sphere (haversine, mean Earth radius).
    #[must_use]
    pub fn km_to(self, other: Self) -> f64 {
        let (from, to) = (self.lat.to_radians(), other.lat.to_radians());
        let across = (other.lon - self.lon).to_radians();
        let half = ((to - from) / 2.0).sin().powi(2)
            + from.cos() * to.cos() * (across / 2.0).sin().powi(2);
        2.0 * 6371.0 * half.sqrt().min(1.0).asin()
    }
}

/// A commune or ward.
#[derive(Clone, Debug)]
pub struct Area {
    /// The official code.
    pub code: AreaCode,
    /// The full name, NFC.
    pub name: String,
    /// `ward` or `commune`.
    pub kind: String,
    /// Its centre.
    pub position: Option<Position>,
}

/// How often something fails and how long a repair takes; `None` leaves it to the default of its kind.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Rates {
    /// Mean time between failures.
    pub mtbf: Option<Duration>,
    /// Mean time to repair.
    pub mttr: Option<Duration>,
}

impl Rates {
    /// Returns the probability of being down at a random moment, with `default` for what is not given.
    #[must_use]
    pub fn unavailability(self, default: (Duration, Duration)) -> f64 {
        let up = self.mtbf.unwrap_or(default.0).as_secs_f64();
        let down = self.mttr.unwrap_or(default.1).as_secs_f64();
        if up + down > 0.0 {
            down / (up + down)
        } else {
            0.0
        }
    }
}

/// How a node is asked: intervals, time-outs, limits; already resolved from defaults, class, node and agency.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Policy {
    /// Time between two pings.
    pub ping_interval: Duration,
    /// How long an echo may take.
    pub ping_timeout: Duration,
    /// Median RTT above which it is degraded.
    pub rtt_max: Duration,
    /// Time between two polls.
    pub snmp_interval: Duration,
    /// How long an SNMP answer may take.
    pub snmp_timeout: Duration,
    /// Repeated SNMP questions.
    pub snmp_retries: u8,
}

impl Default for Policy {
    /// What holds where the topology says nothing.
    fn default() -> Self {
        Self {
            ping_interval: Duration::from_secs(10),
            ping_timeout: Duration::from_secs(1),
            rtt_max: Duration::from_millis(150),
            snmp_interval: Duration::from_mins(1),
            snmp_timeout: Duration::from_secs(2),
            snmp_retries: 1,
        }
    }
}

/// A device or place in the network.
#[derive(Clone, Debug)]
pub struct Node {
    /// The written id; an agency's own node has the agency's id.
    pub id: NodeId,
    /// What people call it; the agency's name at an agency's own node.
    pub name: String,
    /// `hub`, `hub-edge`, `core`, `pop`, `access`, `provider`, `radio`, `agency`, ...
    pub role: String,
    /// Carries other people's traffic.
    pub transit: bool,
    /// Where it is asked; `None` is never asked.
    pub address: Option<IpAddr>,
    /// Its interface addresses: hops of a trace and ICMP errors come from these.
    pub addresses: Vec<IpAddr>,
    /// What it calls itself (LLDP, sysName); the id unless the TOML says otherwise.
    pub sys_name: String,
    /// How it is asked; empty is never, though it can still be blamed.
    pub probe: Vec<Method>,
    /// The commune or ward it lies in.
    pub area: Option<AreaCode>,
    /// Where it stands: its own, or its area's.
    pub position: Option<Position>,
    /// The credential's name.
    pub snmp: Option<CredentialName>,
    /// Declared maker.
    pub vendor: Option<String>,
    /// Declared model.
    pub model: Option<String>,
    /// Declared serial number.
    pub serial: Option<String>,
    /// Failure and repair.
    pub rates: Rates,
    /// Risk groups it is in.
    pub risks: Vec<RiskId>,
    /// How it is asked.
    pub policy: Policy,
    /// Earlier ids.
    pub was: Vec<String>,
}

/// One end of a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct End {
    /// The node.
    pub node: NodeId,
    /// The interface there, as its device spells it.
    pub port: Option<String>,
}

/// One connection between two nodes.
#[derive(Clone, Debug)]
pub struct Link {
    /// The written id.
    pub id: LinkId,
    /// One end.
    pub a: End,
    /// The other.
    pub b: End,
    /// `fibre`, `lan`, `mpls`, `radio`, `4g`, ...
    pub kind: String,
    /// Bits a second.
    pub capacity: Option<u64>,
    /// Routing cost; paths are shortest by it, equal costs share.
    pub metric: u32,
    /// Whose it is.
    pub provider: Option<ProviderId>,
    /// What one reads to the provider's hotline.
    pub circuit: Option<String>,
    /// Risk groups it is in.
    pub risks: Vec<RiskId>,
    /// Length.
    pub length_km: Option<f64>,
    /// Price of building it, in the network's unit.
    pub cost_build: Option<f64>,
    /// Price of a year of it.
    pub cost_yearly: Option<f64>,
    /// Failure and repair.
    pub rates: Rates,
    /// Earlier ids.
    pub was: Vec<String>,
}

impl Link {
    /// Returns both ends.
    #[must_use]
    pub fn ends(&self) -> [&End; 2] {
        [&self.a, &self.b]
    }
}

/// The default routing cost of a kind of link, where the topology gives none.
#[must_use]
pub fn default_metric(kind: &str) -> u32 {
    match kind {
        "lan" => 5,
        "mpls" => 30,
        "radio" => 50,
        "4g" => 200,
        "satellite" => 500,
        _ => 10,
    }
}

/// The default (time between failures, time to repair) of a kind of link, where the topology gives none.
///
/// Assumptions of ours, to be replaced by what is measured.
#[must_use]
pub fn default_rates(kind: &str) -> (Duration, Duration) {
    let hours = |up: u64, down: u64| (Duration::from_hours(up), Duration::from_hours(down));
    match kind {
        "lan" => hours(60_000, 4),
        "mpls" => hours(8_760, 4),
        "radio" => hours(6_000, 4),
        "4g" | "satellite" => hours(2_000, 2),
        _ => hours(15_000, 8),
    }
}

/// The default (time between failures, time to repair) of a node. An assumption of ours.
pub const DEFAULT_NODE_RATES: (Duration, Duration) =
    (Duration::from_hours(50_000), Duration::from_hours(6));

/// The default (time between failures, time to repair) of a risk group. An assumption of ours.
pub const DEFAULT_RISK_RATES: (Duration, Duration) =
    (Duration::from_hours(17_520), Duration::from_hours(12));

/// Links or nodes that fail together.
#[derive(Clone, Debug)]
pub struct RiskGroup {
    /// The written id.
    pub id: RiskId,
    /// What people call it.
    pub name: String,
    /// `duct`, `pole-line`, `power`, `provider`, ...
    pub kind: String,
    /// Failure and repair.
    pub rates: Rates,
    /// Its nodes and links, in order; filled by `Network::prove` from what they declare.
    pub members: Vec<Element>,
}

/// What agencies need from the network.
#[derive(Clone, Debug)]
pub struct Service {
    /// The written id.
    pub id: ServiceId,
    /// What people call it.
    pub name: String,
    /// Where it runs.
    pub node: NodeId,
    /// How it is checked: `("https", "hue-s.example")`, in the words of the TOML.
    pub check: BTreeMap<String, String>,
}

/// A link that could be built.
#[derive(Clone, Debug)]
pub struct Candidate {
    /// One end.
    pub a: NodeId,
    /// The other.
    pub b: NodeId,
    /// As of links.
    pub kind: String,
    /// Length.
    pub length_km: Option<f64>,
    /// Price in the network's unit.
    pub cost: f64,
}

/// A declared window in which elements are worked on.
#[derive(Clone, Debug)]
pub struct Maintenance {
    /// Written, or the ticket, or its place in the list.
    pub id: MaintenanceId,
    /// What is worked on.
    pub elements: Vec<Element>,
    /// First moment.
    pub from: Timestamp,
    /// First moment after.
    pub to: Timestamp,
    /// Why.
    pub reason: String,
    /// Where it was agreed.
    pub ticket: Option<String>,
}

impl Maintenance {
    /// Returns whether the window is open.
    #[must_use]
    pub fn is_open(&self, at: Timestamp) -> bool {
        self.from <= at && at < self.to
    }
}

/// A company that links are rented from.
#[derive(Clone, Debug)]
pub struct Provider {
    /// The written id.
    pub id: ProviderId,
    /// What people call it.
    pub name: String,
    /// Whom to call.
    pub hotline: Option<String>,
}

/// A network in its open form, not yet proven.
#[derive(Clone, Debug)]
#[expect(
    missing_docs,
    reason = "each field is the table of its name in the topology"
)]
pub struct Parts {
    /// Names the state folder and the control socket.
    pub id: String,
    pub name: String,
    /// Illustrative data: probing is refused outside the lab.
    pub example: bool,
    pub expected_agencies: Option<u32>,
    /// Who is cut off is counted from here.
    pub hubs: Vec<NodeId>,
    /// Where this monitor stands.
    pub monitor: NodeId,
    pub time_zone: TimeZone,
    /// The unit of all costs.
    pub currency: Option<String>,
    /// What links of a kind are like.
    pub kinds: BTreeMap<String, LinkKind>,
    pub areas: BTreeMap<AreaCode, Area>,
    pub agencies: BTreeMap<AgencyId, Agency>,
    pub nodes: BTreeMap<NodeId, Node>,
    pub links: BTreeMap<LinkId, Link>,
    pub risks: BTreeMap<RiskId, RiskGroup>,
    pub services: BTreeMap<ServiceId, Service>,
    pub candidates: Vec<Candidate>,
    pub maintenances: Vec<Maintenance>,
    pub hours: BTreeMap<String, Hours>,
    pub providers: BTreeMap<ProviderId, Provider>,
}

impl Parts {
    /// Returns the parts of a network that has nothing yet but a name: its one hub, where the monitor stands, is
    /// still to be put in. Its time is UTC.
    #[must_use]
    pub fn new(id: &str, hub: NodeId) -> Self {
        Self {
            id: id.to_owned(),
            name: id.to_owned(),
            example: false,
            expected_agencies: None,
            hubs: vec![hub.clone()],
            monitor: hub,
            time_zone: TimeZone::UTC,
            currency: None,
            kinds: BTreeMap::new(),
            areas: BTreeMap::new(),
            agencies: BTreeMap::new(),
            nodes: BTreeMap::new(),
            links: BTreeMap::new(),
            risks: BTreeMap::new(),
            services: BTreeMap::new(),
            candidates: Vec::new(),
            maintenances: Vec::new(),
            hours: BTreeMap::new(),
            providers: BTreeMap::new(),
        }
    }
}

/// Why parts are not a network.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Inconsistent {
    /// Nobody to count from.
    #[error("there is no hub.")]
    NoHub,
    /// A name that nothing bears.
    #[error("{what} `{id}` names {missing}, which does not exist.")]
    Dangling {
        /// Kind of the thing that names.
        what: &'static str,
        /// Its id.
        id: String,
        /// What it names.
        missing: String,
    },
    /// An address at two nodes.
    #[error("address {address} belongs to both `{one}` and `{other}`.")]
    SharedAddress {
        /// The address.
        address: IpAddr,
        /// One node.
        one: NodeId,
        /// The other.
        other: NodeId,
    },
    /// A link from a node to itself.
    #[error("link `{0}` ends where it begins.")]
    Loop(LinkId),
}

/// A network, proven: every name in it resolves, and no two nodes share an address.
#[derive(Clone, Debug)]
pub struct Network {
    parts: Parts,
    agencies_at: BTreeMap<NodeId, Vec<AgencyId>>,
    links_at: BTreeMap<NodeId, Vec<LinkId>>,
    node_of: BTreeMap<IpAddr, NodeId>,
}

impl std::ops::Deref for Network {
    type Target = Parts;

    /// Everything may be read; nothing can be changed.
    fn deref(&self) -> &Parts {
        &self.parts
    }
}

impl Network {
    /// Proves parts to be a network, or returns the first reason why they are not.
    ///
    /// A loader that wants every reason, with places, checks the same things on what was written and calls this
    /// last. Cost O(n log n).
    pub fn prove(mut parts: Parts) -> Result<Self, Inconsistent> {
        if parts.hubs.is_empty() {
            return Err(Inconsistent::NoHub);
        }
        let node = |what, id: &str, node: &NodeId| {
            parts
                .nodes
                .contains_key(node)
                .then_some(())
                .ok_or_else(|| dangling(what, id, format!("node `{node}`")))
        };
        let risk = |what, id: &str, risk: &RiskId| {
            parts
                .risks
                .contains_key(risk)
                .then_some(())
                .ok_or_else(|| dangling(what, id, format!("risk group `{risk}`")))
        };
        for hub in &parts.hubs {
            node("network", &parts.id, hub)?;
        }
        node("network", &parts.id, &parts.monitor)?;
        let mut agencies_at: BTreeMap<NodeId, Vec<AgencyId>> = BTreeMap::new();
        for agency in parts.agencies.values() {
            node("agency", agency.id.as_str(), &agency.node)?;
            if let Some(area) = &agency.area
                && !parts.areas.contains_key(area)
            {
                return Err(dangling(
                    "agency",
                    agency.id.as_str(),
                    format!("area `{area}`"),
                ));
            }
            if let Some(hours) = &agency.hours
                && !parts.hours.contains_key(hours)
            {
                return Err(dangling(
                    "agency",
                    agency.id.as_str(),
                    format!("hours `{hours}`"),
                ));
            }
            agencies_at
                .entry(agency.node.clone())
                .or_default()
                .push(agency.id.clone());
        }
        let mut node_of: BTreeMap<IpAddr, NodeId> = BTreeMap::new();
        let mut members: BTreeMap<RiskId, BTreeSet<Element>> = BTreeMap::new();
        for each in parts.nodes.values() {
            let addresses: BTreeSet<IpAddr> = each
                .address
                .iter()
                .chain(&each.addresses)
                .copied()
                .collect();
            for address in addresses {
                if let Some(other) = node_of.insert(address, each.id.clone()) {
                    return Err(Inconsistent::SharedAddress {
                        address,
                        one: other,
                        other: each.id.clone(),
                    });
                }
            }
            for group in &each.risks {
                risk("node", each.id.as_str(), group)?;
                members
                    .entry(group.clone())
                    .or_default()
                    .insert(Element::Node(each.id.clone()));
            }
        }
        let mut links_at: BTreeMap<NodeId, Vec<LinkId>> = BTreeMap::new();
        for link in parts.links.values() {
            for end in link.ends() {
                node("link", link.id.as_str(), &end.node)?;
                links_at
                    .entry(end.node.clone())
                    .or_default()
                    .push(link.id.clone());
            }
            if link.a.node == link.b.node {
                return Err(Inconsistent::Loop(link.id.clone()));
            }
            for group in &link.risks {
                risk("link", link.id.as_str(), group)?;
                members
                    .entry(group.clone())
                    .or_default()
                    .insert(Element::Link(link.id.clone()));
            }
        }
        for service in parts.services.values() {
            node("service", service.id.as_str(), &service.node)?;
        }
        for candidate in &parts.candidates {
            node("candidate", candidate.a.as_str(), &candidate.a)?;
            node("candidate", candidate.b.as_str(), &candidate.b)?;
        }
        for maintenance in &parts.maintenances {
            for element in &maintenance.elements {
                let known = match element {
                    Element::Node(id) => parts.nodes.contains_key(id),
                    Element::Link(id) => parts.links.contains_key(id),
                    Element::Risk(id) => parts.risks.contains_key(id),
                };
                if !known {
                    return Err(dangling(
                        "maintenance",
                        maintenance.id.as_str(),
                        element.to_string(),
                    ));
                }
            }
        }
        for group in parts.risks.values_mut() {
            group.members = members
                .remove(&group.id)
                .unwrap_or_default()
                .into_iter()
                .collect();
        }
        Ok(Self {
            parts,
            agencies_at,
            links_at,
            node_of,
        })
    }

    /// Returns the agencies that sit at a node, in order of id.
    #[must_use]
    pub fn agencies_at(&self, node: &NodeId) -> &[AgencyId] {
        self.agencies_at.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns the links that end at a node, in order of id.
    #[must_use]
    pub fn links_at(&self, node: &NodeId) -> &[LinkId] {
        self.links_at.get(node).map_or(&[], Vec::as_slice)
    }

    /// Returns whether a link is an element, ends at it, or is a member of it.
    #[must_use]
    pub fn touches(&self, element: &Element, link: &LinkId) -> bool {
        match element {
            Element::Link(id) => id == link,
            Element::Node(node) => self.links_at(node).contains(link),
            Element::Risk(risk) => self
                .risks
                .get(risk)
                .is_some_and(|risk| risk.members.contains(&Element::Link(link.clone()))),
        }
    }

    /// Returns the node that has an address, be it where it is asked or one of its interfaces.
    #[must_use]
    pub fn node_of(&self, address: IpAddr) -> Option<&Node> {
        self.node_of.get(&address).and_then(|id| self.nodes.get(id))
    }

    /// Returns whether an element exists.
    #[must_use]
    pub fn has(&self, element: &Element) -> bool {
        match element {
            Element::Node(id) => self.nodes.contains_key(id),
            Element::Link(id) => self.links.contains_key(id),
            Element::Risk(id) => self.risks.contains_key(id),
        }
    }

    /// Returns every element: nodes, links, risk groups, each in order of id.
    pub fn elements(&self) -> impl Iterator<Item = Element> + '_ {
        let nodes = self.nodes.keys().cloned().map(Element::Node);
        let links = self.links.keys().cloned().map(Element::Link);
        let risks = self.risks.keys().cloned().map(Element::Risk);
        nodes.chain(links).chain(risks)
    }

    /// Returns what people call an element: a node's name, a link's two ends, a risk group's name.
    #[must_use]
    pub fn title(&self, element: &Element) -> String {
        let name = |id: &NodeId| {
            self.nodes
                .get(id)
                .map_or_else(|| id.to_string(), |node| node.name.clone())
        };
        match element {
            Element::Node(id) => name(id),
            Element::Link(id) => match self.links.get(id) {
                Some(link) => format!("{} – {}", name(&link.a.node), name(&link.b.node)),
                None => id.to_string(),
            },
            Element::Risk(id) => self
                .risks
                .get(id)
                .map_or_else(|| id.to_string(), |risk| risk.name.clone()),
        }
    }

    /// Returns whom to ask, by which method: every node with an address, in order of node and method.
    ///
    /// The monitor's own node is not asked: it would answer itself whatever happens outside.
    #[must_use]
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for node in self.nodes.values().filter(|node| node.id != self.monitor) {
            let Some(address) = node.address else {
                continue;
            };
            for method in &node.probe {
                let policy = &node.policy;
                let (interval, timeout, retries, credential) = match method {
                    Method::Ping | Method::Tcp(_) => {
                        (policy.ping_interval, policy.ping_timeout, 0, None)
                    }
                    Method::Snmp => {
                        // A node that names no credential cannot be polled; `lint` says so.
                        let Some(credential) = &node.snmp else {
                            continue;
                        };
                        (
                            policy.snmp_interval,
                            policy.snmp_timeout,
                            policy.snmp_retries,
                            Some(credential.clone()),
                        )
                    }
                };
                let id = TargetId {
                    node: node.id.clone(),
                    method: *method,
                };
                targets.push(Target {
                    id,
                    address,
                    interval,
                    timeout,
                    retries,
                    credential,
                });
            }
        }
        targets
    }
}

fn dangling(what: &'static str, id: &str, missing: String) -> Inconsistent {
    Inconsistent::Dangling {
        what,
        id: id.to_owned(),
        missing,
    }
}
