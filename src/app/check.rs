//! One pass for cron: a sweep, the same inquiry as ever, a verdict.
//!
//! It goes through the same monitor as the dashboard, so the two can never disagree.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use crate::app::Picture;
use crate::model::health::{Counts, Health};
use crate::model::incident::{Incident, IncidentKind};
use crate::model::network::Network;

/// What a run of `check` says; the order is that of its exit codes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// 0.
    Ok,
    /// 1.
    Warning,
    /// 2.
    Critical,
    /// 3: could not tell.
    Unknown,
}

impl Verdict {
    /// Returns the exit code of a monitoring plugin.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Warning => 1,
            Self::Critical => 2,
            Self::Unknown => 3,
        }
    }

    /// Returns the word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Critical => "critical",
            Self::Unknown => "unknown",
        }
    }
}

/// What can be limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quantity {
    /// Agencies cut off by incidents that alarm.
    CutOff,
    /// Degraded agencies.
    Degraded,
    /// Agencies of which nothing is known, although they are asked.
    Unknown,
    /// The worst loss among agencies that answer, in percent.
    Loss,
    /// The 95th percentile of the agencies' RTT, in milliseconds.
    Rtt,
}

impl Quantity {
    /// All, in the order of the output.
    pub const ALL: [Self; 5] = [
        Self::CutOff,
        Self::Degraded,
        Self::Unknown,
        Self::Loss,
        Self::Rtt,
    ];

    /// Returns the label of the command line and of the performance data.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::CutOff => "cut_off",
            Self::Degraded => "degraded",
            Self::Unknown => "unknown",
            Self::Loss => "loss_p95",
            Self::Rtt => "rtt_p95",
        }
    }
}

/// When a quantity is too much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Limit {
    /// From this number on: `5`.
    From(f64),
    /// Outside (or, with `@`, inside) a range in the notation of monitoring plugins: `10:20`, `@10:20`, `~:5`.
    Range {
        /// Its lower end, included.
        low: f64,
        /// Its upper end, included.
        high: f64,
        /// Whether being inside is too much.
        inside: bool,
    },
}

impl Limit {
    /// Returns whether a value is too much.
    #[must_use]
    pub fn is_passed(self, value: f64) -> bool {
        match self {
            Self::From(limit) => value >= limit,
            Self::Range { low, high, inside } => (low <= value && value <= high) == inside,
        }
    }
}

impl std::fmt::Display for Limit {
    /// Writes a limit as performance data has it.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::From(limit) => write!(f, "{limit}"),
            Self::Range { low, high, inside } => {
                let at = if *inside { "@" } else { "" };
                let low = if low.is_infinite() {
                    "~".to_owned()
                } else {
                    low.to_string()
                };
                let high = if high.is_infinite() {
                    String::new()
                } else {
                    high.to_string()
                };
                write!(f, "{at}{low}:{high}")
            }
        }
    }
}

/// Why a text is not a limit.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadLimit {
    /// No `=`.
    #[error("`{0}` is not a limit; write NAME=NUMBER or NAME=RANGE, such as `cut_off=5`.")]
    Form(String),
    /// An unknown name.
    #[error("`{0}` cannot be limited; names are cut_off, degraded, unknown, loss_p95 and rtt_p95.")]
    Name(String),
    /// Not a number or range.
    #[error("`{0}` is not a number or range; write `5`, `10:20`, `@10:20` or `~:5`.")]
    Range(String),
}

/// A named limit as it is typed: `cut_off=5`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct NamedLimit(pub Quantity, pub Limit);

impl FromStr for NamedLimit {
    type Err = BadLimit;

    fn from_str(text: &str) -> Result<Self, BadLimit> {
        let (name, range) = text
            .split_once('=')
            .ok_or_else(|| BadLimit::Form(text.to_owned()))?;
        let short = |quantity: &Quantity| {
            quantity.word() == name || quantity.word().trim_end_matches("_p95") == name
        };
        let quantity = Quantity::ALL
            .into_iter()
            .find(short)
            .ok_or_else(|| BadLimit::Name(name.to_owned()))?;
        let bad = || BadLimit::Range(range.to_owned());
        let number = |text: &str| {
            text.trim_end_matches('%')
                .trim_end_matches("ms")
                .parse::<f64>()
                .ok()
                .filter(|n| n.is_finite())
        };
        let (inside, rest) = range
            .strip_prefix('@')
            .map_or((false, range), |rest| (true, rest));
        let limit = match rest.split_once(':') {
            None if !inside => Limit::From(number(rest).ok_or_else(bad)?),
            None => Limit::Range {
                low: 0.0,
                high: number(rest).ok_or_else(bad)?,
                inside,
            },
            Some((low, high)) => {
                let low = match low {
                    "~" => f64::NEG_INFINITY,
                    "" => 0.0,
                    low => number(low).ok_or_else(bad)?,
                };
                let high = if high.is_empty() {
                    f64::INFINITY
                } else {
                    number(high).ok_or_else(bad)?
                };
                if low > high {
                    return Err(bad());
                }
                Limit::Range { low, high, inside }
            }
        };
        Ok(Self(quantity, limit))
    }
}

/// The limits of one run.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// From when on it is a warning.
    pub warning: BTreeMap<Quantity, Limit>,
    /// From when on it is critical.
    pub critical: BTreeMap<Quantity, Limit>,
}

