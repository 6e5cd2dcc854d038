//! The parts of a network from a document in which no error was found.

use std::collections::BTreeMap;

use crate::inventory::layout::{AgencyTable, Device, Document, LinkTable, RatesTable};
use crate::inventory::resolve::links;
use crate::inventory::table::At;
use crate::model::agency::Agency;
use crate::model::kind::LinkKind;
use crate::model::network::{
    Area, Candidate, End, Link, Maintenance, Node, Parts, Policy, Position, Provider, Rates,
    RiskGroup, Service, default_metric,
};
use crate::model::target::Method;
use crate::model::{
    AgencyId, AreaCode, CredentialName, LinkId, MaintenanceId, NodeId, ProviderId, RiskId,
    ServiceId,
};

/// Builds the parts of a document in which `check` found no error.
pub(super) fn parts(document: &Document) -> Option<Parts> {
    let network = document.networks.first()?;
    let id = network.id.as_ref()?.value.clone();
    let hubs: Vec<NodeId> = network
        .hubs
        .iter()
        .map(|hub| hub.value.as_str().into())
        .collect();
    let monitor = match &network.monitor {
        Some(monitor) => monitor.value.as_str().into(),
        None => hubs.first()?.clone(),
    };
    let areas: BTreeMap<AreaCode, Area> = document
        .areas
        .iter()
        .map(|area| {
            let code = AreaCode::from(area.code.value.as_str());
            let area = Area {
                code: code.clone(),
                name: area.name.clone(),
                kind: area.kind.clone(),
                position: area.position,
            };
            (code, area)
        })
        .collect();
    Some(Parts {
        name: network
            .name
            .as_ref()
            .map_or_else(|| id.clone(), |name| name.value.clone()),
        id,
        example: network.example,
        expected_agencies: network.expected_agencies.as_ref().map(|at| at.value),
        hubs,
        monitor,
        time_zone: network.time_zone.clone(),
        currency: network.currency.clone(),
        kinds: document
            .defaults
            .links
            .iter()
            .map(|(kind, said)| {
                let like = LinkKind {
                    rates: rates(&said.rates, None),
                    metric: said.metric,
                    capacity: said.capacity,
                    build: said.build,
                };
                (kind.clone(), like)
            })
            .collect(),
        agencies: keyed(document.agencies.iter().map(agency), |agency| {
            agency.id.clone()
        }),
        nodes: nodes(document, &areas),
        areas,
        links: links(document)
            .map(|table| link(document, table))
            .map(|link| link.map(|link| (link.id.clone(), link)))
            .collect::<Option<_>>()?,
        risks: keyed(document.risks.iter(), |risk| {
            RiskId::from(risk.id.value.as_str())
        })
        .into_iter()
        .map(|(id, risk)| {
            let group = RiskGroup {
                id: id.clone(),
                name: risk.name.clone().unwrap_or_else(|| risk.id.value.clone()),
                kind: risk.kind.clone(),
                rates: rates(&risk.rates, document.defaults.risks.get(&risk.kind)),
                members: Vec::new(),
            };
            (id, group)
        })
        .collect(),
        services: document
            .services
            .iter()
            .map(|service| {
                let id = ServiceId::from(service.id.value.as_str());
                let made = Service {
                    id: id.clone(),
                    name: service.name.clone().unwrap_or_else(|| id.to_string()),
                    node: service.node.as_ref()?.value.as_str().into(),
                    check: service.check.clone(),
                };
                Some((id, made))
            })
            .collect::<Option<_>>()?,
        candidates: document
            .candidates
            .iter()
            .map(|candidate| {
                Some(Candidate {
                    a: candidate.a.as_ref()?.value.as_str().into(),
                    b: candidate.b.as_ref()?.value.as_str().into(),
                    kind: candidate.kind.clone(),
                    length_km: candidate.length_km,
                    cost: candidate.cost,
                })
            })
            .collect::<Option<_>>()?,
        maintenances: maintenances(document)?,
        hours: document
            .hours
            .iter()
            .map(|table| Some((table.id.value.clone(), table.hours.clone()?)))
            .collect::<Option<_>>()?,
        providers: document
            .providers
            .iter()
            .map(|provider| {
                let id = ProviderId::from(provider.id.value.as_str());
                let made = Provider {
                    id: id.clone(),
                    name: provider.name.clone().unwrap_or_else(|| id.to_string()),
                    hotline: provider.hotline.clone(),
                };
                (id, made)
            })
            .collect(),
    })
}

