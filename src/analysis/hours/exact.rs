//! The exact way: the core compiled, then figures for any rates.

use crate::analysis::hours::circuit::Circuit;
use crate::analysis::hours::fold::{Folded, Term};
use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::{Asked, Figures, Hours, Method, Row, YEAR, order, sum};

/// An estimate of states beyond which compiling is not even tried.
const HOPELESS: f64 = 1e8;

/// A network, folded and compiled, whose nodes with agencies are asked for.
pub(super) struct Compiled {
    folded: Folded,
    circuit: Circuit,
}

impl Compiled {
    /// Compiles a question; `None` where that would take more than `states`.
    pub(super) fn new(asked: &Asked<'_>, states: usize) -> Option<Self> {
        let Asked { network, graph, .. } = *asked;
        let wanted = graph
            .node_indices()
            .filter(|node| !network.agencies_at(graph.node_id(*node)).is_empty());
        let folded = Folded::new(network, graph, asked.roots, asked.cut, wanted).ok()?;
        let walk = order::walk(&folded.core);
        if walk.cost > HOPELESS {
            return None;
        }
        let circuit = Circuit::new(&folded.core, &walk.order, states).ok()?;
        Some(Self { folded, circuit })
    }

    /// Returns how its figures are found.
    pub(super) fn method(&self) -> Method {
        Method::Exact {
            states: self.circuit.states,
        }
    }

    /// Returns, by node, the part of the time that it is not reached. Cost: one pass each way.
    pub(super) fn lost(&self, chances: &Chances) -> Vec<f64> {
        let up = up(chances);
        let wants = vec![0.0; self.folded.core.wants.len()];
        let reached = self.circuit.evaluate(&up, &wants).reached;
        lost(&self.folded, &up, &reached)
    }

    /// Returns everything, the derivative by every element included.
    pub(super) fn figures(&self, asked: &Asked<'_>) -> Figures {
        let Asked { chances, seats, .. } = *asked;
        let up = up(chances);
        let Self { folded, circuit } = self;
        let mut slopes = Vec::new();
        let mut reached = Vec::new();
        for side in 0..2 {
            let mut coefficients = vec![0.0; folded.core.wants.len()];
            for (terms, seat) in folded.terms.iter().zip(seats) {
                for term in terms {
                    coefficients[term.want] += seat[side] * term.sign * product(term, &up);
                }
            }
            let values = circuit.evaluate(&up, &coefficients);
            let mut slope = values.slope;
            for (terms, seat) in folded.terms.iter().zip(seats) {
                for term in terms {
                    let weight = seat[side] * term.sign * values.reached[term.want];
                    add_slopes(&mut slope, &up, &term.factors, weight);
                }
            }
            slopes.push(slope);
            reached = values.reached;
        }
        let lost = lost(folded, &up, &reached);
        let total = sum(&lost, seats);
        let rows = chances.all().iter().enumerate().map(|(x, chance)| {
            let q = chance.unavailability;
            let slope = Hours {
                agency: YEAR * slopes[0][x],
                weighted: YEAR * slopes[1][x],
            };
            Row {
                q,
                hours: Hours {
                    agency: q * slope.agency,
                    weighted: q * slope.weighted,
                },
                if_down: Hours {
                    agency: total.agency + (1.0 - q) * slope.agency,
                    weighted: total.weighted + (1.0 - q) * slope.weighted,
                },
                error: None,
            }
        });
        Figures {
            rows: rows.collect(),
            lost,
            method: self.method(),
        }
    }
}

fn up(chances: &Chances) -> Vec<f64> {
    let all = chances.all().iter();
    all.map(|chance| 1.0 - chance.unavailability).collect()
}

fn product(term: &Term, up: &[f64]) -> f64 {
    term.factors.iter().map(|x| up[*x]).product()
}

/// Returns, by node, the part of the time that it is not reached.
fn lost(folded: &Folded, up: &[f64], reached: &[f64]) -> Vec<f64> {
    let of = |term: &Term| term.sign * product(term, up) * reached[term.want];
    let nodes = folded.terms.iter();
    nodes
        .map(|terms| 1.0 - terms.iter().map(of).sum::<f64>())
        .collect()
}

/// Adds the derivative of `weight` x the product of some availabilities, by each of them; nothing is divided,
/// since an availability may be 0.
fn add_slopes(slope: &mut [f64], up: &[f64], factors: &[usize], weight: f64) {
    let mut after = vec![1.0; factors.len() + 1];
    for place in (0..factors.len()).rev() {
        after[place] = after[place + 1] * up[factors[place]];
    }
    let mut before = 1.0;
    for (place, x) in factors.iter().enumerate() {
        slope[*x] += weight * before * after[place + 1];
        before *= up[*x];
    }
}
