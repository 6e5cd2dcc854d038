//! The file that a record is written into, in the lab with a wire and in the one without.
//!
//! It knows nothing of the lines. It writes its last ones when it is dropped, whatever ended the lab.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

use crate::lab::action::Action;
use crate::lab::record::Record;

/// A record and the file that it is written into; what is still in force is written when it is dropped.
#[derive(Debug)]
pub struct Ledger {
    record: Record,
    file: File,
}

impl Ledger {
    /// Opens the file of a record, emptied.
    ///
    /// # Errors
    ///
    /// What the system says of the file.
    pub fn open(path: &Path) -> io::Result<File> {
        OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
    }

    /// Begins a record in a file; moments are counted from `began`.
    #[must_use]
    pub fn new(file: File, began: Timestamp) -> Self {
        Self {
            record: Record::new(began),
            file,
        }
    }

    /// Takes the faults that are in force after something was done, and writes what ended.
    pub fn update(&mut self, done: &Action, faults: &[Action], at: Duration) {
        let lines = self.record.update(done, faults, at);
        self.write(&lines);
    }

    fn write(&mut self, lines: &[String]) {
        for line in lines {
            // A disk that is full must not stop the network.
            let _ = writeln!(self.file, "{line}");
        }
    }
}

impl Drop for Ledger {
    fn drop(&mut self) {
        let rest = self.record.rest();
        self.write(&rest);
    }
}
