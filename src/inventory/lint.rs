//! What is legal but unwise: warnings, each of which has been an outage somewhere.
//!
//! Nothing here refuses a topology. An agency that is attached to nothing is named and pinged all the same: a
//! wrong topology must never hide an outage.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use crate::graph::{Cut, Graph};
use crate::inventory::layout::Document;
use crate::inventory::table::{error, place};
use crate::inventory::{blind, overlap};
use crate::model::device::port_key;
use crate::model::fault::{Fault, Place, Severity, Source};
use crate::model::network::{Network, Node};
use crate::model::target::Method;
use crate::model::{LinkId, NodeId};

/// Farther from the centre of its commune than this, a position is a slip: the largest commune of Hue is
/// 34 km from end to end.
const FAR_KM: f64 = 30.0;

fn warning(code: &'static str, place: &Place, message: String, help: &str) -> Fault {
    Fault {
        severity: Severity::Warning,
        help: (!help.is_empty()).then(|| help.to_owned()),
        ..error(code, place, message)
    }
}

/// Where everything was declared.
struct Places<'d> {
    nodes: BTreeMap<&'d str, &'d Place>,
    links: BTreeMap<&'d str, &'d Place>,
    positions: BTreeMap<&'d str, &'d Place>,
}

impl<'d> Places<'d> {
    fn new(document: &'d Document) -> Self {
        let own = document
            .agencies
            .iter()
            .filter(|table| table.node.is_none());
        let nodes = document
            .nodes
            .iter()
            .map(|table| (&table.id, &table.device));
        let devices: Vec<_> = nodes
            .chain(own.map(|table| (&table.id, &table.own)))
            .collect();
        let uplinks = devices.iter().flat_map(|(_, device)| &device.uplinks);
        Self {
            links: document
                .links
                .iter()
                .chain(uplinks)
                .map(|link| (link.id.value.as_str(), &link.id.place))
                .collect(),
            positions: devices
                .iter()
                .filter_map(|(id, device)| {
                    Some((id.value.as_str(), &device.position.as_ref()?.place))
                })
                .collect(),
            nodes: devices
                .iter()
                .map(|(id, _)| (id.value.as_str(), &id.place))
                .collect(),
        }
    }

    fn node(&self, id: &NodeId) -> Option<&'d Place> {
        self.nodes.get(id.as_str()).copied()
    }

    fn link(&self, id: &LinkId) -> Option<&'d Place> {
        self.links.get(id.as_str()).copied()
    }
}

/// Warns of what is unwise in a proven network.
pub(crate) fn network(document: &Document, network: &Network, faults: &mut Vec<Fault>) {
    let places = Places::new(document);
    let graph = Graph::new(network);
    paths(document, network, &graph, &places, faults);
    for id in blind::links(network, &graph) {
        if let Some(place) = places.link(&id) {
            faults.push(warning(
                "W0203",
                place,
                format!("Nothing would show that link `{id}` has failed."),
                "Declare the port at an end that answers SNMP: \"pop-x:ge-0/0/3\".",
            ));
        }
    }
    if let (Some(expected), Some(table)) = (network.expected_agencies, document.networks.first()) {
        let found = network.agencies.len();
        if found != expected as usize
            && let Some(at) = &table.expected_agencies
        {
            faults.push(warning(
                "W0204",
                &at.place,
                format!("{expected} agencies are expected, and the topology has {found}."),
                "Add those that are missing, or correct `expected_agencies`.",
            ));
        }
    }
    ports(network, &places, faults);
    for node in network.nodes.values() {
        if let Some(place) = places.node(&node.id) {
            asking(network, node, place, faults);
        }
        if let (Some(position), Some(area)) = (node.position, &node.area)
            && let Some(place) = places.positions.get(node.id.as_str())
            && let Some(area) = network.areas.get(area)
            && let Some(centre) = area.position
        {
            let km = position.km_to(centre);
            if km > FAR_KM {
                faults.push(warning(
                    "W0208",
                    place,
                    format!(
                        "`{}` lies {km:.0} km from the centre of {}.",
                        node.id, area.name
                    ),
                    "Check `lat`, `lon` and `area`; are two of them exchanged?",
                ));
            }
        }
    }
    works(document, network, &graph, faults);
    for risk in &document.risks {
        let group = network.risks.get(risk.id.value.as_str());
        if group.is_some_and(|group| group.members.is_empty()) {
            faults.push(warning(
                "W0213",
                &risk.id.place,
                format!("No node or link is in the risk group `{}`.", risk.id.value),
                "Write risk = [\"..\"] at the nodes and links that fail with it.",
            ));
        }
    }
}

