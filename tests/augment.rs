//! The cheapest links against single points: every answer against all sets of up to twelve links.

use std::collections::{BTreeMap, BTreeSet};

use spanwatch::analysis::augment::{Augmentation, Goal, Loss, MOST_OFFERS, Offer, Proof, Refused};
use spanwatch::model::network::Network;
use spanwatch::model::{AgencyId, Element, LinkId, NodeId};

use crate::sketch::{Dice, Sketch, awkward, link, node, reached, reference};

fn offer(a: &str, b: &str, cost: f64) -> Offer {
    Offer {
        a: a.into(),
        b: b.into(),
        cost,
    }
}

fn built(network: &Network, offers: &[Offer], chosen: &[usize]) -> Network {
    let mut sketch = Sketch((**network).clone());
    for at in chosen {
        let Offer { a, b, .. } = &offers[*at];
        if a != b {
            sketch = sketch.link(&format!("offer-{at}"), a.as_str(), b.as_str());
        }
    }
    sketch.network()
}

/// Finds, by deletion of one thing after another, who does not survive what.
fn losses(network: &Network, goal: &Goal<'_>) -> BTreeSet<(Loss, AgencyId)> {
    let mut found = BTreeSet::new();
    let mut losses = vec![Loss::Nothing];
    losses.extend(
        network
            .links
            .keys()
            .map(|id| match id.as_str().strip_prefix("offer-") {
                Some(at) => Loss::Offer(at.parse().expect("a number")),
                None => Loss::Element(Element::Link(id.clone())),
            }),
    );
    if goal.nodes {
        let others = network.nodes.keys().filter(|id| !network.hubs.contains(id));
        losses.extend(others.map(|id| Loss::Element(Element::Node(id.clone()))));
    }
    let unharmed = reached(network, &network.hubs, goal.removed);
    for loss in losses {
        let mut removed = goal.removed.to_vec();
        match &loss {
            Loss::Nothing => {}
            Loss::Element(element) => removed.push(element.clone()),
            Loss::Offer(at) => removed.push(Element::Link(LinkId::new(format!("offer-{at}")))),
        }
        let reached = reached(network, &network.hubs, &removed);
        for agency in network.agencies.values() {
            let is_own = loss == Loss::Element(Element::Node(agency.node.clone()));
            let is_chosen = goal
                .agencies
                .is_none_or(|chosen| chosen.contains(&agency.id));
            // Whoever has no path anyway loses nothing more.
            let counts = loss == Loss::Nothing || unharmed.contains(&agency.node);
            if is_chosen && !is_own && counts && !reached.contains(&agency.node) {
                found.insert((loss.clone(), agency.id.clone()));
            }
        }
    }
    found
}

fn helpless(found: &Augmentation) -> BTreeSet<(Loss, AgencyId)> {
    let of = |(id, losses): (&AgencyId, &Vec<Loss>)| {
        losses
            .iter()
            .map(|loss| (loss.clone(), id.clone()))
            .collect::<Vec<_>>()
    };
    found.unhelped.iter().flat_map(of).collect()
}

/// Compares an answer with the cheapest of all sets that leave nobody to a loss, but those whom all would leave.
fn assert_cheapest(network: &Network, offers: &[Offer], goal: &Goal<'_>, name: &str) {
    let found = Augmentation::of(network, offers, goal).expect("accepted");
    assert_eq!(found.proof, Proof::Optimal, "{name}");
    let all: Vec<usize> = (0..offers.len()).collect();
    let hopeless = losses(&built(network, offers, &all), goal);
    assert_eq!(helpless(&found), hopeless, "{name}");
    let is_met =
        |chosen: &[usize]| losses(&built(network, offers, chosen), goal).is_subset(&hopeless);
    assert!(
        is_met(&found.build),
        "{name}: {:?} is not enough",
        found.build
    );
    let mut sets: Vec<(f64, Vec<usize>)> = (0_usize..1 << offers.len())
        .map(|bits| {
            let chosen: Vec<usize> = all
                .iter()
                .copied()
                .filter(|at| bits >> at & 1 == 1)
                .collect();
            (chosen.iter().map(|at| offers[*at].cost).sum(), chosen)
        })
        .collect();
    sets.sort_by(|one, other| one.0.total_cmp(&other.0));
    let (least, best) = sets
        .into_iter()
        .find(|(_, chosen)| is_met(chosen))
        .expect("all of them do");
    assert!(
        (found.cost - least).abs() < 1e-9,
        "{name}: {:?} for {}, but {best:?} costs {least}",
        found.build,
        found.cost
    );
}

