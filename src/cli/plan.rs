//! `plan`: what to build for a budget, by the hours that it saves.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::analysis::plan::choices::{Choice, Origin, choices};
use crate::analysis::plan::{Question, plan};
use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, Format};
use crate::graph::Graph;
use crate::report;

/// Steps of the text when nobody asks for more.
const ROWS: usize = 20;

/// Choices that are looked at: more is a file that somebody should shorten.
const MOST_CHOICES: usize = 200_000;

/// Plan what to build for a budget: the links that save the most agency-hours for their price
///
/// Choices are the `[[candidate]]` links of the topology, and those that somebody would think of: fibre between near
/// places, a second uplink, the same way outside a duct, 4G or a leased line, at the prices of
/// `[defaults.link.KIND] build`. Every figure shown is that of the network with the steps before it built.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What may be spent, in the unit of the network
    #[arg(long, value_name = "N")]
    budget: f64,
    /// Only links that the topology names as candidates
    #[arg(long)]
    declared: bool,
    /// Only links of this kind, such as fibre or 4g
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// At most N steps in the text
    #[arg(long, value_name = "N", default_value_t = ROWS)]
    top: usize,
    /// How many exact answers the search may ask for; more is slower and may be better
    #[arg(long, value_name = "N", default_value_t = 600)]
    work: u32,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Plans.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    if !args.budget.is_finite() || args.budget < 0.0 {
        return Err(Failure::new(
            Kind::Usage,
            format!("A budget of {} cannot be spent.", args.budget),
        )
        .hint("Write a sum in the unit of the network, like `--budget 20000`."));
    }
    let network = common.load()?.network;
    let graph = Graph::new(&network);
    let found: Vec<Choice> = choices(&network, &graph)
        .into_iter()
        .filter(|choice| !args.declared || choice.origin == Origin::Declared)
        .filter(|choice| args.kind.is_empty() || args.kind.contains(&choice.kind))
        .collect();
    if found.is_empty() {
        return Err(Failure::new(
            Kind::Usage,
            "There is nothing that could be built.",
        )
        .hint(
            "Name links in the topology with `[[candidate]]`, or give a price to a kind: `[defaults.link.fibre] build = { fixed = 500, per_km = 1000 }`.",
        ));
    }
    if found.len() > MOST_CHOICES {
        return Err(Failure::new(
            Kind::Usage,
            format!(
                "There are {} links that could be built; at most {MOST_CHOICES} are compared.",
                found.len()
            ),
        )
        .hint("Take some with `--kind`, or only those of the topology with `--declared`."));
    }
    let question = Question {
        work: args.work as usize,
        ..Question::of(args.budget)
    };
    let plan = plan(&network, &BTreeMap::new(), &found, question);
    let words = common.words();
    crate::cli::print(&match args.format {
        Format::Json => report::plan::json(&network, args.budget, &plan, &words),
        Format::Text => report::plan::text(&network, args.budget, &plan, args.top, &words),
    })?;
    Ok(ExitCode::SUCCESS)
}
