//! Hours without a service, as documents and people read them.
//!
//! Services at one node are lost together, and are told together: in most networks all of them are at the hub.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::analysis::hours::service::Served;
use crate::model::ServiceId;
use crate::model::network::Network;
use crate::report::hours::{HoursShape, interval, method, with_error};
use crate::report::words::Words;

/// Groups of services in one sentence before the rest is a number.
const NAMED: usize = 4;

/// What a service costs a year, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceHoursShape<'a> {
    service: &'a ServiceId,
    hours: HoursShape,
    /// Of the weighted hours, 95 %; null where they are exact.
    interval: Option<[f64; 2]>,
    method: &'static str,
}

/// Returns the JSON form of what services cost: the most hours by weight first, then by id.
#[must_use]
pub fn shapes(services: &BTreeMap<ServiceId, Served>) -> Vec<ServiceHoursShape<'_>> {
    let mut all: Vec<(&ServiceId, &Served)> = services.iter().collect();
    all.sort_by(|a, b| {
        let by_weight = b.1.hours.weighted.total_cmp(&a.1.hours.weighted);
        by_weight.then_with(|| a.0.cmp(b.0))
    });
    let shape = |(service, served): (_, &Served)| ServiceHoursShape {
        service,
        hours: HoursShape::of(served.hours),
        interval: interval(served.hours, served.error()),
        method: method(served.method),
    };
    all.into_iter().map(shape).collect()
}

/// Returns the services of a network in groups that fare alike by some measure, each with the names of its members:
/// groups in the order of their first member's id.
#[must_use]
pub fn alike<T: PartialEq>(
    network: &Network,
    fares: impl Fn(&ServiceId) -> Option<T>,
) -> Vec<(T, Vec<&str>)> {
    let mut groups: Vec<(T, Vec<&str>)> = Vec::new();
    for service in network.services.values() {
        let Some(fare) = fares(&service.id) else {
            continue;
        };
        match groups.iter_mut().find(|(other, _)| *other == fare) {
            Some((_, names)) => names.push(&service.name),
            None => groups.push((fare, vec![&service.name])),
        }
    }
    groups
}

/// Returns the sentence that says how many hours a year agencies are without each service; nothing where there is
/// none.
#[must_use]
pub fn sentence(
    network: &Network,
    services: &BTreeMap<ServiceId, Served>,
    words: &Words,
) -> Option<String> {
    let mut groups = alike(network, |id| services.get(id).copied());
    groups.sort_by(|a, b| b.0.hours.weighted.total_cmp(&a.0.hours.weighted));
    let told: Vec<String> = groups
        .iter()
        .take(NAMED)
        .map(|(served, names)| {
            let hours = with_error(served.hours.weighted, served.error());
            format!("{hours} ({})", names.join(", "))
        })
        .collect();
    let rest: usize = groups
        .iter()
        .skip(NAMED)
        .map(|(_, names)| names.len())
        .sum();
    let mut told = told.join("; ");
    if rest > 0 {
        told = words.with("service.others", &[&told, &rest.to_string()]);
    }
    (!told.is_empty()).then(|| words.with("service.hours", &[&told]))
}
