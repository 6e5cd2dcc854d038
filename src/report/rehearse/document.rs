//! The document `spanwatch/rehearse/1`.

use serde::Serialize;

use crate::app::rehearse::fault::{Miss, Tried};
use crate::app::rehearse::play::{Episode, Played};
use crate::app::rehearse::tally::Tally;
use crate::app::rehearse::watch::Fit;
use crate::app::rehearse::{Day, Faults};
use crate::model::incident::{Incident, IncidentId};
use crate::model::{AgencyId, Element};
use crate::report::rehearse::{About, Outcome, Set, is_double, time};

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    seed: u64,
    loss: f64,
    answers_lost: f64,
    double: f64,
    sets: Vec<SetShape<'a>>,
}

#[derive(Debug, Serialize)]
struct SetShape<'a> {
    /// `null` for the usual rules.
    rules: Option<&'a str>,
    /// Of the readings while nothing was broken.
    readings_lost: Option<f64>,
    #[serde(flatten)]
    outcome: OutcomeShape<'a>,
}

#[derive(Debug, Serialize)]
#[serde(untagged)]
enum OutcomeShape<'a> {
    Faults {
        single: Box<TallyShape>,
        double: Box<TallyShape>,
        missed: Vec<MissedShape<'a>>,
        false_incidents: Vec<FalseShape<'a>>,
        left_open: Vec<LeftShape<'a>>,
    },
    Days {
        seconds: f64,
        readings: u64,
        false_incidents: u32,
        incidents: Vec<DayShape<'a>>,
    },
    Scenario {
        seconds: f64,
        readings: u64,
        happened: Vec<EpisodeShape<'a>>,
        incidents: Vec<IncidentShape<'a>>,
        outage_minutes: f64,
        missed_minutes: f64,
    },
}

#[derive(Debug, Serialize)]
struct TallyShape {
    faults: usize,
    named: usize,
    named_share: f64,
    alike: usize,
    causes_shown: f64,
    named_after_median: Option<f64>,
    named_after_p95: Option<f64>,
    false_incidents: usize,
    false_loss_incidents: usize,
    left_open: usize,
    outage_minutes: f64,
    missed_minutes: f64,
}

#[derive(Debug, Serialize)]
struct MissedShape<'a> {
    number: usize,
    elements: &'a [Element],
    cut_off: usize,
    why: &'static str,
    said: Vec<&'a [Element]>,
    differs: DiffersShape,
}

#[derive(Debug, Serialize)]
struct DiffersShape {
    silences: usize,
    ports: usize,
}

#[derive(Debug, Serialize)]
struct FalseShape<'a> {
    number: usize,
    elements: &'a [Element],
    kind: &'static str,
    causes: &'a [Element],
    /// After the cut.
    named_after: f64,
    after_mending: bool,
}

#[derive(Debug, Serialize)]
struct LeftShape<'a> {
    number: usize,
    elements: &'a [Element],
}

#[derive(Debug, Serialize)]
struct DayShape<'a> {
    day: usize,
    kind: &'static str,
    causes: &'a [Element],
    since: jiff::Timestamp,
}

#[derive(Debug, Serialize)]
struct EpisodeShape<'a> {
    element: &'a Element,
    action: &'a str,
    from: f64,
    until: Option<f64>,
    cut_off: usize,
    named_after: Option<f64>,
    incident: Option<IncidentId>,
    alike: bool,
}

#[derive(Debug, Serialize)]
struct IncidentShape<'a> {
    id: IncidentId,
    kind: &'static str,
    causes: &'a [Element],
    cut_off: &'a [AgencyId],
    named: f64,
    until: Option<f64>,
    #[serde(rename = "true")]
    is_true: bool,
}

/// Returns the document `spanwatch/rehearse/1`: shares 0..1, times in seconds to the millisecond.
#[must_use]
pub fn json(about: &About<'_>, sets: &[Set]) -> String {
    crate::report::json::written(&Document {
        schema: "spanwatch/rehearse/1",
        network: &about.network.id,
        example: about.network.example,
        seed: about.setup.seed,
        loss: about.setup.loss,
        answers_lost: about.setup.answers_lost,
        double: about.double,
        sets: sets.iter().map(set).collect(),
    })
}

fn set(set: &Set) -> SetShape<'_> {
    let (readings, outcome) = match &set.outcome {
        Outcome::Faults(faults) => (Some(faults.settled), of_faults(faults)),
        Outcome::Days(days) => {
            let all = days.iter().fold((0, 0), |sum, day| {
                (sum.0 + day.readings.0, sum.1 + day.readings.1)
            });
            (Some(all), of_days(days, all.0))
        }
        Outcome::Played(played) => (None, of_scenario(played)),
    };
    SetShape {
        rules: Some(set.name.as_str()).filter(|name| !name.is_empty()),
        readings_lost: readings.map(|(all, lost)| rounded(lost as f64 / all.max(1) as f64)),
        outcome,
    }
}

