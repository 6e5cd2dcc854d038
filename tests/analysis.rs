//! Weak elements: named small graphs, thousands of awkward ones against brute force, laws, the reference network.

use std::collections::{BTreeMap, BTreeSet};

use spanwatch::analysis::cuts::Cuts;
use spanwatch::analysis::dominators::{Dominators, Point};
use spanwatch::analysis::reach::{Reach, cut_off};
use spanwatch::analysis::{Standing, Weak, Weakness};
use spanwatch::graph::{Cut, Graph, LinkIx, NodeIx};
use spanwatch::model::network::Network;
use spanwatch::model::{AgencyId, Element, LinkId, NodeId, RiskId};

use crate::sketch::{Dice, Sketch, agencies_not_at, awkward, link, node, reached, reference, risk};

fn weakness(network: &Network) -> Weakness {
    Weakness::of(network, &Graph::new(network), &[])
}

fn standing<'a>(weakness: &'a Weakness, agency: &str) -> &'a Standing {
    &weakness.agencies[agency]
}

/// Returns by deletion who loses a hub with `element` once `removed` is gone.
fn loss(network: &Network, element: &Element, removed: &[Element]) -> BTreeSet<AgencyId> {
    let before = agencies_not_at(network, &reached(network, &network.hubs, removed));
    let both: Vec<Element> = removed.iter().chain([element]).cloned().collect();
    let after = agencies_not_at(network, &reached(network, &network.hubs, &both));
    after.difference(&before).cloned().collect()
}

#[test]
fn chain_is_told_from_the_hub_outward() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-core", "core-pop"])
        .agencies("pop", &["school"])
        .network();
    let found = weakness(&network);
    assert_eq!(
        standing(&found, "school").single_points,
        [
            node("dc"),
            link("dc-core"),
            node("core"),
            link("core-pop"),
            node("pop"),
            link("pop-school"),
            node("school"),
        ]
    );
    assert_eq!(found.elements.len(), 7);
    assert_eq!(standing(&found, "school").disjoint_links, 1);
    assert_eq!(standing(&found, "school").disjoint_nodes, 1);
}

#[test]
fn doubled_link_is_never_weak() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-pop#1", "dc-pop#2"])
        .agency("hall", "pop", 3)
        .network();
    let found = weakness(&network);
    assert_eq!(
        standing(&found, "hall").single_points,
        [node("dc"), node("pop")]
    );
    assert_eq!(standing(&found, "hall").disjoint_links, 2);
    // Two links to the same neighbour are one way by nodes.
    assert_eq!(standing(&found, "hall").disjoint_nodes, 1);
}

#[test]
fn two_paths_in_one_duct_are_one_risk() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-a", "dc-b", "a-b"])
        .agency("hall", "b", 2)
        .risk("duct", &[link("dc-a"), link("dc-b")])
        .network();
    let found = weakness(&network);
    let hall = standing(&found, "hall");
    assert_eq!((hall.disjoint_links, hall.disjoint_nodes), (2, 2));
    assert_eq!(hall.one_risk, [RiskId::from("duct")]);
    assert_eq!(hall.single_points, [node("dc"), node("b"), risk("duct")]);
}

#[test]
fn agency_with_two_ways_in_carries_nobody() {
    // With 4G of its own the school would be a bridge for the pop if it carried traffic.
    let network = Sketch::new(&["dc"])
        .links(&["dc-pop", "dc-radio"])
        .agencies("pop", &["school", "clinic"])
        .link("radio-school", "radio", "school")
        .network();
    let found = weakness(&network);
    assert_eq!(
        standing(&found, "school").single_points,
        [node("dc"), node("school")]
    );
    assert!(
        standing(&found, "clinic")
            .single_points
            .contains(&link("dc-pop"))
    );
}

