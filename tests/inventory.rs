//! Topologies: every file of `inventory/good` loads, every file of `inventory/bad` gives exactly its snapshot.

use std::fmt::Write as _;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Weekday;
use spanwatch::inventory::codes::{codes, explain};
use spanwatch::inventory::{Faults, LARGEST_FILE, Loaded, load, read};
use spanwatch::model::CredentialName;
use spanwatch::model::fault::{Fault, Severity, Source};
use spanwatch::model::network::{Node, Rates};
use spanwatch::model::target::Method;

/// Graphs, pairs and exports of other programs to topologies, and our own graph back.
mod exchange;
/// Sheets and answers to topologies.
mod import;
/// Wrong on purpose, hundreds of times.
mod mutation;

fn source(name: &str, text: &str) -> Arc<Source> {
    Arc::new(Source {
        name: name.into(),
        text: text.into(),
    })
}

fn one(text: &str) -> Result<Loaded, Faults> {
    read(vec![source("x.toml", text)])
}

fn folder(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/inventory")
        .join(name)
}

fn files(name: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> = fs::read_dir(folder(name))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .map(|path| {
            let stem = path
                .file_stem()
                .expect("a name")
                .to_string_lossy()
                .into_owned();
            (stem, fs::read_to_string(path).expect("readable"))
        })
        .collect();
    files.sort();
    files
}

/// What a person would need of a fault: code, place, the words it points at, message, help.
fn words(faults: &[Fault]) -> String {
    let mut text = String::new();
    for fault in faults {
        let mut line = |indent: &str, place: &spanwatch::model::fault::Place, words: &str| {
            let at = &place.source.text[place.span.clone()];
            let (file, row, column) = (&place.source.name, place.line(), place.column());
            writeln!(text, "{indent}{file}:{row}:{column} `{at}`{words}").expect("a string");
        };
        if let Some(place) = &fault.place {
            let label = fault
                .label
                .as_ref()
                .map_or_else(String::new, |label| format!(" {label}"));
            line("", place, &label);
        }
        for (place, label) in &fault.related {
            line("  see ", place, &format!(" {label}"));
        }
        let severity = match fault.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
        };
        writeln!(text, "  {severity}[{}]: {}", fault.code, fault.message).expect("a string");
        if let Some(help) = &fault.help {
            writeln!(text, "  help: {help}").expect("a string");
        }
    }
    text
}

#[test]
fn every_good_file_loads_without_a_word() {
    for (name, text) in files("good") {
        let loaded = one(&text).unwrap_or_else(|faults| panic!("{name}: {}", words(&faults.0)));
        assert_eq!(words(&loaded.warnings), "", "{name}");
    }
}

#[test]
fn every_bad_file_gives_exactly_its_fault() {
    let mut settings = insta::Settings::clone_current();
    settings.set_snapshot_path("golden/inventory");
    settings.set_prepend_module_to_snapshot(false);
    settings.set_omit_expression(true);
    settings.bind(|| {
        for (name, text) in files("bad") {
            let faults = match one(&text) {
                Ok(loaded) => {
                    assert!(name.starts_with("warns_"), "{name} loads");
                    loaded.warnings
                }
                Err(faults) => {
                    assert!(!name.starts_with("warns_"), "{name}: {}", words(&faults.0));
                    faults.0
                }
            };
            insta::assert_snapshot!(name, words(&faults));
        }
    });
}

#[test]
fn every_code_is_explained_once_and_none_is_unknown() {
    let mut all: Vec<&str> = codes().iter().map(|known| known.code).collect();
    let listed = all.clone();
    all.sort_unstable();
    all.dedup();
    assert_eq!(all, listed, "in order, each once");
    let mut given: Vec<&str> = Vec::new();
    for (_, text) in files("bad") {
        let faults = one(&text).map_or_else(|faults| faults.0, |loaded| loaded.warnings);
        given.extend(faults.iter().map(|fault| fault.code));
    }
    for code in &given {
        assert!(explain(code).is_some(), "{code} has no explanation");
    }
    assert_eq!(explain("w0203").map(|known| known.code), Some("W0203"));
    assert_eq!(explain("T0999"), None);
    // Those that no single text can earn are earned elsewhere in these tests, or never.
    let elsewhere = [
        "T0102", "T0103", "T0104", "T0105", "T0108", "T0190", "T0191", "W0215",
    ];
    for known in codes() {
        let earned = given.contains(&known.code) || elsewhere.contains(&known.code);
        assert!(
            earned || known.code.starts_with("T015"),
            "{} is never given",
            known.code
        );
    }
}

