//! The recent readings of one target in a fixed ring: loss with its interval, RTT, how often it changes.
//!
//! Loss is never a bare ratio: 2 of 16 lost is 12.5 %, and anything from 1.6 % to 38 %. The interval decides,
//! so that a short window cannot cry wolf.

use std::collections::VecDeque;
use std::time::Duration;

use crate::judge::rules::Rules;
use crate::model::health::{Loss, Rtt};
use crate::model::ratio::{at_least, interval};

/// Echoes that loss on the way is looked for in, at most: ten minutes at an interval of ten seconds.
pub const LENGTH: usize = 60;

/// One minus the confidence of all intervals that are shown.
const ALPHA: f64 = 0.05;

/// Results that flapping looks at, as in Nagios and its heirs.
const FLAP_LENGTH: u32 = 21;

/// The recent echoes of one target, oldest first.
#[derive(Clone, Debug, Default)]
pub struct Window {
    echoes: VecDeque<Option<Duration>>,
    lost: u32,
    /// The newest echoes as bits, the newest lowest; 1 is lost.
    newest: u64,
    /// The last results as bits, the newest lowest, and how many there are.
    results: u32,
    known: u32,
    flapping: bool,
    lossy: bool,
    /// What was weighed last, and whether it reaches the level: most echoes change nothing of it.
    weighed: Option<((u32, u32, f64), bool)>,
}

impl Window {
    /// Adds one echo: its RTT, or `None` for a loss.
    pub fn push(&mut self, rtt: Option<Duration>, rules: &Rules) {
        if self.echoes.len() >= rules.window && self.echoes.pop_front() == Some(None) {
            self.lost -= 1;
        }
        self.lost += u32::from(rtt.is_none());
        self.newest = self.newest << 1 | u64::from(rtt.is_none());
        self.echoes.push_back(rtt);
        self.note(rtt.is_some(), rules);
        self.judge_loss(rules);
    }

    /// Forgets the echoes and keeps the results: what is lost in an outage is not the quality of the line.
    pub fn forget(&mut self) {
        self.echoes.clear();
        self.lost = 0;
        self.newest = 0;
        self.lossy = false;
    }

    /// Notes a silent round of an outage: it counts for flapping, not for loss.
    pub fn miss(&mut self, rules: &Rules) {
        self.note(false, rules);
    }

    fn note(&mut self, answered: bool, rules: &Rules) {
        self.results = (self.results << 1 | u32::from(answered)) & ((1 << FLAP_LENGTH) - 1);
        self.known = (self.known + 1).min(FLAP_LENGTH);
        if self.known == FLAP_LENGTH {
            let changes = ((self.results ^ (self.results >> 1)) & ((1 << (FLAP_LENGTH - 1)) - 1))
                .count_ones();
            let share = f64::from(changes) / f64::from(FLAP_LENGTH - 1);
            // Two levels, so that the mark itself does not flap.
            self.flapping = if self.flapping {
                share >= rules.flapping_until
            } else {
                share > rules.flapping_from
            };
        }
    }

    fn judge_loss(&mut self, rules: &Rules) {
        let (sent, lost) = self.sent_and_lost();
        self.lossy = if self.lossy {
            let recent_loss = self
                .echoes
                .iter()
                .rev()
                .take(rules.lossy_clean)
                .any(Option::is_none);
            // The upper bound is under a level exactly when so few lost would be this unlikely at that level.
            recent_loss || 1.0 - at_least(lost + 1, sent, rules.lossy_until) >= ALPHA / 2.0
        } else {
            // The lower bound reaches a level exactly when so many lost would be this unlikely at that level.
            lost > 0 && self.reaches(lost, sent, rules.lossy_from)
        };
    }

    fn reaches(&mut self, lost: u32, sent: u32, level: f64) -> bool {
        let asked = (lost, sent, level);
        if let Some((known, reaches)) = self.weighed
            && known == asked
        {
            return reaches;
        }
        let reaches = at_least(lost, sent, level) <= ALPHA / 2.0;
        self.weighed = Some((asked, reaches));
        reaches
    }

    /// Returns whether loss makes the target degraded.
    ///
    /// By the usual rules it is once the lower 95 % bound reaches 2 %, until the upper bound is under 10 % and
    /// the last 20 echoes all came back.
    #[must_use]
    pub fn is_lossy(&self) -> bool {
        self.lossy
    }

    /// Returns whether it changes too often: over 30 % of the last 21 results, until under 25 %.
    #[must_use]
    pub fn is_flapping(&self) -> bool {
        self.flapping
    }

    /// Returns echoes sent and lost.
    #[must_use]
    pub fn sent_and_lost(&self) -> (u32, u32) {
        (self.echoes.len() as u32, self.lost)
    }

    /// Returns the newest echoes, at most `most`: sent and lost.
    #[must_use]
    pub fn newest(&self, most: usize) -> (u32, u32) {
        let sent = self.echoes.len().min(most);
        let lost = if sent < u64::BITS as usize {
            (self.newest & ((1 << sent) - 1)).count_ones()
        } else {
            let newest = self.echoes.iter().rev().take(sent);
            newest.filter(|echo| echo.is_none()).count() as u32
        };
        (sent as u32, lost)
    }

    /// Returns the same without the newest echo of all, if that was lost.
    #[must_use]
    pub fn before(&self, most: usize) -> (u32, u32) {
        if self.echoes.back() != Some(&None) {
            return self.newest(most);
        }
        let (sent, lost) = self.newest(most + 1);
        (sent - 1, lost - 1)
    }

    /// Returns loss with its exact 95 % interval; `None` before the first echo.
    #[must_use]
    pub fn loss(&self) -> Option<Loss> {
        let (sent, lost) = self.sent_and_lost();
        (sent > 0).then(|| {
            let (low, high) = interval(lost, sent, ALPHA);
            Loss {
                ratio: f64::from(lost) / f64::from(sent),
                low,
                high,
            }
        })
    }

    /// Returns RTT figures of the answered echoes; `None` before the first.
    #[must_use]
    pub fn rtt(&self) -> Option<Rtt> {
        let last = self.echoes.iter().rev().find_map(|echo| *echo)?;
        let mut sorted: Vec<Duration> = self.echoes.iter().filter_map(|echo| *echo).collect();
        sorted.sort_unstable();
        // The nearest rank, in hundredths.
        let at = |percent: usize| sorted[((sorted.len() - 1) * percent + 50) / 100];
        Some(Rtt {
            last,
            min: at(0),
            median: at(50),
            p95: at(95),
        })
    }

    /// Returns the echoes, oldest first; `None` is a loss.
    pub fn trail(&self) -> impl Iterator<Item = Option<Duration>> + '_ {
        self.echoes.iter().copied()
    }
}
