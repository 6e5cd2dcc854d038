//! The emulated network against the graph, and what it does to packets, agents and time.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::Duration;

use spanwatch::graph::Graph;
use spanwatch::lab::action::behaviour::Behaviour;
use spanwatch::lab::action::impairment::{Impairment, Rate};
use spanwatch::lab::action::{Action, Loss};
use spanwatch::lab::fabric::{Conduct, Fabric, Fate, Packet};
use spanwatch::model::device::{Device, PortStatus};
use spanwatch::model::network::{
    End, Link, Network, Node, Parts, Policy, Rates, RiskGroup, default_metric,
};
use spanwatch::model::reading::{Answer, Refusal};
use spanwatch::model::target::{Method, Target};
use spanwatch::model::{Element, NodeId};

/// A network in its open form: a hub on two cores, three points of presence, a provider's cloud without an
/// address, agencies with one, two and doubled uplinks.
fn parts() -> Parts {
    let mut parts = Parts {
        name: "A small network".to_owned(),
        example: true,
        ..Parts::new("small", "hub".into())
    };
    for (number, (id, transit)) in [
        ("hub", true),
        ("core-1", true),
        ("core-2", true),
        ("pop-a", true),
        ("pop-b", true),
        ("pop-c", true),
        ("cloud", true),
        ("single", false),
        ("twin", false),
        ("doubled", false),
        ("behind", false),
        ("lonely", false),
    ]
    .into_iter()
    .enumerate()
    {
        let address = (id != "cloud").then(|| Ipv4Addr::new(10, 50, 0, number as u8 + 1).into());
        parts.nodes.insert(id.into(), node(id, transit, address));
    }
    for (id, a, b, kind, risk) in [
        ("hub--core-1", "hub:x1", "core-1:x0", "lan", None),
        ("hub--core-2", "hub:x2", "core-2:x0", "lan", None),
        ("core-1--core-2", "core-1:x1", "core-2:x1", "fibre", None),
        (
            "core-1--pop-a",
            "core-1:x2",
            "pop-a:x0",
            "fibre",
            Some("duct"),
        ),
        (
            "core-2--pop-b",
            "core-2:x2",
            "pop-b:x0",
            "fibre",
            Some("duct"),
        ),
        ("pop-a--pop-b", "pop-a:x1", "pop-b:x1", "fibre", None),
        ("pop-b--pop-c", "pop-b:x2", "pop-c:x0", "fibre", None),
        ("core-1--cloud", "core-1:x3", "cloud", "mpls", None),
        ("single--pop-a", "single", "pop-a:x2", "fibre", None),
        ("twin--pop-a", "twin", "pop-a:x3", "fibre", None),
        ("twin--pop-c", "twin", "pop-c:x1", "4g", None),
        ("doubled--pop-c-1", "doubled", "pop-c:x2", "fibre", None),
        ("doubled--pop-c-2", "doubled", "pop-c:x3", "fibre", None),
        ("behind--cloud", "behind", "cloud", "mpls", None),
    ] {
        parts.links.insert(id.into(), link(id, a, b, kind, risk));
    }
    parts.risks.insert("duct".into(), risk("duct"));
    parts
}

fn node(id: &str, transit: bool, address: Option<IpAddr>) -> Node {
    Node {
        id: id.into(),
        name: id.to_owned(),
        role: if transit { "pop" } else { "agency" }.to_owned(),
        transit,
        address,
        addresses: Vec::new(),
        sys_name: id.to_owned(),
        probe: vec![Method::Ping, Method::Snmp],
        area: None,
        position: None,
        snmp: Some("lab".into()),
        vendor: None,
        model: None,
        serial: None,
        rates: Rates::default(),
        risks: Vec::new(),
        policy: Policy::default(),
        was: Vec::new(),
    }
}

fn link(id: &str, a: &str, b: &str, kind: &str, risk: Option<&str>) -> Link {
    let end = |text: &str| {
        let (node, port) = match text.split_once(':') {
            Some((node, port)) => (node, Some(port.to_owned())),
            None => (text, None),
        };
        End {
            node: node.into(),
            port,
        }
    };
    Link {
        id: id.into(),
        a: end(a),
        b: end(b),
        kind: kind.to_owned(),
        capacity: Some(1_000_000_000),
        metric: default_metric(kind),
        provider: None,
        circuit: None,
        risks: risk.into_iter().map(Into::into).collect(),
        length_km: Some(10.0),
        cost_build: None,
        cost_yearly: None,
        rates: Rates::default(),
        was: Vec::new(),
    }
}

