//! The echoes that are under way, and what each packet that comes in means for one of them; pure.
//!
//! It sends and hears nothing: time, key and packets are arguments. The hard thought is whom to believe. Anybody
//! can send us an echo reply, and identifier and sequence are thirty-two bits that are easily guessed or met by
//! chance. So each echo carries a cookie: a hash of target, sequence and send time with a key that this process
//! drew. A reply counts with the right source, identifier, sequence and cookie, and once.
//!
//! An error comes from whatever router it likes, so its source proves nothing, and what it quotes must. With the
//! cookie in the quote it is believed. A router may quote as little as eight bytes of ICMP (RFC 792), which end
//! before the cookie; over IPv4 they hold the checksum, which the cookie decides, so an error is believed then too
//! when destination, identifier, sequence and those sixteen bits are right, and is marked as quoting in part. Old
//! routers at the edge are just those whose evidence is wanted. `ICMPv6` quotes as much as fits (RFC 4443 §2.4),
//! and its checksum is not ours to know: there a quote without the cookie is foreign.
//!
//! ```text
//!  free --launch--> flying --reply--> answered --reply--> (duplicate)
//!                     |  \--error--> told --reply--> answered      an error is evidence, no verdict
//!                     \---expire (also told)--> lost --reply--> (late)
//! ```

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::net::IpAddr;
use std::time::{Duration, Instant};

use sha2::{Digest, Sha256};

use crate::model::reading::Refusal;
use crate::wire::echo::{Echo, Family, Heard, Malformed, Quoted, refusal};

/// What makes cookies unforgeable: 32 random bytes, drawn once a process.
#[derive(Clone)]
pub struct Key([u8; 32]);

impl std::fmt::Debug for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Key(•••)")
    }
}

impl Key {
    /// Takes random bytes for a key.
    #[must_use]
    pub fn new(chance: [u8; 32]) -> Self {
        Self(chance)
    }

    /// Returns the cookie of an echo: the first 64 bits of SHA-256 over key, target, sequence and send time.
    ///
    /// All inputs have one length and most of the hash is thrown away, so a plain prefix is as good as HMAC here
    /// and costs one block of it.
    fn cookie(&self, to: IpAddr, sequence: u16, after: Duration) -> u64 {
        let address = match to {
            IpAddr::V4(address) => address.to_ipv6_mapped(),
            IpAddr::V6(address) => address,
        };
        // 32 + 16 + 2 bytes leave five for the time in one block of 55: 2^40 nanoseconds are eighteen minutes,
        // more than any echo is under way.
        let nanos = after.as_nanos().to_le_bytes();
        let mut hash = Sha256::new();
        hash.update(self.0);
        hash.update(address.octets());
        hash.update(sequence.to_be_bytes());
        hash.update(&nanos[..5]);
        let hash = hash.finalize();
        hash.first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first))
    }
}

/// How an echo stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// It was taken back: nothing left.
    Free,
    Flying,
    /// A router spoke about it.
    Told,
    Answered,
    Lost,
}

/// The place of one sequence number: its echo, or the last one that had it.
#[derive(Clone, Copy, Debug)]
struct Slot {
    to: IpAddr,
    token: u64,
    cookie: u64,
    sequence: u16,
    state: State,
    sent: Instant,
    deadline: Instant,
}

impl Slot {
    fn is_open(&self) -> bool {
        matches!(self.state, State::Flying | State::Told)
    }
}

/// What an error says of an echo of ours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Objection {
    /// Who sent it.
    pub router: IpAddr,
    /// The type of the message.
    pub kind: u8,
    /// Its code.
    pub code: u8,
    /// The same as readings say it; `None` for what says nothing about the way.
    pub why: Option<Refusal>,
    /// Whether it quoted the whole cookie, and not only what the cookie left in the checksum.
    pub is_whole: bool,
}

/// What a packet means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The target answered this echo.
    Reply {
        /// Whose echo it was.
        token: u64,
        /// From send to arrival.
        rtt: Duration,
        /// Time to live as it arrived, where the socket shows it.
        ttl: Option<u8>,
        /// Whether all data came back.
        is_whole: bool,
    },
    /// A router objected to this echo.
    Error {
        /// Whose echo it was.
        token: u64,
        /// Who, and what.
        objection: Objection,
    },
    /// One more packet for an echo that had its answer.
    Duplicate {
        /// Whose echo it was.
        token: u64,
    },
    /// It came after its time-out.
    Late {
        /// Whose echo it was.
        token: u64,
    },
    /// A reply of the right target that ends before the cookie.
    Truncated {
        /// Whose echo it would answer.
        token: u64,
    },
    /// Nothing of ours, or forged.
    Foreign,
}

