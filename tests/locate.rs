//! Which fault explains these silences: small networks by hand, every element and a thousand pairs of the reference
//! network by brute force, and facts that are incomplete or that the model cannot explain.

use std::collections::BTreeSet;
use std::sync::Arc;

use spanwatch::analysis::locate::{Cause, Explanation, Facts, Locator};
use spanwatch::graph::{Cut, Graph, LinkIx};
use spanwatch::model::network::Network;
use spanwatch::model::{Element, LinkId, NodeId};
use spanwatch::report::reason;
use spanwatch::report::words::{Language, Words};

use crate::sketch::{Dice, Sketch, awkward, link, node, reached, reference, risk};

/// A network that is watched, and what can be seen of it.
struct Watched {
    network: Arc<Network>,
    locator: Locator,
    observers: BTreeSet<NodeId>,
}

impl Watched {
    fn new(network: Network, observers: &[&str]) -> Self {
        let network = Arc::new(network);
        let graph = Arc::new(Graph::new(&network));
        Self {
            locator: Locator::new(network.clone(), graph),
            network,
            observers: observers.iter().map(|id| NodeId::from(*id)).collect(),
        }
    }

    /// Returns what is seen with some elements cut: everybody but the monitor is asked.
    fn facts(&self, cut: &[Element]) -> Facts {
        let monitor = &self.network.monitor;
        let heard = reached(&self.network, std::slice::from_ref(monitor), cut);
        let members: BTreeSet<Element> = cut
            .iter()
            .flat_map(|element| match element {
                Element::Risk(risk) => self.network.risks[risk].members.clone(),
                other => vec![other.clone()],
            })
            .collect();
        let mut facts = Facts::default();
        for id in self.network.nodes.keys().filter(|id| *id != monitor) {
            if heard.contains(id) {
                facts.answering.insert(id.clone());
            } else {
                facts.silent.insert(id.clone());
            }
        }
        for each in self.network.links.values() {
            for (end, far) in [(&each.a, &each.b), (&each.b, &each.a)] {
                let is_told = self.observers.contains(&end.node) && end.port.is_some();
                if !is_told || !heard.contains(&end.node) {
                    continue;
                }
                let is_down = members.contains(&Element::Link(each.id.clone()))
                    || members.contains(&Element::Node(far.node.clone()));
                let port = (end.node.clone(), each.id.clone());
                if is_down {
                    facts.ports_down.insert(port);
                } else {
                    facts.ports_up.insert(port);
                }
            }
        }
        facts
    }

    fn explain(&self, cut: &[Element]) -> Explanation {
        self.locator.locate(&self.facts(cut))
    }
}

/// Returns the only cause.
fn only(explanation: &Explanation) -> &Cause {
    assert_eq!(explanation.causes.len(), 1, "{explanation:#?}");
    assert!(explanation.unexplained.is_empty(), "{explanation:#?}");
    &explanation.causes[0]
}

/// Returns the evidence of a cause in English.
fn said(cause: &Cause) -> Vec<String> {
    let words = Words::of(Language::En);
    cause
        .evidence
        .iter()
        .map(|evidence| reason::evidence(&words, evidence))
        .collect()
}

fn set<'a>(ids: impl IntoIterator<Item = &'a str>) -> BTreeSet<NodeId> {
    ids.into_iter().map(NodeId::from).collect()
}

/// A data centre, a core, and a ring of three with schools.
fn valley() -> Sketch {
    Sketch::new(&["dc"])
        .links(&["dc-core", "core-a", "a-b", "b-c", "c-core"])
        .agencies("a", &["a1", "a2"])
        .agencies("b", &["b1", "b2"])
        .agencies("c", &["c1", "c2"])
}

#[test]
fn nothing_silent_has_no_cause() {
    let watched = Watched::new(valley().network(), &["core", "a"]);
    assert_eq!(watched.explain(&[]), Explanation::default());
    assert_eq!(
        watched.locator.locate(&Facts::default()),
        Explanation::default()
    );
}

