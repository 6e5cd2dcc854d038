//! The few lossy segments that explain the counts best.
//!
//! Not a sum over all sets: steps of one segment, and at the end every segment must still be worth its place and no
//! other do better in it. Segments are looked at in the order of a bound that costs an addition for each way; only the
//! most promising are fitted together with everything else. On a day without a lossy link the bound lets nobody
//! through, and that is all there is to do.

use std::collections::BTreeMap;

use crate::analysis::lossy::field::Field;
use crate::analysis::lossy::table::{Losses, MOST, Table, mixed, term};
use crate::analysis::lossy::{Echoes, Manner, Sharing};

/// Segments that are fitted in one step.
const FITTED: usize = 12;

/// Segments that are tried in pairs: where none is worth its price alone, and in the place of one.
const PAIRED: usize = 6;

/// Segments beside which a second is looked for anew.
const BESIDE: usize = 3;

/// Losses at which the gain of a segment is looked at before it is fitted, as -ln of what survives.
const STEPS: [f64; 9] = [0.003, 0.01, 0.02, 0.04, 0.08, 0.16, 0.35, 0.8, 3.0];

/// Rounds in which segments may change places.
const ROUNDS: usize = 4;

/// Shares of the background at which the bound is taken: what one segment explains need not be everywhere.
const THINNER: [f64; 7] = [1.0, 0.7, 0.5, 0.3, 0.1, 0.03, 0.001];

/// A bound and a gain hold as long as nothing else moves; with this share of its price a segment is fitted all the same.
const SLACK: f64 = 0.5;

/// Some segments, how lossy they are, and how well that fits.
#[derive(Clone, Debug)]
pub(super) struct Guess {
    /// Positions, in the order in which they were found.
    pub(super) segments: Vec<usize>,
    pub(super) table: Table,
    pub(super) losses: Losses,
    /// The logarithm of the likelihood alone.
    pub(super) likelihood: f64,
    /// With the prior.
    pub(super) score: f64,
}

/// Looks for lossy segments in one field.
pub(super) struct Search<'a> {
    field: &'a Field,
    manner: &'a Manner,
}

impl<'a> Search<'a> {
    pub(super) fn new(field: &'a Field, manner: &'a Manner) -> Self {
        Self { field, manner }
    }

    /// Returns the heaviest guess that was found; that of no segment if nothing is heavier.
    pub(super) fn heaviest(&self) -> Guess {
        let mut best = self.guess(&[], None);
        while best.segments.len() < MOST {
            let promising = self.promising(&best);
            let mut singles: Vec<Guess> = promising
                .into_iter()
                .map(|segment| self.with(&best, segment))
                .collect();
            singles.sort_by(|one, other| other.score.total_cmp(&one.score));
            let mut next = singles.first().cloned();
            if next.as_ref().is_none_or(|next| next.score <= best.score)
                && best.segments.len() + 2 <= MOST
            {
                let pairs = [self.pair(&singles), self.beside(&singles)];
                next = (pairs.into_iter().flatten())
                    .max_by(|one, other| one.score.total_cmp(&other.score));
            }
            match next {
                Some(next) if next.score > best.score => best = self.settled(next),
                _ => break,
            }
        }
        best
    }

    /// Returns the heaviest pair of some guesses of one segment more: two that share what is lost may only together
    /// be worth their price.
    fn pair(&self, singles: &[Guess]) -> Option<Guess> {
        let singles = &singles[..singles.len().min(PAIRED)];
        let pairs = singles.iter().enumerate().flat_map(|(place, one)| {
            let others = singles[..place].iter();
            others.filter_map(move |other| Some((one, *other.segments.last()?)))
        });
        pairs
            .map(|(one, other)| self.with(one, other))
            .max_by(|one, other| one.score.total_cmp(&other.score))
    }

    /// Returns the heaviest guess of one segment more than one of the first of some guesses: what is lost behind a
    /// second may seem to be background until the first is taken.
    fn beside(&self, guesses: &[Guess]) -> Option<Guess> {
        let first = guesses.iter().take(BESIDE);
        let pairs = first.flat_map(|guess| {
            let more = self.promising(guess).into_iter();
            more.map(move |segment| self.with(guess, segment))
        });
        pairs.max_by(|one, other| one.score.total_cmp(&other.score))
    }

