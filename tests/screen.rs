//! The dashboard without a terminal: every key on a pure screen, every page as it is drawn.

use std::sync::Arc;

use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use spanwatch::app::Picture;
use spanwatch::report::words::{Language, Words};
use spanwatch::tui::keys::{Intent, intent};
use spanwatch::tui::screen::{Effect, Screen, Tab};
use spanwatch::tui::theme::{Glyphs, Look, Theme};

use crate::picture::{moment, troubled};

fn look() -> Look {
    Look {
        theme: Theme::Dark,
        glyphs: Glyphs::Unicode,
        color: true,
    }
}

fn screen(size: (u16, u16), language: Language) -> Screen {
    Screen::new(size, Words::of(language), look())
}

/// The text of a buffer, line by line, without spaces at the ends.
fn text(buffer: &Buffer) -> String {
    let width = usize::from(buffer.area.width);
    let lines: Vec<String> = buffer
        .content
        .chunks(width)
        .map(|row| {
            let line: String = row.iter().map(|cell| cell.symbol()).collect();
            line.trim_end().to_owned()
        })
        .collect();
    lines.join("\n")
}

/// A key as it is typed.
fn press(screen: &mut Screen, picture: &Arc<Picture>, keys: &str) -> Option<Effect> {
    let mut effect = None;
    for key in keys.chars() {
        let code = match key {
            '\n' => KeyCode::Enter,
            '\u{1b}' => KeyCode::Esc,
            c => KeyCode::Char(c),
        };
        let event = KeyEvent::new(code, KeyModifiers::NONE);
        let meant = intent(event, screen.is_typing()).expect("a key of the table");
        effect = screen.update(meant, picture, moment());
    }
    effect
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

#[test]
fn every_page_looks_as_it_did() {
    let picture = Arc::new(troubled());
    let pages = [
        ("overview", "1"),
        ("agencies", "2"),
        ("agency", "2/loss>10% state=degraded\n\n"),
        ("weak", "3"),
        ("incidents", "4"),
        ("incident", "4\n"),
        ("palette", "?"),
        ("break", "3X"),
    ];
    for (name, keys) in pages {
        for size in SIZES {
            for (tongue, language) in [("en", Language::En), ("vi", Language::Vi)] {
                let mut screen = screen(size, language);
                press(&mut screen, &picture, keys);
                let drawn = spanwatch::tui::draw(&picture, &screen, moment());
                let name = format!("screen_{name}_{}x{}_{tongue}", size.0, size.1);
                insta::with_settings!({
                    snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true
                }, {
                    insta::assert_snapshot!(name, text(&drawn));
                });
            }
        }
    }
}
