//! How to ask, how often things fail: what is said as a default, and what overrides it.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::inventory::layout::{Asking, Defaults, LinkDefaults, METRICS, PRICES, RatesTable};
use crate::inventory::table::{At, Table, error};
use crate::model::kind::Build;

pub(super) fn defaults(table: &mut Table<'_, '_>, defaults: &mut Defaults) {
    asking(table, &mut defaults.asking);
    table.table("class", |table| {
        for (name, said) in table.named("defaults of class", |name, table| {
            let mut said = Asking::default();
            asking(table, &mut said);
            (name.value, said)
        }) {
            defaults.classes.insert(name, said);
        }
    });
    table.table("link", |table| {
        let all = table.named("defaults of link kind", |name, table| {
            let said = LinkDefaults {
                rates: rates(table),
                metric: table.whole("metric", METRICS).map(|at| at.value),
                capacity: table.capacity("capacity").map(|at| at.value),
                build: table.table("build", build),
            };
            (name.value, said)
        });
        defaults.links.extend(all);
    });
    table.table("node", |table| {
        let all = table.named("defaults of role", |name, table| (name.value, rates(table)));
        defaults.nodes.extend(all);
    });
    table.table("risk", |table| {
        let all = table.named("defaults of risk kind", |name, table| {
            (name.value, rates(table))
        });
        defaults.risks.extend(all);
    });
}

/// Reads what a new link of a kind costs: `build = { fixed = 500, per_km = 1000, up_to_km = 30 }`.
fn build(table: &mut Table<'_, '_>) -> Build {
    if !table.has("fixed") && !table.has("per_km") {
        table.missing(
            "fixed",
            "Give the price of a new link in the unit of the network: build = { fixed = 500, per_km = 1000 }.",
        );
    }
    let mut number = |key| table.number(key, PRICES).map(|at| at.value);
    Build {
        fixed: number("fixed").unwrap_or(0.0),
        per_km: number("per_km").unwrap_or(0.0),
        up_to_km: number("up_to_km"),
    }
}

/// Reads `ping = {..}` and `snmp = {..}`; a text under `snmp` is left to the caller.
pub(super) fn asking(table: &mut Table<'_, '_>, said: &mut Asking) {
    let place = table.table("ping", |table| {
        said.ping_interval = pace(table);
        said.ping_timeout = wait(table);
        said.rtt_max = table.duration("rtt_max", "150ms").map(|at| at.value);
        table.head()
    });
    let snmp = table.is_table("snmp").then(|| {
        table.table("snmp", |table| {
            said.snmp_interval = pace(table);
            said.snmp_timeout = wait(table);
            said.snmp_retries = table.whole("retries", 0..=10).map(|at| at.value as u8);
            // Read by the caller, who knows whether a credential may stand here.
            table.has("credential");
            table.head()
        })
    });
    said.place = place.or(snmp.flatten());
}

/// Below a second a monitor becomes a flood.
fn pace(table: &mut Table<'_, '_>) -> Option<Duration> {
    let at = table.duration("interval", "10s")?;
    let bounds = Duration::from_secs(1)..=Duration::from_hours(24);
    bounded(table, &at, &bounds, "`interval` should be 1 s to 24 h")
}

fn wait(table: &mut Table<'_, '_>) -> Option<Duration> {
    let at = table.duration("timeout", "1s")?;
    let bounds = Duration::from_millis(10)..=Duration::from_mins(1);
    bounded(table, &at, &bounds, "`timeout` should be 10 ms to 60 s")
}

fn bounded(
    table: &mut Table<'_, '_>,
    at: &At<Duration>,
    bounds: &RangeInclusive<Duration>,
    wanted: &str,
) -> Option<Duration> {
    if bounds.contains(&at.value) {
        return Some(at.value);
    }
    let message = format!("{wanted}, in {}.", table.title());
    table.fault(error("T0114", &at.place, message));
    None
}

pub(super) fn rates(table: &mut Table<'_, '_>) -> RatesTable {
    RatesTable {
        mtbf: table.duration("mtbf", "60000h").map(|at| at.value),
        mttr: table.duration("mttr", "6h").map(|at| at.value),
    }
}