#[test]
fn second_hub_takes_over() {
    let network = Sketch::new(&["dc", "spare"])
        .links(&["dc-pop", "spare-pop"])
        .agency("hall", "pop", 1)
        .agency("dc-staff", "dc", 4)
        .network();
    let found = weakness(&network);
    assert_eq!(standing(&found, "hall").single_points, [node("pop")]);
    assert_eq!(standing(&found, "hall").disjoint_nodes, 2);
    let staff = standing(&found, "dc-staff");
    assert_eq!(staff.single_points, [node("dc")]);
    assert_eq!((staff.disjoint_links, staff.disjoint_nodes), (3, 3));
}

#[test]
fn what_is_removed_changes_the_view_and_counts_for_nobody() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-a", "dc-b", "a-b", "b-c"])
        .agency("at-a", "a", 1)
        .agency("at-b", "b", 1)
        .agency("at-c", "c", 1)
        .network();
    let found = Weakness::of(&network, &Graph::new(&network), &[link("dc-b"), node("c")]);
    assert_eq!(
        standing(&found, "at-b").single_points,
        [node("dc"), link("dc-a"), node("a"), link("a-b"), node("b")]
    );
    assert_eq!(
        *standing(&found, "at-c"),
        Standing {
            cut_off: true,
            ..Standing::default()
        }
    );
    assert!(
        found
            .elements
            .iter()
            .all(|weak| !weak.ids.contains(&"at-c".into()))
    );
}

#[test]
fn heavier_elements_come_first_and_ties_go_by_kind_and_id() {
    let network = Sketch::new(&["dc"])
        .links(&["dc-b", "dc-a"])
        .agency("big", "b", 5)
        .agency("small", "a", 1)
        .network();
    let order: Vec<String> = weakness(&network)
        .elements
        .iter()
        .map(|weak| weak.element.to_string())
        .collect();
    assert_eq!(
        order,
        ["node:dc", "node:b", "link:dc-b", "node:a", "link:dc-a"]
    );
}

#[test]
fn weakness_of_awkward_networks_is_that_of_deletion() {
    for seed in 0..3_000 {
        let network = awkward(seed).network();
        let elements: Vec<Element> = network.elements().collect();
        let mut dice = Dice::new(seed);
        let removed: Vec<Element> = (0..dice.roll(3))
            .map(|_| elements[dice.roll(elements.len())].clone())
            .collect();
        check(&network, &removed, &format!("seed {seed}"));
    }
}

fn check(network: &Network, removed: &[Element], which: &str) {
    let graph = Graph::new(network);
    let found = Weakness::of(network, &graph, removed);
    let apart = agencies_not_at(network, &reached(network, &network.hubs, removed));
    assert_eq!(cut_off(network, &graph, removed), apart, "{which}");

    let mut weak: Vec<Weak> = Vec::new();
    let mut points: BTreeMap<AgencyId, Vec<Element>> = BTreeMap::new();
    for element in network.elements() {
        let lost = loss(network, &element, removed);
        for agency in &lost {
            let points = points.entry(agency.clone()).or_default();
            points.push(element.clone());
        }
        if !lost.is_empty() {
            weak.push(Weak {
                element,
                weight: lost.iter().map(|id| network.agencies[id].weight).sum(),
                ids: lost.into_iter().collect(),
            });
        }
    }
    weak.sort_by(|a, b| {
        (b.weight, b.ids.len(), &a.element).cmp(&(a.weight, a.ids.len(), &b.element))
    });
    assert_eq!(found.elements, weak, "{which}");

    for agency in network.agencies.values() {
        let standing = &found.agencies[&agency.id];
        let points = points.remove(&agency.id).unwrap_or_default();
        assert_eq!(standing.cut_off, apart.contains(&agency.id), "{which}");
        assert_eq!(
            standing.single_points,
            outward(network, removed, &points),
            "{which}: order of {}",
            agency.id
        );
        let (links, nodes) = disjoint(network, removed, &agency.node);
        assert_eq!(standing.disjoint_links, links, "{which}: {}", agency.id);
        assert_eq!(standing.disjoint_nodes, nodes, "{which}: {}", agency.id);
        let one_risk: Vec<RiskId> = points
            .into_iter()
            .filter_map(|point| match point {
                Element::Risk(risk) if links > 1 => Some(risk),
                _ => None,
            })
            .collect();
        assert_eq!(standing.one_risk, one_risk, "{which}: {}", agency.id);
    }
}

