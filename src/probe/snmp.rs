//! One poll, one device: the system group, then the columns of ifTable and ifXTable, over one shared socket.
//!
//! A device may be silent, slow, half-hearted or a liar. So a poll has one deadline for everything, a datagram
//! counts only if it comes from the device's own address and port with the request's number and community (or
//! the user's signature), a table that does not ascend is left, and what a device may make us keep is bounded.
//! What was read until something went wrong is given as `Partial`, because it proves that the device is alive.
//!
//! Wrong credentials look like silence: a device ignores a community that it does not know, and its reports of
//! a wrong user or key are not signed, so anybody could have sent them. Whoever shows `Silent` should say so.
//!
//! A device that stops in the middle of a table is waited for as long as one that never answered, and no
//! longer: out of a table a question that stays without an answer is asked again smaller, and that is its
//! repetition.

pub(in crate::probe) mod key;
mod size;
pub(super) mod whole;

use std::collections::BTreeMap;
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use snmp::v3::ReportStatus;
use snmp::{
    Auth, Client, DesSaltState, EngineCache, Error, ErrorKind, ErrorStatus, Oid,
    PersistedDesSaltState, Retry, UdpClient, UdpTransport, Value, VarBind, Version,
};

use crate::model::CredentialName;
use crate::model::credential::Keyring;
use crate::model::device::Device;
use crate::model::reading::Answer;
use crate::model::target::Target;
use crate::probe::poll::Trouble;
use crate::probe::roster::Pace;
use crate::probe::snmp::size::Size;
use crate::wire::mib::Object;
use crate::wire::whole::Group;

/// The port of SNMP agents (RFC 3417).
pub(crate) const PORT: u16 = 161;

/// No poll takes longer, whatever its interval: thousands of ports behind a slow line need it.
const LONGEST_POLL: Duration = Duration::from_secs(10);

/// No poll of a sweep takes longer: somebody waits for the verdict, and one device must not stretch it.
const LONGEST_POLL_OF_A_SWEEP: Duration = Duration::from_secs(5);

/// A device may make us keep this much in a round. 5,000 ports weigh 6.4 MB.
const HEAVIEST: usize = 8 << 20;

/// What a cell weighs beside its text.
const CELL_WEIGHT: usize = 64;

/// Epochs end at 2^31 - 1, and the one after the first is used.
const DES_EPOCHS: u32 = (1 << 31) - 4;

/// `DeviceText` keeps no more of a text.
const LONGEST_TEXT: usize = 255;

/// The sockets of SNMP; IPv6 is `Err` with the reason where this machine has none.
#[derive(Clone)]
pub(crate) struct Transports {
    pub(crate) v4: UdpTransport,
    pub(crate) v6: Result<UdpTransport, Arc<str>>,
}

/// Polls devices.
pub(crate) struct Poller {
    transports: Transports,
    port: u16,
    keys: BTreeMap<CredentialName, Result<Auth, Arc<str>>>,
    engines: Arc<EngineCache>,
    des: Option<DesSaltState>,
    longest: Duration,
}

impl Poller {
    /// Derives all keys once; each passphrase costs about a millisecond.
    ///
    /// `epoch` must differ from one start of the monitor to the next: DES (RFC 3414 §8.1.1.1) must not use a
    /// salt twice with one key, and a random epoch needs no file to remember the last one.
    pub(crate) fn new(
        transports: Transports,
        port: u16,
        keyring: &Keyring,
        epoch: u32,
        pace: Pace,
    ) -> Self {
        let keys = keyring
            .iter()
            .map(|(name, credential)| {
                let key = key::auth(credential).map_err(|why| {
                    let why = format!("The credential `{name}` cannot be used: {why}.");
                    Arc::from(why)
                });
                (name.clone(), key)
            })
            .collect();
        Self {
            transports,
            port,
            keys,
            engines: Arc::new(EngineCache::new()),
            des: PersistedDesSaltState::new(epoch % DES_EPOCHS + 1)
                .and_then(|epoch| DesSaltState::restart(epoch, |_| Ok::<(), io::Error>(())))
                .ok(),
            longest: match pace {
                Pace::Watch => LONGEST_POLL,
                Pace::Sweep => LONGEST_POLL_OF_A_SWEEP,
            },
        }
    }

