//! What most things of a kind have in common, to be said once as a default.
//!
//! A default reaches every member of its kind, and no key takes it away from one again: a value becomes a default
//! only where all members have one. Where fewer than half share it, a default would hide more than it saves.

use std::collections::BTreeMap;

use crate::model::kind::{Build, LinkKind};
use crate::model::network::{Link, Node, Parts, Policy, Rates, RiskGroup, default_metric};

/// The defaults of a network.
#[derive(Debug)]
pub(super) struct Usual {
    pub(super) policy: Policy,
    pub(super) links: BTreeMap<String, LinkUsual>,
    pub(super) nodes: BTreeMap<String, Rates>,
    pub(super) risks: BTreeMap<String, Rates>,
}

/// What links of one kind have in common, or what one has beyond that.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct LinkUsual {
    pub(super) metric: Option<u32>,
    pub(super) capacity: Option<u64>,
    pub(super) rates: Rates,
    /// What a new one costs.
    pub(super) build: Option<Build>,
}

impl Usual {
    pub(super) fn of(parts: &Parts) -> Self {
        let mut nodes: BTreeMap<&str, Vec<Rates>> = BTreeMap::new();
        for node in parts.nodes.values() {
            nodes.entry(&node.role).or_default().push(node.rates);
        }
        let mut risks: BTreeMap<&str, Vec<Rates>> = BTreeMap::new();
        for risk in parts.risks.values() {
            risks.entry(&risk.kind).or_default().push(risk.rates);
        }
        Self {
            policy: policy(parts),
            links: of_link_kinds(parts),
            nodes: of_kinds(nodes),
            risks: of_kinds(risks),
        }
    }

    pub(super) fn beyond_link(&self, link: &Link) -> LinkUsual {
        let usual = self.links.get(&link.kind).copied().unwrap_or_default();
        let metric = usual.metric.unwrap_or_else(|| default_metric(&link.kind));
        LinkUsual {
            metric: Some(link.metric).filter(|own| *own != metric),
            capacity: beyond(link.capacity, usual.capacity),
            rates: beyond_rates(link.rates, usual.rates),
            build: None,
        }
    }

    pub(super) fn beyond_node(&self, node: &Node) -> Rates {
        beyond_rates(
            node.rates,
            self.nodes.get(&node.role).copied().unwrap_or_default(),
        )
    }

    pub(super) fn beyond_risk(&self, risk: &RiskGroup) -> Rates {
        beyond_rates(
            risk.rates,
            self.risks.get(&risk.kind).copied().unwrap_or_default(),
        )
    }
}

fn beyond<T: Copy + PartialEq>(own: Option<T>, usual: Option<T>) -> Option<T> {
    own.filter(|own| usual != Some(*own))
}

fn beyond_rates(own: Rates, usual: Rates) -> Rates {
    Rates {
        mtbf: beyond(own.mtbf, usual.mtbf),
        mttr: beyond(own.mttr, usual.mttr),
    }
}

fn of_kinds(kinds: BTreeMap<&str, Vec<Rates>>) -> BTreeMap<String, Rates> {
    kinds
        .into_iter()
        .map(|(kind, all)| (kind.to_owned(), rates(&all)))
        .collect()
}

fn rates(all: &[Rates]) -> Rates {
    Rates {
        mtbf: most(all.iter().map(|rates| rates.mtbf)),
        mttr: most(all.iter().map(|rates| rates.mttr)),
    }
}

/// Returns what is usual of every kind that has links or that the network says something of.
fn of_link_kinds(parts: &Parts) -> BTreeMap<String, LinkUsual> {
    let mut links: BTreeMap<&str, Vec<&Link>> = BTreeMap::new();
    for kind in parts.kinds.keys() {
        links.entry(kind).or_default();
    }
    for link in parts.links.values() {
        links.entry(&link.kind).or_default().push(link);
    }
    let usual = |(kind, links): (&str, Vec<&Link>)| {
        let said = parts.kinds.get(kind).copied().unwrap_or_default();
        (kind.to_owned(), of_links(kind, &links, &said))
    };
    links.into_iter().map(usual).collect()
}

/// Returns what is usual of one kind: what the network says of it, as far as no link is without a value.
fn of_links(kind: &str, links: &[&Link], said: &LinkKind) -> LinkUsual {
    let mtbf = links.iter().map(|link| link.rates.mtbf);
    let mttr = links.iter().map(|link| link.rates.mttr);
    let metric = most(links.iter().map(|link| Some(link.metric)));
    LinkUsual {
        metric: (said.metric).or(metric.filter(|metric| *metric != default_metric(kind))),
        capacity: said_or_most(said.capacity, links.iter().map(|link| link.capacity)),
        rates: Rates {
            mtbf: said_or_most(said.rates.mtbf, mtbf),
            mttr: said_or_most(said.rates.mttr, mttr),
        },
        build: said.build,
    }
}

fn said_or_most<T: Ord>(
    said: Option<T>,
    values: impl Iterator<Item = Option<T>> + Clone,
) -> Option<T> {
    said.filter(|_| values.clone().all(|value| value.is_some()))
        .or_else(|| most(values))
}

/// Returns the value that at least half of several have, the smaller at a tie, where none is without one.
fn most<T: Ord>(values: impl Iterator<Item = Option<T>>) -> Option<T> {
    let mut counts: BTreeMap<T, usize> = BTreeMap::new();
    let mut all = 0;
    for value in values {
        *counts.entry(value?).or_default() += 1;
        all += 1;
    }
    let (value, count) = counts.into_iter().rev().max_by_key(|(_, count)| *count)?;
    (all >= 3 && count * 2 >= all).then_some(value)
}

/// Returns how most nodes are asked.
fn policy(parts: &Parts) -> Policy {
    let policies = || parts.nodes.values().map(|node| &node.policy);
    let base = Policy::default();
    Policy {
        ping_interval: most(policies().map(|policy| Some(policy.ping_interval)))
            .unwrap_or(base.ping_interval),
        ping_timeout: most(policies().map(|policy| Some(policy.ping_timeout)))
            .unwrap_or(base.ping_timeout),
        rtt_max: most(policies().map(|policy| Some(policy.rtt_max))).unwrap_or(base.rtt_max),
        snmp_interval: most(policies().map(|policy| Some(policy.snmp_interval)))
            .unwrap_or(base.snmp_interval),
        snmp_timeout: most(policies().map(|policy| Some(policy.snmp_timeout)))
            .unwrap_or(base.snmp_timeout),
        snmp_retries: most(policies().map(|policy| Some(policy.snmp_retries)))
            .unwrap_or(base.snmp_retries),
    }
}
