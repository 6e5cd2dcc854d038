//! `discover`: from one device to a proposed topology, by what devices tell of their neighbours.

use std::fmt::Write as _;
use std::io::IsTerminal as _;
use std::net::IpAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use ipnet::IpNet;

use crate::analysis::discovery::Bounds;
use crate::app::discover::{Explored, Plan, explore, sketch};
use crate::app::settings;
use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, Format, check, folder, start};
use crate::inventory::import::discovered::proposal;
use crate::report::discover;

/// No network is wider; with a shorter prefix a slip of the finger would ask half of the world.
const WIDEST: (u8, u8) = (8, 32);

const AFTER: &str = "\
Examples:
  spanwatch discover 10.1.0.1 --within 10.1.0.0/16 --credentials credentials.toml -o found
  spanwatch discover 10.1.0.1 --within 10.1.0.0/16,10.9.0.0/24 --use core,access --format json

Only addresses inside the prefixes are asked, by SNMP and by nothing else. What is written names credentials and
holds none. Exit codes: 0 done, 3 could not (nothing answered, usage, files).";

/// Explore a network from one device by LLDP and CDP, and propose a topology
#[derive(Debug, clap::Args)]
#[command(after_help = AFTER)]
pub struct Args {
    /// Address of the device to begin at
    seed: IpAddr,
    /// Prefixes that may be asked, and nothing outside them
    #[arg(long, value_name = "PREFIX", value_delimiter = ',')]
    within: Vec<IpNet>,
    #[command(flatten)]
    secrets: start::Secrets,
    /// Credentials to try, by their names in the file [default: all of them]
    #[arg(long = "use", value_name = "NAME", value_delimiter = ',')]
    names: Vec<String>,
    /// Folder to write the proposed topology into; without it, it is printed
    #[arg(short, long, value_name = "DIR")]
    output: Option<PathBuf>,
    /// Ask at most so many addresses
    #[arg(long, value_name = "N", default_value_t = 1_000)]
    most: usize,
    /// End after so long, with what was found by then
    #[arg(short, long, value_name = "TIME", default_value = "5m", value_parser = check::duration)]
    timeout: Duration,
    /// How long one answer may take
    #[arg(long, value_name = "TIME", default_value = "1s", value_parser = check::duration)]
    patience: Duration,
    /// Name of the network
    #[arg(long, default_value = "Discovered network")]
    name: String,
    /// Id of the network
    #[arg(long, default_value = "discovered")]
    id: String,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Explores.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let bounds = bounds(args)?;
    if let Some(output) = &args.output {
        folder::must_be_free(output)?;
    }
    let runtime = start::runtime()?;
    refuse_example(args, common, &bounds, &runtime)?;
    let plan = Plan {
        seed: args.seed,
        bounds,
        keyring: keyring(args)?,
        timeout: args.patience,
        retries: 1,
        limit: args.timeout,
    };
    let is_watched = std::io::stderr().is_terminal();
    let explored = runtime.block_on(explore(&plan, |asked, found| {
        if is_watched {
            crate::cli::say(&format!("{asked} asked, {found} devices found"));
        }
    }));
    let Some(explored) = explored else {
        return Err(Failure::new(
            Kind::Usage,
            format!("{} lies outside the prefixes.", args.seed),
        )
        .hint("Name a prefix that holds it: `--within PREFIX`."));
    };
    if explored.discovery.found().is_empty() {
        return Err(nobody(args, &explored));
    }
    write(args, common, &plan, &explored)
}

/// Reads the bounds; without any nothing is ever sent.
fn bounds(args: &Args) -> Result<Bounds, Failure> {
    let usage = |message: String| Failure::new(Kind::Usage, message);
    if args.within.is_empty() {
        let net = IpNet::from(args.seed);
        return Err(usage(
            "An exploration needs its bounds: no address outside them is asked.".to_owned(),
        )
        .hint(format!(
            "Name the prefixes of your network: `--within 10.1.0.0/16`; for this one device alone `--within {net}`."
        )));
    }
    for net in &args.within {
        let widest = match net {
            IpNet::V4(_) => WIDEST.0,
            IpNet::V6(_) => WIDEST.1,
        };
        if net.prefix_len() < widest {
            return Err(usage(format!("{net} is wider than any network."))
                .hint(format!("Name prefixes of /{widest} or narrower.")));
        }
    }
    if args.most == 0 {
        return Err(usage("With `--most 0` nobody would be asked.".to_owned()));
    }
    Ok(Bounds {
        within: args.within.clone(),
        most: args.most,
    })
}

