//! Maintenances that overlap in time and together cut somebody off, although neither does alone.
//!
//! Each was agreed by people who did not know of the other, so nobody would see it before the night. Whether
//! one maintenance alone cuts somebody off is not asked here: whoever agreed to it knows. Windows only open at
//! the beginning of one of them, so only those moments are looked at.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::graph::{Cut, Graph};
use crate::model::network::{Maintenance, Network};
use crate::model::{AgencyId, Element};

/// So many walks over the network are made for it, at most: about a second at 50,000 nodes, and more windows
/// at one moment than anybody agrees to.
const MOST_WALKS: usize = 2_000;

/// Maintenances that together cut agencies off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Overlap {
    /// Which, by place in the network's list, ascending: two or more, and each of them is needed.
    pub(crate) which: Vec<usize>,
    /// Who is cut off, in order.
    pub(crate) who: Vec<AgencyId>,
    /// From when on all of them are open.
    pub(crate) from: Timestamp,
    /// Until when.
    pub(crate) to: Timestamp,
}

/// What was found, and whether everything was looked at.
#[derive(Clone, Debug, Default)]
pub(crate) struct Overlaps {
    /// By their beginning, then by which.
    pub(crate) found: Vec<Overlap>,
    /// More windows overlap than were looked at.
    pub(crate) is_cut_short: bool,
}

/// Returns the maintenances that together cut somebody off. Cost O(walks x (n + m)).
pub(crate) fn overlaps(network: &Network, graph: &Graph) -> Overlaps {
    let works = &network.maintenances;
    let mut walker = Walker {
        network,
        graph,
        walks: 0,
    };
    let mut beginnings: Vec<usize> = (0..works.len()).collect();
    beginnings.sort_by_key(|at| (works[*at].from, *at));
    let mut overlaps = Overlaps::default();
    if beginnings.len() < 2 {
        return overlaps;
    }
    let without = walker.cut_off(&[]);
    let mut seen: BTreeSet<Vec<usize>> = BTreeSet::new();
    for at in beginnings {
        let moment = works[at].from;
        let open: Vec<usize> = (0..works.len())
            .filter(|other| works[*other].is_open(moment))
            .collect();
        if open.len() < 2 || !seen.insert(open.clone()) {
            continue;
        }
        let mut left: BTreeSet<AgencyId> = walker
            .cut_off(&open)
            .difference(&without)
            .cloned()
            .collect();
        for one in &open {
            if left.is_empty() {
                break;
            }
            for agency in walker.cut_off(&[*one]) {
                left.remove(&agency);
            }
        }
        while let Some(agency) = left.first().cloned() {
            if walker.walks > MOST_WALKS {
                overlaps.is_cut_short = true;
                return overlaps;
            }
            let which = walker.least(&open, &agency);
            let who: Vec<AgencyId> = walker
                .cut_off(&which)
                .intersection(&left)
                .cloned()
                .collect();
            left.retain(|agency| !who.contains(agency));
            let overlap = Overlap {
                from: moment,
                to: end(works, &which),
                which,
                who,
            };
            let is_known = |known: &Overlap| known.which == overlap.which;
            if !overlaps.found.iter().any(is_known) {
                overlaps.found.push(overlap);
            }
        }
    }
    overlaps
}

fn end(works: &[Maintenance], which: &[usize]) -> Timestamp {
    let ends = which.iter().map(|at| works[*at].to);
    ends.min().unwrap_or(Timestamp::MAX)
}

/// Walks over the network with maintenances taken out, and counts the walks.
struct Walker<'n> {
    network: &'n Network,
    graph: &'n Graph,
    walks: usize,
}

impl Walker<'_> {
    /// Returns who has no path to a hub while some maintenances go on.
    fn cut_off(&mut self, which: &[usize]) -> BTreeSet<AgencyId> {
        self.walks += 1;
        let works = &self.network.maintenances;
        let elements: Vec<&Element> = which.iter().flat_map(|at| &works[*at].elements).collect();
        let cut = if elements.is_empty() {
            Cut::default()
        } else {
            self.graph.cut(elements)
        };
        let reached = self.graph.reach(self.graph.hubs(), &cut);
        self.network
            .agencies
            .values()
            .filter(|agency| {
                let node = self.graph.node(&agency.node);
                !node.is_some_and(|node| reached[node.index()])
            })
            .map(|agency| agency.id.clone())
            .collect()
    }

    /// Returns as few of some maintenances as still cut an agency off: none of them can be left out.
    fn least(&mut self, open: &[usize], agency: &AgencyId) -> Vec<usize> {
        let mut kept = open.to_vec();
        for one in open {
            let fewer: Vec<usize> = kept.iter().copied().filter(|at| at != one).collect();
            if self.cut_off(&fewer).contains(agency) {
                kept = fewer;
            }
        }
        kept
    }
}
