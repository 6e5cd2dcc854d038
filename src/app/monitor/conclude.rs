//! What the monitor concludes when an inquiry closes: from facts to findings.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;

use crate::analysis::Weakness;
use crate::analysis::locate::{Cause, Facts};
use crate::app::incident::Finding;
use crate::app::monitor::{Monitor, Verdict, moment};
use crate::judge::{Closed, Phase, Pulse};
use crate::model::health::{Health, Why};
use crate::model::incident::{Evidence, IncidentKind};
use crate::model::{AgencyId, Element, LinkId, NodeId};

impl Monitor {
    /// Names the causes of everything that is silent or broken now.
    pub(super) fn conclude(&mut self, inquiry: &Closed, now: Instant, at: Timestamp) {
        let counted: BTreeSet<NodeId> = inquiry
            .silent
            .difference(&self.special.closed)
            .cloned()
            .collect();
        let facts = self.facts(inquiry, counted, now);
        let explanation = self.reference.locator.locate(&facts);
        self.verdicts.clear();
        let mut findings = Vec::new();
        if self.is_isolated(&facts, &explanation.causes) {
            for (node, _) in self.judge.pulses() {
                let verdict = Verdict {
                    health: Health::Unknown,
                    why: Some(Why::MonitorCutOff),
                    finding: Some(0),
                };
                self.verdicts.insert(node.clone(), verdict);
            }
            findings.push(self.isolation(&facts, &explanation.causes, now, at));
        } else {
            let unexplained = explanation.unexplained.iter().map(|node| Cause {
                elements: vec![Element::Node(node.clone())],
                probability: 0.0,
                explains: vec![node.clone()],
                evidence: vec![Evidence::Unexplained],
            });
            for cause in explanation.causes.iter().cloned().chain(unexplained) {
                self.blame(&cause, findings.len());
                let finding = self.finding(&cause, &facts, now, at);
                findings.push(finding);
            }
            self.judge_closed(&inquiry.silent, &mut findings);
        }
        findings.extend(
            self.findings
                .iter()
                .filter(|finding| finding.kind == IncidentKind::Loss)
                .cloned(),
        );
        self.findings = findings;
        self.numbers = self.book.take(&self.findings, at);
        self.stale_all();
    }

    /// Gathers what the locator may use: all of it from one window of time.
    fn facts(&self, inquiry: &Closed, silent: BTreeSet<NodeId>, now: Instant) -> Facts {
        let network = &self.reference.network;
        let mut facts = Facts {
            silent,
            answering: inquiry.answering.clone(),
            ..Facts::default()
        };
        let mut newest: BTreeMap<&LinkId, Instant> = BTreeMap::new();
        for ((_, link), port) in &self.ports {
            let asked = newest.entry(link).or_insert(port.asked);
            *asked = port.asked.max(*asked);
        }
        let says_otherwise = |link: &LinkId, up: bool, asked: Instant| {
            let ends = network
                .links
                .get(link)
                .into_iter()
                .flat_map(|link| link.ends().map(|end| end.node.clone()));
            ends.filter_map(|end| self.ports.get(&(end, link.clone())))
                .any(|other| other.up != up && other.asked > asked)
        };
        for ((node, link), port) in &self.ports {
            let answers = self
                .judge
                .pulse(node)
                .is_some_and(|pulse| pulse.phase == Phase::Answering);
            let age = now.saturating_duration_since(port.asked);
            let limit = network
                .nodes
                .get(node)
                .map(|node| node.policy.snmp_interval * 5 / 2)
                .unwrap_or_default();
            // A port that was up before all this says nothing about now; one that was down stays down until
            // either end says otherwise.
            let is_old = if port.up {
                port.asked < inquiry.from
            } else {
                age > limit
            };
            let rests = !port.up && self.leads_to_closed(link, node);
            if !answers
                || is_old
                || rests
                || port.doubtful
                || says_otherwise(link, port.up, port.asked)
            {
                continue;
            }
            let seen = if port.up {
                &mut facts.ports_up
            } else {
                &mut facts.ports_down
            };
            seen.insert((node.clone(), link.clone()));
        }
        for node in &facts.silent {
            let by = self.judge.pulse(node).and_then(|pulse| pulse.refused_by);
            if let Some(router) = by.and_then(|by| network.node_of(by)) {
                facts.refused_by.insert(node.clone(), router.id.clone());
            }
        }
        facts
    }

