//! What lies over a page: one thing at a time, so one enum and no flags.

use std::net::IpAddr;

use jiff::Timestamp;
use serde_json::json;
use tui_input::Input;

use crate::app::{Command, Picture};
use crate::filter::fold::Folded;
use crate::model::{AgencyId, Element, NodeId};
use crate::report::reason;
use crate::report::words::{Language, Words};
use crate::tui::keys::{BINDINGS, Binding, Intent};
use crate::tui::screen::ports::{self, PortKey};
use crate::tui::screen::ranks::{self, Peril, Rank};
use crate::tui::screen::rows::Search;

/// At most this many agencies or nodes are offered for what is typed.
const OFFERED: usize = 50;

/// What lies over the page.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// Help and palette: every action by its words, and agencies by their names.
    Palette {
        /// What is typed.
        input: Input,
        /// The selected entry.
        cursor: usize,
    },
    /// The ends of a link that is built in What-if, found one after the other.
    Ends {
        /// What is typed.
        input: Input,
        /// The selected node.
        cursor: usize,
        /// The first end, once it is found.
        first: Option<NodeId>,
        /// Of which kind it is: a place in `what_if::kinds`.
        kind: usize,
    },
    /// The line of the filter.
    Filter {
        /// What is typed.
        input: Input,
        /// What held before, for Esc.
        before: Search,
    },
    /// What to sort by.
    Sort {
        /// The selected entry.
        cursor: usize,
    },
    /// What to copy.
    Copy {
        /// Key of the word, and what would be copied.
        items: Vec<(&'static str, String)>,
        /// The selected entry.
        cursor: usize,
    },
    /// All about the selection as plain text over the whole window, for a mouse: not every terminal takes a
    /// text into its clipboard.
    Plain {
        /// The text as it was when the key was pressed: what moves cannot be selected.
        lines: Vec<String>,
        /// First line that is shown, after breaking.
        scroll: usize,
    },
    /// What to cut or restore in the lab.
    Break {
        /// What can be done.
        choices: Vec<Choice>,
        /// The selected one.
        cursor: usize,
    },
}

/// Something that can be done to the lab, and what it would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is asked of the monitor.
    pub command: Command,
    /// Whom it cuts off in the network as designed, in order of id; nobody for a restoration.
    pub cuts_off: Vec<AgencyId>,
}

