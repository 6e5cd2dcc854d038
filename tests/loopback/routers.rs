//! Routers that refuse, swallow and lead in circles, in namespaces of the test's own.

use std::net::IpAddr;
use std::process::{Child, Command};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use serde_json::{Value, json};
use spanwatch::model::reading::{Answer, Refusal};
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::ping::{Engine, IcmpKind};

use super::{sockets_of, sweep, target};

/// A neighbour in a namespace of its own.
struct Neighbour(Child);

impl Neighbour {
    fn new() -> Result<Self, String> {
        let sleep = Command::new("unshare").args(["-n", "sleep", "60"]).spawn();
        let neighbour = Self(sleep.map_err(|error| error.to_string())?);
        // Until it has its own namespace, what is moved to it would land in ours.
        let network = |process: &str| std::fs::read_link(format!("/proc/{process}/ns/net"));
        let ours = network("thread-self").map_err(|error| error.to_string())?;
        let began = spanwatch::clock::now();
        while network(&neighbour.0.id().to_string()).is_ok_and(|theirs| theirs == ours) {
            if began.elapsed() > Duration::from_secs(5) {
                return Err("a neighbour got no namespace".to_owned());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(neighbour)
    }
}

impl Drop for Neighbour {
    fn drop(&mut self) {
        // Its end takes the namespace, and with it the veth pairs, away.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn run(line: &str) -> Result<(), String> {
    let output = Command::new("sh")
        .args(["-ec", line])
        .output()
        .map_err(|error| error.to_string())?;
    if output.status.success() {
        Ok(())
    } else {
        Err(format!(
            "{line}: {}",
            String::from_utf8_lossy(&output.stderr).trim()
        ))
    }
}

/// Moves this thread into a network of its own, with two routers. They speak as often as they are asked to: the kernel
/// counts its redirects against the errors to one receiver, and in a circle it sends many.
///
/// ```text
/// here 10.77.1.1 --- 10.77.1.2 router 10.77.9.1 --- 10.77.9.2 second
///      10.77.2.0/24 unreachable, 3 prohibited, 4 swallowed, 5 and 7 sent on and back for ever, 6 "ask yourself"
///      fd77:1::1 --- fd77:1::2, fd77:2::/64 unreachable; at most 1,000 bytes from the router on
/// ```
fn network() -> Result<[Neighbour; 2], String> {
    unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("no namespace: {error}"))?;
    let (router, second) = (Neighbour::new()?, Neighbour::new()?);
    let (one, two) = (router.0.id(), second.0.id());
    run(&format!(
        "ip link set lo up; ip link add here type veth peer name there
         ip link set there netns {one}; ip addr add 10.77.1.1/24 dev here; ip link set here up
         ip route add 10.77.0.0/16 via 10.77.1.2
         if [ -e /proc/sys/net/ipv6 ]; then
           ip -6 addr add fd77:1::1/64 dev here nodad; ip -6 route add fd77::/16 via fd77:1::2
         fi
         nsenter -t {one} -n sh -ec '
           ip link set lo up; ip addr add 10.77.1.2/24 dev there; ip link set there up
           ip link add on type veth peer name back; ip link set back netns {two}
           ip addr add 10.77.9.1/24 dev on; ip link set on up
           cd /proc/sys/net/ipv4; echo 0 > icmp_ratelimit; echo 0 > conf/all/send_redirects
           echo 0 > conf/on/send_redirects; echo 1 > ip_forward
           ip route add unreachable 10.77.2.0/24; ip route add prohibit 10.77.3.0/24
           ip route add blackhole 10.77.4.0/24; ip route add 10.77.5.0/24 via 10.77.9.2
           ip route add 10.77.6.0/24 via 10.77.1.1; ip link set on mtu 1000
           ip route add 10.77.7.0/24 via 10.77.9.2
           if [ -e /proc/sys/net/ipv6 ]; then
             ip -6 addr add fd77:1::2/64 dev there nodad; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
             ip -6 route add unreachable fd77:2::/64
           fi'
         nsenter -t {two} -n sh -ec '
           ip link set lo up; ip addr add 10.77.9.2/24 dev back; ip link set back mtu 1000 up
           cd /proc/sys/net/ipv4; echo 0 > icmp_ratelimit; echo 0 > conf/all/send_redirects
           echo 0 > conf/back/send_redirects; echo 1 > ip_forward; ip route add default via 10.77.9.1'"
    ))?;
    // A link that was just raised carries nothing for a moment.
    let answers = || {
        let mut ping = Command::new(env!("CARGO_BIN_EXE_spanwatch"));
        let ping = ping.args(["ping", "-q", "-c", "1", "-w", "200ms", "10.77.9.2"]);
        ping.output().is_ok_and(|output| output.status.success())
    };
    if (0..50).any(|_| answers()) {
        Ok([router, second])
    } else {
        Err("the second router does not answer".to_owned())
    }
}

/// Does something in that network, or says why it is skipped.
fn inside(act: impl FnOnce() + Send) {
    let inside = || -> Result<(), String> {
        let _routers = network()?;
        act();
        Ok(())
    };
    // A thread of its own, because the namespace is the thread's.
    let ended = std::thread::scope(|scope| scope.spawn(inside).join().expect("no panic inside"));
    if let Err(why) = ended {
        println!("skipped: {why}");
    }
}

#[test]
fn what_a_router_says_is_evidence_and_no_answer() {
    for engine in [Engine::Precise, Engine::Library] {
        inside(|| {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("a runtime");
            runtime.block_on(routers(engine));
        });
    }
}

/// Runs `ping` here and returns its document and exit code.
fn ping(words: &[&str]) -> (Value, Option<i32>) {
    let output = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(["ping", "--format", "json", "-i", "20ms"])
        .args(words)
        .output()
        .expect("the binary runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    let document = serde_json::from_slice(&output.stdout);
    (
        document.unwrap_or_else(|_| panic!("{said}")),
        output.status.code(),
    )
}

#[test]
fn ping_names_the_router_that_objected_and_how_often() {
    inside(|| {
        let far = [
            "10.77.1.2",
            "10.77.2.1",
            "10.77.3.1",
            "10.77.4.1",
            "10.77.5.1",
        ];
        let (document, code) = ping(&[&far[..], &["-c", "1", "-w", "500ms"]].concat());
        assert_eq!(code, Some(1), "one of them answers");
        let first = |place: usize| document["targets"][place]["errors"][0].clone();
        assert_eq!(document["targets"][0]["received"], 1);
        assert_eq!(document["targets"][0]["errors"], json!([]));
        for (place, router, kind, code) in [
            (1, "10.77.1.2", 3, 1),
            (2, "10.77.1.2", 3, 13),
            (4, "10.77.9.2", 11, 0),
        ] {
            let error = first(place);
            let wanted = json!({"router": router, "type": kind, "code": code, "count": 1, "quoted_in_part": 0});
            assert_eq!(error, wanted, "{}", far[place]);
            assert_eq!(document["targets"][place]["loss"], 1.0);
        }
        assert_eq!(document["targets"][3]["errors"], json!([]));
        // Every hop says itself where the time to live ends there.
        let (document, code) = ping(&["10.77.7.1", "-c", "1", "--ttl", "2", "-w", "500ms"]);
        assert_eq!(code, Some(2), "nobody answers");
        assert_eq!(document["targets"][0]["errors"][0]["router"], "10.77.9.2");
        assert_eq!(document["targets"][0]["errors"][0]["type"], 11);
        // What may not be cut does not pass, and whose link is too small is said.
        let big = ["10.77.9.2", "-c", "1", "-w", "500ms", "--size", "1200"];
        let (document, code) = ping(&[&big[..], &["--df"]].concat());
        assert_eq!(code, Some(2));
        let error = &document["targets"][0]["errors"][0];
        assert_eq!(
            (&error["router"], &error["type"], &error["code"]),
            (&json!("10.77.1.2"), &json!(3), &json!(4))
        );
        let (document, code) = ping(&big);
        assert_eq!(code, Some(0), "in pieces it passes: {document}");
        // Nobody can be asked without a route, and that is no loss.
        let (document, code) = ping(&["192.0.2.1", "-c", "1"]);
        assert_eq!(code, Some(3));
        assert_eq!(
            (
                &document["targets"][0]["sent"],
                &document["targets"][0]["unsent"]
            ),
            (&json!(0), &json!(1))
        );
        assert_eq!(document["targets"][0]["loss"], Value::Null);
    });
}

#[test]
fn ping_hears_the_routers_of_version_six_too() {
    inside(|| {
        if !std::path::Path::new("/proc/sys/net/ipv6").exists() {
            println!("skipped: this machine has no IPv6");
            return;
        }
        let (document, code) = ping(&["fd77:1::2", "fd77:2::1", "-c", "2", "-w", "1s"]);
        assert_eq!(code, Some(1));
        assert_eq!(document["targets"][0]["received"], 2);
        let error = &document["targets"][1]["errors"][0];
        assert_eq!(
            (&error["router"], &error["type"]),
            (&json!("fd77:1::2"), &json!(1))
        );
        assert_eq!(error["quoted_in_part"], 0);
    });
}

async fn routers(engine: Engine) {
    let Some(sockets) = sockets_of(engine).await else {
        return;
    };
    assert_eq!(sockets.engine(), engine);
    assert_eq!(
        sockets.icmp_kind(),
        IcmpKind::Raw,
        "whoever may unshare may open raw sockets"
    );
    let ping = |name: &str, address: [u8; 4]| Target {
        timeout: Duration::from_secs(1),
        ..target(name, address.into(), Method::Ping)
    };
    let router = IpAddr::from([10, 77, 1, 2]);
    let targets = vec![
        ping("router", [10, 77, 1, 2]),
        ping("unreachable", [10, 77, 2, 1]),
        ping("prohibited", [10, 77, 3, 1]),
        ping("swallowed", [10, 77, 4, 1]),
        ping("looping", [10, 77, 5, 1]),
        ping("redirected", [10, 77, 6, 1]),
        ping("no-route", [192, 0, 2, 1]),
    ];
    let heard = sweep(sockets, targets).await;
    let answer = |name: &str| {
        let id = TargetId {
            node: name.into(),
            method: Method::Ping,
        };
        heard[&id].answer.clone()
    };
    assert!(matches!(
        answer("router"),
        Answer::Echo { ttl: Some(64), .. }
    ));
    match answer("unreachable") {
        Answer::Refused { by, why } => assert_eq!((by, why), (router, Refusal::Unreachable(1))),
        other => panic!("{other:?}"),
    }
    match answer("prohibited") {
        Answer::Refused { by, why } => assert_eq!((by, why), (router, Refusal::Unreachable(13))),
        other => panic!("{other:?}"),
    }
    assert!(matches!(answer("swallowed"), Answer::Silent));
    match answer("looping") {
        Answer::Refused { by, why } => {
            // 64 hops: the even ones are the second router's.
            assert_eq!((by, why), ([10, 77, 9, 2].into(), Refusal::TimeExceeded));
        }
        other => panic!("{other:?}"),
    }
    // The router sends a redirect, which is advice, and no reply ever comes.
    assert!(matches!(answer("redirected"), Answer::Silent));
    match answer("no-route") {
        Answer::Unsent { why } => assert!(why.contains("192.0.2.1"), "{why}"),
        other => panic!("{other:?}"),
    }
}
