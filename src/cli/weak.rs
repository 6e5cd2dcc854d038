//! `weak`: whose loss cuts somebody off, ranked; and the gate for the topology's own CI.

use std::process::ExitCode;

use crate::cli::failure::{Failure, Kind};
use crate::cli::{CRITICAL, Common, Format};
use crate::filter::fold::nearest;
use crate::model::{AgencyId, Element};
use crate::report::weak::{self, Selection};

/// Rows of the table when nobody asks for more: a screen.
const ROWS: usize = 20;

/// Rank the elements whose loss cuts somebody off
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most N elements [default: 20 as text, all as JSON]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// How one agency is connected, and what cuts it off
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    /// End with code 2 when one element that is no hub cuts off more than N agencies
    #[arg(long, value_name = "N")]
    max_cut_off: Option<usize>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Ranks the weak elements.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let (loaded, weakness) = common.analysed()?;
    let network = &loaded.network;
    let agency = match &args.agency {
        None => None,
        Some(id) => Some(network.agencies.get(id.as_str()).ok_or_else(|| {
            let failure = Failure::new(Kind::Usage, format!("There is no agency `{id}`"));
            match nearest(id, network.agencies.keys().map(AgencyId::as_str)) {
                Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
                None => failure.hint(format!("Look for it: `spanwatch list agencies {id}`.")),
            }
        })?),
    };
    let selection = Selection {
        top: args.top,
        agency: agency.map(|agency| &agency.id),
    };
    let words = common.words();
    let text = match (args.format, agency) {
        (Format::Json, _) => weak::json(network, &weakness, selection),
        (Format::Text, Some(agency)) => weak::agency(network, &weakness, agency, &words),
        (Format::Text, None) => {
            let selection = Selection {
                top: Some(args.top.unwrap_or(ROWS)),
                ..selection
            };
            weak::text(network, &weakness, selection, &words)
        }
    };
    crate::cli::print(&text)?;
    let Some(limit) = args.max_cut_off else {
        return Ok(ExitCode::SUCCESS);
    };
    let offenders: Vec<String> = weakness
        .elements
        .iter()
        // On a hub everybody depends, whatever is built: with it no gate below all of them could ever hold.
        .filter(|weak| !matches!(&weak.element, Element::Node(id) if network.hubs.contains(id)))
        .filter(|weak| weak.ids.len() > limit)
        .map(|weak| format!("{} ({})", weak.element, weak.ids.len()))
        .collect();
    if offenders.is_empty() {
        return Ok(ExitCode::SUCCESS);
    }
    crate::cli::say(&format!(
        "{} of the elements cut off more than {limit} agencies: {}.",
        offenders.len(),
        offenders.join(", ")
    ));
    Ok(ExitCode::from(CRITICAL))
}
