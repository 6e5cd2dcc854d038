//! Plans and remedies: against all affordable sets, and against what is known of the reference network.

use std::collections::BTreeMap;

use spanwatch::analysis::hours::rate::Chances;
use spanwatch::analysis::hours::{Limits, total};
use spanwatch::analysis::plan::choices::{Choice, Origin, choices};
use spanwatch::analysis::plan::{Plan, Question, plan};
use spanwatch::analysis::ranking::{Ranked, Ranking, remedies};
use spanwatch::graph::Graph;
use spanwatch::model::NodeId;
use spanwatch::model::kind::{Build, LinkKind};
use spanwatch::model::network::{Network, Parts};

use crate::sketch::{Dice, Sketch, awkward, link, node, reference, risk};

fn choice(a: &str, b: &str, cost: f64) -> Choice {
    Choice {
        a: a.into(),
        b: b.into(),
        kind: "fibre".into(),
        km: None,
        cost,
        origin: Origin::Declared,
    }
}

fn hours(network: &Network, choices: &[&Choice]) -> f64 {
    let mut parts = Parts::clone(network);
    for choice in choices {
        parts.add_link(&choice.a, &choice.b, &choice.kind, choice.km);
    }
    let network = Network::prove(parts).expect("whole");
    let graph = Graph::new(&network);
    let chances = Chances::declared(&network);
    total(&network, &graph, &chances, &[], Limits::default())
        .0
        .weighted
}

fn of(network: &Network, choices: &[Choice], budget: f64) -> Plan {
    plan(network, &BTreeMap::new(), choices, Question::of(budget))
}

/// Some links that could be built between any two nodes.
fn drawn(network: &Network, dice: &mut Dice, count: usize) -> Vec<Choice> {
    let ids: Vec<&str> = network.nodes.keys().map(NodeId::as_str).collect();
    let mut all = Vec::new();
    while all.len() < count {
        let (a, b) = (dice.roll(ids.len()), dice.roll(ids.len()));
        if a != b {
            all.push(choice(ids[a], ids[b], 1.0 + dice.roll(9) as f64));
        }
    }
    all
}

/// What a plan says of itself must be so.
fn check(network: &Network, choices: &[Choice], plan: &Plan, budget: f64) {
    let built: Vec<&Choice> = plan.steps.iter().map(|step| &step.choice).collect();
    assert!(built.iter().all(|one| choices.contains(one)));
    let cost: f64 = built.iter().map(|choice| choice.cost).sum();
    assert!((plan.cost - cost).abs() < 1e-9 && cost <= budget + 1e-9);
    let after = hours(network, &built);
    assert!((plan.after.weighted - after).abs() < 1e-6 * (1.0 + after));
    for done in 0..built.len() {
        let removes = hours(network, &built[..done]) - hours(network, &built[..=done]);
        let said = plan.steps[done].removes.weighted;
        assert!(
            (said - removes).abs() < 1e-6 * (1.0 + after),
            "{said} {removes}"
        );
    }
}

#[test]
fn a_plan_among_few_choices_is_the_best_of_all_affordable_sets() {
    for seed in 1..120 {
        let network = awkward(seed).network();
        let mut dice = Dice::new(seed);
        let choices = drawn(&network, &mut dice, 6);
        let budget = 4.0 + dice.roll(20) as f64;
        let plan = of(&network, &choices, budget);
        assert!(plan.is_best);
        check(&network, &choices, &plan, budget);
        let mut best = f64::INFINITY;
        for set in 0_u32..1 << choices.len() {
            let some: Vec<&Choice> = choices
                .iter()
                .enumerate()
                .filter(|(at, _)| set >> at & 1 == 1)
                .map(|(_, choice)| choice)
                .collect();
            if some.iter().map(|choice| choice.cost).sum::<f64>() <= budget {
                best = best.min(hours(&network, &some));
            }
        }
        // What removes less than a ten-thousandth is not worth a line.
        let slack = 2e-4 * plan.before.weighted + 1e-9;
        assert!(
            plan.after.weighted <= best + slack,
            "seed {seed}: {} {best}",
            plan.after.weighted
        );
    }
}

