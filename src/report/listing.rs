//! Lists of one kind of thing: the table, whose columns are chosen for people, and `spanwatch/list/1`, which
//! holds everything.

use serde::Serialize;

use crate::analysis::Weakness;
use crate::filter::Filter;
use crate::model::network::Network;
use crate::report::kind::{Kind, items};
use crate::report::shape::{Shape, Shapes};
use crate::report::table::{Side, Table};
use crate::report::weak::{count, header};
use crate::report::words::Words;

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    kind: &'static str,
    total: usize,
    items: &'a [Shape<'a>],
}

/// Returns the document `spanwatch/list/1`.
#[must_use]
pub fn json(network: &Network, weakness: &Weakness, kind: Kind, filter: &Filter) -> String {
    let items = items(&Shapes::new(network, weakness), kind, filter);
    crate::report::json::written(&Document {
        schema: "spanwatch/list/1",
        network: &network.id,
        example: network.example,
        kind: kind.word(),
        total: items.len(),
        items: &items,
    })
}

/// Returns the table of a kind.
#[must_use]
pub fn text(
    network: &Network,
    weakness: &Weakness,
    kind: Kind,
    filter: &Filter,
    words: &Words,
) -> String {
    let shapes = Shapes::new(network, weakness);
    let items = items(&shapes, kind, filter);
    let table = table(&items, kind, words);
    let mut text = header(network, words);
    text.push('\n');
    if table.is_empty() {
        text.push_str(words.text("report.nothing"));
        text.push('\n');
    } else {
        text.push_str(&table.text(""));
    }
    text
}

/// Returns a column's head.
#[must_use]
pub fn head<'w>(words: &'w Words, key: &'w str, side: Side) -> (&'w str, Side) {
    (words.text(key), side)
}

/// The columns of a kind: keys of words, and where their texts stand.
fn columns(kind: Kind) -> &'static [(&'static str, Side)] {
    use Side::{Left, Right};
    match kind {
        Kind::Agencies => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.level", Left),
            ("col.area", Left),
            ("col.address", Left),
            ("col.weight", Right),
            ("col.paths", Right),
            ("col.single_points", Right),
        ],
        Kind::Nodes => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.role", Left),
            ("col.address", Left),
            ("col.area", Left),
            ("col.links", Right),
            ("col.cuts_off", Right),
        ],
        Kind::Links => &[
            ("col.id", Left),
            ("col.kind", Left),
            ("col.a", Left),
            ("col.b", Left),
            ("col.capacity", Right),
            ("col.provider", Left),
            ("col.risk", Left),
            ("col.cuts_off", Right),
        ],
        Kind::Risks => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.kind", Left),
            ("col.members", Right),
            ("col.cuts_off", Right),
        ],
        Kind::Services => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.node", Left),
            ("col.check", Left),
        ],
        Kind::Areas => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.kind", Left),
            ("col.agencies", Right),
            ("col.nodes", Right),
        ],
        Kind::Providers => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.hotline", Left),
            ("col.links", Right),
        ],
        Kind::Maintenances => &[
            ("col.id", Left),
            ("col.from", Left),
            ("col.to", Left),
            ("col.elements", Left),
            ("col.reason", Left),
            ("col.ticket", Left),
        ],
        Kind::Devices => &[
            ("col.id", Left),
            ("col.name", Left),
            ("col.address", Left),
            ("col.snmp", Left),
            ("col.vendor", Left),
            ("col.model", Left),
            ("col.serial", Left),
        ],
    }
}

fn table(items: &[Shape<'_>], kind: Kind, words: &Words) -> Table {
    let heads: Vec<(&str, Side)> = columns(kind)
        .iter()
        .map(|(key, side)| head(words, key, *side))
        .collect();
    let mut table = Table::new(&heads);
    for item in items {
        table.row(cells(item, kind, words));
    }
    table
}

fn cells(item: &Shape<'_>, kind: Kind, words: &Words) -> Vec<String> {
    let known = |text: Option<&str>| text.unwrap_or_default().to_owned();
    match item {
        Shape::Agency(agency) => vec![
            agency.id.to_string(),
            agency.name.to_owned(),
            words.text(level_key(agency.level)).to_owned(),
            known(agency.area_name),
            agency
                .address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            agency.weight.to_string(),
            count(agency.disjoint_links),
            agency.single_points.len().to_string(),
        ],
        Shape::Node(node) if kind == Kind::Devices => vec![
            node.id.to_string(),
            node.name.to_owned(),
            node.address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            node.snmp.map(ToString::to_string).unwrap_or_default(),
            known(node.vendor),
            known(node.model),
            known(node.serial),
        ],
        Shape::Node(node) => vec![
            node.id.to_string(),
            node.name.to_owned(),
            node.role.to_owned(),
            node.address
                .map(|address| address.to_string())
                .unwrap_or_default(),
            known(node.area_name),
            node.links.len().to_string(),
            node.cuts_off.agencies.to_string(),
        ],
        Shape::Link(link) => vec![
            link.id.to_string(),
            link.kind.to_owned(),
            link.a.written(),
            link.b.written(),
            link.capacity.map(capacity).unwrap_or_default(),
            link.provider.map(ToString::to_string).unwrap_or_default(),
            joined(link.risk),
            link.cuts_off.agencies.to_string(),
        ],
        Shape::Risk(risk) => vec![
            risk.id.to_string(),
            risk.name.to_owned(),
            risk.kind.to_owned(),
            risk.members.len().to_string(),
            risk.cuts_off.agencies.to_string(),
        ],
        Shape::Service(service) => vec![
            service.id.to_string(),
            service.name.to_owned(),
            service.node.to_string(),
            check(service.check),
        ],
        Shape::Area(area) => vec![
            area.code.to_string(),
            area.name.to_owned(),
            area.kind.to_owned(),
            area.agencies.len().to_string(),
            area.nodes.len().to_string(),
        ],
        Shape::Provider(provider) => vec![
            provider.id.to_string(),
            provider.name.to_owned(),
            known(provider.hotline),
            provider.links.len().to_string(),
        ],
        Shape::Maintenance(maintenance) => vec![
            maintenance.id.to_string(),
            maintenance.from.clone(),
            maintenance.to.clone(),
            joined(maintenance.elements),
            maintenance.reason.to_owned(),
            known(maintenance.ticket),
        ],
    }
}

/// Returns a list of ids as a person writes it.
#[must_use]
pub fn joined<T: ToString>(items: &[T]) -> String {
    let texts: Vec<String> = items.iter().map(ToString::to_string).collect();
    texts.join(", ")
}

/// Returns a service's check in the words of the topology.
#[must_use]
pub fn check(check: &std::collections::BTreeMap<String, String>) -> String {
    let texts: Vec<String> = check
        .iter()
        .map(|(key, value)| format!("{key} {value}"))
        .collect();
    texts.join(", ")
}

/// Returns bits a second as a person says them: `10G`, `2.5G`, `512k`.
#[must_use]
pub fn capacity(bits: u64) -> String {
    let bits = bits as f64;
    for (unit, size) in [("G", 1e9), ("M", 1e6), ("k", 1e3)] {
        if bits >= size {
            return format!("{}{unit}", (bits / size * 1_000.0).round() / 1_000.0);
        }
    }
    bits.to_string()
}

/// The key of a level in the table of words.
#[must_use]
pub fn level_key(level: crate::model::agency::Level) -> &'static str {
    match level {
        crate::model::agency::Level::City => "level.city",
        crate::model::agency::Level::Commune => "level.commune",
    }
}
