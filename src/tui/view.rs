//! What a page is drawn from: one picture, one screen, one moment; and how times, numbers and names are written.
//!
//! Drawing changes nothing and asks nobody: the same three give the same cells.

use std::net::IpAddr;
use std::time::Duration;

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::{Picture, Setting};
use crate::filter::{BadFilter, Slip};
use crate::model::fault::Fault;
use crate::model::health::{Health, Marks};
use crate::model::incident::Evidence;
use crate::model::{AgencyId, Element, NodeId};
use crate::report::reason;
use crate::report::words::Language;
use crate::tui::screen::Screen;
use crate::tui::text;
use crate::tui::theme::Look;

/// One picture, one screen, one moment.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    /// What is so: the held picture while paused.
    pub picture: &'a Picture,
    /// What is looked at.
    pub screen: &'a Screen,
    /// The wall clock.
    pub now: Timestamp,
}

impl<'a> View<'a> {
    /// Returns the moment for which states are shown.
    #[must_use]
    pub fn at(self) -> Timestamp {
        self.screen.moment(self.now)
    }

    /// Returns colours and shapes.
    #[must_use]
    pub fn look(self) -> Look {
        self.screen.look
    }

    /// Returns the text of a key.
    #[must_use]
    pub fn text(self, key: &'a str) -> &'a str {
        self.screen.words.text(key)
    }

    /// Returns the text of a key with its values.
    #[must_use]
    pub fn with(self, key: &str, values: &[&str]) -> String {
        self.screen.words.with(key, values)
    }

    /// Returns a node's state as it may be shown.
    #[must_use]
    pub fn health(self, node: &NodeId) -> Health {
        self.picture.health(node, self.at())
    }

    /// Returns the word of a state.
    #[must_use]
    pub fn state(self, health: Health) -> &'a str {
        self.text(match health {
            Health::Up => "state.up",
            Health::Degraded => "state.degraded",
            Health::Down => "state.down",
            Health::Shadowed => "state.shadowed",
            Health::Unknown => "state.unknown",
        })
    }

