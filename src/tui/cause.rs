//! An incident in a few words: its cause, what it does, whom to call; said alike on every page.

use ratatui::text::{Line, Span};

use crate::model::incident::{Incident, IncidentKind};
use crate::model::{AgencyId, Element};
use crate::tui::text;
use crate::tui::theme::Look;
use crate::tui::view::View;

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
