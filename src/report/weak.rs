//! How every agency stands, and whom an element cuts off: what several reports say in the same way.

use serde::Serialize;

use crate::analysis::{Standing, Weak, Weakness};
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, NodeId, RiskId};
use crate::report::clean;
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::words::Words;

/// A weak element in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct ElementShape<'a> {
    element: &'a Element,
    cuts_off: WhoShape<'a>,
}

#[derive(Clone, Debug, Serialize)]
struct WhoShape<'a> {
    agencies: usize,
    weight: u32,
    ids: &'a [AgencyId],
}

/// How an agency is connected, in JSON.
#[derive(Clone, Debug, Serialize)]
pub struct StandingShape<'a> {
    id: &'a AgencyId,
    cut_off: bool,
    single_points: &'a [Element],
    disjoint_links: u8,
    disjoint_nodes: u8,
    one_risk: &'a [RiskId],
}

impl<'a> ElementShape<'a> {
    /// Returns a weak element's JSON form.
    #[must_use]
    pub fn of(weak: &'a Weak) -> Self {
        Self {
            element: &weak.element,
            cuts_off: WhoShape {
                agencies: weak.ids.len(),
                weight: weak.weight,
                ids: &weak.ids,
            },
        }
    }
}

impl<'a> StandingShape<'a> {
    /// Returns a standing's JSON form.
    #[must_use]
    pub fn of(id: &'a AgencyId, standing: &'a Standing) -> Self {
        Self {
            id,
            cut_off: standing.cut_off,
            single_points: &standing.single_points,
            disjoint_links: standing.disjoint_links,
            disjoint_nodes: standing.disjoint_nodes,
            one_risk: &standing.one_risk,
        }
    }
}

/// Returns the head over every text that shows a network: its name, whether it is an example, its size.
#[must_use]
pub fn header(network: &Network, words: &Words) -> String {
    let remark = if network.example {
        format!("  [{}]", words.text("report.example"))
    } else {
        String::new()
    };
    let sizes = [
        (network.agencies.len(), "report.agencies"),
        (network.nodes.len(), "report.nodes"),
        (network.links.len(), "report.links"),
        (network.risks.len(), "report.risks"),
    ];
    let sizes: Vec<String> = sizes
        .iter()
        .map(|(number, key)| format!("{} {number}", words.text(key)))
        .collect();
    let hubs: Vec<&str> = network.hubs.iter().map(NodeId::as_str).collect();
    format!(
        "{}{remark}\n{}; {} {}\n",
        clean(&network.name),
        sizes.join(", "),
        words.text("report.hubs"),
        clean(&hubs.join(", ")),
    )
}

/// Returns how one agency stands: its chain of single points, from the hub outward.
#[must_use]
pub fn agency(network: &Network, weakness: &Weakness, agency: &Agency, words: &Words) -> String {
    format!(
        "{}\n{} {}  {}\n{}",
        header(network, words),
        words.text("report.agency"),
        clean(agency.id.as_str()),
        clean(&agency.name),
        standing(network, weakness, &agency.id, words),
    )
}

/// Returns the sentences and tables that say how an agency is connected.
#[must_use]
pub fn standing(
    network: &Network,
    weakness: &Weakness,
    agency: &AgencyId,
    words: &Words,
) -> String {
    let Some(standing) = weakness.agencies.get(agency) else {
        return String::new();
    };
    if standing.cut_off {
        return format!("{}\n", words.text("weak.is_cut_off"));
    }
    let mut text = words.with(
        "weak.standing",
        &[
            &count(standing.disjoint_links),
            &count(standing.disjoint_nodes),
        ],
    );
    text.push_str("\n\n");
    if standing.single_points.is_empty() {
        text.push_str(words.text("weak.chain.none"));
        text.push('\n');
    } else {
        text.push_str(words.text("weak.chain"));
        text.push('\n');
        text.push_str(&elements(network, weakness, &standing.single_points, words));
    }
    if !standing.one_risk.is_empty() {
        let groups: Vec<Element> = standing
            .one_risk
            .iter()
            .cloned()
            .map(Element::Risk)
            .collect();
        text.push('\n');
        text.push_str(words.text("weak.one_risk"));
        text.push('\n');
        text.push_str(&elements(network, weakness, &groups, words));
    }
    text
}

/// Returns a table of elements with what each cuts off, in the given order.
#[must_use]
pub fn elements(
    network: &Network,
    weakness: &Weakness,
    elements: &[Element],
    words: &Words,
) -> String {
    let shapes = crate::report::shape::Shapes::new(network, weakness);
    let mut table = Table::new(&[
        head(words, "col.kind", Side::Left),
        head(words, "col.id", Side::Left),
        head(words, "col.cuts_off", Side::Right),
        head(words, "col.name", Side::Left),
    ]);
    for element in elements {
        table.row([
            words.text(&kind_key(element)).to_owned(),
            element.id().to_owned(),
            shapes.cuts_off(element).agencies.to_string(),
            network.title(element),
        ]);
    }
    table.text("  ")
}

/// The key of an element's kind in the table of words.
#[must_use]
pub fn kind_key(element: &Element) -> String {
    format!("element.{}", element.kind())
}

/// The number of disjoint paths in words: three stands for three and more.
#[must_use]
pub fn count(paths: u8) -> String {
    if paths >= 3 {
        "3+".to_owned()
    } else {
        paths.to_string()
    }
}
