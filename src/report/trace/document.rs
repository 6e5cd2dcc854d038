//! A trace for programs: `spanwatch/trace/1`, way by way and hop by hop.

use std::net::IpAddr;

use serde::Serialize;

use crate::analysis::way::{Mark, Step, Way};
use crate::app::Setting;
use crate::app::trace::Traced;
use crate::model::network::Network;
use crate::model::ratio::interval;
use crate::model::trace::End;
use crate::model::{LinkId, NodeId};
use crate::probe::ping::IcmpKind;
use crate::wire::echo::{Family, spoken};

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    target: TargetShape<'a>,
    network: Option<&'a str>,
    example: Option<bool>,
    setting: &'static str,
    socket: &'static str,
    view: &'a str,
    flows: u16,
    probes: u16,
    max_hops: u8,
    reached: bool,
    declared_paths: u64,
    ways: Vec<WayShape<'a>>,
    seconds: f64,
}

#[derive(Serialize)]
struct TargetShape<'a> {
    address: IpAddr,
    id: Option<&'a NodeId>,
}

#[derive(Serialize)]
struct WayShape<'a> {
    flows: &'a [usize],
    end: &'static str,
    refused: Option<RefusedShape>,
    hops: Vec<HopShape<'a>>,
    parting: Option<PartingShape<'a>>,
    last: Option<LastShape<'a>>,
}

#[derive(Serialize)]
struct RefusedShape {
    router: IpAddr,
    r#type: u8,
    code: u8,
}

#[derive(Serialize)]
struct HopShape<'a> {
    hop: usize,
    address: Option<IpAddr>,
    addresses: Vec<AddressShape>,
    node: Option<&'a NodeId>,
    links: &'a [LinkId],
    declared: Option<bool>,
    sent: u32,
    received: u32,
    loss: Option<f64>,
    loss_interval: Option<[f64; 2]>,
    rtt_min_ms: Option<f64>,
    rtt_median_ms: Option<f64>,
    rtt_max_ms: Option<f64>,
    mark: Option<&'static str>,
}

#[derive(Serialize)]
struct AddressShape {
    address: IpAddr,
    count: u32,
}

#[derive(Serialize)]
struct StepShape<'a> {
    link: &'a LinkId,
    node: &'a NodeId,
}

#[derive(Serialize)]
struct PartingShape<'a> {
    hop: usize,
    after: &'a NodeId,
    declared: Vec<StepShape<'a>>,
    seen: &'a NodeId,
    links: &'a [LinkId],
}

#[derive(Serialize)]
struct LastShape<'a> {
    node: &'a NodeId,
    next: Vec<StepShape<'a>>,
}

/// Returns `spanwatch/trace/1`.
#[must_use]
pub fn json(traced: &Traced, network: Option<&Network>) -> String {
    let question = &traced.question;
    let ways = &traced.explained.ways;
    crate::report::json::written(&Document {
        schema: "spanwatch/trace/1",
        target: TargetShape {
            address: question.address,
            id: question.node.as_ref(),
        },
        network: network.map(|network| network.id.as_str()),
        example: network.map(|network| network.example),
        setting: match question.setting {
            Setting::Live => "live",
            Setting::Lab => "lab",
            Setting::Simulated => "simulated",
        },
        socket: match traced.socket {
            IcmpKind::Raw => "raw",
            IcmpKind::Datagram => "datagram",
        },
        view: &question.view,
        flows: question.flows,
        probes: question.plan.probes,
        max_hops: question.plan.hops,
        reached: ways.iter().any(|way| way.end == End::Reached),
        declared_paths: traced.explained.declared,
        ways: ways.iter().map(way_shape).collect(),
        seconds: rounded(traced.took.as_secs_f64(), 3),
    })
}

fn way_shape(way: &Way) -> WayShape<'_> {
    WayShape {
        flows: &way.flows,
        end: match way.end {
            End::Reached => "reached",
            End::Refused { .. } => "refused",
            End::Silent => "silent",
        },
        refused: match way.end {
            End::Refused { by, why } => {
                let (r#type, code) = spoken(Family::of(by), why);
                Some(RefusedShape {
                    router: by,
                    r#type,
                    code,
                })
            }
            _ => None,
        },
        hops: way.steps.iter().enumerate().map(hop_shape).collect(),
        parting: way.parting.as_ref().map(|parting| PartingShape {
            hop: parting.hop,
            after: &parting.after,
            declared: step_shapes(&parting.declared),
            seen: &parting.seen,
            links: &parting.links,
        }),
        last: way.last.as_ref().map(|(node, next)| LastShape {
            node,
            next: step_shapes(next),
        }),
    }
}

fn step_shapes(steps: &[(LinkId, NodeId)]) -> Vec<StepShape<'_>> {
    let steps = steps.iter();
    steps.map(|(link, node)| StepShape { link, node }).collect()
}

fn hop_shape((place, step): (usize, &Step)) -> HopShape<'_> {
    /// One minus the confidence of the interval.
    const ALPHA: f64 = 0.05;
    let hop = &step.hop;
    let rtt = hop.rtt();
    let millis = |at: usize| rtt.map(|rtt| rounded(rtt[at].as_secs_f64() * 1_000.0, 3));
    let is_known = hop.sent > 0;
    HopShape {
        hop: place + 1,
        address: hop.address(),
        addresses: hop
            .from
            .iter()
            .map(|(address, count)| AddressShape {
                address: *address,
                count: *count,
            })
            .collect(),
        node: step.node.as_ref(),
        links: &step.links,
        declared: step.is_declared,
        sent: hop.sent,
        received: hop.received(),
        loss: is_known.then(|| rounded(f64::from(hop.lost()) / f64::from(hop.sent), 6)),
        loss_interval: is_known.then(|| {
            let (low, high) = interval(hop.lost(), hop.sent, ALPHA);
            [rounded(low, 6), rounded(high, 6)]
        }),
        rtt_min_ms: millis(0),
        rtt_median_ms: millis(1),
        rtt_max_ms: millis(2),
        mark: step.mark.map(|mark| match mark {
            Mark::Limited => "rate_limited",
            Mark::Quiet => "quiet",
            Mark::LossFrom => "loss_from",
            Mark::Loop => "loop",
        }),
    }
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}
