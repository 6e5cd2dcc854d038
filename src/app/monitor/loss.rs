//! Loss on the way as incidents: looked for in the windows, not in an inquiry.

use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::analysis::lossy::{Echoes, Lossy, Manner};
use crate::app::incident::Finding;
use crate::app::monitor::Monitor;
use crate::graph::NodeIx;
use crate::judge::{Phase, Pulse, window};
use crate::model::Element;
use crate::model::incident::{Evidence, IncidentKind};

/// How often the windows are looked at.
const EVERY: Duration = Duration::from_secs(10);

/// Echoes that show a heavy loss soonest: all of them are lost by what it is now, and none by what was before.
const LATEST: usize = 3;

/// Echoes in which loss must still be seen: what was mended is out of them after 200 s.
const NEWEST: usize = 20;

impl Monitor {
    /// Looks for lossy links, and opens, keeps or ends their incidents.
    pub(super) fn look_for_loss(&mut self, now: Instant, at: Timestamp) {
        if self.loss_again.is_some_and(|again| now < again) {
            return;
        }
        self.loss_again = Some(now + EVERY);
        let is_loss = |finding: &Finding| finding.kind == IncidentKind::Loss;
        let is_clean = |pulse: &Pulse| pulse.window.sent_and_lost().1 == 0;
        if !self.findings.iter().any(is_loss)
            && self.judge.pulses().all(|(_, pulse)| is_clean(pulse))
        {
            return;
        }
        // The newest echoes show a new fault soonest; the whole window shows one that few nodes see.
        let (paths, graph) = (&self.reference.paths, &self.reference.graph);
        // Who has one echo has one in any number of the newest, so all looks are at the same targets.
        let mut laid = self.laid.take();
        let mut find = |last, manner: &Manner| {
            let echoes = self.echoes(last);
            let lost: u32 = echoes.iter().map(|(_, echoes)| echoes.lost).sum();
            if lost < manner.fewest {
                return Vec::new();
            }
            let nodes = || echoes.iter().map(|(node, _)| *node);
            if laid
                .as_ref()
                .is_none_or(|(known, _)| !known.iter().copied().eq(nodes()))
            {
                laid = Some((nodes().collect(), paths.lay(graph, &echoes)));
            }
            laid.as_mut().map_or_else(Vec::new, |(_, laid)| {
                laid.lossy(graph, &echoes, manner).segments
            })
        };
        let mut found = find(LATEST, &Manner::ALWAYS);
        let mut slow = find(NEWEST, &Manner::ALWAYS);
        slow.extend(find(window::LENGTH, &Manner::ALWAYS));
        let open: Vec<&Element> = self
            .findings
            .iter()
            .filter(|finding| is_loss(finding))
            .flat_map(|finding| &finding.causes)
            .collect();
        if !open.is_empty() {
            // Two levels, so that an incident at the edge of being sure does not come and go.
            let known = find(window::LENGTH, &Manner::ONCE);
            let is_open =
                |lossy: &Lossy| lossy.elements.iter().any(|element| open.contains(&element));
            slow.extend(known.into_iter().filter(is_open));
        }
        self.laid = laid;
        for slow in slow {
            let is_known = found.iter().any(|known: &Lossy| {
                let mut elements = known.elements.iter();
                elements.any(|element| slow.elements.contains(element))
            });
            let newest = slow
                .nodes
                .iter()
                .filter_map(|node| self.judge.pulse(node))
                .map(|pulse| pulse.window.newest(NEWEST));
            let is_over = newest.map(|(_, lost)| lost).sum::<u32>() == 0;
            if !is_known && !is_over {
                found.push(slow);
            }
        }
        let found = apart(found);
        if found.is_empty() && !self.findings.iter().any(is_loss) {
            return;
        }
        // One alone may limit its answers, and would be asked all the more for answering less.
        let ways = found.iter().filter(|lossy| lossy.nodes.len() > 1);
        let behind = ways.flat_map(|lossy| {
            let ratio = lossy.loss.ratio;
            lossy.nodes.iter().map(move |node| (node.clone(), ratio))
        });
        self.judge.expect_loss(behind.collect());
        let findings: Vec<Finding> = found
            .iter()
            .map(|lossy| self.loss_finding(lossy, at))
            .collect();
        // Behind all others, so that the verdicts keep pointing at theirs.
        self.findings.retain(|finding| !is_loss(finding));
        self.findings.extend(findings);
        self.numbers = self.book.take(&self.findings, at);
    }

    /// Returns the newest echoes of everybody who answers, ascending.
    ///
    /// Of a suspect the one that made it a suspect is left out: it may be the first of an outage.
    fn echoes(&self, most: usize) -> Vec<(NodeIx, Echoes)> {
        let graph = &self.reference.graph;
        let newest = |pulse: &Pulse| match pulse.phase {
            Phase::Answering => pulse.window.newest(most),
            Phase::Suspect(_) => pulse.window.before(most),
            Phase::Unheard | Phase::Silent => (0, 0),
        };
        self.judge
            .pulses()
            .filter_map(|(node, pulse)| {
                let (sent, lost) = newest(pulse);
                let at = graph.node(node).filter(|_| sent > 0)?;
                // What a node does not care to answer says nothing about its way.
                (!self.policing.is_policed(at)).then_some((at, Echoes { sent, lost }))
            })
            .collect()
    }

    fn loss_finding(&self, lossy: &Lossy, at: Timestamp) -> Finding {
        let worked_on = |element: &Element| self.special.worked_on.contains(element);
        Finding {
            kind: IncidentKind::Loss,
            causes: lossy.elements.clone(),
            probability: lossy.probability,
            cut_off: Vec::new(),
            one_path: Vec::new(),
            nodes: lossy.nodes.clone(),
            evidence: vec![
                Evidence::Loss {
                    lost: lossy.behind.lost,
                    sent: lossy.behind.sent,
                    lost_beside: lossy.beside.lost,
                    sent_beside: lossy.beside.sent,
                },
                Evidence::Loses(lossy.loss),
            ],
            maintenance: lossy.elements.iter().any(worked_on),
            since: at,
        }
    }
}

/// Keeps of those that share nodes behind them the first, which explains most.
///
/// Windows remember loss that began or ended within them, which no constant loss fits: a second segment of the same
/// way then takes up the rest of the first one's loss, and would be an incident about nothing.
fn apart(found: Vec<Lossy>) -> Vec<Lossy> {
    let mut kept: Vec<Lossy> = Vec::new();
    for lossy in found {
        let shares = |other: &Lossy| other.nodes.iter().any(|node| lossy.nodes.contains(node));
        if !kept.iter().any(shares) {
            kept.push(lossy);
        }
    }
    kept
}
