//! Whom to ask next when a network is explored from one device: breadth first, and never beyond the bounds.
//!
//! Nothing here asks anybody. Every address that is handed out was inside the prefixes when it was handed out, and
//! is handed out once: that is the whole of the safety, and it stands in one function (`offer`). The hard thought
//! is that one device has many addresses and is heard by many neighbours: it is known again by its addresses, its
//! chassis and its name together with a mark of its own, never by its name alone, because names are copied.

use std::collections::BTreeSet;
use std::net::IpAddr;

use ipnet::IpNet;

use crate::analysis::wiring::witness::{Heard, Witness, chassis_key, written};

/// How far an exploration may go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bounds {
    /// Only addresses in these are ever asked.
    pub within: Vec<IpNet>,
    /// At most so many addresses are asked.
    pub most: usize,
}

impl Bounds {
    /// Returns whether an address may be asked: it is in a prefix, and one device's own.
    #[must_use]
    pub fn hold(&self, address: IpAddr) -> bool {
        let is_one = match address {
            IpAddr::V4(v4) => !v4.is_multicast() && !v4.is_broadcast() && !v4.is_unspecified(),
            IpAddr::V6(v6) => {
                !v6.is_multicast() && !v6.is_unspecified() && !v6.is_unicast_link_local()
            }
        };
        let is_end = |net: &IpNet| match net {
            // Everybody on the wire answers to these two.
            IpNet::V4(net) if net.prefix_len() < 31 => {
                address == IpAddr::V4(net.network()) || address == IpAddr::V4(net.broadcast())
            }
            _ => false,
        };
        is_one
            && self
                .within
                .iter()
                .any(|net| net.contains(&address) && !is_end(net))
    }
}

/// What a device answered.
#[derive(Clone, Debug)]
pub struct Answered {
    /// Where it was asked.
    pub address: IpAddr,
    /// By which credential, by name.
    pub credential: String,
    /// What it said.
    pub witness: Witness,
    /// The addresses of its interfaces.
    pub addresses: Vec<IpAddr>,
}

/// A device that answered, by whatever addresses.
#[derive(Clone, Debug)]
pub struct Found {
    /// What it answered first.
    pub first: Answered,
    /// Other addresses at which it was asked and was the same device.
    pub also: Vec<IpAddr>,
}

impl Found {
    fn macs(&self) -> BTreeSet<[u8; 6]> {
        macs(&self.first.witness)
    }

    fn has(&self, address: IpAddr) -> bool {
        self.first.address == address
            || self.also.contains(&address)
            || self.first.addresses.contains(&address)
    }

    /// Returns whether a neighbour is this device.
    fn is(&self, heard: &Heard) -> bool {
        let chassis = chassis_key(&heard.chassis);
        let own = self.first.witness.chassis.as_deref().map(chassis_key);
        let is_chassis = !chassis.is_empty()
            && (own.as_ref() == Some(&chassis)
                || self.macs().iter().any(|mac| written(*mac) == chassis));
        is_chassis || heard.addresses.iter().any(|address| self.has(*address))
    }
}

fn macs(witness: &Witness) -> BTreeSet<[u8; 6]> {
    let macs = witness.ports.iter().filter_map(|port| port.mac);
    macs.filter(|mac| *mac != [0; 6]).collect()
}

/// Addresses that say nothing about whose they are.
fn is_own(address: &IpAddr) -> bool {
    let is_local = match address {
        IpAddr::V4(v4) => v4.is_link_local(),
        IpAddr::V6(v6) => v6.is_unicast_link_local(),
    };
    !is_local && !address.is_loopback() && !address.is_unspecified()
}

/// An exploration under way.
#[derive(Clone, Debug)]
pub struct Discovery {
    bounds: Bounds,
    /// Addresses that were handed out.
    asked: BTreeSet<IpAddr>,
    silent: BTreeSet<IpAddr>,
    outside: BTreeSet<IpAddr>,
    next: Vec<IpAddr>,
    found: Vec<Found>,
    is_full: bool,
}

