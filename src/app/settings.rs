//! What is decided once at the start: where the state lives, which credentials there are, whether we may probe.
//!
//! Secrets come from a file that nobody else can read, never from an argument or a variable.

pub mod file;

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fs;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use secrecy::SecretString;
use serde::Deserialize;

use crate::app::services::Authorities;
use crate::model::CredentialName;
use crate::model::credential::{AuthProtocol, Credential, Keyring, PrivacyProtocol};
use crate::model::network::Network;

/// Why a setting could not be used.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The credentials can be read by others, or belong to somebody else.
    #[error("{path} holds secrets and {problem}.")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The credentials are not what they should be; the text never quotes a secret.
    #[error("{path}:{line}: {message}.")]
    Credentials {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// A file could not be read.
    #[error("{path} could not be read.")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The settings are not what they should be.
    #[error("{path}:{line}: {message}.")]
    File {
        /// The file.
        path: PathBuf,
        /// From 1.
        line: usize,
        /// What is wrong.
        message: String,
    },
    /// Something else stands where an address to listen at should.
    #[error("`{text}`, from {origin}, is no address to listen at.")]
    Address {
        /// What was given.
        text: String,
        /// By what.
        origin: String,
    },
    /// Neither a state folder was given nor a home in which to make one.
    #[error(
        "there is no place for the state: neither STATE_DIRECTORY nor XDG_STATE_HOME nor HOME is set."
    )]
    Homeless,
    /// The topology names credentials that no file has.
    #[error("no credentials for {names}; looked in {looked}.")]
    Missing {
        /// The names.
        names: String,
        /// The files.
        looked: String,
    },
    /// Illustrative data outside the lab.
    #[error(
        "`{network}` is an example: its addresses belong to nobody here, so it is probed only inside the lab."
    )]
    Example {
        /// The network's id.
        network: String,
    },
}

impl SettingsError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Exposed { path, .. } => Some(format!("chmod 600 {0} && chown $(id -u) {0}", path.display())),
            Self::Homeless => Some("set STATE_DIRECTORY to a folder of this program's own".to_owned()),
            Self::Missing { .. } => Some(
                "write them into credentials.toml (mode 0600): [snmp.NAME] version = \"2c\", community = \"...\"".to_owned(),
            ),
            Self::Example { .. } => Some("spanwatch lab".to_owned()),
            Self::Address { .. } => Some(
                "write an address of this machine, and a port if it is not 162: 0.0.0.0, 127.0.0.1:10162, [::]:162".to_owned(),
            ),
            Self::File { .. } | Self::Credentials { .. } | Self::Unreadable { .. } => None,
        }
    }
}

