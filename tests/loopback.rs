//! Real sockets on 127.0.0.0/8 and ::1: nothing is lost, and whoever misbehaves changes only its own reading.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

pub(crate) mod agent;
mod routers;

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::Duration;

use spanwatch::model::credential::{AuthProtocol, Credential, Keyring, PrivacyProtocol};
use spanwatch::model::device::Device;
use spanwatch::model::reading::{Answer, Ask, Reading, Refusal};
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::ping::{Engine, IcmpKind};
use spanwatch::probe::roster::Pace;
use spanwatch::probe::{Doing, Probes, Sockets, open_with, start};
use tokio_util::sync::{CancellationToken, DropGuard};

use agent::{COMMUNITY, Manner, device, free_port, loopback, serve};

fn target(name: &str, address: IpAddr, method: Method) -> Target {
    Target {
        id: TargetId {
            node: name.into(),
            method,
        },
        address,
        interval: Duration::from_secs(30),
        // Far more than loopback needs: other tests share the processor.
        timeout: Duration::from_secs(5),
        retries: 0,
        credential: (method == Method::Snmp).then(|| "v2c".into()),
    }
}

fn keyring() -> Keyring {
    let community = || COMMUNITY.to_owned().into();
    let short = Some((AuthProtocol::Sha256, "short".to_owned().into()));
    Keyring::from([
        (
            "v1".into(),
            Credential::V1 {
                community: community(),
            },
        ),
        (
            "v2c".into(),
            Credential::V2c {
                community: community(),
            },
        ),
        (
            "short".into(),
            Credential::V3 {
                user: "monitor".to_owned(),
                auth: short,
                privacy: None,
            },
        ),
        (
            "unsigned".into(),
            Credential::V3 {
                user: "monitor".to_owned(),
                auth: None,
                privacy: Some((PrivacyProtocol::Aes128, "long enough".to_owned().into())),
            },
        ),
    ])
}

/// Opens the sockets, or says why the test is skipped.
async fn sockets() -> Option<Sockets> {
    sockets_of(Engine::default()).await
}

async fn sockets_of(engine: Engine) -> Option<Sockets> {
    match open_with(engine).await {
        Ok(sockets) => Some(sockets),
        Err(error) => {
            assert_eq!(error.doing, Doing::OpenIcmp, "{}", error.source);
            assert_eq!(error.source.kind(), ErrorKind::PermissionDenied);
            println!("skipped: {error} {}", error.source);
            None
        }
    }
}

/// Starts asking; the guard stops it at the end of the test.
fn begin(sockets: Sockets, targets: Vec<Target>, pace: Pace) -> (Probes, DropGuard) {
    let cancel = CancellationToken::new();
    let guard = cancel.clone().drop_guard();
    (start(sockets, targets, &keyring(), pace, 7, cancel), guard)
}

/// Asks every target once and returns what each said.
async fn sweep(sockets: Sockets, targets: Vec<Target>) -> BTreeMap<TargetId, Reading> {
    let count = targets.len();
    let (mut probes, _guard) = begin(sockets, targets, Pace::Sweep);
    let mut heard = BTreeMap::new();
    while heard.len() < count {
        let reading = probes.readings.recv().await.expect("a reading");
        let twice = heard.insert(reading.target.clone(), reading);
        assert!(twice.is_none(), "{twice:?} came twice");
    }
    heard
}

async fn nobody_is_lost(engine: Engine, count: u32) {
    let Some(sockets) = sockets_of(engine).await else {
        return;
    };
    let raw = sockets.icmp_kind() == IcmpKind::Raw;
    let targets = (0..count)
        .map(|number| {
            target(
                &format!("n{number:05}"),
                loopback([127, 1, 0, 1], number),
                Method::Ping,
            )
        })
        .collect();
    let began = spanwatch::clock::now();
    let heard = sweep(sockets, targets).await;
    println!("{count} addresses took {:?}", began.elapsed());
    for (id, reading) in &heard {
        match &reading.answer {
            Answer::Echo { rtt, ttl } => {
                assert!(*rtt < Duration::from_secs(5));
                assert_eq!(*ttl, raw.then_some(64));
            }
            other => panic!("{id:?}: {other:?}"),
        }
        assert!(reading.asked <= reading.at);
    }
}

