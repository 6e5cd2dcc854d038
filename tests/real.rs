//! The true `topology/`: 483 agencies, no fault, the numbers of the data that it was written from.

#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::time::Duration;

use serde_json::Value;
use spanwatch::graph::{Cut, Graph};
use spanwatch::inventory::{Loaded, load};
use spanwatch::model::network::{
    DEFAULT_NODE_RATES, DEFAULT_RISK_RATES, Link, Node, Rates, default_rates,
};
use spanwatch::model::target::Method;
use spanwatch::model::{Element, NodeId};

fn topology() -> Loaded {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    load(&folder).unwrap_or_else(|faults| panic!("{:#?}", faults.0.first()))
}

#[test]
fn reference_network_has_its_size() {
    let network = topology().network;
    assert_eq!(network.agencies.len(), 483);
    assert_eq!(network.nodes.len(), 581);
    assert_eq!(network.links.len(), 749);
    assert_eq!(network.risks.len(), 8);
    assert_eq!(network.areas.len(), 40);
    assert_eq!(
        network
            .areas
            .values()
            .filter(|area| area.kind == "ward")
            .count(),
        21
    );
    let weight: u32 = network.agencies.values().map(|agency| agency.weight).sum();
    assert_eq!(weight, 1471);
    assert!(network.example);
    assert_eq!(network.expected_agencies, Some(483));
    let hub = NodeId::from("dc");
    assert_eq!(
        (&network.hubs, &network.monitor),
        (&vec![hub.clone()], &hub)
    );
    for service in ["hue-s", "hueioc", "soc", "mail"] {
        assert_eq!(network.services[service].node, hub);
    }
    let kinds = |kind: &str| {
        network
            .links
            .values()
            .filter(|link| link.kind == kind)
            .count()
    };
    assert_eq!(
        [kinds("fibre"), kinds("lan"), kinds("4g"), kinds("mpls")],
        [438, 163, 122, 26]
    );
}

#[test]
fn antivirus_is_registered_for_230_agencies_with_5661_computers() {
    let network = topology().network;
    let registered: Vec<u32> = network
        .agencies
        .values()
        .filter(|agency| agency.endpoints.antivirus.is_some())
        .map(|agency| agency.endpoints.computers)
        .collect();
    assert_eq!(registered.len(), 230);
    assert_eq!(registered.iter().sum::<u32>(), 5661);
}

#[test]
fn every_commune_has_nine_agencies_and_the_city_123() {
    let network = topology().network;
    let mut communes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut city = 0;
    for agency in network.agencies.values() {
        let area = agency.area.as_ref().expect("an area");
        if agency.level == spanwatch::model::agency::Level::City {
            city += 1;
        } else {
            *communes.entry(area.as_str()).or_default() += 1;
        }
    }
    assert_eq!(city, 123);
    assert_eq!(communes.len(), 40);
    assert!(communes.values().all(|count| *count == 9));
}

#[test]
fn every_warning_is_of_a_spare_path_that_nobody_polls() {
    let loaded = topology();
    let mut named: BTreeMap<&str, usize> = BTreeMap::new();
    for warning in &loaded.warnings {
        let place = warning.place.as_ref().expect("a place");
        let id = place.source.text[place.span.clone()].trim_matches('"');
        let link = &loaded.network.links[id];
        assert_eq!(warning.code, "W0203", "{warning:?}");
        *named.entry(link.kind.as_str()).or_default() += 1;
    }
    // Radio and provider routers are not ours to poll: their links to agencies without SNMP stay unseen.
    let named: Vec<_> = named.into_iter().collect();
    assert_eq!(named, [("4g", 42), ("mpls", 8)]);
}

