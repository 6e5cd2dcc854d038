//! What-if: now and then side by side, who is hit and who gains; `spanwatch/what-if/1` is in `document`.

pub mod document;

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::analysis::hours::Method;
use crate::analysis::hours::service::Served;
use crate::analysis::what_if::{Comparison, Gains, Outcome};
use crate::app::view::Sight;
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, NodeId, ServiceId};
use crate::report::clean;
use crate::report::hours::{figure, with_error};
use crate::report::listing::head;
use crate::report::served;
use crate::report::table::{Side, Table};
use crate::report::view;
use crate::report::weak::header;
use crate::report::words::Words;

/// What was asked and what came out, with everything that a face needs to say it.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The network as it is.
    pub network: &'a Network,
    /// The view that "now" is.
    pub sight: &'a Sight,
    /// What fails.
    pub failed: &'a [Element],
    /// What came out.
    pub comparison: &'a Comparison,
}

/// Returns the comparison for people, with at most `top` names in each list.
#[must_use]
pub fn text(answer: Answer<'_>, top: usize, now: Timestamp, words: &Words) -> String {
    let Answer {
        network,
        comparison,
        ..
    } = answer;
    let mut text = header(network, words);
    text.push('\n');
    text.push_str(&view::text(network, answer.sight, now, words));
    text.push_str(&asked(answer, words));
    text.push('\n');
    text.push_str(&side_by_side(network, comparison, words));
    text.push('\n');
    text.push_str(&clean(&source(comparison, words)));
    text.push('\n');
    text.push_str(&names(
        network,
        "whatif.newly-cut-off",
        &comparison.newly_cut_off,
        top,
        words,
        None,
    ));
    let holds = |id: &AgencyId| held(&comparison.hangs_on(network, id));
    text.push_str(&names(
        network,
        "whatif.newly-one-path",
        &comparison.newly_one_path,
        top,
        words,
        Some(&holds),
    ));
    match &comparison.gains {
        Some(gains) => text.push_str(&gained(network, gains, top, words)),
        None if comparison.newly_cut_off.is_empty() && comparison.newly_one_path.is_empty() => {
            text.push('\n');
            text.push_str(words.text("whatif.nobody"));
            text.push('\n');
        }
        None => {}
    }
    text
}

/// Returns the lines that repeat the question.
fn asked(answer: Answer<'_>, words: &Words) -> String {
    let network = answer.network;
    let mut lines = Vec::new();
    if !answer.failed.is_empty() {
        lines.push(words.text("whatif.fails").to_owned());
        for element in answer.failed {
            let mut line = format!("  {}", view::named(network, element, words));
            if answer
                .sight
                .removed
                .iter()
                .any(|each| each.element == *element)
            {
                line.push_str(", ");
                line.push_str(words.text("whatif.already"));
            }
            lines.push(line);
        }
    }
    if !answer.comparison.added.is_empty() {
        lines.push(words.text("whatif.built").to_owned());
        for link in &answer.comparison.added {
            let element = Element::Link(link.id.clone());
            let ends = [&link.a.node, &link.b.node];
            let title = ends.map(|node| network.title(&Element::Node(node.clone())));
            let line = format!(
                "  {} {} ({} – {}), {}",
                words.text("element.link"),
                element.id(),
                title[0],
                title[1],
                link.kind
            );
            lines.push(line);
            let carries = |node: &NodeId| {
                network.hubs.contains(node)
                    || network.nodes.get(node).is_some_and(|node| node.transit)
            };
            if !ends.into_iter().any(carries) {
                let ends = ends.map(NodeId::as_str);
                lines.push(format!("  {}", words.with("whatif.no-transit", &ends)));
            }
        }
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(&clean(&line));
        text.push('\n');
    }
    text
}

