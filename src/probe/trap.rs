//! Traps and informs: a socket that hears what devices say unasked, and gives it on as hints.
//!
//! It is off unless an address is configured. What comes in counts only from an address of the model, with that
//! node's own credential: its community, or its user at the level that the credential has. Everything else is
//! dropped without an answer, and an inform that counts is acknowledged whatever becomes of it later.
//!
//! It listens in a thread of its own, with no capability left: a storm of datagrams costs that thread's time, and
//! neither the probes nor the monitor wait for it. For informs the receiver is the authoritative engine, whose
//! boots must never fall (RFC 3414, 2.2.2); they are taken from the wall clock, which needs no file.

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};

use caps::CapSet;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest as _, Sha256};
use snmp::notification::NotificationReceiverBuilder;
use snmp::{
    AuthoritativeEngine, DesSaltState, MasterKeys, NotificationAcceptance, NotificationEnvelope,
    NotificationReceiver, PersistedAuthoritativeEngine, PersistedDesSaltState, SecurityLevel,
    UsmUser,
};
use tokio::sync::{mpsc, oneshot, watch};

use crate::model::credential::{Credential, Keyring};
use crate::model::hint::Hint;
use crate::model::network::Network;
use crate::model::{CredentialName, NodeId};
use crate::probe::snmp::key::{auth_protocol, privacy_protocol};
use crate::probe::valve::Valve;
use crate::probe::{Doing, LineError};
use crate::wire::trap;

/// Hints that may wait for the monitor; the valve lets no more through at once.
const HINTS: usize = 512;

/// Seconds from 1970 to 2025, from which boots are counted.
const EPOCH: i64 = 1_735_689_600;

/// One boot for so many seconds: 31 bits hold five centuries, and nobody restarts a monitor faster.
const SECONDS_A_BOOT: i64 = 8;

/// Who may speak: the addresses of all nodes that have a credential.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Senders(BTreeMap<IpAddr, (NodeId, CredentialName)>);

impl Senders {
    /// Returns who may speak in a network. Cost O(n log n).
    #[must_use]
    pub fn of(network: &Network) -> Self {
        let mut senders = BTreeMap::new();
        for node in network.nodes.values() {
            let Some(credential) = &node.snmp else {
                continue;
            };
            for address in node.address.iter().chain(&node.addresses) {
                senders.insert(*address, (node.id.clone(), credential.clone()));
            }
        }
        Self(senders)
    }

    fn get(&self, source: SocketAddr) -> Option<&(NodeId, CredentialName)> {
        // A socket for both families shows IPv4 in IPv6's clothes.
        self.0.get(&source.ip().to_canonical())
    }
}

/// The ends of the channels to the thread that listens; it stops when nobody takes hints.
#[derive(Debug)]
pub struct Listening {
    /// What was said.
    pub hints: mpsc::Receiver<Hint>,
    /// Who may speak from now on.
    pub senders: watch::Sender<Senders>,
    /// Where it listens.
    pub address: SocketAddr,
}

/// Listens at an address, with the credentials of those who may speak.
///
/// `name` tells this monitor from others (the network's id): with the machine's name it makes the engine that
/// informs of version 3 are addressed to. A port under 1024 needs `CAP_NET_BIND_SERVICE` while this runs.
pub async fn listen(
    address: SocketAddr,
    senders: Senders,
    keyring: &Keyring,
    name: &str,
) -> Result<Listening, LineError> {
    let (senders, known) = watch::channel(senders);
    let (give, hints) = mpsc::channel(HINTS);
    let (tell, told) = oneshot::channel();
    let builder = builder(address, known.clone(), keyring, name)
        .map_err(|source| LineError::new(Doing::BindTraps, source))?;
    std::thread::Builder::new()
        .name("traps".to_owned())
        .spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build();
            let runtime = match runtime {
                Ok(runtime) => runtime,
                Err(source) => {
                    let _ = tell.send(Err(LineError::new(Doing::Start, source)));
                    return;
                }
            };
            runtime.block_on(async {
                let receiver = match open(builder).await {
                    Ok(receiver) => receiver,
                    Err(error) => {
                        let _ = tell.send(Err(error));
                        return;
                    }
                };
                let _ = tell.send(Ok(receiver.local_addr()));
                hear(&receiver, &known, &give).await;
            });
        })
        .map_err(|source| LineError::new(Doing::Start, source))?;
    let ended = |_| LineError::new(Doing::Start, io::Error::other("the thread ended at once"));
    let address = told.await.map_err(ended)??;
    Ok(Listening {
        hints,
        senders,
        address,
    })
}

/// Binds, and gives up what was needed for it before the first byte is read.
async fn open(builder: NotificationReceiverBuilder) -> Result<NotificationReceiver, LineError> {
    let receiver = builder.build().await.map_err(|error| {
        let source = match *error {
            snmp::Error::Network { source, .. } => source,
            other => io::Error::other(other),
        };
        LineError::new(Doing::BindTraps, source)
    })?;
    for set in [
        CapSet::Ambient,
        CapSet::Effective,
        CapSet::Inheritable,
        CapSet::Permitted,
    ] {
        caps::clear(None, set)
            .map_err(|error| LineError::new(Doing::DropPrivilege, io::Error::other(error)))?;
    }
    Ok(receiver)
}

