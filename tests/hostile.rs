//! Every decoder against bytes that were made to hurt it: no panic, and no more memory than the bytes are worth.
//!
//! Real datagrams are bent in all the ways that have broken decoders before: bits, lengths, cuts, repeats, splices.
//! A million of them always, ten million with `SPANWATCH_LONG`. A new decoder is one more line in `decoders`.
#![expect(clippy::print_stdout, reason = "a skipped part says why")]

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use snmp::ber::Decoder as Ber;
use snmp::message::{CommunityMessage, CommunityPdu, RawV3Message, ScopedPdu, V3Message};
use snmp::v3::UsmSecurityParams;
use snmp::{
    DecodeConfig, GetBulkPdu, NotificationPdu, Oid, RequestPdu, ResponsePdu, Value, VarBind,
    Version,
};
use spanwatch::graph::mix;
use spanwatch::lab::fabric::Fabric;
use spanwatch::lab::fabric::traps::Trap;
use spanwatch::lab::responder::Responder;
use spanwatch::lab::usm::User;
use spanwatch::lab::{frame, pdu};
use spanwatch::model::device::{Device, Interface};
use spanwatch::model::hint::Sign;
use spanwatch::model::text::DeviceText;
use spanwatch::wire::echo::Family;
use spanwatch::wire::mib::{self, Object};
use spanwatch::wire::{certificate, dns, echo, icmp, recording, trap, whole};
use surge_ping::{IcmpPacket, Icmpv4Packet, Icmpv6Packet};

use crate::lab::reference;

#[path = "../fuzz/rows.rs"]
mod rows;
mod weight;

use weight::{Counting, peak};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Reads bytes, and makes nothing of them.
type Decode = dyn Fn(&[u8]) + Sync;

/// One decoder: datagrams that it takes, and what it may hold for one of them.
struct Decoder {
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    decode: Box<Decode>,
    /// Octets that it may hold for each octet of the datagram, and beside those.
    each: usize,
    beside: usize,
}

fn decoder(
    name: &'static str,
    seeds: Vec<Vec<u8>>,
    (each, beside): (usize, usize),
    decode: impl Fn(&[u8]) + Sync + 'static,
) -> Decoder {
    Decoder {
        name,
        seeds,
        decode: Box::new(decode),
        each,
        beside,
    }
}

/// A varbind takes seven octets of a datagram at least and about 130 of memory; a list of them doubles as it grows.
const VARBINDS: (usize, usize) = (80, 8_192);

/// Beside its varbinds a poll holds the rows that they make, some of which take one varbind.
const ROWS: (usize, usize) = (240, 16_384);

/// Packets are copied once or twice.
const PACKET: (usize, usize) = (4, 4_096);

/// An answer to GETBULK is cut at the room of an Ethernet frame, whatever is asked; what is asked is copied.
const CODEC: (usize, usize) = (160, 65_536);

/// An agent makes its whole table before it looks for what is asked; its longest answer is an Ethernet frame.
const AGENT: (usize, usize) = (160, 1 << 20);

