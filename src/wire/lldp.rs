//! LLDP-MIB (IEEE 802.1AB-2005): whom a device hears, read from its agent and written for the lab's.
//!
//! The hard part is the local port. lldpRemTable knows it by lldpLocPortNum, which is ifIndex at one maker, the
//! bridge port at another and a number of its own at a third; lldpLocPortTable says what it is called, in one of
//! seven forms. Where nothing fits, the agent's own words stand, and no interface is claimed.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use snmp::{Oid, Value};

use crate::model::device::{Device, Neighbour, Protocol};
use crate::model::text::DeviceText;
use crate::wire::port::{Form, Ports, cell, hexadecimal, identifier, ip, mac, octets, words};

use snmp::VarBind;

/// lldpLocalSystemData.
pub(crate) const LOCAL: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3];
/// lldpLocPortEntry, by lldpLocPortNum.
pub(crate) const LOCAL_PORT: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 3, 7, 1];
/// lldpRemEntry, by time mark, local port and a number.
pub(crate) const REMOTE: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 4, 1, 1];
/// lldpRemManAddrEntry: the same, and the address itself.
pub(crate) const MANAGEMENT: &[u32] = &[1, 0, 8802, 1, 1, 2, 1, 4, 2, 1];

/// Of lldpLocalSystemData the subtype and the id of the own chassis, each one object.
pub(crate) const LOCAL_CHASSIS: &[u32] = &[1, 2];
/// Columns of lldpLocPortEntry that a poll reads: subtype, identifier, description.
pub(crate) const LOCAL_COLUMNS: &[u32] = &[2, 3, 4];
/// Columns of lldpRemEntry that a poll reads.
pub(crate) const REMOTE_COLUMNS: &[u32] = &[4, 5, 6, 7, 8, 9, 10];
/// Of lldpRemManAddrEntry one is enough, because the address stands in the index. Some agents leave out the first.
pub(crate) const MANAGEMENT_COLUMNS: &[u32] = &[3, 4];

/// `LldpChassisIdSubtype` and `LldpPortIdSubtype` differ in their first numbers only.
const INTERFACE_NAME: u32 = 5;
const CHASSIS_MAC: u32 = 4;
const PORT_MAC: u32 = 3;
const LOCALLY_ASSIGNED: u32 = 7;

#[derive(Default)]
struct Remote<'a> {
    chassis_form: u32,
    chassis: &'a [u8],
    port_form: u32,
    port: &'a [u8],
    port_descr: DeviceText,
    system_name: DeviceText,
    system_descr: DeviceText,
    addresses: BTreeSet<IpAddr>,
}

#[derive(Default)]
struct Local<'a> {
    form: u32,
    id: &'a [u8],
    descr: DeviceText,
}

/// Reads the remote systems out of any varbinds, in any order; by local port, then by the agent's own numbers.
pub(crate) fn neighbours(varbinds: &[VarBind], ports: &Ports<'_>) -> Vec<Neighbour> {
    let mut remotes: BTreeMap<&[u32], Remote> = BTreeMap::new();
    let mut locals: BTreeMap<u32, Local> = BTreeMap::new();
    for varbind in varbinds {
        if let Some((column, index, value)) = cell(varbind, REMOTE) {
            remotes.entry(index).or_default().read(column, value);
        } else if let Some((column, &[number], value)) = cell(varbind, LOCAL_PORT) {
            locals.entry(number).or_default().read(column, value);
        }
    }
    for varbind in varbinds {
        let Some((_, index, _)) = cell(varbind, MANAGEMENT) else {
            continue;
        };
        let Some((row, address)) = index.split_at_checked(3) else {
            continue;
        };
        if let (Some(remote), Some(address)) = (remotes.get_mut(row), management(address)) {
            remote.addresses.insert(address);
        }
    }
    let mut found: Vec<(Option<u32>, &[u32], Neighbour)> = remotes
        .into_iter()
        .map(|(index, remote)| {
            // Time mark, local port, number; some agents leave out what comes before the number.
            let number = match index {
                [_, port, _] | [port, _] => Some(*port),
                _ => None,
            };
            let neighbour = remote.finish(number, &locals, ports);
            (neighbour.local_index.or(number), index, neighbour)
        })
        .collect();
    found.sort_by(|one, other| (one.0, one.1).cmp(&(other.0, other.1)));
    found
        .into_iter()
        .map(|(_, _, neighbour)| neighbour)
        .collect()
}

