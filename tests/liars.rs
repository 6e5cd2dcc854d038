//! Agents that are silent, slow or lie, over real sockets and in virtual time: what a poll, a watch and the monitor make
//! of them, and that they delay nobody.
#![expect(clippy::print_stdout, reason = "a skipped test says so")]

use std::collections::{BTreeMap, BTreeSet};
use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, SocketAddrV4};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use jiff::Timestamp;
use snmp::VarBind;
use spanwatch::app::incident::Book;
use spanwatch::app::monitor::Monitor;
use spanwatch::app::reference::Reference;
use spanwatch::app::world::World;
use spanwatch::app::{Picture, Setting};
use spanwatch::clock;
use spanwatch::judge::rates::{Gap, PortRate, rates};
use spanwatch::lab::action::behaviour::Behaviour;
use spanwatch::lab::action::{Action, Request};
use spanwatch::lab::fabric::Fabric;
use spanwatch::lab::responder::{Reply, Responder};
use spanwatch::lab::usm::{self, User};
use spanwatch::model::NodeId;
use spanwatch::model::credential::{AuthProtocol, Credential, Keyring, PrivacyProtocol};
use spanwatch::model::device::Device;
use spanwatch::model::health::{Health, Why};
use spanwatch::model::network::Network;
use spanwatch::model::reading::{Answer, Reading};
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::ping::Engine;
use spanwatch::probe::poll::{Hint, Poll, PollError, Question, Trouble, Whole};
use spanwatch::probe::roster::{Pace, Roster};
use spanwatch::probe::{Doing, Probes, Sockets, open_with, start};
use spanwatch::wire::whole::Group;
use tokio::net::UdpSocket;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::loopback::agent::free_port;

/// What the agents know.
pub(crate) const COMMUNITY: &str = "lab-access";
const WORDS: (&str, &str) = ("authentication", "privacy words");

/// The lab's agents, and the network of which they tell.
pub(crate) struct Agents {
    responder: Responder,
    network: Arc<Network>,
    fabric: Mutex<Fabric>,
    began: Instant,
}

impl Agents {
    /// Makes the agents of a network, of which some say what was recorded of others.
    pub(crate) fn new(
        network: &Arc<Network>,
        recordings: BTreeMap<NodeId, Vec<VarBind>>,
    ) -> Arc<Self> {
        let user = User::new("lab", WORDS.0, WORDS.1).expect("long enough");
        Arc::new(Self {
            responder: Responder::new(COMMUNITY, user).with_recordings(recordings),
            network: Arc::clone(network),
            fabric: Mutex::new(Fabric::new(Arc::clone(network), 1)),
            began: clock::now(),
        })
    }

    /// Lets a node's agent behave so from now on.
    fn behave(&self, node: &NodeId, behaviour: Behaviour) {
        let mut fabric = self.fabric.lock().expect("nobody panics with it");
        fabric.act(&agent(node, behaviour), self.now());
    }

    /// The lab's time: it has run for a while.
    fn now(&self) -> Duration {
        Duration::from_secs(100) + self.began.elapsed()
    }

    fn answer(&self, asked: IpAddr, question: &[u8]) -> Option<Reply> {
        let fabric = self.fabric.lock().expect("nobody panics with it");
        self.responder.answer(&fabric, asked, question, self.now())
    }
}

pub(crate) fn v2c() -> Credential {
    Credential::V2c {
        community: COMMUNITY.to_owned().into(),
    }
}

pub(crate) fn v3() -> Credential {
    Credential::V3 {
        user: "lab".to_owned(),
        auth: Some((AuthProtocol::Sha256, WORDS.0.to_owned().into())),
        privacy: Some((PrivacyProtocol::Aes128, WORDS.1.to_owned().into())),
    }
}