/// All decoders that hear the network.
fn decoders() -> Vec<Decoder> {
    let (network, _) = reference();
    let fabric = Fabric::new(network.clone(), 1);
    let user = || User::new("lab", "authentication", "privacy words").expect("long enough");
    let asked: IpAddr = "10.48.0.11".parse().expect("an address");
    let node = fabric.node_of(asked).expect("of the model").id.clone();
    let reader = user();
    let engine = reader.engine(&node, 1, Duration::ZERO).expect("an engine");
    let responder = Responder::new("lab-access", user());
    let v3 = fabric
        .network()
        .nodes
        .values()
        .find(|node| {
            node.snmp
                .as_ref()
                .is_some_and(|name| name.as_str().contains("v3"))
        })
        .expect("a router of the core")
        .id
        .clone();
    let said = |node, sign| Trap {
        node,
        sign,
        port: Some((3, DeviceText::clean("Gi0/1".as_bytes()))),
        at: Duration::from_secs(5),
    };
    let signed = responder.trap(&fabric, &said(v3, Sign::LinkDown));
    let signed = signed.expect("it has an agent").1;
    let table = mib::encode(&device());
    vec![
        decoder("an ICMP packet", icmp_packets(), PACKET, |bytes| {
            let ours = Ipv4Addr::new(10, 0, 0, 9);
            for kind in [socket2::Type::RAW, socket2::Type::DGRAM] {
                if let Ok(packet) = Icmpv4Packet::decode(bytes, kind, ours, ours) {
                    let _ = icmp::classify(&IcmpPacket::V4(packet));
                }
            }
        }),
        decoder("an ICMPv6 packet", icmp_packets(), PACKET, |bytes| {
            if let Ok(packet) = Icmpv6Packet::decode(bytes, Ipv6Addr::LOCALHOST) {
                let _ = icmp::classify(&IcmpPacket::V6(packet));
            }
        }),
        decoder("an echo's answer", icmp_packets(), PACKET, |bytes| {
            for family in [Family::V4, Family::V6] {
                let _ = echo::read(family, bytes);
            }
        }),
        decoder(
            "an answer of DNS",
            vec![dns::question(7, "hue.gov.vn")],
            PACKET,
            |bytes| {
                let _ = dns::answer(bytes, &dns::question(7, "hue.gov.vn"));
            },
        ),
        decoder(
            "a question of DNS",
            vec![dns::question(7, "hue.gov.vn")],
            PACKET,
            |bytes| {
                if let Some(asked) = dns::asked(bytes) {
                    let _ = asked.answer(dns::Said::Refused(3));
                }
            },
        ),
        decoder("a certificate", certificates(), PACKET, |bytes| {
            let _ = certificate::Facts::of(bytes);
        }),
        decoder("a recording", recordings(), ROWS, |bytes| {
            let _ = recording::read(bytes);
        }),
        decoder("a frame of the lab", frames(), PACKET, |bytes| {
            for is_near in [true, false] {
                let _ = frame::read(bytes, is_near);
            }
            let _ = frame::asks_echo(bytes);
        }),
        decoder("an answer to a poll", answers(&fabric), ROWS, |bytes| {
            let varbinds = varbinds(bytes);
            let _ = mib::system(&varbinds);
            let _ = mib::interfaces(&varbinds);
            let _ = whole::device(&varbinds);
        }),
        decoder("a trap", traps(), VARBINDS, |bytes| {
            let message = CommunityMessage::decode(bytes.to_vec().into(), DecodeConfig::default());
            let Ok(message) = message else { return };
            match message.value.into_community_pdu() {
                CommunityPdu::TrapV1(old) => {
                    let _ = old.v2_trap_oid().map(|oid| trap::sign(&oid));
                    let _ = trap::port(old.varbinds());
                }
                CommunityPdu::Standard(pdu) => {
                    for varbind in pdu.varbinds() {
                        if let Value::ObjectIdentifier(oid) = &varbind.value {
                            let _ = trap::sign(oid);
                        }
                    }
                    let _ = trap::port(pdu.varbinds());
                }
            }
        }),
        decoder(
            "a message of version 3",
            vec![signed.clone()],
            VARBINDS,
            |bytes| {
                let _ = V3Message::decode(bytes.to_vec().into(), DecodeConfig::default());
                let raw = RawV3Message::decode(bytes.to_vec().into(), DecodeConfig::default());
                if let Ok(raw) = raw {
                    let usm = raw.value.security_params().clone();
                    let _ = UsmSecurityParams::decode(usm, DecodeConfig::default());
                }
                let _ = ScopedPdu::decode(&mut Ber::new(bytes.to_vec().into()));
            },
        ),
        decoder(
            "a question to the lab's USM",
            vec![signed.clone()],
            VARBINDS,
            move |bytes| {
                let _ = reader.read(bytes, &engine);
            },
        ),
        decoder(
            "a question to the lab's codec",
            questions(),
            CODEC,
            move |bytes| {
                let message =
                    CommunityMessage::decode(bytes.to_vec().into(), DecodeConfig::default());
                if let Some(pdu) = message.ok().and_then(|message| message.value.into_pdu()) {
                    let _ = pdu::answer(&pdu, Version::V2c, &table, table.len());
                }
            },
        ),
        decoder(
            "a question to an agent",
            questions().into_iter().chain([signed]).collect(),
            AGENT,
            move |bytes| {
                let _ = responder.answer(&fabric, asked, bytes, Duration::from_secs(1));
            },
        ),
    ]
}

