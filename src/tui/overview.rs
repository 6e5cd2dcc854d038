//! The Overview: every agency as a cell in its place, and beside them what a person should look at first.
//!
//! In one pane the incidents stand under the grid; from 110 columns on they have a pane of their own, with the
//! agencies to watch and the weakest elements under them. The grid is never sorted: a place is learnt once.

mod side;
mod strip;

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::analysis::Weak;
use crate::model::health::{Counts, Health};
use crate::model::{AgencyId, Element};
use crate::tui::agencies;
use crate::tui::cause::incident_line;
use crate::tui::screen::grid::{Grid, Group, Label, Name};
use crate::tui::screen::rows::{self, Order, Search};
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_right, draw_rule, draw_text, milliseconds, row};

/// What went down less than this ago is shown reversed.
const FRESH: SignedDuration = SignedDuration::from_secs(60);

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let layout = view.screen.layout(view.picture);
    let margin = u16::from(layout.left < area.width);
    let left = Rect::new(area.x, area.y, layout.left, area.height);
    let grid = Rect {
        height: layout.grid_height.min(area.height),
        ..left
    };
    match &layout.grid {
        Grid::Cells { labels, cells, .. } => {
            let names: Vec<&str> = labels.iter().map(|label| name(view, &label.name)).collect();
            for (label, shown) in labels.iter().zip(short_names(view, labels, &names)) {
                let place = Rect::new(grid.x + label.x, grid.y + label.y, label.width, 1);
                draw_text(buffer, place, &shown, Style::new(), view.look());
            }
            for cell in cells {
                draw_cell(
                    view,
                    buffer,
                    (grid.x + cell.x, grid.y + cell.y),
                    &cell.agency,
                );
            }
        }
        Grid::Lines(groups) => draw_groups(view, buffer, grid, groups),
    }
    let below = Rect::new(
        left.x,
        grid.bottom(),
        left.width,
        area.bottom().saturating_sub(grid.bottom()),
    );
    let troubled = troubled(view);
    if margin == 0 {
        draw_below(view, buffer, below, &troubled);
        return;
    }
    for y in area.top()..area.bottom() {
        buffer.set_string(left.right() + 1, y, view.look().bar(), view.look().quiet());
    }
    draw_worst(view, buffer, below, &troubled);
    let right = Rect::new(left.right() + 3, area.y, layout.right, area.height);
    side::draw(view, buffer, right, &troubled);
}

fn name<'a>(view: View<'a>, name: &'a Name) -> &'a str {
    match name {
        Name::Area(name) => name,
        Name::City => view.text("overview.city"),
        Name::Other => view.text("overview.other"),
    }
}

/// Returns names cut to their places, and those that a cut would make equal cut in the middle instead:
/// `Hương Thủy` and `Hương Trà` become `H…Thủy` and `H…Trà`.
fn short_names(view: View<'_>, labels: &[Label], names: &[&str]) -> Vec<String> {
    let cut = view.look().cut();
    let short: Vec<String> = labels
        .iter()
        .zip(names)
        .map(|(label, name)| text::fit(name, usize::from(label.width), cut))
        .collect();
    let is_double = |shown: &String| short.iter().filter(|other| *other == shown).count() > 1;
    short
        .iter()
        .zip(labels.iter().zip(names))
        .map(
            |(shown, (label, name))| match (name.chars().next(), name.rsplit(' ').next()) {
                (Some(first), Some(last)) if is_double(shown) => text::fit(
                    &format!("{first}{cut}{last}"),
                    usize::from(label.width),
                    cut,
                ),
                _ => shown.clone(),
            },
        )
        .collect()
}

/// Draws who is selected in place of the rule under the grid; the rule where nobody is.
fn draw_selected(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let selected = view.screen.agency.as_ref();
    let agency = selected.and_then(|id| view.picture.network.agencies.get(id));
    let Some(agency) = agency else {
        draw_rule(buffer, area, look);
        return;
    };
    let seen = view.picture.node(&agency.node);
    let health = view.health(&agency.node);
    let mut tail = vec![view.state(health).to_owned(), view.address(&agency.node)];
    if let (Some(rtt), Health::Up | Health::Degraded) = (&seen.rtt, health) {
        tail.push(format!("{} ms", milliseconds(rtt.last)));
    }
    let marks = view.marks(seen.marks);
    if !marks.is_empty() {
        tail.push(marks);
    }
    let tail = tail.join("  ");
    let space = usize::from(area.width).saturating_sub(6 + text::width(&tail));
    let line = Line::from(vec![
        Span::raw(" "),
        view.shape(health),
        Span::raw(" "),
        Span::styled(
            text::fit_name(&agency.name, space, look.cut()),
            look.heading(),
        ),
        Span::raw("  "),
        Span::raw(tail),
    ]);
    draw_line(buffer, area, &line, look);
}

