//! Two topologies: every change with its code, none that is only another way to write the same, and what it does.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fs;
use std::path::Path;
use std::process::{Command, Output};
use std::sync::Arc;

use serde_json::Value as Json;
use spanwatch::analysis::changes::changes;
use spanwatch::analysis::finding::code::Code;
use spanwatch::analysis::finding::{Finding, Kind, Value};
use spanwatch::inventory::read;
use spanwatch::model::fault::Source;
use spanwatch::model::network::Network;
use spanwatch::report::words::{Language, Words};

const RING: &str = r#"
[network]
id = "ring"
name = "Ring"
hubs = ["hq"]
time_zone = "Asia/Ho_Chi_Minh"

[[node]]
id = "hq"
role = "hub"
address = "192.0.2.1"

[[node]]
id = "north"
role = "pop"
address = "192.0.2.2"

[[node]]
id = "south"
role = "pop"
address = "192.0.2.3"

[[link]]
id = "hq--north"
a = "hq:Gi0/1"
b = "north:Gi0/1"
capacity = "1G"

[[link]]
id = "hq--south"
a = "hq:Gi0/2"
b = "south:Gi0/1"

[[link]]
id = "north--south"
a = "north:Gi0/2"
b = "south:Gi0/2"

[[risk_group]]
id = "duct"
name = "Duct"
kind = "duct"

[[agency]]
id = "clinic"
name = "Clinic"
node = "north"

[[agency]]
id = "school"
name = "School"
address = "192.0.2.10"
uplinks = [{ id = "school--south", to = "south:Gi0/9" }]
"#;

fn network(text: &str) -> Network {
    let source = Arc::new(Source {
        name: "ring.toml".to_owned(),
        text: text.to_owned(),
    });
    read(vec![source]).expect("a sound topology").network
}

fn between(before: &str, after: &str) -> Vec<Finding> {
    changes(&network(before), &network(after))
}

fn codes(findings: &[Finding]) -> Vec<(&'static str, &str)> {
    findings
        .iter()
        .map(|finding| (finding.code.code(), finding.about.id.as_str()))
        .collect()
}

#[test]
fn a_network_does_not_differ_from_itself_however_it_is_written() {
    assert_eq!(between(RING, RING), Vec::new());
    let turned = RING
        .replace(
            "a = \"hq:Gi0/1\"\nb = \"north:Gi0/1\"",
            "b = \"hq:GigabitEthernet0/1\"\na = \"north:gi0/1\"",
        )
        .replace("capacity = \"1G\"", "capacity = \"1000M\"");
    assert_ne!(RING, turned);
    assert_eq!(between(RING, &turned), Vec::new());
}

#[test]
fn every_changed_key_is_named_with_both_values() {
    let after = RING
        .replace("capacity = \"1G\"", "capacity = \"10G\"\nrisk = [\"duct\"]")
        .replace("b = \"south:Gi0/2\"", "b = \"south:Gi0/3\"")
        .replace("name = \"School\"", "name = \"School\"\nweight = 3");
    let found = between(RING, &after);
    let said: Vec<_> = found
        .iter()
        .map(|finding| {
            (
                finding.code.code(),
                finding.about.id.as_str(),
                finding.field.unwrap_or_default(),
                finding.declared.clone(),
                finding.seen.clone(),
            )
        })
        .collect();
    let text = |text: &str| Some(Value::Text(text.to_owned()));
    assert_eq!(
        said,
        [
            (
                "D0113",
                "school",
                "weight",
                Some(Value::Whole(1)),
                Some(Value::Whole(3))
            ),
            (
                "D0133",
                "hq--north",
                "capacity",
                Some(Value::Bits(1_000_000_000)),
                Some(Value::Bits(10_000_000_000))
            ),
            (
                "D0133",
                "hq--north",
                "risk",
                None,
                Some(Value::List(vec!["duct".to_owned()]))
            ),
            (
                "D0133",
                "north--south",
                "b",
                text("south:Gi0/2"),
                text("south:Gi0/3")
            ),
        ]
    );
}

#[test]
fn what_a_removed_link_does_to_agencies_is_said_first() {
    let start = RING.find("[[link]]\nid = \"hq--south\"").expect("a link");
    let end = RING
        .find("[[link]]\nid = \"north--south\"")
        .expect("a link");
    let without = format!("{}{}", &RING[..start], &RING[end..]);
    let found = between(RING, &without);
    assert_eq!(
        codes(&found),
        [("D0132", "hq--south"), ("D0192", "clinic")]
            .into_iter()
            .collect::<Vec<_>>()
    );
    // Then the last one too.
    let start = without
        .find("[[link]]\nid = \"hq--north\"")
        .expect("a link");
    let end = without
        .find("[[link]]\nid = \"north--south\"")
        .expect("a link");
    let alone = format!("{}{}", &without[..start], &without[end..]);
    let found = between(&without, &alone);
    assert_eq!(
        codes(&found),
        [
            ("D0191", "clinic"),
            ("D0191", "school"),
            ("D0132", "hq--north")
        ]
    );
    let back = between(&alone, &without);
    assert_eq!(
        codes(&back),
        [
            ("D0131", "hq--north"),
            ("D0194", "clinic"),
            ("D0194", "school")
        ]
    );
}

