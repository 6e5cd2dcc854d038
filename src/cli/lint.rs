//! `lint`: is the topology sound? No packet is sent.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::cli::failure::Failure;
use crate::cli::{CRITICAL, Common, Format};
use crate::model::fault::{Fault, Severity};
use crate::report::fault::{self, Totals};

/// Check the topology: every fault of every file at once, with its place
///
/// Exit codes: 0 clean, 1 warnings only, 2 errors, 3 the folder cannot be read.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder of the topology, or one file, instead of --topology
    path: Option<PathBuf>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Checks the topology.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let folder = args.path.clone().unwrap_or_else(|| common.folder());
    crate::cli::readable(&folder)?;
    let (faults, totals, example) = match crate::inventory::load(&folder) {
        Ok(loaded) => {
            let totals = Totals {
                agencies: Some(loaded.network.agencies.len()),
                nodes: Some(loaded.network.nodes.len()),
                links: Some(loaded.network.links.len()),
                files: loaded.sources.len(),
            };
            (loaded.warnings, totals, Some(loaded.network.example))
        }
        Err(faults) => {
            let totals = Totals {
                files: files_in(&faults.0),
                ..Totals::default()
            };
            (faults.0, totals, None)
        }
    };
    let text = match args.format {
        Format::Json => fault::json(&faults, totals, example),
        Format::Text => {
            let mut text = fault::text(&faults, common.colour(&std::io::stdout()));
            text.push_str(&summary(&faults, totals, example));
            text
        }
    };
    crate::cli::print(&text)?;
    let worst = faults.iter().map(|fault| fault.severity).min();
    Ok(match worst {
        None => ExitCode::SUCCESS,
        Some(Severity::Warning) => ExitCode::from(1),
        Some(Severity::Error) => ExitCode::from(CRITICAL),
    })
}

/// Files that faults speak of: of a refused topology nothing else is known.
fn files_in(faults: &[Fault]) -> usize {
    let mut names: Vec<&str> = faults
        .iter()
        .filter_map(|fault| fault.place.as_ref())
        .map(|place| place.source.name.as_str())
        .collect();
    names.sort_unstable();
    names.dedup();
    names.len()
}

fn summary(faults: &[Fault], totals: Totals, example: Option<bool>) -> String {
    let count = |severity| {
        faults
            .iter()
            .filter(|fault| fault.severity == severity)
            .count()
    };
    let said = |number: usize, word: &str| {
        let ending = if number == 1 { "" } else { "s" };
        format!("{number} {word}{ending}")
    };
    let errors = said(count(Severity::Error), "error");
    let warnings = said(count(Severity::Warning), "warning");
    let files = said(totals.files, "file");
    let size = match totals {
        Totals {
            agencies: Some(agencies),
            nodes: Some(nodes),
            links: Some(links),
            ..
        } => format!("; {agencies} agencies, {nodes} nodes, {links} links"),
        _ => String::new(),
    };
    let remark = if example == Some(true) {
        " (illustrative data)"
    } else {
        ""
    };
    format!("{errors}, {warnings} in {files}{size}{remark}.\n")
}
