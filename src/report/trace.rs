//! A trace, hop by hop: as text, and while it goes on.

pub mod document;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::time::Duration;

use crate::analysis::way::{Mark, Parting, Step, Way};
use crate::app::Setting;
use crate::app::trace::Traced;
use crate::model::network::Network;
use crate::model::reading::Refusal;
use crate::model::trace::{End, Hop, Trace};
use crate::model::{LinkId, NodeId};
use crate::probe::ping::IcmpKind;
use crate::report::clean;
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::words::Words;

/// Flows by which two equal paths are both seen with 95 % (Augustin et al. 2007, "Multipath tracing"): six; and more
/// for more.
const FLOWS: u64 = 6;

/// Returns a trace as text: a table for each way, and what it means.
#[must_use]
pub fn text(traced: &Traced, network: Option<&Network>, words: &Words) -> String {
    let question = &traced.question;
    let target = match &question.node {
        Some(node) => format!("{node} ({})", question.address),
        None => question.address.to_string(),
    };
    let socket = match traced.socket {
        IcmpKind::Raw => "trace.socket.raw",
        IcmpKind::Datagram => "trace.socket.datagram",
    };
    let mut out = words.with(
        "trace.head",
        &[
            &clean(&target),
            &question.flows.to_string(),
            &question.plan.probes.to_string(),
            words.text(socket),
        ],
    );
    if question.setting == Setting::Lab {
        let _ = write!(out, "  {}", words.text("trace.lab"));
    }
    if network.is_some_and(|network| network.example) {
        let _ = write!(out, "  [{}]", words.text("report.example"));
    }
    out.push('\n');
    let ways = &traced.explained.ways;
    for (place, way) in ways.iter().enumerate() {
        out.push('\n');
        if ways.len() > 1 {
            let flows: Vec<String> = way.flows.iter().map(ToString::to_string).collect();
            let number = (place + 1).to_string();
            let _ = writeln!(
                out,
                "{}",
                words.with(
                    "trace.way",
                    &[&number, &ways.len().to_string(), &flows.join(", ")]
                )
            );
        }
        out.push_str(&table(way, words));
        let _ = writeln!(out, "\n{}", sentences(way, traced, words).join("\n"));
    }
    let declared = traced.explained.declared;
    if declared > 1 {
        let equal = declared.to_string();
        let said = if question.flows == 1 {
            let flows = (declared * FLOWS).min(u64::from(crate::probe::trace::MOST_FLOWS));
            words.with("trace.share.one", &[&equal, &flows.to_string()])
        } else {
            words.with("trace.share.seen", &[&ways.len().to_string(), &equal])
        };
        let _ = writeln!(out, "{said}");
    }
    match traced.has_path {
        Some(false) => {
            let _ = writeln!(out, "{}", words.text("trace.no-path"));
        }
        None if network.is_some() => {
            let _ = writeln!(out, "{}", words.text("trace.foreign"));
        }
        _ => {}
    }
    out
}

fn table(way: &Way, words: &Words) -> String {
    let mut table = Table::new(&[
        head(words, "col.rank", Side::Right),
        head(words, "col.address", Side::Left),
        head(words, "col.node", Side::Left),
        head(words, "trace.col.link", Side::Left),
        head(words, "trace.col.loss", Side::Right),
        head(words, "trace.col.median", Side::Right),
        head(words, "trace.col.worst", Side::Right),
        head(words, "trace.col.remark", Side::Left),
    ]);
    for (place, step) in way.steps.iter().enumerate() {
        let rtt = step.hop.rtt();
        let millis =
            |at: usize| rtt.map_or_else(String::new, |rtt| format!("{} ms", shown(rtt[at])));
        table.row([
            (place + 1).to_string(),
            addresses(&step.hop),
            step.node
                .as_ref()
                .map_or_else(String::new, ToString::to_string),
            links(&step.links),
            loss(&step.hop),
            millis(1),
            millis(2),
            remark(step, words),
        ]);
    }
    table.text("  ")
}

/// The address that answered most, and how many others there were.
fn addresses(hop: &Hop) -> String {
    match (hop.address(), hop.from.len()) {
        (None, _) => "*".to_owned(),
        (Some(address), 1) => address.to_string(),
        (Some(address), others) => format!("{address} (+{})", others - 1),
    }
}

fn links(links: &[LinkId]) -> String {
    let texts: Vec<&str> = links.iter().map(LinkId::as_str).collect();
    texts.join(" | ")
}

fn loss(hop: &Hop) -> String {
    match (hop.lost(), hop.sent) {
        (_, 0) => String::new(),
        (lost, sent) => format!("{lost}/{sent}"),
    }
}

fn shown(rtt: Duration) -> String {
    let millis = rtt.as_secs_f64() * 1_000.0;
    if millis < 10.0 {
        format!("{millis:.2}")
    } else {
        format!("{millis:.1}")
    }
}

