//! Hours by sampling, where the circuit would have too many states.
//!
//! Stratified by the number of failures: none, one and, where there are not too many pairs, two at once are
//! enumerated exactly, and only what is left is drawn. So the interval is narrow where it matters: three failures
//! at once are rare, however many elements there are.

use crate::analysis::hours::Asked;
use crate::analysis::hours::fold::Ix;
use crate::graph::{Cut, Graph, NodeIx, mix};
use crate::model::Element;

/// All pairs are enumerated where there are at most so many for every draw.
const PAIRED: usize = 8;

/// Two sums for every loss: agencies counted once, and by weight.
type Both = [f64; 2];

/// What was found.
#[derive(Debug)]
pub(super) struct Sample {
    /// The mean loss at a random moment.
    pub(super) loss: Both,
    /// Half the width of its 95 % interval, by weight.
    pub(super) error: f64,
    /// By element: the mean of the loss while it is down, times how often it is.
    pub(super) with: Vec<Both>,
    /// By element: half the width of the 95 % interval of q (L1 - L0), by weight.
    pub(super) with_error: Vec<f64>,
    /// By node: the part of the time that it is not reached.
    pub(super) lost: Vec<f64>,
    pub(super) draws: u32,
}

/// One network to be sampled.
struct Field<'a> {
    graph: &'a Graph,
    roots: &'a [NodeIx],
    /// By element: what falls with it.
    falls: Vec<Cut>,
    /// By node.
    weights: &'a [Both],
    /// Nodes and links that are down, by how many elements took them down.
    down_nodes: Vec<u32>,
    down_links: Vec<u32>,
    reached: Vec<bool>,
    stack: Vec<NodeIx>,
}

impl Field<'_> {
    fn fail(&mut self, element: Ix) {
        for node in self.falls[element].nodes() {
            self.down_nodes[node.index()] += 1;
        }
        for link in self.falls[element].links() {
            self.down_links[link.index()] += 1;
        }
    }

    fn mend(&mut self, element: Ix) {
        for node in self.falls[element].nodes() {
            self.down_nodes[node.index()] -= 1;
        }
        for link in self.falls[element].links() {
            self.down_links[link.index()] -= 1;
        }
    }

    /// Finds who is reached, and returns what is lost.
    fn loss(&mut self) -> Both {
        let graph = self.graph;
        self.reached.fill(false);
        self.stack.clear();
        for root in self.roots {
            if self.down_nodes[root.index()] == 0 {
                self.reached[root.index()] = true;
                self.stack.push(*root);
            }
        }
        while let Some(node) = self.stack.pop() {
            if !graph.is_transit(node) && !self.roots.contains(&node) {
                continue;
            }
            for (link, next) in graph.neighbours(node) {
                if self.down_links[link.index()] == 0
                    && self.down_nodes[next.index()] == 0
                    && !self.reached[next.index()]
                {
                    self.reached[next.index()] = true;
                    self.stack.push(next);
                }
            }
        }
        let mut loss = [0.0; 2];
        for (reached, weight) in self.reached.iter().zip(self.weights) {
            if !reached {
                loss[0] += weight[0];
                loss[1] += weight[1];
            }
        }
        loss
    }
}

