//! The verdict of one `check` for people, in their language.

use std::fmt::Write as _;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::app::Setting;
use crate::app::check::{Checked, Quantity, Verdict};
use crate::model::health::Health;
use crate::model::incident::{Incident, IncidentKind, IncidentSeverity};
use crate::model::{AgencyId, Element};
use crate::report::reason;
use crate::report::words::Words;

/// Agencies of an incident that text names before it counts.
const NAMED: usize = 6;

/// Returns the verdict for people.
#[must_use]
pub fn text(checked: &Checked, words: &Words) -> String {
    let picture = &checked.picture;
    let network = &picture.network;
    let verdict = words.text(match checked.verdict {
        Verdict::Ok => "check.ok",
        Verdict::Warning => "check.warning",
        Verdict::Critical => "check.critical",
        Verdict::Unknown => "check.unknown",
    });
    let mut out = format!("{verdict}: {}.\n", summary(words, checked, usize::MAX));
    let mut line = |text: &str| {
        out.push_str(text);
        out.push('\n');
    };
    let c = &checked.counts;
    let counts =
        [c.total, c.up, c.degraded, c.down, c.shadowed, c.unknown].map(|count| count.to_string());
    let sweep = format!("{:.1}", checked.sweep.as_secs_f64());
    let values: Vec<&str> = counts.iter().chain([&sweep]).map(String::as_str).collect();
    line(&words.with("check.counts", &values));
    if checked.not_asked > 0 {
        let limit = format!("{:.0}", checked.limit.as_secs_f64());
        line(&words.with("check.not-asked", &[&checked.not_asked.to_string(), &limit]));
    }
    let round = picture.round;
    if round.devices_answered < round.devices {
        let counts = [round.devices_answered, round.devices].map(|count| count.to_string());
        line(&words.with("check.devices", &[&counts[0], &counts[1]]));
    }
    for incident in picture.open_incidents() {
        for part in entry(words, incident, checked) {
            line(&part);
        }
    }
    for agency in network.agencies.values() {
        let view = picture.node(&agency.node);
        let health = picture.health(&agency.node, picture.at);
        let is_behind = view.incident.is_some();
        if matches!(health, Health::Degraded | Health::Down) && !is_behind
            || health == Health::Unknown && agency.node != network.monitor && !is_behind
        {
            let (sign, state) = match health {
                Health::Degraded => ('!', words.text("state.degraded")),
                Health::Down => ('X', words.text("state.down")),
                _ => ('?', words.text("state.unknown")),
            };
            let why = reason::of_node(words, picture, &agency.node, picture.at);
            line(&format!("[{sign}] {} {state}: {why}", agency.id));
        }
    }
    if network.example {
        line(words.text("check.example"));
    }
    if picture.setting == Setting::Simulated {
        line(words.text("check.simulated"));
    }
    out
}

/// Returns the lines of one incident.
fn entry(words: &Words, incident: &Incident, checked: &Checked) -> Vec<String> {
    let network = &checked.picture.network;
    let kind = words.text(match incident.kind {
        IncidentKind::Monitor => "check.incident.monitor",
        IncidentKind::Outage => "check.incident.outage",
        IncidentKind::Redundancy => "check.incident.redundancy",
        IncidentKind::Loss => "check.incident.loss",
    });
    let mut what = causes(words, incident, usize::MAX);
    if incident.maintenance {
        let _ = write!(what, " ({})", words.text("mark.maintenance"));
    }
    let since = local(incident.since, &network.time_zone);
    let head = if incident.causes.is_empty() {
        words.with("check.incident-bare", &[kind, &since])
    } else {
        words.with("check.incident", &[kind, &what, &since])
    };
    let mut lines = vec![format!(
        "[{}] {} {head}",
        sign_of(incident.severity),
        incident.id
    )];
    if let Some(first) = incident.causes.first() {
        lines.push(format!("    {}", network.title(first)));
    }
    for (key, ids) in [
        ("check.cuts-off", &incident.cut_off),
        ("check.one-path", &incident.one_path),
    ] {
        if !ids.is_empty() {
            let values = [agencies(words, ids.len()), some(ids)];
            lines.push(format!(
                "    {}",
                words.with(key, &[&values[0], &values[1]])
            ));
        }
    }
    for evidence in &incident.evidence {
        let sentence = reason::evidence(words, evidence);
        lines.push(format!("    {}", words.with("check.why", &[&sentence])));
    }
    lines
}

