//! Who answers and who is silent: readings in, questions out; pure.
//!
//! One silence says nothing: on the reference network with 0.5 % loss on every link, three silent rounds in a
//! row would call about 750 agencies a day down that are not. So a first silence makes a node a suspect, which
//! is asked eight times more within three seconds, and only silence through all of it counts. Behind a link that is known
//! to lose more than one echo in eight it is asked more often.
//!
//! ```text
//!              answer                      answer
//!   Unheard ----------> Answering <------------------ Silent
//!      |                 |     ^                        ^
//!      | silence         |     | answer                 | silence in the round
//!      |         silence v     |                        | and in all of the inquiry
//!      +-------------> Suspect +------------------------+
//! ```
//!
//! What could not be sent changes nothing: it is our own fault. Who is to blame for a silence is not decided
//! here; the judge knows no topology.

pub mod inquiry;
pub mod policing;
pub mod rates;
pub mod rules;
pub mod shift;
pub mod window;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::judge::inquiry::{Inquiry, Matter};
use crate::judge::rules::Rules;
use crate::judge::shift::Shift;
use crate::judge::window::Window;
use crate::model::device::Device;
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::{Method, Target, TargetId};
use crate::model::{NodeId, Register};

/// How a node that may limit its answers is asked before it counts as silent: in so many seconds the slowest of
/// limits lets one through.
const PATIENT_ASKS: u8 = 12;
const PATIENT_SPACING: Duration = Duration::from_secs(2);

/// The chance at which a node that is there may be silent through an inquiry: what silences are weighed by.
const BY_CHANCE: f64 = 1e-8;

/// How often a node is asked at most for its sake: for ten seconds.
const MOST_ASKS: u8 = 24;

/// What is known of one node.
#[derive(Clone, Debug)]
pub struct Pulse {
    /// How it stands.
    pub phase: Phase,
    /// Since when, by the question that showed it.
    pub since: Option<Instant>,
    /// When the newest answered question left.
    pub heard: Option<Instant>,
    /// When its newest reading came.
    pub read: Option<Instant>,
    /// Its echoes.
    pub window: Window,
    /// Its round trip over hours.
    pub shift: Shift,
    /// What SNMP said last, and when it was asked.
    pub device: Option<(Arc<Device>, Instant)>,
    /// Polls in a row that were silent; `None` before the first.
    pub snmp_misses: Option<u32>,
    /// Ping was silent through an inquiry in which another method answered.
    pub ping_refused: bool,
    /// Why our own socket could not send the newest question.
    pub unsent: Option<Arc<str>>,
    /// The router that last answered in its place, while it is silent.
    pub refused_by: Option<IpAddr>,
    methods: Vec<Method>,
}

/// How a node stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Never heard, never silent.
    Unheard,
    /// The newest round was answered.
    Answering,
    /// A round was silent; it is being asked again.
    Suspect(Suspect),
    /// Silent through an inquiry.
    Silent,
}

/// A node under inquiry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Suspect {
    /// When the question left that was not answered first.
    pub first: Instant,
    /// Silent questions since then, that one included.
    pub silences: u8,
    /// Questions that must come back, answered or not, before the verdict.
    pub outstanding: u8,
    /// It has been silent for long enough that everybody is asked: the verdict must rest on facts from one
    /// window of time.
    pub serious: bool,
    /// Some question could not be sent: no verdict can be taken.
    pub unsent: bool,
    /// It was silent before it was ever heard.
    pub unheard: bool,
}

impl Pulse {
    fn new(methods: Vec<Method>) -> Self {
        Self {
            phase: Phase::Unheard,
            since: None,
            heard: None,
            read: None,
            window: Window::default(),
            shift: Shift::default(),
            device: None,
            snmp_misses: None,
            ping_refused: false,
            unsent: None,
            refused_by: None,
            methods,
        }
    }

    /// Returns whether it is a suspect for long enough that everybody is asked.
    #[must_use]
    pub fn is_serious(&self) -> bool {
        matches!(self.phase, Phase::Suspect(suspect) if suspect.serious)
    }

