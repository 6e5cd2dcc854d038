//! How well a hypothesis fits the facts.
//!
//! A weight is a logarithm: that of the odds that the suspects are all down, and for every fact the ratio of its
//! likelihood to that under "nothing has failed". The four ratios below are assumptions with reasons; only their
//! order of size matters, and it is: a fault is believed rather than nine chance silences, and a fault that
//! contradicts an answer is believed only if it explains more.

use crate::analysis::dominators::Point;
use crate::analysis::locate::{Facts, Locator, Suspect};
use crate::graph::{LinkIx, NodeIx};

/// Gain for a silence explained: -ln 1e-8. Silent means nine losses in a row; with one echo in eight lost on the
/// way that happens by chance once in 10^8, and behind a link that is known to lose more the judge asks more often.
/// It must outweigh the rarest fault (`super::RAREST`), so that what is silent alone is blamed itself.
pub(super) const SILENCE_EXPLAINED: f64 = 18.42;
/// Price of an answer from a node that should be lost: ln 1e-8, too. What answers is not dead, and there is a way to
/// it; that the model has missed one is believed only if at least two silences more are explained for it.
pub(super) const ANSWER_CONTRADICTED: f64 = -18.42;
/// Gain for a port that is down and should be: -ln 1e-8. A declared port is down for a reason.
const DOWN_EXPLAINED: f64 = 18.42;
/// Price of a port that is up and should be down: ln 0.01. A media converter or a provider's switch may hold it
/// up, and the poll may be a minute old.
const UP_CONTRADICTED: f64 = -4.61;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Heard {
    /// Not asked in this window.
    Nothing,
    Silence,
    Answer,
}

/// What a port was reported as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Report {
    Up,
    Down,
}

/// The facts by position.
#[derive(Clone, Debug)]
pub(super) struct Seen {
    heard: Vec<Heard>,
    /// By link: what was said at its two ends.
    ports: Vec<[Option<Report>; 2]>,
    /// In the dominator tree's order: silences and answers before each place.
    before: Vec<(u32, u32)>,
    /// Silent nodes, ascending.
    pub(super) silent: Vec<NodeIx>,
    /// Ports reported down: link and observer, ascending.
    pub(super) down: Vec<(LinkIx, NodeIx)>,
    /// Silent nodes that a router called unreachable, and that router.
    pub(super) refused: Vec<(NodeIx, NodeIx)>,
}

/// A hypothesis, what it predicts among the facts, and its weight.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Weighed {
    /// Ascending.
    pub(super) suspects: Vec<Suspect>,
    pub(super) score: f64,
    /// Nodes that were asked and should be lost, ascending.
    pub(super) lost: Vec<NodeIx>,
    /// Ports that were reported and should be down: link and observer, ascending.
    pub(super) ports: Vec<(LinkIx, NodeIx)>,
}

/// One suspect at a glance: exact for whom it loses alone, and no more than a hint for its ports.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Glance {
    pub(super) score: f64,
    /// How many of those who were asked.
    pub(super) loses: usize,
    pub(super) contradicts: bool,
}

impl Weighed {
    /// Returns whether the facts cannot tell it from another.
    pub(super) fn predicts_as(&self, other: &Self) -> bool {
        self.lost == other.lost && self.ports == other.ports
    }

    pub(super) fn loses(&self, node: NodeIx) -> bool {
        self.lost.binary_search(&node).is_ok()
    }

    pub(super) fn expects_down(&self, port: (LinkIx, NodeIx)) -> bool {
        self.ports.binary_search(&port).is_ok()
    }
}

impl Seen {
    /// Reads the facts; names that the model does not know are left aside.
    ///
    /// Who reports a port or refuses for another is alive, whatever a ping says. Cost O(facts log n + n).
    pub(super) fn new(locator: &Locator, facts: &Facts) -> Self {
        let graph = &locator.graph;
        let mut heard = vec![Heard::Nothing; graph.node_count()];
        for node in facts.silent.iter().filter_map(|id| graph.node(id)) {
            heard[node.index()] = Heard::Silence;
        }
        let mut ports = vec![[None, None]; graph.link_count()];
        let mut down = Vec::new();
        let reports = (facts.ports_up.iter().map(|port| (port, Report::Up)))
            .chain(facts.ports_down.iter().map(|port| (port, Report::Down)));
        for ((observer, link), report) in reports {
            let (Some(observer), Some(link)) = (graph.node(observer), graph.link(link)) else {
                continue;
            };
            let (a, b) = graph.ends(link);
            if observer != a && observer != b {
                continue;
            }
            ports[link.index()][usize::from(locator.is_second(link, observer))] = Some(report);
            heard[observer.index()] = Heard::Answer;
            if report == Report::Down {
                down.push((link, observer));
            }
        }
        let mut refused = Vec::new();
        for (node, router) in &facts.refused_by {
            if let (Some(node), Some(router)) = (graph.node(node), graph.node(router)) {
                heard[router.index()] = Heard::Answer;
                refused.push((node, router));
            }
        }
        for node in facts.answering.iter().filter_map(|id| graph.node(id)) {
            heard[node.index()] = Heard::Answer;
        }
        down.sort_unstable();
        Self {
            silent: graph
                .node_indices()
                .filter(|node| heard[node.index()] == Heard::Silence)
                .collect(),
            before: before(locator, &heard),
            heard,
            ports,
            down,
            refused,
        }
    }

    /// Returns the facts without what was heard of some nodes: they are explained. Cost O(n).
    pub(super) fn without(&self, locator: &Locator, explained: &[NodeIx]) -> Self {
        let mut rest = self.clone();
        for node in explained {
            rest.heard[node.index()] = Heard::Nothing;
        }
        rest.silent
            .retain(|node| rest.heard[node.index()] == Heard::Silence);
        rest.before = before(locator, &rest.heard);
        rest
    }

