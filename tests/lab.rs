//! The lab: its scenarios, its control lines, its ground truth, and the network on a real wire.

#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use pnet::packet::Packet as _;
use pnet::packet::icmp::{IcmpPacket, IcmpTypes};
use pnet::packet::ipv4::Ipv4Packet;
use pnet::packet::udp::UdpPacket;
use spanwatch::graph::Graph;
use spanwatch::lab::action::behaviour::Behaviour;
use spanwatch::lab::action::impairment::Impairment;
use spanwatch::lab::action::{Action, Loss, Request, listed};
use spanwatch::lab::addressing::Addressing;
use spanwatch::lab::fabric::Fabric;
use spanwatch::lab::frame;
use spanwatch::lab::record::Record;
use spanwatch::lab::scenario::{CODES, Scenario, built_in, names};
use spanwatch::model::fault::{Fault, Place, Source};
use spanwatch::model::network::Network;
use spanwatch::model::reading::Refusal;
use spanwatch::model::{Element, NodeId};

use crate::stage::{self, Ended, PATIENCE, spanwatch};

fn source(text: &str) -> Arc<Source> {
    Arc::new(Source {
        name: "scenario.toml".to_owned(),
        text: text.to_owned(),
    })
}

fn faults(text: &str) -> Vec<Fault> {
    Scenario::parse(&source(text), &crate::fabric::small()).expect_err("a refused scenario")
}

fn element(text: &str) -> Element {
    text.parse().expect("an element")
}

#[test]
fn a_scenario_says_what_happens_in_order_of_time() {
    let text = r#"
seed = 7
convergence = "200ms"
[[at]]
t = "35s"
loss = { element = "link:hub--core-1", percent = 4, burst = 3, toward = "hub" }
[[at]]
t = "1m 20s"
restore = ["all"]
[[at]]
t = "20s"
cut = ["link:core-1--cloud"]
down = ["node:pop-a", "risk:duct"]
agent = { node = "pop-b", behaviour = "slow 3s" }
[[at]]
t = "30s"
oneway = { link = "link:hub--core-1", toward = "hub" }
mtu = { link = "hub--core-1", octets = 1400 }
reorder = { element = "risk:duct", percent = 25, by = "20ms" }
duplicate = { element = "node:pop-a", percent = 1.5 }
rate = { link = "link:hub--core-1", bits = "2M", queue = "10ms" }
icmp-limit = { node = "pop-b", rate = 5, others = 7.5 }
"#;
    let scenario = Scenario::parse(&source(text), &crate::fabric::small()).expect("a scenario");
    assert_eq!(scenario.seed, Some(7));
    assert_eq!(scenario.convergence, Duration::from_millis(200));
    let said: Vec<(u64, String)> = scenario
        .events
        .iter()
        .map(|event| (event.at.as_secs(), event.action.to_string()))
        .collect();
    let expected = [
        (20, "cut link:core-1--cloud"),
        (20, "cut node:pop-a risk:duct"),
        (20, "agent node:pop-b slow 3000ms"),
        (30, "rate link:hub--core-1 2M 10ms"),
        (30, "duplicate node:pop-a 1.5"),
        (30, "reorder risk:duct 25 20ms"),
        (30, "mtu link:hub--core-1 1400"),
        (30, "oneway link:hub--core-1 node:hub"),
        (30, "icmp-limit node:pop-b 5 7.5"),
        (35, "loss link:hub--core-1 4 3 node:hub"),
        (80, "restore all"),
    ];
    assert_eq!(said, expected.map(|(at, words)| (at, words.to_owned())));
}

#[test]
fn every_mistake_in_a_scenario_is_named_at_its_line() {
    let text = r#"[[at]]
t = "soon"
cut = ["link:core-1--clout", "core-1"]
[[at]]
t = "5s"
[[at]]
t = "6s"
loss = { element = "link:hub--core-1", percent = 400, burst = 0.5, toward = "pop-a" }
agent = { node = "pop-b", behaviour = "sulks" }
[[at]]
t = "7s"
rate = { link = "node:pop-a", bits = "2M" }
duplicate = { element = "node:pop-a", percent = -1 }
reorder = { element = "node:pop-a", percent = 3, by = "late" }
mtu = { link = "hub--core-1", octets = 10 }
oneway = { link = "hub--core-1", toward = "pop-a" }
icmp-limit = { node = "pop-b", rate = 0 }
"#;
    let found: Vec<(&str, usize)> = faults(text)
        .iter()
        .map(|fault| (fault.code, fault.place.as_ref().map_or(0, Place::line)))
        .collect();
    assert_eq!(
        found,
        [
            ("S0302", 2),
            ("S0303", 3),
            ("S0303", 3),
            ("S0306", 4),
            ("S0304", 8),
            ("S0304", 8),
            ("S0305", 8),
            ("S0305", 9),
            ("S0303", 12),
            ("S0304", 13),
            ("S0302", 14),
            ("S0304", 15),
            ("S0305", 16),
            ("S0304", 17),
        ]
    );
    let help = faults(text)[1].help.clone();
    assert_eq!(help.as_deref(), Some("did you mean `link:core-1--cloud`?"));
    for (code, _) in found {
        assert!(CODES.iter().any(|(known, _)| *known == code), "{code}");
    }
}

