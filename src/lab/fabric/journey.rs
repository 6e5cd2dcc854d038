//! One packet's way through the fabric: link by link, until it arrives, dies, or is answered for.

use std::net::Ipv4Addr;
use std::time::Duration;

use crate::graph::{LinkIx, NodeIx};
use crate::lab::fabric::{Fabric, Fate};
use crate::model::reading::Refusal;

/// Host unreachable (RFC 792).
const HOST: u8 = 1;

impl Fabric {
    /// Walks a packet between the monitor and `node`, outward or back.
    pub(super) fn travel(
        &mut self,
        node: NodeIx,
        is_outward: bool,
        ttl: u8,
        flow: u64,
        octets: usize,
        at: Duration,
    ) -> Fate {
        let root = self.routes.root();
        let Some(path) = self.routes.path(node, flow) else {
            return if is_outward {
                self.refuse(node, ttl, flow, at)
            } else {
                Fate::Drop
            };
        };
        let mut after = Duration::ZERO;
        let mut left = ttl;
        let steps: Vec<(LinkIx, NodeIx)> = if is_outward {
            path
        } else {
            backward(&path, root)
        };
        let mut from = if is_outward { root } else { node };
        for (hop, &(link, to)) in steps.iter().enumerate() {
            let Some(takes) = self.cross(link, from, to, octets) else {
                return Fate::Drop;
            };
            after += takes;
            if hop + 1 == steps.len() {
                break;
            }
            if left <= 1 {
                return self.exceed(&steps, hop, after, is_outward, at);
            }
            left -= 1;
            from = to;
        }
        Fate::Deliver { after, ttl: left }
    }

    /// Carries a packet over one link into the next node; `None` when it is lost or meets a fault.
    fn cross(&mut self, link: LinkIx, from: NodeIx, to: NodeIx, octets: usize) -> Option<Duration> {
        // Routing that has not converged yet still leads into what is broken.
        if self.dead[link.index()] || self.gone[to.index()] || self.gone[from.index()] {
            return None;
        }
        let way = usize::from(self.graph.ends(link).0 != from);
        let wire = &mut self.wires[link.index()];
        wire.carried[way] += octets as u64;
        if let Some(channel) = &mut wire.channels[way]
            && channel.loses(&mut self.dice)
        {
            return None;
        }
        if let Some(channel) = &mut self.places[to.index()].channel
            && channel.loses(&mut self.dice)
        {
            return None;
        }
        Some(wire.delay(&mut self.dice))
    }

    /// Answers in the place of a router at which the time to live ran out.
    fn exceed(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        hop: usize,
        after: Duration,
        is_outward: bool,
        at: Duration,
    ) -> Fate {
        let Some(&(link, router)) = steps.get(hop) else {
            return Fate::Drop;
        };
        let limit = self.conduct.exceeded;
        let Some(voice) = self.voice(router, link) else {
            return Fate::Drop;
        };
        if !self.places[router.index()]
            .exceeded
            .takes(limit, at + after)
        {
            return Fate::Drop;
        }
        let start = if is_outward {
            self.routes.root()
        } else {
            // The sender's own node is not in its steps; the first link's other end is.
            let (first, next) = steps[0];
            let (a, b) = self.graph.ends(first);
            if a == next { b } else { a }
        };
        self.reply(&steps[..=hop], start, voice, Refusal::TimeExceeded, after)
    }

    /// Answers in the place of the last router that is still reached on the way that no longer leads there.
    fn refuse(&mut self, node: NodeIx, ttl: u8, flow: u64, at: Duration) -> Fate {
        let Some(path) = self.designed.path(node, flow) else {
            return Fate::Drop;
        };
        let root = self.designed.root();
        if self.gone[root.index()] {
            return Fate::Drop;
        }
        let whole = path
            .iter()
            .take_while(|(link, to)| !self.dead[link.index()] && !self.gone[to.index()])
            .count();
        // At the monitor's own end of the break there is no router between to speak.
        let Some(&(link, router)) = whole.checked_sub(1).and_then(|last| path.get(last)) else {
            return Fate::Drop;
        };
        let Some(voice) = self.voice(router, link) else {
            return Fate::Drop;
        };
        let steps = &path[..whole];
        let mut after = Duration::ZERO;
        let mut from = root;
        for (hop, &(link, to)) in steps.iter().enumerate() {
            match self.cross(link, from, to, super::SIZE) {
                Some(takes) => after += takes,
                None => return Fate::Drop,
            }
            // A router counts the time to live before it looks for a way on (RFC 1812, 5.3.1).
            if usize::from(ttl) <= hop + 1 {
                return self.exceed(steps, hop, after, true, at);
            }
            from = to;
        }
        let limit = self.conduct.unreachable;
        if !self.places[router.index()]
            .unreachable
            .takes(limit, at + after)
        {
            return Fate::Drop;
        }
        self.reply(steps, root, voice, Refusal::Unreachable(HOST), after)
    }

    /// Carries a router's message back over the steps that the packet came by.
    fn reply(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        router: Ipv4Addr,
        why: Refusal,
        mut after: Duration,
    ) -> Fate {
        let back: Vec<(LinkIx, NodeIx)> = backward(steps, start);
        let Some(&(_, mut from)) = steps.last() else {
            return Fate::Drop;
        };
        for (link, to) in back {
            match self.cross(link, from, to, super::SIZE) {
                Some(takes) => after += takes,
                None => return Fate::Drop,
            }
            from = to;
        }
        Fate::Answer { router, why, after }
    }

    /// Returns the address from which a router speaks about what came on a link.
    fn voice(&self, router: NodeIx, link: LinkIx) -> Option<Ipv4Addr> {
        let voices = &self.places[router.index()].voices;
        // The model does not say which address stands at which port; each link keeps one.
        let at = link.index().checked_rem(voices.len())?;
        voices.get(at).copied()
    }
}

/// Returns the same steps in the other direction, from the last node to `start`.
fn backward(steps: &[(LinkIx, NodeIx)], start: NodeIx) -> Vec<(LinkIx, NodeIx)> {
    (0..steps.len())
        .rev()
        .map(|at| {
            let to = at.checked_sub(1).map_or(start, |before| steps[before].1);
            (steps[at].0, to)
        })
        .collect()
}
