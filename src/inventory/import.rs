//! Other people's lists to TOML, as a person would have written it: the door of the importers.
//!
//! An importer is pure: text in, files and notes out. It never guesses silently; what it chose is a note, what
//! it could not read is a fault with its line. What it writes is meant to be read, edited and kept in git, so
//! that the list is imported once and not every night.

pub mod csv;
pub mod discovered;
pub mod graphml;
pub mod netbox;
pub mod pairs;
pub mod sndlib;

mod cell;
mod draft;
mod grid;
mod plan;
mod settle;
mod sheet;
mod write;
mod written;

use std::collections::{BTreeMap, BTreeSet};

use crate::inventory::slug::slug;

/// What the importer wrote, and what it chose.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// Texts by file name below the topology folder.
    pub files: BTreeMap<String, String>,
    /// What it chose, one sentence each, in the order of the list.
    pub notes: Vec<String>,
}

/// What a list does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// What faults call the list: its path.
    pub file: String,
    /// The network's id; else what the list says, or made from the name.
    pub id: Option<String>,
    /// The network's name; else what the list says, or the file's own.
    pub name: Option<String>,
    /// The hub, by name, id or address; else the place to which the most lead.
    pub hub: Option<String>,
    /// Every node becomes an agency of weight 1 that carries other people's traffic.
    pub all_agencies: bool,
}

impl Options {
    /// Returns the network's name: as it was given, else the file's.
    pub(crate) fn name(&self) -> String {
        // Of several files the first gives its name.
        let first = self.file.split(", ").next().unwrap_or_default();
        let file = first.rsplit(['/', '\\']).next().unwrap_or_default();
        let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
        let given = self.name.as_deref().unwrap_or(stem);
        let name = cell::clean(given);
        if name.is_empty() || name == "-" {
            "Network".to_owned()
        } else {
            name
        }
    }

    /// Returns the network's id: as it was given, else made from its name.
    pub(crate) fn id(&self) -> String {
        if let Some(id) = &self.id {
            return id.clone();
        }
        let slug = slug(&self.name());
        if slug.is_empty() {
            "network".to_owned()
        } else {
            slug
        }
    }
}

/// One file of several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// What faults call it: its path.
    pub name: String,
    /// The whole text.
    pub text: String,
}

/// More faults than these are one mistake made often.
const MOST_FAULTS: usize = 200;

/// A list with more nodes or links than this is no network that a topology is kept of by hand.
pub(crate) const MOST_THINGS: usize = 200_000;

/// Longer ids made from names are cut at a word: two of them and `--` still make a link's id.
const LONGEST_ID: usize = 28;

/// Ids that are taken, and a way to new ones.
#[derive(Debug, Default)]
pub(crate) struct Ids(BTreeSet<String>);

impl Ids {
    /// Takes an id as it was written; `false` when it is taken.
    pub(crate) fn take(&mut self, id: &str) -> bool {
        self.0.insert(id.to_owned())
    }

    /// Makes an id from a name: folded, cut, and numbered when it is taken.
    pub(crate) fn make(&mut self, name: &str, otherwise: &str) -> String {
        let slug = slug(name);
        let mut short = slug.as_str();
        if short.len() > LONGEST_ID {
            let cut = &short[..LONGEST_ID];
            short = match cut.rsplit_once('-') {
                Some((before, _)) if !slug[LONGEST_ID..].starts_with('-') => before,
                _ => cut,
            };
        }
        if short.is_empty() {
            short = otherwise;
        }
        self.numbered(short)
    }

    /// Makes an id for a link from the ids of its ends.
    pub(crate) fn link(&mut self, from: &str, to: &str) -> String {
        let whole = format!("{from}--{to}");
        if whole.len() <= 58 {
            return self.numbered(&whole);
        }
        let cut: String = from.chars().take(54).collect();
        self.numbered(&format!("{cut}--up"))
    }

    fn numbered(&mut self, id: &str) -> String {
        let mut chosen = id.to_owned();
        let mut number = 2;
        while !self.take(&chosen) {
            chosen = format!("{id}-{number}");
            number += 1;
        }
        chosen
    }
}

/// Returns a text as a TOML value, on one line.
pub(crate) fn quoted(text: &str) -> String {
    let one_line: String = text.split_whitespace().collect::<Vec<_>>().join(" ");
    toml::Value::String(one_line).to_string()
}
