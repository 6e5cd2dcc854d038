//! Interfaces beside what is declared of them: what a monitor keeps of polls that ask for neighbours now and then.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};
use spanwatch::app::incident::Book;
use spanwatch::app::interfaces::{Flaw, Interfaces, PortView, Standing};
use spanwatch::app::monitor::Monitor;
use spanwatch::app::reference::Reference;
use spanwatch::app::world::World;
use spanwatch::app::{Picture, Setting};
use spanwatch::clock;
use spanwatch::lab::action::Action;
use spanwatch::lab::fabric::Fabric;
use spanwatch::model::device::{Device, PortStatus};
use spanwatch::model::network::Network;
use spanwatch::model::reading::{Answer, Reading};
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::model::{CredentialName, Element, NodeId};
use spanwatch::probe::hearing::{self, Hearing};
use spanwatch::probe::roster::{Pace, Roster};

use crate::sketch::{self, Sketch};

/// Two routers on one link, each beside others that are not asked.
fn network() -> Network {
    let mut sketch = Sketch::new(&["m"]).links(&["a-b", "a-c", "b-d", "m-a"]);
    for (at, id) in (1..).zip(["a", "b"]) {
        let node = sketch.0.nodes.get_mut(id).expect("a node");
        node.address = Some([192, 0, 2, at].into());
        node.snmp = Some(CredentialName::new("lab"));
        node.probe = vec![Method::Ping, Method::Snmp];
    }
    let link = sketch.0.links.get_mut("a-b").expect("a link");
    link.capacity = Some(1_000_000_000);
    sketch.network()
}

/// A monitor that is told what devices say.
struct Desk {
    fabric: Fabric,
    monitor: Monitor,
    now: Instant,
    at: Timestamp,
    began: Instant,
}

impl Desk {
    fn new() -> Self {
        let network = Arc::new(network());
        let at: Timestamp = "2026-11-24T08:00:00+07:00".parse().expect("a moment");
        let reference = Reference::new((*network).clone());
        let began = clock::now();
        Self {
            fabric: Fabric::new(network, 7),
            monitor: Monitor::new(reference, Setting::Live, Book::default(), at),
            now: began,
            at,
            began,
        }
    }

    fn wait(&mut self, seconds: u32) {
        self.now += Duration::from_secs(seconds.into());
        self.at += SignedDuration::from_secs(seconds.into());
    }

    /// Polls both devices as they are now, with their neighbours where that is asked for.
    fn poll(&mut self, asks_neighbours: bool, change: impl Fn(&str, &mut Device)) {
        for id in ["a", "b"] {
            let node = NodeId::from(id);
            let since = self.now - self.began;
            let mut device = self.fabric.whole(&node, since).expect("a device");
            device.neighbours_read = asks_neighbours;
            change(id, &mut device);
            if !asks_neighbours {
                device.neighbours.clear();
            }
            let reading = Reading {
                target: TargetId {
                    node,
                    method: Method::Snmp,
                },
                asked: self.now,
                in_round: true,
                at: self.now,
                answer: Answer::Device(Arc::new(device)),
            };
            self.monitor.apply(&reading, self.now);
        }
    }

    fn picture(&mut self) -> Picture {
        self.monitor.picture(self.now, self.at)
    }

    fn port(&mut self, node: &str, name: &str) -> PortView {
        let picture = self.picture();
        port(&picture, node, name).clone()
    }
}

fn interfaces<'p>(picture: &'p Picture, node: &str) -> &'p Interfaces {
    let view = &picture.nodes[node];
    view.interfaces.as_deref().expect("a polled device")
}

fn port<'p>(picture: &'p Picture, node: &str, name: &str) -> &'p PortView {
    let ports = &interfaces(picture, node).ports;
    let found = ports.iter().find(|port| &*port.name == name);
    found.expect("a port")
}

fn as_it_is(_: &str, _: &mut Device) {}

#[test]
fn neighbours_are_remembered_between_two_polls_that_ask_for_them() {
    let mut desk = Desk::new();
    desk.poll(true, as_it_is);
    let heard = desk.at;
    desk.wait(60);
    desk.poll(false, as_it_is);
    let picture = desk.picture();
    let port = port(&picture, "a", "a-b");
    assert_eq!(port.standing(), Standing::Up);
    assert_eq!(port.seen.len(), 1, "{port:?}");
    let all = interfaces(&picture, "a");
    assert_eq!(all.heard, Some(heard), "as old as it is");
    assert_eq!(all.polled, desk.at);
}

#[test]
fn rates_come_with_the_second_poll_and_are_over_at_least_half_a_round() {
    let mut desk = Desk::new();
    let count = |octets: u64| {
        move |_: &str, device: &mut Device| {
            for port in &mut device.interfaces {
                port.in_octets = Some(octets);
            }
        }
    };
    desk.poll(false, count(1_000));
    assert_eq!(desk.port("a", "a-b").rate, None);
    // An inquiry asks again at once; that is no time to count in.
    desk.wait(2);
    desk.poll(false, count(1_000_000));
    assert_eq!(desk.port("a", "a-b").rate, None);
    desk.wait(58);
    desk.poll(false, count(7_501_000));
    let rate = desk.port("a", "a-b").rate.expect("a rate");
    let over = interfaces(&desk.picture(), "a").over;
    assert_eq!(over, Some(Duration::from_secs(58)));
    let expected = 6_501_000.0 * 8.0 / 58.0;
    assert!((rate.received.expect("bits") - expected).abs() < 1.0);
}

