//! A sheet as a spreadsheet saves it: separator, quotes, byte order mark, header in two languages.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use crate::inventory::slug::slug;
use crate::inventory::table::value::address;
use crate::inventory::table::{error, place};
use crate::model::fault::{Fault, Place, Source};
use crate::model::text::is_unsafe;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Column {
    Name,
    Id,
    Address,
    Uplink,
    Provider,
    Area,
    Weight,
    Class,
    Level,
    Role,
    Kind,
    Capacity,
    Circuit,
    Contact,
    Phone,
    Email,
    Computers,
    Antivirus,
    Lat,
    Lon,
    Snmp,
}

/// Headers by what they hold, folded; the first that is found wins.
const HEADERS: &[(Column, &[&str])] = &[
    (
        Column::Name,
        &[
            "ten co quan",
            "ten don vi",
            "ten",
            "co quan",
            "don vi",
            "name",
            "agency",
            "agency name",
        ],
    ),
    (Column::Id, &["id", "ma", "ma co quan", "ma don vi"]),
    (
        Column::Address,
        &[
            "ip",
            "dia chi ip",
            "ip address",
            "address",
            "ipv4",
            "ip wan",
            "dia chi mang",
        ],
    ),
    (
        Column::Uplink,
        &[
            "uplink",
            "uplinks",
            "noi den",
            "noi toi",
            "ket noi den",
            "ket noi toi",
            "ket noi len",
            "nut cap tren",
            "duong len",
            "cap tren",
            "upstream",
            "parent",
        ],
    ),
    (
        Column::Provider,
        &["provider", "nha mang", "nha cung cap", "carrier", "isp"],
    ),
    (
        Column::Area,
        &[
            "area",
            "xa phuong",
            "phuong xa",
            "phuong",
            "xa",
            "dia ban",
            "ward",
            "commune",
        ],
    ),
    (
        Column::Weight,
        &["weight", "trong so", "muc quan trong", "importance"],
    ),
    (
        Column::Class,
        &[
            "class",
            "loai",
            "loai hinh",
            "loai co quan",
            "phan loai",
            "nhom",
        ],
    ),
    (Column::Level, &["level", "cap", "cap hanh chinh"]),
    (Column::Role, &["role", "vai tro"]),
    (
        Column::Kind,
        &[
            "kind",
            "duong truyen",
            "loai duong truyen",
            "loai ket noi",
            "media",
        ],
    ),
    (
        Column::Capacity,
        &["capacity", "bang thong", "toc do", "bandwidth"],
    ),
    (Column::Circuit, &["circuit", "ma kenh", "so kenh", "kenh"]),
    (
        Column::Contact,
        &["contact", "nguoi lien he", "lien he", "dau moi"],
    ),
    (
        Column::Phone,
        &["phone", "dien thoai", "so dien thoai", "sdt"],
    ),
    (Column::Email, &["email", "e mail", "thu dien tu"]),
    (
        Column::Computers,
        &["computers", "so may tinh", "may tinh", "so may"],
    ),
    (
        Column::Antivirus,
        &["antivirus", "diet virus", "phan mem diet virus"],
    ),
    (Column::Lat, &["lat", "latitude", "vi do"]),
    (Column::Lon, &["lon", "lng", "long", "longitude", "kinh do"]),
    (Column::Snmp, &["snmp"]),
];

/// A sheet: its columns by meaning, and its rows.
pub(crate) struct Sheet {
    pub(crate) columns: BTreeMap<Column, usize>,
    pub(crate) rows: Vec<Row>,
}

/// One row of a sheet.
pub(crate) struct Row {
    source: Arc<Source>,
    span: Range<usize>,
    cells: Vec<String>,
}

impl Row {
    /// Returns a cell on one line, `None` when it is empty.
    pub(crate) fn cell(&self, columns: &BTreeMap<Column, usize>, column: Column) -> Option<&str> {
        let text = self.cells.get(*columns.get(&column)?)?.as_str();
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

/// Reads a sheet; faults are added, and notes of what was not used.
pub(crate) fn read(
    file: &str,
    text: &str,
    faults: &mut Vec<Fault>,
    notes: &mut Vec<String>,
) -> Option<Sheet> {
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
    let rows: Vec<Row> = rows.collect();
    let columns = columns(&header, &rows, notes);
    if !columns.contains_key(&Column::Name) {
        faults.push(Fault {
            help: Some("Name a column `name` or `Tên cơ quan`; others may be id, ip, uplink, provider, area, weight, class, level.".into()),
            ..error("T0151", &header.place(""), "No column holds the names of the agencies.".into())
        });
        return None;
    }
    Some(Sheet { columns, rows })
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

/// A cell on one line, composed, without characters that cannot be seen.
fn clean(cell: &str) -> String {
    let composed: String = unicode_normalization::UnicodeNormalization::nfc(cell)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !is_unsafe(*c))
        .collect();
    composed.split_whitespace().collect::<Vec<_>>().join(" ")
}

fn columns(header: &Row, rows: &[Row], notes: &mut Vec<String>) -> BTreeMap<Column, usize> {
    let words: Vec<String> = header
        .cells
        .iter()
        .map(|cell| slug(cell).replace('-', " "))
        .collect();
    let mut columns = BTreeMap::new();
    for (column, names) in HEADERS {
        let found = names
            .iter()
            .find_map(|name| words.iter().position(|word| word == name));
        if let Some(at) = found {
            columns.insert(*column, at);
        }
    }
    // `Địa chỉ` is a street in one sheet and an IP address in the next: the cells decide.
    if !columns.contains_key(&Column::Address)
        && let Some(at) = words.iter().position(|word| word == "dia chi")
        && rows
            .iter()
            .filter_map(|row| row.cells.get(at))
            .any(|cell| address(cell.split('/').next().unwrap_or_default()).is_ok())
    {
        columns.insert(Column::Address, at);
    }
    for (at, cell) in header.cells.iter().enumerate() {
        if !cell.is_empty() && !columns.values().any(|used| *used == at) {
            notes.push(format!("The column `{cell}` is not used."));
        }
    }
    columns
}
