//! An SNMP agent for loopback, honest or not: it serves one device's varbinds and may misbehave on purpose.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Bound;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use snmp::message::CommunityMessage;
use snmp::pdu::StandardPduType;
use snmp::{
    CommunityVersion, DecodeConfig, ErrorIndex, Oid, OutboundErrorStatus, Pdu, PduBody,
    ResponsePdu, Value, VarBind, Version,
};
use spanwatch::model::device::{CounterWidth, Device, Interface, PortStatus, System};
use spanwatch::model::text::DeviceText;
use spanwatch::wire::mib::{self, Object};
use tokio::net::UdpSocket;

/// What the agents listen for.
pub(crate) const COMMUNITY: &str = "loopback";

/// An answer stops before it outgrows a frame.
const CELLS_IN_A_FRAME: usize = 55;

/// How an agent behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As RFC 3416 asks.
    Honest,
    /// Right, but five seconds late.
    Slow,
    /// One object at a time, each a quarter of a second late.
    Trickles,
    /// Half of the right answer, noise, and an empty datagram.
    Garbage,
    /// The right answer, from another address.
    WrongSource,
    /// The right answer to another question.
    WrongNumber,
    /// The right answer, to another community.
    WrongCommunity,
    /// Silent after the first answer out of a table.
    StopsInTheTable,
    /// A table that leads back to its beginning.
    Circles,
    /// A table that never ends.
    Endless,
    /// Every answer but the shortest is too big.
    TooBig,
    /// An answer of more than forty cells is too big.
    Short,
    /// A question for more than forty cells stays without an answer, as where a long answer is lost.
    Deaf,
    /// The second question out of a table stays without an answer, and no other.
    LosesOne,
    /// An error without a place is all that it says to GETBULK.
    NoBulk,
}

/// Makes a device with so many ports, different for every `number`.
pub(crate) fn device(number: u32, ports: u32) -> Device {
    let text = |text: String| DeviceText::clean(text.as_bytes());
    Device {
        system: System {
            descr: text(format!("Loopback router {number}, software 1.0")),
            object_id: format!("1.3.6.1.4.1.8072.3.2.{number}"),
            name: text(format!("lo-{number}")),
            location: text("127.0.0.0/8".to_owned()),
            contact: text("nobody".to_owned()),
            uptime: Some(Duration::from_secs(u64::from(number) + 100)),
        },
        interfaces: (1..=ports)
            .map(|port| Interface {
                index: port * 10,
                name: text(format!("ge{number}/{port}")),
                descr: text(format!("gigabit {port} of {number}")),
                alias: text(format!("to {port}")),
                kind: 6,
                mac: Some([2, 0, 0, 0, 0, port as u8]),
                speed: Some(1_000_000_000),
                admin: PortStatus::Up,
                oper: if port % 3 == 0 {
                    PortStatus::Down
                } else {
                    PortStatus::Up
                },
                in_octets: Some((1 << 40) + u64::from(port)),
                out_octets: Some((1 << 41) + u64::from(number)),
                in_errors: Some(1),
                out_errors: Some(2),
                in_discards: Some(3),
                out_discards: Some(4),
                counters: CounterWidth::Bits64,
                full_duplex: None,
                discontinuity: Some(Duration::ZERO),
            })
            .collect(),
        ..Device::default()
    }
}

/// Serves a device at an address until the runtime ends.
///
/// Returns the number of questions that it has heard so far.
pub(crate) async fn serve(
    address: Ipv4Addr,
    port: u16,
    device: &Device,
    manner: Manner,
) -> Arc<AtomicUsize> {
    let socket = UdpSocket::bind((address, port)).await.expect("loopback");
    let tree: BTreeMap<Oid, Value> = mib::encode(device)
        .into_iter()
        .map(|varbind| (varbind.oid, varbind.value))
        .collect();
    let other = if manner == Manner::WrongSource {
        Some(UdpSocket::bind((address, 0)).await.expect("loopback"))
    } else {
        None
    };
    let heard = Arc::<AtomicUsize>::default();
    let count = Arc::clone(&heard);
    let mut tables = 0;
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        // Another's port unreachable reaches an unconnected socket never, so an error here is the end.
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            count.fetch_add(1, Ordering::Relaxed);
            let question = &buffer[..length];
            tables += usize::from(heard_of_a_table(question));
            if manner == Manner::LosesOne && tables == 2 {
                tables += 1;
                continue;
            }
            if let Some(answer) = answer(&tree, question, manner) {
                if manner == Manner::Slow {
                    tokio::time::sleep(Duration::from_secs(5)).await;
                }
                if manner == Manner::Trickles {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                let socket = other.as_ref().unwrap_or(&socket);
                let parts: &[&[u8]] = if manner == Manner::Garbage {
                    &[&answer[..answer.len() / 2], &[0x30, 0x84], &[], &[0xff; 64]]
                } else {
                    &[&answer]
                };
                for part in parts {
                    let _ = socket.send_to(part, from).await;
                }
            }
        }
    });
    heard
}

/// Takes a port that is free at `address`, for agents at many addresses with one port.
pub(crate) async fn free_port(address: Ipv4Addr) -> u16 {
    let socket = UdpSocket::bind((address, 0)).await.expect("loopback");
    socket
        .local_addr()
        .as_ref()
        .map(SocketAddr::port)
        .expect("bound")
}

/// Counts up an address of 127.0.0.0/8.
pub(crate) fn loopback(base: [u8; 4], number: u32) -> IpAddr {
    Ipv4Addr::from(u32::from(Ipv4Addr::from(base)) + number).into()
}

