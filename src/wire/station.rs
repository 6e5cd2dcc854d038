//! Whom a device has learnt to be behind its ports: from ARP and neighbour discovery as a router (IP-MIB: the older
//! ipNetToMediaTable and ipNetToPhysicalTable, RFC 4293), from frames as a bridge (BRIDGE-MIB, RFC 4188, and
//! Q-BRIDGE-MIB, RFC 4363).
//!
//! It is no neighbour: a whole town may stand behind one port. But where nobody speaks LLDP, that the address of a
//! link's far end is known on the port that the link is declared on is all that there is to see of it.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use snmp::{Oid, Value, VarBind};

use crate::model::device::Station;
use crate::wire::address::indexed;
use crate::wire::port::{BRIDGE_PORT, Ports, cell, ip, octets};

/// ipNetToMediaEntry, by ifIndex and address.
pub(crate) const OLD: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 22, 1];
/// Its columns that a poll reads: the physical address, and how it came to be known.
pub(crate) const OLD_COLUMNS: &[u32] = &[2, 4];
/// ipNetToPhysicalEntry, by ifIndex, kind, length and address.
pub(crate) const NEW: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 35, 1];
/// The same of it.
pub(crate) const NEW_COLUMNS: &[u32] = &[4, 6];
/// dot1dTpFdbEntry, by the physical address.
pub(crate) const BRIDGE: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 4, 3, 1];
/// dot1qTpFdbEntry, by filtering database and physical address.
pub(crate) const VLAN: &[u32] = &[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1];
/// Columns of both that a poll reads: the bridge's port, and how it came to be known.
pub(crate) const BRIDGE_COLUMNS: &[u32] = &[2, 3];

/// ipNetToMediaType and ipNetToPhysicalType: the entry does not hold.
const INVALID: u32 = 2;
/// ipNetToPhysicalType: an address of the device itself.
const LOCAL: u32 = 5;
/// dot1dTpFdbStatus: the entry holds and was learnt from a frame.
const LEARNED: u32 = 3;

/// What a column of either table of addresses says.
enum Cell {
    Mac,
    Kind,
}

/// What is known of one row.
#[derive(Clone, Copy, Debug, Default)]
struct Row {
    mac: Option<[u8; 6]>,
    port: Option<u32>,
    kind: Option<u32>,
}

/// Reads them out of any varbinds, in any order; by ifIndex, then by physical address, each once.
pub(crate) fn stations(varbinds: &[VarBind], ports: &Ports<'_>) -> Vec<Station> {
    let mut resolved = BTreeMap::<(u32, IpAddr), Row>::new();
    let mut bridged = BTreeMap::<&[u32], Row>::new();
    for varbind in varbinds {
        let old = cell(varbind, OLD).and_then(|(column, index, value)| {
            let (port, address) = index.split_first()?;
            let cell = match column {
                2 => Cell::Mac,
                4 => Cell::Kind,
                _ => return None,
            };
            Some((cell, *port, octets(address).as_deref().and_then(ip)?, value))
        });
        let new = || {
            cell(varbind, NEW).and_then(|(column, index, value)| {
                let (port, address) = index.split_first()?;
                let cell = match column {
                    4 => Cell::Mac,
                    6 => Cell::Kind,
                    _ => return None,
                };
                Some((cell, *port, indexed(address)?, value))
            })
        };
        let bridge = || cell(varbind, BRIDGE).or_else(|| cell(varbind, VLAN));
        if let Some((cell, port, address, value)) = old.or_else(new) {
            let row = resolved.entry((port, address)).or_default();
            match cell {
                Cell::Mac => row.mac = mac(value).or(row.mac),
                Cell::Kind => row.kind = value.as_u32().or(row.kind),
            }
        } else if let Some((column, index, value)) = bridge() {
            let row = bridged.entry(index).or_default();
            match column {
                2 => row.port = value.as_u32(),
                3 => row.kind = value.as_u32(),
                _ => {}
            }
        }
    }
    let resolved = resolved
        .into_iter()
        .filter(|(_, row)| !matches!(row.kind, Some(INVALID | LOCAL)))
        .filter_map(|((index, address), row)| {
            Some(Station {
                index,
                mac: row.mac?,
                address: Some(address),
            })
        });
    let bridged = bridged.into_iter().filter_map(|(index, row)| {
        // The physical address is the end of the index, behind the database where there are several.
        let mac = octets(index.get(index.len().checked_sub(6)?..)?)?;
        let is_learnt = row.kind.is_none_or(|kind| kind == LEARNED);
        Some(Station {
            index: ports.of_bridge(row.port?).filter(|_| is_learnt)?.index,
            mac: mac.try_into().ok()?,
            address: None,
        })
    });
    let all: BTreeSet<Station> = resolved.chain(bridged).collect();
    all.into_iter().collect()
}

/// Reads a physical address; nobody has one of zeros only.
fn mac(value: &Value) -> Option<[u8; 6]> {
    let mac: [u8; 6] = value.as_bytes()?.try_into().ok()?;
    (mac != [0; 6]).then_some(mac)
}

/// Writes them as a device's agent serves them, in any order; a bridge's ports are numbered as its interfaces are.
pub(crate) fn encode(stations: &[Station], put: &mut impl FnMut(Oid, Value)) {
    for station in stations {
        let index = Value::Integer(i32::try_from(station.index).unwrap_or(i32::MAX));
        let mac = || Value::OctetString(station.mac.to_vec().into());
        let at = |entry: &[u32], column: u32, row: &[u32]| {
            Oid::new(
                entry
                    .iter()
                    .copied()
                    .chain([column])
                    .chain(row.iter().copied()),
            )
        };
        let arcs = |octets: &[u8]| {
            octets
                .iter()
                .map(|octet| u32::from(*octet))
                .collect::<Vec<_>>()
        };
        match station.address {
            Some(IpAddr::V4(address)) => {
                let row = [vec![station.index], arcs(&address.octets())].concat();
                put(at(OLD, 1, &row), index);
                put(at(OLD, 2, &row), mac());
                put(at(OLD, 3, &row), Value::from(address));
                put(at(OLD, 4, &row), Value::Integer(3));
            }
            Some(IpAddr::V6(address)) => {
                let row = [vec![station.index, 2, 16], arcs(&address.octets())].concat();
                put(at(NEW, 4, &row), mac());
                put(at(NEW, 6, &row), Value::Integer(3));
            }
            None => {
                let row = arcs(&station.mac);
                put(at(BRIDGE, 1, &row), mac());
                put(at(BRIDGE, 2, &row), index.clone());
                put(at(BRIDGE, 3, &row), Value::Integer(3));
                put(Oid::from_slice(BRIDGE_PORT).child(station.index), index);
            }
        }
    }
}
