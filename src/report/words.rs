//! The words that people read, in Vietnamese and English: one table for every face.
//!
//! The table is `words.toml`: a key, and its text in both languages. `{}` is where a value goes. Keys of JSON,
//! CSV and TOML are never translated.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde::Deserialize;

/// A language of the interface.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// English.
    #[default]
    En,
    /// Vietnamese.
    Vi,
}

impl FromStr for Language {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::En),
            "vi" => Ok(Self::Vi),
            _ => Err(format!(
                "`{text}` is not a language of this program; write `vi` or `en`."
            )),
        }
    }
}

/// The table in one language.
#[derive(Clone, Debug)]
pub struct Words {
    language: Language,
    table: BTreeMap<String, Entry>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    en: String,
    vi: String,
}

impl Words {
    /// Returns the table in a language.
    #[must_use]
    pub fn of(language: Language) -> Self {
        let table = toml::from_str(include_str!("words.toml"))
            .expect("words.toml is ours and a test reads it");
        Self { language, table }
    }

    /// Returns the language.
    #[must_use]
    pub fn language(&self) -> Language {
        self.language
    }

    /// Returns the text of a key; the key itself when the table lacks it, which a test forbids.
    #[must_use]
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        match (self.table.get(key), self.language) {
            (Some(entry), Language::En) => &entry.en,
            (Some(entry), Language::Vi) => &entry.vi,
            (None, _) => key,
        }
    }

    /// Returns the text of a key with each `{}` replaced by the next value.
    #[must_use]
    pub fn with(&self, key: &str, values: &[&str]) -> String {
        let mut parts = self.text(key).split("{}");
        let mut text = parts.next().unwrap_or_default().to_owned();
        let mut values = values.iter();
        for part in parts {
            text.push_str(values.next().unwrap_or(&"{}"));
            text.push_str(part);
        }
        text
    }

    /// Returns whether the table has a key.
    #[must_use]
    pub fn has(&self, key: &str) -> bool {
        self.table.contains_key(key)
    }
}