#[test]
fn what_is_no_scenario_at_all_is_one_fault_and_never_a_panic() {
    for (text, line) in [
        ("[[at]\nt = 1", 1),
        ("[[at]]\nt = 20\n", 2),
        ("[[at]]\nt = \"20s\"\nbreak = [\"link:a\"]\n", 3),
        ("at = 3", 1),
        ("seed = -1", 1),
        ("\u{0}\u{1}\u{2}", 1),
    ] {
        let found = faults(text);
        assert_eq!(found.len(), 1, "{text:?}: {found:?}");
        assert_eq!(found[0].code, "S0301");
        let place = found[0].place.as_ref().expect("a place");
        assert_eq!(place.line(), line, "{text:?}: {}", found[0].message);
        assert!(found[0].message.ends_with('.'));
    }
}

#[test]
fn a_line_that_is_printed_is_a_line_that_can_be_typed() {
    let network = crate::fabric::small();
    for line in [
        "cut link:core-1--cloud node:pop-a",
        "restore risk:duct",
        "restore all",
        "loss link:hub--core-1 4.5",
        "loss link:hub--core-1 4.5 3",
        "loss link:hub--core-1 30 1 node:core-1",
        "rate link:hub--core-1 2M 100ms",
        "rate link:hub--core-1 1500k 2500us",
        "rate link:hub--core-1 1001 0ms",
        "duplicate node:pop-b 12.5",
        "reorder risk:duct 25 50ms",
        "mtu link:hub--core-1 1400",
        "oneway link:hub--core-1 node:core-1",
        "icmp-limit node:pop-b 0.05",
        "icmp-limit node:pop-b 20 25.5",
        "agent node:pop-b killed",
        "agent node:pop-b slow 2500ms",
        "agent node:pop-b no-ping",
    ] {
        let Ok(Request::Act(action)) = Request::parse(line, &network) else {
            panic!("`{line}` is not understood");
        };
        assert_eq!(action.to_string(), line);
    }
    for (short, long) in [
        ("rate hub--core-1 1.5M", "rate link:hub--core-1 1500k 100ms"),
        ("reorder risk:duct 5%", "reorder risk:duct 5 50ms"),
        ("oneway hub--core-1 hub", "oneway link:hub--core-1 node:hub"),
        ("icmp-limit pop-b 2", "icmp-limit node:pop-b 2"),
    ] {
        assert_eq!(
            Request::parse(short, &network),
            Request::parse(long, &network)
        );
        assert!(Request::parse(short, &network).is_ok(), "{short}");
    }
    assert_eq!(Request::parse("  list ", &network), Ok(Request::List));
}

#[test]
fn a_line_that_is_wrong_says_what_would_be_right() {
    let network = crate::fabric::small();
    for (line, words) in [
        ("", "understands `cut ELEMENT...`"),
        ("explode", "understands `cut ELEMENT...`"),
        ("cut", "`cut` needs at least one element"),
        ("cut link:core-1--clout", "did you mean link:core-1--cloud."),
        ("cut pop-a", "write `node:ID`"),
        ("loss link:core-1--cloud 101", "percentage from 0 to 100"),
        ("loss link:core-1--cloud NaN", "percentage from 0 to 100"),
        ("loss link:core-1--cloud 4 0", "at least 1"),
        ("loss link:core-1--cloud 4 1 hub", "not an end of that link"),
        ("rate hub--core-1", "`rate LINK BITS [QUEUE]`"),
        ("rate node:pop-a 2M", "node:pop-a is not a link"),
        ("rate hub--core-1 2X", "`2X` is not a rate"),
        ("rate hub--core-1 -2M", "is not a rate"),
        ("rate hub--core-1 NaN", "is not a rate"),
        ("rate hub--core-1 infG", "is not a rate"),
        ("rate hub--core-1 k", "is not a rate"),
        ("rate hub--core-1 2é", "is not a rate"),
        ("rate hub--core-1 2M 2h", "span of time up to a minute"),
        ("reorder pop-a 5", "write `node:ID`"),
        ("reorder node:pop-a 5 soon", "span of time up to a minute"),
        ("duplicate node:pop-a 500", "percentage from 0 to 100"),
        ("mtu hub--core-1 67", "octets from 68"),
        ("mtu hub--core-1 65536", "octets from 68"),
        ("mtu hub--core-9 1400", "did you mean link:hub--core-"),
        ("oneway hub--core-1 pop-a", "not an end of that link"),
        ("icmp-limit pop-a", "`icmp-limit NODE RATE [OTHERS]`"),
        ("icmp-limit pop-a none", "not a number of messages a second"),
        (
            "icmp-limit pop-a 5 NaN",
            "not a number of messages a second",
        ),
        ("icmp-limit link:hub--core-1 5", "there is no node"),
        ("agent pop-a sulks", "not a way to behave"),
        ("agent nobody-like-that killed", "there is no node"),
    ] {
        let error = Request::parse(line, &network).expect_err("a refused line");
        let said = error.to_string();
        assert!(said.contains(words), "`{line}`: {said}");
        assert!(!said.contains('\n'), "`{line}`: {said}");
    }
}

