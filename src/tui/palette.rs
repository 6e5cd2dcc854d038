//! What lies over a page: the palette (which is the help), menus, the question before something is broken.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};
use tui_input::Input;
use unicode_segmentation::UnicodeSegmentation;

use crate::analysis::what_if::kinds;
use crate::app::Command;
use crate::model::{Element, NodeId};
use crate::tui::keys::labels;
use crate::tui::screen::Tab;
use crate::tui::screen::over::broken;
use crate::tui::screen::overlay::{Choice, Entry, Overlay, ends, entries};
use crate::tui::screen::ports::PortOrder;
use crate::tui::screen::rows::Order;
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_rule, draw_text, row};
use crate::tui::what_if::kind_of_link;

/// Draws what lies over the page, if anything does.
pub fn draw(view: View<'_>, buffer: &mut Buffer, page: Rect) {
    match &view.screen.overlay {
        None | Some(Overlay::Filter { .. } | Overlay::Plain { .. }) => {}
        Some(Overlay::Palette { input, cursor }) => {
            draw_palette(view, buffer, page, input, *cursor);
        }
        Some(Overlay::Ends {
            input,
            cursor,
            first,
            kind,
        }) => {
            let finder = finder_of_ends(view, input, *cursor, first.as_ref(), *kind);
            finder.draw(view, buffer, page);
        }
        Some(Overlay::Sort { cursor }) => {
            let words: Vec<&str> = if view.screen.tab == Tab::Interfaces {
                PortOrder::ALL.iter().map(|order| order.word()).collect()
            } else {
                Order::ALL.iter().map(|order| order.word()).collect()
            };
            let lines: Vec<Line<'_>> = words
                .iter()
                .map(|word| Line::raw(format!(" {}", view.text(word))))
                .collect();
            draw_menu(
                view,
                buffer,
                page,
                view.text("menu.sort"),
                &lines,
                *cursor,
                &[],
            );
        }
        Some(Overlay::Copy { items, cursor }) => {
            let lines: Vec<Line<'_>> = items
                .iter()
                .map(|(word, item)| {
                    Line::from(vec![
                        Span::raw(" "),
                        Span::raw(text::pad(view.text(word), 12, view.look().cut())),
                        Span::styled(
                            text::fit(
                                &view.redacted(&item.replace('\t', "  ")),
                                44,
                                view.look().cut(),
                            ),
                            view.look().quiet(),
                        ),
                    ])
                })
                .collect();
            draw_menu(
                view,
                buffer,
                page,
                view.text("menu.copy"),
                &lines,
                *cursor,
                &[view.text("copy.keys").to_owned()],
            );
        }
        Some(Overlay::Break { choices, cursor }) => {
            draw_break(view, buffer, page, choices, *cursor);
        }
    }
}

/// Draws the plain text over the whole window: no frame, no colour, nothing that a mouse would take along.
pub fn draw_plain(view: View<'_>, buffer: &mut Buffer, lines: &[String], scroll: usize) {
    let area = buffer.area;
    let shown: Vec<String> = lines.iter().map(|line| view.redacted(line)).collect();
    let shown = broken(&shown, usize::from(area.width));
    let height = usize::from(area.height.saturating_sub(1));
    let first = scroll.min(shown.len().saturating_sub(height));
    for (at, line) in shown.iter().skip(first).take(height).enumerate() {
        draw_text(
            buffer,
            row(area, at as u16),
            line,
            Style::new(),
            view.look(),
        );
    }
    let hint = view.text("plain.keys");
    let foot = row(area, area.height.saturating_sub(1));
    draw_text(buffer, foot, hint, Style::new(), view.look());
}