/// A line of the palette.
#[derive(Clone, Debug)]
pub enum Entry {
    /// An action of the key table.
    Do(&'static Binding),
    /// An agency to go to.
    Agency(AgencyId),
}

/// Returns what the palette offers for a typed text: actions first, then agencies.
#[must_use]
pub fn entries(text: &str, picture: &Picture, words: &Words) -> Vec<Entry> {
    let query = Folded::new(text.trim());
    let mut entries: Vec<Entry> = BINDINGS
        .iter()
        .filter(|binding| binding.intent != Intent::Palette)
        .filter(|binding| query.is_in(words.text(binding.word)))
        .map(Entry::Do)
        .collect();
    if !text.trim().is_empty() {
        entries.extend(
            picture
                .network
                .agencies
                .values()
                .filter(|agency| query.is_in(&agency.name) || query.is_in(agency.id.as_str()))
                .take(OFFERED)
                .map(|agency| Entry::Agency(agency.id.clone())),
        );
    }
    entries
}

/// Returns the nodes that may be an end of a new link, for a typed text: those that carry traffic before the others,
/// beside a first end the nearest before the farther; then by id.
#[must_use]
pub fn ends(text: &str, picture: &Picture, first: Option<&NodeId>) -> Vec<NodeId> {
    let query = Folded::new(text.trim());
    let network = &picture.network;
    let from = first.and_then(|first| network.nodes.get(first));
    let mut found: Vec<(bool, f64, &NodeId)> = network
        .nodes
        .values()
        .filter(|node| Some(&node.id) != first)
        .filter(|node| query.is_in(&node.name) || query.is_in(node.id.as_str()))
        .map(|node| {
            let far = from
                .and_then(|from| Some(from.position?.km_to(node.position?)))
                .unwrap_or(f64::INFINITY);
            (!node.transit, far, &node.id)
        })
        .collect();
    found.sort_by(|a, b| a.0.cmp(&b.0).then(a.1.total_cmp(&b.1)).then(a.2.cmp(b.2)));
    let ids = found.into_iter().take(OFFERED);
    ids.map(|(_, _, id)| id.clone()).collect()
}

/// Returns what can be done to some elements of the lab, and the way back from whatever is broken.
#[must_use]
pub fn choices(picture: &Picture, elements: impl IntoIterator<Item = Element>) -> Vec<Choice> {
    let mut choices: Vec<Choice> = Vec::new();
    for element in elements {
        let choice = if picture.broken.contains(&element) {
            Choice {
                command: Command::Restore(element),
                cuts_off: Vec::new(),
            }
        } else {
            Choice {
                cuts_off: cuts_off(picture, &element),
                command: Command::Cut(element),
            }
        };
        if !choices.contains(&choice) {
            choices.push(choice);
        }
    }
    if !picture.broken.is_empty() {
        choices.push(Choice {
            command: Command::RestoreAll,
            cuts_off: Vec::new(),
        });
    }
    choices
}

fn cuts_off(picture: &Picture, element: &Element) -> Vec<AgencyId> {
    picture
        .weakness
        .elements
        .iter()
        .find(|weak| weak.element == *element)
        .map(|weak| weak.ids.clone())
        .unwrap_or_default()
}

/// Returns what can be broken at an agency: its node, the links there, and the risk groups of both.
#[must_use]
pub fn breakable(picture: &Picture, agency: &AgencyId) -> Vec<Element> {
    let network = &picture.network;
    let Some(agency) = network.agencies.get(agency) else {
        return Vec::new();
    };
    let links = network.links_at(&agency.node);
    let node_risks = network.nodes.get(&agency.node).map(|node| &node.risks);
    let link_risks = links
        .iter()
        .filter_map(|id| network.links.get(id))
        .map(|link| &link.risks);
    let risks: std::collections::BTreeSet<_> =
        node_risks.into_iter().chain(link_risks).flatten().collect();
    std::iter::once(Element::Node(agency.node.clone()))
        .chain(links.iter().cloned().map(Element::Link))
        .chain(risks.into_iter().cloned().map(Element::Risk))
        .collect()
}

/// Returns what of an agency can be copied.
#[must_use]
pub fn copies_of_agency(picture: &Picture, id: &AgencyId) -> Vec<(&'static str, String)> {
    let network = &picture.network;
    let Some(agency) = network.agencies.get(id) else {
        return Vec::new();
    };
    let view = picture.node(&agency.node);
    let address: Option<IpAddr> = network
        .nodes
        .get(&agency.node)
        .and_then(|node| node.address);
    let shown = address.map(|address| address.to_string());
    let english = Words::of(Language::En);
    let ms = |time: std::time::Duration| time.as_secs_f64() * 1e3;
    let json = json!({
        "id": agency.id, "name": agency.name, "class": agency.class, "area": agency.area, "node": agency.node,
        "address": shown, "state": view.health, "why": reason::why(&english, view.why), "since": view.since, "sent": view.sent,
        "lost": view.lost, "loss": view.loss.map(|loss| loss.ratio),
        "rtt_median_ms": view.rtt.map(|rtt| ms(rtt.median)), "rtt_p95_ms": view.rtt.map(|rtt| ms(rtt.p95)),
        "rtt_change": view.rtt_change.map(|change| change.ratio()), "incident": view.incident,
    });
    let line = [
        agency.id.as_str(),
        &agency.name,
        shown.as_deref().unwrap_or("-"),
        view.health.word(),
        &view
            .since
            .map_or_else(|| "-".to_owned(), |since| since.to_string()),
    ]
    .join("\t");
    let mut items = vec![
        ("copy.id", agency.id.to_string()),
        ("copy.name", agency.name.clone()),
        ("copy.line", line),
        ("copy.json", json.to_string()),
    ];
    if let Some(shown) = shown {
        items.insert(2, ("copy.address", shown));
    }
    items
}

/// Returns what of a row of Weak can be copied.
#[must_use]
pub fn copies_of_peril(
    picture: &Picture,
    today: bool,
    peril: &Peril,
) -> Vec<(&'static str, String)> {
    let all = ranks::all(picture, today);
    let rank = all.iter().find(|rank| rank.peril == *peril);
    let elements = peril.elements();
    let ids: Vec<&str> = elements.iter().map(Element::id).collect();
    let written: Vec<String> = elements.iter().map(ToString::to_string).collect();
    let titles: Vec<String> = elements
        .iter()
        .map(|each| picture.network.title(each))
        .collect();
    let title = titles.join(" + ");
    let cut: Vec<&AgencyId> = rank.map_or_else(Vec::new, |rank| rank.ids().iter().collect());
    let hours = rank.and_then(Rank::hours);
    let json = json!({
        "elements": elements, "name": title, "view": if today { "today" } else { "designed" }, "agencies": cut,
        "hours_weighted": hours, "exact": rank.is_some_and(Rank::is_exact),
    });
    let line = [
        written.join(" "),
        title.clone(),
        cut.len().to_string(),
        hours.map_or_else(|| "-".to_owned(), |hours| format!("{hours:.1}")),
    ]
    .join("\t");
    vec![
        ("copy.id", ids.join(" ")),
        ("copy.name", title),
        ("copy.line", line),
        ("copy.json", json.to_string()),
    ]
}

/// Returns what of an interface can be copied.
#[must_use]
pub fn copies_of_port(
    picture: &Picture,
    key: &PortKey,
    at: Timestamp,
) -> Vec<(&'static str, String)> {
    let Some(row) = ports::find(picture, key, at) else {
        return Vec::new();
    };
    let port = row.port;
    let id = format!("{}:{}", row.node.id, port.name);
    let far = port.far.as_ref().map(|far| match &far.port {
        Some(port) => format!("{}:{port}", far.node),
        None => far.node.to_string(),
    });
    let seen: Vec<String> = port
        .seen
        .iter()
        .map(|seen| match seen.port.as_str() {
            "" => ports::who(&seen.who),
            port => format!("{}:{port}", ports::who(&seen.who)),
        })
        .collect();
    let flaws: Vec<&str> = port.flaws.iter().map(|flaw| flaw.word()).collect();
    let json = json!({
        "node": row.node.id, "port": &*port.name, "alias": &*port.alias, "link": port.link, "state": row.standing.word(),
        "differs": flaws, "admin": port.admin, "oper": port.oper, "speed": port.speed, "capacity": port.capacity,
        "in": row.received(), "out": row.sent(), "util": row.busy(), "errors_per_hour": row.errors(),
        "neighbour": far, "seen": seen, "polled": row.all.polled, "heard": row.all.heard,
    });
    let line = [
        id.as_str(),
        row.standing.word(),
        &flaws.join(" "),
        far.as_deref().unwrap_or("-"),
        &seen.join(" "),
    ]
    .join("\t");
    vec![
        ("copy.id", id),
        ("copy.name", row.node.name.clone()),
        ("copy.line", line),
        ("copy.json", json.to_string()),
    ]
}

/// Returns what of an incident can be copied.
#[must_use]
pub fn copies_of_incident(
    picture: &Picture,
    id: crate::model::incident::IncidentId,
) -> Vec<(&'static str, String)> {
    let Some(incident) = picture.incidents.iter().find(|incident| incident.id == id) else {
        return Vec::new();
    };
    let causes: Vec<String> = incident.causes.iter().map(ToString::to_string).collect();
    let english = Words::of(Language::En);
    let evidence: Vec<String> = incident
        .evidence
        .iter()
        .map(|evidence| reason::evidence(&english, evidence))
        .collect();
    let json = json!({
        "id": incident.id, "kind": incident.kind, "severity": incident.severity, "causes": incident.causes,
        "probability": incident.probability, "cut_off": incident.cut_off, "one_path": incident.one_path,
        "evidence": evidence, "since": incident.since, "until": incident.until,
    });
    let line = [
        incident.id.to_string(),
        incident.since.to_string(),
        causes.join(" "),
        incident.cut_off.len().to_string(),
    ]
    .join("\t");
    vec![
        ("copy.id", incident.id.to_string()),
        ("copy.cause", causes.join(" ")),
        ("copy.line", line),
        ("copy.json", json.to_string()),
    ]
}

/// Returns what can be copied as lines without frames: a value on its own line wherever it has several words.
#[must_use]
pub fn plain(items: &[(&'static str, String)], words: &Words) -> Vec<String> {
    let mut lines = Vec::new();
    for (word, item) in items {
        // One line of JSON would be broken by the window, and no program reads it then.
        let json = serde_json::from_str::<serde_json::Value>(item)
            .ok()
            .filter(serde_json::Value::is_object)
            .and_then(|value| serde_json::to_string_pretty(&value).ok());
        lines.push(format!("{}:", words.text(word)));
        // A tab moves a cursor, and a cell cannot show it.
        let shown = json.as_ref().unwrap_or(item).replace('\t', "  ");
        lines.extend(shown.lines().map(str::to_owned));
        lines.push(String::new());
    }
    lines.pop();
    lines
}
