//! In which order the core is walked: on this the number of states hangs, by orders of magnitude.
//!
//! The frontier is the set of vertices met whose links are not all decided. A walk costs about 3^frontier states
//! for every vertex, twice that for every risk group that is open. The search is greedy from every start, then
//! moves single vertices while that does not cost more; seeded, bounded, the same for the same core.

use crate::analysis::hours::fold::Core;
use crate::graph::mix;

/// Steps of work that the search may take; about a tenth of a second.
const WORK: usize = 40_000_000;

/// The seed of the moves.
const SEED: u64 = 1;

/// A walk through the core, and what it costs.
#[derive(Clone, Debug)]
pub(super) struct Walk {
    /// Positions of vertices, each once.
    pub(super) order: Vec<usize>,
    /// Sum of 3^frontier x 2^(open groups): an estimate of states.
    pub(super) cost: f64,
}

/// Returns a good order of the vertices of a core.
pub(super) fn walk(core: &Core) -> Walk {
    let map = Map::new(core);
    let count = core.vertices.len();
    if count == 0 {
        // Nobody is reached, as when the only hub is gone.
        return Walk {
            order: Vec::new(),
            cost: 0.0,
        };
    }
    let mut weigh = Weigh::new(&map);
    let mut best = Walk {
        order: (0..count).collect(),
        cost: f64::INFINITY,
    };
    let once = map.size * 4 + count;
    for start in 0..count.min(WORK / 2 / once.max(1)).max(1).min(count) {
        // Spread over the core when there are too many to try all.
        let order = map.greedy(start);
        let cost = weigh.cost(&order);
        if cost < best.cost {
            best = Walk { order, cost };
        }
    }
    let mut at = best.clone();
    let mut dice = SEED;
    let mut roll = |sides: usize| {
        dice = mix(dice);
        (dice >> 16) as usize % sides.max(1)
    };
    let turns = (WORK / 2 / once.max(1)).min(20_000);
    for _ in 0..if count > 2 { turns } else { 0 } {
        let (from, by) = (roll(count), roll(17));
        let to = (from + by).saturating_sub(8).min(count - 1);
        let vertex = at.order.remove(from);
        at.order.insert(to, vertex);
        let cost = weigh.cost(&at.order);
        if cost <= at.cost {
            at.cost = cost;
            if cost < best.cost {
                best = at.clone();
            }
        } else {
            let vertex = at.order.remove(to);
            at.order.insert(from, vertex);
        }
    }
    best
}

/// Who is beside whom.
struct Map<'a> {
    core: &'a Core,
    /// By vertex: the others beside it, ascending, each once.
    beside: Vec<Vec<usize>>,
    /// By group: the vertices whose turn opens or needs it, as sets of which the latest counts, or the earliest.
    uses: Vec<Vec<Use>>,
    /// Vertices, links, uses: what one look costs.
    size: usize,
}

/// When a group matters.
enum Use {
    /// When the last of these has been met: a vertex, or both ends of a link.
    Late([usize; 2]),
    /// When the first of these is met: the vertices of a want.
    Early(Vec<usize>),
}

impl<'a> Map<'a> {
    fn new(core: &'a Core) -> Self {
        let mut beside = vec![Vec::new(); core.vertices.len()];
        let mut uses: Vec<Vec<Use>> = Vec::new();
        uses.resize_with(core.groups.len(), Vec::new);
        for (place, vertex) in core.vertices.iter().enumerate() {
            for group in &vertex.groups {
                uses[*group].push(Use::Late([place; 2]));
            }
        }
        for link in &core.links {
            let [a, b] = link.ends;
            beside[a].push(b);
            beside[b].push(a);
            for group in &link.groups {
                uses[*group].push(Use::Late(link.ends));
            }
        }
        for want in &core.wants {
            for group in &want.groups {
                uses[*group].push(Use::Early(want.vertices.clone()));
            }
        }
        for list in &mut beside {
            list.sort_unstable();
            list.dedup();
        }
        let size = core.vertices.len()
            + beside.iter().map(Vec::len).sum::<usize>()
            + uses.iter().map(Vec::len).sum::<usize>();
        Self {
            core,
            beside,
            uses,
            size,
        }
    }

    /// Returns an order that takes next what keeps the frontier smallest, from one start.
    fn greedy(&self, start: usize) -> Vec<usize> {
        let count = self.core.vertices.len();
        let mut order = Vec::with_capacity(count);
        let mut is_met = vec![false; count];
        let mut unmet: Vec<usize> = self.beside.iter().map(Vec::len).collect();
        let mut open: Vec<usize> = Vec::new();
        let mut is_open = vec![false; count];
        let mut next = Some(start);
        let mut fresh = 0;
        while let Some(vertex) = next {
            is_met[vertex] = true;
            order.push(vertex);
            open.retain(|other| *other != vertex);
            for other in &self.beside[vertex] {
                unmet[*other] -= 1;
                if !is_met[*other] && !is_open[*other] {
                    is_open[*other] = true;
                    open.push(*other);
                }
            }
            // Ties go to what was seen first, which keeps the walk together.
            next = open.iter().copied().min_by_key(|other| {
                let leaving = self.beside[*other]
                    .iter()
                    .filter(|near| is_met[**near] && unmet[**near] == 1)
                    .count();
                let staying = usize::from(unmet[*other] > 0);
                (staying + count - leaving, 0)
            });
            if next.is_none() {
                while fresh < count && is_met[fresh] {
                    fresh += 1;
                }
                next = (fresh < count).then_some(fresh);
            }
        }
        order
    }
}

/// Weighs orders, with its memory kept.
struct Weigh<'a> {
    map: &'a Map<'a>,
    at: Vec<usize>,
    leaving: Vec<i32>,
    opening: Vec<i32>,
}

impl<'a> Weigh<'a> {
    fn new(map: &'a Map<'a>) -> Self {
        let count = map.core.vertices.len();
        Self {
            map,
            at: vec![0; count],
            leaving: vec![0; count],
            opening: vec![0; count + 1],
        }
    }

    fn cost(&mut self, order: &[usize]) -> f64 {
        for (turn, vertex) in order.iter().enumerate() {
            self.at[*vertex] = turn;
        }
        self.leaving.fill(0);
        self.opening.fill(0);
        for (turn, vertex) in order.iter().enumerate() {
            let last = self.map.beside[*vertex]
                .iter()
                .map(|other| self.at[*other])
                .fold(turn, usize::max);
            self.leaving[last] += 1;
        }
        for uses in &self.map.uses {
            let (mut first, mut last) = (usize::MAX, 0);
            for one in uses {
                if let Use::Late([a, b]) = one {
                    let turn = self.at[*a].max(self.at[*b]);
                    first = first.min(turn);
                    last = last.max(turn);
                }
            }
            for one in uses {
                if let Use::Early(vertices) = one {
                    let turn = vertices.iter().map(|vertex| self.at[*vertex]).min();
                    last = last.max(turn.unwrap_or(0));
                }
            }
            if first <= last {
                self.opening[first] += 1;
                self.opening[last + 1] -= 1;
            }
        }
        let (mut frontier, mut groups, mut cost) = (0_i32, 0_i32, 0.0);
        for turn in 0..order.len() {
            frontier += 1;
            groups += self.opening[turn];
            cost += 3_f64.powi(frontier) * 2_f64.powi(groups);
            frontier -= self.leaving[turn];
        }
        cost
    }
}
