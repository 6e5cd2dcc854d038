//! The verdict of one `check`: for people, for a monitoring plugin's reader, and as `spanwatch/check/1`.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use serde::Serialize;

use crate::app::Setting;
use crate::app::check::{Checked, Limit, Quantity, Verdict};
use crate::model::health::{Counts, Health};
use crate::model::incident::{Incident, IncidentId, IncidentKind, IncidentSeverity};
use crate::model::target::TargetId;
use crate::model::{AgencyId, Element};

/// The first line of a plugin's output has less than this before the performance data.
const WIDTH: usize = 80;

/// Agencies of an incident that text names before it counts.
const NAMED: usize = 6;

/// Returns the verdict for people.
#[must_use]
pub fn text(checked: &Checked) -> String {
    let picture = &checked.picture;
    let network = &picture.network;
    let mut out = String::new();
    let _ = writeln!(
        out,
        "{}: {}.",
        checked.verdict.word().to_uppercase(),
        summary(checked, usize::MAX)
    );
    let c = &checked.counts;
    let _ = writeln!(
        out,
        "{} agencies: {} up, {} degraded, {} down, {} behind, {} unknown. Sweep {:.1} s.",
        c.total,
        c.up,
        c.degraded,
        c.down,
        c.shadowed,
        c.unknown,
        checked.sweep.as_secs_f64()
    );
    if checked.not_asked > 0 {
        let limit = checked.limit.as_secs_f64();
        let _ = writeln!(
            out,
            "{} targets were not asked: the deadline of {limit:.0} s came first.",
            checked.not_asked
        );
    }
    let round = picture.round;
    if round.devices_answered < round.devices {
        let _ = writeln!(
            out,
            "{} of {} devices answered SNMP.",
            round.devices_answered, round.devices
        );
    }
    for incident in picture.open_incidents() {
        out.push_str(&entry(incident, checked));
    }
    for agency in network.agencies.values() {
        let view = picture.node(&agency.node);
        let health = picture.health(&agency.node, picture.at);
        let is_behind = view.incident.is_some();
        if matches!(health, Health::Degraded | Health::Down) && !is_behind
            || health == Health::Unknown && agency.node != network.monitor && !is_behind
        {
            let _ = writeln!(
                out,
                "[{}] {} {}: {}",
                sign(health),
                agency.id,
                health.word(),
                view.why
            );
        }
    }
    if network.example {
        let _ = writeln!(out, "The network is an example: its data are illustrative.");
    }
    if picture.setting == Setting::Simulated {
        let _ = writeln!(out, "Simulated in process: no packet was sent.");
    }
    out
}

fn entry(incident: &Incident, checked: &Checked) -> String {
    let network = &checked.picture.network;
    let mut out = String::new();
    let mark = if incident.maintenance {
        " (maintenance)"
    } else {
        ""
    };
    let _ = writeln!(
        out,
        "[{}] {} {} {}{mark}, since {}",
        sign_of(incident.severity),
        incident.id,
        incident.kind.word(),
        causes(incident, usize::MAX),
        local(incident.since, &network.time_zone)
    );
    if let Some(first) = incident.causes.first() {
        let _ = writeln!(out, "    {}", network.title(first));
    }
    if !incident.cut_off.is_empty() {
        let _ = writeln!(
            out,
            "    cuts off {}: {}",
            agencies(incident.cut_off.len()),
            some(&incident.cut_off)
        );
    }
    if !incident.one_path.is_empty() {
        let _ = writeln!(
            out,
            "    leaves on one path {}: {}",
            agencies(incident.one_path.len()),
            some(&incident.one_path)
        );
    }
    for sentence in &incident.evidence {
        let _ = writeln!(out, "    why: {sentence}");
    }
    out
}

