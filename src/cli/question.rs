//! Questions to a person at a terminal: on standard error, so that the result stays alone on standard output.

#![expect(
    clippy::print_stderr,
    reason = "questions are asked here and nowhere else"
)]

use std::io::{self, BufRead as _, IsTerminal, Write as _};

use nix::sys::termios::{
    self, LocalFlags, SetArg, SpecialCharacterIndices as Special, Termios, tcgetattr,
};
use secrecy::SecretString;

use crate::cli::failure::{Failure, Kind};

/// What Ctrl-C sends.
const INTERRUPT: char = '\u{3}';

/// Returns whether somebody is there to answer.
pub(in crate::cli) fn can_ask() -> bool {
    io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks until the answer is understood; an empty one stands for `otherwise`.
pub(in crate::cli) fn ask<T>(
    question: &str,
    otherwise: &str,
    understand: impl Fn(&str) -> Result<T, String>,
) -> Result<T, Failure> {
    loop {
        if otherwise.is_empty() {
            eprint!("{question}: ");
        } else {
            eprint!("{question} [{otherwise}]: ");
        }
        let line = line()?;
        let answer = if line.trim().is_empty() {
            otherwise
        } else {
            line.trim()
        };
        match understand(answer) {
            Ok(understood) => return Ok(understood),
            Err(why) => eprintln!("  {}", crate::report::clean(&why)),
        }
    }
}

/// Asks for a secret, which is not shown while it is typed, until `understand` has no objection.
pub(in crate::cli) fn secret(
    question: &str,
    understand: impl Fn(&str) -> Result<(), String>,
) -> Result<SecretString, Failure> {
    loop {
        // Hidden before it is asked for, or a quick answer would still be shown.
        let hidden = Hidden::begin();
        eprint!("{question}: ");
        let line = hidden_line();
        drop(hidden);
        eprintln!();
        let line = line?;
        // The interrupt was kept from ending us while nothing was shown, so that the terminal stays whole.
        if line.contains(INTERRUPT) {
            return Err(given_up());
        }
        let answer = line.trim_end_matches(['\r', '\n']);
        match understand(answer) {
            Ok(()) => return Ok(SecretString::from(answer.to_owned())),
            Err(why) => eprintln!("  {why}"),
        }
    }
}

fn line() -> Result<String, Failure> {
    io::stderr()
        .flush()
        .map_err(|error| Failure::writing("the terminal", &error))?;
    let mut line = String::new();
    match io::stdin().read_line(&mut line) {
        Ok(0) => Err(given_up()),
        Ok(_) => Ok(line),
        Err(error) => Err(Failure::reading("the terminal", &error)),
    }
}

/// Reads what the terminal gives at once: a line, or one that an interrupt ended without a line's end.
fn hidden_line() -> Result<String, Failure> {
    let mut input = io::stdin().lock();
    let waiting = input
        .fill_buf()
        .map_err(|error| Failure::reading("the terminal", &error))?;
    let end = waiting
        .iter()
        .position(|byte| *byte == b'\n' || *byte == INTERRUPT as u8)
        .map_or(waiting.len(), |at| at + 1);
    let line = String::from_utf8_lossy(&waiting[..end]).into_owned();
    input.consume(end);
    if line.is_empty() {
        return Err(given_up());
    }
    Ok(line)
}

fn given_up() -> Failure {
    Failure::new(
        Kind::Usage,
        "The questions were not answered; nothing was written.",
    )
}

/// The terminal shows nothing while this lives.
struct Hidden {
    before: Option<Termios>,
}

impl Hidden {
    fn begin() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut quiet = before.clone();
            quiet
                .local_flags
                .remove(LocalFlags::ECHO | LocalFlags::ISIG);
            // With signals off Ctrl-C would wait for a line's end; so it is one.
            quiet.control_chars[Special::VEOL as usize] = INTERRUPT as u8;
            // A terminal that refuses shows what is typed; the person sees that and can stop.
            let _ = termios::tcsetattr(io::stdin(), SetArg::TCSADRAIN, &quiet);
        }
        Self { before }
    }
}

impl Drop for Hidden {
    fn drop(&mut self) {
        if let Some(before) = &self.before {
            let _ = termios::tcsetattr(io::stdin(), SetArg::TCSADRAIN, before);
        }
    }
}
