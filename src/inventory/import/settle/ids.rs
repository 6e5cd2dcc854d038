//! Which node is which: keys, the ids made of them, and what is given twice.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::inventory::import::draft::{Dot, Draft};
use crate::inventory::import::{Ids, MOST_FAULTS};
use crate::inventory::table::{error, is_id};
use crate::model::fault::Fault;

/// Returns the place of every node by what links call it; a key given twice is a fault.
pub(super) fn keys(draft: &mut Draft) -> BTreeMap<String, usize> {
    let mut keys: BTreeMap<String, usize> = BTreeMap::new();
    let mut twice = Vec::new();
    for (at, dot) in draft.dots.iter().enumerate() {
        match keys.get(&dot.key) {
            Some(first) => twice.push((at, *first)),
            None => _ = keys.insert(dot.key.clone(), at),
        }
    }
    for (at, first) in twice {
        let message = format!("The node `{}` is given twice.", draft.dots[at].key);
        let related = (draft.dots[first].place.clone(), "first here".to_owned());
        if draft.faults.len() < MOST_FAULTS {
            draft.faults.push(Fault {
                related: vec![related],
                ..error("T0153", &draft.dots[at].place, message)
            });
        }
    }
    let mut lines: BTreeMap<&str, usize> = BTreeMap::new();
    let mut twice = Vec::new();
    for (at, line) in draft.lines.iter().enumerate() {
        if let Some(key) = &line.key
            && lines.insert(key, at).is_some()
        {
            twice.push((
                line.place.clone(),
                format!("The link `{key}` is given twice."),
            ));
        }
    }
    let mut owners: BTreeMap<IpAddr, usize> = BTreeMap::new();
    for (at, dot) in draft.dots.iter().enumerate() {
        if let Some(address) = dot.address
            && owners.insert(address, at).is_some()
        {
            twice.push((
                dot.place.clone(),
                format!("The address {address} is given twice."),
            ));
        }
    }
    for (place, message) in twice {
        draft.fault("T0153", &place, message, "Correct one of them.");
    }
    keys
}

/// Returns the id of every node: as it was written where that can be an id, else made from its name.
pub(super) fn ids(draft: &mut Draft) -> Vec<String> {
    let mut ids = Ids::default();
    let keeps = |dot: &Dot| is_id(&dot.key) && !(dot.is_numbered && dot.name.is_some());
    for dot in &draft.dots {
        if keeps(dot) {
            ids.take(&dot.key);
        }
    }
    let mut made = Vec::new();
    let all = draft
        .dots
        .iter()
        .map(|dot| {
            if keeps(dot) {
                return dot.key.clone();
            }
            let words = match &dot.name {
                Some(name) if dot.is_numbered => name,
                _ => &dot.key,
            };
            let id = ids.make(words, "node");
            made.push(format!("`{words}` became `{id}`"));
            id
        })
        .collect();
    if !made.is_empty() {
        let shown = made.iter().take(3).cloned().collect::<Vec<_>>().join(", ");
        let more = made.len().saturating_sub(3);
        draft.notes.push(if more > 0 {
            format!("Ids were made from names: {shown}, and {more} more.")
        } else {
            format!("Ids were made from names: {shown}.")
        });
    }
    all
}
