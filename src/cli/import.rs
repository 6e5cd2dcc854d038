//! `import`: other people's lists to TOML, once, as a person would have written it.

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::ValueEnum;

use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, folder};
use crate::filter::fold::bare;
use crate::inventory::import::Options;

/// Turn a sheet into a topology
///
/// Columns are found by their heads, in Vietnamese or English: name, address, uplink, provider, area, weight ...
/// Cells may be separated by `;`, `,` or tabs, as a spreadsheet saves them. Nothing that exists is overwritten.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The format of the list
    #[arg(value_enum)]
    format: Format,
    /// The list; `-` reads standard input
    file: PathBuf,
    /// Folder to write into, instead of --topology
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Name of the network [default: the file's name]
    #[arg(long)]
    name: Option<String>,
    /// Id of the network [default: made from its name]
    #[arg(long)]
    id: Option<String>,
    /// The hub, by name, id or address [default: the place to which the most lead]
    #[arg(long)]
    hub: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One flat sheet, a row for each agency or device
    Csv,
}

/// Imports a list.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let target = args.output.clone().unwrap_or_else(|| common.folder());
    folder::must_be_free(&target)?;
    let (file, text) = folder::read_text(&args.file)?;
    let name = args.name.clone().unwrap_or_else(|| {
        args.file
            .file_stem()
            .map(|stem| stem.to_string_lossy().into_owned())
            .filter(|stem| stem != "-")
            .unwrap_or_else(|| "Network".to_owned())
    });
    let options = Options {
        file,
        id: args.id.clone().unwrap_or_else(|| id_of(&name)),
        name,
        hub: args.hub.clone(),
    };
    let imported = match args.format {
        Format::Csv => crate::inventory::import::csv::import(&text, &options),
    };
    let imported = imported.map_err(|faults| {
        Failure::new(
            Kind::Usage,
            "The list cannot be imported; nothing was written.",
        )
        .faults(faults.0)
    })?;
    let (written, loaded) = folder::write(&target, &imported.files)?;
    let words = common.words();
    let mut said = String::new();
    for note in &imported.notes {
        // Writing to a String cannot fail.
        let _ = writeln!(said, "{}", crate::report::clean(note));
    }
    for path in &written {
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

/// An id from a name: its letters without marks, its words joined.
fn id_of(name: &str) -> String {
    let letters = bare(name);
    let words: Vec<&str> = letters
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "network".to_owned()
    } else {
        words.join("-")
    }
}
