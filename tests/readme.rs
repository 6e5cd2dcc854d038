//! The README, command by command: what it says can be typed, is typed.
//!
//! Commands run in its order and in one folder, because the second walks on where the first stopped. One that
//! this file does not know how to run is a fault, so that nobody adds one that nothing runs.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use spanwatch::app::check::Verdict;

use crate::terminal::pty::Pty;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn readme() -> String {
    fs::read_to_string(root().join("README.md")).expect("a README")
}

/// Returns the fenced blocks of a language.
fn fences(text: &str, language: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<(bool, String)> = None;
    for line in text.lines() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(word)) => open = Some((word == language, String::new())),
            (Some(_), Some(_)) => {
                let (wanted, block) = open.take().expect("it was open");
                if wanted {
                    blocks.push(block);
                }
            }
            (Some((_, block)), None) => {
                block.push_str(line);
                block.push('\n');
            }
            (None, None) => {}
        }
    }
    assert!(open.is_none(), "a fence is left open");
    blocks
}

/// Cuts a line into words as a shell would: blanks, double quotes, and a comment behind a blank.
fn words(line: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let (mut word, mut is_quoted) = (None::<String>, false);
    for c in line.chars() {
        match c {
            '"' => {
                is_quoted = !is_quoted;
                word.get_or_insert_default();
            }
            '#' if word.is_none() && !is_quoted => break,
            c if c.is_whitespace() && !is_quoted => words.extend(word.take()),
            c => word.get_or_insert_default().push(c),
        }
    }
    assert!(!is_quoted, "a quote is left open: {line}");
    words.extend(word);
    words
}

fn commands() -> Vec<String> {
    let commands: Vec<String> = fences(&readme(), "sh")
        .concat()
        .lines()
        .map(|line| line.trim().to_owned())
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .collect();
    assert!(commands.len() >= 10, "{commands:?}");
    commands
}

/// A folder as its reader has it: the topology, a list of addresses, a sheet, and the program on the path.
fn desk() -> tempfile::TempDir {
    let desk = tempfile::tempdir().expect("a folder");
    copy(&root().join("topology"), &desk.path().join("topology"));
    fs::create_dir(desk.path().join("bin")).expect("a folder");
    symlink(
        env!("CARGO_BIN_EXE_spanwatch"),
        desk.path().join("bin/spanwatch"),
    )
    .expect("a link");
    let list = "# whom to watch\n192.0.2.11 Northern clinic\n192.0.2.12\n";
    fs::write(desk.path().join("addresses.txt"), list).expect("written");
    let list = "127.0.0.1 Head office\n127.0.0.2 Northern clinic  # here\n127.9.0.0/30\n";
    fs::write(desk.path().join("loopback.txt"), list).expect("written");
    let sheet = "\u{FEFF}name;address;uplink;provider;area;weight\n\
                 Head office;192.0.2.1;;;;5\n\
                 Northern clinic;192.0.2.11;Head office;Carrier;North;2\n";
    fs::write(desk.path().join("agencies.csv"), sheet).expect("written");
    for (name, text) in [
        (
            "nodes.csv",
            "id;name;address;role\nhq;Head office;192.0.2.1;hub\npop;PoP North;192.0.2.2;pop\nclinic;Northern clinic;192.0.2.11;agency\n",
        ),
        (
            "links.csv",
            "a;b;kind;bandwidth\nhq;pop;fibre;1G\npop;clinic;fibre;100M\n",
        ),
        (
            "sites.csv",
            "Name,Status,Region,Latitude,Longitude\nHead office,Active,,,\nClinic,Active,North,,\n",
        ),
        (
            "devices.csv",
            "Name,Status,Site,Role,Manufacturer,Type,IP Address\nhq-r1,Active,Head office,Core Router,Example,ER-4,192.0.2.1/24\nclinic-r1,Active,Clinic,CPE,Example,CE-1,192.0.2.11/24\n",
        ),
        (
            "cables.csv",
            "Device A,Termination A,Device B,Termination B,Status,Type\nhq-r1,xe-0,clinic-r1,eth0,Connected,Singlemode Fiber\n",
        ),
    ] {
        fs::write(desk.path().join(name), text).expect("written");
    }
    let counts = "target,sent,lost\nthuan-hoa-thcs,300,30\nthuan-hoa-tieu-hoc,300,28\nthuan-hoa-ubnd,300,0\n";
    fs::write(desk.path().join("counts.csv"), counts).expect("written");
    desk
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("copied");
        }
    }
}

