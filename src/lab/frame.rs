//! Ethernet frames as they pass between the two kernels: read, sent on with less time to live, answered.
//!
//! The kernels leave checksums of TCP and UDP half done on a virtual pair, as hardware would finish them. Here
//! no hardware follows, so they are computed anew; without it TCP never connects.
//!
//! What the two families have of their own is in `v4` and `v6`: their headers, and how a router words its errors.

mod v4;
mod v6;

use std::net::IpAddr;

use pnet::packet::ethernet::{EtherTypes, EthernetPacket, MutableEthernetPacket};

use crate::lab::fabric::Packet;
use crate::model::reading::Refusal;
use crate::wire::echo::Family;

/// An Ethernet header without a tag.
const ETHERNET: usize = 14;
/// An ICMP error of either family before what it quotes.
const ICMP: usize = 8;
/// The hops that an error of a router's own may take.
const HOPS: u8 = 64;

/// Returns what the fabric needs to know of a frame; `None` for anything but whole IPv4 or IPv6.
#[must_use]
pub fn read(frame: &[u8], from_near: bool) -> Option<Packet> {
    match family(frame)? {
        Family::V4 => v4::read(frame.get(ETHERNET..)?, from_near),
        Family::V6 => v6::read(frame.get(ETHERNET..)?, from_near),
    }
}

/// Makes a frame ready for its arrival: what is left of its time to live, every checksum whole.
pub fn finish(frame: &mut Vec<u8>, ttl: u8) {
    let Some(family) = family(frame) else {
        return;
    };
    let ip = frame.get(ETHERNET..).unwrap_or_default();
    let octets = match family {
        Family::V4 => v4::octets(ip),
        Family::V6 => v6::octets(ip),
    };
    let Some(octets) = octets else {
        return;
    };
    // Short packets were padded to the least that Ethernet carries.
    frame.truncate(ETHERNET + octets);
    let ip = frame.get_mut(ETHERNET..).unwrap_or_default();
    match family {
        Family::V4 => v4::finish(ip, ttl),
        Family::V6 => v6::finish(ip, ttl),
    }
}

/// Returns the frame by which a router answers the sender of `frame`; `None` where that is forbidden (RFC 1122,
/// 3.2.2; RFC 4443, 2.4), or where the router's address is of the other family.
///
/// No error is sent about an ICMP error, about any fragment but the first, or to nobody. `mtu` is what the next
/// link carries, where the packet was too large for it (RFC 1191, RFC 8201).
#[must_use]
pub fn answer(frame: &[u8], router: IpAddr, why: Refusal, mtu: Option<u16>) -> Option<Vec<u8>> {
    let mut asked = frame.to_vec();
    let ttl = match why {
        Refusal::TimeExceeded => 1,
        Refusal::Unreachable(_) => read(frame, true)?.ttl,
    };
    finish(&mut asked, ttl);
    let ip = asked.get(ETHERNET..)?;
    let said = match (family(frame)?, router) {
        (Family::V4, IpAddr::V4(router)) => v4::answer(ip, router, why, mtu)?,
        (Family::V6, IpAddr::V6(router)) => v6::answer(ip, router, why, mtu)?,
        _ => return None,
    };
    let ethernet = EthernetPacket::new(&asked)?;
    let mut out = vec![0; ETHERNET];
    let mut header = MutableEthernetPacket::new(&mut out)?;
    header.set_source(ethernet.get_destination());
    header.set_destination(ethernet.get_source());
    header.set_ethertype(ethernet.get_ethertype());
    out.extend(said);
    Some(out)
}

/// Returns whether a frame asks its destination for an echo.
#[must_use]
pub fn asks_echo(frame: &[u8]) -> bool {
    let ip = frame.get(ETHERNET..).unwrap_or_default();
    match family(frame) {
        Some(Family::V4) => v4::asks_echo(ip),
        Some(Family::V6) => v6::asks_echo(ip),
        None => false,
    }
}

/// Returns of which family a frame says that its packet is.
fn family(frame: &[u8]) -> Option<Family> {
    match EthernetPacket::new(frame)?.get_ethertype() {
        EtherTypes::Ipv4 => Some(Family::V4),
        EtherTypes::Ipv6 => Some(Family::V6),
        _ => None,
    }
}

/// Returns octets as one number, the first the greatest: ports or an identifier, of which a flow is made.
fn number(octets: &[u8]) -> u64 {
    let octets = octets.iter();
    octets.fold(0, |all, octet| all << 8 | u64::from(*octet))
}