fn draw_cell(view: View<'_>, buffer: &mut Buffer, place: (u16, u16), id: &AgencyId) {
    let Some(agency) = view.picture.network.agencies.get(id) else {
        return;
    };
    let seen = view.picture.node(&agency.node);
    let health = view.health(&agency.node);
    let (glyph, mut style) = view.look().cell(health, seen.marks);
    let fresh = seen
        .since
        .is_some_and(|since| view.at().duration_since(since) < FRESH);
    if health == Health::Down && fresh {
        style = style.add_modifier(Modifier::REVERSED);
    }
    if view.screen.agency.as_ref() == Some(id) {
        // Reversed twice would not be seen.
        style = style.add_modifier(Modifier::REVERSED | Modifier::BOLD);
    }
    buffer.set_string(place.0, place.1, glyph, style);
}

/// One line for each group: the worst state, the name, and how many are in each state.
fn draw_groups(view: View<'_>, buffer: &mut Buffer, area: Rect, groups: &[Group]) {
    let selected = groups.iter().position(|group| {
        view.screen
            .agency
            .as_ref()
            .is_some_and(|id| group.agencies.contains(id))
    });
    let height = usize::from(area.height).max(1);
    let first = (selected.unwrap_or(0) / height * height).min(groups.len().saturating_sub(height));
    for (at, group) in groups.iter().enumerate().skip(first).take(height) {
        let place = row(area, (at - first) as u16);
        let healths: Vec<Health> = group
            .agencies
            .iter()
            .filter_map(|id| view.picture.network.agencies.get(id))
            .map(|agency| view.health(&agency.node))
            .collect();
        let counts = Counts::of(healths.iter().copied());
        let worst = healths.into_iter().max().unwrap_or(Health::Unknown);
        let wide = usize::from(area.width).saturating_sub(44).clamp(10, 30);
        let mut spans = vec![
            view.shape(worst),
            Span::raw(" "),
            Span::raw(text::pad(name(view, &group.name), wide, view.look().cut())),
            Span::raw(text::right(&counts.total.to_string(), 6, view.look().cut())),
        ];
        let states = [
            (Health::Down, counts.down),
            (Health::Shadowed, counts.shadowed),
            (Health::Degraded, counts.degraded),
            (Health::Unknown, counts.unknown),
            (Health::Up, counts.up),
        ];
        for (health, count) in states {
            spans.push(Span::raw("  "));
            if count == 0 {
                spans.push(Span::raw("     "));
            } else {
                spans.push(view.shape(health));
                spans.push(Span::raw(format!("{count:>4}")));
            }
        }
        draw_line(buffer, place, &Line::from(spans), view.look());
        if selected == Some(at) {
            buffer.set_style(place, view.look().selected());
        }
    }
}

/// Returns the rows that the strip of the day may take of so many: none, one from `line` on, three from `whole`
/// on. It is the first to go where space is short.
fn day_rows(height: u16, line: u16, whole: u16) -> u16 {
    match height {
        _ if height >= whole => strip::WHOLE,
        _ if height >= line => 1,
        _ => 0,
    }
}

/// Draws the strip of the day into the last rows of an area and returns the rest of it.
fn with_day(view: View<'_>, buffer: &mut Buffer, area: Rect, rows: u16) -> Rect {
    let rest = Rect {
        height: area.height - rows,
        ..area
    };
    if rows > 0 {
        // A column of air on both sides, as a page has it.
        let margin = u16::from(area.x == 0);
        let place = Rect::new(
            area.x + margin,
            rest.bottom(),
            area.width.saturating_sub(2 * margin),
            rows,
        );
        strip::draw(view, buffer, place);
    }
    rest
}

/// Under the grid in one pane: incidents, the worst, the weakest.
fn draw_below(view: View<'_>, buffer: &mut Buffer, area: Rect, troubled: &[AgencyId]) {
    let look = view.look();
    if area.height < 2 {
        return;
    }
    draw_selected(view, buffer, row(area, 0));
    let inner = Rect::new(
        area.x + 1,
        area.y + 1,
        area.width.saturating_sub(2),
        area.height - 1,
    );
    let open: Vec<_> = view.picture.open_incidents().collect();
    let day = day_rows(inner.height, 7, 14);
    let inner = with_day(view, buffer, inner, day);
    let weakest = weakest_line(view, usize::from(inner.width));
    let last = u16::from(weakest.is_some() && inner.height >= 4);
    let space = inner.height - last;
    // The worst incidents first, but never without a row for the agencies themselves.
    let lines = open.len().min(usize::from((space / 2).max(1)));
    let more = if open.len() > lines {
        format!(
            "  {}",
            view.with("list.more", &[&(open.len() - lines).to_string()])
        )
    } else {
        String::new()
    };
    for (at, incident) in open.iter().take(lines).enumerate() {
        let taken = if at + 1 == lines {
            text::width(&more)
        } else {
            0
        };
        let width = inner.width.saturating_sub(taken as u16);
        let line = incident_line(view, incident, usize::from(width));
        let place = Rect {
            width,
            ..row(inner, at as u16)
        };
        draw_line(buffer, place, &line, look);
    }
    let mut used = lines as u16;
    if open.is_empty() {
        draw_text(
            buffer,
            row(inner, 0),
            view.text("overview.calm"),
            Style::new(),
            look,
        );
        used = 1;
    } else if used > 0 {
        draw_right(
            buffer,
            row(inner, used - 1),
            &Line::styled(more, look.quiet()),
        );
    }
    let worst = Rect::new(inner.x, inner.y + used, inner.width, space - used);
    draw_watch(view, buffer, worst, troubled);
    if let (Some(line), true) = (weakest, last == 1) {
        draw_line(buffer, row(inner, inner.height - 1), &line, look);
    }
}

