//! The Overview: every agency as a cell in its place, and beside them what a person should look at first.
//!
//! In one pane the incidents stand under the grid; from 110 columns on they have a pane of their own, with the
//! agencies to watch and the weakest elements under them. The grid is never sorted: a place is learnt once.

use jiff::SignedDuration;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Modifier, Style};
use ratatui::text::{Line, Span};

use crate::analysis::Weak;
use crate::model::health::{Counts, Health};
use crate::model::incident::{Incident, IncidentKind};
use crate::model::{AgencyId, Element};
use crate::tui::agencies;
use crate::tui::screen::grid::{Grid, Group, Label, Name};
use crate::tui::screen::rows::{self, Order, Search};
use crate::tui::text;
use crate::tui::theme::Look;
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
    draw_side(view, buffer, right, &troubled);
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
        Span::styled(text::fit(&agency.name, space, look.cut()), look.heading()),
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
    let weakest = weakest_line(view, usize::from(inner.width));
    let last = u16::from(weakest.is_some() && inner.height >= 4);
    let space = inner.height - last;
    // The worst incidents first, but never without a row for the agencies themselves.
    let lines = open.len().min(usize::from((space / 2).max(1)));
    for (at, incident) in open.iter().take(lines).enumerate() {
        let line = incident_line(view, incident, usize::from(inner.width));
        draw_line(buffer, row(inner, at as u16), &line, look);
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
    } else if open.len() > lines {
        let more = view.with("list.more", &[&(open.len() - lines).to_string()]);
        draw_right(
            buffer,
            row(inner, used - 1),
            &Line::styled(format!(" {more}"), look.quiet()),
        );
    }
    let worst = Rect::new(inner.x, inner.y + used, inner.width, space - used);
    draw_watch(view, buffer, worst, troubled);
    if let (Some(line), true) = (weakest, last == 1) {
        draw_line(buffer, row(inner, inner.height - 1), &line, look);
    }
}