/// The addresses of an example belong to nobody here: they are explored in the lab only.
fn refuse_example(
    args: &Args,
    common: &Common,
    bounds: &Bounds,
    runtime: &tokio::runtime::Runtime,
) -> Result<(), Failure> {
    let Ok(loaded) = crate::inventory::load(&common.folder()) else {
        return Ok(());
    };
    let addresses = loaded.network.nodes.values();
    let is_of_it = addresses
        .flat_map(|node| node.address.iter().chain(&node.addresses))
        .any(|address| *address == args.seed || bounds.hold(*address));
    if is_of_it {
        let is_lab = runtime.block_on(start::lab()).is_some();
        settings::may_probe(&loaded.network, is_lab).map_err(|error| start::refused(&error))?;
    }
    Ok(())
}

fn keyring(args: &Args) -> Result<crate::model::credential::Keyring, Failure> {
    let (_, mut keyring) = settings::credentials(args.secrets.credentials.as_deref())
        .map_err(|error| start::refused(&error))?;
    for name in &args.names {
        if !keyring.contains_key(name.as_str()) {
            let known: Vec<String> = keyring.keys().map(|name| format!("`{name}`")).collect();
            return Err(
                Failure::new(Kind::Usage, format!("There is no credential `{name}`"))
                    .hint(format!("The file has {}.", known.join(", "))),
            );
        }
    }
    if !args.names.is_empty() {
        keyring.retain(|name, _| args.names.iter().any(|asked| asked == name.as_str()));
    }
    if keyring.is_empty() {
        return Err(
            Failure::new(Kind::Configuration, "There is no credential to ask with.")
                .hint("Write one into the file: [snmp.NAME] version = \"2c\", community = \"...\""),
        );
    }
    Ok(keyring)
}

fn nobody(args: &Args, explored: &Explored) -> Failure {
    let failure = match explored.unsent.get(&args.seed) {
        Some(why) => Failure::new(Kind::System, format!("{}: {why}", args.seed)),
        None => Failure::new(
            Kind::System,
            format!("{} did not answer by SNMP to any credential.", args.seed),
        ),
    };
    failure.hint(
        "A wrong community or key looks like silence. Look whether the device lets this machine ask.",
    )
}

fn write(
    args: &Args,
    common: &Common,
    plan: &Plan,
    explored: &Explored,
) -> Result<ExitCode, Failure> {
    let sketch = sketch(explored, &plan.bounds);
    let origin = format!(
        "Proposed by `spanwatch discover {}`; read it, correct it, and from then on this is the truth.",
        args.seed
    );
    let files = proposal(&sketch, &args.id, &args.name, &origin).files;
    let target = args.output.clone().unwrap_or_else(|| PathBuf::from("."));
    folder::prove(
        &target,
        &files,
        "What was found would make a topology with faults; nothing was written.",
    )?;
    let words = common.words();
    let mut said = match args.format {
        Format::Json => discover::json(explored, &sketch, args.seed),
        Format::Text => discover::text(explored, &sketch, &words),
    };
    match &args.output {
        Some(output) => {
            let (written, _) = folder::write(output, &files)?;
            if args.format == Format::Text {
                said.push('\n');
                for path in written {
                    let path = path.display().to_string();
                    // Writing to a String cannot fail.
                    let _ = writeln!(
                        said,
                        "{}",
                        words.with("init.wrote", &[&crate::report::clean(&path)])
                    );
                }
            }
        }
        None if args.format == Format::Text => {
            for (name, text) in &files {
                let _ = write!(said, "\n# ---- {name}\n{text}");
            }
        }
        None => {}
    }
    crate::cli::print(&said)?;
    Ok(ExitCode::SUCCESS)
}
