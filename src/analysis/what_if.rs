//! What would be, beside what is: two outcomes of one network, and what lies between them.
//!
//! An outcome is the same few figures of a network with something removed, whatever removed it. What is added is a
//! real link in a network of its own, so that everything that holds for a declared link holds for it, its failures
//! included. Hours are those of a whole year in which nothing of what was removed comes back.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::hours::rate::Chances;
use crate::analysis::hours::service::Served;
use crate::analysis::hours::{Account, Hours, Limits, Method};
use crate::analysis::{Standing, Weakness};
use crate::graph::{Cut, Graph};
use crate::model::network::{Inconsistent, Link, Network, Parts};
use crate::model::{AgencyId, Element, NodeId, ServiceId};

/// What is asked.
#[derive(Clone, Debug, Default)]
pub struct Question {
    /// What is removed already: the view.
    pub removed: Vec<Element>,
    /// What fails in addition.
    pub failed: Vec<Element>,
    /// What is built.
    pub added: Vec<NewLink>,
}

/// The kind of a link that is built where nobody names one.
pub const USUAL_KIND: &str = "fibre";

/// Kinds whose defaults we know, the usual one first.
const KINDS: [&str; 6] = [USUAL_KIND, "lan", "mpls", "radio", "4g", "satellite"];

/// Returns the kinds of which a link can be built: the usual one first, last those of this network alone.
#[must_use]
pub fn kinds(network: &Network) -> Vec<&str> {
    let used = network.links.values().map(|link| link.kind.as_str());
    let declared = network.kinds.keys().map(String::as_str);
    let own: BTreeSet<&str> = used.chain(declared).collect();
    let own = own.into_iter().filter(|kind| !KINDS.contains(kind));
    KINDS.into_iter().chain(own).collect()
}

/// A link that is built: as links of its kind are in this network, in no risk group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewLink {
    /// One end.
    pub a: NodeId,
    /// The other.
    pub b: NodeId,
    /// Its kind.
    pub kind: String,
}

/// How a network serves its agencies with something removed.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Agencies without any path to a hub.
    pub cut_off: BTreeSet<AgencyId>,
    /// Agencies left on one path, see `Standing::one_path`.
    pub one_path: BTreeSet<AgencyId>,
    /// Agencies with two paths that one risk group takes both, see `Standing::one_risk`.
    pub one_risk: BTreeSet<AgencyId>,
    /// By service: agencies from which no path leads to its node; services that nobody lost are left out.
    pub services_lost: BTreeMap<ServiceId, BTreeSet<AgencyId>>,
    /// Hours that would be lost in a year of it.
    pub hours: Hours,
    /// Hours of such a year without each service.
    pub services: BTreeMap<ServiceId, Served>,
    /// How the hours were found.
    pub method: Method,
    /// How every agency stands.
    pub standings: BTreeMap<AgencyId, Standing>,
}

/// Two outcomes and who differs between them.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// With what is removed already.
    pub now: Outcome,
    /// With what fails in addition, and what is built.
    pub then: Outcome,
    /// Cut off then and not now.
    pub newly_cut_off: BTreeSet<AgencyId>,
    /// Left on one path then and not now, see `Hit`.
    pub newly_one_path: BTreeSet<AgencyId>,
    /// The links that were added, with the ids that they got.
    pub added: Vec<Link>,
    /// What they are good for; `None` where nothing is added.
    pub gains: Option<Gains>,
}

/// What added links change, all else being the same: the same elements removed and failed.
#[derive(Clone, Debug, PartialEq)]
pub struct Gains {
    /// Cut off without the added links, and not with them.
    pub connected: BTreeSet<AgencyId>,
    /// Those whom the loss of the added links would leave on one path, see `Hit`.
    pub second_path: BTreeSet<AgencyId>,
    /// Hours a year that the added links save.
    pub hours: Hours,
    /// Half the width of the 95 % interval of the weighted hours saved, when one of the two was sampled.
    pub error: Option<f64>,
}

impl Outcome {
    /// Finds how a network serves its agencies with `removed` gone.
    ///
    /// Cost that of `Weakness::of`, of `Account::of` and of `Account::services`.
    #[must_use]
    pub fn of(network: &Network, graph: &Graph, removed: &[Element], limits: Limits) -> Self {
        let standings = Weakness::of(network, graph, removed).agencies;
        let who = |holds: &dyn Fn(&Standing) -> bool| -> BTreeSet<AgencyId> {
            let found = standings.iter().filter(|(_, standing)| holds(standing));
            found.map(|(id, _)| id.clone()).collect()
        };
        let chances = Chances::declared(network);
        let account = Account::of(network, graph, &chances, removed, limits);
        Self {
            cut_off: who(&|standing| standing.cut_off),
            one_path: who(&|standing| standing.one_path),
            one_risk: who(&|standing| !standing.one_risk.is_empty()),
            services_lost: services_lost(network, graph, &graph.cut(removed)),
            hours: account.total,
            services: account.services(network, graph, &chances, removed, limits),
            method: account.method,
            standings,
        }
    }

    /// Returns half the width of the 95 % interval of the weighted hours; `None` where they are exact.
    #[must_use]
    pub fn error(&self) -> Option<f64> {
        self.method.error()
    }
}