fn drawn(network: &Network, dice: &mut Dice, count: usize) -> Vec<Offer> {
    let nodes: Vec<&NodeId> = network.nodes.keys().collect();
    (0..count)
        .map(|_| Offer {
            a: nodes[dice.roll(nodes.len())].clone(),
            b: nodes[dice.roll(nodes.len())].clone(),
            // Ties and gifts among them.
            cost: dice.roll(6) as f64,
        })
        .collect()
}

#[test]
fn no_set_of_links_is_cheaper_on_any_awkward_network() {
    for seed in 0..160 {
        let network = awkward(seed).network();
        let mut dice = Dice::new(seed ^ 0xA06);
        let count = if seed % 40 == 0 { 12 } else { 1 + dice.roll(7) };
        let offers = drawn(&network, &mut dice, count);
        let chosen: BTreeSet<AgencyId> = network
            .agencies
            .keys()
            .filter(|_| !dice.hit(3))
            .cloned()
            .collect();
        let elements: Vec<Element> = network.elements().collect();
        let gone = [elements[dice.roll(elements.len())].clone()];
        let goal = Goal {
            removed: if dice.hit(4) { &gone } else { &[] },
            agencies: Some(&chosen).filter(|_| dice.hit(2)),
            nodes: dice.hit(2),
        };
        assert_cheapest(&network, &offers, &goal, &format!("seed {seed}"));
    }
}

#[test]
fn a_chain_is_closed_to_a_ring_and_a_node_needs_another_way_round() {
    let network = Sketch::new(&["hub"])
        .links(&["hub-a", "a-b"])
        .agencies("b", &["x"])
        .network();
    let offers = [
        offer("a", "x", 1.0),
        offer("hub", "x", 9.0),
        offer("hub", "a", 2.0),
        offer("b", "x", 1.0),
    ];
    let of = |nodes| {
        let goal = Goal {
            nodes,
            ..Goal::default()
        };
        Augmentation::of(&network, &offers, &goal).expect("accepted")
    };
    let links = of(false);
    assert_eq!((links.build.as_slice(), links.cost), (&[0, 2][..], 3.0));
    let nodes = of(true);
    assert_eq!((nodes.build.as_slice(), nodes.cost), (&[1][..], 9.0));
}

#[test]
fn greedy_is_not_enough_and_a_cheap_pair_is_found() {
    // The tree on which a known heuristic pays ten times the optimum.
    let network = Sketch::new(&["v0"])
        .links(&["v0-v1", "v0-v2", "v0-v4", "v0-v5", "v1-v3"])
        .agencies("v0", &[])
        .agency("a1", "v1", 1)
        .agency("a2", "v2", 1)
        .agency("a3", "v3", 1)
        .agency("a4", "v4", 1)
        .agency("a5", "v5", 1)
        .network();
    let offers: Vec<Offer> = [
        ("v0", "v3", 13.0),
        ("v1", "v2", 16.0),
        ("v1", "v4", 10.0),
        ("v1", "v5", 9.0),
        ("v2", "v3", 2.0),
        ("v2", "v4", 20.0),
        ("v2", "v5", 1.0),
        ("v3", "v4", 1.0),
        ("v3", "v5", 2.0),
        ("v4", "v5", 18.0),
    ]
    .map(|(a, b, cost)| offer(a, b, cost))
    .to_vec();
    let found = Augmentation::of(&network, &offers, &Goal::default()).expect("accepted");
    assert_eq!((found.build.as_slice(), found.cost), (&[6, 7][..], 2.0));
}

