//! Bytes and values: what goes over the wire, without a socket.
//!
//! Whatever comes in was sent by somebody else, so indexing is forbidden here: hostile bytes may be refused,
//! misread or cleaned, but they may never panic. What cannot be read is `Malformed` or a value that is missing,
//! and it never spoils its neighbours.

#![deny(clippy::indexing_slicing)]

mod address;
mod cdp;
pub mod certificate;
pub mod dns;
pub mod echo;
mod entity;
pub mod hop;
pub mod icmp;
mod lldp;
pub mod mib;
mod port;
pub mod recording;
mod station;
pub mod trap;
pub mod whole;
