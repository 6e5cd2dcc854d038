//! Which addresses stand on which side of the wire.
//!
//! The far kernel owns every prefix that the model has addresses in; the near address must lie outside of all
//! of them, or the far kernel would answer itself. Only IPv4 goes over the wire: to an IPv6 address of the model
//! there is no route in the lab, and a probe says that it could not ask.

use std::net::{IpAddr, Ipv4Addr};

use ipnet::Ipv4Net;

use crate::model::network::Network;

/// The block that RFC 2544 sets aside for trials of network devices, in steps of four addresses.
const TRIALS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
const STEPS: u32 = 1 << 15;

/// The addresses of both ends of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressing {
    /// Where COMMAND's packets come from.
    pub near: Ipv4Addr,
    /// What COMMAND sends its packets to first.
    pub far: Ipv4Addr,
    /// The monitor's own addresses in the model, which are near too.
    pub own: Vec<Ipv4Addr>,
    /// What the far kernel answers for, ascending, without overlap.
    pub prefixes: Vec<Ipv4Net>,
}

impl Addressing {
    /// Returns the addressing of a network. Cost O(n log n).
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let own = network
            .nodes
            .get(&network.monitor)
            .into_iter()
            .flat_map(|node| node.address.iter().chain(&node.addresses))
            .filter_map(routable)
            .collect();
        let nets: Vec<Ipv4Net> = network
            .nodes
            .values()
            .flat_map(|node| node.address.iter().chain(&node.addresses))
            .filter_map(routable)
            // One route for each 256 addresses: few enough to set in milliseconds, narrow enough to leave room.
            .filter_map(|address| Ipv4Net::new(address, 24).ok())
            .map(|net| net.trunc())
            .collect();
        let prefixes = Ipv4Net::aggregate(&nets);
        let base = (0..STEPS)
            .map(|step| u32::from(TRIALS) + 4 * step)
            .find(|base| {
                let near = Ipv4Addr::from(*base);
                !prefixes.iter().any(|prefix| prefix.contains(&near))
            })
            .unwrap_or(u32::from(TRIALS));
        Self {
            near: Ipv4Addr::from(base + 2),
            far: Ipv4Addr::from(base + 1),
            own,
            prefixes,
        }
    }
}

/// Returns an address that a wire can carry; loopback, multicast and the like stay where they are.
fn routable(address: &IpAddr) -> Option<Ipv4Addr> {
    let IpAddr::V4(address) = *address else {
        return None;
    };
    let is_odd = address.is_loopback()
        || address.is_multicast()
        || address.is_unspecified()
        || address.is_broadcast();
    (!is_odd).then_some(address)
}
