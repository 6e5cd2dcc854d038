//! What SNMP costs: questions a second, and a poll of 483 devices beside 483 runs of `snmpbulkwalk`. Loopback only.
//!
//! `cargo bench --bench snmp`. The agents run in a process of their own, whose processor time is not ours; with two
//! cores they are half of what is measured as a second. Needs `snmpbulkwalk` of Debian's `snmp` for the comparison.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../loopback/agent.rs"]
mod agent;
mod apart;

use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use snmp::{
    Auth, AuthProtocol, Client, EngineCache, MasterKeys, Oid, PrivProtocol, UdpTransport,
    UsmConfig, Version,
};
use spanwatch::lab::pdu;
use spanwatch::lab::usm::{Question, User};
use spanwatch::model::credential::{Credential, Keyring};
use spanwatch::model::reading::Answer;
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::roster::Pace;
use spanwatch::probe::{open, start};
use spanwatch::wire::mib::{self, Object};
use tokio_util::sync::CancellationToken;

use agent::{COMMUNITY, Manner, device, free_port, loopback, serve};
use apart::agents;

/// As many as agencies; each holds a descriptor, and 1,024 is the usual limit of a process.
const AGENTS: u32 = 483;
const AGENTS_AT: [u8; 4] = [127, 3, 0, 1];
/// Those that are asked for single objects.
const ASKED: u32 = 16;
const SIGNING_AT: [u8; 4] = [127, 4, 0, 1];
/// Questions under way at once, and in all.
const AT_ONCE: u32 = 64;
const QUESTIONS: u32 = 100_000;
/// The user of version 3: SHA-256 and AES-128.
const USER: (&str, &str, &str) = ("bench", "authentication", "privacy words");

fn used(who: UsageWho) -> Duration {
    let usage = getrusage(who).expect("it can be asked");
    let sum = usage.user_time() + usage.system_time();
    let micros = sum.tv_sec() * 1_000_000 + sum.tv_usec();
    Duration::from_micros(u64::try_from(micros).expect("positive"))
}

/// Answers version 3 at an address, on a thread of its own that ends with the process.
fn sign(address: Ipv4Addr, port: u16, number: u32) {
    let socket = UdpSocket::bind((address, port)).expect("loopback");
    std::thread::spawn(move || {
        let user = User::new(USER.0, USER.1, USER.2).expect("long enough");
        let node = format!("n{number}").as_str().into();
        let engine = user
            .engine(&node, 1, Duration::from_secs(1))
            .expect("an engine");
        let table = mib::encode(&device(number, 8));
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer) {
            let said = match user.read(&buffer[..length], &engine) {
                Some(Question::Report(bytes)) => Some(bytes),
                Some(Question::Ask(asked)) => {
                    pdu::answer(&asked.pdu, Version::V3, &table, table.len())
                        .and_then(|answer| user.write(&asked, answer, &engine))
                }
                None => None,
            };
            let _ = said.map(|said| socket.send_to(&said, from));
        }
    });
}

/// Serves agents until it is killed, and prints their port once they all listen.
async fn serve_all() {
    let port = free_port(AGENTS_AT.into()).await;
    for number in 0..AGENTS {
        let IpAddr::V4(address) = loopback(AGENTS_AT, number) else {
            unreachable!("counted up from one of version 4");
        };
        serve(address, port, &device(number, 8), Manner::Honest).await;
    }
    for number in 0..ASKED {
        if let IpAddr::V4(address) = loopback(SIGNING_AT, number) {
            sign(address, port, number);
        }
    }
    println!("{port}");
    std::future::pending::<()>().await;
}

/// Asks for three objects again and again over one socket, and prints one line.
async fn ask(what: &str, auth: Auth, base: [u8; 4], port: u16) -> Result<(), Box<snmp::Error>> {
    let transport = UdpTransport::bind("127.0.0.1:0").await?;
    let engines = Arc::new(EngineCache::new());
    let objects = [Object::SysName, Object::SysUpTime, Object::SysDescr];
    let objects: Vec<Oid> = objects.iter().map(|object| object.at(0)).collect();
    let mut clients = Vec::new();
    for number in 0..ASKED {
        let there = SocketAddr::new(loopback(base, number), port);
        let client = Client::builder(there, auth.clone())
            .strict_source(true)
            .engine_cache(Arc::clone(&engines))
            .build_with(&transport)
            .await?;
        // Engines are known and keys are made before anything is measured.
        client.get_many(&objects).await?;
        clients.push(client);
    }
    let (began, before) = (spanwatch::clock::now(), used(UsageWho::RUSAGE_SELF));
    let mut open = tokio::task::JoinSet::new();
    for number in 0..AT_ONCE {
        let client = clients[(number % ASKED) as usize].clone();
        let objects = objects.clone();
        open.spawn(async move {
            let mut whole = 0_u32;
            for _ in 0..QUESTIONS / AT_ONCE {
                let heard = client.get_many(&objects).await;
                whole += u32::from(heard.is_ok_and(|heard| heard.varbinds.len() == 3));
            }
            whole
        });
    }
    let whole: u32 = open.join_all().await.into_iter().sum();
    let wall = began.elapsed();
    let processor = used(UsageWho::RUSAGE_SELF).saturating_sub(before);
    println!(
        "{what}: {whole} of {} GETs of three objects answered, {:.0} a second, {:.1?} processor each",
        QUESTIONS / AT_ONCE * AT_ONCE,
        f64::from(whole) / wall.as_secs_f64(),
        processor / whole.max(1),
    );
    Ok(())
}