/// Reads which box the device says it is; empty where it does not say.
pub(crate) fn own_chassis(varbinds: &[VarBind]) -> DeviceText {
    let own = |column: u32| {
        varbinds
            .iter()
            .find_map(|varbind| match cell(varbind, LOCAL)? {
                (found, &[0], value) if found == column => Some(value),
                _ => None,
            })
    };
    let form = own(1).and_then(Value::as_u32).unwrap_or_default();
    let id = own(2).and_then(Value::as_bytes).unwrap_or_default();
    chassis(form, id)
}

fn chassis(form: u32, id: &[u8]) -> DeviceText {
    let form = match form {
        CHASSIS_MAC => Form::Mac,
        5 => Form::Network,
        _ => Form::Text,
    };
    identifier(form, id)
}

impl<'a> Remote<'a> {
    fn read(&mut self, column: u32, value: &'a Value) {
        let bytes = value.as_bytes().unwrap_or_default();
        match column {
            4 => self.chassis_form = value.as_u32().unwrap_or_default(),
            5 => self.chassis = bytes,
            6 => self.port_form = value.as_u32().unwrap_or_default(),
            7 => self.port = bytes,
            8 => self.port_descr = words(value),
            9 => self.system_name = words(value),
            10 => self.system_descr = words(value),
            _ => {}
        }
    }

    fn finish(
        self,
        number: Option<u32>,
        locals: &BTreeMap<u32, Local<'_>>,
        ports: &Ports<'_>,
    ) -> Neighbour {
        let local = number.and_then(|number| locals.get(&number));
        let port = number.and_then(|number| match local {
            Some(local) => local.port(number, ports),
            None => ports.of_bridge(number).or_else(|| ports.index(number)),
        });
        let local_port = match (port, local, number) {
            (Some(port), _, _) => port.name.clone(),
            (None, Some(local), _) if !local.id.is_empty() => {
                identifier(port_form(local.form), local.id)
            }
            (None, Some(local), _) if !local.descr.is_empty() => local.descr.clone(),
            (None, _, Some(number)) => DeviceText::clean(number.to_string().as_bytes()),
            (None, _, None) => DeviceText::default(),
        };
        Neighbour {
            protocol: Protocol::Lldp,
            local_port,
            local_index: port.map(|port| port.index),
            chassis_id: chassis(self.chassis_form, self.chassis),
            port_id: identifier(port_form(self.port_form), self.port),
            port_descr: self.port_descr,
            system_name: self.system_name,
            system_descr: self.system_descr,
            addresses: self.addresses.into_iter().collect(),
            // The MAC/PHY TLV of 802.3 is no column of LLDP-MIB.
            full_duplex: None,
        }
    }
}

impl<'a> Local<'a> {
    fn read(&mut self, column: u32, value: &'a Value) {
        match column {
            2 => self.form = value.as_u32().unwrap_or_default(),
            3 => self.id = value.as_bytes().unwrap_or_default(),
            4 => self.descr = words(value),
            _ => {}
        }
    }

    /// Returns the interface, by what is least ambiguous first.
    fn port<'p>(
        &self,
        number: u32,
        ports: &Ports<'p>,
    ) -> Option<&'p crate::model::device::Interface> {
        let id = identifier(port_form(self.form), self.id);
        let by_mac = || match self.form {
            PORT_MAC => ports.with_mac(self.id),
            _ => None,
        };
        let by_number = || match self.form {
            LOCALLY_ASSIGNED => ports.index(id.as_str().parse().ok()?),
            _ => None,
        };
        ports
            .named(id.as_str())
            .or_else(by_mac)
            .or_else(|| ports.named(self.descr.as_str()))
            .or_else(by_number)
            .or_else(|| ports.of_bridge(number))
            .or_else(|| ports.index(number))
    }
}

