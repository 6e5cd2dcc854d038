//! What to fear, ranked by hours: the table with its reasons, and `spanwatch/weak/1`.

use jiff::Timestamp;
use serde::Serialize;

use crate::analysis::Standing;
use crate::analysis::hours::rate::{Chance, Source};
use crate::analysis::hours::{Account, Hours, Method, YEAR};
use crate::analysis::pairs::Pair;
use crate::analysis::ranking::{Ranked, Ranking, Remedy};
use crate::app::view::{Sight, View};
use crate::model::network::Network;
use crate::model::{AgencyId, Element, NodeId};
use crate::report::clean;
use crate::report::hours::{HoursShape, figure, interval, method, rounded, with_error};
use crate::report::listing::head;
use crate::report::plan::{BuildShape, build};
use crate::report::served::{self, ServiceHoursShape};
use crate::report::table::{Side, Table};
use crate::report::view::{self, ViewShape};
use crate::report::weak::{StandingShape, header, kind_key};
use crate::report::words::Words;

/// Names in a reason before the rest is a number.
const NAMED: usize = 3;

/// What is shown of a ranking.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The network.
    pub network: &'a Network,
    /// The view that it is ranked in.
    pub sight: &'a Sight,
    /// All of it.
    pub ranking: &'a Ranking,
    /// The elements to show, best first.
    pub rows: &'a [&'a Ranked],
    /// One for each row.
    pub remedies: &'a [Option<Remedy>],
    /// How many there are in all.
    pub all: usize,
    /// Only how this agency stands.
    pub agency: Option<&'a AgencyId>,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    hubs: &'a [NodeId],
    #[serde(flatten)]
    view: ViewShape<'a>,
    weak_elements: usize,
    hours: HoursShape,
    interval: Option<[f64; 2]>,
    method: &'static str,
    own: HoursShape,
    services: Vec<ServiceHoursShape<'a>>,
    elements: Vec<ElementShape<'a>>,
    /// Empty also where they are not sought.
    pairs: Vec<PairShape<'a>>,
    pairs_sought: bool,
    agencies: Vec<AgencyShape<'a>>,
}

#[derive(Debug, Serialize)]
struct ElementShape<'a> {
    element: &'a Element,
    cuts_off: WhoShape<'a>,
    hours: HoursShape,
    /// 90 % of the weighted hours, for what is known of its rate.
    interval: [f64; 2],
    /// 95 % around the weighted hours, where they were sampled.
    sampling: Option<[f64; 2]>,
    share: f64,
    if_down: HoursShape,
    own: bool,
    failures: f64,
    repair: f64,
    rate: &'static str,
    why: String,
    remedy: Option<RemedyShape<'a>>,
}

#[derive(Debug, Serialize)]
struct WhoShape<'a> {
    agencies: usize,
    weight: u32,
    ids: &'a [AgencyId],
}

#[derive(Debug, Serialize)]
struct RemedyShape<'a> {
    build: BuildShape<'a>,
    cost: f64,
    removes: f64,
}

#[derive(Debug, Serialize)]
struct PairShape<'a> {
    elements: &'a [Element; 2],
    /// Only by both together.
    cuts_off: WhoShape<'a>,
    both_down: f64,
    weighted: f64,
}

#[derive(Debug, Serialize)]
struct AgencyShape<'a> {
    #[serde(flatten)]
    standing: StandingShape<'a>,
    /// The part of the time that it is cut off, 0..1.
    unavailability: f64,
    /// The same in hours a year.
    hours: HoursShape,
}

/// Returns the document `spanwatch/weak/1`; `weak_elements` counts those that cut somebody off, before `top` cuts
/// the list. Failures are a year, repairs in seconds.
#[must_use]
pub fn json(answer: Answer<'_>, words: &Words) -> String {
    let Answer {
        network, ranking, ..
    } = answer;
    let account = &ranking.account;
    let rows = answer.rows.iter().zip(answer.remedies);
    crate::report::json::written(&Document {
        schema: "spanwatch/weak/1",
        network: &network.id,
        example: network.example,
        hubs: &network.hubs,
        view: ViewShape::of(network, answer.sight),
        weak_elements: ranking.weakness.elements.len(),
        hours: HoursShape::of(account.total),
        interval: interval(account.total, account.method.error()),
        method: method(account.method),
        own: HoursShape::of(account.own),
        services: served::shapes(&ranking.services),
        elements: rows
            .map(|(row, remedy)| element_shape(network, row, remedy.as_ref(), words))
            .collect(),
        pairs_sought: ranking.pairs.is_some(),
        pairs: ranking
            .pairs
            .iter()
            .flatten()
            .filter(|pair| answer.agency.is_none_or(|agency| pair.ids.contains(agency)))
            .map(|pair| PairShape {
                elements: &pair.elements,
                cuts_off: WhoShape {
                    agencies: pair.ids.len(),
                    weight: pair.weight,
                    ids: &pair.ids,
                },
                both_down: pair.both,
                weighted: rounded(pair.hours),
            })
            .collect(),
        agencies: ranking
            .weakness
            .agencies
            .iter()
            .filter(|(id, _)| answer.agency.is_none_or(|agency| agency == *id))
            .map(|(id, standing)| agency_shape(network, account, id, standing))
            .collect(),
    })
}

