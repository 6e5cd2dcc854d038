//! One TOML table while it is read, key by key, so that all its faults come out and not only the first.
//!
//! Whatever asks for a key makes it known; keys that nobody asked for are faults when the table is closed. So
//! there is no second list of keys that could differ from the first.

pub(crate) mod value;

use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use unicode_normalization::UnicodeNormalization;

use crate::filter::fold::nearest;
use crate::inventory::slug::slug;
use crate::model::fault::{Fault, Place, Severity, Source};
use crate::model::text::is_unsafe;

/// Something that was read, and where.
#[derive(Clone, Debug)]
pub(crate) struct At<T> {
    pub(crate) value: T,
    pub(crate) place: Place,
}

/// Makes an error.
pub(crate) fn error(code: &'static str, place: &Place, message: String) -> Fault {
    Fault {
        code,
        severity: Severity::Error,
        message,
        place: Some(place.clone()),
        label: None,
        related: Vec::new(),
        help: None,
    }
}

/// Returns a place at character borders of its text, on its first line only.
pub(crate) fn place(source: &Arc<Source>, span: Range<usize>) -> Place {
    let text = &source.text;
    let mut start = span.start.min(text.len());
    while !text.is_char_boundary(start) {
        start -= 1;
    }
    let mut end = span.end.clamp(start, text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let line = text[start..end].find('\n').unwrap_or(end - start);
    Place {
        source: source.clone(),
        span: start..start + line,
    }
}

/// A table that is being read.
pub(crate) struct Table<'t, 'f> {
    source: &'t Arc<Source>,
    entries: &'t DeTable<'t>,
    head: Place,
    /// What messages call it: ``node `pop-x` ``, `a node`, `[network]`; empty for a whole file.
    title: String,
    known: Vec<&'static str>,
    faults: &'f mut Vec<Fault>,
}

/// Reads one table with `read` and reports the keys that it did not ask for.
pub(crate) fn open<'t, T>(
    what: &str,
    source: &'t Arc<Source>,
    span: Range<usize>,
    entries: &'t DeTable<'t>,
    faults: &mut Vec<Fault>,
    read: impl FnOnce(&mut Table<'t, '_>) -> T,
) -> T {
    let name = entries
        .get("id")
        .or_else(|| entries.get("code"))
        .and_then(|value| value.get_ref().as_str());
    let mut table = Table {
        source,
        entries,
        head: place(source, span),
        title: title(what, name),
        known: Vec::new(),
        faults,
    };
    let read = read(&mut table);
    table.close();
    read
}

