//! `check`: limits, verdicts and their forms in virtual time; lock, state and exit codes on loopback.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use spanwatch::app::check::{Checked, Limit, Limits, NamedLimit, Quantity, Verdict};
use spanwatch::app::memory::{self, Locked};
use spanwatch::app::rehearse::trial::Trial;
use spanwatch::clock;
use spanwatch::lab::action::Action;
use spanwatch::report::words::{Language, Words};
use spanwatch::report::{check, verdict};

use crate::trial::reference;

fn checked(cuts: &[&str], limits: Limits) -> Checked {
    let mut trial = Trial::of(&reference(), 3);
    trial.run(70);
    if !cuts.is_empty() {
        let cuts = cuts
            .iter()
            .map(|cut| cut.parse().expect("an element"))
            .collect();
        trial.act(&Action::Cut(cuts));
        trial.run(90);
    }
    let picture = Arc::new(trial.monitor.picture(trial.now, trial.at));
    Checked::of(
        picture,
        limits,
        0,
        Duration::from_millis(400),
        Duration::from_secs(10),
    )
}

fn usual() -> Limits {
    Limits::new(&[], &[])
}

fn limits(warning: &[&str], critical: &[&str]) -> Limits {
    let read = |texts: &[&str]| -> Vec<NamedLimit> {
        texts
            .iter()
            .map(|text| text.parse().expect("a limit"))
            .collect()
    };
    Limits::new(&read(warning), &read(critical))
}

#[test]
fn limits_are_numbers_to_reach_or_ranges_to_leave() {
    let limit = |text: &str| text.parse::<NamedLimit>().expect("a limit").1;
    assert_eq!(limit("cut_off=5"), Limit::From(5.0));
    assert!(limit("cut_off=5").is_passed(5.0) && !limit("cut_off=5").is_passed(4.0));
    assert!(
        limit("rtt=10:20").is_passed(9.0)
            && limit("rtt=10:20").is_passed(21.0)
            && !limit("rtt=10:20").is_passed(20.0)
    );
    assert!(limit("rtt=@10:20").is_passed(15.0) && !limit("rtt=@10:20").is_passed(21.0));
    assert!(limit("loss=~:5%").is_passed(6.0) && !limit("loss=~:5%").is_passed(-1.0));
    for bad in [
        "cut_off",
        "cut_off=",
        "cut_off=x",
        "agencies=3",
        "rtt=20:10",
        "rtt=inf",
        "rtt=NaN",
        "=",
        "rtt=@",
    ] {
        let error = bad.parse::<NamedLimit>().expect_err(bad);
        assert!(error.to_string().ends_with('.'), "{error}");
    }
}

#[test]
fn verdicts_follow_what_is_cut() {
    assert_eq!(checked(&[], usual()).verdict, Verdict::Ok);
    // A ring with one link less: nobody is cut off, and it is not well.
    assert_eq!(
        checked(&["link:pop-khe-tre--pop-nam-dong"], usual()).verdict,
        Verdict::Warning
    );
    assert_eq!(
        checked(&["risk:duct-ql49"], usual()).verdict,
        Verdict::Critical
    );
    assert_eq!(
        checked(
            &["risk:duct-ql49"],
            limits(&["cut_off=10"], &["cut_off=20"])
        )
        .verdict,
        Verdict::Warning
    );
    assert_eq!(
        checked(
            &["risk:duct-ql49"],
            limits(&["cut_off=17"], &["cut_off=17"])
        )
        .verdict,
        Verdict::Ok
    );
    // Both edges of the data centre: it is the monitor that is cut off.
    let isolated = checked(&["node:dc-edge-1", "node:dc-edge-2"], usual());
    assert_eq!(isolated.verdict, Verdict::Unknown);
    assert_eq!(isolated.counts.unknown, 483);
    assert_eq!(isolated.alarms.len(), 1);
}

#[test]
fn the_first_line_of_a_plugin_is_short_and_its_data_are_whole() {
    for cuts in [
        &[][..],
        &["risk:duct-ql49"],
        &["link:thuan-hoa-thcs--pop", "node:pop-a-luoi-3"],
        &["node:dc-edge-1", "node:dc-edge-2"],
    ] {
        let text = check::nagios(&checked(cuts, usual()));
        let first = text.lines().next().expect("a line");
        let (said, data) = first.split_once('|').expect("performance data");
        assert!(said.chars().count() < 80, "{said}");
        assert!(first.is_ascii(), "{first}");
        for quantity in Quantity::ALL {
            assert!(data.contains(&format!(" {}=", quantity.word())), "{data}");
        }
    }
}

