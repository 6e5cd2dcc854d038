//! The topology as typed: every table of every file, its values read and nothing resolved.
//!
//! A table with a fault in one key is still kept where it has an id, so that the names that point to it do not
//! turn into further faults. Ends and references stay texts here; `resolve` turns them into ids.
//!
//! Beyond what the pages of the topology show, defaults may be narrowed: `[defaults.class.school.ping]`,
//! `[defaults.link.fibre] mttr = "8h"`, `[defaults.node.pop] mtbf = ..`, `[defaults.risk.duct] ..`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use toml::de::DeTable;

use crate::inventory::suggest;
use crate::inventory::table::{At, Table, error, open, place};
use crate::model::agency::{Contact, Endpoints, Hours, Level};
use crate::model::fault::{Fault, Place, Source};
use crate::model::network::{Policy, Position};
use crate::model::target::Method;

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
}

/// Defaults of the whole network, by class of agency, kind of link, role of node, kind of risk group.
#[derive(Debug, Default)]
pub(crate) struct Defaults {
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
        if let Some(network) = top.table("network", network) {
            document.networks.push(network);
        }
        top.table("defaults", |table| defaults(table, &mut document.defaults));
        document
            .areas
            .extend(top.tables("area", "[[area]]", area).into_iter().flatten());
        document
            .agencies
            .extend(top.tables("agency", "agency", agency).into_iter().flatten());
        document
            .nodes
            .extend(top.tables("node", "node", node).into_iter().flatten());
        document
            .links
            .extend(top.tables("link", "link", link).into_iter().flatten());
        document.risks.extend(
            top.tables("risk_group", "risk group", risk)
                .into_iter()
                .flatten(),
        );
        document.services.extend(
            top.tables("service", "service", service)
                .into_iter()
                .flatten(),
        );
        document
            .candidates
            .extend(top.tables("candidate", "[[candidate]]", candidate));
        document
            .maintenances
            .extend(top.tables("maintenance", "[[maintenance]]", maintenance));
        if let Some(hours) = top.table("hours", |table| table.named("hours", hours)) {
            document.hours.extend(hours);
        }
        if let Some(providers) = top.table("provider", |table| table.named("provider", provider)) {
            document.providers.extend(providers);
        }
        if top.is_table("at") || top.has("at") {
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

fn network(table: &mut Table<'_, '_>) -> NetworkTable {
    let hubs = table.list("hubs");
    if hubs.as_ref().is_none_or(Vec::is_empty) {
        let head = table.head();
        table.fault(Fault {
            help: Some("Name the node from which reachability is counted: hubs = [\"dc\"].".into()),
            ..error("T0125", &head, "The network has no hub.".into())
        });
    }
    // Which unit costs are in is for people; no sum mixes two.
    table.text("currency");
    let zone = table.text("time_zone");
    let time_zone = match zone {
        None => TimeZone::UTC,
        Some(zone) => TimeZone::get(&zone.value).unwrap_or_else(|_| {
            table.fault(Fault {
                help: Some("Write a name of the IANA database, like \"Asia/Ho_Chi_Minh\".".into()),
                ..error(
                    "T0132",
                    &zone.place,
                    format!("`{}` is not a time zone.", zone.value),
                )
            });
            TimeZone::UTC
        }),
    };
    NetworkTable {
        head: table.head(),
        id: table.id("id"),
        name: table.text("name"),
        example: table.flag("example").unwrap_or(false),
        expected_agencies: table.whole("expected_agencies", 0, u32::MAX),
        hubs: hubs.unwrap_or_default(),
        monitor: table.text("monitor"),
        time_zone,
    }
}

fn defaults(table: &mut Table<'_, '_>, defaults: &mut Defaults) {
    asking(table, &mut defaults.asking);
    table.table("class", |table| {
        for (name, said) in table.named("defaults of class", |name, table| {
            let mut said = Asking::default();
            asking(table, &mut said);
            (name.value, said)
        }) {
            defaults.classes.insert(name, said);
        }
    });
    table.table("link", |table| {
        let all = table.named("defaults of link kind", |name, table| {
            let said = LinkDefaults {
                rates: rates(table),
                metric: table.whole("metric", 1, 1_000_000).map(|at| at.value),
                capacity: table.capacity("capacity").map(|at| at.value),
            };
            (name.value, said)
        });
        defaults.links.extend(all);
    });
    table.table("node", |table| {
        let all = table.named("defaults of role", |name, table| (name.value, rates(table)));
        defaults.nodes.extend(all);
    });
    table.table("risk", |table| {
        let all = table.named("defaults of risk kind", |name, table| {
            (name.value, rates(table))
        });
        defaults.risks.extend(all);
    });
}

/// Reads `ping = {..}` and `snmp = {..}`; a text under `snmp` is left to the caller.
fn asking(table: &mut Table<'_, '_>, said: &mut Asking) {
    let place = table.table("ping", |table| {
        said.ping_interval = pace(table);
        said.ping_timeout = wait(table);
        said.rtt_max = table.duration("rtt_max", "150ms").map(|at| at.value);
        table.head()
    });
    let snmp = table.is_table("snmp").then(|| {
        table.table("snmp", |table| {
            said.snmp_interval = pace(table);
            said.snmp_timeout = wait(table);
            said.snmp_retries = table.whole("retries", 0, 10).map(|at| at.value as u8);
            // Read by the caller, who knows whether a credential may stand here.
            table.has("credential");
            table.head()
        })
    });
    said.place = place.or(snmp.flatten());
}

/// Below a second a monitor becomes a flood.
fn pace(table: &mut Table<'_, '_>) -> Option<Duration> {
    bounded(
        table,
        "interval",
        "10s",
        Duration::from_secs(1),
        Duration::from_hours(24),
    )
}

fn wait(table: &mut Table<'_, '_>) -> Option<Duration> {
    bounded(
        table,
        "timeout",
        "1s",
        Duration::from_millis(10),
        Duration::from_mins(1),
    )
}

fn bounded(
    table: &mut Table<'_, '_>,
    key: &'static str,
    example: &str,
    least: Duration,
    most: Duration,
) -> Option<Duration> {
    let at = table.duration(key, example)?;
    if at.value < least || at.value > most {
        let message = format!(
            "`{key}` of {} should be {least:?} to {most:?}.",
            table.title()
        );
        table.fault(error("T0114", &at.place, message));
        return None;
    }
    Some(at.value)
}

fn rates(table: &mut Table<'_, '_>) -> RatesTable {
    RatesTable {
        mtbf: table.duration("mtbf", "60000h").map(|at| at.value),
        mttr: table.duration("mttr", "6h").map(|at| at.value),
    }
}

fn position(table: &mut Table<'_, '_>) -> Option<At<Position>> {
    let (has_lat, has_lon) = (table.has("lat"), table.has("lon"));
    let lat = table.number("lat", -90.0, 90.0);
    let lon = table.number("lon", -180.0, 180.0);
    if has_lat != has_lon {
        let (given, missing) = if has_lat {
            ("lat", "lon")
        } else {
            ("lon", "lat")
        };
        let message = format!("{} has a `{given}` and no `{missing}`.", table.title());
        let place = table.place_of(given);
        table.fault(error("T0129", &place, message));
    }
    let (lat, lon) = (lat?, lon?);
    Some(At {
        value: Position {
            lat: lat.value,
            lon: lon.value,
        },
        place: lat.place,
    })
}

fn area(table: &mut Table<'_, '_>) -> Option<AreaTable> {
    let code = table.id("code");
    let name = table.required("name", "Write its full name: name = \"Phường Thuận Hóa\".");
    let kind = table
        .text("kind")
        .map_or_else(|| "commune".into(), |kind| kind.value);
    let position = position(table).map(|at| at.value);
    let code = code?;
    Some(AreaTable {
        name: name.map_or_else(|| code.value.clone(), |name| name.value),
        code,
        kind,
        position,
    })
}

fn agency(table: &mut Table<'_, '_>) -> Option<AgencyTable> {
    let id = table.id("id");
    let name = table.required("name", "Write the full name of the agency.");
    let level = table.choice("level", &["city", "commune"]);
    let class = table
        .text("class")
        .map_or_else(String::new, |class| class.value);
    let area = table.text("area");
    let node = table.text("node");
    if node.is_some() {
        for key in OF_THE_NODE {
            if table.has(key) {
                let message = format!(
                    "{} sits at a node of its own name or at `node`; `{key}` belongs to the node.",
                    table.title()
                );
                let place = table.place_of(key);
                table.fault(Fault {
                    help: Some(format!("Move `{key}` to the node, or leave out `node`.")),
                    ..error("T0124", &place, message)
                });
            }
        }
    }
    let hours = table.text("hours").filter(|hours| hours.value != "always");
    let weight = table.whole("weight", 0, 1_000_000).map_or(1, |at| at.value);
    let endpoints = table
        .table("endpoints", |table| Endpoints {
            computers: table
                .whole("computers", 0, 1_000_000)
                .map_or(0, |at| at.value),
            antivirus: table.text("antivirus").map(|text| text.value),
        })
        .unwrap_or_default();
    let contact = table
        .table("contact", |table| Contact {
            name: table.text("name").map(|text| text.value),
            phone: table.text("phone").map(|text| text.value),
            email: table.text("email").map(|text| text.value),
        })
        .unwrap_or_default();
    let was = table.list("was").unwrap_or_default();
    let own = device(table, id.as_ref());
    let id = id?;
    Some(AgencyTable {
        name: name.unwrap_or_else(|| id.clone()),
        level: match level {
            Some("city") => Level::City,
            _ => Level::Commune,
        },
        class,
        area,
        node,
        hours,
        weight,
        endpoints,
        contact,
        was,
        own,
        id,
    })
}

/// Keys of an agency that speak of its own node.
const OF_THE_NODE: &[&str] = &[
    "address",
    "addresses",
    "transit",
    "sys_name",
    "probe",
    "snmp",
    "vendor",
    "model",
    "serial",
    "mtbf",
    "mttr",
    "risk",
    "uplinks",
    "lat",
    "lon",
];

fn node(table: &mut Table<'_, '_>) -> Option<NodeTable> {
    let id = table.id("id");
    let name = table.text("name").map(|name| name.value);
    let role = table
        .text("role")
        .map_or_else(|| "node".into(), |role| role.value);
    let area = table.text("area");
    let was = table.list("was").unwrap_or_default();
    let device = device(table, id.as_ref());
    Some(NodeTable {
        id: id?,
        name,
        role,
        area,
        was,
        device,
    })
}

fn device(table: &mut Table<'_, '_>, owner: Option<&At<String>>) -> Device {
    let snmp = if table.is_table("snmp") {
        table.table("snmp", |table| {
            // Its other keys are those of a policy, which `asking` reads.
            for key in ["interval", "timeout", "retries"] {
                table.has(key);
            }
            table.text("credential")
        })
    } else {
        Some(table.text("snmp"))
    };
    let mut said = Asking::default();
    asking(table, &mut said);
    let probe = table.list("probe").map(|words| {
        let mut methods: Vec<Method> = Vec::new();
        for word in words {
            if let Ok(method) = word.value.parse() {
                methods.push(method);
                continue;
            }
            let nearest = suggest::nearest(&word.value, ["ping", "snmp"]);
            table.fault(Fault {
                help: Some(match nearest {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "Write \"ping\", \"snmp\" or \"tcp:443\".".into(),
                }),
                ..error(
                    "T0131",
                    &word.place,
                    format!("`{}` is not a way to ask a node.", word.value),
                )
            });
        }
        methods.sort_unstable();
        methods.dedup();
        methods
    });
    let owner = owner.cloned();
    let uplinks = table.tables("uplinks", "uplink", |table| uplink(table, owner.clone()));
    Device {
        transit: table.flag("transit"),
        address: table.address("address"),
        addresses: table.addresses("addresses"),
        sys_name: table.text("sys_name").map(|text| text.value),
        probe,
        position: position(table),
        snmp: snmp.flatten(),
        vendor: table.text("vendor").map(|text| text.value),
        model: table.text("model").map(|text| text.value),
        serial: table.text("serial").map(|text| text.value),
        rates: rates(table),
        risks: table.list("risk").unwrap_or_default(),
        asking: said,
        uplinks: uplinks.into_iter().flatten().collect(),
    }
}

/// Splits `node[:port]` at the first colon; ports may hold colons of their own.
fn end(text: Option<At<String>>) -> EndTable {
    let Some(mut text) = text else {
        return EndTable {
            node: None,
            port: None,
        };
    };
    let Some((node, port)) = text.value.split_once(':') else {
        return EndTable {
            node: Some(text),
            port: None,
        };
    };
    let port = (!port.trim().is_empty()).then(|| port.trim().to_owned());
    text.value = node.trim().to_owned();
    EndTable {
        node: Some(text),
        port,
    }
}

const END_HELP: &str = "Write a node and, if known, its port: \"core-1:xe-0/0/1\".";

fn link(table: &mut Table<'_, '_>) -> Option<LinkTable> {
    let id = table.id("id");
    let a = end(table.required("a", END_HELP));
    let b = end(table.required("b", END_HELP));
    connection(table, id, [a, b])
}

fn uplink(table: &mut Table<'_, '_>, owner: Option<At<String>>) -> Option<LinkTable> {
    let id = table.id("id");
    let own = EndTable {
        node: owner,
        port: table.text("port").map(|port| port.value),
    };
    let other = end(table.required("to", END_HELP));
    connection(table, id, [own, other])
}

fn connection(
    table: &mut Table<'_, '_>,
    id: Option<At<String>>,
    ends: [EndTable; 2],
) -> Option<LinkTable> {
    let cost = table.table("cost", |table| {
        (
            table.number("build", 0.0, 1e15).map(|at| at.value),
            table.number("yearly", 0.0, 1e15).map(|at| at.value),
        )
    });
    let (cost_build, cost_yearly) = cost.unwrap_or_default();
    let link = LinkTable {
        ends,
        kind: table
            .text("kind")
            .map_or_else(|| "fibre".into(), |kind| kind.value),
        capacity: table.capacity("capacity").map(|at| at.value),
        metric: table.whole("metric", 1, 1_000_000).map(|at| at.value),
        provider: table.text("provider"),
        circuit: table.text("circuit").map(|text| text.value),
        risks: table.list("risk").unwrap_or_default(),
        length_km: table.number("length_km", 0.0, 50_000.0).map(|at| at.value),
        cost_build,
        cost_yearly,
        rates: rates(table),
        was: table.list("was").unwrap_or_default(),
        id: At {
            value: String::new(),
            place: table.head(),
        },
    };
    Some(LinkTable { id: id?, ..link })
}

fn risk(table: &mut Table<'_, '_>) -> Option<RiskTable> {
    let id = table.id("id");
    let risk = RiskTable {
        name: table.text("name").map(|text| text.value),
        kind: table
            .text("kind")
            .map_or_else(|| "duct".into(), |kind| kind.value),
        rates: rates(table),
        id: At {
            value: String::new(),
            place: table.head(),
        },
    };
    Some(RiskTable { id: id?, ..risk })
}

fn service(table: &mut Table<'_, '_>) -> Option<ServiceTable> {
    let id = table.id("id");
    let name = table.text("name").map(|text| text.value);
    let node = table.required("node", "Name the node that it runs at: node = \"dc\".");
    let check = table.table("check", |table| {
        let mut check = BTreeMap::new();
        for key in ["http", "https", "tcp", "tls"] {
            if let Some(text) = table.text(key) {
                check.insert(key.to_owned(), text.value);
            }
        }
        if let Some(status) = table.whole("expect", 100, 599) {
            check.insert("expect".to_owned(), status.value.to_string());
        }
        check
    });
    Some(ServiceTable {
        id: id?,
        name,
        node,
        check: check.unwrap_or_default(),
    })
}

fn candidate(table: &mut Table<'_, '_>) -> CandidateTable {
    if !table.has("cost") {
        table.missing(
            "cost",
            "Give the price of building it, in the unit of the network: cost = 18400.",
        );
    }
    CandidateTable {
        a: end(table.required("a", END_HELP)).node,
        b: end(table.required("b", END_HELP)).node,
        kind: table
            .text("kind")
            .map_or_else(|| "fibre".into(), |kind| kind.value),
        length_km: table.number("length_km", 0.0, 50_000.0).map(|at| at.value),
        cost: table.number("cost", 0.0, 1e15).map_or(0.0, |at| at.value),
    }
}

fn maintenance(table: &mut Table<'_, '_>) -> MaintenanceTable {
    let elements = table.list("elements");
    if elements.is_none() {
        table.missing(
            "elements",
            "Say what is worked on: elements = [\"link:core-1--core-2\"].",
        );
    }
    let id = table.text("id");
    if let Some(id) = &id {
        table.check_id(id);
    }
    MaintenanceTable {
        id,
        elements: elements.unwrap_or_default(),
        from: table.moment("from"),
        to: table.moment("to"),
        reason: table
            .text("reason")
            .map_or_else(String::new, |text| text.value),
        ticket: table.text("ticket").map(|text| text.value),
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Reads `mon-fri`, `mon,wed,sat` or `daily`; a range may run past Sunday.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let day = |word: &str| DAYS.iter().position(|(name, _)| *name == word.trim());
    let mut open = [false; 7];
    for part in text.split(',') {
        let part = part.trim();
        let (from, to) = match part.split_once('-') {
            _ if part == "daily" => (0, 6),
            Some((from, to)) => (day(from)?, day(to)?),
            None => (day(part)?, day(part)?),
        };
        let mut at = from;
        loop {
            open[at] = true;
            if at == to {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(
        DAYS.iter()
            .zip(open)
            .filter(|(_, open)| *open)
            .map(|((_, day), _)| *day)
            .collect(),
    )
}

fn hours(name: At<String>, table: &mut Table<'_, '_>) -> HoursTable {
    let id = name;
    table.check_id(&id);
    if id.value == "always" {
        table.fault(error(
            "T0117",
            &id.place,
            "`always` is a name that every topology has.".into(),
        ));
    }
    let said = table.required("days", "Write it like days = \"mon-fri\".");
    let days = said.as_ref().and_then(|said| days(&said.value));
    if let (Some(said), None) = (&said, &days) {
        table.fault(Fault {
            help: Some("Write it like \"mon-fri\", \"mon,wed,sat\" or \"daily\".".into()),
            ..error(
                "T0130",
                &said.place,
                format!("`{}` are not days of a week.", said.value),
            )
        });
    }
    let (from, to): (Option<Time>, Option<Time>) = (table.time("from"), table.time("to"));
    let hours = match (days, from, to) {
        (Some(days), Some(from), Some(to)) => Some(Hours { days, from, to }),
        _ => None,
    };
    HoursTable { id, hours }
}

fn provider(name: At<String>, table: &mut Table<'_, '_>) -> ProviderTable {
    table.check_id(&name);
    ProviderTable {
        id: name,
        name: table.text("name").map(|text| text.value),
        hotline: table.text("hotline").map(|text| text.value),
    }
}
