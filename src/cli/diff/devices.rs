//! A topology against what its devices say now.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::process::ExitCode;

use crate::analysis::wiring::compare;
use crate::analysis::wiring::witness::Witness;
use crate::app::settings;
use crate::app::survey::{self, Ask, PORT, Reply};
use crate::cli::diff::{Args, Gate};
use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, Format, start};
use crate::clock;
use crate::model::NodeId;
use crate::model::network::Network;
use crate::model::target::Method;
use crate::report::diff::{Survey, network_json, network_text};

/// Our own failures that are named; the rest is counted.
const NAMED: usize = 3;

/// Asks everybody who is to be polled, and compares.
pub(super) fn run(
    args: &Args,
    folder: &Path,
    common: &Common,
    gate: &Gate,
) -> Result<ExitCode, Failure> {
    let network = crate::cli::load(folder)?.network;
    let runtime = start::runtime()?;
    let is_lab = runtime.block_on(start::lab()).is_some();
    settings::may_probe(&network, is_lab).map_err(|error| start::refused(&error))?;
    let keyring = settings::keyring(&network, args.secrets.credentials.as_deref())
        .map_err(|error| start::refused(&error))?;
    let asks = asks(&network, &keyring);
    if asks.is_empty() {
        return Err(
            Failure::new(Kind::Configuration, "Nobody here is polled by SNMP.").hint(
                "Name a credential at the nodes: `snmp = \"NAME\"`, and `address`; see `spanwatch lint`.",
            ),
        );
    }
    let until = clock::now() + args.timeout;
    let all = asks.len();
    let replies = runtime.block_on(survey::ask(asks, std::process::id(), until));
    tell_unsent(&replies, all);
    let witnesses: BTreeMap<NodeId, Option<Witness>> = replies
        .into_iter()
        .filter_map(|(node, reply)| match reply {
            Reply::Device { device, is_whole } => {
                Some((node, Some(survey::witness(&device, is_whole))))
            }
            Reply::Silent => Some((node, None)),
            // Who was not asked has said nothing, not even by silence.
            Reply::Unsent(_) => None,
        })
        .collect();
    if witnesses.values().all(Option::is_none) {
        return Err(Failure::new(Kind::System, "No device answered.").hint(
            "Look whether this machine reaches them (`spanwatch check`), and whether the credentials are right: \
             a wrong one looks like silence.",
        ));
    }
    let wiring = compare(&network, &witnesses);
    let survey = Survey {
        network: &network,
        witnesses: &witnesses,
        wiring: &wiring,
    };
    crate::cli::print(&match args.format {
        Format::Json => network_json(survey),
        Format::Text => network_text(survey, args.inventory, &common.words()),
    })?;
    Ok(gate.code(&wiring.findings))
}

fn asks(network: &Network, keyring: &crate::model::credential::Keyring) -> BTreeMap<NodeId, Ask> {
    network
        .targets()
        .into_iter()
        .filter(|target| target.id.method == Method::Snmp)
        .filter_map(|target| {
            let ask = Ask {
                agent: SocketAddr::new(target.address, PORT),
                credential: keyring.get(&target.credential?)?.clone(),
                timeout: target.timeout,
                retries: target.retries,
            };
            Some((target.id.node, ask))
        })
        .collect()
}

/// Says what our own side could not do: it is no finding.
fn tell_unsent(replies: &BTreeMap<NodeId, Reply>, all: usize) {
    let unsent: Vec<(&NodeId, &str)> = replies
        .iter()
        .filter_map(|(node, reply)| match reply {
            Reply::Unsent(why) => Some((node, &**why)),
            _ => None,
        })
        .collect();
    for (node, why) in unsent.iter().take(NAMED) {
        crate::cli::say(&format!("{node} could not be asked: {why}"));
    }
    if unsent.len() > NAMED {
        crate::cli::say(&format!("and {} more", unsent.len() - NAMED));
    }
    let late = all - replies.len();
    if late > 0 {
        crate::cli::say(&format!(
            "{late} devices were not asked in time; `--timeout` gives more."
        ));
    }
}
