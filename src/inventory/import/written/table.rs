//! One table of TOML while it is written: keys that have a value, in the order in which they are said.

use std::fmt::Display;

use crate::inventory::quantity::duration_text;
use crate::model::network::{Position, Rates};

/// The lines of a table.
#[derive(Debug, Default)]
pub(super) struct Lines(Vec<String>);

impl Lines {
    /// Says a key, unless it has no value.
    pub(super) fn say(&mut self, key: &str, value: Option<String>) {
        self.0.extend(value.map(|value| format!("{key} = {value}")));
    }

    /// Says a key before all others.
    pub(super) fn first(&mut self, key: &str, value: Option<String>) {
        if let Some(value) = value {
            self.0.insert(0, format!("{key} = {value}"));
        }
    }

    pub(super) fn position(&mut self, position: Option<Position>) {
        self.say("lat", position.map(|at| decimal(at.lat)));
        self.say("lon", position.map(|at| decimal(at.lon)));
    }

    pub(super) fn rates(&mut self, rates: Rates) {
        self.say("mtbf", rates.mtbf.map(|time| text(&duration_text(time))));
        self.say("mttr", rates.mttr.map(|time| text(&duration_text(time))));
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the table below its head, with a blank line before it.
    pub(super) fn table(self, head: &str) -> String {
        let mut said = format!("\n{head}\n");
        for line in self.0 {
            said += &line;
            said.push('\n');
        }
        said
    }

    /// Returns the table, or nothing where nothing was said.
    pub(super) fn table_if(self, head: &str) -> String {
        if self.is_empty() {
            String::new()
        } else {
            self.table(head)
        }
    }

    /// Returns the table on one line, `None` where nothing was said.
    pub(super) fn inline(self) -> Option<String> {
        (!self.is_empty()).then(|| format!("{{ {} }}", self.0.join(", ")))
    }
}

/// Returns a text as a TOML value.
pub(super) fn text(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// Returns a list of texts as a TOML value.
pub(super) fn list(items: &[impl Display]) -> String {
    let items: Vec<String> = items.iter().map(|item| text(&item.to_string())).collect();
    format!("[{}]", items.join(", "))
}

/// Returns a number as a TOML value: its shortest digits that read back as the same number.
pub(super) fn decimal(number: f64) -> String {
    number.to_string()
}

/// Returns a name as a TOML key.
pub(super) fn key(name: &str) -> String {
    let is_bare = !name.is_empty()
        && name
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
    if is_bare { name.to_owned() } else { text(name) }
}
