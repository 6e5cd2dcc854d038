//! What a trace sends next, and what it has heard: pure, told the time.
//!
//! The first round feels its way: a flow goes at most a few hops beyond what has answered, so that a near target is
//! not asked thirty times over. Later rounds ask each hop of what the first found. A path on which nobody answers
//! any more is given up after some silent hops; so every trace ends, by its hops, its time-outs, or its deadline.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use crate::model::reading::Refusal;
use crate::model::trace::{End, Hop, Path, Trace};
use crate::wire::hop::{Flow, Heard};

/// The most hops of a trace: sequence numbers count rounds in steps of it.
pub const MOST_HOPS: u8 = 64;

/// The most questions to a hop of one flow: sequence numbers end there.
pub const MOST_PROBES: u16 = 500;

/// Hops beyond the last that answered in the first round.
const AHEAD: u8 = 4;

/// Silent hops after which a path is given up.
const GIVE_UP: u8 = 8;

/// Silent hops that are asked again in later rounds: somebody may have been slow.
const LINGER: u8 = 2;

/// How a trace is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// Questions to each hop of a flow, 1 to `MOST_PROBES`.
    pub probes: u16,
    /// The last hop that is asked, 1 to `MOST_HOPS`.
    pub hops: u8,
    /// Time between two questions.
    pub gap: Duration,
    /// How long an answer may take.
    pub timeout: Duration,
    /// How long all of it may take.
    pub deadline: Duration,
}

/// What to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send this echo now.
    Send {
        /// Of which flow, by its place.
        flow: usize,
        /// How far.
        ttl: u8,
        /// Which echo of the flow.
        sequence: u16,
    },
    /// Listen until then.
    Wait(Instant),
    /// All is said.
    Done,
}

/// The book of one trace.
#[derive(Clone, Debug)]
pub struct Log {
    target: IpAddr,
    plan: Plan,
    began: Instant,
    /// When the next question may leave.
    free: Instant,
    ways: Vec<Way>,
}

/// The book of one flow.
#[derive(Clone, Debug)]
struct Way {
    flow: Flow,
    round: u16,
    /// The hop that is asked next.
    next: u8,
    /// The last hop that is worth asking.
    horizon: u8,
    /// How far anybody has answered.
    heard: u8,
    end: End,
    asked: BTreeMap<u16, Asked>,
}

#[derive(Clone, Debug)]
struct Asked {
    at: Instant,
    answer: Option<(IpAddr, Duration)>,
}

impl Log {
    /// Begins a trace.
    #[must_use]
    pub fn new(target: IpAddr, flows: &[Flow], plan: Plan, now: Instant) -> Self {
        let way = |flow: &Flow| Way {
            flow: *flow,
            round: 0,
            next: 1,
            horizon: plan.hops.clamp(1, MOST_HOPS),
            heard: 0,
            end: End::Silent,
            asked: BTreeMap::new(),
        };
        Self {
            target,
            plan,
            began: now,
            free: now,
            ways: flows.iter().map(way).collect(),
        }
    }

    /// Returns what to do at a moment; what is to be sent counts as sent.
    pub fn step(&mut self, now: Instant) -> Step {
        let end = self.began + self.plan.deadline;
        if now >= end {
            return Step::Done;
        }
        for way in &mut self.ways {
            way.settle(self.plan, now);
        }
        // The flow that has come least far, the first of several.
        let ready = self
            .ways
            .iter()
            .enumerate()
            .filter(|(_, way)| way.may_send(self.plan, now))
            .min_by_key(|(place, way)| (way.round, way.next, *place))
            .map(|(place, _)| place);
        if let Some(place) = ready
            && now >= self.free
        {
            self.free = now + self.plan.gap;
            let way = &mut self.ways[place];
            let ttl = way.next;
            let sequence = way.round * u16::from(MOST_HOPS) + u16::from(ttl - 1);
            let answer = None;
            way.asked.insert(sequence, Asked { at: now, answer });
            way.next += 1;
            return Step::Send {
                flow: place,
                ttl,
                sequence,
            };
        }
        let waits = self.ways.iter().filter_map(|way| way.waits(self.plan, now));
        let wake = ready.map(|_| self.free).into_iter().chain(waits).min();
        wake.map_or(Step::Done, |at| Step::Wait(at.min(end)))
    }

