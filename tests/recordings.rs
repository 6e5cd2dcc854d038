//! Recordings of real devices, decoded as their README counts them, and mutated until something would break.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use snmp::{Oid, Value, VarBind};
use spanwatch::analysis::wiring::witness::chassis_key;
use spanwatch::model::credential::Credential;
use spanwatch::model::device::{CounterWidth, Device, PartClass, Protocol, port_key};
use spanwatch::model::text::{DeviceText, is_unsafe};
use spanwatch::probe::poll::{Poll, Question, Whole};
use spanwatch::wire::recording::{self, Recording};
use spanwatch::wire::whole::{self, Group};

use crate::liars::{self, Agents};
use crate::loopback::agent::free_port;

/// What one recording holds: interfaces, those with 64 bits, LLDP, CDP, parts; `None` where nobody counted.
struct Counted {
    file: &'static str,
    ports: Option<usize>,
    wide: usize,
    lldp: usize,
    cdp: usize,
    parts: usize,
}

const fn real(file: &'static str, all: usize, wide: usize, lldp: usize, parts: usize) -> Counted {
    Counted {
        file,
        ports: Some(all),
        wide,
        lldp,
        cdp: 0,
        parts,
    }
}

const fn trimmed(
    file: &'static str,
    wide: usize,
    lldp: usize,
    cdp: usize,
    parts: usize,
) -> Counted {
    Counted {
        file,
        ports: None,
        wide,
        lldp,
        cdp,
        parts,
    }
}

/// The counts of the README beside the recordings.
const COUNTED: &[Counted] = &[
    real("arista-dcs-7150s-52-cl", 59, 59, 2, 280),
    real("bdcom-s5612", 26, 26, 0, 0),
    real("brocade-icx6430-24", 29, 29, 0, 0),
    // The README of these counts no CDP; two of the recordings have it.
    Counted {
        cdp: 125,
        ..real("cisco-c3750", 19, 15, 0, 35)
    },
    real("dlink-des3200", 23, 23, 0, 0),
    real("fortinet-xcu", 26, 26, 0, 24),
    real("h3c-e528-2", 31, 31, 1, 40),
    Counted {
        cdp: 5,
        ..real("hpe-procurve-516733-b21", 42, 42, 5, 27)
    },
    real("huawei-s12704", 56, 56, 0, 77),
    real("huawei-s5720", 39, 39, 0, 63),
    real("juniper-mx960-13-3r9-13", 61, 61, 6, 0),
    real("unknown-001", 2, 2, 0, 0),
    real("zte-zxr10-5250", 52, 52, 0, 0),
    trimmed("librenms/vrp_5720", 65, 5, 0, 82),
    trimmed("librenms/ios_2960x", 136, 0, 7, 172),
    trimmed("librenms/junos_mx5t-isis", 48, 4, 0, 0),
    trimmed("librenms/routeros", 12, 14, 0, 4),
    trimmed("librenms/comware_a5500", 30, 0, 0, 44),
    trimmed("librenms/fortigate_60f3g4g", 21, 1, 0, 9),
    trimmed("librenms/procurve_e2910", 39, 2, 0, 37),
    trimmed("librenms/edgecos_ecs2100-10t", 14, 3, 0, 13),
    trimmed("librenms/zxa10_c320", 11, 0, 0, 5),
    trimmed("librenms/timos_7705", 21, 0, 0, 0),
    trimmed("librenms/arubaos-cx_10.10", 20, 3, 0, 21),
];

/// Unpacks a recording; `None`, said and refused under CI, where it or `bzcat` is not there.
fn unpacked(file: &str) -> Option<Recording> {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../shared/data/snmprec")
        .join(format!("{file}.snmprec.bz2"));
    let output = Command::new("bzcat").arg(&path).output().ok();
    let Some(output) = output.filter(|output| output.status.success()) else {
        let why = format!("{} cannot be unpacked", path.display());
        assert!(
            std::env::var_os("CI").is_none_or(|ci| ci != "true"),
            "{why}"
        );
        println!("skipped: {why}");
        return None;
    };
    Some(recording::read(&output.stdout))
}