#[test]
fn people_read_the_verdict_in_their_language_and_programs_in_english() {
    let checked = checked(&["risk:duct-ql49"], usual());
    let [en, vi] = [Language::En, Language::Vi].map(|l| verdict::text(&checked, &Words::of(l)));
    assert!(
        en.starts_with("CRITICAL: risk duct-ql49 down, 16 of 483 agencies cut off.\n"),
        "{en}"
    );
    assert!(
        vi.starts_with(
            "NGHIÊM TRỌNG: nhóm rủi ro duct-ql49 hỏng, 16 trên 483 cơ quan mất kết nối.\n"
        ),
        "{vi}"
    );
    assert_eq!(en.lines().count(), vi.lines().count());
    for (english, vietnamese) in en.lines().zip(vi.lines()) {
        // The names of elements are people's own.
        let is_name = english == vietnamese;
        let named = checked.picture.incidents.iter().flat_map(|i| &i.causes);
        assert!(
            !is_name
                || named
                    .map(|cause| checked.picture.network.title(cause))
                    .any(|name| english.trim() == name),
            "{english}"
        );
    }
    let value: Value = serde_json::from_str(&check::json(&checked)).expect("JSON");
    let evidence = value["incidents"][0]["evidence"]
        .as_array()
        .expect("a list");
    assert!(!evidence.is_empty());
    for sentence in evidence {
        let sentence = sentence.as_str().expect("a text");
        assert!(en.contains(&format!("    why: {sentence}\n")), "{sentence}");
    }
}

#[test]
fn json_keeps_its_contract() {
    let checked = checked(&["risk:duct-ql49"], usual());
    let value: Value = serde_json::from_str(&check::json(&checked)).expect("JSON");
    assert_eq!(value["schema"], "spanwatch/check/1");
    assert_eq!(value["verdict"], "critical");
    let agencies = &value["agencies"];
    let count = |key: &str| agencies[key].as_u64().expect("a count");
    assert_eq!(count("total"), 483);
    assert_eq!(
        ["up", "degraded", "down", "shadowed", "unknown"]
            .map(count)
            .iter()
            .sum::<u64>(),
        483
    );
    let incident = &value["incidents"][0];
    assert_eq!(incident["kind"], "outage");
    assert_eq!(
        incident["causes"][0],
        serde_json::json!({ "kind": "risk", "id": "duct-ql49" })
    );
    assert_eq!(incident["cut_off"].as_array().expect("a list").len(), 16);
    for key in ["id", "severity", "probability", "evidence", "since"] {
        assert!(!incident[key].is_null(), "{key}");
    }
    let target = &value["targets"][0];
    for key in [
        "id",
        "state",
        "sent",
        "lost",
        "loss",
        "loss_interval",
        "rtt_min_ms",
        "rtt_median_ms",
        "rtt_p95_ms",
    ] {
        assert!(target.get(key).is_some(), "{key}");
    }
    assert!(value["sweep_seconds"].is_number());
    assert_eq!(check::json(&checked), check::json(&checked));
}

/// A network on loopback: two agencies that answer, and one whose SNMP agent is not there.
fn loopback(folder: &Path, third_answers: bool) {
    let third = if third_answers {
        ""
    } else {
        "probe = [\"snmp\"]\nsnmp = \"none\"\n"
    };
    let text = format!(
        "[network]\nid = \"loop\"\nname = \"Loop\"\nhubs = [\"hub\"]\ntime_zone = \"UTC\"\n\
         [defaults.snmp]\ntimeout = \"200ms\"\nretries = 0\n\
         [[node]]\nid = \"hub\"\nrole = \"hub\"\ntransit = true\n\
         [[agency]]\nid = \"a\"\nname = \"A\"\nlevel = \"city\"\nclass = \"x\"\naddress = \"127.9.0.1\"\nuplinks = [{{ id = \"a--hub\", to = \"hub\", kind = \"lan\" }}]\n\
         [[agency]]\nid = \"b\"\nname = \"B\"\nlevel = \"city\"\nclass = \"x\"\naddress = \"127.9.0.2\"\nuplinks = [{{ id = \"b--hub\", to = \"hub\", kind = \"lan\" }}]\n\
         [[agency]]\nid = \"c\"\nname = \"C\"\nlevel = \"city\"\nclass = \"x\"\naddress = \"127.9.0.3\"\n{third}uplinks = [{{ id = \"c--hub\", to = \"hub\", kind = \"lan\" }}]\n"
    );
    fs::create_dir_all(folder.join("topology")).expect("a folder");
    fs::write(folder.join("topology/network.toml"), text).expect("a file");
    let secrets = folder.join("credentials.toml");
    fs::write(
        &secrets,
        "[snmp.none]\nversion = \"2c\"\ncommunity = \"canary-4711\"\n",
    )
    .expect("a file");
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o600)).expect("our own file");
}

