//! Traps and informs: what Debian's own programs send is heard in every version and from nobody else; what is
//! heard makes the monitor ask and never believe; a storm of them stays a few questions.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use snmp::{Oid, Value, VarBind};
use spanwatch::app::rehearse::trial::Trial;
use spanwatch::lab::action::Action;
use spanwatch::lab::action::behaviour::Behaviour;
use spanwatch::model::credential::{AuthProtocol, Credential, Keyring, PrivacyProtocol};
use spanwatch::model::health::Health;
use spanwatch::model::hint::{Hint, HintedPort, Sign};
use spanwatch::model::incident::{Evidence, IncidentKind};
use spanwatch::model::network::Network;
use spanwatch::model::reading::Ask;
use spanwatch::model::target::Method;
use spanwatch::model::text::DeviceText;
use spanwatch::model::{Element, NodeId};
use spanwatch::probe::trap::{Listening, Senders, listen};
use spanwatch::probe::valve::Valve;
use spanwatch::report::reason;
use spanwatch::report::words::{Language, Words};
use spanwatch::wire::mib::Object;
use spanwatch::wire::trap;

use crate::trial::{incidents, reference, silenced};

const WORDS: &str = "authentic words";
const PRIVATE: &str = "private words";

/// Users: name, authentication and privacy, as we and as Debian's programs spell them.
type Pair = (
    &'static str,
    Option<(&'static str, AuthProtocol)>,
    Option<(&'static str, PrivacyProtocol)>,
);

#[rustfmt::skip]
const USERS: &[Pair] = &[
    ("signed", Some(("SHA-256", AuthProtocol::Sha256)), Some(("AES", PrivacyProtocol::Aes128))),
    ("strong", Some(("SHA-512", AuthProtocol::Sha512)), Some(("AES-256", PrivacyProtocol::Aes256))),
    ("old", Some(("SHA", AuthProtocol::Sha1)), Some(("AES", PrivacyProtocol::Aes128))),
    ("oldest", Some(("MD5", AuthProtocol::Md5)), Some(("DES", PrivacyProtocol::Des))),
    ("open", Some(("SHA-256", AuthProtocol::Sha256)), None),
    ("naked", None, None),
];

/// A network of one device on 127.0.0.1 and another one elsewhere, with one credential.
fn network(credential: &str) -> Network {
    use spanwatch::model::fault::Source;
    let text = format!(
        "[network]\nid = \"here\"\nname = \"here\"\nhubs = [\"hub\"]\n\
         [[node]]\nid = \"hub\"\nrole = \"data-centre\"\ntransit = true\naddress = \"127.0.0.9\"\n\
         [[node]]\nid = \"router\"\nrole = \"router\"\ntransit = true\naddress = \"127.0.0.1\"\nsnmp = \"{credential}\"\n\
         [[link]]\nid = \"hub--router\"\na = \"hub:eth1\"\nb = \"router:Gi0/1\"\nkind = \"fibre\"\n"
    );
    let source = Source {
        name: "here.toml".to_owned(),
        text,
    };
    let loaded = spanwatch::inventory::read(vec![source.into()]);
    loaded.expect("it is sound").network
}

fn keyring() -> Keyring {
    let mut keyring = Keyring::new();
    let community = || "loopback".to_owned().into();
    keyring.insert(
        "v1".into(),
        Credential::V1 {
            community: community(),
        },
    );
    keyring.insert(
        "v2c".into(),
        Credential::V2c {
            community: community(),
        },
    );
    for (name, auth, privacy) in USERS {
        let credential = Credential::V3 {
            user: (*name).to_owned(),
            auth: auth.map(|(_, protocol)| (protocol, WORDS.to_owned().into())),
            privacy: privacy.map(|(_, protocol)| (protocol, PRIVATE.to_owned().into())),
        };
        keyring.insert((*name).into(), credential);
    }
    keyring
}

/// Runs one of Debian's senders to its end; an inform that nobody acknowledges ends with an error.
fn send(program: &str, version: &[&str], to: SocketAddr, rest: &[&str]) -> std::io::Result<Output> {
    let state = tempfile::tempdir()?;
    Command::new(program)
        .args(version)
        .args(["-r", "1", "-t", "1"])
        .arg(to.to_string())
        .args(rest)
        .env("MIBS", "")
        .env("SNMP_PERSISTENT_DIR", state.path())
        .stdin(Stdio::null())
        .output()
}

/// The rest of a line of version 2 and 3: linkDown of port 3, which is called `Gi0/1`.
const LINK_DOWN: &[&str] = &[
    "",
    "1.3.6.1.6.3.1.1.5.3",
    "1.3.6.1.2.1.2.2.1.1.3",
    "i",
    "3",
    "1.3.6.1.2.1.31.1.1.1.1.3",
    "s",
    "Gi0/1",
];

fn user(pair: &Pair, words: &'static str) -> Vec<&'static str> {
    let (name, auth, privacy) = *pair;
    let level = match (auth, privacy) {
        (None, _) => "noAuthNoPriv",
        (Some(_), None) => "authNoPriv",
        (Some(_), Some(_)) => "authPriv",
    };
    let mut words_of = vec!["-v3", "-u", name, "-l", level];
    if let Some((protocol, _)) = auth {
        words_of.extend(["-a", protocol, "-A", words]);
    }
    if let Some((protocol, _)) = privacy {
        words_of.extend(["-x", protocol, "-X", PRIVATE]);
    }
    words_of
}

async fn next(listening: &mut Listening) -> Option<Hint> {
    tokio::time::timeout(Duration::from_millis(1500), listening.hints.recv())
        .await
        .ok()
        .flatten()
}

/// Sends to a receiver that knows `credential` for 127.0.0.1, and returns the hint and whether it was well with the
/// sender.
async fn heard(
    credential: &str,
    program: &'static str,
    version: Vec<&'static str>,
    rest: Vec<&'static str>,
) -> Result<(Option<Hint>, bool), String> {
    let any = "127.0.0.1:0".parse().expect("an address");
    let senders = Senders::of(&network(credential));
    let mut listening = listen(any, senders, &keyring(), "here")
        .await
        .map_err(|error| format!("{error} {}", error.source))?;
    let to = listening.address;
    let sent = tokio::task::spawn_blocking(move || send(program, &version, to, &rest));
    let sent = sent.await.expect("no panic inside");
    let sent = sent.map_err(|error| format!("{program}: {error}"))?;
    Ok((next(&mut listening).await, sent.status.success()))
}

async fn every_version() -> Result<(), String> {
    let down = |hint: &Option<Hint>| {
        hint.as_ref()
            .map(|hint| (hint.node.to_string(), hint.sign, hint.port.clone()))
    };
    let port = || Some(HintedPort::Named(DeviceText::clean("Gi0/1".as_bytes())));
    let expected = Some(("router".to_owned(), Sign::LinkDown, port()));
    let community = |version| vec![version, "-c", "loopback"];
    // Version 1: enterprise, agent, generic, specific, uptime.
    let old = [
        "1.3.6.1.4.1.8072.3.2.10",
        "127.0.0.1",
        "2",
        "0",
        "",
        "1.3.6.1.2.1.31.1.1.1.1.3",
        "s",
        "Gi0/1",
    ];
    let (hint, _) = heard("v1", "snmptrap", community("-v1"), old.to_vec()).await?;
    assert_eq!(down(&hint), expected, "v1");
    for program in ["snmptrap", "snmpinform"] {
        let (hint, well) = heard("v2c", program, community("-v2c"), LINK_DOWN.to_vec()).await?;
        assert_eq!(
            (down(&hint), well),
            (expected.clone(), true),
            "v2c {program}"
        );
    }
    for pair in USERS {
        // A trap of version 3 is its sender's own: it needs an engine, which a real device has.
        let mut words = user(pair, WORDS);
        words.extend(["-e", "0x80001f8880abcdef0123456789"]);
        let (hint, _) = heard(pair.0, "snmptrap", words, LINK_DOWN.to_vec()).await?;
        assert_eq!(down(&hint), expected, "v3 trap of {}", pair.0);
        // An inform finds the engine of its receiver by itself.
        let (hint, well) =
            heard(pair.0, "snmpinform", user(pair, WORDS), LINK_DOWN.to_vec()).await?;
        assert_eq!(
            (down(&hint), well),
            (expected.clone(), true),
            "v3 inform of {}",
            pair.0
        );
    }
    // Signs that only name a number, and those of makers.
    for (oid, sign) in [
        ("1.3.6.1.6.3.1.1.5.1", Sign::ColdStart),
        ("1.3.6.1.6.3.1.1.5.2", Sign::WarmStart),
        ("1.3.6.1.6.3.1.1.5.4", Sign::LinkUp),
        ("1.3.6.1.6.3.1.1.5.5", Sign::AuthenticationFailure),
        ("1.3.6.1.4.1.9.9.41.2.0.1", Sign::Other),
    ] {
        let rest = vec!["", oid, "1.3.6.1.2.1.2.2.1.8.7", "i", "2"];
        let (hint, _) = heard("v2c", "snmptrap", community("-v2c"), rest).await?;
        let hint = hint.expect("it is heard");
        assert_eq!((hint.sign, hint.port), (sign, Some(HintedPort::Index(7))));
    }
    Ok(())
}

async fn nobody_else() -> Result<(), String> {
    let wrong_user = ("signed", Some(("SHA-256", AuthProtocol::Sha256)), None);
    let cases: Vec<(&str, &str, &'static str, Vec<&'static str>)> = vec![
        (
            "a wrong community",
            "v2c",
            "snmpinform",
            vec!["-v2c", "-c", "public"],
        ),
        (
            "a community where a user is due",
            "signed",
            "snmpinform",
            vec!["-v2c", "-c", "loopback"],
        ),
        (
            "a wrong passphrase",
            "signed",
            "snmpinform",
            user(&USERS[0], "other words"),
        ),
        (
            "a lower level than the credential's",
            "signed",
            "snmpinform",
            user(&wrong_user, WORDS),
        ),
        (
            "another node's user",
            "signed",
            "snmpinform",
            user(&USERS[2], WORDS),
        ),
        (
            "no level at all",
            "signed",
            "snmpinform",
            vec!["-v3", "-u", "signed", "-l", "noAuthNoPriv"],
        ),
    ];
    for (what, credential, program, version) in cases {
        let (hint, well) = heard(credential, program, version, LINK_DOWN.to_vec()).await?;
        assert_eq!(
            (hint, well),
            (None, false),
            "{what} is neither heard nor acknowledged"
        );
    }
    // The right words from an address that is nobody's.
    let any = "127.0.0.1:0".parse().expect("an address");
    let mut listening = listen(any, Senders::default(), &keyring(), "here")
        .await
        .map_err(|error| error.to_string())?;
    let to = listening.address;
    let sent = tokio::task::spawn_blocking(move || {
        send("snmpinform", &["-v2c", "-c", "loopback"], to, LINK_DOWN)
    });
    let sent = sent
        .await
        .expect("no panic inside")
        .map_err(|error| error.to_string())?;
    assert!(!sent.status.success() && next(&mut listening).await.is_none());
    // An edit of the topology lets it in, without a new socket.
    listening.senders.send_replace(Senders::of(&network("v2c")));
    let sent = tokio::task::spawn_blocking(move || {
        send("snmpinform", &["-v2c", "-c", "loopback"], to, LINK_DOWN)
    });
    let sent = sent
        .await
        .expect("no panic inside")
        .map_err(|error| error.to_string())?;
    assert!(sent.status.success() && next(&mut listening).await.is_some());
    Ok(())
}

/// Says why a test is skipped; with `CI=true` nothing that it needs may be missing.
fn skipped(reason: &str) {
    assert_ne!(std::env::var("CI").as_deref(), Ok("true"), "{reason}");
    println!("skipped: {reason}");
}

fn with_debian(test: impl Future<Output = Result<(), String>>) {
    if Command::new("snmptrap").arg("-V").output().is_err() {
        return skipped("snmptrap is not installed");
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    if let Err(reason) = runtime.expect("a runtime").block_on(test) {
        skipped(&reason);
    }
}

#[test]
fn traps_and_informs_of_another_program_are_heard_in_every_version() {
    with_debian(every_version());
}

#[test]
fn nobody_but_the_models_nodes_with_their_own_credential_is_heard() {
    with_debian(nobody_else());
}

#[test]
fn a_trap_names_its_port_by_whatever_it_carries() {
    let index = |object: Object, value| VarBind::new(object.at(7), value);
    let named = |name: &str| Some(HintedPort::Named(DeviceText::clean(name.as_bytes())));
    let text = |text: &str| Value::from(text.as_bytes());
    let cases = [
        (vec![], None),
        (
            vec![index(Object::IfIndex, Value::Integer(9))],
            Some(HintedPort::Index(9)),
        ),
        (
            vec![index(Object::IfOperStatus, Value::Integer(2))],
            Some(HintedPort::Index(7)),
        ),
        (
            vec![index(Object::IfDescr, text("GigabitEthernet0/7"))],
            named("GigabitEthernet0/7"),
        ),
        (
            vec![
                index(Object::IfDescr, text("long")),
                index(Object::IfName, text("Gi0/7")),
            ],
            named("Gi0/7"),
        ),
        (
            vec![index(Object::IfName, text("a\u{1b}[2J"))],
            named("a?[2J"),
        ),
        (
            vec![VarBind::new(
                Oid::new([1, 3, 6, 1, 4, 1, 9]),
                Value::Integer(1),
            )],
            None,
        ),
    ];
    for (varbinds, port) in cases {
        assert_eq!(trap::port(&varbinds), port, "{varbinds:?}");
    }
    // There and back.
    let name = DeviceText::clean("xe-0/0/1".as_bytes());
    let (oid, varbinds) = trap::told(Sign::LinkUp, Some((4, &name))).expect("a standard one");
    assert_eq!(trap::sign(&oid), Sign::LinkUp);
    assert_eq!(trap::port(&varbinds), Some(HintedPort::Named(name)));
}

#[test]
fn one_sender_in_a_storm_leaves_room_for_the_others() {
    let now = spanwatch::clock::now();
    let mut valve = Valve::default();
    let loud = NodeId::from("loud");
    let let_in = (0..100_000).filter(|_| valve.admits(&loud, now)).count();
    assert_eq!(let_in, 8);
    assert!(valve.admits(&"quiet".into(), now));
    // All together: a thousand that each say one thing.
    let each = (0..1_000)
        .filter(|n| valve.admits(&format!("n{n}").as_str().into(), now))
        .count();
    assert_eq!(each, 512 - 9);
    // And in the long run.
    let later = (1..=60).filter(|second| valve.admits(&loud, now + Duration::from_secs(*second)));
    assert_eq!(later.count(), 60);
}

fn hint(node: &NodeId, sign: Sign, at: std::time::Instant) -> Hint {
    Hint {
        node: node.clone(),
        sign,
        port: None,
        at,
    }
}

#[test]
fn a_storm_of_traps_stays_a_few_questions_and_nobody_is_believed() {
    let reference = reference();
    let mut trial = Trial::of(&reference, 7);
    trial.run(70);
    let nodes: Vec<NodeId> = (reference.network.nodes.values())
        .filter(|node| node.snmp.is_some() && node.id != reference.network.monitor)
        .map(|node| node.id.clone())
        .collect();
    assert!(nodes.len() > 200);
    let mut asked: BTreeMap<NodeId, u32> = BTreeMap::new();
    let mut questions = 0;
    let mut keep = |trial: &mut Trial, asks: Vec<Ask>| {
        for ask in asks {
            if ask.target.method == Method::Snmp {
                *asked.entry(ask.target.node.clone()).or_default() += 1;
            }
            questions += u32::from(ask.times);
            trial.world.ask(&ask, trial.now);
        }
    };
    // Ten seconds in which every device says a hundred times a second that everything is down.
    for _ in 0..1_000 {
        for node in &nodes {
            let said = hint(node, Sign::LinkDown, trial.now);
            let asks = trial.monitor.hint(&said, trial.now);
            keep(&mut trial, asks);
        }
        trial.run_for(Duration::from_millis(10));
        assert!(trial.monitor.book().is_quiet(), "{:?}", incidents(&trial));
    }
    // A burst of sixteen, four a second after it, two questions each.
    assert!(questions <= 2 * (16 + 4 * 11), "{questions}");
    assert!(asked.values().all(|times| *times <= 2), "{asked:?}");
    trial.run(120);
    assert!(trial.monitor.book().is_quiet() && silenced(&mut trial).is_empty());
    let counts = trial.monitor.picture(trial.now, trial.at).counts(trial.at);
    assert_eq!(counts.up, 483, "{counts:?}");
    // From nobody, or about nobody: no question at all.
    let stranger = hint(&"nobody".into(), Sign::ColdStart, trial.now);
    assert!(trial.monitor.hint(&stranger, trial.now).is_empty());
}

/// Returns a link whose loss cuts nobody off and that a device can report.
fn spare(trial: &Trial) -> Element {
    let network = &trial.monitor.reference().network;
    let is_seen = |node: &NodeId| network.nodes[node].snmp.is_some();
    let link = network.links.values().find(|link| {
        link.id.as_str() == "core-1--core-2" && link.ends().iter().all(|end| is_seen(&end.node))
    });
    Element::Link(link.expect("the core is a ring").id.clone())
}

fn time_to_name(trial: &Trial, cut: &Element) -> (Option<Duration>, Vec<Evidence>) {
    let mut trial = trial.clone();
    trial.act(&Action::Cut(vec![cut.clone()]));
    let took = trial.run_until(90, |monitor| !monitor.book().is_quiet());
    trial.run(10);
    let open = incidents(&trial);
    assert_eq!(open.len(), 1, "{open:?}");
    assert_eq!(
        (open[0].kind, open[0].causes.contains(cut)),
        (IncidentKind::Redundancy, true)
    );
    (took, open[0].evidence.clone())
}

#[test]
fn a_lost_redundancy_is_named_in_seconds_where_devices_speak_and_the_trap_stands_as_evidence() {
    let reference = reference();
    let mut deaf = Trial::of(&reference, 7);
    deaf.run(70);
    let cut = spare(&deaf);
    let mut hearing = Trial::of(&reference, 7).listening();
    hearing.run(70);
    let (slow, evidence) = time_to_name(&deaf, &cut);
    assert!(
        !evidence
            .iter()
            .any(|each| matches!(each, Evidence::Hint { .. }))
    );
    let (quick, evidence) = time_to_name(&hearing, &cut);
    assert!(
        quick < slow && quick.is_some_and(|took| took < Duration::from_secs(5)),
        "{quick:?}"
    );
    let hint = evidence
        .iter()
        .find(|each| matches!(each, Evidence::Hint { .. }));
    let hint = hint.expect("it says what made it ask");
    let english = reason::evidence(&Words::of(Language::En), hint);
    assert!(
        english.starts_with("linkDown trap from core-") && english.contains(", port "),
        "{english}"
    );
    let vietnamese = reason::evidence(&Words::of(Language::Vi), hint);
    assert!(
        vietnamese.starts_with("trap linkDown từ core-"),
        "{vietnamese}"
    );
    // And its end is heard as soon.
    hearing.act(&Action::Cut(vec![cut.clone()]));
    hearing.run(30);
    hearing.act(&Action::Restore(vec![cut]));
    let ended = hearing.run_until(60, |monitor| monitor.book().is_quiet());
    assert!(
        ended.is_some_and(|took| took < Duration::from_secs(15)),
        "{ended:?}"
    );
}

#[test]
fn a_trap_is_never_a_verdict() {
    let reference = reference();
    let mut trial = Trial::of(&reference, 7).listening();
    trial.run(70);
    let liar = NodeId::from("core-1");
    for sign in [
        Sign::LinkDown,
        Sign::ColdStart,
        Sign::AuthenticationFailure,
        Sign::Other,
    ] {
        let asks = trial.monitor.hint(&hint(&liar, sign, trial.now), trial.now);
        for ask in asks {
            trial.world.ask(&ask, trial.now);
        }
        trial.run(20);
    }
    // A reboot is heard, looked into, and nothing is wrong.
    trial.act(&Action::Agent {
        node: liar.clone(),
        behaviour: Behaviour::Reboot,
    });
    trial.run(20);
    assert!(trial.monitor.book().is_quiet());
    let picture = trial.monitor.picture(trial.now, trial.at);
    assert_eq!(picture.health(&liar, trial.at), Health::Up);
}
