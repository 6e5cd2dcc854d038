//! What is being worked on: the elements of every maintenance that is open at a moment.

use std::collections::BTreeSet;

use jiff::Timestamp;

use crate::model::Element;
use crate::model::network::Network;

/// Returns the elements in an open maintenance, risk groups with their members.
#[must_use]
pub fn worked_on(network: &Network, at: Timestamp) -> BTreeSet<Element> {
    let open = network
        .maintenances
        .iter()
        .filter(|maintenance| maintenance.is_open(at));
    let mut elements = BTreeSet::new();
    for element in open.flat_map(|maintenance| &maintenance.elements) {
        if let Element::Risk(risk) = element {
            let risk = network.risks.get(risk);
            elements.extend(risk.into_iter().flat_map(|risk| risk.members.clone()));
        }
        elements.insert(element.clone());
    }
    elements
}
