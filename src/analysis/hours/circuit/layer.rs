//! The states between two steps, and the edges that each step lays from one layer to the next.

use std::collections::{BTreeMap, HashMap};

use crate::analysis::hours::circuit::steps::{Act, Step, wants_at};
use crate::analysis::hours::circuit::{Circuit, Edge, Factor, GAINED, START, TooManyStates};
use crate::analysis::hours::fold::Core;

/// More blocks than this do not fit the set of blocks; a frontier so wide is out of reach anyway.
const MOST_BLOCKS: u8 = 62;

/// The label of a vertex that is down, and of the block that is joined to a hub; further blocks count on.
const DOWN: u8 = 0;
const ROOT: u8 = 1;

/// A state: its probability's slot, and what waits in it.
#[derive(Debug)]
struct State {
    /// Labels of the frontier, then a 1 for every open group that is up.
    code: Box<[u8]>,
    probability: u32,
    /// By blocks that must be joined to a hub and what must still be met: the slot.
    waiting: Vec<(Key, u32)>,
}

/// What a weight waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Key {
    /// Labels of blocks, as bits.
    blocks: u64,
    /// Position among `Layer::pending`.
    pending: u32,
}

/// Vertices and groups that are still to be met, ascending.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
struct Pending {
    vertices: Vec<usize>,
    groups: Vec<usize>,
}

/// The states between two steps, and the circuit so far.
pub(super) struct Layer<'a> {
    core: &'a Core,
    wants_at: Vec<Vec<usize>>,
    cap: usize,
    pub(super) circuit: Circuit,
    frontier: Vec<usize>,
    open: Vec<usize>,
    states: Vec<State>,
    pending: Vec<Pending>,
    known: BTreeMap<Pending, u32>,
}

/// What one branch of a step does to a state.
struct Branch {
    factor: Factor,
    labels: Vec<u8>,
    groups: Vec<u8>,
    /// Every label as it was, to the label it now has before the frontier shrinks.
    renamed: Renaming,
    event: Event,
}

#[derive(Clone, Copy)]
enum Renaming {
    Nothing,
    Merge { gone: u8, into: u8 },
}

/// What a step makes of those that wait for it.
#[derive(Clone, Copy)]
enum Event {
    Nothing,
    Met { vertex: usize, label: u8 },
    Opened { group: usize, is_up: bool },
}

impl<'a> Layer<'a> {
    pub(super) fn new(core: &'a Core, order: &[usize], cap: usize) -> Self {
        let mut turn = vec![0; core.vertices.len()];
        for (at, vertex) in order.iter().enumerate() {
            turn[*vertex] = at;
        }
        Self {
            core,
            wants_at: wants_at(core, &turn),
            cap,
            circuit: Circuit {
                slots: 2,
                edges: Vec::new(),
                states: 1,
            },
            frontier: Vec::new(),
            open: Vec::new(),
            states: vec![State {
                code: Box::default(),
                probability: START,
                waiting: Vec::new(),
            }],
            pending: vec![Pending::default()],
            known: BTreeMap::from([(Pending::default(), 0)]),
        }
    }

