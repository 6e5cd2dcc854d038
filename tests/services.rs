//! Services: checks as they are written, what real sockets answer, and whose fault a loss is.

use std::collections::BTreeMap;
use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use serde_json::Value;
use spanwatch::app::services::{Fault, survey};
use spanwatch::graph::{Graph, mix};
use spanwatch::model::network::Network;
use spanwatch::model::service::{Check, Found, NotACheck, Outcome, Question, Service};
use spanwatch::model::{Element, ServiceId};
use spanwatch::probe::service::{Means, check};
use spanwatch::probe::tls::{Roots, judge};
use spanwatch::wire::dns;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, UdpSocket};
use tokio_rustls::TlsAcceptor;

use crate::stage;

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
    let secure = good(&[
        ("https", "a.example:8443/x"),
        ("ca", "gov.pem"),
        ("warn_days", "30"),
    ]);
    assert_eq!(secure.certified_name(), Some("a.example"));
    let trust = secure.trust.expect("TLS");
    assert_eq!(
        (trust.ca.as_deref(), trust.warn_days),
        (Some("gov.pem"), 30)
    );
    let usual = good(&[("tls", "m.example")]).trust.expect("TLS");
    assert_eq!((usual.ca, usual.warn_days), (None, 21));
    assert_eq!(good(&[("http", "a.example")]).trust, None);
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
        &[("ca", "authority.pem")],
        &[("http", "a.example"), ("ca", "authority.pem")],
        &[("tcp", "25"), ("warn_days", "7")],
        &[("tls", "a.example"), ("warn_days", "soon")],
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
    found(written, patience, &Roots::default()).await.outcome
}

/// What a check finds in the year 2030.
async fn found(written: &[(&str, &str)], patience: Duration, roots: &Roots) -> Found {
    let home = Some(IpAddr::from(Ipv4Addr::LOCALHOST));
    let means = Means {
        patience,
        roots,
        now: moment(NOW),
    };
    check(&good(written), home, means).await
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
        ask(&[("https", "hue.example"), ("at", &at)], short).await,
        Outcome::Mute
    );
    let free = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let closed = format!("{}", free.local_addr().expect("bound"));
    drop(free);
    assert_eq!(
        ask(&[("tcp", "1"), ("at", &closed)], PATIENCE).await,
        Outcome::Closed
    );
    let means = Means {
        patience: short,
        roots: &Roots::default(),
        now: moment(NOW),
    };
    assert_eq!(
        check(&good(&[("tcp", "1")]), None, means).await.outcome,
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

#[tokio::test]
async fn a_name_with_addresses_of_ipv6_alone_is_a_name() {
    let address = IpAddr::from(Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 5));
    let server = UdpSocket::bind("127.0.0.1:0").await.expect("loopback");
    let at = server.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = server.recv_from(&mut bytes).await {
            let asked = dns::asked(&bytes[..length]).expect("a question");
            let known = [address];
            let addresses = if asked.name == "six.example" {
                &known[..]
            } else {
                &[]
            };
            let said = asked.answer(dns::Said::Addresses(addresses));
            let _ = server.send_to(&said, from).await;
        }
    });
    assert_eq!(
        ask(&[("dns", "six.example"), ("at", &at)], PATIENCE).await,
        Outcome::Addresses(vec![address])
    );
    assert_eq!(
        ask(&[("dns", "bare.example"), ("at", &at)], PATIENCE).await,
        Outcome::NoName(0)
    );
}

/// A server whose datagrams hold as many addresses as `fits` says, and that tells all sixty over a stream, if it
/// listens there.
async fn talkative(fits: usize, by_stream: bool) -> String {
    let address = |at: u8| IpAddr::from([192, 0, 2, at]);
    let most: Vec<IpAddr> = (1..=60).map(address).collect();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await;
    let listener = listener.expect("loopback");
    let at = listener.local_addr().expect("bound");
    let server = UdpSocket::bind(at).await.expect("the same port");
    let told = most[..fits].to_vec();
    tokio::spawn(async move {
        let mut bytes = [0; 512];
        while let Ok((length, from)) = server.recv_from(&mut bytes).await {
            let asked = dns::asked(&bytes[..length]).expect("a question");
            let mut said = asked.answer(dns::Said::Addresses(&told));
            said[2] |= 0x02;
            // One more is announced than is there, and cut off in its middle.
            said[7] += 1;
            said.extend([0xC0, 12, 0]);
            let _ = server.send_to(&said, from).await;
        }
    });
    if by_stream {
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let length = stream.read_u16().await.expect("a length");
                let mut bytes = vec![0; length.into()];
                stream.read_exact(&mut bytes).await.expect("a question");
                let asked = dns::asked(&bytes).expect("a question");
                let said = asked.answer(dns::Said::Addresses(&most));
                // In pieces: a stream knows no datagrams.
                for piece in dns::framed(&said).chunks(100) {
                    stream.write_all(piece).await.expect("heard out");
                    stream.flush().await.expect("heard out");
                }
            }
        });
    }
    at.to_string()
}