/// Returns the folder in which a network's state is kept: `$STATE_DIRECTORY`, else
/// `$XDG_STATE_HOME/spanwatch/ID`, else `~/.local/state/spanwatch/ID`.
pub fn state_folder(network: &str) -> Result<PathBuf, SettingsError> {
    if let Some(folder) = variable("STATE_DIRECTORY") {
        // systemd may give several, separated by colons.
        let first = folder.split(':').next().unwrap_or_default().to_owned();
        return Ok(PathBuf::from(first));
    }
    let base = variable("XDG_STATE_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".local/state")))
        .ok_or(SettingsError::Homeless)?;
    Ok(base.join("spanwatch").join(network))
}

/// Returns the lab's control socket, when this process runs inside a lab.
#[must_use]
pub fn lab_socket() -> Option<PathBuf> {
    variable("SPANWATCH_LAB").filter(|value| value == "1")?;
    variable("SPANWATCH_LAB_SOCKET").map(PathBuf::from)
}

/// Where systems keep the authorities that they trust: Debian, Red Hat, SUSE, Alpine.
const SYSTEM_AUTHORITIES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Returns whom checks by TLS trust: `$SSL_CERT_FILE`, else what the system does; files of checks are below `folder`.
#[must_use]
pub fn authorities(folder: &Path, is_lab: bool) -> Authorities {
    let given = variable("SSL_CERT_FILE").map(PathBuf::from);
    // The lab says in this variable who vouches for its services.
    let lab = given.clone().filter(|_| is_lab);
    let system = match given {
        Some(path) => vec![path],
        None => SYSTEM_AUTHORITIES.map(PathBuf::from).to_vec(),
    };
    let folder = if folder.is_dir() {
        Some(folder)
    } else {
        folder.parent()
    };
    Authorities {
        folder: folder.map(Path::to_owned).unwrap_or_default(),
        system,
        lab,
    }
}

/// Returns where traps are heard: `given`, else `$SPANWATCH_TRAPS`, else `[monitor] traps` of the first
/// `spanwatch.toml` there is (here, `~/.config/spanwatch/`, `/etc/spanwatch/`); `None` where none says so.
pub fn traps(given: Option<&str>) -> Result<Option<SocketAddr>, SettingsError> {
    let (text, origin) = if let Some(text) = given {
        (text.to_owned(), "--traps".to_owned())
    } else if let Some(text) = variable("SPANWATCH_TRAPS") {
        (text, "SPANWATCH_TRAPS".to_owned())
    } else if let Some((text, origin)) = file::traps(&setting_places())? {
        (text, origin)
    } else {
        return Ok(None);
    };
    let address = text.parse::<SocketAddr>().ok().or_else(|| {
        let address: IpAddr = text.parse().ok()?;
        Some(SocketAddr::new(address, TRAPS))
    });
    match address {
        Some(address) => Ok(Some(address)),
        None => Err(SettingsError::Address { text, origin }),
    }
}

/// The port of traps (RFC 3417).
const TRAPS: u16 = 162;

fn setting_places() -> Vec<PathBuf> {
    const NAME: &str = "spanwatch.toml";
    let mut places = vec![PathBuf::from(NAME)];
    places.extend(home_settings().map(|folder| folder.join(NAME)));
    places.push(Path::new("/etc/spanwatch").join(NAME));
    places
}

/// Returns the folder in which this user keeps settings.
fn home_settings() -> Option<PathBuf> {
    variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")))
        .map(|home| home.join("spanwatch"))
}

/// Returns whether a network may be probed: an example only inside the lab.
pub fn may_probe(network: &Network, is_lab: bool) -> Result<(), SettingsError> {
    if network.example && !is_lab {
        return Err(SettingsError::Example {
            network: network.id.clone(),
        });
    }
    Ok(())
}

/// Reads the credentials that a network names; none are needed where none are named.
///
/// The first file of these that exists: `given`, `$SPANWATCH_CREDENTIALS`, `$CREDENTIALS_DIRECTORY`,
/// `./credentials.toml`, `~/.config/spanwatch/`, `/etc/spanwatch/`. It must be a plain file of this user or
/// root that nobody else can read.
pub fn keyring(network: &Network, given: Option<&Path>) -> Result<Keyring, SettingsError> {
    let named: BTreeSet<&CredentialName> = network
        .nodes
        .values()
        .filter_map(|node| node.snmp.as_ref())
        .collect();
    if named.is_empty() && given.is_none() {
        return Ok(Keyring::new());
    }
    let places = credential_places(given);
    let missing = |names: Vec<String>| SettingsError::Missing {
        names: names.join(", "),
        looked: places
            .iter()
            .map(|place| place.display().to_string())
            .collect::<Vec<_>>()
            .join(", "),
    };
    let Some(path) = places.iter().find(|path| path.exists()) else {
        return Err(missing(
            named.iter().map(|name| format!("`{name}`")).collect(),
        ));
    };
    let keyring = read_keyring(path)?;
    let lacking: Vec<String> = named
        .iter()
        .filter(|name| !keyring.contains_key(**name))
        .map(|name| format!("`{name}`"))
        .collect();
    if lacking.is_empty() {
        Ok(keyring)
    } else {
        Err(missing(lacking))
    }
}

/// Reads the first file of credentials that there is, whatever a network names; returns which it was.
pub fn credentials(given: Option<&Path>) -> Result<(PathBuf, Keyring), SettingsError> {
    let places = credential_places(given);
    let Some(path) = places.iter().find(|path| path.exists()) else {
        return Err(SettingsError::Missing {
            names: "this device".to_owned(),
            looked: places
                .iter()
                .map(|place| place.display().to_string())
                .collect::<Vec<_>>()
                .join(", "),
        });
    };
    Ok((path.clone(), read_keyring(path)?))
}

fn credential_places(given: Option<&Path>) -> Vec<PathBuf> {
    const NAME: &str = "credentials.toml";
    if let Some(path) = given {
        return vec![path.to_owned()];
    }
    if let Some(path) = variable("SPANWATCH_CREDENTIALS") {
        return vec![PathBuf::from(path)];
    }
    let mut places = Vec::new();
    places.extend(variable("CREDENTIALS_DIRECTORY").map(|folder| Path::new(&folder).join(NAME)));
    places.push(PathBuf::from(NAME));
    places.extend(home_settings().map(|folder| folder.join(NAME)));
    places.push(Path::new("/etc/spanwatch").join(NAME));
    places
}

fn variable(name: &str) -> Option<String> {
    env::var(name).ok().filter(|value| !value.is_empty())
}

/// Reads one file of credentials.
pub fn read_keyring(path: &Path) -> Result<Keyring, SettingsError> {
    let unreadable = |source| SettingsError::Unreadable {
        path: path.to_owned(),
        source,
    };
    let about = fs::metadata(path).map_err(unreadable)?;
    let exposed = |problem| SettingsError::Exposed {
        path: path.to_owned(),
        problem,
    };
    if !about.is_file() {
        return Err(exposed("is not a plain file"));
    }
    if about.mode() & 0o077 != 0 {
        return Err(exposed("can be read by others"));
    }
    if about.uid() != nix::unistd::geteuid().as_raw() && about.uid() != 0 {
        return Err(exposed("belongs to somebody else"));
    }
    let text = fs::read_to_string(path).map_err(unreadable)?;
    let fault = |line: usize, message: String| SettingsError::Credentials {
        path: path.to_owned(),
        line,
        message,
    };
    let file: File = toml::from_str(&text).map_err(|error| {
        let before = error.span().map_or(0, |span| span.start);
        let line = text.get(..before).unwrap_or_default().matches('\n').count() + 1;
        // The message names keys and kinds; the line itself, which may hold a secret, is not quoted.
        fault(line, error.message().trim_end_matches('.').to_owned())
    })?;
    let mut keyring = Keyring::new();
    for (name, entry) in file.snmp {
        let span = entry.span();
        let line = text
            .get(..span.start)
            .unwrap_or_default()
            .matches('\n')
            .count()
            + 1;
        let credential = entry
            .into_inner()
            .credential()
            .map_err(|message| fault(line, format!("`{name}` {message}")))?;
        keyring.insert(CredentialName::new(name), credential);
    }
    Ok(keyring)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    snmp: BTreeMap<String, toml::Spanned<Entry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Entry {
    version: String,
    community: Option<SecretText>,
    user: Option<String>,
    auth: Option<String>,
    auth_key: Option<SecretText>,
    r#priv: Option<String>,
    priv_key: Option<SecretText>,
}

/// A secret on its way from the file into its wrapper.
struct SecretText(SecretString);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretString::from(text)))
    }
}