/// Returns the verdict as a monitoring plugin prints it: one line with performance data, then one for each
/// root cause.
#[must_use]
pub fn nagios(checked: &Checked) -> String {
    let head = format!("SPANWATCH {} - ", checked.verdict.word().to_uppercase());
    let mut out = format!("{head}{} |", summary(checked, WIDTH - 2 - head.len()));
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
            causes(incident, usize::MAX),
            local(incident.since, &checked.picture.network.time_zone),
            agencies(incident.cut_off.len()),
        );
    }
    out
}

/// Returns one clause that says what matters, at most `width` columns; ids only, so that it is ASCII.
fn summary(checked: &Checked, width: usize) -> String {
    let total = checked.counts.total;
    let cut_off = checked
        .values
        .get(&Quantity::CutOff)
        .copied()
        .unwrap_or_default();
    let more = |count: usize| {
        if count > 1 {
            format!(" and {} more", count - 1)
        } else {
            String::new()
        }
    };
    let Some(worst) = checked.alarms.first() else {
        let c = &checked.counts;
        let sentence = match checked.verdict {
            Verdict::Ok => format!("{} of {total} agencies up", c.up),
            _ => format!(
                "{} up, {} degraded, {} unknown of {total} agencies",
                c.up, c.degraded, c.unknown
            ),
        };
        return shorten(&sentence, width);
    };
    let rest = match worst.kind {
        IncidentKind::Monitor => "the monitor itself is cut off".to_owned(),
        IncidentKind::Outage => format!(
            "{}, {cut_off} of {total} agencies cut off",
            more(checked.alarms.len())
        ),
        IncidentKind::Redundancy => format!("{} lost, nobody cut off", more(checked.alarms.len())),
        IncidentKind::Loss => format!("{} loses packets", more(checked.alarms.len())),
    };
    if worst.kind == IncidentKind::Monitor {
        return shorten(&rest, width);
    }
    let rest = rest
        .strip_prefix(", ")
        .map_or(rest.clone(), |rest| format!(" down, {rest}"));
    let room = width.saturating_sub(rest.chars().count());
    shorten(&format!("{}{rest}", causes(worst, room)), width)
}

/// Returns the causes of an incident in at most `width` columns.
fn causes(incident: &Incident, width: usize) -> String {
    let all = incident
        .causes
        .iter()
        .map(|cause| format!("{} {}", cause.kind(), cause.id()))
        .collect::<Vec<_>>()
        .join(" or ");
    if all.chars().count() <= width {
        return all;
    }
    let first = incident
        .causes
        .first()
        .map(|cause| format!("{} {}", cause.kind(), cause.id()))
        .unwrap_or_default();
    shorten(&first, width)
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}~")
}

fn agencies(count: usize) -> String {
    if count == 1 {
        "1 agency".to_owned()
    } else {
        format!("{count} agencies")
    }
}

fn some(ids: &[AgencyId]) -> String {
    let named: Vec<&str> = ids.iter().take(NAMED).map(AgencyId::as_str).collect();
    let rest = ids.len() - named.len();
    if rest == 0 {
        named.join(", ")
    } else {
        format!("{}, +{rest}", named.join(", "))
    }
}

fn sign(health: Health) -> char {
    match health {
        Health::Up => '.',
        Health::Degraded => '!',
        Health::Down => 'X',
        Health::Shadowed => 'o',
        Health::Unknown => '?',
    }
}

fn sign_of(severity: IncidentSeverity) -> char {
    match severity {
        IncidentSeverity::Critical => 'X',
        IncidentSeverity::Warning => '!',
        IncidentSeverity::Info => 'm',
    }
}

/// Returns a moment as RFC 3339 with the network's own offset, to the second.
fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
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
    evidence: &'a [String],
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
    let mut marks = MarkCounts::default();
    for agency in network.agencies.values() {
        let view = picture.node(&agency.node);
        marks.maintenance += usize::from(view.marks.maintenance);
        marks.acknowledged += usize::from(view.marks.acknowledged);
        marks.flapping += usize::from(view.marks.flapping);
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
                evidence: &incident.evidence,
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
                    why: &view.why,
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
