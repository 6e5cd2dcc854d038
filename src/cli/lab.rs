//! `lab`: the emulated network, a program in it, and a line to a lab that runs.

use std::ffi::OsString;
use std::io::IsTerminal as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use clap::Subcommand;

use crate::cli::failure::{Failure, Kind};
use crate::cli::{Color, Common};
use crate::lab::namespace::Refused;
use crate::lab::scenario::{Scenario, built_in, names};
use crate::lab::{Options, control};
use crate::model::NodeId;
use crate::model::fault::Source;
use crate::model::network::Network;
use crate::report::words::Language;

/// The seed where nobody names one: the same lab every time.
const SEED: u64 = 1;

/// Runs a program in an emulated copy of the network
///
/// Real sockets, real ICMP, real SNMP, and nobody's devices: `spanwatch lab -- fping -a 10.48.0.11`. Without
/// a COMMAND it is the dashboard on a terminal, and one check elsewhere. Ends with the COMMAND's exit code.
#[derive(Clone, Debug, clap::Args)]
#[command(args_conflicts_with_subcommands = true)]
pub struct Args {
    /// What shall break, and when: a file, or the name of a built-in scenario (demo, quality)
    #[arg(long, value_name = "FILE|NAME")]
    pub scenario: Option<OsString>,
    /// Write what really happened, one JSON line a fault
    #[arg(long, value_name = "FILE")]
    pub record: Option<PathBuf>,
    /// Seed of everything random [default: the scenario's, else 1]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// What to run in it, with its arguments
    #[arg(last = true, value_name = "COMMAND")]
    pub command: Vec<OsString>,
    #[command(subcommand)]
    line: Option<Line>,
}

#[derive(Clone, Debug, Subcommand)]
enum Line {
    /// Changes a running lab, or says what is broken in it
    ///
    /// `cut ELEMENT...`, `restore ELEMENT...|all`, `loss ELEMENT PERCENT [BURST [NODE]]`, `rate LINK BITS
    /// [QUEUE]` (`2M 100ms`: what would wait longer is dropped), `duplicate ELEMENT PERCENT`, `reorder ELEMENT
    /// PERCENT [SPAN]` (that share comes so much later), `mtu LINK OCTETS`, `oneway LINK NODE` (nothing travels
    /// towards NODE), `icmp-limit NODE RATE [OTHERS]` (NODE sends RATE ICMP messages a second, while others ask
    /// for OTHERS),
    /// `agent NODE well|killed|slow [5s]|trickle [500ms]|garbage|another|partial|no-ping|reboot` and, for agents
    /// that lie, `renumbered|unasked|circle|endless|clock|backwards`, `list`.
    Ctl {
        /// The line
        #[arg(required = true, value_name = "LINE")]
        words: Vec<String>,
    },
    /// What the lab runs to become its COMMAND.
    #[command(hide = true)]
    Inside {
        /// The lab's process.
        parent: OsString,
        /// What to become.
        #[arg(last = true)]
        command: Vec<OsString>,
    },
}

/// What is left to do after `run`.
#[derive(Debug)]
pub enum Outcome {
    /// Nothing: the program ends with this code.
    Done(ExitCode),
    /// The kernel refuses namespaces, and no program of somebody else's was asked for: the monitor itself goes
    /// on in this process, over the fabric, and the screen must say that it is simulated.
    Simulate(Box<Simulated>),
}

/// What the monitor needs to go on in this process.
#[derive(Debug)]
pub struct Simulated {
    /// Why there is no wire; already told to the user.
    pub refused: Refused,
    /// The network, loaded.
    pub network: Arc<Network>,
    /// What shall break, and when.
    pub scenario: Scenario,
    /// The seed of everything random.
    pub seed: u64,
    /// Where to write what really happened.
    pub record: Option<PathBuf>,
}

/// Runs the command. Must be called while the process has one thread.
pub fn run(args: &Args, common: &Common) -> Result<Outcome, Failure> {
    match &args.line {
        Some(Line::Ctl { words }) => tell(words).map(Outcome::Done),
        Some(Line::Inside { parent, command }) => {
            let error = crate::lab::child::r#become(parent, command);
            let name = command.first().cloned().unwrap_or_default();
            crate::cli::say(&format!("spanwatch: {}: {error}", name.display()));
            // As shells do for a program that is not there, or is none.
            let code = if error.kind() == std::io::ErrorKind::NotFound {
                127
            } else {
                126
            };
            Ok(Outcome::Done(ExitCode::from(code)))
        }
        None => start(args, common),
    }
}

