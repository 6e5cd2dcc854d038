//! Exploring a network: everybody is found once, nobody outside the bounds is ever asked, and what is written is a
//! topology.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use spanwatch::analysis::discovery::{Answered, Bounds, Discovery};
use spanwatch::analysis::finding::By;
use spanwatch::analysis::wiring::witness::{Heard, Port, Witness};
use spanwatch::inventory::import::discovered::{Dot, Line, Sketch, proposal};
use spanwatch::inventory::read;
use spanwatch::model::fault::Source;

fn at(text: &str) -> IpAddr {
    text.parse().expect("an address")
}

fn bounds(within: &[&str], most: usize) -> Bounds {
    Bounds {
        within: within
            .iter()
            .map(|net| net.parse().expect("a prefix"))
            .collect(),
        most,
    }
}

/// A device that hears others at these addresses.
fn device(name: &str, address: IpAddr, others: &[(&str, &[IpAddr])]) -> Answered {
    let heard = others.iter().map(|(name, addresses)| Heard {
        protocol: By::Lldp,
        local: "p1".to_owned(),
        chassis: String::new(),
        name: (*name).to_owned(),
        addresses: addresses.to_vec(),
        ports: vec!["p1".to_owned()],
        full_duplex: None,
    });
    let last = match address {
        IpAddr::V4(v4) => v4.octets()[3],
        IpAddr::V6(v6) => v6.octets()[15],
    };
    Answered {
        address,
        credential: "lab".to_owned(),
        witness: Witness {
            name: name.to_owned(),
            tells: BTreeSet::from([By::Lldp]),
            is_whole: true,
            ports: vec![Port {
                names: vec!["p1".to_owned()],
                mac: Some([2, 0, 0, 0, 0, last]),
                ..Port::default()
            }],
            heard: heard.collect(),
            ..Witness::default()
        },
        addresses: vec![address],
    }
}

#[test]
fn waves_go_outward_and_ask_everybody_once() {
    let (a, b, c) = (at("10.0.0.1"), at("10.0.0.2"), at("10.0.1.3"));
    let outside = at("192.0.2.9");
    let mut discovery = Discovery::new(a, bounds(&["10.0.0.0/16"], 100)).expect("inside");
    assert_eq!(discovery.wave(), [a]);
    let far = [at("fe80::1"), b];
    discovery.answered(device("a", a, &[("b", &far), ("x", &[outside])]));
    assert_eq!(discovery.wave(), [b]);
    discovery.answered(device("b", b, &[("a", &[a]), ("c", &[c, at("10.0.1.4")])]));
    assert_eq!(discovery.wave(), [c]);
    // Of a neighbour with two addresses the second is asked where the first is silent.
    discovery.silent(c);
    assert_eq!(discovery.wave(), [at("10.0.1.4")]);
    discovery.answered(device("c", at("10.0.1.4"), &[("b", &[b])]));
    assert!(discovery.wave().is_empty());
    assert_eq!(discovery.found().len(), 3);
    assert_eq!(discovery.beyond(), &BTreeSet::from([outside]));
    assert_eq!(discovery.in_vain(), &BTreeSet::from([c]));
    assert!(!discovery.is_full());
}

#[test]
fn seed_outside_the_prefixes_is_refused() {
    for (seed, net) in [
        ("10.1.0.1", "10.0.0.0/16"),
        ("10.0.0.0", "10.0.0.0/24"),
        ("10.0.0.255", "10.0.0.0/24"),
        ("224.0.0.5", "224.0.0.0/8"),
        ("255.255.255.255", "0.0.0.0/0"),
        ("fe80::1", "fe80::/10"),
        ("ff02::1", "::/0"),
    ] {
        assert!(
            Discovery::new(at(seed), bounds(&[net], 9)).is_none(),
            "{seed} {net}"
        );
    }
    for (seed, net) in [
        ("10.0.0.0", "10.0.0.0/31"),
        ("10.0.0.7", "10.0.0.7/32"),
        ("fd00::1", "fd00::/64"),
    ] {
        assert!(
            Discovery::new(at(seed), bounds(&[net], 9)).is_some(),
            "{seed} {net}"
        );
    }
}

#[test]
fn device_with_two_addresses_is_one_and_two_of_one_name_are_two() {
    let (a, b) = (at("10.0.0.1"), at("10.0.0.2"));
    let mut discovery = Discovery::new(a, bounds(&["10.0.0.0/16"], 100)).expect("inside");
    let _ = discovery.wave();
    discovery.answered(device("a", a, &[("b", &[b])]));
    let mut same = device("a", b, &[]);
    same.witness.ports[0].mac = Some([2, 0, 0, 0, 0, 1]);
    discovery.answered(same);
    assert_eq!(discovery.found().len(), 1);
    assert_eq!(discovery.found()[0].also, [b]);
    discovery.answered(device("a", at("10.0.0.3"), &[]));
    assert_eq!(discovery.found().len(), 2);
}

