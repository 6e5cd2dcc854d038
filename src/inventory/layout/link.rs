//! Links in their long and short form, risk groups, and links that could be built.

use crate::inventory::layout::policy::rates;
use crate::inventory::layout::{CandidateTable, EndTable, LinkTable, METRICS, PRICES, RiskTable};
use crate::inventory::table::{At, Table};

/// Splits `node[:port]` at the first colon; ports may hold colons of their own.
fn end(text: Option<At<String>>) -> EndTable {
    let Some(mut text) = text else {
        return EndTable {
            node: None,
            port: None,
        };
    };
    let Some((node, port)) = text.value.split_once(':') else {
        return EndTable {
            node: Some(text),
            port: None,
        };
    };
    let port = (!port.trim().is_empty()).then(|| port.trim().to_owned());
    text.value = node.trim().to_owned();
    EndTable {
        node: Some(text),
        port,
    }
}

const END_HELP: &str = "Write a node and, if known, its port: \"core-1:xe-0/0/1\".";

pub(super) fn link(table: &mut Table<'_, '_>) -> Option<LinkTable> {
    let id = table.id("id");
    let a = end(table.required("a", END_HELP));
    let b = end(table.required("b", END_HELP));
    connection(table, id, [a, b])
}

pub(super) fn uplink(table: &mut Table<'_, '_>, owner: Option<At<String>>) -> Option<LinkTable> {
    let id = table.id("id");
    let own = EndTable {
        node: owner,
        port: table.text("port").map(|port| port.value),
    };
    let other = end(table.required("to", END_HELP));
    connection(table, id, [own, other])
}

fn connection(
    table: &mut Table<'_, '_>,
    id: Option<At<String>>,
    ends: [EndTable; 2],
) -> Option<LinkTable> {
    let cost = table.table("cost", |table| {
        (
            table.number("build", PRICES).map(|at| at.value),
            table.number("yearly", PRICES).map(|at| at.value),
        )
    });
    let (cost_build, cost_yearly) = cost.unwrap_or_default();
    let link = LinkTable {
        ends,
        kind: table
            .text("kind")
            .map_or_else(|| "fibre".into(), |kind| kind.value),
        capacity: table.capacity("capacity").map(|at| at.value),
        metric: table.whole("metric", METRICS).map(|at| at.value),
        provider: table.text("provider"),
        circuit: table.text("circuit").map(|text| text.value),
        risks: table.list("risk").unwrap_or_default(),
        length_km: table.number("length_km", 0.0..=50_000.0).map(|at| at.value),
        cost_build,
        cost_yearly,
        rates: rates(table),
        was: table.list("was").unwrap_or_default(),
        id: At {
            value: String::new(),
            place: table.head(),
        },
    };
    Some(LinkTable { id: id?, ..link })
}

pub(super) fn risk(table: &mut Table<'_, '_>) -> Option<RiskTable> {
    let id = table.id("id");
    let risk = RiskTable {
        name: table.text("name").map(|text| text.value),
        kind: table
            .text("kind")
            .map_or_else(|| "duct".into(), |kind| kind.value),
        rates: rates(table),
        id: At {
            value: String::new(),
            place: table.head(),
        },
    };
    Some(RiskTable { id: id?, ..risk })
}

pub(super) fn candidate(table: &mut Table<'_, '_>) -> CandidateTable {
    if !table.has("cost") {
        table.missing(
            "cost",
            "Give the price of building it, in the unit of the network: cost = 18400.",
        );
    }
    CandidateTable {
        a: end(table.required("a", END_HELP)).node,
        b: end(table.required("b", END_HELP)).node,
        kind: table
            .text("kind")
            .map_or_else(|| "fibre".into(), |kind| kind.value),
        length_km: table.number("length_km", 0.0..=50_000.0).map(|at| at.value),
        cost: table.number("cost", PRICES).map_or(0.0, |at| at.value),
    }
}
