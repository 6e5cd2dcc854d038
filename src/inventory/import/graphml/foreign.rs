//! Other people's graphs: what their data keys mean by their usual names.
//!
//! The Topology Zoo writes `label`, `Latitude`, `LinkSpeedRaw`; yEd writes labels inside its drawings; Gephi writes
//! whatever columns there were. What no rule knows is noted, and left.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::fold::bare;
use crate::inventory::import::cell::{address, capacity, clean, kind, number, yes};
use crate::inventory::import::draft::{Dot, Draft, Line};
use crate::inventory::import::graphml::document::{Datum, Document, Item};
use crate::inventory::quantity;
use crate::inventory::slug::slug;
use crate::model::network::Position;

/// Returns what a graph calls its network.
pub(super) fn name(document: &Document) -> Option<String> {
    let said = &document.graph.data;
    let name = ["Network", "name", "label", "title"]
        .iter()
        .find_map(|key| said.get(*key));
    let name = clean(&name?.text);
    (!name.is_empty() && name.len() <= 200).then_some(name)
}

/// Returns the nodes and links of a graph.
pub(super) fn draft(document: &Document) -> Draft {
    let mut draft = Draft::default();
    let mut unused: BTreeSet<String> = BTreeSet::new();
    let ends: BTreeSet<&String> = document
        .edges
        .iter()
        .flat_map(|edge| [&edge.source, &edge.target])
        .flatten()
        .collect();
    let mut frames = 0;
    for item in &document.nodes {
        let is_end = item.id.as_ref().is_some_and(|id| ends.contains(id));
        if item.is_group && !is_end {
            frames += 1;
        } else {
            node(item, &mut draft, &mut unused);
        }
    }
    if frames > 0 {
        draft.notes.push(format!(
            "{frames} frames around other nodes were left out; no edge ends at them."
        ));
    }
    for item in &document.edges {
        edge(item, &mut draft, &mut unused);
    }
    if !unused.is_empty() {
        let names: Vec<String> = unused.iter().map(|name| format!("`{name}`")).collect();
        draft.notes.push(format!(
            "These data keys are not used: {}.",
            names.join(", ")
        ));
    }
    draft
}

/// The values of one item by the folded names of their keys; what is taken is known.
struct Values<'i> {
    found: BTreeMap<String, (&'i str, &'i Datum)>,
}

impl<'i> Values<'i> {
    fn of(item: &'i Item) -> Self {
        let found = item
            .data
            .iter()
            .map(|(name, datum)| (slug(name).replace('-', " "), (name.as_str(), datum)))
            .collect();
        Self { found }
    }

    fn take(&mut self, names: &[&str]) -> Option<&'i Datum> {
        names
            .iter()
            .find_map(|name| self.found.remove(*name))
            .map(|(_, datum)| datum)
    }

    fn text(&mut self, names: &[&str]) -> Option<String> {
        let text = clean(&self.take(names)?.text);
        (!text.is_empty() && text != "None").then_some(text)
    }

    /// Takes a value that a rule reads; one that it cannot read is a fault at its place.
    fn told<T>(
        &mut self,
        draft: &mut Draft,
        names: &[&str],
        what: &str,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let datum = self.take(names)?;
        let text = clean(&datum.text);
        if text.is_empty() || text == "None" {
            return None;
        }
        let value = read(&text);
        if value.is_none() {
            let shown: String = text.chars().take(60).collect();
            draft.fault(
                "T0154",
                &datum.place,
                format!("`{shown}` is not {what}."),
                "",
            );
        }
        value
    }

    fn rest(self, unused: &mut BTreeSet<String>) {
        // A file has few keys; a hostile one is not repeated at length.
        for (name, _) in self.found.into_values() {
            if unused.len() < 40 {
                unused.insert(clean(name).chars().take(60).collect());
            }
        }
    }
}

/// Numbers that a program gave: `7`, yEd's `n7` and `n0::n7`.
fn is_numbered(key: &str) -> bool {
    key.split("::").all(|part| {
        let digits = part.strip_prefix(['n', 'e']).unwrap_or(part);
        !digits.is_empty() && digits.chars().all(|c| c.is_ascii_digit())
    })
}