    /// Returns whether it is silent through an inquiry.
    #[must_use]
    pub fn is_silent(&self) -> bool {
        self.phase == Phase::Silent
    }

    /// Returns the method whose silence opens an inquiry: a ping before a handshake before a poll.
    fn first_method(&self) -> Option<Method> {
        let ping = self.methods.iter().find(|method| **method == Method::Ping);
        let tcp = || {
            self.methods
                .iter()
                .find(|method| matches!(method, Method::Tcp(_)))
        };
        ping.or_else(tcp).or_else(|| self.methods.first()).copied()
    }
}

/// Where a judge keeps a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seat(usize);

/// The judge of all nodes.
#[derive(Clone, Debug)]
pub struct Judge {
    rules: Rules,
    /// In order of id.
    pulses: Register<NodeId, Pulse>,
    inquiry: Inquiry,
    /// Nodes that may limit their answers: an inquiry at the usual pace would use their limit up.
    patient: BTreeSet<NodeId>,
    /// Nodes behind lossy links, and the share of their echoes that is lost there, 0..1.
    lossy: BTreeMap<NodeId, f64>,
}

impl Judge {
    /// Makes a judge that has heard nothing yet.
    #[must_use]
    pub fn new(targets: &[Target], rules: Rules) -> Self {
        let mut judge = Self {
            rules,
            pulses: Register::default(),
            inquiry: Inquiry::default(),
            patient: BTreeSet::new(),
            lossy: BTreeMap::new(),
        };
        judge.retarget(targets);
        judge
    }

    /// Takes over other targets; what stayed keeps its state.
    pub fn retarget(&mut self, targets: &[Target]) {
        let mut methods: BTreeMap<NodeId, Vec<Method>> = BTreeMap::new();
        for target in targets {
            methods
                .entry(target.id.node.clone())
                .or_default()
                .push(target.id.method);
        }
        self.inquiry.retain(|node| methods.contains_key(node));
        self.patient.retain(|node| methods.contains_key(node));
        self.lossy.retain(|node, _| methods.contains_key(node));
        let mut known = std::mem::take(&mut self.pulses);
        for (node, methods) in methods {
            let pulse = match known.swap_remove(&node) {
                Some(pulse) => Pulse { methods, ..pulse },
                None => Pulse::new(methods),
            };
            self.pulses.insert(node, pulse);
        }
    }

    /// Says whether a node may limit its answers; one that does is asked longer and slower before it is silent, and
    /// no more once it has answered.
    pub fn be_patient_with(&mut self, node: &NodeId, is_patient: bool) {
        if is_patient {
            self.patient.insert(node.clone());
        } else {
            self.patient.remove(node);
        }
    }

    /// Says who stands behind lossy links, and which share of the echoes is lost there, 0..1; what was said before is
    /// forgotten.
    ///
    /// Where more than one in eight is, silence through the usual inquiry may be chance, and a node is asked longer.
    pub fn expect_loss(&mut self, lossy: BTreeMap<NodeId, f64>) {
        self.lossy = lossy;
    }

    /// Returns by which methods a node is asked.
    #[must_use]
    pub fn methods(&self, node: &NodeId) -> &[Method] {
        self.pulses
            .get(node)
            .map_or(&[], |pulse| pulse.methods.as_slice())
    }

    /// Returns the rules that it goes by.
    #[must_use]
    pub fn rules(&self) -> &Rules {
        &self.rules
    }

    /// Returns what is known of a node that is asked.
    #[must_use]
    pub fn pulse(&self, node: &NodeId) -> Option<&Pulse> {
        self.pulses.get(node)
    }

    /// Returns where a node sits, until other targets are taken over: who asks again and again need not look it up.
    #[must_use]
    pub fn seat(&self, node: &NodeId) -> Option<Seat> {
        self.pulses.get_index_of(node).map(Seat)
    }

