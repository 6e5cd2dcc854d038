//! Subjects: what an id may name, and which is meant when several things share it.

use crate::model::network::Network;
use crate::model::{AgencyId, Element, LinkId};
use crate::report::shape::{Shape, Shapes};

/// Something that has a profile.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Subject {
    Agency(AgencyId),
    Element(Element),
    Service(crate::model::ServiceId),
    Area(crate::model::AreaCode),
    Provider(crate::model::ProviderId),
    Maintenance(crate::model::MaintenanceId),
}

impl Subject {
    /// Returns everything that has this id; `kind:id` asks for one kind.
    ///
    /// An agency and its own node are one place with one id: the agency is meant.
    #[must_use]
    pub fn named(network: &Network, written: &str) -> Vec<Self> {
        let (kind, id) = match written.split_once(':') {
            Some((kind, id)) if KINDS.contains(&kind) => (Some(kind), id),
            _ => (None, written),
        };
        let asked = |name: &str| kind.is_none_or(|kind| kind == name);
        let mut found = Vec::new();
        let agency = network
            .agencies
            .get_key_value(id)
            .filter(|_| asked("agency"));
        if let Some((id, _)) = agency {
            found.push(Self::Agency(id.clone()));
        }
        if let Some((id, _)) = network.nodes.get_key_value(id).filter(|_| asked("node"))
            && agency.is_none_or(|(_, agency)| agency.node != *id)
        {
            found.push(Self::Element(Element::Node(id.clone())));
        }
        if let Some((id, _)) = network.links.get_key_value(id).filter(|_| asked("link")) {
            found.push(Self::Element(Element::Link(id.clone())));
        }
        if let Some((id, _)) = network.risks.get_key_value(id).filter(|_| asked("risk")) {
            found.push(Self::Element(Element::Risk(id.clone())));
        }
        if let Some((id, _)) = network
            .services
            .get_key_value(id)
            .filter(|_| asked("service"))
        {
            found.push(Self::Service(id.clone()));
        }
        if let Some((id, _)) = network.areas.get_key_value(id).filter(|_| asked("area")) {
            found.push(Self::Area(id.clone()));
        }
        if let Some((id, _)) = network
            .providers
            .get_key_value(id)
            .filter(|_| asked("provider"))
        {
            found.push(Self::Provider(id.clone()));
        }
        let maintenance = network
            .maintenances
            .iter()
            .find(|maintenance| maintenance.id.as_str() == id && asked("maintenance"));
        if let Some(maintenance) = maintenance {
            found.push(Self::Maintenance(maintenance.id.clone()));
        }
        found
    }

    /// Returns the kind in the word that `show KIND:ID` takes.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Agency(_) => "agency",
            Self::Element(element) => element.kind(),
            Self::Service(_) => "service",
            Self::Area(_) => "area",
            Self::Provider(_) => "provider",
            Self::Maintenance(_) => "maintenance",
        }
    }

    /// Returns its shape; `None` when the network has no such thing.
    #[must_use]
    pub fn shape<'a>(&self, shapes: &Shapes<'a>) -> Option<Shape<'a>> {
        let network = shapes.network;
        Some(match self {
            Self::Agency(id) => Shape::Agency(Box::new(shapes.agency(network.agencies.get(id)?))),
            Self::Element(Element::Node(id)) => {
                Shape::Node(Box::new(shapes.node(network.nodes.get(id)?)))
            }
            Self::Element(Element::Link(id)) => {
                Shape::Link(Box::new(shapes.link(network.links.get(id)?)))
            }
            Self::Element(Element::Risk(id)) => Shape::Risk(shapes.risk(network.risks.get(id)?)),
            Self::Service(id) => Shape::Service(shapes.service(network.services.get(id)?)),
            Self::Area(id) => Shape::Area(shapes.area(network.areas.get(id)?)),
            Self::Provider(id) => Shape::Provider(shapes.provider(network.providers.get(id)?)),
            Self::Maintenance(id) => {
                let maintenance = network.maintenances.iter().find(|each| each.id == *id)?;
                Shape::Maintenance(shapes.maintenance(maintenance))
            }
        })
    }

    /// Returns the element behind it: what would have to fail.
    #[must_use]
    pub fn element(&self, network: &Network) -> Option<Element> {
        match self {
            Self::Agency(id) => {
                let agency = network.agencies.get(id)?;
                Some(Element::Node(agency.node.clone()))
            }
            Self::Element(element) => Some(element.clone()),
            _ => None,
        }
    }
}

/// The kinds that `KIND:ID` may name.
const KINDS: &[&str] = &[
    "agency",
    "node",
    "link",
    "risk",
    "service",
    "area",
    "provider",
    "maintenance",
];

/// Returns every id that a profile can be asked of, for guessing what was meant.
#[must_use]
pub fn ids(network: &Network) -> Vec<&str> {
    let agencies = network.agencies.keys().map(AgencyId::as_str);
    let nodes = network.nodes.keys().map(crate::model::NodeId::as_str);
    let links = network.links.keys().map(LinkId::as_str);
    let risks = network.risks.keys().map(crate::model::RiskId::as_str);
    let services = network.services.keys().map(crate::model::ServiceId::as_str);
    let areas = network.areas.keys().map(crate::model::AreaCode::as_str);
    let providers = network
        .providers
        .keys()
        .map(crate::model::ProviderId::as_str);
    agencies
        .chain(nodes)
        .chain(links)
        .chain(risks)
        .chain(services)
        .chain(areas)
        .chain(providers)
        .collect()
}
