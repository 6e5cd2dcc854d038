//! Exploring a network from one device: asks wave by wave, and draws what was found.
//!
//! Every address comes out of `analysis::discovery`, which lets none outside the bounds out. Of several credentials
//! each is tried in turn, the one that served last before the others, so that a network with one costs one question
//! a device.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use crate::analysis::discovery::{Answered, Bounds, Discovery, Found};
use crate::analysis::finding::Far;
use crate::analysis::wiring::witness::{Heard, Witness, chassis_key};
use crate::analysis::wiring::{self, cables};
use crate::app::survey::{self, Ask, PORT, Reply};
use crate::inventory::import::discovered::{Dot, Line, Sketch, parts};
use crate::model::NodeId;
use crate::model::credential::Keyring;
use crate::model::network::Network;

/// How to explore.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Where to begin.
    pub seed: IpAddr,
    /// How far to go.
    pub bounds: Bounds,
    /// What to try, by name.
    pub keyring: Keyring,
    /// How long one answer may take.
    pub timeout: Duration,
    /// How often one question is asked again.
    pub retries: u8,
    /// How long all of it may take.
    pub limit: Duration,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Explored {
    /// Who was found.
    pub discovery: Discovery,
    /// What our own side could not ask, with the reason.
    pub unsent: BTreeMap<IpAddr, String>,
    /// Whether the time was over before the end.
    pub is_late: bool,
    /// How long it took.
    pub took: Duration,
}

/// Explores; `tell` hears after every wave how many were asked and how many devices were found.
///
/// Returns nothing where the beginning lies outside the bounds.
pub async fn explore(plan: &Plan, mut tell: impl FnMut(usize, usize)) -> Option<Explored> {
    let began = crate::clock::now();
    let until = began + plan.limit;
    let mut explored = Explored {
        discovery: Discovery::new(plan.seed, plan.bounds.clone())?,
        unsent: BTreeMap::new(),
        is_late: false,
        took: Duration::ZERO,
    };
    let mut order: Vec<String> = plan.keyring.keys().map(ToString::to_string).collect();
    let mut seed = std::process::id();
    let mut asked = 0;
    loop {
        let wave = explored.discovery.wave();
        if wave.is_empty() {
            break;
        }
        asked += wave.len();
        let mut left: BTreeSet<IpAddr> = wave.into_iter().collect();
        for name in order.clone() {
            seed = seed.wrapping_add(u32::try_from(left.len()).unwrap_or(1));
            let heard = once(plan, &left, &name, seed, until).await;
            let mut answered = Vec::new();
            for (address, reply) in heard {
                match reply {
                    Reply::Device { device, is_whole } => {
                        left.remove(&address);
                        answered.push(Answered {
                            address,
                            credential: name.clone(),
                            witness: survey::witness(&device, is_whole),
                            addresses: device.addresses.iter().map(|one| one.address).collect(),
                        });
                    }
                    Reply::Unsent(why) => {
                        explored.unsent.insert(address, why.to_string());
                    }
                    Reply::Silent => {}
                }
            }
            if !answered.is_empty() {
                order.retain(|other| *other != name);
                order.insert(0, name);
            }
            for one in answered {
                explored.unsent.remove(&one.address);
                explored.discovery.answered(one);
            }
        }
        explored.is_late = crate::clock::now() >= until;
        for address in left {
            explored.discovery.silent(address);
        }
        tell(asked, explored.discovery.found().len());
        if explored.is_late {
            break;
        }
    }
    explored.took = crate::clock::now().saturating_duration_since(began);
    Some(explored)
}

async fn once(
    plan: &Plan,
    addresses: &BTreeSet<IpAddr>,
    name: &str,
    seed: u32,
    until: Instant,
) -> BTreeMap<IpAddr, Reply> {
    let Some(credential) = plan.keyring.get(name) else {
        return BTreeMap::new();
    };
    let asks = addresses.iter().map(|address| {
        let ask = Ask {
            agent: SocketAddr::new(*address, PORT),
            credential: credential.clone(),
            timeout: plan.timeout,
            retries: plan.retries,
        };
        (*address, ask)
    });
    survey::ask(asks.collect(), seed, until).await
}

/// Draws what was found: a dot for each device and each neighbour that was only heard of, a line for each cable.
#[must_use]
pub fn sketch(explored: &Explored, bounds: &Bounds) -> Sketch {
    let found = explored.discovery.found();
    let mut sketch = Sketch {
        dots: found.iter().map(dot).collect(),
        ..Sketch::default()
    };
    let Some((network, named)) = network_of(&sketch) else {
        return sketch;
    };
    let places: BTreeMap<&NodeId, usize> = named.iter().zip(0..).collect();
    let witnesses: BTreeMap<NodeId, Option<Witness>> = named
        .iter()
        .zip(found)
        .map(|(id, found)| (id.clone(), Some(found.first.witness.clone())))
        .collect();
    let mut strangers: BTreeMap<String, usize> = BTreeMap::new();
    for cable in cables(&network, &witnesses) {
        let Some(near) = places.get(&cable.near.0).copied() else {
            continue;
        };
        let far = match &cable.far.0 {
            Far::Node(node, _) => places.get(node).copied(),
            Far::Stranger(name) => Some(*strangers.entry(name.clone()).or_insert_with(|| {
                sketch.dots.push(stranger(name, found, explored, bounds));
                sketch.dots.len() - 1
            })),
            Far::Several(nodes, _) => {
                let nodes: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
                sketch.notes.push(format!(
                    "{} hears a neighbour on {} that may be any of {}: they bear the same mark; no link is written.",
                    cable.near.0,
                    cable.near.1,
                    nodes.join(", ")
                ));
                None
            }
        };
        if let Some(far) = far {
            sketch.lines.push(line(&cable, near, far, found));
        }
    }
    sketch.notes.extend(notes(explored));
    sketch
}

