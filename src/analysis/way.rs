//! A trace beside the model: which links it went by, where it leaves the declared path, and what its losses mean.
//!
//! The declared path is a web of all shortest paths, since equal ones share the load. A step of a trace is declared
//! when the web has it. Where hops were silent between two that answered, the step is declared when the web leads
//! there in no more steps than were counted.
//!
//! The hard thought is loss. A router answers an expired packet when it finds time, and many answer few a second, so
//! loss at one hop says nothing of the path unless what lies behind it loses as well.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::graph::{Graph, LinkIx, NodeIx};
use crate::model::network::Network;
use crate::model::trace::{End, Hop, Path, Trace};
use crate::model::{Element, LinkId, NodeId};

/// The web of shortest paths from the monitor to a node.
#[derive(Clone, Debug)]
pub struct Web {
    target: NodeIx,
    /// From each node of it, the next steps, in order.
    next: BTreeMap<NodeIx, Vec<(LinkIx, NodeIx)>>,
    /// How many paths it holds, by nodes; the greatest number stands for more.
    pub paths: u64,
    /// Steps of a path in it, the fewest.
    pub steps: usize,
}

/// A trace as the model explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explained {
    /// Paths of flows that went by the same addresses, the way of most flows first.
    pub ways: Vec<Way>,
    /// The number of declared paths; 0 where the model has none, or does not know the target.
    pub declared: u64,
}

/// One way, and the flows that took it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The flows, from 1.
    pub flows: Vec<usize>,
    /// Its hops from the first on, of all its flows together.
    pub steps: Vec<Step>,
    /// How it ended.
    pub end: End,
    /// Where it first leaves what is declared.
    pub parting: Option<Parting>,
    /// Where it ended, when the target was not reached: the last node that was heard, and the declared next steps.
    pub last: Option<(NodeId, Vec<(LinkId, NodeId)>)>,
}

/// One hop of a way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// What was heard.
    pub hop: Hop,
    /// Whose address it is.
    pub node: Option<NodeId>,
    /// Links of the model from the hop before; several where parallel ones cannot be told apart.
    pub links: Vec<LinkId>,
    /// Whether the step is on a declared path; `None` where that cannot be told.
    pub is_declared: Option<bool>,
    /// What its loss or its place means.
    pub mark: Option<Mark>,
}

/// What a hop's loss or place means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It loses its own answers only: what lies behind it loses none. A router's rate limit.
    Limited,
    /// It lets packets pass and never says so.
    Quiet,
    /// Loss begins here, and everything behind it loses as well.
    LossFrom,
    /// It was there before on this way: packets go round.
    Loop,
}

/// Where a way leaves the declared path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Parting {
    /// At which hop, from 1.
    pub hop: usize,
    /// The last node that was declared.
    pub after: NodeId,
    /// How the model goes on from there.
    pub declared: Vec<(LinkId, NodeId)>,
    /// Where the way went instead.
    pub seen: NodeId,
    /// The links that the model has between the two; none where it has none.
    pub links: Vec<LinkId>,
}

impl Web {
    /// Returns the web with some elements removed; `None` where no path leads. Cost O((n + m) log n).
    #[must_use]
    pub fn new(graph: &Graph, removed: &[Element], target: &NodeId) -> Option<Self> {
        let target = graph.node(target)?;
        let root = graph.monitor();
        let routes = graph.routes(root, &graph.cut(removed));
        routes.distance(target)?;
        let mut next: BTreeMap<NodeIx, Vec<(LinkIx, NodeIx)>> = BTreeMap::new();
        let mut open = vec![target];
        let mut known = BTreeSet::from([target]);
        while let Some(node) = open.pop() {
            for &(link, before) in routes.back(node) {
                next.entry(before).or_default().push((link, node));
                if known.insert(before) {
                    open.push(before);
                }
            }
        }
        for steps in next.values_mut() {
            steps.sort_unstable();
        }
        // In order of distance every node comes after those before it.
        let mut order: Vec<NodeIx> = known.into_iter().collect();
        order.sort_unstable_by_key(|node| (routes.distance(*node), *node));
        let mut paths: BTreeMap<NodeIx, (u64, usize)> = BTreeMap::from([(root, (1, 0))]);
        for node in order {
            let (count, steps) = paths.get(&node).copied().unwrap_or_default();
            // Two links between the same nodes are one path to whoever sees only nodes.
            let steps_on = next.get(&node).map_or(&[][..], Vec::as_slice);
            let onward: BTreeSet<NodeIx> = steps_on.iter().map(|(_, to)| *to).collect();
            for to in onward {
                let entry = paths.entry(to).or_insert((0, usize::MAX));
                *entry = (entry.0.saturating_add(count), entry.1.min(steps + 1));
            }
        }
        let (paths, steps) = paths.get(&target).copied().unwrap_or_default();
        Some(Self {
            target,
            next,
            paths,
            steps,
        })
    }

