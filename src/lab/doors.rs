//! The services of the lab: where they listen, and what little they say.
//!
//! A port by which a node is asked shakes hands; a page of a check answers with the status that the check calls right,
//! by TLS where the check is made so, with a certificate of the lab's own authority.
//! They stand for services and are none: what a lab shows is whether the way to them is whole.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};
use tokio_rustls::TlsAcceptor;

use crate::lab::fabric::Fabric;
use crate::model::network::Network;
use crate::model::service::{Check, Question};
use crate::model::target::Method;

/// A request that is longer is none.
const REQUEST: usize = 65_536;

/// How long a service hears a client out that does not close.
const HEARING: Duration = Duration::from_secs(10);

/// What a port of a service does with whoever comes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Door {
    /// The status with which it answers every request; without one it only shakes hands.
    page: Option<u16>,
    /// Whether it does so by TLS.
    is_secure: bool,
}

impl Door {
    /// Takes on what another check wants of the same port.
    fn join(&mut self, other: Self) {
        self.page = other.page.or(self.page);
        self.is_secure |= other.is_secure;
    }
}

/// Where services listen: on every address of the far side, and on addresses of the monitor's own node.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    /// Ports of the far side.
    pub(super) far: BTreeMap<u16, Door>,
    /// The same of the near side.
    pub(super) near: BTreeMap<SocketAddr, Door>,
}

/// Serves everybody who comes to a port.
pub(super) async fn serve(
    listener: tokio::net::TcpListener,
    door: Door,
    acceptor: Option<TlsAcceptor>,
) {
    let acceptor = acceptor.filter(|_| door.is_secure);
    while let Ok((stream, _)) = listener.accept().await {
        let acceptor = acceptor.clone();
        tokio::spawn(async move {
            let talk = async {
                match acceptor {
                    Some(acceptor) => talk(acceptor.accept(stream).await?, door.page).await,
                    None => talk(stream, door.page).await,
                }
            };
            let talk: Result<io::Result<()>, _> = tokio::time::timeout(HEARING, talk).await;
            // Whoever asked may have gone.
            drop(talk);
        });
    }
}

/// Answers a request with a status and nothing else; without one it says goodbye: a service that is there.
async fn talk(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    page: Option<u16>,
) -> io::Result<()> {
    if let Some(status) = page {
        let mut asked = Vec::new();
        let mut piece = [0; 512];
        while asked.len() < REQUEST && !asked.windows(4).any(|end| end == b"\r\n\r\n") {
            let length = stream.read(&mut piece).await?;
            if length == 0 {
                return Ok(());
            }
            asked.extend_from_slice(&piece[..length]);
        }
        let answer =
            format!("HTTP/1.1 {status} lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n");
        stream.write_all(answer.as_bytes()).await?;
    }
    stream.shutdown().await?;
    // It hears the other out, because a kernel that still holds unread octets would answer with a reset.
    tokio::io::copy(&mut stream, &mut tokio::io::sink()).await?;
    Ok(())
}

/// Returns the names for which services of a network show a certificate.
pub(super) fn certified(network: &Network) -> BTreeSet<String> {
    let checks = network.services.values();
    checks
        .filter_map(|service| Check::read(&service.check).ok()?)
        .filter_map(|check| check.certified_name().map(ToOwned::to_owned))
        .collect()
}

/// Returns where services listen: ports by which nodes are asked, and those of checks, near where the monitor stands.
pub(super) fn doors(fabric: &Fabric) -> Doors {
    let network = fabric.network();
    let mut doors = Doors::default();
    for target in network.targets() {
        if let Method::Tcp(port) = target.id.method {
            doors.far.insert(port, Door::default());
        }
    }
    for service in network.services.values() {
        let Ok(Some(check)) = Check::read(&service.check) else {
            continue;
        };
        let door = match check.question {
            // It is asked by datagrams: `zone` answers.
            Question::Dns { .. } => continue,
            Question::Http {
                is_secure, expect, ..
            } => Door {
                page: Some(expect.unwrap_or(200)),
                is_secure,
            },
            Question::Tcp => Door::default(),
            Question::Tls { .. } => Door {
                page: None,
                is_secure: true,
            },
        };
        let node = network.nodes.get(&service.node);
        let address = check.at.or_else(|| node?.address);
        match address {
            Some(address) if service.node == network.monitor => {
                let at = SocketAddr::new(address, check.port);
                doors.near.entry(at).or_default().join(door);
            }
            _ => {
                doors.far.entry(check.port).or_default().join(door);
            }
        }
    }
    doors
}
