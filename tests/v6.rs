//! IPv6 in the lab: frames and their answers, the same fabric for both families, and a dual network on the wire.

#![expect(clippy::print_stdout, reason = "a skipped test says so")]

mod trace;

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv6Addr};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use pnet::packet::Packet as _;
use pnet::packet::icmpv6::{Icmpv6Packet, checksum};
use pnet::packet::ipv6::Ipv6Packet;
use pnet::packet::udp::UdpPacket;
use serde_json::Value;
use spanwatch::graph::mix;
use spanwatch::lab::action::Action;
use spanwatch::lab::action::behaviour::Behaviour;
use spanwatch::lab::action::impairment::Impairment;
use spanwatch::lab::addressing::Addressing;
use spanwatch::lab::fabric::{Fabric, Fate, Packet};
use spanwatch::lab::frame;
use spanwatch::lab::responder::Responder;
use spanwatch::lab::usm::User;
use spanwatch::model::network::Network;
use spanwatch::model::reading::{Answer, Refusal};
use spanwatch::model::target::Method;
use spanwatch::wire::echo::{Echo, Family, Heard, code_of_v4, code_of_v6};

use crate::stage;

/// A monitor, two cores of which one speaks both families, points of presence of either family alone, and what
/// hangs on them: `east` has only IPv4, `west` only IPv6, `both` is asked by IPv6 and has an address of IPv4 too.
const DUAL: &str = r#"
[network]
id = "dual"
name = "Two families"
example = true
hubs = ["hub"]
[[node]]
id = "hub"
role = "hub"
transit = true
address = "fd48::1"
addresses = ["10.61.0.1"]
snmp = "core-v3"
[[node]]
id = "core-1"
role = "core"
transit = true
address = "10.61.0.2"
addresses = ["10.61.1.2", "fd48::1:2"]
snmp = "core-v3"
[[node]]
id = "core-2"
role = "core"
transit = true
address = "fd48::3"
snmp = "core-v3"
[[node]]
id = "pop-west"
role = "pop"
transit = true
address = "fd48:0:0:1::1"
snmp = "access"
[[node]]
id = "pop-east"
role = "pop"
transit = true
address = "10.61.2.1"
snmp = "access"
[[link]]
id = "hub--core-1"
a = "hub:x1"
b = "core-1:x0"
kind = "lan"
[[link]]
id = "core-1--core-2"
a = "core-1:x1"
b = "core-2:x0"
kind = "lan"
[[link]]
id = "core-2--pop-west"
a = "core-2:x1"
b = "pop-west:x0"
kind = "fibre"
length_km = 12.5
[[link]]
id = "core-1--pop-east"
a = "core-1:x2"
b = "pop-east:x0"
kind = "fibre"
length_km = 3.5
[[area]]
code = "1"
name = "One"
kind = "ward"
[[agency]]
id = "west"
name = "West"
level = "commune"
class = "police"
area = "1"
address = "fd48:0:0:1::11"
snmp = "access"
uplinks = [{ id = "west--pop", to = "pop-west:x1", kind = "lan" }]
[[agency]]
id = "west-2"
name = "West too"
level = "commune"
class = "police"
area = "1"
address = "fd48:0:0:1::12"
uplinks = [{ id = "west-2--pop", to = "pop-west:x2", kind = "lan" }]
[[agency]]
id = "east"
name = "East"
level = "commune"
class = "police"
area = "1"
address = "10.61.2.11"
uplinks = [{ id = "east--pop", to = "pop-east:x1", kind = "lan" }]
[[agency]]
id = "both"
name = "Both"
level = "commune"
class = "police"
area = "1"
address = "fd48:0:0:2::13"
addresses = ["10.61.2.13"]
probe = ["ping", "tcp:8080"]
uplinks = [{ id = "both--pop", to = "pop-east:x2", kind = "lan" }]
"#;

fn dual() -> (tempfile::TempDir, Arc<Network>) {
    read(DUAL)
}

/// Writes a network into a folder of its own, and reads it.
fn read(text: &str) -> (tempfile::TempDir, Arc<Network>) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("n.toml"), text).expect("a written file");
    let loaded = spanwatch::inventory::load(folder.path()).expect("a network");
    (folder, Arc::new(loaded.network))
}

