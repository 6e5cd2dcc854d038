//! The cheapest links to build so that nobody hangs on one: weighted augmentation, exact.
//!
//! Of the links that could be built, a set is wanted after which no link (and, if asked, no node on the way) cuts
//! off any of the chosen agencies by its loss. For links and a network in which everybody carries traffic that is
//! tree augmentation over the bridge forest (Eswaran and Tarjan 1976; weighted, NP-hard); with nodes and the transit
//! rule it is wider. Both are solved the same way, as a cover of cuts that grows as it is needed (`cover`).
//!
//! The hard thought is why a cut that was found once holds for good. What the hubs still reach after a loss, with
//! some links built, is closed: nothing that exists leads out of it. So whatever else is built, somebody outside is
//! reached only if one of the other offers leads out, and "at least one of these" is true of every answer.

mod cover;
mod cut;

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::Weakness;
use crate::analysis::augment::cut::Cutter;
use crate::graph::Graph;
use crate::model::network::{End, Link, Network, Rates};
use crate::model::{AgencyId, Element, LinkId, NodeId};

/// Beyond so many offers the answer would take minutes; whoever generates them has better ones to choose from.
pub const MOST_OFFERS: usize = 20_000;

/// Rounds of the exact search; a round adds the cuts that the last answer missed. Networks seen took at most 12.
const MOST_ROUNDS: usize = 100;

/// A link that could be built.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    /// One end.
    pub a: NodeId,
    /// The other.
    pub b: NodeId,
    /// Price, in the network's unit; finite and not negative.
    pub cost: f64,
}

/// What is wanted.
#[derive(Clone, Copy, Debug, Default)]
pub struct Goal<'a> {
    /// What is gone already: empty for the network as designed, else that of today or of a maintenance.
    pub removed: &'a [Element],
    /// Who should be safe; `None` is every agency. Ids that do not exist are nobody.
    pub agencies: Option<&'a BTreeSet<AgencyId>>,
    /// Whether nodes on the way count too, and not only links; hubs and an agency's own node never do.
    pub nodes: bool,
}

/// A single loss that an agency does not survive.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Loss {
    /// None is needed: it has no path as it is.
    Nothing,
    /// Of a link or node of the network.
    Element(Element),
    /// Of an offer, by its place, were it built: the only one that leads there.
    Offer(usize),
}

/// How sure the answer is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Proof {
    /// No cheaper set does it.
    Optimal,
    /// A bound of the search was met: no set is cheaper than `least`, and this one is what a greedy choice found.
    Bounded {
        /// The least that any set costs.
        least: f64,
    },
}

/// The cheapest links to build.
#[derive(Clone, Debug, PartialEq)]
pub struct Augmentation {
    /// Places of the offers to build, ascending.
    pub build: Vec<usize>,
    /// Their sum.
    pub cost: f64,
    /// How sure it is that nothing is cheaper.
    pub proof: Proof,
    /// Who cannot be helped by all offers together, and against which losses; the rest of the goal is met.
    pub unhelped: BTreeMap<AgencyId, Vec<Loss>>,
    /// Cuts that had to be covered.
    pub cuts: usize,
    /// Rounds that it took.
    pub rounds: usize,
}

/// Why offers are refused.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Refused {
    /// A cost that no sum can be made of.
    #[error("offer {at} ({a}--{b}) costs {cost}; a cost is a number, 0 or more.")]
    Cost {
        /// Its place.
        at: usize,
        /// One end.
        a: NodeId,
        /// The other.
        b: NodeId,
        /// What it says.
        cost: f64,
    },
    /// An end that the network does not have.
    #[error("offer {at} ends at `{end}`, which is no node of the network.")]
    End {
        /// Its place.
        at: usize,
        /// The missing end.
        end: NodeId,
    },
    /// More than can be weighed.
    #[error("there are {0} offers, and at most {MOST_OFFERS} can be weighed.")]
    TooMany(usize),
}

