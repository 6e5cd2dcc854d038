//! Any octets as an ICMP packet, by both engines and both families.
#![no_main]

#[path = "../bound.rs"]
mod bound;

use std::net::{Ipv4Addr, Ipv6Addr};

use libfuzzer_sys::fuzz_target;
use spanwatch::wire::echo::{self, Family};
use spanwatch::wire::icmp;
use surge_ping::{IcmpPacket, Icmpv4Packet, Icmpv6Packet};

/// Packets are copied once or twice.
const EACH: usize = 4;

fuzz_target!(|bytes: &[u8]| {
    bound::within(EACH, bytes.len(), || {
        for family in [Family::V4, Family::V6] {
            let _ = echo::read(family, bytes);
        }
        let ours = Ipv4Addr::new(10, 0, 0, 9);
        for kind in [socket2::Type::RAW, socket2::Type::DGRAM] {
            if let Ok(packet) = Icmpv4Packet::decode(bytes, kind, ours, ours) {
                let _ = icmp::classify(&IcmpPacket::V4(packet));
            }
        }
        if let Ok(packet) = Icmpv6Packet::decode(bytes, Ipv6Addr::LOCALHOST) {
            let _ = icmp::classify(&IcmpPacket::V6(packet));
        }
    });
});
