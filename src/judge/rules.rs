//! The rules that the judge goes by: how often to ask, how long to wait, when loss is loss; pure.
//!
//! They are one value, so that the dashboard, `check` and `rehearse` take the same, and so that two sets can be
//! compared before one of them is used on a real network. The defaults are today's; each carries its reason
//! where it is used. What is read from a file is checked here, key by key: a rule set that could ask for ever or
//! never is refused.

use std::time::Duration;

/// All thresholds of the judge.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rules {
    /// Questions of an inquiry: with the silent round, so many and one in a row must be lost before a node
    /// counts as silent; more behind a link that is known to lose many.
    pub asks: u8,
    /// Time between two questions of an inquiry.
    pub spacing: Duration,
    /// Silent questions after which a suspect is serious and everybody is asked.
    pub census_after: u8,
    /// Everybody is asked at most this often.
    pub census_every: Duration,
    /// The least time that an inquiry takes.
    pub inquiry_least: Duration,
    /// The most.
    pub inquiry_most: Duration,
    /// Echoes that are remembered of each target.
    pub window: usize,
    /// A target is degraded from this lower bound of its loss on, 0..1.
    pub lossy_from: f64,
    /// It stays so until the upper bound is under this, 0..1.
    pub lossy_until: f64,
    /// And until so many echoes in a row have come back.
    pub lossy_clean: usize,
    /// A target flaps over this share of changes among its last results, 0..1.
    pub flapping_from: f64,
    /// It stays so until the share is under this, 0..1.
    pub flapping_until: f64,
    /// Silent polls in a row after which SNMP counts as silent.
    pub snmp_misses: u32,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            asks: 8,
            // Eight of them in about three seconds.
            spacing: Duration::from_millis(400),
            census_after: 3,
            census_every: Duration::from_secs(5),
            // The one question to everybody, its time-out, and a second silence after it.
            inquiry_least: Duration::from_millis(1_700),
            // By then every suspect of the first second has had all its questions.
            inquiry_most: Duration::from_secs(8),
            // Ten minutes at an interval of ten seconds.
            window: 60,
            lossy_from: 0.02,
            lossy_until: 0.10,
            lossy_clean: 20,
            flapping_from: 0.30,
            flapping_until: 0.25,
            snmp_misses: 2,
        }
    }
}

/// What a rule is written as.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Setting {
    /// A number of things, from and to which it may be.
    Count(u32, u32),
    /// A span of time, from and to which it may be.
    Span(Duration, Duration),
    /// A percentage, over 0 and under 100.
    Percent,
}

/// What a rule is given as.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the kinds of `Setting`")]
pub enum Given {
    Count(u32),
    Span(Duration),
    /// In percent.
    Percent(f64),
}

/// One rule that can be written in a file.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// Its key.
    pub key: &'static str,
    /// What it may be.
    pub setting: Setting,
    /// What it says, for the file.
    pub about: &'static str,
}

const fn count(key: &'static str, from: u32, to: u32, about: &'static str) -> Rule {
    Rule {
        key,
        setting: Setting::Count(from, to),
        about,
    }
}

const fn millis(key: &'static str, from: u64, to: u64, about: &'static str) -> Rule {
    Rule {
        key,
        setting: Setting::Span(Duration::from_millis(from), Duration::from_millis(to)),
        about,
    }
}

const fn percent(key: &'static str, about: &'static str) -> Rule {
    Rule {
        key,
        setting: Setting::Percent,
        about,
    }
}

/// Every rule that a file may hold, in the order of the file.
pub const RULES: &[Rule] = &[
    count(
        "asks",
        1,
        60,
        "questions to a suspect, all of which must stay unanswered",
    ),
    millis("spacing", 50, 10_000, "time between two of them"),
    count(
        "census-after",
        1,
        60,
        "silences of a suspect after which everybody is asked once",
    ),
    millis(
        "census-every",
        1_000,
        600_000,
        "everybody is asked at most this often",
    ),
    millis(
        "inquiry-least",
        100,
        60_000,
        "an inquiry takes at least this long",
    ),
    millis(
        "inquiry-most",
        1_000,
        600_000,
        "an inquiry takes at most this long",
    ),
    count(
        "window",
        10,
        600,
        "echoes that are remembered of each target",
    ),
    percent(
        "lossy-from",
        "degraded when loss is surely at least this (lower 95 % bound)",
    ),
    percent(
        "lossy-until",
        "and until it is surely under this (upper 95 % bound)",
    ),
    count(
        "lossy-clean",
        1,
        600,
        "and until so many echoes in a row have come back",
    ),
    percent(
        "flapping-from",
        "flapping over this share of changes in the last 21 results",
    ),
    percent("flapping-until", "and until the share is under this"),
    count(
        "snmp-misses",
        1,
        100,
        "silent polls in a row after which SNMP counts as silent",
    ),
];

