//! The house keeps its stairs: no file reaches up or across, the pure parts stay pure, no test is forgotten.

use std::fs;
use std::path::{Path, PathBuf};

const FLOORS: &[&[&str]] = &[
    &["model"],
    &["wire", "graph", "filter", "clock"],
    &["inventory", "probe", "judge", "analysis", "lab"],
    &["app"],
    &["report"],
    &["tui"],
    &["cli"],
];

/// In these no clock, socket, file, thread, environment or runtime may appear.
const PURE: &[&str] = &[
    "model",
    "wire",
    "filter",
    "graph",
    "analysis",
    "judge",
    "report",
    "probe/bucket",
    "probe/flight",
    "probe/hearing",
    "probe/roster",
    "probe/trace/log",
    "probe/tally",
    "lab/fabric",
    "lab/scenario",
    "lab/action",
    "lab/addressing",
    "lab/agent",
    "lab/frame",
    "lab/pdu",
    "lab/record",
    "lab/zone",
    "inventory/blind",
    "inventory/import",
    "inventory/init",
    "inventory/layout",
    "inventory/lint",
    "inventory/names",
    "inventory/quantity",
    "inventory/resolve",
    "inventory/suggest",
    "inventory/table",
    "app/incident",
    "app/interfaces",
    "app/monitor",
    "app/work",
    "app/world",
    "app/reference",
    "tui/screen",
    "tui/keys",
];

const IMPURE: &[&str] = &[
    "tokio",
    "std::fs",
    "fs::",
    "std::net::UdpSocket",
    "std::env",
    "std::thread",
    "std::process",
    "Instant::now",
    "SystemTime",
    "clock::now",
    "clock::today",
    "static ",
    "Mutex",
    "RwLock",
];

/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &[
    "util",
    "utils",
    "common",
    "helpers",
    "misc",
    "types",
    "core",
    "manager",
    "strings",
    "constants",
];

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of this project") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

fn inside(path: &Path) -> String {
    path.strip_prefix(root())
        .expect("below src")
        .with_extension("")
        .to_string_lossy()
        .into_owned()
}

fn floor(room: &str) -> Option<usize> {
    FLOORS.iter().position(|floor| floor.contains(&room))
}

#[test]
fn no_file_reaches_up_or_across() {
    let mut faults = Vec::new();
    for path in sources(&root()) {
        let name = inside(&path);
        let room = name.split('/').next().expect("a first part").to_owned();
        if room == "main" || room == "lib" {
            continue;
        }
        let own =
            floor(&room).unwrap_or_else(|| panic!("{name}: room `{room}` stands on no floor"));
        let text = fs::read_to_string(&path).expect("readable");
        for (number, line) in text.lines().enumerate() {
            for part in line.split("crate::").skip(1) {
                let word: String = part
                    .chars()
                    .take_while(|c| c.is_alphanumeric() || *c == '_')
                    .collect();
                if word.is_empty() || word == room {
                    continue;
                }
                match floor(&word) {
                    Some(other) if other < own => {}
                    _ => faults.push(format!(
                        "{name}:{}: reaches up or across to `{word}`",
                        number + 1
                    )),
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn every_file_says_what_it_is_and_has_a_name() {
    for path in sources(&root())
        .into_iter()
        .chain(sources(&root().with_file_name("tests")))
    {
        let text = fs::read_to_string(&path).expect("readable");
        assert!(
            text.starts_with("//!"),
            "{} does not open with `//!`",
            path.display()
        );
        let stem = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        assert!(
            !EMPTY_NAMES.contains(&stem.as_str()),
            "{} has a name that says nothing",
            path.display()
        );
        assert!(
            stem != "mod",
            "{} should be the door beside its folder",
            path.display()
        );
    }
}

#[test]
fn the_pure_parts_stay_pure() {
    let mut faults = Vec::new();
    for path in sources(&root()) {
        let name = inside(&path);
        let pure = PURE
            .iter()
            .any(|part| name == *part || name.starts_with(&format!("{part}/")));
        if !pure {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        for (number, line) in text.lines().enumerate() {
            let code = line.split("//").next().unwrap_or_default();
            for word in IMPURE {
                if code.contains(word) && !code.contains("'static") {
                    faults.push(format!("{name}:{}: `{word}` in a pure part", number + 1));
                }
            }
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn no_test_is_forgotten() {
    let folder = root().with_file_name("tests");
    let suite = fs::read_to_string(folder.join("suite.rs")).expect("the suite");
    for entry in fs::read_dir(&folder).expect("the tests") {
        let path = entry.expect("an entry").path();
        let stem = path
            .file_stem()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        if path.extension().is_some_and(|extension| extension == "rs") && stem != "suite" {
            assert!(
                suite.contains(&format!("mod {stem};")),
                "tests/{stem}.rs is not declared in suite.rs"
            );
        }
    }
}

/// Packages in the lock file: each is somebody's code that runs as root in a government's network.
///
/// TLS took 18 of them: rustls with ring, tokio-rustls, what reads a certificate, and ten for Windows that the lock
/// lists and nobody here builds.
const MOST_PACKAGES: usize = 335;

#[test]
fn the_packages_are_few_and_free() {
    let root = root();
    let root = root.parent().expect("the project");
    let lock = fs::read_to_string(root.join("Cargo.lock")).expect("the lock file");
    let count = lock.matches("[[package]]").count();
    assert!(count <= MOST_PACKAGES, "{count} packages");
    let cargo = |args: &[&str]| {
        let mut cargo = std::process::Command::new(env!("CARGO"));
        let output = cargo.args(args).current_dir(root).output();
        output.expect("cargo runs this test").stdout
    };
    let about = String::from_utf8(cargo(&["-vV"])).expect("text");
    let host = about.lines().find_map(|line| line.strip_prefix("host: "));
    // Of another system's packages a fresh machine has fetched none.
    let metadata = cargo(&[
        "metadata",
        "--format-version=1",
        "--locked",
        "--offline",
        "--filter-platform",
        host.expect("cargo knows its host"),
    ]);
    let metadata: serde_json::Value =
        serde_json::from_slice(&metadata).expect("cargo knows the packages that it has built");
    // Any one of these is enough where a package lets one choose.
    let free = [
        "MIT",
        "Apache-2.0",
        "BSD",
        "ISC",
        "Zlib",
        "Unicode-3.0",
        "0BSD",
        "Unlicense",
        "WTFPL",
    ];
    for package in metadata["packages"].as_array().expect("a list") {
        let licence = package["license"].as_str().unwrap_or_default();
        assert!(
            free.iter().any(|name| licence.contains(name)),
            "{}: licence `{licence}`",
            package["name"]
        );
    }
}
