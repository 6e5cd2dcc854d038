//! Every declared link against the cables that were heard.
//!
//! What fits best is claimed first: a sighting that names both declared ports belongs to that link and explains no
//! other. Only what nobody claims can be a link that moved, and what is left after that is undeclared.

mod state;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::finding::code::Code;
use crate::analysis::finding::{Evidence, Far, Finding, Kind, Thing, Value};
use crate::analysis::wiring::cable::{Cable, PortRef, Sighting, Sights, cables};
use crate::analysis::wiring::known::Known;
use crate::analysis::wiring::witness::{Witness, written};
use crate::analysis::wiring::{Sight, Wiring};
use crate::model::network::{End, Link, Network};
use crate::model::{Element, LinkId, NodeId};

/// A declared link while it is looked for.
struct Sought<'n> {
    link: &'n Link,
    ports: [PortRef; 2],
    /// The sighting by each end that fits.
    seen: [Option<usize>; 2],
    is_through: bool,
}

impl Sought<'_> {
    fn end(&self, at: usize) -> &End {
        if at == 0 { &self.link.a } else { &self.link.b }
    }

    fn is_seen(&self) -> bool {
        self.is_through || self.seen.iter().any(Option::is_some)
    }

    fn finding(&self, code: Code) -> Finding {
        let id = &self.link.id;
        let thing = Thing::new(Kind::Link, id.as_str());
        Finding {
            declared: Some(Value::Text(self.written())),
            ..Finding::new(code, thing, Some(Element::Link(id.clone())))
        }
    }

    /// How the topology writes its ends.
    fn written(&self) -> String {
        let [a, b] = self.link.ends().map(|end| match &end.port {
            Some(port) => format!("{}:{port}", end.node),
            None => end.node.to_string(),
        });
        format!("{a} – {b}")
    }
}

/// What is left to look at.
struct Desk<'a> {
    answered: &'a BTreeMap<&'a NodeId, &'a Witness>,
    known: &'a Known<'a>,
    sights: Vec<Sighting>,
    claimed: Vec<bool>,
    sought: Vec<Sought<'a>>,
    wiring: Wiring,
    wrong: BTreeSet<LinkId>,
}

/// Compares all links.
pub(super) fn compare(
    network: &Network,
    answered: &BTreeMap<&NodeId, &Witness>,
    sights: Sights,
    known: &Known<'_>,
) -> Wiring {
    let sought = network
        .links
        .values()
        .map(|link| Sought {
            link,
            ports: link.ends().map(|end| {
                let spelling: Vec<String> = end.port.iter().cloned().collect();
                PortRef::new(&spelling, answered.get(&end.node).copied())
            }),
            seen: [None, None],
            is_through: false,
        })
        .collect();
    let mut desk = Desk {
        answered,
        known,
        claimed: vec![false; sights.0.len()],
        sights: sights.0,
        sought,
        wiring: Wiring::default(),
        wrong: BTreeSet::new(),
    };
    desk.claim();
    desk.through();
    let left = desk.moved();
    desk.missing();
    desk.one_sided();
    desk.left_over(&left);
    desk.states();
    desk.finish()
}

