//! Echoes under way: what is believed, what is not, and that every packet is counted once.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use spanwatch::model::reading::Refusal;
use spanwatch::probe::bucket::Bucket;
use spanwatch::probe::flight::{Flights, Key, Silence, Strays, Verdict};
use spanwatch::probe::tally::Tally;
use spanwatch::wire::echo::{Echo, Family, HEADER, Heard, Malformed, read};

const TIMEOUT: Duration = Duration::from_secs(1);
const SIZE: usize = 56;
const IDENT: u16 = 0x8123;

fn target(number: u32) -> IpAddr {
    Ipv4Addr::from(0x7f01_0001 + number).into()
}

fn router() -> IpAddr {
    Ipv4Addr::new(127, 9, 9, 9).into()
}

fn flights(start: Instant) -> Flights {
    Flights::new(Key::new([7; 32]), IDENT, SIZE, 1 << 16, start)
}

fn checksum(message: &[u8]) -> u16 {
    let mut sum: u32 = message
        .chunks(2)
        .map(|two| u32::from(two[0]) << 8 | two.get(1).map_or(0, |low| u32::from(*low)))
        .sum();
    while sum > 0xffff {
        sum = (sum & 0xffff) + (sum >> 16);
    }
    !(sum as u16)
}

fn seal(message: &mut [u8]) {
    message[2..4].fill(0);
    let sum = checksum(message);
    message[2..4].copy_from_slice(&sum.to_be_bytes());
}

fn header(from: IpAddr, to: IpAddr) -> Vec<u8> {
    let mut header = vec![0x45, 0, 0, 0, 0, 0, 0, 0, 61, 1, 0, 0];
    for address in [from, to] {
        match address {
            IpAddr::V4(address) => header.extend(address.octets()),
            IpAddr::V6(_) => panic!("an IPv4 header"),
        }
    }
    header
}

/// The reply to an echo, as a raw socket gives it.
fn reply(from: IpAddr, echo: &Echo) -> Vec<u8> {
    let mut message = Vec::new();
    echo.write(Family::V4, SIZE, &mut message);
    message[0] = 0;
    seal(&mut message);
    let mut packet = header(from, Ipv4Addr::LOCALHOST.into());
    packet.extend(message);
    packet
}

/// An error of a router, quoting so many bytes of the echo's ICMP.
fn error(kind: u8, code: u8, to: IpAddr, echo: &Echo, quoted: usize) -> Vec<u8> {
    let mut request = Vec::new();
    echo.write(Family::V4, SIZE, &mut request);
    request.truncate(quoted);
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend(header(Ipv4Addr::LOCALHOST.into(), to));
    message.extend(request);
    seal(&mut message);
    let mut packet = header(router(), Ipv4Addr::LOCALHOST.into());
    packet.extend(message);
    packet
}

fn v4(packet: &[u8]) -> Result<Heard, Malformed> {
    read(Family::V4, packet)
}

