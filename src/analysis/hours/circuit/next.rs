//! What a step makes of the states: its branches, where each leads what waits, and the states that come of it.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::analysis::hours::circuit::{Factor, Sink};

/// The label of a vertex that is down, and of the block that is joined to a hub; further blocks count on.
pub(super) const DOWN: u8 = 0;
pub(super) const ROOT: u8 = 1;

/// A state: its probability's slot, and what waits in it.
#[derive(Debug)]
pub(super) struct State {
    /// Labels of the frontier, then a 1 for every open group that is up.
    pub(super) code: Box<[u8]>,
    pub(super) probability: u32,
    /// By what is waited for, as its place in the layer's keys: the slot.
    pub(super) waiting: Vec<(u32, u32)>,
}

/// What a weight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Key {
    /// Labels of blocks, as bits.
    pub(super) blocks: u64,
    /// Position among `Layer::pending`.
    pub(super) pending: u32,
}

/// Where a branch leads what waits.
#[derive(Clone, Copy)]
pub(super) enum Lead {
    /// Not yet looked up.
    Unknown,
    Lost,
    /// All is reached, but for the groups of something pending.
    Gained {
        pending: u32,
    },
    /// It waits on, for a key of the next layer.
    Waits {
        key: u32,
    },
}

/// What one branch of a step does to a state.
pub(super) struct Branch<'a> {
    pub(super) factor: Factor,
    pub(super) labels: &'a [u8],
    pub(super) groups: &'a [u8],
    /// Every label as it was, to the label it now has before the frontier shrinks.
    pub(super) renamed: Renaming,
    pub(super) event: Event,
}

#[derive(Clone, Copy)]
pub(super) enum Renaming {
    Nothing,
    Merge { gone: u8, into: u8 },
}

/// What a step makes of those that wait for it.
#[derive(Clone, Copy)]
pub(super) enum Event {
    Nothing,
    Met { vertex: usize, label: u8 },
    Opened { group: usize, is_up: bool },
}

/// The states after a step, numbered as they are met: never by the order of a hash.
#[derive(Default)]
pub(super) struct Next {
    pub(super) states: Vec<State>,
    numbers: HashMap<Box<[u8]>, u32, BuildHasherDefault<Scramble>>,
    /// What is waited for in any of them.
    pub(super) keys: Vec<Key>,
    places: HashMap<Key, u32, BuildHasherDefault<Scramble>>,
    /// By state and key: the slot. Rows are as long as they need to be, and kept for the next step.
    pub(super) slots: Vec<Vec<u32>>,
    /// By branch, as what it does to labels, and key of the layer before: where it leads.
    pub(super) ways: Vec<Vec<Lead>>,
    known: HashMap<Box<[u8]>, usize, BuildHasherDefault<Scramble>>,
    /// The code of the state that a branch leads to, and what a branch does to labels.
    pub(super) code: Vec<u8>,
    does: Vec<u8>,
}

impl Next {
    pub(super) fn clear(&mut self) {
        self.states.clear();
        self.numbers.clear();
        self.keys.clear();
        self.places.clear();
        self.ways.clear();
        self.known.clear();
        for row in &mut self.slots {
            row.clear();
        }
    }

    pub(super) fn key(&mut self, key: Key) -> u32 {
        let next = self.keys.len() as u32;
        let place = *self.places.entry(key).or_insert(next);
        if place == next {
            self.keys.push(key);
        }
        place
    }

    /// Returns the place of a branch among `ways`: branches that do the same to labels lead everything to the same.
    pub(super) fn way(&mut self, branch: &Branch<'_>, names: &[u8; 64], keys: usize) -> usize {
        self.does.clear();
        let (gone, into) = match branch.renamed {
            Renaming::Nothing => (DOWN, DOWN),
            Renaming::Merge { gone, into } => (gone, into),
        };
        let event = match branch.event {
            Event::Nothing => 0,
            Event::Met { label, .. } => label,
            Event::Opened { is_up, .. } => u8::from(is_up),
        };
        self.does.extend([gone, into, event]);
        let most = branch.labels.iter().copied().fold(gone, u8::max);
        self.does.extend(&names[..=usize::from(most)]);
        if let Some(way) = self.known.get(self.does.as_slice()) {
            return *way;
        }
        let way = self.ways.len();
        self.known.insert(self.does.as_slice().into(), way);
        self.ways.push(vec![Lead::Unknown; keys]);
        way
    }

    /// Returns the number of the state whose code has been written.
    pub(super) fn number(&mut self, sink: &mut impl Sink, met: &mut usize) -> u32 {
        if let Some(number) = self.numbers.get(self.code.as_slice()) {
            return *number;
        }
        let number = self.states.len() as u32;
        if self.slots.len() == self.states.len() {
            self.slots.push(Vec::new());
        }
        let code: Box<[u8]> = self.code.as_slice().into();
        self.numbers.insert(code.clone(), number);
        *met += 1;
        self.states.push(State {
            code,
            probability: sink.slot(),
            waiting: Vec::new(),
        });
        number
    }
}

/// A quick hash of small keys that nobody chooses against us: multiply and rotate, as compilers hash their names.
#[derive(Default)]
struct Scramble(u64);

impl Hasher for Scramble {
    fn write(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..part.len()].copy_from_slice(part);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u32(&mut self, word: u32) {
        self.write_u64(u64::from(word));
    }

    fn write_u64(&mut self, word: u64) {
        self.0 = self
            .0
            .wrapping_add(word)
            .wrapping_mul(0xf135_7aea_2e62_a9c5);
    }

    fn write_usize(&mut self, word: usize) {
        self.write_u64(word as u64);
    }

    fn finish(&self) -> u64 {
        self.0.rotate_left(26)
    }
}
