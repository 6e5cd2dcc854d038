//! Declared links against what devices hear: every kind of finding, named with its evidence, and none where all is
//! as it is declared.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::Arc;

use spanwatch::analysis::finding::code::Code;
use spanwatch::analysis::finding::{By, Evidence, Far, Finding, Mark, Value};
use spanwatch::analysis::wiring::witness::{Heard, Port, Station, Unit, Witness};
use spanwatch::analysis::wiring::{Sight, Wiring, compare};
use spanwatch::app::survey::witness;
use spanwatch::inventory::read;
use spanwatch::model::NodeId;
use spanwatch::model::device::{Device, Interface, PortStatus};
use spanwatch::model::fault::Source;
use spanwatch::model::network::Network;
use spanwatch::model::text::DeviceText;

/// A cable: node, port, node, port.
type Cable = (&'static str, &'static str, &'static str, &'static str);

const SQUARE: &[Cable] = &[
    ("a", "Gi0/1", "b", "Gi0/1"),
    ("b", "Gi0/2", "c", "Gi0/2"),
    ("c", "Gi0/1", "d", "Gi0/1"),
    ("d", "Gi0/2", "a", "Gi0/2"),
];

fn declared(cables: &[Cable]) -> Network {
    let mut text = String::from("[network]\nid = \"n\"\nname = \"N\"\nhubs = [\"a\"]\n");
    for (at, node) in ["a", "b", "c", "d"].iter().enumerate() {
        let _ = write!(
            text,
            "[[node]]\nid = \"{node}\"\nrole = \"pop\"\naddress = \"192.0.2.{}\"\nsys_name = \"pe-{node}\"\n",
            at + 1
        );
    }
    for (at, (a, p, b, q)) in cables.iter().enumerate() {
        let _ = write!(
            text,
            "[[link]]\nid = \"l{at}\"\na = \"{a}:{p}\"\nb = \"{b}:{q}\"\ncapacity = \"1G\"\n"
        );
    }
    network(&text)
}

fn network(text: &str) -> Network {
    let source = Arc::new(Source {
        name: "n.toml".to_owned(),
        text: text.replace(":\"", "\""),
    });
    read(vec![source]).expect("a sound topology").network
}

fn mac(node: &str, number: u8) -> [u8; 6] {
    [2, 0, 0, 0, node.as_bytes()[0], number]
}

/// What devices say that are wired so: four ports each, spelt long, whatever is declared.
fn say(cables: &[Cable]) -> BTreeMap<NodeId, Option<Witness>> {
    let mut all = BTreeMap::new();
    for node in ["a", "b", "c", "d"] {
        let ends: Vec<(&str, &str, &str)> = cables
            .iter()
            .flat_map(|(a, p, b, q)| [(*a, *p, (*b, *q)), (*b, *q, (*a, *p))])
            .filter(|(here, ..)| *here == node)
            .map(|(_, port, (far, far_port))| (port, far, far_port))
            .collect();
        let ports = (1..=4).map(|number| {
            let short = format!("Gi0/{number}");
            let is_used = ends.iter().any(|(port, ..)| *port == short);
            Port {
                names: vec![short, format!("GigabitEthernet0/{number}")],
                mac: Some(mac(node, number)),
                oper: if is_used {
                    PortStatus::Up
                } else {
                    PortStatus::Down
                },
                speed: Some(1_000_000_000),
                full_duplex: None,
            }
        });
        let heard = ends.iter().map(|(port, far, far_port)| Heard {
            protocol: By::Lldp,
            local: (*port).to_owned(),
            chassis: String::new(),
            name: format!("pe-{far}.example.net"),
            addresses: Vec::new(),
            ports: vec![far_port.replace("Gi", "GigabitEthernet")],
            full_duplex: None,
        });
        let witness = Witness {
            name: format!("pe-{node}"),
            chassis: None,
            tells: BTreeSet::from([By::Lldp]),
            is_whole: true,
            ports: ports.collect(),
            heard: heard.collect(),
            stations: Vec::new(),
            unit: None,
        };
        all.insert(NodeId::from(node), Some(witness));
    }
    all
}

fn of<'a>(all: &'a mut BTreeMap<NodeId, Option<Witness>>, node: &str) -> &'a mut Witness {
    let witness = all.get_mut(node).expect("asked");
    witness.as_mut().expect("it answered")
}

