//! The reference network made wrong on purpose, 260 times: each time a named fault at the right line.
//!
//! The same seed breaks the same places on every machine. A mutation is one edit of one line (or of one whole
//! file), and says which code must come at that line; nothing may panic, and nothing may half load.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use spanwatch::graph::mix;
use spanwatch::inventory::{LARGEST_FILE, Loaded, read};
use spanwatch::model::fault::{Fault, Source};
use unicode_normalization::UnicodeNormalization;

/// Draws numbers, the same on every machine.
struct Draw(u64);

impl Draw {
    fn below(&mut self, end: usize) -> usize {
        self.0 = mix(self.0);
        usize::try_from(self.0 % end as u64).expect("below a usize")
    }
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}

fn topology() -> Vec<Arc<Source>> {
    let mut files = Vec::new();
    collect(
        &Path::new(env!("CARGO_MANIFEST_DIR")).join("topology"),
        &mut files,
    );
    files.sort();
    files
        .into_iter()
        .map(|file| {
            let text = fs::read_to_string(&file).expect("readable");
            let name = file.display().to_string();
            Arc::new(Source { name, text })
        })
        .collect()
}

/// All lines that a mutation may touch: file, line from 0, text.
fn lines(sources: &[Arc<Source>], wanted: impl Fn(&str) -> bool) -> Vec<(usize, usize, &str)> {
    let mut found = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        for (line, text) in source.text.lines().enumerate() {
            if wanted(text) {
                found.push((file, line, text));
            }
        }
    }
    assert!(!found.is_empty(), "nothing to mutate");
    found
}

fn with_line(sources: &[Arc<Source>], file: usize, line: usize, new: &str) -> Vec<Arc<Source>> {
    let old = &sources[file];
    let text: Vec<&str> = old
        .text
        .lines()
        .enumerate()
        .map(|(at, text)| if at == line { new } else { text })
        .collect();
    with_text(sources, file, text.join("\n") + "\n")
}

fn with_text(sources: &[Arc<Source>], file: usize, text: String) -> Vec<Arc<Source>> {
    let mut sources = sources.to_vec();
    let name = sources[file].name.clone();
    sources[file] = Arc::new(Source { name, text });
    sources
}

fn is_at(fault: &Fault, name: &str, line: usize) -> bool {
    let places = fault
        .place
        .iter()
        .chain(fault.related.iter().map(|(place, _)| place));
    places
        .into_iter()
        .any(|place| place.source.name == name && place.line() == line + 1)
}

/// Twenty times: draws a line, edits it, and expects the code at it.
fn twenty(
    code: &str,
    seed: u64,
    wanted: impl Fn(&str) -> bool,
    edit: impl Fn(&str, &mut Draw) -> String,
) {
    let sources = topology();
    let candidates = lines(&sources, wanted);
    let mut draw = Draw(seed);
    for _ in 0..20 {
        let (file, line, old) = candidates[draw.below(candidates.len())];
        let new = edit(old, &mut draw);
        let name = &sources[file].name;
        let place = format!("{name}:{}: `{old}` -> `{new}`", line + 1);
        let Err(faults) = read(with_line(&sources, file, line, &new)) else {
            panic!("{place} loads");
        };
        let found = faults
            .0
            .iter()
            .any(|fault| fault.code == code && is_at(fault, name, line));
        assert!(
            found,
            "{place}: no {code} there, but {:#?}",
            faults.0.first()
        );
    }
}

fn is_pair(line: &str) -> bool {
    line.split_once(" = ").is_some_and(|(key, _)| {
        // A slip needs a second letter to stand before.
        key.len() > 1 && key.chars().all(|c| c.is_ascii_lowercase() || c == '_')
    })
}

#[test]
fn misspelt_keys_are_found() {
    twenty("T0110", 1, is_pair, |line, draw| {
        let at = 1 + draw.below(line.find(' ').expect("a blank") - 1).min(3);
        format!("{}q{}", &line[..at], &line[at..])
    });
}

#[test]
fn dangling_ends_are_found() {
    let is_end = |line: &str| {
        line.starts_with("a = \"") || line.starts_with("b = \"") || line.contains(" to = \"")
    };
    twenty("T0107", 2, is_end, |line, draw| {
        let key = if line.contains(" to = \"") {
            " to = \""
        } else {
            " = \""
        };
        let start = line.find(key).expect("the key") + key.len();
        let letter = char::from(b'a' + u8::try_from(draw.below(26)).expect("a letter"));
        format!("{}{letter}{letter}{}", &line[..start], &line[start..])
    });
}