#[test]
fn reply_counts_once_and_only_with_everything_right() {
    let start = spanwatch::clock::now();
    let mut flights = flights(start);
    let (home, other) = (target(0), target(1));
    let echo = flights.launch(home, 42, start, TIMEOUT).expect("room");
    let at = start + Duration::from_millis(3);
    let wrong = [
        (other, reply(other, &echo)),
        (home, reply(home, &Echo { ident: 1, ..echo })),
        (
            home,
            reply(
                home,
                &Echo {
                    sequence: echo.sequence + 1,
                    ..echo
                },
            ),
        ),
        (
            home,
            reply(
                home,
                &Echo {
                    cookie: echo.cookie ^ 1,
                    ..echo
                },
            ),
        ),
    ];
    for (from, packet) in &wrong {
        assert_eq!(flights.hear(*from, v4(packet), at), Verdict::Foreign);
    }
    let packet = reply(home, &echo);
    let mut damaged = packet.clone();
    *damaged.last_mut().expect("data") ^= 0x10;
    assert_eq!(v4(&damaged), Err(Malformed::Damaged));
    assert_eq!(flights.hear(home, v4(&damaged), at), Verdict::Foreign);
    let short = {
        let mut short = packet[..20 + HEADER + 7].to_vec();
        seal(&mut short[20..]);
        short
    };
    assert_eq!(
        flights.hear(home, v4(&short), at),
        Verdict::Truncated { token: 42 }
    );
    let verdict = flights.hear(home, v4(&packet), at);
    let rtt = Duration::from_millis(3);
    assert_eq!(
        verdict,
        Verdict::Reply {
            token: 42,
            rtt,
            ttl: Some(61),
            is_whole: true
        }
    );
    assert_eq!(
        flights.hear(home, v4(&packet), at),
        Verdict::Duplicate { token: 42 }
    );
    let strays = Strays {
        foreign: 4,
        late: 0,
        duplicate: 1,
        truncated: 1,
        damaged: 1,
    };
    assert_eq!(flights.strays(), strays);
    assert_eq!(flights.open(), 0);
    assert_eq!(flights.expire(start + 2 * TIMEOUT), None);
}

#[test]
fn reply_that_lay_in_the_socket_is_no_loss_and_a_late_one_is() {
    let start = spanwatch::clock::now();
    let mut flights = flights(start);
    let [one, two] = [0, 1].map(|number| {
        flights
            .launch(target(number), u64::from(number), start, TIMEOUT)
            .expect("room")
    });
    assert_eq!(flights.deadline(), Some(start + TIMEOUT));
    // Both are looked at long after; the kernel's stamp says when they came.
    let in_time = flights.hear(target(0), v4(&reply(target(0), &one)), start + TIMEOUT);
    assert!(matches!(in_time, Verdict::Reply { token: 0, .. }));
    let after = start + TIMEOUT + Duration::from_nanos(1);
    let late = flights.hear(target(1), v4(&reply(target(1), &two)), after);
    assert_eq!(late, Verdict::Late { token: 1 });
    assert_eq!(
        flights.expire(after),
        Some(Silence {
            token: 1,
            was_told: false
        })
    );
    assert_eq!(flights.expire(after), None);
    assert_eq!(flights.deadline(), None);
    let later = flights.hear(target(1), v4(&reply(target(1), &two)), after + TIMEOUT);
    assert_eq!(later, Verdict::Late { token: 1 });
    assert_eq!(flights.strays().late, 2);
}

#[test]
fn error_is_evidence_with_its_router_and_no_verdict() {
    let start = spanwatch::clock::now();
    let mut flights = flights(start);
    let home = target(0);
    let echo = flights.launch(home, 5, start, TIMEOUT).expect("room");
    let verdict = flights.hear(router(), v4(&error(3, 1, home, &echo, 64)), start);
    let Verdict::Error {
        token: 5,
        objection,
    } = verdict
    else {
        panic!("{verdict:?}");
    };
    assert_eq!(
        (objection.router, objection.kind, objection.code),
        (router(), 3, 1)
    );
    assert_eq!(objection.why, Some(Refusal::Unreachable(1)));
    assert!(objection.is_whole);
    // A second one about the same echo adds nothing; an answer still counts.
    let again = flights.hear(router(), v4(&error(3, 1, home, &echo, 64)), start);
    assert_eq!(again, Verdict::Duplicate { token: 5 });
    let verdict = flights.hear(home, v4(&reply(home, &echo)), start);
    assert!(matches!(verdict, Verdict::Reply { token: 5, .. }));
    let echo = flights.launch(home, 6, start, TIMEOUT).expect("room");
    flights.hear(router(), v4(&error(11, 0, home, &echo, 64)), start);
    assert_eq!(
        flights.expire(start + TIMEOUT),
        Some(Silence {
            token: 6,
            was_told: true
        })
    );
}