#[test]
fn bound_of_the_count_holds() {
    let mut discovery =
        Discovery::new(at("10.0.0.1"), bounds(&["10.0.0.0/8"], 10)).expect("inside");
    let mut asked = 0;
    loop {
        let wave = discovery.wave();
        if wave.is_empty() {
            break;
        }
        asked += wave.len();
        for address in wave {
            let IpAddr::V4(v4) = address else {
                panic!("IPv4 only")
            };
            let next = IpAddr::V4(Ipv4Addr::from(u32::from(v4) + 1));
            discovery.answered(device(&address.to_string(), address, &[("next", &[next])]));
        }
    }
    assert_eq!(asked, 10);
    assert!(discovery.is_full());
}

/// Whatever devices say, only addresses inside are asked, each once, and it ends.
#[test]
fn lies_never_lead_outside() {
    let mut state = 11_u64;
    let mut chance = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1);
        (state >> 32) as u32
    };
    let within = bounds(&["10.0.0.0/24", "10.9.0.0/30"], 200);
    for _ in 0..50 {
        let mut discovery = Discovery::new(at("10.0.0.1"), within.clone()).expect("inside");
        let mut asked = BTreeSet::new();
        loop {
            let wave = discovery.wave();
            if wave.is_empty() {
                break;
            }
            for address in wave {
                assert!(within.hold(address), "{address}");
                assert!(asked.insert(address), "{address} twice");
                if chance() % 4 == 0 {
                    discovery.silent(address);
                    continue;
                }
                let lies: Vec<Vec<IpAddr>> = (0..5)
                    .map(|_| {
                        (0..3)
                            .map(|_| match chance() % 4 {
                                0 => IpAddr::V4(Ipv4Addr::from(chance())),
                                1 => IpAddr::V6(u128::from(chance()).into()),
                                2 => IpAddr::V4(Ipv4Addr::new(10, 9, 0, (chance() % 8) as u8)),
                                _ => IpAddr::V4(Ipv4Addr::new(
                                    10,
                                    0,
                                    (chance() % 2) as u8,
                                    (chance() % 256) as u8,
                                )),
                            })
                            .collect()
                    })
                    .collect();
                let hears: Vec<(&str, &[IpAddr])> = lies
                    .iter()
                    .map(|addresses| ("liar", addresses.as_slice()))
                    .collect();
                discovery.answered(device(&address.to_string(), address, &hears));
            }
        }
        assert!(asked.len() <= 200);
    }
}

#[test]
fn proposal_is_a_topology_with_its_doubts_beside_it() {
    let dot = |name: &str, address: Option<&str>, credential: Option<&str>| Dot {
        name: name.to_owned(),
        address: address.map(at),
        credential: credential.map(str::to_owned),
        addresses: vec![at("10.0.0.254")],
        ..Dot::default()
    };
    let mut sketch = Sketch {
        dots: vec![
            dot("pe1.example.net", Some("10.0.0.1"), Some("lab")),
            dot("pe1.example.org", Some("10.0.0.2"), Some("lab")),
            dot("\u{1b}]0;x\u{7}\"\n[[node]]", None, None),
            dot("", Some("10.0.0.4"), None),
        ],
        lines: vec![
            Line {
                a: (0, Some("Gi0/1".to_owned())),
                b: (1, Some("Gi0/2".to_owned())),
                capacity: Some(1_000_000_000),
                notes: Vec::new(),
            },
            Line {
                a: (0, Some("Gi0/3".to_owned())),
                b: (2, None),
                capacity: None,
                notes: vec!["one end only".to_owned()],
            },
        ],
        notes: vec!["Nobody is an agency yet.".to_owned()],
    };
    sketch.dots[2]
        .notes
        .push("heard of,\nnever \u{202e}asked".to_owned());
    let files = proposal(&sketch, "net", "Net", "Found by a test.").files;
    let sources = files.iter().map(|(name, text)| {
        Arc::new(Source {
            name: name.clone(),
            text: text.clone(),
        })
    });
    let loaded = read(sources.collect())
        .unwrap_or_else(|faults| panic!("{}", spanwatch::report::fault::text(&faults.0, false)));
    let network = &loaded.network;
    assert_eq!((network.nodes.len(), network.links.len()), (4, 2));
    assert!(network.nodes["pe1"].transit && !network.nodes["0-x-node"].transit);
    // The address that several claim is nobody's.
    assert!(network.nodes.values().all(|node| node.addresses.is_empty()));
    let by_name: BTreeMap<&str, &str> = network
        .nodes
        .values()
        .map(|node| (node.name.as_str(), node.id.as_str()))
        .collect();
    assert_eq!(by_name["pe1.example.net"], "pe1");
    assert_eq!(by_name["pe1.example.org"], "pe1-2");
    assert!(
        files["links.toml"].contains("# one end only\n[[link]]\n"),
        "{files:?}"
    );
    assert!(
        files["nodes.toml"].contains("# heard of,?never ?asked\n[[node]]\n"),
        "{files:?}"
    );
    assert!(files["network.toml"].contains("# Nobody is an agency yet.\n"));
    assert!(proposal(&Sketch::default(), "n", "N", "").files.is_empty());
}
