//! Faults as people read them, in the manner of rustc, and as programs do.
//!
//! Only the lines around a fault are given to the renderer, cleaned and cut to a width: a file may be ten
//! megabytes on one line, and its text is nobody's friend.

use std::ops::Range;

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};
use serde::Serialize;

use crate::model::fault::{Fault, Place, Severity};
use crate::model::text::is_unsafe;
use crate::report::clean;

/// Characters of a line that are shown on either side of a fault.
const MARGIN: usize = 80;

/// Lines of a fault that are shown: a whole table is not quoted.
const LINES: usize = 3;

/// Returns faults as text, each with its lines and carets, in the given order; empty for none.
#[must_use]
pub fn text(faults: &[Fault], colour: bool) -> String {
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let mut text = String::new();
    for fault in faults {
        text.push_str(&renderer.render(&groups(fault)));
        text.push_str("\n\n");
    }
    text
}

fn groups(fault: &Fault) -> Vec<Group<'static>> {
    let level = match fault.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(clean(&fault.message).into_owned())
        .id(fault.code);
    let mut group = Group::with_title(title);
    if let Some(place) = &fault.place {
        let excerpt = Excerpt::of(place);
        let mut annotation = AnnotationKind::Primary.span(excerpt.span.clone());
        if let Some(label) = &fault.label {
            annotation = annotation.label(clean(label).into_owned());
        }
        let mut annotations = vec![annotation];
        let mut elsewhere = Vec::new();
        for (other, word) in &fault.related {
            let word = clean(word).into_owned();
            if let Some(span) = excerpt.within(place, other) {
                annotations.push(AnnotationKind::Context.span(span).label(word));
            } else {
                let other = Excerpt::of(other);
                let annotation = AnnotationKind::Context.span(other.span.clone());
                elsewhere.push(other.snippet(vec![annotation.label(word)]));
            }
        }
        group = group.element(excerpt.snippet(annotations));
        group = group.elements(elsewhere);
    }
    if let Some(help) = &fault.help {
        group = group.element(Level::HELP.message(clean(help).into_owned()));
    }
    vec![group]
}

/// A few lines of a file, safe to show, and where the fault is in them.
struct Excerpt {
    file: String,
    line: usize,
    text: String,
    span: Range<usize>,
    /// Where the excerpt begins in the file; `None` when it was cut or cleaned, and positions moved.
    start: Option<usize>,
}

impl Excerpt {
    fn of(place: &Place) -> Self {
        let whole = &place.source.text;
        let from = floor(whole, place.span.start);
        let to = floor(whole, place.span.end).max(from);
        let start = whole[..from].rfind('\n').map_or(0, |at| at + 1);
        let ends = whole[from..]
            .match_indices('\n')
            .map(|(at, _)| from + at)
            .chain([whole.len()]);
        let mut end = start;
        for at in ends.take(LINES) {
            end = at;
            if at >= to {
                break;
            }
        }
        let to = to.min(end);
        // Lines as long as a screen are shown whole; of longer ones what lies around the fault.
        let shown_from = whole[start..from]
            .char_indices()
            .rev()
            .nth(MARGIN)
            .map_or(start, |(at, _)| start + at);
        let shown_to = whole[to..end]
            .char_indices()
            .nth(MARGIN)
            .map_or(end, |(at, _)| to + at);
        let mut text = String::new();
        let mut span = 0..0;
        if shown_from > start {
            text.push('…');
        }
        for (at, c) in whole[shown_from..shown_to].char_indices() {
            if shown_from + at == from {
                span.start = text.len();
            }
            if shown_from + at == to {
                span.end = text.len();
            }
            match c {
                // A line end of Windows is not a character of the line.
                '\r' if whole[shown_from + at + 1..].starts_with('\n') => {}
                '\n' | '\t' => text.push(c),
                c if is_unsafe(c) => text.push('?'),
                c => text.push(c),
            }
        }
        if from == shown_to {
            span.start = text.len();
        }
        if to == shown_to {
            span.end = text.len();
        }
        span.end = span.end.max(span.start);
        let untouched = whole.get(shown_from..shown_to) == Some(text.as_str());
        if shown_to < end {
            text.push('…');
        }
        Self {
            file: clean(&place.source.name).into_owned(),
            line: place.line(),
            text,
            span,
            start: untouched.then_some(shown_from),
        }
    }

    /// Returns where another place lies within this excerpt, if it does.
    fn within(&self, own: &Place, other: &Place) -> Option<Range<usize>> {
        let start = self.start?;
        let span = other.span.start.checked_sub(start)?..other.span.end.checked_sub(start)?;
        (own.source == other.source && self.text.get(span.clone()).is_some()).then_some(span)
    }

    fn snippet(
        &self,
        annotations: Vec<annotate_snippets::Annotation<'static>>,
    ) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
        Snippet::source(self.text.clone())
            .path(self.file.clone())
            .line_start(self.line)
            .annotations(annotations)
    }
}

/// The nearest character border at or before a position.
fn floor(text: &str, at: usize) -> usize {
    (0..=at.min(text.len()))
        .rev()
        .find(|at| text.is_char_boundary(*at))
        .unwrap_or(0)
}

/// A fault in JSON (`spanwatch/lint/1`).
#[derive(Debug, Serialize)]
pub struct FaultShape<'a> {
    code: &'static str,
    severity: Severity,
    file: Option<&'a str>,
    line: Option<usize>,
    column: Option<usize>,
    message: &'a str,
    label: Option<&'a str>,
    help: Option<&'a str>,
    related: Vec<Related<'a>>,
}

#[derive(Debug, Serialize)]
struct Related<'a> {
    file: &'a str,
    line: usize,
    column: usize,
    message: &'a str,
}

impl<'a> FaultShape<'a> {
    /// Returns a fault's JSON form.
    #[must_use]
    pub fn of(fault: &'a Fault) -> Self {
        let place = fault.place.as_ref();
        Self {
            code: fault.code,
            severity: fault.severity,
            file: place.map(|place| place.source.name.as_str()),
            line: place.map(Place::line),
            column: place.map(Place::column),
            message: &fault.message,
            label: fault.label.as_deref(),
            help: fault.help.as_deref(),
            related: fault
                .related
                .iter()
                .map(|(place, word)| Related {
                    file: &place.source.name,
                    line: place.line(),
                    column: place.column(),
                    message: word,
                })
                .collect(),
        }
    }
}

#[derive(Debug, Serialize)]
struct Lint<'a> {
    schema: &'static str,
    example: Option<bool>,
    faults: Vec<FaultShape<'a>>,
    totals: Totals,
}

/// What was read; nothing but the number of files when the topology was refused.
#[derive(Clone, Copy, Debug, Default, Serialize)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Totals {
    pub agencies: Option<usize>,
    pub nodes: Option<usize>,
    pub links: Option<usize>,
    pub files: usize,
}

/// Returns the document `spanwatch/lint/1`.
///
/// `example` says whether the data are illustrative; `None` when the topology was refused.
#[must_use]
pub fn json(faults: &[Fault], totals: Totals, example: Option<bool>) -> String {
    crate::report::json::written(&Lint {
        schema: "spanwatch/lint/1",
        example,
        faults: faults.iter().map(FaultShape::of).collect(),
        totals,
    })
}