#[test]
fn quote_without_the_cookie_is_believed_by_its_checksum_and_marked() {
    let start = spanwatch::clock::now();
    let mut flights = flights(start);
    let home = target(0);
    let echo = flights.launch(home, 5, start, TIMEOUT).expect("room");
    let forged = Echo {
        cookie: echo.cookie ^ 0x0100,
        ..echo
    };
    let verdict = flights.hear(router(), v4(&error(3, 1, home, &forged, HEADER)), start);
    assert_eq!(verdict, Verdict::Foreign);
    let elsewhere = flights.hear(router(), v4(&error(3, 1, target(1), &echo, HEADER)), start);
    assert_eq!(elsewhere, Verdict::Foreign);
    let verdict = flights.hear(router(), v4(&error(11, 0, home, &echo, HEADER)), start);
    let Verdict::Error { objection, .. } = verdict else {
        panic!("{verdict:?}");
    };
    assert!(!objection.is_whole);
    assert_eq!(objection.why, Some(Refusal::TimeExceeded));
}

#[test]
fn version_six_is_believed_by_the_cookie_alone() {
    let start = spanwatch::clock::now();
    let mut flights = flights(start);
    let home = IpAddr::from(Ipv6Addr::LOCALHOST);
    let far: IpAddr = "2001:db8::1".parse().expect("an address");
    let echo = flights.launch(home, 1, start, TIMEOUT).expect("room");
    let quote = |cut: usize| {
        let mut request = Vec::new();
        echo.write(Family::V6, SIZE, &mut request);
        let mut message = vec![1, 3, 0, 0, 0, 0, 0, 0, 0x60, 0, 0, 0, 0, 64, 58, 64];
        message.extend([Ipv6Addr::LOCALHOST.octets(), Ipv6Addr::LOCALHOST.octets()].concat());
        message.extend(&request[..cut]);
        message
    };
    let short = flights.hear(far, read(Family::V6, &quote(HEADER)), start);
    assert_eq!(short, Verdict::Foreign);
    let verdict = flights.hear(far, read(Family::V6, &quote(64)), start);
    let Verdict::Error {
        token: 1,
        objection,
    } = verdict
    else {
        panic!("{verdict:?}");
    };
    assert_eq!(
        (objection.router, objection.why),
        (far, Some(Refusal::Unreachable(1)))
    );
    let mut message = Vec::new();
    echo.write(Family::V6, SIZE, &mut message);
    message[0] = 129;
    let verdict = flights.hear(home, read(Family::V6, &message), start);
    assert!(matches!(
        verdict,
        Verdict::Reply {
            token: 1,
            ttl: None,
            is_whole: true,
            ..
        }
    ));
}

#[test]
fn table_stays_within_its_capacity_and_frees_what_was_not_sent() {
    let start = spanwatch::clock::now();
    let mut flights = Flights::new(Key::new([1; 32]), IDENT, SIZE, 64, start);
    let echoes: Vec<Echo> =
        std::iter::from_fn(|| flights.launch(target(0), 0, start, TIMEOUT)).collect();
    assert_eq!(echoes.len(), 48);
    flights.recall(&echoes[3]);
    flights.recall(&echoes[3]);
    assert_eq!(flights.open(), 47);
    assert!(flights.launch(target(0), 0, start, TIMEOUT).is_some());
    assert!(flights.launch(target(0), 0, start, TIMEOUT).is_none());
    let lost = std::iter::from_fn(|| flights.expire(start + TIMEOUT)).count();
    assert_eq!(lost, 48);
    // A hundred thousand that are answered at once leave nothing behind.
    for number in 0..100_000_u64 {
        let echo = flights
            .launch(target(7), number, start, TIMEOUT)
            .expect("room");
        let verdict = flights.hear(target(7), v4(&reply(target(7), &echo)), start);
        assert!(matches!(verdict, Verdict::Reply { token, .. } if token == number));
    }
    assert_eq!(flights.open(), 0);
}

