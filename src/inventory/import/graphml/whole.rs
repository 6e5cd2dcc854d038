//! Our own export back to the model: every data key to the field that it came from.

mod record;

use std::fmt::Display;
use std::str::FromStr;

use jiff::tz::TimeZone;
use serde::de::DeserializeOwned;

use crate::inventory::Faults;
use crate::inventory::import::graphml::document::{Datum, Document, Item};
use crate::inventory::import::graphml::schema::{AgencyRecord, NEVER, SCHEMA};
use crate::inventory::import::{MOST_FAULTS, Options};
use crate::inventory::quantity;
use crate::inventory::table::error;
use crate::inventory::table::value::address;
use crate::model::fault::{Fault, Place};
use crate::model::network::{
    End, Inconsistent, Link, Network, Node, Parts, Policy, Position, Rates, default_metric,
};
use crate::model::target::Method;
use crate::model::{LinkId, NodeId, RiskId};

/// Returns whether a graph holds a whole model; one of another version is a fault.
pub(super) fn is_whole(document: &Document) -> Result<bool, Faults> {
    let Some(schema) = document.graph.data.get("schema") else {
        return Ok(false);
    };
    if schema.text == SCHEMA {
        return Ok(true);
    }
    if !schema.text.starts_with("spanwatch/") {
        return Ok(false);
    }
    let shown: String = schema.text.chars().take(40).collect();
    let message = format!("This graph is of the version `{shown}`, and {SCHEMA} is read.");
    Err(Faults(vec![Fault {
        help: Some(
            "Export it again, or delete the data key `schema` to read it as a plain graph.".into(),
        ),
        ..error("T0156", &schema.place, message)
    }]))
}

/// Returns the model that a graph holds, or everything in it that cannot be read.
pub(super) fn parts(document: &Document, options: &Options) -> Result<Parts, Faults> {
    let mut reader = Reader::default();
    let parts = reader.network(document, options);
    if reader.faults.is_empty()
        && let Err(why) = Network::prove(parts.clone())
    {
        reader.inconsistent(document, &why);
    }
    if reader.faults.is_empty() {
        Ok(parts)
    } else {
        Err(Faults(reader.faults))
    }
}

