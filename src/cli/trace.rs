//! `trace`: hop by hop, beside the path that the model declares.

use std::io::{self, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::process::ExitCode;
use std::time::Duration;

use crate::app::Setting;
use crate::app::settings;
use crate::app::trace::Question;
use crate::app::view::View;
use crate::cli::check::duration;
use crate::cli::failure::{Failure, Kind};
use crate::cli::naming::{self, Viewing};
use crate::cli::ping::Which;
use crate::cli::{Common, Format, from_environment, start};
use crate::filter::fold::nearest;
use crate::model::NodeId;
use crate::model::network::Network;
use crate::model::trace::Trace;
use crate::probe::trace::TraceError;
use crate::probe::trace::log::Plan;
use crate::report::{chain, subject, trace};

/// At most so many pictures a second while it goes on.
const FRAME: Duration = Duration::from_millis(100);

/// Hop by hop to an agency, a node or an address, beside the path that the model declares
///
/// All packets of a flow look alike to routers that share load, so each flow stays on one path; several flows show
/// several. A hop that loses while those behind it do not has a rate limit, and is marked so. An example topology is
/// traced inside the lab: `spanwatch lab -- spanwatch trace ID`.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// An agency's or a node's id, or an address of IPv4 or IPv6
    #[arg(value_name = "TARGET")]
    target: String,
    /// Flows, each of which takes its own of several equal paths
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=64))]
    flows: u16,
    /// Questions to each hop of a flow
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u16).range(1..=500))]
    probes: u16,
    /// The last hop to ask
    #[arg(long, value_name = "N", default_value_t = 30, value_parser = clap::value_parser!(u8).range(1..=64))]
    max_hops: u8,
    /// Time between two questions
    #[arg(long, value_name = "TIME", default_value = "10ms", value_parser = duration)]
    interval: Duration,
    /// How long an answer may take
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    timeout: Duration,
    /// Deadline of the whole trace
    #[arg(short = 't', long, value_name = "TIME", default_value = "30s", value_parser = duration)]
    deadline: Duration,
    /// Take only addresses of this kind for names: 4 or 6
    #[arg(long, value_name = "4|6", value_enum)]
    family: Option<Which>,
    #[command(flatten)]
    viewing: Viewing,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Traces one target.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let network = topology(common)?;
    let network = network.as_ref();
    let (address, node) = target(&args.target, args.family, network)?;
    let is_lab = start::runtime()?.block_on(start::lab()).is_some();
    let (mut removed, mut view) = (Vec::new(), "designed".to_owned());
    if let Some(network) = network {
        settings::may_probe(network, is_lab).map_err(|error| {
            let command = format!("spanwatch lab -- spanwatch trace {}", args.target);
            let failure = Failure::new(Kind::Configuration, chain(&error));
            failure.hint(format!("Trace it in the lab: `{command}`."))
        })?;
        let sight = args.viewing.see(network, |network, memory, now| {
            View::Designed.see(network, memory, now)
        })?;
        removed = sight.elements();
        sight.view.word().clone_into(&mut view);
    }
    let question = Question {
        address,
        node,
        flows: args.flows,
        plan: Plan {
            probes: args.probes,
            hops: args.max_hops,
            gap: args.interval,
            timeout: args.timeout,
            deadline: args.deadline,
        },
        removed,
        view,
        setting: if is_lab { Setting::Lab } else { Setting::Live },
    };
    let is_watched = args.format == Format::Text
        && io::stdout().is_terminal()
        && io::stderr().is_terminal()
        && from_environment("TERM").is_some_and(|term| term != "dumb");
    let mut screen = Screen {
        is_on: is_watched,
        lines: 0,
        drawn: None,
    };
    let traced = crate::app::trace::trace(question, network, |seen| screen.draw(seen, network));
    screen.clear();
    let traced = traced.map_err(|error| {
        let failure = Failure::new(Kind::System, chain(&error));
        match error {
            TraceError::Open(_) => failure.hint("`spanwatch doctor` says what mends it."),
            TraceError::Send(..) => {
                failure.hint("Is there a route? `ip route get ADDRESS` shows it.")
            }
            TraceError::Listen(_) | TraceError::Drop(_) => failure,
        }
    })?;
    crate::cli::print(&match args.format {
        Format::Json => trace::document::json(&traced, network),
        Format::Text => trace::text(&traced, network, &common.words()),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// Loads the topology that was named, or the one that is here; an address can be traced without any.
fn topology(common: &Common) -> Result<Option<Network>, Failure> {
    let is_named = common.topology.is_some() || from_environment("SPANWATCH_TOPOLOGY").is_some();
    if is_named || common.folder().exists() {
        return Ok(Some(common.load()?.network));
    }
    Ok(None)
}

fn target(
    written: &str,
    family: Option<Which>,
    network: Option<&Network>,
) -> Result<(IpAddr, Option<NodeId>), Failure> {
    if let Ok(address) = written.parse::<IpAddr>() {
        let node = network.and_then(|network| network.node_of(address));
        return not_here(network, node.map(|node| &node.id))
            .map(|()| (address, node.map(|node| node.id.clone())));
    }
    let Some(network) = network else {
        let message =
            format!("`{written}` is no address, and there is no topology to look it up in");
        return Err(Failure::new(Kind::Usage, message)
            .hint("Name the folder of the topology with `--topology DIR`; names of DNS are not looked up."));
    };
    let bare = written
        .strip_prefix("agency:")
        .or_else(|| written.strip_prefix("node:"));
    let bare = bare.unwrap_or(written);
    let Some(id) = naming::node(network, bare) else {
        let failure = Failure::new(Kind::Usage, format!("Nothing is called `{written}`"));
        return Err(match nearest(bare, subject::ids(network)) {
            Some(meant) if meant != bare => failure.hint(format!("Did you mean `{meant}`?")),
            Some(_) => {
                failure.hint("Name an agency, a node or an address; nothing else can be traced.")
            }
            None => failure.hint(format!(
                "Look for it: `spanwatch list agencies {bare}`, `spanwatch list nodes {bare}`."
            )),
        });
    };
    not_here(Some(network), Some(&id))?;
    let node = &network.nodes[&id];
    let mut addresses = node.address.iter().chain(&node.addresses).copied();
    let first = addresses.clone().next();
    match (
        addresses.find(|address| Which::takes(family, *address)),
        first,
    ) {
        (Some(address), _) => Ok((address, Some(id))),
        (None, Some(other)) => {
            let message = format!("`{id}` has no address of that kind in the topology");
            Err(Failure::new(Kind::Usage, message).hint(format!("It has {other}.")))
        }
        (None, None) => Err(Failure::new(
            Kind::Usage,
            format!("`{id}` has no address in the topology"),
        )),
    }
}

/// Refuses the monitor's own node: there is no hop to it.
fn not_here(network: Option<&Network>, node: Option<&NodeId>) -> Result<(), Failure> {
    match (network, node) {
        (Some(network), Some(node)) if network.monitor == *node => Err(Failure::new(
            Kind::Usage,
            format!("The monitor stands at `{node}` itself"),
        )
        .hint("Trace another node from here.")),
        _ => Ok(()),
    }
}

/// What is drawn on standard error while a trace goes on, and taken away at its end.
struct Screen {
    is_on: bool,
    lines: usize,
    drawn: Option<std::time::Instant>,
}

impl Screen {
    fn draw(&mut self, seen: &Trace, network: Option<&Network>) {
        let now = crate::clock::now();
        let is_early = |last| now.saturating_duration_since(last) < FRAME;
        if !self.is_on || self.drawn.is_some_and(is_early) {
            return;
        }
        let text = trace::live(seen, network);
        self.clear();
        self.lines = text.lines().count();
        self.drawn = Some(now);
        // Whoever watches may go; the result does not depend on it.
        let _ = io::stderr().write_all(text.as_bytes());
    }

    fn clear(&mut self) {
        if self.lines > 0 {
            let _ = write!(io::stderr(), "\u{1b}[{}A\r\u{1b}[J", self.lines);
            self.lines = 0;
        }
    }
}
