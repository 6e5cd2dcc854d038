//! The counts, sorted by what they can say about some segments, and how likely they are.
//!
//! An echo over a way survives with probability exp(-eta): eta is the sum of what every lossy segment on the way
//! adds, and of a background that grows with every hop. Given the segments, targets with the same ways over them
//! are one count, so that a fit costs the same for ten targets as for ten thousand. Where a target has several
//! ways, which of them its echoes took is not known and is summed over.

use std::collections::BTreeMap;

use crate::analysis::lossy::field::Field;
use crate::analysis::lossy::{Echoes, Sharing};

/// Segments that may be lossy at once. Beyond that the loss is everywhere, and blames nobody.
pub(super) const MOST: usize = 8;

/// The background can be no smaller: one echo in a million for each hop. With nothing, a single loss far from
/// everything would be impossible.
pub(super) const FLOOR: f64 = 1e-6;

/// The background that is expected, for each hop there and back: two in a thousand, where good lines lose far less.
/// What is more must be shown by many targets.
pub(super) const EXPECTED: f64 = 0.002;

/// What an echo on some way meets: hops, and how often each segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Design {
    pub(super) hops: u16,
    pub(super) passes: [u8; MOST],
}

/// Targets whose ways differ in what they meet: the ways, what each of these targets counted, and how many they are.
#[derive(Clone, Debug)]
pub(super) struct Mixture {
    ways: Vec<(usize, f64)>,
    echoes: Echoes,
    targets: f64,
}

/// The counts, sorted by what they can say about some segments.
#[derive(Clone, Debug)]
pub(super) struct Table {
    pub(super) designs: Vec<Design>,
    /// By row: its design.
    pub(super) of_row: Vec<usize>,
    /// By design: sent and lost by targets all of whose ways are of it.
    plain: Vec<(f64, f64)>,
    pub(super) mixtures: Vec<Mixture>,
    sharing: Sharing,
    pub(super) segments: usize,
}

/// What is assumed to be lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Losses {
    /// -ln of what survives, for each hop there and back.
    pub(super) background: f64,
    /// The same for each segment.
    pub(super) segments: [f64; MOST],
}

impl Losses {
    /// Returns a beginning from which no step is far.
    pub(super) fn faint() -> Self {
        Self {
            background: EXPECTED,
            segments: [0.05; MOST],
        }
    }

    pub(super) fn sum(&self, design: &Design) -> f64 {
        let segments = self.segments.iter().zip(&design.passes);
        let segments: f64 = segments.map(|(loss, times)| loss * f64::from(*times)).sum();
        self.background * f64::from(design.hops) + segments
    }
}

impl Table {
    /// Sorts the counts by what they say about some segments, by position. Cost O(rows log rows).
    pub(super) fn new(field: &Field, segments: &[usize], sharing: Sharing) -> Self {
        let mut passes = vec![[0_u8; MOST]; field.rows.len()];
        for (place, segment) in segments.iter().enumerate().take(MOST) {
            for (row, times) in &field.segments[*segment].rows {
                passes[*row as usize][place] = *times;
            }
        }
        let mut known: BTreeMap<Design, usize> = BTreeMap::new();
        let mut table = Self {
            designs: Vec::new(),
            of_row: Vec::with_capacity(field.rows.len()),
            plain: Vec::new(),
            mixtures: Vec::new(),
            sharing,
            segments: segments.len().min(MOST),
        };
        let mut mixed: BTreeMap<(Vec<(usize, u64)>, Echoes), f64> = BTreeMap::new();
        let mut ways: Vec<(usize, f64)> = Vec::new();
        for (target, (_, echoes)) in field.targets.iter().enumerate() {
            ways.clear();
            let rows = field.first[target]..field.first[target + 1];
            for (row, passes) in field.rows[rows.clone()].iter().zip(&passes[rows]) {
                let design = Design {
                    hops: row.hops,
                    passes: *passes,
                };
                let place = *known.entry(design).or_insert_with(|| {
                    table.designs.push(design);
                    table.plain.push((0.0, 0.0));
                    table.designs.len() - 1
                });
                table.of_row.push(place);
                match ways.iter_mut().find(|(known, _)| *known == place) {
                    Some((_, share)) => *share += row.share,
                    None => ways.push((place, row.share)),
                }
            }
            if let [(place, _)] = ways.as_slice() {
                let (sent, lost) = &mut table.plain[*place];
                *sent += f64::from(echoes.sent);
                *lost += f64::from(echoes.lost);
            } else {
                ways.sort_by_key(|(place, _)| *place);
                let ways = ways.iter().map(|(place, share)| (*place, share.to_bits()));
                *mixed.entry((ways.collect(), *echoes)).or_default() += 1.0;
            }
        }
        table.mixtures = mixed
            .into_iter()
            .map(|((ways, echoes), targets)| Mixture {
                ways: (ways.into_iter())
                    .map(|(place, share)| (place, f64::from_bits(share)))
                    .collect(),
                echoes,
                targets,
            })
            .collect();
        table
    }

