//! The Weak page: what must not fail, ranked by whom it would cut off.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::analysis::Weak;
use crate::model::Element;
use crate::model::health::Health;
use crate::tui::cause::whom;
use crate::tui::list::{Column, Sheet, draw_detail, draw_open, draw_rows, split, stretched};
use crate::tui::text;
use crate::tui::view::{View, draw_text, row};

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let selected = view.screen.selected_element(view.picture);
    if view.screen.open
        && let Some(element) = &selected
    {
        draw_open(view, buffer, area, |width| sheet(view, element, width));
        return;
    }
    let rows = view.screen.weak_rows(view.picture);
    let all = &view.picture.weakness.elements;
    let (list, detail) = split(area);
    let mut status = view.with(
        "weak.status",
        &[&rows.len().to_string(), &all.len().to_string()],
    );
    let search = view.screen.search(view.screen.tab);
    if !search.text.is_empty() {
        status.push_str("   /");
        status.push_str(&search.text);
    }
    let place = Rect::new(list.x + 1, list.y, list.width.saturating_sub(2), 1);
    draw_text(buffer, place, &status, Style::new(), view.look());
    let column = |word, width, right| Column { word, width, right };
    let mut columns = vec![
        column("column.number", 4, true),
        column("column.st", 2, false),
        column("column.what", 0, false),
        column("column.kind", 12, false),
        column("column.agencies", 8, true),
    ];
    if list.width >= 60 {
        columns.push(column("column.weight", 8, true));
    }
    let columns = stretched(columns, list.width);
    let table = Rect {
        y: list.y + 1,
        height: list.height.saturating_sub(1),
        ..list
    };
    let at = rows
        .iter()
        .position(|element| Some(element) == selected.as_ref());
    let found: Vec<(usize, &Weak)> = rows
        .iter()
        .filter_map(|element| {
            all.iter()
                .enumerate()
                .find(|(_, weak)| weak.element == *element)
        })
        .collect();
    draw_rows(view, buffer, table, &columns, found.len(), at, &|at| {
        let (rank, weak) = found[at];
        let what = text::fit(
            &view.picture.network.title(&weak.element),
            usize::from(columns[2].width),
            view.look().cut(),
        );
        vec![
            vec![Span::raw((rank + 1).to_string())],
            shape(view, &weak.element).into_iter().collect(),
            vec![Span::raw(what)],
            vec![Span::raw(text::fit(
                view.kind(&weak.element),
                12,
                view.look().cut(),
            ))],
            vec![Span::raw(weak.ids.len().to_string())],
            vec![Span::raw(weak.weight.to_string())],
        ]
    });
    if rows.is_empty() {
        let place = Rect::new(table.x + 1, table.y + 1, table.width.saturating_sub(1), 1);
        draw_text(
            buffer,
            place,
            view.text("weak.none"),
            Style::new(),
            view.look(),
        );
    }
    if let (Some(detail), Some(element)) = (detail, selected) {
        draw_detail(view, buffer, detail, |width| sheet(view, &element, width));
    }
    // The list says how it is meant: these are the weak points of the network as designed.
    let note = view.text("weak.designed");
    let note_width = text::width(note) as u16;
    let status_width = text::width(&status) as u16;
    if list.width > status_width + note_width + 4 {
        let place = Rect::new(list.right() - note_width - 1, row(list, 0).y, note_width, 1);
        draw_text(buffer, place, note, view.look().quiet(), view.look());
    }
}

/// Returns the shape of an element's state where something is known of it.
fn shape(view: View<'_>, element: &Element) -> Option<Span<'static>> {
    if is_lost(view, element) {
        return Some(view.shape(Health::Down));
    }
    match element {
        Element::Node(node) if view.picture.nodes.contains_key(node) => {
            Some(view.shape(view.health(node)))
        }
        _ => None,
    }
}

fn is_lost(view: View<'_>, element: &Element) -> bool {
    view.picture.broken.contains(element)
        || view
            .picture
            .open_incidents()
            .any(|incident| incident.causes.first() == Some(element))
}

fn sheet(view: View<'_>, element: &Element, width: usize) -> Sheet {
    let mut sheet = Sheet::new(view, width);
    let network = &view.picture.network;
    sheet.line(vec![Span::styled(
        text::fit(&view.element(element), width, view.look().cut()),
        view.look().heading(),
    )]);
    sheet.pair(view.text("col.id"), &element.to_string());
    if view.picture.broken.contains(element) {
        sheet.spans(
            view.text("detail.state"),
            vec![view.shape(Health::Down), Span::raw(" ")],
            view.text("weak.broken"),
        );
    }
    if let Some(incident) = view
        .picture
        .open_incidents()
        .find(|incident| incident.causes.contains(element))
    {
        sheet.pair(
            view.text("detail.cause"),
            &view.with("weak.cause-of", &[&incident.id.to_string()]),
        );
    }
    let mut risks = Vec::new();
    match element {
        Element::Node(id) => {
            if let Some(node) = network.nodes.get(id) {
                sheet.pair(view.text("detail.role"), &view.known("role", &node.role));
                sheet.pair(view.text("detail.address"), &view.address(id));
                let model: Vec<&str> = [&node.vendor, &node.model, &node.serial]
                    .into_iter()
                    .flatten()
                    .map(String::as_str)
                    .collect();
                sheet.pair(view.text("detail.device"), &model.join(", "));
                risks.clone_from(&node.risks);
            }
        }
        Element::Link(id) => {
            if let Some(link) = network.links.get(id) {
                sheet.pair(view.text("col.kind"), &view.known("kind", &link.kind));
                sheet.pair(
                    view.text("detail.call"),
                    &whom(view, element).unwrap_or_default(),
                );
                risks.clone_from(&link.risks);
            }
        }
        Element::Risk(id) => {
            if let Some(risk) = network.risks.get(id) {
                sheet.pair(view.text("col.kind"), &view.known("kind", &risk.kind));
                let members: Vec<String> = risk
                    .members
                    .iter()
                    .map(|each| network.title(each))
                    .collect();
                sheet.pair(view.text("weak.members"), &members.join(", "));
            }
        }
    }
    for risk in risks {
        let name = network.title(&Element::Risk(risk.clone()));
        sheet.pair(view.text("element.risk"), &name);
    }
    if let Some(weak) = view
        .picture
        .weakness
        .elements
        .iter()
        .find(|weak| weak.element == *element)
    {
        sheet.heading(&view.with(
            "weak.cuts-off",
            &[&weak.ids.len().to_string(), &weak.weight.to_string()],
        ));
        sheet.names(1, weak.ids.iter().map(|id| view.agency(id).to_owned()));
    }
    sheet
}
