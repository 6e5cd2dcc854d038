//! Interfaces as they stand: what a device says of its ports, beside what is declared of them.
//!
//! Whom a port hears is compared with the topology by the same rules as in `diff`, so that the two cannot disagree;
//! what `diff` finds about a link is said here of each of its ports. A port has no state of its own beyond that:
//! traffic is shown and judged by nobody.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Evidence, Far, Kind};
use crate::analysis::wiring::witness::Witness;
use crate::analysis::wiring::{Heard, cables, compare};
use crate::app::Picture;
use crate::app::reference::Reference;
use crate::judge::rates::PortRate;
use crate::model::device::{Device, Interface, PortStatus, port_key};
use crate::model::network::{End, Link, Network, Node};
use crate::model::{LinkId, NodeId};

/// ifType of a loopback, which leads nowhere.
const LOOPBACK: u32 = 24;

/// All interfaces of one device, as of its newest poll.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interfaces {
    /// When that poll was asked.
    pub polled: Timestamp,
    /// Over how long the rates are; `None` before the second poll.
    pub over: Option<Duration>,
    /// When its neighbours were last asked for; `None` before the first time.
    pub heard: Option<Timestamp>,
    /// By ifIndex; then declared ones that the device does not have.
    pub ports: Vec<PortView>,
}

/// One interface.
#[derive(Clone, Debug, PartialEq)]
pub struct PortView {
    /// ifIndex; `None` for a declared port that the device does not have.
    pub index: Option<u32>,
    /// As the device spells it, or else as it is declared.
    pub name: Arc<str>,
    /// ifAlias.
    pub alias: Arc<str>,
    /// ifAdminStatus.
    pub admin: PortStatus,
    /// ifOperStatus.
    pub oper: PortStatus,
    /// Bits a second.
    pub speed: Option<u64>,
    /// What it did between the last two polls.
    pub rate: Option<PortRate>,
    /// The link that is declared on it, or was recognised on it where no port is declared.
    pub link: Option<LinkId>,
    /// Bits a second that the link is declared to carry.
    pub capacity: Option<u64>,
    /// The other end of that link, as declared.
    pub far: Option<End>,
    /// Whom it hears, in order.
    pub seen: Vec<Seen>,
    /// What differs from what is declared, the worst first.
    pub flaws: Vec<Flaw>,
}

/// A neighbour as it was heard.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Seen {
    /// Who.
    pub who: Far,
    /// On which of its ports; empty where it does not say.
    pub port: String,
}

/// What differs from what is declared of a port, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Flaw {
    /// It carries a declared link and is not up.
    Down,
    /// The device has no such port.
    Absent,
    /// The link is on another port, or leads to another neighbour.
    Moved,
    /// Nobody is heard on a link whose ends both tell whom they hear.
    Unheard,
    /// Several nodes could be the neighbour.
    Ambiguous,
    /// Only one of the ends hears the other.
    OneSided,
    /// The ends do not agree to send and receive at once.
    Duplex,
    /// It came up slower than the link is declared.
    Slow,
    /// It hears a node to which no link is declared.
    Undeclared,
}

impl Flaw {
    /// Returns its name, for filters and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Absent => "absent",
            Self::Moved => "moved",
            Self::Unheard => "unheard",
            Self::Ambiguous => "ambiguous",
            Self::OneSided => "one-sided",
            Self::Duplex => "duplex",
            Self::Slow => "slow",
            Self::Undeclared => "undeclared",
        }
    }

    /// Returns what a finding about a link means for its ports; nothing where the port's own state says it.
    fn of(code: Code, field: Option<&str>) -> Option<Self> {
        match code {
            Code::LinkMoved => Some(Self::Moved),
            Code::LinkMissing if field == Some("neighbour") => Some(Self::Unheard),
            Code::LinkAmbiguous => Some(Self::Ambiguous),
            Code::LinkOneSided => Some(Self::OneSided),
            Code::DuplexMismatch => Some(Self::Duplex),
            _ => None,
        }
    }
}

