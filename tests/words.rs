//! The words that people read: every key that is used exists, in both languages, with the same places.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use spanwatch::report::vietnamese::sort_key;
use spanwatch::report::words::{Language, Words};

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
    found
}

fn table() -> toml::Table {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/words.toml");
    let text = fs::read_to_string(path).expect("the table of words");
    text.parse().expect("a table")
}

#[test]
fn every_word_says_the_same_in_both_languages() {
    // The heading of the column of shapes is empty on purpose.
    let silent = ["column.st"];
    for (key, entry) in table() {
        let entry = entry.as_table().expect("en and vi").clone();
        let [en, vi] =
            ["en", "vi"].map(|tongue| entry[tongue].as_str().expect("a text").to_owned());
        assert_eq!(
            en.matches("{}").count(),
            vi.matches("{}").count(),
            "{key} has not the same places in both languages"
        );
        assert!(
            silent.contains(&key.as_str()) || (!en.is_empty() && !vi.is_empty()),
            "{key} says nothing"
        );
    }
}

#[test]
fn every_key_that_the_faces_use_exists() {
    let words = Words::of(Language::Vi);
    let rooms: BTreeSet<String> = table()
        .keys()
        .map(|key| key.split('.').next().expect("a first part").to_owned())
        .collect();
    let literal = Regex::new(r#""([a-z]+)\.([a-z0-9._-]+)""#).expect("a pattern");
    let mut checked = 0;
    let mut missing = Vec::new();
    for path in sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src")) {
        // A file name looks like a key; a key stands in a face.
        if !path
            .components()
            .any(|part| matches!(part.as_os_str().to_str(), Some("tui" | "report")))
        {
            continue;
        }
        let text = fs::read_to_string(&path).expect("readable");
        for found in literal.captures_iter(&text) {
            let key = format!("{}.{}", &found[1], &found[2]);
            if rooms.contains(&found[1]) && &found[2] != "toml" {
                checked += 1;
                if !words.has(&key) {
                    missing.push(format!("{}: {key}", path.display()));
                }
            }
        }
    }
    assert!(missing.is_empty(), "{}", missing.join("\n"));
    assert!(
        checked > 200,
        "only {checked} keys were found: the pattern is wrong"
    );
}

#[test]
fn every_code_of_the_topology_has_its_title_in_both_languages() {
    let (en, vi) = (Words::of(Language::En), Words::of(Language::Vi));
    for known in spanwatch::inventory::codes::codes() {
        let key = format!("fault.{}", known.code);
        assert_eq!(en.text(&key), known.title, "{key}");
        assert!(vi.has(&key), "{key}");
        assert_ne!(vi.text(&key), known.title, "{key} is not translated");
    }
}

#[test]
fn a_text_takes_its_values_in_order() {
    let words = Words::of(Language::En);
    assert_eq!(words.with("list.of", &["3", "483"]), "3 of 483");
}

#[test]
fn vietnamese_names_sort_as_in_a_dictionary() {
    let mut names = [
        "Ủa",
        "Zêta",
        "Đan Điền",
        "Dương Nỗ",
        "Ân",
        "An",
        "Ăn",
        "Áo",
        "Ảo",
        "Ạo",
        "Ào",
        "Ão",
        "Ơn",
        "Ôn",
        "On",
        "Ưa",
        "Ua",
    ];
    names.sort_by_key(|name| sort_key(name));
    assert_eq!(
        names,
        [
            "An",
            "Ào",
            "Ảo",
            "Ão",
            "Áo",
            "Ạo",
            "Ăn",
            "Ân",
            "Dương Nỗ",
            "Đan Điền",
            "On",
            "Ôn",
            "Ơn",
            "Ua",
            "Ủa",
            "Ưa",
            "Zêta"
        ]
    );
    // Two encodings of one name are one name.
    assert_eq!(sort_key("Huế"), sort_key("Hu\u{65}\u{302}\u{301}"));
}
