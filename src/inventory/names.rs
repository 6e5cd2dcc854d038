//! What was declared, where, under which name; and what to say of a name that nothing bears.

use std::collections::BTreeMap;

use crate::filter::fold::nearest;
use crate::inventory::table::{At, error};
use crate::model::fault::{Fault, Place};

/// After so many misspelt names the rest go without a suggestion: each costs a walk over all names.
const MOST_SUGGESTIONS: usize = 100;

/// The names of one kind of thing.
#[derive(Debug)]
pub(crate) struct Names<'d> {
    /// What one of them is called in messages.
    what: &'static str,
    places: BTreeMap<&'d str, &'d Place>,
}

/// The faults found while names are resolved.
pub(crate) struct Findings<'f> {
    pub(crate) faults: &'f mut Vec<Fault>,
    /// Whether every file could be read; if not, a missing name may stand in one that was not.
    pub(crate) whole: bool,
    suggested: usize,
}

impl<'f> Findings<'f> {
    pub(crate) fn new(faults: &'f mut Vec<Fault>, whole: bool) -> Self {
        Self {
            faults,
            whole,
            suggested: 0,
        }
    }

    pub(crate) fn add(&mut self, fault: Fault) {
        self.faults.push(fault);
    }
}

impl<'d> Names<'d> {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            places: BTreeMap::new(),
        }
    }

    /// Takes a name into the list; a second thing of that name is a fault.
    pub(crate) fn declare(&mut self, id: &'d At<String>, findings: &mut Findings<'_>) {
        if let Some(first) = self.places.get(id.value.as_str()) {
            if **first != id.place {
                findings.add(Fault {
                    label: Some("second".into()),
                    related: vec![((*first).clone(), "first declared here".into())],
                    help: Some("Give one of them another id.".into()),
                    ..error(
                        "T0117",
                        &id.place,
                        format!("There is a second {} `{}`.", self.what, id.value),
                    )
                });
            }
            return;
        }
        self.places.insert(&id.value, &id.place);
    }

    pub(crate) fn has(&self, id: &str) -> bool {
        self.places.contains_key(id)
    }

    pub(crate) fn place(&self, id: &str) -> Option<&'d Place> {
        self.places.get(id).copied()
    }

    /// Returns whether a name exists; says what `subject` wanted of it if not.
    pub(crate) fn resolve(
        &self,
        code: &'static str,
        subject: &str,
        name: &At<String>,
        findings: &mut Findings<'_>,
    ) -> bool {
        if self.has(&name.value) {
            return true;
        }
        if !findings.whole {
            return false;
        }
        findings.suggested += 1;
        let near = (findings.suggested <= MOST_SUGGESTIONS)
            .then(|| nearest(&name.value, self.places.keys().copied()))
            .flatten();
        let help = near.and_then(|near| {
            let place = self.places.get(near)?;
            Some(format!(
                "Did you mean `{near}` ({}:{})?",
                place.source.name,
                place.line()
            ))
        });
        findings.add(Fault {
            label: Some(format!("no such {}", self.what)),
            help,
            ..error(
                code,
                &name.place,
                format!("{subject} `{}`, which does not exist.", name.value),
            )
        });
        false
    }

    /// Checks earlier ids against the present ones and each other: a history has one heir.
    pub(crate) fn check_earlier<'a>(
        &self,
        earlier: impl Iterator<Item = &'a At<String>>,
        findings: &mut Findings<'_>,
    ) {
        let mut heirs: BTreeMap<&str, &Place> = BTreeMap::new();
        for was in earlier {
            let other = self
                .place(&was.value)
                .or_else(|| heirs.get(was.value.as_str()).copied());
            if let Some(other) = other {
                findings.add(Fault {
                    related: vec![(other.clone(), "and here".into())],
                    help: Some("Leave it in the one that continues its history.".into()),
                    ..error(
                        "T0122",
                        &was.place,
                        format!("The earlier id `{}` is claimed twice.", was.value),
                    )
                });
            } else {
                heirs.insert(&was.value, &was.place);
            }
        }
    }
}
