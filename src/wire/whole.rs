//! A device whole: which columns a poll by hand reads, and what they say together.
//!
//! The tables meet here, because a neighbour is heard on a port that only IF-MIB names. Whatever is missing is
//! left out; nothing in it can make another table unreadable.

use std::collections::BTreeMap;
use std::time::Duration;

use snmp::{Oid, Value, VarBind};

use crate::model::device::{Device, Engine, Interface};
use crate::wire::mib::{self, Object};
use crate::wire::port::{BRIDGE_PORT, Ports};
use crate::wire::{address, cdp, entity, lldp, station};

/// snmpEngineBoots.0 and snmpEngineTime.0 (RFC 3411).
const ENGINE: [&[u32]; 2] = [
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 2, 0],
    &[1, 3, 6, 1, 6, 3, 10, 2, 1, 3, 0],
];

/// dot3StatsDuplexStatus (EtherLike-MIB, RFC 3635), by ifIndex.
const DUPLEX: &[u32] = &[1, 3, 6, 1, 2, 1, 10, 7, 2, 1, 19];

/// One object of a walk, for people and programs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    /// Its identifier, dotted.
    pub oid: String,
    /// Its type, as the library names it: `integer`, `octet_string`, `counter64` ...
    pub kind: &'static str,
    /// Its value: text where the octets are text, else hexadecimal; not cleaned.
    pub value: String,
    /// Whether the value is octets in hexadecimal.
    pub is_hexadecimal: bool,
}

impl Row {
    /// Returns a varbind's row.
    #[must_use]
    pub fn of(varbind: &VarBind) -> Self {
        let value = &varbind.value;
        let mut is_hexadecimal = false;
        let text = match value {
            Value::ObjectIdentifier(oid) => oid.to_string(),
            Value::Integer(number) => number.to_string(),
            Value::IpAddress(octets) => std::net::Ipv4Addr::from(*octets).to_string(),
            _ => match (value.as_u64(), value.as_bytes()) {
                (Some(number), _) => number.to_string(),
                (None, Some(bytes)) => {
                    // Texts of devices go over several lines as often as not.
                    let is_text = |text: &&str| {
                        !text
                            .chars()
                            .any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t'))
                    };
                    let text = std::str::from_utf8(bytes).ok().filter(is_text);
                    is_hexadecimal = text.is_none();
                    text.map_or_else(|| hexadecimal(bytes), str::to_owned)
                }
                (None, None) => String::new(),
            },
        };
        Self {
            oid: varbind.oid.to_string(),
            kind: value.kind().as_str(),
            value: text,
            is_hexadecimal,
        }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    let octets: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    octets.join(" ")
}

/// A group of columns that are read together, row by row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Group {
    /// ifTable and ifXTable.
    Interfaces,
    /// ipAddrTable.
    Addresses,
    /// ipAddressTable.
    NewAddresses,
    /// dot1dBasePortTable.
    Bridge,
    /// entPhysicalTable.
    Inventory,
    /// lldpLocalSystemData: its own chassis id, and lldpLocPortTable.
    LldpPorts,
    /// lldpRemTable.
    Lldp,
    /// lldpRemManAddrTable.
    LldpAddresses,
    /// cdpCacheTable.
    Cdp,
    /// dot3StatsDuplexStatus of dot3StatsTable.
    Duplex,
    /// ipNetToMediaTable.
    Arp,
    /// ipNetToPhysicalTable.
    NewArp,
    /// dot1dTpFdbTable.
    Learned,
    /// dot1qTpFdbTable.
    LearnedByVlan,
}

impl Group {
    /// Every group, in the order in which a poll reads them: what matters most first.
    pub const ALL: &[Self] = &[
        Self::Interfaces,
        Self::Lldp,
        Self::Cdp,
        Self::LldpPorts,
        Self::LldpAddresses,
        Self::Addresses,
        Self::NewAddresses,
        Self::Bridge,
        Self::Duplex,
        Self::Inventory,
        // The longest by far: a bridge may know a hundred thousand stations.
        Self::Arp,
        Self::NewArp,
        Self::Learned,
        Self::LearnedByVlan,
    ];

