//! The dashboard without a terminal: every key on a pure screen, every page as it is drawn.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use ratatui::buffer::{Buffer, Cell};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::style::{Color, Modifier};
use regex::Regex;
use spanwatch::analysis::hours::Limits;
use spanwatch::analysis::what_if::{Comparison, NewLink, Question, USUAL_KIND, kinds};
use spanwatch::app::interfaces::{Flaw, Standing};
use spanwatch::app::{Command, Picture, Setting};
use spanwatch::graph::mix;
use spanwatch::model::fault::{Fault, Severity};
use spanwatch::model::health::{Health, Why};
use spanwatch::model::incident::Evidence;
use spanwatch::model::network::{Maintenance, Network};
use spanwatch::model::text::is_unsafe;
use spanwatch::model::{AgencyId, Element, NodeId};
use spanwatch::report::words::{Language, Words};
use spanwatch::tui::draw;
use spanwatch::tui::keys::{BINDINGS, Edit, Intent, intent};
use spanwatch::tui::screen::grid::Grid;
use spanwatch::tui::screen::overlay::{Entry, Overlay, ends, entries};
use spanwatch::tui::screen::ports::{PortKey, PortOrder, find as find_port};
use spanwatch::tui::screen::ranks::{Peril, Rank};
use spanwatch::tui::screen::rows::Order;
use spanwatch::tui::screen::{Effect, LONGEST_COPY, Screen, Tab};
use spanwatch::tui::terminal::{Canvas, clipboard};
use spanwatch::tui::theme::{Glyphs, Look, Theme};

use crate::picture::{calm, change, counted, moment, reference, silence, troubled, weighed, wired};
use crate::sketch::Sketch;

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
            let line: String = row.iter().map(Cell::symbol).collect();
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
            '\t' => KeyCode::Tab,
            c => KeyCode::Char(c),
        };
        let event = KeyEvent::new(code, KeyModifiers::NONE);
        let meant = intent(event, screen.is_typing()).expect("a key of the table");
        effect = screen.update(meant, picture, moment());
    }
    effect
}

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (200, 60)];

fn later(seconds: i64) -> Timestamp {
    moment() + SignedDuration::from_secs(seconds)
}

fn wide() -> Screen {
    screen((120, 40), Language::En)
}

/// The place of the first cell in which a text begins.
fn find(buffer: &Buffer, wanted: &str) -> (u16, u16) {
    for (y, line) in text(buffer).lines().enumerate() {
        if let Some(at) = line.find(wanted) {
            return (line[..at].chars().count() as u16, y as u16);
        }
    }
    panic!("`{wanted}` is not on the screen:\n{}", text(buffer));
}

fn shows(screen: &Screen, picture: &Arc<Picture>, wanted: &str) -> bool {
    text(&draw(picture, screen, moment())).contains(wanted)
}

/// Answers what was asked in What-if, as the loop around the screen does.
fn answer(screen: &mut Screen) {
    if let Some(asked) = screen.scenario.asked() {
        let answered = asked.clone().answer();
        screen.scenario.take(answered);
    }
}

