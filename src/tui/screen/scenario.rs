//! What-if: what is marked as failed or built on the screen, and the answer that belongs to it.
//!
//! Nothing here happens to the network. Marks are asked as one question to the same comparison that the command
//! `what-if` prints; the answer comes later, from outside, and counts only while it answers the last question.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;

use crate::analysis::hours::Limits;
use crate::analysis::what_if::{Comparison, NewLink, Question};
use crate::app::Picture;
use crate::app::view::Sight;
use crate::model::Element;
use crate::model::network::{Inconsistent, Network};

/// Elements and links that can be marked at once: more are no question that a person asks.
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
    /// What is built.
    pub added: Vec<NewLink>,
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
            added: self.added.clone(),
        };
        let comparison = Comparison::of(&self.network, &question, Limits::default());
        Answered {
            asked: self,
            comparison: comparison.map(Arc::new),
        }
    }
}

/// What is marked.
#[derive(Clone, Debug, Default)]
struct Marks {
    failed: Vec<Element>,
    added: Vec<NewLink>,
}

impl Marks {
    fn count(&self) -> usize {
        self.failed.len() + self.added.len()
    }
}

/// What is marked, and what came out.
#[derive(Clone, Debug, Default)]
pub struct Scenario {
    marks: Marks,
    /// What was marked before each change, oldest first.
    before: Vec<Marks>,
    asked: Option<Asked>,
    answered: Option<Answered>,
    questions: u64,
}

impl Scenario {
    /// Returns what is marked as failed, in the order of the keys.
    #[must_use]
    pub fn failed(&self) -> &[Element] {
        &self.marks.failed
    }

    /// Returns what is built, in the order of the keys.
    #[must_use]
    pub fn added(&self) -> &[NewLink] {
        &self.marks.added
    }

    /// Returns whether nothing is marked.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.marks.count() == 0
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
            let gains = comparison.gains.iter();
            let gained = gains.flat_map(|gains| [&gains.connected, &gains.second_path]);
            let lists = [&comparison.newly_cut_off, &comparison.newly_one_path];
            let lists = lists.into_iter().chain(gained);
            lists.map(BTreeSet::len).max().unwrap_or(0)
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
        let mut marks = self.marks.clone();
        let failed = &mut marks.failed;
        if elements.iter().all(|element| failed.contains(element)) {
            failed.retain(|element| !elements.contains(element));
        } else {
            for element in elements {
                if !failed.contains(element) {
                    failed.push(element.clone());
                }
            }
        }
        self.change(marks, picture, at)
            .then_some(self.marks.failed.len())
    }

    /// Builds a link; returns whether another could be.
    pub fn build(&mut self, link: NewLink, picture: &Picture, at: Timestamp) -> bool {
        let mut marks = self.marks.clone();
        marks.added.push(link);
        self.change(marks, picture, at)
    }

    fn change(&mut self, marks: Marks, picture: &Picture, at: Timestamp) -> bool {
        if marks.count() > MOST {
            return false;
        }
        self.before.push(std::mem::replace(&mut self.marks, marks));
        if self.before.len() > MOST {
            self.before.remove(0);
        }
        self.ask(picture, at);
        true
    }

    /// Takes the last change of the marks back; returns whether there was one.
    pub fn undo(&mut self, picture: &Picture, at: Timestamp) -> bool {
        let Some(before) = self.before.pop() else {
            return false;
        };
        self.marks = before;
        self.ask(picture, at);
        true
    }

    /// Takes all marks away; returns whether there was one.
    pub fn clear(&mut self, picture: &Picture, at: Timestamp) -> bool {
        !self.is_empty() && self.change(Marks::default(), picture, at)
    }

    /// Asks anew, of the network as a picture has it. What an edit took away cannot fail, and nothing is built to it.
    pub fn ask(&mut self, picture: &Picture, at: Timestamp) {
        let network = &picture.network;
        self.marks.failed.retain(|element| network.has(element));
        let stands = |link: &NewLink| [&link.a, &link.b].map(|end| network.nodes.contains_key(end));
        self.marks.added.retain(|link| stands(link) == [true; 2]);
        if self.is_empty() {
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
            failed: self.marks.failed.clone(),
            added: self.marks.added.clone(),
            at,
        });
    }

    /// Takes an answer in.
    pub fn take(&mut self, answered: Answered) {
        self.answered = Some(answered);
    }
}
