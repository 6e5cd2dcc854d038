//! The user-based security model of `SNMPv3` (RFC 3414), seen from the agent's side.
//!
//! One user, SHA-256 and AES-128, one engine for each node. What is not understood is answered by the report
//! that the RFC names, because a client learns engine, boots and time from those.

use std::time::Duration;

use snmp::ber::Decoder;
use snmp::message::{MsgFlags, MsgGlobalData, RawMsgData, RawV3Message, ScopedPdu, V3Message};
use snmp::v3::{
    LocalizedKey, MasterKeys, PrivKey, SaltCounter, UsmSecurityParams,
    in_authoritative_time_window, report_oids,
};
use snmp::{
    AuthProtocol, DecodeConfig, MessageSize, NotificationPdu, Oid, Pdu, PrivProtocol, ResponsePdu,
    SecurityLevel, Value, VarBind,
};

use crate::graph::mix;
use crate::model::{CredentialName, NodeId};

/// The largest message that an agent takes; what an Ethernet frame carries.
const LARGEST: usize = 1_472;

/// Why the lab's own keys cannot be made.
#[derive(Debug, thiserror::Error)]
#[error("the keys of the lab's SNMPv3 user cannot be derived.")]
pub struct NoKeys(#[source] Box<dyn std::error::Error + Send + Sync>);

/// The one user of the lab, known to every agent.
pub struct User {
    name: String,
    keys: MasterKeys,
    salt: SaltCounter,
}

/// One node's engine at one moment.
pub struct Engine {
    id: [u8; 13],
    boots: u32,
    time: u32,
    auth: LocalizedKey,
    privacy: PrivKey,
}

/// What a datagram asks for.
pub enum Question {
    /// This request, with what is needed to answer it.
    Ask(Box<Asked>),
    /// Nothing: this report is to be sent instead.
    Report(Vec<u8>),
}

/// A request that was proven to come from the user.
pub struct Asked {
    /// The request.
    pub pdu: Pdu,
    message: i32,
    context: ScopedPdu,
}

impl User {
    /// Expands the passphrases once for all engines (RFC 3414, A.2); that takes a few milliseconds.
    pub fn new(name: &str, auth: &str, privacy: &str) -> Result<Self, NoKeys> {
        let keys = MasterKeys::new(AuthProtocol::Sha256, auth.as_bytes())
            .and_then(|keys| keys.with_privacy(PrivProtocol::Aes128, privacy.as_bytes()))
            .map_err(|error| NoKeys(Box::new(error)))?;
        Ok(Self {
            name: name.to_owned(),
            keys,
            salt: SaltCounter::new().map_err(|error| NoKeys(error))?,
        })
    }

    /// Returns a node's engine as it is now.
    #[must_use]
    pub fn engine(&self, node: &NodeId, boots: u32, uptime: Duration) -> Option<Engine> {
        let id = engine_id(node);
        let (auth, privacy) = self.keys.localize(&id).ok()?;
        Some(Engine {
            id,
            boots,
            time: u32::try_from(uptime.as_secs()).ok()?,
            auth,
            privacy: privacy?,
        })
    }

    /// Reads a datagram in the order of RFC 3414, 3.2; `None` is silence.
    #[must_use]
    pub fn read(&self, datagram: &[u8], engine: &Engine) -> Option<Question> {
        let message = RawV3Message::decode(datagram.to_vec().into(), DecodeConfig::default())
            .ok()?
            .value;
        let usm =
            UsmSecurityParams::decode(message.security_params().clone(), DecodeConfig::default())
                .ok()?
                .value;
        let flags = message.global_data().msg_flags();
        let report = |oid: Oid, is_signed: bool| {
            if !flags.reportable {
                return None;
            }
            let name = usm.username().to_vec();
            let bytes = engine.report(message.msg_id(), name, oid, is_signed)?;
            Some(Question::Report(bytes))
        };
        if usm.engine_id().as_ref() != engine.id {
            return report(report_oids::unknown_engine_ids(), false);
        }
        if usm.username().as_ref() != self.name.as_bytes() {
            return report(report_oids::unknown_user_names(), false);
        }
        if flags.security_level != SecurityLevel::AuthPriv {
            return report(report_oids::unsupported_sec_levels(), false);
        }
        if !engine.has_signed(datagram) {
            return report(report_oids::wrong_digests(), false);
        }
        if !in_authoritative_time_window(
            engine.boots,
            engine.time,
            usm.engine_boots(),
            usm.engine_time(),
        ) {
            return report(report_oids::not_in_time_windows(), true);
        }
        let RawMsgData::Encrypted(secret) = message.msg_data() else {
            return None;
        };
        let plain = engine.privacy.decrypt(
            secret,
            usm.engine_boots(),
            usm.engine_time(),
            usm.priv_params(),
        );
        let scoped = plain
            .ok()
            .and_then(|plain| ScopedPdu::decode(&mut Decoder::new(plain)).ok());
        let Some(context) = scoped else {
            return report(report_oids::decryption_errors(), false);
        };
        Some(Question::Ask(Box::new(Asked {
            pdu: context.pdu.clone(),
            message: message.msg_id(),
            context,
        })))
    }

    /// Returns the datagram that answers a request, encrypted and signed.
    #[must_use]
    pub fn write(&self, asked: &Asked, response: ResponsePdu, engine: &Engine) -> Option<Vec<u8>> {
        let scoped = ScopedPdu::new(
            asked.context.context_engine_id.clone(),
            asked.context.context_name.clone(),
            response.into_raw(),
        );
        self.seal(asked.message, &scoped, engine)
    }

    /// Returns the datagram of a trap, encrypted and signed; the engine of who sends one is the authority.
    #[must_use]
    pub fn trap(&self, message: i32, trap: NotificationPdu, engine: &Engine) -> Option<Vec<u8>> {
        let scoped = ScopedPdu::new(engine.id.to_vec(), Vec::new(), trap.into_raw());
        self.seal(message, &scoped, engine)
    }

    fn seal(&self, message: i32, scoped: &ScopedPdu, engine: &Engine) -> Option<Vec<u8>> {
        let plain = scoped.encode_to_bytes().ok()?;
        let (secret, salt) = engine
            .privacy
            .encrypt_aes(&plain, engine.boots, engine.time, &self.salt)
            .ok()?;
        let usm = engine
            .parameters(self.name.as_bytes().to_vec())?
            .with_auth_placeholder(engine.auth.mac_len())
            .ok()?
            .with_priv_params(salt)
            .ok()?;
        let global = header(message, SecurityLevel::AuthPriv)?;
        let usm = usm.encode().ok()?;
        let message = V3Message::new_with_opaque_encrypted_scoped_pdu(global, usm, secret).ok()?;
        engine.sign(message.encode().ok()?.to_vec())
    }
}

impl Engine {
    fn parameters(&self, user: Vec<u8>) -> Option<UsmSecurityParams> {
        UsmSecurityParams::new(self.id.to_vec(), self.boots, self.time, user).ok()
    }

    fn report(&self, message: i32, user: Vec<u8>, oid: Oid, is_signed: bool) -> Option<Vec<u8>> {
        // How often it happened is nobody's interest here; a report only has to name the reason.
        let told = vec![VarBind::new(oid, Value::Counter32(1))];
        let pdu = ResponsePdu::report(0, told).ok()?.into_raw();
        let scoped = ScopedPdu::new(self.id.to_vec(), Vec::new(), pdu);
        let usm = self.parameters(user)?;
        if is_signed {
            let usm = usm.with_auth_placeholder(self.auth.mac_len()).ok()?;
            let global = header(message, SecurityLevel::AuthNoPriv)?;
            let message = V3Message::new(global, usm.encode().ok()?, scoped).ok()?;
            self.sign(message.encode().ok()?.to_vec())
        } else {
            let global = header(message, SecurityLevel::NoAuthNoPriv)?;
            let message = V3Message::new(global, usm.encode().ok()?, scoped).ok()?;
            Some(message.encode().ok()?.to_vec())
        }
    }

    fn sign(&self, mut message: Vec<u8>) -> Option<Vec<u8>> {
        let (at, length) = UsmSecurityParams::find_auth_params_offset(&message)?;
        let digest = self.auth.compute_hmac(&message).ok()?;
        message
            .get_mut(at..at + length)
            .filter(|place| place.len() == digest.len())?
            .copy_from_slice(&digest);
        Some(message)
    }

    /// Checks a message's digest, which is computed with zeros in its own place (RFC 3414, 6.3.2).
    fn has_signed(&self, message: &[u8]) -> bool {
        let Some((at, length)) = UsmSecurityParams::find_auth_params_offset(message) else {
            return false;
        };
        let mut blank = message.to_vec();
        let Some(place) = blank.get_mut(at..at + length) else {
            return false;
        };
        place.fill(0);
        message
            .get(at..at + length)
            .is_some_and(|digest| self.auth.verify_hmac(&blank, digest).unwrap_or(false))
    }
}

fn header(message: i32, level: SecurityLevel) -> Option<MsgGlobalData> {
    let size = MessageSize::new(LARGEST).ok()?;
    MsgGlobalData::new(message, size, MsgFlags::new(level, false)).ok()
}

/// Returns whether the lab makes a credential one of version 3: where its name says so.
#[must_use]
pub fn speaks(credential: &CredentialName) -> bool {
    credential.as_str().contains("v3")
}

/// Returns a node's engine identifier: RFC 3411's form for octets, under the number of RFC 5612.
fn engine_id(node: &NodeId) -> [u8; 13] {
    let hash = node
        .as_str()
        .bytes()
        .fold(mix(0), |hash, byte| mix(hash ^ u64::from(byte)));
    let mut id = [0x80, 0x00, 0x7E, 0xD9, 5, 0, 0, 0, 0, 0, 0, 0, 0];
    id[5..].copy_from_slice(&hash.to_be_bytes());
    id
}
