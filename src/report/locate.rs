//! Which fault explains silences, and which links lose packets: text and `spanwatch/locate/1`.

use serde::Serialize;

use crate::analysis::asks::Ask;
use crate::analysis::locate::{Explanation, Facts};
use crate::analysis::lossy::{self, Echoes};
use crate::model::health::Loss;
use crate::model::network::Network;
use crate::model::target::Method;
use crate::model::{Element, LinkId, NodeId};
use crate::report::clean;
use crate::report::reason;
use crate::report::weak::{header, kind_key};
use crate::report::words::{Language, Words};

/// Ids of one list that a text shows; JSON holds all.
const SHOWN: usize = 8;

/// What was asked about silences, and what was found.
#[derive(Clone, Copy, Debug)]
pub struct Silences<'a> {
    /// The whole network.
    pub network: &'a Network,
    /// What was seen, without what is known.
    pub facts: &'a Facts,
    /// Elements that are known to be gone.
    pub gone: &'a [Element],
    /// Silent nodes that this explains, in order of id.
    pub known: &'a [NodeId],
    /// Nodes that answer although this leaves no way to them, in order of id.
    pub nevertheless: &'a [NodeId],
    /// The causes of the rest.
    pub explanation: &'a Explanation,
    /// What to ask next.
    pub asks: &'a [Ask],
}

/// What was counted, and which links lose it.
#[derive(Clone, Copy, Debug)]
pub struct Losses<'a> {
    /// The whole network.
    pub network: &'a Network,
    /// Targets that were counted.
    pub targets: usize,
    /// Targets none of whose echoes came back, in order of id: no matter of loss.
    pub silent: &'a [NodeId],
    /// The lossy segments.
    pub explanation: &'a lossy::Explanation,
    /// What to ask next.
    pub asks: &'a [Ask],
}

#[derive(Serialize)]
struct SilencesShape<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    question: &'static str,
    silent: usize,
    answering: usize,
    down: &'a [Element],
    explained_by_down: &'a [NodeId],
    answering_nevertheless: &'a [NodeId],
    causes: Vec<CauseShape<'a>>,
    unexplained: &'a [NodeId],
    ask: Vec<AskShape<'a>>,
}

#[derive(Serialize)]
struct CauseShape<'a> {
    elements: &'a [Element],
    probability: f64,
    explains: &'a [NodeId],
    evidence: Vec<String>,
}

#[derive(Serialize)]
struct LossesShape<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    question: &'static str,
    targets: usize,
    sent: u32,
    lost: u32,
    silent: &'a [NodeId],
    background_per_hop: f64,
    causes: Vec<LossyShape<'a>>,
    unexplained: &'a [NodeId],
    ask: Vec<AskShape<'a>>,
}

#[derive(Serialize)]
struct LossyShape<'a> {
    elements: &'a [Element],
    probability: f64,
    explains: &'a [NodeId],
    loss: LossShape,
    behind: EchoesShape,
    beside: EchoesShape,
}

/// An echo passes a link twice; each way is what both lose if they lose alike.
#[derive(Serialize)]
struct LossShape {
    round_trip: f64,
    round_trip_interval: [f64; 2],
    each_way: f64,
    each_way_interval: [f64; 2],
}

#[derive(Serialize)]
struct EchoesShape {
    sent: u32,
    lost: u32,
}

#[derive(Serialize)]
struct AskShape<'a> {
    target: String,
    node: &'a NodeId,
    method: String,
    address: Option<String>,
    port: Option<&'a LinkId>,
    separates: &'a [Element],
}

impl<'a> AskShape<'a> {
    fn of(network: &'a Network, ask: &'a Ask) -> Self {
        let node = &ask.target.node;
        let address = network.nodes.get(node).and_then(|node| node.address);
        Self {
            target: format!("{node}/{}", ask.target.method),
            node,
            method: ask.target.method.to_string(),
            address: address.map(|address| address.to_string()),
            port: ask.port.as_ref(),
            separates: &ask.separates,
        }
    }
}

fn asks<'a>(network: &'a Network, asks: &'a [Ask]) -> Vec<AskShape<'a>> {
    asks.iter().map(|ask| AskShape::of(network, ask)).collect()
}

fn round(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}

/// What each way loses if both lose alike.
fn each_way(ratio: f64) -> f64 {
    1.0 - (1.0 - ratio).max(0.0).sqrt()
}

impl LossShape {
    fn of(loss: &Loss) -> Self {
        Self {
            round_trip: round(loss.ratio),
            round_trip_interval: [round(loss.low), round(loss.high)],
            each_way: round(each_way(loss.ratio)),
            each_way_interval: [round(each_way(loss.low)), round(each_way(loss.high))],
        }
    }
}

