//! `show`: all about one thing.

use std::process::ExitCode;

use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, Format};
use crate::filter::fold::nearest;
use crate::model::network::Network;
use crate::report::profile;
use crate::report::subject::{self, Subject};

/// Show all about one agency, node, link, risk group, service, area, provider or maintenance
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Its id; where two kinds share one, KIND:ID
    id: String,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Shows one thing.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let (loaded, weakness) = common.analysed()?;
    let network = &loaded.network;
    let mut found = Subject::named(network, &args.id);
    let subject = match found.len() {
        0 => return Err(unknown(network, &args.id)),
        1 => found.swap_remove(0),
        _ => {
            let choices: Vec<String> = found
                .iter()
                .map(|subject| format!("`spanwatch show {}:{}`", subject.kind(), args.id))
                .collect();
            return Err(Failure::new(
                Kind::Usage,
                format!("Several things are called `{}`", args.id),
            )
            .hint(format!("Say which: {}.", choices.join(", "))));
        }
    };
    let text = match args.format {
        Format::Json => profile::json(network, &weakness, &subject),
        Format::Text => profile::text(network, &weakness, &subject, &common.words()),
    };
    crate::cli::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Makes a failure of an id that nothing has, with the nearest one that something has.
fn unknown(network: &Network, id: &str) -> Failure {
    let failure = Failure::new(Kind::Usage, format!("Nothing is called `{id}`"));
    let (kind, bare) = match id.split_once(':') {
        Some((kind, bare)) => (format!("{kind}:"), bare),
        None => (String::new(), id),
    };
    match nearest(bare, subject::ids(network)) {
        Some(meant) if meant == bare => {
            failure.hint(format!("`{meant}` exists, but it is not of that kind."))
        }
        Some(meant) => failure.hint(format!("Did you mean `{kind}{meant}`?")),
        None => failure.hint(format!(
            "Look for it: `spanwatch list agencies {bare}`, `spanwatch list nodes {bare}`."
        )),
    }
}
