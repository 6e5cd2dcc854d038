//! `SNDlib`'s native format (Orlowski, Wessäly, Pióro, Tomaszewski 2010, <http://sndlib.zib.de>): nodes and links of a
//! planning problem.
//!
//! Sections of lines in parentheses: `id ( x y )` and `id ( from to ) capacity cost routing_cost setup_cost (..)`.
//! Coordinates are longitude and latitude, where they can be; some of its networks are drawn in pixels, which is
//! noted. Demands and admissible paths belong to the problem and not to the network.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::inventory::Faults;
use crate::inventory::import::cell::clean;
use crate::inventory::import::draft::{Dot, Draft, Line};
use crate::inventory::import::settle::settle;
use crate::inventory::import::{Imported, Input, Options};
use crate::inventory::table::place;
use crate::model::fault::{Place, Source};
use crate::model::network::Position;

/// Imports a network of `SNDlib`.
///
/// Faults are `T0159` at the line that cannot be read, and those of every import. Cost O(n log n).
pub fn import(input: &Input, options: &Options) -> Result<Imported, Faults> {
    let source = Arc::new(Source {
        name: input.name.clone(),
        text: input.text.clone(),
    });
    let mut draft = Draft::default();
    read(&source, &mut draft);
    if !draft.faults.is_empty() {
        return Err(Faults(draft.faults));
    }
    settle(draft, options, "sndlib")
}

fn read(source: &Arc<Source>, draft: &mut Draft) {
    let mut section: Option<String> = None;
    let mut unused: BTreeMap<String, usize> = BTreeMap::new();
    let mut far = 0;
    let mut depth = 0;
    let mut seen_nodes = false;
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let words = line.trim_start_matches('\u{FEFF}').trim();
        let at = start + line.find(words).unwrap_or_default();
        start += line.len();
        if words.is_empty() || words.starts_with(['#', '?']) {
            continue;
        }
        let spot = || place(source, at..at + words.len());
        let Some(name) = &section else {
            let Some(name) = words.strip_suffix('(') else {
                let help = "A network in SNDlib's native format begins with `?SNDlib native format; type: network; version: 1.0`, and its sections with `NODES (` and `LINKS (`. Its XML format is another.";
                let message = "Here a section should begin.".to_owned();
                draft.fault("T0159", &spot(), message, help);
                return;
            };
            section = Some(name.trim().to_owned());
            depth = 0;
            continue;
        };
        // Paths are lists in a list: only the outer one ends the section.
        let (opened, closed) = (words.matches('(').count(), words.matches(')').count());
        let is_end = closed > depth + opened;
        depth = (depth + opened).saturating_sub(closed);
        if is_end {
            seen_nodes |= name == "NODES";
            section = None;
            continue;
        }
        match name.as_str() {
            "NODES" => node(words, &spot(), draft, &mut far),
            "LINKS" => link(words, &spot(), draft),
            other => *unused.entry(clean(other)).or_default() += 1,
        }
        if draft.is_full(&spot()) {
            return;
        }
    }
    let end = source.text.len();
    let place = place(source, end..end);
    if let Some(name) = &section {
        let message = format!("The section {} is never closed.", clean(name));
        draft.fault(
            "T0159",
            &place,
            message,
            "The file may have been cut; it ends with `)`.",
        );
    } else if !seen_nodes {
        let help = "It should hold `NODES (` ... `)`.";
        draft.fault("T0159", &place, "There is no section NODES.".into(), help);
    }
    if far > 0 {
        draft.notes.push(format!(
            "{far} positions are no degrees and were left out; the network is drawn on paper."
        ));
    }
    unused.remove("META");
    for (name, lines) in unused {
        draft
            .notes
            .push(format!("The section {name} ({lines} lines) is not used."));
    }
}

/// Splits a line into words; parentheses are words of their own.
fn split(words: &str) -> Vec<String> {
    words
        .replace('(', " ( ")
        .replace(')', " ) ")
        .split_whitespace()
        .map(clean)
        .collect()
}

fn node(words: &str, place: &Place, draft: &mut Draft, far: &mut usize) {
    let parts = split(words);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let (id, at) = match parts.as_slice() {
        [id] => (*id, None),
        [id, "(", x, y, ")"] => match (x.parse::<f64>(), y.parse::<f64>()) {
            (Ok(x), Ok(y)) => (*id, Some((x, y))),
            _ => return wrong(draft, place, "node", "Gent ( 3.72 51.05 )"),
        },
        _ => return wrong(draft, place, "node", "Gent ( 3.72 51.05 )"),
    };
    let mut dot = Dot::new(id.to_owned(), place.clone());
    if let Some((lon, lat)) = at {
        if lat.abs() <= 90.0 && lon.abs() <= 180.0 {
            dot.position = Some(Position { lat, lon });
        } else {
            *far += 1;
        }
    }
    draft.dots.push(dot);
}

fn link(words: &str, place: &Place, draft: &mut Draft) {
    let example = "L1 ( Gent Brugge ) 0.00 0.00 1.00 50.00 ( 40.00 140.00 )";
    let parts = split(words);
    let parts: Vec<&str> = parts.iter().map(String::as_str).collect();
    let [id, "(", a, b, ")", rest @ ..] = parts.as_slice() else {
        return wrong(draft, place, "link", example);
    };
    let mut line = Line::new((*a).to_owned(), (*b).to_owned(), place.clone());
    line.key = Some((*id).to_owned());
    // Capacity and its cost, routing cost, setup cost; their unit is the network's own.
    let mut numbers = [0.0; 4];
    for (slot, word) in numbers.iter_mut().zip(rest) {
        match word.parse::<f64>() {
            Ok(number) if number.is_finite() => *slot = number,
            _ if *word == "UNLIMITED" => {}
            _ => return wrong(draft, place, "link", example),
        }
    }
    let [_, _, routing, setup] = numbers;
    if (1.0..=1_000_000.0).contains(&routing) && routing.fract() == 0.0 {
        #[expect(clippy::cast_sign_loss, reason = "it lies between 1 and a million")]
        let metric = routing as u32;
        line.metric = Some(metric);
    }
    line.cost_build = Some(setup).filter(|cost| (f64::MIN_POSITIVE..=1e15).contains(cost));
    draft.lines.push(line);
}

fn wrong(draft: &mut Draft, place: &Place, what: &str, example: &str) {
    let help = format!("It should look like `{example}`.");
    draft.fault("T0159", place, format!("This is not a {what}."), &help);
}
