//! What `GraphML` holds beyond nodes and edges, as JSON in data keys: the one place that names these fields.
//!
//! `export graphml` writes these values and `import graphml` reads them, so the two cannot drift apart. Plain
//! values of nodes and edges are data keys of their own, which Gephi, yEd and networkx show as columns.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Marks a file that holds a whole model; stands in the graph's data key `schema`.
pub const SCHEMA: &str = "spanwatch/graphml/1";

/// Written where a node is never asked: a key that is left out leaves it to the rule.
pub const NEVER: &str = "never";

/// An agency, in the data key `agency` of its node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct AgencyRecord {
    pub id: String,
    pub name: String,
    pub level: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub class: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub area: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<String>,
    pub weight: u32,
    #[serde(default)]
    pub computers: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub antivirus: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contact: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub was: Vec<String>,
}

/// A commune or ward, in the graph's data key `areas`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct AreaRecord {
    pub code: String,
    pub name: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lat: Option<f64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lon: Option<f64>,
}

/// What links of a kind are like where they do not say it themselves, and what a new one costs, in the graph's data
/// key `kinds`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct KindRecord {
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtbf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mttr: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metric: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub capacity: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub build: Option<BuildRecord>,
}

/// The price of a new link, in the record of its kind.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct BuildRecord {
    #[serde(default)]
    pub fixed: f64,
    #[serde(default)]
    pub per_km: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub up_to_km: Option<f64>,
}

/// A provider, in the graph's data key `providers`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct ProviderRecord {
    pub id: String,
    pub name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hotline: Option<String>,
}

/// A risk group, in the graph's data key `risks`; its members name it themselves.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct RiskRecord {
    pub id: String,
    pub name: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mtbf: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mttr: Option<String>,
}

/// A service, in the graph's data key `services`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct ServiceRecord {
    pub id: String,
    pub name: String,
    pub node: String,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub check: BTreeMap<String, String>,
}

/// A link that could be built, in the graph's data key `candidates`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct CandidateRecord {
    pub a: String,
    pub b: String,
    pub kind: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub length_km: Option<f64>,
    pub cost: f64,
}

/// Work that is planned, in the graph's data key `maintenances`; moments as RFC 3339.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct MaintenanceRecord {
    pub id: String,
    pub elements: Vec<String>,
    pub from: String,
    pub to: String,
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub reason: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ticket: Option<String>,
}

/// Office hours, in the graph's data key `hours`; days as English words of three letters.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[expect(missing_docs, reason = "the names are the topology's keys")]
pub struct HoursRecord {
    pub id: String,
    pub days: Vec<String>,
    pub from: String,
    pub to: String,
}
