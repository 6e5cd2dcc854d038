//! Which links lose packets: what is lost behind them, and not beside them.
//!
//! Echoes to every target are counted end to end, there and back. That a few links are lossy explains the counts, or a
//! background that grows with every hop and blames nobody; the heavier explanation is named. Loss is that of the round
//! trip over a link, because an echo passes it twice: which direction loses more cannot be seen from one end.
//!
//! A link and the node at its far end cannot be told apart by echoes; nor can links between which nobody is
//! asked. They are named together, as one segment (`field`). What fits how well is in `fit`, what is tried in
//! `search`, and which target would part a segment in `locate::asks`.

mod asks;
mod field;
mod fit;
mod search;
mod table;
mod ways;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::analysis::lossy::field::Field;
use crate::analysis::lossy::search::{Guess, Search};
use crate::analysis::lossy::ways::Way;
use crate::graph::{Cut, Graph, NodeIx, Routes};
use crate::model::health::Loss;
use crate::model::network::Network;
use crate::model::ratio::interval;
use crate::model::{Element, NodeId, RiskId};

/// One minus the confidence of the intervals.
const ALPHA: f64 = 0.05;

/// Half the 95 % point of a chi-squared variable with one degree of freedom: how far the likelihood falls to the ends of
/// an interval (Wilks 1938).
const DROP: f64 = 1.92;

/// Echoes up to which an interval is taken exactly where it can be; its cost grows with them, and what it gains vanishes.
const EXACT: u32 = 3_000;

/// The kind of a risk group that loses all or nothing.
const POWER: &str = "power";

/// Guesses whose likelihoods differ by less are equal.
const EQUAL: f64 = 1e-4;

/// What a target lost is unexplained when so much would be lost so rarely, among all targets.
const UNLIKELY: f64 = 1e-3;

/// Echoes sent and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Echoes {
    pub sent: u32,
    pub lost: u32,
}

impl Echoes {
    fn sum(all: impl Iterator<Item = Self>) -> Self {
        all.fold(Self::default(), |sum, echoes| Self {
            sent: sum.sent.saturating_add(echoes.sent),
            lost: sum.lost.saturating_add(echoes.lost),
        })
    }
}

/// How routers share load among ways of equal cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Sharing {
    /// All echoes of a target take one way, and nobody knows which: routers that share by flow (RFC 2992).
    #[default]
    Flows,
    /// Every echo takes another.
    Packets,
}

/// How much it takes to name a link.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Manner {
    /// How probable it is beforehand that one link is lossy, 0..1.
    pub odds: f64,
    /// Round-trip loss below which nobody is named, 0..1.
    pub least: f64,
    /// How far the likelihood must fall at `least`.
    pub drop: f64,
    /// Lost echoes below which nothing is looked for.
    pub fewest: u32,
    /// How load is shared.
    pub sharing: Sharing,
}

impl Manner {
    /// For one look at counts that somebody has gathered: one link in a thousand is lossy.
    pub const ONCE: Self = Self {
        odds: 1e-3,
        least: 0.0,
        drop: DROP,
        fewest: 1,
        sharing: Sharing::Flows,
    };

    /// For a monitor that looks every ten seconds, year after year: it must be sure that a link loses twice what half a
    /// percent in each direction adds.
    ///
    /// Whoever looks often enough sees everything once: three million looks a year at some 700 segments. That a
    /// likelihood falls so far where nothing is lossy has a chance of at most e^-18 a look (Chernoff 1952), and looks
    /// that share most of their echoes are hardly more than one. At e^-11.3 eight virtual days of half a percent on
    /// every link accused five links wrongly.
    pub const ALWAYS: Self = Self {
        odds: 1e-6,
        least: 0.02,
        drop: 18.0,
        fewest: 3,
        sharing: Sharing::Flows,
    };
}

/// A lossy segment.
#[derive(Clone, Debug, PartialEq)]
pub struct Lossy {
    /// Its links, then its nodes, each the nearest to the monitor first, or a risk group; never empty.
    pub elements: Vec<Element>,
    /// Of the segment, 0..1, against the other explanations that were weighed.
    pub probability: f64,
    /// What it loses of a round trip, apart from everything else on the way, with the 95 % interval.
    pub loss: Loss,
    /// Targets behind it whose echoes were counted, in order of id.
    pub nodes: Vec<NodeId>,
    /// Counted behind it.
    pub behind: Echoes,
    /// Counted at the targets that share the way up to it, and pass no lossy segment.
    pub beside: Echoes,
}

/// Where packets are lost.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explanation {
    /// The one that explains most lost echoes first, then by elements.
    pub segments: Vec<Lossy>,
    /// What is lost for each hop there and back everywhere, 0..1.
    pub background: f64,
    /// Targets that lost more than all this explains, in order of id.
    pub unexplained: Vec<NodeId>,
    /// Counted in all.
    pub counted: Echoes,
}