/// A hub with agencies around it, and offers from each to each, at a price that a rule gives.
fn star(leaves: usize, price: impl Fn(usize) -> f64) -> (Network, Vec<Offer>) {
    let names: Vec<String> = (0..leaves).map(|at| format!("x{at:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let mut sketch = Sketch::new(&["hub"]).agencies("hub", &names);
    for node in sketch.0.nodes.values_mut() {
        node.transit = true;
    }
    let mut offers = Vec::new();
    for (at, a) in names.iter().enumerate() {
        for b in &names[..at] {
            offers.push(offer(a, b, price(offers.len())));
        }
    }
    (sketch.network(), offers)
}

#[test]
fn odd_numbers_of_leaves_are_proven_by_whole_prices() {
    let (network, offers) = star(41, |_| 3.0);
    let found = Augmentation::of(&network, &offers, &Goal::default()).expect("accepted");
    assert_eq!(
        (found.build.len(), found.cost, found.proof),
        (21, 63.0, Proof::Optimal)
    );
}

#[test]
fn a_bound_that_is_met_is_said_and_holds() {
    // Hardly any two prices differ, so that nothing can be ruled out.
    let mut dice = Dice::new(7);
    let prices: Vec<f64> = (0..1000)
        .map(|_| 1.0 + dice.roll(100) as f64 * 1e-5)
        .collect();
    let (network, offers) = star(33, |at| prices[at]);
    let found = Augmentation::of(&network, &offers, &Goal::default()).expect("accepted");
    assert!(losses(&built(&network, &offers, &found.build), &Goal::default()).is_empty());
    let least = match found.proof {
        Proof::Optimal => found.cost,
        Proof::Bounded { least } => least,
    };
    assert!(least <= found.cost && least > 16.4, "{found:?}");
    assert!(found.cost < 17.01, "{found:?}");
    assert_eq!(
        Augmentation::of(&network, &offers, &Goal::default()),
        Ok(found),
        "every time"
    );
}

#[test]
fn whom_no_offer_helps_is_named_with_what_stays() {
    let network = Sketch::new(&["hub"])
        .links(&["hub-a", "hub-b"])
        .agencies("a", &["x"])
        .agency("lost", "y", 1)
        .node("y", false)
        .network();
    let offers = [
        offer("a", "b", 4.0),
        offer("y", "b", 5.0),
        offer("a", "a", 0.0),
    ];
    let found = Augmentation::of(&network, &offers, &Goal::default()).expect("accepted");
    assert_eq!(found.build, [0, 1]);
    let expected = BTreeMap::from([
        (AgencyId::from("lost"), vec![Loss::Offer(1)]),
        (AgencyId::from("x"), vec![Loss::Element(link("a-x"))]),
    ]);
    assert_eq!(found.unhelped, expected);
    let none = Augmentation::of(&network, &[], &Goal::default()).expect("accepted");
    assert_eq!(none.build, [0_usize; 0]);
    assert_eq!(none.unhelped[&AgencyId::from("lost")], [Loss::Nothing]);
    let gone = [node("a")];
    let today = Goal {
        removed: &gone,
        ..Goal::default()
    };
    let found = Augmentation::of(&network, &offers, &today).expect("accepted");
    assert_eq!(
        found.unhelped[&AgencyId::from("x")],
        [Loss::Nothing],
        "its only neighbour is gone"
    );
}

#[test]
fn offers_that_cannot_be_weighed_are_refused() {
    let network = Sketch::new(&["hub"]).links(&["hub-a"]).network();
    let of = |offers: &[Offer]| Augmentation::of(&network, offers, &Goal::default());
    for cost in [-1.0, f64::NAN, f64::INFINITY] {
        let refused =
            of(&[offer("hub", "a", 1.0), offer("a", "hub", cost)]).expect_err("a bad cost");
        assert!(matches!(refused, Refused::Cost { at: 1, .. }), "{refused}");
    }
    let refused = of(&[offer("hub", "nowhere", 1.0)]).expect_err("no such node");
    assert_eq!(
        refused.to_string(),
        "offer 0 ends at `nowhere`, which is no node of the network."
    );
    let many = vec![offer("hub", "a", 1.0); MOST_OFFERS + 1];
    assert_eq!(of(&many), Err(Refused::TooMany(MOST_OFFERS + 1)));
}

#[test]
#[expect(clippy::print_stdout, reason = "what it costs is worth a line")]
fn the_reference_network_is_freed_of_single_links_by_offers_from_every_place_to_its_nearest() {
    let network = reference();
    // From every node to the six nearest that carry traffic, by the crow's flight.
    let mut offers = Vec::new();
    for from in network.nodes.values() {
        let Some(at) = from.position else { continue };
        let mut near: Vec<(f64, &NodeId)> = network
            .nodes
            .values()
            .filter(|to| to.id != from.id && to.transit)
            .filter_map(|to| {
                let there = to.position?;
                Some((
                    (there.lat - at.lat).hypot(there.lon - at.lon) * 110.0,
                    &to.id,
                ))
            })
            .collect();
        near.sort_by(|one, other| one.0.total_cmp(&other.0).then(one.1.cmp(other.1)));
        let six = near.into_iter().take(6);
        offers.extend(six.map(|(km, to)| Offer {
            a: from.id.clone(),
            b: to.clone(),
            cost: 1.0 + km,
        }));
    }
    for nodes in [false, true] {
        let goal = Goal {
            nodes,
            ..Goal::default()
        };
        let found = Augmentation::of(&network, &offers, &goal).expect("accepted");
        println!(
            "{} offers, nodes {nodes}: {} to build for {:.1}, {} cuts in {} rounds, {} unhelped, {:?}",
            offers.len(),
            found.build.len(),
            found.cost,
            found.cuts,
            found.rounds,
            found.unhelped.len(),
            found.proof
        );
        assert_eq!(found.proof, Proof::Optimal);
        let left = losses(&built(&network, &offers, &found.build), &goal);
        assert!(left.is_subset(&helpless(&found)));
    }
}