#[test]
fn the_list_names_what_is_broken_once_each() {
    let answer = "ok cut link:a, cut node:b, loss link:a 4 3, agent node:c killed";
    assert_eq!(
        listed(answer),
        [element("link:a"), element("node:b"), element("node:c")]
    );
    assert_eq!(listed("ok"), []);
    assert_eq!(listed("error there is no link:x."), []);
}

#[test]
fn the_record_holds_each_fault_from_its_beginning_to_its_end() {
    let mut fabric = Fabric::new(crate::fabric::small(), 1);
    let mut record = Record::new(Timestamp::UNIX_EPOCH);
    let mut lines = Vec::new();
    let link = element("link:core-1--cloud");
    let story = [
        (1, Action::Cut(vec![link.clone()])),
        (
            2,
            Action::Loss {
                element: link.clone(),
                loss: Loss::of(0.25),
            },
        ),
        (
            3,
            Action::Agent {
                node: "pop-a".into(),
                behaviour: Behaviour::Reboot,
            },
        ),
        (
            3,
            Action::Impair {
                element: link.clone(),
                by: Impairment::Mtu(1_400),
            },
        ),
        (4, Action::Restore(vec![link])),
        (5, Action::Cut(vec![element("risk:duct")])),
    ];
    for (second, action) in story {
        let at = Duration::from_secs(second);
        fabric.act(&action, at);
        lines.extend(record.update(&action, &fabric.faults(), at));
    }
    lines.extend(record.rest());
    let said: Vec<String> = lines
        .iter()
        .map(|line| {
            let value: serde_json::Value = serde_json::from_str(line).expect("JSON");
            format!(
                "{}:{} {} {} {}",
                value["element"]["kind"].as_str().expect("a kind"),
                value["element"]["id"].as_str().expect("an id"),
                value["fault"].as_str().expect("a fault"),
                value["from_seconds"],
                value["to_seconds"],
            )
        })
        .collect();
    assert_eq!(
        said,
        [
            "node:pop-a agent reboot 3.0 3.0",
            "link:core-1--cloud cut 1.0 4.0",
            "link:core-1--cloud loss 25 2.0 4.0",
            "link:core-1--cloud mtu 1400 3.0 4.0",
            "risk:duct cut 5.0 null",
        ]
    );
    assert!(lines[1].contains("\"from\":\"1970-01-01T00:00:01Z\""));
}

/// Returns the reference network and its folder.
pub(crate) fn reference() -> (Arc<Network>, PathBuf) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    let loaded = spanwatch::inventory::load(&folder).expect("the reference network");
    (Arc::new(loaded.network), folder)
}

#[test]
fn every_built_in_scenario_fits_the_reference_network_and_ends_whole() {
    let (network, _) = reference();
    for name in names() {
        let text = built_in(name).expect("a text for every name");
        let scenario = Scenario::parse(&source(text), &network)
            .unwrap_or_else(|faults| panic!("{name}: {faults:?}"));
        let mut fabric = Fabric::new(network.clone(), 1);
        let mut broke = BTreeSet::new();
        for event in &scenario.events {
            fabric.act(&event.action, event.at);
            broke.extend(fabric.broken().iter().map(Element::kind));
        }
        assert_eq!(broke.len(), 3, "{name} breaks only {broke:?}");
        assert_eq!(fabric.faults(), [], "{name} leaves faults");
        let last = scenario.events.last().expect("an event").at;
        assert!(last <= Duration::from_mins(2), "{name} takes {last:?}");
    }
}

