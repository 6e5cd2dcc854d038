//! One packet's way through the fabric: link by link, until it arrives, dies, or is answered for.

use std::net::IpAddr;
use std::time::Duration;

use crate::graph::{LinkIx, NodeIx};
use crate::lab::fabric::dice::Dice;
use crate::lab::fabric::wire::Wire;
use crate::lab::fabric::{Fabric, Fate, SIZE, TTL};
use crate::model::reading::Refusal;
use crate::wire::echo::Family;

/// Host unreachable (RFC 792).
const HOST: u8 = 1;

/// Fragmentation needed and forbidden (RFC 792); over IPv6 "packet too big" (RFC 4443, 3.2).
const TOO_LARGE: u8 = 4;

/// What each fragment has of its own: an IPv4 header, as nothing else is cut on the way.
const HEADER: usize = 20;

/// Octets by which an IPv6 header is longer than one of IPv4.
const LONGER: usize = 20;

/// What a packet's way depends on besides its ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Load {
    /// In whose words a router would answer.
    pub(super) family: Family,
    pub(super) ttl: u8,
    pub(super) flow: u64,
    pub(super) octets: usize,
    /// Whether nobody may cut it into fragments.
    pub(super) is_whole: bool,
}

impl Load {
    /// Returns what a device's kernel sends where nobody says the size.
    pub(super) fn small(flow: u64, family: Family) -> Self {
        Self {
            family,
            ttl: TTL,
            flow,
            octets: small(family),
            // As Linux sends its pings.
            is_whole: true,
        }
    }
}

/// The way of the flow that was asked for last: whoever watches a node asks with the same flow again and again.
#[derive(Clone, Debug)]
pub(super) struct Kept {
    flow: u64,
    steps: Vec<(LinkIx, NodeIx)>,
    hops: Vec<Hop>,
}

impl Kept {
    /// Returns whether a packet takes this way, and lives long enough for it.
    fn is_for(&self, load: Load) -> bool {
        self.flow == load.flow && self.hops.len() <= usize::from(load.ttl)
    }

    /// Returns what is left of a packet's time to live at the end; the last step leads to who takes it, and not on.
    fn leaves(&self, load: Load) -> u8 {
        load.ttl - self.hops.len().saturating_sub(1) as u8
    }
}

/// A step in one number: the link's, and in the lowest bit whether it goes b to a.
#[derive(Clone, Copy, Debug)]
struct Hop(u32);

impl Hop {
    fn link(self) -> usize {
        (self.0 >> 1) as usize
    }

    fn way(self) -> usize {
        (self.0 & 1) as usize
    }
}

/// A packet under way, with its copies: they travel together and share one fate.
///
/// So do its fragments: all of them are carried as one, with as many headers as they need.
#[derive(Clone, Copy, Debug)]
struct Trip {
    /// When its sender let it go.
    began: Duration,
    after: Duration,
    /// Of one copy.
    octets: usize,
    /// The longest piece of it.
    piece: usize,
    copies: u8,
    is_held: bool,
}

impl Trip {
    fn new(octets: usize, began: Duration, after: Duration) -> Self {
        Self {
            began,
            after,
            octets,
            piece: octets,
            copies: 1,
            is_held: false,
        }
    }

    fn now(&self) -> Duration {
        self.began + self.after
    }

    /// Cuts it into fragments of at most so many octets, data in units of eight (RFC 791).
    fn cut(&mut self, mtu: usize) {
        let room = (mtu.saturating_sub(HEADER) / 8 * 8).max(8);
        let data = self.octets.saturating_sub(HEADER);
        self.octets = data + data.div_ceil(room) * HEADER;
        self.piece = mtu;
    }
}

impl Fabric {
    /// Walks a packet between the monitor and `node`, outward or back.
    pub(super) fn travel(
        &mut self,
        node: NodeIx,
        is_outward: bool,
        load: Load,
        at: Duration,
    ) -> Fate {
        let place = (node.index(), usize::from(is_outward));
        if let Some(kept) = &self.kept[place.0][place.1]
            && self.is_sound
            && kept.is_for(load)
        {
            let nanos = glide(&kept.hops, load.octets, &mut self.wires, &mut self.dice);
            return Fate::Deliver {
                after: Duration::from_nanos(nanos),
                ttl: kept.leaves(load),
                copies: 1,
                is_held: false,
            };
        }
        let kept = self.kept[place.0][place.1].take();
        let kept = kept.filter(|kept| kept.flow == load.flow);
        let Some(kept) = kept.or_else(|| self.way(node, is_outward, load.flow)) else {
            return if is_outward {
                self.refuse(node, load, at)
            } else {
                Fate::Drop
            };
        };
        let start = if is_outward { self.routes.root() } else { node };
        let fate = self.walk(&kept.steps, start, load, at);
        self.kept[place.0][place.1] = Some(kept);
        fate
    }

