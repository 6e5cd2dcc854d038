//! The ways that echoes take from the monitor to a node: one, or several of equal cost.
//!
//! Not routing itself, which is the graph's. The hard thought is that there may be exponentially many ways of equal
//! cost; then a fixed number of them, drawn as flows are, stands for all.

use std::sync::Arc;

use crate::graph::{LinkIx, NodeIx, Routes, mix};

/// Ways to one node that are told apart. Beyond, as many that are drawn stand for all.
const MOST: usize = 64;

/// Hops that an echo can take: no larger time to live fits its octet (RFC 791). What lies farther never answers.
const LONGEST: usize = 255;

/// One way, and its share of the load.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) share: f64,
    /// Links and the nodes at their far ends, from the monitor outward.
    pub(super) steps: Arc<[(LinkIx, NodeIx)]>,
}

/// Returns all ways to a node; none where no path leads, and at the monitor itself.
///
/// At every hop from the node back towards the monitor the load is shared evenly, as routers share it by flow
/// (RFC 2992). Cost O(hops) for each way.
pub(super) fn ways(routes: &Routes, to: NodeIx) -> Vec<Way> {
    if routes.distance(to).is_none() || to == routes.root() {
        return Vec::new();
    }
    let mut found = Vec::new();
    let mut open = vec![(to, 1.0, Vec::new())];
    while let Some((mut at, share, mut steps)) = open.pop() {
        while let [(link, before)] = routes.back(at) {
            steps.push((*link, at));
            at = *before;
            if steps.len() > LONGEST {
                return Vec::new();
            }
        }
        if at == routes.root() {
            steps.reverse();
            found.push(Way {
                share,
                steps: steps.into(),
            });
        } else {
            let choices = routes.back(at);
            for (link, before) in choices.iter().rev() {
                let mut steps = steps.clone();
                steps.push((*link, at));
                open.push((*before, share / choices.len() as f64, steps));
            }
        }
        if found.len() + open.len() > MOST {
            return drawn(routes, to);
        }
    }
    found
}

/// Draws ways as flows take them.
fn drawn(routes: &Routes, to: NodeIx) -> Vec<Way> {
    let mut all: Vec<Vec<(LinkIx, NodeIx)>> = (0..MOST as u64)
        .filter_map(|flow| routes.path(to, mix(flow)))
        .filter(|steps| steps.len() <= LONGEST)
        .collect();
    all.sort_unstable();
    let count = all.len() as f64;
    all.chunk_by(PartialEq::eq)
        .map(|same| Way {
            share: same.len() as f64 / count,
            steps: same[0].as_slice().into(),
        })
        .collect()
}
