//! What-if: what is marked as failed on the screen, and the answer that belongs to it.
//!
//! Nothing here happens to the network. Marks are asked as one question to the same comparison that the command
//! `what-if` prints; the answer comes later, from outside, and counts only while it answers the last question.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::hours::Limits;
use crate::analysis::what_if::{Comparison, Question};
use crate::app::Picture;
use crate::app::view::Sight;
use crate::model::Element;
use crate::model::network::{Inconsistent, Network};

/// Elements that can be marked at once: more are no question that a person asks.
const MOST: usize = 64;

/// A question of one moment.
#[derive(Clone, Debug)]
pub struct Asked {
    /// Its place in the order of questions.
    pub number: u64,
    /// The network.
    pub network: Arc<Network>,
    /// What is out already, and how that is known.
    pub sight: Arc<Sight>,
    /// What fails.
    pub failed: Vec<Element>,
    /// The moment that it models.
    pub at: Timestamp,
}

/// A question with its answer.
#[derive(Clone, Debug)]
pub struct Answered {
    /// The question.
    pub asked: Asked,
    /// The comparison; why there is none.
    pub comparison: Result<Arc<Comparison>, Inconsistent>,
}

impl Asked {
    /// Answers it. Cost: that of `Comparison::of`.
    #[must_use]
    pub fn answer(self) -> Answered {
        let question = Question {
            removed: self.sight.elements(),
            failed: self.failed.clone(),
            added: Vec::new(),
        };
        let comparison = Comparison::of(&self.network, &question, Limits::default());
        Answered {
            asked: self,
            comparison: comparison.map(Arc::new),
        }
    }
}

/// What is marked, and what came out.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    failed: Vec<Element>,
    /// What was marked before each change, oldest first.
    before: Vec<Vec<Element>>,
    asked: Option<Asked>,
    answered: Option<Answered>,
    questions: u64,
}

impl Scenario {
    /// Returns what is marked, in the order of the keys.
    #[must_use]
    pub fn failed(&self) -> &[Element] {
        &self.failed
    }

    /// Returns the answer to what is marked; `None` while there is none.
    #[must_use]
    pub fn answer(&self) -> Option<&Answered> {
        let asked = self.asked.as_ref()?;
        self.answered
            .as_ref()
            .filter(|answered| answered.asked.number == asked.number)
    }

    /// Returns the last question, while something is marked.
    #[must_use]
    pub fn asked(&self) -> Option<&Asked> {
        self.asked.as_ref()
    }

    /// Returns the length of the longer list of agencies in the answer.
    #[must_use]
    pub fn longest(&self) -> usize {
        let comparison = self
            .answer()
            .and_then(|answered| answered.comparison.as_ref().ok());
        comparison.map_or(0, |comparison| {
            let lists = [&comparison.newly_cut_off, &comparison.newly_one_path];
            lists.map(BTreeSet::len).into_iter().max().unwrap_or(0)
        })
    }

    /// Marks elements, or takes the marks away where all of them have one; returns how many are marked now, and
    /// `None` where no more can be.
    pub fn toggle(
        &mut self,
        elements: &[Element],
        picture: &Picture,
        at: Timestamp,
    ) -> Option<usize> {
        let mut failed = self.failed.clone();
        if elements.iter().all(|element| failed.contains(element)) {
            failed.retain(|element| !elements.contains(element));
        } else {
            for element in elements {
                if !failed.contains(element) {
                    failed.push(element.clone());
                }
            }
        }
        if failed.len() > MOST {
            return None;
        }
        self.before
            .push(std::mem::replace(&mut self.failed, failed));
        if self.before.len() > MOST {
            self.before.remove(0);
        }
        self.ask(picture, at);
        Some(self.failed.len())
    }

    /// Takes the last change of the marks back; returns whether there was one.
    pub fn undo(&mut self, picture: &Picture, at: Timestamp) -> bool {
        let Some(before) = self.before.pop() else {
            return false;
        };
        self.failed = before;
        self.ask(picture, at);
        true
    }

    /// Takes all marks away; returns whether there was one.
    pub fn clear(&mut self, picture: &Picture, at: Timestamp) -> bool {
        if self.failed.is_empty() {
            return false;
        }
        self.before.push(std::mem::take(&mut self.failed));
        self.ask(picture, at);
        true
    }

    /// Asks anew, of the network as a picture has it. What an edit took away cannot fail.
    pub fn ask(&mut self, picture: &Picture, at: Timestamp) {
        self.failed.retain(|element| picture.network.has(element));
        if self.failed.is_empty() {
            self.asked = None;
            self.answered = None;
            return;
        }
        self.questions += 1;
        let incidents = picture.incidents.iter().map(AsRef::as_ref);
        self.asked = Some(Asked {
            number: self.questions,
            network: picture.network.clone(),
            sight: Arc::new(Sight::live(&picture.network, incidents, at)),
            failed: self.failed.clone(),
            at,
        });
    }

    /// Takes an answer in.
    pub fn take(&mut self, answered: Answered) {
        self.answered = Some(answered);
    }
}