fn path(desk: &Path) -> String {
    let path = std::env::var("PATH").unwrap_or_default();
    format!("{}:{path}", desk.join("bin").display())
}

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).exists())
}

fn dress(command: &mut Command, desk: &Path) {
    command
        .current_dir(desk)
        .env("PATH", path(desk))
        .env("STATE_DIRECTORY", desk.join("state"))
        .env_remove("SPANWATCH_LAB")
        .env_remove("SPANWATCH_LAB_SOCKET")
        .env_remove("SPANWATCH_TOPOLOGY");
}

fn run(desk: &Path, words: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanwatch"));
    command.args(words).stdin(Stdio::null());
    dress(&mut command, desk);
    command.output().expect("the program runs")
}

/// Opens what needs a terminal in one, waits for its first screen, and leaves.
fn open(desk: &Path, words: &[&str]) {
    let Some(mut pty) = Pty::start(env!("CARGO_BIN_EXE_spanwatch"), words, |command| {
        dress(command, desk);
        command.env("LC_ALL", "C.UTF-8");
    }) else {
        return;
    };
    pty.until("dashboard", |text| text.contains("1 Overview"));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0), "{words:?}");
    pty.is_whole();
}

/// Holds a line that runs `cargo` against what Cargo.toml declares.
fn is_declared(words: &[&str]) {
    let cargo: toml::Table = fs::read_to_string(root().join("Cargo.toml"))
        .expect("Cargo.toml")
        .parse()
        .expect("TOML");
    let has = |kind: &str, name: &str| {
        cargo[kind].as_array().is_some_and(|targets| {
            targets.iter().any(|target| {
                let is_there = target["path"]
                    .as_str()
                    .is_some_and(|path| root().join(path).exists());
                target["name"].as_str() == Some(name) && is_there
            })
        })
    };
    let rest = words.get(2..).unwrap_or_default();
    match words[1] {
        "test" => {
            if let Some(at) = rest.iter().position(|word| *word == "--test") {
                assert!(has("test", rest[at + 1]), "{words:?}");
            }
        }
        "bench" => {
            let at = rest.iter().position(|word| *word == "--bench");
            let name = at
                .and_then(|at| rest.get(at + 1))
                .expect("a bench by its name");
            assert!(has("bench", name), "{words:?}");
        }
        "install" => assert_eq!(rest, ["--path", "."]),
        "doc" => assert_eq!(rest, ["--open"]),
        _ => panic!("this test does not know how to run {words:?}"),
    }
}

