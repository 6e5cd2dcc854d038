//! `watch`: the dashboard over a monitor of its own.

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::ValueEnum;
use tokio::sync::{mpsc, watch};
use tokio_util::sync::CancellationToken;

use crate::app::incident::Book;
use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::app::{edit, live, settings};
use crate::cli::Common;
use crate::cli::failure::{Failure, Kind};
use crate::cli::start::{self, Secrets, Simulation};
use crate::clock;
use crate::probe::roster::Pace;
use crate::report::chain;
use crate::tui;
use crate::tui::Ending;
use crate::tui::theme::{Glyphs, Theme};

/// The dashboard: who is reachable, what broke, what to fear next
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Args {
    /// The terminal's background
    #[arg(long, value_enum, default_value_t)]
    theme: Background,
    /// The characters that shapes are made of
    #[arg(long, value_enum, default_value_t)]
    glyphs: Characters,
    /// At most one frame a second, for slow lines
    #[arg(long)]
    slow: bool,
    /// Nothing can be broken or restored from here
    #[arg(long)]
    read_only: bool,
    /// Hide addresses, for a screen that others see
    #[arg(long)]
    redact: bool,
    /// Judge by the rules of a file [default: the usual rules]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    /// Hear SNMP traps and informs at an address, as reasons to ask at once: 0.0.0.0:162 [default:
    /// `$SPANWATCH_TRAPS`, else `[monitor] traps` of spanwatch.toml in ., ~/.config/spanwatch, /etc/spanwatch;
    /// else none]
    #[arg(long, value_name = "ADDRESS[:PORT]")]
    traps: Option<String>,
    #[command(flatten)]
    secrets: Secrets,
}

/// A terminal's background.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Background {
    #[default]
    Dark,
    Light,
}

/// What shapes are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Characters {
    #[default]
    Unicode,
    Ascii,
}

/// Shows the dashboard over the wire.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    run_in(args, common, None)
}

/// Shows the dashboard, over a simulation where one is given.
pub fn run_in(
    args: &Args,
    common: &Common,
    simulation: Option<&Simulation>,
) -> Result<ExitCode, Failure> {
    let reference = start::reference(common)?;
    let ending = start::runtime()?.block_on(show(args, common, reference, simulation))?;
    Ok(match ending {
        Ending::Left => ExitCode::SUCCESS,
        // As shells count it: 129 after HUP, 130 after INT, 143 after TERM.
        Ending::Signal(signal) => {
            u8::try_from(128 + signal).map_or(ExitCode::FAILURE, ExitCode::from)
        }
    })
}

async fn show(
    args: &Args,
    common: &Common,
    reference: Reference,
    simulation: Option<&Simulation>,
) -> Result<Ending, Failure> {
    let rules = start::rules(args.rules.as_deref())?;
    let traps = settings::traps(args.traps.as_deref()).map_err(|error| start::refused(&error))?;
    let cancel = CancellationToken::new();
    let source = start::source(
        &reference,
        &args.secrets,
        simulation,
        Pace::Watch,
        traps,
        cancel.clone(),
    )
    .await?;
    let mut monitor = Monitor::with_rules(
        reference,
        rules,
        source.setting,
        Book::default(),
        clock::today(),
    );
    monitor.set_hears_routers(source.hears_routers);
    let first = Arc::new(monitor.picture(clock::now(), clock::today()));
    let (pictures, seen) = watch::channel(first);
    let (commands, obeyed) = mpsc::channel(16);
    let (edited, edits) = mpsc::channel(1);
    tokio::spawn(edit::watch(common.folder(), edited, cancel.clone()));
    let loop_ = tokio::spawn(live::run(
        monitor,
        source.line,
        pictures,
        obeyed,
        edits,
        source.lab,
        cancel.clone(),
    ));
    let options = tui::Options {
        language: common.words().language(),
        theme: match args.theme {
            Background::Dark => Theme::Dark,
            Background::Light => Theme::Light,
        },
        glyphs: match args.glyphs {
            Characters::Unicode => Glyphs::Unicode,
            Characters::Ascii => Glyphs::Ascii,
        },
        color: common.colour(&io::stdout()),
        slow: args.slow,
        read_only: args.read_only,
        redact: args.redact,
    };
    let shown = tui::run(seen, commands, options).await;
    cancel.cancel();
    let ended = loop_.await;
    let ending = shown.map_err(|error| {
        Failure::new(Kind::System, chain(&error))
            .hint("Without a terminal, `spanwatch check` says the same in one line.")
    })?;
    ended
        .map_err(|error| Failure::new(Kind::System, format!("The monitor failed: {error}.")))
        .map(|_| ending)
}
