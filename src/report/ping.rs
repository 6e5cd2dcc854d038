//! What became of the echoes of one `ping`: a line a target, and `spanwatch/ping/1`.
//!
//! Loss is never a bare ratio: 1 of 5 lost is 20 %, and anything from 0.5 % to 72 %. What the engine in use cannot see
//! is said in the head and in `unseen`, because a 0 there would be read as none.

use std::net::IpAddr;
use std::time::Duration;

use serde::Serialize;

use crate::model::ratio::interval;
use crate::model::reading::Refusal;
use crate::probe::Granted;
use crate::probe::flight::Strays;
use crate::probe::ping::{Engine, Form, IcmpKind};
use crate::probe::tally::{Complaint, Tally, Times};
use crate::probe::volley::{Course, Outcome, Progress};
use crate::report::clean;
use crate::report::json::written;
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::words::Words;
use crate::wire::echo::{Family, refusal};

/// One minus the confidence of all intervals.
const ALPHA: f64 = 0.05;

/// Routers named on one line, at most.
const NAMED: usize = 3;

/// Whom was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Its address.
    pub address: IpAddr,
    /// Its id in the model or the name that was typed; `None` where only the address is known.
    pub id: Option<String>,
}

/// One whole answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// Whom, in the order of the tallies.
    pub targets: &'a [Asked],
    /// What became of it.
    pub outcome: &'a Outcome,
    /// What the echoes looked like.
    pub form: Form,
    /// How often they were sent.
    pub course: Course,
    /// By which socket.
    pub granted: Granted,
}

/// How all of it went; it decides the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Result {
    /// Every echo to every target was answered.
    All,
    /// Some were not, or some target could not be asked.
    Some,
    /// No echo was answered.
    None,
    /// No echo left.
    NotAsked,
}

impl Result {
    /// Returns how it went.
    #[must_use]
    pub fn of(tallies: &[Tally]) -> Self {
        let sent: u64 = tallies.iter().map(|tally| u64::from(tally.sent())).sum();
        let received: u64 = tallies
            .iter()
            .map(|tally| u64::from(tally.received()))
            .sum();
        let is_whole = tallies
            .iter()
            .all(|tally| tally.unsent == 0 && tally.sent() > 0 && tally.received() == tally.sent());
        match (sent, received) {
            (0, _) => Self::NotAsked,
            (_, 0) => Self::None,
            _ if is_whole => Self::All,
            _ => Self::Some,
        }
    }

    /// Returns the exit code: 0 all, 1 some, 2 none, 3 not asked.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::All => 0,
            Self::Some => 1,
            Self::None => 2,
            Self::NotAsked => 3,
        }
    }
}

#[derive(Serialize)]
struct Shape<'a> {
    schema: &'static str,
    engine: &'static str,
    socket: &'static str,
    unseen: &'static [&'static str],
    count: Option<u32>,
    interval_seconds: f64,
    timeout_seconds: f64,
    size: usize,
    ttl: Option<u8>,
    df: bool,
    source: Option<IpAddr>,
    targets: Vec<TargetShape<'a>>,
    strays: Option<StraysShape>,
    seconds: f64,
}

#[derive(Serialize)]
struct TargetShape<'a> {
    address: IpAddr,
    id: Option<&'a str>,
    sent: u32,
    received: u32,
    loss: Option<f64>,
    loss_interval: Option<[f64; 2]>,
    rtt_min_ms: Option<f64>,
    rtt_median_ms: Option<f64>,
    rtt_p95_ms: Option<f64>,
    rtt_max_ms: Option<f64>,
    jitter_ms: Option<f64>,
    ttl: Option<u8>,
    duplicates: u32,
    out_of_order: u32,
    late: u32,
    truncated: u32,
    unsent: u32,
    unsent_why: Option<&'a str>,
    errors: Vec<ErrorShape>,
}

#[derive(Serialize)]
struct ErrorShape {
    router: IpAddr,
    r#type: u8,
    code: u8,
    count: u32,
    quoted_in_part: u32,
}

