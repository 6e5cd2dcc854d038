//! Going about: from row to row, cell to cell, into a detail and one step back.

use jiff::Timestamp;

use crate::app::Picture;
use crate::model::AgencyId;
use crate::model::health::Health;
use crate::tui::keys::Intent;
use crate::tui::screen::grid::Step;
use crate::tui::screen::ports::find;
use crate::tui::screen::rows::{self, Order, Search};
use crate::tui::screen::{Screen, Tab};

impl Screen {
    pub(super) fn enter(&mut self, picture: &Picture, now: Timestamp) {
        if self.open {
            return;
        }
        match self.tab {
            Tab::Overview => {
                let selected = self.agency.clone();
                if let Some(agency) = selected.or_else(|| self.worst(picture, now)) {
                    self.go(Tab::Agencies);
                    self.agency = Some(agency);
                    self.back = Some(Tab::Overview);
                } else {
                    return;
                }
            }
            Tab::Agencies => self.agency = self.selected_agency(picture, now),
            Tab::Weak => self.peril = self.selected_peril(picture),
            Tab::Incidents => self.incident = self.selected_incident(picture, now),
            Tab::Interfaces => self.port = self.selected_port(picture, now),
            Tab::WhatIf => return,
        }
        self.open = true;
        self.scroll = 0;
    }

    pub(super) fn step_back(&mut self, picture: &Picture, now: Timestamp) {
        if self.open {
            self.open = false;
            self.scroll = 0;
            if let Some(tab) = self.back.take() {
                self.tab = tab;
            }
        } else if self.tab == Tab::WhatIf {
            let back = self.back.take();
            self.go(back.unwrap_or(Tab::Overview));
        } else if !self.search(self.tab).text.is_empty() {
            let (search, fields) = self.search_mut();
            search.set("", fields);
            self.resort(picture, now);
        } else if self.problems && self.tab != Tab::Overview {
            self.problems = false;
            self.resort(picture, now);
        } else if self.tab == Tab::Overview {
            self.agency = None;
        } else {
            self.go(Tab::Overview);
        }
    }

    fn worst(&self, picture: &Picture, now: Timestamp) -> Option<AgencyId> {
        let order = (Order::State, false);
        rows::agencies(picture, &Search::default(), false, order, self.moment(now))
            .into_iter()
            .next()
    }

    pub(super) fn travel(&mut self, intent: Intent, picture: &Picture, now: Timestamp) {
        let step = match intent {
            Intent::Up => Step::Up,
            Intent::Down => Step::Down,
            Intent::Left => Step::Left,
            Intent::Right => Step::Right,
            Intent::PageUp => Step::PageUp,
            Intent::PageDown => Step::PageDown,
            Intent::First => Step::First,
            Intent::Last => Step::Last,
            _ => return,
        };
        let page = usize::from(self.size.1.saturating_sub(8)).max(1);
        if self.tab == Tab::Overview {
            let layout = self.layout(picture);
            self.agency = layout.grid.step(self.agency.as_ref(), step);
        } else if step == Step::Left {
            if self.open {
                self.step_back(picture, now);
            }
        } else if step == Step::Right {
            self.enter(picture, now);
        } else if self.open || self.tab == Tab::WhatIf {
            self.scroll = match step {
                Step::Up => self.scroll.saturating_sub(1),
                Step::Down => self.scroll + 1,
                Step::PageUp => self.scroll.saturating_sub(page),
                Step::PageDown => self.scroll + page,
                Step::First => 0,
                _ => usize::MAX / 2,
            };
            if self.tab == Tab::WhatIf {
                self.scroll = self.scroll.min(self.scenario.longest());
            }
        } else {
            match self.tab {
                Tab::Overview | Tab::WhatIf => {}
                Tab::Agencies => {
                    let rows = self.agency_rows(picture, now);
                    self.agency = moved(&rows, self.agency.as_ref(), step, page);
                }
                Tab::Weak => {
                    let rows = self.weak_rows(picture);
                    let rows: Vec<_> = rows.into_iter().map(|rank| rank.peril).collect();
                    self.peril = moved(&rows, self.peril.as_ref(), step, page);
                }
                Tab::Incidents => {
                    let rows = self.incident_rows(picture, now);
                    self.incident = moved(&rows, self.incident.as_ref(), step, page);
                }
                Tab::Interfaces => {
                    let rows = self.port_rows(picture, now);
                    self.port = moved(&rows, self.port.as_ref(), step, page);
                }
            }
        }
    }

    /// Goes to the next agency or interface that is not as it should be, around the end.
    pub(super) fn seek(&mut self, picture: &Picture, now: Timestamp, forward: bool) {
        let at = self.moment(now);
        let is_up = |id: &AgencyId| {
            let agency = picture.network.agencies.get(id);
            agency.is_none_or(|agency| picture.health(&agency.node, at) == Health::Up)
        };
        let found = match self.tab {
            Tab::Overview | Tab::Agencies => {
                let all: Vec<AgencyId> = if self.tab == Tab::Overview {
                    let layout = self.layout(picture);
                    layout.grid.agencies().into_iter().cloned().collect()
                } else {
                    self.agency_rows(picture, now)
                };
                let found = sought(all, self.agency.as_ref(), forward, |id| !is_up(id));
                found.map(|found| self.agency = Some(found))
            }
            Tab::Interfaces => {
                let all = self.port_rows(picture, now);
                let found = sought(all, self.port.as_ref(), forward, |key| {
                    find(picture, key, at).is_some_and(|row| row.is_problem())
                });
                found.map(|found| self.port = Some(found))
            }
            Tab::Weak | Tab::Incidents | Tab::WhatIf => return,
        };
        match found {
            Some(()) => self.scroll = 0,
            None if self.tab == Tab::Interfaces => {
                self.say("notice.no-problem-port", Vec::new(), now);
            }
            None => self.say("notice.no-problem", Vec::new(), now),
        }
    }
}

/// Returns the first row after the selected one, around the end, that is meant.
fn sought<T: PartialEq>(
    mut rows: Vec<T>,
    selected: Option<&T>,
    forward: bool,
    is_meant: impl Fn(&T) -> bool,
) -> Option<T> {
    if !forward {
        rows.reverse();
    }
    let here = rows.iter().position(|row| Some(row) == selected);
    let start = here.map_or(0, |here| here + 1).min(rows.len());
    rows.rotate_left(start);
    rows.into_iter().find(is_meant)
}

fn moved<T: Clone + PartialEq>(
    rows: &[T],
    selected: Option<&T>,
    step: Step,
    page: usize,
) -> Option<T> {
    let at = rows.iter().position(|row| Some(row) == selected);
    let at = at.unwrap_or(0);
    let to = match step {
        Step::Up => at.saturating_sub(1),
        Step::PageUp => at.saturating_sub(page),
        Step::Down => at + 1,
        Step::PageDown => at + page,
        Step::First => 0,
        Step::Last => usize::MAX,
        Step::Left | Step::Right => at,
    };
    rows.get(to.min(rows.len().saturating_sub(1))).cloned()
}
