//! The rows of a list: what is kept by the filter, in which order, and what each says of its fields.

use std::cmp::{Ordering, Reverse};
use std::time::Duration;

use jiff::Timestamp;

use crate::app::{NodeView, Picture};
use crate::filter::{BadFilter, Filter, Value};
use crate::model::AgencyId;
use crate::model::agency::{Agency, Level};
use crate::model::health::{Health, Marks};
use crate::model::incident::Incident;
use crate::report::vietnamese::sort_key;

/// What a filter of agencies may name.
pub const AGENCY_FIELDS: &[&str] = &[
    "text",
    "id",
    "name",
    "level",
    "class",
    "area",
    "node",
    "weight",
    "hours",
    "computers",
    "antivirus",
    "address",
    "provider",
    "circuit",
    "risk",
    "state",
    "mark",
    "age",
    "rtt",
    "rtt_change",
    "p95",
    "loss",
    "since",
];
/// What a filter of weak elements may name.
pub const WEAK_FIELDS: &[&str] = &[
    "text", "id", "name", "kind", "agencies", "weight", "hours", "agency",
];
/// What a filter of incidents may name.
pub const INCIDENT_FIELDS: &[&str] = &[
    "text", "id", "kind", "severity", "cause", "agency", "agencies", "state", "mark", "since",
];

/// A filter as it is being used: a wrong text keeps the last good one.
#[derive(Clone, Debug, Default)]
pub struct Search {
    /// What was typed.
    pub text: String,
    /// What is wrong with it.
    pub wrong: Option<BadFilter>,
    filter: Option<Filter>,
}

impl Search {
    /// Takes over a text in which `fields` may be named.
    pub fn set(&mut self, text: &str, fields: &[&str]) {
        text.clone_into(&mut self.text);
        match Filter::parse(text, fields) {
            Ok(filter) => {
                self.wrong = None;
                self.filter = (!filter.is_empty()).then_some(filter);
            }
            Err(wrong) => self.wrong = Some(wrong),
        }
    }

    /// Returns whether everything is kept.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.filter.is_none()
    }

    /// Returns whether a thing is kept; `field` answers what it says of its fields.
    #[must_use]
    pub fn keeps(&self, field: &dyn Fn(&str) -> Option<Value>) -> bool {
        self.filter
            .as_ref()
            .is_none_or(|filter| filter.matches(field))
    }
}

/// What agencies are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the columns'")]
pub enum Order {
    #[default]
    State,
    Name,
    Area,
    Address,
    Rtt,
    P95,
    Loss,
    Since,
    Weight,
}

impl Order {
    /// All, in the order of the menu.
    pub const ALL: [Self; 9] = [
        Self::State,
        Self::Name,
        Self::Area,
        Self::Address,
        Self::Rtt,
        Self::P95,
        Self::Loss,
        Self::Since,
        Self::Weight,
    ];

    /// Returns the key of its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::State => "column.state",
            Self::Name => "column.agency",
            Self::Area => "column.area",
            Self::Address => "column.address",
            Self::Rtt => "column.rtt",
            Self::P95 => "column.p95",
            Self::Loss => "column.loss",
            Self::Since => "column.since",
            Self::Weight => "column.weight",
        }
    }
}

