//! The keys: one table from a key to what is meant by it, and to the word that says so.
//!
//! The footer and the palette (which is the help) are made from this table, so they cannot tell of a key that
//! does not exist. Letters do not change with the language. Nowhere else in the program is a key named.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use crate::tui::screen::Tab;

/// What a key, or a change of the window, means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the table below says each in words")]
pub enum Intent {
    Go(Tab),
    NextTab,
    PreviousTab,
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
    Enter,
    Back,
    Zoom,
    Filter,
    NextProblem,
    PreviousProblem,
    Problems,
    Sort,
    Reverse,
    Pin,
    Variant,
    Mark,
    WhatIf,
    Build,
    Undo,
    Clear,
    Pause,
    Copy,
    Plain,
    Break,
    Theme,
    Palette,
    Redraw,
    Suspend,
    Quit,
    /// A letter typed into a line.
    Type(char),
    /// An editing key in a line.
    Edit(Edit),
    /// The window has this many columns and rows now.
    Resize(u16, u16),
}

/// What an editing key does to a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Edit {
    Erase,
    EraseNext,
    EraseWord,
    EraseAll,
    Left,
    Right,
    Start,
    End,
}

/// A key as the terminal tells it. Shift is part of the letter, and therefore not named.
type Key = (KeyCode, KeyModifiers);

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Binding {
    /// Any of these; the first is the one that is shown.
    pub keys: &'static [Key],
    /// What is meant.
    pub intent: Intent,
    /// The word that says so.
    pub word: &'static str,
    /// Where it does something; empty is everywhere.
    pub on: &'static [Tab],
    /// Its place in the footer, 1 first; 0 is not there.
    pub footer: u8,
}

const fn key(c: char) -> Key {
    (KeyCode::Char(c), KeyModifiers::NONE)
}

const fn ctrl(c: char) -> Key {
    (KeyCode::Char(c), KeyModifiers::CONTROL)
}

const fn plain(code: KeyCode) -> Key {
    (code, KeyModifiers::NONE)
}

const fn bind(
    keys: &'static [Key],
    intent: Intent,
    word: &'static str,
    on: &'static [Tab],
    footer: u8,
) -> Binding {
    Binding {
        keys,
        intent,
        word,
        on,
        footer,
    }
}

const LISTS: &[Tab] = &[Tab::Agencies, Tab::Weak, Tab::Incidents, Tab::Interfaces];

/// Lists that can be sorted.
/// Where rows may be in trouble and others beside them are not.
const SOUGHT: &[Tab] = &[Tab::Overview, Tab::Agencies, Tab::Interfaces];

const SORTED: &[Tab] = &[Tab::Agencies, Tab::Interfaces];

const PAGES: &[Tab] = &[
    Tab::Overview,
    Tab::Agencies,
    Tab::Weak,
    Tab::Incidents,
    Tab::Interfaces,
];

/// The table.
#[rustfmt::skip]
pub const BINDINGS: &[Binding] = &[
    bind(&[key('1')], Intent::Go(Tab::Overview), "key.overview", &[], 0),
    bind(&[key('2')], Intent::Go(Tab::Agencies), "key.agencies", &[], 0),
    bind(&[key('3')], Intent::Go(Tab::Weak), "key.weak", &[], 0),
    bind(&[key('4')], Intent::Go(Tab::Incidents), "key.incidents", &[], 0),
    bind(&[key('5')], Intent::Go(Tab::WhatIf), "key.what-if-page", &[], 0),
    bind(&[key('6')], Intent::Go(Tab::Interfaces), "key.interfaces", &[], 0),
    bind(&[plain(KeyCode::Tab)], Intent::NextTab, "key.next-tab", &[], 0),
    bind(&[plain(KeyCode::BackTab)], Intent::PreviousTab, "key.previous-tab", &[], 0),
    bind(&[key('?'), key(':'), plain(KeyCode::F(1))], Intent::Palette, "key.palette", &[], 1),
    bind(&[plain(KeyCode::Enter)], Intent::Enter, "key.enter", PAGES, 2),
    bind(&[plain(KeyCode::Esc)], Intent::Back, "key.back", &[], 0),
    bind(&[key('/')], Intent::Filter, "key.filter", PAGES, 3),
    bind(&[key('!')], Intent::Problems, "key.problems", &[Tab::Agencies, Tab::Incidents, Tab::Interfaces], 4),
    bind(&[key('s')], Intent::Sort, "key.sort", SORTED, 5),
    bind(&[key('r')], Intent::Reverse, "key.reverse", SORTED, 0),
    bind(&[key('n')], Intent::NextProblem, "key.next-problem", SOUGHT, 6),
    bind(&[key('N')], Intent::PreviousProblem, "key.previous-problem", SOUGHT, 0),
    bind(&[key('f')], Intent::Pin, "key.pin", &[Tab::Agencies], 9),
    bind(&[key('v')], Intent::Variant, "key.variant", &[Tab::Weak], 4),
    bind(&[key('A')], Intent::Build, "key.build", &[Tab::WhatIf], 3),
    bind(&[key('u')], Intent::Undo, "key.undo", &[Tab::WhatIf], 4),
    bind(&[key('c')], Intent::Clear, "key.clear", &[Tab::WhatIf], 5),
    bind(&[key('w')], Intent::WhatIf, "key.what-if", PAGES, 6),
    bind(&[key('x')], Intent::Mark, "key.mark", PAGES, 0),
    bind(&[key('p')], Intent::Pause, "key.pause", &[], 7),
    bind(&[key('X')], Intent::Break, "key.break", &[], 8),
    bind(&[key('y')], Intent::Copy, "key.copy", &[], 10),
    bind(&[key('Y')], Intent::Plain, "key.plain", &[], 0),
    bind(&[key('z')], Intent::Zoom, "key.zoom", LISTS, 0),
    bind(&[key('T')], Intent::Theme, "key.theme", &[], 0),
    bind(&[plain(KeyCode::Up), key('k')], Intent::Up, "key.up", &[], 0),
    bind(&[plain(KeyCode::Down), key('j')], Intent::Down, "key.down", &[], 0),
    bind(&[plain(KeyCode::Left), key('h')], Intent::Left, "key.left", &[], 0),
    bind(&[plain(KeyCode::Right), key('l')], Intent::Right, "key.right", &[], 0),
    bind(&[plain(KeyCode::PageUp), ctrl('u')], Intent::PageUp, "key.page-up", &[], 0),
    bind(&[plain(KeyCode::PageDown), ctrl('d')], Intent::PageDown, "key.page-down", &[], 0),
    bind(&[key('g'), plain(KeyCode::Home)], Intent::First, "key.first", &[], 0),
    bind(&[key('G'), plain(KeyCode::End)], Intent::Last, "key.last", &[], 0),
    bind(&[ctrl('l')], Intent::Redraw, "key.redraw", &[], 0),
    bind(&[ctrl('z')], Intent::Suspend, "key.suspend", &[], 0),
    bind(&[key('q'), ctrl('c')], Intent::Quit, "key.quit", &[], 11),
];

