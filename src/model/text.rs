//! Text that came from a device, cleaned once where it enters.
//!
//! `DeviceText` has no other constructor than `clean`, so whatever holds one may print it: no control
//! character, no escape sequence, no bidirectional override can be in it.

use std::fmt::{self, Write as _};
use std::sync::Arc;

use serde::Serialize;
use unicode_normalization::UnicodeNormalization;

/// At most this many bytes are kept; `DisplayString` of RFC 2579 ends there too.
const LONGEST: usize = 255;

/// A device's own words, safe to show. A copy shares them: they are the same at every poll.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct DeviceText(Arc<str>);

impl DeviceText {
    /// Cleans bytes as a device sent them.
    ///
    /// UTF-8 is brought to NFC; bytes that are not UTF-8 become `\xB3`. Control characters (C0, DEL, C1), line
    /// and paragraph separators, bidirectional controls, zero-width characters and tags become `?`. The result
    /// has at most 255 bytes and ends at a character.
    #[must_use]
    pub fn clean(bytes: &[u8]) -> Self {
        let mut text = String::new();
        for chunk in bytes.utf8_chunks() {
            text.extend(
                chunk
                    .valid()
                    .nfc()
                    .map(|c| if is_unsafe(c) { '?' } else { c }),
            );
            for byte in chunk.invalid() {
                // Writing to a String cannot fail.
                let _ = write!(text, "\\x{byte:02X}");
            }
        }
        let mut end = text.len().min(LONGEST);
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
        Self(text.trim_end().into())
    }

    /// Returns the cleaned text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Returns whether nothing was said.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Display for DeviceText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// Returns whether a character could move a cursor, hide text or turn its direction (Unicode TR 36, 39).
#[must_use]
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{2028}' | '\u{2029}'                      // separators
            | '\u{061C}' | '\u{200E}' | '\u{200F}'       // bidirectional marks
            | '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}'
            | '\u{200B}'..='\u{200D}' | '\u{2060}'..='\u{2064}' | '\u{206A}'..='\u{206F}' | '\u{FEFF}' | '\u{00AD}'
            | '\u{FFF9}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E007F}') // tags
}
