//! Pictures for the faces: the reference network at one fixed moment, well or with faults of every sort.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use spanwatch::analysis::Weakness;
use spanwatch::analysis::reach::cut_off;
use spanwatch::analysis::wiring::witness::Witness;
use spanwatch::app::interfaces::{Comparison, Interfaces, beside};
use spanwatch::app::reckoning::Reckonings;
use spanwatch::app::reference::Reference;
use spanwatch::app::survey::witness;
use spanwatch::app::view::Sight;
use spanwatch::app::{Loss, NodeView, Picture, Round, Rtt, Setting};
use spanwatch::graph::{Graph, mix};
use spanwatch::judge::rates::rates;
use spanwatch::lab::fabric::Fabric;
use spanwatch::model::device::{Device, Interface, Neighbour, PortStatus, System};
use spanwatch::model::health::{Health, Marks, Why};
use spanwatch::model::incident::{Evidence, Incident, IncidentId, IncidentKind, IncidentSeverity};
use spanwatch::model::network::Network;
use spanwatch::model::text::DeviceText;
use spanwatch::model::{AgencyId, Element, NodeId};

/// The moment of every picture: 08:12:41 in Hue.
pub(crate) fn moment() -> Timestamp {
    "2026-11-24T08:12:41+07:00".parse().expect("a moment")
}

/// The reference network, and what is weak in it.
pub(crate) fn reference() -> (Arc<Network>, Arc<Weakness>) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    let network = spanwatch::inventory::load(&folder)
        .expect("the reference network")
        .network;
    weighed(network)
}

/// A network, and what is weak in it.
pub(crate) fn weighed(network: Network) -> (Arc<Network>, Arc<Weakness>) {
    let weakness = Weakness::of(&network, &Graph::new(&network), &[]);
    (Arc::new(network), Arc::new(weakness))
}

/// A picture in which everything answers.
pub(crate) fn calm((network, weakness): (Arc<Network>, Arc<Weakness>)) -> Picture {
    let at = moment();
    let nodes: BTreeMap<NodeId, Arc<NodeView>> = network
        .nodes
        .values()
        .filter(|node| node.address.is_some() || !network.agencies_at(&node.id).is_empty())
        .enumerate()
        .map(|(place, node)| (node.id.clone(), Arc::new(well(place as u64, at))))
        .collect();
    Picture {
        at,
        began: at - SignedDuration::from_hours(26),
        setting: Setting::Lab,
        network,
        weakness,
        reckonings: Reckonings::default(),
        round: Round {
            asked: nodes.len(),
            answered: nodes.len(),
            ..Round::default()
        },
        nodes,
        incidents: Vec::new(),
        refused_edit: Arc::from([]),
        broken: Vec::new(),
        cut_off_peaks: Vec::new(),
        hears_routers: true,
    }
}

fn well(place: u64, at: Timestamp) -> NodeView {
    let micros = |salt: u64| 2_000 + mix(place * 64 + salt) % 9_000;
    let trail: Vec<Option<Duration>> = (0..60)
        .map(|at| Some(Duration::from_micros(micros(at))))
        .collect();
    let mut sorted: Vec<Duration> = trail.iter().flatten().copied().collect();
    sorted.sort_unstable();
    NodeView {
        health: Health::Up,
        since: Some(at - SignedDuration::from_hours(26)),
        heard: Some(at - SignedDuration::from_secs(2)),
        read: Some(at - SignedDuration::from_secs(2)),
        sent: 60,
        loss: Some(Loss {
            ratio: 0.0,
            low: 0.0,
            high: 0.06,
        }),
        rtt: Some(Rtt {
            last: *trail[59].as_ref().expect("an answer"),
            min: sorted[0],
            median: sorted[30],
            p95: sorted[57],
        }),
        trail: trail.into(),
        ..NodeView::default()
    }
}