/// Orders single points of one agency: what loses more of the others stands nearer to the hub.
fn outward(network: &Network, removed: &[Element], points: &[Element]) -> Vec<Element> {
    let takes = |taken: &Element| {
        let gone: Vec<Element> = removed.iter().chain([taken]).cloned().collect();
        let reached = reached(network, &network.hubs, &gone);
        let sends = |node: &NodeId| {
            reached.contains(node) && (network.nodes[node].transit || network.hubs.contains(node))
        };
        points
            .iter()
            .filter(|point| match point {
                Element::Node(node) => !reached.contains(node),
                Element::Link(id) => {
                    *point == taken || !network.links[id].ends().iter().any(|end| sends(&end.node))
                }
                Element::Risk(_) => false,
            })
            .count()
    };
    let mut order = points.to_owned();
    order.sort_by_key(|point| match point {
        Element::Risk(_) => (1, 0, point.clone()),
        _ => (0, usize::MAX - takes(point), point.clone()),
    });
    order
}

/// Counts disjoint paths by the least set that separates, up to three (Menger 1927).
fn disjoint(network: &Network, removed: &[Element], to: &NodeId) -> (u8, u8) {
    let stays = |gone: &[&[Element]]| {
        let gone: Vec<Element> = removed
            .iter()
            .chain(gone.iter().copied().flatten())
            .cloned()
            .collect();
        reached(network, &network.hubs, &gone).contains(to)
    };
    let least = |tokens: &[Vec<Element>]| {
        if !stays(&[]) {
            return 0;
        }
        if tokens.iter().any(|one| !stays(&[one])) {
            return 1;
        }
        let pairs = tokens
            .iter()
            .flat_map(|one| tokens.iter().map(move |two| (one, two)));
        if pairs.into_iter().any(|(one, two)| !stays(&[one, two])) {
            return 2;
        }
        3
    };
    if network.hubs.contains(to) {
        let stands = if stays(&[]) { 3 } else { 0 };
        return (stands, stands);
    }
    let links: Vec<Vec<Element>> = network
        .links
        .keys()
        .map(|id| vec![Element::Link(id.clone())])
        .collect();
    // A hub beside the node is taken by all links between them: it may carry other paths as well.
    let beside_hub = network.hubs.iter().map(|hub| {
        network
            .links_at(to)
            .iter()
            .filter(|id| network.links[*id].ends().iter().any(|end| end.node == *hub))
            .map(|id| Element::Link(id.clone()))
            .collect::<Vec<_>>()
    });
    let nodes: Vec<Vec<Element>> = network
        .nodes
        .keys()
        .filter(|id| *id != to && !network.hubs.contains(id))
        .map(|id| vec![Element::Node(id.clone())])
        .chain(beside_hub)
        .collect();
    (least(&links), least(&nodes))
}

#[test]
fn branches_of_the_tree_lose_what_deletion_loses() {
    for seed in 0..2_000 {
        let network = awkward(seed).network();
        let graph = Graph::new(&network);
        let reach = Reach::new(&graph, graph.hubs(), &Cut::default());
        let elements: Vec<Element> = network.elements().collect();
        let mut dice = Dice::new(seed + 1);
        for _ in 0..8 {
            let gone: Vec<Element> = (0..=dice.roll(4))
                .map(|_| elements[dice.roll(elements.len())].clone())
                .collect();
            let cut = graph.cut(&gone);
            let lost: BTreeSet<NodeId> = reach
                .lost(cut.nodes(), cut.links())
                .into_iter()
                .map(|node| graph.node_id(node).clone())
                .collect();
            let before = reached(&network, &network.hubs, &[]);
            let after = reached(&network, &network.hubs, &gone);
            let expected: BTreeSet<NodeId> = before.difference(&after).cloned().collect();
            assert_eq!(lost, expected, "seed {seed}: {gone:?}");
        }
    }
}