    /// Carries a packet to `node` and its answer back at once, and returns how long that takes and what is left of the
    /// answer's time to live.
    ///
    /// `None`, and nothing is carried, where something is wrong anywhere or a way is not known yet: `travel` tells.
    pub(super) fn glide_there_and_back(
        &mut self,
        node: NodeIx,
        [out, back]: [Load; 2],
    ) -> Option<(Duration, u8)> {
        let [way_back, way_out] = &self.kept[node.index()];
        let (way_out, way_back) = (way_out.as_ref()?, way_back.as_ref()?);
        if !self.is_sound || !way_out.is_for(out) || !way_back.is_for(back) {
            return None;
        }
        let (wires, dice) = (&mut self.wires, &mut self.dice);
        let there = glide(&way_out.hops, out.octets, wires, dice);
        let back_again = glide(&way_back.hops, back.octets, wires, dice);
        Some((
            Duration::from_nanos(there + back_again),
            way_back.leaves(back),
        ))
    }

    /// Returns the way that a flow takes now, between the monitor and `node`; `None` where there is none.
    fn way(&self, node: NodeIx, is_outward: bool, flow: u64) -> Option<Kept> {
        let path = self.routes.path(node, flow)?;
        let steps = if is_outward {
            path
        } else {
            backward(&path, self.routes.root())
        };
        let hop = |(link, to): &(LinkIx, NodeIx)| {
            let is_back = self.graph.ends(*link).1 != *to;
            Hop((link.index() as u32) << 1 | u32::from(is_back))
        };
        let hops = steps.iter().map(hop).collect();
        Some(Kept { flow, steps, hops })
    }

    /// Walks a packet from `start` along some steps.
    fn walk(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        load: Load,
        at: Duration,
    ) -> Fate {
        let mut trip = Trip::new(load.octets, at, Duration::ZERO);
        let mut left = load.ttl;
        let mut from = start;
        for (hop, &(link, to)) in steps.iter().enumerate() {
            if let Some(fate) = self.fit(&steps[..hop], start, link, load, &mut trip) {
                return fate;
            }
            if self.cross(link, from, to, &mut trip).is_none() {
                return Fate::Drop;
            }
            if hop + 1 == steps.len() {
                break;
            }
            if left <= 1 {
                return self.exceed(&steps[..=hop], start, load.family, &trip);
            }
            left -= 1;
            from = to;
        }
        Fate::Deliver {
            after: trip.after,
            ttl: left,
            copies: trip.copies,
            is_held: trip.is_held,
        }
    }

    /// Carries a packet over one link into the next node; `None` when it is lost or meets a fault.
    fn cross(&mut self, link: LinkIx, from: NodeIx, to: NodeIx, trip: &mut Trip) -> Option<()> {
        // Routing that has not converged yet still leads into what is broken.
        if self.dead[link.index()] || self.gone[to.index()] || self.gone[from.index()] {
            return None;
        }
        let way = usize::from(self.graph.ends(link).0 != from);
        let wire = &mut self.wires[link.index()];
        if let Some(mischief) = &mut wire.mischief {
            if mischief.shut[way] {
                return None;
            }
            let octets = trip.octets * usize::from(trip.copies);
            // What does not find room in the queue was never on the link.
            trip.after += mischief.sends(way, octets, trip.now(), self.now)?;
        }
        wire.carried[way] += (trip.octets * usize::from(trip.copies)) as u64;
        if let Some(channel) = &mut wire.channels[way]
            && channel.loses(&mut self.dice)
        {
            return None;
        }
        let place = &mut self.places[to.index()];
        if let Some(channel) = &mut place.channel
            && channel.loses(&mut self.dice)
        {
            return None;
        }
        trip.after += wire.delay(&mut self.dice);
        for mischief in [&wire.mischief, &place.mischief].into_iter().flatten() {
            if mischief.doubles(&mut self.dice) {
                trip.copies = trip.copies.saturating_add(1);
            }
            if let Some(by) = mischief.holds(&mut self.dice) {
                trip.after += by;
                trip.is_held = true;
            }
        }
        Some(())
    }

    /// Makes a packet fit the link that is next, or answers in the place of the router that must not cut it.
    ///
    /// `steps` is the way so far. A sender whose own link is too narrow has no router to say so: a packet that
    /// must stay whole is lost there.
    fn fit(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        link: LinkIx,
        load: Load,
        trip: &mut Trip,
    ) -> Option<Fate> {
        let mtu = self.wires[link.index()].mischief.as_ref()?.mtu?;
        if trip.piece <= usize::from(mtu) {
            return None;
        }
        if load.is_whole {
            let why = Refusal::Unreachable(TOO_LARGE);
            return Some(self.object(steps, start, why, load.family, trip, Some(mtu)));
        }
        trip.cut(usize::from(mtu));
        None
    }

