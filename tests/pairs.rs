//! Double faults with synergy: against deletion of both, and against what is known of the reference network.

use std::collections::BTreeSet;

use spanwatch::analysis::hours::rate::Chances;
use spanwatch::analysis::pairs::{Pair, Scope, pairs};
use spanwatch::graph::Graph;
use spanwatch::model::network::Network;
use spanwatch::model::{AgencyId, Element, NodeId};

use crate::sketch::{Sketch, agencies_not_at, awkward, link, node, reached, reference};

fn found(network: &Network, removed: &[Element], scope: Scope) -> Vec<Pair> {
    let graph = Graph::new(network);
    pairs(network, &graph, &Chances::declared(network), removed, scope)
}

fn lost(network: &Network, removed: &[Element]) -> BTreeSet<AgencyId> {
    let left: BTreeSet<NodeId> = reached(network, &network.hubs, removed);
    agencies_not_at(network, &left)
}

#[test]
fn pairs_are_those_of_deleting_both() {
    for seed in 1..400 {
        let network = awkward(seed).network();
        let elements: Vec<Element> = network.elements().collect();
        // Every third network has lost something already.
        let removed: Vec<Element> = elements
            .iter()
            .take(usize::from(seed % 3 == 0))
            .cloned()
            .collect();
        let mut known = Vec::new();
        for (place, a) in elements.iter().enumerate() {
            for b in &elements[place + 1..] {
                if removed.contains(a) || removed.contains(b) {
                    continue;
                }
                let with = |more: &[&Element]| {
                    let all = removed.iter().chain(more.iter().copied());
                    lost(&network, &all.cloned().collect::<Vec<_>>())
                };
                let (alone, other, both) = (with(&[a]), with(&[b]), with(&[a, b]));
                let only: Vec<AgencyId> = both
                    .iter()
                    .filter(|id| !alone.contains(*id) && !other.contains(*id))
                    .cloned()
                    .collect();
                if !only.is_empty() {
                    known.push(([a.clone(), b.clone()], only, both.len()));
                }
            }
        }
        known.sort();
        let mut found: Vec<_> = found(&network, &removed, Scope::All)
            .into_iter()
            .map(|pair| (pair.elements, pair.ids, pair.cut_off))
            .collect();
        found.sort();
        assert_eq!(found, known, "seed {seed}");
    }
}

#[test]
fn a_ring_has_a_pair_for_every_two_of_its_links_with_an_agency_between() {
    let network = Sketch::new(&["r"])
        .links(&["r-a", "a-b", "b-r"])
        .agency("x", "a", 1)
        .agency("y", "b", 2)
        .network();
    let pairs = found(&network, &[], Scope::Transit);
    let first = &pairs[0];
    assert_eq!(first.elements, [link("b-r"), link("r-a")]);
    assert_eq!((first.ids.len(), first.weight, first.cut_off), (2, 3, 2));
    assert!(pairs.iter().any(
        |pair| pair.elements == [link("a-b"), link("r-a")] && pair.ids == [AgencyId::from("x")]
    ));
}

#[test]
fn pairs_of_the_reference_network_are_the_known_ones() {
    let network = reference();
    let pairs = found(&network, &[], Scope::Transit);
    assert_eq!(pairs.len(), 581);
    let is_risk = |element: &Element| matches!(element, Element::Risk(_));
    let plain = pairs
        .iter()
        .filter(|pair| !pair.elements.iter().any(is_risk));
    assert_eq!(plain.count(), 512);
    // Either edge router of the data centre, or its link, with either of the other side: everybody.
    let total: BTreeSet<_> = pairs
        .iter()
        .filter(|pair| pair.cut_off == 483)
        .map(|pair| &pair.elements)
        .filter(|both| !both.contains(&node("dc")))
        .collect();
    assert_eq!(total.len(), 4);
}