impl Discovery {
    /// Begins at a device; `None` where it lies outside the bounds itself.
    #[must_use]
    pub fn new(seed: IpAddr, bounds: Bounds) -> Option<Self> {
        let mut discovery = Self {
            bounds,
            asked: BTreeSet::new(),
            silent: BTreeSet::new(),
            outside: BTreeSet::new(),
            next: Vec::new(),
            found: Vec::new(),
            is_full: false,
        };
        discovery.offer(seed).then_some(discovery)
    }

    /// Puts an address on the list, if it may be asked and was not.
    fn offer(&mut self, address: IpAddr) -> bool {
        if !self.bounds.hold(address) {
            self.outside.insert(address);
            return false;
        }
        if self.asked.contains(&address) {
            return false;
        }
        if self.asked.len() >= self.bounds.most {
            self.is_full = true;
            return false;
        }
        self.asked.insert(address);
        self.next.push(address);
        true
    }

    /// Takes an answer; one of a device that is known by another address adds only that address.
    pub fn answered(&mut self, answered: Answered) {
        let own: BTreeSet<IpAddr> = answered.addresses.iter().copied().filter(is_own).collect();
        let macs = macs(&answered.witness);
        let same = self.found.iter_mut().find(|found| {
            let chassis = [&found.first.witness, &answered.witness]
                .map(|witness| witness.chassis.as_deref().map(chassis_key));
            let is_chassis = chassis[0].is_some() && chassis[0] == chassis[1];
            let is_named = found.first.witness.name == answered.witness.name;
            let shares = !found.macs().is_disjoint(&macs)
                || found
                    .first
                    .addresses
                    .iter()
                    .any(|address| own.contains(address));
            is_named && (is_chassis || shares)
        });
        match same {
            Some(found) => found.also.push(answered.address),
            None => self.found.push(Found {
                first: answered,
                also: Vec::new(),
            }),
        }
    }

    /// Takes that nobody answered.
    pub fn silent(&mut self, address: IpAddr) {
        self.silent.insert(address);
    }

    /// Returns the addresses to ask now, ascending; empty when there is nothing more to explore.
    ///
    /// Of a neighbour with several addresses one is asked at a time: the next only when that one was silent. To be
    /// called when everybody of the last wave has answered or was silent. Cost O(d n) in devices and neighbours.
    #[must_use]
    pub fn wave(&mut self) -> Vec<IpAddr> {
        let mut offers: BTreeSet<IpAddr> = BTreeSet::new();
        let mut outside: BTreeSet<IpAddr> = BTreeSet::new();
        for found in &self.found {
            for heard in &found.first.witness.heard {
                if self.found.iter().any(|known| known.is(heard)) {
                    continue;
                }
                let own = heard.addresses.iter().filter(|address| is_own(address));
                let (inside, beyond): (Vec<&IpAddr>, Vec<&IpAddr>) =
                    own.partition(|address| self.bounds.hold(**address));
                if inside.is_empty() {
                    outside.extend(beyond);
                }
                // One under way or heard already decides; those that were silent do not.
                let open = inside
                    .iter()
                    .find(|address| !self.silent.contains(**address));
                if let Some(address) = open.filter(|address| !self.asked.contains(**address)) {
                    offers.insert(**address);
                }
            }
        }
        self.outside.extend(outside);
        for address in offers {
            self.offer(address);
        }
        let mut wave = std::mem::take(&mut self.next);
        wave.sort_unstable();
        wave
    }

    /// Returns the devices, in the order in which they were found.
    #[must_use]
    pub fn found(&self) -> &[Found] {
        &self.found
    }

    /// Returns the addresses that were asked in vain, ascending.
    #[must_use]
    pub fn in_vain(&self) -> &BTreeSet<IpAddr> {
        &self.silent
    }

    /// Returns the addresses that were heard of and lie outside the bounds, ascending.
    #[must_use]
    pub fn beyond(&self) -> &BTreeSet<IpAddr> {
        &self.outside
    }

    /// Returns whether it ended because enough addresses had been asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.is_full
    }
}