fn risk(id: &str) -> RiskGroup {
    RiskGroup {
        id: id.into(),
        name: id.to_owned(),
        kind: "duct".to_owned(),
        rates: Rates::default(),
        members: Vec::new(),
    }
}

/// Returns the small network, proven.
pub(crate) fn small() -> Arc<Network> {
    Arc::new(Network::prove(parts()).expect("consistent parts"))
}

fn target(network: &Network, node: &str, method: Method) -> Target {
    network
        .targets()
        .into_iter()
        .find(|target| target.id.node == NodeId::from(node) && target.id.method == method)
        .expect("a target of the network")
}

fn element(text: &str) -> Element {
    text.parse().expect("an element")
}

fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Compares who answers a ping with who the graph says is reached.
fn agrees(network: &Arc<Network>, fabric: &mut Fabric, broken: &[Element], at: Duration) {
    let graph = Graph::new(network);
    let reached = graph.reach(&[graph.monitor()], &graph.cut(broken));
    for target in network.targets() {
        if target.id.method != Method::Ping {
            continue;
        }
        let (answer, after) = fabric.ask(&target, at);
        let node = graph.node(&target.id.node).expect("a node of the network");
        assert_eq!(
            answer.is_heard(),
            reached[node.index()],
            "{} with {broken:?} broken: {answer:?}",
            target.id.node
        );
        if matches!(answer, Answer::Silent) {
            assert_eq!(after, target.timeout);
        }
    }
}

#[test]
fn whoever_the_graph_reaches_answers_and_nobody_else_whatever_breaks() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let mut at = seconds(0);
    agrees(&network, &mut fabric, &[], at);
    let elements: Vec<Element> = network.elements().collect();
    for one in &elements {
        for other in &elements {
            let broken = vec![one.clone(), other.clone()];
            at += seconds(10);
            fabric.act(&Action::Cut(broken.clone()), at);
            agrees(&network, &mut fabric, &broken, at);
            fabric.act(&Action::RestoreAll, at);
        }
    }
    agrees(&network, &mut fabric, &[], at);
}

#[test]
fn every_element_of_the_reference_network_silences_whom_the_graph_loses() {
    let network = crate::lab::reference().0;
    let mut fabric = Fabric::new(network.clone(), 1);
    let elements: Vec<Element> = network.elements().collect();
    assert!(elements.len() > 1_300);
    for (round, one) in elements.into_iter().enumerate() {
        let at = seconds(round as u64);
        fabric.act(&Action::Cut(vec![one.clone()]), at);
        agrees(&network, &mut fabric, std::slice::from_ref(&one), at);
        fabric.act(&Action::Restore(vec![one]), at);
    }
    assert_eq!(fabric.faults(), []);
}

#[test]
fn random_networks_agree_with_the_graph_too() {
    let mut state = 7_u64;
    let mut below = |limit: u64| {
        state = spanwatch::graph::mix(state);
        state % limit
    };
    for round in 0..40 {
        let mut parts = parts();
        parts.links.clear();
        parts.risks.clear();
        let ids: Vec<String> = parts.nodes.keys().map(ToString::to_string).collect();
        for number in 0..18 {
            let a = below(ids.len() as u64) as usize;
            let b = below(ids.len() as u64) as usize;
            if a != b {
                let id = format!("l{number}");
                let link = link(&id, &ids[a], &ids[b], "fibre", None);
                parts.links.insert(id.as_str().into(), link);
            }
        }
        let network = Arc::new(Network::prove(parts).expect("consistent parts"));
        let mut fabric = Fabric::new(network.clone(), round);
        for one in network.elements().collect::<Vec<_>>() {
            fabric.act(&Action::Cut(vec![one.clone()]), seconds(1));
            agrees(&network, &mut fabric, &[one], seconds(2));
            fabric.act(&Action::RestoreAll, seconds(3));
        }
    }
}

#[test]
fn an_agency_with_two_uplinks_is_no_bridge_for_its_neighbours() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let pop_c = target(&network, "pop-c", Method::Ping);
    assert!(fabric.ask(&pop_c, seconds(0)).0.is_heard());
    fabric.act(&Action::Cut(vec![element("link:pop-b--pop-c")]), seconds(1));
    assert!(!fabric.ask(&pop_c, seconds(2)).0.is_heard());
    let twin = target(&network, "twin", Method::Ping);
    assert!(fabric.ask(&twin, seconds(2)).0.is_heard());
}