#[test]
fn every_router_and_every_third_agency_answers_snmp_with_all_its_ports() {
    let network = topology().network;
    let polled = |node: &Node| node.snmp.is_some() && node.probe.contains(&Method::Snmp);
    for node in network.nodes.values() {
        let is_router = ["hub", "hub-edge", "core", "pop", "access"].contains(&node.role.as_str());
        assert!(!is_router || polled(node), "{}", node.id);
    }
    let agencies = network
        .agencies
        .values()
        .filter(|agency| polled(&network.nodes[&agency.node]))
        .count();
    assert_eq!(agencies, 161);
    for end in network.links.values().flat_map(Link::ends) {
        assert_eq!(
            end.port.is_some(),
            network.nodes[&end.node].snmp.is_some(),
            "{end:?}"
        );
    }
}

#[test]
fn fibre_is_preferred_to_mpls_and_mpls_to_4g() {
    let network = topology().network;
    let graph = Graph::new(&network);
    let routes = graph.routes(graph.monitor(), &Cut::default());
    for agency in network.agencies.values() {
        let node = graph.node(&agency.node).expect("a node");
        let path = routes.path(node, 0).expect("a path");
        let used: BTreeSet<&str> = path
            .iter()
            .map(|(link, _)| network.links[graph.link_id(*link)].kind.as_str())
            .collect();
        let own: BTreeSet<&str> = network
            .links_at(&agency.node)
            .iter()
            .map(|link| network.links[link].kind.as_str())
            .collect();
        let has_cable = own.contains("fibre") || own.contains("lan");
        assert!(!has_cable || !used.contains("mpls"), "{}", agency.id);
        assert!(
            own == BTreeSet::from(["4g"]) || !used.contains("4g"),
            "{}",
            agency.id
        );
    }
}

#[test]
fn links_that_nothing_can_see_are_those_of_brute_force() {
    let loaded = topology();
    let network = &loaded.network;
    let graph = Graph::new(network);
    let silent_without = |link: &Link| {
        let cut = graph.cut(&[Element::Link(link.id.clone())]);
        let reached = graph.reach(&[graph.monitor()], &cut);
        network.nodes.values().any(|node| {
            let at = graph.node(&node.id).expect("a node");
            !node.probe.is_empty() && node.id != network.monitor && !reached[at.index()]
        })
    };
    let seen_by_a_port = |link: &Link| {
        link.ends().into_iter().any(|end| {
            let node = &network.nodes[&end.node];
            end.port.is_some() && node.probe.contains(&Method::Snmp) && node.id != network.monitor
        })
    };
    let expected: BTreeSet<&str> = network
        .links
        .values()
        .filter(|link| !seen_by_a_port(link) && !silent_without(link))
        .map(|link| link.id.as_str())
        .collect();
    let named: BTreeSet<&str> = loaded
        .warnings
        .iter()
        .filter(|warning| warning.code == "W0203")
        .map(|warning| {
            let place = warning.place.as_ref().expect("a place");
            place.source.text[place.span.clone()].trim_matches('"')
        })
        .collect();
    assert_eq!(named, expected);
}

#[test]
fn every_file_says_that_it_is_illustrative() {
    for source in topology().sources {
        assert!(source.text.starts_with("# Minh họa"), "{}", source.name);
        assert!(source.text.contains("# Illustrative"), "{}", source.name);
    }
}

/// What the data calls a thing, in our ids; agencies have none and are found by their order.
fn id_of(name: &str) -> String {
    name.to_lowercase()
        .replace('đ', "d")
        .chars()
        .flat_map(|c| {
            unicode_normalization::UnicodeNormalization::nfd(std::iter::once(c)).collect::<Vec<_>>()
        })
        .filter(|c| !unicode_normalization::char::is_combining_mark(*c))
        .collect::<String>()
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join("-")
}

fn hours(rates: Rates, default: (Duration, Duration)) -> (u64, u64) {
    let up = rates.mtbf.unwrap_or(default.0);
    let down = rates.mttr.unwrap_or(default.1);
    (up.as_secs(), down.as_secs())
}

fn written(table: &Value) -> (u64, u64) {
    let seconds = |key: &str| {
        let hours = table[key].as_f64().expect("a number");
        // The data has one decimal, so these are whole seconds.
        Duration::from_secs_f64((hours * 3600.0).round()).as_secs()
    };
    (seconds("mtbf_h"), seconds("mttr_h"))
}