    /// Answers in the place of a router at which the time to live ran out.
    fn exceed(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        family: Family,
        trip: &Trip,
    ) -> Fate {
        let Some(&(link, router)) = steps.last() else {
            return Fate::Drop;
        };
        let limit = self.conduct.exceeded;
        let Some(voice) = self.voice(router, link, family) else {
            return Fate::Drop;
        };
        if !self.places[router.index()]
            .exceeded
            .takes(limit, trip.now())
            || !self.may_speak(router, trip.now())
        {
            return Fate::Drop;
        }
        self.reply(steps, start, voice, Refusal::TimeExceeded, trip, None)
    }

    /// Answers in the place of the router at the end of `steps`, which knows of no way on for the packet.
    fn object(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        why: Refusal,
        family: Family,
        trip: &Trip,
        mtu: Option<u16>,
    ) -> Fate {
        let Some(&(link, router)) = steps.last() else {
            return Fate::Drop;
        };
        let limit = self.conduct.unreachable;
        let Some(voice) = self.voice(router, link, family) else {
            return Fate::Drop;
        };
        if !self.places[router.index()]
            .unreachable
            .takes(limit, trip.now())
            || !self.may_speak(router, trip.now())
        {
            return Fate::Drop;
        }
        self.reply(steps, start, voice, why, trip, mtu)
    }

    /// Answers in the place of the last router that is still reached on the way that no longer leads there.
    fn refuse(&mut self, node: NodeIx, load: Load, at: Duration) -> Fate {
        let Some(path) = self.designed.path(node, load.flow) else {
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
        let steps = &path[..whole];
        let mut trip = Trip::new(load.octets, at, Duration::ZERO);
        let mut from = root;
        for (hop, &(link, to)) in steps.iter().enumerate() {
            if let Some(fate) = self.fit(&steps[..hop], root, link, load, &mut trip) {
                return fate;
            }
            if self.cross(link, from, to, &mut trip).is_none() {
                return Fate::Drop;
            }
            // A router counts the time to live before it looks for a way on (RFC 1812, 5.3.1).
            if usize::from(load.ttl) <= hop + 1 {
                return self.exceed(&steps[..=hop], root, load.family, &trip);
            }
            from = to;
        }
        let why = Refusal::Unreachable(HOST);
        self.object(steps, root, why, load.family, &trip, None)
    }

    /// Carries a router's message back over the steps that the packet came by.
    fn reply(
        &mut self,
        steps: &[(LinkIx, NodeIx)],
        start: NodeIx,
        router: IpAddr,
        why: Refusal,
        asked: &Trip,
        mtu: Option<u16>,
    ) -> Fate {
        let back: Vec<(LinkIx, NodeIx)> = backward(steps, start);
        let Some(&(_, mut from)) = steps.last() else {
            return Fate::Drop;
        };
        let mut trip = Trip::new(small(Family::of(router)), asked.began, asked.after);
        for (link, to) in back {
            if self.cross(link, from, to, &mut trip).is_none() {
                return Fate::Drop;
            }
            from = to;
        }
        Fate::Answer {
            router,
            why,
            after: trip.after,
            mtu,
        }
    }

    /// Returns the address from which a router speaks about what came on a link; without one of that family it is
    /// silent, and still carries.
    fn voice(&self, router: NodeIx, link: LinkIx, family: Family) -> Option<IpAddr> {
        let voices = &self.places[router.index()].voices[family as usize];
        // The model does not say which address stands at which port; each link keeps one.
        let at = link.index().checked_rem(voices.len())?;
        voices.get(at).copied()
    }
}

/// Carries so many octets along a way of a network in which nothing is broken, lossy or impaired, and returns how many
/// nanoseconds that takes.
///
/// It is what `walk` comes to then, several times quicker: days on which nothing breaks are made of it.
fn glide(hops: &[Hop], octets: usize, wires: &mut [Wire], dice: &mut Dice) -> u64 {
    let mut nanos = 0;
    for hop in hops {
        let wire = &mut wires[hop.link()];
        wire.carried[hop.way()] += octets as u64;
        nanos += wire.nanos(dice);
    }
    nanos
}

/// Returns the octets of a packet where nobody says the size.
fn small(family: Family) -> usize {
    match family {
        Family::V4 => SIZE,
        Family::V6 => SIZE + LONGER,
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
