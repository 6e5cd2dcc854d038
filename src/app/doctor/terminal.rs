//! What the dashboard would be drawn on; asked of nobody, judged by what was found.

use crate::app::doctor::{Finding, Level, Said, Topic};

/// What was found of the terminal.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Columns and rows; `None` where standard output is no terminal.
    pub size: Option<(u16, u16)>,
    /// `$TERM`.
    pub term: String,
    /// The locale that decides over characters: `$LC_ALL`, else `$LC_CTYPE`, else `$LANG`.
    pub locale: String,
    /// Whether colours would be used.
    pub has_colour: bool,
}

/// The size from which on every screen shows all of itself.
const WHOLE: (u16, u16) = (80, 24);

/// Judges a terminal.
#[must_use]
pub fn terminal(facts: &Facts) -> Finding {
    let finding = |level, said| Finding::new(Topic::Terminal, level, said);
    let Some((columns, rows)) = facts.size else {
        return finding(Level::Ok, Said::TerminalNone);
    };
    if matches!(facts.term.as_str(), "" | "dumb") {
        return finding(Level::Warning, Said::TerminalDumb).mended_by("export TERM=xterm-256color");
    }
    let locale = facts.locale.to_ascii_lowercase().replace('-', "");
    if !locale.contains("utf8") {
        return finding(Level::Warning, Said::TerminalAscii)
            .mended_by("export LC_ALL=C.UTF-8")
            .mended_by("spanwatch watch --glyphs ascii");
    }
    if columns < WHOLE.0 || rows < WHOLE.1 {
        let said = Said::TerminalSmall { columns, rows };
        return finding(Level::Warning, said).mended_by("printf '\\033[8;24;80t'");
    }
    if !facts.has_colour {
        return finding(Level::Ok, Said::TerminalColourless);
    }
    finding(Level::Ok, Said::TerminalGood { columns, rows })
}