fn varbinds(bytes: &[u8]) -> Vec<VarBind> {
    let message = CommunityMessage::decode(bytes.to_vec().into(), DecodeConfig::default());
    let pdu = message.ok().and_then(|message| message.value.into_pdu());
    pdu.map(snmp::Pdu::into_varbinds).unwrap_or_default()
}

fn device() -> Device {
    Device {
        interfaces: (1..=4)
            .map(|index| Interface {
                index,
                name: DeviceText::clean(format!("Gi0/{index}").as_bytes()),
                descr: DeviceText::clean("GigabitEthernet".as_bytes()),
                mac: Some([2, 0, 0, 0, 0, index as u8]),
                speed: Some(1_000_000_000),
                in_octets: Some(u64::MAX),
                out_octets: Some(7),
                ..Interface::default()
            })
            .collect(),
        ..Device::default()
    }
}

fn community(pdu: impl Into<snmp::Pdu>) -> Vec<u8> {
    let message = CommunityMessage::v2c("lab-access", pdu).expect("a message");
    message.encode().expect("it is short").to_vec()
}

/// Answers to polls: a few ports with all their counters, and in parts what a router of the core tells, with whom it
/// hears by LLDP and what it is made of.
fn answers(fabric: &Fabric) -> Vec<Vec<u8>> {
    let core = fabric.device(&"core-1".into(), Duration::from_secs(9));
    let told = whole::encode(&core.expect("of the model"));
    let parts = told.chunks(30).map(<[VarBind]>::to_vec);
    parts
        .chain([mib::encode(&device())])
        .map(|varbinds| {
            let answer = ResponsePdu::success(Version::V2c, 7, varbinds).expect("an answer");
            community(answer.into_raw())
        })
        .collect()
}

fn questions() -> Vec<Vec<u8>> {
    let columns: Vec<Oid> = Object::COLUMNS.iter().map(|column| column.oid()).collect();
    let get = RequestPdu::get(Version::V2c, 7, &[Object::SysName.at(0)]).expect("a question");
    let next = RequestPdu::get_next(Version::V2c, 8, &columns).expect("a question");
    let bulk = GetBulkPdu::new(
        Version::V2c,
        9,
        0,
        25,
        columns.into_iter().map(VarBind::null).collect(),
    );
    let bulk = bulk.expect("a question");
    [get.into_raw(), next.into_raw(), bulk.into_raw()]
        .into_iter()
        .map(community)
        .collect()
}

fn traps() -> Vec<Vec<u8>> {
    let name = DeviceText::clean("Gi0/1".as_bytes());
    let mut all = Vec::new();
    for sign in [Sign::LinkDown, Sign::ColdStart] {
        let (oid, varbinds) = trap::told(sign, Some((3, &name))).expect("a standard one");
        let new = NotificationPdu::trap_v2(Version::V2c, 7, 100, &oid, varbinds).expect("a trap");
        let old = new.to_v1_trap([10, 0, 0, 1]).expect("it is standard");
        let old = CommunityMessage::v1_trap("lab-access", old.into_raw()).expect("a message");
        all.push(old.encode().expect("it is short").to_vec());
        all.push(community(new.into_raw()));
    }
    all
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| *byte != b' ').collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ascii"), 16).expect("hex"))
        .collect()
}

