//! `weak`: what to fear, ranked by the hours it will cost; and the gates for the topology's own CI.

use std::collections::BTreeMap;
use std::process::ExitCode;

use crate::analysis::hours::Limits;
use crate::analysis::ranking::{Ranked, Ranking, remedies};
use crate::app::view::View;
use crate::cli::failure::{Failure, Kind};
use crate::cli::list::bad_filter;
use crate::cli::naming::{self, Viewing};
use crate::cli::{CRITICAL, Common, Format};
use crate::clock;
use crate::filter::Filter;
use crate::graph::Graph;
use crate::model::Element;
use crate::model::network::Network;
use crate::report::kind::Kind as Listed;
use crate::report::ranking::{self, Answer};
use crate::report::shape::{Shape, Shapes};
use crate::report::{kind, weak};

/// Rows of the text when nobody asks for more.
const ROWS: usize = 10;

/// Names that a gate tells before the rest is a number.
const TOLD: usize = 20;

/// Rank what to fear by the agency-hours a year that it will cost: elements, risk groups and pairs
///
/// Hours are weighted, and exact for the rates of the topology. An agency's own node is left out of the text, since no
/// link mends it; `--own` shows it. The text names the cheapest link that takes most of the harm away.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// At most N rows [default: 10 as text, all as JSON]
    #[arg(long, value_name = "N")]
    top: Option<usize>,
    /// How one agency is connected, and what cuts it off
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    /// Show the agencies' own nodes in the text as well
    #[arg(long)]
    own: bool,
    #[command(flatten)]
    viewing: Viewing,
    /// End with code 2 when one element that is no hub cuts off more than N agencies
    #[arg(long, value_name = "N")]
    max_cut_off: Option<usize>,
    /// End with code 2 when one element that is no hub costs more than N weighted hours a year
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    max_hours: Option<f64>,
    /// End with code 2 when an agency of this filter has a single point of failure besides its own node and the hubs
    #[arg(long, value_name = "FILTER")]
    no_single_point: Option<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Ranks what is weak.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    if let Some(limit) = args.max_hours
        && !(limit.is_finite() && limit >= 0.0)
    {
        return Err(
            Failure::new(Kind::Usage, format!("{limit} is no number of hours."))
                .hint("Write weighted hours a year, like `--max-hours 500`."),
        );
    }
    let network = common.load()?.network;
    let agency = args
        .agency
        .as_deref()
        .map(|id| naming::agency(&network, id))
        .transpose()?;
    let gated = match &args.no_single_point {
        None => None,
        Some(written) => Some(
            Filter::parse(written, Listed::Agencies.fields())
                .map_err(|bad| bad_filter(written, bad))?,
        ),
    };
    let sight = args.viewing.see(&network, |network, memory, now| {
        View::Designed.see(network, memory, now)
    })?;
    let graph = Graph::new(&network);
    let limits = Limits::default();
    let seen = BTreeMap::new();
    let ranking = Ranking::of(&network, &graph, &seen, &sight.elements(), limits);
    let words = common.words();
    let all: Vec<&Ranked> = ranking
        .rows
        .iter()
        .filter(|row| agency.is_none_or(|agency| row.ids.contains(&agency.id)))
        .filter(|row| args.format == Format::Json || args.own || !row.is_own)
        .collect();
    let text = match (args.format, agency) {
        (Format::Text, Some(agency)) => weak::agency(&network, &ranking.weakness, agency, &words),
        (format, _) => {
            let most = match format {
                Format::Json => args.top.unwrap_or(all.len()),
                Format::Text => args.top.unwrap_or(ROWS),
            };
            let rows = &all[..most.min(all.len())];
            // What to build is a question to the design, whatever is down today.
            let few = if sight.view == View::Designed {
                &rows[..rows.len().min(ROWS.max(args.top.unwrap_or(0)))]
            } else {
                &[]
            };
            let mut found = remedies(&network, &graph, &seen, few, limits);
            found.resize(rows.len(), None);
            let answer = Answer {
                network: &network,
                sight: &sight,
                ranking: &ranking,
                rows,
                remedies: &found,
                all: all.len(),
                agency: agency.map(|agency| &agency.id),
            };
            match format {
                Format::Json => ranking::json(answer, &words),
                Format::Text => ranking::text(answer, most, clock::today(), &words),
            }
        }
    };
    crate::cli::print(&text)?;
    let mut holds = true;
    if let Some(limit) = args.max_cut_off {
        let over = |row: &&Ranked| row.ids.len() > limit;
        let tell = |row: &Ranked| format!("{} ({})", row.element(), row.ids.len());
        holds &= gate(
            &network,
            &ranking,
            over,
            tell,
            &format!("cut off more than {limit} agencies"),
        );
    }
    if let Some(limit) = args.max_hours {
        let over = |row: &&Ranked| row.importance.hours.weighted > limit;
        let tell =
            |row: &Ranked| format!("{} ({:.1})", row.element(), row.importance.hours.weighted);
        holds &= gate(
            &network,
            &ranking,
            over,
            tell,
            &format!("cost more than {limit} weighted hours a year"),
        );
    }
    if let Some(filter) = gated {
        holds &= no_single_point(&network, &ranking, &filter);
    }
    Ok(if holds {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(CRITICAL)
    })
}

/// Returns whether a gate on elements holds, and tells what does not.
///
/// On a hub everybody depends, whatever is built: with it no gate below all of them could ever hold.
fn gate(
    network: &Network,
    ranking: &Ranking,
    over: impl Fn(&&Ranked) -> bool,
    tell: impl Fn(&Ranked) -> String,
    what: &str,
) -> bool {
    let is_hub =
        |row: &&Ranked| matches!(row.element(), Element::Node(id) if network.hubs.contains(id));
    let offenders: Vec<String> = ranking
        .rows
        .iter()
        .filter(|row| !is_hub(row) && over(row))
        .map(tell)
        .collect();
    tell_all(
        &format!("{} of the elements {what}", offenders.len()),
        &offenders,
    )
}

/// Returns whether no agency of a filter hangs on a single point besides its own node and the hubs.
fn no_single_point(network: &Network, ranking: &Ranking, filter: &Filter) -> bool {
    let shapes = Shapes::new(network, &ranking.weakness);
    let mut offenders = Vec::new();
    for shape in kind::items(&shapes, Listed::Agencies, filter) {
        let Shape::Agency(shape) = shape else {
            continue;
        };
        let id = shape.id;
        let (Some(standing), Some(agency)) =
            (ranking.weakness.agencies.get(id), network.agencies.get(id))
        else {
            continue;
        };
        if standing.cut_off {
            offenders.push(id.to_string());
            continue;
        }
        let is_foreign = |element: &&Element| match element {
            Element::Node(node) => *node != agency.node && !network.hubs.contains(node),
            _ => true,
        };
        if let Some(point) = standing.single_points.iter().find(is_foreign) {
            offenders.push(format!("{id} ({point})"));
        }
    }
    tell_all(
        &format!(
            "{} of the agencies have a single point of failure",
            offenders.len()
        ),
        &offenders,
    )
}

fn tell_all(what: &str, offenders: &[String]) -> bool {
    if offenders.is_empty() {
        return true;
    }
    let told = offenders[..offenders.len().min(TOLD)].join(", ");
    let rest = match offenders.len().saturating_sub(TOLD) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    crate::cli::say(&format!("{what}: {told}{rest}."));
    false
}