/// Joins nodes and says how many pieces there are and which piece each is in.
fn pieces(nodes: usize, joins: impl Iterator<Item = (usize, usize)>) -> Vec<usize> {
    let mut piece: Vec<usize> = (0..nodes).collect();
    for (a, b) in joins {
        let (from, to) = (piece[a], piece[b]);
        for place in &mut piece {
            if *place == from {
                *place = to;
            }
        }
    }
    piece
}

fn count(piece: &[usize]) -> usize {
    piece.iter().collect::<BTreeSet<_>>().len()
}

#[test]
fn cuts_of_awkward_networks_are_those_of_deletion() {
    for seed in 0..3_000 {
        let network = awkward(seed).network();
        let graph = Graph::new(&network);
        let cuts = Cuts::of(&graph);
        let nodes = graph.node_count();
        let links: Vec<(usize, usize)> = graph
            .link_indices()
            .map(|link| graph.ends(link))
            .map(|(a, b)| (a.index(), b.index()))
            .collect();
        let without = |link: usize| {
            let others = links
                .iter()
                .enumerate()
                .filter(move |(other, _)| *other != link);
            pieces(nodes, others.map(|(_, ends)| *ends))
        };
        let whole = count(&pieces(nodes, links.iter().copied()));

        let bridges: Vec<LinkIx> = (0..links.len())
            .filter(|link| count(&without(*link)) > whole)
            .map(LinkIx::new)
            .collect();
        assert_eq!(cuts.bridges(), bridges, "seed {seed}");

        let articulation: Vec<NodeIx> = (0..nodes)
            .filter(|node| {
                let others = links.iter().filter(|(a, b)| a != node && b != node);
                // The node itself is left over as a piece of its own.
                count(&pieces(nodes, others.copied())) - 1 > whole
            })
            .map(NodeIx::new)
            .collect();
        assert_eq!(cuts.articulation_points(), articulation, "seed {seed}");

        let parts: Vec<Vec<usize>> = (0..links.len()).map(without).collect();
        let of_whole = pieces(nodes, links.iter().copied());
        let together = |a: usize, b: usize| {
            of_whole[a] == of_whole[b] && parts.iter().all(|piece| piece[a] == piece[b])
        };
        for a in 0..nodes {
            for b in 0..nodes {
                let same = cuts.class_of(NodeIx::new(a)) == cuts.class_of(NodeIx::new(b));
                assert_eq!(same, together(a, b), "seed {seed}: {a} and {b}");
            }
        }

        // Two links are in one block when no node parts them: links that share another node are joined.
        let joined: Vec<Vec<usize>> = (0..nodes)
            .map(|parting| {
                let pairs = (0..links.len()).flat_map(|one| (0..one).map(move |two| (one, two)));
                pieces(
                    links.len(),
                    pairs.filter(|(one, two)| {
                        let (a, b) = links[*one];
                        let (c, d) = links[*two];
                        [a, b]
                            .iter()
                            .any(|end| *end != parting && (*end == c || *end == d))
                    }),
                )
            })
            .collect();
        let mut block_of = BTreeMap::new();
        for (place, block) in cuts.blocks().iter().enumerate() {
            for link in block {
                assert_eq!(block_of.insert(link.index(), place), None, "seed {seed}");
            }
        }
        for one in 0..links.len() {
            for two in 0..links.len() {
                let same = joined.iter().all(|piece| piece[one] == piece[two]);
                assert_eq!(block_of[&one] == block_of[&two], same, "seed {seed}");
            }
        }

        let tree = cuts.bridge_tree(&graph);
        assert_eq!(tree.len(), bridges.len());
        assert_eq!(
            cuts.classes().len(),
            tree.len() + whole,
            "seed {seed}: a forest"
        );
    }
}

