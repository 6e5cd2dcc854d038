//! Whose lost echoes are a limit of its own: what is compared with what, and the few questions that it takes.
//!
//! A node that loses echoes while those beside it do not is asked for 24 of them within half a second, and by its
//! other methods; never more than eight nodes at a time, at most every 25 seconds each, and no more once it is
//! known. What is found is a mark: such a node is neither degraded by its pings nor blamed on a line.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::app::monitor::Monitor;
use crate::app::reference::Reference;
use crate::graph::{Cut, NodeIx};
use crate::judge::Phase;
use crate::judge::policing::{Account, Count, Opinion, QUICK, QUICK_SPACING};
use crate::model::NodeId;
use crate::model::ratio::most_at;
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

/// All accounts, and with whom nodes are compared.
#[derive(Clone, Debug)]
pub(super) struct Policing {
    /// By node.
    accounts: Vec<Account>,
    /// By node.
    terms: Vec<Terms>,
    kin: Kin,
    apparent: Bar,
    doubtful: Bar,
    /// When the newest tests began.
    begun: Vec<Instant>,
}

/// Up to what ratio a count would be more than a chance: asked at every echo of a node that loses some, of the same few
/// counts.
#[derive(Clone, Debug)]
struct Bar {
    /// So rarely would so much be lost.
    chance: f64,
    known: BTreeMap<(u32, u32), f64>,
}

impl Bar {
    fn new(chance: f64) -> Self {
        Self {
            chance,
            known: BTreeMap::new(),
        }
    }

    /// Returns the ratio, 0..1, at which so many are lost of so many as rarely as that; at any smaller one they are
    /// more rarely.
    fn of(&mut self, count: Count) -> f64 {
        let Count { sent, lost } = count;
        let chance = self.chance;
        let most = || most_at(lost, sent, chance);
        *self.known.entry((sent, lost)).or_insert_with(most)
    }
}

/// What a node's policy says about its readings.
#[derive(Clone, Copy, Debug, Default)]
struct Terms {
    /// Echoes of rounds come so far apart at least.
    apart: Duration,
    /// A poll that takes longer was not answered at the first attempt.
    poll: Duration,
    /// Time between two polls.
    polled_every: Duration,
}

/// Who stands before whom on the ways from the monitor: found once, asked at every echo of a node that loses some.
#[derive(Clone, Debug)]
struct Kin {
    /// By node: those before it.
    fronts: Vec<Vec<NodeIx>>,
    /// By node: those behind it by one step.
    nexts: Vec<Vec<NodeIx>>,
}

impl Kin {
    /// Cost O(n + m).
    fn new(reference: &Reference) -> Self {
        let graph = &reference.graph;
        let routes = graph.routes(graph.monitor(), &Cut::default());
        let mut fronts: Vec<Vec<NodeIx>> = vec![Vec::new(); graph.node_count()];
        let mut nexts = fronts.clone();
        for node in graph.node_indices() {
            let before = &mut fronts[node.index()];
            before.extend(routes.back(node).iter().map(|(_, front)| *front));
            before.sort_unstable();
            before.dedup();
            for front in before {
                nexts[front.index()].push(node);
            }
        }
        Self { fronts, nexts }
    }
}

fn terms(reference: &Reference) -> Vec<Terms> {
    let graph = &reference.graph;
    let nodes = graph
        .node_indices()
        .map(|node| reference.network.nodes.get(graph.node_id(node)));
    nodes
        .map(|node| {
            node.map_or_else(Terms::default, |node| Terms {
                apart: APART.min(node.policy.ping_interval / 2),
                poll: node.policy.snmp_timeout,
                polled_every: node.policy.snmp_interval,
            })
        })
        .collect()
}

impl Policing {
    pub(super) fn new(reference: &Reference) -> Self {
        Self {
            accounts: vec![Account::default(); reference.graph.node_count()],
            terms: terms(reference),
            kin: Kin::new(reference),
            apparent: Bar::new(APPARENT),
            doubtful: Bar::new(DOUBTFUL),
            begun: Vec::new(),
        }
    }

    /// Takes over another topology; `before` is the one until now.
    pub(super) fn retake(&mut self, before: &Reference, reference: &Reference) {
        let mut next = Self::new(reference);
        for (node, account) in before.graph.node_indices().zip(&mut self.accounts) {
            if let Some(at) = reference.graph.node(before.graph.node_id(node)) {
                next.accounts[at.index()] = std::mem::take(account);
            }
        }
        next.begun = std::mem::take(&mut self.begun);
        *self = next;
    }