    /// Polls one device, within its interval and at most ten seconds, five in a sweep.
    ///
    /// Its neighbours are asked for last, in what is left of that time: whatever comes of it, the interfaces were
    /// read and the answer is whole.
    pub(crate) async fn ask(&self, target: &Target, asks_neighbours: bool) -> Answer {
        let limit = target.interval.min(self.longest);
        let until = (crate::clock::now() + limit).into();
        let mut poll = Poll::new(HEAVIEST, LONGEST_TEXT);
        let end = match tokio::time::timeout_at(until, self.read(target, &mut poll)).await {
            Ok(end) => end,
            Err(_) => Err(Stop::Lost(Trouble::Late)),
        };
        if asks_neighbours && matches!(end, Ok(None)) {
            let read = tokio::time::timeout_at(until, self.neighbours(target, &mut poll)).await;
            poll.neighbours_read = matches!(read, Ok(Ok(true)));
        }
        if !poll.heard {
            // A device that was replaced or reset has another engine; asking the old one is silence for ever.
            self.engines.remove(&self.address(target.address));
        }
        match end {
            Err(Stop::Unsent(why)) if !poll.heard => Answer::Unsent { why },
            Err(_) if !poll.heard => Answer::Silent,
            Ok(None) => Answer::Device(poll.device()),
            Ok(Some(_)) | Err(_) => Answer::Partial(poll.device()),
        }
    }

    fn address(&self, device: IpAddr) -> SocketAddr {
        SocketAddr::new(device, self.port)
    }

    async fn read(&self, target: &Target, poll: &mut Poll) -> Result<Option<Trouble>, Stop> {
        let client = self.client(target, target.retries).await?;
        let system = Object::SYSTEM.iter().map(|object| object.at(0)).collect();
        poll.scalars(&client, system).await?;
        // Out of a table a question is repeated by the poll itself, and smaller.
        let once = self.client(target, 0).await?;
        let columns = Object::COLUMNS.iter().map(|column| column.oid()).collect();
        poll.columns(&once, target.retries, columns).await
    }

    /// Reads whom a device hears, and where it hears anybody what names ports and addresses; returns whether all
    /// of what decides was read.
    async fn neighbours(&self, target: &Target, poll: &mut Poll) -> Result<bool, Stop> {
        let once = self.client(target, 0).await?;
        let before = poll.cells.len();
        for group in [Group::Lldp, Group::Cdp] {
            let columns = group.columns();
            if poll
                .columns(&once, target.retries, columns)
                .await?
                .is_some()
            {
                return Ok(false);
            }
        }
        if poll.cells.len() == before {
            return Ok(true);
        }
        for group in [Group::LldpPorts, Group::Bridge, Group::LldpAddresses] {
            // Agents that lack one of these are usual; a port's number then stands for its name.
            poll.columns(&once, target.retries, group.columns()).await?;
        }
        Ok(true)
    }

    async fn client(&self, target: &Target, retries: u8) -> Result<UdpClient, Stop> {
        let Some(name) = &target.credential else {
            let why = "It is to be polled, but no credential is named for it.";
            return Err(Stop::Unsent(why.into()));
        };
        let key = match self.keys.get(name) {
            Some(Ok(key)) => key.clone(),
            Some(Err(why)) => return Err(Stop::Unsent(Arc::clone(why))),
            None => {
                let why = format!("There is no credential `{name}`.");
                return Err(Stop::Unsent(why.into()));
            }
        };
        self.dial(target, key, retries).await
    }

    async fn dial(&self, target: &Target, key: Auth, retries: u8) -> Result<UdpClient, Stop> {
        let transport = match target.address {
            IpAddr::V4(_) => &self.transports.v4,
            IpAddr::V6(_) => match &self.transports.v6 {
                Ok(transport) => transport,
                Err(why) => return Err(Stop::Unsent(Arc::clone(why))),
            },
        };
        let retry = Retry::fixed(u32::from(retries), Duration::ZERO).unwrap_or_default();
        let mut builder = Client::builder(self.address(target.address), key);
        if let Some(des) = &self.des {
            builder = builder.des_salt_state(des.clone());
        }
        builder
            .strict_source(true)
            .request_timeout(target.timeout)
            .retry(retry)
            .max_oids_per_request(Object::COLUMNS.len())
            .engine_cache(Arc::clone(&self.engines))
            .build_with(transport)
            .await
            .map_err(|error| Stop::of(&error))
    }
}

