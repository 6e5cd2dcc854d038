//! A link that carries nothing while routing still uses it: one fibre of a pair, a full table, a filter.
//!
//! Its ports stay up, so nobody is sent another way, and everybody whose way goes over it is silent although the model
//! has another path for them. Deletion cannot say that: it would lose nobody, and blame something else for each. So such
//! a link is weighed beside the heaviest deletions, by the ways that routing takes, and wins where one of it says more
//! than several of those.
//!
//! Where load is shared nobody knows which way a node's echoes go; its silence is then explained by the share that the
//! link has of its ways, and its answer by the rest. One such link is looked for at a time.

use crate::analysis::locate::weigh::{
    ANSWER_CONTRADICTED, Report, SILENCE_EXPLAINED, Seen, Weighed,
};
use crate::analysis::locate::{Cause, LARGEST_SHARE, Locator, Suspect, search};
use crate::graph::{LinkIx, NodeIx, Routes};
use crate::model::Element;
use crate::model::incident::Evidence;

/// How much rarer than a cut this is: ln 0.001. Whoever routes notices nearly everything, by light or by hellos.
const RARER: f64 = -6.91;

/// Links that are weighed exactly: those over which most silent nodes are reached.
const WEIGHED: usize = 40;

/// What is better explained by such a link, with what it leaves to others.
pub(super) struct Found {
    /// The link, or several that the facts cannot tell apart.
    pub(super) cause: Cause,
    /// The facts without the silences that it explains.
    pub(super) rest: Seen,
    /// The heaviest hypothesis about these.
    pub(super) others: Weighed,
}

/// Weights that differ by less are equal: sums of the same terms in another order.
const EQUAL: f64 = 1e-6;

/// A link as it was weighed alone.
#[derive(Clone, Debug)]
struct Stuck {
    suspect: Suspect,
    link: LinkIx,
    score: f64,
    /// Of the score what the facts say.
    fit: f64,
    /// Silent nodes whose way goes over it, or may.
    silent: Vec<NodeIx>,
    /// Answering nodes whose way can only go over it.
    answering: Vec<NodeIx>,
}

/// Returns what is heavier than the heaviest deletions; `None` where nothing is.
///
/// Nothing is looked for where one fault explains everything without a contradiction. Cost O((n + m) log n), and some
/// dozen walks over the ways.
pub(super) fn heavier(locator: &Locator, seen: &Seen, best: &Weighed) -> Option<Found> {
    if seen.silent.len() < 2 || is_plain(locator, seen, best) {
        return None;
    }
    // What is reported down has been noticed, and routing goes round it.
    let down = seen.down.iter();
    let down: Vec<Element> = down
        .map(|(link, _)| Element::Link(locator.graph.link_id(*link).clone()))
        .collect();
    let detour;
    let routes = if down.is_empty() {
        &locator.routes
    } else {
        let graph = &locator.graph;
        detour = graph.routes(graph.monitor(), &graph.cut(&down));
        &detour
    };
    let mut order: Vec<NodeIx> = locator.graph.node_indices().collect();
    order.retain(|node| routes.distance(*node).is_some());
    order.sort_by_key(|node| (routes.distance(*node), *node));

    let mut weighed: Vec<Stuck> = promising(locator, seen, routes, &order)
        .into_iter()
        .map(|link| weigh(locator, seen, routes, &order, link))
        // One that loses the same by a cut was weighed as that.
        .filter(|stuck| !stuck.is_cut(locator, seen))
        .collect();
    weighed.sort_by(|a, b| b.score.total_cmp(&a.score).then(a.link.cmp(&b.link)));
    let heaviest = weighed.first()?;
    let rest = seen.without(locator, &heaviest.silent);
    let others = search::heaviest(locator, &rest);
    let score = heaviest.score + others.score;
    if score <= best.score {
        return None;
    }
    let share = |other: f64| (other - heaviest.score).exp();
    let (class, apart): (Vec<&Stuck>, Vec<&Stuck>) =
        weighed.iter().partition(|stuck| stuck.says_as(heaviest));
    let in_class: f64 = class.iter().map(|stuck| share(stuck.score)).sum();
    let all = in_class
        + apart.iter().map(|stuck| share(stuck.score)).sum::<f64>()
        + (best.score - score).max(-LARGEST_SHARE).exp();
    let cause = Cause {
        elements: class
            .iter()
            .map(|stuck| locator.elements[stuck.suspect.index()].clone())
            .collect(),
        probability: in_class / all,
        evidence: heaviest.evidence(locator, seen),
        explains: heaviest
            .silent
            .iter()
            .map(|node| locator.graph.node_id(*node).clone())
            .collect(),
    };
    Some(Found {
        cause,
        rest,
        others,
    })
}

