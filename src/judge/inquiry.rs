//! The inquiry: what happened, and until when to wait before anything is said; pure.
//!
//! Inquiries that overlap are one. Silences of one fault arrive over a whole round; naming a cause at each of
//! them would rename it on the way, so the verdict is taken once, on one set of facts.

use std::time::Instant;

use crate::judge::rules::Rules;
use crate::model::NodeId;

/// What an inquiry is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Matter {
    /// A node fell silent.
    Silent(NodeId),
    /// A silent node answered.
    Recovered(NodeId),
    /// A port changed its state.
    Port,
}

/// The open inquiry, if there is one.
#[derive(Clone, Debug, Default)]
pub struct Inquiry {
    matters: Vec<(Matter, Instant)>,
    opened: Option<Instant>,
    asked_all: Option<Instant>,
}

impl Inquiry {
    /// Adds a matter, whose first question left at `asked`; opens the inquiry if none is open.
    pub fn open(&mut self, matter: Matter, asked: Instant, now: Instant) {
        self.matters.push((matter, asked));
        self.opened.get_or_insert(now);
    }

    /// Forgets nodes that are not asked any more.
    pub fn retain(&mut self, keeps: impl Fn(&NodeId) -> bool) {
        self.matters.retain(|(matter, _)| match matter {
            Matter::Silent(node) | Matter::Recovered(node) => keeps(node),
            Matter::Port => true,
        });
    }

    /// Returns whether everybody may be asked now, and remembers that they are.
    pub fn may_ask_all(&mut self, now: Instant, rules: &Rules) -> bool {
        let may = self
            .asked_all
            .is_none_or(|last| now.saturating_duration_since(last) >= rules.census_every);
        if may {
            self.asked_all = Some(now);
        }
        may
    }

    /// Returns when to look again; `None` while no inquiry is open.
    #[must_use]
    pub fn deadline(&self, rules: &Rules) -> Option<Instant> {
        self.opened.map(|opened| opened + rules.inquiry_least)
    }

    /// Closes the inquiry if it may close now, and returns its matters.
    ///
    /// While it is `busy` (questions are under way that may change the verdict) it waits, up to its limit.
    pub fn close(
        &mut self,
        now: Instant,
        busy: bool,
        rules: &Rules,
    ) -> Option<Vec<(Matter, Instant)>> {
        let opened = self.opened?;
        if now < opened + rules.inquiry_least || (busy && now < opened + rules.inquiry_most) {
            return None;
        }
        self.opened = None;
        Some(std::mem::take(&mut self.matters))
    }
}
