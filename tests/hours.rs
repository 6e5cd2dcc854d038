//! Agency-hours lost a year: against enumeration of all states, closed forms, other programs and deletion.

use std::collections::BTreeMap;
use std::time::Duration;

use spanwatch::analysis::hours::rate::{Chance, Chances, Outages, Source};
use spanwatch::analysis::hours::{Account, Limits, Method, YEAR};
use spanwatch::graph::{Graph, NodeIx};
use spanwatch::model::network::{Network, Parts, Rates};
use spanwatch::model::{AgencyId, Element};

use crate::sketch::{Dice, Sketch, awkward, link, node, reference, served, shared};

/// Rates that make something available so much of the time.
fn available(share: f64) -> Rates {
    let hours = |share: f64| Duration::from_secs_f64(share * 3.6e9);
    Rates {
        mtbf: Some(hours(share)),
        mttr: Some(hours(1.0 - share)),
    }
}

/// A small network with everything that is awkward, and rates of every size, never and always among them.
fn random(seed: u64) -> Network {
    let mut sketch = served(awkward(seed), seed);
    let mut dice = Dice::new(!seed);
    let mut draw = || match dice.roll(8) {
        0 => available(1.0),
        1 => available(0.0),
        _ => available(dice.roll(1_000_001) as f64 / 1e6),
    };
    for node in sketch.0.nodes.values_mut() {
        node.rates = draw();
    }
    for link in sketch.0.links.values_mut() {
        link.rates = draw();
    }
    for risk in sketch.0.risks.values_mut() {
        risk.rates = draw();
    }
    sketch.network()
}

/// What enumeration of all states says.
struct Brute {
    /// Expected loss by weight, as a mean over time.
    loss: f64,
    /// By element: the same with it down, and with it up, for sure.
    given: Vec<[f64; 2]>,
    /// By agency.
    lost: BTreeMap<AgencyId, f64>,
}

/// Enumerates all states; agencies must be reached from some roots.
fn brute(network: &Network, graph: &Graph, roots: &[NodeIx], chances: &Chances) -> Brute {
    let elements: Vec<Element> = network.elements().collect();
    let mut given = vec![[0.0; 2]; elements.len()];
    let mut loss = 0.0;
    let mut apart: BTreeMap<AgencyId, f64> = network
        .agencies
        .keys()
        .map(|id| (id.clone(), 0.0))
        .collect();
    for state in 0_u32..1 << elements.len() {
        let is_down = |place: usize| state >> place & 1 == 1;
        let share = |place: usize| {
            let q = chances.all()[place].unavailability;
            if is_down(place) { q } else { 1.0 - q }
        };
        // The probability without one, for every one: what conditioning needs where a share is 0.
        let shares: Vec<f64> = (0..elements.len()).map(share).collect();
        if shares.iter().filter(|share| **share == 0.0).count() > 1 {
            continue;
        }
        let failed = elements
            .iter()
            .enumerate()
            .filter(|(place, _)| is_down(*place));
        let cut = graph.cut(failed.map(|(_, element)| element));
        let reached = graph.reach(roots, &cut);
        let gone: Vec<_> = network
            .agencies
            .values()
            .filter(|agency| !reached[graph.node(&agency.node).expect("there").index()])
            .collect();
        let weight: f64 = gone.iter().map(|agency| f64::from(agency.weight)).sum();
        let chance: f64 = shares.iter().product();
        loss += chance * weight;
        for agency in gone {
            *apart.get_mut(&agency.id).expect("known") += chance;
        }
        for place in 0..elements.len() {
            let others: f64 = shares[..place].iter().chain(&shares[place + 1..]).product();
            given[place][usize::from(!is_down(place))] += others * weight;
        }
    }
    Brute {
        loss,
        given,
        lost: apart,
    }
}