#[test]
fn restoring_one_element_leaves_the_others_broken() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let cut = [element("node:pop-a"), element("link:single--pop-a")];
    fabric.act(&Action::Cut(cut.to_vec()), seconds(1));
    assert_eq!(fabric.broken(), cut.to_vec());
    fabric.act(&Action::Restore(vec![cut[0].clone()]), seconds(2));
    assert_eq!(fabric.broken(), vec![cut[1].clone()]);
    agrees(&network, &mut fabric, &cut[1..], seconds(3));
    fabric.act(&Action::Cut(vec![element("node:nobody")]), seconds(4));
    assert_eq!(fabric.broken(), vec![cut[1].clone()]);
}

#[test]
fn loss_has_the_ratio_and_the_bursts_that_were_asked_for() {
    let network = small();
    let single = target(&network, "single", Method::Ping);
    for burst in [1.0, 5.0] {
        let mut fabric = Fabric::new(network.clone(), 3);
        let loss = Loss {
            ratio: 0.1,
            burst,
            toward: Some("single".into()),
        };
        let element = element("link:single--pop-a");
        fabric.act(&Action::Loss { element, loss }, seconds(1));
        let silent: Vec<bool> = (0..20_000)
            .map(|n| !fabric.ask(&single, seconds(2 + n)).0.is_heard())
            .collect();
        let total = silent.iter().filter(|silent| **silent).count() as f64;
        let runs = silent.windows(2).filter(|pair| !pair[0] && pair[1]).count() as f64;
        assert!((0.08..0.12).contains(&(total / 20_000.0)), "{total} lost");
        let expected = if burst > 1.0 { burst } else { 1.0 / 0.9 };
        assert!(
            (expected * 0.8..expected * 1.2).contains(&(total / runs)),
            "{} in a row",
            total / runs
        );
    }
}

#[test]
fn total_loss_in_one_direction_silences_without_moving_the_routes() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 3);
    let loss = Loss {
        ratio: 1.0,
        burst: 1.0,
        toward: Some("core-1".into()),
    };
    let element = element("link:core-1--cloud");
    fabric.act(&Action::Loss { element, loss }, seconds(1));
    let behind = target(&network, "behind", Method::Ping);
    let heard = (0..50).filter(|n| fabric.ask(&behind, seconds(2 + n)).0.is_heard());
    assert_eq!(heard.count(), 0);
    // The port that the lost packets should come in by is whole.
    let Answer::Device(device) = poll(&mut fabric, "core-1", seconds(60)) else {
        panic!("core-1 is silent");
    };
    assert!(
        device
            .interfaces
            .iter()
            .all(|port| port.oper == PortStatus::Up)
    );
    assert_eq!(fabric.broken().len(), 1);
    fabric.act(&Action::RestoreAll, seconds(100));
    assert!(fabric.ask(&behind, seconds(101)).0.is_heard());
}

#[test]
fn the_router_at_the_break_says_so_at_its_limited_rate() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    fabric.act(
        &Action::Cut(vec![element("link:single--pop-a")]),
        seconds(1),
    );
    let single = target(&network, "single", Method::Ping);
    let pop_a = network.nodes["pop-a"].address.expect("an address");
    let mut refused = 0;
    for _ in 0..50 {
        match fabric.ask(&single, seconds(2)).0 {
            Answer::Refused { by, why } => {
                assert_eq!((by, why), (pop_a, Refusal::Unreachable(1)));
                refused += 1;
            }
            answer => assert!(matches!(answer, Answer::Silent), "{answer:?}"),
        }
    }
    assert_eq!(refused, 10);
    assert!(matches!(
        fabric.ask(&single, seconds(4)).0,
        Answer::Refused { .. }
    ));
}

#[test]
fn routers_that_are_told_to_be_quiet_say_nothing() {
    let network = small();
    let mut conduct = Conduct::default();
    conduct.unreachable.per_second = 0.0;
    conduct.unreachable.burst = 0.0;
    let mut fabric = Fabric::with_conduct(network.clone(), 1, conduct);
    fabric.act(&Action::Cut(vec![element("node:single")]), seconds(1));
    let single = target(&network, "single", Method::Ping);
    assert!(matches!(fabric.ask(&single, seconds(2)).0, Answer::Silent));
}

