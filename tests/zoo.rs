//! 276 real networks (Internet Topology Zoo, Knight et al. 2011) and what networkx and igraph say of them.
//!
//! The answers take every node for transit, every weight for 1, and one root. They know no risk groups, so S6 and
//! S8 are asked with a group for every bridge and for every doubled link, whose answers follow from theirs; and
//! they give the number of paths without a common node only as the least over all pairs.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;
use spanwatch::analysis::Weakness;
use spanwatch::analysis::augment::{Augmentation, Goal, Offer, Proof};
use spanwatch::analysis::cuts::Cuts;
use spanwatch::graph::Graph;
use spanwatch::inventory::import::{Input, Options, graphml, pairs};
use spanwatch::model::fault::Source;
use spanwatch::model::network::Network;
use spanwatch::model::{AgencyId, Element, RiskId};

use crate::sketch::{Sketch, shared};

struct Known {
    /// The name of its file, without the ending.
    file: String,
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
                file: path
                    .file_stem()
                    .expect("a name")
                    .to_string_lossy()
                    .into_owned(),
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
        assert_pieces(&known);
    }
}

fn assert_pieces(known: &Known) {
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

#[test]
fn weakness_of_the_zoo_is_that_of_other_programs() {
    for known in read() {
        assert_weakness(&known);
    }
}

fn assert_weakness(known: &Known) {
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

/// Writes a cell of a comma separated file.
fn cell(text: &str) -> String {
    format!("\"{}\"", text.replace('"', "\"\""))
}

/// Writes text for XML.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
}

/// Writes a network of the zoo as a file of nodes and a file of links, every bridge in a risk group of its own.
fn as_pairs(file: &Value, folder: &Path) -> Vec<PathBuf> {
    let bridges = numbers(&file["oracle"]["bridges"]);
    let mut nodes = String::from("\u{FEFF}id,name,lat,lon\r\n");
    for (place, node) in file["nodes"].as_array().expect("nodes").iter().enumerate() {
        let label = node["label"].as_str().unwrap_or_default();
        let degrees = |name: &str| {
            node[name]
                .as_f64()
                .map(|degrees| degrees.to_string())
                .unwrap_or_default()
        };
        let _ = write!(
            nodes,
            "{},{},{},{}\r\n",
            node_name(place),
            cell(label),
            degrees("lat"),
            degrees("lon")
        );
    }
    let mut links = String::from("id;source;target;risk\n");
    for (place, ends) in file["edges"].as_array().expect("links").iter().enumerate() {
        let risk = if bridges.contains(&place) {
            format!("b{place:04}")
        } else {
            String::new()
        };
        let (a, b) = (node_name(number(&ends[0])), node_name(number(&ends[1])));
        let _ = writeln!(links, "{};{a};{b};{risk}", link_name(place));
    }
    let paths = vec![folder.join("nodes.csv"), folder.join("links.csv")];
    fs::write(&paths[0], nodes).expect("written");
    fs::write(&paths[1], links).expect("written");
    paths
}

/// The same as a graph, with the keys of the Topology Zoo's own files.
fn as_graph(file: &Value, folder: &Path) -> Vec<PathBuf> {
    let bridges = numbers(&file["oracle"]["bridges"]);
    let mut text = String::from(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<graphml xmlns=\"http://graphml.graphdrawing.org/xmlns\">\n",
    );
    for (id, of, name) in [
        ("d0", "node", "label"),
        ("d1", "node", "Latitude"),
        ("d2", "node", "Longitude"),
        ("d3", "edge", "srlg"),
    ] {
        let _ = writeln!(
            text,
            "<key attr.name=\"{name}\" attr.type=\"string\" for=\"{of}\" id=\"{id}\"/>"
        );
    }
    text += "<graph edgedefault=\"undirected\">\n";
    for (place, node) in file["nodes"].as_array().expect("nodes").iter().enumerate() {
        // With a letter that yEd does not use, so that it is kept.
        let _ = write!(text, "<node id=\"z{place:04}\">");
        let _ = write!(
            text,
            "<data key=\"d0\">{}</data>",
            escaped(node["label"].as_str().unwrap_or_default())
        );
        for (key, name) in [("d1", "lat"), ("d2", "lon")] {
            if let Some(degrees) = node[name].as_f64() {
                let _ = write!(text, "<data key=\"{key}\">{degrees}</data>");
            }
        }
        text += "</node>\n";
    }
    for (place, ends) in file["edges"].as_array().expect("links").iter().enumerate() {
        let (a, b) = (number(&ends[0]), number(&ends[1]));
        let _ = write!(
            text,
            "<edge id=\"y{place:04}\" source=\"z{a:04}\" target=\"z{b:04}\">"
        );
        if bridges.contains(&place) {
            let _ = write!(text, "<data key=\"d3\">b{place:04}</data>");
        }
        text += "</edge>\n";
    }
    text += "</graph></graphml>\n";
    let paths = vec![folder.join("graph.graphml")];
    fs::write(&paths[0], text).expect("written");
    paths
}

#[test]
#[expect(
    clippy::print_stdout,
    reason = "the ratio of the greedy choice is worth a line"
)]
fn links_to_build_in_the_zoo_cost_what_the_optimum_costs() {
    let Some(path) = shared("data/topologies/zoo_augmentation_weighted.json") else {
        return;
    };
    let text = fs::read_to_string(path).expect("readable");
    let oracle: BTreeMap<String, Value> = serde_json::from_str(&text).expect("JSON");
    let (mut asked, mut greedy, mut worst) = (0_u32, 0.0, 1.0_f64);
    for known in read() {
        let Some(answer) = oracle.get(&known.name).or_else(|| oracle.get(&known.file)) else {
            continue;
        };
        let offers: Vec<Offer> = answer["candidates"]
            .as_array()
            .expect("a list")
            .iter()
            .map(|offer| Offer {
                a: node_name(number(&offer[0])).as_str().into(),
                b: node_name(number(&offer[1])).as_str().into(),
                cost: offer[2].as_f64().expect("a cost"),
            })
            .collect();
        let optimum = answer["optimal_cost"].as_f64().expect("a cost");
        let found = Augmentation::of(&known.network, &offers, &Goal::default()).expect("accepted");
        assert_eq!(found.proof, Proof::Optimal, "{}", known.name);
        assert!(
            found.unhelped.is_empty(),
            "{}: {:?}",
            known.name,
            found.unhelped
        );
        assert!(
            (found.cost - optimum).abs() <= 1e-9 * optimum,
            "{}: {} against {optimum}",
            known.name,
            found.cost
        );
        let ratio = answer["greedy_cost"].as_f64().expect("a cost") / optimum;
        greedy += ratio;
        worst = worst.max(ratio);
        asked += 1;
    }
    assert_eq!(asked as usize, oracle.len());
    println!(
        "{asked} networks: own 1.00 x the optimum; greedy {:.3} x on average, {worst:.3} x at worst",
        greedy / f64::from(asked)
    );
}

