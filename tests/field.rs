//! A real network of our own making: namespaces, virtual cables, Debian's agents, and no lab anywhere.
//!
//! ```text
//!                         a1, a2                  a3, a4
//!                            |                      |
//!   noc (the monitor) ------ r1 -- fibre, radio -- r2
//! ```
//!
//! What an engineer does on the first day: `init` from a list of addresses, an edit, `lint`, `check`, `watch`;
//! then somebody pulls a cable.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

use crate::terminal::pty::{PATIENCE, Pty};
use spanwatch::clock::now;

const COMMUNITY: &str = "field-access";
const WORDS: &str = "authentic words";
const PRIVATE: &str = "private words";

/// A namespace, held by a process that ends with us: it reads what we never write.
struct Space {
    child: Child,
}

impl Drop for Space {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Space {
    /// Runs a program that makes a namespace; `Err` where that is refused.
    fn hold(mut make: Command) -> Result<Self, String> {
        let mut child = make
            .args(["sh", "-c", "echo ready; exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", make.get_program().display()))?;
        let mut line = String::new();
        let heard = child
            .stdout
            .take()
            .map(|out| BufReader::new(out).read_line(&mut line));
        if matches!(heard, Some(Ok(_))) && line == "ready\n" {
            return Ok(Self { child });
        }
        let output = child
            .wait_with_output()
            .map_err(|error| error.to_string())?;
        Err(String::from_utf8_lossy(&output.stderr).trim().to_owned())
    }