    /// Returns whether an echo belongs to a test of the node at this place, and keeps it if so.
    pub(super) fn takes(&mut self, at: NodeIx, reading: &Reading) -> bool {
        reading.target.method == Method::Ping && self.accounts[at.index()].takes(reading)
    }

    /// Returns the time between two polls of the node at this place.
    pub(super) fn polled_every(&self, at: NodeIx) -> Duration {
        self.terms[at.index()].polled_every
    }

    /// Returns whether a node limits its echoes.
    pub(super) fn is_policed(&self, at: NodeIx) -> bool {
        self.accounts[at.index()].opinion() == Opinion::Policed
    }

    fn newest(&self, at: NodeIx) -> Count {
        self.accounts[at.index()].newest()
    }

    /// Returns what is lost beside a node, by those with which it shares its way but for the last step, and what
    /// is lost by those that are reached through it and through nothing else.
    ///
    /// Cost O(those behind it and behind the ones before it), an addition each.
    fn compared(&self, at: NodeIx) -> (Count, Count) {
        let Kin { fronts, nexts } = &self.kin;
        let sum = |sum: Count, node: &NodeIx| sum.and(self.newest(*node));
        let is_only = |next: &&NodeIx| fronts[next.index()].len() == 1;
        let behind = nexts[at.index()].iter().filter(is_only);
        let behind = behind.fold(Count::default(), sum);
        let before = &fronts[at.index()];
        let mut kin: Vec<NodeIx> = Vec::new();
        if let [front] = before.as_slice() {
            let beside = nexts[front.index()].iter().filter(|next| **next != at);
            return (beside.fold(sum(behind, front), sum), behind);
        }
        for front in before {
            kin.push(*front);
            kin.extend(nexts[front.index()].iter().filter(|next| **next != at));
        }
        kin.sort_unstable();
        kin.dedup();
        (kin.iter().fold(behind, sum), behind)
    }
}

impl Monitor {
    /// Returns whether a node limits its echoes.
    pub(super) fn is_policed(&self, node: &NodeId) -> bool {
        let at = self.reference.graph.node(node);
        at.is_some_and(|at| self.policing.is_policed(at))
    }

    /// Books a reading of the node at this place, which stands in `phase` with it, and returns the questions that tell
    /// a limit from a lossy way, where that is open.
    ///
    /// Nothing is compared while too few echoes are lost to ask why, and a chance only where it can change what is done.
    pub(super) fn police(
        &mut self,
        at: NodeIx,
        phase: Phase,
        reading: &Reading,
        now: Instant,
    ) -> Vec<Ask> {
        let id = &reading.target.node;
        let took = || reading.at.saturating_duration_since(reading.asked);
        let terms = self.policing.terms[at.index()];
        let account = &mut self.policing.accounts[at.index()];
        if phase == Phase::Silent {
            account.outage();
            return Vec::new();
        }
        let mut may_begin = false;
        match (reading.target.method, &reading.answer) {
            (_, Answer::Unsent { .. }) | (Method::Ping, Answer::Refused { .. }) => {
                return Vec::new();
            }
            (Method::Ping, answer) => {
                if !account.round(reading.asked, answer.is_heard(), terms.apart) {
                    return Vec::new();
                }
                may_begin = answer.is_heard() && phase == Phase::Answering;
            }
            (Method::Snmp, answer) => account.other(answer.is_heard() && took() < terms.poll),
            (Method::Tcp(_), Answer::Silent) => account.other(false),
            (Method::Tcp(_), _) => account.other(took() < AT_ONCE_WITHIN),
        }
        if !account.is_suspect() && account.opinion() == Opinion::Open {
            self.judge.be_patient_with(id, false);
            return Vec::new();
        }
        let (beside, behind) = self.policing.compared(at);
        let policing = &mut self.policing;
        let account = &mut policing.accounts[at.index()];
        if account.weigh(behind) {
            self.stale[at.index()] = true;
        }
        let own = account.newest();
        let others = f64::from(beside.lost) / f64::from(beside.sent.max(1));
        let others = others.max(LEAST);
        let is_patient = match account.opinion() {
            Opinion::Policed => true,
            // It may be one: a hasty inquiry would use up what it lets through, and take that for an outage.
            Opinion::Open => account.is_suspect() && others <= policing.doubtful.of(own),
            Opinion::Lossy => false,
        };
        self.judge.be_patient_with(id, is_patient);
        policing
            .begun
            .retain(|begun| now.saturating_duration_since(*begun) < TAKES);
        let may_begin = may_begin && policing.begun.len() < AT_ONCE && account.may_begin(now);
        if !may_begin || others > policing.apparent.of(own) || !account.begin(now) {
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
}
