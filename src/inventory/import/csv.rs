//! One flat sheet, a row for each agency, to the topology that a person would have written from it.
//!
//! The hard column is the uplink: it names another row by name, id or address, or something that is in no row.
//! The first makes that row carry other people's traffic, the second makes a node. Ids are made from names once
//! and written down; from then on they are ids and names may change.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::inventory::Faults;
use crate::inventory::import::sheet::{Column, Row, Sheet};
use crate::inventory::import::{Ids, Imported, Options, sheet, write};
use crate::inventory::quantity;
use crate::inventory::suggest::fold;
use crate::inventory::table::value::address;
use crate::inventory::table::{error, is_id};
use crate::model::fault::Fault;

/// One agency or node as it will be written.
#[derive(Debug, Default)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) address: Option<IpAddr>,
    /// Set where the sheet says that it is no agency.
    pub(crate) role: Option<String>,
    pub(crate) transit: bool,
    pub(crate) city: bool,
    pub(crate) class: Option<String>,
    /// The area's code.
    pub(crate) area: Option<String>,
    pub(crate) weight: Option<u32>,
    pub(crate) computers: Option<u32>,
    pub(crate) antivirus: Option<String>,
    pub(crate) contact: Option<String>,
    pub(crate) phone: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) position: Option<(f64, f64)>,
    pub(crate) snmp: Option<String>,
    pub(crate) uplinks: Vec<Uplink>,
}

/// One uplink as it will be written.
#[derive(Debug)]
pub(crate) struct Uplink {
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) kind: Option<String>,
    pub(crate) provider: Option<String>,
    pub(crate) capacity: Option<String>,
    pub(crate) circuit: Option<String>,
}