#[test]
fn cookie_depends_on_key_target_sequence_and_time() {
    let start = spanwatch::clock::now();
    let cookie = |key: u8, number: u32, before: u32, after: Duration| {
        let mut flights = Flights::new(Key::new([key; 32]), IDENT, SIZE, 64, start);
        for _ in 0..before {
            flights.launch(target(9), 0, start, TIMEOUT);
        }
        let echo = flights.launch(target(number), 0, start + after, TIMEOUT);
        echo.expect("room").cookie
    };
    let base = cookie(1, 0, 0, Duration::ZERO);
    assert_eq!(base, cookie(1, 0, 0, Duration::ZERO));
    for other in [
        cookie(2, 0, 0, Duration::ZERO),
        cookie(1, 1, 0, Duration::ZERO),
        cookie(1, 0, 1, Duration::ZERO),
        cookie(1, 0, 0, Duration::from_nanos(1)),
    ] {
        assert_ne!(base, other);
    }
    assert!(!format!("{:?}", Key::new([65; 32])).contains("65"));
}

#[test]
fn tally_counts_order_jitter_and_the_newest_quantiles() {
    let mut tally = Tally::new(4);
    assert_eq!(tally.rtt(), None);
    let millis = Duration::from_millis;
    for (round, rtt) in [(0, 10), (2, 30), (1, 20), (3, 20)] {
        tally.answered(round, millis(rtt), Some(60));
    }
    tally.missed();
    assert_eq!(
        (
            tally.sent(),
            tally.received(),
            tally.lost(),
            tally.out_of_order
        ),
        (5, 4, 1, 1)
    );
    let rtt = tally.rtt().expect("answers");
    assert_eq!(
        (rtt.min, rtt.median, rtt.p95, rtt.max),
        (millis(10), millis(20), millis(30), millis(30))
    );
    // 20, 10 and 0 apart.
    assert_eq!(rtt.jitter, Some(millis(10)));
    for round in 4..8 {
        tally.answered(round, millis(50), None);
    }
    let rtt = tally.rtt().expect("answers");
    assert_eq!(
        (rtt.min, rtt.median, rtt.max),
        (millis(10), millis(50), millis(50))
    );
    assert_eq!(tally.ttl, Some(60));
}

#[test]
fn bucket_lets_a_burst_through_and_then_one_a_spacing() {
    let start = 7;
    let mut bucket = Bucket::new(Duration::from_millis(10), 3, start);
    let mut now = start;
    let mut left = Vec::new();
    for _ in 0..6 {
        now = now.max(bucket.open_at());
        bucket.take(now);
        left.push(Duration::from_nanos(now - start).as_millis());
    }
    assert_eq!(left, [0, 0, 0, 10, 20, 30]);
}

/// What happens to one echo.
#[derive(Clone, Debug)]
struct Fate {
    target: u32,
    replies: Vec<u64>,
    told_after: Option<u64>,
    forged: u8,
}

fn fate() -> impl Strategy<Value = Fate> {
    (
        0..5_u32,
        proptest::collection::vec(0..1_500_u64, 0..3),
        proptest::option::of(0..1_500_u64),
        0..3_u8,
    )
        .prop_map(|(target, replies, told_after, forged)| Fate {
            target,
            replies,
            told_after,
            forged,
        })
}