fn node(item: &Item, draft: &mut Draft, unused: &mut BTreeSet<String>) {
    let mut values = Values::of(item);
    let mut dot = Dot::new(item.id.clone().unwrap_or_default(), item.place.clone());
    dot.is_numbered = is_numbered(&dot.key);
    dot.name = values
        .text(&["name", "label", "title"])
        .or_else(|| item.label.clone());
    dot.address = values.told(
        draft,
        &["address", "ip", "ip address", "ipv4", "management ip"],
        "an address",
        |text| address(text).ok(),
    );
    let mut degrees = |names: &[&str], most: f64| {
        values.told(draft, names, "in degrees", |text| {
            number(text).filter(|degrees| degrees.abs() <= most)
        })
    };
    let lat = degrees(&["latitude", "lat"], 90.0);
    let lon = degrees(&["longitude", "lon", "lng", "long"], 180.0);
    dot.position = lat.zip(lon).map(|(lat, lon)| Position { lat, lon });
    dot.transit = values.told(draft, &["transit"], "true or false", yes);
    match values.text(&["role"]) {
        Some(role) if matches!(bare(&role).as_str(), "agency" | "co quan") => {
            dot.agency = Some(true);
        }
        role => dot.role = role,
    }
    if let Some(datum) = values.take(&["is agency", "agency"]) {
        dot.agency = yes(&datum.text).or(dot.agency);
    }
    dot.weight = values.text(&["weight"]).and_then(|text| {
        // Gephi gives everything a weight of its own, often broken.
        text.parse().ok().filter(|weight| *weight <= 1_000_000)
    });
    dot.class = values.text(&["class"]);
    dot.area = values.text(&["area", "commune", "ward"]);
    dot.vendor = values.text(&["vendor", "manufacturer"]);
    dot.model = values.text(&["model"]);
    dot.serial = values.text(&["serial", "serial number"]);
    dot.risks = names(values.text(&["risk", "risk group", "srlg"]).as_ref());
    values.rest(unused);
    draft.dots.push(dot);
}

fn edge(item: &Item, draft: &mut Draft, unused: &mut BTreeSet<String>) {
    let mut values = Values::of(item);
    let (a, b) = (item.source.clone(), item.target.clone());
    let mut line = Line::new(
        a.unwrap_or_default(),
        b.unwrap_or_default(),
        item.place.clone(),
    );
    let written = item.id.clone().or_else(|| values.text(&["id"]));
    line.key = written.filter(|key| !is_numbered(key));
    values.take(&["id", "key"]);
    line.a_port = values
        .text(&["source port", "port a"])
        .or_else(|| item.source_port.clone());
    line.b_port = values
        .text(&["target port", "port b"])
        .or_else(|| item.target_port.clone());
    line.kind = values
        .text(&["kind", "linktype", "link type", "media"])
        .map(|text| kind(&text));
    line.capacity = speed(&mut values, item);
    line.metric = values
        .text(&["metric"])
        .and_then(|text| text.parse().ok())
        .filter(|metric| (1..=1_000_000).contains(metric));
    line.provider = values.text(&["provider", "carrier"]);
    line.circuit = values.text(&["circuit"]);
    line.risks = names(
        values
            .text(&["risk", "risk group", "srlg", "duct"])
            .as_ref(),
    );
    line.length_km = values
        .text(&["length km", "km"])
        .and_then(|text| number(&text))
        .filter(|km| (0.0..=50_000.0).contains(km));
    values.rest(unused);
    draft.lines.push(line);
}

/// Returns bits a second: a plain number, a number with a unit, or what a label says.
fn speed(values: &mut Values<'_>, item: &Item) -> Option<u64> {
    let plain = values.text(&["capacity", "linkspeedraw", "link speed raw", "bandwidth"]);
    let speed = values.text(&["linkspeed", "link speed", "speed"]);
    let unit = values
        .text(&["linkspeedunits", "link speed units"])
        .unwrap_or_default();
    let labels = [
        values.text(&["linklabel", "link label", "label"]),
        item.label.clone(),
    ];
    values.take(&["linknote", "link note"]);
    let read = |text: &str| quantity::capacity(&capacity(text)?).ok();
    let bits = |text: &str| {
        let number = number(text).filter(|bits| (1.0..=1e18).contains(bits))?;
        #[expect(clippy::cast_sign_loss, reason = "it is at least 1")]
        let bits = number as u64;
        Some(bits)
    };
    plain
        .and_then(|text| bits(&text).or_else(|| read(&text)))
        .or_else(|| read(&format!("{}{unit}", speed?)))
        .or_else(|| labels.into_iter().flatten().find_map(|text| read(&text)))
}

fn names(text: Option<&String>) -> Vec<String> {
    text.into_iter()
        .flat_map(|text| text.split([',', ';', '|']))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}