/// Why a poll ends early.
enum Stop {
    /// Our own side could not ask.
    Unsent(Arc<str>),
    /// The device stopped answering, or answered what cannot be used.
    Lost(Trouble),
}

impl Stop {
    fn of(error: &Error) -> Self {
        match error.kind() {
            ErrorKind::Network
            | ErrorKind::ConstructionTimeout
            | ErrorKind::Closed
            | ErrorKind::RequestIdInUse
            | ErrorKind::OutboundMessageTooLarge
            | ErrorKind::Config
            | ErrorKind::Privacy
            | ErrorKind::RandomSource
            | ErrorKind::InvalidMessage
            | ErrorKind::InvalidOid => {
                Self::Unsent(format!("The question did not leave: {error}.").into())
            }
            ErrorKind::Timeout => Self::Lost(Trouble::Stopped),
            _ => Self::Lost(match error.exchange_source() {
                // Signed, and from the past of its own engine (RFC 3414, 3.2, step 7b).
                Error::Auth { .. } => Trouble::Clock,
                Error::Report { status, .. }
                    if matches!(**status, ReportStatus::NotInTimeWindow { .. }) =>
                {
                    Trouble::Clock
                }
                _ => Trouble::Refused,
            }),
        }
    }
}

/// What one poll has heard so far.
struct Poll {
    /// An answer came that was the device's own.
    heard: bool,
    cells: Vec<VarBind>,
    /// Whom it hears was asked for and read to the end.
    neighbours_read: bool,
    weight: usize,
    heaviest: usize,
    longest_text: usize,
}

/// A column that is being read, and how far.
struct Cursor {
    column: Oid,
    last: Oid,
    ended: bool,
}

impl Poll {
    fn new(heaviest: usize, longest_text: usize) -> Self {
        Self {
            heard: false,
            cells: Vec::new(),
            neighbours_read: false,
            weight: 0,
            heaviest,
            longest_text,
        }
    }

    fn device(&self) -> Arc<Device> {
        let mut device = crate::wire::whole::device(&self.cells);
        device.neighbours_read = self.neighbours_read;
        if !self.neighbours_read {
            // Half of them would look like cables that were pulled.
            device.neighbours.clear();
        }
        Arc::new(device)
    }

    fn keep(&mut self, varbind: &VarBind) {
        let cell = trimmed(varbind, self.longest_text);
        self.weight += CELL_WEIGHT + cell.value.as_bytes().map_or(0, <[u8]>::len);
        self.cells.push(cell);
    }

