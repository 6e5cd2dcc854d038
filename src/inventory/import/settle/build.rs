//! A draft whose questions are answered to the parts of a network.

use jiff::tz::TimeZone;

use crate::inventory::import::draft::{Draft, Line};
use crate::inventory::import::settle::Settled;
use crate::inventory::import::settle::found::Found;
use crate::inventory::import::{Ids, Options};
use crate::inventory::table::is_id;
use crate::model::agency::{Agency, Contact, Endpoints, Level};
use crate::model::network::{End, Link, Node, Parts, Policy, Rates, default_metric};
use crate::model::target::Method;
use crate::model::{AgencyId, CredentialName, LinkId, NodeId};

impl Settled {
    pub(super) fn parts(&self, draft: &mut Draft, options: &Options, hub: usize) -> Parts {
        let agencies = self.agencies(draft, options, hub);
        let transit = self.transit(draft, options, hub, &agencies);
        let dots = std::mem::take(&mut draft.dots);
        let lines = std::mem::take(&mut draft.lines);
        let hub_id = NodeId::from(self.ids[hub].as_str());
        let mut parts = Parts {
            name: options.name(),
            time_zone: TimeZone::get("Asia/Ho_Chi_Minh").unwrap_or(TimeZone::UTC),
            ..Parts::new(&options.id(), hub_id)
        };
        let mut seats = Ids::default();
        for id in &self.ids {
            seats.take(id);
        }
        let mut found = Found::default();
        for (at, dot) in dots.iter().enumerate() {
            let id = self.ids[at].as_str();
            let name = dot.name.clone().unwrap_or_else(|| dot.key.clone());
            let area = dot.area.as_deref().map(|cell| found.area(&mut parts, cell));
            let seat = match &dot.seat {
                Some(seat) if !agencies[at] && at != hub => {
                    Some((seats.make(seat, "agency"), seat.clone()))
                }
                _ if agencies[at] => Some((id.to_owned(), name.clone())),
                _ => None,
            };
            if let Some((agency, name)) = seat {
                let agency = Agency {
                    id: AgencyId::from(agency.as_str()),
                    name,
                    level: if dot.is_city {
                        Level::City
                    } else {
                        Level::Commune
                    },
                    class: dot.class.clone().unwrap_or_default(),
                    area: area.clone(),
                    node: id.into(),
                    hours: None,
                    weight: if options.all_agencies {
                        1
                    } else {
                        dot.weight.unwrap_or(1)
                    },
                    endpoints: Endpoints::default(),
                    contact: Contact::default(),
                    was: Vec::new(),
                };
                parts.agencies.insert(agency.id.clone(), agency);
            }
            let role = match &dot.role {
                _ if agencies[at] => "agency",
                Some(role) => role,
                None if at == hub => "hub",
                None => "node",
            };
            let snmp = dot.snmp.as_deref().map(CredentialName::from);
            let probe = match (dot.address, &snmp) {
                (None, _) => Vec::new(),
                (Some(_), Some(_)) => vec![Method::Ping, Method::Snmp],
                (Some(_), None) => vec![Method::Ping],
            };
            let node = Node {
                id: id.into(),
                name,
                role: role.to_owned(),
                transit: transit[at],
                address: dot.address,
                addresses: Vec::new(),
                sys_name: id.to_owned(),
                probe,
                area,
                position: dot.position,
                snmp,
                vendor: dot.vendor.clone(),
                model: dot.model.clone(),
                serial: dot.serial.clone(),
                rates: Rates::default(),
                risks: found.risks(&mut parts, &dot.risks),
                policy: Policy::default(),
                was: Vec::new(),
            };
            parts.nodes.insert(node.id.clone(), node);
        }
        self.links(&lines, &self.hops(hub), &mut parts, &mut found);
        parts.expected_agencies = u32::try_from(parts.agencies.len()).ok();
        parts
    }

    /// Returns how many links lie between the hub and each node, where any do.
    fn hops(&self, hub: usize) -> Vec<usize> {
        let mut hops = vec![usize::MAX; self.neighbours.len()];
        hops[hub] = 0;
        let mut order = vec![hub];
        let mut at = 0;
        while let Some(&node) = order.get(at) {
            at += 1;
            for &next in &self.neighbours[node] {
                if hops[next] == usize::MAX {
                    hops[next] = hops[node] + 1;
                    order.push(next);
                }
            }
        }
        hops
    }

    fn links(&self, lines: &[Line], hops: &[usize], parts: &mut Parts, found: &mut Found) {
        let mut ids = Ids::default();
        for line in lines {
            if let Some(key) = line.key.as_deref().filter(|key| is_id(key)) {
                ids.take(key);
            }
        }
        for (line, ends) in lines.iter().zip(&self.ends) {
            let Some((a, b)) = *ends else {
                continue;
            };
            // An agency's link is written as its uplink, so it begins there; of two at the one farther out.
            let is_agency = |at: usize| {
                let id = AgencyId::from(self.ids[at].as_str());
                parts.agencies.contains_key(&id)
            };
            let turned = is_agency(b) && (!is_agency(a) || hops[b] > hops[a]);
            let (first, second) = if turned { (b, a) } else { (a, b) };
            let (first_port, second_port) = if turned {
                (&line.b_port, &line.a_port)
            } else {
                (&line.a_port, &line.b_port)
            };
            let id = match line.key.as_deref() {
                Some(key) if is_id(key) => key.to_owned(),
                Some(key) => ids.make(key, "link"),
                None => ids.link(&self.ids[first], &self.ids[second]),
            };
            let end = |at: usize, port: &Option<String>| End {
                node: self.ids[at].as_str().into(),
                port: port.clone(),
            };
            let kind = line.kind.clone().unwrap_or_else(|| "fibre".to_owned());
            let link = Link {
                id: LinkId::from(id.as_str()),
                a: end(first, first_port),
                b: end(second, second_port),
                capacity: line.capacity,
                metric: line.metric.unwrap_or_else(|| default_metric(&kind)),
                kind,
                provider: line
                    .provider
                    .as_deref()
                    .map(|name| found.provider(parts, name)),
                circuit: line.circuit.clone(),
                risks: found.risks(parts, &line.risks),
                length_km: line.length_km,
                cost_build: line.cost_build,
                cost_yearly: None,
                rates: Rates::default(),
                was: Vec::new(),
            };
            parts.links.insert(link.id.clone(), link);
        }
    }
}
