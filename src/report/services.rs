//! Services and who can reach them, as text and as `spanwatch/services/1`.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::IpAddr;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::app::services::{Checked, Fault, Survey};
use crate::app::view::Sight;
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::service::{Check, Found, Outcome, Service};
use crate::model::{AgencyId, NodeId, ServiceId};
use crate::report::clean;
use crate::report::listing::{check, head, joined};
use crate::report::table::{Side, Table};
use crate::report::view::{self, ViewShape};
use crate::report::words::{Language, Words};

/// Agencies that a line names before the rest is a number.
const NAMED: usize = 12;

/// Returns the text: the services, then who lacks which; with an agency, only what that one lacks.
#[must_use]
pub fn text(
    network: &Network,
    survey: &Survey,
    sight: &Sight,
    agency: Option<&Agency>,
    now: Timestamp,
    words: &Words,
) -> String {
    let remark = if network.example {
        format!("  [{}]", words.text("report.example"))
    } else {
        String::new()
    };
    let mut out = words.with("service.head", &[&remark]);
    // Writing to a String cannot fail.
    let _ = write!(out, "\n{}\n", view::text(network, sight, now, words));
    if network.services.is_empty() {
        let _ = writeln!(out, "{}", words.text("service.none"));
        return out;
    }
    let mut table = Table::new(&[
        head(words, "report.service", Side::Left),
        head(words, "col.node", Side::Left),
        head(words, "col.check", Side::Left),
        head(words, "service.col.state", Side::Left),
        head(words, "service.col.time", Side::Right),
        head(words, "service.col.why", Side::Left),
        head(words, "service.col.reach", Side::Right),
        head(words, "service.col.fault", Side::Left),
    ]);
    for (id, checked) in &survey.services {
        let Some(service) = network.services.get(id) else {
            continue;
        };
        let millis = checked.found.took.as_secs_f64() * 1_000.0;
        table.row([
            id.to_string(),
            service.node.to_string(),
            check(&service.check),
            words.text(state_key(checked.state)).to_owned(),
            format!("{millis:.1} ms"),
            heard(&checked.found, &network.time_zone, words),
            format!("{}/{}", checked.reached_by, network.agencies.len()),
            checked
                .fault
                .map_or_else(String::new, |fault| words.text(fault_key(fault)).to_owned()),
        ]);
    }
    let _ = writeln!(out, "{}", table.text("  "));
    match agency {
        Some(agency) => out.push_str(&of_agency(survey, agency, words)),
        None => out.push_str(&of_all(survey, words)),
    }
    out
}

fn of_agency(survey: &Survey, agency: &Agency, words: &Words) -> String {
    let name = clean(agency.id.as_str());
    let lost = survey.lost.get(&agency.id);
    let lost: Vec<String> = lost
        .into_iter()
        .flatten()
        .map(|(id, fault)| format!("{} ({})", clean(id.as_str()), words.text(fault_key(*fault))))
        .collect();
    let mut said = if lost.is_empty() {
        words.with("service.agency.all", &[&name])
    } else {
        words.with("service.agency.lost", &[&name, &lost.join(", ")])
    };
    said.push('\n');
    said
}

/// Agencies that lack the same for the same reasons stand together, the largest such group first.
fn of_all(survey: &Survey, words: &Words) -> String {
    let mut alike: BTreeMap<(Fault, Vec<&ServiceId>), Vec<&AgencyId>> = BTreeMap::new();
    for (agency, lost) in &survey.lost {
        let mut by_fault: BTreeMap<Fault, Vec<&ServiceId>> = BTreeMap::new();
        for (id, fault) in lost {
            by_fault.entry(*fault).or_default().push(id);
        }
        for group in by_fault {
            alike.entry(group).or_default().push(agency);
        }
    }
    if alike.is_empty() {
        return format!("{}\n", words.text("service.all"));
    }
    let mut groups: Vec<_> = alike.into_iter().collect();
    groups.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    let mut out = String::new();
    for ((fault, services), agencies) in groups {
        let line = words.with(
            "service.lost",
            &[
                &agencies.len().to_string(),
                &clean(&joined(&services)),
                words.text(fault_key(fault)),
            ],
        );
        let shown = &agencies[..agencies.len().min(NAMED)];
        let mut who = clean(&joined(shown)).into_owned();
        if agencies.len() > NAMED {
            let more = (agencies.len() - NAMED).to_string();
            let _ = write!(who, ", {}", words.with("service.more", &[&more]));
        }
        let _ = writeln!(out, "{line}\n{}", words.with("service.lost.who", &[&who]));
    }
    out
}

fn state_key(state: Service) -> &'static str {
    match state {
        Service::Up => "service.up",
        Service::Down => "service.down",
        Service::Unknown => "service.unknown",
    }
}

fn fault_key(fault: Fault) -> &'static str {
    match fault {
        Fault::Path => "service.fault.path",
        Fault::Service => "service.fault.service",
        Fault::Unclear => "service.fault.unclear",
        Fault::Both => "service.fault.both",
    }
}

/// Returns what a check heard, and how long the certificate will hold that it saw.
fn heard(found: &Found, zone: &TimeZone, words: &Words) -> String {
    let said = outcome(&found.outcome, zone, words);
    let Some(certificate) = found.certificate else {
        return said;
    };
    let key = if certificate.is_soon {
        "service.why.soon"
    } else {
        "service.why.certificate"
    };
    let days = certificate.days_left.to_string();
    words.with(key, &[&said, &days, &day(certificate.until, zone)])
}