impl Limits {
    /// Returns limits with what was asked for over the defaults: one agency cut off is critical, one degraded
    /// a warning.
    #[must_use]
    pub fn new(warning: &[NamedLimit], critical: &[NamedLimit]) -> Self {
        let mut limits = Self {
            warning: BTreeMap::new(),
            critical: BTreeMap::new(),
        };
        for NamedLimit(quantity, limit) in warning {
            limits.warning.insert(*quantity, *limit);
        }
        for NamedLimit(quantity, limit) in critical {
            limits.critical.insert(*quantity, *limit);
        }
        // Each severity has its own default: `-c cut_off=20` alone still warns from one agency on.
        limits
            .critical
            .entry(Quantity::CutOff)
            .or_insert(Limit::From(1.0));
        limits
            .warning
            .entry(Quantity::CutOff)
            .or_insert(Limit::From(1.0));
        limits
            .warning
            .entry(Quantity::Degraded)
            .or_insert(Limit::From(1.0));
        limits
    }
}

/// What one run found.
#[derive(Clone, Debug)]
pub struct Checked {
    /// The verdict.
    pub verdict: Verdict,
    /// The picture at the end of the sweep.
    pub picture: Arc<Picture>,
    /// Agencies by state.
    pub counts: Counts,
    /// The measured quantities.
    pub values: BTreeMap<Quantity, f64>,
    /// What they were held against.
    pub limits: Limits,
    /// Incidents that alarm, worst first.
    pub alarms: Vec<Arc<Incident>>,
    /// Targets that were not asked before the deadline.
    pub not_asked: usize,
    /// How long the sweep took.
    pub sweep: Duration,
    /// The deadline it had.
    pub limit: Duration,
}

impl Checked {
    /// Takes the verdict on the picture at the end of a sweep; pure.
    ///
    /// Incidents in maintenance are shown and do not count. Critical goes before warning, that before unknown;
    /// but a monitor that is cut off itself can tell nothing.
    #[must_use]
    pub fn of(
        picture: Arc<Picture>,
        limits: Limits,
        not_asked: usize,
        sweep: Duration,
        limit: Duration,
    ) -> Self {
        let counts = picture.counts(picture.at);
        let alarms: Vec<Arc<Incident>> = picture
            .open_incidents()
            .filter(|incident| !incident.maintenance)
            .cloned()
            .collect();
        let values = values(&picture, &alarms);
        let passes = |limits: &BTreeMap<Quantity, Limit>| {
            limits.iter().any(|(quantity, limit)| {
                values
                    .get(quantity)
                    .is_some_and(|value| limit.is_passed(*value))
            })
        };
        let is_limited = |quantity| {
            limits.warning.contains_key(&quantity) || limits.critical.contains_key(&quantity)
        };
        let unknown = values.get(&Quantity::Unknown).copied().unwrap_or_default() > 0.0;
        let has =
            |kinds: &[IncidentKind]| alarms.iter().any(|incident| kinds.contains(&incident.kind));
        let verdict = if has(&[IncidentKind::Monitor]) {
            Verdict::Unknown
        } else if passes(&limits.critical) {
            Verdict::Critical
        } else if passes(&limits.warning) || has(&[IncidentKind::Redundancy, IncidentKind::Loss]) {
            Verdict::Warning
        } else if (unknown && !is_limited(Quantity::Unknown)) || not_asked > 0 {
            Verdict::Unknown
        } else {
            Verdict::Ok
        };
        Self {
            verdict,
            picture,
            counts,
            values,
            limits,
            alarms,
            not_asked,
            sweep,
            limit,
        }
    }
}

fn values(picture: &Picture, alarms: &[Arc<Incident>]) -> BTreeMap<Quantity, f64> {
    let network: &Network = &picture.network;
    let mut cut_off: Vec<_> = alarms
        .iter()
        .flat_map(|incident| incident.cut_off.iter())
        .collect();
    cut_off.sort_unstable();
    cut_off.dedup();
    let mut degraded = 0_usize;
    let mut unknown = 0_usize;
    let (mut losses, mut rtts) = (Vec::new(), Vec::new());
    for agency in network.agencies.values() {
        let view = picture.node(&agency.node);
        let is_asked = network
            .nodes
            .get(&agency.node)
            .is_some_and(|node| node.address.is_some() && !node.probe.is_empty());
        match picture.health(&agency.node, picture.at) {
            Health::Degraded if !view.marks.maintenance => degraded += 1,
            Health::Unknown if is_asked && agency.node != network.monitor && !view.marks.closed => {
                unknown += 1;
            }
            _ => {}
        }
        losses.extend(
            view.loss
                .map(|loss| loss.ratio * 100.0)
                .filter(|_| view.health != Health::Down),
        );
        rtts.extend(view.rtt.map(|rtt| rtt.p95.as_secs_f64() * 1000.0));
    }
    let mut values = BTreeMap::from([
        (Quantity::CutOff, cut_off.len() as f64),
        (Quantity::Degraded, degraded as f64),
        (Quantity::Unknown, unknown as f64),
    ]);
    values.extend(p95(losses).map(|value| (Quantity::Loss, value)));
    values.extend(p95(rtts).map(|value| (Quantity::Rtt, value)));
    values
}

fn p95(mut values: Vec<f64>) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    let last = values.len().checked_sub(1)?;
    values.get((last * 95 + 50) / 100).copied()
}
