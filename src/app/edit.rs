//! An edited topology, taken over while the monitor runs.
//!
//! The folder is looked at every two seconds: names, sizes and times, no contents. Reading and computing happen
//! on another thread, so that a large edit delays no reading. A bad edit is reported and the old model stays.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use crate::app::reference::Reference;
use crate::inventory;
use crate::model::fault::Fault;

/// How often the folder is looked at.
const EVERY: Duration = Duration::from_secs(2);

/// What became of an edit.
pub type Edit = Result<Reference, Vec<Fault>>;

/// Watches a topology folder and sends what becomes of each edit, until cancelled.
///
/// An edit is read when the folder has looked the same twice, so that a half-written file is not.
pub async fn watch(folder: PathBuf, edits: mpsc::Sender<Edit>, cancel: CancellationToken) {
    let mut taken = signature(&folder);
    let mut before = taken.clone();
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(EVERY) => {}
        }
        let now = signature(&folder);
        let is_settled = now == before;
        before.clone_from(&now);
        if !is_settled || now == taken {
            continue;
        }
        taken = now;
        let path = folder.clone();
        let read = tokio::task::spawn_blocking(move || {
            inventory::load(&path)
                .map(|loaded| Reference::new(loaded.network))
                .map_err(|faults| faults.0)
        });
        let Ok(edit) = read.await else { return };
        if edits.send(edit).await.is_err() {
            return;
        }
    }
}

/// Returns what tells one state of the folder from another: each file's path, size and time of change.
fn signature(folder: &Path) -> Vec<(PathBuf, u64, Option<SystemTime>)> {
    let mut found = Vec::new();
    collect(folder, &mut found, 0);
    found.sort();
    found
}

fn collect(folder: &Path, found: &mut Vec<(PathBuf, u64, Option<SystemTime>)>, depth: usize) {
    // Deeper than any person nests, and a bound against a loop of mounts.
    if depth > 16 {
        return;
    }
    let Ok(entries) = fs::read_dir(folder) else {
        return;
    };
    for entry in entries.flatten() {
        let Ok(about) = entry.metadata() else {
            continue;
        };
        if about.is_dir() {
            collect(&entry.path(), found, depth + 1);
        } else if entry
            .path()
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            found.push((entry.path(), about.len(), about.modified().ok()));
        }
    }
}
