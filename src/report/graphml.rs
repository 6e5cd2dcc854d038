//! `GraphML`, for Gephi, yEd and networkx: keys with types, so that numbers arrive as numbers.

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::analysis::Weakness;
use crate::model::Element;
use crate::model::network::Network;
use crate::report::clean;
use crate::report::listing::joined;
use crate::report::shape::Shapes;

/// Every key: what it is of, its name (also its id, behind the first letter of what it is of), its type.
const KEYS: &[(&str, &str, &str)] = &[
    ("graph", "name", "string"),
    ("graph", "example", "boolean"),
    ("node", "name", "string"),
    ("node", "role", "string"),
    ("node", "transit", "boolean"),
    ("node", "hub", "boolean"),
    ("node", "address", "string"),
    ("node", "area", "string"),
    ("node", "lat", "double"),
    ("node", "lon", "double"),
    ("node", "risk", "string"),
    ("node", "agencies", "int"),
    ("node", "cuts_off", "int"),
    ("node", "cuts_off_weight", "long"),
    ("edge", "kind", "string"),
    ("edge", "capacity", "long"),
    ("edge", "metric", "int"),
    ("edge", "provider", "string"),
    ("edge", "risk", "string"),
    ("edge", "length_km", "double"),
    ("edge", "cuts_off", "int"),
    ("edge", "cuts_off_weight", "long"),
];

type Xml = Writer<Vec<u8>>;

/// Returns the network as an undirected graph, parallel links each with its own id.
#[must_use]
pub fn network(network: &Network, weakness: &Weakness) -> String {
    let mut xml = Writer::new_with_indent(Vec::new(), b' ', 1);
    write(&mut xml, network, weakness).expect("writing to memory cannot fail");
    let mut text = String::from_utf8(xml.into_inner()).expect("texts and tags");
    text.push('\n');
    text
}

fn write(xml: &mut Xml, network: &Network, weakness: &Weakness) -> std::io::Result<()> {
    let shapes = Shapes::new(network, weakness);
    xml.write_event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    xml.create_element("graphml")
        .with_attribute(("xmlns", "http://graphml.graphdrawing.org/xmlns"))
        .write_inner_content(|xml| {
            for (of, name, kind) in KEYS {
                let id = format!("{}_{name}", &of[..1]);
                xml.create_element("key")
                    .with_attribute(("id", id.as_str()))
                    .with_attribute(("for", *of))
                    .with_attribute(("attr.name", *name))
                    .with_attribute(("attr.type", *kind))
                    .write_empty()?;
            }
            xml.create_element("graph")
                .with_attribute(("id", allowed(&network.id).as_str()))
                .with_attribute(("edgedefault", "undirected"))
                .write_inner_content(|xml| {
                    datum(xml, "g_name", &network.name)?;
                    datum(xml, "g_example", &network.example.to_string())?;
                    for node in network.nodes.values() {
                        write_node(xml, &shapes, node)?;
                    }
                    for link in network.links.values() {
                        write_link(xml, &shapes, link)?;
                    }
                    Ok(())
                })?;
            Ok(())
        })?;
    Ok(())
}

fn write_node(
    xml: &mut Xml,
    shapes: &Shapes<'_>,
    node: &crate::model::network::Node,
) -> std::io::Result<()> {
    let cuts_off = shapes.cuts_off(&Element::Node(node.id.clone()));
    xml.create_element("node")
        .with_attribute(("id", allowed(node.id.as_str()).as_str()))
        .write_inner_content(|xml| {
            datum(xml, "n_name", &node.name)?;
            datum(xml, "n_role", &node.role)?;
            datum(xml, "n_transit", &node.transit.to_string())?;
            datum(
                xml,
                "n_hub",
                &shapes.network.hubs.contains(&node.id).to_string(),
            )?;
            if let Some(address) = node.address {
                datum(xml, "n_address", &address.to_string())?;
            }
            if let Some(name) = shapes.area_name(node.area.as_ref()) {
                datum(xml, "n_area", name)?;
            }
            if let Some(position) = node.position {
                datum(xml, "n_lat", &position.lat.to_string())?;
                datum(xml, "n_lon", &position.lon.to_string())?;
            }
            datum(xml, "n_risk", &joined(&node.risks))?;
            datum(
                xml,
                "n_agencies",
                &shapes.network.agencies_at(&node.id).len().to_string(),
            )?;
            datum(xml, "n_cuts_off", &cuts_off.agencies.to_string())?;
            datum(xml, "n_cuts_off_weight", &cuts_off.weight.to_string())
        })?;
    Ok(())
}

fn write_link(
    xml: &mut Xml,
    shapes: &Shapes<'_>,
    link: &crate::model::network::Link,
) -> std::io::Result<()> {
    let cuts_off = shapes.cuts_off(&Element::Link(link.id.clone()));
    xml.create_element("edge")
        .with_attribute(("id", allowed(link.id.as_str()).as_str()))
        .with_attribute(("source", allowed(link.a.node.as_str()).as_str()))
        .with_attribute(("target", allowed(link.b.node.as_str()).as_str()))
        .write_inner_content(|xml| {
            datum(xml, "e_kind", &link.kind)?;
            if let Some(bits) = link.capacity {
                datum(xml, "e_capacity", &bits.to_string())?;
            }
            datum(xml, "e_metric", &link.metric.to_string())?;
            if let Some(provider) = &link.provider {
                datum(xml, "e_provider", provider.as_str())?;
            }
            datum(xml, "e_risk", &joined(&link.risks))?;
            if let Some(length) = link.length_km {
                datum(xml, "e_length_km", &length.to_string())?;
            }
            datum(xml, "e_cuts_off", &cuts_off.agencies.to_string())?;
            datum(xml, "e_cuts_off_weight", &cuts_off.weight.to_string())
        })?;
    Ok(())
}

fn datum(xml: &mut Xml, key: &str, value: &str) -> std::io::Result<()> {
    if value.is_empty() {
        return Ok(());
    }
    xml.create_element("data")
        .with_attribute(("key", key))
        .write_text_content(BytesText::new(&allowed(value)))?;
    Ok(())
}

/// Drops what XML 1.0 does not allow at all, escaped or not, after what no format here lets through.
fn allowed(text: &str) -> String {
    clean(text)
        .chars()
        .filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}'))
        .collect()
}