impl<'t> Table<'t, '_> {
    /// Returns where the table begins.
    pub(crate) fn head(&self) -> Place {
        self.head.clone()
    }

    /// Returns what messages call it.
    pub(crate) fn title(&self) -> &str {
        &self.title
    }

    /// Adds a fault.
    pub(crate) fn fault(&mut self, fault: Fault) {
        self.faults.push(fault);
    }

    /// Returns whether a key is given, and makes it known.
    pub(crate) fn has(&mut self, key: &'static str) -> bool {
        self.take(key).is_some()
    }

    /// Returns where a key stands, or the table where it does not.
    pub(crate) fn place_of(&self, key: &str) -> Place {
        self.entries
            .get_key_value(key)
            .map_or_else(|| self.head(), |(key, _)| place(self.source, key.span()))
    }

    fn take(&mut self, key: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.known.push(key);
        self.entries.get(key)
    }

    fn at<T>(&self, value: T, span: Range<usize>) -> At<T> {
        At {
            value,
            place: place(self.source, span),
        }
    }

    fn wrong_type(&mut self, key: &str, wanted: &str, value: &Spanned<DeValue<'_>>) {
        let message = format!(
            "`{key}` of {} should be {wanted}, not {}.",
            self.title,
            kind(value.get_ref())
        );
        let place = place(self.source, value.span());
        self.faults.push(error("T0113", &place, message));
    }

    /// Reports that a required key is missing.
    pub(crate) fn missing(&mut self, key: &str, help: &str) {
        let message = sentence(&format!("{} has no `{key}`.", self.title));
        let head = self.head.clone();
        self.faults.push(Fault {
            help: Some(help.to_owned()),
            ..error("T0112", &head, message)
        });
    }

    /// Reads a text, NFC, without characters that would move a cursor.
    pub(crate) fn text(&mut self, key: &'static str) -> Option<At<String>> {
        let value = self.take(key)?;
        self.text_of(key, value)
    }

    fn text_of(&mut self, key: &str, value: &Spanned<DeValue<'_>>) -> Option<At<String>> {
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(key, "a text in quotes", value);
            return None;
        };
        let place = place(self.source, value.span());
        if let Some(bad) = text.chars().find(|c| is_unsafe(*c)) {
            self.faults.push(Fault {
                help: Some("Type the text again without it.".into()),
                ..error(
                    "T0123",
                    &place,
                    format!(
                        "`{key}` of {} holds the invisible character U+{:04X}.",
                        self.title, bad as u32
                    ),
                )
            });
            return None;
        }
        let value: String = text.nfc().collect();
        if value.trim().is_empty() {
            self.faults.push(error(
                "T0114",
                &place,
                format!("`{key}` of {} is empty.", self.title),
            ));
            return None;
        }
        Some(At {
            value: value.trim().to_owned(),
            place,
        })
    }

    /// Reads a text and refuses the table to be without it.
    pub(crate) fn required(&mut self, key: &'static str, help: &str) -> Option<At<String>> {
        if self.entries.get(key).is_none() {
            self.known.push(key);
            self.missing(key, help);
            return None;
        }
        self.text(key)
    }

    /// Reads an id: ASCII letters, digits, `-`, `_`, `.`, at most 64, the first a letter or digit.
    ///
    /// One that breaks the rule is a fault and still returned, so that what points to it is none.
    pub(crate) fn id(&mut self, key: &'static str) -> Option<At<String>> {
        let id = self.required(
            key,
            "Ids are written by people and never change with a name.",
        )?;
        self.check_id(&id);
        Some(id)
    }

    /// Checks a text that should be an id.
    pub(crate) fn check_id(&mut self, id: &At<String>) {
        if is_id(&id.value) {
            return;
        }
        let slug = slug(&id.value);
        let message = format!(
            "`{}` cannot be an id: ids are made of a-z, A-Z, 0-9, `-`, `_` and `.`, at most 64.",
            id.value
        );
        self.faults.push(Fault {
            help: (!slug.is_empty()).then(|| format!("Write `{slug}`.")),
            ..error("T0116", &id.place, message)
        });
    }

    /// Reads a list of texts; `None` when the key is not given.
    pub(crate) fn list(&mut self, key: &'static str) -> Option<Vec<At<String>>> {
        let value = self.take(key)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(key, "a list of texts: [\"...\"]", value);
            return None;
        };
        Some(
            array
                .iter()
                .filter_map(|item| self.text_of(key, item))
                .collect(),
        )
    }

    /// Reads a table below this one.
    pub(crate) fn table<T>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&mut Table<'t, '_>) -> T,
    ) -> Option<T> {
        let value = self.take(key)?;
        let Some(entries) = value.get_ref().as_table() else {
            self.wrong_type(key, "a table: { ... }", value);
            return None;
        };
        let what = if self.title.is_empty() {
            format!("[{key}]")
        } else {
            format!("`{key}` of {}", self.title)
        };
        Some(open(
            &what,
            self.source,
            value.span(),
            entries,
            self.faults,
            read,
        ))
    }

    /// Reads the tables below this one that people name themselves: `[hours.office]`.
    ///
    /// All keys of this table are known by it; what is not a table is a fault.
    pub(crate) fn named<T>(
        &mut self,
        what: &str,
        mut read: impl FnMut(At<String>, &mut Table<'t, '_>) -> T,
    ) -> Vec<T> {
        let mut all = Vec::new();
        for (key, value) in self.entries {
            let name = key.get_ref().to_string();
            let at = self.at(name.clone(), key.span());
            let Some(entries) = value.get_ref().as_table() else {
                self.wrong_type(&name, "a table", value);
                continue;
            };
            all.push(open(
                &format!("`{name}` of {what}"),
                self.source,
                key.span(),
                entries,
                self.faults,
                |table| read(at, table),
            ));
        }
        // They are names, not keys: none of them can be misspelt here.
        self.entries_are_names();
        all
    }

    fn entries_are_names(&mut self) {
        self.known.clear();
        self.known.push(NAMES);
    }

    /// Reads a list of tables: `[[node]]`, or `uplinks = [{ .. }]`.
    pub(crate) fn tables<T>(
        &mut self,
        key: &'static str,
        what: &str,
        mut read: impl FnMut(&mut Table<'t, '_>) -> T,
    ) -> Vec<T> {
        let Some(value) = self.take(key) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            let wanted = format!("a list of tables: [[{key}]]");
            self.wrong_type(key, &wanted, value);
            return Vec::new();
        };
        let mut all = Vec::new();
        for item in array {
            let Some(entries) = item.get_ref().as_table() else {
                self.wrong_type(key, "a list of tables: [{ ... }]", item);
                continue;
            };
            all.push(open(
                what,
                self.source,
                item.span(),
                entries,
                self.faults,
                &mut read,
            ));
        }
        all
    }

    /// Reads a value that is a text or a table.
    pub(crate) fn is_table(&self, key: &str) -> bool {
        self.entries
            .get(key)
            .is_some_and(|value| value.get_ref().is_table())
    }

    fn close(self) {
        if self.known.first() == Some(&NAMES) {
            return;
        }
        let top = self.title.is_empty();
        for (key, _) in self.entries {
            let name = key.get_ref().as_ref();
            if self.known.contains(&name) {
                continue;
            }
            let shown: String = name.nfc().filter(|c| !is_unsafe(*c)).take(60).collect();
            let message = if top {
                format!("There is no table `{shown}` in a topology.")
            } else {
                sentence(&format!(
                    "{} has a key `{shown}` that is not known.",
                    self.title
                ))
            };
            let place = place(self.source, key.span());
            let mut fault = error(if top { "T0111" } else { "T0110" }, &place, message);
            fault.help = match nearest(name, self.known.iter().copied()) {
                Some(word) => Some(format!("Did you mean `{word}`?")),
                None if is_secret_key(name) => Some(
                    "Secrets are kept in `credentials.toml`; the topology names them: snmp = \"core-v3\"."
                        .into(),
                ),
                None => Some(format!("Known here: {}.", sorted(&self.known).join(", "))),
            };
            self.faults.push(fault);
        }
    }
}

fn title(what: &str, name: Option<&str>) -> String {
    match name {
        // Brackets and backquotes are names already.
        _ if what.is_empty() || what.starts_with(['[', '`']) => what.to_owned(),
        Some(name) => format!("{what} `{name}`"),
        None if what.starts_with(['a', 'u']) => format!("an {what}"),
        None => format!("a {what}"),
    }
}

/// Begins a sentence with a capital letter.
fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first.into_iter().chain(letters).collect()
}

/// Stands first among the known keys of a table whose keys are names.
const NAMES: &str = "*";

fn sorted<'a>(words: &[&'a str]) -> Vec<&'a str> {
    let mut words = words.to_vec();
    words.sort_unstable();
    words.dedup();
    words
}

fn is_secret_key(key: &str) -> bool {
    [
        "community",
        "password",
        "passphrase",
        "secret",
        "auth-key",
        "priv-key",
    ]
    .contains(&key)
}

fn kind(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a moment",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// Returns whether a text may be an id.
#[must_use]
pub(crate) fn is_id(text: &str) -> bool {
    text.len() <= 64
        && text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'))
}