fn codes(wiring: &Wiring) -> Vec<(&'static str, &str)> {
    wiring
        .findings
        .iter()
        .map(|finding| (finding.code.name(), finding.about.id.as_str()))
        .collect()
}

fn seen(finding: &Finding) -> &str {
    match &finding.seen {
        Some(Value::Text(text)) => text,
        _ => "",
    }
}

#[test]
fn wired_as_declared_has_no_finding() {
    let network = declared(SQUARE);
    let wiring = compare(&network, &say(SQUARE));
    assert_eq!(wiring.findings, Vec::new());
    assert_eq!(wiring.count(Sight::Both), 4);
}

#[test]
fn who_was_not_asked_proves_nothing() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    all.remove("b");
    let wiring = compare(&network, &all);
    assert_eq!(wiring.findings, Vec::new());
    assert_eq!(wiring.count(Sight::One), 2);
    // One that answers and does not tell its neighbours is the same.
    let mut all = say(SQUARE);
    of(&mut all, "b").tells.clear();
    of(&mut all, "b").heard.clear();
    assert_eq!(compare(&network, &all).findings, Vec::new());
    // One that was silent is told, and nothing else.
    let mut all = say(SQUARE);
    all.insert("b".into(), None);
    assert_eq!(codes(&compare(&network, &all)), [("device-silent", "b")]);
    let nobody = compare(&network, &BTreeMap::new());
    assert_eq!(nobody.count(Sight::Unseen), 4);
    assert_eq!(nobody.findings, Vec::new());
}

#[test]
fn pulled_cable_is_missing_and_the_ports_prove_it() {
    let network = declared(SQUARE);
    let wiring = compare(&network, &say(&SQUARE[1..]));
    assert_eq!(codes(&wiring), [("link-missing", "l0")]);
    let finding = &wiring.findings[0];
    assert_eq!(finding.field, Some("state"));
    assert!(finding.evidence.contains(&Evidence::Port {
        by: "a".into(),
        port: "Gi0/1".to_owned(),
        oper: PortStatus::Down,
    }));
    assert_eq!(wiring.links["l0"], Sight::Wrong);
}

#[test]
fn silence_of_two_who_tell_is_a_missing_link_even_with_light_on_it() {
    let network = declared(SQUARE);
    let mut all = say(&SQUARE[1..]);
    for node in ["a", "b"] {
        of(&mut all, node).ports[0].oper = PortStatus::Up;
    }
    let wiring = compare(&network, &all);
    assert_eq!(codes(&wiring), [("link-missing", "l0")]);
    assert_eq!(wiring.findings[0].field, Some("neighbour"));
}

#[test]
fn who_speaks_another_protocol_is_not_missed() {
    let network = declared(SQUARE);
    let mut all = say(&SQUARE[1..]);
    for node in ["a", "b"] {
        of(&mut all, node).ports[0].oper = PortStatus::Up;
    }
    of(&mut all, "b").tells = BTreeSet::from([By::Cdp]);
    let wiring = compare(&network, &all);
    assert_eq!(codes(&wiring), Vec::new());
    assert_eq!(wiring.links["l0"], Sight::Unseen);
}

#[test]
fn cable_on_another_port_is_moved() {
    let network = declared(SQUARE);
    let mut cables = SQUARE.to_vec();
    cables[0] = ("a", "Gi0/3", "b", "Gi0/1");
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-moved", "l0")]);
    let finding = &wiring.findings[0];
    assert_eq!(finding.field, Some("port"));
    assert_eq!(seen(finding), "a:Gi0/3 – b:Gi0/1");
    assert_eq!(finding.evidence.len(), 2, "both ends say so");
    assert!(matches!(
        &finding.evidence[0],
        Evidence::Heard { by, port, far: Far::Node(far, Mark::SystemName), .. }
            if by.as_str() == "a" && port == "Gi0/3" && far.as_str() == "b"
    ));
    // Even if only the end that did not move is heard, by what the other says of its port.
    let mut all = say(&cables);
    all.remove("a");
    assert_eq!(codes(&compare(&network, &all)), [("link-moved", "l0")]);
}

#[test]
fn cable_to_another_node_is_moved_and_not_also_undeclared() {
    let network = declared(SQUARE);
    let mut cables = SQUARE.to_vec();
    cables[0] = ("a", "Gi0/1", "c", "Gi0/4");
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-moved", "l0")]);
    assert_eq!(wiring.findings[0].field, Some("neighbour"));
    assert_eq!(seen(&wiring.findings[0]), "a:Gi0/1 – c:Gi0/4");
}