/// Returns an empty box over the middle of a page: nothing of the page shows through it.
fn clear(view: View<'_>, buffer: &mut Buffer, page: Rect, width: u16, height: u16) -> Rect {
    let width = width.min(page.width);
    let height = height.min(page.height);
    let area = Rect::new(
        page.x + (page.width - width) / 2,
        page.y + (page.height - height) / 3,
        width,
        height,
    );
    for y in area.top()..area.bottom() {
        buffer.set_string(area.x, y, " ".repeat(usize::from(width)), Style::reset());
        for edge in [area.x, area.right() - 1] {
            buffer.set_string(edge, y, view.look().bar(), view.look().quiet());
        }
    }
    draw_rule(buffer, row(area, 0), view.look());
    draw_rule(buffer, row(area, height - 1), view.look());
    let corners = view.look().corners();
    let places = [
        (area.left(), area.top()),
        (area.right() - 1, area.top()),
        (area.left(), area.bottom() - 1),
        (area.right() - 1, area.bottom() - 1),
    ];
    for (corner, (x, y)) in corners.into_iter().zip(places) {
        buffer.set_string(x, y, corner, view.look().quiet());
    }
    Rect::new(
        area.x + 1,
        area.y + 1,
        width.saturating_sub(2),
        height.saturating_sub(2),
    )
}

fn draw_menu(
    view: View<'_>,
    buffer: &mut Buffer,
    page: Rect,
    title: &str,
    lines: &[Line<'_>],
    cursor: usize,
    below: &[String],
) {
    let widest = lines.iter().map(Line::width).max().unwrap_or(0);
    let wide = below
        .iter()
        .map(|line| text::width(line) + 1)
        .max()
        .unwrap_or(0);
    let width = widest.max(wide).max(text::width(title) + 1) as u16 + 4;
    let extra = if below.is_empty() {
        0
    } else {
        below.len() as u16 + 1
    };
    let height = lines.len() as u16 + 4 + extra;
    let inner = clear(view, buffer, page, width, height);
    let look = view.look();
    draw_line(
        buffer,
        row(inner, 0),
        &Line::styled(format!(" {title}"), look.heading()),
        look,
    );
    let space = usize::from(inner.height)
        .saturating_sub(2 + usize::from(extra))
        .max(1);
    let first = (cursor / space * space).min(lines.len().saturating_sub(space));
    for (at, line) in lines.iter().enumerate().skip(first).take(space) {
        let place = row(inner, (at - first) as u16 + 2);
        draw_line(buffer, place, line, look);
        if at == cursor {
            buffer.set_style(place, look.selected());
        }
    }
    for (at, line) in below.iter().enumerate() {
        let place = row(inner, (space.min(lines.len()) + 3 + at) as u16);
        draw_text(buffer, place, &format!(" {line}"), Style::new(), look);
    }
}

fn draw_palette(view: View<'_>, buffer: &mut Buffer, page: Rect, input: &Input, cursor: usize) {
    let entries = entries(input.value(), view.picture, &view.screen.words);
    let rows: Vec<[String; 2]> = entries
        .iter()
        .map(|entry| match entry {
            Entry::Do(binding) => [view.text(binding.word).to_owned(), labels(binding)],
            Entry::Agency(id) => [
                format!("{} {}", view.look().step(), view.agency(id)),
                id.to_string(),
            ],
        })
        .collect();
    let finder = Finder {
        input,
        hint: view.text("menu.palette").to_owned(),
        note: String::new(),
        rows,
        cursor,
    };
    finder.draw(view, buffer, page);
}

/// Returns the nodes that may be an end of a new link; those of the second end with how far they are.
fn finder_of_ends<'a>(
    view: View<'_>,
    input: &'a Input,
    cursor: usize,
    first: Option<&NodeId>,
    kind: usize,
) -> Finder<'a> {
    let network = &view.picture.network;
    let at = |id: &NodeId| network.nodes.get(id).and_then(|node| node.position);
    let title = |id: &NodeId| network.title(&Element::Node(id.clone()));
    let far = |id: &NodeId| -> Option<String> {
        let km = at(first?)?.km_to(at(id)?);
        Some(format!("{km:.1} km"))
    };
    let row = |id: NodeId| [title(&id), far(&id).unwrap_or_else(|| id.to_string())];
    let kinds = kinds(network);
    Finder {
        input,
        hint: match first {
            None => view.text("menu.first-end").to_owned(),
            Some(first) => view.with("menu.second-end", &[&title(first)]),
        },
        note: view.with(
            "menu.kind",
            &[&kind_of_link(view, kinds[kind % kinds.len()])],
        ),
        rows: ends(input.value(), view.picture, first)
            .into_iter()
            .map(row)
            .collect(),
        cursor,
    }
}