/// Returns one line of an incident: what it is, since when, and how many it cuts off.
#[must_use]
pub fn incident_line(view: View<'_>, incident: &Incident, width: usize) -> Line<'static> {
    let look = view.look();
    let tail = format!(
        "{}  {}",
        view.span(view.since(incident.since)),
        consequence(view, incident)
    );
    let mut head = incident.id.to_string();
    head.push(' ');
    let cause = cause(view, incident);
    let taken = 2 + text::width(&head) + 2 + text::width(&tail);
    let cause = text::fit(&cause, width.saturating_sub(taken).max(12), look.cut());
    Line::from(vec![
        view.shape(Look::severity(incident.severity)),
        Span::raw(" "),
        Span::styled(head, look.quiet()),
        Span::styled(cause, look.heading()),
        Span::raw("  "),
        Span::raw(tail),
    ])
}

/// Returns what an incident does, in a few words.
#[must_use]
pub fn consequence(view: View<'_>, incident: &Incident) -> String {
    let count = |agencies: &[AgencyId]| agencies.len().to_string();
    match incident.kind {
        IncidentKind::Monitor => view.text("incident.blind").to_owned(),
        IncidentKind::Outage => view.with("incident.cuts-off", &[&count(&incident.cut_off)]),
        IncidentKind::Redundancy => view.with("incident.one-path", &[&count(&incident.one_path)]),
        IncidentKind::Loss => view.text("incident.loss").to_owned(),
    }
}

/// Returns the cause of an incident; with how many others it could be where they cannot be told apart.
#[must_use]
pub fn cause(view: View<'_>, incident: &Incident) -> String {
    match incident.causes.as_slice() {
        [] => view.text("incident.unknown-cause").to_owned(),
        [one] => view.element(one),
        [first, others @ ..] => format!(
            "{} {}",
            view.element(first),
            view.with("incident.or-others", &[&others.len().to_string()])
        ),
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
        Span::raw(text::pad(&agency.name, name, cut)),
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

/// The right pane: incidents, agencies to watch, the weakest elements.
fn draw_side(view: View<'_>, buffer: &mut Buffer, area: Rect, troubled: &[AgencyId]) {
    let look = view.look();
    let open: Vec<_> = view.picture.open_incidents().collect();
    let width = usize::from(area.width);
    let mut lines: Vec<Line<'static>> = vec![Line::styled(
        view.with("overview.incidents", &[&open.len().to_string()]),
        look.heading(),
    )];
    if open.is_empty() {
        lines.push(Line::raw(view.text("overview.calm").to_owned()));
    }
    let third = usize::from(area.height) / 2;
    for (at, incident) in open.iter().enumerate() {
        if lines.len() + 4 > third.max(6) {
            let more = view.with("list.more", &[&(open.len() - at).to_string()]);
            lines.push(Line::styled(more, look.quiet()));
            break;
        }
        lines.extend(side_incident(view, incident, width));
    }
    let weak = weakest(view);
    let watched: Vec<&AgencyId> = troubled
        .iter()
        .filter(|id| {
            let agency = &view.picture.network.agencies[*id];
            matches!(
                view.health(&agency.node),
                Health::Degraded | Health::Unknown
            )
        })
        .collect();
    lines.push(Line::raw(""));
    lines.push(Line::styled(
        view.text("overview.watch").to_owned(),
        look.heading(),
    ));
    if watched.is_empty() {
        lines.push(Line::raw(view.text("overview.nothing").to_owned()));
    }
    let space = usize::from(area.height).saturating_sub(lines.len() + weak.len().min(6) + 3);
    for id in watched.iter().take(space) {
        lines.push(watch_line(view, id, width));
    }
    if watched.len() > space {
        let more = view.with("list.more", &[&(watched.len() - space).to_string()]);
        lines.push(Line::styled(more, look.quiet()));
    }
    lines.push(Line::raw(""));
    lines.push(Line::styled(
        view.text("overview.weak").to_owned(),
        look.heading(),
    ));
    let space = usize::from(area.height).saturating_sub(lines.len());
    for each in weak.iter().take(space) {
        let count = text::right(&each.ids.len().to_string(), 5, look.cut());
        let title = view.element(&each.element);
        lines.push(Line::from(vec![
            Span::raw(text::pad(&title, width.saturating_sub(5), look.cut())),
            Span::raw(count),
        ]));
    }
    if weak.is_empty() {
        lines.push(Line::raw(view.text("overview.nothing").to_owned()));
    }
    for (at, line) in lines.iter().enumerate() {
        draw_line(buffer, row(area, at as u16), line, look);
    }
}

/// An incident in the right pane: cause, consequence, the best reason.
fn side_incident(view: View<'_>, incident: &Incident, width: usize) -> Vec<Line<'static>> {
    let look = view.look();
    let mut lines = Vec::new();
    let cause = text::fit(&cause(view, incident), width.saturating_sub(9), look.cut());
    lines.push(Line::from(vec![
        view.shape(Look::severity(incident.severity)),
        Span::raw(" "),
        Span::styled(format!("{} ", incident.id), look.quiet()),
        Span::styled(cause, look.heading()),
    ]));
    lines.push(Line::raw(format!(
        "  {}  {}",
        view.span(view.since(incident.since)),
        consequence(view, incident)
    )));
    if let Some(call) = incident.causes.first().and_then(|cause| whom(view, cause)) {
        lines.push(Line::raw(format!(
            "  {}",
            text::fit(&call, width.saturating_sub(2), look.cut())
        )));
    }
    if let Some(reason) = incident.evidence.first() {
        let reason = text::fit(&view.redacted(reason), width.saturating_sub(2), look.cut());
        lines.push(Line::styled(format!("  {reason}"), look.quiet()));
    }
    lines
}

/// Returns whom to call about a link, in one line: the provider, its hotline and the circuit.
#[must_use]
pub fn whom(view: View<'_>, element: &Element) -> Option<String> {
    let Element::Link(id) = element else {
        return None;
    };
    let network = &view.picture.network;
    let link = network.links.get(id)?;
    let provider = network.providers.get(link.provider.as_ref()?)?;
    let mut said = vec![provider.name.clone()];
    said.extend(provider.hotline.clone());
    said.extend(
        link.circuit
            .as_ref()
            .map(|circuit| view.with("detail.circuit-is", &[circuit])),
    );
    Some(said.join(", "))
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