/// Packets that were no answer, by kind.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Strays {
    /// Wrong source, identifier, sequence or cookie; or too old to be known.
    pub foreign: u64,
    /// After the time-out.
    pub late: u64,
    /// A second packet for one echo.
    pub duplicate: u64,
    /// Replies that ended before the cookie, or before all data had come back.
    pub truncated: u64,
    /// Changed on the way.
    pub damaged: u64,
}

impl std::ops::AddAssign for Strays {
    fn add_assign(&mut self, other: Self) {
        self.foreign += other.foreign;
        self.late += other.late;
        self.duplicate += other.duplicate;
        self.truncated += other.truncated;
        self.damaged += other.damaged;
    }
}

/// An echo that nobody answered in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Silence {
    /// Whose echo it was.
    pub token: u64,
    /// Whether a router had spoken about it.
    pub was_told: bool,
}

/// All echoes of one socket.
///
/// Every call costs O(1), those that touch a deadline O(log n). Memory is the capacity's, whatever comes in.
#[derive(Debug)]
pub struct Flights {
    key: Key,
    ident: u16,
    size: usize,
    origin: Instant,
    capacity: usize,
    slots: Vec<Slot>,
    next: u16,
    open: usize,
    deadlines: BinaryHeap<Reverse<(Instant, u16, u64)>>,
    strays: Strays,
}

impl Flights {
    /// Makes an empty table for echoes with this identifier and so many bytes of data.
    ///
    /// `capacity` is rounded to a power of two of at most 65,536, the number of sequence numbers; three quarters
    /// of it may be under way at once. `origin` is any moment before the first echo.
    #[must_use]
    pub fn new(key: Key, ident: u16, size: usize, capacity: usize, origin: Instant) -> Self {
        Self {
            key,
            ident,
            size,
            origin,
            capacity: capacity.clamp(4, 1 << 16).next_power_of_two(),
            slots: Vec::new(),
            next: 0,
            open: 0,
            deadlines: BinaryHeap::new(),
            strays: Strays::default(),
        }
    }

    /// Returns what came in that was no answer.
    #[must_use]
    pub fn strays(&self) -> Strays {
        self.strays
    }

