//! 276 real networks (Internet Topology Zoo, Knight et al. 2011) and what networkx and igraph say of them.
//!
//! The answers take every node for transit, every weight for 1, and one root. They know no risk groups, so S6 and
//! S8 are asked with a group for every bridge and for every doubled link, whose answers follow from theirs; and
//! they give the number of paths without a common node only as the least over all pairs.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use spanwatch::analysis::Weakness;
use spanwatch::analysis::cuts::Cuts;
use spanwatch::graph::Graph;
use spanwatch::model::network::Network;
use spanwatch::model::{AgencyId, Element, RiskId};

use crate::sketch::{Sketch, shared};

struct Known {
    name: String,
    network: Network,
    oracle: Value,
}

fn number(value: &Value) -> usize {
    value.as_u64().expect("a number") as usize
}

fn numbers(value: &Value) -> Vec<usize> {
    let list = value.as_array().expect("a list");
    let mut numbers: Vec<usize> = list.iter().map(number).collect();
    numbers.sort_unstable();
    numbers
}

fn lists(value: &Value) -> BTreeSet<Vec<usize>> {
    value
        .as_array()
        .expect("a list")
        .iter()
        .map(numbers)
        .collect()
}

fn by_number(value: &Value) -> BTreeMap<usize, usize> {
    value
        .as_object()
        .expect("a table")
        .iter()
        .map(|(key, value)| (key.parse().expect("a number"), number(value)))
        .collect()
}

fn node_name(place: usize) -> String {
    format!("n{place:04}")
}

fn link_name(place: usize) -> String {
    format!("e{place:04}")
}

fn place(id: &str) -> usize {
    id[1..].parse().expect("a number")
}

fn read() -> Vec<Known> {
    let Some(folder) = shared("data/topologies/zoo") else {
        return Vec::new();
    };
    let mut paths: Vec<_> = std::fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.extension()
                .is_some_and(|extension| extension == "json")
        })
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 276);
    paths
        .into_iter()
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("readable");
            let file: Value = serde_json::from_str(&text).expect("JSON");
            let oracle = file["oracle"].clone();
            let mut sketch = Sketch::new(&[&node_name(number(&oracle["root"]))]);
            for place in 0..number(&oracle["n"]) {
                let name = node_name(place);
                sketch = sketch.node(&name, true).agency(&name, &name, 1);
            }
            let edges = file["edges"].as_array().expect("links");
            for (place, ends) in edges.iter().enumerate() {
                let (a, b) = (node_name(number(&ends[0])), node_name(number(&ends[1])));
                sketch = sketch.link(&link_name(place), &a, &b);
            }
            for place in numbers(&oracle["bridges"]) {
                let member = Element::Link(link_name(place).as_str().into());
                sketch = sketch.risk(&format!("b{place:04}"), &[member]);
            }
            Known {
                name: file["name"].as_str().expect("a name").to_owned(),
                network: sketch.network(),
                oracle,
            }
        })
        .collect()
}

#[test]
fn pieces_of_the_zoo_are_those_of_other_programs() {
    for known in read() {
        let (name, oracle) = (&known.name, &known.oracle);
        let graph = Graph::new(&known.network);
        let cuts = Cuts::of(&graph);
        let bridges: Vec<usize> = cuts.bridges().iter().map(|link| link.index()).collect();
        assert_eq!(bridges, numbers(&oracle["bridges"]), "{name}");
        let points = cuts.articulation_points().iter();
        let points: Vec<usize> = points.map(|node| node.index()).collect();
        assert_eq!(points, numbers(&oracle["articulation_points"]), "{name}");
        let blocks: BTreeSet<Vec<usize>> = cuts
            .blocks()
            .iter()
            .map(|block| block.iter().map(|link| link.index()).collect())
            .collect();
        assert_eq!(blocks, lists(&oracle["blocks"]), "{name}");
        let classes: BTreeSet<Vec<usize>> = cuts
            .classes()
            .iter()
            .map(|class| class.iter().map(|node| node.index()).collect())
            .collect();
        assert_eq!(classes, lists(&oracle["two_edge_components"]), "{name}");
        // Eswaran and Tarjan count the leaves of the bridge tree.
        let mut degree = vec![0; cuts.classes().len()];
        for (_, a, b) in cuts.bridge_tree(&graph) {
            degree[a] += 1;
            degree[b] += 1;
        }
        let leaves = degree.iter().filter(|degree| **degree == 1).count();
        assert_eq!(
            leaves,
            number(&oracle["augmentation"]["leaf_2ec"]),
            "{name}"
        );
    }
}