#[test]
fn a_chain_of_many_nodes_overflows_nothing() {
    let ids: Vec<String> = (0..20_000)
        .map(|place| format!("n{place:05}-n{:05}", place + 1))
        .collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let network = Sketch::new(&["n00000"])
        .links(&ids)
        .agency("end", "n20000", 1)
        .network();
    let graph = Graph::new(&network);
    assert_eq!(Cuts::of(&graph).bridges().len(), 20_000);
    let tree = Dominators::of(&graph, graph.hubs(), &Cut::default());
    assert_eq!(tree.chain(NodeIx::new(20_000)).len(), 40_001);
    assert_eq!(tree.behind(Point::Link(LinkIx::new(0))).len(), 20_000);
    let found = Weakness::of(&network, &graph, &[]);
    assert_eq!(found.elements.len(), 40_001);
}

/// By element: how much weight is lost with it.
fn weights(network: &Network) -> BTreeMap<Element, u32> {
    weakness(network)
        .elements
        .into_iter()
        .map(|weak| (weak.element, weak.weight))
        .collect()
}

#[test]
fn another_link_never_makes_anything_weaker() {
    for seed in 0..300 {
        let sketch = awkward(seed);
        let network = sketch.clone().network();
        let names: Vec<String> = network.nodes.keys().map(NodeId::to_string).collect();
        let mut dice = Dice::new(seed);
        let a = dice.roll(names.len());
        let b = (a + 1 + dice.roll(names.len() - 1)) % names.len();
        let before = weights(&network);
        let apart = cut_off(&network, &Graph::new(&network), &[]);
        let richer = sketch.link("new", &names[a], &names[b]).network();
        for weak in weakness(&richer).elements {
            let known = weak.ids.iter().filter(|id| !apart.contains(*id));
            let weight: u32 = known.map(|id| richer.agencies[id].weight).sum();
            let was = before.get(&weak.element).copied().unwrap_or(0);
            assert!(
                weight <= was,
                "seed {seed}: {} {weight} > {was}",
                weak.element
            );
        }
    }
}

#[test]
fn a_copy_beside_a_bridge_takes_it_away() {
    for seed in 0..300 {
        let mut sketch = awkward(seed);
        sketch.0.risks.clear();
        for each in sketch.0.nodes.values_mut() {
            each.risks.clear();
        }
        for each in sketch.0.links.values_mut() {
            each.risks.clear();
        }
        let network = sketch.clone().network();
        let weak: Vec<LinkId> = weakness(&network)
            .elements
            .into_iter()
            .filter_map(|weak| match weak.element {
                Element::Link(id) => Some(id),
                _ => None,
            })
            .collect();
        for id in weak {
            let (a, b) = (&network.links[&id].a.node, &network.links[&id].b.node);
            let doubled = sketch
                .clone()
                .link("copy", a.as_str(), b.as_str())
                .network();
            let now = weights(&doubled);
            assert!(
                !now.contains_key(&Element::Link(id.clone())),
                "seed {seed}: {id}"
            );
            assert!(!now.contains_key(&link("copy")), "seed {seed}: {id}");
        }
    }
}

