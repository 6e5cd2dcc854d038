//! What one sweep costs: wall clock, processor time of the process, and what was lost. Loopback only.
//!
//! `cargo bench --bench sweep` prints three lines: pings of 483 and of 10,000 addresses, and polls of 500
//! agents with 8 ports each, which run in a process of their own.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../loopback/agent.rs"]
mod agent;
mod apart;

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use spanwatch::model::credential::{Credential, Keyring};
use spanwatch::model::reading::Answer;
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::roster::Pace;
use spanwatch::probe::{LineError, open, start};
use tokio_util::sync::CancellationToken;

use agent::{COMMUNITY, Manner, device, free_port, loopback, serve};
use apart::agents;

/// Each holds a descriptor, and 1,024 is the usual limit of a process.
const AGENTS: u32 = 500;
const AGENTS_AT: [u8; 4] = [127, 2, 0, 1];

fn target(number: u32, base: [u8; 4], method: Method) -> Target {
    Target {
        id: TargetId {
            node: format!("n{number:05}").as_str().into(),
            method,
        },
        address: loopback(base, number),
        interval: Duration::from_secs(10),
        timeout: Duration::from_secs(1),
        retries: 0,
        credential: (method == Method::Snmp).then(|| "v2c".into()),
    }
}

fn processor_time() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_SELF).expect("this process");
    let sum = usage.user_time() + usage.system_time();
    Duration::from_micros(
        u64::try_from(sum.tv_sec() * 1_000_000 + sum.tv_usec()).expect("positive"),
    )
}

/// Sweeps once and prints one line.
async fn sweep(what: &str, targets: Vec<Target>, port: u16) -> Result<(), LineError> {
    let community = COMMUNITY.to_owned().into();
    let keyring = Keyring::from([("v2c".into(), Credential::V2c { community })]);
    let sockets = open().await?.with_snmp_port(port);
    let (kind, buffer) = (sockets.icmp_kind(), sockets.receive_buffer());
    let count = targets.len();
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let (began, before) = (spanwatch::clock::now(), processor_time());
    let mut probes = start(sockets, targets, &keyring, Pace::Sweep, 1, cancel);
    let mut answers: BTreeMap<&str, usize> = BTreeMap::new();
    let mut rtts = Vec::new();
    for _ in 0..count {
        let Some(reading) = probes.readings.recv().await else {
            break;
        };
        if let Answer::Echo { rtt, .. } = reading.answer {
            rtts.push(rtt);
        }
        *answers
            .entry(match reading.answer {
                Answer::Echo { .. } | Answer::Device(_) => "whole",
                Answer::Partial(_) => "partial",
                Answer::Refused { .. } => "refused",
                Answer::Silent => "silent",
                Answer::Unsent { .. } => "unsent",
            })
            .or_default() += 1;
    }
    let wall = began.elapsed();
    let processor = processor_time().saturating_sub(before);
    rtts.sort_unstable();
    let at = |part: usize| {
        rtts.get(rtts.len() * part / 100)
            .copied()
            .unwrap_or_default()
    };
    println!(
        "{what}: {wall:.1?} wall ({:.0} a second), {processor:.1?} processor ({:.1?} each), {answers:?}, \
         rtt median {:.0?} p99 {:.0?}, {kind:?} socket, receive buffer {buffer:?}",
        f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / wall.as_secs_f64(),
        processor / u32::try_from(count).unwrap_or(1),
        at(50),
        at(99),
    );
    Ok(())
}

/// Serves agents until it is killed, and prints their port once they all listen.
async fn serve_all() {
    let base = Ipv4Addr::from(AGENTS_AT);
    let port = free_port(base).await;
    for number in 0..AGENTS {
        let address = Ipv4Addr::from(u32::from(base) + number);
        serve(address, port, &device(number, 8), Manner::Honest).await;
    }
    println!("{port}");
    std::future::pending::<()>().await;
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    if std::env::args().nth(1).as_deref() == Some("agents") {
        return runtime.block_on(serve_all());
    }
    let all = async {
        for count in [483, 10_000] {
            let targets = (0..count).map(|number| target(number, [127, 1, 0, 1], Method::Ping));
            sweep(&format!("ping {count}"), targets.collect(), 161).await?;
        }
        let (mut child, port) = agents();
        let targets = (0..AGENTS).map(|number| target(number, AGENTS_AT, Method::Snmp));
        let polled = sweep(&format!("poll {AGENTS}"), targets.collect(), port).await;
        let _ = child.kill();
        let _ = child.wait();
        polled
    };
    if let Err(error) = runtime.block_on(all) {
        println!("skipped: {error} {}", error.source);
    }
}
