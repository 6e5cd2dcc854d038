//! Views: which network an analysis speaks of: the designed one, today's, or that of a maintenance.
//!
//! Today is the designed network without what is in an open maintenance and without what the last `check` concluded
//! to be down. That is knowledge of somebody else at another moment: it has an age, may be missing, and a sight
//! always says which, because a guess about today is worse than the plan.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use crate::app::memory::Memory;
use crate::model::incident::{Incident, IncidentId, IncidentKind};
use crate::model::network::Network;
use crate::model::{Element, MaintenanceId};

/// A check is old when as much time as this many of its rounds has passed.
const ROUNDS: i32 = 3;

/// The round that is assumed before two runs have shown theirs, and the shortest: two runs by hand within a minute
/// are no rhythm.
const SHORTEST_ROUND: SignedDuration = SignedDuration::from_mins(5);

/// The longest round: whoever checks once a day does not know what is down in the afternoon.
const LONGEST_ROUND: SignedDuration = SignedDuration::from_hours(1);

/// Which network is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum View {
    /// As designed: nothing is removed.
    Designed,
    /// Without what is in maintenance and what is down.
    Today,
    /// Without what a declared maintenance works on, whenever that is.
    Maintenance(MaintenanceId),
}

/// A network as a view has it: what is missing, why, and how well that is known.
#[derive(Clone, Debug, PartialEq)]
pub struct Sight {
    /// The view.
    pub view: View,
    /// What is missing, in order of kind and id.
    pub removed: Vec<Removed>,
    /// What is known of what is down.
    pub knowledge: Knowledge,
    /// Causes of open incidents that the topology no longer has, in order of the incidents; they are left out.
    pub gone: Vec<(IncidentId, Element)>,
}

/// Something that is missing, for one reason or both.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removed {
    /// What.
    pub element: Element,
    /// The maintenance that works on it.
    pub maintenance: Option<MaintenanceId>,
    /// The incident of which it is the cause.
    pub down: Option<Down>,
}

/// Why something is taken to be down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Down {
    /// The incident of the last check; the element is its first, most probable cause.
    pub incident: IncidentId,
    /// When it began.
    pub since: Timestamp,
    /// How many other elements may be the cause instead, as far as the check could tell.
    pub others: usize,
}

/// What is known of what is down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Knowledge {
    /// The view does not ask.
    Unneeded,
    /// No check has left its state.
    Never,
    /// The last check is too long ago, or did not write when it was.
    Old(Option<Timestamp>),
    /// The last check was itself cut off from the network.
    CutOff(Timestamp),
    /// By the check of this moment.
    Of(Timestamp),
}

impl View {
    /// Sees a network in this view at `now`, by what the last check left. A maintenance that does not exist
    /// removes nothing.
    #[must_use]
    pub fn see(&self, network: &Network, memory: Option<&Memory>, now: Timestamp) -> Sight {
        let mut sight = Sight {
            view: self.clone(),
            removed: Vec::new(),
            knowledge: Knowledge::Unneeded,
            gone: Vec::new(),
        };
        let mut removed = self.worked_on(network, now);
        if *self == Self::Today {
            sight.knowledge = Knowledge::of(memory, now);
            if let (Knowledge::Of(_), Some(memory)) = (sight.knowledge, memory) {
                let incidents: Vec<Incident> = memory.incidents().collect();
                sight.gone = add_down(&mut removed, network, &incidents);
            }
        }
        sight.removed = removed.into_values().collect();
        sight
    }

    /// Returns what a maintenance takes out in this view.
    fn worked_on(&self, network: &Network, now: Timestamp) -> BTreeMap<Element, Removed> {
        let mut removed: BTreeMap<Element, Removed> = BTreeMap::new();
        for maintenance in &network.maintenances {
            let counts = match self {
                Self::Designed => false,
                Self::Today => maintenance.is_open(now),
                Self::Maintenance(id) => maintenance.id == *id,
            };
            for element in maintenance.elements.iter().filter(|_| counts) {
                entry(&mut removed, element)
                    .maintenance
                    .get_or_insert_with(|| maintenance.id.clone());
            }
        }
        removed
    }

