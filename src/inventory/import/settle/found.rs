//! Areas, providers and risk groups, which lists only name: made when they are first met.

use std::collections::BTreeMap;

use crate::filter::fold::bare;
use crate::inventory::import::Ids;
use crate::inventory::table::is_id;
use crate::model::network::{Area, Parts, Provider, Rates, RiskGroup};
use crate::model::{AreaCode, ProviderId, RiskId};

/// Areas, providers and risk groups that cells name, by how they were spelt.
#[derive(Default)]
pub(super) struct Found {
    areas: BTreeMap<String, AreaCode>,
    providers: BTreeMap<String, ProviderId>,
    risks: BTreeMap<String, RiskId>,
    area_ids: Ids,
    provider_ids: Ids,
    risk_ids: Ids,
}

impl Found {
    /// Returns the code of an area: the digits before its name, else made from the name.
    pub(super) fn area(&mut self, parts: &mut Parts, cell: &str) -> AreaCode {
        if let Some(code) = self.areas.get(cell) {
            return code.clone();
        }
        let digits = cell
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(cell.len());
        let (number, rest) = cell.split_at(digits);
        let rest = rest.trim_start_matches([' ', '-', '–', ':']);
        let (code, name) = if (3..=64).contains(&number.len()) {
            self.area_ids.take(number);
            (
                number.to_owned(),
                if rest.is_empty() { number } else { rest },
            )
        } else {
            (self.area_ids.make(cell, "area"), cell)
        };
        let code = AreaCode::from(code.as_str());
        parts.areas.entry(code.clone()).or_insert_with(|| Area {
            code: code.clone(),
            name: name.to_owned(),
            kind: "commune".to_owned(),
            position: None,
        });
        self.areas.insert(cell.to_owned(), code.clone());
        code
    }

    pub(super) fn provider(&mut self, parts: &mut Parts, name: &str) -> ProviderId {
        if let Some(id) = self.providers.get(&bare(name)) {
            return id.clone();
        }
        let id = ProviderId::from(self.provider_ids.make(name, "provider").as_str());
        let provider = Provider {
            id: id.clone(),
            name: name.to_owned(),
            hotline: None,
        };
        parts.providers.insert(id.clone(), provider);
        self.providers.insert(bare(name), id.clone());
        id
    }

    pub(super) fn risks(&mut self, parts: &mut Parts, names: &[String]) -> Vec<RiskId> {
        let mut all = Vec::new();
        for name in names {
            let id = self.risk(parts, name);
            if !all.contains(&id) {
                all.push(id);
            }
        }
        all
    }

    fn risk(&mut self, parts: &mut Parts, name: &str) -> RiskId {
        if let Some(id) = self.risks.get(name) {
            return id.clone();
        }
        let id = if is_id(name) && self.risk_ids.take(name) {
            name.to_owned()
        } else {
            self.risk_ids.make(name, "risk")
        };
        let id = RiskId::from(id.as_str());
        let group = RiskGroup {
            id: id.clone(),
            name: name.to_owned(),
            kind: "duct".to_owned(),
            rates: Rates::default(),
            members: Vec::new(),
        };
        parts.risks.insert(id.clone(), group);
        self.risks.insert(name.to_owned(), id.clone());
        id
    }
}
