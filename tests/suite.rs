//! The tests, one binary: it links once and runs fast.

/// The stairs of the house, kept.
mod house;
/// Real sockets on loopback and in namespaces of the test's own.
mod loopback;
/// Who is asked when, in virtual time.
mod roster;
/// Our poll beside Debian's own agent and walk.
mod snmpd;
/// Bytes and values: there and back, real recordings, and any values at all.
mod wire;