/// Gives on what is said, until nobody takes it.
async fn hear(
    receiver: &NotificationReceiver,
    senders: &watch::Receiver<Senders>,
    give: &mpsc::Sender<Hint>,
) {
    let mut valve = Valve::default();
    loop {
        let heard = tokio::select! {
            () = give.closed() => return,
            heard = receiver.recv() => heard,
        };
        let Ok(heard) = heard else {
            // What the socket reports is of one datagram; a pause keeps a broken one from spinning.
            tokio::time::sleep(std::time::Duration::from_millis(100)).await;
            continue;
        };
        let Some(node) = senders
            .borrow()
            .get(heard.source)
            .map(|(node, _)| node.clone())
        else {
            continue;
        };
        let at = crate::clock::now();
        if !valve.admits(&node, at) {
            continue;
        }
        let Ok(oid) = heard.notification.trap_oid() else {
            continue;
        };
        let hint = Hint {
            node,
            sign: trap::sign(&oid),
            port: trap::port(heard.notification.varbinds()),
            at,
        };
        // A monitor that is behind with hints has enough reasons to ask.
        let _ = give.try_send(hint);
    }
}

fn builder(
    address: SocketAddr,
    senders: watch::Receiver<Senders>,
    keyring: &Keyring,
    name: &str,
) -> io::Result<NotificationReceiverBuilder> {
    let mut builder = NotificationReceiver::builder().bind(address.to_string());
    let seconds = crate::clock::today().as_second() - EPOCH;
    let boots = u32::try_from(seconds.max(0) / SECONDS_A_BOOT).unwrap_or(u32::MAX >> 1);
    let engine = PersistedAuthoritativeEngine::new(engine_id(name), boots.clamp(1, u32::MAX >> 2))
        .map_err(io::Error::other)?;
    let boots = engine.engine_boots();
    let engine = AuthoritativeEngine::restart(engine, |_| Ok::<(), io::Error>(()))
        .map_err(io::Error::other)?;
    builder = builder.authoritative_engine(engine);
    if let Ok(state) = PersistedDesSaltState::new(boots)
        .and_then(|state| DesSaltState::restart(state, |_| Ok::<(), io::Error>(())))
    {
        builder = builder.des_salt_state(state);
    }
    let mut rights = BTreeMap::new();
    for (name, credential) in keyring {
        let right = match credential {
            Credential::V1 { community } | Credential::V2c { community } => {
                Right::Community(community.clone())
            }
            Credential::V3 {
                user,
                auth,
                privacy,
            } => {
                // A passphrase that makes no key makes no sender either; the poll says why.
                let Ok(keys) = keys(credential) else {
                    continue;
                };
                builder = builder
                    .usm_user(user.clone(), |user: UsmUser| match keys {
                        Some(keys) => user.with_master_keys(keys),
                        None => Ok(user),
                    })
                    .map_err(io::Error::other)?;
                let level = match (auth, privacy) {
                    (None, _) => SecurityLevel::NoAuthNoPriv,
                    (Some(_), None) => SecurityLevel::AuthNoPriv,
                    (Some(_), Some(_)) => SecurityLevel::AuthPriv,
                };
                Right::User(user.clone(), level)
            }
        };
        rights.insert(name.clone(), right);
    }
    Ok(builder.acceptance_policy(move |said| {
        let senders = senders.borrow();
        let right = senders
            .get(said.source)
            .and_then(|(_, credential)| rights.get(credential));
        if right.is_some_and(|right| right.covers(said)) {
            NotificationAcceptance::Accept
        } else {
            NotificationAcceptance::Reject
        }
    }))
}

/// With what a sender must prove itself.
enum Right {
    /// With this community, in version 1 or 2c.
    Community(SecretString),
    /// As this user, at this level or above.
    User(String, SecurityLevel),
}

impl Right {
    fn covers(&self, said: &NotificationEnvelope<'_>) -> bool {
        match self {
            Self::Community(secret) => said
                .community
                .is_some_and(|it| it.as_bytes() == secret.expose_secret().as_bytes()),
            Self::User(user, level) => {
                said.username == Some(user.as_bytes())
                    && said.security_level.is_some_and(|it| it >= *level)
            }
        }
    }
}

fn keys(credential: &Credential) -> Result<Option<MasterKeys>, snmp::CryptoError> {
    let Credential::V3 {
        auth: Some((protocol, passphrase)),
        privacy,
        ..
    } = credential
    else {
        return Ok(None);
    };
    let secret = passphrase.expose_secret().as_bytes();
    let keys = MasterKeys::new(auth_protocol(*protocol), secret)?;
    match privacy {
        None => Ok(Some(keys)),
        Some((protocol, passphrase)) => keys
            .with_privacy(
                privacy_protocol(*protocol),
                passphrase.expose_secret().as_bytes(),
            )
            .map(Some),
    }
}

/// Returns this monitor's engine: octets (RFC 3411, form 5) under the number of RFC 5612, the same at every
/// start on this machine and another on every other.
fn engine_id(name: &str) -> Vec<u8> {
    let machine = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let digest = Sha256::digest(format!("spanwatch traps\0{name}\0{}", machine.trim()));
    let mut id = vec![0x80, 0x00, 0x7E, 0xD9, 5];
    id.extend(digest.iter().take(12));
    id
}