#[test]
fn ids_given_twice_are_found() {
    let sources = topology();
    let ids: Vec<String> = lines(&sources, |line| line.starts_with("id = \""))
        .into_iter()
        .map(|(_, _, line)| line.to_owned())
        .collect();
    // Only agencies and nodes share one list of ids with each other; the halls and agencies of a file do.
    let is_agency = |line: &str| line.starts_with("id = \"") && line.contains("-quan-su\"");
    twenty("T0117", 3, is_agency, |line, draw| {
        let others: Vec<&String> = ids
            .iter()
            .filter(|other| *other != line && other.contains("-cong-an\""))
            .collect();
        others[draw.below(others.len())].clone()
    });
}

#[test]
fn addresses_given_twice_are_found() {
    let sources = topology();
    let is_address = |line: &str| line.starts_with("address = \"");
    let all: Vec<String> = lines(&sources, is_address)
        .into_iter()
        .map(|(_, _, line)| line.to_owned())
        .collect();
    twenty("T0118", 4, is_address, |line, draw| {
        let others: Vec<&String> = all.iter().filter(|other| *other != line).collect();
        others[draw.below(others.len())].clone()
    });
}

#[test]
fn wrong_units_are_found() {
    let is_rate = |line: &str| line.starts_with("mtbf = \"") || line.starts_with("mttr = \"");
    twenty("T0115", 5, is_rate, |line, draw| {
        let unit = ["", "hours", "H", "giờ", "µs", "h h", "/h"][draw.below(7)];
        line.replace("h\"", &format!("{unit}\""))
    });
}

#[test]
fn wrong_types_are_found() {
    twenty(
        "T0113",
        6,
        |line| line.starts_with("weight = ") || line.starts_with("name = \""),
        |line, draw| {
            let (key, _) = line.split_once(" = ").expect("a pair");
            let value = ["true", "[1, 2]", "{ x = 1 }", "2026-12-01", "1.5"][draw.below(5)];
            format!("{key} = {value}")
        },
    );
}

#[test]
fn misspelt_tables_are_found() {
    twenty(
        "T0111",
        7,
        |line| line.starts_with("[["),
        |line, draw| {
            let at = 3 + draw.below(line.len() - 5);
            format!("{}x{}", &line[..at], &line[at..])
        },
    );
}

#[test]
fn broken_syntax_is_found_at_its_line() {
    twenty(
        "T0101",
        8,
        |line| is_pair(line) && line.ends_with('"'),
        |line, draw| match draw.below(4) {
            0 => line.trim_end_matches('"').to_owned(),
            1 => line.replace(" = ", " "),
            2 => line.replacen('"', "", 1),
            _ => format!("{line} {line}"),
        },
    );
}

#[test]
fn invisible_characters_are_found() {
    twenty(
        "T0123",
        9,
        |line| line.starts_with("name = \""),
        |line, draw| {
            let bad = ['\u{200B}', '\u{202E}', '\u{FEFF}', '\u{200D}', '\u{2028}'][draw.below(5)];
            line.replacen('"', &format!("\"{bad}"), 1)
        },
    );
}

#[test]
fn values_out_of_range_are_found() {
    twenty(
        "T0114",
        10,
        |line| {
            line.starts_with("lat = ")
                || line.starts_with("weight = ")
                || line.starts_with("level = ")
        },
        |line, draw| match line.split_once(" = ").expect("a pair").0 {
            "lat" => ["lat = 107.6", "lat = -91", "lat = nan", "lat = inf"][draw.below(4)].into(),
            "weight" => {
                ["weight = -1", "weight = 99999999999", "weight = 0xFFFFFFFF"][draw.below(3)].into()
            }
            _ => ["level = \"ward\"", "level = \"\"", "level = \"City\""][draw.below(3)].into(),
        },
    );
}