const NEAR: Ipv6Addr = Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 2);
const WEST: Ipv6Addr = Ipv6Addr::new(0xfd48, 0, 0, 1, 0, 0, 0, 0x11);
const ROUTER: Ipv6Addr = Ipv6Addr::new(0xfd48, 0, 0, 0, 0, 0, 0, 3);

/// A frame around IPv6: what is next, hop limit, flow label, what it carries.
fn around(next: u8, hops: u8, label: u32, inner: &[u8]) -> Vec<u8> {
    let mut bytes = vec![2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xDD];
    bytes.extend((6 << 28 | label).to_be_bytes());
    bytes.extend((inner.len() as u16).to_be_bytes());
    bytes.extend([next, hops]);
    bytes.extend(NEAR.octets());
    bytes.extend(WEST.octets());
    bytes.extend(inner);
    bytes
}

/// An echo request with a right checksum.
fn echo(size: usize) -> Vec<u8> {
    let echo = Echo {
        ident: 0x8123,
        sequence: 7,
        cookie: 99,
    };
    let mut bytes = Vec::new();
    echo.write(Family::V6, size, &mut bytes);
    let sum = checksum(&Icmpv6Packet::new(&bytes).expect("a message"), &NEAR, &WEST);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
    bytes
}

/// A datagram whose checksum is only half done, as a kernel leaves it on a virtual pair.
fn datagram() -> Vec<u8> {
    let mut bytes = vec![0x80, 0x01, 0, 161, 0, 12, 0xBE, 0xEF];
    bytes.extend([1, 2, 3, 4]);
    bytes
}

#[test]
fn a_frame_of_ipv6_arrives_with_less_hop_limit_and_a_whole_checksum() {
    let mut bytes = around(17, 9, 0, &datagram());
    let packet = frame::read(&bytes, true).expect("a packet");
    assert_eq!((packet.ttl, packet.octets), (9, 52));
    assert_eq!(packet.source, NEAR);
    assert_eq!(packet.destination, WEST);
    assert!(packet.is_whole);
    bytes.extend([0; 6]);
    frame::finish(&mut bytes, 5);
    assert_eq!(bytes.len(), 14 + 52);
    let ip = Ipv6Packet::new(&bytes[14..]).expect("a header");
    assert_eq!(ip.get_hop_limit(), 5);
    let udp = UdpPacket::new(ip.payload()).expect("a header");
    let whole = pnet::packet::udp::ipv6_checksum(&udp, &NEAR, &WEST);
    assert_eq!(udp.get_checksum(), whole);
    // Behind options the same datagram is found, and behind the header of a fragment nothing is touched.
    let options = [&[17, 0, 1, 4, 0, 0, 0, 0][..], &datagram()].concat();
    let mut hidden = around(60, 9, 0, &options);
    frame::finish(&mut hidden, 5);
    assert_eq!(hidden[14 + 40 + 8..], bytes[14 + 40..]);
    let piece = [&[17, 0, 0, 1, 0, 0, 0, 9][..], &datagram()].concat();
    let mut piece = around(44, 9, 0, &piece);
    let before = piece.clone();
    frame::finish(&mut piece, 9);
    assert_eq!(piece, before);
    // An echo's checksum is its sender's own.
    let mut asked = around(58, 9, 0, &echo(56));
    let before = asked.clone();
    frame::finish(&mut asked, 9);
    assert_eq!(asked, before);
    assert!(frame::asks_echo(&asked) && !frame::asks_echo(&bytes));
}

#[test]
fn a_flow_is_what_routers_of_ipv6_share_load_by() {
    let flow = |bytes: &[u8]| frame::read(bytes, true).expect("a packet").flow;
    let one = flow(&around(58, 9, 5, &echo(56)));
    // Neither how far it goes nor how long it is makes another flow; its label and its identifier do.
    assert_eq!(one, flow(&around(58, 64, 5, &echo(900))));
    assert_ne!(one, flow(&around(58, 9, 6, &echo(56))));
    let mut other = echo(56);
    other[5] ^= 1;
    assert_ne!(one, flow(&around(58, 9, 5, &other)));
    let ports = flow(&around(17, 9, 5, &datagram()));
    let mut other = datagram();
    other[1] ^= 1;
    assert_ne!(ports, flow(&around(17, 9, 5, &other)));
    assert_ne!(ports, one);
}