fn texts(device: &Device) -> Vec<&str> {
    let mut all = vec![
        &device.system.descr,
        &device.system.name,
        &device.system.location,
        &device.system.contact,
        &device.chassis_id,
    ];
    for port in &device.interfaces {
        all.extend([&port.name, &port.descr, &port.alias]);
    }
    for other in &device.neighbours {
        all.extend([&other.local_port, &other.chassis_id, &other.port_id]);
        all.extend([&other.port_descr, &other.system_name, &other.system_descr]);
    }
    for part in &device.inventory {
        all.extend([&part.name, &part.description, &part.maker, &part.model]);
        all.extend([&part.serial, &part.hardware, &part.firmware, &part.software]);
    }
    all.into_iter().map(DeviceText::as_str).collect()
}

fn by(device: &Device, protocol: Protocol) -> usize {
    device
        .neighbours
        .iter()
        .filter(|neighbour| neighbour.protocol == protocol)
        .count()
}

#[test]
fn every_recording_is_decoded_as_it_was_counted() {
    let mut faults = Vec::new();
    for counted in COUNTED {
        let Some(recording) = unpacked(counted.file) else {
            return;
        };
        let device = whole::device(&recording.rows);
        let wide = device
            .interfaces
            .iter()
            .filter(|port| port.counters == CounterWidth::Bits64)
            .count();
        let seen = (
            wide,
            by(&device, Protocol::Lldp),
            by(&device, Protocol::Cdp),
            device.inventory.len(),
        );
        let told = (counted.wide, counted.lldp, counted.cdp, counted.parts);
        if seen != told {
            faults.push(format!("{}: {seen:?} instead of {told:?}", counted.file));
        }
        if counted
            .ports
            .is_some_and(|ports| ports != device.interfaces.len())
        {
            faults.push(format!(
                "{}: {} ports",
                counted.file,
                device.interfaces.len()
            ));
        }
        if recording.unread > 0 {
            faults.push(format!(
                "{}: {} rows unread, first {:?}",
                counted.file, recording.unread, recording.first_unread
            ));
        }
        for neighbour in &device.neighbours {
            // MikroTik tells of some what a box is and nothing of its port.
            if neighbour.chassis_id.is_empty() {
                faults.push(format!("{}: {neighbour:?}", counted.file));
            }
        }
        for text in texts(&device) {
            assert!(!text.contains(is_unsafe) && text.len() <= 255, "{text:?}");
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Serves a recording with the lab's own agent, and polls it whole.
async fn polled(rows: Vec<VarBind>, address: Ipv4Addr, credential: Credential) -> Whole {
    let network = crate::lab::reference().0;
    let node = network
        .nodes
        .values()
        .find(|node| node.snmp.is_some() && matches!(node.address, Some(IpAddr::V4(_))));
    let node = node.expect("a router").id.clone();
    let recordings = BTreeMap::from([(node.clone(), rows)]);
    let agents = Agents::new(&network, recordings);
    let at = SocketAddrV4::new(address, free_port(address).await);
    liars::serve(&agents, &node, at).await;
    let question = Question {
        agent: at.into(),
        credential,
        timeout: Duration::from_secs(10),
        retries: 2,
        within: Duration::from_mins(2),
    };
    let poll = Poll::open(&question, 7).await.expect("a socket");
    poll.device(Group::ALL).await.expect("an answer")
}

#[tokio::test]
async fn every_recording_is_polled_as_it_was_counted() {
    let mut faults = Vec::new();
    for (number, counted) in (1..).zip(COUNTED) {
        let Some(recording) = unpacked(counted.file) else {
            return;
        };
        let mut decoded = whole::device(&recording.rows);
        // One in three by version 3: the codec is the same, the room in a datagram is not.
        let credential = if number % 3 == 0 {
            liars::v3()
        } else {
            liars::v2c()
        };
        let address = Ipv4Addr::new(127, 9, 7, number);
        let seen = polled(recording.rows, address, credential).await;
        if !seen.unread.is_empty() {
            faults.push(format!("{}: {:?}", counted.file, seen.unread));
        }
        let counters = |device: &Device, width| {
            let ports = device.interfaces.iter();
            ports.filter(|port| port.counters == width).count()
        };
        let device = seen.device;
        let read = (
            counters(&device, CounterWidth::Bits64),
            by(&device, Protocol::Lldp),
            by(&device, Protocol::Cdp),
            device.inventory.len(),
        );
        let told = (counted.wide, counted.lldp, counted.cdp, counted.parts);
        if read != told
            || counted
                .ports
                .is_some_and(|ports| ports != device.interfaces.len())
        {
            faults.push(format!("{}: {read:?} instead of {told:?}", counted.file));
        }
        // Not only as many, but the same.
        decoded.neighbours_read = true;
        let same = [
            ("system", decoded.system == device.system),
            ("chassis", decoded.chassis_id == device.chassis_id),
            ("interfaces", decoded.interfaces == device.interfaces),
            ("neighbours", decoded.neighbours == device.neighbours),
            ("inventory", decoded.inventory == device.inventory),
            ("addresses", decoded.addresses == device.addresses),
            ("all of it", decoded == device),
        ];
        if let Some((what, _)) = same.iter().find(|(_, is_same)| !is_same) {
            faults.push(format!("{}: another {what} than recorded", counted.file));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn neighbours_of_real_devices_meet_their_ports() {
    for (file, wanted) in [
        (
            "arista-dcs-7150s-52-cl",
            &[("Ethernet47", "Ethernet23"), ("Ethernet48", "Ethernet24")][..],
        ),
        ("librenms/arubaos-cx_10.10", &[("1/1/14", "GE0/0/1")][..]),
        ("librenms/fortigate_60f3g4g", &[("wan2", "port12")][..]),
    ] {
        let Some(recording) = unpacked(file) else {
            return;
        };
        let device = whole::device(&recording.rows);
        for (local, remote) in wanted {
            let found = device.neighbours.iter().any(|n| {
                n.local_port.as_str() == *local
                    && n.port_id.as_str() == *remote
                    && n.local_index.is_some()
            });
            let all: Vec<_> = device
                .neighbours
                .iter()
                .map(|n| (n.local_port.as_str(), n.port_id.as_str()))
                .collect();
            assert!(found, "{file}: {local} -> {remote} in {all:?}");
        }
    }
}

#[test]
fn real_devices_say_which_box_they_are() {
    for (file, wanted) in [
        ("arista-dcs-7150s-52-cl", "00:1c:73:b4:fd:69"),
        ("cisco-c3750", "f4:7f:35:93:af:80"),
        ("hpe-procurve-516733-b21", "ac:16:2d:92:7d:21"),
        ("juniper-mx960-13-3r9-13", "a8:d0:e5:f5:af:c0"),
        // Text where octets were promised; it is compared as the same address.
        ("librenms/zxa10_c320", "d4:c1:c8:18:86:50"),
        ("huawei-s5720", ""),
    ] {
        let Some(recording) = unpacked(file) else {
            return;
        };
        let device = whole::device(&recording.rows);
        assert_eq!(chassis_key(device.chassis_id.as_str()), wanted, "{file}");
    }
}

#[test]
fn two_spellings_of_one_port_have_one_key() {
    for (long, short) in [
        ("GigabitEthernet0/1", "Gi0/1"),
        ("TenGigabitEthernet1/0/3", "Te1/0/3"),
        ("Ten-GigabitEthernet1/0/25", "XGE1/0/25"),
        ("XGigabitEthernet0/0/1", "XGE0/0/1"),
        ("FastEthernet 0/24", "Fa0/24"),
        ("Port-channel12", "Po12"),
    ] {
        assert_eq!(port_key(long), port_key(short), "{long} {short}");
    }
    assert_ne!(port_key("Gi0/1"), port_key("Gi0/11"));
}

/// Numbers that a seed decides.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        // Knuth's linear congruence; the upper half is what is random enough.
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }
}

/// A row of every table that names neighbours, parts, ports and addresses, for the mutations to begin with.
const ROWS: &str = "\
1.3.6.1.2.1.1.5.0|4|a switch
1.3.6.1.2.1.1.3.0|67|4294967295
1.3.6.1.2.1.2.2.1.2.7|4|GigabitEthernet0/7
1.3.6.1.2.1.2.2.1.6.7|4x|001122334455
1.3.6.1.2.1.31.1.1.1.1.7|4|Gi0/7
1.3.6.1.2.1.31.1.1.1.6.7|70|18446744073709551615
1.3.6.1.2.1.17.1.4.1.2.3|2|7
1.3.6.1.2.1.4.20.1.2.192.0.2.1|2|7
1.3.6.1.2.1.4.20.1.3.192.0.2.1|64|255.255.255.0
1.3.6.1.2.1.4.34.1.3.2.16.32.1.13.184.0.0.0.0.0.0.0.0.0.0.0.1|2|7
1.3.6.1.2.1.4.34.1.5.1.4.192.0.2.9|6|1.3.6.1.2.1.4.32.1.5.7.1.4.192.0.2.0.24
1.0.8802.1.1.2.1.3.7.1.2.3|2|3
1.0.8802.1.1.2.1.3.7.1.3.3|4x|001122334455
1.0.8802.1.1.2.1.3.7.1.4.3|4|Gi0/7
1.0.8802.1.1.2.1.4.1.1.4.0.3.1|2|5
1.0.8802.1.1.2.1.4.1.1.5.0.3.1|4x|01c0000201
1.0.8802.1.1.2.1.4.1.1.6.0.3.1|2|3
1.0.8802.1.1.2.1.4.1.1.7.0.3.1|4x|665544332211
1.0.8802.1.1.2.1.4.1.1.9.0.3.1|4x|1b5d353bc3a9
1.0.8802.1.1.2.1.4.2.1.4.0.3.1.1.4.192.0.2.2|2|9
1.3.6.1.4.1.9.9.23.1.2.1.1.3.7.1|2|1
1.3.6.1.4.1.9.9.23.1.2.1.1.4.7.1|4x|c0000202
1.3.6.1.4.1.9.9.23.1.2.1.1.6.7.1|4|other.example.net
1.3.6.1.4.1.9.9.23.1.2.1.1.7.7.1|4|GigabitEthernet1/0/1
1.3.6.1.2.1.47.1.1.1.1.4.1001|2|1
1.3.6.1.2.1.47.1.1.1.1.5.1001|2|3
1.3.6.1.2.1.47.1.1.1.1.11.1001|4|FOC1234X567
1.3.6.1.6.3.10.2.1.3.0|2|-1
";

/// Changes one thing of a row: an arc, the number of arcs, or the value and its kind.
fn mutate(varbind: &mut VarBind, dice: &mut Dice) {
    let mut arcs = varbind.oid.arcs().to_vec();
    let bytes: Vec<u8> = varbind.value.as_bytes().unwrap_or_default().to_vec();
    match dice.roll(9) {
        0 => {
            let at = dice.roll(arcs.len().max(1));
            let new = [0, 1, 2, 4, 16, 255, 256, u32::MAX][dice.roll(8)];
            if let Some(arc) = arcs.get_mut(at) {
                *arc = new;
            }
        }
        1 => arcs.truncate(dice.roll(arcs.len() + 1)),
        2 => arcs.push(dice.roll(300) as u32),
        3 => varbind.value = Value::Integer([0, -1, i32::MIN, i32::MAX, 7][dice.roll(5)]),
        4 => varbind.value = Value::Counter64(u64::MAX),
        5 => varbind.value = Value::ObjectIdentifier(Oid::new(arcs.clone())),
        6 => {
            let mut bytes = bytes;
            bytes.truncate(dice.roll(bytes.len() + 1));
            varbind.value = Value::from(bytes.as_slice());
        }
        7 => {
            let mut bytes = bytes;
            for _ in 0..=dice.roll(300) {
                bytes.push(dice.roll(256) as u8);
            }
            varbind.value = Value::from(bytes.as_slice());
        }
        _ => {
            varbind.value =
                [Value::Null, Value::NoSuchInstance, Value::EndOfMibView][dice.roll(3)].clone();
        }
    }
    varbind.oid = Oid::new(arcs);
}

#[test]
fn mutated_tables_are_decoded_without_a_panic() {
    let rows = recording::read(ROWS.as_bytes()).rows;
    assert_eq!(rows.len(), ROWS.lines().count());
    let sound = whole::device(&rows);
    assert_eq!(
        (
            sound.neighbours.len(),
            sound.inventory.len(),
            sound.addresses.len()
        ),
        (2, 1, 2)
    );
    assert_eq!(sound.neighbours[0].local_port.as_str(), "Gi0/7");
    assert_eq!(sound.neighbours[0].chassis_id.as_str(), "192.0.2.1");
    assert_eq!(sound.neighbours[0].port_id.as_str(), "66:55:44:33:22:11");
    assert_eq!(
        sound.neighbours[1].system_name.as_str(),
        "other.example.net"
    );
    assert_eq!(sound.inventory[0].class, PartClass::Chassis);
    let mut dice = Dice(7);
    for _ in 0..100_000 {
        let mut rows = rows.clone();
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(rows.len());
            mutate(&mut rows[at], &mut dice);
        }
        let device = whole::device(&rows);
        // Nothing grows beyond what came, and nothing unsafe comes through.
        assert!(
            device.neighbours.len() + device.inventory.len() + device.interfaces.len()
                <= rows.len()
        );
        for text in texts(&device) {
            assert!(!text.contains(is_unsafe) && text.len() <= 255, "{text:?}");
        }
    }
}

#[test]
fn mutated_messages_and_recordings_are_decoded_without_a_panic() {
    use snmp::message::{CommunityMessage, V3Message};
    use snmp::{DecodeConfig, ResponsePdu, Version};
    let rows = recording::read(ROWS.as_bytes()).rows;
    let pdu = ResponsePdu::success(Version::V2c, 7, rows)
        .expect("a response")
        .into_raw();
    let message = CommunityMessage::v2c("community", pdu).expect("a message");
    let sound = message.encode().expect("encoded").to_vec();
    let mut dice = Dice(11);
    let mut read = 0;
    for round in 0..100_000 {
        let mut bytes = if round % 4 == 0 {
            ROWS.as_bytes().to_vec()
        } else {
            sound.clone()
        };
        for _ in 0..=dice.roll(4) {
            let at = dice.roll(bytes.len());
            match dice.roll(4) {
                0 => bytes.truncate(at.max(1)),
                1 => bytes[at] ^= 1 << dice.roll(8),
                2 => bytes[at] = [0, 0x80, 0x84, 0xff][dice.roll(4)],
                _ => bytes.insert(at, dice.roll(256) as u8),
            }
        }
        if round % 4 == 0 {
            let recording = recording::read(&bytes);
            assert!(recording.rows.len() <= bytes.len());
            continue;
        }
        let _ = V3Message::decode(bytes.clone().into(), DecodeConfig::default());
        let Ok(message) = CommunityMessage::decode(bytes.into(), DecodeConfig::default()) else {
            continue;
        };
        if let Some(pdu) = message.value.into_pdu() {
            read += 1;
            let device = whole::device(pdu.varbinds());
            assert!(texts(&device).iter().all(|text| !text.contains(is_unsafe)));
        }
    }
    // Otherwise the test would only have tried the first byte of each.
    assert!(read > 1_000, "{read}");
}

#[test]
fn whole_devices_survive_the_way_there_and_back() {
    let rows = recording::read(ROWS.as_bytes()).rows;
    let mut device = whole::device(&rows);
    device
        .neighbours
        .retain(|neighbour| neighbour.protocol == Protocol::Lldp);
    // Net addresses are shown and not kept as such, and a table without an IPv6 prefix tells none.
    let varbinds = whole::encode(&device);
    assert!(
        varbinds.windows(2).all(|two| two[0].oid < two[1].oid),
        "not ascending"
    );
    assert_eq!(whole::device(&varbinds), device);
}