fn paths(
    document: &Document,
    network: &Network,
    graph: &Graph,
    places: &Places<'_>,
    faults: &mut Vec<Fault>,
) {
    let reached = graph.reach(graph.hubs(), &Cut::default());
    let connected = |id: &NodeId| graph.node(id).is_some_and(|node| reached[node.index()]);
    for agency in &document.agencies {
        let node: NodeId = agency
            .node
            .as_ref()
            .unwrap_or(&agency.id)
            .value
            .as_str()
            .into();
        if connected(&node) {
            continue;
        }
        faults.push(if network.links_at(&node).is_empty() {
            warning(
                "W0201",
                &agency.id.place,
                format!("Agency `{}` is attached to nothing.", agency.id.value),
                "Write its uplink: uplinks = [{ id = \"..\", to = \"node:port\" }].",
            )
        } else {
            warning(
                "W0202",
                &agency.id.place,
                format!("Agency `{}` has no path to a hub.", agency.id.value),
                "A node on its way is not `transit`, or a link is missing.",
            )
        });
    }
    for id in network.nodes.keys() {
        if connected(id) || !network.agencies_at(id).is_empty() {
            continue;
        }
        if let Some(place) = places.node(id) {
            faults.push(warning(
                "W0202",
                place,
                format!("Node `{id}` has no path to a hub."),
                "A node on its way is not `transit`, or a link is missing.",
            ));
        }
    }
}

/// Agencies that a message names; the rest is counted.
const NAMED: usize = 5;

/// Warns of maintenances that overlap and together cut somebody off.
fn works(document: &Document, network: &Network, graph: &Graph, faults: &mut Vec<Fault>) {
    let place = |at: usize| {
        let table = document.maintenances.get(at)?;
        Some(&table.from.as_ref()?.place)
    };
    let zone = &network.time_zone;
    let clock = |at: Timestamp| {
        let at = at.to_zoned_datetime(zone.clone());
        at.strftime("%Y-%m-%d %H:%M").to_string()
    };
    let overlaps = overlap::overlaps(network, graph);
    for found in &overlaps.found {
        // The one that begins last is the one that could still be moved.
        let last = found
            .which
            .iter()
            .copied()
            .max_by_key(|at| (network.maintenances[*at].from, *at));
        let Some((last, here)) = last.and_then(|last| Some((last, place(last)?))) else {
            continue;
        };
        let ids: Vec<String> = found
            .which
            .iter()
            .map(|at| format!("`{}`", network.maintenances[*at].id))
            .collect();
        let who: Vec<String> = found
            .who
            .iter()
            .take(NAMED)
            .map(|id| format!("`{id}`"))
            .collect();
        let more = found.who.len() - who.len();
        let more = if more > 0 {
            format!(" and {more} more")
        } else {
            String::new()
        };
        let related = found
            .which
            .iter()
            .filter(|at| **at != last)
            .filter_map(|at| {
                let id = &network.maintenances[*at].id;
                Some((place(*at)?.clone(), format!("`{id}` begins here")))
            })
            .collect();
        faults.push(Fault {
            related,
            ..warning(
                "W0214",
                here,
                format!(
                    "Maintenances {} overlap from {} to {} and together cut off {}{more}.",
                    ids.join(" and "),
                    clock(found.from),
                    clock(found.to),
                    who.join(", "),
                ),
                "Move one of them: neither cuts these agencies off alone.",
            )
        });
    }
    if overlaps.is_cut_short
        && let Some(first) = (0..document.maintenances.len()).find_map(place)
    {
        faults.push(warning(
            "W0214",
            first,
            "So many maintenances overlap that not all of them were looked at.".into(),
            "Remove those that are over.",
        ));
    }
}

fn ports(network: &Network, places: &Places<'_>, faults: &mut Vec<Fault>) {
    let mut taken: BTreeMap<(&NodeId, String), &LinkId> = BTreeMap::new();
    for link in network.links.values() {
        for end in link.ends() {
            let Some(port) = &end.port else {
                continue;
            };
            let first = *taken.entry((&end.node, port_key(port))).or_insert(&link.id);
            if first == &link.id {
                continue;
            }
            if let (Some(place), Some(other)) = (places.link(&link.id), places.link(first)) {
                faults.push(Fault {
                    related: vec![(other.clone(), "the other link".into())],
                    ..warning(
                        "W0205",
                        place,
                        format!(
                            "Port `{port}` of `{}` ends two links, `{first}` and `{}`.",
                            end.node, link.id
                        ),
                        "One port takes one cable; name the true port of one of them.",
                    )
                });
            }
        }
    }
}

