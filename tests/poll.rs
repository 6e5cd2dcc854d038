//! One device asked by hand: what the lab's agents serve for it, and how it is shown.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use snmp::{Oid, Value, VarBind};
use spanwatch::analysis::finding::code::Code;
use spanwatch::analysis::wiring::compare;
use spanwatch::app::survey::witness;
use spanwatch::lab::action::Action;
use spanwatch::lab::fabric::Fabric;
use spanwatch::lab::scenario::Scenario;
use spanwatch::model::Element;
use spanwatch::model::device::{Device, port_key};
use spanwatch::model::fault::Source;
use spanwatch::model::network::Network;
use spanwatch::probe::poll::{Trouble, Unread, Whole};
use spanwatch::report::poll::{Asked, json, text};
use spanwatch::report::words::{Language, Words};
use spanwatch::wire::recording;
use spanwatch::wire::whole::{self, Group};
use unicode_width::UnicodeWidthStr as _;

use crate::picture::device;
use crate::sketch::Sketch;

fn reference() -> Arc<Network> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    Arc::new(spanwatch::inventory::load(&folder).expect("sound").network)
}

#[test]
fn every_declared_link_is_heard_at_both_ends() {
    let network = reference();
    let fabric = Fabric::new(network.clone(), 1);
    for node in network.nodes.values() {
        let served = fabric
            .whole(&node.id, Duration::from_secs(5))
            .expect("a node");
        // As a poll reads it: through the agent's tables.
        let read = whole::device(&whole::encode(&served));
        assert_eq!(read, served, "{}", node.id);
        assert_eq!(
            read.neighbours.len(),
            network.links_at(&node.id).len(),
            "{}",
            node.id
        );
        for id in network.links_at(&node.id) {
            let link = &network.links[id];
            let (own, far) = if link.a.node == node.id {
                (&link.a, &link.b)
            } else {
                (&link.b, &link.a)
            };
            let is_heard = read.neighbours.iter().any(|heard| {
                let names = |port: &Option<String>, said: &str| {
                    port.as_ref()
                        .is_none_or(|port| port_key(port) == port_key(said))
                };
                heard.system_name.as_str() == network.nodes[&far.node].sys_name
                    && names(&own.port, heard.local_port.as_str())
                    && names(&far.port, heard.port_id.as_str())
            });
            assert!(is_heard, "{id} at {}", node.id);
        }
        assert_eq!(
            read.inventory[0].serial.as_str(),
            node.serial.as_deref().unwrap_or_default()
        );
    }
}

#[test]
fn nobody_is_heard_over_a_cut_link() {
    let network = reference();
    let mut fabric = Fabric::new(network.clone(), 1);
    let link = network.links.values().next().expect("a link");
    let count = |fabric: &Fabric, node| {
        let device = fabric.whole(node, Duration::from_secs(9)).expect("a node");
        device.neighbours.len()
    };
    let before = [count(&fabric, &link.a.node), count(&fabric, &link.b.node)];
    let cut = Action::Cut(vec![Element::Link(link.id.clone())]);
    fabric.act(&cut, Duration::from_secs(1));
    let after = [count(&fabric, &link.a.node), count(&fabric, &link.b.node)];
    assert_eq!(after, before.map(|heard| heard - 1));
}

#[test]
fn scenario_names_recordings_beside_it() {
    let network = reference();
    let read = |text: &str| {
        let source = Arc::new(Source {
            name: "some/folder/night.toml".to_owned(),
            text: text.to_owned(),
        });
        Scenario::parse(&source, &network)
    };
    let named = read("[[recording]]\nnode = \"core-1\"\nfile = \"old.snmprec\"\n").expect("sound");
    let path = named.recordings.values().next().expect("one");
    assert_eq!(path, Path::new("some/folder/old.snmprec"));
    let unknown = read("[[recording]]\nnode = \"core-99\"\nfile = \"old.snmprec\"\n");
    assert_eq!(unknown.expect_err("no such node")[0].code, "S0303");
}

fn asked() -> Asked {
    Asked {
        device: "192.0.2.1".to_owned(),
        agent: "192.0.2.1:161".parse().expect("an address"),
        how: "SNMP v2c".to_owned(),
    }
}

