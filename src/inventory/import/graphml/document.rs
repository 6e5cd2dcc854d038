//! The XML of a graph: nodes, edges and their data by name, each with its place. Nothing is understood here.
//!
//! Hostile input is bounded by what is refused: entities that a file declares itself, deep nesting, too many
//! elements. A document type is passed over and never opened.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use quick_xml::Reader;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};

use crate::inventory::Faults;
use crate::inventory::import::MOST_THINGS;
use crate::inventory::import::cell::clean;
use crate::inventory::table::{error, place};
use crate::model::fault::{Fault, Place, Source};

/// Nested groups of yEd are a few deep; what is deeper is meant to hurt.
const DEEPEST: usize = 128;

/// No element of `GraphML` has more attributes than this.
const MOST_ATTRIBUTES: usize = 64;

/// A graph as it is written.
pub(super) struct Document {
    pub(super) graph: Item,
    pub(super) nodes: Vec<Item>,
    pub(super) edges: Vec<Item>,
}

/// The graph, a node or an edge.
pub(super) struct Item {
    pub(super) place: Place,
    pub(super) id: Option<String>,
    pub(super) source: Option<String>,
    pub(super) target: Option<String>,
    pub(super) source_port: Option<String>,
    pub(super) target_port: Option<String>,
    /// By the name of the key, else by its id.
    pub(super) data: BTreeMap<String, Datum>,
    /// What yEd writes beside it.
    pub(super) label: Option<String>,
    /// It holds a graph of its own: a frame around others.
    pub(super) is_group: bool,
}

/// A value and where it stands.
pub(super) struct Datum {
    pub(super) text: String,
    pub(super) place: Place,
}

#[derive(Default)]
struct Key {
    name: Option<String>,
    of: String,
    default: Option<String>,
}

/// To whom a datum belongs.
#[derive(Clone, Copy)]
enum Owner {
    Graph,
    Node(usize),
    Edge(usize),
}

enum Frame {
    Graph,
    Item(Owner),
    Key(String),
    Default(String),
    Data(Owner, String, Range<usize>),
    Label,
    Other,
}

/// Reads a graph, or says why it is none.
pub(super) fn read(source: &Arc<Source>) -> Result<Document, Faults> {
    let mut pen = Pen {
        source,
        keys: BTreeMap::new(),
        document: Document {
            graph: item(place(source, 0..0)),
            nodes: Vec::new(),
            edges: Vec::new(),
        },
        stack: Vec::new(),
        text: String::new(),
        label: String::new(),
        has_root: false,
    };
    pen.read().map_err(|fault| Faults(vec![*fault]))?;
    Ok(pen.finish())
}

fn item(place: Place) -> Item {
    Item {
        place,
        id: None,
        source: None,
        target: None,
        source_port: None,
        target_port: None,
        data: BTreeMap::new(),
        label: None,
        is_group: false,
    }
}

type Read<T> = Result<T, Box<Fault>>;

struct Pen<'s> {
    source: &'s Arc<Source>,
    keys: BTreeMap<String, Key>,
    document: Document,
    stack: Vec<Frame>,
    /// What the open datum or default says so far.
    text: String,
    /// What the open datum's label says so far.
    label: String,
    has_root: bool,
}

