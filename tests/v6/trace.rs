//! A trace over IPv6: echoes that look alike to routers, what is believed of their answers, and the lab's wire.

use std::net::{IpAddr, Ipv6Addr};
use std::process::Command;

use pnet::packet::icmpv6::{Icmpv6Packet, checksum};
use pnet::packet::ipv6::Ipv6Packet;
use serde_json::Value;
use spanwatch::graph::mix;
use spanwatch::lab::frame;
use spanwatch::model::reading::Refusal;
use spanwatch::wire::hop::{Ends, Flow, Heard, error, message, reply};

use super::{NEAR, ROUTER, WEST, in_the_lab};

const ENDS: Ends = Ends::V6 {
    source: NEAR,
    target: WEST,
};
const COOKIE: u64 = 0x0123_4567_89AB_CDEF;

fn flow(number: u64) -> Flow {
    Flow {
        ident: 0x8000 + number as u16,
        checksum: mix(number) as u16 | 1,
    }
}

#[test]
fn all_echoes_of_a_flow_have_its_checksum_and_its_label() {
    for number in 0..50 {
        let flow = flow(number);
        for sequence in (0..u16::MAX).step_by(997) {
            let whole = flow.packet(NEAR, WEST, 3, sequence, COOKIE ^ number);
            let ip = Ipv6Packet::new(&whole).expect("a header");
            assert_eq!((ip.get_version(), ip.get_hop_limit()), (6, 3));
            assert_eq!((ip.get_source(), ip.get_destination()), (NEAR, WEST));
            assert_eq!(ip.get_flow_label(), flow.label());
            assert_eq!(usize::from(ip.get_payload_length()), whole.len() - 40);
            let echo = Icmpv6Packet::new(&whole[40..]).expect("an echo");
            assert_eq!(echo.get_checksum(), flow.checksum);
            assert_eq!(checksum(&echo, &NEAR, &WEST), flow.checksum, "{flow:?}");
        }
    }
    // Sixty-four flows of one run follow each other, and none shares its label.
    let mut labels: Vec<u32> = (0..64).map(|number| flow(number).label()).collect();
    labels.sort_unstable();
    labels.dedup();
    assert_eq!(labels.len(), 64);
    assert!(labels.iter().all(|label| *label < 1 << 20));
}

/// Returns a frame around a packet of a trace.
fn framed(packet: &[u8]) -> Vec<u8> {
    let ethernet = [2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 0x86, 0xDD];
    [&ethernet[..], packet].concat()
}

#[test]
fn only_what_answers_or_quotes_our_echo_is_heard() {
    let flows = [flow(0), flow(1)];
    let hear = |icmp: &[u8], from: Ipv6Addr| message(icmp, from, &flows, ENDS, COOKIE);
    let echo = flows[1].echo(ENDS, 77, COOKIE);
    let mut back = echo;
    back[0] = 129;
    let heard = hear(&back, WEST).expect("ours");
    assert_eq!((heard.ident, heard.sequence, heard.why), (0x8001, 77, None));
    assert_eq!(heard.from, WEST);
    // Another's reply, our own echo, a reply cut short, another run's cookie, a flow of nobody's.
    assert!(hear(&back, ROUTER).is_none());
    assert!(hear(&echo, WEST).is_none());
    assert!(hear(&back[..40], WEST).is_none());
    assert!(message(&back, WEST, &flows, ENDS, COOKIE + 1).is_none());
    assert!(reply(&back, &flows[..1], ENDS, COOKIE).is_none());

    // What the lab's routers say of it.
    let whole = framed(&flows[1].packet(NEAR, WEST, 2, 77, COOKIE));
    for (why, mtu) in [
        (Refusal::TimeExceeded, None),
        (Refusal::Unreachable(1), None),
        (Refusal::Unreachable(0), None),
        (Refusal::Unreachable(13), None),
    ] {
        let said = frame::answer(&whole, ROUTER.into(), why, mtu).expect("an answer");
        let said = &said[14 + 40..];
        let expected = Heard {
            from: ROUTER.into(),
            ident: 0x8001,
            sequence: 77,
            why: Some(why),
        };
        assert_eq!(hear(said, ROUTER), Some(expected));
        // Another target, another protocol, another type, checksum, identifier in the quote; a quote too short.
        for at in [8 + 39, 8 + 6, 8 + 40, 8 + 42, 8 + 44] {
            let mut forged = said.to_vec();
            forged[at] ^= 0x40;
            assert!(hear(&forged, ROUTER).is_none(), "octet {at}");
        }
        assert!(hear(&said[..8 + 40 + 7], ROUTER).is_none());
        assert!(hear(&said[..8 + 40 + 8], ROUTER).is_some());
    }
    // A packet that is too big is the packet's own affair, and no hop.
    let large = frame::answer(&whole, ROUTER.into(), Refusal::Unreachable(4), Some(1_300));
    assert!(hear(&large.expect("an answer")[14 + 40..], ROUTER).is_none());
    let quoted = error(
        &echo[..8],
        &flows,
        ENDS,
        ROUTER.into(),
        Refusal::TimeExceeded,
    );
    assert!(quoted.is_some());
}

