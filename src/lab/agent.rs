//! What an emulated device says of itself: the model's own words, and counters that the fabric keeps.
//!
//! It is honest about being emulated: sysDescr says so. Texts are made once; a poll only fills in numbers.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::graph::mix;
use crate::model::device::{
    CounterWidth, Device, Interface, Neighbour, Part, PartClass, PortAddress, PortStatus, Protocol,
    Station, System, port_key,
};
use crate::model::network::{Link, Network, Node};
use crate::model::text::DeviceText;
use crate::model::{LinkId, NodeId};

/// The enterprise number that RFC 5612 sets aside for documentation, with a product of ours under it.
const OBJECT_ID: &str = "1.3.6.1.4.1.32473.1.483";

/// ifType of an Ethernet-like port (IANAifType-MIB).
const ETHERNET: u32 = 6;
/// ifType of a loopback.
const LOOPBACK: u32 = 24;

/// ifIndex of the loopback; the first real port comes after it.
const LOOPBACK_INDEX: u32 = 1;

/// Where counters begin that run backwards.
const HIGHEST: u64 = 1 << 60;

/// What one link does at one of its ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Traffic {
    /// Whether the link is whole and somebody is at its other end.
    pub is_up: bool,
    /// Octets received here.
    pub received: u64,
    /// Octets sent from here.
    pub sent: u64,
}

/// Returns a node's device with everything that does not change: one loopback, then one interface a port.
///
/// A link whose port nobody declared has one all the same, as devices have: `eth` and its place in the list.
/// Links that share a port share its interface. With it: at which place in the table each link is counted.
#[must_use]
pub fn portrait(network: &Network, node: &Node) -> (Device, Vec<(LinkId, usize)>) {
    let descr = descr(node);
    let location = node
        .area
        .as_ref()
        .and_then(|code| network.areas.get(code))
        .map_or("", |area| area.name.as_str());
    let mut device = Device {
        system: System {
            descr: text(&descr),
            object_id: OBJECT_ID.to_owned(),
            name: text(&node.sys_name),
            location: text(location),
            contact: text("spanwatch lab"),
            uptime: None,
        },
        interfaces: vec![Interface {
            index: LOOPBACK_INDEX,
            name: text("lo0"),
            descr: text("lo0"),
            kind: LOOPBACK,
            admin: PortStatus::Up,
            oper: PortStatus::Up,
            in_octets: Some(0),
            out_octets: Some(0),
            in_errors: Some(0),
            out_errors: Some(0),
            in_discards: Some(0),
            out_discards: Some(0),
            counters: CounterWidth::Bits64,
            ..Interface::default()
        }],
        ..Device::default()
    };
    let mut places: Vec<(LinkId, usize)> = Vec::new();
    let mut known: BTreeMap<String, usize> = BTreeMap::new();
    for (number, link) in links(network, &node.id).enumerate() {
        let name = port_name(link, &node.id, number);
        let place = device.interfaces.len();
        let shared = *known.entry(port_key(&name)).or_insert(place);
        places.push((link.id.clone(), shared));
        if shared < place {
            continue;
        }
        let index = place as u32 + 1;
        let far = if link.a.node == node.id {
            &link.b
        } else {
            &link.a
        };
        device.interfaces.push(Interface {
            index,
            name: text(&name),
            descr: text(&name),
            alias: text(&format!("to {} ({})", far.node, link.id)),
            kind: ETHERNET,
            mac: Some(mac(&node.id, index)),
            speed: Some(link.capacity.unwrap_or(1_000_000_000)),
            admin: PortStatus::Up,
            oper: PortStatus::Down,
            in_octets: Some(0),
            out_octets: Some(0),
            in_errors: Some(0),
            out_errors: Some(0),
            in_discards: Some(0),
            out_discards: Some(0),
            counters: CounterWidth::Bits64,
            full_duplex: Some(true),
            discontinuity: Some(Duration::ZERO),
        });
    }
    (device, places)
}

/// What a device says beside its interfaces, and what only a poll by hand asks for.
#[derive(Clone, Debug, Default)]
pub struct Rest {
    /// Which box it is.
    pub chassis_id: DeviceText,
    /// Whom it hears over each of its links, in their order: the node that is declared at the other end.
    pub neighbours: Vec<Neighbour>,
    /// Whose address it has learnt over each of its links, in their order; nothing where the far end has none.
    pub stations: Vec<Option<Station>>,
    /// What it is made of: one chassis, with what the topology says of it.
    pub inventory: Vec<Part>,
    /// Its addresses, all at the loopback: the topology does not say which port has which.
    pub addresses: Vec<PortAddress>,
}

