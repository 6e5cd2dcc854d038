//! All about one thing: what is declared, how it is connected, who depends on it; text and `spanwatch/show/1`.

use std::fmt::Write as _;

use serde::Serialize;
use unicode_width::UnicodeWidthStr;

use crate::analysis::Weakness;
use crate::analysis::what_if::Hit;
use crate::graph::Graph;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, LinkId};
use crate::report::clean;
use crate::report::listing::{capacity, check, head, joined, level_key};
use crate::report::shape::{
    AgencyShape, AreaShape, LinkShape, MaintenanceShape, NodeShape, ProviderShape, RiskShape,
    ServiceShape, Shape, Shapes,
};
use crate::report::subject::Subject;
use crate::report::table::{Side, Table};
use crate::report::weak::{elements, header, standing};
use crate::report::words::Words;

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    kind: &'static str,
    item: Option<Shape<'a>>,
    /// Of an agency: the node that it sits at.
    node: Option<NodeShape<'a>>,
    links: Vec<LinkShape<'a>>,
    cuts_off_ids: &'a [AgencyId],
}

/// Returns the document `spanwatch/show/1`.
#[must_use]
pub fn json(network: &Network, weakness: &Weakness, subject: &Subject) -> String {
    let shapes = Shapes::new(network, weakness);
    let element = subject.element(network);
    let node = match subject {
        Subject::Agency(id) => network
            .agencies
            .get(id)
            .and_then(|agency| network.nodes.get(&agency.node)),
        _ => None,
    };
    let links = match &element {
        Some(Element::Node(id)) => network.links_at(id),
        _ => &[],
    };
    crate::report::json::written(&Document {
        schema: "spanwatch/show/1",
        network: &network.id,
        example: network.example,
        kind: subject.kind(),
        item: subject.shape(&shapes),
        node: node.map(|node| shapes.node(node)),
        links: links
            .iter()
            .filter_map(|id| network.links.get(id))
            .map(|link| shapes.link(link))
            .collect(),
        cuts_off_ids: element
            .and_then(|element| shapes.weak(&element))
            .map_or(&[], |weak| &weak.ids),
    })
}

/// Returns a thing's profile as text.
#[must_use]
pub fn text(network: &Network, weakness: &Weakness, subject: &Subject, words: &Words) -> String {
    let shapes = Shapes::new(network, weakness);
    let Some(shape) = subject.shape(&shapes) else {
        return String::new();
    };
    let page = Page {
        shapes: &shapes,
        words,
    };
    let mut text = header(network, words);
    text.push('\n');
    let (title, facts) = page.facts(&shape);
    text.push_str(&title);
    text.push('\n');
    text.push_str(&aligned(&facts));
    match subject {
        Subject::Agency(id) => {
            if let Some(agency) = network.agencies.get(id) {
                text.push_str(&page.links(network.links_at(&agency.node)));
            }
            text.push('\n');
            text.push_str(&standing(network, weakness, id, words));
        }
        Subject::Element(element) => {
            match (element, &shape) {
                (Element::Node(id), _) => text.push_str(&page.links(network.links_at(id))),
                (_, Shape::Risk(risk)) => {
                    text.push_str(&page.section("report.members"));
                    text.push_str(&elements(network, weakness, risk.members, words));
                }
                _ => {}
            }
            text.push('\n');
            text.push_str(&page.loss(element));
        }
        Subject::Area(_) => {
            if let Shape::Area(area) = &shape {
                text.push_str(&page.agencies(area.agencies.iter().copied()));
            }
        }
        Subject::Provider(_) => {
            if let Shape::Provider(provider) = &shape {
                let links: Vec<LinkId> = provider.links.iter().map(|id| (*id).clone()).collect();
                text.push_str(&page.links(&links));
            }
        }
        Subject::Maintenance(_) => {
            if let Shape::Maintenance(maintenance) = &shape {
                text.push('\n');
                text.push_str(&page.hit(weakness, maintenance));
            }
        }
        Subject::Service(_) => {}
    }
    text
}

type Facts = Vec<(String, String)>;

fn aligned(facts: &Facts) -> String {
    let known = || facts.iter().filter(|(_, value)| !value.is_empty());
    let width = known().map(|(label, _)| label.width()).max().unwrap_or(0);
    let mut text = String::new();
    for (label, value) in known() {
        let gap = " ".repeat(width - label.width());
        // Writing to a String cannot fail.
        let _ = writeln!(text, "  {label}{gap}  {}", clean(value));
    }
    text
}

struct Page<'p, 'a> {
    shapes: &'p Shapes<'a>,
    words: &'p Words,
}

