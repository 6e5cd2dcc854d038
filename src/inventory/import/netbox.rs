//! `NetBox`'s own CSV exports: sites, devices, cables, interface connections, circuits, told apart by their heads.
//!
//! `NetBox` writes two sorts of heads: those of its tables ("Device A", "Primary IP" ...) and those of its import forms
//! (`side_a_device`, `primary_ip4` ...); both are read, of versions 2 to 4. The hard part is what `NetBox` does not
//! know: who is an agency. A site is one, and it sits at the site's gateway, unless the site joins others.

mod heads;
mod site;

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::fold::bare;
use crate::inventory::Faults;
use crate::inventory::import::cell::{address, capacity, number};
use crate::inventory::import::draft::{Dot, Draft, Line, beginning};
use crate::inventory::import::grid::{self, Grid, Row};
use crate::inventory::import::netbox::heads::{Head, Sort};
use crate::inventory::import::settle::settle;
use crate::inventory::import::{Imported, Input, Options};
use crate::inventory::quantity;
use crate::model::network::Position;

/// Imports exports of `NetBox`, in any order; devices, and cables or connections, or circuits, must be among them.
///
/// Faults are `T0151` to `T0158`, all at once, each at its row. Cost O(n log n).
pub fn import(inputs: &[Input], options: &Options) -> Result<Imported, Faults> {
    let mut reader = Reader::default();
    let mut grids: BTreeMap<Sort, Vec<Grid>> = BTreeMap::new();
    for input in inputs {
        let Some(grid) = grid::read(&input.name, &input.text, &mut reader.draft.faults) else {
            continue;
        };
        match heads::sort(&grid) {
            Ok(sort) => grids.entry(sort).or_default().push(grid),
            Err((message, help)) => {
                let place = grid.header.place("");
                reader.draft.fault("T0151", &place, message.into(), help);
            }
        }
    }
    if reader.draft.faults.is_empty() && !grids.contains_key(&Sort::Devices) {
        reader.draft.fault(
            "T0151",
            &beginning(&options.file),
            "There is no export of devices.".into(),
            "Export Devices > Devices as CSV, and name the file too.",
        );
    }
    // Sites before devices before what connects them: each looks up the one before.
    for (sort, grids) in &grids {
        for grid in grids {
            let columns = heads::columns(*sort, grid);
            for row in &grid.rows {
                reader.row(*sort, row, &columns);
                if reader.draft.is_full(&row.place("")) {
                    break;
                }
            }
        }
    }
    if !reader.draft.faults.is_empty() {
        return Err(Faults(reader.draft.faults));
    }
    let is_joined = !reader.draft.lines.is_empty();
    if !is_joined {
        reader.draft.notes.push(
            "Nothing connects the devices: export Cables (with the columns Device A and Device B) or Interface connections too.".to_owned(),
        );
    }
    reader.notes();
    if !options.all_agencies {
        site::seat(&mut reader);
    }
    settle(reader.draft, options, "netbox")
}

type Columns = BTreeMap<Head, usize>;

/// A site of `NetBox`.
#[derive(Debug, Default)]
struct Site {
    position: Option<Position>,
    region: Option<String>,
    class: Option<String>,
    /// Devices at it, by place in the draft.
    devices: Vec<usize>,
}

#[derive(Default)]
struct Reader {
    draft: Draft,
    sites: BTreeMap<String, Site>,
    /// Devices by name.
    devices: BTreeMap<String, usize>,
    /// Names of what is planned or gone: what ends there is left out with it.
    left_out: BTreeSet<String>,
    /// Pairs of ports that are joined already: cables and connections say the same twice.
    joined: BTreeSet<[(String, String); 2]>,
    counts: Counts,
}

#[derive(Default)]
struct Counts {
    not_active: usize,
    nameless: usize,
    open_cables: usize,
    open_circuits: usize,
    twice: usize,
}

/// Statuses of what does not carry traffic (yet, or any more).
const NOT_THERE: &[&str] = &[
    "planned",
    "staged",
    "staging",
    "inventory",
    "decommissioning",
    "decommissioned",
    "deprovisioning",
    "provisioning",
    "retired",
    "offline",
    "failed",
];