#[test]
fn hours_equal_the_enumeration_of_all_states() {
    let mut checked = 0;
    let mut seed = 0;
    while checked < 1_000 {
        seed += 1;
        let network = random(seed);
        if network.elements().count() > 12 {
            continue;
        }
        checked += 1;
        let graph = Graph::new(&network);
        let chances = Chances::declared(&network);
        let account = Account::of(&network, &graph, &chances, &[], Limits::default());
        assert!(
            matches!(account.method, Method::Exact { .. }),
            "seed {seed}"
        );
        let brute = brute(&network, &graph, graph.hubs(), &chances);
        let near = |a: f64, b: f64| (a / YEAR - b).abs() < 1e-12;
        assert!(near(account.total.weighted, brute.loss), "seed {seed}");
        for (id, lost) in &brute.lost {
            assert!(
                (account.agencies[id] - lost).abs() < 1e-12,
                "seed {seed} {id}"
            );
        }
        for (element, [down, up]) in network.elements().zip(&brute.given) {
            let found = account.importance(&element).expect("listed");
            let q = found.unavailability;
            assert!(near(found.if_down.weighted, *down), "seed {seed} {element}");
            let hours = q * (down - up);
            assert!(near(found.hours.weighted, hours), "seed {seed} {element}");
            let perfect = found.if_perfect(account.total).weighted;
            let mixed = q * found.if_down.weighted + (1.0 - q) * perfect_of(q, perfect, *up);
            assert!(near(mixed, brute.loss), "seed {seed} {element}");
        }
    }
}

#[test]
fn hours_without_a_service_equal_the_enumeration_of_all_states() {
    let (mut checked, mut elsewhere, mut seed) = (0, 0, 10_000);
    while checked < 1_000 {
        seed += 1;
        let network = random(seed);
        if network.elements().count() > 12 || network.services.is_empty() {
            continue;
        }
        let graph = Graph::new(&network);
        let chances = Chances::declared(&network);
        let limits = Limits::default();
        let account = Account::of(&network, &graph, &chances, &[], limits);
        let services = account.services(&network, &graph, &chances, &[], limits);
        assert_eq!(services.len(), network.services.len());
        for service in network.services.values() {
            checked += 1;
            let served = &services[&service.id];
            assert!(served.method.is_exact(), "seed {seed}");
            let root = graph.node(&service.node).expect("there");
            let brute = brute(&network, &graph, &[root], &chances);
            let near = |a: f64, b: f64| (a / YEAR - b).abs() < 1e-12;
            assert!(near(served.hours.weighted, brute.loss), "seed {seed}");
            let once: f64 = brute.lost.values().sum();
            assert!(near(served.hours.agency, once), "seed {seed}");
            if graph.hubs() == [root] {
                assert_eq!(served.hours, account.total, "seed {seed}");
            } else {
                elsewhere += 1;
            }
        }
    }
    assert!(elsewhere > 500, "{elsewhere}");
}

#[test]
fn hours_are_the_sum_over_agencies_whatever_they_are_cut_off_from() {
    let mut checked = 0;
    for seed in 1..400 {
        let network = random(seed);
        let said = |network: &Network| {
            let graph = Graph::new(network);
            let chances = Chances::declared(network);
            let limits = Limits::default();
            let account = Account::of(network, &graph, &chances, &[], limits);
            let services = account.services(network, &graph, &chances, &[], limits);
            (account, services)
        };
        let (account, services) = said(&network);
        let apart: f64 = network
            .agencies
            .values()
            .map(|agency| YEAR * f64::from(agency.weight) * account.agencies[&agency.id])
            .sum();
        let near = |a: f64, b: f64| (a - b).abs() < 1e-9 * (1.0 + a);
        assert!(near(account.total.weighted, apart), "seed {seed}");
        let mut sums: BTreeMap<_, f64> = BTreeMap::new();
        for agency in network.agencies.values() {
            let mut alone = Parts::clone(&network);
            alone.agencies.retain(|id, _| *id == agency.id);
            for (id, served) in said(&Sketch(alone).network()).1 {
                *sums.entry(id).or_default() += served.hours.weighted;
            }
        }
        for (id, sum) in sums {
            assert!(near(services[&id].hours.weighted, sum), "seed {seed} {id}");
            checked += 1;
        }
    }
    assert!(checked > 200, "{checked}");
}

