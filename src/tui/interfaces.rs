//! The Interfaces page: every port that a device tells of beside what is declared of it, what differs on top.
//!
//! Rows are wide, so the detail stands under the list until the window is very wide. Where there is room for one
//! neighbour only, it is the one that is heard; in brackets it is the declared one, because nobody is heard there.

mod sheet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::interfaces::{Flaw, Standing};
use crate::model::device::PortStatus;
use crate::model::health::Health;
use crate::model::network::End;
use crate::tui::interfaces::sheet::sheet;
use crate::tui::list::{Column, draw_detail, draw_open, draw_rows, split_wide, stretched};
use crate::tui::screen::ports::{PortKey, PortRow, count, find, who};
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_right, draw_text, percent, row};

/// Columns of a list from which both neighbours stand side by side.
const ROOMY: u16 = 104;

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let selected = view.screen.selected_port(view.picture, view.now);
    if view.screen.open
        && let Some(key) = &selected
    {
        draw_open(view, buffer, area, |width| sheet(view, key, width));
        return;
    }
    let keys = view.screen.port_rows(view.picture, view.now);
    let (list, detail) = split_wide(area);
    let total = count(view.picture);
    draw_status(view, buffer, row(list, 0), keys.len(), total);
    let table = Rect {
        y: list.y + 1,
        height: list.height.saturating_sub(1),
        ..list
    };
    let at = keys.iter().position(|key| Some(key) == selected.as_ref());
    draw_table(view, buffer, table, &keys, at);
    if keys.is_empty() {
        let place = Rect::new(table.x + 1, table.y + 1, table.width.saturating_sub(1), 1);
        let is_filtered = !view.screen.search(view.screen.tab).text.is_empty();
        let key = match (total, is_filtered) {
            (0, _) => "interfaces.none",
            (_, true) => "list.none",
            (_, false) => "interfaces.calm",
        };
        draw_text(buffer, place, view.text(key), Style::new(), view.look());
    }
    if let (Some(detail), Some(key)) = (detail, selected) {
        draw_detail(view, buffer, detail, |width| sheet(view, &key, width));
    }
}

fn draw_status(view: View<'_>, buffer: &mut Buffer, area: Rect, shown: usize, total: usize) {
    let look = view.look();
    let mut spans = vec![
        Span::raw(" "),
        Span::raw(view.with("list.of", &[&shown.to_string(), &total.to_string()])),
    ];
    if view.screen.problems {
        spans.push(Span::raw("   "));
        let problems = view.text("list.problems").to_owned();
        spans.push(Span::styled(problems, look.heading()));
    }
    let search = view.screen.search(view.screen.tab);
    if !search.text.is_empty() {
        spans.push(Span::raw("   "));
        let typed = text::fit(&format!("/{}", search.text), 60, look.cut());
        spans.push(Span::styled(typed, look.heading()));
    }
    let round = &view.picture.round;
    let devices = view.with(
        "interfaces.devices",
        &[
            &round.devices_answered.to_string(),
            &round.devices.to_string(),
        ],
    );
    let (order, reverse) = view.screen.port_order;
    let sorted = view.with("list.sorted", &[view.text(order.word())]);
    let reversed = if reverse {
        view.text("list.reversed")
    } else {
        ""
    };
    let right = Line::styled(format!("  {devices}   {sorted}{reversed} "), look.quiet());
    draw_line(buffer, area, &Line::from(spans), look);
    draw_right(buffer, area, &right);
}

/// What a column shows.
#[derive(Clone, Copy, PartialEq, Eq)]
enum What {
    Shape,
    Port,
    Word,
    Speed,
    In,
    Out,
    Util,
    Errors,
    Neighbour,
    Declared,
    Seen,
}

fn columns(width: u16) -> Vec<(What, Column)> {
    let column = |what, word, width, right| (what, Column { word, width, right });
    let mut columns = vec![
        column(What::Shape, "column.st", 2, false),
        column(What::Port, "column.port", 0, false),
    ];
    if width >= ROOMY {
        columns.push(column(What::Word, "column.state", 13, false));
    }
    if width >= 60 {
        columns.push(column(What::Speed, "column.speed", 8, true));
        columns.push(column(What::In, "column.in", 4, true));
        columns.push(column(What::Out, "column.out", 4, true));
    }
    columns.push(column(What::Util, "column.util", 5, true));
    if width >= 80 {
        columns.push(column(What::Errors, "column.errors", 5, true));
    }
    if width >= ROOMY {
        let each = (width - 51) / 3;
        columns.push(column(What::Declared, "column.declared", each, false));
        columns.push(column(What::Seen, "column.seen", each, false));
    } else if width >= 76 {
        columns.push(column(What::Neighbour, "column.neighbour", 21, false));
    }
    columns
}

fn draw_table(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    keys: &[PortKey],
    selected: Option<usize>,
) {
    let (what, widths): (Vec<What>, Vec<Column>) = columns(area.width).into_iter().unzip();
    let widths = stretched(widths, area.width);
    draw_rows(view, buffer, area, &widths, keys.len(), selected, &|at| {
        let Some(row) = find(view.picture, &keys[at], view.at()) else {
            return Vec::new();
        };
        what.iter()
            .zip(&widths)
            .map(|(what, column)| cell(view, &row, *what, usize::from(column.width)))
            .collect()
    });
}

