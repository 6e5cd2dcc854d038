//! What speaks for and against a cause, in short sentences made of ids.

use crate::analysis::dominators::Point;
use crate::analysis::locate::weigh::{Report, Seen, Weighed};
use crate::analysis::locate::{Locator, Suspect};
use crate::graph::{LinkIx, NodeIx};

/// Sentences of one sort; more would be read by nobody.
const MOST: usize = 3;

/// One cause as it was weighed.
pub(super) struct Case<'a> {
    /// The most probable element.
    pub(super) suspect: Suspect,
    /// The whole hypothesis.
    pub(super) best: &'a Weighed,
    /// The hypothesis without this cause.
    pub(super) without: &'a Weighed,
    /// This cause alone.
    pub(super) alone: &'a Weighed,
    /// Silent nodes that it explains.
    pub(super) explained: &'a [NodeIx],
}

/// Returns the evidence for and against a cause: silences, ports, refusals, then who answers.
pub(super) fn evidence(locator: &Locator, seen: &Seen, case: &Case) -> Vec<String> {
    let id = |node: NodeIx| locator.graph.node_id(node);
    let mut sentences = Vec::new();

    let is_own = |node: NodeIx| case.suspect == Locator::node(node);
    let contradicting: Vec<NodeIx> = case
        .best
        .lost
        .iter()
        .copied()
        .filter(|node| seen.answers(*node))
        .filter(|node| !case.without.loses(*node) || case.alone.loses(*node))
        .collect();
    let behind = case.explained.len() + contradicting.len();
    match case.explained {
        [] => {}
        [only] if behind == 1 && is_own(*only) => {
            sentences.push(format!("{} is silent", id(*only)));
        }
        [only] if behind == 1 => {
            sentences.push(format!("the one node behind it, {}, is silent", id(*only)));
        }
        [_] => sentences.push(format!("1 of {behind} nodes behind it is silent")),
        many => sentences.push(format!(
            "{} of {behind} nodes behind it are silent",
            many.len()
        )),
    }

    let ports: Vec<(LinkIx, NodeIx)> = case
        .best
        .ports
        .iter()
        .copied()
        .filter(|port| !case.without.expects_down(*port) || case.alone.expects_down(*port))
        .collect();
    for (report, word) in [(Report::Down, "down"), (Report::Up, "up")] {
        let told = ports
            .iter()
            .filter(|(link, observer)| seen.report(locator, *link, *observer) == Some(report))
            .map(|(link, observer)| {
                let (a, b) = locator.graph.ends(*link);
                let far = if a == *observer { b } else { a };
                format!("{} reports its port to {} {word}", id(*observer), id(far))
            });
        tell(&mut sentences, told);
    }

    let refused = seen
        .refused
        .iter()
        .filter(|(node, _)| case.explained.contains(node))
        .map(|(node, router)| format!("{} says that {} is unreachable", id(*router), id(*node)));
    tell(&mut sentences, refused);

    if !case.explained.is_empty()
        && let Some(front) = in_front(locator, seen, case)
    {
        sentences.push(format!("{} in front of it answers", id(front)));
        let further = locator.reach.depth(front).map(|depth| depth + 1);
        let sibling = (locator.reach.beside(front).iter())
            .map(|(_, node)| *node)
            .filter(|node| locator.reach.depth(*node) == further)
            .filter(|node| seen.answers(*node) && !case.best.loses(*node))
            .min();
        if let Some(sibling) = sibling {
            sentences.push(format!("{} beside it answers", id(sibling)));
        }
    }
    let nevertheless = contradicting
        .iter()
        .map(|node| format!("{} behind it answers nevertheless", id(*node)));
    tell(&mut sentences, nevertheless);
    sentences
}

/// Adds the first few of one sort, and how many more there are.
fn tell(sentences: &mut Vec<String>, mut told: impl Iterator<Item = String>) {
    let first = sentences.len();
    for sentence in told.by_ref() {
        // Two links between the same nodes say the same.
        if sentences[first..].contains(&sentence) {
            continue;
        }
        if sentences.len() == first + MOST {
            sentences.push(format!("and {} more like that", 1 + told.count()));
            return;
        }
        sentences.push(sentence);
    }
}

/// Returns the node that answers right in front of a node or link that has failed: the nearest to the monitor.
fn in_front(locator: &Locator, seen: &Seen, case: &Case) -> Option<NodeIx> {
    let beside: Vec<NodeIx> = match locator.point(case.suspect)? {
        Point::Node(node) => {
            let beside = locator.reach.beside(node).iter();
            beside.map(|(_, other)| *other).collect()
        }
        Point::Link(link) => {
            let (a, b) = locator.graph.ends(link);
            vec![a, b]
        }
    };
    beside
        .into_iter()
        .filter(|node| seen.answers(*node) && !case.best.loses(*node))
        .filter(|node| locator.reach.sends(*node))
        .min_by_key(|node| (locator.reach.depth(*node), *node))
}
