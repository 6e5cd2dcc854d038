//! The things of a network as JSON: one shape a table of the topology, its keys the topology's own.
//!
//! What was found out stands beside what was declared (`cuts_off`, `single_points`), so that a reader needs
//! one file. The same shapes answer the filter: a field of a filter is a key of a shape. Durations are in
//! seconds. Keys are only ever added.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::analysis::{Standing, Weak, Weakness};
use crate::model::agency::{Agency, Level};
use crate::model::network::{
    Area, Candidate, End, Link, Maintenance, Network, Node, Provider, RiskGroup, Service,
};
use crate::model::{
    AgencyId, AreaCode, CredentialName, Element, LinkId, MaintenanceId, NodeId, ProviderId, RiskId,
    ServiceId,
};

/// A network and what is weak in it, ready to be asked for shapes.
#[derive(Clone, Debug)]
pub struct Shapes<'a> {
    /// The network.
    pub network: &'a Network,
    /// What is weak in it.
    pub weakness: &'a Weakness,
    weak: BTreeMap<&'a Element, &'a Weak>,
}

/// One thing of any kind.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Shape<'a> {
    Agency(Box<AgencyShape<'a>>),
    Node(Box<NodeShape<'a>>),
    Link(Box<LinkShape<'a>>),
    Risk(RiskShape<'a>),
    Service(ServiceShape<'a>),
    Area(AreaShape<'a>),
    Provider(ProviderShape<'a>),
    Maintenance(MaintenanceShape<'a>),
}

/// Who is cut off by an element: how many, and the sum of their weights.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct CutsOff {
    pub agencies: usize,
    pub weight: u32,
}

/// An agency.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct AgencyShape<'a> {
    pub id: &'a AgencyId,
    pub name: &'a str,
    pub level: Level,
    pub class: &'a str,
    pub area: Option<&'a AreaCode>,
    pub area_name: Option<&'a str>,
    pub node: &'a NodeId,
    pub address: Option<IpAddr>,
    pub hours: Option<&'a str>,
    pub weight: u32,
    pub endpoints: EndpointsShape<'a>,
    pub contact: ContactShape<'a>,
    pub was: &'a [String],
    pub cut_off: bool,
    pub single_points: &'a [Element],
    pub disjoint_links: u8,
    pub disjoint_nodes: u8,
    pub one_risk: &'a [RiskId],
}

/// What stands on an agency's desks.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct EndpointsShape<'a> {
    pub computers: u32,
    pub antivirus: Option<&'a str>,
}

/// Whom to call.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct ContactShape<'a> {
    pub name: Option<&'a str>,
    pub phone: Option<&'a str>,
    pub email: Option<&'a str>,
}

/// A node.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct NodeShape<'a> {
    pub id: &'a NodeId,
    pub name: &'a str,
    pub role: &'a str,
    pub transit: bool,
    pub address: Option<IpAddr>,
    pub addresses: &'a [IpAddr],
    pub sys_name: &'a str,
    pub probe: Vec<String>,
    pub area: Option<&'a AreaCode>,
    pub area_name: Option<&'a str>,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub snmp: Option<&'a CredentialName>,
    pub vendor: Option<&'a str>,
    pub model: Option<&'a str>,
    pub serial: Option<&'a str>,
    pub mtbf: Option<f64>,
    pub mttr: Option<f64>,
    pub risk: &'a [RiskId],
    pub ping: PingShape,
    pub snmp_policy: SnmpShape,
    pub was: &'a [String],
    pub agencies: &'a [AgencyId],
    pub links: &'a [LinkId],
    pub cuts_off: CutsOff,
}

/// How a node is pinged, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct PingShape {
    pub interval: f64,
    pub timeout: f64,
    pub rtt_max: f64,
}

/// How a node is polled, in seconds.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct SnmpShape {
    pub interval: f64,
    pub timeout: f64,
    pub retries: u8,
}

/// A link.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct LinkShape<'a> {
    pub id: &'a LinkId,
    pub a: EndShape<'a>,
    pub b: EndShape<'a>,
    pub kind: &'a str,
    pub capacity: Option<u64>,
    pub metric: u32,
    pub provider: Option<&'a ProviderId>,
    pub circuit: Option<&'a str>,
    pub risk: &'a [RiskId],
    pub length_km: Option<f64>,
    pub cost: CostShape,
    pub mtbf: Option<f64>,
    pub mttr: Option<f64>,
    pub was: &'a [String],
    pub cuts_off: CutsOff,
}

/// One end of a link.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct EndShape<'a> {
    pub node: &'a NodeId,
    pub interface: Option<&'a str>,
}

/// What a link costs, in the network's unit.
#[derive(Clone, Copy, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct CostShape {
    pub build: Option<f64>,
    pub yearly: Option<f64>,
}

/// A risk group.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct RiskShape<'a> {
    pub id: &'a RiskId,
    pub name: &'a str,
    pub kind: &'a str,
    pub mtbf: Option<f64>,
    pub mttr: Option<f64>,
    pub members: &'a [Element],
    pub cuts_off: CutsOff,
}

