//! Text in columns: cut by what a reader sees as one letter, wrapped by words, never wider than its place.
//!
//! Names come from files that people wrote and devices that nobody trusts, so whatever could move the cursor or
//! turn the reading direction becomes `?` here, once more, before it is measured.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::report::clean;

/// In less room than this two halves of a name say nothing.
const SHORTEST_NAME: usize = 12;

/// Returns how many columns a text takes.
#[must_use]
pub fn width(text: &str) -> usize {
    text.width()
}

/// Returns a text cut to `columns`, with `mark` (one column) where something was cut away.
#[must_use]
pub fn fit(text: &str, columns: usize, mark: &str) -> String {
    let text = clean(text);
    if text.width() <= columns {
        return text.into_owned();
    }
    if columns == 0 {
        return String::new();
    }
    let mut cut = String::new();
    let mut used = 0;
    for grapheme in text.graphemes(true) {
        let wide = grapheme.width();
        if used + wide > columns - 1 {
            break;
        }
        used += wide;
        cut.push_str(grapheme);
    }
    cut.truncate(cut.trim_end().len());
    cut.push_str(mark);
    cut
}

/// Returns a name cut to `columns` in its middle: what an agency is stands in front, and where it is at the end.
///
/// `Trung tâm Cung ứng dịch vụ công xã Phú Hồ` must not become the same as that of the next commune.
#[must_use]
pub fn fit_name(text: &str, columns: usize, mark: &str) -> String {
    let text = clean(text);
    if text.width() <= columns || columns < SHORTEST_NAME {
        return fit(&text, columns, mark);
    }
    let head = fit(&text, columns / 2, mark);
    let mut room = columns.saturating_sub(head.width());
    let mut tail: Vec<&str> = Vec::new();
    for grapheme in text.graphemes(true).rev() {
        let wide = grapheme.width();
        if wide > room {
            break;
        }
        room -= wide;
        tail.push(grapheme);
    }
    let tail: String = tail.into_iter().rev().collect();
    // Half a word says less than none: the tail begins with a whole one where there is one.
    let tail = match tail.split_once(' ') {
        Some((_, whole)) if !whole.trim().is_empty() => whole,
        _ => &tail,
    };
    format!("{head}{}", tail.trim_start())
}

/// Returns a name cut in its middle or filled with spaces to exactly `columns`.
#[must_use]
pub fn pad_name(text: &str, columns: usize, mark: &str) -> String {
    let mut text = fit_name(text, columns, mark);
    let missing = columns.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Returns a text cut or filled with spaces to exactly `columns`.
#[must_use]
pub fn pad(text: &str, columns: usize, mark: &str) -> String {
    let mut text = fit(text, columns, mark);
    let missing = columns.saturating_sub(text.width());
    text.extend(std::iter::repeat_n(' ', missing));
    text
}

/// Returns a text cut or filled with spaces on its left to exactly `columns`, as numbers stand.
#[must_use]
pub fn right(text: &str, columns: usize, mark: &str) -> String {
    let text = fit(text, columns, mark);
    let missing = columns.saturating_sub(text.width());
    let mut filled = " ".repeat(missing);
    filled.push_str(&text);
    filled
}

/// Returns a text broken at spaces into lines of at most `columns`; a longer word is broken where it must.
#[must_use]
pub fn wrap(text: &str, columns: usize) -> Vec<String> {
    let columns = columns.max(1);
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in clean(text).split_whitespace() {
        let mut word = word;
        if !line.is_empty() && line.width() + 1 + word.width() > columns {
            lines.push(std::mem::take(&mut line));
        }
        while word.width() > columns {
            let mut used = 0;
            let mut end = 0;
            for (at, grapheme) in word.grapheme_indices(true) {
                if used + grapheme.width() > columns && end > 0 {
                    break;
                }
                used += grapheme.width();
                end = at + grapheme.len();
            }
            let (head, rest) = word.split_at(end);
            lines.push(head.to_owned());
            word = rest;
        }
        if word.is_empty() {
            continue;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    if !line.is_empty() {
        lines.push(line);
    }
    lines
}
