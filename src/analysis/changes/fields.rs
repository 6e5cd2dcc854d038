//! What a topology says of each thing, as keys and values: the keys are those of its TOML.
//!
//! A node that is an agency's own is written under the agency, so its keys are the agency's.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::time::Duration;

use crate::analysis::changes::{Field, Renames};
use crate::analysis::finding::{Kind, Thing, Value};
use crate::model::agency::{Agency, Level};
use crate::model::device::port_key;
use crate::model::kind::LinkKind;
use crate::model::network::{End, Link, Network, Node, Policy, Rates};

/// Keys and values on their way into a list; what is not said is left out.
#[derive(Default)]
struct Fields(Vec<Field>);

impl Fields {
    fn text(&mut self, key: &'static str, text: &(impl Display + ?Sized)) {
        self.0.push((key, Value::Text(text.to_string())));
    }

    fn maybe(&mut self, key: &'static str, text: Option<&(impl Display + ?Sized)>) {
        if let Some(text) = text {
            self.text(key, text);
        }
    }

    fn whole(&mut self, key: &'static str, number: impl Into<u64>) {
        self.0.push((key, Value::Whole(number.into())));
    }

    fn number(&mut self, key: &'static str, number: Option<f64>) {
        self.0
            .extend(number.map(|number| (key, Value::Number(number))));
    }

    fn time(&mut self, key: &'static str, time: Option<Duration>) {
        self.0.extend(time.map(|time| (key, Value::Time(time))));
    }

    fn list(&mut self, key: &'static str, list: impl IntoIterator<Item: ToString>) {
        let list: Vec<String> = list.into_iter().map(|each| each.to_string()).collect();
        if !list.is_empty() {
            self.0.push((key, Value::List(list)));
        }
    }

    fn rates(&mut self, rates: Rates) {
        self.time("mtbf", rates.mtbf);
        self.time("mttr", rates.mttr);
    }
}

/// Returns all things of a network with what is said of them; ids that were renamed are told by the new one.
pub(super) fn all(network: &Network, renames: &Renames) -> BTreeMap<Thing, Vec<Field>> {
    let mut things = BTreeMap::new();
    let mut add = |kind: Kind, id: &str, fields: Fields| {
        things.insert(Thing::new(kind, renames.now(kind, id)), fields.0);
    };
    add(Kind::Network, &network.id, whole(network, renames));
    for area in network.areas.values() {
        let mut fields = Fields::default();
        fields.text("name", &area.name);
        fields.text("kind", &area.kind);
        fields.number("lat", area.position.map(|position| position.lat));
        fields.number("lon", area.position.map(|position| position.lon));
        add(Kind::Area, area.code.as_str(), fields);
    }
    for agency in network.agencies.values() {
        let fields = agency_fields(network, agency, renames);
        add(Kind::Agency, agency.id.as_str(), fields);
    }
    for node in network.nodes.values() {
        if own(network, node).is_none() {
            add(Kind::Node, node.id.as_str(), node_fields(network, node));
        }
    }
    for link in network.links.values() {
        add(Kind::Link, link.id.as_str(), link_fields(link, renames));
    }
    for risk in network.risks.values() {
        let mut fields = Fields::default();
        fields.text("name", &risk.name);
        fields.text("kind", &risk.kind);
        fields.rates(risk.rates);
        add(Kind::Risk, risk.id.as_str(), fields);
    }
    for service in network.services.values() {
        let mut fields = Fields::default();
        fields.text("name", &service.name);
        fields.text("node", renames.now(Kind::Node, service.node.as_str()));
        let checks = service.check.iter();
        fields.list(
            "check",
            checks.map(|(key, value)| format!("{key} = {value}")),
        );
        add(Kind::Service, service.id.as_str(), fields);
    }
    for maintenance in &network.maintenances {
        let mut fields = Fields::default();
        let elements = maintenance.elements.iter().map(|element| {
            let kind = match element.kind() {
                "node" => Kind::Node,
                "link" => Kind::Link,
                _ => Kind::Risk,
            };
            format!("{}:{}", element.kind(), renames.now(kind, element.id()))
        });
        fields.list("elements", elements);
        fields.0.push(("from", Value::Moment(maintenance.from)));
        fields.0.push(("to", Value::Moment(maintenance.to)));
        fields.text("reason", &maintenance.reason);
        fields.maybe("ticket", maintenance.ticket.as_ref());
        add(Kind::Maintenance, maintenance.id.as_str(), fields);
    }
    let mut turns: BTreeMap<String, u32> = BTreeMap::new();
    for candidate in &network.candidates {
        let mut fields = Fields::default();
        fields.number("length_km", candidate.length_km);
        fields.number("cost", Some(candidate.cost));
        let ends = [&candidate.a, &candidate.b].map(|end| renames.now(Kind::Node, end.as_str()));
        let (one, other) = (ends[0].min(ends[1]), ends[0].max(ends[1]));
        let id = format!("{one}--{other}:{}", candidate.kind);
        // Nothing forbids to declare the same candidate twice, at two prices.
        let turn = turns.entry(id.clone()).or_default();
        *turn += 1;
        let id = if *turn > 1 {
            format!("{id}.{turn}")
        } else {
            id
        };
        add(Kind::Candidate, &id, fields);
    }
    for provider in network.providers.values() {
        let mut fields = Fields::default();
        fields.text("name", &provider.name);
        fields.maybe("hotline", provider.hotline.as_ref());
        add(Kind::Provider, provider.id.as_str(), fields);
    }
    for (id, hours) in &network.hours {
        let mut fields = Fields::default();
        fields.list("days", hours.days.iter().map(|day| format!("{day:?}")));
        fields.text("from", &hours.from);
        fields.text("to", &hours.to);
        add(Kind::Hours, id, fields);
    }
    for (id, like) in &network.kinds {
        add(Kind::Defaults, id, kind_fields(like));
    }
    things
}

