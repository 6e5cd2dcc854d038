//! How long the hours take, exactly, and what they are asked for: `cargo bench --bench hours`.
//!
//! The last line is of Kdl, the largest network of the Topology Zoo, with an agency at each of its 754 nodes; it is
//! left out where the file is not there. Memory is the most that the process has used by then.

#![expect(clippy::print_stdout, reason = "a bench reports to a person")]

#[path = "../sketch.rs"]
#[expect(dead_code, reason = "a bench draws less than the tests do")]
mod sketch;

use std::collections::BTreeMap;
use std::fs;
use std::hint::black_box;
use std::time::Duration;

use spanwatch::analysis::hours::rate::Chances;
use spanwatch::analysis::hours::{Account, Limits, Method};
use spanwatch::analysis::pairs::{Scope, pairs};
use spanwatch::analysis::plan::choices::choices;
use spanwatch::analysis::plan::{Question, plan};
use spanwatch::graph::Graph;
use spanwatch::model::network::Network;

use crate::sketch::{Sketch, reference, shared};

/// What a plan of the reference network may spend, in its unit: a few dozen links.
const BUDGET: f64 = 20_000.0;

fn main() {
    let network = reference();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let limits = Limits::default();
    let account = time("hours with the importance of every element", 21, || {
        Account::of(&network, &graph, &chances, &[], limits)
    });
    println!("  {}", found(&account));
    let all = time("all pairs of what carries traffic", 5, || {
        pairs(&network, &graph, &chances, &[], Scope::Transit)
    });
    println!("  {} pairs", all.len());
    // At the end of a valley, where it is not answered by the account of the hub.
    let served = Sketch((*network).clone())
        .service("far", "pop-nam-dong")
        .network();
    time("hours of a service that is not at the hub", 21, || {
        account.services(&served, &graph, &chances, &[], limits)
    });
    let offered = choices(&network, &graph);
    let planned = time("plan for a budget of 20,000", 1, || {
        plan(&network, &BTreeMap::new(), &offered, Question::of(BUDGET))
    });
    println!(
        "  {} links of {} choices, {:.0} to {:.0} weighted hours, {} exact answers from {} networks",
        planned.steps.len(),
        offered.len(),
        planned.before.weighted,
        planned.after.weighted,
        planned.asked,
        planned.solved
    );
    let Some(kdl) = kdl() else { return };
    let (graph, chances) = (Graph::new(&kdl), Chances::declared(&kdl));
    let account = time("Kdl: hours with the importance of every element", 1, || {
        Account::of(&kdl, &graph, &chances, &[], limits)
    });
    println!("  {}, {}", found(&account), memory());
}

fn found(account: &Account) -> String {
    let total = account.total.weighted;
    match account.method {
        Method::Exact { states } => format!("exactly {total:.1}, {states} states"),
        Method::Sampled { draws, error } => format!("about {total:.1} ± {error:.1}, {draws} draws"),
    }
}

/// Returns the largest network of the zoo, everybody an agency that carries traffic.
fn kdl() -> Option<Network> {
    let path = shared("data/topologies/zoo/Kdl.json")?;
    let text = fs::read_to_string(path).expect("readable");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let number = |value: &serde_json::Value| value.as_u64().expect("a number");
    let name = |place: u64| format!("n{place:04}");
    let mut sketch = Sketch::new(&[&name(number(&file["oracle"]["root"]))]);
    for place in 0..number(&file["oracle"]["n"]) {
        let name = name(place);
        sketch = sketch.node(&name, true).agency(&name, &name, 1);
    }
    let edges = file["edges"].as_array().expect("links");
    for (place, ends) in edges.iter().enumerate() {
        let [a, b] = [0, 1].map(|end| name(number(&ends[end])));
        sketch = sketch.link(&format!("e{place:04}"), &a, &b);
    }
    Some(sketch.network())
}

/// Returns the most memory that this process has used (proc(5)).
fn memory() -> String {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    format!("peak memory {}", peak.unwrap_or("unknown").trim())
}

/// Prints the median and the slowest of several runs, and returns the result of the last.
fn time<T>(what: &str, times: usize, mut run: impl FnMut() -> T) -> T {
    let mut taken: Vec<Duration> = Vec::new();
    loop {
        let start = spanwatch::clock::now();
        let result = black_box(run());
        taken.push(start.elapsed());
        if taken.len() >= times {
            taken.sort_unstable();
            println!(
                "{what}: median {:.3?}, slowest {:.3?}",
                taken[taken.len() / 2],
                taken[taken.len() - 1]
            );
            return result;
        }
    }
}