#[tokio::test]
async fn a_name_with_more_addresses_than_a_datagram_holds_is_asked_for_by_a_stream() {
    let check = async |fits, by_stream| {
        let at = talkative(fits, by_stream).await;
        ask(&[("dns", "many.example"), ("at", &at)], PATIENCE).await
    };
    let address = |at: u8| IpAddr::from([192, 0, 2, at]);
    let all: Vec<IpAddr> = (1..=60).map(address).collect();
    assert_eq!(check(20, true).await, Outcome::Addresses(all.clone()));
    assert_eq!(check(0, true).await, Outcome::Addresses(all.clone()));
    // Where streams are refused, what did fit is true.
    let some = all[..20].to_vec();
    assert_eq!(check(20, false).await, Outcome::Addresses(some));
    assert_eq!(check(0, false).await, Outcome::Closed);
}

/// When the checks of these tests are made.
const NOW: &str = "2030-12-01T00:00:00Z";

fn moment(text: &str) -> Timestamp {
    text.parse().expect("a moment")
}

/// Certificates made once with `openssl ca`: an authority until 2120, below it one until 2040, below that one for
/// `hue.example`, `*.hue.example` and 127.0.0.1 until 2050 (`chain`, or `alone` without what lies between), one that
/// has ended, one of the future; `direct` below the authority itself, until noon of 25 December 2030; `orphan` below
/// an authority that ended in 2010; `self` vouches for itself. All with the key `server.key`, which guards nothing.
fn kept(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/services");
    folder.join(name)
}

fn certificates(name: &str) -> Vec<CertificateDer<'static>> {
    spanwatch::inventory::authority::read(&kept(name)).expect("kept with the tests")
}

fn roots(name: &str) -> Roots {
    Roots::new(certificates(name))
}

/// Serves a chain by TLS: a page to whoever asks for one.
async fn serve_secure(chain: &str, versions: &[&'static rustls::SupportedProtocolVersion]) -> u16 {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_file(kept("server.key")).expect("kept with the tests");
    let config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(versions)
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates(chain), key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let port = listener.local_addr().expect("bound").port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    return;
                };
                let mut request = [0; 1_024];
                let length = stream.read(&mut request).await.unwrap_or(0);
                if request[..length].starts_with(b"GET /x HTTP/1.1\r\nHost: hue.example\r\n") {
                    let _ = stream.write_all(b"HTTP/1.1 204 Well\r\n\r\n").await;
                }
                let _ = stream.shutdown().await;
            });
        }
    });
    port
}

#[tokio::test]
async fn a_certificate_is_followed_to_who_is_trusted_and_its_days_are_counted() {
    for versions in [&[&rustls::version::TLS13][..], &[&rustls::version::TLS12]] {
        let port = serve_secure("direct.pem", versions).await;
        let at = format!("127.0.0.1:{port}");
        let written = [("tls", "hue.example"), ("at", at.as_str())];
        let secure = found(&written, PATIENCE, &roots("root.pem")).await;
        assert_eq!(secure.outcome, Outcome::Secured);
        let certificate = secure.certificate.expect("a right one");
        assert_eq!(certificate.until, moment("2030-12-25T12:00:00Z"));
        assert_eq!((certificate.days_left, certificate.is_soon), (24, false));
        let written = [
            ("https", "hue.example/x"),
            ("at", at.as_str()),
            ("warn_days", "25"),
        ];
        let page = found(&written, PATIENCE, &roots("root.pem")).await;
        assert_eq!(page.outcome, Outcome::Status(204));
        assert!(page.certificate.expect("a right one").is_soon);
        let written = [("tls", "127.0.0.1"), ("at", at.as_str())];
        let by_address = found(&written, PATIENCE, &roots("root.pem")).await;
        assert_eq!(by_address.outcome, Outcome::Secured);
    }
}

