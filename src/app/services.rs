//! Which services every agency can reach now, and whether the way or the service is at fault.
//!
//! A check is made from the monitor's place and says whether the service serves. Whether an agency has a way to it is
//! the model's to say, by what is known to be down. The hard thought is a silence: where the model has no way from
//! the monitor either, it says nothing of the service, and where it has one, both may be at fault.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

use crate::graph::Graph;
use crate::inventory::authority::{self, NoAuthority};
use crate::model::network::Network;
use crate::model::service::{Check, Found, Outcome, Service};
use crate::model::{AgencyId, Element, ServiceId};
use crate::probe::service::Means;
use crate::probe::tls::Roots;

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

/// Where the authorities are read from that checks trust.
#[derive(Clone, Debug, Default)]
pub struct Authorities {
    /// The topology's folder, from which the files of its checks are named.
    pub folder: PathBuf,
    /// What the system trusts: the first of these files that there is.
    pub system: Vec<PathBuf>,
    /// Trusted beside all others: in the lab nobody else vouches for its services.
    pub lab: Option<PathBuf>,
}

impl Authorities {
    /// Reads whom a check trusts that names a file, or none.
    fn read(&self, ca: Option<&str>) -> Result<Roots, Untold> {
        let declared = ca.map(|ca| self.folder.join(ca));
        let first = || self.system.iter().find(|path| path.exists());
        let path = declared.as_ref().or_else(first).ok_or(Untold::NoRoots)?;
        let mut all = Vec::new();
        for path in [path].into_iter().chain(&self.lab) {
            all.extend(authority::read(path).map_err(|source| Untold::Roots {
                path: path.clone(),
                source,
            })?);
        }
        Ok(Roots::new(all))
    }
}

/// Why it is not known whom to trust.
#[derive(Debug, thiserror::Error)]
enum Untold {
    /// The system has no authorities where they are looked for.
    #[error("this system has no authorities; set SSL_CERT_FILE, or declare `ca`")]
    NoRoots,
    /// A file cannot be used.
    #[error("{}: {source}", path.display())]
    Roots { path: PathBuf, source: NoAuthority },
}

/// Checks every service of a network at a moment, at most `AT_ONCE` at a time.
pub async fn check(
    network: &Network,
    patience: Duration,
    authorities: &Authorities,
    now: Timestamp,
) -> BTreeMap<ServiceId, Found> {
    let gate = Arc::new(Semaphore::new(AT_ONCE));
    let mut open = JoinSet::new();
    let mut found = BTreeMap::new();
    // Several checks trust the same, and a system trusts a hundred.
    let mut known: BTreeMap<Option<String>, Result<Arc<Roots>, String>> = BTreeMap::new();
    for service in network.services.values() {
        let id = service.id.clone();
        // The loader has refused what cannot be read; a network made otherwise may still hold it.
        let Ok(Some(check)) = Check::read(&service.check) else {
            found.insert(id, Found::unasked(Outcome::Undeclared));
            continue;
        };
        let roots = match &check.trust {
            None => Ok(Arc::default()),
            Some(trust) => known
                .entry(trust.ca.clone())
                .or_insert_with(|| {
                    let read = authorities.read(trust.ca.as_deref());
                    read.map(Arc::new).map_err(|why| why.to_string())
                })
                .clone(),
        };
        let roots = match roots {
            Ok(roots) => roots,
            Err(why) => {
                found.insert(id, Found::unasked(Outcome::Unsent(why)));
                continue;
            }
        };
        let node = network.nodes.get(&service.node);
        let address = node.and_then(|node| node.address.or(node.addresses.first().copied()));
        let gate = gate.clone();
        open.spawn(async move {
            let _place = gate.acquire().await;
            let means = Means {
                patience,
                roots: &roots,
                now,
            };
            (
                id,
                crate::probe::service::check(&check, address, means).await,
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
