//! The judge's rules as a file: read, with every fault at its place, and written with what each rule says.

use std::fmt::Write as _;
use std::ops::Range;
use std::sync::Arc;

use toml::Spanned;

use crate::filter::fold::nearest;
use crate::judge::rules::{Given, Improper, RULES, Rules, Setting};
use crate::lab::action::span;
use crate::model::fault::{Fault, Place, Severity, Source};

/// Every code that a file of rules may be refused with, and what it is about.
pub const CODES: &[(&str, &str)] = &[
    (
        "R0401",
        "The file of rules is not TOML of the form `key = value`; `spanwatch rehearse --show-rules` writes one to begin with.",
    ),
    (
        "R0402",
        "There is no rule of that name; `spanwatch rehearse --show-rules` shows them all with their defaults.",
    ),
    (
        "R0403",
        "A rule has a value that it cannot have, or two of them contradict each other.",
    ),
];

/// Reads a file of rules: what it does not name keeps its default. All faults are found in one go.
pub fn parse(source: &Arc<Source>) -> Result<Rules, Vec<Fault>> {
    let table: toml::map::Map<String, toml::Value>;
    let spans: Vec<(String, Range<usize>)>;
    match read(&source.text) {
        Ok((read, places)) => (table, spans) = (read, places),
        Err(error) => {
            let message = error
                .message()
                .lines()
                .next()
                .unwrap_or("not TOML")
                .to_owned();
            let message = format!("{}.", message.trim_end_matches('.'));
            return Err(vec![fault(source, "R0401", error.span(), message, None)]);
        }
    }
    let mut rules = Rules::default();
    let mut faults = Vec::new();
    for (key, at) in spans {
        let Some(value) = table.get(&key) else {
            continue;
        };
        let known = RULES.iter().find(|rule| rule.key == key);
        let given = known.map(|rule| given(rule.setting, value));
        let result = match (known, given) {
            (Some(_), Some(Some(given))) => rules.set(&key, given),
            (Some(rule), _) => Err(Improper::Range {
                key: rule.key,
                must: rule.setting.must(),
            }),
            (None, _) => Err(Improper::Unknown(key.clone())),
        };
        match result {
            Ok(()) => {}
            Err(error @ Improper::Unknown(_)) => {
                let keys = RULES.iter().map(|rule| rule.key);
                let help = nearest(&key, keys).map_or_else(
                    || "`spanwatch rehearse --show-rules` shows them all.".to_owned(),
                    |meant| format!("did you mean `{meant}`?"),
                );
                let message = error.to_string();
                faults.push(fault(source, "R0402", Some(at), message, Some(help)));
            }
            Err(error) => {
                faults.push(fault(source, "R0403", Some(at), error.to_string(), None));
            }
        }
    }
    if faults.is_empty()
        && let Err(error) = rules.check()
    {
        faults.push(fault(source, "R0403", None, error.to_string(), None));
    }
    if faults.is_empty() {
        Ok(rules)
    } else {
        Err(faults)
    }
}

type Read = (
    toml::map::Map<String, toml::Value>,
    Vec<(String, Range<usize>)>,
);

/// Reads the values, and where each key stands, in the order of the file.
fn read(text: &str) -> Result<Read, toml::de::Error> {
    let table: toml::Table = toml::from_str(text)?;
    let keys: std::collections::BTreeMap<Spanned<String>, toml::Value> = toml::from_str(text)?;
    let mut spans: Vec<(String, Range<usize>)> = keys
        .into_keys()
        .map(|key| (key.get_ref().clone(), key.span()))
        .collect();
    spans.sort_by_key(|(_, span)| span.start);
    Ok((table, spans))
}

fn given(setting: Setting, value: &toml::Value) -> Option<Given> {
    match (setting, value) {
        (Setting::Count(..), toml::Value::Integer(count)) => {
            u32::try_from(*count).ok().map(Given::Count)
        }
        (Setting::Span(..), toml::Value::String(text)) => span(text).map(Given::Span),
        (Setting::Percent, toml::Value::Integer(percent)) => i32::try_from(*percent)
            .ok()
            .map(|percent| Given::Percent(f64::from(percent))),
        (Setting::Percent, toml::Value::Float(percent)) => Some(Given::Percent(*percent)),
        _ => None,
    }
}

fn fault(
    source: &Arc<Source>,
    code: &'static str,
    at: Option<Range<usize>>,
    message: String,
    help: Option<String>,
) -> Fault {
    Fault {
        code,
        severity: Severity::Error,
        message,
        place: at.map(|span| Place {
            source: source.clone(),
            span,
        }),
        label: None,
        related: Vec::new(),
        help,
    }
}

/// Returns rules as a file, each with what it says; reading it gives the same rules.
#[must_use]
pub fn text(rules: &Rules) -> String {
    let mut text =
        String::from("# The judge's rules. What is left out keeps the value that stands here.\n");
    for rule in RULES {
        let Some(given) = rules.get(rule.key) else {
            continue;
        };
        let value = match given {
            Given::Count(count) => count.to_string(),
            Given::Span(span) => format!("\"{span:?}\""),
            // Percentages of ratios come with the dust of binary fractions.
            Given::Percent(percent) => format!("{}", (percent * 1e6).round() / 1e6),
        };
        let line = format!("{} = {value}", rule.key);
        // Writing to a String cannot fail.
        let _ = writeln!(text, "{line:<24} # {}", rule.about);
    }
    text
}