/// A cell; `NetBox` writes a dash where there is nothing.
fn text(row: &Row, columns: &Columns, head: Head) -> Option<String> {
    let cell = row.cell(columns, head)?;
    (!matches!(cell, "—" | "-" | "None")).then(|| cell.to_owned())
}

impl Reader {
    fn row(&mut self, sort: Sort, row: &Row, columns: &Columns) {
        let is_there = text(row, columns, Head::Status)
            .is_none_or(|status| !NOT_THERE.contains(&bare(&status).as_str()));
        if !is_there && sort != Sort::Devices {
            self.counts.not_active += 1;
            if sort == Sort::Sites {
                self.left_out.extend(text(row, columns, Head::Name));
            }
            return;
        }
        match sort {
            Sort::Sites => self.site(row, columns),
            Sort::Devices => self.device(row, columns, is_there),
            Sort::Cables | Sort::Connections => self.cable(row, columns),
            Sort::Circuits => self.circuit(row, columns),
        }
    }

    fn position(&mut self, row: &Row, columns: &Columns) -> Option<Position> {
        let mut degrees = |head, most: f64| {
            let cell = text(row, columns, head)?;
            let found = number(&cell).filter(|degrees| degrees.abs() <= most);
            if found.is_none() {
                let message = format!("`{cell}` is not in degrees.");
                self.draft.fault(
                    "T0154",
                    &row.place(&cell),
                    message,
                    "Write it like 16.4556.",
                );
            }
            found
        };
        let (lat, lon) = (degrees(Head::Lat, 90.0), degrees(Head::Lon, 180.0));
        lat.zip(lon).map(|(lat, lon)| Position { lat, lon })
    }

    fn site(&mut self, row: &Row, columns: &Columns) {
        let Some(name) = text(row, columns, Head::Name) else {
            let help = "Give it one in NetBox, or delete the row.";
            return self.draft.fault(
                "T0152",
                &row.place(""),
                "This site has no name.".into(),
                help,
            );
        };
        let site = Site {
            position: self.position(row, columns),
            region: text(row, columns, Head::Region),
            class: text(row, columns, Head::Group),
            devices: Vec::new(),
        };
        if self.sites.insert(name.clone(), site).is_some() {
            let message = format!("The site `{name}` is given twice.");
            self.draft.fault("T0153", &row.place(&name), message, "");
        }
    }

    fn device(&mut self, row: &Row, columns: &Columns, is_there: bool) {
        let Some(name) = text(row, columns, Head::Name) else {
            // NetBox lets a device be without one; nothing can be joined to it.
            self.counts.nameless += 1;
            return;
        };
        let site = text(row, columns, Head::Site);
        let gone = site
            .as_ref()
            .is_some_and(|site| self.left_out.contains(site));
        if !is_there || gone {
            self.counts.not_active += 1;
            self.left_out.insert(name);
            return;
        }
        let mut dot = Dot::new(name.clone(), row.place(&name));
        dot.name = Some(name.clone());
        dot.role = text(row, columns, Head::Role).map(|role| role.to_lowercase());
        dot.vendor = text(row, columns, Head::Vendor);
        dot.model = text(row, columns, Head::Model);
        dot.serial = text(row, columns, Head::Serial);
        dot.position = self.position(row, columns);
        if let Some(cell) = text(row, columns, Head::Address) {
            match address(&cell) {
                Ok(address) => dot.address = Some(address),
                Err(help) => {
                    let message = format!("`{cell}` is not an address.");
                    self.draft.fault("T0154", &row.place(&cell), message, &help);
                }
            }
        }
        let at = self.draft.dots.len();
        if self.devices.contains_key(&name) {
            // NetBox asks for one name a site only.
            let message = format!("Two devices are called `{name}`.");
            let help = "Cables name devices, so their names must differ; rename one in NetBox.";
            return self.draft.fault("T0153", &row.place(&name), message, help);
        }
        if let Some(site) = site {
            let site = self.sites.entry(site).or_default();
            site.devices.push(at);
            dot.position = dot.position.or(site.position);
            dot.area.clone_from(&site.region);
        }
        self.devices.insert(name, at);
        self.draft.dots.push(dot);
    }

