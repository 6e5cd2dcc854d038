//! The services of the lab: where they listen, and what little they say.
//!
//! A port by which a node is asked shakes hands; a page of a check answers with the status that the check calls right.
//! They stand for services and are none: what a lab shows is whether the way to them is whole.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddrV4};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use crate::lab::fabric::Fabric;
use crate::model::service::{Check, Question};
use crate::model::target::Method;

/// A request that is longer is none.
const REQUEST: usize = 65_536;

/// How long a service hears a client out that does not close.
const HEARING: Duration = Duration::from_secs(10);

/// Where services listen: on every address of the far side, and on addresses of the monitor's own node.
#[derive(Clone, Debug, Default)]
pub(super) struct Doors {
    /// Ports of the far side, each with the status of a page, or without one.
    pub(super) far: BTreeMap<u16, Option<u16>>,
    /// The same of the near side.
    pub(super) near: BTreeMap<SocketAddrV4, Option<u16>>,
}

/// Accepts and says goodbye: a service that is there, and no more.
///
/// It hears the other out, because a kernel that still holds unread octets would answer with a reset.
pub(super) async fn shake_hands(listener: tokio::net::TcpListener) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let _ = stream.shutdown().await;
            let mut sink = tokio::io::sink();
            let rest = tokio::io::copy(&mut stream, &mut sink);
            let _ = tokio::time::timeout(HEARING, rest).await;
        });
    }
}

/// Answers every request with a status and nothing else.
pub(super) async fn serve_pages(listener: tokio::net::TcpListener, status: u16) {
    while let Ok((mut stream, _)) = listener.accept().await {
        tokio::spawn(async move {
            let talk = async {
                let mut asked = Vec::new();
                let mut piece = [0; 512];
                while asked.len() < REQUEST && !asked.windows(4).any(|end| end == b"\r\n\r\n") {
                    let length = stream.read(&mut piece).await?;
                    if length == 0 {
                        return Ok(());
                    }
                    asked.extend_from_slice(&piece[..length]);
                }
                let answer = format!(
                    "HTTP/1.1 {status} lab\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                );
                stream.write_all(answer.as_bytes()).await?;
                stream.shutdown().await
            };
            let talk: Result<io::Result<()>, _> = tokio::time::timeout(HEARING, talk).await;
            // Whoever asked may have gone.
            drop(talk);
        });
    }
}

/// Returns where services listen: ports by which nodes are asked, and those of checks, near where the monitor stands.
pub(super) fn doors(fabric: &Fabric) -> Doors {
    let network = fabric.network();
    let mut doors = Doors::default();
    for target in network.targets() {
        if let Method::Tcp(port) = target.id.method {
            doors.far.insert(port, None);
        }
    }
    for service in network.services.values() {
        let Ok(Some(check)) = Check::read(&service.check) else {
            continue;
        };
        let page = match check.question {
            Question::Http {
                is_secure: false,
                expect,
                ..
            } => Some(expect.unwrap_or(200)),
            Question::Dns { .. } => continue,
            _ => None,
        };
        let node = network.nodes.get(&service.node);
        let address = check.at.or_else(|| node?.address);
        match address {
            Some(IpAddr::V4(address)) if service.node == network.monitor => {
                let at = SocketAddrV4::new(address, check.port);
                let known = doors.near.entry(at).or_default();
                *known = page.or(*known);
            }
            _ => {
                let known = doors.far.entry(check.port).or_default();
                *known = page.or(*known);
            }
        }
    }
    doors
}
