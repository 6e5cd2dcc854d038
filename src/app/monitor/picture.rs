//! What the monitor shows: one picture of everything it knows.

use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;

use crate::app::monitor::{Monitor, QUARTERS, moment};
use crate::app::{NodeView, Picture, QUARTER, Round};
use crate::judge::rules::Rules;
use crate::judge::{Phase, Pulse};
use crate::model::health::{Health, Marks, RttChange, Why};
use crate::model::network::Node;
use crate::model::{Element, NodeId};

impl Monitor {
    /// Makes the picture of now. Only what changed since the last one is computed anew.
    pub fn picture(&mut self, now: Instant, at: Timestamp) -> Picture {
        self.look_at_interfaces(now, at);
        let graph = self.reference.graph.clone();
        for place in graph.node_indices() {
            if std::mem::take(&mut self.stale[place.index()]) {
                let node = graph.node_id(place);
                let view = self.view(node, now, at);
                self.views.insert(node.clone(), Arc::new(view));
            }
        }
        let network = &self.reference.network;
        let mut round = Round {
            unsent: self.unsent,
            ..Round::default()
        };
        for (node, pulse) in self.judge.pulses() {
            round.asked += 1;
            round.answered += usize::from(pulse.phase == Phase::Answering);
            if self.polled.contains(node) {
                round.devices += 1;
                round.devices_answered += usize::from(pulse.snmp_misses == Some(0));
            }
        }
        Picture {
            at,
            began: self.began,
            setting: self.setting,
            network: network.clone(),
            weakness: self.reference.weakness.clone(),
            reckonings: self.reckonings.clone(),
            nodes: self.views.clone(),
            incidents: self.book.list(),
            refused_edit: self.refused_edit.clone(),
            broken: self.broken.clone(),
            cut_off_peaks: self.cut_off_peaks(at),
            round,
            hears_routers: self.hears_routers,
        }
    }

    /// Returns the peaks of the day that ends with the quarter of `at`, without what lies before the first.
    fn cut_off_peaks(&self, at: Timestamp) -> Vec<Option<u32>> {
        let newest = at.as_second().div_euclid(QUARTER);
        let day = newest - QUARTERS + 1..=newest;
        let first = self.peaks.range(day).next().map_or(newest, |(at, _)| *at);
        (first..=newest)
            .map(|quarter| self.peaks.get(&quarter).copied())
            .collect()
    }

    fn view(&self, id: &NodeId, now: Instant, at: Timestamp) -> NodeView {
        let network = &self.reference.network;
        let (Some(pulse), Some(node)) = (self.judge.pulse(id), network.nodes.get(id)) else {
            return NodeView {
                why: Some(Why::NeverAsked),
                ..NodeView::default()
            };
        };
        let before = self.views.get(id);
        let (health, why) = self.health(id, node, pulse);
        let since = match before {
            Some(before) if before.health == health && before.since.is_some() => before.since,
            _ if health == Health::Degraded => Some(at),
            _ => pulse.since.map(|since| moment(since, now, at)),
        };
        let (sent, lost) = pulse.window.sent_and_lost();
        let verdict = self.verdicts.get(id);
        let incident = verdict
            .and_then(|verdict| verdict.finding)
            .and_then(|index| self.numbers.get(index))
            .copied();
        let maintenance = self.is_worked_on(id)
            || incident
                .and_then(|id| self.book.open(id))
                .is_some_and(|incident| incident.maintenance);
        NodeView {
            health,
            why,
            marks: Marks {
                maintenance,
                acknowledged: false,
                flapping: pulse.window.is_flapping(),
                policed: self.is_policed(id),
                closed: self.special.closed.contains(id),
            },
            since,
            heard: pulse.heard.map(|heard| moment(heard, now, at)),
            read: pulse.read.map(|read| moment(read, now, at)),
            sent,
            lost,
            loss: pulse.window.loss(),
            rtt: pulse.window.rtt(),
            rtt_change: rtt_change(pulse, now, at),
            trail: pulse.window.trail().collect(),
            incident,
            device: pulse.device.as_ref().map(|(device, _)| device.clone()),
            interfaces: self.gauges.shown(id),
            snmp_answers: pulse
                .snmp_misses
                .map(|misses| misses < self.judge.rules().snmp_misses),
        }
    }

    fn is_worked_on(&self, id: &NodeId) -> bool {
        let worked_on = &self.special.worked_on;
        if worked_on.is_empty() {
            return false;
        }
        let links = self.reference.network.links_at(id);
        worked_on.contains(&Element::Node(id.clone()))
            || (!links.is_empty()
                && links
                    .iter()
                    .all(|link| worked_on.contains(&Element::Link(link.clone()))))
    }

    /// Returns the state of a node and, where it is degraded or unknown, why.
    fn health(&self, id: &NodeId, node: &Node, pulse: &Pulse) -> (Health, Option<Why>) {
        if let Some(verdict) = self.verdicts.get(id)
            && (pulse.is_silent() || verdict.health == Health::Unknown && self.is_mute())
        {
            return (verdict.health, verdict.why);
        }
        match pulse.phase {
            Phase::Unheard if pulse.unsent.is_some() => (Health::Unknown, Some(Why::Unsent)),
            Phase::Unheard => (Health::Unknown, Some(Why::Unheard)),
            Phase::Suspect(suspect) if suspect.unheard => (Health::Unknown, Some(Why::AskedAgain)),
            // Silent, and the inquiry that will say why is not closed: it stays what it was.
            Phase::Silent => {
                let before = self
                    .views
                    .get(id)
                    .map_or(Health::Unknown, |view| view.health);
                let why = (before == Health::Unknown).then_some(Why::AskedAgain);
                (before, why)
            }
            Phase::Suspect(_) | Phase::Answering => {
                let is_policed = self.is_policed(id);
                quality(node, pulse, is_policed, self.judge.rules())
            }
        }
    }
}

/// How long a change of the round trip is shown.
const CHANGE_SHOWN: Duration = Duration::from_hours(24);

fn rtt_change(pulse: &Pulse, now: Instant, at: Timestamp) -> Option<RttChange> {
    let change = pulse.shift.change()?;
    let is_new = now.saturating_duration_since(change.found) < CHANGE_SHOWN;
    is_new.then(|| RttChange {
        since: moment(change.since, now, at),
        before: change.before,
        after: change.after,
    })
}

/// Returns whether an answering node is up or degraded, and why; the pings that a policed one does not answer are
/// no fault.
fn quality(node: &Node, pulse: &Pulse, is_policed: bool, rules: &Rules) -> (Health, Option<Why>) {
    if pulse.window.is_lossy() && !is_policed {
        return (Health::Degraded, Some(Why::Loss));
    }
    if pulse
        .window
        .rtt()
        .is_some_and(|rtt| rtt.median > node.policy.rtt_max)
    {
        return (Health::Degraded, Some(Why::Slow));
    }
    if pulse.ping_refused && !is_policed {
        return (Health::Degraded, Some(Why::PingSilent));
    }
    if pulse
        .snmp_misses
        .is_some_and(|misses| misses >= rules.snmp_misses)
    {
        return (Health::Degraded, Some(Why::SnmpSilent));
    }
    (Health::Up, None)
}
