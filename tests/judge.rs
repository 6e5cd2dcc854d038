//! The judge: its whole transition table, and the statistics of its window.

#![expect(clippy::print_stdout, reason = "a simulation says its figures")]

use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use spanwatch::clock;
use spanwatch::judge::inquiry::Matter;
use spanwatch::judge::rules::Rules;
use spanwatch::judge::shift::Shift;
use spanwatch::judge::window::Window;
use spanwatch::judge::{Judge, Phase};
use spanwatch::model::NodeId;
use spanwatch::model::device::Device;
use spanwatch::model::ratio::interval;
use spanwatch::model::reading::{Answer, Ask, Reading, Refusal};
use spanwatch::model::target::{Method, Target, TargetId};

const ROUND: Duration = Duration::from_secs(10);

fn rules() -> Rules {
    Rules::default()
}

fn target(node: &str, method: Method) -> Target {
    Target {
        id: id(node, method),
        address: IpAddr::V4(Ipv4Addr::LOCALHOST),
        interval: ROUND,
        timeout: Duration::from_secs(1),
        retries: 0,
        credential: None,
    }
}

fn id(node: &str, method: Method) -> TargetId {
    TargetId {
        node: node.into(),
        method,
    }
}

fn echo() -> Answer {
    Answer::Echo {
        rtt: Duration::from_millis(3),
        ttl: Some(60),
    }
}

fn unsent() -> Answer {
    Answer::Unsent {
        why: Arc::from("no route"),
    }
}

fn refused() -> Answer {
    Answer::Refused {
        by: IpAddr::V4(Ipv4Addr::LOCALHOST),
        why: Refusal::Unreachable(1),
    }
}

/// A judge of some nodes, and the time that only the test moves.
struct Court {
    judge: Judge,
    now: Instant,
}

impl Court {
    fn of(targets: &[Target]) -> Self {
        Self {
            judge: Judge::new(targets, Rules::default()),
            now: clock::now(),
        }
    }

    /// Hears an answer to a question that left a moment ago.
    fn hear(&mut self, node: &str, method: Method, answer: Answer) -> Vec<Ask> {
        let asked = self.now;
        self.now += Duration::from_millis(100);
        self.hear_of(node, method, answer, asked)
    }

    fn hear_of(&mut self, node: &str, method: Method, answer: Answer, asked: Instant) -> Vec<Ask> {
        self.hear_so(node, method, answer, asked, true)
    }

    fn hear_so(
        &mut self,
        node: &str,
        method: Method,
        answer: Answer,
        asked: Instant,
        in_round: bool,
    ) -> Vec<Ask> {
        let reading = Reading {
            target: id(node, method),
            asked,
            in_round,
            at: self.now,
            answer,
        };
        self.judge.apply(&reading, self.now)
    }

    fn counted(&self, node: &str) -> (u32, u32) {
        let pulse = self.judge.pulse(&node.into()).expect("a node of the test");
        pulse.window.sent_and_lost()
    }

    fn phase(&self, node: &str) -> Phase {
        self.judge
            .pulse(&node.into())
            .expect("a node of the test")
            .phase
    }

    /// Makes a node silent through a round and an inquiry.
    fn silence(&mut self, node: &str) {
        for _ in 0..=rules().asks {
            self.hear(node, Method::Ping, Answer::Silent);
        }
    }
}

fn pinged() -> Court {
    Court::of(&[target("a", Method::Ping), target("b", Method::Ping)])
}

fn both() -> Court {
    Court::of(&[target("a", Method::Ping), target("a", Method::Snmp)])
}