    /// Returns what is known of the node at a seat.
    #[must_use]
    pub fn pulse_at(&self, seat: Seat) -> &Pulse {
        &self.pulses[seat.0]
    }

    /// Returns what is known of all nodes that are asked, in order of id.
    #[must_use]
    pub fn pulses(&self) -> impl ExactSizeIterator<Item = (&NodeId, &Pulse)> {
        self.pulses.iter()
    }

    /// Takes a reading in and returns the questions that it raises.
    ///
    /// A reading of a target that is not asked any more is dropped. Cost O(1), and O(n) when it makes the judge ask
    /// everybody.
    pub fn apply(&mut self, reading: &Reading, now: Instant) -> Vec<Ask> {
        match self.seat(&reading.target.node) {
            Some(seat) => self.apply_at(seat, reading, now),
            None => Vec::new(),
        }
    }

    /// Takes in a reading of the node at a seat. Cost O(1), and O(n) when it makes the judge ask everybody.
    pub fn apply_at(&mut self, seat: Seat, reading: &Reading, now: Instant) -> Vec<Ask> {
        let method = reading.target.method;
        let pulse = &mut self.pulses[seat.0];
        if !pulse.methods.contains(&method) {
            return Vec::new();
        }
        pulse.read = Some(reading.at);
        pulse.unsent = None;
        match &reading.answer {
            Answer::Unsent { why } => {
                pulse.unsent = Some(why.clone());
                if let Phase::Suspect(suspect) = &mut pulse.phase {
                    suspect.unsent = true;
                    suspect.outstanding = suspect.outstanding.saturating_sub(1);
                }
                self.verdict(seat, now);
                Vec::new()
            }
            Answer::Echo { rtt, .. } => {
                if method == Method::Ping {
                    pulse.ping_refused = false;
                }
                if is_counted(pulse, reading) {
                    pulse.window.push(Some(*rtt), &self.rules);
                    pulse.shift.push(*rtt, reading.asked);
                }
                self.heard(seat, reading, now)
            }
            Answer::Device(device) | Answer::Partial(device) => {
                // An answer overtaken by a later one must not undo it.
                if pulse
                    .device
                    .as_ref()
                    .is_none_or(|(_, asked)| *asked <= reading.asked)
                {
                    pulse.device = Some((device.clone(), reading.asked));
                }
                pulse.snmp_misses = Some(0);
                self.heard(seat, reading, now)
            }
            Answer::Refused { by, .. } => {
                pulse.refused_by = Some(*by);
                self.silent(seat, reading, now)
            }
            Answer::Silent => self.silent(seat, reading, now),
        }
    }

    fn heard(&mut self, seat: Seat, reading: &Reading, now: Instant) -> Vec<Ask> {
        let node = &reading.target.node;
        let pulse = &mut self.pulses[seat.0];
        pulse.heard = pulse.heard.max(Some(reading.asked));
        match pulse.phase {
            Phase::Answering => Vec::new(),
            Phase::Unheard => {
                pulse.phase = Phase::Answering;
                pulse.since = Some(reading.asked);
                Vec::new()
            }
            // An answer to a question older than the silence says nothing about it.
            Phase::Suspect(suspect) if reading.asked < suspect.first => Vec::new(),
            Phase::Suspect(_)
                if reading.target.method == Method::Snmp
                    && pulse.first_method() != Some(Method::Snmp) =>
            {
                // Alive; whether ping is refused is known when its questions are back.
                Vec::new()
            }
            Phase::Suspect(suspect) => {
                pulse.phase = Phase::Answering;
                pulse.refused_by = None;
                if suspect.unheard {
                    pulse.since = Some(reading.asked);
                }
                if self.patient.contains(node) {
                    return vec![Ask::no_more(reading.target.clone())];
                }
                Vec::new()
            }
            Phase::Silent => {
                pulse.phase = Phase::Answering;
                pulse.since = Some(reading.asked);
                pulse.refused_by = None;
                self.inquiry
                    .open(Matter::Recovered(node.clone()), reading.asked, now);
                // Others may be back too: ask all that are silent before anything is said.
                self.ask_all(Pulse::is_silent)
            }
        }
    }

