//! `locate`: which fault explains these silences, or which links lose these packets.

mod counts;
mod evidence;
mod names;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use crate::analysis::locate::remains::remains;
use crate::analysis::locate::{Facts, Locator};
use crate::analysis::lossy::{Echoes, Manner, Paths, Sharing};
use crate::cli::failure::{Failure, Kind};
use crate::cli::locate::names::Names;
use crate::cli::{Common, Format, folder};
use crate::graph::{Cut, Graph};
use crate::model::network::Network;
use crate::model::{Element, NodeId};
use crate::report::locate as report;

/// A target with so many echoes, none of which came back, is silent; fewer may all be lost by chance.
const SILENT: u32 = 3;

const AFTER: &str = "\
Examples:
  spanwatch locate --silent thuan-hoa-ubnd,thuan-hoa-cong-an     everybody else answers
  spanwatch locate --silent thuan-hoa-ubnd --others-unknown      nobody else was asked
  spanwatch locate --silent @silent.txt --ports-down hall-thuan-hoa--pop-thuan-hoa
  spanwatch locate --lossy counts.csv                            columns target, sent, lost
  spanwatch check --format json | spanwatch locate --lossy -";

/// Name the fault that explains silences, or the links that lose packets
///
/// Agencies and nodes are named by id or address, several with commas between them; `@FILE` reads them from a file, `-`
/// from standard input. Elements that the evidence cannot tell apart are named together, with what to ask next.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Agencies and nodes that do not answer
    #[arg(long, value_name = "ID,...", allow_hyphen_values = true)]
    silent: Vec<String>,
    /// Those that do [default: everybody else who is asked]
    #[arg(long, value_name = "ID,...", allow_hyphen_values = true)]
    answering: Vec<String>,
    /// Whoever is not named was not asked
    #[arg(long)]
    others_unknown: bool,
    /// Links whose port is reported down, by the end that says it or by every end that can: LINK or NODE:LINK
    #[arg(long, value_name = "LINK,...")]
    ports_down: Vec<String>,
    /// The same for ports that are up
    #[arg(long, value_name = "LINK,...")]
    ports_up: Vec<String>,
    /// Routers that said of a silent one that it is unreachable
    #[arg(long, value_name = "ROUTER:ID,...")]
    refused_by: Vec<String>,
    /// Elements that are known to be gone: node:ID, link:ID, risk:ID
    #[arg(long, value_name = "ELEMENT,...")]
    down: Vec<String>,
    /// Echoes sent and lost by target, as CSV or JSON or what `check --format json` prints: which links lose them
    #[arg(long, value_name = "FILE", conflicts_with_all = ["silent", "answering", "others_unknown", "ports_down", "ports_up", "refused_by"])]
    lossy: Option<PathBuf>,
    /// Routers share load by packet and not by flow
    #[arg(long, requires = "lossy")]
    by_packet: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Names faults.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let is_about_silence = !args.silent.is_empty() || !args.ports_down.is_empty();
    if args.lossy.is_none() && !is_about_silence {
        return Err(
            Failure::new(Kind::Usage, "Nothing was said that a fault could explain.")
                .hint("Say who is silent: `spanwatch locate --silent ID,ID`; everybody else is taken to answer.")
                .hint("Or which port is down: `spanwatch locate --ports-down LINK`.")
                .hint("Or how many echoes were lost: `spanwatch locate --lossy counts.csv`, with the columns target, sent, lost.")
                .hint("`spanwatch locate --help` shows more; ids are those of `spanwatch list agencies`."),
        );
    }
    let loaded = common.load()?;
    let network = &loaded.network;
    let mut names = Names::new(network);
    let gone = names.elements(&args.down)?;
    if gone.contains(&Element::Node(network.monitor.clone())) {
        return Err(Failure::new(
            Kind::Usage,
            format!("The monitor stands at `{}`", network.monitor),
        )
        .hint("Without it nobody can say who is silent; name what is gone around it."));
    }
    let text = match &args.lossy {
        Some(file) => lossy(args, common, network, names, &gone, file)?,
        None => silent(args, common, network, names, &gone)?,
    };
    crate::cli::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

