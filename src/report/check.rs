//! The verdict of one `check` for programs: as a monitoring plugin prints it, and as `spanwatch/check/1`.
//!
//! Both are English whatever the language of the machine is.

use std::fmt::Write as _;

use serde::Serialize;

use crate::app::Setting;
use crate::app::check::{Checked, Limit, Quantity};
use crate::model::health::{Counts, Health};
use crate::model::incident::{IncidentId, IncidentKind, IncidentSeverity};
use crate::model::target::TargetId;
use crate::model::{AgencyId, Element};
use crate::report::reason;
use crate::report::verdict::{agencies, causes, local, sign_of, summary};
use crate::report::words::{Language, Words};

/// The first line of a plugin's output has less than this before the performance data.
const WIDTH: usize = 80;

/// Returns the verdict as a monitoring plugin prints it: one line with performance data, then one for each
/// root cause.
#[must_use]
pub fn nagios(checked: &Checked) -> String {
    let english = Words::of(Language::En);
    let head = format!("SPANWATCH {} - ", checked.verdict.word().to_uppercase());
    let mut out = format!(
        "{head}{} |",
        summary(&english, checked, WIDTH - 2 - head.len())
    );
    let total = checked.counts.total;
    for quantity in Quantity::ALL {
        let value = checked.values.get(&quantity);
        let (unit, decimals, high) = match quantity {
            Quantity::CutOff | Quantity::Degraded | Quantity::Unknown => ("", 0, total.to_string()),
            Quantity::Loss => ("%", 1, "100".to_owned()),
            Quantity::Rtt => ("ms", 1, String::new()),
        };
        let value = value.map_or_else(
            || "U".to_owned(),
            |value| format!("{value:.decimals$}{unit}"),
        );
        let limit = |limits: &std::collections::BTreeMap<Quantity, Limit>| {
            limits
                .get(&quantity)
                .map(ToString::to_string)
                .unwrap_or_default()
        };
        let (warning, critical) = (
            limit(&checked.limits.warning),
            limit(&checked.limits.critical),
        );
        let _ = write!(
            out,
            " {}={value};{warning};{critical};0;{high}",
            quantity.word()
        );
    }
    let _ = writeln!(
        out,
        " sweep={:.1}s;;{:.0};0;",
        checked.sweep.as_secs_f64(),
        checked.limit.as_secs_f64()
    );
    for incident in checked.picture.open_incidents() {
        let mark = if incident.maintenance {
            " (maintenance)"
        } else {
            ""
        };
        let _ = writeln!(
            out,
            "[{}] {} {} {}{mark}, since {}, {}",
            sign_of(incident.severity),
            incident.id,
            incident.kind.word(),
            causes(&english, incident, usize::MAX),
            local(incident.since, &checked.picture.network.time_zone),
            agencies(&english, incident.cut_off.len()),
        );
    }
    out
}

#[derive(Serialize)]
struct Shape<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    setting: &'static str,
    verdict: &'static str,
    agencies: Counts,
    marks: MarkCounts,
    incidents: Vec<IncidentShape<'a>>,
    targets: Vec<TargetShape<'a>>,
    not_asked: usize,
    sweep_seconds: f64,
}

#[derive(Default, Serialize)]
struct MarkCounts {
    maintenance: usize,
    acknowledged: usize,
    flapping: usize,
    policed: usize,
    closed: usize,
}

#[derive(Serialize)]
struct IncidentShape<'a> {
    id: IncidentId,
    kind: IncidentKind,
    severity: IncidentSeverity,
    causes: &'a [Element],
    probability: f64,
    cut_off: &'a [AgencyId],
    one_path: &'a [AgencyId],
    evidence: Vec<String>,
    maintenance: bool,
    since: String,
}

#[derive(Serialize)]
struct TargetShape<'a> {
    id: String,
    node: &'a str,
    state: Health,
    why: &'a str,
    sent: u32,
    lost: u32,
    loss: Option<f64>,
    loss_interval: Option<[f64; 2]>,
    rtt_min_ms: Option<f64>,
    rtt_median_ms: Option<f64>,
    rtt_p95_ms: Option<f64>,
}

/// Returns the verdict as `spanwatch/check/1`, which only ever gains fields.
#[must_use]
pub fn json(checked: &Checked) -> String {
    let picture = &checked.picture;
    let network = &picture.network;
    let english = Words::of(Language::En);
    let mut marks = MarkCounts::default();
    for agency in network.agencies.values() {
        let view = picture.node(&agency.node);
        marks.maintenance += usize::from(view.marks.maintenance);
        marks.acknowledged += usize::from(view.marks.acknowledged);
        marks.flapping += usize::from(view.marks.flapping);
        marks.policed += usize::from(view.marks.policed);
        marks.closed += usize::from(view.marks.closed);
    }
    let targets = network.targets();
    let views: Vec<_> = targets
        .iter()
        .map(|target| (&target.id, picture.node(&target.id.node)))
        .collect();
    let millis = |duration: std::time::Duration| round(duration.as_secs_f64() * 1000.0, 3);
    let shape = Shape {
        schema: "spanwatch/check/1",
        network: &network.id,
        example: network.example,
        setting: match picture.setting {
            Setting::Live => "live",
            Setting::Lab => "lab",
            Setting::Simulated => "simulated",
        },
        verdict: checked.verdict.word(),
        agencies: checked.counts,
        marks,
        incidents: picture
            .open_incidents()
            .map(|incident| IncidentShape {
                id: incident.id,
                kind: incident.kind,
                severity: incident.severity,
                causes: &incident.causes,
                probability: round(incident.probability, 4),
                cut_off: &incident.cut_off,
                one_path: &incident.one_path,
                evidence: incident
                    .evidence
                    .iter()
                    .map(|evidence| reason::evidence(&english, evidence))
                    .collect(),
                maintenance: incident.maintenance,
                since: local(incident.since, &network.time_zone),
            })
            .collect(),
        targets: views
            .iter()
            .map(|(id, view)| {
                let TargetId { node, method } = id;
                let is_ping = !matches!(method, crate::model::target::Method::Snmp);
                let state = if is_ping {
                    picture.health(node, picture.at)
                } else {
                    match view.snmp_answers {
                        Some(true) => Health::Up,
                        Some(false) => Health::Down,
                        None => Health::Unknown,
                    }
                };
                let loss = view.loss.filter(|_| is_ping);
                let rtt = view.rtt.filter(|_| is_ping);
                TargetShape {
                    id: format!("{node}/{method}"),
                    node: node.as_str(),
                    state,
                    why: reason::why(&english, view.why),
                    sent: if is_ping { view.sent } else { 0 },
                    lost: if is_ping { view.lost } else { 0 },
                    loss: loss.map(|loss| round(loss.ratio, 6)),
                    loss_interval: loss.map(|loss| [round(loss.low, 6), round(loss.high, 6)]),
                    rtt_min_ms: rtt.map(|rtt| millis(rtt.min)),
                    rtt_median_ms: rtt.map(|rtt| millis(rtt.median)),
                    rtt_p95_ms: rtt.map(|rtt| millis(rtt.p95)),
                }
            })
            .collect(),
        not_asked: checked.not_asked,
        sweep_seconds: round(checked.sweep.as_secs_f64(), 3),
    };
    let mut text =
        serde_json::to_string_pretty(&shape).expect("a shape of strings and finite numbers");
    text.push('\n');
    text
}

fn round(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}
