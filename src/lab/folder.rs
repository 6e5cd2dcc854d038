//! The lab's private folder: control socket, credentials and the child's state; gone when the lab is.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;

use crate::model::CredentialName;
use crate::model::network::Network;

/// The control socket's name in the folder.
pub(super) const SOCKET: &str = "control.sock";

/// Known to everybody and good for nothing outside a lab.
pub(super) const COMMUNITY: &str = "lab-access";
/// The `SNMPv3` user of every lab.
pub(super) const USER: &str = "lab";
/// Its passphrases.
pub(super) const KEYS: (&str, &str) = ("lab-authentication", "lab-privacy-only");

/// The folder; dropping it removes it.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes a fresh folder that nobody else may look into, and takes away what dead labs left.
    pub(super) fn make() -> io::Result<Self> {
        for old in all().iter().filter(|old| is_dead(old)) {
            let _ = fs::remove_dir_all(old);
        }
        let path = base().join(format!("{}{}", prefix(), std::process::id()));
        if all().contains(&path) {
            // Of an earlier process with our number, which ended before it could listen.
            fs::remove_dir_all(&path)?;
        }
        // What is there now is a stranger's: better none than that.
        DirBuilder::new().mode(0o700).create(&path)?;
        let folder = Self(path);
        DirBuilder::new().mode(0o700).create(folder.state())?;
        Ok(folder)
    }

    pub(super) fn socket(&self) -> PathBuf {
        self.0.join(SOCKET)
    }

    pub(super) fn credentials(&self) -> PathBuf {
        self.0.join("credentials.toml")
    }

    /// The authority that vouches for the services of this lab.
    pub(super) fn authority(&self) -> PathBuf {
        self.0.join("authority.pem")
    }

    pub(super) fn state(&self) -> PathBuf {
        self.0.join("state")
    }

    /// Writes a credential for every name in the topology.
    pub(super) fn write_credentials(&self, network: &Network) -> io::Result<()> {
        OpenOptions::new()
            .write(true)
            .create_new(true)
            .mode(0o600)
            .open(self.credentials())?
            .write_all(credentials(network).as_bytes())
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Returns the lab's credentials as a file: version 3 for a name that says `v3`, else version 2c.
///
/// The agents speak both; a topology so gets the one that its names promise.
#[must_use]
pub fn credentials(network: &Network) -> String {
    use std::fmt::Write as _;
    let mut text =
        String::from("# Made by the lab for its own emulated devices; known to everybody.\n");
    let mut names: Vec<&CredentialName> = network
        .nodes
        .values()
        .filter_map(|node| node.snmp.as_ref())
        .collect();
    names.sort();
    names.dedup();
    for name in names {
        let key = toml::Value::String(name.to_string());
        // Writing to a String cannot fail.
        let _ = if crate::lab::usm::speaks(name) {
            writeln!(
                text,
                "\n[snmp.{key}]\nversion = \"3\"\nuser = \"{USER}\"\nauth = \"sha256\"\nauth-key = \"{}\"\n\
                 priv = \"aes128\"\npriv-key = \"{}\"",
                KEYS.0, KEYS.1
            )
        } else {
            writeln!(
                text,
                "\n[snmp.{key}]\nversion = \"2c\"\ncommunity = \"{COMMUNITY}\""
            )
        };
    }
    text
}

/// Returns the folders of this user's labs, running or dead.
pub(super) fn all() -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(base()) else {
        return Vec::new();
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| {
            let is_named = entry
                .file_name()
                .to_str()
                .is_some_and(|name| name.starts_with(&prefix()));
            let is_ours = entry
                .metadata()
                .is_ok_and(|data| data.is_dir() && data.uid() == geteuid().as_raw());
            is_named && is_ours
        })
        .map(|entry| entry.path())
        .collect()
}

/// Returns whether a lab's process is gone and nobody listens in its folder.
///
/// Both, because a lab that is just starting does not listen yet.
fn is_dead(folder: &Path) -> bool {
    let process = folder
        .file_name()
        .and_then(|name| name.to_str()?.strip_prefix(&prefix())?.parse::<u32>().ok());
    process.is_some_and(|process| !Path::new("/proc").join(process.to_string()).exists())
        && UnixStream::connect(folder.join(SOCKET)).is_err()
}

fn prefix() -> String {
    format!("spanwatch-lab-{}-", geteuid())
}

/// Returns where such folders lie: the user's runtime folder, or the one for temporary files.
fn base() -> PathBuf {
    let is_ours = |path: &Path| {
        fs::metadata(path).is_ok_and(|data| data.is_dir() && data.uid() == geteuid().as_raw())
    };
    std::env::var_os("XDG_RUNTIME_DIR")
        .map(PathBuf::from)
        .filter(|path| path.is_absolute() && is_ours(path))
        .unwrap_or_else(std::env::temp_dir)
}
