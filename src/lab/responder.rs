//! What the agents answer to a datagram, in health and in sickness.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::net::IpAddr;
use std::time::Duration;

use snmp::ber::Decoder;
use snmp::message::CommunityMessage;
use snmp::{DecodeConfig, NotificationPdu, VarBind, Version};

use crate::graph::mix;
use crate::lab::action::behaviour::Behaviour;
use crate::lab::fabric::Fabric;
use crate::lab::fabric::traps::Trap;
use crate::lab::lie;
use crate::lab::usm::{Question, User};
use crate::model::NodeId;
use crate::model::network::Node;

/// Leaves thirty bits of a number: the seconds that a clock jumps by, up to 34 years. RFC 3414 allows 150.
const JUMPS: u32 = 34;

/// The agents of all nodes that have credentials.
pub struct Responder {
    community: String,
    user: User,
    recordings: BTreeMap<NodeId, Vec<VarBind>>,
}

/// A datagram that is to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// From which address; a sick agent may use another's.
    pub from: IpAddr,
    /// How long it waits.
    pub after: Duration,
    /// The datagram.
    pub bytes: Vec<u8>,
}

impl Responder {
    /// Makes agents that know this community and this user.
    #[must_use]
    pub fn new(community: &str, user: User) -> Self {
        Self {
            community: community.to_owned(),
            user,
            recordings: BTreeMap::new(),
        }
    }

    /// Returns agents of which some say what was recorded of others, ascending by identifier.
    #[must_use]
    pub fn with_recordings(mut self, recordings: BTreeMap<NodeId, Vec<VarBind>>) -> Self {
        self.recordings = recordings;
        self
    }

    /// Returns what the agent at `asked` says to a datagram; `None` is silence.
    ///
    /// Wrong communities, noise and nodes without credentials get silence, as from real agents.
    #[must_use]
    pub fn answer(
        &self,
        fabric: &Fabric,
        asked: IpAddr,
        datagram: &[u8],
        at: Duration,
    ) -> Option<Reply> {
        let node = fabric.node_of(asked)?;
        node.snmp.as_ref()?;
        let mut reply = Reply {
            from: asked,
            after: Duration::ZERO,
            bytes: Vec::new(),
        };
        let mut speaker = node;
        let behaviour = fabric.behaviour(&node.id);
        reply.after = behaviour.delay().unwrap_or_default();
        match behaviour {
            Behaviour::Killed => return None,
            Behaviour::Garbage => {
                reply.bytes = noise(datagram);
                return Some(reply);
            }
            Behaviour::Another => {
                let (other, address) = another(fabric, &node.id, asked)?;
                (speaker, reply.from) = (other, address);
            }
            _ => {}
        }
        reply.bytes = self.speak(fabric, &speaker.id, datagram, behaviour, at)?;
        Some(reply)
    }

    /// Returns what a device says unasked, and from which address; `None` where it has none, or is gone.
    ///
    /// In version 3 for a credential that says `v3`, as the lab's credentials are, else in version 2c.
    #[must_use]
    pub fn trap(&self, fabric: &Fabric, trap: &Trap) -> Option<(IpAddr, Vec<u8>)> {
        let node = fabric.network().nodes.get(&trap.node)?;
        let credential = node.snmp.as_ref()?;
        let (started, boots) = fabric.started(&node.id);
        let uptime = trap.at.saturating_sub(started);
        // Hundredths of a second, which wrap as sysUpTime does.
        let ticks = (uptime.as_millis() / 10) as u32;
        let port = trap.port.as_ref().map(|(index, name)| (*index, name));
        let (oid, varbinds) = crate::wire::trap::told(trap.sign, port)?;
        let number = (mix(trap.at.as_nanos() as u64) >> 33) as i32;
        let is_signed = crate::lab::usm::speaks(credential);
        let version = if is_signed { Version::V3 } else { Version::V2c };
        let pdu = NotificationPdu::trap_v2(version, number, ticks, &oid, varbinds).ok()?;
        let bytes = if is_signed {
            let engine = self.user.engine(&node.id, boots, uptime)?;
            self.user.trap(number, pdu, &engine)?
        } else {
            let message = CommunityMessage::v2c(self.community.as_bytes(), pdu.into_raw()).ok()?;
            message.encode().ok()?.to_vec()
        };
        Some((node.address?, bytes))
    }

    fn speak(
        &self,
        fabric: &Fabric,
        node: &NodeId,
        datagram: &[u8],
        behaviour: Behaviour,
        at: Duration,
    ) -> Option<Vec<u8>> {
        let table = || {
            let table: Cow<'_, [VarBind]> = match self.recordings.get(node) {
                Some(recorded) => recorded.into(),
                None => crate::wire::whole::encode(&fabric.whole(node, at)?).into(),
            };
            let end = if behaviour == Behaviour::Partial {
                table.len() / 2
            } else {
                table.len()
            };
            Some((table, end))
        };
        if version(datagram)? == 3 {
            let (started, boots) = fabric.started(node);
            let mut time = at.saturating_sub(started);
            if behaviour == Behaviour::Clock {
                time += Duration::from_secs(mix(at.as_nanos() as u64) >> JUMPS);
            }
            let engine = self.user.engine(node, boots, time)?;
            return match self.user.read(datagram, &engine)? {
                Question::Report(bytes) => Some(bytes),
                Question::Ask(asked) => {
                    let (table, end): (Cow<'_, [VarBind]>, usize) = table()?;
                    let answer = lie::answer(behaviour, &asked.pdu, Version::V3, &table, end)?;
                    self.user.write(&asked, answer, &engine)
                }
            };
        }
        let message = CommunityMessage::decode(datagram.to_vec().into(), DecodeConfig::default())
            .ok()?
            .value;
        if message.version() != Version::V2c
            || message.community().as_bytes() != self.community.as_bytes()
        {
            return None;
        }
        let community = message.community().clone();
        let (table, end) = table()?;
        let answer = lie::answer(behaviour, &message.into_pdu()?, Version::V2c, &table, end)?;
        let message = CommunityMessage::v2c(community, answer.into_raw()).ok()?;
        Some(message.encode().ok()?.to_vec())
    }
}

/// Returns the version field: 0 is v1, 1 is v2c, 3 is v3.
fn version(datagram: &[u8]) -> Option<i32> {
    let mut message = Decoder::new(datagram.to_vec().into());
    message.read_sequence().ok()?.read_integer().ok()
}

/// Returns the next node in order that has an agent of its own, and where that is asked in the family of `asked`.
pub(super) fn another<'a>(
    fabric: &'a Fabric,
    node: &NodeId,
    asked: IpAddr,
) -> Option<(&'a Node, IpAddr)> {
    let nodes = &fabric.network().nodes;
    let after = nodes.range(node.clone()..).skip(1);
    after
        .chain(nodes.iter())
        .map(|(_, other)| other)
        .filter(|other| other.id != *node && other.snmp.is_some())
        .find_map(|other| {
            let mut addresses = other.address.iter().chain(&other.addresses);
            let address = addresses.find(|address| address.is_ipv4() == asked.is_ipv4())?;
            Some((other, *address))
        })
}

/// Returns bytes that mean nothing, the same for the same question.
pub(super) fn noise(datagram: &[u8]) -> Vec<u8> {
    let seed = datagram
        .iter()
        .fold(0, |hash, byte| mix(hash ^ u64::from(*byte)));
    (0..8)
        .flat_map(|place| mix(seed ^ place).to_be_bytes())
        .collect()
}