fn of_faults(faults: &Faults) -> OutcomeShape<'_> {
    let tally = |double| {
        let tried = faults.tried.iter();
        Box::new(shape(&Tally::of(
            tried.filter(|one| is_double(one) == double),
        )))
    };
    let missed = faults.tried.iter().filter(|one| one.fit == Fit::Missed);
    let open = faults
        .tried
        .iter()
        .filter(|one| one.recovered_after.is_none());
    OutcomeShape::Faults {
        single: tally(false),
        double: tally(true),
        missed: missed.map(miss).collect(),
        false_incidents: faults
            .tried
            .iter()
            .flat_map(|one| one.wrong.iter().map(move |incident| (one, incident)))
            .map(|(one, incident)| FalseShape {
                number: one.number,
                elements: &one.elements,
                kind: incident.kind.word(),
                causes: &incident.causes,
                named_after: seconds(time(one.began, incident.named)),
                after_mending: incident.named > one.mended,
            })
            .collect(),
        left_open: open
            .map(|one| LeftShape {
                number: one.number,
                elements: &one.elements,
            })
            .collect(),
    }
}

fn shape(tally: &Tally) -> TallyShape {
    TallyShape {
        faults: tally.faults,
        named: tally.named,
        named_share: rounded(tally.share()),
        alike: tally.alike,
        causes_shown: rounded(tally.shown_each()),
        named_after_median: tally.median.map(seconds),
        named_after_p95: tally.p95.map(seconds),
        false_incidents: tally.wrong,
        false_loss_incidents: tally.wrong_loss,
        left_open: tally.left_open,
        outage_minutes: rounded(tally.outage.as_secs_f64() / 60.0),
        missed_minutes: rounded(tally.missed.as_secs_f64() / 60.0),
    }
}

fn miss(one: &Tried) -> MissedShape<'_> {
    MissedShape {
        number: one.number,
        elements: &one.elements,
        cut_off: one.cut_off,
        why: match one.miss {
            Some(Miss::OneOfTwo) => "one_of_two",
            Some(Miss::Blamed) => "blamed",
            Some(Miss::Renamed) => "renamed",
            Some(Miss::Unsaid) | None => "unsaid",
        },
        said: one
            .said
            .iter()
            .map(|incident| incident.causes.as_slice())
            .collect(),
        differs: DiffersShape {
            silences: one.differs.0,
            ports: one.differs.1,
        },
    }
}

fn of_days(days: &[Day], readings: u64) -> OutcomeShape<'_> {
    OutcomeShape::Days {
        seconds: days.iter().map(|day| seconds(day.time)).sum(),
        readings,
        false_incidents: days.iter().map(|day| day.count).sum(),
        incidents: days
            .iter()
            .flat_map(|day| day.incidents.iter().map(move |incident| (day, incident)))
            .map(|(day, incident)| DayShape {
                day: day.number,
                kind: incident.kind.word(),
                causes: &incident.causes,
                since: incident.since,
            })
            .collect(),
    }
}

fn of_scenario(played: &Played) -> OutcomeShape<'_> {
    let happened = |episode: &'_ Episode| (episode.from, episode.until, episode.named_after);
    let incident = |incident: &'_ Incident| {
        let until = incident
            .until
            .map(|until| seconds(time(played.began, until)));
        (seconds(time(played.began, incident.named)), until)
    };
    OutcomeShape::Scenario {
        seconds: seconds(played.time),
        readings: played.readings.0,
        happened: played
            .episodes
            .iter()
            .map(|episode| {
                let (from, until, named_after) = happened(episode);
                EpisodeShape {
                    element: &episode.element,
                    action: &episode.action,
                    from: seconds(from),
                    until: until.map(seconds),
                    cut_off: episode.cut_off,
                    named_after: named_after.map(seconds),
                    incident: episode.by,
                    alike: episode.is_alike,
                }
            })
            .collect(),
        incidents: played
            .incidents
            .iter()
            .map(|(said, is_true)| {
                let (named, until) = incident(said);
                IncidentShape {
                    id: said.id,
                    kind: said.kind.word(),
                    causes: &said.causes,
                    cut_off: &said.cut_off,
                    named,
                    until,
                    is_true: *is_true,
                }
            })
            .collect(),
        outage_minutes: rounded(played.outage.as_secs_f64() / 60.0),
        missed_minutes: rounded(played.missed.as_secs_f64() / 60.0),
    }
}

fn seconds(time: std::time::Duration) -> f64 {
    time.as_millis() as f64 / 1e3
}

/// Returns a number without the dust of binary fractions.
fn rounded(value: f64) -> f64 {
    (value * 1e6).round() / 1e6
}