    /// Returns the logarithm of the likelihood, and of the prior of the background.
    pub(super) fn weigh(&self, losses: &Losses) -> f64 {
        let sums: Vec<f64> = self
            .designs
            .iter()
            .map(|design| losses.sum(design))
            .collect();
        let plain: f64 = self
            .plain
            .iter()
            .zip(&sums)
            .map(|((sent, lost), sum)| term(*sent, *lost, *sum))
            .sum();
        let mixed: f64 = self
            .mixtures
            .iter()
            .map(|mixture| self.mixed(mixture, &sums))
            .sum();
        plain + mixed - losses.background / EXPECTED
    }

    fn mixed(&self, mixture: &Mixture, sums: &[f64]) -> f64 {
        let (sent, lost) = (
            f64::from(mixture.echoes.sent),
            f64::from(mixture.echoes.lost),
        );
        let ways = mixture.ways.iter();
        mixture.targets
            * match self.sharing {
                Sharing::Flows => {
                    mixed(ways.map(|(place, share)| (*share, term(sent, lost, sums[*place]))))
                }
                Sharing::Packets => {
                    let survive: f64 = ways
                        .map(|(place, share)| share * (-sums[*place]).exp())
                        .sum();
                    term(sent, lost, -survive.ln())
                }
            }
    }

    /// Returns by design what was sent and lost on it, as far as it is known which way was taken.
    pub(super) fn expected(&self, losses: &Losses) -> Vec<(f64, f64)> {
        let mut counts = self.plain.clone();
        let sums: Vec<f64> = self
            .designs
            .iter()
            .map(|design| losses.sum(design))
            .collect();
        for mixture in &self.mixtures {
            let (sent, lost) = (
                f64::from(mixture.echoes.sent),
                f64::from(mixture.echoes.lost),
            );
            let survived = sent - lost;
            match self.sharing {
                Sharing::Flows => {
                    let all = self.mixed(mixture, &sums) / mixture.targets;
                    for (place, share) in &mixture.ways {
                        let part = (share.ln() + term(sent, lost, sums[*place]) - all).exp()
                            * mixture.targets;
                        counts[*place].0 += part * sent;
                        counts[*place].1 += part * lost;
                    }
                }
                Sharing::Packets => {
                    let arrive = |sum: f64| (-sum).exp();
                    let all: f64 = mixture
                        .ways
                        .iter()
                        .map(|(place, share)| share * arrive(sums[*place]))
                        .sum();
                    for (place, share) in &mixture.ways {
                        let arrives = arrive(sums[*place]);
                        let came = survived * share * arrives / all.max(f64::MIN_POSITIVE);
                        let gone =
                            lost * share * (1.0 - arrives) / (1.0 - all).max(f64::MIN_POSITIVE);
                        counts[*place].0 += mixture.targets * (came + gone);
                        counts[*place].1 += mixture.targets * gone;
                    }
                }
            }
        }
        counts
    }
}

/// Returns the logarithm of the probability that exactly these are lost, where `sum` is -ln of what survives.
pub(super) fn term(sent: f64, lost: f64, sum: f64) -> f64 {
    let sum = sum.max(FLOOR);
    let gone = if lost > 0.0 {
        lost * (-(-sum).exp_m1()).ln()
    } else {
        0.0
    };
    gone - (sent - lost) * sum
}

/// Returns the logarithm of a sum of shares of likelihoods, which are given as logarithms.
pub(super) fn mixed(terms: impl Iterator<Item = (f64, f64)>) -> f64 {
    let (mut largest, mut sum) = (f64::NEG_INFINITY, 0.0);
    for (share, term) in terms {
        if term > largest {
            sum *= (largest - term).exp();
            largest = term;
            sum += share;
        } else {
            sum += share * (term - largest).exp();
        }
    }
    largest + sum.ln()
}
