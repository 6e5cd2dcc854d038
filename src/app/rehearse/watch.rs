//! What a monitor says while something is broken, compared with what is true, at every change of its mind.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::incident::Book;
use crate::app::rehearse::trial::Trial;
use crate::app::rehearse::truth::{Seen, Sight};
use crate::model::incident::{Incident, IncidentId, IncidentKind};
use crate::model::{AgencyId, Element};

/// How what was said fits what is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fit {
    /// Something true is not named.
    Missed,
    /// What is named would look exactly the same: no question of the monitor tells the two apart.
    Alike,
    /// Every true element is named in an incident of its own.
    Named,
}

/// What a trial said of one fault so far.
#[derive(Clone, Debug)]
pub struct Watch<'a> {
    sight: &'a Sight,
    truth: &'a [Element],
    /// The same with the members of groups: to blame one of them is too little, and not about nothing.
    broken: BTreeSet<Element>,
    seen: Seen,
    began: Instant,
    /// Incidents with higher numbers are of this fault's time.
    before: u32,
    changes: u64,
    /// How it fits now, and since when that has not been worse than alike.
    fit: Fit,
    since: Option<Instant>,
    /// Whether everything was named at some moment.
    pub(super) was_named: bool,
    /// The fault is mended: what comes now is judged, but changes nothing of what was said.
    is_over: bool,
    /// Agencies that are cut off and not said to be.
    unsaid: BTreeSet<AgencyId>,
    /// Agencies cut off.
    pub(super) cut_off: usize,
    /// Time of all agencies together until it was said that they are cut off.
    pub(super) missed: Duration,
    /// Incidents that were right at some moment.
    right: BTreeSet<IncidentId>,
    /// All others: what they blamed last.
    wrong: BTreeMap<IncidentId, Arc<Incident>>,
}

impl<'a> Watch<'a> {
    /// Begins to watch; the fault must have been introduced at this very moment.
    pub(super) fn of(sight: &'a Sight, truth: &'a [Element], trial: &Trial) -> Self {
        let unsaid = sight.cut_off(truth);
        Self {
            sight,
            truth,
            broken: sight.broken(truth),
            seen: sight.seen(truth),
            began: trial.now,
            before: trial.monitor.book().last(),
            changes: trial.monitor.book().changes(),
            fit: Fit::Missed,
            since: None,
            was_named: false,
            is_over: false,
            cut_off: unsaid.len(),
            unsaid,
            missed: Duration::ZERO,
            right: BTreeSet::new(),
            wrong: BTreeMap::new(),
        }
    }

    /// Looks at what the trial says now; cheap while nothing has changed.
    pub(super) fn look(&mut self, trial: &Trial) {
        let book = trial.monitor.book();
        if book.changes() == self.changes {
            return;
        }
        self.changes = book.changes();
        let fit = self.fits(book);
        if !self.is_over {
            self.fit = fit;
            if fit == Fit::Missed {
                self.since = None;
            } else {
                self.since.get_or_insert(trial.now);
                self.was_named = true;
            }
        }
        let passed = trial.now - self.began;
        for incident in self.new_ones(book) {
            if fit > Fit::Missed || self.is_about(&incident) {
                self.wrong.remove(&incident.id);
                self.right.insert(incident.id);
            } else if !self.right.contains(&incident.id) {
                self.wrong.insert(incident.id, incident.clone());
            }
            let said: Vec<AgencyId> = match incident.kind {
                IncidentKind::Monitor => self.unsaid.iter().cloned().collect(),
                _ => incident.cut_off.clone(),
            };
            for agency in said {
                if self.unsaid.remove(&agency) {
                    self.missed += passed;
                }
            }
        }
    }

    /// Says that the fault is mended: whom nobody has spoken of until now counts for the whole time.
    pub(super) fn end(&mut self, trial: &Trial) {
        let passed = trial.now - self.began;
        self.missed += passed * u32::try_from(self.unsaid.len()).unwrap_or(u32::MAX);
        self.unsaid.clear();
        self.is_over = true;
    }

    /// Returns how it fits now.
    pub(super) fn fit(&self) -> Fit {
        self.fit
    }

    /// Returns when everything was named, if it has stayed so until now.
    pub(super) fn since(&self) -> Option<Instant> {
        self.since
    }

    /// Returns how long that took.
    pub(super) fn named_after(&self) -> Option<Duration> {
        self.since.map(|since| since - self.began)
    }

    /// Returns what the trial blames now: one cause for each open incident but those of loss.
    pub(super) fn said(&self, trial: &Trial) -> Vec<Arc<Incident>> {
        causes(trial.monitor.book(), self.before)
    }

    /// Returns how many silences and ports what is said would change.
    pub(super) fn differs(&self, trial: &Trial) -> (usize, usize) {
        let said = self.said(trial);
        let first = said.iter().filter_map(|incident| incident.causes.first());
        self.seen.differs(&self.sight.seen(first))
    }

    /// Returns the incidents that were never right, in order of number; loss is told apart by its kind.
    pub(super) fn wrong(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.wrong.values()
    }

    fn new_ones(&self, book: &Book) -> Vec<Arc<Incident>> {
        let mut list = book.list();
        list.retain(|incident| incident.id.0 > self.before && incident.until.is_none());
        list
    }

    fn is_about(&self, incident: &Incident) -> bool {
        incident
            .causes
            .iter()
            .any(|cause| self.broken.contains(cause))
    }

    fn fits(&self, book: &Book) -> Fit {
        let said = causes(book, self.before);
        if said.is_empty() {
            return Fit::Missed;
        }
        if are_all_named(self.truth, &said) {
            return Fit::Named;
        }
        let is_monitor = said
            .iter()
            .any(|incident| incident.kind == IncidentKind::Monitor);
        let first = said.iter().filter_map(|incident| incident.causes.first());
        if (is_monitor && self.sight.is_total(&self.seen)) || self.sight.seen(first) == self.seen {
            Fit::Alike
        } else {
            Fit::Missed
        }
    }
}

/// Returns the open incidents with numbers over `before` that name a cause of silences or ports.
pub(super) fn causes(book: &Book, before: u32) -> Vec<Arc<Incident>> {
    let mut said = book.list();
    said.retain(|incident| {
        incident.until.is_none() && incident.kind != IncidentKind::Loss && incident.id.0 > before
    });
    said
}

/// Returns whether every true element stands in an incident of its own.
fn are_all_named(truth: &[Element], said: &[Arc<Incident>]) -> bool {
    let Some((first, rest)) = truth.split_first() else {
        return true;
    };
    (0..said.len()).any(|place| {
        said[place].causes.contains(first) && {
            let mut others = said.to_vec();
            others.remove(place);
            are_all_named(rest, &others)
        }
    })
}