/// Serves a node's agent at an address of loopback until the runtime ends.
pub(crate) async fn serve(agents: &Arc<Agents>, node: &NodeId, at: SocketAddrV4) {
    let socket = Arc::new(UdpSocket::bind(at).await.expect("loopback"));
    // Whatever comes from another's address comes from here.
    let other = Arc::new(UdpSocket::bind((*at.ip(), 0)).await.expect("loopback"));
    let agents = Arc::clone(agents);
    let Some(asked) = agents.network.nodes[node].address else {
        panic!("{node} has no address");
    };
    tokio::spawn(async move {
        let mut buffer = [0; 2_048];
        while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
            let Some(reply) = agents.answer(asked, &buffer[..length]) else {
                continue;
            };
            let by = Arc::clone(if reply.from == asked { &socket } else { &other });
            tokio::spawn(async move {
                tokio::time::sleep(reply.after).await;
                let _ = by.send_to(&reply.bytes, from).await;
            });
        }
    });
}

fn reference() -> Arc<Network> {
    crate::lab::reference().0
}

fn agent(node: &NodeId, behaviour: Behaviour) -> Action {
    Action::Agent {
        node: node.clone(),
        behaviour,
    }
}

/// The node that behaves so: each has its own, one of a credential of version 3 where its clock jumps.
fn nodes(network: &Network) -> Vec<(Behaviour, NodeId)> {
    let is_v3 = |node: &NodeId| {
        let credential = network.nodes[node].snmp.as_ref();
        credential.is_some_and(usm::speaks)
    };
    let mut free: Vec<NodeId> = network
        .targets()
        .into_iter()
        .filter(|target| target.id.method == Method::Snmp)
        .map(|target| target.id.node)
        .collect();
    Behaviour::all()
        .map(|behaviour| {
            let at = free
                .iter()
                .position(|node| is_v3(node) == (behaviour == Behaviour::Clock));
            (behaviour, free.remove(at.expect("enough nodes")))
        })
        .collect()
}

/// What a poll by hand makes of an agent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    Whole,
    /// Not all was read, for one of these reasons.
    Unread(&'static [Trouble]),
    Silent,
}

fn told(behaviour: Behaviour) -> Told {
    match behaviour {
        Behaviour::Well
        | Behaviour::Clock
        | Behaviour::Backwards
        | Behaviour::Pingless
        | Behaviour::Reboot => Told::Whole,
        Behaviour::Killed
        | Behaviour::Slow(_)
        | Behaviour::Garbage
        | Behaviour::Another
        | Behaviour::Renumbered => Told::Silent,
        Behaviour::Trickle(_) => Told::Unread(&[Trouble::Late]),
        Behaviour::Partial => Told::Unread(&[Trouble::Stopped, Trouble::Late]),
        Behaviour::Unasked => Told::Unread(&[Trouble::Refused]),
        Behaviour::Circle => Told::Unread(&[Trouble::Disordered]),
        Behaviour::Endless => Told::Unread(&[Trouble::Heavy, Trouble::Late]),
    }
}

async fn poll(
    at: SocketAddrV4,
    credential: Credential,
    behaviour: Behaviour,
) -> Result<Whole, PollError> {
    let question = Question {
        agent: at.into(),
        credential,
        timeout: Duration::from_secs(2),
        retries: 1,
        // What never ends is waited for, and what does may be on a busy machine.
        within: Duration::from_secs(match told(behaviour) {
            Told::Unread(_) => 3,
            Told::Whole | Told::Silent => 20,
        }),
    };
    Poll::open(&question, 7).await?.device(Group::ALL).await
}

