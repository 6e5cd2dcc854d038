//! The same course with the ping library: a task an echo, and only what it tells.
//!
//! It forgets an echo at the first packet about it, so duplicates, late answers and their order are not seen, and a
//! datagram socket hears no router. The RTT is measured in this program and holds its own waiting.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use tokio::task::JoinSet;
use tokio::time::sleep_until;
use tokio_util::sync::CancellationToken;

use crate::clock;
use crate::model::reading::Answer;
use crate::model::target::{Method, Target, TargetId};
use crate::probe::flight::Objection;
use crate::probe::ping::Line;
use crate::probe::volley::{Course, Either, Log, Schedule, Ticket, place};
use crate::wire::echo::{Family, spoken};

/// Open questions at most; the library tells 16,383 apart.
const MOST: usize = 4_096;

/// Asks all targets until all is done or it is cancelled.
pub(super) async fn ask(
    lines: &Either<Arc<Line>>,
    targets: &[IpAddr],
    course: Course,
    cancel: CancellationToken,
    mut log: Log,
) -> Log {
    let mut schedule = Schedule::new(targets.len(), course, clock::now());
    let mut open: JoinSet<(Ticket, Answer)> = JoinSet::new();
    let mut number: u16 = 0;
    loop {
        while open.len() < MOST
            && let Some(ticket) = schedule.take(clock::now())
        {
            let to = targets[ticket.target as usize];
            match &lines[place(to)] {
                Ok(line) => {
                    let (line, target) = (Arc::clone(line), target(to, course));
                    let mine = number;
                    number = number.wrapping_add(1);
                    log.so_far.sent += 1;
                    open.spawn(async move { (ticket, line.ask(&target, mine).await) });
                }
                Err(why) => log.tallies[ticket.target as usize].not_sent(Arc::clone(why)),
            }
        }
        let next = schedule.next().filter(|_| open.len() < MOST);
        if open.is_empty() && next.is_none() {
            break;
        }
        let tell = log.tell(clock::now());
        let wake: Instant = next.map_or(tell, |next| next.min(tell));
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            Some(ended) = open.join_next() => {
                if let Ok((ticket, answer)) = ended {
                    note(ticket, answer, &mut log);
                }
            }
            () = sleep_until(wake.into()) => {}
        }
    }
    log.progress.send_replace(log.so_far);
    log
}

fn note(ticket: Ticket, answer: Answer, log: &mut Log) {
    let tally = &mut log.tallies[ticket.target as usize];
    match answer {
        Answer::Echo { rtt, ttl } => {
            log.so_far.received += 1;
            tally.answered(ticket.round, rtt, ttl);
        }
        Answer::Refused { by, why } => {
            let (kind, code) = spoken(Family::of(by), why);
            tally.objected(&Objection {
                router: by,
                kind,
                code,
                why: Some(why),
                is_whole: false,
            });
            tally.missed();
            log.so_far.lost += 1;
        }
        Answer::Silent | Answer::Device(_) | Answer::Partial(_) => {
            tally.missed();
            log.so_far.lost += 1;
        }
        Answer::Unsent { why } => {
            log.so_far.sent -= 1;
            tally.not_sent(why);
        }
    }
}

fn target(address: IpAddr, course: Course) -> Target {
    Target {
        id: TargetId {
            node: "".into(),
            method: Method::Ping,
        },
        address,
        interval: course.interval,
        timeout: course.timeout,
        retries: 0,
        credential: None,
    }
}
