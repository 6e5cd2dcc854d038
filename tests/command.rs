//! The binary as people and cron meet it: help, exit codes, what goes to which stream, every published document.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use spanwatch::model::text::is_unsafe;

/// A first topology.
mod first;

/// A command that sees nothing of the machine that it runs on.
fn spanwatch(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_spanwatch"));
    command
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_clear()
        .stdin(Stdio::null());
    command
}

fn output(arguments: &[&str]) -> Output {
    spanwatch(arguments).output().expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ends by itself")
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).expect("UTF-8")
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).expect("UTF-8")
}

/// Runs a query that must work, and returns what it says.
fn answer(arguments: &[&str]) -> String {
    let output = output(arguments);
    assert_eq!(code(&output), 0, "{arguments:?}: {}", stderr(&output));
    assert_eq!(stderr(&output), "", "{arguments:?}");
    stdout(&output)
}

fn document(arguments: &[&str]) -> Value {
    serde_json::from_str(&answer(arguments)).expect("JSON")
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder");
    for (name, text) in files {
        fs::write(folder.path().join(name), text).expect("written");
    }
    folder
}

fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().expect("UTF-8")
}

fn valley() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/report/valley.toml")
}

/// Asserts that an object has these keys.
fn has(value: &Value, keys: &[&str]) {
    let object = value.as_object().unwrap_or_else(|| panic!("{value}"));
    for key in keys {
        assert!(object.contains_key(*key), "no `{key}` in {value}");
    }
}

#[test]
fn help_and_version_are_answers() {
    for arguments in [
        &["--help"][..],
        &["-h"],
        &["--version"],
        &["lint", "--help"],
        &["list", "-h"],
        &["weak", "--help"],
    ] {
        let text = answer(arguments);
        assert!(
            text.contains("spanwatch") || text.contains("Usage"),
            "{text}"
        );
    }
    let help = answer(&["--help"]);
    for command in [
        "lint", "explain", "list", "show", "weak", "what-if", "export", "init", "import",
    ] {
        assert!(help.contains(&format!("  {command} ")), "{command}");
    }
    for code in ["0 well", "1 warnings", "2 critical", "3 could not tell"] {
        assert!(help.contains(code), "{code}");
    }
    assert!(help.contains("Examples:"));
}

#[test]
fn wrong_usage_ends_with_three_and_says_so_on_stderr() {
    for arguments in [
        &["bogus"][..],
        &["list"],
        &["list", "sites"],
        &["list", "nodes", "--format", "xml"],
        &["weak", "--top", "many"],
        &["explain", "X9999"],
        &["show", "nobody-at-all"],
        &["weak", "--agency", "nobody-at-all"],
        &["list", "nodes", "rol=pop"],
        &["--lang", "fr", "weak"],
        &["export", "pdf"],
        &["weak", "--topology", "/nowhere/at/all"],
        &["lint", "/nowhere/at/all"],
        &["show", "dc", "--topology", "Cargo.toml"],
    ] {
        let output = output(arguments);
        assert_eq!(code(&output), 3, "{arguments:?}");
        assert_eq!(stdout(&output), "", "{arguments:?}");
        assert!(stderr(&output).contains("error"), "{arguments:?}");
    }
}

#[test]
fn typing_slips_are_met_with_what_was_meant() {
    let hint = |arguments: &[&str]| stderr(&output(arguments));
    assert!(hint(&["show", "pop-a-luoi-11"]).contains("`pop-a-luoi-1`"));
    assert!(hint(&["list", "nodes", "rol=pop"]).contains("Did you mean `role`?"));
    assert!(hint(&["show", "link:dc"]).contains("not of that kind"));
    assert!(hint(&["weak", "--agency", "a-luoi-1-ubdn"]).contains("`a-luoi-1-ubnd`"));
    let filter = hint(&["list", "agencies", "weight>heavy"]);
    assert!(filter.contains("^^^^^"), "{filter}");
}

#[test]
fn shared_id_asks_which_is_meant() {
    let output = output(&["show", "isp-a"]);
    assert_eq!(code(&output), 3);
    assert!(stderr(&output).contains("`spanwatch show node:isp-a`"));
    assert!(stderr(&output).contains("`spanwatch show provider:isp-a`"));
    assert!(answer(&["show", "node:isp-a"]).contains("node isp-a"));
    assert!(answer(&["show", "provider:isp-a"]).contains("provider isp-a"));
}