#[test]
fn a_plan_among_many_choices_keeps_its_word_and_is_nearly_as_good_as_the_best_three_links() {
    let (mut sum, mut of_best) = (0.0, 0.0);
    for seed in 1..25 {
        let network = awkward(seed).network();
        let mut dice = Dice::new(seed);
        let many = drawn(&network, &mut dice, 30);
        let budget = 12.0;
        let found = of(&network, &many, budget);
        assert!(!found.is_best);
        check(&network, &many, &found, budget);
        // The best three links at most, by comparing all of them.
        let mut best = hours(&network, &[]);
        for (at, a) in many.iter().enumerate() {
            for (next, b) in many.iter().enumerate().skip(at) {
                for c in &many[next..] {
                    let mut some = vec![a, b, c];
                    some.dedup();
                    if some.iter().map(|choice| choice.cost).sum::<f64>() <= budget {
                        best = best.min(hours(&network, &some));
                    }
                }
            }
        }
        let before = found.before.weighted;
        sum += before - found.after.weighted;
        of_best += before - best;
    }
    assert!(sum >= 0.95 * of_best, "{sum} of {of_best}");
}

#[test]
fn two_links_that_are_worthless_alone_are_found_together() {
    // A valley behind one link; each new link ends at a place that only the other joins to the hub.
    let network = Sketch::new(&["r"])
        .links(&["r-a", "a-b", "a-c"])
        .node("x", true)
        .agency("v", "b", 40)
        .agency("w", "c", 1)
        .network();
    let choices = [choice("b", "x", 5.0), choice("x", "r", 5.0)];
    let plan = of(&network, &choices, 10.0);
    assert_eq!(plan.steps.len(), 2);
    assert!(plan.after.weighted < 0.9 * plan.before.weighted);
    assert!(of(&network, &choices, 9.0).steps.is_empty());
}

#[test]
fn two_links_that_are_worthless_alone_are_found_among_many() {
    let mut network = Sketch::new(&["r"])
        .links(&["r-a", "a-b", "a-c"])
        .node("x", true)
        .agency("v", "b", 40)
        .agency("w", "c", 1);
    // Places that a link could be built to and that bring nobody anything.
    let mut choices = vec![choice("b", "x", 5.0), choice("x", "r", 5.0)];
    for place in 0..30 {
        let id = format!("y{place:02}");
        network = network.node(&id, true);
        choices.push(choice("c", &id, 5.0));
    }
    let network = network.network();
    let plan = of(&network, &choices, 10.0);
    assert!(!plan.is_best);
    let built: Vec<&Choice> = plan.steps.iter().map(|step| &step.choice).collect();
    assert_eq!(built, [&choices[0], &choices[1]]);
    check(&network, &choices, &plan, 10.0);
}

#[test]
fn ways_in_to_agencies_of_the_reference_network_share_solved_networks_and_keep_their_word() {
    let network = reference();
    let graph = Graph::new(&network);
    let all = choices(&network, &graph);
    let budget = 300.0;
    let question = Question {
        work: 24,
        ..Question::of(budget)
    };
    let found = plan(&network, &BTreeMap::new(), &all, question);
    assert!(found.method.is_exact() && found.steps.len() > 3);
    assert!(
        3 * found.solved < found.asked,
        "{} networks for {} answers",
        found.solved,
        found.asked
    );
    check(&network, &all, &found, budget);
}

#[test]
fn what_cannot_be_bought_or_does_not_exist_is_left_out() {
    let network = Sketch::new(&["r"])
        .links(&["r-a"])
        .agency("v", "a", 1)
        .network();
    let bad = [
        choice("r", "a", f64::NAN),
        choice("r", "a", -1.0),
        choice("r", "nowhere", 1.0),
        choice("a", "a", 1.0),
        choice("r", "a", 100.0),
    ];
    let plan = of(&network, &bad, 10.0);
    assert!(plan.steps.is_empty() && plan.after == plan.before);
    let nobody = Sketch::new(&["r"]).links(&["r-a"]).network();
    let plan = of(&nobody, &[choice("r", "a", 1.0)], 10.0);
    assert!(plan.steps.is_empty() && plan.before.weighted == 0.0);
}