fn keyed<K: Ord, V>(values: impl Iterator<Item = V>, key: impl Fn(&V) -> K) -> BTreeMap<K, V> {
    values.map(|value| (key(&value), value)).collect()
}

fn texts(all: &[At<String>]) -> Vec<String> {
    all.iter().map(|at| at.value.clone()).collect()
}

fn agency(table: &AgencyTable) -> Agency {
    let node = table.node.as_ref().unwrap_or(&table.id);
    Agency {
        id: AgencyId::from(table.id.value.as_str()),
        name: table.name.value.clone(),
        level: table.level,
        class: table.class.clone(),
        area: table.area.as_ref().map(|area| area.value.as_str().into()),
        node: node.value.as_str().into(),
        hours: table.hours.as_ref().map(|hours| hours.value.clone()),
        weight: table.weight,
        endpoints: table.endpoints.clone(),
        contact: table.contact.clone(),
        was: texts(&table.was),
    }
}

fn nodes(document: &Document, areas: &BTreeMap<AreaCode, Area>) -> BTreeMap<NodeId, Node> {
    // Defaults, then class, node and agency; of several agencies at one node the last by id has the last word.
    let mut sitting: BTreeMap<&str, Vec<&AgencyTable>> = BTreeMap::new();
    for agency in &document.agencies {
        let node = agency.node.as_ref().unwrap_or(&agency.id);
        sitting.entry(&node.value).or_default().push(agency);
    }
    for agencies in sitting.values_mut() {
        agencies.sort_by(|one, other| one.id.value.cmp(&other.id.value));
    }
    let policy = |id: &str, device: &Device| {
        let mut policy = Policy::default();
        document.defaults.asking.over(&mut policy);
        let agencies = sitting.get(id).map_or(&[][..], Vec::as_slice);
        for agency in agencies {
            if let Some(class) = document.defaults.classes.get(&agency.class) {
                class.over(&mut policy);
            }
        }
        device.asking.over(&mut policy);
        for agency in agencies {
            agency.own.asking.over(&mut policy);
        }
        policy
    };
    let declared = document.nodes.iter().map(|table| {
        let id = table.id.value.as_str();
        let name = table.name.clone().unwrap_or_else(|| id.to_owned());
        let about = About {
            id,
            name,
            role: &table.role,
            transit: true,
            area: table.area.as_ref(),
            was: &table.was,
        };
        node(
            document,
            about,
            &table.device,
            policy(id, &table.device),
            areas,
        )
    });
    let own = document
        .agencies
        .iter()
        .filter(|agency| agency.node.is_none())
        .map(|table| {
            let id = table.id.value.as_str();
            let about = About {
                id,
                name: table.name.value.clone(),
                role: "agency",
                transit: false,
                area: table.area.as_ref(),
                was: &table.was,
            };
            node(document, about, &table.own, policy(id, &table.own), areas)
        });
    keyed(declared.chain(own), |node| node.id.clone())
}

/// What differs between a declared node and an agency's own.
struct About<'d> {
    id: &'d str,
    name: String,
    role: &'d str,
    transit: bool,
    area: Option<&'d At<String>>,
    was: &'d [At<String>],
}