/// A service.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct ServiceShape<'a> {
    pub id: &'a ServiceId,
    pub name: &'a str,
    pub node: &'a NodeId,
    pub check: &'a BTreeMap<String, String>,
}

/// A commune or ward.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct AreaShape<'a> {
    pub code: &'a AreaCode,
    pub name: &'a str,
    pub kind: &'a str,
    pub lat: Option<f64>,
    pub lon: Option<f64>,
    pub agencies: Vec<&'a AgencyId>,
    pub nodes: Vec<&'a NodeId>,
}

/// A provider.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct ProviderShape<'a> {
    pub id: &'a ProviderId,
    pub name: &'a str,
    pub hotline: Option<&'a str>,
    pub links: Vec<&'a LinkId>,
}

/// A maintenance window; times with the offset of the network's zone.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct MaintenanceShape<'a> {
    pub id: &'a MaintenanceId,
    pub elements: &'a [Element],
    pub from: String,
    pub to: String,
    pub reason: &'a str,
    pub ticket: Option<&'a str>,
}

/// A link that could be built.
#[derive(Clone, Debug, Serialize)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct CandidateShape<'a> {
    pub a: &'a NodeId,
    pub b: &'a NodeId,
    pub kind: &'a str,
    pub length_km: Option<f64>,
    pub cost: f64,
}

impl<'a> Shapes<'a> {
    /// Joins a network and what is weak in it. Cost O(w log w) in weak elements.
    #[must_use]
    pub fn new(network: &'a Network, weakness: &'a Weakness) -> Self {
        let weak = weakness
            .elements
            .iter()
            .map(|weak| (&weak.element, weak))
            .collect();
        Self {
            network,
            weakness,
            weak,
        }
    }

