//! What is different: two topologies as a review would show them, a network beside its devices, and
//! `spanwatch/diff/1`.

mod evidence;
mod seen;

pub use seen::{Survey, network_json, network_text};

use std::fmt::Write as _;

use serde::Serialize;

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Finding, Kind, Severity, Thing, Value};
use crate::inventory::quantity::{capacity_text, duration_text};
use crate::model::Element;
use crate::model::network::Network;
use crate::report::clean;
use crate::report::words::{Language, Words};

/// One finding in JSON.
#[derive(Debug, Serialize)]
struct FindingShape<'a> {
    code: Code,
    name: &'static str,
    severity: Severity,
    element: Option<&'a Element>,
    about: &'a Thing,
    field: Option<&'static str>,
    declared: Option<String>,
    seen: Option<String>,
    reason: String,
    evidence: Vec<String>,
}

/// How many findings there are of each severity.
#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Totals {
    errors: usize,
    warnings: usize,
    notes: usize,
}

impl Totals {
    fn of(findings: &[Finding]) -> Self {
        let count = |severity| {
            let of_it = findings
                .iter()
                .filter(|finding| finding.code.severity() == severity);
            of_it.count()
        };
        Self {
            errors: count(Severity::Error),
            warnings: count(Severity::Warning),
            notes: count(Severity::Note),
        }
    }

    fn text(self, words: &Words) -> String {
        let values = [self.errors, self.warnings, self.notes].map(|count| count.to_string());
        words.with("diff.totals", &[&values[0], &values[1], &values[2]])
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    against: &'static str,
    first: &'a str,
    second: &'a str,
    example: bool,
    totals: Totals,
    findings: Vec<FindingShape<'a>>,
}

fn shapes(findings: &[Finding]) -> Vec<FindingShape<'_>> {
    let words = Words::of(Language::En);
    let shape = |finding: &'_ Finding| -> (String, Vec<String>) {
        let said = finding.evidence.iter();
        (
            evidence::reason(&words, finding),
            said.map(|each| evidence::text(&words, each)).collect(),
        )
    };
    findings
        .iter()
        .map(|finding| {
            let (reason, evidence) = shape(finding);
            FindingShape {
                code: finding.code,
                name: finding.code.name(),
                severity: finding.code.severity(),
                element: finding.element.as_ref(),
                about: &finding.about,
                field: finding.field,
                declared: finding.declared.as_ref().map(written),
                seen: finding.seen.as_ref().map(written),
                reason,
                evidence,
            }
        })
        .collect()
}

/// Returns a value as the topology writes it.
#[must_use]
pub fn written(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Flag(flag) => flag.to_string(),
        Value::Whole(number) => number.to_string(),
        Value::Number(number) => number.to_string(),
        Value::Time(time) => duration_text(*time),
        Value::Bits(bits) => capacity_text(*bits),
        Value::Moment(at) => at.to_string(),
        Value::List(list) => list.join(", "),
    }
}

/// Returns the document `spanwatch/diff/1` of two topologies; `first` and `second` say what they are.
#[must_use]
pub fn json(findings: &[Finding], first: &str, second: &str, after: &Network) -> String {
    crate::report::json::written(&Document {
        schema: "spanwatch/diff/1",
        against: "topology",
        first,
        second,
        example: after.example,
        totals: Totals::of(findings),
        findings: shapes(findings),
    })
}

/// Marks of a review: what came, went, changed, and changed its id.
fn mark(code: Code, colour: bool) -> String {
    let name = code.name();
    let (mark, paint) = if name.ends_with("-added") {
        ("+", "\u{1b}[32m")
    } else if name.ends_with("-removed") {
        ("-", "\u{1b}[31m")
    } else if name.ends_with("-renamed") {
        ("=", "\u{1b}[36m")
    } else {
        ("~", "\u{1b}[33m")
    };
    if colour {
        format!("{paint}{mark}\u{1b}[0m")
    } else {
        mark.to_owned()
    }
}

fn is_effect(code: Code) -> bool {
    (Code::Isolates..=Code::GainsRedundancy).contains(&code)
}

