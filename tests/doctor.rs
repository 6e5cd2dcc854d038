//! `doctor` as root, as an ordinary user, and where nobody gets the capability: what it says must be true there.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use spanwatch::app::doctor::terminal::{Facts, terminal};
use spanwatch::app::doctor::{Finding, Level, Said, Topic, quoted, worst};
use spanwatch::report::doctor;
use spanwatch::report::words::{Language, Words};

const TOPICS: [&str; 10] = [
    "raw-icmp",
    "datagram-icmp",
    "capability",
    "buffers",
    "clock",
    "topology",
    "credentials",
    "state",
    "terminal",
    "lab",
];

/// A folder that everybody may enter, with the small network of the reports in it.
fn place() -> tempfile::TempDir {
    let place = tempfile::tempdir().expect("a folder");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("ours");
    let text = "[network]\nid = \"small\"\nname = \"Small\"\nhubs = [\"hq\"]\n\n\
                [[node]]\nid = \"hq\"\nrole = \"hub\"\ntransit = true\naddress = \"192.0.2.2\"\nsnmp = \"routers\"\n";
    fs::create_dir(place.path().join("net")).expect("a folder");
    fs::write(place.path().join("net/network.toml"), text).expect("written");
    fs::create_dir(place.path().join("state")).expect("a folder");
    let secrets = "[snmp.routers]\nversion = \"2c\"\ncommunity = \"hidden canary\"\n";
    let file = place.path().join("credentials.toml");
    fs::write(&file, secrets).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
    place
}

/// Runs `doctor` behind the words of another program, or by itself.
fn doctor_in(place: &Path, before: &[&str]) -> Output {
    let program = env!("CARGO_BIN_EXE_spanwatch");
    let words = [before, &[program, "doctor", "--format", "json"]].concat();
    Command::new(words[0])
        .args(&words[1..])
        .current_dir(place)
        .env("SPANWATCH_TOPOLOGY", place.join("net"))
        .env("STATE_DIRECTORY", place.join("state"))
        .env("SPANWATCH_CREDENTIALS", place.join("credentials.toml"))
        .env_remove("SPANWATCH_LAB")
        .env_remove("SPANWATCH_LAB_SOCKET")
        .stdin(Stdio::null())
        .output()
        .expect("it runs")
}

fn checks(output: &Output) -> Value {
    let said = String::from_utf8_lossy(&output.stderr);
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    assert_eq!(document["schema"], "spanwatch/doctor/1");
    let names: Vec<&str> = document["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|check| check["check"].as_str().expect("a text"))
        .collect();
    assert_eq!(names, TOPICS);
    let code = match document["verdict"].as_str() {
        Some("ok") => 0,
        Some("warning") => 1,
        Some("failing") => 2,
        other => panic!("{other:?}"),
    };
    assert_eq!(output.status.code(), Some(code), "{document:#}");
    document
}

fn check<'v>(document: &'v Value, name: &str) -> (&'v str, String, String) {
    let found = document["checks"]
        .as_array()
        .expect("a list")
        .iter()
        .find(|check| check["check"] == name)
        .expect("it is one of ten");
    let mends: Vec<&str> = found["mend"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|mend| mend.as_str().expect("a text"))
        .collect();
    (
        found["level"].as_str().expect("a text"),
        found["message"].as_str().expect("a text").to_owned(),
        mends.join("\n"),
    )
}

/// Returns whether this machine lets a test run the program with fewer rights.
fn can_run(before: &[&str]) -> bool {
    let program = env!("CARGO_BIN_EXE_spanwatch");
    let words = [before, &[program, "--version"]].concat();
    let ran = Command::new(words[0]).args(&words[1..]).output();
    let can = ran.is_ok_and(|output| output.status.success());
    if !can {
        println!("skipped: `{}` is refused here", before.join(" "));
    }
    can
}

/// Returns whether `CAP_NET_RAW` (bit 13) is out of reach of what is run so.
fn is_barred(before: &[&str]) -> bool {
    let words = [before, &["cat", "/proc/self/status"]].concat();
    let ran = Command::new(words[0]).args(&words[1..]).output();
    let status = ran.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let line = status.unwrap_or_default();
    let bound = line.lines().find_map(|line| line.strip_prefix("CapBnd:"));
    bound
        .and_then(|bits| u64::from_str_radix(bits.trim(), 16).ok())
        .is_some_and(|bits| bits & (1 << 13) == 0)
}

#[test]
fn what_is_well_needs_no_command() {
    let place = place();
    let document = checks(&doctor_in(place.path(), &["env"]));
    for name in TOPICS {
        let (level, message, mend) = check(&document, name);
        assert!(!message.is_empty() && !message.contains("{}"), "{name}");
        assert_eq!(
            mend.is_empty(),
            matches!(level, "ok" | "unknown"),
            "{name}: {message}"
        );
    }
    assert_eq!(check(&document, "credentials").0, "ok");
    assert_eq!(check(&document, "state").0, "ok");
    assert!(!document.to_string().contains("canary"));
    assert_eq!(
        fs::read_dir(place.path().join("state"))
            .expect("a folder")
            .count(),
        0
    );
}

