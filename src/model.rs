//! What a network is, in plain values: the vocabulary that every other room speaks.
//!
//! Nothing here opens a file, asks a clock or sends a packet. Identifiers are strings that a person wrote in
//! TOML and never positions in a table: the one place that knows indices is `graph`.

pub mod agency;
pub mod credential;
pub mod device;
pub mod fault;
pub mod health;
pub mod hint;
pub mod incident;
pub mod kind;
pub mod network;
pub mod ratio;
pub mod reading;
pub mod service;
pub mod target;
pub mod text;
pub mod trace;

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde::{Serialize, Serializer};

/// A table that finds by id at once and is gone through in its own order: that of id, where whoever fills it does so in
/// that order.
///
/// A tree of ids compares a dozen strings for every answer of every device. The hash has no seed of its own: two
/// runs behave alike, and ids are the operator's own.
pub type Register<K, V> = indexmap::IndexMap<K, V, foldhash::fast::FixedState>;

macro_rules! identifiers {
    ($($(#[$doc:meta])* $name:ident)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Eq, PartialOrd, Ord, Hash)]
        #[expect(clippy::derived_hash_with_manual_eq, reason = "equal by place is equal by text")]
        pub struct $name(Arc<str>);

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                // Nearly all that are compared are copies of one.
                Arc::ptr_eq(&self.0, &other.0) || self.0 == other.0
            }
        }

        impl $name {
            /// Wraps an identifier as it was written.
            pub fn new(id: impl Into<Arc<str>>) -> Self {
                Self(id.into())
            }

            /// Returns the identifier as it was written.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl From<&str> for $name {
            fn from(id: &str) -> Self {
                Self::new(id)
            }
        }

        impl std::borrow::Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:?}", &*self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }
    )*};
}

identifiers! {
    /// Names a node: a device or place in the network. An agency's own router is a node too.
    NodeId
    /// Names a link; two links between the same nodes have two ids.
    LinkId
    /// Names an agency: an organisation that is connected.
    AgencyId
    /// Names a risk group: links or nodes that fail together.
    RiskId
    /// Names a service that runs at a node.
    ServiceId
    /// Names a provider of links.
    ProviderId
    /// The official code of a commune or ward.
    AreaCode
    /// Names a maintenance window.
    MaintenanceId
    /// Names a credential; the secret itself is never in the topology.
    CredentialName
}

/// A node, link or risk group: whatever can fail.
///
/// The order is kind (node, link, risk), then id; every list of elements uses it as its last tie rule.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(tag = "kind", content = "id", rename_all = "lowercase")]
pub enum Element {
    /// A node.
    Node(NodeId),
    /// A link.
    Link(LinkId),
    /// A risk group.
    Risk(RiskId),
}

impl Element {
    /// Returns the id without its kind.
    #[must_use]
    pub fn id(&self) -> &str {
        match self {
            Self::Node(id) => id.as_str(),
            Self::Link(id) => id.as_str(),
            Self::Risk(id) => id.as_str(),
        }
    }

    /// Returns the kind in the word that TOML, JSON and the command line use.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Node(_) => "node",
            Self::Link(_) => "link",
            Self::Risk(_) => "risk",
        }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.id())
    }
}

/// Why a text does not name an element.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an element; write `node:ID`, `link:ID` or `risk:ID`.")]
pub struct NotAnElement(pub String);

impl FromStr for Element {
    type Err = NotAnElement;

    fn from_str(text: &str) -> Result<Self, NotAnElement> {
        match text.split_once(':') {
            Some(("node", id)) if !id.is_empty() => Ok(Self::Node(id.into())),
            Some(("link", id)) if !id.is_empty() => Ok(Self::Link(id.into())),
            Some(("risk", id)) if !id.is_empty() => Ok(Self::Risk(id.into())),
            _ => Err(NotAnElement(text.to_owned())),
        }
    }
}