/// Returns the difference of two topologies as a review shows it: first what it does, then what it is.
#[must_use]
pub fn text(
    findings: &[Finding],
    first: &str,
    second: &str,
    after: &Network,
    words: &Words,
    colour: bool,
) -> String {
    // Writing to a String cannot fail.
    let mut text = format!(
        "{}\n",
        words.with("diff.against", &[&clean(first), &clean(second)])
    );
    if findings.is_empty() {
        text.push_str(words.text("diff.same"));
        text.push('\n');
        return text;
    }
    let (effects, mut changes): (Vec<&Finding>, Vec<&Finding>) =
        findings.iter().partition(|finding| is_effect(finding.code));
    changes.sort_by_key(|finding| (&finding.about, finding.code, finding.field));
    let count = |ending: &str| {
        let mut of_it: Vec<&Thing> = changes
            .iter()
            .filter(|finding| finding.code.name().ends_with(ending))
            .map(|finding| &finding.about)
            .collect();
        of_it.dedup();
        of_it.len().to_string()
    };
    text.push_str(&words.with(
        "diff.counts",
        &[&count("-added"), &count("-removed"), &count("-changed")],
    ));
    text.push('\n');
    if !effects.is_empty() {
        let _ = writeln!(text, "\n{}", words.text("diff.effects"));
        for code in Code::ALL {
            let of_it: Vec<&&Finding> = effects
                .iter()
                .filter(|finding| finding.code == *code)
                .collect();
            if of_it.is_empty() {
                continue;
            }
            let _ = writeln!(
                text,
                "  {} {}: {} ({})",
                code.code(),
                severity(words, *code),
                words.text(&format!("finding.{}", code.code())),
                of_it.len()
            );
            for finding in of_it {
                let _ = writeln!(
                    text,
                    "      {}  {}",
                    clean(&finding.about.id),
                    clean(&title(after, &finding.about)),
                );
                for each in &finding.evidence {
                    let said = evidence::text(words, each);
                    let _ = writeln!(text, "          {}", clean(&said));
                }
            }
        }
    }
    if !changes.is_empty() {
        let _ = writeln!(text, "\n{}", words.text("diff.changes"));
    }
    for group in changes.chunk_by(|one, other| one.about == other.about) {
        text.push_str(&group_text(group, after, words, colour));
    }
    text
}

/// A thing and what is different of it.
fn group_text(group: &[&Finding], after: &Network, words: &Words, colour: bool) -> String {
    let Some(first) = group.first() else {
        return String::new();
    };
    let name = [&first.seen, &first.declared].into_iter().flatten().next();
    let title = match (first.field, name) {
        // The whole thing came or went: its title is in the finding, the second topology may not have it.
        (None, Some(title)) => written(title),
        _ => title(after, &first.about),
    };
    let mut text = format!(
        "{} {} {}  {}\n",
        mark(first.code, colour),
        words.text(&format!("thing.{}", first.about.kind.word())),
        clean(&first.about.id),
        clean(&title),
    );
    let named = text.trim_end().len();
    text.truncate(named);
    text.push('\n');
    let width = group
        .iter()
        .filter_map(|finding| Some(finding.field?.len()))
        .max()
        .unwrap_or_default();
    for finding in group {
        let Some(field) = finding.field else { continue };
        let side = |value: &Option<Value>| value.as_ref().map_or("-".to_owned(), written);
        let _ = writeln!(
            text,
            "    {field:width$}  {} → {}",
            clean(&side(&finding.declared)),
            clean(&side(&finding.seen)),
        );
    }
    text
}

/// Returns what people call a thing; nothing where it has no name but its id.
fn title(network: &Network, thing: &Thing) -> String {
    let id = thing.id.as_str();
    let name = match thing.kind {
        Kind::Network => Some(network.name.clone()),
        Kind::Agency => network.agencies.get(id).map(|agency| agency.name.clone()),
        Kind::Node => network.nodes.get(id).map(|node| node.name.clone()),
        Kind::Link => network
            .links
            .contains_key(id)
            .then(|| network.title(&Element::Link(id.into()))),
        Kind::Risk => network.risks.get(id).map(|risk| risk.name.clone()),
        Kind::Service => network.services.get(id).map(|service| service.name.clone()),
        Kind::Area => network.areas.get(id).map(|area| area.name.clone()),
        Kind::Provider => network.providers.get(id).map(|each| each.name.clone()),
        Kind::Maintenance | Kind::Candidate | Kind::Hours | Kind::Defaults => None,
    };
    name.filter(|name| name != id).unwrap_or_default()
}

fn severity(words: &Words, code: Code) -> &str {
    words.text(match code.severity() {
        Severity::Error => "severity.error",
        Severity::Warning => "severity.warning",
        Severity::Note => "severity.note",
    })
}