#[test]
fn the_near_address_is_none_of_the_models() {
    let (network, _) = reference();
    let plan = Addressing::of(&network);
    for node in network.nodes.values() {
        for address in node.address.iter().chain(&node.addresses) {
            assert!(plan.prefixes.iter().any(|net| net.contains(address)));
        }
    }
    for end in [plan.v4.near, plan.v4.far] {
        let end = IpAddr::V4(end);
        assert!(!plan.prefixes.iter().any(|net| net.contains(&end)));
    }
}

/// A frame with a UDP packet whose checksum is only half done, as a kernel leaves it on a virtual pair.
fn udp_frame() -> Vec<u8> {
    let mut frame = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x08, 0x00];
    frame.extend([0x45, 0, 0, 32, 0, 7, 0x40, 0, 9, 17, 0, 0]);
    frame.extend([198, 18, 0, 2, 10, 50, 0, 4]);
    frame.extend([0x80, 0x01, 0, 161, 0, 12, 0xBE, 0xEF, 1, 2, 3, 4]);
    // Padding, as Ethernet adds it to what is too short.
    frame.extend([0; 14]);
    frame
}

#[test]
fn a_frame_arrives_with_less_time_to_live_and_whole_checksums() {
    let mut bytes = udp_frame();
    let packet = frame::read(&bytes, true).expect("an IPv4 packet");
    assert_eq!((packet.ttl, packet.octets), (9, 32));
    assert_eq!(packet.destination, Ipv4Addr::new(10, 50, 0, 4));
    frame::finish(&mut bytes, 5);
    assert_eq!(bytes.len(), 14 + 32);
    let ip = Ipv4Packet::new(&bytes[14..]).expect("a header");
    assert_eq!(ip.get_ttl(), 5);
    assert_eq!(ip.get_checksum(), pnet::packet::ipv4::checksum(&ip));
    let udp = UdpPacket::new(ip.payload()).expect("a header");
    let whole = pnet::packet::udp::ipv4_checksum(&udp, &ip.get_source(), &ip.get_destination());
    assert_eq!(udp.get_checksum(), whole);
}

#[test]
fn a_router_quotes_the_packet_that_it_could_not_send_on() {
    let router = Ipv4Addr::new(10, 50, 0, 9);
    let bytes = frame::answer(&udp_frame(), router.into(), Refusal::TimeExceeded, None);
    let bytes = bytes.expect("an answer");
    assert_eq!(bytes[..6], [2, 0, 0, 0, 0, 2]);
    let ip = Ipv4Packet::new(&bytes[14..]).expect("a header");
    assert_eq!(ip.get_source(), router);
    assert_eq!(ip.get_destination(), Ipv4Addr::new(198, 18, 0, 2));
    let icmp = IcmpPacket::new(ip.payload()).expect("a header");
    assert_eq!(icmp.get_icmp_type(), IcmpTypes::TimeExceeded);
    assert_eq!(icmp.get_checksum(), pnet::packet::icmp::checksum(&icmp));
    let quoted = Ipv4Packet::new(&icmp.payload()[4..]).expect("a quoted header");
    assert_eq!(quoted.get_destination(), Ipv4Addr::new(10, 50, 0, 4));
    assert_eq!(quoted.get_ttl(), 1);
    // An error is never sent about an error (RFC 1122, 3.2.2).
    assert_eq!(
        frame::answer(&bytes, router.into(), Refusal::Unreachable(1), None),
        None
    );
}

#[test]
fn what_is_too_large_to_go_on_whole_is_told_how_much_would_fit() {
    let mut bytes = udp_frame();
    assert!(frame::read(&bytes, true).expect("an IPv4 packet").is_whole);
    let why = Refusal::Unreachable(4);
    let said = frame::answer(&bytes, Ipv4Addr::new(10, 50, 0, 9).into(), why, Some(1_400));
    let said = said.expect("an answer");
    // Type, code, and after the checksum two octets of nothing and two of MTU (RFC 1191).
    assert_eq!(said[34..36], [3, 4]);
    assert_eq!(said[38..42], [0, 0, 0x05, 0x78]);
    let icmp = IcmpPacket::new(&said[34..]).expect("a header");
    assert_eq!(icmp.get_checksum(), pnet::packet::icmp::checksum(&icmp));
    bytes[20] = 0;
    assert!(!frame::read(&bytes, true).expect("an IPv4 packet").is_whole);
}

#[test]
fn no_frame_at_all_makes_the_wire_panic() {
    let whole = udp_frame();
    for length in 0..whole.len() {
        let mut cut = whole[..length].to_vec();
        assert_eq!(frame::read(&cut, true).is_some(), length >= 14 + 32);
        frame::finish(&mut cut, 3);
    }
    for place in 0..whole.len() {
        for value in [0x00, 0x01, 0x4F, 0x7F, 0x80, 0xFF] {
            let mut bent = whole.clone();
            bent[place] = value;
            if frame::read(&bent, false).is_some() {
                let _ = frame::asks_echo(&bent);
                let router = Ipv4Addr::new(10, 50, 0, 9).into();
                let _ = frame::answer(&bent, router, Refusal::Unreachable(0), Some(1_400));
                frame::finish(&mut bent, 3);
            }
        }
    }
}

