//! Typed tables to a proven network: names to ids, duplicates, dangling ends, defaults, all faults at once.
//!
//! Every check of `Network::prove` is made here first, with its place; `prove` is called last and has then
//! nothing left to say. Nothing is built while there is an error, so nobody ever sees half a network.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::inventory::layout::{AgencyTable, Device, Document, LinkTable, RatesTable};
use crate::inventory::names::{Findings, Names};
use crate::inventory::table::{At, error};
use crate::model::agency::Agency;
use crate::model::fault::{Fault, Place, Severity};
use crate::model::network::{
    Area, Candidate, End, Link, Maintenance, Network, Node, Parts, Policy, Position, Provider,
    Rates, RiskGroup, Service, default_metric,
};
use crate::model::target::Method;
use crate::model::{
    AgencyId, AreaCode, CredentialName, Element, LinkId, MaintenanceId, NodeId, ProviderId, RiskId,
    ServiceId,
};

/// All names of a document by kind.
struct Index<'d> {
    nodes: Names<'d>,
    agencies: Names<'d>,
    links: Names<'d>,
    risks: Names<'d>,
    areas: Names<'d>,
    services: Names<'d>,
    providers: Names<'d>,
    hours: Names<'d>,
}

/// Resolves a document, or adds to `faults` every reason why it is not a network.
///
/// `whole` says that every file was read; if not, missing names are not reported. Cost O(n log n).
pub(crate) fn resolve(
    document: &Document,
    whole: bool,
    faults: &mut Vec<Fault>,
) -> Option<Network> {
    let mut findings = Findings::new(faults, whole);
    let index = index(document, &mut findings);
    check(document, &index, &mut findings);
    let broken = |faults: &[Fault]| faults.iter().any(|fault| fault.severity == Severity::Error);
    if !whole || broken(faults) {
        return None;
    }
    match Network::prove(parts(document)?) {
        Ok(network) => Some(network),
        Err(why) => {
            faults.push(Fault {
                code: "T0191",
                severity: Severity::Error,
                message: format!("The topology does not fit together: {why}"),
                place: None,
                label: None,
                related: Vec::new(),
                help: None,
            });
            None
        }
    }
}

/// Returns every link: declared, and in short form at its node or agency.
fn links(document: &Document) -> impl Iterator<Item = &LinkTable> {
    let of_nodes = document.nodes.iter().flat_map(|node| &node.device.uplinks);
    let of_agencies = document
        .agencies
        .iter()
        .flat_map(|agency| &agency.own.uplinks);
    document.links.iter().chain(of_nodes).chain(of_agencies)
}

/// Returns every device: the id of its node and what is said of it.
fn devices(document: &Document) -> impl Iterator<Item = (&At<String>, &Device)> {
    let nodes = document.nodes.iter().map(|node| (&node.id, &node.device));
    let own = document
        .agencies
        .iter()
        .filter(|agency| agency.node.is_none())
        .map(|agency| (&agency.id, &agency.own));
    nodes.chain(own)
}

fn index<'d>(document: &'d Document, findings: &mut Findings<'_>) -> Index<'d> {
    let mut index = Index {
        nodes: Names::new("node"),
        agencies: Names::new("agency"),
        links: Names::new("link"),
        risks: Names::new("risk group"),
        areas: Names::new("area"),
        services: Names::new("service"),
        providers: Names::new("provider"),
        hours: Names::new("hours"),
    };
    for agency in &document.agencies {
        index.agencies.declare(&agency.id, findings);
    }
    for node in &document.nodes {
        index.nodes.declare(&node.id, findings);
    }
    for agency in document
        .agencies
        .iter()
        .filter(|agency| agency.node.is_none())
    {
        // Two agencies of one id have been reported; their nodes are the same fault.
        if index.agencies.place(&agency.id.value) == Some(&agency.id.place) {
            index.nodes.declare(&agency.id, findings);
        }
    }
    for link in links(document) {
        index.links.declare(&link.id, findings);
    }
    for risk in &document.risks {
        index.risks.declare(&risk.id, findings);
    }
    for area in &document.areas {
        index.areas.declare(&area.code, findings);
    }
    for service in &document.services {
        index.services.declare(&service.id, findings);
    }
    for provider in &document.providers {
        index.providers.declare(&provider.id, findings);
    }
    for hours in &document.hours {
        index.hours.declare(&hours.id, findings);
    }
    index
}

