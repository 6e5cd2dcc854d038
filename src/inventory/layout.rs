//! The topology as typed: every table of every file, its values read and nothing resolved.
//!
//! A table with a fault in one key is still kept where it has an id, so that the names that point to it do not
//! turn into further faults. Ends and references stay texts here; `resolve` turns them into ids.
//!
//! Beyond what the pages of the topology show, defaults may be narrowed: `[defaults.class.school.ping]`,
//! `[defaults.link.fibre] mttr = "8h"` (and `build`, what a new one costs), `[defaults.node.pop] mtbf = ..`, `[defaults.risk.duct] ..`.

mod device;
mod link;
mod policy;
mod whole;

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use toml::de::DeTable;

use crate::inventory::table::{At, error, open, place};
use crate::model::agency::{Contact, Endpoints, Hours, Level};
use crate::model::fault::{Fault, Place, Source};
use crate::model::kind::Build;
use crate::model::network::{Policy, Position};
use crate::model::target::Method;

/// What a routing cost may be.
pub(crate) const METRICS: RangeInclusive<u32> = 1..=1_000_000;

/// What a price may be, in the unit of the network.
pub(crate) const PRICES: RangeInclusive<f64> = 0.0..=1e15;

/// All tables of all files.
#[derive(Debug, Default)]
pub(crate) struct Document {
    pub(crate) networks: Vec<NetworkTable>,
    pub(crate) defaults: Defaults,
    pub(crate) areas: Vec<AreaTable>,
    pub(crate) agencies: Vec<AgencyTable>,
    pub(crate) nodes: Vec<NodeTable>,
    pub(crate) links: Vec<LinkTable>,
    pub(crate) risks: Vec<RiskTable>,
    pub(crate) services: Vec<ServiceTable>,
    pub(crate) candidates: Vec<CandidateTable>,
    pub(crate) maintenances: Vec<MaintenanceTable>,
    pub(crate) hours: Vec<HoursTable>,
    pub(crate) providers: Vec<ProviderTable>,
}

#[derive(Debug)]
pub(crate) struct NetworkTable {
    pub(crate) head: Place,
    pub(crate) id: Option<At<String>>,
    pub(crate) name: Option<At<String>>,
    pub(crate) example: bool,
    pub(crate) expected_agencies: Option<At<u32>>,
    pub(crate) hubs: Vec<At<String>>,
    pub(crate) monitor: Option<At<String>>,
    pub(crate) time_zone: TimeZone,
    pub(crate) currency: Option<String>,
}

/// Defaults of the whole network, by class of agency, kind of link, role of node, kind of risk group.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
    /// Where they were said; all stand in one file, so that none hides another.
    pub(crate) place: Option<Place>,
    pub(crate) asking: Asking,
    pub(crate) classes: BTreeMap<String, Asking>,
    pub(crate) links: BTreeMap<String, LinkDefaults>,
    pub(crate) nodes: BTreeMap<String, RatesTable>,
    pub(crate) risks: BTreeMap<String, RatesTable>,
}

#[derive(Clone, Debug, Default)]
pub(crate) struct LinkDefaults {
    pub(crate) rates: RatesTable,
    pub(crate) metric: Option<u32>,
    pub(crate) capacity: Option<u64>,
    pub(crate) build: Option<Build>,
}

/// How to ask, where it is said; lays itself over a policy.
#[derive(Clone, Debug, Default)]
pub(crate) struct Asking {
    ping_interval: Option<Duration>,
    ping_timeout: Option<Duration>,
    rtt_max: Option<Duration>,
    snmp_interval: Option<Duration>,
    snmp_timeout: Option<Duration>,
    snmp_retries: Option<u8>,
    /// Where the first of it is said.
    pub(crate) place: Option<Place>,
}