impl Desk<'_> {
    /// Gives each sighting to the link that it fits best.
    fn claim(&mut self) {
        let mut at: BTreeMap<(&NodeId, &NodeId), Vec<usize>> = BTreeMap::new();
        for (number, sight) in self.sights.iter().enumerate() {
            if let (Some(far), false) = (sight.node(), sight.is_stale) {
                at.entry((&sight.by, far)).or_default().push(number);
            }
        }
        let mut fits = Vec::new();
        for (number, sought) in self.sought.iter().enumerate() {
            for end in 0..2 {
                let nodes = (&sought.end(end).node, &sought.end(1 - end).node);
                for sight in at.get(&nodes).into_iter().flatten() {
                    let seen = &self.sights[*sight];
                    let near = seen.port.is(&sought.ports[end]);
                    let far = seen.far_port.is(&sought.ports[1 - end]);
                    if near == Some(false) || far == Some(false) {
                        continue;
                    }
                    let rank = 2 * usize::from(near.is_some()) + usize::from(far.is_some());
                    fits.push((Reverse(rank), number, end, *sight));
                }
            }
        }
        fits.sort_unstable();
        for (_, number, end, sight) in fits {
            if self.sought[number].seen[end].is_none() && !self.claimed[sight] {
                self.sought[number].seen[end] = Some(sight);
                self.claimed[sight] = true;
            }
        }
    }

    /// Finds ends that hear each other across a node that cannot be asked: what lies between passes LLDP on.
    fn through(&mut self) {
        let mut leads: BTreeMap<NodeId, Vec<(usize, usize)>> = BTreeMap::new();
        for (number, sought) in self.sought.iter().enumerate() {
            for end in 0..2 {
                if !self.answered.contains_key(&sought.end(1 - end).node) {
                    leads
                        .entry(sought.end(end).node.clone())
                        .or_default()
                        .push((number, end));
                }
            }
        }
        for at in 0..self.sights.len() {
            let sight = &self.sights[at];
            let Some(far) = sight
                .node()
                .filter(|_| !self.claimed[at] && !sight.is_stale)
            else {
                continue;
            };
            let fitting = |node: &NodeId, port: &PortRef| -> Vec<(usize, usize)> {
                let all = leads.get(node).into_iter().flatten();
                all.filter(|(number, end)| {
                    port.is(&self.sought[*number].ports[*end]) != Some(false)
                })
                .copied()
                .collect()
            };
            let pair = fitting(&sight.by, &sight.port).into_iter().find_map(|one| {
                let between =
                    |(number, end): (usize, usize)| &self.sought[number].end(1 - end).node;
                let other = fitting(far, &sight.far_port)
                    .into_iter()
                    .find(|other| between(*other) == between(one))?;
                Some([one, other])
            });
            if let Some(pair) = pair {
                self.claimed[at] = true;
                for (number, end) in pair {
                    self.sought[number].is_through = true;
                    if self.sought[number].end(end).node == self.sights[at].by {
                        self.sought[number].seen[end].get_or_insert(at);
                    }
                }
            }
        }
    }

    /// Finds links on other ports and at other neighbours; returns the cables that explain nothing.
    fn moved(&mut self) -> Vec<Cable> {
        let free: Vec<&Sighting> = (0..self.sights.len())
            .filter(|at| !self.claimed[*at] && !self.sights[*at].is_stale)
            .map(|at| &self.sights[at])
            .collect();
        let cables = cables(&free);
        let mut used = vec![false; cables.len()];
        let mut found = Vec::new();
        // Between the same nodes first: the link is there, on another port.
        for sought in &self.sought {
            if sought.is_through || sought.seen.iter().all(Option::is_some) {
                continue;
            }
            let (a, b) = (&sought.link.a.node, &sought.link.b.node);
            let best = (0..cables.len())
                .filter(|at| !used[*at] && cables[*at].joins(a, b))
                .filter(|at| {
                    // With one end seen in its place, only a report of that very port is about this link.
                    !sought.is_seen() || sharing(&cables[*at], sought) > 0
                })
                .max_by_key(|at| (sharing(&cables[*at], sought), Reverse(*at)));
            if let Some(at) = best {
                used[at] = true;
                found.push(Finding {
                    field: Some("port"),
                    seen: Some(Value::Text(cables[at].written())),
                    evidence: cables[at].evidence.clone(),
                    ..sought.finding(Code::LinkMoved)
                });
            }
        }
        let moved: BTreeSet<String> = found.iter().map(|one| one.about.id.clone()).collect();
        // Then what hangs on a declared port, wherever it leads; two links may share such a cable.
        let mut elsewhere = BTreeSet::new();
        for sought in &self.sought {
            if sought.is_seen() || moved.contains(sought.link.id.as_str()) {
                continue;
            }
            let on: Vec<usize> = (0..cables.len())
                .filter(|at| !used[*at] && sharing(&cables[*at], sought) > 0)
                .collect();
            let is_ambiguous = |cable: &Cable| match &cable.far.0 {
                Far::Several(nodes, _) => sought
                    .link
                    .ends()
                    .iter()
                    .any(|end| end.node != cable.near.0 && nodes.contains(&end.node)),
                Far::Node(..) | Far::Stranger(_) => false,
            };
            if on.is_empty() {
                continue;
            }
            let code = if on.iter().all(|at| is_ambiguous(&cables[*at])) {
                Code::LinkAmbiguous
            } else {
                Code::LinkMoved
            };
            let seen: Vec<String> = on.iter().map(|at| cables[*at].written()).collect();
            let evidence = on.iter().flat_map(|at| cables[*at].evidence.clone());
            found.push(Finding {
                field: Some("neighbour"),
                seen: Some(Value::Text(seen.join(", "))),
                evidence: evidence.collect(),
                ..sought.finding(code)
            });
            elsewhere.extend(on);
        }
        self.add(found);
        let is_left = |at: &usize| !used[*at] && !elsewhere.contains(at);
        (0..cables.len())
            .filter(is_left)
            .map(|at| cables[at].clone())
            .collect()
    }

    fn add(&mut self, findings: Vec<Finding>) {
        for finding in findings {
            if finding.about.kind == Kind::Link {
                self.wrong.insert(LinkId::from(finding.about.id.as_str()));
            }
            self.wiring.findings.push(finding);
        }
    }

    /// Finds links of which nothing was heard although somebody should have heard it.
    fn missing(&mut self) {
        let mut found = Vec::new();
        for sought in &self.sought {
            if sought.is_seen() || self.wrong.contains(&sought.link.id) {
                continue;
            }
            let mut down = Vec::new();
            let mut silent = Vec::new();
            let mut stale = Vec::new();
            let mut telling = 0;
            for end in 0..2 {
                let (here, there) = (sought.end(end), sought.end(1 - end));
                let Some(device) = self.answered.get(&here.node) else {
                    continue;
                };
                let port = sought.ports[end].at.and_then(|at| device.ports.get(at));
                let shown = || sought.ports[end].shown.clone();
                if let Some(port) =
                    port.filter(|port| crate::analysis::wiring::cable::is_down(port.oper))
                {
                    down.push(Evidence::Port {
                        by: here.node.clone(),
                        port: shown(),
                        oper: port.oper,
                    });
                }
                let remembered = self.sights.iter().filter(|sight| {
                    sight.is_stale
                        && sight.by == here.node
                        && sight.node() == Some(&there.node)
                        && sight.port.is(&sought.ports[end]) != Some(false)
                });
                stale.extend(remembered.flat_map(|sight| sight.evidence.clone()));
                // What was cut short may have left out just this one, and who speaks LLDP is not heard by CDP.
                let there = self.answered.get(&there.node);
                let is_spoken = there.is_some_and(|far| !far.tells.is_disjoint(&device.tells));
                if is_spoken && device.is_whole {
                    telling += 1;
                    silent.push(if sought.ports[end].keys.is_empty() {
                        Evidence::NotAmong {
                            by: here.node.clone(),
                            far: sought.end(1 - end).node.clone(),
                        }
                    } else {
                        Evidence::Nobody {
                            by: here.node.clone(),
                            port: shown(),
                        }
                    });
                }
            }
            let code = if !stale.is_empty() {
                Code::LinkStale
            } else if !down.is_empty() || telling == 2 {
                Code::LinkMissing
            } else {
                continue;
            };
            let field = if down.is_empty() {
                "neighbour"
            } else {
                "state"
            };
            down.extend(stale);
            down.extend(silent);
            found.push(Finding {
                field: Some(field),
                evidence: down,
                ..sought.finding(code)
            });
        }
        self.add(found);
    }

    /// Finds links of which only one end speaks although both could.
    fn one_sided(&mut self) {
        let mut found = Vec::new();
        for sought in &self.sought {
            if sought.is_through || self.wrong.contains(&sought.link.id) {
                continue;
            }
            let (seen, end) = match sought.seen {
                [Some(seen), None] => (seen, 1),
                [None, Some(seen)] => (seen, 0),
                _ => continue,
            };
            let node = &sought.end(end).node;
            let by = |evidence: &Evidence| match evidence {
                Evidence::Heard { protocol, .. } => Some(*protocol),
                _ => None,
            };
            let mut spoken = self.sights[seen].evidence.iter().filter_map(by);
            let can_tell = self.answered.get(node).is_some_and(|device| {
                device.is_whole && spoken.any(|protocol| device.tells.contains(&protocol))
            });
            if can_tell {
                let mut evidence = self.sights[seen].evidence.clone();
                evidence.push(Evidence::NotAmong {
                    by: node.clone(),
                    far: sought.end(1 - end).node.clone(),
                });
                found.push(Finding {
                    field: Some("neighbour"),
                    evidence,
                    ..sought.finding(Code::LinkOneSided)
                });
            }
        }
        self.add(found);
    }

    /// Names the cables that no declaration explains.
    fn left_over(&mut self, left: &[Cable]) {
        let found = left.iter().map(|cable| {
            let code = match cable.far.0 {
                Far::Node(..) => Code::LinkExtra,
                Far::Several(..) => Code::LinkAmbiguous,
                Far::Stranger(_) => Code::NeighbourUnknown,
            };
            let node = cable.near.0.clone();
            Finding {
                field: Some("neighbour"),
                seen: Some(Value::Text(cable.written())),
                evidence: cable.evidence.clone(),
                ..Finding::new(
                    code,
                    Thing::new(Kind::Node, node.as_str()),
                    Some(Element::Node(node)),
                )
            }
        });
        let found = found.collect();
        self.add(found);
    }

    /// Returns what each end has learnt of the other's addresses on the declared port, or on any where none is declared.
    fn behind(&self, sought: &Sought<'_>) -> Vec<Evidence> {
        let ends = (0..2).filter_map(|end| {
            let (here, there) = (&sought.end(end).node, &sought.end(1 - end).node);
            let device = self.answered.get(here)?;
            let ports = &sought.ports[end];
            let learnt = device.stations.iter().find(|station| {
                let is_there = ports.keys.is_empty() || ports.at == Some(station.port);
                is_there && self.known.is_of(there, station.mac, station.address)
            })?;
            let port = device.ports.get(learnt.port)?;
            Some(Evidence::Learnt {
                by: here.clone(),
                port: port.names.first().cloned().unwrap_or_default(),
                far: there.clone(),
                mac: written(learnt.mac),
            })
        });
        ends.collect()
    }

    fn finish(mut self) -> Wiring {
        for sought in &self.sought {
            let id = &sought.link.id;
            let sight = match sought.seen {
                _ if self.wrong.contains(id) => Sight::Wrong,
                _ if sought.is_through => Sight::Through,
                [Some(_), Some(_)] => Sight::Both,
                [None, None] => Sight::Unseen,
                _ => Sight::One,
            };
            let seen = sought.seen.iter().flatten();
            let mut heard: Vec<Evidence> = seen
                .flat_map(|at| self.sights[*at].evidence.clone())
                .collect();
            let learnt = match sight {
                Sight::Unseen => self.behind(sought),
                _ => Vec::new(),
            };
            let sight = if learnt.is_empty() {
                sight
            } else {
                Sight::Behind
            };
            heard.extend(learnt);
            if !heard.is_empty() {
                self.wiring.heard.insert(id.clone(), heard);
            }
            self.wiring.links.insert(id.clone(), sight);
        }
        self.wiring
    }
}

/// At how many of its declared ports a link is met by a cable.
fn sharing(cable: &Cable, sought: &Sought<'_>) -> usize {
    (0..2)
        .filter(|end| {
            let port = cable.port_at(&sought.end(*end).node);
            port.is_some_and(|port| port.is(&sought.ports[*end]) == Some(true))
        })
        .count()
}