#[test]
fn packets_die_at_a_fault_until_routing_has_converged() {
    let network = small();
    let conduct = Conduct {
        convergence: seconds(3),
        ..Conduct::default()
    };
    let mut fabric = Fabric::with_conduct(network.clone(), 1, conduct);
    let pop_a = target(&network, "pop-a", Method::Ping);
    fabric.act(
        &Action::Cut(vec![element("link:core-1--pop-a")]),
        seconds(10),
    );
    assert!(matches!(fabric.ask(&pop_a, seconds(11)).0, Answer::Silent));
    assert!(fabric.ask(&pop_a, seconds(13)).0.is_heard());
}

/// Sends one packet to a node with this time to live.
fn send(fabric: &mut Fabric, to: &str, ttl: u8) -> Fate {
    let network = fabric.network().clone();
    let destination = network.nodes[to].address.expect("an address");
    let packet = Packet {
        from_near: true,
        source: Ipv4Addr::new(198, 18, 0, 2).into(),
        destination,
        ttl,
        flow: 5,
        octets: 100,
        is_whole: true,
    };
    fabric.packet(&packet, seconds(1))
}

#[test]
fn each_time_to_live_ends_at_its_hop_of_the_path() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let path = path(&network, &"doubled".into(), 5).expect("a way");
    assert_eq!(path.len(), 4);
    for (hop, node) in path.iter().enumerate() {
        let fate = send(&mut fabric, "doubled", hop as u8 + 1);
        if hop + 1 == path.len() {
            assert!(matches!(fate, Fate::Deliver { ttl: 1, .. }), "{fate:?}");
        } else {
            let Fate::Answer { router, why, .. } = fate else {
                panic!("hop {hop}: {fate:?}");
            };
            assert_eq!(network.nodes[node].address, Some(router));
            assert_eq!(why, Refusal::TimeExceeded);
        }
    }
    // The provider's cloud has no address to speak from.
    assert_eq!(send(&mut fabric, "behind", 2), Fate::Drop);
}

#[test]
fn a_trace_to_a_lost_node_shows_the_way_up_to_the_break() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let path = path(&network, &"doubled".into(), 5).expect("a way");
    fabric.act(&Action::Cut(vec![element("node:doubled")]), seconds(0));
    let says = |fate: Fate| match fate {
        Fate::Answer { router, why, .. } => (router, why),
        other => panic!("{other:?}"),
    };
    for ttl in 1..=5 {
        let hop = usize::from(ttl).min(3) - 1;
        let router = network.nodes[&path[hop]].address.expect("an address");
        let why = if ttl <= 3 {
            Refusal::TimeExceeded
        } else {
            Refusal::Unreachable(1)
        };
        assert_eq!(says(send(&mut fabric, "doubled", ttl)), (router, why));
    }
}

#[test]
fn an_address_that_nobody_has_gets_no_answer() {
    let mut fabric = Fabric::new(small(), 1);
    let packet = Packet {
        from_near: true,
        source: Ipv4Addr::new(198, 18, 0, 2).into(),
        destination: Ipv4Addr::new(10, 50, 9, 9).into(),
        ttl: 64,
        flow: 5,
        octets: 100,
        is_whole: true,
    };
    assert_eq!(fabric.packet(&packet, seconds(1)), Fate::Drop);
}

#[test]
fn round_trip_time_follows_length_and_kind() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let mut median = |node: &str| {
        let target = target(&network, node, Method::Ping);
        let mut times: Vec<Duration> = (0..101)
            .map(|n| fabric.ask(&target, seconds(n)).1)
            .collect();
        times.sort();
        times[50]
    };
    let (core, pop, behind) = (median("core-1"), median("pop-a"), median("behind"));
    // One lan of 10 km, there and back, is 100 us of light.
    assert!(core > Duration::from_micros(100) && core < Duration::from_micros(250));
    assert!(pop > core + Duration::from_micros(200));
    assert!(behind > Duration::from_millis(3) && behind < Duration::from_millis(10));
}

/// Returns the nodes on the way from the monitor to a node, it included, as routing shares this flow.
pub(crate) fn path(network: &Network, to: &NodeId, flow: u64) -> Option<Vec<NodeId>> {
    let graph = Graph::new(network);
    let routes = graph.routes(graph.monitor(), &graph.cut([]));
    let path = routes.path(graph.node(to)?, flow)?;
    Some(
        path.iter()
            .map(|(_, node)| graph.node_id(*node).clone())
            .collect(),
    )
}

/// Returns what a node's agent says.
fn poll(fabric: &mut Fabric, node: &str, at: Duration) -> Answer {
    let network = fabric.network().clone();
    fabric.ask(&target(&network, node, Method::Snmp), at).0
}