proptest! {
    #[test]
    fn every_echo_ends_once_and_every_packet_is_counted(
        fates in proptest::collection::vec(fate(), 1..40)
    ) {
        let start = spanwatch::clock::now();
        let mut flights = Flights::new(Key::new([3; 32]), IDENT, SIZE, 256, start);
        let mut packets = Vec::new();
        let mut sent = Vec::new();
        for (number, fate) in fates.iter().enumerate() {
            let at = start + Duration::from_millis(number as u64 * 7);
            let to = target(fate.target);
            let echo = flights.launch(to, number as u64, at, TIMEOUT).expect("room");
            sent.push(at);
            for after in &fate.replies {
                packets.push((at + Duration::from_millis(*after), to, reply(to, &echo)));
            }
            if let Some(after) = fate.told_after {
                packets.push((at + Duration::from_millis(after), router(), error(3, 0, to, &echo, 64)));
            }
            for guess in 0..fate.forged {
                let forged = Echo { cookie: echo.cookie.wrapping_add(1 + u64::from(guess)), ..echo };
                packets.push((at, to, reply(to, &forged)));
            }
        }
        packets.sort_by_key(|(at, ..)| *at);
        let (mut answered, mut lost, mut told) = (vec![0; fates.len()], vec![0; fates.len()], 0_u64);
        let count = packets.len() as u64;
        for (at, from, packet) in packets {
            match flights.hear(from, v4(&packet), at) {
                Verdict::Reply { token, rtt, .. } => {
                    answered[token as usize] += 1;
                    prop_assert_eq!(rtt, at - sent[token as usize]);
                    prop_assert!(rtt <= TIMEOUT);
                }
                Verdict::Error { .. } => told += 1,
                _ => {}
            }
            while let Some(silence) = flights.expire(at) {
                lost[silence.token as usize] += 1;
            }
        }
        while let Some(silence) = flights.expire(start + Duration::from_secs(9)) {
            lost[silence.token as usize] += 1;
        }
        for (number, fate) in fates.iter().enumerate() {
            let in_time = fate.replies.iter().any(|after| Duration::from_millis(*after) <= TIMEOUT);
            // One whose deadline a later packet's moment passed first is lost, though its own came at that moment.
            prop_assert_eq!(answered[number] + lost[number], 1);
            prop_assert_eq!(answered[number], u32::from(in_time));
        }
        let strays = flights.strays();
        let forged: u64 = fates.iter().map(|fate| u64::from(fate.forged)).sum();
        prop_assert_eq!(strays.foreign, forged);
        let heard = answered.iter().map(|one| u64::from(*one)).sum::<u64>();
        prop_assert_eq!(heard + told + strays.foreign + strays.late + strays.duplicate, count);
        prop_assert_eq!(flights.open(), 0);
    }

    #[test]
    fn any_bytes_at_all_are_read_without_a_panic_and_never_believed(
        bytes in proptest::collection::vec(any::<u8>(), 0..120),
        first in prop_oneof![Just(0x45_u8), Just(0x4f), any::<u8>()],
    ) {
        let start = spanwatch::clock::now();
        let mut flights = flights(start);
        flights.launch(target(0), 0, start, TIMEOUT);
        let mut packet = bytes;
        if let Some(place) = packet.first_mut() {
            *place = first;
        }
        for family in [Family::V4, Family::V6] {
            let verdict = flights.hear(target(0), read(family, &packet), start);
            prop_assert_eq!(verdict, Verdict::Foreign);
        }
    }

    #[test]
    fn changed_packet_is_believed_only_where_nothing_that_counts_was_changed(
        at in 0..84_usize, bit in 0..8_u8, is_error in any::<bool>(),
    ) {
        let start = spanwatch::clock::now();
        let mut flights = flights(start);
        let home = target(0);
        let echo = flights.launch(home, 0, start, TIMEOUT).expect("room");
        let mut packet = if is_error { error(3, 1, home, &echo, 64) } else { reply(home, &echo) };
        packet[at] ^= 1 << bit;
        let from = if is_error { router() } else { home };
        let verdict = flights.hear(from, v4(&packet), start);
        if matches!(verdict, Verdict::Reply { .. } | Verdict::Error { .. }) {
            // The outer IP header is the kernel's to check; everything behind it is under the checksum.
            prop_assert!(at < 20, "a bit of byte {at} was changed: {verdict:?}");
        }
    }
}