#[test]
fn bent_and_cut_messages_are_refused_and_never_a_panic() {
    let flows = [flow(0)];
    let whole = framed(&flows[0].packet(NEAR, WEST, 2, 3, COOKIE));
    let said = frame::answer(&whole, ROUTER.into(), Refusal::TimeExceeded, None);
    let said = said.expect("an answer")[14 + 40..].to_vec();
    for round in 0..200_000_u64 {
        let mut bent = said.clone();
        for turn in 0..=round % 4 {
            let drawn = mix(round * 8 + turn);
            let at = drawn as usize % bent.len();
            bent[at] = (drawn >> 32) as u8;
        }
        bent.truncate(mix(round ^ 0xFF) as usize % (bent.len() + 1));
        let _ = message(&bent, ROUTER, &flows, ENDS, COOKIE);
        let _ = reply(&bent, &flows, ENDS, COOKIE);
    }
}

fn hops(way: &Value) -> Vec<(String, bool)> {
    let hops = way["hops"].as_array().expect("a list");
    let shown = |hop: &Value| {
        let node = hop["node"].as_str().unwrap_or("*");
        let address = hop["address"].as_str().unwrap_or("*");
        (format!("{node} {address}"), hop["declared"] == true)
    };
    hops.iter().map(shown).collect()
}

#[test]
fn on_the_wire_a_trace_over_ipv6_shows_the_declared_path_and_where_it_is_cut() {
    let script = r#"
"$SPANWATCH" trace west --format json; echo ,
"$SPANWATCH" trace both --flows 4 --format json; echo ,
"$SPANWATCH" trace core-1 --family 6 --format json; echo ,
"$SPANWATCH" trace core-1 --format json; echo ,
"$SPANWATCH" lab ctl cut link:core-2--pop-west >&2
"$SPANWATCH" trace west --timeout 300ms --format json; echo ,
"$SPANWATCH" lab ctl restore all >&2
if setpriv --bounding-set -net_raw --inh-caps -net_raw --ambient-caps -all true 2>/dev/null
then setpriv --bounding-set -net_raw --inh-caps -net_raw --ambient-caps -all "$SPANWATCH" trace west --format json; echo ,
else echo null,
fi
"$SPANWATCH" trace west >&2
echo null
"#;
    let Some((out, err)) = in_the_lab(script, &[]) else {
        return;
    };
    let said: Vec<Value> = serde_json::from_str(&format!("[{out}]"))
        .unwrap_or_else(|error| panic!("{error}: {out}\n{err}"));
    let [west, both, sixth, fourth, cut, poor, _] = said.as_slice() else {
        panic!("{out}\n{err}");
    };
    let path = [
        ("core-1 fd48::1:2".to_owned(), true),
        ("core-2 fd48::3".to_owned(), true),
        ("pop-west fd48:0:0:1::1".to_owned(), true),
        ("west fd48:0:0:1::11".to_owned(), true),
    ];
    assert_eq!(west["schema"], "spanwatch/trace/1");
    assert_eq!(west["target"]["address"], "fd48:0:0:1::11");
    assert_eq!(west["reached"], true, "{west:#}\n{err}");
    let way = &west["ways"][0];
    assert_eq!(hops(way), path, "{west:#}");
    assert_eq!(way["parting"], Value::Null, "{west:#}");
    for hop in way["hops"].as_array().expect("a list") {
        assert_eq!((&hop["sent"], &hop["received"]), (&3.into(), &3.into()));
    }
    // A router that speaks only IPv4 carries IPv6 and is a star; all flows of the one way are one way.
    assert_eq!(both["reached"], true, "{both:#}");
    let ways = both["ways"].as_array().expect("a list");
    assert_eq!(ways.len(), 1, "{both:#}");
    assert_eq!(hops(&ways[0])[1].0, "* *", "{both:#}");
    assert_eq!(ways[0]["hops"][1]["mark"], "quiet", "{both:#}");
    assert_eq!(sixth["target"]["address"], "fd48::1:2");
    assert_eq!(fourth["target"]["address"], "10.61.0.2");
    for one in [sixth, fourth] {
        assert_eq!(one["reached"], true, "{one:#}");
    }
    assert_eq!(cut["reached"], false, "{cut:#}");
    let refused = &cut["ways"][0]["refused"];
    assert_eq!(refused["router"], "fd48::3", "{cut:#}");
    assert_eq!((&refused["type"], &refused["code"]), (&1.into(), &3.into()));
    let next = &cut["ways"][0]["last"]["next"][0];
    assert_eq!(next["link"], "core-2--pop-west", "{cut:#}");
    if poor.is_null() {
        println!("skipped: `setpriv` cannot take the capability away here");
    } else {
        println!("without the capability: {}", poor["socket"]);
        assert_eq!(poor["reached"], true, "{poor:#}");
        assert_eq!(hops(&poor["ways"][0]), path, "{poor:#}");
    }
    // The same for people.
    assert!(err.contains("west (fd48:0:0:1::11)"), "{err}");
    assert!(err.contains("fd48:0:0:1::1 "), "{err}");
}

#[test]
fn loopback_of_ipv6_is_one_hop_away_without_any_topology() {
    let place = tempfile::tempdir().expect("a folder");
    let output = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(["trace", "::1", "--flows", "2", "--format", "json"])
        .current_dir(place.path())
        .env_remove("SPANWATCH_TOPOLOGY")
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let has_v6 = std::net::UdpSocket::bind((IpAddr::from(Ipv6Addr::LOCALHOST), 0)).is_ok();
    if said.contains("No ICMP socket") || !has_v6 {
        println!("skipped: {said}");
        return;
    }
    assert!(output.status.success(), "{said}");
    let document: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let ways = document["ways"].as_array().expect("a list");
    assert_eq!(ways.len(), 1);
    assert_eq!(ways[0]["hops"].as_array().map(Vec::len), Some(1));
    assert_eq!(ways[0]["hops"][0]["address"], "::1");
}