fn answer(tree: &BTreeMap<Oid, Value>, question: &[u8], manner: Manner) -> Option<Vec<u8>> {
    let message = CommunityMessage::decode(question.to_vec().into(), DecodeConfig::STRICT).ok()?;
    let (version, community, pdu) = message.value.into_parts();
    if community.as_bytes() != COMMUNITY.as_bytes() {
        return None;
    }
    let (number, body, asked) = pdu.standard()?.clone().into_raw_parts();
    let first = asked
        .iter()
        .all(|varbind| Object::of(&varbind.oid).is_none());
    let after = |oid: &Oid| {
        if manner == Manner::Endless {
            return VarBind::new(endless(oid), Value::Integer(1));
        }
        if manner == Manner::Circles && oid.len() > 11 {
            let (oid, value) = tree.iter().nth(10).expect("a table");
            return VarBind::new(oid.clone(), value.clone());
        }
        // Version 1 cannot say Counter64, so its agents leave such objects out.
        let next = tree
            .range((Bound::Excluded(oid.clone()), Bound::Unbounded))
            .find(|(_, value)| version != Version::V1 || !matches!(value, Value::Counter64(_)));
        match next {
            Some((oid, value)) => VarBind::new(oid.clone(), value.clone()),
            None => VarBind::new(oid.clone(), Value::EndOfMibView),
        }
    };
    let mut given: Vec<VarBind> = Vec::new();
    match body {
        PduBody::Standard {
            pdu_type: StandardPduType::GetRequest,
            ..
        } => {
            for varbind in &asked {
                let value = tree
                    .get(&varbind.oid)
                    .cloned()
                    .unwrap_or(Value::NoSuchInstance);
                given.push(VarBind::new(varbind.oid.clone(), value));
            }
        }
        PduBody::Standard {
            pdu_type: StandardPduType::GetNextRequest,
            ..
        } => {
            given.extend(asked.iter().map(|varbind| after(&varbind.oid)));
        }
        PduBody::GetBulk {
            max_repetitions, ..
        } => {
            if manner == Manner::NoBulk {
                return respond(
                    version,
                    number,
                    OutboundErrorStatus::AuthorizationError,
                    None,
                    asked,
                );
            }
            if manner == Manner::StopsInTheTable && !first {
                return None;
            }
            let mut row: Vec<Oid> = asked.iter().map(|varbind| varbind.oid.clone()).collect();
            for _ in 0..max_repetitions {
                for oid in &mut row {
                    let next = after(oid);
                    *oid = next.oid.clone();
                    given.push(next);
                }
            }
            given.truncate(if manner == Manner::Trickles {
                1
            } else {
                CELLS_IN_A_FRAME
            });
        }
        PduBody::Standard { .. } => return None,
    }
    if manner == Manner::Deaf && given.len() > 40 {
        return None;
    }
    let most = if manner == Manner::TooBig {
        6
    } else if manner == Manner::Short {
        40
    } else {
        usize::MAX
    };
    if given.len() > most {
        return respond(version, number, OutboundErrorStatus::TooBig, None, asked);
    }
    if version == Version::V1
        && let Some(at) = given
            .iter()
            .position(|varbind| varbind.value.is_exception())
    {
        return respond(
            version,
            number,
            OutboundErrorStatus::NoSuchName,
            Some(at + 1),
            asked,
        );
    }
    let number = if manner == Manner::WrongNumber {
        number ^ 0x55
    } else {
        number
    };
    let response = ResponsePdu::success(version, number, given).ok()?;
    let community = if manner == Manner::WrongCommunity {
        "another"
    } else {
        COMMUNITY
    };
    let pdu: Pdu = response.into_raw();
    Some(message_of(version, community, pdu))
}

/// Whether a question is one out of a table.
fn heard_of_a_table(question: &[u8]) -> bool {
    let message = CommunityMessage::decode(question.to_vec().into(), DecodeConfig::STRICT);
    let pdu = message.ok().and_then(|message| message.value.into_pdu());
    pdu.is_some_and(|pdu| pdu.pdu_type() == snmp::PduType::GetBulkRequest)
}

/// The next identifier of a column that never ends.
fn endless(oid: &Oid) -> Oid {
    // ifTable's columns have ten arcs, ifXTable's eleven; an instance has one more.
    let root = if oid.arcs().get(6) == Some(&31) {
        11
    } else {
        10
    };
    match oid.arcs().split_last() {
        Some((last, front)) if oid.len() > root => Oid::from_slice(front).child(last + 1),
        _ => oid.child(1),
    }
}

fn respond(
    version: Version,
    number: i32,
    status: OutboundErrorStatus,
    at: Option<usize>,
    asked: Vec<VarBind>,
) -> Option<Vec<u8>> {
    let response = if status == OutboundErrorStatus::TooBig {
        ResponsePdu::too_big(version, number, Vec::new()).ok()?
    } else {
        let index = match at {
            Some(at) => Some(ErrorIndex::new(at as u32, asked.len()).ok()?),
            None => None,
        };
        ResponsePdu::new(version, number, status, index, asked).ok()?
    };
    Some(message_of(version, COMMUNITY, response.into_raw()))
}

fn message_of(version: Version, community: &str, pdu: Pdu) -> Vec<u8> {
    let version = match version {
        Version::V1 => CommunityVersion::V1,
        _ => CommunityVersion::V2c,
    };
    let message = CommunityMessage::new(version, community, pdu).expect("well formed");
    message.encode().expect("well formed").to_vec()
}