/// Returns whether one fault explains every silence and contradicts nothing that was heard.
fn is_plain(locator: &Locator, seen: &Seen, best: &Weighed) -> bool {
    let contradicted = |(link, observer): &(LinkIx, NodeIx)| {
        seen.report(locator, *link, *observer) == Some(Report::Up)
    };
    best.suspects.len() == 1 && best.lost == seen.silent && !best.ports.iter().any(contradicted)
}

/// Returns the links over which most silent nodes are reached, by their shares, best first. Cost O(n + m).
fn promising(locator: &Locator, seen: &Seen, routes: &Routes, order: &[NodeIx]) -> Vec<LinkIx> {
    let mut through = vec![0.0; locator.graph.node_count()];
    let mut gains = vec![0.0; locator.graph.link_count()];
    for node in order.iter().rev() {
        let own = f64::from(u8::from(seen.is_silent(*node)));
        let back = routes.back(*node);
        let share: f64 = (through[node.index()] + own) / back.len().max(1) as f64;
        for (link, before) in back {
            gains[link.index()] += share;
            through[before.index()] += share;
        }
    }
    let mut links: Vec<LinkIx> = locator.graph.link_indices().collect();
    links.retain(|link| gains[link.index()] > 0.0);
    links.sort_by(|a, b| gains[b.index()].total_cmp(&gains[a.index()]).then(a.cmp(b)));
    links.truncate(WEIGHED);
    links
}

/// Weighs one link: whose way goes over it. Cost O(n + m).
fn weigh(locator: &Locator, seen: &Seen, routes: &Routes, order: &[NodeIx], link: LinkIx) -> Stuck {
    let suspect = locator.link(link);
    let mut stuck = Stuck {
        suspect,
        link,
        score: 0.0,
        fit: 0.0,
        silent: Vec::new(),
        answering: Vec::new(),
    };
    let mut shares = vec![0.0; locator.graph.node_count()];
    for node in order {
        let back = routes.back(*node);
        let over = back.iter().map(|(step, before)| {
            if *step == link {
                1.0
            } else {
                shares[before.index()]
            }
        });
        let share = over.sum::<f64>() / back.len().max(1) as f64;
        shares[node.index()] = share;
        if share <= 0.0 {
            continue;
        }
        if seen.is_silent(*node) {
            stuck.fit += SILENCE_EXPLAINED + share.ln();
            stuck.silent.push(*node);
        } else if seen.answers(*node) {
            stuck.fit += (1.0 - share).ln().max(ANSWER_CONTRADICTED);
            if share >= 1.0 {
                stuck.answering.push(*node);
            }
        }
    }
    stuck.silent.sort_unstable();
    stuck.answering.sort_unstable();
    stuck.score = locator.odds[suspect.index()] + RARER + stuck.fit;
    stuck
}

impl Stuck {
    /// Returns whether a cut of it would lose the same.
    fn is_cut(&self, locator: &Locator, seen: &Seen) -> bool {
        let cut = seen.weigh(locator, &[self.suspect]);
        let mut lost = self.silent.clone();
        lost.extend(&self.answering);
        lost.sort_unstable();
        cut.lost == lost
    }

    /// Returns whether the facts cannot tell it from another.
    fn says_as(&self, other: &Self) -> bool {
        let is_alike = self.silent == other.silent && self.answering == other.answering;
        is_alike && (self.fit - other.fit).abs() < EQUAL
    }

    fn evidence(&self, locator: &Locator, seen: &Seen) -> Vec<Evidence> {
        let id = |node: NodeIx| locator.graph.node_id(node).clone();
        let mut evidence = vec![Evidence::NotAvoided {
            silent: self.silent.len(),
            all: self.silent.len() + self.answering.len(),
        }];
        let (a, b) = locator.graph.ends(self.link);
        for (observer, far) in [(a, b), (b, a)] {
            if seen.report(locator, self.link, observer) == Some(Report::Up) {
                evidence.push(Evidence::Port {
                    observer: id(observer),
                    far: id(far),
                    up: true,
                });
            }
        }
        let near = [a, b].into_iter().filter(|node| seen.answers(*node));
        evidence.extend(near.map(|node| Evidence::InFront(id(node))));
        evidence
    }
}
