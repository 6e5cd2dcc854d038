//! What really happened in the lab: the ground truth that detections are scored against.
//!
//! One JSON object a line, written when a fault ends, or when the lab does.

use std::time::Duration;

use jiff::Timestamp;
use serde::Serialize;

use crate::lab::action::Action;
use crate::lab::action::behaviour::Behaviour;
use crate::model::Element;

/// The faults that are in force, with the moment each began.
#[derive(Clone, Debug)]
pub struct Record {
    began: Timestamp,
    open: Vec<(Action, Duration)>,
}

/// One fault, from its beginning to its end.
#[derive(Serialize)]
struct Line<'a> {
    element: &'a Element,
    fault: String,
    from: Timestamp,
    to: Option<Timestamp>,
    from_seconds: f64,
    to_seconds: Option<f64>,
}

impl Record {
    /// Begins a record; moments are counted from `began`.
    #[must_use]
    pub fn new(began: Timestamp) -> Self {
        Self {
            began,
            open: Vec::new(),
        }
    }

    /// Takes the faults that are in force after something was done, and returns a line for each that ended.
    ///
    /// A reboot is over at once; every other fault ends when it is no longer among those in force.
    pub fn update(&mut self, done: &Action, faults: &[Action], at: Duration) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        if let Action::Agent {
            behaviour: Behaviour::Reboot,
            ..
        } = done
        {
            lines.extend(self.line(done, at, Some(at)));
        }
        let (still, over): (Vec<_>, Vec<_>) = std::mem::take(&mut self.open)
            .into_iter()
            .partition(|(fault, _)| faults.contains(fault));
        self.open = still;
        for (fault, from) in over {
            lines.extend(self.line(&fault, from, Some(at)));
        }
        for fault in faults {
            if !self.open.iter().any(|(known, _)| known == fault) {
                self.open.push((fault.clone(), at));
            }
        }
        lines
    }

    /// Returns a line for each fault that the lab's end finds in force; their `to` is null.
    #[must_use]
    pub fn rest(&self) -> Vec<String> {
        self.open
            .iter()
            .filter_map(|(fault, from)| self.line(fault, *from, None))
            .collect()
    }

    fn line(&self, fault: &Action, from: Duration, to: Option<Duration>) -> Option<String> {
        let node;
        let (element, words) = match fault {
            Action::Cut(elements) => (elements.first()?, "cut".to_owned()),
            Action::Loss { element, .. } => {
                let said = fault.to_string();
                let rest = said.split_whitespace().skip(2).collect::<Vec<_>>();
                (element, format!("loss {}", rest.join(" ")))
            }
            Action::Impair { element, by } => (element, format!("{} {by}", by.verb())),
            Action::Agent {
                node: id,
                behaviour,
            } => {
                node = Element::Node(id.clone());
                (&node, format!("agent {behaviour}"))
            }
            Action::Restore(_) | Action::RestoreAll => return None,
        };
        let line = Line {
            element,
            fault: words,
            from: self.began + from,
            to: to.map(|to| self.began + to),
            from_seconds: from.as_secs_f64(),
            to_seconds: to.map(|to| to.as_secs_f64()),
        };
        serde_json::to_string(&line).ok()
    }
}
