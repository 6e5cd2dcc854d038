//! `ping` as it is typed: its lines and documents, hostile answers, other rights, bad input.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::io::Write as _;
use std::net::{Ipv4Addr, SocketAddr};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use serde_json::Value;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};

use crate::terminal::pty::Pty;

fn spanwatch(words: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanwatch"));
    command
        .arg("ping")
        .args(words)
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Runs `ping`, or says why the test is skipped where no socket is granted.
fn ping(words: &[&str]) -> Option<Output> {
    granted(spanwatch(words).output().expect("the binary runs"))
}

fn granted(output: Output) -> Option<Output> {
    if output.status.code() == Some(3) && stderr(&output).contains("setcap") {
        println!("skipped: {}", stderr(&output).trim_end());
        return None;
    }
    Some(output)
}

fn document(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_else(|_| panic!("{}", stderr(output)))
}

#[test]
fn document_has_the_published_fields_and_true_numbers() {
    let words = [
        "127.20.0.1",
        "127.20.0.2",
        "-c",
        "4",
        "-i",
        "5ms",
        "--format",
        "json",
    ];
    let Some(output) = ping(&words) else { return };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let document = document(&output);
    assert_eq!(document["schema"], "spanwatch/ping/1");
    assert!(
        document["seconds"]
            .as_f64()
            .is_some_and(|seconds| seconds > 0.0)
    );
    let targets = document["targets"].as_array().expect("targets");
    assert_eq!(targets.len(), 2);
    for (number, target) in targets.iter().enumerate() {
        assert_eq!(target["address"], format!("127.20.0.{}", number + 1));
        for (key, wanted) in [
            ("sent", 4),
            ("received", 4),
            ("duplicates", 0),
            ("out_of_order", 0),
        ] {
            assert_eq!(target[key], wanted, "{key}");
        }
        assert_eq!(target["loss"], 0.0);
        // 1 - 0.025^(1/4)
        assert_eq!(target["loss_interval"], serde_json::json!([0.0, 0.602_365]));
        let figures = ["rtt_min_ms", "rtt_median_ms", "rtt_p95_ms", "rtt_max_ms"]
            .map(|key| target[key].as_f64().unwrap_or_else(|| panic!("no {key}")));
        assert!(figures.is_sorted(), "{figures:?}");
        assert!(target["jitter_ms"].is_f64());
        assert_eq!(target["errors"], serde_json::json!([]));
        assert_eq!(target["id"], Value::Null);
    }
}

#[test]
fn each_target_has_one_line_in_both_languages() {
    for (tongue, words) in [("en", "Targets: 4;"), ("vi", "Số đích: 4;")] {
        let folder = tempfile::tempdir().expect("a folder");
        let list = folder.path().join("list.txt");
        let text = "\u{feff}# whom\n127.21.0.1 Sở Y tế\n\n127.21.0.0/30 # prefix\n127.21.0.9,\u{1b}[2Jclinic\n127.21.0.1\n";
        fs::write(&list, text).expect("written");
        let list = list.to_str().expect("UTF-8");
        let Some(output) = ping(&["--lang", tongue, "-c", "1", "--file", list, "127.21.0.8"])
        else {
            return;
        };
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.contains(words), "{text}");
        assert!(!text.contains("ping."), "{text}");
        assert!(!text.contains('\u{1b}'), "{text}");
        for address in ["127.21.0.1", "127.21.0.2", "127.21.0.8", "127.21.0.9"] {
            let lines = text
                .lines()
                .filter(|line| line.split_whitespace().any(|word| word == address));
            assert_eq!(lines.count(), 1, "{address} in {text}");
        }
        assert!(text.contains("Sở Y tế"));
    }
}

#[test]
fn list_comes_from_a_pipe_too() {
    for words in [&["-"][..], &["--file", "-"]] {
        let mut command = spanwatch(&[words, &["-c", "1", "--format", "json"]].concat());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the binary runs");
        let mut pipe = child.stdin.take().expect("piped");
        pipe.write_all(b"127.22.0.1\tone\r\n127.22.0.2")
            .expect("written");
        drop(pipe);
        let Some(output) = granted(child.wait_with_output().expect("it ends")) else {
            return;
        };
        let document = document(&output);
        assert_eq!(document["targets"][0]["id"], "one");
        assert_eq!(document["targets"][1]["address"], "127.22.0.2");
    }
}