#[test]
fn crossed_cables_are_two_moved_links() {
    let network = declared(SQUARE);
    let mut cables = SQUARE.to_vec();
    // l0 and l2 exchanged their ends at b and d.
    cables[0] = ("a", "Gi0/1", "d", "Gi0/1");
    cables[2] = ("c", "Gi0/1", "b", "Gi0/1");
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-moved", "l0"), ("link-moved", "l2")]);
    // Two ports of one device exchanged: both links are there, on other ports.
    let mut cables = SQUARE.to_vec();
    cables[0] = ("a", "Gi0/2", "b", "Gi0/1");
    cables[3] = ("d", "Gi0/2", "a", "Gi0/1");
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-moved", "l0"), ("link-moved", "l3")]);
    assert!(
        wiring
            .findings
            .iter()
            .all(|finding| finding.field == Some("port"))
    );
}

#[test]
fn undeclared_cable_is_extra_once_with_both_witnesses() {
    let network = declared(SQUARE);
    let mut cables = SQUARE.to_vec();
    cables.push(("a", "Gi0/3", "c", "Gi0/3"));
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-extra", "a")]);
    assert_eq!(seen(&wiring.findings[0]), "a:Gi0/3 – c:Gi0/3");
    assert_eq!(wiring.findings[0].evidence.len(), 2);
    // A second cable between two nodes that have one is extra too, and the first is well.
    let mut cables = SQUARE.to_vec();
    cables.push(("a", "Gi0/4", "b", "Gi0/4"));
    let wiring = compare(&network, &say(&cables));
    assert_eq!(codes(&wiring), [("link-extra", "a")]);
    assert_eq!(wiring.count(Sight::Both), 4);
}

#[test]
fn one_end_that_hears_and_is_not_heard_is_one_sided() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    of(&mut all, "a")
        .heard
        .retain(|heard| heard.local != "Gi0/1");
    let wiring = compare(&network, &all);
    assert_eq!(codes(&wiring), [("link-one-sided", "l0")]);
    let last = wiring.findings[0].evidence.last().expect("evidence");
    let expected = Evidence::NotAmong {
        by: "a".into(),
        far: "b".into(),
    };
    assert_eq!(*last, expected);
    // What was read in part may lack just that.
    of(&mut all, "a").is_whole = false;
    assert_eq!(codes(&compare(&network, &all)), [("device-partial", "a")]);
}

#[test]
fn entry_on_a_port_that_is_down_is_stale_and_proves_no_link() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    for node in ["a", "b"] {
        of(&mut all, node).ports[0].oper = PortStatus::Down;
    }
    let wiring = compare(&network, &all);
    assert_eq!(codes(&wiring), [("link-stale", "l0")]);
}

#[test]
fn name_of_two_is_ambiguous_unless_a_later_mark_decides() {
    let network = network(
        "[network]\nid = \"n\"\nname = \"N\"\nhubs = [\"a\"]\n\
         [[node]]\nid = \"a\"\naddress = \"192.0.2.1\"\n\
         [[node]]\nid = \"b\"\naddress = \"192.0.2.2\"\nsys_name = \"switch\"\n\
         [[node]]\nid = \"c\"\naddress = \"192.0.2.3\"\nsys_name = \"switch\"\n\
         [[link]]\nid = \"l0\"\na = \"a:Gi0/1\"\nb = \"b\"\n",
    );
    let mut witness = Witness {
        name: "a".to_owned(),
        tells: BTreeSet::from([By::Cdp]),
        is_whole: true,
        ports: vec![Port {
            names: vec!["Gi0/1".to_owned()],
            oper: PortStatus::Up,
            ..Port::default()
        }],
        heard: vec![Heard {
            protocol: By::Cdp,
            local: "GigabitEthernet0/1".to_owned(),
            chassis: "switch(FOX1)".to_owned(),
            name: String::new(),
            addresses: Vec::new(),
            ports: vec!["1".to_owned()],
            full_duplex: None,
        }],
        ..Witness::default()
    };
    let one = |witness: &Witness| {
        let all = BTreeMap::from([(NodeId::from("a"), Some(witness.clone()))]);
        compare(&network, &all)
    };
    assert_eq!(codes(&one(&witness)), [("link-ambiguous", "l0")]);
    witness.heard[0].addresses = vec!["192.0.2.2".parse().expect("an address")];
    assert_eq!(codes(&one(&witness)), Vec::new());
    witness.heard[0].addresses = vec!["192.0.2.3".parse().expect("an address")];
    assert_eq!(codes(&one(&witness)), [("link-moved", "l0")]);
}