#[test]
fn secrets_that_others_can_read_and_a_broken_topology_fail_with_their_commands() {
    let place = place();
    let file = place.path().join("credentials.toml");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).expect("ours");
    let document = checks(&doctor_in(place.path(), &["env"]));
    let (level, message, mend) = check(&document, "credentials");
    assert_eq!(level, "failing", "{message}");
    assert!(mend.starts_with("chmod 600 "), "{mend}");
    assert!(!document.to_string().contains("canary"));

    fs::write(
        place.path().join("net/more.toml"),
        "[[node]]\nid = \"hq\"\n",
    )
    .expect("written");
    let document = checks(&doctor_in(place.path(), &["env"]));
    let (level, message, mend) = check(&document, "topology");
    assert_eq!(level, "failing", "{message}");
    assert!(mend.starts_with("spanwatch lint "), "{mend}");
    assert_eq!(check(&document, "credentials").0, "unknown");

    fs::remove_dir_all(place.path().join("net")).expect("ours");
    let (level, _, mend) = {
        let document = checks(&doctor_in(place.path(), &["env"]));
        let (level, message, mend) = check(&document, "topology");
        (level.to_owned(), message, mend)
    };
    assert_eq!(
        (level.as_str(), mend.as_str()),
        ("failing", "spanwatch init")
    );
}

#[test]
fn an_ordinary_user_learns_which_of_two_doors_to_open() {
    let user = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    let user: Vec<&str> = user.split(' ').collect();
    if !can_run(&user) {
        return;
    }
    let place = place();
    // Not readable for this user: the credentials are somebody else's.
    let closed = "echo 1 0 > /proc/sys/net/ipv4/ping_group_range; exec \"$@\"";
    let open = "echo 0 2147483647 > /proc/sys/net/ipv4/ping_group_range; exec \"$@\"";
    let within = |script: &'static str| {
        let shell = ["unshare", "-n", "sh", "-c", script, "sh"];
        [&shell[..], &user].concat()
    };
    if !can_run(&within(closed)) {
        return;
    }
    let document = checks(&doctor_in(place.path(), &within(closed)));
    let (level, message, mend) = check(&document, "raw-icmp");
    assert_eq!(level, "failing", "{message}");
    let program = env!("CARGO_BIN_EXE_spanwatch");
    assert_eq!(
        mend,
        format!("sudo setcap cap_net_raw+ep {}", quoted(program))
    );
    let (level, message, mend) = check(&document, "datagram-icmp");
    assert_eq!(level, "failing", "{message}");
    assert!(
        mend.contains("sudo sysctl -w net.ipv4.ping_group_range=\"65534 65534\""),
        "{mend}"
    );
    assert_eq!(check(&document, "state").0, "failing");

    let document = checks(&doctor_in(place.path(), &within(open)));
    assert_eq!(check(&document, "raw-icmp").0, "warning");
    assert_eq!(check(&document, "datagram-icmp").0, "ok");
}

#[test]
fn setcap_is_no_advice_where_it_would_keep_the_program_from_running() {
    let without = ["setpriv", "--bounding-set", "-net_raw"];
    if !can_run(&without) {
        return;
    }
    if !is_barred(&without) {
        println!("skipped: only root can bar a capability, and `setpriv` does not say so");
        return;
    }
    let place = place();
    let document = checks(&doctor_in(place.path(), &without));
    let (level, message, mend) = check(&document, "capability");
    if level == "ok" {
        println!("skipped: root keeps the capability here: {message}");
        return;
    }
    assert_eq!(level, "warning", "{message}");
    assert!(
        !mend.contains("setcap") && mend.contains("--cap-add NET_RAW"),
        "{mend}"
    );
    assert!(!check(&document, "raw-icmp").2.contains("setcap"));
}

#[test]
fn a_terminal_is_judged_by_what_the_dashboard_needs() {
    let good = Facts {
        size: Some((120, 40)),
        term: "xterm-256color".to_owned(),
        locale: "vi_VN.UTF-8".to_owned(),
        has_colour: true,
    };
    let judged = |facts: Facts| terminal(&facts).level;
    assert_eq!(judged(good.clone()), Level::Ok);
    assert_eq!(
        judged(Facts {
            size: None,
            ..good.clone()
        }),
        Level::Ok
    );
    assert_eq!(
        judged(Facts {
            has_colour: false,
            ..good.clone()
        }),
        Level::Ok
    );
    for worse in [
        Facts {
            size: Some((79, 40)),
            ..good.clone()
        },
        Facts {
            size: Some((120, 23)),
            ..good.clone()
        },
        Facts {
            term: "dumb".to_owned(),
            ..good.clone()
        },
        Facts {
            term: String::new(),
            ..good.clone()
        },
        Facts {
            locale: "C".to_owned(),
            ..good.clone()
        },
        Facts {
            locale: String::new(),
            ..good
        },
    ] {
        let found = terminal(&worse);
        assert_eq!(found.level, Level::Warning, "{worse:?}");
        assert!(!found.mend.is_empty(), "{worse:?}");
    }
}

#[test]
fn the_unknown_counts_for_nothing_and_hostile_names_move_no_cursor() {
    let unknown = Finding::new(Topic::Clock, Level::Unknown, Said::ClockUnknown);
    assert_eq!(worst(std::slice::from_ref(&unknown)), Level::Ok);
    let folder = "/tmp/\u{1b}[2J it's".to_owned();
    let bad = Finding::new(
        Topic::State,
        Level::Failing,
        Said::StateOpen {
            folder: folder.clone(),
        },
    )
    .mended_by(format!("chmod o-w {}", quoted(&folder)));
    assert!(bad.mend[0].ends_with(r"it'\''s'"), "{:?}", bad.mend);
    for language in [Language::En, Language::Vi] {
        let words = Words::of(language);
        let text = doctor::text(&[unknown.clone(), bad.clone()], &words, 60, false);
        assert!(!text.contains('\u{1b}'), "{text}");
        let json = doctor::json(&[unknown.clone(), bad.clone()]);
        assert!(!json.contains('\u{1b}'), "{json}");
    }
}
