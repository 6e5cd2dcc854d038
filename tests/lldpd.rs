//! Debian's `lldpd` and `snmpd`, wired with real cables in namespaces that this test makes: what `discover` finds is
//! exactly what is wired, and `diff` names the cable that is not where it is declared.
//!
//! Four devices, each in a network, mount and process namespace of its own. A management port of each hangs on one
//! bridge, which passes no LLDP on (IEEE 802.1D), and all other ports are cabled to each other directly. The hard
//! part is that nothing may be left: everything is a descendant of one process, in its process namespace, and ends
//! with it.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use serde_json::Value;

/// How long daemons may take to hear each other: SNMP agents keep a table for fifteen seconds and more.
const PATIENCE: Duration = Duration::from_secs(90);

/// The program of one device: its agent, and what hears its neighbours.
const DEVICE: &str = r"
set -e
name=$1; address=$2; folder=$3
mount -t tmpfs none /run
mkdir -p /run/lldpd /run/agentx
while ! ip link show eth0 >/dev/null 2>&1; do sleep 0.05; done
ip link set lo up
ip addr add $address/16 dev eth0
for port in eth0 eth1 eth2 eth3; do ip link set $port up 2>/dev/null || true; done
cat > /run/snmpd.conf <<END
agentaddress udp:161
rocommunity wired
sysName $name
master agentx
agentXSocket /run/agentx/master
END
SNMP_PERSISTENT_DIR=/run MIBS= snmpd -f -Lf $folder/$name.log -C -I -smux,mteTrigger,mteTriggerConf -c /run/snmpd.conf &
while [ ! -S /run/agentx/master ]; do sleep 0.05; done
cat > /run/lldpd.conf <<END
configure system hostname $name
configure system ip management pattern 10.77.*
configure lldp tx-interval 1
configure lldp tx-hold 10
configure lldp portidsubtype ifname
END
# While ports come, lldpd may miss the address that was there before; it hears of one that comes.
(
    for _ in $(seq 60); do
        sleep 0.5
        if lldpcli -u /run/lldpd.socket show chassis | grep -q $address; then break; fi
        ip addr del $address/16 dev eth0
        ip addr add $address/16 dev eth0
    done
) >/dev/null 2>&1 &
exec lldpd -d -x -X /run/agentx/master -u /run/lldpd.socket -O /run/lldpd.conf >/dev/null 2>&1
";