#[test]
fn ports_follow_their_links_and_the_nodes_at_the_other_end() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let ports = |fabric: &mut Fabric, at| {
        let Answer::Device(device) = poll(fabric, "core-1", at) else {
            panic!("core-1 is silent");
        };
        device
            .interfaces
            .iter()
            .map(|port| (port.name.to_string(), port.oper))
            .collect::<BTreeMap<_, _>>()
    };
    let all: BTreeSet<&str> = ["lo0", "x0", "x1", "x2", "x3"].into();
    let before = ports(&mut fabric, seconds(1));
    assert_eq!(
        before.keys().map(String::as_str).collect::<BTreeSet<_>>(),
        all
    );
    assert!(before.values().all(|oper| *oper == PortStatus::Up));
    fabric.act(
        &Action::Cut(vec![element("risk:duct"), element("node:cloud")]),
        seconds(2),
    );
    let after = ports(&mut fabric, seconds(3));
    let down: Vec<&str> = after
        .iter()
        .filter(|(_, oper)| **oper == PortStatus::Down)
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(down, ["x2", "x3"]);
}

#[test]
fn counters_grow_stand_still_and_begin_again() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let octets = |fabric: &Fabric, at| {
        let device = fabric.device(&"pop-c".into(), at).expect("a node");
        let sum: u64 = device.interfaces.iter().filter_map(|p| p.in_octets).sum();
        (sum, device.system.uptime.expect("an uptime"))
    };
    let (first, _) = octets(&fabric, seconds(10));
    let (second, uptime) = octets(&fabric, seconds(20));
    assert!(second > first && uptime == seconds(20));
    fabric.act(&Action::Cut(vec![element("node:pop-c")]), seconds(20));
    assert_eq!(octets(&fabric, seconds(90)).0, second);
    fabric.act(&Action::RestoreAll, seconds(90));
    let node = NodeId::from("pop-c");
    let behaviour = Behaviour::Reboot;
    fabric.act(&Action::Agent { node, behaviour }, seconds(100));
    assert_eq!(octets(&fabric, seconds(100)), (0, seconds(0)));
    assert_eq!(fabric.started(&"pop-c".into()), (seconds(100), 2));
    assert!(octets(&fabric, seconds(101)).0 > 0);
}

#[test]
fn a_poll_tells_the_moment_whether_older_ones_are_kept_or_not() {
    let network = small();
    let mut fabric = Fabric::new(network, 8);
    let mut kept: Vec<(Device, Arc<Device>)> = Vec::new();
    for number in 0..60_u64 {
        let at = seconds(60 * number);
        match number {
            20 => fabric.act(&Action::Cut(vec![element("link:single--pop-a")]), at),
            40 => fabric.act(&Action::RestoreAll, at),
            _ => {}
        }
        let Answer::Device(said) = poll(&mut fabric, "pop-a", at) else {
            panic!("no answer to poll {number}");
        };
        let answered_at = said.system.uptime.expect("since the beginning");
        let true_then = fabric
            .device(&"pop-a".into(), answered_at)
            .expect("it is there");
        assert_eq!(*said, true_then, "poll {number}");
        // Some are kept for long, some for a while, most not at all.
        if number % 3 == 0 {
            kept.push((true_then, said));
        }
        if number % 7 == 0 {
            kept.remove(0);
        }
    }
    for (true_then, said) in &kept {
        assert_eq!(**said, *true_then, "what is kept is not written over");
    }
}

#[test]
fn what_is_broken_elsewhere_changes_no_round_trip() {
    let network = small();
    // Where nothing at all is wrong, packets are carried by a shorter reckoning.
    let mut sound = Fabric::new(network.clone(), 5);
    let mut broken = sound.clone();
    broken.act(&Action::Cut(vec![element("node:lonely")]), Duration::ZERO);
    let mut heard = 0;
    for round in 0..50 {
        let at = seconds(round);
        for target in network.targets() {
            if target.id.node.as_str() == "lonely" {
                continue;
            }
            let (one, other) = (sound.ask(&target, at), broken.ask(&target, at));
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "{target:?}");
            heard += usize::from(one.0.is_heard());
        }
    }
    assert!(heard > 400, "only {heard} answers");
}

