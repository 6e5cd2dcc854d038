//! Causes named in 276 real networks (Internet Topology Zoo, Knight et al. 2011), against a search of all sets.
//!
//! All elements fail equally often, and every node is asked. So the best explanation of what one or two faults
//! silence is a smallest set of elements whose removal silences the same; which sets those are is found here by
//! deleting one after the other, with a walk of its own. Every fault alone is tried, and all pairs of the small
//! networks; of the others as many as there is time for, drawn from a seed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use spanwatch::analysis::locate::{Explanation, Facts, Locator};
use spanwatch::graph::Graph;
use spanwatch::model::network::Rates;
use spanwatch::model::{Element, NodeId};

use crate::sketch::{Dice, Sketch, shared};

/// All pairs of a network are tried where they are no more than this.
const ALL: usize = 250;

/// Of a larger one so many are drawn, and fewer of those where one deletion is dear.
const DRAWN: usize = 60;

/// Links by whose number the draws of a large network shrink.
const LARGE: usize = 100;

/// A network by positions: elements are its nodes, then its links.
struct Plain {
    name: String,
    root: usize,
    beside: Vec<Vec<(usize, usize)>>,
    links: Vec<[usize; 2]>,
    /// Nodes that are asked: those that the root reaches, but for itself.
    asked: Vec<usize>,
}

/// Whom some faults silence, ascending.
type Silent = Vec<usize>;

impl Plain {
    fn read(name: String, file: &Value) -> Self {
        let number = |value: &Value| value.as_u64().expect("a number") as usize;
        let oracle = &file["oracle"];
        let edges = file["edges"].as_array().expect("links");
        let links: Vec<[usize; 2]> = edges
            .iter()
            .map(|ends| [number(&ends[0]), number(&ends[1])])
            .collect();
        let mut beside = vec![Vec::new(); number(&oracle["n"])];
        for (link, [a, b]) in links.iter().enumerate() {
            beside[*a].push((link, *b));
            beside[*b].push((link, *a));
        }
        let mut plain = Self {
            name,
            root: number(&oracle["root"]),
            beside,
            links,
            asked: Vec::new(),
        };
        let reached = plain.reached(&[]);
        plain.asked = (0..plain.beside.len())
            .filter(|node| reached[*node] && *node != plain.root)
            .collect();
        plain
    }

    fn elements(&self) -> usize {
        self.beside.len() + self.links.len()
    }

    fn reached(&self, cut: &[usize]) -> Vec<bool> {
        let nodes = self.beside.len();
        let mut reached = vec![false; nodes];
        let mut stack = Vec::new();
        if !cut.contains(&self.root) {
            reached[self.root] = true;
            stack.push(self.root);
        }
        while let Some(node) = stack.pop() {
            for (link, next) in &self.beside[node] {
                if !reached[*next] && !cut.contains(next) && !cut.contains(&(nodes + link)) {
                    reached[*next] = true;
                    stack.push(*next);
                }
            }
        }
        reached
    }

    fn silent(&self, cut: &[usize]) -> Silent {
        let reached = self.reached(cut);
        let asked = self.asked.iter().copied();
        asked.filter(|node| !reached[*node]).collect()
    }

    fn locator(&self) -> Locator {
        let mut sketch = Sketch::new(&[&node_name(self.root)]);
        for node in 0..self.beside.len() {
            sketch = sketch.node(&node_name(node), true);
        }
        for (link, [a, b]) in self.links.iter().enumerate() {
            sketch = sketch.link(&link_name(link), &node_name(*a), &node_name(*b));
        }
        // Often enough that two cuts are likelier than one link that fails with nobody noticing.
        let rates = Rates {
            mtbf: Some(Duration::from_hours(1_000)),
            mttr: Some(Duration::from_hours(8)),
        };
        for node in sketch.0.nodes.values_mut() {
            node.rates = rates;
        }
        for link in sketch.0.links.values_mut() {
            link.rates = rates;
        }
        let network = Arc::new(sketch.network());
        let graph = Arc::new(Graph::new(&network));
        Locator::new(network, graph)
    }

    fn facts(&self, silent: &Silent) -> Facts {
        let mut facts = Facts::default();
        for node in &self.asked {
            let id = NodeId::from(node_name(*node).as_str());
            if silent.binary_search(node).is_ok() {
                facts.silent.insert(id);
            } else {
                facts.answering.insert(id);
            }
        }
        facts
    }