fn run(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .arg("check")
        .args(arguments)
        .current_dir(folder)
        .env("STATE_DIRECTORY", folder.join("state"))
        .env_remove("SPANWATCH_TOPOLOGY")
        .env_remove("SPANWATCH_LAB")
        .output()
        .expect("the program runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Returns a folder with the loopback network, or `None` where no ICMP socket can be had.
fn field(third_answers: bool) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().expect("a folder");
    loopback(folder.path(), third_answers);
    let probe = run(folder.path(), &["-q"]);
    let said = text(&probe.stderr);
    if said.contains("ICMP") {
        #[expect(clippy::print_stdout, reason = "a skipped test says so")]
        {
            println!("skipped: {}", said.trim_end());
        }
        return None;
    }
    Some(folder)
}

#[test]
fn check_says_a_change_once() {
    let Some(folder) = field(true) else { return };
    let well = run(folder.path(), &[]);
    assert_eq!(
        well.status.code(),
        Some(0),
        "{}{}",
        text(&well.stdout),
        text(&well.stderr)
    );
    assert!(
        text(&well.stdout).starts_with("OK: 3 of 3 agencies up."),
        "{}",
        text(&well.stdout)
    );
    let same = run(folder.path(), &["--on-change"]);
    assert_eq!(
        (same.status.code(), text(&same.stdout)),
        (Some(0), String::new())
    );
    loopback(folder.path(), false);
    let broken = run(folder.path(), &["--on-change", "--format", "json"]);
    assert_eq!(
        broken.status.code(),
        Some(2),
        "{}{}",
        text(&broken.stdout),
        text(&broken.stderr)
    );
    let value: Value = serde_json::from_slice(&broken.stdout).expect("JSON");
    assert_eq!(value["incidents"].as_array().expect("a list").len(), 1);
    assert_eq!(value["incidents"][0]["cut_off"], serde_json::json!(["c"]));
    let since = value["incidents"][0]["since"].clone();
    let silent = run(folder.path(), &["--on-change"]);
    assert_eq!(
        (silent.status.code(), text(&silent.stdout)),
        (Some(2), String::new())
    );
    let again = run(folder.path(), &["--format", "json"]);
    let value: Value = serde_json::from_slice(&again.stdout).expect("JSON");
    assert_eq!(
        value["incidents"][0]["since"], since,
        "an incident keeps its beginning between runs"
    );
    assert_eq!(value["incidents"][0]["id"], "I-0001");
    let reminded = run(folder.path(), &["--on-change", "--remind", "1ms"]);
    assert!(
        text(&reminded.stdout).starts_with("CRITICAL"),
        "{}",
        text(&reminded.stdout)
    );
    loopback(folder.path(), true);
    let over = run(folder.path(), &["--on-change", "--format", "json"]);
    let value: Value = serde_json::from_slice(&over.stdout).expect("JSON");
    assert_eq!(
        (over.status.code(), &value["incidents"]),
        (Some(0), &serde_json::json!([])),
        "what is over is not carried on"
    );
    let quiet = run(folder.path(), &["--on-change"]);
    assert_eq!(
        (quiet.status.code(), text(&quiet.stdout)),
        (Some(0), String::new())
    );
    for output in [&broken, &again, &reminded] {
        assert!(
            !text(&output.stdout).contains("canary") && !text(&output.stderr).contains("canary")
        );
    }
}

#[test]
fn a_torn_state_costs_one_line_and_nothing_else() {
    let Some(folder) = field(true) else { return };
    let state = folder.path().join("state/check.json");
    for torn in [
        "",
        "{\"schema\": \"spanwatch/check-st",
        "[]",
        "{\"schema\": \"other/1\"}",
    ] {
        fs::write(&state, torn).expect("a file");
        let output = run(folder.path(), &[]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(
            text(&output.stderr).lines().count(),
            1,
            "{}",
            text(&output.stderr)
        );
    }
    fs::remove_file(&state).expect("it was there");
    let output = run(folder.path(), &["--on-change"]);
    assert_eq!(
        text(&output.stderr).lines().count(),
        1,
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn a_second_run_does_not_wait() {
    let Some(folder) = field(true) else { return };
    let state = folder.path().join("state");
    let held = memory::lock(&state, clock::today()).expect("nobody else");
    assert!(matches!(
        memory::lock(&state, clock::today()),
        Err(Locked::Held(_))
    ));
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains(&format!("pid {}", std::process::id())),
        "{}",
        text(&output.stderr)
    );
    drop(held);
    assert_eq!(run(folder.path(), &[]).status.code(), Some(0));
}

#[test]
fn secrets_that_others_can_read_are_refused() {
    let Some(folder) = field(false) else { return };
    let secrets = folder.path().join("credentials.toml");
    fs::set_permissions(&secrets, fs::Permissions::from_mode(0o644)).expect("our own file");
    let output = run(folder.path(), &[]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("chmod 600"),
        "{}",
        text(&output.stderr)
    );
    fs::remove_file(&secrets).expect("it was there");
    let output = run(folder.path(), &["--credentials", "nowhere.toml"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(
        text(&output.stderr).contains("`none`"),
        "{}",
        text(&output.stderr)
    );
}

#[test]
fn an_example_is_probed_only_in_the_lab() {
    let folder = tempfile::tempdir().expect("a folder");
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    for lab in ["", "1"] {
        let output = Command::new(env!("CARGO_BIN_EXE_spanwatch"))
            .args(["check", "--topology"])
            .arg(&topology)
            .env("STATE_DIRECTORY", folder.path())
            // A variable alone makes no lab.
            .env("SPANWATCH_LAB", lab)
            .env("SPANWATCH_LAB_SOCKET", folder.path().join("no-socket"))
            .output()
            .expect("the program runs");
        assert_eq!(output.status.code(), Some(3));
        assert!(
            text(&output.stderr).contains("spanwatch lab"),
            "{}",
            text(&output.stderr)
        );
    }
}