#[test]
fn a_box_is_known_by_the_chassis_id_that_it_says_of_itself() {
    let network = declared(SQUARE);
    let device = |chassis: &str| Device {
        chassis_id: DeviceText::clean(chassis.as_bytes()),
        interfaces: vec![Interface {
            mac: Some([2, 0, 0, 0, 0, 9]),
            ..Interface::default()
        }],
        ..Device::default()
    };
    // The chassis of many a maker is the address of no port.
    let said = witness(&device("a8:d0:e5:f5:af:c0"), true).chassis;
    assert_eq!(said.as_deref(), Some("a8:d0:e5:f5:af:c0"));
    let silent = witness(&device(""), true).chassis;
    assert_eq!(silent.as_deref(), Some("02:00:00:00:00:09"));
    let mut all = say(SQUARE);
    of(&mut all, "b").chassis = said;
    let heard = &mut of(&mut all, "a").heard[0];
    heard.name = String::new();
    heard.chassis = "A8D0.E5F5.AFC0".to_owned();
    assert_eq!(compare(&network, &all).findings, Vec::new());
    of(&mut all, "b").chassis = silent;
    assert_ne!(compare(&network, &all).findings, Vec::new());
}

#[test]
fn chassis_decides_before_name_and_name_before_address() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    // The name says d and the chassis b: it is b. The address says d and the name b: it is b.
    let heard = &mut of(&mut all, "a").heard[0];
    heard.name = "pe-d".to_owned();
    heard.chassis = "02:00:00:00:62:03".to_owned();
    heard.addresses = vec!["192.0.2.4".parse().expect("an address")];
    assert_eq!(compare(&network, &all).findings, Vec::new());
    let heard = &mut of(&mut all, "a").heard[0];
    heard.name = "PE-B".to_owned();
    heard.chassis = "0200.0000.ffff".to_owned();
    assert_eq!(compare(&network, &all).findings, Vec::new());
    let heard = &mut of(&mut all, "a").heard[0];
    heard.name = "what is it".to_owned();
    heard.addresses = vec!["127.0.0.1".parse().expect("an address")];
    let wiring = compare(&network, &all);
    assert_eq!(
        codes(&wiring),
        [("link-one-sided", "l0"), ("neighbour-unknown", "a")]
    );
}

#[test]
fn row_of_a_port_that_was_taken_away_is_not_the_port() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    let ghost = Port {
        names: vec!["Gi0/1".to_owned()],
        oper: PortStatus::Down,
        ..Port::default()
    };
    of(&mut all, "a").ports.insert(0, ghost.clone());
    of(&mut all, "b").ports.push(ghost);
    assert_eq!(compare(&network, &all).findings, Vec::new());
}

#[test]
fn ports_say_how_fast_and_whether_in_turn() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    of(&mut all, "a").ports[0].speed = Some(100_000_000);
    of(&mut all, "b").ports[1].full_duplex = Some(false);
    of(&mut all, "c").ports[1].full_duplex = Some(true);
    of(&mut all, "c").ports[0].names = vec!["xe-9".to_owned()];
    let wiring = compare(&network, &all);
    assert_eq!(
        codes(&wiring),
        [
            ("speed-lower", "l0"),
            ("duplex-mismatch", "l1"),
            ("port-unknown", "l2")
        ]
    );
    assert_eq!(wiring.findings[0].seen, Some(Value::Bits(100_000_000)));
}

