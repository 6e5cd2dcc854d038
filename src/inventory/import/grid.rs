//! Rows and cells as a spreadsheet saves them: separator, quotes, byte order mark, Excel's own first line.
//!
//! What the columns mean is for whoever reads them; here a column is found by the words of its head, folded, in
//! Vietnamese or English.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::inventory::import::cell::clean;
use crate::inventory::slug::slug;
use crate::inventory::table::{error, place};
use crate::model::fault::{Fault, Place, Source};

/// The rows of a file, the first apart.
pub(crate) struct Grid {
    /// The heads of the columns.
    pub(crate) header: Row,
    pub(crate) rows: Vec<Row>,
}

impl Grid {
    /// Returns the heads of the columns in the form in which they are compared: `Xã/phường` is `xa phuong`.
    pub(crate) fn heads(&self) -> Vec<String> {
        let heads = self.header.cells.iter();
        heads.map(|cell| slug(cell).replace('-', " ")).collect()
    }

    /// Finds columns by their heads; the first word that is found wins.
    pub(crate) fn columns<C: Copy + Ord>(&self, words: &[(C, &[&str])]) -> BTreeMap<C, usize> {
        let heads = self.heads();
        let mut columns = BTreeMap::new();
        for (column, names) in words {
            let found = names
                .iter()
                .find_map(|name| heads.iter().position(|head| head == name));
            if let Some(at) = found {
                columns.insert(*column, at);
            }
        }
        columns
    }

    /// Notes the columns that nothing asked for.
    pub(crate) fn note_unused<C>(&self, columns: &BTreeMap<C, usize>, notes: &mut Vec<String>) {
        for (at, cell) in self.header.cells.iter().enumerate() {
            if !cell.is_empty() && !columns.values().any(|used| *used == at) {
                notes.push(format!("The column `{cell}` is not used."));
            }
        }
    }
}

/// One row of a sheet.
pub(crate) struct Row {
    source: Arc<Source>,
    span: Range<usize>,
    cells: Vec<String>,
}

impl Row {
    /// Returns a cell on one line, `None` when it is empty.
    pub(crate) fn cell<C: Copy + Ord>(
        &self,
        columns: &BTreeMap<C, usize>,
        column: C,
    ) -> Option<&str> {
        self.at(*columns.get(&column)?)
    }

    /// Returns the cell of a column by its place, `None` when it is empty.
    pub(crate) fn at(&self, column: usize) -> Option<&str> {
        let text = self.cells.get(column)?.as_str();
        (!text.is_empty()).then_some(text)
    }

    /// Returns where a text of this row stands, or the row where it is written otherwise.
    pub(crate) fn place(&self, text: &str) -> Place {
        let line = self.source.text.get(self.span.clone()).unwrap_or_default();
        let span = match line.find(text) {
            Some(at) if !text.is_empty() => self.span.start + at..self.span.start + at + text.len(),
            _ => self.span.clone(),
        };
        place(&self.source, span)
    }
}

/// Reads the rows of a file; what is wrong with it is added to the faults. Cost O(length).
pub(crate) fn read(file: &str, text: &str, faults: &mut Vec<Fault>) -> Option<Grid> {
    let source = Arc::new(Source {
        name: file.to_owned(),
        text: text.to_owned(),
    });
    // Excel's own mark of the separator stands before the header.
    let start = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
    let (start, told) = match text[start..].split_once('\n') {
        Some((first, _)) if first.to_lowercase().starts_with("sep=") => {
            (start + first.len() + 1, first.as_bytes().get(4).copied())
        }
        _ => (start, None),
    };
    let body = &text[start..];
    if body.matches('"').count() % 2 == 1 {
        let at = start + body.rfind('"').unwrap_or_default();
        faults.push(Fault {
            help: Some("Close it, or write it twice where it is part of the text.".into()),
            ..error(
                "T0152",
                &place(&source, at..at + 1),
                "A quote is opened and never closed.".into(),
            )
        });
        return None;
    }
    let mut reader = csv::ReaderBuilder::new()
        .delimiter(told.unwrap_or_else(|| separator(body)))
        .has_headers(false)
        .flexible(true)
        .from_reader(body.as_bytes());
    let mut rows = Vec::new();
    let mut record = csv::StringRecord::new();
    loop {
        let from = start + reader.position().byte() as usize;
        match reader.read_record(&mut record) {
            Ok(true) => {}
            Ok(false) => break,
            Err(why) => {
                faults.push(error(
                    "T0152",
                    &place(&source, from..from),
                    format!("This row cannot be read: {why}."),
                ));
                return None;
            }
        }
        let to = start + reader.position().byte() as usize;
        let blank = text[from..to].len() - text[from..to].trim_start().len();
        let cells: Vec<String> = record.iter().map(clean).collect();
        if cells.iter().any(|cell| !cell.is_empty()) {
            rows.push(Row {
                source: source.clone(),
                span: from + blank..to,
                cells,
            });
        }
    }
    let mut rows = rows.into_iter();
    let Some(header) = rows.next() else {
        faults.push(error(
            "T0151",
            &place(&source, 0..0),
            "The sheet is empty.".into(),
        ));
        return None;
    };
    Some(Grid {
        header,
        rows: rows.collect(),
    })
}

/// Returns the separator that stands most often in the first line; quotes do not count.
fn separator(body: &str) -> u8 {
    let first = body.lines().next().unwrap_or_default();
    let outside: String = first.split('"').step_by(2).collect();
    let count = |separator: char| outside.matches(separator).count();
    [(';', b';'), ('\t', b'\t'), (',', b',')]
        .into_iter()
        .rev()
        .max_by_key(|(separator, _)| count(*separator))
        .map_or(b',', |(_, byte)| byte)
}
