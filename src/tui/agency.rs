//! All about one agency, in the order in which an operator asks: what is it, since when, why, whom do I call;
//! and only then how it is connected and what its device says.

use ratatui::text::Span;

use crate::app::NodeView;
use crate::model::agency::Agency;
use crate::model::device::{Interface, PortStatus};
use crate::model::health::Health;
use crate::model::{AgencyId, Element};
use crate::tui::agencies::{trail, why};
use crate::tui::cause::{cause, whom};
use crate::tui::list::Sheet;
use crate::tui::text;
use crate::tui::view::{View, milliseconds, percent};

/// Returns all about an agency.
#[must_use]
pub fn sheet(view: View<'_>, id: &AgencyId, width: usize) -> Sheet {
    let mut sheet = Sheet::new(view, width);
    let network = &view.picture.network;
    let Some(agency) = network.agencies.get(id) else {
        return sheet;
    };
    let seen = view.picture.node(&agency.node);
    let health = view.health(&agency.node);
    let cut = view.look().cut();
    sheet.line(vec![
        view.shape(health),
        Span::raw(" "),
        Span::styled(
            text::fit(&agency.name, width.saturating_sub(2), cut),
            view.look().heading(),
        ),
    ]);
    let mut state = view.state(health).to_owned();
    if let Some(since) = seen.since {
        let span = view.span(view.since(since));
        state.push_str(", ");
        state.push_str(&view.with("detail.since", &[&view.clock(since), &span]));
    }
    let marks = view.marks(seen.marks);
    if !marks.is_empty() {
        state.push_str("; ");
        state.push_str(&marks);
    }
    sheet.pair(view.text("detail.state"), &state);
    sheet.pair(view.text("detail.why"), &why(view, &agency.node));
    explain(view, &mut sheet, &seen);
    call(view, &mut sheet, agency);
    measured(view, &mut sheet, &seen);
    connected(view, &mut sheet, agency);
    identity(view, &mut sheet, agency);
    device(view, &mut sheet, &seen);
    sheet
}

fn explain(view: View<'_>, sheet: &mut Sheet, seen: &NodeView) {
    let incident = seen.incident.and_then(|id| {
        view.picture
            .incidents
            .iter()
            .find(|incident| incident.id == id)
    });
    let Some(incident) = incident else {
        return;
    };
    let shown = format!(
        "{}: {}, {}",
        incident.id,
        cause(view, incident),
        percent(incident.probability)
    );
    sheet.pair(view.text("detail.cause"), &shown);
    for reason in &incident.evidence {
        sheet.pair("", &view.evidence(reason));
    }
    for cause in &incident.causes {
        sheet.pair(
            view.text("detail.call"),
            &whom(view, cause).unwrap_or_default(),
        );
    }
}

/// Whom to call: the agency's own people, and the providers of its links.
fn call(view: View<'_>, sheet: &mut Sheet, agency: &Agency) {
    let network = &view.picture.network;
    let contact = &agency.contact;
    let own: Vec<&str> = [&contact.name, &contact.phone, &contact.email]
        .into_iter()
        .flatten()
        .map(String::as_str)
        .collect();
    let label = view.text("detail.call");
    sheet.pair(label, &own.join(", "));
    for id in network.links_at(&agency.node) {
        let Some(link) = network.links.get(id) else {
            continue;
        };
        let far = link
            .ends()
            .into_iter()
            .find(|end| end.node != agency.node)
            .map_or(&link.a.node, |end| &end.node);
        let name = network
            .nodes
            .get(far)
            .map_or(far.as_str(), |node| node.name.as_str());
        let mut said = vec![format!("{}: {name}", view.known("kind", &link.kind))];
        if let Some(provider) = link
            .provider
            .as_ref()
            .and_then(|id| network.providers.get(id))
        {
            said.push(provider.name.clone());
            said.extend(provider.hotline.clone());
        }
        said.extend(
            link.circuit
                .as_ref()
                .map(|circuit| view.with("detail.circuit-is", &[circuit])),
        );
        said.extend(link.capacity.map(speed));
        let shape = if view.picture.broken.contains(&Element::Link(id.clone())) {
            view.shape(Health::Down)
        } else if view.picture.nodes.contains_key(far) {
            view.shape(view.health(far))
        } else {
            // The far end is nobody whom we ask, such as a provider's edge.
            Span::raw(" ")
        };
        sheet.spans(
            view.text("detail.uplink"),
            vec![shape, Span::raw(" ")],
            &said.join(", "),
        );
    }
}

fn measured(view: View<'_>, sheet: &mut Sheet, seen: &NodeView) {
    if let Some(heard) = seen.heard {
        let shown = format!("{} ({})", view.clock(heard), view.span(view.since(heard)));
        sheet.pair(view.text("detail.heard"), &shown);
    }
    if let Some(rtt) = &seen.rtt {
        let values = [rtt.last, rtt.min, rtt.median, rtt.p95].map(milliseconds);
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        sheet.pair("RTT", &view.with("detail.rtt", &values));
    }
    if let Some(change) = &seen.rtt_change {
        let shown = view.with(
            "detail.rtt-change-is",
            &[
                &milliseconds(change.before),
                &milliseconds(change.after),
                &view.clock(change.since),
                &view.span(view.since(change.since)),
            ],
        );
        sheet.pair(view.text("detail.rtt-change"), &shown);
    }
    if let Some(loss) = &seen.loss {
        let values = [
            percent(loss.ratio),
            percent(loss.low),
            percent(loss.high),
            seen.lost.to_string(),
            seen.sent.to_string(),
        ];
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        sheet.pair(
            view.text("detail.loss"),
            &view.with("detail.loss-is", &values),
        );
    }
    if !seen.trail.is_empty() {
        let space = sheet.width().saturating_sub(14).min(60);
        sheet.spans(
            view.text("detail.trail"),
            trail(view, &seen.trail, space),
            "",
        );
    }
}

