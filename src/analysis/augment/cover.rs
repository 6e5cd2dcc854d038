//! The cheapest set of columns that covers every row: weighted set cover, exact by a mixed-integer programme.
//!
//! Rows are cuts, columns are offers. Reductions come first, because they leave little: a row that another implies,
//! a column that a cheaper one replaces, a row that has one column only. What is left falls into parts that share
//! nothing, each a programme of its own.

use std::collections::{BTreeMap, BTreeSet};

use microlp::{ComparisonOp, OptimizationDirection, Problem, SolveOptions, SolveOutcome};

/// Branches of one programme; the hardest part of the networks seen took fewer than ten.
const MOST_BRANCHES: u64 = 5_000;

/// Columns are compared each with each only below this.
const MOST_COMPARED: usize = 3_000;

/// A cover and how good it is.
pub(super) struct Covered {
    /// Columns, ascending.
    pub(super) chosen: Vec<usize>,
    /// No cover costs less.
    pub(super) least: f64,
    /// Whether this one costs just that.
    pub(super) is_optimal: bool,
}

/// Finds the cheapest columns that cover all rows; rows are ascending and not empty.
///
/// At equal costs the same rows give the same columns.
pub(super) fn cheapest(rows: &BTreeSet<Vec<usize>>, costs: &[f64]) -> Covered {
    let mut covered = Covered {
        chosen: Vec::new(),
        least: 0.0,
        is_optimal: true,
    };
    let left = reduce(rows.iter().cloned().collect(), costs, &mut covered.chosen);
    covered.least = covered.chosen.iter().fold(0.0, |sum, at| sum + costs[*at]);
    for part in parts(left) {
        let (chosen, least, is_optimal) = programme(&part, costs);
        covered.chosen.extend(chosen);
        covered.least += least;
        covered.is_optimal &= is_optimal;
    }
    covered.chosen.sort_unstable();
    covered.chosen = needed(rows, costs, covered.chosen);
    covered
}

/// Adds columns to `begun` until all rows are covered, always the one that costs least for each row that it is the
/// first to cover, ties to the lowest.
pub(super) fn greedy(rows: &BTreeSet<Vec<usize>>, costs: &[f64], begun: &[usize]) -> Vec<usize> {
    let mut chosen: BTreeSet<usize> = begun.iter().copied().collect();
    let mut open: Vec<&Vec<usize>> = rows.iter().collect();
    loop {
        open.retain(|row| !row.iter().any(|column| chosen.contains(column)));
        let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
        for column in open.iter().copied().flatten() {
            *counts.entry(*column).or_default() += 1;
        }
        let price = |column: usize, count: usize| costs[column] / count as f64;
        let best = counts.into_iter().min_by(|one, other| {
            price(one.0, one.1)
                .total_cmp(&price(other.0, other.1))
                .then(one.0.cmp(&other.0))
        });
        match best {
            Some((column, _)) => _ = chosen.insert(column),
            None => break,
        }
    }
    chosen.into_iter().collect()
}

/// Drops columns that the others make needless, the dearest first.
fn needed(rows: &BTreeSet<Vec<usize>>, costs: &[f64], chosen: Vec<usize>) -> Vec<usize> {
    let mut kept: BTreeSet<usize> = chosen.iter().copied().collect();
    let mut order = chosen;
    order.sort_by(|one, other| costs[*other].total_cmp(&costs[*one]).then(other.cmp(one)));
    // How many of the kept each row has.
    let count = |row: &Vec<usize>, kept: &BTreeSet<usize>| {
        row.iter().filter(|at| kept.contains(at)).count()
    };
    let mut counts: Vec<usize> = rows.iter().map(|row| count(row, &kept)).collect();
    for column in order {
        let has: Vec<usize> = rows
            .iter()
            .enumerate()
            .filter(|(_, row)| row.binary_search(&column).is_ok())
            .map(|(at, _)| at)
            .collect();
        if has.iter().all(|at| counts[*at] > 1) {
            kept.remove(&column);
            for at in has {
                counts[at] -= 1;
            }
        }
    }
    kept.into_iter().collect()
}

/// Returns whether all of one ascending list is in another.
fn is_within(one: &[usize], other: &[usize]) -> bool {
    let mut rest = other.iter();
    one.len() <= other.len() && one.iter().all(|item| rest.any(|each| each == item))
}

/// Takes out rows and columns that change no answer, and those columns that every answer has, until nothing changes.
fn reduce(mut rows: Vec<Vec<usize>>, costs: &[f64], taken: &mut Vec<usize>) -> Vec<Vec<usize>> {
    loop {
        let before: usize = rows.iter().map(Vec::len).sum();
        let forced: BTreeSet<usize> = rows
            .iter()
            .filter(|row| row.len() == 1)
            .flatten()
            .copied()
            .collect();
        rows.retain(|row| !row.iter().any(|column| forced.contains(column)));
        taken.extend(forced);
        // A row that holds all of another is covered with it.
        rows.sort_by(|one, other| one.len().cmp(&other.len()).then(one.cmp(other)));
        let mut kept: Vec<Vec<usize>> = Vec::new();
        for row in rows {
            if !kept.iter().any(|other| is_within(other, &row)) {
                kept.push(row);
            }
        }
        rows = kept;
        let needless = replaced(&rows, costs);
        for row in &mut rows {
            row.retain(|column| !needless.contains(column));
        }
        let after: usize = rows.iter().map(Vec::len).sum();
        if after == before {
            return rows;
        }
    }
}

