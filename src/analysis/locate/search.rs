//! The heaviest hypothesis, by steps of one or two suspects.
//!
//! Suspects are only those that can explain what is still unexplained: what stands between the monitor and a
//! silence, what borders on it, what a port points at. A step takes the best one, or the best pair where one does
//! not explain everything: a ring cut twice has no best first half. At the end every suspect must still be worth
//! its place, and no other may do better in it. A first step that contradicts answers can be a trap (half the
//! schools at one living router); then it is tried a second time without contradicting anybody.

use std::collections::BTreeSet;

use crate::analysis::dominators::Point;
use crate::analysis::locate::weigh::{Seen, Weighed};
use crate::analysis::locate::{Locator, Suspect, with};
use crate::graph::{LinkIx, NodeIx};

/// Suspects of each sort that are weighed exactly in one step: those that look best at a glance.
const WEIGHED: usize = 100;
/// Suspects of each sort that are tried in pairs: about 500 pairs.
const PAIRED: usize = 16;
/// Steps in which pairs are tried. Beyond that many faults at once the model and the world have parted.
const STEPS_WITH_PAIRS: usize = 4;
/// Rounds in which suspects may change places, and the most for whom others are tried.
const ROUNDS_OF_SWAPS: usize = 4;
const SWAPPED: usize = 6;

/// Returns the heaviest hypothesis that was found; that of no fault if nothing is heavier.
pub(super) fn heaviest(locator: &Locator, seen: &Seen) -> Weighed {
    let bold = climb(locator, seen, Manner::Bold);
    if bold.lost.iter().all(|node| seen.is_silent(*node)) {
        return bold;
    }
    let careful = climb(locator, seen, Manner::Careful);
    if careful.score > bold.score {
        careful
    } else {
        bold
    }
}

/// Whether a step may lose somebody who answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Bold,
    Careful,
}

fn climb(locator: &Locator, seen: &Seen, manner: Manner) -> Weighed {
    let mut best = seen.weigh(locator, &[]);
    let mut bench: BTreeSet<Suspect> = BTreeSet::new();
    for step in 0.. {
        if is_whole(&best, seen) {
            break;
        }
        let ranked = Ranked::new(locator, seen, &best, manner);
        let Some(single) = ranked.first() else {
            break;
        };
        bench.extend(ranked.pairable().map(|(suspect, _)| *suspect));
        let next = if is_whole(single, seen) {
            single.clone()
        } else if step < STEPS_WITH_PAIRS {
            ranked.best_pair(locator, seen, single)
        } else {
            ranked.all_apart(locator, seen, &best, single)
        };
        if next.score <= best.score {
            break;
        }
        best = next;
    }
    settle(locator, seen, best, &bench)
}

/// What is still to be explained.
pub(super) struct Rest {
    silent: Vec<NodeIx>,
    down: Vec<(LinkIx, NodeIx)>,
}

impl Rest {
    /// Returns what a hypothesis leaves unexplained.
    fn after(seen: &Seen, weighed: &Weighed) -> Self {
        let silent = seen.silent.iter().copied();
        let down = seen.down.iter().copied();
        Self {
            silent: silent.filter(|node| !weighed.loses(*node)).collect(),
            down: down.filter(|port| !weighed.expects_down(*port)).collect(),
        }
    }

    /// Returns what one hypothesis explains and another does not.
    pub(super) fn between(seen: &Seen, explained: &Weighed, without: &Weighed) -> Self {
        let mut rest = Self::after(seen, without);
        rest.silent.retain(|node| explained.loses(*node));
        rest.down.retain(|port| explained.expects_down(*port));
        rest
    }
}