/// How an interface stands, the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// A declared link does not work here.
    Down,
    /// It works, and something differs from what is declared.
    Differs,
    /// Its device has not been read lately, or does not say.
    Unknown,
    /// It is up.
    Up,
    /// It is not up, and nobody declared anything on it.
    Unused,
    /// Somebody switched it off, and nobody declared anything on it.
    Disabled,
}

impl Standing {
    /// Returns its name, for filters and programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Down => "down",
            Self::Differs => "differs",
            Self::Unknown => "unknown",
            Self::Up => "up",
            Self::Unused => "unused",
            Self::Disabled => "disabled",
        }
    }
}

impl PortView {
    /// Returns how it stood when its device was read.
    #[must_use]
    pub fn standing(&self) -> Standing {
        if self.flaws.contains(&Flaw::Down) {
            Standing::Down
        } else if !self.flaws.is_empty() {
            Standing::Differs
        } else if self.oper == PortStatus::Up {
            Standing::Up
        } else if self.admin == PortStatus::Down {
            Standing::Disabled
        } else if is_down(self.oper) {
            Standing::Unused
        } else {
            Standing::Unknown
        }
    }
}

impl Interfaces {
    /// Returns how one of its ports stands at `now`: unknown when the poll is older than two rounds of its device.
    #[must_use]
    pub fn standing(&self, node: &Node, port: &PortView, now: Timestamp) -> Standing {
        let limit = node.policy.snmp_interval * 2 + node.policy.snmp_timeout;
        let limit = SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX);
        if now.duration_since(self.polled) > limit {
            Standing::Unknown
        } else {
            port.standing()
        }
    }
}

impl Picture {
    /// Returns every interface that is known, by node.
    pub fn interfaces(&self) -> impl Iterator<Item = (&Node, &Interfaces)> {
        self.nodes.iter().filter_map(|(id, view)| {
            let node = self.network.nodes.get(id)?;
            Some((node, view.interfaces.as_deref()?))
        })
    }
}

/// What the comparison of all devices says of single ports.
#[derive(Clone, Debug, Default)]
pub struct Comparison {
    /// By node, then by the form in which two spellings of a port are equal.
    ports: BTreeMap<NodeId, BTreeMap<String, About>>,
    links: BTreeMap<LinkId, Vec<Flaw>>,
}

#[derive(Clone, Debug, Default)]
struct About {
    seen: Vec<Seen>,
    link: Option<LinkId>,
    is_undeclared: bool,
}

impl Comparison {
    /// Compares what devices said with what is declared; `None` is a device that was silent.
    #[must_use]
    pub fn of(network: &Network, witnesses: &BTreeMap<NodeId, Option<Witness>>) -> Self {
        let mut comparison = Self::default();
        for Heard { evidence, .. } in cables(network, witnesses) {
            for evidence in evidence {
                if let Evidence::Heard {
                    by,
                    port,
                    far,
                    far_port,
                    ..
                } = evidence
                {
                    let seen = &mut comparison.about(&by, &port).seen;
                    seen.push(Seen {
                        who: far,
                        port: far_port,
                    });
                }
            }
        }
        let wiring = compare(network, witnesses);
        for (link, evidence) in &wiring.heard {
            for evidence in evidence {
                if let Evidence::Heard { by, port, .. } = evidence {
                    comparison.about(by, port).link = Some(link.clone());
                }
            }
        }
        for finding in &wiring.findings {
            if finding.about.kind == Kind::Link
                && let Some(flaw) = Flaw::of(finding.code, finding.field)
            {
                let link = LinkId::from(finding.about.id.as_str());
                comparison.links.entry(link).or_default().push(flaw);
            }
            if finding.code == Code::LinkExtra {
                for evidence in &finding.evidence {
                    if let Evidence::Heard { by, port, .. } = evidence {
                        comparison.about(by, port).is_undeclared = true;
                    }
                }
            }
        }
        for about in comparison.ports.values_mut().flat_map(BTreeMap::values_mut) {
            about.seen.sort();
            // By LLDP and by CDP it is the same neighbour, known by another mark perhaps.
            about.seen.dedup_by(|one, other| {
                let is_same = match (&one.who, &other.who) {
                    (Far::Node(one, _), Far::Node(other, _)) => one == other,
                    (one, other) => one == other,
                };
                is_same && one.port == other.port
            });
        }
        comparison
    }

