//! A device as SNMP saw it: what it calls itself, its interfaces, whom it hears, what it is made of.
//!
//! Every text in it is cleaned; every number may be missing, because real agents leave rows out. The monitor's
//! own polls fill the system group and the interfaces, now and then the neighbours; a poll by hand fills all of it.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use crate::model::text::DeviceText;

/// One poll's answer, whole.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Device {
    /// The system group (RFC 3418).
    pub system: System,
    /// Which box it says it is (lldpLocChassisId), in the forms of a neighbour's; empty where it does not say.
    pub chassis_id: DeviceText,
    /// The interfaces (RFC 2863), by ifIndex.
    pub interfaces: Vec<Interface>,
    /// Whom it hears by LLDP and CDP, by protocol and local port.
    pub neighbours: Vec<Neighbour>,
    /// Whether its neighbours were asked for and read to the end; a monitor's poll asks only now and then.
    pub neighbours_read: bool,
    /// What it is made of (ENTITY-MIB, RFC 6933), by entPhysicalIndex.
    pub inventory: Vec<Part>,
    /// The addresses of its interfaces (IP-MIB, RFC 4293), by ifIndex.
    pub addresses: Vec<PortAddress>,
    /// Whom it has learnt to be behind its ports, by ifIndex; only a poll by hand asks.
    pub stations: Vec<Station>,
    /// How often and how long ago its SNMP engine started (RFC 3411).
    pub engine: Option<Engine>,
}

/// When a device's SNMP engine started; unlike sysUpTime it does not wrap after 497 days.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Engine {
    /// snmpEngineBoots.
    pub boots: u32,
    /// snmpEngineTime.
    pub time: Duration,
}

/// How a neighbour made itself known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Protocol {
    /// IEEE 802.1AB.
    Lldp,
    /// Cisco's own.
    Cdp,
}

/// One remote system that a device hears on one of its ports.
///
/// It is what the neighbour says of itself, as the device repeats it: a claim, never a proof.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Neighbour {
    /// How it was heard.
    pub protocol: Protocol,
    /// The port it was heard on: the interface's name where the tables meet, else what the agent calls it.
    pub local_port: DeviceText,
    /// That interface's ifIndex, where the tables meet.
    pub local_index: Option<u32>,
    /// Which box it is: a MAC address as `00:11:22:33:44:55`, an address, or its own words.
    pub chassis_id: DeviceText,
    /// Its port, in the same forms.
    pub port_id: DeviceText,
    /// Its port in words.
    pub port_descr: DeviceText,
    /// What it calls itself.
    pub system_name: DeviceText,
    /// What it is: lldpRemSysDesc, or the platform that CDP tells.
    pub system_descr: DeviceText,
    /// Where it is managed, ascending, each once.
    pub addresses: Vec<IpAddr>,
    /// Whether its port sends and receives at once, where CDP says so (cdpCacheDuplex).
    pub full_duplex: Option<bool>,
}

/// One row of entPhysicalTable.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Part {
    /// entPhysicalIndex.
    pub index: u32,
    /// entPhysicalContainedIn; `None` at the outermost.
    pub inside: Option<u32>,
    /// entPhysicalClass.
    pub class: PartClass,
    /// entPhysicalName.
    pub name: DeviceText,
    /// entPhysicalDescr.
    pub description: DeviceText,
    /// entPhysicalMfgName.
    pub maker: DeviceText,
    /// entPhysicalModelName.
    pub model: DeviceText,
    /// entPhysicalSerialNum.
    pub serial: DeviceText,
    /// entPhysicalHardwareRev.
    pub hardware: DeviceText,
    /// entPhysicalFirmwareRev.
    pub firmware: DeviceText,
    /// entPhysicalSoftwareRev.
    pub software: DeviceText,
}

/// What a part is (`PhysicalClass` of RFC 6933), in the order of its numbers from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
#[expect(missing_docs, reason = "the names are the MIB's own")]
pub enum PartClass {
    Other,
    #[default]
    Unknown,
    Chassis,
    Backplane,
    Container,
    PowerSupply,
    Fan,
    Sensor,
    Module,
    Port,
    Stack,
    Cpu,
    EnergyObject,
    Battery,
    StorageDrive,
}

impl PartClass {
    /// Every class, in the order of its numbers from 1.
    pub const ALL: [Self; 15] = [
        Self::Other,
        Self::Unknown,
        Self::Chassis,
        Self::Backplane,
        Self::Container,
        Self::PowerSupply,
        Self::Fan,
        Self::Sensor,
        Self::Module,
        Self::Port,
        Self::Stack,
        Self::Cpu,
        Self::EnergyObject,
        Self::Battery,
        Self::StorageDrive,
    ];
}

/// One address of one interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortAddress {
    /// The interface's ifIndex.
    pub index: u32,
    /// The address.
    pub address: IpAddr,
    /// Bits of its prefix.
    pub prefix: Option<u8>,
}

/// Somebody whom a device has learnt to be behind one of its ports: by ARP or neighbour discovery, or as a bridge from
/// what it sent. Other bridges may stand between.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Station {
    /// The port's ifIndex.
    pub index: u32,
    /// Its physical address.
    pub mac: [u8; 6],
    /// Its address, where that is known; a bridge knows none.
    pub address: Option<IpAddr>,
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
    /// Whether it sends and receives at once (dot3StatsDuplexStatus of EtherLike-MIB, RFC 3635); only a poll by hand
    /// asks.
    pub full_duplex: Option<bool>,
    /// ifCounterDiscontinuityTime: sysUpTime when the counters last began anew.
    pub discontinuity: Option<Duration>,
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
        ("hundredgigabitethernet", "hu"),
        ("twentyfivegigabitethernet", "twe"),
        ("ten-gigabitethernet", "xge"),
        ("xgigabitethernet", "xge"),
        ("tengigabitethernet", "te"),
        ("tengige", "te"),
        ("fortygige", "fo"),
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