#[test]
fn renamed_is_not_removed_and_added() {
    let after = RING
        .replace(
            "id = \"north\"\n",
            "id = \"pop-north\"\nwas = [\"north\"]\n",
        )
        .replace("\"north:", "\"pop-north:")
        .replace("node = \"north\"", "node = \"pop-north\"");
    let found = between(RING, &after);
    // The name of a node that has none is its id.
    assert_eq!(
        codes(&found),
        [("D0123", "pop-north"), ("D0124", "pop-north")]
    );
    assert_eq!(found[0].field, Some("name"));
    let without_was = after.replace("was = [\"north\"]\n", "");
    let found = between(RING, &without_was);
    let codes: Vec<&str> = found.iter().map(|finding| finding.code.code()).collect();
    assert!(
        codes.contains(&"D0121") && codes.contains(&"D0122"),
        "{codes:?}"
    );
}

#[test]
fn every_code_is_stable_explained_and_translated() {
    let (en, vi) = (Words::of(Language::En), Words::of(Language::Vi));
    for code in Code::ALL {
        let key = format!("finding.{}", code.code());
        assert_eq!(en.text(&key), code.title(), "{key}");
        assert!(vi.has(&key) && vi.text(&key) != code.title(), "{key}");
        assert!(code.text().len() > 30, "{key}");
        assert_eq!(Code::named(&code.code().to_lowercase()), Some(*code));
        assert_eq!(Code::named(code.name()), Some(*code));
    }
    let numbers: Vec<&str> = Code::ALL.iter().map(|code| code.code()).collect();
    assert!(
        numbers.is_sorted_by(|one, other| one < other),
        "{numbers:?}"
    );
    for kind in [Kind::Agency, Kind::Defaults] {
        assert!(en.has(&format!("thing.{}", kind.word())));
    }
}

fn spanwatch(folder: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_spanwatch"))
        .args(arguments)
        .current_dir(folder)
        .env_remove("SPANWATCH_TOPOLOGY")
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("the binary runs")
}

fn code(output: &Output) -> i32 {
    output.status.code().expect("it ended by itself")
}

#[test]
fn gates_end_as_they_were_asked() {
    let folder = tempfile::tempdir().expect("a folder");
    let after = RING.replace("b = \"south:Gi0/2\"", "b = \"south:Gi0/3\"");
    let start = RING.find("[[link]]\nid = \"hq--south\"").expect("a link");
    let end = RING
        .find("[[link]]\nid = \"north--south\"")
        .expect("a link");
    let less = format!("{}{}", &RING[..start], &RING[end..]);
    for (name, text) in [("a", RING), ("b", &after), ("c", &less)] {
        fs::create_dir(folder.path().join(name)).expect("a folder");
        fs::write(folder.path().join(name).join("n.toml"), text).expect("written");
    }
    for (arguments, expected) in [
        (&["diff", "a", "a"][..], 0),
        (&["diff", "a", "b"], 0),
        (&["diff", "a", "c"], 1),
        (&["diff", "a", "c", "--fail-on", "isolates"], 0),
        (
            &["diff", "a", "c", "--fail-on", "isolates,loses-redundancy"],
            2,
        ),
        (&["diff", "a", "c", "--fail-on", "d0132"], 2),
        (&["diff", "a", "b", "--fail-on", "warning"], 0),
        (&["diff", "a", "b", "--fail-on", "note"], 2),
        (&["diff", "a", "b", "--fail-on", "isolate"], 3),
        (&["diff", "a", "nowhere"], 3),
        (&["diff", "--", "--output=x", "a"], 3),
    ] {
        let output = spanwatch(folder.path(), arguments);
        assert_eq!(code(&output), expected, "{arguments:?}: {output:?}");
    }
    let output = spanwatch(folder.path(), &["diff", "a", "c", "--format", "json"]);
    let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(document["schema"], "spanwatch/diff/1");
    for finding in document["findings"].as_array().expect("a list") {
        for key in ["code", "element", "declared", "seen", "reason", "evidence"] {
            assert!(finding.get(key).is_some(), "{key} in {finding}");
        }
    }
    let removed = &document["findings"][0];
    assert_eq!(removed["code"], "D0132");
    assert_eq!(removed["element"]["id"], "hq--south");
    assert_eq!(removed["declared"], "hq:Gi0/2 – south:Gi0/1");
    assert_eq!(document["findings"][1]["name"], "loses-redundancy");
}