/// A network of the dots alone, so that neighbours are known by the same marks as in `diff`.
fn network_of(sketch: &Sketch) -> Option<(Network, Vec<NodeId>)> {
    let (parts, named) = parts(sketch, "found", "found")?;
    Some((Network::prove(parts).ok()?, named))
}

fn dot(found: &Found) -> Dot {
    let Answered {
        address,
        credential,
        witness,
        addresses,
    } = &found.first;
    let is_local = |address: &IpAddr| match address {
        IpAddr::V4(v4) => v4.is_loopback() || v4.is_link_local() || v4.is_unspecified(),
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unicast_link_local() || v6.is_unspecified(),
    };
    let unit = witness.unit.clone().unwrap_or_default();
    let mut notes = Vec::new();
    if witness.tells.is_empty() {
        notes.push("It tells no neighbours: what hangs on it was not seen from here.".to_owned());
    }
    if !witness.is_whole {
        notes.push("It answered in part; something may be missing.".to_owned());
    }
    let others = addresses.iter().chain(&found.also);
    Dot {
        name: witness.name.clone(),
        address: Some(*address),
        addresses: others
            .filter(|address| !is_local(address))
            .copied()
            .collect(),
        credential: Some(credential.clone()),
        vendor: unit.vendor,
        model: unit.model,
        serial: unit.serial,
        notes,
    }
}

/// A neighbour that did not answer, or was not asked, and why.
fn stranger(name: &str, found: &[Found], explored: &Explored, bounds: &Bounds) -> Dot {
    let is_it = |heard: &&Heard| {
        heard.name == name
            || (heard.name.is_empty() && chassis_key(&heard.chassis) == chassis_key(name))
    };
    let all = found.iter().flat_map(|found| &found.first.witness.heard);
    let addresses: BTreeSet<IpAddr> = all
        .filter(is_it)
        .flat_map(|heard| heard.addresses.iter().copied())
        .collect();
    let (inside, outside): (Vec<&IpAddr>, Vec<&IpAddr>) =
        addresses.iter().partition(|address| bounds.hold(**address));
    let why = if addresses.is_empty() {
        "it tells no address".to_owned()
    } else if inside.is_empty() {
        format!("{} lies outside the prefixes", list(&outside))
    } else if inside
        .iter()
        .any(|address| explored.discovery.in_vain().contains(*address))
    {
        format!("no answer at {}", list(&inside))
    } else {
        format!("{} was not asked any more", list(&inside))
    };
    Dot {
        name: name.to_owned(),
        address: inside.first().map(|address| **address),
        notes: vec![format!("Only heard of, not seen itself: {why}.")],
        ..Dot::default()
    }
}

fn line(cable: &wiring::Heard, near: usize, far: usize, found: &[Found]) -> Line {
    let port = |name: &str| (!name.is_empty()).then(|| name.to_owned());
    let speed = |dot: usize, name: &str| {
        let witness = &found.get(dot)?.first.witness;
        witness.ports.get(witness.port(name)?)?.speed
    };
    let speeds = [speed(near, &cable.near.1), speed(far, &cable.far.1)];
    let mut notes = Vec::new();
    if cable.evidence.len() == 1 && far < found.len() {
        notes.push("Only one end hears the other.".to_owned());
    }
    Line {
        a: (near, port(&cable.near.1)),
        b: (far, port(&cable.far.1)),
        capacity: speeds.into_iter().flatten().filter(|bits| *bits > 0).min(),
        notes,
    }
}

/// Addresses that a sentence names before it counts the rest.
const NAMED: usize = 12;

fn list(addresses: &[&IpAddr]) -> String {
    let named: Vec<String> = addresses
        .iter()
        .take(NAMED)
        .map(ToString::to_string)
        .collect();
    let named = named.join(", ");
    match addresses.len().saturating_sub(NAMED) {
        0 => named,
        more => format!("{named} and {more} more"),
    }
}

/// What a reader must do, and what was not seen.
fn notes(explored: &Explored) -> Vec<String> {
    let mut notes = vec![
        "Hub and monitor are the device that the exploration began at: say where reachability is counted from, and \
         give this machine a node of its own (`monitor`), because the monitor's node is never asked."
            .to_owned(),
        "No agency is declared: devices do not know who sits behind them. Add [[agency]] tables.".to_owned(),
        "Every cable is written as a `lan`: kind, provider, duct (`risk`) and length are not in LLDP.".to_owned(),
        "`transit` is true for what answered, and false for what was only heard of: correct it.".to_owned(),
    ];
    let list = |addresses: &BTreeSet<IpAddr>| list(&addresses.iter().collect::<Vec<_>>());
    let discovery = &explored.discovery;
    if !discovery.in_vain().is_empty() {
        notes.push(format!(
            "Silent to every credential: {}.",
            list(discovery.in_vain())
        ));
    }
    if !discovery.beyond().is_empty() {
        notes.push(format!(
            "Heard of, and never asked because outside the prefixes: {}.",
            list(discovery.beyond())
        ));
    }
    if discovery.is_full() {
        notes.push("It ended because as many addresses had been asked as were allowed.".to_owned());
    }
    if explored.is_late {
        notes.push("It ended because the time was over.".to_owned());
    }
    notes
}
