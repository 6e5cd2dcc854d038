//! One TCP handshake, one answer: for a target that drops ICMP but serves something.

use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::model::reading::{Answer, Refusal};
use crate::model::target::Target;
use crate::probe::ping::cannot_send;

/// Port unreachable (RFC 792), which is what a reset says at the level above.
const NO_SUCH_PORT: u8 = 3;

/// Opens a connection and closes it again.
///
/// A reset comes from the target itself, which is alive, but what was asked for is not served: `Refused` by it.
/// That some router called it unreachable reaches us without the router's address, so it counts as silence.
pub(crate) async fn ask(target: &Target, port: u16) -> Answer {
    let there = SocketAddr::new(target.address, port);
    let began = crate::clock::now();
    let error = match timeout(target.timeout, TcpStream::connect(there)).await {
        Err(_) => return Answer::Silent,
        Ok(Ok(_)) => {
            let rtt = crate::clock::now().saturating_duration_since(began);
            return Answer::Echo { rtt, ttl: None };
        }
        Ok(Err(error)) => error,
    };
    match error.kind() {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => Answer::Refused {
            by: target.address,
            why: Refusal::Unreachable(NO_SUCH_PORT),
        },
        ErrorKind::TimedOut => Answer::Silent,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable if has_route(there) => {
            Answer::Silent
        }
        _ => cannot_send(target.address, &error),
    }
}

/// Returns whether our own routing table leads there. Nothing is sent: connecting a datagram socket only looks.
fn has_route(there: SocketAddr) -> bool {
    let any = if there.is_ipv4() {
        "0.0.0.0:0"
    } else {
        "[::]:0"
    };
    UdpSocket::bind(any).is_ok_and(|socket| socket.connect(there).is_ok())
}