/// The ways from the monitor to everything: computed once for a model, asked often.
#[derive(Clone, Debug)]
pub struct Paths {
    routes: Routes,
    /// Risk groups with two members or more.
    groups: Vec<(RiskId, Cut)>,
    /// By node, or by link behind all nodes: the groups that hold it.
    groups_of: BTreeMap<usize, Vec<usize>>,
    /// By target: nodes and links that are known to be on its way.
    via: BTreeMap<NodeId, BTreeSet<Element>>,
    /// By node: all ways to it, once somebody has asked for them.
    ways: Vec<OnceLock<Vec<Way>>>,
}

impl Paths {
    /// Finds the ways. Cost O((n + m) log n).
    #[must_use]
    pub fn new(network: &Network, graph: &Graph) -> Self {
        let groups: Vec<(RiskId, Cut)> = network
            .risks
            .values()
            // Without power nothing is sent at all: that is an outage, and no loss.
            .filter(|group| group.members.len() > 1 && group.kind != POWER)
            .map(|group| {
                (
                    group.id.clone(),
                    graph.cut([&Element::Risk(group.id.clone())]),
                )
            })
            .collect();
        let mut groups_of: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
        for (place, (_, cut)) in groups.iter().enumerate() {
            let links = cut
                .links()
                .iter()
                .map(|link| graph.node_count() + link.index());
            for member in cut.nodes().iter().map(|node| node.index()).chain(links) {
                groups_of.entry(member).or_default().push(place);
            }
        }
        Self {
            routes: graph.routes(graph.monitor(), &Cut::default()),
            groups,
            groups_of,
            via: BTreeMap::new(),
            ways: vec![OnceLock::new(); graph.node_count()],
        }
    }

    /// Returns all ways to a node: they stay as they are, and are asked for at every look.
    fn ways(&self, node: NodeIx) -> &[Way] {
        self.ways[node.index()].get_or_init(|| ways::ways(&self.routes, node))
    }

    /// Leaves of the ways to some targets only those over nodes and links that a trace has shown.
    ///
    /// A target for which none is left has no way.
    #[must_use]
    pub fn through(mut self, via: BTreeMap<NodeId, BTreeSet<Element>>) -> Self {
        self.via = via;
        self
    }

    /// Lays out the ways to those who were counted, ascending: what several looks at the same targets share.
    ///
    /// Cost O(targets × ways × hops).
    #[must_use]
    pub fn lay(&self, graph: &Graph, counted: &[(NodeIx, Echoes)]) -> Laid {
        Laid(Field::new(self, graph, counted))
    }

    /// Names the lossy segments.
    ///
    /// `echoes` holds targets of `graph` that answer; one that is silent through an inquiry is no matter of loss. It must
    /// be the graph that these paths were found in. Cost O(targets × ways × hops), and for each segment that is named some
    /// dozen fits: at 483 agencies under a millisecond when nothing is lossy, a few when something is.
    #[must_use]
    pub fn lossy(
        &self,
        graph: &Graph,
        echoes: &BTreeMap<NodeId, Echoes>,
        manner: &Manner,
    ) -> Explanation {
        let (mut counted, mut strangers) = (Vec::new(), Vec::new());
        for (id, echoes) in echoes {
            match graph.node(id) {
                Some(node) => counted.push((node, *echoes)),
                None => strangers.push((id, *echoes)),
            }
        }
        let mut explanation = match nothing(&counted, manner) {
            Some(nothing) => nothing,
            None => self.lay(graph, &counted).lossy(graph, &counted, manner),
        };
        if !strangers.is_empty() {
            explanation.counted = Echoes::sum(echoes.values().copied());
            let lost = strangers.into_iter().filter(|(_, echoes)| echoes.lost > 0);
            explanation
                .unexplained
                .extend(lost.map(|(id, _)| id.clone()));
            explanation.unexplained.sort_unstable();
        }
        explanation
    }
}

/// Returns what there is to say where too little is lost to look for anything, as on most days.
fn nothing(counted: &[(NodeIx, Echoes)], manner: &Manner) -> Option<Explanation> {
    let counted = Echoes::sum(counted.iter().map(|(_, echoes)| *echoes));
    (counted.lost < manner.fewest.max(1)).then(|| Explanation {
        counted,
        ..Explanation::default()
    })
}

/// The ways to some targets, laid out: asked for as many counts of them as one likes.
#[derive(Clone, Debug)]
pub struct Laid(Field);