fn node(
    document: &Document,
    about: About<'_>,
    device: &Device,
    policy: Policy,
    areas: &BTreeMap<AreaCode, Area>,
) -> Node {
    let area: Option<AreaCode> = about.area.map(|area| area.value.as_str().into());
    let of_area = || -> Option<Position> { areas.get(area.as_ref()?)?.position };
    let snmp: Option<CredentialName> = device.snmp.as_ref().map(|name| name.value.as_str().into());
    let probe = device
        .probe
        .clone()
        .unwrap_or_else(|| match &device.address {
            None => Vec::new(),
            Some(_) if snmp.is_some() => vec![Method::Ping, Method::Snmp],
            Some(_) => vec![Method::Ping],
        });
    Node {
        id: about.id.into(),
        name: about.name,
        role: about.role.to_owned(),
        transit: device.transit.unwrap_or(about.transit),
        address: device.address.as_ref().map(|at| at.value),
        addresses: device.addresses.iter().map(|at| at.value).collect(),
        sys_name: device
            .sys_name
            .clone()
            .unwrap_or_else(|| about.id.to_owned()),
        probe,
        position: device.position.as_ref().map(|at| at.value).or_else(of_area),
        area,
        snmp,
        vendor: device.vendor.clone(),
        model: device.model.clone(),
        serial: device.serial.clone(),
        rates: rates(&device.rates, document.defaults.nodes.get(about.role)),
        risks: risks(&device.risks),
        policy,
        was: texts(about.was),
    }
}

fn risks(names: &[At<String>]) -> Vec<RiskId> {
    names
        .iter()
        .map(|name| name.value.as_str().into())
        .collect()
}

fn rates(said: &RatesTable, default: Option<&RatesTable>) -> Rates {
    Rates {
        mtbf: said.mtbf.or(default.and_then(|default| default.mtbf)),
        mttr: said.mttr.or(default.and_then(|default| default.mttr)),
    }
}

fn link(document: &Document, table: &LinkTable) -> Option<Link> {
    let default = document.defaults.links.get(&table.kind);
    let end = |at: usize| -> Option<End> {
        let end = table.ends.get(at)?;
        Some(End {
            node: end.node.as_ref()?.value.as_str().into(),
            port: end.port.clone(),
        })
    };
    Some(Link {
        id: LinkId::from(table.id.value.as_str()),
        a: end(0)?,
        b: end(1)?,
        kind: table.kind.clone(),
        capacity: table
            .capacity
            .or(default.and_then(|default| default.capacity)),
        metric: table
            .metric
            .or(default.and_then(|default| default.metric))
            .unwrap_or_else(|| default_metric(&table.kind)),
        provider: table
            .provider
            .as_ref()
            .map(|name| name.value.as_str().into()),
        circuit: table.circuit.clone(),
        risks: risks(&table.risks),
        length_km: table.length_km,
        cost_build: table.cost_build,
        cost_yearly: table.cost_yearly,
        rates: rates(&table.rates, default.map(|default| &default.rates)),
        was: texts(&table.was),
    })
}

fn maintenances(document: &Document) -> Option<Vec<Maintenance>> {
    let mut taken: Vec<String> = texts(
        &document
            .maintenances
            .iter()
            .filter_map(|table| table.id.clone())
            .collect::<Vec<_>>(),
    );
    document
        .maintenances
        .iter()
        .enumerate()
        .map(|(at, table)| {
            // One ticket may cover several windows; the place in the list keeps them apart.
            let id = match (&table.id, &table.ticket) {
                (Some(id), _) => id.value.clone(),
                (None, Some(ticket)) if !taken.contains(ticket) => ticket.clone(),
                (None, Some(ticket)) => format!("{ticket}-{}", at + 1),
                (None, None) => format!("maintenance-{}", at + 1),
            };
            taken.push(id.clone());
            Some(Maintenance {
                id: MaintenanceId::new(id),
                elements: table
                    .elements
                    .iter()
                    .map(|text| text.value.parse().ok())
                    .collect::<Option<_>>()?,
                from: table.from.as_ref()?.value,
                to: table.to.as_ref()?.value,
                reason: table.reason.clone(),
                ticket: table.ticket.clone(),
            })
        })
        .collect()
}