    fn silent(&mut self, seat: Seat, reading: &Reading, now: Instant) -> Vec<Ask> {
        let node = &reading.target.node;
        let pulse = &mut self.pulses[seat.0];
        let method = reading.target.method;
        let first = pulse.first_method();
        if method == Method::Snmp {
            pulse.snmp_misses = Some(pulse.snmp_misses.unwrap_or(0) + 1);
        }
        if method == Method::Ping && is_counted(pulse, reading) {
            pulse.window.push(None, &self.rules);
        }
        let (asks, spacing) = if self.patient.contains(node) {
            (self.rules.asks.max(PATIENT_ASKS), PATIENT_SPACING)
        } else {
            let lost = self.lossy.get(node).copied().unwrap_or_default();
            (asks_where(lost, self.rules.asks), self.rules.spacing)
        };
        // A poll that stays silent opens an inquiry only where nothing better is asked.
        let decides = Some(method) == first || (method == Method::Snmp && pulse.ping_refused);
        match &mut pulse.phase {
            Phase::Silent => {
                if Some(method) == first {
                    pulse.window.miss(&self.rules);
                }
                Vec::new()
            }
            Phase::Suspect(suspect) => {
                if Some(method) == first {
                    suspect.silences = suspect.silences.saturating_add(1);
                    suspect.outstanding = suspect.outstanding.saturating_sub(1);
                    let serious = suspect.silences == self.rules.census_after;
                    suspect.serious |= serious;
                    self.verdict(seat, now);
                    if serious {
                        return self.census(now);
                    }
                }
                Vec::new()
            }
            Phase::Unheard | Phase::Answering if !decides => Vec::new(),
            Phase::Answering if pulse.ping_refused && Some(method) == first => Vec::new(),
            // The answer to a later question is here already.
            Phase::Answering if pulse.heard.is_some_and(|heard| heard > reading.asked) => {
                Vec::new()
            }
            Phase::Unheard | Phase::Answering => {
                let unheard = pulse.phase == Phase::Unheard;
                pulse.phase = Phase::Suspect(Suspect {
                    first: reading.asked,
                    silences: 1,
                    outstanding: asks,
                    serious: false,
                    unsent: false,
                    unheard,
                });
                let methods = pulse.methods.clone();
                methods
                    .into_iter()
                    .map(|method| Ask {
                        target: TargetId {
                            node: node.clone(),
                            method,
                        },
                        times: if Some(method) == first { asks } else { 1 },
                        spacing,
                    })
                    .collect()
            }
        }
    }

    /// Takes the verdict on a suspect whose questions are all back.
    fn verdict(&mut self, seat: Seat, now: Instant) {
        let Some((node, pulse)) = self.pulses.get_index_mut(seat.0) else {
            return;
        };
        let Phase::Suspect(suspect) = pulse.phase else {
            return;
        };
        if suspect.outstanding > 0 {
            return;
        }
        if pulse.heard.is_some_and(|heard| heard >= suspect.first) {
            // Another method answered meanwhile: alive, though not to ping.
            pulse.ping_refused = pulse.first_method() == Some(Method::Ping);
            pulse.phase = Phase::Answering;
        } else if suspect.unsent {
            // We could not ask properly; the next round will tell.
            pulse.phase = Phase::Unheard;
            pulse.since = None;
        } else {
            pulse.phase = Phase::Silent;
            pulse.since = Some(suspect.first);
            pulse.window.forget();
            self.inquiry
                .open(Matter::Silent(node.clone()), suspect.first, now);
        }
    }

    /// Asks everybody who has not been heard since a moment ago, once.
    fn census(&mut self, now: Instant) -> Vec<Ask> {
        if !self.inquiry.may_ask_all(now, &self.rules) {
            return Vec::new();
        }
        self.ask_all(|pulse| matches!(pulse.phase, Phase::Answering | Phase::Unheard))
    }