#[test]
fn lint_ends_as_it_finds() {
    let text = fs::read_to_string(valley()).expect("the valley");
    let broken = folder(&[("x.toml", &text.replace("to = \"pop\"", "to = \"popp\""))]);
    let refused = output(&["lint", path(&broken)]);
    assert_eq!(code(&refused), 2, "{}", stdout(&refused));
    assert!(stdout(&refused).contains("x.toml:"), "{}", stdout(&refused));
    assert!(stdout(&refused).contains("`pop`"), "a suggestion");

    let json = output(&["lint", path(&broken), "--format", "json"]);
    assert_eq!(code(&json), 2);
    let json: Value = serde_json::from_slice(&json.stdout).expect("JSON");
    assert_eq!(json["schema"], "spanwatch/lint/1");
    has(&json["totals"], &["agencies", "nodes", "links", "files"]);
    let fault = &json["faults"][0];
    has(
        fault,
        &[
            "code", "severity", "file", "line", "column", "message", "help",
        ],
    );
    assert_eq!(fault["severity"], "error");
    let line = fault["line"].as_u64().expect("a line") as usize;
    let toml = fs::read_to_string(broken.path().join("x.toml")).expect("readable");
    let written = toml.lines().nth(line - 1).expect("that line");
    assert!(written.contains("popp"), "{written}");

    let code_of_it = fault["code"].as_str().expect("a code");
    let explained = answer(&["explain", code_of_it]);
    assert!(explained.starts_with(code_of_it) && explained.len() > 40);
    assert_eq!(explained, answer(&["explain", &code_of_it.to_lowercase()]));

    // What `lint` refuses, queries refuse with the same words and the code of configuration.
    let query = output(&["weak", "--topology", path(&broken)]);
    assert_eq!(code(&query), 3);
    assert!(stderr(&query).contains("popp"));

    let warned = output(&["lint"]);
    assert_eq!(code(&warned), 1, "the reference network has warnings only");
    assert!(stdout(&warned).ends_with("(illustrative data).\n"));
    assert_eq!(stderr(&warned), "");
}

#[test]
fn weak_keeps_its_contract() {
    let weak = document(&["weak", "--format", "json"]);
    assert_eq!(weak["schema"], "spanwatch/weak/1");
    assert_eq!(weak["view"], "designed");
    assert_eq!(weak["example"], true);
    assert_eq!(weak["hubs"][0], "dc");
    let elements = weak["elements"].as_array().expect("a list");
    let weak_ones = elements
        .iter()
        .filter(|element| element["cuts_off"]["agencies"] != 0);
    assert_eq!(
        weak_ones.count() as u64,
        weak["weak_elements"].as_u64().expect("a number")
    );
    has(
        &weak,
        &["hours", "own", "method", "interval", "pairs", "knowledge"],
    );
    for element in elements {
        has(
            element,
            &["hours", "interval", "share", "if_down", "why", "remedy"],
        );
        has(&element["element"], &["kind", "id"]);
        has(&element["cuts_off"], &["agencies", "weight", "ids"]);
        assert_eq!(
            element["cuts_off"]["ids"].as_array().expect("ids").len() as u64,
            element["cuts_off"]["agencies"].as_u64().expect("a number")
        );
    }
    let hours = |element: &Value| element["hours"]["weighted"].as_f64();
    assert!(elements.is_sorted_by(|one, other| hours(one) >= hours(other)));
    assert_eq!(elements[0]["element"]["id"], "duct-ql1a-south");
    let agencies = weak["agencies"].as_array().expect("a list");
    assert_eq!(agencies.len(), 483);
    for agency in agencies {
        has(
            agency,
            &[
                "id",
                "single_points",
                "disjoint_links",
                "disjoint_nodes",
                "one_risk",
            ],
        );
    }

    let top = document(&["weak", "--format", "json", "--top", "3"]);
    assert_eq!(top["elements"].as_array().expect("a list").len(), 3);
    assert_eq!(top["elements"][0], weak["elements"][0]);

    let one = document(&["weak", "--format", "json", "--agency", "a-luoi-5-ubnd"]);
    assert_eq!(one["agencies"].as_array().expect("a list").len(), 1);
    assert_eq!(one["agencies"][0]["one_risk"][0], "duct-ql49");
    let text = answer(&["weak", "--agency", "a-luoi-5-ubnd"]);
    assert!(text.contains("Two paths, one risk") && text.contains("duct-ql49"));
}

