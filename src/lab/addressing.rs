//! Which addresses stand on which side of the wire.
//!
//! The far kernel owns every prefix that the model has addresses in; the near addresses must lie outside of all
//! of them, or the far kernel would answer itself. A model without any address of IPv6 has a wire without it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

use crate::model::network::Network;

/// The block that RFC 2544 sets aside for trials of network devices, in steps of four addresses.
const TRIALS: Ipv4Addr = Ipv4Addr::new(198, 18, 0, 0);
const STEPS: u32 = 1 << 15;

/// The same of IPv6 (RFC 5180), in steps of one subnet.
const TRIALS_V6: Ipv6Addr = Ipv6Addr::new(0x2001, 2, 0, 0, 0, 0, 0, 0);
const STEPS_V6: u128 = 1 << 16;

/// One route for each 256 addresses, and for each subnet of IPv6: few enough to set in milliseconds, narrow enough
/// to leave room.
const PREFIX: u8 = 24;
const PREFIX_V6: u8 = 64;

/// The two ends of the wire in one family.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ends<A> {
    /// Where COMMAND's packets come from.
    pub near: A,
    /// What COMMAND sends its packets to first.
    pub far: A,
}

/// The addresses of both ends of the wire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addressing {
    /// The ends in IPv4.
    pub v4: Ends<Ipv4Addr>,
    /// The ends in IPv6, where the model has an address of it.
    pub v6: Option<Ends<Ipv6Addr>>,
    /// The monitor's own addresses in the model, which are near too.
    pub own: Vec<IpAddr>,
    /// What the far kernel answers for, ascending, without overlap.
    pub prefixes: Vec<IpNet>,
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
            .copied()
            .filter(|address| is_routable(*address))
            .collect();
        let nets: Vec<IpNet> = network
            .nodes
            .values()
            .flat_map(|node| node.address.iter().chain(&node.addresses))
            .filter(|address| is_routable(**address))
            .filter_map(|address| {
                let length = if address.is_ipv4() { PREFIX } else { PREFIX_V6 };
                Some(IpNet::new(*address, length).ok()?.trunc())
            })
            .collect();
        let prefixes = IpNet::aggregate(&nets);
        let is_free = |address: IpAddr| !prefixes.iter().any(|prefix| prefix.contains(&address));
        let first = u32::from(TRIALS);
        let base = (0..STEPS)
            .map(|step| first + 4 * step)
            .find(|base| is_free(Ipv4Addr::from(*base).into()))
            .unwrap_or(first);
        let v4 = Ends {
            near: Ipv4Addr::from(base + 2),
            far: Ipv4Addr::from(base + 1),
        };
        let first = u128::from(TRIALS_V6);
        let base = (0..STEPS_V6)
            .map(|step| first + (step << 64))
            .find(|base| is_free(Ipv6Addr::from(*base).into()))
            .unwrap_or(first);
        let is_needed = prefixes.iter().any(|net| matches!(net, IpNet::V6(_)));
        let v6 = is_needed.then(|| Ends {
            near: Ipv6Addr::from(base + 2),
            far: Ipv6Addr::from(base + 1),
        });
        Self {
            v4,
            v6,
            own,
            prefixes,
        }
    }

    /// Returns the same for a kernel that speaks no IPv6: to an address of it there is no route then, and a probe
    /// says that it could not ask.
    #[must_use]
    pub fn without_v6(mut self) -> Self {
        self.v6 = None;
        self.own.retain(IpAddr::is_ipv4);
        self.prefixes.retain(|net| matches!(net, IpNet::V4(_)));
        self
    }
}

/// Returns whether a wire can carry packets to an address; loopback, multicast and the like stay where they are.
fn is_routable(address: IpAddr) -> bool {
    let is_odd = match address {
        IpAddr::V4(address) => address.is_broadcast(),
        IpAddr::V6(address) => {
            address.is_unicast_link_local() || address.to_ipv4_mapped().is_some()
        }
    };
    !(is_odd || address.is_loopback() || address.is_multicast() || address.is_unspecified())
}