    /// Returns the shape of a state as a span.
    #[must_use]
    pub fn shape(self, health: Health) -> Span<'static> {
        Span::styled(self.look().glyph(health), self.look().style(health))
    }

    /// Returns the words of marks, separated by commas; empty where there are none.
    #[must_use]
    pub fn marks(self, marks: Marks) -> String {
        let words = [
            (marks.maintenance, "mark.maintenance"),
            (marks.acknowledged, "mark.acknowledged"),
            (marks.flapping, "mark.flapping"),
            (marks.policed, "mark.policed"),
            (marks.closed, "mark.closed"),
        ];
        let said: Vec<&str> = words
            .iter()
            .filter(|(is, _)| *is)
            .map(|(_, word)| self.text(word))
            .collect();
        said.join(", ")
    }

    /// Returns the name of an agency, or its id where the picture lacks it.
    #[must_use]
    pub fn agency<'b>(self, id: &'b AgencyId) -> &'b str
    where
        'a: 'b,
    {
        self.picture
            .network
            .agencies
            .get(id)
            .map_or(id.as_str(), |agency| agency.name.as_str())
    }

    /// Returns the address of a node, hidden where that was asked for.
    #[must_use]
    pub fn address(self, node: &NodeId) -> String {
        match self
            .picture
            .network
            .nodes
            .get(node)
            .and_then(|node| node.address)
        {
            Some(_) if self.screen.redact => self.look().hidden().to_owned(),
            Some(address) => address.to_string(),
            None => "-".to_owned(),
        }
    }

    /// Returns one reason of an incident, without addresses where they are to be hidden.
    #[must_use]
    pub fn evidence(self, evidence: &Evidence) -> String {
        self.redacted(&reason::evidence(&self.screen.words, evidence))
    }

    /// Returns a text in which addresses are hidden where that was asked for.
    #[must_use]
    pub fn redacted(self, text: &str) -> String {
        if !self.screen.redact {
            return text.to_owned();
        }
        let is_part = |c: char| c.is_ascii_hexdigit() || c == '.' || c == ':';
        let mut shown = String::new();
        let mut rest = text;
        while !rest.is_empty() {
            let end = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            let bare = word.trim_end_matches(['.', ':']);
            if bare.parse::<IpAddr>().is_ok() {
                shown.push_str(self.look().hidden());
                shown.push_str(&word[bare.len()..]);
            } else {
                shown.push_str(word);
            }
            let next = after.find(is_part).unwrap_or(after.len());
            let (between, after) = after.split_at(next);
            shown.push_str(between);
            rest = after;
        }
        shown
    }

    /// Returns the word for a class, a role or a kind where it is one that is known, else the one that was typed.
    #[must_use]
    pub fn known(self, room: &str, typed: &str) -> String {
        let key = format!("{room}.{typed}");
        if self.screen.words.has(&key) {
            self.screen.words.text(&key).to_owned()
        } else {
            typed.to_owned()
        }
    }

    /// Returns a fault of the topology in one line: its code and, in English, its message; in another language
    /// what the code means, and the names that the message quotes.
    #[must_use]
    pub fn fault(self, fault: &Fault) -> String {
        let key = format!("fault.{}", fault.code);
        let words = &self.screen.words;
        if words.language() == Language::En || !words.has(&key) {
            return format!("{} {}", fault.code, fault.message);
        }
        let mut names = quoted(&fault.message);
        names.dedup();
        let said = format!("{} {}", fault.code, words.text(&key));
        if names.is_empty() {
            said
        } else {
            format!("{said}: {}", names.join(", "))
        }
    }

    /// Returns what is wrong with a filter, and what was meant where that can be guessed.
    #[must_use]
    pub fn wrong(self, wrong: &BadFilter) -> String {
        let key = match wrong.slip {
            Slip::TooDeep => "slip.too-deep",
            Slip::Missing => "slip.missing",
            Slip::OpenBracket => "slip.open-bracket",
            Slip::ClosedTwice => "slip.closed-twice",
            Slip::MissingBefore => "slip.missing-before",
            Slip::OneSided => "slip.one-sided",
            Slip::NoField => "slip.no-field",
            Slip::UnknownField => "slip.unknown-field",
            Slip::NoValue => "slip.no-value",
            Slip::NotAPattern => "slip.not-a-pattern",
            Slip::NotANumber => "slip.not-a-number",
            Slip::NoUnit => "slip.no-unit",
            Slip::OpenQuote => "slip.open-quote",
        };
        let said = self.with(key, &quoted(&wrong.message));
        let meant = wrong.help.as_deref().map(quoted).unwrap_or_default();
        match (wrong.slip, meant.as_slice()) {
            (Slip::UnknownField, [_])
                if wrong.help.as_ref().is_some_and(|help| help.ends_with('?')) =>
            {
                format!("{said}. {}", self.with("slip.meant", &meant))
            }
            _ => said,
        }
    }

    /// Returns what people call an element, with the word of its kind.
    #[must_use]
    pub fn element(self, element: &Element) -> String {
        format!(
            "{} {}",
            self.kind(element),
            self.picture.network.title(element)
        )
    }

    /// Returns the word of an element's kind: that of the risk group where it has one.
    #[must_use]
    pub fn kind(self, element: &Element) -> &'a str {
        self.text(match element {
            Element::Node(_) => "element.node",
            Element::Link(_) => "element.link",
            Element::Risk(_) => "element.risk",
        })
    }

    /// Returns the word of where the monitor runs.
    #[must_use]
    pub fn setting(self) -> &'a str {
        self.text(match self.picture.setting {
            Setting::Live => "head.live",
            Setting::Lab => "head.lab",
            Setting::Simulated => "head.simulated",
        })
    }

    /// Returns a time of day in the network's time zone, with seconds.
    #[must_use]
    pub fn clock(self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.picture.network.time_zone.clone())
            .strftime("%H:%M:%S")
            .to_string()
    }

    /// Returns the hours between the network's time zone and UTC: `+07`.
    #[must_use]
    pub fn offset(self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.picture.network.time_zone.clone())
            .strftime("%:z")
            .to_string()
            .trim_end_matches(":00")
            .to_owned()
    }

    /// Returns a moment: the time of day, or the day where it is another one. Five columns.
    #[must_use]
    pub fn moment(self, at: Timestamp) -> String {
        let zone = &self.picture.network.time_zone;
        let (day, today) = (
            zone.to_datetime(at).date(),
            zone.to_datetime(self.now).date(),
        );
        let form = if day == today { "%H:%M" } else { "%d/%m" };
        at.to_zoned_datetime(zone.clone())
            .strftime(form)
            .to_string()
    }

    /// Returns a moment with its day where it is another one than today. At most eleven columns.
    #[must_use]
    pub fn long_moment(self, at: Timestamp) -> String {
        let zone = &self.picture.network.time_zone;
        let (day, today) = (
            zone.to_datetime(at).date(),
            zone.to_datetime(self.now).date(),
        );
        let form = if day == today { "%H:%M" } else { "%d/%m %H:%M" };
        at.to_zoned_datetime(zone.clone())
            .strftime(form)
            .to_string()
    }

    /// Returns a moment with day and second.
    #[must_use]
    pub fn full_moment(self, at: Timestamp) -> String {
        at.to_zoned_datetime(self.picture.network.time_zone.clone())
            .strftime("%d/%m/%Y %H:%M:%S")
            .to_string()
    }

    /// Returns a length of time in its two largest units.
    #[must_use]
    pub fn span(self, time: Duration) -> String {
        let seconds = time.as_secs();
        let unit = |key| self.text(key);
        match seconds {
            0..60 => format!("{seconds} {}", unit("unit.second")),
            60..3_600 => format!(
                "{} {} {:02} {}",
                seconds / 60,
                unit("unit.minute"),
                seconds % 60,
                unit("unit.second")
            ),
            3_600..86_400 => format!(
                "{} {} {:02} {}",
                seconds / 3_600,
                unit("unit.hour"),
                seconds / 60 % 60,
                unit("unit.minute")
            ),
            _ => format!(
                "{} {} {} {}",
                seconds / 86_400,
                unit("unit.day"),
                seconds / 3_600 % 24,
                unit("unit.hour")
            ),
        }
    }

    /// Returns a length of time in its largest unit.
    #[must_use]
    pub fn short_span(self, time: Duration) -> String {
        let seconds = time.as_secs();
        let (count, unit) = match seconds {
            0..60 => (seconds, "unit.second"),
            60..3_600 => (seconds / 60, "unit.minute"),
            3_600..86_400 => (seconds / 3_600, "unit.hour"),
            _ => (seconds / 86_400, "unit.day"),
        };
        format!("{count} {}", self.text(unit))
    }

    /// Returns the time since a moment.
    #[must_use]
    pub fn since(self, at: Timestamp) -> Duration {
        Duration::try_from(self.at().duration_since(at)).unwrap_or(Duration::ZERO)
    }
}