fn icmp_packets() -> Vec<Vec<u8>> {
    let quoted = "4500001c 00004000 01010000 0a000009 0a010203 08000000 92340007";
    let header = "45000038 00000000 3e010000 0a000001 0a000009";
    [
        format!("{header} 00000000 92340007 0102030405060708"),
        format!("{header} 03010000 00000000 {quoted}"),
        format!("{header} 0b000000 00000000 {quoted}"),
        format!("81000000 92340007 {quoted}"),
        format!("03000000 00000000 {quoted}"),
    ]
    .iter()
    .map(|text| hex(text))
    .collect()
}

fn certificates() -> Vec<Vec<u8>> {
    let chain = certificate::of_pem(include_bytes!("services/chain.pem")).expect("PEM");
    chain.iter().map(|each| each.to_vec()).collect()
}

fn recordings() -> Vec<Vec<u8>> {
    let text = "1.3.6.1.2.1.1.1.0|4|Linux\n1.3.6.1.2.1.2.2.1.6.1|4x|020000000001\n1.3.6.1.2.1.1.2.0|6|1.3.6.1.4.1.9\n\
                1.3.6.1.2.1.1.3.0|67|12345\n1.3.6.1.2.1.31.1.1.1.6.1|70|18446744073709551615\n";
    vec![text.as_bytes().to_vec()]
}

fn frames() -> Vec<Vec<u8>> {
    let packets = icmp_packets().into_iter();
    packets
        .flat_map(|packet| {
            let v4 = hex("024c41420001 024c41420000 0800");
            // The same messages behind a header of IPv6, and behind options.
            let mut v6 = hex("024c41420001 024c41420000 86dd 60000000");
            v6.extend((packet.len() as u16 + 8).to_be_bytes());
            v6.extend([60, 9]);
            v6.extend([0xfd; 32]);
            v6.extend(hex("3a00010400000000"));
            [[v4, packet.clone()].concat(), [v6, packet].concat()]
        })
        .collect()
}

/// Returns what the fuzz targets begin with, and what they have found, by name.
fn fuzzed(target: &str) -> Vec<(String, Vec<u8>)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    let mut all: Vec<(String, Vec<u8>)> = fs::read_dir(root.join(target))
        .expect("the seeds of a target")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let bytes = fs::read(&path).expect("a seed");
            (path.display().to_string(), bytes)
        })
        .collect();
    all.sort();
    assert!(!all.is_empty(), "{target} begins with nothing");
    all
}

#[test]
fn what_fuzzers_begin_with_is_read() {
    let decoders = decoders();
    let mut read = 0;
    for (target, names) in [
        (
            "icmp",
            &["an ICMP packet", "an ICMPv6 packet", "an echo's answer"][..],
        ),
        (
            "snmp",
            &["an answer to a poll", "a trap", "a message of version 3"],
        ),
    ] {
        for name in names {
            let decoder = decoders.iter().find(|decoder| decoder.name == *name);
            let decoder = decoder.expect("a decoder of that name");
            for (path, bytes) in fuzzed(target) {
                let held = peak(|| (decoder.decode)(&bytes));
                let most = decoder.each * bytes.len() + decoder.beside;
                assert!(held <= most, "{path}: {name} held {held}, at most {most}");
                read += usize::from(held > 0);
            }
        }
    }
    assert!(read > 10, "of the seeds only {read} were read at all");
    let lldp = &[1, 0, 8802, 1, 1, 2, 1][..];
    for (path, bytes) in fuzzed("lldp") {
        let parts = bytes.chunks(bytes.len().div_ceil(3).max(1));
        let tables = [&[3, 7, 1][..], &[4, 1, 1], &[4, 2, 1]].into_iter();
        let cells: Vec<VarBind> = tables
            .zip(parts)
            .flat_map(|(table, part)| rows::cells(&[lldp, table].concat(), part))
            .collect();
        let held = peak(|| drop(whole::device(&cells)));
        assert!(held <= rows::ROW * cells.len() + 16_384, "{path}: {held}");
    }
    for (path, bytes) in fuzzed("cdp") {
        let cells = rows::cells(&[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1], &bytes);
        let held = peak(|| drop(whole::device(&cells)));
        assert!(held <= rows::ROW * cells.len() + 16_384, "{path}: {held}");
    }
    // The first of each is a neighbour as real devices tell it.
    let cells = rows::cells(
        &[1, 3, 6, 1, 4, 1, 9, 9, 23, 1, 2, 1, 1],
        &fuzzed("cdp")[0].1,
    );
    assert_eq!(whole::device(&cells).neighbours.len(), 2);
}