/// Returns the day of a moment where the network is.
fn day(at: Timestamp, zone: &TimeZone) -> String {
    zone.to_datetime(at).date().to_string()
}

fn outcome(outcome: &Outcome, zone: &TimeZone, words: &Words) -> String {
    let (key, value) = match outcome {
        Outcome::Accepted => ("service.why.accepted", String::new()),
        Outcome::Status(status) => ("service.why.status", status.to_string()),
        Outcome::WrongStatus(status) => ("service.why.wrong", status.to_string()),
        Outcome::Addresses(addresses) => ("service.why.addresses", joined(addresses)),
        Outcome::Closed => ("service.why.closed", String::new()),
        Outcome::Garbled => ("service.why.garbled", String::new()),
        Outcome::Mute => ("service.why.mute", String::new()),
        Outcome::NoName(code) => ("service.why.no-name", code.to_string()),
        Outcome::Silent => ("service.why.silent", String::new()),
        Outcome::Secured => ("service.why.secured", String::new()),
        Outcome::Refused(how) => ("service.why.refused", clean(how).into_owned()),
        Outcome::Untrusted { by_itself: false } => ("service.why.untrusted", String::new()),
        Outcome::Untrusted { by_itself: true } => ("service.why.own", String::new()),
        Outcome::WrongName(names) if names.is_empty() => ("service.why.no-names", String::new()),
        Outcome::WrongName(names) => ("service.why.wrong-name", clean(&joined(names)).into_owned()),
        Outcome::Expired(at) => ("service.why.expired", day(*at, zone)),
        Outcome::NotYetValid(at) => ("service.why.not-yet", day(*at, zone)),
        Outcome::Unfit(why) => ("service.why.unfit", clean(why).into_owned()),
        Outcome::Unsent(why) => ("service.why.unsent", clean(why).into_owned()),
        Outcome::Undeclared => ("service.why.undeclared", String::new()),
        Outcome::Nowhere => ("service.why.nowhere", String::new()),
    };
    words.with(key, &[&value])
}

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    view: ViewShape<'a>,
    services: Vec<ServiceShape<'a>>,
    agencies: Vec<AgencyShape<'a>>,
}

#[derive(Serialize)]
struct ServiceShape<'a> {
    id: &'a ServiceId,
    node: Option<&'a NodeId>,
    check: BTreeMap<&'a str, &'a str>,
    state: &'static str,
    fault: Option<&'static str>,
    heard: String,
    reason: &'static str,
    certificate: Option<CertificateShape>,
    status: Option<u16>,
    addresses: Vec<IpAddr>,
    seconds: f64,
    reached_by: usize,
}

/// A certificate that may be trusted.
#[derive(Serialize)]
struct CertificateShape {
    until: String,
    days_left: i64,
    warn_days: u16,
    expires_soon: bool,
}

#[derive(Serialize)]
struct AgencyShape<'a> {
    id: &'a AgencyId,
    reachable: Vec<&'a ServiceId>,
    lost: Vec<LostShape<'a>>,
}

#[derive(Serialize)]
struct LostShape<'a> {
    service: &'a ServiceId,
    fault: &'static str,
}

/// Returns `spanwatch/services/1`; with an agency, only that one is listed.
#[must_use]
pub fn json(network: &Network, survey: &Survey, sight: &Sight, agency: Option<&Agency>) -> String {
    let english = Words::of(Language::En);
    let wanted = survey
        .lost
        .iter()
        .filter(|(id, _)| agency.is_none_or(|agency| agency.id == **id));
    crate::report::json::written(&Document {
        schema: "spanwatch/services/1",
        network: &network.id,
        example: network.example,
        view: ViewShape::of(network, sight),
        services: survey
            .services
            .iter()
            .map(|(id, checked)| service_shape(network, id, checked, &english))
            .collect(),
        agencies: wanted
            .map(|(id, lost)| AgencyShape {
                id,
                reachable: survey
                    .services
                    .keys()
                    .filter(|service| !lost.contains_key(*service))
                    .collect(),
                lost: lost
                    .iter()
                    .map(|(service, fault)| LostShape {
                        service,
                        fault: fault.word(),
                    })
                    .collect(),
            })
            .collect(),
    })
}

fn service_shape<'a>(
    network: &'a Network,
    id: &'a ServiceId,
    checked: &Checked,
    english: &Words,
) -> ServiceShape<'a> {
    let service = network.services.get(id);
    ServiceShape {
        id,
        node: service.map(|service| &service.node),
        check: service
            .into_iter()
            .flat_map(|service| &service.check)
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect(),
        state: checked.state.word(),
        fault: checked.fault.map(Fault::word),
        heard: heard(&checked.found, &network.time_zone, english),
        reason: checked.found.outcome.word(),
        certificate: checked
            .found
            .certificate
            .map(|certificate| CertificateShape {
                until: certificate
                    .until
                    .display_with_offset(network.time_zone.to_offset(certificate.until))
                    .to_string(),
                days_left: certificate.days_left,
                warn_days: service
                    .and_then(|service| Check::read(&service.check).ok()??.trust)
                    .map_or(0, |trust| trust.warn_days),
                expires_soon: certificate.is_soon,
            }),
        status: match checked.found.outcome {
            Outcome::Status(status) | Outcome::WrongStatus(status) => Some(status),
            _ => None,
        },
        addresses: match &checked.found.outcome {
            Outcome::Addresses(addresses) => addresses.clone(),
            _ => Vec::new(),
        },
        seconds: (checked.found.took.as_secs_f64() * 1_000_000.0).round() / 1_000_000.0,
        reached_by: checked.reached_by,
    }
}
