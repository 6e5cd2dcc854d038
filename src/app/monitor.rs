//! The monitor: readings in, questions and one picture out; pure, so that a day of it runs in seconds.
//!
//! It joins what the wings know: the judge says who is silent, the locator which fault explains it, the book
//! which incident that is. A cause is named when an inquiry closes and at no other moment.

pub mod conclude;
pub mod hints;
pub mod interfaces;
pub mod loss;
pub mod picture;
pub mod policing;
pub mod ports;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Instant;

use jiff::Timestamp;

use crate::analysis::lossy::Laid;
use crate::app::incident::{Book, Finding};
use crate::app::monitor::hints::Hints;
use crate::app::monitor::interfaces::Gauges;
use crate::app::monitor::policing::Policing;
use crate::app::monitor::ports::Layout;
use crate::app::reckoning::Reckonings;
use crate::app::reference::Reference;
use crate::app::view::Sight;
use crate::app::work::worked_on;
use crate::app::{NodeView, QUARTER, Setting};
use crate::graph::NodeIx;
use crate::judge::inquiry::Matter;
use crate::judge::rules::Rules;
use crate::judge::{Closed, Judge, Phase, Pulse, Seat};
use crate::model::fault::Fault;
use crate::model::health::{Health, Why};
use crate::model::incident::IncidentId;
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::{Method, Target, TargetId};
use crate::model::{AgencyId, Element, LinkId, NodeId, Register};

/// Quarters of an hour in a day.
const QUARTERS: i64 = 96;

/// The monitor's state.
#[derive(Clone, Debug)]
pub struct Monitor {
    reference: Reference,
    setting: Setting,
    began: Timestamp,
    judge: Judge,
    /// By place in the graph: where the judge keeps a node.
    seats: Vec<Option<Seat>>,
    book: Book,
    polled: BTreeSet<NodeId>,
    ports: Register<(NodeId, LinkId), Port>,
    /// By place in the graph: which of these each interface of a device is.
    layouts: Vec<Layout>,
    pending: BTreeSet<TargetId>,
    pending_until: Option<Instant>,
    asked_ports: BTreeSet<NodeId>,
    verdicts: BTreeMap<NodeId, Verdict>,
    findings: Vec<Finding>,
    numbers: Vec<IncidentId>,
    mute: BTreeSet<NodeId>,
    was_mute: bool,
    /// When loss is looked for again.
    loss_again: Option<Instant>,
    /// Whose ways were laid out for that, and the ways.
    laid: Option<(Vec<NodeIx>, Laid)>,
    views: BTreeMap<NodeId, Arc<NodeView>>,
    /// By place in the graph: whose view is computed anew for the next picture.
    stale: Vec<bool>,
    special: Special,
    /// Agencies cut off at most, by quarter of an hour since 1970.
    peaks: BTreeMap<i64, u32>,
    /// The newest of these quarters.
    quarter: Option<i64>,
    unsent: u64,
    broken: Vec<Element>,
    refused_edit: Arc<[Fault]>,
    reckonings: Reckonings,
    hints: Hints,
    policing: Policing,
    gauges: Gauges,
    hears_routers: bool,
}

/// A declared port as its device last reported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Port {
    up: bool,
    asked: Instant,
    changed: Instant,
    /// It was down, and something at its link has come back since: only the next poll tells.
    doubtful: bool,
}

/// What was concluded about a silent node.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Verdict {
    health: Health,
    why: Option<Why>,
    finding: Option<usize>,
}

/// What the wall clock decides, and what it was when it was last looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Special {
    /// The minute for which it holds, since 1970.
    minute: i64,
    /// Opening hours outside which it is.
    shut: BTreeSet<String>,
    /// Nodes outside their office hours.
    closed: BTreeSet<NodeId>,
    /// Elements in an open maintenance, risk groups with their members.
    worked_on: BTreeSet<Element>,
}

impl Monitor {
    /// Makes a monitor by the usual rules that has heard nothing yet; `book` carries on what an earlier run left.
    #[must_use]
    pub fn new(reference: Reference, setting: Setting, book: Book, at: Timestamp) -> Self {
        Self::with_rules(reference, Rules::default(), setting, book, at)
    }

