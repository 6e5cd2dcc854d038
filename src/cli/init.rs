//! `init`: a first topology from a few answers, or from a list of addresses.
//!
//! Secrets are asked for only at a terminal, without showing them, and go to a file that others cannot read:
//! never into an argument, never into the topology.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::net::IpAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use secrecy::{ExposeSecret as _, SecretString};

use crate::cli::failure::{Failure, Kind};
use crate::cli::{Common, folder, question};
use crate::inventory::init::{Answers, Listed};
use crate::model::fault::Source;
use crate::report::words::Words;

/// RFC 3414, section 11.2: shorter passphrases are refused by most agents.
const SHORTEST_KEY: usize = 8;

/// Write a first topology: from a few answers, or from a list of addresses
///
/// Asks at a terminal for what no flag says. The list has one address a line, a name after it if known.
/// Nothing that exists is overwritten.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// Folder to write into, instead of --topology
    folder: Option<PathBuf>,
    /// List of addresses to watch; `-` reads standard input
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,
    /// Name of the network
    #[arg(long)]
    name: Option<String>,
    /// Name of the hub: the place from which reachability is counted
    #[arg(long, value_name = "NAME")]
    hub: Option<String>,
    /// Address of the hub
    #[arg(long, value_name = "ADDRESS")]
    hub_address: Option<IpAddr>,
    /// Name of the machine that monitors, where it is not the hub itself
    #[arg(long, value_name = "NAME")]
    monitor: Option<String>,
    /// Name of the credential for SNMP to the hub; the secret itself stands in credentials.toml
    #[arg(long, value_name = "NAME")]
    credential: Option<String>,
    /// Time zone, such as `Asia/Ho_Chi_Minh` [default: the machine's]
    #[arg(long, value_name = "ZONE")]
    time_zone: Option<String>,
    /// Ask nothing; what no flag says is left at its default
    #[arg(long)]
    no_input: bool,
}

/// Writes a first topology.
pub fn run(args: &Args, common: &Common) -> Result<ExitCode, Failure> {
    let target = args.folder.clone().unwrap_or_else(|| common.folder());
    // Before the first question: nobody likes to answer ten and hear that it was for nothing.
    folder::must_be_free(&target)?;
    let listed = match &args.from {
        Some(path) => listed(path)?,
        None => Vec::new(),
    };
    let from_stdin = args
        .from
        .as_deref()
        .is_some_and(|path| path.as_os_str() == "-");
    let words = common.words();
    let (answers, secrets) = if !args.no_input && !from_stdin && question::can_ask() {
        asked(args, listed, &words)?
    } else {
        (unasked(args, listed), None)
    };
    let files = BTreeMap::from([(
        "network.toml".to_owned(),
        crate::inventory::init::first(&answers),
    )]);
    let (written, loaded) = folder::write(&target, &files)?;
    let mut text = String::new();
    for path in &written {
        told(&mut text, &words, "init.wrote", &path.display().to_string());
    }
    if let (Some(name), Some(secrets)) = (&answers.credential, &secrets) {
        let path = Path::new("credentials.toml");
        if keep(path, &secrets.file(name))? {
            told(&mut text, &words, "init.wrote", "credentials.toml");
        } else {
            told(&mut text, &words, "init.credentials.exist", name);
        }
    } else if let Some(name) = &answers.credential {
        told(&mut text, &words, "init.credentials.missing", name);
    }
    let folder = target.display();
    let agencies = loaded.network.agencies.len();
    let _ = write!(
        text,
        "{}\n\n  spanwatch lint {folder}\n  spanwatch watch --topology {folder}\n",
        words.with("init.next", &[&agencies.to_string()])
    );
    crate::cli::print(&text)?;
    Ok(ExitCode::SUCCESS)
}

fn told(text: &mut String, words: &Words, key: &str, value: &str) {
    // Writing to a String cannot fail.
    let _ = writeln!(text, "{}", words.with(key, &[&crate::report::clean(value)]));
}

fn listed(path: &Path) -> Result<Vec<Listed>, Failure> {
    let (name, text) = folder::read_text(path)?;
    let source = Arc::new(Source { name, text });
    crate::inventory::init::addresses(&source).map_err(|faults| {
        Failure::new(Kind::Usage, "The list of addresses cannot be used.").faults(faults.0)
    })
}

fn machine_zone() -> String {
    jiff::tz::TimeZone::system()
        .iana_name()
        .unwrap_or("UTC")
        .to_owned()
}

fn unasked(args: &Args, listed: Vec<Listed>) -> Answers {
    Answers {
        name: args.name.clone().unwrap_or_default(),
        hub: args.hub.clone().unwrap_or_default(),
        hub_address: args.hub_address,
        monitor: args.monitor.clone(),
        credential: args.credential.clone(),
        time_zone: args.time_zone.clone().unwrap_or_else(machine_zone),
        listed,
    }
}

