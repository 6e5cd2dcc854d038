//! A topology as git remembers it: asked of the `git` on this machine, never checked out.

use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;

use crate::cli::failure::{Failure, Kind};
use crate::inventory::{LARGEST_FILE, Loaded};
use crate::model::fault::Source;

/// More files than any topology has.
const MOST_FILES: usize = 20_000;

/// Returns the two revisions of `A...B` or `A..B`, where this is no path.
pub(super) fn range(written: &str) -> Option<(String, String)> {
    if Path::new(written).exists() {
        return None;
    }
    let (first, second) = written
        .split_once("...")
        .or_else(|| written.split_once(".."))?;
    let head = |name: &str| {
        if name.is_empty() {
            "HEAD".to_owned()
        } else {
            name.to_owned()
        }
    };
    Some((head(first), head(second)))
}

/// Loads a folder of a topology as it was in a revision.
pub(super) fn load(revision: &str, folder: &Path) -> Result<Loaded, Failure> {
    let neither = |said: &str| {
        let message = format!(
            "`{revision}` is neither a folder nor a git revision of {}{said}",
            folder.display()
        );
        Failure::new(Kind::Usage, message).hint(
            "Name a folder, or a branch, tag or commit of the repository that holds the topology.",
        )
    };
    // What begins with a dash would be an option of git.
    if revision.starts_with('-') || revision.contains(char::is_whitespace) {
        return Err(neither("."));
    }
    if !folder.is_dir() {
        return Err(neither(", which is no folder."));
    }
    let listed = git(folder)
        .args(["ls-tree", "-r", "-z", "--end-of-options", revision])
        .output()
        .map_err(|error| Failure::reading("what git has (is it installed?)", &error))?;
    if !listed.status.success() {
        let said = String::from_utf8_lossy(&listed.stderr);
        let said = said.lines().next().unwrap_or_default();
        return Err(neither(&format!(": {said}.")));
    }
    let files = files(&listed.stdout);
    if files.len() > MOST_FILES {
        return Err(neither(", which has more files than a topology."));
    }
    if files.is_empty() {
        return Err(neither(&format!(
            ": no file of {revision} in it ends in `.toml`."
        )));
    }
    let sources = texts(folder, revision, &files)
        .map_err(|error| Failure::reading(&format!("{revision} from git"), &error))?;
    crate::inventory::read(sources).map_err(|faults| {
        let message = format!("The topology in {revision} cannot be used.");
        Failure::new(Kind::Configuration, message).faults(faults.0)
    })
}

fn git(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .arg("-C")
        .arg(folder)
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null());
    command
}

/// A file in git: its object, and its path below the folder.
struct File {
    object: String,
    path: String,
}

/// Returns the files that a topology is read from, by the rules of a folder: no links, nothing hidden.
fn files(listed: &[u8]) -> Vec<File> {
    let text = String::from_utf8_lossy(listed);
    let mut files: Vec<File> = text
        .split('\0')
        .filter_map(|row| {
            // `100644 blob HASH\tPATH`; 120000 is a symbolic link.
            let (about, path) = row.split_once('\t')?;
            let mut about = about.split(' ');
            let is_plain = about.next()?.starts_with("100") && about.next()? == "blob";
            let is_hidden = path.split('/').any(|part| part.starts_with(['.', '_']));
            let is_toml = Path::new(path).extension().is_some_and(|end| end == "toml");
            (is_plain && !is_hidden && is_toml).then(|| File {
                object: about.next().unwrap_or_default().to_owned(),
                path: path.to_owned(),
            })
        })
        .collect();
    files.sort_by(|one, other| one.path.cmp(&other.path));
    files
}

/// Reads all files through one git.
fn texts(folder: &Path, revision: &str, files: &[File]) -> std::io::Result<Vec<Arc<Source>>> {
    let mut child = git(folder)
        .args(["cat-file", "--batch"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let gone = || std::io::Error::other("git ended early");
    let mut asks = child.stdin.take().ok_or_else(gone)?;
    let mut answers = BufReader::new(child.stdout.take().ok_or_else(gone)?);
    let mut sources = Vec::new();
    for file in files {
        // One question, one answer: neither side ever waits with a full pipe.
        writeln!(asks, "{}", file.object)?;
        asks.flush()?;
        let mut head = String::new();
        answers.read_line(&mut head)?;
        let size: usize = head
            .trim_end()
            .rsplit(' ')
            .next()
            .and_then(|size| size.parse().ok())
            .ok_or_else(gone)?;
        // What is too large is read no further than to be refused with its name.
        let mut bytes = Vec::new();
        answers
            .by_ref()
            .take(size.min(LARGEST_FILE + 1) as u64)
            .read_to_end(&mut bytes)?;
        let rest = size.saturating_sub(bytes.len()) as u64 + 1;
        std::io::copy(&mut answers.by_ref().take(rest), &mut std::io::sink())?;
        sources.push(Arc::new(Source {
            name: format!("{revision}:{}", file.path),
            text: String::from_utf8_lossy(&bytes).into_owned(),
        }));
    }
    drop(asks);
    child.wait()?;
    Ok(sources)
}
