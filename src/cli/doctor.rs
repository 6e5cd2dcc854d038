//! `doctor`: why a first run fails, and the command that mends it.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::{Command, ExitCode};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::app::doctor::{Finding, Level, Said, Topic, clock, files, sockets, terminal, worst};
use crate::app::settings;
use crate::cli::failure::{Failure, Kind};
use crate::cli::start::Secrets;
use crate::cli::{CRITICAL, Common, Format, from_environment};
use crate::report::doctor;

/// Columns where no terminal says how many there are.
const COLUMNS: usize = 100;

/// How long the lab's namespaces may take; they take milliseconds.
const PATIENCE: Duration = Duration::from_secs(5);

/// Targets that are assumed where no topology says how many there are.
const TARGETS: usize = 483;

/// Why would it not work here? Sockets, buffers, clock, files, terminal, lab; each with what mends it
///
/// Nothing is sent and nothing is changed. Ends with 0 when all is well, 1 when something works with less than it
/// could, 2 when something will not work. What cannot be told is said to be unknown, and counts for nothing.
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
    /// Folder of the state [default: as `check` has it]
    #[arg(long, value_name = "DIR")]
    state: Option<PathBuf>,
    #[command(flatten)]
    secrets: Secrets,
    /// Only tries to make the lab's namespaces, and says why not; what `doctor` runs in a process of its own.
    #[arg(long, hide = true)]
    try_lab: bool,
}

/// A refusal on its way from the child.
#[derive(Deserialize, Serialize)]
struct Told {
    step: String,
    why: String,
    advice: String,
}

/// Looks at everything.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    if args.try_lab {
        return try_lab();
    }
    let program = std::env::current_exe()
        .map_err(|error| Failure::reading("the place of this program", &error))?;
    let (topology, network) = files::topology(&common.folder());
    let targets = network
        .as_ref()
        .map_or(TARGETS, |network| network.targets().len());
    let mut findings = sockets::icmp(&program);
    findings.extend([
        sockets::buffers(targets),
        clock::clock(),
        topology,
        files::credentials(network.as_ref(), args.secrets.credentials.as_deref()),
        files::state(network.as_ref(), args.state.as_deref()),
        terminal::terminal(&facts(common)),
        lab(&program),
    ]);
    let text = match args.format {
        Format::Json => doctor::json(&findings),
        Format::Text => {
            let columns = size().map_or(COLUMNS, |(columns, _)| usize::from(columns));
            let colour = common.colour(&io::stdout());
            doctor::text(&findings, &common.words(), columns, colour)
        }
    };
    crate::cli::print(&text)?;
    Ok(match worst(&findings) {
        Level::Ok | Level::Unknown => ExitCode::SUCCESS,
        Level::Warning => ExitCode::from(1),
        Level::Failing => ExitCode::from(CRITICAL),
    })
}

/// Columns and rows of standard output, where it is a terminal.
fn size() -> Option<(u16, u16)> {
    let out = io::stdout();
    if !out.is_terminal() {
        return None;
    }
    let size = rustix::termios::tcgetwinsize(&out).ok()?;
    Some((size.ws_col, size.ws_row))
}

fn facts(common: &Common) -> terminal::Facts {
    let text = |name| {
        from_environment(name)
            .map_or_else(String::new, |value| value.to_string_lossy().into_owned())
    };
    terminal::Facts {
        size: size(),
        term: text("TERM"),
        locale: ["LC_ALL", "LC_CTYPE", "LANG"]
            .into_iter()
            .map(text)
            .find(|value| !value.is_empty())
            .unwrap_or_default(),
        has_colour: common.colour(&io::stdout()),
    }
}

/// Tries the lab in a process of its own: namespaces cannot be left again.
fn lab(program: &std::path::Path) -> Finding {
    let finding = |level, said| Finding::new(Topic::Lab, level, said);
    if settings::lab_socket().is_some() {
        return finding(Level::Ok, Said::LabInside);
    }
    let mut child = Command::new(program);
    child.args(["doctor", "--try-lab"]);
    let unknown = |why: &str| {
        finding(
            Level::Unknown,
            Said::LabUnknown {
                why: why.to_owned(),
            },
        )
    };
    match clock::said_in_time(&mut child, PATIENCE) {
        Some((Some(0), _)) => finding(Level::Ok, Said::LabWorks),
        Some((Some(1), said)) => match serde_json::from_str::<Told>(&said) {
            Ok(told) => {
                let Told { step, why, advice } = told;
                let mend = commands(&advice);
                Finding {
                    mend,
                    ..finding(Level::Warning, Said::LabRefused { step, why, advice })
                }
            }
            Err(_) => unknown("the trial said nothing"),
        },
        _ => unknown("the trial did not end"),
    }
}

/// The commands that an advice quotes.
fn commands(advice: &str) -> Vec<String> {
    advice
        .split('`')
        .skip(1)
        .step_by(2)
        .filter(|quoted| quoted.starts_with("sysctl "))
        .map(crate::app::doctor::as_root)
        .collect()
}

fn try_lab() -> Result<ExitCode, Failure> {
    let Err(refused) = crate::lab::namespace::trial() else {
        return Ok(ExitCode::SUCCESS);
    };
    let told = Told {
        step: refused.step.to_owned(),
        why: refused.why,
        advice: refused.advice,
    };
    let text = serde_json::to_string(&told)
        .map_err(|error| Failure::new(Kind::System, error.to_string()))?;
    crate::cli::print(&text)?;
    Ok(ExitCode::from(1))
}