impl Augmentation {
    /// Finds the cheapest set of offers that meets a goal as far as all of them together would.
    ///
    /// The same values give the same answer. Offers from a node to itself are never chosen. Risk groups are not
    /// looked at: a new link in the same duct counts as a second link. A round costs O((n + m) log n), one walk for
    /// each single loss that is left, and a mixed-integer programme over what a reduction leaves of the cuts; the
    /// programmes stop at a fixed number of branches, and then the answer is `Proof::Bounded`.
    pub fn of(network: &Network, offers: &[Offer], goal: &Goal<'_>) -> Result<Self, Refused> {
        check(network, offers)?;
        let costs: Vec<f64> = offers.iter().map(|offer| offer.cost).collect();
        let everything: Vec<usize> = (0..offers.len()).collect();
        let unhelped = World::new(network, offers, &everything).losses(goal);
        let mut cuts: BTreeSet<Vec<usize>> = BTreeSet::new();
        let mut build: Vec<usize> = Vec::new();
        let mut least = 0.0_f64;
        let mut is_exact = true;
        let mut rounds = 0;
        loop {
            rounds += 1;
            let world = World::new(network, offers, &build);
            let mut left = world.losses(goal);
            for (loss, agencies) in &unhelped {
                if let Some(found) = left.get_mut(loss) {
                    found.retain(|agency| !agencies.contains(agency));
                }
            }
            left.retain(|_, agencies| !agencies.is_empty());
            if left.is_empty() {
                break;
            }
            let cutter = Cutter::new(&world.graph, offers, goal.removed);
            let before = cuts.len();
            for (loss, agencies) in &left {
                let nodes = agencies.iter().map(|agency| &network.agencies[agency].node);
                cutter.cuts(loss, nodes, &mut cuts);
            }
            // What was found is missed by the last answer, so it is new; else the search could never end.
            if cuts.len() == before {
                is_exact = false;
                break;
            }
            if is_exact && rounds <= MOST_ROUNDS {
                let covered = cover::cheapest(&cuts, &costs);
                least = least.max(covered.least);
                is_exact = covered.is_optimal;
                build = covered.chosen;
            } else {
                // Only ever adding ends after as many rounds as there are offers.
                is_exact = false;
                build = cover::greedy(&cuts, &costs, &build);
            }
        }
        let cost = build.iter().fold(0.0, |sum, at| sum + costs[*at]);
        Ok(Self {
            cost,
            proof: if is_exact {
                Proof::Optimal
            } else {
                Proof::Bounded { least }
            },
            build,
            unhelped: by_agency(&unhelped),
            cuts: cuts.len(),
            rounds,
        })
    }
}

fn check(network: &Network, offers: &[Offer]) -> Result<(), Refused> {
    if offers.len() > MOST_OFFERS {
        return Err(Refused::TooMany(offers.len()));
    }
    for (at, offer) in offers.iter().enumerate() {
        let Offer { a, b, cost } = offer;
        if let Some(end) = [a, b]
            .into_iter()
            .find(|end| !network.nodes.contains_key(*end))
        {
            let end = end.clone();
            return Err(Refused::End { at, end });
        }
        if !cost.is_finite() || *cost < 0.0 {
            let (a, b, cost) = (a.clone(), b.clone(), *cost);
            return Err(Refused::Cost { at, a, b, cost });
        }
    }
    Ok(())
}

/// Agencies by the single loss that they do not survive.
type Losses = BTreeMap<Loss, BTreeSet<AgencyId>>;

fn by_agency(losses: &Losses) -> BTreeMap<AgencyId, Vec<Loss>> {
    let mut all: BTreeMap<AgencyId, Vec<Loss>> = BTreeMap::new();
    for (loss, agencies) in losses {
        for agency in agencies {
            all.entry(agency.clone()).or_default().push(loss.clone());
        }
    }
    all
}

/// The network with some offers built.
struct World {
    network: Network,
    graph: Graph,
}

/// An id that nobody can write in a topology, so that it is nobody's.
fn offer_id(at: usize) -> LinkId {
    LinkId::new(format!("+{at}"))
}

impl World {
    fn new(network: &Network, offers: &[Offer], build: &[usize]) -> Self {
        let mut parts = (**network).clone();
        for at in build {
            let Offer { a, b, .. } = &offers[*at];
            if a == b {
                continue;
            }
            let end = |node: &NodeId| End {
                node: node.clone(),
                port: None,
            };
            let link = Link {
                id: offer_id(*at),
                a: end(a),
                b: end(b),
                kind: "fibre".to_owned(),
                capacity: None,
                metric: 1,
                provider: None,
                circuit: None,
                risks: Vec::new(),
                length_km: None,
                cost_build: None,
                cost_yearly: None,
                rates: Rates::default(),
                was: Vec::new(),
            };
            parts.links.insert(link.id.clone(), link);
        }
        let network = Network::prove(parts).expect("links between nodes that exist were added");
        let graph = Graph::new(&network);
        Self { network, graph }
    }

    /// Returns every single loss that the goal forbids, and whom it cuts off.
    fn losses(&self, goal: &Goal<'_>) -> Losses {
        let weakness = Weakness::of(&self.network, &self.graph, goal.removed);
        let mut losses = Losses::new();
        for (id, standing) in &weakness.agencies {
            if goal.agencies.is_some_and(|chosen| !chosen.contains(id)) {
                continue;
            }
            let own = &self.network.agencies[id].node;
            let mut add = |loss| _ = losses.entry(loss).or_default().insert(id.clone());
            if standing.cut_off {
                // Who sits at what is gone cannot be reached at all, and no link is missing.
                add(Loss::Nothing);
            }
            for point in &standing.single_points {
                match point {
                    Element::Link(link) => add(match link.as_str().strip_prefix('+') {
                        Some(at) => Loss::Offer(at.parse().expect("ids of offers are numbers")),
                        None => Loss::Element(point.clone()),
                    }),
                    Element::Node(node) => {
                        if goal.nodes && node != own && !self.network.hubs.contains(node) {
                            add(Loss::Element(point.clone()));
                        }
                    }
                    Element::Risk(_) => {}
                }
            }
        }
        losses
    }
}
