//! One device asked by hand, over a socket of its own: whole, or one subtree of its agent's objects.
//!
//! The same reading as in a monitor's round, with other limits: somebody waits for it and wants all of it. What
//! could not be read is said beside what could; an error means that there is nothing at all to show.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::model::credential::{Credential, Keyring};
use crate::model::device::Device;
use crate::model::target::{Method, Target, TargetId};
use crate::model::{CredentialName, NodeId};
use crate::probe::roster::Pace;
use crate::probe::snmp::{Poller, Transports};
use crate::probe::{Doing, LineError};
use crate::wire::whole::{Group, Row};

/// Whom to ask, and how.
#[derive(Clone, Debug)]
pub struct Question {
    /// The agent; the port is 161 as a rule.
    pub agent: SocketAddr,
    /// By which it knows us.
    pub credential: Credential,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often one question is asked again.
    pub retries: u8,
    /// How long all of it may take.
    pub within: Duration,
}

/// Why a table was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// Its identifiers did not ascend: it would have gone in a circle.
    Disordered,
    /// It was more than anybody may make us keep.
    Heavy,
    /// The device stopped answering.
    Stopped,
    /// The device answered with an error, or with what cannot be used.
    Refused,
    /// The clock of its `SNMPv3` engine is another at every answer, so that no question was in time for it.
    Clock,
    /// The time for all of it was over.
    Late,
}

impl Trouble {
    /// Returns its name, for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Disordered => "disordered",
            Self::Heavy => "heavy",
            Self::Stopped => "stopped",
            Self::Refused => "refused",
            Self::Clock => "clock",
            Self::Late => "late",
        }
    }
}

/// A table that was not read to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unread {
    /// Which.
    pub group: Group,
    /// Why.
    pub why: Trouble,
}

/// A device as it was read.
#[derive(Clone, Debug)]
pub struct Whole {
    /// All that was heard.
    pub device: Device,
    /// What was not, in the order of reading.
    pub unread: Vec<Unread>,
    /// When the first question was asked.
    pub began: Instant,
    /// How long it took.
    pub took: Duration,
}

/// A subtree as it was read, ascending by identifier.
#[derive(Clone, Debug)]
pub struct Walked {
    /// The objects.
    pub rows: Vec<Row>,
    /// Why it ended early, where it did.
    pub trouble: Option<Trouble>,
    /// How long it took.
    pub took: Duration,
}

/// What a question without any key was answered, after silence.
///
/// Such answers are signed by nobody: anybody on the way could have sent them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hint {
    /// Nothing either: nobody there, no agent, or a filter on the way.
    Nothing,
    /// An agent is there and says that it has no such user.
    UnknownUser,
    /// An agent is there and knows the user: a passphrase or protocol differs.
    WrongKey,
    /// An agent is there; it does not take this community, or not this version.
    WrongCommunity,
    /// An agent is there and calls every question late or early, also those by the time that it has just told.
    WrongClock,
}

/// Why there is nothing to show.
#[derive(Debug, thiserror::Error)]
pub enum PollError {
    /// No socket.
    #[error(transparent)]
    Line(#[from] LineError),
    /// Our own side could not ask.
    #[error("{0}")]
    Unsent(Arc<str>),
    /// Nothing was heard.
    #[error("nothing was heard.")]
    Silent(Hint),
}

/// Asks one agent.
pub struct Poll {
    poller: Poller,
    target: Target,
    credential: Credential,
    within: Duration,
}

impl Poll {
    /// Opens the socket and gives this thread's capabilities up: nothing after it needs any.
    ///
    /// `seed` must differ from one start to the next, for the salts of DES.
    pub async fn open(question: &Question, seed: u32) -> Result<Self, PollError> {
        let bind = |at: IpAddr| async move {
            crate::probe::bind(at)
                .await
                .map_err(|source| LineError::new(Doing::BindSnmp, source))
        };
        let transports = match question.agent {
            SocketAddr::V4(_) => Transports {
                v4: bind(Ipv4Addr::UNSPECIFIED.into()).await?,
                v6: Err("This poll is by IPv4.".into()),
            },
            SocketAddr::V6(_) => {
                let v6 = bind(Ipv6Addr::UNSPECIFIED.into()).await?;
                Transports {
                    v4: v6.clone(),
                    v6: Ok(v6),
                }
            }
        };
        crate::probe::drop_privilege()?;
        let name = CredentialName::new("by hand");
        let keyring = Keyring::from([(name.clone(), question.credential.clone())]);
        let target = Target {
            id: TargetId {
                node: NodeId::new("by hand"),
                method: Method::Snmp,
            },
            address: question.agent.ip(),
            interval: question.within,
            timeout: question.timeout,
            retries: question.retries,
            credential: Some(name),
        };
        let port = question.agent.port();
        Ok(Self {
            poller: Poller::new(transports, port, &keyring, seed, Pace::Watch),
            target,
            credential: question.credential.clone(),
            within: question.within,
        })
    }

    /// Reads the device whole, or only some of its tables.
    pub async fn device(&self, groups: &[Group]) -> Result<Whole, PollError> {
        self.poller
            .whole(&self.target, &self.credential, groups, self.within)
            .await
    }

    /// Reads everything below an identifier (`1.3.6.1.2.1.1`), or the one object that it names.
    pub async fn walk(&self, root: &Root) -> Result<Walked, PollError> {
        self.poller
            .walk(&self.target, &self.credential, &root.0, self.within)
            .await
    }
}

/// An object identifier to walk below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Root(snmp::Oid);

impl std::str::FromStr for Root {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        snmp::Oid::parse(text.trim().trim_start_matches('.'))
            .ok()
            .filter(|oid| oid.len() >= 2 && oid.validate_for_wire().is_ok())
            .map(Self)
            .ok_or_else(|| {
                format!("`{text}` is not an object identifier; write one like `1.3.6.1.2.1.1`.")
            })
    }
}

impl std::fmt::Display for Root {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}
