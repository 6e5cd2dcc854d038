//! How often each element is down: what the topology says, what was measured, and how sure that is.
//!
//! A declared rate is an assumption. It is taken as a Gamma distribution worth two failures, so that measured
//! outages move it and soon outweigh it: after `f` failures in `h` hours a rate declared as one in `t` hours is
//! `(2 + f) / (2 t + h)`. Its interval is wide and is shown, since two failures in a quarter prove little.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::model::Element;
use crate::model::network::{
    DEFAULT_NODE_RATES, DEFAULT_RISK_RATES, Network, Rates, default_rates,
};

/// How many failures a declared rate is worth.
const PRIOR: u32 = 2;

/// The part of the distribution left out at either end of an interval: 90 % are inside.
const TAIL: f64 = 0.05;

/// Outages of one element that were seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outages {
    /// How long it was watched.
    pub watched: Duration,
    /// How long each outage took.
    pub repairs: Vec<Duration>,
}

/// Whence a rate is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// The default of its kind.
    Default,
    /// The topology.
    Declared,
    /// Outages that were seen, over what was declared.
    Measured,
}

/// How often one element is down.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Chance {
    /// Hours between failures, infinite for what never fails.
    pub between: f64,
    /// Hours to repair.
    pub repair: f64,
    /// The part of the time that it is down, 0..1.
    pub unavailability: f64,
    /// The 90 % credible interval of that.
    pub interval: (f64, f64),
    /// Whence.
    pub source: Source,
}

impl Chance {
    /// Returns the chance after some outages, of rates whose gaps are filled by `default`.
    #[must_use]
    pub fn of(rates: Rates, default: (Duration, Duration), seen: Option<&Outages>) -> Self {
        let hours = |time: Duration| time.as_secs_f64() / 3600.0;
        let declared = hours(rates.mtbf.unwrap_or(default.0));
        let usual = hours(rates.mttr.unwrap_or(default.1));
        let none = Outages::default();
        let outages = seen.unwrap_or(&none);
        let failures = u32::try_from(outages.repairs.len()).unwrap_or(u32::MAX - PRIOR);
        let shape = PRIOR.saturating_add(failures);
        let exposure = f64::from(PRIOR) * declared + hours(outages.watched);
        // The mean of logarithms: one repair of a week must not make every repair one of days.
        let repair = if usual > 0.0 {
            let logs: f64 = outages
                .repairs
                .iter()
                .map(|time| hours(*time).max(1.0 / 3600.0).ln())
                .sum();
            ((f64::from(PRIOR) * usual.ln() + logs) / f64::from(shape)).exp()
        } else {
            0.0
        };
        let down = |rate: f64| {
            let part = rate * repair / (1.0 + rate * repair);
            if part.is_nan() { 1.0 } else { part }
        };
        let rate = f64::from(shape) / exposure;
        Self {
            between: 1.0 / rate,
            repair,
            unavailability: if repair > 0.0 { down(rate) } else { 0.0 },
            interval: if repair > 0.0 {
                (
                    down(quantile(shape, TAIL) / exposure),
                    down(quantile(shape, 1.0 - TAIL) / exposure),
                )
            } else {
                (0.0, 0.0)
            },
            source: match (seen, rates.mtbf.or(rates.mttr)) {
                (Some(_), _) => Source::Measured,
                (None, Some(_)) => Source::Declared,
                (None, None) => Source::Default,
            },
        }
    }

    /// Returns what the topology declares of one element; `None` where it does not have it.
    #[must_use]
    pub fn declared(network: &Network, element: &Element) -> Option<Self> {
        let (rates, default) = match element {
            Element::Node(id) => (network.nodes.get(id)?.rates, DEFAULT_NODE_RATES),
            Element::Link(id) => {
                let link = network.links.get(id)?;
                (link.rates, default_rates(&link.kind))
            }
            Element::Risk(id) => (network.risks.get(id)?.rates, DEFAULT_RISK_RATES),
        };
        Some(Self::of(rates, default, None))
    }

    /// Returns failures a year.
    #[must_use]
    pub fn failures(&self) -> f64 {
        super::YEAR / (self.between + self.repair)
    }
}

/// The chances of all elements of a network, in the order of `Network::elements`.
#[derive(Clone, Debug, PartialEq)]
pub struct Chances(Vec<Chance>);

impl Chances {
    /// Returns what the topology declares.
    #[must_use]
    pub fn declared(network: &Network) -> Self {
        Self::of(network, &BTreeMap::new())
    }

    /// Returns what the topology declares, moved by the outages that were seen.
    #[must_use]
    pub fn of(network: &Network, seen: &BTreeMap<Element, Outages>) -> Self {
        let nodes = network.nodes.values().map(|node| {
            let element = Element::Node(node.id.clone());
            Chance::of(node.rates, DEFAULT_NODE_RATES, seen.get(&element))
        });
        let links = network.links.values().map(|link| {
            let element = Element::Link(link.id.clone());
            Chance::of(link.rates, default_rates(&link.kind), seen.get(&element))
        });
        let risks = network.risks.values().map(|risk| {
            let element = Element::Risk(risk.id.clone());
            Chance::of(risk.rates, DEFAULT_RISK_RATES, seen.get(&element))
        });
        Self(nodes.chain(links).chain(risks).collect())
    }

    /// Returns the chance at a position of `Network::elements`.
    #[must_use]
    pub fn at(&self, place: usize) -> Option<&Chance> {
        self.0.get(place)
    }

    /// Returns all of them.
    #[must_use]
    pub fn all(&self) -> &[Chance] {
        &self.0
    }
}

/// Returns the quantile of the Gamma distribution of an integer shape and rate 1, by bisection on its tail, a sum
/// of Poisson terms.
fn quantile(shape: u32, below: f64) -> f64 {
    // Beyond this many the normal approximation (Wilson and Hilferty 1931) is good to four digits.
    if shape > 2_000 {
        let k = f64::from(shape);
        let z = if below < 0.5 { -1.644_854 } else { 1.644_854 };
        return k * (1.0 - 1.0 / (9.0 * k) + z / (3.0 * k.sqrt())).powi(3);
    }
    let tail = |x: f64| {
        let mut term = (-x).exp();
        let mut sum = 0.0;
        for k in 0..shape {
            sum += term;
            term *= x / f64::from(k + 1);
        }
        1.0 - sum
    };
    let (mut low, mut high) = (
        0.0,
        f64::from(shape) + 10.0 * f64::from(shape).sqrt() + 10.0,
    );
    for _ in 0..60 {
        let middle = f64::midpoint(low, high);
        *(if tail(middle) < below {
            &mut low
        } else {
            &mut high
        }) = middle;
    }
    f64::midpoint(low, high)
}
