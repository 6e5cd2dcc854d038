//! Lists and sheets: rows under headings with one selected, and the detail of the selected one.
//!
//! Only the visible rows are built. The window moves by whole pages, so that a step of the selection repaints
//! two rows and not the list: over a slow line that is felt.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::tui::screen::grid::TWO_PANES;
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_rule, draw_text, row};

/// Columns of a label in a sheet.
const LABEL: usize = 14;

/// A column of a list.
#[derive(Clone, Copy, Debug)]
pub struct Column {
    /// Key of its heading.
    pub word: &'static str,
    /// Columns of the screen.
    pub width: u16,
    /// Whether its values stand to the right, as numbers do.
    pub right: bool,
}

/// Splits a page into the list and the detail beside or under it; there is none where space is short.
#[must_use]
pub fn split(area: Rect) -> (Rect, Option<Rect>) {
    split_from(area, TWO_PANES)
}

/// Splits a page whose rows need more room than others': the detail stands beside them only in a very wide window.
#[must_use]
pub fn split_wide(area: Rect) -> (Rect, Option<Rect>) {
    split_from(area, 190)
}

fn split_from(area: Rect, two_panes: u16) -> (Rect, Option<Rect>) {
    if area.width >= two_panes {
        let right = (area.width * 42 / 100).clamp(46, 84);
        let left = area.width - right - 3;
        return (
            Rect {
                width: left,
                ..area
            },
            Some(Rect {
                x: area.x + left + 3,
                width: right,
                ..area
            }),
        );
    }
    if area.height < 14 {
        return (area, None);
    }
    let height = (area.height * 2 / 5).clamp(6, 14);
    let list = Rect {
        height: area.height - height,
        ..area
    };
    let detail = Rect {
        y: list.bottom(),
        height,
        ..area
    };
    (list, Some(detail))
}

/// Draws what stands between a list and its detail, and the detail as far as it fits.
pub fn draw_detail(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    sheet: impl FnOnce(usize) -> Sheet,
) {
    let look = view.look();
    let inner = if area.x > 0 {
        for y in area.top()..area.bottom() {
            buffer.set_string(area.x - 2, y, look.bar(), look.quiet());
        }
        area
    } else {
        draw_rule(buffer, row(area, 0), look);
        Rect::new(1, area.y + 1, area.width.saturating_sub(2), area.height - 1)
    };
    draw_sheet(
        view,
        buffer,
        inner,
        &sheet(usize::from(inner.width)),
        0,
        false,
    );
}

/// Draws a detail that fills the page, scrolled.
pub fn draw_open(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    sheet: impl FnOnce(usize) -> Sheet,
) {
    let inner = Rect::new(1, area.y, area.width.saturating_sub(2), area.height);
    let sheet = sheet(usize::from(inner.width));
    draw_sheet(view, buffer, inner, &sheet, view.screen.scroll, true);
}

fn draw_sheet(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    sheet: &Sheet,
    scroll: usize,
    open: bool,
) {
    let height = usize::from(area.height);
    let scroll = scroll.min(sheet.lines.len().saturating_sub(height));
    for (at, line) in sheet.lines.iter().skip(scroll).take(height).enumerate() {
        draw_line(buffer, row(area, at as u16), line, view.look());
    }
    let left = sheet.lines.len().saturating_sub(scroll + height);
    if left > 0 && height > 0 {
        let key = if open {
            "list.more-below"
        } else {
            "list.more-enter"
        };
        let note = format!("  {}", view.with(key, &[&(left + 1).to_string()]));
        let place = row(area, area.height - 1);
        buffer.set_string(
            place.x,
            place.y,
            " ".repeat(usize::from(place.width)),
            Style::new(),
        );
        draw_text(
            buffer,
            place,
            note.trim_start(),
            view.look().quiet(),
            view.look(),
        );
    }
}

