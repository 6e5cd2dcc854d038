//! `GraphML`, for Gephi, yEd and networkx: keys with types, so that numbers arrive as numbers.
//!
//! It holds the whole model, and `import graphml` makes the same network of it again. The hard part is what is
//! neither node nor edge: it stands in the graph's own keys, as JSON.

mod record;

use quick_xml::Writer;
use quick_xml::events::{BytesDecl, BytesText, Event};

use crate::analysis::Weakness;
use crate::inventory::import::graphml::schema;
use crate::inventory::quantity::duration_text;
use crate::model::Element;
use crate::model::network::{Link, Network, Node};
use crate::report::clean;
use crate::report::graphml::record::{Records, json};
use crate::report::listing::joined;
use crate::report::shape::Shapes;

/// Every key: what it is of, its name (also its id, behind the first letter of what it is of), its type.
///
/// What belongs to no node or edge stands in the graph's own keys, as JSON (`schema`). `cuts_off` was found out and
/// is not read back.
const KEYS: &[(&str, &str, &str)] = &[
    ("graph", "schema", "string"),
    ("graph", "network", "string"),
    ("graph", "name", "string"),
    ("graph", "example", "boolean"),
    ("graph", "expected_agencies", "int"),
    ("graph", "hubs", "string"),
    ("graph", "monitor", "string"),
    ("graph", "time_zone", "string"),
    ("graph", "currency", "string"),
    ("graph", "kinds", "string"),
    ("graph", "areas", "string"),
    ("graph", "providers", "string"),
    ("graph", "risks", "string"),
    ("graph", "services", "string"),
    ("graph", "candidates", "string"),
    ("graph", "maintenances", "string"),
    ("graph", "hours", "string"),
    ("node", "name", "string"),
    ("node", "role", "string"),
    ("node", "transit", "boolean"),
    ("node", "hub", "boolean"),
    ("node", "address", "string"),
    ("node", "addresses", "string"),
    ("node", "sys_name", "string"),
    ("node", "probe", "string"),
    ("node", "area", "string"),
    ("node", "area_code", "string"),
    ("node", "lat", "double"),
    ("node", "lon", "double"),
    ("node", "snmp", "string"),
    ("node", "vendor", "string"),
    ("node", "model", "string"),
    ("node", "serial", "string"),
    ("node", "mtbf", "string"),
    ("node", "mttr", "string"),
    ("node", "risk", "string"),
    ("node", "ping_interval", "string"),
    ("node", "ping_timeout", "string"),
    ("node", "rtt_max", "string"),
    ("node", "snmp_interval", "string"),
    ("node", "snmp_timeout", "string"),
    ("node", "snmp_retries", "int"),
    ("node", "was", "string"),
    ("node", "agencies", "int"),
    ("node", "agency", "string"),
    ("node", "cuts_off", "int"),
    ("node", "cuts_off_weight", "long"),
    ("edge", "a", "string"),
    ("edge", "source_port", "string"),
    ("edge", "target_port", "string"),
    ("edge", "kind", "string"),
    ("edge", "capacity", "long"),
    ("edge", "metric", "int"),
    ("edge", "provider", "string"),
    ("edge", "circuit", "string"),
    ("edge", "risk", "string"),
    ("edge", "length_km", "double"),
    ("edge", "cost_build", "double"),
    ("edge", "cost_yearly", "double"),
    ("edge", "mtbf", "string"),
    ("edge", "mttr", "string"),
    ("edge", "was", "string"),
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
                    write_graph(xml, network)?;
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

fn write_graph(xml: &mut Xml, network: &Network) -> std::io::Result<()> {
    datum(xml, "g_schema", schema::SCHEMA)?;
    datum(xml, "g_network", &network.id)?;
    datum(xml, "g_name", &network.name)?;
    datum(xml, "g_example", &network.example.to_string())?;
    if let Some(expected) = network.expected_agencies {
        datum(xml, "g_expected_agencies", &expected.to_string())?;
    }
    datum(xml, "g_hubs", &joined(&network.hubs))?;
    datum(xml, "g_monitor", network.monitor.as_str())?;
    if let Some(zone) = network.time_zone.iana_name() {
        datum(xml, "g_time_zone", zone)?;
    }
    if let Some(currency) = &network.currency {
        datum(xml, "g_currency", currency)?;
    }
    let records = Records(network);
    datum(xml, "g_kinds", &records.kinds())?;
    datum(xml, "g_areas", &records.areas())?;
    datum(xml, "g_providers", &records.providers())?;
    datum(xml, "g_risks", &records.risks())?;
    datum(xml, "g_services", &records.services())?;
    datum(xml, "g_candidates", &records.candidates())?;
    datum(xml, "g_maintenances", &records.maintenances())?;
    datum(xml, "g_hours", &records.hours())
}

fn write_node(xml: &mut Xml, shapes: &Shapes<'_>, node: &Node) -> std::io::Result<()> {
    let network = shapes.network;
    let cuts_off = shapes.cuts_off(&Element::Node(node.id.clone()));
    xml.create_element("node")
        .with_attribute(("id", allowed(node.id.as_str()).as_str()))
        .write_inner_content(|xml| {
            datum(xml, "n_name", &node.name)?;
            datum(xml, "n_role", &node.role)?;
            datum(xml, "n_transit", &node.transit.to_string())?;
            datum(xml, "n_hub", &network.hubs.contains(&node.id).to_string())?;
            maybe(xml, "n_address", node.address)?;
            datum(xml, "n_addresses", &joined(&node.addresses))?;
            datum(xml, "n_sys_name", &node.sys_name)?;
            let probe = joined(&node.probe);
            datum(
                xml,
                "n_probe",
                if probe.is_empty() {
                    schema::NEVER
                } else {
                    &probe
                },
            )?;
            if let Some(name) = shapes.area_name(node.area.as_ref()) {
                datum(xml, "n_area", name)?;
            }
            maybe(xml, "n_area_code", node.area.as_ref())?;
            maybe(xml, "n_lat", node.position.map(|at| at.lat))?;
            maybe(xml, "n_lon", node.position.map(|at| at.lon))?;
            maybe(xml, "n_snmp", node.snmp.as_ref())?;
            maybe(xml, "n_vendor", node.vendor.as_ref())?;
            maybe(xml, "n_model", node.model.as_ref())?;
            maybe(xml, "n_serial", node.serial.as_ref())?;
            maybe(xml, "n_mtbf", node.rates.mtbf.map(duration_text))?;
            maybe(xml, "n_mttr", node.rates.mttr.map(duration_text))?;
            datum(xml, "n_risk", &joined(&node.risks))?;
            let policy = &node.policy;
            datum(xml, "n_ping_interval", &duration_text(policy.ping_interval))?;
            datum(xml, "n_ping_timeout", &duration_text(policy.ping_timeout))?;
            datum(xml, "n_rtt_max", &duration_text(policy.rtt_max))?;
            datum(xml, "n_snmp_interval", &duration_text(policy.snmp_interval))?;
            datum(xml, "n_snmp_timeout", &duration_text(policy.snmp_timeout))?;
            datum(xml, "n_snmp_retries", &policy.snmp_retries.to_string())?;
            datum(xml, "n_was", &json(&node.was))?;
            let agencies = network.agencies_at(&node.id);
            datum(xml, "n_agencies", &agencies.len().to_string())?;
            datum(xml, "n_agency", &Records(network).agencies(agencies))?;
            datum(xml, "n_cuts_off", &cuts_off.agencies.to_string())?;
            datum(xml, "n_cuts_off_weight", &cuts_off.weight.to_string())
        })?;
    Ok(())
}

fn write_link(xml: &mut Xml, shapes: &Shapes<'_>, link: &Link) -> std::io::Result<()> {
    let cuts_off = shapes.cuts_off(&Element::Link(link.id.clone()));
    xml.create_element("edge")
        .with_attribute(("id", allowed(link.id.as_str()).as_str()))
        .with_attribute(("source", allowed(link.a.node.as_str()).as_str()))
        .with_attribute(("target", allowed(link.b.node.as_str()).as_str()))
        .write_inner_content(|xml| {
            // Programs that know no direction turn edges round; the ports must not change sides then.
            datum(xml, "e_a", link.a.node.as_str())?;
            maybe(xml, "e_source_port", link.a.port.as_ref())?;
            maybe(xml, "e_target_port", link.b.port.as_ref())?;
            datum(xml, "e_kind", &link.kind)?;
            maybe(xml, "e_capacity", link.capacity)?;
            datum(xml, "e_metric", &link.metric.to_string())?;
            maybe(xml, "e_provider", link.provider.as_ref())?;
            maybe(xml, "e_circuit", link.circuit.as_ref())?;
            datum(xml, "e_risk", &joined(&link.risks))?;
            maybe(xml, "e_length_km", link.length_km)?;
            maybe(xml, "e_cost_build", link.cost_build)?;
            maybe(xml, "e_cost_yearly", link.cost_yearly)?;
            maybe(xml, "e_mtbf", link.rates.mtbf.map(duration_text))?;
            maybe(xml, "e_mttr", link.rates.mttr.map(duration_text))?;
            datum(xml, "e_was", &json(&link.was))?;
            datum(xml, "e_cuts_off", &cuts_off.agencies.to_string())?;
            datum(xml, "e_cuts_off_weight", &cuts_off.weight.to_string())
        })?;
    Ok(())
}

fn maybe(xml: &mut Xml, key: &str, value: Option<impl ToString>) -> std::io::Result<()> {
    match value {
        Some(value) => datum(xml, key, &value.to_string()),
        None => Ok(()),
    }
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
