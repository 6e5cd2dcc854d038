//! The Weak page: what must not fail, ranked by the hours a year that hang on it.
//!
//! A figure that is not exact never looks so: it stands behind a tilde, and the detail says how it was found and
//! how wide it is.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::analysis::hours::rate::Chance;
use crate::analysis::hours::{Importance, Method};
use crate::analysis::pairs::Pair;
use crate::app::view::Sight;
use crate::model::Element;
use crate::model::health::Health;
use crate::report::hours::{figure, share, with_error};
use crate::tui::cause::whom;
use crate::tui::list::{Column, Sheet, draw_detail, draw_open, draw_rows, split, stretched};
use crate::tui::screen::ranks::{self, Figures, Peril, Rank};
use crate::tui::text;
use crate::tui::view::{View, draw_text};

/// Columns of a list from which it has room for weight and share.
const ROOMY: u16 = 72;

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let rows = view.screen.weak_rows(view.picture);
    let at = rows
        .iter()
        .position(|rank| Some(&rank.peril) == view.screen.peril.as_ref())
        .unwrap_or(0);
    let selected = rows.get(at);
    if view.screen.open
        && let Some(rank) = selected
    {
        draw_open(view, buffer, area, |width| sheet(view, rank, width));
        return;
    }
    let (list, detail) = split(area);
    draw_status(view, buffer, list, rows.len());
    let column = |word, width, right| Column { word, width, right };
    let mut columns = vec![
        column("column.number", 4, true),
        column("column.st", 1, false),
        column("column.what", 0, false),
        column("column.kind", 12, false),
        column("column.cuts-off", 8, true),
        column("column.hours", 9, true),
    ];
    if list.width >= ROOMY {
        columns.push(column("column.share", 7, true));
    }
    let columns = stretched(columns, list.width);
    let table = Rect {
        y: list.y + 1,
        height: list.height.saturating_sub(1),
        ..list
    };
    let total = ranks::reckoning(view.picture, view.screen.today)
        .map_or(0.0, |reckoning| reckoning.account.total.weighted);
    draw_rows(view, buffer, table, &columns, rows.len(), Some(at), &|at| {
        let rank = &rows[at];
        let fit = |shown: &str, column: usize| {
            let width = usize::from(columns[column].width);
            Span::raw(text::fit(shown, width, view.look().cut()))
        };
        let mark = if rank.is_exact() { "" } else { "~" };
        let hours = rank.hours();
        vec![
            vec![Span::raw(rank.place.to_string())],
            shape(view, &rank.peril).into_iter().collect(),
            vec![Span::raw(short_title(
                view,
                &rank.peril,
                usize::from(columns[2].width),
            ))],
            vec![fit(kind(view, &rank.peril), 3)],
            vec![Span::raw(rank.ids().len().to_string())],
            vec![Span::raw(hours.map_or_else(
                || "-".to_owned(),
                |hours| format!("{mark}{}", figure(hours)),
            ))],
            vec![Span::raw(hours.filter(|_| total > 0.0).map_or_else(
                || "-".to_owned(),
                |hours| format!("{mark}{}", share(hours / total)),
            ))],
        ]
    });
    if rows.is_empty() {
        let place = Rect::new(table.x + 1, table.y + 1, table.width.saturating_sub(1), 1);
        let none = view.text("weak.none");
        draw_text(buffer, place, none, Style::new(), view.look());
    }
    if let (Some(detail), Some(rank)) = (detail, selected) {
        draw_detail(view, buffer, detail, |width| sheet(view, rank, width));
    }
}