/// A line to type in, and what was found for it.
struct Finder<'a> {
    input: &'a Input,
    /// Stands in the line while it is empty.
    hint: String,
    /// Stands below the line.
    note: String,
    /// What was found, and a short remark on each.
    rows: Vec<[String; 2]>,
    cursor: usize,
}

impl Finder<'_> {
    fn draw(&self, view: View<'_>, buffer: &mut Buffer, page: Rect) {
        let look = view.look();
        let height = (self.rows.len() as u16 + 4).max(8).min(page.height);
        let inner = clear(view, buffer, page, 66, height);
        let prompt = Rect::new(inner.x + 1, inner.y, inner.width.saturating_sub(2), 1);
        let used = draw_text(buffer, prompt, "> ", look.heading(), look);
        let field = Rect::new(prompt.x + used, prompt.y, prompt.width - used, 1);
        draw_input(buffer, field, self.input, None);
        if self.input.value().is_empty() {
            let hint = Rect::new(field.x + 2, field.y, field.width.saturating_sub(2), 1);
            draw_text(buffer, hint, &self.hint, look.quiet(), look);
        }
        let note = Rect::new(field.x, inner.y + 1, field.width, inner.height.min(1));
        draw_text(buffer, note, &self.note, look.quiet(), look);
        let space = usize::from(inner.height).saturating_sub(2).max(1);
        let cursor = self.cursor.min(self.rows.len().saturating_sub(1));
        let first = (cursor / space * space).min(self.rows.len().saturating_sub(space));
        for (at, [what, remark]) in self.rows.iter().enumerate().skip(first).take(space) {
            let place = row(inner, (at - first) as u16 + 2);
            let wide = usize::from(inner.width).saturating_sub(18);
            let line = Line::from(vec![
                Span::raw(" "),
                Span::raw(text::pad(what, wide, look.cut())),
                Span::styled(text::fit(remark, 16, look.cut()), look.quiet()),
            ]);
            draw_line(buffer, place, &line, look);
            if at == cursor {
                buffer.set_style(place, look.selected());
            }
        }
        if self.rows.is_empty() {
            let place = Rect::new(inner.x + 1, inner.y + 2, inner.width.saturating_sub(1), 1);
            draw_text(buffer, place, view.text("list.none"), Style::new(), look);
        }
    }
}

fn draw_break(view: View<'_>, buffer: &mut Buffer, page: Rect, choices: &[Choice], cursor: usize) {
    let network = &view.picture.network;
    let width = usize::from(page.width).min(76) - 4;
    let lines: Vec<Line<'_>> = choices
        .iter()
        .map(|choice| {
            let shown = match &choice.command {
                Command::Cut(element) => view.with("break.cut", &[&view.element(element)]),
                Command::Restore(element) => view.with("break.restore", &[&view.element(element)]),
                Command::RestoreAll => {
                    let count = view.picture.broken.len().to_string();
                    view.with("break.restore-all", &[&count])
                }
            };
            Line::raw(format!(
                " {}",
                text::fit(&shown, width - 2, view.look().cut())
            ))
        })
        .collect();
    let mut below = Vec::new();
    if let Some(choice) = choices.get(cursor) {
        let count = choice.cuts_off.len().to_string();
        let says = match &choice.command {
            Command::Cut(_) if choice.cuts_off.is_empty() => view.text("break.harmless").to_owned(),
            Command::Cut(_) => view.with("break.cuts-off", &[&count]),
            Command::Restore(_) => view.text("break.repairs").to_owned(),
            Command::RestoreAll => {
                let names: Vec<String> = view
                    .picture
                    .broken
                    .iter()
                    .map(|each| network.title(each))
                    .collect();
                names.join(", ")
            }
        };
        below.extend(text::wrap(&says, width - 2).into_iter().take(3));
        let names: Vec<&str> = choice
            .cuts_off
            .iter()
            .take(4)
            .map(|id| view.agency(id))
            .collect();
        let mut listed = names.join(", ");
        if choice.cuts_off.len() > names.len() && !names.is_empty() {
            listed.push_str(", ");
            listed.push_str(look_cut(view));
        }
        below.extend(text::wrap(&listed, width - 2).into_iter().take(3));
    }
    below.push(view.text("break.keys").to_owned());
    // The box keeps its size while the cursor moves, so that the choices do not jump.
    while below.len() < 5 {
        below.insert(below.len() - 1, String::new());
    }
    draw_menu(
        view,
        buffer,
        page,
        view.text("menu.break"),
        &lines,
        cursor,
        &below,
    );
}

