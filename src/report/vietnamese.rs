//! Vietnamese spelling: the order of names, and how a query without marks finds a word that has them.
//!
//! Unicode order puts `Đ` after `Z` and `Ă` after every plain `A`; a dictionary does not. The rules are those
//! of CLDR `vi`: the letters a < ă < â, d < đ, e < ê, o < ô < ơ, u < ư first, and only then the five tones.

use unicode_normalization::UnicodeNormalization;

/// The tones in the order of CLDR: huyền, hỏi, ngã, sắc, nặng.
const TONES: [char; 5] = ['\u{300}', '\u{309}', '\u{303}', '\u{301}', '\u{323}'];
/// Marks that make another letter: breve (ă), circumflex (â ê ô), horn (ơ ư), and our own for the stroke of đ.
const LETTERS: [char; 4] = ['\u{306}', '\u{302}', '\u{31B}', '\u{335}'];

/// One letter: its base in lower case, the place of its letter mark (0 for none), of its tone (0 for none).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Letter {
    base: char,
    mark: u8,
    tone: u8,
}

fn letters(text: &str) -> Vec<Letter> {
    let place = |of: &[char], c: char| of.iter().position(|each| *each == c).map(|at| at as u8 + 1);
    let mut letters: Vec<Letter> = Vec::new();
    for c in text.nfd().flat_map(char::to_lowercase) {
        if let Some(last) = letters.last_mut() {
            if let Some(tone) = place(&TONES, c) {
                last.tone = tone;
                continue;
            }
            if let Some(mark) = place(&LETTERS, c) {
                last.mark = mark;
                continue;
            }
        }
        // NFD does not split the stroke off.
        let (base, mark) = if c == 'đ' { ('d', 4) } else { (c, 0) };
        letters.push(Letter {
            base,
            mark,
            tone: 0,
        });
    }
    letters
}

/// Returns a key by which names sort as a Vietnamese reader expects: letters first, tones to break ties.
#[must_use]
pub fn sort_key(text: &str) -> (Vec<(char, u8)>, Vec<u8>) {
    let letters = letters(text);
    (
        letters
            .iter()
            .map(|letter| (letter.base, letter.mark))
            .collect(),
        letters.iter().map(|letter| letter.tone).collect(),
    )
}

/// Returns whether `text` contains `query`, in any case; a letter of the query without marks finds every
/// letter with its base, one with marks only itself: `thanh an` finds both Thanh An and Thạnh An, `thạnh` one.
#[must_use]
pub fn finds(query: &str, text: &str) -> bool {
    let (query, text) = (letters(query), letters(text));
    if query.is_empty() {
        return true;
    }
    let same = |asked: &Letter, here: &Letter| {
        asked.base == here.base
            && (asked.mark == 0 || asked.mark == here.mark)
            && (asked.tone == 0 || asked.tone == here.tone)
    };
    text.windows(query.len())
        .any(|window| query.iter().zip(window).all(|(a, b)| same(a, b)))
}