/// Changes one node of a picture.
pub(crate) fn change(picture: &mut Picture, node: &str, with: impl FnOnce(&mut NodeView)) {
    let node = NodeId::from(node);
    let mut view = (*picture.node(&node)).clone();
    with(&mut view);
    picture.nodes.insert(node, Arc::new(view));
}

/// Makes a node silent since some seconds.
pub(crate) fn silence(
    picture: &mut Picture,
    node: &str,
    health: Health,
    seconds: u32,
    incident: Option<u32>,
) {
    let at = picture.at;
    change(picture, node, |view| {
        view.health = health;
        view.since = Some(at - SignedDuration::from_secs(seconds.into()));
        view.heard = Some(at - SignedDuration::from_secs(i64::from(seconds) + 8));
        view.incident = incident.map(IncidentId);
        let lost = (seconds / 10).clamp(1, 60);
        view.trail = view
            .trail
            .iter()
            .copied()
            .take(60 - lost as usize)
            .chain(std::iter::repeat_n(None, lost as usize))
            .collect();
        view.lost = lost;
        let ratio = f64::from(lost) / 60.0;
        view.loss = Some(Loss {
            ratio,
            low: (ratio - 0.1).max(0.0),
            high: (ratio + 0.1).min(1.0),
        });
    });
}

/// A picture with faults of every sort: an outage with whole communes behind it, a lost redundancy, loss, a
/// silent agency, one that nobody could ask, a maintenance, and incidents that ended.
pub(crate) fn troubled() -> Picture {
    let mut picture = calm(reference());
    let at = picture.at;
    let network = Arc::clone(&picture.network);
    // Some trouble at night, and that of now.
    let mut peaks = vec![Some(0); 96];
    peaks[70..74].copy_from_slice(&[Some(3), Some(14), Some(14), Some(9)]);
    peaks[95] = Some(26);
    picture.cut_off_peaks = peaks;
    picture.round.devices = 98;
    picture.round.devices_answered = 97;
    let graph = Graph::new(&network);
    let cause = picture
        .weakness
        .elements
        .iter()
        .find(|weak| matches!(weak.element, Element::Link(_)))
        .expect("a weak link")
        .element
        .clone();
    let gone: BTreeSet<AgencyId> = cut_off(&network, &graph, std::slice::from_ref(&cause));
    for agency in &gone {
        silence(
            &mut picture,
            network.agencies[agency].node.as_str(),
            Health::Shadowed,
            372,
            Some(12),
        );
    }
    silence(&mut picture, "phu-xuan-ubnd", Health::Down, 41, Some(14));
    let names: Vec<String> = network.agencies.keys().map(ToString::to_string).collect();
    let well: Vec<&String> = names
        .iter()
        .filter(|id| !gone.contains(id.as_str()) && id.as_str() != "phu-xuan-ubnd")
        .collect();
    change(&mut picture, well[7], |view| {
        view.health = Health::Degraded;
        view.why = Some(Why::Loss);
        view.since = Some(at - SignedDuration::from_secs(95));
        view.lost = 8;
        view.loss = Some(Loss {
            ratio: 0.125,
            low: 0.035,
            high: 0.36,
        });
    });
    change(&mut picture, well[200], |view| {
        view.health = Health::Degraded;
        view.why = Some(Why::Slow);
        view.since = Some(at - SignedDuration::from_secs(260));
        view.rtt = Some(Rtt {
            last: Duration::from_millis(184),
            min: Duration::from_millis(11),
            median: Duration::from_millis(184),
            p95: Duration::from_millis(302),
        });
    });
    change(&mut picture, well[111], |view| {
        view.health = Health::Unknown;
        view.why = Some(Why::Unsent);
        view.since = Some(at - SignedDuration::from_mins(31));
    });
    for id in [well[300], well[301]] {
        change(&mut picture, id, |view| {
            view.marks = Marks {
                maintenance: true,
                ..Marks::default()
            };
        });
    }
    change(&mut picture, well[7], |view| {
        view.device = Some(Arc::new(device()));
        view.snmp_answers = Some(true);
    });
    picture.broken = vec![cause.clone()];
    picture.incidents = incidents(&picture, &cause, gone.into_iter().collect());
    picture
}

