//! What can be done to the emulated network, and the words for it.
//!
//! The same words serve the scenario file, the control socket and its answers, so that what a person reads in
//! one place can be typed in another.

pub mod behaviour;
pub mod impairment;

use std::fmt;
use std::time::Duration;

use jiff::SignedDuration;

use crate::lab::action::behaviour::{Behaviour, NotABehaviour};
use crate::lab::action::impairment::Impairment;
use crate::model::network::Network;
use crate::model::{Element, NodeId};

/// One thing that is done to the network.
#[derive(Clone, Debug, PartialEq)]
pub enum Action {
    /// These elements carry nothing and answer nothing until they are restored.
    Cut(Vec<Element>),
    /// These elements are whole again: not cut, without loss or impairment, their agents well.
    Restore(Vec<Element>),
    /// Everything is whole again.
    RestoreAll,
    /// What crosses this element may be lost.
    Loss {
        /// A link, a node (whatever enters it), or a risk group (each of its members).
        element: Element,
        /// How much, and in what pattern.
        loss: Loss,
    },
    /// What crosses this element is slowed, doubled, held back, cut short or carried one way only.
    Impair {
        /// As for loss; some impairments are a link's only.
        element: Element,
        /// What is done; it takes the place of what was done of the same kind.
        by: Impairment,
    },
    /// A node's agent behaves so.
    Agent {
        /// The node.
        node: NodeId,
        /// How.
        behaviour: Behaviour,
    },
}

/// How much is lost, and in what pattern.
#[derive(Clone, Debug, PartialEq)]
pub struct Loss {
    /// The share that is lost in the long run, 0..1; 0 takes the loss away.
    pub ratio: f64,
    /// Mean number of packets lost in a row; 1 is independent loss (Gilbert-Elliott where more).
    pub burst: f64,
    /// Only what travels towards this end is lost; `None` is both ways.
    pub toward: Option<NodeId>,
}

impl Loss {
    /// Returns independent loss in both directions.
    #[must_use]
    pub fn of(ratio: f64) -> Self {
        Self {
            ratio: ratio.clamp(0.0, 1.0),
            burst: 1.0,
            toward: None,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |f: &mut fmt::Formatter<'_>, verb: &str, elements: &[Element]| {
            f.write_str(verb)?;
            elements
                .iter()
                .try_for_each(|element| write!(f, " {element}"))
        };
        match self {
            Self::Cut(elements) => list(f, "cut", elements),
            Self::Restore(elements) => list(f, "restore", elements),
            Self::RestoreAll => f.write_str("restore all"),
            Self::Loss { element, loss } => {
                write!(f, "loss {element} {}", percent(loss.ratio))?;
                if loss.burst > 1.0 || loss.toward.is_some() {
                    write!(f, " {}", loss.burst)?;
                }
                loss.toward
                    .iter()
                    .try_for_each(|node| write!(f, " node:{node}"))
            }
            Self::Impair { element, by } => write!(f, "{} {element} {by}", by.verb()),
            Self::Agent { node, behaviour } => write!(f, "agent node:{node} {behaviour}"),
        }
    }
}

/// Returns a ratio in percent without the dust of binary fractions.
fn percent(ratio: f64) -> f64 {
    (ratio * 100.0 * 1e6).round() / 1e6
}

/// One line to the lab.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// Do this.
    Act(Action),
    /// Say what is broken.
    List,
}

/// Why a line to the lab was not understood.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[expect(missing_docs, reason = "each variant is its message")]
pub enum Misunderstood {
    #[error(
        "the lab understands `cut ELEMENT...`, `restore ELEMENT...|all`, `loss ELEMENT PERCENT [BURST [NODE]]`, `rate LINK BITS [QUEUE]`, `duplicate ELEMENT PERCENT`, `reorder ELEMENT PERCENT [SPAN]`, `mtu LINK OCTETS`, `oneway LINK NODE`, `icmp-limit NODE RATE [OTHERS]`, `agent NODE BEHAVIOUR` and `list`."
    )]
    Verb,
    #[error("`{0}` needs at least one element: `node:ID`, `link:ID` or `risk:ID`.")]
    Nothing(&'static str),
    #[error(transparent)]
    Form(#[from] crate::model::NotAnElement),
    #[error("there is no {element}{}.", did_you_mean(.similar.as_ref()))]
    Unknown {
        element: Element,
        similar: Option<Element>,
    },
    #[error(transparent)]
    Behaviour(#[from] NotABehaviour),
    #[error("`{0}` is not a percentage from 0 to 100.")]
    Percent(String),
    #[error(
        "`{0}` is not a burst length; write the mean number of packets lost in a row, at least 1."
    )]
    Burst(String),
    #[error("{0} is not an end of that link, so nothing travels towards it.")]
    Toward(NodeId),
    #[error("{0} is not a link; only a link has a rate, an MTU or a direction.")]
    NotALink(Element),
    #[error("`{0}` is not a rate; write bits a second from 1k to 1000G: `512k`, `2M`, `1.5G`.")]
    Rate(String),
    #[error("`{0}` is not a span of time up to a minute; write `20ms` or `1s`.")]
    Span(String),
    #[error("`{0}` is not an MTU; write octets from 68 to 65535, IP header included.")]
    Mtu(String),
    #[error("`{0}` is not a number of messages a second; write 0.001 to 100000: `0.5`, `20`.")]
    ASecond(String),
}

