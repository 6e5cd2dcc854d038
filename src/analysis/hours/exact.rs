//! The exact way: the core compiled, then figures for any rates.

use crate::analysis::hours::circuit::{Circuit, gained};
use crate::analysis::hours::fold::{Access, Folded, Term};
use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::{Asked, Figures, Hours, Method, Row, YEAR, order, sum};

/// An estimate of states beyond which compiling is not even tried.
const HOPELESS: f64 = 1e8;

/// A network, folded and compiled.
pub(super) struct Compiled {
    folded: Folded,
    circuit: Circuit,
}

impl Compiled {
    /// Compiles a question for all nodes with agencies; `None` where that would take more than `states`.
    pub(super) fn new(asked: &Asked<'_>, states: usize) -> Option<Self> {
        Self::of(asked, &agencies(asked), states)
    }

    /// Compiles a question for some nodes as they are joined; `None` where that would take more than `states`.
    pub(super) fn of(asked: &Asked<'_>, wanted: &[Access], states: usize) -> Option<Self> {
        let (folded, order) = folded(asked, wanted)?;
        let circuit = Circuit::new(&folded.core, &order, states).ok()?;
        Some(Self { folded, circuit })
    }

    /// Returns how its figures are found.
    pub(super) fn method(&self) -> Method {
        Method::Exact {
            states: self.circuit.states,
        }
    }

    /// Returns, in the order of what was wanted, the part of the time that it is not reached. Cost: one pass each
    /// way.
    pub(super) fn lost(&self, chances: &Chances) -> Vec<f64> {
        let up = up(chances);
        let wants = vec![0.0; self.folded.core.wants.len()];
        let reached = self.circuit.evaluate(&up, &wants).reached;
        let asked = self.folded.asked.iter();
        asked.map(|(_, terms)| lost(terms, &up, &reached)).collect()
    }

    /// Returns everything, the derivative by every element included.
    pub(super) fn figures(&self, asked: &Asked<'_>) -> Figures {
        let Asked {
            graph,
            chances,
            seats,
            ..
        } = *asked;
        let up = up(chances);
        let Self { folded, circuit } = self;
        let mut slopes = Vec::new();
        let mut reached = Vec::new();
        for side in 0..2 {
            let mut coefficients = vec![0.0; folded.core.wants.len()];
            for (node, terms) in &folded.asked {
                let seat = seats[node.index()];
                for term in terms {
                    coefficients[term.want] += seat[side] * term.sign * product(term, &up);
                }
            }
            let values = circuit.evaluate(&up, &coefficients);
            let mut slope = values.slope;
            for (node, terms) in &folded.asked {
                let seat = seats[node.index()];
                for term in terms {
                    let weight = seat[side] * term.sign * values.reached[term.want];
                    add_slopes(&mut slope, &up, &term.factors, weight);
                }
            }
            slopes.push(slope);
            reached = values.reached;
        }
        let mut by_node = vec![1.0; graph.node_count()];
        for (node, terms) in &folded.asked {
            by_node[node.index()] = lost(terms, &up, &reached);
        }
        let lost = by_node;
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

/// Returns the hours lost a year, and how they were found; `None` where that would take more than `states`.
///
/// Cost: one walk, in which nothing is kept but its last layer and a number for every slot.
pub(super) fn total(asked: &Asked<'_>, states: usize) -> Option<(Hours, Method)> {
    let Asked { chances, seats, .. } = *asked;
    let (folded, order) = folded(asked, &agencies(asked))?;
    let up = up(chances);
    let mut coefficients = vec![[0.0; 2]; folded.core.wants.len()];
    let mut all = [0.0; 2];
    for (node, terms) in &folded.asked {
        for side in 0..2 {
            let seat = seats[node.index()][side];
            all[side] += seat;
            for term in terms {
                coefficients[term.want][side] += seat * term.sign * product(term, &up);
            }
        }
    }
    let (gained, states) = gained(&folded.core, &order, states, &up, &coefficients).ok()?;
    let hours = Hours {
        agency: YEAR * (all[0] - gained[0]),
        weighted: YEAR * (all[1] - gained[1]),
    };
    Some((hours, Method::Exact { states }))
}

/// Returns all nodes with agencies.
fn agencies(asked: &Asked<'_>) -> Vec<Access> {
    let Asked { network, graph, .. } = *asked;
    let nodes = graph.node_indices();
    nodes
        .filter(|node| !network.agencies_at(graph.node_id(*node)).is_empty())
        .map(Access::whole)
        .collect()
}

/// Folds a question and finds an order for its core.
fn folded(asked: &Asked<'_>, wanted: &[Access]) -> Option<(Folded, Vec<usize>)> {
    let Asked { network, graph, .. } = *asked;
    let folded = Folded::new(network, graph, asked.roots, asked.cut, wanted).ok()?;
    let walk = order::walk(&folded.core);
    (walk.cost <= HOPELESS).then_some((folded, walk.order))
}

fn up(chances: &Chances) -> Vec<f64> {
    let all = chances.all().iter();
    all.map(|chance| 1.0 - chance.unavailability).collect()
}

fn product(term: &Term, up: &[f64]) -> f64 {
    term.factors.iter().map(|x| up[*x]).product()
}

/// Returns the part of the time that a node with some terms is not reached.
fn lost(terms: &[Term], up: &[f64], reached: &[f64]) -> f64 {
    let of = |term: &Term| term.sign * product(term, up) * reached[term.want];
    1.0 - terms.iter().map(of).sum::<f64>()
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