#[test]
fn a_port_that_came_up_slower_than_declared_differs() {
    let mut desk = Desk::new();
    desk.poll(true, |node, device| {
        if node == "b" {
            device.interfaces[1].speed = Some(100_000_000);
        }
    });
    assert_eq!(desk.port("b", "a-b").flaws, [Flaw::Slow]);
    assert_eq!(desk.port("a", "a-b").flaws, [], "it came up as declared");
}

#[test]
fn a_neighbour_other_than_declared_differs_at_both_ends() {
    let mut desk = Desk::new();
    desk.poll(true, |node, device| {
        if node == "a" {
            // The cables of two ports have changed their places.
            let [one, other] = [0, 1].map(|at| device.neighbours[at].clone());
            device.neighbours[0].local_port = other.local_port;
            device.neighbours[0].local_index = other.local_index;
            device.neighbours[1].local_port = one.local_port;
            device.neighbours[1].local_index = one.local_index;
        } else {
            device.neighbours.clear();
        }
    });
    assert_eq!(desk.port("a", "a-b").flaws, [Flaw::Moved]);
    assert_eq!(desk.port("b", "a-b").flaws, [Flaw::Moved]);
}

#[test]
fn a_cut_link_is_down_at_both_ends_and_nothing_else_is_said_of_it() {
    let mut desk = Desk::new();
    desk.poll(true, as_it_is);
    let cut = Action::Cut(vec![Element::Link("a-b".into())]);
    desk.fabric.act(&cut, Duration::from_secs(1));
    desk.wait(60);
    desk.poll(true, as_it_is);
    for node in ["a", "b"] {
        assert_eq!(desk.port(node, "a-b").flaws, [Flaw::Down], "{node}");
    }
    assert_eq!(
        desk.port("a", "a-b").seen,
        [],
        "what it remembers is the past"
    );
}

#[test]
fn a_silence_from_before_a_port_changed_proves_nothing() {
    let mut desk = Desk::new();
    let cut = Action::Cut(vec![Element::Link("a-b".into())]);
    desk.fabric.act(&cut, Duration::ZERO);
    desk.poll(true, as_it_is);
    desk.fabric.act(&Action::RestoreAll, Duration::from_secs(1));
    desk.wait(60);
    desk.poll(false, as_it_is);
    let back = desk.port("a", "a-b");
    assert_eq!((back.standing(), back.seen), (Standing::Up, Vec::new()));
    desk.wait(60);
    // Asked anew, and still nobody there: now it is something to be said.
    desk.poll(true, |_, device| {
        device
            .neighbours
            .retain(|one| !["a", "b"].contains(&one.system_name.as_str()));
    });
    for node in ["a", "b"] {
        assert_eq!(desk.port(node, "a-b").flaws, [Flaw::Unheard], "{node}");
    }
}

#[test]
fn a_declared_port_that_the_device_lacks_is_listed() {
    let mut desk = Desk::new();
    desk.poll(true, |node, device| {
        if node == "b" {
            device.interfaces.truncate(1);
            device.neighbours.clear();
        }
    });
    let absent = desk.port("b", "a-b");
    assert_eq!((absent.index, absent.flaws[0]), (None, Flaw::Absent));
}

#[test]
fn a_device_that_was_not_read_lately_is_unknown() {
    let mut desk = Desk::new();
    desk.poll(true, as_it_is);
    let picture = desk.picture();
    let node = &picture.network.nodes["a"];
    let all = interfaces(&picture, "a");
    let port = port(&picture, "a", "a-b");
    let standing = |seconds| all.standing(node, port, desk.at + SignedDuration::from_secs(seconds));
    assert_eq!(standing(120), Standing::Up);
    assert_eq!(standing(130), Standing::Unknown);
}

#[test]
fn nothing_differs_in_a_lab_that_is_wired_as_declared() {
    let network = Arc::new(sketch::reference());
    let reference = Reference::new((*network).clone());
    let at: Timestamp = "2026-11-24T08:00:00+07:00".parse().expect("a moment");
    let began = clock::now();
    let roster = Roster::new(network.targets(), began, 3, Pace::Watch);
    let fabric = Fabric::new(network.clone(), 7);
    let mut world = World::new(fabric, roster).asking_neighbours();
    let mut monitor = Monitor::new(reference, Setting::Simulated, Book::default(), at);
    for _ in 0..2 {
        let mut now = began;
        while let Some(next) = world
            .next()
            .filter(|next| *next < began + Duration::from_secs(10))
        {
            now = now.max(next);
            for reading in world.advance(now) {
                for ask in monitor.apply(&reading, now) {
                    world.ask(&ask, now);
                }
            }
        }
    }
    let picture = monitor.picture(began + Duration::from_secs(10), at);
    let ports = || picture.interfaces().flat_map(|(_, all)| &all.ports);
    let declared = ports().filter(|port| port.link.is_some()).count();
    let heard = ports().filter(|port| !port.seen.is_empty()).count();
    let wrong: Vec<&PortView> = ports()
        .filter(|port| port.standing() != Standing::Up)
        .collect();
    assert!(wrong.is_empty(), "{:?}", wrong.first());
    assert!(declared > 400 && heard == declared, "{heard} of {declared}");
}