/// Returns the ICMP of an answer, whose header and checksum were looked at.
fn said(bytes: &[u8]) -> Vec<u8> {
    assert_eq!(bytes[..6], [2, 0, 0, 0, 0, 2]);
    assert_eq!(bytes[6..14], [2, 0, 0, 0, 0, 1, 0x86, 0xDD]);
    let ip = Ipv6Packet::new(&bytes[14..]).expect("a header");
    assert_eq!((ip.get_source(), ip.get_destination()), (ROUTER, NEAR));
    assert_eq!(usize::from(ip.get_payload_length()), bytes.len() - 14 - 40);
    let icmp = Icmpv6Packet::new(ip.payload()).expect("a message");
    assert_eq!(icmp.get_checksum(), checksum(&icmp, &ROUTER, &NEAR));
    ip.payload().to_vec()
}

#[test]
fn a_router_quotes_as_much_of_the_packet_as_fits_in_the_least_that_every_link_carries() {
    let answer = |bytes: &[u8], why, mtu| frame::answer(bytes, ROUTER.into(), why, mtu);
    for (size, quoted) in [(56, 104), (1_300, 1_232)] {
        let asked = around(58, 3, 5, &echo(size));
        let bytes = answer(&asked, Refusal::TimeExceeded, None).expect("an answer");
        assert!(bytes.len() <= 14 + 1_280);
        let icmp = said(&bytes);
        assert_eq!(icmp[..2], [3, 0]);
        assert_eq!(icmp[4..8], [0; 4]);
        assert_eq!(icmp.len(), 8 + quoted);
        // The quoted hop limit has run out; the rest is as it came.
        assert_eq!(icmp[8 + 7], 1);
        assert_eq!(icmp[8 + 8..], asked[14 + 8..14 + quoted]);
        // What our own probes read of it.
        let heard = spanwatch::wire::echo::read(Family::V6, &icmp).expect("ours");
        let Heard::Error {
            kind,
            code,
            to,
            echo,
        } = heard
        else {
            panic!("{heard:?}");
        };
        assert_eq!((kind, code, to), (3, 0, IpAddr::V6(WEST)));
        assert_eq!(
            (echo.ident, echo.sequence, echo.cookie),
            (0x8123, 7, Some(99))
        );
    }
    let asked = around(58, 3, 5, &echo(56));
    let icmp = said(&answer(&asked, Refusal::Unreachable(1), None).expect("an answer"));
    assert_eq!((icmp[0], icmp[1], icmp[8 + 7]), (1, 3, 3));
    let large = answer(&asked, Refusal::Unreachable(4), Some(1_400)).expect("an answer");
    assert_eq!(said(&large)[..2], [2, 0]);
    assert_eq!(said(&large)[4..8], 1_400_u32.to_be_bytes());
    // Never about an error, about a redirect, about a later fragment, to nobody, or by a router of the other family.
    assert_eq!(answer(&large, Refusal::TimeExceeded, None), None);
    let mut redirect = echo(56);
    redirect[0] = 137;
    let mut nobody = asked.clone();
    nobody[14 + 8..14 + 24].fill(0);
    let later = [&[17, 0, 0, 8, 0, 0, 0, 9][..], &datagram()].concat();
    for bytes in [
        around(58, 3, 5, &redirect),
        nobody,
        around(44, 3, 5, &later),
    ] {
        assert_eq!(answer(&bytes, Refusal::TimeExceeded, None), None);
    }
    let v4 = IpAddr::from([10, 61, 0, 2]);
    assert_eq!(frame::answer(&asked, v4, Refusal::TimeExceeded, None), None);
}

#[test]
fn codes_of_both_families_are_one_table_read_from_two_sides() {
    for code in [0, 1, 3, 13] {
        assert_eq!(code_of_v4(code_of_v6(code)), code);
    }
}

