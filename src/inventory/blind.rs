//! Links whose loss nothing can see: no port state shows it, and nobody falls silent.
//!
//! A link is seen when one of its ends is polled by SNMP and declares its port there, or when its loss silences
//! somebody who is asked. The second is a bridge as the monitor sees it, found in one walk: every link that is
//! not in the walk's tree gets a label, a tree link gets the XOR of the labels that bypass it, and 0 means that
//! nothing does (cycle space sampling, Pritchard and Thurimella, arXiv cs/0702113).

use crate::graph::{Cut, Graph, NodeIx, mix};
use crate::model::network::{End, Network};
use crate::model::target::Method;
use crate::model::{Element, LinkId};

/// Returns the links whose loss nothing can see, in order of id. Cost O(n + m), and one walk more for each of
/// the few bridges behind which nobody is surely asked.
pub(crate) fn links(network: &Network, graph: &Graph) -> Vec<LinkId> {
    let unobserved: Vec<&LinkId> = network
        .links
        .values()
        .filter(|link| !link.ends().into_iter().any(|end| observes(network, end)))
        .map(|link| &link.id)
        .collect();
    if unobserved.is_empty() {
        return Vec::new();
    }
    let asked: Vec<bool> = graph
        .node_indices()
        .map(|node| is_asked(network, graph, node))
        .collect();
    let seen = silencing(graph, &asked);
    let before = graph.reach(&[graph.monitor()], &Cut::default());
    unobserved
        .into_iter()
        .filter(|id| match graph.link(id).map(|link| seen[link.index()]) {
            Some(Silences::Somebody) => false,
            Some(Silences::Nobody) | None => true,
            Some(Silences::Perhaps) => {
                let after = graph.reach(
                    &[graph.monitor()],
                    &graph.cut(&[Element::Link((*id).clone())]),
                );
                !(0..asked.len()).any(|node| asked[node] && before[node] && !after[node])
            }
        })
        .cloned()
        .collect()
}

/// Returns whether a poll of the node at this end shows the link's port.
fn observes(network: &Network, end: &End) -> bool {
    network.nodes.get(&end.node).is_some_and(|node| {
        end.port.is_some()
            && node.snmp.is_some()
            && node.address.is_some()
            && node.probe.contains(&Method::Snmp)
            && node.id != network.monitor
    })
}

fn is_asked(network: &Network, graph: &Graph, node: NodeIx) -> bool {
    network.nodes.get(graph.node_id(node)).is_some_and(|node| {
        node.address.is_some() && !node.probe.is_empty() && node.id != network.monitor
    })
}

#[derive(Clone, Copy)]
enum Silences {
    Nobody,
    Perhaps,
    Somebody,
}

/// Returns, for every link by position, whether its loss silences somebody who is asked.
fn silencing(graph: &Graph, asked: &[bool]) -> Vec<Silences> {
    let root = graph.monitor();
    let mut found = vec![Silences::Nobody; graph.link_count()];
    let mut above: Vec<Option<(usize, usize)>> = vec![None; graph.node_count()];
    let mut visited = vec![false; graph.node_count()];
    let mut order = vec![root];
    visited[root.index()] = true;
    let mut at = 0;
    while let Some(&node) = order.get(at) {
        at += 1;
        if !graph.is_transit(node) && node != root {
            continue;
        }
        for (link, next) in graph.neighbours(node) {
            if !visited[next.index()] {
                visited[next.index()] = true;
                above[next.index()] = Some((link.index(), node.index()));
                order.push(next);
            }
        }
    }
    let carries = |node: NodeIx| graph.is_transit(node) || node == root;
    let mut labels = vec![0_u64; graph.node_count()];
    for link in graph.link_indices() {
        let (a, b) = graph.ends(link);
        let in_tree = |node: NodeIx| above[node.index()].is_some_and(|(by, _)| by == link.index());
        if in_tree(a) || in_tree(b) || !visited[a.index()] || !visited[b.index()] {
            continue;
        }
        let label = mix(link.index() as u64);
        // A second way to a node that carries nothing is a second way for that node alone.
        let (bypasses_a, bypasses_b) = match (carries(a), carries(b)) {
            (true, true) => (true, true),
            (one, other) => (!one && other, one && !other),
        };
        if bypasses_a {
            labels[a.index()] ^= label;
        }
        if bypasses_b {
            labels[b.index()] ^= label;
        }
    }
    let mut sure = vec![false; graph.node_count()];
    // Whoever is behind a link hangs below it in the tree: where nobody is asked there, no walk is needed.
    let mut anybody = asked.to_vec();
    for &node in order.iter().rev() {
        let node_at = node.index();
        let Some((link, parent)) = above[node_at] else {
            continue;
        };
        anybody[parent] |= anybody[node_at];
        let alone = labels[node_at] == 0;
        sure[node_at] |= asked[node_at] && (carries(node) || alone);
        if alone {
            found[link] = if sure[node_at] {
                Silences::Somebody
            } else if anybody[node_at] {
                Silences::Perhaps
            } else {
                Silences::Nobody
            };
        }
        if carries(node) {
            labels[parent] ^= labels[node_at];
            let behind = sure[node_at];
            sure[parent] |= behind;
        } else if alone {
            let behind = sure[node_at];
            sure[parent] |= behind;
        }
    }
    found
}
