//! The states between two steps, and the edges that each step lays from one layer to the next.

use std::collections::BTreeMap;

use crate::analysis::hours::circuit::next::{
    Branch, DOWN, Event, Key, Lead, Next, ROOT, Renaming, State,
};
use crate::analysis::hours::circuit::steps::{Act, Step, steps, wants_at};
use crate::analysis::hours::circuit::{Factor, GAINED, START, Sink, TooManyStates};
use crate::analysis::hours::fold::Core;

/// More blocks than this do not fit the set of blocks; a frontier so wide is out of reach anyway.
const MOST_BLOCKS: u8 = 62;

/// No slot yet.
const NONE: u32 = u32::MAX;

/// Vertices and groups that are still to be met, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    vertices: Vec<usize>,
    groups: Vec<usize>,
}

/// The states between two steps, and what has been laid so far.
pub(super) struct Layer<'a, S> {
    core: &'a Core,
    wants_at: Vec<Vec<usize>>,
    cap: usize,
    sink: S,
    /// States met in all steps together.
    met: usize,
    frontier: Vec<usize>,
    open: Vec<usize>,
    states: Vec<State>,
    /// What is waited for in these states.
    keys: Vec<Key>,
    pending: Vec<Pending>,
    known: BTreeMap<Pending, u32>,
}

/// What is over once a step is done: by place in the frontier, and among the open groups.
struct Shrinking {
    stays: Vec<bool>,
    stays_open: Vec<bool>,
    has_hub_ahead: bool,
}

impl<'a, S: Sink> Layer<'a, S> {
    /// Walks a core along an order of its vertices and lays all edges; returns them, and how many states were met.
    pub(super) fn walk(
        core: &'a Core,
        order: &[usize],
        cap: usize,
        sink: S,
    ) -> Result<(S, usize), TooManyStates> {
        let mut turn = vec![0; core.vertices.len()];
        for (at, vertex) in order.iter().enumerate() {
            turn[*vertex] = at;
        }
        let mut layer = Self {
            core,
            wants_at: wants_at(core, &turn),
            cap,
            sink,
            met: 1,
            frontier: Vec::new(),
            open: Vec::new(),
            states: vec![State {
                code: Box::default(),
                probability: START,
                waiting: Vec::new(),
            }],
            pending: vec![Pending::default()],
            keys: Vec::new(),
            known: BTreeMap::from([(Pending::default(), 0)]),
        };
        let mut next = Next::default();
        for step in steps(core, order) {
            layer.take(&step, &mut next)?;
        }
        Ok((layer.sink, layer.met))
    }