#[test]
fn a_sick_agent_changes_only_its_own_answers() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let ping = target(&network, "pop-b", Method::Ping);
    let mut at = seconds(1);
    for (behaviour, pings, polls) in [
        (Behaviour::Killed, true, "Silent"),
        (Behaviour::Slow(seconds(5)), true, "Silent"),
        (Behaviour::Slow(seconds(1)), true, "Device"),
        (Behaviour::Garbage, true, "Silent"),
        (Behaviour::Another, true, "Silent"),
        (Behaviour::Partial, true, "Partial"),
        (Behaviour::Pingless, false, "Device"),
        (Behaviour::Well, true, "Device"),
    ] {
        at += seconds(10);
        let node = NodeId::from("pop-b");
        fabric.act(&Action::Agent { node, behaviour }, at);
        assert_eq!(fabric.ask(&ping, at).0.is_heard(), pings, "{behaviour}");
        let answer = format!("{:?}", poll(&mut fabric, "pop-b", at));
        assert!(answer.starts_with(polls), "{behaviour}: {answer}");
        assert!(matches!(poll(&mut fabric, "pop-a", at), Answer::Device(_)));
    }
}

#[test]
fn the_same_seed_gives_the_same_fates() {
    let network = small();
    let story = |seed| {
        let mut fabric = Fabric::new(network.clone(), seed);
        let loss = Loss::of(0.3);
        let risk = element("risk:duct");
        fabric.act(
            &Action::Loss {
                element: risk,
                loss,
            },
            seconds(1),
        );
        let by = Duration::from_millis(3);
        impair(
            &mut fabric,
            "node:pop-b",
            Impairment::Reorder { ratio: 0.3, by },
        );
        impair(&mut fabric, "link:hub--core-2", Impairment::Duplicate(0.3));
        impair(&mut fabric, "link:hub--core-1", rate(100_000, 2));
        let mut heard = Vec::new();
        for second in 2..40 {
            for target in network.targets() {
                heard.push(fabric.ask(&target, seconds(second)).1);
            }
        }
        heard
    };
    assert_eq!(story(4), story(4));
    assert_ne!(story(4), story(5));
}

fn impair(fabric: &mut Fabric, at: &str, by: Impairment) {
    let element = element(at);
    fabric.act(&Action::Impair { element, by }, seconds(1));
}

fn rate(bits: u64, milliseconds: u64) -> Impairment {
    Impairment::Rate(Rate {
        bits,
        queue: Duration::from_millis(milliseconds),
    })
}

/// Returns a packet between the monitor and a node.
fn packet(network: &Network, node: &str, from_near: bool, octets: usize, is_whole: bool) -> Packet {
    let far = network.nodes[node].address.expect("an address");
    let near = Ipv4Addr::new(198, 18, 0, 2).into();
    let (source, destination) = if from_near { (near, far) } else { (far, near) };
    Packet {
        from_near,
        source,
        destination,
        ttl: 64,
        flow: 5,
        octets,
        is_whole,
    }
}

#[test]
fn a_slow_link_makes_packets_wait_their_turn_and_drops_what_would_wait_too_long() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    // A packet of 1,000 octets takes 8 ms; the fourth would wait 24.
    impair(&mut fabric, "link:hub--core-1", rate(1_000_000, 20));
    let mut packet = packet(&network, "core-1", true, 1_000, true);
    let fates: Vec<Fate> = (0..6).map(|_| fabric.packet(&packet, seconds(2))).collect();
    for (place, fate) in fates.iter().enumerate() {
        if place < 3 {
            let Fate::Deliver { after, .. } = fate else {
                panic!("{place}: {fate:?}");
            };
            let sent = Duration::from_millis(8 * (place as u64 + 1));
            assert!(*after > sent && *after < sent + Duration::from_millis(1));
        } else {
            assert_eq!(*fate, Fate::Drop, "{place}");
        }
    }
    // 11 ms later the third has 13 to go: there is room for one more, and for no second.
    let later = seconds(2) + Duration::from_millis(11);
    assert!(matches!(
        fabric.packet(&packet, later),
        Fate::Deliver { .. }
    ));
    assert_eq!(fabric.packet(&packet, later), Fate::Drop);
    // The other direction is free.
    packet = self::packet(&network, "core-1", false, 1_000, true);
    let Fate::Deliver { after, .. } = fabric.packet(&packet, later) else {
        panic!("dropped on the way back");
    };
    assert!(after < Duration::from_millis(9));
    // What was dropped was never on the link; nothing but four packets went there.
    let carried = |fabric: &Fabric| {
        let device = fabric.device(&"core-1".into(), later).expect("a node");
        let counted = device.interfaces.iter().filter_map(|port| port.in_octets);
        counted.sum::<u64>()
    };
    let background = carried(&Fabric::new(network.clone(), 1));
    assert_eq!(carried(&fabric) - background, 4_000);
}

