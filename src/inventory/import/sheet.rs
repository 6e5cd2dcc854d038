//! One flat sheet: what its columns are, by their heads in two languages.

use std::collections::BTreeMap;

use crate::inventory::import::grid::{self, Grid, Row};
use crate::inventory::table::error;
use crate::inventory::table::value::address;
use crate::model::fault::Fault;

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

/// Reads a sheet; faults are added, and notes of what was not used.
pub(crate) fn read(
    file: &str,
    text: &str,
    faults: &mut Vec<Fault>,
    notes: &mut Vec<String>,
) -> Option<Sheet> {
    let grid = grid::read(file, text, faults)?;
    let columns = columns(&grid, notes);
    if !columns.contains_key(&Column::Name) {
        faults.push(Fault {
            help: Some("Name a column `name` or `Tên cơ quan`; others may be id, ip, uplink, provider, area, weight, class, level.".into()),
            ..error("T0151", &grid.header.place(""), "No column holds the names of the agencies.".into())
        });
        return None;
    }
    Some(Sheet {
        columns,
        rows: grid.rows,
    })
}

fn columns(grid: &Grid, notes: &mut Vec<String>) -> BTreeMap<Column, usize> {
    let mut columns = grid.columns(HEADERS);
    // `Địa chỉ` is a street in one sheet and an IP address in the next: the cells decide.
    if !columns.contains_key(&Column::Address)
        && let Some(at) = grid.heads().iter().position(|head| head == "dia chi")
        && grid
            .rows
            .iter()
            .filter_map(|row| row.at(at))
            .any(|cell| address(cell.split('/').next().unwrap_or_default()).is_ok())
    {
        columns.insert(Column::Address, at);
    }
    grid.note_unused(&columns, notes);
    columns
}