/// Runs a shell script in a lab of the reference network; `None`, and a printed line, where that cannot be.
fn in_the_lab(options: &[&str], script: &str, tools: &[&str]) -> Option<Ended> {
    let (_, topology) = reference();
    stage::has(tools)
        .then(|| stage::in_a_lab(&topology, options, script, PATIENCE))
        .flatten()
}

/// Returns where each node is asked.
fn addresses(network: &Network) -> BTreeMap<Ipv4Addr, NodeId> {
    network
        .nodes
        .values()
        .filter_map(|node| match node.address? {
            IpAddr::V4(address) => Some((address, node.id.clone())),
            IpAddr::V6(_) => None,
        })
        .collect()
}

/// Writes a list of addresses for fping.
fn list(addresses: impl IntoIterator<Item = Ipv4Addr>) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().expect("a file");
    let lines: Vec<String> = addresses.into_iter().map(|a| a.to_string()).collect();
    fs::write(file.path(), lines.join("\n")).expect("a written file");
    file
}

/// Returns the nodes whose addresses a program printed, one a line.
fn nodes(text: &str, known: &BTreeMap<Ipv4Addr, NodeId>) -> BTreeSet<NodeId> {
    text.lines()
        .filter_map(|line| known.get(&line.trim().parse().ok()?).cloned())
        .collect()
}

#[test]
fn fping_hears_every_node_and_after_a_cut_exactly_those_that_deletion_leaves() {
    let (network, _) = reference();
    let known = addresses(&network);
    let file = list(known.keys().copied());
    let graph = Graph::new(&network);
    let elements: Vec<Element> = network.elements().collect();
    // Whatever the seed draws, of each kind some, and each a part of the network that is worth cutting.
    let mut cuts: Vec<Vec<Element>> = vec![Vec::new()];
    for draw in 0..10 {
        let at = spanwatch::graph::mix(483 + draw) as usize % elements.len();
        cuts.push(vec![elements[at].clone()]);
    }
    cuts.push(vec![element("link:pop-khe-tre--pop-nam-dong")]);
    cuts.push(vec![element("node:isp-a-north"), element("risk:duct-ql49")]);
    let mut script = String::new();
    for cut in &cuts {
        let words: Vec<String> = cut.iter().map(ToString::to_string).collect();
        if !cut.is_empty() {
            let _ = writeln!(
                script,
                "\"$SPANWATCH\" lab ctl cut {} >&2 || exit 9",
                words.join(" ")
            );
        }
        let _ = write!(
            script,
            "echo round; fping -a -r 2 -t 700 -i 0.2 -f {} 2>/dev/null\n\"$SPANWATCH\" lab ctl restore all >&2\n",
            file.path().display()
        );
    }
    let Some(ended) = in_the_lab(&[], &script, &["fping"]) else {
        return;
    };
    let rounds: Vec<&str> = ended.out.split("round\n").skip(1).collect();
    assert_eq!(rounds.len(), cuts.len(), "{}", ended.err);
    for (cut, heard) in cuts.iter().zip(rounds) {
        let reached = graph.reach(&[graph.monitor()], &graph.cut(cut));
        let expected: BTreeSet<NodeId> = known
            .values()
            // The near side has the monitor's own address, whatever breaks outside.
            .filter(|id| {
                **id == network.monitor || reached[graph.node(id).expect("a node").index()]
            })
            .cloned()
            .collect();
        let heard = nodes(heard, &known);
        assert_eq!(heard, expected, "with {cut:?} cut");
    }
}

const V3: &str =
    "-v3 -l authPriv -u lab -a SHA-256 -A lab-authentication -x AES -X lab-privacy-only";
const V2C: &str = "-v2c -c lab-access";