impl Laid {
    /// Names the lossy segments, as `Paths::lossy` does; `echoes` must be of the targets that were laid out, in the same
    /// order and each with at least one echo.
    #[must_use]
    pub fn lossy(
        &mut self,
        graph: &Graph,
        echoes: &[(NodeIx, Echoes)],
        manner: &Manner,
    ) -> Explanation {
        if let Some(nothing) = nothing(echoes, manner) {
            return nothing;
        }
        let counted = Echoes::sum(echoes.iter().map(|(_, echoes)| *echoes));
        let field = &mut self.0;
        field.count(echoes);
        let field = &*field;
        let search = Search::new(field, manner);
        let best = search.heaviest();
        let named: BTreeSet<usize> = best
            .segments
            .iter()
            .flat_map(|segment| field.behind(&field.segments[*segment]))
            .collect();
        let mut segments: Vec<Lossy> = (0..best.segments.len())
            .filter(|place| is_sure(&best, *place, manner))
            .map(|place| lossy(graph, field, &search, &best, place, &named))
            .collect();
        segments.sort_by(|one, other| {
            let lost = |lossy: &Lossy| std::cmp::Reverse(lossy.behind.lost);
            (lost(one), &one.elements).cmp(&(lost(other), &other.elements))
        });
        let is_laid = |node: NodeIx| {
            let place = field.targets.binary_search_by_key(&node, |(laid, _)| *laid);
            place.is_ok()
        };
        let lost_apart = echoes
            .iter()
            .filter(|(node, echoes)| echoes.lost > 0 && !is_laid(*node))
            .map(|(node, _)| *node);
        let mut unexplained: Vec<NodeId> = field
            .unlikely(&best, UNLIKELY)
            .into_iter()
            .map(|target| field.targets[target].0)
            .chain(lost_apart)
            .map(|node| graph.node_id(node).clone())
            .collect();
        unexplained.sort_unstable();
        Explanation {
            segments,
            background: -(-best.losses.background).exp_m1(),
            unexplained,
            counted,
        }
    }
}

/// Returns whether a segment loses more than what is too little to be named.
fn is_sure(best: &Guess, place: usize, manner: &Manner) -> bool {
    if manner.least <= 0.0 {
        return true;
    }
    let least = -(-manner.least).ln_1p();
    let (_, weight) = best.table.held(&best.losses, place, least);
    best.losses.segments[place] > least && best.likelihood - weight > manner.drop
}

/// Says all about one segment of the heaviest guess.
fn lossy(
    graph: &Graph,
    field: &Field,
    search: &Search,
    best: &Guess,
    place: usize,
    named: &BTreeSet<usize>,
) -> Lossy {
    let segment = &field.segments[best.segments[place]];
    let behind = field.behind(segment);
    let without = search.without(best, place);
    let share = |score: f64| (score - best.score).min(0.0).exp();
    let mut elements = segment.elements.clone();
    let (mut own, mut all) = (1.0, 1.0 + share(without.score));
    for other in search.promising(&without) {
        if other == best.segments[place] {
            continue;
        }
        let guess = search.with(&without, other);
        all += share(guess.score);
        // Two ways that share the load of the same targets look the same.
        let is_same = (guess.likelihood - best.likelihood).abs() < EQUAL
            && field.behind(&field.segments[other]) == behind;
        if is_same {
            own += share(guess.score);
            elements.extend(field.segments[other].elements.iter().cloned());
        }
    }
    let ratio = |sum: f64| -(-sum).exp_m1();
    let count =
        |targets: &[usize]| Echoes::sum(targets.iter().map(|target| field.targets[*target].1));
    let Echoes { sent, lost } = count(&behind);
    let (low, high) = if best.table.is_exact(&best.losses) && sent <= EXACT {
        interval(lost, sent, ALPHA)
    } else {
        let (low, high) = best
            .table
            .profile(best.losses, best.likelihood, place, DROP);
        (ratio(low), ratio(high))
    };
    let mut beside = field.before(graph, segment);
    beside.retain(|target| !named.contains(target));
    if beside.is_empty() {
        beside = (0..field.targets.len())
            .filter(|target| !named.contains(target))
            .collect();
    }
    let mut nodes: Vec<NodeId> = behind
        .iter()
        .map(|target| graph.node_id(field.targets[*target].0).clone())
        .collect();
    nodes.sort_unstable();
    Lossy {
        elements,
        probability: own / all,
        loss: Loss {
            ratio: ratio(best.losses.segments[place]),
            low,
            high,
        },
        nodes,
        behind: count(&behind),
        beside: count(&beside),
    }
}

impl Field {
    /// Returns the targets that lost more than a guess explains, by place.
    fn unlikely(&self, guess: &Guess, level: f64) -> Vec<usize> {
        let sums = self.sums(&guess.segments, &guess.losses);
        let level = level / self.targets.len().max(1) as f64;
        (0..self.targets.len())
            .filter(|target| {
                // Of several ways the worst is given the benefit of the doubt.
                let rows = &sums[self.first[*target]..self.first[*target + 1]];
                let worst = rows.iter().copied().fold(0.0, f64::max);
                let Echoes { sent, lost } = self.targets[*target].1;
                tail(lost, sent, -(-worst).exp_m1()) > -level.ln()
            })
            .collect()
    }
}

/// Returns how improbable it is at least that so many are lost at a ratio, as -ln (Chernoff 1952); 0 where fewer are
/// lost than that.
fn tail(lost: u32, sent: u32, ratio: f64) -> f64 {
    let (lost, sent) = (f64::from(lost), f64::from(sent));
    let ratio = ratio.clamp(1e-12, 1.0 - 1e-12);
    let part = |count: f64, expected: f64| {
        if count > 0.0 {
            count * (count / expected).ln()
        } else {
            0.0
        }
    };
    if lost <= sent * ratio {
        0.0
    } else {
        part(lost, sent * ratio) + part(sent - lost, sent * (1.0 - ratio))
    }
}
