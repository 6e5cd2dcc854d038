//! `diff`: two topologies, or a topology against what its devices say now.

mod devices;
mod revision;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use crate::analysis::changes::changes;
use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Finding, Severity};
use crate::cli::failure::{Failure, Kind};
use crate::cli::{CRITICAL, Common, Format, check, start};
use crate::filter::fold::nearest;
use crate::inventory::Loaded;
use crate::report::diff;

const AFTER: &str = "\
Examples:
  spanwatch lab -- spanwatch diff           the topology, and what its devices say now
  spanwatch diff topology new-topology      what a review wants to know
  spanwatch diff main                       the topology as it was on the git branch `main`, and as it is now
  spanwatch diff main...HEAD --fail-on isolates,loses-redundancy

Exit codes: 0 nothing or notes only, 1 warnings, 2 errors; with --fail-on 2 where one of those is found, else 0;
3 could not tell.";

/// Show what is different: the topology and its devices, two topologies, or one and its history in git
///
/// Without B, a folder is held against what its devices say now, over SNMP: whom they hear by LLDP and CDP, on
/// which port, how fast, and what they are made of. Neighbours are known by chassis id, then system name, then
/// management address. A git revision without B is compared with the topology as it is.
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// A folder, a file or a git revision of the topology [default: the topology]; `A...B` are two revisions
    #[arg(value_name = "A")]
    first: Option<String>,
    /// Another
    #[arg(value_name = "B")]
    second: Option<String>,
    #[command(flatten)]
    secrets: start::Secrets,
    /// Against devices: also what every one is made of, declared and seen
    #[arg(long)]
    inventory: bool,
    /// Against devices: end after so long, with what was heard by then
    #[arg(short, long, value_name = "TIME", default_value = "1m", value_parser = check::duration)]
    timeout: Duration,
    /// End with code 2 only where one of these is found: codes, their names, or error, warning, note (and worse)
    #[arg(long, value_name = "CODE|SEVERITY", value_delimiter = ',')]
    fail_on: Vec<String>,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Compares.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let gate = Gate::read(&args.fail_on)?;
    let own = || common.folder().display().to_string();
    let (first, second) = match (&args.first, &args.second) {
        (Some(first), Some(second)) => (first.clone(), second.clone()),
        (Some(first), None) => match revision::range(first) {
            Some(both) => both,
            None if Path::new(first).exists() => {
                return devices::run(args, Path::new(first), common, &gate);
            }
            None => (first.clone(), own()),
        },
        (None, _) => return devices::run(args, &common.folder(), common, &gate),
    };
    let (before, after) = (side(&first, common)?, side(&second, common)?);
    let findings = changes(&before.network, &after.network);
    crate::cli::print(&match args.format {
        Format::Json => diff::json(&findings, &first, &second, &after.network),
        Format::Text => diff::text(
            &findings,
            &first,
            &second,
            &after.network,
            &common.words(),
            common.colour(&std::io::stdout()),
        ),
    })?;
    Ok(gate.code(&findings))
}

/// Loads one side: what is there on the disk is meant, else a revision.
fn side(written: &str, common: &Common) -> Result<Loaded, Failure> {
    let path = Path::new(written);
    if path.exists() {
        crate::cli::load(path)
    } else {
        revision::load(written, &common.folder())
    }
}

/// What `--fail-on` asked for.
struct Gate {
    is_asked: bool,
    codes: BTreeSet<Code>,
    severity: Option<Severity>,
}

impl Gate {
    fn read(written: &[String]) -> Result<Self, Failure> {
        let mut gate = Self {
            is_asked: !written.is_empty(),
            codes: BTreeSet::new(),
            severity: None,
        };
        for each in written.iter().map(|each| each.trim()) {
            let severity = match each {
                "error" => Some(Severity::Error),
                "warning" => Some(Severity::Warning),
                "note" => Some(Severity::Note),
                _ => None,
            };
            match (severity, Code::named(each)) {
                (Some(severity), _) => gate.severity = gate.severity.max(Some(severity)),
                (None, Some(code)) => {
                    gate.codes.insert(code);
                }
                (None, None) => return Err(unknown(each)),
            }
        }
        Ok(gate)
    }

    fn code(&self, findings: &[Finding]) -> ExitCode {
        if self.is_asked {
            let is_met = findings.iter().any(|finding| {
                let severity = finding.code.severity();
                self.codes.contains(&finding.code)
                    || self.severity.is_some_and(|asked| severity <= asked)
            });
            return if is_met {
                ExitCode::from(CRITICAL)
            } else {
                ExitCode::SUCCESS
            };
        }
        let worst = findings.iter().map(|finding| finding.code.severity()).min();
        match worst {
            None | Some(Severity::Note) => ExitCode::SUCCESS,
            Some(Severity::Warning) => ExitCode::from(1),
            Some(Severity::Error) => ExitCode::from(CRITICAL),
        }
    }
}

fn unknown(written: &str) -> Failure {
    let failure = Failure::new(Kind::Usage, format!("There is no finding `{written}`"));
    let names = Code::ALL.iter().flat_map(|code| [code.name(), code.code()]);
    match nearest(written, names.chain(["error", "warning", "note"])) {
        Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
        None => failure.hint(
            "Write error, warning or note, a code such as D0191, or its name such as isolates; \
             `spanwatch explain D0191` explains one.",
        ),
    }
}