/// A device that is polled every minute, and asked whom it hears when a `Hearing` says so.
fn minutely(name: String) -> Target {
    Target {
        id: TargetId {
            node: NodeId::new(name),
            method: Method::Snmp,
        },
        address: Ipv4Addr::LOCALHOST.into(),
        interval: Duration::from_mins(1),
        timeout: Duration::from_secs(1),
        retries: 1,
        credential: None,
    }
}

#[test]
fn neighbours_are_asked_for_rarely_and_soon_after_ports_have_changed() {
    let began = clock::now();
    let target = minutely("a".into()).id;
    let mut hearing = Hearing::new(began, 1);
    assert!(hearing.is_due(&target, began), "at first, at once");
    // From one question to the next, in seconds; the first only brings it to its seat.
    let until_due = |hearing: &mut Hearing, from: Instant, ports: u64| {
        (1..1_000)
            .find(|second| {
                let now = from + Duration::from_secs(*second);
                hearing.take(&target, ports, now);
                hearing.is_due(&target, now)
            })
            .expect("some time")
    };
    let first = until_due(&mut hearing, began, 1);
    assert!((150..=450).contains(&first), "{first}");
    let second = began + Duration::from_secs(first);
    assert_eq!(until_due(&mut hearing, second, 1), 300);
    let third = second + Duration::from_mins(5);
    hearing.take(&target, 2, third + Duration::from_secs(1));
    assert!(
        !hearing.is_due(&target, third + Duration::from_secs(50)),
        "the first since: no change"
    );
    let changed = third + Duration::from_mins(1);
    hearing.take(&target, 3, changed);
    assert!(
        !hearing.is_due(&target, changed + Duration::from_secs(44)),
        "nobody has spoken yet"
    );
    assert!(hearing.is_due(&target, changed + Duration::from_secs(46)));
    hearing.retain(|_| false);
    assert!(
        hearing.is_due(&target, changed + Duration::from_secs(47)),
        "forgotten"
    );
}

#[test]
fn no_minute_asks_more_devices_for_their_neighbours_than_the_others() {
    let began = clock::now();
    let targets: Vec<Target> = (0..500)
        .map(|number| minutely(format!("device-{number}")))
        .collect();
    let mut roster = Roster::new(targets, began, 9, Pace::Watch);
    let mut hearing = Hearing::new(began, 9);
    // When each was asked for its neighbours, in virtual time.
    let mut asked: BTreeMap<TargetId, Vec<Duration>> = BTreeMap::new();
    let mut now = began;
    while let Some(next) = roster.next() {
        now = now.max(next);
        if now >= began + Duration::from_hours(1) {
            break;
        }
        for (target, purpose) in roster.due(now) {
            if hearing.is_due(&target.id, now) {
                asked
                    .entry(target.id.clone())
                    .or_default()
                    .push(now - began);
            }
            hearing.take(&target.id, 1, now);
            roster.done(&target.id, purpose);
        }
    }
    assert_eq!(asked.len(), 500);
    let mut minutes = [0_u32; 60];
    for moments in asked.values() {
        for pair in moments.windows(2) {
            // A poll that waits a moment for its turn may be late.
            let gap = pair[1].abs_diff(pair[0]).as_secs_f64();
            assert!((149.0..451.0).contains(&gap), "{gap}");
        }
        for gap in moments.windows(2).skip(1) {
            let gap = gap[1].abs_diff(gap[0]).as_secs_f64();
            assert!((299.0..301.0).contains(&gap), "{gap}");
        }
        for moment in moments {
            minutes[(moment.as_secs() / 60) as usize] += 1;
        }
    }
    // All at first, then a fifth in each minute; four standard deviations of 500 draws are 36.
    assert_eq!(minutes[0], 500);
    let later = &minutes[10..];
    assert!(
        later.iter().all(|count| (64..=136).contains(count)),
        "{minutes:?}"
    );
}

#[test]
fn ports_are_others_when_one_of_them_is() {
    let desk = Desk::new();
    let device = desk
        .fabric
        .whole(&"a".into(), Duration::ZERO)
        .expect("a device");
    let before = hearing::ports(&device);
    let differs = |change: &dyn Fn(&mut Device)| {
        let mut other = device.clone();
        change(&mut other);
        hearing::ports(&other) != before
    };
    assert!(differs(
        &|device| device.interfaces[1].oper = PortStatus::Down
    ));
    assert!(differs(&|device| device.interfaces[2].speed = Some(1)));
    assert!(differs(&|device| device.interfaces.truncate(2)));
    assert!(!differs(&|device| device.interfaces[1].in_octets = Some(9)));
}
