//! Views in words: what is missing from the network that an analysis speaks of, and how that is known.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::app::view::{Knowledge, Sight, View};
use crate::model::incident::IncidentId;
use crate::model::network::Network;
use crate::model::{Element, MaintenanceId};
use crate::report::clean;
use crate::report::verdict::local;
use crate::report::weak::kind_key;
use crate::report::words::Words;

/// A view in JSON, to be flattened into a document.
#[derive(Clone, Debug, Serialize)]
pub struct ViewShape<'a> {
    view: &'a str,
    /// How it is known what is down: `unneeded`, `never`, `old`, `cut_off` (the check itself was), `known`.
    knowledge: &'static str,
    /// When the check was that it is known from.
    checked: Option<String>,
    removed: Vec<RemovedShape<'a>>,
}

#[derive(Clone, Debug, Serialize)]
struct RemovedShape<'a> {
    element: &'a Element,
    maintenance: Option<&'a MaintenanceId>,
    incident: Option<IncidentId>,
    since: Option<String>,
}

impl<'a> ViewShape<'a> {
    /// Returns a sight's JSON form.
    #[must_use]
    pub fn of(network: &Network, sight: &'a Sight) -> Self {
        let moment = |at: Timestamp| local(at, &network.time_zone);
        Self {
            view: sight.view.word(),
            knowledge: sight.knowledge.word(),
            checked: sight.knowledge.at().map(moment),
            removed: sight
                .removed
                .iter()
                .map(|each| RemovedShape {
                    element: &each.element,
                    maintenance: each.maintenance.as_ref(),
                    incident: each.down.map(|down| down.incident),
                    since: each.down.map(|down| moment(down.since)),
                })
                .collect(),
        }
    }
}

/// Returns the lines that say which view it is, what is missing and why, and what is not known; `now` is for the
/// age of the check.
#[must_use]
pub fn text(network: &Network, sight: &Sight, now: Timestamp, words: &Words) -> String {
    let moment = |at: Timestamp| local(at, &network.time_zone);
    let mut lines = vec![match (&sight.view, sight.knowledge) {
        (View::Designed, _) => words.text("view.designed").to_owned(),
        (View::Maintenance(id), _) => words.with("view.maintenance", &[id.as_str()]),
        (View::Today, Knowledge::Of(at)) => {
            words.with("view.today-of", &[&moment(at), &age(at, now, words)])
        }
        (View::Today, _) => words.text("view.today").to_owned(),
    }];
    match sight.knowledge {
        Knowledge::Unneeded | Knowledge::Of(_) => {}
        Knowledge::Never => lines.push(words.text("view.never").to_owned()),
        Knowledge::Old(None) => lines.push(words.text("view.undated").to_owned()),
        Knowledge::Old(Some(at)) => {
            lines.push(words.with("view.old", &[&moment(at), &age(at, now, words)]));
        }
        Knowledge::CutOff(at) => lines.push(words.with("view.cut-off", &[&moment(at)])),
    }
    for (incident, cause) in &sight.gone {
        let said = [incident.to_string(), cause.to_string()];
        lines.push(words.with("view.gone", &[&said[0], &said[1]]));
    }
    for each in &sight.removed {
        let mut why = Vec::new();
        if let Some(down) = each.down {
            why.push(words.with(
                "view.down",
                &[&moment(down.since), &down.incident.to_string()],
            ));
            if down.others > 0 {
                why.push(words.with("view.others", &[&down.others.to_string()]));
            }
        }
        if let Some(id) = &each.maintenance {
            why.push(words.with("view.in-maintenance", &[id.as_str()]));
        }
        let what = named(network, &each.element, words);
        lines.push(format!("  {what}: {}", why.join(", ")));
    }
    if sight.removed.is_empty() && matches!(sight.knowledge, Knowledge::Of(_)) {
        lines.push(format!("  {}", words.text("view.nothing")));
    }
    let mut text = String::new();
    for line in lines {
        text.push_str(&clean(&line));
        text.push('\n');
    }
    text
}

/// Returns an element as people read it: its kind, its id and what it is called.
#[must_use]
pub fn named(network: &Network, element: &Element, words: &Words) -> String {
    let kind = kind_key(element);
    let kind = words.text(&kind);
    let title = network.title(element);
    if title == element.id() {
        format!("{kind} {}", element.id())
    } else {
        format!("{kind} {} ({title})", element.id())
    }
}

/// Returns the time since a moment, in its largest unit.
fn age(at: Timestamp, now: Timestamp, words: &Words) -> String {
    let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
    let seconds = age.as_secs();
    let (count, unit) = match seconds {
        0..60 => (seconds, "unit.second"),
        60..3_600 => (seconds / 60, "unit.minute"),
        3_600..86_400 => (seconds / 3_600, "unit.hour"),
        _ => (seconds / 86_400, "unit.day"),
    };
    format!("{count} {}", words.text(unit))
}
