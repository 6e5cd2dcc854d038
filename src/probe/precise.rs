//! The precise engine: one echo, one answer, over a raw socket of our own with the kernel's stamps.
//!
//! It is asked in the same way as the engine of the ping library (`probe/ping`), and the roster knows neither. Both
//! ends of it run in the probe's one thread: questions come through a channel to the one owner of socket and
//! table, and each carries the way back for its answer. So nothing is shared and nothing is locked.
//!
//! Whatever is in the socket is heard before any time-out is believed: a thread that slept too long must not call
//! an echo lost whose reply lay there in time. The kernel's stamp decides which it was.

use std::collections::BTreeMap;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::{mpsc, oneshot};
use tokio::time::sleep_until;

use crate::clock;
use crate::model::reading::Answer;
use crate::model::target::Target;
use crate::probe::flight::{Flights, Key, Verdict};
use crate::probe::ping::{Form, cannot_send, ident};
use crate::probe::raw::Raw;
use crate::wire::echo::{Family, read};

/// Twice what the roster lets be unanswered: the table takes three quarters.
const CAPACITY: usize = 32_768;

/// Questions that wait for their echo to be sent: one burst of the roster and some more.
const QUESTIONS: usize = 256;

/// One question to the owner.
struct Question {
    to: std::net::IpAddr,
    timeout: Duration,
    answer: oneshot::Sender<Answer>,
}

/// The asking end of an engine.
pub(crate) struct Precise {
    questions: mpsc::Sender<Question>,
    /// Bytes that the kernel set aside; `None` where it did not let us look.
    pub(crate) receive_buffer: Option<usize>,
}

/// The owner of socket and table; `run` must go on while anybody asks.
pub(crate) struct Owner {
    /// Another handle to the same socket, by which the runtime says that something came in. It is no UDP socket, and
    /// nothing is read from it; to the kernel both are datagram sockets.
    bell: UdpSocket,
    questions: mpsc::Receiver<Question>,
    desk: Desk,
}

/// What is under way.
struct Desk {
    raw: Raw,
    flights: Flights,
    waiting: BTreeMap<u64, oneshot::Sender<Answer>>,
    token: u64,
    packet: Vec<u8>,
}

/// Opens the engine of a family; needs `CAP_NET_RAW` and a running tokio runtime.
pub(crate) fn open(family: Family, key: Key) -> io::Result<(Precise, Owner)> {
    let form = Form::default();
    let ident = ident();
    let raw = Raw::open(family, &form, ident)?;
    let receive_buffer = raw.receive_buffer;
    let (questions, asked) = mpsc::channel(QUESTIONS);
    let owner = Owner {
        bell: UdpSocket::from_std(raw.copy()?.into())?,
        questions: asked,
        desk: Desk {
            raw,
            flights: Flights::new(key, ident, form.size, CAPACITY, clock::now()),
            waiting: BTreeMap::new(),
            token: 0,
            packet: Vec::new(),
        },
    };
    Ok((
        Precise {
            questions,
            receive_buffer,
        },
        owner,
    ))
}

impl Precise {
    /// Asks one target once.
    pub(crate) async fn ask(&self, target: &Target) -> Answer {
        let (answer, answered) = oneshot::channel();
        let question = Question {
            to: target.address,
            timeout: target.timeout,
            answer,
        };
        let gone = || Answer::Unsent {
            why: Arc::from("The engine that sends echoes has ended."),
        };
        if self.questions.send(question).await.is_err() {
            return gone();
        }
        answered.await.unwrap_or_else(|_| gone())
    }
}

impl Owner {
    /// Sends and hears until nobody can ask any more, or the socket fails for good.
    pub(crate) async fn run(self) {
        let Self {
            bell,
            mut questions,
            mut desk,
        } = self;
        loop {
            let deadline = desk.flights.deadline();
            let late = async {
                match deadline {
                    Some(at) => sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            let drained = tokio::select! {
                biased;
                ready = bell.readable() => ready.and_then(|()| {
                    let mut drained = Ok(());
                    // Saying that nothing is left is what makes the bell ring again.
                    let _ = bell.try_io(Interest::READABLE, || {
                        drained = desk.drain();
                        Err::<(), _>(io::ErrorKind::WouldBlock.into())
                    });
                    drained
                }),
                question = questions.recv() => {
                    let Some(question) = question else { return };
                    desk.send(question);
                    Ok(())
                }
                // What the socket holds came first.
                () = late => desk.drain(),
            };
            if drained.is_err() {
                return;
            }
            desk.expire();
        }
    }
}

impl Desk {
    fn send(&mut self, question: Question) {
        let token = self.token;
        self.token += 1;
        let launched = self
            .flights
            .launch(question.to, token, clock::now(), question.timeout);
        let Some(echo) = launched else {
            let why = "Too many echoes are under way.".into();
            let _ = question.answer.send(Answer::Unsent { why });
            return;
        };
        echo.write(self.raw.family, Form::default().size, &mut self.packet);
        match self.raw.send(&self.packet, question.to) {
            Ok(()) => {
                self.waiting.insert(token, question.answer);
            }
            Err(error) => {
                self.flights.recall(&echo);
                let _ = question.answer.send(cannot_send(question.to, &error));
            }
        }
    }

    /// Hears everything that is there.
    fn drain(&mut self) -> io::Result<()> {
        let mut answers = Vec::new();
        let (flights, family) = (&mut self.flights, self.raw.family);
        while self.raw.receive(|from, packet, at| {
            match flights.hear(from, read(family, packet), at) {
                Verdict::Reply {
                    token, rtt, ttl, ..
                } => answers.push((token, Answer::Echo { rtt, ttl })),
                Verdict::Error { token, objection } => {
                    if let Some(why) = objection.why {
                        let by = objection.router;
                        answers.push((token, Answer::Refused { by, why }));
                    }
                }
                Verdict::Duplicate { .. }
                | Verdict::Late { .. }
                | Verdict::Truncated { .. }
                | Verdict::Foreign => {}
            }
        })? {}
        for (token, answer) in answers {
            self.tell(token, answer);
        }
        Ok(())
    }

    fn expire(&mut self) {
        let now = clock::now();
        while let Some(silence) = self.flights.expire(now) {
            self.tell(silence.token, Answer::Silent);
        }
    }

    fn tell(&mut self, token: u64, answer: Answer) {
        // One that had an error had its answer, and one whose asker went away needs none.
        if let Some(asker) = self.waiting.remove(&token) {
            let _ = asker.send(answer);
        }
    }
}