#[derive(Serialize)]
struct StraysShape {
    foreign: u64,
    late: u64,
    duplicate: u64,
    truncated: u64,
    damaged: u64,
}

/// Returns the document `spanwatch/ping/1`.
#[must_use]
pub fn json(answer: Answer<'_>) -> String {
    let Answer {
        form,
        course,
        granted,
        outcome,
        ..
    } = answer;
    let targets = answer.targets.iter().zip(&outcome.tallies);
    written(&Shape {
        schema: "spanwatch/ping/1",
        engine: match granted.engine {
            Engine::Precise => "precise",
            Engine::Library => "library",
        },
        socket: match granted.kind {
            IcmpKind::Raw => "raw",
            IcmpKind::Datagram => "datagram",
        },
        unseen: match (granted.engine, granted.kind) {
            (Engine::Precise, _) => &[],
            (Engine::Library, IcmpKind::Raw) => {
                &["duplicates", "out_of_order", "late", "truncated", "strays"]
            }
            (Engine::Library, IcmpKind::Datagram) => &[
                "errors",
                "ttl",
                "duplicates",
                "out_of_order",
                "late",
                "truncated",
                "strays",
            ],
        },
        count: course.count,
        interval_seconds: course.interval.as_secs_f64(),
        timeout_seconds: course.timeout.as_secs_f64(),
        size: form.size,
        ttl: form.ttl,
        df: form.is_whole,
        source: form.source,
        targets: targets.map(|(asked, tally)| target(asked, tally)).collect(),
        strays: outcome.strays.map(|strays| StraysShape {
            foreign: strays.foreign,
            late: strays.late,
            duplicate: strays.duplicate,
            truncated: strays.truncated,
            damaged: strays.damaged,
        }),
        seconds: rounded(outcome.took.as_secs_f64(), 3),
    })
}

fn target<'a>(asked: &'a Asked, tally: &'a Tally) -> TargetShape<'a> {
    let rtt = tally.rtt();
    let millis = |duration: Duration| rounded(duration.as_secs_f64() * 1_000.0, 4);
    let loss = loss(tally);
    TargetShape {
        address: asked.address,
        id: asked.id.as_deref(),
        sent: tally.sent(),
        received: tally.received(),
        loss: loss.map(|(ratio, _)| rounded(ratio, 6)),
        loss_interval: loss.map(|(_, (low, high))| [rounded(low, 6), rounded(high, 6)]),
        rtt_min_ms: rtt.map(|rtt| millis(rtt.min)),
        rtt_median_ms: rtt.map(|rtt| millis(rtt.median)),
        rtt_p95_ms: rtt.map(|rtt| millis(rtt.p95)),
        rtt_max_ms: rtt.map(|rtt| millis(rtt.max)),
        jitter_ms: rtt.and_then(|rtt| rtt.jitter).map(millis),
        ttl: tally.ttl,
        duplicates: tally.duplicates,
        out_of_order: tally.out_of_order,
        late: tally.late,
        truncated: tally.truncated,
        unsent: tally.unsent,
        unsent_why: tally.why.as_deref(),
        errors: tally
            .errors
            .iter()
            .map(|(complaint, times)| ErrorShape {
                router: complaint.router,
                r#type: complaint.kind,
                code: complaint.code,
                count: times.count,
                quoted_in_part: times.in_part,
            })
            .collect(),
    }
}

/// Returns a target's loss with its interval; `None` where no echo has ended.
fn loss(tally: &Tally) -> Option<(f64, (f64, f64))> {
    let (lost, sent) = (tally.lost(), tally.sent());
    (sent > 0).then(|| {
        let ratio = f64::from(lost) / f64::from(sent);
        (ratio, interval(lost, sent, ALPHA))
    })
}

/// Returns the head: by which socket, and what that one does not see.
#[must_use]
pub fn header(granted: Granted, form: Form, course: Course, words: &Words) -> String {
    let key = match (granted.engine, granted.kind) {
        (Engine::Precise, _) => "ping.precise",
        (Engine::Library, IcmpKind::Raw) => "ping.library",
        (Engine::Library, IcmpKind::Datagram) => "ping.datagram",
    };
    let count = course.count.map_or_else(
        || words.text("ping.endless").to_owned(),
        |count| count.to_string(),
    );
    let plan = words.with(
        "ping.plan",
        &[
            &form.size.to_string(),
            &count,
            &seconds(course.interval),
            &seconds(course.timeout),
        ],
    );
    format!("{}\n{plan}\n", words.text(key))
}