#[test]
fn a_file_cut_in_the_middle_is_found_where_it_ends() {
    let sources = topology();
    let inside = lines(&sources, |line| is_pair(line) && line.contains(" = \""));
    let mut draw = Draw(11);
    for _ in 0..20 {
        let (file, line, _) = inside[draw.below(inside.len())];
        let name = &sources[file].name;
        let whole: Vec<&str> = sources[file].text.split_inclusive('\n').collect();
        let before: String = whole[..line].concat();
        let open = whole[line].find('"').expect("a quote") + 2;
        let text = before + &whole[line][..whole[line].ceil_char_boundary(open)];
        let end = text.trim_end().len();
        let Err(faults) = read(with_text(&sources, file, text)) else {
            panic!("{name} cut at {end} loads");
        };
        let found = faults.0.iter().find(|fault| fault.code == "T0101");
        let found = found.unwrap_or_else(|| panic!("{name} cut at {end}: {:#?}", faults.0));
        assert!(
            is_at(found, name, line),
            "{name} cut in line {}: {found:#?}",
            line + 1
        );
        // What the rest of the file declared is not missed elsewhere.
        assert_eq!(
            faults.0.len(),
            1,
            "{name} cut in line {}: {:#?}",
            line + 1,
            faults.0
        );
    }
}

/// What a network says, as far as names go.
fn names(loaded: &Loaded) -> Vec<(String, String)> {
    let network = &loaded.network;
    let agencies = network
        .agencies
        .values()
        .map(|each| (each.id.to_string(), each.name.clone()));
    let nodes = network
        .nodes
        .values()
        .map(|each| (each.id.to_string(), each.name.clone()));
    let areas = network
        .areas
        .values()
        .map(|each| (each.code.to_string(), each.name.clone()));
    agencies.chain(nodes).chain(areas).collect()
}

#[test]
fn decomposed_names_are_the_same_names() {
    let sources = topology();
    let whole = read(sources.clone()).expect("the reference network");
    let mut draw = Draw(12);
    for _ in 0..20 {
        let file = draw.below(sources.len());
        let decomposed: String = sources[file].text.nfd().collect();
        let loaded = read(with_text(&sources, file, decomposed)).expect("accepted");
        assert_eq!(names(&loaded), names(&whole), "{}", sources[file].name);
    }
}

#[test]
fn noise_is_refused_in_bounded_time() {
    let sources = topology();
    let mut draw = Draw(13);
    let noise = |length: usize, draw: &mut Draw| -> String {
        let mut text = String::with_capacity(length + 4);
        while text.len() < length {
            draw.0 = mix(draw.0);
            for byte in draw.0.to_le_bytes() {
                text.push(char::from(byte % 96 + 31));
            }
        }
        text
    };
    for round in 0..18 {
        let file = draw.below(sources.len());
        let length = 1 << round;
        let text = noise(length, &mut draw);
        let faults = read(with_text(&sources, file, text)).err();
        let faults = faults.unwrap_or_else(|| panic!("{length} bytes of noise load"));
        let first = faults
            .0
            .iter()
            .find(|fault| fault.code == "T0101")
            .expect("a fault");
        assert!(is_at(first, &sources[file].name, 0), "{first:#?}");
    }
    // As large as is read at all, and the ten megabytes of the promise.
    for (length, code) in [(LARGEST_FILE, "T0101"), (10 << 20, "T0104")] {
        let mut text = noise(length, &mut draw);
        text.truncate(length);
        let faults = read(with_text(&sources, 0, text)).expect_err("a fault").0;
        assert_eq!(
            faults.iter().map(|fault| fault.code).collect::<Vec<_>>(),
            [code]
        );
    }
}

#[test]
fn any_bytes_anywhere_load_whole_or_not_at_all() {
    let sources = topology();
    let whole = read(sources.clone())
        .expect("the reference network")
        .network;
    let mut draw = Draw(14);
    for _ in 0..60 {
        let file = draw.below(sources.len());
        let mut bytes = sources[file].text.clone().into_bytes();
        for _ in 0..=draw.below(3) {
            let at = draw.below(bytes.len());
            match draw.below(3) {
                0 => bytes[at] = u8::try_from(draw.below(256)).expect("a byte"),
                1 => {
                    bytes.remove(at);
                }
                _ => bytes.insert(at, b"\"[]{}=#.\n\\,: "[draw.below(13)]),
            }
        }
        let text = String::from_utf8_lossy(&bytes).into_owned();
        match read(with_text(&sources, file, text)) {
            Ok(loaded) => assert_eq!(loaded.network.links.len(), whole.links.len()),
            Err(faults) => assert!(!faults.0.is_empty()),
        }
    }
}
