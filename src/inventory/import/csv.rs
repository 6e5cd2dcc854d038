//! One flat sheet, a row for each agency, to the topology that a person would have written from it.
//!
//! The hard column is the uplink: it names another row by name, id or address, or something that is in no row.
//! The first makes that row carry other people's traffic, the second makes a node. Ids are made from names once
//! and written down; from then on they are ids and names may change.

mod uplink;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::filter::fold::bare;
use crate::inventory::Faults;
use crate::inventory::import::grid::Row;
use crate::inventory::import::plan::{Entry, Plan};
use crate::inventory::import::sheet::{Column, Sheet};
use crate::inventory::import::{Ids, Imported, MOST_FAULTS, Options, sheet, write};
use crate::inventory::table::value::address;
use crate::inventory::table::{error, is_id};
use crate::model::fault::Fault;

/// Imports a sheet: `;`, `,` or tab between cells, with or without a byte order mark, headers in Vietnamese or
/// English. Every file of the result together is a topology that `read` accepts.
///
/// Faults are `T0151` to `T0154`, all at once, each at its row. Cost O(n log n).
pub fn import(text: &str, options: &Options) -> Result<Imported, Faults> {
    let (mut faults, mut notes) = (Vec::new(), Vec::new());
    let Some(sheet) = sheet::read(&options.file, text, &mut faults, &mut notes) else {
        return Err(Faults(faults));
    };
    let mut importer = Importer {
        columns: &sheet.columns,
        faults,
        notes,
        ids: Ids::default(),
        links: Ids::default(),
        plan: Plan::default(),
        places: Places::default(),
    };
    importer.entries(&sheet);
    importer.uplinks(&sheet);
    importer.choose_hub(options, &sheet);
    if options.all_agencies {
        let plan = &mut importer.plan;
        plan.entries.append(&mut plan.nodes);
        for entry in &mut plan.entries {
            entry.role = None;
            entry.transit = true;
        }
    }
    if !importer.faults.is_empty() {
        return Err(Faults(importer.faults));
    }
    Ok(Imported {
        files: write::files(&importer.plan, options),
        notes: importer.notes,
    })
}

/// Where an uplink may lead: positions of rows by what may name them.
#[derive(Default)]
struct Places {
    ids: BTreeMap<String, usize>,
    addresses: BTreeMap<IpAddr, usize>,
    names: BTreeMap<String, Vec<usize>>,
    /// Nodes made for uplinks, by folded name: position among the nodes.
    made: BTreeMap<String, usize>,
}

struct Importer<'s> {
    columns: &'s BTreeMap<Column, usize>,
    faults: Vec<Fault>,
    notes: Vec<String>,
    ids: Ids,
    links: Ids,
    plan: Plan,
    places: Places,
}

