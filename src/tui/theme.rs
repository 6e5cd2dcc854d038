//! What a state looks like: a shape first, a colour second, and never a coloured word.
//!
//! Five colours and no sixth: the dark set keeps its worst pair at a dE2000 of 24.6 over normal sight and the
//! three dichromacies, and a sixth colour brings it down to 3.8. Marks therefore have shapes and no colour.
//! Every shape is one column in both width tables of Unicode, but for the rules and bars, which only the
//! Unicode set has.

use std::str::FromStr;

use ratatui::style::{Color, Modifier, Style};

use crate::model::health::{Health, Marks};
use crate::model::incident::IncidentSeverity;

/// The background that colours are chosen for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Theme {
    /// Light letters on a dark screen.
    #[default]
    Dark,
    /// Dark letters on a light screen.
    Light,
}

impl FromStr for Theme {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "dark" => Ok(Self::Dark),
            "light" => Ok(Self::Light),
            _ => Err(format!("`{text}` is not a theme; write `dark` or `light`.")),
        }
    }
}

/// The characters that shapes are made of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Glyphs {
    /// For terminals that show Unicode.
    #[default]
    Unicode,
    /// For all others.
    Ascii,
}

impl FromStr for Glyphs {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "unicode" => Ok(Self::Unicode),
            "ascii" => Ok(Self::Ascii),
            _ => Err(format!(
                "`{text}` is not a set of glyphs; write `unicode` or `ascii`."
            )),
        }
    }
}

/// Theme, glyphs and whether colours are wanted at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Look {
    /// The background.
    pub theme: Theme,
    /// The characters.
    pub glyphs: Glyphs,
    /// Whether colours are wanted.
    pub color: bool,
}

impl Look {
    fn pick(self, unicode: &'static str, ascii: &'static str) -> &'static str {
        match self.glyphs {
            Glyphs::Unicode => unicode,
            Glyphs::Ascii => ascii,
        }
    }

    /// Returns the shape of a state.
    #[must_use]
    pub fn glyph(self, health: Health) -> &'static str {
        match health {
            Health::Up => self.pick("▪", "."),
            Health::Degraded => self.pick("↯", "!"),
            Health::Down => self.pick("✖", "X"),
            Health::Shadowed => self.pick("◌", "o"),
            Health::Unknown => "?",
        }
    }

    /// Returns the style of a state's shape; the text beside it stays in the terminal's own colours.
    #[must_use]
    pub fn style(self, health: Health) -> Style {
        let style = if self.color {
            let (dark, light) = match health {
                Health::Up => (33, 69),
                Health::Degraded => (214, 136),
                Health::Down => (160, 126),
                Health::Shadowed => (243, 232),
                Health::Unknown => (252, 245),
            };
            Style::new().fg(Color::Indexed(match self.theme {
                Theme::Dark => dark,
                Theme::Light => light,
            }))
        } else {
            Style::new()
        };
        if health == Health::Down {
            style.add_modifier(Modifier::BOLD)
        } else {
            style
        }
    }

    /// Returns the shape and style of a cell: a mark underlines it, and replaces the shape where all is well.
    #[must_use]
    pub fn cell(self, health: Health, marks: Marks) -> (&'static str, Style) {
        let style = self.style(health);
        let underlined = style.add_modifier(Modifier::UNDERLINED);
        match (health, marks) {
            (
                Health::Up,
                Marks {
                    maintenance: true, ..
                },
            ) => ("m", underlined),
            (Health::Up, Marks { flapping: true, .. }) => ("~", underlined),
            (
                _,
                Marks {
                    maintenance: true, ..
                }
                | Marks {
                    acknowledged: true, ..
                }
                | Marks { flapping: true, .. },
            ) => (self.glyph(health), underlined),
            _ => (self.glyph(health), style),
        }
    }

    /// Returns the state whose shape stands for an incident's severity.
    #[must_use]
    pub fn severity(severity: IncidentSeverity) -> Health {
        match severity {
            IncidentSeverity::Critical => Health::Down,
            IncidentSeverity::Warning => Health::Degraded,
            IncidentSeverity::Info => Health::Unknown,
        }
    }

    /// Returns the mark of something cut away.
    #[must_use]
    pub fn cut(self) -> &'static str {
        self.pick("…", "~")
    }

    /// Returns what a horizontal rule is made of.
    #[must_use]
    pub fn rule(self) -> &'static str {
        self.pick("─", "-")
    }

    /// Returns what a vertical rule is made of.
    #[must_use]
    pub fn bar(self) -> &'static str {
        self.pick("│", "|")
    }

    /// Returns the corners of a box: upper left, upper right, lower left, lower right.
    #[must_use]
    pub fn corners(self) -> [&'static str; 4] {
        match self.glyphs {
            Glyphs::Unicode => ["┌", "┐", "└", "┘"],
            Glyphs::Ascii => ["+"; 4],
        }
    }

    /// Returns what leads from one step of a path to the next.
    #[must_use]
    pub fn step(self) -> &'static str {
        self.pick("›", ">")
    }

    /// Returns what hides an address.
    #[must_use]
    pub fn hidden(self) -> &'static str {
        self.pick("•••", "***")
    }

    /// Returns eight heights, lowest first.
    #[must_use]
    pub fn heights(self) -> [&'static str; 8] {
        match self.glyphs {
            Glyphs::Unicode => ["▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"],
            Glyphs::Ascii => ["_", "_", ".", ".", "-", "-", "=", "#"],
        }
    }

    /// Returns the style of what matters less: rules, headings of columns, units.
    #[must_use]
    pub fn quiet(self) -> Style {
        Style::new().add_modifier(Modifier::DIM)
    }

    /// Returns the style of a heading.
    #[must_use]
    pub fn heading(self) -> Style {
        Style::new().add_modifier(Modifier::BOLD)
    }

    /// Returns the style of what is selected.
    #[must_use]
    pub fn selected(self) -> Style {
        Style::new().add_modifier(Modifier::REVERSED)
    }
}
