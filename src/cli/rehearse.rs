//! `rehearse`: the whole monitor in virtual time, and what was true beside what was said.

use std::ffi::OsString;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use crate::app::rehearse::Setup;
use crate::app::rules;
use crate::cli::failure::Failure;
use crate::cli::{Common, Format, lab, print, start};
use crate::judge::rules::Rules;
use crate::report::rehearse::{self, Set};

/// The seed where nobody names one: the same rehearsal every time.
const SEED: u64 = 1;

/// Rehearse the whole monitor in virtual time: what was true beside what was said
///
/// Nothing is sent: the network is the emulated one of `lab`, and time runs as fast as the machine. The same
/// seed gives the same result everywhere.
#[derive(Clone, Debug, clap::Args)]
#[command(group = clap::ArgGroup::new("what").required(true))]
pub struct Args {
    /// Break so many times something at random, and see whether it is named
    #[arg(long, value_name = "N", group = "what", value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    faults: Option<u32>,
    /// Let so many days pass on which nothing breaks, and count what is said all the same
    #[arg(long, value_name = "N", group = "what", value_parser = days)]
    days: Option<Duration>,
    /// Play a scenario of the lab: a file, or a built-in one by its name (demo, quality)
    #[arg(long, value_name = "FILE|NAME", group = "what")]
    scenario: Option<OsString>,
    /// Write the usual rules as a file to begin with
    #[arg(long, group = "what")]
    show_rules: bool,
    /// With --faults: the share of them that is two at once, 0 to 1
    #[arg(long, value_name = "SHARE", default_value = "0", value_parser = share, requires = "faults")]
    double: f64,
    /// Every link loses this share of packets, each way
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    loss: f64,
    /// This share of answers is lost, whatever way they come
    #[arg(long, value_name = "PERCENT", default_value = "0", value_parser = percent)]
    answers_lost: f64,
    /// Seed of everything random [default: the scenario's, else 1]
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Judge by the rules of a file; give it again to compare sets [default: the usual rules]
    #[arg(long, value_name = "FILE")]
    rules: Vec<PathBuf>,
    /// At most N of the missed faults as text; JSON has them all
    #[arg(long, value_name = "N", default_value_t = 20)]
    missed: usize,
    /// Threads [default: one a core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn days(text: &str) -> Result<Duration, String> {
    text.parse()
        .ok()
        // Ten years are more than anybody waits for, and no moment overflows.
        .filter(|days: &f64| *days > 0.0 && *days <= 3_653.0)
        .map(|days| Duration::from_secs_f64((days * 86_400.0).max(1.0)))
        .ok_or_else(|| "write a number of days over 0 and up to 3653".to_owned())
}

fn share(text: &str) -> Result<f64, String> {
    let number = match text.strip_suffix('%') {
        Some(percent) => percent.parse().map(|percent: f64| percent / 100.0),
        None => text.parse(),
    };
    number
        .ok()
        .filter(|share| (0.0..=1.0).contains(share))
        .ok_or_else(|| "write a share from 0 to 1, or with `%`".to_owned())
}

fn percent(text: &str) -> Result<f64, String> {
    let number = text.strip_suffix('%').unwrap_or(text).parse().ok();
    number
        .filter(|percent: &f64| (0.0..=50.0).contains(percent))
        .map(|percent| percent / 100.0)
        .ok_or_else(|| "write a percentage from 0 to 50".to_owned())
}

/// Rehearses, and prints what came of it.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    if args.show_rules {
        print(&rules::text(&Rules::default()))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut sets: Vec<(String, Rules)> = Vec::new();
    for path in &args.rules {
        sets.push((path.display().to_string(), start::rules(Some(path))?));
    }
    if sets.is_empty() {
        sets.push((String::new(), Rules::default()));
    }
    let reference = start::reference(common)?;
    let scenario = match &args.scenario {
        Some(name) => Some(lab::read(name, &reference.network)?),
        None => None,
    };
    if let Some(scenario) = &scenario {
        lab::say_unplayed(scenario);
    }
    let seed = args
        .seed
        .or(scenario.as_ref().and_then(|scenario| scenario.seed));
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let setup = |rules| Setup {
        loss: args.loss,
        answers_lost: args.answers_lost,
        seed: seed.unwrap_or(SEED),
        rules,
        threads,
    };
    let mut done = Vec::new();
    for (number, (name, rules)) in sets.into_iter().enumerate() {
        let setup = setup(rules);
        let mut progress = Progress::new(number, args);
        let outcome = if let Some(count) = args.faults {
            rehearse::Outcome::Faults(setup.faults(
                &reference,
                count as usize,
                args.double,
                &mut |done| progress.show(done),
            ))
        } else if let Some(time) = args.days {
            rehearse::Outcome::Days(setup.days(&reference, time, &mut |done| progress.show(done)))
        } else {
            let scenario = scenario.clone().unwrap_or_default();
            rehearse::Outcome::Played(setup.play(&reference, &scenario))
        };
        progress.clear();
        done.push(Set { name, outcome });
    }
    let about = rehearse::About {
        network: &reference.network,
        setup: setup(Rules::default()),
        double: args.double,
    };
    print(&match args.format {
        Format::Text => rehearse::text(&about, &done, args.missed, &common.words()),
        Format::Json => rehearse::json(&about, &done),
    })?;
    Ok(ExitCode::SUCCESS)
}

/// How far it is, on a terminal and nowhere else.
struct Progress {
    set: usize,
    of: usize,
    shown: usize,
    is_screen: bool,
}

impl Progress {
    fn new(number: usize, args: &Args) -> Self {
        let days = args
            .days
            .map(|days| days.as_secs().div_ceil(86_400) as usize);
        let of = args.faults.map(|count| count as usize).or(days);
        Self {
            set: number + 1,
            of: of.unwrap_or(0),
            shown: 0,
            is_screen: io::stderr().is_terminal(),
        }
    }

    fn show(&mut self, done: usize) {
        // A hundred times at most: a slow terminal must not slow it down.
        if self.is_screen && (done - self.shown) * 100 >= self.of {
            self.shown = done;
            let prefix = if self.set > 1 {
                format!("{}: ", self.set)
            } else {
                String::new()
            };
            // Nothing depends on whether anybody sees it.
            let _ = write!(io::stderr(), "\r{prefix}{done} / {}", self.of);
        }
    }

    fn clear(&self) {
        if self.is_screen && self.shown > 0 {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}
