//! From a folder of TOML to a proven network, or every fault in it at once.
//!
//! File borders mean nothing to the model. All files are read, all tables of all files are resolved together,
//! and whatever is wrong is said in one go, with file, line and a stable code (`codes`). What is legal but
//! unwise comes with the network, as warnings (`lint`).

pub mod authority;
pub mod codes;
pub mod import;
pub mod init;

mod blind;
mod layout;
mod lint;
mod names;
mod overlap;
pub mod quantity;
mod resolve;
mod slug;
mod table;

use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::model::fault::{Fault, Place, Severity, Source};
use crate::model::network::Network;

/// A larger file is a mistake, and its text would have to be held as long as a fault points into it.
pub const LARGEST_FILE: usize = 8 << 20;

/// More faults than these are one mistake made often; the rest is counted.
const MOST_FAULTS: usize = 1000;

/// A network that was read, and what is unwise in it.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The network, proven.
    pub network: Network,
    /// Legal but unwise, by file and place.
    pub warnings: Vec<Fault>,
    /// All files that were read, in order of their names.
    pub sources: Vec<Arc<Source>>,
}

/// Everything that is wrong, errors and warnings of all files, ordered by file, then place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("The topology has {} faults.", .0.len())]
pub struct Faults(pub Vec<Fault>);

/// Reads a topology from a folder (recursively) or from one file.
///
/// Takes `*.toml`; names that begin with `.` or `_` and symbolic links are left out.
pub fn load(path: &Path) -> Result<Loaded, Faults> {
    let mut files = Vec::new();
    let mut faults = Vec::new();
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => walk(path, &mut files, &mut faults),
        Ok(_) => files.push(path.to_owned()),
        Err(why) => faults.push(unreadable(path, &why)),
    }
    files.sort();
    if files.is_empty() && faults.is_empty() {
        faults.push(Fault {
            help: Some("Let `spanwatch init` write a first one.".into()),
            ..of_file(
                "T0105",
                path,
                "There is no topology here: no file ends in `.toml`.".into(),
            )
        });
    }
    let sources = files
        .iter()
        .filter_map(|file| text(file, &mut faults))
        .collect();
    let folder = if path.is_dir() {
        Some(path)
    } else {
        path.parent()
    };
    build(sources, faults, folder)
}

/// Reads a topology from texts: the same as `load`, without a disk.
pub fn read(sources: Vec<Arc<Source>>) -> Result<Loaded, Faults> {
    build(sources, Vec::new(), None)
}

/// Builds what can be built; `faults` are those of files that gave no text, `folder` is where other files may be.
fn build(
    sources: Vec<Arc<Source>>,
    mut faults: Vec<Fault>,
    folder: Option<&Path>,
) -> Result<Loaded, Faults> {
    let mut document = layout::Document::default();
    let mut whole = faults.is_empty();
    for source in &sources {
        if source.text.len() > LARGEST_FILE {
            faults.push(too_large(Path::new(&source.name)));
            whole = false;
        } else {
            whole &= layout::read(source, &mut document, &mut faults);
        }
    }
    let network = resolve::resolve(&document, whole, &mut faults);
    lint::texts(&sources, &mut faults);
    if let Some(network) = &network {
        lint::network(&document, network, &mut faults);
    }
    if let Some(folder) = folder {
        authority::lint(&document, folder, &mut faults);
    }
    // Stable, so that faults of one place stay in the order in which they were found.
    faults.sort_by(|one, other| order(one).cmp(&order(other)));
    let more = faults.len().saturating_sub(MOST_FAULTS);
    if more > 0 {
        faults.truncate(MOST_FAULTS);
        faults.push(Fault {
            severity: if network.is_some() {
                Severity::Warning
            } else {
                Severity::Error
            },
            ..of_all("T0190", format!("{more} more faults are not shown."))
        });
    }
    match network {
        Some(network) => Ok(Loaded {
            network,
            warnings: faults,
            sources,
        }),
        None => Err(Faults(faults)),
    }
}

/// Those about the whole come last.
fn order(fault: &Fault) -> (bool, &str, usize, Severity) {
    match &fault.place {
        Some(place) => (false, &place.source.name, place.span.start, fault.severity),
        None => (true, "", 0, fault.severity),
    }
}

fn walk(folder: &Path, files: &mut Vec<PathBuf>, faults: &mut Vec<Fault>) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(why) => return faults.push(unreadable(folder, &why)),
    };
    for entry in entries {
        let entry = match entry {
            Ok(entry) => entry,
            Err(why) => {
                faults.push(unreadable(folder, &why));
                continue;
            }
        };
        let name = entry.file_name();
        let name = name.to_string_lossy();
        // Not followed: a link may lead out of the folder, or round in a circle.
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if name.starts_with(['.', '_']) || kind.is_symlink() {
            continue;
        }
        let path = entry.path();
        if kind.is_dir() {
            walk(&path, files, faults);
        } else if kind.is_file()
            && path
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            files.push(path);
        }
    }
}

fn text(file: &Path, faults: &mut Vec<Fault>) -> Option<Arc<Source>> {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut bytes = Vec::new();
        let most = LARGEST_FILE as u64 + 1;
        fs::File::open(file)?.take(most).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = match read() {
        Ok(bytes) if bytes.len() > LARGEST_FILE => {
            faults.push(too_large(file));
            return None;
        }
        Ok(bytes) => bytes,
        Err(why) => {
            faults.push(unreadable(file, &why));
            return None;
        }
    };
    let name = file.display().to_string();
    match String::from_utf8(bytes) {
        Ok(text) => Some(Arc::new(Source { name, text })),
        Err(bad) => {
            let start = bad.utf8_error().valid_up_to();
            let byte = bad.as_bytes().get(start).copied().unwrap_or_default();
            let text = String::from_utf8_lossy(bad.as_bytes()).into_owned();
            let place = Place {
                span: start..start + char::REPLACEMENT_CHARACTER.len_utf8(),
                source: Arc::new(Source { name, text }),
            };
            faults.push(Fault {
                place: Some(place),
                help: Some("Save the file as UTF-8.".into()),
                ..of_all(
                    "T0103",
                    format!("The file is not UTF-8: byte {byte:#04x} stands here."),
                )
            });
            None
        }
    }
}

fn of_all(code: &'static str, message: String) -> Fault {
    Fault {
        code,
        severity: Severity::Error,
        message,
        place: None,
        label: None,
        related: Vec::new(),
        help: None,
    }
}

/// A fault of a file as a whole, at its first line; there is no text to point into.
fn of_file(code: &'static str, file: &Path, message: String) -> Fault {
    let source = Source {
        name: file.display().to_string(),
        text: String::new(),
    };
    let place = Place {
        source: Arc::new(source),
        span: 0..0,
    };
    Fault {
        place: Some(place),
        ..of_all(code, message)
    }
}

fn unreadable(path: &Path, why: &std::io::Error) -> Fault {
    Fault {
        help: match why.kind() {
            std::io::ErrorKind::NotFound => Some(
                "Name the folder with `--topology DIR`, or let `spanwatch init` write one.".into(),
            ),
            _ => None,
        },
        ..of_file("T0102", path, format!("This cannot be read: {why}."))
    }
}

fn too_large(file: &Path) -> Fault {
    Fault {
        help: Some("Split it; a topology may have any number of files.".into()),
        ..of_file(
            "T0104",
            file,
            format!("The file is larger than {} MiB.", LARGEST_FILE >> 20),
        )
    }
}