#[test]
fn every_page_looks_as_it_did() {
    let picture = Arc::new(counted(troubled()));
    let pages = [
        ("overview", "1"),
        ("agencies", "2"),
        ("agency", "2/loss>10% state=degraded\n\n"),
        ("weak", "3"),
        ("weak-today", "3v"),
        ("weak-pair", "3/kind=pair\n"),
        ("incidents", "4"),
        ("incident", "4\n"),
        ("palette", "?"),
        ("break", "3X"),
        ("what-if", "3jw"),
        ("what-if-none", "5"),
        ("what-if-ends", "5Apop-nam-dong\n"),
        ("what-if-built", "5Anam-dong-thcs\npop-vy-da\n"),
    ];
    for (name, keys) in pages {
        for size in SIZES {
            for (tongue, language) in [("en", Language::En), ("vi", Language::Vi)] {
                let mut screen = screen(size, language);
                press(&mut screen, &picture, keys);
                answer(&mut screen);
                let drawn = draw(&picture, &screen, moment());
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

#[test]
fn interfaces_look_as_they_did() {
    let picture = Arc::new(wired(troubled()));
    for (name, keys) in [("interfaces", "6"), ("interface", "6\n")] {
        for size in SIZES {
            for (tongue, language) in [("en", Language::En), ("vi", Language::Vi)] {
                let mut screen = screen(size, language);
                press(&mut screen, &picture, keys);
                let drawn = draw(&picture, &screen, moment());
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

#[test]
fn the_head_says_when_no_router_is_heard() {
    let mut picture = calm(reference());
    picture.hears_routers = false;
    let picture = Arc::new(picture);
    let mut heads = String::new();
    for language in [Language::En, Language::Vi] {
        for size in SIZES {
            let screen = screen(size, language);
            let drawn = text(&draw(&picture, &screen, moment()));
            let head: Vec<&str> = drawn.lines().take(3).collect();
            heads.push_str(&head.join("\n"));
            heads.push('\n');
        }
    }
    insta::with_settings!({
        snapshot_path => "golden", prepend_module_to_snapshot => false, omit_expression => true
    }, {
        insta::assert_snapshot!("screen_head_without_routers", heads);
    });
    let mut picture = (*picture).clone();
    picture.hears_routers = true;
    assert!(!shows(&wide(), &Arc::new(picture), "no routers"));
}

#[test]
fn what_differs_stands_on_top_and_is_all_that_a_problem_is() {
    let picture = Arc::new(wired(calm(reference())));
    let mut screen = wide();
    press(&mut screen, &picture, "6");
    let rows = screen.port_rows(&picture, moment());
    let at = |key: &PortKey| find_port(&picture, key, moment()).expect("a row");
    let standings: Vec<Standing> = rows.iter().map(|key| at(key).standing).collect();
    assert!(standings.is_sorted(), "{standings:?}");
    assert_eq!(standings[0], Standing::Down);
    let differ = standings.iter().filter(|each| **each == Standing::Differs);
    assert!(differ.count() >= 3, "a slow link and two moved cables");
    press(&mut screen, &picture, "!");
    let problems = screen.port_rows(&picture, moment());
    assert!(
        problems
            .iter()
            .all(|key| at(key).standing <= Standing::Unknown)
    );
    let count = standings
        .iter()
        .filter(|each| **each <= Standing::Unknown)
        .count();
    assert_eq!(problems.len(), count);
}

#[test]
fn next_problem_goes_from_port_to_port_and_comes_around() {
    let picture = Arc::new(wired(calm(reference())));
    let mut screen = wide();
    // By name, the second of the menu, so that the ports that differ lie between others.
    press(&mut screen, &picture, "6s");
    screen.update(Intent::Down, &picture, moment());
    press(&mut screen, &picture, "\n");
    assert_eq!(screen.port_order.0, PortOrder::Port);
    let rows = screen.port_rows(&picture, moment());
    let is_problem = |key: &PortKey| {
        let row = find_port(&picture, key, moment()).expect("a row");
        row.standing <= Standing::Unknown
    };
    let problems: Vec<&PortKey> = rows.iter().filter(|key| is_problem(key)).collect();
    assert!(problems.len() > 3 && !is_problem(&rows[0]));
    screen.port = Some(rows[0].clone());
    for problem in &problems {
        press(&mut screen, &picture, "n");
        assert_eq!(screen.port.as_ref(), Some(*problem));
    }
    press(&mut screen, &picture, "n");
    assert_eq!(screen.port.as_ref(), Some(problems[0]));
    press(&mut screen, &picture, "N");
    assert_eq!(screen.port.as_ref(), problems.last().copied());
    press(&mut screen, &picture, "/state=up\n");
    let before = screen.selected_port(&picture, moment());
    press(&mut screen, &picture, "n");
    assert_eq!(screen.selected_port(&picture, moment()), before);
    assert!(shows(
        &screen,
        &picture,
        "No port differs from what is declared."
    ));
}

#[test]
fn ports_of_what_is_worked_on_are_marked() {
    let picture = wired(calm(reference()));
    let network = Arc::clone(&picture.network);
    let link = network.links.values().find(|link| {
        let ends = link.ends().map(|end| &network.nodes[&end.node]);
        ends.iter().all(|node| node.snmp.is_some())
    });
    let link = link.expect("a link between two routers").clone();
    let at = |picture: &mut Picture, elements: Vec<Element>, hours: i64| {
        let from = moment() + SignedDuration::from_hours(hours);
        let mut parts = (**network).clone();
        parts.maintenances = vec![Maintenance {
            id: "works".into(),
            elements,
            from,
            to: from + SignedDuration::from_hours(2),
            reason: "a splice".to_owned(),
            ticket: None,
        }];
        picture.network = Arc::new(Network::prove(parts).expect("consistent"));
    };
    let marked = |picture: &Picture| {
        let picture = Arc::new(picture.clone());
        let mut screen = wide();
        press(&mut screen, &picture, "6/mark=maintenance\n");
        let rows = screen.port_rows(&picture, moment());
        let is_shown = rows.is_empty() || shows(&screen, &picture, "; maintenance");
        assert!(is_shown, "its sheet says so");
        let mut nodes: Vec<NodeId> = rows.into_iter().map(|row| row.node).collect();
        nodes.sort();
        nodes
    };
    let mut ends: Vec<NodeId> = link.ends().map(|end| end.node.clone()).into();
    ends.sort();
    let mut picture = picture;
    at(&mut picture, vec![Element::Link(link.id.clone())], -1);
    assert_eq!(marked(&picture), ends, "both ends of it, and no other port");
    at(&mut picture, vec![Element::Link(link.id.clone())], 1);
    assert_eq!(marked(&picture), [], "not yet");
    at(&mut picture, vec![Element::Node(link.a.node.clone())], -1);
    let of_node = marked(&picture);
    assert!(of_node.contains(&link.b.node), "the port that leads there");
    let own = of_node.iter().filter(|node| **node == link.a.node);
    let all = picture.nodes[&link.a.node].interfaces.as_ref();
    assert_eq!(own.count(), all.expect("polled").ports.len());
}

#[test]
fn interfaces_are_filtered_by_what_they_say() {
    let picture = Arc::new(wired(calm(reference())));
    let rows = |filter: &str| {
        let mut screen = wide();
        press(&mut screen, &picture, &format!("6/{filter}\n"));
        let wrong = screen.search(Tab::Interfaces).wrong.clone();
        assert!(wrong.is_none(), "{filter}: {wrong:?}");
        let keys = screen.port_rows(&picture, moment());
        let found = keys
            .iter()
            .map(|key| find_port(&picture, key, moment()).expect("a row"));
        found
            .map(|row| (row.node.id.to_string(), row.port.flaws.clone()))
            .collect::<Vec<_>>()
    };
    let slow = rows("mark=slow");
    assert_eq!(slow, [("core-1".to_owned(), vec![Flaw::Slow])]);
    assert!(rows("mark=moved").iter().any(|(node, _)| node == "core-3"));
    assert!(rows("node=core-2 state=down").len() == 1);
    assert!(rows("util>60%").len() < rows("util>10%").len());
    assert!(!rows("speed<100M").is_empty() && rows("speed<1M").is_empty());
    let all = rows("");
    assert!(rows("age<5m").len() < all.len(), "one device is silent");
}

#[test]
fn a_sorted_list_of_interfaces_keeps_the_selected_one() {
    let picture = Arc::new(wired(calm(reference())));
    let mut screen = wide();
    press(&mut screen, &picture, "6jj");
    let selected = screen.selected_port(&picture, moment());
    // To the fifth of the menu: how busy it is.
    press(&mut screen, &picture, "s");
    for _ in 0..5 {
        screen.update(Intent::Down, &picture, moment());
    }
    press(&mut screen, &picture, "\n");
    assert_eq!(screen.port_order.0, PortOrder::Util);
    let rows = screen.port_rows(&picture, moment());
    let busy = |key: &PortKey| find_port(&picture, key, moment()).and_then(|row| row.busy());
    assert!(busy(&rows[0]) >= busy(&rows[1]) && busy(&rows[1]) > Some(0.5));
    assert_eq!(screen.selected_port(&picture, moment()), selected);
    press(&mut screen, &picture, "r");
    let first = &screen.port_rows(&picture, moment())[0];
    assert!(busy(first) < Some(0.1), "the idlest first");
}

#[test]
fn a_link_is_broken_and_marked_from_its_interface() {
    let picture = Arc::new(wired(calm(reference())));
    let mut screen = wide();
    press(&mut screen, &picture, "6/mark=slow\n");
    press(&mut screen, &picture, "X");
    let Some(Overlay::Break { choices, .. }) = &screen.overlay else {
        panic!("a menu");
    };
    assert!(matches!(
        &choices[0].command,
        Command::Cut(Element::Link(_))
    ));
    assert_eq!(
        choices[1].command,
        Command::Cut(Element::Node("core-1".into()))
    );
    press(&mut screen, &picture, "\u{1b}x");
    assert!(matches!(screen.scenario.failed(), [Element::Link(_)]));
    press(&mut screen, &picture, "y");
    let Some(Overlay::Copy { items, .. }) = &screen.overlay else {
        panic!("a menu");
    };
    let (_, json) = items.last().expect("JSON");
    let json: serde_json::Value = serde_json::from_str(json).expect("JSON");
    assert_eq!(json["differs"], serde_json::json!(["slow"]));
    assert_eq!(json["neighbour"], json["seen"][0]);
}

#[test]
fn every_agency_is_one_cell_on_every_size_from_80x24_up() {
    let picture = Arc::new(troubled());
    for language in [Language::En, Language::Vi] {
        for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
            for size in [
                (80, 24),
                (80, 25),
                (100, 30),
                (110, 30),
                (120, 40),
                (160, 50),
                (200, 60),
            ] {
                let mut screen = screen(size, language);
                screen.look.glyphs = glyphs;
                let drawn = draw(&picture, &screen, moment());
                let layout = screen.layout(&picture);
                let Grid::Cells { cells, height, .. } = &layout.grid else {
                    panic!("{size:?} shows no cells");
                };
                let head = screen.head(&picture);
                let mut seen = std::collections::BTreeSet::new();
                let mut found = std::collections::BTreeMap::new();
                for cell in cells {
                    assert!(
                        cell.x < layout.left && cell.y < *height,
                        "{size:?}: a cell is clipped"
                    );
                    assert!(
                        seen.insert((cell.x, cell.y)),
                        "{size:?}: two agencies share a cell"
                    );
                    let symbol = drawn[(cell.x, head + cell.y)].symbol().to_owned();
                    *found.entry(symbol).or_insert(0) += 1;
                }
                assert_eq!(cells.len(), 483, "{size:?}");
                assert!(
                    u32::from(head + height) < u32::from(size.1),
                    "{size:?}: the grid runs out"
                );
                let look = screen.look;
                let count = |health| found.get(look.glyph(health)).copied().unwrap_or(0);
                assert_eq!(count(Health::Down), 1, "{size:?}");
                assert_eq!(count(Health::Degraded), 2, "{size:?}");
                assert_eq!(count(Health::Unknown), 1, "{size:?}");
                assert_eq!(found.get("m"), Some(&2), "{size:?}");
                let counts = picture.counts(moment());
                assert_eq!(count(Health::Shadowed), counts.shadowed, "{size:?}");
                assert_eq!(count(Health::Up), counts.up - 2, "{size:?}");
            }
        }
    }
}

#[test]
fn a_place_on_the_grid_never_moves() {
    let well = calm(reference());
    let ill = troubled();
    for size in SIZES {
        let screen = screen(size, Language::En);
        assert_eq!(screen.layout(&well).grid, screen.layout(&ill).grid);
    }
}

#[test]
fn states_have_their_colours_and_words_have_none() {
    let mut picture = troubled();
    picture.setting = Setting::Live;
    let picture = Arc::new(picture);
    let mut screen = wide();
    let drawn = draw(&picture, &screen, moment());
    let layout = screen.layout(&picture);
    let head = screen.head(&picture);
    let Grid::Cells { cells, .. } = &layout.grid else {
        panic!("cells");
    };
    let place = |id: &str| {
        let cell = cells
            .iter()
            .find(|cell| cell.agency.as_str() == id)
            .expect("a cell");
        (cell.x, head + cell.y)
    };
    let down = &drawn[place("phu-xuan-ubnd")];
    assert_eq!(down.fg, Color::Indexed(160));
    // 41 s ago: reversed until 60 s have passed.
    assert!(down.modifier.contains(Modifier::REVERSED | Modifier::BOLD));
    let old = draw(&picture, &screen, later(20));
    assert!(
        !old[place("phu-xuan-ubnd")]
            .modifier
            .contains(Modifier::REVERSED)
    );
    let up = &drawn[place("phu-xuan-dang-uy")];
    assert_eq!((up.symbol(), up.fg), ("▪", Color::Indexed(33)));
    let (x, y) = find(&drawn, "behind");
    for at in x..x + 6 {
        assert_eq!(drawn[(at, y)].fg, Color::Reset);
    }
    screen.update(Intent::Theme, &picture, moment());
    let light = draw(&picture, &screen, moment());
    assert_eq!(light[place("phu-xuan-ubnd")].fg, Color::Indexed(126));
    assert_eq!(light[place("phu-xuan-dang-uy")].fg, Color::Indexed(69));
    screen.look.color = false;
    let plain = draw(&picture, &screen, moment());
    assert!(
        plain
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.bg == Color::Reset)
    );
}

#[test]
fn old_data_look_old() {
    let picture = Arc::new(troubled());
    let screen = wide();
    let drawn = draw(&picture, &screen, later(60));
    assert!(text(&drawn).contains("? 483 unknown"), "{}", text(&drawn));
    let (x, y) = find(&drawn, "1 m");
    assert!(
        drawn[(x, y)].modifier.contains(Modifier::REVERSED),
        "the age stands out"
    );
}

#[test]
fn no_key_means_two_things_on_one_page_and_every_key_has_a_word() {
    for tab in Tab::ALL {
        let mut taken = std::collections::BTreeSet::new();
        for binding in BINDINGS {
            if binding.on.is_empty() || binding.on.contains(&tab) {
                for key in binding.keys {
                    assert!(
                        taken.insert(format!("{key:?}")),
                        "{key:?} means two things on {tab:?}"
                    );
                }
            }
        }
    }
    let (en, vi) = (Words::of(Language::En), Words::of(Language::Vi));
    for binding in BINDINGS {
        assert!(
            en.has(binding.word) && vi.has(binding.word),
            "{}",
            binding.word
        );
    }
}

#[test]
fn letters_keep_their_meaning_with_shift_and_caps() {
    let key = |code, modifiers| intent(KeyEvent::new(code, modifiers), false);
    assert_eq!(
        key(KeyCode::Char('G'), KeyModifiers::SHIFT),
        Some(Intent::Last)
    );
    assert_eq!(
        key(KeyCode::Char('C'), KeyModifiers::CONTROL),
        Some(Intent::Quit)
    );
    assert_eq!(
        key(KeyCode::BackTab, KeyModifiers::SHIFT),
        Some(Intent::PreviousTab)
    );
    assert_eq!(key(KeyCode::Char('x'), KeyModifiers::ALT), None);
    let typed = |code, modifiers| intent(KeyEvent::new(code, modifiers), true);
    assert_eq!(
        typed(KeyCode::Char('q'), KeyModifiers::NONE),
        Some(Intent::Type('q'))
    );
    assert_eq!(
        typed(KeyCode::Char('w'), KeyModifiers::CONTROL),
        Some(Intent::Edit(Edit::EraseWord))
    );
    assert_eq!(
        typed(KeyCode::Char('c'), KeyModifiers::CONTROL),
        Some(Intent::Quit)
    );
}

#[test]
fn numbers_and_tab_turn_the_pages() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    for (key, tab) in ["2", "3", "4", "5", "6", "1"].into_iter().zip([
        Tab::Agencies,
        Tab::Weak,
        Tab::Incidents,
        Tab::WhatIf,
        Tab::Interfaces,
        Tab::Overview,
    ]) {
        press(&mut screen, &picture, key);
        assert_eq!(screen.tab, tab);
    }
    screen.update(Intent::NextTab, &picture, moment());
    assert_eq!(screen.tab, Tab::Agencies);
    screen.update(Intent::PreviousTab, &picture, moment());
    screen.update(Intent::PreviousTab, &picture, moment());
    assert_eq!(screen.tab, Tab::Interfaces);
}

#[test]
fn the_grid_is_walked_cell_by_cell() {
    let picture = Arc::new(troubled());
    let mut screen = screen((80, 24), Language::En);
    let layout = screen.layout(&picture);
    let all: Vec<AgencyId> = layout.grid.agencies().into_iter().cloned().collect();
    press(&mut screen, &picture, "j");
    assert_eq!(
        screen.agency.as_ref(),
        Some(&all[0]),
        "the first step selects the first cell"
    );
    press(&mut screen, &picture, "l");
    assert_eq!(screen.agency.as_ref(), Some(&all[1]));
    press(&mut screen, &picture, "jjkhh");
    assert_eq!(screen.agency.as_deref_id(), "a-luoi-2-quan-su");
    press(&mut screen, &picture, "G");
    assert_eq!(screen.agency.as_ref(), all.last());
    press(&mut screen, &picture, "g");
    assert_eq!(screen.agency.as_ref(), Some(&all[0]));
    assert!(
        shows(&screen, &picture, "Ban Chỉ huy quân sự xã A Lưới 1"),
        "the selected cell says its name"
    );
}

trait Named {
    fn as_deref_id(&self) -> &str;
}

impl Named for Option<AgencyId> {
    fn as_deref_id(&self) -> &str {
        self.as_ref().map_or("nobody", AgencyId::as_str)
    }
}

#[test]
fn next_problem_finds_every_problem_and_comes_around() {
    let picture = Arc::new(troubled());
    let mut screen = screen((80, 24), Language::En);
    let mut found = std::collections::BTreeSet::new();
    for _ in 0..29 {
        press(&mut screen, &picture, "n");
        found.insert(screen.agency.clone().expect("a problem"));
    }
    assert_eq!(found.len(), 29, "1 down, 25 behind, 2 degraded, 1 unknown");
    let last = screen.agency.clone();
    press(&mut screen, &picture, "n");
    press(&mut screen, &picture, "N");
    assert_eq!(screen.agency, last);
    let well = Arc::new(calm(reference()));
    press(&mut screen, &well, "n");
    assert!(shows(&screen, &well, "Every agency is up."));
}

#[test]
fn enter_opens_the_cell_and_esc_goes_back_step_by_step() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    press(&mut screen, &picture, "\n");
    assert_eq!((screen.tab, screen.open), (Tab::Agencies, true));
    assert_eq!(
        screen.agency.as_deref_id(),
        "phu-xuan-ubnd",
        "nobody selected: the worst"
    );
    press(&mut screen, &picture, "\u{1b}");
    assert_eq!((screen.tab, screen.open), (Tab::Overview, false));
    press(&mut screen, &picture, "2!/cong an\n");
    assert!(screen.problems && !screen.search(Tab::Agencies).is_empty());
    press(&mut screen, &picture, "\u{1b}");
    assert!(
        screen.search(Tab::Agencies).is_empty(),
        "first the filter goes"
    );
    press(&mut screen, &picture, "\u{1b}");
    assert!(!screen.problems, "then the problems");
    press(&mut screen, &picture, "\u{1b}");
    assert_eq!(screen.tab, Tab::Overview, "then the page");
}

#[test]
fn a_selection_follows_its_agency_and_rows_wait_for_a_quiet_moment() {
    let before = Arc::new(calm(reference()));
    let mut screen = wide();
    press(&mut screen, &before, "2jjj");
    let selected = screen.selected_agency(&before, moment()).expect("a row");
    let rows = screen.agency_rows(&before, moment());
    assert_eq!(rows.iter().position(|id| *id == selected), Some(3));
    let mut after = calm(reference());
    silence(&mut after, rows[40].as_str(), Health::Down, 1, None);
    let after = Arc::new(after);
    assert_eq!(
        screen.agency_rows(&after, later(4)),
        rows,
        "nothing slides under a finger"
    );
    let sorted = screen.agency_rows(&after, later(6));
    assert_eq!(sorted[0], rows[40], "then the worst comes first");
    assert_eq!(sorted.iter().position(|id| *id == selected), Some(4));
    assert_eq!(
        screen.selected_agency(&after, later(6)),
        Some(selected),
        "by id, not by row"
    );
}

#[test]
fn sort_menu_reverse_and_pin_order_the_rows() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    press(&mut screen, &picture, "2s");
    assert!(shows(&screen, &picture, "Sort by"));
    press(&mut screen, &picture, "j\n");
    assert_eq!(screen.order, (Order::Name, false));
    let by_name = screen.agency_rows(&picture, moment());
    let name = |id: &AgencyId| picture.network.agencies[id].name.clone();
    assert!(name(&by_name[0]).starts_with("Ban "));
    press(&mut screen, &picture, "r");
    let reversed = screen.agency_rows(&picture, moment());
    assert_eq!(name(&reversed[0]), "Viện kiểm sát nhân dân thành phố");
    press(&mut screen, &picture, "ggf");
    let pinned = screen.pinned.clone().expect("a pin");
    press(&mut screen, &picture, "r/phu xuan\n");
    assert_eq!(
        screen.agency_rows(&picture, moment())[0],
        pinned,
        "whatever the order and the filter"
    );
    press(&mut screen, &picture, "gf");
    assert_eq!(screen.pinned, None);
}

#[test]
fn every_order_has_a_first_row_and_keeps_everybody() {
    let picture = Arc::new(troubled());
    for order in Order::ALL {
        for reverse in [false, true] {
            let mut screen = wide();
            press(&mut screen, &picture, "2");
            screen.order = (order, reverse);
            let rows = screen.agency_rows(&picture, later(60));
            assert_eq!(rows.len(), 483, "{order:?}");
        }
    }
    let mut slow = wide();
    slow.order = (Order::Rtt, false);
    let rows = slow.agency_rows(&picture, moment());
    assert_eq!(
        picture.agency(&rows[0]).rtt.expect("slow").last,
        Duration::from_millis(184)
    );
}

#[test]
fn a_filter_keeps_its_last_good_form_and_says_what_is_wrong() {
    let picture = Arc::new(troubled());
    let mut screen = screen((120, 40), Language::En);
    press(&mut screen, &picture, "2/state=degraded");
    assert_eq!(
        screen.agency_rows(&picture, moment()).len(),
        2,
        "it filters while it is typed"
    );
    press(&mut screen, &picture, " (");
    assert_eq!(
        screen.agency_rows(&picture, moment()).len(),
        2,
        "the last good form holds"
    );
    let wrong = screen.search(Tab::Agencies).wrong.clone().expect("a fault");
    let drawn = draw(&picture, &screen, moment());
    let line = text(&drawn);
    assert!(
        line.contains(&wrong.message[..20.min(wrong.message.len())]),
        "{line}"
    );
    assert!(
        text(&drawn)
            .lines()
            .last()
            .expect("a footer")
            .starts_with(" /state=degraded (")
    );
    assert!(
        (17..=18).any(|x| drawn[(x, 39)].modifier.contains(Modifier::UNDERLINED)),
        "what is missing is shown where it is missing"
    );
    press(&mut screen, &picture, "\n");
    assert!(screen.is_typing(), "Enter does not take a wrong filter");
    press(&mut screen, &picture, "\u{1b}");
    assert!(
        !screen.is_typing() && screen.search(Tab::Agencies).is_empty(),
        "Esc brings back what was"
    );
    press(&mut screen, &picture, "/los=1");
    let drawn = draw(&picture, &screen, moment());
    assert!(
        drawn[(2, 39)].modifier.contains(Modifier::UNDERLINED),
        "the wrong word is underlined"
    );
    let mut vietnamese = Screen::new((120, 40), Words::of(Language::Vi), look());
    press(&mut vietnamese, &picture, "2/stat=down");
    assert!(shows(
        &vietnamese,
        &picture,
        "Không có trường `stat`. Có phải `state`?"
    ));
    press(&mut screen, &picture, "\u{1b}/loss>10% state!=shadowed\n");
    assert_eq!(screen.agency_rows(&picture, moment()).len(), 1);
    press(&mut screen, &picture, "3/kind=risk\n");
    let risks = screen.weak_rows(&picture);
    assert!(
        !risks.is_empty()
            && risks
                .iter()
                .all(|rank| matches!(rank.peril, Peril::Alone(Element::Risk(_))))
    );
    press(&mut screen, &picture, "4/state=open\n");
    assert_eq!(screen.incident_rows(&picture, moment()).len(), 3);
}

#[test]
fn pause_keeps_the_picture_and_the_age_counts_up() {
    let picture = Arc::new(calm(reference()));
    let mut screen = wide();
    press(&mut screen, &picture, "p");
    let mut worse = calm(reference());
    silence(&mut worse, "phu-xuan-ubnd", Health::Down, 1, None);
    let worse = Arc::new(worse);
    let held = text(&draw(&worse, &screen, later(40)));
    assert!(held.contains("PAUSED") && held.contains("42 s"), "{held}");
    assert!(
        held.contains("▪ 483 up"),
        "what is held is shown as it was: {held}"
    );
    press(&mut screen, &worse, "p");
    assert!(shows(&screen, &worse, "✖ 1 down"));
}

#[test]
fn copying_gives_the_text_to_the_terminal() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    press(&mut screen, &picture, "2y");
    assert_eq!(
        press(&mut screen, &picture, "\n"),
        Some(Effect::Copy("phu-xuan-ubnd".into()))
    );
    press(&mut screen, &picture, "yjj");
    assert_eq!(
        press(&mut screen, &picture, "\n"),
        Some(Effect::Copy("10.48.2.11".into()))
    );
    let Some(Effect::Copy(json)) = press(&mut screen, &picture, "yk\n") else {
        panic!("JSON");
    };
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["state"], "down");
    assert!(matches!(press(&mut screen, &picture, "3y\n"), Some(Effect::Copy(id)) if id == "dc"));
    assert!(
        matches!(press(&mut screen, &picture, "4y\n"), Some(Effect::Copy(id)) if id == "I-0012")
    );
    assert_eq!(clipboard("Huế"), b"\x1b]52;c;SHXhur8=\x07");
}

#[test]
fn what_cannot_be_copied_can_be_shown_without_a_frame() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    press(&mut screen, &picture, "2Y");
    let drawn = draw(&picture, &screen, moment());
    let shown = text(&drawn);
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines[..2], ["id:", "phu-xuan-ubnd"], "{shown}");
    assert!(lines.contains(&"10.48.2.11"), "{shown}");
    assert!(shown.contains("phu-xuan-ubnd  Ủy ban"), "{shown}");
    // All of it is JSON that a program reads, and nothing on the screen is anything but text.
    let json = lines.iter().position(|line| *line == "{").expect("JSON");
    let end = lines.iter().position(|line| *line == "}").expect("an end");
    let json: serde_json::Value = serde_json::from_str(&lines[json..=end].concat()).expect("JSON");
    assert_eq!(json["state"], "down");
    assert!(
        drawn
            .content
            .iter()
            .all(|cell| cell.fg == Color::Reset && cell.modifier.is_empty())
    );
    for frame in ["─", "│", "483"] {
        assert!(!shown.contains(frame), "{shown}");
    }
    press(&mut screen, &picture, "\u{1b}");
    assert!(shows(&screen, &picture, "483"), "Esc goes back");
    // From the menu too, on every page that has something to copy; the end can be reached in a small window.
    screen.size = (40, 10);
    for page in ["2", "3", "4"] {
        press(&mut screen, &picture, page);
        press(&mut screen, &picture, "yY");
        assert!(
            matches!(screen.overlay, Some(Overlay::Plain { .. })),
            "{page}"
        );
        press(&mut screen, &picture, "G");
        assert!(
            text(&draw(&picture, &screen, moment())).contains("\n}"),
            "{page}"
        );
        press(&mut screen, &picture, "gY");
        assert!(screen.overlay.is_none());
    }
    screen.redact = true;
    press(&mut screen, &picture, "2Y");
    assert!(!text(&draw(&picture, &screen, moment())).contains("10.48"));
}