#[test]
fn hostile_device_is_shown_in_80_columns_and_moves_no_cursor() {
    let long = "1.3.6.1.2.1.31.1.1.1.18.1|4|".to_owned() + &"một nơi rất xa ".repeat(15);
    let rows = recording::read(
        format!(
            "1.3.6.1.2.1.1.5.0|4x|1b5d35323b1b5b33316d\n1.3.6.1.2.1.31.1.1.1.1.1|4|{}\n{long}\n\
             1.3.6.1.2.1.2.2.1.5.1|66|1000000000\n1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n\
             1.0.8802.1.1.2.1.4.1.1.9.0.1.1|4x|e280ae1b5b324a\n1.0.8802.1.1.2.1.4.1.1.5.0.1.1|4x|0102030405\n\
             1.3.6.1.2.1.47.1.1.1.1.13.1|4|{}\n1.3.6.1.2.1.47.1.1.1.1.7.2|4|a fan\n",
            "x".repeat(300),
            "y".repeat(300),
        )
        .as_bytes(),
    );
    for seen in [whole::device(&rows.rows), device()] {
        let whole = Whole {
            device: seen,
            unread: vec![Unread {
                group: Group::Inventory,
                why: Trouble::Disordered,
            }],
            began: spanwatch::clock::now(),
            took: Duration::from_millis(120),
        };
        for language in [Language::En, Language::Vi] {
            let text = text(&asked(), &whole, None, &Words::of(language));
            for line in text.lines() {
                assert!(line.width() <= 80, "{line}");
                assert!(
                    !line.contains(spanwatch::model::text::is_unsafe),
                    "{line:?}"
                );
            }
            assert!(text.contains("entPhysicalTable"), "{text}");
        }
        let json: serde_json::Value =
            serde_json::from_str(&json(&asked(), &whole, None)).expect("JSON");
        assert_eq!(json["schema"], "spanwatch/poll/1");
        assert_eq!(json["complete"], false);
        assert_eq!(json["unread"][0]["reason"], "disordered");
        for (table, field) in [("interfaces", "in_octets"), ("interfaces", "counters")] {
            assert!(json[table][0].get(field).is_some(), "{json}");
        }
    }
}

fn cell(arcs: &[u32], value: Value) -> VarBind {
    VarBind::new(Oid::from_slice(arcs), value)
}

/// What a poll of two Cisco switches on one cable reads, where `b` has come up half.
fn switches() -> [Device; 2] {
    ["a", "b"].map(|here| {
        let (there, own, told) = if here == "a" {
            ("b", 3, 2)
        } else {
            ("a", 2, 3)
        };
        let cdp = |column: u32, value: Value| {
            let entry = [1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1, column, 7, 1];
            cell(&entry, value)
        };
        let named = [1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1, 7];
        let up = [1, 3, 6, 1, 2, 1, 2, 2, 1, 8, 7];
        let duplex = |port: u32| [1, 3, 6, 1, 2, 1, 10, 7, 2, 1, 19, port];
        whole::device(&[
            cell(&named, Value::from("Gi0/1")),
            cell(&up, Value::Integer(1)),
            cell(&duplex(7), Value::Integer(own)),
            // A port that IF-MIB does not know of makes no interface.
            cell(&duplex(8), Value::Integer(3)),
            cdp(6, Value::from(there)),
            cdp(7, Value::from("GigabitEthernet0/1")),
            cdp(12, Value::Integer(told)),
        ])
    })
}

#[test]
fn duplex_is_read_of_the_port_and_of_what_its_neighbour_says() {
    let [a, b] = switches();
    assert_eq!((a.interfaces.len(), a.neighbours.len()), (1, 1));
    assert_eq!(a.interfaces[0].full_duplex, Some(true));
    assert_eq!(a.neighbours[0].full_duplex, Some(false));
    assert_eq!(b.interfaces[0].full_duplex, Some(false));
    assert_eq!(b.neighbours[0].full_duplex, Some(true));
    let fabric = Fabric::new(reference(), 1);
    let core = fabric
        .whole(&"core-1".into(), Duration::ZERO)
        .expect("a node");
    let read = whole::device(&whole::encode(&core));
    let full = read
        .interfaces
        .iter()
        .filter(|port| port.full_duplex == Some(true));
    assert_eq!(
        full.count() + 1,
        read.interfaces.len(),
        "all but the loopback"
    );
}

#[test]
fn ends_that_do_not_agree_on_duplex_are_found_with_a_code() {
    let mut network = Sketch::new(&["a"]).links(&["a-b"]);
    let link = network.0.links.get_mut("a-b").expect("a link");
    link.a.port = Some("Gi0/1".to_owned());
    link.b.port = Some("Gi0/1".to_owned());
    let network = network.network();
    let found = |devices: [Device; 2]| {
        let witnesses = ["a", "b"].into_iter().zip(devices);
        let witnesses = witnesses
            .map(|(node, device)| (node.into(), Some(witness(&device, true))))
            .collect();
        let findings = compare(&network, &witnesses).findings;
        findings
            .into_iter()
            .map(|finding| finding.code)
            .collect::<Vec<_>>()
    };
    assert_eq!(found(switches()), [Code::DuplexMismatch]);
    // Ports that do not say it themselves are spoken of by their neighbours.
    let mut silent = switches();
    for device in &mut silent {
        device.interfaces[0].full_duplex = None;
    }
    assert_eq!(found(silent), [Code::DuplexMismatch]);
    let mut alike = switches();
    for device in &mut alike {
        device.interfaces[0].full_duplex = Some(true);
    }
    assert_eq!(found(alike), []);
}

