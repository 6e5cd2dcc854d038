//! A rehearsal: what was true beside what was said, as text and as `spanwatch/rehearse/1`.

mod document;
mod scenario;

use std::time::Duration;

use crate::app::rehearse::fault::{Miss, Tried};
use crate::app::rehearse::play::Played;
use crate::app::rehearse::tally::Tally;
use crate::app::rehearse::watch::Fit;
use crate::app::rehearse::{Day, Faults, Setup};
use crate::model::Element;
use crate::model::incident::{Incident, IncidentKind};
use crate::model::network::Network;
use crate::report::clean;
use crate::report::table::{Side, Table};
use crate::report::weak::header;
use crate::report::words::Words;

pub use crate::report::rehearse::document::json;

/// Elements of one class that are written out; the most probable stand first.
const MOST: usize = 2;

/// What was rehearsed.
#[derive(Debug)]
pub struct About<'a> {
    /// In which network.
    pub network: &'a Network,
    /// How it was; its rules are not looked at.
    pub setup: Setup,
    /// The share of faults that was to be two at once.
    pub double: f64,
}

/// What came of one set of rules.
#[derive(Debug)]
pub struct Set {
    /// The file of rules; empty for the usual ones.
    pub name: String,
    /// What came of it.
    pub outcome: Outcome,
}

/// What came of it.
#[derive(Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Outcome {
    Faults(Faults),
    Days(Vec<Day>),
    Played(Played),
}

/// Returns a rehearsal as text, with at most so many missed faults and false incidents of each set.
#[must_use]
pub fn text(about: &About<'_>, sets: &[Set], most: usize, words: &Words) -> String {
    let mut text = header(about.network, words);
    text.push('\n');
    let faults: Vec<(&Set, &Faults)> = sets
        .iter()
        .filter_map(|set| match &set.outcome {
            Outcome::Faults(faults) => Some((set, faults)),
            Outcome::Days(_) | Outcome::Played(_) => None,
        })
        .collect();
    if !faults.is_empty() {
        text.push_str(&of_faults(about, &faults, most, words));
    }
    for set in sets {
        if !set.name.is_empty() && !matches!(set.outcome, Outcome::Faults(_)) {
            text.push_str(&words.with("rehearse.rules", &[&clean(&set.name)]));
            text.push('\n');
        }
        match &set.outcome {
            Outcome::Faults(_) => {}
            Outcome::Days(days) => text.push_str(&of_days(about, days, most, words)),
            Outcome::Played(played) => text.push_str(&scenario::text(about, played, words)),
        }
    }
    text
}

fn of_faults(about: &About<'_>, sets: &[(&Set, &Faults)], most: usize, words: &Words) -> String {
    let mut text = String::new();
    if let Some((_, faults)) = sets.first() {
        let doubles = faults.tried.iter().filter(|one| is_double(one)).count();
        text.push_str(&words.with(
            "rehearse.faults",
            &[
                &faults.tried.len().to_string(),
                &doubles.to_string(),
                &about.setup.seed.to_string(),
            ],
        ));
        text.push('\n');
        text.push_str(&lost(faults.settled, words));
        text.push_str("\n\n");
    }
    let tallies: Vec<(String, Tally)> = sets
        .iter()
        .flat_map(|(set, faults)| {
            [false, true].map(|double| {
                let tried = faults.tried.iter().filter(|one| is_double(one) == double);
                let kind = if double {
                    words.text("rehearse.double")
                } else {
                    words.text("rehearse.single")
                };
                let head = if set.name.is_empty() {
                    kind.to_owned()
                } else {
                    format!("{} {kind}", set.name)
                };
                (head, Tally::of(tried))
            })
        })
        .filter(|(_, tally)| tally.faults > 0)
        .collect();
    text.push_str(&figures(&tallies, words));
    for (set, faults) in sets {
        let tried = faults.tried.iter();
        let missed = tried.clone().filter(|one| one.fit == Fit::Missed);
        let wrong = tried
            .clone()
            .flat_map(|one| one.wrong.iter().map(move |incident| (one, &**incident)));
        let open = tried.filter(|one| one.recovered_after.is_none());
        let lists: [(&str, Vec<String>); 3] = [
            (
                "rehearse.missed",
                missed.map(|one| miss(one, words)).collect(),
            ),
            (
                "rehearse.wrong",
                wrong
                    .map(|(one, incident)| not_so(one, incident, words))
                    .collect(),
            ),
            (
                "rehearse.open",
                open.map(|one| format!("  #{} {}\n", one.number, names(&one.elements)))
                    .collect(),
            ),
        ];
        for (head, rows) in lists.iter().filter(|(_, rows)| !rows.is_empty()) {
            text.push('\n');
            if !set.name.is_empty() {
                text.extend([&*clean(&set.name), ": "]);
            }
            text.push_str(&words.with(head, &[&rows.len().to_string()]));
            if rows.len() > most {
                text.push_str(&words.with("rehearse.first", &[&most.to_string()]));
            }
            text.push('\n');
            text.extend(rows.iter().take(most).map(String::as_str));
        }
    }
    text
}

fn not_so(one: &Tried, incident: &Incident, words: &Words) -> String {
    let (key, from) = if incident.named > one.mended {
        ("rehearse.wrong-after", one.mended)
    } else {
        ("rehearse.wrong-is", one.began)
    };
    let mut text = words.with(
        key,
        &[
            &one.number.to_string(),
            &names(&one.elements),
            &class(&incident.causes, words),
            &seconds(time(from, incident.named)),
        ],
    );
    text.push('\n');
    text
}

