//! One check of one service: a handshake, a page, a name.
//!
//! It asks as little as tells: a page's first line and no more, no redirect, no name looked up. TLS is not spoken:
//! a check that needs it finds out whether the port accepts, and says that it knows no more.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::model::service::{Check, Found, Outcome, Question};
use crate::wire::dns;

/// The first line of a page's answer is shorter.
const LINE: usize = 1_024;

/// An answer of DNS over UDP (RFC 1035, 4.2.1), and room for servers that say more.
const DATAGRAM: usize = 4_096;

/// A question of DNS is repeated so often within the time: a datagram may be lost.
const TRIES: u32 = 3;

/// Checks one service at the address of its node.
pub async fn check(check: &Check, node: Option<IpAddr>, patience: Duration) -> Found {
    let began = crate::clock::now();
    let outcome = match check.at.or(node) {
        None => Outcome::Nowhere,
        Some(address) => {
            let there = SocketAddr::new(address, check.port);
            match &check.question {
                Question::Dns { name } => ask_name(there, name, patience).await,
                question => {
                    let asked = ask_stream(there, question, patience);
                    match timeout(patience, asked).await {
                        Ok(outcome) => outcome,
                        Err(_) => Outcome::Mute,
                    }
                }
            }
        }
    };
    Found {
        outcome,
        took: crate::clock::now().saturating_duration_since(began),
    }
}

async fn ask_stream(there: SocketAddr, question: &Question, patience: Duration) -> Outcome {
    // A little less than all, so that a silence is not taken for a mute service.
    let stream = match timeout(patience.mul_f64(0.9), TcpStream::connect(there)).await {
        Err(_) => return Outcome::Silent,
        Ok(Err(error)) => return refused(&error),
        Ok(Ok(stream)) => stream,
    };
    match question {
        Question::Tcp => Outcome::Accepted,
        Question::Http {
            is_secure: false,
            host,
            path,
            expect,
        } => match status(stream, host, path).await {
            Ok(Some(status)) => {
                let is_right = expect.map_or((200..400).contains(&status), |right| right == status);
                if is_right {
                    Outcome::Status(status)
                } else {
                    Outcome::WrongStatus(status)
                }
            }
            Ok(None) | Err(_) => Outcome::Garbled,
        },
        Question::Tls { .. } | Question::Http { .. } | Question::Dns { .. } => Outcome::Unspoken,
    }
}

fn refused(error: &io::Error) -> Outcome {
    match error.kind() {
        io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset => Outcome::Closed,
        io::ErrorKind::TimedOut
        | io::ErrorKind::HostUnreachable
        | io::ErrorKind::NetworkUnreachable => Outcome::Silent,
        _ => Outcome::Unsent(error.to_string()),
    }
}

/// Asks for a page and reads the status of the answer (RFC 9112, 4).
async fn status(mut stream: TcpStream, host: &str, path: &str) -> io::Result<Option<u16>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: spanwatch\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    let mut line = Vec::new();
    let mut piece = [0; 256];
    while line.len() < LINE && !line.contains(&b'\n') {
        let length = stream.read(&mut piece).await?;
        if length == 0 {
            break;
        }
        line.extend_from_slice(piece.get(..length).unwrap_or_default());
    }
    Ok(first_line(&line))
}

/// Returns the status in the first line of an answer.
fn first_line(line: &[u8]) -> Option<u16> {
    let text = std::str::from_utf8(line.get(..12)?).ok()?;
    let (version, status) = text.split_once(' ')?;
    let is_http = matches!(version, "HTTP/1.0" | "HTTP/1.1");
    let status = status.parse().ok()?;
    (is_http && (100..600).contains(&status)).then_some(status)
}

async fn ask_name(there: SocketAddr, name: &str, patience: Duration) -> Outcome {
    let any = if there.is_ipv4() {
        IpAddr::from(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::from(Ipv6Addr::UNSPECIFIED)
    };
    let question = dns::question(crate::probe::ping::chance() as u16, name);
    let asked = async {
        let socket = UdpSocket::bind((any, 0)).await?;
        // Only what comes from there is taken.
        socket.connect(there).await?;
        let mut bytes = vec![0; DATAGRAM];
        for _ in 0..TRIES {
            socket.send(&question).await?;
            let end = crate::clock::now() + patience / TRIES;
            while let Ok(length) =
                tokio::time::timeout_at(end.into(), socket.recv(&mut bytes)).await
            {
                let heard = bytes.get(..length?).unwrap_or_default();
                if let Some(answer) = dns::answer(heard, &question) {
                    return Ok(Some(answer));
                }
            }
        }
        Ok(None)
    };
    match asked.await {
        Ok(Some(dns::Answer::Addresses(addresses))) if addresses.is_empty() => Outcome::NoName(0),
        Ok(Some(dns::Answer::Addresses(addresses))) => Outcome::Addresses(addresses),
        Ok(Some(dns::Answer::Refused(code))) => Outcome::NoName(code),
        Ok(None) => Outcome::Silent,
        Err(error) => refused(&error),
    }
}