#[test]
fn weakness_of_the_zoo_is_that_of_other_programs() {
    for known in read() {
        let (name, oracle, network) = (&known.name, &known.oracle, &known.network);
        let found = Weakness::of(network, &Graph::new(network), &[]);
        let root = number(&oracle["root"]);
        let mut node_blast = BTreeMap::new();
        let mut edge_blast = BTreeMap::new();
        let mut risk_blast = BTreeMap::new();
        for weak in &found.elements {
            let cut_off = weak.ids.len();
            assert_eq!(weak.weight as usize, cut_off, "{name}");
            match &weak.element {
                // The answers leave out the node itself, and the root.
                Element::Node(id) if place(id.as_str()) != root && cut_off > 1 => {
                    node_blast.insert(place(id.as_str()), cut_off - 1);
                }
                Element::Node(_) => {}
                Element::Link(id) => _ = edge_blast.insert(place(id.as_str()), cut_off),
                Element::Risk(id) => _ = risk_blast.insert(place(id.as_str()), cut_off),
            }
        }
        assert_eq!(node_blast, by_number(&oracle["node_blast"]), "{name}");
        assert_eq!(edge_blast, by_number(&oracle["edge_blast"]), "{name}");
        assert_eq!(
            risk_blast, edge_blast,
            "{name}: a group of one link is that link"
        );

        let idom = by_number(&oracle["idom"]);
        let lambda = by_number(&oracle["lambda_to_root"]);
        for (agency, standing) in &found.agencies {
            let own = place(agency.as_str());
            let nodes: Vec<usize> = standing
                .single_points
                .iter()
                .filter_map(|point| match point {
                    Element::Node(id) => Some(place(id.as_str())),
                    _ => None,
                })
                .collect();
            if own == root {
                assert_eq!(nodes, [root], "{name}");
                continue;
            }
            let before = nodes.iter().rev().nth(1).copied();
            assert_eq!(before, idom.get(&own).copied(), "{name}: {agency}");
            assert_eq!(
                standing.cut_off,
                !idom.contains_key(&own),
                "{name}: {agency}"
            );
            let paths = lambda.get(&own).copied().unwrap_or(0).min(3);
            assert_eq!(
                usize::from(standing.disjoint_links),
                paths,
                "{name}: {agency}"
            );
            assert!(standing.disjoint_nodes <= standing.disjoint_links);
            // One node between, and only one, is enough to leave one path.
            let has_between = nodes.len() > 2;
            if has_between {
                assert_eq!(standing.disjoint_nodes, 1, "{name}: {agency}");
            }
            // It is not given where a network is too small for it.
            let least = oracle["node_connectivity_main"]
                .as_u64()
                .unwrap_or(0)
                .min(3) as usize;
            if lambda.contains_key(&own) {
                assert!(
                    usize::from(standing.disjoint_nodes) >= least,
                    "{name}: {agency}"
                );
            }
            assert_eq!(standing.one_risk, Vec::<RiskId>::new(), "{name}: {agency}");
        }
    }
}

#[test]
fn two_links_in_one_duct_are_one_risk_all_over_the_zoo() {
    let mut seen = 0;
    for known in read() {
        let Some(pairs) = known.oracle["two_edge_cut_pairs_list"].as_array() else {
            continue;
        };
        // Any two links that part the network together, laid in one duct, must be found by whoever is behind.
        let Some(pair) = pairs.first().map(numbers) else {
            continue;
        };
        let mut parts = (*known.network).clone();
        parts.risks.clear();
        for each in parts.links.values_mut() {
            each.risks.clear();
        }
        let members: Vec<Element> = pair
            .iter()
            .map(|place| Element::Link(link_name(*place).as_str().into()))
            .collect();
        let network = Sketch(parts).risk("duct", &members).network();
        let found = Weakness::of(&network, &Graph::new(&network), &[]);
        let duct = RiskId::from("duct");
        let told: BTreeSet<&AgencyId> = found
            .agencies
            .iter()
            .filter(|(_, standing)| standing.one_risk.contains(&duct))
            .map(|(agency, _)| agency)
            .collect();
        let behind = found
            .elements
            .iter()
            .find(|weak| weak.element == Element::Risk(duct.clone()))
            .unwrap_or_else(|| panic!("{}: nobody is behind {pair:?}", known.name));
        assert!(!behind.ids.is_empty());
        for agency in &behind.ids {
            let standing = &found.agencies[agency];
            assert_eq!(
                standing.disjoint_links > 1,
                told.contains(agency),
                "{}: {agency}",
                known.name
            );
        }
        seen += 1;
    }
    assert!(seen == 0 || seen > 100, "{seen} networks had a pair");
}