#[test]
fn imported_networks_of_the_zoo_give_the_same_answers() {
    let Some(folder) = shared("data/topologies/zoo") else {
        return;
    };
    let desk = tempfile::tempdir().expect("a folder");
    let mut imported = 0;
    for known in read() {
        let path = folder.join(format!("{}.json", known.file));
        let file: Value =
            serde_json::from_str(&fs::read_to_string(path).expect("readable")).expect("JSON");
        for (is_graph, paths) in [
            (false, as_pairs(&file, desk.path())),
            (true, as_graph(&file, desk.path())),
        ] {
            let inputs: Vec<Input> = paths
                .iter()
                .map(|path| Input {
                    name: path.display().to_string(),
                    text: fs::read_to_string(path).expect("readable"),
                })
                .collect();
            let root = number(&known.oracle["root"]);
            let options = Options {
                file: inputs[0].name.clone(),
                id: None,
                name: Some(known.name.clone()),
                hub: Some(if is_graph {
                    format!("z{root:04}")
                } else {
                    node_name(root)
                }),
                all_agencies: true,
            };
            let result = if is_graph {
                graphml::import(&inputs[0], &options)
            } else {
                pairs::import(&inputs, &options)
            };
            let files = result
                .unwrap_or_else(|faults| panic!("{}: {:?}", known.name, faults.0))
                .files;
            let sources = files
                .into_iter()
                .map(|(name, text)| Arc::new(Source { name, text }));
            let loaded = spanwatch::inventory::read(sources.collect());
            let network = loaded
                .unwrap_or_else(|faults| panic!("{}: {:?}", known.name, faults.0))
                .network;
            assert_eq!(
                network.nodes.len(),
                network.agencies.len(),
                "{}",
                known.name
            );
            let known = Known {
                network,
                file: known.file.clone(),
                name: known.name.clone(),
                oracle: known.oracle.clone(),
            };
            assert_pieces(&known);
            assert_weakness(&known);
            imported += 1;
        }
    }
    assert_eq!(imported, 2 * 276);
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