/// Draws headings and the window of rows that holds the selected one.
pub fn draw_rows(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    columns: &[Column],
    count: usize,
    selected: Option<usize>,
    cells: &dyn Fn(usize) -> Vec<Vec<Span<'static>>>,
) {
    if area.height == 0 {
        return;
    }
    let look = view.look();
    let mut x = area.x + 1;
    for column in columns {
        let heading = view.text(column.word);
        let width = usize::from(column.width);
        let heading = if column.right {
            text::right(heading, width, look.cut())
        } else {
            text::pad(heading, width, look.cut())
        };
        let space = area.right().saturating_sub(x);
        draw_text(
            buffer,
            Rect::new(x, area.y, column.width.min(space), 1),
            &heading,
            look.quiet(),
            look,
        );
        x += column.width + 1;
    }
    let height = usize::from(area.height - 1).max(1);
    let first = (selected.unwrap_or(0) / height * height).min(count.saturating_sub(height));
    for at in first..count.min(first + height) {
        let place = row(area, (at - first + 1) as u16);
        if place.is_empty() {
            break;
        }
        let mut x = area.x + 1;
        for (column, spans) in columns.iter().zip(cells(at)) {
            let width = column.width.min(area.right().saturating_sub(x));
            let line = Line::from(spans);
            let missing = usize::from(width).saturating_sub(line.width()) as u16;
            let shift = if column.right { missing } else { 0 };
            draw_line(
                buffer,
                Rect::new(x + shift, place.y, width - shift, 1),
                &line,
                look,
            );
            x += column.width + 1;
        }
        if selected == Some(at) {
            buffer.set_style(place, look.selected());
        }
    }
}

/// Returns the columns with the rest of `width` given to the one of width 0.
#[must_use]
pub fn stretched(mut columns: Vec<Column>, width: u16) -> Vec<Column> {
    let used: u16 = columns.iter().map(|column| column.width + 1).sum();
    for column in &mut columns {
        if column.width == 0 {
            column.width = width.saturating_sub(used + 1).max(8);
        }
    }
    columns
}

/// A detail, line by line, already broken to its width.
#[derive(Clone, Debug)]
pub struct Sheet {
    /// The lines.
    pub lines: Vec<Line<'static>>,
    width: usize,
    heading: Style,
    quiet: Style,
    cut: &'static str,
}

impl Sheet {
    /// Begins a sheet of some columns.
    #[must_use]
    pub fn new(view: View<'_>, width: usize) -> Self {
        Self {
            lines: Vec::new(),
            width,
            heading: view.look().heading(),
            quiet: view.look().quiet(),
            cut: view.look().cut(),
        }
    }

    /// Returns how many columns there are.
    #[must_use]
    pub fn width(&self) -> usize {
        self.width
    }

    /// Adds a line as it is.
    pub fn line(&mut self, spans: Vec<Span<'static>>) {
        self.lines.push(Line::from(spans));
    }

    /// Adds a heading after an empty line.
    pub fn heading(&mut self, shown: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Line::raw(""));
        }
        let shown = text::fit(shown, self.width, self.cut);
        self.lines.push(Line::styled(shown, self.heading));
    }

    /// Adds a text, broken where it must, each line indented.
    pub fn text(&mut self, indent: usize, shown: &str) {
        for line in text::wrap(shown, self.width.saturating_sub(indent)) {
            self.lines
                .push(Line::raw(format!("{}{line}", " ".repeat(indent))));
        }
    }

    /// Adds a label and its value; nothing where the value is empty.
    pub fn pair(&mut self, label: &str, value: &str) {
        self.spans(label, Vec::new(), value);
    }

    /// Adds a label, some spans and a text after them.
    pub fn spans(&mut self, label: &str, spans: Vec<Span<'static>>, value: &str) {
        if spans.is_empty() && value.is_empty() {
            return;
        }
        let taken: usize = spans.iter().map(Span::width).sum();
        let space = self.width.saturating_sub(LABEL + taken).max(8);
        let mut lines = text::wrap(value, space).into_iter();
        let mut first = vec![
            Span::styled(text::pad(label, LABEL - 1, self.cut), self.quiet),
            Span::raw(" "),
        ];
        first.extend(spans);
        first.push(Span::raw(lines.next().unwrap_or_default()));
        self.lines.push(Line::from(first));
        for line in lines {
            let indent = " ".repeat(LABEL + taken);
            self.lines.push(Line::raw(format!("{indent}{line}")));
        }
    }

    /// Adds names, separated by commas.
    pub fn names(&mut self, indent: usize, names: impl IntoIterator<Item = String>) {
        // A name is not broken while it fits: names of agencies are whole sentences.
        let space = self.width.saturating_sub(indent);
        let mut line = String::new();
        let mut names = names.into_iter().peekable();
        let mut lines = Vec::new();
        while let Some(name) = names.next() {
            let mut name = text::fit(&name, space.saturating_sub(1), self.cut);
            if names.peek().is_some() {
                name.push(',');
            }
            if !line.is_empty() && text::width(&line) + 1 + text::width(&name) > space {
                lines.push(std::mem::take(&mut line));
            }
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&name);
        }
        if !line.is_empty() {
            lines.push(line);
        }
        for line in lines {
            self.lines
                .push(Line::raw(format!("{}{line}", " ".repeat(indent))));
        }
    }
}
