//! A device as one SNMP poll saw it: what it calls itself and its interfaces.
//!
//! Every text in it is cleaned; every number may be missing, because real agents leave rows out.

use std::time::Duration;

use serde::Serialize;

use crate::model::text::DeviceText;

/// One poll's answer, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// The system group (RFC 3418).
    pub system: System,
    /// The interfaces (RFC 2863), by ifIndex.
    pub interfaces: Vec<Interface>,
}

/// What a device says of itself (`SNMPv2-MIB::system`).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct System {
    /// sysDescr.
    pub descr: DeviceText,
    /// sysObjectID in dotted form; empty when it was not given.
    pub object_id: String,
    /// sysName.
    pub name: DeviceText,
    /// sysLocation.
    pub location: DeviceText,
    /// sysContact.
    pub contact: DeviceText,
    /// sysUpTime, in hundredths of a second on the wire.
    pub uptime: Option<Duration>,
}

/// One row of ifTable and ifXTable (IF-MIB, RFC 2863).
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Interface {
    /// ifIndex: a handle that may move at a reboot; the name is the key.
    pub index: u32,
    /// ifName, or ifDescr where there is none.
    pub name: DeviceText,
    /// ifDescr.
    pub descr: DeviceText,
    /// ifAlias.
    pub alias: DeviceText,
    /// ifType (6 is ethernetCsmacd, 24 softwareLoopback).
    pub kind: u32,
    /// ifPhysAddress.
    pub mac: Option<[u8; 6]>,
    /// Bits a second: ifHighSpeed x 10^6, or ifSpeed.
    pub speed: Option<u64>,
    /// ifAdminStatus.
    pub admin: PortStatus,
    /// ifOperStatus.
    pub oper: PortStatus,
    /// Octets received.
    pub in_octets: Option<u64>,
    /// Octets sent.
    pub out_octets: Option<u64>,
    /// ifInErrors.
    pub in_errors: Option<u64>,
    /// ifOutErrors.
    pub out_errors: Option<u64>,
    /// ifInDiscards.
    pub in_discards: Option<u64>,
    /// ifOutDiscards.
    pub out_discards: Option<u64>,
    /// Width of the octet counters.
    pub counters: CounterWidth,
}

/// Whether octets are counted in ifHCInOctets (64 bits) or ifInOctets (32 bits).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CounterWidth {
    /// ifInOctets, which wraps in 34 s at 1 Gb/s.
    #[default]
    Bits32,
    /// ifHCInOctets.
    Bits64,
}

/// State of a port (ifAdminStatus, ifOperStatus of RFC 2863).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum PortStatus {
    /// 1.
    Up,
    /// 2.
    Down,
    /// 3.
    Testing,
    /// 4, or a value that the MIB does not know.
    #[default]
    Unknown,
    /// 5.
    Dormant,
    /// 6.
    NotPresent,
    /// 7.
    LowerLayerDown,
}

/// Returns the form in which two spellings of one port are equal: `GigabitEthernet0/1` and `Gi0/1`.
///
/// Lower case, without spaces, and the long names of the usual vendors cut to their short ones. A name that is
/// not of that form stays what it is.
#[must_use]
pub fn port_key(name: &str) -> String {
    const SHORT: &[(&str, &str)] = &[
        ("tengigabitethernet", "te"),
        ("twentyfivegige", "twe"),
        ("fortygigabitethernet", "fo"),
        ("hundredgige", "hu"),
        ("gigabitethernet", "gi"),
        ("fastethernet", "fa"),
        ("ethernet", "eth"),
        ("port-channel", "po"),
    ];
    let name: String = name
        .chars()
        .filter(|c| !c.is_whitespace())
        .flat_map(char::to_lowercase)
        .collect();
    for (long, short) in SHORT {
        if let Some(rest) = name.strip_prefix(long) {
            return format!("{short}{rest}");
        }
    }
    name
}