    pub(super) fn take(&mut self, step: &Step) -> Result<(), TooManyStates> {
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
        let stays: Vec<bool> = frontier
            .iter()
            .map(|vertex| !step.leaving.contains(vertex))
            .collect();
        let stays_open: Vec<bool> = open
            .iter()
            .map(|group| !step.closing.contains(group))
            .collect();
        let mut next = Next {
            states: Vec::new(),
            numbers: HashMap::new(),
        };
        for state in &before {
            let (labels, groups) = state.code.split_at(width);
            let mut branches: Vec<Branch> = Vec::with_capacity(2);
            match step.act {
                Act::Open(group) => {
                    for is_up in [true, false] {
                        let element = self.core.groups[group] as u32;
                        let mut groups = groups.to_vec();
                        groups.push(u8::from(is_up));
                        branches.push(Branch {
                            factor: if is_up {
                                Factor::Up(element)
                            } else {
                                Factor::Down(element)
                            },
                            labels: labels.to_vec(),
                            groups,
                            renamed: Renaming::Nothing,
                            event: Event::Opened { group, is_up },
                        });
                    }
                }
                Act::Meet(vertex) => {
                    let about = &self.core.vertices[vertex];
                    let element = about.element as u32;
                    let can_be_up = self.are_up(&about.groups, groups);
                    let mut branch = |factor, label| {
                        let mut labels = labels.to_vec();
                        labels.push(label);
                        branches.push(Branch {
                            factor,
                            labels,
                            groups: groups.to_vec(),
                            renamed: Renaming::Nothing,
                            event: Event::Met { vertex, label },
                        });
                    };
                    if can_be_up {
                        let fresh = labels.iter().copied().fold(ROOT, u8::max) + 1;
                        if fresh > MOST_BLOCKS {
                            return Err(TooManyStates);
                        }
                        branch(Factor::Up(element), if about.is_hub { ROOT } else { fresh });
                        branch(Factor::Down(element), DOWN);
                    } else {
                        branch(Factor::One, DOWN);
                    }
                }
                Act::Link(link) => {
                    let about = &self.core.links[link];
                    let element = about.element as u32;
                    let still = |factor| Branch {
                        factor,
                        labels: labels.to_vec(),
                        groups: groups.to_vec(),
                        renamed: Renaming::Nothing,
                        event: Event::Nothing,
                    };
                    let joined = ends
                        .map(|(a, b)| (labels[a].min(labels[b]), labels[a].max(labels[b])))
                        .filter(|(into, gone)| *into != DOWN && into != gone)
                        .filter(|_| self.are_up(&about.groups, groups));
                    match joined {
                        None => branches.push(still(Factor::One)),
                        Some((into, gone)) => {
                            let merged = labels
                                .iter()
                                .map(|label| if *label == gone { into } else { *label })
                                .collect();
                            branches.push(Branch {
                                factor: Factor::Up(element),
                                labels: merged,
                                groups: groups.to_vec(),
                                renamed: Renaming::Merge { gone, into },
                                event: Event::Nothing,
                            });
                            branches.push(still(Factor::Down(element)));
                        }
                    }
                }
            }
            for branch in branches {
                self.follow(state, &branch, &stays, &stays_open, step, &mut next)?;
            }
        }
        self.frontier = kept(&frontier, &stays);
        self.open = kept(&open, &stays_open);
        self.states = next.states;
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
        branch: &Branch,
        stays: &[bool],
        stays_open: &[bool],
        step: &Step,
        next: &mut Next,
    ) -> Result<(), TooManyStates> {
        // Blocks are named in the order in which the frontier shows them; what it shows no more is lost.
        let mut names = [DOWN; 64];
        names[usize::from(ROOT)] = ROOT;
        let mut fresh = ROOT + 1;
        let mut has_root = step.has_hub_ahead;
        let mut code: Vec<u8> = Vec::with_capacity(branch.labels.len() + branch.groups.len());
        for (label, _) in branch.labels.iter().zip(stays).filter(|(_, stays)| **stays) {
            let name = &mut names[usize::from(*label)];
            if *label > ROOT && *name == DOWN {
                *name = fresh;
                fresh += 1;
            }
            has_root |= *label == ROOT;
            code.push(*name);
        }
        code.extend(kept(&branch.groups, stays_open));

        let mut target: Option<usize> = None;
        if has_root {
            let number = next.number(code, &mut self.circuit);
            if self.circuit.states > self.cap {
                return Err(TooManyStates);
            }
            self.circuit.edges.push(Edge {
                from: state.probability,
                to: next.states[number].probability,
                by: branch.factor,
            });
            target = Some(number);
        }
        for (key, slot) in &state.waiting {
            if let Some(key) = self.wait(*key, branch) {
                self.lead(*slot, key, branch.factor, &names, target, next);
            }
        }
        // Weight comes in where its first vertex is met, if that is up.
        if let Event::Met { vertex, label } = branch.event
            && label != DOWN
        {
            for place in 0..self.wants_at[vertex].len() {
                let want = self.wants_at[vertex][place];
                if let Some(key) = self.enter(want, vertex, label, branch) {
                    // The branch and the coefficient both multiply: the weight takes a slot between them.
                    let slot = self.circuit.slot();
                    self.circuit.edges.push(Edge {
                        from: state.probability,
                        to: slot,
                        by: branch.factor,
                    });
                    self.lead(slot, key, Factor::Want(want as u32), &names, target, next);
                }
            }
        }
        Ok(())
    }

