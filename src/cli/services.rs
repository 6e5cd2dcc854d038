//! `services`: which services every agency can reach now, and who is at fault where not.

use std::process::ExitCode;
use std::time::Duration;

use crate::app::services::{check, survey};
use crate::app::settings;
use crate::app::view::View;
use crate::cli::check::duration;
use crate::cli::failure::{Failure, Kind};
use crate::cli::naming::{self, Viewing};
use crate::cli::{Common, Format, start};
use crate::clock;
use crate::graph::Graph;
use crate::report::{chain, services};

/// Check every service, and say for every agency which it can reach now, and whether the way or the service is at fault
///
/// Checks are those of `[[service]]`: tcp, tls, http, https, dns. By TLS a certificate must hold now, for the name, and
/// be vouched for by an authority of `ca`, else of the system (`$SSL_CERT_FILE`); that it ends within `warn_days` is
/// said. Ways are the model's, without what the last `spanwatch check` found down (`--view`).
#[derive(Clone, Debug, clap::Args)]
pub struct Args {
    /// Only what one agency can reach
    #[arg(long, value_name = "ID")]
    agency: Option<String>,
    /// How long one check may take
    #[arg(short = 't', long, value_name = "TIME", default_value = "5s", value_parser = duration)]
    timeout: Duration,
    #[command(flatten)]
    viewing: Viewing,
    /// How to write the result
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// Checks all services.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let network = common.load()?.network;
    let agency = args
        .agency
        .as_deref()
        .map(|id| naming::agency(&network, id))
        .transpose()?;
    let sight = args.viewing.see(&network, |network, memory, now| {
        View::usual(network, memory, now)
    })?;
    let runtime = start::runtime()?;
    let is_lab = runtime.block_on(start::lab()).is_some();
    settings::may_probe(&network, is_lab).map_err(|error| {
        Failure::new(Kind::Configuration, chain(&error))
            .hint("Check them in the lab: `spanwatch lab -- spanwatch services`.")
    })?;
    let found = runtime.block_on(check(
        &network,
        args.timeout,
        &settings::authorities(&common.folder(), is_lab),
        clock::today(),
    ));
    let graph = Graph::new(&network);
    let survey = survey(&network, &graph, &sight.elements(), found);
    crate::cli::print(&match args.format {
        Format::Json => services::json(&network, &survey, &sight, agency),
        Format::Text => services::text(
            &network,
            &survey,
            &sight,
            agency,
            clock::today(),
            &common.words(),
        ),
    })?;
    Ok(ExitCode::SUCCESS)
}