/// A generator for one input: the same number bends the same datagram in the same way.
struct Draw(u64);

impl Draw {
    fn bits(&mut self) -> u64 {
        self.0 = mix(self.0);
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.bits() % end.max(1) as u64) as usize
    }
}

/// Bends a datagram in one to four places.
fn bent(seeds: &[Vec<u8>], draw: &mut Draw) -> Vec<u8> {
    let mut bytes = seeds[draw.below(seeds.len())].clone();
    for _ in 0..=draw.below(4) {
        let at = draw.below(bytes.len());
        let length = 1 + draw.below(16);
        let end = (at + length).min(bytes.len());
        match draw.below(10) {
            _ if bytes.is_empty() => bytes.push(draw.bits() as u8),
            0 => bytes[at] ^= 1 << draw.below(8),
            1 => bytes[at] = draw.bits() as u8,
            // What lengths and tags are most often broken with.
            2 => bytes[at] = [0, 0x7F, 0x80, 0x81, 0x84, 0x89, 0xFF, 0x30, 0x06][draw.below(9)],
            3 => bytes.truncate(at),
            4 => drop(bytes.drain(at..end)),
            5 => {
                let part = bytes[at..end].to_vec();
                bytes.splice(at..at, part);
            }
            6 => bytes.insert(at, draw.bits() as u8),
            7 => bytes[at] = bytes[at].wrapping_add(1),
            8 => {
                let other = &seeds[draw.below(seeds.len())];
                let from = draw.below(other.len());
                bytes.splice(at.., other[from..].iter().copied());
            }
            _ => {
                let many = [at; 64].map(|at| bytes[at]);
                bytes.splice(at..at, many);
            }
        }
    }
    bytes
}

/// Inputs always, and with `SPANWATCH_LONG`.
const FEW: usize = 1_000_000;
const MANY: usize = 10_000_000;

/// Inputs that one thread takes at a time.
const SHARE: usize = 5_000;

#[test]
fn hostile_bytes_neither_panic_nor_take_more_memory_than_they_are_worth() {
    let count = if std::env::var_os("SPANWATCH_LONG").is_some() {
        MANY
    } else {
        println!("skipped in part: {FEW} of {MANY} inputs; SPANWATCH_LONG=1 tries them all");
        FEW
    };
    let decoders = decoders();
    for decoder in &decoders {
        for seed in &decoder.seeds {
            let held = peak(|| (decoder.decode)(seed));
            let most = decoder.each * seed.len() + decoder.beside;
            assert!(
                held <= most,
                "{}: {held} for a good one of {}",
                decoder.name,
                seed.len()
            );
        }
    }
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let first = next.fetch_add(SHARE, Ordering::Relaxed);
                    if first >= count {
                        return;
                    }
                    for number in first..first + SHARE {
                        let decoder = &decoders[number % decoders.len()];
                        let mut draw = Draw(mix(number as u64));
                        let bytes = bent(&decoder.seeds, &mut draw);
                        let held = peak(|| (decoder.decode)(&bytes));
                        let most = decoder.each * bytes.len() + decoder.beside;
                        assert!(
                            held <= most,
                            "{}: input {number} of {} octets held {held}, at most {most}",
                            decoder.name,
                            bytes.len()
                        );
                    }
                }
            });
        }
    });
}

#[test]
fn a_decoder_that_believes_a_length_is_caught() {
    let believing = |bytes: &[u8]| {
        let length = bytes.first().copied().map_or(0, usize::from);
        drop(Vec::<u8>::with_capacity(length << 16));
    };
    assert!(peak(|| believing(&[0x84])) > PACKET.0 + PACKET.1);
    assert!(peak(|| believing(&[])) <= PACKET.1);
}
