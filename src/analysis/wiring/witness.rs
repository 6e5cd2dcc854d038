//! What one device says: its name and chassis, its ports, whom it hears on them, and what it is made of.
//!
//! Only what the comparison needs, and every text already cleaned. Ports have several spellings (ifName, ifDescr,
//! ifAlias), and protocols mix them freely.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::analysis::finding::By;
use crate::model::device::{PortStatus, port_key};

/// What one device said.
#[derive(Clone, Debug, Default)]
pub struct Witness {
    /// sysName.
    pub name: String,
    /// What stands for the box itself: its chassis id or a MAC address of its own.
    pub chassis: Option<String>,
    /// By which protocols it tells whom it hears: only then does its silence about a neighbour mean something.
    pub tells: BTreeSet<By>,
    /// Whether everything was read; what a partial answer lacks is not missing.
    pub is_whole: bool,
    /// Its ports, by ifIndex.
    pub ports: Vec<Port>,
    /// Whom it hears.
    pub heard: Vec<Heard>,
    /// Whom it has learnt to be behind its ports.
    pub stations: Vec<Station>,
    /// What it is made of: the chassis itself, where it says so.
    pub unit: Option<Unit>,
}

/// Somebody whom a device has learnt to be behind a port.
#[derive(Clone, Copy, Debug)]
pub struct Station {
    /// The place of the port.
    pub port: usize,
    /// Its physical address.
    pub mac: [u8; 6],
    /// Its address, where the device knows it.
    pub address: Option<IpAddr>,
}

/// A port of a device.
#[derive(Clone, Debug, Default)]
pub struct Port {
    /// ifName first, then whatever else it is called.
    pub names: Vec<String>,
    /// ifPhysAddress.
    pub mac: Option<[u8; 6]>,
    /// ifOperStatus.
    pub oper: PortStatus,
    /// Bits a second.
    pub speed: Option<u64>,
    /// Whether it sends and receives at once.
    pub full_duplex: Option<bool>,
}

/// A neighbour as a device heard it.
#[derive(Clone, Debug)]
pub struct Heard {
    /// How.
    pub protocol: By,
    /// On which port, as the device calls it.
    pub local: String,
    /// The neighbour's chassis id, or what CDP has in its place.
    pub chassis: String,
    /// What the neighbour calls itself.
    pub name: String,
    /// Its management addresses.
    pub addresses: Vec<IpAddr>,
    /// The port that it sent from, in every spelling that it gave.
    pub ports: Vec<String>,
    /// Whether that port sends and receives at once.
    pub full_duplex: Option<bool>,
}

/// What a device is made of.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unit {
    /// Its maker.
    pub vendor: String,
    /// Its model.
    pub model: String,
    /// Its serial number.
    pub serial: String,
    /// Its hardware's revision.
    pub hardware: String,
    /// Its firmware's.
    pub firmware: String,
    /// Its software's.
    pub software: String,
}

impl Witness {
    /// Returns the place of a port by any of its spellings; `None` where none bears it, or several do.
    ///
    /// The ports' first names win over all others: an alias may be anything. Of several with one first name the
    /// one that is not down is meant, then the last: agents keep rows of interfaces that were taken away, and a new
    /// one has the higher index.
    #[must_use]
    pub fn port(&self, spelling: &str) -> Option<usize> {
        if spelling.is_empty() {
            return None;
        }
        let key = port_key(spelling);
        let named = |port: &Port| port.names.first().is_some_and(|name| port_key(name) == key);
        let alive = |port: &Port| named(port) && port.oper != PortStatus::Down;
        let last = |is: &dyn Fn(&Port) -> bool| self.ports.iter().rposition(is);
        let only = |is: &dyn Fn(&Port) -> bool| {
            let mut found = (0..).zip(&self.ports).filter(|(_, port)| is(port));
            match (found.next(), found.next()) {
                (Some((at, _)), None) => Some(at),
                _ => None,
            }
        };
        last(&alive)
            .or_else(|| last(&named))
            .or_else(|| only(&|port| port.names.iter().any(|name| port_key(name) == key)))
            .or_else(|| only(&|port| port.mac.is_some_and(|mac| written(mac) == key)))
    }
}

/// Returns a MAC address as it is compared: lower case, colons.
#[must_use]
pub fn written(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// Returns a chassis id as it is compared: MAC addresses with colons, all in lower case.
#[must_use]
pub fn chassis_key(id: &str) -> String {
    let lower = id.trim().to_lowercase();
    let digits: String = lower
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | '.' | ' '))
        .collect();
    let is_mac = digits.len() == 12
        && digits.len() < lower.len()
        && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !is_mac {
        return lower;
    }
    let pairs: Vec<&str> = (0..6).map(|at| &digits[2 * at..2 * at + 2]).collect();
    pairs.join(":")
}
