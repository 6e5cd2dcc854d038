//! What of a network is neither node nor edge, as the JSON that `GraphML` keeps in its data keys.

use jiff::civil::Weekday;
use serde::Serialize;

use crate::inventory::import::graphml::schema::{
    AgencyRecord, AreaRecord, BuildRecord, CandidateRecord, HoursRecord, KindRecord,
    MaintenanceRecord, ProviderRecord, RiskRecord, ServiceRecord,
};
use crate::inventory::quantity::duration_text;
use crate::model::AgencyId;
use crate::model::agency::Level;
use crate::model::network::Network;

/// A network, to be asked for its records.
pub(super) struct Records<'n>(pub(super) &'n Network);

/// Returns a list as JSON, nothing for an empty one.
pub(super) fn json<T: Serialize>(items: &[T]) -> String {
    if items.is_empty() {
        return String::new();
    }
    serde_json::to_string(items).expect("records have text keys")
}

impl Records<'_> {
    pub(super) fn agencies(&self, ids: &[AgencyId]) -> String {
        let agencies = ids.iter().filter_map(|id| self.0.agencies.get(id));
        let records: Vec<AgencyRecord> = agencies
            .map(|agency| AgencyRecord {
                id: agency.id.to_string(),
                name: agency.name.clone(),
                level: match agency.level {
                    Level::City => "city".to_owned(),
                    Level::Commune => "commune".to_owned(),
                },
                class: agency.class.clone(),
                area: agency.area.as_ref().map(ToString::to_string),
                hours: agency.hours.clone(),
                weight: agency.weight,
                computers: agency.endpoints.computers,
                antivirus: agency.endpoints.antivirus.clone(),
                contact: agency.contact.name.clone(),
                phone: agency.contact.phone.clone(),
                email: agency.contact.email.clone(),
                was: agency.was.clone(),
            })
            .collect();
        json(&records)
    }

    pub(super) fn kinds(&self) -> String {
        let records: Vec<KindRecord> = self
            .0
            .kinds
            .iter()
            .map(|(kind, like)| KindRecord {
                kind: kind.clone(),
                mtbf: like.rates.mtbf.map(duration_text),
                mttr: like.rates.mttr.map(duration_text),
                metric: like.metric,
                capacity: like.capacity,
                build: like.build.map(|build| BuildRecord {
                    fixed: build.fixed,
                    per_km: build.per_km,
                    up_to_km: build.up_to_km,
                }),
            })
            .collect();
        json(&records)
    }

    pub(super) fn areas(&self) -> String {
        let records: Vec<AreaRecord> = self
            .0
            .areas
            .values()
            .map(|area| AreaRecord {
                code: area.code.to_string(),
                name: area.name.clone(),
                kind: area.kind.clone(),
                lat: area.position.map(|at| at.lat),
                lon: area.position.map(|at| at.lon),
            })
            .collect();
        json(&records)
    }

    pub(super) fn providers(&self) -> String {
        let records: Vec<ProviderRecord> = self
            .0
            .providers
            .values()
            .map(|provider| ProviderRecord {
                id: provider.id.to_string(),
                name: provider.name.clone(),
                hotline: provider.hotline.clone(),
            })
            .collect();
        json(&records)
    }

    pub(super) fn risks(&self) -> String {
        let records: Vec<RiskRecord> = self
            .0
            .risks
            .values()
            .map(|risk| RiskRecord {
                id: risk.id.to_string(),
                name: risk.name.clone(),
                kind: risk.kind.clone(),
                mtbf: risk.rates.mtbf.map(duration_text),
                mttr: risk.rates.mttr.map(duration_text),
            })
            .collect();
        json(&records)
    }

    pub(super) fn services(&self) -> String {
        let records: Vec<ServiceRecord> = self
            .0
            .services
            .values()
            .map(|service| ServiceRecord {
                id: service.id.to_string(),
                name: service.name.clone(),
                node: service.node.to_string(),
                check: service.check.clone(),
            })
            .collect();
        json(&records)
    }

    pub(super) fn candidates(&self) -> String {
        let records: Vec<CandidateRecord> = self
            .0
            .candidates
            .iter()
            .map(|candidate| CandidateRecord {
                a: candidate.a.to_string(),
                b: candidate.b.to_string(),
                kind: candidate.kind.clone(),
                length_km: candidate.length_km,
                cost: candidate.cost,
            })
            .collect();
        json(&records)
    }

    pub(super) fn maintenances(&self) -> String {
        let records: Vec<MaintenanceRecord> = self
            .0
            .maintenances
            .iter()
            .map(|maintenance| MaintenanceRecord {
                id: maintenance.id.to_string(),
                elements: maintenance
                    .elements
                    .iter()
                    .map(ToString::to_string)
                    .collect(),
                from: maintenance.from.to_string(),
                to: maintenance.to.to_string(),
                reason: maintenance.reason.clone(),
                ticket: maintenance.ticket.clone(),
            })
            .collect();
        json(&records)
    }

    pub(super) fn hours(&self) -> String {
        let day = |day: &Weekday| match day {
            Weekday::Monday => "mon",
            Weekday::Tuesday => "tue",
            Weekday::Wednesday => "wed",
            Weekday::Thursday => "thu",
            Weekday::Friday => "fri",
            Weekday::Saturday => "sat",
            Weekday::Sunday => "sun",
        };
        let records: Vec<HoursRecord> = self
            .0
            .hours
            .iter()
            .map(|(id, hours)| HoursRecord {
                id: id.clone(),
                days: hours.days.iter().map(|each| day(each).to_owned()).collect(),
                from: hours.from.to_string(),
                to: hours.to.to_string(),
            })
            .collect();
        json(&records)
    }
}
