//! The five states, which sum to the total, and the marks, which are counted apart.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

/// State of a target, a node or an agency.
///
/// The order is that of trouble, the worst last; lists of problems sort by it, reversed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Health {
    /// The last round was answered.
    Up,
    /// Never asked, could not be asked, data too old, or the monitor itself is cut off.
    #[default]
    Unknown,
    /// Answers, but with loss, late, or to ping only.
    Degraded,
    /// Silent, and a named cause in front of it explains it.
    Shadowed,
    /// Silent in a round and in the whole inquiry after it, and nothing in front of it explains it.
    Down,
}

impl Health {
    /// All states, best first.
    pub const ALL: [Self; 5] = [
        Self::Up,
        Self::Unknown,
        Self::Degraded,
        Self::Shadowed,
        Self::Down,
    ];

    /// Returns the word of JSON, TOML and filters.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Unknown => "unknown",
            Self::Degraded => "degraded",
            Self::Shadowed => "shadowed",
            Self::Down => "down",
        }
    }
}

/// Why a node is degraded or unknown: a value, which the faces put into words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// Nobody asks it.
    NeverAsked,
    /// Our own socket could not send to it.
    Unsent,
    /// It has not answered yet.
    Unheard,
    /// It fell silent and is being asked again.
    AskedAgain,
    /// It is outside its office hours.
    Closed,
    /// The monitor itself is cut off.
    MonitorCutOff,
    /// Echoes are lost.
    Loss,
    /// The median round trip is longer than its policy allows.
    Slow,
    /// Ping is silent while SNMP answers.
    PingSilent,
    /// SNMP is silent while ping answers.
    SnmpSilent,
}

impl Why {
    /// All reasons.
    pub const ALL: [Self; 10] = [
        Self::NeverAsked,
        Self::Unsent,
        Self::Unheard,
        Self::AskedAgain,
        Self::Closed,
        Self::MonitorCutOff,
        Self::Loss,
        Self::Slow,
        Self::PingSilent,
        Self::SnmpSilent,
    ];
}

/// What is said of a state without changing it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "five independent marks, each true or not"
)]
pub struct Marks {
    /// Its node, or what it depends on, is in a declared maintenance.
    pub maintenance: bool,
    /// A person has taken its incident.
    pub acknowledged: bool,
    /// It changes too often: over 30 % of the last 21 results, until under 25 %.
    pub flapping: bool,
    /// It limits its echo replies: what it does not answer is not lost on the way.
    pub policed: bool,
    /// Outside its office hours: silence is unknown, not down.
    pub closed: bool,
}

/// How many are in each state; the five sum to the total.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub total: usize,
    /// Up.
    pub up: usize,
    /// Degraded.
    pub degraded: usize,
    /// Down.
    pub down: usize,
    /// Shadowed.
    pub shadowed: usize,
    /// Unknown.
    pub unknown: usize,
}

impl Counts {
    /// Counts states.
    pub fn of(states: impl IntoIterator<Item = Health>) -> Self {
        let mut counts = Self::default();
        for health in states {
            counts.total += 1;
            *match health {
                Health::Up => &mut counts.up,
                Health::Degraded => &mut counts.degraded,
                Health::Down => &mut counts.down,
                Health::Shadowed => &mut counts.shadowed,
                Health::Unknown => &mut counts.unknown,
            } += 1;
        }
        counts
    }
}

/// A ratio of lost echoes with its exact 95 % interval; all 0..1.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Loss {
    pub ratio: f64,
    pub low: f64,
    pub high: f64,
}

/// Round trip times of a window.
#[derive(Clone, Copy, Debug, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rtt {
    pub last: Duration,
    pub min: Duration,
    pub median: Duration,
    pub p95: Duration,
}

/// A change of the round trip that lasts.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RttChange {
    /// When it began.
    pub since: Timestamp,
    /// The median before it.
    pub before: Duration,
    /// The median since.
    pub after: Duration,
}

impl RttChange {
    /// Returns the change as a share of what was before: 0.5 for 10 ms that became 15.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.after.as_secs_f64() / self.before.as_secs_f64().max(1e-6) - 1.0
    }
}
