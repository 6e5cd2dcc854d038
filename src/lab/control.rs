//! The control socket: one line in, one line out.
//!
//! It lies in the lab's private folder, so only the user who runs the lab can reach it.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixListener;
use tokio::sync::{mpsc, oneshot};

/// The longest line that is read; far more than all elements of the reference network.
const LONGEST: u64 = 64 << 10;
/// How long the lab may take to answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// A line and where its answer goes.
pub(super) type Call = (String, oneshot::Sender<String>);

/// Listens until the receiver of calls is gone; each connection may ask as many lines as it likes.
pub(super) async fn listen(listener: UnixListener, calls: mpsc::Sender<Call>) {
    while let Ok((stream, _)) = listener.accept().await {
        let calls = calls.clone();
        tokio::spawn(async move {
            let (read, mut write) = stream.into_split();
            let mut read = tokio::io::BufReader::new(read.take(LONGEST));
            let mut line = String::new();
            while read
                .read_line(&mut line)
                .await
                .is_ok_and(|octets| octets > 0)
            {
                let (answer, heard) = oneshot::channel();
                if calls.send((line.trim().to_owned(), answer)).await.is_err() {
                    break;
                }
                let Ok(answer) = heard.await else {
                    break;
                };
                if write
                    .write_all(format!("{answer}\n").as_bytes())
                    .await
                    .is_err()
                {
                    break;
                }
                line.clear();
                read.get_mut().set_limit(LONGEST);
            }
        });
    }
}

/// Says a line to a running lab and returns its answer, `ok ...` or `error ...`.
pub fn say(socket: &Path, line: &str) -> io::Result<String> {
    let mut stream = UnixStream::connect(socket)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(one_line(line).as_bytes())?;
    let mut answer = String::new();
    BufReader::new(stream.take(LONGEST)).read_line(&mut answer)?;
    whole(&answer)
}

/// Returns the control sockets of this user's running labs, in order; dead ones are left out.
#[must_use]
pub fn running() -> Vec<PathBuf> {
    let mut sockets: Vec<PathBuf> = crate::lab::folder::all()
        .into_iter()
        .map(|folder| folder.join(crate::lab::folder::SOCKET))
        .filter(|socket| UnixStream::connect(socket).is_ok())
        .collect();
    sockets.sort();
    sockets
}

fn one_line(line: &str) -> String {
    format!("{}\n", line.replace(['\n', '\r'], " "))
}

fn whole(answer: &str) -> io::Result<String> {
    if answer.ends_with('\n') {
        Ok(answer.trim_end().to_owned())
    } else {
        Err(io::ErrorKind::UnexpectedEof.into())
    }
}
