//! IP-MIB: the addresses of a device's interfaces, from ipAddressTable (RFC 4293) and the older ipAddrTable.
//!
//! Hops of a trace and ICMP errors come from these. Both tables keep the address in the index; many agents serve
//! only the old one, which knows no IPv6.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use snmp::{Oid, Value, VarBind};

use crate::model::device::PortAddress;
use crate::wire::port::{cell, ip, octets};

/// ipAddrEntry, by the address.
pub(crate) const OLD: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 20, 1];
/// Its columns that a poll reads: ifIndex and net mask.
pub(crate) const OLD_COLUMNS: &[u32] = &[2, 3];
/// ipAddressEntry, by kind, length and address.
pub(crate) const NEW: &[u32] = &[1, 3, 6, 1, 2, 1, 4, 34, 1];
/// Its columns that a poll reads: ifIndex and the row of its prefix.
pub(crate) const NEW_COLUMNS: &[u32] = &[3, 5];

/// Reads the addresses out of any varbinds, in any order; by ifIndex, then by address, each once.
pub(crate) fn addresses(varbinds: &[VarBind]) -> Vec<PortAddress> {
    let mut found: BTreeMap<IpAddr, (Option<u32>, Option<u8>)> = BTreeMap::new();
    for varbind in varbinds {
        if let Some((column, index, value)) = cell(varbind, OLD) {
            let Some(address) = octets(index).as_deref().and_then(ip) else {
                continue;
            };
            let row = found.entry(address).or_default();
            match column {
                2 => row.0 = value.as_u32(),
                3 => row.1 = value.as_ip().and_then(mask),
                _ => {}
            }
        } else if let Some((column, index, value)) = cell(varbind, NEW) {
            let Some(address) = indexed(index) else {
                continue;
            };
            let row = found.entry(address).or_default();
            match column {
                3 => row.0 = value.as_u32(),
                // The row's index ends with the length of the prefix.
                5 => row.1 = row.1.or(value.as_oid().and_then(prefix)),
                _ => {}
            }
        }
    }
    let mut all: Vec<PortAddress> = found
        .into_iter()
        .filter_map(|(address, (index, prefix))| {
            Some(PortAddress {
                index: index?,
                address,
                prefix,
            })
        })
        .collect();
    all.sort();
    all
}

/// Reads kind, length and address: `ipv4(1)`, `ipv6(2)`, and both with a zone (3, 4), which is left out.
pub(crate) fn indexed(index: &[u32]) -> Option<IpAddr> {
    let (kind, rest) = index.split_first()?;
    let octets = octets(rest)?;
    let address = octets
        .split_first()
        .filter(|(length, address)| usize::from(**length) == address.len())
        .map_or(octets.as_slice(), |(_, address)| address);
    let width = match kind {
        1 | 3 => 4,
        2 | 4 => 16,
        _ => return None,
    };
    ip(address.get(..width)?)
}

fn mask(mask: Ipv4Addr) -> Option<u8> {
    let bits = u32::from(mask);
    let ones = bits.leading_ones();
    (bits.count_ones() == ones).then_some(ones as u8)
}

fn prefix(row: &Oid) -> Option<u8> {
    let length = *row.arcs().last()?;
    // zeroDotZero says that there is none.
    (row.len() > 2 && length <= 128).then_some(length as u8)
}

/// Writes the addresses of a device as its agent serves them, in any order.
pub(crate) fn encode(addresses: &[PortAddress], put: &mut impl FnMut(Oid, Value)) {
    for own in addresses {
        let index = Value::Integer(i32::try_from(own.index).unwrap_or(i32::MAX));
        let (kind, bytes) = match own.address {
            IpAddr::V4(address) => (1, address.octets().to_vec()),
            IpAddr::V6(address) => (2, address.octets().to_vec()),
        };
        let arcs: Vec<u32> = bytes.iter().map(|byte| u32::from(*byte)).collect();
        if let IpAddr::V4(address) = own.address {
            let at =
                |column: u32| Oid::new(OLD.iter().copied().chain([column]).chain(arcs.clone()));
            put(at(1), Value::from(address));
            put(at(2), index.clone());
            if let Some(prefix) = own.prefix {
                let bits = u32::MAX.checked_shl(32 - u32::from(prefix.min(32)));
                put(at(3), Value::from(Ipv4Addr::from(bits.unwrap_or(0))));
            }
        }
        let row: Vec<u32> = [kind, bytes.len() as u32].into_iter().chain(arcs).collect();
        put(Oid::new(NEW.iter().copied().chain([3]).chain(row)), index);
    }
}