    /// Returns whether a link leads from `near` to a silent node outside its office hours: what is switched off
    /// at night takes the port before it down, and that is no fault either.
    fn leads_to_closed(&self, link: &LinkId, near: &NodeId) -> bool {
        let ends = self
            .reference
            .network
            .links
            .get(link)
            .into_iter()
            .flat_map(|link| link.ends().map(|end| &end.node));
        ends.filter(|end| *end != near).any(|end| {
            self.special.closed.contains(end) && self.judge.pulse(end).is_some_and(Pulse::is_silent)
        })
    }

    /// Returns whether it is us who are cut off: nobody answers, and what explains it touches our own place.
    fn is_isolated(&self, facts: &Facts, causes: &[Cause]) -> bool {
        if self.is_mute() {
            return true;
        }
        // With two targets "all are silent" and "both are down" are the same sentence.
        let asked = self.judge.pulses().len();
        let all_silent = asked >= 3 && facts.answering.is_empty() && facts.silent.len() == asked;
        let network = &self.reference.network;
        let is_ours = |element: &Element| match element {
            Element::Node(node) => *node == network.monitor,
            Element::Link(link) => network.links_at(&network.monitor).contains(link),
            Element::Risk(_) => false,
        };
        all_silent
            && (causes.is_empty()
                || causes
                    .iter()
                    .any(|cause| cause.elements.iter().any(is_ours)))
    }

    fn isolation(&self, facts: &Facts, causes: &[Cause], now: Instant, at: Timestamp) -> Finding {
        let why = match self
            .mute
            .iter()
            .next()
            .and_then(|node| self.judge.pulse(node)?.unsent.clone())
        {
            Some(why) if self.is_mute() => Evidence::Unsent(why),
            _ => Evidence::AllSilent(facts.silent.len()),
        };
        Finding {
            kind: IncidentKind::Monitor,
            causes: causes
                .first()
                .map(|cause| cause.elements.clone())
                .unwrap_or_default(),
            probability: causes.first().map_or(0.0, |cause| cause.probability),
            cut_off: Vec::new(),
            one_path: Vec::new(),
            nodes: facts.silent.iter().cloned().collect(),
            evidence: vec![why],
            maintenance: false,
            since: self.began_of(facts.silent.iter(), &[], now, at),
        }
    }

    /// Says of the nodes that a cause explains whether they are down themselves or behind it.
    fn blame(&mut self, cause: &Cause, index: usize) {
        for node in &cause.explains {
            let is_cause = cause
                .elements
                .iter()
                .any(|element| matches!(element, Element::Node(id) if id == node));
            let health = if is_cause {
                Health::Down
            } else {
                Health::Shadowed
            };
            self.verdicts.insert(
                node.clone(),
                Verdict {
                    health,
                    why: None,
                    finding: Some(index),
                },
            );
        }
    }

    fn finding(&self, cause: &Cause, facts: &Facts, now: Instant, at: Timestamp) -> Finding {
        let network = &self.reference.network;
        let mut cut_off: BTreeSet<AgencyId> = BTreeSet::new();
        for node in cause
            .explains
            .iter()
            .filter(|node| facts.silent.contains(*node))
        {
            cut_off.extend(network.agencies_at(node).iter().cloned());
        }
        // Agencies that nobody asks are behind it as the model says.
        let reached = self.reached_without(cause.elements.iter().take(1));
        for agency in network
            .agencies
            .values()
            .filter(|agency| self.judge.pulse(&agency.node).is_none())
        {
            if reached
                .as_ref()
                .is_some_and(|reached| !reached.contains(&agency.node))
                && agency.node != network.monitor
            {
                cut_off.insert(agency.id.clone());
            }
        }
        let known = self
            .findings
            .iter()
            .find(|finding| finding.causes == cause.elements);
        let one_path = match known {
            Some(finding) => finding.one_path.clone(),
            None => self.left_on_one_path(&cause.elements, &cut_off),
        };
        let mut evidence = cause.evidence.clone();
        evidence.extend(match known {
            // How long before the cause was named does not change with what is found later.
            Some(finding) => {
                let is_hint = |evidence: &&Evidence| matches!(evidence, Evidence::Hint { .. });
                finding.evidence.iter().filter(is_hint).cloned().collect()
            }
            None => self.hinted(&cause.elements, now),
        });
        Finding {
            kind: if cut_off.is_empty() {
                IncidentKind::Redundancy
            } else {
                IncidentKind::Outage
            },
            causes: cause.elements.clone(),
            probability: cause.probability,
            cut_off: cut_off.into_iter().collect(),
            one_path,
            nodes: cause.explains.clone(),
            evidence,
            maintenance: cause
                .elements
                .iter()
                .any(|element| self.special.worked_on.contains(element)),
            since: self.began_of(cause.explains.iter(), &cause.elements, now, at),
        }
    }

