//! What one `check` leaves for the next, and for whoever asks about today: the incidents that were open, when that
//! was, and what was last said.
//!
//! One small file, written whole or not at all. A torn or missing one costs a line of warning and nothing else.

use std::fs;
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use nix::fcntl::{Flock, FlockArg};
use serde::{Deserialize, Serialize};

use crate::app::incident::Book;
use crate::model::Element;
use crate::model::incident::{Incident, IncidentId, IncidentKind, IncidentSeverity};

const SCHEMA: &str = "spanwatch/check-state/1";

/// What one run leaves for the next.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Memory {
    /// The highest incident number given so far.
    pub last: u32,
    /// What was open.
    pub open: Vec<Kept>,
    /// When something was last printed.
    pub said: Option<Timestamp>,
    /// The verdict then.
    pub verdict: Option<String>,
    /// When the run ended; `None` in a file of an earlier version.
    pub at: Option<Timestamp>,
    /// When the run before it ended.
    pub before: Option<Timestamp>,
}

/// An incident as it is remembered.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    id: u32,
    kind: String,
    causes: Vec<String>,
    nodes: Vec<String>,
    cut_off: usize,
    since: Timestamp,
}

#[derive(Serialize, Deserialize)]
struct File {
    schema: String,
    last: u32,
    open: Vec<Kept>,
    said: Option<Timestamp>,
    verdict: Option<String>,
    // A file of an earlier version lacks these.
    at: Option<Timestamp>,
    before: Option<Timestamp>,
}

/// Why the memory is not to be had; the run goes on without it.
#[derive(Debug, thiserror::Error)]
pub enum Forgotten {
    /// There is none yet.
    #[error("{0} does not exist yet; everything counts as new.")]
    Missing(PathBuf),
    /// It is torn, or of another program.
    #[error("{0} is not readable as the state of an earlier run; everything counts as new.")]
    Torn(PathBuf),
}

impl Memory {
    /// Reads what the last run left.
    pub fn read(path: &Path) -> Result<Self, Forgotten> {
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return Err(Forgotten::Missing(path.to_owned()));
            }
            Err(_) => return Err(Forgotten::Torn(path.to_owned())),
        };
        match serde_json::from_str::<File>(&text) {
            Ok(file) if file.schema == SCHEMA => Ok(Self {
                last: file.last,
                open: file.open,
                said: file.said,
                verdict: file.verdict,
                at: file.at,
                before: file.before,
            }),
            _ => Err(Forgotten::Torn(path.to_owned())),
        }
    }

    /// Writes it beside the old one and puts it in its place, so that a torn write leaves the old one.
    pub fn write(&self, path: &Path) -> io::Result<()> {
        let file = File {
            schema: SCHEMA.to_owned(),
            last: self.last,
            open: self.open.clone(),
            said: self.said,
            verdict: self.verdict.clone(),
            at: self.at,
            before: self.before,
        };
        let beside = path.with_extension("tmp");
        let mut out = fs::OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&beside)?;
        serde_json::to_writer_pretty(&mut out, &file)?;
        out.write_all(b"\n")?;
        out.sync_all()?;
        fs::rename(&beside, path)?;
        // The name is on disk only when its folder is.
        path.parent()
            .map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
    }

    /// Returns a book that carries on the numbers and beginnings of the open incidents.
    #[must_use]
    pub fn book(&self) -> Book {
        Book::after(self.last, self.incidents().collect())
    }

    /// Returns what was open: number, kind, causes, silent nodes and beginning of each, nothing else of it is
    /// remembered.
    pub fn incidents(&self) -> impl Iterator<Item = Incident> + '_ {
        self.open.iter().filter_map(Kept::incident)
    }

    /// Returns what to remember of a book.
    #[must_use]
    pub fn of(book: &Book) -> Self {
        let open = book
            .list()
            .into_iter()
            .filter(|incident| incident.until.is_none())
            .map(|i| Kept::of(&i))
            .collect();
        Self {
            last: book.last(),
            open,
            said: None,
            verdict: None,
            at: None,
            before: None,
        }
    }
}

impl Kept {
    fn of(incident: &Incident) -> Self {
        Self {
            id: incident.id.0,
            kind: incident.kind.word().to_owned(),
            causes: incident.causes.iter().map(ToString::to_string).collect(),
            nodes: incident.nodes.iter().map(ToString::to_string).collect(),
            cut_off: incident.cut_off.len(),
            since: incident.since,
        }
    }

    fn incident(&self) -> Option<Incident> {
        let kind = [
            IncidentKind::Monitor,
            IncidentKind::Outage,
            IncidentKind::Redundancy,
            IncidentKind::Loss,
        ]
        .into_iter()
        .find(|kind| kind.word() == self.kind)?;
        Some(Incident {
            id: IncidentId(self.id),
            kind,
            severity: IncidentSeverity::Warning,
            causes: self
                .causes
                .iter()
                .filter_map(|cause| cause.parse::<Element>().ok())
                .collect(),
            probability: 0.0,
            cut_off: Vec::new(),
            one_path: Vec::new(),
            nodes: self.nodes.iter().map(|node| node.as_str().into()).collect(),
            evidence: Vec::new(),
            maintenance: false,
            since: self.since,
            named: self.since,
            until: None,
        })
    }
}

/// Why a run may not go on.
#[derive(Debug, thiserror::Error)]
pub enum Locked {
    /// Another run holds the lock.
    #[error("a previous run ({0}) is still going.")]
    Held(String),
    /// The lock could not be made.
    #[error("{path} could not be made.")]
    Failed {
        /// The lock or its folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// A lock that ends with its value.
#[derive(Debug)]
pub struct Lock {
    _file: Flock<fs::File>,
}

/// Makes the state folder and takes its lock, without waiting.
pub fn lock(folder: &Path, at: Timestamp) -> Result<Lock, Locked> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |source| Locked::Failed { path, source }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let path = folder.join("check.lock");
    let file = fs::OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(&path)
        .map_err(failed(&path))?;
    match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
        Ok(mut file) => {
            let said = format!("pid {} since {at:.0}\n", std::process::id());
            file.set_len(0)
                .and_then(|()| file.write_all(said.as_bytes()))
                .map_err(failed(&path))?;
            Ok(Lock { _file: file })
        }
        Err((_, nix::errno::Errno::EWOULDBLOCK)) => {
            let holder = fs::read_to_string(&path).unwrap_or_default();
            let holder: String = holder
                .trim()
                .chars()
                .filter(|c| !crate::model::text::is_unsafe(*c))
                .collect();
            Err(Locked::Held(holder))
        }
        Err((_, errno)) => Err(Locked::Failed {
            path,
            source: errno.into(),
        }),
    }
}