    fn pid(&self) -> String {
        self.child.id().to_string()
    }
}

/// The network. Agents go first, then the namespaces.
struct Field {
    agents: Vec<Child>,
    spaces: Vec<(&'static str, Space)>,
    is_root: bool,
    folder: tempfile::TempDir,
}

impl Drop for Field {
    fn drop(&mut self) {
        for agent in &mut self.agents {
            let _ = agent.kill();
            let _ = agent.wait();
        }
    }
}

/// Two ends of a cable: namespace, port, address.
type End = (&'static str, &'static str, &'static str);

const CABLES: [(End, End); 7] = [
    (
        ("noc", "up0", "10.77.0.2/30"),
        ("r1", "noc0", "10.77.0.1/30"),
    ),
    (
        ("r1", "fibre0", "10.77.9.1/30"),
        ("r2", "fibre0", "10.77.9.2/30"),
    ),
    (
        ("r1", "radio0", "10.77.9.5/30"),
        ("r2", "radio0", "10.77.9.6/30"),
    ),
    (("r1", "ge1", "10.77.1.1/30"), ("a1", "wan", "10.77.1.2/30")),
    (("r1", "ge2", "10.77.1.5/30"), ("a2", "wan", "10.77.1.6/30")),
    (("r2", "ge3", "10.77.2.1/30"), ("a3", "wan", "10.77.2.2/30")),
    (("r2", "ge4", "10.77.2.5/30"), ("a4", "wan", "10.77.2.6/30")),
];

/// The list that `init` is given.
const LIST: &str = "10.77.1.2 Clinic\n10.77.1.6 School\n10.77.2.2 Police\n10.77.2.6 Town hall\n";

impl Field {
    /// Builds it; `Err` says what is missing or refused.
    fn build() -> Result<Self, String> {
        for program in ["unshare", "nsenter", "ip", "snmpget", "setsid"] {
            let found = Command::new("sh")
                .args(["-c", &format!("command -v {program}")])
                .output();
            if !found.is_ok_and(|found| found.status.success()) {
                return Err(format!("`{program}` is not installed"));
            }
        }
        let is_root = nix::unistd::geteuid().is_root();
        let folder = tempfile::tempdir().map_err(|error| error.to_string())?;
        let mut field = Self {
            agents: Vec::new(),
            spaces: Vec::new(),
            is_root,
            folder,
        };
        for name in ["noc", "r1", "r2", "a1", "a2", "a3", "a4"] {
            let make = match field.spaces.first() {
                None => {
                    let mut make = Command::new("unshare");
                    make.arg(if is_root { "-n" } else { "-rn" });
                    make
                }
                // All belong to the same user namespace, or no cable could be laid between them.
                Some(_) => field.inside("noc", &["unshare", "-n"]),
            };
            field.spaces.push((name, Space::hold(make)?));
            field.ip(name, &["link", "set", "lo", "up"])?;
        }
        for ((here, port, address), (there, other, far)) in CABLES {
            let pid = field.space(there).pid();
            field.ip(
                here,
                &[
                    "link", "add", "name", port, "type", "veth", "peer", "name", other, "netns",
                    &pid,
                ],
            )?;
            for (space, port, address) in [(here, port, address), (there, other, far)] {
                field.ip(space, &["address", "add", address, "dev", port])?;
                field.ip(space, &["link", "set", port, "up"])?;
            }
        }
        for (space, via) in [
            ("noc", "10.77.0.1"),
            ("a1", "10.77.1.1"),
            ("a2", "10.77.1.5"),
            ("a3", "10.77.2.1"),
            ("a4", "10.77.2.5"),
        ] {
            field.ip(space, &["route", "add", "default", "via", via])?;
        }
        for (space, to, fibre, radio) in [
            ("r1", "10.77.2.0/24", "10.77.9.2", "10.77.9.6"),
            ("r2", "10.77.0.0/23", "10.77.9.1", "10.77.9.5"),
        ] {
            field.ip(space, &["route", "add", to, "via", fibre, "metric", "10"])?;
            field.ip(space, &["route", "add", to, "via", radio, "metric", "20"])?;
            // What a routing protocol would do: a route over a dead line is none.
            let script = "set -e; cd /proc/sys/net/ipv4; echo 1 > ip_forward; \
                          for c in all default fibre0 radio0; do \
                          echo 1 > conf/$c/ignore_routes_with_linkdown; echo 0 > conf/$c/rp_filter; done";
            field.sh(space, script)?;
        }
        // Its own address lies on no line, as routers have it: it answers over whichever is left.
        field.ip("r2", &["address", "add", "10.77.2.254/32", "dev", "lo"])?;
        for router in ["r1", "r2"] {
            field.agent(router, router, "a router")?;
        }
        Ok(field)
    }

    fn space(&self, name: &str) -> &Space {
        let found = self.spaces.iter().find(|(known, _)| *known == name);
        &found.expect("a namespace of that name").1
    }

    /// Words that run a program in a namespace.
    fn way(&self, space: &str) -> Vec<String> {
        let mut words: Vec<String> = ["-t", &self.space(space).pid(), "-n"]
            .map(str::to_owned)
            .into();
        if !self.is_root {
            words.extend(["-U", "--preserve-credentials"].map(str::to_owned));
        }
        words.push("--".to_owned());
        words
    }

    /// A program in a namespace, with nothing of the machine but its path.
    fn inside(&self, space: &str, words: &[&str]) -> Command {
        let mut command = Command::new("nsenter");
        command
            .args(self.way(space))
            .args(words)
            .current_dir(self.folder.path())
            .env_clear()
            .env(
                "PATH",
                "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            )
            .env("STATE_DIRECTORY", self.folder.path().join("state"))
            .stdin(Stdio::null());
        command
    }

    fn done(&self, space: &str, words: &[&str]) -> Result<String, String> {
        let output = self
            .inside(space, words)
            .output()
            .map_err(|error| error.to_string())?;
        if output.status.success() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        let said = String::from_utf8_lossy(&output.stderr);
        Err(format!("{space}: {words:?}: {}", said.trim()))
    }

    fn ip(&self, space: &str, words: &[&str]) -> Result<(), String> {
        self.done(space, &[&["ip"], words].concat()).map(drop)
    }

    fn sh(&self, space: &str, script: &str) -> Result<(), String> {
        self.done(space, &["sh", "-c", script]).map(drop)
    }

    /// Starts Debian's agent in a namespace, which calls itself `name`, and waits for its first answer.
    fn agent(&mut self, router: &str, name: &str, descr: &str) -> Result<(), String> {
        let program = ["/usr/sbin/snmpd", "/usr/local/sbin/snmpd"]
            .into_iter()
            .find(|path| Path::new(path).exists())
            .ok_or("snmpd is not installed")?;
        let state = self.folder.path().join(router);
        fs::create_dir(&state).map_err(|error| error.to_string())?;
        let file = state.join("snmpd.conf");
        let text = format!(
            "agentaddress udp:161\nrocommunity {COMMUNITY}\nsysName {name}\nsysDescr {descr}\n\
             createUser watch SHA-256 \"{WORDS}\" AES \"{PRIVATE}\"\nrouser watch authpriv\n"
        );
        fs::write(&file, text).map_err(|error| error.to_string())?;
        let words = [
            program,
            "-f",
            "-Ln",
            "-C",
            "-I",
            "-smux,mteTrigger,mteTriggerConf",
            "-c",
            file.to_str().ok_or("a folder without a name")?,
        ];
        let child = self
            .inside(router, &words)
            .env("SNMP_PERSISTENT_DIR", &state)
            .env("MIBS", "")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| error.to_string())?;
        self.agents.push(child);
        let late = now() + PATIENCE;
        while self.get(router, "1.3.6.1.2.1.1.5.0").is_none() {
            if now() > late {
                return Err("snmpd does not answer".to_owned());
            }
        }
        Ok(())
    }

    /// Asks a router's agent with somebody else's program.
    fn get(&self, router: &str, oid: &str) -> Option<String> {
        let ask = "MIBS= exec snmpget -v2c -c \"$1\" -r 0 -t 1 -Oqv 127.0.0.1 \"$2\"";
        let said = self
            .done(router, &["sh", "-c", ask, "sh", COMMUNITY, oid])
            .ok()?;
        Some(said.trim().trim_matches('"').to_owned())
    }

    /// Pulls or plugs a cable, and waits until the agent has noticed: Debian's looks every fifteen seconds.
    fn set(&self, router: &str, port: &str, up: bool) {
        let way = if up { "up" } else { "down" };
        self.ip(router, &["link", "set", port, way])
            .expect("a port");
        if up {
            // The kernel forgot them with the port.
            let detour = "ip route replace 10.77.2.0/24 via 10.77.9.2 metric 10";
            if (router, port) == ("r1", "fibre0") {
                self.sh(router, detour).expect("a route");
            }
        }
        let index = self
            .done(
                router,
                &["sh", "-c", &format!("ip -o link show {port} | cut -d: -f1")],
            )
            .expect("a port's number");
        let oid = format!("1.3.6.1.2.1.2.2.1.8.{}", index.trim());
        let wanted = if up { "1" } else { "2" };
        let late = now() + PATIENCE;
        while self.get(router, &oid).as_deref() != Some(wanted) {
            assert!(now() < late, "{router} never reports {port} {way}");
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    fn spanwatch(&self, words: &[&str]) -> Output {
        let words = [&[env!("CARGO_BIN_EXE_spanwatch")], words].concat();
        self.inside("noc", &words)
            .output()
            .expect("the program runs")
    }

    /// Runs one check and returns its exit code and its document.
    fn check(&self) -> (Option<i32>, Value) {
        let output = self.spanwatch(&[
            "check",
            "--topology",
            "net",
            "--format",
            "json",
            "-t",
            "30s",
        ]);
        let document = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
            panic!("{error}: {}", String::from_utf8_lossy(&output.stderr));
        });
        (output.status.code(), document)
    }

    /// Walks through the first day: `init`, an edit that says what lies between, credentials, `lint`.
    fn write_topology(&self) {
        let folder = self.folder.path();
        fs::write(folder.join("addresses.txt"), LIST).expect("written");
        let output = self.spanwatch(&[
            "init",
            "net",
            "--no-input",
            "--name",
            "Field",
            "--hub",
            "R1",
            "--hub-address",
            "10.77.0.1",
            "--monitor",
            "NOC",
            "--credential",
            "access",
            "--time-zone",
            "Asia/Ho_Chi_Minh",
            "--from",
            "addresses.txt",
        ]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if said.contains("unrecognized subcommand") {
            use spanwatch::inventory::init::{Answers, Listed, first};
            let answers = Answers {
                name: "Field".into(),
                hub: "R1".into(),
                hub_address: "10.77.0.1".parse().ok(),
                monitor: Some("NOC".into()),
                credential: Some("access".into()),
                time_zone: "UTC".into(),
                listed: LIST
                    .lines()
                    .map(|l| {
                        let (a, n) = l.split_once(' ').expect("x");
                        Listed {
                            address: a.parse().expect("x"),
                            name: Some(n.into()),
                        }
                    })
                    .collect(),
            };
            fs::create_dir(folder.join("net")).expect("x");
            fs::write(folder.join("net/network.toml"), first(&answers)).expect("x");
        } else {
            assert_eq!(output.status.code(), Some(0), "{said}");
        }
        let path = folder.join("net/network.toml");
        let mut text = fs::read_to_string(&path).expect("what init wrote");
        // Every place that is edited must be there as `init` wrote it.
        let mut edit = |from: &str, to: &str| {
            assert_eq!(text.matches(from).count(), 1, "`{from}` in\n{text}");
            text = text.replace(from, to);
        };
        edit(
            r#"id = "clinic--r1", to = "r1""#,
            r#"id = "clinic--r1", to = "r1:ge1""#,
        );
        edit(
            r#"id = "school--r1", to = "r1""#,
            r#"id = "school--r1", to = "r1:ge2""#,
        );
        edit(
            r#"id = "police--r1", to = "r1""#,
            r#"id = "police--r2", to = "r2:ge3""#,
        );
        edit(
            r#"id = "town-hall--r1", to = "r1""#,
            r#"id = "town-hall--r2", to = "r2:ge4""#,
        );
        let _ = write!(
            text,
            "\n[[node]]\nid = \"r2\"\nrole = \"pop\"\ntransit = true\naddress = \"10.77.2.254\"\n\
             addresses = [\"10.77.9.2\", \"10.77.9.6\", \"10.77.2.1\", \"10.77.2.5\"]\nsnmp = \"routers-v3\"\n"
        );
        for line in ["fibre", "radio"] {
            let metric = if line == "fibre" { 10 } else { 20 };
            let _ = write!(
                text,
                "\n[[link]]\nid = \"r1--r2-{line}\"\na = \"r1:{line}0\"\nb = \"r2:{line}0\"\n\
                 kind = \"{line}\"\nmetric = {metric}\n"
            );
        }
        fs::write(&path, text).expect("edited");
        let path = folder.join("credentials.toml");
        let secrets = format!(
            "[snmp.access]\nversion = \"2c\"\ncommunity = \"{COMMUNITY}\"\n\n\
             [snmp.routers-v3]\nversion = \"3\"\nuser = \"watch\"\nauth = \"sha256\"\nauth-key = \"{WORDS}\"\n\
             priv = \"aes128\"\npriv-key = \"{PRIVATE}\"\n"
        );
        fs::write(&path, secrets).expect("written");
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).expect("ours");
        let output = self.spanwatch(&["lint", "net"]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(matches!(output.status.code(), Some(0 | 1)), "{told}{said}");
    }
}

/// Returns the ids in a list of strings.
fn ids(value: &Value) -> Vec<&str> {
    value
        .as_array()
        .map(|list| list.iter().filter_map(Value::as_str).collect())
        .unwrap_or_default()
}

/// Asserts that exactly one incident is open: of this kind, one of its causes this, and these cut off by it.
fn one(document: &Value, kind: &str, cause: (&str, &str), cut_off: &[&str]) {
    let incidents = document["incidents"].as_array().expect("a list");
    assert_eq!(incidents.len(), 1, "{document:#}");
    let incident = &incidents[0];
    assert_eq!(incident["kind"], kind, "{incident:#}");
    let causes = incident["causes"].as_array().expect("a list");
    let is_named = causes
        .iter()
        .any(|found| found["kind"] == cause.0 && found["id"] == cause.1);
    assert!(is_named, "{incident:#}");
    assert_eq!(ids(&incident["cut_off"]), cut_off, "{incident:#}");
    let agencies = &document["agencies"];
    let gone = agencies["down"].as_u64().zip(agencies["shadowed"].as_u64());
    assert_eq!(
        gone.map(|(a, b)| a + b),
        Some(cut_off.len() as u64),
        "{agencies:#}"
    );
    assert_eq!(agencies["up"], 4 - cut_off.len(), "{agencies:#}");
}

fn well((code, document): &(Option<i32>, Value)) {
    assert_eq!(
        document["incidents"],
        Value::Array(Vec::new()),
        "{document:#}"
    );
    assert_eq!(document["agencies"]["up"], 4, "{document:#}");
    assert_eq!(*code, Some(0), "{document:#}");
    let states = document["targets"].as_array().expect("a list");
    assert!(states.len() >= 8, "{document:#}");
    for target in states {
        assert_eq!(target["state"], "up", "{target:#}");
    }
}

fn walk(field: &Field) {
    field.write_topology();
    well(&field.check());

    // An agency's own line.
    field.set("r1", "ge1", false);
    let (code, document) = field.check();
    one(&document, "outage", ("link", "clinic--r1"), &["clinic"]);
    assert_eq!(code, Some(2));
    field.set("r1", "ge1", true);
    well(&field.check());

    // One of two lines between the routers: nobody is cut off, and two agencies are on one path.
    field.set("r1", "fibre0", false);
    let (code, document) = field.check();
    one(&document, "redundancy", ("link", "r1--r2-fibre"), &[]);
    assert_eq!(code, Some(1));
    field.set("r1", "fibre0", true);
    well(&field.check());

    // The far router loses both, which is its end.
    field.set("r1", "radio0", false);
    field
        .ip("r2", &["link", "set", "fibre0", "down"])
        .expect("a port");
    let (_, document) = field.check();
    let incidents = document["incidents"].as_array().expect("a list");
    let mut cut_off: Vec<&str> = incidents
        .iter()
        .flat_map(|incident| ids(&incident["cut_off"]))
        .collect();
    cut_off.sort_unstable();
    assert_eq!(cut_off, ["police", "town-hall"], "{document:#}");
    field
        .ip("r2", &["link", "set", "fibre0", "up"])
        .expect("a port");
    field
        .sh(
            "r2",
            "ip route replace 10.77.0.0/23 via 10.77.9.1 metric 10",
        )
        .expect("a route");
    field.set("r1", "radio0", true);
    field
        .sh(
            "r1",
            "ip route replace 10.77.2.0/24 via 10.77.9.6 metric 20",
        )
        .expect("a route");
    well(&field.check());
    look(field);
}

/// The same on the screen, while a cable is pulled and plugged.
fn look(field: &Field) {
    let way = field.way("noc");
    let mut words: Vec<&str> = way.iter().map(String::as_str).collect();
    words.extend([
        env!("CARGO_BIN_EXE_spanwatch"),
        "watch",
        "--topology",
        "net",
        "--lang",
        "en",
    ]);
    let Some(mut pty) = Pty::start("nsenter", &words, |command| {
        command
            .current_dir(field.folder.path())
            .env("STATE_DIRECTORY", field.folder.path().join("state"))
            .env_remove("SPANWATCH_LAB")
            .env_remove("SPANWATCH_CREDENTIALS");
    }) else {
        return;
    };
    pty.until("four agencies up", |text| text.contains("4 up"));
    assert!(pty.glass.text().contains("LIVE"), "{}", pty.glass.text());
    pty.press("4");
    pty.until("page without incidents", |text| {
        text.contains("0 open of 0")
    });
    // Nothing may be broken from the screen of a real network.
    pty.press("X");
    field.set("r2", "ge3", false);
    pty.until("incident", |text| text.contains("1 open of 1"));
    pty.until("cause", |text| text.contains("Police"));
    field.set("r2", "ge3", true);
    pty.until("end of it", |text| text.contains("0 open of 1"));
    pty.press("1");
    pty.until("network as it was", |text| text.contains("4 up"));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    pty.is_whole();
}

#[test]
fn a_network_of_ones_own_is_watched_the_same_day() {
    match Field::build() {
        Ok(field) => walk(&field),
        Err(why) => println!("skipped: {why}"),
    }
}

/// What a device might call itself: sequences that fill a clipboard, clear a screen, set a title and colours,
/// text that turns round, a formula, markup, quotes.
const WORST: &str = "evil\u{1b}]52;c;ZXZpbA==\u{7}\u{1b}[2J\u{1b}[31m\u{9b}5n\u{1b}]0;title\u{7}\u{202e}live\u{2066}\u{200b}\
                     =cmd|' /C calc'!A0 <script>alert(1)</script> \"&\u{7f}\u{8}end";

/// Says where a text holds what no output may hold; line ends are allowed.
fn is_clean(what: &str, bytes: &[u8]) {
    let text = std::str::from_utf8(bytes).unwrap_or_else(|_| panic!("{what} is no UTF-8"));
    let found: Vec<char> = text
        .chars()
        .filter(|c| *c != '\n' && spanwatch::model::text::is_unsafe(*c))
        .collect();
    assert!(found.is_empty(), "{what} holds {found:?}:\n{text:?}");
}

fn meet(field: &mut Field) {
    field.write_topology();
    let path = field.folder.path().join("net/network.toml");
    let text = fs::read_to_string(&path).expect("what was written");
    let address = "address = \"10.77.1.2\"\n";
    assert_eq!(text.matches(address).count(), 1);
    let asked = format!("{address}snmp = \"access\"\n");
    fs::write(&path, text.replace(address, &asked)).expect("edited");
    field
        .ip("a1", &["link", "set", "wan", "alias", WORST])
        .expect("an alias");
    field.agent("a1", WORST, WORST).expect("an agent");
    for format in ["text", "nagios", "json"] {
        let output = field.spanwatch(&["check", "--topology", "net", "--format", format]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(0), "{said}");
        is_clean(format, &output.stdout);
        is_clean("standard error", &output.stderr);
    }
    let way = field.way("noc");
    let mut words: Vec<&str> = way.iter().map(String::as_str).collect();
    let program = env!("CARGO_BIN_EXE_spanwatch");
    words.extend([program, "watch", "--topology", "net", "--lang", "en"]);
    let Some(mut pty) = Pty::start("nsenter", &words, |command| {
        command
            .current_dir(field.folder.path())
            .env("STATE_DIRECTORY", field.folder.path().join("state"))
            .env_remove("SPANWATCH_LAB")
            .env_remove("SPANWATCH_CREDENTIALS");
    }) else {
        return;
    };
    pty.until("four agencies up", |text| text.contains("4 up"));
    // The palette finds the agency by its name and opens it.
    pty.press("?Clinic\r");
    pty.until("device's own words", |text| {
        text.contains("sysName") && text.contains("evil?]52;c;ZXZpbA==?")
    });
    pty.until("port's own words", |text| text.contains("wan"));
    pty.press("jjjjjjjj");
    std::thread::sleep(Duration::from_secs(1));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    // Every sequence that the terminal saw was one of the dashboard's own.
    pty.is_whole();
    let seen = String::from_utf8_lossy(&pty.bytes).into_owned();
    assert!(seen.contains("evil"));
    for worst in [
        "\u{1b}]", "\u{9b}", "\u{202e}", "\u{2066}", "\u{200b}", "\u{7}", "\u{8}",
    ] {
        assert!(!seen.contains(worst), "{worst:?} reached the terminal");
    }
}

#[test]
fn hostile_words_of_a_device_reach_no_terminal_and_no_document() {
    match Field::build() {
        Ok(mut field) => meet(&mut field),
        Err(why) => println!("skipped: {why}"),
    }
}