    /// Removes, exchanges and splits single segments while that gains.
    fn settled(&self, mut best: Guess) -> Guess {
        for _ in 0..ROUNDS {
            let mut heaviest = best.clone();
            for place in 0..best.segments.len() {
                let without = self.without(&best, place);
                let swaps = self.promising(&without).into_iter();
                let mut swaps: Vec<Guess> = swaps
                    .filter(|other| *other != best.segments[place])
                    .map(|other| self.with(&without, other))
                    .collect();
                swaps.sort_by(|one, other| other.score.total_cmp(&one.score));
                if best.segments.len() < MOST {
                    // What seems to be one link in front may be two behind it.
                    let pairs = [self.pair(&swaps), self.beside(&swaps)];
                    swaps.extend(pairs.into_iter().flatten());
                }
                for guess in swaps.into_iter().chain([without]) {
                    if guess.score > heaviest.score {
                        heaviest = guess;
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

    /// Returns a guess without one of its segments.
    pub(super) fn without(&self, guess: &Guess, place: usize) -> Guess {
        let mut segments = guess.segments.clone();
        segments.remove(place);
        self.guess(&segments, None)
    }

    /// Returns a guess with one segment more.
    pub(super) fn with(&self, guess: &Guess, segment: usize) -> Guess {
        let mut segments = guess.segments.clone();
        segments.push(segment);
        self.guess(&segments, Some(&guess.losses))
    }

    fn guess(&self, segments: &[usize], begin: Option<&Losses>) -> Guess {
        let table = Table::new(self.field, segments, self.manner.sharing);
        let begin = begin.copied().unwrap_or_else(Losses::faint);
        let (losses, likelihood) = table.fit(begin, None);
        let prior: f64 = segments.iter().map(|segment| self.price(*segment)).sum();
        Guess {
            segments: segments.to_vec(),
            table,
            losses,
            likelihood,
            score: likelihood + prior,
        }
    }

    /// Returns the logarithm of how probable it is beforehand that a segment is lossy.
    fn price(&self, segment: usize) -> f64 {
        (self.manner.odds * self.field.segments[segment].weight).ln()
    }

    /// Returns segments that may be worth their price on top of a guess, the most promising first.
    ///
    /// Two bounds stand before the fit: what the targets behind a segment can gain each by itself, which is an addition
    /// for each of them, and what those can gain that are one count. Cost O(ways × hops), and a dozen steps for each
    /// segment that both let through.
    pub(super) fn promising(&self, guess: &Guess) -> Vec<usize> {
        let thinner: Vec<Thinner> = THINNER
            .iter()
            .map(|share| Thinner::new(guess, *share, self.manner.sharing))
            .collect();
        let alone = self.alone(guess, &thinner);
        let mut by_design = vec![(0.0, 0.0); guess.table.designs.len()];
        let mut found: Vec<(f64, usize)> = Vec::new();
        for place in 0..self.field.segments.len() {
            if guess.segments.contains(&place) {
                continue;
            }
            let price = -self.price(place);
            let most = self.most(place, &alone);
            let mut pairs = most.iter().zip(&thinner);
            if !pairs.any(|(most, thinner)| most - thinner.price > SLACK * price) {
                continue;
            }
            let counts = self.counts(guess, place, &mut by_design);
            let gains = thinner
                .iter()
                .filter(|thinner| thinner.bound(&counts) > SLACK * price)
                .map(|thinner| thinner.gain(&counts));
            let gain = gains.fold(f64::NEG_INFINITY, f64::max);
            if gain > SLACK * price {
                found.push((gain - price, place));
            }
        }
        found.sort_by(|one, other| other.0.total_cmp(&one.0).then(one.1.cmp(&other.1)));
        found.truncate(FITTED);
        found.into_iter().map(|(_, place)| place).collect()
    }

    /// Returns by target what its likelihood can gain at most, for each of some thinner backgrounds.
    fn alone(&self, guess: &Guess, thinner: &[Thinner]) -> Vec<[f64; THINNER.len()]> {
        let field = self.field;
        let mut most = BTreeMap::new();
        let targets = field.targets.iter().enumerate();
        targets
            .map(|(target, (_, Echoes { sent, lost }))| {
                let mut gains = [0.0; THINNER.len()];
                if *lost == 0 {
                    return gains;
                }
                let (sent, lost) = (f64::from(*sent), f64::from(*lost));
                let (sum, most) = *most
                    .entry((sent.to_bits(), lost.to_bits()))
                    .or_insert_with(|| best(sent, lost));
                let rows = field.first[target]..field.first[target + 1];
                let ways = &guess.table.of_row[rows.clone()];
                for (gain, thinner) in gains.iter_mut().zip(thinner) {
                    // Where less is lost than expected already, more of it explains nothing.
                    if !ways.iter().any(|design| thinner.sums[*design].0 < sum) {
                        continue;
                    }
                    let now = if ways.iter().all(|design| *design == ways[0]) {
                        thinner.stands(ways[0], sent, lost)
                    } else {
                        let shares = field.rows[rows.clone()].iter().zip(ways);
                        thinner.now(shares.map(|(row, design)| (row.share, *design)), sent, lost)
                    };
                    *gain = (most - now).max(0.0);
                }
                gains
            })
            .collect()
    }

    /// Returns what all targets behind a segment can gain together, for each of the backgrounds.
    fn most(&self, place: usize, alone: &[[f64; THINNER.len()]]) -> [f64; THINNER.len()] {
        let mut most = [0.0; THINNER.len()];
        let mut before = None;
        for (row, _) in &self.field.segments[place].rows {
            let target = self.field.rows[*row as usize].target;
            if before.replace(target) != Some(target) {
                for (most, gain) in most.iter_mut().zip(&alone[target]) {
                    *most += gain;
                }
            }
        }
        most
    }

    /// Counts what a segment is in front of; nothing where nothing is lost behind it.
    fn counts(&self, guess: &Guess, place: usize, by_design: &mut [(f64, f64)]) -> Vec<Count> {
        let field = self.field;
        let mut touched: Vec<usize> = Vec::new();
        let mut counts: Vec<Count> = Vec::new();
        let mut any = 0;
        let target_of = |row: u32| field.rows[row as usize].target;
        let rows = &field.segments[place].rows;
        for crossing in rows.chunk_by(|one, other| target_of(one.0) == target_of(other.0)) {
            let target = target_of(crossing[0].0);
            let Echoes { sent, lost } = field.targets[target].1;
            any |= lost;
            if let [design] = guess.table.of_row[field.first[target]..field.first[target + 1]] {
                let (all_sent, all_lost) = &mut by_design[design];
                if *all_sent == 0.0 {
                    touched.push(design);
                }
                *all_sent += f64::from(sent);
                *all_lost += f64::from(lost);
                continue;
            }
            let mut ways: Vec<Way> = Vec::new();
            for row in field.first[target]..field.first[target + 1] {
                let design = guess.table.of_row[row];
                let crosses = crossing
                    .iter()
                    .any(|(crossing, _)| *crossing as usize == row);
                let share = field.rows[row].share;
                let same = |way: &&mut Way| way.design == design && way.crosses == crosses;
                match ways.iter_mut().find(same) {
                    Some(way) => way.share += share,
                    None => ways.push(Way {
                        design,
                        share,
                        crosses,
                    }),
                }
            }
            if let [Way { design, .. }] = ways.as_slice() {
                let (all_sent, all_lost) = &mut by_design[*design];
                if *all_sent == 0.0 {
                    touched.push(*design);
                }
                *all_sent += f64::from(sent);
                *all_lost += f64::from(lost);
                continue;
            }
            let (sent, lost) = (f64::from(sent), f64::from(lost));
            let is_as_many = |known: &Count| {
                known.sent.to_bits() == sent.to_bits() && known.lost.to_bits() == lost.to_bits()
            };
            let mut known = counts.iter_mut();
            let same = known.find(|known| is_as_many(known) && known.ways == ways);
            match same {
                Some(known) => known.targets += 1.0,
                None => counts.push(Count::new(ways, sent, lost)),
            }
        }
        counts.extend(touched.into_iter().map(|design| {
            let (sent, lost) = std::mem::take(&mut by_design[design]);
            let whole = Way {
                design,
                share: 1.0,
                crosses: true,
            };
            Count::new(vec![whole], sent, lost)
        }));
        if any == 0 {
            counts.clear();
        }
        counts
    }
}

/// What all targets behind a segment counted whose ways are of one design; or each of some targets whose ways differ alike.
struct Count {
    ways: Vec<Way>,
    targets: f64,
    sent: f64,
    lost: f64,
    /// -ln of what survived, and how likely the count is at that, which is the most.
    sum: f64,
    most: f64,
}

impl Count {
    fn new(ways: Vec<Way>, sent: f64, lost: f64) -> Self {
        let (sum, most) = best(sent, lost);
        Self {
            ways,
            targets: 1.0,
            sent,
            lost,
            sum,
            most,
        }
    }
}

/// Returns -ln of what survived of a count, and how likely the count is at that, which is the most.
fn best(sent: f64, lost: f64) -> (f64, f64) {
    let sum = -((sent - lost) / sent).max(1e-9).ln();
    (sum, term(sent, lost, sum))
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Way {
    design: usize,
    share: f64,
    crosses: bool,
}

/// A guess with less background: what one segment explains need not be everywhere.
struct Thinner {
    /// By design: -ln of what survives, and ln of what is lost.
    sums: Vec<(f64, f64)>,
    /// What it costs that the background explains less.
    price: f64,
    sharing: Sharing,
}

impl Thinner {
    fn new(guess: &Guess, share: f64, sharing: Sharing) -> Self {
        let mut losses = guess.losses;
        losses.background *= share;
        let designs = guess.table.designs.iter();
        Self {
            sums: designs
                .map(|design| {
                    let sum = losses.sum(design);
                    (sum, term(1.0, 1.0, sum))
                })
                .collect(),
            price: (guess.likelihood - guess.table.weigh(&losses)).max(0.0),
            sharing,
        }
    }

    /// Returns how likely a count of one design is now.
    fn stands(&self, design: usize, sent: f64, lost: f64) -> f64 {
        let (sum, gone) = self.sums[design];
        lost * gone - (sent - lost) * sum
    }

    /// Returns how likely a count is now whose ways are of several designs.
    fn now(&self, ways: impl Iterator<Item = (f64, usize)>, sent: f64, lost: f64) -> f64 {
        match self.sharing {
            Sharing::Flows => {
                mixed(ways.map(|(share, design)| (share, self.stands(design, sent, lost))))
            }
            Sharing::Packets => {
                let survive = ways.map(|(share, design)| share * (-self.sums[design].0).exp());
                term(sent, lost, -survive.sum::<f64>().ln())
            }
        }
    }

    /// Returns how likely a count is if the segment loses as much more.
    fn weigh(&self, count: &Count, more: f64) -> f64 {
        let sums = count.ways.iter().map(|way| {
            let more = if way.crosses { more } else { 0.0 };
            (way.share, self.sums[way.design].0 + more)
        });
        let weight = match (count.ways.as_slice(), self.sharing) {
            ([way], _) => term(count.sent, count.lost, self.sums[way.design].0 + more),
            (_, Sharing::Flows) => {
                mixed(sums.map(|(share, sum)| (share, term(count.sent, count.lost, sum))))
            }
            (_, Sharing::Packets) => {
                let survive: f64 = sums.map(|(share, sum)| share * (-sum).exp()).sum();
                term(count.sent, count.lost, -survive.ln())
            }
        };
        count.targets * weight
    }

    /// Returns what the likelihood of some counts can gain at most, if they need not lose alike.
    fn bound(&self, counts: &[Count]) -> f64 {
        let gains = counts.iter().map(|count| {
            let crossing = count.ways.iter().filter(|way| way.crosses);
            // Where less is lost than expected already, more of it explains nothing.
            let mut sums = crossing.map(|way| self.sums[way.design].0);
            if !sums.any(|sum| sum < count.sum) {
                return 0.0;
            }
            let (sent, lost) = (count.sent, count.lost);
            let now = match count.ways.as_slice() {
                [way] => self.stands(way.design, sent, lost),
                ways => self.now(ways.iter().map(|way| (way.share, way.design)), sent, lost),
            };
            (count.most - now).max(0.0) * count.targets
        });
        gains.sum::<f64>() - self.price
    }

    /// Returns what it gains if all of them lose as much more, the best of some losses.
    fn gain(&self, counts: &[Count]) -> f64 {
        let before: f64 = counts.iter().map(|count| self.weigh(count, 0.0)).sum();
        let after =
            |more: &f64| -> f64 { counts.iter().map(|count| self.weigh(count, *more)).sum() };
        let after = STEPS.iter().map(after);
        after.fold(f64::NEG_INFINITY, f64::max) - before - self.price
    }
}