/// Returns the agency whose own node this is.
fn own<'a>(network: &'a Network, node: &Node) -> Option<&'a Agency> {
    let agency = network.agencies.get(node.id.as_str())?;
    (agency.node == node.id && node.role == "agency").then_some(agency)
}

fn whole(network: &Network, renames: &Renames) -> Fields {
    let mut fields = Fields::default();
    fields.text("name", &network.name);
    if network.example {
        fields.0.push(("example", Value::Flag(true)));
    }
    if let Some(expected) = network.expected_agencies {
        fields.whole("expected_agencies", expected);
    }
    let hubs = network.hubs.iter();
    fields.list(
        "hubs",
        hubs.map(|hub| renames.now(Kind::Node, hub.as_str())),
    );
    fields.text("monitor", renames.now(Kind::Node, network.monitor.as_str()));
    fields.maybe("time_zone", network.time_zone.iana_name());
    fields.maybe("currency", network.currency.as_ref());
    fields
}

fn agency_fields(network: &Network, agency: &Agency, renames: &Renames) -> Fields {
    let mut fields = Fields::default();
    fields.text("name", &agency.name);
    fields.text(
        "level",
        match agency.level {
            Level::City => "city",
            Level::Commune => "commune",
        },
    );
    if !agency.class.is_empty() {
        fields.text("class", &agency.class);
    }
    fields.maybe("area", agency.area.as_ref());
    fields.maybe("hours", agency.hours.as_ref());
    fields.whole("weight", agency.weight);
    fields.whole("computers", agency.endpoints.computers);
    fields.maybe("antivirus", agency.endpoints.antivirus.as_ref());
    fields.maybe("contact.name", agency.contact.name.as_ref());
    fields.maybe("contact.phone", agency.contact.phone.as_ref());
    fields.maybe("contact.email", agency.contact.email.as_ref());
    let node = network.nodes.get(&agency.node);
    match node.filter(|node| own(network, node).is_some()) {
        Some(node) => {
            if node.transit {
                fields.0.push(("transit", Value::Flag(true)));
            }
            device(network, node, &mut fields);
        }
        None => fields.text("node", renames.now(Kind::Node, agency.node.as_str())),
    }
    fields
}

fn node_fields(network: &Network, node: &Node) -> Fields {
    let mut fields = Fields::default();
    fields.text("name", &node.name);
    fields.text("role", &node.role);
    fields.0.push(("transit", Value::Flag(node.transit)));
    fields.maybe("area", node.area.as_ref());
    device(network, node, &mut fields);
    fields
}