#[test]
fn snmp_tools_read_of_every_device_what_the_model_says_in_both_versions() {
    let (network, _) = reference();
    let fabric = Fabric::new(network.clone(), 1);
    let asked: Vec<(Ipv4Addr, NodeId)> = addresses(&network)
        .into_iter()
        .filter(|(_, id)| network.nodes[id].snmp.is_some() && *id != network.monitor)
        .collect();
    assert!(asked.len() > 200, "{} devices", asked.len());
    let mut script = String::new();
    for (place, (address, _)) in asked.iter().enumerate() {
        // sysName by the one version, ifName of all ports by the other.
        let (get, walk) = if place % 2 == 0 { (V3, V2C) } else { (V2C, V3) };
        let _ = write!(
            script,
            "echo 'device'; snmpget {get} -Oqv -t 2 {address} 1.3.6.1.2.1.1.5.0\n\
             snmpbulkwalk {walk} -Oqv -t 2 {address} 1.3.6.1.2.1.31.1.1.1.1\n"
        );
    }
    let Some(ended) = in_the_lab(&[], &script, &["snmpget", "snmpbulkwalk"]) else {
        return;
    };
    let said: Vec<Vec<String>> = ended
        .out
        .split("device\n")
        .skip(1)
        .map(|part| part.lines().map(|line| line.replace('"', "")).collect())
        .collect();
    assert_eq!(said.len(), asked.len(), "{}", ended.err);
    for ((_, id), said) in asked.iter().zip(said) {
        let device = fabric.device(id, Duration::ZERO).expect("a device");
        let mut expected = vec![network.nodes[id].sys_name.clone()];
        expected.extend(device.interfaces.iter().map(|port| port.name.to_string()));
        assert_eq!(said, expected, "{id}: {}", ended.err);
    }
}

#[test]
fn traceroute_shows_a_shortest_path_of_the_model() {
    let (network, _) = reference();
    let known = addresses(&network);
    let to: Vec<&NodeId> = ["pop-nam-dong", "isp-a-north", "pop-khe-tre"]
        .into_iter()
        .filter_map(|id| network.nodes.get(id).map(|node| &node.id))
        .chain(
            network
                .agencies
                .values()
                .map(|agency| &agency.node)
                .step_by(97),
        )
        .filter(|id| network.nodes[*id].address.is_some())
        .collect();
    assert!(to.len() >= 5);
    let mut script = String::new();
    for id in &to {
        let address = network.nodes[*id].address.expect("an address");
        let _ = writeln!(
            script,
            "echo trace; traceroute -I -n -q 2 -w 2 -m 20 {address} | tail -n +2"
        );
    }
    let Some(ended) = in_the_lab(&[], &script, &["traceroute"]) else {
        return;
    };
    let traces: Vec<&str> = ended.out.split("trace\n").skip(1).collect();
    assert_eq!(traces.len(), to.len(), "{}", ended.err);
    for (id, trace) in to.into_iter().zip(traces) {
        let paths: Vec<Vec<NodeId>> = (0..64)
            .filter_map(|flow| crate::fabric::path(&network, id, flow))
            .collect();
        let hops: Vec<Option<&NodeId>> = trace
            .lines()
            .map(|line| known.get(&line.split_whitespace().nth(1)?.parse().ok()?))
            .collect();
        // A provider's cloud has no address to answer from: its hop is a star.
        let is_path = paths.iter().any(|path| {
            path.len() == hops.len()
                && path.iter().zip(&hops).all(|(node, hop)| match hop {
                    Some(hop) => *hop == node,
                    None => network.nodes[node].address.is_none(),
                })
        });
        assert!(is_path, "{id}: {trace}\n{:?}", paths.first());
    }
}

#[test]
fn a_sick_agent_says_what_its_sickness_says() {
    let script = format!(
        r#"
ctl() {{ "$SPANWATCH" lab ctl agent core-1 "$@" >/dev/null || exit 9; }}
ask() {{ snmpget {V2C} -Oqv -t 4 -r 0 "$1" 1.3.6.1.2.1.1.5.0 2>/dev/null || echo silent; }}
rows() {{ snmpbulkwalk {V2C} -Oqv -t 4 -r 0 "$1" 1.3.6.1.2.1.2.2.1 2>/dev/null | wc -l; }}
alive() {{ fping -q -r 3 -t 700 "$1" && echo alive || echo dead; }}
whole=$(rows 10.48.0.4)
for sick in killed garbage another 'slow 20s' 'slow 100ms' no-ping; do
  ctl $sick; echo "$sick: $(ask 10.48.0.4) $(alive 10.48.0.4) $(ask 10.48.0.5)"
done
ctl partial; part=$(rows 10.48.0.4)
{{ [ "$part" -gt 0 ] && [ "$part" -lt "$whole" ] && echo partial; }} || echo "$part of $whole"
ctl reboot; snmpget {V3} -Oqvt -t 4 10.48.0.4 1.3.6.1.2.1.1.3.0
"#
    );
    let Some(ended) = in_the_lab(&[], &script, &["snmpget", "snmpbulkwalk", "fping"]) else {
        return;
    };
    let lines: Vec<&str> = ended.out.lines().collect();
    let other = r#""P-CORE-2""#;
    let well = r#""P-CORE-1""#;
    assert_eq!(
        lines[..7],
        [
            format!("killed: silent alive {other}"),
            format!("garbage: silent alive {other}"),
            // Debian's tool believes whoever answers; what must not believe it is the monitor's own probe.
            format!("another: {other} alive {other}"),
            format!("slow 20s: silent alive {other}"),
            format!("slow 100ms: {well} alive {other}"),
            format!("no-ping: {well} dead {other}"),
            "partial".to_owned(),
        ],
        "{}",
        ended.err
    );
    let ticks: u64 = lines[7].parse().expect("hundredths of a second");
    assert!(ticks < 500, "{ticks}");
}

