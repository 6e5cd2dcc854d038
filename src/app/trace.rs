//! One trace by hand: sockets, the model's path, and what both say of each other.

use std::net::IpAddr;
use std::time::Duration;

use crate::analysis::way::{Explained, Web, explain};
use crate::app::Setting;
use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::trace::Trace;
use crate::model::{Element, NodeId};
use crate::probe::ping::IcmpKind;
use crate::probe::trace::log::Plan;
use crate::probe::trace::{Line, TraceError};
use crate::wire::echo::Family;

/// What is traced.
#[derive(Clone, Debug)]
pub struct Question {
    /// Where to.
    pub address: IpAddr,
    /// The node that has the address, where the model knows it.
    pub node: Option<NodeId>,
    /// How many flows.
    pub flows: u16,
    /// How patiently.
    pub plan: Plan,
    /// What the view of the model has removed.
    pub removed: Vec<Element>,
    /// The word of that view.
    pub view: String,
    /// Where we are.
    pub setting: Setting,
}

/// A trace, explained.
#[derive(Clone, Debug)]
pub struct Traced {
    /// What was asked.
    pub question: Question,
    /// What was heard.
    pub trace: Trace,
    /// What the model says of it.
    pub explained: Explained,
    /// Whether the model has a path there; `None` where it does not know the address.
    pub has_path: Option<bool>,
    /// The socket that was granted.
    pub socket: IcmpKind,
    /// How long it took.
    pub took: Duration,
}

/// Traces; `seen` is shown what is known while it goes on. Gives up the capabilities of this thread.
pub fn trace(
    question: Question,
    network: Option<&Network>,
    seen: impl FnMut(&Trace),
) -> Result<Traced, TraceError> {
    let line = Line::open(question.flows, Family::of(question.address))?;
    let graph = network.map(Graph::new);
    let model = network.zip(graph.as_ref());
    let began = crate::clock::now();
    let trace = line.trace(question.address, question.plan, seen)?;
    let took = crate::clock::now().saturating_duration_since(began);
    let known = model.zip(question.node.as_ref());
    let web = known.and_then(|((_, graph), node)| Web::new(graph, &question.removed, node));
    Ok(Traced {
        explained: explain(model, web.as_ref(), &trace),
        has_path: known.map(|_| web.is_some()),
        socket: line.kind(),
        trace,
        question,
        took,
    })
}
