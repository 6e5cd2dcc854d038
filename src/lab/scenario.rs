//! A scenario: what shall break in the emulated network, and when, as TOML.
//!
//! All faults of a file are found in one go, each with its place. Elements must exist in the network that the
//! scenario is for; a scenario that names none of them tests nothing, and nobody would notice.

mod layout;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use toml::Spanned;

use crate::lab::action::behaviour::Behaviour;
use crate::lab::action::impairment;
use crate::lab::action::{Action, Loss, Misunderstood, check_end, element_of, node_of, span};
use crate::lab::scenario::layout::{AgentEntry, Entry, Layout, LossEntry, Word};
use crate::model::fault::{Fault, Place, Severity, Source};
use crate::model::network::Network;
use crate::model::{Element, NodeId};

/// The scenarios that come with the program, by name.
const BUILT_IN: &[(&str, &str)] = &[
    ("demo", include_str!("demo.toml")),
    ("quality", include_str!("quality.toml")),
];

/// Every code that a scenario may be refused with, and what it is about.
pub const CODES: &[(&str, &str)] = &[
    (
        "S0301",
        "The scenario is not TOML of the form `[[at]]` with `t`, `cut`, `down`, `loss`, `rate`, `duplicate`, `reorder`, `mtu`, `oneway`, `icmp-limit`, `agent`, `restore`.",
    ),
    (
        "S0302",
        "A moment or a span cannot be read; write `20s`, `500ms` or `1m 30s`, counted from the lab's start.",
    ),
    (
        "S0303",
        "An element does not exist in this network, or is not written `node:ID`, `link:ID` or `risk:ID`.",
    ),
    (
        "S0304",
        "A number is out of its range: percent is 0 to 100, a burst is at least one packet, a rate is 1k to 1000G bits a second, an MTU is 68 to 65535 octets, a limit is 0.001 to 100000 messages a second.",
    ),
    (
        "S0305",
        "An agent cannot behave like that, or loss or failure is towards a node that is no end of the link.",
    ),
    ("S0306", "An `[[at]]` says when, but not what happens then."),
];

/// What shall happen, in order of time.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Scenario {
    /// The seed of everything random; the command line's wins.
    pub seed: Option<u64>,
    /// How long routing needs after a change.
    pub convergence: Duration,
    /// What happens, earliest first; at the same moment in the order of the file.
    pub events: Vec<Event>,
    /// Nodes whose agents say what was recorded of a real device, and the files.
    pub recordings: BTreeMap<NodeId, PathBuf>,
}

/// One thing that happens.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// When, since the lab began.
    pub at: Duration,
    /// What.
    pub action: Action,
}

/// Returns the text of a scenario that comes with the program.
#[must_use]
pub fn built_in(name: &str) -> Option<&'static str> {
    BUILT_IN
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, text)| *text)
}

/// Returns the names of the scenarios that come with the program.
pub fn names() -> impl Iterator<Item = &'static str> {
    BUILT_IN.iter().map(|(name, _)| *name)
}

impl Scenario {
    /// Reads a scenario for a network, or returns everything that is wrong with it, in order of place.
    pub fn parse(source: &Arc<Source>, network: &Network) -> Result<Self, Vec<Fault>> {
        let layout: Layout = match toml::from_str(&source.text) {
            Ok(layout) => layout,
            Err(error) => return Err(vec![malformed(source, &error)]),
        };
        let mut reader = Reader {
            source,
            network,
            faults: Vec::new(),
        };
        let mut scenario = Self {
            seed: layout.seed,
            convergence: layout
                .convergence
                .and_then(|text| reader.span(&text))
                .unwrap_or_default(),
            events: Vec::new(),
            recordings: BTreeMap::new(),
        };
        for entry in &layout.recording {
            if let Some(node) = reader.understood(&entry.node, node_of) {
                // Beside the scenario, wherever it is read from.
                let folder = Path::new(&source.name).parent().unwrap_or(Path::new(""));
                scenario.recordings.insert(node, folder.join(&entry.file));
            }
        }
        for entry in &layout.at {
            reader.entry(entry, &mut scenario.events);
        }
        scenario.events.sort_by_key(|event| event.at);
        if reader.faults.is_empty() {
            Ok(scenario)
        } else {
            Err(reader.faults)
        }
    }
}

struct Reader<'a> {
    source: &'a Arc<Source>,
    network: &'a Network,
    faults: Vec<Fault>,
}

