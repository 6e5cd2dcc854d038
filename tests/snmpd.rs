//! Our poll against somebody else's agent and somebody else's walk: Debian's snmpd and snmpbulkwalk.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use spanwatch::model::credential::{AuthProtocol, Credential, Keyring, PrivacyProtocol};
use spanwatch::model::device::{CounterWidth, Device, Interface, PortStatus};
use spanwatch::model::reading::Answer;
use spanwatch::model::target::{Method, Target, TargetId};
use spanwatch::probe::poll::{Hint, Poll, PollError, Question};
use spanwatch::probe::roster::Pace;
use spanwatch::probe::{open, start};
use spanwatch::wire::mib::Object;
use tokio_util::sync::CancellationToken;

const COMMUNITY: &str = "loopback";
const WORDS: &str = "authentic words";
const PRIVATE: &str = "private words";

/// A user: name, authentication and privacy as snmpd spells them and as we do.
type User = (
    &'static str,
    (&'static str, AuthProtocol),
    Option<(&'static str, PrivacyProtocol)>,
);

#[rustfmt::skip]
const USERS: &[User] = &[
    ("signed", ("SHA-256", AuthProtocol::Sha256), Some(("AES", PrivacyProtocol::Aes128))),
    ("old", ("SHA", AuthProtocol::Sha1), Some(("AES", PrivacyProtocol::Aes128))),
    ("oldest", ("MD5", AuthProtocol::Md5), Some(("DES", PrivacyProtocol::Des))),
    ("strong", ("SHA-512", AuthProtocol::Sha512), Some(("AES-256", PrivacyProtocol::Aes256))),
    ("open", ("SHA-256", AuthProtocol::Sha256), None),
];

struct Snmpd {
    child: Child,
    port: u16,
    // Its folder goes with it.
    _state: tempfile::TempDir,
}

impl Drop for Snmpd {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Snmpd {
    fn start() -> Result<Self, String> {
        let mut users = String::new();
        for (user, (auth, _), privacy) in USERS {
            let (cipher, level) = match privacy {
                Some((cipher, _)) => (format!("{cipher} \"{PRIVATE}\""), "authpriv"),
                None => (String::new(), "authnopriv"),
            };
            let _ = write!(
                users,
                "createUser {user} {auth} \"{WORDS}\" {cipher}\nrouser {user} {level}\n"
            );
        }
        Self::start_with(&users)
    }

    fn start_with(users: &str) -> Result<Self, String> {
        let told = |error: std::io::Error| error.to_string();
        let program = ["/usr/sbin/snmpd", "/usr/local/sbin/snmpd"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .ok_or("snmpd is not installed")?;
        Command::new("snmpbulkwalk")
            .arg("-V")
            .output()
            .map_err(|_| "snmpbulkwalk is not installed")?;
        let state = tempfile::tempdir().map_err(told)?;
        let port = UdpSocket::bind("127.0.0.1:0")
            .and_then(|socket| socket.local_addr())
            .map_err(told)?
            .port();
        let text = format!(
            "agentaddress udp:127.0.0.1:{port}\nrocommunity {COMMUNITY} 127.0.0.1\nsysName under test\n\
             sysLocation phòng máy\nsysContact nobody\n{users}"
        );
        let file = state.path().join("snmpd.conf");
        std::fs::write(&file, text).map_err(told)?;
        let child = Command::new(program)
            .args([
                "-f",
                "-Ln",
                "-C",
                "-I",
                "-smux,mteTrigger,mteTriggerConf",
                "-c",
            ])
            .arg(&file)
            .env("SNMP_PERSISTENT_DIR", state.path())
            .env("MIBS", "")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(told)?;
        let snmpd = Self {
            child,
            port,
            _state: state,
        };
        let began = spanwatch::clock::now();
        while snmpd
            .walk(Object::SysName.oid().to_string().as_str())
            .is_empty()
        {
            if began.elapsed() > Duration::from_secs(20) {
                return Err("snmpd does not answer snmpbulkwalk".to_owned());
            }
        }
        Ok(snmpd)
    }

    /// Walks a subtree with somebody else's program: identifier to value, octets in hexadecimal.
    fn walk(&self, root: &str) -> BTreeMap<String, String> {
        let output = Command::new("snmpbulkwalk")
            .args(["-v2c", "-c", COMMUNITY, "-r", "1", "-t", "2", "-OnQext"])
            .arg(format!("127.0.0.1:{}", self.port))
            .arg(root)
            .env("MIBS", "")
            .output()
            .expect("it was found");
        let text = String::from_utf8_lossy(&output.stdout);
        let mut rows = BTreeMap::new();
        // Long octet strings go on in the next line.
        for row in text.replace("\n.", "\n\n.").split("\n\n") {
            if let Some((oid, value)) = row.trim().split_once(" =") {
                let value = value.replace(['\n', '"'], " ");
                rows.insert(
                    oid.trim_start_matches('.').to_owned(),
                    value.trim().to_owned(),
                );
            }
        }
        rows
    }

    /// Lists what another program finds below an identifier.
    fn list(&self, program: &str, how: &[&str], root: &str) -> Vec<String> {
        let output = Command::new(program)
            .args(how)
            .args(["-r", "1", "-t", "5", "-OnQ"])
            .arg(format!("127.0.0.1:{}", self.port))
            .arg(root)
            .env("MIBS", "")
            .output()
            .expect("it was found");
        let text = String::from_utf8_lossy(&output.stdout);
        // Lines that go on do not begin with an identifier.
        text.lines()
            .filter_map(|line| Some(line.strip_prefix('.')?.split_once(" =")?.0.to_owned()))
            .collect()
    }

    fn tables(&self) -> BTreeMap<String, String> {
        let mut rows = self.walk("1.3.6.1.2.1.2.2");
        rows.extend(self.walk("1.3.6.1.2.1.31.1.1"));
        rows
    }
}

fn keyring() -> Keyring {
    let mut keyring = Keyring::new();
    let community = |text: &str| text.to_owned().into();
    keyring.insert(
        "v1".into(),
        Credential::V1 {
            community: community(COMMUNITY),
        },
    );
    keyring.insert(
        "v2c".into(),
        Credential::V2c {
            community: community(COMMUNITY),
        },
    );
    keyring.insert(
        "wrong community".into(),
        Credential::V2c {
            community: community("public"),
        },
    );
    let user = |user: &str, auth, words: &str, privacy: Option<PrivacyProtocol>| Credential::V3 {
        user: user.to_owned(),
        auth: Some((auth, words.to_owned().into())),
        privacy: privacy.map(|privacy| (privacy, PRIVATE.to_owned().into())),
    };
    for (name, (_, auth), privacy) in USERS {
        let credential = user(name, *auth, WORDS, privacy.map(|(_, privacy)| privacy));
        keyring.insert((*name).into(), credential);
    }
    let aes = Some(PrivacyProtocol::Aes128);
    keyring.insert(
        "wrong words".into(),
        user("signed", AuthProtocol::Sha256, "other words", aes),
    );
    keyring.insert(
        "wrong hash".into(),
        user("signed", AuthProtocol::Sha512, WORDS, aes),
    );
    keyring.insert(
        "nobody".into(),
        user("nobody", AuthProtocol::Sha256, WORDS, aes),
    );
    keyring
}

/// Polls once with every credential.
async fn poll(port: u16) -> Result<BTreeMap<String, Answer>, String> {
    let sockets = open()
        .await
        .map_err(|error| format!("{error} {}", error.source))?;
    let targets: Vec<Target> = keyring()
        .into_keys()
        .map(|name| Target {
            id: TargetId {
                node: name.as_str().into(),
                method: Method::Snmp,
            },
            address: Ipv4Addr::LOCALHOST.into(),
            interval: Duration::from_secs(20),
            timeout: Duration::from_secs(3),
            retries: 0,
            credential: Some(name),
        })
        .collect();
    let count = targets.len();
    let cancel = CancellationToken::new();
    let _guard = cancel.clone().drop_guard();
    let sockets = sockets.with_snmp_port(port);
    let mut probes = start(sockets, targets, &keyring(), Pace::Sweep, 1, cancel);
    let mut heard = BTreeMap::new();
    while heard.len() < count {
        let reading = probes.readings.recv().await.expect("a reading");
        heard.insert(reading.target.node.to_string(), reading.answer);
    }
    Ok(heard)
}

/// What another program read of one port, cell by cell.
struct Row<'a>(&'a BTreeMap<String, String>, u32);

impl Row<'_> {
    fn cell(&self, column: Object) -> Option<&str> {
        self.0
            .get(&column.at(self.1).to_string())
            .map(String::as_str)
    }

    fn number(&self, column: Object) -> Option<u64> {
        self.cell(column)?.parse().ok()
    }

    fn octets(&self, column: Object) -> Vec<u8> {
        let hex = self.cell(column).unwrap_or_default().split_whitespace();
        hex.map(|byte| u8::from_str_radix(byte, 16).expect("hexadecimal"))
            .collect()
    }
}

fn status(number: Option<u64>) -> PortStatus {
    match number {
        Some(1) => PortStatus::Up,
        Some(2) => PortStatus::Down,
        Some(3) => PortStatus::Testing,
        Some(5) => PortStatus::Dormant,
        Some(6) => PortStatus::NotPresent,
        Some(7) => PortStatus::LowerLayerDown,
        _ => PortStatus::Unknown,
    }
}

/// Compares one port; counters move, so they must lie between two walks.
fn same(port: &Interface, before: &Row, after: &Row, width: CounterWidth) {
    let text = |column| String::from_utf8(before.octets(column)).expect("names of this machine");
    assert_eq!(port.name.as_str(), text(Object::IfName));
    assert_eq!(port.descr.as_str(), text(Object::IfDescr));
    assert_eq!(port.alias.as_str(), text(Object::IfAlias));
    assert_eq!(Some(u64::from(port.kind)), before.number(Object::IfType));
    let mac = before.octets(Object::IfPhysAddress);
    assert_eq!(port.mac.map(|mac| mac.to_vec()).unwrap_or_default(), mac);
    assert_eq!(port.admin, status(before.number(Object::IfAdminStatus)));
    assert_eq!(port.oper, status(before.number(Object::IfOperStatus)));
    let fast = before
        .number(Object::IfHighSpeed)
        .filter(|megabits| *megabits > 0);
    let speed = fast.map(|megabits| megabits * 1_000_000);
    assert_eq!(port.speed, speed.or(before.number(Object::IfSpeed)));
    assert_eq!(port.counters, width);
    let (octets_in, octets_out) = match width {
        CounterWidth::Bits32 => (Object::IfInOctets, Object::IfOutOctets),
        CounterWidth::Bits64 => (Object::IfHcInOctets, Object::IfHcOutOctets),
    };
    for (column, ours) in [
        (octets_in, port.in_octets),
        (octets_out, port.out_octets),
        (Object::IfInErrors, port.in_errors),
        (Object::IfOutErrors, port.out_errors),
        (Object::IfInDiscards, port.in_discards),
        (Object::IfOutDiscards, port.out_discards),
    ] {
        let (low, high) = (before.number(column), after.number(column));
        assert!(low.is_some(), "{} is served", column.name());
        assert!(
            low <= ours && ours <= high,
            "{}: {low:?} {ours:?} {high:?}",
            column.name()
        );
    }
}

fn equal(
    device: &Device,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
    width: CounterWidth,
) {
    let column = format!("{}.", Object::IfDescr.oid());
    let rows: Vec<u32> = before
        .keys()
        .filter_map(|oid| oid.strip_prefix(&column)?.parse().ok())
        .collect();
    assert_eq!(device.interfaces.len(), rows.len());
    for port in &device.interfaces {
        same(
            port,
            &Row(before, port.index),
            &Row(after, port.index),
            width,
        );
    }
    let system = &device.system;
    assert_eq!(system.name.as_str(), "under test");
    assert_eq!(system.location.as_str(), "phòng máy");
    assert!(
        system.descr.as_str().starts_with("Linux "),
        "{}",
        system.descr
    );
    assert_eq!(system.object_id, "1.3.6.1.4.1.8072.3.2.10");
    assert!(
        system
            .uptime
            .is_some_and(|uptime| uptime < Duration::from_mins(10))
    );
}

/// Gives this thread a network of its own with forty pairs of ports, where it may.
fn many_ports() -> bool {
    let ports =
        "ip link set lo up; for n in $(seq 40); do ip link add a$n type veth peer name b$n; done
                 ip link set a1 up; ip link set b1 up; ip link set a2 alias 'tới phường Thuận Hóa'";
    unshare(CloneFlags::CLONE_NEWNET).is_ok()
        && Command::new("sh")
            .args(["-ec", ports])
            .status()
            .is_ok_and(|status| status.success())
}

fn compare() -> Result<(), String> {
    let many = many_ports();
    let snmpd = Snmpd::start()?;
    let before = snmpd.tables();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    let heard = runtime.block_on(poll(snmpd.port))?;
    let after = snmpd.tables();
    for (name, answer) in &heard {
        let is_user = USERS.iter().any(|user| user.0 == name);
        match (name.as_str(), answer) {
            ("v1", Answer::Device(device)) => equal(device, &before, &after, CounterWidth::Bits32),
            ("v2c", Answer::Device(device)) => equal(device, &before, &after, CounterWidth::Bits64),
            (_, Answer::Device(device)) if is_user => {
                equal(device, &before, &after, CounterWidth::Bits64);
            }
            // What does not fit looks like silence, never like an answer and never like our own fault.
            (name, Answer::Silent) if name.starts_with("wrong") || name == "nobody" => {}
            other => return Err(format!("unexpected: {other:?}")),
        }
    }
    if let (true, Some(Answer::Device(device))) = (many, heard.get("signed")) {
        assert_eq!(device.interfaces.len(), 81);
    }
    Ok(())
}

#[test]
fn poll_equals_the_walk_of_another_program_in_every_version() {
    // A thread of its own, because the namespace is the thread's.
    let ended = std::thread::scope(|scope| scope.spawn(compare).join().expect("no panic inside"));
    match ended {
        Ok(()) => {}
        Err(why) if why.starts_with("unexpected") => panic!("{why}"),
        Err(why) => println!("skipped: {why}"),
    }
}

/// What snmpd calls its authentication protocols, and what we call them.
const AUTH: [(&str, AuthProtocol); 6] = [
    ("MD5", AuthProtocol::Md5),
    ("SHA", AuthProtocol::Sha1),
    ("SHA-224", AuthProtocol::Sha224),
    ("SHA-256", AuthProtocol::Sha256),
    ("SHA-384", AuthProtocol::Sha384),
    ("SHA-512", AuthProtocol::Sha512),
];

/// The same for privacy.
const PRIVACY: [(&str, PrivacyProtocol); 4] = [
    ("DES", PrivacyProtocol::Des),
    ("AES", PrivacyProtocol::Aes128),
    ("AES-192", PrivacyProtocol::Aes192),
    ("AES-256", PrivacyProtocol::Aes256),
];

/// Walks with our own program; the identifiers.
fn ours(port: u16, credential: Credential, root: &str) -> Result<Vec<String>, PollError> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let question = Question {
        agent: (Ipv4Addr::LOCALHOST, port).into(),
        credential,
        timeout: Duration::from_secs(5),
        retries: 1,
        within: Duration::from_mins(1),
    };
    runtime.block_on(async {
        let poll = Poll::open(&question, 7).await?;
        let walked = poll.walk(&root.parse().expect("an identifier")).await?;
        assert_eq!(walked.trouble, None, "{root}");
        Ok(walked.rows.into_iter().map(|row| row.oid).collect())
    })
}

fn user(name: &str, auth: Option<AuthProtocol>, privacy: Option<PrivacyProtocol>) -> Credential {
    Credential::V3 {
        user: name.to_owned(),
        auth: auth.map(|auth| (auth, WORDS.to_owned().into())),
        privacy: privacy.map(|privacy| (privacy, PRIVATE.to_owned().into())),
    }
}

fn walks() -> Result<(), String> {
    let _ = many_ports();
    let mut users = String::from("createUser nokey\nrouser nokey noauth\n");
    for (auth, _) in AUTH {
        let _ = writeln!(
            users,
            "createUser u{auth} {auth} \"{WORDS}\"\nrouser u{auth} auth"
        );
        for (cipher, _) in PRIVACY {
            let name = format!("u{auth}{cipher}");
            let _ = writeln!(
                users,
                "createUser {name} {auth} \"{WORDS}\" {cipher} \"{PRIVATE}\"\nrouser {name} priv"
            );
        }
    }
    let snmpd = Snmpd::start_with(&users)?;
    let same = |credential: Credential, program: &str, how: &[&str], roots: &[&str]| {
        for root in roots {
            let theirs = snmpd.list(program, how, root);
            let found = ours(snmpd.port, credential.clone(), root)
                .map_err(|error| format!("unexpected: {how:?}: {error:?}"))?;
            if theirs.is_empty() || found != theirs {
                let counts = (found.len(), theirs.len());
                return Err(format!("unexpected: {how:?} below {root}: {counts:?}"));
            }
        }
        Ok::<(), String>(())
    };
    let (system, ports, names) = ("1.3.6.1.2.1.1", "1.3.6.1.2.1.2", "1.3.6.1.2.1.31");
    let community = || COMMUNITY.to_owned().into();
    let v1 = Credential::V1 {
        community: community(),
    };
    same(
        v1,
        "snmpwalk",
        &["-v1", "-c", COMMUNITY],
        &[system, ports, names],
    )?;
    let v2c = Credential::V2c {
        community: community(),
    };
    let all = [system, ports, names, "1.3.6.1.2.1.1.5.0", "1.3.6.1.6.3.10"];
    same(v2c, "snmpbulkwalk", &["-v2c", "-c", COMMUNITY], &all)?;
    let open = ["-v3", "-u", "nokey", "-l", "noAuthNoPriv"];
    same(user("nokey", None, None), "snmpbulkwalk", &open, &[ports])?;
    for (auth, protocol) in AUTH {
        let name = format!("u{auth}");
        let signed = [
            "-v3",
            "-u",
            &name,
            "-l",
            "authNoPriv",
            "-a",
            auth,
            "-A",
            WORDS,
        ];
        same(
            user(&name, Some(protocol), None),
            "snmpbulkwalk",
            &signed,
            &[ports],
        )?;
        for (cipher, privacy) in PRIVACY {
            let name = format!("u{auth}{cipher}");
            let how = [
                "-v3", "-u", &name, "-l", "authPriv", "-a", auth, "-A", WORDS, "-x", cipher, "-X",
                PRIVATE,
            ];
            let credential = user(&name, Some(protocol), Some(privacy));
            same(credential, "snmpbulkwalk", &how, &[names])?;
        }
    }
    // Whoever is not known is silent, and a question without a key says which it was.
    let wrong = |credential| match ours(snmpd.port, credential, system) {
        Err(PollError::Silent(hint)) => Some(hint),
        _ => None,
    };
    let public = Credential::V2c {
        community: "public".to_owned().into(),
    };
    assert_eq!(wrong(public), Some(Hint::WrongCommunity));
    let sha = Some(AuthProtocol::Sha512);
    assert_eq!(wrong(user("uMD5", sha, None)), Some(Hint::WrongKey));
    let aes = Some(PrivacyProtocol::Aes128);
    assert_eq!(wrong(user("uSHA-512DES", sha, aes)), Some(Hint::WrongKey));
    assert_eq!(wrong(user("nobody", sha, aes)), Some(Hint::UnknownUser));
    drop(snmpd);
    Ok(())
}

#[test]
fn walks_equal_those_of_another_program_with_every_pair_of_protocols() {
    let ended = std::thread::scope(|scope| scope.spawn(walks).join().expect("no panic inside"));
    match ended {
        Ok(()) => {}
        Err(why) if why.starts_with("unexpected") => panic!("{why}"),
        Err(why) => println!("skipped: {why}"),
    }
}