#[tokio::test]
async fn all_483_addresses_answer() {
    nobody_is_lost(Engine::Precise, 483).await;
    nobody_is_lost(Engine::Library, 483).await;
}

#[tokio::test]
async fn ten_thousand_paced_addresses_lose_nothing() {
    nobody_is_lost(Engine::Precise, 10_000).await;
}

#[tokio::test]
async fn version_six_answers_too() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let home = target("home", Ipv6Addr::LOCALHOST.into(), Method::Ping);
    let heard = sweep(sockets, vec![home.clone()]).await;
    match &heard[&home.id].answer {
        Answer::Echo { .. } => {}
        Answer::Unsent { why } => println!("skipped: {why}"),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn handshake_is_an_answer_and_a_reset_is_a_refusal() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let listener = tokio::net::TcpListener::bind("127.4.0.1:0")
        .await
        .expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    let address = IpAddr::from(Ipv4Addr::new(127, 4, 0, 1));
    let closed = IpAddr::from(Ipv4Addr::new(127, 4, 0, 2));
    let open = target("open", address, Method::Tcp(port));
    let shut = target("shut", closed, Method::Tcp(port));
    let heard = sweep(sockets, vec![open.clone(), shut.clone()]).await;
    assert!(matches!(
        heard[&open.id].answer,
        Answer::Echo { ttl: None, .. }
    ));
    match heard[&shut.id].answer {
        Answer::Refused { by, why } => assert_eq!((by, why), (closed, Refusal::Unreachable(3))),
        ref other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn credential_that_cannot_be_used_is_unsent_and_keeps_its_secret() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let address = IpAddr::from(Ipv4Addr::new(127, 5, 0, 1));
    let with = |credential: Option<&str>| Target {
        credential: credential.map(Into::into),
        ..target(credential.unwrap_or("none"), address, Method::Snmp)
    };
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let targets = vec![
        with(Some("short")),
        with(Some("unsigned")),
        with(Some("lost")),
        with(None),
    ];
    let heard = sweep(sockets.with_snmp_port(port), targets).await;
    for reading in heard.values() {
        match &reading.answer {
            Answer::Unsent { why } => {
                assert!(why.ends_with('.'), "{why}");
                assert!(!why.contains("long enough"), "{why}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn edited_list_is_asked_and_an_inquiry_is_answered() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let old = target("old", loopback([127, 6, 0, 1], 0), Method::Ping);
    let new = target("new", loopback([127, 6, 0, 1], 1), Method::Ping);
    let (mut probes, _guard) = begin(sockets, vec![old.clone()], Pace::Sweep);
    let first = probes.readings.recv().await.expect("a reading");
    assert_eq!(first.target, old.id);
    probes.targets.send(vec![new.clone()]).await.expect("alive");
    let second = probes.readings.recv().await.expect("a reading");
    assert_eq!(second.target, new.id);
    let spacing = Duration::from_millis(100);
    for id in [&old.id, &new.id] {
        let ask = Ask {
            target: id.clone(),
            times: 8,
            spacing,
        };
        probes.asks.send(ask).await.expect("alive");
    }
    let mut asked = Vec::new();
    for _ in 0..8 {
        let reading = probes.readings.recv().await.expect("a reading");
        assert!(reading.answer.is_heard());
        assert_eq!(reading.target, new.id, "the old one is gone");
        asked.push(reading.asked);
    }
    // Half of it, because a processor under load may start the first one late.
    assert!(asked[7] - asked[0] >= spacing * 7 / 2, "{asked:?}");
}

#[tokio::test]
async fn busy_caller_makes_no_reply_late() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let home = Target {
        timeout: Duration::from_millis(500),
        ..target("home", loopback([127, 7, 1, 1], 0), Method::Ping)
    };
    let (mut probes, _guard) = begin(sockets, vec![home], Pace::Sweep);
    // This thread computes while the echo is under way, and for longer than it may take.
    std::thread::sleep(Duration::from_secs(1));
    let free = spanwatch::clock::now();
    let reading = probes.readings.recv().await.expect("a reading");
    match reading.answer {
        Answer::Echo { .. } => assert!(reading.at < free, "it waited for us"),
        other => panic!("{other:?}"),
    }
}

/// Returns what the kernel lets every asking thread do, as `/proc` shows it.
fn powers() -> Vec<String> {
    let mut powers = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")
        .expect("threads")
        .flatten()
    {
        let read = |name| std::fs::read_to_string(task.path().join(name)).unwrap_or_default();
        if read("comm").trim() == "probe" {
            let status = read("status");
            let sets = status.lines().filter(|line| {
                ["CapInh", "CapPrm", "CapEff", "CapAmb"]
                    .iter()
                    .any(|set| line.starts_with(set))
            });
            powers.extend(sets.map(str::to_owned));
        }
    }
    powers
}

#[tokio::test]
async fn asking_thread_gives_its_powers_up() {
    let Some(_sockets) = sockets().await else {
        return;
    };
    // Threads of other tests may be about to open theirs.
    let began = spanwatch::clock::now();
    loop {
        let powers = powers();
        assert!(powers.len() >= 4, "our own thread is among them");
        if powers.iter().all(|set| set.ends_with("\t0000000000000000")) {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "{powers:?}");
        tokio::time::sleep(Duration::from_millis(3)).await;
    }
}

#[tokio::test]
async fn cancelling_ends_the_readings() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let home = target("home", loopback([127, 7, 0, 1], 0), Method::Ping);
    let (mut probes, guard) = begin(sockets, vec![home], Pace::Watch);
    probes.readings.recv().await.expect("a reading");
    drop(guard);
    let end = async { while probes.readings.recv().await.is_some() {} };
    tokio::time::timeout(Duration::from_secs(5), end)
        .await
        .expect("the channel closes");
}

fn polled(name: &str, address: IpAddr, credential: &str) -> Target {
    Target {
        credential: Some(credential.into()),
        ..target(name, address, Method::Snmp)
    }
}

#[tokio::test]
async fn honest_agents_are_read_whole_in_both_versions() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let mut targets = Vec::new();
    let mut truth = Vec::new();
    for (number, ports) in [(0, 0), (1, 1), (2, 8), (3, 200)] {
        let address = Ipv4Addr::new(127, 8, 0, number as u8 + 1);
        truth.push(device(number, ports));
        serve(address, port, &device(number, ports), Manner::Honest).await;
        targets.push(polled(&format!("v1-{number}"), address.into(), "v1"));
        targets.push(polled(&format!("v2c-{number}"), address.into(), "v2c"));
    }
    let big = Ipv4Addr::new(127, 8, 0, 100);
    serve(big, port, &device(9, 20), Manner::TooBig).await;
    targets.push(polled("halved", big.into(), "v2c"));
    let plain = Ipv4Addr::new(127, 8, 0, 101);
    serve(plain, port, &device(10, 20), Manner::NoBulk).await;
    targets.push(polled("one-by-one", plain.into(), "v2c"));
    let heard = sweep(sockets.with_snmp_port(port), targets).await;
    let device_of = |name: &str| {
        let id = TargetId {
            node: name.into(),
            method: Method::Snmp,
        };
        match &heard[&id].answer {
            Answer::Device(device) => Arc::clone(device),
            other => panic!("{name}: {other:?}"),
        }
    };
    for (number, truth) in truth.iter().enumerate() {
        assert_eq!(*device_of(&format!("v2c-{number}")), *truth);
        // Version 1 has no 64-bit counters; the rest is the same.
        let narrow = device_of(&format!("v1-{number}"));
        assert_eq!(narrow.system, truth.system);
        let names = |device: &Device| -> Vec<_> {
            device
                .interfaces
                .iter()
                .map(|port| (port.index, port.name.clone(), port.oper))
                .collect()
        };
        assert_eq!(names(&narrow), names(truth));
        for (narrow, wide) in narrow.interfaces.iter().zip(&truth.interfaces) {
            assert_eq!(
                narrow.in_octets,
                wide.in_octets.map(|octets| u64::from(octets as u32))
            );
        }
    }
    assert_eq!(*device_of("halved"), device(9, 20));
    assert_eq!(*device_of("one-by-one"), device(10, 20));
}

/// What a misbehaving agent may lead to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Verdict {
    Silent,
    Partial,
}

#[tokio::test]
async fn misbehaving_agents_change_only_their_own_line() {
    const BAD: &[(&str, Option<Manner>, Verdict)] = &[
        ("dead", None, Verdict::Silent),
        ("slow", Some(Manner::Slow), Verdict::Silent),
        ("garbage", Some(Manner::Garbage), Verdict::Silent),
        ("wrong-source", Some(Manner::WrongSource), Verdict::Silent),
        ("wrong-number", Some(Manner::WrongNumber), Verdict::Silent),
        (
            "wrong-community",
            Some(Manner::WrongCommunity),
            Verdict::Silent,
        ),
        ("stops", Some(Manner::StopsInTheTable), Verdict::Partial),
        ("circles", Some(Manner::Circles), Verdict::Partial),
        ("endless", Some(Manner::Endless), Verdict::Partial),
        ("trickles", Some(Manner::Trickles), Verdict::Partial),
    ];
    const GOOD: u32 = 12;
    let Some(sockets) = sockets().await else {
        return;
    };
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let quick = |name: &str, address: IpAddr| Target {
        interval: Duration::from_secs(2),
        timeout: Duration::from_millis(800),
        ..polled(name, address, "v2c")
    };
    let mut targets = Vec::new();
    for number in 0..GOOD {
        let address = Ipv4Addr::new(127, 9, 0, number as u8 + 1);
        serve(address, port, &device(number, 8), Manner::Honest).await;
        targets.push(quick(&format!("good-{number}"), address.into()));
    }
    for (number, (name, manner, _)) in BAD.iter().enumerate() {
        let address = Ipv4Addr::new(127, 9, 1, number as u8 + 1);
        if let Some(manner) = manner {
            serve(address, port, &device(1_000, 8), *manner).await;
        }
        targets.push(quick(name, address.into()));
    }
    let (mut probes, _guard) = begin(sockets.with_snmp_port(port), targets, Pace::Watch);
    let began = spanwatch::clock::now();
    let mut heard: BTreeMap<String, Vec<Reading>> = BTreeMap::new();
    while began.elapsed() < Duration::from_secs(9) {
        let next = tokio::time::timeout(Duration::from_secs(3), probes.readings.recv()).await;
        let reading = next.expect("in time").expect("alive");
        heard
            .entry(reading.target.node.to_string())
            .or_default()
            .push(reading);
    }
    for number in 0..GOOD {
        let readings = &heard[&format!("good-{number}")];
        assert!(
            readings.len() >= 3,
            "good-{number} was read {} times",
            readings.len()
        );
        for (round, reading) in readings.iter().enumerate() {
            // Whom it hears is asked in the first round, and then not for minutes.
            let expected = Device {
                neighbours_read: round == 0,
                ..device(number, 8)
            };
            match &reading.answer {
                Answer::Device(read) => assert_eq!(**read, expected),
                other => panic!("good-{number}: {other:?}"),
            }
            let took = reading.at - reading.asked;
            assert!(
                took < Duration::from_millis(800),
                "good-{number} took {took:?}"
            );
        }
        for two in readings.windows(2) {
            assert!(
                two[1].asked - two[0].asked < Duration::from_millis(3_500),
                "good-{number} waited"
            );
        }
    }
    for (name, _, verdict) in BAD {
        let readings = &heard[*name];
        assert!(!readings.is_empty());
        for reading in readings {
            let got = match &reading.answer {
                Answer::Silent => Verdict::Silent,
                Answer::Partial(device) => {
                    assert!(!device.system.name.is_empty());
                    if *name == "stops" {
                        assert!((1..8).contains(&device.interfaces.len()), "{device:?}");
                    }
                    Verdict::Partial
                }
                other => panic!("{name}: {other:?}"),
            };
            assert_eq!(got, *verdict, "{name}");
            let took = reading.at - reading.asked;
            assert!(took < Duration::from_millis(2_500), "{name} took {took:?}");
        }
    }
}

#[tokio::test]
async fn a_device_that_stops_in_a_table_is_asked_no_more_often_than_a_silent_one() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let address = Ipv4Addr::new(127, 9, 2, 1);
    let port = free_port(address).await;
    let heard = serve(address, port, &device(1, 8), Manner::StopsInTheTable).await;
    let target = Target {
        timeout: Duration::from_millis(200),
        ..polled("stops", address.into(), "v2c")
    };
    let retries = usize::from(target.retries);
    let (mut probes, _guard) = begin(sockets.with_snmp_port(port), vec![target], Pace::Sweep);
    let reading = probes.readings.recv().await.expect("a reading");
    assert!(
        matches!(reading.answer, Answer::Partial(_)),
        "{:?}",
        reading.answer
    );
    // The system group and the beginning of the table, and then as often as one question is asked in vain.
    let questions = heard.load(std::sync::atomic::Ordering::Relaxed);
    assert_eq!(questions, 2 + 1 + retries.max(1));
}

