//! The Agencies page: every agency a row, and all about the selected one beside it.

use std::time::Duration;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::NodeView;
use crate::model::health::Health;
use crate::model::{AgencyId, NodeId};
use crate::report::reason;
use crate::tui::agency::sheet;
use crate::tui::list::{Column, draw_detail, draw_open, draw_rows, split, stretched};
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_right, draw_text, milliseconds, percent, row};

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let selected = view.screen.selected_agency(view.picture, view.now);
    if view.screen.open
        && let Some(id) = &selected
    {
        draw_open(view, buffer, area, |width| sheet(view, id, width));
        return;
    }
    let rows = view.screen.agency_rows(view.picture, view.now);
    let (list, detail) = split(area);
    draw_status(view, buffer, row(list, 0), rows.len());
    let table = Rect {
        y: list.y + 1,
        height: list.height.saturating_sub(1),
        ..list
    };
    let at = rows.iter().position(|id| Some(id) == selected.as_ref());
    draw_table(view, buffer, table, &rows, at);
    if rows.is_empty() {
        let place = Rect::new(table.x + 1, table.y + 1, table.width.saturating_sub(1), 1);
        draw_text(
            buffer,
            place,
            view.text("list.none"),
            Style::new(),
            view.look(),
        );
    }
    if let (Some(detail), Some(id)) = (detail, selected) {
        draw_detail(view, buffer, detail, |width| sheet(view, &id, width));
    }
}

fn draw_status(view: View<'_>, buffer: &mut Buffer, area: Rect, shown: usize) {
    let look = view.look();
    let total = view.picture.network.agencies.len().to_string();
    let mut spans = vec![
        Span::raw(" "),
        Span::raw(view.with("list.of", &[&shown.to_string(), &total])),
    ];
    if view.screen.problems {
        spans.push(Span::raw("   "));
        spans.push(Span::styled(
            view.text("list.problems").to_owned(),
            look.heading(),
        ));
    }
    let search = view.screen.search(view.screen.tab);
    if !search.text.is_empty() {
        spans.push(Span::raw("   "));
        spans.push(Span::styled(
            text::fit(&format!("/{}", search.text), 60, look.cut()),
            look.heading(),
        ));
    }
    let (order, reverse) = view.screen.order;
    let sorted = view.with("list.sorted", &[view.text(order.word())]);
    let reversed = if reverse {
        view.text("list.reversed")
    } else {
        ""
    };
    let right = Line::styled(format!("  {sorted}{reversed} "), look.quiet());
    draw_line(buffer, area, &Line::from(spans), look);
    draw_right(buffer, area, &right);
}

/// What a column shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Shape,
    Name,
    Word,
    Address,
    Rtt,
    P95,
    Loss,
    Since,
    Trail,
}

fn columns(width: u16) -> Vec<(What, Column)> {
    let column = |what, word, width, right| (what, Column { word, width, right });
    let mut columns = vec![
        column(What::Shape, "column.st", 2, false),
        column(What::Name, "column.agency", 0, false),
    ];
    if (70..80).contains(&width) || width >= 100 {
        columns.push(column(What::Word, "column.state", 12, false));
    }
    if width >= 80 {
        columns.push(column(What::Address, "column.address", 15, false));
    }
    if width >= 60 {
        columns.push(column(What::Rtt, "column.rtt", 6, true));
        columns.push(column(What::P95, "column.p95", 6, true));
    }
    columns.push(column(What::Loss, "column.loss", 6, true));
    if width >= 118 {
        columns.push(column(What::Trail, "column.trail", 20, false));
    }
    if width >= 60 {
        columns.push(column(What::Since, "column.since", 5, true));
    }
    columns
}

/// Draws agencies as rows under headings; as many columns as the width carries.
pub fn draw_table(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    ids: &[AgencyId],
    selected: Option<usize>,
) {
    let (what, widths): (Vec<What>, Vec<Column>) = columns(area.width).into_iter().unzip();
    let widths = stretched(widths, area.width);
    draw_rows(view, buffer, area, &widths, ids.len(), selected, &|at| {
        what.iter()
            .zip(&widths)
            .map(|(what, column)| cell(view, &ids[at], *what, usize::from(column.width)))
            .collect()
    });
}

fn cell(view: View<'_>, id: &AgencyId, what: What, width: usize) -> Vec<Span<'static>> {
    let Some(agency) = view.picture.network.agencies.get(id) else {
        return Vec::new();
    };
    let seen = view.picture.node(&agency.node);
    let health = view.health(&agency.node);
    let cut = view.look().cut();
    let plain = |shown: String| vec![Span::raw(shown)];
    match what {
        What::Shape => {
            let pinned = view.screen.pinned.as_ref() == Some(id);
            let mark = if pinned { "*" } else { mark_letter(&seen) };
            vec![view.shape(health), Span::raw(mark)]
        }
        What::Name => plain(text::fit_name(&agency.name, width, cut)),
        What::Word => plain(text::fit(view.state(health), width, cut)),
        What::Address => plain(view.address(&agency.node)),
        What::Rtt => plain(match (&seen.rtt, health) {
            (Some(rtt), Health::Up | Health::Degraded) => milliseconds(rtt.last),
            _ => "-".to_owned(),
        }),
        What::P95 => plain(match (&seen.rtt, health) {
            (Some(rtt), Health::Up | Health::Degraded) => milliseconds(rtt.p95),
            _ => "-".to_owned(),
        }),
        What::Loss => plain(
            seen.loss
                .map_or_else(|| "-".to_owned(), |loss| percent(loss.ratio)),
        ),
        What::Since => plain(
            seen.since
                .map_or_else(|| "-".to_owned(), |since| view.moment(since)),
        ),
        What::Trail => trail(view, &seen.trail, width),
    }
}

fn mark_letter(seen: &NodeView) -> &'static str {
    if seen.marks.maintenance {
        "m"
    } else if seen.marks.acknowledged {
        "a"
    } else if seen.marks.flapping {
        "~"
    } else if seen.marks.policed {
        "p"
    } else {
        ""
    }
}

/// Returns the newest readings as bars, taller is slower; a loss has the shape of down.
#[must_use]
pub fn trail(view: View<'_>, trail: &[Option<Duration>], width: usize) -> Vec<Span<'static>> {
    let look = view.look();
    let newest = &trail[trail.len().saturating_sub(width)..];
    let slowest = newest.iter().flatten().max().copied().unwrap_or_default();
    let heights = look.heights();
    newest
        .iter()
        .map(|reading| match reading {
            None => Span::styled(look.glyph(Health::Down), look.style(Health::Down)),
            Some(rtt) => {
                let share = rtt.as_nanos() * 1_000 / slowest.as_nanos().max(1);
                // The slowest of a calm line must not look alarming: half the height unless it doubles.
                let calm = slowest < newest.iter().flatten().min().copied().unwrap_or_default() * 2;
                let top = if calm { 3 } else { 7 };
                let height = ((share * top + 500) / 1_000).min(7) as usize;
                Span::raw(heights[height])
            }
        })
        .collect()
}

/// Returns why a node is in its state, in a few words; empty where it is up.
#[must_use]
pub fn why(view: View<'_>, node: &NodeId) -> String {
    reason::of_node(&view.screen.words, view.picture, node, view.at())
}