impl From<Echoes> for EchoesShape {
    fn from(echoes: Echoes) -> Self {
        Self {
            sent: echoes.sent,
            lost: echoes.lost,
        }
    }
}

impl Silences<'_> {
    /// Returns the document `spanwatch/locate/1` about silences.
    #[must_use]
    pub fn json(&self) -> String {
        let english = Words::of(Language::En);
        crate::report::json::written(&SilencesShape {
            schema: "spanwatch/locate/1",
            network: &self.network.id,
            example: self.network.example,
            question: "silence",
            silent: self.facts.silent.len() + self.known.len(),
            answering: self.facts.answering.len(),
            down: self.gone,
            explained_by_down: self.known,
            answering_nevertheless: self.nevertheless,
            causes: (self.explanation.causes.iter())
                .map(|cause| CauseShape {
                    elements: &cause.elements,
                    probability: round(cause.probability),
                    explains: &cause.explains,
                    evidence: (cause.evidence.iter())
                        .map(|evidence| reason::evidence(&english, evidence))
                        .collect(),
                })
                .collect(),
            unexplained: &self.explanation.unexplained,
            ask: asks(self.network, self.asks),
        })
    }

    /// Returns what explains the silences, in sentences.
    #[must_use]
    pub fn text(&self, words: &Words) -> String {
        let (network, facts) = (self.network, self.facts);
        let mut lines = Lines::new(network, words);
        let ports = facts.ports_down.len() + facts.ports_up.len();
        let silent = facts.silent.len() + self.known.len();
        let seen = [silent, facts.answering.len(), ports].map(|count| count.to_string());
        lines.say("locate.seen", &[&seen[0], &seen[1], &seen[2]]);
        if !self.gone.is_empty() {
            let gone: Vec<String> = self
                .gone
                .iter()
                .map(|element| lines.named(element))
                .collect();
            lines.say(
                "locate.known",
                &[&gone.join(", "), &self.known.len().to_string()],
            );
        }
        if !self.nevertheless.is_empty() {
            lines.say("locate.nevertheless", &[&ids(self.nevertheless, words)]);
        }
        let causes = &self.explanation.causes;
        if causes.is_empty() {
            let key = if facts.silent.is_empty() && facts.ports_down.is_empty() {
                "locate.nothing"
            } else {
                "locate.none"
            };
            lines.gap();
            lines.say(key, &[]);
        }
        for (number, cause) in (1..).zip(causes) {
            lines.gap();
            lines.elements(number, &cause.elements, cause.probability);
            if !cause.explains.is_empty() {
                let count = cause.explains.len().to_string();
                lines.under("locate.explains", &[&count, &ids(&cause.explains, words)]);
            }
            for evidence in &cause.evidence {
                lines.under("locate.why", &[&reason::evidence(words, evidence)]);
            }
        }
        lines.rest(&self.explanation.unexplained, "locate.unexplained");
        lines.asks(self.asks);
        lines.text
    }
}

impl Losses<'_> {
    /// Returns the document `spanwatch/locate/1` about loss.
    #[must_use]
    pub fn json(&self) -> String {
        let explanation = self.explanation;
        crate::report::json::written(&LossesShape {
            schema: "spanwatch/locate/1",
            network: &self.network.id,
            example: self.network.example,
            question: "loss",
            targets: self.targets,
            sent: explanation.counted.sent,
            lost: explanation.counted.lost,
            silent: self.silent,
            background_per_hop: round(explanation.background),
            causes: (explanation.segments.iter())
                .map(|segment| LossyShape {
                    elements: &segment.elements,
                    probability: round(segment.probability),
                    explains: &segment.nodes,
                    loss: LossShape::of(&segment.loss),
                    behind: segment.behind.into(),
                    beside: segment.beside.into(),
                })
                .collect(),
            unexplained: &explanation.unexplained,
            ask: asks(self.network, self.asks),
        })
    }

    /// Returns which links lose packets, in sentences.
    #[must_use]
    pub fn text(&self, words: &Words) -> String {
        let explanation = self.explanation;
        let mut lines = Lines::new(self.network, words);
        let counted = explanation.counted;
        lines.say(
            "locate.counted",
            &[
                &counted.lost.to_string(),
                &counted.sent.to_string(),
                &self.targets.to_string(),
            ],
        );
        lines.rest(self.silent, "locate.set-aside");
        if explanation.segments.is_empty() {
            lines.gap();
            if counted.lost == 0 {
                lines.say("locate.lossless", &[]);
            } else {
                lines.say("locate.everywhere", &[&percent(explanation.background)]);
            }
        }
        for (number, segment) in (1..).zip(&explanation.segments) {
            lines.gap();
            lines.elements(number, &segment.elements, segment.probability);
            let loss = &segment.loss;
            let ratios = [loss.ratio, loss.low, loss.high];
            let trips = ratios.map(percent);
            let ways = ratios.map(|ratio| percent(each_way(ratio)));
            lines.under("locate.loses", &[&trips[0], &trips[1], &trips[2]]);
            lines.under("locate.each-way", &[&ways[0], &ways[1], &ways[2]]);
            let (behind, beside) = (segment.behind, segment.beside);
            lines.under(
                "locate.behind",
                &[
                    &behind.lost.to_string(),
                    &behind.sent.to_string(),
                    &ids(&segment.nodes, words),
                ],
            );
            if beside.sent > 0 {
                lines.under(
                    "locate.beside",
                    &[&beside.lost.to_string(), &beside.sent.to_string()],
                );
            }
        }
        lines.rest(&explanation.unexplained, "locate.unexplained-loss");
        lines.asks(self.asks);
        lines.text
    }
}