fn everything() -> Loaded {
    let text = fs::read_to_string(folder("good/everything.toml")).expect("readable");
    one(&text).expect("a topology")
}

fn hours(hours: f64) -> Duration {
    Duration::from_secs_f64(hours * 3600.0)
}

#[test]
fn everything_that_is_written_arrives() {
    let network = everything().network;
    let pop: &Node = &network.nodes["pop"];
    assert_eq!(pop.probe, [Method::Ping, Method::Snmp, Method::Tcp(443)]);
    assert_eq!(pop.addresses.len(), 3);
    assert_eq!(
        (pop.sys_name.as_str(), pop.vendor.as_deref()),
        ("PE-1", Some("V"))
    );
    assert_eq!(pop.position.map(|at| (at.lat, at.lon)), Some((16.1, 107.6)));
    assert_eq!(
        pop.snmp.as_ref().map(CredentialName::as_str),
        Some("core-v3")
    );
    assert_eq!(pop.was, ["pop-old"]);
    let link = &network.links["dc--pop"];
    assert_eq!(link.a.port.as_deref(), Some("xe-0/0/1:2"));
    assert_eq!((link.capacity, link.metric), (Some(10_000_000_000), 7));
    assert_eq!(
        (link.cost_build, link.cost_yearly),
        (Some(0.0), Some(120.0))
    );
    assert_eq!(network.links["ubnd--pop"].metric, 200);
    assert_eq!(network.links["ubnd--pop"].a.port.as_deref(), Some("ether1"));
    let agency = &network.agencies["ubnd"];
    assert_eq!(agency.endpoints.computers, 24);
    assert_eq!(agency.contact.email.as_deref(), Some("a@hue.example"));
    assert_eq!(agency.hours, None, "always is no window");
    let own = &network.nodes["ubnd"];
    assert!(own.transit, "an agency may say that it carries others");
    assert_eq!((own.role.as_str(), own.name.as_str()), ("agency", "Ủy ban"));
    assert_eq!(
        network
            .node_of(IpAddr::from([10, 48, 200, 1]))
            .map(|node| &node.id),
        Some(&pop.id)
    );
    assert_eq!(network.risks["duct"].members.len(), 2);
    assert_eq!(network.services["hue-s"].check["expect"], "200");
    assert_eq!(network.candidates.len(), 1);
    assert_eq!(
        network.providers["vnpt"].hotline.as_deref(),
        Some("1800 0000")
    );
    let ids: Vec<_> = network
        .maintenances
        .iter()
        .map(|work| work.id.as_str())
        .collect();
    assert_eq!(ids, ["77", "m2", "maintenance-3"]);
    let begins = network.maintenances[0].from.to_string();
    assert_eq!(begins, "2026-12-01T15:00:00Z");
    let night = &network.hours["night"];
    let (mon, wed, fri) = (Weekday::Monday, Weekday::Wednesday, Weekday::Friday);
    assert_eq!(
        night.days,
        [mon, wed, fri, Weekday::Saturday, Weekday::Sunday]
    );
}

#[test]
fn policy_is_laid_from_defaults_over_class_and_node_to_agency() {
    let network = everything().network;
    let seconds = Duration::from_secs;
    let policy = network.nodes["pop"].policy;
    assert_eq!(
        policy.ping_interval,
        seconds(5),
        "the node says so, over the class"
    );
    assert_eq!(
        policy.ping_timeout,
        Duration::from_millis(700),
        "the agency at it says so"
    );
    assert_eq!(
        (policy.snmp_interval, policy.snmp_retries),
        (seconds(30), 2)
    );
    let policy = network.nodes["ubnd"].policy;
    assert_eq!(policy.ping_interval, seconds(60), "its class says so");
    assert_eq!(
        policy.ping_timeout,
        Duration::from_millis(1500),
        "the defaults say so"
    );
    assert_eq!(policy.snmp_retries, 3);
    assert_eq!(network.nodes["dc"].policy.ping_interval, seconds(20));
}

#[test]
fn defaults_by_kind_stand_where_nothing_is_said() {
    let network = everything().network;
    let link = &network.links["dc--dc-2"];
    assert_eq!((link.kind.as_str(), link.metric), ("fibre", 20));
    assert_eq!(link.capacity, Some(2_500_000_000));
    let expected = Rates {
        mtbf: Some(hours(720.0)),
        mttr: Some(hours(1.5)),
    };
    assert_eq!(link.rates, expected);
    assert_eq!(
        network.nodes["pop"].rates.mtbf,
        Some(hours(60000.0)),
        "said at the node"
    );
    assert_eq!(network.risks["duct"].rates.mttr, Some(hours(12.0)));
}