impl Asking {
    /// Lays what is said here over a policy.
    pub(crate) fn over(&self, policy: &mut Policy) {
        let lay = |slot: &mut Duration, value: Option<Duration>| *slot = value.unwrap_or(*slot);
        lay(&mut policy.ping_interval, self.ping_interval);
        lay(&mut policy.ping_timeout, self.ping_timeout);
        lay(&mut policy.rtt_max, self.rtt_max);
        lay(&mut policy.snmp_interval, self.snmp_interval);
        lay(&mut policy.snmp_timeout, self.snmp_timeout);
        policy.snmp_retries = self.snmp_retries.unwrap_or(policy.snmp_retries);
    }
}

#[derive(Clone, Debug, Default)]
pub(crate) struct RatesTable {
    pub(crate) mtbf: Option<Duration>,
    pub(crate) mttr: Option<Duration>,
}

#[derive(Debug)]
pub(crate) struct AreaTable {
    pub(crate) code: At<String>,
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) position: Option<Position>,
}

#[derive(Debug)]
pub(crate) struct AgencyTable {
    pub(crate) id: At<String>,
    pub(crate) name: At<String>,
    pub(crate) level: Level,
    pub(crate) class: String,
    pub(crate) area: Option<At<String>>,
    pub(crate) node: Option<At<String>>,
    pub(crate) hours: Option<At<String>>,
    pub(crate) weight: u32,
    pub(crate) endpoints: Endpoints,
    pub(crate) contact: Contact,
    pub(crate) was: Vec<At<String>>,
    /// What is said of its own node, when it has one.
    pub(crate) own: Device,
}

#[derive(Debug)]
pub(crate) struct NodeTable {
    pub(crate) id: At<String>,
    pub(crate) name: Option<String>,
    pub(crate) role: String,
    pub(crate) area: Option<At<String>>,
    pub(crate) was: Vec<At<String>>,
    pub(crate) device: Device,
}

/// What nodes and agencies with a node of their own both say.
#[derive(Debug)]
pub(crate) struct Device {
    pub(crate) transit: Option<bool>,
    pub(crate) address: Option<At<IpAddr>>,
    pub(crate) addresses: Vec<At<IpAddr>>,
    pub(crate) sys_name: Option<String>,
    pub(crate) probe: Option<Vec<Method>>,
    pub(crate) position: Option<At<Position>>,
    pub(crate) snmp: Option<At<String>>,
    pub(crate) vendor: Option<String>,
    pub(crate) model: Option<String>,
    pub(crate) serial: Option<String>,
    pub(crate) rates: RatesTable,
    pub(crate) risks: Vec<At<String>>,
    pub(crate) asking: Asking,
    pub(crate) uplinks: Vec<LinkTable>,
}

#[derive(Debug)]
pub(crate) struct LinkTable {
    pub(crate) id: At<String>,
    pub(crate) ends: [EndTable; 2],
    pub(crate) kind: String,
    pub(crate) capacity: Option<u64>,
    pub(crate) metric: Option<u32>,
    pub(crate) provider: Option<At<String>>,
    pub(crate) circuit: Option<String>,
    pub(crate) risks: Vec<At<String>>,
    pub(crate) length_km: Option<f64>,
    pub(crate) cost_build: Option<f64>,
    pub(crate) cost_yearly: Option<f64>,
    pub(crate) rates: RatesTable,
    pub(crate) was: Vec<At<String>>,
}

/// `node[:port]`, split at the first colon; no node where the key was missing or not to be read.
#[derive(Clone, Debug)]
pub(crate) struct EndTable {
    pub(crate) node: Option<At<String>>,
    pub(crate) port: Option<String>,
}

#[derive(Debug)]
pub(crate) struct RiskTable {
    pub(crate) id: At<String>,
    pub(crate) name: Option<String>,
    pub(crate) kind: String,
    pub(crate) rates: RatesTable,
}

#[derive(Debug)]
pub(crate) struct ServiceTable {
    pub(crate) id: At<String>,
    pub(crate) name: Option<String>,
    pub(crate) node: Option<At<String>>,
    pub(crate) check: BTreeMap<String, String>,
}