    /// Returns what an element cuts off, if anything.
    #[must_use]
    pub fn weak(&self, element: &Element) -> Option<&'a Weak> {
        self.weak.get(element).copied()
    }

    /// Returns how an agency is connected; `None` for one that the analysis does not know.
    #[must_use]
    pub fn standing(&self, agency: &AgencyId) -> Option<&'a Standing> {
        self.weakness.agencies.get(agency)
    }

    /// Returns how much an element cuts off; nothing at all for a strong one.
    #[must_use]
    pub fn cuts_off(&self, element: &Element) -> CutsOff {
        self.weak(element)
            .map_or_else(CutsOff::default, |weak| CutsOff {
                agencies: weak.ids.len(),
                weight: weak.weight,
            })
    }

    /// Returns the name of an area.
    #[must_use]
    pub fn area_name(&self, area: Option<&AreaCode>) -> Option<&'a str> {
        self.network.areas.get(area?).map(|area| area.name.as_str())
    }

    /// Returns a moment as RFC 3339 with the offset of the network's own zone.
    #[must_use]
    pub fn moment(&self, at: Timestamp) -> String {
        let offset = self.network.time_zone.to_offset(at);
        at.display_with_offset(offset).to_string()
    }

    /// Returns an agency's shape.
    #[must_use]
    pub fn agency(&self, agency: &'a Agency) -> AgencyShape<'a> {
        let standing = self.standing(&agency.id);
        AgencyShape {
            id: &agency.id,
            name: &agency.name,
            level: agency.level,
            class: &agency.class,
            area: agency.area.as_ref(),
            area_name: self.area_name(agency.area.as_ref()),
            node: &agency.node,
            address: self
                .network
                .nodes
                .get(&agency.node)
                .and_then(|node| node.address),
            hours: agency.hours.as_deref(),
            weight: agency.weight,
            endpoints: EndpointsShape {
                computers: agency.endpoints.computers,
                antivirus: agency.endpoints.antivirus.as_deref(),
            },
            contact: ContactShape {
                name: agency.contact.name.as_deref(),
                phone: agency.contact.phone.as_deref(),
                email: agency.contact.email.as_deref(),
            },
            was: &agency.was,
            cut_off: standing.is_some_and(|standing| standing.cut_off),
            single_points: standing.map_or(&[], |standing| &standing.single_points),
            disjoint_links: standing.map_or(0, |standing| standing.disjoint_links),
            disjoint_nodes: standing.map_or(0, |standing| standing.disjoint_nodes),
            one_risk: standing.map_or(&[], |standing| &standing.one_risk),
        }
    }

    /// Returns a node's shape.
    #[must_use]
    pub fn node(&self, node: &'a Node) -> NodeShape<'a> {
        NodeShape {
            id: &node.id,
            name: &node.name,
            role: &node.role,
            transit: node.transit,
            address: node.address,
            addresses: &node.addresses,
            sys_name: &node.sys_name,
            probe: node.probe.iter().map(ToString::to_string).collect(),
            area: node.area.as_ref(),
            area_name: self.area_name(node.area.as_ref()),
            lat: node.position.map(|position| position.lat),
            lon: node.position.map(|position| position.lon),
            snmp: node.snmp.as_ref(),
            vendor: node.vendor.as_deref(),
            model: node.model.as_deref(),
            serial: node.serial.as_deref(),
            mtbf: node.rates.mtbf.map(|time| time.as_secs_f64()),
            mttr: node.rates.mttr.map(|time| time.as_secs_f64()),
            risk: &node.risks,
            ping: PingShape {
                interval: node.policy.ping_interval.as_secs_f64(),
                timeout: node.policy.ping_timeout.as_secs_f64(),
                rtt_max: node.policy.rtt_max.as_secs_f64(),
            },
            snmp_policy: SnmpShape {
                interval: node.policy.snmp_interval.as_secs_f64(),
                timeout: node.policy.snmp_timeout.as_secs_f64(),
                retries: node.policy.snmp_retries,
            },
            was: &node.was,
            agencies: self.network.agencies_at(&node.id),
            links: self.network.links_at(&node.id),
            cuts_off: self.cuts_off(&Element::Node(node.id.clone())),
        }
    }

    /// Returns a link's shape.
    #[must_use]
    pub fn link(&self, link: &'a Link) -> LinkShape<'a> {
        let seconds = |time: Option<Duration>| time.map(|time| time.as_secs_f64());
        LinkShape {
            id: &link.id,
            a: EndShape::of(&link.a),
            b: EndShape::of(&link.b),
            kind: &link.kind,
            capacity: link.capacity,
            metric: link.metric,
            provider: link.provider.as_ref(),
            circuit: link.circuit.as_deref(),
            risk: &link.risks,
            length_km: link.length_km,
            cost: CostShape {
                build: link.cost_build,
                yearly: link.cost_yearly,
            },
            mtbf: seconds(link.rates.mtbf),
            mttr: seconds(link.rates.mttr),
            was: &link.was,
            cuts_off: self.cuts_off(&Element::Link(link.id.clone())),
        }
    }

    /// Returns a risk group's shape.
    #[must_use]
    pub fn risk(&self, risk: &'a RiskGroup) -> RiskShape<'a> {
        RiskShape {
            id: &risk.id,
            name: &risk.name,
            kind: &risk.kind,
            mtbf: risk.rates.mtbf.map(|time| time.as_secs_f64()),
            mttr: risk.rates.mttr.map(|time| time.as_secs_f64()),
            members: &risk.members,
            cuts_off: self.cuts_off(&Element::Risk(risk.id.clone())),
        }
    }

    /// Returns a service's shape.
    #[must_use]
    pub fn service(&self, service: &'a Service) -> ServiceShape<'a> {
        ServiceShape {
            id: &service.id,
            name: &service.name,
            node: &service.node,
            check: &service.check,
        }
    }

    /// Returns an area's shape, with everything that lies in it.
    #[must_use]
    pub fn area(&self, area: &'a Area) -> AreaShape<'a> {
        let network = self.network;
        AreaShape {
            code: &area.code,
            name: &area.name,
            kind: &area.kind,
            lat: area.position.map(|position| position.lat),
            lon: area.position.map(|position| position.lon),
            agencies: network
                .agencies
                .values()
                .filter(|agency| agency.area.as_ref() == Some(&area.code))
                .map(|agency| &agency.id)
                .collect(),
            nodes: network
                .nodes
                .values()
                .filter(|node| node.area.as_ref() == Some(&area.code))
                .map(|node| &node.id)
                .collect(),
        }
    }

    /// Returns a provider's shape, with its links.
    #[must_use]
    pub fn provider(&self, provider: &'a Provider) -> ProviderShape<'a> {
        ProviderShape {
            id: &provider.id,
            name: &provider.name,
            hotline: provider.hotline.as_deref(),
            links: self
                .network
                .links
                .values()
                .filter(|link| link.provider.as_ref() == Some(&provider.id))
                .map(|link| &link.id)
                .collect(),
        }
    }

    /// Returns a maintenance window's shape.
    #[must_use]
    pub fn maintenance(&self, maintenance: &'a Maintenance) -> MaintenanceShape<'a> {
        MaintenanceShape {
            id: &maintenance.id,
            elements: &maintenance.elements,
            from: self.moment(maintenance.from),
            to: self.moment(maintenance.to),
            reason: &maintenance.reason,
            ticket: maintenance.ticket.as_deref(),
        }
    }

    /// Returns the shape of a link that could be built.
    #[must_use]
    pub fn candidate(&self, candidate: &'a Candidate) -> CandidateShape<'a> {
        CandidateShape {
            a: &candidate.a,
            b: &candidate.b,
            kind: &candidate.kind,
            length_km: candidate.length_km,
            cost: candidate.cost,
        }
    }
}

impl<'a> EndShape<'a> {
    fn of(end: &'a End) -> Self {
        Self {
            node: &end.node,
            interface: end.port.as_deref(),
        }
    }

    /// Returns the end as the topology writes it: `core-1:xe-0/0/1`.
    #[must_use]
    pub fn written(&self) -> String {
        match self.interface {
            Some(interface) => format!("{}:{interface}", self.node),
            None => self.node.to_string(),
        }
    }
}
