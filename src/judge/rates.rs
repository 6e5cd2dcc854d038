//! From two polls of one device to rates: how busy each of its ports was between them.
//!
//! Counters lie in known ways. Those of 32 bits wrap, at 1 Gb/s every 34 s; all of them begin anew when the
//! device, its agent or the port's hardware does; and sysUpTime itself wraps after 497 days, which is no restart.
//! What cannot be known is not guessed: it has a reason instead of a number. Ports are matched by name, because
//! ifIndex may move.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::device::{CounterWidth, Device, Interface, port_key};

/// A clock of a device and ours may differ by so much between two polls, with one part in fifty of the time.
const SLACK: Duration = Duration::from_secs(5);

/// Rates above the speed by more than this are no measurement: the rest is the two polls' own timing.
const TOLERANCE: f64 = 1.1;

/// sysUpTime counts hundredths of a second in 32 bits.
const UPTIME_WRAPS: Duration = Duration::from_millis((1 << 32) * 10);

/// What a port did between two polls.
#[derive(Clone, Debug, PartialEq)]
pub struct PortRate {
    /// ifIndex at the later poll.
    pub index: u32,
    /// Bits a second received.
    pub received: Result<f64, Gap>,
    /// Bits a second sent.
    pub sent: Result<f64, Gap>,
    /// The busier way as a share of the speed; `None` without a speed or a rate.
    pub busy: Option<f64>,
    /// Errors a second, both ways.
    pub errors: Option<f64>,
    /// Packets thrown away a second, both ways.
    pub discards: Option<f64>,
}

/// Why a rate is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// One of the polls has no such port or no such counter.
    Missing,
    /// The counter began anew between the polls.
    Reset,
    /// 32 bits may have wrapped more than once.
    TooLong,
    /// More than the port can carry.
    Impossible,
}

impl Gap {
    /// Returns its name, for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Reset => "reset",
            Self::TooLong => "too-long",
            Self::Impossible => "impossible",
        }
    }
}

/// Returns the rate of every port of the later poll, by ifIndex; `between` is by our own monotonic clock.
#[must_use]
pub fn rates(before: &Device, after: &Device, between: Duration) -> Vec<PortRate> {
    let mut known: BTreeMap<String, Vec<&Interface>> = BTreeMap::new();
    for port in &before.interfaces {
        known
            .entry(port_key(port.name.as_str()))
            .or_default()
            .push(port);
    }
    let has_restarted = has_restarted(before, after, between);
    let mut all: Vec<PortRate> = after
        .interfaces
        .iter()
        .map(|port| {
            let named = known.get(&port_key(port.name.as_str()));
            let earlier = match named.map(Vec::as_slice) {
                Some([only]) => Some(*only),
                // Several ports of one name are told apart by what is left: their place.
                Some(several) => several.iter().copied().find(|one| one.index == port.index),
                None => None,
            };
            rate(earlier, port, between, has_restarted)
        })
        .collect();
    all.sort_by_key(|rate| rate.index);
    all
}

/// Returns whether the device or its agent has started between two polls.
#[must_use]
pub fn has_restarted(before: &Device, after: &Device, between: Duration) -> bool {
    if let (Some(before), Some(after)) = (before.engine, after.engine) {
        // The engine's time does not wrap for 68 years: it alone decides.
        return after.boots != before.boots || after.time < before.time;
    }
    let (Some(before), Some(after)) = (before.system.uptime, after.system.uptime) else {
        return false;
    };
    if after >= before {
        return false;
    }
    let slack = SLACK + between / 50;
    let wrapped = (after + UPTIME_WRAPS).saturating_sub(before);
    wrapped.abs_diff(between) > slack
}

fn rate(
    before: Option<&Interface>,
    after: &Interface,
    between: Duration,
    has_restarted: bool,
) -> PortRate {
    let begins_anew = has_restarted
        || before.is_some_and(|before| {
            before.discontinuity.is_some()
                && after.discontinuity.is_some()
                && before.discontinuity != after.discontinuity
        });
    let octets = |one: fn(&Interface) -> Option<u64>| {
        let before = before.ok_or(Gap::Missing)?;
        if before.counters != after.counters {
            return Err(Gap::Missing);
        }
        let pair = (
            one(before).ok_or(Gap::Missing)?,
            one(after).ok_or(Gap::Missing)?,
        );
        if begins_anew {
            return Err(Gap::Reset);
        }
        bits(pair, after.counters, after.speed, between)
    };
    let received = octets(|port| port.in_octets);
    let sent = octets(|port| port.out_octets);
    let packets = |ways: [fn(&Interface) -> Option<u64>; 2]| {
        let before = before.filter(|_| !begins_anew)?;
        let counts = ways.iter().filter_map(|one| {
            // Their counters are of 32 bits always, and never wrap within a poll's interval.
            let (from, to) = (one(before)? as u32, one(after)? as u32);
            Some(f64::from(to.wrapping_sub(from)))
        });
        let counts: Vec<f64> = counts.collect();
        let seconds = between.as_secs_f64();
        (!counts.is_empty() && seconds > 0.0).then(|| counts.iter().sum::<f64>() / seconds)
    };
    let most = [received, sent]
        .into_iter()
        .filter_map(Result::ok)
        .reduce(f64::max);
    PortRate {
        index: after.index,
        received,
        sent,
        busy: match (most, after.speed) {
            (Some(most), Some(speed)) if speed > 0 => Some(most / speed as f64),
            _ => None,
        },
        errors: packets([|port| port.in_errors, |port| port.out_errors]),
        discards: packets([|port| port.in_discards, |port| port.out_discards]),
    }
}

/// Returns bits a second between two values of a counter of octets.
fn bits(
    (before, after): (u64, u64),
    width: CounterWidth,
    speed: Option<u64>,
    between: Duration,
) -> Result<f64, Gap> {
    let seconds = between.as_secs_f64();
    if seconds <= 0.0 {
        return Err(Gap::Missing);
    }
    let speed = speed.filter(|speed| *speed > 0).map(|speed| speed as f64);
    let octets = match width {
        // 64 bits do not wrap in anybody's life: less than before is a fresh start that nobody announced.
        CounterWidth::Bits64 => after.checked_sub(before).ok_or(Gap::Reset)?,
        CounterWidth::Bits32 => {
            let capacity = speed.map(|speed| speed / 8.0 * seconds);
            if capacity.is_some_and(|most| most >= f64::from(u32::MAX)) {
                return Err(Gap::TooLong);
            }
            u64::from((after as u32).wrapping_sub(before as u32))
        }
    };
    let rate = octets as f64 * 8.0 / seconds;
    match speed {
        Some(speed) if rate > speed * TOLERANCE => Err(if after < before {
            // It would have had to wrap faster than the line can carry.
            Gap::Reset
        } else {
            Gap::Impossible
        }),
        Some(speed) => Ok(rate.min(speed)),
        None => Ok(rate),
    }
}
