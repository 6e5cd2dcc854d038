//! Services: checks as they are written, what real sockets answer, and whose fault a loss is.
#![expect(clippy::print_stdout, reason = "a skipped test says why")]

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr};
use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;
use spanwatch::app::services::{Fault, survey};
use spanwatch::graph::{Graph, mix};
use spanwatch::model::network::Network;
use spanwatch::model::service::{Check, Found, NotACheck, Outcome, Question, Service};
use spanwatch::model::{Element, ServiceId};
use spanwatch::probe::service::check;
use spanwatch::wire::dns;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};

const PATIENCE: Duration = Duration::from_secs(5);

fn read(written: &[(&str, &str)]) -> Result<Option<Check>, NotACheck> {
    let written = written.iter();
    let written: BTreeMap<String, String> = written
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect();
    Check::read(&written)
}

fn good(written: &[(&str, &str)]) -> Check {
    read(written).expect("a check").expect("one that asks")
}

#[test]
fn a_check_is_read_as_it_is_written() {
    let page = |is_secure, host: &str, path: &str, expect| Question::Http {
        is_secure,
        host: host.to_owned(),
        path: path.to_owned(),
        expect,
    };
    let found = good(&[("https", "hue-s.example"), ("expect", "204")]);
    assert_eq!(found.question, page(true, "hue-s.example", "/", Some(204)));
    assert_eq!((found.port, found.at), (443, None));
    let found = good(&[("http", "a.example:8080/x?y=1"), ("at", "192.0.2.5")]);
    assert_eq!(
        found.question,
        page(false, "a.example:8080", "/x?y=1", None)
    );
    assert_eq!((found.port, found.at), (8080, Some([192, 0, 2, 5].into())));
    let found = good(&[("http", "a.example:80"), ("at", "192.0.2.5:81")]);
    assert_eq!(found.question, page(false, "a.example", "/", None));
    assert_eq!(found.port, 81);
    for tcp in ["25", "mail.example:25"] {
        assert_eq!(good(&[("tcp", tcp)]).port, 25);
    }
    assert_eq!(good(&[("dns", "hue.example.")]).port, 53);
    assert_eq!(good(&[("tls", "m.example:465")]).port, 465);
    assert_eq!(read(&[]), Ok(None));
    for bad in [
        &[("tcp", "0")][..],
        &[("tcp", "ssh")],
        &[("http", "a b")],
        &[("http", "a.example/\r\nX: y")],
        &[("http", "a.example/ý")],
        &[("http", "")],
        &[("https", "a.example:99999")],
        &[("tls", "a.example/path")],
        &[("dns", "a..b")],
        &[("tcp", "25"), ("http", "a.example")],
        &[("tcp", "25"), ("at", "mail.example")],
        &[("expect", "200")],
        &[("at", "192.0.2.5")],
    ] {
        assert!(read(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn an_answer_of_dns_counts_only_for_its_own_question() {
    let question = dns::question(0x1234, "hue.example");
    let mut answer = question.clone();
    answer[2..4].copy_from_slice(&[0x81, 0x80]);
    answer[6..8].copy_from_slice(&[0, 2]);
    // The alias that the name has, and its address; the names in them are pointers.
    answer.extend([0xC0, 12, 0, 5, 0, 1, 0, 0, 0, 60, 0, 2, 0xC0, 12]);
    answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
    let address = IpAddr::from([192, 0, 2, 7]);
    assert_eq!(
        dns::answer(&answer, &question),
        Some(dns::Answer::Addresses(vec![address]))
    );
    assert_eq!(
        dns::answer(&answer, &dns::question(0x1235, "hue.example")),
        None
    );
    assert_eq!(
        dns::answer(&answer, &dns::question(0x1234, "hua.example")),
        None
    );
    assert_eq!(
        dns::answer(&question, &question),
        None,
        "a question is no answer"
    );
    let mut refused = answer.clone();
    refused[3] = 0x83;
    assert_eq!(
        dns::answer(&refused, &question),
        Some(dns::Answer::Refused(3))
    );
    for length in 0..answer.len() {
        assert_eq!(dns::answer(&answer[..length], &question), None, "{length}");
    }
    for round in 0..200_000_u64 {
        let mut bent = answer.clone();
        for turn in 0..=round % 3 {
            let drawn = mix(round * 4 + turn);
            let at = drawn as usize % bent.len();
            bent[at] = (drawn >> 32) as u8;
        }
        let _ = dns::answer(&bent, &question);
    }
}

/// Serves one connection: reads a request and says something, or nothing.
async fn serve(answer: Option<&'static [u8]>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1_024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                let text = String::from_utf8_lossy(&request[..length]).into_owned();
                match answer {
                    Some(answer) if text.contains("Host: hue.example") || text.is_empty() => {
                        let _ = stream.write_all(answer).await;
                    }
                    _ => std::future::pending().await,
                }
            });
        }
    });
    port
}

