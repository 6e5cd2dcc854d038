//! The one query language: parse, and match against named fields; pure.
//!
//! It is the same in the screen's `/`, in `list` and wherever else things are picked by a text:
//!
//! ```text
//! query := all ("or" all)*            all := term+            a space is "and"
//! term  := word | "quoted" | field op value | !term | (query)
//! op    := =  !=  >  >=  <  <=  ~ (regular expression)  : (contains)
//! value := word or "quoted"; a number may end in ms s m h d % k M G
//! ```
//!
//! The hard thought is in `fold`: people type Vietnamese with marks, without, or with a tone on the other
//! vowel, and all of them mean the same place.

pub mod fold;

mod grammar;

use std::ops::Range;

use regex::Regex;

use crate::filter::fold::Folded;

/// What a thing says of one of its fields.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A text.
    Text(String),
    /// A number in its base unit: seconds, ratios 0..1, bits a second.
    Number(f64),
    /// Several texts; a term holds when it holds for one of them (`!=` when for none).
    List(Vec<String>),
}

/// What is wrong with a text that is not a filter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Slip {
    /// Too many brackets and negations inside one another.
    TooDeep,
    /// Something to look for is missing.
    Missing,
    /// A bracket is never closed.
    OpenBracket,
    /// A bracket closes nothing.
    ClosedTwice,
    /// Something is missing before a bracket.
    MissingBefore,
    /// `or` or `and` without one of its sides.
    OneSided,
    /// An operator without a field.
    NoField,
    /// A field that does not exist.
    UnknownField,
    /// A field without a value.
    NoValue,
    /// Not a regular expression.
    NotAPattern,
    /// A comparison with what is no number.
    NotANumber,
    /// A time without its unit.
    NoUnit,
    /// A quotation mark is never closed.
    OpenQuote,
}

/// Why a text is not a filter, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct BadFilter {
    /// What kind of mistake it is, for faces that say it in another language.
    pub slip: Slip,
    /// Bytes of the text, at character borders.
    pub span: Range<usize>,
    /// What is wrong: a sentence.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// Fields that hold a time: a number for them must say its unit, since 100 could be milliseconds or seconds.
const TIMES: &[&str] = &[
    "rtt", "p95", "age", "since", "rtt_max", "interval", "timeout", "mtbf", "mttr",
];

/// A query, ready to match.
#[derive(Clone, Debug)]
pub struct Filter {
    root: Expression,
}

#[derive(Clone, Debug)]
enum Expression {
    All(Vec<Expression>),
    Any(Vec<Expression>),
    Not(Box<Expression>),
    Word(Folded),
    Field(String, Test),
}

#[derive(Clone, Debug)]
enum Test {
    Equal {
        text: Folded,
        number: Option<f64>,
        wanted: bool,
    },
    Order(Order, f64),
    Contains(Folded),
    Matches(Regex),
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Greater,
    GreaterOrEqual,
    Less,
    LessOrEqual,
}

impl Filter {
    /// Reads a query in which `fields` may be named; an empty one matches everything.
    ///
    /// A field that is not among them is refused with the nearest one that is.
    pub fn parse(text: &str, fields: &[&str]) -> Result<Self, BadFilter> {
        let root = grammar::parse(text, fields)?;
        Ok(Self { root })
    }

    /// Returns whether a thing matches; `field` answers what it says of each of its fields.
    ///
    /// A word without a field asks for the field `text`. A field that says nothing equals nothing.
    #[must_use]
    pub fn matches(&self, field: &dyn Fn(&str) -> Option<Value>) -> bool {
        self.root.holds(field)
    }

    /// Returns whether it matches everything, having no term.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        matches!(&self.root, Expression::All(terms) if terms.is_empty())
    }
}

impl Expression {
    fn holds(&self, field: &dyn Fn(&str) -> Option<Value>) -> bool {
        match self {
            Self::All(terms) => terms.iter().all(|term| term.holds(field)),
            Self::Any(terms) => terms.iter().any(|term| term.holds(field)),
            Self::Not(term) => !term.holds(field),
            Self::Word(word) => {
                field("text").is_some_and(|value| value.any_text(|text| word.is_in(text)))
            }
            Self::Field(name, test) => test.holds(field(name).as_ref()),
        }
    }
}

impl Test {
    fn holds(&self, value: Option<&Value>) -> bool {
        match self {
            Self::Equal {
                text,
                number,
                wanted,
            } => {
                let equal = value.is_some_and(|value| match (value, number) {
                    (Value::Number(one), Some(other)) => same(*one, *other),
                    (Value::Number(_), None) => false,
                    (value, _) => value.any_text(|each| text.equals(each)),
                });
                equal == *wanted
            }
            Self::Order(order, limit) => value.is_some_and(|value| match value {
                Value::Number(number) => order.holds(*number, *limit),
                value => value.any_text(|text| {
                    grammar::number(text).is_some_and(|(number, _)| order.holds(number, *limit))
                }),
            }),
            Self::Contains(text) => {
                value.is_some_and(|value| value.any_text(|each| text.is_in(each)))
            }
            Self::Matches(pattern) => {
                value.is_some_and(|value| value.any_text(|each| pattern.is_match(each)))
            }
        }
    }
}

impl Order {
    fn holds(self, one: f64, other: f64) -> bool {
        match self {
            Self::Greater => one > other,
            Self::GreaterOrEqual => one >= other || same(one, other),
            Self::Less => one < other,
            Self::LessOrEqual => one <= other || same(one, other),
        }
    }
}

impl Value {
    fn any_text(&self, mut holds: impl FnMut(&str) -> bool) -> bool {
        match self {
            Self::Text(text) => holds(text),
            Self::Number(number) => holds(&number.to_string()),
            Self::List(texts) => texts.iter().any(|text| holds(text)),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<f64> for Value {
    fn from(number: f64) -> Self {
        Self::Number(number)
    }
}

impl From<u32> for Value {
    fn from(number: u32) -> Self {
        Self::Number(f64::from(number))
    }
}

/// Two numbers that a person would write alike: 0.1 s and 100 ms differ in the last bit only.
fn same(one: f64, other: f64) -> bool {
    (one - other).abs() <= 1e-9 * one.abs().max(other.abs())
}
