//! The rows of the list of interfaces: what is kept by the filter, in which order, and what each says of its fields.
//!
//! An interface has no id of its own: it is its device, its name, and its place in the device's table where two share
//! a name.

use std::cmp::Reverse;
use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::finding::Far;
use crate::app::Picture;
use crate::app::interfaces::{Interfaces, PortView, Standing};
use crate::app::work::worked_on;
use crate::filter::Value;
use crate::model::network::Node;
use crate::model::{Element, NodeId};
use crate::tui::screen::rows::{Search, known};

/// What a filter of interfaces may name.
pub const PORT_FIELDS: &[&str] = &[
    "text",
    "node",
    "name",
    "port",
    "alias",
    "link",
    "kind",
    "provider",
    "circuit",
    "capacity",
    "speed",
    "state",
    "mark",
    "in",
    "out",
    "util",
    "errors",
    "discards",
    "neighbour",
    "seen",
    "age",
];

/// Seconds of an hour: errors are counted by the hour.
pub const HOUR: f64 = 3_600.0;

/// Which interface is meant.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortKey {
    /// Its device.
    pub node: NodeId,
    /// ifIndex; `None` where the device has no such port.
    pub index: Option<u32>,
    /// Its name.
    pub name: Arc<str>,
}

/// What interfaces are sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names are the columns'")]
pub enum PortOrder {
    #[default]
    State,
    Port,
    Speed,
    In,
    Out,
    Util,
    Errors,
    Neighbour,
}

impl PortOrder {
    /// All, in the order of the menu.
    pub const ALL: [Self; 8] = [
        Self::State,
        Self::Port,
        Self::Speed,
        Self::In,
        Self::Out,
        Self::Util,
        Self::Errors,
        Self::Neighbour,
    ];

    /// Returns the key of its word.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::State => "column.state",
            Self::Port => "column.port",
            Self::Speed => "column.speed",
            Self::In => "column.in",
            Self::Out => "column.out",
            Self::Util => "column.util",
            Self::Errors => "column.errors",
            Self::Neighbour => "column.neighbour",
        }
    }
}

/// An interface with its device.
#[derive(Clone, Copy, Debug)]
pub struct PortRow<'a> {
    /// The device.
    pub node: &'a Node,
    /// All of its interfaces.
    pub all: &'a Interfaces,
    /// The interface.
    pub port: &'a PortView,
    /// How it stands at the moment that is shown.
    pub standing: Standing,
    /// Its link, its device or the one at the other end is being worked on at that moment.
    pub maintenance: bool,
}

impl<'a> PortRow<'a> {
    fn new(
        node: &'a Node,
        all: &'a Interfaces,
        port: &'a PortView,
        at: Timestamp,
        worked_on: &BTreeSet<Element>,
    ) -> Self {
        let link = port.link.clone().map(Element::Link);
        let far = (port.far.as_ref()).map(|far| Element::Node(far.node.clone()));
        let own = Element::Node(node.id.clone());
        let mut elements = [Some(own), link, far].into_iter().flatten();
        Self {
            node,
            all,
            port,
            standing: all.standing(node, port, at),
            maintenance: elements.any(|element| worked_on.contains(&element)),
        }
    }

    /// Returns whether it is one to look at: down, other than declared, or not known.
    #[must_use]
    pub fn is_problem(&self) -> bool {
        self.standing <= Standing::Unknown
    }

    /// Returns which it is.
    #[must_use]
    pub fn key(&self) -> PortKey {
        PortKey {
            node: self.node.id.clone(),
            index: self.port.index,
            name: self.port.name.clone(),
        }
    }

    /// Returns bits a second received, where they are known.
    #[must_use]
    pub fn received(&self) -> Option<f64> {
        self.port.rate.as_ref()?.received.ok()
    }

    /// Returns bits a second sent, where they are known.
    #[must_use]
    pub fn sent(&self) -> Option<f64> {
        self.port.rate.as_ref()?.sent.ok()
    }

    /// Returns the share of its speed that is used, the busier way.
    #[must_use]
    pub fn busy(&self) -> Option<f64> {
        self.port.rate.as_ref()?.busy
    }

    /// Returns errors an hour, both ways.
    #[must_use]
    pub fn errors(&self) -> Option<f64> {
        Some(self.port.rate.as_ref()?.errors? * HOUR)
    }

    /// Returns what can be broken at it: its link, and its device.
    #[must_use]
    pub fn elements(&self) -> Vec<Element> {
        let link = self.port.link.clone().map(Element::Link);
        let node = Element::Node(self.node.id.clone());
        link.into_iter().chain([node]).collect()
    }
}

/// Returns the interface that a key means, where the picture has it.
#[must_use]
pub fn find<'a>(picture: &'a Picture, key: &PortKey, at: Timestamp) -> Option<PortRow<'a>> {
    let node = picture.network.nodes.get(&key.node)?;
    let all = picture.nodes.get(&key.node)?.interfaces.as_deref()?;
    let is_it = |port: &&PortView| port.index == key.index && port.name == key.name;
    let port = all.ports.iter().find(is_it)?;
    let worked_on = worked_on(&picture.network, at);
    Some(PortRow::new(node, all, port, at, &worked_on))
}