#[test]
fn dead_router_is_the_cause_and_those_behind_it_are_not() {
    let watched = Watched::new(valley().network(), &[]);
    let found = watched.explain(&[node("b")]);
    let cause = only(&found);
    assert_eq!(cause.elements, [node("b")]);
    assert_eq!(cause.explains.len(), 3);
    assert!(cause.probability > 0.99, "{cause:?}");
    assert_eq!(
        said(cause),
        [
            "3 of 3 nodes behind it are silent",
            "a in front of it answers",
            "a1 beside it answers"
        ]
    );
}

#[test]
fn ring_cut_twice_is_two_links_and_not_a_dead_router() {
    let watched = Watched::new(valley().network(), &[]);
    let found = watched.explain(&[link("core-a"), link("b-c")]);
    let causes: BTreeSet<&Element> = found
        .causes
        .iter()
        .map(|cause| &cause.elements[0])
        .collect();
    // a, b and their schools are behind both.
    assert_eq!(causes, BTreeSet::from([&link("core-a"), &link("b-c")]));
    for cause in &found.causes {
        assert_eq!(cause.explains.len(), 6);
    }
    assert!(found.unexplained.is_empty());
}

#[test]
fn link_and_node_that_facts_cannot_part_are_one_cause() {
    let watched = Watched::new(valley().network(), &["a"]);
    let found = watched.explain(&[link("a-a1")]);
    let cause = only(&found);
    // A link fails more often than a node; the port of `a` is down either way.
    assert_eq!(cause.elements, [link("a-a1"), node("a1")]);
    assert!(
        said(cause).contains(&"a reports its port to a1 down".to_owned()),
        "{cause:?}"
    );
}

#[test]
fn port_parts_what_silence_cannot() {
    // The converter is never asked; its far side is the school.
    let sketch = Sketch::new(&["dc"]).links(&["dc-x", "x-y", "y-z"]);
    let silent = set(["z"]);
    let answering = set(["x"]);
    let watched = Watched::new(sketch.network(), &[]);
    let facts = Facts {
        silent,
        answering,
        ..Facts::default()
    };
    let blind = only(&watched.locator.locate(&facts)).clone();
    let all = BTreeSet::from([link("x-y"), node("y"), link("y-z"), node("z")]);
    assert_eq!(blind.elements.iter().cloned().collect::<BTreeSet<_>>(), all);

    let mut near = facts.clone();
    near.ports_down.insert(("x".into(), "x-y".into()));
    let near = only(&watched.locator.locate(&near)).clone();
    assert_eq!(near.elements, [link("x-y"), node("y")]);

    let mut far = facts;
    far.ports_up.insert(("x".into(), "x-y".into()));
    let far = only(&watched.locator.locate(&far)).clone();
    assert_eq!(far.elements, [link("y-z"), node("z")]);
}

#[test]
fn lost_redundancy_is_a_cause_that_explains_no_silence() {
    let watched = Watched::new(valley().network(), &["core", "a", "b", "c"]);
    let found = watched.explain(&[link("a-b")]);
    let cause = only(&found);
    assert_eq!(cause.elements, [link("a-b")]);
    assert!(cause.explains.is_empty());
    assert_eq!(
        said(cause),
        [
            "a reports its port to b down",
            "b reports its port to a down"
        ]
    );
}

#[test]
fn router_that_is_never_asked_can_be_blamed() {
    let sketch = Sketch::new(&["dc"]).links(&["dc-x", "dc-y", "x-cloud", "y-cloud"]);
    let sketch = sketch.agencies("cloud", &["one", "two", "three"]);
    let watched = Watched::new(sketch.network(), &["x", "y"]);
    let mut facts = watched.facts(&[node("cloud")]);
    facts.silent.remove("cloud");
    let found = watched.locator.locate(&facts);
    let cause = only(&found);
    assert_eq!(cause.elements, [node("cloud")]);
    assert_eq!(cause.explains.len(), 3);
}

#[test]
fn duct_is_named_when_all_its_links_are_dead() {
    let network = valley()
        .risk("duct", &[link("core-a"), link("c-core")])
        .network();
    let watched = Watched::new(network, &["core"]);
    let found = watched.explain(&[risk("duct")]);
    let cause = only(&found);
    assert_eq!(cause.elements, [risk("duct")]);
    assert_eq!(cause.explains.len(), 9);
}

