//! From a text to an expression: one pass, one character of look-ahead, every fault with its place.

use regex::RegexBuilder;

use crate::filter::fold::{Folded, nearest};
use crate::filter::{BadFilter, Expression, Order, Slip, TIMES, Test};

/// Brackets and negations inside one another; more is a slip, and a limit keeps the stack whole.
const DEEPEST: usize = 50;

/// A pattern may grow to this many bytes when it is compiled.
const LARGEST_PATTERN: usize = 1 << 20;

const OPERATORS: [&str; 8] = ["!=", ">=", "<=", "=", ">", "<", "~", ":"];

const UNITS: [(&str, f64); 9] = [
    ("ms", 0.001),
    ("s", 1.0),
    ("m", 60.0),
    ("h", 3_600.0),
    ("d", 86_400.0),
    ("%", 0.01),
    ("k", 1e3),
    ("M", 1e6),
    ("G", 1e9),
];

struct Parser<'a> {
    text: &'a str,
    at: usize,
    depth: usize,
    fields: &'a [&'a str],
}

/// Parses a whole text.
pub(in crate::filter) fn parse(text: &str, fields: &[&str]) -> Result<Expression, BadFilter> {
    let mut parser = Parser {
        text,
        at: 0,
        depth: 0,
        fields,
    };
    parser.skip_space();
    if parser.rest().is_empty() {
        return Ok(Expression::All(Vec::new()));
    }
    let expression = parser.any()?;
    if parser.rest().is_empty() {
        Ok(expression)
    } else {
        // Only a closing bracket can be left over.
        Err(parser.fault(
            Slip::ClosedTwice,
            parser.at..parser.at + 1,
            "This bracket closes nothing.",
            Some("Remove it, or open one before it."),
        ))
    }
}