    /// Returns what a weight waits for after the branch, in labels before the frontier shrinks; `None` if in vain.
    fn wait(&mut self, key: Key, branch: &Branch) -> Option<Key> {
        let mut key = key;
        if let Renaming::Merge { gone, into } = branch.renamed
            && key.blocks >> gone & 1 == 1
        {
            key.blocks = key.blocks & !(1 << gone) | 1 << into;
        }
        let pending = &self.pending[key.pending as usize];
        match branch.event {
            Event::Met { vertex, label } if pending.vertices.contains(&vertex) => {
                if label == DOWN {
                    return None;
                }
                key.blocks |= 1 << label;
                let mut rest = pending.clone();
                rest.vertices.retain(|other| *other != vertex);
                key.pending = self.intern(rest);
            }
            Event::Opened { group, is_up } if pending.groups.contains(&group) => {
                if !is_up {
                    return None;
                }
                let mut rest = pending.clone();
                rest.groups.retain(|other| *other != group);
                key.pending = self.intern(rest);
            }
            _ => {}
        }
        Some(key)
    }

    /// Returns what a want waits for when its first vertex has been met and is up.
    fn enter(&mut self, want: usize, vertex: usize, label: u8, branch: &Branch) -> Option<Key> {
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

    /// Leads a weight to where it waits next: gained, lost, or in the target state.
    fn lead(
        &mut self,
        from: u32,
        key: Key,
        by: Factor,
        names: &[u8; 64],
        target: Option<usize>,
        next: &mut Next,
    ) {
        let mut blocks = 0_u64;
        let mut rest = key.blocks & !(1 << ROOT);
        while rest != 0 {
            let label = rest.trailing_zeros() as usize;
            rest &= rest - 1;
            if names[label] == DOWN {
                return;
            }
            blocks |= 1 << names[label];
        }
        let pending = &self.pending[key.pending as usize];
        let to = if blocks == 0 && pending.vertices.is_empty() {
            // All is reached, and groups not yet opened are independent of whatever led here.
            let (mut from, mut by) = (from, by);
            for group in &pending.groups {
                let slot = self.circuit.slot();
                self.circuit.edges.push(Edge { from, to: slot, by });
                (from, by) = (slot, Factor::Up(self.core.groups[*group] as u32));
            }
            self.circuit.edges.push(Edge {
                from,
                to: GAINED,
                by,
            });
            return;
        } else {
            let Some(target) = target else { return };
            let key = Key {
                blocks,
                pending: key.pending,
            };
            let waiting = &mut next.states[target].waiting;
            if let Some((_, slot)) = waiting.iter().find(|(other, _)| *other == key) {
                *slot
            } else {
                let slot = self.circuit.slot();
                waiting.push((key, slot));
                slot
            }
        };
        self.circuit.edges.push(Edge { from, to, by });
    }
}

/// The states after a step, numbered as they are met: never by the order of a hash.
struct Next {
    states: Vec<State>,
    numbers: HashMap<Box<[u8]>, usize>,
}

impl Next {
    fn number(&mut self, code: Vec<u8>, circuit: &mut Circuit) -> usize {
        let code = code.into_boxed_slice();
        if let Some(number) = self.numbers.get(&code) {
            return *number;
        }
        let number = self.states.len();
        self.numbers.insert(code.clone(), number);
        circuit.states += 1;
        let probability = circuit.slot();
        self.states.push(State {
            code,
            probability,
            waiting: Vec::new(),
        });
        number
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