#[test]
fn names_are_composed_when_they_are_read() {
    let text = fs::read_to_string(folder("good/decomposed_names.toml")).expect("readable");
    assert!(text.contains("U\u{309}y"), "the file is decomposed");
    let network = one(&text).expect("a topology").network;
    assert_eq!(
        network.agencies["thuan-hoa-ubnd"].name,
        "Ủy ban nhân dân phường Thuận Hóa"
    );
}

#[test]
fn faults_of_all_files_come_at_once_in_order() {
    let files = vec![
        source(
            "a.toml",
            "[network]\nid = 'x'\nhubs = ['dd']\n[[node]]\nid = 'dc'\nrol = 'hub'\n",
        ),
        source(
            "b.toml",
            "[[node]]\nid = 'dc'\n[network]\nid = 'y'\nhubs = ['dc']\n",
        ),
    ];
    let faults = read(files).expect_err("faults").0;
    let places: Vec<_> = faults
        .iter()
        .map(|fault| {
            let place = fault.place.as_ref().expect("a place");
            (fault.code, place.source.name.as_str(), place.line())
        })
        .collect();
    let expected = [
        ("T0107", "a.toml", 3),
        ("T0110", "a.toml", 6),
        ("T0117", "b.toml", 2),
        ("T0108", "b.toml", 3),
    ];
    assert_eq!(places, expected);
}

#[test]
fn a_broken_file_does_not_turn_its_names_into_faults() {
    let files = vec![
        source(
            "a.toml",
            "[network]\nid = 'x'\nhubs = ['dc']\n[[link]]\nid='l'\na='dc'\nb='p'\ncapacity=1\n",
        ),
        source("b.toml", "[[node]]\nid = 'dc'\n[[node]]\nid = 'p\n"),
    ];
    let faults = read(files).expect_err("faults").0;
    let codes: Vec<_> = faults.iter().map(|fault| fault.code).collect();
    assert_eq!(codes, ["T0115", "T0101"]);
}

#[test]
fn a_folder_is_read_with_its_folders_and_without_hidden_files_and_links() {
    let folder = tempfile::tempdir().expect("a folder");
    let write =
        |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("written");
    fs::create_dir_all(folder.path().join("communes/.git")).expect("a folder");
    write("network.toml", "[network]\nid = 'x'\nhubs = ['dc']\n");
    write("communes/one.toml", "[[node]]\nid = 'dc'\n");
    write("communes/.git/two.toml", "broken");
    write("_draft.toml", "broken");
    write(".hidden.toml", "broken");
    write("readme.md", "broken");
    let link = folder.path().join("again.toml");
    std::os::unix::fs::symlink(folder.path().join("network.toml"), link).expect("a link");
    std::os::unix::fs::symlink(folder.path(), folder.path().join("round")).expect("a link");
    let loaded = load(folder.path()).unwrap_or_else(|faults| panic!("{}", words(&faults.0)));
    assert_eq!(loaded.sources.len(), 2);
    assert!(loaded.sources[0].name.ends_with("communes/one.toml"));
}

#[test]
fn what_cannot_be_read_is_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let code_of = |path: &Path| {
        let faults = load(path).expect_err("a fault").0;
        assert!(
            faults[0].place.is_some() && faults[0].help.is_some(),
            "{faults:?}"
        );
        faults[0].code
    };
    assert_eq!(code_of(folder.path()), "T0105");
    assert_eq!(code_of(&folder.path().join("nowhere")), "T0102");
    let file = folder.path().join("x.toml");
    fs::write(&file, b"[network]\nid = 'x'\nname = 'Hu\xea'\n").expect("written");
    let faults = load(&file).expect_err("a fault").0;
    let place = faults[0].place.as_ref().expect("a place");
    assert_eq!(
        (faults[0].code, place.line(), place.column()),
        ("T0103", 3, 11)
    );
    fs::write(&file, vec![b'#'; LARGEST_FILE + 1]).expect("written");
    assert_eq!(code_of(&file), "T0104");
}

#[test]
fn ten_thousand_faults_are_not_ten_thousand_lines() {
    let mut text = String::from("[network]\nid = 'x'\nhubs = ['dc']\n[[node]]\nid = 'dc'\n");
    for number in 0..10_000 {
        write!(
            text,
            "[[link]]\nid = 'l{number}'\na = 'dc'\nb = 'node-{number}'\n"
        )
        .expect("a string");
    }
    let faults = one(&text).expect_err("faults").0;
    assert_eq!(faults.len(), 1001);
    assert_eq!(faults.last().map(|fault| fault.code), Some("T0190"));
}