fn look_cut(view: View<'_>) -> &'static str {
    view.look().cut()
}

/// Draws the line in which a filter is typed, and under the wrong word what is wrong with it.
pub fn draw_filter_line(view: View<'_>, buffer: &mut Buffer, area: Rect, input: &Input) {
    let look = view.look();
    let used = draw_text(buffer, area, "/", look.heading(), look);
    let wrong = view.screen.search(view.screen.tab).wrong.as_ref();
    let field = Rect::new(area.x + used, area.y, area.width - used, 1);
    let taken = draw_input(buffer, field, input, wrong.map(|wrong| &wrong.span));
    let space = field.width.saturating_sub(taken + 3);
    let place = Rect::new(field.x + taken + 3, field.y, space, 1);
    let note = match wrong {
        Some(wrong) => view.wrong(wrong),
        None if input.value().is_empty() && view.screen.tab == Tab::Interfaces => {
            view.text("menu.filter-ports").to_owned()
        }
        None if input.value().is_empty() => view.text("menu.filter").to_owned(),
        None => String::new(),
    };
    draw_text(buffer, place, &note, look.quiet(), look);
}

/// Draws a typed text with its cursor, the bytes of `wrong` underlined; returns the columns it took.
fn draw_input(
    buffer: &mut Buffer,
    area: Rect,
    input: &Input,
    wrong: Option<&std::ops::Range<usize>>,
) -> u16 {
    let mut x = area.x;
    let mut cursor_at = None;
    // The input counts its cursor in characters.
    let mut counted = 0;
    let start = input.visual_scroll(usize::from(area.width.saturating_sub(1)));
    let mut skipped = 0;
    for (at, grapheme) in input.value().grapheme_indices(true) {
        let shown = crate::report::clean(grapheme);
        let wide = text::width(&shown).max(1) as u16;
        if counted >= input.cursor() && cursor_at.is_none() {
            cursor_at = Some(x);
        }
        counted += grapheme.chars().count();
        if skipped < start {
            skipped += usize::from(wide);
            continue;
        }
        if x + wide > area.right() {
            break;
        }
        let is_wrong = wrong
            .as_ref()
            .is_some_and(|span| span.contains(&at) || (span.is_empty() && span.start == at));
        let style = if is_wrong {
            Style::new().add_modifier(Modifier::UNDERLINED | Modifier::BOLD)
        } else {
            Style::new()
        };
        buffer.set_string(x, area.y, &shown, style);
        x += wide;
    }
    let end = area.right().saturating_sub(1);
    // What is missing is missing at the end.
    if wrong.is_some_and(|span| span.start >= input.value().len())
        && let Some(cell) = buffer.cell_mut((x.min(end), area.y))
    {
        cell.modifier.insert(Modifier::UNDERLINED);
    }
    if let Some(cell) = buffer.cell_mut((cursor_at.unwrap_or(x).min(end), area.y)) {
        cell.modifier.insert(Modifier::REVERSED);
    }
    x - area.x
}
