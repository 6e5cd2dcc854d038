//! The frame around every page: head, tabs, banner, footer; and the two lines of a window too small for more.
//!
//! ```text
//!  483 agencies   ✖ 1 down   ◌ 9 behind ...          data 2 s  LIVE  08:12:41     head
//!  1 Overview  2 Agencies  3 Weak  4 Incidents  ...         network, illustrative  tabs
//!  (the monitor itself is cut off / an edit was refused)                          banner
//!  ── no routers heard: ... ──────────────────────────────────────────────────    rule
//!  page
//!  ? help  Enter open ...                                                         footer
//! ```

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::Setting;
use crate::model::health::{Counts, Health};
use crate::model::incident::IncidentSeverity;
use crate::model::text::is_unsafe;
use crate::tui::cause::incident_line;
use crate::tui::keys::{BINDINGS, Binding, Intent, first_label};
use crate::tui::screen::grid::SMALLEST;
use crate::tui::screen::overlay::Overlay;
use crate::tui::screen::{Banner, Tab, banner};
use crate::tui::view::{View, draw_line, draw_right, draw_rule, draw_text, row};
use crate::tui::{agencies, incidents, interfaces, overview, palette, text, weak, what_if};

/// Data older than this are worth a second look, whatever the cells say (two rounds of ten seconds, and a bit).
const OLD: u64 = 30;

/// Draws everything. The buffer is expected to be empty and to have the size that the screen knows.
pub fn draw(view: View<'_>, buffer: &mut Buffer) {
    let area = buffer.area;
    if let Some(Overlay::Plain { lines, scroll }) = &view.screen.overlay {
        palette::draw_plain(view, buffer, lines, *scroll);
        seal(buffer);
        return;
    }
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        draw_small(view, buffer, area);
        seal(buffer);
        return;
    }
    draw_head(view, buffer, row(area, 0));
    draw_tabs(view, buffer, row(area, 1));
    let head = view.screen.head(view.picture);
    if let Some(banner) = banner(view.picture) {
        draw_banner(view, buffer, row(area, 2), banner);
    }
    draw_rule(buffer, row(area, head - 1), view.look());
    draw_notes(view, buffer, row(area, head - 1));
    let body = Rect::new(0, head, area.width, area.height.saturating_sub(head + 1));
    match view.screen.tab {
        Tab::Overview => overview::draw(view, buffer, body),
        Tab::Agencies => agencies::draw(view, buffer, body),
        Tab::Weak => weak::draw(view, buffer, body),
        Tab::Incidents => incidents::draw(view, buffer, body),
        Tab::WhatIf => what_if::draw(view, buffer, body),
        Tab::Interfaces => interfaces::draw(view, buffer, body),
    }
    draw_footer(view, buffer, row(area, area.height - 1));
    palette::draw(view, buffer, body);
    seal(buffer);
}

/// Removes what must never reach a terminal, whatever way it came into a cell.
fn seal(buffer: &mut Buffer) {
    for cell in &mut buffer.content {
        if cell.symbol().chars().any(is_unsafe) {
            let clean: String = cell.symbol().chars().filter(|c| !is_unsafe(*c)).collect();
            cell.set_symbol(if clean.is_empty() { " " } else { &clean });
        }
    }
}

/// How much of the head is said in words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Words {
    All,
    Trouble,
    None,
}

