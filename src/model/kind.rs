//! What links of a kind are like, and what a new one of it costs.

use crate::model::network::{End, Link, Parts, Rates, default_metric};
use crate::model::{LinkId, NodeId};

/// What links of a kind are like where they do not say it themselves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct LinkKind {
    /// Failure and repair.
    pub rates: Rates,
    /// Routing cost.
    pub metric: Option<u32>,
    /// Bits a second.
    pub capacity: Option<u64>,
    /// What a new one costs; `None` where nobody has said that one could be built.
    pub build: Option<Build>,
}

/// The price of a new link, in the network's unit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Build {
    /// Whatever its length.
    pub fixed: f64,
    /// For every kilometre.
    pub per_km: f64,
    /// The longest that can be built.
    pub up_to_km: Option<f64>,
}

impl Build {
    /// Returns the price of a link of a length, `None` beyond what can be built.
    #[must_use]
    pub fn cost(&self, km: f64) -> Option<f64> {
        self.up_to_km
            .is_none_or(|most| km <= most)
            .then_some(self.fixed + self.per_km * km)
    }
}

impl Parts {
    /// Adds a link that does not exist yet, as links of its kind are, in no risk group; its id is `A--B`, with a
    /// number where that is taken. Returns the id.
    pub fn add_link(&mut self, a: &NodeId, b: &NodeId, kind: &str, km: Option<f64>) -> LinkId {
        let like = self.kinds.get(kind).copied().unwrap_or_default();
        let base = format!("{a}--{b}");
        let mut id = LinkId::from(base.as_str());
        let mut turn = 1;
        while self.links.contains_key(&id) {
            turn += 1;
            id = LinkId::new(format!("{base}.{turn}"));
        }
        let end = |node: &NodeId| End {
            node: node.clone(),
            port: None,
        };
        let link = Link {
            id: id.clone(),
            a: end(a),
            b: end(b),
            kind: kind.to_owned(),
            capacity: like.capacity,
            metric: like.metric.unwrap_or_else(|| default_metric(kind)),
            provider: None,
            circuit: None,
            risks: Vec::new(),
            length_km: km,
            cost_build: None,
            cost_yearly: None,
            rates: like.rates,
            was: Vec::new(),
        };
        self.links.insert(id.clone(), link);
        id
    }
}