fn check(document: &Document, index: &Index<'_>, findings: &mut Findings<'_>) {
    check_network(document, index, findings);
    for agency in &document.agencies {
        let subject = |verb: &str| format!("Agency `{}` {verb}", agency.id.value);
        if let Some(node) = &agency.node {
            index
                .nodes
                .resolve("T0107", &subject("sits at node"), node, findings);
        }
        if let Some(area) = &agency.area {
            index
                .areas
                .resolve("T0120", &subject("lies in area"), area, findings);
        }
        if let Some(hours) = &agency.hours {
            index
                .hours
                .resolve("T0120", &subject("keeps the hours"), hours, findings);
        }
    }
    for node in &document.nodes {
        if let Some(area) = &node.area {
            let subject = format!("Node `{}` lies in area", node.id.value);
            index.areas.resolve("T0120", &subject, area, findings);
        }
    }
    for (id, device) in devices(document) {
        for risk in &device.risks {
            let subject = format!("Node `{}` is in the risk group", id.value);
            index.risks.resolve("T0120", &subject, risk, findings);
        }
    }
    check_addresses(document, findings);
    for link in links(document) {
        check_link(link, index, findings);
    }
    for service in &document.services {
        if let Some(node) = &service.node {
            let subject = format!("Service `{}` runs at node", service.id.value);
            index.nodes.resolve("T0107", &subject, node, findings);
        }
    }
    for candidate in &document.candidates {
        for end in [&candidate.a, &candidate.b].into_iter().flatten() {
            index.nodes.resolve(
                "T0107",
                "A link that could be built ends at node",
                end,
                findings,
            );
        }
    }
    check_maintenances(document, index, findings);
    let of_nodes = document.nodes.iter().flat_map(|node| &node.was);
    let of_agencies = document.agencies.iter().flat_map(|agency| &agency.was);
    index
        .nodes
        .check_earlier(of_nodes.chain(of_agencies), findings);
    index
        .links
        .check_earlier(links(document).flat_map(|link| &link.was), findings);
}

fn check_network(document: &Document, index: &Index<'_>, findings: &mut Findings<'_>) {
    let [first, others @ ..] = document.networks.as_slice() else {
        if findings.whole {
            findings.add(Fault {
                code: "T0106",
                severity: Severity::Error,
                message: "No file has a [network] table.".into(),
                place: None,
                label: None,
                related: Vec::new(),
                help: Some(
                    "Write one with id, name and hubs, or let `spanwatch init` do it.".into(),
                ),
            });
        }
        return;
    };
    for other in others {
        findings.add(Fault {
            related: vec![(first.head.clone(), "first declared here".into())],
            help: Some("Keep one; a topology describes one network.".into()),
            ..error(
                "T0108",
                &other.head,
                "There is a second [network] table.".into(),
            )
        });
    }
    for network in &document.networks {
        for hub in &network.hubs {
            index
                .nodes
                .resolve("T0107", "The network has a hub", hub, findings);
        }
        if let Some(monitor) = &network.monitor {
            index
                .nodes
                .resolve("T0107", "The monitor stands at node", monitor, findings);
        }
    }
}

fn check_addresses(document: &Document, findings: &mut Findings<'_>) {
    let mut owners: BTreeMap<IpAddr, (&str, &Place)> = BTreeMap::new();
    for (id, device) in devices(document) {
        for address in device.address.iter().chain(&device.addresses) {
            let entry = owners.get(&address.value);
            match entry {
                Some((owner, first)) if *owner != id.value => findings.add(Fault {
                    label: Some(format!("of `{}`", id.value)),
                    related: vec![((*first).clone(), format!("of `{owner}`"))],
                    ..error(
                        "T0118",
                        &address.place,
                        format!(
                            "Address {} belongs to both `{owner}` and `{}`.",
                            address.value, id.value
                        ),
                    )
                }),
                Some(_) => {}
                None => {
                    owners.insert(address.value, (&id.value, &address.place));
                }
            }
        }
    }
}

fn check_link(link: &LinkTable, index: &Index<'_>, findings: &mut Findings<'_>) {
    let subject = |verb: &str| format!("Link `{}` {verb}", link.id.value);
    for end in &link.ends {
        if let Some(node) = &end.node {
            index
                .nodes
                .resolve("T0107", &subject("ends at node"), node, findings);
        }
    }
    if let [Some(a), Some(b)] = [&link.ends[0].node, &link.ends[1].node]
        && a.value == b.value
    {
        findings.add(error(
            "T0121",
            &b.place,
            format!(
                "Link `{}` ends where it begins, at `{}`.",
                link.id.value, a.value
            ),
        ));
    }
    if let Some(provider) = &link.provider {
        index.providers.resolve(
            "T0120",
            &subject("is rented from provider"),
            provider,
            findings,
        );
    }
    for risk in &link.risks {
        index
            .risks
            .resolve("T0120", &subject("is in the risk group"), risk, findings);
    }
}

fn check_maintenances(document: &Document, index: &Index<'_>, findings: &mut Findings<'_>) {
    let mut ids = Names::new("maintenance");
    for maintenance in &document.maintenances {
        if let Some(id) = &maintenance.id {
            ids.declare(id, findings);
        }
        for text in &maintenance.elements {
            match text.value.parse::<Element>() {
                Err(why) => findings.add(error("T0128", &text.place, why.to_string())),
                Ok(element) => {
                    let names = match element {
                        Element::Node(_) => &index.nodes,
                        Element::Link(_) => &index.links,
                        Element::Risk(_) => &index.risks,
                    };
                    let name = At {
                        value: element.id().to_owned(),
                        place: text.place.clone(),
                    };
                    let subject = format!("This work is on {}", element.kind());
                    names.resolve("T0120", &subject, &name, findings);
                }
            }
        }
        if let (Some(from), Some(to)) = (&maintenance.from, &maintenance.to)
            && from.value >= to.value
        {
            findings.add(Fault {
                related: vec![(from.place.clone(), "begins here".into())],
                ..error(
                    "T0126",
                    &to.place,
                    "This work ends before it begins.".into(),
                )
            });
        }
    }
}

/// Builds the parts of a document in which `check` found no error.
fn parts(document: &Document) -> Option<Parts> {
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