impl Importer<'_> {
    fn fault(&mut self, code: &'static str, row: &Row, text: &str, message: String, help: &str) {
        if self.faults.len() >= MOST_FAULTS {
            return;
        }
        self.faults.push(Fault {
            help: (!help.is_empty()).then(|| help.to_owned()),
            ..error(code, &row.place(text), message)
        });
    }

    fn entries(&mut self, sheet: &Sheet) {
        // Written ids first, so that none made from a name takes one of them.
        let mut written: BTreeMap<&str, usize> = BTreeMap::new();
        let mut repeated = BTreeSet::new();
        for (at, row) in sheet.rows.iter().enumerate() {
            let Some(id) = row.cell(self.columns, Column::Id) else {
                continue;
            };
            if let Some(first) = written.get(id).copied() {
                repeated.insert(at);
                self.twice(
                    sheet,
                    row,
                    id,
                    first,
                    &format!("The id `{id}` is given twice."),
                );
            } else {
                written.insert(id, at);
                if is_id(id) {
                    self.ids.take(id);
                }
            }
        }
        for (at, row) in sheet.rows.iter().enumerate() {
            let mut entry = self.entry(sheet, row, at);
            if repeated.contains(&at) {
                // It has been reported, and must not become the meaning of the id.
                entry.id.clear();
            }
            if !entry.id.is_empty() {
                self.places.ids.insert(entry.id.clone(), at);
            }
            self.plan.entries.push(entry);
        }
    }

    fn twice(&mut self, sheet: &Sheet, row: &Row, text: &str, first: usize, message: &str) {
        let related = sheet
            .rows
            .get(first)
            .map(|first| (first.place(text), "first here".to_owned()));
        self.faults.push(Fault {
            related: related.into_iter().collect(),
            ..error("T0153", &row.place(text), message.to_owned())
        });
    }

    fn entry(&mut self, sheet: &Sheet, row: &Row, at: usize) -> Entry {
        let text = |column| row.cell(self.columns, column).map(str::to_owned);
        let name = text(Column::Name);
        let mut entry = Entry {
            role: text(Column::Role)
                .filter(|role| !matches!(bare(role).as_str(), "agency" | "co quan")),
            class: text(Column::Class),
            antivirus: text(Column::Antivirus),
            contact: text(Column::Contact),
            phone: text(Column::Phone),
            email: text(Column::Email),
            snmp: text(Column::Snmp),
            ..Entry::default()
        };
        let (id, area, level) = (text(Column::Id), text(Column::Area), text(Column::Level));
        let Some(name) = name else {
            self.fault(
                "T0152",
                row,
                "",
                "This row has no name.".into(),
                "Give it one, or delete the row.",
            );
            return entry;
        };
        entry.id = match id {
            Some(id) if is_id(&id) => id,
            Some(id) => {
                let made = self.ids.make(&id, "agency");
                self.notes.push(format!("The id `{id}` became `{made}`: ids are ASCII letters, digits, `-`, `_` and `.`."));
                made
            }
            None => self.ids.make(&name, "agency"),
        };
        if let Some(cell) = text(Column::Address) {
            entry.address = self.address(sheet, row, &cell, at);
        }
        entry.area = area.map(|area| self.area(&area));
        entry.city = match level.as_deref().map(bare) {
            None => entry.area.is_none(),
            Some(level)
                if [
                    "city",
                    "thanh pho",
                    "tp",
                    "tinh",
                    "cap thanh pho",
                    "cap tinh",
                    "province",
                ]
                .contains(&level.as_str()) =>
            {
                true
            }
            Some(level)
                if [
                    "commune",
                    "ward",
                    "xa",
                    "phuong",
                    "cap xa",
                    "cap phuong",
                    "xa phuong",
                ]
                .contains(&level.as_str()) =>
            {
                false
            }
            Some(_) => {
                let cell = text(Column::Level).unwrap_or_default();
                self.fault(
                    "T0154",
                    row,
                    &cell,
                    format!("`{cell}` is not a level."),
                    "Write `city` or `commune`.",
                );
                false
            }
        };
        entry.weight = self.whole(row, Column::Weight);
        entry.computers = self.whole(row, Column::Computers);
        let (lat, lon) = (
            self.degrees(row, Column::Lat, 90.0),
            self.degrees(row, Column::Lon, 180.0),
        );
        entry.position = lat.zip(lon);
        self.places.names.entry(bare(&name)).or_default().push(at);
        entry.name = name;
        entry
    }

    fn address(&mut self, sheet: &Sheet, row: &Row, cell: &str, at: usize) -> Option<IpAddr> {
        // Sheets often keep the prefix length beside the address.
        let bare = cell.split('/').next().unwrap_or_default().trim();
        match address(bare) {
            Ok(address) => {
                if let Some(first) = self.places.addresses.insert(address, at) {
                    self.twice(
                        sheet,
                        row,
                        bare,
                        first,
                        &format!("The address {address} is given twice."),
                    );
                }
                Some(address)
            }
            Err(help) => {
                self.fault(
                    "T0154",
                    row,
                    cell,
                    format!("`{cell}` is not an address."),
                    &help,
                );
                None
            }
        }
    }

    fn area(&mut self, cell: &str) -> String {
        let digits = cell
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(cell.len());
        let (code, name) = cell.split_at(digits);
        let name = name.trim_start_matches([' ', '-', '–', ':']);
        if code.len() >= 3 {
            let name = if name.is_empty() { code } else { name };
            self.plan
                .areas
                .entry(code.to_owned())
                .or_insert_with(|| name.to_owned());
            return code.to_owned();
        }
        if let Some((code, _)) = self.plan.areas.iter().find(|(_, known)| *known == cell) {
            return code.clone();
        }
        let mut taken = Ids::default();
        for code in self.plan.areas.keys() {
            taken.take(code);
        }
        let code = taken.make(cell, "area");
        self.plan.areas.insert(code.clone(), cell.to_owned());
        code
    }

    fn whole(&mut self, row: &Row, column: Column) -> Option<u32> {
        let cell = row.cell(self.columns, column)?;
        let number = cell.parse().ok().filter(|number| *number <= 1_000_000);
        if number.is_none() {
            self.fault(
                "T0154",
                row,
                cell,
                format!("`{cell}` is not a whole number up to 1000000."),
                "",
            );
        }
        number
    }

    fn degrees(&mut self, row: &Row, column: Column, most: f64) -> Option<f64> {
        let cell = row.cell(self.columns, column)?;
        // A Vietnamese spreadsheet writes the decimal comma.
        let degrees = cell.replace(',', ".").parse::<f64>().ok();
        let degrees = degrees.filter(|degrees| degrees.abs() <= most);
        if degrees.is_none() {
            self.fault(
                "T0154",
                row,
                cell,
                format!("`{cell}` is not in degrees, -{most} to {most}."),
                "Write it like 16.4556.",
            );
        }
        degrees
    }
}