    fn take(&mut self, step: &Step, next: &mut Next) -> Result<(), TooManyStates> {
        let before = std::mem::take(&mut self.states);
        let width = self.frontier.len();
        let place = |vertex: usize| self.frontier.iter().position(|other| *other == vertex);
        let ends = match step.act {
            Act::Link(link) => {
                let [a, b] = self.core.links[link].ends;
                place(a).zip(place(b))
            }
            _ => None,
        };
        // The frontier and the open groups as they stand once the step is done, by place in the longer list.
        let mut frontier = self.frontier.clone();
        let mut open = self.open.clone();
        match step.act {
            Act::Meet(vertex) => frontier.push(vertex),
            Act::Open(group) => open.push(group),
            Act::Link(_) => {}
        }
        let shrinking = Shrinking {
            stays: frontier
                .iter()
                .map(|vertex| !step.leaving.contains(vertex))
                .collect(),
            stays_open: open
                .iter()
                .map(|group| !step.closing.contains(group))
                .collect(),
            has_hub_ahead: step.has_hub_ahead,
        };
        next.clear();
        let mut longer: Vec<u8> = Vec::new();
        for state in &before {
            let (labels, groups) = state.code.split_at(width);
            let mut follow =
                |layer: &mut Self, factor, labels: &[u8], groups: &[u8], renamed, event| {
                    let branch = Branch {
                        factor,
                        labels,
                        groups,
                        renamed,
                        event,
                    };
                    layer.follow(state, &branch, &shrinking, next)
                };
            match step.act {
                Act::Open(group) => {
                    let element = self.core.groups[group] as u32;
                    for (is_up, factor) in
                        [(true, Factor::Up(element)), (false, Factor::Down(element))]
                    {
                        longer.clear();
                        longer.extend_from_slice(groups);
                        longer.push(u8::from(is_up));
                        let event = Event::Opened { group, is_up };
                        follow(self, factor, labels, &longer, Renaming::Nothing, event)?;
                    }
                }
                Act::Meet(vertex) => {
                    let about = &self.core.vertices[vertex];
                    let element = about.element as u32;
                    let mut branch = |layer: &mut Self, factor, label| {
                        longer.clear();
                        longer.extend_from_slice(labels);
                        longer.push(label);
                        let event = Event::Met { vertex, label };
                        follow(layer, factor, &longer, groups, Renaming::Nothing, event)
                    };
                    if self.are_up(&about.groups, groups) {
                        let fresh = labels.iter().copied().fold(ROOT, u8::max) + 1;
                        if fresh > MOST_BLOCKS {
                            return Err(TooManyStates);
                        }
                        let label = if about.is_hub { ROOT } else { fresh };
                        branch(self, Factor::Up(element), label)?;
                        branch(self, Factor::Down(element), DOWN)?;
                    } else {
                        branch(self, Factor::One, DOWN)?;
                    }
                }
                Act::Link(link) => {
                    let about = &self.core.links[link];
                    let element = about.element as u32;
                    let joined = ends
                        .map(|(a, b)| (labels[a].min(labels[b]), labels[a].max(labels[b])))
                        .filter(|(into, gone)| *into != DOWN && into != gone)
                        .filter(|_| self.are_up(&about.groups, groups));
                    let still = match joined {
                        None => Factor::One,
                        Some((into, gone)) => {
                            longer.clear();
                            let merged = labels.iter().copied();
                            longer.extend(
                                merged.map(|label| if label == gone { into } else { label }),
                            );
                            let renamed = Renaming::Merge { gone, into };
                            let up = Factor::Up(element);
                            follow(self, up, &longer, groups, renamed, Event::Nothing)?;
                            Factor::Down(element)
                        }
                    };
                    let (renamed, event) = (Renaming::Nothing, Event::Nothing);
                    follow(self, still, labels, groups, renamed, event)?;
                }
            }
        }
        self.frontier = kept(&frontier, &shrinking.stays);
        self.open = kept(&open, &shrinking.stays_open);
        self.states = std::mem::take(&mut next.states);
        self.keys = std::mem::take(&mut next.keys);
        Ok(())
    }

    fn are_up(&self, groups: &[usize], bits: &[u8]) -> bool {
        groups.iter().all(|group| {
            self.open
                .iter()
                .position(|other| other == group)
                .is_none_or(|place| bits[place] == 1)
        })
    }

    /// Lays the edges of one branch from one state.
    fn follow(
        &mut self,
        state: &State,
        branch: &Branch<'_>,
        shrinking: &Shrinking,
        next: &mut Next,
    ) -> Result<(), TooManyStates> {
        // Blocks are named in the order in which the frontier shows them; what it shows no more is lost.
        let mut names = [DOWN; 64];
        names[usize::from(ROOT)] = ROOT;
        let mut fresh = ROOT + 1;
        let mut has_root = shrinking.has_hub_ahead;
        next.code.clear();
        for (label, _) in branch
            .labels
            .iter()
            .zip(&shrinking.stays)
            .filter(|(_, stays)| **stays)
        {
            let name = &mut names[usize::from(*label)];
            if *label > ROOT && *name == DOWN {
                *name = fresh;
                fresh += 1;
            }
            has_root |= *label == ROOT;
            next.code.push(*name);
        }
        let groups = branch.groups.iter().zip(&shrinking.stays_open);
        next.code
            .extend(groups.filter(|(_, stays)| **stays).map(|(bit, _)| *bit));

        let mut target: Option<u32> = None;
        if has_root {
            let number = next.number(&mut self.sink, &mut self.met);
            if self.met > self.cap {
                return Err(TooManyStates);
            }
            let to = next.states[number as usize].probability;
            self.sink.edge(state.probability, to, branch.factor);
            target = Some(number);
        }
        let way = next.way(branch, &names, self.keys.len());
        for (key, slot) in &state.waiting {
            let lead = match next.ways[way][*key as usize] {
                Lead::Unknown => {
                    let lead = match self.wait(self.keys[*key as usize], branch) {
                        Some(key) => self.lead(key, &names, next),
                        None => Lead::Lost,
                    };
                    next.ways[way][*key as usize] = lead;
                    lead
                }
                lead => lead,
            };
            self.lay(*slot, branch.factor, lead, target, next);
        }
        // Weight comes in where its first vertex is met, if that is up.
        if let Event::Met { vertex, label } = branch.event
            && label != DOWN
        {
            for place in 0..self.wants_at[vertex].len() {
                let want = self.wants_at[vertex][place];
                if let Some(key) = self.enter(want, vertex, label, branch) {
                    // The branch and the coefficient both multiply: the weight takes a slot between them.
                    let slot = self.sink.slot();
                    self.sink.edge(state.probability, slot, branch.factor);
                    let lead = self.lead(key, &names, next);
                    self.lay(slot, Factor::Want(want as u32), lead, target, next);
                }
            }
        }
        Ok(())
    }

