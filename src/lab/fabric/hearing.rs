//! What a probe hears: the question's way, the agent's health, and the answer's way back.

use std::sync::Arc;
use std::time::Duration;

use crate::graph::{NodeIx, mix};
use crate::lab::action::behaviour::Behaviour;
use crate::lab::fabric::journey::Load;
use crate::lab::fabric::{Fabric, Fate};
use crate::model::NodeId;
use crate::model::device::Device;
use crate::model::reading::Answer;
use crate::model::target::{Method, Target};
use crate::wire::echo::Family;

/// A poller gives up after so long, or after an interval that is shorter.
const LONGEST_POLL: Duration = Duration::from_secs(10);

/// What one row of the interface table is told in, where it is told cell by cell.
const CELLS: u32 = 20;

/// What a probe hears, if nothing is lost.
struct Heard {
    answer: Answer,
    /// Until its first datagram, which must not outlast the time-out.
    first: Duration,
    /// Until it is whole, or left.
    whole: Duration,
}

impl Fabric {
    /// Returns what a probe hears from a target, and how long after it asked.
    ///
    /// A silence takes the target's time-out, for each retry once more; so does a question to who is not there. Cost
    /// O(path), and O(ports) for SNMP.
    pub fn ask(&mut self, target: &Target, at: Duration) -> (Answer, Duration) {
        match self.place(&target.id.node) {
            Some(node) => self.ask_at(node, target, at),
            None => (
                Answer::Silent,
                target.timeout * (u32::from(target.retries) + 1),
            ),
        }
    }

    /// Returns where a node stands here: who asks again and again need not look it up.
    #[must_use]
    pub fn place(&self, node: &NodeId) -> Option<NodeIx> {
        self.graph.node(node)
    }

    /// Returns what a probe hears from a target that stands at a place, and how long after it asked.
    pub fn ask_at(&mut self, node: NodeIx, target: &Target, at: Duration) -> (Answer, Duration) {
        self.settle(at);
        if target.id.method == Method::Ping
            && target.retries == 0
            && let Some((rtt, ttl)) = self.smooth_echo(node, target)
        {
            if rtt > target.timeout {
                return (Answer::Silent, target.timeout);
            }
            let ttl = Some(ttl);
            return (Answer::Echo { rtt, ttl }, rtt);
        }
        let mut spent = Duration::ZERO;
        for _ in 0..=target.retries {
            if let Some(heard) = self.attempt(node, target, at + spent)
                && heard.first <= target.timeout
            {
                return (heard.answer, spent + heard.whole);
            }
            spent += target.timeout;
        }
        (Answer::Silent, spent)
    }

    /// Returns the round trip of an echo and the time to live of its answer, where there is nothing on the way that
    /// could do more to it than take time; it is what `attempt` comes to then.
    fn smooth_echo(&mut self, node: NodeIx, target: &Target) -> Option<(Duration, u8)> {
        if self.places[node.index()].behaviour == Behaviour::Pingless {
            return None;
        }
        let flow = outward(node);
        let family = Family::of(target.address);
        let loads = [flow, back(flow)].map(|flow| Load::small(flow, family));
        self.glide_there_and_back(node, loads)
    }

    fn attempt(&mut self, node: NodeIx, target: &Target, at: Duration) -> Option<Heard> {
        let flow = outward(node);
        let family = Family::of(target.address);
        let load = Load::small(flow, family);
        let out = match self.travel(node, true, load, at) {
            Fate::Deliver { after, .. } => after,
            Fate::Drop => return None,
            // Over IPv6 "packet too big" is advice to the sender, and no verdict on the way.
            Fate::Answer { mtu: Some(_), .. } if family == Family::V6 => return None,
            Fate::Answer {
                router, why, after, ..
            } => {
                return Some(Heard {
                    answer: Answer::Refused { by: router, why },
                    first: after,
                    whole: after,
                });
            }
        };
        let mut late = Duration::ZERO;
        let mut behaviour = Behaviour::Well;
        match target.id.method {
            Method::Ping => {
                if !self.echoes(node, at + out) {
                    return None;
                }
            }
            Method::Snmp => {
                behaviour = self.places[node.index()].behaviour;
                if is_unheard(behaviour, target) {
                    return None;
                }
                late = behaviour.delay().unwrap_or_default();
            }
            Method::Tcp(_) => {}
        }
        let answers_at = at + out + late;
        let load = Load::small(back(flow), family);
        let Fate::Deliver {
            after: back, ttl, ..
        } = self.travel(node, false, load, answers_at)
        else {
            return None;
        };
        let first = out + late + back;
        let (answer, whole) = match target.id.method {
            Method::Ping => {
                let ttl = Some(ttl);
                (Answer::Echo { rtt: first, ttl }, first)
            }
            Method::Tcp(_) => {
                let ttl = None;
                (Answer::Echo { rtt: first, ttl }, first)
            }
            Method::Snmp => told(behaviour, self.said(node, answers_at), target, first),
        };
        Some(Heard {
            answer,
            first,
            whole,
        })
    }
}

/// Returns the flow of the questions to a node.
fn outward(node: NodeIx) -> u64 {
    mix(node.index() as u64)
}

/// Returns the flow of the answers to a flow of questions.
fn back(flow: u64) -> u64 {
    mix(flow)
}

/// Returns whether nothing that an agent says is taken for its answer.
fn is_unheard(behaviour: Behaviour, target: &Target) -> bool {
    match behaviour {
        Behaviour::Killed | Behaviour::Garbage | Behaviour::Another | Behaviour::Renumbered => true,
        Behaviour::Clock => (target.credential.as_ref()).is_some_and(crate::lab::usm::speaks),
        _ => false,
    }
}

/// Returns what a poll makes of an agent that answers, and how long it takes.
fn told(
    behaviour: Behaviour,
    device: Arc<Device>,
    target: &Target,
    first: Duration,
) -> (Answer, Duration) {
    let limit = target.interval.min(LONGEST_POLL).max(first);
    match behaviour {
        Behaviour::Trickle(by) => {
            let cells = CELLS * device.interfaces.len() as u32;
            let whole = first + by * cells;
            if whole <= limit {
                return (Answer::Device(device), whole);
            }
            (Answer::Partial(half(device)), limit)
        }
        Behaviour::Partial => (Answer::Partial(half(device)), first),
        // What it tells is not of the objects asked for, so nothing of it is kept.
        Behaviour::Unasked => (Answer::Partial(Arc::default()), first),
        // Every row was heard before the first that was not one.
        Behaviour::Circle => (Answer::Partial(device), first),
        Behaviour::Endless => (Answer::Partial(device), limit),
        _ => (Answer::Device(device), first),
    }
}

/// Returns a device with the first half of its interfaces.
fn half(mut device: Arc<Device>) -> Arc<Device> {
    let rows = device.interfaces.len() / 2;
    Arc::make_mut(&mut device).interfaces.truncate(rows);
    device
}
