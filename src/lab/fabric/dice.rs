//! What is left to chance in the fabric, by basic arithmetic only.
//!
//! A library's logarithm may differ in its last bit from one system to the next, and one bit decides which of two
//! answers comes first. What is computed here is the same on every machine; and as each packet waits at each link,
//! a table is several times quicker too.

use std::f64::consts::{LN_2, LOG2_E};

use crate::graph::mix;

/// The step of `SplitMix64` (Steele, Lea and Flood 2014): odd, and near the golden ratio.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// Parts of the table.
const PARTS: usize = 256;

/// One, in numbers that count 2^-32nds.
const ONE: u64 = 1 << 32;

/// -log2(1 - v / 2) for v from 0 to 1 in equal parts, in 2^-32nds.
const HALVING: &[u64; PARTS + 1] = &halving();

/// Sums -ln(1 - x) = x + x^2 / 2 + x^3 / 3 + ... for x up to a half: sixty terms are more than a double holds.
#[expect(clippy::cast_sign_loss, reason = "no term is negative")]
const fn halving() -> [u64; PARTS + 1] {
    let mut table = [0; PARTS + 1];
    let mut place = 0;
    while place <= PARTS {
        let x = place as f64 / (2 * PARTS) as f64;
        let (mut power, mut sum) = (1.0, 0.0);
        let mut term = 1;
        while term <= 60 {
            power *= x;
            sum += power / term as f64;
            term += 1;
        }
        table[place] = (sum * LOG2_E * ONE as f64) as u64;
        place += 1;
    }
    table
}

/// How long something waits for a thing that happens at random, in whole numbers: a packet waits at each link, and
/// numbers with a point would take a third longer.
#[derive(Clone, Copy, Debug)]
pub(super) struct Waits {
    /// What it takes at least, in 2^-20ths.
    base: u64,
    /// The time in which the chance that it still waits halves, in 2^-20ths.
    half: u64,
}

impl Waits {
    /// Ten means: nobody waits longer.
    #[expect(clippy::cast_sign_loss, reason = "no factor is negative")]
    const MOST: u64 = (10.0 * LOG2_E * ONE as f64) as u64;

    /// Makes one that takes `base` and, in the mean, `mean` more; neither is negative.
    #[expect(clippy::cast_sign_loss, reason = "neither is negative")]
    pub(super) fn new(base: f64, mean: f64) -> Self {
        let fine = f64::from(1 << 20);
        Self {
            base: (base * fine) as u64,
            half: (mean * LN_2 * fine) as u64,
        }
    }

    /// Draws one, in whole units.
    pub(super) fn draw(self, dice: &mut Dice) -> u64 {
        let halvings = dice.halvings().min(Self::MOST);
        let waits = (u128::from(halvings) * u128::from(self.half)) >> 32;
        (self.base + waits as u64) >> 20
    }
}

/// Random numbers that depend on the seed and on how many were drawn before, and on nothing else.
#[derive(Clone, Debug)]
pub(super) struct Dice {
    state: u64,
}

impl Dice {
    pub(super) fn new(seed: u64) -> Self {
        Self { state: mix(seed) }
    }

    fn bits(&mut self) -> u64 {
        let bits = mix(self.state);
        self.state = self.state.wrapping_add(STEP);
        bits
    }

    /// Returns a number in 0..1, 1 excluded.
    pub(super) fn throw(&mut self) -> f64 {
        // 53 bits are what a double holds.
        (self.bits() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// Returns a number from 0 up that is exponential with mean 1: the time to the next of what happens at random once
    /// in a unit of time.
    pub(super) fn wait(&mut self) -> f64 {
        self.halvings() as f64 / ONE as f64 * LN_2
    }

    /// Returns the same in 2^-32nds of the time in which the chance that it has not happened yet halves.
    ///
    /// It is how often it halves, which the leading zeros of random bits tell, and the part of the next halving, which
    /// other bits tell; interpolated, it is right to 3e-6.
    fn halvings(&mut self) -> u64 {
        let bits = self.bits();
        // The low forty bits are touched by the leading zeros once in sixteen million.
        let place = (bits >> 32) as usize % PARTS;
        let within = bits & u64::from(u32::MAX);
        let (low, high) = (HALVING[place], HALVING[place + 1]);
        let part = low + (((high - low) * within) >> 32);
        (u64::from(bits.leading_zeros()) << 32) + part
    }
}
