//! Which rows there are, in an order that rests while keys are pressed, and which of them is selected.
//!
//! A selection is an id and not a row, so it follows its item wherever sorting takes it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::app::Picture;
use crate::model::AgencyId;
use crate::model::incident::IncidentId;
use crate::tui::screen::ports::{self, PortKey};
use crate::tui::screen::ranks::Peril;
use crate::tui::screen::{Screen, Tab, rows};

/// Rows keep their order for this long after a key.
const SETTLE: SignedDuration = SignedDuration::from_secs(5);
/// Rows are sorted at most this often: a commune that falls silent would change their order for ten seconds.
const RESORT: SignedDuration = SignedDuration::from_secs(5);
/// After a sort that moved many rows the next waits for this long: nobody reads faster, and over a slow line
/// every such sort is a whole screen.
const RESORT_AFTER_MANY: SignedDuration = SignedDuration::from_secs(10);
/// So many rows of one screen are many.
const MANY: usize = 8;

/// Rows in the order that is kept for a while.
#[derive(Clone, Debug)]
pub(super) struct Settled<T> {
    rows: Vec<T>,
    /// When they were sorted.
    sorted: Timestamp,
    /// How long they stay as they are without a key.
    rest: SignedDuration,
    /// When a key was last pressed; `None` before the first.
    pressed: Option<Timestamp>,
}

impl<T: PartialEq> Settled<T> {
    fn holds(&self, now: Timestamp) -> bool {
        let pressed = self
            .pressed
            .is_some_and(|pressed| now.duration_since(pressed) < SETTLE);
        pressed || now.duration_since(self.sorted) < self.rest
    }

    /// Settles rows that were just sorted, after others of which `page` were seen.
    fn after(before: Option<&Self>, rows: Vec<T>, page: usize, now: Timestamp) -> Self {
        let moved = before.map_or(0, |before| {
            let seen = before.rows.iter().zip(&rows).take(page);
            seen.filter(|(before, now)| before != now).count()
        });
        Self {
            rows,
            sorted: now,
            rest: if moved > MANY {
                RESORT_AFTER_MANY
            } else {
                RESORT
            },
            pressed: None,
        }
    }

    /// Settles rows that were sorted for a key.
    fn pressed(rows: Vec<T>, now: Timestamp) -> Self {
        Self {
            rows,
            sorted: now,
            rest: RESORT,
            pressed: Some(now),
        }
    }
}

/// Returns whether rows are still to be kept as they are.
fn holds<T: PartialEq>(settled: Option<&Settled<T>>, now: Timestamp) -> bool {
    settled.is_some_and(|settled| settled.holds(now))
}

impl Screen {
    /// Returns the agencies of the list in the order of its rows.
    #[must_use]
    pub fn agency_rows(&self, picture: &Picture, now: Timestamp) -> Vec<AgencyId> {
        let mut rows = match &self.settled {
            Some(settled) if settled.holds(now) => {
                let mut rows = settled.rows.clone();
                rows.retain(|id| picture.network.agencies.contains_key(id));
                rows
            }
            _ => self.sorted(picture, now),
        };
        if let Some(pinned) = &self.pinned
            && picture.network.agencies.contains_key(pinned)
        {
            rows.retain(|id| id != pinned);
            rows.insert(0, pinned.clone());
        }
        rows
    }

    fn sorted(&self, picture: &Picture, now: Timestamp) -> Vec<AgencyId> {
        rows::agencies(
            picture,
            &self.searches[0],
            self.problems,
            self.order,
            self.moment(now),
        )
    }

    /// Returns the interfaces of the list in the order of its rows.
    #[must_use]
    pub fn port_rows(&self, picture: &Picture, now: Timestamp) -> Vec<PortKey> {
        match &self.settled_ports {
            Some(settled) if settled.holds(now) => {
                let mut rows = settled.rows.clone();
                rows.retain(|key| ports::find(picture, key, now).is_some());
                rows
            }
            _ => self.sorted_ports(picture, now),
        }
    }

