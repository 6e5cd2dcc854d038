//! Every reason why a document is not a network, each with its place.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::inventory::layout::{Document, LinkTable};
use crate::inventory::names::{Findings, Names};
use crate::inventory::resolve::{Index, devices, links};
use crate::inventory::table::{At, error};
use crate::model::Element;
use crate::model::fault::{Fault, Place, Severity};

pub(super) fn check(document: &Document, index: &Index<'_>, findings: &mut Findings<'_>) {
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