/// Agencies that are not up, the worst first.
fn troubled(view: View<'_>) -> Vec<AgencyId> {
    rows::agencies(
        view.picture,
        &Search::default(),
        true,
        (Order::State, false),
        view.at(),
    )
}

/// In one pane: agencies that are not up, one line each, those behind a cause left to the cause.
fn draw_watch(view: View<'_>, buffer: &mut Buffer, area: Rect, troubled: &[AgencyId]) {
    let ids: Vec<&AgencyId> = troubled
        .iter()
        .filter(|id| {
            let agency = &view.picture.network.agencies[*id];
            view.health(&agency.node) != Health::Shadowed
        })
        .collect();
    let height = usize::from(area.height);
    for (at, id) in ids.iter().take(height).enumerate() {
        let place = row(area, at as u16);
        let hidden = ids.len() - at - 1;
        if at + 1 < height || hidden == 0 {
            let line = watch_line(view, id, usize::from(area.width));
            draw_line(buffer, place, &line, view.look());
        } else {
            let more = format!("  {}", view.with("list.more", &[&hidden.to_string()]));
            let space = usize::from(area.width).saturating_sub(text::width(&more));
            draw_line(buffer, place, &watch_line(view, id, space), view.look());
            draw_right(buffer, place, &Line::styled(more, view.look().quiet()));
        }
    }
}

/// Returns one line of an agency in trouble: shape, name, why, for how long.
fn watch_line(view: View<'_>, id: &AgencyId, width: usize) -> Line<'static> {
    let agency = &view.picture.network.agencies[id];
    let seen = view.picture.node(&agency.node);
    let health = view.health(&agency.node);
    let since = seen
        .since
        .map_or_else(String::new, |since| view.short_span(view.since(since)));
    let why = agencies::why(view, &agency.node);
    let cut = view.look().cut();
    let name = width.saturating_sub(12).min(width / 2);
    let rest = width.saturating_sub(2 + name + 2 + 7);
    Line::from(vec![
        view.shape(health),
        Span::raw(" "),
        Span::raw(text::pad_name(&agency.name, name, cut)),
        Span::raw("  "),
        Span::raw(text::pad(&why, rest, cut)),
        Span::styled(text::right(&since, 7, cut), view.look().quiet()),
    ])
}

/// In two panes, under the grid: the worst agencies as rows of the Agencies page.
fn draw_worst(view: View<'_>, buffer: &mut Buffer, area: Rect, troubled: &[AgencyId]) {
    if area.height < 3 {
        return;
    }
    draw_selected(view, buffer, row(area, 0));
    let inner = Rect::new(area.x, area.y + 1, area.width, area.height - 1);
    let day = day_rows(inner.height, 6, 9);
    let inner = with_day(view, buffer, inner, day);
    if troubled.is_empty() {
        let calm = Rect::new(inner.x + 1, inner.y, inner.width - 1, 1);
        draw_text(
            buffer,
            calm,
            view.text("overview.all-up"),
            Style::new(),
            view.look(),
        );
        return;
    }
    agencies::draw_table(view, buffer, inner, troubled, None);
}

/// Returns the weak elements worth a word here: that everything hangs on the hubs is known.
fn weakest(view: View<'_>) -> Vec<&Weak> {
    let network = &view.picture.network;
    let is_hub =
        |element: &Element| matches!(element, Element::Node(id) if network.hubs.contains(id));
    view.picture
        .weakness
        .elements
        .iter()
        .filter(|weak| !is_hub(&weak.element))
        .collect()
}

fn weakest_line(view: View<'_>, width: usize) -> Option<Line<'static>> {
    let weak = weakest(view);
    let look = view.look();
    let heading = view.text("overview.weak-short").to_owned();
    let mut used = text::width(&heading);
    let mut spans = vec![Span::styled(heading, look.quiet())];
    for each in &weak {
        let title = text::fit(&view.picture.network.title(&each.element), 30, look.cut());
        let part = format!("  {} {title}", each.ids.len());
        used += text::width(&part);
        if used > width {
            break;
        }
        spans.push(Span::raw(part));
    }
    (!weak.is_empty()).then(|| Line::from(spans))
}