fn did_you_mean(similar: Option<&Element>) -> String {
    similar.map_or_else(String::new, |element| format!("; did you mean {element}"))
}

impl Request {
    /// Reads one line as it comes from the control socket or the command line.
    ///
    /// Every element must exist in the network.
    pub fn parse(line: &str, network: &Network) -> Result<Self, Misunderstood> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let action = match words.as_slice() {
            ["list"] => return Ok(Self::List),
            ["restore", "all"] => Action::RestoreAll,
            ["cut"] => return Err(Misunderstood::Nothing("cut")),
            ["restore"] => return Err(Misunderstood::Nothing("restore")),
            ["cut", elements @ ..] => Action::Cut(all(elements, network)?),
            ["restore", elements @ ..] => Action::Restore(all(elements, network)?),
            ["loss", element, ratio, rest @ ..] if rest.len() <= 2 => {
                let element = element_of(element, network)?;
                let burst = match rest.first() {
                    None => 1.0,
                    Some(text) => text
                        .parse()
                        .ok()
                        .filter(|burst: &f64| burst.is_finite() && *burst >= 1.0)
                        .ok_or_else(|| Misunderstood::Burst((*text).to_owned()))?,
                };
                let toward = rest.get(1).map(|node| node_of(node, network)).transpose()?;
                let loss = Loss {
                    ratio: ratio_of(ratio)?,
                    burst,
                    toward,
                };
                check_end(&element, &loss, network)?;
                Action::Loss { element, loss }
            }
            ["agent", node, behaviour @ ..] => Action::Agent {
                node: node_of(node, network)?,
                behaviour: behaviour.join(" ").parse()?,
            },
            [verb, rest @ ..] => impairment::read(verb, rest, network)
                .ok_or(Misunderstood::Verb)?
                .map_err(|(_, error)| error)?,
            [] => return Err(Misunderstood::Verb),
        };
        Ok(Self::Act(action))
    }
}

/// Checks that loss in one direction of a link is towards one of its ends.
pub fn check_end(element: &Element, loss: &Loss, network: &Network) -> Result<(), Misunderstood> {
    let (Element::Link(link), Some(toward)) = (element, &loss.toward) else {
        return Ok(());
    };
    let is_end = network
        .links
        .get(link)
        .is_some_and(|link| link.ends().iter().any(|end| end.node == *toward));
    is_end
        .then_some(())
        .ok_or_else(|| Misunderstood::Toward(toward.clone()))
}

/// Reads a percentage, with or without its sign, into a ratio 0..1.
pub fn ratio_of(text: &str) -> Result<f64, Misunderstood> {
    text.trim_end_matches('%')
        .parse()
        .ok()
        .filter(|percent| (0.0..=100.0).contains(percent))
        .map(|percent: f64| percent / 100.0)
        .ok_or_else(|| Misunderstood::Percent(text.to_owned()))
}

/// Reads an element that must exist.
pub fn element_of(text: &str, network: &Network) -> Result<Element, Misunderstood> {
    known(text.parse()?, network)
}

/// Reads a node that must exist, with or without `node:`.
pub fn node_of(text: &str, network: &Network) -> Result<NodeId, Misunderstood> {
    let id = text.strip_prefix("node:").unwrap_or(text);
    known(Element::Node(id.into()), network).map(|_| id.into())
}

fn all(words: &[&str], network: &Network) -> Result<Vec<Element>, Misunderstood> {
    words.iter().map(|word| element_of(word, network)).collect()
}

fn known(element: Element, network: &Network) -> Result<Element, Misunderstood> {
    if network.has(&element) {
        return Ok(element);
    }
    let likeness = |other: &Element| {
        let kind = if other.kind() == element.kind() {
            0.05
        } else {
            0.0
        };
        strsim::jaro_winkler(other.id(), element.id()) + kind
    };
    // Below 0.8 two names are alike by chance.
    let similar = network
        .elements()
        .map(|other| (likeness(&other), other))
        .filter(|(likeness, _)| *likeness > 0.8)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, other)| other);
    Err(Misunderstood::Unknown { element, similar })
}

/// Returns the elements that a `list` answer names, in its order, each once.
#[must_use]
pub fn listed(answer: &str) -> Vec<Element> {
    let mut elements: Vec<Element> = Vec::new();
    let entries = answer.strip_prefix("ok").unwrap_or_default().split(',');
    for entry in entries {
        if let Some(Ok(element)) = entry.split_whitespace().nth(1).map(str::parse)
            && !elements.contains(&element)
        {
            elements.push(element);
        }
    }
    elements
}

/// Reads a span of time as people write it: `20s`, `1m 30s`, `500ms`.
#[must_use]
pub fn span(text: &str) -> Option<Duration> {
    let span: SignedDuration = text.trim().parse().ok()?;
    Duration::try_from(span).ok()
}