    fn ask_all(&self, whom: impl Fn(&Pulse) -> bool) -> Vec<Ask> {
        self.pulses
            .iter()
            .filter(|(_, pulse)| whom(pulse))
            .filter_map(|(node, pulse)| {
                let method = pulse.first_method()?;
                Some(Ask {
                    target: TargetId {
                        node: node.clone(),
                        method,
                    },
                    times: 1,
                    spacing: self.rules.spacing,
                })
            })
            .collect()
    }

    /// Opens an inquiry for a reason that the judge does not know of, such as a port that changed; asks
    /// everybody once.
    pub fn inquire(&mut self, asked: Instant, now: Instant) -> Vec<Ask> {
        self.inquiry.open(Matter::Port, asked, now);
        self.census(now)
    }

    /// Returns when `close` should be called next; `None` while no inquiry is open.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.inquiry.deadline(&self.rules)
    }

    /// Closes the inquiry when its questions are back, and returns what it was about.
    ///
    /// It waits for suspects who have been silent twice, and while `busy` says that questions of somebody else
    /// are under way; but never longer than its own limit. Cost O(n).
    pub fn close(&mut self, now: Instant, busy: bool) -> Option<Closed> {
        if now < self.inquiry.deadline(&self.rules)? {
            return None;
        }
        let busy = busy
            || self
                .pulses
                .values()
                .any(|pulse| matches!(pulse.phase, Phase::Suspect(s) if s.silences >= 2));
        let matters = self.inquiry.close(now, busy, &self.rules)?;
        let from = matters.iter().map(|(_, asked)| *asked).min()?;
        let (silent, answering) = self.since(from);
        Some(Closed {
            from,
            silent,
            answering,
            matters: matters.into_iter().map(|(matter, _)| matter).collect(),
        })
    }

    /// Returns who is silent, and who answered a question that left at `from` or later.
    #[must_use]
    pub fn since(&self, from: Instant) -> (BTreeSet<NodeId>, BTreeSet<NodeId>) {
        let silent = self
            .pulses
            .iter()
            .filter(|(_, pulse)| pulse.is_silent())
            .map(|(node, _)| node.clone())
            .collect();
        let answering = self
            .pulses
            .iter()
            .filter(|(_, pulse)| {
                pulse.phase == Phase::Answering && pulse.heard.is_some_and(|heard| heard >= from)
            })
            .map(|(node, _)| node.clone())
            .collect();
        (silent, answering)
    }
}

/// What an inquiry found, from one window of time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Closed {
    /// When the first question left whose answer or silence is part of it.
    pub from: Instant,
    /// Everybody who is silent.
    pub silent: BTreeSet<NodeId>,
    /// Everybody who answered since `from`.
    pub answering: BTreeSet<NodeId>,
    /// What opened it.
    pub matters: Vec<Matter>,
}

/// Returns how often a silent node is asked where this share of echoes is lost on the way: until silence through all of
/// it is as rare by chance as it should be, and `usual` times at least.
///
/// By multiplication alone: a logarithm may differ in its last bit from one machine to the next.
fn asks_where(lost: f64, usual: u8) -> u8 {
    let mut chance = lost;
    let mut asks = 0;
    while asks < usual || (chance > BY_CHANCE && asks < MOST_ASKS) {
        chance *= lost;
        asks += 1;
    }
    asks
}

/// Returns whether a reading is counted for loss and round trip: only those of rounds.
///
/// The questions of an inquiry come in bursts after a loss. With them every loss would weigh nine times; and of two nodes
/// behind one lossy link the unlucky one would have been asked five times as often since it became lossy, so that they
/// would seem to be reached by different ways.
///
/// What left before the answer that ended an outage belongs to the outage, however late it is found to be lost.
fn is_counted(pulse: &Pulse, reading: &Reading) -> bool {
    let is_since = pulse.since.is_none_or(|since| reading.asked >= since);
    reading.in_round && is_since && matches!(pulse.phase, Phase::Answering | Phase::Unheard)
}