impl Page<'_, '_> {
    fn section(&self, key: &str) -> String {
        let title = self.words.text(key);
        let mut letters = title.chars();
        let first: String = letters
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .collect();
        format!("\n{first}{}\n", letters.as_str())
    }

    fn title(&self, key: &str, id: &str, name: &str) -> String {
        format!("{} {}  {}", self.words.text(key), clean(id), clean(name))
            .trim_end()
            .to_owned()
    }

    fn fact(&self, key: &str, value: impl Into<String>) -> (String, String) {
        (self.words.text(key).to_owned(), value.into())
    }

    fn facts(&self, shape: &Shape<'_>) -> (String, Facts) {
        match shape {
            Shape::Agency(agency) => self.agency(agency),
            Shape::Node(node) => self.node(node),
            Shape::Link(link) => self.link(link),
            Shape::Risk(risk) => self.risk(risk),
            Shape::Service(service) => self.service(service),
            Shape::Area(area) => self.area(area),
            Shape::Provider(provider) => self.provider(provider),
            Shape::Maintenance(maintenance) => self.maintenance(maintenance),
        }
    }

    fn agency(&self, agency: &AgencyShape<'_>) -> (String, Facts) {
        let contact = [
            agency.contact.name,
            agency.contact.phone,
            agency.contact.email,
        ];
        let contact: Vec<&str> = contact.into_iter().flatten().collect();
        let facts = vec![
            self.fact("col.level", self.words.text(level_key(agency.level))),
            self.fact("col.class", agency.class),
            self.fact("col.area", place(agency.area, agency.area_name)),
            self.fact("col.node", agency.node.as_str()),
            self.fact("col.address", text_of(agency.address)),
            self.fact(
                "col.hours",
                agency
                    .hours
                    .unwrap_or_else(|| self.words.text("report.always")),
            ),
            self.fact("col.weight", agency.weight.to_string()),
            self.fact("col.computers", agency.endpoints.computers.to_string()),
            self.fact(
                "col.antivirus",
                agency
                    .endpoints
                    .antivirus
                    .unwrap_or_else(|| self.words.text("report.none")),
            ),
            self.fact("col.contact", contact.join(", ")),
        ];
        let title = self.title("report.agency", agency.id.as_str(), agency.name);
        (title, facts)
    }

    fn node(&self, node: &NodeShape<'_>) -> (String, Facts) {
        let maker: Vec<&str> = [node.vendor, node.model].into_iter().flatten().collect();
        let facts = vec![
            self.fact("col.role", node.role),
            self.fact(
                "col.transit",
                self.words.text(if node.transit {
                    "report.yes"
                } else {
                    "report.no"
                }),
            ),
            self.fact("col.area", place(node.area, node.area_name)),
            self.fact("col.position", position(node.lat, node.lon)),
            self.fact("col.address", text_of(node.address)),
            self.fact("col.addresses", joined(node.addresses)),
            self.fact("col.sys_name", node.sys_name),
            self.fact("col.probe", node.probe.join(", ")),
            self.fact("col.snmp", text_of(node.snmp)),
            self.fact("col.vendor", maker.join(" ")),
            self.fact("col.serial", node.serial.unwrap_or_default()),
            self.fact("col.rates", rates(node.mtbf, node.mttr)),
            self.fact("col.risk", joined(node.risk)),
            self.fact("col.agencies", joined(node.agencies)),
        ];
        (
            self.title("element.node", node.id.as_str(), node.name),
            facts,
        )
    }

