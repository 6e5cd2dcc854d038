//! From a credential of the file to what the library signs and encrypts with.

use secrecy::ExposeSecret;
use snmp::{Auth, MasterKeys, UsmConfig};

use crate::model::credential::{AuthProtocol, Credential, PrivacyProtocol};

/// Turns a credential into what the library signs with. The error says what is wrong, never the secret.
pub(super) fn auth(credential: &Credential) -> Result<Auth, String> {
    match credential {
        Credential::V1 { community } => Ok(Auth::v1(community.expose_secret())),
        Credential::V2c { community } => Ok(Auth::v2c(community.expose_secret())),
        Credential::V3 {
            user,
            auth,
            privacy,
        } => {
            let config = UsmConfig::new(user.clone());
            let Some((protocol, passphrase)) = auth else {
                return match privacy {
                    None => Ok(config.into()),
                    Some(_) => Err("privacy needs authentication".to_owned()),
                };
            };
            let secret = passphrase.expose_secret().as_bytes();
            let mut keys = MasterKeys::new(auth_protocol(*protocol), secret)
                .map_err(|error| error.to_string())?;
            if let Some((protocol, passphrase)) = privacy {
                let secret = passphrase.expose_secret().as_bytes();
                keys = keys
                    .with_privacy(privacy_protocol(*protocol), secret)
                    .map_err(|error| error.to_string())?;
            }
            let config = config
                .with_master_keys(keys)
                .map_err(|error| error.to_string())?;
            Ok(config.into())
        }
    }
}

pub(in crate::probe) fn auth_protocol(protocol: AuthProtocol) -> snmp::AuthProtocol {
    match protocol {
        AuthProtocol::Md5 => snmp::AuthProtocol::Md5,
        AuthProtocol::Sha1 => snmp::AuthProtocol::Sha1,
        AuthProtocol::Sha224 => snmp::AuthProtocol::Sha224,
        AuthProtocol::Sha256 => snmp::AuthProtocol::Sha256,
        AuthProtocol::Sha384 => snmp::AuthProtocol::Sha384,
        AuthProtocol::Sha512 => snmp::AuthProtocol::Sha512,
    }
}

pub(in crate::probe) fn privacy_protocol(protocol: PrivacyProtocol) -> snmp::PrivProtocol {
    match protocol {
        PrivacyProtocol::Des => snmp::PrivProtocol::Des,
        PrivacyProtocol::Aes128 => snmp::PrivProtocol::Aes128,
        PrivacyProtocol::Aes192 => snmp::PrivProtocol::Aes192Blumenthal,
        PrivacyProtocol::Aes256 => snmp::PrivProtocol::Aes256Blumenthal,
    }
}