#[tokio::test]
async fn a_question_that_was_made_smaller_grows_again() {
    let Some(sockets) = sockets().await else {
        return;
    };
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let quick = |name: &str, address: Ipv4Addr| Target {
        timeout: Duration::from_millis(1_500),
        retries: 2,
        ..polled(name, address.into(), "v2c")
    };
    let manners = [
        ("honest", Manner::Honest),
        ("lossy", Manner::LosesOne),
        ("short", Manner::Short),
        ("deaf", Manner::Deaf),
    ];
    let (mut targets, mut counts) = (Vec::new(), BTreeMap::new());
    for (number, (name, manner)) in (1..).zip(manners) {
        let address = Ipv4Addr::new(127, 9, 2, 10 + number);
        let count = serve(address, port, &device(3, 200), manner).await;
        counts.insert(name, count);
        targets.push(quick(name, address));
    }
    let (mut probes, _guard) = begin(sockets.with_snmp_port(port), targets, Pace::Watch);
    for _ in manners {
        let reading = probes.readings.recv().await.expect("a reading");
        let name = &reading.target.node;
        let Answer::Device(read) = &reading.answer else {
            panic!("{name}: {:?}", reading.answer);
        };
        assert_eq!(read.interfaces, device(3, 200).interfaces, "{name}");
    }
    let asked = |name| counts[name].load(std::sync::atomic::Ordering::Relaxed);
    let honest = asked("honest");
    // Of 200 ports a question of 15 cells takes more than 250 answers; one that stays small would need them all.
    assert!(
        asked("lossy") < honest + 50,
        "{} of {honest}",
        asked("lossy")
    );
    // Up to what it manages, and no further: what is too much is tried a few times.
    assert!(
        asked("short") < 2 * honest,
        "{} of {honest}",
        asked("short")
    );
    // Where no answer comes, each try costs a time-out: the biggest that was answered is enough.
    assert!(asked("deaf") < 250, "{} of {honest}", asked("deaf"));
}