/// Returns one clause that says what matters, at most `width` columns; ids only, so that the English is ASCII.
pub(super) fn summary(words: &Words, checked: &Checked, width: usize) -> String {
    let total = checked.counts.total.to_string();
    let Some(worst) = checked.alarms.first() else {
        let c = &checked.counts;
        let [up, degraded, unknown] = [c.up, c.degraded, c.unknown].map(|count| count.to_string());
        let sentence = match checked.verdict {
            Verdict::Ok => words.with("check.up", &[&up, &total]),
            _ => words.with("check.mixed", &[&up, &degraded, &unknown, &total]),
        };
        return shorten(&sentence, width);
    };
    let more = checked.alarms.len() - 1;
    let key = match (worst.kind, more) {
        (IncidentKind::Monitor, _) => return shorten(words.text("check.monitor"), width),
        (IncidentKind::Outage, 0) => "check.outage",
        (IncidentKind::Outage, _) => "check.outages",
        (IncidentKind::Redundancy, 0) => "check.redundancy",
        (IncidentKind::Redundancy, _) => "check.redundancies",
        (IncidentKind::Loss, 0) => "check.loss",
        (IncidentKind::Loss, _) => "check.losses",
    };
    let more = Some(more).filter(|more| *more > 0);
    let cut_off = checked
        .values
        .get(&Quantity::CutOff)
        .copied()
        .unwrap_or_default();
    let mut values: Vec<String> = more.iter().map(ToString::to_string).collect();
    if worst.kind == IncidentKind::Outage {
        values.extend([cut_off.to_string(), total]);
    }
    let sentence = |causes: &str| {
        let values: Vec<&str> = std::iter::once(causes)
            .chain(values.iter().map(String::as_str))
            .collect();
        words.with(key, &values)
    };
    let room = width.saturating_sub(sentence("").chars().count());
    shorten(&sentence(&causes(words, worst, room)), width)
}

/// Returns the causes of an incident in at most `width` columns.
pub(super) fn causes(words: &Words, incident: &Incident, width: usize) -> String {
    let named = |cause: &Element| {
        let key = match cause {
            Element::Node(_) => "check.node",
            Element::Link(_) => "check.link",
            Element::Risk(_) => "check.risk",
        };
        words.with(key, &[cause.id()])
    };
    let or = format!(" {} ", words.text("check.or"));
    let all: Vec<String> = incident.causes.iter().map(named).collect();
    let all = all.join(&or);
    if all.chars().count() <= width {
        return all;
    }
    shorten(
        &incident.causes.first().map(named).unwrap_or_default(),
        width,
    )
}

fn shorten(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let kept: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{kept}~")
}

/// Returns how many agencies.
pub(super) fn agencies(words: &Words, count: usize) -> String {
    if count == 1 {
        words.text("check.agency").to_owned()
    } else {
        words.with("check.agencies", &[&count.to_string()])
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

/// Returns the sign of a severity.
pub(super) fn sign_of(severity: IncidentSeverity) -> char {
    match severity {
        IncidentSeverity::Critical => 'X',
        IncidentSeverity::Warning => '!',
        IncidentSeverity::Info => 'm',
    }
}

/// Returns a moment as RFC 3339 with the network's own offset, to the second.
pub(super) fn local(at: Timestamp, zone: &TimeZone) -> String {
    at.to_zoned_datetime(zone.clone())
        .strftime("%Y-%m-%dT%H:%M:%S%:z")
        .to_string()
}
