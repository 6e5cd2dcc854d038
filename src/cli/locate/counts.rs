//! Echoes sent and lost by target, from a sheet or from JSON; every line that makes no sense is told.

use csv::StringRecord;
use serde::Deserialize;

use crate::cli::failure::{Failure, Kind};

/// Faults that are told one by one.
const TOLD: usize = 5;

/// What one line says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Count {
    /// As it is written.
    pub(super) target: String,
    pub(super) sent: u32,
    pub(super) lost: u32,
    /// Links and nodes that are known to be on the way.
    pub(super) via: Vec<String>,
    /// Where it stands.
    pub(super) place: String,
}

/// Reads counts: a sheet with the columns target, sent and lost (or received), or JSON as `check` and `ping` print it.
pub(super) fn read(file: &str, text: &str) -> Result<Vec<Count>, Failure> {
    let text = text.trim_start_matches('\u{feff}');
    let (counts, faults) = if text.trim_start().starts_with(['{', '[']) {
        json(file, text)?
    } else {
        sheet(file, text)?
    };
    if faults.is_empty() {
        if counts.is_empty() {
            return Err(
                Failure::new(Kind::Usage, format!("There is no count in {file}."))
                    .hint("A line for each target: its id or address, echoes sent, echoes lost."),
            );
        }
        return Ok(counts);
    }
    let mut failure = Failure::new(
        Kind::Usage,
        match faults.as_slice() {
            [fault] => format!("{fault}."),
            faults => format!("{} lines of {file} make no sense.", faults.len()),
        },
    );
    if faults.len() > 1 {
        for fault in faults.iter().take(TOLD) {
            failure = failure.hint(format!("{fault}."));
        }
    }
    Err(failure.hint("Counts are whole numbers, and no more is lost than was sent."))
}

type Counted = (Vec<Count>, Vec<String>);

#[derive(Deserialize)]
#[serde(untagged)]
enum Document {
    Whole { targets: Vec<Row> },
    Rows(Vec<Row>),
}

/// One target as `check`, `ping` or a person writes it.
#[derive(Deserialize)]
struct Row {
    target: Option<String>,
    id: Option<String>,
    address: Option<String>,
    sent: Option<u32>,
    lost: Option<u32>,
    received: Option<u32>,
    #[serde(default)]
    via: Vec<String>,
}

fn json(file: &str, text: &str) -> Result<Counted, Failure> {
    let document: Document = serde_json::from_str(text).map_err(|error| {
        Failure::new(Kind::Usage, format!("{file} is not the JSON of counts: {error}."))
            .hint("Write what `spanwatch check --format json` prints, or [{\"target\": ID, \"sent\": N, \"lost\": N}, ...].")
    })?;
    let (Document::Whole { targets: rows } | Document::Rows(rows)) = document;
    let (mut counts, mut faults) = (Vec::new(), Vec::new());
    for (number, row) in (1..).zip(rows) {
        let place = format!("target {number}");
        let Some(target) = row.target.or(row.id).or(row.address) else {
            faults.push(format!("{file}, {place}: it has no id"));
            continue;
        };
        // `node/snmp` is a poll, and no echo is counted in it.
        let (target, method) = match target.split_once('/') {
            Some((node, method)) => (node.to_owned(), method.to_owned()),
            None => (target, String::new()),
        };
        if method == "snmp" {
            continue;
        }
        let (Some(sent), Some(lost)) = (row.sent, lost(row.sent, row.lost, row.received)) else {
            faults.push(format!(
                "{file}, {place}: it does not say what was sent and lost"
            ));
            continue;
        };
        keep(
            &mut counts,
            &mut faults,
            file,
            Count {
                target,
                sent,
                lost,
                via: row.via,
                place,
            },
        );
    }
    Ok((counts, faults))
}

fn sheet(file: &str, text: &str) -> Result<Counted, Failure> {
    let first = text.lines().next().unwrap_or_default();
    let separator = [b';', b'\t', b',']
        .into_iter()
        .max_by_key(|separator| first.bytes().filter(|byte| byte == separator).count())
        .unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(separator)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let unreadable =
        |error: &csv::Error| Failure::new(Kind::Usage, format!("{file} is no sheet: {error}."));
    let heads = reader
        .headers()
        .map_err(|error| unreadable(&error))?
        .clone();
    let column = |names: &[&str]| {
        heads
            .iter()
            .position(|head| names.contains(&head.to_lowercase().as_str()))
    };
    let target = column(&["target", "id", "node", "agency", "address", "ip"]);
    let (sent, lost_at, received, via) = (
        column(&["sent"]),
        column(&["lost"]),
        column(&["received"]),
        column(&["via"]),
    );
    let (Some(target), Some(sent)) = (target, sent) else {
        return Err(columns(file));
    };
    if lost_at.is_none() && received.is_none() {
        return Err(columns(file));
    }
    let (mut counts, mut faults) = (Vec::new(), Vec::new());
    for record in reader.records() {
        let record = record.map_err(|error| unreadable(&error))?;
        let line = record.position().map_or(0, csv::Position::line);
        let cell = |at: Option<usize>| at.and_then(|at| record.get(at)).unwrap_or_default();
        if record.iter().all(str::is_empty) || cell(Some(target)).starts_with('#') {
            continue;
        }
        let place = format!("line {line}");
        let number = |record: &StringRecord, at: Option<usize>| -> Option<u32> {
            record.get(at?)?.parse().ok()
        };
        let all = number(&record, Some(sent));
        let gone = lost(all, number(&record, lost_at), number(&record, received));
        let (Some(sent), Some(lost)) = (all, gone) else {
            let written: Vec<&str> = record.iter().collect();
            faults.push(format!(
                "{file}, {place}: `{}` does not say what was sent and lost",
                written.join(" ")
            ));
            continue;
        };
        let via = cell(via).split_whitespace().map(str::to_owned).collect();
        let target = cell(Some(target)).to_owned();
        keep(
            &mut counts,
            &mut faults,
            file,
            Count {
                target,
                sent,
                lost,
                via,
                place,
            },
        );
    }
    Ok((counts, faults))
}

fn columns(file: &str) -> Failure {
    Failure::new(
        Kind::Usage,
        format!("The first line of {file} does not name the columns target, sent and lost."),
    )
    .hint("Begin with `target,sent,lost`; `received` may stand for lost, and `via` may name routers on the way.")
}

fn lost(sent: Option<u32>, lost: Option<u32>, received: Option<u32>) -> Option<u32> {
    // Copies of an answer are no answers more.
    lost.or_else(|| Some(sent?.saturating_sub(received?)))
}

fn keep(counts: &mut Vec<Count>, faults: &mut Vec<String>, file: &str, count: Count) {
    if count.lost > count.sent {
        faults.push(format!(
            "{file}, {}: {} of {} are lost",
            count.place, count.lost, count.sent
        ));
    } else {
        counts.push(count);
    }
}