/// Where a rule stands in a set.
enum Slot<'a> {
    Few(&'a mut u8),
    Count(&'a mut u32),
    Length(&'a mut usize),
    Span(&'a mut Duration),
    Ratio(&'a mut f64),
}

/// Why a rule cannot be taken over.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is its message")]
pub enum Improper {
    #[error("there is no rule `{0}`.")]
    Unknown(String),
    #[error("`{key}` must be {must}.")]
    Range { key: &'static str, must: String },
    #[error("`{low}` must not be more than `{high}`.")]
    Order {
        low: &'static str,
        high: &'static str,
    },
}

impl Setting {
    /// Returns what it may be, in words.
    #[must_use]
    pub fn must(self) -> String {
        match self {
            Self::Count(from, to) => format!("a whole number from {from} to {to}"),
            Self::Span(from, to) => format!("a span of time from {from:?} to {to:?}"),
            Self::Percent => "a percentage over 0 and under 100".to_owned(),
        }
    }

    fn admits(self, given: Given) -> bool {
        match (self, given) {
            (Self::Count(from, to), Given::Count(given)) => (from..=to).contains(&given),
            (Self::Span(from, to), Given::Span(given)) => (from..=to).contains(&given),
            (Self::Percent, Given::Percent(given)) => given > 0.0 && given < 100.0,
            _ => false,
        }
    }
}

impl Rules {
    fn slot(&mut self, key: &str) -> Option<Slot<'_>> {
        Some(match key {
            "asks" => Slot::Few(&mut self.asks),
            "spacing" => Slot::Span(&mut self.spacing),
            "census-after" => Slot::Few(&mut self.census_after),
            "census-every" => Slot::Span(&mut self.census_every),
            "inquiry-least" => Slot::Span(&mut self.inquiry_least),
            "inquiry-most" => Slot::Span(&mut self.inquiry_most),
            "window" => Slot::Length(&mut self.window),
            "lossy-from" => Slot::Ratio(&mut self.lossy_from),
            "lossy-until" => Slot::Ratio(&mut self.lossy_until),
            "lossy-clean" => Slot::Length(&mut self.lossy_clean),
            "flapping-from" => Slot::Ratio(&mut self.flapping_from),
            "flapping-until" => Slot::Ratio(&mut self.flapping_until),
            "snmp-misses" => Slot::Count(&mut self.snmp_misses),
            _ => return None,
        })
    }

    /// Returns one rule by its key; `None` where there is none.
    #[must_use]
    pub fn get(mut self, key: &str) -> Option<Given> {
        Some(match self.slot(key)? {
            Slot::Few(few) => Given::Count(u32::from(*few)),
            Slot::Count(count) => Given::Count(*count),
            Slot::Length(length) => Given::Count(u32::try_from(*length).unwrap_or(u32::MAX)),
            Slot::Span(span) => Given::Span(*span),
            Slot::Ratio(ratio) => Given::Percent(*ratio * 100.0),
        })
    }

    /// Takes over one rule by its key.
    pub fn set(&mut self, key: &str, given: Given) -> Result<(), Improper> {
        let unknown = || Improper::Unknown(key.to_owned());
        let rule = RULES.iter().find(|rule| rule.key == key);
        let rule = rule.ok_or_else(unknown)?;
        let range = || Improper::Range {
            key: rule.key,
            must: rule.setting.must(),
        };
        if !rule.setting.admits(given) {
            return Err(range());
        }
        match (self.slot(key).ok_or_else(unknown)?, given) {
            (Slot::Few(few), Given::Count(count)) => {
                *few = u8::try_from(count).map_err(|_| range())?;
            }
            (Slot::Count(slot), Given::Count(count)) => *slot = count,
            (Slot::Length(slot), Given::Count(count)) => *slot = count as usize,
            (Slot::Span(slot), Given::Span(span)) => *slot = span,
            (Slot::Ratio(slot), Given::Percent(percent)) => *slot = percent / 100.0,
            _ => return Err(range()),
        }
        Ok(())
    }

    /// Checks what several rules must be to each other.
    pub fn check(&self) -> Result<(), Improper> {
        let order = |holds: bool, low, high| {
            if holds {
                Ok(())
            } else {
                Err(Improper::Order { low, high })
            }
        };
        order(
            self.inquiry_least <= self.inquiry_most,
            "inquiry-least",
            "inquiry-most",
        )?;
        order(
            self.flapping_until <= self.flapping_from,
            "flapping-until",
            "flapping-from",
        )?;
        order(
            self.lossy_from <= self.lossy_until,
            "lossy-from",
            "lossy-until",
        )?;
        order(self.lossy_clean <= self.window, "lossy-clean", "window")?;
        order(self.census_after <= self.asks, "census-after", "asks")
    }
}
