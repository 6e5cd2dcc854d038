//! Which fault explains these silences.
//!
//! A hypothesis is a set of elements that have failed together. It predicts who is lost, by joint deletion: two
//! faults may lose more than both alone, a ring cut twice for instance. Every hypothesis is weighed by how often
//! such elements fail and by how well its prediction fits the facts (`weigh`); the heaviest is looked for by steps
//! of one or two elements (`search`). Elements whose predictions the facts cannot tell apart are one cause.
//!
//! Silence is seen from the monitor and not from the hubs. A node that was not asked says nothing and can be
//! blamed all the same. A link may also carry nothing without its routers noticing, and then loses those whose way
//! goes over it although another path leads to them (`unnoticed`). What no hypothesis explains stays unexplained: it
//! is down and visible, and in nobody's shadow.

mod asks;
mod reasons;
pub mod remains;
mod search;
mod unnoticed;
mod weigh;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::analysis::dominators::{Dominators, Point};
use crate::analysis::reach::Reach;
use crate::graph::{Cut, Graph, LinkIx, NodeIx, Routes};
use crate::model::incident::Evidence;
use crate::model::network::{DEFAULT_NODE_RATES, DEFAULT_RISK_RATES, Network, default_rates};
use crate::model::{Element, LinkId, NodeId};

/// What was seen in one window of time. A node in neither set was not asked in it, and says nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Nodes that stayed silent through an inquiry.
    pub silent: BTreeSet<NodeId>,
    /// Nodes that answered.
    pub answering: BTreeSet<NodeId>,
    /// Ports that an answering node reports down: the observer, and the link on that port.
    pub ports_down: BTreeSet<(NodeId, LinkId)>,
    /// Ports that an answering node reports up.
    pub ports_up: BTreeSet<(NodeId, LinkId)>,
    /// Silent targets for which a router answered "unreachable", and that router.
    pub refused_by: BTreeMap<NodeId, NodeId>,
}

/// The causes that explain the facts best, and what they leave unexplained.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// One for each fault, the one that explains most first.
    pub causes: Vec<Cause>,
    /// Silent nodes that no cause explains, in order of id: they stay down and visible.
    pub unexplained: Vec<NodeId>,
}

/// One fault.
#[derive(Clone, Debug, PartialEq)]
pub struct Cause {
    /// Elements that the facts cannot tell apart, the most probable first; never empty.
    pub elements: Vec<Element>,
    /// Of the whole class, 0..1, against the other explanations that were weighed.
    pub probability: f64,
    /// Silent nodes that it explains, in order of id.
    pub explains: Vec<NodeId>,
    /// For and against.
    pub evidence: Vec<Evidence>,
}

/// Explains silences in one model: built once, asked often.
#[derive(Clone, Debug)]
pub struct Locator {
    graph: Arc<Graph>,
    /// Everything that can fail, in order of `Element`.
    elements: Vec<Element>,
    /// By suspect: the nodes and links that fall with it, ascending.
    falls: Vec<(Vec<NodeIx>, Vec<LinkIx>)>,
    /// By suspect: the logarithm of the odds that it is down.
    odds: Vec<f64>,
    reach: Reach,
    tree: Dominators,
    /// What routing uses while nothing has failed.
    routes: Routes,
    /// By node: the risk groups that lose it alone, or hold it.
    groups_losing: Vec<Vec<Suspect>>,
    /// By link: the risk groups that hold it.
    groups_holding: Vec<Vec<Suspect>>,
}

/// An element by its place in `Locator::elements`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Suspect(u32);

impl Suspect {
    fn index(self) -> usize {
        self.0 as usize
    }
}

/// Nothing that was ever built is down less than this: three seconds a year. A smaller figure in a topology says
/// "leave this out of the account", and would have two routers die at once before a data centre does.
const RAREST: f64 = 1e-7;

/// What is down more often than up needs evidence like anything else.
const MOST_FREQUENT: f64 = 0.5;

/// Keeps sums finite where the search has missed a far heavier hypothesis.
const LARGEST_SHARE: f64 = 100.0;

