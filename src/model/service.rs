//! How a service is checked, read from the words of the topology, and what a check found.
//!
//! A name in a check is what is asked for (HTTP's host, DNS's question) and never where the question goes: that is
//! `at`, else the address of the service's node, so that a check works when names do not.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

/// Ports by the kind of a check, where none is written.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;
const DNS: u16 = 53;

/// The longest name (RFC 1035, 3.1, as text).
const NAME: usize = 253;

/// The longest path that is asked for.
const PATH: usize = 1_024;

/// A check.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// What is asked.
    pub question: Question,
    /// Where, when it is not the node's own address.
    pub at: Option<IpAddr>,
    /// The port there.
    pub port: u16,
}

/// What a check asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Question {
    /// A handshake.
    Tcp,
    /// A TLS handshake for a name.
    Tls {
        /// The name.
        name: String,
    },
    /// A page.
    Http {
        /// Whether by TLS.
        is_secure: bool,
        /// Its host, with the port where that is not the usual one.
        host: String,
        /// Its path, from the slash on.
        path: String,
        /// The status that is right; without it, any from 200 to 399.
        expect: Option<u16>,
    },
    /// The addresses of a name.
    Dns {
        /// The name.
        name: String,
    },
}

/// Why a check cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotACheck {
    /// Two questions in one.
    #[error("asks by {0} and by {1}; a service has one check.")]
    Two(&'static str, &'static str),
    /// No question, but something else.
    #[error("says `{0}` without a question; write one of tcp, tls, http, https, dns.")]
    None(&'static str),
    /// A value that is none.
    #[error("has `{0} = \"{1}\"`; write {2}.")]
    Value(&'static str, String, &'static str),
}

impl Check {
    /// Reads a check; `None` where none is written.
    pub fn read(written: &BTreeMap<String, String>) -> Result<Option<Self>, NotACheck> {
        let mut asked = ["tcp", "tls", "http", "https", "dns"]
            .into_iter()
            .filter_map(|kind| Some((kind, written.get(kind)?)));
        let (kind, value) = match (asked.next(), asked.next()) {
            (None, _) => {
                let rest = ["at", "expect"].into_iter();
                let rest = rest.rev().find(|key| written.contains_key(*key));
                return rest.map_or(Ok(None), |key| Err(NotACheck::None(key)));
            }
            (Some(one), None) => one,
            (Some((one, _)), Some((other, _))) => return Err(NotACheck::Two(one, other)),
        };
        let bad = |how| NotACheck::Value(kind, value.clone(), how);
        let (question, port) = match kind {
            "tcp" => {
                let port = value
                    .rsplit_once(':')
                    .map_or(value.as_str(), |(_, port)| port);
                let port = port.parse().ok().filter(|port| *port != 0);
                (
                    Question::Tcp,
                    port.ok_or_else(|| bad("a port: tcp = \"25\""))?,
                )
            }
            "dns" => {
                let name = value.trim_end_matches('.');
                if !is_name(name) {
                    return Err(bad("a name: dns = \"hue.example\""));
                }
                let name = name.to_owned();
                (Question::Dns { name }, DNS)
            }
            _ => {
                let how = "a host, its port and path: https = \"host:8443/health\"";
                let (authority, path) = match value.find('/') {
                    Some(slash) => value.split_at(slash),
                    None => (value.as_str(), "/"),
                };
                let (name, port) = match authority.rsplit_once(':') {
                    Some((name, port)) => {
                        let port = port.parse().ok().filter(|port| *port != 0);
                        (name, Some(port.ok_or_else(|| bad(how))?))
                    }
                    None => (authority, None),
                };
                let is_path =
                    path.len() <= PATH && path.bytes().all(|octet| octet.is_ascii_graphic());
                if !is_name(name) || !is_path || (kind == "tls" && path != "/") {
                    return Err(bad(how));
                }
                let usual = if kind == "http" { HTTP } else { HTTPS };
                let question = if kind == "tls" {
                    let name = name.to_owned();
                    Question::Tls { name }
                } else {
                    Question::Http {
                        is_secure: kind == "https",
                        host: port
                            .filter(|port| *port != usual)
                            .map_or_else(|| name.to_owned(), |port| format!("{name}:{port}")),
                        path: path.to_owned(),
                        expect: written.get("expect").and_then(|status| status.parse().ok()),
                    }
                };
                (question, port.unwrap_or(usual))
            }
        };
        let (at, port) = match written.get("at") {
            None => (None, port),
            Some(at) => {
                let socket = at.parse::<SocketAddr>().map(|at| (at.ip(), at.port()));
                let plain = || at.parse::<IpAddr>().map(|at| (at, port));
                let (at, port) = socket.or_else(|_| plain()).map_err(|_| {
                    NotACheck::Value("at", at.clone(), "an address: at = \"192.0.2.5:8080\"")
                })?;
                (Some(at), port)
            }
        };
        Ok(Some(Self { question, at, port }))
    }
}

/// Returns whether a text can be the name of a host.
fn is_name(text: &str) -> bool {
    let is_label = |label: &str| {
        let plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'_');
        (1..=63).contains(&label.len()) && label.bytes().all(plain)
    };
    text.len() <= NAME && text.split('.').all(is_label)
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// What was heard, or why nothing was.
    pub outcome: Outcome,
    /// How long it took.
    pub took: Duration,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A handshake.
    Accepted,
    /// A status that is right.
    Status(u16),
    /// The addresses of the name.
    Addresses(Vec<IpAddr>),
    /// A status that is not.
    WrongStatus(u16),
    /// Nothing listens at the port.
    Closed,
    /// It listens, and what it says is not the protocol.
    Garbled,
    /// It listens, and said nothing in time.
    Mute,
    /// DNS has no such name, or refuses: the code of the answer (RFC 1035, 4.1.1).
    NoName(u8),
    /// No handshake in time, or no way there.
    Silent,
    /// The port accepts; TLS itself is not spoken here, so nothing is known of it.
    Unspoken,
    /// Our own side could not ask.
    Unsent(String),
    /// The topology has no check for it.
    Undeclared,
    /// The topology has no address for it.
    Nowhere,
}

/// Whether a service serves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Service {
    /// It does.
    Up,
    /// It does not.
    Down,
    /// That cannot be told.
    Unknown,
}

impl Service {
    /// Returns the word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
            Self::Unknown => "unknown",
        }
    }
}

impl Outcome {
    /// Returns what this says of the service.
    #[must_use]
    pub fn service(&self) -> Service {
        match self {
            Self::Accepted | Self::Status(_) | Self::Addresses(_) => Service::Up,
            Self::WrongStatus(_)
            | Self::Closed
            | Self::Garbled
            | Self::Mute
            | Self::NoName(_)
            | Self::Silent => Service::Down,
            Self::Unspoken | Self::Unsent(_) | Self::Undeclared | Self::Nowhere => Service::Unknown,
        }
    }

    /// Returns whether somebody there was heard, so that the way is whole.
    #[must_use]
    pub fn is_heard(&self) -> bool {
        !matches!(
            self,
            Self::Silent | Self::Unsent(_) | Self::Undeclared | Self::Nowhere
        )
    }
}
