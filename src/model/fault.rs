//! A fault in what somebody wrote: code, place, message, help.
//!
//! It is what inventory, scenarios, settings and filters report, all at once, in the manner of rustc. It is
//! not an outage.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

/// Whether a fault refuses the input or only warns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The input is refused.
    Error,
    /// Legal but unwise.
    Warning,
}

/// A file that was read, and its text; shared by all faults in it.
#[derive(Debug, PartialEq, Eq)]
pub struct Source {
    /// The path as the user would type it.
    pub name: String,
    /// The whole text (bytes that are not UTF-8 replaced).
    pub text: String,
}

/// A place in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// The file.
    pub source: Arc<Source>,
    /// Bytes of the text, always at character borders.
    pub span: Range<usize>,
}

impl Place {
    /// Returns the line, from 1.
    #[must_use]
    pub fn line(&self) -> usize {
        self.before().matches('\n').count() + 1
    }

    /// Returns the display column, from 1; a wide character takes two.
    #[must_use]
    pub fn column(&self) -> usize {
        let line = self.before().rsplit('\n').next().unwrap_or_default();
        line.width() + 1
    }

    fn before(&self) -> &str {
        self.source
            .text
            .get(..self.span.start)
            .unwrap_or(&self.source.text)
    }
}

/// A fault in what somebody wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// Stable: `T0107` an error in a topology, `W0203` a warning, `S` scenarios, `C` settings and credentials.
    pub code: &'static str,
    /// Error or warning.
    pub severity: Severity,
    /// What is wrong: a sentence without its place.
    pub message: String,
    /// Where; `None` when it is about the whole.
    pub place: Option<Place>,
    /// A word under the caret.
    pub label: Option<String>,
    /// Another place that matters ("first declared here"), with its word.
    pub related: Vec<(Place, String)>,
    /// What to do.
    pub help: Option<String>,
}
