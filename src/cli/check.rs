//! `check`: one sweep, one verdict, for cron and for monitoring systems.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::ValueEnum;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::app::check::{Checked, Limits, NamedLimit};
use crate::app::incident::Book;
use crate::app::memory::{self, Forgotten, Memory};
use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::app::sweep::sweep;
use crate::cli::failure::{Failure, Kind};
use crate::cli::start::{self, Secrets, Simulation};
use crate::cli::{Common, print, say};
use crate::clock;
use crate::probe::roster::Pace;
use crate::report::{chain, check, verdict};

/// At this share of the deadline the sweep ends, so that the verdict is out before it.
const SWEEP_SHARE: f64 = 0.9;

/// One sweep, one verdict: exit 0 ok, 1 warning, 2 critical, 3 could not tell
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Deadline of the whole run
    #[arg(short = 't', long, value_name = "TIME", default_value = "10s", value_parser = duration)]
    timeout: Duration,
    /// Warn from a number on or outside a range: `cut_off`, degraded, unknown, `loss_p95` (%), `rtt_p95` (ms)
    #[arg(short, long = "warning", value_name = "NAME=LIMIT")]
    warning: Vec<NamedLimit>,
    /// Critical from a number on or outside a range, as for -w [default: `cut_off=1`]
    #[arg(short, long = "critical", value_name = "NAME=LIMIT")]
    critical: Vec<NamedLimit>,
    /// How to write the verdict
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
    /// Print only when something has changed since the last run
    #[arg(long)]
    on_change: bool,
    /// With --on-change: say again what is still open after this time
    #[arg(long, value_name = "TIME", default_value = "24h", value_parser = duration)]
    remind: Duration,
    /// Print nothing; the exit code says it
    #[arg(short, long)]
    quiet: bool,
    /// Folder of the state [default: `$STATE_DIRECTORY`, else `$XDG_STATE_HOME/spanwatch/ID`]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    /// Judge by the rules of a file [default: the usual rules]
    #[arg(long, value_name = "FILE")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
}

/// How to write a verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum CheckFormat {
    /// For people.
    #[default]
    Text,
    /// For monitoring systems: one line with performance data, then the causes.
    Nagios,
    /// `spanwatch/check/1`.
    Json,
}

impl Args {
    /// Returns what `check` does without any flag.
    #[must_use]
    pub fn usual() -> Self {
        Self {
            timeout: Duration::from_secs(10),
            warning: Vec::new(),
            critical: Vec::new(),
            format: CheckFormat::Text,
            on_change: false,
            remind: Duration::from_hours(24),
            quiet: false,
            state: None,
            rules: None,
            secrets: Secrets::default(),
        }
    }
}

/// Reads a time: `10s`, `2m`, `24h`, `500ms`, or seconds without a unit.
pub(in crate::cli) fn duration(text: &str) -> Result<Duration, String> {
    let read: Option<SignedDuration> = text.parse().ok();
    let seconds = || text.parse::<u64>().ok().map(Duration::from_secs);
    read.and_then(|read| Duration::try_from(read).ok())
        .or_else(seconds)
        .filter(|duration| !duration.is_zero())
        .ok_or_else(|| format!("`{text}` is not a time; write `10s`, `2m` or `24h`."))
}

/// Runs one check on the wire.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    run_in(args, common, None)
}

/// Runs one check, in a simulation where one is given.
pub fn run_in(
    args: &Args,
    common: &Common,
    simulation: Option<&Simulation>,
) -> Result<ExitCode, Failure> {
    let reference = start::reference(common)?;
    let folder = start::state_folder(args.state.as_deref(), &reference.network)?;
    let at = clock::today();
    let _lock = memory::lock(&folder, at).map_err(|error| {
        Failure::new(Kind::System, chain(&error))
            .hint("Give the runs more time between them, or `-t` a shorter deadline.")
    })?;
    let path = folder.join("check.json");
    let memory = match Memory::read(&path) {
        Ok(memory) => memory,
        Err(forgotten) => {
            // Without --on-change a first run is nothing to remark on.
            if args.on_change || matches!(forgotten, Forgotten::Torn(_)) {
                say(&format!("warning: {forgotten}"));
            }
            Memory::default()
        }
    };
    let (checked, book) =
        start::runtime()?.block_on(swept(args, reference, memory.book(), simulation))?;
    let mut next = Memory::of(&book);
    let speaks = !args.on_change || has_news(&memory, &next, &checked, args.remind);
    next.verdict = Some(checked.verdict.word().to_owned());
    next.at = Some(checked.picture.at);
    next.before = memory.at;
    next.said = if speaks {
        Some(checked.picture.at)
    } else {
        memory.said
    };
    if let Err(error) = next.write(&path) {
        // The verdict stands; only the next run will not know of it.
        say(&format!(
            "warning: {} could not be written: {error}.",
            path.display()
        ));
    }
    if speaks && !args.quiet {
        print(&match args.format {
            CheckFormat::Text => verdict::text(&checked, &common.words()),
            CheckFormat::Nagios => check::nagios(&checked),
            CheckFormat::Json => check::json(&checked),
        })?;
    }
    Ok(ExitCode::from(checked.verdict.code()))
}

async fn swept(
    args: &Args,
    reference: Reference,
    book: Book,
    simulation: Option<&Simulation>,
) -> Result<(Checked, Book), Failure> {
    let rules = start::rules(args.rules.as_deref())?;
    let cancel = CancellationToken::new();
    let source = start::source(
        &reference,
        &args.secrets,
        simulation,
        Pace::Sweep,
        None,
        cancel.clone(),
    )
    .await?;
    let monitor = Monitor::with_rules(reference, rules, source.setting, book, clock::today());
    let mut swept = sweep(
        monitor,
        source.line,
        source.began,
        args.timeout.mul_f64(SWEEP_SHARE),
    )
    .await;
    cancel.cancel();
    let picture = Arc::new(swept.monitor.picture(clock::now(), clock::today()));
    let limits = Limits::new(&args.warning, &args.critical);
    let checked = Checked::of(picture, limits, swept.not_asked, swept.took, args.timeout);
    Ok((checked, swept.monitor.book().clone()))
}

/// Returns whether something is to be said: a change, or a reminder of what is still open.
fn has_news(before: &Memory, now: &Memory, checked: &Checked, remind: Duration) -> bool {
    let changed =
        before.open != now.open || before.verdict.as_deref() != Some(checked.verdict.word());
    changed || (!now.open.is_empty() && is_due(before.said, checked.picture.at, remind))
}

fn is_due(said: Option<Timestamp>, at: Timestamp, remind: Duration) -> bool {
    said.is_none_or(|said| {
        at.duration_since(said) >= SignedDuration::try_from(remind).unwrap_or(SignedDuration::MAX)
    })
}
