//! Bytes and values: a device survives the way there and back, recordings of real devices are read whole, and
//! any values at all are only ever misread, never fatal.

#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use proptest::prelude::*;
use snmp::{Oid, Value, VarBind};
use spanwatch::model::device::{CounterWidth, Device, Interface, PortStatus, System};
use spanwatch::model::reading::Refusal;
use spanwatch::model::text::DeviceText;
use spanwatch::wire::icmp::{self, Reply};
use spanwatch::wire::mib::{self, Object};
use surge_ping::{IcmpPacket, Icmpv4Packet, Icmpv6Packet};

/// Text as a model holds it: cleaned twice, because an escaped byte before a combining mark composes only then.
fn words() -> impl Strategy<Value = DeviceText> {
    proptest::collection::vec(any::<u8>(), 0..40)
        .prop_map(|bytes| DeviceText::clean(DeviceText::clean(&bytes).as_str().as_bytes()))
}

fn any_status() -> impl Strategy<Value = PortStatus> {
    prop_oneof![
        Just(PortStatus::Up),
        Just(PortStatus::Down),
        Just(PortStatus::Testing),
        Just(PortStatus::Unknown),
        Just(PortStatus::Dormant),
        Just(PortStatus::NotPresent),
        Just(PortStatus::LowerLayerDown),
    ]
}

fn count() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(any::<u32>().prop_map(u64::from))
}

/// Speeds that the two gauges can tell apart: whole megabits, or less than half of one.
fn speed() -> impl Strategy<Value = Option<u64>> {
    proptest::option::of(prop_oneof![
        (1..400_000_u64).prop_map(|megabits| megabits * 1_000_000),
        0..500_000_u64
    ])
}

fn port() -> impl Strategy<Value = Interface> {
    let octets = prop_oneof![
        (any::<u64>(), any::<u64>()).prop_map(|(one, other)| (
            CounterWidth::Bits64,
            Some(one),
            Some(other)
        )),
        (count(), count()).prop_map(|(one, other)| (CounterWidth::Bits32, one, other)),
    ];
    let texts = (words(), words(), words());
    let faults = (count(), count(), count(), count());
    let states = (any_status(), any_status());
    (
        texts,
        0..i32::MAX as u32,
        proptest::option::of(any::<[u8; 6]>()),
        speed(),
        states,
        octets,
        faults,
    )
        .prop_map(
            |((name, descr, alias), kind, mac, speed, (admin, oper), octets, faults)| Interface {
                index: 0,
                name: if name.is_empty() { descr.clone() } else { name },
                descr,
                alias,
                kind,
                mac,
                speed,
                admin,
                oper,
                in_octets: octets.1,
                out_octets: octets.2,
                in_errors: faults.0,
                out_errors: faults.1,
                in_discards: faults.2,
                out_discards: faults.3,
                counters: octets.0,
                discontinuity: None,
                full_duplex: None,
            },
        )
}

fn device() -> impl Strategy<Value = Device> {
    let system = (
        words(),
        words(),
        words(),
        words(),
        proptest::option::of(any::<u32>()),
        proptest::option::of(any::<u32>()),
    )
        .prop_map(|(descr, name, location, contact, ticks, product)| System {
            descr,
            object_id: product
                .map(|product| format!("1.3.6.1.4.1.{product}"))
                .unwrap_or_default(),
            name,
            location,
            contact,
            uptime: ticks.map(|ticks| Duration::from_millis(u64::from(ticks) * 10)),
        });
    (
        system,
        proptest::collection::btree_map(1..i32::MAX as u32, port(), 0..12),
    )
        .prop_map(|(system, ports)| Device {
            system,
            interfaces: ports
                .into_iter()
                .map(|(index, port)| Interface { index, ..port })
                .collect(),
            ..Device::default()
        })
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        any::<i32>().prop_map(Value::Integer),
        proptest::collection::vec(any::<u8>(), 0..300)
            .prop_map(|bytes| Value::from(bytes.as_slice())),
        any::<u32>().prop_map(Value::Counter32),
        any::<u32>().prop_map(Value::Gauge32),
        any::<u32>().prop_map(Value::TimeTicks),
        any::<u64>().prop_map(Value::Counter64),
        any::<[u8; 4]>().prop_map(Value::IpAddress),
        proptest::collection::vec(any::<u32>(), 0..12)
            .prop_map(|arcs| Value::ObjectIdentifier(Oid::new(arcs))),
        Just(Value::Null),
        Just(Value::NoSuchObject),
        Just(Value::NoSuchInstance),
        Just(Value::EndOfMibView),
    ]
}