    /// Sees what an engineer expects who names no view: today where anything is known of it, else the design.
    #[must_use]
    pub fn usual(network: &Network, memory: Option<&Memory>, now: Timestamp) -> Sight {
        let today = Self::Today.see(network, memory, now);
        if today.knowledge == Knowledge::Never && today.removed.is_empty() {
            Self::Designed.see(network, memory, now)
        } else {
            today
        }
    }

    /// Returns the word of JSON and of the command line: `designed`, `today`, or the maintenance's id.
    #[must_use]
    pub fn word(&self) -> &str {
        match self {
            Self::Designed => "designed",
            Self::Today => "today",
            Self::Maintenance(id) => id.as_str(),
        }
    }
}

impl Sight {
    /// Sees a network as a monitor knows it at this moment, by its own incidents; those that ended are left out,
    /// and all of them while the monitor itself is cut off.
    #[must_use]
    pub fn live<'i>(
        network: &Network,
        incidents: impl Iterator<Item = &'i Incident>,
        now: Timestamp,
    ) -> Self {
        let open: Vec<&Incident> = incidents
            .filter(|incident| incident.until.is_none())
            .collect();
        let mut removed = View::Today.worked_on(network, now);
        let is_blind = |incident: &&Incident| incident.kind == IncidentKind::Monitor;
        let (knowledge, gone) = if open.iter().any(is_blind) {
            (Knowledge::CutOff(now), Vec::new())
        } else {
            let gone = add_down(&mut removed, network, open);
            (Knowledge::Of(now), gone)
        };
        Self {
            view: View::Today,
            removed: removed.into_values().collect(),
            knowledge,
            gone,
        }
    }

    /// Returns what is missing, without the reasons.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        self.removed
            .iter()
            .map(|each| each.element.clone())
            .collect()
    }
}

impl Knowledge {
    fn of(memory: Option<&Memory>, now: Timestamp) -> Self {
        let Some(memory) = memory else {
            return Self::Never;
        };
        let Some(at) = memory.at else {
            return Self::Old(None);
        };
        let round = memory
            .before
            .map_or(SHORTEST_ROUND, |before| at.duration_since(before))
            .clamp(SHORTEST_ROUND, LONGEST_ROUND);
        if now.duration_since(at) > round.saturating_mul(ROUNDS) {
            return Self::Old(Some(at));
        }
        let is_monitor = |kind| kind == IncidentKind::Monitor;
        if memory.incidents().any(|incident| is_monitor(incident.kind)) {
            Self::CutOff(at)
        } else {
            Self::Of(at)
        }
    }

    /// Returns the word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Unneeded => "unneeded",
            Self::Never => "never",
            Self::Old(_) => "old",
            Self::CutOff(_) => "cut_off",
            Self::Of(_) => "known",
        }
    }

    /// Returns when the check was.
    #[must_use]
    pub fn at(self) -> Option<Timestamp> {
        match self {
            Self::Unneeded | Self::Never => None,
            Self::Old(at) => at,
            Self::CutOff(at) | Self::Of(at) => Some(at),
        }
    }
}

fn entry<'r>(removed: &'r mut BTreeMap<Element, Removed>, element: &Element) -> &'r mut Removed {
    removed.entry(element.clone()).or_insert_with(|| Removed {
        element: element.clone(),
        maintenance: None,
        down: None,
    })
}

/// Adds the first cause of every open incident that takes something away; returns those that do not exist.
fn add_down<'i>(
    removed: &mut BTreeMap<Element, Removed>,
    network: &Network,
    incidents: impl IntoIterator<Item = &'i Incident>,
) -> Vec<(IncidentId, Element)> {
    let mut gone = Vec::new();
    for incident in incidents {
        // Loss on the way takes nothing away: what answers sometimes is still a path.
        if !matches!(
            incident.kind,
            IncidentKind::Outage | IncidentKind::Redundancy
        ) {
            continue;
        }
        let Some(cause) = incident.causes.first() else {
            continue;
        };
        if network.has(cause) {
            entry(removed, cause).down.get_or_insert(Down {
                incident: incident.id,
                since: incident.since,
                others: incident.causes.len() - 1,
            });
        } else {
            gone.push((incident.id, cause.clone()));
        }
    }
    gone.sort();
    gone
}
