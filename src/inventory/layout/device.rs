//! Areas, and what has an address or a place in them: agencies and nodes.

use crate::filter::fold::nearest;
use crate::inventory::layout::policy::{asking, rates};
use crate::inventory::layout::{AgencyTable, AreaTable, Asking, Device, NodeTable, link};
use crate::inventory::table::{At, Table, error};
use crate::model::agency::{Contact, Endpoints, Level};
use crate::model::fault::Fault;
use crate::model::network::Position;
use crate::model::target::Method;

fn position(table: &mut Table<'_, '_>) -> Option<At<Position>> {
    let (has_lat, has_lon) = (table.has("lat"), table.has("lon"));
    let lat = table.number("lat", -90.0..=90.0);
    let lon = table.number("lon", -180.0..=180.0);
    if has_lat != has_lon {
        let (given, missing) = if has_lat {
            ("lat", "lon")
        } else {
            ("lon", "lat")
        };
        let message = format!("{} has a `{given}` and no `{missing}`.", table.title());
        let place = table.place_of(given);
        table.fault(error("T0129", &place, message));
    }
    let (lat, lon) = (lat?, lon?);
    Some(At {
        value: Position {
            lat: lat.value,
            lon: lon.value,
        },
        place: lat.place,
    })
}

pub(super) fn area(table: &mut Table<'_, '_>) -> Option<AreaTable> {
    let code = table.id("code");
    let name = table.required("name", "Write its full name: name = \"Phường Thuận Hóa\".");
    let kind = table
        .text("kind")
        .map_or_else(|| "commune".into(), |kind| kind.value);
    let position = position(table).map(|at| at.value);
    let code = code?;
    Some(AreaTable {
        name: name.map_or_else(|| code.value.clone(), |name| name.value),
        code,
        kind,
        position,
    })
}

pub(super) fn agency(table: &mut Table<'_, '_>) -> Option<AgencyTable> {
    let id = table.id("id");
    let name = table.required("name", "Write the full name of the agency.");
    let level = table.choice("level", &["city", "commune"]);
    let class = table
        .text("class")
        .map_or_else(String::new, |class| class.value);
    let area = table.text("area");
    let node = table.text("node");
    if node.is_some() {
        for key in OF_THE_NODE {
            if table.has(key) {
                let message = format!(
                    "`{key}` of {} belongs to the node at which it sits.",
                    table.title()
                );
                let place = table.place_of(key);
                table.fault(Fault {
                    help: Some(format!("Move `{key}` to the node, or leave out `node`.")),
                    ..error("T0124", &place, message)
                });
            }
        }
    }
    let hours = table.text("hours").filter(|hours| hours.value != "always");
    let weight = table
        .whole("weight", 0..=1_000_000)
        .map_or(1, |at| at.value);
    let endpoints = table
        .table("endpoints", |table| Endpoints {
            computers: table
                .whole("computers", 0..=1_000_000)
                .map_or(0, |at| at.value),
            antivirus: table.text("antivirus").map(|text| text.value),
        })
        .unwrap_or_default();
    let contact = table
        .table("contact", |table| Contact {
            name: table.text("name").map(|text| text.value),
            phone: table.text("phone").map(|text| text.value),
            email: table.text("email").map(|text| text.value),
        })
        .unwrap_or_default();
    let was = table.list("was").unwrap_or_default();
    let own = device(table, node.as_ref().or(id.as_ref()));
    let id = id?;
    Some(AgencyTable {
        name: name.unwrap_or_else(|| id.clone()),
        level: match level {
            Some("city") => Level::City,
            _ => Level::Commune,
        },
        class,
        area,
        node,
        hours,
        weight,
        endpoints,
        contact,
        was,
        own,
        id,
    })
}

/// Keys of an agency that speak of its own node.
const OF_THE_NODE: &[&str] = &[
    "address",
    "addresses",
    "transit",
    "sys_name",
    "probe",
    "snmp",
    "vendor",
    "model",
    "serial",
    "mtbf",
    "mttr",
    "risk",
    "uplinks",
    "lat",
    "lon",
];

pub(super) fn node(table: &mut Table<'_, '_>) -> Option<NodeTable> {
    let id = table.id("id");
    let name = table.text("name").map(|name| name.value);
    let role = table
        .text("role")
        .map_or_else(|| "node".into(), |role| role.value);
    let area = table.text("area");
    let was = table.list("was").unwrap_or_default();
    let device = device(table, id.as_ref());
    Some(NodeTable {
        id: id?,
        name,
        role,
        area,
        was,
        device,
    })
}

fn device(table: &mut Table<'_, '_>, owner: Option<&At<String>>) -> Device {
    let snmp = if table.is_table("snmp") {
        table.table("snmp", |table| {
            // Its other keys are those of a policy, which `asking` reads.
            for key in ["interval", "timeout", "retries"] {
                table.has(key);
            }
            table.text("credential")
        })
    } else {
        Some(table.text("snmp"))
    };
    let mut said = Asking::default();
    asking(table, &mut said);
    let probe = table.list("probe").map(|words| {
        let mut methods: Vec<Method> = Vec::new();
        for word in words {
            if let Ok(method) = word.value.parse() {
                methods.push(method);
                continue;
            }
            let nearest = nearest(&word.value, ["ping", "snmp"]);
            table.fault(Fault {
                help: Some(match nearest {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => "Write \"ping\", \"snmp\" or \"tcp:443\".".into(),
                }),
                ..error(
                    "T0131",
                    &word.place,
                    format!("`{}` is not a way to ask a node.", word.value),
                )
            });
        }
        methods.sort_unstable();
        methods.dedup();
        methods
    });
    let owner = owner.cloned();
    let uplinks = table.tables("uplinks", "uplink", |table| {
        link::uplink(table, owner.clone())
    });
    Device {
        transit: table.flag("transit"),
        address: table.address("address"),
        addresses: table.addresses("addresses"),
        sys_name: table.text("sys_name").map(|text| text.value),
        probe,
        position: position(table),
        snmp: snmp.flatten(),
        vendor: table.text("vendor").map(|text| text.value),
        model: table.text("model").map(|text| text.value),
        serial: table.text("serial").map(|text| text.value),
        rates: rates(table),
        risks: table.list("risk").unwrap_or_default(),
        asking: said,
        uplinks: uplinks.into_iter().flatten().collect(),
    }
}