#[test]
fn gate_ends_with_two_and_names_the_offenders() {
    let open = output(&["weak", "--top", "1", "--max-cut-off", "78"]);
    assert_eq!(code(&open), 2);
    let said = stderr(&open);
    assert!(said.contains("risk:duct-ql1a-south (79)"), "{said}");
    assert!(
        !said.contains("node:dc"),
        "everybody depends on a hub: {said}"
    );
    let held = output(&["weak", "--top", "1", "--max-cut-off", "79"]);
    assert_eq!(code(&held), 0);
    assert_eq!(stderr(&held), "");
}

#[test]
fn lists_and_profiles_are_documents() {
    for kind in [
        "agencies",
        "nodes",
        "links",
        "risks",
        "services",
        "areas",
        "providers",
        "maintenances",
        "devices",
    ] {
        let list = document(&["list", kind, "--format", "json"]);
        assert_eq!(list["schema"], "spanwatch/list/1");
        assert_eq!(list["kind"], kind);
        assert_eq!(list["example"], true);
        let items = list["items"].as_array().expect("a list");
        assert_eq!(
            items.len() as u64,
            list["total"].as_u64().expect("a number")
        );
        for item in items {
            has(item, if kind == "areas" { &["code"] } else { &["id"] });
        }
        assert!(answer(&["list", kind]).contains("illustrative data"));
    }
    let city = document(&["list", "agencies", "level=city", "--format", "json"]);
    assert_eq!(city["total"], 123);
    for id in [
        "dc",
        "a-luoi-1-ubnd",
        "duct-ql49",
        "hue-s",
        "provider:isp-a",
        "19753",
    ] {
        let show = document(&["show", id, "--format", "json"]);
        assert_eq!(show["schema"], "spanwatch/show/1");
        has(&show, &["kind", "item", "node", "links", "cuts_off_ids"]);
        let bare = id.trim_start_matches("provider:");
        assert!(answer(&["show", id]).contains(bare));
    }
}

#[test]
fn exports_go_to_a_file_or_to_the_stream() {
    let folder = tempfile::tempdir().expect("a folder");
    for (format, begins) in [
        ("json", "{\n  \"schema\": \"spanwatch/network/1\""),
        ("csv", "\u{FEFF}id,name,"),
        ("graphml", "<?xml"),
        ("dot", "graph \"hue\""),
        ("svg", "<?xml"),
        ("html", "<!DOCTYPE html>"),
    ] {
        let text = answer(&["export", format]);
        assert!(text.starts_with(begins), "{format}: {text:.60}");
        let file = folder.path().join(format);
        let named = file.to_str().expect("UTF-8");
        assert_eq!(answer(&["export", format, "-o", named]), "");
        assert_eq!(fs::read_to_string(&file).expect("written"), text);
        assert_eq!(answer(&["export", format, "-o", "-"]), text);
    }
    assert!(answer(&["export", "csv", "--no-bom"]).starts_with("id,"));
    let left: Vec<_> = fs::read_dir(folder.path()).expect("a folder").collect();
    assert_eq!(left.len(), 6, "nothing else stays behind");
    let refused = output(&["export", "dot", "-o", "/nowhere/at/all/x.dot"]);
    assert_eq!(code(&refused), 3);

    let network = document(&["export", "json"]);
    has(
        &network,
        &[
            "schema",
            "id",
            "name",
            "example",
            "hubs",
            "monitor",
            "totals",
            "areas",
            "providers",
            "agencies",
            "nodes",
            "links",
            "risks",
            "services",
            "candidates",
            "maintenances",
            "weak",
        ],
    );
    assert_eq!(network["totals"]["agencies"], 483);
    assert_eq!(network["totals"]["weight"], 1471);
    assert_eq!(network["totals"]["computers"], 5661);
}

