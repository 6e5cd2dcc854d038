//! Reasons in words: why a cause is blamed, and why a node is in its state.
//!
//! The floors below make values and no sentences; each value has its key in the table, and JSON takes the
//! English of it.

use jiff::Timestamp;

use crate::app::Picture;
use crate::model::NodeId;
use crate::model::health::{Health, Why};
use crate::model::incident::Evidence;
use crate::model::ratio::interval;
use crate::report::words::Words;

/// Returns one reason of an incident.
#[must_use]
pub fn evidence(words: &Words, evidence: &Evidence) -> String {
    match evidence {
        Evidence::Silent(node) => words.with("evidence.silent", &[node.as_str()]),
        Evidence::OnlyBehind(node) => words.with("evidence.only-behind", &[node.as_str()]),
        Evidence::Behind { silent: 1, all } => {
            words.with("evidence.one-behind", &[&all.to_string()])
        }
        Evidence::Behind { silent, all } => {
            words.with("evidence.behind", &[&silent.to_string(), &all.to_string()])
        }
        Evidence::NotAvoided { silent, all } => words.with(
            "evidence.not-avoided",
            &[&silent.to_string(), &all.to_string()],
        ),
        Evidence::Port { observer, far, up } => {
            let key = if *up {
                "evidence.port-up"
            } else {
                "evidence.port-down"
            };
            words.with(key, &[observer.as_str(), far.as_str()])
        }
        Evidence::Unreachable { router, node } => {
            words.with("evidence.unreachable", &[router.as_str(), node.as_str()])
        }
        Evidence::InFront(node) => words.with("evidence.in-front", &[node.as_str()]),
        Evidence::Beside(node) => words.with("evidence.beside", &[node.as_str()]),
        Evidence::Nevertheless(node) => words.with("evidence.nevertheless", &[node.as_str()]),
        Evidence::More(count) => words.with("evidence.more", &[&count.to_string()]),
        Evidence::Unexplained => words.text("evidence.unexplained").to_owned(),
        Evidence::AllSilent(count) => words.with("evidence.all-silent", &[&count.to_string()]),
        Evidence::Unsent(said) => words.with("evidence.unsent", &[said]),
        Evidence::Loses(loss) => {
            let percent = |ratio: f64| format!("{:.1}", ratio * 100.0);
            let values = [loss.ratio, loss.low, loss.high].map(percent);
            words.with("evidence.loses", &[&values[0], &values[1], &values[2]])
        }
        Evidence::Hint {
            node,
            sign,
            port,
            before,
        } => {
            let before = before.as_secs().to_string();
            match port {
                Some(port) => words.with(
                    "evidence.hint-port",
                    &[sign.word(), node.as_str(), port.as_str(), &before],
                ),
                None => words.with("evidence.hint", &[sign.word(), node.as_str(), &before]),
            }
        }
        Evidence::Loss {
            lost,
            sent,
            lost_beside,
            sent_beside,
        } => {
            let percent = |ratio: f64| format!("{:.1}", ratio * 100.0);
            let share = |lost: u32, sent: u32| percent(f64::from(lost) / f64::from(sent.max(1)));
            let (low, high) = interval(*lost, *sent, 0.05);
            words.with(
                "evidence.loss",
                &[
                    &lost.to_string(),
                    &sent.to_string(),
                    &share(*lost, *sent),
                    &percent(low),
                    &percent(high),
                    &share(*lost_beside, *sent_beside),
                    &sent_beside.to_string(),
                ],
            )
        }
    }
}

/// Returns why a node is in the state in which it may be shown at `now`; empty where it is simply up.
#[must_use]
pub fn of_node(words: &Words, picture: &Picture, node: &NodeId, now: Timestamp) -> String {
    let seen = picture.node(node);
    let health = picture.health(node, now);
    if health != seen.health {
        return words.text("why.old").to_owned();
    }
    if seen.why.is_some() {
        return why(words, seen.why).to_owned();
    }
    match (health, seen.incident) {
        (Health::Unknown, _) if seen.read.is_none() => words.text("why.never-asked").to_owned(),
        (Health::Shadowed, Some(incident)) => words.with("why.behind", &[&incident.to_string()]),
        (Health::Down, _) => words.text("why.down").to_owned(),
        (Health::Up, _) if seen.marks.policed => words.text("why.policed").to_owned(),
        _ => String::new(),
    }
}

/// Returns why a node is degraded or unknown; empty where it is neither.
#[must_use]
pub fn why(words: &Words, why: Option<Why>) -> &str {
    words.text(match why {
        None => return "",
        Some(Why::NeverAsked) => "why.never-asked",
        Some(Why::Unsent) => "why.unsent",
        Some(Why::Unheard) => "why.unheard",
        Some(Why::AskedAgain) => "why.asked-again",
        Some(Why::Closed) => "why.closed",
        Some(Why::MonitorCutOff) => "why.monitor-cut-off",
        Some(Why::Loss) => "why.loss",
        Some(Why::Slow) => "why.slow",
        Some(Why::PingSilent) => "why.ping-silent",
        Some(Why::SnmpSilent) => "why.snmp-silent",
    })
}
