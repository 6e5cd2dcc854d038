//! A ratio that was counted, and how sure it is.
//!
//! 2 of 16 is 12.5 %, and anything from 1.6 % to 38 %; whoever shows or judges a ratio takes the interval.

/// Returns the exact (Clopper and Pearson 1934) interval of a ratio of `hits` in `trials` at confidence
/// `1 - alpha`, two-sided; both 0..1. No trials say nothing: 0 to 1.
///
/// Found by bisection on the binomial tail, which for the few trials of a window is quick and needs no beta
/// function.
#[must_use]
pub fn interval(hits: u32, trials: u32, alpha: f64) -> (f64, f64) {
    if trials == 0 {
        return (0.0, 1.0);
    }
    let tail = alpha / 2.0;
    let low_ways = ln_choose(hits, trials);
    let high_ways = ln_choose(hits + 1, trials);
    // Nothing or everything lost, by far the most frequent, has a closed form.
    let edge = tail.powf(1.0 / f64::from(trials));
    let low = match hits {
        0 => 0.0,
        _ if hits >= trials => edge,
        _ => solve(|p| tail_from(hits, trials, p, low_ways) < tail),
    };
    let high = match hits {
        0 => 1.0 - edge,
        _ if hits >= trials => 1.0,
        _ => solve(|p| tail_from(hits + 1, trials, p, high_ways) < 1.0 - tail),
    };
    (low, high)
}

/// Returns the ratio at which `below` turns false.
fn solve(below: impl Fn(f64) -> bool) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..36 {
        let middle = f64::midpoint(low, high);
        *(if below(middle) { &mut low } else { &mut high }) = middle;
    }
    f64::midpoint(low, high)
}

/// Returns the probability of at least `hits` in `trials` at ratio `p`, 0 < p < 1.
#[must_use]
pub fn at_least(hits: u32, trials: u32, p: f64) -> f64 {
    tail_from(hits, trials, p, ln_choose(hits, trials))
}

/// Returns the ratio up to which at least `hits` in `trials` are as rare as `chance`, 0..1: the lower end of the exact
/// interval at `1 - 2 chance`.
#[must_use]
pub fn most_at(hits: u32, trials: u32, chance: f64) -> f64 {
    interval(hits, trials, 2.0 * chance).0
}

/// Returns the probability of at least `hits`; `ways` is `ln_choose` of both, which a search needs but once.
fn tail_from(hits: u32, trials: u32, p: f64, ways: f64) -> f64 {
    if hits == 0 {
        return 1.0;
    }
    if hits > trials {
        return 0.0;
    }
    // Summed from the largest term of the smaller tail outward, so that nothing underflows that matters.
    if f64::from(hits) > f64::from(trials) * p {
        sum(hits, trials, p, ways)
    } else {
        // "At most hits - 1 are lost" is "at least trials - hits + 1 are not".
        let not = trials - hits + 1;
        let ways = ways + (f64::from(hits) / f64::from(not)).ln();
        1.0 - sum(not, trials, 1.0 - p, ways)
    }
}

/// Returns the logarithm of the number of ways to choose `some` of `all`; 0 where there are not so many.
fn ln_choose(some: u32, all: u32) -> f64 {
    let Some(rest) = all.checked_sub(some) else {
        return 0.0;
    };
    // To choose some is to leave the rest; the smaller of the two is counted.
    (0..some.min(rest))
        .map(|i| (f64::from(all - i) / f64::from(i + 1)).ln())
        .sum()
}

/// Sums the binomial terms from `first` to `trials`; `ways` is the logarithm of the first coefficient.
fn sum(first: u32, trials: u32, p: f64, ways: f64) -> f64 {
    let q = 1.0 - p;
    let mut term = (ways + f64::from(first) * p.ln() + f64::from(trials - first) * q.ln()).exp();
    let mut total = 0.0;
    for k in first..=trials {
        total += term;
        term *= f64::from(trials - k) / f64::from(k + 1) * (p / q);
        if term < total * 1e-17 {
            break;
        }
    }
    total.min(1.0)
}
