//! Any octets as an SNMP message of any version, and what a poll or a trap makes of it.
#![no_main]

#[path = "../bound.rs"]
mod bound;

use libfuzzer_sys::fuzz_target;
use snmp::message::{CommunityMessage, CommunityPdu, RawV3Message, V3Message};
use snmp::v3::UsmSecurityParams;
use snmp::{DecodeConfig, Value};
use spanwatch::wire::{mib, trap, whole};

/// A varbind takes seven octets at least and about 130 of memory, and some make a row by themselves.
const EACH: usize = 240;

fuzz_target!(|bytes: &[u8]| bound::within(EACH, bytes.len(), || read(bytes)));

fn read(bytes: &[u8]) {
    let config = DecodeConfig::default();
    let _ = V3Message::decode(bytes.to_vec().into(), config);
    if let Ok(raw) = RawV3Message::decode(bytes.to_vec().into(), config) {
        let _ = UsmSecurityParams::decode(raw.value.security_params().clone(), config);
    }
    let Ok(message) = CommunityMessage::decode(bytes.to_vec().into(), config) else {
        return;
    };
    match message.value.into_community_pdu() {
        CommunityPdu::TrapV1(old) => {
            let _ = old.v2_trap_oid().map(|oid| trap::sign(&oid));
            let _ = trap::port(old.varbinds());
        }
        CommunityPdu::Standard(pdu) => {
            let varbinds = pdu.varbinds();
            for varbind in varbinds {
                if let Value::ObjectIdentifier(oid) = &varbind.value {
                    let _ = trap::sign(oid);
                }
            }
            let _ = trap::port(varbinds);
            let _ = mib::system(varbinds);
            let _ = mib::interfaces(varbinds);
            let _ = whole::device(varbinds);
        }
    }
}