proptest! {
    #[test]
    fn device_survives_the_way_there_and_back(device in device()) {
        let varbinds = mib::encode(&device);
        prop_assert!(varbinds.windows(2).all(|two| two[0].oid < two[1].oid), "not ascending");
        let back = Device { system: mib::system(&varbinds), interfaces: mib::interfaces(&varbinds), ..Device::default() };
        prop_assert_eq!(back, device);
    }

    #[test]
    fn any_values_at_all_are_read_without_a_panic(
        cells in proptest::collection::vec((0..Object::ALL.len() + 1, 0..4_u32, any_value()), 0..60)
    ) {
        let varbinds: Vec<VarBind> = cells
            .into_iter()
            .map(|(object, instance, value)| {
                let oid = Object::ALL.get(object).map_or_else(Oid::empty, |object| object.at(instance));
                VarBind::new(oid, value)
            })
            .collect();
        let ports = mib::interfaces(&varbinds);
        prop_assert!(ports.windows(2).all(|two| two[0].index < two[1].index));
        for port in &ports {
            prop_assert!(!port.name.as_str().chars().any(spanwatch::model::text::is_unsafe));
        }
        prop_assert!(mib::system(&varbinds).descr.as_str().len() <= 255);
    }
}

#[test]
fn objects_are_ascending_and_found_again() {
    for two in Object::ALL.windows(2) {
        assert!(
            two[0].oid() < two[1].oid(),
            "{} {}",
            two[0].name(),
            two[1].name()
        );
    }
    for object in Object::ALL {
        assert_eq!(Object::of(&object.at(7)), Some((*object, 7)));
    }
    assert_eq!(Object::of(&Oid::empty()), None);
    assert_eq!(Object::of(&Object::IfDescr.oid()), None);
    assert_eq!(Object::of(&Object::IfDescr.at(1).child(1)), None);
}

#[test]
fn width_is_decided_row_by_row_and_speed_falls_back() {
    let cell = |object: Object, row, value| VarBind::new(object.at(row), value);
    let ports = mib::interfaces(&[
        cell(Object::IfDescr, 1, Value::from("Vlan1")),
        cell(Object::IfInOctets, 1, Value::Counter32(5)),
        cell(Object::IfSpeed, 1, Value::Gauge32(64_000)),
        cell(Object::IfHighSpeed, 1, Value::Gauge32(0)),
        cell(Object::IfName, 2, Value::from("Gi0/2")),
        cell(Object::IfDescr, 2, Value::from("GigabitEthernet0/2")),
        cell(Object::IfInOctets, 2, Value::Counter32(5)),
        cell(Object::IfHcInOctets, 2, Value::Counter64(1 << 40)),
        cell(Object::IfSpeed, 2, Value::Gauge32(u32::MAX)),
        cell(Object::IfHighSpeed, 2, Value::Gauge32(10_000)),
        cell(Object::IfSpeed, 3, Value::Gauge32(u32::MAX)),
        cell(Object::IfAlias, 4, Value::NoSuchInstance),
    ]);
    let [vlan, fast, untold] = &ports[..] else {
        panic!("three rows, not {ports:?}");
    };
    assert_eq!(vlan.name.as_str(), "Vlan1");
    assert_eq!(
        (vlan.counters, vlan.in_octets),
        (CounterWidth::Bits32, Some(5))
    );
    assert_eq!(vlan.speed, Some(64_000));
    assert_eq!(fast.name.as_str(), "Gi0/2");
    assert_eq!(
        (fast.counters, fast.in_octets),
        (CounterWidth::Bits64, Some(1 << 40))
    );
    assert_eq!(fast.out_octets, None);
    assert_eq!(fast.speed, Some(10_000_000_000));
    assert_eq!(untold.speed, None);
}

#[test]
fn hostile_text_is_clean_after_reading() {
    let evil = Value::from(&b"\x1b[2J\x1b]0;owned\x07core\xff"[..]);
    let system = mib::system(&[VarBind::new(Object::SysName.at(0), evil)]);
    assert_eq!(system.name.as_str(), "?[2J?]0;owned?core\\xFF");
}