#[test]
fn no_frame_of_ipv6_makes_the_wire_panic() {
    let options = [&[60, 0, 1, 4, 0, 0, 0, 0][..], &[44, 0, 1, 4, 0, 0, 0, 0]].concat();
    let options = [&options[..], &[58, 0, 0, 0, 0, 0, 0, 9], &echo(20)].concat();
    for whole in [
        around(17, 9, 3, &datagram()),
        around(58, 9, 3, &echo(60)),
        around(0, 9, 3, &options),
    ] {
        for length in 0..whole.len() {
            let mut cut = whole[..length].to_vec();
            assert_eq!(frame::read(&cut, true), None);
            frame::finish(&mut cut, 3);
            let _ = frame::answer(&cut, ROUTER.into(), Refusal::TimeExceeded, None);
        }
        for round in 0..100_000_u64 {
            let mut bent = whole.clone();
            for turn in 0..=round % 4 {
                let drawn = mix(round * 8 + turn);
                let at = 12 + drawn as usize % (bent.len() - 12);
                bent[at] = (drawn >> 32) as u8;
            }
            let _ = frame::read(&bent, false);
            let _ = frame::asks_echo(&bent);
            let _ = frame::answer(&bent, ROUTER.into(), Refusal::Unreachable(0), Some(1_400));
            frame::finish(&mut bent, 3);
        }
    }
}

#[test]
fn the_far_side_has_both_families_and_the_near_addresses_are_none_of_the_models() {
    let (_folder, network) = dual();
    let plan = Addressing::of(&network);
    let ends = plan.v6.expect("a wire with IPv6");
    for end in [ends.near, ends.far] {
        assert!(
            !plan
                .prefixes
                .iter()
                .any(|net| net.contains(&IpAddr::V6(end)))
        );
    }
    for node in network.nodes.values() {
        for address in node.address.iter().chain(&node.addresses) {
            assert!(plan.prefixes.iter().any(|net| net.contains(address)));
        }
    }
    assert_eq!(plan.own.len(), 2);
    let poor = plan.without_v6();
    assert_eq!((poor.v6, poor.own.len()), (None, 1));
    assert!(poor.prefixes.iter().all(|net| net.addr().is_ipv4()));
    // Where the model itself has the block of trials, the wire is in the next one.
    let text = DUAL.replace("\"10.61.0.1\"]", "\"10.61.0.1\", \"2001:2::5\"]");
    let taken = Addressing::of(&read(&text).1);
    let near = taken.v6.expect("a wire with IPv6").near;
    assert_eq!(
        near,
        "2001:2:0:1::2".parse::<Ipv6Addr>().expect("an address")
    );
    // A network without it has a wire without it.
    assert_eq!(Addressing::of(&crate::fabric::small()).v6, None);
}

fn packet(destination: Ipv6Addr, ttl: u8, octets: usize) -> Packet {
    Packet {
        from_near: true,
        source: NEAR.into(),
        destination: destination.into(),
        ttl,
        flow: 5,
        octets,
        is_whole: true,
    }
}

#[test]
fn the_fabric_answers_in_the_family_that_was_asked_and_a_router_without_it_is_silent() {
    let (_folder, network) = dual();
    let mut fabric = Fabric::new(network.clone(), 1);
    let at = Duration::from_secs(1);
    let says = |fate: Fate| match fate {
        Fate::Answer { router, why, .. } => Some((router.to_string(), why)),
        _ => None,
    };
    let mut ask = |to: Ipv6Addr, ttl| fabric.packet(&packet(to, ttl, 104), at);
    let out = |address: &str| Some((address.to_owned(), Refusal::TimeExceeded));
    assert_eq!(says(ask(WEST, 1)), out("fd48::1:2"));
    assert_eq!(says(ask(WEST, 2)), out("fd48::3"));
    assert_eq!(says(ask(WEST, 3)), out("fd48:0:0:1::1"));
    assert!(matches!(ask(WEST, 4), Fate::Deliver { ttl: 1, .. }));
    // The way to `both` leads over a router that has no address of IPv6: it carries, and cannot speak.
    let both = Ipv6Addr::new(0xfd48, 0, 0, 2, 0, 0, 0, 0x13);
    assert_eq!(says(ask(both, 1)), out("fd48::1:2"));
    assert_eq!(ask(both, 2), Fate::Drop);
    assert!(matches!(ask(both, 3), Fate::Deliver { .. }));
    // Nobody has this address, though the far kernel would answer for it.
    assert_eq!(
        ask(Ipv6Addr::new(0xfd48, 0, 0, 1, 0, 0, 0, 0x99), 9),
        Fate::Drop
    );
}