#[test]
fn bad_input_ends_with_three_says_where_and_sends_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("list.txt");
    fs::write(&list, "127.0.0.1\n10.0.0.300 x\n; rm -rf\n").expect("written");
    let list = list.to_str().expect("UTF-8");
    let cases: [(&[&str], &str); 12] = [
        (&[], "Nobody was named"),
        (&["10.1"], "`10.1`"),
        (&["127.0.0.1", "a b"], "`a b`"),
        (&["--file", list], "line 2 of"),
        (&["--file", "/nowhere/at/all"], "Cannot read"),
        (&["::/32"], "more than 262144"),
        (&["127.0.0.1", "--size", "7"], "8 (so long is the cookie"),
        (&["127.0.0.1", "--size", "65508"], "65507"),
        (&["127.0.0.1", "-i", "0s"], "is not a time"),
        (&["127.0.0.1", "-i", "10us"], "out of range"),
        (
            &["127.0.0.1", "--source", "192.0.2.1"],
            "no address of this machine",
        ),
        (&["127.0.0.1", "-c", "3", "--endless"], "--endless"),
    ];
    for (words, said) in cases {
        let Some(output) = ping(words) else { return };
        assert_eq!(
            output.status.code(),
            Some(3),
            "{words:?}: {}",
            stderr(&output)
        );
        assert!(
            stderr(&output).contains(said),
            "{words:?}: {}",
            stderr(&output)
        );
        assert_eq!(stdout(&output), "", "{words:?}");
    }
}

fn topology(example: bool) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    let text = format!(
        "[network]\nid = \"here\"\nname = \"Here\"\nhubs = [\"hq\"]\nexample = {example}\n\n\
         [[node]]\nid = \"hq\"\nrole = \"hub\"\ntransit = true\naddress = \"127.23.0.1\"\n\n\
         [[agency]]\nid = \"north\"\nname = \"North\"\nlevel = \"commune\"\nclass = \"health\"\naddress = \"127.23.0.2\"\nuplinks = [{{ id = \"north--hq\", to = \"hq\", kind = \"fibre\" }}]\n\n\
         [[agency]]\nid = \"south\"\nname = \"South\"\nlevel = \"commune\"\nclass = \"police\"\naddress = \"127.23.0.3\"\nuplinks = [{{ id = \"south--hq\", to = \"hq\", kind = \"fibre\" }}]\n"
    );
    fs::write(folder.path().join("network.toml"), text).expect("written");
    folder
}

