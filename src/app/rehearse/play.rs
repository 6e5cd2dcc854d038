//! A scenario in virtual time: what it breaks, and when the monitor says so.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::app::reference::Reference;
use crate::app::rehearse::Setup;
use crate::app::rehearse::trial::Trial;
use crate::app::rehearse::truth::Sight;
use crate::app::rehearse::watch::causes;
use crate::lab::action::Action;
use crate::lab::fabric::Conduct;
use crate::lab::scenario::{Event, Scenario};
use crate::model::incident::{Incident, IncidentId, IncidentKind};
use crate::model::{AgencyId, Element, RiskId};

/// Virtual time after the last event: three polls of the ports, and room for an inquiry.
const TAIL: Duration = Duration::from_secs(200);

/// After an element is whole again, what is still said of it is late and not false.
const LINGERS: Duration = Duration::from_secs(200);

/// One thing that was broken, from one moment to another.
#[derive(Clone, Debug)]
pub struct Episode {
    /// What.
    pub element: Element,
    /// What was done to it, in the words of the lab.
    pub action: String,
    /// Whether it carried nothing at all.
    pub is_cut: bool,
    /// From when, since the beginning.
    pub from: Duration,
    /// Until when; `None` if it was never mended.
    pub until: Option<Duration>,
    /// Agencies cut off in the moment after it, by everything that was cut then.
    pub cut_off: usize,
    /// How long it took until it was named.
    pub named_after: Option<Duration>,
    /// The incident that named it.
    pub by: Option<IncidentId>,
    /// Whether what was named only looks exactly the same.
    pub is_alike: bool,
}

/// What came of a scenario.
#[derive(Clone, Debug)]
pub struct Played {
    /// What was true, in order of time.
    pub episodes: Vec<Episode>,
    /// What was said, by number, and whether it was ever about something that was broken.
    pub incidents: Vec<(Arc<Incident>, bool)>,
    /// When the recorded time began.
    pub began: jiff::Timestamp,
    /// Virtual time.
    pub time: Duration,
    /// Time of all agencies together that were cut off.
    pub outage: Duration,
    /// That part of it in which it was not said.
    pub missed: Duration,
    /// Readings, and those of them in which nothing was heard.
    pub readings: (u64, u64),
}

/// The members of every group.
type Risks = BTreeMap<RiskId, Vec<Element>>;

struct Play<'a> {
    sight: &'a Sight,
    risks: Risks,
    trial: Trial,
    began: Instant,
    episodes: Vec<Episode>,
    /// What is true now: the agencies that are cut off, and those of whom it is not said.
    cut_off: BTreeSet<AgencyId>,
    unsaid: usize,
    said: BTreeMap<IncidentId, (Arc<Incident>, bool)>,
    changes: Option<u64>,
    outage: Duration,
    missed: Duration,
}

impl Setup {
    /// Plays a scenario from a settled state, and tells what was true beside what was said.
    #[must_use]
    pub fn play(&self, reference: &Reference, scenario: &Scenario) -> Played {
        let sight = Sight::new(reference);
        let conduct = Conduct {
            convergence: scenario.convergence,
            ..Conduct::default()
        };
        let mut trial = self.world(reference, self.seed, conduct);
        trial.run_for(super::SETTLES);
        let mut play = Play {
            sight: &sight,
            risks: (reference.network.risks.iter())
                .map(|(id, risk)| (id.clone(), risk.members.clone()))
                .collect(),
            began: trial.now,
            episodes: Vec::new(),
            cut_off: BTreeSet::new(),
            unsaid: 0,
            said: BTreeMap::new(),
            changes: None,
            outage: Duration::ZERO,
            missed: Duration::ZERO,
            trial,
        };
        let (began, readings) = (play.trial.at, play.trial.readings);
        for event in &scenario.events {
            play.until(play.began + event.at);
            play.happens(event);
        }
        let last = scenario
            .events
            .last()
            .map_or(Duration::ZERO, |event| event.at);
        play.until(play.began + last + TAIL);
        let now = play.trial.readings;
        Played {
            episodes: play.episodes,
            incidents: play.said.into_values().collect(),
            began,
            time: play.trial.now - play.began,
            outage: play.outage,
            missed: play.missed,
            readings: (now.0 - readings.0, now.1 - readings.1),
        }
    }
}