#[test]
fn a_cut_and_a_narrow_link_are_told_by_the_router_before_them() {
    let (_folder, network) = dual();
    let mut fabric = Fabric::new(network.clone(), 1);
    let at = Duration::from_secs(1);
    let link = "link:core-2--pop-west".parse().expect("an element");
    let narrow = Action::Impair {
        element: link,
        by: Impairment::Mtu(1_300),
    };
    fabric.act(&narrow, at);
    let Fate::Answer {
        router, why, mtu, ..
    } = fabric.packet(&packet(WEST, 64, 1_301), at)
    else {
        panic!("nobody says that it is too large");
    };
    assert_eq!(
        (router.to_string(), mtu),
        ("fd48::3".to_owned(), Some(1_300))
    );
    assert_eq!(why, Refusal::Unreachable(4));
    let fits = fabric.packet(&packet(WEST, 64, 1_300), at);
    assert!(matches!(fits, Fate::Deliver { .. }), "{fits:?}");
    fabric.act(&Action::RestoreAll, at);
    fabric.act(
        &Action::Cut(vec!["link:core-2--pop-west".parse().expect("an element")]),
        at,
    );
    // In process, as the simulated lab asks: the same router, and its address of that family.
    let targets: BTreeMap<String, _> = network
        .targets()
        .into_iter()
        .filter(|target| target.id.method == Method::Ping)
        .map(|target| (target.id.node.to_string(), target))
        .collect();
    let ping = |fabric: &mut Fabric, id: &str| {
        let target = targets
            .get(id)
            .unwrap_or_else(|| panic!("{id} of {targets:?}"));
        fabric.ask(target, at).0
    };
    let answer = ping(&mut fabric, "west");
    let Answer::Refused { by, why } = answer else {
        panic!("{answer:?}");
    };
    assert_eq!((by, why), (ROUTER.into(), Refusal::Unreachable(1)));
    assert!(ping(&mut fabric, "both").is_heard());
    assert!(ping(&mut fabric, "east").is_heard());
}

#[test]
fn agents_answer_from_the_address_that_was_asked_in_either_family() {
    let (_folder, network) = dual();
    let mut fabric = Fabric::new(network.clone(), 1);
    let user = User::new("lab", "authentication", "privacy words").expect("keys");
    let responder = Responder::new("lab-access", user);
    // A GET of sysName in version 2c, whose community is the lab's.
    let mut question = vec![0x30, 0x2b, 0x02, 0x01, 0x01, 0x04, 0x0a];
    question.extend(b"lab-access");
    question.extend([
        0xa0, 0x1a, 0x02, 0x02, 0x30, 0x39, 0x02, 0x01, 0x00, 0x02, 0x01, 0x00,
    ]);
    question.extend([0x30, 0x0e, 0x30, 0x0c, 0x06, 0x08]);
    question.extend([0x2b, 0x06, 0x01, 0x02, 0x01, 0x01, 0x05, 0x00, 0x05, 0x00]);
    let at = Duration::from_secs(1);
    for asked in ["fd48::1:2", "10.61.0.2", "fd48::3"] {
        let asked: IpAddr = asked.parse().expect("an address");
        let reply = responder.answer(&fabric, asked, &question, at);
        assert_eq!(reply.expect("an answer").from, asked);
    }
    let another = Action::Agent {
        node: "core-1".into(),
        behaviour: Behaviour::Another,
    };
    fabric.act(&another, at);
    for (asked, from) in [("fd48::1:2", "fd48::3"), ("10.61.0.2", "10.61.0.1")] {
        let asked = asked.parse().expect("an address");
        let reply = responder.answer(&fabric, asked, &question, at);
        let from: IpAddr = from.parse().expect("an address");
        assert_eq!(reply.expect("an answer").from.is_ipv4(), from.is_ipv4());
    }
}

