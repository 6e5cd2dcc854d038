//! What speaks for and against a cause, as values.

use crate::analysis::dominators::Point;
use crate::analysis::locate::weigh::{Report, Seen, Weighed};
use crate::analysis::locate::{Locator, Suspect};
use crate::graph::{LinkIx, NodeIx};
use crate::model::NodeId;
use crate::model::incident::Evidence;

/// Reasons of one sort; more would be read by nobody.
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
pub(super) fn evidence(locator: &Locator, seen: &Seen, case: &Case) -> Vec<Evidence> {
    let id = |node: NodeIx| -> NodeId { locator.graph.node_id(node).clone() };
    let mut reasons = Vec::new();

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
        [only] if behind == 1 && is_own(*only) => reasons.push(Evidence::Silent(id(*only))),
        [only] if behind == 1 => reasons.push(Evidence::OnlyBehind(id(*only))),
        some => reasons.push(Evidence::Behind {
            silent: some.len(),
            all: behind,
        }),
    }

    let ports: Vec<(LinkIx, NodeIx)> = case
        .best
        .ports
        .iter()
        .copied()
        .filter(|port| !case.without.expects_down(*port) || case.alone.expects_down(*port))
        .collect();
    for report in [Report::Down, Report::Up] {
        let told = ports
            .iter()
            .filter(|(link, observer)| seen.report(locator, *link, *observer) == Some(report))
            .map(|(link, observer)| {
                let (a, b) = locator.graph.ends(*link);
                let far = if a == *observer { b } else { a };
                Evidence::Port {
                    observer: id(*observer),
                    far: id(far),
                    up: report == Report::Up,
                }
            });
        tell(&mut reasons, told);
    }

    let refused = seen
        .refused
        .iter()
        .filter(|(node, _)| case.explained.contains(node))
        .map(|(node, router)| Evidence::Unreachable {
            router: id(*router),
            node: id(*node),
        });
    tell(&mut reasons, refused);

    if !case.explained.is_empty()
        && let Some(front) = in_front(locator, seen, case)
    {
        reasons.push(Evidence::InFront(id(front)));
        let further = locator.reach.depth(front).map(|depth| depth + 1);
        let sibling = (locator.reach.beside(front).iter())
            .map(|(_, node)| *node)
            .filter(|node| locator.reach.depth(*node) == further)
            .filter(|node| seen.answers(*node) && !case.best.loses(*node))
            .min();
        if let Some(sibling) = sibling {
            reasons.push(Evidence::Beside(id(sibling)));
        }
    }
    let nevertheless = contradicting
        .iter()
        .map(|node| Evidence::Nevertheless(id(*node)));
    tell(&mut reasons, nevertheless);
    reasons
}

/// Adds the first few of one sort, and how many more there are.
fn tell(reasons: &mut Vec<Evidence>, mut told: impl Iterator<Item = Evidence>) {
    let first = reasons.len();
    for reason in told.by_ref() {
        // Two links between the same nodes say the same.
        if reasons[first..].contains(&reason) {
            continue;
        }
        if reasons.len() == first + MOST {
            reasons.push(Evidence::More(1 + told.count()));
            return;
        }
        reasons.push(reason);
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