fn asking(network: &Network, node: &Node, place: &Place, faults: &mut Vec<Fault>) {
    let id = &node.id;
    let mut warn = |code, message, help| faults.push(warning(code, place, message, help));
    if node.probe.contains(&Method::Snmp) && node.snmp.is_none() {
        warn(
            "W0209",
            format!("`{id}` should be polled by SNMP and names no credential."),
            "Write snmp = \"NAME\" with a name from `credentials.toml`.",
        );
    }
    if node
        .snmp
        .as_ref()
        .is_some_and(|name| matches!(name.as_str(), "public" | "private"))
    {
        warn(
            "W0206",
            format!("The credential of `{id}` is named like a community."),
            "The topology holds the name of a credential, never the secret; the secret stands in `credentials.toml`.",
        );
    }
    if !node.probe.is_empty() && node.address.is_none() {
        warn(
            "W0211",
            format!("`{id}` should be asked and has no address."),
            "Write its address, or probe = [].",
        );
    }
    let never = node.probe.is_empty() || node.address.is_none();
    if never && id != &network.monitor && !network.agencies_at(id).is_empty() {
        warn(
            "W0210",
            format!("Agencies sit at `{id}`, which is never asked: their state stays unknown."),
            "Write its address.",
        );
    }
    let policy = &node.policy;
    if policy.ping_timeout > policy.ping_interval || policy.snmp_timeout > policy.snmp_interval {
        warn(
            "W0212",
            format!("`{id}` is waited for longer than the time between two questions."),
            "Make `timeout` shorter than `interval`.",
        );
    }
}

/// Warns of what is unwise in the texts themselves: secrets, and two spellings of one syllable.
pub(crate) fn texts(sources: &[Arc<Source>], faults: &mut Vec<Fault>) {
    let (mut old, mut new) = (Vec::new(), Vec::new());
    for source in sources {
        secrets(source, faults);
        spellings(source, &mut old, &mut new);
    }
    let (rare, common) = if old.len() < new.len() {
        (old, new)
    } else {
        (new, old)
    };
    if let (Some(first), Some(other)) = (rare.first(), common.first()) {
        faults.push(Fault {
            related: vec![(other.clone(), format!("as here, {} times", common.len()))],
            ..warning(
                "W0207",
                first,
                "Here the tone mark stands elsewhere than in most names.".into(),
                "`Uỷ` and `Ủy` are two texts for one word; keep to one of them.",
            )
        });
    }
}

fn secrets(source: &Arc<Source>, faults: &mut Vec<Fault>) {
    const WORDS: &[&str] = &["password", "passwd", "passphrase", "community", "mật khẩu"];
    let mut start = 0;
    for line in source.text.split_inclusive('\n') {
        let low = line.to_lowercase();
        let told = WORDS.iter().any(|word| {
            low.split(word).skip(1).any(|after| {
                after
                    .trim_start_matches([' ', '"', '\''])
                    .starts_with(['=', ':'])
            })
        });
        let quoted = line.split('"').skip(1).step_by(2);
        if told || low.contains("-----begin") || quoted.into_iter().any(is_token) {
            let indent = line.len() - line.trim_start().len();
            let span = start + indent..start + line.trim_end().len().max(indent);
            faults.push(warning(
                "W0206",
                &place(source, span),
                "This line looks as if it held a secret.".into(),
                "Secrets stand in `credentials.toml`, which others cannot read; the topology names them.",
            ));
        }
        start += line.len();
    }
}

/// Returns whether a text looks like a key: long, without blanks, letters of both cases and digits mixed.
fn is_token(text: &str) -> bool {
    text.len() >= 24
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=' | '_'))
        && text.contains(|c: char| c.is_ascii_uppercase())
        && text.contains(|c: char| c.is_ascii_lowercase())
        && text.contains(|c: char| c.is_ascii_digit())
}

/// Collects syllables that end in `oa`, `oe`, `uy` by where their tone mark stands: `hòa` (old), `hoà` (new).
fn spellings(source: &Arc<Source>, old: &mut Vec<Place>, new: &mut Vec<Place>) {
    let mut before = ' ';
    let mut letters = source.text.char_indices().peekable();
    while let Some((start, letter)) = letters.next() {
        let first = letter.to_lowercase().next().unwrap_or(letter);
        if matches!(
            first,
            'o' | 'u' | 'ò' | 'ó' | 'ỏ' | 'õ' | 'ọ' | 'ù' | 'ú' | 'ủ' | 'ũ' | 'ụ'
        ) && let Some(&(at, second)) = letters.peek()
        {
            let end = at + second.len_utf8();
            let open = !source.text[end..].starts_with(char::is_alphabetic);
            let style = match (first, second) {
                ('ò' | 'ó' | 'ỏ' | 'õ' | 'ọ', 'a' | 'e') | ('ù' | 'ú' | 'ủ' | 'ũ' | 'ụ', 'y') => {
                    Some(&mut *old)
                }
                ('o', 'à' | 'á' | 'ả' | 'ã' | 'ạ' | 'è' | 'é' | 'ẻ' | 'ẽ' | 'ẹ') => {
                    Some(&mut *new)
                }
                // In `quý` the u belongs to the q.
                ('u', 'ỳ' | 'ý' | 'ỷ' | 'ỹ' | 'ỵ') if !matches!(before, 'q' | 'Q') => {
                    Some(&mut *new)
                }
                _ => None,
            };
            if let (true, Some(style)) = (open, style) {
                style.push(place(source, start..end));
            }
        }
        before = letter;
    }
}
