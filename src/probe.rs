//! Asking: targets in, readings out, by ping and SNMP over real sockets.

pub mod roster;
