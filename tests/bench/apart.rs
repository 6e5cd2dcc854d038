//! A bench's agents in a process of their own, so that their processor time is not the measured one's.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// Runs this program again with the word `agents`, and returns it with the port that it prints.
pub(crate) fn agents() -> (Child, u16) {
    let this = std::env::current_exe().expect("this program");
    let mut child = Command::new(this)
        .arg("agents")
        .stdout(Stdio::piped())
        .spawn()
        .expect("this program again");
    let mut line = String::new();
    let output = child.stdout.take().expect("piped");
    BufReader::new(output).read_line(&mut line).expect("a line");
    (child, line.trim().parse().expect("a port"))
}