    fn sorted_ports(&self, picture: &Picture, now: Timestamp) -> Vec<PortKey> {
        let at = self.moment(now);
        let search = self.search(Tab::Interfaces);
        ports::ports(picture, search, self.problems, self.port_order, at)
    }

    /// Sorts the rows anew where that is due; to be called before a frame is drawn.
    pub fn refresh(&mut self, newest: &Arc<Picture>, now: Timestamp) {
        let page = usize::from(self.size.1);
        if self.tab == Tab::Interfaces {
            if !holds(self.settled_ports.as_ref(), now) {
                let picture = Arc::clone(self.shown(newest));
                let rows = self.sorted_ports(&picture, now);
                let before = self.settled_ports.as_ref();
                self.settled_ports = Some(Settled::after(before, rows, page, now));
            }
        } else if !holds(self.settled.as_ref(), now) {
            let picture = Arc::clone(self.shown(newest));
            let rows = self.sorted(&picture, now);
            let before = self.settled.as_ref();
            self.settled = Some(Settled::after(before, rows, page, now));
        }
    }

    /// Keeps the rows as they are for as long as keys are pressed.
    pub(super) fn settle(&mut self, picture: &Picture, now: Timestamp) {
        let is_held = if self.tab == Tab::Interfaces {
            let held = self.settled_ports.as_mut().filter(|held| held.holds(now));
            held.map(|held| held.pressed = Some(now)).is_some()
        } else {
            let held = self.settled.as_mut().filter(|held| held.holds(now));
            held.map(|held| held.pressed = Some(now)).is_some()
        };
        if !is_held {
            self.resort(picture, now);
        }
    }

    pub(super) fn resort(&mut self, picture: &Picture, now: Timestamp) {
        if self.tab == Tab::Interfaces {
            self.settled_ports = Some(Settled::pressed(self.sorted_ports(picture, now), now));
            // What is filtered or kept here is another list's business there.
            self.settled = None;
        } else {
            self.settled = Some(Settled::pressed(self.sorted(picture, now), now));
            self.settled_ports = None;
        }
    }

    /// Returns the interface that a key would act on.
    #[must_use]
    pub fn selected_port(&self, picture: &Picture, now: Timestamp) -> Option<PortKey> {
        if self.open {
            let known = |key: &&PortKey| ports::find(picture, key, now).is_some();
            return self.port.as_ref().filter(known).cloned();
        }
        chosen(&self.port_rows(picture, now), self.port.as_ref())
    }

    /// Returns the agency that a key would act on.
    #[must_use]
    pub fn selected_agency(&self, picture: &Picture, now: Timestamp) -> Option<AgencyId> {
        let known = |id: &&AgencyId| picture.network.agencies.contains_key(*id);
        if self.tab == Tab::Overview || self.open {
            return self.agency.as_ref().filter(known).cloned();
        }
        chosen(&self.agency_rows(picture, now), self.agency.as_ref())
    }

    /// Returns what a key would act on, on Weak.
    #[must_use]
    pub fn selected_peril(&self, picture: &Picture) -> Option<Peril> {
        let rows = self.weak_rows(picture);
        let perils: Vec<Peril> = rows.into_iter().map(|rank| rank.peril).collect();
        chosen(&perils, self.peril.as_ref())
    }

    /// Returns the incident that a key would act on.
    #[must_use]
    pub fn selected_incident(&self, picture: &Picture, now: Timestamp) -> Option<IncidentId> {
        chosen(&self.incident_rows(picture, now), self.incident.as_ref())
    }
}

/// Returns the selected one of some rows: the first where the selected is not among them.
fn chosen<T: Clone + PartialEq>(rows: &[T], selected: Option<&T>) -> Option<T> {
    selected
        .filter(|selected| rows.contains(selected))
        .or(rows.first())
        .cloned()
}