/// A text in the making.
struct Lines<'a> {
    network: &'a Network,
    words: &'a Words,
    text: String,
}

impl<'a> Lines<'a> {
    fn new(network: &'a Network, words: &'a Words) -> Self {
        Self {
            network,
            words,
            text: header(network, words),
        }
    }

    fn gap(&mut self) {
        self.text.push('\n');
    }

    fn say(&mut self, key: &str, values: &[&str]) {
        self.text.push_str(&clean(&self.words.with(key, values)));
        self.text.push('\n');
    }

    fn under(&mut self, key: &str, values: &[&str]) {
        self.text.push_str("     ");
        self.say(key, values);
    }

    fn named(&self, element: &Element) -> String {
        let kind = self.words.text(&kind_key(element)).to_owned();
        let title = self.network.title(element);
        if title == element.id() {
            format!("{kind} {title}")
        } else {
            format!("{kind} {} ({title})", element.id())
        }
    }

    fn elements(&mut self, number: usize, elements: &[Element], probability: f64) {
        for (place, element) in elements.iter().enumerate() {
            if place == SHOWN {
                let rest = (elements.len() - place).to_string();
                self.under("locate.or-more", &[&rest]);
                break;
            }
            let named = self.named(element);
            if place == 0 {
                let sure = percent(probability);
                let key = if elements.len() > 1 {
                    "locate.one-of"
                } else {
                    "locate.cause"
                };
                let number = format!("{number:>3}. ");
                self.text.push_str(&number);
                self.say(key, &[&named, &sure]);
            } else {
                self.under("locate.or", &[&named]);
            }
        }
    }

    fn rest(&mut self, nodes: &[NodeId], key: &str) {
        if !nodes.is_empty() {
            self.gap();
            let count = nodes.len().to_string();
            let ids = ids(nodes, self.words);
            self.say(key, &[&count, &ids]);
        }
    }

    fn asks(&mut self, asks: &[Ask]) {
        if asks.is_empty() {
            return;
        }
        self.gap();
        self.say("locate.ask", &[]);
        for ask in asks {
            let node = ask.target.node.as_str();
            let address = self.network.nodes.get(node).and_then(|node| node.address);
            let address = address
                .map(|address| format!(" ({address})"))
                .unwrap_or_default();
            let whom = format!("{node}{address}");
            let bad: Vec<String> = ask
                .separates
                .iter()
                .map(|element| self.named(element))
                .collect();
            let bad = if bad.is_empty() {
                self.words.text("locate.another").to_owned()
            } else {
                bad.join(", ")
            };
            self.text.push_str("  ");
            match (&ask.port, ask.target.method) {
                (Some(link), _) => self.say("locate.ask-port", &[&whom, link.as_str(), &bad]),
                (None, Method::Tcp(port)) => {
                    self.say("locate.ask-tcp", &[&whom, &port.to_string(), &bad]);
                }
                (None, _) => self.say("locate.ask-ping", &[&whom, &bad]),
            }
        }
    }
}

fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 99.9 && percent < 100.0 {
        // What is not certain is not written as if it were.
        return "> 99.9".to_owned();
    }
    let decimals = if percent > 0.0 && percent < 0.1 { 4 } else { 1 };
    format!("{percent:.decimals$}")
}

/// The first ids of a list, and how many more there are.
fn ids(nodes: &[NodeId], words: &Words) -> String {
    let shown: Vec<&str> = nodes.iter().take(SHOWN).map(NodeId::as_str).collect();
    let shown = shown.join(", ");
    if nodes.len() > SHOWN {
        let more = words.with("list.more", &[&(nodes.len() - SHOWN).to_string()]);
        format!("{shown}, {more}")
    } else {
        shown
    }
}
