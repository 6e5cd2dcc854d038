//! `what-if`: fail or build something in a model, and see now and then side by side. Nothing is touched.

use std::path::PathBuf;
use std::process::ExitCode;

use crate::analysis::hours::Limits;
use crate::analysis::what_if::{Comparison, NewLink, Question, USUAL_KIND, kinds};
use crate::app::view::View;
use crate::cli::failure::{Failure, Kind};
use crate::cli::naming::{self, Viewing};
use crate::cli::{CRITICAL, Common, Format, folder};
use crate::clock;
use crate::filter::fold::nearest;
use crate::model::network::Network;
use crate::model::{Element, NodeId};
use crate::report::what_if::{self, Answer};

/// Rows of each list when nobody asks for more.
const ROWS: usize = 20;

/// Links that may be added at once: more is another network, which wants a topology of its own.
const MOST_ADDED: usize = 1_000;

/// Ask what would be if something failed or were built: now and then, side by side
///
/// Ids may stand without their kind where only one thing has them. Hours are those of a year in which it stays so.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// What fails: node:ID, link:ID, risk:ID or agency:ID (the node it sits at)
    #[arg(long, value_name = "KIND:ID", num_args = 1.., value_delimiter = ',')]
    fail: Vec<String>,
    /// What fails, one id a line, `#` begins a comment; `-` is standard input
    #[arg(long, value_name = "FILE")]
    fail_file: Option<PathBuf>,
    /// What a declared maintenance works on fails
    #[arg(long, value_name = "ID")]
    maintenance: Vec<String>,
    /// A link that is built between two nodes, of a kind such as fibre, lan, mpls, radio, 4g [default kind: fibre]
    #[arg(long, value_name = "A--B[:KIND]", num_args = 1.., value_delimiter = ',')]
    add: Vec<String>,
    #[command(flatten)]
    viewing: Viewing,
    /// At most N names in each list of the text
    #[arg(long, value_name = "N", default_value_t = ROWS)]
    top: usize,
    /// End with code 2 when more than N agencies are cut off then
    #[arg(long, value_name = "N")]
    max_cut_off: Option<usize>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Compares now and then.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let network = common.load()?.network;
    let failed = failed(args, &network)?;
    let added = added(args, &network)?;
    if failed.is_empty() && added.is_empty() {
        return Err(
            Failure::new(Kind::Usage, "Nothing fails and nothing is built.").hint(
                "Try `spanwatch what-if --fail link:ID`, `--add NODE--NODE` or `--maintenance ID`.",
            ),
        );
    }
    let sight = args.viewing.see(&network, View::usual)?;
    let question = Question {
        removed: sight.elements(),
        failed,
        added,
    };
    let comparison = Comparison::of(&network, &question, Limits::default())
        .map_err(|error| Failure::new(Kind::Usage, format!("This cannot be built: {error}")))?;
    let answer = Answer {
        network: &network,
        sight: &sight,
        failed: &question.failed,
        comparison: &comparison,
    };
    crate::cli::print(&match args.format {
        Format::Json => what_if::document::json(answer),
        Format::Text => what_if::text(answer, args.top, clock::today(), &common.words()),
    })?;
    let cut_off = comparison.then.cut_off.len();
    match args.max_cut_off {
        Some(limit) if cut_off > limit => {
            crate::cli::say(&format!(
                "{cut_off} agencies would be cut off, more than {limit}."
            ));
            Ok(ExitCode::from(CRITICAL))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}

/// Returns what fails, each element once, in the order in which it was named.
fn failed(args: &Args, network: &Network) -> Result<Vec<Element>, Failure> {
    let mut failed: Vec<Element> = Vec::new();
    let mut seen = std::collections::BTreeSet::new();
    let mut add = |element: Element| {
        if seen.insert(element.clone()) {
            failed.push(element);
        }
    };
    for written in args.fail.iter().filter(|written| !written.is_empty()) {
        add(naming::element(network, written)?);
    }
    if let Some(path) = &args.fail_file {
        let (name, text) = folder::read_text(path)?;
        for (number, line) in (1..).zip(text.lines()) {
            let line = line.split('#').next().unwrap_or_default().trim();
            if !line.is_empty() {
                let element = naming::element(network, line);
                add(element.map_err(|failure| failure.hint(format!("Line {number} of {name}.")))?);
            }
        }
    }
    for id in &args.maintenance {
        for element in &naming::maintenance(network, id)?.elements {
            add(element.clone());
        }
    }
    Ok(failed)
}

/// Returns what is built.
fn added(args: &Args, network: &Network) -> Result<Vec<NewLink>, Failure> {
    if args.add.len() > MOST_ADDED {
        return Err(Failure::new(
            Kind::Usage,
            format!("{} links are too many to add at once.", args.add.len()),
        )
        .hint("Write them into a copy of the topology, and compare with `--topology`."));
    }
    let mut added: Vec<NewLink> = Vec::new();
    for written in args.add.iter().filter(|written| !written.is_empty()) {
        let (ends, kind) = written.split_once(':').unwrap_or((written, USUAL_KIND));
        check_kind(network, kind)?;
        let (a, b) = ends_of(network, ends)?;
        if a == b {
            return Err(Failure::new(
                Kind::Usage,
                format!("A link from `{a}` to itself leads nowhere."),
            )
            .hint("Name two nodes: `--add A--B`."));
        }
        added.push(NewLink {
            a,
            b,
            kind: kind.to_owned(),
        });
    }
    Ok(added)
}

fn check_kind(network: &Network, kind: &str) -> Result<(), Failure> {
    let known = kinds(network);
    if known.contains(&kind) {
        return Ok(());
    }
    let failure = Failure::new(Kind::Usage, format!("`{kind}` is no kind of link here"));
    Err(match nearest(kind, known.iter().copied()) {
        Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
        None => failure.hint(format!("Kinds are {}.", known.join(", "))),
    })
}

/// Finds the two nodes of `A--B`; ids may hold `--` themselves, so every place to part them is tried.
fn ends_of(network: &Network, ends: &str) -> Result<(NodeId, NodeId), Failure> {
    let partings: Vec<(&str, &str)> = ends
        .match_indices("--")
        .map(|(at, dashes)| (&ends[..at], &ends[at + dashes.len()..]))
        .filter(|(a, b)| !a.is_empty() && !b.is_empty())
        .collect();
    let found = partings.iter().find_map(|(a, b)| {
        let a = naming::node(network, a)?;
        Some((a, naming::node(network, b)?))
    });
    if let Some(found) = found {
        return Ok(found);
    }
    let Some((a, b)) = partings.first() else {
        return Err(Failure::new(
            Kind::Usage,
            format!("`{ends}` is not two nodes"),
        )
        .hint("Write both ends with two dashes between: `--add pop-a--pop-b`, `--add pop-a--pop-b:radio`."));
    };
    let missing = [a, b]
        .into_iter()
        .find(|end| naming::node(network, end).is_none())
        .unwrap_or(a);
    let failure = Failure::new(Kind::Usage, format!("There is no node `{missing}`"));
    Err(match naming::nearest_node(network, missing) {
        Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
        None => failure.hint(format!("Look for it: `spanwatch list nodes {missing}`.")),
    })
}