#[test]
fn the_day_shows_when_agencies_were_cut_off_and_when_nobody_watched() {
    let mut picture = calm(reference());
    // Ten hours of watching, a peak of four and one of twenty at 03:00, and a gap of an hour.
    let mut peaks = vec![Some(0); 40];
    peaks[10] = Some(4);
    peaks[18] = Some(20);
    peaks[30..34].fill(None);
    picture.cut_off_peaks = peaks;
    let picture = Arc::new(picture);
    for glyphs in [Glyphs::Unicode, Glyphs::Ascii] {
        for size in SIZES {
            let mut screen = screen(size, Language::En);
            screen.look.glyphs = glyphs;
            let drawn = text(&draw(&picture, &screen, moment()));
            let heights = screen.look.heights();
            let line = drawn
                .lines()
                .map(|line| line.split('│').next().unwrap_or(line))
                .find(|line| line.matches(heights[7]).count() == 1 && line.contains(heights[3]))
                .unwrap_or_else(|| panic!("{size:?}: no strip in\n{drawn}"));
            assert_eq!(line.trim_end().contains("24 h"), size.0 == 80, "{line}");
            assert!(drawn.contains("most 20 at 02:45"), "{drawn}");
            let watched = line.matches(heights[0]).count();
            // One bar a quarter, or one for two, in which half of the gap is hidden.
            assert_eq!(watched, if size.0 == 200 { 34 } else { 18 }, "{line}");
            assert_eq!(drawn.contains("06:00"), size.0 > 80, "{drawn}");
        }
    }
    let mut calm = calm(reference());
    calm.cut_off_peaks = vec![Some(0)];
    assert!(shows(&wide(), &Arc::new(calm), "nobody cut off"));
}