#[test]
fn a_revision_of_git_is_compared_with_the_folder() {
    let folder = tempfile::tempdir().expect("a folder");
    let topology = folder.path().join("topology");
    fs::create_dir(&topology).expect("a folder");
    fs::write(topology.join("n.toml"), RING).expect("written");
    let git = |arguments: &[&str]| {
        Command::new("git")
            .args(["-c", "user.name=n", "-c", "user.email=n@example.net"])
            .args(arguments)
            .current_dir(folder.path())
            .env("GIT_CONFIG_GLOBAL", "/dev/null")
            .output()
            .is_ok_and(|output| output.status.success())
    };
    if !git(&["init", "-q", "-b", "main"]) {
        println!("skipped: git is not installed");
        return;
    }
    assert!(git(&["add", "."]) && git(&["commit", "-q", "-m", "ring"]));
    let after = RING.replace("capacity = \"1G\"", "capacity = \"10G\"");
    fs::write(topology.join("n.toml"), after).expect("written");
    let output = spanwatch(folder.path(), &["diff", "main"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(code(&output), 0, "{output:?}");
    assert!(said.contains("capacity  1G → 10G"), "{said}");
    assert!(git(&["commit", "-q", "-a", "-m", "faster"]));
    let output = spanwatch(
        folder.path(),
        &["diff", "main~1...main", "--fail-on", "note"],
    );
    assert_eq!(code(&output), 2, "{output:?}");
    let output = spanwatch(folder.path(), &["diff", "nobranch"]);
    assert_eq!(code(&output), 3);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        said.contains("neither a folder nor a git revision"),
        "{said}"
    );
}

/// Runs the program in the lab of the reference network; nothing where there can be none.
fn in_the_lab(arguments: &[&str]) -> Option<Output> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut all = vec![
        "lab",
        "--topology",
        "topology",
        "--",
        env!("CARGO_BIN_EXE_spanwatch"),
    ];
    all.extend(arguments);
    let output = spanwatch(root, &all);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if code(&output) == 3 && said.contains("the lab cannot") {
        println!("skipped: {}", said.trim_end());
        return None;
    }
    Some(output)
}

#[test]
fn the_lab_is_as_it_is_declared_and_a_wrong_declaration_is_named() {
    let Some(output) = in_the_lab(&["diff", "--format", "json"]) else {
        return;
    };
    let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(code(&output), 0, "{document:#}");
    assert_eq!(document["schema"], "spanwatch/diff/1");
    assert_eq!(document["findings"], Json::Array(Vec::new()));
    let count = |key: &str| document["links"][key].as_u64().expect("a number");
    assert!(
        count("both") > 200 && count("one") > 200,
        "{}",
        document["links"]
    );
    let unit = document["inventory"].as_array().expect("a list").iter();
    let serials = unit.filter(|item| item["seen"]["serial"].is_string());
    assert!(serials.count() > 20);

    let wrong = tempfile::tempdir().expect("a folder");
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    copy(&source, &wrong.path().join("topology"));
    let file = wrong.path().join("topology/core.toml");
    let text = fs::read_to_string(&file).expect("the core");
    let moved = text.replace("\"core-1:xe-0/0/1:2\"", "\"core-1:xe-0/0/9:9\"");
    assert_ne!(text, moved);
    fs::write(&file, moved).expect("written");
    let folder = wrong.path().join("topology");
    let folder = folder.to_str().expect("UTF-8");
    let output = in_the_lab(&["diff", folder, "--format", "json"]).expect("it ran before");
    let document: Json = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(code(&output), 2);
    let findings = document["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), 1, "{findings:#?}");
    assert_eq!(findings[0]["name"], "link-moved");
    assert_eq!(findings[0]["element"]["id"], "core-1--core-2");
    assert_eq!(findings[0]["seen"], "core-1:xe-0/0/1:2 – core-2:xe-0/0/3");
    assert_eq!(findings[0]["evidence"].as_array().map(Vec::len), Some(2));
}

#[test]
fn example_is_neither_compared_nor_explored_outside_the_lab() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for arguments in [
        &["diff", "--topology", "topology"][..],
        &["diff", "topology"],
        &[
            "discover",
            "10.48.0.11",
            "--within",
            "10.48.0.0/12",
            "--topology",
            "topology",
        ],
        &["discover", "10.0.0.1"],
        &["discover", "10.0.0.1", "--within", "0.0.0.0/0"],
        &["discover", "10.0.0.1", "--within", "10.0.0.0/33"],
        &["discover", "nobody", "--within", "10.0.0.0/8"],
    ] {
        let output = spanwatch(root, arguments);
        assert_eq!(code(&output), 3, "{arguments:?}: {output:?}");
        assert!(output.stdout.is_empty());
    }
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