/// Samples a network: `down` by element, 0..1.
///
/// Cost O(k (n + m)) for k elements, O(k^2 (n + m)) where pairs are enumerated, and O(draws (k + n + m)).
pub(super) fn sample(asked: &Asked<'_>, down: &[f64], draws: u32, seed: u64) -> Sample {
    let Asked {
        network,
        graph,
        roots,
        cut,
        seats: weights,
        ..
    } = *asked;
    let falls: Vec<Cut> = network
        .elements()
        .map(|element: Element| graph.cut([&element]))
        .collect();
    let mut field = Field {
        graph,
        roots,
        falls,
        weights,
        down_nodes: vec![0; graph.node_count()],
        down_links: vec![0; graph.link_count()],
        reached: vec![false; graph.node_count()],
        stack: Vec::new(),
    };
    for node in cut.nodes() {
        field.down_nodes[node.index()] += 1;
    }
    for link in cut.links() {
        field.down_links[link.index()] += 1;
    }
    let mut tally = Tally::new(down.len(), graph.node_count());
    // What is always down is no chance, and would make every other stratum impossible.
    let always: Vec<Ix> = (0..down.len()).filter(|x| down[*x] >= 1.0).collect();
    for element in &always {
        field.fail(*element);
    }
    let can: Vec<Ix> = (0..down.len())
        .filter(|x| down[*x] > 0.0 && down[*x] < 1.0)
        .collect();
    let is_paired = can.len() * can.len() / 2 <= PAIRED * draws as usize;
    let none: f64 = can.iter().map(|x| 1.0 - down[*x]).product();
    let odds = |x: Ix| down[x] / (1.0 - down[x]);

    let loss = field.loss();
    tally.add(none, loss, &[], &field.reached);
    for (place, a) in can.iter().enumerate() {
        field.fail(*a);
        let loss = field.loss();
        tally.add(none * odds(*a), loss, &[*a], &field.reached);
        if is_paired {
            for b in &can[place + 1..] {
                field.fail(*b);
                let loss = field.loss();
                tally.add(none * odds(*a) * odds(*b), loss, &[*a, *b], &field.reached);
                field.mend(*b);
            }
        }
        field.mend(*a);
    }

    // Of at least `least` failures: tails[i][j] is the probability of at least j among can[i..].
    let least = if is_paired { 3 } else { 2 };
    let tails = tails(&can, down, least);
    let rest = tails[0][least];
    let mut rare = Drawn::new(down.len());
    let mut dice = seed;
    let mut failed: Vec<Ix> = Vec::new();
    let draws = if rest > 0.0 { draws.max(2) } else { 0 };
    for _ in 0..draws {
        failed.clear();
        let mut need = least;
        for (place, x) in can.iter().enumerate() {
            dice = mix(dice);
            let roll = (dice >> 11) as f64 / (1_u64 << 53) as f64;
            let chance = down[*x] * tails[place + 1][need.saturating_sub(1)] / tails[place][need];
            if roll < chance {
                failed.push(*x);
                need = need.saturating_sub(1);
            }
        }
        for x in &failed {
            field.fail(*x);
        }
        let loss = field.loss();
        tally.add(rest / f64::from(draws), loss, &failed, &field.reached);
        rare.add(loss[1], &failed);
        for x in &failed {
            field.mend(*x);
        }
    }
    for x in &always {
        tally.with[*x] = tally.loss;
    }
    let with_error = (0..down.len())
        .map(|x| rest * rare.error_with(x, down[x], draws))
        .collect();
    Sample {
        loss: tally.loss,
        error: rest * rare.error(draws),
        with: tally.with,
        with_error,
        lost: tally.lost,
        draws,
    }
}

/// Sums over strata.
struct Tally {
    loss: Both,
    with: Vec<Both>,
    lost: Vec<f64>,
}

impl Tally {
    fn new(elements: usize, nodes: usize) -> Self {
        Self {
            loss: [0.0; 2],
            with: vec![[0.0; 2]; elements],
            lost: vec![0.0; nodes],
        }
    }

    fn add(&mut self, share: f64, loss: Both, failed: &[Ix], reached: &[bool]) {
        for (side, loss) in loss.into_iter().enumerate() {
            self.loss[side] += share * loss;
            for x in failed {
                self.with[*x][side] += share * loss;
            }
        }
        for (lost, reached) in self.lost.iter_mut().zip(reached) {
            if !reached {
                *lost += share;
            }
        }
    }
}

/// Sums over the draws alone, of which the intervals are made.
struct Drawn {
    sum: f64,
    squares: f64,
    with: Vec<(f64, f64)>,
}

impl Drawn {
    fn new(elements: usize) -> Self {
        Self {
            sum: 0.0,
            squares: 0.0,
            with: vec![(0.0, 0.0); elements],
        }
    }

    fn add(&mut self, loss: f64, failed: &[Ix]) {
        self.sum += loss;
        self.squares += loss * loss;
        for x in failed {
            self.with[*x].0 += loss;
            self.with[*x].1 += loss * loss;
        }
    }

    fn error(&self, draws: u32) -> f64 {
        half_width(self.sum, self.squares, draws)
    }

    /// Of the loss x (whether it failed - q) / (1 - q), whose mean is q (L1 - L0).
    fn error_with(&self, element: Ix, q: f64, draws: u32) -> f64 {
        let (sum, squares) = self.with[element];
        if q >= 1.0 {
            return self.error(draws);
        }
        let sum = sum - q * self.sum;
        let squares = (1.0 - q).powi(2) * squares + q * q * (self.squares - squares);
        half_width(sum, squares, draws) / (1.0 - q)
    }
}

/// Returns half the width of the 95 % interval of a mean.
fn half_width(sum: f64, squares: f64, draws: u32) -> f64 {
    if draws < 2 {
        return 0.0;
    }
    let n = f64::from(draws);
    let variance = (squares - sum * sum / n).max(0.0) / (n - 1.0);
    1.96 * (variance / n).sqrt()
}

/// Returns, by place and need, the probability of at least so many failures among the elements from there on.
fn tails(can: &[Ix], down: &[f64], least: usize) -> Vec<Vec<f64>> {
    let mut tails = vec![vec![0.0; least + 1]; can.len() + 1];
    tails[can.len()][0] = 1.0;
    for place in (0..can.len()).rev() {
        let q = down[can[place]];
        for need in 0..=least {
            tails[place][need] = if need == 0 {
                1.0
            } else {
                q * tails[place + 1][need - 1] + (1.0 - q) * tails[place + 1][need]
            };
        }
    }
    tails
}
