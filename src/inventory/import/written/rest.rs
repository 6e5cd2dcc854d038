//! What is neither node nor link nor agency, a file for each sort.

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::inventory::import::written::Shelf;
use crate::inventory::import::written::table::{Lines, decimal, list, text};
use crate::inventory::import::written::usual::Usual;
use crate::inventory::table::is_id;
use crate::model::network::{Maintenance, Parts};

/// Risk groups, services, work that is planned, links that could be built.
pub(super) fn rest(parts: &Parts, usual: &Usual, shelf: &mut Shelf) {
    for risk in parts.risks.values() {
        let mut lines = Lines::default();
        lines.say("id", Some(text(risk.id.as_str())));
        if risk.name != risk.id.as_str() {
            lines.say("name", Some(text(&risk.name)));
        }
        if risk.kind != "duct" {
            lines.say("kind", Some(text(&risk.kind)));
        }
        lines.rates(usual.beyond_risk(risk));
        let head = "# What fails together; its members say risk = [\"..\"].\n";
        shelf.add("risk", head, &lines.table("[[risk_group]]"));
    }
    for service in parts.services.values() {
        let mut lines = Lines::default();
        lines.say("id", Some(text(service.id.as_str())));
        if service.name != service.id.as_str() {
            lines.say("name", Some(text(&service.name)));
        }
        lines.say("node", Some(text(service.node.as_str())));
        let mut check = Lines::default();
        for (name, value) in &service.check {
            let is_number =
                matches!(name.as_str(), "expect" | "warn_days") && value.parse::<u16>().is_ok();
            let value = if is_number {
                value.clone()
            } else {
                text(value)
            };
            check.say(name, Some(value));
        }
        lines.say("check", check.inline());
        let head = "# What agencies need from the network.\n";
        shelf.add("services", head, &lines.table("[[service]]"));
    }
    for candidate in &parts.candidates {
        let mut lines = Lines::default();
        lines.say("a", Some(text(candidate.a.as_str())));
        lines.say("b", Some(text(candidate.b.as_str())));
        if candidate.kind != "fibre" {
            lines.say("kind", Some(text(&candidate.kind)));
        }
        lines.say("length_km", candidate.length_km.map(decimal));
        lines.say("cost", Some(decimal(candidate.cost)));
        let head = "# Links that could be built.\n";
        shelf.add("candidates", head, &lines.table("[[candidate]]"));
    }
    for maintenance in &parts.maintenances {
        let head = "# Work that is planned.\n";
        shelf.add("work", head, &work(maintenance, &parts.time_zone));
    }
}

fn work(maintenance: &Maintenance, zone: &TimeZone) -> String {
    let moment = |at: Timestamp| at.display_with_offset(zone.to_offset(at)).to_string();
    let id = maintenance.id.as_str();
    let mut lines = Lines::default();
    // One that could not be written as an id was made from the ticket, and will be again.
    lines.say("id", is_id(id).then(|| text(id)));
    lines.say("elements", Some(list(&maintenance.elements)));
    lines.say("from", Some(moment(maintenance.from)));
    lines.say("to", Some(moment(maintenance.to)));
    if !maintenance.reason.is_empty() {
        lines.say("reason", Some(text(&maintenance.reason)));
    }
    lines.say("ticket", maintenance.ticket.as_deref().map(text));
    lines.table("[[maintenance]]")
}