/// The place in which all of it stands; says `ready`, then takes one command a line and says `done`.
const PLACE: &str = r#"
set -e
folder=$1
ip link set lo up
ip link add br0 type bridge
ip addr add 10.77.0.254/16 dev br0
ip link set br0 up
number=0
for name in one two three four; do
  number=$((number + 1))
  unshare -n -m -p -f --kill-child --mount-proc --propagation private sh $folder/device.sh $name 10.77.0.$number $folder &
  eval pid_$name=$!
  eval pid=\$pid_$name
  while [ "$(readlink /proc/$pid/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.02; done
  ip link add m$number type veth peer name eth0 netns $pid
  ip link set m$number master br0 up
done
cable() {
  eval one=\$pid_$1; eval other=\$pid_$3
  ip link add $2 netns $one type veth peer name $4 netns $other
  nsenter -t $one -n ip link set $2 up
  nsenter -t $other -n ip link set $4 up
}
cut() {
  eval one=\$pid_$1
  nsenter -t $one -n ip link del $2
}
echo ready
while read -r words; do
  $words
  echo done
done
"#;

fn is_installed(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::env::split_paths(&path).chain(["/usr/sbin".into(), "/sbin".into()]);
    folders
        .map(|folder: PathBuf| folder.join(program))
        .any(|path| path.exists())
}

/// The devices and their cables.
struct Rack {
    child: Child,
    answers: BufReader<std::process::ChildStdout>,
    folder: tempfile::TempDir,
}

impl Drop for Rack {
    fn drop(&mut self) {
        // Its child is the first process of its namespace: with it all others end.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Rack {
    fn start() -> Result<Self, String> {
        for program in ["lldpd", "snmpd", "ip", "unshare", "nsenter"] {
            if !is_installed(program) {
                return Err(format!("{program} is not installed"));
            }
        }
        if !nix::unistd::geteuid().is_root() {
            return Err("lldpd changes its user, which needs root".to_owned());
        }
        let told = |error: std::io::Error| error.to_string();
        let folder = tempfile::tempdir().map_err(told)?;
        // The agents log here as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).map_err(told)?;
        for (name, text) in [("device.sh", DEVICE), ("place.sh", PLACE)] {
            fs::write(folder.path().join(name), text).map_err(told)?;
        }
        let credentials = folder.path().join("credentials.toml");
        fs::write(
            &credentials,
            "[snmp.wired]\nversion = \"2c\"\ncommunity = \"wired\"\n",
        )
        .and_then(|()| fs::set_permissions(&credentials, fs::Permissions::from_mode(0o600)))
        .map_err(told)?;
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("unshare")
            .args(["-n", "-m", "-p", "-f", "--kill-child", "--mount-proc", "sh"])
            .arg(folder.path().join("place.sh"))
            .arg(folder.path())
            .env("PATH", format!("{path}:/usr/sbin:/sbin"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(told)?;
        let answers = child.stdout.take().map(BufReader::new);
        let mut rack = Self {
            child,
            answers: answers.ok_or("no pipe")?,
            folder,
        };
        match rack.answer().as_str() {
            "ready" => Ok(rack),
            other => Err(format!("namespaces are refused here ({other})")),
        }
    }

    fn answer(&mut self) -> String {
        let mut line = String::new();
        let _ = self.answers.read_line(&mut line);
        line.trim().to_owned()
    }

    fn tell(&mut self, words: &str) {
        let pipe = self.child.stdin.as_mut().expect("a pipe");
        pipe.write_all(format!("{words}\n").as_bytes())
            .expect("the place is there");
        assert_eq!(self.answer(), "done", "{words}");
    }

    /// Runs our program where the devices are, as their monitor.
    fn spanwatch(&self, arguments: &[&str]) -> Output {
        Command::new("nsenter")
            .args(["-t", &self.child.id().to_string(), "-n"])
            .arg(env!("CARGO_BIN_EXE_spanwatch"))
            .args(arguments)
            .current_dir(self.folder.path())
            .env(
                "SPANWATCH_CREDENTIALS",
                self.folder.path().join("credentials.toml"),
            )
            .env("LC_ALL", "C.UTF-8")
            .env_remove("SPANWATCH_TOPOLOGY")
            .env_remove("SPANWATCH_LAB")
            .output()
            .expect("the binary runs")
    }

    fn document(&self, arguments: &[&str]) -> Result<Value, String> {
        let output = self.spanwatch(arguments);
        serde_json::from_slice(&output.stdout)
            .map_err(|_| String::from_utf8_lossy(&output.stderr).into_owned())
    }

    /// Asks until the answer is as it must be; what it was last is told where it never is.
    fn until(&self, arguments: &[&str], is_so: impl Fn(&Value) -> bool) -> Value {
        let began = spanwatch::clock::now();
        loop {
            let said = self.document(arguments);
            match said {
                Ok(document) if is_so(&document) => return document,
                said if began.elapsed() > PATIENCE => panic!("{arguments:?}: {said:#?}"),
                _ => std::thread::sleep(Duration::from_millis(300)),
            }
        }
    }

    /// How often an agent was asked so far, by its own account.
    fn asked(&self, name: &str) -> usize {
        let log = fs::read_to_string(self.folder.path().join(format!("{name}.log")));
        log.unwrap_or_default().matches("Connection from").count()
    }
}

/// The cables of `discover`, each as its two ends in order.
fn cables(document: &Value) -> BTreeSet<[String; 2]> {
    let links = document["links"].as_array().expect("a list");
    let end = |end: &Value| {
        let word = |key: &str| end[key].as_str().unwrap_or("?").to_owned();
        format!("{}:{}", word("name"), word("port"))
    };
    links
        .iter()
        .map(|link| {
            let mut ends = [end(&link["a"]), end(&link["b"])];
            ends.sort();
            ends
        })
        .collect()
}

/// The findings about cables: name, what they are about, what is seen.
fn findings(document: &Value) -> Vec<(String, String, String)> {
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    document["findings"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|finding| {
            (
                word(&finding["name"]),
                word(&finding["about"]["id"]),
                word(&finding["seen"]),
            )
        })
        .collect()
}

const WIRED: [[&str; 4]; 5] = [
    ["one", "eth1", "two", "eth1"],
    ["two", "eth2", "three", "eth1"],
    ["three", "eth2", "four", "eth1"],
    ["four", "eth2", "one", "eth2"],
    // A second cable between two that have one.
    ["two", "eth3", "three", "eth3"],
];

fn try_it() -> Result<(), String> {
    let mut rack = Rack::start()?;
    for cable in WIRED {
        rack.tell(&format!("cable {}", cable.join(" ")));
    }
    let wired: BTreeSet<[String; 2]> = WIRED
        .iter()
        .map(|[a, p, b, q]| {
            let mut ends = [format!("{a}:{p}"), format!("{b}:{q}")];
            ends.sort();
            ends
        })
        .collect();
    finds_what_is_wired(&rack, &wired);
    asks_nobody_outside(&rack);
    names_what_is_not_as_declared(&mut rack);
    Ok(())
}

fn finds_what_is_wired(rack: &Rack, wired: &BTreeSet<[String; 2]>) {
    let explore = [
        "discover",
        "10.77.0.1",
        "--within",
        "10.77.0.0/24",
        "--patience",
        "5s",
        "--format",
        "json",
    ];
    // A cable is known from its other end too, so that all four must have answered themselves.
    let is_whole = |document: &Value| {
        let devices = document["devices"].as_array().expect("a list");
        cables(document) == *wired && devices.iter().all(|one| one["credential"] == "wired")
    };
    let found = rack.until(&explore, is_whole);
    let names: BTreeSet<&str> = found["devices"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|device| device["name"].as_str().expect("a name"))
        .collect();
    assert_eq!(names, BTreeSet::from(["one", "two", "three", "four"]));
    assert_eq!(found["links"].as_array().map(Vec::len), Some(wired.len()));
    let mut written = explore.to_vec();
    written.extend(["-o", "found"]);
    let target = rack.folder.path().join("found");
    rack.until(&written, |document| {
        let is_so = is_whole(document);
        if !is_so {
            // Nothing is overwritten: what came too early must make room.
            fs::remove_dir_all(&target).expect("it was written");
        }
        is_so
    });
    let lint = rack.spanwatch(&["lint", "found"]);
    assert!(matches!(lint.status.code(), Some(0 | 1)), "{lint:?}");
    let secrets = fs::read_dir(rack.folder.path().join("found")).expect("written");
    for file in secrets {
        let text = fs::read_to_string(file.expect("a file").path()).expect("text");
        assert!(!text.contains("community"), "{text}");
    }
    // What was found is as it is found.
    let same = rack.until(&["diff", "found", "--format", "json"], |document| {
        findings(document).is_empty() && document["links"]["unseen"] == 0
    });
    assert_eq!(same["totals"]["errors"], 0);
}

fn asks_nobody_outside(rack: &Rack) {
    let others = ["two", "three", "four"];
    let before = others.map(|name| rack.asked(name));
    let outside = serde_json::json!(["10.77.0.2", "10.77.0.4"]);
    let explore = [
        "discover",
        "10.77.0.1",
        "--within",
        "10.77.0.1/32",
        "--format",
        "json",
    ];
    rack.until(&explore, |document| document["outside"] == outside);
    assert_eq!(
        before,
        others.map(|name| rack.asked(name)),
        "nobody else was asked"
    );
    let beyond = rack.spanwatch(&["discover", "10.77.0.1"]);
    assert_eq!(beyond.status.code(), Some(3));
    let said = String::from_utf8_lossy(&beyond.stderr).into_owned();
    assert!(said.contains("--within"), "{said}");
    assert_eq!(before, others.map(|name| rack.asked(name)));
}

const DECLARED: &str = r#"
[network]
id = "rack"
name = "Rack"
hubs = ["monitor"]

[[node]]
id = "monitor"
role = "hub"
address = "10.77.0.254"
"#;

fn declare(folder: &Path) {
    let mut text = DECLARED.to_owned();
    for (number, name) in (1..).zip(["one", "two", "three", "four"]) {
        let _ = write!(
            text,
            "[[node]]\nid = \"{name}\"\naddress = \"10.77.0.{number}\"\nsnmp = \"wired\"\n"
        );
    }
    for [a, p, b, q] in WIRED {
        let _ = write!(
            text,
            "[[link]]\nid = \"{a}-{p}\"\na = \"{a}:{p}\"\nb = \"{b}:{q}\"\n"
        );
    }
    let declared = folder.join("declared");
    fs::create_dir(&declared).expect("a folder");
    fs::write(declared.join("rack.toml"), text).expect("written");
}

fn names_what_is_not_as_declared(rack: &mut Rack) {
    declare(rack.folder.path());
    let diff = ["diff", "declared", "--format", "json"];
    let one = |name: &str, id: &str, seen: &str| (name.to_owned(), id.to_owned(), seen.to_owned());
    rack.until(&diff, |document| {
        findings(document).is_empty() && document["links"]["both"] == 5
    });
    // A cable is put into another port.
    rack.tell("cut two eth3");
    rack.tell("cable two eth3 four eth3");
    rack.until(&diff, |document| {
        let found = findings(document);
        found.len() == 1
            && found[0].0 == "link-moved"
            && found[0].1 == "two-eth3"
            && found[0].2.contains("four:eth3")
    });
    // It is taken out.
    rack.tell("cut two eth3");
    rack.until(&diff, |document| {
        let found = findings(document);
        found.contains(&one("link-missing", "two-eth3", "")) && found.len() <= 2
    });
    // It is put back, and another that nobody declared beside it.
    rack.tell("cable two eth3 three eth3");
    rack.tell("cable one eth3 four eth3");
    rack.until(&diff, |document| {
        let found = findings(document);
        found.len() == 1 && found[0].0 == "link-extra" && found[0].2.contains("eth3")
    });
    let gate = rack.spanwatch(&["diff", "declared", "--fail-on", "link-extra"]);
    assert_eq!(gate.status.code(), Some(2), "{gate:?}");
}

#[test]
fn discover_finds_what_is_wired_and_diff_names_what_is_not_as_declared() {
    if let Err(why) = try_it() {
        println!("skipped: {why}");
    }
}
