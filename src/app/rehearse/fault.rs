//! One fault in a world of its own: introduced, watched until it is named, mended, and forgotten.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::app::rehearse::trial::Trial;
use crate::app::rehearse::truth::Sight;
use crate::app::rehearse::watch::{Fit, Watch, causes};
use crate::lab::action::Action;
use crate::model::Element;
use crate::model::incident::{Incident, IncidentKind};

/// How long a name is waited for: two polls of the ports may be lost, and the third shows it.
pub const DEADLINE: Duration = Duration::from_secs(200);

/// How long a name must stand: nothing that comes later may change it.
pub const STANDS: Duration = Duration::from_secs(25);

/// How long after mending it nothing may be said any more.
const QUIET: Duration = Duration::from_secs(15);

/// Why a fault was missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Miss {
    /// Nothing was said.
    Unsaid,
    /// Of two faults one was named.
    OneOfTwo,
    /// Something else was blamed.
    Blamed,
    /// It was named, and renamed later.
    Renamed,
}

/// What became of one fault.
#[derive(Clone, Debug)]
pub struct Tried {
    /// From 1.
    pub number: usize,
    /// What was cut.
    pub elements: Vec<Element>,
    /// Agencies that it cut off.
    pub cut_off: usize,
    /// How what was said fits.
    pub fit: Fit,
    /// From the cut to the name; `None` where it was missed.
    pub named_after: Option<Duration>,
    /// Why it was missed.
    pub miss: Option<Miss>,
    /// What was said at the end, one for each cause.
    pub said: Vec<Arc<Incident>>,
    /// Silences and ports in which what was said differs from what is true.
    pub differs: (usize, usize),
    /// Incidents that were never about it, while it lasted or afterwards.
    pub wrong: Vec<Arc<Incident>>,
    /// When it was cut, by the time of records.
    pub began: Timestamp,
    /// When it was mended.
    pub mended: Timestamp,
    /// Incidents of loss, which nobody had broken.
    pub wrong_loss: usize,
    /// Time of all agencies together that were cut off.
    pub outage: Duration,
    /// That part of it in which it was not said.
    pub missed: Duration,
    /// From mending it to the end of the last incident; `None` where one stays open.
    pub recovered_after: Option<Duration>,
    /// Virtual time that it took.
    pub time: Duration,
    /// Readings, and those of them in which nothing was heard.
    pub readings: (u64, u64),
}

/// Cuts elements in a settled world, and tells what the monitor made of it.
#[must_use]
pub fn try_one(mut trial: Trial, sight: &Sight, number: usize, elements: &[Element]) -> Tried {
    let first = trial.now;
    let readings = trial.readings;
    let before = trial.monitor.book().last();
    trial.act(&Action::Cut(elements.to_vec()));
    let mut watch = Watch::of(sight, elements, &trial);
    let (cut, began) = (trial.now, trial.at);
    loop {
        let stands = watch.since().map(|since| since + STANDS);
        let end = stands.unwrap_or(cut + DEADLINE).min(cut + DEADLINE);
        if trial.now >= end {
            break;
        }
        trial.step(end);
        watch.look(&trial);
    }
    let lasted = trial.now - cut;
    let (fit, named_after, said) = (watch.fit(), watch.named_after(), watch.said(&trial));
    let differs = watch.differs(&trial);
    let miss = (fit == Fit::Missed).then(|| reason(&watch, elements, &said));
    let mended = trial.at;
    watch.end(&trial);
    let recovered_after = mend(&mut trial, &mut watch, elements, before);
    let (loss, wrong): (Vec<_>, Vec<_>) = watch
        .wrong()
        .cloned()
        .partition(|incident| incident.kind == IncidentKind::Loss);
    Tried {
        number,
        elements: elements.to_vec(),
        cut_off: watch.cut_off,
        fit,
        named_after,
        miss,
        said,
        differs,
        wrong,
        began,
        mended,
        wrong_loss: loss.len(),
        outage: lasted * u32::try_from(watch.cut_off).unwrap_or(u32::MAX),
        missed: watch.missed,
        recovered_after,
        time: trial.now - first,
        readings: (trial.readings.0 - readings.0, trial.readings.1 - readings.1),
    }
}

/// Mends a fault and waits until nothing is said of it any more; returns how long that took.
fn mend(
    trial: &mut Trial,
    watch: &mut Watch<'_>,
    elements: &[Element],
    before: u32,
) -> Option<Duration> {
    trial.act(&Action::Restore(elements.to_vec()));
    let mended = trial.now;
    let is_quiet = |trial: &Trial| causes(trial.monitor.book(), before).is_empty();
    let mut quiet = is_quiet(trial).then_some(mended);
    loop {
        let end = quiet.map_or(mended + DEADLINE, |since| since + QUIET);
        let end = end.min(mended + DEADLINE);
        if trial.now >= end {
            return quiet.map(|since| since - mended);
        }
        trial.step(end);
        watch.look(trial);
        quiet = if is_quiet(trial) {
            quiet.or(Some(trial.now))
        } else {
            None
        };
    }
}

fn reason(watch: &Watch<'_>, elements: &[Element], said: &[Arc<Incident>]) -> Miss {
    let is_named = |element: &&Element| {
        said.iter()
            .any(|incident| incident.causes.contains(element))
    };
    if watch.was_named {
        Miss::Renamed
    } else if said.is_empty() {
        Miss::Unsaid
    } else if elements.iter().any(|element| is_named(&element)) {
        Miss::OneOfTwo
    } else {
        Miss::Blamed
    }
}