#[test]
fn a_slow_link_delivers_its_rate_and_no_more() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    impair(&mut fabric, "link:core-1--pop-a", rate(2_000_000, 50));
    let packet = packet(&network, "pop-a", true, 1_250, true);
    // 200 packets a second of 10,000 bits are what 2 Mbit/s carry; here come 500.
    let arrived: Vec<Duration> = (0..5_000)
        .filter_map(|number| {
            let at = seconds(2) + Duration::from_millis(2 * number);
            match fabric.packet(&packet, at) {
                Fate::Deliver { after, .. } => Some(at + after),
                _ => None,
            }
        })
        .collect();
    assert!(
        (2_000..=2_012).contains(&arrived.len()),
        "{}",
        arrived.len()
    );
}

#[test]
fn an_answer_that_comes_late_is_not_in_the_way_of_those_before_it() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    impair(&mut fabric, "link:hub--core-2", rate(1_000_000, 20));
    let node = NodeId::from("pop-b");
    let behaviour = Behaviour::Slow(Duration::from_millis(900));
    fabric.act(&Action::Agent { node, behaviour }, seconds(1));
    assert!(matches!(
        poll(&mut fabric, "pop-b", seconds(2)),
        Answer::Device(_)
    ));
    let ping = target(&network, "pop-b", Method::Ping);
    for _ in 0..10 {
        let (answer, after) = fabric.ask(&ping, seconds(2));
        assert!(
            answer.is_heard() && after < Duration::from_millis(30),
            "{after:?}"
        );
    }
}

#[test]
fn copies_are_counted_for_each_element_that_makes_them() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let packet = packet(&network, "single", true, 100, true);
    let copies = |fabric: &mut Fabric| match fabric.packet(&packet, seconds(2)) {
        Fate::Deliver { copies, .. } => copies,
        fate => panic!("{fate:?}"),
    };
    assert_eq!(copies(&mut fabric), 1);
    impair(
        &mut fabric,
        "link:single--pop-a",
        Impairment::Duplicate(1.0),
    );
    assert_eq!(copies(&mut fabric), 2);
    impair(&mut fabric, "node:pop-a", Impairment::Duplicate(1.0));
    impair(&mut fabric, "risk:duct", Impairment::Duplicate(1.0));
    assert_eq!(copies(&mut fabric), 4);
    fabric.act(&Action::RestoreAll, seconds(1));
    impair(&mut fabric, "risk:duct", Impairment::Duplicate(0.2));
    let total: u32 = (0..10_000).map(|_| u32::from(copies(&mut fabric))).sum();
    assert!((11_800..12_200).contains(&total), "{total}");
    // A share of nothing takes it away.
    impair(&mut fabric, "risk:duct", Impairment::Duplicate(0.0));
    assert_eq!((copies(&mut fabric), fabric.faults()), (1, vec![]));
}

#[test]
fn a_share_is_held_back_and_overtaken_by_what_was_sent_later() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let by = Duration::from_millis(30);
    impair(
        &mut fabric,
        "link:single--pop-a",
        Impairment::Reorder { ratio: 0.25, by },
    );
    let packet = packet(&network, "single", true, 100, true);
    let mut arrivals = Vec::new();
    let mut held = 0;
    for number in 0..4_000_u64 {
        let at = seconds(2) + Duration::from_millis(10 * number);
        let Fate::Deliver { after, is_held, .. } = fabric.packet(&packet, at) else {
            panic!("lost");
        };
        assert_eq!(after > by, is_held, "{after:?}");
        held += u32::from(is_held);
        arrivals.push(at + after);
    }
    assert!((900..1_100).contains(&held), "{held}");
    let overtaken = arrivals.windows(2).filter(|pair| pair[0] > pair[1]).count();
    // One that is held is overtaken by the next, unless that is held too.
    assert!((650..850).contains(&overtaken), "{overtaken}");
}

