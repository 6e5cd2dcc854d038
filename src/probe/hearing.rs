//! Which poll of a device also asks whom it hears: rarely, and soon after its ports have changed.
//!
//! Whom a device hears changes when somebody moves a cable, and to ask costs about as much as a whole poll. So it
//! is asked every few minutes, and otherwise only when a poll has shown its ports to be others than they were when
//! it was last asked. Not at once, though: a neighbour speaks twice a minute (IEEE 802.1AB, msgTxInterval), and
//! before it has spoken the port would look as if nobody were there.
//!
//! At first everybody is asked at once, because nothing is known. From then on each device has its seat in the five
//! minutes, as it has one in the interval of its polls: else every fifth minute would cost twice what the others do.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::model::device::Device;
use crate::model::target::TargetId;
use crate::probe::roster::seat_after;

/// Time between two questions for neighbours where nothing has changed.
const EVERY: Duration = Duration::from_mins(5);

/// Time from a change of ports to the question: the 30 s in which a neighbour speaks, and a little.
const AFTER_CHANGE: Duration = Duration::from_secs(45);

/// When each device is to be asked for its neighbours next, and how its ports were.
#[derive(Clone, Debug)]
pub struct Hearing {
    seed: u64,
    start: Instant,
    devices: BTreeMap<TargetId, Asked>,
}

#[derive(Clone, Copy, Debug)]
struct Asked {
    /// When it is its turn again.
    next: Instant,
    /// How its ports were in the first poll that answered since; `None` before.
    ports: Option<u64>,
    /// When a later one last showed others.
    changed: Option<Instant>,
}

impl Hearing {
    /// Makes the order for a roster that began at `start` with this seed: its seats are those of the polls.
    #[must_use]
    pub fn new(start: Instant, seed: u64) -> Self {
        Self {
            seed,
            start,
            devices: BTreeMap::new(),
        }
    }

    /// Returns whether the poll that is about to leave should ask for neighbours, and remembers that it does.
    pub fn is_due(&mut self, target: &TargetId, now: Instant) -> bool {
        let is_due = self.devices.get(target).is_none_or(|asked| {
            let is_settled = |then: Instant| now.saturating_duration_since(then) >= AFTER_CHANGE;
            asked.next <= now || asked.changed.is_some_and(is_settled)
        });
        if is_due {
            let asked = Asked {
                next: seat_after(self.seed, self.start, target, EVERY, now),
                ports: None,
                changed: None,
            };
            self.devices.insert(target.clone(), asked);
        }
        is_due
    }

    /// Takes how the ports of a device were in a poll, as `ports` tells it.
    pub fn take(&mut self, target: &TargetId, ports: u64, now: Instant) {
        if let Some(asked) = self.devices.get_mut(target) {
            if asked.ports.is_some_and(|before| before != ports) {
                asked.changed = Some(now);
            }
            asked.ports = Some(ports);
        }
    }

    /// Forgets devices that are not asked any more.
    pub fn retain(&mut self, is_asked: impl Fn(&TargetId) -> bool) {
        self.devices.retain(|target, _| is_asked(target));
    }
}

/// Returns a number that is another one when a device has other ports, or a port another state or speed.
#[must_use]
pub fn ports(device: &Device) -> u64 {
    device.interfaces.iter().fold(0, |sum, port| {
        let words = [
            u64::from(port.index),
            port.admin as u64,
            port.oper as u64,
            port.speed.unwrap_or_default(),
        ];
        words.iter().fold(sum, |sum, word| {
            (sum ^ word).wrapping_mul(0x0100_0000_01b3).rotate_left(23)
        })
    })
}
