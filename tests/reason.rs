//! Reasons in words: every one in both languages, and no English on a Vietnamese screen.

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use ratatui::buffer::Cell;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use spanwatch::app::Picture;
use spanwatch::model::AgencyId;
use spanwatch::model::health::Loss;
use spanwatch::model::health::{Health, Why};
use spanwatch::model::hint::Sign;
use spanwatch::model::incident::Evidence;
use spanwatch::model::text::DeviceText;
use spanwatch::report::reason;
use spanwatch::report::words::{Language, Words};
use spanwatch::tui::draw;
use spanwatch::tui::keys::intent;
use spanwatch::tui::screen::Screen;
use spanwatch::tui::theme::{Glyphs, Look, Theme};

use crate::picture::{change, moment, troubled};

/// One of every sort that is said differently.
fn every_evidence() -> Vec<Evidence> {
    let port = |up| Evidence::Port {
        observer: "core-1".into(),
        far: "core-2".into(),
        up,
    };
    vec![
        Evidence::Silent("pop-1".into()),
        Evidence::OnlyBehind("school-1".into()),
        Evidence::Behind { silent: 1, all: 9 },
        Evidence::Behind { silent: 7, all: 9 },
        Evidence::NotAvoided { silent: 8, all: 9 },
        port(false),
        port(true),
        Evidence::Unreachable {
            router: "core-1".into(),
            node: "school-1".into(),
        },
        Evidence::InFront("core-1".into()),
        Evidence::Beside("pop-2".into()),
        Evidence::Nevertheless("school-2".into()),
        Evidence::More(4),
        Evidence::Unexplained,
        Evidence::AllSilent(41),
        Evidence::Unsent("no route to host".into()),
        Evidence::Loses(Loss {
            ratio: 0.19,
            low: 0.15,
            high: 0.231,
        }),
        Evidence::Hint {
            node: "core-1".into(),
            sign: Sign::ColdStart,
            port: None,
            before: Duration::from_secs(4),
        },
        Evidence::Hint {
            node: "core-1".into(),
            sign: Sign::LinkDown,
            port: Some(DeviceText::clean(b"xe-0/0/3")),
            before: Duration::from_secs(3),
        },
        Evidence::Loss {
            lost: 30,
            sent: 400,
            lost_beside: 1,
            sent_beside: 2_000,
        },
    ]
}

fn keys(room: &str) -> usize {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/words.toml");
    let text = std::fs::read_to_string(path).expect("the table of words");
    let table: toml::Table = text.parse().expect("a table");
    table.keys().filter(|key| key.starts_with(room)).count()
}

/// What a page shows in Vietnamese after some keys.
fn shown(picture: &Arc<Picture>, typed: &str, size: (u16, u16)) -> String {
    let look = Look {
        theme: Theme::Dark,
        glyphs: Glyphs::Unicode,
        color: true,
    };
    let mut screen = Screen::new(size, Words::of(Language::Vi), look);
    for key in typed.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            c => KeyCode::Char(c),
        };
        let event = KeyEvent::new(code, KeyModifiers::NONE);
        let meant = intent(event, screen.is_typing()).expect("a key of the table");
        screen.update(meant, picture, moment());
    }
    let buffer = draw(picture, &screen, moment());
    let rows = buffer.content.chunks(usize::from(buffer.area.width));
    let lines: Vec<String> = rows
        .map(|row| row.iter().map(Cell::symbol).collect())
        .collect();
    lines.join("\n")
}