#[test]
fn loss_is_that_of_rounds_and_of_none_that_left_in_an_outage() {
    let mut court = pinged();
    court.hear("a", Method::Ping, echo());
    assert_eq!(court.counted("a"), (1, 0));
    // What an inquiry or somebody else asks in between is no sample: the unlucky are asked more often.
    for answer in [echo(), echo(), Answer::Silent] {
        let asked = court.now;
        court.hear_so("a", Method::Ping, answer, asked, false);
    }
    assert_eq!(court.counted("a"), (1, 0));
    // A round leaves during the outage, a later question is answered, and only then the round is found lost.
    let mut court = pinged();
    court.hear("a", Method::Ping, echo());
    court.silence("a");
    assert_eq!(court.phase("a"), Phase::Silent);
    let in_the_outage = court.now;
    court.now += Duration::from_millis(400);
    court.hear("a", Method::Ping, echo());
    let after = court.counted("a");
    court.hear_of("a", Method::Ping, Answer::Silent, in_the_outage);
    assert_eq!(court.counted("a"), after);
    assert_eq!(after.1, 0);
    // The next one counts.
    court.hear("a", Method::Ping, Answer::Silent);
    assert_eq!(court.counted("a"), (after.0 + 1, 1));
}

#[test]
fn the_transition_table_holds() {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum State {
        Unheard,
        Answering,
        Suspect,
        Silent,
    }
    let enter = |state| {
        let mut court = pinged();
        match state {
            State::Unheard => {}
            State::Answering => drop(court.hear("a", Method::Ping, echo())),
            State::Suspect => {
                court.hear("a", Method::Ping, echo());
                court.hear("a", Method::Ping, Answer::Silent);
            }
            State::Silent => {
                court.hear("a", Method::Ping, echo());
                court.silence("a");
            }
        }
        court
    };
    let name = |phase| match phase {
        Phase::Unheard => State::Unheard,
        Phase::Answering => State::Answering,
        Phase::Suspect(_) => State::Suspect,
        Phase::Silent => State::Silent,
    };
    let table = [
        (State::Unheard, echo(), State::Answering),
        (State::Unheard, Answer::Silent, State::Suspect),
        (State::Unheard, refused(), State::Suspect),
        (State::Unheard, unsent(), State::Unheard),
        (State::Answering, echo(), State::Answering),
        (State::Answering, Answer::Silent, State::Suspect),
        (State::Answering, refused(), State::Suspect),
        (State::Answering, unsent(), State::Answering),
        (State::Suspect, echo(), State::Answering),
        (State::Suspect, Answer::Silent, State::Suspect),
        (State::Suspect, refused(), State::Suspect),
        (State::Suspect, unsent(), State::Suspect),
        (State::Silent, echo(), State::Answering),
        (State::Silent, Answer::Silent, State::Silent),
        (State::Silent, refused(), State::Silent),
        (State::Silent, unsent(), State::Silent),
    ];
    for (from, answer, to) in table {
        let mut court = enter(from);
        assert_eq!(name(court.phase("a")), from);
        court.hear("a", Method::Ping, answer.clone());
        assert_eq!(name(court.phase("a")), to, "{from:?} hears {answer:?}");
    }
}

#[test]
fn a_first_silence_is_asked_again_eight_times() {
    let mut court = both();
    court.hear("a", Method::Ping, echo());
    let asks = court.hear("a", Method::Ping, Answer::Silent);
    let ping = Ask {
        target: id("a", Method::Ping),
        times: rules().asks,
        spacing: rules().spacing,
    };
    let poll = Ask {
        target: id("a", Method::Snmp),
        times: 1,
        spacing: rules().spacing,
    };
    assert_eq!(asks, [ping, poll]);
    assert!(
        !court
            .judge
            .pulse(&"a".into())
            .expect("it is asked")
            .is_silent()
    );
}

#[test]
fn behind_a_lossy_link_a_node_is_asked_until_its_silence_is_no_chance() {
    let asked = |lost: f64| {
        let mut court = pinged();
        court.judge.expect_loss([("a".into(), lost)].into());
        let asks = court.hear("a", Method::Ping, Answer::Silent);
        // Nobody else is asked otherwise for it.
        let others = court.hear("b", Method::Ping, Answer::Silent);
        assert_eq!(others[0].times, rules().asks);
        asks[0].times
    };
    // A tenth nine times in a row is 10^-9; 0.2^12, 0.25^14 and 0.36^19 are the first under 10^-8.
    assert_eq!(asked(0.0), rules().asks);
    assert_eq!(asked(0.1), rules().asks);
    assert_eq!(asked(0.2), 11);
    assert_eq!(asked(0.25), 13);
    assert_eq!(asked(0.36), 18);
    // Whatever is lost, it ends.
    assert_eq!(asked(0.9), 24);
    assert_eq!(asked(1.0), 24);
}