#[tokio::test]
async fn a_poll_says_what_is_wrong_with_an_agent_and_comes_to_an_end() {
    let network = reference();
    let agents = Agents::new(&network, BTreeMap::new());
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let mut polls = tokio::task::JoinSet::new();
    for (number, (behaviour, node)) in (1..).zip(nodes(&network)) {
        agents.behave(&node, behaviour);
        let at = SocketAddrV4::new(Ipv4Addr::new(127, 9, 3, number), port);
        serve(&agents, &node, at).await;
        polls.spawn(async move { (behaviour, poll(at, v2c(), behaviour).await) });
        if behaviour == Behaviour::Clock {
            polls.spawn(async move {
                let end = poll(at, v3(), behaviour).await;
                // Whatever it says from its own past is dropped unread, as RFC 3414 wants it; if that is all that it
                // says, it looks like one that does not know the key.
                assert!(
                    matches!(
                        end,
                        Err(PollError::Silent(Hint::WrongClock | Hint::WrongKey))
                    ),
                    "{end:?}"
                );
                (behaviour, poll(at, v2c(), behaviour).await)
            });
        }
    }
    while let Some(ended) = polls.join_next().await {
        let (behaviour, end) = ended.expect("no panic");
        match (told(behaviour), &end) {
            (Told::Silent, Err(PollError::Silent(_))) => {}
            (Told::Whole, Ok(whole)) => {
                assert!(whole.unread.is_empty(), "{behaviour}: {:?}", whole.unread);
                assert!(whole.device.interfaces.len() > 1, "{behaviour}");
            }
            (Told::Unread(why), Ok(whole)) => {
                assert!(!whole.unread.is_empty(), "{behaviour}");
                for unread in &whole.unread {
                    assert!(why.contains(&unread.why), "{behaviour}: {unread:?}");
                }
                // What was no answer to a question is not kept.
                let is_known = !whole.device.system.name.is_empty();
                assert_eq!(is_known, behaviour != Behaviour::Unasked, "{behaviour}");
            }
            (expected, end) => panic!("{behaviour}: {end:?} instead of {expected:?}"),
        }
    }
}

/// Opens the sockets, or says why the test is skipped.
async fn sockets() -> Option<Sockets> {
    match open_with(Engine::default()).await {
        Ok(sockets) => Some(sockets),
        Err(error) => {
            assert_eq!(error.doing, Doing::OpenIcmp, "{}", error.source);
            assert_eq!(error.source.kind(), ErrorKind::PermissionDenied);
            println!("skipped: {error} {}", error.source);
            None
        }
    }
}

/// A target that is polled every two seconds, so that no poll takes longer.
fn polled(name: &str, address: Ipv4Addr, credential: &str) -> Target {
    Target {
        id: TargetId {
            node: name.into(),
            method: Method::Snmp,
        },
        address: address.into(),
        interval: Duration::from_secs(2),
        timeout: Duration::from_millis(900),
        retries: 0,
        credential: Some(credential.into()),
    }
}

/// Starts a watch of targets at a port; the guard ends it.
async fn watch(targets: Vec<Target>, port: u16) -> Option<(Probes, DropGuard)> {
    let sockets = sockets().await?.with_snmp_port(port);
    let keyring = Keyring::from([("v2c".into(), v2c()), ("v3".into(), v3())]);
    let cancel = CancellationToken::new();
    let guard = cancel.clone().drop_guard();
    let probes = start(sockets, targets, &keyring, Pace::Watch, 7, cancel);
    Some((probes, guard))
}

#[tokio::test]
async fn an_engine_whose_clock_has_jumped_is_believed_when_it_stands_still() {
    let network = reference();
    let agents = Agents::new(&network, BTreeMap::new());
    let (_, node) = nodes(&network)
        .into_iter()
        .find(|(behaviour, _)| *behaviour == Behaviour::Clock)
        .expect("one");
    agents.behave(&node, Behaviour::Clock);
    let address = Ipv4Addr::new(127, 9, 4, 1);
    let port = free_port(address).await;
    serve(&agents, &node, SocketAddrV4::new(address, port)).await;
    let Some((mut probes, _guard)) = watch(vec![polled("clock", address, "v3")], port).await else {
        return;
    };
    for _ in 0..2 {
        let reading = probes.readings.recv().await.expect("a reading");
        assert!(matches!(reading.answer, Answer::Silent), "{reading:?}");
    }
    agents.behave(&node, Behaviour::Well);
    let mut answers = Vec::new();
    while answers.len() < 5 && !matches!(answers.last(), Some(Answer::Device(_))) {
        answers.push(probes.readings.recv().await.expect("a reading").answer);
    }
    assert!(
        matches!(answers.last(), Some(Answer::Device(_))),
        "{answers:?}"
    );
}