fn incidents(picture: &Picture, cause: &Element, gone: Vec<AgencyId>) -> Vec<Arc<Incident>> {
    let at = picture.at;
    let ago = |seconds: i64| at - SignedDuration::from_secs(seconds);
    let port = |observer: &str, far: &str| Evidence::Port {
        observer: observer.into(),
        far: far.into(),
        up: false,
    };
    let base = Incident {
        id: IncidentId(12),
        kind: IncidentKind::Outage,
        severity: IncidentSeverity::Critical,
        causes: vec![cause.clone()],
        probability: 0.93,
        nodes: Vec::new(),
        evidence: vec![
            Evidence::Behind {
                silent: gone.len(),
                all: gone.len(),
            },
            port("pop-my-thuong", "pop-phu-ho"),
            Evidence::Unreachable {
                router: "pop-my-thuong".into(),
                node: "phu-ho-thcs".into(),
            },
            Evidence::InFront("pop-my-thuong".into()),
        ],
        cut_off: gone,
        one_path: Vec::new(),
        maintenance: false,
        since: ago(372),
        named: ago(360),
        until: None,
    };
    let spare = picture
        .network
        .links
        .keys()
        .find(|id| id.as_str().starts_with("core-"))
        .expect("a core link");
    let own = NodeId::from("phu-xuan-ubnd");
    let uplink = picture.network.links_at(&own)[0].clone();
    let some: Vec<AgencyId> = picture.network.agencies.keys().take(5).cloned().collect();
    let open = [
        base.clone(),
        Incident {
            id: IncidentId(14),
            causes: vec![Element::Node(own), Element::Link(uplink)],
            probability: 0.99,
            cut_off: vec!["phu-xuan-ubnd".into()],
            evidence: vec![
                Evidence::Silent("phu-xuan-ubnd".into()),
                Evidence::InFront("pop-phu-xuan".into()),
            ],
            since: ago(41),
            named: ago(33),
            ..base.clone()
        },
        Incident {
            id: IncidentId(13),
            kind: IncidentKind::Redundancy,
            severity: IncidentSeverity::Warning,
            causes: vec![Element::Link(spare.clone())],
            probability: 1.0,
            cut_off: Vec::new(),
            one_path: some,
            evidence: vec![port("core-1", "core-2"), port("core-2", "core-1")],
            since: ago(7_300),
            named: ago(7_290),
            ..base.clone()
        },
    ];
    let ended = (1..12).rev().map(|number| Incident {
        id: IncidentId(number),
        since: ago(i64::from(12 - number) * 7_000 + 30_000),
        named: ago(i64::from(12 - number) * 7_000 + 29_990),
        until: Some(ago(i64::from(12 - number) * 7_000 + 28_000)),
        ..base.clone()
    });
    open.into_iter().chain(ended).map(Arc::new).collect()
}

/// A device whose texts try everything.
pub(crate) fn device() -> Device {
    Device {
        system: System {
            name: DeviceText::clean(b"SW\x1b]52;c;ZXZpbA==\x07-01"),
            descr: DeviceText::clean("Router \u{202E}evil\u{202C} \u{1b}[31m v9".as_bytes()),
            uptime: Some(Duration::from_hours(24 * 41)),
            ..System::default()
        },
        interfaces: ["Gi0/1", "Gi0/2", "Vlan1"]
            .iter()
            .enumerate()
            .map(|(at, name)| Interface {
                index: at as u32 + 1,
                name: DeviceText::clean(name.as_bytes()),
                alias: DeviceText::clean("to pop-phu-bai".as_bytes()),
                speed: Some(1_000_000_000),
                admin: PortStatus::Up,
                oper: if at == 1 {
                    PortStatus::Down
                } else {
                    PortStatus::Up
                },
                ..Interface::default()
            })
            .collect(),
        ..Device::default()
    }
}