    /// Reads single objects in one question, again without whatever an agent of version 1 does not know.
    async fn scalars(&mut self, client: &UdpClient, mut asked: Vec<Oid>) -> Result<(), Stop> {
        while !asked.is_empty() {
            match client.get_many(&asked).await {
                Ok(answer) => {
                    self.heard = true;
                    let own = answer.varbinds.iter();
                    let own: Vec<&VarBind> =
                        own.filter(|varbind| asked.contains(&varbind.oid)).collect();
                    if own.is_empty() {
                        return Err(Stop::Lost(Trouble::Refused));
                    }
                    for varbind in own {
                        self.keep(varbind);
                    }
                    return Ok(());
                }
                Err(error) => {
                    let Some((_, about)) = refusal(&error) else {
                        return Err(Stop::of(&error));
                    };
                    self.heard = true;
                    let before = asked.len();
                    asked.retain(|oid| Some(oid) != about);
                    if asked.len() == before {
                        return Err(Stop::Lost(Trouble::Refused));
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads columns row by row, so that the cells of a row belong to one moment; `Some` where one of them could
    /// not be read to its end.
    ///
    /// A question that is too big or stays without an answer is made smaller: many agents lose long answers,
    /// and many firewalls the fragments of them. Without GETBULK it goes on by GETNEXT. `client` must ask once
    /// and repeat nothing; `retries` says how often one question may stay without an answer (at least once).
    async fn columns(
        &mut self,
        client: &UdpClient,
        retries: u8,
        columns: Vec<Oid>,
    ) -> Result<Option<Trouble>, Stop> {
        let mut cursors: Vec<Cursor> = columns
            .into_iter()
            .map(|column| Cursor {
                last: column.clone(),
                column,
                ended: false,
            })
            .collect();
        let mut size = Size::default();
        let mut bulk = client.version() != Version::V1;
        let mut trouble = None;
        let mut vain = 0;
        while !cursors.is_empty() {
            let cells = size.cells();
            let width = cursors.len().min(cells);
            let asked: Vec<Oid> = cursors
                .iter()
                .take(width)
                .map(|cursor| cursor.last.clone())
                .collect();
            let answer = if bulk {
                let rows = (cells / width).max(1);
                client
                    .get_bulk(&asked, 0, u32::try_from(rows).unwrap_or(1))
                    .await
            } else {
                client
                    .get_next_many(&asked)
                    .await
                    .map(|answer| answer.varbinds)
            };
            match answer {
                Ok(varbinds) if varbinds.is_empty() => {
                    self.heard = true;
                    return Err(Stop::Lost(Trouble::Refused));
                }
                Ok(varbinds) => {
                    vain = 0;
                    size.answered();
                    self.heard = true;
                    if !self.take(&mut cursors, width, &varbinds) {
                        trouble = Some(Trouble::Disordered);
                    }
                }
                Err(error) => match refusal(&error) {
                    // The end of the tree, as version 1 says it.
                    Some((ErrorStatus::NoSuchName, about)) => {
                        drop_column(&mut cursors, about).ok_or(Stop::Lost(Trouble::Refused))?;
                    }
                    Some((ErrorStatus::TooBig, _)) if cells > 1 => size.too_big(),
                    // It finds fault with the question as a whole: some agents cannot do GETBULK.
                    Some((_, None)) if bulk => bulk = false,
                    // One bad column must not hide the others.
                    Some((_, about)) => {
                        drop_column(&mut cursors, about).ok_or(Stop::Lost(Trouble::Refused))?;
                        trouble = Some(Trouble::Refused);
                    }
                    None if error.kind() == ErrorKind::Timeout && vain < retries.max(1) => {
                        vain += 1;
                        size.unanswered();
                    }
                    None => return Err(Stop::of(&error)),
                },
            }
            cursors.retain(|cursor| !cursor.ended);
            if self.weight > self.heaviest {
                return Err(Stop::Lost(Trouble::Heavy));
            }
        }
        Ok(trouble)
    }

    /// Takes the cells of one answer; returns whether they ascended.
    ///
    /// They come row by row in the order of the columns asked; an answer may end in the middle of a row.
    fn take(&mut self, cursors: &mut [Cursor], width: usize, varbinds: &[VarBind]) -> bool {
        let mut clean = true;
        for row in varbinds.chunks(width) {
            for (cursor, varbind) in cursors.iter_mut().zip(row) {
                if cursor.ended {
                    continue;
                }
                if varbind.value == Value::EndOfMibView {
                    cursor.ended = true;
                } else if varbind.oid <= cursor.last {
                    // Backwards is no end but a fault: the column may go on, and we would go in a circle.
                    cursor.ended = true;
                    clean = false;
                } else if !varbind.oid.starts_with(&cursor.column) {
                    cursor.ended = true;
                } else {
                    cursor.last = varbind.oid.clone();
                    self.keep(varbind);
                }
            }
        }
        clean
    }
}

/// Ends the column at whose place the agent found fault; `None` if it named none that was asked.
fn drop_column(cursors: &mut [Cursor], about: Option<&Oid>) -> Option<()> {
    let cursor = cursors
        .iter_mut()
        .find(|cursor| Some(&cursor.last) == about)?;
    cursor.ended = true;
    Some(())
}

/// Returns what the agent itself refused, and at which of the identifiers asked.
fn refusal(error: &Error) -> Option<(ErrorStatus, Option<&Oid>)> {
    match error.exchange_source() {
        Error::Snmp { status, oid, .. } => Some((*status, oid.as_deref())),
        _ => None,
    }
}

/// Copies a varbind out of its datagram, without what nobody will read of a long text.
fn trimmed(varbind: &VarBind, longest: usize) -> VarBind {
    let value = match &varbind.value {
        Value::OctetString(bytes) => Value::from(bytes.get(..longest).unwrap_or(bytes)),
        other => other.clone(),
    };
    VarBind::new(varbind.oid.clone(), value)
}