/// Returns every suspect that could explain something of `rest`, ascending.
///
/// Cost O(n + m) bits, and the candidates.
pub(super) fn candidates(locator: &Locator, seen: &Seen, rest: &Rest) -> Vec<Suspect> {
    let mut found = Found {
        locator,
        suspects: Vec::new(),
        has: vec![false; locator.elements.len()],
        walked: vec![false; locator.elements.len()],
    };
    for node in &rest.silent {
        found.chain(*node);
        found.node(*node);
        found.border(seen, *node);
    }
    for (link, observer) in &rest.down {
        found.link(*link);
        let (a, b) = locator.graph.ends(*link);
        found.node(if a == *observer { b } else { a });
    }
    let mut suspects = found.suspects;
    suspects.sort_unstable();
    suspects
}

struct Found<'a> {
    locator: &'a Locator,
    suspects: Vec<Suspect>,
    has: Vec<bool>,
    walked: Vec<bool>,
}

impl Found<'_> {
    fn add(&mut self, suspect: Suspect) {
        if !std::mem::replace(&mut self.has[suspect.index()], true) {
            self.suspects.push(suspect);
        }
    }

    /// Adds what stands in front of a node; where another chain has been, the rest is known.
    fn chain(&mut self, node: NodeIx) {
        let mut point = Some(Point::Node(node));
        while let Some(at) = point {
            let suspect = self.locator.suspect(at);
            if std::mem::replace(&mut self.walked[suspect.index()], true) {
                break;
            }
            self.add(suspect);
            point = self.locator.tree.in_front(at);
        }
    }

    fn node(&mut self, node: NodeIx) {
        self.add(Locator::node(node));
        for group in &self.locator.groups_losing[node.index()] {
            self.add(*group);
        }
    }

    fn link(&mut self, link: LinkIx) {
        self.add(self.locator.link(link));
        for group in &self.locator.groups_holding[link.index()] {
            self.add(*group);
        }
    }

    /// Adds what joins a silent node to others that are not silent and carry traffic: of two such links none is
    /// in anybody's chain.
    fn border(&mut self, seen: &Seen, node: NodeIx) {
        let locator = self.locator;
        for (link, other) in locator.reach.beside(node) {
            if seen.is_silent(*other) || !locator.reach.sends(*other) {
                continue;
            }
            self.link(*link);
            if seen.answers(*other) {
                continue;
            }
            // It was not asked, so it may be the silent part's last node or first beyond.
            self.node(*other);
            for (further, _) in locator.reach.beside(*other) {
                self.link(*further);
            }
        }
    }
}

/// Candidates on top of a hypothesis, heaviest first, one for each prediction.
///
/// In two sorts, so that one cannot crowd the other out: those that lose somebody alone, and those that do not,
/// which are halves of pairs and what ports point at.
struct Ranked {
    wholes: Vec<(Suspect, Weighed)>,
    halves: Vec<(Suspect, Weighed)>,
}

impl Ranked {
    fn new(locator: &Locator, seen: &Seen, best: &Weighed, manner: Manner) -> Self {
        let (mut wholes, mut halves) = (Vec::new(), Vec::new());
        for suspect in candidates(locator, seen, &Rest::after(seen, best)) {
            if best.suspects.binary_search(&suspect).is_ok() {
                continue;
            }
            let glance = seen.glance(locator, suspect);
            if manner == Manner::Careful && glance.contradicts {
                continue;
            }
            if glance.loses > 0 {
                wholes.push((glance.score, suspect));
            } else {
                halves.push((glance.score, suspect));
            }
        }
        Self {
            wholes: rank(locator, seen, best, wholes),
            halves: rank(locator, seen, best, halves),
        }
    }

    fn first(&self) -> Option<&Weighed> {
        let firsts = [self.wholes.first(), self.halves.first()];
        let firsts = firsts.into_iter().flatten().map(|(_, weighed)| weighed);
        firsts.max_by(|a, b| a.score.total_cmp(&b.score))
    }

    fn pairable(&self) -> impl Iterator<Item = &(Suspect, Weighed)> {
        let wholes = self.wholes.iter().take(PAIRED);
        wholes.chain(self.halves.iter().take(PAIRED))
    }