#[test]
fn what_is_too_long_for_a_clipboard_is_not_copied() {
    let mut picture = troubled();
    let mut long = (*picture.incidents[0]).clone();
    long.evidence = vec![Evidence::Unsent("x".repeat(LONGEST_COPY).into())];
    picture.incidents[0] = Arc::new(long);
    let picture = Arc::new(picture);
    let mut screen = wide();
    assert_eq!(press(&mut screen, &picture, "4yk\n"), None);
    assert!(shows(&screen, &picture, "too many for a terminal"));
}

#[test]
fn things_are_broken_in_the_lab_only_and_only_after_a_question() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    let agency = AgencyId::from("phu-xuan-ubnd");
    assert_eq!(press(&mut screen, &picture, "2X"), None, "first it asks");
    let Some(Overlay::Break { choices, .. }) = &screen.overlay else {
        panic!("a question");
    };
    assert_eq!(
        choices[0].command,
        Command::Cut(Element::Node("phu-xuan-ubnd".into()))
    );
    assert_eq!(choices[0].cuts_off, [agency]);
    assert!(
        choices
            .iter()
            .any(|choice| matches!(choice.command, Command::Cut(Element::Link(_))))
    );
    assert_eq!(
        choices.last().expect("a way back").command,
        Command::RestoreAll
    );
    assert!(shows(
        &screen,
        &picture,
        "Agencies cut off even with everything else up: 1."
    ));
    assert_eq!(
        press(&mut screen, &picture, "\n"),
        Some(Effect::Command(Command::Cut(Element::Node(
            "phu-xuan-ubnd".into()
        ))))
    );
    assert!(screen.overlay.is_none());
    // The incident's cause is broken already: the key mends it.
    assert_eq!(
        press(&mut screen, &picture, "4gX\n"),
        Some(Effect::Command(Command::Restore(picture.broken[0].clone())))
    );
    assert_eq!(
        press(&mut screen, &picture, "X\u{1b}"),
        None,
        "Esc leaves it"
    );
    screen.read_only = true;
    assert_eq!(press(&mut screen, &picture, "X\n"), None);
    screen.read_only = false;
    let mut live = troubled();
    live.setting = Setting::Live;
    let live = Arc::new(live);
    let mut screen = wide();
    assert_eq!(press(&mut screen, &live, "2X"), None);
    assert!(
        screen.overlay.is_none(),
        "on a real network there is no question"
    );
    assert!(shows(&screen, &live, "in the lab only"));
    assert!(
        !text(&draw(&live, &wide(), moment())).contains("X break"),
        "nor a key in the footer"
    );
}

