//! A draft to a network: ids, ends, the hub, who is an agency and who carries traffic, decided once for all formats.
//!
//! What the file does not say is chosen by a rule that a note names. The hard choice is who carries traffic: an
//! agency with two uplinks is no router, so one carries traffic only if it is told, or if somebody would
//! otherwise hang on nothing.

mod build;
mod found;
mod ids;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::net::IpAddr;

use crate::filter::fold::{bare, nearest};
use crate::inventory::Faults;
use crate::inventory::import::draft::{Dot, Draft, beginning};
use crate::inventory::import::{Imported, Options, written};

/// Names that were not found get a suggestion only so often: each costs a walk over all names.
const MOST_SUGGESTIONS: usize = 5;

/// Decides a draft and writes it; `format` is the word of the command line.
///
/// Faults are `T0153` (a name twice), `T0158` (an end or hub that nothing bears). Cost O(n log n).
pub(crate) fn settle(
    mut draft: Draft,
    options: &Options,
    format: &str,
) -> Result<Imported, Faults> {
    let settled = Settled::of(&mut draft, options);
    let hub = settled.hub(&mut draft, options);
    match hub {
        Some(hub) if draft.faults.is_empty() => {
            let parts = settled.parts(&mut draft, options, hub);
            Ok(Imported {
                files: written::files(&parts, &origin(format, options)),
                notes: draft.notes,
            })
        }
        _ => Err(Faults(draft.faults)),
    }
}

/// Says in one line where the files come from.
pub(crate) fn origin(format: &str, options: &Options) -> String {
    let file: Vec<&str> = options.file.split_whitespace().collect();
    format!(
        "Written by `spanwatch import {format}` from {}; from here on this is the truth and the list is not.",
        file.join(" ")
    )
}

/// Ids of nodes and the ends of links, by place in the draft.
struct Settled {
    ids: Vec<String>,
    /// Both ends of every link that is kept.
    ends: Vec<Option<(usize, usize)>>,
    /// Distinct neighbours of every node.
    neighbours: Vec<BTreeSet<usize>>,
}

impl Settled {
    fn of(draft: &mut Draft, options: &Options) -> Self {
        if draft.dots.is_empty() && draft.faults.is_empty() {
            let place = beginning(&options.file);
            draft.fault("T0158", &place, "There is no node in it.".into(), "");
        }
        let keys = ids::keys(draft);
        let ids = ids::ids(draft);
        let mut names: BTreeMap<String, Option<usize>> = BTreeMap::new();
        for (at, dot) in draft.dots.iter().enumerate() {
            if let Some(name) = &dot.name {
                // A name that two bear names neither.
                names
                    .entry(bare(name))
                    .and_modify(|known| *known = None)
                    .or_insert(Some(at));
            }
        }
        let mut neighbours = vec![BTreeSet::new(); draft.dots.len()];
        let mut loops = 0;
        let mut suggested = 0;
        let mut ends = Vec::with_capacity(draft.lines.len());
        let mut missing = Vec::new();
        for line in &draft.lines {
            let mut find = |end: &String| {
                let by_name = || names.get(&bare(end)).copied().flatten();
                let found = keys.get(end).copied().or_else(by_name);
                if found.is_none() {
                    suggested += 1;
                    let near = (suggested <= MOST_SUGGESTIONS)
                        .then(|| nearest(end, keys.keys().map(String::as_str)))
                        .flatten();
                    let help = near.map_or_else(
                        || "Add it to the nodes, or correct the link.".to_owned(),
                        |near| format!("Did you mean `{near}`?"),
                    );
                    let message = format!("A link ends at `{end}`, which is no node here.");
                    missing.push((line.place.clone(), message, help));
                }
                found
            };
            let (a, b) = (find(&line.a), find(&line.b));
            ends.push(match (a, b) {
                (Some(a), Some(b)) if a != b => {
                    neighbours[a].insert(b);
                    neighbours[b].insert(a);
                    Some((a, b))
                }
                (Some(_), Some(_)) => {
                    loops += 1;
                    None
                }
                _ => None,
            });
        }
        for (place, message, help) in missing {
            draft.fault("T0158", &place, message, &help);
        }
        if loops > 0 {
            draft.notes.push(format!(
                "{loops} links end where they begin and were left out."
            ));
        }
        Self {
            ids,
            ends,
            neighbours,
        }
    }

