//! What `check` and `watch` do first: load, ask whether we may probe, find the secrets, open the sockets.

use std::io::{ErrorKind, IsTerminal as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use tokio::runtime::Runtime;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::live::{self, Lab, Line};
use crate::app::reference::Reference;
use crate::app::settings::{self, SettingsError};
use crate::app::world::World;
use crate::app::{Setting, control, rules};
use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, say};
use crate::clock;
use crate::judge::rules::Rules;
use crate::lab::action::Action;
use crate::lab::fabric::{Conduct, Fabric};
use crate::lab::ledger::Ledger;
use crate::lab::scenario::Scenario;
use crate::model::credential::Keyring;
use crate::model::fault::Source as Text;
use crate::model::network::Network;
use crate::probe::ping::IcmpKind;
use crate::probe::roster::{Pace, Roster};
use crate::probe::trap::{self, Listening, Senders};
use crate::probe::{self, LineError};

/// A file of rules that is longer is none.
const LONGEST: u64 = 65_536;

/// Where the credentials are, for every command that probes.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Secrets {
    /// File of credentials, mode 0600 [default: `$SPANWATCH_CREDENTIALS`, ./credentials.toml, ~/.config, /etc]
    #[arg(long, value_name = "FILE")]
    pub credentials: Option<PathBuf>,
}

/// The emulated network in this process, where the kernel refuses the lab its namespaces.
#[derive(Clone, Debug)]
pub struct Simulation {
    /// What shall break, and when.
    pub scenario: Scenario,
    /// The seed of everything random.
    pub seed: u64,
    /// Where to write what really happened.
    pub record: Option<PathBuf>,
}

/// A source of readings, started.
#[derive(Debug)]
pub struct Source {
    /// How to talk to it.
    pub line: Line,
    /// How to break it.
    pub lab: Lab,
    /// Where we are.
    pub setting: Setting,
    /// When it began.
    pub began: Instant,
    /// Whether routers are heard that answer in a target's place.
    pub hears_routers: bool,
}

/// Returns a runtime of one thread: 483 agencies need no more, and one thread wakes the machine least.
pub fn runtime() -> Result<Runtime, Failure> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                Kind::System,
                format!("The runtime cannot be made: {error}."),
            )
        })
}

/// Starts to ask everybody in a network, on the wire or in the simulation, and to listen at `traps`.
pub async fn source(
    reference: &Reference,
    secrets: &Secrets,
    simulation: Option<&Simulation>,
    pace: Pace,
    traps: Option<SocketAddr>,
    cancel: CancellationToken,
) -> Result<Source, Failure> {
    if let Some(simulation) = simulation {
        return simulate(reference, simulation, pace, cancel);
    }
    let credentials = secrets.credentials.as_deref();
    on_the_wire(reference, credentials, pace, traps, cancel).await
}

/// Returns the socket of the lab that this runs in, if it answers: a variable alone can be set by anybody.
pub async fn lab() -> Option<PathBuf> {
    let path = settings::lab_socket()?;
    control::broken(&path).await.is_ok().then_some(path)
}

async fn on_the_wire(
    reference: &Reference,
    credentials: Option<&Path>,
    pace: Pace,
    traps: Option<SocketAddr>,
    cancel: CancellationToken,
) -> Result<Source, Failure> {
    let lab = lab().await.map_or(Lab::None, Lab::Socket);
    let is_lab = matches!(lab, Lab::Socket(_));
    // Sockets first, so that nothing from a file or the network is read with more rights than needed.
    settings::may_probe(&reference.network, is_lab).map_err(|error| refused(&error))?;
    let sockets = probe::open().await.map_err(|error| {
        let failure = Failure::new(Kind::System, crate::report::chain(&error));
        crate::cli::ping::refused(failure, &error)
    })?;
    // Cron would mail it every five minutes.
    let hears_routers = sockets.icmp_kind() == IcmpKind::Raw;
    if !hears_routers && std::io::stderr().is_terminal() {
        say(
            "warning: the kernel refuses raw sockets here, so ping goes by datagram ones: what routers say is not heard.",
        );
    }
    let keyring =
        settings::keyring(&reference.network, credentials).map_err(|error| refused(&error))?;
    let (hints, senders) = match traps {
        Some(address) => match heard_at(address, &reference.network, &keyring).await {
            Ok(listening) => (listening.hints, Some(listening.senders)),
            // The lab offers its port to everybody in it, and another dashboard may have taken it.
            Err(error) if is_lab => {
                crate::cli::say(&crate::report::chain(&error));
                (mpsc::channel(1).1, None)
            }
            Err(error) => return Err(cannot_listen(address, &error)),
        },
        None => (mpsc::channel(1).1, None),
    };
    let began = clock::now();
    // Two monitors of one network should not ask in step.
    let seed = u64::from(std::process::id());
    let probes = probe::start(
        sockets,
        reference.network.targets(),
        &keyring,
        pace,
        seed,
        cancel,
    );
    Ok(Source {
        line: Line {
            readings: probes.readings,
            asks: probes.asks,
            targets: probes.targets,
            hints,
            senders,
        },
        setting: if is_lab { Setting::Lab } else { Setting::Live },
        lab,
        began,
        hears_routers,
    })
}

