//! The command line: arguments, dispatch, and the one place where a failure becomes words and an exit code.
//!
//! Exit codes are those of monitoring plugins for the whole program: 0 well, 1 warning, 2 critical, 3 could
//! not tell (usage, configuration, our own sockets). Queries end with 0; 1 and 2 come only from `check`, `lint`,
//! `diff` and gates that were asked for. A reader that stops reading (`| head`) is no failure.
//!
//! Nothing here starts a thread or a runtime: the lab must make its namespaces while the process has one thread.

#![expect(
    clippy::print_stderr,
    reason = "failures are told here and nowhere else"
)]

pub mod check;
pub mod diff;
pub mod discover;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod failure;
pub mod import;
pub mod init;
pub mod lab;
pub mod lint;
pub mod list;
pub mod locate;
pub mod naming;
pub mod ping;
pub mod plan;
pub mod poll;
pub mod rehearse;
pub mod services;
pub mod show;
pub mod start;
pub mod trace;
pub mod watch;
pub mod weak;
pub mod what_if;

mod folder;
mod question;

use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::str::FromStr;

use clap::{CommandFactory, Parser, Subcommand, ValueEnum};

use crate::analysis::Weakness;
use crate::cli::failure::{Failure, Kind};
use crate::graph::Graph;
use crate::inventory::Loaded;
use crate::report::words::{Language, Words};

/// The exit code for a gate that did not hold and for input that is refused.
pub const CRITICAL: u8 = 2;

const AFTER: &str = "\
Examples:
  spanwatch lab                         the reference network, emulated: break it and watch
  spanwatch init                        a first topology of your own
  spanwatch watch                       the dashboard
  spanwatch check                       one sweep, one verdict, for cron
  spanwatch doctor                      why it would not work here, and what mends it
  spanwatch lint                        is the topology sound?
  spanwatch diff main                   what is different from the git branch
  spanwatch discover 10.1.0.1 --within 10.1.0.0/16   from one device to a topology
  spanwatch list agencies 'level=city'  who is there
  spanwatch weak                        what to fear, ranked by hours
  spanwatch what-if --fail pop-kim-long what would be, beside what is
  spanwatch plan --budget 20000         what to build next
  spanwatch locate --silent ID,ID       which fault explains these silences
  spanwatch show pop-thuan-hoa          all about one
  spanwatch trace thuan-hoa-ubnd        hop by hop, beside the model's path
  spanwatch services                    who can reach what now, and what is at fault
  spanwatch ping 127.0.0.1 -c 20        loss with its interval, RTT, jitter, what routers say
  spanwatch poll 192.0.2.1              all that one device says by SNMP
  spanwatch rehearse --faults 200       would the monitor name the right cause?
  spanwatch export html -o report.html  one file to read, print and keep

Exit codes: 0 well, 1 warnings, 2 critical or a gate not held, 3 could not tell (usage, files, sockets).";

#[derive(Debug, Parser)]
#[command(
    name = "spanwatch",
    version,
    about = "Inventory and connectivity monitor of a specialised data network",
    after_help = AFTER,
    disable_help_subcommand = true,
    infer_subcommands = false
)]
struct Arguments {
    #[command(flatten)]
    common: Common,
    #[command(subcommand)]
    command: Option<Command>,
}

/// What every command understands.
#[derive(Clone, Debug, clap::Args)]
pub struct Common {
    /// Folder of the topology [default: `$SPANWATCH_TOPOLOGY`, else ./topology]
    #[arg(long, global = true, value_name = "DIR")]
    topology: Option<PathBuf>,
    /// Colours: when a terminal wants them, always, or never
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: Color,
    /// Language of texts: vi or en [default: as the locale says]
    #[arg(long, global = true, value_name = "LANG", value_parser = Language::from_str)]
    lang: Option<Language>,
}

/// When to use colours.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

/// Text for people or JSON for programs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Format {
    #[default]
    Text,
    Json,
}

#[derive(Debug, Subcommand)]
enum Command {
    Lab(lab::Args),
    Watch(watch::Args),
    Check(check::Args),
    Doctor(doctor::Args),
    Ping(ping::Args),
    Init(init::Args),
    Import(import::Args),
    Lint(lint::Args),
    Diff(diff::Args),
    Discover(discover::Args),
    Explain(explain::Args),
    List(list::Args),
    Show(show::Args),
    Weak(weak::Args),
    Plan(plan::Args),
    Poll(poll::Args),
    WhatIf(what_if::Args),
    Locate(locate::Args),
    Trace(trace::Args),
    Services(services::Args),
    Rehearse(rehearse::Args),
    Export(export::Args),
}