#[test]
fn one_answer_in_an_inquiry_clears_a_suspect() {
    let mut court = pinged();
    court.hear("a", Method::Ping, echo());
    for _ in 0..rules().asks {
        court.hear("a", Method::Ping, Answer::Silent);
    }
    court.hear("a", Method::Ping, echo());
    assert_eq!(court.phase("a"), Phase::Answering);
    court.now += Duration::from_secs(20);
    assert_eq!(court.judge.close(court.now, false), None);
}

#[test]
fn an_answer_from_before_the_silence_clears_nobody() {
    let mut court = pinged();
    let before = court.now;
    court.now += ROUND;
    court.hear("a", Method::Ping, Answer::Silent);
    court.hear_of("a", Method::Ping, echo(), before);
    assert!(matches!(court.phase("a"), Phase::Suspect(_)));
}

#[test]
fn a_late_silence_accuses_nobody_who_answered_since() {
    let mut court = pinged();
    let before = court.now;
    court.now += ROUND;
    court.hear("a", Method::Ping, echo());
    court.hear_of("a", Method::Ping, Answer::Silent, before);
    assert_eq!(court.phase("a"), Phase::Answering);
}

#[test]
fn a_serious_suspect_makes_the_judge_ask_everybody_once() {
    let mut court = pinged();
    court.hear("a", Method::Ping, echo());
    court.hear("b", Method::Ping, echo());
    court.hear("a", Method::Ping, Answer::Silent);
    assert_eq!(court.hear("a", Method::Ping, Answer::Silent), []);
    let asks = court.hear("a", Method::Ping, Answer::Silent);
    assert_eq!(
        asks,
        [Ask {
            target: id("b", Method::Ping),
            times: 1,
            spacing: rules().spacing
        }]
    );
    court.hear("a", Method::Ping, echo());
    // Somebody else's silence a moment later does not ask everybody again.
    for _ in 0..3 {
        assert!(
            court
                .hear("b", Method::Ping, Answer::Silent)
                .iter()
                .all(|ask| ask.target.node == NodeId::from("b"))
        );
    }
}

#[test]
fn what_could_not_be_sent_is_never_silence() {
    let mut court = pinged();
    court.hear("a", Method::Ping, Answer::Silent);
    for _ in 0..rules().asks {
        court.hear("a", Method::Ping, unsent());
    }
    assert_eq!(court.phase("a"), Phase::Unheard);
    assert_eq!(court.judge.deadline(), None);
}

#[test]
fn a_node_that_answers_snmp_is_not_down_because_ping_is_refused() {
    let mut court = both();
    court.hear("a", Method::Ping, echo());
    court.hear("a", Method::Ping, Answer::Silent);
    court.hear(
        "a",
        Method::Snmp,
        Answer::Device(Arc::new(Device::default())),
    );
    for _ in 0..rules().asks {
        court.hear("a", Method::Ping, Answer::Silent);
    }
    assert_eq!(court.phase("a"), Phase::Answering);
    assert!(
        court
            .judge
            .pulse(&"a".into())
            .expect("it is asked")
            .ping_refused
    );
    // The next silent ping is no news; a silent poll is.
    assert_eq!(court.hear("a", Method::Ping, Answer::Silent), []);
    assert_eq!(court.hear("a", Method::Snmp, Answer::Silent).len(), 2);
    for _ in 0..rules().asks {
        court.hear("a", Method::Ping, Answer::Silent);
    }
    assert_eq!(court.phase("a"), Phase::Silent);
}

#[test]
fn a_silent_poll_alone_accuses_nobody() {
    let mut court = both();
    court.hear("a", Method::Ping, echo());
    for _ in 0..5 {
        assert_eq!(court.hear("a", Method::Snmp, Answer::Silent), []);
    }
    assert_eq!(court.phase("a"), Phase::Answering);
    assert_eq!(
        court
            .judge
            .pulse(&"a".into())
            .expect("it is asked")
            .snmp_misses,
        Some(5)
    );
}

