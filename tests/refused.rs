//! Where the kernel refuses namespaces: which step, which setting, and on it goes without a wire.
//!
//! The refusal is a real one: a user namespace in which no further namespace may be made.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use crate::terminal::pty::Pty;

/// A shell script that forbids namespaces and becomes the program.
fn script(limits: &[&str]) -> String {
    let mut script = String::from("set -e; ");
    for limit in limits {
        // Writing to a String cannot fail.
        let _ = write!(script, "echo 0 > /proc/sys/user/{limit}; ");
    }
    script + "exec \"$@\""
}

const BOTH: [&str; 2] = ["max_user_namespaces", "max_net_namespaces"];

/// Words for `unshare` that run the program where these limits are 0.
fn words<'a>(script: &'a str, topology: &'a str, words: &[&'a str]) -> Vec<&'a str> {
    let program = env!("CARGO_BIN_EXE_spanwatch");
    let mut all = vec!["-r", "sh", "-c", script, "sh", program, "--lang", "en"];
    all.extend(["--topology", topology]);
    all.extend(words);
    all
}

fn topology() -> String {
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    topology.to_str().expect("UTF-8").to_owned()
}

/// Returns whether such a place can be made here at all.
fn can_refuse() -> bool {
    let script = script(&BOTH);
    let made = Command::new("unshare")
        .args(["-r", "sh", "-c", &script, "sh", "true"])
        .output();
    let made = made.is_ok_and(|output| output.status.success());
    if !made {
        println!("skipped: user namespaces are refused here, so they cannot be limited");
    }
    made
}

fn spanwatch(limits: &[&str], arguments: &[&str]) -> Output {
    let state = tempfile::tempdir().expect("a folder");
    let (script, topology) = (script(limits), topology());
    Command::new("unshare")
        .args(words(&script, &topology, arguments))
        .env_remove("SPANWATCH_LAB_SOCKET")
        .env("STATE_DIRECTORY", state.path())
        .stdin(Stdio::null())
        .output()
        .expect("it could be run before")
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn other_peoples_programs_are_refused_with_the_step_and_the_setting() {
    if !can_refuse() {
        return;
    }
    for (limits, step, words) in [
        (
            &BOTH[..],
            "make a user namespace",
            [
                "user.max_user_namespaces = 0",
                "sysctl -w user.max_user_namespaces=",
            ],
        ),
        (
            &BOTH[1..],
            "make a network namespace",
            [
                "user.max_net_namespaces = 0",
                "sysctl -w user.max_net_namespaces=",
            ],
        ),
    ] {
        let output = spanwatch(limits, &["lab", "--", "true"]);
        let said = stderr(&output);
        assert_eq!(output.status.code(), Some(3), "{said}");
        assert!(output.stdout.is_empty());
        assert!(said.contains(&format!("the lab cannot {step}")), "{said}");
        assert!(said.contains("ENOSPC"), "{said}");
        for words in words {
            assert!(said.contains(words), "{said}");
        }
        assert!(said.contains("spanwatch lab"), "{said}");
    }
}

#[test]
fn without_a_wire_the_check_goes_on_simulated_and_says_so() {
    if !can_refuse() {
        return;
    }
    let output = spanwatch(&BOTH, &["lab"]);
    let said = stderr(&output);
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(output.status.code(), Some(0), "{said}{told}");
    assert!(
        said.contains("the lab cannot make a user namespace"),
        "{said}"
    );
    assert!(said.contains("simulated in process"), "{said}");
    assert!(said.contains("user.max_user_namespaces = 0"), "{said}");
    assert!(told.contains("483"), "{told}");
    assert!(told.to_lowercase().contains("simulated"), "{told}");
}

#[test]
fn without_a_wire_what_happens_is_recorded_all_the_same() {
    if !can_refuse() {
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = folder.path().join("s.toml");
    let record = folder.path().join("r.jsonl");
    let text = "[[at]]\nt = \"0s\"\ncut = [\"node:core-1\"]\n\
                [[recording]]\nnode = \"core-2\"\nfile = \"switch.snmprec\"\n";
    std::fs::write(&scenario, text).expect("a written file");
    let recording = folder.path().join("switch.snmprec");
    std::fs::write(recording, "1.3.6.1.2.1.1.5.0|4|a switch\n").expect("a written file");
    let output = spanwatch(
        &BOTH,
        &[
            "lab",
            "--scenario",
            &scenario.to_string_lossy(),
            "--record",
            &record.to_string_lossy(),
        ],
    );
    let said = stderr(&output);
    assert!(said.contains("simulated in process"), "{said}");
    assert!(said.contains("answer as themselves: core-2."), "{said}");
    let lines = std::fs::read_to_string(&record).expect("a record");
    let line: serde_json::Value = serde_json::from_str(lines.trim()).expect("one line of JSON");
    assert_eq!(line["element"]["id"], "core-1");
    assert!(line["from_seconds"].is_number(), "{lines}");
    assert_eq!(line["to_seconds"], serde_json::Value::Null);
}

#[test]
fn without_a_wire_the_dashboard_says_that_it_is_simulated_and_can_be_broken_all_the_same() {
    if !can_refuse() {
        return;
    }
    let (script, topology) = (script(&BOTH), topology());
    let words = words(&script, &topology, &["lab"]);
    let Some(mut pty) = Pty::start("unshare", &words, |command| {
        command.env_remove("SPANWATCH_LAB_SOCKET");
    }) else {
        return;
    };
    pty.until("simulation with everybody up", |text| {
        text.contains("SIMULATED") && text.contains("▪ 483 up")
    });
    pty.press("3");
    pty.until("list of weak elements, by hours", |text| {
        text.contains("weighted hours")
    });
    pty.press("jX");
    pty.until("question what to break", |text| text.contains("│ Cut "));
    pty.press("\r4");
    pty.until("incident", |text| text.contains("1 open of 1"));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    pty.is_whole();
}
