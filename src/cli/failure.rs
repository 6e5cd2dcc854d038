//! A failure on its way to the user: what happened, what to do next, and with which code the program ends.

#![expect(clippy::print_stderr, reason = "failures are told here")]

use std::fmt::Write as _;
use std::io;
use std::process::ExitCode;

use crate::model::fault::{Fault, Severity};
use crate::report::clean;

/// What sort of failure it is; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The command line is wrong.
    Usage,
    /// The topology, settings or credentials are.
    Configuration,
    /// A file, a socket or the kernel refused.
    System,
    /// The reader of our output went away: no failure at all.
    BrokenPipe,
}

impl Kind {
    /// Returns the exit code.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Usage | Self::Configuration | Self::System => 3,
            Self::BrokenPipe => 0,
        }
    }
}

/// A failure with everything that the user should know.
#[derive(Clone, Debug)]
pub struct Failure {
    kind: Kind,
    message: String,
    hints: Vec<String>,
    faults: Vec<Fault>,
}

impl Failure {
    /// Begins a failure with a sentence.
    #[must_use]
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
            hints: Vec::new(),
            faults: Vec::new(),
        }
    }

    /// Adds what to do next.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hints.push(hint.into());
        self
    }

    /// Adds faults of files, which are shown before the sentence.
    #[must_use]
    pub fn faults(mut self, faults: Vec<Fault>) -> Self {
        self.faults.extend(faults);
        self
    }

    /// Makes a failure of an error in writing to `what`.
    #[must_use]
    pub fn writing(what: &str, error: &io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe {
            Self::new(Kind::BrokenPipe, "")
        } else {
            Self::new(Kind::System, format!("Cannot write to {what}: {error}."))
        }
    }

    /// Makes a failure of an error in reading `what`.
    #[must_use]
    pub fn reading(what: &str, error: &io::Error) -> Self {
        Self::new(Kind::System, format!("Cannot read {what}: {error}."))
    }

    /// Returns the exit code.
    #[must_use]
    pub fn code(&self) -> u8 {
        self.kind.code()
    }

    /// Returns all that is said of it, as it stands on standard error; empty for a reader that went away.
    #[must_use]
    pub fn text(&self, colour: bool) -> String {
        if self.kind == Kind::BrokenPipe {
            return String::new();
        }
        let (red, cyan, plain) = if colour {
            ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m")
        } else {
            ("", "", "")
        };
        let mut text = crate::report::fault::text(&self.faults, colour);
        let errors = count(&self.faults, Severity::Error);
        let warnings = count(&self.faults, Severity::Warning);
        let counted = if errors + warnings > 1 {
            format!(
                " ({errors} {}, {warnings} {})",
                if errors == 1 { "error" } else { "errors" },
                if warnings == 1 { "warning" } else { "warnings" },
            )
        } else {
            String::new()
        };
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{red}error{plain}: {}{counted}", clean(&self.message));
        for hint in &self.hints {
            let _ = writeln!(text, "{cyan}help{plain}: {}", clean(hint));
        }
        text
    }

    /// Tells the user and returns the exit code.
    pub(in crate::cli) fn tell(&self, colour: bool) -> ExitCode {
        eprint!("{}", self.text(colour));
        ExitCode::from(self.code())
    }
}

fn count(faults: &[Fault], severity: Severity) -> usize {
    faults
        .iter()
        .filter(|fault| fault.severity == severity)
        .count()
}