async fn ask(written: &[(&str, &str)], patience: Duration) -> Outcome {
    let home = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
    check(&good(written), home, patience).await.outcome
}

#[tokio::test]
async fn a_page_is_judged_by_its_first_line() {
    for (answer, expect, outcome) in [
        (&b"HTTP/1.1 200 OK\r\n\r\n"[..], None, Outcome::Status(200)),
        (
            b"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n",
            None,
            Outcome::Status(302),
        ),
        (
            b"HTTP/1.0 302 Found\r\n\r\n",
            Some("200"),
            Outcome::WrongStatus(302),
        ),
        (b"HTTP/1.1 503 No\r\n\r\n", None, Outcome::WrongStatus(503)),
        (
            b"HTTP/1.1 404 No\r\n\r\n",
            Some("404"),
            Outcome::Status(404),
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", None, Outcome::Garbled),
        (b"HTTP/1.1 99\r\n\r\n", None, Outcome::Garbled),
        (b"\xFF\xFE", None, Outcome::Garbled),
    ] {
        let port = serve(Some(answer)).await;
        let page = format!("hue.example:{port}/x");
        let at = format!("127.0.0.1:{port}");
        let mut written = vec![("http", "hue.example/x"), ("at", at.as_str())];
        if let Some(expect) = expect {
            written.push(("expect", expect));
        }
        if outcome == Outcome::Garbled && answer.starts_with(b"\xFF") {
            // It says two octets and then nothing: its time runs out.
            let heard = ask(&written, Duration::from_millis(300)).await;
            assert!(
                matches!(heard, Outcome::Garbled | Outcome::Mute),
                "{heard:?}"
            );
            continue;
        }
        assert_eq!(ask(&written, PATIENCE).await, outcome, "{page}");
    }
}

#[tokio::test]
async fn a_mute_port_a_closed_one_and_one_behind_tls_are_told_apart() {
    let port = serve(None).await;
    let at = format!("127.0.0.1:{port}");
    let short = Duration::from_millis(300);
    assert_eq!(
        ask(&[("tcp", "1"), ("at", &at)], PATIENCE).await,
        Outcome::Accepted
    );
    assert_eq!(
        ask(&[("http", "hue.example"), ("at", &at)], short).await,
        Outcome::Mute
    );
    assert_eq!(
        ask(&[("https", "hue.example"), ("at", &at)], PATIENCE).await,
        Outcome::Unspoken
    );
    let free = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let closed = format!("{}", free.local_addr().expect("bound"));
    drop(free);
    assert_eq!(
        ask(&[("tcp", "1"), ("at", &closed)], PATIENCE).await,
        Outcome::Closed
    );
    let check = good(&[("tcp", "1")]);
    assert_eq!(
        spanwatch::probe::service::check(&check, None, short)
            .await
            .outcome,
        Outcome::Nowhere
    );
}

#[tokio::test]
async fn a_name_is_asked_of_one_server_and_forged_answers_are_passed_over() {
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    let at = server.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = server.recv_from(&mut bytes).await {
            let mut answer = bytes[..length].to_vec();
            answer[2..4].copy_from_slice(&[0x81, 0x80]);
            let is_known = answer.windows(3).any(|part| part == b"hue");
            if is_known {
                answer[7] = 1;
                answer.extend([0xC0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 192, 0, 2, 7]);
            } else {
                answer[3] = 0x83;
            }
            let mut forged = answer.clone();
            forged[0] ^= 0xFF;
            for said in [forged, answer] {
                let _ = server.send_to(&said, from).await;
            }
        }
    });
    assert_eq!(
        ask(&[("dns", "hue.example"), ("at", &at)], PATIENCE).await,
        Outcome::Addresses(vec![[192, 0, 2, 7].into()])
    );
    assert_eq!(
        ask(&[("dns", "nobody.example"), ("at", &at)], PATIENCE).await,
        Outcome::NoName(3)
    );
}

/// A hub where the monitor stands, a server behind a core, an agency at each end of it.
const TEXT: &str = r#"
[network]
id = "served"
name = "Served"
example = true
hubs = ["hub"]
[[node]]
id = "hub"
role = "hub"
transit = true
address = "10.61.0.1"
[[node]]
id = "core"
role = "core"
transit = true
address = "10.61.0.2"
[[node]]
id = "server"
role = "server"
address = "10.61.0.3"
[[agency]]
id = "near"
name = "Near"
level = "city"
class = "office"
address = "10.61.1.1"
uplinks = [{ id = "near--hub", to = "hub", kind = "lan" }]
[[agency]]
id = "far"
name = "Far"
level = "city"
class = "office"
address = "10.61.1.2"
uplinks = [{ id = "far--core", to = "core", kind = "lan" }]
[[link]]
id = "hub--core"
a = "hub"
b = "core"
kind = "lan"
[[link]]
id = "core--server"
a = "core"
b = "server"
kind = "lan"
[[service]]
id = "home"
node = "hub"
check = { http = "home.example", expect = 200 }
[[service]]
id = "mail"
node = "server"
check = { http = "mail.example:8025/up" }
[[service]]
id = "shell"
node = "server"
check = { tcp = "22" }
[[service]]
id = "web"
node = "server"
check = { https = "web.example" }
"#;

