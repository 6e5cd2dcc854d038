//! Topology, credentials and state: what is there, who may read it, what may be written.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use nix::sys::statvfs::statvfs;
use nix::unistd::{AccessFlags, eaccess};

use crate::app::doctor::{Finding, Level, Said, Topic, as_root, quoted, reason};
use crate::app::settings::{self, SettingsError};
use crate::inventory::Loaded;
use crate::model::fault::Severity;
use crate::model::network::Network;

/// Below this much free space a state will soon not be written, in octets.
const LEAST: u64 = 64 << 20;

/// Looks at a topology, and returns its network where it can be used.
#[must_use]
pub fn topology(folder: &Path) -> (Finding, Option<Network>) {
    let finding = |level, said| Finding::new(Topic::Topology, level, said);
    let name = folder.display().to_string();
    let lint = format!("spanwatch lint {}", quoted(&name));
    if !folder.exists() {
        let found = finding(Level::Failing, Said::TopologyMissing { folder: name });
        return (found.mended_by("spanwatch init"), None);
    }
    match crate::inventory::load(folder) {
        Ok(Loaded {
            network, warnings, ..
        }) => {
            let (agencies, nodes, links) = (
                network.agencies.len(),
                network.nodes.len(),
                network.links.len(),
            );
            let found = if !warnings.is_empty() {
                let warnings = warnings.len();
                finding(Level::Warning, Said::TopologyWarns { warnings }).mended_by(lint)
            } else if network.example {
                let said = Said::TopologyExample {
                    agencies,
                    nodes,
                    links,
                };
                finding(Level::Ok, said)
            } else {
                let said = Said::TopologySound {
                    agencies,
                    nodes,
                    links,
                };
                finding(Level::Ok, said)
            };
            (found, Some(network))
        }
        Err(faults) => {
            let is_error = |fault: &&crate::model::fault::Fault| fault.severity == Severity::Error;
            let errors = faults.0.iter().filter(is_error).count();
            let found = finding(Level::Failing, Said::TopologyBroken { errors });
            (found.mended_by(lint), None)
        }
    }
}

/// Looks at the credentials that a network names.
#[must_use]
pub fn credentials(network: Option<&Network>, given: Option<&Path>) -> Finding {
    let finding = |level, said| Finding::new(Topic::Credentials, level, said);
    let Some(network) = network else {
        return finding(Level::Unknown, Said::NeedsTopology);
    };
    match settings::keyring(network, given) {
        Ok(keyring) if keyring.is_empty() => finding(Level::Ok, Said::CredentialsUnneeded),
        Ok(keyring) => {
            let count = keyring.len();
            finding(Level::Ok, Said::CredentialsHeld { count })
        }
        // An example's secrets are the lab's own.
        Err(SettingsError::Missing { .. }) if network.example => {
            finding(Level::Ok, Said::CredentialsOfLab)
        }
        Err(error) => {
            let why = chain(&error);
            let found = finding(Level::Failing, Said::CredentialsFaulty { why });
            match &error {
                SettingsError::Exposed { path, .. } => {
                    let path = quoted(&path.display().to_string());
                    found.mended_by(format!(
                        "chmod 600 {path} && {}",
                        as_root(&format!("chown $(id -u) {path}"))
                    ))
                }
                SettingsError::Missing { .. } => found.mended_by(
                    "install -m 600 /dev/null credentials.toml && ${EDITOR:-vi} credentials.toml",
                ),
                SettingsError::Credentials { path, .. } => found.mended_by(format!(
                    "${{EDITOR:-vi}} {}",
                    quoted(&path.display().to_string())
                )),
                _ => found,
            }
        }
    }
}

/// An error with its causes, in one line.
fn chain(error: &SettingsError) -> String {
    let mut text = error.to_string().trim_end_matches('.').to_owned();
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    text
}

/// Looks at the folder of the state: the given one, or that of the network.
#[must_use]
pub fn state(network: Option<&Network>, given: Option<&Path>) -> Finding {
    let finding = |level, said| Finding::new(Topic::State, level, said);
    let path = match (given, network) {
        (Some(given), _) => given.to_owned(),
        (None, None) => return finding(Level::Unknown, Said::NeedsTopology),
        (None, Some(network)) => match settings::state_folder(&network.id) {
            Ok(path) => path,
            Err(_) => {
                return finding(Level::Failing, Said::StateHomeless)
                    .mended_by("export STATE_DIRECTORY=/var/tmp/spanwatch-$(id -u)");
            }
        },
    };
    let folder = path.display().to_string();
    let (user, group) = (nix::unistd::geteuid(), nix::unistd::getegid());
    let make = as_root(&format!(
        "install -d -o {user} -g {group} -m 0750 {}",
        quoted(&folder)
    ));
    let elsewhere = format!(
        "{} && export STATE_DIRECTORY=/var/lib/spanwatch",
        as_root(&format!(
            "install -d -o {user} -g {group} -m 0750 /var/lib/spanwatch"
        ))
    );
    let refused = |error: &io::Error| {
        let why = reason(error);
        let folder = folder.clone();
        finding(Level::Failing, Said::StateRefused { folder, why })
            .mended_by(make.clone())
            .mended_by(elsewhere.clone())
    };
    let Ok(about) = fs::metadata(&path) else {
        return match may_be_made(&path) {
            Ok(()) => finding(Level::Ok, Said::StateWillBe { folder }),
            Err(error) => refused(&error),
        };
    };
    if let Err(error) = takes_a_file(&path) {
        return refused(&error);
    }
    if about.permissions().mode() & 0o002 != 0 {
        let shut = format!("chmod o-w {}", quoted(&folder));
        return finding(Level::Warning, Said::StateOpen { folder }).mended_by(shut);
    }
    let free = statvfs(&path).map_or(u64::MAX, |mount| {
        mount
            .blocks_available()
            .saturating_mul(mount.fragment_size())
    });
    if free < LEAST {
        let free = free >> 20;
        let look = format!("df -h {}", quoted(&folder));
        return finding(Level::Warning, Said::StateFull { folder, free }).mended_by(look);
    }
    finding(Level::Ok, Said::StateWritable { folder })
}

/// Returns whether a folder can be made there, judged by the nearest that exists.
fn may_be_made(path: &Path) -> io::Result<()> {
    let nearest: PathBuf = path
        .ancestors()
        .skip(1)
        .find(|folder| folder.exists())
        .map_or_else(
            || PathBuf::from("."),
            |found| {
                if found.as_os_str().is_empty() {
                    PathBuf::from(".")
                } else {
                    found.to_owned()
                }
            },
        );
    if !nearest.is_dir() {
        return Err(io::ErrorKind::NotADirectory.into());
    }
    eaccess(&nearest, AccessFlags::W_OK | AccessFlags::X_OK).map_err(io::Error::from)
}

/// Writes a file and takes it away again: only that proves a folder on a full or read-only disk.
fn takes_a_file(folder: &Path) -> io::Result<()> {
    let path = folder.join(format!(".doctor-{}", std::process::id()));
    let made = fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(&path)
        .and_then(|mut file| file.write_all(b"doctor\n"));
    let gone = fs::remove_file(&path);
    made.and(gone)
}