    /// Returns what a weight waits for after the branch, in labels before the frontier shrinks; `None` if in vain.
    fn wait(&mut self, key: Key, branch: &Branch<'_>) -> Option<Key> {
        let mut key = key;
        if let Renaming::Merge { gone, into } = branch.renamed
            && key.blocks >> gone & 1 == 1
        {
            key.blocks = key.blocks & !(1 << gone) | 1 << into;
        }
        match branch.event {
            Event::Nothing => {}
            Event::Met { vertex, label } => {
                let mut rest = self.pending[key.pending as usize].clone();
                rest.vertices.retain(|other| *other != vertex);
                let rest = self.intern(rest);
                if rest != key.pending {
                    if label == DOWN {
                        return None;
                    }
                    key.blocks |= 1 << label;
                    key.pending = rest;
                }
            }
            Event::Opened { group, is_up } => {
                let mut rest = self.pending[key.pending as usize].clone();
                rest.groups.retain(|other| *other != group);
                let rest = self.intern(rest);
                if rest != key.pending && !is_up {
                    return None;
                }
                key.pending = rest;
            }
        }
        Some(key)
    }

    /// Returns what a want waits for when its first vertex has been met and is up.
    fn enter(&mut self, want: usize, vertex: usize, label: u8, branch: &Branch<'_>) -> Option<Key> {
        let want = &self.core.wants[want];
        let mut rest = Pending::default();
        for group in &want.groups {
            match self.open.iter().position(|other| other == group) {
                Some(place) if branch.groups[place] == 0 => return None,
                Some(_) => {}
                None => rest.groups.push(*group),
            }
        }
        rest.vertices
            .extend(want.vertices.iter().filter(|other| **other != vertex));
        Some(Key {
            blocks: 1 << label,
            pending: self.intern(rest),
        })
    }

    fn intern(&mut self, pending: Pending) -> u32 {
        let next = self.pending.len() as u32;
        let number = *self.known.entry(pending.clone()).or_insert(next);
        if number == next {
            self.pending.push(pending);
        }
        number
    }

    /// Returns where what waits is led once the frontier has shrunk.
    fn lead(&self, key: Key, names: &[u8; 64], next: &mut Next) -> Lead {
        let mut blocks = 0_u64;
        let mut rest = key.blocks & !(1 << ROOT);
        while rest != 0 {
            let label = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if names[label] == DOWN {
                return Lead::Lost;
            }
            blocks |= 1 << names[label];
        }
        let pending = key.pending;
        if blocks == 0 && self.pending[pending as usize].vertices.is_empty() {
            return Lead::Gained { pending };
        }
        let key = next.key(Key { blocks, pending });
        Lead::Waits { key }
    }

    /// Lays the edge of a weight to where it is led, in the target state if it waits on.
    fn lay(&mut self, from: u32, by: Factor, lead: Lead, target: Option<u32>, next: &mut Next) {
        match lead {
            Lead::Unknown | Lead::Lost => {}
            Lead::Gained { pending } => {
                // Groups not yet opened are independent of whatever led here.
                let (mut from, mut by) = (from, by);
                for group in &self.pending[pending as usize].groups {
                    let slot = self.sink.slot();
                    self.sink.edge(from, slot, by);
                    (from, by) = (slot, Factor::Up(self.core.groups[*group] as u32));
                }
                self.sink.edge(from, GAINED, by);
            }
            Lead::Waits { key } => {
                let Some(target) = target else { return };
                let slots = &mut next.slots[target as usize];
                if slots.len() <= key as usize {
                    slots.resize(key as usize + 1, NONE);
                }
                let to = &mut slots[key as usize];
                if *to == NONE {
                    *to = self.sink.slot();
                    next.states[target as usize].waiting.push((key, *to));
                }
                self.sink.edge(from, *to, by);
            }
        }
    }
}

/// Returns what stays of a list.
fn kept<T: Copy>(list: &[T], stays: &[bool]) -> Vec<T> {
    list.iter()
        .zip(stays)
        .filter(|(_, stays)| **stays)
        .map(|(one, _)| *one)
        .collect()
}
