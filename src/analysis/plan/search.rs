//! The search of a plan: all sets where there are few, else greed from several starts, doubted again and again.

use std::collections::BTreeMap;

use crate::analysis::Weakness;
use crate::analysis::hours::rate::{Chances, Outages};
use crate::analysis::hours::{Hours, Method};
use crate::analysis::plan::choices::Choice;
use crate::analysis::plan::outlook::Outlook;
use crate::analysis::plan::totals::Totals;
use crate::analysis::plan::{Question, Step, built, closed, relieved};
use crate::graph::{Graph, NodeIx};
use crate::model::network::Network;
use crate::model::{Element, LinkId};

/// What is built at once may spend so much of what is left: the last of the money is spent with care.
const AT_ONCE: f64 = 0.2;

/// How many choices of each step get an exact answer.
const TRIED: usize = 16;

/// Pairs are begun from among so many of the best.
const PAIRED: usize = 6;

/// Pairs that meet at a place and seem to be worth more together than apart: so many get an exact answer.
const JOINED: usize = 16;

/// Choices that are looked at where many of them meet, the cheapest.
const MEETING: usize = 64;

/// How many of the dearest links are taken out again, one at a time.
const DOUBTED: usize = 6;

/// Links that save together nearly what they save singly have nothing to do with each other, and are built at once.
const UNRELATED: f64 = 0.85;

/// Work of an answer for which no network need be solved, as a part of that of one for which it must.
const EASY: f64 = 1.0 / 16.0;

/// Choices by position, in the order in which they were found good.
pub(super) type Set = Vec<usize>;

pub(super) struct Search<'a> {
    pub(super) network: &'a Network,
    pub(super) seen: &'a BTreeMap<Element, Outages>,
    pub(super) choices: Vec<&'a Choice>,
    pub(super) question: Question,
    pub(super) totals: Totals<'a>,
    /// Totals that were asked for, by positions ascending.
    pub(super) known: BTreeMap<Set, Hours>,
    pub(super) method: Method,
    pub(super) is_cut_short: bool,
}

