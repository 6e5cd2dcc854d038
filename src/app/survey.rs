//! Asking many devices for everything that they say, each once: what `diff` and `discover` rest on.
//!
//! It sends SNMP and nothing else, and only to the addresses that it is given. One device never holds up another:
//! each has a time of its own, and so have all together; who was not asked in it is told apart from who was silent.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::task::JoinSet;

use crate::analysis::finding::By;
use crate::analysis::wiring::witness::{Heard, Port, Station, Unit, Witness, written};
use crate::model::device::{Device, Interface, Neighbour, Part, PartClass, Protocol};
use crate::model::text::DeviceText;
use crate::probe::poll::{Poll, PollError, Question};
use crate::wire::whole::Group;

/// The port of SNMP agents (RFC 3417).
pub const PORT: u16 = 161;

/// Devices that are asked at once.
const AT_ONCE: usize = 64;

/// The longest that one device may take: tables of thousands of rows behind a slow line.
const LONGEST: Duration = Duration::from_secs(30);

/// Tables without which a device's silence about a neighbour means nothing.
const NEEDED: &[Group] = &[
    Group::Interfaces,
    Group::Lldp,
    Group::Cdp,
    Group::LldpPorts,
    Group::LldpAddresses,
];

/// What came of asking one device.
#[derive(Clone, Debug)]
pub enum Reply {
    /// It answered.
    Device {
        /// All that it said.
        device: Box<Device>,
        /// Whether everything was read that says whom it hears.
        is_whole: bool,
    },
    /// Nothing was heard.
    Silent,
    /// Our own side could not ask.
    Unsent(Arc<str>),
}

/// Whom to ask.
#[derive(Clone, Debug)]
pub struct Ask {
    /// The agent.
    pub agent: SocketAddr,
    /// By which it knows us.
    pub credential: crate::model::credential::Credential,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often one question is asked again.
    pub retries: u8,
}

/// Asks all of them, and returns what came of each; who is not in it was not reached before `until`.
pub async fn ask<Key: Ord + Clone + Send + 'static>(
    asks: BTreeMap<Key, Ask>,
    seed: u32,
    until: Instant,
) -> BTreeMap<Key, Reply> {
    let mut waiting = asks.into_iter().zip(seed..);
    let mut open = JoinSet::new();
    let mut replies = BTreeMap::new();
    loop {
        while open.len() < AT_ONCE && crate::clock::now() < until {
            let Some(((key, ask), seed)) = waiting.next() else {
                break;
            };
            open.spawn(async move { (key, one(&ask, seed).await) });
        }
        match tokio::time::timeout_at(until.into(), open.join_next()).await {
            Ok(Some(Ok((key, reply)))) => {
                replies.insert(key, reply);
            }
            // A task that panicked is a device that was not asked; the others go on.
            Ok(Some(Err(_))) => {}
            Ok(None) | Err(_) => return replies,
        }
    }
}

async fn one(ask: &Ask, seed: u32) -> Reply {
    let question = Question {
        agent: ask.agent,
        credential: ask.credential.clone(),
        timeout: ask.timeout,
        retries: ask.retries,
        within: LONGEST,
    };
    let read = async { Poll::open(&question, seed).await?.device(Group::ALL).await };
    match read.await {
        Ok(whole) => Reply::Device {
            is_whole: !whole
                .unread
                .iter()
                .any(|unread| NEEDED.contains(&unread.group)),
            device: Box::new(whole.device),
        },
        Err(PollError::Silent(_)) => Reply::Silent,
        Err(PollError::Unsent(why)) => Reply::Unsent(why),
        Err(PollError::Line(error)) => Reply::Unsent(format!("{error} {}.", error.source).into()),
    }
}

/// Returns what a device said in the form in which it is compared.
#[must_use]
pub fn witness(device: &Device, is_whole: bool) -> Witness {
    Witness {
        name: words(&device.system.name),
        chassis: chassis(device),
        tells: device
            .neighbours
            .iter()
            .map(|neighbour| by(neighbour.protocol))
            .collect(),
        is_whole,
        ports: device.interfaces.iter().map(port).collect(),
        heard: device.neighbours.iter().map(heard).collect(),
        stations: (device.stations.iter())
            .filter_map(|known| {
                let mut ports = device.interfaces.iter();
                Some(Station {
                    port: ports.position(|port| port.index == known.index)?,
                    mac: known.mac,
                    address: known.address,
                })
            })
            .collect(),
        unit: unit(&device.inventory),
    }
}

/// What it says itself; else its lowest MAC address stands for the box: no other has it.
fn chassis(device: &Device) -> Option<String> {
    let said = Some(words(&device.chassis_id)).filter(|id| !id.is_empty());
    said.or_else(|| {
        let macs = device.interfaces.iter().filter_map(|port| port.mac);
        macs.filter(|mac| *mac != [0; 6]).min().map(written)
    })
}

fn words(text: &DeviceText) -> String {
    text.as_str().to_owned()
}

fn by(protocol: Protocol) -> By {
    match protocol {
        Protocol::Lldp => By::Lldp,
        Protocol::Cdp => By::Cdp,
    }
}

fn port(interface: &Interface) -> Port {
    let mut names: Vec<String> = Vec::new();
    for name in [&interface.name, &interface.descr, &interface.alias] {
        let name = words(name);
        if !name.is_empty() && !names.contains(&name) {
            names.push(name);
        }
    }
    Port {
        names,
        mac: interface.mac,
        oper: interface.oper,
        speed: interface.speed,
        full_duplex: interface.full_duplex,
    }
}

fn heard(neighbour: &Neighbour) -> Heard {
    Heard {
        protocol: by(neighbour.protocol),
        local: words(&neighbour.local_port),
        chassis: words(&neighbour.chassis_id),
        name: words(&neighbour.system_name),
        addresses: neighbour.addresses.clone(),
        ports: [&neighbour.port_id, &neighbour.port_descr]
            .map(words)
            .to_vec(),
        full_duplex: neighbour.full_duplex,
    }
}

/// The outermost chassis; of a stack the first with a serial number.
fn unit(inventory: &[Part]) -> Option<Unit> {
    let is_one = |part: &&Part| part.class == PartClass::Chassis;
    let chassis = inventory
        .iter()
        .filter(is_one)
        .find(|part| !part.serial.is_empty())
        .or_else(|| inventory.iter().find(is_one))?;
    // Firmware and software are often told by the module that runs them.
    let said = |of: fn(&Part) -> &DeviceText| {
        let own = of(chassis);
        if own.is_empty() {
            let of_module = |part: &&Part| part.class == PartClass::Module;
            let modules = inventory.iter().filter(of_module).map(of);
            let first = modules.into_iter().find(|text| !text.is_empty());
            first.map(words).unwrap_or_default()
        } else {
            words(own)
        }
    };
    Some(Unit {
        vendor: words(&chassis.maker),
        model: words(&chassis.model),
        serial: words(&chassis.serial),
        hardware: words(&chassis.hardware),
        firmware: said(|part| &part.firmware),
        software: said(|part| &part.software),
    })
}