impl Entry {
    fn credential(self) -> Result<Credential, String> {
        match self.version.as_str() {
            "1" | "2c" => {
                let Some(SecretText(community)) = self.community else {
                    return Err("needs a community".to_owned());
                };
                Ok(if self.version == "1" {
                    Credential::V1 { community }
                } else {
                    Credential::V2c { community }
                })
            }
            "3" => {
                let user = self.user.ok_or("needs a user")?;
                let auth = match (self.auth, self.auth_key) {
                    (Some(name), Some(SecretText(key))) => Some((auth_protocol(&name)?, key)),
                    (None, None) => None,
                    _ => return Err("needs both `auth` and `auth-key`, or neither".to_owned()),
                };
                let privacy = match (self.r#priv, self.priv_key) {
                    (Some(name), Some(SecretText(key))) => Some((privacy_protocol(&name)?, key)),
                    (None, None) => None,
                    _ => return Err("needs both `priv` and `priv-key`, or neither".to_owned()),
                };
                if privacy.is_some() && auth.is_none() {
                    return Err(
                        "has privacy without authentication, which SNMP does not allow (RFC 3414)"
                            .to_owned(),
                    );
                }
                Ok(Credential::V3 {
                    user,
                    auth,
                    privacy,
                })
            }
            other => Err(format!(
                "has version `{other}`; write \"1\", \"2c\" or \"3\""
            )),
        }
    }
}

fn auth_protocol(name: &str) -> Result<AuthProtocol, String> {
    Ok(match name.to_ascii_lowercase().replace('-', "").as_str() {
        "md5" => AuthProtocol::Md5,
        "sha" | "sha1" => AuthProtocol::Sha1,
        "sha224" => AuthProtocol::Sha224,
        "sha256" => AuthProtocol::Sha256,
        "sha384" => AuthProtocol::Sha384,
        "sha512" => AuthProtocol::Sha512,
        _ => {
            return Err(format!(
                "has auth `{name}`; write md5, sha1, sha224, sha256, sha384 or sha512"
            ));
        }
    })
}

fn privacy_protocol(name: &str) -> Result<PrivacyProtocol, String> {
    Ok(match name.to_ascii_lowercase().replace('-', "").as_str() {
        "des" => PrivacyProtocol::Des,
        "aes" | "aes128" => PrivacyProtocol::Aes128,
        "aes192" => PrivacyProtocol::Aes192,
        "aes256" => PrivacyProtocol::Aes256,
        _ => {
            return Err(format!(
                "has priv `{name}`; write des, aes128, aes192 or aes256"
            ));
        }
    })
}