/// Returns the whole answer as text: a line a target, then all together.
#[must_use]
pub fn text(answer: Answer<'_>, is_quiet: bool, words: &Words) -> String {
    let Answer {
        targets, outcome, ..
    } = answer;
    let mut text = header(answer.granted, answer.form, answer.course, words);
    if !is_quiet {
        text.push('\n');
        text.push_str(&lines(targets, &outcome.tallies, words));
    }
    text.push('\n');
    text.push_str(&summary(outcome, words));
    text
}

fn lines(targets: &[Asked], tallies: &[Tally], words: &Words) -> String {
    let has_ids = targets.iter().any(|target| target.id.is_some());
    let mut heads = Vec::new();
    if has_ids {
        heads.push(head(words, "col.id", Side::Left));
    }
    heads.push(head(words, "col.address", Side::Left));
    for key in [
        "ping.back",
        "ping.loss",
        "ping.interval",
        "ping.min",
        "ping.median",
        "ping.p95",
        "ping.max",
        "ping.jitter",
    ] {
        heads.push(head(words, key, Side::Right));
    }
    heads.push(head(words, "ping.remarks", Side::Left));
    let mut table = Table::new(&heads);
    for (asked, tally) in targets.iter().zip(tallies) {
        let mut row = Vec::new();
        if has_ids {
            row.push(asked.id.clone().unwrap_or_default());
        }
        row.push(asked.address.to_string());
        row.push(format!("{}/{}", tally.received(), tally.sent()));
        match loss(tally) {
            Some((ratio, (low, high))) => row.extend([
                format!("{} %", percent(ratio)),
                format!("{}–{}", percent(low), percent(high)),
            ]),
            None => row.extend([String::new(), String::new()]),
        }
        match tally.rtt() {
            Some(rtt) => {
                row.extend([rtt.min, rtt.median, rtt.p95, rtt.max].map(millis));
                row.push(rtt.jitter.map(millis).unwrap_or_default());
            }
            None => row.extend(std::iter::repeat_n(String::new(), 5)),
        }
        row.push(remarks(tally, words).join("; "));
        table.row(row);
    }
    table.text("")
}

fn remarks(tally: &Tally, words: &Words) -> Vec<String> {
    let mut remarks: Vec<String> = tally
        .errors
        .iter()
        .take(NAMED)
        .map(|(complaint, times)| said(complaint, *times, words))
        .collect();
    let rest = tally.errors.len().saturating_sub(NAMED);
    let counts = [
        (rest as u64, "ping.more-errors"),
        (tally.duplicates.into(), "ping.duplicates"),
        (tally.out_of_order.into(), "ping.out-of-order"),
        (tally.late.into(), "ping.late"),
        (tally.truncated.into(), "ping.truncated"),
    ];
    for (count, key) in counts {
        if count > 0 {
            remarks.push(words.with(key, &[&count.to_string()]));
        }
    }
    if let Some(why) = &tally.why {
        let why = clean(why);
        remarks.push(words.with("ping.unsent", &[&tally.unsent.to_string(), &why]));
    }
    remarks
}

/// Returns what a router said, as a person would.
fn said(complaint: &Complaint, times: Times, words: &Words) -> String {
    let family = Family::of(complaint.router);
    let key = match (family, complaint.kind, complaint.code) {
        (Family::V4, 3, 4) | (Family::V6, 2, _) => "ping.error.too-big",
        (_, kind, code) => match refusal(family, kind, code) {
            Some(Refusal::Unreachable(0 | 6 | 11)) => "ping.error.net",
            Some(Refusal::Unreachable(1 | 7 | 12)) => "ping.error.host",
            Some(Refusal::Unreachable(2)) => "ping.error.protocol",
            Some(Refusal::Unreachable(3)) => "ping.error.port",
            Some(Refusal::Unreachable(9 | 10 | 13)) => "ping.error.prohibited",
            Some(Refusal::Unreachable(_)) => "ping.error.unreachable",
            Some(Refusal::TimeExceeded) => "ping.error.exceeded",
            None => "ping.error.other",
        },
    };
    let in_part = if times.in_part > 0 {
        format!(" {}", words.text("ping.in-part"))
    } else {
        String::new()
    };
    format!(
        "{}: {} ({}/{}) ×{}{in_part}",
        complaint.router,
        words.text(key),
        complaint.kind,
        complaint.code,
        times.count,
    )
}

