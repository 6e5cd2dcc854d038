//! Whose lost echoes are a limit of its own: what is compared with what, and the few questions that it takes.
//!
//! A node that loses echoes while those beside it do not is asked for 24 of them within half a second, and by its
//! other methods; never more than eight nodes at a time, at most every 25 seconds each, and no more once it is
//! known. What is found is a mark: such a node is neither degraded by its pings nor blamed on a line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::graph::{Cut, NodeIx, Routes};
use crate::judge::Phase;
use crate::judge::policing::{Account, Count, Opinion, QUICK, QUICK_SPACING};
use crate::model::NodeId;
use crate::model::ratio::at_least;
use crate::model::reading::{Answer, Ask, Reading};
use crate::model::target::{Method, TargetId};

/// Nodes that are tested at the same time, at most: with 24 echoes in half a second, 400 a second in all.
const AT_ONCE: usize = 8;

/// How long a test takes.
const TAKES: Duration = Duration::from_secs(1);

/// Echoes of an inquiry come closer together than this, those of rounds do not.
const APART: Duration = Duration::from_secs(3);

/// A handshake whose first segment is lost takes longer than this (RFC 6298).
const AT_ONCE_WITHIN: Duration = Duration::from_secs(1);

/// Polls and handshakes that a test asks for, and the time between two of them.
const POLLS: u8 = 4;
const POLLS_APART: Duration = Duration::from_secs(2);

/// A chance under which a node loses more than those beside it.
const APPARENT: f64 = 0.05;

/// A chance under which it is asked slower before that is known: a slow inquiry names a true outage later, so that on a
/// network that loses two in a hundred hardly anybody may be asked that way.
const DOUBTFUL: f64 = 5e-4;

/// What those beside it are taken to lose at least: no line is perfect.
const LEAST: f64 = 0.005;

/// All accounts, and the ways by which nodes are compared.
#[derive(Clone, Debug)]
pub(super) struct Policing {
    accounts: BTreeMap<NodeId, Account>,
    routes: Routes,
    /// When the newest tests began.
    begun: Vec<Instant>,
}

impl Policing {
    pub(super) fn new(reference: &Reference) -> Self {
        let graph = &reference.graph;
        Self {
            accounts: BTreeMap::new(),
            routes: graph.routes(graph.monitor(), &Cut::default()),
            begun: Vec::new(),
        }
    }

    /// Takes over another topology.
    pub(super) fn retake(&mut self, reference: &Reference) {
        let nodes = &reference.network.nodes;
        self.accounts.retain(|node, _| nodes.contains_key(node));
        let graph = &reference.graph;
        self.routes = graph.routes(graph.monitor(), &Cut::default());
    }

    /// Returns whether an echo belongs to a test, and keeps it if so.
    pub(super) fn takes(&mut self, reading: &Reading) -> bool {
        reading.target.method == Method::Ping
            && self
                .accounts
                .get_mut(&reading.target.node)
                .is_some_and(|account| account.takes(reading))
    }

    /// Returns whether a node limits its echoes.
    pub(super) fn is_policed(&self, node: &NodeId) -> bool {
        self.accounts
            .get(node)
            .is_some_and(|account| account.opinion() == Opinion::Policed)
    }

    fn newest(&self, node: &NodeId) -> Count {
        self.accounts
            .get(node)
            .map(Account::newest)
            .unwrap_or_default()
    }
}