/// Returns the agencies that a filter keeps, in order; what cannot be told stands last either way.
#[must_use]
pub fn agencies(
    picture: &Picture,
    search: &Search,
    problems: bool,
    (order, reverse): (Order, bool),
    at: Timestamp,
) -> Vec<AgencyId> {
    let network = &picture.network;
    let mut rows: Vec<(&Agency, std::sync::Arc<NodeView>, Health)> = network
        .agencies
        .values()
        .map(|agency| {
            let health = picture.health(&agency.node, at);
            (agency, picture.node(&agency.node), health)
        })
        .filter(|(agency, view, health)| {
            (!problems || *health != Health::Up)
                && search.keeps(&|field| agency_field(picture, agency, view, *health, at, field))
        })
        .collect();
    rows.sort_by_cached_key(|(agency, _, _)| (sort_key(&agency.name), agency.id.clone()));
    let address = |agency: &Agency| {
        network
            .nodes
            .get(&agency.node)
            .and_then(|node| node.address)
    };
    let rtt =
        |view: &NodeView, which: fn(&crate::app::Rtt) -> Duration| view.rtt.as_ref().map(which);
    rows.sort_by(
        |(one, seen, health), (other, other_seen, other_health)| match order {
            Order::State => {
                // Among those that are up, when that began says nothing: they stay in the order of names.
                let key = |health: Health, seen: &NodeView| {
                    (Reverse(health), seen.since.filter(|_| health != Health::Up))
                };
                known(
                    Some(key(*health, seen)),
                    Some(key(*other_health, other_seen)),
                    reverse,
                )
            }
            Order::Name => known(
                Some(sort_key(&one.name)),
                Some(sort_key(&other.name)),
                reverse,
            ),
            Order::Area => {
                let name = |agency: &Agency| {
                    let area = network.areas.get(agency.area.as_ref()?)?;
                    Some(sort_key(&area.name))
                };
                known(name(one), name(other), reverse)
            }
            Order::Address => known(address(one), address(other), reverse),
            Order::Rtt => known(
                rtt(seen, |rtt| rtt.last).map(Reverse),
                rtt(other_seen, |rtt| rtt.last).map(Reverse),
                reverse,
            ),
            Order::P95 => known(
                rtt(seen, |rtt| rtt.p95).map(Reverse),
                rtt(other_seen, |rtt| rtt.p95).map(Reverse),
                reverse,
            ),
            Order::Loss => {
                let parts = |view: &NodeView| {
                    // Parts of a million: a ratio is no key, having no total order.
                    view.loss.map(|loss| Reverse((loss.ratio * 1e6) as i64))
                };
                known(parts(seen), parts(other_seen), reverse)
            }
            Order::Since => known(
                seen.since.map(Reverse),
                other_seen.since.map(Reverse),
                reverse,
            ),
            Order::Weight => known(
                Some(Reverse(one.weight)),
                Some(Reverse(other.weight)),
                reverse,
            ),
        },
    );
    rows.into_iter()
        .map(|(agency, _, _)| agency.id.clone())
        .collect()
}

/// Compares what may not be known; the unknown stands last either way.
pub(super) fn known<T: Ord>(one: Option<T>, other: Option<T>, reverse: bool) -> Ordering {
    match (one, other) {
        (Some(one), Some(other)) if reverse => other.cmp(&one),
        (Some(one), Some(other)) => one.cmp(&other),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    }
}

/// Returns the incidents that a filter keeps, in the picture's order.
pub fn incidents<'a>(
    picture: &'a Picture,
    search: &'a Search,
    open: bool,
    at: Timestamp,
) -> impl Iterator<Item = &'a Incident> {
    picture
        .incidents
        .iter()
        .map(AsRef::as_ref)
        .filter(move |incident| {
            (!open || incident.until.is_none())
                && search.keeps(&|field| incident_field(picture, incident, at, field))
        })
}

/// Returns the marks of a state in the words of filters.
#[must_use]
pub fn mark_words(marks: Marks) -> Vec<&'static str> {
    [
        (marks.maintenance, "maintenance"),
        (marks.acknowledged, "acknowledged"),
        (marks.flapping, "flapping"),
        (marks.policed, "policed"),
        (marks.closed, "closed"),
    ]
    .into_iter()
    .filter_map(|(is, word)| is.then_some(word))
    .collect()
}