#[derive(Debug)]
pub(crate) struct CandidateTable {
    pub(crate) a: Option<At<String>>,
    pub(crate) b: Option<At<String>>,
    pub(crate) kind: String,
    pub(crate) length_km: Option<f64>,
    pub(crate) cost: f64,
}

#[derive(Debug)]
pub(crate) struct MaintenanceTable {
    pub(crate) id: Option<At<String>>,
    pub(crate) elements: Vec<At<String>>,
    pub(crate) from: Option<At<Timestamp>>,
    pub(crate) to: Option<At<Timestamp>>,
    pub(crate) reason: String,
    pub(crate) ticket: Option<String>,
}

#[derive(Debug)]
pub(crate) struct HoursTable {
    pub(crate) id: At<String>,
    pub(crate) hours: Option<Hours>,
}

#[derive(Debug)]
pub(crate) struct ProviderTable {
    pub(crate) id: At<String>,
    pub(crate) name: Option<String>,
    pub(crate) hotline: Option<String>,
}

/// Reads one file's tables into the document; `false` when its syntax is broken, which is then the one fault.
pub(crate) fn read(source: &Arc<Source>, document: &mut Document, faults: &mut Vec<Fault>) -> bool {
    let parsed = match DeTable::parse(&source.text) {
        Ok(parsed) => parsed,
        Err(broken) => {
            let end = source.text.trim_end().len();
            let span = broken.span().unwrap_or(0..0);
            // What is missing at the end is missing after the last thing that is there.
            let span = if span.start > end { end..end } else { span };
            let message = format!(
                "This is not TOML: {}.",
                broken.message().trim_end_matches('.')
            );
            faults.push(Fault {
                help: Some(
                    "Nothing of this file was read; names that it declares are not checked until it is whole."
                        .into(),
                ),
                ..error("T0101", &place(source, span), message)
            });
            return false;
        }
    };
    open("", source, 0..0, parsed.get_ref(), faults, |top| {
        if let Some(network) = top.table("network", whole::network) {
            document.networks.push(network);
        }
        if top.has("defaults") {
            let place = top.place_of("defaults");
            if let Some(first) = &document.defaults.place {
                top.fault(Fault {
                    related: vec![(first.clone(), "first said here".into())],
                    help: Some("Keep all defaults in one file.".into()),
                    ..error("T0117", &place, "There are defaults in two files.".into())
                });
            }
            document.defaults.place = Some(place);
            top.table("defaults", |table| {
                policy::defaults(table, &mut document.defaults);
            });
        }
        document.areas.extend(
            top.tables("area", "area", device::area)
                .into_iter()
                .flatten(),
        );
        document.agencies.extend(
            top.tables("agency", "agency", device::agency)
                .into_iter()
                .flatten(),
        );
        document.nodes.extend(
            top.tables("node", "node", device::node)
                .into_iter()
                .flatten(),
        );
        document
            .links
            .extend(top.tables("link", "link", link::link).into_iter().flatten());
        document.risks.extend(
            top.tables("risk_group", "risk group", link::risk)
                .into_iter()
                .flatten(),
        );
        document.services.extend(
            top.tables("service", "service", whole::service)
                .into_iter()
                .flatten(),
        );
        document
            .candidates
            .extend(top.tables("candidate", "candidate", link::candidate));
        document
            .maintenances
            .extend(top.tables("maintenance", "maintenance", whole::maintenance));
        if let Some(hours) = top.table("hours", |table| table.named("hours", whole::hours)) {
            document.hours.extend(hours);
        }
        if let Some(all) = top.table("provider", |table| table.named("provider", whole::provider)) {
            document.providers.extend(all);
        }
        if top.has("at") {
            let place = top.place_of("at");
            top.fault(Fault {
                help: Some(
                    "Move it out of the topology folder, or give it a name that begins with `_`."
                        .into(),
                ),
                ..error(
                    "T0109",
                    &place,
                    "This is a scenario of the lab, not a part of a topology.".into(),
                )
            });
            // The rest of a scenario says nothing about a network either.
            top.has("seed");
        }
    });
    true
}
