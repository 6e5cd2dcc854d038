//! Files of authorities: read for checks by TLS, and looked at when a topology is, so that `lint` tells of a file that
//! is not there before a check does.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;

use rustls::pki_types::CertificateDer;

use crate::inventory::layout::Document;
use crate::inventory::table::error;
use crate::model::fault::{Fault, Severity};
use crate::wire::certificate::of_pem;

/// What a system trusts is a quarter of a megabyte.
const LARGEST: u64 = 8 << 20;

/// Why a file names no authority.
#[derive(Debug, thiserror::Error)]
pub enum NoAuthority {
    /// It cannot be read.
    #[error("it cannot be read: {0}")]
    Unreadable(io::Error),
    /// It is a folder, a pipe or a device.
    #[error("it is no plain file")]
    NotAFile,
    /// It is larger than any such file.
    #[error("it is larger than {} MiB", LARGEST >> 20)]
    TooLarge,
    /// It is not PEM, or holds no certificate.
    #[error("it holds no certificate in PEM")]
    Empty,
}

/// Reads the certificates of a file of PEM, one at least.
pub fn read(path: &Path) -> Result<Vec<CertificateDer<'static>>, NoAuthority> {
    // Asked first: to open a pipe would wait for whoever writes into it.
    let about = fs::metadata(path).map_err(NoAuthority::Unreadable)?;
    if !about.is_file() {
        return Err(NoAuthority::NotAFile);
    }
    let mut text = Vec::new();
    fs::File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text))
        .map_err(NoAuthority::Unreadable)?;
    if text.len() as u64 > LARGEST {
        return Err(NoAuthority::TooLarge);
    }
    of_pem(&text)
        .filter(|all| !all.is_empty())
        .ok_or(NoAuthority::Empty)
}

/// Warns of checks whose file of authorities cannot be used; it is named from the topology's folder.
pub(super) fn lint(document: &Document, folder: &Path, faults: &mut Vec<Fault>) {
    for service in &document.services {
        let Some(ca) = service.check.get("ca") else {
            continue;
        };
        if let Err(why) = read(&folder.join(ca)) {
            let message = format!("Service `{}` trusts `{ca}`, and {why}.", service.id.value);
            faults.push(Fault {
                severity: Severity::Warning,
                help: Some("Name it from the topology's folder: ca = \"authority.pem\".".into()),
                ..error("W0215", &service.id.place, message)
            });
        }
    }
}