fn side_by_side(network: &Network, comparison: &Comparison, words: &Words) -> String {
    let Comparison { now, then, .. } = comparison;
    let mut table = Table::new(&[
        ("", Side::Left),
        head(words, "whatif.now", Side::Right),
        head(words, "whatif.then", Side::Right),
        head(words, "whatif.change", Side::Right),
    ]);
    for row in counts(network, comparison, words) {
        table.row(row);
    }
    let lost = |outcome: &Outcome, service: &ServiceId| {
        outcome.services_lost.get(service).map_or(0, BTreeSet::len)
    };
    for service in network.services.values() {
        let counts = [now, then].map(|outcome| lost(outcome, &service.id));
        if counts != [0, 0] {
            let label = words.with("whatif.service", &[&service.name]);
            table.row(counted(label, counts[0], counts[1]));
        }
    }
    for row in hours(comparison, words)
        .into_iter()
        .chain(without(network, comparison, words))
    {
        table.row(row);
    }
    table.text("")
}

/// Returns a row of now and then side by side: what is counted, now, then, and the change (`-` for none).
#[must_use]
pub fn counted(label: String, now: usize, then: usize) -> [String; 4] {
    let change = i64::try_from(then).unwrap_or(i64::MAX) - i64::try_from(now).unwrap_or(i64::MAX);
    let change = match change {
        0 => "-".to_owned(),
        change => format!("{change:+}"),
    };
    [label, now.to_string(), then.to_string(), change]
}

/// Returns the rows that count agencies: cut off, by weight, on one path, on one risk.
#[must_use]
pub fn counts(network: &Network, comparison: &Comparison, words: &Words) -> Vec<[String; 4]> {
    let Comparison { now, then, .. } = comparison;
    let label = |key: &str| words.text(key).to_owned();
    vec![
        counted(
            label("whatif.cut-off"),
            now.cut_off.len(),
            then.cut_off.len(),
        ),
        counted(
            format!("  {}", label("whatif.weight")),
            weight(network, &now.cut_off) as usize,
            weight(network, &then.cut_off) as usize,
        ),
        counted(
            label("whatif.one-path"),
            now.one_path.len(),
            then.one_path.len(),
        ),
        counted(
            label("whatif.one-risk"),
            now.one_risk.len(),
            then.one_risk.len(),
        ),
    ]
}

/// Returns the rows of hours lost a year: agencies counted once, and by weight.
#[must_use]
pub fn hours(comparison: &Comparison, words: &Words) -> Vec<[String; 4]> {
    let Comparison { now, then, .. } = comparison;
    vec![
        compared(
            words.text("whatif.hours").to_owned(),
            [now, then].map(|outcome| (outcome.hours.agency, None)),
        ),
        compared(
            format!("  {}", words.text("whatif.weighted")),
            [now, then].map(|outcome| (outcome.hours.weighted, outcome.error())),
        ),
    ]
}

/// Returns the rows of weighted hours a year without a service, those that fare alike in one.
#[must_use]
pub fn without(network: &Network, comparison: &Comparison, words: &Words) -> Vec<[String; 4]> {
    let Comparison { now, then, .. } = comparison;
    let fares = |id: &ServiceId| Some([*now.services.get(id)?, *then.services.get(id)?]);
    let groups = served::alike(network, fares).into_iter();
    let row = |(served, names): ([Served; 2], Vec<&str>)| {
        compared(
            words.with("service.without", &[&names.join(", ")]),
            served.map(|served| (served.hours.weighted, served.error())),
        )
    };
    groups.map(row).collect()
}

/// Returns a row of hours now and then side by side, each with the half width of its interval.
fn compared(label: String, [now, then]: [(f64, Option<f64>); 2]) -> [String; 4] {
    let cell = |(hours, error): (f64, Option<f64>)| with_error(hours, error);
    let change = then.0 - now.0;
    let sign = if change < 0.0 { "-" } else { "+" };
    let change = if change.abs() < 0.05 {
        "-".to_owned()
    } else {
        format!("{sign}{}", figure(change.abs()))
    };
    [label, cell(now), cell(then), change]
}