#[test]
fn a_device_is_held_against_what_it_says_of_itself() {
    let network = network(
        "[network]\nid = \"n\"\nname = \"N\"\nhubs = [\"a\"]\n\
         [[node]]\nid = \"a\"\naddress = \"192.0.2.1\"\nvendor = \"Juniper\"\nmodel = \"MX204\"\nserial = \"AB1\"\n\
         [[node]]\nid = \"b\"\naddress = \"192.0.2.2\"\n",
    );
    let unit = |vendor: &str, model: &str, serial: &str| Unit {
        vendor: vendor.to_owned(),
        model: model.to_owned(),
        serial: serial.to_owned(),
        ..Unit::default()
    };
    let witness = |name: &str, unit: Unit, chassis: &str| {
        Some(Witness {
            name: name.to_owned(),
            chassis: Some(chassis.to_owned()),
            is_whole: true,
            unit: Some(unit),
            ..Witness::default()
        })
    };
    let well = unit("Juniper Networks, Inc.", "MX204", "ab1");
    let all = BTreeMap::from([
        (
            NodeId::from("a"),
            witness("a.example.net", well, "02-00-00-00-00-01"),
        ),
        (
            NodeId::from("b"),
            witness("B", Unit::default(), "02-00-00-00-00-02"),
        ),
    ]);
    assert_eq!(compare(&network, &all).findings, Vec::new());
    let other = unit("Cisco", "ASR", "XY2");
    let all = BTreeMap::from([
        (NodeId::from("a"), witness("z", other, "02-00-00-00-00-01")),
        (
            NodeId::from("b"),
            witness("Z", Unit::default(), "0200.0000.0001"),
        ),
    ]);
    let wiring = compare(&network, &all);
    assert_eq!(
        codes(&wiring),
        [
            ("name-differs", "a"),
            ("name-differs", "b"),
            ("model-differs", "a"),
            ("serial-differs", "a"),
            ("vendor-differs", "a"),
            ("two-are-one", "a"),
        ]
    );
}

#[test]
fn cloud_that_cannot_be_asked_may_lie_between() {
    let text = "[network]\nid = \"n\"\nname = \"N\"\nhubs = [\"a\"]\n\
         [[node]]\nid = \"a\"\naddress = \"192.0.2.1\"\nsys_name = \"pe-a\"\n\
         [[node]]\nid = \"b\"\naddress = \"192.0.2.2\"\nsys_name = \"pe-b\"\n\
         [[node]]\nid = \"cloud\"\nrole = \"provider\"\n\
         [[link]]\nid = \"l0\"\na = \"a:Gi0/1\"\nb = \"cloud\"\n\
         [[link]]\nid = \"l1\"\na = \"b:Gi0/1\"\nb = \"cloud\"\n";
    let mut all = say(&SQUARE[..1]);
    all.retain(|node, _| matches!(node.as_str(), "a" | "b"));
    let wiring = compare(&network(text), &all);
    assert_eq!(wiring.findings, Vec::new());
    assert_eq!(wiring.count(Sight::Through), 2);
}

/// Any wiring against any declaration: what is the same is never found fault with, and every difference is.
#[test]
fn any_wiring_is_told_from_any_declaration() {
    let mut state = 7_u64;
    let mut chance = |of: usize| {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 33) as usize % of
    };
    let ports = ["Gi0/1", "Gi0/2", "Gi0/3", "Gi0/4"];
    let nodes = ["a", "b", "c", "d"];
    let draw = |chance: &mut dyn FnMut(usize) -> usize| -> Vec<Cable> {
        let mut free: Vec<(&str, &str)> = nodes
            .iter()
            .flat_map(|node| ports.iter().map(|port| (*node, *port)))
            .collect();
        let mut cables = Vec::new();
        for _ in 0..chance(7) {
            let one = free.swap_remove(chance(free.len()));
            let other = free.swap_remove(chance(free.len()));
            if one.0 != other.0 {
                cables.push((one.0, one.1, other.0, other.1));
            }
        }
        cables
    };
    let key = |cable: &Cable| -> BTreeSet<(&str, &str)> {
        BTreeSet::from([(cable.0, cable.1), (cable.2, cable.3)])
    };
    for _ in 0..2_000 {
        let planned = draw(&mut chance);
        let wired = draw(&mut chance);
        let network = declared(&planned);
        assert_eq!(codes(&compare(&network, &say(&planned))), Vec::new());
        let wiring = compare(&network, &say(&wired));
        let real: BTreeSet<_> = wired.iter().map(key).collect();
        for (at, cable) in planned.iter().enumerate() {
            let id = format!("l{at}");
            let is_wrong = wiring.links[id.as_str()] == Sight::Wrong;
            assert_eq!(
                is_wrong,
                !real.contains(&key(cable)),
                "{planned:?} {wired:?} {:?}",
                codes(&wiring)
            );
        }
        // Every cable that is not declared stands in some finding.
        let plan: BTreeSet<_> = planned.iter().map(key).collect();
        let told: Vec<&str> = wiring.findings.iter().map(seen).collect();
        let told = told.join(" ");
        for cable in wired.iter().filter(|cable| !plan.contains(&key(cable))) {
            let ways = [
                format!("{}:{} – {}:{}", cable.0, cable.1, cable.2, cable.3),
                format!("{}:{} – {}:{}", cable.2, cable.3, cable.0, cable.1),
            ];
            assert!(
                ways.iter().any(|way| told.contains(way)),
                "{cable:?}: {told}"
            );
        }
    }
}

