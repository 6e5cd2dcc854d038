//! What was typed, as nodes and elements; every name that nothing bears is told at once.

use std::net::IpAddr;
use std::path::Path;

use crate::cli::failure::{Failure, Kind};
use crate::cli::folder;
use crate::filter::fold::nearest;
use crate::model::network::Network;
use crate::model::{Element, LinkId, NodeId};
use crate::report::subject::{self, Subject};

/// Unknown names that are told one by one.
const TOLD: usize = 5;

/// Resolves names, and remembers those that nothing bears.
pub(super) struct Names<'a> {
    network: &'a Network,
    /// The name, and where it stood.
    unknown: Vec<(String, String)>,
}

impl<'a> Names<'a> {
    pub(super) fn new(network: &'a Network) -> Self {
        Self {
            network,
            unknown: Vec::new(),
        }
    }

    /// Takes a list apart: commas, blanks and lines, `#` to the end of a line; `@FILE` and `-` are read.
    pub(super) fn list(values: &[String]) -> Result<Vec<(String, String)>, Failure> {
        let mut names = Vec::new();
        for value in values {
            let (place, text) = match (value.as_str(), value.strip_prefix('@')) {
                ("-", _) => folder::read_text(Path::new("-"))?,
                (_, Some(file)) => folder::read_text(Path::new(file))?,
                _ => (String::new(), value.clone()),
            };
            for line in text.lines() {
                let line = line.split('#').next().unwrap_or_default();
                let parts = line.split(|c: char| c == ',' || c == ';' || c.is_whitespace());
                let parts = parts.map(|part| part.trim_start_matches('\u{feff}'));
                names.extend(
                    parts
                        .filter(|part| !part.is_empty())
                        .map(|part| (part.to_owned(), place.clone())),
                );
            }
        }
        Ok(names)
    }

    /// Returns the node that is meant: by its id, by an agency at it, by an address.
    pub(super) fn node(&mut self, name: &str, place: &str) -> Option<NodeId> {
        let network = self.network;
        let by_kind = name
            .strip_prefix("node:")
            .or_else(|| name.strip_prefix("agency:"));
        let bare = by_kind.unwrap_or(name);
        let found = network
            .nodes
            .get(bare)
            .map(|node| &node.id)
            .or_else(|| network.agencies.get(bare).map(|agency| &agency.node))
            .or_else(|| {
                let address: IpAddr = bare.parse().ok()?;
                network.node_of(address).map(|node| &node.id)
            });
        if found.is_none() {
            self.unknown.push((name.to_owned(), place.to_owned()));
        }
        found.cloned()
    }

    /// Returns the link that is meant.
    pub(super) fn link(&mut self, name: &str, place: &str) -> Option<LinkId> {
        let found = self
            .network
            .links
            .get(name.strip_prefix("link:").unwrap_or(name));
        if found.is_none() {
            self.unknown.push((name.to_owned(), place.to_owned()));
        }
        found.map(|link| link.id.clone())
    }

    /// Returns the link or node that a way goes over.
    pub(super) fn step(&mut self, name: &str, place: &str) -> Option<Element> {
        let link = self
            .network
            .links
            .get(name.strip_prefix("link:").unwrap_or(name));
        match link {
            Some(link) => Some(Element::Link(link.id.clone())),
            None => self.node(name, place).map(Element::Node),
        }
    }

    /// Returns the elements of a list.
    pub(super) fn elements(&mut self, values: &[String]) -> Result<Vec<Element>, Failure> {
        let mut elements = Vec::new();
        for (name, place) in Self::list(values)? {
            let mut found: Vec<Element> = Subject::named(self.network, &name)
                .iter()
                .filter_map(|subject| subject.element(self.network))
                .collect();
            found.dedup();
            match found.as_slice() {
                [] => self.unknown.push((name, place)),
                [element] => elements.push(element.clone()),
                several => {
                    let choices: Vec<String> = several
                        .iter()
                        .map(|element| format!("`{element}`"))
                        .collect();
                    return Err(Failure::new(
                        Kind::Usage,
                        format!("Several things are called `{name}`"),
                    )
                    .hint(format!("Say which: {}.", choices.join(", "))));
                }
            }
        }
        elements.sort_unstable();
        elements.dedup();
        Ok(elements)
    }

    /// Ends with everything that nothing bears.
    pub(super) fn done(self) -> Result<(), Failure> {
        let Some((first, place)) = self.unknown.first() else {
            return Ok(());
        };
        let at = |place: &str| {
            if place.is_empty() {
                String::new()
            } else {
                format!(" ({place})")
            }
        };
        let message = match self.unknown.len() {
            1 => format!("Nothing is called `{first}`{}", at(place)),
            count => format!("{count} names are unknown"),
        };
        let mut failure = Failure::new(Kind::Usage, message);
        for (name, place) in self.unknown.iter().take(TOLD) {
            let (kind, bare) = match name.split_once(':') {
                Some((kind, bare)) => (format!("{kind}:"), bare),
                None => (String::new(), name.as_str()),
            };
            let meant = nearest(bare, subject::ids(self.network)).filter(|meant| *meant != bare);
            failure = match (meant, self.unknown.len()) {
                (Some(meant), 1) => failure.hint(format!("Did you mean `{kind}{meant}`?")),
                (Some(meant), _) => failure.hint(format!(
                    "`{name}`{}: did you mean `{kind}{meant}`?",
                    at(place)
                )),
                (None, 1) => failure.hint(format!(
                    "Look for it: `spanwatch list agencies {bare}`, `spanwatch list nodes {bare}`, `spanwatch list links {bare}`."
                )),
                (None, _) => failure.hint(format!("`{name}`{}: nothing is called like that.", at(place))),
            };
        }
        Err(failure)
    }
}