fn agency_field(
    picture: &Picture,
    agency: &Agency,
    view: &NodeView,
    health: Health,
    at: Timestamp,
    field: &str,
) -> Option<Value> {
    let network = &picture.network;
    let node = network.nodes.get(&agency.node);
    let address = || {
        node.and_then(|node| node.address)
            .map(|address| address.to_string())
    };
    let area = || {
        agency.area.as_ref().map_or_else(Vec::new, |code| {
            let name = network.areas.get(code).map(|area| area.name.clone());
            name.into_iter().chain([code.to_string()]).collect()
        })
    };
    let links = || {
        network
            .links_at(&agency.node)
            .iter()
            .filter_map(|id| network.links.get(id))
    };
    let seconds = |since: Option<Timestamp>| {
        since.map(|since| Value::Number(at.duration_since(since).as_secs_f64()))
    };
    let rtt = |which: fn(&crate::app::Rtt) -> Duration| {
        view.rtt
            .as_ref()
            .map(|rtt| Value::Number(which(rtt).as_secs_f64()))
    };
    Some(match field {
        "text" => {
            let mut texts = vec![agency.name.clone(), agency.id.to_string()];
            texts.extend(area());
            texts.extend(address());
            Value::List(texts)
        }
        "id" => agency.id.as_str().into(),
        "name" => agency.name.as_str().into(),
        "level" => match agency.level {
            Level::City => "city".into(),
            Level::Commune => "commune".into(),
        },
        "class" => agency.class.as_str().into(),
        "area" => Value::List(area()),
        "node" => agency.node.as_str().into(),
        "weight" => agency.weight.into(),
        "hours" => agency.hours.clone()?.into(),
        "computers" => agency.endpoints.computers.into(),
        "antivirus" => agency.endpoints.antivirus.clone()?.into(),
        "address" => address()?.into(),
        "provider" => Value::List(
            links()
                .filter_map(|link| link.provider.as_ref())
                .map(ToString::to_string)
                .collect(),
        ),
        "circuit" => Value::List(links().filter_map(|link| link.circuit.clone()).collect()),
        "risk" => Value::List(
            links()
                .flat_map(|link| &link.risks)
                .chain(node.iter().flat_map(|node| &node.risks))
                .map(ToString::to_string)
                .collect(),
        ),
        "state" => health.word().into(),
        "mark" => Value::List(
            mark_words(view.marks)
                .into_iter()
                .map(str::to_owned)
                .collect(),
        ),
        "age" => seconds(view.read)?,
        "since" => seconds(view.since)?,
        "rtt" => rtt(|rtt| rtt.last)?,
        "p95" => rtt(|rtt| rtt.p95)?,
        "rtt_change" => view.rtt_change?.ratio().into(),
        "loss" => view.loss?.ratio.into(),
        _ => return None,
    })
}

fn incident_field(
    picture: &Picture,
    incident: &Incident,
    at: Timestamp,
    field: &str,
) -> Option<Value> {
    let causes = || {
        incident
            .causes
            .iter()
            .flat_map(|cause| [picture.network.title(cause), cause.to_string()])
            .collect::<Vec<_>>()
    };
    Some(match field {
        "text" => {
            let mut texts = vec![incident.id.to_string()];
            texts.extend(causes());
            Value::List(texts)
        }
        "id" => incident.id.to_string().into(),
        "kind" => incident.kind.word().into(),
        "severity" => match incident.severity {
            crate::model::incident::IncidentSeverity::Info => "info".into(),
            crate::model::incident::IncidentSeverity::Warning => "warning".into(),
            crate::model::incident::IncidentSeverity::Critical => "critical".into(),
        },
        "cause" => Value::List(causes()),
        "agency" => Value::List(incident.cut_off.iter().map(ToString::to_string).collect()),
        "agencies" => (incident.cut_off.len() as f64).into(),
        "state" => if incident.until.is_none() {
            "open"
        } else {
            "closed"
        }
        .into(),
        "mark" => Value::List(if incident.maintenance {
            vec!["maintenance".to_owned()]
        } else {
            Vec::new()
        }),
        "since" => Value::Number(at.duration_since(incident.since).as_secs_f64()),
        _ => return None,
    })
}