    pub(super) fn is_silent(&self, node: NodeIx) -> bool {
        self.heard[node.index()] == Heard::Silence
    }

    pub(super) fn answers(&self, node: NodeIx) -> bool {
        self.heard[node.index()] == Heard::Answer
    }

    /// Returns what an end of a link reports of its port.
    pub(super) fn report(
        &self,
        locator: &Locator,
        link: LinkIx,
        observer: NodeIx,
    ) -> Option<Report> {
        self.ports[link.index()][usize::from(locator.is_second(link, observer))]
    }

    /// Looks at one suspect alone, without a search. Cost O(links of a node); for a group that of `weigh`.
    pub(super) fn glance(&self, locator: &Locator, suspect: Suspect) -> Glance {
        let Some(point) = locator.point(suspect) else {
            let weighed = self.weigh(locator, &[suspect]);
            return Glance {
                score: weighed.score,
                loses: weighed.lost.len(),
                contradicts: weighed.lost.iter().any(|node| self.answers(*node)),
            };
        };
        let (from, to) = locator.tree.span(point);
        let (first, last) = (self.before[from], self.before[to]);
        let (mut silences, answers) = (last.0 - first.0, last.1 - first.1);
        let downs = match point {
            Point::Link(link) => self.downs(link, |_| true),
            Point::Node(node) => {
                silences += u32::from(!locator.reach.has(node) && self.is_silent(node));
                let beside = locator.reach.beside(node).iter();
                beside
                    .map(|(link, _)| {
                        self.downs(*link, |second| second != locator.is_second(*link, node))
                    })
                    .sum()
            }
        };
        Glance {
            score: locator.odds[suspect.index()]
                + SILENCE_EXPLAINED * f64::from(silences)
                + ANSWER_CONTRADICTED * f64::from(answers)
                + DOWN_EXPLAINED * downs as f64,
            loses: (silences + answers) as usize,
            contradicts: answers > 0,
        }
    }

    fn downs(&self, link: LinkIx, counts: impl Fn(bool) -> bool) -> usize {
        let ends = self.ports[link.index()].iter().zip([false, true]);
        ends.filter(|(report, second)| **report == Some(Report::Down) && counts(*second))
            .count()
    }

    /// Weighs a hypothesis by joint deletion. Cost that of `Reach::lost`, and the links of its nodes.
    pub(super) fn weigh(&self, locator: &Locator, suspects: &[Suspect]) -> Weighed {
        let (nodes, links) = union(locator, suspects);
        let mut lost = locator.reach.lost(&nodes, &links);
        // What hangs on nothing in the model answers all the same until it fails itself.
        lost.extend(nodes.iter().filter(|node| !locator.reach.has(**node)));
        lost.retain(|node| self.heard[node.index()] != Heard::Nothing);
        lost.sort_unstable();
        let mut weighed = Weighed {
            suspects: suspects.to_vec(),
            score: suspects
                .iter()
                .map(|suspect| locator.odds[suspect.index()])
                .sum(),
            ports: self.ports_down(locator, &nodes, &links, &lost),
            lost,
        };
        for node in &weighed.lost {
            weighed.score += if self.is_silent(*node) {
                SILENCE_EXPLAINED
            } else {
                ANSWER_CONTRADICTED
            };
        }
        for (link, observer) in &weighed.ports {
            weighed.score += match self.report(locator, *link, *observer) {
                Some(Report::Down) => DOWN_EXPLAINED,
                _ => UP_CONTRADICTED,
            };
        }
        weighed
    }

    /// Returns the reported ports that should be down: those on a link that is cut, or towards a node that is dead.
    ///
    /// One that is lost itself cannot be asked, so nothing is expected of it.
    fn ports_down(
        &self,
        locator: &Locator,
        nodes: &[NodeIx],
        links: &[LinkIx],
        lost: &[NodeIx],
    ) -> Vec<(LinkIx, NodeIx)> {
        let cut = links.iter().flat_map(|link| {
            let (a, b) = locator.graph.ends(*link);
            [(*link, a), (*link, b)]
        });
        let dead = nodes
            .iter()
            .flat_map(|node| locator.reach.beside(*node).iter().copied());
        let mut ports: Vec<(LinkIx, NodeIx)> = cut
            .chain(dead)
            .filter(|(link, observer)| self.report(locator, *link, *observer).is_some())
            .filter(|(_, observer)| lost.binary_search(observer).is_err())
            .collect();
        ports.sort_unstable();
        ports.dedup();
        ports
    }
}

/// Counts silences and answers before each place of the dominator tree's order.
fn before(locator: &Locator, heard: &[Heard]) -> Vec<(u32, u32)> {
    let order = locator.tree.order();
    let mut before = Vec::with_capacity(order.len() + 1);
    let (mut silences, mut answers) = (0, 0);
    before.push((0, 0));
    for node in order {
        silences += u32::from(heard[node.index()] == Heard::Silence);
        answers += u32::from(heard[node.index()] == Heard::Answer);
        before.push((silences, answers));
    }
    before
}

/// Returns what falls with several suspects, ascending and without repeats.
fn union(locator: &Locator, suspects: &[Suspect]) -> (Vec<NodeIx>, Vec<LinkIx>) {
    let mut nodes = Vec::new();
    let mut links = Vec::new();
    for suspect in suspects {
        let (more_nodes, more_links) = &locator.falls[suspect.index()];
        nodes.extend(more_nodes);
        links.extend(more_links);
    }
    nodes.sort_unstable();
    nodes.dedup();
    links.sort_unstable();
    links.dedup();
    (nodes, links)
}
