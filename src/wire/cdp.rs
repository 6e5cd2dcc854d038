//! CISCO-CDP-MIB: whom a device hears by Cisco's own protocol.
//!
//! Rows are known by the ifIndex of the local port, so the two tables always meet; what a neighbour is called is
//! its device identifier, often its name with a domain.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use snmp::{Value, VarBind};

use crate::model::device::{Neighbour, Protocol};
use crate::model::text::DeviceText;
use crate::wire::port::{Form, Ports, cell, identifier, ip, words};
use crate::wire::whole::full_duplex;

/// cdpCacheEntry, by ifIndex and a number.
pub(crate) const CACHE: &[u32] = &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1];

/// Columns that a poll reads: address type and address, version, device, port, platform, duplex, name, managed at.
pub(crate) const COLUMNS: &[u32] = &[3, 4, 5, 6, 7, 8, 12, 17, 18, 19];

#[derive(Default)]
struct Row {
    device: DeviceText,
    port: DeviceText,
    platform: DeviceText,
    version: DeviceText,
    name: DeviceText,
    addresses: BTreeSet<IpAddr>,
    full_duplex: Option<bool>,
}

/// Reads the neighbours out of any varbinds, in any order; by ifIndex, then by the agent's own numbers.
pub(crate) fn neighbours(varbinds: &[VarBind], ports: &Ports<'_>) -> Vec<Neighbour> {
    let mut rows: BTreeMap<&[u32], Row> = BTreeMap::new();
    for varbind in varbinds {
        if let Some((column, index, value)) = cell(varbind, CACHE) {
            rows.entry(index).or_default().read(column, value);
        }
    }
    rows.into_iter()
        .map(|(index, row)| row.finish(index.first().copied(), ports))
        .collect()
}

impl Row {
    fn read(&mut self, column: u32, value: &Value) {
        let bytes = value.as_bytes().unwrap_or_default();
        match column {
            // Types of other protocols have other lengths.
            4 | 19 => self.addresses.extend(ip(bytes)),
            5 => self.version = words(value),
            6 => self.device = identifier(Form::Text, bytes),
            7 => self.port = identifier(Form::Text, bytes),
            8 => self.platform = words(value),
            12 => self.full_duplex = full_duplex(value),
            17 => self.name = words(value),
            _ => {}
        }
    }

    fn finish(self, index: Option<u32>, ports: &Ports<'_>) -> Neighbour {
        let port = index.and_then(|index| ports.index(index));
        let number = index.map(|index| index.to_string()).unwrap_or_default();
        Neighbour {
            protocol: Protocol::Cdp,
            local_port: port.map_or_else(
                || DeviceText::clean(number.as_bytes()),
                |port| port.name.clone(),
            ),
            local_index: port.map(|port| port.index),
            system_name: if self.name.is_empty() {
                self.device.clone()
            } else {
                self.name
            },
            chassis_id: self.device,
            port_descr: DeviceText::default(),
            port_id: self.port,
            system_descr: if self.platform.is_empty() {
                self.version
            } else {
                self.platform
            },
            addresses: self.addresses.into_iter().collect(),
            full_duplex: self.full_duplex,
        }
    }
}