    fn next(&self, node: NodeIx) -> &[(LinkIx, NodeIx)] {
        self.next.get(&node).map_or(&[], Vec::as_slice)
    }

    fn has(&self, node: NodeIx) -> bool {
        node == self.target || self.next.contains_key(&node)
    }

    /// Returns whether some path leads from one node to another in 1 to `most` steps.
    fn leads(&self, from: NodeIx, to: NodeIx, most: usize) -> bool {
        let mut front = BTreeSet::from([from]);
        for _ in 0..most {
            front = front
                .iter()
                .flat_map(|node| self.next(*node).iter().map(|(_, next)| *next))
                .collect();
            if front.contains(&to) {
                return true;
            }
        }
        false
    }
}

/// A network and its graph.
pub type Model<'m> = (&'m Network, &'m Graph);

/// Explains a trace by a model; without a web the model knows whose addresses they are, and no more.
///
/// Cost O(hops x (n + m)) at worst.
#[must_use]
pub fn explain(model: Option<Model<'_>>, web: Option<&Web>, trace: &Trace) -> Explained {
    let mut grouped: BTreeMap<Vec<Option<IpAddr>>, (Vec<usize>, Path)> = BTreeMap::new();
    for (flow, path) in trace.paths.iter().enumerate() {
        let addresses = path.hops.iter().map(Hop::address).collect();
        match grouped.entry(addresses) {
            Entry::Vacant(free) => {
                free.insert((vec![flow + 1], path.clone()));
            }
            Entry::Occupied(mut known) => {
                let (flows, pooled) = known.get_mut();
                flows.push(flow + 1);
                for (hop, other) in pooled.hops.iter_mut().zip(&path.hops) {
                    hop.add(other);
                }
            }
        }
    }
    let mut ways: Vec<Way> = grouped
        .into_values()
        .map(|(flows, path)| match model {
            Some(model) => way(model, web, flows, &path),
            None => bare(flows, &path),
        })
        .collect();
    ways.sort_by(|a, b| {
        let size = b.flows.len().cmp(&a.flows.len());
        size.then_with(|| a.flows.cmp(&b.flows))
    });
    Explained {
        ways,
        declared: web.map_or(0, |web| web.paths),
    }
}

/// A way of which nobody knows whose the addresses are.
fn bare(flows: Vec<usize>, path: &Path) -> Way {
    let mut steps: Vec<Step> = Vec::new();
    for hop in heard(path) {
        let mut step = Step::new(hop);
        if path.end != End::Reached && is_again(&steps, &step) {
            step.mark = Some(Mark::Loop);
        }
        steps.push(step);
    }
    mark(&mut steps);
    Way {
        flows,
        steps,
        end: path.end,
        parting: None,
        last: None,
    }
}

/// Returns the hops of a path; a router that knows of no way on is one hop, though it answers at two distances.
fn heard(path: &Path) -> &[Hop] {
    match path.hops.as_slice() {
        [rest @ .., last]
            if matches!(path.end, End::Refused { .. })
                && last.address().is_some()
                && rest.last().and_then(Hop::address) == last.address() =>
        {
            rest
        }
        all => all,
    }
}

/// Returns whether packets were here before, with somebody else between.
fn is_again(steps: &[Step], step: &Step) -> bool {
    let address = step.hop.address();
    steps.iter().rev().skip(1).any(|before| {
        let same_address = address.is_some() && before.hop.address() == address;
        same_address || (step.node.is_some() && before.node == step.node)
    })
}