#[tokio::test]
async fn nothing_is_asked_of_a_server_with_a_wrong_certificate() {
    let (asked, mut heard) = tokio::sync::mpsc::channel(1);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let key = PrivateKeyDer::from_pem_file(kept("server.key")).expect("kept with the tests");
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(certificates("self.pem"), key)
        .expect("they belong together");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
    let at = listener.local_addr().expect("bound").to_string();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.expect("somebody");
        let mut said = Vec::new();
        if let Ok(mut stream) = acceptor.accept(stream).await {
            let _ = stream.read_to_end(&mut said).await;
        }
        let _ = asked.send(said).await;
    });
    let written = [("https", "hue.example/secret"), ("at", at.as_str())];
    let outcome = found(&written, PATIENCE, &roots("root.pem")).await.outcome;
    assert_eq!(outcome, Outcome::Untrusted { by_itself: true });
    assert_eq!(heard.recv().await, Some(Vec::new()));
}

#[tokio::test]
async fn a_handshake_that_is_refused_broken_off_or_none_is_told_apart() {
    let talks: [(&'static [u8], Outcome); 4] = [
        // An alert, fatal: handshake failure (RFC 8446, 6.2).
        (
            b"\x15\x03\x03\x00\x02\x02\x28",
            Outcome::Refused("HandshakeFailure".to_owned()),
        ),
        (b"SSH-2.0-OpenSSH_9.2\r\n", Outcome::Garbled),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", Outcome::Garbled),
        (b"", Outcome::Refused("unexpected end of file".to_owned())),
    ];
    for (said, outcome) in talks {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("loopback");
        let at = listener.local_addr().expect("bound").to_string();
        tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.expect("somebody");
            let mut hello = [0; 2_048];
            let _ = stream.read(&mut hello).await;
            let _ = stream.write_all(said).await;
            let _ = stream.shutdown().await;
        });
        let written = [("tls", "hue.example"), ("at", at.as_str())];
        let found = found(&written, PATIENCE, &roots("root.pem")).await;
        assert_eq!(found.outcome, outcome);
        assert_eq!(found.outcome.service(), Service::Down);
    }
}

#[test]
fn what_is_wrong_with_a_certificate_is_named() {
    let name = |name: &str| ServerName::try_from(name.to_owned()).expect("a name");
    let at = |chain: &str, asked: &str, trusted: &str, now: &str| {
        judge(
            &certificates(chain),
            &name(asked),
            &roots(trusted),
            moment(now),
        )
    };
    let judged = |chain: &str, asked: &str, trusted: &str| at(chain, asked, trusted, NOW);
    // The one between ends ten years before the one of the server.
    let year_2040 = moment("2040-01-01T00:00:00Z");
    for asked in ["hue.example", "mail.hue.example", "127.0.0.1"] {
        assert_eq!(judged("chain.pem", asked, "root.pem"), Ok(year_2040));
    }
    let other = [
        "hue.example".to_owned(),
        "*.hue.example".to_owned(),
        "127.0.0.1".to_owned(),
    ];
    for asked in ["hua.example", "a.b.hue.example", "127.0.0.2"] {
        assert_eq!(
            judged("chain.pem", asked, "root.pem"),
            Err(Outcome::WrongName(other.to_vec()))
        );
    }
    let stranger = Err(Outcome::Untrusted { by_itself: false });
    assert_eq!(judged("alone.pem", "hue.example", "root.pem"), stranger);
    assert_eq!(judged("chain.pem", "hue.example", "self.pem"), stranger);
    let own = Err(Outcome::Untrusted { by_itself: true });
    assert_eq!(judged("self.pem", "hue.example", "root.pem"), own);
    let ended = Err(Outcome::Expired(moment("2021-01-01T00:00:00Z")));
    assert_eq!(judged("expired.pem", "hue.example", "root.pem"), ended);
    let later = Err(Outcome::NotYetValid(moment("2100-01-01T00:00:00Z")));
    assert_eq!(judged("future.pem", "hue.example", "root.pem"), later);
    // Who vouches has ended: the one between, or the authority itself.
    let between = at(
        "chain.pem",
        "hue.example",
        "root.pem",
        "2045-01-01T00:00:00Z",
    );
    assert_eq!(between, Err(Outcome::Expired(year_2040)));
    let old = Err(Outcome::Expired(moment("2010-01-01T00:00:00Z")));
    assert_eq!(judged("orphan.pem", "hue.example", "old.pem"), old);
    // A server's own certificate may be declared, and then nobody else need vouch for it.
    let declared = judged("self.pem", "hue.example", "self.pem");
    assert_eq!(declared, Ok(moment("2050-01-01T00:00:00Z")));
    let leaf = judged("chain.pem", "hue.example", "alone.pem");
    assert_eq!(leaf, Ok(moment("2050-01-01T00:00:00Z")));
    let wrong = judged("self.pem", "hua.example", "self.pem");
    assert_eq!(
        wrong,
        Err(Outcome::WrongName(vec!["hue.example".to_owned()]))
    );
    assert!(matches!(
        judge(&[], &name("hue.example"), &roots("root.pem"), moment(NOW)),
        Err(Outcome::Unfit(_))
    ));
}

