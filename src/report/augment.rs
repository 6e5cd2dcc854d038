//! The cheapest links against single points: what to build, what stays, and its form of `spanwatch/plan/1`.

use serde::Serialize;

use crate::analysis::augment::{Augmentation, Loss, Proof};
use crate::analysis::hours::{Hours, Method};
use crate::analysis::plan::choices::Choice;
use crate::model::network::Network;
use crate::model::{AgencyId, Element};
use crate::report::clean;
use crate::report::hours::{HoursShape, figure, method};
use crate::report::listing::head;
use crate::report::plan::{BuildShape, build_briefly, money, plain};
use crate::report::table::{Side, Table};
use crate::report::weak::header;
use crate::report::words::Words;

/// What was asked and found.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The network as it is.
    pub network: &'a Network,
    /// What could be built, by place.
    pub choices: &'a [Choice],
    /// What to build.
    pub found: &'a Augmentation,
    /// Whether nodes count as well as links.
    pub nodes: bool,
    /// How many agencies should be safe.
    pub asked: usize,
    /// Hours lost a year before and after.
    pub hours: [Hours; 2],
    /// How they were found.
    pub method: Method,
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    currency: Option<&'a str>,
    goal: &'static str,
    nodes: bool,
    agencies: usize,
    cost: f64,
    /// No set costs less than this; equal to `cost` where the answer is proven.
    least: f64,
    choices: usize,
    method: &'static str,
    before: HoursShape,
    after: HoursShape,
    steps: Vec<StepShape<'a>>,
    unhelped: Vec<UnhelpedShape<'a>>,
}

#[derive(Debug, Serialize)]
struct StepShape<'a> {
    build: BuildShape<'a>,
    cost: f64,
}

#[derive(Debug, Serialize)]
struct UnhelpedShape<'a> {
    id: &'a AgencyId,
    single_points: Vec<&'a Element>,
}

/// Returns the document `spanwatch/plan/1` of a goal.
#[must_use]
pub fn json(answer: Answer<'_>) -> String {
    let Answer { network, found, .. } = answer;
    crate::report::json::written(&Document {
        schema: "spanwatch/plan/1",
        network: &network.id,
        example: network.example,
        currency: network.currency.as_deref(),
        goal: "no-single-points",
        nodes: answer.nodes,
        agencies: answer.asked,
        cost: found.cost,
        least: match found.proof {
            Proof::Optimal => found.cost,
            Proof::Bounded { least } => least,
        },
        choices: answer.choices.len(),
        method: method(answer.method),
        before: HoursShape::of(answer.hours[0]),
        after: HoursShape::of(answer.hours[1]),
        steps: built(answer)
            .map(|choice| StepShape {
                build: BuildShape::of(choice),
                cost: choice.cost,
            })
            .collect(),
        unhelped: found
            .unhelped
            .iter()
            .map(|(id, losses)| UnhelpedShape {
                id,
                single_points: elements(losses).collect(),
            })
            .collect(),
    })
}

fn built(answer: Answer<'_>) -> impl Iterator<Item = &Choice> {
    let places = answer.found.build.iter();
    places.filter_map(move |at| answer.choices.get(*at))
}

fn elements(losses: &[Loss]) -> impl Iterator<Item = &Element> {
    losses.iter().filter_map(|loss| match loss {
        Loss::Element(element) => Some(element),
        Loss::Nothing | Loss::Offer(_) => None,
    })
}

/// Returns what to build for people, at most `top` rows of each list.
#[must_use]
pub fn text(answer: Answer<'_>, top: usize, words: &Words) -> String {
    let Answer { network, found, .. } = answer;
    let unit = network.currency.as_deref().unwrap_or_default();
    let mut text = header(network, words);
    let mut push = |line: &str| {
        text.push_str(clean(line).trim_end());
        text.push('\n');
    };
    push("");
    push(&words.with(
        if answer.nodes {
            "goal.nodes"
        } else {
            "goal.links"
        },
        &[
            &answer.asked.to_string(),
            &found.build.len().to_string(),
            &money(found.cost, unit),
            &answer.choices.len().to_string(),
        ],
    ));
    push(&match found.proof {
        Proof::Optimal => words.text("goal.optimal").to_owned(),
        Proof::Bounded { least } => words.with("goal.bounded", &[&money(least, unit)]),
    });
    push(&words.with(
        "goal.hours",
        &[
            &figure(answer.hours[0].weighted),
            &figure(answer.hours[1].weighted),
        ],
    ));
    if matches!(answer.method, Method::Sampled { .. }) {
        push(words.text("plan.sampled"));
    }
    if !found.build.is_empty() {
        push("");
        let mut table = Table::new(&[
            head(words, "col.rank", Side::Right),
            head(words, "plan.cost", Side::Right),
            head(words, "plan.build", Side::Left),
        ]);
        let mut dearest: Vec<&Choice> = built(answer).collect();
        dearest.sort_by(|a, b| b.cost.total_cmp(&a.cost).then_with(|| a.a.cmp(&b.a)));
        for (rank, choice) in (1..).zip(dearest.iter().take(top)) {
            table.row([
                rank.to_string(),
                plain(choice.cost),
                build_briefly(network, choice, words),
            ]);
        }
        for line in table.text("").lines() {
            push(line);
        }
        if dearest.len() > top {
            push(&words.with("plan.more", &[&(dearest.len() - top).to_string()]));
        }
    }
    if !found.unhelped.is_empty() {
        push("");
        push(&words.with("goal.unhelped", &[&found.unhelped.len().to_string()]));
        for (id, losses) in found.unhelped.iter().take(top) {
            let points: Vec<String> = elements(losses).map(ToString::to_string).collect();
            push(&format!("  {id}: {}", points.join(", ")));
        }
        if found.unhelped.len() > top {
            push(&words.with(
                "goal.unhelped-more",
                &[&(found.unhelped.len() - top).to_string()],
            ));
        }
    }
    push("");
    push(words.text("goal.note"));
    text
}