#[test]
fn every_reason_is_said_in_both_languages_with_the_same_values() {
    let [en, vi] = [Language::En, Language::Vi].map(Words::of);
    let all = every_evidence();
    assert_eq!(all.len(), keys("evidence."), "one is missing here");
    let mut said = BTreeSet::new();
    for each in &all {
        let [english, vietnamese] = [&en, &vi].map(|words| reason::evidence(words, each));
        assert_ne!(english, vietnamese);
        assert!(!english.contains("{}") && !vietnamese.contains("{}"));
        let values = |text: &str| -> Vec<String> {
            text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-' && c != '.')
                .map(|word| word.trim_matches('.').to_owned())
                .filter(|word| word.chars().any(|c| c.is_ascii_digit()))
                .collect()
        };
        assert_eq!(values(&english), values(&vietnamese), "{vietnamese}");
        assert!(said.insert(english) && said.insert(vietnamese));
    }
    for why in Why::ALL {
        let [english, vietnamese] = [&en, &vi].map(|words| reason::why(words, Some(why)));
        assert_ne!(english, vietnamese);
        assert!(said.insert(english.to_owned()) && said.insert(vietnamese.to_owned()));
    }
    assert_eq!(reason::why(&vi, None), "");
}

#[test]
fn loss_is_said_with_its_counts_and_its_interval() {
    let loss = every_evidence().pop().expect("the last");
    assert_eq!(
        reason::evidence(&Words::of(Language::En), &loss),
        "behind it 30 of 400 echoes are lost, 7.5 % (95 %: 5.1 to 10.5); beside it 0.1 % of 2000"
    );
}

#[test]
fn vietnamese_incident_gives_its_reasons_in_vietnamese() {
    let [en, vi] = [Language::En, Language::Vi].map(Words::of);
    let mut picture = troubled();
    let mut incident = (*picture.incidents[0]).clone();
    incident.evidence = every_evidence();
    let behind = incident.cut_off[0].clone();
    picture.incidents[0] = Arc::new(incident);
    let picture = Arc::new(picture);
    let agency = format!("2/{behind}\n\n");
    for typed in ["4\n", &agency] {
        let shown = shown(&picture, typed, (200, 60));
        for each in every_evidence() {
            let [english, vietnamese] = [&en, &vi].map(|words| reason::evidence(words, &each));
            assert!(shown.contains(&vietnamese), "{vietnamese}:\n{shown}");
            assert!(!shown.contains(&english), "{english}:\n{shown}");
        }
    }
}

#[test]
fn vietnamese_agency_says_in_vietnamese_why() {
    let vi = Words::of(Language::Vi);
    let calm = troubled();
    let agency = AgencyId::from("a-luoi-1-ubnd");
    for why in Why::ALL {
        let mut picture = calm.clone();
        change(&mut picture, agency.as_str(), |view| {
            view.health = Health::Degraded;
            view.why = Some(why);
        });
        let shown = shown(&Arc::new(picture), &format!("2/{agency}\n\n"), (120, 40));
        let line = shown
            .lines()
            .find_map(|line| line.trim().strip_prefix(vi.text("detail.why")))
            .expect("a line that says why");
        assert_eq!(line.trim(), reason::why(&vi, Some(why)));
    }
}

#[test]
fn no_english_sentence_of_the_table_stands_on_a_vietnamese_screen() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/words.toml");
    let text = std::fs::read_to_string(path).expect("the table of words");
    let table: toml::Table = text.parse().expect("a table");
    // Single words may be names or ids as well; what has two is a phrase.
    let phrases: Vec<&str> = table
        .values()
        .filter(|entry| entry["en"] != entry["vi"])
        .flat_map(|entry| entry["en"].as_str().expect("a text").split("{}"))
        .map(str::trim)
        .filter(|phrase| phrase.len() > 6 && phrase.contains(' '))
        .collect();
    assert!(phrases.len() > 150, "{}", phrases.len());
    let picture = Arc::new(troubled());
    for typed in [
        "1", "2", "2\n", "3", "3\n", "4", "4\n", "4j\n", "4jj\n", "?", "3X", "2y", "2s", "2/zzz\n",
    ] {
        for size in [(80, 24), (120, 40), (200, 60)] {
            let shown = shown(&picture, typed, size);
            for phrase in &phrases {
                assert!(
                    !shown.contains(phrase),
                    "`{phrase}` after {typed:?}:\n{shown}"
                );
            }
        }
    }
}
