//! Kinds of things that can be listed, and the fields by which a filter picks among them.
//!
//! A filter's fields are the keys of the things' own shapes, so there is nothing to keep in step by hand: what
//! JSON shows can be asked for.

use serde_json::Value as Json;

use crate::filter::{Filter, Value};
use crate::report::shape::{Shape, Shapes};

/// What can be listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Kind {
    Agencies,
    Nodes,
    Links,
    Risks,
    Services,
    Areas,
    Providers,
    Maintenances,
    /// Nodes that name a credential: those that answer SNMP.
    Devices,
}

const NODE: &[&str] = &[
    "text",
    "id",
    "name",
    "role",
    "transit",
    "address",
    "addresses",
    "sys_name",
    "probe",
    "area",
    "lat",
    "lon",
    "snmp",
    "vendor",
    "model",
    "serial",
    "mtbf",
    "mttr",
    "risk",
    "interval",
    "timeout",
    "rtt_max",
    "was",
    "agencies",
    "links",
    "cuts_off",
];

impl Kind {
    /// All kinds, in the order of the help.
    pub const ALL: [Self; 9] = [
        Self::Agencies,
        Self::Nodes,
        Self::Links,
        Self::Risks,
        Self::Services,
        Self::Areas,
        Self::Providers,
        Self::Maintenances,
        Self::Devices,
    ];

    /// Returns the word of the command line and of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Agencies => "agencies",
            Self::Nodes => "nodes",
            Self::Links => "links",
            Self::Risks => "risks",
            Self::Services => "services",
            Self::Areas => "areas",
            Self::Providers => "providers",
            Self::Maintenances => "maintenances",
            Self::Devices => "devices",
        }
    }

    /// Returns the fields that a filter may name for this kind.
    #[must_use]
    pub fn fields(self) -> &'static [&'static str] {
        match self {
            Self::Agencies => &[
                "text",
                "id",
                "name",
                "level",
                "class",
                "area",
                "node",
                "address",
                "hours",
                "weight",
                "endpoints",
                "computers",
                "antivirus",
                "contact",
                "phone",
                "email",
                "was",
                "cut_off",
                "single_points",
                "disjoint_links",
                "disjoint_nodes",
                "one_risk",
            ],
            Self::Nodes | Self::Devices => NODE,
            Self::Links => &[
                "text",
                "id",
                "a",
                "b",
                "kind",
                "capacity",
                "metric",
                "provider",
                "circuit",
                "risk",
                "length_km",
                "build",
                "yearly",
                "mtbf",
                "mttr",
                "was",
                "cuts_off",
            ],
            Self::Risks => &[
                "text", "id", "name", "kind", "mtbf", "mttr", "members", "cuts_off",
            ],
            Self::Services => &["text", "id", "name", "node", "check"],
            Self::Areas => &[
                "text", "code", "name", "kind", "lat", "lon", "agencies", "nodes",
            ],
            Self::Providers => &["text", "id", "name", "hotline", "links"],
            Self::Maintenances => &["text", "id", "elements", "from", "to", "reason", "ticket"],
        }
    }
}

/// Returns the things of a kind that match, in order of id.
#[must_use]
pub fn items<'a>(shapes: &Shapes<'a>, kind: Kind, filter: &Filter) -> Vec<Shape<'a>> {
    let network = shapes.network;
    let all: Vec<Shape<'a>> = match kind {
        Kind::Agencies => network
            .agencies
            .values()
            .map(|agency| Shape::Agency(Box::new(shapes.agency(agency))))
            .collect(),
        Kind::Nodes | Kind::Devices => network
            .nodes
            .values()
            .filter(|node| kind == Kind::Nodes || node.snmp.is_some())
            .map(|node| Shape::Node(Box::new(shapes.node(node))))
            .collect(),
        Kind::Links => network
            .links
            .values()
            .map(|link| Shape::Link(Box::new(shapes.link(link))))
            .collect(),
        Kind::Risks => network
            .risks
            .values()
            .map(|risk| Shape::Risk(shapes.risk(risk)))
            .collect(),
        Kind::Services => network
            .services
            .values()
            .map(|service| Shape::Service(shapes.service(service)))
            .collect(),
        Kind::Areas => network
            .areas
            .values()
            .map(|area| Shape::Area(shapes.area(area)))
            .collect(),
        Kind::Providers => network
            .providers
            .values()
            .map(|provider| Shape::Provider(shapes.provider(provider)))
            .collect(),
        Kind::Maintenances => network
            .maintenances
            .iter()
            .map(|maintenance| Shape::Maintenance(shapes.maintenance(maintenance)))
            .collect(),
    };
    if filter.is_empty() {
        return all;
    }
    all.into_iter()
        .filter(|shape| {
            let json = serde_json::to_value(shape).expect("shapes have text keys");
            filter.matches(&|field| value(&json, field))
        })
        .collect()
}

/// Answers a filter from a shape: its keys, those one level in (`antivirus`), and a few that need both halves.
fn value(json: &Json, field: &str) -> Option<Value> {
    let listed = |keys: &[&str]| {
        let texts: Vec<String> = keys
            .iter()
            .filter_map(|key| json.get(key))
            .flat_map(texts)
            .collect();
        (!texts.is_empty()).then_some(Value::List(texts))
    };
    match field {
        "text" => listed(&[
            "id",
            "code",
            "name",
            "address",
            "area_name",
            "a",
            "b",
            "reason",
        ]),
        "area" => listed(&["area", "area_name"]),
        "elements" | "members" | "single_points" => {
            let elements = json.get(field)?.as_array()?;
            let written = |element: &Json| {
                let part = |key| element.get(key).and_then(Json::as_str).unwrap_or_default();
                [
                    format!("{}:{}", part("kind"), part("id")),
                    part("id").to_owned(),
                ]
            };
            Some(Value::List(elements.iter().flat_map(written).collect()))
        }
        "cuts_off" => json
            .get("cuts_off")?
            .get("agencies")?
            .as_f64()
            .map(Value::Number),
        "interval" | "timeout" | "rtt_max" => plain(json.get("ping")?.get(field)?),
        _ => match json.get(field) {
            Some(found) => plain(found),
            None => json
                .as_object()?
                .values()
                .find_map(|inner| inner.get(field))
                .and_then(plain),
        },
    }
}

fn plain(json: &Json) -> Option<Value> {
    match json {
        Json::Null => None,
        Json::Number(number) => number.as_f64().map(Value::Number),
        Json::String(text) => Some(Value::Text(text.clone())),
        Json::Bool(flag) => Some(Value::Text(if *flag { "yes" } else { "no" }.to_owned())),
        Json::Array(_) | Json::Object(_) => Some(Value::List(texts(json))),
    }
}

fn texts(json: &Json) -> Vec<String> {
    match json {
        Json::Null => Vec::new(),
        Json::Bool(flag) => vec![flag.to_string()],
        Json::Number(number) => vec![number.to_string()],
        Json::String(text) => vec![text.clone()],
        Json::Array(items) => items.iter().flat_map(texts).collect(),
        Json::Object(items) => items.values().flat_map(texts).collect(),
    }
}