#[test]
fn the_palette_is_the_help_and_finds_agencies_without_marks() {
    let picture = Arc::new(troubled());
    let words = Words::of(Language::En);
    let all = entries("", &picture, &words);
    assert_eq!(all.len(), BINDINGS.len() - 1, "every key but its own");
    let mut screen = wide();
    press(&mut screen, &picture, "?dark");
    press(&mut screen, &picture, "\n");
    assert_eq!(screen.look.theme, Theme::Light, "Enter runs it");
    press(&mut screen, &picture, "?uy ban nhan dan phuong phu bai");
    let found = entries("uy ban nhan dan phuong phu bai", &picture, &words);
    assert!(
        matches!(found.as_slice(), [Entry::Agency(id)] if id.as_str() == "phu-bai-ubnd"),
        "{found:?}"
    );
    press(&mut screen, &picture, "\n");
    assert_eq!((screen.tab, screen.open), (Tab::Agencies, true));
    assert_eq!(screen.agency.as_deref_id(), "phu-bai-ubnd");
    assert_eq!(press(&mut screen, &picture, "?quit\n"), Some(Effect::Quit));
}

#[test]
fn details_scroll_and_stay_within_their_text() {
    let picture = Arc::new(troubled());
    let mut screen = screen((80, 24), Language::En);
    press(&mut screen, &picture, "3\n");
    assert!(shows(
        &screen,
        &picture,
        "node Trung tâm dữ liệu dùng chung"
    ));
    press(&mut screen, &picture, "G");
    let end = text(&draw(&picture, &screen, moment()));
    assert!(!end.contains("more lines"), "{end}");
    press(&mut screen, &picture, "g");
    assert!(shows(
        &screen,
        &picture,
        "node Trung tâm dữ liệu dùng chung"
    ));
}

