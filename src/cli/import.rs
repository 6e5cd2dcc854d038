//! `import`: other people's lists and graphs to TOML, once, as a person would have written it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, folder};
use crate::inventory::import::{Input, Options, csv, graphml, netbox, pairs, sndlib};

/// More files than these are counted and not listed.
const SHOWN: usize = 8;

const AFTER: &str = "\
Examples:
  spanwatch import csv agencies.csv -o mynet
  spanwatch import pairs nodes.csv links.csv -o mynet --hub core-1
  spanwatch import graphml network.graphml -o copy       what `export graphml` wrote, whole
  spanwatch import graphml Aarnet.graphml -o aarnet --all-agencies
  spanwatch import netbox sites.csv devices.csv cables.csv circuits.csv -o mynet --hub dc-edge-1
  spanwatch import sndlib polska.txt -o polska --all-agencies";

/// Turn other people's lists and graphs into a topology
///
/// Columns are found by their heads, in Vietnamese or English: name, address, uplink, provider, area, weight ...
/// Cells may be separated by `;`, `,` or tabs, as a spreadsheet saves them. What the list does not say is chosen by
/// a rule, and said. Nothing that exists is overwritten, and nothing is written that `lint` would refuse.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// The format of the list
    #[arg(value_enum)]
    format: Format,
    /// The list, or its parts in any order; `-` reads standard input
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Folder to write into, instead of --topology
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Name of the network [default: as the list says, else the file's name]
    #[arg(long)]
    name: Option<String>,
    /// Id of the network [default: as the list says, else made from its name]
    #[arg(long)]
    id: Option<String>,
    /// The hub, by id, name or address [default: the place to which the most lead]
    #[arg(long, value_name = "ID")]
    hub: Option<String>,
    /// Make every node an agency of weight 1 that carries other people's traffic
    #[arg(long)]
    all_agencies: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One flat sheet, a row for each agency or device
    Csv,
    /// A file of nodes and a file of links, as Gephi or a spreadsheet keeps them
    Pairs,
    /// A graph: our own export whole, or one of yEd, Gephi, networkx, the Topology Zoo
    Graphml,
    #[value(help = "CSV exports of NetBox: sites, devices, cables or connections, circuits")]
    Netbox,
    #[value(help = "A network of SNDlib in its native format")]
    Sndlib,
}

/// Imports a list.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let target = args.output.clone().unwrap_or_else(|| common.folder());
    folder::must_be_free(&target)?;
    let mut inputs = Vec::new();
    for file in &args.files {
        let (name, text) = folder::read_text(file)?;
        inputs.push(Input { name, text });
    }
    let names: Vec<&str> = inputs.iter().map(|input| input.name.as_str()).collect();
    let options = Options {
        file: names.join(", "),
        id: args.id.clone(),
        name: args.name.clone(),
        hub: args.hub.clone(),
        all_agencies: args.all_agencies,
    };
    let one = || match inputs.as_slice() {
        [one] => Ok(one),
        _ => Err(
            Failure::new(Kind::Usage, "This format is read from one file.")
                .hint("Import each into a folder of its own, or use `pairs` or `netbox`."),
        ),
    };
    let imported = match args.format {
        Format::Csv => csv::import(&one()?.text, &options),
        Format::Pairs => pairs::import(&inputs, &options),
        Format::Graphml => graphml::import(one()?, &options),
        Format::Netbox => netbox::import(&inputs, &options),
        Format::Sndlib => sndlib::import(one()?, &options),
    };
    let imported = imported.map_err(|faults| {
        Failure::new(
            Kind::Usage,
            "The list cannot be imported; nothing was written.",
        )
        .faults(faults.0)
    })?;
    folder::prove(
        &target,
        &imported.files,
        "The list would make a topology with faults; nothing was written.",
    )
    .map_err(|failure| {
        failure.hint(
            "The places are those of the files that would have been written; correct the list.",
        )
    })?;
    let (written, loaded) = folder::write(&target, &imported.files)?;
    let words = common.words();
    let mut said = String::new();
    for note in &imported.notes {
        // Writing to a String cannot fail.
        let _ = writeln!(said, "{}", crate::report::clean(note));
    }
    // Dozens of lines would hide the notes above them.
    let few = if written.len() > SHOWN {
        let count = written.len().to_string();
        let folder = target.display().to_string();
        let line = words.with("import.wrote", &[&count, &crate::report::clean(&folder)]);
        let _ = writeln!(said, "{line}");
        &[][..]
    } else {
        &written
    };
    for path in few {
        let path = path.display().to_string();
        let _ = writeln!(
            said,
            "{}",
            words.with("init.wrote", &[&crate::report::clean(&path)])
        );
    }
    let agencies = loaded.network.agencies.len().to_string();
    let shown = target.display();
    let _ = write!(
        said,
        "{}\n\n  spanwatch lint {shown}\n  spanwatch watch --topology {shown}\n",
        words.with("init.next", &[&agencies])
    );
    crate::cli::print(&said)?;
    Ok(ExitCode::SUCCESS)
}