/// Runs one line of the README.
fn type_it(desk: &Path, line: &str) {
    let words = words(line);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let arguments = match words.as_slice() {
        ["cargo", "run", "--release", "--", arguments @ ..] | ["spanwatch", arguments @ ..] => {
            arguments
        }
        ["cargo", ..] => return is_declared(&words),
        _ => panic!("this test does not know how to run `{line}`"),
    };
    match arguments {
        [] | ["lab" | "watch"] => open(desk, arguments),
        ["lab", rest @ ..] => {
            let command = rest.iter().skip_while(|word| **word != "--").nth(1);
            if command.is_some_and(|program| *program != "spanwatch" && !is_installed(program)) {
                println!("skipped: `{line}` needs a program that is not installed");
                return;
            }
            let output = run(desk, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.code() == Some(3) && said.contains("the lab cannot") {
                println!("skipped: `{line}`: {}", said.trim_end());
                return;
            }
            assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        }
        ["ping", ..] => {
            let output = run(desk, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            if output.status.code() == Some(3) && said.contains("setcap") {
                println!("skipped: `{line}`: {}", said.trim_end());
                return;
            }
            assert_eq!(output.status.code(), Some(0), "{line}: {said}");
        }
        ["doctor", ..] => {
            // What it finds is the machine's; that it can tell is ours.
            let output = run(desk, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            assert!(
                output.status.code().is_some_and(|code| code < 3),
                "{line}: {said}"
            );
        }
        [
            name @ ("lint" | "diff" | "explain" | "list" | "show" | "weak" | "plan" | "what-if"
            | "locate" | "rehearse" | "export" | "init" | "import"),
            ..,
        ] => {
            if arguments == ["lint", "found"] && !desk.join("found").exists() {
                println!("skipped: `{line}` reads what the lab would have written");
                return;
            }
            let output = run(desk, arguments);
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            // `lint` may have something to warn of.
            let warns = *name == "lint" && output.status.code() == Some(1);
            assert!(warns || output.status.success(), "{line}: {said}");
        }
        _ => panic!("this test does not know how to run `{line}`"),
    }
}

#[test]
fn every_command_of_the_readme_does_what_it_says() {
    let desk = desk();
    // Some write the same folder: whoever types both has two.
    for line in commands() {
        if line.starts_with("spanwatch import") {
            let _ = fs::remove_dir_all(desk.path().join("mynet"));
        }
        type_it(desk.path(), &line);
    }
    assert!(desk.path().join("report.html").exists() || !readme().contains("report.html"));
}

#[test]
fn every_command_named_in_its_text_exists() {
    let desk = desk();
    let text = readme();
    let help = String::from_utf8(run(desk.path(), &["--help"]).stdout).expect("UTF-8");
    let known: BTreeSet<&str> = help
        .lines()
        .skip_while(|line| *line != "Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_whitespace().next())
        .collect();
    // In the text between backticks, in an example at the beginning of its line or behind the times of cron.
    let name = regex::Regex::new("(?m)(?:`|^|\\*  )spanwatch ([a-z][a-z-]*)").expect("a pattern");
    let named: BTreeSet<&str> = name
        .captures_iter(&text)
        .map(|found| found.extract::<1>().1[0])
        .collect();
    assert!(named.len() >= 10, "{named:?}");
    let unknown: Vec<&&str> = named.difference(&known).collect();
    assert!(unknown.is_empty(), "{unknown:?} of {known:?}");
    // Every second part lies outside of a fence, and of that every second between backticks.
    let outside: String = text.split("```").step_by(2).collect();
    for span in outside.split('`').skip(1).step_by(2) {
        if span.starts_with("cargo ") {
            let words = words(span);
            is_declared(&words.iter().map(String::as_str).collect::<Vec<_>>());
        }
    }
}

#[test]
fn topology_in_the_readme_is_sound_and_its_credentials_can_be_read() {
    let desk = desk();
    let text = readme();
    let blocks = fences(&text, "toml");
    let (secrets, parts): (Vec<&String>, Vec<&String>) =
        blocks.iter().partition(|block| block.contains("[snmp."));
    let (settings, parts): (Vec<&String>, Vec<&String>) = parts
        .into_iter()
        .partition(|block| block.contains("[monitor]"));
    let file = desk.path().join("spanwatch.toml");
    let text: Vec<&str> = settings.into_iter().map(String::as_str).collect();
    fs::write(&file, text.concat()).expect("written");
    let traps = spanwatch::app::settings::file::traps(&[file]).expect("settings");
    assert!(traps.is_some_and(|(traps, origin)| traps == "0.0.0.0:162" && origin.ends_with(":2")));
    assert!(!secrets.is_empty() && !parts.is_empty());
    let begin = "[network]\nid = \"mynet\"\nname = \"My network\"\nhubs = [\"hq\"]\n\n\
                 [provider.carrier]\nname = \"Carrier\"\n\n\
                 [[node]]\nid = \"hq\"\nrole = \"hub\"\ntransit = true\naddress = \"192.0.2.2\"\n\n";
    let parts: Vec<&str> = parts.into_iter().map(String::as_str).collect();
    let whole = format!("{begin}{}", parts.concat());
    let folder = desk.path().join("net");
    fs::create_dir(&folder).expect("a folder");
    fs::write(folder.join("network.toml"), whole).expect("written");
    let loaded = spanwatch::inventory::load(&folder)
        .unwrap_or_else(|faults| panic!("{}", spanwatch::report::fault::text(&faults.0, false)));
    let file = desk.path().join("credentials.toml");
    let text: Vec<&str> = secrets.into_iter().map(String::as_str).collect();
    fs::write(&file, text.concat()).expect("written");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).expect("ours");
    spanwatch::app::settings::keyring(&loaded.network, Some(&file)).expect("credentials");
}

#[test]
fn exit_codes_in_the_readme_are_those_of_the_program() {
    let text = readme();
    let rows: Vec<&str> = text
        .lines()
        .filter(|line| {
            let mut cells = line.split('|').map(str::trim);
            cells.next() == Some("") && cells.next().is_some_and(|cell| cell.parse::<u8>().is_ok())
        })
        .collect();
    let verdicts = [
        Verdict::Ok,
        Verdict::Warning,
        Verdict::Critical,
        Verdict::Unknown,
    ];
    assert_eq!(rows.len(), verdicts.len(), "{rows:?}");
    for (row, verdict) in rows.iter().zip(verdicts) {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        assert_eq!(cells[1], verdict.code().to_string());
        let word = match verdict {
            Verdict::Unknown => "could not tell",
            other => other.word(),
        };
        assert!(cells[2].starts_with(word), "{row}");
    }
}
