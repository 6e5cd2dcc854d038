//! Vietnamese spelling: the order in which a Vietnamese reader looks for a name.
//!
//! Unicode order puts `Đ` after `Z` and `Ă` after every plain `A`; a dictionary does not. The rules are those
//! of CLDR `vi`: the letters a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư first, and only then the five tones.

use unicode_normalization::UnicodeNormalization;

/// The tones in the order of CLDR: huyền, hỏi, ngã, sắc, nặng.
const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];
/// Marks that make another letter: breve (ă), circumflex (â ê ô), horn (ơ ư).
const LETTERS: [char; 3] = ['\u{306}', '\u{302}', '\u{31B}'];

/// Letters with their marks, then tones: compares as a dictionary does.
pub type Key = (Vec<(char, usize)>, Vec<usize>);

/// Returns a key by which names sort as a Vietnamese reader expects: letters first, tones to break ties.
#[must_use]
pub fn sort_key(text: &str) -> Key {
    let place = |of: &[char], c: char| of.iter().position(|each| *each == c).map(|at| at + 1);
    let mut letters = Vec::new();
    let mut tones = Vec::new();
    for c in text.nfd().flat_map(char::to_lowercase) {
        if let (Some(letter), Some(tone)) = (letters.last_mut(), tones.last_mut()) {
            if let Some(at) = place(&TONES, c) {
                *tone = at;
                continue;
            }
            if let Some(at) = place(&LETTERS, c) {
                let (_, mark) = letter;
                *mark = at;
                continue;
            }
        }
        // NFD does not split the stroke of đ off.
        letters.push(if c == 'đ' { ('d', 1) } else { (c, 0) });
        tones.push(0);
    }
    (letters, tones)
}