    /// Returns how many echoes are under way.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open
    }

    /// Returns the identifier of all echoes.
    #[must_use]
    pub fn ident(&self) -> u16 {
        self.ident
    }

    /// Gives an echo its number and cookie; `None` while too many are under way.
    ///
    /// `token` comes back with whatever is heard of it.
    pub fn launch(
        &mut self,
        to: IpAddr,
        token: u64,
        now: Instant,
        timeout: Duration,
    ) -> Option<Echo> {
        if self.open >= self.capacity / 4 * 3 {
            return None;
        }
        // A quarter is free, so this ends; an old number is taken again as late as possible.
        let sequence = loop {
            let sequence = self.next;
            self.next = self.next.wrapping_add(1);
            let slot = self.slots.get(self.place(sequence));
            if slot.is_none_or(|slot| !slot.is_open()) {
                break sequence;
            }
        };
        let after = now.saturating_duration_since(self.origin);
        let cookie = self.key.cookie(to, sequence, after);
        let slot = Slot {
            to,
            token,
            cookie,
            sequence,
            state: State::Flying,
            sent: now,
            deadline: now + timeout,
        };
        let place = self.place(sequence);
        match self.slots.get_mut(place) {
            Some(old) => *old = slot,
            // Numbers rise from 0, so the first one without a place is the next place.
            None => self.slots.push(slot),
        }
        self.open += 1;
        self.deadlines
            .push(Reverse((slot.deadline, sequence, cookie)));
        // Answered echoes leave their deadlines behind; without this a fast sender would keep millions.
        if self.deadlines.len() > 2 * self.capacity {
            let (slots, capacity) = (&self.slots, self.capacity);
            self.deadlines.retain(|Reverse((_, sequence, cookie))| {
                slots
                    .get(usize::from(*sequence) & (capacity - 1))
                    .is_some_and(|slot| slot.is_open() && slot.cookie == *cookie)
            });
        }
        Some(Echo {
            ident: self.ident,
            sequence,
            cookie,
        })
    }

    /// Takes an echo back that could not be sent.
    pub fn recall(&mut self, echo: &Echo) {
        let place = self.place(echo.sequence);
        if let Some(slot) = self.slots.get_mut(place)
            && slot.is_open()
            && slot.cookie == echo.cookie
        {
            slot.state = State::Free;
            self.open -= 1;
        }
    }

    /// Says what a packet means that arrived from `from` at `at`; every packet is counted.
    pub fn hear(&mut self, from: IpAddr, packet: Result<Heard, Malformed>, at: Instant) -> Verdict {
        let heard = match packet {
            Ok(heard) => heard,
            Err(Malformed::Damaged) => {
                self.strays.damaged += 1;
                return Verdict::Foreign;
            }
            Err(Malformed::Truncated | Malformed::Alien) => {
                self.strays.foreign += 1;
                return Verdict::Foreign;
            }
        };
        let verdict = match heard {
            Heard::Reply { echo, ttl, size } => self.reply(from, &echo, ttl, size, at),
            Heard::Error {
                kind,
                code,
                to,
                echo,
            } => self.error(from, (kind, code), to, &echo, at),
        };
        match verdict {
            Verdict::Foreign => self.strays.foreign += 1,
            Verdict::Late { .. } => self.strays.late += 1,
            Verdict::Duplicate { .. } => self.strays.duplicate += 1,
            Verdict::Truncated { .. }
            | Verdict::Reply {
                is_whole: false, ..
            } => {
                self.strays.truncated += 1;
            }
            Verdict::Reply { .. } | Verdict::Error { .. } => {}
        }
        verdict
    }

    /// Takes one echo out whose time is over; call it until it returns `None`, and after all packets were heard.
    pub fn expire(&mut self, now: Instant) -> Option<Silence> {
        loop {
            let Reverse((deadline, sequence, cookie)) = *self.deadlines.peek()?;
            let place = self.place(sequence);
            let slot = self.slots.get_mut(place)?;
            let is_its = slot.is_open() && slot.cookie == cookie;
            if is_its && deadline > now {
                return None;
            }
            self.deadlines.pop();
            if is_its {
                let silence = Silence {
                    token: slot.token,
                    was_told: slot.state == State::Told,
                };
                slot.state = State::Lost;
                self.open -= 1;
                return Some(silence);
            }
        }
    }

    /// Returns when `expire` may have something next; never late, perhaps early.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        (self.open > 0)
            .then(|| self.deadlines.peek().map(|Reverse((at, _, _))| *at))
            .flatten()
    }

    fn place(&self, sequence: u16) -> usize {
        usize::from(sequence) & (self.capacity - 1)
    }

    /// Returns the echo with a number, open or not, if it went to `to`.
    fn find(&mut self, echo: &Quoted, to: IpAddr) -> Option<&mut Slot> {
        if echo.ident != self.ident {
            return None;
        }
        let place = self.place(echo.sequence);
        self.slots.get_mut(place).filter(|slot| {
            slot.sequence == echo.sequence && slot.to == to && slot.state != State::Free
        })
    }

    fn reply(
        &mut self,
        from: IpAddr,
        echo: &Quoted,
        ttl: Option<u8>,
        size: usize,
        at: Instant,
    ) -> Verdict {
        let whole = self.size;
        let Some(slot) = self.find(echo, from) else {
            return Verdict::Foreign;
        };
        let token = slot.token;
        match echo.cookie {
            None => return Verdict::Truncated { token },
            Some(cookie) if cookie != slot.cookie => return Verdict::Foreign,
            Some(_) => {}
        }
        match slot.state {
            State::Answered => Verdict::Duplicate { token },
            State::Flying | State::Told if at <= slot.deadline => {
                slot.state = State::Answered;
                let rtt = at.saturating_duration_since(slot.sent);
                self.open -= 1;
                Verdict::Reply {
                    token,
                    rtt,
                    ttl,
                    is_whole: size >= whole,
                }
            }
            // Still open when its time is over: `expire` will say that it is lost.
            State::Flying | State::Told | State::Lost | State::Free => Verdict::Late { token },
        }
    }

    fn error(
        &mut self,
        router: IpAddr,
        (kind, code): (u8, u8),
        to: IpAddr,
        echo: &Quoted,
        at: Instant,
    ) -> Verdict {
        let size = self.size;
        let Some(slot) = self.find(echo, to) else {
            return Verdict::Foreign;
        };
        let family = Family::of(to);
        let is_ours = match (echo.cookie, family) {
            (Some(cookie), _) => cookie == slot.cookie,
            (None, Family::V4) => {
                let ours = Echo {
                    ident: echo.ident,
                    sequence: slot.sequence,
                    cookie: slot.cookie,
                };
                echo.checksum == ours.checksum(size)
            }
            (None, Family::V6) => false,
        };
        if !is_ours {
            return Verdict::Foreign;
        }
        let token = slot.token;
        match slot.state {
            State::Flying if at <= slot.deadline => {
                slot.state = State::Told;
                Verdict::Error {
                    token,
                    objection: Objection {
                        router,
                        kind,
                        code,
                        why: refusal(family, kind, code),
                        is_whole: echo.cookie.is_some(),
                    },
                }
            }
            State::Told | State::Answered => Verdict::Duplicate { token },
            State::Flying | State::Lost | State::Free => Verdict::Late { token },
        }
    }
}