/// Says which view it is and what is lost in it, or that this is being counted.
fn draw_status(view: View<'_>, buffer: &mut Buffer, area: Rect, rows: usize) {
    let look = view.look();
    let place = Rect::new(area.x + 1, area.y, area.width.saturating_sub(2), 1);
    let out = out_now(view);
    let which = match (view.screen.today, out.len()) {
        (false, _) => view.text("weak.designed").to_owned(),
        (true, 0) => view.text("weak.today-whole").to_owned(),
        (true, out) => view.with("weak.today", &[&out.to_string()]),
    };
    let mut said = Vec::new();
    match ranks::reckoning(view.picture, view.screen.today) {
        None => said.push(view.text("weak.counting").to_owned()),
        Some(reckoning) => {
            let account = &reckoning.account;
            let hours = account.total.weighted;
            said.push(match account.method {
                Method::Exact { .. } => view.with("weak.total", &[&figure(hours)]),
                Method::Sampled { error, .. } => {
                    view.with("weak.total-sampled", &[&with_error(hours, Some(error))])
                }
            });
            if view.screen.today && reckoning.removed != out {
                said.push(view.with("weak.older", &[&view.clock(reckoning.at)]));
            }
        }
    }
    said.push(view.with("weak.rows", &[&rows.to_string()]));
    let reckoning = ranks::reckoning(view.picture, view.screen.today);
    if reckoning.is_some_and(|reckoning| reckoning.pairs.is_none()) {
        said.push(view.text("weak.no-pairs").to_owned());
    }
    let search = view.screen.search(view.screen.tab);
    if !search.text.is_empty() {
        said.push(format!("/{}", search.text));
    }
    let taken = draw_text(buffer, place, &which, look.heading(), look);
    let rest = Rect {
        x: place.x + taken,
        width: place.width.saturating_sub(taken),
        ..place
    };
    let said = format!("; {}", said.join("; "));
    draw_text(buffer, rest, &said, Style::new(), look);
}

/// Returns what is out by what the picture knows.
fn out_now(view: View<'_>) -> Vec<Element> {
    let incidents = view.picture.incidents.iter().map(AsRef::as_ref);
    Sight::live(&view.picture.network, incidents, view.at()).elements()
}

/// Returns what people call it.
fn title(view: View<'_>, peril: &Peril) -> String {
    let elements = peril.elements().iter();
    let titles: Vec<String> = elements
        .map(|element| view.picture.network.title(element))
        .collect();
    titles.join(" + ")
}

/// Returns the same in so many columns, so that both of a pair are seen.
fn short_title(view: View<'_>, peril: &Peril, width: usize) -> String {
    let cut = view.look().cut();
    match peril {
        Peril::Alone(_) => text::fit(&title(view, peril), width, cut),
        Peril::Both(pair) => {
            let half = width.saturating_sub(3) / 2;
            let halves = pair
                .each_ref()
                .map(|element| text::fit(&view.picture.network.title(element), half, cut));
            halves.join(" + ")
        }
    }
}

fn kind<'a>(view: View<'a>, peril: &Peril) -> &'a str {
    match peril {
        Peril::Alone(element) => view.kind(element),
        Peril::Both(_) => view.text("weak.pair"),
    }
}