#[test]
fn reader_that_goes_away_is_no_failure() {
    let mut child = spanwatch(&["export", "json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    let mut first = [0; 16];
    let mut out = child.stdout.take().expect("a pipe");
    out.read_exact(&mut first).expect("it began");
    drop(out);
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(stderr(&output), "");
}

#[test]
fn language_and_colour_follow_the_flag_and_the_environment() {
    let said = |arguments: &[&str], environment: &[(&str, &str)]| {
        let output = spanwatch(arguments)
            .envs(environment.iter().copied())
            .output()
            .expect("the binary runs");
        stdout(&output)
    };
    let vietnamese = |text: &str| text.contains("dữ liệu minh họa");
    assert!(!vietnamese(&said(&["weak"], &[])));
    assert!(vietnamese(&said(&["weak"], &[("LANG", "vi_VN.UTF-8")])));
    assert!(vietnamese(&said(
        &["weak"],
        &[("LANG", "en_US"), ("LC_ALL", "vi_VN")]
    )));
    assert!(!vietnamese(&said(
        &["weak", "--lang", "en"],
        &[("LANG", "vi_VN")]
    )));
    assert!(vietnamese(&said(&["--lang", "vi", "weak"], &[])));

    assert!(!said(&["lint"], &[]).contains('\u{1b}'));
    assert!(said(&["lint", "--color", "always"], &[("NO_COLOR", "1")]).contains('\u{1b}'));
    assert!(!said(&["lint", "--color", "never"], &[]).contains('\u{1b}'));

    let other = folder(&[("v.toml", &fs::read_to_string(valley()).expect("the valley"))]);
    let environment = [("SPANWATCH_TOPOLOGY", path(&other))];
    assert!(said(&["weak"], &environment).contains("Mạng thung lũng"));
    assert!(said(&["weak", "--topology", "topology"], &environment).contains("thành phố Huế"));
    assert!(said(&["weak"], &[("SPANWATCH_TOPOLOGY", "")]).contains("thành phố Huế"));
}

#[test]
fn hostile_topology_never_reaches_the_terminal_raw() {
    let text = fs::read_to_string(valley()).expect("the valley");
    let names = [
        "=cmd|' /C calc'!A0",
        "<script>alert(1)</script>",
        "\\\"]; }",
        "\\u001b]52;c;AAAA\\u0007",
        "\\u009b2J",
        "\\u202egnp.exe",
        "a\\nb\\tc",
    ];
    for name in names {
        let hostile = folder(&[
            (
                "v.toml",
                &text.replace("name = \"PoP Phú Xuân\"", &format!("name = \"{name}\"")),
            ),
            // A comment is shown beside a fault, and may hold anything.
            ("w.toml", "x = 1 # \u{1b}[31m\u{9b}\u{202e}"),
        ]);
        let alone = folder(&[(
            "v.toml",
            &text.replace("name = \"PoP Phú Xuân\"", &format!("name = \"{name}\"")),
        )]);
        for folder in [&hostile, &alone] {
            for arguments in [
                &["lint"][..],
                &["lint", "--format", "json"],
                &["list", "nodes"],
                &["list", "nodes", "--format", "json"],
                &["show", "pop"],
                &["weak"],
                &["what-if", "--fail", "pop"],
                &["what-if", "--fail", "pop", "--format", "json"],
                &["export", "json"],
                &["export", "csv", "--no-bom"],
                &["export", "graphml"],
                &["export", "dot"],
                &["export", "svg"],
                &["export", "html"],
                &["show", "\u{1b}[31mred"],
                &["list", "nodes", "\u{1b}=\u{202e}"],
                &["\u{1b}[31m"],
            ] {
                let mut all = arguments.to_vec();
                all.extend(["--topology", path(folder)]);
                let output = output(&all);
                for text in [stdout(&output), stderr(&output)] {
                    let text = text.replace("\r\n", "\n");
                    let bad = text.chars().find(|c| is_unsafe(*c) && *c != '\n');
                    assert_eq!(bad, None, "{arguments:?} with {name}");
                    assert!(!text.contains("<script>alert") || !arguments.contains(&"html"));
                }
            }
        }
    }
}
