//! Identifiers of boxes and ports as LLDP and CDP write them, and how they meet the interfaces of IF-MIB.
//!
//! The same number means ifIndex at one maker, a bridge port at another, and nothing at a third; the same
//! identifier may be a MAC address in six octets or in its letters. So a port is looked for by what is least
//! ambiguous first, and what two interfaces share names neither.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use snmp::{Value, VarBind};

use crate::model::device::{Interface, port_key};
use crate::model::text::{DeviceText, is_unsafe};

/// dot1dBasePortIfIndex (BRIDGE-MIB, RFC 4188): a bridge's own port numbers and their ifIndex.
pub(crate) const BRIDGE_PORT: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2];

/// In which form an identifier comes; its subtype says so.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Six octets of a MAC address.
    Mac,
    /// An address family number (RFC 3232) and an address.
    Network,
    /// Anything else: text, as a rule.
    Text,
}

/// Returns a cell's column and index below a table's entry; `None` for other tables and for empty cells.
pub(crate) fn cell<'a>(varbind: &'a VarBind, entry: &[u32]) -> Option<(u32, &'a [u32], &'a Value)> {
    let rest = varbind.oid.arcs().strip_prefix(entry)?;
    let (column, index) = rest.split_first()?;
    let is_said = !varbind.value.is_exception() && varbind.value != Value::Null;
    (is_said && !index.is_empty()).then_some((*column, index, &varbind.value))
}

/// Returns a value's octets as cleaned text; empty where it has none.
pub(crate) fn words(value: &Value) -> DeviceText {
    value.as_bytes().map(DeviceText::clean).unwrap_or_default()
}

/// Returns an identifier as it is shown; octets that are no text are written in hexadecimal.
pub(crate) fn identifier(form: Form, bytes: &[u8]) -> DeviceText {
    let address = match (form, bytes.split_first()) {
        (Form::Network, Some((_, address))) => ip(address),
        _ => None,
    };
    if let Some(address) = address {
        return DeviceText::clean(address.to_string().as_bytes());
    }
    // Agents end names with a NUL now and then.
    let bytes = match bytes.split_last() {
        Some((0, front)) if form == Form::Text => front,
        _ => bytes,
    };
    let is_text = std::str::from_utf8(bytes).is_ok_and(|text| !text.contains(is_unsafe));
    if is_text && !(form == Form::Mac && bytes.len() == 6) {
        DeviceText::clean(bytes)
    } else {
        DeviceText::clean(hexadecimal(bytes).as_bytes())
    }
}

/// Writes octets as a MAC address is written; what a text has no room for is left out.
pub(crate) fn hexadecimal(bytes: &[u8]) -> String {
    let mut text = String::new();
    for (at, byte) in bytes.iter().take(64).enumerate() {
        let colon = if at > 0 { ":" } else { "" };
        // Writing to a String cannot fail.
        let _ = write!(text, "{colon}{byte:02x}");
    }
    text
}

/// Reads six octets as they are written with colons.
pub(crate) fn mac(text: &str) -> Option<[u8; 6]> {
    let mut octets = [0; 6];
    let mut parts = text.split(':');
    for octet in &mut octets {
        let part = parts.next().filter(|part| part.len() == 2)?;
        *octet = u8::from_str_radix(part, 16).ok()?;
    }
    parts.next().is_none().then_some(octets)
}

/// Reads an address of 4 or 16 octets.
pub(crate) fn ip(bytes: &[u8]) -> Option<IpAddr> {
    <[u8; 4]>::try_from(bytes)
        .map(IpAddr::from)
        .or_else(|_| <[u8; 16]>::try_from(bytes).map(IpAddr::from))
        .ok()
}

/// Reads octets that stand in an identifier, one an arc.
pub(crate) fn octets(arcs: &[u32]) -> Option<Vec<u8>> {
    arcs.iter().map(|arc| u8::try_from(*arc).ok()).collect()
}

/// A device's ports, to be found by whatever an agent calls them.
pub(crate) struct Ports<'a> {
    by_index: BTreeMap<u32, &'a Interface>,
    /// `None` where two interfaces share it.
    by_name: BTreeMap<String, Option<u32>>,
    by_mac: BTreeMap<[u8; 6], Option<u32>>,
    bridge: BTreeMap<u32, u32>,
}

impl<'a> Ports<'a> {
    pub(crate) fn new(interfaces: &'a [Interface], varbinds: &[VarBind]) -> Self {
        let mut ports = Self {
            by_index: BTreeMap::new(),
            by_name: BTreeMap::new(),
            by_mac: BTreeMap::new(),
            bridge: BTreeMap::new(),
        };
        for port in interfaces {
            ports.by_index.insert(port.index, port);
            let mut keys = vec![port_key(port.name.as_str()), port_key(port.descr.as_str())];
            keys.dedup();
            for key in keys.into_iter().filter(|key| !key.is_empty()) {
                only(&mut ports.by_name, key, port.index);
            }
            if let Some(mac) = port.mac {
                only(&mut ports.by_mac, mac, port.index);
            }
        }
        for varbind in varbinds {
            let number = varbind.oid.arcs().strip_prefix(BRIDGE_PORT);
            if let (Some([number]), Some(index)) = (number, varbind.value.as_u32()) {
                ports.bridge.insert(*number, index);
            }
        }
        ports
    }

    pub(crate) fn index(&self, index: u32) -> Option<&'a Interface> {
        self.by_index.get(&index).copied()
    }

    pub(crate) fn named(&self, name: &str) -> Option<&'a Interface> {
        self.index((*self.by_name.get(&port_key(name))?)?)
    }

    pub(crate) fn with_mac(&self, bytes: &[u8]) -> Option<&'a Interface> {
        let mac: [u8; 6] = bytes.try_into().ok()?;
        self.index((*self.by_mac.get(&mac)?)?)
    }

    pub(crate) fn of_bridge(&self, number: u32) -> Option<&'a Interface> {
        self.index(*self.bridge.get(&number)?)
    }
}

fn only<K: Ord>(known: &mut BTreeMap<K, Option<u32>>, key: K, index: u32) {
    known
        .entry(key)
        .and_modify(|other| {
            if *other != Some(index) {
                *other = None;
            }
        })
        .or_insert(Some(index));
}