    fn about(&mut self, node: &NodeId, port: &str) -> &mut About {
        let ports = self.ports.entry(node.clone()).or_default();
        ports.entry(port_key(port)).or_default()
    }

    fn of_port(&self, node: &NodeId, name: &str) -> Option<&About> {
        self.ports.get(node)?.get(&port_key(name))
    }
}

/// Returns the interfaces of a device beside what is declared of them.
#[must_use]
pub fn beside(
    reference: &Reference,
    node: &NodeId,
    device: &Device,
    rates: &[PortRate],
    comparison: &Comparison,
) -> Vec<PortView> {
    let network = &reference.network;
    let mut ports = Vec::with_capacity(device.interfaces.len());
    let mut found: Vec<&LinkId> = Vec::new();
    for interface in &device.interfaces {
        let name = interface.name.as_str();
        let about = comparison.of_port(node, name);
        let link = reference
            .link_on(node, name)
            .or_else(|| reference.link_on(node, interface.descr.as_str()))
            .or_else(|| about?.link.as_ref())
            .and_then(|link| network.links.get(link));
        if interface.kind == LOOPBACK && link.is_none() {
            continue;
        }
        found.extend(link.map(|link| &link.id));
        let mut port = bare(interface);
        port.rate = rates
            .binary_search_by_key(&interface.index, |rate| rate.index)
            .ok()
            .map(|at| rates[at].clone());
        if let Some(about) = about {
            port.seen.clone_from(&about.seen);
        }
        if let Some(link) = link {
            declare(&mut port, link, node, comparison);
        } else if about.is_some_and(|about| about.is_undeclared) {
            port.flaws.push(Flaw::Undeclared);
        }
        ports.push(port);
    }
    for link in network.links_at(node) {
        let Some(link) = network.links.get(link).filter(|_| !found.contains(&link)) else {
            continue;
        };
        let ends = link.ends().into_iter().filter(|end| end.node == *node);
        for name in ends.filter_map(|end| end.port.as_deref()) {
            let mut port = PortView {
                index: None,
                name: name.into(),
                alias: "".into(),
                admin: PortStatus::Unknown,
                oper: PortStatus::Unknown,
                speed: None,
                rate: None,
                link: None,
                capacity: None,
                far: None,
                seen: Vec::new(),
                flaws: vec![Flaw::Absent],
            };
            declare(&mut port, link, node, comparison);
            ports.push(port);
        }
    }
    ports
}

fn bare(interface: &Interface) -> PortView {
    PortView {
        index: Some(interface.index),
        name: interface.name.as_str().into(),
        alias: interface.alias.as_str().into(),
        admin: interface.admin,
        oper: interface.oper,
        speed: interface.speed.filter(|speed| *speed > 0),
        rate: None,
        link: None,
        capacity: None,
        far: None,
        seen: Vec::new(),
        flaws: Vec::new(),
    }
}

/// Adds what is declared of a port, and what differs from it.
fn declare(port: &mut PortView, link: &Link, node: &NodeId, comparison: &Comparison) {
    let [a, b] = link.ends();
    port.link = Some(link.id.clone());
    port.capacity = link.capacity;
    port.far = Some(if a.node == *node { b } else { a }.clone());
    if port.index.is_some() && (is_down(port.oper) || port.admin == PortStatus::Down) {
        port.flaws.push(Flaw::Down);
    } else {
        let of_link = comparison.links.get(&link.id);
        port.flaws.extend(of_link.into_iter().flatten());
        let is_slow = |capacity| port.speed.is_some_and(|speed| speed < capacity);
        // What is not up has no speed but the last one.
        if port.oper == PortStatus::Up && link.capacity.is_some_and(is_slow) {
            port.flaws.push(Flaw::Slow);
        }
    }
    port.flaws.sort_unstable();
    port.flaws.dedup();
}

fn is_down(oper: PortStatus) -> bool {
    matches!(
        oper,
        PortStatus::Down | PortStatus::LowerLayerDown | PortStatus::NotPresent
    )
}