    /// Makes a monitor that judges by `rules`.
    #[must_use]
    pub fn with_rules(
        reference: Reference,
        rules: Rules,
        setting: Setting,
        book: Book,
        at: Timestamp,
    ) -> Self {
        let targets = reference.network.targets();
        let judge = Judge::new(&targets, rules);
        let mut monitor = Self {
            seats: seats(&judge, &reference),
            judge,
            polled: polled(&targets),
            layouts: vec![Layout::default(); reference.graph.node_count()],
            setting,
            began: at,
            book,
            ports: Register::default(),
            pending: BTreeSet::new(),
            pending_until: None,
            asked_ports: BTreeSet::new(),
            verdicts: BTreeMap::new(),
            findings: Vec::new(),
            numbers: Vec::new(),
            mute: BTreeSet::new(),
            was_mute: false,
            loss_again: None,
            laid: None,
            views: BTreeMap::new(),
            stale: Vec::new(),
            special: Special::at(&reference, at),
            peaks: BTreeMap::new(),
            quarter: None,
            unsent: 0,
            broken: Vec::new(),
            refused_edit: Arc::from([]),
            reckonings: Reckonings::default(),
            hints: Hints::default(),
            policing: Policing::new(&reference),
            gauges: Gauges::default(),
            hears_routers: true,
            reference,
        };
        monitor.stale_all();
        monitor
    }

    /// Returns what it judges by.
    #[must_use]
    pub fn reference(&self) -> &Reference {
        &self.reference
    }

    /// Returns its incidents.
    #[must_use]
    pub fn book(&self) -> &Book {
        &self.book
    }

    /// Returns its judge.
    #[must_use]
    pub fn judge(&self) -> &Judge {
        &self.judge
    }

    /// Takes over an edited topology: what stayed keeps its state, what went is forgotten.
    pub fn retake(&mut self, reference: Reference, now: Instant, at: Timestamp) {
        let targets = reference.network.targets();
        self.judge.retarget(&targets);
        self.seats = seats(&self.judge, &reference);
        self.polled = polled(&targets);
        self.layouts = vec![Layout::default(); reference.graph.node_count()];
        self.ports.retain(|(node, link), _| {
            reference.network.nodes.contains_key(node) && reference.network.links.contains_key(link)
        });
        self.pending.clear();
        self.mute.clear();
        self.views
            .retain(|node, _| reference.network.nodes.contains_key(node));
        self.special = Special::at(&reference, at);
        self.hints
            .retain(|node| reference.network.nodes.contains_key(node));
        self.laid = None;
        self.policing.retake(&self.reference, &reference);
        self.gauges
            .retake(|node| reference.network.nodes.contains_key(node));
        self.reference = reference;
        self.refused_edit = Arc::from([]);
        self.reckonings = Reckonings::default();
        self.stale_all();
        self.reconsider(now, at);
    }

    /// Remembers why an edited topology was not taken over.
    pub fn refuse_edit(&mut self, faults: Vec<Fault>) {
        self.refused_edit = faults.into();
    }

    /// Remembers whether routers can be heard: by a datagram socket only the targets themselves are.
    pub fn set_hears_routers(&mut self, hears_routers: bool) {
        self.hears_routers = hears_routers;
    }

    /// Remembers what the lab says is broken.
    pub fn set_broken(&mut self, broken: Vec<Element>) {
        self.broken = broken;
    }

    /// Returns the network as it is now: without what is down and what is in maintenance.
    #[must_use]
    pub fn sight(&self, at: Timestamp) -> Sight {
        let open = self.book.list();
        Sight::live(&self.reference.network, open.iter().map(AsRef::as_ref), at)
    }

    /// Returns the newest reckonings.
    #[must_use]
    pub fn reckonings(&self) -> &Reckonings {
        &self.reckonings
    }

    /// Takes over reckonings of its topology.
    pub fn set_reckonings(&mut self, reckonings: Reckonings) {
        self.reckonings = reckonings;
    }

    /// Takes a reading in and returns the questions that it raises; one of a node that an edit took away is dropped.
    pub fn apply(&mut self, reading: &Reading, now: Instant) -> Vec<Ask> {
        self.apply_near(None, reading, now)
    }