fn figures(tallies: &[(String, Tally)], words: &Words) -> String {
    let mut heads = vec![("", Side::Left)];
    heads.extend(tallies.iter().map(|(head, _)| (head.as_str(), Side::Right)));
    let mut table = Table::new(&heads);
    let mut row = |key: &str, cell: &dyn Fn(&Tally) -> String| {
        let cells = tallies.iter().map(|(_, tally)| cell(tally));
        table.row([words.text(key).to_owned()].into_iter().chain(cells));
    };
    row("rehearse.row.faults", &|tally| tally.faults.to_string());
    row("rehearse.row.named", &|tally| percent(tally.share()));
    row("rehearse.row.alike", &|tally| tally.alike.to_string());
    row("rehearse.row.shown", &|tally| {
        format!("{:.3}", tally.shown_each())
    });
    row("rehearse.row.median", &|tally| maybe_seconds(tally.median));
    row("rehearse.row.p95", &|tally| maybe_seconds(tally.p95));
    row("rehearse.row.wrong", &|tally| tally.wrong.to_string());
    row("rehearse.row.wrong-loss", &|tally| {
        tally.wrong_loss.to_string()
    });
    row("rehearse.row.open", &|tally| tally.left_open.to_string());
    row("rehearse.row.outage", &|tally| minutes(tally.outage));
    row("rehearse.row.unsaid", &|tally| minutes(tally.missed));
    table.text("")
}

fn miss(one: &Tried, words: &Words) -> String {
    let why = match one.miss {
        Some(Miss::OneOfTwo) => "rehearse.why.one-of-two",
        Some(Miss::Blamed) => "rehearse.why.blamed",
        Some(Miss::Renamed) => "rehearse.why.renamed",
        Some(Miss::Unsaid) | None => "rehearse.why.unsaid",
    };
    let said: Vec<String> = one
        .said
        .iter()
        .map(|incident| class(&incident.causes, words))
        .collect();
    let said = if said.is_empty() {
        words.text("rehearse.nothing").to_owned()
    } else {
        said.join("; ")
    };
    let mut text = words.with(
        "rehearse.missed-is",
        &[
            &one.number.to_string(),
            &names(&one.elements),
            &one.cut_off.to_string(),
            words.text(why),
        ],
    );
    text.push('\n');
    text.push_str(&words.with(
        "rehearse.missed-said",
        &[
            &said,
            &one.differs.0.to_string(),
            &one.differs.1.to_string(),
        ],
    ));
    text.push('\n');
    text
}

fn of_days(about: &About<'_>, days: &[Day], most: usize, words: &Words) -> String {
    let count: u32 = days.iter().map(|day| day.count).sum();
    let time: Duration = days.iter().map(|day| day.time).sum();
    let read = |pick: fn(&Day) -> u64| days.iter().map(pick).sum::<u64>();
    let readings = (read(|day| day.readings.0), read(|day| day.readings.1));
    let mut text = words.with(
        "rehearse.days",
        &[
            &number(time.as_secs_f64() / 86_400.0),
            &about.setup.seed.to_string(),
            &readings.0.to_string(),
        ],
    );
    text.push('\n');
    text.push_str(&lost(readings, words));
    text.push('\n');
    text.push_str(&words.with("rehearse.false", &[&count.to_string()]));
    text.push('\n');
    let all = days
        .iter()
        .flat_map(|day| day.incidents.iter().map(move |incident| (day, incident)));
    for (day, incident) in all.take(most) {
        text.push_str(&words.with(
            "rehearse.false-is",
            &[
                &day.number.to_string(),
                words.text(kind_key(incident.kind)),
                &class(&incident.causes, words),
            ],
        ));
        text.push('\n');
    }
    text
}

fn lost(readings: (u64, u64), words: &Words) -> String {
    let ratio = readings.1 as f64 / readings.0.max(1) as f64;
    words.with("rehearse.lost", &[&percent(ratio)])
}

/// Returns how long after another a moment is.
fn time(began: jiff::Timestamp, at: jiff::Timestamp) -> Duration {
    Duration::try_from(at.duration_since(began)).unwrap_or_default()
}

fn is_double(one: &Tried) -> bool {
    one.elements.len() > 1
}

fn names(elements: &[Element]) -> String {
    let names: Vec<String> = elements
        .iter()
        .map(|element| clean(&element.to_string()).into_owned())
        .collect();
    names.join(" + ")
}

/// Returns a class of causes: the most probable, and how many more there are.
fn class(causes: &[Element], words: &Words) -> String {
    let shown: Vec<String> = causes
        .iter()
        .take(MOST)
        .map(|element| clean(&element.to_string()).into_owned())
        .collect();
    let mut text = shown.join(" | ");
    if let Some(more) = causes.len().checked_sub(MOST).filter(|more| *more > 0) {
        text.push(' ');
        text.push_str(&words.with("incident.or-others", &[&more.to_string()]));
    }
    text
}

fn kind_key(kind: IncidentKind) -> &'static str {
    match kind {
        IncidentKind::Monitor => "incident.monitor",
        IncidentKind::Outage => "incident.outage",
        IncidentKind::Redundancy => "incident.redundancy",
        IncidentKind::Loss => "incident.lossy",
    }
}

fn percent(ratio: f64) -> String {
    format!("{:.2} %", ratio * 100.0)
}

fn seconds(time: Duration) -> String {
    format!("{:.1} s", time.as_secs_f64())
}

fn maybe_seconds(time: Option<Duration>) -> String {
    time.map(seconds).unwrap_or_default()
}

fn minutes(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64() / 60.0)
}

/// Returns a number without decimals that say nothing.
fn number(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}