#[test]
fn everything_silent_is_the_way_out_of_the_monitor() {
    let watched = Watched::new(valley().network(), &[]);
    let found = watched.explain(&[link("dc-core")]);
    let cause = only(&found);
    let elements: BTreeSet<Element> = cause.elements.iter().cloned().collect();
    assert_eq!(
        elements,
        BTreeSet::from([node("dc"), link("dc-core"), node("core")])
    );
    assert_eq!(cause.explains.len(), 10);
}

#[test]
fn node_that_hangs_on_nothing_is_its_own_cause() {
    let sketch = valley().node("island", false);
    let watched = Watched::new(sketch.network(), &[]);
    let mut facts = watched.facts(&[]);
    facts.silent.clear();
    facts.answering.insert("island".into());
    assert_eq!(watched.locator.locate(&facts), Explanation::default());
    facts.answering.remove("island");
    facts.silent.insert("island".into());
    let found = watched.locator.locate(&facts);
    let cause = only(&found);
    assert_eq!(cause.elements, [node("island")]);
    assert_eq!(said(cause), ["island is silent"]);
}

#[test]
fn what_the_model_does_not_know_stays_unexplained() {
    let watched = Watched::new(valley().network(), &[]);
    let mut facts = watched.facts(&[node("b")]);
    facts.silent.insert("stranger".into());
    facts.ports_down.insert(("stranger".into(), "a-b".into()));
    facts.ports_down.insert(("a".into(), "nowhere".into()));
    facts.ports_down.insert(("c".into(), "core-a".into()));
    let found = watched.locator.locate(&facts);
    assert_eq!(found.unexplained, [NodeId::from("stranger")]);
    assert_eq!(found.causes.len(), 1);
    assert_eq!(found.causes[0].elements, [node("b")]);
}

#[test]
fn silence_that_an_answer_contradicts_is_not_in_its_shadow() {
    // In truth a1 has a second way in that nobody wrote down, and a is dead.
    let watched = Watched::new(valley().network(), &[]);
    let mut facts = watched.facts(&[node("a")]);
    facts.silent.remove("a1");
    facts.answering.insert("a1".into());
    let found = watched.locator.locate(&facts);
    assert_eq!(found.causes.len(), 1, "{found:#?}");
    assert_eq!(found.causes[0].elements, [link("a-a2"), node("a2")]);
    assert_eq!(found.unexplained, [NodeId::from("a")]);
}