impl Locator {
    /// Prepares a model.
    ///
    /// Cost O((n + m) log (n + m)), and for each risk group the branches that hang on it; memory O(n + m) and the
    /// losses of the groups. The signature of a node or link, that is whom it loses, is its run in the dominator
    /// tree and is stored nowhere.
    #[must_use]
    #[expect(
        clippy::needless_pass_by_value,
        reason = "both come from one model, shared in the same way"
    )]
    pub fn new(network: Arc<Network>, graph: Arc<Graph>) -> Self {
        let monitor = [graph.monitor()];
        let reach = Reach::new(&graph, &monitor, &Cut::default());
        let tree = Dominators::of(&graph, &monitor, &Cut::default());
        let elements: Vec<Element> = network.elements().collect();
        let falls: Vec<_> = elements
            .iter()
            .map(|element| {
                let cut = graph.cut([element]);
                (cut.nodes().to_vec(), cut.links().to_vec())
            })
            .collect();
        let odds = elements
            .iter()
            .map(|element| {
                let down = unavailability(&network, element).clamp(RAREST, MOST_FREQUENT);
                (down / (1.0 - down)).ln()
            })
            .collect();
        let mut groups_losing = vec![Vec::new(); graph.node_count()];
        let mut groups_holding = vec![Vec::new(); graph.link_count()];
        let first_group = graph.node_count() + graph.link_count();
        for (place, (nodes, links)) in falls.iter().enumerate().skip(first_group) {
            let group = Suspect(place as u32);
            let mut lost: BTreeSet<NodeIx> = reach.lost(nodes, links).into_iter().collect();
            lost.extend(nodes);
            for node in lost {
                groups_losing[node.index()].push(group);
            }
            for link in links {
                groups_holding[link.index()].push(group);
            }
        }
        Self {
            routes: graph.routes(graph.monitor(), &Cut::default()),
            graph,
            elements,
            falls,
            odds,
            reach,
            tree,
            groups_losing,
            groups_holding,
        }
    }

    /// Names the faults that explain the facts best.
    ///
    /// Cost O((facts + n + m) log n) for reading the facts, and some hundred joint deletions for every cause: under
    /// half a millisecond for up to three faults at 483 agencies, a tenth of a second at 50,000 nodes.
    #[must_use]
    pub fn locate(&self, facts: &Facts) -> Explanation {
        let seen = weigh::Seen::new(self, facts);
        let best = search::heaviest(self, &seen);
        let mut causes = match unnoticed::heavier(self, &seen, &best) {
            None => self.causes(&seen, &best),
            Some(found) => {
                let mut causes = self.causes(&found.rest, &found.others);
                causes.push(found.cause);
                causes
            }
        };
        causes.sort_by(|a, b| {
            let size = |cause: &Cause| usize::MAX - cause.explains.len();
            (size(a), &a.elements).cmp(&(size(b), &b.elements))
        });
        let explained: BTreeSet<&NodeId> =
            causes.iter().flat_map(|cause| &cause.explains).collect();
        let unexplained = facts
            .silent
            .iter()
            .filter(|node| !explained.contains(node) && !facts.answering.contains(*node))
            .cloned()
            .collect();
        Explanation {
            causes,
            unexplained,
        }
    }

    fn causes(&self, seen: &weigh::Seen, best: &weigh::Weighed) -> Vec<Cause> {
        (0..best.suspects.len())
            .map(|place| self.cause(seen, best, place))
            .collect()
    }

    /// Makes a cause of one suspect of the heaviest hypothesis: who else it might be, and how sure that is.
    fn cause(&self, seen: &weigh::Seen, best: &weigh::Weighed, place: usize) -> Cause {
        let mut others = best.suspects.clone();
        let suspect = others.remove(place);
        let without = seen.weigh(self, &others);
        let share = |score: f64| (score - best.score).min(LARGEST_SHARE).exp();
        let mut class = Vec::new();
        let mut in_class = 0.0;
        let mut weighed = share(without.score);
        let rest = search::Rest::between(seen, best, &without);
        let candidates = search::candidates(self, seen, &rest);
        for candidate in with(&candidates, suspect) {
            if others.binary_search(&candidate).is_ok() {
                continue;
            }
            // A glance is exact for one alone: no search where the numbers already differ.
            let glance = seen.glance(self, candidate);
            if others.is_empty() && glance.loses != best.lost.len() {
                weighed += share(glance.score);
                continue;
            }
            let other = seen.weigh(self, &with(&others, candidate));
            weighed += share(other.score);
            if other.predicts_as(best) {
                in_class += share(other.score);
                class.push(candidate);
            }
        }
        class.sort_by(|a, b| {
            self.odds[b.index()]
                .total_cmp(&self.odds[a.index()])
                .then(a.cmp(b))
        });
        let alone = seen.weigh(self, &[suspect]);
        let explained: Vec<NodeIx> = best
            .lost
            .iter()
            .copied()
            .filter(|node| seen.is_silent(*node))
            .filter(|node| !without.loses(*node) || alone.loses(*node))
            .collect();
        let case = reasons::Case {
            suspect: class.first().copied().unwrap_or(suspect),
            best,
            without: &without,
            alone: &alone,
            explained: &explained,
        };
        Cause {
            elements: class
                .iter()
                .map(|suspect| self.elements[suspect.index()].clone())
                .collect(),
            probability: in_class / weighed,
            evidence: reasons::evidence(self, seen, &case),
            explains: explained
                .iter()
                .map(|node| self.graph.node_id(*node).clone())
                .collect(),
        }
    }

    fn node(node: NodeIx) -> Suspect {
        Suspect(node.index() as u32)
    }

    fn link(&self, link: LinkIx) -> Suspect {
        Suspect((self.graph.node_count() + link.index()) as u32)
    }

    /// Returns a suspect as a point, `None` for a risk group.
    fn point(&self, suspect: Suspect) -> Option<Point> {
        let place = suspect.index();
        let nodes = self.graph.node_count();
        if place < nodes {
            Some(Point::Node(NodeIx::new(place)))
        } else if place < nodes + self.graph.link_count() {
            Some(Point::Link(LinkIx::new(place - nodes)))
        } else {
            None
        }
    }

    fn is_second(&self, link: LinkIx, node: NodeIx) -> bool {
        self.graph.ends(link).1 == node
    }

    fn suspect(&self, point: Point) -> Suspect {
        match point {
            Point::Node(node) => Self::node(node),
            Point::Link(link) => self.link(link),
        }
    }
}

/// Returns a hypothesis with one more suspect, ascending.
fn with(suspects: &[Suspect], another: Suspect) -> Vec<Suspect> {
    let mut all = suspects.to_vec();
    if let Err(place) = all.binary_search(&another) {
        all.insert(place, another);
    }
    all
}

fn unavailability(network: &Network, element: &Element) -> f64 {
    let (rates, default) = match element {
        Element::Node(id) => network
            .nodes
            .get(id)
            .map(|node| (node.rates, DEFAULT_NODE_RATES)),
        Element::Link(id) => network
            .links
            .get(id)
            .map(|link| (link.rates, default_rates(&link.kind))),
        Element::Risk(id) => network
            .risks
            .get(id)
            .map(|risk| (risk.rates, DEFAULT_RISK_RATES)),
    }
    .unwrap_or_default();
    rates.unavailability(default)
}