#[test]
fn filter_of_the_model_finds_whom_to_ask_and_an_example_is_left_alone() {
    let folder = topology(false);
    let path = folder.path().to_str().expect("UTF-8");
    let common = ["--topology", path, "-c", "1", "--format", "json"];
    let Some(output) = ping(&[&common[..], &["--filter", "class=police"]].concat()) else {
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let found = document(&output);
    assert_eq!(found["targets"].as_array().map(Vec::len), Some(1));
    assert_eq!(found["targets"][0]["id"], "south");
    assert_eq!(found["targets"][0]["address"], "127.23.0.3");
    let nodes = ping(&[&common[..], &["--filter", "role=hub", "--kind", "nodes"]].concat());
    assert_eq!(
        document(&nodes.expect("granted before"))["targets"][0]["id"],
        "hq"
    );
    for (words, said) in [
        (["--filter", "clas=police"], "C0001"),
        (["--filter", "class=navy"], "finds nobody"),
    ] {
        let output = ping(&[&common[..], &words].concat()).expect("granted before");
        assert_eq!(output.status.code(), Some(3));
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
    let example = topology(true);
    let path = example.path().to_str().expect("UTF-8");
    let output = ping(&["--topology", path, "--filter", "class=police"]).expect("granted before");
    assert_eq!(output.status.code(), Some(3));
    assert!(
        stderr(&output).contains("only inside the lab"),
        "{}",
        stderr(&output)
    );
}

#[test]
fn both_engines_say_the_same_and_the_other_one_says_what_it_does_not_see() {
    let common = [
        "127.24.0.1",
        "::1",
        "-c",
        "3",
        "-i",
        "10ms",
        "--format",
        "json",
    ];
    let Some(ours) = ping(&common) else { return };
    let theirs = ping(&[&common[..], &["--engine", "library"]].concat()).expect("granted before");
    let (ours, theirs) = (document(&ours), document(&theirs));
    assert_eq!(theirs["engine"], "library");
    assert_eq!(theirs["strays"], Value::Null);
    for number in 0..2 {
        for key in [
            "address",
            "sent",
            "received",
            "loss",
            "loss_interval",
            "unsent",
        ] {
            assert_eq!(
                ours["targets"][number][key], theirs["targets"][number][key],
                "{key}"
            );
        }
    }
    if ours["socket"] == "raw" {
        assert_eq!(ours["unseen"], serde_json::json!([]));
    }
    assert!(
        theirs["unseen"]
            .as_array()
            .is_some_and(|unseen| unseen.contains(&"duplicates".into()))
    );
}

/// A process that is ended with the test.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn interrupt_prints_what_is_known() {
    if ping(&["127.0.0.1", "-c", "1"]).is_none() {
        return;
    }
    let mut command = spanwatch(&["--endless", "-i", "10ms", "--format", "json", "127.25.0.1"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut running = Running(child.spawn().expect("the binary runs"));
    std::thread::sleep(Duration::from_millis(700));
    kill(Pid::from_raw(running.0.id().cast_signed()), Signal::SIGINT).expect("it runs");
    let mut text = String::new();
    let mut pipe = running.0.stdout.take().expect("piped");
    std::io::Read::read_to_string(&mut pipe, &mut text).expect("UTF-8");
    assert_eq!(running.0.wait().expect("it ends").code(), Some(0));
    let document: Value = serde_json::from_str(&text).expect("JSON");
    assert_eq!(document["count"], Value::Null);
    let target = &document["targets"][0];
    assert!(
        target["sent"].as_u64().is_some_and(|sent| sent > 0),
        "{target}"
    );
    assert_eq!(target["sent"], target["received"]);
}

#[test]
fn terminal_shows_how_far_it_is() {
    if ping(&["127.0.0.1", "-c", "1"]).is_none() {
        return;
    }
    let words = [
        "--lang",
        "en",
        "ping",
        "127.26.0.1",
        "-c",
        "300",
        "-i",
        "20ms",
    ];
    let Some(mut pty) = Pty::start(env!("CARGO_BIN_EXE_spanwatch"), &words, |_| {}) else {
        return;
    };
    pty.until("progress", |text| text.contains("of 300 echoes sent"));
    pty.until("the line", |text| text.contains("300/300"));
    assert_eq!(pty.end().code(), Some(0));
}

/// What a responder does to an echo, by the last byte of the target.
const TWICE: u8 = 2;
const LATE: u8 = 3;
const ELSEWHERE: u8 = 4;
const CUT: u8 = 5;
const FORGED: u8 = 6;
const SHORTER: u8 = 7;
const SWAPPED: u8 = 8;

fn seal(message: &mut [u8]) {
    message[2..4].fill(0);
    let mut sum: u32 = message
        .chunks(2)
        .map(|two| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    let sum = !(sum as u16);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
}

/// Answers the echoes to 127.30.0.0/24 for a while, each in its own way.
fn respond(ears: &Socket) {
    let began = spanwatch::clock::now();
    let mut kept: Option<Vec<u8>> = None;
    let mut buffer = [0; 2_048];
    let mut late: Vec<(Duration, Ipv4Addr, Vec<u8>)> = Vec::new();
    while began.elapsed() < Duration::from_secs(5) {
        while let Some(at) = late.iter().position(|(due, ..)| *due <= began.elapsed()) {
            let (_, from, message) = late.remove(at);
            send(from, &message);
        }
        let Ok(length) = std::io::Read::read(&mut &*ears, &mut buffer) else {
            continue;
        };
        let packet = &buffer[..length];
        if length < 28 || packet[20] != 8 || packet[16..19] != [127, 30, 0] {
            continue;
        }
        let to = Ipv4Addr::new(127, 30, 0, packet[19]);
        let mut message = packet[20..].to_vec();
        message[0] = 0;
        seal(&mut message);
        match packet[19] {
            TWICE => {
                send(to, &message);
                send(to, &message);
            }
            LATE => late.push((began.elapsed() + Duration::from_millis(700), to, message)),
            ELSEWHERE => send(Ipv4Addr::new(127, 30, 0, 99), &message),
            CUT => {
                message.truncate(12);
                seal(&mut message);
                send(to, &message);
            }
            FORGED => {
                message[9] ^= 1;
                seal(&mut message);
                send(to, &message);
            }
            SHORTER => {
                message.truncate(40);
                seal(&mut message);
                send(to, &message);
            }
            SWAPPED => match kept.take() {
                None => kept = Some(message),
                Some(first) => {
                    send(to, &message);
                    send(to, &first);
                }
            },
            _ => send(to, &message),
        }
    }
}

fn send(from: Ipv4Addr, message: &[u8]) {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).expect("a socket");
    let here = |address: Ipv4Addr| SockAddr::from(SocketAddr::new(address.into(), 0));
    socket.bind(&here(from)).expect("loopback");
    // On loopback an echo comes from the address that it goes to.
    let _ = socket.send_to(message, &here(from));
}

#[test]
fn hostile_answers_are_counted_by_kind_and_change_only_their_own_line() {
    let inside = || -> Result<(), String> {
        unshare(CloneFlags::CLONE_NEWNET).map_err(|error| format!("no namespace: {error}"))?;
        let up = Command::new("sh")
            .args([
                "-ec",
                "ip link set lo up; echo 1 > /proc/sys/net/ipv4/icmp_echo_ignore_all",
            ])
            .output()
            .map_err(|error| error.to_string())?;
        if !up.status.success() {
            return Err(stderr(&up));
        }
        let ears = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4))
            .map_err(|error| error.to_string())?;
        ears.set_read_timeout(Some(Duration::from_millis(20)))
            .expect("an option");
        let answers = std::thread::spawn(move || respond(&ears));
        let words = [
            "127.30.0.1",
            "127.30.0.2",
            "127.30.0.3",
            "127.30.0.4",
            "127.30.0.5",
            "127.30.0.6",
            "127.30.0.7",
            "127.30.0.8",
        ];
        let rest = ["-c", "4", "-i", "300ms", "-w", "500ms", "--format", "json"];
        let output = spanwatch(&[&words[..], &rest].concat())
            .env("PATH", "/bin")
            .output()
            .expect("it runs");
        let document = document(&output);
        assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
        let of = |last: u8, key: &str| {
            document["targets"][usize::from(last) - 1][key]
                .as_u64()
                .unwrap_or_else(|| panic!("{key}"))
        };
        for (last, received) in [
            (1, 4),
            (TWICE, 4),
            (LATE, 0),
            (ELSEWHERE, 0),
            (CUT, 0),
            (FORGED, 0),
            (SHORTER, 4),
            (SWAPPED, 4),
        ] {
            assert_eq!((last, of(last, "sent")), (last, 4));
            assert_eq!((last, of(last, "received")), (last, received), "{document}");
        }
        assert!(of(TWICE, "duplicates") >= 3, "{document}");
        assert!(of(LATE, "late") >= 2, "{document}");
        assert_eq!(of(CUT, "truncated"), 4);
        assert_eq!(of(SHORTER, "truncated"), 4);
        assert_eq!(of(SWAPPED, "out_of_order"), 2);
        let strays = &document["strays"];
        assert_eq!(strays["foreign"].as_u64(), Some(8), "{strays}");
        assert_eq!(strays["damaged"].as_u64(), Some(0), "{strays}");
        answers.join().expect("no panic");
        Ok(())
    };
    // A thread of its own, because the namespace is the thread's.
    let ended = std::thread::scope(|scope| scope.spawn(inside).join().expect("no panic inside"));
    if let Err(why) = ended {
        println!("skipped: {why}");
    }
}

/// What lets the only group of a new user namespace open datagram sockets; a new network lets nobody.
const OPEN: &str = "echo '0 0' > /proc/sys/net/ipv4/ping_group_range;";

/// Runs `ping` without the right to raw sockets, in a network of its own.
fn without_rights(range: &str, words: &[&str]) -> Option<Output> {
    let script = format!(
        "ip link set lo up; {range} \
         exec setpriv --bounding-set=-net_raw --inh-caps=-net_raw \"$@\""
    );
    let output = Command::new("unshare")
        .args([
            "-rn",
            "sh",
            "-ec",
            &script,
            "sh",
            env!("CARGO_BIN_EXE_spanwatch"),
            "ping",
        ])
        .args(words)
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let said = stderr(&output);
    if said.contains("unshare:") || said.contains("setpriv:") || said.contains("sh:") {
        println!("skipped: {}", said.trim_end());
        return None;
    }
    Some(output)
}

#[test]
fn without_raw_sockets_datagram_ones_take_over_and_the_head_says_what_is_lost() {
    let words = [
        "--lang",
        "en",
        "127.0.0.1",
        "127.0.0.2",
        "-c",
        "3",
        "-i",
        "20ms",
    ];
    let Some(output) = without_rights(OPEN, &words) else {
        return;
    };
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(
        text.starts_with("Datagram ICMP: the kernel refuses raw sockets here."),
        "{text}"
    );
    assert!(text.contains("what routers say"), "{text}");
    assert!(text.contains("3/3"), "{text}");
    let json =
        without_rights(OPEN, &["127.0.0.1", "-c", "1", "--format", "json"]).expect("as before");
    let document = document(&json);
    assert_eq!(
        (&document["engine"], &document["socket"]),
        (&"library".into(), &"datagram".into())
    );
    assert!(
        document["unseen"]
            .as_array()
            .is_some_and(|unseen| unseen.contains(&"errors".into()))
    );
}

#[test]
fn without_any_socket_it_says_exactly_what_to_do() {
    let Some(output) = without_rights("", &["127.0.0.1", "-c", "1"]) else {
        return;
    };
    assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
    let said = stderr(&output);
    for hint in [
        "sudo setcap cap_net_raw+ep",
        "sudo sysctl -w net.ipv4.ping_group_range=\"0 2147483647\"",
        "NET_RAW",
    ] {
        assert!(said.contains(hint), "{said}");
    }
    assert_eq!(stdout(&output), "");
}
