//! The filter in the kernel: which packets a raw ICMP socket lets through to us at all.
//!
//! A raw socket hears every ICMP packet of the machine, and on loopback our own requests too: without a filter most
//! of what is read is thrown away. It lets pass replies with our identifier and errors that quote an echo with it.
//! It is no defence, only thrift; whoever is believed is decided in `probe/flight`.
//!
//! There are two of it over IPv4. By the type of a message the kernel turns packets away before it makes a copy for the
//! socket (`ICMP_FILTER`, raw(7)), and on loopback every second one is a request of our own; the rest of what is said
//! above takes a program.
//!
//! Classic BPF (`socket`(7), `SO_ATTACH_FILTER`): an accumulator A, an index X, jumps forward only. A load beyond the
//! packet's end refuses the packet, which is what a packet deserves that ends before its identifier.

use nix::libc;
use nix::sys::socket::sockopt::SetStruct;
use socket2::SockFilter;

use crate::wire::echo::Family;

/// The option's level and number (`linux/socket.h`, `linux/icmp.h`).
const SOL_RAW: libc::c_int = 255;
const ICMP_FILTER: libc::c_int = 1;

/// Which types of ICMP a raw socket does not hear: bit n for type n; types from 32 on are always heard.
#[derive(Clone, Copy, Debug)]
pub(super) struct IcmpFilter;

nix::setsockopt_impl!(IcmpFilter, SOL_RAW, ICMP_FILTER, u32, SetStruct<'_, u32>);

/// All types but reply, unreachable, time exceeded and parameter problem: those that the program below lets pass.
pub(super) const UNHEARD: u32 = !(1 << 0 | 1 << 3 | 1 << 11 | 1 << 12);

/// A = byte at k, A = byte at X + k, A = half word at k, A = half word at X + k.
const BYTE: u16 = 0x30;
const BYTE_X: u16 = 0x50;
const HALF: u16 = 0x28;
const HALF_X: u16 = 0x48;
/// X = four times the low half of the byte at k: the length of an IPv4 header.
const LENGTH: u16 = 0xb1;
/// Jump over so many when A = k, when A > k; else over so many.
const EQUAL: u16 = 0x15;
const GREATER: u16 = 0x25;
/// A &= k, A <<= k, A += X, X = A.
const AND: u16 = 0x54;
const SHIFT: u16 = 0x64;
const ADD_X: u16 = 0x0c;
const TO_X: u16 = 0x07;
const RETURN: u16 = 0x06;

/// The whole packet, and nothing of it.
const PASS: u32 = u32::MAX;
const DROP: u32 = 0;

/// Returns the filter of a family for one identifier.
pub(super) fn sieve(family: Family, ident: u16) -> Vec<SockFilter> {
    let ident = u32::from(ident);
    let program: &[(u16, u8, u8, u32)] = match family {
        // The socket gives the IP header too.
        Family::V4 => &[
            (LENGTH, 0, 0, 0),
            (BYTE_X, 0, 0, 0),    // 1: type
            (EQUAL, 14, 0, 0),    // 2: echo reply -> 17
            (EQUAL, 2, 0, 3),     // 3: unreachable -> 6
            (EQUAL, 1, 0, 11),    // 4: time exceeded -> 6
            (EQUAL, 0, 13, 12),   // 5: parameter problem -> 6, else drop
            (BYTE_X, 0, 0, 17),   // 6: protocol of the quote, which begins at 8
            (EQUAL, 0, 11, 1),    // 7: ICMP, else drop
            (BYTE_X, 0, 0, 8),    // 8: its header's length
            (AND, 0, 0, 0x0f),    // 9
            (SHIFT, 0, 0, 2),     // 10
            (ADD_X, 0, 0, 0),     // 11
            (TO_X, 0, 0, 0),      // 12
            (BYTE_X, 0, 0, 8),    // 13: type of the quoted message
            (EQUAL, 0, 4, 8),     // 14: echo, else drop
            (HALF_X, 0, 0, 12),   // 15: its identifier
            (EQUAL, 3, 2, ident), // 16
            (HALF_X, 0, 0, 4),    // 17: identifier of a reply
            (EQUAL, 1, 0, ident), // 18
            (RETURN, 0, 0, DROP), // 19
            (RETURN, 0, 0, PASS), // 20
        ],
        Family::V6 => &[
            (BYTE, 0, 0, 0),      // 0: type
            (EQUAL, 8, 0, 129),   // 1: echo reply -> 10
            (GREATER, 9, 0, 4),   // 2: no error -> drop
            (EQUAL, 8, 0, 0),     // 3: reserved -> drop
            (BYTE, 0, 0, 14),     // 4: next header of the quote, which begins at 8
            (EQUAL, 0, 6, 58),    // 5: ICMPv6, else drop
            (BYTE, 0, 0, 48),     // 6: type of the quoted message
            (EQUAL, 0, 4, 128),   // 7: echo, else drop
            (HALF, 0, 0, 52),     // 8: its identifier
            (EQUAL, 3, 2, ident), // 9
            (HALF, 0, 0, 4),      // 10: identifier of a reply
            (EQUAL, 1, 0, ident), // 11
            (RETURN, 0, 0, DROP), // 12
            (RETURN, 0, 0, PASS), // 13
        ],
    };
    program
        .iter()
        .map(|(code, yes, no, k)| SockFilter::new(*code, *yes, *no, *k))
        .collect()
}
