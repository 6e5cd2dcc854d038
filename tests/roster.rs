//! The order of questions, in virtual time: nobody starves, nobody is hurried, an inquiry goes first.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use proptest::prelude::*;
use spanwatch::model::reading::Ask;
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::roster::{Pace, Purpose, Roster};

fn target(name: &str, method: Method, interval: Duration) -> Target {
    Target {
        id: TargetId {
            node: name.into(),
            method,
        },
        address: [127, 0, 0, 1].into(),
        interval,
        timeout: Duration::from_millis(400),
        retries: 0,
        credential: None,
    }
}

fn pings(count: usize, interval: Duration) -> Vec<Target> {
    (0..count)
        .map(|number| target(&format!("n{number:05}"), Method::Ping, interval))
        .collect()
}

/// A driver without sockets: every question is answered after `latency`.
struct World<F> {
    roster: Roster,
    now: Instant,
    open: BTreeSet<(Instant, TargetId, Purpose)>,
    asked: Vec<(Instant, TargetId, Purpose)>,
    latency: F,
}

impl<F: Fn(&TargetId) -> Duration> World<F> {
    fn new(roster: Roster, now: Instant, latency: F) -> Self {
        Self {
            roster,
            now,
            open: BTreeSet::new(),
            asked: Vec::new(),
            latency,
        }
    }

    /// Runs until `end`, or until nothing will ever be due.
    fn run(&mut self, end: Instant) {
        loop {
            while let Some(first) = self.open.first().filter(|open| open.0 <= self.now).cloned() {
                self.open.remove(&first);
                self.roster.done(&first.1, first.2);
            }
            for (target, purpose) in self.roster.due(self.now) {
                // Microseconds keep apart what is asked of one target at one moment.
                let until = self.now + (self.latency)(&target.id);
                assert!(
                    self.open.insert((until, target.id.clone(), purpose)),
                    "{:?} asked twice at once",
                    target.id
                );
                self.asked.push((self.now, target.id, purpose));
            }
            let answer = self.open.first().map(|open| open.0);
            let Some(next) = self.roster.next().into_iter().chain(answer).min() else {
                return;
            };
            if next > end {
                self.now = end;
                return;
            }
            self.now = next.max(self.now);
        }
    }