impl Monitor {
    /// Books a reading, and returns the questions that tell a limit from a lossy way, where that is open.
    pub(super) fn police(&mut self, reading: &Reading, now: Instant) -> Vec<Ask> {
        let id = &reading.target.node;
        let Some(pulse) = self.judge.pulse(id) else {
            return Vec::new();
        };
        let (phase, is_silent) = (pulse.phase, pulse.is_silent());
        let Some(policy) = self
            .reference
            .network
            .nodes
            .get(id)
            .map(|node| &node.policy)
        else {
            return Vec::new();
        };
        let took = reading.at.saturating_duration_since(reading.asked);
        let account = self.policing.accounts.entry(id.clone()).or_default();
        if is_silent {
            account.outage();
            return Vec::new();
        }
        let mut may_begin = false;
        match (reading.target.method, &reading.answer) {
            (_, Answer::Unsent { .. }) | (Method::Ping, Answer::Refused { .. }) => {
                return Vec::new();
            }
            (Method::Ping, answer) => {
                let apart = APART.min(policy.ping_interval / 2);
                if !account.round(reading.asked, answer.is_heard(), apart) {
                    return Vec::new();
                }
                may_begin = answer.is_heard() && phase == Phase::Answering;
            }
            (Method::Snmp, answer) => {
                account.other(answer.is_heard() && took < policy.snmp_timeout);
            }
            (Method::Tcp(_), Answer::Silent) => account.other(false),
            (Method::Tcp(_), _) => account.other(took < AT_ONCE_WITHIN),
        }
        if !account.is_suspect() && account.opinion() == Opinion::Open {
            self.judge.be_patient_with(id, false);
            return Vec::new();
        }
        let (beside, behind) = self.compared(id);
        let own = self.policing.newest(id);
        let Some(account) = self.policing.accounts.get_mut(id) else {
            return Vec::new();
        };
        if account.weigh(behind) {
            self.stale.insert(id.clone());
        }
        let others = f64::from(beside.lost) / f64::from(beside.sent.max(1));
        let chance = at_least(own.lost, own.sent, others.max(LEAST));
        let is_apart = chance <= APPARENT;
        let is_patient = match account.opinion() {
            Opinion::Policed => true,
            // It may be one: a hasty inquiry would use up what it lets through, and take that for an outage.
            Opinion::Open => account.is_suspect() && chance <= DOUBTFUL,
            Opinion::Lossy => false,
        };
        self.judge.be_patient_with(id, is_patient);
        let policing = &mut self.policing;
        policing
            .begun
            .retain(|begun| now.saturating_duration_since(*begun) < TAKES);
        let Some(account) = policing.accounts.get_mut(id) else {
            return Vec::new();
        };
        if !may_begin || !is_apart || policing.begun.len() >= AT_ONCE || !account.begin(now) {
            return Vec::new();
        }
        policing.begun.push(now);
        self.questions(id)
    }

    /// Returns what a test asks: the echoes, and whatever else the node answers to.
    fn questions(&self, node: &NodeId) -> Vec<Ask> {
        let methods = self.judge.methods(node);
        let ask = |method: &Method| {
            let (times, spacing) = match method {
                Method::Ping => (QUICK, QUICK_SPACING),
                Method::Snmp | Method::Tcp(_) => (POLLS, POLLS_APART),
            };
            Ask {
                target: TargetId {
                    node: node.clone(),
                    method: *method,
                },
                times,
                spacing,
            }
        };
        methods.iter().map(ask).collect()
    }

    /// Returns what is lost beside a node, by those with which it shares its way but for the last step, and what
    /// is lost by those that are reached through it and through nothing else.
    ///
    /// Cost O(degree) of the node and of the one before it.
    fn compared(&self, node: &NodeId) -> (Count, Count) {
        let graph = &self.reference.graph;
        let routes = &self.policing.routes;
        let Some(at) = graph.node(node) else {
            return Default::default();
        };
        let newest = |ix: NodeIx| self.policing.newest(graph.node_id(ix));
        let comes_by =
            |ix: NodeIx, before: NodeIx| routes.back(ix).iter().any(|(_, node)| *node == before);
        let mut behind = Count::default();
        let mut seen: Vec<NodeIx> = Vec::new();
        for (_, next) in graph.neighbours(at) {
            let only = routes.back(next).iter().all(|(_, node)| *node == at);
            if only && comes_by(next, at) && !seen.contains(&next) {
                behind = behind.and(newest(next));
                seen.push(next);
            }
        }
        let mut beside = behind;
        let before: Vec<NodeIx> = routes.back(at).iter().map(|(_, node)| *node).collect();
        seen.clear();
        for front in before {
            if seen.contains(&front) {
                continue;
            }
            seen.push(front);
            beside = beside.and(newest(front));
            for (_, next) in graph.neighbours(front) {
                if next != at && comes_by(next, front) && !seen.contains(&next) {
                    beside = beside.and(newest(next));
                    seen.push(next);
                }
            }
        }
        (beside, behind)
    }
}
