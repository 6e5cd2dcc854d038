//! What an exploration found: for people, and `spanwatch/discover/1`.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::net::IpAddr;

use serde::Serialize;

use crate::app::discover::Explored;
use crate::inventory::import::discovered::{Dot, Sketch};
use crate::inventory::quantity::capacity_text;
use crate::report::clean;
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::words::Words;

/// Notes about single devices that the text shows; all of them stand in JSON and beside their tables.
const NOTES: usize = 20;

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    seed: IpAddr,
    seconds: f64,
    complete: bool,
    devices: Vec<Device<'a>>,
    links: Vec<Link<'a>>,
    silent: &'a BTreeSet<IpAddr>,
    outside: &'a BTreeSet<IpAddr>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Device<'a> {
    name: &'a str,
    address: Option<IpAddr>,
    addresses: &'a [IpAddr],
    credential: Option<&'a str>,
    vendor: &'a str,
    model: &'a str,
    serial: &'a str,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct Link<'a> {
    a: End<'a>,
    b: End<'a>,
    capacity: Option<u64>,
    notes: &'a [String],
}

#[derive(Debug, Serialize)]
struct End<'a> {
    /// Its place in `devices`.
    device: usize,
    name: &'a str,
    port: Option<&'a str>,
}

impl<'a> End<'a> {
    fn of(sketch: &'a Sketch, (device, port): &'a (usize, Option<String>)) -> Self {
        let dot = sketch.dots.get(*device);
        Self {
            device: *device,
            name: dot.map_or("", |dot| dot.name.as_str()),
            port: port.as_deref(),
        }
    }
}

/// Returns the document `spanwatch/discover/1`; `seed` is where it began.
#[must_use]
pub fn json(explored: &Explored, sketch: &Sketch, seed: IpAddr) -> String {
    crate::report::json::written(&Document {
        schema: "spanwatch/discover/1",
        seed,
        seconds: explored.took.as_secs_f64(),
        complete: !explored.is_late && !explored.discovery.is_full(),
        devices: sketch
            .dots
            .iter()
            .map(|dot| Device {
                name: &dot.name,
                address: dot.address,
                addresses: &dot.addresses,
                credential: dot.credential.as_deref(),
                vendor: &dot.vendor,
                model: &dot.model,
                serial: &dot.serial,
                notes: &dot.notes,
            })
            .collect(),
        links: sketch
            .lines
            .iter()
            .map(|line| Link {
                a: End::of(sketch, &line.a),
                b: End::of(sketch, &line.b),
                capacity: line.capacity,
                notes: &line.notes,
            })
            .collect(),
        silent: explored.discovery.in_vain(),
        outside: explored.discovery.beyond(),
        notes: &sketch.notes,
    })
}

/// Returns the same for people.
#[must_use]
pub fn text(explored: &Explored, sketch: &Sketch, words: &Words) -> String {
    let answered = explored.discovery.found().len();
    let counts = [
        answered,
        sketch.dots.len() - answered.min(sketch.dots.len()),
        sketch.lines.len(),
    ]
    .map(|count| count.to_string());
    let mut text = words.with("discover.found", &[&counts[0], &counts[1], &counts[2]]);
    text.push_str("\n\n");
    let mut table = Table::new(&[
        head(words, "col.name", Side::Left),
        head(words, "col.address", Side::Left),
        head(words, "col.snmp", Side::Left),
        head(words, "col.vendor", Side::Left),
        head(words, "col.model", Side::Left),
        head(words, "col.serial", Side::Left),
    ]);
    for dot in &sketch.dots {
        table.row([
            dot.name.as_str(),
            &dot.address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            dot.credential.as_deref().unwrap_or_default(),
            &dot.vendor,
            &dot.model,
            &dot.serial,
        ]);
    }
    text.push_str(&table.text(""));
    if !sketch.lines.is_empty() {
        let mut table = Table::new(&[
            head(words, "col.a", Side::Left),
            head(words, "col.b", Side::Left),
            head(words, "col.capacity", Side::Right),
        ]);
        for line in &sketch.lines {
            table.row([
                end(&sketch.dots, &line.a),
                end(&sketch.dots, &line.b),
                line.capacity.map(capacity_text).unwrap_or_default(),
            ]);
        }
        text.push('\n');
        text.push_str(&table.text(""));
    }
    text.push('\n');
    let about = sketch.dots.iter().flat_map(|dot| {
        let notes = dot.notes.iter();
        notes.map(|note| format!("{}: {}", clean(&dot.name), clean(note)))
    });
    let about: Vec<String> = about.collect();
    for line in about.iter().take(NOTES) {
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line}");
    }
    if about.len() > NOTES {
        let more = (about.len() - NOTES).to_string();
        let _ = writeln!(text, "{}", words.with("discover.more", &[&more]));
    }
    for (address, why) in &explored.unsent {
        let _ = writeln!(text, "{address}: {}", clean(why));
    }
    for note in &sketch.notes {
        let _ = writeln!(text, "{}", clean(note));
    }
    text
}

fn end(dots: &[Dot], (dot, port): &(usize, Option<String>)) -> String {
    let name = dots.get(*dot).map_or("", |dot| dot.name.as_str());
    match port {
        Some(port) => format!("{name}:{port}"),
        None => name.to_owned(),
    }
}
