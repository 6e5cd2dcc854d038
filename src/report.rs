//! Reports: functions of a picture or of the model, one format a file.
//!
//! Same values in, same bytes out. Texts of the topology are people's own and may still hold anything: every
//! format here escapes by its own rules, and `clean` takes out what could move a cursor or turn a line round.

pub mod augment;
pub mod check;
pub mod csv;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod dot;
pub mod fault;
pub mod graphml;
pub mod hours;
pub mod html;
pub mod json;
pub mod kind;
pub mod listing;
pub mod locate;
pub mod map;
pub mod ping;
pub mod plan;
pub mod poll;
pub mod profile;
pub mod ranking;
pub mod reason;
pub mod rehearse;
pub mod served;
pub mod services;
pub mod shape;
pub mod subject;
pub mod svg;
pub mod table;
pub mod trace;
pub mod verdict;
pub mod vietnamese;
pub mod view;
pub mod weak;
pub mod what_if;
pub mod words;

use std::borrow::Cow;

use crate::model::text::is_unsafe;

/// Returns a text with every character replaced by `?` that could move a cursor, hide or turn text.
#[must_use]
pub fn clean(text: &str) -> Cow<'_, str> {
    if text.contains(is_unsafe) {
        text.chars()
            .map(|c| if is_unsafe(c) { '?' } else { c })
            .collect::<String>()
            .into()
    } else {
        text.into()
    }
}

/// Returns an error with everything behind it, in one line, cleaned.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let cause_text = cause.to_string();
        text = format!("{}: {cause_text}", text.trim_end_matches('.'));
        source = cause.source();
    }
    if !text.ends_with('.') {
        text.push('.');
    }
    clean(&text).into_owned()
}
