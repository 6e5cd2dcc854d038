//! One link of the fabric: how long a packet takes over it and whether it arrives.

use std::time::Duration;

use crate::graph::mix;
use crate::lab::action::Loss;
use crate::lab::action::impairment::{Impairment, Rate};
use crate::lab::fabric::dice::{Dice, Waits};
use crate::lab::fabric::queue::Queue;
use crate::model::network::{Link, Network};

/// Light in glass travels a kilometre in this time.
const NANOS_PER_KM: f64 = 5_000.0;

/// Fibre is not laid along the great circle; a third more is usual where only the ends are known.
const DETOUR: f64 = 1.3;

/// The mean radius of the Earth (IUGG).
const EARTH_KM: f64 = 6_371.0;

/// Loss as a channel with a memory (Gilbert 1960, Elliott 1963): good passes everything, bad nothing.
///
/// How many packets a state lasts is drawn when it begins: most packets then cost no chance at all.
#[derive(Clone, Debug)]
pub(super) struct Channel {
    /// Good and bad.
    lasts: [Lasting; 2],
    bad: bool,
    /// Packets before the last one of this state.
    left: u64,
}

/// How long a state of a channel lasts: geometric, as each packet may end it.
#[derive(Clone, Copy, Debug)]
struct Lasting {
    /// One over -ln of the chance that it goes on; `None` where it never ends.
    scale: Option<f64>,
}

impl Lasting {
    /// Makes one that each packet ends with a chance, 0..1.
    fn new(ends: f64) -> Self {
        Self {
            scale: (ends > 0.0).then(|| -1.0 / (-ends).ln_1p()),
        }
    }

    /// Draws how many packets come before the one that ends it.
    #[expect(clippy::cast_sign_loss, reason = "neither factor is negative")]
    fn draw(self, dice: &mut Dice) -> u64 {
        self.scale
            .map_or(u64::MAX, |scale| (dice.wait() * scale) as u64)
    }
}

impl Channel {
    /// Returns the channel with this loss, or `None` when nothing is lost.
    ///
    /// Bad lasts `burst` packets in the mean; the share of bad packets is the ratio.
    pub(super) fn new(loss: &Loss, dice: &mut Dice) -> Option<Box<Self>> {
        let ratio = loss.ratio.clamp(0.0, 1.0);
        if ratio == 0.0 {
            return None;
        }
        // With a burst of 1 / (1 - ratio) the state has no memory: independent loss is that case.
        let leave = (1.0 / loss.burst.max(1.0)).min(1.0 - ratio);
        let enter = if ratio < 1.0 {
            (leave * ratio / (1.0 - ratio)).min(1.0)
        } else {
            1.0
        };
        let mut channel = Self {
            lasts: [Lasting::new(enter), Lasting::new(leave)],
            bad: dice.throw() < ratio,
            left: 0,
        };
        channel.redraw(dice);
        Some(Box::new(channel))
    }

    /// Draws anew how long its state lasts: it does not remember how long it has.
    pub(super) fn redraw(&mut self, dice: &mut Dice) {
        self.left = self.lasts[usize::from(self.bad)].draw(dice);
    }

    /// Returns whether the next packet is lost.
    pub(super) fn loses(&mut self, dice: &mut Dice) -> bool {
        let lost = self.bad;
        if self.left == 0 {
            self.bad = !self.bad;
            self.redraw(dice);
        } else {
            self.left -= 1;
        }
        lost
    }
}

/// What is done to packets besides delaying and losing them, on a link or on entering a node.
#[derive(Clone, Debug, Default)]
pub(super) struct Mischief {
    /// How fast each way is, and what stands in it.
    rate: Option<Rate>,
    queues: [Queue; 2],
    duplicate: f64,
    reorder: (f64, Duration),
    /// The most octets in one piece.
    pub(super) mtu: Option<u16>,
    /// Whether a way, a to b or b to a, carries nothing.
    pub(super) shut: [bool; 2],
}

impl Mischief {
    /// Undoes everything but what stands in the queues.
    pub(super) fn clear(&mut self) {
        *self = Self {
            queues: std::mem::take(&mut self.queues),
            ..Self::default()
        };
    }

    /// Adds one impairment; `way` is the one that it is about, where that is not both.
    pub(super) fn add(&mut self, by: &Impairment, way: Option<usize>) {
        match by {
            Impairment::Rate(rate) => self.rate = Some(*rate),
            Impairment::Duplicate(ratio) => self.duplicate = *ratio,
            Impairment::Reorder { ratio, by } => self.reorder = (*ratio, *by),
            Impairment::Mtu(octets) => self.mtu = Some(*octets),
            Impairment::OneWay(_) => {
                if let Some(way) = way {
                    self.shut[way] = true;
                }
            }
            // It is the node's own, and nothing that happens to what only enters it.
            Impairment::IcmpLimit(_) => {}
        }
    }

    /// Returns whether nothing is done any more.
    pub(super) fn is_none(&self) -> bool {
        self.rate.is_none()
            && self.mtu.is_none()
            && self.duplicate <= 0.0
            && self.reorder.0 <= 0.0
            && self.shut == [false; 2]
    }

