//! How a service is checked, read from the words of the topology, and what a check found.
//!
//! A name in a check is what is asked for (HTTP's host, DNS's question) and never where the question goes: that is
//! `at`, else the address of the service's node, so that a check works when names do not.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use jiff::Timestamp;

/// Ports by the kind of a check, where none is written.
const HTTP: u16 = 80;
const HTTPS: u16 = 443;
const DNS: u16 = 53;

/// The longest name (RFC 1035, 3.1, as text).
const NAME: usize = 253;

/// Days before the end of a certificate from which on it is said, where the topology says nothing: three weeks are
/// enough to get another one from an authority that works by letter.
const WARN_DAYS: u16 = 21;

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
    /// Whom it trusts, where it is asked by TLS.
    pub trust: Option<Trust>,
}

/// Whom a check by TLS trusts, and when it begins to warn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trust {
    /// A file of PEM with the authorities (or the very certificate) to trust, below the topology's folder; without
    /// it, those that the system trusts.
    pub ca: Option<String>,
    /// Days before the end of the certificate from which on that is said.
    pub warn_days: u16,
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
    /// Something that only TLS has.
    #[error("says `{0}` and asks by {1}; only tls and https have it.")]
    Needless(&'static str, &'static str),
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
                let rest = ["at", "ca", "expect", "warn_days"].into_iter();
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
        let trust = trust(kind, written)?;
        Ok(Some(Self {
            question,
            at,
            port,
            trust,
        }))
    }

    /// Returns the name for which a certificate must stand, where the check is asked by TLS.
    #[must_use]
    pub fn certified_name(&self) -> Option<&str> {
        match &self.question {
            Question::Tls { name } => Some(name),
            Question::Http {
                is_secure: true,
                host,
                ..
            } => Some(host.rsplit_once(':').map_or(host, |(name, _)| name)),
            Question::Tcp | Question::Http { .. } | Question::Dns { .. } => None,
        }
    }
}

/// Reads whom a check trusts; a check that is not asked by TLS trusts nobody.
fn trust(
    kind: &'static str,
    written: &BTreeMap<String, String>,
) -> Result<Option<Trust>, NotACheck> {
    let mut keys = ["ca", "warn_days"].into_iter();
    if !matches!(kind, "tls" | "https") {
        return match keys.find(|key| written.contains_key(*key)) {
            Some(key) => Err(NotACheck::Needless(key, kind)),
            None => Ok(None),
        };
    }
    let warn_days = match written.get("warn_days") {
        None => WARN_DAYS,
        Some(days) => days.parse().map_err(|_| {
            NotACheck::Value(
                "warn_days",
                days.clone(),
                "a number of days: warn_days = 21",
            )
        })?,
    };
    let ca = written.get("ca").cloned();
    Ok(Some(Trust { ca, warn_days }))
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
    /// The certificate that was shown, where it is the right one.
    pub certificate: Option<Certificate>,
}

impl Found {
    /// Returns what is known without asking.
    #[must_use]
    pub fn unasked(outcome: Outcome) -> Self {
        Self {
            outcome,
            took: Duration::ZERO,
            certificate: None,
        }
    }
}

/// A certificate that may be trusted, and for how long still.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate {
    /// When it, or the first one of those that vouch for it, ends.
    pub until: Timestamp,
    /// Whole days until then.
    pub days_left: i64,
    /// Whether these are so few that it should be said.
    pub is_soon: bool,
}

/// What was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// A handshake.
    Accepted,
    /// A TLS handshake with the right certificate.
    Secured,
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
    /// It refuses the TLS handshake: what it said, or did.
    Refused(String),
    /// Nobody who is trusted vouches for its certificate.
    Untrusted {
        /// Whether it vouches for itself.
        by_itself: bool,
    },
    /// Its certificate stands for other names: these.
    WrongName(Vec<String>),
    /// Its certificate, or one that vouches for it, has ended: when.
    Expired(Timestamp),
    /// Its certificate, or one that vouches for it, is not valid yet: from when on it will be.
    NotYetValid(Timestamp),
    /// Its certificate cannot be used for another reason.
    Unfit(String),
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
            Self::Accepted | Self::Secured | Self::Status(_) | Self::Addresses(_) => Service::Up,
            Self::WrongStatus(_)
            | Self::Closed
            | Self::Garbled
            | Self::Mute
            | Self::NoName(_)
            | Self::Refused(_)
            | Self::Untrusted { .. }
            | Self::WrongName(_)
            | Self::Expired(_)
            | Self::NotYetValid(_)
            | Self::Unfit(_)
            | Self::Silent => Service::Down,
            Self::Unsent(_) | Self::Undeclared | Self::Nowhere => Service::Unknown,
        }
    }

    /// Returns the word of JSON.
    #[must_use]
    pub fn word(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Secured => "secured",
            Self::Status(_) => "status",
            Self::Addresses(_) => "addresses",
            Self::WrongStatus(_) => "wrong-status",
            Self::Closed => "closed",
            Self::Garbled => "garbled",
            Self::Mute => "timeout",
            Self::NoName(_) => "no-name",
            Self::Silent => "silent",
            Self::Refused(_) => "handshake-refused",
            Self::Untrusted { .. } => "not-trusted",
            Self::WrongName(_) => "wrong-name",
            Self::Expired(_) => "expired",
            Self::NotYetValid(_) => "not-yet-valid",
            Self::Unfit(_) => "unfit-certificate",
            Self::Unsent(_) => "unsent",
            Self::Undeclared => "undeclared",
            Self::Nowhere => "no-address",
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