/// Returns how many draws the hours were estimated by; `None` where they are exact.
#[must_use]
pub fn draws(comparison: &Comparison) -> Option<u32> {
    [&comparison.now, &comparison.then]
        .into_iter()
        .find_map(|outcome| match outcome.method {
            Method::Sampled { draws, .. } => Some(draws),
            Method::Exact { .. } => None,
        })
}

/// Returns what the hours are and how they were found.
fn source(comparison: &Comparison, words: &Words) -> String {
    match draws(comparison) {
        None => words.text("whatif.exact").to_owned(),
        Some(draws) => words.with("whatif.sampled", &[&draws.to_string()]),
    }
}

fn gained(network: &Network, gains: &Gains, top: usize, words: &Words) -> String {
    let mut text = names(
        network,
        "whatif.connected",
        &gains.connected,
        top,
        words,
        None,
    );
    text.push_str(&names(
        network,
        "whatif.second-path",
        &gains.second_path,
        top,
        words,
        None,
    ));
    text.push('\n');
    text.push_str(&self::gains(gains, words));
    text.push('\n');
    text
}

/// Returns the sentence that says what the built links are good for.
#[must_use]
pub fn gains(gains: &Gains, words: &Words) -> String {
    // A sampled difference may fall below nothing; no link makes anybody worse off.
    let hours = [gains.hours.agency, gains.hours.weighted].map(|hours| hours.max(0.0));
    words.with(
        "whatif.gains",
        &[
            &gains.connected.len().to_string(),
            &gains.second_path.len().to_string(),
            &figure(hours[0]),
            &with_error(hours[1], gains.error),
        ],
    )
}

/// Returns a list of agencies under its heading, the weightiest first; nothing where there is none.
fn names(
    network: &Network,
    heading: &str,
    ids: &BTreeSet<AgencyId>,
    top: usize,
    words: &Words,
    holds: Option<&dyn Fn(&AgencyId) -> String>,
) -> String {
    if ids.is_empty() {
        return String::new();
    }
    let mut heads = vec![
        head(words, "col.id", Side::Left),
        head(words, "col.weight", Side::Right),
        head(words, "col.name", Side::Left),
    ];
    if holds.is_some() {
        heads.push(head(words, "whatif.hangs-on", Side::Left));
    }
    let mut table = Table::new(&heads);
    for agency in ranked(network, ids).into_iter().take(top) {
        let mut cells = vec![
            agency.id.to_string(),
            agency.weight.to_string(),
            agency.name.clone(),
        ];
        cells.extend(holds.map(|holds| holds(&agency.id)));
        table.row(cells);
    }
    let mut text = format!("\n{}\n", words.with(heading, &[&ids.len().to_string()]));
    if top > 0 {
        text.push_str(&table.text("  "));
    }
    if top < ids.len() {
        let more = [(ids.len() - top).to_string(), ids.len().to_string()];
        text.push_str("  ");
        text.push_str(&words.with("weak.more", &[&more[0], &more[1]]));
        text.push('\n');
    }
    text
}

/// Returns what an agency hangs on as a cell: the two nearest to it, and how many more.
fn held(points: &[Element]) -> String {
    let nearest: Vec<String> = points
        .iter()
        .rev()
        .take(2)
        .map(ToString::to_string)
        .collect();
    let rest = points.len() - nearest.len();
    if rest == 0 {
        nearest.join(", ")
    } else {
        format!("{}, +{rest}", nearest.join(", "))
    }
}

/// Returns agencies by weight, falling, then id.
#[must_use]
pub fn ranked<'a>(network: &'a Network, ids: &BTreeSet<AgencyId>) -> Vec<&'a Agency> {
    let mut agencies: Vec<&Agency> = ids
        .iter()
        .filter_map(|id| network.agencies.get(id))
        .collect();
    agencies.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.id.cmp(&b.id)));
    agencies
}

fn weight(network: &Network, ids: &BTreeSet<AgencyId>) -> u32 {
    ranked(network, ids)
        .iter()
        .fold(0, |sum, agency| sum.saturating_add(agency.weight))
}