#[test]
fn silences_that_overlap_are_one_inquiry() {
    let mut court = pinged();
    court.hear("a", Method::Ping, echo());
    court.hear("b", Method::Ping, echo());
    for _ in 0..=rules().asks {
        court.hear("a", Method::Ping, Answer::Silent);
        court.hear("b", Method::Ping, Answer::Silent);
    }
    assert_eq!(
        court.judge.close(court.now, false),
        None,
        "not before its least time"
    );
    court.now += Duration::from_secs(2);
    let closed = court.judge.close(court.now, false).expect("it is over");
    assert_eq!(closed.silent, ["a", "b"].map(NodeId::from).into());
    assert_eq!(
        closed.matters,
        ["a", "b"].map(|node| Matter::Silent(node.into()))
    );
    assert_eq!(court.judge.close(court.now, false), None, "only once");
}

#[test]
fn recovery_asks_all_that_are_silent_before_anything_is_said() {
    let mut court = pinged();
    court.silence("a");
    court.silence("b");
    court.now += Duration::from_secs(9);
    court.judge.close(court.now, false).expect("it is over");
    let asks = court.hear("a", Method::Ping, echo());
    assert_eq!(
        asks,
        [Ask {
            target: id("b", Method::Ping),
            times: 1,
            spacing: rules().spacing
        }]
    );
    court.hear("b", Method::Ping, echo());
    court.now += Duration::from_secs(2);
    let closed = court.judge.close(court.now, false).expect("it is over");
    assert!(closed.silent.is_empty());
    assert_eq!(closed.answering.len(), 2);
}

#[test]
fn an_edit_keeps_the_state_of_what_stayed() {
    let mut court = pinged();
    court.silence("a");
    court.hear("b", Method::Ping, echo());
    court
        .judge
        .retarget(&[target("a", Method::Ping), target("c", Method::Ping)]);
    assert_eq!(court.phase("a"), Phase::Silent);
    assert_eq!(court.phase("c"), Phase::Unheard);
    assert!(court.judge.pulse(&"b".into()).is_none());
    assert_eq!(court.hear("b", Method::Ping, Answer::Silent), []);
}

/// Values of `SciPy`: `beta.ppf(.025, k, n - k + 1)` and `beta.ppf(.975, k + 1, n - k)`.
#[test]
fn intervals_are_those_of_clopper_and_pearson() {
    let known = [
        (2, 16, 0.015_514, 0.383_476),
        (0, 20, 0.0, 0.168_433),
        (20, 20, 0.831_567, 1.0),
        (5, 60, 0.027_613, 0.183_858),
    ];
    for (hits, trials, low, high) in known {
        let found = interval(hits, trials, 0.05);
        assert!(
            (found.0 - low).abs() < 1e-6,
            "{hits} of {trials}: {found:?}"
        );
        assert!(
            (found.1 - high).abs() < 1e-6,
            "{hits} of {trials}: {found:?}"
        );
    }
    assert_eq!(interval(0, 0, 0.05), (0.0, 1.0));
    let many = interval(50_000, 1_000_000, 0.05);
    assert!(many.0 > 0.049 && many.1 < 0.051, "{many:?}");
}

#[test]
fn loss_degrades_only_when_the_interval_says_so_and_leaves_when_it_is_gone() {
    let rtt = Some(Duration::from_millis(2));
    let mut window = Window::default();
    for _ in 0..57 {
        window.push(rtt, &rules());
    }
    for _ in 0..3 {
        window.push(None, &rules());
    }
    assert!(
        !window.is_lossy(),
        "3 of 60: at least 1 % is sure, 2 % is not"
    );
    window.push(None, &rules());
    window.push(None, &rules());
    assert!(window.is_lossy(), "5 of 60: at least 2.7 % is sure");
    for _ in 0..40 {
        window.push(rtt, &rules());
    }
    assert!(window.is_lossy(), "the upper bound is still over 10 %");
    for _ in 0..20 {
        window.push(rtt, &rules());
    }
    assert!(!window.is_lossy());
}

