//! All about one interface: what differs, how fast and how busy it is, and who is at its other end.

use ratatui::text::Span;

use crate::analysis::finding::{Far, Mark};
use crate::app::interfaces::{Flaw, Seen};
use crate::judge::rates::{Gap, PortRate};
use crate::model::Element;
use crate::model::device::PortStatus;
use crate::tui::agency::speed;
use crate::tui::cause::whom;
use crate::tui::interfaces::{shape, short, word};
use crate::tui::list::Sheet;
use crate::tui::screen::ports::{HOUR, PortKey, PortRow, find, who};
use crate::tui::text;
use crate::tui::view::{View, percent};

/// Returns all about an interface.
pub(super) fn sheet(view: View<'_>, key: &PortKey, width: usize) -> Sheet {
    let mut sheet = Sheet::new(view, width);
    let Some(row) = find(view.picture, key, view.at()) else {
        return sheet;
    };
    let port = row.port;
    let title = format!("{}  {}", row.node.name, port.name);
    sheet.line(vec![
        shape(view, row.standing),
        Span::raw(" "),
        Span::styled(
            text::fit(&title, width.saturating_sub(2), view.look().cut()),
            view.look().heading(),
        ),
    ]);
    let mut state = word(view, &row).to_owned();
    if row.maintenance {
        state.push_str("; ");
        state.push_str(view.text("mark.maintenance"));
    }
    sheet.pair(view.text("detail.state"), &state);
    for flaw in &port.flaws {
        sheet.pair("", &differs(view, &row, *flaw));
    }
    ends(view, &mut sheet, &row);
    let speeds = match (port.speed, port.capacity) {
        (Some(seen), Some(declared)) => {
            view.with("interfaces.speed-is", &[&speed(seen), &speed(declared)])
        }
        (Some(seen), None) => speed(seen),
        (None, Some(declared)) => view.with("interfaces.speed-is", &["-", &speed(declared)]),
        (None, None) => String::new(),
    };
    sheet.pair(view.text("interfaces.speed"), &speeds);
    traffic(view, &mut sheet, &row);
    sheet.pair(view.text("interfaces.alias"), &port.alias);
    let ago = |at| {
        view.with(
            "interfaces.ago",
            &[&view.clock(at), &view.span(view.since(at))],
        )
    };
    sheet.pair(view.text("interfaces.polled"), &ago(row.all.polled));
    if let Some(heard) = row.all.heard {
        sheet.pair(view.text("interfaces.heard"), &ago(heard));
    }
    if let Some(link) = &port.link {
        let call = whom(view, &Element::Link(link.clone()));
        sheet.pair(view.text("detail.call"), &call.unwrap_or_default());
    }
    sheet.pair(view.text("element.node"), row.node.id.as_str());
    sheet.pair(view.text("detail.address"), &view.address(&row.node.id));
    sheet
}

/// Says in a sentence what differs.
fn differs(view: View<'_>, row: &PortRow<'_>, flaw: Flaw) -> String {
    let key = match flaw {
        Flaw::Down if row.port.admin == PortStatus::Down => "flaw.disabled-is",
        Flaw::Down => "flaw.down-is",
        Flaw::Absent => "flaw.absent-is",
        Flaw::Moved => "flaw.moved-is",
        Flaw::Unheard => "flaw.unheard-is",
        Flaw::Ambiguous => "flaw.ambiguous-is",
        Flaw::OneSided => "flaw.one-sided-is",
        Flaw::Duplex => "flaw.duplex-is",
        Flaw::Undeclared => "flaw.undeclared-is",
        Flaw::Slow => {
            let bits = |bits: Option<u64>| bits.map_or_else(|| "-".to_owned(), speed);
            let values = [bits(row.port.speed), bits(row.port.capacity)];
            return view.with("flaw.slow-is", &[&values[0], &values[1]]);
        }
    };
    view.text(key).to_owned()
}