/// Runs a script in a lab of the dual network; `None`, and a printed line, where that cannot be.
fn in_the_lab(script: &str, tools: &[&str]) -> Option<(String, String)> {
    in_a_lab_of(DUAL, script, tools)
}

/// Runs a script in a lab of any network.
fn in_a_lab_of(text: &str, script: &str, tools: &[&str]) -> Option<(String, String)> {
    if !Path::new("/proc/sys/net/ipv6").exists() {
        println!("skipped: this kernel speaks no IPv6");
        return None;
    }
    if !stage::has(tools) {
        return None;
    }
    let (folder, _) = read(text);
    let ended = stage::in_a_lab(folder.path(), &[], script, stage::PATIENCE)?;
    Some((ended.out, ended.err))
}

#[test]
fn ping_hears_every_node_of_both_families_on_the_wire() {
    let script = r#"
for to in fd48::1 10.61.0.1 10.61.0.2 10.61.1.2 fd48::1:2 fd48::3 fd48:0:0:1::1 10.61.2.1 fd48:0:0:1::11 \
  fd48:0:0:1::12 10.61.2.11 fd48:0:0:2::13 10.61.2.13
do ping -q -c 3 -i 0.05 -W 2 $to >/dev/null && echo "$to up"; done
ping -6 -q -c 1 -W 1 fd48:0:0:1::99 >/dev/null || echo "fd48:0:0:1::99 is nobody"
echo part; ping -6 -n -c 1 -W 2 -t 2 fd48:0:0:1::11
echo part; "$SPANWATCH" lab ctl mtu link:core-2--pop-west 1300 >&2
ping -6 -n -c 1 -W 2 -s 1352 -M do fd48:0:0:1::11; ping -6 -n -c 1 -W 2 -s 1252 -M do fd48:0:0:1::11
ping -6 -n -c 3 -i 0.2 -W 2 -s 1352 -M dont fd48:0:0:1::11
echo part; "$SPANWATCH" lab ctl restore all >&2; "$SPANWATCH" lab ctl cut link:core-2--pop-west >&2
ping -6 -n -c 1 -W 2 fd48:0:0:1::11; ping -6 -q -c 1 -W 2 fd48::3
"#;
    let Some((out, err)) = in_the_lab(script, &["ping"]) else {
        return;
    };
    let parts: Vec<&str> = out.split("part\n").collect();
    let [all, far, narrow, cut] = parts[..] else {
        panic!("{out}\n{err}");
    };
    assert_eq!(all.matches(" up").count(), 13, "{all}\n{err}");
    assert!(all.contains("fd48:0:0:1::99 is nobody"), "{all}");
    let said = "From fd48::3 icmp_seq=1 Time exceeded: Hop limit";
    assert!(far.contains(said), "{far}");
    assert!(
        narrow.contains("From fd48::3 icmp_seq=1 Packet too big: mtu=1300"),
        "{narrow}"
    );
    // What fits goes through. So does what senders cut into pieces themselves, once both have been told what fits:
    // the one that asks by its first echo, the one that answers by its first answer.
    assert_eq!(narrow.matches("1260 bytes from").count(), 1, "{narrow}");
    assert!(
        narrow.contains("1360 bytes from fd48:0:0:1::11: icmp_seq=3"),
        "{narrow}"
    );
    let said = "From fd48::3 icmp_seq=1 Destination unreachable: Address unreachable";
    assert!(cut.contains(said), "{cut}");
    assert!(cut.contains(" 1 received"), "{cut}");
}

