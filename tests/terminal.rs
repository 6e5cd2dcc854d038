//! The dashboard in a real terminal: what it shows, that every way out leaves it whole, and that a newcomer can
//! break the lab with one key.

pub(crate) mod glass;
pub(crate) mod pty;

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;
use spanwatch::tui::terminal::Terminal;

use crate::terminal::pty::Pty;

/// The dashboard of the reference network in the lab, or simulated where namespaces are refused.
fn lab() -> Option<Pty> {
    let topology = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    let words = [
        "--lang",
        "en",
        "--topology",
        topology.to_str().expect("UTF-8"),
        "lab",
    ];
    let mut pty = Pty::start(env!("CARGO_BIN_EXE_spanwatch"), &words, |command| {
        command.env_remove("SPANWATCH_LAB_SOCKET");
    })?;
    pty.until("lab with everybody up", |text| {
        text.contains("483 agencies") && text.contains("▪ 483 up")
    });
    Some(pty)
}

#[test]
fn the_first_screen_counts_all_agencies_up_and_says_where_it_runs() {
    let Some(mut pty) = lab() else { return };
    // The head comes first: a frame may arrive in two pieces.
    pty.until("a cell each, and the head", |text| {
        text.matches('▪').count() == 484
    });
    let text = pty.glass.text();
    assert!(
        text.contains(" LAB ") || text.contains("SIMULATED"),
        "{text}"
    );
    assert!(text.contains("illustrative data"), "{text}");
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    pty.is_whole();
}

#[test]
fn every_way_out_leaves_the_terminal_whole() {
    for (way, code) in [
        ("ctrl-c", 0),
        ("interrupt", 130),
        ("terminate", 143),
        ("hang up", 129),
    ] {
        let Some(mut pty) = lab() else { return };
        assert!(pty.glass.is_alternate && !pty.glass.has_cursor);
        match way {
            "ctrl-c" => pty.press("\u{3}"),
            "terminate" => pty.signal(Signal::SIGTERM),
            "interrupt" => pty.interrupt_all(),
            _ => pty.signal(Signal::SIGHUP),
        }
        let status = pty.end();
        assert_eq!(status.code(), Some(code), "{way}: {status}");
        pty.is_whole();
    }
}

#[test]
fn one_key_breaks_the_lab_and_one_repairs_it() {
    let Some(mut pty) = lab() else { return };
    pty.press("3");
    pty.until("list of weak elements, by hours", |text| {
        text.contains("weighted hours")
    });
    // The second row, whichever it is: what is asked about is read from the screen.
    pty.press("jX");
    pty.until("question what to break", |text| text.contains("│ Cut "));
    let text = pty.glass.text();
    // Names are shortened in a list; so much of it always stands there.
    let cut = text
        .split_once("│ Cut ")
        .and_then(|(_, rest)| rest.split_once('│'))
        .map(|(name, _)| name.trim().chars().take(24).collect::<String>())
        .expect("what would be cut");
    pty.press("\r4");
    pty.until("incident", |text| text.contains("1 open of 1"));
    pty.until("cause", |text| text.contains(&cut));
    pty.press("X");
    pty.until("way to repair it", |text| {
        text.contains("│ Restore everything (1)")
    });
    pty.press("G\r");
    pty.until("end of the incident", |text| text.contains("0 open of 1"));
    pty.press("1");
    pty.until("network as it was", |text| text.contains("▪ 483 up"));
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    pty.is_whole();
}

#[test]
fn a_link_is_built_in_what_if_and_its_worth_is_shown() {
    let Some(mut pty) = lab() else { return };
    pty.press("5A");
    pty.until("question for one end", |text| {
        text.contains("a new link: from which node?")
    });
    pty.press("pop nam dong\r");
    pty.until("question for the other end", |text| {
        text.contains("from PoP Nam Đông to which node?")
    });
    pty.press("a luoi 1\r");
    pty.until("the link and what it is good for", |text| {
        text.contains("Built (1): fibre PoP Nam Đông") && text.contains("What is built connects")
    });
    pty.press("u");
    pty.until("nothing left to ask", |text| {
        text.contains("Nothing is marked as failed.")
    });
    pty.press("q");
    assert_eq!(pty.end().code(), Some(0));
    pty.is_whole();
}

#[test]
fn a_terminal_that_stopped_reading_does_not_hold_the_program() {
    let Some(mut pty) = lab() else { return };
    pty.deafen();
    // More whole frames than any pipe holds.
    for _ in 0..64 {
        pty.press("\u{c}");
        std::thread::sleep(Duration::from_millis(30));
    }
    pty.signal(Signal::SIGTERM);
    // By itself: a lab that had to kill its child would say 137.
    assert_eq!(pty.end().code(), Some(143));
}

/// What the test below runs in a terminal: it takes the terminal over and panics.
#[test]
#[ignore = "needs the terminal that another test makes for it"]
fn inside_a_terminal_that_is_taken_over() {
    let Some(place) = std::env::var_os("SPANWATCH_PANIC") else {
        return;
    };
    let terminal = Terminal::enter().expect("a terminal");
    assert!(terminal.offer(b"\x1b[1mhalf a frame".to_vec()));
    std::thread::sleep(Duration::from_millis(100));
    assert!(place != "here", "forced in this thread");
    let worker = std::thread::spawn(|| panic!("forced in a worker"));
    assert!(worker.join().is_err());
    let _ = terminal.offer(b"a later frame".to_vec());
    terminal.leave().expect("a terminal");
}

#[test]
fn a_panic_gives_the_terminal_back_before_it_says_why() {
    let program = std::env::current_exe().expect("this program");
    let words = [
        "--exact",
        "terminal::inside_a_terminal_that_is_taken_over",
        "--ignored",
        "--nocapture",
    ];
    for place in ["here", "worker"] {
        let Some(mut pty) = Pty::start(&program, &words, |command| {
            command.env("SPANWATCH_PANIC", place);
        }) else {
            return;
        };
        let status = pty.end();
        assert_eq!(status.success(), place == "worker", "{status}");
        pty.is_whole();
        let said = String::from_utf8_lossy(&pty.bytes).into_owned();
        let (before, after) = said.split_once("\u{1b}[?1049l").expect("a screen left");
        assert!(before.contains("half a frame"), "{said}");
        assert!(!before.contains("forced in"), "{said}");
        assert!(after.contains("forced in"), "{said}");
        assert!(!after.contains("a later frame"), "{said}");
    }
}

#[test]
fn a_panic_leaves_no_sequence_in_a_file_of_errors() {
    let program = std::env::current_exe().expect("this program");
    let errors = tempfile::NamedTempFile::new().expect("a file");
    let words = [
        "--exact",
        "terminal::inside_a_terminal_that_is_taken_over",
        "--ignored",
        "--nocapture",
    ];
    let Some(mut pty) = Pty::start(&program, &words, |command| {
        command
            .env("SPANWATCH_PANIC", "worker")
            .stderr(errors.reopen().expect("a file"));
    }) else {
        return;
    };
    pty.end();
    pty.is_whole();
    let said = fs::read_to_string(errors.path()).expect("a file");
    assert!(said.contains("forced in a worker"), "{said}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
}