/// How many are in each state, and how many bear each mark.
struct Tally {
    counts: Counts,
    marks: [(&'static str, usize); 3],
}

impl Tally {
    fn of(view: View<'_>) -> Self {
        let mut marks = [("m", 0), ("a", 0), ("~", 0)];
        for agency in view.picture.network.agencies.values() {
            let seen = view.picture.node(&agency.node).marks;
            let has = [seen.maintenance, seen.acknowledged, seen.flapping];
            for ((_, count), has) in marks.iter_mut().zip(has) {
                *count += usize::from(has);
            }
        }
        Self {
            counts: view.picture.counts(view.at()),
            marks,
        }
    }

    fn line(&self, view: View<'_>, words: Words) -> Line<'static> {
        let counts = &self.counts;
        let total = counts.total.to_string();
        let mut spans = vec![Span::styled(
            if words == Words::All {
                view.with("head.agencies", &[&total])
            } else {
                total
            },
            view.look().heading(),
        )];
        let states = [
            (Health::Down, counts.down),
            (Health::Shadowed, counts.shadowed),
            (Health::Degraded, counts.degraded),
            (Health::Unknown, counts.unknown),
            (Health::Up, counts.up),
        ];
        for (health, count) in states {
            spans.push(Span::raw("  "));
            spans.push(view.shape(health));
            spans.push(Span::raw(format!(" {count}")));
            let trouble = matches!(health, Health::Down | Health::Shadowed);
            if words == Words::All || (words == Words::Trouble && trouble) {
                spans.push(Span::raw(format!(" {}", view.state(health))));
            }
        }
        for (letter, count) in self.marks {
            if count > 0 {
                spans.push(Span::raw(format!("  {letter} {count}")));
            }
        }
        Line::from(spans)
    }
}

fn draw_head(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let tally = Tally::of(view);
    let age = view.picture.age(view.now);
    let old = age.is_none_or(|age| age.as_secs() > OLD);
    let age = age.map_or_else(
        || view.text("head.no-data").to_owned(),
        |age| view.short_span(age),
    );
    let mode = if view.screen.paused.is_some() {
        Span::styled(format!(" {} ", view.text("head.paused")), look.selected())
    } else {
        Span::styled(view.setting().to_owned(), look.heading())
    };
    let age_style = if old { look.selected() } else { Style::new() };
    let right = |long: bool| {
        let mut spans = Vec::new();
        if long {
            spans.push(Span::styled(
                view.text("head.data").to_owned(),
                look.quiet(),
            ));
            spans.push(Span::raw(" "));
        }
        spans.push(Span::styled(age.clone(), age_style));
        spans.push(Span::raw("  "));
        spans.push(mode.clone());
        spans.push(Span::raw("  "));
        spans.push(Span::raw(view.clock(view.now)));
        if long {
            spans.push(Span::raw(view.offset(view.now)));
        }
        Line::from(spans)
    };
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
    let forms = [
        (Words::All, true),
        (Words::All, false),
        (Words::Trouble, true),
        (Words::Trouble, false),
        (Words::None, false),
    ];
    let fits = |(words, long): &(Words, bool)| {
        tally.line(view, *words).width() + 2 + right(*long).width() <= usize::from(inner.width)
    };
    let (words, long) = forms.into_iter().find(fits).unwrap_or((Words::None, false));
    let right = right(long);
    let left = Rect {
        width: inner.width.saturating_sub(right.width() as u16 + 1),
        ..inner
    };
    draw_line(buffer, left, &tally.line(view, words), look);
    draw_right(buffer, inner, &right);
}

fn draw_tabs(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let mut spans = Vec::new();
    for (at, tab) in Tab::ALL.into_iter().enumerate() {
        let name = format!(" {} {} ", at + 1, view.text(tab.word()));
        let style = if tab == view.screen.tab {
            look.selected()
        } else {
            Style::new()
        };
        spans.push(Span::styled(name, style));
    }
    let tabs = Line::from(spans);
    let space = usize::from(area.width).saturating_sub(tabs.width() + 3);
    draw_line(buffer, area, &tabs, look);
    let network = &view.picture.network;
    let shown = if network.example {
        let note = view.text("head.example");
        if text::width(note) > space {
            // It must be said all the same: the rule below says it.
            return;
        }
        let name = space.saturating_sub(text::width(note) + 2);
        if name < 8 {
            note.to_owned()
        } else {
            format!("{}, {note}", text::fit(&network.name, name, look.cut()))
        }
    } else {
        network.name.clone()
    };
    let shown = text::fit(&shown, space, look.cut());
    let inner = Rect::new(area.x, area.y, area.width.saturating_sub(1), 1);
    draw_right(buffer, inner, &Line::styled(shown, look.quiet()));
}

/// Says on the rule under the head what holds for everything below it: what cannot be heard here, and that the data
/// are illustrative where the row of tabs has no room for that.
fn draw_notes(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let inner = Rect::new(area.x + 2, area.y, area.width.saturating_sub(4), 1);
    let mut space = usize::from(inner.width);
    let example = view.text("head.example");
    let tabs: usize = Tab::ALL
        .iter()
        .map(|tab| text::width(view.text(tab.word())) + 4)
        .sum();
    let is_said_above = tabs + text::width(example) + 3 <= usize::from(area.width);
    if view.picture.network.example && !is_said_above {
        let note = Line::styled(format!(" {example} "), look.quiet());
        space = space.saturating_sub(note.width() + 2);
        draw_right(buffer, inner, &note);
    }
    if !view.picture.hears_routers {
        let forms = ["head.no-routers-long", "head.no-routers"];
        let fits = |key: &&str| text::width(view.text(key)) + 2 <= space;
        let key = forms.into_iter().find(fits).unwrap_or(forms[1]);
        let note = format!(" {} ", view.text(key));
        let place = Rect {
            width: space as u16,
            ..inner
        };
        draw_text(buffer, place, &note, look.heading(), look);
    }
}

fn draw_banner(view: View<'_>, buffer: &mut Buffer, area: Rect, banner: Banner) {
    let shown = match banner {
        Banner::Monitor => view.text("banner.monitor").to_owned(),
        Banner::RefusedEdit => {
            let fault = view.picture.refused_edit.first();
            let place = fault.and_then(|fault| fault.place.as_ref());
            let place = place.map_or_else(String::new, |place| {
                // The folder is known; what lies in it is not.
                let name = &place.source.name;
                let short = name.rmatch_indices('/').nth(1);
                let short = short.map_or(name.as_str(), |(at, _)| &name[at + 1..]);
                format!("{short}:{}: ", place.line())
            });
            let said = fault.map_or_else(String::new, |fault| view.fault(fault));
            let more = view.picture.refused_edit.len().saturating_sub(1);
            let more = if more > 0 {
                format!(" ({})", view.with("list.more", &[&more.to_string()]))
            } else {
                String::new()
            };
            view.with("banner.refused-edit", &[&format!("{place}{said}{more}")])
        }
    };
    let filled = text::pad(
        &format!(" {shown}"),
        usize::from(area.width),
        view.look().cut(),
    );
    buffer.set_string(area.x, area.y, filled, view.look().selected());
}

/// Returns whether a binding does something on the page as it is.
#[must_use]
pub fn applies(view: View<'_>, binding: &Binding) -> bool {
    let here = binding.on.is_empty() || binding.on.contains(&view.screen.tab);
    let allowed = binding.intent != Intent::Break
        || (view.picture.setting != Setting::Live && !view.screen.read_only);
    here && allowed
}

/// Returns a binding's place in the footer; in an open detail the way back stands where the way in was.
fn place(view: View<'_>, binding: &Binding) -> u8 {
    let place = |intent| {
        let found = BINDINGS.iter().find(|binding| binding.intent == intent);
        found.map_or(0, |binding| binding.footer)
    };
    match binding.intent {
        Intent::Enter if view.screen.open => 0,
        Intent::Back if view.screen.open || view.screen.tab == Tab::WhatIf => place(Intent::Enter),
        _ => binding.footer,
    }
}

fn draw_footer(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let inner = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
    if let Some(Overlay::Filter { input, .. }) = &view.screen.overlay {
        palette::draw_filter_line(view, buffer, inner, input);
        return;
    }
    if let Some(notice) = view.screen.news(view.now) {
        let values: Vec<&str> = notice.values.iter().map(String::as_str).collect();
        let shown = view.with(notice.word, &values);
        draw_text(buffer, inner, &shown, look.heading(), look);
        return;
    }
    let mut keys: Vec<&Binding> = BINDINGS
        .iter()
        .filter(|binding| applies(view, binding) && place(view, binding) > 0)
        .collect();
    keys.sort_by_key(|binding| place(view, binding));
    // Whoever is lost must see the way out, so that one is never dropped.
    let wide = |binding: &Binding| {
        text::width(&first_label(binding)) + 1 + text::width(view.text(binding.word)) + 3
    };
    let is_quit = |binding: &&Binding| binding.intent == Intent::Quit;
    let mut space = usize::from(inner.width) + 3;
    space = space.saturating_sub(keys.iter().copied().filter(is_quit).map(wide).sum());
    let mut spans = Vec::new();
    for binding in keys {
        if !is_quit(&binding) {
            if wide(binding) > space {
                continue;
            }
            space -= wide(binding);
        }
        if !spans.is_empty() {
            spans.push(Span::raw("   "));
        }
        spans.push(Span::styled(first_label(binding), look.heading()));
        spans.push(Span::styled(
            format!(" {}", view.text(binding.word)),
            look.quiet(),
        ));
    }
    draw_line(buffer, inner, &Line::from(spans), look);
}

/// Two lines: the counts, and the worst incident.
fn draw_small(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    draw_line(
        buffer,
        row(area, 0),
        &Tally::of(view).line(view, Words::None),
        look,
    );
    let worst = view.picture.open_incidents().next();
    let line = match worst {
        Some(incident) => {
            let mut line = incident_line(view, incident, usize::from(area.width));
            if incident.severity == IncidentSeverity::Critical {
                line = line.style(look.heading());
            }
            line
        }
        None => Line::raw(view.text("overview.calm").to_owned()),
    };
    draw_line(buffer, row(area, 1), &line, look);
}
