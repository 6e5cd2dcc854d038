//! In which steps a core is walked, and what is over after each.

use crate::analysis::hours::fold::Core;

/// One element is decided, and what is over after it.
#[derive(Debug)]
pub(super) struct Step {
    pub(super) act: Act,
    /// Vertices all of whose links are decided.
    pub(super) leaving: Vec<usize>,
    /// Groups that nothing asks for any more.
    pub(super) closing: Vec<usize>,
    /// Whether a hub is still to be met.
    pub(super) has_hub_ahead: bool,
}

#[derive(Clone, Copy, Debug)]
pub(super) enum Act {
    Open(usize),
    Meet(usize),
    Link(usize),
}

/// Lays out the steps along an order.
pub(super) fn steps(core: &Core, order: &[usize]) -> Vec<Step> {
    let mut turn = vec![0; core.vertices.len()];
    for (at, vertex) in order.iter().enumerate() {
        turn[*vertex] = at;
    }
    let mut links: Vec<Vec<usize>> = vec![Vec::new(); core.vertices.len()];
    for (place, link) in core.links.iter().enumerate() {
        let [a, b] = link.ends;
        links[if turn[a] > turn[b] { a } else { b }].push(place);
    }
    let mut steps: Vec<Step> = Vec::new();
    let mut opened = vec![false; core.groups.len()];
    let mut last_of_vertex = vec![0; core.vertices.len()];
    let mut last_of_group: Vec<Option<usize>> = vec![None; core.groups.len()];
    let wants_at = wants_at(core, &turn);
    for vertex in order {
        for group in &core.vertices[*vertex].groups {
            if !std::mem::replace(&mut opened[*group], true) {
                steps.push(Step::of(Act::Open(*group)));
            }
        }
        steps.push(Step::of(Act::Meet(*vertex)));
        let wanted = wants_at[*vertex]
            .iter()
            .flat_map(|want| &core.wants[*want].groups);
        for group in core.vertices[*vertex].groups.iter().chain(wanted) {
            // What is not yet open waits in the term and needs no state here.
            if opened[*group] {
                last_of_group[*group] = Some(steps.len() - 1);
            }
        }
        last_of_vertex[*vertex] = steps.len() - 1;
        links[*vertex].sort_unstable_by_key(|link| {
            let [a, b] = core.links[*link].ends;
            (turn[a].min(turn[b]), *link)
        });
        for link in &links[*vertex] {
            for group in &core.links[*link].groups {
                if !std::mem::replace(&mut opened[*group], true) {
                    steps.push(Step::of(Act::Open(*group)));
                }
            }
            steps.push(Step::of(Act::Link(*link)));
            let now = steps.len() - 1;
            for end in core.links[*link].ends {
                last_of_vertex[end] = now;
            }
            for group in &core.links[*link].groups {
                last_of_group[*group] = Some(now);
            }
        }
    }
    for (vertex, last) in last_of_vertex.iter().enumerate() {
        if !steps.is_empty() {
            steps[*last].leaving.push(vertex);
        }
    }
    for (group, last) in last_of_group.iter().enumerate() {
        if let Some(last) = last {
            steps[*last].closing.push(group);
        }
    }
    let mut has_hub = false;
    for step in steps.iter_mut().rev() {
        step.has_hub_ahead = has_hub;
        has_hub |= matches!(step.act, Act::Meet(vertex) if core.vertices[vertex].is_hub);
    }
    steps
}

impl Step {
    fn of(act: Act) -> Self {
        Self {
            act,
            leaving: Vec::new(),
            closing: Vec::new(),
            has_hub_ahead: false,
        }
    }
}

/// Returns, by vertex, the wants whose first vertex it is.
pub(super) fn wants_at(core: &Core, turn: &[usize]) -> Vec<Vec<usize>> {
    let mut at = vec![Vec::new(); core.vertices.len()];
    for (place, want) in core.wants.iter().enumerate() {
        if let Some(first) = want.vertices.iter().min_by_key(|vertex| turn[**vertex]) {
            at[*first].push(place);
        }
    }
    at
}