/// Returns what a node's device says beside its interfaces, as long as every link is whole.
///
/// `device` and `places` are its portrait.
#[must_use]
pub fn rest(network: &Network, node: &Node, device: &Device, places: &[(LinkId, usize)]) -> Rest {
    let met = places.iter().filter_map(|(id, place)| {
        let port = device.interfaces.get(*place)?;
        neighbour(network, node, network.links.get(id)?, port)
    });
    let (neighbours, stations) = met.unzip();
    let own = |words: &Option<String>| text(words.as_deref().unwrap_or_default());
    let mut addresses: Vec<PortAddress> = node
        .address
        .iter()
        .chain(&node.addresses)
        .map(|address| PortAddress {
            index: LOOPBACK_INDEX,
            address: *address,
            prefix: None,
        })
        .collect();
    addresses.sort_unstable();
    addresses.dedup();
    Rest {
        chassis_id: chassis_id(&node.id),
        neighbours,
        stations,
        inventory: vec![Part {
            index: 1,
            inside: None,
            class: PartClass::Chassis,
            name: text(&node.sys_name),
            description: text(&descr(node)),
            maker: own(&node.vendor),
            model: own(&node.model),
            serial: own(&node.serial),
            software: text("spanwatch lab"),
            ..Part::default()
        }],
        addresses,
    }
}

/// Returns what a node hears over one of its links, and whose address it has learnt there.
fn neighbour(
    network: &Network,
    node: &Node,
    link: &Link,
    port: &Interface,
) -> Option<(Neighbour, Option<Station>)> {
    let far = if link.a.node == node.id {
        &link.b
    } else {
        &link.a
    };
    let other = network.nodes.get(&far.node)?;
    let number = links(network, &other.id).position(|its| its.id == link.id)?;
    let station = other.address.map(|address| Station {
        index: port.index,
        mac: box_mac(&other.id),
        address: Some(address),
    });
    let neighbour = Neighbour {
        protocol: Protocol::Lldp,
        local_port: port.name.clone(),
        local_index: Some(port.index),
        chassis_id: chassis_id(&other.id),
        port_id: text(&port_name(link, &other.id, number)),
        port_descr: text(&format!("to {} ({})", node.id, link.id)),
        system_name: text(&other.sys_name),
        system_descr: text(&descr(other)),
        addresses: other.address.into_iter().collect(),
        full_duplex: None,
    };
    Some((neighbour, station))
}

/// The MAC address of its first port, which every box with a link has, stands for the box.
fn box_mac(node: &NodeId) -> [u8; 6] {
    mac(node, LOOPBACK_INDEX + 1)
}

fn chassis_id(node: &NodeId) -> DeviceText {
    let octets = box_mac(node).map(|octet| format!("{octet:02x}"));
    text(&octets.join(":"))
}

fn text(words: &str) -> DeviceText {
    DeviceText::clean(words.as_bytes())
}

fn descr(node: &Node) -> String {
    let made = [node.vendor.as_deref(), node.model.as_deref()]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" ");
    if made.is_empty() {
        format!("spanwatch lab: emulated {} (illustrative)", node.role)
    } else {
        format!(
            "spanwatch lab: emulated {} (illustrative), declared as {made}",
            node.role
        )
    }
}

/// Makes a device that was filled with numbers its portrait again.
pub fn reset(device: &mut Device, portrait: &Device) {
    for (interface, blank) in device.interfaces.iter_mut().zip(&portrait.interfaces) {
        interface.oper = blank.oper;
        interface.in_octets = blank.in_octets;
        interface.out_octets = blank.out_octets;
    }
}

/// Adds what one link does to the interface at `place` of a fresh portrait.
pub fn count(device: &mut Device, place: usize, does: Traffic) {
    let Some(interface) = device.interfaces.get_mut(place) else {
        return;
    };
    if does.is_up {
        interface.oper = PortStatus::Up;
    }
    interface.in_octets = interface.in_octets.map(|octets| octets + does.received);
    interface.out_octets = interface.out_octets.map(|octets| octets + does.sent);
}

/// Makes all octet counters run backwards, from a number that none of them reaches in a year.
pub fn turn_back(device: &mut Device) {
    for interface in &mut device.interfaces {
        for octets in [&mut interface.in_octets, &mut interface.out_octets] {
            *octets = octets.map(|octets| HIGHEST.saturating_sub(octets));
        }
    }
}

fn links<'a>(network: &'a Network, node: &NodeId) -> impl Iterator<Item = &'a Link> {
    network
        .links_at(node)
        .iter()
        .filter_map(|id| network.links.get(id))
}

/// Returns what a link's port is called at one of its ends, where it is the node's link of that number.
fn port_name(link: &Link, node: &NodeId, number: usize) -> String {
    link.ends()
        .into_iter()
        .find(|end| end.node == *node)
        .and_then(|end| end.port.clone())
        .unwrap_or_else(|| format!("eth{number}"))
}

/// Returns a locally administered address that belongs to one port for good.
fn mac(node: &NodeId, index: u32) -> [u8; 6] {
    let hash = node
        .as_str()
        .bytes()
        .fold(mix(u64::from(index)), |hash, byte| {
            mix(hash ^ u64::from(byte))
        });
    let mut address = [0x02, 0, 0, 0, 0, 0];
    address[1..].copy_from_slice(&hash.to_be_bytes()[..5]);
    address
}
