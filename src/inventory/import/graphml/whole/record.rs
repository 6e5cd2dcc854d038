//! The records that stand as JSON in data keys: areas, providers, risk groups, services, offers, work, hours.

use jiff::Timestamp;
use jiff::civil::Weekday;

use crate::inventory::import::graphml::document::Item;
use crate::inventory::import::graphml::schema::{
    AgencyRecord, AreaRecord, BuildRecord, CandidateRecord, HoursRecord, KindRecord,
    MaintenanceRecord, ProviderRecord, RiskRecord, ServiceRecord,
};
use crate::inventory::import::graphml::whole::{Reader, place_of};
use crate::inventory::layout::{METRICS, PRICES};
use crate::inventory::quantity;
use crate::model::agency::{Agency, Contact, Endpoints, Hours, Level};
use crate::model::kind::{Build, LinkKind};
use crate::model::network::{
    Area, Candidate, Maintenance, Parts, Position, Provider, Rates, RiskGroup, Service,
};
use crate::model::{AgencyId, MaintenanceId, NodeId, RiskId};

impl Reader {
    pub(super) fn records(&mut self, graph: &Item, parts: &mut Parts) {
        for record in self.list::<KindRecord>(graph, "kinds") {
            match kind(&record) {
                Ok(like) => {
                    parts.kinds.insert(record.kind, like);
                }
                Err(message) => self.fault("T0154", &place_of(graph, "kinds"), message),
            }
        }
        for AreaRecord {
            code,
            name,
            kind,
            lat,
            lon,
        } in self.list(graph, "areas")
        {
            let position = lat.zip(lon).map(|(lat, lon)| Position { lat, lon });
            let code = crate::model::AreaCode::from(code.as_str());
            let area = Area {
                code: code.clone(),
                name,
                kind,
                position,
            };
            parts.areas.insert(code, area);
        }
        for ProviderRecord { id, name, hotline } in self.list(graph, "providers") {
            let id = crate::model::ProviderId::from(id.as_str());
            let provider = Provider {
                id: id.clone(),
                name,
                hotline,
            };
            parts.providers.insert(id, provider);
        }
        for record in self.list::<RiskRecord>(graph, "risks") {
            let id = RiskId::from(record.id.as_str());
            let mut rate = |text: Option<String>| match quantity::duration(&text?) {
                Ok(rate) => Some(rate),
                Err(why) => {
                    let message = format!("A rate of the risk group `{id}` cannot be read: {why}.");
                    self.fault("T0154", &place_of(graph, "risks"), message);
                    None
                }
            };
            let rates = Rates {
                mtbf: rate(record.mtbf),
                mttr: rate(record.mttr),
            };
            let group = RiskGroup {
                id: id.clone(),
                name: record.name,
                kind: record.kind,
                rates,
                members: Vec::new(),
            };
            parts.risks.insert(id, group);
        }
        for ServiceRecord {
            id,
            name,
            node,
            check,
        } in self.list(graph, "services")
        {
            let id = crate::model::ServiceId::from(id.as_str());
            let service = Service {
                id: id.clone(),
                name,
                node: node.as_str().into(),
                check,
            };
            parts.services.insert(id, service);
        }
        for CandidateRecord {
            a,
            b,
            kind,
            length_km,
            cost,
        } in self.list(graph, "candidates")
        {
            let (a, b) = (a.as_str().into(), b.as_str().into());
            parts.candidates.push(Candidate {
                a,
                b,
                kind,
                length_km,
                cost,
            });
        }
        for record in self.list::<MaintenanceRecord>(graph, "maintenances") {
            match maintenance(record) {
                Ok(maintenance) => parts.maintenances.push(maintenance),
                Err(message) => self.fault("T0154", &place_of(graph, "maintenances"), message),
            }
        }
        for record in self.list::<HoursRecord>(graph, "hours") {
            let id = record.id.clone();
            if let Some(hours) = hours(&record) {
                parts.hours.insert(id, hours);
            } else {
                let message = format!("The hours `{id}` cannot be read.");
                self.fault("T0154", &place_of(graph, "hours"), message);
            }
        }
    }
}

fn kind(record: &KindRecord) -> Result<LinkKind, String> {
    let name = &record.kind;
    let rate = |text: &Option<String>| {
        let wrong = |why| format!("A rate of the kind `{name}` cannot be read: {why}.");
        let read = |text: &String| quantity::duration(text).map_err(wrong);
        text.as_ref().map(read).transpose()
    };
    if record
        .metric
        .is_some_and(|metric| !METRICS.contains(&metric))
    {
        return Err(format!("The metric of the kind `{name}` is out of range."));
    }
    let build = |build: &BuildRecord| {
        let prices = [Some(build.fixed), Some(build.per_km), build.up_to_km];
        if !prices.iter().flatten().all(|price| PRICES.contains(price)) {
            return Err(format!("The price of the kind `{name}` is out of range."));
        }
        Ok(Build {
            fixed: build.fixed,
            per_km: build.per_km,
            up_to_km: build.up_to_km,
        })
    };
    Ok(LinkKind {
        rates: Rates {
            mtbf: rate(&record.mtbf)?,
            mttr: rate(&record.mttr)?,
        },
        metric: record.metric,
        capacity: record.capacity,
        build: record.build.as_ref().map(build).transpose()?,
    })
}

pub(super) fn agency(record: AgencyRecord, node: &NodeId) -> Result<Agency, String> {
    let level = match record.level.as_str() {
        "city" => Level::City,
        "commune" => Level::Commune,
        other => {
            return Err(format!(
                "`{other}` is not a level; write `city` or `commune`."
            ));
        }
    };
    Ok(Agency {
        id: AgencyId::from(record.id.as_str()),
        name: record.name,
        level,
        class: record.class,
        area: record.area.map(|area| area.as_str().into()),
        node: node.clone(),
        hours: record.hours,
        weight: record.weight,
        endpoints: Endpoints {
            computers: record.computers,
            antivirus: record.antivirus,
        },
        contact: Contact {
            name: record.contact,
            phone: record.phone,
            email: record.email,
        },
        was: record.was,
    })
}

fn maintenance(record: MaintenanceRecord) -> Result<Maintenance, String> {
    let id = &record.id;
    let moment = |text: &str| {
        let wrong = |_| format!("`{text}` in the maintenance `{id}` is not a moment.");
        text.parse::<Timestamp>().map_err(wrong)
    };
    let (from, to) = (moment(&record.from)?, moment(&record.to)?);
    let elements = record.elements.iter().map(|text| text.parse());
    let elements = elements.collect::<Result<_, crate::model::NotAnElement>>();
    Ok(Maintenance {
        id: MaintenanceId::from(id.as_str()),
        elements: elements.map_err(|why| why.to_string())?,
        from,
        to,
        reason: record.reason,
        ticket: record.ticket,
    })
}

fn hours(record: &HoursRecord) -> Option<Hours> {
    let day = |word: &String| match word.as_str() {
        "mon" => Some(Weekday::Monday),
        "tue" => Some(Weekday::Tuesday),
        "wed" => Some(Weekday::Wednesday),
        "thu" => Some(Weekday::Thursday),
        "fri" => Some(Weekday::Friday),
        "sat" => Some(Weekday::Saturday),
        "sun" => Some(Weekday::Sunday),
        _ => None,
    };
    Some(Hours {
        days: record.days.iter().map(day).collect::<Option<_>>()?,
        from: record.from.parse().ok()?,
        to: record.to.parse().ok()?,
    })
}
