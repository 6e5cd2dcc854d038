//! The Incidents page: one root cause a row, the open ones first; and why we say so.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::Span;

use crate::model::AgencyId;
use crate::model::incident::{Incident, IncidentId, IncidentKind, IncidentSeverity};
use crate::tui::cause::{cause, consequence, whom};
use crate::tui::list::{Column, Sheet, draw_detail, draw_open, draw_rows, split, stretched};
use crate::tui::text;
use crate::tui::theme::Look;
use crate::tui::view::{View, draw_text, percent};

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let selected = view.screen.selected_incident(view.picture, view.now);
    if view.screen.open
        && let Some(id) = selected
    {
        draw_open(view, buffer, area, |width| sheet(view, id, width));
        return;
    }
    let ids = view.screen.incident_rows(view.picture, view.now);
    let rows: Vec<&Incident> = ids.iter().filter_map(|id| find(view, *id)).collect();
    let (list, detail) = split(area);
    let open = view.picture.open_incidents().count();
    let mut status = view.with(
        "incidents.status",
        &[&open.to_string(), &view.picture.incidents.len().to_string()],
    );
    if view.screen.problems {
        status.push_str("   ");
        status.push_str(view.text("incidents.open-only"));
    }
    let search = view.screen.search(view.screen.tab);
    if !search.text.is_empty() {
        status.push_str("   /");
        status.push_str(&search.text);
    }
    let place = Rect::new(list.x + 1, list.y, list.width.saturating_sub(2), 1);
    draw_text(buffer, place, &status, Style::new(), view.look());
    let column = |word, width, right| Column { word, width, right };
    let mut columns = vec![
        column("column.st", 2, false),
        column("column.id", 6, false),
        column("column.start", if list.width >= 76 { 11 } else { 5 }, false),
        column("column.for", 7, true),
        column("column.cause", 0, false),
    ];
    if list.width >= 60 {
        columns.push(column("column.agencies", 8, true));
        columns.push(column("column.open", 7, false));
    }
    let columns = stretched(columns, list.width);
    let table = Rect {
        y: list.y + 1,
        height: list.height.saturating_sub(1),
        ..list
    };
    let at = rows
        .iter()
        .position(|incident| Some(incident.id) == selected);
    draw_rows(view, buffer, table, &columns, rows.len(), at, &|at| {
        let incident = rows[at];
        let width = usize::from(columns[4].width);
        let is_open = incident.until.is_none();
        let state = if is_open {
            "incidents.open"
        } else {
            "incidents.closed"
        };
        let mark = if incident.maintenance { "m" } else { "" };
        let shape = if is_open {
            view.shape(Look::severity(incident.severity))
        } else {
            Span::raw(" ")
        };
        vec![
            vec![shape, Span::raw(mark)],
            vec![Span::raw(incident.id.to_string())],
            vec![Span::raw(if list.width >= 76 {
                view.long_moment(incident.since)
            } else {
                view.moment(incident.since)
            })],
            vec![Span::raw(view.short_span(lasted(view, incident)))],
            vec![Span::raw(text::fit(
                &cause(view, incident),
                width,
                view.look().cut(),
            ))],
            vec![Span::raw(incident.cut_off.len().to_string())],
            vec![Span::raw(view.text(state).to_owned())],
        ]
    });
    if rows.is_empty() {
        let place = Rect::new(table.x + 1, table.y + 1, table.width.saturating_sub(1), 1);
        draw_text(
            buffer,
            place,
            view.text("incidents.none"),
            Style::new(),
            view.look(),
        );
    }
    if let (Some(detail), Some(id)) = (detail, selected) {
        draw_detail(view, buffer, detail, |width| sheet(view, id, width));
    }
}

fn find(view: View<'_>, id: IncidentId) -> Option<&Incident> {
    view.picture
        .incidents
        .iter()
        .map(AsRef::as_ref)
        .find(|incident| incident.id == id)
}

fn lasted(view: View<'_>, incident: &Incident) -> std::time::Duration {
    let end = incident.until.unwrap_or(view.at());
    std::time::Duration::try_from(end.duration_since(incident.since)).unwrap_or_default()
}

fn sheet(view: View<'_>, id: IncidentId, width: usize) -> Sheet {
    let mut sheet = Sheet::new(view, width);
    let Some(incident) = find(view, id) else {
        return sheet;
    };
    let cut = view.look().cut();
    sheet.line(vec![
        view.shape(Look::severity(incident.severity)),
        Span::raw(" "),
        Span::styled(
            text::fit(
                &format!("{}  {}", incident.id, cause(view, incident)),
                width.saturating_sub(2),
                cut,
            ),
            view.look().heading(),
        ),
    ]);
    let kind = view.text(match incident.kind {
        IncidentKind::Monitor => "incident.monitor",
        IncidentKind::Outage => "incident.outage",
        IncidentKind::Redundancy => "incident.redundancy",
        IncidentKind::Loss => "incident.lossy",
    });
    let severity = view.text(match incident.severity {
        IncidentSeverity::Info => "severity.info",
        IncidentSeverity::Warning => "severity.warning",
        IncidentSeverity::Critical => "severity.critical",
    });
    let mut what = format!("{kind}, {severity}; {}", consequence(view, incident));
    if incident.maintenance {
        what.push_str("; ");
        what.push_str(view.text("mark.maintenance"));
    }
    sheet.pair(view.text("detail.what"), &what);
    let span = view.span(lasted(view, incident));
    let when = match incident.until {
        None => view.with(
            "incidents.since",
            &[&view.full_moment(incident.since), &span],
        ),
        Some(until) => view.with(
            "incidents.from-to",
            &[
                &view.full_moment(incident.since),
                &view.full_moment(until),
                &span,
            ],
        ),
    };
    sheet.pair(view.text("detail.when"), &when);
    let named = incident.named.duration_since(incident.since);
    if let Ok(named) = std::time::Duration::try_from(named) {
        sheet.pair(
            view.text("incidents.named"),
            &view.with("incidents.named-after", &[&view.span(named)]),
        );
    }
    let likely = percent(incident.probability);
    if incident.causes.len() > 1 {
        sheet.pair(
            view.text("detail.cause"),
            &view.with("incidents.one-of", &[&likely]),
        );
        for cause in &incident.causes {
            sheet.pair("", &format!("{} ({cause})", view.element(cause)));
        }
    } else if let Some(only) = incident.causes.first() {
        let shown = format!("{} ({only}), {likely}", view.element(only));
        sheet.pair(view.text("detail.cause"), &shown);
    }
    let mut calls: Vec<String> = incident
        .causes
        .iter()
        .filter_map(|cause| whom(view, cause))
        .collect();
    calls.dedup();
    for call in calls {
        sheet.pair(view.text("detail.call"), &call);
    }
    if !incident.evidence.is_empty() {
        sheet.heading(view.text("incidents.evidence"));
        for reason in &incident.evidence {
            sheet.text(1, &view.evidence(reason));
        }
    }
    agencies(view, &mut sheet, "incidents.cut-off", &incident.cut_off);
    agencies(view, &mut sheet, "incidents.one-path", &incident.one_path);
    sheet
}

fn agencies(view: View<'_>, sheet: &mut Sheet, heading: &'static str, ids: &[AgencyId]) {
    if ids.is_empty() {
        return;
    }
    sheet.heading(&view.with(heading, &[&ids.len().to_string()]));
    sheet.names(1, ids.iter().map(|id| view.agency(id).to_owned()));
}
