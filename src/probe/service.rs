//! One check of one service: a handshake, a page, a name.
//!
//! It asks as little as tells: a page's first line and no more, no redirect, no name looked up. By TLS nothing is
//! asked of a server whose certificate is not the right one.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::{timeout, timeout_at};

use crate::model::service::{Certificate, Check, Found, Outcome, Question};
use crate::probe::tls::{self, Roots};
use crate::wire::dns;

/// The first line of a page's answer is shorter.
const LINE: usize = 1_024;

/// An answer of DNS over UDP (RFC 1035, 4.2.1), and room for servers that say more.
const DATAGRAM: usize = 4_096;

/// A question of DNS is repeated so often within the time: a datagram may be lost.
const TRIES: u32 = 3;

/// Seconds.
const DAY: i64 = 86_400;

/// By what a check is made.
#[derive(Clone, Copy, Debug)]
pub struct Means<'m> {
    /// How long it may take.
    pub patience: Duration,
    /// Whom it trusts, where it is made by TLS.
    pub roots: &'m Roots,
    /// The moment at which certificates must hold.
    pub now: Timestamp,
}

/// Checks one service at the address of its node.
pub async fn check(check: &Check, node: Option<IpAddr>, means: Means<'_>) -> Found {
    let began = crate::clock::now();
    let mut certificate = None;
    let outcome = match check.at.or(node) {
        None => Outcome::Nowhere,
        Some(address) => {
            let there = SocketAddr::new(address, check.port);
            if let Question::Dns { name } = &check.question {
                ask_name(there, name, means.patience).await
            } else {
                let asked = ask_stream(there, check, means, &mut certificate);
                match timeout(means.patience, asked).await {
                    Ok(Ok(outcome) | Err(outcome)) => outcome,
                    Err(_) => Outcome::Mute,
                }
            }
        }
    };
    Found {
        outcome,
        took: crate::clock::now().saturating_duration_since(began),
        certificate,
    }
}

/// Asks what is asked over a stream; an error is what it found as well.
async fn ask_stream(
    there: SocketAddr,
    check: &Check,
    means: Means<'_>,
    certificate: &mut Option<Certificate>,
) -> Result<Outcome, Outcome> {
    // A little less than all, so that a silence is not taken for a mute service.
    let stream = match timeout(means.patience.mul_f64(0.9), TcpStream::connect(there)).await {
        Err(_) => return Err(Outcome::Silent),
        Ok(Err(error)) => return Err(refused(&error)),
        Ok(Ok(stream)) => stream,
    };
    let Some(name) = check.certified_name() else {
        return Ok(match &check.question {
            Question::Http {
                host, path, expect, ..
            } => ask_page(stream, host, path, *expect).await,
            _ => Outcome::Accepted,
        });
    };
    let name = ServerName::try_from(name.to_owned())
        .map_err(|error| Outcome::Unsent(error.to_string()))?;
    let page = match &check.question {
        Question::Http {
            host, path, expect, ..
        } => Some((host, path, *expect)),
        _ => None,
    };
    let mut stream = tls::shake_hands(stream, name.clone(), page.map(|_| "http/1.1")).await?;
    let chain = stream.get_ref().1.peer_certificates().unwrap_or_default();
    let until = tls::judge(chain, &name, means.roots, means.now)?;
    let days_left = until
        .as_second()
        .saturating_sub(means.now.as_second())
        .div_euclid(DAY);
    let warns = check.trust.as_ref().map(|trust| trust.warn_days);
    *certificate = Some(Certificate {
        until,
        days_left,
        is_soon: warns.is_some_and(|days| days_left < i64::from(days)),
    });
    if let Some((host, path, expect)) = page {
        return Ok(ask_page(stream, host, path, expect).await);
    }
    // A goodbye, so that the server has nothing to complain of in its log; it may be gone already.
    let _ = stream.shutdown().await;
    Ok(Outcome::Secured)
}