/// What the table in the recordings' README says: interfaces, and those counted in 64 bits.
const RECORDINGS: &[(&str, usize, usize)] = &[
    ("arista-dcs-7150s-52-cl", 59, 59),
    ("bdcom-s5612", 26, 26),
    ("brocade-icx6430-24", 29, 29),
    ("cisco-c3750", 19, 15),
    ("dlink-des3200", 23, 23),
    ("fortinet-xcu", 26, 26),
    ("h3c-e528-2", 31, 31),
    ("hpe-procurve-516733-b21", 42, 42),
    ("huawei-s12704", 56, 56),
    ("huawei-s5720", 39, 39),
    ("juniper-mx960-13-3r9-13", 61, 61),
    ("unknown-001", 2, 2),
    ("zte-zxr10-5250", 52, 52),
    ("librenms/vrp_5720", 65, 65),
    // Ten of its 146 rows have no 64-bit counters; the table counts only those that do.
    ("librenms/ios_2960x", 146, 136),
    ("librenms/junos_mx5t-isis", 48, 48),
    ("librenms/routeros", 12, 12),
    ("librenms/comware_a5500", 30, 30),
    ("librenms/fortigate_60f3g4g", 21, 21),
    ("librenms/procurve_e2910", 39, 39),
    ("librenms/edgecos_ecs2100-10t", 14, 14),
    ("librenms/zxa10_c320", 11, 11),
    ("librenms/timos_7705", 21, 21),
    ("librenms/arubaos-cx_10.10", 20, 20),
];

/// Reads the groups that a poll reads out of a recording (`OID|tag|value` of snmpsim).
fn recording(path: &Path) -> Vec<VarBind> {
    let mut child = Command::new("bzcat")
        .arg(path)
        .stdout(Stdio::piped())
        .spawn()
        .expect("bzcat was found");
    let mut varbinds = Vec::new();
    let mut lines = BufReader::new(child.stdout.take().expect("piped"));
    let mut line = Vec::new();
    while lines.read_until(b'\n', &mut line).expect("bytes") > 0 {
        let row = line.strip_suffix(b"\n").unwrap_or(&line);
        if [
            &b"1.3.6.1.2.1.1."[..],
            b"1.3.6.1.2.1.2.",
            b"1.3.6.1.2.1.31.",
        ]
        .iter()
        .any(|group| row.starts_with(group))
        {
            let mut parts = row.splitn(3, |byte| *byte == b'|');
            let oid = std::str::from_utf8(parts.next().expect("an identifier")).expect("digits");
            let tag = std::str::from_utf8(parts.next().expect("a tag")).expect("letters");
            let value = recorded(tag, parts.next().unwrap_or_default());
            varbinds.push(VarBind::new(Oid::parse(oid).expect("an identifier"), value));
        }
        line.clear();
    }
    assert!(child.wait().expect("bzcat ended").success());
    varbinds
}

fn recorded(tag: &str, value: &[u8]) -> Value {
    let text = String::from_utf8_lossy(value);
    // A tag may name a variation module, `67:numeric`, whose value is not a plain one.
    let number = || text.parse::<u64>().unwrap_or_default();
    match tag.split(':').next().unwrap_or_default() {
        "2" => Value::Integer(text.parse::<i64>().unwrap_or_default() as i32),
        "6" => Value::ObjectIdentifier(Oid::parse(&text).unwrap_or_else(|_| Oid::empty())),
        "65" => Value::Counter32(number() as u32),
        "66" => Value::Gauge32(number() as u32),
        "67" => Value::TimeTicks(number() as u32),
        "70" => Value::Counter64(number()),
        "4x" => {
            let bytes: Vec<u8> = text
                .as_bytes()
                .chunks(2)
                .filter_map(|two| u8::from_str_radix(std::str::from_utf8(two).ok()?, 16).ok())
                .collect();
            Value::from(bytes.as_slice())
        }
        _ => Value::from(value),
    }
}

/// Returns the folder of recordings, or `None` with the reason printed; with `CI=true` it must be there.
fn recordings() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/snmprec");
    let bzcat = Command::new("bzcat").arg("--help").output();
    if folder.is_dir() && bzcat.is_ok() {
        return Some(folder);
    }
    let reason = format!("{} or the program bzcat is not here", folder.display());
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{reason}");
    println!("skipped: {reason}");
    None
}

