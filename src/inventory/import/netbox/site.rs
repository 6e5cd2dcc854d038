//! Sites: the device at which a circuit ends, and who is an agency.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::filter::fold::bare;
use crate::inventory::import::draft::Dot;
use crate::inventory::import::grid::Row;
use crate::inventory::import::netbox::Reader;

/// A site that joins so many others carries their traffic.
const JOINS: usize = 3;

/// Roles of devices that lead out of a site, the likeliest first.
const LEADING: &[&str] = &[
    "router", "gateway", "edge", "cpe", "firewall", "core", "switch",
];

/// Roles of devices that carry other people's traffic.
const CARRYING: &[&str] = &[
    "core",
    "distribution",
    "aggregation",
    "backbone",
    "pop",
    "transport",
    "provider",
    "spine",
];

fn rank(dot: &Dot) -> usize {
    let role = dot.role.as_deref().map(bare).unwrap_or_default();
    LEADING
        .iter()
        .position(|word| role.contains(word))
        .unwrap_or(LEADING.len())
}

/// Returns the key of the device at which a site is joined to others, made where there is none.
pub(super) fn gateway(reader: &mut Reader, row: &Row, name: &str) -> String {
    let dots = &reader.draft.dots;
    if let Some(site) = reader.sites.get(name) {
        let best = site
            .devices
            .iter()
            .min_by_key(|at| (rank(&dots[**at]), **at));
        if let Some(best) = best {
            return dots[*best].key.clone();
        }
    } else if let Some(at) = reader.devices.get(name) {
        return dots[*at].key.clone();
    }
    // A site without devices, or a provider's network: a node stands for it.
    let is_site = reader.sites.contains_key(name);
    let mut dot = Dot::new(name.to_owned(), row.place(name));
    dot.name = Some(name.to_owned());
    if let Some(site) = reader.sites.get(name) {
        dot.position = site.position;
        dot.area.clone_from(&site.region);
    } else {
        dot.role = Some("provider".to_owned());
    }
    let at = dots.len();
    reader.draft.dots.push(dot);
    reader.devices.insert(name.to_owned(), at);
    if let Some(site) = reader.sites.get_mut(name) {
        site.devices.push(at);
    }
    let what = if is_site {
        "site without a device"
    } else {
        "network of a provider"
    };
    reader.draft.notes.push(format!(
        "A circuit ends at `{name}`, a {what}; a node stands for it."
    ));
    name.to_owned()
}

/// Makes an agency of every site that does not join others, at its gateway.
pub(super) fn seat(reader: &mut Reader) {
    let mut site_of: BTreeMap<&str, &str> = BTreeMap::new();
    for (name, site) in &reader.sites {
        for at in &site.devices {
            site_of.insert(&reader.draft.dots[*at].key, name);
        }
    }
    let mut joins: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut degree: BTreeMap<&str, usize> = BTreeMap::new();
    for line in &reader.draft.lines {
        for (own, other) in [(&line.a, &line.b), (&line.b, &line.a)] {
            let there = site_of.get(other.as_str()).copied().unwrap_or(other);
            if let Some(here) = site_of.get(own.as_str())
                && *here != there
            {
                joins.entry(here).or_default().insert(there);
                *degree.entry(own).or_default() += 1;
            }
        }
    }
    let mut seats = Vec::new();
    let mut carrying = 0;
    for (name, site) in &reader.sites {
        let dots = &reader.draft.dots;
        let leads = |at: &usize| {
            let out = degree.get(dots[*at].key.as_str()).copied().unwrap_or(0);
            (Reverse(out), rank(&dots[*at]), *at)
        };
        let Some(best) = site.devices.iter().copied().min_by_key(leads) else {
            continue;
        };
        let carries = site.devices.iter().any(|at| {
            let role = dots[*at].role.as_deref().map(bare).unwrap_or_default();
            CARRYING.iter().any(|word| role.contains(word))
        });
        if carries
            || joins
                .get(name.as_str())
                .is_some_and(|others| others.len() >= JOINS)
        {
            carrying += 1;
        } else {
            seats.push((best, name.clone(), site.class.clone()));
        }
    }
    let agencies = seats.len();
    for (at, name, class) in seats {
        let dot = &mut reader.draft.dots[at];
        dot.seat = Some(name);
        dot.class = class;
    }
    if agencies > 0 {
        reader.draft.notes.push(format!(
            "{agencies} sites became agencies, each at the device that leads out of it; {carrying} join three others or more, or say so by their role, and carry traffic."
        ));
    }
}
