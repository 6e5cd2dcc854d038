//! The right pane of a wide Overview: incidents, agencies to watch, the weakest elements.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::model::AgencyId;
use crate::model::health::Health;
use crate::model::incident::Incident;
use crate::tui::cause::{cause, consequence, whom};
use crate::tui::overview::{strip, watch_line, weakest};
use crate::tui::text;
use crate::tui::theme::Look;
use crate::tui::view::{View, draw_line, row};

/// The right pane: incidents, agencies to watch, the weakest elements.
pub(super) fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect, troubled: &[AgencyId]) {
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
    let round = row(area, area.height.saturating_sub(1));
    strip::draw_round(view, buffer, round);
    let area = Rect {
        height: area.height.saturating_sub(1),
        ..area
    };
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
        let reason = text::fit(&view.evidence(reason), width.saturating_sub(2), look.cut());
        lines.push(Line::styled(format!("  {reason}"), look.quiet()));
    }
    lines
}
