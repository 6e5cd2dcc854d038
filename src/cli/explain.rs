//! `explain`: what a code of `lint` or `diff` means, and what to do.

use std::process::ExitCode;

use crate::cli::Common;
use crate::cli::failure::{Failure, Kind};

/// Explain a code that `lint` or `diff` shows, such as T0107
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The code
    code: String,
}

/// Prints the explanation of a code.
pub fn run(args: &Args, _: &Common) -> Result<ExitCode, Failure> {
    let mut others = crate::lab::scenario::CODES
        .iter()
        .chain(crate::app::rules::CODES);
    let scenario = others.find(|(code, _)| code.eq_ignore_ascii_case(&args.code));
    if let Some((code, text)) = scenario {
        crate::cli::print(&format!("{code}: {text}\n"))?;
        return Ok(ExitCode::SUCCESS);
    }
    let finding = crate::analysis::finding::code::Code::named(&args.code);
    if let Some(code) = finding {
        crate::cli::print(&format!(
            "{} {} ({}): {}\n\n{}\n",
            code.code(),
            code.name(),
            code.severity().word(),
            code.title(),
            code.text()
        ))?;
        return Ok(ExitCode::SUCCESS);
    }
    let Some(found) = crate::inventory::codes::explain(&args.code) else {
        return Err(Failure::new(
            Kind::Usage,
            format!("There is no code `{}`", args.code),
        )
        .hint(
            "Codes look like T0107 (an error), W0203 (a warning) or D0202 (a difference); `spanwatch lint` and `spanwatch diff` show them.",
        ));
    };
    crate::cli::print(&format!(
        "{}: {}\n\n{}\n",
        found.code, found.title, found.text
    ))?;
    Ok(ExitCode::SUCCESS)
}
