//! Hints: what devices said unasked, turned into a few questions and kept as evidence.
//!
//! A hint never changes what is believed of anybody. It makes the monitor ask that device at once, by ping and
//! by SNMP, and everything that follows comes from the answers. Questions are bounded for each device and in
//! all; a hint that must wait is not forgotten, so the last of a storm is always looked into.

use std::collections::{BTreeMap, VecDeque};
use std::time::{Duration, Instant};

use crate::app::monitor::Monitor;
use crate::model::hint::{Hint, HintedPort, Sign};
use crate::model::incident::Evidence;
use crate::model::reading::Ask;
use crate::model::target::{Method, TargetId};
use crate::model::text::DeviceText;
use crate::model::{Element, LinkId, NodeId};

/// A device is asked for its hints at most this often: a poll that is under way sees what the next would.
const HOLD: Duration = Duration::from_secs(5);

/// Devices that are asked at once, and in the long run in a second: an eighth of a round of the reference
/// network.
const BURST: f64 = 16.0;
const PER_SECOND: f64 = 4.0;

/// Hints that are remembered of one device.
const REMEMBERED: usize = 8;

/// A hint is evidence for a cause that is named within this time.
const FRESH: Duration = Duration::from_secs(90);

/// Hints that are told of one cause, at most.
const TOLD: usize = 4;

/// What was said, who was asked for it, and who waits to be.
#[derive(Clone, Debug, Default)]
pub(super) struct Hints {
    said: BTreeMap<NodeId, VecDeque<Said>>,
    asked: BTreeMap<NodeId, Instant>,
    waiting: VecDeque<NodeId>,
    tokens: Option<(f64, Instant)>,
}

/// One hint as it is remembered.
#[derive(Clone, Debug)]
struct Said {
    sign: Sign,
    port: Option<DeviceText>,
    at: Instant,
}

impl Hints {
    /// Forgets nodes that are gone.
    pub(super) fn retain(&mut self, keeps: impl Fn(&NodeId) -> bool) {
        self.said.retain(|node, _| keeps(node));
        self.asked.retain(|node, _| keeps(node));
        self.waiting.retain(|node| keeps(node));
    }

    fn keep(&mut self, node: &NodeId, said: Said) {
        let all = self.said.entry(node.clone()).or_default();
        all.push_back(said);
        if all.len() > REMEMBERED {
            all.pop_front();
        }
        if !self.waiting.contains(node) {
            self.waiting.push_back(node.clone());
        }
    }

    /// Returns who may be asked now, the longest waiting first.
    fn due(&mut self, now: Instant) -> Vec<NodeId> {
        let (left, at) = self.tokens.unwrap_or((BURST, now));
        let passed = now.saturating_duration_since(at).as_secs_f64();
        let mut left = (left + passed * PER_SECOND).min(BURST);
        let mut due = Vec::new();
        let asked = &mut self.asked;
        self.waiting.retain(|node| {
            let is_held = asked
                .get(node)
                .is_some_and(|asked| now.saturating_duration_since(*asked) < HOLD);
            if is_held || left < 1.0 {
                return true;
            }
            left -= 1.0;
            asked.insert(node.clone(), now);
            due.push(node.clone());
            false
        });
        self.tokens = Some((left, now.max(at)));
        due
    }
}

impl Monitor {
    /// Takes a hint in and returns the questions that it raises; what it says is believed of nobody.
    ///
    /// One of a node that is not asked is dropped. Questions that must wait leave with a later `apply`.
    pub fn hint(&mut self, hint: &Hint, now: Instant) -> Vec<Ask> {
        if self.judge.pulse(&hint.node).is_none() {
            return Vec::new();
        }
        let said = Said {
            sign: hint.sign,
            port: self.hinted_port(hint),
            at: hint.at,
        };
        self.hints.keep(&hint.node, said);
        self.ask_hinted(now)
    }

    /// Asks those who have said something and may be asked now.
    #[inline]
    pub(super) fn ask_hinted(&mut self, now: Instant) -> Vec<Ask> {
        if self.hints.waiting.is_empty() {
            return Vec::new();
        }
        self.ask_waiting(now)
    }

    fn ask_waiting(&mut self, now: Instant) -> Vec<Ask> {
        let ask = |node: &NodeId, method| Ask {
            target: TargetId {
                node: node.clone(),
                method,
            },
            times: 1,
            spacing: Duration::ZERO,
        };
        let mut asks = Vec::new();
        for node in self.hints.due(now) {
            asks.push(ask(&node, Method::Ping));
            if self.polled.contains(&node) {
                asks.push(ask(&node, Method::Snmp));
            }
        }
        asks
    }

    /// Returns the name of the port that a hint is about, as the hint or the device's last poll has it.
    fn hinted_port(&self, hint: &Hint) -> Option<DeviceText> {
        match hint.port.as_ref()? {
            HintedPort::Named(name) => Some(name.clone()),
            HintedPort::Index(index) => {
                let (device, _) = self.judge.pulse(&hint.node)?.device.as_ref()?;
                let port = device.interfaces.iter().find(|port| port.index == *index)?;
                Some(port.name.clone())
            }
        }
    }

    /// Returns what devices said about these elements shortly before now, the newest first.
    pub(super) fn hinted(&self, causes: &[Element], now: Instant) -> Vec<Evidence> {
        let network = &self.reference.network;
        let touches = |link: &LinkId| causes.iter().any(|cause| network.touches(cause, link));
        let mut found: Vec<(Duration, &NodeId, &Said)> = Vec::new();
        for (node, all) in &self.hints.said {
            for said in all {
                let before = now.saturating_duration_since(said.at);
                let is_about = match said.sign {
                    Sign::LinkDown => said
                        .port
                        .as_ref()
                        .and_then(|port| self.reference.link_on(node, port.as_str()))
                        .is_some_and(touches),
                    Sign::ColdStart | Sign::WarmStart => causes
                        .iter()
                        .any(|cause| matches!(cause, Element::Node(id) if id == node)),
                    Sign::LinkUp | Sign::AuthenticationFailure | Sign::Other => false,
                };
                if is_about && before <= FRESH {
                    found.push((before, node, said));
                }
            }
        }
        found.sort_by(|(one, a, _), (other, b, _)| one.cmp(other).then(a.cmp(b)));
        found
            .into_iter()
            .take(TOLD)
            .map(|(before, node, said)| Evidence::Hint {
                node: node.clone(),
                sign: said.sign,
                port: said.port.clone(),
                before,
            })
            .collect()
    }
}