impl Play<'_> {
    fn until(&mut self, end: Instant) {
        while self.trial.now < end {
            let before = self.trial.now;
            self.trial.step(end);
            let passed = self.trial.now - before;
            self.outage += passed * self.cut_off.len() as u32;
            self.missed += passed * self.unsaid as u32;
            self.look();
        }
    }

    fn happens(&mut self, event: &Event) {
        self.trial.act(&event.action);
        let at = event.at;
        let mut begin = |element: &Element, is_cut: bool| {
            self.episodes.push(Episode {
                element: element.clone(),
                action: event.action.to_string(),
                is_cut,
                from: at,
                until: None,
                cut_off: 0,
                named_after: None,
                by: None,
                is_alike: false,
            });
        };
        let ends = |episode: &Episode, which: &dyn Fn(&Element) -> bool| {
            episode.until.is_none() && which(&episode.element)
        };
        match &event.action {
            Action::Cut(elements) => elements.iter().for_each(|element| begin(element, true)),
            Action::Loss { element, loss } if loss.ratio > 0.0 => begin(element, false),
            Action::Impair { element, by } if !by.is_none() => begin(element, false),
            Action::Agent { node, .. } => begin(&Element::Node(node.clone()), false),
            Action::Loss { element, .. } | Action::Impair { element, .. } => {
                for episode in &mut self.episodes {
                    if !episode.is_cut && ends(episode, &|other| other == element) {
                        episode.until = Some(at);
                    }
                }
            }
            Action::Restore(elements) => {
                for episode in &mut self.episodes {
                    if ends(episode, &|element| elements.contains(element)) {
                        episode.until = Some(at);
                    }
                }
            }
            Action::RestoreAll => {
                for episode in &mut self.episodes {
                    episode.until.get_or_insert(at);
                }
            }
        }
        self.cut_off = self.sight.cut_off(&self.cut());
        for episode in &mut self.episodes {
            if episode.from == at {
                episode.cut_off = self.cut_off.len();
            }
        }
        self.changes = None;
        self.look();
    }

    /// Returns what carries nothing now.
    fn cut(&self) -> Vec<Element> {
        let open = self.episodes.iter();
        open.filter(|episode| episode.is_cut && episode.until.is_none())
            .map(|episode| episode.element.clone())
            .collect()
    }

    /// Looks at what is said now, if that has changed.
    fn look(&mut self) {
        let changes = self.trial.monitor.book().changes();
        if self.changes == Some(changes) {
            return;
        }
        self.changes = Some(changes);
        let at = self.trial.now - self.began;
        let mut open = self.trial.monitor.book().list();
        let ended: Vec<Arc<Incident>> = open
            .extract_if(.., |incident| incident.until.is_some())
            .collect();
        for incident in ended {
            if let Some((known, _)) = self.said.get_mut(&incident.id) {
                *known = incident;
            }
        }
        let cut = self.cut();
        let said = causes(self.trial.monitor.book(), 0);
        let first = said.iter().filter_map(|incident| incident.causes.first());
        let truth = self.sight.seen(&cut);
        let is_alike = !truth.is_nothing() && self.sight.seen(first) == truth;
        for episode in &mut self.episodes {
            if episode.named_after.is_some() || episode.until.is_some() {
                continue;
            }
            // Of a group that only loses, each member is a cause of its own.
            let names = |incident: &&Arc<Incident>| {
                incident.causes.contains(&episode.element)
                    || (!episode.is_cut
                        && are_about(&self.risks, &incident.causes, &episode.element))
            };
            let by = open.iter().find(names);
            if let Some(incident) = by {
                episode.by = Some(incident.id);
            } else if episode.is_cut && is_alike {
                episode.is_alike = true;
            } else {
                continue;
            }
            episode.named_after = Some(at.saturating_sub(episode.from));
        }
        for incident in &open {
            let is_about = (is_alike && incident.kind != IncidentKind::Loss)
                || self.episodes.iter().any(|episode| {
                    let is_over = episode.until.is_some_and(|until| at > until + LINGERS);
                    !is_over && are_about(&self.risks, &incident.causes, &episode.element)
                });
            let known = self
                .said
                .entry(incident.id)
                .or_insert_with(|| (incident.clone(), false));
            known.0 = incident.clone();
            known.1 |= is_about;
        }
        let is_said = |agency: &AgencyId| {
            open.iter().any(|incident| {
                incident.kind == IncidentKind::Monitor || incident.cut_off.contains(agency)
            })
        };
        self.unsaid = self
            .cut_off
            .iter()
            .filter(|agency| !is_said(agency))
            .count();
    }
}

/// Returns whether some causes are an element, or a member of it where it is a group.
fn are_about(risks: &Risks, causes: &[Element], element: &Element) -> bool {
    let members = match element {
        Element::Risk(risk) => risks.get(risk).map_or(&[][..], Vec::as_slice),
        Element::Node(_) | Element::Link(_) => &[],
    };
    let is_it = |cause: &Element| cause == element || members.contains(cause);
    causes.iter().any(is_it)
}