fn agency_shape<'a>(
    network: &Network,
    account: &Account,
    id: &'a AgencyId,
    standing: &'a Standing,
) -> AgencyShape<'a> {
    let unavailability = account.agencies.get(id).copied().unwrap_or(1.0);
    let weight = network.agencies.get(id).map_or(0, |agency| agency.weight);
    AgencyShape {
        standing: StandingShape::of(id, standing),
        unavailability,
        hours: HoursShape::of(Hours {
            agency: YEAR * unavailability,
            weighted: YEAR * unavailability * f64::from(weight),
        }),
    }
}

fn element_shape<'a>(
    network: &Network,
    row: &'a Ranked,
    remedy: Option<&'a Remedy>,
    words: &Words,
) -> ElementShape<'a> {
    ElementShape {
        element: row.element(),
        cuts_off: WhoShape {
            agencies: row.ids.len(),
            weight: row.weight,
            ids: &row.ids,
        },
        hours: HoursShape::of(row.importance.hours),
        interval: [rounded(row.interval.0), rounded(row.interval.1)],
        sampling: interval(row.importance.hours, row.importance.error),
        share: row.importance.share,
        if_down: HoursShape::of(row.importance.if_down),
        own: row.is_own,
        failures: row.chance.failures(),
        repair: row.chance.repair * 3600.0,
        rate: source(row.chance.source),
        why: why(network, row, words),
        remedy: remedy.map(|remedy| RemedyShape {
            build: BuildShape::of(&remedy.choice),
            cost: remedy.choice.cost,
            removes: rounded(remedy.removes),
        }),
    }
}

fn source(source: Source) -> &'static str {
    match source {
        Source::Default => "default",
        Source::Declared => "declared",
        Source::Measured => "measured",
    }
}

/// A row of the text: an element or a pair, by hours.
enum Row<'a> {
    Single(&'a Ranked, Option<&'a Remedy>),
    Pair(&'a Pair),
}

impl Row<'_> {
    fn hours(&self) -> f64 {
        match self {
            Self::Single(row, _) => row.importance.hours.weighted,
            Self::Pair(pair) => pair.hours,
        }
    }
}

/// Returns the ranking for people: two or three lines for each of the best `top` elements and pairs.
#[must_use]
pub fn text(answer: Answer<'_>, top: usize, now: Timestamp, words: &Words) -> String {
    let Answer {
        network, ranking, ..
    } = answer;
    let account = &ranking.account;
    let mut text = header(network, words);
    text.push('\n');
    text.push_str(&view::text(network, answer.sight, now, words));
    text.push_str(&words.with(
        "rank.total",
        &[
            &with_error(account.total.weighted, account.method.error()),
            &figure(account.total.agency),
            &figure(account.own.weighted),
        ],
    ));
    text.push('\n');
    if let Some(said) = served::sentence(network, &ranking.services, words) {
        text.push_str(&clean(&said));
        text.push('\n');
    }
    text.push_str(&match account.method {
        Method::Exact { .. } => words.text("rank.exact").to_owned(),
        Method::Sampled { draws, .. } => words.with("rank.sampled", &[&draws.to_string()]),
    });
    text.push_str("\n\n");
    let singles = answer.rows.iter().zip(answer.remedies);
    let mut rows: Vec<Row<'_>> = singles
        .map(|(row, remedy)| Row::Single(row, remedy.as_ref()))
        .chain(ranking.pairs.iter().flatten().map(Row::Pair))
        .collect();
    // Both lists are in order; this keeps single elements before pairs of the same hours.
    rows.sort_by(|a, b| b.hours().total_cmp(&a.hours()));
    rows.truncate(top);
    if rows.is_empty() {
        text.push_str(words.text("weak.none"));
        text.push('\n');
    }
    let mut table = Table::new(&[
        head(words, "col.rank", Side::Right),
        head(words, "rank.hours", Side::Right),
        head(words, "rank.interval", Side::Right),
        head(words, "rank.share", Side::Right),
        head(words, "col.cuts_off", Side::Right),
        head(words, "col.kind", Side::Left),
        head(words, "col.id", Side::Left),
    ]);
    for (rank, row) in (1..).zip(&rows) {
        table.row(cells(rank, row, account.total.weighted, words));
    }
    let lines = table.text("");
    let mut lines = lines.lines();
    let mut push = |line: &str| {
        text.push_str(line);
        text.push('\n');
    };
    if !rows.is_empty() {
        push(lines.next().unwrap_or_default());
    }
    for (row, line) in rows.iter().zip(lines) {
        push(line);
        match row {
            Row::Single(row, remedy) => {
                push(&clean(&format!("     {}", why(network, row, words))));
                if let Some(remedy) = remedy {
                    let what = build(network, &remedy.choice, words);
                    let said = [what, figure(remedy.removes)];
                    let line = words.with("rank.remedy", &[&said[0], &said[1]]);
                    push(&clean(&format!("     {line}")));
                }
            }
            Row::Pair(pair) => {
                let names = names(network, &pair.ids, words);
                let line = match pair.ids.len() {
                    1 => words.with("rank.why.pair-one", &[&names]),
                    many => words.with("rank.why.pair", &[&many.to_string(), &names]),
                };
                push(&clean(&format!("     {line}")));
            }
        }
    }
    text.push('\n');
    let weak = ranking.weakness.elements.len();
    let summary = [weak, network.elements().count()].map(|n| n.to_string());
    text.push_str(&words.with("rank.summary", &[&summary[0], &summary[1]]));
    text.push(' ');
    text.push_str(&match &ranking.pairs {
        Some(pairs) => words.with("rank.pairs", &[&pairs.len().to_string()]),
        None => words.text("rank.no-pairs").to_owned(),
    });
    text.push('\n');
    if answer.sight.view != View::Designed {
        text.push_str(words.text("rank.no-remedies"));
        text.push('\n');
    }
    if rows.len() < answer.all {
        text.push_str(&words.with("rank.more", &[&answer.all.to_string()]));
        text.push('\n');
    }
    let lost: Vec<&str> = ranking
        .weakness
        .agencies
        .iter()
        .filter(|(_, standing)| standing.cut_off)
        .map(|(id, _)| id.as_str())
        .collect();
    if !lost.is_empty() {
        text.push_str(&words.with("rank.cut_off", &[&clean(&lost.join(", "))]));
        text.push('\n');
    }
    text
}