async fn heard_at(
    address: SocketAddr,
    network: &Network,
    keyring: &Keyring,
) -> Result<Listening, LineError> {
    trap::listen(address, Senders::of(network), keyring, &network.id).await
}

/// Makes a failure of an address at which traps cannot be heard, with what would allow it.
fn cannot_listen(address: SocketAddr, error: &LineError) -> Failure {
    let message = format!("{} The address is {address}.", crate::report::chain(error));
    let failure = Failure::new(Kind::System, message);
    match error.source.kind() {
        ErrorKind::PermissionDenied => failure.hint(
            "A port under 1024 needs root or CAP_NET_BIND_SERVICE (`setcap cap_net_raw,cap_net_bind_service+ep`).",
        ),
        ErrorKind::AddrInUse => failure.hint(
            "Another program listens there, most often snmptrapd: stop it, or take another port.",
        ),
        ErrorKind::AddrNotAvailable => {
            failure.hint("That is no address of this machine; `0.0.0.0` is all of them.")
        }
        _ => failure,
    }
}

fn simulate(
    reference: &Reference,
    simulation: &Simulation,
    pace: Pace,
    cancel: CancellationToken,
) -> Result<Source, Failure> {
    let record = simulation
        .record
        .as_ref()
        .map(|path| {
            Ledger::open(path)
                .map(|file| Ledger::new(file, clock::today()))
                .map_err(|error| Failure::writing(&path.display().to_string(), &error))
        })
        .transpose()?;
    let began = clock::now();
    let conduct = Conduct {
        convergence: simulation.scenario.convergence,
        ..Conduct::default()
    };
    let fabric = Fabric::with_conduct(reference.network.clone(), simulation.seed, conduct);
    let roster = Roster::new(reference.network.targets(), began, simulation.seed, pace);
    let (line, lab) = live::start(
        World::new(fabric, roster).listening().asking_neighbours(),
        record,
        cancel.clone(),
    );
    if let Lab::Here { acts, .. } = &lab {
        tokio::spawn(play(
            simulation.scenario.clone(),
            acts.clone(),
            began,
            cancel,
        ));
    }
    Ok(Source {
        line,
        lab,
        setting: Setting::Simulated,
        began,
        hears_routers: true,
    })
}

/// Lets a scenario happen in real time.
async fn play(
    scenario: Scenario,
    acts: mpsc::Sender<Action>,
    began: Instant,
    cancel: CancellationToken,
) {
    for event in scenario.events {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep_until((began + event.at).into()) => {}
        }
        if acts.send(event.action).await.is_err() {
            return;
        }
    }
}

/// Makes a failure of a setting that cannot be used.
#[must_use]
pub fn refused(error: &SettingsError) -> Failure {
    let failure = Failure::new(Kind::Configuration, crate::report::chain(error));
    match error.hint() {
        Some(hint) => failure.hint(hint),
        None => failure,
    }
}

/// Loads the topology and computes what is computed once.
pub fn reference(common: &Common) -> Result<Reference, Failure> {
    Ok(Reference::new(common.load()?.network))
}

/// Returns the folder of the state: the flag's, or the one of the network.
pub fn state_folder(
    given: Option<&Path>,
    network: &crate::model::network::Network,
) -> Result<PathBuf, Failure> {
    match given {
        Some(folder) => Ok(folder.to_owned()),
        None => settings::state_folder(&network.id).map_err(|error| refused(&error)),
    }
}

/// Reads a file of rules, or says everything that is wrong with it; without a file, the usual ones.
pub fn rules(path: Option<&Path>) -> Result<Rules, Failure> {
    let Some(path) = path else {
        return Ok(Rules::default());
    };
    let name = path.display().to_string();
    let unreadable = |error: std::io::Error| {
        Failure::reading(&name, &error)
            .hint("Write one to begin with: `spanwatch rehearse --show-rules > rules.toml`.")
    };
    let about = std::fs::metadata(path).map_err(unreadable)?;
    if !about.is_file() || about.len() > LONGEST {
        let message =
            format!("{name} is no file of rules: it is longer than any, or no plain file.");
        return Err(Failure::new(Kind::Configuration, message));
    }
    let text = String::from_utf8_lossy(&std::fs::read(path).map_err(unreadable)?).into_owned();
    let source = Arc::new(Text {
        name: name.clone(),
        text,
    });
    rules::parse(&source).map_err(|faults| {
        let message = format!("The rules in {name} cannot be used.");
        Failure::new(Kind::Configuration, message).faults(faults)
    })
}
