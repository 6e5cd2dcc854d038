//! Opens, merges and closes incidents; pure.
//!
//! Each inquiry explains everything that is silent anew. What keeps an incident one incident is that its cause
//! or the nodes behind it are still the same; what nobody finds any more has ended.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use jiff::Timestamp;

use crate::model::incident::{Evidence, Incident, IncidentId, IncidentKind, IncidentSeverity};
use crate::model::{AgencyId, Element, NodeId};

/// Ended incidents that are remembered.
const REMEMBERED: usize = 200;

/// One cause as one inquiry sees it.
#[derive(Clone, Debug, PartialEq)]
#[expect(missing_docs, reason = "the fields are those of an incident")]
pub struct Finding {
    pub kind: IncidentKind,
    pub causes: Vec<Element>,
    pub probability: f64,
    pub cut_off: Vec<AgencyId>,
    pub one_path: Vec<AgencyId>,
    pub nodes: Vec<NodeId>,
    pub evidence: Vec<Evidence>,
    pub maintenance: bool,
    pub since: Timestamp,
}

/// All incidents of one monitor.
#[derive(Clone, Debug, Default)]
pub struct Book {
    open: BTreeMap<IncidentId, Arc<Incident>>,
    ended: VecDeque<Arc<Incident>>,
    last: u32,
    changes: u64,
}

impl Book {
    /// Takes over what an earlier run left: the number it had reached and what was open.
    #[must_use]
    pub fn after(last: u32, open: Vec<Incident>) -> Self {
        let last = open
            .iter()
            .map(|incident| incident.id.0)
            .max()
            .unwrap_or(0)
            .max(last);
        let open = open
            .into_iter()
            .map(|incident| (incident.id, Arc::new(incident)))
            .collect();
        Self {
            open,
            ended: VecDeque::new(),
            last,
            changes: 0,
        }
    }

    /// Returns the highest number given so far.
    #[must_use]
    pub fn last(&self) -> u32 {
        self.last
    }

    /// Returns how often it was reconciled: while the number stays, nothing in it has changed.
    #[must_use]
    pub fn changes(&self) -> u64 {
        self.changes
    }

    /// Returns an incident that is open.
    #[must_use]
    pub fn open(&self, id: IncidentId) -> Option<&Arc<Incident>> {
        self.open.get(&id)
    }

    /// Returns the open ones, worst and oldest first, then the ended ones, newest first.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Incident>> {
        let mut open: Vec<Arc<Incident>> = self.open.values().cloned().collect();
        open.sort_by(|a, b| {
            b.severity
                .cmp(&a.severity)
                .then(a.since.cmp(&b.since))
                .then(a.id.cmp(&b.id))
        });
        open.extend(self.ended.iter().cloned());
        open
    }

    /// Returns whether none is open.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.open.is_empty()
    }

    /// Reconciles the open incidents with what was found now, and returns the incident of each finding.
    ///
    /// A finding continues the open incident with which it shares a cause, else the one with which it shares
    /// most silent nodes; an open incident that no finding continues ends at `at`.
    pub fn take(&mut self, findings: &[Finding], at: Timestamp) -> Vec<IncidentId> {
        self.changes += 1;
        let mut before = std::mem::take(&mut self.open);
        let mut ids = Vec::with_capacity(findings.len());
        for finding in findings {
            let continued = before
                .values()
                .map(|incident| (kinship(incident, finding), std::cmp::Reverse(incident.id)))
                .filter(|(kinship, _)| *kinship > (0, 0))
                .max()
                .and_then(|(_, id)| before.remove(&id.0));
            let (id, since, named) = if let Some(incident) = &continued {
                (
                    incident.id,
                    incident.since.min(finding.since),
                    incident.named,
                )
            } else {
                self.last += 1;
                (IncidentId(self.last), finding.since, at)
            };
            let incident = Incident {
                id,
                kind: finding.kind,
                severity: severity(finding),
                causes: finding.causes.clone(),
                probability: finding.probability,
                cut_off: finding.cut_off.clone(),
                one_path: finding.one_path.clone(),
                nodes: finding.nodes.clone(),
                evidence: finding.evidence.clone(),
                maintenance: finding.maintenance,
                since,
                named,
                until: None,
            };
            self.open.insert(id, Arc::new(incident));
            ids.push(id);
        }
        for incident in before.into_values() {
            self.ended.push_front(Arc::new(Incident {
                until: Some(at),
                ..(*incident).clone()
            }));
        }
        self.ended.truncate(REMEMBERED);
        ids
    }
}

fn severity(finding: &Finding) -> IncidentSeverity {
    match finding.kind {
        _ if finding.maintenance => IncidentSeverity::Info,
        IncidentKind::Outage | IncidentKind::Monitor => IncidentSeverity::Critical,
        IncidentKind::Redundancy | IncidentKind::Loss => IncidentSeverity::Warning,
    }
}

/// Returns how much a finding is the same matter as an incident: shared causes, then shared nodes.
fn kinship(incident: &Incident, finding: &Finding) -> (usize, usize) {
    let apart = (incident.kind == IncidentKind::Loss) != (finding.kind == IncidentKind::Loss);
    if apart {
        return (0, 0);
    }
    if incident.kind == IncidentKind::Monitor && finding.kind == IncidentKind::Monitor {
        return (1, 1);
    }
    let causes = finding
        .causes
        .iter()
        .filter(|cause| incident.causes.contains(cause))
        .count();
    let nodes = finding
        .nodes
        .iter()
        .filter(|node| incident.nodes.binary_search(node).is_ok())
        .count();
    (causes, nodes)
}