fn cells(rank: usize, row: &Row<'_>, total: f64, words: &Words) -> [String; 7] {
    let share = |hours: f64| {
        if total > 0.0 {
            format!("{:.1} %", 100.0 * hours / total)
        } else {
            String::new()
        }
    };
    match row {
        Row::Single(row, _) => [
            rank.to_string(),
            with_error(row.importance.hours.weighted, row.importance.error),
            format!("{}–{}", figure(row.interval.0), figure(row.interval.1)),
            share(row.importance.hours.weighted),
            row.ids.len().to_string(),
            words.text(&kind_key(row.element())).to_owned(),
            row.element().id().to_owned(),
        ],
        Row::Pair(pair) => [
            rank.to_string(),
            figure(pair.hours),
            String::new(),
            share(pair.hours),
            pair.ids.len().to_string(),
            words.text("rank.pair").to_owned(),
            format!("{} + {}", pair.elements[0], pair.elements[1]),
        ],
    }
}

/// Returns the sentence that says why an element costs hours.
fn why(network: &Network, row: &Ranked, words: &Words) -> String {
    let often = often(&row.chance, words);
    let count = row.ids.len().to_string();
    if row.is_own {
        words.with("rank.why.own", &[&names(network, &row.ids, words), &often])
    } else if row.ids.is_empty() {
        words.with("rank.why.together", &[&often])
    } else {
        let names = names(network, &row.ids, words);
        let is_risk = matches!(row.element(), Element::Risk(_));
        match (is_risk, row.ids.len()) {
            (true, 1) => words.with("rank.why.risk-one", &[&names, &often]),
            (true, _) => words.with("rank.why.risk", &[&count, &names, &often]),
            (false, 1) => words.with("rank.why.single-one", &[&names, &often]),
            (false, _) => words.with("rank.why.single", &[&count, &names, &often]),
        }
    }
}

/// Returns how often it fails and for how long, and whence that is known.
fn often(chance: &Chance, words: &Words) -> String {
    let failures = chance.failures();
    let rate = if failures >= 0.095 {
        format!("{failures:.1}")
    } else {
        format!("{failures:.3}")
    };
    let key = match chance.source {
        Source::Default => "rank.often.default",
        Source::Declared => "rank.often.declared",
        Source::Measured => "rank.often.measured",
    };
    words.with(key, &[&rate, &format!("{:.1}", chance.repair)])
}

/// Returns the names of a few agencies, the weightiest first.
fn names(network: &Network, ids: &[AgencyId], words: &Words) -> String {
    let mut agencies: Vec<_> = ids
        .iter()
        .filter_map(|id| network.agencies.get(id))
        .collect();
    agencies.sort_by(|a, b| b.weight.cmp(&a.weight).then_with(|| a.id.cmp(&b.id)));
    let shown: Vec<&str> = agencies
        .iter()
        .take(NAMED)
        .map(|agency| agency.name.as_str())
        .collect();
    let rest = agencies.len() - shown.len();
    let mut text = shown.join(", ");
    if rest > 0 {
        text = words.with("rank.others", &[&text, &rest.to_string()]);
    }
    text
}