    /// Returns the table's name in its MIB.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Interfaces => "ifTable",
            Self::Addresses => "ipAddrTable",
            Self::NewAddresses => "ipAddressTable",
            Self::Bridge => "dot1dBasePortTable",
            Self::Inventory => "entPhysicalTable",
            Self::LldpPorts => "lldpLocPortTable",
            Self::Lldp => "lldpRemTable",
            Self::LldpAddresses => "lldpRemManAddrTable",
            Self::Cdp => "cdpCacheTable",
            Self::Duplex => "dot3StatsTable",
            Self::Arp => "ipNetToMediaTable",
            Self::NewArp => "ipNetToPhysicalTable",
            Self::Learned => "dot1dTpFdbTable",
            Self::LearnedByVlan => "dot1qTpFdbTable",
        }
    }

    /// Returns its columns, ascending.
    #[must_use]
    pub fn columns(self) -> Vec<Oid> {
        let of = |entry: &[u32], columns: &[u32]| {
            let entry = Oid::from_slice(entry);
            columns.iter().map(|column| entry.child(*column)).collect()
        };
        match self {
            Self::Interfaces => Object::COLUMNS.iter().map(|column| column.oid()).collect(),
            Self::Addresses => of(address::OLD, address::OLD_COLUMNS),
            Self::NewAddresses => of(address::NEW, address::NEW_COLUMNS),
            Self::Bridge => vec![Oid::from_slice(BRIDGE_PORT)],
            Self::Inventory => of(entity::PHYSICAL, entity::COLUMNS),
            Self::LldpPorts => {
                // The two objects of the chassis end after one row, and cost no question of their own.
                let mut columns = of(lldp::LOCAL, lldp::LOCAL_CHASSIS);
                columns.extend(of(lldp::LOCAL_PORT, lldp::LOCAL_COLUMNS));
                columns
            }
            Self::Lldp => of(lldp::REMOTE, lldp::REMOTE_COLUMNS),
            Self::LldpAddresses => of(lldp::MANAGEMENT, lldp::MANAGEMENT_COLUMNS),
            Self::Cdp => of(cdp::CACHE, cdp::COLUMNS),
            Self::Duplex => vec![Oid::from_slice(DUPLEX)],
            Self::Arp => of(station::OLD, station::OLD_COLUMNS),
            Self::NewArp => of(station::NEW, station::NEW_COLUMNS),
            Self::Learned => of(station::BRIDGE, station::BRIDGE_COLUMNS),
            Self::LearnedByVlan => of(station::VLAN, station::BRIDGE_COLUMNS),
        }
    }
}

/// Returns the single objects that say when the engine started, which agents without version 3 do not have.
#[must_use]
pub fn engine_objects() -> Vec<Oid> {
    ENGINE.iter().map(|arcs| Oid::from_slice(arcs)).collect()
}

/// Reads a device out of any varbinds, in any order; whether a table was read to its end only the reader knows.
#[must_use]
pub fn device(varbinds: &[VarBind]) -> Device {
    let mut interfaces = mib::interfaces(varbinds);
    read_duplex(&mut interfaces, varbinds);
    let ports = Ports::new(&interfaces, varbinds);
    let mut neighbours = lldp::neighbours(varbinds, &ports);
    neighbours.extend(cdp::neighbours(varbinds, &ports));
    let stations = station::stations(varbinds, &ports);
    Device {
        system: mib::system(varbinds),
        chassis_id: lldp::own_chassis(varbinds),
        neighbours,
        neighbours_read: false,
        inventory: entity::inventory(varbinds),
        addresses: address::addresses(varbinds),
        stations,
        engine: engine(varbinds),
        interfaces,
    }
}

/// Adds to interfaces whether they send and receive at once; a row of a port that IF-MIB does not know is left out.
fn read_duplex(interfaces: &mut [Interface], varbinds: &[VarBind]) {
    let said = varbinds.iter().filter_map(|varbind| {
        let [index] = varbind.oid.arcs().strip_prefix(DUPLEX)? else {
            return None;
        };
        Some((*index, full_duplex(&varbind.value)?))
    });
    let said: BTreeMap<u32, bool> = said.collect();
    for port in interfaces {
        port.full_duplex = said.get(&port.index).copied();
    }
}

/// Returns what a value of dot3StatsDuplexStatus or cdpCacheDuplex says: 2 is half, 3 is full, 1 nobody knows.
pub(crate) fn full_duplex(value: &Value) -> Option<bool> {
    match value.as_u32()? {
        2 => Some(false),
        3 => Some(true),
        _ => None,
    }
}

fn engine(varbinds: &[VarBind]) -> Option<Engine> {
    let [boots, time] = ENGINE.map(|arcs| {
        varbinds
            .iter()
            .find(|varbind| varbind.oid.arcs() == arcs)
            .and_then(|varbind| varbind.value.as_u32())
    });
    Some(Engine {
        boots: boots?,
        time: Duration::from_secs(u64::from(time?)),
    })
}

/// Writes a device as its agent serves it, ascending by identifier: what `mib::encode` writes, and the rest.
#[must_use]
pub fn encode(device: &Device) -> Vec<VarBind> {
    let mut all: BTreeMap<Oid, Value> = mib::encode(device)
        .into_iter()
        .map(|varbind| (varbind.oid, varbind.value))
        .collect();
    let mut put = |oid: Oid, value: Value| {
        all.insert(oid, value);
    };
    for port in &device.interfaces {
        if let Some(full) = port.full_duplex {
            let status = Value::Integer(if full { 3 } else { 2 });
            put(Oid::from_slice(DUPLEX).child(port.index), status);
        }
    }
    lldp::encode(device, &mut put);
    entity::encode(&device.inventory, &mut put);
    address::encode(&device.addresses, &mut put);
    station::encode(&device.stations, &mut put);
    if let Some(engine) = device.engine {
        let [boots, time] = ENGINE.map(Oid::from_slice);
        let number = |number: u64| Value::Integer(i32::try_from(number).unwrap_or(i32::MAX));
        put(boots, number(u64::from(engine.boots)));
        put(time, number(engine.time.as_secs()));
    }
    all.into_iter()
        .map(|(oid, value)| VarBind::new(oid, value))
        .collect()
}