    /// Returns the hub: the one that was named, else one whose role says it, else the node of most neighbours in
    /// the largest piece, ties to the first.
    fn hub(&self, draft: &mut Draft, options: &Options) -> Option<usize> {
        if let Some(wanted) = &options.hub {
            let address = wanted.parse::<IpAddr>().ok();
            let by_key = draft.dots.iter().position(|dot| dot.key == *wanted);
            let by_id = self.ids.iter().position(|id| id == wanted);
            let found = by_key.or(by_id).or_else(|| {
                let is_it = |dot: &Dot| {
                    (address.is_some() && dot.address == address)
                        || bare(&dot.key) == bare(wanted)
                        || dot
                            .name
                            .as_ref()
                            .is_some_and(|name| bare(name) == bare(wanted))
                };
                draft.dots.iter().position(is_it)
            });
            if found.is_none() {
                let names = draft.dots.iter().filter_map(|dot| dot.name.as_deref());
                let words = self.ids.iter().map(String::as_str).chain(names);
                let help = nearest(wanted, words).map_or_else(
                    || "Give its id, name or address.".to_owned(),
                    |near| format!("Did you mean `{near}`?"),
                );
                let place = beginning(&options.file);
                let message = format!("No node is called `{wanted}`, which should be the hub.");
                draft.fault("T0158", &place, message, &help);
            }
            return found;
        }
        let told = draft.dots.iter().position(|dot| {
            dot.role.as_deref().is_some_and(|role| {
                matches!(bare(role).as_str(), "hub" | "data centre" | "data center")
            })
        });
        if told.is_some() {
            return told;
        }
        let piece = self.largest_piece();
        let chosen = piece
            .into_iter()
            .max_by_key(|at| (self.neighbours[*at].len(), std::cmp::Reverse(*at)))?;
        draft.notes.push(format!(
            "The hub is `{}`, which has the most neighbours; name another with `--hub ID`.",
            self.ids[chosen]
        ));
        Some(chosen)
    }

    fn largest_piece(&self) -> Vec<usize> {
        let mut seen = vec![false; self.neighbours.len()];
        let mut largest = Vec::new();
        for start in 0..seen.len() {
            if seen[start] {
                continue;
            }
            seen[start] = true;
            let mut piece = vec![start];
            let mut at = 0;
            while let Some(&node) = piece.get(at) {
                at += 1;
                for &next in &self.neighbours[node] {
                    if !seen[next] {
                        seen[next] = true;
                        piece.push(next);
                    }
                }
            }
            if piece.len() > largest.len() {
                largest = piece;
            }
        }
        largest
    }

    /// Returns, for every node, whether it is an agency.
    fn agencies(&self, draft: &mut Draft, options: &Options, hub: usize) -> Vec<bool> {
        if options.all_agencies {
            return vec![true; draft.dots.len()];
        }
        let is_told = |dot: &Dot| dot.agency == Some(true) || dot.seat.is_some();
        if draft.dots.iter().any(is_told) {
            return draft
                .dots
                .iter()
                .map(|dot| dot.agency == Some(true))
                .collect();
        }
        let mut count = 0;
        let chosen = draft
            .dots
            .iter()
            .enumerate()
            .map(|(at, dot)| {
                let is_leaf = self.neighbours[at].len() <= 1;
                let is_agency = at != hub && is_leaf && dot.agency.is_none() && dot.role.is_none();
                count += usize::from(is_agency);
                is_agency
            })
            .collect();
        draft.notes.push(format!(
            "Nothing says who is an agency: the {count} nodes with one neighbour became agencies; `--all-agencies` makes every node one."
        ));
        chosen
    }

    /// Returns, for every node, whether it carries other people's traffic.
    fn transit(
        &self,
        draft: &mut Draft,
        options: &Options,
        hub: usize,
        agencies: &[bool],
    ) -> Vec<bool> {
        if options.all_agencies {
            return vec![true; agencies.len()];
        }
        let mut transit: Vec<bool> = draft
            .dots
            .iter()
            .zip(agencies)
            .map(|(dot, is_agency)| dot.transit.unwrap_or(!is_agency && dot.seat.is_none()))
            .collect();
        transit[hub] = true;
        let mut reached = vec![false; transit.len()];
        let mut waiting = VecDeque::from([hub]);
        // Agencies that were reached and would carry more; the nearest to the hub first.
        let mut stopped: VecDeque<usize> = VecDeque::new();
        reached[hub] = true;
        let mut made = Vec::new();
        loop {
            while let Some(node) = waiting.pop_front() {
                if !transit[node] {
                    stopped.push_back(node);
                    continue;
                }
                for &next in &self.neighbours[node] {
                    if !reached[next] {
                        reached[next] = true;
                        waiting.push_back(next);
                    }
                }
            }
            let Some(node) = stopped.pop_front() else {
                break;
            };
            // Where the file says that it carries nothing, it carries nothing.
            let hangs = self.neighbours[node].iter().any(|next| !reached[*next]);
            if hangs && draft.dots[node].transit.is_none() {
                transit[node] = true;
                made.push(self.ids[node].clone());
                waiting.push_back(node);
            }
        }
        if !made.is_empty() {
            draft.notes.push(format!(
                "Others hang on {}, so that they carry traffic.",
                some_of(&made)
            ));
        }
        transit
    }
}

fn some_of(ids: &[String]) -> String {
    let shown: Vec<String> = ids.iter().take(3).map(|id| format!("`{id}`")).collect();
    match ids.len().saturating_sub(3) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