#[test]
fn both_engines_ping_over_ipv6_on_the_wire_and_hear_what_routers_say() {
    let script = r#"
for engine in precise library
do "$SPANWATCH" ping --engine $engine -c 3 -i 50ms fd48:0:0:1::11 fd48:0:0:2::13 10.61.2.11 --format json; echo ,
done
"$SPANWATCH" lab ctl cut link:core-2--pop-west >&2
for engine in precise library
do "$SPANWATCH" ping --engine $engine -c 1 -i 50ms fd48:0:0:1::11 fd48::3 --format json; echo ,
done
echo null
"#;
    let Some((out, err)) = in_the_lab(script, &[]) else {
        return;
    };
    let said: Vec<Value> = serde_json::from_str(&format!("[{out}]"))
        .unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    for whole in &said[..2] {
        let targets = whole["targets"].as_array().expect("a list");
        assert_eq!(targets.len(), 3, "{whole:#}");
        for target in targets {
            assert_eq!(target["received"], 3, "{whole:#}");
        }
    }
    for cut in &said[2..4] {
        let targets = cut["targets"].as_array().expect("a list");
        assert_eq!(targets[0]["received"], 0, "{cut:#}");
        let error = &targets[0]["errors"][0];
        assert_eq!(error["router"], "fd48::3", "{cut:#}");
        assert_eq!((&error["type"], &error["code"]), (&1.into(), &3.into()));
        assert_eq!(targets[1]["received"], 1, "{cut:#}");
    }
}

#[test]
fn check_finds_all_up_and_after_a_cut_the_right_cause() {
    let script = r#"
"$SPANWATCH" check --format json; echo ,
"$SPANWATCH" lab ctl cut link:core-2--pop-west >&2
"$SPANWATCH" check --format json; echo ,
"$SPANWATCH" lab ctl restore all >&2
"$SPANWATCH" lab ctl cut node:core-2 >&2
"$SPANWATCH" check --format json
"#;
    let Some((out, err)) = in_the_lab(script, &[]) else {
        return;
    };
    let said: Vec<Value> = serde_json::from_str(&format!("[{out}]"))
        .unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    let [whole, cut, node] = said.as_slice() else {
        panic!("{out}");
    };
    assert_eq!(whole["verdict"], "ok", "{whole:#}\n{err}");
    assert_eq!(whole["incidents"], Value::Array(Vec::new()), "{whole:#}");
    assert_eq!(whole["agencies"]["up"], 4, "{whole:#}");
    for (said, cause) in [(cut, "core-2--pop-west"), (node, "core-2")] {
        let incidents = said["incidents"].as_array().expect("a list");
        assert_eq!(incidents.len(), 1, "{said:#}");
        assert_eq!(incidents[0]["causes"][0]["id"], cause, "{said:#}");
        let cut_off = serde_json::json!(["west", "west-2"]);
        assert_eq!(incidents[0]["cut_off"], cut_off, "{said:#}");
        assert_eq!(said["agencies"]["up"], 2, "{said:#}");
    }
}

/// What is served by IPv6: where it is nearest and where it is farthest.
const SERVED: &str = r#"
[[service]]
id = "names"
name = "Names"
node = "west"
check = { dns = "west.example" }
[[service]]
id = "own-names"
name = "Names at home"
node = "hub"
check = { dns = "hub.example" }
[[service]]
id = "page"
name = "A page"
node = "west"
check = { http = "west.example:8080/", expect = 204 }
"#;

#[test]
fn services_answer_by_ipv6_until_their_way_is_cut() {
    let script = r#"
"$SPANWATCH" services --format json; echo ,
"$SPANWATCH" lab ctl cut link:core-2--pop-west >&2
"$SPANWATCH" services -t 1s --format json
"#;
    let text = format!("{DUAL}{SERVED}");
    let Some((out, err)) = in_a_lab_of(&text, script, &[]) else {
        return;
    };
    let said: Vec<Value> = serde_json::from_str(&format!("[{out}]"))
        .unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    let states = |document: &Value| {
        let services = document["services"].as_array().expect("a list");
        let said = |service: &Value| {
            let words = ["id", "state", "reason"].map(|key| service[key].as_str().expect("a word"));
            words.join(" ")
        };
        services.iter().map(said).collect::<Vec<_>>()
    };
    let own = "own-names up addresses";
    let whole = ["names up addresses", own, "page up status"];
    assert_eq!(states(&said[0]), whole, "{out}\n{err}");
    assert_eq!(said[0]["services"][0]["addresses"][0], "fd48:0:0:1::11");
    let cut = ["names down silent", own, "page down silent"];
    assert_eq!(states(&said[1]), cut, "{out}\n{err}");
}