/// All that was read from a sheet.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    pub(crate) hub: String,
    pub(crate) entries: Vec<Entry>,
    /// Nodes that uplinks name and no row describes.
    pub(crate) nodes: Vec<Entry>,
    /// Codes and names.
    pub(crate) areas: BTreeMap<String, String>,
    /// Ids and names.
    pub(crate) providers: BTreeMap<String, String>,
}

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
                .filter(|role| !matches!(fold(role).as_str(), "agency" | "co quan")),
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
        entry.city = match level.as_deref().map(fold) {
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
        self.places.names.entry(fold(&name)).or_default().push(at);
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

    fn uplinks(&mut self, sheet: &Sheet) {
        for (at, row) in sheet.rows.iter().enumerate() {
            let Some(cell) = row.cell(self.columns, Column::Uplink) else {
                continue;
            };
            let mut targets = BTreeSet::new();
            for name in self.split(cell) {
                match self.target(row, &name) {
                    Some(target) if targets.insert(target.clone()) => self.uplink(row, at, target),
                    _ => {}
                }
            }
        }
    }

    /// Splits a cell that names several uplinks, unless the whole is one name.
    fn split(&self, cell: &str) -> Vec<String> {
        if self.is_known(cell) {
            return vec![cell.to_owned()];
        }
        for separator in [";", "|", " + ", ","] {
            let parts: Vec<&str> = cell
                .split(separator)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            // A comma may be part of a name; it separates where a part is known.
            if parts.len() > 1 && (separator != "," || parts.iter().any(|part| self.is_known(part)))
            {
                return parts.into_iter().map(str::to_owned).collect();
            }
        }
        vec![cell.to_owned()]
    }

    fn is_known(&self, name: &str) -> bool {
        self.places.ids.contains_key(name)
            || self.places.names.contains_key(&fold(name))
            || name.parse::<IpAddr>().is_ok()
    }

    /// Returns the id that an uplink's cell means; makes a node where no row does.
    fn target(&mut self, row: &Row, name: &str) -> Option<String> {
        let address = name.parse::<IpAddr>().ok();
        let by_name = self.places.names.get(&fold(name)).map(Vec::as_slice);
        let exact = by_name.and_then(|rows| {
            let mut same = rows
                .iter()
                .filter(|at| self.plan.entries[**at].name == name);
            same.next().filter(|_| same.next().is_none())
        });
        let by_id = self.places.ids.get(name).copied();
        let by_address = address.and_then(|address| self.places.addresses.get(&address).copied());
        let at = by_id.or(by_address).or(match by_name {
            Some([at]) => Some(*at),
            Some(_) => exact.copied(),
            None => None,
        });
        if at.is_none() && by_name.is_some() {
            self.fault(
                "T0154",
                row,
                name,
                format!("The uplink `{name}` is the name of several rows."),
                "Write the id or the address of the one that is meant.",
            );
            return None;
        }
        if let Some(at) = at {
            self.plan.entries[at].transit = true;
            return Some(self.plan.entries[at].id.clone());
        }
        let folded = fold(name);
        if let Some(made) = self.places.made.get(&folded) {
            return Some(self.plan.nodes[*made].id.clone());
        }
        let id = self.ids.make(name, "node");
        self.places.made.insert(folded, self.plan.nodes.len());
        self.notes.push(format!(
            "No row describes the uplink `{name}`; it became the node `{id}`."
        ));
        self.plan.nodes.push(Entry {
            id: id.clone(),
            name: name.to_owned(),
            address,
            role: Some("pop".into()),
            transit: true,
            ..Entry::default()
        });
        Some(id)
    }

    fn uplink(&mut self, row: &Row, at: usize, to: String) {
        let from = self.plan.entries[at].id.clone();
        if from.is_empty() {
            return;
        }
        if from == to {
            let cell = row.cell(self.columns, Column::Uplink).unwrap_or_default();
            self.fault(
                "T0154",
                row,
                cell,
                format!("`{from}` is its own uplink."),
                "Name the place that it is connected to.",
            );
            return;
        }
        let provider = row.cell(self.columns, Column::Provider).map(str::to_owned);
        let provider = provider.map(|name| self.provider(&name));
        let capacity = row.cell(self.columns, Column::Capacity).and_then(|cell| {
            let text = capacity(cell);
            if text.is_none() {
                self.faults.push(Fault {
                    help: Some("Write it like 100M or 1G.".into()),
                    ..error(
                        "T0154",
                        &row.place(cell),
                        format!("`{cell}` is not a capacity."),
                    )
                });
            }
            text
        });
        let uplink = Uplink {
            id: self.links.link(&from, &to),
            kind: row.cell(self.columns, Column::Kind).map(kind),
            circuit: row.cell(self.columns, Column::Circuit).map(str::to_owned),
            provider,
            capacity,
            to,
        };
        self.plan.entries[at].uplinks.push(uplink);
    }

    fn provider(&mut self, name: &str) -> String {
        if let Some((id, _)) = self
            .plan
            .providers
            .iter()
            .find(|(_, known)| fold(known) == fold(name))
        {
            return id.clone();
        }
        let mut taken = Ids::default();
        for id in self.plan.providers.keys() {
            taken.take(id);
        }
        let id = taken.make(name, "provider");
        self.plan.providers.insert(id.clone(), name.to_owned());
        id
    }

    /// Chooses the hub: the one that was named, else the root to which most uplinks lead, else a new one.
    fn choose_hub(&mut self, options: &Options, sheet: &Sheet) {
        let mut leading: BTreeMap<&str, usize> = BTreeMap::new();
        for uplink in self.plan.entries.iter().flat_map(|entry| &entry.uplinks) {
            *leading.entry(&uplink.to).or_default() += 1;
        }
        let everything = self.plan.entries.iter().chain(&self.plan.nodes);
        let wanted = options.hub.as_deref();
        let named = wanted.and_then(|hub| {
            let address = hub.parse::<IpAddr>().ok();
            everything.clone().find(|entry| {
                entry.id == hub
                    || fold(&entry.name) == fold(hub)
                    || (address.is_some() && entry.address == address)
            })
        });
        let root = everything
            .filter(|entry| entry.uplinks.is_empty() && leading.contains_key(entry.id.as_str()))
            .max_by_key(|entry| {
                (
                    leading[entry.id.as_str()],
                    std::cmp::Reverse(entry.id.clone()),
                )
            });
        let chosen = match (wanted, named, root) {
            (_, Some(entry), _) => Some(entry),
            (None, None, root) => root,
            (Some(_), None, _) => None,
        };
        let hub = if let Some(entry) = chosen {
            let (id, name) = (entry.id.clone(), entry.name.clone());
            if wanted.is_none() {
                self.notes.push(format!(
                    "The hub is `{id}` ({name}), to which the most uplinks lead."
                ));
            }
            id
        } else {
            let name = wanted.unwrap_or("Hub").to_owned();
            let id = self.ids.make(&name, "hub");
            self.notes.push(format!(
                "No row is the hub; the node `{id}` was added for it."
            ));
            self.plan.nodes.insert(
                0,
                Entry {
                    address: name.parse().ok(),
                    id: id.clone(),
                    name,
                    role: Some("hub".into()),
                    transit: true,
                    ..Entry::default()
                },
            );
            id
        };
        for entry in self.plan.entries.iter_mut().chain(&mut self.plan.nodes) {
            if entry.id == hub {
                entry.transit = true;
            }
        }
        self.attach(&hub, sheet);
        self.plan.hub = hub;
    }

    /// Attaches what has no uplink to the hub: every row where the sheet has no such column, and made nodes.
    fn attach(&mut self, hub: &str, sheet: &Sheet) {
        let has_column = self.columns.contains_key(&Column::Uplink);
        let mut attached = 0;
        if !has_column {
            for (at, row) in sheet.rows.iter().enumerate() {
                if self.plan.entries[at].id != hub {
                    self.uplink(row, at, hub.to_owned());
                    attached += 1;
                }
            }
            self.notes.push(format!("The sheet has no column of uplinks; {attached} rows were attached to the hub `{hub}`."));
        }
        for node in &mut self.plan.nodes {
            if node.id != hub && node.uplinks.is_empty() {
                self.notes.push(format!(
                    "The node `{}` was attached to the hub `{hub}`; correct its uplink.",
                    node.id
                ));
                node.uplinks.push(Uplink {
                    id: self.links.link(&node.id, hub),
                    to: hub.to_owned(),
                    kind: None,
                    provider: None,
                    capacity: None,
                    circuit: None,
                });
            }
        }
    }
}

