//! The emulated network: namespaces, a wire between two real kernels, and the child that runs in it.
//!
//! ```text
//!   near namespace        wire namespace         far namespace
//!   COMMAND, lab0  ----- lab1 [fabric] lab2 -----  lab3, every address of the model
//!                     asks, delays, drops,           the kernel answers ICMP and TCP,
//!                     answers as a router            one socket answers SNMP for all
//! ```
//!
//! Real programs talk to it over real sockets, and nothing in the monitor knows that it is in a lab. `run` must
//! be called while the process has one thread. The fabric alone, in anybody's time and without any of the rest,
//! is what tests and the simulated monitor use.

pub mod action;
pub mod addressing;
pub mod agent;
mod agent_socket;
mod authority;
mod bridge;
pub mod child;
pub mod control;
mod doors;
pub mod fabric;
pub mod folder;
pub mod frame;
pub mod ledger;
pub mod lie;
pub mod namespace;
pub mod pdu;
pub mod record;
pub mod responder;
pub mod scenario;
pub mod usm;
pub mod zone;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs::{File, Permissions};
use std::io::{self, Read as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use snmp::VarBind;
use tokio_util::sync::CancellationToken;

use crate::lab::addressing::Addressing;
use crate::lab::ledger::Ledger;
use crate::lab::namespace::Refused;
use crate::lab::scenario::Scenario;
use crate::model::NodeId;
use crate::model::network::Network;

/// A longer recording is none: half a million objects are 40 MB.
const LONGEST_RECORDING: u64 = 256 << 20;

/// Calls of the control socket that may wait for the wire.
const CALLS: usize = 16;

/// What a lab is made of.
#[derive(Clone, Debug)]
pub struct Options {
    /// The network to emulate.
    pub network: Arc<Network>,
    /// The folder it was read from, for the child.
    pub topology: PathBuf,
    /// What breaks when.
    pub scenario: Scenario,
    /// The seed of everything random.
    pub seed: u64,
    /// Where to write what really happened.
    pub record: Option<PathBuf>,
    /// The words that call `child::become` in this program; the lab's process and COMMAND follow them.
    pub shim: Vec<OsString>,
}

/// Why a lab did not run to its child's end.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The kernel gives it no network of its own; the fabric can still be used in process.
    #[error(transparent)]
    Refused(#[from] Refused),
    /// Something of its own could not be read or written.
    #[error("the lab cannot {doing} {}.", .path.display())]
    File {
        /// What it was about to do.
        doing: &'static str,
        /// With which file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// COMMAND could not be started, or waited for.
    #[error("the lab cannot run {}.", .command.display())]
    Command {
        /// What it tried to run.
        command: OsString,
        /// Why not.
        #[source]
        source: io::Error,
    },
    /// The keys of its agents could not be made.
    #[error(transparent)]
    Keys(#[from] crate::lab::usm::NoKeys),
}

/// Runs COMMAND in a lab and returns its exit code; everything is gone afterwards.
///
/// Must be called while the process has one thread. After `Failure::Refused` nothing of the lab is left, but
/// the process may be in a namespace without any network.
pub fn run(options: &Options, command: &[OsString]) -> Result<i32, Failure> {
    let file = |doing, path: &PathBuf, source| Failure::File {
        doing,
        path: path.clone(),
        source,
    };
    // Opened before anything else: in the namespace the user may be somebody with fewer rights.
    let record = options
        .record
        .as_ref()
        .map(|path| Ledger::open(path).map_err(|source| file("write", path, source)))
        .transpose()?;
    let mut recordings = BTreeMap::new();
    for (node, path) in &options.scenario.recordings {
        let rows = recording(path).map_err(|source| file("read", path, source))?;
        recordings.insert(node.clone(), rows);
    }
    let limits = crate::lab::namespace::enter()?;
    let folder = crate::lab::folder::Folder::make()
        .map_err(|source| file("make a folder in", &std::env::temp_dir(), source))?;
    folder
        .write_credentials(&options.network)
        .map_err(|source| file("write", &folder.credentials(), source))?;
    let socket = folder.socket();
    let listener = UnixListener::bind(&socket)
        .and_then(|listener| {
            std::fs::set_permissions(&socket, Permissions::from_mode(0o600))?;
            listener.set_nonblocking(true)?;
            Ok(listener)
        })
        .map_err(|source| file("listen at", &socket, source))?;
    let own = |source| file("make a certificate in", &folder.authority(), source);
    let names = crate::lab::doors::certified(&options.network);
    let identity = (!names.is_empty())
        .then(|| crate::lab::authority::identity(&names, crate::clock::today()))
        .transpose()
        .map_err(own)?;
    let mut plan = Addressing::of(&options.network);
    if !crate::lab::namespace::has_v6() {
        plan = plan.without_v6();
    }
    // A socket for IPv6 hears both, and a kernel without it has none.
    let ear = plan.v6.map_or("0.0.0.0:162", |_| "[::]:162");
    let mut environment = vec![
        ("SPANWATCH_LAB", OsString::from("1")),
        ("SPANWATCH_LAB_SOCKET", socket.into_os_string()),
        (
            "SPANWATCH_CREDENTIALS",
            folder.credentials().into_os_string(),
        ),
        (
            "SPANWATCH_TOPOLOGY",
            options.topology.clone().into_os_string(),
        ),
        ("STATE_DIRECTORY", folder.state().into_os_string()),
        // Its devices say what happens to their ports to whoever listens here.
        ("SPANWATCH_TRAPS", OsString::from(ear)),
    ];
    let acceptor = match identity {
        None => None,
        Some(identity) => {
            std::fs::write(folder.authority(), &identity.pem).map_err(own)?;
            environment.push(("SSL_CERT_FILE", folder.authority().into_os_string()));
            Some(identity.acceptor)
        }
    };
    let things = Things {
        plan,
        recordings,
        listener,
        record,
        acceptor,
        limits,
    };
    let wire = Wire::start(options, things)?;
    let failed = |source| Failure::Command {
        command: command.first().cloned().unwrap_or_default(),
        source,
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    runtime
        .block_on(async {
            let ears = crate::lab::child::Ears::open()?;
            let child = crate::lab::child::start(&options.shim, command, &environment)?;
            ears.wait(child, wire.broken.clone()).await
        })
        .map_err(failed)
}

/// Reads what was recorded of a device.
fn recording(path: &Path) -> io::Result<Vec<VarBind>> {
    let mut text = Vec::new();
    File::open(path)?
        .take(LONGEST_RECORDING + 1)
        .read_to_end(&mut text)?;
    let refused = |why: &str| Err(io::Error::new(io::ErrorKind::InvalidData, why));
    if text.len() as u64 > LONGEST_RECORDING {
        return refused("it is longer than 256 MiB");
    }
    if text.starts_with(b"BZh") || text.starts_with(&[0x1f, 0x8b]) {
        return refused("it is packed; unpack it first, with bunzip2 or gunzip");
    }
    let recording = crate::wire::recording::read(&text);
    if recording.rows.is_empty() {
        return refused("no line of it is of the form OID|TYPE|VALUE");
    }
    Ok(recording.rows)
}

/// What the wire's thread takes with it.
struct Things {
    plan: Addressing,
    recordings: BTreeMap<NodeId, Vec<VarBind>>,
    listener: UnixListener,
    record: Option<File>,
    acceptor: Option<tokio_rustls::TlsAcceptor>,
    limits: crate::lab::namespace::Limits,
}

/// The thread of the wire; dropping this ends it and waits for it.
struct Wire {
    stop: CancellationToken,
    /// Cancelled when the thread is gone.
    broken: CancellationToken,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Wire {
    fn start(options: &Options, things: Things) -> Result<Self, Failure> {
        let own = |source: io::Error| Refused {
            step: "start its wire",
            why: source.to_string(),
            advice: String::new(),
        };
        let near = crate::lab::namespace::namespace().map_err(own)?;
        let conduct = crate::lab::fabric::Conduct {
            convergence: options.scenario.convergence,
            ..crate::lab::fabric::Conduct::default()
        };
        let fabric = crate::lab::fabric::Fabric::with_conduct(
            options.network.clone(),
            options.seed,
            conduct,
        );
        let (auth, privacy) = crate::lab::folder::KEYS;
        let user = crate::lab::usm::User::new(crate::lab::folder::USER, auth, privacy)?;
        let responder = crate::lab::responder::Responder::new(crate::lab::folder::COMMUNITY, user)
            .with_recordings(things.recordings);
        let events = options.scenario.events.clone();
        let stop = CancellationToken::new();
        let broken = CancellationToken::new();
        let (ready, heard) = std::sync::mpsc::channel();
        let thread = std::thread::Builder::new()
            .name("lab-wire".to_owned())
            .spawn({
                let (stop, end) = (stop.clone(), broken.clone().drop_guard());
                move || {
                    let _end = end;
                    // Without it the kernel gathers wake-ups of 50 us, and the wire would be late by them.
                    let _ = nix::sys::prctl::set_timerslack(1);
                    let runtime = match tokio::runtime::Builder::new_current_thread()
                        .enable_all()
                        .build()
                    {
                        Ok(runtime) => runtime,
                        Err(error) => {
                            let _ = ready.send(Err(own(error)));
                            return;
                        }
                    };
                    runtime.block_on(async {
                        let doors = crate::lab::doors::doors(&fabric);
                        let zone = crate::lab::zone::Zone::of(fabric.network());
                        let cables = crate::lab::namespace::build(
                            &near,
                            &things.plan,
                            &doors,
                            &zone,
                            things.limits,
                        )
                        .await;
                        let listener =
                            tokio::net::UnixListener::from_std(things.listener).map_err(own);
                        let (cables, listener) = match (cables, listener) {
                            (Ok(cables), Ok(listener)) => (cables, listener),
                            (Err(refused), _) | (_, Err(refused)) => {
                                let _ = ready.send(Err(refused));
                                return;
                            }
                        };
                        let (calls, heard) = tokio::sync::mpsc::channel(CALLS);
                        tokio::spawn(crate::lab::control::listen(listener, calls));
                        let truth = things
                            .record
                            .map(|file| Ledger::new(file, crate::clock::today()));
                        let bridge = crate::lab::bridge::Bridge::new(
                            fabric,
                            responder,
                            zone,
                            &things.plan,
                            truth,
                            events,
                            crate::clock::now(),
                        );
                        let _ = ready.send(Ok(()));
                        // An error here breaks the wire; the lab sees that and ends its child.
                        let _ = bridge.carry(cables, things.acceptor, heard, stop).await;
                    });
                }
            })
            .map_err(own)?;
        let wire = Self {
            stop,
            broken,
            thread: Some(thread),
        };
        match heard.recv() {
            Ok(Ok(())) => Ok(wire),
            Ok(Err(refused)) => Err(refused.into()),
            Err(_) => Err(own(io::ErrorKind::BrokenPipe.into()).into()),
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.stop.cancel();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