#[test]
fn services_of_the_reference_network_are_lost_with_the_hub_and_elsewhere_with_more() {
    let hours = |network: &Network| {
        let graph = Graph::new(network);
        let chances = Chances::declared(network);
        let account = Account::of(network, &graph, &chances, &[], Limits::default());
        let services = account.services(network, &graph, &chances, &[], Limits::default());
        (account.total, services)
    };
    let (total, services) = hours(&reference());
    assert_eq!(services.len(), 4);
    assert!(services.values().all(|served| served.hours == total));
    // At the far end of a valley a service is cut off from everybody else by what cuts off the valley.
    let network = Sketch(Parts::clone(&reference()))
        .service("far", "pop-nam-dong")
        .network();
    let (again, services) = hours(&network);
    assert_eq!(again, total);
    assert!(services["far"].method.is_exact());
    assert!(services["far"].hours.weighted > 2.0 * total.weighted);
}

#[test]
fn sampled_hours_without_a_service_contain_the_exact_ones() {
    let network = Sketch(Parts::clone(&reference()))
        .service("far", "pop-nam-dong")
        .network();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let of = |limits: Limits| {
        let account = Account::of(&network, &graph, &chances, &[], limits);
        account.services(&network, &graph, &chances, &[], limits)["far"]
    };
    let exact = of(Limits::default());
    let sampled = of(Limits {
        states: 10,
        draws: 4_000,
        seed: 7,
    });
    let error = sampled.error().expect("ten states cannot hold it");
    let off = (sampled.hours.weighted - exact.hours.weighted).abs();
    assert!(off < 2.0 * error, "{off} {error}");
}

/// What never is up says nothing of what there would be if it were: that comes from enumeration.
fn perfect_of(q: f64, perfect: f64, up: f64) -> f64 {
    if q < 1.0 { perfect } else { up * YEAR }
}

/// One agency that counts 1 at a node that never fails, behind links of one availability.
fn plain(links: &[&str], at: &str, share: f64) -> f64 {
    let mut sketch = Sketch::new(&["r"]).links(links).agency("agency", at, 1);
    for node in sketch.0.nodes.values_mut() {
        node.rates = available(1.0);
    }
    for link in sketch.0.links.values_mut() {
        link.rates = available(share);
    }
    let network = sketch.network();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let account = Account::of(&network, &graph, &chances, &[], Limits::default());
    1.0 - account.total.agency / YEAR
}

#[test]
fn hours_equal_the_closed_forms() {
    for p in [0.0_f64, 0.3, 0.5, 0.9, 0.999, 1.0] {
        let near = |a: f64, b: f64| assert!((a - b).abs() < 1e-13, "{a} {b} at {p}");
        near(plain(&["r-a", "a-b", "b-c"], "c", p), p.powi(3));
        near(
            plain(&["r-a", "r-a#2", "r-a#3"], "a", p),
            1.0 - (1.0 - p).powi(3),
        );
        let ring = ["r-a", "a-b", "b-c", "c-d", "d-r"];
        near(plain(&ring, "b", p), p.powi(2) + p.powi(3) - p.powi(5));
        let wheatstone = ["r-a", "r-b", "a-b", "a-c", "b-c"];
        let form = 2.0 * p.powi(2) + 2.0 * p.powi(3) - 5.0 * p.powi(4) + 2.0 * p.powi(5);
        near(plain(&wheatstone, "c", p), form);
    }
}

