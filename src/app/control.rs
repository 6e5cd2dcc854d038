//! The lab's control line, from the child's side: one line out, one line back.
//!
//! A dashboard inside the lab cuts a link in its parent by it; the grammar of the lines is `lab::action`'s.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::UnixStream;
use tokio::time::timeout;

use crate::app::Command;
use crate::lab::action::listed;
use crate::model::Element;

/// A lab that does not answer within this is gone.
const PATIENCE: Duration = Duration::from_secs(2);

/// A line longer than this is not the lab's: 483 agencies with their links are 40 kB.
const LONGEST: u64 = 1 << 20;

/// Why the lab did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// Nobody answers.
    #[error("the lab at {path} does not answer.")]
    Gone {
        /// Its socket.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It answered with a refusal.
    #[error("the lab refused: {0}")]
    Refused(String),
}

/// Says one line to the lab and returns what it answers after `ok`.
pub async fn say(path: &Path, line: &str) -> Result<String, ControlError> {
    let gone = |source| ControlError::Gone {
        path: path.to_owned(),
        source,
    };
    let exchange = async {
        let mut stream = UnixStream::connect(path).await?;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = String::new();
        let mut reader = BufReader::new(tokio::io::AsyncReadExt::take(stream, LONGEST));
        reader.read_line(&mut answer).await?;
        Ok(answer)
    };
    let answer = match timeout(PATIENCE, exchange).await {
        Ok(answer) => answer.map_err(gone)?,
        Err(_) => return Err(gone(io::ErrorKind::TimedOut.into())),
    };
    let answer = answer.trim_end();
    match answer.split_once(' ').unwrap_or((answer, "")) {
        ("ok", rest) => Ok(rest.to_owned()),
        ("error", rest) => Err(ControlError::Refused(rest.to_owned())),
        _ => Err(gone(io::ErrorKind::InvalidData.into())),
    }
}

/// Returns what is broken in the lab, in order.
pub async fn broken(path: &Path) -> Result<Vec<Element>, ControlError> {
    let mut broken = listed(&format!("ok {}", say(path, "list").await?));
    broken.sort_unstable();
    Ok(broken)
}

/// Returns the line of a command.
#[must_use]
pub fn line(command: &Command) -> String {
    match command {
        Command::Cut(element) => format!("cut {element}"),
        Command::Restore(element) => format!("restore {element}"),
        Command::RestoreAll => "restore all".to_owned(),
    }
}
