//! A first topology: from flags, from a list, from a sheet, from a person at a terminal.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::Duration;

use crate::command::{code, output, path, spanwatch, stderr, stdout};

fn lint(folder: &Path) -> Output {
    output(&["lint", folder.to_str().expect("UTF-8")])
}

#[test]
fn list_of_addresses_becomes_a_topology_that_lint_accepts() {
    let place = tempfile::tempdir().expect("a folder");
    let list = place.path().join("list.txt");
    fs::write(&list, "192.0.2.5 Sở Y tế\n# later\n192.0.2.6\n").expect("written");
    let list = list.to_str().expect("UTF-8");
    let target = place.path().join("net");
    let shown = target.to_str().expect("UTF-8");
    let made = output(&[
        "init",
        shown,
        "--from",
        list,
        "--no-input",
        "--name",
        "Mạng thử",
        "--hub-address",
        "192.0.2.1",
    ]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert!(stdout(&made).contains("2 agencies"), "{}", stdout(&made));
    assert!(stdout(&made).contains(&format!("spanwatch lint {shown}")));
    let checked = lint(&target);
    assert!(code(&checked) <= 1, "{}", stdout(&checked));
    let listed = output(&["list", "agencies", "so y te", "--topology", shown]);
    assert!(stdout(&listed).contains("192.0.2.5"), "{}", stdout(&listed));

    // A second time nothing is touched.
    let before = fs::read(target.join("network.toml")).expect("written");
    let again = output(&["init", shown, "--no-input"]);
    assert_eq!(code(&again), 3);
    assert!(stderr(&again).contains("network.toml"));
    assert_eq!(
        fs::read(target.join("network.toml")).expect("there"),
        before
    );
}

#[test]
fn bad_line_of_a_list_is_shown_at_its_place() {
    let place = tempfile::tempdir().expect("a folder");
    let list = place.path().join("list.txt");
    fs::write(&list, "192.0.2.5\n192.0.2.999 Sở\n").expect("written");
    let target = place.path().join("net");
    let refused = output(&[
        "init",
        target.to_str().expect("UTF-8"),
        "--from",
        list.to_str().expect("UTF-8"),
    ]);
    assert_eq!(code(&refused), 3);
    assert!(
        stderr(&refused).contains("list.txt:2:1"),
        "{}",
        stderr(&refused)
    );
    assert!(!target.exists(), "nothing is written");
}

#[test]
fn sheet_becomes_a_topology() {
    let place = tempfile::tempdir().expect("a folder");
    let sheet = place.path().join("Mạng xã.csv");
    fs::write(
        &sheet,
        "\u{FEFF}Tên;Địa chỉ;Kết nối đến\r\nTrung tâm;192.0.2.1;\r\nSở Y tế;192.0.2.5;Trung tâm\r\n",
    )
    .expect("written");
    let sheet = sheet.to_str().expect("UTF-8");
    let target = place.path().join("net");
    let shown = target.to_str().expect("UTF-8");
    let made = output(&["import", "csv", sheet, "-o", shown]);
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert!(code(&lint(&target)) <= 1, "{}", stdout(&lint(&target)));
    let text = fs::read_to_string(target.join("network.toml")).expect("written");
    assert!(text.contains("id = \"mang-xa\""), "{text}");
    let again = output(&["import", "csv", sheet, "-o", shown]);
    assert_eq!(code(&again), 3);
}

#[test]
fn sheet_that_is_not_utf8_says_how_to_save_it() {
    let place = tempfile::tempdir().expect("a folder");
    let sheet = place.path().join("s.csv");
    fs::write(&sheet, b"name;address\nS\xf4;192.0.2.5\n").expect("written");
    let target = place.path().join("net");
    let refused = output(&[
        "import",
        "csv",
        sheet.to_str().expect("UTF-8"),
        "-o",
        target.to_str().expect("UTF-8"),
    ]);
    assert_eq!(code(&refused), 3);
    assert!(stderr(&refused).contains("Line 2"), "{}", stderr(&refused));
    assert!(stderr(&refused).contains("CSV UTF-8"));
    assert!(!target.exists());
}

/// A person at a terminal: answers each question once it has been asked, and sees what the terminal shows.
fn dialogue(folder: &Path, arguments: &[&str], answers: &[(&str, &str)]) -> (String, i32) {
    let pty = nix::pty::openpty(None, None).expect("a terminal");
    let mut child = spanwatch(arguments)
        .current_dir(folder)
        .stdin(Stdio::from(pty.slave.try_clone().expect("a handle")))
        .stderr(Stdio::from(pty.slave.try_clone().expect("a handle")))
        .stdout(Stdio::null())
        .spawn()
        .expect("the binary runs");
    drop(pty.slave);
    let mut terminal = fs::File::from(pty.master);
    let (send, seen) = std::sync::mpsc::channel();
    let mut reader = terminal.try_clone().expect("a handle");
    std::thread::spawn(move || {
        let mut bytes = [0; 1024];
        // A terminal whose other end is gone gives an error, not an end.
        while let Ok(read @ 1..) = reader.read(&mut bytes) {
            if send.send(bytes[..read].to_vec()).is_err() {
                break;
            }
        }
    });
    let mut shown = String::new();
    let mut from = 0;
    for (question, answer) in answers {
        while !shown[from..].contains(question) {
            let bytes = seen
                .recv_timeout(Duration::from_secs(20))
                .unwrap_or_else(|_| panic!("{question} was never asked: {shown}"));
            shown.push_str(&String::from_utf8_lossy(&bytes));
        }
        from = shown.len();
        terminal.write_all(answer.as_bytes()).expect("typed");
    }
    let status = (0..200)
        .find_map(|_| {
            std::thread::sleep(Duration::from_millis(100));
            child.try_wait().expect("a child")
        })
        .unwrap_or_else(|| {
            child.kill().expect("a child");
            panic!("it does not end: {shown}")
        });
    while let Ok(bytes) = seen.recv_timeout(Duration::from_secs(1)) {
        shown.push_str(&String::from_utf8_lossy(&bytes));
    }
    (shown, status.code().expect("by itself"))
}

#[test]
fn person_is_asked_and_secrets_are_neither_shown_nor_shared() {
    let place = tempfile::tempdir().expect("a folder");
    let (shown, code) = dialogue(
        place.path(),
        &["init", "net"],
        &[
            ("Name of the network", "Mạng thử\n"),
            ("Name of the hub", "Trung tâm\n"),
            ("Address of the hub", "nonsense\n"),
            ("Address of the hub", "192.0.2.1\n"),
            ("Name of this machine", "\n"),
            ("SNMP credential", "core\n"),
            ("SNMP version", "3\n"),
            ("User", "monitor\n"),
            ("Authentication [", "\n"),
            ("Authentication passphrase", "canary-one\n"),
            ("Privacy [", "\n"),
            ("Privacy passphrase", "canary-two\n"),
            ("Time zone", "Asia/Ho_Chi_Minh\n"),
            ("Address to watch", "192.0.2.5 Sở Y tế\n"),
            ("Address to watch", "\n"),
        ],
    );
    assert_eq!(code, 0, "{shown}");
    assert!(!shown.contains("canary"), "{shown}");
    let topology = fs::read_to_string(place.path().join("net/network.toml")).expect("written");
    assert!(topology.contains("snmp = \"core\"") && !topology.contains("canary"));
    let secrets = place.path().join("credentials.toml");
    let text = fs::read_to_string(&secrets).expect("written");
    assert!(
        text.contains("auth-key = \"canary-one\"") && text.contains("priv-key = \"canary-two\"")
    );
    let mode = fs::metadata(&secrets).expect("there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
}

#[test]
fn interrupt_at_a_secret_writes_nothing() {
    let place = tempfile::tempdir().expect("a folder");
    let (shown, code) = dialogue(
        place.path(),
        &["init", "net"],
        &[
            ("Name of the network", "\n"),
            ("Name of the hub", "\n"),
            ("Address of the hub", "\n"),
            ("Name of this machine", "\n"),
            ("SNMP credential", "core\n"),
            ("SNMP version", "2c\n"),
            ("Community", "half\u{3}"),
        ],
    );
    assert_eq!(code, 3, "{shown}");
    assert!(shown.contains("nothing was written"), "{shown}");
    assert_eq!(fs::read_dir(place.path()).expect("a folder").count(), 0);
}

#[test]
fn without_a_terminal_nothing_is_asked() {
    let place = tempfile::tempdir().expect("a folder");
    let target = place.path().join("net");
    let made = spanwatch(&["init", target.to_str().expect("UTF-8")])
        .output()
        .expect("the binary runs");
    assert_eq!(code(&made), 0, "{}", stderr(&made));
    assert_eq!(stderr(&made), "");
    assert!(code(&lint(&target)) <= 1);
    let plain = super::folder(&[("notes.txt", "")]);
    assert_eq!(code(&output(&["init", path(&plain), "--no-input"])), 0);
}