/// Runs the program.
pub fn run(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let arguments = match Arguments::try_parse_from(arguments) {
        Ok(arguments) => arguments,
        Err(error) => return refuse(&error),
    };
    let common = &arguments.common;
    let result = match &arguments.command {
        Some(Command::Lint(args)) => lint::run(args, common),
        Some(Command::Diff(args)) => diff::run(args, common),
        Some(Command::Discover(args)) => discover::run(args, common),
        Some(Command::Explain(args)) => explain::run(args, common),
        Some(Command::List(args)) => list::run(args, common),
        Some(Command::Show(args)) => show::run(args, common),
        Some(Command::Weak(args)) => weak::run(args, common),
        Some(Command::Poll(args)) => poll::run(args, common),
        Some(Command::Plan(args)) => plan::run(args, common),
        Some(Command::WhatIf(args)) => what_if::run(args, common),
        Some(Command::Locate(args)) => locate::run(args, common),
        Some(Command::Trace(args)) => trace::run(args, common),
        Some(Command::Services(args)) => services::run(args, common),
        Some(Command::Rehearse(args)) => rehearse::run(args, common),
        Some(Command::Export(args)) => export::run(args, common),
        Some(Command::Init(args)) => init::run(args, common),
        Some(Command::Import(args)) => import::run(args, common),
        Some(Command::Check(args)) => check::run(args, common),
        Some(Command::Doctor(args)) => doctor::run(args, common),
        Some(Command::Ping(args)) => ping::run(args, common),
        Some(Command::Watch(args)) => watch::run(args, common),
        Some(Command::Lab(args)) => laboratory(args, common),
        None if io::stdout().is_terminal() => watch::run(&watch::Args::default(), common),
        None => Ok(short_help()),
    };
    result.unwrap_or_else(|failure| failure.tell(common.colour(&io::stderr())))
}

/// Runs the lab; where the kernel refuses it, the monitor goes on in this process.
fn laboratory(args: &lab::Args, common: &Common) -> Result<ExitCode, Failure> {
    let simulated = match lab::run(args, common)? {
        lab::Outcome::Done(code) => return Ok(code),
        lab::Outcome::Simulate(simulated) => simulated,
    };
    let simulation = start::Simulation {
        scenario: simulated.scenario,
        seed: simulated.seed,
        record: simulated.record,
    };
    if io::stdout().is_terminal() {
        watch::run_in(&watch::Args::default(), common, Some(&simulation))
    } else {
        check::run_in(&check::Args::usual(), common, Some(&simulation))
    }
}

/// Help and version are answers; everything else that the parser says is a fault of usage.
fn refuse(error: &clap::Error) -> ExitCode {
    if !error.use_stderr() {
        // A reader that went away is no failure.
        let _ = error.print();
        return ExitCode::SUCCESS;
    }
    // The parser quotes what was typed, which may have come from anywhere.
    for line in error.render().to_string().lines() {
        eprintln!("{}", crate::report::clean(line));
    }
    ExitCode::from(Kind::Usage.code())
}

/// Without a command and without a terminal there is nothing to draw on.
fn short_help() -> ExitCode {
    eprintln!("{}", Arguments::command().render_help());
    ExitCode::from(Kind::Usage.code())
}

impl Common {
    /// Returns the topology's folder: the flag, the environment, `./topology`.
    #[must_use]
    pub fn folder(&self) -> PathBuf {
        self.topology
            .clone()
            .or_else(|| from_environment("SPANWATCH_TOPOLOGY").map(PathBuf::from))
            .unwrap_or_else(|| PathBuf::from("topology"))
    }

    /// Returns the words in the language of the flag, else of the locale.
    #[must_use]
    pub fn words(&self) -> Words {
        Words::of(self.lang.unwrap_or_else(|| {
            let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
                .into_iter()
                .find_map(from_environment)
                .unwrap_or_default();
            if locale.to_string_lossy().starts_with("vi") {
                Language::Vi
            } else {
                Language::En
            }
        }))
    }

    /// Returns whether a stream gets colours: the flag, `NO_COLOR`, `TERM=dumb`, and whether it is a terminal.
    #[must_use]
    pub fn colour(&self, stream: &impl IsTerminal) -> bool {
        match self.color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                stream.is_terminal()
                    && from_environment("NO_COLOR").is_none()
                    && from_environment("TERM").is_none_or(|term| term != "dumb")
            }
        }
    }

    /// Loads the topology, or says everything that is wrong with it.
    pub fn load(&self) -> Result<Loaded, Failure> {
        load(&self.folder())
    }

    /// Loads the topology and finds what is weak in it.
    pub fn analysed(&self) -> Result<(Loaded, Weakness), Failure> {
        let loaded = self.load()?;
        let graph = Graph::new(&loaded.network);
        let weakness = Weakness::of(&loaded.network, &graph, &[]);
        Ok((loaded, weakness))
    }
}

/// Loads a topology, or says everything that is wrong with it.
pub fn load(folder: &Path) -> Result<Loaded, Failure> {
    readable(folder)?;
    crate::inventory::load(folder).map_err(|faults| {
        Failure::new(
            Kind::Configuration,
            format!("The topology in {} cannot be used.", folder.display()),
        )
        .faults(faults.0)
    })
}

/// Refuses what is not there: that is not a topology with a fault in it.
fn readable(folder: &Path) -> Result<(), Failure> {
    match std::fs::metadata(folder) {
        Ok(_) => Ok(()),
        Err(error) => Err(
            Failure::reading(&folder.display().to_string(), &error).hint(
                "Name the folder of the topology with `--topology DIR`, or make a first one with `spanwatch init`.",
            ),
        ),
    }
}

/// Writes a result to standard output, whole.
pub fn print(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(text.as_bytes())
        .and_then(|()| out.flush())
        .map_err(|error| Failure::writing("standard output", &error))
}

/// Says something that is not the result: on standard error, cleaned.
fn say(text: &str) {
    eprintln!("{}", crate::report::clean(text));
}

/// An environment variable that is set to something; an empty one is as good as none.
fn from_environment(name: &str) -> Option<OsString> {
    std::env::var_os(name).filter(|value| !value.is_empty())
}