impl Search<'_> {
    /// Returns the network with some choices built, in order, and their ids.
    fn built(&self, set: &[usize]) -> (Network, Vec<LinkId>) {
        let choices: Vec<&Choice> = set.iter().map(|at| self.choices[*at]).collect();
        built(self.network, &choices)
    }

    /// Returns the hours lost a year with some choices built; each set is asked for once.
    pub(super) fn total(&mut self, set: &[usize]) -> Hours {
        let mut key = set.to_vec();
        key.sort_unstable();
        if let Some(known) = self.known.get(&key) {
            return *known;
        }
        let (hours, method) = self.totals.of(&key);
        self.method = match (self.method, method) {
            (Method::Exact { states: a }, Method::Exact { states: b }) => {
                Method::Exact { states: a.max(b) }
            }
            (Method::Exact { .. }, sampled) | (sampled, _) => sampled,
        };
        self.known.insert(key, hours);
        hours
    }

    fn cost(&self, set: &[usize]) -> f64 {
        set.iter().map(|at| self.choices[*at].cost).sum()
    }

    /// Returns whether a share of the work that may be done has been done.
    fn is_spent(&mut self, share: f64) -> bool {
        let done = self.totals.solved() as f64 + EASY * self.known.len() as f64;
        let is_spent = done >= share * self.question.work as f64;
        self.is_cut_short |= is_spent;
        is_spent
    }

    /// Compares all affordable sets. More links never lose more, so what even all the rest cannot better is left.
    pub(super) fn exhaust(&mut self) -> Set {
        let mut best = (self.total(&[]).weighted, 0.0, Vec::new());
        let all: Set = (0..self.choices.len()).collect();
        self.branch(&mut Vec::new(), &all, &mut best);
        best.2
    }

    fn branch(&mut self, taken: &mut Set, rest: &[usize], best: &mut (f64, f64, Set)) {
        if self.is_spent(1.0) {
            return;
        }
        let left = self.question.budget - self.cost(taken);
        let rest: Set = rest
            .iter()
            .copied()
            .filter(|at| self.choices[*at].cost <= left)
            .collect();
        let all: Set = taken.iter().chain(&rest).copied().collect();
        let bound = self.total(&all).weighted;
        // What saves nothing is not built: of two equal sets the cheaper is better.
        let gain = self.least();
        if bound > best.0 - gain {
            return;
        }
        let here = (self.total(taken).weighted, self.cost(taken));
        if here.0 < best.0 - gain {
            *best = (here.0, here.1, taken.clone());
        }
        for (place, at) in rest.iter().enumerate() {
            taken.push(*at);
            self.branch(taken, &rest[place + 1..], best);
            taken.pop();
        }
    }

    /// The weighted hours below which a step is not worth a line.
    fn least(&mut self) -> f64 {
        self.question.least * self.total(&[]).weighted
    }

    /// Searches among many choices.
    pub(super) fn explore(&mut self, before: Hours) -> Set {
        let mut best = self.greedy(Vec::new(), 0.6);
        for pair in self.pairs(before) {
            let other = self.greedy(pair, 0.8);
            if self.total(&other).weighted < self.total(&best).weighted {
                best = other;
            }
        }
        self.improve(best)
    }

    /// Returns the choices that look best beside a set, by hours for their price and by hours, each with the hours
    /// that it seems to save.
    fn promising(&self, set: &[usize], left: f64) -> Vec<(f64, usize)> {
        let (network, _) = self.built(set);
        let graph = Graph::new(&network);
        let chances = Chances::of(&network, self.seen);
        let outlook = Outlook::new(&network, &graph, &chances);
        let mut found: Vec<(f64, f64, usize)> = self
            .choices
            .iter()
            .enumerate()
            .filter(|(at, choice)| choice.cost <= left && !set.contains(at))
            .filter_map(|(at, choice)| {
                let saves = outlook.saves(graph.node(&choice.a)?, graph.node(&choice.b)?);
                (saves > 0.0).then_some((saves / price(choice.cost), saves, at))
            })
            .collect();
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
        let best = found.iter().take(TRIED);
        let mut some: Vec<(f64, usize)> = best.map(|one| (one.1, one.2)).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.2.cmp(&b.2)));
        for (_, saves, at) in found.iter().take(TRIED / 2) {
            if !some.iter().any(|one| one.1 == *at) {
                some.push((*saves, *at));
            }
        }
        some
    }

    /// Adds what saves most for its price, again and again, until `share` of the work is done.
    fn greedy(&mut self, start: Set, share: f64) -> Set {
        let mut set = start;
        let least = self.least();
        while !self.is_spent(share) {
            let now = self.total(&set).weighted;
            let left = self.question.budget - self.cost(&set);
            let promising = self.promising(&set, left);
            if let Some(next) = self.at_once(&set, &promising) {
                set = next;
                continue;
            }
            let mut found: Vec<(f64, f64, usize)> = Vec::new();
            for (_, at) in promising {
                let saves = now - self.total(&and(&set, at)).weighted;
                if saves > least {
                    found.push((saves / price(self.choices[at].cost), saves, at));
                }
            }
            found.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.2.cmp(&b.2)));
            let Some(best) = found.first().map(|one| one.0) else {
                break;
            };
            let mut spent = 0.0;
            found.retain(|(worth, _, at)| {
                spent += self.choices[*at].cost;
                *worth >= 0.5 * best && spent <= left
            });
            let mut many = found.len();
            loop {
                let some = &found[..many];
                let next: Set = set
                    .iter()
                    .copied()
                    .chain(some.iter().map(|one| one.2))
                    .collect();
                let apart: f64 = some.iter().map(|one| one.1).sum();
                if many == 1 || now - self.total(&next).weighted >= UNRELATED * apart {
                    set = next;
                    break;
                }
                many /= 2;
            }
        }
        set
    }

    /// Builds the best that seem alike in worth at once, if together they save what they seemed to: much of what is
    /// good is good wherever else one builds, and need not be asked about one at a time.
    fn at_once(&mut self, set: &[usize], promising: &[(f64, usize)]) -> Option<Set> {
        let least = self.least();
        let worth = |(saves, at): &(f64, usize)| saves / price(self.choices[*at].cost);
        let best = worth(promising.first()?);
        let left = self.question.budget - self.cost(set);
        let mut spent = 0.0;
        let some: Vec<(f64, usize)> = promising
            .iter()
            .filter(|one| one.0 > least && worth(one) >= 0.5 * best)
            .filter(|one| {
                let cost = self.choices[one.1].cost;
                let fits = spent + cost <= AT_ONCE * left;
                spent += if fits { cost } else { 0.0 };
                fits
            })
            .copied()
            .collect();
        if some.len() < 2 {
            return None;
        }
        let next: Set = set
            .iter()
            .copied()
            .chain(some.iter().map(|one| one.1))
            .collect();
        let seemed: f64 = some.iter().map(|one| one.0).sum();
        let saves = self.total(set).weighted - self.total(&next).weighted;
        (saves >= UNRELATED * seemed).then_some(next)
    }

    /// Returns the pairs that are worth more together than apart, the best two for their price.
    fn pairs(&mut self, before: Hours) -> Vec<Set> {
        let some: Set = self
            .promising(&[], self.question.budget)
            .into_iter()
            .take(PAIRED)
            .map(|one| one.1)
            .collect();
        let mut tried = self.joined();
        for (place, a) in some.iter().enumerate() {
            tried.extend(some[place + 1..].iter().map(|b| and(&[*a], *b)));
        }
        let mut found: Vec<(f64, Set)> = Vec::new();
        for set in tried {
            let cost = self.cost(&set);
            if cost > self.question.budget || self.is_spent(1.0) {
                continue;
            }
            let mut saves = |set: &[usize]| before.weighted - self.total(set).weighted;
            let both = saves(&set);
            let apart: f64 = set.iter().map(|at| saves(&[*at])).sum();
            if both > apart + self.least() {
                found.push((both / price(cost), set));
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.dedup();
        found.into_iter().take(2).map(|(_, set)| set).collect()
    }

    /// Returns the pairs of choices that meet at a place and seem to save together what neither saves alone: as one
    /// link past that place would. The best for their price first.
    fn joined(&mut self) -> Vec<Set> {
        let least = self.least();
        let graph = Graph::new(self.network);
        let outlook = Outlook::new(self.network, &graph, &Chances::of(self.network, self.seen));
        let mut ends: BTreeMap<NodeIx, Vec<(f64, usize, NodeIx)>> = BTreeMap::new();
        for (at, choice) in self.choices.iter().enumerate() {
            let (Some(a), Some(b)) = (graph.node(&choice.a), graph.node(&choice.b)) else {
                continue;
            };
            ends.entry(a).or_default().push((choice.cost, at, b));
            ends.entry(b).or_default().push((choice.cost, at, a));
        }
        let mut found: Vec<(f64, Set)> = Vec::new();
        for (middle, mut choices) in ends {
            if !graph.is_transit(middle) && !graph.hubs().contains(&middle) {
                continue;
            }
            choices.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
            choices.truncate(MEETING);
            for (place, (cost, at, one)) in choices.iter().enumerate() {
                for (more, next, other) in &choices[place + 1..] {
                    let cost = cost + more;
                    if one == other || cost > self.question.budget {
                        continue;
                    }
                    let together = outlook.saves(*one, *other);
                    let apart = outlook.saves(*one, middle) + outlook.saves(middle, *other);
                    if together > apart + least {
                        let set = vec![*at.min(next), *at.max(next)];
                        found.push((together / price(cost), set));
                    }
                }
            }
        }
        found.sort_by(|a, b| b.0.total_cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
        found.dedup_by(|a, b| a.1 == b.1);
        let best = found.into_iter().take(JOINED);
        best.map(|(_, set)| set).collect()
    }

    /// Takes out one of the dearest after the other and spends its price again, as long as that helps.
    fn improve(&mut self, set: Set) -> Set {
        let mut best = set;
        loop {
            let now = self.total(&best).weighted;
            let mut better: Option<(f64, Set)> = None;
            let mut dear = best.clone();
            let cost = |at: &usize| self.choices[*at].cost;
            dear.sort_by(|a, b| cost(b).total_cmp(&cost(a)).then(a.cmp(b)));
            dear.truncate(DOUBTED);
            for at in dear {
                if self.is_spent(1.0) {
                    break;
                }
                let rest: Set = best.iter().copied().filter(|other| *other != at).collect();
                let other = self.greedy(rest, 1.0);
                let total = self.total(&other).weighted;
                if better.as_ref().is_none_or(|(least, _)| total < *least) {
                    better = Some((total, other));
                }
            }
            match better {
                Some((total, set)) if total < now - self.least() => best = set,
                _ => return best,
            }
        }
    }

    /// Says of every link what it does after those before it.
    pub(super) fn steps(&mut self, order: &[usize]) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut before = self.total(&[]);
        let mut weakness = self.weakness(&[]);
        let ids = self.built(order).1;
        for (done, (at, link)) in order.iter().zip(ids).enumerate() {
            let next = self.weakness(&order[..=done]);
            let after = self.total(&order[..=done]);
            steps.push(Step {
                choice: self.choices[*at].clone(),
                link,
                removes: before - after,
                relieves: relieved(&weakness, &next),
                closes: closed(&weakness, &next),
            });
            (before, weakness) = (after, next);
        }
        steps
    }

    fn weakness(&self, set: &[usize]) -> Weakness {
        let (network, _) = self.built(set);
        let graph = Graph::new(&network);
        Weakness::of(&network, &graph, &[])
    }
}

/// What costs nothing is not worth infinitely much.
fn price(cost: f64) -> f64 {
    cost.max(1e-9)
}

fn and(set: &[usize], at: usize) -> Set {
    let mut set = set.to_vec();
    set.push(at);
    set
}
