//! `export`: the model with its weak elements, in a format for people or programs.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::Common;
use crate::cli::failure::Failure;
use crate::report;

/// Write the topology with its weak elements: for people, spreadsheets and other programs
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The format
    #[arg(value_enum)]
    format: Format,
    /// Where to write; standard output when it is left out or `-`
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// CSV without the byte order mark that Excel needs
    #[arg(long)]
    no_bom: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// The whole model, spanwatch/network/1
    Json,
    /// The agencies, for a spreadsheet
    Csv,
    /// For Gephi, yEd, networkx
    Graphml,
    /// For Graphviz
    Dot,
    /// The map
    Svg,
    /// One page to read, print and keep; it asks no other machine for anything
    Html,
}

/// Writes the topology.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let (loaded, weakness) = common.analysed()?;
    let network = &loaded.network;
    let words = common.words();
    let text = match args.format {
        Format::Json => report::json::network(network, &weakness),
        Format::Csv => report::csv::agencies(network, &weakness, !args.no_bom),
        Format::Graphml => report::graphml::network(network, &weakness),
        Format::Dot => report::dot::network(network, &weakness),
        Format::Svg => report::svg::network(network, &weakness, &words),
        Format::Html => report::html::network(network, &weakness, &words),
    };
    match &args.output {
        Some(path) if path.as_os_str() != "-" => replace(path, &text)?,
        _ => crate::cli::print(&text)?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Writes a file whole or not at all: beside it first, then in its place.
fn replace(path: &std::path::Path, text: &str) -> Result<(), Failure> {
    let name = path.display().to_string();
    // A pipe or a device is written to, never replaced.
    let special = std::fs::metadata(path).is_ok_and(|found| !found.is_file());
    let result = if special {
        std::fs::write(path, text)
    } else {
        let beside = path.with_file_name(format!(
            ".{}.{}",
            path.file_name().unwrap_or_default().to_string_lossy(),
            std::process::id()
        ));
        let written = std::fs::File::create(&beside)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())?;
                file.sync_all()
            })
            .and_then(|()| std::fs::rename(&beside, path));
        if written.is_err() {
            // Nothing half written stays behind.
            let _ = std::fs::remove_file(&beside);
        }
        written
    };
    result.map_err(|error| Failure::writing(&name, &error))
}
