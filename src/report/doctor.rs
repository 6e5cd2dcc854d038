//! What a first run fails on, as text and as `spanwatch/doctor/1`.

use std::fmt::Write as _;

use serde::Serialize;
use unicode_width::UnicodeWidthStr as _;

use crate::app::doctor::{Finding, Level, Said, Topic, worst};
use crate::report::clean;
use crate::report::words::{Language, Words};

#[derive(Serialize)]
struct Document {
    schema: &'static str,
    verdict: &'static str,
    checks: Vec<CheckShape>,
}

#[derive(Serialize)]
struct CheckShape {
    check: &'static str,
    level: &'static str,
    message: String,
    mend: Vec<String>,
}

/// Returns `spanwatch/doctor/1`; its messages are English whatever the language of the machine is.
#[must_use]
pub fn json(findings: &[Finding]) -> String {
    let english = Words::of(Language::En);
    crate::report::json::written(&Document {
        schema: "spanwatch/doctor/1",
        verdict: worst(findings).word(),
        checks: findings
            .iter()
            .map(|finding| CheckShape {
                check: finding.topic.word(),
                level: finding.level.word(),
                message: message(&english, &finding.said),
                mend: finding.mend.clone(),
            })
            .collect(),
    })
}

/// Returns a line for each finding, with its commands under it, at most `columns` wide where words allow it.
#[must_use]
pub fn text(findings: &[Finding], words: &Words, columns: usize, colour: bool) -> String {
    let levels = [Level::Ok, Level::Unknown, Level::Warning, Level::Failing];
    let widest = |texts: &mut dyn Iterator<Item = &str>| texts.map(str::width).max().unwrap_or(0);
    let level_width = widest(&mut levels.iter().map(|level| words.text(level_key(*level))));
    let topic_width = widest(
        &mut findings
            .iter()
            .map(|finding| words.text(topic_key(finding.topic))),
    );
    let indent = 2 + level_width + 2 + topic_width + 2;
    // Writing to a String cannot fail.
    let mut out = String::new();
    for finding in findings {
        let (glyph, number) = glyph(finding.level);
        let glyph = if colour {
            format!("\u{1b}[38;5;{number}m{glyph}\u{1b}[0m")
        } else {
            glyph.to_owned()
        };
        let level = padded(words.text(level_key(finding.level)), level_width);
        let topic = padded(words.text(topic_key(finding.topic)), topic_width);
        let room = columns.saturating_sub(indent).max(30);
        let lines = wrapped(&message(words, &finding.said), room);
        for (at, line) in lines.iter().enumerate() {
            if at == 0 {
                let _ = writeln!(out, "{glyph} {level}  {topic}  {line}");
            } else {
                let _ = writeln!(out, "{:indent$}{line}", "");
            }
        }
        for (at, command) in finding.mend.iter().enumerate() {
            let [mend, or] = ["doctor.mend", "doctor.or"].map(|key| words.text(key));
            let word = padded(
                if at == 0 { mend } else { or },
                mend.width().max(or.width()),
            );
            // A command is never broken: it is there to be copied.
            let _ = writeln!(out, "{:indent$}{word}  {}", "", clean(command));
        }
    }
    let count = |level| findings.iter().filter(|found| found.level == level).count();
    let counts: Vec<String> = levels
        .into_iter()
        .filter(|level| count(*level) > 0)
        .map(|level| format!("{} {}", count(level), words.text(level_key(level))))
        .collect();
    let _ = writeln!(out, "\n{}.", counts.join(", "));
    out
}

fn padded(text: &str, width: usize) -> String {
    format!("{text}{}", " ".repeat(width - text.width().min(width)))
}

/// Breaks a text at its blanks.
fn wrapped(text: &str, columns: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let last = lines.last_mut().expect("it begins with one");
        if last.is_empty() {
            last.push_str(word);
        } else if last.width() + 1 + word.width() <= columns {
            last.push(' ');
            last.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    lines
}

/// The shapes and colours of the dashboard's states.
fn glyph(level: Level) -> (&'static str, u8) {
    match level {
        Level::Ok => ("▪", 33),
        Level::Unknown => ("?", 252),
        Level::Warning => ("↯", 214),
        Level::Failing => ("✖", 160),
    }
}

fn level_key(level: Level) -> &'static str {
    match level {
        Level::Ok => "doctor.level.ok",
        Level::Unknown => "doctor.level.unknown",
        Level::Warning => "doctor.level.warning",
        Level::Failing => "doctor.level.failing",
    }
}

fn topic_key(topic: Topic) -> &'static str {
    match topic {
        Topic::RawIcmp => "doctor.topic.raw",
        Topic::DatagramIcmp => "doctor.topic.datagram",
        Topic::Capability => "doctor.topic.capability",
        Topic::Buffers => "doctor.topic.buffers",
        Topic::Clock => "doctor.topic.clock",
        Topic::Topology => "doctor.topic.topology",
        Topic::Credentials => "doctor.topic.credentials",
        Topic::State => "doctor.topic.state",
        Topic::Terminal => "doctor.topic.terminal",
        Topic::Lab => "doctor.topic.lab",
    }
}