/// How the network as designed carries the agency.
fn connected(view: View<'_>, sheet: &mut Sheet, agency: &Agency) {
    let Some(standing) = view.picture.weakness.agencies.get(&agency.id) else {
        return;
    };
    if standing.cut_off {
        sheet.pair(view.text("detail.paths"), view.text("detail.no-path"));
        return;
    }
    let many = |count: u8| {
        if count >= 3 {
            "3+".to_owned()
        } else {
            count.to_string()
        }
    };
    let shown = view.with(
        "detail.paths-are",
        &[
            &many(standing.disjoint_links),
            &many(standing.disjoint_nodes),
        ],
    );
    sheet.pair(view.text("detail.paths"), &shown);
    let step = format!(" {} ", view.look().step());
    let network = &view.picture.network;
    let is_plain = |element: &&Element| !matches!(element, Element::Node(id) if *id == agency.node || network.hubs.contains(id));
    let chain: Vec<String> = standing
        .single_points
        .iter()
        .filter(is_plain)
        .map(|element| match element {
            Element::Node(_) => network.title(element),
            _ => view.element(element),
        })
        .collect();
    let chain = if chain.is_empty() {
        view.text("detail.nothing-between").to_owned()
    } else {
        chain.join(&step)
    };
    sheet.pair(view.text("detail.single-points"), &chain);
    for risk in &standing.one_risk {
        let name = view.picture.network.title(&Element::Risk(risk.clone()));
        sheet.pair(
            view.text("detail.one-risk"),
            &view.with("detail.one-risk-is", &[&name]),
        );
    }
}

fn identity(view: View<'_>, sheet: &mut Sheet, agency: &Agency) {
    let network = &view.picture.network;
    let node = network.nodes.get(&agency.node);
    let mut id = agency.id.to_string();
    if agency.node.as_str() != agency.id.as_str() {
        id = format!("{id}, {} {}", view.text("element.node"), agency.node);
    }
    sheet.pair(view.text("col.id"), &id);
    sheet.pair(view.text("detail.address"), &view.address(&agency.node));
    let area = agency
        .area
        .as_ref()
        .and_then(|code| network.areas.get(code));
    sheet.pair(
        view.text("col.area"),
        area.map_or("", |area| area.name.as_str()),
    );
    sheet.pair(
        view.text("detail.class"),
        &view.known("class", &agency.class),
    );
    sheet.pair(view.text("col.weight"), &agency.weight.to_string());
    sheet.pair(
        view.text("detail.hours"),
        agency.hours.as_deref().unwrap_or(""),
    );
    let endpoints = &agency.endpoints;
    if endpoints.computers > 0 {
        let protection = endpoints.antivirus.as_deref().unwrap_or("-");
        let shown = view.with(
            "detail.computers-are",
            &[&endpoints.computers.to_string(), protection],
        );
        sheet.pair(view.text("detail.computers"), &shown);
    }
    let model: Vec<&str> = node
        .iter()
        .flat_map(|node| [&node.vendor, &node.model, &node.serial])
        .flatten()
        .map(String::as_str)
        .collect();
    sheet.pair(view.text("detail.device"), &model.join(", "));
}

fn device(view: View<'_>, sheet: &mut Sheet, seen: &NodeView) {
    let Some(device) = &seen.device else {
        return;
    };
    let silent = seen.snmp_answers == Some(false);
    sheet.heading(view.text(if silent {
        "detail.snmp-silent"
    } else {
        "detail.snmp"
    }));
    sheet.pair("sysName", device.system.name.as_str());
    sheet.pair("sysDescr", device.system.descr.as_str());
    if let Some(uptime) = device.system.uptime {
        sheet.pair(view.text("detail.uptime"), &view.span(uptime));
    }
    for port in &device.interfaces {
        sheet.line(interface(view, port, sheet.width()));
    }
}

fn interface(view: View<'_>, port: &Interface, width: usize) -> Vec<Span<'static>> {
    let cut = view.look().cut();
    let (health, word) = match (port.admin, port.oper) {
        (PortStatus::Down, _) => (Health::Unknown, "port.disabled"),
        (_, PortStatus::Up) => (Health::Up, "port.up"),
        (_, PortStatus::Down | PortStatus::LowerLayerDown | PortStatus::NotPresent) => {
            (Health::Down, "port.down")
        }
        _ => (Health::Unknown, "port.other"),
    };
    let alias = width.saturating_sub(2 + 22 + 9 + 10);
    vec![
        view.shape(health),
        Span::raw(" "),
        Span::raw(text::pad(port.name.as_str(), 22, cut)),
        Span::raw(text::pad(view.text(word), 9, cut)),
        Span::raw(text::pad(
            &port.speed.map_or_else(|| "-".to_owned(), speed),
            10,
            cut,
        )),
        Span::raw(text::fit(port.alias.as_str(), alias, cut)),
    ]
}

/// Returns bits a second with their unit.
#[must_use]
pub fn speed(bits: u64) -> String {
    match bits {
        0..1_000_000 => format!("{} kb/s", bits / 1_000),
        1_000_000..1_000_000_000 => format!("{} Mb/s", bits / 1_000_000),
        _ if bits.is_multiple_of(1_000_000_000) => format!("{} Gb/s", bits / 1_000_000_000),
        _ => format!("{:.1} Gb/s", bits as f64 / 1e9),
    }
}