#[test]
fn hours_of_the_zoo_are_those_of_other_programs() {
    let Some(path) = shared("data/topologies/zoo_reliability.json") else {
        return;
    };
    let text = std::fs::read_to_string(path).expect("readable");
    let file: serde_json::Value = serde_json::from_str(&text).expect("JSON");
    let file = file.as_object().expect("a table");
    assert_eq!(file.len(), 270);
    for (name, known) in file {
        let place = |value: &serde_json::Value| value.as_u64().expect("a number");
        let id = |place: u64| format!("n{place:04}");
        let mut sketch = Sketch::new(&[&id(place(&known["root"]))]);
        for (number, link) in known["edges_p"]
            .as_array()
            .expect("links")
            .iter()
            .enumerate()
        {
            let ends = [id(place(&link[0])), id(place(&link[1]))];
            for end in &ends {
                if !sketch.0.nodes.contains_key(end.as_str()) {
                    sketch = sketch.node(end, true);
                }
            }
            let link_id = format!("e{number:04}");
            sketch = sketch.link(&link_id, &ends[0], &ends[1]);
            let rates = available(link[2].as_f64().expect("a share"));
            let added = sketch.0.links.get_mut(link_id.as_str());
            added.expect("just added").rates = rates;
        }
        let ids: Vec<String> = sketch
            .0
            .nodes
            .keys()
            .map(|id| id.as_str().to_owned())
            .collect();
        for node in &ids {
            sketch = sketch.agency(node, node, 1);
        }
        for node in sketch.0.nodes.values_mut() {
            node.rates = available(1.0);
        }
        let network = sketch.network();
        let graph = Graph::new(&network);
        let chances = Chances::declared(&network);
        let account = Account::of(&network, &graph, &chances, &[], Limits::default());
        assert!(matches!(account.method, Method::Exact { .. }), "{name}");
        let figure = |key: &str| known[key].as_f64().expect("a figure");
        let target = id(place(&known["target"]));
        let reached = 1.0 - account.agencies[target.as_str()];
        let expected = figure("two_terminal_graphillion");
        assert!(
            (reached - expected).abs() < 1e-9,
            "{name} {reached} {expected}"
        );
        let connected = ids.len() as f64 - account.total.agency / YEAR;
        let expected = figure("expected_connected_nodes_frontier");
        assert!(
            (connected - expected).abs() < 1e-9,
            "{name} {connected} {expected}"
        );
    }
}

#[test]
fn hours_of_the_reference_network_are_the_known_ones() {
    let network = reference();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let account = Account::of(&network, &graph, &chances, &[], Limits::default());
    // The known answer takes the data centre for perfect; its declared rate, one failure in 10^12 hours, is worth
    // 1.3e-5 of an hour.
    let centre = account.importance(&node("dc")).expect("listed");
    let total = centre.if_perfect(account.total).weighted;
    assert!((total - 14_378.144_699_89).abs() < 1e-6, "{total}");

    let elements: Vec<Element> = network.elements().collect();
    let mut dice = Dice::new(50);
    for _ in 0..50 {
        let element = &elements[dice.roll(elements.len())];
        let found = account.importance(element).expect("listed");
        let q = found.unavailability;
        let without = Account::of(
            &network,
            &graph,
            &chances,
            std::slice::from_ref(element),
            Limits::default(),
        );
        let down = without.total.weighted;
        assert!(
            (found.if_down.weighted - down).abs() < 1e-9 * down,
            "{element}"
        );
        let up = (account.total.weighted - q * down) / (1.0 - q);
        let hours = q * (down - up);
        assert!((found.hours.weighted - hours).abs() < 1e-6, "{element}");
        let mixed = q * down + (1.0 - q) * found.if_perfect(account.total).weighted;
        assert!(
            (mixed - account.total.weighted).abs() < 1e-9 * mixed,
            "{element}"
        );
    }
}

#[test]
fn sampled_hours_contain_the_exact_ones_and_say_that_they_are_sampled() {
    let network = reference();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let exact = Account::of(&network, &graph, &chances, &[], Limits::default());
    let limits = Limits {
        states: 10,
        draws: 4_000,
        seed: 7,
    };
    let sampled = Account::of(&network, &graph, &chances, &[], limits);
    let Method::Sampled { draws, error } = sampled.method else {
        panic!("ten states cannot hold the reference network")
    };
    assert_eq!(draws, 4_000);
    let off = (sampled.total.weighted - exact.total.weighted).abs();
    assert!(
        off < 2.0 * error && error < 0.1 * exact.total.weighted,
        "{off} {error}"
    );
    let mut inside = 0;
    let largest = &exact.elements[..100];
    for one in largest {
        let found = sampled.importance(&one.element).expect("listed");
        let off = (found.hours.weighted - one.hours.weighted).abs();
        inside += usize::from(off <= found.error.expect("sampled"));
    }
    // Their intervals hold 95 of 100 each, but the draws are the same for all of them.
    assert!(inside >= 80, "{inside}");
    assert_eq!(
        sampled,
        Account::of(&network, &graph, &chances, &[], limits)
    );
}

