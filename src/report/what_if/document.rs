//! The document `spanwatch/what-if/1`.

use std::collections::BTreeSet;

use serde::Serialize;

use crate::analysis::what_if::Outcome;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, LinkId, NodeId, ServiceId};
use crate::report::hours::{HoursShape, interval, method};
use crate::report::served::{self, ServiceHoursShape};
use crate::report::view::ViewShape;
use crate::report::what_if::{Answer, ranked, weight};

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    hubs: &'a [NodeId],
    #[serde(flatten)]
    view: ViewShape<'a>,
    failed: &'a [Element],
    added: Vec<AddedShape<'a>>,
    now: OutcomeShape<'a>,
    then: OutcomeShape<'a>,
    newly_cut_off: Vec<&'a AgencyId>,
    newly_one_path: Vec<HeldShape<'a>>,
    gains: Option<GainsShape<'a>>,
}

#[derive(Debug, Serialize)]
struct AddedShape<'a> {
    id: &'a LinkId,
    a: &'a NodeId,
    b: &'a NodeId,
    kind: &'a str,
}

#[derive(Debug, Serialize)]
struct OutcomeShape<'a> {
    cut_off: &'a BTreeSet<AgencyId>,
    cut_off_weight: u32,
    one_path: &'a BTreeSet<AgencyId>,
    one_risk: &'a BTreeSet<AgencyId>,
    services_lost: Vec<ServiceShape<'a>>,
    services: Vec<ServiceHoursShape<'a>>,
    hours: HoursShape,
    /// Of the weighted hours, 95 %; null where they are exact.
    interval: Option<[f64; 2]>,
    method: &'static str,
}

#[derive(Debug, Serialize)]
struct ServiceShape<'a> {
    service: &'a ServiceId,
    agencies: usize,
    ids: &'a BTreeSet<AgencyId>,
}

#[derive(Debug, Serialize)]
struct HeldShape<'a> {
    id: &'a AgencyId,
    hangs_on: Vec<Element>,
}

#[derive(Debug, Serialize)]
struct GainsShape<'a> {
    connected: Vec<&'a AgencyId>,
    second_path: Vec<&'a AgencyId>,
    hours: HoursShape,
    interval: Option<[f64; 2]>,
}

impl<'a> OutcomeShape<'a> {
    fn of(network: &Network, outcome: &'a Outcome) -> Self {
        Self {
            cut_off: &outcome.cut_off,
            cut_off_weight: weight(network, &outcome.cut_off),
            one_path: &outcome.one_path,
            one_risk: &outcome.one_risk,
            services_lost: services(outcome)
                .into_iter()
                .map(|(service, ids)| ServiceShape {
                    service,
                    agencies: ids.len(),
                    ids,
                })
                .collect(),
            services: served::shapes(&outcome.services),
            hours: HoursShape::of(outcome.hours),
            interval: interval(outcome.hours, outcome.error()),
            method: method(outcome.method),
        }
    }
}

/// Returns the document `spanwatch/what-if/1`.
#[must_use]
pub fn json(answer: Answer<'_>) -> String {
    let Answer {
        network,
        comparison,
        ..
    } = answer;
    let ids = |set| -> Vec<&AgencyId> {
        let agencies = ranked(network, set).into_iter();
        agencies.map(|agency| &agency.id).collect()
    };
    crate::report::json::written(&Document {
        schema: "spanwatch/what-if/1",
        network: &network.id,
        example: network.example,
        hubs: &network.hubs,
        view: ViewShape::of(network, answer.sight),
        failed: answer.failed,
        added: comparison
            .added
            .iter()
            .map(|link| AddedShape {
                id: &link.id,
                a: &link.a.node,
                b: &link.b.node,
                kind: &link.kind,
            })
            .collect(),
        now: OutcomeShape::of(network, &comparison.now),
        then: OutcomeShape::of(network, &comparison.then),
        newly_cut_off: ids(&comparison.newly_cut_off),
        newly_one_path: ids(&comparison.newly_one_path)
            .into_iter()
            .map(|id| HeldShape {
                id,
                hangs_on: comparison.hangs_on(network, id),
            })
            .collect(),
        gains: comparison.gains.as_ref().map(|gains| GainsShape {
            connected: ids(&gains.connected),
            second_path: ids(&gains.second_path),
            hours: HoursShape::of(gains.hours),
            interval: interval(gains.hours, gains.error),
        }),
    })
}

/// Returns the lost services, those that most agencies lost first.
fn services(outcome: &Outcome) -> Vec<(&ServiceId, &BTreeSet<AgencyId>)> {
    let mut services: Vec<_> = outcome.services_lost.iter().collect();
    services.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(b.0)));
    services
}
