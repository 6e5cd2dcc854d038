//! What an ICMP packet that belongs to one of our echoes says (RFC 792, RFC 4443).
//!
//! The ping library hands over every packet that quotes or answers an echo of ours, and calls all of them a
//! success. Most of them are not: a router that says "unreachable" is evidence about the router's view, and code
//! that takes it for an answer reports a dead agency as up.

use std::net::IpAddr;

use pnet::packet::icmp::IcmpTypes;
use pnet::packet::icmpv6::Icmpv6Types;
use surge_ping::IcmpPacket;

use crate::model::reading::Refusal;
use crate::wire::echo::code_of_v4;

/// What came back for an echo.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply {
    /// The target answered.
    Echo {
        /// Time to live as it arrived; `None` where the socket does not show it.
        ttl: Option<u8>,
    },
    /// Somebody on the way answered in its place.
    Refused {
        /// Who sent it: the router's address.
        by: IpAddr,
        /// What it said.
        why: Refusal,
    },
    /// Advice (a redirect, a packet too big, ...): the echo itself is still on its way.
    Aside,
}

/// Returns what a packet says about the echo that it belongs to.
#[must_use]
pub fn classify(packet: &IcmpPacket) -> Reply {
    match packet {
        IcmpPacket::V4(packet) => {
            let (kind, code) = (packet.get_icmp_type(), packet.get_icmp_code().0);
            let why = match kind {
                IcmpTypes::EchoReply => {
                    return Reply::Echo {
                        ttl: packet.get_ttl(),
                    };
                }
                IcmpTypes::DestinationUnreachable => Refusal::Unreachable(code),
                // Code 1 is a reassembly that took too long, and says nothing about the way.
                IcmpTypes::TimeExceeded if code == 0 => Refusal::TimeExceeded,
                _ => return Reply::Aside,
            };
            let by = packet.get_source().into();
            Reply::Refused { by, why }
        }
        IcmpPacket::V6(packet) => {
            let (kind, code) = (packet.get_icmpv6_type(), packet.get_icmpv6_code().0);
            let why = match kind {
                // The kernel cuts the IPv6 header off, and with it the hop limit.
                Icmpv6Types::EchoReply => return Reply::Echo { ttl: None },
                Icmpv6Types::DestinationUnreachable => Refusal::Unreachable(code_of_v4(code)),
                Icmpv6Types::TimeExceeded if code == 0 => Refusal::TimeExceeded,
                _ => return Reply::Aside,
            };
            let by = packet.get_source().into();
            Reply::Refused { by, why }
        }
    }
}