async fn ask_page(
    stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    path: &str,
    expect: Option<u16>,
) -> Outcome {
    match status(stream, host, path).await {
        Ok(Some(status)) => {
            let is_right = expect.map_or((200..400).contains(&status), |right| right == status);
            if is_right {
                Outcome::Status(status)
            } else {
                Outcome::WrongStatus(status)
            }
        }
        Ok(None) | Err(_) => Outcome::Garbled,
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
async fn status(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    host: &str,
    path: &str,
) -> io::Result<Option<u16>> {
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: spanwatch\r\nAccept: */*\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
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
    match addresses(there, name, patience).await {
        Ok(Some(dns::Answer::Addresses(addresses))) if addresses.is_empty() => Outcome::NoName(0),
        Ok(Some(dns::Answer::Addresses(addresses))) => Outcome::Addresses(addresses),
        Ok(Some(dns::Answer::Refused(code))) => Outcome::NoName(code),
        // It did not fit where there is no end of room.
        Ok(Some(dns::Answer::Truncated(_))) => Outcome::Garbled,
        Ok(None) => Outcome::Silent,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => Outcome::Garbled,
        Err(error) => refused(&error),
    }
}

/// Asks a server for the addresses of a name; `None` where nothing came in time.
async fn addresses(
    there: SocketAddr,
    name: &str,
    patience: Duration,
) -> io::Result<Option<dns::Answer>> {
    let any = if there.is_ipv4() {
        IpAddr::from(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::from(Ipv6Addr::UNSPECIFIED)
    };
    let deadline = crate::clock::now() + patience;
    let number = || crate::probe::ping::chance() as u16;
    let socket = UdpSocket::bind((any, 0)).await?;
    // Only what comes from there is taken.
    socket.connect(there).await?;
    let whole = async |question: Vec<u8>| match put(&socket, &question, patience, deadline).await? {
        Some(dns::Answer::Truncated(fitted)) => by_stream(there, &question, fitted, deadline).await,
        said => Ok(said),
    };
    let fourth = whole(dns::question(number(), name)).await?;
    // A name may have addresses of IPv6 alone, and is a name then as well.
    if fourth == Some(dns::Answer::Addresses(Vec::new())) {
        let sixth = whole(dns::question_v6(number(), name)).await?;
        return Ok(sixth.or(fourth));
    }
    Ok(fourth)
}

/// Puts one question, again and again until it is answered; `None` where nothing came in time.
async fn put(
    socket: &UdpSocket,
    question: &[u8],
    patience: Duration,
    deadline: Instant,
) -> io::Result<Option<dns::Answer>> {
    let mut bytes = vec![0; DATAGRAM];
    for _ in 0..TRIES {
        socket.send(question).await?;
        let end = deadline.min(crate::clock::now() + patience / TRIES);
        while let Ok(length) = tokio::time::timeout_at(end.into(), socket.recv(&mut bytes)).await {
            let heard = bytes.get(..length?).unwrap_or_default();
            if let Some(answer) = dns::answer(heard, question) {
                return Ok(Some(answer));
            }
        }
    }
    Ok(None)
}

/// Asks over a stream what did not fit into a datagram (RFC 7766); where that fails, the addresses that did fit are true,
/// though not all there are.
async fn by_stream(
    there: SocketAddr,
    question: &[u8],
    fitted: Vec<IpAddr>,
    deadline: Instant,
) -> io::Result<Option<dns::Answer>> {
    match timeout_at(deadline.into(), put_by_stream(there, question)).await {
        Ok(Ok(whole)) => Ok(Some(whole)),
        _ if !fitted.is_empty() => Ok(Some(dns::Answer::Addresses(fitted))),
        Ok(Err(error)) => Err(error),
        Err(_) => Ok(None),
    }
}

/// Puts one question over a stream. An answer that is none, or to another question, is an error of the kind
/// `InvalidData`.
async fn put_by_stream(there: SocketAddr, question: &[u8]) -> io::Result<dns::Answer> {
    let mut stream = TcpStream::connect(there).await?;
    stream.write_all(&dns::framed(question)).await?;
    let length = stream.read_u16().await?;
    let mut bytes = vec![0; length.into()];
    stream.read_exact(&mut bytes).await?;
    dns::answer(&bytes, question).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