/// Reads a number with its unit, in base units; the second part says whether a unit was given.
pub(in crate::filter) fn number(text: &str) -> Option<(f64, bool)> {
    let text = text.trim();
    let starts = text.strip_prefix('-').unwrap_or(text);
    if !starts.starts_with(|c: char| c.is_ascii_digit() || c == '.') {
        return None;
    }
    let end = text
        .rfind(|c: char| c.is_ascii_digit() || c == '.')
        .map_or(0, |last| last + 1);
    let (digits, unit) = text.split_at(end);
    let plain: f64 = digits.replace('_', "").parse().ok()?;
    if unit.is_empty() {
        return Some((plain, false));
    }
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit)?;
    Some((plain * factor, true))
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn peek(&self) -> Option<char> {
        self.rest().chars().next()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn fault(
        &self,
        slip: Slip,
        span: std::ops::Range<usize>,
        message: impl Into<String>,
        help: Option<&str>,
    ) -> BadFilter {
        let end = (span.end..self.text.len())
            .find(|end| self.text.is_char_boundary(*end))
            .unwrap_or(self.text.len());
        BadFilter {
            slip,
            span: span.start..end,
            message: message.into(),
            help: help.map(str::to_owned),
        }
    }

    /// `all ("or" all)*`
    fn any(&mut self) -> Result<Expression, BadFilter> {
        let mut choices = vec![self.all()?];
        while self.take_keyword("or") {
            choices.push(self.all()?);
        }
        Ok(if choices.len() == 1 {
            choices.swap_remove(0)
        } else {
            Expression::Any(choices)
        })
    }

    /// `term+`
    fn all(&mut self) -> Result<Expression, BadFilter> {
        let mut terms = vec![self.term()?];
        loop {
            self.skip_space();
            if self.rest().is_empty() || self.peek() == Some(')') || self.is_keyword("or") {
                break;
            }
            self.take_keyword("and");
            terms.push(self.term()?);
        }
        Ok(if terms.len() == 1 {
            terms.swap_remove(0)
        } else {
            Expression::All(terms)
        })
    }

    fn term(&mut self) -> Result<Expression, BadFilter> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(self.fault(
                Slip::TooDeep,
                self.at..self.at + 1,
                format!("More than {DEEPEST} brackets and negations inside one another."),
                None,
            ));
        }
        self.skip_space();
        let start = self.at;
        let term = match self.peek() {
            None => {
                return Err(self.fault(
                    Slip::Missing,
                    start..start,
                    "Something to look for is missing here.",
                    None,
                ));
            }
            Some('!') => {
                self.at += 1;
                Expression::Not(Box::new(self.term()?))
            }
            Some('(') => {
                self.at += 1;
                let inner = self.any()?;
                self.skip_space();
                if self.peek() != Some(')') {
                    return Err(self.fault(
                        Slip::OpenBracket,
                        start..start + 1,
                        "This bracket is never closed.",
                        Some("Add `)`."),
                    ));
                }
                self.at += 1;
                inner
            }
            Some(')') => {
                return Err(self.fault(
                    Slip::MissingBefore,
                    start..start + 1,
                    "Something to look for is missing before this bracket.",
                    None,
                ));
            }
            Some('"') => Expression::Word(Folded::new(&self.quoted()?)),
            Some(_) => self.word_or_field()?,
        };
        self.depth -= 1;
        Ok(term)
    }

    fn word_or_field(&mut self) -> Result<Expression, BadFilter> {
        let start = self.at;
        let run = self.rest();
        let run = &run[..run
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
            .unwrap_or(run.len())];
        if let Some((field, operator)) = first_operator(run) {
            let name = start..start + field.len();
            self.at = name.end + operator.len();
            return self.test(name, operator);
        }
        self.at += run.len();
        // `weight >= 5`: people put spaces around an operator. A colon must stand at its field.
        let after = self.rest().trim_start();
        let operator = OPERATORS
            .iter()
            .find(|operator| **operator != ":" && after.starts_with(**operator));
        if let Some(operator) = operator {
            let name = start..self.at;
            self.at = self.text.len() - after.len() + operator.len();
            return self.test(name, operator);
        }
        if is_word(run, "or") || is_word(run, "and") {
            return Err(self.fault(
                Slip::OneSided,
                start..self.at,
                format!("`{run}` stands between two things, and one of them is missing."),
                Some(&format!("To look for the word itself, write `\"{run}\"`.")),
            ));
        }
        Ok(Expression::Word(Folded::new(run)))
    }

    fn test(
        &mut self,
        name: std::ops::Range<usize>,
        operator: &str,
    ) -> Result<Expression, BadFilter> {
        let written = &self.text[name.clone()];
        let field = written.to_lowercase();
        if written.is_empty() {
            return Err(self.fault(
                Slip::NoField,
                name.start..name.end + operator.len(),
                format!("A field is missing before `{operator}`"),
                None,
            ));
        }
        if !self.fields.contains(&field.as_str()) {
            let help = match nearest(&field, self.fields.iter().copied()) {
                Some(meant) => format!("Did you mean `{meant}`?"),
                None => format!(
                    "Fields here: {}. To look for a text with `{operator}` in it, put it in quotation marks.",
                    self.fields.join(", ")
                ),
            };
            return Err(self.fault(
                Slip::UnknownField,
                name,
                format!("There is no field `{written}`"),
                Some(&help),
            ));
        }
        self.skip_space();
        let from = self.at;
        let (value, quoted) = if self.peek() == Some('"') {
            (self.quoted()?, true)
        } else {
            (self.bare_value().to_owned(), false)
        };
        let span = from..self.at;
        if value.is_empty() && !quoted {
            return Err(self.fault(
                Slip::NoValue,
                name.start..from,
                format!("A value is missing after `{operator}`"),
                None,
            ));
        }
        let test = match operator {
            "=" | "!=" => Test::Equal {
                text: Folded::new(&value),
                number: match number(&value) {
                    Some(_) if quoted => None,
                    Some(found) => Some(self.with_unit(&field, found, &value, &span)?),
                    None => None,
                },
                wanted: operator == "=",
            },
            ":" => Test::Contains(Folded::new(&value)),
            "~" => {
                let pattern = RegexBuilder::new(&value)
                    .case_insensitive(true)
                    .size_limit(LARGEST_PATTERN)
                    .build()
                    .map_err(|error| {
                        let reason = error.to_string();
                        let last = reason.lines().last().unwrap_or_default();
                        let last = last.trim_start_matches("error: ");
                        self.fault(
                            Slip::NotAPattern,
                            span.clone(),
                            format!("This is not a regular expression: {last}."),
                            None,
                        )
                    })?;
                Test::Matches(pattern)
            }
            _ => {
                let Some(found) = number(&value) else {
                    return Err(self.fault(
                        Slip::NotANumber,
                        span,
                        format!("`{operator}` compares numbers, and this is none."),
                        Some("Units are ms s m h d % k M G, as in `loss>=2%` or `rtt>100ms`."),
                    ));
                };
                let limit = self.with_unit(&field, found, &value, &span)?;
                let order = match operator {
                    ">" => Order::Greater,
                    ">=" => Order::GreaterOrEqual,
                    "<" => Order::Less,
                    _ => Order::LessOrEqual,
                };
                Test::Order(order, limit)
            }
        };
        Ok(Expression::Field(field, test))
    }

    /// Refuses a bare number where it could be milliseconds or seconds.
    fn with_unit(
        &self,
        field: &str,
        (value, has_unit): (f64, bool),
        written: &str,
        span: &std::ops::Range<usize>,
    ) -> Result<f64, BadFilter> {
        if has_unit || value == 0.0 || !TIMES.contains(&field) {
            return Ok(value);
        }
        Err(self.fault(
            Slip::NoUnit,
            span.clone(),
            format!("`{field}` is a time, and this number has no unit."),
            Some(&format!(
                "Write `{written}ms`, `{written}s`, `{written}m`, `{written}h` or `{written}d`."
            )),
        ))
    }

    /// Up to a space or a bracket that was not opened inside: `name~^(a|b)` needs no quotes.
    fn bare_value(&mut self) -> &'a str {
        let rest = self.rest();
        let mut open = 0_usize;
        let mut end = rest.len();
        for (at, c) in rest.char_indices() {
            match c {
                '(' => open += 1,
                ')' if open > 0 => open -= 1,
                ')' => {
                    end = at;
                    break;
                }
                c if c.is_whitespace() => {
                    end = at;
                    break;
                }
                _ => {}
            }
        }
        self.at += end;
        &rest[..end]
    }

    /// A quoted text; `\"` is a quotation mark and `\\` a backslash.
    fn quoted(&mut self) -> Result<String, BadFilter> {
        let start = self.at;
        let mut value = String::new();
        let mut characters = self.rest().char_indices().skip(1);
        while let Some((at, c)) = characters.next() {
            match c {
                '"' => {
                    self.at = start + at + 1;
                    return Ok(value);
                }
                '\\' => match characters.next() {
                    Some((_, c @ ('"' | '\\'))) => value.push(c),
                    // Any other backslash is the pattern's own: `name~"\d+"`.
                    Some((_, c)) => value.extend(['\\', c]),
                    None => break,
                },
                c => value.push(c),
            }
        }
        Err(self.fault(
            Slip::OpenQuote,
            start..self.text.len(),
            "This quotation mark is never closed.",
            Some("Add `\"`."),
        ))
    }

    fn is_keyword(&self, keyword: &str) -> bool {
        let rest = self.rest();
        let end = rest
            .find(|c: char| c.is_whitespace() || matches!(c, '(' | ')' | '"'))
            .unwrap_or(rest.len());
        // `or=3` is not the keyword, and neither is `or = 3`.
        let after = rest[end..].trim_start();
        is_word(&rest[..end], keyword) && !after.starts_with(['=', '>', '<', '~'])
    }

    fn take_keyword(&mut self, keyword: &str) -> bool {
        self.skip_space();
        let found = self.is_keyword(keyword);
        if found {
            self.at += keyword.len();
        }
        found
    }
}

fn is_word(text: &str, keyword: &str) -> bool {
    text.eq_ignore_ascii_case(keyword)
}

/// Splits a run of characters at its first operator; a `!` counts only before `=`.
fn first_operator(run: &str) -> Option<(&str, &'static str)> {
    run.char_indices().find_map(|(at, _)| {
        let (field, rest) = run.split_at(at);
        OPERATORS
            .iter()
            .find(|operator| rest.starts_with(**operator))
            .map(|operator| (field, *operator))
    })
}