#[test]
fn ping_sees_what_a_bad_link_does_to_its_packets() {
    let script = r#"
ctl() { "$SPANWATCH" lab ctl "$@" >&2 || exit 9; }
at=10.48.0.37 link=link:pop-phu-vinh--pop-vinh-loc
ctl mtu $link 1400
ping -c 1 -W 2 -s 1472 -M do $at
ping -c 1 -W 2 -s 1372 -M do $at; ping -c 1 -W 2 -s 1472 -M dont $at
echo part; ctl restore all; ctl duplicate $link 100
ping -c 2 -i 0.2 -W 2 $at
echo part; ctl restore all; ctl reorder $link 50 60ms
ping -n -c 30 -i 0.02 -W 2 $at
echo part; ctl restore all; ctl rate $link 20k 100ms
ping -q -c 30 -i 0.002 -W 2 -s 100 $at
echo part; ctl restore all; ctl oneway $link pop-vinh-loc
ping -q -c 2 -i 0.2 -W 1 $at
echo part; ctl restore $link
ping -q -c 2 -i 0.2 -W 2 -s 1372 -M do $at; "$SPANWATCH" lab ctl list
"#;
    let Some(ended) = in_the_lab(&[], script, &["ping"]) else {
        return;
    };
    let parts: Vec<&str> = ended.out.split("part\n").collect();
    let [narrow, doubled, mixed, slow, oneway, whole] = parts[..] else {
        panic!("{}\n{}", ended.out, ended.err);
    };
    // Before the link stands PE-PHUVINH-01.
    let said = "From 10.48.0.34 icmp_seq=1 Frag needed and DF set (mtu = 1400)";
    assert!(narrow.contains(said), "{narrow}");
    assert_eq!(narrow.matches(" 1 received").count(), 2, "{narrow}");
    assert!(doubled.contains("(DUP!)"), "{doubled}");
    assert!(doubled.contains("2 received, +3 duplicates"), "{doubled}");
    // After its last echo ping waits twice the longest round trip it has seen: one held both ways must come before.
    let order: Vec<u32> = mixed
        .split("icmp_seq=")
        .skip(1)
        .filter_map(|rest| rest.split_whitespace().next()?.parse().ok())
        .collect();
    assert_eq!(order.len(), 30, "{mixed}");
    assert!(!order.is_sorted(), "{mixed}");
    let received: u32 = slow
        .split_once("transmitted, ")
        .and_then(|(_, rest)| rest.split_whitespace().next()?.parse().ok())
        .expect("a count");
    assert!((2..30).contains(&received), "{slow}");
    // A packet of 128 octets takes 51 ms at that rate, each way.
    let slowest = slow
        .trim_end()
        .rsplit('/')
        .nth(1)
        .and_then(|text| text.parse().ok());
    assert!(
        slowest.is_some_and(|slowest: f64| slowest > 102.0),
        "{slow}"
    );
    assert!(oneway.contains(" 0 received"), "{oneway}");
    assert!(whole.contains(" 2 received"), "{whole}");
    assert!(whole.trim_end().ends_with("ok"), "{whole}");
}

#[test]
fn command_ends_the_lab_with_its_own_code_and_cannot_change_it() {
    let script = "ip link set lab0 down 2>/dev/null && echo changed; \
                  ip netns exec x true 2>/dev/null; echo $SPANWATCH_LAB_SOCKET; exit 7";
    let Some(ended) = in_the_lab(&[], script, &["ip"]) else {
        return;
    };
    assert_eq!(ended.code, Some(7), "{}", ended.err);
    let said: Vec<&str> = ended.out.lines().collect();
    assert_eq!(said.len(), 1, "{said:?}");
    let folder = Path::new(said[0]).parent().expect("a folder");
    assert!(folder.is_absolute() && !folder.exists());
    let ended = in_the_lab(&[], "kill -9 $$", &[]).expect("a lab");
    assert_eq!((ended.code, ended.signal), (Some(137), None));
    let (_, topology) = reference();
    let topology = topology.to_string_lossy().into_owned();
    let words = ["lab", "--topology", &topology, "--", "/nowhere/nothing"];
    assert_eq!(spanwatch(&words, PATIENCE).code, Some(127));
}