/// Returns a capacity as the topology writes it: `100 Mbps`, `100 Mb/s` and `100M` are `100M`.
fn capacity(cell: &str) -> Option<String> {
    let short: String = cell.chars().filter(|c| !c.is_whitespace()).collect();
    let short = short.replace(',', ".");
    let low = short.to_lowercase();
    let end = ["bit/s", "bps", "b/s", "bit", "b"]
        .iter()
        .find_map(|unit| low.strip_suffix(unit));
    let bare = end.map_or(short.as_str(), |end| &short[..end.len()]);
    let digits = bare.trim_end_matches(char::is_alphabetic);
    let unit = bare[digits.len()..].to_uppercase();
    let text = format!("{digits}{}", if unit == "K" { "k".into() } else { unit });
    quantity::capacity(&text).ok().map(|_| text)
}

/// Returns a kind of link as the topology calls it.
fn kind(cell: &str) -> String {
    match fold(cell).as_str() {
        "cap quang" | "quang" | "fiber" | "fibre" | "ftth" | "soi quang" => "fibre".into(),
        "vi ba" | "viba" | "radio" => "radio".into(),
        "4g" | "lte" | "3g" | "5g" => "4g".into(),
        "ve tinh" | "vsat" | "satellite" => "satellite".into(),
        "mang noi bo" | "lan" => "lan".into(),
        other => other.to_owned(),
    }
}