/// Returns how many interfaces there are.
#[must_use]
pub fn count(picture: &Picture) -> usize {
    picture.interfaces().map(|(_, all)| all.ports.len()).sum()
}

/// Returns the interfaces that a filter keeps, in order; what cannot be told stands last either way.
#[must_use]
pub fn ports(
    picture: &Picture,
    search: &Search,
    problems: bool,
    (order, reverse): (PortOrder, bool),
    at: Timestamp,
) -> Vec<PortKey> {
    let worked_on = worked_on(&picture.network, at);
    // Nodes come in order of id and ports in that of their table: so do rows that are alike.
    let mut rows: Vec<PortRow<'_>> = picture
        .interfaces()
        .flat_map(|(node, all)| all.ports.iter().map(move |port| (node, all, port)))
        .map(|(node, all, port)| PortRow::new(node, all, port, at, &worked_on))
        .filter(|row| {
            (!problems || row.is_problem()) && search.keeps(&|name| field(picture, row, at, name))
        })
        .collect();
    // Whole numbers: a rate is no key, having no total order.
    let whole = |rate: Option<f64>| rate.map(|rate| Reverse((rate * 1e3) as i64));
    rows.sort_by(|one, other| match order {
        PortOrder::State => {
            let key = |row: &PortRow<'_>| Some((row.standing, row.port.flaws.first().copied()));
            known(key(one), key(other), reverse)
        }
        PortOrder::Port => {
            let key = |row: &PortRow<'_>| Some((row.node.id.clone(), row.port.name.clone()));
            known(key(one), key(other), reverse)
        }
        PortOrder::Speed => known(one.port.speed, other.port.speed, reverse),
        PortOrder::In => known(whole(one.received()), whole(other.received()), reverse),
        PortOrder::Out => known(whole(one.sent()), whole(other.sent()), reverse),
        PortOrder::Util => {
            let parts = |row: &PortRow<'_>| whole(row.busy().map(|busy| busy * 1e3));
            known(parts(one), parts(other), reverse)
        }
        PortOrder::Errors => known(whole(one.errors()), whole(other.errors()), reverse),
        PortOrder::Neighbour => {
            let far = |row: &PortRow<'_>| row.port.far.as_ref().map(|far| far.node.clone());
            known(far(one), far(other), reverse)
        }
    });
    rows.iter().map(PortRow::key).collect()
}

/// Returns what a neighbour is called: a node's id, or what it calls itself.
#[must_use]
pub fn who(far: &Far) -> String {
    match far {
        Far::Node(node, _) => node.to_string(),
        Far::Several(nodes, _) => {
            let nodes: Vec<&str> = nodes.iter().map(NodeId::as_str).collect();
            nodes.join(" | ")
        }
        Far::Stranger(name) => name.clone(),
    }
}

fn field(picture: &Picture, row: &PortRow<'_>, at: Timestamp, name: &str) -> Option<Value> {
    let port = row.port;
    let link = || picture.network.links.get(port.link.as_ref()?);
    let seen = || port.seen.iter().map(|seen| who(&seen.who));
    Some(match name {
        "text" => {
            let mut texts = vec![
                row.node.id.to_string(),
                row.node.name.clone(),
                port.name.to_string(),
                port.alias.to_string(),
            ];
            texts.extend(port.link.as_ref().map(ToString::to_string));
            texts.extend(port.far.as_ref().map(|far| far.node.to_string()));
            texts.extend(seen());
            Value::List(texts)
        }
        "node" => row.node.id.as_str().into(),
        "name" => row.node.name.as_str().into(),
        "port" => (&*port.name).into(),
        "alias" => (&*port.alias).into(),
        "link" => port.link.as_ref()?.as_str().into(),
        "kind" => link()?.kind.as_str().into(),
        "provider" => link()?.provider.as_ref()?.as_str().into(),
        "circuit" => link()?.circuit.clone()?.into(),
        "capacity" => (port.capacity? as f64).into(),
        "speed" => (port.speed? as f64).into(),
        "state" => row.standing.word().into(),
        "mark" => Value::List(
            port.flaws
                .iter()
                .map(|flaw| flaw.word())
                .chain(row.maintenance.then_some("maintenance"))
                .map(str::to_owned)
                .collect(),
        ),
        "in" => row.received()?.into(),
        "out" => row.sent()?.into(),
        "util" => row.busy()?.into(),
        "errors" => row.errors()?.into(),
        "discards" => (port.rate.as_ref()?.discards? * HOUR).into(),
        "neighbour" => port.far.as_ref()?.node.as_str().into(),
        "seen" => Value::List(seen().collect()),
        "age" => Value::Number(at.duration_since(row.all.polled).as_secs_f64()),
        _ => return None,
    })
}
