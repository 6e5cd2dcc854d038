//! `ping`: echoes by hand to many targets at once, and honest numbers of what came back.
//!
//! It needs no topology. The sockets are opened first and the rights for them given up; names are asked for, and the
//! first packet is heard, only afterwards.

#![expect(clippy::print_stderr, reason = "progress is drawn on standard error")]

mod targets;

use std::io::{self, IsTerminal as _, Write as _};
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::ValueEnum;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::check::duration;
use crate::cli::failure::{Failure, Kind};
use crate::cli::start;
use crate::cli::{Common, Format, say};
use crate::probe::ping::{Engine, Form};
use crate::probe::volley::{self, Course, Outcome, Progress, Volley};
use crate::probe::{Doing, LineError};
use crate::report::kind::Kind as Listed;
use crate::report::ping::{self, Answer, Asked};
use crate::wire::echo::{COOKIE, MOST};

/// Echoes to each target when nobody says how many.
const USUAL_COUNT: u32 = 5;

/// No target is asked more often than this.
const SHORTEST_INTERVAL: Duration = Duration::from_millis(1);

/// Nobody waits longer for an answer.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(5);

/// Progress is drawn only for what takes longer than this.
const PATIENCE: Duration = Duration::from_secs(1);

/// Ping many targets: loss with its interval, RTT, jitter, duplicates, order, and what routers say
///
/// Targets are addresses, names and prefixes (`10.0.0.0/24`), `-` for a list on standard input, or what a filter finds
/// in the topology. Ends with code 0 when every echo was answered, 1 when some were not, 2 when none was, 3 when
/// nothing could be asked.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Addresses, names, prefixes; `-` reads a list from standard input
    #[arg(value_name = "TARGET")]
    targets: Vec<String>,
    /// A list: one target a line, a name behind it, `#` begins a remark; `-` is standard input
    #[arg(short, long, value_name = "FILE")]
    file: Vec<PathBuf>,
    /// What a filter finds in the topology, as in `list`
    #[arg(long, value_name = "FILTER")]
    filter: Option<String>,
    /// What the filter looks through
    #[arg(long, value_enum, default_value_t, requires = "filter")]
    kind: Whom,
    /// Echoes to each target
    #[arg(short, long, value_name = "N", default_value_t = USUAL_COUNT, value_parser = clap::value_parser!(u32).range(1..=10_000_000))]
    count: u32,
    /// Go on until interrupted, instead of --count
    #[arg(long, conflicts_with = "count")]
    endless: bool,
    /// Time between two echoes to one target, 1 ms or more
    #[arg(short, long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    interval: Duration,
    /// How long an answer may take
    #[arg(short = 'w', long, value_name = "TIME", default_value = "1s", value_parser = duration)]
    timeout: Duration,
    /// Echoes a second to all targets together; 0 is as fast as the sockets take them
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(0..=1_000_000))]
    rate: u32,
    /// Bytes of data in an echo, 8 to 65507
    #[arg(short, long, value_name = "BYTES", default_value_t = 56, value_parser = size)]
    size: usize,
    /// Nobody on the way may cut an echo into pieces
    #[arg(long)]
    df: bool,
    /// Routers that an echo may pass
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..))]
    ttl: Option<u8>,
    /// The address of this machine to send from
    #[arg(long, value_name = "ADDRESS")]
    source: Option<IpAddr>,
    /// Take only addresses of this kind for names: 4 or 6
    #[arg(long, value_name = "4|6", value_enum)]
    family: Option<Which>,
    /// Who sends: our own engine, or the ping library
    #[arg(long, value_enum, default_value_t)]
    engine: Who,
    /// Only the head and all targets together
    #[arg(short, long)]
    quiet: bool,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What a filter looks through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Whom {
    #[default]
    Agencies,
    Nodes,
    Devices,
}

impl Whom {
    fn listed(self) -> Listed {
        match self {
            Self::Agencies => Listed::Agencies,
            Self::Nodes => Listed::Nodes,
            Self::Devices => Listed::Devices,
        }
    }
}

/// Which addresses of a name are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum Which {
    /// Those of IPv4
    #[value(name = "4")]
    V4,
    /// Those of IPv6
    #[value(name = "6")]
    V6,
}

impl Which {
    /// Returns whether an address is of the wanted kind, if any is wanted.
    pub(in crate::cli) fn takes(wanted: Option<Self>, address: IpAddr) -> bool {
        wanted.is_none_or(|wanted| (wanted == Self::V4) == address.is_ipv4())
    }
}

/// Which engine sends.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum Who {
    /// A raw socket of our own; where the kernel refuses it, the library with a datagram socket
    #[default]
    Precise,
    /// The ping library: a raw socket, else a datagram one
    Library,
}