#[test]
fn a_bent_certificate_is_never_a_right_one() {
    let name = ServerName::try_from("hue.example").expect("a name");
    let (right, roots) = (certificates("direct.pem"), roots("root.pem"));
    for round in 0..3_000_u64 {
        let mut bent = right[0].to_vec();
        let drawn = mix(round);
        let at = drawn as usize % bent.len();
        bent[at] ^= 1 << ((drawn >> 32) % 8);
        let bent = [CertificateDer::from(bent)];
        assert!(judge(&bent, &name, &roots, moment(NOW)).is_err(), "{at}");
    }
}

#[test]
fn a_file_of_authorities_that_cannot_be_used_is_a_warning() {
    let folder = tempfile::tempdir().expect("a folder");
    let text = TEXT.replace(
        "{ https = \"web.example\" }",
        "{ https = \"web.example\", ca = \"authority.pem\", warn_days = 30 }",
    );
    fs::write(folder.path().join("n.toml"), text).expect("written");
    let warnings = || {
        let loaded = spanwatch::inventory::load(folder.path()).expect("sound");
        let warnings = loaded.warnings.into_iter();
        let said = warnings.filter(|fault| fault.code == "W0215");
        said.map(|fault| fault.message).collect::<Vec<_>>()
    };
    let authority = folder.path().join("authority.pem");
    assert!(warnings()[0].contains("it cannot be read"));
    fs::create_dir(&authority).expect("made");
    assert!(warnings()[0].ends_with("it is no plain file."));
    fs::remove_dir(&authority).expect("removed");
    for bad in ["no PEM", "-----BEGIN CERTIFICATE-----\nAAAA"] {
        fs::write(&authority, bad).expect("written");
        assert!(warnings()[0].ends_with("it holds no certificate in PEM."));
    }
    fs::copy(kept("root.pem"), &authority).expect("copied");
    assert_eq!(warnings(), Vec::<String>::new());
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
[[service]]
id = "vault"
node = "server"
check = { tls = "vault.example:8443" }
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
        let found = BTreeMap::from([(ServiceId::from("mail"), Found::unasked(outcome))]);
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
    let expired = judge(&[], Outcome::Expired(moment(NOW)));
    assert_eq!(expired, (Service::Down, service, service, service, 0));
    let untold = judge(&[], Outcome::Unsent("no authorities".to_owned()));
    assert_eq!(untold, (Service::Unknown, None, None, None, 2));
}

#[test]
fn a_server_answers_what_was_asked_and_nothing_else() {
    let addresses: [IpAddr; 3] = [
        [192, 0, 2, 5].into(),
        Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 5).into(),
        [192, 0, 2, 6].into(),
    ];
    let question = dns::question(0x1234, "Hue.Example");
    let asked = dns::asked(&question).expect("a question");
    assert_eq!((asked.name.as_str(), asked.kind), ("hue.example", 1));
    let answer = asked.answer(dns::Said::Addresses(&addresses));
    assert_eq!(
        dns::answer(&answer, &question),
        Some(dns::Answer::Addresses(vec![addresses[0], addresses[2]]))
    );
    // For addresses of IPv6 as well, of a name that has none of that kind, and of a name that nobody knows.
    let mut sixth = question.clone();
    let kind = sixth.len() - 3;
    sixth[kind] = 28;
    let asked = dns::asked(&sixth).expect("a question");
    let of = |said| dns::answer(&asked.answer(said), &sixth);
    assert_eq!(
        of(dns::Said::Addresses(&addresses)),
        Some(dns::Answer::Addresses(vec![addresses[1]]))
    );
    let none = Some(dns::Answer::Addresses(Vec::new()));
    assert_eq!(of(dns::Said::Addresses(&addresses[..1])), none);
    assert_eq!(of(dns::Said::Refused(3)), Some(dns::Answer::Refused(3)));
    // An answer, another opcode, two questions, another class, and what ends early are no questions.
    assert_eq!(dns::asked(&answer), None);
    for (at, octet) in [
        (2, 0x08),
        (5, 2),
        (question.len() - 1, 3),
        (12, 0xC0),
        (12, 60),
    ] {
        let mut bent = question.clone();
        bent[at] = octet;
        assert_eq!(dns::asked(&bent), None, "octet {at}");
    }
    for length in 0..question.len() {
        assert_eq!(dns::asked(&question[..length]), None, "{length}");
    }
}

