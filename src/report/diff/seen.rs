//! A network beside what its devices say now.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde::Serialize;

use crate::analysis::finding::{Finding, Severity};
use crate::analysis::wiring::witness::{Unit, Witness};
use crate::analysis::wiring::{Sight, Wiring};
use crate::model::NodeId;
use crate::model::network::Network;
use crate::report::clean;
use crate::report::diff::{FindingShape, Totals, evidence, severity, shapes, title, written};
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::weak::header;
use crate::report::words::Words;

/// A network, what its devices answered, and what came of it.
#[derive(Clone, Copy, Debug)]
pub struct Survey<'a> {
    /// The network.
    pub network: &'a Network,
    /// Of every node that was asked: nothing where it was silent.
    pub witnesses: &'a BTreeMap<NodeId, Option<Witness>>,
    /// The comparison.
    pub wiring: &'a Wiring,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    against: &'static str,
    network: &'a str,
    example: bool,
    devices: Devices,
    links: Links,
    totals: Totals,
    findings: Vec<FindingShape<'a>>,
    inventory: Vec<Item<'a>>,
}

#[derive(Debug, Serialize)]
struct Devices {
    asked: usize,
    answered: usize,
    silent: usize,
}

#[derive(Debug, Serialize)]
struct Links {
    both: usize,
    one: usize,
    through: usize,
    behind: usize,
    wrong: usize,
    unseen: usize,
}

#[derive(Debug, Serialize)]
struct Item<'a> {
    node: &'a NodeId,
    declared: Declared<'a>,
    seen: Seen<'a>,
}

#[derive(Debug, Serialize)]
struct Declared<'a> {
    sys_name: &'a str,
    vendor: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
}

#[derive(Debug, Serialize)]
struct Seen<'a> {
    sys_name: &'a str,
    vendor: Option<&'a str>,
    model: Option<&'a str>,
    serial: Option<&'a str>,
    hardware: Option<&'a str>,
    firmware: Option<&'a str>,
    software: Option<&'a str>,
}

impl<'a> Survey<'a> {
    fn devices(&self) -> Devices {
        let answered = self.witnesses.values().flatten().count();
        Devices {
            asked: self.witnesses.len(),
            answered,
            silent: self.witnesses.len() - answered,
        }
    }

    fn links(&self) -> Links {
        Links {
            both: self.wiring.count(Sight::Both),
            one: self.wiring.count(Sight::One),
            through: self.wiring.count(Sight::Through),
            behind: self.wiring.count(Sight::Behind),
            wrong: self.wiring.count(Sight::Wrong),
            unseen: self.wiring.count(Sight::Unseen),
        }
    }

    fn items(&self) -> Vec<Item<'a>> {
        fn said(text: &str) -> Option<&str> {
            (!text.is_empty()).then_some(text)
        }
        self.witnesses
            .iter()
            .filter_map(|(id, witness)| {
                let (node, witness) = (self.network.nodes.get(id)?, witness.as_ref()?);
                let unit = witness.unit.as_ref();
                let of = |of: fn(&Unit) -> &String| unit.and_then(|unit| said(of(unit)));
                Some(Item {
                    node: id,
                    declared: Declared {
                        sys_name: &node.sys_name,
                        vendor: node.vendor.as_deref(),
                        model: node.model.as_deref(),
                        serial: node.serial.as_deref(),
                    },
                    seen: Seen {
                        sys_name: &witness.name,
                        vendor: of(|unit| &unit.vendor),
                        model: of(|unit| &unit.model),
                        serial: of(|unit| &unit.serial),
                        hardware: of(|unit| &unit.hardware),
                        firmware: of(|unit| &unit.firmware),
                        software: of(|unit| &unit.software),
                    },
                })
            })
            .collect()
    }
}

/// Returns the document `spanwatch/diff/1` of a network beside its devices.
#[must_use]
pub fn network_json(survey: Survey<'_>) -> String {
    crate::report::json::written(&Document {
        schema: "spanwatch/diff/1",
        against: "network",
        network: &survey.network.id,
        example: survey.network.example,
        devices: survey.devices(),
        links: survey.links(),
        totals: Totals::of(&survey.wiring.findings),
        findings: shapes(&survey.wiring.findings),
        inventory: survey.items(),
    })
}

