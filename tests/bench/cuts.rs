//! How long weak elements and causes take, at 483 agencies and at 50,000 nodes: `cargo bench --bench cuts`.

#![expect(clippy::print_stdout, reason = "a bench reports to a person")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench reads the clock of the machine"
)]

#[path = "../sketch.rs"]
#[expect(dead_code, reason = "a bench draws less than the tests do")]
mod sketch;
#[path = "../trial.rs"]
#[expect(dead_code, reason = "the helpers serve the tests too")]
mod trial;

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use spanwatch::analysis::Weakness;
use spanwatch::analysis::cuts::Cuts;
use spanwatch::analysis::dominators::{Dominators, Point};
use spanwatch::analysis::locate::{Facts, Locator};
use spanwatch::analysis::lossy::{Echoes, Manner, Paths};
use spanwatch::analysis::reach::Reach;
use spanwatch::app::monitor::Monitor;
use spanwatch::app::rehearse::trial::Trial;
use spanwatch::graph::{Cut, Graph, LinkIx};
use spanwatch::lab::action::Action;
use spanwatch::model::network::Network;
use spanwatch::model::{Element, NodeId};

use crate::sketch::{Dice, Sketch, reference};

fn main() {
    measure("the reference network", &reference(), 51);
    conclude();
    measure("trees on rings", &rings_and_trees(50_000), 11);
    measure("one chain", &chain(50_000), 5);
}

/// Cores in a ring, rings of ten pops on neighbouring cores, halls behind pops, agencies behind halls (a third of
/// them with a second way in), and a duct for every twentieth ring.
fn rings_and_trees(nodes: usize) -> Network {
    let mut dice = Dice::new(7);
    let cores = nodes / 1_000;
    let core = |place: usize| format!("core{:03}", place % cores);
    let mut sketch = Sketch::new(&["dc"]);
    for place in 0..cores {
        sketch = sketch.node(&core(place), true);
        let radio = format!("radio{place:03}");
        sketch = sketch
            .node(&radio, true)
            .link(&format!("r{place:03}"), &radio, &core(place));
    }
    for place in 0..cores {
        sketch = sketch.link(&format!("c{place:03}"), &core(place), &core(place + 1));
    }
    sketch = sketch
        .link("dc-1", "dc", &core(0))
        .link("dc-2", "dc", &core(cores / 2));
    let (mut ring, mut count) = (0, 2 * cores + 1);
    while count < nodes {
        let mut before = core(ring);
        let mut ducts = Vec::new();
        for pop in 0..10 {
            let name = format!("p{ring:04}-{pop}");
            let link = format!("{before}/{name}");
            sketch = sketch.node(&name, true).link(&link, &before, &name);
            ducts.push(Element::Link(link.as_str().into()));
            count += 1;
            for hall in 0..2 {
                let hall = format!("{name}-h{hall}");
                let up = format!("{hall}/up");
                sketch = sketch.node(&hall, true).link(&up, &hall, &name);
                count += 1;
                for agency in 0..4 {
                    let agency = format!("{hall}-a{agency}");
                    let up = format!("{agency}/up");
                    sketch = sketch.node(&agency, false).link(&up, &agency, &hall);
                    sketch = sketch.agency(&agency, &agency, 1 + dice.roll(5) as u32);
                    count += 1;
                    if dice.hit(3) {
                        let radio = format!("radio{:03}", ring % cores);
                        sketch = sketch.link(&format!("{agency}/4g"), &agency, &radio);
                    }
                }
            }
            before = name;
        }
        sketch = sketch.link(&format!("{before}/home"), &before, &core(ring + 1));
        if ring % 20 == 0 {
            sketch = sketch.risk(&format!("duct{ring:04}"), &ducts);
        }
        ring += 1;
    }
    sketch.network()
}

/// The deepest network there is; one agency at its end, because the answer alone is quadratic otherwise.
fn chain(nodes: usize) -> Network {
    let ids: Vec<String> = (1..nodes)
        .map(|place| format!("n{:05}-n{place:05}", place - 1))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let last = format!("n{:05}", nodes - 1);
    let sketch = Sketch::new(&["n00000"]).links(&ids);
    sketch.agency("end", &last, 1).network()
}