/// Explains silences.
fn silent(
    args: &Args,
    common: &Common,
    network: &Network,
    names: Names,
    gone: &[Element],
) -> Result<String, Failure> {
    let mut facts = evidence::facts(args, network, names)?;
    let left = Arc::new(left(network, gone)?);
    let graph = Arc::new(Graph::new(&left));
    let reached = graph.reach(&[graph.monitor()], &Cut::default());
    let is_reached = |node: &NodeId| graph.node(node).is_some_and(|node| reached[node.index()]);
    let is_apart = |node: &NodeId| !gone.is_empty() && !is_reached(node);
    let known: Vec<NodeId> = facts
        .silent
        .iter()
        .filter(|node| is_apart(node))
        .cloned()
        .collect();
    facts.silent.retain(|node| !is_apart(node));
    let nevertheless: Vec<NodeId> = if args.answering.is_empty() {
        facts.answering.retain(|node| !is_apart(node));
        Vec::new()
    } else {
        let apart = facts.answering.iter().filter(|node| is_apart(node));
        apart.cloned().collect()
    };
    let locator = Locator::new(left.clone(), graph);
    let explanation = locator.locate(&facts);
    let asks = locator.asks(&left, &facts, &explanation);
    let told = report::Silences {
        network,
        facts: &facts,
        gone,
        known: &known,
        nevertheless: &nevertheless,
        explanation: &explanation,
        asks: &asks,
    };
    Ok(match args.format {
        Format::Json => told.json(),
        Format::Text => told.text(&common.words()),
    })
}

/// Finds lossy links.
fn lossy(
    args: &Args,
    common: &Common,
    network: &Network,
    mut names: Names,
    gone: &[Element],
    file: &Path,
) -> Result<String, Failure> {
    let (name, text) = folder::read_text(file)?;
    let mut echoes: BTreeMap<NodeId, Echoes> = BTreeMap::new();
    let mut via: BTreeMap<NodeId, BTreeSet<Element>> = BTreeMap::new();
    for count in counts::read(&name, &text)? {
        let place = format!("{name}, {}", count.place);
        let Some(node) = names.node(&count.target, &place) else {
            continue;
        };
        let sum = echoes.entry(node.clone()).or_default();
        sum.sent = sum.sent.saturating_add(count.sent);
        sum.lost = sum.lost.saturating_add(count.lost);
        for step in &count.via {
            if let Some(step) = names.step(step, &place) {
                via.entry(node.clone()).or_default().insert(step);
            }
        }
    }
    names.done()?;
    echoes.remove(&network.monitor);
    let silent: Vec<NodeId> = echoes
        .iter()
        .filter(|(_, echoes)| echoes.lost >= echoes.sent && echoes.sent >= SILENT)
        .map(|(node, _)| node.clone())
        .collect();
    echoes.retain(|node, echoes| echoes.sent > 0 && silent.binary_search(node).is_err());
    let left = left(network, gone)?;
    let graph = Graph::new(&left);
    let paths = Paths::new(&left, &graph).through(via);
    let manner = Manner {
        sharing: if args.by_packet {
            Sharing::Packets
        } else {
            Sharing::Flows
        },
        ..Manner::ONCE
    };
    let explanation = paths.lossy(&graph, &echoes, &manner);
    let asks = paths.asks(&left, &graph, &echoes, &explanation);
    let told = report::Losses {
        network,
        targets: echoes.len(),
        silent: &silent,
        explanation: &explanation,
        asks: &asks,
    };
    Ok(match args.format {
        Format::Json => told.json(),
        Format::Text => told.text(&common.words()),
    })
}

/// Takes what is gone out of a network.
fn left(network: &Network, gone: &[Element]) -> Result<Network, Failure> {
    remains(network, gone).map_err(|error| Failure::new(Kind::Configuration, error.to_string()))
}

/// Returns everybody who is asked and not silent, as facts.
fn everybody_else(network: &Network, facts: &mut Facts) {
    let targets = network.targets().into_iter().map(|target| target.id.node);
    let others = targets.filter(|node| !facts.silent.contains(node));
    facts.answering.extend(others);
}
