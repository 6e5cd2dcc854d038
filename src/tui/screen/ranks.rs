//! What the Weak page ranks: single elements and pairs in one list, by the hours that hang on them.
//!
//! Until the hours are counted, the list is that of the elements that cut somebody off, by weight; it says so.

use std::collections::BTreeMap;
use std::slice;

use crate::analysis::hours::Importance;
use crate::analysis::pairs::Pair;
use crate::analysis::{Weak, Weakness};
use crate::app::Picture;
use crate::app::reckoning::Reckoning;
use crate::filter::Value;
use crate::model::{AgencyId, Element};
use crate::tui::screen::rows::Search;

/// What may fail: one element, or two at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Peril {
    /// One element.
    Alone(Element),
    /// Two of which each alone is survived.
    Both([Element; 2]),
}

impl Peril {
    /// Returns what fails.
    #[must_use]
    pub fn elements(&self) -> &[Element] {
        match self {
            Self::Alone(element) => slice::from_ref(element),
            Self::Both(pair) => pair,
        }
    }
}

/// Where the figures of a row come from.
#[derive(Clone, Copy, Debug)]
pub enum Figures<'a> {
    /// The hours are not counted yet.
    Uncounted,
    /// One element.
    Alone(&'a Importance),
    /// Two at once.
    Both(&'a Pair),
}

/// A row of the list.
#[derive(Clone, Debug)]
pub struct Rank<'a> {
    /// Its place in the whole list, from 1.
    pub place: usize,
    /// What may fail.
    pub peril: Peril,
    /// Whom it cuts off in addition to what is cut off already; `None` for nobody, and for pairs.
    pub weak: Option<&'a Weak>,
    /// Its hours.
    pub figures: Figures<'a>,
}

impl Rank<'_> {
    /// Returns the agencies that it cuts off, those that a pair cuts off and neither of the two alone.
    #[must_use]
    pub fn ids(&self) -> &[AgencyId] {
        match self.figures {
            Figures::Both(pair) => &pair.ids,
            _ => self.weak.map_or(&[], |weak| &weak.ids),
        }
    }

    /// Returns the weight of those.
    #[must_use]
    pub fn weight(&self) -> u32 {
        match self.figures {
            Figures::Both(pair) => pair.weight,
            _ => self.weak.map_or(0, |weak| weak.weight),
        }
    }

    /// Returns weighted hours a year, once they are counted.
    #[must_use]
    pub fn hours(&self) -> Option<f64> {
        match self.figures {
            Figures::Uncounted => None,
            Figures::Alone(importance) => Some(importance.hours.weighted),
            Figures::Both(pair) => Some(pair.hours),
        }
    }

    /// Returns whether the hours are exact: not sampled, and not to first order.
    #[must_use]
    pub fn is_exact(&self) -> bool {
        matches!(self.figures, Figures::Alone(importance) if importance.error.is_none())
    }
}

/// Returns the reckoning of the view that is asked for, if it is there.
#[must_use]
pub fn reckoning(picture: &Picture, today: bool) -> Option<&Reckoning> {
    let reckonings = &picture.reckonings;
    let wanted = if today {
        &reckonings.today
    } else {
        &reckonings.designed
    };
    wanted.as_deref()
}

/// Returns the whole list of a view: by hours where they are counted, else by weight. What has no hours and cuts
/// nobody off is left out.
#[must_use]
pub fn all(picture: &Picture, today: bool) -> Vec<Rank<'_>> {
    let Some(reckoning) = reckoning(picture, today) else {
        return uncounted(&picture.weakness);
    };
    let weak: BTreeMap<&Element, &Weak> = reckoning
        .weakness
        .elements
        .iter()
        .map(|weak| (&weak.element, weak))
        .collect();
    let alone = reckoning.account.elements.iter().map(|importance| Rank {
        place: 0,
        peril: Peril::Alone(importance.element.clone()),
        weak: weak.get(&importance.element).copied(),
        figures: Figures::Alone(importance),
    });
    let pairs = reckoning.pairs.as_deref().unwrap_or_default();
    let both = pairs.iter().map(|pair| Rank {
        place: 0,
        peril: Peril::Both(pair.elements.clone()),
        weak: None,
        figures: Figures::Both(pair),
    });
    let mut ranks: Vec<Rank<'_>> = alone
        .chain(both)
        .filter(|rank| rank.weak.is_some() || rank.hours().is_some_and(|hours| hours > 0.0))
        .collect();
    // Stable: each of the two lists has its own order, and single elements stand before pairs of the same hours.
    let hours = |rank: &Rank<'_>| rank.hours().unwrap_or_default();
    ranks.sort_by(|a, b| hours(b).total_cmp(&hours(a)));
    numbered(ranks)
}

fn uncounted(weakness: &Weakness) -> Vec<Rank<'_>> {
    let ranks = weakness.elements.iter().map(|weak| Rank {
        place: 0,
        peril: Peril::Alone(weak.element.clone()),
        weak: Some(weak),
        figures: Figures::Uncounted,
    });
    numbered(ranks.collect())
}

fn numbered(mut ranks: Vec<Rank<'_>>) -> Vec<Rank<'_>> {
    for (place, rank) in (1..).zip(&mut ranks) {
        rank.place = place;
    }
    ranks
}

/// Returns the rows that a filter keeps.
#[must_use]
pub fn kept<'a>(picture: &'a Picture, today: bool, search: &Search) -> Vec<Rank<'a>> {
    let mut ranks = all(picture, today);
    ranks.retain(|rank| search.keeps(&|name| field(picture, rank, name)));
    ranks
}

fn field(picture: &Picture, rank: &Rank<'_>, name: &str) -> Option<Value> {
    let elements = rank.peril.elements();
    let titles = || elements.iter().map(|each| picture.network.title(each));
    let ids = || elements.iter().map(|each| each.id().to_owned());
    Some(match name {
        "text" => Value::List(titles().chain(ids()).collect()),
        "id" => Value::List(ids().collect()),
        "name" => Value::List(titles().collect()),
        "kind" => match &rank.peril {
            Peril::Alone(element) => element.kind().into(),
            Peril::Both(_) => "pair".into(),
        },
        "agencies" => (rank.ids().len() as f64).into(),
        "weight" => rank.weight().into(),
        "hours" => rank.hours()?.into(),
        "agency" => Value::List(rank.ids().iter().map(ToString::to_string).collect()),
        _ => return None,
    })
}
