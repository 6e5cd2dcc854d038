//! What a typed id means: an element to fail, a node to build at, a maintenance, a view; and what was meant by one
//! that nothing has.

use std::path::PathBuf;

use crate::app::memory::Memory;
use crate::app::view::{Sight, View};
use crate::cli::failure::{Failure, Kind};
use crate::cli::start;
use crate::clock;
use crate::filter::fold::nearest;
use crate::model::agency::Agency;
use crate::model::network::{Maintenance, Network};
use crate::model::{AgencyId, Element, LinkId, MaintenanceId, NodeId, RiskId};
use crate::report::subject::Subject;

/// Kinds that an element may be asked by; an agency stands for the node it sits at.
const KINDS: [&str; 4] = ["agency", "node", "link", "risk"];

/// Which network is meant, for every command that can look at several.
#[derive(Clone, Debug, Default, clap::Args)]
pub struct Viewing {
    /// Which network: designed, today (without what is down or in maintenance), or a maintenance's id
    #[arg(long, value_name = "VIEW")]
    pub view: Option<String>,
    /// Folder of the state that `check` leaves [default: as `check` has it]
    #[arg(long, value_name = "DIR")]
    pub state: Option<PathBuf>,
}

impl Viewing {
    /// Sees the network in the view that was asked for; `None` is what `usual` makes of it.
    pub fn see(
        &self,
        network: &Network,
        usual: fn(&Network, Option<&Memory>, jiff::Timestamp) -> Sight,
    ) -> Result<Sight, Failure> {
        let now = clock::today();
        let view = match self.view.as_deref() {
            None => None,
            Some("designed") => Some(View::Designed),
            Some("today") => Some(View::Today),
            Some(id) => {
                let id = id.strip_prefix("maintenance:").unwrap_or(id);
                Some(View::Maintenance(maintenance(network, id)?.id.clone()))
            }
        };
        // A folder that cannot be told and a file that is not there are the same: no check was heard of.
        let memory = start::state_folder(self.state.as_deref(), network)
            .ok()
            .and_then(|folder| Memory::read(&folder.join("check.json")).ok());
        Ok(match view {
            None => usual(network, memory.as_ref(), now),
            Some(view) => view.see(network, memory.as_ref(), now),
        })
    }
}

/// Returns the agency of an id; one that nothing has is refused with the nearest.
pub fn agency<'a>(network: &'a Network, id: &str) -> Result<&'a Agency, Failure> {
    network.agencies.get(id).ok_or_else(|| {
        let failure = Failure::new(Kind::Usage, format!("There is no agency `{id}`"));
        match nearest(id, network.agencies.keys().map(AgencyId::as_str)) {
            Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
            None => failure.hint(format!("Look for it: `spanwatch list agencies {id}`.")),
        }
    })
}

/// Returns the maintenance of an id.
pub fn maintenance<'a>(network: &'a Network, id: &str) -> Result<&'a Maintenance, Failure> {
    let found = network
        .maintenances
        .iter()
        .find(|each| each.id.as_str() == id);
    found.ok_or_else(|| {
        let failure = Failure::new(Kind::Usage, format!("There is no maintenance `{id}`"));
        let ids = network.maintenances.iter().map(|each| &each.id);
        match nearest(id, ids.map(MaintenanceId::as_str)) {
            Some(meant) => failure.hint(format!("Did you mean `{meant}`?")),
            None if network.maintenances.is_empty() => {
                failure.hint("The topology declares none; see `[[maintenance]]` in it.")
            }
            None => failure.hint("Look for it: `spanwatch list maintenances`."),
        }
    })
}

/// Returns the element that an id names, with its kind or, where only one thing has it, without.
pub fn element(network: &Network, written: &str) -> Result<Element, Failure> {
    let subjects = Subject::named(network, written);
    let mut found: Vec<(&'static str, Element)> = subjects
        .iter()
        .filter_map(|subject| Some((subject.kind(), subject.element(network)?)))
        .collect();
    found.dedup_by(|one, other| one.1 == other.1);
    match found.as_slice() {
        [(_, only)] => Ok(only.clone()),
        [] => Err(match subjects.first() {
            Some(other) => Failure::new(
                Kind::Usage,
                format!("`{written}` is a {}, which cannot fail", other.kind()),
            )
            .hint("Name nodes, links, risk groups or agencies."),
            None => unknown(network, written),
        }),
        several => {
            let choices: Vec<String> = several
                .iter()
                .map(|(kind, _)| format!("`{kind}:{written}`"))
                .collect();
            Err(Failure::new(
                Kind::Usage,
                format!("Several things are called `{written}`"),
            )
            .hint(format!("Say which: {}.", choices.join(", "))))
        }
    }
}

/// Returns the node of an id, be it its own or that of an agency that sits there.
#[must_use]
pub fn node(network: &Network, written: &str) -> Option<NodeId> {
    let agency = || network.agencies.get(written).map(|agency| &agency.node);
    let own = network.nodes.get(written).map(|node| &node.id);
    own.or_else(agency).cloned()
}

/// Makes a failure of an id that nothing has, with the nearest that something has.
fn unknown(network: &Network, written: &str) -> Failure {
    let (kind, bare) = match written.split_once(':') {
        Some((kind, bare)) if KINDS.contains(&kind) => (Some(kind), bare),
        _ => (None, written),
    };
    let failure = Failure::new(Kind::Usage, format!("Nothing is called `{written}`"));
    let asked = |name: &str| kind.is_none_or(|kind| kind == name);
    let mut ids: Vec<&str> = Vec::new();
    if asked("agency") {
        ids.extend(network.agencies.keys().map(AgencyId::as_str));
    }
    if asked("node") {
        ids.extend(network.nodes.keys().map(NodeId::as_str));
    }
    if asked("link") {
        ids.extend(network.links.keys().map(LinkId::as_str));
    }
    if asked("risk") {
        ids.extend(network.risks.keys().map(RiskId::as_str));
    }
    let prefix = kind.map(|kind| format!("{kind}:")).unwrap_or_default();
    if let Some(meant) = nearest(bare, ids) {
        return failure.hint(format!("Did you mean `{prefix}{meant}`?"));
    }
    // Right id, wrong kind: `node:` before a link.
    let other = Subject::named(network, bare)
        .into_iter()
        .find(|subject| subject.element(network).is_some());
    match other {
        Some(other) if kind.is_some() => {
            failure.hint(format!("There is a {} of that id.", other.kind()))
        }
        _ => match bare.split_once(':') {
            Some((kind, _)) => failure.hint(format!(
                "`{kind}` is no kind of element; write node:ID, link:ID, risk:ID or agency:ID."
            )),
            None => failure.hint(format!(
                "Look for it: `spanwatch list nodes {bare}`, `spanwatch list links {bare}`."
            )),
        },
    }
}

/// Returns the node nearest to what was typed, for a hint.
#[must_use]
pub fn nearest_node<'a>(network: &'a Network, written: &str) -> Option<&'a str> {
    let nodes = network.nodes.keys().map(NodeId::as_str);
    nearest(
        written,
        nodes.chain(network.agencies.keys().map(AgencyId::as_str)),
    )
}