#[test]
fn reference_network_equals_the_data_it_was_written_from() {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/hue483.json");
    let Ok(text) = std::fs::read_to_string(&file) else {
        assert!(
            std::env::var("CI").as_deref() != Ok("true"),
            "{} is absent",
            file.display()
        );
        println!("skipped: {} is absent", file.display());
        return;
    };
    let data: Value = serde_json::from_str(&text).expect("JSON");
    let network = topology().network;
    let list = |key: &str| data[key].as_array().expect("a list").clone();
    // Agencies were given addresses in the order of the data.
    let mut agencies: Vec<&Node> = network
        .nodes
        .values()
        .filter(|node| node.role == "agency")
        .collect();
    agencies.sort_by_key(|node| node.address);
    let mut agencies = agencies.into_iter();
    let nodes: Vec<&Node> = list("nodes")
        .iter()
        .map(|node| {
            let name = node["name"].as_str().expect("a name");
            if node["kind"] == "agency" {
                agencies.next().expect("483 agencies")
            } else {
                &network.nodes[id_of(name).as_str()]
            }
        })
        .collect();
    assert_eq!(
        nodes
            .iter()
            .map(|node| &node.id)
            .collect::<BTreeSet<_>>()
            .len(),
        581
    );
    for (node, datum) in nodes.iter().zip(list("nodes")) {
        assert_eq!(
            node.transit,
            datum["transit"].as_bool().expect("a flag"),
            "{}",
            node.id
        );
        assert_eq!(
            hours(node.rates, DEFAULT_NODE_RATES),
            written(&datum),
            "{}",
            node.id
        );
        let weight: u32 = network
            .agencies_at(&node.id)
            .iter()
            .map(|agency| network.agencies[agency].weight)
            .sum();
        assert_eq!(
            u64::from(weight),
            datum["weight"].as_u64().expect("a weight"),
            "{}",
            node.id
        );
    }
    let at = |value: &Value| {
        nodes[value.as_u64().expect("a position") as usize]
            .id
            .clone()
    };
    let mut ours: Vec<_> = network
        .links
        .values()
        .map(|link| {
            let rates = hours(link.rates, default_rates(&link.kind));
            (
                link.a.node.clone(),
                link.b.node.clone(),
                link.kind.clone(),
                rates,
                link.risks.len(),
            )
        })
        .collect();
    let mut theirs: Vec<_> = list("links")
        .iter()
        .map(|link| {
            let kind = link["kind"].as_str().expect("a kind").to_owned();
            let risks = link["srlg"].as_array().expect("a list").len();
            (at(&link["a"]), at(&link["b"]), kind, written(link), risks)
        })
        .collect();
    ours.sort();
    theirs.sort();
    assert_eq!(ours, theirs);
    let links = list("links");
    for group in list("srlg") {
        let name = id_of(group["name"].as_str().expect("a name"));
        let ours = &network.risks[name.as_str()];
        assert_eq!(
            hours(ours.rates, DEFAULT_RISK_RATES),
            written(&group),
            "{name}"
        );
        let mut members: Vec<(String, String)> = Vec::new();
        for member in group["nodes"].as_array().expect("a list") {
            members.push((at(member).to_string(), String::new()));
        }
        for member in group["links"].as_array().expect("a list") {
            let link = &links[member.as_u64().expect("a position") as usize];
            members.push((at(&link["a"]).to_string(), at(&link["b"]).to_string()));
        }
        let mut found: Vec<(String, String)> = ours
            .members
            .iter()
            .map(|member| match member {
                Element::Link(id) => {
                    let link = &network.links[id];
                    (link.a.node.to_string(), link.b.node.to_string())
                }
                other => (other.id().to_owned(), String::new()),
            })
            .collect();
        members.sort();
        found.sort();
        assert_eq!(members, found, "{name}");
    }
}
