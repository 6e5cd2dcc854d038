//! "Did you mean": the nearest word that exists, or nothing.
//!
//! A suggestion is worth having only when it is almost certainly right, so the bar is high: the same letters
//! once marks and case are dropped, or at most two slips of the finger in a word long enough to bear them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// More slips than this are another word.
const MOST_SLIPS: usize = 2;

/// Returns a text in lower case without marks: `Thuận Hóa` gives `thuan hoa`.
///
/// For comparing only: eight pairs of communes in one province fold to the same letters, so it never makes an
/// id by itself.
#[must_use]
pub(crate) fn fold(text: &str) -> String {
    text.nfd()
        .filter(|c| !is_combining_mark(*c))
        // The stroke of đ is part of the letter; no decomposition takes it off.
        .map(|c| if matches!(c, 'đ' | 'Đ') { 'd' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// Returns what a text would be as an id: folded, words joined by `-`; empty when nothing is left of it.
#[must_use]
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in fold(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(64);
    slug.trim_end_matches('-').to_owned()
}

/// Returns the nearest of some words, the first in their order at equal distance. Cost O(words x length²).
#[must_use]
pub(crate) fn nearest<'a>(word: &str, words: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let folded = fold(word);
    let length = folded.chars().count();
    // Two slips in `ge` would suggest anything.
    let most = MOST_SLIPS.min(length.saturating_sub(1) / 2);
    let mut best: Option<(usize, &str)> = None;
    for candidate in words {
        let other = fold(candidate);
        if other == folded {
            return Some(candidate);
        }
        if other.chars().count().abs_diff(length) > most {
            continue;
        }
        let slips = strsim::osa_distance(&folded, &other);
        if slips <= most && best.is_none_or(|(known, _)| slips < known) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