/// Polls all devices once, and returns what processor time it took.
async fn poll(port: u16) -> Option<Duration> {
    let community = COMMUNITY.to_owned().into();
    let keyring = Keyring::from([("v2c".into(), Credential::V2c { community })]);
    let sockets = match open().await {
        Ok(sockets) => sockets.with_snmp_port(port),
        Err(error) => {
            println!("skipped: {error} {}", error.source);
            return None;
        }
    };
    let targets = (0..AGENTS).map(|number| Target {
        id: TargetId {
            node: format!("n{number:05}").as_str().into(),
            method: Method::Snmp,
        },
        address: loopback(AGENTS_AT, number),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(1),
        retries: 1,
        credential: Some("v2c".into()),
    });
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let (began, before) = (spanwatch::clock::now(), used(UsageWho::RUSAGE_SELF));
    let targets = targets.collect();
    let mut probes = start(sockets, targets, &keyring, Pace::Sweep, 1, cancel);
    let mut whole = 0;
    for _ in 0..AGENTS {
        let reading = probes.readings.recv().await;
        whole += u32::from(reading.is_some_and(|reading| {
            matches!(reading.answer, Answer::Device(device) if device.interfaces.len() == 8)
        }));
    }
    let processor = used(UsageWho::RUSAGE_SELF).saturating_sub(before);
    println!(
        "poll: {whole} of {AGENTS} devices read whole, {:.1?} wall, {processor:.1?} processor",
        began.elapsed()
    );
    Some(processor)
}

/// Walks all devices, one run of the other program each, and returns what processor time they took.
fn walk(port: u16) -> Option<Duration> {
    let before = used(UsageWho::RUSAGE_CHILDREN);
    let began = spanwatch::clock::now();
    let mut lines = 0;
    for number in 0..AGENTS {
        let there = format!("{}:{port}", loopback(AGENTS_AT, number));
        let output = Command::new("snmpbulkwalk")
            .args([
                "-v2c",
                "-c",
                COMMUNITY,
                "-Cr25",
                "-On",
                &there,
                "1.3.6.1.2.1",
            ])
            .output();
        let Ok(output) = output else {
            println!("skipped: there is no snmpbulkwalk here");
            return None;
        };
        lines += String::from_utf8_lossy(&output.stdout).lines().count();
    }
    let processor = used(UsageWho::RUSAGE_CHILDREN).saturating_sub(before);
    println!(
        "snmpbulkwalk: {lines} objects of {AGENTS} devices, {:.1?} wall, {processor:.1?} processor",
        began.elapsed()
    );
    Some(processor)
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if std::env::args().nth(1).as_deref() == Some("agents") {
        return runtime.block_on(serve_all());
    }
    let (mut child, port) = agents();
    let v3 = MasterKeys::new(AuthProtocol::Sha256, USER.1.as_bytes())
        .and_then(|keys| keys.with_privacy(PrivProtocol::Aes128, USER.2.as_bytes()))
        .and_then(|keys| UsmConfig::new(USER.0).with_master_keys(keys))
        .expect("long enough");
    let asked = runtime.block_on(async {
        ask("version 2c", Auth::v2c(COMMUNITY), AGENTS_AT, port).await?;
        ask("version 3", v3.into(), SIGNING_AT, port).await
    });
    if let Err(error) = asked {
        println!("failed: {error}");
    }
    let ours = runtime.block_on(poll(port));
    if let (Some(ours), Some(theirs)) = (ours, ours.and_then(|_| walk(port))) {
        let ratio = ours.as_secs_f64() / theirs.as_secs_f64();
        println!("a poll takes {ratio:.3} of their processor time");
    }
    let _ = child.kill();
    let _ = child.wait();
}