#[test]
fn one_undocumented_way_in_does_not_hide_a_dead_router() {
    let many: Vec<String> = (0..8).map(|place| format!("s{place}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    let watched = Watched::new(valley().agencies("a", &many).network(), &[]);
    let mut facts = watched.facts(&[node("a")]);
    facts.silent.remove("s3");
    facts.answering.insert("s3".into());
    let found = watched.locator.locate(&facts);
    let cause = only(&found);
    assert_eq!(cause.elements, [node("a")]);
    assert!(said(cause).contains(&"s3 behind it answers nevertheless".to_owned()));
}

#[test]
fn router_that_refuses_for_another_is_alive() {
    // Silent to pings itself, it says that the school is unreachable.
    let sketch = Sketch::new(&["dc"]).links(&["dc-x", "x-y"]);
    let watched = Watched::new(sketch.network(), &[]);
    let mut facts = Facts {
        silent: set(["y"]),
        ..Facts::default()
    };
    let before = only(&watched.locator.locate(&facts)).clone();
    assert!(before.elements.contains(&node("x")));
    facts.refused_by.insert("y".into(), "x".into());
    let found = watched.locator.locate(&facts);
    let cause = only(&found);
    assert_eq!(cause.elements, [link("x-y"), node("y")]);
    assert!(said(cause).contains(&"x says that y is unreachable".to_owned()));
}

#[test]
fn two_faults_far_apart_are_two_causes() {
    let watched = Watched::new(valley().network(), &["core"]);
    let found = watched.explain(&[node("b"), link("c-c1")]);
    assert_eq!(found.causes.len(), 2, "{found:#?}");
    assert_eq!(found.causes[0].elements, [node("b")]);
    assert_eq!(found.causes[1].elements, [link("c-c1"), node("c1")]);
    assert!(found.unexplained.is_empty());
}

#[test]
fn many_faults_at_once_are_all_named() {
    let schools: Vec<String> = (0..60).map(|place| format!("s{place:02}")).collect();
    let schools: Vec<&str> = schools.iter().map(String::as_str).collect();
    let watched = Watched::new(valley().agencies("a", &schools).network(), &[]);
    let dead: Vec<Element> = schools.iter().step_by(2).map(|id| node(id)).collect();
    let found = watched.explain(&dead);
    assert_eq!(found.causes.len(), 30);
    let named: BTreeSet<&Element> = found
        .causes
        .iter()
        .flat_map(|cause| &cause.elements)
        .collect();
    assert!(dead.iter().all(|element| named.contains(element)));
}

#[test]
fn awkward_networks_are_explained_without_a_word_too_much() {
    for seed in 0..1_500 {
        let network = awkward(seed).network();
        let ids: Vec<String> = network.nodes.keys().map(NodeId::to_string).collect();
        let ids: Vec<&str> = ids.iter().map(String::as_str).step_by(2).collect();
        let watched = Watched::new(network, &ids);
        let base = watched.facts(&[]);
        for element in watched.network.elements() {
            let mut facts = watched.facts(std::slice::from_ref(&element));
            // What hangs on nothing answers in truth, or it would not be asked.
            for apart in &base.silent {
                if element != Element::Node(apart.clone()) {
                    facts.silent.remove(apart);
                }
            }
            facts
                .answering
                .extend(base.silent.difference(&facts.silent).cloned());
            let found = watched.locator.locate(&facts);
            let explained: BTreeSet<NodeId> = found
                .causes
                .iter()
                .flat_map(|cause| cause.explains.iter().cloned())
                .collect();
            assert!(explained.is_subset(&facts.silent), "seed {seed}: {element}");
            let missing: BTreeSet<NodeId> = facts.silent.difference(&explained).cloned().collect();
            assert_eq!(
                found.unexplained,
                missing.into_iter().collect::<Vec<_>>(),
                "seed {seed}: {element}"
            );
            for cause in &found.causes {
                assert!(!cause.elements.is_empty());
                assert!(
                    (0.0..=1.0).contains(&cause.probability),
                    "seed {seed}: {cause:?}"
                );
                assert!(!cause.evidence.is_empty(), "seed {seed}: {cause:?}");
            }
        }
    }
}

/// Everybody who answers SNMP reports the ports that are declared.
fn watched_reference() -> Watched {
    let network = reference();
    let observers: Vec<String> = network
        .nodes
        .values()
        .filter(|node| node.snmp.is_some())
        .map(|node| node.id.to_string())
        .collect();
    let observers: Vec<&str> = observers.iter().map(String::as_str).collect();
    Watched::new(network, &observers)
}

/// Returns why an explanation of one fault is wrong.
fn wrong_single(facts: &Facts, truth: &Element, found: &Explanation) -> Option<String> {
    let is_visible = !facts.silent.is_empty() || !facts.ports_down.is_empty();
    if !found.unexplained.is_empty() {
        return Some(format!("{truth}: unexplained {:?}", found.unexplained));
    }
    match found.causes.as_slice() {
        [] if !is_visible => None,
        [cause] if is_visible => {
            let explained: BTreeSet<NodeId> = cause.explains.iter().cloned().collect();
            let is_right = cause.elements.contains(truth) && explained == facts.silent;
            (!is_right).then(|| format!("{truth}: {cause:?}"))
        }
        causes => Some(format!("{truth}: {} causes: {causes:#?}", causes.len())),
    }
}

#[test]
fn every_element_cut_alone_is_named() {
    let watched = watched_reference();
    let mut wrong = Vec::new();
    for truth in watched.network.elements() {
        let facts = watched.facts(std::slice::from_ref(&truth));
        wrong.extend(wrong_single(
            &facts,
            &truth,
            &watched.locator.locate(&facts),
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn every_element_cut_alone_is_named_without_any_port() {
    let mut watched = watched_reference();
    watched.observers.clear();
    let mut wrong = Vec::new();
    for truth in watched.network.elements() {
        let facts = watched.facts(std::slice::from_ref(&truth));
        wrong.extend(wrong_single(
            &facts,
            &truth,
            &watched.locator.locate(&facts),
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

#[test]
fn facts_with_gaps_still_name_the_truth() {
    let watched = watched_reference();
    let mut wrong = Vec::new();
    for (seed, truth) in watched.network.elements().enumerate() {
        let mut dice = Dice::new(seed as u64);
        let mut facts = watched.facts(std::slice::from_ref(&truth));
        facts.answering.retain(|_| !dice.hit(50));
        wrong.extend(wrong_single(
            &facts,
            &truth,
            &watched.locator.locate(&facts),
        ));
    }
    assert!(
        wrong.is_empty(),
        "{} wrong:\n{}",
        wrong.len(),
        wrong.join("\n")
    );
}

/// Cuts pairs out of `elements` and returns how many of the faults that show are named, and how many show.
fn name_pairs(watched: &Watched, elements: &[Element], pairs: usize) -> (usize, usize) {
    let mut dice = Dice::new(483);
    let (mut named, mut visible) = (0, 0);
    for _ in 0..pairs {
        let a = dice.roll(elements.len());
        let b = (a + 1 + dice.roll(elements.len() - 1)) % elements.len();
        let pair = [elements[a].clone(), elements[b].clone()];
        let facts = watched.facts(&pair);
        let found = watched.locator.locate(&facts);
        assert!(found.unexplained.is_empty(), "{pair:?}: {found:#?}");
        let explained: BTreeSet<NodeId> = found
            .causes
            .iter()
            .flat_map(|cause| cause.explains.iter().cloned())
            .collect();
        assert_eq!(explained, facts.silent, "{pair:?}");
        assert!(found.causes.len() <= 2, "{pair:?}: {found:#?}");
        for (truth, other) in [(&pair[0], &pair[1]), (&pair[1], &pair[0])] {
            // What the other one hides cannot be named by anybody.
            if facts == watched.facts(std::slice::from_ref(other)) {
                continue;
            }
            visible += 1;
            let mut causes = found.causes.iter();
            named += usize::from(causes.any(|cause| cause.elements.contains(truth)));
        }
    }
    (named, visible)
}

#[test]
fn both_of_two_faults_are_named() {
    let watched = watched_reference();
    let elements: Vec<Element> = watched.network.elements().collect();
    let (named, visible) = name_pairs(&watched, &elements, 1_000);
    assert!(named * 100 >= visible * 96, "{named} of {visible}");
}

#[test]
fn both_of_two_faults_in_the_backbone_are_named() {
    let mut watched = watched_reference();
    let carries = |node: &NodeId| watched.network.nodes[node].transit;
    let backbone: Vec<Element> = watched
        .network
        .elements()
        .filter(|element| match element {
            Element::Node(id) => carries(id),
            Element::Link(id) => {
                let ends = watched.network.links[id].ends();
                ends.iter().all(|end| carries(&end.node))
            }
            Element::Risk(_) => true,
        })
        .collect();
    let (named, visible) = name_pairs(&watched, &backbone, 500);
    assert!(named * 100 >= visible * 96, "{named} of {visible}");
    // Without ports only silences speak, and two cuts of one ring leave more ways to be the same.
    watched.observers.clear();
    let (named, visible) = name_pairs(&watched, &backbone, 500);
    assert!(named * 100 >= visible * 90, "{named} of {visible}");
}

#[test]
fn facts_in_any_state_overturn_nothing() {
    let watched = watched_reference();
    let nodes: Vec<NodeId> = watched.network.nodes.keys().cloned().collect();
    let links: Vec<LinkId> = watched.network.links.keys().cloned().collect();
    for seed in 0..4 {
        let mut dice = Dice::new(seed);
        let mut facts = Facts::default();
        for id in &nodes {
            match dice.roll(4) {
                0 => _ = facts.silent.insert(id.clone()),
                1 => _ = facts.answering.insert(id.clone()),
                2 => {
                    facts.silent.insert(id.clone());
                    let other = nodes[dice.roll(nodes.len())].clone();
                    facts.refused_by.insert(id.clone(), other);
                }
                _ => {}
            }
        }
        for id in &links {
            let port = (watched.network.links[id].a.node.clone(), id.clone());
            match dice.roll(3) {
                0 => _ = facts.ports_down.insert(port),
                1 => _ = facts.ports_up.insert(port),
                _ => {}
            }
        }
        let found = watched.locator.locate(&facts);
        assert_eq!(found, watched.locator.locate(&facts));
        let explained: BTreeSet<&NodeId> = found
            .causes
            .iter()
            .flat_map(|cause| &cause.explains)
            .collect();
        let told = explained.into_iter().chain(&found.unexplained);
        let told: BTreeSet<NodeId> = told.cloned().collect();
        let silent: BTreeSet<NodeId> = facts.silent.difference(&facts.answering).cloned().collect();
        assert_eq!(told, silent);
    }
}

/// Returns what is seen while a link carries nothing and routing still uses it: whoever's way goes over it is silent.
///
/// Where load is shared every node keeps the way that its place draws.
fn unnoticed(watched: &Watched, stuck: LinkIx) -> Facts {
    let graph = Graph::new(&watched.network);
    let routes = graph.routes(graph.monitor(), &Cut::default());
    let mut facts = watched.facts(&[]);
    for node in graph.node_indices() {
        let way = routes.path(node, node.index() as u64).unwrap_or_default();
        if way.iter().any(|(link, _)| *link == stuck) {
            facts.answering.remove(graph.node_id(node));
            facts.silent.insert(graph.node_id(node).clone());
        }
    }
    facts
        .ports_up
        .retain(|(observer, _)| facts.answering.contains(observer));
    facts
}

#[test]
fn a_link_that_carries_nothing_while_routing_uses_it_is_one_cause() {
    let ring = Sketch::new(&["dc"])
        .links(&["dc-core", "core-a", "a-b", "b-c", "c-d", "core-d"])
        .agencies("a", &["a1", "a2"])
        .agencies("b", &["b1", "b2"])
        .agencies("c", &["c1"]);
    let watched = Watched::new(ring.network(), &["core", "c"]);
    let graph = Graph::new(&watched.network);
    let stuck = graph.link(&"core-a".into()).expect("declared");
    let found = watched.locator.locate(&unnoticed(&watched, stuck));
    let cause = only(&found);
    assert_eq!(cause.elements, [link("core-a")]);
    assert_eq!(
        cause.explains,
        ["a", "a1", "a2", "b", "b1", "b2"].map(NodeId::from)
    );
    assert_eq!(
        said(cause),
        [
            "6 of the 6 nodes whose way goes over it are silent, although another path leads to them: routing has \
             not noticed",
            "core reports its port to a up",
            "core in front of it answers",
        ]
    );
    // Cut twice the ring says so at its ports, and that is believed.
    let twice = watched.explain(&[link("core-a"), link("b-c")]);
    assert_eq!(twice.causes.len(), 2, "{twice:#?}");
}

#[test]
fn links_of_the_reference_network_that_fail_unnoticed_are_named() {
    let network = reference();
    let observers: Vec<String> = network
        .nodes
        .values()
        .filter(|node| node.snmp.is_some())
        .map(|node| node.id.to_string())
        .collect();
    let observers: Vec<&str> = observers.iter().map(String::as_str).collect();
    let watched = Watched::new(network, &observers);
    let graph = Graph::new(&watched.network);
    let alone: BTreeSet<BTreeSet<NodeId>> = watched
        .network
        .elements()
        .map(|element| watched.facts(std::slice::from_ref(&element)).silent)
        .collect();
    let (mut tried, mut alike, mut wrong) = (0, 0, Vec::new());
    for stuck in graph.link_indices() {
        let element = Element::Link(graph.link_id(stuck).clone());
        let facts = unnoticed(&watched, stuck);
        if facts.silent.len() < 2 {
            continue;
        }
        // Where one element's deletion silences the same nodes, that is the better guess.
        if alone.contains(&facts.silent) {
            alike += 1;
            continue;
        }
        tried += 1;
        let found = watched.locator.locate(&facts);
        let is_right = matches!(found.causes.as_slice(), [cause]
            if cause.elements.contains(&element) && cause.explains.iter().eq(&facts.silent));
        if !is_right {
            let blamed: Vec<_> = found.causes.iter().map(|cause| &cause.elements).collect();
            wrong.push(format!(
                "{element}, {} silent: {blamed:?}, unexplained {:?}",
                facts.silent.len(),
                found.unexplained
            ));
        }
    }
    assert!(wrong.is_empty(), "of {tried}, {alike} alike: {wrong:#?}");
    assert!(tried > 10, "{tried}, and {alike} like another element");
}