#[test]
fn recordings_of_real_devices_are_read_whole() {
    let Some(folder) = recordings() else {
        return;
    };
    for (name, interfaces, wide) in RECORDINGS {
        let varbinds = recording(&folder.join(format!("{name}.snmprec.bz2")));
        let ports = mib::interfaces(&varbinds);
        assert_eq!(ports.len(), *interfaces, "{name}: interfaces");
        let counted = ports
            .iter()
            .filter(|port| port.counters == CounterWidth::Bits64)
            .count();
        assert_eq!(counted, *wide, "{name}: counted in 64 bits");
        let named = ports.iter().filter(|port| !port.name.is_empty()).count();
        assert_eq!(named, *interfaces, "{name}: with a name");
        assert!(
            ports.iter().any(|port| port.oper == PortStatus::Up),
            "{name}: none is up"
        );
        let system = mib::system(&varbinds);
        assert!(!system.object_id.is_empty(), "{name}: no sysObjectID");
    }
    // None may be forgotten when the folder grows.
    let mut found = 0;
    for part in ["", "librenms"] {
        for entry in std::fs::read_dir(folder.join(part)).expect("a folder") {
            let path = entry.expect("an entry").path();
            found += usize::from(path.extension().is_some_and(|extension| extension == "bz2"));
        }
    }
    assert_eq!(found, RECORDINGS.len());
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text
        .bytes()
        .filter(|byte| !byte.is_ascii_whitespace())
        .collect();
    digits
        .chunks(2)
        .map(|two| u8::from_str_radix(std::str::from_utf8(two).expect("ascii"), 16).expect("hex"))
        .collect()
}

/// An echo of ours from 10.0.0.9 to 10.1.2.3, ident 0x9234, sequence 7, as a router quotes it.
const QUOTED: &str = "4500001c 00004000 01010000 0a000009 0a010203  08000000 92340007";

fn v4(icmp: &str) -> Reply {
    // From 10.0.0.1 (a router) with a time to live of 62.
    let bytes = hex(&format!(
        "45000038 00000000 3e010000 0a000001 0a000009 {icmp}"
    ));
    let ours = Ipv4Addr::new(10, 0, 0, 9);
    let packet = Icmpv4Packet::decode(&bytes, socket2::Type::RAW, ours, ours).expect("a packet");
    icmp::classify(&IcmpPacket::V4(packet))
}

fn v6(icmp: &str) -> Reply {
    let router: Ipv6Addr = "2001:db8::1".parse().expect("an address");
    let packet = Icmpv6Packet::decode(&hex(icmp), router).expect("a packet");
    icmp::classify(&IcmpPacket::V6(packet))
}

#[test]
fn only_an_echo_reply_is_an_answer() {
    let router: IpAddr = Ipv4Addr::new(10, 0, 0, 1).into();
    let refused = |by, why| Reply::Refused { by, why };
    assert_eq!(v4("00000000 92340007"), Reply::Echo { ttl: Some(62) });
    for code in [0_u8, 1, 3, 9, 10, 13] {
        let why = Refusal::Unreachable(code);
        assert_eq!(
            v4(&format!("03{code:02x}0000 00000000 {QUOTED}")),
            refused(router, why)
        );
    }
    assert_eq!(
        v4(&format!("0b000000 00000000 {QUOTED}")),
        refused(router, Refusal::TimeExceeded)
    );
    assert_eq!(
        v4(&format!("0b010000 00000000 {QUOTED}")),
        Reply::Aside,
        "reassembly"
    );
    assert_eq!(
        v4(&format!("05010000 0a000002 {QUOTED}")),
        Reply::Aside,
        "a redirect"
    );
    assert_eq!(
        v4(&format!("04000000 00000000 {QUOTED}")),
        Reply::Aside,
        "source quench"
    );
}

#[test]
fn version_six_says_the_same_in_other_numbers() {
    let quoted = "60000000 0008 3a 01 20010db8000000000000000000000009 20010db8000000000000000000000003 \
                  80000000 92340007";
    let router: IpAddr = "2001:db8::1".parse().expect("an address");
    let refused = |why| Reply::Refused { by: router, why };
    assert_eq!(v6("81000000 92340007"), Reply::Echo { ttl: None });
    for (code, as_v4) in [(0, 0), (1, 13), (2, 1), (3, 1), (4, 3), (5, 13), (6, 13)] {
        let why = Refusal::Unreachable(as_v4);
        assert_eq!(
            v6(&format!("01{code:02x}0000 00000000 {quoted}")),
            refused(why)
        );
    }
    assert_eq!(
        v6(&format!("03000000 00000000 {quoted}")),
        refused(Refusal::TimeExceeded)
    );
    assert_eq!(
        v6(&format!("02000000 00000500 {quoted}")),
        Reply::Aside,
        "too big"
    );
}