#[derive(Default)]
struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    fn fault(&mut self, code: &'static str, place: &Place, message: String) {
        if self.faults.len() < MOST_FAULTS {
            self.faults.push(error(code, place, message));
        }
    }

    /// Reads a value by a rule, or says why it cannot be read.
    fn value<T, E: Display>(
        &mut self,
        item: &Item,
        name: &str,
        read: impl FnOnce(&str) -> Result<T, E>,
    ) -> Option<T> {
        let datum = item.data.get(name)?;
        match read(&datum.text) {
            Ok(value) => Some(value),
            Err(why) => {
                let shown: String = datum.text.chars().take(60).collect();
                let message = format!("`{name}` cannot be read from `{shown}`: {why}.");
                self.fault("T0154", &datum.place, message.replace("..", "."));
                None
            }
        }
    }

    fn text(item: &Item, name: &str) -> Option<String> {
        item.data.get(name).map(|datum| datum.text.clone())
    }

    fn parsed<T: FromStr>(&mut self, item: &Item, name: &str) -> Option<T>
    where
        T::Err: Display,
    {
        self.value(item, name, str::parse)
    }

    fn duration(&mut self, item: &Item, name: &str) -> Option<std::time::Duration> {
        self.value(item, name, quantity::duration)
    }

    fn flag(&mut self, item: &Item, name: &str) -> Option<bool> {
        // networkx writes Python's words.
        self.value(item, name, |text| text.to_lowercase().parse::<bool>())
    }

    fn list<T: DeserializeOwned>(&mut self, item: &Item, name: &str) -> Vec<T> {
        self.value(item, name, |text| serde_json::from_str::<Vec<T>>(text))
            .unwrap_or_default()
    }

    fn rates(&mut self, item: &Item) -> Rates {
        Rates {
            mtbf: self.duration(item, "mtbf"),
            mttr: self.duration(item, "mttr"),
        }
    }

    fn network(&mut self, document: &Document, options: &Options) -> Parts {
        let graph = &document.graph;
        let hubs: Vec<NodeId> = match &options.hub {
            Some(hub) => vec![hub.as_str().into()],
            None => split(graph.data.get("hubs")).map(NodeId::from).collect(),
        };
        let monitor = Self::text(graph, "monitor").map(|id| NodeId::from(id.as_str()));
        let monitor = monitor.or_else(|| hubs.first().cloned());
        let told = Self::text(graph, "network").or_else(|| graph.id.clone());
        let id = options.id.clone().or(told).unwrap_or_else(|| options.id());
        let name = options.name.clone().or_else(|| Self::text(graph, "name"));
        let zone = self.value(graph, "time_zone", TimeZone::get);
        let mut parts = Parts {
            name: name.unwrap_or_else(|| id.clone()),
            example: self.flag(graph, "example").unwrap_or(false),
            expected_agencies: self.parsed(graph, "expected_agencies"),
            hubs,
            time_zone: zone.unwrap_or(TimeZone::UTC),
            currency: Self::text(graph, "currency"),
            ..Parts::new(&id, monitor.unwrap_or_else(|| "".into()))
        };
        self.records(graph, &mut parts);
        for item in &document.nodes {
            self.node(item, &mut parts);
        }
        for item in &document.edges {
            self.link(item, &mut parts);
        }
        parts
    }

    fn node(&mut self, item: &Item, parts: &mut Parts) {
        let id = NodeId::from(item.id.as_deref().unwrap_or_default());
        let address_of = |text: &str| address(text);
        let address = self.value(item, "address", address_of);
        let addresses = split(item.data.get("addresses"));
        let mut others = Vec::new();
        for text in addresses {
            match address_of(text) {
                Ok(address) => others.push(address),
                Err(why) => {
                    let message = format!("`{text}` is not an address: {why}");
                    self.fault("T0154", &place_of(item, "addresses"), message);
                }
            }
        }
        let snmp = item.data.get("snmp").map(|name| name.text.as_str().into());
        let probe = match item.data.get("probe") {
            Some(never) if never.text == NEVER => Some(Vec::new()),
            Some(_) => self.value(item, "probe", |text| {
                text.split(',')
                    .map(|word| word.trim().parse::<Method>())
                    .collect::<Result<Vec<_>, _>>()
            }),
            None => None,
        };
        let probe = probe.unwrap_or_else(|| match (address, &snmp) {
            (None, _) => Vec::new(),
            (Some(_), Some(_)) => vec![Method::Ping, Method::Snmp],
            (Some(_), None) => vec![Method::Ping],
        });
        let lat = self.parsed::<f64>(item, "lat");
        let lon = self.parsed::<f64>(item, "lon");
        let base = Policy::default();
        let policy = Policy {
            ping_interval: self
                .duration(item, "ping_interval")
                .unwrap_or(base.ping_interval),
            ping_timeout: self
                .duration(item, "ping_timeout")
                .unwrap_or(base.ping_timeout),
            rtt_max: self.duration(item, "rtt_max").unwrap_or(base.rtt_max),
            snmp_interval: self
                .duration(item, "snmp_interval")
                .unwrap_or(base.snmp_interval),
            snmp_timeout: self
                .duration(item, "snmp_timeout")
                .unwrap_or(base.snmp_timeout),
            snmp_retries: self
                .parsed(item, "snmp_retries")
                .unwrap_or(base.snmp_retries),
        };
        let text = |name: &str| Self::text(item, name);
        for record in self.list::<AgencyRecord>(item, "agency") {
            match record::agency(record, &id) {
                Ok(agency) => {
                    if parts.agencies.contains_key(&agency.id) {
                        let message = format!("The agency `{}` is given twice.", agency.id);
                        self.fault("T0153", &place_of(item, "agency"), message);
                    }
                    parts.agencies.insert(agency.id.clone(), agency);
                }
                Err(message) => self.fault("T0154", &place_of(item, "agency"), message),
            }
        }
        let node = Node {
            id: id.clone(),
            name: text("name").unwrap_or_else(|| id.to_string()),
            role: text("role").unwrap_or_else(|| "node".to_owned()),
            transit: self.flag(item, "transit").unwrap_or(true),
            address,
            addresses: others,
            sys_name: text("sys_name").unwrap_or_else(|| id.to_string()),
            probe,
            area: text("area_code").map(|code| code.as_str().into()),
            position: lat.zip(lon).map(|(lat, lon)| Position { lat, lon }),
            snmp,
            vendor: text("vendor"),
            model: text("model"),
            serial: text("serial"),
            rates: self.rates(item),
            risks: split(item.data.get("risk")).map(RiskId::from).collect(),
            policy,
            was: self.list(item, "was"),
        };
        if parts.nodes.insert(id.clone(), node).is_some() {
            self.fault(
                "T0153",
                &item.place,
                format!("The node `{id}` is given twice."),
            );
        }
    }

    fn link(&mut self, item: &Item, parts: &mut Parts) {
        let text = |name: &str| Self::text(item, name);
        // networkx keeps the id of an edge as a value.
        let id = item.id.clone().or_else(|| text("id"));
        let Some(id) = id.map(|id| LinkId::from(id.as_str())) else {
            let message = "This link has no id.".to_owned();
            return self.fault("T0154", &item.place, message);
        };
        let end = |node: &Option<String>, port: &str, written: &Option<String>| End {
            node: node.as_deref().unwrap_or_default().into(),
            port: text(port).or_else(|| written.clone()),
        };
        let kind = text("kind").unwrap_or_else(|| "fibre".to_owned());
        // A program without directions may have turned the edge round since; `a` tells.
        let first = text("a");
        let is_turned = first.is_some() && first == item.target && first != item.source;
        let (source, target) = if is_turned {
            (&item.target, &item.source)
        } else {
            (&item.source, &item.target)
        };
        let link = Link {
            id: id.clone(),
            a: end(source, "source_port", &item.source_port),
            b: end(target, "target_port", &item.target_port),
            capacity: self.parsed(item, "capacity"),
            metric: self
                .parsed(item, "metric")
                .unwrap_or_else(|| default_metric(&kind)),
            kind,
            provider: text("provider").map(|id| id.as_str().into()),
            circuit: text("circuit"),
            risks: split(item.data.get("risk")).map(RiskId::from).collect(),
            length_km: self.parsed(item, "length_km"),
            cost_build: self.parsed(item, "cost_build"),
            cost_yearly: self.parsed(item, "cost_yearly"),
            rates: self.rates(item),
            was: self.list(item, "was"),
        };
        if let Some(provider) = &link.provider
            && !parts.providers.contains_key(provider)
        {
            let message =
                format!("The link `{id}` is rented from `{provider}`, which is no provider here.");
            self.fault("T0158", &place_of(item, "provider"), message);
        }
        if parts.links.insert(id.clone(), link).is_some() {
            self.fault(
                "T0153",
                &item.place,
                format!("The link `{id}` is given twice."),
            );
        }
    }

    /// Says why the parts are no network, at the item that it is about.
    fn inconsistent(&mut self, document: &Document, why: &Inconsistent) {
        let about = match why {
            Inconsistent::Dangling { id, .. } => id.clone(),
            Inconsistent::SharedAddress { other, .. } => other.to_string(),
            Inconsistent::Loop(link) => link.to_string(),
            Inconsistent::NoHub => String::new(),
        };
        let mut items = document.nodes.iter().chain(&document.edges);
        let item = items.find(|item| item.id.as_deref() == Some(&about));
        let place = item.map_or(&document.graph.place, |item| &item.place);
        let words = why.to_string();
        self.fault(
            "T0158",
            place,
            format!("The graph does not fit together: {words}"),
        );
    }
}

fn place_of(item: &Item, name: &str) -> Place {
    item.data
        .get(name)
        .map_or_else(|| item.place.clone(), |datum| datum.place.clone())
}

/// Splits a list of ids or addresses, none of which holds a comma.
fn split(datum: Option<&Datum>) -> impl Iterator<Item = &str> {
    datum
        .map_or("", |datum| datum.text.as_str())
        .split(',')
        .map(str::trim)
        .filter(|word| !word.is_empty())
}