    /// Returns a device that a cell names; several ends of one cable are told apart by commas.
    fn end(&mut self, row: &Row, cell: &str) -> Option<usize> {
        let first = cell.split(',').next().unwrap_or_default().trim();
        let found = self
            .devices
            .get(cell)
            .or_else(|| self.devices.get(first))
            .copied();
        if found.is_none() {
            if self.left_out.contains(cell) || self.left_out.contains(first) {
                self.counts.not_active += 1;
            } else {
                let message = format!("No device is called `{cell}`.");
                let help =
                    "Export all devices, or delete this row; names are as NetBox writes them.";
                self.draft.fault("T0158", &row.place(cell), message, help);
            }
        }
        found
    }

    fn cable(&mut self, row: &Row, columns: &Columns) {
        let ends = [
            text(row, columns, Head::DeviceA),
            text(row, columns, Head::DeviceB),
        ];
        let [Some(a), Some(b)] = ends else {
            // The other end is a circuit, a power feed, or nothing yet.
            self.counts.open_cables += 1;
            return;
        };
        let (Some(a), Some(b)) = (self.end(row, &a), self.end(row, &b)) else {
            return;
        };
        let port = |head| text(row, columns, head);
        let (a_port, b_port) = (port(Head::PortA), port(Head::PortB));
        let key = |at: usize| self.draft.dots[at].key.clone();
        let (a, b) = (key(a), key(b));
        if let (Some(one), Some(other)) = (&a_port, &b_port) {
            let mut pair = [(a.clone(), one.clone()), (b.clone(), other.clone())];
            pair.sort();
            if !self.joined.insert(pair) {
                self.counts.twice += 1;
                return;
            }
        }
        let mut line = Line::new(a, b, row.place(""));
        line.a_port = a_port;
        line.b_port = b_port;
        line.kind = text(row, columns, Head::Type).and_then(|cell| heads::medium(&cell));
        line.length_km = text(row, columns, Head::Length)
            .and_then(|cell| heads::km(&cell, text(row, columns, Head::LengthUnit).as_deref()));
        self.draft.lines.push(line);
    }

    fn circuit(&mut self, row: &Row, columns: &Columns) {
        let (provider, circuit) = (
            text(row, columns, Head::Provider),
            text(row, columns, Head::Circuit),
        );
        let sides: Vec<String> = [Head::DeviceA, Head::DeviceB]
            .into_iter()
            .filter_map(|head| text(row, columns, head))
            .collect();
        let (one, other) = match (sides.as_slice(), &provider) {
            ([one, other], _) => (one.clone(), other.clone()),
            // The other side is the provider's own network.
            ([one], Some(provider)) => (one.clone(), provider.clone()),
            _ => {
                self.counts.open_circuits += 1;
                return;
            }
        };
        if self.left_out.contains(&one) || self.left_out.contains(&other) {
            self.counts.not_active += 1;
            return;
        }
        let (a, b) = (
            site::gateway(self, row, &one),
            site::gateway(self, row, &other),
        );
        if a == b {
            self.counts.open_circuits += 1;
            return;
        }
        let mut line = Line::new(a, b, row.place(""));
        line.key.clone_from(&circuit);
        line.circuit = circuit;
        line.provider = provider;
        line.kind = text(row, columns, Head::Type).and_then(|cell| heads::medium(&cell));
        // NetBox keeps kilobits a second; its table writes them with a unit.
        line.capacity = text(row, columns, Head::Rate).and_then(|cell| {
            let plain = cell.parse::<u64>().ok().filter(|rate| *rate > 0);
            let kilobits = plain.and_then(|rate| rate.checked_mul(1_000));
            kilobits.or_else(|| quantity::capacity(&capacity(&cell)?).ok())
        });
        self.draft.lines.push(line);
    }

    fn notes(&mut self) {
        let Counts {
            not_active,
            nameless,
            open_cables,
            open_circuits,
            twice,
        } = self.counts;
        for (count, why) in [
            (
                not_active,
                "are not active, or end at something that is not",
            ),
            (nameless, "are devices without a name"),
            (
                open_cables,
                "are cables with one end at no device; what they lead to is in the circuits",
            ),
            (
                open_circuits,
                "are circuits that do not say where they end (Side A, Side Z)",
            ),
            (twice, "say again what a cable or connection said before"),
        ] {
            if count > 0 {
                self.draft
                    .notes
                    .push(format!("Rows left out that {why}: {count}."));
            }
        }
    }
}