fn start(args: &Args, common: &Common) -> Result<Outcome, Failure> {
    let folder = common.folder();
    let network = Arc::new(common.load()?.network);
    let scenario = match &args.scenario {
        Some(name) => read(name, &network)?,
        None => Scenario::default(),
    };
    let program = std::env::current_exe()
        .map_err(|error| Failure::reading("the place of this program", &error))?
        .into_os_string();
    let command = if args.command.is_empty() {
        monitor(&program, common)
    } else {
        args.command.clone()
    };
    let options = Options {
        topology: std::path::absolute(&folder).unwrap_or(folder),
        seed: args.seed.or(scenario.seed).unwrap_or(SEED),
        network,
        scenario,
        record: args.record.clone(),
        shim: vec![program, "lab".into(), "inside".into()],
    };
    let refused = match crate::lab::run(&options, &command) {
        Ok(code) => {
            // Codes of programs are eight bits wide; no other can come.
            let code = u8::try_from(code).unwrap_or(u8::MAX);
            return Ok(Outcome::Done(ExitCode::from(code)));
        }
        Err(crate::lab::Failure::Refused(refused)) => refused,
        Err(error) => {
            let message = crate::report::chain(&error);
            return Err(Failure::new(Kind::System, message));
        }
    };
    if !args.command.is_empty() {
        let message = format!("{refused} No other program can run in the lab here.");
        return Err(Failure::new(Kind::System, message)
            .hint(refused.advice)
            .hint(
                "Without a COMMAND, `spanwatch lab` shows the same network simulated in process.",
            ));
    }
    crate::cli::say(&format!(
        "{refused} The network is simulated in process instead."
    ));
    if !refused.advice.is_empty() {
        crate::cli::say(&refused.advice);
    }
    say_unplayed(&options.scenario);
    Ok(Outcome::Simulate(Box::new(Simulated {
        refused,
        network: options.network,
        scenario: options.scenario,
        seed: options.seed,
        record: options.record,
    })))
}

/// Returns this program as the monitor: on screen where there is one.
fn monitor(program: &OsString, common: &Common) -> Vec<OsString> {
    let mut command = vec![program.clone()];
    if let Some(language) = common.lang {
        let word = match language {
            Language::Vi => "vi",
            Language::En => "en",
        };
        command.extend(["--lang".into(), word.into()]);
    }
    match common.color {
        Color::Auto => {}
        Color::Always => command.push("--color=always".into()),
        Color::Never => command.push("--color=never".into()),
    }
    let is_screen = std::io::stdout().is_terminal();
    command.push(if is_screen { "watch" } else { "check" }.into());
    command
}

/// Reads a scenario: a built-in one by its name, or a file.
pub(in crate::cli) fn read(name: &OsString, network: &Network) -> Result<Scenario, Failure> {
    let text = match name.to_str().and_then(built_in) {
        Some(text) => text.to_owned(),
        None => match std::fs::read(Path::new(name)) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) => {
                let known = names().collect::<Vec<_>>().join(", ");
                return Err(Failure::reading(&name.display().to_string(), &error)
                    .hint(format!("Built-in scenarios: {known}.")));
            }
        },
    };
    let source = Arc::new(Source {
        name: name.display().to_string(),
        text,
    });
    Scenario::parse(&source, network).map_err(|faults| {
        let message = format!("The scenario {} cannot be used.", source.name);
        Failure::new(Kind::Configuration, message).faults(faults)
    })
}

/// Says what of a scenario has no effect where there is no wire.
pub(in crate::cli) fn say_unplayed(scenario: &Scenario) {
    if !scenario.recordings.is_empty() {
        let nodes = scenario.recordings.keys().map(NodeId::as_str);
        crate::cli::say(&format!(
            "Recordings answer on the wire of a lab only; here these answer as themselves: {}.",
            nodes.collect::<Vec<_>>().join(", ")
        ));
    }
}

/// Says a line to the running lab and prints its answer.
fn tell(words: &[String]) -> Result<ExitCode, Failure> {
    let socket = match std::env::var_os("SPANWATCH_LAB_SOCKET").filter(|path| !path.is_empty()) {
        Some(path) => PathBuf::from(path),
        None => the_only_one()?,
    };
    let answer = control::say(&socket, &words.join(" "))
        .map_err(|error| Failure::reading(&format!("the lab at {}", socket.display()), &error))?;
    if let Some(words) = answer.strip_prefix("error ") {
        return Err(Failure::new(Kind::Usage, words));
    }
    crate::cli::print(&format!("{}\n", crate::report::clean(&answer)))?;
    Ok(ExitCode::SUCCESS)
}

fn the_only_one() -> Result<PathBuf, Failure> {
    let mut running = control::running();
    match (running.pop(), running.is_empty()) {
        (Some(socket), true) => Ok(socket),
        (None, _) => Err(Failure::new(Kind::System, "No lab of yours is running.")
            .hint("Start one in another terminal: `spanwatch lab`.")),
        (Some(last), false) => {
            let sockets: Vec<String> = running
                .iter()
                .chain([&last])
                .map(|path| path.display().to_string())
                .collect();
            Err(
                Failure::new(Kind::Usage, "More than one lab of yours is running.").hint(format!(
                    "Name one: SPANWATCH_LAB_SOCKET={} spanwatch lab ctl ...; there are {}.",
                    sockets[0],
                    sockets.join(", ")
                )),
            )
        }
    }
}