#[test]
fn a_window_too_small_shows_counts_and_the_worst_incident() {
    let picture = Arc::new(troubled());
    let screen = screen((38, 9), Language::En);
    let drawn = text(&draw(&picture, &screen, moment()));
    let lines: Vec<&str> = drawn.lines().filter(|line| !line.is_empty()).collect();
    assert_eq!(lines.len(), 2, "{drawn}");
    assert!(lines[0].starts_with("483  ✖ 1  ◌ 25"), "{drawn}");
    assert!(lines[1].starts_with("✖ I-0012"), "{drawn}");
}

/// Networks that are nothing like the reference network.
fn strangers() -> Vec<Picture> {
    let few = Sketch::new(&["hub"]).agencies("hub", &["a", "b", "c"]);
    let names: Vec<String> = (0..2_000).map(|at| format!("agency{at}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let many = Sketch::new(&["hub"]).agencies("hub", &names);
    vec![calm(weighed(few.network())), calm(weighed(many.network()))]
}

#[test]
fn other_networks_and_odd_windows_are_drawn_too() {
    let mut pictures = strangers();
    pictures.push(troubled());
    for picture in pictures {
        let total = picture.network.agencies.len();
        let picture = Arc::new(picture);
        for width in [1, 2, 39, 40, 60, 80, 109, 110, 250] {
            for height in [1, 9, 10, 14, 24, 70] {
                for keys in [
                    "1", "2", "3", "4", "2\n", "1X", "1?", "1jX", "2s", "2y", "2/x",
                ] {
                    let mut screen = screen((width, height), Language::Vi);
                    press(&mut screen, &picture, keys);
                    let drawn = draw(&picture, &screen, moment());
                    assert_eq!((drawn.area.width, drawn.area.height), (width, height));
                }
            }
        }
        let layout = wide().layout(&picture);
        assert_eq!(layout.grid.agencies().len(), total);
    }
}

#[test]
fn an_edit_that_was_refused_and_an_example_are_said() {
    let mut picture = calm(reference());
    assert!(picture.network.example);
    let screen = screen((80, 24), Language::En);
    picture.refused_edit = Arc::from([Fault {
        code: "T0107",
        severity: Severity::Error,
        message: "link `a` ends at a node that does not exist".into(),
        place: None,
        label: None,
        related: Vec::new(),
        help: None,
    }]);
    let picture = Arc::new(picture);
    assert!(shows(&screen, &picture, "The edited topology was refused"));
    let vietnamese = Screen::new((120, 40), Words::of(Language::Vi), look());
    assert!(shows(
        &vietnamese,
        &picture,
        "T0107 một đầu nối không tồn tại: a"
    ));
    assert!(shows(&screen, &picture, "illustrative data"));
    let Grid::Cells { cells, .. } = screen.layout(&picture).grid else {
        panic!("the cells stay");
    };
    assert_eq!(cells.len(), 483);
}

#[test]
fn addresses_are_hidden_where_that_was_asked_for() {
    let picture = Arc::new(troubled());
    let mut screen = screen((200, 60), Language::En);
    screen.redact = true;
    let address = Regex::new(r"\b10\.\d+\.\d+\.\d+").expect("a pattern");
    for keys in ["1", "2", "2\n", "3", "4", "4\n"] {
        press(&mut screen, &picture, keys);
        let drawn = text(&draw(&picture, &screen, moment()));
        assert!(!address.is_match(&drawn), "{keys}: {drawn}");
        press(&mut screen, &picture, "\u{1b}");
    }
}

#[test]
fn hostile_names_reach_the_terminal_as_harmless_text() {
    let mut sketch = Sketch::new(&["hub"]).agencies("hub", &["a", "b"]);
    let parts = &mut sketch.0;
    let hostile = "Uy\u{309} ban\u{1b}]0;pwned\u{7}\u{1b}[2J \u{202E}gnp\u{200B}\u{9b}31m\r\n";
    for agency in parts.agencies.values_mut() {
        agency.name = hostile.into();
        agency.contact.phone = Some(hostile.into());
    }
    for node in parts.nodes.values_mut() {
        node.name = hostile.into();
        node.vendor = Some(hostile.into());
    }
    parts.name = hostile.into();
    let mut picture = calm(weighed(sketch.network()));
    change(&mut picture, "a", |view| {
        view.health = Health::Degraded;
        view.why = Some(Why::Loss);
        view.device = Some(Arc::new(crate::picture::device()));
    });
    let mut incident = (*troubled().incidents[0]).clone();
    incident.evidence = vec![
        Evidence::Unsent(hostile.into()),
        Evidence::Silent(hostile.into()),
    ];
    incident.causes = vec![Element::Node("a".into())];
    incident.cut_off = vec!["a".into()];
    incident.one_path = Vec::new();
    picture.incidents = vec![Arc::new(incident)];
    let picture = Arc::new(picture);
    let sequence = Regex::new(r"\x1b\[[0-9;?]*[a-zA-Z]").expect("a pattern");
    for size in [(80, 24), (120, 40), (30, 5)] {
        for keys in [
            "1", "1j", "2", "2\n", "3\n", "4", "4\n", "2X", "2y", "?gnp", "2/gnp",
        ] {
            let mut screen = screen(size, Language::En);
            press(&mut screen, &picture, keys);
            let drawn = draw(&picture, &screen, moment());
            let bytes = Canvas::default().frame(&drawn).expect("a first frame");
            let written = String::from_utf8(bytes).expect("UTF-8");
            let left = sequence.replace_all(&written, "");
            let bad: Vec<char> = left.chars().filter(|c| is_unsafe(*c)).collect();
            assert!(bad.is_empty(), "{size:?} {keys:?}: {bad:?} in {left:?}");
        }
    }
    // Both spellings of one letter take one cell.
    assert_eq!(
        spanwatch::tui::text::width("Uy\u{309}"),
        spanwatch::tui::text::width("Uỷ")
    );
}

#[test]
fn texts_are_cut_by_letters_and_wrapped_by_words() {
    use spanwatch::tui::text::{fit, pad, right, width, wrap};
    assert_eq!(fit("Hương Thủy", 8, "…"), "Hương T…");
    assert_eq!(fit("Hương Thủy", 7, "…"), "Hương…");
    assert_eq!(width(&fit("e\u{301}e\u{301}e\u{301}e\u{301}", 3, "~")), 3);
    assert_eq!(
        fit("\u{65}\u{302}\u{301}xyz", 2, "~"),
        "\u{65}\u{302}\u{301}~",
        "a mark stays with its letter"
    );
    assert_eq!(
        fit("網絡網絡", 4, "~"),
        "網~",
        "a wide letter is not halved"
    );
    assert_eq!(pad("網", 4, "~"), "網  ");
    assert_eq!(right("7", 3, "~"), "  7");
    assert_eq!(wrap("một hai ba", 7), ["một hai", "ba"]);
    assert_eq!(wrap("abcdefgh", 3), ["abc", "def", "gh"]);
}

#[test]
fn an_unchanged_frame_writes_nothing_and_a_changed_one_is_synchronized() {
    let picture = Arc::new(troubled());
    let screen = wide();
    let mut canvas = Canvas::default();
    let first = draw(&picture, &screen, moment());
    let bytes = canvas.frame(&first).expect("a first frame");
    assert!(bytes.starts_with(b"\x1b[?2026h") && bytes.ends_with(b"\x1b[?2026l"));
    canvas.shown(first);
    assert_eq!(canvas.frame(&draw(&picture, &screen, moment())), None);
    let next = canvas
        .frame(&draw(&picture, &screen, later(1)))
        .expect("the clock");
    assert!(next.len() < 150, "{} bytes for a second", next.len());
}

/// One second in four pictures, over an hour: everybody is asked every ten seconds, a commune goes silent every
/// five minutes for two, and somebody is lossy. Returns the bytes of each second.
fn hour(keys: &str, seconds: u32) -> Vec<usize> {
    let mut picture = counted(calm(reference()));
    let nodes: Vec<String> = picture
        .network
        .agencies
        .values()
        .map(|agency| agency.node.to_string())
        .collect();
    let incident = troubled().incidents[0].clone();
    let behind: Vec<String> = incident.cut_off.iter().map(ToString::to_string).collect();
    let mut screen = wide();
    press(&mut screen, &Arc::new(picture.clone()), keys);
    let mut canvas = Canvas::default();
    let mut written = Vec::new();
    for second in 0..u64::from(seconds) {
        let mut bytes = 0;
        for quarter in 0..4 {
            let now = moment() + Duration::from_millis(second * 1_000 + quarter * 250);
            picture.at = now;
            let turn = second * 4 + quarter;
            for (at, node) in nodes
                .iter()
                .enumerate()
                .filter(|(at, _)| *at as u64 % 40 == turn % 40)
            {
                let cut = second % 300 >= 180 && behind.contains(node);
                let salt = mix(turn * 1_000 + at as u64);
                change(&mut picture, node, |view| {
                    let health = if cut { Health::Shadowed } else { Health::Up };
                    if view.health != health {
                        view.health = health;
                        view.since = Some(now);
                    }
                    let heard = (!cut).then(|| Duration::from_micros(2_000 + salt % 9_000));
                    let mut trail: Vec<Option<Duration>> = view.trail[1..].to_vec();
                    trail.push(heard);
                    view.trail = trail.into();
                    view.read = Some(now);
                    view.incident = cut.then_some(incident.id);
                    if let (Some(heard), Some(rtt)) = (heard, &mut view.rtt) {
                        rtt.last = heard;
                        rtt.p95 = Duration::from_micros(9_000 + salt % 2_000);
                        view.heard = Some(now);
                    }
                });
            }
            picture.incidents = if second % 300 >= 185 {
                vec![incident.clone()]
            } else {
                Vec::new()
            };
            // Between the faults a frame a second is enough to count by: the other three hold its changes.
            let phase = second % 300;
            if quarter != 3 && !(175..230).contains(&phase) && phase > 20 {
                continue;
            }
            let shown = Arc::new(picture.clone());
            screen.refresh(&shown, now);
            let drawn = draw(&shown, &screen, now);
            if let Some(frame) = canvas.frame(&drawn) {
                bytes += frame.len();
                canvas.shown(drawn);
            }
        }
        written.push(bytes);
    }
    written
}

#[test]
fn an_hour_with_faults_stays_under_two_kilobytes_a_second() {
    for (keys, seconds) in [
        ("1", 3_600),
        ("2", 400),
        ("2\n", 200),
        ("3v", 400),
        ("4", 200),
        ("5", 200),
    ] {
        let written = hour(keys, seconds);
        // The first second paints the screen.
        let steady = &written[1..];
        let mean = steady.iter().sum::<usize>() / steady.len();
        let spans = steady
            .windows(10)
            .map(|seconds| seconds.iter().sum::<usize>() / 10);
        let most = spans.max().expect("ten seconds");
        assert!(
            mean <= 1_000,
            "page {keys:?}: {mean} bytes a second in the mean"
        );
        assert!(
            most <= 2_000,
            "page {keys:?}: {most} bytes a second over ten seconds"
        );
    }
}

#[test]
fn until_the_hours_are_counted_weak_says_so_and_ranks_by_weight() {
    let picture = Arc::new(troubled());
    let mut screen = wide();
    press(&mut screen, &picture, "3");
    assert!(shows(&screen, &picture, "hours are being counted"));
    let rows = screen.weak_rows(&picture);
    assert_eq!(rows.len(), picture.weakness.elements.len());
    assert!(rows.iter().all(|rank| rank.hours().is_none()));
}

#[test]
fn weak_ranks_by_hours_with_pairs_between_and_marks_what_is_not_exact() {
    let picture = Arc::new(counted(troubled()));
    let mut screen = screen((200, 60), Language::En);
    press(&mut screen, &picture, "3");
    let rows = screen.weak_rows(&picture);
    let hours: Vec<f64> = rows.iter().filter_map(Rank::hours).collect();
    assert_eq!(hours.len(), rows.len());
    assert!(hours.is_sorted_by(|a, b| a >= b));
    let pairs = rows
        .iter()
        .filter(|rank| matches!(rank.peril, Peril::Both(_)))
        .count();
    assert_eq!(pairs, 100);
    assert!(
        rows.iter()
            .all(|rank| rank.is_exact() == matches!(rank.peril, Peril::Alone(_)))
    );
    assert!(shows(&screen, &picture, "14378 weighted hours"));
    assert!(shows(&screen, &picture, "exactly, over all combinations"));
    press(&mut screen, &picture, "/kind=pair\n");
    let drawn = text(&draw(&picture, &screen, moment()));
    let row = drawn
        .lines()
        .find(|line| line.contains(" pair   "))
        .expect("a pair");
    assert!(row.contains('~'), "{row}");
    assert!(drawn.contains("APPROXIMATED"), "{drawn}");
}

#[test]
fn today_leaves_out_what_is_down_and_says_when_it_is_older_than_the_picture() {
    let picture = Arc::new(counted(troubled()));
    let mut screen = screen((200, 60), Language::En);
    press(&mut screen, &picture, "3");
    assert!(shows(&screen, &picture, "As designed"));
    press(&mut screen, &picture, "v");
    let today = picture.reckonings.today.as_ref().expect("counted");
    assert!(!today.removed.is_empty());
    let out = format!("Today, {} out", today.removed.len());
    assert!(shows(&screen, &picture, &out));
    let gone = Peril::Alone(today.removed[0].clone());
    assert!(
        screen
            .weak_rows(&picture)
            .iter()
            .all(|rank| rank.peril != gone)
    );
    assert!(!shows(&screen, &picture, "being counted anew"));
    let mut later = (*picture).clone();
    later.incidents.clear();
    assert!(shows(
        &screen,
        &Arc::new(later),
        "as of 08:12:41, being counted anew"
    ));
    press(&mut screen, &picture, "v");
    assert!(
        screen
            .weak_rows(&picture)
            .iter()
            .any(|rank| rank.peril == gone)
    );
}

#[test]
fn what_if_asks_what_the_command_asks_and_touches_nothing() {
    let picture = Arc::new(counted(calm(reference())));
    let mut screen = wide();
    press(&mut screen, &picture, "3");
    let first = screen.weak_rows(&picture)[0].peril.elements().to_vec();
    assert_eq!(
        press(&mut screen, &picture, "x"),
        None,
        "nothing is asked of the monitor"
    );
    assert_eq!(screen.scenario.failed(), first);
    press(&mut screen, &picture, "jx");
    assert_eq!(screen.scenario.failed().len(), 2);
    assert_eq!(screen.tab, Tab::Weak);
    press(&mut screen, &picture, "w");
    assert_eq!(screen.tab, Tab::WhatIf);
    assert!(shows(&screen, &picture, "Not live: a model of 08:12:41"));
    assert!(shows(&screen, &picture, "It is being counted."));
    answer(&mut screen);
    let question = Question {
        failed: screen.scenario.failed().to_vec(),
        ..Question::default()
    };
    let expected =
        Comparison::of(&picture.network, &question, Limits::default()).expect("a comparison");
    let answered = screen.scenario.answer().expect("an answer");
    let comparison = answered.comparison.as_ref().expect("no link is added");
    assert_eq!(comparison.then, expected.then);
    assert_eq!(comparison.newly_cut_off, expected.newly_cut_off);
    let heading = format!("NEWLY CUT OFF ({})", expected.newly_cut_off.len());
    assert!(shows(&screen, &picture, &heading));
    press(&mut screen, &picture, "u");
    assert_eq!(screen.scenario.failed(), first);
    assert!(
        screen.scenario.answer().is_none(),
        "the answer was to another question"
    );
    press(&mut screen, &picture, "c");
    assert!(shows(&screen, &picture, "Nothing is marked as failed."));
    press(&mut screen, &picture, "u\u{1b}");
    assert_eq!(
        (screen.tab, screen.scenario.failed()),
        (Tab::Weak, &first[..])
    );
}

#[test]
fn a_link_is_built_in_what_if_between_two_nodes_that_are_found_by_typing() {
    let picture = Arc::new(counted(calm(reference())));
    let mut screen = wide();
    press(&mut screen, &picture, "3A");
    assert_eq!(screen.tab, Tab::WhatIf, "it is built where it is shown");
    assert!(shows(&screen, &picture, "a new link: from which node?"));
    press(&mut screen, &picture, "pop nam dong\n");
    assert!(shows(&screen, &picture, "from PoP Nam Đông to which node?"));
    // One step back is another first end, and one more is none.
    press(&mut screen, &picture, "\u{1b}");
    assert!(shows(&screen, &picture, "a new link: from which node?"));
    press(&mut screen, &picture, "\u{1b}");
    assert!(screen.overlay.is_none() && screen.scenario.is_empty());
    press(&mut screen, &picture, "Anam-dong-thcs\npop-vy-da\n");
    assert!(shows(
        &screen,
        &picture,
        "A link Trường THCS Nam Đông – PoP Vỹ Dạ is built in What-if"
    ));
    let link = NewLink {
        a: "nam-dong-thcs".into(),
        b: "pop-vy-da".into(),
        kind: USUAL_KIND.to_owned(),
    };
    assert_eq!(screen.scenario.added(), std::slice::from_ref(&link));
    assert!(shows(
        &screen,
        &picture,
        "Built (1): fibre Trường THCS Nam Đông – PoP Vỹ Dạ"
    ));
    answer(&mut screen);
    let question = Question {
        added: vec![link],
        ..Question::default()
    };
    let expected =
        Comparison::of(&picture.network, &question, Limits::default()).expect("a comparison");
    let gains = expected.gains.expect("a link is built");
    let answered = screen.scenario.answer().expect("an answer");
    let comparison = answered.comparison.as_ref().expect("it can stand");
    assert_eq!(comparison.gains.as_ref(), Some(&gains));
    let heading = format!("GIVEN A SECOND PATH ({})", gains.second_path.len());
    assert!(!gains.second_path.is_empty() && shows(&screen, &picture, &heading));
    // What fails beside it is asked in one question, and taken back one by one.
    press(&mut screen, &picture, "3xw");
    assert_eq!(screen.scenario.failed().len(), 1);
    answer(&mut screen);
    assert!(shows(&screen, &picture, "NEWLY CUT OFF ("));
    assert!(shows(&screen, &picture, "Fails (1): "));
    press(&mut screen, &picture, "u");
    assert!(screen.scenario.failed().is_empty() && screen.scenario.added().len() == 1);
    press(&mut screen, &picture, "c");
    assert!(screen.scenario.is_empty() && screen.scenario.asked().is_none());
    // Another kind is one key away, at either end, and the keys go round.
    press(&mut screen, &picture, "A\t\t\t");
    assert!(shows(&screen, &picture, "radio  (Tab: another kind)"));
    press(&mut screen, &picture, "nam-dong-thcs\n\t");
    assert!(shows(&screen, &picture, "4G  (Tab: another kind)"));
    press(&mut screen, &picture, "pop-vy-da\n");
    assert_eq!(screen.scenario.added()[0].kind, "4g");
    assert!(shows(&screen, &picture, "Built (1): 4G Trường THCS"));
    press(&mut screen, &picture, "A");
    for _ in kinds(&picture.network) {
        press(&mut screen, &picture, "\t");
    }
    assert!(shows(&screen, &picture, "fibre  (Tab: another kind)"));
}

#[test]
fn ends_of_a_link_are_never_one_node_and_the_nearest_stand_first() {
    let picture = Arc::new(calm(reference()));
    let first: NodeId = "pop-nam-dong".into();
    let all = ends("", &picture, Some(&first));
    assert!(!all.contains(&first));
    let at = |id: &NodeId| {
        picture.network.nodes[id]
            .position
            .expect("the example knows")
    };
    let transit = |id: &NodeId| picture.network.nodes[id].transit;
    let places: Vec<(bool, f64)> = all
        .iter()
        .map(|id| (!transit(id), at(&first).km_to(at(id))))
        .collect();
    assert!(places.is_sorted(), "{places:?}");
    assert!(ends("", &picture, None).iter().all(transit));
    assert_eq!(
        ends("thuan-hoa-thcs", &picture, None),
        ["thuan-hoa-thcs".into()]
    );
    assert!(ends("no such thing", &picture, None).is_empty());
    // A link between two that carry nobody else's traffic is built, and said to help nobody.
    let mut screen = wide();
    press(&mut screen, &picture, "5Aan-cuu-cong-an\nan-cuu-tieu-hoc\n");
    assert!(shows(&screen, &picture, "so this link helps nobody"));
}

#[test]
fn weak_says_where_pairs_are_not_sought() {
    let mut picture = counted(calm(reference()));
    let says = "pairs are not sought in a network of this size";
    let mut screen = wide();
    let whole = Arc::new(picture.clone());
    press(&mut screen, &whole, "3");
    assert!(!shows(&screen, &whole, says));
    let designed = picture.reckonings.designed.as_mut().expect("it is counted");
    Arc::make_mut(designed).pairs = None;
    screen.size = (200, 60);
    assert!(shows(&screen, &Arc::new(picture), says));
}

#[test]
fn a_second_x_takes_the_mark_away_and_the_cause_of_an_incident_can_be_marked() {
    let picture = Arc::new(counted(troubled()));
    let mut screen = wide();
    press(&mut screen, &picture, "4x");
    let incident = screen.incident_rows(&picture, moment())[0];
    let incident = picture.incidents.iter().find(|each| each.id == incident);
    let cause = incident.expect("a row").causes[0].clone();
    assert_eq!(screen.scenario.failed(), std::slice::from_ref(&cause));
    press(&mut screen, &picture, "x");
    assert!(screen.scenario.failed().is_empty() && screen.scenario.asked().is_none());
}
