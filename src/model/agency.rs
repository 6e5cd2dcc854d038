//! An agency: the organisation that is connected, and what people count.
//!
//! It is not a device. It sits at a node, often one of its own, and its state is that node's state.

use jiff::civil::{Time, Weekday};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::model::{AgencyId, AreaCode, NodeId};

/// Where an agency stands in the state.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The city itself.
    City,
    /// A commune or ward.
    Commune,
}

/// An organisation that is connected.
#[derive(Clone, Debug)]
pub struct Agency {
    /// The written id.
    pub id: AgencyId,
    /// The full name, NFC.
    pub name: String,
    /// City or commune.
    pub level: Level,
    /// What sort of agency: `people-committee`, `police`, ... free text in the topology.
    pub class: String,
    /// The commune or ward it lies in.
    pub area: Option<AreaCode>,
    /// The node it sits at: its own (same id) unless the TOML names another.
    pub node: NodeId,
    /// When its silence matters; `None` is always.
    pub hours: Option<String>,
    /// Importance in every ranking.
    pub weight: u32,
    /// Computers and their protection.
    pub endpoints: Endpoints,
    /// Whom to call.
    pub contact: Contact,
    /// Earlier ids, whose history this one keeps.
    pub was: Vec<String>,
}

/// What stands on the desks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Endpoints {
    /// Number of computers.
    pub computers: u32,
    /// The antivirus product, where one is registered.
    pub antivirus: Option<String>,
}

/// Whom to call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contact {
    /// A person or office.
    pub name: Option<String>,
    /// Telephone.
    pub phone: Option<String>,
    /// Mail.
    pub email: Option<String>,
}

/// Office hours: the days and the part of the day in which silence matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hours {
    /// The days, Monday first.
    pub days: Vec<Weekday>,
    /// First minute.
    pub from: Time,
    /// First minute after; not after `from` means that the window runs past midnight.
    pub to: Time,
}

impl Hours {
    /// Returns whether the window is open at `at`, in the network's own time zone.
    ///
    /// A window past midnight belongs to the day on which it began.
    #[must_use]
    pub fn are_open(&self, at: Timestamp, zone: &TimeZone) -> bool {
        let local = zone.to_datetime(at);
        let (day, time) = (local.weekday(), local.time());
        if self.from < self.to {
            return self.days.contains(&day) && self.from <= time && time < self.to;
        }
        (self.days.contains(&day) && time >= self.from)
            || (self.days.contains(&day.previous()) && time < self.to)
    }
}
