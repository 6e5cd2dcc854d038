//! What to build: the steps with price, hours and reason, and `spanwatch/plan/1`.

use serde::Serialize;

use crate::analysis::hours::Method;
use crate::analysis::plan::choices::{Choice, Origin};
use crate::analysis::plan::{Plan, Step};
use crate::model::network::Network;
use crate::model::{AgencyId, Element, LinkId, NodeId};
use crate::report::clean;
use crate::report::hours::{HoursShape, figure, interval, method, with_error};
use crate::report::listing::head;
use crate::report::table::{Side, Table};
use crate::report::weak::header;
use crate::report::words::Words;

/// A link to build, in JSON.
#[derive(Debug, Serialize)]
pub struct BuildShape<'a> {
    kind: &'a str,
    a: &'a NodeId,
    b: &'a NodeId,
    km: Option<f64>,
    origin: &'static str,
}

impl<'a> BuildShape<'a> {
    /// Returns a choice's JSON form.
    #[must_use]
    pub fn of(choice: &'a Choice) -> Self {
        Self {
            kind: &choice.kind,
            a: &choice.a,
            b: &choice.b,
            km: choice.km,
            origin: match choice.origin {
                Origin::Declared => "declared",
                Origin::Between => "between",
                Origin::SecondUplink => "second_uplink",
                Origin::OutsideOf(_) => "outside_of_risk",
                Origin::Access => "access",
            },
        }
    }
}

#[derive(Debug, Serialize)]
struct Document<'a> {
    schema: &'static str,
    network: &'a str,
    example: bool,
    currency: Option<&'a str>,
    budget: f64,
    cost: f64,
    choices: usize,
    best: bool,
    cut_short: bool,
    method: &'static str,
    /// Of the weighted hours before, 95 %; null where they are exact.
    interval: Option<[f64; 2]>,
    before: HoursShape,
    after: HoursShape,
    steps: Vec<StepShape<'a>>,
}

#[derive(Debug, Serialize)]
struct StepShape<'a> {
    build: BuildShape<'a>,
    id: &'a LinkId,
    cost: f64,
    removes: HoursShape,
    relieves: &'a [AgencyId],
    closes: Vec<ClosedShape<'a>>,
    why: String,
}

#[derive(Debug, Serialize)]
struct ClosedShape<'a> {
    element: &'a Element,
    fewer: usize,
}

/// Returns the document `spanwatch/plan/1`.
#[must_use]
pub fn json(network: &Network, budget: f64, plan: &Plan, words: &Words) -> String {
    crate::report::json::written(&Document {
        schema: "spanwatch/plan/1",
        network: &network.id,
        example: network.example,
        currency: network.currency.as_deref(),
        budget,
        cost: plan.cost,
        choices: plan.choices,
        best: plan.is_best,
        cut_short: plan.is_cut_short,
        method: method(plan.method),
        interval: interval(plan.before, plan.method.error()),
        before: HoursShape::of(plan.before),
        after: HoursShape::of(plan.after),
        steps: plan
            .steps
            .iter()
            .map(|step| StepShape {
                build: BuildShape::of(&step.choice),
                id: &step.link,
                cost: step.choice.cost,
                removes: HoursShape::of(step.removes),
                relieves: &step.relieves,
                closes: step
                    .closes
                    .iter()
                    .map(|(element, fewer)| ClosedShape {
                        element,
                        fewer: *fewer,
                    })
                    .collect(),
                why: why(network, step, words),
            })
            .collect(),
    })
}