#[test]
fn the_router_before_a_narrow_link_says_what_fits() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let way = path(&network, &"doubled".into(), 5).expect("a way");
    let names: Vec<&str> = way.iter().map(NodeId::as_str).collect();
    assert_eq!(names, ["core-2", "pop-b", "pop-c", "doubled"]);
    impair(&mut fabric, "link:pop-b--pop-c", Impairment::Mtu(1_400));
    let sent =
        |from_near, octets, is_whole| packet(&network, "doubled", from_near, octets, is_whole);
    for (from_near, speaks) in [(true, "pop-b"), (false, "pop-c")] {
        let Fate::Answer {
            router, why, mtu, ..
        } = fabric.packet(&sent(from_near, 1_401, true), seconds(2))
        else {
            panic!("nobody says that it is too large");
        };
        assert_eq!(Some(router), network.nodes[speaks].address);
        assert_eq!((why, mtu), (Refusal::Unreachable(4), Some(1_400)));
        for (octets, is_whole) in [(1_400, true), (1_500, false), (60_000, false)] {
            let fate = fabric.packet(&sent(from_near, octets, is_whole), seconds(2));
            assert!(matches!(fate, Fate::Deliver { .. }), "{octets}: {fate:?}");
        }
    }
    // It says so as seldom as any router says anything.
    let said =
        (0..50).filter(|_| fabric.packet(&sent(true, 1_500, true), seconds(4)) != Fate::Drop);
    assert_eq!(said.count(), 10);
    // Nobody stands before the monitor's own link.
    impair(&mut fabric, "link:hub--core-2", Impairment::Mtu(1_400));
    assert_eq!(
        fabric.packet(&sent(true, 1_500, true), seconds(9)),
        Fate::Drop
    );
    fabric.act(&Action::RestoreAll, seconds(10));
    let fate = fabric.packet(&sent(true, 1_500, true), seconds(11));
    assert!(matches!(fate, Fate::Deliver { .. }), "{fate:?}");
}

#[test]
fn fragments_pay_for_their_headers_on_a_slow_link() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    impair(&mut fabric, "link:hub--core-1", rate(8_000, 60_000));
    impair(&mut fabric, "link:hub--core-1", Impairment::Mtu(68));
    // 480 octets of data are ten fragments of 48, each with 20 of its own: 680 octets at 1,000 a second.
    let fate = fabric.packet(&packet(&network, "core-1", true, 500, false), seconds(2));
    let Fate::Deliver { after, .. } = fate else {
        panic!("{fate:?}");
    };
    assert_eq!(after.as_millis(), 680);
}

#[test]
fn a_link_that_works_one_way_carries_the_other_way() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let goes = |fabric: &mut Fabric, from_near| {
        let packet = packet(&network, "single", from_near, 100, true);
        fabric.packet(&packet, seconds(2)) != Fate::Drop
    };
    for (toward, expected) in [("single", (false, true)), ("pop-a", (true, false))] {
        impair(
            &mut fabric,
            "link:single--pop-a",
            Impairment::OneWay(toward.into()),
        );
        assert_eq!(
            (goes(&mut fabric, true), goes(&mut fabric, false)),
            expected
        );
        let ping = target(&network, "single", Method::Ping);
        assert!(matches!(fabric.ask(&ping, seconds(3)).0, Answer::Silent));
    }
    assert_eq!(fabric.broken(), [element("link:single--pop-a")]);
}

#[test]
fn restoring_an_element_takes_away_whatever_was_done_to_it_and_nothing_else() {
    let network = small();
    let mut fabric = Fabric::new(network.clone(), 1);
    let link = "link:single--pop-a";
    let by = Duration::from_millis(30);
    for by in [
        rate(8_000, 1),
        Impairment::Duplicate(1.0),
        Impairment::Reorder { ratio: 1.0, by },
        Impairment::Mtu(68),
        Impairment::OneWay("single".into()),
    ] {
        impair(&mut fabric, link, by);
    }
    impair(&mut fabric, "node:pop-b", Impairment::Duplicate(0.5));
    impair(&mut fabric, "node:nobody", Impairment::Duplicate(0.5));
    assert_eq!(fabric.faults().len(), 6);
    fabric.act(&Action::Restore(vec![element(link)]), seconds(2));
    let other = Action::Impair {
        element: element("node:pop-b"),
        by: Impairment::Duplicate(0.5),
    };
    assert_eq!(fabric.faults(), [other]);
    let fate = fabric.packet(&packet(&network, "single", true, 1_500, true), seconds(3));
    let Fate::Deliver {
        after,
        copies,
        is_held,
        ..
    } = fate
    else {
        panic!("{fate:?}");
    };
    assert!(after < Duration::from_millis(5) && copies == 1 && !is_held);
    fabric.act(&Action::RestoreAll, seconds(4));
    assert_eq!(fabric.faults(), []);
}
