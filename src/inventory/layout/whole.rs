//! What is said once for the whole network: its head, services, hours, providers, work that is planned.

use std::collections::BTreeMap;

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;

use crate::inventory::layout::{
    HoursTable, MaintenanceTable, NetworkTable, ProviderTable, ServiceTable,
};
use crate::inventory::table::{At, Table, error};
use crate::model::agency::Hours;
use crate::model::fault::Fault;
use crate::model::service::Check;

pub(super) fn network(table: &mut Table<'_, '_>) -> NetworkTable {
    let hubs = table.list("hubs");
    if hubs.as_ref().is_none_or(Vec::is_empty) {
        let head = table.head();
        table.fault(Fault {
            help: Some("Name the node from which reachability is counted: hubs = [\"dc\"].".into()),
            ..error("T0125", &head, "The network has no hub.".into())
        });
    }
    let zone = table.text("time_zone");
    let time_zone = match zone {
        None => TimeZone::UTC,
        Some(zone) => TimeZone::get(&zone.value).unwrap_or_else(|_| {
            table.fault(Fault {
                help: Some("Write a name of the IANA database, like \"Asia/Ho_Chi_Minh\".".into()),
                ..error(
                    "T0132",
                    &zone.place,
                    format!("`{}` is not a time zone.", zone.value),
                )
            });
            TimeZone::UTC
        }),
    };
    NetworkTable {
        head: table.head(),
        id: table.id("id"),
        name: table.text("name"),
        example: table.flag("example").unwrap_or(false),
        expected_agencies: table.whole("expected_agencies", 0..=u32::MAX),
        hubs: hubs.unwrap_or_default(),
        monitor: table.text("monitor"),
        time_zone,
        currency: table.text("currency").map(|text| text.value),
    }
}

pub(super) fn service(table: &mut Table<'_, '_>) -> Option<ServiceTable> {
    let id = table.id("id");
    let name = table.text("name").map(|text| text.value);
    let node = table.required("node", "Name the node that it runs at: node = \"dc\".");
    let check = table.table("check", |table| {
        let mut check = BTreeMap::new();
        for key in ["http", "https", "tcp", "tls", "dns", "at", "ca"] {
            if let Some(text) = table.text(key) {
                check.insert(key.to_owned(), text.value);
            }
        }
        if let Some(status) = table.whole("expect", 100..=599) {
            check.insert("expect".to_owned(), status.value.to_string());
        }
        if let Some(days) = table.whole("warn_days", 0..=3_650) {
            check.insert("warn_days".to_owned(), days.value.to_string());
        }
        if let Err(why) = Check::read(&check) {
            let head = table.head();
            table.fault(Fault {
                help: Some("A check is one of tcp, tls, http, https, dns; `at` says where to ask, else the node is asked; `ca` and `warn_days` go with tls and https.".into()),
                ..error("T0133", &head, format!("The check {why}"))
            });
        }
        check
    });
    Some(ServiceTable {
        id: id?,
        name,
        node,
        check: check.unwrap_or_default(),
    })
}

pub(super) fn maintenance(table: &mut Table<'_, '_>) -> MaintenanceTable {
    let elements = table.list("elements");
    if elements.is_none() {
        table.missing(
            "elements",
            "Say what is worked on: elements = [\"link:core-1--core-2\"].",
        );
    }
    let id = table.text("id");
    if let Some(id) = &id {
        table.check_id(id);
    }
    MaintenanceTable {
        id,
        elements: elements.unwrap_or_default(),
        from: table.moment("from"),
        to: table.moment("to"),
        reason: table
            .text("reason")
            .map_or_else(String::new, |text| text.value),
        ticket: table.text("ticket").map(|text| text.value),
    }
}

const DAYS: [(&str, Weekday); 7] = [
    ("mon", Weekday::Monday),
    ("tue", Weekday::Tuesday),
    ("wed", Weekday::Wednesday),
    ("thu", Weekday::Thursday),
    ("fri", Weekday::Friday),
    ("sat", Weekday::Saturday),
    ("sun", Weekday::Sunday),
];

/// Reads `mon-fri`, `mon,wed,sat` or `daily`; a range may run past Sunday.
fn days(text: &str) -> Option<Vec<Weekday>> {
    let day = |word: &str| DAYS.iter().position(|(name, _)| *name == word.trim());
    let mut open = [false; 7];
    for part in text.split(',') {
        let part = part.trim();
        let (from, to) = match part.split_once('-') {
            _ if part == "daily" => (0, 6),
            Some((from, to)) => (day(from)?, day(to)?),
            None => (day(part)?, day(part)?),
        };
        let mut at = from;
        loop {
            open[at] = true;
            if at == to {
                break;
            }
            at = (at + 1) % 7;
        }
    }
    Some(
        DAYS.iter()
            .zip(open)
            .filter(|(_, open)| *open)
            .map(|((_, day), _)| *day)
            .collect(),
    )
}

pub(super) fn hours(name: At<String>, table: &mut Table<'_, '_>) -> HoursTable {
    let id = name;
    table.check_id(&id);
    if id.value == "always" {
        table.fault(error(
            "T0117",
            &id.place,
            "`always` is a name that every topology has.".into(),
        ));
    }
    let said = table.required("days", "Write it like days = \"mon-fri\".");
    let days = said.as_ref().and_then(|said| days(&said.value));
    if let (Some(said), None) = (&said, &days) {
        table.fault(Fault {
            help: Some("Write it like \"mon-fri\", \"mon,wed,sat\" or \"daily\".".into()),
            ..error(
                "T0130",
                &said.place,
                format!("`{}` are not days of a week.", said.value),
            )
        });
    }
    let (from, to): (Option<Time>, Option<Time>) = (table.time("from"), table.time("to"));
    let hours = match (days, from, to) {
        (Some(days), Some(from), Some(to)) => Some(Hours { days, from, to }),
        _ => None,
    };
    HoursTable { id, hours }
}

pub(super) fn provider(name: At<String>, table: &mut Table<'_, '_>) -> ProviderTable {
    table.check_id(&name);
    ProviderTable {
        id: name,
        name: table.text("name").map(|text| text.value),
        hotline: table.text("hotline").map(|text| text.value),
    }
}
