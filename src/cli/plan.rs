//! `plan`: what to build for a budget, by the hours that it saves.

use std::collections::{BTreeMap, BTreeSet};
use std::process::ExitCode;

use crate::analysis::Weakness;
use crate::analysis::augment::{Augmentation, Goal, Offer};
use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::{Limits, total};
use crate::analysis::plan::choices::{Choice, Origin, choices};
use crate::analysis::plan::{Question, plan, with};
use crate::cli::failure::{Failure, Kind};
use crate::cli::list::bad_filter;
use crate::cli::{Common, Format};
use crate::filter::Filter;
use crate::graph::Graph;
use crate::model::AgencyId;
use crate::model::network::Network;
use crate::report;
use crate::report::kind::{self, Kind as Listed};
use crate::report::shape::{Shape, Shapes};

/// Steps of the text when nobody asks for more.
const ROWS: usize = 20;

/// Kinds that are told when an unknown one was asked for.
const KINDS: usize = 20;

/// As much as one link may cost in the topology.
const MOST_BUDGET: f64 = 1e15;

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
    #[arg(
        long,
        value_name = "N",
        required_unless_present = "goal",
        allow_negative_numbers = true
    )]
    budget: Option<f64>,
    /// The cheapest links that reach a goal, whatever they cost: no-single-points
    #[arg(long, value_enum, value_name = "GOAL", conflicts_with = "budget")]
    goal: Option<Aim>,
    /// Of the goal: nodes on the way count as well as links
    #[arg(long, requires = "goal")]
    nodes: bool,
    /// Of the goal: only for agencies of this filter, such as level=city
    #[arg(long, value_name = "FILTER", requires = "goal")]
    agencies: Option<String>,
    /// Only links that the topology names as candidates
    #[arg(long)]
    declared: bool,
    /// Only links of this kind, such as fibre or 4g
    #[arg(long, value_name = "KIND")]
    kind: Vec<String>,
    /// At most N steps in the text
    #[arg(long, value_name = "N", default_value_t = ROWS)]
    top: usize,
    /// How many networks the search may solve exactly; more is slower and may be better
    #[arg(long, value_name = "N", default_value_t = 600)]
    work: u32,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What may be aimed at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Aim {
    /// Nobody hangs on one link
    NoSinglePoints,
}

/// Plans.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let budget = args.budget.unwrap_or(0.0);
    if !(0.0..=MOST_BUDGET).contains(&budget) {
        return Err(Failure::new(
            Kind::Usage,
            format!("A budget of {budget} cannot be spent."),
        )
        .hint("Write a sum in the unit of the network, like `--budget 20000`."));
    }
    let network = common.load()?.network;
    let graph = Graph::new(&network);
    let all = choices(&network, &graph);
    let kinds: BTreeSet<String> = all.iter().map(|choice| choice.kind.clone()).collect();
    if let Some(kind) = args.kind.iter().find(|kind| !kinds.contains(*kind))
        && !kinds.is_empty()
    {
        let known: Vec<&str> = kinds.iter().take(KINDS).map(String::as_str).collect();
        return Err(Failure::new(
            Kind::Usage,
            format!("No link of kind `{kind}` could be built."),
        )
        .hint(format!("There are {}.", known.join(", "))));
    }
    let found: Vec<Choice> = all
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
    if args.goal.is_some() {
        return reach(args, common, &network, &found);
    }
    let question = Question {
        work: args.work as usize,
        ..Question::of(budget)
    };
    let plan = plan(&network, &BTreeMap::new(), &found, question);
    let words = common.words();
    crate::cli::print(&match args.format {
        Format::Json => report::plan::json(&network, budget, &plan, &words),
        Format::Text => report::plan::text(&network, budget, &plan, args.top, &words),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Finds the cheapest links that reach the goal.
fn reach(
    args: &Args,
    common: &Common,
    network: &Network,
    choices: &[Choice],
) -> Result<ExitCode, Failure> {
    let chosen: Option<BTreeSet<AgencyId>> = match &args.agencies {
        None => None,
        Some(written) => Some(matching(network, written)?),
    };
    let offers: Vec<Offer> = choices
        .iter()
        .map(|choice| Offer {
            a: choice.a.clone(),
            b: choice.b.clone(),
            cost: choice.cost,
        })
        .collect();
    let goal = Goal {
        removed: &[],
        agencies: chosen.as_ref(),
        nodes: args.nodes,
    };
    let found = Augmentation::of(network, &offers, &goal).map_err(|refused| {
        Failure::new(Kind::Usage, format!("This cannot be planned: {refused}"))
    })?;
    let built: Vec<&Choice> = found.build.iter().map(|at| &choices[*at]).collect();
    let limits = Limits::default();
    let seen = BTreeMap::new();
    let chances = Chances::declared(network);
    let before = total(network, &Graph::new(network), &chances, &[], limits);
    let after = with(network, &built, &seen, limits);
    let answer = report::augment::Answer {
        network,
        choices,
        found: &found,
        nodes: args.nodes,
        asked: chosen
            .as_ref()
            .map_or(network.agencies.len(), BTreeSet::len),
        hours: [before.0, after.0],
        method: if before.1.is_exact() {
            after.1
        } else {
            before.1
        },
    };
    let words = common.words();
    crate::cli::print(&match args.format {
        Format::Json => report::augment::json(answer),
        Format::Text => report::augment::text(answer, args.top, &words),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Returns the agencies of a filter; none is a mistake of whoever wrote it.
fn matching(network: &Network, written: &str) -> Result<BTreeSet<AgencyId>, Failure> {
    let filter = Filter::parse(written, Listed::Agencies.fields())
        .map_err(|bad| bad_filter(written, bad))?;
    let weakness = Weakness::of(network, &Graph::new(network), &[]);
    let shapes = Shapes::new(network, &weakness);
    let found: BTreeSet<AgencyId> = kind::items(&shapes, Listed::Agencies, &filter)
        .into_iter()
        .filter_map(|shape| match shape {
            Shape::Agency(shape) => Some(shape.id.clone()),
            _ => None,
        })
        .collect();
    if found.is_empty() {
        return Err(Failure::new(Kind::Usage, "No agency is of this filter.")
            .hint("Try it with `spanwatch list agencies FILTER`."));
    }
    Ok(found)
}
