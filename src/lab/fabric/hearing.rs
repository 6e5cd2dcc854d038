//! What a probe hears: the question's way, the agent's health, and the answer's way back.

use std::sync::Arc;
use std::time::Duration;

use crate::graph::{NodeIx, mix};
use crate::lab::action::Behaviour;
use crate::lab::fabric::journey::Load;
use crate::lab::fabric::{Fabric, Fate};
use crate::model::reading::Answer;
use crate::model::target::{Method, Target};
use crate::wire::echo::Family;

impl Fabric {
    /// Returns what a probe hears from a target, and how long after it asked.
    ///
    /// A silence takes the target's time-out, for each retry once more. Cost O(path), and O(ports) for SNMP.
    pub fn ask(&mut self, target: &Target, at: Duration) -> (Answer, Duration) {
        let waits = target.timeout * (u32::from(target.retries) + 1);
        let Some(node) = self.graph.node(&target.id.node) else {
            return (Answer::Silent, waits);
        };
        self.settle(at);
        for attempt in 0..=target.retries {
            let spent = target.timeout * u32::from(attempt);
            if let Some((answer, after)) = self.attempt(node, target, at + spent)
                && after <= target.timeout
            {
                return (answer, spent + after);
            }
        }
        (Answer::Silent, waits)
    }

    fn attempt(
        &mut self,
        node: NodeIx,
        target: &Target,
        at: Duration,
    ) -> Option<(Answer, Duration)> {
        let flow = mix(node.index() as u64);
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
                return Some((Answer::Refused { by: router, why }, after));
            }
        };
        if target.id.method == Method::Ping && !self.echoes(node, at + out) {
            return None;
        }
        let behaviour = self.places[node.index()].behaviour;
        let late = match (target.id.method, behaviour) {
            (Method::Snmp, Behaviour::Killed | Behaviour::Garbage | Behaviour::Another) => {
                return None;
            }
            (Method::Snmp, Behaviour::Slow(by)) => by,
            _ => Duration::ZERO,
        };
        let answers_at = at + out + late;
        let load = Load::small(mix(flow), family);
        let Fate::Deliver {
            after: back, ttl, ..
        } = self.travel(node, false, load, answers_at)
        else {
            return None;
        };
        let after = out + late + back;
        let answer = match target.id.method {
            Method::Ping => Answer::Echo {
                rtt: after,
                ttl: Some(ttl),
            },
            Method::Tcp(_) => Answer::Echo {
                rtt: after,
                ttl: None,
            },
            Method::Snmp => {
                let mut device = self.seen(node, answers_at);
                if behaviour == Behaviour::Partial {
                    device.interfaces.truncate(device.interfaces.len() / 2);
                    Answer::Partial(Arc::new(device))
                } else {
                    Answer::Device(Arc::new(device))
                }
            }
        };
        Some((answer, after))
    }
}
