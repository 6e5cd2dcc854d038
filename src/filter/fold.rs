//! Folding: when a typed text is the same as a written one.
//!
//! A query letter without a mark stands for that letter with any mark; one with a mark stands for itself. Case
//! does not matter, and `d` stands for `đ`. Where a tone is written is a matter of taste ("Ủy", "Uỷ"), so a
//! tone is looked for anywhere among the neighbouring vowels.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The stroke of đ, which NFD does not split off: a private mark for it.
const STROKE: char = '\u{0335}';

/// Grave, acute, tilde, hook above, dot below: the five written tones of Vietnamese.
const TONES: [char; 5] = ['\u{0300}', '\u{0301}', '\u{0303}', '\u{0309}', '\u{0323}'];

/// A text taken apart into letters and marks, ready to be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded(Vec<Letter>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Letter {
    base: char,
    /// Shape: circumflex, breve, horn, stroke, and whatever other scripts have.
    shape: Vec<char>,
    /// Tones on this letter.
    tones: Vec<char>,
    /// Tones anywhere among the vowels that it stands with.
    around: Vec<char>,
}

impl Folded {
    /// Takes a text apart. Cost O(n).
    #[must_use]
    pub fn new(text: &str) -> Self {
        let mut letters: Vec<Letter> = Vec::new();
        for c in text.to_lowercase().nfd() {
            match letters.last_mut() {
                Some(letter) if is_combining_mark(c) => {
                    if TONES.contains(&c) {
                        letter.tones.push(c);
                    } else {
                        letter.shape.push(c);
                    }
                }
                _ => letters.push(Letter {
                    base: if c == 'đ' { 'd' } else { c },
                    shape: if c == 'đ' { vec![STROKE] } else { Vec::new() },
                    tones: Vec::new(),
                    around: Vec::new(),
                }),
            }
        }
        for run in letters.chunk_by_mut(|one, other| one.is_vowel() && other.is_vowel()) {
            let tones: Vec<char> = run.iter().flat_map(|letter| letter.tones.clone()).collect();
            for letter in run {
                letter.around.clone_from(&tones);
            }
        }
        Self(letters)
    }

    /// Returns whether this query stands somewhere in a text. Cost O(n m).
    #[must_use]
    pub fn is_in(&self, text: &str) -> bool {
        let Self(written) = Self::new(text);
        self.0.is_empty()
            || written
                .windows(self.0.len())
                .any(|window| self.stands_for(window))
    }

    /// Returns whether this query stands for a whole text.
    #[must_use]
    pub fn equals(&self, text: &str) -> bool {
        let Self(written) = Self::new(text);
        written.len() == self.0.len() && self.stands_for(&written)
    }

    fn stands_for(&self, written: &[Letter]) -> bool {
        self.0.iter().zip(written).all(|(query, letter)| {
            query.base == letter.base
                && query.shape.iter().all(|mark| letter.shape.contains(mark))
                && query.tones.iter().all(|tone| letter.around.contains(tone))
        })
    }
}

impl Letter {
    fn is_vowel(&self) -> bool {
        matches!(self.base, 'a' | 'e' | 'i' | 'o' | 'u' | 'y')
    }
}

/// Returns a text in lower case without any mark: what is left when a keyboard has none.
///
/// For comparing and guessing only, never as an identifier: folded names of communes collide.
#[must_use]
pub fn bare(text: &str) -> String {
    Folded::new(text)
        .0
        .into_iter()
        .map(|letter| letter.base)
        .collect()
}

/// More slips of the finger than this are another word.
const MOST_SLIPS: usize = 2;

/// Returns the candidate that a person most likely meant, or nothing ("did you mean").
///
/// A suggestion is worth having only when it is almost certainly right, so the bar is high: the same letters
/// once marks and case are dropped, or at most two slips in a word long enough to bear them. Among equally near
/// ones the first wins. Cost O(candidates x length²).
#[must_use]
pub fn nearest<'a>(
    written: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let wanted = bare(written);
    let length = wanted.chars().count();
    // Two slips in `ge` would suggest anything.
    let most = MOST_SLIPS.min(length.saturating_sub(1) / 2);
    let mut best: Option<(usize, &str)> = None;
    for candidate in candidates {
        let other = bare(candidate);
        if other == wanted {
            return Some(candidate);
        }
        if other.chars().count().abs_diff(length) > most {
            continue;
        }
        let slips = strsim::osa_distance(&wanted, &other);
        if slips <= most && best.is_none_or(|(known, _)| slips < known) {
            best = Some((slips, candidate));
        }
    }
    best.map(|(_, candidate)| candidate)
}