fn size(text: &str) -> Result<usize, String> {
    text.parse()
        .ok()
        .filter(|size| (COOKIE..=MOST).contains(size))
        .ok_or_else(|| {
            format!("`{text}` is no size: write {COOKIE} (so long is the cookie in it) to {MOST}.")
        })
}

/// Pings.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    if args.interval < SHORTEST_INTERVAL || args.timeout > LONGEST_TIMEOUT {
        return Err(
            Failure::new(Kind::Usage, "The interval or the time-out is out of range.")
                .hint("An interval is 1 ms or more, a time-out 5 minutes or less."),
        );
    }
    let runtime = start::runtime()?;
    let lists = targets::lists(args)?;
    let chosen = targets::chosen(args, common, &runtime)?;
    let volley = {
        // The library's engine begins to listen where it is opened.
        let _inside = runtime.enter();
        open(args)?
    };
    let (asked, unknown) = targets::resolve(args, lists, chosen)?;
    let course = Course {
        count: (!args.endless).then_some(args.count),
        interval: args.interval,
        timeout: args.timeout,
        spacing: match args.rate {
            0 => Duration::ZERO,
            rate => Duration::from_secs(1) / rate,
        },
    };
    let (granted, form) = (volley.granted(), volley.form());
    let outcome = runtime.block_on(fly(volley, &asked, course, common))?;
    let answer = Answer {
        targets: &asked,
        outcome: &outcome,
        form,
        course,
        granted,
    };
    crate::cli::print(&match args.format {
        Format::Json => ping::json(answer),
        Format::Text => ping::text(answer, args.quiet, &common.words()),
    })?;
    let code = ping::Result::of(&outcome.tallies).code();
    // Somebody was not asked at all.
    Ok(ExitCode::from(code.max(u8::from(unknown > 0))))
}

fn open(args: &Args) -> Result<Volley, Failure> {
    let form = Form {
        size: args.size,
        ttl: args.ttl,
        is_whole: args.df,
        source: args.source,
    };
    let engine = match args.engine {
        Who::Precise => Engine::Precise,
        Who::Library => Engine::Library,
    };
    volley::open(engine, form).map_err(|error| {
        let failure = Failure::new(Kind::System, crate::report::chain(&error));
        match (args.source, error.source.kind()) {
            (Some(source), io::ErrorKind::AddrNotAvailable) => failure.hint(format!(
                "{source} is no address of this machine; `ip address` lists them."
            )),
            _ => refused(failure, &error),
        }
    })
}

/// Says what to do where the kernel refuses both sockets.
pub(super) fn refused(failure: Failure, error: &LineError) -> Failure {
    if error.doing != Doing::OpenIcmp {
        return failure;
    }
    let program = std::env::current_exe().map_or_else(
        |_| "spanwatch".to_owned(),
        |path| path.display().to_string(),
    );
    failure
        .hint(format!(
            "Let this program open raw sockets: `sudo setcap cap_net_raw+ep {program}`."
        ))
        .hint("Or, with less evidence, everybody datagram ones: `sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"`.")
        .hint("Or run it as root; in a container, give it the capability NET_RAW.")
}

/// Asks, draws how far it is, and stops in good order when it is told to.
async fn fly(
    volley: Volley,
    asked: &[Asked],
    course: Course,
    common: &Common,
) -> Result<Outcome, Failure> {
    let cannot = |error: io::Error| {
        Failure::new(
            Kind::System,
            format!("The signals cannot be listened for: {error}."),
        )
    };
    let mut interrupt = signal(SignalKind::interrupt()).map_err(cannot)?;
    let mut terminate = signal(SignalKind::terminate()).map_err(cannot)?;
    let cancel = CancellationToken::new();
    let (tell, mut told) = watch::channel(Progress::default());
    let addresses = asked.iter().map(|asked| asked.address).collect();
    let began = crate::clock::now();
    let words = common.words();
    let is_shown = io::stderr().is_terminal();
    let mut is_drawn = false;
    let work = volley.run(addresses, course, cancel.clone(), tell);
    tokio::pin!(work);
    let outcome = loop {
        tokio::select! {
            biased;
            outcome = &mut work => break outcome,
            _ = interrupt.recv() => cancel.cancel(),
            _ = terminate.recv() => cancel.cancel(),
            Ok(()) = told.changed() => {
                if is_shown && began.elapsed() >= PATIENCE {
                    let line = ping::progress(*told.borrow_and_update(), course, asked.len(), &words);
                    // Whoever closed the terminal needs no progress.
                    let _ = write!(io::stderr(), "\r{line}\u{1b}[K");
                    is_drawn = true;
                }
            }
        }
    };
    if is_drawn {
        eprint!("\r\u{1b}[K");
    }
    if cancel.is_cancelled() {
        say(words.text("ping.interrupted"));
    }
    Ok(outcome)
}