/// Returns what a finding means, in one cleaned line.
fn message(words: &Words, said: &Said) -> String {
    let (key, values): (&str, Vec<String>) = match said {
        Said::RawOpen => ("doctor.raw.open", vec![]),
        Said::RawRefused { why } => ("doctor.raw.refused", vec![why.clone()]),
        Said::DatagramOpen => ("doctor.datagram.open", vec![]),
        Said::DatagramSpare { range } => ("doctor.datagram.spare", vec![range.clone()]),
        Said::DatagramRefused { range, why } => {
            ("doctor.datagram.refused", vec![why.clone(), range.clone()])
        }
        Said::CapabilityHeld => ("doctor.capability.held", vec![]),
        Said::CapabilityForeign => ("doctor.capability.foreign", vec![]),
        Said::CapabilityMissing => ("doctor.capability.missing", vec![]),
        Said::CapabilityBarred => ("doctor.capability.barred", vec![]),
        Said::CapabilityUseless => ("doctor.capability.useless", vec![]),
        Said::CapabilityNosuid { mount } => ("doctor.capability.nosuid", vec![mount.clone()]),
        Said::BufferHolds { replies, octets } => (
            "doctor.buffers.hold",
            vec![replies.to_string(), kibibytes(*octets)],
        ),
        Said::BufferSmall {
            replies,
            octets,
            targets,
        } => (
            "doctor.buffers.small",
            vec![replies.to_string(), kibibytes(*octets), targets.to_string()],
        ),
        Said::BufferUnknown { why } => ("doctor.buffers.unknown", vec![why.clone()]),
        Said::ClockSynchronised { by } => ("doctor.clock.right", vec![(*by).to_owned()]),
        Said::ClockDrifts { by } => ("doctor.clock.drifts", vec![(*by).to_owned()]),
        Said::ClockUnknown => ("doctor.clock.unknown", vec![]),
        Said::TopologySound {
            agencies,
            nodes,
            links,
        } => ("doctor.topology.sound", numbers([agencies, nodes, links])),
        Said::TopologyExample {
            agencies,
            nodes,
            links,
        } => ("doctor.topology.example", numbers([agencies, nodes, links])),
        Said::TopologyWarns { warnings } => ("doctor.topology.warns", numbers([warnings])),
        Said::TopologyBroken { errors } => ("doctor.topology.broken", numbers([errors])),
        Said::TopologyMissing { folder } => ("doctor.topology.missing", vec![folder.clone()]),
        Said::CredentialsUnneeded => ("doctor.credentials.unneeded", vec![]),
        Said::CredentialsHeld { count } => ("doctor.credentials.held", numbers([count])),
        Said::CredentialsOfLab => ("doctor.credentials.lab", vec![]),
        Said::CredentialsFaulty { why } => ("doctor.credentials.faulty", vec![why.clone()]),
        Said::StateWritable { folder } => ("doctor.state.writable", vec![folder.clone()]),
        Said::StateWillBe { folder } => ("doctor.state.will-be", vec![folder.clone()]),
        Said::StateRefused { folder, why } => {
            ("doctor.state.refused", vec![folder.clone(), why.clone()])
        }
        Said::StateFull { folder, free } => {
            ("doctor.state.full", vec![free.to_string(), folder.clone()])
        }
        Said::StateOpen { folder } => ("doctor.state.open", vec![folder.clone()]),
        Said::StateHomeless => ("doctor.state.homeless", vec![]),
        Said::NeedsTopology => ("doctor.needs-topology", vec![]),
        Said::TerminalGood { columns, rows } => (
            "doctor.terminal.good",
            vec![columns.to_string(), rows.to_string()],
        ),
        Said::TerminalNone => ("doctor.terminal.none", vec![]),
        Said::TerminalDumb => ("doctor.terminal.dumb", vec![]),
        Said::TerminalSmall { columns, rows } => (
            "doctor.terminal.small",
            vec![columns.to_string(), rows.to_string()],
        ),
        Said::TerminalAscii => ("doctor.terminal.ascii", vec![]),
        Said::TerminalColourless => ("doctor.terminal.colourless", vec![]),
        Said::LabWorks => ("doctor.lab.works", vec![]),
        Said::LabInside => ("doctor.lab.inside", vec![]),
        Said::LabRefused { step, why, advice } => (
            "doctor.lab.refused",
            vec![step.clone(), why.clone(), advice.clone()],
        ),
        Said::LabUnknown { why } => ("doctor.lab.unknown", vec![why.clone()]),
    };
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    clean(words.with(key, &values).trim()).into_owned()
}

fn numbers<const N: usize>(values: [&usize; N]) -> Vec<String> {
    values.iter().map(ToString::to_string).collect()
}

fn kibibytes(octets: usize) -> String {
    (octets >> 10).to_string()
}
