//! A plan to files: what a person would have written, one file for each area.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::inventory::import::plan::{Entry, Plan, Uplink};
use crate::inventory::import::{Options, quoted};
use crate::inventory::slug::slug;

/// Returns the files of a topology.
pub(crate) fn files(plan: &Plan, options: &Options) -> BTreeMap<String, String> {
    let mut files = BTreeMap::new();
    files.insert("network.toml".to_owned(), network(plan, options));
    let mut nodes = String::new();
    for node in &plan.nodes {
        nodes += &table(node);
    }
    if !nodes.is_empty() {
        files.insert(
            "nodes.toml".to_owned(),
            format!(
                "# What carries other people's traffic and was in no row of the sheet.\n{nodes}"
            ),
        );
    }
    for entry in &plan.entries {
        let file = entry.area.as_ref().map_or_else(
            || "agencies.toml".to_owned(),
            |code| {
                let name = plan
                    .areas
                    .get(code)
                    .map(|name| slug(name))
                    .unwrap_or_default();
                if name.is_empty() || name == *code {
                    format!("communes/{code}.toml")
                } else {
                    format!("communes/{code}-{name}.toml")
                }
            },
        );
        let text = files.entry(file).or_insert_with(|| match &entry.area {
            None => "# Agencies without an area.\n".to_owned(),
            Some(code) => {
                let name = plan.areas.get(code).unwrap_or(code);
                // `lat` and `lon` put it on the map.
                format!(
                    "# {name}.\n\n[[area]]\ncode = {}\nname = {}\n",
                    quoted(code),
                    quoted(name)
                )
            }
        });
        *text += &table(entry);
    }
    files
}

fn network(plan: &Plan, options: &Options) -> String {
    let mut text = format!(
        "# Written by `spanwatch import csv` from {}; from here on this is the truth and the sheet is not.\n\n\
         [network]\nid = {}\nname = {}\nexpected_agencies = {}\nhubs = [{}]\n\
         time_zone = \"Asia/Ho_Chi_Minh\"\n\n\
         [defaults.ping]\ninterval = \"10s\"\ntimeout = \"1s\"\n",
        options
            .file
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" "),
        quoted(&options.id()),
        quoted(&options.name()),
        plan.entries
            .iter()
            .filter(|entry| entry.role.is_none())
            .count(),
        quoted(&plan.hub),
    );
    for (id, name) in &plan.providers {
        // Writing to a String cannot fail.
        let _ = write!(text, "\n[provider.{id}]\nname = {}\n", quoted(name));
    }
    text
}

fn table(entry: &Entry) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut say = |key: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{key} = {value}")));
    };
    let text = |text: &Option<String>| text.as_deref().map(quoted);
    say("id", Some(quoted(&entry.id)));
    say("name", Some(quoted(&entry.name)));
    let is_agency = entry.role.is_none();
    if is_agency {
        let level = if entry.city { "city" } else { "commune" };
        say("level", Some(quoted(level)));
        say("class", text(&entry.class));
    } else {
        say("role", text(&entry.role));
    }
    say("area", text(&entry.area));
    say(
        "address",
        entry.address.map(|address| quoted(&address.to_string())),
    );
    if is_agency && entry.transit {
        say("transit", Some("true".into()));
    }
    say("snmp", text(&entry.snmp));
    if let Some((lat, lon)) = entry.position {
        say("lat", Some(lat.to_string()));
        say("lon", Some(lon.to_string()));
    }
    if is_agency {
        say("weight", entry.weight.map(|weight| weight.to_string()));
        let endpoints = [
            (
                "computers",
                entry.computers.map(|computers| computers.to_string()),
            ),
            ("antivirus", text(&entry.antivirus)),
        ];
        say("endpoints", inline(&endpoints));
        let contact = [
            ("name", text(&entry.contact)),
            ("phone", text(&entry.phone)),
            ("email", text(&entry.email)),
        ];
        say("contact", inline(&contact));
    }
    if !entry.uplinks.is_empty() {
        let uplinks: Vec<String> = entry.uplinks.iter().map(uplink).collect();
        let list = match uplinks.as_slice() {
            [one] => format!("[{one}]"),
            many => format!("[\n  {},\n]", many.join(",\n  ")),
        };
        say("uplinks", Some(list));
    }
    let head = if is_agency { "agency" } else { "node" };
    format!("\n[[{head}]]\n{}\n", lines.join("\n"))
}

fn uplink(uplink: &Uplink) -> String {
    let text = |text: &Option<String>| text.as_deref().map(quoted);
    let pairs = [
        ("id", Some(quoted(&uplink.id))),
        ("to", Some(quoted(&uplink.to))),
        ("kind", text(&uplink.kind)),
        ("provider", text(&uplink.provider)),
        ("capacity", text(&uplink.capacity)),
        ("circuit", text(&uplink.circuit)),
    ];
    inline(&pairs).unwrap_or_default()
}

/// Returns an inline table of the pairs that have a value, `None` when none has.
fn inline(pairs: &[(&str, Option<String>)]) -> Option<String> {
    let said: Vec<String> = pairs
        .iter()
        .filter_map(|(key, value)| Some(format!("{key} = {}", value.as_ref()?)))
        .collect();
    (!said.is_empty()).then(|| format!("{{ {} }}", said.join(", ")))
}