    /// Takes what was heard; returns whether it was news.
    pub fn hear(&mut self, heard: &Heard, now: Instant) -> bool {
        let Some(way) = self
            .ways
            .iter_mut()
            .find(|way| way.flow.ident == heard.ident)
        else {
            return false;
        };
        let timeout = self.plan.timeout;
        let ttl = (heard.sequence % u16::from(MOST_HOPS)) as u8 + 1;
        let Some(asked) = way.asked.get_mut(&heard.sequence) else {
            return false;
        };
        let rtt = now.saturating_duration_since(asked.at);
        // Twice is once, and late is never.
        if asked.answer.is_some() || rtt > timeout {
            return false;
        }
        asked.answer = Some((heard.from, rtt));
        way.heard = way.heard.max(ttl);
        let end = match heard.why {
            None => End::Reached,
            Some(Refusal::TimeExceeded) => return true,
            Some(why @ Refusal::Unreachable(_)) => End::Refused {
                by: heard.from,
                why,
            },
        };
        // What the target says counts for more than what a router said of it meanwhile.
        if end == End::Reached || way.end != End::Reached {
            if end == End::Reached && way.end != End::Reached {
                way.horizon = ttl;
            }
            way.horizon = way.horizon.min(ttl);
            way.end = end;
        }
        true
    }

    /// Returns what has been heard by a moment: questions still open and in time are not counted.
    #[must_use]
    pub fn trace(&self, now: Instant) -> Trace {
        Trace {
            target: self.target,
            paths: self
                .ways
                .iter()
                .map(|way| way.path(self.plan, now))
                .collect(),
        }
    }
}

impl Way {
    /// Ends a round that has nothing left to ask.
    fn settle(&mut self, plan: Plan, now: Instant) {
        if self.round == 0 && self.end == End::Silent {
            let silent = (self.heard + 1..self.next)
                .take_while(|ttl| self.is_over(*ttl, plan, now))
                .count();
            if silent >= usize::from(GIVE_UP) {
                self.horizon = self.horizon.min(self.next - 1);
            }
        }
        if self.next <= self.horizon || self.round + 1 >= plan.probes {
            return;
        }
        if self.round == 0 {
            // Only when all of the first round is over is it known how far to ask.
            if self.asked.values().any(|asked| asked.is_open(plan, now)) {
                return;
            }
            if self.end == End::Silent {
                self.horizon = self.horizon.min(self.heard.saturating_add(LINGER));
            }
        }
        self.round += 1;
        self.next = 1;
    }

    /// Returns whether a hop of the first round will not answer any more.
    fn is_over(&self, ttl: u8, plan: Plan, now: Instant) -> bool {
        let asked = self.asked.get(&u16::from(ttl - 1));
        asked.is_some_and(|asked| !asked.is_open(plan, now))
    }

    fn may_send(&self, plan: Plan, now: Instant) -> bool {
        if self.next > self.horizon || self.round >= plan.probes {
            return false;
        }
        if self.round > 0 {
            return true;
        }
        // As many questions may be in the dark as this; each whose time is up makes room for one.
        let dark = self.asked.iter().filter(|(sequence, asked)| {
            asked.is_open(plan, now) && **sequence >= u16::from(self.heard)
        });
        dark.count() < usize::from(AHEAD)
    }

    /// Returns until when this flow waits for something.
    fn waits(&self, plan: Plan, now: Instant) -> Option<Instant> {
        let open = self.asked.values().filter(|asked| asked.is_open(plan, now));
        open.map(|asked| asked.at + plan.timeout).min()
    }

    fn path(&self, plan: Plan, now: Instant) -> Path {
        let mut hops: Vec<Hop> = Vec::new();
        for (sequence, asked) in &self.asked {
            let at = usize::from(sequence % u16::from(MOST_HOPS));
            if at >= usize::from(self.horizon) || asked.is_open(plan, now) {
                continue;
            }
            if hops.len() <= at {
                hops.resize_with(at + 1, Hop::default);
            }
            let hop = &mut hops[at];
            hop.sent += 1;
            if let Some((from, rtt)) = asked.answer {
                hop.rtts.push(rtt);
                *hop.from.entry(from).or_default() += 1;
            }
        }
        Path {
            hops,
            end: self.end,
        }
    }
}

impl Asked {
    fn is_open(&self, plan: Plan, now: Instant) -> bool {
        self.answer.is_none() && now < self.at + plan.timeout
    }
}