impl Comparison {
    /// Answers a question; the first reason why what is added cannot stand in the network, if there is one.
    pub fn of(
        network: &Network,
        question: &Question,
        limits: Limits,
    ) -> Result<Self, Inconsistent> {
        let graph = Graph::new(network);
        let failed: Vec<Element> = question
            .removed
            .iter()
            .chain(&question.failed)
            .cloned()
            .collect();
        let now = Outcome::of(network, &graph, &question.removed, limits);
        let without = if question.failed.is_empty() {
            now.clone()
        } else {
            Outcome::of(network, &graph, &failed, limits)
        };
        let (then, added, gains) = if question.added.is_empty() {
            (without, Vec::new(), None)
        } else {
            let (extended, added) = with_links(network, &question.added)?;
            let then = Outcome::of(&extended, &Graph::new(&extended), &failed, limits);
            let gains = Gains::of(&without, &then);
            (then, added, Some(gains))
        };
        let hit = Hit::between(&now.standings, &then.standings);
        Ok(Self {
            newly_cut_off: hit.cut_off,
            newly_one_path: hit.one_path,
            now,
            then,
            added,
            gains,
        })
    }

    /// Returns what holds an agency then and did not now, but for risk groups: from the hub outward, its own node
    /// left out.
    #[must_use]
    pub fn hangs_on(&self, network: &Network, agency: &AgencyId) -> Vec<Element> {
        let points = |outcome: &Outcome| -> Vec<Element> {
            let standing = outcome.standings.get(agency);
            standing.map_or_else(Vec::new, |standing| standing.single_points.clone())
        };
        let own = network
            .agencies
            .get(agency)
            .map(|agency| Element::Node(agency.node.clone()));
        let before = points(&self.now);
        let mut points = points(&self.then);
        points.retain(|point| {
            !before.contains(point)
                && Some(point) != own.as_ref()
                && !matches!(point, Element::Risk(_))
        });
        points
    }
}

/// Whom a change hits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hit {
    /// Cut off after it and not before.
    pub cut_off: BTreeSet<AgencyId>,
    /// Left on one path after it and not before; or with one path left of two that shared no link, although all
    /// passed one node before.
    pub one_path: BTreeSet<AgencyId>,
}

impl Hit {
    /// Compares how agencies stand before and after.
    #[must_use]
    pub fn between(
        before: &BTreeMap<AgencyId, Standing>,
        after: &BTreeMap<AgencyId, Standing>,
    ) -> Self {
        let who = |is_hit: fn(&Standing, &Standing) -> bool| -> BTreeSet<AgencyId> {
            let hit = after
                .iter()
                .filter(|(id, after)| before.get(*id).is_some_and(|before| is_hit(before, after)));
            hit.map(|(id, _)| id.clone()).collect()
        };
        Self {
            cut_off: who(|before, after| after.cut_off && !before.cut_off),
            one_path: who(|before, after| {
                let keeps_one = before.disjoint_links > 1 && after.disjoint_links == 1;
                after.one_path && !before.cut_off && (!before.one_path || keeps_one)
            }),
        }
    }
}

impl Gains {
    fn of(without: &Outcome, with: &Outcome) -> Self {
        let errors = [without.error(), with.error()];
        let kept = Hit::between(&with.standings, &without.standings);
        Self {
            connected: kept.cut_off,
            second_path: kept.one_path,
            hours: without.hours - with.hours,
            error: errors.iter().any(Option::is_some).then(|| {
                let squares = errors.iter().flatten().map(|error| error * error);
                squares.sum::<f64>().sqrt()
            }),
        }
    }
}

/// Returns, by service, the agencies from which no path leads to it.
///
/// A path is one by the transit rule, with the service's node in the place of the hub.
fn services_lost(
    network: &Network,
    graph: &Graph,
    cut: &Cut,
) -> BTreeMap<ServiceId, BTreeSet<AgencyId>> {
    let mut lost_at: BTreeMap<&NodeId, BTreeSet<AgencyId>> = BTreeMap::new();
    for service in network.services.values() {
        lost_at.entry(&service.node).or_insert_with(|| {
            let root: Vec<_> = graph.node(&service.node).into_iter().collect();
            let reached = graph.reach(&root, cut);
            let is_lost =
                |node: &NodeId| graph.node(node).is_none_or(|place| !reached[place.index()]);
            let agencies = network.agencies.values();
            agencies
                .filter(|agency| is_lost(&agency.node))
                .map(|agency| agency.id.clone())
                .collect()
        });
    }
    network
        .services
        .values()
        .map(|service| (service.id.clone(), lost_at[&service.node].clone()))
        .filter(|(_, agencies)| !agencies.is_empty())
        .collect()
}

/// Returns a network with links added, proven anew, and the links as they stand in it.
pub fn with_links(
    network: &Network,
    links: &[NewLink],
) -> Result<(Network, Vec<Link>), Inconsistent> {
    let mut parts: Parts = (**network).clone();
    let mut added = Vec::new();
    for link in links {
        let id = parts.add_link(&link.a, &link.b, &link.kind, None);
        added.extend(parts.links.get(&id).cloned());
    }
    Ok((Network::prove(parts)?, added))
}