#[tokio::test]
async fn agents_that_lie_or_are_slow_delay_no_other_in_a_watch() {
    let network = reference();
    let agents = Agents::new(&network, BTreeMap::new());
    let port = free_port(Ipv4Addr::LOCALHOST).await;
    let mut targets = Vec::new();
    let mut kinds: BTreeMap<String, Option<Behaviour>> = BTreeMap::new();
    let mut add = |name: String, address: Ipv4Addr, behaviour| {
        targets.push(polled(&name, address, "v2c"));
        kinds.insert(name, behaviour);
        SocketAddrV4::new(address, port)
    };
    let bad = nodes(&network);
    for (number, (behaviour, node)) in (1..).zip(&bad) {
        let name = format!("bad-{number}");
        let at = add(name, Ipv4Addr::new(127, 9, 5, number), Some(*behaviour));
        agents.behave(node, *behaviour);
        serve(&agents, node, at).await;
    }
    let good = network.targets().into_iter();
    let good = good.filter(|target| target.id.method == Method::Snmp);
    let good = good.map(|target| target.id.node);
    let good = good.filter(|node| bad.iter().all(|(_, other)| other != node));
    for (number, node) in (1..=12).zip(good) {
        let at = add(
            format!("good-{number}"),
            Ipv4Addr::new(127, 9, 6, number),
            None,
        );
        serve(&agents, &node, at).await;
    }
    let Some((mut probes, _guard)) = watch(targets, port).await else {
        return;
    };
    let mut heard: BTreeMap<String, Vec<Reading>> = BTreeMap::new();
    // Each device has a round every two seconds: three of all are about six.
    while kinds
        .keys()
        .any(|name| heard.get(name).is_none_or(|readings| readings.len() < 3))
    {
        let reading = probes.readings.recv().await.expect("alive");
        let name = reading.target.node.to_string();
        heard.entry(name).or_default().push(reading);
    }
    for (name, behaviour) in &kinds {
        let readings = &heard[name];
        for reading in readings {
            let is_right = match (behaviour.map_or(Told::Whole, told), &reading.answer) {
                (Told::Whole, Answer::Device(device)) => device.interfaces.len() > 1,
                (Told::Silent, Answer::Silent) => true,
                (Told::Unread(_), Answer::Partial(device)) => {
                    device.system.name.is_empty() == (*behaviour == Some(Behaviour::Unasked))
                }
                _ => false,
            };
            assert!(is_right, "{name}, {behaviour:?}: {:?}", reading.answer);
        }
        if *behaviour == Some(Behaviour::Backwards) {
            let device = |reading: &Reading| match &reading.answer {
                Answer::Device(device) => Arc::clone(device),
                other => panic!("{other:?}"),
            };
            // What has run backwards is no rate, and wraps to none.
            let (one, other) = (device(&readings[0]), device(&readings[1]));
            let rates = rates(&one, &other, readings[1].asked - readings[0].asked);
            let counted = |port: &&PortRate| {
                let at = |device: &Device| {
                    let port = device.interfaces.iter().find(|own| own.index == port.index);
                    port.and_then(|port| port.in_octets)
                };
                at(&one) != at(&other)
            };
            let moved: Vec<&PortRate> = rates.iter().filter(counted).collect();
            assert!(!moved.is_empty());
            assert!(
                moved.iter().all(|rate| rate.received == Err(Gap::Reset)),
                "{moved:?}"
            );
        }
    }
    // The slowest of the good ones has had as many rounds as the quickest of all, but for one that is under way.
    let most = heard.values().map(Vec::len).max().expect("some");
    for (name, readings) in heard.iter().filter(|(name, _)| kinds[*name].is_none()) {
        assert!(
            readings.len() + 2 > most,
            "{name}: {} of {most}",
            readings.len()
        );
    }
}

/// What a monitor of the reference network has asked and says after some minutes of virtual time.
struct Minutes {
    /// When each target was asked, in order.
    asked: BTreeMap<TargetId, Vec<Duration>>,
    picture: Picture,
}