    fn rounds(&self) -> BTreeMap<TargetId, Vec<Instant>> {
        let mut rounds: BTreeMap<TargetId, Vec<Instant>> = BTreeMap::new();
        for (at, target, purpose) in &self.asked {
            if *purpose == Purpose::Round {
                rounds.entry(target.clone()).or_default().push(*at);
            }
        }
        rounds
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn nobody_starves_and_nobody_is_hurried(
        seconds in proptest::collection::vec((1..20_u64, 0..3_u8), 1..80),
        seed in any::<u64>(),
    ) {
        let methods = [Method::Ping, Method::Snmp, Method::Tcp(443)];
        let targets: Vec<Target> = seconds
            .iter()
            .enumerate()
            .map(|(number, (seconds, method))| {
                target(&format!("n{number}"), methods[usize::from(*method)], Duration::from_secs(*seconds))
            })
            .collect();
        let start = spanwatch::clock::now();
        let roster = Roster::new(targets.clone(), start, seed, Pace::Watch);
        let mut world = World::new(roster, start, |_| Duration::from_millis(400));
        let end = start + Duration::from_mins(2);
        world.run(end);
        let rounds = world.rounds();
        let slack = Duration::from_millis(200);
        for target in &targets {
            let times = &rounds[&target.id];
            prop_assert!(times[0] <= start + Duration::from_secs(2) + slack, "late first round");
            let last = *times.last().expect("one");
            prop_assert!(end - last <= target.interval * 3 / 2 + slack, "starved at the end");
            for (number, two) in times.windows(2).enumerate() {
                let gap = two[1] - two[0];
                prop_assert!(gap <= target.interval * 3 / 2 + slack, "{gap:?} is too long");
                prop_assert!(gap + slack >= target.interval / 2, "{gap:?} is hasty");
                if number > 0 {
                    prop_assert!(gap + slack >= target.interval && gap <= target.interval + slack,
                        "{gap:?} is not {:?}", target.interval);
                }
            }
            // No drift: the rounds after the first stand on one grid.
            if times.len() > 2 {
                let count = u32::try_from(times.len() - 2).expect("few");
                let whole = target.interval * count;
                let span = last - times[1];
                prop_assert!(span + slack >= whole && span <= whole + slack, "drifts");
            }
        }
    }

    #[test]
    fn same_seed_same_order(count in 1..200_usize, seed in any::<u64>()) {
        let start = spanwatch::clock::now();
        let order = |seed| {
            let roster = Roster::new(pings(count, Duration::from_secs(10)), start, seed, Pace::Watch);
            let mut world = World::new(roster, start, |_| Duration::from_millis(1));
            world.run(start + Duration::from_secs(25));
            world.asked
        };
        prop_assert_eq!(order(seed), order(seed));
        prop_assert_ne!(order(seed), order(seed.wrapping_add(1)));
    }
}

#[test]
fn rounds_are_spread_and_no_herd_runs() {
    let start = spanwatch::clock::now();
    let interval = Duration::from_secs(10);
    let roster = Roster::new(pings(1_000, interval), start, 7, Pace::Watch);
    let mut world = World::new(roster, start, |_| Duration::from_millis(1));
    world.run(start + Duration::from_mins(1));
    let mut per_second: BTreeMap<u64, usize> = BTreeMap::new();
    for (at, ..) in &world.asked {
        *per_second.entry((*at - start).as_secs()).or_default() += 1;
    }
    for (second, count) in per_second {
        // 500 a second in the first two, afterwards 100; a third more by chance is 3.3 deviations.
        let most = if second < 2 { 650 } else { 140 };
        assert!(count <= most, "{count} in second {second}");
        if (11..59).contains(&second) {
            assert!(count >= 60, "{count} in second {second}");
        }
    }
}

#[test]
fn sweep_asks_everybody_once_and_is_paced() {
    let start = spanwatch::clock::now();
    let roster = Roster::new(
        pings(50_000, Duration::from_secs(10)),
        start,
        1,
        Pace::Sweep,
    );
    let mut world = World::new(roster, start, |_| Duration::from_millis(300));
    world.run(start + Duration::from_mins(10));
    assert_eq!(world.asked.len(), 50_000);
    assert_eq!(world.rounds().len(), 50_000);
    assert_eq!(world.roster.next(), None);
    let times: Vec<Instant> = world.asked.iter().map(|asked| asked.0).collect();
    let took = *times.last().expect("many") - start;
    assert!(took < Duration::from_millis(2_600), "{took:?}");
    // In any 10 ms no more than the pace and one burst.
    for window in times.windows(200 + 64 + 1) {
        assert!(window[window.len() - 1] - window[0] >= Duration::from_millis(10));
    }
}

#[test]
fn inquiry_goes_before_every_round() {
    let start = spanwatch::clock::now();
    let targets = pings(1_000, Duration::from_secs(10));
    let mut roster = Roster::new(targets.clone(), start, 1, Pace::Sweep);
    let suspects: BTreeSet<TargetId> = targets[500..520].iter().map(|t| t.id.clone()).collect();
    for suspect in &suspects {
        let ask = Ask {
            target: suspect.clone(),
            times: 1,
            spacing: Duration::from_millis(400),
        };
        assert!(roster.ask(&ask, start));
    }
    let due = roster.due(start);
    assert_eq!(due.len(), 64, "one burst");
    let first: BTreeSet<TargetId> = due[..20].iter().map(|(t, _)| t.id.clone()).collect();
    assert_eq!(first, suspects);
    assert!(
        due[..20]
            .iter()
            .all(|(_, purpose)| *purpose == Purpose::Ask)
    );
    assert!(
        due[20..]
            .iter()
            .all(|(_, purpose)| *purpose == Purpose::Round)
    );
}

#[test]
fn silent_devices_leave_room_for_an_inquiry_and_for_other_methods() {
    let start = spanwatch::clock::now();
    let mut targets: Vec<Target> = (0..5_000)
        .map(|number| {
            target(
                &format!("n{number:05}"),
                Method::Snmp,
                Duration::from_mins(1),
            )
        })
        .collect();
    targets.extend(pings(100, Duration::from_secs(10)));
    let roster = Roster::new(targets.clone(), start, 1, Pace::Watch);
    // No poll is ever answered; every ping is.
    let mut world = World::new(roster, start, |id| match id.method {
        Method::Snmp => Duration::from_hours(10),
        _ => Duration::from_millis(1),
    });
    world.run(start + Duration::from_mins(2));
    let rounds = world.rounds();
    let polls = rounds.keys().filter(|id| id.method == Method::Snmp).count();
    assert!(polls < 5_000, "the lane is full");
    for (id, times) in rounds.iter().filter(|(id, _)| id.method == Method::Ping) {
        assert!(times.len() >= 12, "{id:?} was asked {} times", times.len());
    }
    // The lane's last quarter is kept for whoever is suspected.
    let never = targets
        .iter()
        .find(|t| t.id.method == Method::Snmp && !rounds.contains_key(&t.id))
        .expect("one that found no room");
    let ask = Ask {
        target: never.id.clone(),
        times: 1,
        spacing: Duration::from_millis(400),
    };
    assert!(world.roster.ask(&ask, world.now));
    let due = world.roster.due(world.now);
    assert!(due.contains(&(never.clone(), Purpose::Ask)));
}

#[test]
fn asks_to_one_target_merge_and_keep_their_spacing() {
    let start = spanwatch::clock::now();
    let targets = pings(1, Duration::from_secs(10));
    let id = targets[0].id.clone();
    let roster = Roster::new(targets, start, 1, Pace::Sweep);
    let mut world = World::new(roster, start, |_| Duration::from_secs(1));
    let spacing = Duration::from_millis(400);
    for times in [8, 1, 8, 3] {
        let ask = Ask {
            target: id.clone(),
            times,
            spacing,
        };
        assert!(world.roster.ask(&ask, start));
    }
    world.run(start + Duration::from_mins(1));
    let asks: Vec<Instant> = world
        .asked
        .iter()
        .filter(|(_, _, purpose)| *purpose == Purpose::Ask)
        .map(|asked| asked.0)
        .collect();
    assert_eq!(asks.len(), 8);
    assert!(asks.windows(2).all(|two| two[1] - two[0] >= spacing));
    assert!(asks[7] - asks[0] < Duration::from_secs(3), "they overlap");
    let unknown = Ask {
        target: TargetId {
            node: "nobody".into(),
            method: Method::Ping,
        },
        times: 8,
        spacing,
    };
    assert!(!world.roster.ask(&unknown, world.now));
}

#[test]
fn one_device_is_never_polled_twice_at_once() {
    let start = spanwatch::clock::now();
    let device = target("core", Method::Snmp, Duration::from_secs(5));
    let mut roster = Roster::new(vec![device.clone()], start, 1, Pace::Watch);
    let ask = Ask {
        target: device.id.clone(),
        times: 2,
        spacing: Duration::from_millis(1),
    };
    let mut now = start + Duration::from_secs(2);
    assert_eq!(roster.due(now), [(device.clone(), Purpose::Round)]);
    // It hangs: neither its next rounds nor an inquiry may come on top of it.
    assert!(roster.ask(&ask, now));
    for _ in 0..30 {
        now += Duration::from_secs(1);
        assert_eq!(roster.due(now), []);
    }
    roster.done(&device.id, Purpose::Round);
    assert_eq!(roster.due(now), [(device.clone(), Purpose::Ask)]);
    roster.done(&device.id, Purpose::Ask);
    now += Duration::from_millis(1);
    assert_eq!(roster.due(now), [(device.clone(), Purpose::Ask)]);
    roster.done(&device.id, Purpose::Ask);
    assert!(
        roster
            .next()
            .is_some_and(|next| next <= now + Duration::from_millis(7_500))
    );
}

#[test]
fn edited_topology_keeps_the_place_of_what_stayed() {
    let start = spanwatch::clock::now();
    let interval = Duration::from_secs(10);
    let before = pings(100, interval);
    let roster = Roster::new(before.clone(), start, 3, Pace::Watch);
    let mut world = World::new(roster, start, |_| Duration::from_millis(1));
    world.run(start + Duration::from_secs(15));
    let untouched = {
        let mut other = World::new(world.roster.clone(), world.now, |_| {
            Duration::from_millis(1)
        });
        other.run(start + Duration::from_secs(40));
        other.rounds()
    };
    let mut after: Vec<Target> = before[50..].to_vec();
    after.extend((0..10).map(|number| target(&format!("new{number}"), Method::Ping, interval)));
    let edited = world.now;
    world.roster.replace(after, edited);
    world.asked.clear();
    world.run(start + Duration::from_secs(40));
    let rounds = world.rounds();
    for (number, old) in before.iter().enumerate() {
        if number < 50 {
            assert!(!rounds.contains_key(&old.id), "{:?} is gone", old.id);
        } else {
            let (was, is) = (&untouched[&old.id], &rounds[&old.id]);
            assert_eq!(was.len(), is.len());
            // Pacing may move a send by microseconds, never a seat.
            let near = was.iter().zip(is).all(|(one, other)| {
                one.max(other).duration_since(*one.min(other)) < Duration::from_millis(10)
            });
            assert!(near, "{:?} moved", old.id);
        }
    }
    for number in 0..10 {
        let id = TargetId {
            node: format!("new{number}").as_str().into(),
            method: Method::Ping,
        };
        assert!(rounds[&id][0] <= edited + Duration::from_secs(3));
    }
}

#[test]
fn answer_of_a_target_that_is_gone_frees_its_place() {
    let start = spanwatch::clock::now();
    let all: Vec<Target> = (0..3_000)
        .map(|number| {
            target(
                &format!("n{number:05}"),
                Method::Snmp,
                Duration::from_mins(1),
            )
        })
        .collect();
    let mut roster = Roster::new(all, start, 1, Pace::Sweep);
    let mut now = start;
    let mut taken = Vec::new();
    while let Some(next) = roster.next() {
        now = next.max(now);
        taken.extend(roster.due(now));
    }
    assert_eq!(taken.len(), 1_536, "three quarters of the lane");
    let fresh = target("fresh", Method::Snmp, Duration::from_mins(1));
    roster.replace(vec![fresh.clone()], now);
    assert_eq!(roster.next(), None, "no room yet");
    for (target, purpose) in taken {
        roster.done(&target.id, purpose);
        // A second answer to one question frees nothing.
        roster.done(&target.id, purpose);
    }
    let next = roster.next().expect("room");
    assert_eq!(roster.due(next.max(now)), [(fresh, Purpose::Round)]);
}
