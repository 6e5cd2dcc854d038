//! DOT, for Graphviz: every id and every attribute is quoted, so that no name can become syntax.

use std::fmt::Write as _;

use crate::analysis::Weakness;
use crate::model::Element;
use crate::model::network::Network;
use crate::report::clean;
use crate::report::listing::capacity;
use crate::report::shape::Shapes;

/// Returns the network as an undirected graph, parallel links each; positions for `neato -n` where known.
#[must_use]
pub fn network(network: &Network, weakness: &Weakness) -> String {
    let shapes = Shapes::new(network, weakness);
    let mut text = format!("graph {} {{\n", quoted(&network.id));
    let label = if network.example {
        format!("{} (illustrative data)", network.name)
    } else {
        network.name.clone()
    };
    line(
        &mut text,
        "graph",
        &[("label", label), ("outputorder", "edgesfirst".to_owned())],
    );
    line(
        &mut text,
        "node",
        &[
            ("fontname", "sans-serif".to_owned()),
            ("style", "filled".to_owned()),
        ],
    );
    for node in network.nodes.values() {
        let cuts_off = shapes.cuts_off(&Element::Node(node.id.clone())).agencies;
        let mut attributes = vec![
            ("label", node.name.clone()),
            ("shape", shape(&node.role).to_owned()),
            ("fillcolor", colour(cuts_off).to_owned()),
            (
                "tooltip",
                format!("{} {}: cuts off {cuts_off}", node.role, node.id),
            ),
        ];
        if let Some(position) = node.position {
            // Graphviz counts in points; 10,000 a degree keeps neighbours in a town apart.
            attributes.push((
                "pos",
                format!(
                    "{:.1},{:.1}",
                    position.lon * 10_000.0,
                    position.lat * 10_000.0
                ),
            ));
        }
        line(&mut text, &quoted(node.id.as_str()), &attributes);
    }
    for link in network.links.values() {
        let cuts_off = shapes.cuts_off(&Element::Link(link.id.clone())).agencies;
        let mut attributes = vec![
            ("id", link.id.to_string()),
            (
                "tooltip",
                format!("{} {}: cuts off {cuts_off}", link.kind, link.id),
            ),
            (
                "color",
                if cuts_off > 0 { "#c2410c" } else { "#64748b" }.to_owned(),
            ),
            ("penwidth", width(cuts_off).to_owned()),
            (
                "style",
                if matches!(link.kind.as_str(), "4g" | "radio" | "satellite") {
                    "dashed"
                } else {
                    "solid"
                }
                .to_owned(),
            ),
        ];
        if let Some(bits) = link.capacity {
            attributes.push(("label", capacity(bits)));
        }
        let ends = format!(
            "{} -- {}",
            quoted(link.a.node.as_str()),
            quoted(link.b.node.as_str())
        );
        line(&mut text, &ends, &attributes);
    }
    text.push_str("}\n");
    text
}

fn line(text: &mut String, head: &str, attributes: &[(&str, String)]) {
    let attributes: Vec<String> = attributes
        .iter()
        .map(|(key, value)| format!("{key}={}", quoted(value)))
        .collect();
    // Writing to a String cannot fail.
    let _ = writeln!(text, "  {head} [{}];", attributes.join(", "));
}

/// In a quoted string of DOT a backslash begins an escape (`\N` would become the node's name).
fn quoted(text: &str) -> String {
    format!(
        "\"{}\"",
        clean(text).replace('\\', "\\\\").replace('"', "\\\"")
    )
}

fn shape(role: &str) -> &'static str {
    match role {
        "hub" | "hub-edge" => "box",
        "core" => "diamond",
        "provider" | "radio" => "hexagon",
        "agency" => "point",
        _ => "ellipse",
    }
}

fn colour(cuts_off: usize) -> &'static str {
    match cuts_off {
        0 => "#e2e8f0",
        1 => "#fef3c7",
        2..=9 => "#fdba74",
        _ => "#f97316",
    }
}

fn width(cuts_off: usize) -> &'static str {
    match cuts_off {
        0 => "1",
        1 => "1.5",
        2..=9 => "2.5",
        _ => "4",
    }
}