impl Reader<'_> {
    fn entry(&mut self, entry: &Spanned<Entry>, events: &mut Vec<Event>) {
        let place = entry.span();
        let entry = entry.get_ref();
        let at = self.span(&entry.t);
        let mut actions = Vec::new();
        // Restoring comes first, so that one entry can move a fault from one element to another.
        if let Some(restore) = &entry.restore {
            if restore.iter().any(|word| word.get_ref() == "all") {
                actions.push(Action::RestoreAll);
            } else {
                actions.push(Action::Restore(self.elements(restore)));
            }
        }
        for list in [&entry.cut, &entry.down].into_iter().flatten() {
            actions.push(Action::Cut(self.elements(list)));
        }
        if let Some(loss) = &entry.loss {
            actions.extend(self.loss(loss));
        }
        let lines = layout::lines(entry);
        for (verb, words) in &lines {
            actions.extend(self.impairment(verb, words));
        }
        if let Some(agent) = &entry.agent {
            actions.extend(self.agent(agent));
        }
        let says_nothing = [&entry.restore, &entry.cut, &entry.down]
            .iter()
            .all(|list| list.is_none())
            && entry.loss.is_none()
            && lines.is_empty()
            && entry.agent.is_none();
        if says_nothing {
            self.fault(
                "S0306",
                place,
                "this entry says when, but not what happens then.",
                Some(
                    "add `cut`, `down`, `loss`, `rate`, `duplicate`, `reorder`, `mtu`, `oneway`, `icmp-limit`, `agent` or `restore`."
                        .to_owned(),
                ),
            );
        }
        if let Some(at) = at {
            events.extend(actions.into_iter().map(|action| Event { at, action }));
        }
    }

    fn loss(&mut self, entry: &LossEntry) -> Option<Action> {
        let element = self.element(&entry.element);
        let percent = *entry.percent.get_ref();
        if !(0.0..=100.0).contains(&percent) {
            self.fault(
                "S0304",
                entry.percent.span(),
                &format!("{percent} is not a percentage from 0 to 100."),
                None,
            );
        }
        let burst = entry.burst.as_ref().map_or(1.0, |burst| *burst.get_ref());
        if let Some(written) = &entry.burst
            && !(burst.is_finite() && burst >= 1.0)
        {
            self.fault(
                "S0304",
                written.span(),
                &format!("a burst of {burst} packets is not possible."),
                Some("write the mean number of packets lost in a row, at least 1.".to_owned()),
            );
        }
        let toward = entry
            .toward
            .as_ref()
            .and_then(|node| self.understood(node, node_of));
        let loss = Loss {
            ratio: (percent / 100.0).clamp(0.0, 1.0),
            burst,
            toward,
        };
        let element = element?;
        if let (Err(error), Some(written)) =
            (check_end(&element, &loss, self.network), &entry.toward)
        {
            self.fault("S0305", written.span(), &error.to_string(), None);
        }
        Some(Action::Loss { element, loss })
    }

    fn impairment(&mut self, verb: &str, words: &[Word]) -> Option<Action> {
        let texts: Vec<&str> = words.iter().map(|(text, _)| text.as_str()).collect();
        let (at, error) = match impairment::read(verb, &texts, self.network)? {
            Ok(action) => return Some(action),
            Err(error) => error,
        };
        let code = match &error {
            Misunderstood::Span(_) => "S0302",
            Misunderstood::Percent(_)
            | Misunderstood::Rate(_)
            | Misunderstood::Mtu(_)
            | Misunderstood::ASecond(_) => "S0304",
            Misunderstood::Toward(_) => "S0305",
            _ => "S0303",
        };
        let place = words.get(at).map_or(0..0, |(_, span)| span.clone());
        self.misunderstood(code, place, error);
        None
    }

    fn agent(&mut self, entry: &AgentEntry) -> Option<Action> {
        let node = self.understood(&entry.node, node_of);
        let behaviour = entry.behaviour.get_ref().parse::<Behaviour>();
        if let Err(error) = &behaviour {
            self.fault("S0305", entry.behaviour.span(), &error.to_string(), None);
        }
        Some(Action::Agent {
            node: node?,
            behaviour: behaviour.ok()?,
        })
    }

    fn elements(&mut self, words: &[Spanned<String>]) -> Vec<Element> {
        words.iter().filter_map(|word| self.element(word)).collect()
    }

    fn element(&mut self, word: &Spanned<String>) -> Option<Element> {
        self.understood(word, element_of)
    }

    fn understood<T>(
        &mut self,
        word: &Spanned<String>,
        read: impl Fn(&str, &Network) -> Result<T, Misunderstood>,
    ) -> Option<T> {
        match read(word.get_ref(), self.network) {
            Ok(value) => Some(value),
            Err(error) => {
                self.misunderstood("S0303", word.span(), error);
                None
            }
        }
    }

    fn misunderstood(&mut self, code: &'static str, place: Range<usize>, error: Misunderstood) {
        if let Misunderstood::Unknown { element, similar } = error {
            let help = similar.map(|other| format!("did you mean `{other}`?"));
            let message = format!("there is no {element} in this network.");
            self.fault(code, place, &message, help);
        } else {
            self.fault(code, place, &error.to_string(), None);
        }
    }

    fn span(&mut self, word: &Spanned<String>) -> Option<Duration> {
        let read = span(word.get_ref());
        if read.is_none() {
            self.fault(
                "S0302",
                word.span(),
                &format!("`{}` is not a span of time.", word.get_ref()),
                Some("write `20s`, `500ms` or `1m 30s`.".to_owned()),
            );
        }
        read
    }

    fn fault(&mut self, code: &'static str, at: Range<usize>, message: &str, help: Option<String>) {
        self.faults.push(Fault {
            code,
            severity: Severity::Error,
            message: message.to_owned(),
            place: Some(Place {
                source: self.source.clone(),
                span: at,
            }),
            label: None,
            related: Vec::new(),
            help,
        });
    }
}

fn malformed(source: &Arc<Source>, error: &toml::de::Error) -> Fault {
    let message = error.message().lines().next().unwrap_or("not TOML");
    Fault {
        code: "S0301",
        severity: Severity::Error,
        message: format!("{}.", message.trim_end_matches('.')),
        place: error.span().map(|span| Place {
            source: source.clone(),
            span,
        }),
        label: None,
        related: Vec::new(),
        help: None,
    }
}