/// A picture with the hours counted for it, as the monitor has them a moment later.
pub(crate) fn counted(mut picture: Picture) -> Picture {
    let reference = Reference::new((*picture.network).clone());
    let incidents = picture.incidents.iter().map(AsRef::as_ref);
    let removed = Sight::live(&picture.network, incidents, picture.at).elements();
    picture.reckonings = Reckonings::default().next(&reference, removed, picture.at);
    picture
}

/// A picture in which every device was polled twice: one link came up slow, two cables changed their places, one port
/// is down, and one device has not answered for ten minutes.
pub(crate) fn wired(mut picture: Picture) -> Picture {
    let at = picture.at;
    let minute = Duration::from_mins(1);
    let reference = Reference::new((*picture.network).clone());
    let network = &reference.network;
    let fabric = Fabric::new(network.clone(), 7);
    let polled: Vec<NodeId> = network
        .nodes
        .values()
        .filter(|node| node.snmp.is_some())
        .map(|node| node.id.clone())
        .collect();
    let read = |node: &NodeId, after: Duration| {
        let mut device = fabric.whole(node, after).expect("a node");
        let minutes = after.as_secs() / 60;
        for (place, port) in (0..).zip(&mut device.interfaces) {
            let salt = node
                .as_str()
                .bytes()
                .fold(place, |salt, byte| mix(salt ^ u64::from(byte)));
            let busy = port.speed.unwrap_or_default() / 8 * 60;
            port.in_octets = Some(minutes * (busy / 1_000 * (salt % 700)));
            port.out_octets = Some(minutes * (busy / 1_000 * (salt / 700 % 300)));
            port.in_errors = Some(minutes * u64::from(salt.is_multiple_of(97)));
        }
        device
    };
    let mut devices: BTreeMap<NodeId, (Device, Device)> = polled
        .iter()
        .map(|node| (node.clone(), (read(node, minute), read(node, minute * 2))))
        .collect();
    let mut with = |node: &str, change: &dyn Fn(&mut Device)| {
        let pair = devices.get_mut(node).expect("a polled device");
        change(&mut pair.0);
        change(&mut pair.1);
    };
    with("core-1", &|device| {
        device.interfaces[1].speed = Some(1_000_000_000);
    });
    with("core-2", &|device| {
        device.interfaces[3].oper = PortStatus::Down;
    });
    // Two neighbours of one box in each other's place.
    with("core-3", &|device| {
        let [one, other] = [0, 1].map(|at| device.neighbours[at].clone());
        let swap = |here: &mut Neighbour, there: &Neighbour| {
            here.local_port = there.local_port.clone();
            here.local_index = there.local_index;
        };
        swap(&mut device.neighbours[0], &other);
        swap(&mut device.neighbours[1], &one);
    });
    let witnesses: BTreeMap<NodeId, Option<Witness>> = devices
        .iter()
        .map(|(node, (_, device))| (node.clone(), Some(witness(device, true))))
        .collect();
    let comparison = Comparison::of(network, &witnesses);
    for (place, (node, (before, after))) in (0..).zip(&devices) {
        let is_old = place == 3;
        let ago = SignedDuration::from_secs(if is_old { 600 } else { 2 + place % 58 });
        let interfaces = Interfaces {
            polled: at - ago,
            over: Some(minute),
            heard: Some(at - ago - SignedDuration::from_secs(120)),
            ports: beside(
                &reference,
                node,
                after,
                &rates(before, after, minute),
                &comparison,
            ),
        };
        change(&mut picture, node.as_str(), |view| {
            view.interfaces = Some(Arc::new(interfaces));
        });
    }
    picture.round.devices = devices.len();
    picture.round.devices_answered = devices.len() - 1;
    picture
}