impl Pen<'_> {
    fn fault<T>(
        &self,
        code: &'static str,
        at: Range<usize>,
        message: String,
        help: &str,
    ) -> Read<T> {
        Err(Box::new(Fault {
            help: (!help.is_empty()).then(|| help.to_owned()),
            ..error(code, &place(self.source, at), message)
        }))
    }

    fn broken<T>(&self, at: usize, why: &impl std::fmt::Display) -> Read<T> {
        let message = format!(
            "This is not XML: {}.",
            clean(&why.to_string()).trim_end_matches('.')
        );
        self.fault(
            "T0156",
            at..at + 1,
            message,
            "The file may have been cut, or is in another format.",
        )
    }

    fn read(&mut self) -> Read<()> {
        let source = self.source.clone();
        let text = source.text.as_str();
        let mark = if text.starts_with('\u{FEFF}') { 3 } else { 0 };
        let mut reader = Reader::from_str(&text[mark..]);
        reader.config_mut().expand_empty_elements = true;
        loop {
            let before = mark + reader.buffer_position() as usize;
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(why) => {
                    let at = mark + reader.error_position() as usize;
                    return self.broken(at.min(text.len()), &why);
                }
            };
            let after = mark + reader.buffer_position() as usize;
            match event {
                Event::Start(start) => self.start(&start, before..after)?,
                Event::End(_) => self.end(),
                Event::Text(said) => match said.xml_content() {
                    Ok(said) => self.say(&said),
                    Err(why) => return self.broken(before, &why),
                },
                Event::CData(said) => match said.decode() {
                    Ok(said) => self.say(&said),
                    Err(why) => return self.broken(before, &why),
                },
                Event::GeneralRef(name) => {
                    let letter = self.entity(&name, before..after)?;
                    self.say(&letter);
                }
                Event::Decl(declared) => {
                    if let Some(Ok(encoding)) = declared.encoding() {
                        self.encoding(&encoding, before..after)?;
                    }
                }
                Event::DocType(said) => {
                    if said.contains(&b'[') {
                        let message = "The file declares entities of its own.".to_owned();
                        let help = "They are never expanded here; delete the part of <!DOCTYPE in brackets.";
                        return self.fault("T0157", before..after, message, help);
                    }
                }
                Event::Empty(_) | Event::Comment(_) | Event::PI(_) => {}
                Event::Eof => break,
            }
        }
        if !self.has_root || !self.stack.is_empty() {
            let end = text.trim_end().len();
            return self.broken(end, &"it ends before its elements do");
        }
        Ok(())
    }

    /// Accepts the names of encodings under which the text is what it seems to be.
    fn encoding(&self, encoding: &[u8], at: Range<usize>) -> Read<()> {
        let name = String::from_utf8_lossy(encoding).to_lowercase();
        let plain = ["utf-8", "utf8", "us-ascii", "ascii"].contains(&name.as_str());
        if plain || self.source.text.is_ascii() {
            return Ok(());
        }
        let message = format!(
            "The file says that it is in {}, and it is read as UTF-8.",
            clean(&name)
        );
        self.fault(
            "T0157",
            at,
            message,
            "Save it as UTF-8, and let its first line say so.",
        )
    }

    fn entity(&self, name: &BytesRef<'_>, at: Range<usize>) -> Read<String> {
        let letter = match name.resolve_char_ref() {
            Ok(Some(letter)) => Some(letter.to_string()),
            Ok(None) => name
                .decode()
                .ok()
                .and_then(|name| resolve_predefined_entity(&name).map(str::to_owned)),
            Err(_) => None,
        };
        let Some(letter) = letter else {
            let help = "XML knows &amp; &lt; &gt; &quot; &apos; and numbers; nothing else is expanded here.";
            return self.fault("T0157", at, "This entity is not known.".into(), help);
        };
        Ok(letter)
    }

    /// Returns the attributes of an element by their names.
    fn attributes(
        &self,
        start: &BytesStart<'_>,
        at: &Range<usize>,
    ) -> Read<BTreeMap<String, String>> {
        let mut all = BTreeMap::new();
        // Without the check for doubles, which compares each with each.
        for attribute in start.attributes().with_checks(false).take(MOST_ATTRIBUTES) {
            let attribute = match attribute {
                Ok(attribute) => attribute,
                Err(why) => return self.broken(at.start, &why),
            };
            let name = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = match attribute.unescape_value() {
                Ok(value) => clean(&value),
                Err(why) => return self.broken(at.start, &why),
            };
            all.insert(name, value);
        }
        Ok(all)
    }

    fn start(&mut self, start: &BytesStart<'_>, at: Range<usize>) -> Read<()> {
        if self.stack.len() >= DEEPEST {
            let message = format!("Elements are nested more than {DEEPEST} deep.");
            return self.fault(
                "T0157",
                at,
                message,
                "No graph needs that; is it the right file?",
            );
        }
        let name = start.local_name();
        if !self.has_root {
            if name.as_ref() != b"graphml" {
                let root = clean(&String::from_utf8_lossy(name.as_ref()));
                let shown: String = root.chars().take(40).collect();
                let message = format!("This is not GraphML: its root is <{shown}>.");
                let help = "GraphML begins with <graphml>; `.gml` and `.gexf` are other formats, which networkx, Gephi and yEd convert.";
                return self.fault("T0156", at, message, help);
            }
            self.has_root = true;
            self.stack.push(Frame::Other);
            return Ok(());
        }
        let inside = self.stack.last();
        let frame = match (name.as_ref(), inside) {
            (b"key", _) => {
                let mut found = self.attributes(start, &at)?;
                let id = found.remove("id").unwrap_or_default();
                let key = Key {
                    name: found.remove("attr.name").filter(|name| !name.is_empty()),
                    of: found.remove("for").unwrap_or_default(),
                    default: None,
                };
                self.keys.insert(id.clone(), key);
                Frame::Key(id)
            }
            (b"default", Some(Frame::Key(id))) => {
                let id = id.clone();
                self.text.clear();
                Frame::Default(id)
            }
            (b"graph", Some(Frame::Item(owner))) => {
                if let Owner::Node(node) = *owner {
                    self.document.nodes[node].is_group = true;
                }
                Frame::Graph
            }
            (b"graph", _) => {
                if self.document.graph.id.is_none() {
                    self.document.graph.id = self.attributes(start, &at)?.remove("id");
                    self.document.graph.place = place(self.source, at.clone());
                }
                Frame::Graph
            }
            (b"node", _) => Frame::Item(self.node(start, &at)?),
            (b"edge", _) => Frame::Item(self.edge(start, &at)?),
            (b"hyperedge", _) => {
                let message = "Edges of more than two ends are not read.".to_owned();
                return self.fault(
                    "T0157",
                    at,
                    message,
                    "Make a node of it, with an edge to each end.",
                );
            }
            (b"data", Some(Frame::Item(_) | Frame::Graph)) => {
                let owner = match inside {
                    Some(Frame::Item(owner)) => *owner,
                    _ => Owner::Graph,
                };
                let key = self
                    .attributes(start, &at)?
                    .remove("key")
                    .unwrap_or_default();
                self.text.clear();
                self.label.clear();
                Frame::Data(owner, key, at)
            }
            (b"NodeLabel" | b"EdgeLabel", _) => {
                // Of several labels the first is the name.
                if self.label.trim().is_empty() {
                    self.label.clear();
                    Frame::Label
                } else {
                    Frame::Other
                }
            }
            _ => Frame::Other,
        };
        self.stack.push(frame);
        Ok(())
    }

    fn is_full(&self, at: &Range<usize>) -> Read<()> {
        let document = &self.document;
        if document.nodes.len() < MOST_THINGS && document.edges.len() < MOST_THINGS {
            return Ok(());
        }
        let message = format!("There are more than {MOST_THINGS} nodes or edges.");
        self.fault("T0157", at.clone(), message, "Import a part of it.")
    }

    fn node(&mut self, start: &BytesStart<'_>, at: &Range<usize>) -> Read<Owner> {
        self.is_full(at)?;
        let mut found = self.attributes(start, at)?;
        let id = found.remove("id").filter(|id| !id.is_empty());
        if id.is_none() {
            let message = "This node has no id.".to_owned();
            return self.fault(
                "T0156",
                at.clone(),
                message,
                "GraphML asks for <node id=\"..\">.",
            );
        }
        self.document.nodes.push(Item {
            id,
            ..item(place(self.source, at.clone()))
        });
        Ok(Owner::Node(self.document.nodes.len() - 1))
    }

    fn edge(&mut self, start: &BytesStart<'_>, at: &Range<usize>) -> Read<Owner> {
        self.is_full(at)?;
        let mut found = self.attributes(start, at)?;
        let edge = Item {
            id: found.remove("id").filter(|id| !id.is_empty()),
            source: found.remove("source"),
            target: found.remove("target"),
            source_port: found.remove("sourceport"),
            target_port: found.remove("targetport"),
            ..item(place(self.source, at.clone()))
        };
        if edge.source.is_none() || edge.target.is_none() {
            let message = "This edge lacks an end.".to_owned();
            let help = "GraphML asks for <edge source=\"..\" target=\"..\">.";
            return self.fault("T0156", at.clone(), message, help);
        }
        self.document.edges.push(edge);
        Ok(Owner::Edge(self.document.edges.len() - 1))
    }

    fn say(&mut self, said: &str) {
        match self.stack.last() {
            Some(Frame::Data(..) | Frame::Default(_)) => self.text.push_str(said),
            Some(Frame::Label) => self.label.push_str(said),
            _ => {}
        }
    }

    fn end(&mut self) {
        match self.stack.pop() {
            Some(Frame::Default(id)) => {
                let text = std::mem::take(&mut self.text);
                if let Some(key) = self.keys.get_mut(&id) {
                    key.default = Some(text.trim().to_owned()).filter(|text| !text.is_empty());
                }
            }
            Some(Frame::Data(owner, key, at)) => {
                let text = std::mem::take(&mut self.text);
                let label = clean(&std::mem::take(&mut self.label));
                let item = match owner {
                    Owner::Graph => Some(&mut self.document.graph),
                    Owner::Node(node) => self.document.nodes.get_mut(node),
                    Owner::Edge(edge) => self.document.edges.get_mut(edge),
                };
                let Some(item) = item else {
                    return;
                };
                if !label.is_empty() {
                    item.label.get_or_insert(label);
                }
                let text = text.trim();
                if !text.is_empty() {
                    let datum = Datum {
                        text: text.to_owned(),
                        place: place(self.source, at),
                    };
                    item.data.insert(key, datum);
                }
            }
            _ => {}
        }
    }

    /// Gives data the names of their keys, and defaults to those who lack a value.
    fn finish(self) -> Document {
        let mut document = self.document;
        let keys = self.keys;
        let name = |item: &mut Item, of: &str| {
            let said = std::mem::take(&mut item.data);
            for (id, key) in &keys {
                let is_of = key.of == of || key.of == "all" || key.of.is_empty();
                if let (Some(default), true, false) = (&key.default, is_of, said.contains_key(id)) {
                    let name = key.name.as_ref().unwrap_or(id);
                    let datum = Datum {
                        text: default.clone(),
                        place: item.place.clone(),
                    };
                    item.data.insert(name.clone(), datum);
                }
            }
            for (id, datum) in said {
                let name = keys.get(&id).and_then(|key| key.name.clone()).unwrap_or(id);
                item.data.insert(name, datum);
            }
        };
        name(&mut document.graph, "graph");
        for node in &mut document.nodes {
            name(node, "node");
        }
        for edge in &mut document.edges {
            name(edge, "edge");
        }
        document
    }
}
