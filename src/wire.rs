//! Bytes and values: what goes over the wire, without a socket.