#[test]
fn devices_may_say_anything_at_all() {
    let network = declared(SQUARE);
    let mut all = say(SQUARE);
    let witness = of(&mut all, "a");
    let strange = [
        "",
        "a",
        "pe-a",
        "0",
        "\u{202e}",
        "Gi0/1",
        "02:00:00:00:61:01",
        "(((",
        ".",
        ":",
    ];
    for one in strange {
        for other in strange {
            witness.heard.push(Heard {
                protocol: By::Cdp,
                local: one.to_owned(),
                chassis: other.to_owned(),
                name: one.to_owned(),
                addresses: vec!["::".parse().expect("an address")],
                ports: vec![other.to_owned(), String::new()],
                full_duplex: Some(true),
            });
        }
    }
    let wiring = compare(&network, &all);
    // It can say what it likes of itself; the links that it has no part in stay as they are.
    for id in ["l1", "l2"] {
        assert_eq!(wiring.links[id], Sight::Both);
    }
    let code = |finding: &Finding| finding.code;
    assert!(
        wiring
            .findings
            .iter()
            .map(code)
            .all(|code| code != Code::LinkMissing)
    );
}

/// Nobody tells whom it hears; only what was learnt of addresses is left.
fn mute() -> BTreeMap<NodeId, Option<Witness>> {
    let mut all = say(SQUARE);
    for witness in all.values_mut().flatten() {
        witness.tells.clear();
        witness.heard.clear();
    }
    all
}

#[test]
fn where_nobody_tells_an_address_behind_the_declared_port_is_seen() {
    let network = declared(SQUARE);
    let address = |last: u8| Some([192, 0, 2, last].into());
    let mut all = mute();
    // By ARP: b's address, behind a's first port; whose physical address it is does not matter.
    of(&mut all, "a").stations = vec![Station {
        port: 0,
        mac: [2; 6],
        address: address(2),
    }];
    // As a bridge: an address of d's second port, behind c's first.
    of(&mut all, "c").stations = vec![Station {
        port: 0,
        mac: mac("d", 2),
        address: None,
    }];
    let wiring = compare(&network, &all);
    assert_eq!(codes(&wiring), Vec::new());
    assert_eq!(wiring.count(Sight::Behind), 2);
    assert_eq!(wiring.count(Sight::Unseen), 2);
    assert_eq!(
        wiring.heard["l0"],
        [Evidence::Learnt {
            by: "a".into(),
            port: "Gi0/1".to_owned(),
            far: "b".into(),
            mac: "02:02:02:02:02:02".to_owned(),
        }]
    );
    assert_eq!(wiring.links["l2"], Sight::Behind);
}

#[test]
fn addresses_behind_another_port_or_of_several_nodes_prove_nothing() {
    let network = declared(SQUARE);
    let mut all = mute();
    let station = |port: usize, mac: [u8; 6], last: Option<u8>| Station {
        port,
        mac,
        address: last.map(|last| [192, 0, 2, last].into()),
    };
    // Another port, another node, a port that is not there, and an address that two boxes bear.
    of(&mut all, "b").ports[3].mac = Some(mac("c", 4));
    of(&mut all, "a").stations = vec![
        station(2, [2; 6], Some(2)),
        station(0, [2; 6], Some(3)),
        station(9, [2; 6], Some(2)),
        station(0, mac("c", 4), None),
        station(0, [3; 6], Some(99)),
    ];
    let wiring = compare(&network, &all);
    assert_eq!(wiring.count(Sight::Unseen), 4, "{:?}", wiring.heard);
    // What is heard by LLDP needs no such help.
    let mut all = say(SQUARE);
    of(&mut all, "a").stations = vec![station(0, [2; 6], Some(2))];
    assert_eq!(compare(&network, &all).count(Sight::Both), 4);
}