/// Returns what a message quotes.
fn quoted(message: &str) -> Vec<&str> {
    message.split('`').skip(1).step_by(2).collect()
}

/// Returns a round trip time in milliseconds, at most five columns up to 100 s.
#[must_use]
pub fn milliseconds(time: Duration) -> String {
    let ms = time.as_secs_f64() * 1e3;
    if ms < 99.95 {
        format!("{ms:.1}")
    } else {
        format!("{ms:.0}")
    }
}

/// Returns a ratio as a percentage, at most five columns.
#[must_use]
pub fn percent(ratio: f64) -> String {
    let percent = ratio * 100.0;
    if percent > 99.95 {
        "100%".to_owned()
    } else {
        format!("{percent:.1}%")
    }
}

/// Draws a line into one row, with a mark in its last column where it was cut.
pub fn draw_line(buffer: &mut Buffer, row: Rect, line: &Line<'_>, look: Look) {
    if row.is_empty() {
        return;
    }
    buffer.set_line(row.x, row.y, line, row.width);
    if line.width() > usize::from(row.width) {
        buffer.set_string(row.right() - 1, row.y, look.cut(), Style::new());
    }
}

/// Draws a text into one row and returns the columns it took.
pub fn draw_text(buffer: &mut Buffer, row: Rect, shown: &str, style: Style, look: Look) -> u16 {
    let shown = text::fit(shown, usize::from(row.width), look.cut());
    buffer.set_string(row.x, row.y, &shown, style);
    text::width(&shown) as u16
}

/// Draws a text at the right end of a row.
pub fn draw_right(buffer: &mut Buffer, row: Rect, line: &Line<'_>) {
    let width = line.width().min(usize::from(row.width)) as u16;
    buffer.set_line(row.right() - width, row.y, line, width);
}

/// Draws a horizontal rule.
pub fn draw_rule(buffer: &mut Buffer, row: Rect, look: Look) {
    let rule = look.rule().repeat(usize::from(row.width));
    buffer.set_string(row.x, row.y, rule, look.quiet());
}

/// Returns one row of an area; empty below its end.
#[must_use]
pub fn row(area: Rect, at: u16) -> Rect {
    if at < area.height {
        Rect::new(area.x, area.y + at, area.width, 1)
    } else {
        Rect::new(area.x, area.bottom(), 0, 0)
    }
}