/// Names beside the other services: one on a server behind a cable, and one where the monitor stands.
const NAMES: &str = r#"
[[service]]
id = "names"
name = "Names"
node = "server"
check = { dns = "hue.example" }
[[service]]
id = "own-names"
name = "Names at home"
node = "hub"
check = { dns = "home.example" }
[[service]]
id = "other-names"
name = "Names at another port"
node = "server"
check = { dns = "mail.example", at = "10.61.0.3:5353" }
"#;

#[test]
fn in_the_lab_names_are_known_until_the_way_is_cut_or_the_agent_is_silent() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("n.toml"), TEXT).expect("written");
    fs::write(folder.path().join("names.toml"), NAMES).expect("written");
    let script = r#"
"$SPANWATCH" services --format json; echo ,
"$SPANWATCH" lab ctl cut link:core--server >&2
"$SPANWATCH" services -t 1s --format json; echo ,
"$SPANWATCH" lab ctl restore all >&2; "$SPANWATCH" lab ctl agent server killed >&2
"$SPANWATCH" services -t 1s --format json; echo ,
"$SPANWATCH" lab ctl agent server garbage >&2
"$SPANWATCH" services -t 1s --format json; echo ,
"$SPANWATCH" lab ctl agent server well >&2
"$SPANWATCH" services --format json
"#;
    let Some(ended) = stage::in_a_lab(folder.path(), &[], script, stage::PATIENCE) else {
        return;
    };
    let (text, said) = (ended.out, ended.err);
    assert_eq!(ended.code, Some(0), "{said}");
    let documents: Vec<Value> = serde_json::from_str(&format!("[{text}]")).expect("JSON");
    let states = |document: &Value| {
        ["names", "own-names", "other-names"].map(|id| {
            let services = document["services"].as_array().expect("a list");
            let found = services.iter().find(|service| service["id"] == id);
            let found = found.expect("a service");
            let state = found["state"].as_str().expect("a word");
            format!("{state} {}", found["reason"].as_str().expect("a word"))
        })
    };
    let up = "up addresses";
    let expected = [
        [up, up, up],
        ["down silent", up, "down silent"],
        ["down silent", up, "down silent"],
        ["down silent", up, "down silent"],
        [up, up, up],
    ];
    let found: Vec<_> = documents.iter().map(states).collect();
    assert_eq!(found, expected, "{said}\n{}", documents[0]);
}

#[test]
fn in_the_lab_services_answer_until_their_way_is_cut() {
    let (folder, _) = network();
    let script = r#"
"$SPANWATCH" services --format json; echo ,
"$SPANWATCH" lab ctl cut link:core--server >&2
"$SPANWATCH" services -t 1s --format json
"#;
    let Some(ended) = stage::in_a_lab(folder.path(), &[], script, stage::PATIENCE) else {
        return;
    };
    let (text, said) = (ended.out, ended.err);
    assert_eq!(ended.code, Some(0), "{said}");
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
    // The lab's own authority vouches for its services.
    assert_eq!(state(&said[0], "web"), ("up".into(), 200.into()));
    let secure = said[0]["services"].as_array().expect("a list");
    let days = |id| {
        let found = secure.iter().find(|service| service["id"] == id);
        found.expect("a service")["certificate"]["days_left"].clone()
    };
    for id in ["web", "vault"] {
        assert!(days(id) == 89 || days(id) == 90, "{id}: {}", days(id));
    }
    assert_eq!(state(&said[1], "home"), ("up".into(), 200.into()));
    assert_eq!(state(&said[1], "mail").0, "down");
    let lost = &said[1]["agencies"][0]["lost"];
    assert!(
        lost.as_array().is_some_and(|lost| !lost.is_empty()),
        "{lost}"
    );
}
