//! The only floor that joins rooms: readings in, one picture out.
//!
//! `Picture` is the whole truth at one moment and all that a face ever reads; `Command` is all that a face may
//! ask. A picture holds timestamps and no instants, so that it can be stored, sent and drawn anywhere.

pub mod check;
pub mod control;
pub mod discover;
pub mod doctor;
pub mod edit;
pub mod incident;
pub mod interfaces;
pub mod live;
pub mod memory;
pub mod monitor;
pub mod reckoning;
pub mod reference;
pub mod rehearse;
pub mod rules;
pub mod services;
pub mod settings;
pub mod survey;
pub mod sweep;
pub mod trace;
pub mod view;
pub mod work;
pub mod world;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::analysis::Weakness;
use crate::app::interfaces::Interfaces;
use crate::app::reckoning::Reckonings;
use crate::model::device::Device;
use crate::model::fault::Fault;
use crate::model::health::{Counts, Health, Marks, Why};
pub use crate::model::health::{Loss, Rtt, RttChange};
use crate::model::incident::{Incident, IncidentId};
use crate::model::network::{Network, Node};
use crate::model::{AgencyId, Element, NodeId};

/// Seconds of a quarter of an hour; quarters are counted from 1970.
pub const QUARTER: i64 = 900;

/// Where the monitor runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    /// On a real network.
    Live,
    /// In the emulated network: real sockets, nobody's devices.
    Lab,
    /// In process, without sockets: the kernel refused the lab its namespaces.
    Simulated,
}

/// The whole truth at one moment.
#[derive(Clone, Debug)]
pub struct Picture {
    /// When it was made.
    pub at: Timestamp,
    /// When the monitor began.
    pub began: Timestamp,
    /// Where the monitor runs.
    pub setting: Setting,
    /// The model that it judges by.
    pub network: Arc<Network>,
    /// What is weak in that model, as designed.
    pub weakness: Arc<Weakness>,
    /// The same in hours, as designed and as it was lately.
    pub reckonings: Reckonings,
    /// Every node that is asked, or at which an agency sits.
    pub nodes: BTreeMap<NodeId, Arc<NodeView>>,
    /// Open ones first, by severity (worst first) and start (oldest first); then ended ones, newest first, at
    /// most 200.
    pub incidents: Vec<Arc<Incident>>,
    /// Why an edited topology was not taken over; empty when the newest is in use.
    pub refused_edit: Arc<[Fault]>,
    /// What the lab says is broken now, in order; always empty on a real network.
    pub broken: Vec<Element>,
    /// Agencies cut off: the peak of each quarter of an hour, oldest first, at most 96; the last is that of `at`.
    /// `None` where nobody watched.
    pub cut_off_peaks: Vec<Option<u32>>,
    /// How the last round went.
    pub round: Round,
    /// Whether routers can be heard that answer in a target's place; not by datagram ICMP.
    pub hears_routers: bool,
}

/// How asking goes.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Round {
    /// Nodes that are asked.
    pub asked: usize,
    /// Nodes that answered their last question.
    pub answered: usize,
    /// Devices that are polled by SNMP.
    pub devices: usize,
    /// Devices that answered their last poll.
    pub devices_answered: usize,
    /// Questions that our own socket could not send, since the start.
    pub unsent: u64,
}

/// One node as it stands.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct NodeView {
    /// Its state.
    pub health: Health,
    /// Why it is degraded or unknown; `None` otherwise.
    pub why: Option<Why>,
    /// What is said of the state.
    pub marks: Marks,
    /// When the state began.
    pub since: Option<Timestamp>,
    /// When it was last heard.
    pub heard: Option<Timestamp>,
    /// When its last reading came, answer or silence.
    pub read: Option<Timestamp>,
    /// Echoes sent in the window (at most 60).
    pub sent: u32,
    /// Echoes lost in the window.
    pub lost: u32,
    /// Loss with its 95 % interval (Clopper-Pearson); `None` before the first echo.
    pub loss: Option<Loss>,
    /// RTT over the window; `None` before the first answer.
    pub rtt: Option<Rtt>,
    /// Its newest lasting change, for a day.
    pub rtt_change: Option<RttChange>,
    /// The newest readings of the window, oldest first; `None` is a loss.
    pub trail: Arc<[Option<Duration>]>,
    /// The incident that explains its silence.
    pub incident: Option<IncidentId>,
    /// What SNMP said last.
    pub device: Option<Arc<Device>>,
    /// Its interfaces beside what is declared of them.
    pub interfaces: Option<Arc<Interfaces>>,
    /// Whether SNMP answers; `None` where it is not asked or has not been yet.
    pub snmp_answers: Option<bool>,
}

/// What a face may ask of the monitor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Cut an element of the lab; refused on a real network.
    Cut(Element),
    /// Restore an element of the lab.
    Restore(Element),
    /// Restore everything in the lab.
    RestoreAll,
}

impl Picture {
    /// Returns a node's view, or the unknown one for a node that is never asked.
    #[must_use]
    pub fn node(&self, node: &NodeId) -> Arc<NodeView> {
        self.nodes.get(node).cloned().unwrap_or_default()
    }

    /// Returns an agency's view: that of the node it sits at.
    #[must_use]
    pub fn agency(&self, agency: &AgencyId) -> Arc<NodeView> {
        self.network
            .agencies
            .get(agency)
            .map(|agency| self.node(&agency.node))
            .unwrap_or_default()
    }

    /// Returns a node's state as it may be shown at `now`: unknown when its data are older than two rounds.
    #[must_use]
    pub fn health(&self, node: &NodeId, now: Timestamp) -> Health {
        let view = self.node(node);
        let Some(read) = view.read else {
            return Health::Unknown;
        };
        let limit = self
            .network
            .nodes
            .get(node)
            .map_or(Duration::from_secs(20), stale_after);
        let age = now.duration_since(read);
        if age > SignedDuration::try_from(limit).unwrap_or(SignedDuration::MAX) {
            Health::Unknown
        } else {
            view.health
        }
    }

    /// Counts agencies by the state that may be shown at `now`.
    #[must_use]
    pub fn counts(&self, now: Timestamp) -> Counts {
        Counts::of(
            self.network
                .agencies
                .values()
                .map(|agency| self.health(&agency.node, now)),
        )
    }

    /// Returns the age of the oldest state on the screen that should be fresh: the time since the newest reading.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<Duration> {
        let newest = self.nodes.values().filter_map(|view| view.read).max()?;
        Some(Duration::try_from(now.duration_since(newest)).unwrap_or(Duration::ZERO))
    }

    /// Returns the open incidents.
    pub fn open_incidents(&self) -> impl Iterator<Item = &Arc<Incident>> {
        self.incidents
            .iter()
            .filter(|incident| incident.until.is_none())
    }
}

/// Returns the age at which a node's data say nothing any more: two rounds, and the time-out of the second.
#[must_use]
pub fn stale_after(node: &Node) -> Duration {
    node.policy.ping_interval * 2 + node.policy.ping_timeout
}
