//! The heads of `NetBox`'s columns, of its tables and of its import forms, versions 2 to 4.

use std::collections::BTreeMap;

use crate::filter::fold::bare;
use crate::inventory::import::cell::number;
use crate::inventory::import::grid::Grid;

/// What a file holds, in the order in which files are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Sort {
    Sites,
    Devices,
    Cables,
    /// Of interfaces: they say less of the same, so they come after.
    Connections,
    Circuits,
}

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Head {
    Name,
    Status,
    Site,
    Region,
    Group,
    Lat,
    Lon,
    Role,
    Vendor,
    Model,
    Serial,
    Address,
    DeviceA,
    DeviceB,
    PortA,
    PortB,
    Type,
    Length,
    LengthUnit,
    Circuit,
    Provider,
    Rate,
}

const PLACE: &[(Head, &[&str])] = &[
    (Head::Name, &["name", "device"]),
    (Head::Status, &["status"]),
    (Head::Site, &["site"]),
    (Head::Region, &["region"]),
    (Head::Group, &["group", "site group"]),
    (Head::Lat, &["latitude"]),
    (Head::Lon, &["longitude"]),
    (Head::Role, &["role", "device role"]),
    (Head::Vendor, &["manufacturer"]),
    (Head::Model, &["type", "device type"]),
    (Head::Serial, &["serial number", "serial"]),
    (
        Head::Address,
        &[
            "ip address",
            "primary ip",
            "ipv4 address",
            "primary ip4",
            "primary ipv4",
            "ipv6 address",
            "primary ip6",
        ],
    ),
];

const CABLE: &[(Head, &[&str])] = &[
    (Head::Status, &["status", "connection status"]),
    (
        Head::DeviceA,
        &[
            "device a",
            "side a device",
            "a device",
            "termination a parent",
            "side a",
        ],
    ),
    (
        Head::DeviceB,
        &[
            "device b",
            "side b device",
            "b device",
            "termination b parent",
            "side b",
        ],
    ),
    (
        Head::PortA,
        &[
            "interface a",
            "side a name",
            "termination a",
            "a terminations",
        ],
    ),
    (
        Head::PortB,
        &[
            "interface b",
            "side b name",
            "termination b",
            "b terminations",
        ],
    ),
    (Head::Type, &["type"]),
    (Head::Length, &["length"]),
    (Head::LengthUnit, &["length unit"]),
];

const CIRCUIT: &[(Head, &[&str])] = &[
    (Head::Status, &["status"]),
    (Head::Circuit, &["circuit id", "cid", "id"]),
    (Head::Provider, &["provider"]),
    (Head::Type, &["type"]),
    (Head::Rate, &["commit rate", "commit rate kbps"]),
    (Head::DeviceA, &["side a", "a side", "termination a"]),
    (Head::DeviceB, &["side z", "z side", "termination z"]),
];

/// Tells what a file holds, or says why not and what to do.
pub(super) fn sort(grid: &Grid) -> Result<Sort, (&'static str, &'static str)> {
    let heads = grid.heads();
    let has = |names: &[&str]| {
        names
            .iter()
            .any(|name| heads.iter().any(|head| head == name))
    };
    if has(&["circuit id", "cid"]) || (has(&["provider"]) && has(&["side z", "z side"])) {
        return Ok(Sort::Circuits);
    }
    let cable = grid.columns(CABLE);
    if cable.contains_key(&Head::DeviceA) && cable.contains_key(&Head::DeviceB) {
        let is_short = has(&["interface a"]);
        return Ok(if is_short {
            Sort::Connections
        } else {
            Sort::Cables
        });
    }
    if has(&[
        "termination a",
        "a terminations",
        "termination a id",
        "interface a",
        "side a name",
    ]) {
        return Err((
            "These cables do not say at which devices they end.",
            "In NetBox, configure the table of cables to show Device A and Device B, and export the current view.",
        ));
    }
    let is_named = has(&["name", "device"]);
    if is_named
        && has(&["site"])
        && has(&["role", "device role", "type", "device type", "manufacturer"])
    {
        return Ok(Sort::Devices);
    }
    let of_sites = [
        "facility",
        "region",
        "physical address",
        "latitude",
        "asns",
        "slug",
        "time zone",
    ];
    if is_named && !has(&["site"]) && has(&of_sites) {
        return Ok(Sort::Sites);
    }
    Err((
        "This is no export of NetBox that is known here.",
        "Known are sites, devices, cables, interface connections and circuits, by the heads that NetBox gives them.",
    ))
}

/// Finds the columns of a file.
pub(super) fn columns(sort: Sort, grid: &Grid) -> BTreeMap<Head, usize> {
    grid.columns(match sort {
        Sort::Sites | Sort::Devices => PLACE,
        Sort::Cables | Sort::Connections => CABLE,
        Sort::Circuits => CIRCUIT,
    })
}

/// Returns the kind of link that a type of cable or circuit makes; `None` leaves it to the default.
pub(super) fn medium(cell: &str) -> Option<String> {
    let word = bare(cell);
    let has = |parts: &[&str]| parts.iter().any(|part| word.contains(part));
    let kind = if has(&["mpls", "vpls", "l3vpn", "l2vpn"]) {
        "mpls"
    } else if has(&["radio", "microwave", "wireless", "vi ba"]) {
        "radio"
    } else if has(&["4g", "5g", "lte", "3g"]) {
        "4g"
    } else if has(&["satellite", "vsat"]) {
        "satellite"
    } else if word.starts_with("cat") || has(&["copper", "twinax", "dac"]) {
        "lan"
    } else {
        return None;
    };
    Some(kind.to_owned())
}

/// Returns a length in kilometres: `12 Meters`, or a number beside its unit.
pub(super) fn km(cell: &str, unit: Option<&str>) -> Option<f64> {
    let digits = cell
        .find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')
        .unwrap_or(cell.len());
    let (amount, own) = cell.split_at(digits);
    let own = own.trim();
    let unit = if own.is_empty() { unit? } else { own };
    let metres = match bare(unit).as_str() {
        "km" | "kilometer" | "kilometers" => 1_000.0,
        "m" | "meter" | "meters" => 1.0,
        "cm" | "centimeter" | "centimeters" => 0.01,
        "mi" | "mile" | "miles" => 1_609.344,
        "ft" | "foot" | "feet" => 0.3048,
        "in" | "inch" | "inches" => 0.0254,
        _ => return None,
    };
    // Rounded to a metre; a patch cord is no distance.
    let km = (number(amount)? * metres).round() / 1_000.0;
    (km > 0.0 && km <= 50_000.0).then_some(km)
}