/// Returns the columns of which another covers as much for no more; of two that are equal the later.
fn replaced(rows: &[Vec<usize>], costs: &[f64]) -> BTreeSet<usize> {
    let mut covers: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        for column in row {
            covers.entry(*column).or_default().push(at);
        }
    }
    let mut columns: Vec<(usize, Vec<usize>)> = covers.into_iter().collect();
    columns
        .sort_by(|(one, _), (other, _)| costs[*one].total_cmp(&costs[*other]).then(one.cmp(other)));
    let mut needless = BTreeSet::new();
    if columns.len() > MOST_COMPARED {
        let mut seen: BTreeSet<&[usize]> = BTreeSet::new();
        for (column, covered) in &columns {
            if !seen.insert(covered) {
                needless.insert(*column);
            }
        }
        return needless;
    }
    for (at, (column, covered)) in columns.iter().enumerate() {
        let is_replaced = columns.iter().enumerate().any(|(other_at, (other, more))| {
            let cheaper =
                other_at < at || (costs[*other] <= costs[*column] && more.len() > covered.len());
            other != column && cheaper && !needless.contains(other) && is_within(covered, more)
        });
        if is_replaced {
            needless.insert(*column);
        }
    }
    needless
}

/// Finds the first row of a part, and shortens the way there.
fn root(above: &mut [usize], mut at: usize) -> usize {
    while above[at] != at {
        above[at] = above[above[at]];
        at = above[at];
    }
    at
}

/// Splits rows into parts that share no column, each in the order of its first row.
fn parts(rows: Vec<Vec<usize>>) -> Vec<Vec<Vec<usize>>> {
    let mut above: Vec<usize> = (0..rows.len()).collect();
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for (at, row) in rows.iter().enumerate() {
        for column in row {
            let other = *first.entry(*column).or_insert(at);
            let (one, other) = (root(&mut above, at), root(&mut above, other));
            above[one.max(other)] = one.min(other);
        }
    }
    let mut parts: BTreeMap<usize, Vec<Vec<usize>>> = BTreeMap::new();
    for (at, row) in rows.into_iter().enumerate() {
        parts.entry(root(&mut above, at)).or_default().push(row);
    }
    parts.into_values().collect()
}

/// Solves one part: the columns, what no cover costs less than, and whether this one costs just that.
fn programme(rows: &[Vec<usize>], costs: &[f64]) -> (Vec<usize>, f64, bool) {
    let set: BTreeSet<Vec<usize>> = rows.iter().cloned().collect();
    let columns: Vec<usize> = set
        .iter()
        .flatten()
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let dearest = columns
        .iter()
        .map(|column| costs[*column])
        .fold(0.0, f64::max);
    // Near one, whatever the unit of the network: the solver's tolerances are absolute.
    let unit = if dearest > 0.0 { dearest } else { 1.0 };
    let begun = needed(&set, costs, greedy(&set, costs, &[]));
    let price = |chosen: &[usize]| chosen.iter().map(|column| costs[*column]).sum::<f64>();
    let solve = |is_whole: bool| {
        let mut problem = Problem::new(OptimizationDirection::Minimize);
        let variables: BTreeMap<usize, microlp::Variable> = columns
            .iter()
            .map(|column| {
                let cost = costs[*column] / unit;
                let variable = if is_whole {
                    problem.add_binary_var(cost)
                } else {
                    problem.add_var(cost, (0.0, 1.0))
                };
                (*column, variable)
            })
            .collect();
        for row in &set {
            let terms: Vec<_> = row.iter().map(|column| (variables[column], 1.0)).collect();
            problem.add_constraint(terms, ComparisonOp::Ge, 1.0);
        }
        let mut options = SolveOptions::default();
        options.node_limit = Some(MOST_BRANCHES);
        if is_whole {
            let start = variables
                .iter()
                .map(|(column, variable)| (*variable, f64::from(u8::from(begun.contains(column)))));
            options.warm_start = Some(start.collect());
        }
        problem
            .solve_with(options)
            .map(|outcome| (outcome, variables))
    };
    let relaxed = relaxed(solve(false).ok().map(|(outcome, _)| outcome), unit);
    // A sum of whole prices is whole, which often closes the gap without a single branch.
    let is_counted = columns.iter().all(|column| costs[*column].fract() == 0.0);
    let least = if is_counted { relaxed.ceil() } else { relaxed };
    let cost = price(&begun);
    if cost <= least {
        return (begun, cost, true);
    }
    if let Ok((SolveOutcome::Solution(solution), variables)) = solve(true) {
        let chosen: Vec<usize> = variables
            .iter()
            .filter(|(_, variable)| solution.var_value(**variable) > 0.5)
            .map(|(column, _)| *column)
            .collect();
        // A solver's word is checked: every row has one of them, or the answer is not used.
        let is_cover = set.iter().all(|row| {
            row.iter()
                .any(|column| chosen.binary_search(column).is_ok())
        });
        let found = price(&chosen);
        if is_cover && solution.status() == microlp::SolutionStatus::Optimal {
            return (chosen, found, true);
        }
        if is_cover && found < cost {
            return (chosen, least.min(found), false);
        }
    }
    (begun, least.min(cost), false)
}

/// The objective of the programme without whole numbers, a little less for what is rounded; 0 where there is none.
fn relaxed(outcome: Option<SolveOutcome>, unit: f64) -> f64 {
    match outcome {
        Some(SolveOutcome::Solution(solution)) => {
            let objective = solution.objective();
            ((objective - 1e-9 * objective.abs().max(1.0)) * unit).max(0.0)
        }
        _ => 0.0,
    }
}