/// What nodes and agencies with a node of their own both say.
fn device(network: &Network, node: &Node, fields: &mut Fields) {
    fields.maybe("address", node.address.as_ref());
    fields.list("addresses", &node.addresses);
    // The default follows the id, and a new id is said once.
    if node.sys_name != node.id.as_str() {
        fields.text("sys_name", &node.sys_name);
    }
    fields.list("probe", &node.probe);
    let area = node.area.as_ref().and_then(|area| network.areas.get(area));
    // Where it stands is said of it only where that is not its area's middle.
    if node.position != area.and_then(|area| area.position) {
        fields.number("lat", node.position.map(|position| position.lat));
        fields.number("lon", node.position.map(|position| position.lon));
    }
    fields.maybe("snmp", node.snmp.as_ref());
    fields.maybe("vendor", node.vendor.as_ref());
    fields.maybe("model", node.model.as_ref());
    fields.maybe("serial", node.serial.as_ref());
    fields.rates(node.rates);
    fields.list("risk", &node.risks);
    let Policy {
        ping_interval,
        ping_timeout,
        rtt_max,
        snmp_interval,
        snmp_timeout,
        snmp_retries,
        ..
    } = node.policy;
    fields.time("ping.interval", Some(ping_interval));
    fields.time("ping.timeout", Some(ping_timeout));
    fields.time("ping.rtt_max", Some(rtt_max));
    fields.time("snmp.interval", Some(snmp_interval));
    fields.time("snmp.timeout", Some(snmp_timeout));
    fields.whole("snmp.retries", snmp_retries);
}

fn link_fields(link: &Link, renames: &Renames) -> Fields {
    let mut fields = Fields::default();
    let end = |end: &End| {
        let node = renames.now(Kind::Node, end.node.as_str());
        match &end.port {
            Some(port) => format!("{node}:{port}"),
            None => node.to_owned(),
        }
    };
    fields.text("a", &end(&link.a));
    fields.text("b", &end(&link.b));
    fields.text("kind", &link.kind);
    if let Some(bits) = link.capacity {
        fields.0.push(("capacity", Value::Bits(bits)));
    }
    fields.whole("metric", link.metric);
    fields.maybe("provider", link.provider.as_ref());
    fields.maybe("circuit", link.circuit.as_ref());
    fields.list("risk", &link.risks);
    fields.number("length_km", link.length_km);
    fields.number("cost.build", link.cost_build);
    fields.number("cost.yearly", link.cost_yearly);
    fields.rates(link.rates);
    fields
}

fn kind_fields(like: &LinkKind) -> Fields {
    let mut fields = Fields::default();
    fields.rates(like.rates);
    if let Some(metric) = like.metric {
        fields.whole("metric", metric);
    }
    if let Some(bits) = like.capacity {
        fields.0.push(("capacity", Value::Bits(bits)));
    }
    fields.number("build.fixed", like.build.map(|build| build.fixed));
    fields.number("build.per_km", like.build.map(|build| build.per_km));
    fields.number(
        "build.up_to_km",
        like.build.and_then(|build| build.up_to_km),
    );
    fields
}

/// Returns whether two written ends are one: the node the same, the port the same however it is spelt.
pub(super) fn is_same_end(one: &str, other: &str) -> bool {
    let parts = |end: &str| match end.split_once(':') {
        Some((node, port)) => (node.to_owned(), Some(port_key(port))),
        None => (end.to_owned(), None),
    };
    parts(one) == parts(other)
}

/// Returns whether a link's second description is nearer to the first with its ends exchanged.
pub(super) fn are_turned(was: &[Field], is: &[Field]) -> bool {
    let end = |fields: &[Field], key: &str| -> String {
        fields
            .iter()
            .find_map(|(name, value)| match value {
                Value::Text(text) if *name == key => Some(text.clone()),
                _ => None,
            })
            .unwrap_or_default()
    };
    let node = |end: &str| end.split(':').next().unwrap_or_default().to_owned();
    let likeness = |one: &str, other: &str| {
        usize::from(is_same_end(one, other)) + usize::from(node(one) == node(other))
    };
    let (was_a, was_b) = (end(was, "a"), end(was, "b"));
    let (is_a, is_b) = (end(is, "a"), end(is, "b"));
    likeness(&was_a, &is_b) + likeness(&was_b, &is_a)
        > likeness(&was_a, &is_a) + likeness(&was_b, &is_b)
}