#[test]
fn addresses_behind_ports_are_read_from_routers_and_bridges() {
    const IF_NAME: &[u32] = &[1, 3, 6, 1, 2, 1, 31, 1, 1, 1, 1];
    let at = |entry: &[u32], row: &[u32]| [entry, row].concat();
    let octets = |octets: &[u8]| Value::OctetString(octets.to_vec().into());
    let media = |column: u32, row: &[u32]| at(&[1, 3, 6, 1, 2, 1, 4, 22, 1, column], row);
    let physical = |column: u32, row: &[u32]| at(&[1, 3, 6, 1, 2, 1, 4, 35, 1, column], row);
    let bridge = |column: u32, row: &[u32]| at(&[1, 3, 6, 1, 2, 1, 17, 4, 3, 1, column], row);
    let vlan = |column: u32, row: &[u32]| at(&[1, 3, 6, 1, 2, 1, 17, 7, 1, 2, 2, 1, column], row);
    let six: Vec<u32> = [3, 2, 16]
        .into_iter()
        .chain([0xfd, 0x48])
        .chain([0; 13])
        .chain([9])
        .collect();
    let rows = [
        cell(&at(IF_NAME, &[3]), Value::from("Gi0/3")),
        cell(&at(IF_NAME, &[4]), Value::from("Gi0/4")),
        // By ARP, in both tables: one station.
        cell(&media(2, &[3, 10, 48, 0, 1]), octets(&[2, 0, 0, 0, 0, 1])),
        cell(&media(4, &[3, 10, 48, 0, 1]), Value::Integer(3)),
        cell(
            &physical(4, &[3, 1, 4, 10, 48, 0, 1]),
            octets(&[2, 0, 0, 0, 0, 1]),
        ),
        cell(&physical(6, &[3, 1, 4, 10, 48, 0, 1]), Value::Integer(3)),
        // By neighbour discovery.
        cell(&physical(4, &six), octets(&[2, 0, 0, 0, 0, 9])),
        // One that no longer holds, one that is the device's own, one that nobody has answered for.
        cell(&media(2, &[3, 10, 48, 0, 2]), octets(&[2, 0, 0, 0, 0, 2])),
        cell(&media(4, &[3, 10, 48, 0, 2]), Value::Integer(2)),
        cell(
            &physical(4, &[3, 1, 4, 10, 48, 0, 3]),
            octets(&[2, 0, 0, 0, 0, 3]),
        ),
        cell(&physical(6, &[3, 1, 4, 10, 48, 0, 3]), Value::Integer(5)),
        cell(&media(2, &[3, 10, 48, 0, 4]), octets(&[0; 6])),
        // As a bridge, whose port 1 is interface 4: learnt, its own, and one behind a port of no interface.
        cell(&[1, 3, 6, 1, 2, 1, 17, 1, 4, 1, 2, 1], Value::Integer(4)),
        cell(&bridge(2, &[2, 0, 0, 0, 0, 5]), Value::Integer(1)),
        cell(&bridge(3, &[2, 0, 0, 0, 0, 5]), Value::Integer(3)),
        cell(&bridge(2, &[2, 0, 0, 0, 0, 6]), Value::Integer(1)),
        cell(&bridge(3, &[2, 0, 0, 0, 0, 6]), Value::Integer(4)),
        cell(&bridge(2, &[2, 0, 0, 0, 0, 7]), Value::Integer(9)),
        // The same and another in two filtering databases.
        cell(&vlan(2, &[1, 2, 0, 0, 0, 0, 5]), Value::Integer(1)),
        cell(&vlan(2, &[2, 2, 0, 0, 0, 0, 8]), Value::Integer(1)),
        // Rows that make no sense.
        cell(&media(2, &[3, 10, 48, 0]), octets(&[2; 6])),
        cell(&media(2, &[3, 10, 48, 0, 999]), octets(&[2; 6])),
        cell(&media(2, &[3, 10, 48, 0, 7]), octets(&[2; 5])),
        cell(&physical(4, &[3, 2, 16, 1]), octets(&[2; 6])),
        cell(&bridge(2, &[2, 0, 0]), Value::Integer(1)),
        cell(&bridge(2, &[2, 0, 0, 0, 0, 300]), Value::Integer(1)),
    ];
    let device = whole::device(&rows);
    let told: Vec<String> = device
        .stations
        .iter()
        .map(|station| format!("{} {} {:?}", station.index, station.mac[5], station.address))
        .collect();
    assert_eq!(
        told,
        [
            "3 1 Some(10.48.0.1)",
            "3 9 Some(fd48::9)",
            "4 5 None",
            "4 8 None"
        ]
    );
    // And back, through what an agent serves.
    assert_eq!(whole::device(&whole::encode(&device)), device);
}