    /// Returns agencies that have two paths by design and one without the first of these elements.
    fn left_on_one_path(&self, causes: &[Element], cut_off: &BTreeSet<AgencyId>) -> Vec<AgencyId> {
        let reference = &self.reference;
        let without = Weakness::of(
            &reference.network,
            &reference.graph,
            causes.get(..1).unwrap_or_default(),
        );
        let standing = |weakness: &Weakness, agency: &AgencyId| {
            weakness
                .agencies
                .get(agency)
                .map_or(0, |s| s.disjoint_links)
        };
        reference
            .network
            .agencies
            .keys()
            .filter(|agency| !cut_off.contains(*agency))
            .filter(|agency| {
                standing(&reference.weakness, agency) >= 2 && standing(&without, agency) == 1
            })
            .cloned()
            .collect()
    }

    /// Returns the nodes that are reached from the monitor without some elements; `None` without any element.
    fn reached_without<'a>(
        &self,
        elements: impl Iterator<Item = &'a Element>,
    ) -> Option<BTreeSet<NodeId>> {
        let elements: Vec<&Element> = elements.collect();
        if elements.is_empty() {
            return None;
        }
        let graph = &self.reference.graph;
        let reached = graph.reach(&[graph.monitor()], &graph.cut(elements));
        Some(
            graph
                .node_indices()
                .filter(|node| reached[node.index()])
                .map(|node| graph.node_id(node).clone())
                .collect(),
        )
    }

    /// Judges the silent nodes that are outside their office hours: behind a cause, or unknown.
    fn judge_closed(&mut self, silent: &BTreeSet<NodeId>, findings: &mut [Finding]) {
        let closed: Vec<NodeId> = silent.intersection(&self.special.closed).cloned().collect();
        if closed.is_empty() {
            return;
        }
        let behind: Vec<Option<BTreeSet<NodeId>>> = findings
            .iter()
            .map(|finding| self.reached_without(finding.causes.iter().take(1)))
            .collect();
        for node in closed {
            let index = behind.iter().position(|reached| {
                reached
                    .as_ref()
                    .is_some_and(|reached| !reached.contains(&node))
            });
            let verdict = match index {
                Some(index) => {
                    let finding = &mut findings[index];
                    finding.nodes.push(node.clone());
                    finding.nodes.sort_unstable();
                    finding
                        .cut_off
                        .extend(self.reference.network.agencies_at(&node).iter().cloned());
                    finding.cut_off.sort_unstable();
                    if finding.kind == IncidentKind::Redundancy {
                        finding.kind = IncidentKind::Outage;
                    }
                    Verdict {
                        health: Health::Shadowed,
                        why: None,
                        finding: Some(index),
                    }
                }
                None => Verdict {
                    health: Health::Unknown,
                    why: Some(Why::Closed),
                    finding: None,
                },
            };
            self.verdicts.insert(node, verdict);
        }
    }

    /// Returns when the first of these nodes fell silent, or else the first port on one of these links went down.
    fn began_of<'a>(
        &self,
        nodes: impl Iterator<Item = &'a NodeId>,
        causes: &[Element],
        now: Instant,
        at: Timestamp,
    ) -> Timestamp {
        let silent = nodes
            .filter_map(|node| self.judge.pulse(node))
            .filter(|pulse| pulse.is_silent());
        let first = silent.filter_map(|pulse: &Pulse| pulse.since).min();
        let by_port = || {
            let network = &self.reference.network;
            let touches = |link: &LinkId| causes.iter().any(|cause| network.touches(cause, link));
            let down = self.ports.iter().filter(|(_, port)| !port.up);
            down.filter(|((_, link), _)| touches(link))
                .map(|(_, port)| port.changed)
                .min()
        };
        first
            .or_else(by_port)
            .map_or(at, |instant| moment(instant, now, at))
    }
}