fn cell(view: View<'_>, row: &PortRow<'_>, what: What, width: usize) -> Vec<Span<'static>> {
    let cut = view.look().cut();
    let port = row.port;
    let number = |value: Option<f64>, write: fn(f64) -> String| {
        // What was counted long ago says nothing of now.
        let value = value.filter(|_| row.standing != Standing::Unknown);
        Span::raw(value.map_or_else(|| "-".to_owned(), write))
    };
    vec![match what {
        What::Shape => {
            let mark = if row.maintenance { "m" } else { "" };
            return vec![shape(view, row.standing), Span::raw(mark)];
        }
        What::Port => Span::raw(place(row.node.id.as_str(), &port.name, width, cut)),
        What::Word => Span::raw(text::fit(word(view, row), width, cut)),
        What::Speed => Span::raw(match (port.speed, port.capacity) {
            (Some(speed), Some(capacity)) if port.flaws.contains(&Flaw::Slow) => {
                format!("{}<{}", short(speed as f64), short(capacity as f64))
            }
            (Some(speed), _) => short(speed as f64),
            (None, _) => "-".to_owned(),
        }),
        What::In => number(row.received(), short),
        What::Out => number(row.sent(), short),
        What::Util => number(row.busy(), percent),
        What::Errors => number(row.errors(), short),
        What::Declared => Span::raw(declared(port.far.as_ref(), width, cut)),
        What::Neighbour if port.seen.is_empty() && port.far.is_some() => {
            let inner = width.saturating_sub(2);
            Span::raw(format!("({})", declared(port.far.as_ref(), inner, cut)))
        }
        What::Neighbour | What::Seen => Span::raw(seen(view, row, width)),
    }]
}

/// Returns the shape of how a port stands; what nobody declared and nobody uses has none.
fn shape(view: View<'_>, standing: Standing) -> Span<'static> {
    match standing {
        Standing::Down => view.shape(Health::Down),
        Standing::Differs => view.shape(Health::Degraded),
        Standing::Unknown => view.shape(Health::Unknown),
        Standing::Up => view.shape(Health::Up),
        Standing::Unused | Standing::Disabled => Span::raw(" "),
    }
}

/// Returns the word for how a port stands, or for the worst of what differs.
fn word<'a>(view: View<'a>, row: &PortRow<'_>) -> &'a str {
    let flaw = row.port.flaws.first();
    view.text(match row.standing {
        Standing::Unknown if row.port.standing() != Standing::Unknown => "port.old",
        Standing::Unknown => "port.other",
        Standing::Down if row.port.admin == PortStatus::Down => "port.disabled",
        Standing::Down | Standing::Differs => flaw.map_or("port.other", |flaw| flaw_word(*flaw)),
        Standing::Up => "port.up",
        Standing::Unused => "port.unused",
        Standing::Disabled => "port.disabled",
    })
}

fn flaw_word(flaw: Flaw) -> &'static str {
    match flaw {
        Flaw::Down => "flaw.down",
        Flaw::Absent => "flaw.absent",
        Flaw::Moved => "flaw.moved",
        Flaw::Unheard => "flaw.unheard",
        Flaw::Ambiguous => "flaw.ambiguous",
        Flaw::OneSided => "flaw.one-sided",
        Flaw::Duplex => "flaw.duplex",
        Flaw::Slow => "flaw.slow",
        Flaw::Undeclared => "flaw.undeclared",
    }
}

fn declared(far: Option<&End>, width: usize, cut: &str) -> String {
    far.map_or_else(
        || "-".to_owned(),
        |far| {
            let port = far.port.as_deref().unwrap_or_default();
            place(far.node.as_str(), port, width, cut)
        },
    )
}

fn seen(view: View<'_>, row: &PortRow<'_>, width: usize) -> String {
    let cut = view.look().cut();
    let Some(first) = row.port.seen.first() else {
        return "-".to_owned();
    };
    let more = row.port.seen.len() - 1;
    let more = if more > 0 {
        format!(" +{more}")
    } else {
        String::new()
    };
    let name = view.redacted(&who(&first.who));
    let space = width.saturating_sub(more.len());
    format!("{}{more}", place(&name, &first.port, space, cut))
}

/// Returns `node:port` in so many columns: of the two the port is cut last.
fn place(node: &str, port: &str, width: usize, cut: &str) -> String {
    if port.is_empty() {
        return text::fit(node, width, cut);
    }
    let port = format!(":{port}");
    let space = width.saturating_sub(text::width(&port));
    if space < 4 {
        return text::fit(&format!("{node}{port}"), width, cut);
    }
    format!("{}{port}", text::fit(node, space, cut))
}

/// Returns a number in at most four columns: `0`, `950`, `12k`, `1.2M`, `940M`, `10G`.
fn short(number: f64) -> String {
    let (value, unit) = match number {
        _ if number < 999.5 => (number, ""),
        _ if number < 999.5e3 => (number / 1e3, "k"),
        _ if number < 999.5e6 => (number / 1e6, "M"),
        _ if number < 999.5e9 => (number / 1e9, "G"),
        _ => (number / 1e12, "T"),
    };
    if unit.is_empty() && number > 0.0 && number < 9.95 {
        // An error a day must not look like none.
        return format!("{value:.1}");
    }
    if value < 9.95 && value.fract() > 0.05 && !unit.is_empty() {
        format!("{value:.1}{unit}")
    } else {
        format!("{value:.0}{unit}")
    }
}