    /// Returns how long the queue and the sending of so many octets take; `None` is a full queue.
    pub(super) fn sends(
        &mut self,
        way: usize,
        octets: usize,
        arrives: Duration,
        now: Duration,
    ) -> Option<Duration> {
        let Some(rate) = self.rate else {
            return Some(Duration::ZERO);
        };
        self.queues[way].takes(rate, octets, arrives, now)
    }

    /// Returns whether the next packet is sent on twice.
    pub(super) fn doubles(&self, dice: &mut Dice) -> bool {
        self.duplicate > 0.0 && dice.throw() < self.duplicate
    }

    /// Returns how long the next packet is held back, if it is.
    pub(super) fn holds(&self, dice: &mut Dice) -> Option<Duration> {
        let (ratio, by) = self.reorder;
        (ratio > 0.0 && dice.throw() < ratio).then_some(by)
    }
}

/// One link: its delay, its loss in each direction, what it carried.
#[derive(Clone, Debug)]
pub(super) struct Wire {
    /// How long a packet takes over it, in nanoseconds.
    waits: Waits,
    /// Octets a second that are modelled beside the probes, a to b and b to a.
    pub(super) background: [u64; 2],
    /// Loss a to b and b to a.
    pub(super) channels: [Option<Box<Channel>>; 2],
    /// What else is done to packets; most links have nothing of it.
    pub(super) mischief: Option<Box<Mischief>>,
    /// Octets of packets that the fabric itself carried, a to b and b to a.
    pub(super) carried: [u64; 2],
    /// How long it was dead before the present state began, and when it died if it is dead.
    dead: (Duration, Option<Duration>),
}

impl Wire {
    pub(super) fn new(link: &Link, network: &Network, seed: u64) -> Self {
        // Switching, serialisation and the queues of an ordinary hour; assumptions of ours, one way.
        let (base, jitter) = match link.kind.as_str() {
            "lan" => (10e3, 4e3),
            "mpls" => (900e3, 150e3),
            "radio" => (1_200e3, 400e3),
            "4g" => (16_000e3, 5_000e3),
            "satellite" => (250_000e3, 8_000e3),
            _ => (60e3, 20e3),
        };
        let km = link
            .length_km
            .or_else(|| between(link, network))
            .unwrap_or(0.0)
            // Once around the Earth; a slip of the pen shall not stop time.
            .clamp(0.0, 40_000.0);
        let capacity = link.capacity.unwrap_or(1_000_000_000);
        let rate = |salt: u64| {
            let hash = link
                .id
                .as_str()
                .bytes()
                .fold(mix(seed ^ salt), |hash, byte| mix(hash ^ u64::from(byte)));
            // Between 2 and 30 % of the capacity: busy enough to be seen, far from full.
            capacity / 8_000 * (20 + hash % 280)
        };
        Self {
            waits: Waits::new(base + km * NANOS_PER_KM, jitter),
            background: [rate(1), rate(2)],
            channels: [None, None],
            mischief: None,
            carried: [0, 0],
            dead: (Duration::ZERO, None),
        }
    }

    /// Returns how long the next packet takes: the base, and a wait that is exponential up to ten means.
    pub(super) fn delay(&self, dice: &mut Dice) -> Duration {
        Duration::from_nanos(self.nanos(dice))
    }

    /// Returns the same in nanoseconds.
    pub(super) fn nanos(&self, dice: &mut Dice) -> u64 {
        self.waits.draw(dice)
    }

    /// Notes that the link is dead, or alive, from `at` on.
    pub(super) fn note(&mut self, is_dead: bool, at: Duration) {
        match (self.dead.1, is_dead) {
            (None, true) => self.dead.1 = Some(at),
            (Some(since), false) => {
                self.dead = (self.dead.0 + at.saturating_sub(since), None);
            }
            _ => {}
        }
    }

    /// Returns the octets that went a to b and b to a until `at`, background and carried.
    ///
    /// They never fall and stand still while the link is dead.
    pub(super) fn octets(&self, at: Duration) -> [u64; 2] {
        let dead = self.dead.0
            + self
                .dead
                .1
                .map_or(Duration::ZERO, |since| at.saturating_sub(since));
        let alive = at.saturating_sub(dead);
        [0, 1].map(|way| passed(self.background[way], alive) + self.carried[way])
    }
}

/// Returns what so much a second comes to in a time, rounded down.
fn passed(per_second: u64, time: Duration) -> u64 {
    let nanos = u64::from(time.subsec_nanos());
    let part = match per_second.checked_mul(nanos) {
        Some(product) => product / 1_000_000_000,
        None => (u128::from(per_second) * u128::from(nanos) / 1_000_000_000) as u64,
    };
    // Counters wrap (RFC 2863).
    per_second.wrapping_mul(time.as_secs()).wrapping_add(part)
}

/// Returns the way between the ends of a link whose length nobody wrote down.
fn between(link: &Link, network: &Network) -> Option<f64> {
    let [a, b] = link
        .ends()
        .map(|end| network.nodes.get(&end.node).and_then(|node| node.position));
    let (a, b) = (a?, b?);
    let half = |degrees: f64| (degrees.to_radians() / 2.0).sin().powi(2);
    let chord = half(b.lat - a.lat)
        + a.lat.to_radians().cos() * b.lat.to_radians().cos() * half(b.lon - a.lon);
    Some(2.0 * EARTH_KM * chord.sqrt().min(1.0).asin() * DETOUR)
}