impl Step {
    fn new(hop: &Hop) -> Self {
        Self {
            hop: hop.clone(),
            node: None,
            links: Vec::new(),
            is_declared: None,
            mark: None,
        }
    }
}

fn way((network, graph): Model<'_>, web: Option<&Web>, flows: Vec<usize>, path: &Path) -> Way {
    let id = |link: LinkIx| graph.link_id(link).clone();
    let named = |steps: &[(LinkIx, NodeIx)]| {
        let named = steps.iter();
        named
            .map(|(link, node)| (id(*link), graph.node_id(*node).clone()))
            .collect::<Vec<_>>()
    };
    let mut steps: Vec<Step> = Vec::new();
    let mut parting = None;
    let mut at = graph.monitor();
    let mut gap = 0;
    for (place, hop) in heard(path).iter().enumerate() {
        let address = hop.address();
        let node = address.and_then(|address| network.node_of(address));
        let ix = node.and_then(|node| graph.node(&node.id));
        let mut step = Step::new(hop);
        step.node = node.map(|node| node.id.clone());
        match ix {
            None => gap += 1,
            // The same node twice in a row: it answers for itself and for its neighbour.
            Some(ix) if ix == at => {}
            Some(ix) => {
                let between: Vec<LinkIx> = graph
                    .neighbours(at)
                    .filter(|(_, other)| *other == ix)
                    .map(|(link, _)| link)
                    .collect();
                if let Some(web) = web.filter(|_| parting.is_none()) {
                    let declared: Vec<LinkIx> = web
                        .next(at)
                        .iter()
                        .filter(|(_, next)| *next == ix)
                        .map(|(link, _)| *link)
                        .collect();
                    let is_declared = if gap == 0 {
                        !declared.is_empty()
                    } else {
                        web.leads(at, ix, gap + 1)
                    };
                    step.is_declared = Some(is_declared);
                    let links = if declared.is_empty() {
                        &between
                    } else {
                        &declared
                    };
                    if gap == 0 {
                        step.links = links.iter().copied().map(id).collect();
                    }
                    if !is_declared && let Some(seen) = &step.node {
                        parting = Some(Parting {
                            hop: place + 1,
                            after: graph.node_id(at).clone(),
                            declared: named(web.next(at)),
                            seen: seen.clone(),
                            links: step.links.clone(),
                        });
                    }
                } else {
                    if web.is_some() {
                        step.is_declared = Some(false);
                    }
                    if gap == 0 {
                        step.links = between.into_iter().map(id).collect();
                    }
                }
                at = ix;
                gap = 0;
            }
        }
        if path.end != End::Reached && is_again(&steps, &step) {
            step.mark = Some(Mark::Loop);
        }
        steps.push(step);
    }
    mark(&mut steps);
    let last = (path.end != End::Reached).then(|| {
        let next = web
            .filter(|web| web.has(at))
            .map_or_else(Vec::new, |web| named(web.next(at)));
        (graph.node_id(at).clone(), next)
    });
    Way {
        flows,
        steps,
        end: path.end,
        parting,
        last,
    }
}

/// Says what each hop's loss means by what lies behind it.
fn mark(steps: &mut [Step]) {
    // Of all that answered behind a hop: asked and lost.
    let (mut asked, mut lost_behind) = (0, 0);
    let mut goes_on = true;
    let mut from = None;
    for (place, Step { hop, mark, .. }) in steps.iter_mut().enumerate().rev() {
        let (lost, is_heard) = (hop.lost(), hop.received() > 0);
        if mark.is_none() && lost > 0 && asked > 0 {
            if !is_heard {
                *mark = Some(Mark::Quiet);
            } else if lost_behind == 0 {
                *mark = Some(Mark::Limited);
            }
        }
        if is_heard {
            goes_on &= lost > 0;
            if goes_on {
                from = Some(place);
            }
            asked += hop.sent;
            lost_behind += lost;
        }
    }
    if let Some(step) = from.and_then(|place| steps.get_mut(place)) {
        step.mark.get_or_insert(Mark::LossFrom);
    }
}