fn remark(step: &Step, words: &Words) -> String {
    let mark = step.mark.map(|mark| match mark {
        Mark::Limited => "trace.mark.limited",
        Mark::Quiet => "trace.mark.quiet",
        Mark::LossFrom => "trace.mark.from",
        Mark::Loop => "trace.mark.loop",
    });
    let is_silent = step.hop.received() == 0 && step.mark.is_none();
    let silent = is_silent.then_some("trace.mark.silent");
    let strange = (step.is_declared == Some(false)).then_some("trace.mark.undeclared");
    let said = [mark, silent, strange].into_iter().flatten();
    said.map(|key| words.text(key))
        .collect::<Vec<_>>()
        .join("; ")
}

/// What a way means, a sentence a line.
fn sentences(way: &Way, traced: &Traced, words: &Words) -> Vec<String> {
    let hops = way.steps.len().to_string();
    let mut said = Vec::new();
    match way.end {
        End::Reached => {
            let key = match (&way.parting, traced.explained.declared) {
                (_, 0) => "trace.reached.bare",
                (None, _) => "trace.reached",
                (Some(_), _) => "trace.reached.parted",
            };
            said.push(words.with(key, &[&hops]));
        }
        End::Refused { by, why } => {
            let who = way
                .steps
                .iter()
                .rev()
                .find(|step| step.hop.from.contains_key(&by));
            let name = who.and_then(|step| step.node.as_ref());
            let name = name.map_or_else(|| by.to_string(), |node| format!("{node} ({by})"));
            said.push(words.with("trace.refused", &[&clean(&name), &refusal(why, words)]));
        }
        End::Silent => {
            let heard = way.steps.iter().rev().find(|step| step.hop.received() > 0);
            said.push(match heard {
                None => words.text("trace.silent.all").to_owned(),
                Some(step) => {
                    let address = addresses(&step.hop);
                    let name = step
                        .node
                        .as_ref()
                        .map_or_else(|| address.clone(), |node| format!("{node} ({address})"));
                    words.with("trace.silent", &[&clean(&name)])
                }
            });
        }
    }
    if let Some(Parting {
        hop,
        after,
        declared,
        seen,
        links: between,
    }) = &way.parting
    {
        let seen_by = if between.is_empty() {
            words.text("trace.parting.no-link").to_owned()
        } else {
            links(between)
        };
        said.push(words.with(
            "trace.parting",
            &[
                &hop.to_string(),
                &clean(after.as_str()),
                &onward(declared, words),
                &clean(seen.as_str()),
                &clean(&seen_by),
            ],
        ));
    } else if let Some((_, next)) = &way.last
        && !next.is_empty()
    {
        said.push(words.with("trace.next", &[&onward(next, words)]));
    }
    said
}

/// Steps that the model would take, each with its link.
fn onward(steps: &[(LinkId, NodeId)], words: &Words) -> String {
    if steps.is_empty() {
        return words.text("trace.parting.nothing").to_owned();
    }
    let texts: Vec<String> = steps
        .iter()
        .map(|(link, node)| words.with("trace.by", &[&clean(link.as_str()), &clean(node.as_str())]))
        .collect();
    texts.join(" | ")
}

fn refusal(why: Refusal, words: &Words) -> String {
    let key = match why {
        Refusal::TimeExceeded => "trace.refusal.ttl",
        Refusal::Unreachable(0) => "trace.refusal.net",
        Refusal::Unreachable(1) => "trace.refusal.host",
        Refusal::Unreachable(3) => "trace.refusal.port",
        Refusal::Unreachable(9 | 10 | 13) => "trace.refusal.prohibited",
        Refusal::Unreachable(code) => {
            return words.with("trace.refusal.code", &[&code.to_string()]);
        }
    };
    words.text(key).to_owned()
}

/// Returns what is known while a trace goes on: a line a hop, all flows together.
#[must_use]
pub fn live(trace: &Trace, network: Option<&Network>) -> String {
    let mut hops: BTreeMap<usize, Hop> = BTreeMap::new();
    for path in &trace.paths {
        for (place, hop) in path.hops.iter().enumerate() {
            hops.entry(place + 1).or_default().add(hop);
        }
    }
    let mut out = String::new();
    for (place, hop) in hops {
        let who: Vec<String> = hop
            .from
            .keys()
            .map(
                |address| match network.and_then(|network| network.node_of(*address)) {
                    Some(node) => format!("{} ({address})", clean(node.id.as_str())),
                    None => address.to_string(),
                },
            )
            .collect();
        let who = if who.is_empty() {
            "*".to_owned()
        } else {
            who.join(", ")
        };
        let rtt = hop
            .rtt()
            .map_or_else(String::new, |rtt| format!("  {} ms", shown(rtt[1])));
        let _ = writeln!(out, "{place:>3}  {who}{rtt}");
    }
    out
}
