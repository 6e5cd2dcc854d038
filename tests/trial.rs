//! The whole monitor in a world without sockets, as the tests ask it.

use std::collections::BTreeSet;
use std::path::Path;

use spanwatch::app::reference::Reference;
use spanwatch::app::rehearse::trial::Trial;
use spanwatch::inventory;
use spanwatch::model::health::Health;
use spanwatch::model::incident::Incident;
use spanwatch::model::{AgencyId, NodeId};

pub(crate) fn incidents(trial: &Trial) -> Vec<Incident> {
    let list = trial.monitor.book().list();
    list.iter()
        .filter(|incident| incident.until.is_none())
        .map(|incident| (**incident).clone())
        .collect()
}

pub(crate) fn silenced(trial: &mut Trial) -> BTreeSet<AgencyId> {
    let picture = trial.monitor.picture(trial.now, trial.at);
    let network = picture.network.clone();
    let gone = |node: &NodeId| {
        matches!(
            picture.health(node, trial.at),
            Health::Down | Health::Shadowed
        )
    };
    network
        .agencies
        .values()
        .filter(|agency| gone(&agency.node))
        .map(|agency| agency.id.clone())
        .collect()
}

pub(crate) fn reference() -> Reference {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("topology");
    Reference::new(inventory::load(&folder).expect("our own topology").network)
}