fn network() -> (tempfile::TempDir, Network) {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("n.toml"), TEXT).expect("written");
    let loaded = spanwatch::inventory::load(folder.path())
        .unwrap_or_else(|faults| panic!("{}", spanwatch::report::fault::text(&faults.0, false)));
    (folder, loaded.network)
}

#[test]
fn the_way_and_the_service_are_blamed_each_for_its_own() {
    let (_folder, network) = network();
    let graph = Graph::new(&network);
    let judge = |removed: &[&str], outcome: Outcome| {
        let removed: Vec<Element> = removed
            .iter()
            .map(|element| element.parse().expect("an element"))
            .collect();
        let took = Duration::ZERO;
        let found = BTreeMap::from([(ServiceId::from("mail"), Found { outcome, took })]);
        let survey = survey(&network, &graph, &removed, found);
        let lost = |agency: &str| survey.lost[agency].get("mail").copied();
        let mail = &survey.services["mail"];
        (
            mail.state,
            mail.fault,
            lost("near"),
            lost("far"),
            mail.reached_by,
        )
    };
    let (path, service) = (Some(Fault::Path), Some(Fault::Service));
    let up = Outcome::Status(200);
    assert_eq!(judge(&[], up.clone()), (Service::Up, None, None, None, 2));
    let far = judge(&["link:far--core"], up);
    assert_eq!(far, (Service::Up, None, None, path, 1));
    let wrong = judge(&[], Outcome::WrongStatus(500));
    assert_eq!(wrong, (Service::Down, service, service, service, 0));
    let both = judge(&["link:far--core"], Outcome::Closed);
    assert_eq!(
        both,
        (Service::Down, service, service, Some(Fault::Both), 0)
    );
    // The monitor has no way there, so its silence says nothing of the service; the far agency has a way.
    let cut = judge(&["link:hub--core"], Outcome::Silent);
    assert_eq!(cut, (Service::Unknown, path, path, None, 1));
    let unclear = Some(Fault::Unclear);
    let silent = judge(&[], Outcome::Silent);
    assert_eq!(silent, (Service::Down, unclear, unclear, unclear, 0));
    let untold = judge(&[], Outcome::Unspoken);
    assert_eq!(untold, (Service::Unknown, None, None, None, 2));
}

#[test]
fn in_the_lab_services_answer_until_their_way_is_cut() {
    let (folder, _) = network();
    let program = env!("CARGO_BIN_EXE_spanwatch");
    let script = r#"
"$SPANWATCH" services --format json; echo ,
"$SPANWATCH" lab ctl cut link:core--server >&2
"$SPANWATCH" services -t 1s --format json
"#;
    let output = Command::new(program)
        .arg("--topology")
        .arg(folder.path())
        .args(["lab", "--", "sh", "-c", script])
        .env_remove("SPANWATCH_LAB_SOCKET")
        .env("SPANWATCH", program)
        .stdin(Stdio::null())
        .output()
        .expect("it runs");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    if output.status.code() == Some(3) && said.contains("the lab cannot") {
        println!("skipped: {}", said.trim_end());
        return;
    }
    assert!(output.status.success(), "{said}");
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    let said: Vec<Value> = serde_json::from_str(&format!("[{text}]")).expect("JSON");
    let state = |document: &Value, id: &str| {
        let services = document["services"].as_array().expect("a list");
        let found = services.iter().find(|service| service["id"] == id);
        let found = found.expect("a service");
        (found["state"].clone(), found["status"].clone())
    };
    assert_eq!(said[0]["schema"], "spanwatch/services/1");
    assert_eq!(state(&said[0], "home"), ("up".into(), 200.into()));
    assert_eq!(state(&said[0], "mail"), ("up".into(), 200.into()));
    assert_eq!(state(&said[0], "shell"), ("up".into(), Value::Null));
    // TLS is not spoken, and nothing else is claimed.
    assert_eq!(state(&said[0], "web"), ("unknown".into(), Value::Null));
    assert_eq!(state(&said[1], "home"), ("up".into(), 200.into()));
    assert_eq!(state(&said[1], "mail").0, "down");
    let lost = &said[1]["agencies"][0]["lost"];
    assert!(
        lost.as_array().is_some_and(|lost| !lost.is_empty()),
        "{lost}"
    );
}