/// Returns the same for people; `inventory` adds what every device is made of.
#[must_use]
pub fn network_text(survey: Survey<'_>, inventory: bool, words: &Words) -> String {
    let mut text = header(survey.network, words);
    let devices = survey.devices();
    text.push_str(&words.with(
        "diff.devices",
        &[&devices.asked.to_string(), &devices.answered.to_string()],
    ));
    text.push('\n');
    let links = survey.links();
    let counts = [
        links.both,
        links.one,
        links.through,
        links.wrong,
        links.unseen,
    ]
    .map(|count| count.to_string());
    text.push_str(&words.with(
        "diff.links",
        &[&counts[0], &counts[1], &counts[2], &counts[3], &counts[4]],
    ));
    text.push('\n');
    if links.behind > 0 {
        text.push_str(&words.with("diff.behind", &[&links.behind.to_string()]));
        text.push('\n');
    }
    let findings = &survey.wiring.findings;
    if findings.is_empty() {
        text.push_str(words.text("diff.well"));
        text.push('\n');
    }
    for finding in findings {
        text.push('\n');
        text.push_str(&one(survey.network, finding, words));
    }
    if !findings.is_empty() {
        let _ = writeln!(
            text,
            "\n{} {}",
            Totals::of(findings).text(words),
            words.text("diff.explain")
        );
    }
    if inventory {
        let _ = writeln!(text, "\n{}", words.text("diff.inventory"));
        text.push_str(&table(&survey, words));
    }
    text
}

fn one(network: &Network, finding: &Finding, words: &Words) -> String {
    let mut text = format!(
        "{} {} {} {}  {}\n",
        match finding.code.severity() {
            Severity::Error => "✖",
            Severity::Warning => "↯",
            Severity::Note => "·",
        },
        finding.code.code(),
        words.text(&format!("thing.{}", finding.about.kind.word())),
        clean(&finding.about.id),
        clean(&title(network, &finding.about)),
    );
    let keys = ["diff.declared", "diff.seen", "diff.why"];
    let width = keys
        .iter()
        .map(|key| words.text(key).chars().count())
        .max()
        .unwrap_or_default();
    let mut say = |key: &str, value: &str| {
        let _ = writeln!(text, "    {:width$}  {}", words.text(key), clean(value));
    };
    if let Some(value) = &finding.declared {
        say("diff.declared", &written(value));
    }
    if let Some(value) = &finding.seen {
        say("diff.seen", &written(value));
    }
    let reason = format!(
        "{}: {}",
        severity(words, finding.code),
        evidence::reason(words, finding)
    );
    say("diff.why", &reason);
    for each in &finding.evidence {
        let _ = writeln!(text, "      - {}", clean(&evidence::text(words, each)));
    }
    text
}

fn table(survey: &Survey<'_>, words: &Words) -> String {
    let mut table = Table::new(&[
        head(words, "col.node", Side::Left),
        head(words, "col.vendor", Side::Left),
        head(words, "col.model", Side::Left),
        head(words, "col.serial", Side::Left),
        head(words, "col.firmware", Side::Left),
        head(words, "col.software", Side::Left),
    ]);
    let both = |declared: Option<&str>, seen: Option<&str>| match (declared, seen) {
        (None, None) => String::new(),
        (declared, seen) if declared == seen => declared.unwrap_or_default().to_owned(),
        (declared, seen) => format!("{} / {}", declared.unwrap_or("-"), seen.unwrap_or("-")),
    };
    for item in survey.items() {
        table.row([
            item.node.to_string(),
            both(item.declared.vendor, item.seen.vendor),
            both(item.declared.model, item.seen.model),
            both(item.declared.serial, item.seen.serial),
            item.seen.firmware.unwrap_or_default().to_owned(),
            item.seen.software.unwrap_or_default().to_owned(),
        ]);
    }
    table.text("  ")
}