#[test]
fn when_the_lab_is_killed_its_child_dies_too() {
    let folder = tempfile::tempdir().expect("a folder");
    let pids = folder.path().join("pids");
    let script = format!(
        "echo $$ > {0}.new; mv {0}.new {0}; exec sleep 60",
        pids.display()
    );
    let (_, topology) = reference();
    let mut lab = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(["lab", "--topology"])
        .arg(&topology)
        .args(["--", "sh", "-c", &script])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program starts");
    let late = spanwatch::clock::now() + Duration::from_secs(30);
    while !pids.exists() && spanwatch::clock::now() < late {
        if lab.try_wait().expect("a child").is_some() {
            println!("skipped: namespaces are refused here");
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    let pid = fs::read_to_string(&pids).expect("the child's process id");
    let stat = Path::new("/proc").join(pid.trim()).join("stat");
    assert!(stat.exists());
    lab.kill().expect("a running lab");
    lab.wait().expect("a lab");
    let is_dead = || fs::read_to_string(&stat).map_or(true, |stat| stat.contains(") Z "));
    while !is_dead() && spanwatch::clock::now() < late {
        std::thread::sleep(Duration::from_millis(10));
    }
    assert!(is_dead(), "the child outlived its lab");
}

#[test]
fn the_lab_records_what_its_scenario_did() {
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.toml");
    let record = folder.path().join("r.jsonl");
    let text = "[[at]]\nt = \"100ms\"\ncut = [\"node:core-1\"]\n[[at]]\nt = \"400ms\"\nrestore = [\"all\"]\n";
    fs::write(&scenario, text).expect("a written file");
    let options = [
        "--scenario",
        &scenario.to_string_lossy(),
        "--record",
        &record.to_string_lossy(),
    ];
    if in_the_lab(&options, "sleep 0.8", &[]).is_none() {
        return;
    }
    let lines = fs::read_to_string(&record).expect("a record");
    let line: serde_json::Value = serde_json::from_str(lines.trim()).expect("one line of JSON");
    assert_eq!(line["element"]["id"], "core-1");
    assert_eq!(line["from_seconds"], 0.1);
    assert_eq!(line["to_seconds"], 0.4);
}

#[test]
fn a_handshake_goes_through_and_a_closed_port_says_no() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = r#"
[network]
id = "tcp"
name = "A service behind a link"
example = true
hubs = ["hub"]
[[node]]
id = "hub"
role = "hub"
transit = true
[[node]]
id = "server"
role = "server"
address = "10.60.0.5"
probe = ["tcp:8080"]
[[link]]
id = "cable"
a = "hub"
b = "server"
kind = "lan"
"#;
    fs::write(folder.path().join("n.toml"), text).expect("a written file");
    let folder = folder.path().to_string_lossy();
    let script = "for port in 8080 81; do curl -sS -m 10 http://10.60.0.5:$port/; echo $?; done; \
                  curl -sS -m 1 http://10.60.0.6:8080/; echo $?";
    let words = ["lab", "--topology", &folder, "--", "sh", "-c", script];
    if in_the_lab(&[], "true", &["curl"]).is_none() {
        return;
    }
    let ended = spanwatch(&words, PATIENCE);
    // An empty reply after the handshake, a refusal, and nobody at all: curl's codes for them.
    assert_eq!(ended.out, "52\n7\n28\n", "{}", ended.err);
}

#[test]
fn a_refused_lab_names_the_setting_and_goes_on_in_process_only_for_the_monitor() {
    let (_, topology) = reference();
    let script =
        "for limit in user net; do echo 0 > /proc/sys/user/max_${limit}_namespaces; done || exit 99
        \"$SPANWATCH\" lab -- true; echo $?
        \"$SPANWATCH\" lab >/dev/null; echo $?";
    // A user namespace of its own has limits of its own.
    let ended = Command::new("unshare")
        .args(["--user", "--map-root-user", "sh", "-c", script])
        .env("SPANWATCH", env!("CARGO_BIN_EXE_spanwatch"))
        .env("SPANWATCH_TOPOLOGY", &topology)
        .stdin(Stdio::null())
        .output();
    let Some(ended) = ended.ok().filter(|ended| ended.status.success()) else {
        println!("skipped: no user namespace in which namespaces could be refused");
        return;
    };
    let err = String::from_utf8_lossy(&ended.stderr);
    assert_eq!(String::from_utf8_lossy(&ended.stdout), "3\n0\n", "{err}");
    assert_eq!(
        err.matches("user.max_user_namespaces = 0").count(),
        2,
        "{err}"
    );
    assert!(
        err.contains("sysctl -w user.max_net_namespaces=1000"),
        "{err}"
    );
    assert!(err.contains("simulated in process"), "{err}");
}