/// Returns the shape of the worst state of what may fail, where something is known of it.
fn shape(view: View<'_>, peril: &Peril) -> Option<Span<'static>> {
    let state = |element: &Element| {
        if is_lost(view, element) {
            return Some(Health::Down);
        }
        match element {
            Element::Node(node) if view.picture.nodes.contains_key(node) => Some(view.health(node)),
            _ => None,
        }
    };
    let worst = peril.elements().iter().filter_map(state).max();
    worst.map(|health| view.shape(health))
}

fn is_lost(view: View<'_>, element: &Element) -> bool {
    view.picture.broken.contains(element)
        || view
            .picture
            .open_incidents()
            .any(|incident| incident.causes.first() == Some(element))
}

fn sheet(view: View<'_>, rank: &Rank<'_>, width: usize) -> Sheet {
    let mut sheet = Sheet::new(view, width);
    let shown = format!("{} {}", kind(view, &rank.peril), title(view, &rank.peril));
    sheet.line(vec![Span::styled(
        text::fit(&shown, width, view.look().cut()),
        view.look().heading(),
    )]);
    match rank.figures {
        Figures::Uncounted => sheet.text(0, view.text("weak.counting-long")),
        Figures::Alone(importance) => hours_of_one(view, &mut sheet, rank, importance),
        Figures::Both(pair) => hours_of_both(view, &mut sheet, pair),
    }
    for element in rank.peril.elements() {
        if let Peril::Both(_) = rank.peril {
            sheet.heading(&view.element(element));
        }
        about(view, &mut sheet, element);
    }
    if !rank.ids().is_empty() {
        let key = match rank.peril {
            Peril::Alone(_) => "weak.cuts-off",
            Peril::Both(_) => "weak.cuts-off-both",
        };
        let figures = [rank.ids().len().to_string(), rank.weight().to_string()];
        sheet.heading(&view.with(key, &[&figures[0], &figures[1]]));
        sheet.names(1, rank.ids().iter().map(|id| view.agency(id).to_owned()));
    }
    sheet
}

/// Says why hours hang on one element, how many, and how well that is known.
fn hours_of_one(view: View<'_>, sheet: &mut Sheet, rank: &Rank<'_>, importance: &Importance) {
    let chance = Chance::declared(&view.picture.network, &importance.element);
    let whom = if rank.ids().is_empty() {
        view.text("weak.why-nobody").to_owned()
    } else {
        let count = rank.ids().len().to_string();
        view.with("weak.why", &[&count, &rank.weight().to_string()])
    };
    sheet.pair(view.text("weak.why-label"), &whom);
    if let Some(chance) = &chance {
        sheet.pair(view.text("weak.rate"), &rate(view, chance));
    }
    let hours = importance.hours.weighted;
    sheet.pair(
        view.text("weak.hours"),
        &view.with(
            "weak.hours-are",
            &[
                &with_error(hours, importance.error),
                &figure(importance.hours.agency),
                &share(importance.share),
            ],
        ),
    );
    if let Some(chance) = chance.filter(|chance| chance.unavailability > 0.0) {
        let at = |unavailability: f64| figure(hours * unavailability / chance.unavailability);
        sheet.pair(
            view.text("weak.interval"),
            &view.with(
                "weak.interval-is",
                &[&at(chance.interval.0), &at(chance.interval.1)],
            ),
        );
    }
    let method = match importance.error {
        None => view.text("weak.exact"),
        Some(_) => view.text("weak.sampled"),
    };
    sheet.pair(view.text("weak.method"), method);
}

/// Says the same of two at once, of which the hours are known to first order only.
fn hours_of_both(view: View<'_>, sheet: &mut Sheet, pair: &Pair) {
    let figures = [pair.ids.len().to_string(), pair.weight.to_string()];
    sheet.pair(
        view.text("weak.why-label"),
        &view.with("weak.why-both", &[&figures[0], &figures[1]]),
    );
    let chances = pair
        .elements
        .each_ref()
        .map(|element| Chance::declared(&view.picture.network, element));
    sheet.pair(
        view.text("weak.hours"),
        &view.with("weak.hours-both", &[&figure(pair.hours)]),
    );
    if let [Some(a), Some(b)] = chances
        && a.unavailability > 0.0
        && b.unavailability > 0.0
    {
        let at = |one: f64, other: f64| {
            figure(pair.hours * (one / a.unavailability) * (other / b.unavailability))
        };
        sheet.pair(
            view.text("weak.interval"),
            &view.with(
                "weak.interval-both",
                &[
                    &at(a.interval.0, b.interval.0),
                    &at(a.interval.1, b.interval.1),
                ],
            ),
        );
    }
    sheet.pair(view.text("weak.method"), view.text("weak.first-order"));
}

fn rate(view: View<'_>, chance: &Chance) -> String {
    let failures = chance.failures();
    let failures = if failures < 0.1 {
        format!("{failures:.3}")
    } else {
        format!("{failures:.1}")
    };
    view.with(
        "weak.rate-is",
        &[&failures, &format!("{:.1}", chance.repair)],
    )
}

/// Says what an element is and how it is.
fn about(view: View<'_>, sheet: &mut Sheet, element: &Element) {
    let network = &view.picture.network;
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
}
