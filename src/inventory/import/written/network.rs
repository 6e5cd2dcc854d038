//! The head of a topology: the network itself, what is usual in it, hours and providers.

use jiff::civil::Weekday;

use crate::inventory::import::written::asking::{ping, snmp};
use crate::inventory::import::written::table::{Lines, decimal, key, list, text};
use crate::inventory::import::written::usual::Usual;
use crate::inventory::quantity::capacity_text;
use crate::model::agency::Hours;
use crate::model::kind::Build;
use crate::model::network::{Parts, Policy};

pub(super) fn network(parts: &Parts, usual: &Usual) -> String {
    let mut lines = Lines::default();
    lines.say("id", Some(text(&parts.id)));
    if parts.name != parts.id {
        lines.say("name", Some(text(&parts.name)));
    }
    if parts.example {
        lines.say("example", Some("true".into()));
    }
    lines.say(
        "expected_agencies",
        parts.expected_agencies.map(|count| count.to_string()),
    );
    lines.say("hubs", Some(list(&parts.hubs)));
    if parts.hubs.first() != Some(&parts.monitor) {
        lines.say("monitor", Some(text(parts.monitor.as_str())));
    }
    let zone = parts.time_zone.iana_name().filter(|name| *name != "UTC");
    lines.say("time_zone", zone.map(text));
    lines.say("currency", parts.currency.as_deref().map(text));
    let mut said = lines.table("[network]");
    let base = Policy::default();
    said += &ping(&usual.policy, &base).table_if("[defaults.ping]");
    said += &snmp(&usual.policy, &base).table_if("[defaults.snmp]");
    for (kind, default) in &usual.links {
        let mut lines = Lines::default();
        lines.say("metric", default.metric.map(|metric| metric.to_string()));
        lines.say(
            "capacity",
            default.capacity.map(|bits| text(&capacity_text(bits))),
        );
        lines.rates(default.rates);
        lines.say("build", default.build.and_then(build));
        said += &lines.table_if(&format!("[defaults.link.{}]", key(kind)));
    }
    for (of, defaults) in [("node", &usual.nodes), ("risk", &usual.risks)] {
        for (kind, default) in defaults {
            let mut lines = Lines::default();
            lines.rates(*default);
            said += &lines.table_if(&format!("[defaults.{of}.{}]", key(kind)));
        }
    }
    for (id, hours) in &parts.hours {
        said += &hours_table(id, hours);
    }
    for provider in parts.providers.values() {
        let mut lines = Lines::default();
        if provider.name != provider.id.as_str() {
            lines.say("name", Some(text(&provider.name)));
        }
        lines.say("hotline", provider.hotline.as_deref().map(text));
        said += &lines.table(&format!("[provider.{}]", key(provider.id.as_str())));
    }
    said
}

fn build(build: Build) -> Option<String> {
    let mut lines = Lines::default();
    lines.say("fixed", Some(decimal(build.fixed)));
    lines.say("per_km", Some(decimal(build.per_km)));
    lines.say("up_to_km", build.up_to_km.map(decimal));
    lines.inline()
}

const DAYS: [(Weekday, &str); 7] = [
    (Weekday::Monday, "mon"),
    (Weekday::Tuesday, "tue"),
    (Weekday::Wednesday, "wed"),
    (Weekday::Thursday, "thu"),
    (Weekday::Friday, "fri"),
    (Weekday::Saturday, "sat"),
    (Weekday::Sunday, "sun"),
];

fn hours_table(id: &str, hours: &Hours) -> String {
    let open: Vec<usize> = (0..7)
        .filter(|at| hours.days.contains(&DAYS[*at].0))
        .collect();
    let is_run = open.windows(2).all(|two| two[1] == two[0] + 1);
    let days = match (open.first(), open.last()) {
        (Some(0), Some(6)) if is_run => "daily".to_owned(),
        (Some(first), Some(last)) if is_run && last > first => {
            format!("{}-{}", DAYS[*first].1, DAYS[*last].1)
        }
        _ => {
            let words: Vec<&str> = open.iter().map(|at| DAYS[*at].1).collect();
            words.join(",")
        }
    };
    let mut lines = Lines::default();
    lines.say("days", Some(text(&days)));
    for (name, time) in [("from", hours.from), ("to", hours.to)] {
        let whole = time.to_string();
        let short = whole.strip_suffix(":00").unwrap_or(&whole);
        lines.say(name, Some(text(short)));
    }
    lines.table(&format!("[hours.{}]", key(id)))
}