/// Keys while a line is typed; whatever else prints is a letter of it.
#[rustfmt::skip]
const TYPING: &[(Key, Intent)] = &[
    (plain(KeyCode::Enter), Intent::Enter),
    (plain(KeyCode::Esc), Intent::Back),
    (plain(KeyCode::Up), Intent::Up),
    (plain(KeyCode::Down), Intent::Down),
    (plain(KeyCode::PageUp), Intent::PageUp),
    (plain(KeyCode::PageDown), Intent::PageDown),
    (plain(KeyCode::Tab), Intent::NextTab),
    (plain(KeyCode::BackTab), Intent::PreviousTab),
    (plain(KeyCode::Backspace), Intent::Edit(Edit::Erase)),
    (ctrl('h'), Intent::Edit(Edit::Erase)),
    (plain(KeyCode::Delete), Intent::Edit(Edit::EraseNext)),
    (ctrl('w'), Intent::Edit(Edit::EraseWord)),
    (ctrl('u'), Intent::Edit(Edit::EraseAll)),
    (plain(KeyCode::Left), Intent::Edit(Edit::Left)),
    (plain(KeyCode::Right), Intent::Edit(Edit::Right)),
    (plain(KeyCode::Home), Intent::Edit(Edit::Start)),
    (ctrl('a'), Intent::Edit(Edit::Start)),
    (plain(KeyCode::End), Intent::Edit(Edit::End)),
    (ctrl('e'), Intent::Edit(Edit::End)),
    (ctrl('l'), Intent::Redraw),
    (ctrl('z'), Intent::Suspend),
    (ctrl('c'), Intent::Quit),
];

/// Returns what a key means; `typing` while a line is typed.
#[must_use]
pub fn intent(event: KeyEvent, typing: bool) -> Option<Intent> {
    if event.kind == KeyEventKind::Release {
        return None;
    }
    let modifiers = event.modifiers - KeyModifiers::SHIFT;
    // With Ctrl held, Caps Lock must not make another key of it.
    let code = match event.code {
        KeyCode::Char(c) if modifiers.contains(KeyModifiers::CONTROL) => {
            KeyCode::Char(c.to_ascii_lowercase())
        }
        code => code,
    };
    let pressed = (code, modifiers);
    if typing {
        let edit = TYPING.iter().find(|(key, _)| *key == pressed);
        return match (edit, code) {
            (Some((_, intent)), _) => Some(*intent),
            (None, KeyCode::Char(c)) if modifiers.is_empty() => Some(Intent::Type(c)),
            _ => None,
        };
    }
    BINDINGS
        .iter()
        .find(|binding| binding.keys.contains(&pressed))
        .map(|binding| binding.intent)
}

/// Returns how a binding's keys are written, separated by spaces.
#[must_use]
pub fn labels(binding: &Binding) -> String {
    let labels: Vec<String> = binding.keys.iter().map(label).collect();
    labels.join(" ")
}

/// Returns how a binding's first key is written.
#[must_use]
pub fn first_label(binding: &Binding) -> String {
    binding.keys.first().map(label).unwrap_or_default()
}

fn label((code, modifiers): &Key) -> String {
    let name = match code {
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "Enter".to_owned(),
        KeyCode::Esc => "Esc".to_owned(),
        KeyCode::Tab => "Tab".to_owned(),
        KeyCode::BackTab => "Shift-Tab".to_owned(),
        KeyCode::Up => "Up".to_owned(),
        KeyCode::Down => "Down".to_owned(),
        KeyCode::Left => "Left".to_owned(),
        KeyCode::Right => "Right".to_owned(),
        KeyCode::PageUp => "PgUp".to_owned(),
        KeyCode::PageDown => "PgDn".to_owned(),
        KeyCode::Home => "Home".to_owned(),
        KeyCode::End => "End".to_owned(),
        KeyCode::F(number) => format!("F{number}"),
        other => format!("{other:?}"),
    };
    if modifiers.contains(KeyModifiers::CONTROL) {
        format!("Ctrl-{name}")
    } else {
        name
    }
}