    fn link(&self, link: &LinkShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.a", link.a.written()),
            self.fact("col.b", link.b.written()),
            self.fact("col.kind", link.kind),
            self.fact(
                "col.capacity",
                link.capacity.map(capacity).unwrap_or_default(),
            ),
            self.fact("col.metric", link.metric.to_string()),
            self.fact("col.provider", text_of(link.provider)),
            self.fact("col.circuit", link.circuit.unwrap_or_default()),
            self.fact(
                "col.length",
                link.length_km
                    .map(|km| format!("{km} km"))
                    .unwrap_or_default(),
            ),
            self.fact("col.rates", rates(link.mtbf, link.mttr)),
            self.fact("col.risk", joined(link.risk)),
        ];
        let title = self.shapes.network.title(&Element::Link(link.id.clone()));
        (self.title("element.link", link.id.as_str(), &title), facts)
    }

    fn risk(&self, risk: &RiskShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.kind", risk.kind),
            self.fact("col.rates", rates(risk.mtbf, risk.mttr)),
        ];
        (
            self.title("element.risk", risk.id.as_str(), risk.name),
            facts,
        )
    }

    fn service(&self, service: &ServiceShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.node", service.node.as_str()),
            self.fact("col.check", check(service.check)),
        ];
        (
            self.title("report.service", service.id.as_str(), service.name),
            facts,
        )
    }

    fn area(&self, area: &AreaShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.kind", area.kind),
            self.fact("col.position", position(area.lat, area.lon)),
            self.fact("col.agencies", area.agencies.len().to_string()),
            self.fact("col.nodes", area.nodes.len().to_string()),
        ];
        (self.title("col.area", area.code.as_str(), area.name), facts)
    }

    fn provider(&self, provider: &ProviderShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.hotline", provider.hotline.unwrap_or_default()),
            self.fact("col.links", provider.links.len().to_string()),
        ];
        (
            self.title("report.provider", provider.id.as_str(), provider.name),
            facts,
        )
    }

    fn maintenance(&self, maintenance: &MaintenanceShape<'_>) -> (String, Facts) {
        let facts = vec![
            self.fact("col.from", maintenance.from.as_str()),
            self.fact("col.to", maintenance.to.as_str()),
            self.fact("col.elements", joined(maintenance.elements)),
            self.fact("col.reason", maintenance.reason),
            self.fact("col.ticket", maintenance.ticket.unwrap_or_default()),
        ];
        (
            self.title("report.maintenance", maintenance.id.as_str(), ""),
            facts,
        )
    }

    fn links(&self, links: &[LinkId]) -> String {
        let links: Vec<Element> = links.iter().cloned().map(Element::Link).collect();
        if links.is_empty() {
            return String::new();
        }
        self.section("report.links")
            + &elements(
                self.shapes.network,
                self.shapes.weakness,
                &links,
                self.words,
            )
    }

    fn agencies<'i>(&self, ids: impl Iterator<Item = &'i AgencyId>) -> String {
        let mut table = Table::new(&[
            head(self.words, "col.id", Side::Left),
            head(self.words, "col.name", Side::Left),
        ]);
        for id in ids {
            let agency = self.shapes.network.agencies.get(id);
            table.row([id.as_str(), agency.map_or("", |agency| &agency.name)]);
        }
        if table.is_empty() {
            String::new()
        } else {
            self.section("report.agencies") + &table.text("  ")
        }
    }

    /// Returns who is cut off or left on one path while a maintenance lasts, all else being up.
    fn hit(&self, weakness: &Weakness, maintenance: &MaintenanceShape<'_>) -> String {
        let network = self.shapes.network;
        let during = Weakness::of(network, &Graph::new(network), maintenance.elements);
        let hit = Hit::between(&weakness.agencies, &during.agencies);
        let mut text = String::new();
        for (key, ids) in [
            ("show.maintenance.cut-off", &hit.cut_off),
            ("show.maintenance.one-path", &hit.one_path),
        ] {
            if !ids.is_empty() {
                text.push_str(&self.words.with(key, &[&ids.len().to_string()]));
                text.push('\n');
                let agencies = self.agencies(ids.iter());
                // The sentence is the section's title.
                text.push_str(agencies.splitn(3, '\n').nth(2).unwrap_or_default());
            }
        }
        if text.is_empty() {
            text.push_str(self.words.text("show.maintenance.nobody"));
            text.push('\n');
        }
        text
    }

    fn loss(&self, element: &Element) -> String {
        let Some(weak) = self.shapes.weak(element) else {
            return format!("{}\n", self.words.text("show.loss.none"));
        };
        let sentence = self.words.with(
            "show.loss",
            &[&weak.ids.len().to_string(), &weak.weight.to_string()],
        );
        let agencies = self.agencies(weak.ids.iter());
        // The sentence is the section's title.
        let rows = agencies.splitn(3, '\n').nth(2).unwrap_or_default();
        format!("{sentence}\n{rows}")
    }
}

fn text_of<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

fn place(area: Option<&crate::model::AreaCode>, name: Option<&str>) -> String {
    match (area, name) {
        (Some(code), Some(name)) => format!("{name} ({code})"),
        (Some(code), None) => code.to_string(),
        (None, _) => String::new(),
    }
}

fn position(lat: Option<f64>, lon: Option<f64>) -> String {
    match (lat, lon) {
        (Some(lat), Some(lon)) => format!("{lat}, {lon}"),
        _ => String::new(),
    }
}

fn rates(mtbf: Option<f64>, mttr: Option<f64>) -> String {
    let hours = |seconds: Option<f64>| {
        seconds.map_or_else(
            || "-".to_owned(),
            |seconds| format!("{} h", seconds / 3_600.0),
        )
    };
    if mtbf.is_none() && mttr.is_none() {
        String::new()
    } else {
        format!("{}, {}", hours(mtbf), hours(mttr))
    }
}