    /// Does the same for a reading of a node that may stand at `guess` in the graph: who can guess spares the search.
    pub fn apply_near(
        &mut self,
        guess: Option<NodeIx>,
        reading: &Reading,
        now: Instant,
    ) -> Vec<Ask> {
        let node = &reading.target.node;
        let Some(at) = self.reference.graph.node_near(guess, node) else {
            return self.ask_hinted(now);
        };
        if !self.pending.is_empty() {
            self.pending.remove(&reading.target);
        }
        self.stale[at.index()] = true;
        if matches!(reading.answer, Answer::Unsent { .. }) {
            self.unsent += 1;
            self.mute.insert(node.clone());
        } else if !self.mute.is_empty() {
            self.mute.remove(node);
        }
        if self.policing.takes(at, reading) {
            // What a test of the pace loses is no silence; the next round tells whether it still answers.
            return self.ask_hinted(now);
        }
        let seat = self.seats[at.index()];
        let before = seat.map(|seat| self.judge.pulse_at(seat));
        let was_silent = before.is_some_and(Pulse::is_silent);
        let was_serious = before.is_some_and(Pulse::is_serious);
        let mut asks = match seat {
            Some(seat) => self.judge.apply_at(seat, reading, now),
            None => Vec::new(),
        };
        if let Answer::Device(device) = &reading.answer {
            let round = self.policing.polled_every(at);
            self.gauges.take(node, device, reading.asked, round);
            asks.extend(self.see_ports(at, node, device, reading.asked, now));
        }
        let pulse = seat.map(|seat| self.judge.pulse_at(seat));
        let turned_serious = !was_serious && pulse.is_some_and(Pulse::is_serious);
        let turned_heard = was_silent && !pulse.is_some_and(Pulse::is_silent);
        let phase = pulse.map(|pulse| pulse.phase);
        if turned_heard {
            asks.extend(self.doubt(node, reading.asked, now));
        }
        if turned_serious || turned_heard {
            asks.extend(self.ask_ports_beside(node, now));
        }
        if let Some(phase) = phase {
            asks.append(&mut self.police(at, phase, reading, now));
        }
        asks.append(&mut self.ask_hinted(now));
        asks
    }

    /// Returns when `tick` should be called next because of an inquiry; `None` while nothing is open.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.judge.deadline()
    }

    /// Lets time pass: closes an inquiry that is over, and looks at office hours and maintenance.
    pub fn tick(&mut self, now: Instant, at: Timestamp) {
        if self.is_idle(now, at) {
            return;
        }
        let changed = self.look_at_the_clock(at) | self.look_at_our_sockets();
        let busy = !self.pending.is_empty() && self.pending_until.is_some_and(|until| now < until);
        if let Some(closed) = self.judge.close(now, busy) {
            self.pending.clear();
            self.asked_ports.clear();
            self.conclude(&closed, now, at);
        } else if changed {
            self.reconsider(now, at);
        }
        self.look_for_loss(now, at);
        self.note_peak(at);
    }

    /// Returns whether time can change nothing yet; so it is after most readings. What goes by the wall clock changes with
    /// its minutes.
    fn is_idle(&self, now: Instant, at: Timestamp) -> bool {
        self.deadline().is_none()
            && self.mute.is_empty()
            && !self.was_mute
            && self.verdicts.is_empty()
            && self.loss_again.is_some_and(|again| now < again)
            && minute(at) == self.special.minute
            && self.quarter == Some(quarter(at))
    }

    /// Returns how many nodes have given no reading yet.
    #[must_use]
    pub fn unread(&self) -> usize {
        let nodes = self.judge.pulses();
        nodes.filter(|(_, pulse)| pulse.read.is_none()).count()
    }

    /// Returns whether everybody has been heard or found silent, every device polled, and every cause named.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let is_open = |node: &NodeId, pulse: &Pulse| {
            let unpolled = self.polled.contains(node) && pulse.snmp_misses.is_none();
            pulse.read.is_none() || unpolled || matches!(pulse.phase, Phase::Suspect(_))
        };
        self.deadline().is_none()
            && !self
                .judge
                .pulses()
                .any(|(node, pulse)| is_open(node, pulse))
    }

    /// Names the causes of what is silent so far, without waiting for the rest of an open inquiry, and ends what
    /// an earlier run left open where everybody answers: no inquiry would have done it.
    pub fn finish(&mut self, now: Instant, at: Timestamp) {
        let is_over = self.findings.is_empty() && !self.book.is_quiet() && self.unread() == 0;
        if self.deadline().is_some() || is_over {
            self.reconsider(now, at);
        }
    }

    /// Returns whether office hours or maintenance have changed; looks once a minute.
    fn look_at_the_clock(&mut self, at: Timestamp) -> bool {
        if minute(at) == self.special.minute {
            return false;
        }
        let (shut, worked_on) = (
            shut(&self.reference, at),
            worked_on(&self.reference.network, at),
        );
        self.special.minute = minute(at);
        if shut == self.special.shut && worked_on == self.special.worked_on {
            return false;
        }
        let special = Special::at(&self.reference, at);
        let changed =
            special.closed != self.special.closed || special.worked_on != self.special.worked_on;
        self.special = special;
        if changed {
            self.stale_all();
        }
        changed
    }

    /// Returns whether our own sockets have lost, or found again, every way out.
    fn look_at_our_sockets(&mut self) -> bool {
        let is_mute = self.is_mute();
        std::mem::replace(&mut self.was_mute, is_mute) != is_mute
    }

    /// Returns whether nothing at all could be sent: we are cut off ourselves.
    fn is_mute(&self) -> bool {
        !self.mute.is_empty() && self.mute.len() == self.judge.pulses().len()
    }

    /// Explains what is silent again, without new facts: the model, the hour or a maintenance has changed.
    fn reconsider(&mut self, now: Instant, at: Timestamp) {
        let round = self
            .reference
            .network
            .nodes
            .values()
            .map(|node| node.policy.ping_interval)
            .max();
        let from = now
            .checked_sub(round.unwrap_or_default() * 2)
            .unwrap_or(now);
        let (silent, answering) = self.judge.since(from);
        let closed = Closed {
            from,
            silent,
            answering,
            matters: vec![Matter::Port],
        };
        self.conclude(&closed, now, at);
    }

    fn stale_all(&mut self) {
        let Reference { network, graph, .. } = &self.reference;
        self.stale = vec![false; graph.node_count()];
        let judged = self.judge.pulses().map(|(node, _)| node);
        let agencies = network.agencies.values().map(|agency| &agency.node);
        for at in judged.chain(agencies).filter_map(|node| graph.node(node)) {
            self.stale[at.index()] = true;
        }
    }

    fn note_peak(&mut self, at: Timestamp) {
        let quarter = quarter(at);
        let is_new = self.quarter != Some(quarter) && !self.peaks.contains_key(&quarter);
        self.quarter = Some(quarter);
        if !is_new && self.verdicts.is_empty() {
            return;
        }
        let network = &self.reference.network;
        let gone = self
            .verdicts
            .iter()
            .filter(|(_, verdict)| verdict.health != Health::Unknown);
        let now_cut_off: usize = gone.map(|(node, _)| network.agencies_at(node).len()).sum();
        let peak = self.peaks.entry(quarter).or_default();
        *peak = (*peak).max(now_cut_off as u32);
        if is_new {
            self.peaks.retain(|each, _| *each > quarter - QUARTERS);
        }
    }
}