/// Returns the plan for people, at most `top` steps of it.
#[must_use]
pub fn text(network: &Network, budget: f64, plan: &Plan, top: usize, words: &Words) -> String {
    let mut text = header(network, words);
    let unit = network.currency.as_deref().unwrap_or_default();
    let money = |sum: f64| money(sum, unit);
    let mut push = |line: &str| {
        text.push_str(clean(line).trim_end());
        text.push('\n');
    };
    push("");
    push(&words.with(
        "plan.head",
        &[
            &money(budget),
            &money(plan.cost),
            &plan.steps.len().to_string(),
            &plan.choices.to_string(),
        ],
    ));
    let share = if plan.before.weighted > 0.0 {
        100.0 * (plan.before.weighted - plan.after.weighted) / plan.before.weighted
    } else {
        0.0
    };
    push(&words.with(
        "plan.hours",
        &[
            &with_error(plan.before.weighted, plan.method.error()),
            &with_error(plan.after.weighted, plan.method.error()),
            &format!("{share:.1}"),
            &figure(plan.before.agency),
            &figure(plan.after.agency),
        ],
    ));
    push(words.text(match (plan.is_best, plan.is_cut_short) {
        (true, _) => "plan.best",
        (false, false) => "plan.searched",
        (false, true) => "plan.short",
    }));
    push(words.text(match plan.method {
        Method::Exact { .. } => "rank.exact",
        Method::Sampled { .. } => "plan.sampled",
    }));
    push("");
    if plan.steps.is_empty() {
        push(words.text("plan.nothing"));
        return text;
    }
    let mut table = Table::new(&[
        head(words, "col.rank", Side::Right),
        head(words, "plan.cost", Side::Right),
        head(words, "plan.removes", Side::Right),
        head(words, "plan.relieves", Side::Right),
        head(words, "plan.build", Side::Left),
    ]);
    for (rank, step) in (1..).zip(plan.steps.iter().take(top)) {
        table.row([
            rank.to_string(),
            plain(step.choice.cost),
            figure(step.removes.weighted),
            step.relieves.len().to_string(),
            build_briefly(network, &step.choice, words),
        ]);
    }
    let lines = table.text("");
    let mut lines = lines.lines();
    push(lines.next().unwrap_or_default());
    for (step, line) in plan.steps.iter().zip(lines) {
        push(line);
        push(&format!("     {}", why(network, step, words)));
    }
    if plan.steps.len() > top {
        push(&words.with("plan.more", &[&(plan.steps.len() - top).to_string()]));
    }
    push("");
    push(words.text("plan.note"));
    text
}

/// Returns the sentence that says what a link is good for.
fn why(network: &Network, step: &Step, words: &Words) -> String {
    let mut parts = vec![words.text(origin_key(&step.choice.origin)).to_owned()];
    if let Origin::OutsideOf(risk) = &step.choice.origin {
        let title = network.title(&Element::Risk(risk.clone()));
        parts = vec![words.with("plan.origin.outside", &[&title])];
    }
    parts.push(match step.closes.split_first() {
        Some(((element, fewer), others)) => {
            let title = network.title(element);
            let first = match fewer {
                1 => words.with("plan.closes.one", &[&title]),
                many => words.with("plan.closes", &[&many.to_string(), &title]),
            };
            match others.len() {
                0 => first,
                1 => words.with("plan.closes.more-one", &[&first]),
                more => words.with("plan.closes.more", &[&first, &more.to_string()]),
            }
        }
        None => words.text("plan.closes.none").to_owned(),
    });
    parts.join("; ")
}

fn origin_key(origin: &Origin) -> &'static str {
    match origin {
        Origin::Declared => "plan.origin.declared",
        Origin::Between => "plan.origin.between",
        Origin::SecondUplink => "plan.origin.second",
        Origin::OutsideOf(_) => "plan.origin.outside",
        Origin::Access => "plan.origin.access",
    }
}

/// Returns a link to build in words, with its price.
#[must_use]
pub fn build(network: &Network, choice: &Choice, words: &Words) -> String {
    let unit = network.currency.as_deref().unwrap_or_default();
    format!(
        "{}, {}",
        build_briefly(network, choice, words),
        money(choice.cost, unit)
    )
}

/// Returns a link to build in words: its kind, its ends, its length.
#[must_use]
pub fn build_briefly(network: &Network, choice: &Choice, words: &Words) -> String {
    let title = |node: &NodeId| network.title(&Element::Node(node.clone()));
    let key = format!("kind.{}", choice.kind);
    let kind = if words.has(&key) {
        words.text(&key)
    } else {
        choice.kind.as_str()
    };
    let length = choice.km.map(|km| format!(", {km:.1} km"));
    format!(
        "{kind} {} – {}{}",
        title(&choice.a),
        title(&choice.b),
        length.unwrap_or_default()
    )
}

/// Returns a sum with its unit.
#[must_use]
pub fn money(sum: f64, unit: &str) -> String {
    format!("{} {unit}", plain(sum)).trim_end().to_owned()
}

/// Returns a sum without decimals that say nothing.
#[must_use]
pub fn plain(sum: f64) -> String {
    if (sum - sum.round()).abs() < 0.005 {
        format!("{sum:.0}")
    } else {
        format!("{sum:.2}")
    }
}