    fn place(&self, element: &Element) -> usize {
        let number = |id: &str| id[1..].parse::<usize>().expect("a number");
        match element {
            Element::Node(id) => number(id.as_str()),
            Element::Link(id) => self.beside.len() + number(id.as_str()),
            Element::Risk(_) => panic!("there is no group"),
        }
    }
}

fn node_name(place: usize) -> String {
    format!("n{place:04}")
}

fn link_name(place: usize) -> String {
    format!("e{place:04}")
}

fn read() -> Vec<Plain> {
    let Some(folder) = shared("data/topologies/zoo") else {
        return Vec::new();
    };
    let mut paths: Vec<_> = fs::read_dir(folder)
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "json"))
        .collect();
    paths.sort();
    assert_eq!(paths.len(), 276);
    paths
        .iter()
        .map(|path| {
            let text = fs::read_to_string(path).expect("readable");
            let name = path.file_stem().expect("a name").to_string_lossy();
            Plain::read(
                name.into_owned(),
                &serde_json::from_str(&text).expect("JSON"),
            )
        })
        .collect()
}

/// Returns what is wrong with an explanation of what some faults silence.
fn wrong(
    plain: &Plain,
    alone: &BTreeMap<Silent, BTreeSet<usize>>,
    silent: &Silent,
    found: &Explanation,
) -> Option<&'static str> {
    let causes: Vec<BTreeSet<usize>> = found
        .causes
        .iter()
        .map(|cause| cause.elements.iter().map(|one| plain.place(one)).collect())
        .collect();
    let first: Vec<usize> = found
        .causes
        .iter()
        .map(|cause| plain.place(&cause.elements[0]))
        .collect();
    if !found.unexplained.is_empty() {
        return Some("a silence is left over");
    }
    if silent.is_empty() {
        return (!causes.is_empty()).then_some("a cause of nothing");
    }
    if let Some(class) = alone.get(silent) {
        return match causes.as_slice() {
            [only] if only == class => None,
            [_] => Some("one fault explains it, and the class of that is another"),
            _ => Some("one fault explains it, and several are named"),
        };
    }
    let [a, b] = first.as_slice() else {
        return Some("two faults explain it, and not two are named");
    };
    if plain.silent(&[*a, *b]) != *silent {
        return Some("what is named does not explain it");
    }
    let is_class = |class: &BTreeSet<usize>, other: usize| {
        (0..plain.elements())
            .filter(|one| *one != other)
            .all(|one| class.contains(&one) == (plain.silent(&[one, other]) == *silent))
    };
    if !is_class(&causes[0], *b) || !is_class(&causes[1], *a) {
        return Some("a class is not that of all that explain it as well beside the other");
    }
    None
}

#[test]
fn every_one_and_two_faults_of_the_zoo_are_explained_by_a_smallest_set() {
    let (mut tried, mut all) = (0, Vec::new());
    for plain in read() {
        let locator = plain.locator();
        let count = plain.elements();
        let mut alone: BTreeMap<Silent, BTreeSet<usize>> = BTreeMap::new();
        for element in 0..count {
            let silent = plain.silent(&[element]);
            alone.entry(silent).or_default().insert(element);
        }
        let pairs = count * (count - 1) / 2;
        let mut sets: Vec<Vec<usize>> = (0..count).map(|element| vec![element]).collect();
        if pairs <= ALL {
            sets.extend((0..count).flat_map(|a| (0..a).map(move |b| vec![b, a])));
        } else {
            let mut dice = Dice::new(count as u64);
            let drawn = DRAWN * LARGE / plain.links.len().max(LARGE);
            sets.extend((0..drawn).map(|_| {
                let a = dice.roll(count);
                let b = (a + 1 + dice.roll(count - 1)) % count;
                vec![a.min(b), a.max(b)]
            }));
        }
        let mut met: BTreeSet<Silent> = BTreeSet::new();
        for set in sets {
            let silent = plain.silent(&set);
            // What is seen is all that matters.
            if met.contains(&silent) {
                continue;
            }
            tried += 1;
            let found = locator.locate(&plain.facts(&silent));
            if let Some(why) = wrong(&plain, &alone, &silent, &found) {
                let named: Vec<_> = found.causes.iter().map(|cause| &cause.elements).collect();
                all.push(format!(
                    "{}: {set:?} silences {}: {why}: {named:?}",
                    plain.name,
                    silent.len()
                ));
            }
            met.insert(silent);
        }
    }
    assert!(
        all.is_empty(),
        "{} of {tried} wrong:\n{}",
        all.len(),
        all.join("\n")
    );
}