/// The link, its other end as declared, and whom the port hears.
fn ends(view: View<'_>, sheet: &mut Sheet, row: &PortRow<'_>) {
    let network = &view.picture.network;
    let link = row.port.link.as_ref().and_then(|id| network.links.get(id));
    let declared = match link {
        Some(link) => {
            let mut said = vec![link.id.to_string(), view.known("kind", &link.kind)];
            let provider = link
                .provider
                .as_ref()
                .and_then(|id| network.providers.get(id));
            said.extend(provider.map(|provider| provider.name.clone()));
            said.extend(
                link.circuit
                    .as_ref()
                    .map(|circuit| view.with("detail.circuit-is", &[circuit])),
            );
            said.join(", ")
        }
        None => view.text("interfaces.nothing").to_owned(),
    };
    sheet.pair(view.text("interfaces.link"), &declared);
    if let Some(far) = &row.port.far {
        let port = far
            .port
            .as_ref()
            .map_or_else(String::new, |port| format!(":{port}"));
        let name = network.title(&Element::Node(far.node.clone()));
        let shown = format!("{}{port}, {name}", far.node);
        sheet.pair(view.text("interfaces.declared"), &shown);
    }
    let label = view.text("interfaces.seen");
    if row.port.seen.is_empty() {
        let key = if row.all.heard.is_some() {
            "interfaces.seen-none"
        } else {
            "interfaces.seen-unasked"
        };
        sheet.pair(label, view.text(key));
    }
    for seen in &row.port.seen {
        sheet.pair(label, &view.redacted(&neighbour(view, seen)));
    }
}

fn neighbour(view: View<'_>, seen: &Seen) -> String {
    let port = if seen.port.is_empty() {
        String::new()
    } else {
        format!(":{}", seen.port)
    };
    let mark = match &seen.who {
        Far::Node(_, mark) | Far::Several(_, mark) => {
            let mark = view.text(match mark {
                Mark::Chassis => "interfaces.mark.chassis",
                Mark::SystemName => "interfaces.mark.system-name",
                Mark::Address => "interfaces.mark.address",
            });
            view.with("interfaces.known-by", &[mark])
        }
        Far::Stranger(_) => view.text("interfaces.stranger").to_owned(),
    };
    format!("{}{port} ({mark})", who(&seen.who))
}

/// What goes through it, and what is lost there.
fn traffic(view: View<'_>, sheet: &mut Sheet, row: &PortRow<'_>) {
    let label = view.text("interfaces.traffic");
    let (Some(rate), Some(over)) = (&row.port.rate, row.all.over) else {
        if row.port.index.is_some() {
            sheet.pair(label, view.text("interfaces.traffic-first"));
        }
        return;
    };
    let bits = |way: Result<f64, Gap>| match way {
        Ok(bits) => spaced(bits),
        Err(gap) => view
            .text(match gap {
                Gap::Missing => "interfaces.gap.missing",
                Gap::Reset => "interfaces.gap.reset",
                Gap::TooLong => "interfaces.gap.too-long",
                Gap::Impossible => "interfaces.gap.impossible",
            })
            .to_owned(),
    };
    let values = [bits(rate.received), bits(rate.sent), view.span(over)];
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    sheet.pair(label, &view.with("interfaces.traffic-is", &values));
    if let Some(busy) = rate.busy {
        let shown = view.with("interfaces.util-is", &[&percent(busy)]);
        sheet.pair(view.text("interfaces.util"), &shown);
    }
    let hourly = |count: fn(&PortRate) -> Option<f64>| {
        count(rate).map_or_else(|| "-".to_owned(), |count| short(count * HOUR))
    };
    let values = [hourly(|rate| rate.errors), hourly(|rate| rate.discards)];
    let shown = view.with("interfaces.errors-are", &[&values[0], &values[1]]);
    sheet.pair(view.text("interfaces.errors"), &shown);
}

/// Returns bits a second with their unit: `1.2 Mb/s`.
fn spaced(bits: f64) -> String {
    let text = short(bits);
    let at = text.find(|c: char| c.is_ascii_alphabetic());
    let (number, unit) = text.split_at(at.unwrap_or(text.len()));
    format!("{number} {unit}b/s")
}
