//! Pairs of ends as a spreadsheet, Gephi or Cytoscape keeps them: a file of nodes and a file of links.
//!
//! Which file is which is told by its heads, not by its place on the command line. Without a file of nodes, they
//! are whatever the links end at.

use std::collections::{BTreeMap, BTreeSet};

use crate::filter::fold::bare;
use crate::inventory::Faults;
use crate::inventory::import::cell::{address, capacity, kind, number, yes};
use crate::inventory::import::draft::{Dot, Draft, Line, beginning};
use crate::inventory::import::grid::{self, Grid, Row};
use crate::inventory::import::settle::settle;
use crate::inventory::import::{Imported, Input, Options};
use crate::inventory::quantity;
use crate::model::network::Position;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OfNode {
    Id,
    Name,
    Address,
    Role,
    Transit,
    Agency,
    Weight,
    Class,
    Level,
    Area,
    Lat,
    Lon,
    Snmp,
    Vendor,
    Model,
    Serial,
    Risk,
}

const NODES: &[(OfNode, &[&str])] = &[
    (
        OfNode::Id,
        &["id", "node", "node id", "ma", "ma nut", "nut"],
    ),
    (
        OfNode::Name,
        &[
            "name",
            "label",
            "title",
            "ten",
            "ten nut",
            "ten co quan",
            "ten don vi",
        ],
    ),
    (
        OfNode::Address,
        &["address", "ip", "ip address", "ipv4", "dia chi ip"],
    ),
    (OfNode::Role, &["role", "type", "vai tro"]),
    (OfNode::Transit, &["transit", "chuyen tiep", "trung chuyen"]),
    (
        OfNode::Agency,
        &["agency", "is agency", "co quan", "la co quan"],
    ),
    (OfNode::Weight, &["weight", "trong so", "muc quan trong"]),
    (OfNode::Class, &["class", "loai", "loai hinh", "phan loai"]),
    (OfNode::Level, &["level", "cap"]),
    (
        OfNode::Area,
        &[
            "area",
            "xa phuong",
            "phuong xa",
            "phuong",
            "xa",
            "dia ban",
            "commune",
            "ward",
        ],
    ),
    (OfNode::Lat, &["lat", "latitude", "vi do"]),
    (OfNode::Lon, &["lon", "lng", "long", "longitude", "kinh do"]),
    (OfNode::Snmp, &["snmp"]),
    (OfNode::Vendor, &["vendor", "manufacturer", "hang"]),
    (OfNode::Model, &["model", "dong may"]),
    (OfNode::Serial, &["serial", "serial number"]),
    (OfNode::Risk, &["risk", "risk group", "srlg", "nhom rui ro"]),
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum OfLink {
    Id,
    A,
    B,
    PortA,
    PortB,
    Kind,
    Capacity,
    Metric,
    Provider,
    Circuit,
    Risk,
    Length,
    Cost,
}

const LINKS: &[(OfLink, &[&str])] = &[
    (OfLink::Id, &["id", "link", "link id", "ma", "ma tuyen"]),
    (
        OfLink::A,
        &[
            "a", "source", "from", "src", "node a", "dau a", "tu", "nguon", "diem dau",
        ],
    ),
    (
        OfLink::B,
        &[
            "b",
            "target",
            "to",
            "dst",
            "destination",
            "node b",
            "dau b",
            "den",
            "dich",
            "diem cuoi",
        ],
    ),
    (
        OfLink::PortA,
        &[
            "port a",
            "a port",
            "source port",
            "interface a",
            "cong a",
            "cong dau",
        ],
    ),
    (
        OfLink::PortB,
        &[
            "port b",
            "b port",
            "target port",
            "interface b",
            "cong b",
            "cong cuoi",
        ],
    ),
    (
        OfLink::Kind,
        &[
            "kind",
            "media",
            "loai",
            "duong truyen",
            "loai duong truyen",
            "loai ket noi",
        ],
    ),
    (
        OfLink::Capacity,
        &["capacity", "bandwidth", "speed", "bang thong", "toc do"],
    ),
    (OfLink::Metric, &["metric", "cost", "igp metric"]),
    (
        OfLink::Provider,
        &["provider", "carrier", "isp", "nha mang", "nha cung cap"],
    ),
    (OfLink::Circuit, &["circuit", "ma kenh", "so kenh", "kenh"]),
    (
        OfLink::Risk,
        &[
            "risk",
            "risk group",
            "srlg",
            "duct",
            "cong be",
            "nhom rui ro",
        ],
    ),
    (
        OfLink::Length,
        &[
            "length km",
            "length",
            "km",
            "chieu dai",
            "chieu dai km",
            "do dai km",
        ],
    ),
    (OfLink::Cost, &["build", "build cost", "chi phi xay dung"]),
];

/// Imports files of nodes and of links, in any order and number.
///
/// Faults are `T0151` to `T0158`, all at once, each at its row. Cost O(n log n).
pub fn import(inputs: &[Input], options: &Options) -> Result<Imported, Faults> {
    let mut draft = Draft::default();
    let (mut has_nodes, mut has_links) = (false, false);
    for input in inputs {
        let Some(grid) = grid::read(&input.name, &input.text, &mut draft.faults) else {
            continue;
        };
        let links = grid.columns(LINKS);
        if links.contains_key(&OfLink::A) && links.contains_key(&OfLink::B) {
            has_links = true;
            read_links(&grid, &links, &mut draft);
            continue;
        }
        let nodes = grid.columns(NODES);
        let is_nodes = nodes.contains_key(&OfNode::Id) || nodes.contains_key(&OfNode::Name);
        if is_nodes && !has_nodes_of_ends(&links) {
            has_nodes = true;
            read_nodes(&grid, &nodes, &mut draft);
            continue;
        }
        draft.fault(
            "T0151",
            &grid.header.place(""),
            "This is neither a file of nodes nor of links.".into(),
            "Links have the columns `a` and `b` (or `source` and `target`, `Từ` and `Đến`), nodes have `id` or `name`.",
        );
    }
    if !has_links && draft.faults.is_empty() {
        draft.fault(
            "T0151",
            &beginning(&options.file),
            "There is no file of links.".into(),
            "Give both: `spanwatch import pairs nodes.csv links.csv`.",
        );
    }
    if !has_nodes {
        ends_as_nodes(&mut draft);
    }
    if !draft.faults.is_empty() {
        return Err(Faults(draft.faults));
    }
    settle(draft, options, "pairs")
}

/// A file with one end only is a file of links that lost the other.
fn has_nodes_of_ends(links: &BTreeMap<OfLink, usize>) -> bool {
    links.contains_key(&OfLink::A) || links.contains_key(&OfLink::B)
}

fn ends_as_nodes(draft: &mut Draft) {
    let mut seen = BTreeSet::new();
    for line in &draft.lines {
        for end in [&line.a, &line.b] {
            if seen.insert(end.clone()) {
                draft.dots.push(Dot::new(end.clone(), line.place.clone()));
            }
        }
    }
}

/// Reads a cell by a rule, or says what is wrong with it.
fn told<C: Copy + Ord, T>(
    draft: &mut Draft,
    (row, columns, column): (&Row, &BTreeMap<C, usize>, C),
    (what, help): (&str, &str),
    read: impl FnOnce(&str) -> Option<T>,
) -> Option<T> {
    let cell = row.cell(columns, column)?;
    let value = read(cell);
    if value.is_none() {
        let message = format!("`{cell}` is not {what}.");
        draft.fault("T0154", &row.place(cell), message, help);
    }
    value
}

fn read_nodes(grid: &Grid, columns: &BTreeMap<OfNode, usize>, draft: &mut Draft) {
    grid.note_unused(columns, &mut draft.notes);
    for row in &grid.rows {
        let text = |column| row.cell(columns, column).map(str::to_owned);
        let Some(key) = text(OfNode::Id).or_else(|| text(OfNode::Name)) else {
            let help = "Give it one, or delete the row.";
            draft.fault(
                "T0152",
                &row.place(""),
                "This row has no id and no name.".into(),
                help,
            );
            continue;
        };
        let mut dot = Dot::new(key.clone(), row.place(&key));
        dot.name = text(OfNode::Name);
        dot.class = text(OfNode::Class);
        dot.area = text(OfNode::Area);
        dot.snmp = text(OfNode::Snmp);
        dot.vendor = text(OfNode::Vendor);
        dot.model = text(OfNode::Model);
        dot.serial = text(OfNode::Serial);
        dot.risks = names(row.cell(columns, OfNode::Risk));
        let help = "Write an IPv4 or IPv6 address.";
        dot.address = told(
            draft,
            (row, columns, OfNode::Address),
            ("an address", help),
            |cell| address(cell).ok(),
        );
        let help = "Write `yes` or `no`.";
        dot.transit = told(
            draft,
            (row, columns, OfNode::Transit),
            ("yes or no", help),
            yes,
        );
        dot.agency = told(
            draft,
            (row, columns, OfNode::Agency),
            ("yes or no", help),
            yes,
        );
        dot.weight = told(
            draft,
            (row, columns, OfNode::Weight),
            ("a whole number up to 1000000", ""),
            |cell| cell.parse().ok().filter(|weight| *weight <= 1_000_000),
        );
        let level = row.cell(columns, OfNode::Level).map(bare);
        dot.is_city = level.is_some_and(|level| {
            ["city", "thanh pho", "tp", "tinh", "province"].contains(&level.as_str())
        });
        let mut degrees = |column, most: f64| {
            told(
                draft,
                (row, columns, column),
                ("in degrees", "Write it like 16.4556."),
                |cell| number(cell).filter(|degrees| degrees.abs() <= most),
            )
        };
        let (lat, lon) = (degrees(OfNode::Lat, 90.0), degrees(OfNode::Lon, 180.0));
        dot.position = lat.zip(lon).map(|(lat, lon)| Position { lat, lon });
        // A role says whether it is an agency, unless a column of its own does.
        match text(OfNode::Role) {
            Some(role) if matches!(bare(&role).as_str(), "agency" | "co quan") => {
                dot.agency = dot.agency.or(Some(true));
            }
            role => dot.role = role,
        }
        draft.dots.push(dot);
        if draft.is_full(&row.place("")) {
            return;
        }
    }
}

fn read_links(grid: &Grid, columns: &BTreeMap<OfLink, usize>, draft: &mut Draft) {
    grid.note_unused(columns, &mut draft.notes);
    for row in &grid.rows {
        let text = |column| row.cell(columns, column).map(str::to_owned);
        let (Some(a), Some(b)) = (text(OfLink::A), text(OfLink::B)) else {
            let help = "Name both nodes, or delete the row.";
            draft.fault(
                "T0152",
                &row.place(""),
                "This link lacks an end.".into(),
                help,
            );
            continue;
        };
        let mut line = Line::new(a, b, row.place(""));
        line.key = text(OfLink::Id);
        line.a_port = text(OfLink::PortA);
        line.b_port = text(OfLink::PortB);
        line.kind = row.cell(columns, OfLink::Kind).map(kind);
        line.provider = text(OfLink::Provider);
        line.circuit = text(OfLink::Circuit);
        line.risks = names(row.cell(columns, OfLink::Risk));
        line.capacity = told(
            draft,
            (row, columns, OfLink::Capacity),
            ("a capacity", "Write it like 100M or 1G."),
            |cell| quantity::capacity(&capacity(cell)?).ok(),
        );
        line.metric = told(
            draft,
            (row, columns, OfLink::Metric),
            ("a metric", "Write a whole number, 1 to 1000000."),
            |cell| {
                cell.parse()
                    .ok()
                    .filter(|metric| (1..=1_000_000).contains(metric))
            },
        );
        let mut plain = |column, most: f64| {
            let what = ("a number that fits here", "");
            told(draft, (row, columns, column), what, |cell| {
                number(cell).filter(|number| (0.0..=most).contains(number))
            })
        };
        line.length_km = plain(OfLink::Length, 50_000.0);
        line.cost_build = plain(OfLink::Cost, 1e15);
        draft.lines.push(line);
        if draft.is_full(&row.place("")) {
            return;
        }
    }
}

/// Splits a cell that names several things.
fn names(cell: Option<&str>) -> Vec<String> {
    cell.into_iter()
        .flat_map(|cell| cell.split([',', ';', '|']))
        .map(|name| name.trim().to_owned())
        .filter(|name| !name.is_empty())
        .collect()
}