#[test]
fn hours_fall_when_a_link_is_added_and_rise_when_a_risk_is_shared() {
    for seed in 1..300 {
        let network = random(seed);
        let total = |network: &Network| {
            let graph = Graph::new(network);
            let chances = Chances::declared(network);
            Account::of(network, &graph, &chances, &[], Limits::default()).total
        };
        let before = total(&network);
        let mut dice = Dice::new(seed);
        let ids: Vec<String> = network
            .nodes
            .keys()
            .map(|id| id.as_str().to_owned())
            .collect();
        let (a, b) = (dice.roll(ids.len()), dice.roll(ids.len()));
        if a == b {
            continue;
        }
        let sketch = Sketch(Parts::clone(&network)).link("new", &ids[a], &ids[b]);
        let more = total(&sketch.network());
        assert!(more.weighted <= before.weighted + 1e-6, "seed {seed}");
        let member = node(&ids[a]);
        let shared = Sketch(Parts::clone(&network)).risk("new", &[member]);
        let less = total(&shared.network());
        assert!(less.weighted >= before.weighted - 1e-6, "seed {seed}");
    }
}

#[test]
fn what_is_removed_costs_all_the_time_and_is_no_element_of_the_account() {
    let network = Sketch::new(&["r"])
        .links(&["r-a", "r-b", "a-b"])
        .agency("x", "a", 3)
        .network();
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    let gone = [link("r-a")];
    let account = Account::of(&network, &graph, &chances, &gone, Limits::default());
    assert!(account.importance(&gone[0]).is_none());
    let both = [link("r-a"), link("a-b")];
    let account = Account::of(&network, &graph, &chances, &both, Limits::default());
    assert!((account.total.weighted - 3.0 * YEAR).abs() < 1e-9);
    assert!((account.total.agency - YEAR).abs() < 1e-9);
    let account = Account::of(&network, &graph, &chances, &[node("r")], Limits::default());
    assert!(matches!(account.method, Method::Exact { .. }));
    assert!((account.total.agency - YEAR).abs() < 1e-9);
}

#[test]
fn outages_that_were_seen_move_a_rate_and_narrow_its_interval() {
    let hours = Duration::from_hours;
    let rates = Rates {
        mtbf: Some(hours(10_000)),
        mttr: Some(hours(8)),
    };
    let declared = Chance::of(rates, (hours(1), hours(1)), None);
    assert_eq!(declared.source, Source::Declared);
    assert!((declared.unavailability - 8.0 / 10_008.0).abs() < 1e-15);
    // A Gamma of shape 2 has 90 % between 0.355 and 4.744 (tables of chi-squared with four degrees, halved).
    let rate = |q: f64| q / (1.0 - q) / 8.0 * 20_000.0;
    assert!((rate(declared.interval.0) - 0.355_36).abs() < 1e-4);
    assert!((rate(declared.interval.1) - 4.743_86).abs() < 1e-4);
    let quiet = Outages {
        watched: hours(100_000),
        repairs: Vec::new(),
    };
    let quiet = Chance::of(rates, (hours(1), hours(1)), Some(&quiet));
    assert_eq!(quiet.source, Source::Measured);
    assert!((quiet.between - 60_000.0).abs() < 1e-6);
    let busy = Outages {
        watched: hours(8_760),
        repairs: vec![hours(2); 40],
    };
    let busy = Chance::of(rates, (hours(1), hours(1)), Some(&busy));
    assert!((busy.between - (20_000.0 + 8_760.0) / 42.0).abs() < 1e-6);
    assert!(busy.repair > 2.0 && busy.repair < 2.2);
    let spread = |chance: Chance| chance.interval.1 / chance.interval.0;
    assert!(spread(busy) < spread(declared) / 4.0);
    let default = Chance::of(Rates::default(), (hours(1_000), hours(1)), None);
    assert_eq!(default.source, Source::Default);
}