#[test]
fn choices_are_thought_of_only_where_a_kind_has_a_price() {
    let network = reference();
    let graph = Graph::new(&network);
    let found = choices(&network, &graph);
    assert!(
        found
            .iter()
            .take(8)
            .all(|choice| choice.origin == Origin::Declared)
    );
    let has = |origin: fn(&Origin) -> bool| found.iter().any(|choice| origin(&choice.origin));
    assert!(has(|origin| *origin == Origin::Between));
    assert!(has(|origin| *origin == Origin::SecondUplink));
    assert!(has(|origin| *origin == Origin::Access));
    assert!(has(|origin| matches!(origin, Origin::OutsideOf(_))));
    for choice in &found {
        assert!(choice.cost > 0.0 && choice.a != choice.b);
        if let (Origin::Between, Some(km)) = (&choice.origin, choice.km) {
            assert!(km <= 30.0 && (choice.cost - (500.0 + 1000.0 * km)).abs() < 1e-6);
        }
    }
    let mut parts = Parts::clone(&network);
    for kind in parts.kinds.values_mut() {
        kind.build = None;
    }
    parts.candidates.clear();
    let network = Network::prove(parts).expect("whole");
    assert!(choices(&network, &Graph::new(&network)).is_empty());
}

#[test]
fn a_kind_is_built_as_its_defaults_say() {
    let mut sketch = Sketch::new(&["r"]).links(&["r-a"]);
    let like = LinkKind {
        metric: Some(77),
        capacity: Some(5),
        build: Some(Build {
            fixed: 3.0,
            per_km: 2.0,
            up_to_km: Some(10.0),
        }),
        ..LinkKind::default()
    };
    assert_eq!(like.build.and_then(|build| build.cost(4.0)), Some(11.0));
    assert_eq!(like.build.and_then(|build| build.cost(10.5)), None);
    sketch.0.kinds.insert("fibre".into(), like);
    let id = sketch
        .0
        .add_link(&"r".into(), &"a".into(), "fibre", Some(4.0));
    let again = sketch.0.add_link(&"r".into(), &"a".into(), "fibre", None);
    assert_eq!((id.as_str(), again.as_str()), ("r--a", "r--a.2"));
    let network = sketch.network();
    assert_eq!(network.links["r--a"].metric, 77);
    assert_eq!(network.links["r--a"].capacity, Some(5));
}

#[test]
fn the_ranking_of_the_reference_network_begins_with_the_duct_and_names_remedies() {
    let network = reference();
    let graph = Graph::new(&network);
    let seen = BTreeMap::new();
    let ranking = Ranking::of(&network, &graph, &seen, &[], Limits::default());
    let first = &ranking.rows[0];
    assert_eq!(*first.element(), risk("duct-ql1a-south"));
    assert_eq!((first.ids.len(), first.weight), (79, 202));
    assert!((first.importance.share - 0.084).abs() < 0.001);
    let (low, high) = first.interval;
    let hours = first.importance.hours.weighted;
    assert!(low < hours && hours < high);
    let shares: f64 = ranking.rows.iter().map(|row| row.importance.share).sum();
    assert!((shares - 1.0017).abs() < 0.001, "{shares}");
    let own = ranking.rows.iter().filter(|row| row.is_own);
    let own: f64 = own.map(|row| row.importance.hours.weighted).sum();
    assert!(own > 8_300.0 && own < 8_800.0, "{own}");

    let asked = [link("pop-hung-loc--pop-khe-tre"), node("dc")];
    let rows: Vec<&Ranked> = asked
        .iter()
        .map(|element| {
            let found = ranking.rows.iter().find(|row| row.element() == element);
            found.expect("it is weak")
        })
        .collect();
    let found = remedies(&network, &graph, &seen, &rows, Limits::default());
    let remedy = found[0]
        .as_ref()
        .expect("one link joins the valley elsewhere");
    let exact = hours_after(&network, &remedy.choice);
    assert!((remedy.removes - (ranking.account.total.weighted - exact)).abs() < 1e-6);
    assert!(remedy.removes > 0.5 * rows[0].importance.hours.weighted);
    assert_eq!(found[1], None);
}

fn hours_after(network: &Network, choice: &Choice) -> f64 {
    hours(network, &[choice])
}
