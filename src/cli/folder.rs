//! A new topology on disk: written whole into a folder that holds none yet, and read back at once.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::cli::failure::{Failure, Kind};
use crate::inventory::Loaded;
use crate::model::fault::Source;

/// Refuses a folder in which there is a topology, or which is no folder.
pub(in crate::cli) fn must_be_free(folder: &Path) -> Result<(), Failure> {
    match topology_in(folder) {
        Ok(None) => Ok(()),
        Ok(Some(path)) => Err(Failure::new(
            Kind::Configuration,
            format!("There is a topology already: {}", path.display()),
        )
        .hint("Nothing is overwritten; name another folder, or move that one away.")),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) => Err(Failure::reading(&folder.display().to_string(), &error)),
    }
}

/// Finds a file that would be read as part of a topology: `*.toml` at any depth, hidden ones left out.
fn topology_in(folder: &Path) -> io::Result<Option<PathBuf>> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        let path = entry.path();
        let hidden = entry.file_name().to_string_lossy().starts_with(['.', '_']);
        let found = if hidden {
            None
        } else if kind.is_dir() {
            topology_in(&path)?
        } else {
            Some(path).filter(|path| path.extension().is_some_and(|end| end == "toml"))
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// Reads files back before a byte of them is written, as if they stood in the folder: what they lack is then said
/// without half a topology on disk.
pub(in crate::cli) fn prove(
    folder: &Path,
    files: &BTreeMap<String, String>,
    refusal: &'static str,
) -> Result<(), Failure> {
    let sources = files.iter().map(|(name, text)| {
        Arc::new(Source {
            name: folder.join(name).display().to_string(),
            text: text.clone(),
        })
    });
    let proved = crate::inventory::read(sources.collect());
    proved
        .map(|_| ())
        .map_err(|faults| Failure::new(Kind::Usage, refusal).faults(faults.0))
}

/// Writes files below a folder, each only if it does not exist, and returns the network that they make.
pub(in crate::cli) fn write(
    folder: &Path,
    files: &BTreeMap<String, String>,
) -> Result<(Vec<PathBuf>, Loaded), Failure> {
    let mut written = Vec::new();
    for (name, text) in files {
        let path = folder.join(name);
        let parent = path.parent().unwrap_or(folder);
        let result = fs::create_dir_all(parent)
            .and_then(|()| fs::File::create_new(&path))
            .and_then(|mut file| file.write_all(text.as_bytes()));
        result.map_err(|error| Failure::writing(&path.display().to_string(), &error))?;
        written.push(path);
    }
    Ok((written, crate::cli::load(folder)?))
}

/// A list beyond this is no list of a network.
const LARGEST_LIST: usize = 64 << 20;

/// Reads all of it, or enough to see that it is too large.
fn at_most(file: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(LARGEST_LIST as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Reads a text file, or standard input for `-`; what is not UTF-8 is refused with what to do about it.
pub(in crate::cli) fn read_text(path: &Path) -> Result<(String, String), Failure> {
    let (name, bytes) = if path.as_os_str() == "-" {
        ("standard input".to_owned(), at_most(io::stdin().lock()))
    } else {
        let bytes = fs::File::open(path).and_then(at_most);
        (path.display().to_string(), bytes)
    };
    let bytes = bytes.map_err(|error| Failure::reading(&name, &error))?;
    if bytes.len() > LARGEST_LIST {
        let message = format!("{name} is larger than {} MiB.", LARGEST_LIST >> 20);
        return Err(Failure::new(Kind::Usage, message)
            .hint("Take a part of it; no list of a network is so long."));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok((name, text)),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(&error.as_bytes()[..at]);
            let line = before.matches('\n').count() + 1;
            Err(
                Failure::new(Kind::Usage, format!("Line {line} of {name} is not UTF-8."))
                    .hint("In a spreadsheet, save as \"CSV UTF-8\"; in an editor, choose UTF-8."),
            )
        }
    }
}