fn minutes(network: &Arc<Network>, bad: &[(Behaviour, NodeId)]) -> Minutes {
    let at: Timestamp = "2026-11-24T08:00:00+07:00".parse().expect("a moment");
    let began = clock::now();
    let roster = Roster::new(network.targets(), began, 3, Pace::Watch);
    let mut world = World::new(Fabric::new(Arc::clone(network), 7), roster);
    let reference = Reference::new((**network).clone());
    let mut monitor = Monitor::new(reference, Setting::Simulated, Book::default(), at);
    for (behaviour, node) in bad {
        world.act(&agent(node, *behaviour), began);
    }
    let mut asked: BTreeMap<TargetId, Vec<Duration>> = BTreeMap::new();
    let end = began + Duration::from_mins(5);
    let mut now = began;
    while let Some(next) = world.next().filter(|next| *next < end) {
        now = now.max(next);
        for reading in world.advance(now) {
            asked
                .entry(reading.target.clone())
                .or_default()
                .push(reading.asked - began);
            for ask in monitor.apply(&reading, now) {
                world.ask(&ask, now);
            }
        }
        if monitor.deadline().is_some() {
            monitor.tick(now, at + (now - began));
        }
    }
    Minutes {
        asked,
        picture: monitor.picture(end, at + (end - began)),
    }
}

#[test]
fn the_monitor_says_who_is_silent_and_asks_everybody_else_as_if_nobody_were() {
    let network = reference();
    let bad = nodes(&network);
    // A node that is silent to ping is inquired into, and those beside it with it: that is another matter.
    let pinged: Vec<(Behaviour, NodeId)> = bad
        .iter()
        .filter(|(behaviour, _)| *behaviour != Behaviour::Pingless)
        .cloned()
        .collect();
    let usual = minutes(&network, &[]);
    let beside = minutes(&network, &pinged);
    let sick: BTreeSet<&NodeId> = pinged.iter().map(|(_, node)| node).collect();
    for (target, asked) in &usual.asked {
        if !sick.contains(&target.node) {
            assert_eq!(beside.asked.get(target), Some(asked), "{target:?}");
        }
    }
    let seen = minutes(&network, &bad);
    for (behaviour, node) in &bad {
        let view = seen.picture.node(node);
        let (health, why) = match behaviour {
            // All of its echoes are lost, and it is not down.
            Behaviour::Pingless => (Health::Degraded, Some(Why::Loss)),
            Behaviour::Clock => (Health::Degraded, Some(Why::SnmpSilent)),
            _ if told(*behaviour) == Told::Silent => (Health::Degraded, Some(Why::SnmpSilent)),
            _ => (Health::Up, None),
        };
        assert_eq!((view.health, view.why), (health, why), "{behaviour}");
        // What is heard in part is heard: the device is alive.
        let answers = Some(why != Some(Why::SnmpSilent));
        assert_eq!(view.snmp_answers, answers, "{behaviour}");
    }
    let open: Vec<_> = seen.picture.open_incidents().collect();
    assert!(open.is_empty(), "{open:?}");
}

#[test]
fn every_behaviour_is_typed_as_it_is_shown() {
    let network = reference();
    let (_, node) = nodes(&network).remove(0);
    for behaviour in Behaviour::all() {
        let line = agent(&node, behaviour).to_string();
        assert_eq!(
            Request::parse(&line, &network),
            Ok(Request::Act(agent(&node, behaviour))),
            "{line}"
        );
    }
    for (typed, meant) in [
        (
            "slow 250ms",
            Some(Behaviour::Slow(Duration::from_millis(250))),
        ),
        (
            "trickle 2s",
            Some(Behaviour::Trickle(Duration::from_secs(2))),
        ),
        ("circle 2s", None),
        ("trickle soon", None),
        ("slow 1s 2s", None),
        ("", None),
    ] {
        assert_eq!(typed.parse().ok(), meant, "{typed}");
    }
    let help = "sulks"
        .parse::<Behaviour>()
        .expect_err("no behaviour")
        .to_string();
    for behaviour in Behaviour::all() {
        let said = behaviour.to_string();
        let word = said.split(' ').next().expect("a word");
        assert!(help.contains(&format!("`{word}")), "{help}");
    }
}