#[test]
fn flapping_begins_over_thirty_percent_and_ends_under_twenty_five() {
    let rtt = Some(Duration::from_millis(2));
    let mut window = Window::default();
    for round in 0..21 {
        window.push(rtt.filter(|_| round % 3 != 0), &rules());
    }
    assert!(window.is_flapping());
    for _ in 0..15 {
        window.push(rtt, &rules());
    }
    assert!(!window.is_flapping());
}

/// A made-up trace of a week: medians wander within the day, one echo in fifty is late, and the level jumps now
/// and then by 15 % to 150 %. Returns the echoes and at which of them the level changed.
fn trace(seed: u64) -> (Vec<Duration>, Vec<usize>) {
    let mut state = seed;
    let mut drawn = move || {
        state = mix(state);
        state >> 11
    };
    let uniform = |drawn: u64| drawn as f64 / (1_u64 << 53) as f64;
    let below = |drawn: u64, most: u64| (drawn % most) as usize;
    let mut level = 2_000.0 * 25_f64.powf(uniform(drawn()));
    let jitter = 0.02 + 0.28 * uniform(drawn());
    let daily = if uniform(drawn()) < 0.33 { 0.05 } else { 0.0 };
    let mut next = 30 * (60 + below(drawn(), 340));
    let (mut echoes, mut changes) = (Vec::new(), Vec::new());
    for at in 0..30 * 2_016 {
        if at == next {
            let factors = [1.15, 1.3, 1.6, 2.5, 1.0 / 1.15, 1.0 / 1.3, 1.0 / 1.6];
            level *= factors[below(drawn(), 7)];
            changes.push(at);
            next = at + 30 * (60 + below(drawn(), 440));
        }
        let wave = 1.0 + daily * (at as f64 / 8_640.0 * std::f64::consts::TAU).sin();
        let late = if uniform(drawn()) < 0.02 { 10.0 } else { 1.0 };
        let micros = level * (wave - jitter * late * (1.0 - uniform(drawn())).ln());
        echoes.push(Duration::from_secs_f64(micros / 1e6));
    }
    (echoes, changes)
}

fn mix(state: u64) -> u64 {
    let z = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[test]
fn a_lasting_change_of_the_round_trip_is_found_where_it_began() {
    let began = clock::now();
    let at = |echo: usize| began + ROUND * echo as u32;
    // Six medians of thirty echoes: half an hour.
    let near = ROUND * 6 * 30;
    let (mut right, mut wrong, mut missed) = (0, 0, 0);
    for seed in 0..60 {
        let (echoes, changes) = trace(mix(seed));
        let mut shift = Shift::default();
        let mut open: Vec<Instant> = changes.iter().map(|echo| at(*echo)).collect();
        for (echo, rtt) in echoes.iter().enumerate() {
            if !shift.push(*rtt, at(echo)) {
                continue;
            }
            let change = shift.change().expect("the change that was just found");
            assert!(change.since <= change.found);
            let is_it = |truth: &Instant| {
                truth
                    .max(&change.since)
                    .duration_since(*truth.min(&change.since))
                    <= near
            };
            match open.iter().position(is_it) {
                Some(truth) => {
                    open.remove(truth);
                    right += 1;
                }
                None => wrong += 1,
            }
        }
        missed += open.len();
    }
    let (precision, recall) = (
        f64::from(right) / f64::from(right + wrong),
        f64::from(right) / (f64::from(right) + missed as f64),
    );
    let f1 = 2.0 * precision * recall / (precision + recall);
    println!("{right} right, {wrong} wrong, {missed} missed: F1 {f1:.3}");
    assert!(
        f1 >= 0.95,
        "F1 {f1}: {right} right, {wrong} wrong, {missed} missed"
    );
}

#[test]
fn a_line_that_only_has_late_echoes_has_not_changed() {
    let began = clock::now();
    let mut shift = Shift::default();
    for echo in 0..30 * 2_016_u32 {
        // Twenty in a hundred are thirty times as late, and no median shows it.
        let late = mix(u64::from(echo)) % 100 < 20;
        let rtt = Duration::from_micros(if late { 90_000 } else { 3_000 } + u64::from(echo % 7));
        assert!(!shift.push(rtt, began + ROUND * echo));
    }
    assert_eq!(shift.change(), None);
}