    /// Returns the heaviest of all pairs, or the single one if none is heavier.
    fn best_pair(&self, locator: &Locator, seen: &Seen, single: &Weighed) -> Weighed {
        let mut heaviest = single.clone();
        for (place, (_, one)) in self.pairable().enumerate() {
            for (two, _) in self.pairable().take(place) {
                let pair = seen.weigh(locator, &with(&one.suspects, *two));
                if pair.score > heaviest.score {
                    heaviest = pair;
                }
            }
        }
        heaviest
    }

    /// Takes at once every suspect that gains and predicts nothing that one before it has predicted.
    fn all_apart(
        &self,
        locator: &Locator,
        seen: &Seen,
        best: &Weighed,
        single: &Weighed,
    ) -> Weighed {
        let mut suspects = best.suspects.clone();
        let mut lost = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for (suspect, weighed) in self.wholes.iter().chain(&self.halves) {
            let new_lost = || weighed.lost.iter().filter(|node| !best.loses(**node));
            let new_ports = || {
                weighed
                    .ports
                    .iter()
                    .filter(|port| !best.expects_down(**port))
            };
            if weighed.score > best.score
                && new_lost().all(|node| !lost.contains(node))
                && new_ports().all(|port| !ports.contains(port))
            {
                lost.extend(new_lost().copied());
                ports.extend(new_ports().copied());
                suspects = with(&suspects, *suspect);
            }
        }
        let all = seen.weigh(locator, &suspects);
        if single.score > all.score {
            single.clone()
        } else {
            all
        }
    }
}

fn rank(
    locator: &Locator,
    seen: &Seen,
    best: &Weighed,
    mut glances: Vec<(f64, Suspect)>,
) -> Vec<(Suspect, Weighed)> {
    glances.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(&b.1)));
    let mut ranked: Vec<(Suspect, Weighed)> = glances
        .into_iter()
        .take(WEIGHED)
        .map(|(_, suspect)| (suspect, seen.weigh(locator, &with(&best.suspects, suspect))))
        .collect();
    ranked.sort_by(|a, b| b.1.score.total_cmp(&a.1.score).then(a.0.cmp(&b.0)));
    // Of equal predictions the first is the most probable. Those that add nothing alone may do so in a pair.
    let mut kept: Vec<(Suspect, Weighed)> = Vec::with_capacity(ranked.len());
    for (suspect, weighed) in ranked {
        let is_known = kept.iter().any(|(_, other)| other.predicts_as(&weighed));
        if !is_known || weighed.predicts_as(best) {
            kept.push((suspect, weighed));
        }
    }
    kept
}

/// Removes and exchanges single suspects while that gains.
fn settle(locator: &Locator, seen: &Seen, mut best: Weighed, bench: &BTreeSet<Suspect>) -> Weighed {
    // One suspect was the heaviest of all that were weighed alone.
    for _ in 0..ROUNDS_OF_SWAPS {
        if best.suspects.len() < 2 {
            break;
        }
        let mut heaviest = best.clone();
        for place in 0..best.suspects.len() {
            let mut others = best.suspects.clone();
            others.remove(place);
            let bench = bench.iter().filter(|_| best.suspects.len() <= SWAPPED);
            let swaps = bench.map(|suspect| with(&others, *suspect));
            for suspects in swaps.chain([others.clone()]) {
                let weighed = seen.weigh(locator, &suspects);
                if weighed.score > heaviest.score {
                    heaviest = weighed;
                }
            }
        }
        if heaviest.score <= best.score {
            break;
        }
        best = heaviest;
    }
    best
}

/// Returns whether every silence and every port that is down is explained, and no answer contradicted.
fn is_whole(weighed: &Weighed, seen: &Seen) -> bool {
    weighed.lost == seen.silent && weighed.ports == seen.down
}
