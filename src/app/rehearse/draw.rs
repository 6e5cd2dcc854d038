//! Faults by a seed: the same numbers on any machine.

use crate::app::rehearse::truth::Sight;
use crate::graph::mix;
use crate::model::Element;
use crate::model::network::Network;

/// How often a second element is drawn before one fault is taken alone: in a network where everything shows, the
/// first does.
const TRIES: usize = 64;

/// Numbers that depend on a seed and on how many were drawn before, and on nothing else.
#[derive(Clone, Debug)]
pub struct Draw {
    state: u64,
}

impl Draw {
    /// Begins the numbers of one part of a rehearsal.
    #[must_use]
    pub fn of(seed: u64, part: u64) -> Self {
        Self {
            state: mix(mix(seed) ^ part),
        }
    }

    /// Returns 64 bits.
    pub fn bits(&mut self) -> u64 {
        self.state = mix(self.state);
        self.state
    }

    /// Returns a number below `end`; 0 where `end` is.
    pub fn below(&mut self, end: usize) -> usize {
        // The part of the range in proportion (Lemire 2019); for ranges this small its bias is under 2^-50.
        ((u128::from(self.bits()) * end as u128) >> 64) as usize
    }

    /// Returns true with a chance, 0..1.
    pub fn chance(&mut self, chance: f64) -> bool {
        // 53 bits are what a double holds.
        ((self.bits() >> 11) as f64 / (1_u64 << 53) as f64) < chance
    }
}

/// Returns every element whose failure alone can be seen, in order; the monitor's own place is not among them.
#[must_use]
pub fn visible(network: &Network, sight: &Sight) -> Vec<Element> {
    let own = Element::Node(network.monitor.clone());
    network
        .elements()
        .filter(|element| *element != own && !sight.seen([element]).is_nothing())
        .collect()
}

/// Draws a fault: one element, or with the chance `double` two of which neither hides the other.
///
/// Empty only where nothing can be seen at all.
pub fn fault(visible: &[Element], sight: &Sight, double: f64, draw: &mut Draw) -> Vec<Element> {
    let is_double = draw.chance(double);
    let Some(first) = visible.get(draw.below(visible.len())) else {
        return Vec::new();
    };
    for _ in 0..if is_double { TRIES } else { 0 } {
        let second = &visible[draw.below(visible.len())];
        let both = sight.seen([first, second]);
        if both != sight.seen([first]) && both != sight.seen([second]) {
            let mut elements = vec![first.clone(), second.clone()];
            elements.sort_unstable();
            return elements;
        }
    }
    vec![first.clone()]
}