impl Special {
    fn at(reference: &Reference, at: Timestamp) -> Self {
        let network = &reference.network;
        let shut = shut(reference, at);
        let is_closed = |agency: &AgencyId| {
            let agency = network.agencies.get(agency);
            let hours = agency.and_then(|agency| agency.hours.as_ref());
            hours.is_some_and(|hours| shut.contains(hours))
        };
        let closed = network
            .nodes
            .keys()
            .filter(|node| {
                let agencies = network.agencies_at(node);
                !agencies.is_empty() && agencies.iter().all(is_closed)
            })
            .cloned()
            .collect();
        Self {
            minute: minute(at),
            shut,
            closed,
            worked_on: worked_on(network, at),
        }
    }
}

/// Returns outside which opening hours it is: a few serve hundreds of agencies.
fn shut(reference: &Reference, at: Timestamp) -> BTreeSet<String> {
    let network = &reference.network;
    let hours = network.hours.iter();
    let shut = hours.filter(|(_, hours)| !hours.are_open(at, &network.time_zone));
    shut.map(|(name, _)| name.clone()).collect()
}

/// Returns the quarter of an hour since 1970.
fn quarter(at: Timestamp) -> i64 {
    at.as_second().div_euclid(QUARTER)
}

/// Returns the minute since 1970.
fn minute(at: Timestamp) -> i64 {
    at.as_second().div_euclid(60)
}

/// Returns where a judge keeps each node of a graph.
fn seats(judge: &Judge, reference: &Reference) -> Vec<Option<Seat>> {
    let graph = &reference.graph;
    let nodes = graph.node_indices().map(|node| graph.node_id(node));
    nodes.map(|node| judge.seat(node)).collect()
}

fn polled(targets: &[Target]) -> BTreeSet<NodeId> {
    targets
        .iter()
        .filter(|target| target.id.method == Method::Snmp)
        .map(|target| target.id.node.clone())
        .collect()
}

/// Returns the moment of an instant, by what both clocks say now.
fn moment(instant: Instant, now: Instant, at: Timestamp) -> Timestamp {
    let ago =
        jiff::SignedDuration::try_from(now.saturating_duration_since(instant)).unwrap_or_default();
    at.checked_sub(ago).unwrap_or(at)
}