fn measure(name: &str, network: &Network, times: usize) {
    let graph = Arc::new(Graph::new(network));
    println!(
        "{name}: {} nodes, {} links, {} agencies, {} risk groups",
        graph.node_count(),
        graph.link_count(),
        network.agencies.len(),
        network.risks.len()
    );
    let hubs = graph.hubs();
    let whole = Cut::default();
    time("graph", times, || Graph::new(network));
    time("S1-S3 cuts", times, || Cuts::of(&graph));
    time("S4 dominators", times, || {
        Dominators::of(&graph, hubs, &whole)
    });
    let tree = Dominators::of(&graph, hubs, &whole);
    time("S5 blast of every node and link", times, || {
        let nodes = graph.node_indices().map(Point::Node);
        let points = nodes.chain(graph.link_indices().map(Point::Link));
        points.map(|point| tree.behind(point).len()).sum::<usize>()
    });
    time("S6 every risk group", times, || {
        let reach = Reach::new(&graph, hubs, &whole);
        let lost = network.risks.keys().map(|risk| {
            let cut = graph.cut([&Element::Risk(risk.clone())]);
            reach.lost(cut.nodes(), cut.links()).len()
        });
        lost.sum::<usize>()
    });
    time("S1-S8 weakness, with all names", times, || {
        Weakness::of(network, &graph, &[])
    });
    let shared = Arc::new(network.clone());
    time("locator", times, || {
        Locator::new(shared.clone(), graph.clone())
    });
    let locator = Locator::new(shared, graph.clone());
    let elements: Vec<Element> = network.elements().collect();
    let mut dice = Dice::new(3);
    for faults in 1..=3 {
        let all: Vec<Facts> = (0..times.min(25))
            .map(|_| {
                let cut: Vec<Element> = (0..faults)
                    .map(|_| elements[dice.roll(elements.len())].clone())
                    .collect();
                facts(network, &graph, &cut)
            })
            .collect();
        let mut turn = 0;
        time(&format!("locate {faults} of them"), all.len(), || {
            turn += 1;
            locator.locate(&all[(turn - 1) % all.len()])
        });
    }
    let paths = Paths::new(network, &graph);
    for bad in [None, graph.link_indices().nth(graph.link_count() / 2)] {
        let echoes = echoes(&graph, bad);
        let what = if bad.is_some() { "one" } else { "no" };
        time(&format!("loss with {what} lossy link"), times, || {
            paths.lossy(&graph, &echoes, &Manner::ALWAYS)
        });
    }
    let mut chance = facts(network, &graph, &[]);
    for _ in 0..100 {
        let node = &elements[dice.roll(graph.node_count())];
        chance.answering.remove(node.id());
        chance.silent.insert(node.id().into());
    }
    time("locate 100 silences by chance", 3, || {
        locator.locate(&chance)
    });
    let none = facts(network, &graph, &[Element::Node(network.monitor.clone())]);
    time("locate everything silent", 3, || locator.locate(&none));
}

/// Times all that the monitor does when an inquiry closes, from facts to incidents, at the end of inquiries into one, two
/// and three faults of the reference network.
fn conclude() {
    let mut warm = Trial::of(&trial::reference(), 7);
    warm.run(70);
    let elements: Vec<Element> = warm.monitor.reference().network.elements().collect();
    let mut dice = Dice::new(3);
    for faults in 1..=3 {
        let mut ends: Vec<(Monitor, Instant, Timestamp)> = Vec::new();
        while ends.len() < 25 {
            let cut: Vec<Element> = (0..faults)
                .map(|_| elements[dice.roll(elements.len())].clone())
                .collect();
            let mut trial = warm.clone();
            trial.act(&Action::Cut(cut));
            let quiet = trial.monitor.book().changes();
            let end = trial.now + Duration::from_secs(15);
            let mut last = None;
            while trial.now < end && trial.monitor.book().changes() == quiet {
                let open = trial.monitor.deadline();
                last = open.map(|_| (trial.monitor.clone(), trial.now, trial.at));
                trial.step(end);
            }
            // Not what was over before it was named.
            ends.extend(last.filter(|(monitor, now, at)| {
                let mut again = monitor.clone();
                again.finish(*now, *at);
                !again.book().is_quiet()
            }));
        }
        let mut turn = 0;
        let times = ends.len();
        time(&format!("conclude {faults} of them"), times, || {
            let (monitor, now, at) = &mut ends[turn];
            turn += 1;
            monitor.finish(*now, *at);
        });
    }
}

fn facts(network: &Network, graph: &Graph, cut: &[Element]) -> Facts {
    let reached = graph.reach(&[graph.monitor()], &graph.cut(cut));
    let mut facts = Facts::default();
    for node in graph.node_indices().filter(|node| *node != graph.monitor()) {
        let id: NodeId = graph.node_id(node).clone();
        if reached[node.index()] {
            for link in network
                .links_at(&id)
                .iter()
                .filter(|_| graph.is_transit(node))
            {
                let is_cut = cut.contains(&Element::Link(link.clone()));
                let ports = if is_cut {
                    &mut facts.ports_down
                } else {
                    &mut facts.ports_up
                };
                ports.insert((id.clone(), link.clone()));
            }
            facts.answering.insert(id);
        } else {
            facts.silent.insert(id);
        }
    }
    facts
}

/// Counts 60 echoes of every node; one hop in two hundred loses an echo, and a link one in ten.
fn echoes(graph: &Graph, bad: Option<LinkIx>) -> BTreeMap<NodeId, Echoes> {
    let mut dice = Dice::new(5);
    let routes = graph.routes(graph.monitor(), &Cut::default());
    let mut echoes = BTreeMap::new();
    for node in graph.node_indices().filter(|node| *node != graph.monitor()) {
        let way = routes.path(node, 0).unwrap_or_default();
        if way.len() > 255 {
            continue;
        }
        let mut lost = 0;
        for _ in 0..60 {
            let dies = way
                .iter()
                .any(|(link, _)| dice.hit(if Some(*link) == bad { 10 } else { 200 }));
            lost += u32::from(dies);
        }
        echoes.insert(graph.node_id(node).clone(), Echoes { sent: 60, lost });
    }
    echoes
}

/// Prints the median and the slowest of several runs.
fn time<T>(what: &str, times: usize, mut run: impl FnMut() -> T) {
    let mut taken: Vec<Duration> = (0..times)
        .map(|_| {
            let start = Instant::now();
            let result = black_box(run());
            let taken = start.elapsed();
            drop(result);
            taken
        })
        .collect();
    taken.sort_unstable();
    println!(
        "  {what:<34} median {:>10.3?}  slowest {:>10.3?}",
        taken[taken.len() / 2],
        taken[taken.len() - 1]
    );
}