#[test]
fn a_link_in_two_halves_is_the_same_link() {
    for seed in 0..300 {
        let sketch = awkward(seed);
        let network = sketch.clone().network();
        let Some(old) = network.links.values().next() else {
            continue;
        };
        let mut halves = sketch.node("middle", true);
        halves.0.links.remove(&old.id);
        halves = halves.link("half-a", old.a.node.as_str(), "middle").link(
            "half-b",
            "middle",
            old.b.node.as_str(),
        );
        for half in ["half-a", "half-b"] {
            let half = halves.0.links.get_mut(half).expect("just drawn");
            half.risks.clone_from(&old.risks);
        }
        let was = weakness(&network);
        for (agency, now) in weakness(&halves.network()).agencies {
            let set = |standing: &Standing| -> BTreeSet<Element> {
                let points = standing.single_points.iter().cloned();
                points
                    .map(|point| match point {
                        Element::Link(id) if id.as_str().starts_with("half") => {
                            Element::Link(old.id.clone())
                        }
                        other => other,
                    })
                    .filter(|point| *point != node("middle"))
                    .collect()
            };
            let before = &was.agencies[&agency];
            assert_eq!(set(before), set(&now), "seed {seed}: {agency}");
            assert_eq!(
                before.disjoint_links, now.disjoint_links,
                "seed {seed}: {agency}"
            );
        }
    }
}

#[test]
fn a_duct_that_holds_less_never_takes_more() {
    for seed in 0..600 {
        let sketch = awkward(seed);
        let network = sketch.clone().network();
        for group in network.risks.values() {
            let before = weights(&network)
                .get(&Element::Risk(group.id.clone()))
                .copied();
            let mut freed = sketch.clone();
            match &group.members[0] {
                Element::Node(id) => {
                    let each = freed.0.nodes.get_mut(id).expect("a member");
                    each.risks.retain(|risk| *risk != group.id);
                }
                Element::Link(id) => {
                    let each = freed.0.links.get_mut(id).expect("a member");
                    each.risks.retain(|risk| *risk != group.id);
                }
                Element::Risk(_) => unreachable!("groups hold no groups"),
            }
            let after = weights(&freed.network())
                .get(&Element::Risk(group.id.clone()))
                .copied();
            assert!(after <= before, "seed {seed}: {}", group.id);
        }
    }
}

#[test]
fn the_reference_network_is_as_weak_as_deletion_says() {
    let network = reference();
    let found = weakness(&network);
    let graph = Graph::new(&network);
    let by_element: BTreeMap<&Element, &Weak> = found
        .elements
        .iter()
        .map(|weak| (&weak.element, weak))
        .collect();
    for element in network.elements() {
        let after = agencies_not_at(
            &network,
            &reached(&network, &network.hubs, std::slice::from_ref(&element)),
        );
        let ids: BTreeSet<AgencyId> = by_element
            .get(&element)
            .map(|weak| weak.ids.iter().cloned().collect())
            .unwrap_or_default();
        assert_eq!(ids, after, "{element}");
        assert_eq!(cut_off(&network, &graph, &[element]), after);
    }
}

#[test]
fn the_reference_network_has_its_known_figures() {
    let network = reference();
    assert_eq!(network.agencies.len(), 483);
    let found = weakness(&network);
    let hub = Element::Node(network.hubs[0].clone());
    let without_hub = || found.elements.iter().filter(|weak| weak.element != hub);
    assert_eq!(found.elements[0].element, hub);
    assert_eq!(
        (found.elements[0].ids.len(), found.elements[0].weight),
        (483, 1_471)
    );
    assert_eq!(without_hub().count(), 956);
    let is_risk = |weak: &&Weak| matches!(weak.element, Element::Risk(_));
    let duct = without_hub().find(is_risk).expect("a duct");
    assert_eq!((duct.ids.len(), duct.weight), (79, 202));
    let single = without_hub()
        .find(|weak| !is_risk(weak))
        .expect("an element");
    assert_eq!((single.ids.len(), single.weight), (28, 98));

    let lengths: BTreeSet<usize> = network
        .agencies
        .values()
        .map(|agency| {
            let own = Element::Node(agency.node.clone());
            found.agencies[&agency.id]
                .single_points
                .iter()
                .filter(|point| !matches!(point, Element::Risk(_)))
                .filter(|point| **point != hub && **point != own)
                .count()
        })
        .collect();
    assert_eq!(lengths.first(), Some(&0));
    assert_eq!(lengths.last(), Some(&12));
}