fn summary(outcome: &Outcome, words: &Words) -> String {
    let tallies = &outcome.tallies;
    let sum = |of: fn(&Tally) -> u32| {
        tallies
            .iter()
            .map(|tally| u64::from(of(tally)))
            .sum::<u64>()
    };
    let (sent, lost) = (sum(Tally::sent), sum(Tally::lost));
    let is = |holds: fn(&Tally) -> bool| tallies.iter().filter(|tally| holds(tally)).count();
    let always = is(|tally| tally.sent() > 0 && tally.lost() == 0);
    let never = is(|tally| tally.sent() > 0 && tally.received() == 0);
    let unasked = is(|tally| tally.sent() == 0);
    let some = tallies.len() - always - never - unasked;
    let counts = [tallies.len(), always, some, never].map(|count| count.to_string());
    let mut text = words.with(
        "ping.targets",
        &[&counts[0], &counts[1], &counts[2], &counts[3]],
    );
    if unasked > 0 {
        text.push(' ');
        text.push_str(&words.with("ping.unasked", &[&unasked.to_string()]));
    }
    text.push('\n');
    let took = format!("{:.2}", outcome.took.as_secs_f64());
    let ratio = |of: u64| percent(of as f64 / sent.max(1) as f64);
    let narrow = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    let (low, high) = interval(narrow(lost), narrow(sent), ALPHA);
    if sent > 0 {
        text.push_str(&words.with(
            "ping.echoes",
            &[
                &lost.to_string(),
                &sent.to_string(),
                &ratio(lost),
                &percent(low),
                &percent(high),
                &took,
            ],
        ));
        text.push('\n');
    }
    if let Some(strays) = outcome.strays.filter(|strays| *strays != Strays::default()) {
        let counts = [
            strays.foreign,
            strays.late,
            strays.duplicate,
            strays.truncated,
            strays.damaged,
        ]
        .map(|count| count.to_string());
        let counts: Vec<&str> = counts.iter().map(String::as_str).collect();
        text.push_str(&words.with("ping.strays", &counts));
        text.push('\n');
    }
    text
}

/// Returns one line that says how far it is.
#[must_use]
pub fn progress(so_far: Progress, course: Course, targets: usize, words: &Words) -> String {
    let (sent, lost) = (so_far.sent.to_string(), so_far.lost.to_string());
    let received = so_far.received.to_string();
    match course.count {
        Some(count) => {
            let all = (u64::from(count) * targets as u64).to_string();
            words.with("ping.progress-of", &[&sent, &all, &received, &lost])
        }
        None => words.with("ping.progress", &[&sent, &received, &lost]),
    }
}

fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    let decimals = usize::from(percent != 0.0 && percent < 99.95);
    let decimals = if percent > 0.0 && percent < 0.1 {
        4
    } else {
        decimals
    };
    format!("{percent:.decimals$}")
}

/// Returns milliseconds with as many decimals as mean something.
fn millis(duration: Duration) -> String {
    let millis = duration.as_secs_f64() * 1_000.0;
    let decimals = if millis < 10.0 {
        3
    } else if millis < 100.0 {
        2
    } else {
        1
    };
    format!("{millis:.decimals$}")
}

fn seconds(duration: Duration) -> String {
    let seconds = rounded(duration.as_secs_f64(), 3);
    format!("{seconds} s")
}

fn rounded(value: f64, decimals: i32) -> f64 {
    let scale = 10_f64.powi(decimals);
    (value * scale).round() / scale
}
