//! The column of uplinks: what a cell means, which node is made for it, and where the hub is.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::filter::fold::bare;
use crate::inventory::import::cell::{capacity, kind};
use crate::inventory::import::csv::Importer;
use crate::inventory::import::grid::Row;
use crate::inventory::import::plan::{Entry, Uplink};
use crate::inventory::import::sheet::{Column, Sheet};
use crate::inventory::import::{Ids, Options};
use crate::inventory::table::error;
use crate::model::fault::Fault;

impl Importer<'_> {
    pub(super) fn uplinks(&mut self, sheet: &Sheet) {
        for (at, row) in sheet.rows.iter().enumerate() {
            let Some(cell) = row.cell(self.columns, Column::Uplink) else {
                continue;
            };
            let mut targets = BTreeSet::new();
            for name in self.split(cell) {
                match self.target(row, &name) {
                    Some(target) if targets.insert(target.clone()) => self.uplink(row, at, target),
                    _ => {}
                }
            }
        }
    }

    /// Splits a cell that names several uplinks, unless the whole is one name.
    fn split(&self, cell: &str) -> Vec<String> {
        if self.is_known(cell) {
            return vec![cell.to_owned()];
        }
        for separator in [";", "|", " + ", ","] {
            let parts: Vec<&str> = cell
                .split(separator)
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .collect();
            // A comma may be part of a name; it separates where a part is known.
            if parts.len() > 1 && (separator != "," || parts.iter().any(|part| self.is_known(part)))
            {
                return parts.into_iter().map(str::to_owned).collect();
            }
        }
        vec![cell.to_owned()]
    }

    fn is_known(&self, name: &str) -> bool {
        self.places.ids.contains_key(name)
            || self.places.names.contains_key(&bare(name))
            || name.parse::<IpAddr>().is_ok()
    }

    /// Returns the id that an uplink's cell means; makes a node where no row does.
    fn target(&mut self, row: &Row, name: &str) -> Option<String> {
        let address = name.parse::<IpAddr>().ok();
        let by_name = self.places.names.get(&bare(name)).map(Vec::as_slice);
        let exact = by_name.and_then(|rows| {
            let mut same = rows
                .iter()
                .filter(|at| self.plan.entries[**at].name == name);
            same.next().filter(|_| same.next().is_none())
        });
        let by_id = self.places.ids.get(name).copied();
        let by_address = address.and_then(|address| self.places.addresses.get(&address).copied());
        let at = by_id.or(by_address).or(match by_name {
            Some([at]) => Some(*at),
            Some(_) => exact.copied(),
            None => None,
        });
        if at.is_none() && by_name.is_some() {
            self.fault(
                "T0154",
                row,
                name,
                format!("The uplink `{name}` is the name of several rows."),
                "Write the id or the address of the one that is meant.",
            );
            return None;
        }
        if let Some(at) = at {
            self.plan.entries[at].transit = true;
            return Some(self.plan.entries[at].id.clone());
        }
        let folded = bare(name);
        if let Some(made) = self.places.made.get(&folded) {
            return Some(self.plan.nodes[*made].id.clone());
        }
        let id = self.ids.make(name, "node");
        self.places.made.insert(folded, self.plan.nodes.len());
        self.notes.push(format!(
            "No row describes the uplink `{name}`; it became the node `{id}`."
        ));
        self.plan.nodes.push(Entry {
            id: id.clone(),
            name: name.to_owned(),
            address,
            role: Some("pop".into()),
            transit: true,
            ..Entry::default()
        });
        Some(id)
    }

    fn uplink(&mut self, row: &Row, at: usize, to: String) {
        let from = self.plan.entries[at].id.clone();
        if from.is_empty() {
            return;
        }
        if from == to {
            let cell = row.cell(self.columns, Column::Uplink).unwrap_or_default();
            self.fault(
                "T0154",
                row,
                cell,
                format!("`{from}` is its own uplink."),
                "Name the place that it is connected to.",
            );
            return;
        }
        let provider = row.cell(self.columns, Column::Provider).map(str::to_owned);
        let provider = provider.map(|name| self.provider(&name));
        let capacity = row.cell(self.columns, Column::Capacity).and_then(|cell| {
            let text = capacity(cell);
            if text.is_none() {
                self.faults.push(Fault {
                    help: Some("Write it like 100M or 1G.".into()),
                    ..error(
                        "T0154",
                        &row.place(cell),
                        format!("`{cell}` is not a capacity."),
                    )
                });
            }
            text
        });
        let uplink = Uplink {
            id: self.links.link(&from, &to),
            kind: row.cell(self.columns, Column::Kind).map(kind),
            circuit: row.cell(self.columns, Column::Circuit).map(str::to_owned),
            provider,
            capacity,
            to,
        };
        self.plan.entries[at].uplinks.push(uplink);
    }

    fn provider(&mut self, name: &str) -> String {
        if let Some((id, _)) = self
            .plan
            .providers
            .iter()
            .find(|(_, known)| bare(known) == bare(name))
        {
            return id.clone();
        }
        let mut taken = Ids::default();
        for id in self.plan.providers.keys() {
            taken.take(id);
        }
        let id = taken.make(name, "provider");
        self.plan.providers.insert(id.clone(), name.to_owned());
        id
    }

    /// Chooses the hub: the one that was named, else the row that says so, else the root to which most uplinks lead, else a new one.
    pub(super) fn choose_hub(&mut self, options: &Options, sheet: &Sheet) {
        let mut leading: BTreeMap<&str, usize> = BTreeMap::new();
        for uplink in self.plan.entries.iter().flat_map(|entry| &entry.uplinks) {
            *leading.entry(&uplink.to).or_default() += 1;
        }
        let everything = self.plan.entries.iter().chain(&self.plan.nodes);
        let wanted = options.hub.as_deref();
        let named = wanted.and_then(|hub| {
            let address = hub.parse::<IpAddr>().ok();
            everything.clone().find(|entry| {
                entry.id == hub
                    || bare(&entry.name) == bare(hub)
                    || (address.is_some() && entry.address == address)
            })
        });
        let root = everything
            .filter(|entry| entry.uplinks.is_empty() && leading.contains_key(entry.id.as_str()))
            .max_by_key(|entry| {
                (
                    leading[entry.id.as_str()],
                    std::cmp::Reverse(entry.id.clone()),
                )
            });
        // A role that says it is worth more than a count.
        let told = self.plan.entries.iter().find(|entry| {
            entry
                .role
                .as_deref()
                .is_some_and(|role| bare(role) == "hub")
        });
        let chosen = match wanted {
            Some(_) => named,
            None => told.or(root),
        };
        let hub = if let Some(entry) = chosen {
            let (id, name) = (entry.id.clone(), entry.name.clone());
            if wanted.is_none() && told.is_none() {
                self.notes.push(format!(
                    "The hub is `{id}` ({name}), to which the most uplinks lead."
                ));
            }
            id
        } else {
            let name = wanted.unwrap_or("Hub").to_owned();
            let id = self.ids.make(&name, "hub");
            self.notes.push(format!(
                "No row is the hub; the node `{id}` was added for it."
            ));
            self.plan.nodes.insert(
                0,
                Entry {
                    address: name.parse().ok(),
                    id: id.clone(),
                    name,
                    role: Some("hub".into()),
                    transit: true,
                    ..Entry::default()
                },
            );
            id
        };
        for entry in self.plan.entries.iter_mut().chain(&mut self.plan.nodes) {
            if entry.id == hub {
                entry.transit = true;
            }
        }
        self.attach(&hub, sheet);
        self.plan.hub = hub;
    }

    /// Attaches what has no uplink to the hub: every row where the sheet has no such column, and made nodes.
    fn attach(&mut self, hub: &str, sheet: &Sheet) {
        let has_column = self.columns.contains_key(&Column::Uplink);
        let mut attached = 0;
        if !has_column {
            for (at, row) in sheet.rows.iter().enumerate() {
                if self.plan.entries[at].id != hub {
                    self.uplink(row, at, hub.to_owned());
                    attached += 1;
                }
            }
            self.notes.push(format!("The sheet has no column of uplinks; {attached} rows were attached to the hub `{hub}`."));
        }
        for node in &mut self.plan.nodes {
            if node.id != hub && node.uplinks.is_empty() {
                self.notes.push(format!(
                    "The node `{}` was attached to the hub `{hub}`; correct its uplink.",
                    node.id
                ));
                node.uplinks.push(Uplink {
                    id: self.links.link(&node.id, hub),
                    to: hub.to_owned(),
                    kind: None,
                    provider: None,
                    capacity: None,
                    circuit: None,
                });
            }
        }
    }
}