fn asked(
    args: &Args,
    mut listed: Vec<Listed>,
    words: &Words,
) -> Result<(Answers, Option<Secrets>), Failure> {
    let text = |given: &Option<String>, key: &str, otherwise: &str| match given {
        Some(given) => Ok(given.clone()),
        None => question::ask(words.text(key), otherwise, |answer| Ok(answer.to_owned())),
    };
    let name = text(&args.name, "init.name", "Network")?;
    let hub = text(&args.hub, "init.hub", "Hub")?;
    let hub_address = match args.hub_address {
        Some(address) => Some(address),
        None => question::ask(words.text("init.hub_address"), "", address)?,
    };
    let monitor = text(&args.monitor, "init.monitor", "")?;
    let credential = text(&args.credential, "init.credential", "")?;
    let secrets = if credential.is_empty() || Path::new("credentials.toml").exists() {
        None
    } else {
        Some(Secrets::asked(words)?)
    };
    let zone = match &args.time_zone {
        Some(zone) => zone.clone(),
        None => question::ask(words.text("init.time_zone"), &machine_zone(), |answer| {
            jiff::tz::TimeZone::get(answer)
                .map(|_| answer.to_owned())
                .map_err(|error| error.to_string())
        })?,
    };
    if args.from.is_none() {
        while let Some(one) = question::ask(words.text("init.listed"), "", line)? {
            listed.push(one);
        }
    }
    let answers = Answers {
        name,
        hub,
        hub_address,
        monitor: (!monitor.is_empty()).then_some(monitor),
        credential: (!credential.is_empty()).then_some(credential),
        time_zone: zone,
        listed,
    };
    Ok((answers, secrets))
}

fn address(answer: &str) -> Result<Option<IpAddr>, String> {
    if answer.is_empty() {
        return Ok(None);
    }
    answer
        .parse()
        .map(Some)
        .map_err(|_| format!("`{answer}` is not an address."))
}

/// One line of the list, as a file would hold it.
fn line(answer: &str) -> Result<Option<Listed>, String> {
    if answer.is_empty() {
        return Ok(None);
    }
    let (word, name) = answer
        .split_once(char::is_whitespace)
        .unwrap_or((answer, ""));
    let address = address(word)?;
    let name = name.trim();
    Ok(address.map(|address| Listed {
        address,
        name: (!name.is_empty()).then(|| name.to_owned()),
    }))
}

/// What goes into the file of credentials.
enum Secrets {
    Community(SecretString),
    User {
        user: String,
        auth: String,
        auth_key: SecretString,
        privacy: String,
        privacy_key: SecretString,
    },
}

impl Secrets {
    fn asked(words: &Words) -> Result<Self, Failure> {
        let choice = |key: &str, otherwise: &str, known: &'static [&'static str]| {
            question::ask(words.text(key), otherwise, |answer| {
                let answer = answer.to_lowercase();
                if known.contains(&answer.as_str()) {
                    Ok(answer)
                } else {
                    Err(known.join(", "))
                }
            })
        };
        let key = |key: &str| {
            question::secret(words.text(key), |answer| {
                if answer.chars().count() >= SHORTEST_KEY {
                    Ok(())
                } else {
                    Err(words.with("init.short", &[&SHORTEST_KEY.to_string()]))
                }
            })
        };
        if choice("init.version", "2c", &["2c", "3"])? == "2c" {
            let community = question::secret(words.text("init.community"), |_| Ok(()))?;
            return Ok(Self::Community(community));
        }
        Ok(Self::User {
            user: question::ask(words.text("init.user"), "", |answer| {
                if answer.is_empty() {
                    Err(words.text("init.needed").to_owned())
                } else {
                    Ok(answer.to_owned())
                }
            })?,
            auth: choice(
                "init.auth",
                "sha256",
                &["md5", "sha1", "sha224", "sha256", "sha384", "sha512"],
            )?,
            auth_key: key("init.auth_key")?,
            privacy: choice(
                "init.priv",
                "aes128",
                &["des", "aes128", "aes192", "aes256"],
            )?,
            privacy_key: key("init.priv_key")?,
        })
    }

    fn file(&self, name: &str) -> String {
        let quoted = |text: &str| toml::Value::String(text.to_owned()).to_string();
        let mut text = String::from(
            "# Secrets of SNMP. The topology names them and never holds them; only the owner may read this file.\n\n",
        );
        // Writing to a String cannot fail.
        let _ = writeln!(text, "[snmp.{}]", quoted(name));
        let mut line = |key: &str, value: &str| {
            let _ = writeln!(text, "{key} = {}", quoted(value));
        };
        match self {
            Self::Community(community) => {
                line("version", "2c");
                line("community", community.expose_secret());
            }
            Self::User {
                user,
                auth,
                auth_key,
                privacy,
                privacy_key,
            } => {
                line("version", "3");
                line("user", user);
                line("auth", auth);
                line("auth-key", auth_key.expose_secret());
                line("priv", privacy);
                line("priv-key", privacy_key.expose_secret());
            }
        }
        text
    }
}

/// Writes secrets into a new file that only its owner may read; `false` when there is one already.
fn keep(path: &Path, text: &str) -> Result<bool, Failure> {
    let made = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path);
    match made {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(false),
        Err(error) => Err(Failure::writing(&path.display().to_string(), &error)),
        Ok(mut file) => file
            .write_all(text.as_bytes())
            .map(|()| true)
            .map_err(|error| Failure::writing(&path.display().to_string(), &error)),
    }
}
