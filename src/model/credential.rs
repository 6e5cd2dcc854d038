//! Credentials for SNMP: named in the topology, kept in a file that others cannot read.
//!
//! The secrets are wrapped so that no `Debug` output, log or panic can show them.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;

use crate::model::CredentialName;

/// All credentials by name.
pub type Keyring = BTreeMap<CredentialName, Credential>;

/// How a device is asked.
#[derive(Clone, Debug)]
pub enum Credential {
    /// SNMP version 1 (RFC 1157).
    V1 {
        /// The community, a secret.
        community: SecretString,
    },
    /// SNMP version 2c (RFC 1901).
    V2c {
        /// The community, a secret.
        community: SecretString,
    },
    /// SNMP version 3 with the user-based security model (RFC 3414).
    V3 {
        /// The user's name, not a secret.
        user: String,
        /// Authentication protocol and passphrase.
        auth: Option<(AuthProtocol, SecretString)>,
        /// Privacy protocol and passphrase.
        privacy: Option<(PrivacyProtocol, SecretString)>,
    },
}

/// Authentication protocols of USM (RFC 3414, RFC 7860).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocols' own")]
pub enum AuthProtocol {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
}

/// Privacy protocols of USM (RFC 3414, RFC 3826, and the Blumenthal drafts for longer keys).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the protocols' own")]
pub enum PrivacyProtocol {
    Des,
    Aes128,
    Aes192,
    Aes256,
}

impl fmt::Display for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::V1 { .. } => "SNMP v1",
            Self::V2c { .. } => "SNMP v2c",
            Self::V3 { .. } => "SNMP v3",
        })
    }
}