fn port_form(subtype: u32) -> Form {
    match subtype {
        PORT_MAC => Form::Mac,
        4 => Form::Network,
        _ => Form::Text,
    }
}

/// Reads subtype, length and address from an index; some agents leave out the length.
fn management(arcs: &[u32]) -> Option<IpAddr> {
    let (subtype, rest) = arcs.split_first()?;
    if !matches!(subtype, 1 | 2) {
        return None;
    }
    let bytes = octets(rest)?;
    let counted = bytes
        .split_first()
        .filter(|(length, address)| usize::from(**length) == address.len())
        .and_then(|(_, address)| ip(address));
    counted.or_else(|| ip(&bytes))
}

/// Writes the local ports and remote systems of a device as its agent serves them, in any order.
///
/// Local port numbers are ifIndex. A neighbour without an interface is not served: it was heard nowhere.
pub(crate) fn encode(device: &Device, put: &mut impl FnMut(Oid, Value)) {
    let at = |entry: &[u32], column: u32, index: &[u32]| {
        Oid::new(
            entry
                .iter()
                .copied()
                .chain([column])
                .chain(index.iter().copied()),
        )
    };
    let heard: Vec<&Neighbour> = device
        .neighbours
        .iter()
        .filter(|neighbour| neighbour.protocol == Protocol::Lldp)
        .collect();
    if !device.chassis_id.is_empty() {
        let (form, id) = written(&device.chassis_id, CHASSIS_MAC, LOCALLY_ASSIGNED);
        put(at(LOCAL, 1, &[0]), form);
        put(at(LOCAL, 2, &[0]), id);
    }
    if heard.is_empty() {
        return;
    }
    put(at(LOCAL, 3, &[0]), Value::from(device.system.name.as_str()));
    for port in &device.interfaces {
        let index = [port.index];
        put(
            at(LOCAL_PORT, 2, &index),
            Value::Integer(INTERFACE_NAME.cast_signed()),
        );
        put(at(LOCAL_PORT, 3, &index), Value::from(port.name.as_str()));
        put(at(LOCAL_PORT, 4, &index), Value::from(port.alias.as_str()));
    }
    for (number, neighbour) in heard.into_iter().enumerate() {
        let Some(port) = neighbour.local_index else {
            continue;
        };
        // No time mark: nothing of a neighbour changes while it is heard.
        let index = [0, port, number as u32 + 1];
        let (form, chassis) = written(&neighbour.chassis_id, CHASSIS_MAC, LOCALLY_ASSIGNED);
        put(at(REMOTE, 4, &index), form);
        put(at(REMOTE, 5, &index), chassis);
        let (form, port) = written(&neighbour.port_id, PORT_MAC, INTERFACE_NAME);
        put(at(REMOTE, 6, &index), form);
        put(at(REMOTE, 7, &index), port);
        for (column, text) in [
            (8, &neighbour.port_descr),
            (9, &neighbour.system_name),
            (10, &neighbour.system_descr),
        ] {
            put(at(REMOTE, column, &index), Value::from(text.as_str()));
        }
        for address in &neighbour.addresses {
            let (family, bytes) = match address {
                IpAddr::V4(address) => (1, address.octets().to_vec()),
                IpAddr::V6(address) => (2, address.octets().to_vec()),
            };
            let mut index = index.to_vec();
            index.extend([family, bytes.len() as u32]);
            index.extend(bytes.into_iter().map(u32::from));
            // ifIndex (2), and which interface of the neighbour it is: nobody knows.
            put(at(MANAGEMENT, 3, &index), Value::Integer(2));
            put(at(MANAGEMENT, 4, &index), Value::Integer(0));
        }
    }
}

/// Returns an identifier's subtype and octets: a MAC address as such, anything else as text.
fn written(text: &DeviceText, as_mac: u32, as_text: u32) -> (Value, Value) {
    match mac(text.as_str()) {
        Some(octets) if hexadecimal(&octets) == text.as_str() => (
            Value::Integer(as_mac.cast_signed()),
            Value::from(octets.as_slice()),
        ),
        _ => (
            Value::Integer(as_text.cast_signed()),
            Value::from(text.as_str()),
        ),
    }
}
