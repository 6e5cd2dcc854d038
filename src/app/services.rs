//! Which services every agency can reach now, and whether the way or the service is at fault.
//!
//! A check is made from the monitor's place and says whether the service serves. Whether an agency has a way to it is
//! the model's to say, by what is known to be down. The hard thought is a silence: where the model has no way from
//! the monitor either, it says nothing of the service, and where it has one, both may be at fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::service::{Check, Found, Outcome, Service};
use crate::model::{AgencyId, Element, ServiceId};

/// Checks that run at once.
const AT_ONCE: usize = 64;

/// Whose fault it is that a service cannot be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The way there, by what is known to be down.
    Path,
    /// The service itself.
    Service,
    /// Either: it is silent, and the model knows of nothing that is down on the way.
    Unclear,
    /// Both.
    Both,
}

impl Fault {
    /// Returns the word of JSON.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Path => "path",
            Self::Service => "service",
            Self::Unclear => "unclear",
            Self::Both => "both",
        }
    }
}

/// One service, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checked {
    /// What the check found.
    pub found: Found,
    /// Whether it serves.
    pub state: Service,
    /// Whose fault it is that it does not, as seen from the monitor.
    pub fault: Option<Fault>,
    /// Agencies that have a way to it and find it serving.
    pub reached_by: usize,
}

/// All services, and what each agency lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Every service.
    pub services: BTreeMap<ServiceId, Checked>,
    /// By agency, all of them: the services that it cannot reach now.
    pub lost: BTreeMap<AgencyId, BTreeMap<ServiceId, Fault>>,
}

/// Checks every service of a network, at most `AT_ONCE` at a time.
pub async fn check(network: &Network, patience: Duration) -> BTreeMap<ServiceId, Found> {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut open = JoinSet::new();
    let mut found = BTreeMap::new();
    for service in network.services.values() {
        let id = service.id.clone();
        // The loader has refused what cannot be read; a network made otherwise may still hold it.
        let Ok(Some(check)) = Check::read(&service.check) else {
            let outcome = Outcome::Undeclared;
            let took = Duration::ZERO;
            found.insert(id, Found { outcome, took });
            continue;
        };
        let node = network.nodes.get(&service.node);
        let address = node.and_then(|node| node.address.or(node.addresses.first().copied()));
        let gate = gate.clone();
        open.spawn(async move {
            let _place = gate.acquire().await;
            (
                id,
                crate::probe::service::check(&check, address, patience).await,
            )
        });
    }
    while let Some(ended) = open.join_next().await {
        if let Ok((id, each)) = ended {
            found.insert(id, each);
        }
    }
    found
}

/// Judges what checks found by a model with some elements removed. Cost O(services x (n + m)).
#[must_use]
pub fn survey(
    network: &Network,
    graph: &Graph,
    removed: &[Element],
    found: BTreeMap<ServiceId, Found>,
) -> Survey {
    let cut = graph.cut(removed);
    let from_monitor = graph.reach(&[graph.monitor()], &cut);
    let mut services = BTreeMap::new();
    let mut lost: BTreeMap<AgencyId, BTreeMap<ServiceId, Fault>> = network
        .agencies
        .keys()
        .map(|id| (id.clone(), BTreeMap::new()))
        .collect();
    for (id, found) in found {
        let Some((service, at)) = network
            .services
            .get(&id)
            .and_then(|service| Some((service, graph.node(&service.node)?)))
        else {
            continue;
        };
        let state = found.outcome.service();
        let fault = (state == Service::Down).then(|| {
            if found.outcome.is_heard() || service.node == network.monitor {
                Fault::Service
            } else if from_monitor[at.index()] {
                Fault::Unclear
            } else {
                Fault::Path
            }
        });
        let reached = graph.reach(&[at], &cut);
        let mut with_a_way: BTreeSet<&AgencyId> = BTreeSet::new();
        for agency in network.agencies.values() {
            let has_way = graph
                .node(&agency.node)
                .is_some_and(|node| reached[node.index()]);
            let at_fault = match (has_way, fault) {
                (false, Some(Fault::Service)) => Some(Fault::Both),
                (false, _) => Some(Fault::Path),
                // The monitor has no way there, but this agency has: nothing is known of the service.
                (true, None | Some(Fault::Path)) => None,
                (true, fault) => fault,
            };
            match at_fault {
                Some(fault) => {
                    if let Some(lost) = lost.get_mut(&agency.id) {
                        lost.insert(id.clone(), fault);
                    }
                }
                None => {
                    with_a_way.insert(&agency.id);
                }
            }
        }
        // A silence that the path explains says nothing of the service.
        let state = if fault == Some(Fault::Path) {
            Service::Unknown
        } else {
            state
        };
        let reached_by = with_a_way.len();
        services.insert(
            id,
            Checked {
                found,
                state,
                fault,
                reached_by,
            },
        );
    }
    Survey { services, lost }
}
