//! What a text would be as an id.
//!
//! Only ever a proposal: eight pairs of communes in one province fold to the same letters, so whoever makes an
//! id of a name must look whether it is taken.

use crate::filter::fold::bare;

/// Longer ids are refused.
const LONGEST: usize = 64;

/// Returns what a text would be as an id: folded, words joined by `-`; empty when nothing is left of it.
#[must_use]
pub(crate) fn slug(text: &str) -> String {
    let mut slug = String::new();
    for c in bare(text).chars() {
        if c.is_ascii_alphanumeric() {
            slug.push(c);
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.truncate(LONGEST);
    slug.trim_end_matches('-').to_owned()
}
