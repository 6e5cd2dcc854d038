//! What the user is looking at, and how a key changes it: pure, so that every key has a test.
//!
//! Three rules keep the screen calm. A selection is an id, never a row, so it follows its item wherever sorting
//! takes it. Rows are re-sorted only when no key was pressed for five seconds, so nothing slides away under a
//! finger. A pause keeps the picture of its moment; the monitor goes on, and the age of what is shown counts up.

pub mod grid;
pub mod over;
pub mod overlay;
pub mod ports;
pub mod ranks;
pub mod rows;
pub mod scenario;
mod settled;
mod travel;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tui_input::Input;

use crate::app::{Command, Picture};
use crate::model::AgencyId;
use crate::model::incident::{IncidentId, IncidentKind};
use crate::report::words::Words;
use crate::tui::keys::Intent;
use crate::tui::screen::grid::Layout;
use crate::tui::screen::overlay::Overlay;
use crate::tui::screen::ports::{PortKey, PortOrder};
use crate::tui::screen::ranks::{Peril, Rank};
use crate::tui::screen::rows::{Order, Search};
use crate::tui::screen::scenario::Scenario;
use crate::tui::screen::settled::Settled;
use crate::tui::theme::{Look, Theme};

/// A message stays for this long.
const NOTICE: SignedDuration = SignedDuration::from_secs(5);
/// Terminals take at most 100,000 characters of OSC 52, which in base64 are this many bytes (as k9s has it).
pub const LONGEST_COPY: usize = 74_994;

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tab {
    /// All agencies as cells, and the worst of them.
    Overview,
    /// All agencies as rows.
    Agencies,
    /// What must not fail.
    Weak,
    /// What failed.
    Incidents,
    /// What would be if something failed.
    WhatIf,
    /// All interfaces that devices tell of, as rows.
    Interfaces,
}

impl Tab {
    /// All pages in the order of their numbers.
    pub const ALL: [Self; 6] = [
        Self::Overview,
        Self::Agencies,
        Self::Weak,
        Self::Incidents,
        Self::WhatIf,
        Self::Interfaces,
    ];

    /// Returns the key of its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "tab.overview",
            Self::Agencies => "tab.agencies",
            Self::Weak => "tab.weak",
            Self::Incidents => "tab.incidents",
            Self::WhatIf => "tab.what-if",
            Self::Interfaces => "tab.interfaces",
        }
    }
}

/// What must be done outside the screen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Ask this of the monitor.
    Command(Command),
    /// Give this to the terminal's clipboard.
    Copy(String),
    /// Paint everything anew.
    Redraw,
    /// Give the terminal back and stop until continued.
    Suspend,
    /// Leave.
    Quit,
}

/// The moment that is held.
#[derive(Clone, Debug)]
pub struct Paused {
    /// The picture of it.
    pub picture: Arc<Picture>,
    /// When it was.
    pub at: Timestamp,
}

/// A message that goes away by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// Key of its text.
    pub word: &'static str,
    /// What goes into it.
    pub values: Vec<String>,
    /// When it was said.
    pub at: Timestamp,
}

/// What the user is looking at.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "switches that do not exclude each other"
)]
pub struct Screen {
    /// The page.
    pub tab: Tab,
    /// Columns and rows of the window.
    pub size: (u16, u16),
    /// The selected agency, on Overview and Agencies.
    pub agency: Option<AgencyId>,
    /// What is selected on Weak.
    pub peril: Option<Peril>,
    /// Whether Weak shows the network as it is today, not as designed.
    pub today: bool,
    /// The selected incident, on Incidents.
    pub incident: Option<IncidentId>,
    /// The selected interface, on Interfaces.
    pub port: Option<PortKey>,
    /// What interfaces are sorted by, and whether backwards.
    pub port_order: (PortOrder, bool),
    /// Whether the detail fills the page.
    pub open: bool,
    /// First line of an open detail that is shown.
    pub scroll: usize,
    /// What agencies are sorted by, and whether backwards.
    pub order: (Order, bool),
    /// Whether only problems are listed.
    pub problems: bool,
    /// The agency that stands on top whatever the order.
    pub pinned: Option<AgencyId>,
    /// What lies over the page.
    pub overlay: Option<Overlay>,
    /// The moment that is held.
    pub paused: Option<Paused>,
    /// The last message.
    pub notice: Option<Notice>,
    /// Colours and shapes.
    pub look: Look,
    /// The texts.
    pub words: Words,
    /// Whether addresses are hidden.
    pub redact: bool,
    /// Whether nothing may be asked of the monitor.
    pub read_only: bool,
    /// What is marked as failed in What-if.
    pub scenario: Scenario,
    searches: [Search; 5],
    /// The page from which a detail was opened.
    back: Option<Tab>,
    settled: Option<Settled<AgencyId>>,
    settled_ports: Option<Settled<PortKey>>,
}

impl Screen {
    /// Opens the Overview.
    #[must_use]
    pub fn new(size: (u16, u16), words: Words, look: Look) -> Self {
        Self {
            tab: Tab::Overview,
            size,
            agency: None,
            peril: None,
            today: false,
            incident: None,
            port: None,
            port_order: (PortOrder::State, false),
            open: false,
            scroll: 0,
            order: (Order::State, false),
            problems: false,
            pinned: None,
            overlay: None,
            paused: None,
            notice: None,
            look,
            words,
            redact: false,
            read_only: false,
            scenario: Scenario::default(),
            searches: <[Search; 5]>::default(),
            back: None,
            settled: None,
            settled_ports: None,
        }
    }

    /// Returns the picture to show: the held one while paused.
    #[must_use]
    pub fn shown<'a>(&'a self, newest: &'a Arc<Picture>) -> &'a Arc<Picture> {
        self.paused
            .as_ref()
            .map_or(newest, |paused| &paused.picture)
    }

    /// Returns the moment for which states are shown.
    #[must_use]
    pub fn moment(&self, now: Timestamp) -> Timestamp {
        self.paused.as_ref().map_or(now, |paused| paused.at)
    }

    /// Returns whether a line is being typed.
    #[must_use]
    pub fn is_typing(&self) -> bool {
        matches!(
            self.overlay,
            Some(Overlay::Palette { .. } | Overlay::Ends { .. } | Overlay::Filter { .. })
        )
    }

    /// Returns the filter of a list; the Overview has that of the Agencies.
    #[must_use]
    pub fn search(&self, tab: Tab) -> &Search {
        match tab {
            Tab::Overview | Tab::Agencies => &self.searches[0],
            Tab::Weak => &self.searches[1],
            Tab::Incidents => &self.searches[2],
            Tab::WhatIf => &self.searches[3],
            Tab::Interfaces => &self.searches[4],
        }
    }

    fn search_mut(&mut self) -> (&mut Search, &'static [&'static str]) {
        match self.tab {
            Tab::Overview | Tab::Agencies => (&mut self.searches[0], rows::AGENCY_FIELDS),
            Tab::Weak => (&mut self.searches[1], rows::WEAK_FIELDS),
            Tab::Incidents => (&mut self.searches[2], rows::INCIDENT_FIELDS),
            Tab::WhatIf => (&mut self.searches[3], &[]),
            Tab::Interfaces => (&mut self.searches[4], ports::PORT_FIELDS),
        }
    }

    /// Returns the last message while it is new.
    #[must_use]
    pub fn news(&self, now: Timestamp) -> Option<&Notice> {
        self.notice
            .as_ref()
            .filter(|notice| now.duration_since(notice.at) < NOTICE)
    }

    /// Returns the number of rows above the body: the head, the tabs, a rule, and a banner for what must be known.
    #[must_use]
    pub fn head(&self, picture: &Picture) -> u16 {
        grid::HEAD + u16::from(banner(picture).is_some())
    }

    /// Returns where everything of the Overview stands.
    #[must_use]
    pub fn layout(&self, picture: &Picture) -> Layout {
        grid::lay(&picture.network, self.size, self.head(picture))
    }

    /// Returns the rows of the list of what must not fail.
    #[must_use]
    pub fn weak_rows<'a>(&self, picture: &'a Picture) -> Vec<Rank<'a>> {
        ranks::kept(picture, self.today, &self.searches[1])
    }

    /// Returns the rows of the list of incidents.
    #[must_use]
    pub fn incident_rows(&self, picture: &Picture, now: Timestamp) -> Vec<IncidentId> {
        rows::incidents(picture, &self.searches[2], self.problems, self.moment(now))
            .map(|incident| incident.id)
            .collect()
    }

    /// Says something in the footer.
    pub fn say(&mut self, word: &'static str, values: Vec<String>, now: Timestamp) {
        self.notice = Some(Notice {
            word,
            values,
            at: now,
        });
    }

    /// Takes over what a key meant, and returns what must be done outside.
    pub fn update(
        &mut self,
        intent: Intent,
        newest: &Arc<Picture>,
        now: Timestamp,
    ) -> Option<Effect> {
        match intent {
            Intent::Quit => return Some(Effect::Quit),
            Intent::Redraw => return Some(Effect::Redraw),
            Intent::Suspend => return Some(Effect::Suspend),
            Intent::Resize(columns, rows) => {
                self.size = (columns, rows);
                return None;
            }
            _ => {}
        }
        let picture = Arc::clone(self.shown(newest));
        self.notice = None;
        self.settle(&picture, now);
        if let Some(overlay) = self.overlay.take() {
            return self.over(overlay, intent, &picture, newest, now);
        }
        match intent {
            Intent::Go(tab) => self.go(tab),
            Intent::NextTab => self.turn(1),
            Intent::PreviousTab => self.turn(Tab::ALL.len() - 1),
            Intent::Enter => self.enter(&picture, now),
            Intent::Zoom => {
                if self.open {
                    self.open = false;
                } else if self.tab != Tab::Overview {
                    self.enter(&picture, now);
                }
            }
            Intent::Back => self.step_back(&picture, now),
            Intent::Filter if self.tab != Tab::WhatIf => {
                if self.tab == Tab::Overview {
                    self.go(Tab::Agencies);
                }
                self.open = false;
                let before = self.search(self.tab).clone();
                self.overlay = Some(Overlay::Filter {
                    input: Input::new(before.text.clone()),
                    before,
                });
            }
            Intent::Palette => {
                self.overlay = Some(Overlay::Palette {
                    input: Input::default(),
                    cursor: 0,
                });
            }
            Intent::Problems if !matches!(self.tab, Tab::Weak | Tab::WhatIf) => {
                if self.tab == Tab::Overview {
                    self.go(Tab::Agencies);
                    self.problems = true;
                } else {
                    self.problems = !self.problems;
                }
                self.resort(&picture, now);
            }
            Intent::Sort if self.tab == Tab::Agencies => {
                let cursor = Order::ALL.iter().position(|order| *order == self.order.0);
                self.overlay = Some(Overlay::Sort {
                    cursor: cursor.unwrap_or(0),
                });
            }
            Intent::Sort if self.tab == Tab::Interfaces => {
                let sorted = self.port_order.0;
                let cursor = PortOrder::ALL.iter().position(|order| *order == sorted);
                self.overlay = Some(Overlay::Sort {
                    cursor: cursor.unwrap_or(0),
                });
            }
            Intent::Reverse if matches!(self.tab, Tab::Agencies | Tab::Interfaces) => {
                if self.tab == Tab::Agencies {
                    self.order.1 = !self.order.1;
                } else {
                    self.port_order.1 = !self.port_order.1;
                }
                self.resort(&picture, now);
            }
            Intent::Pin if self.tab == Tab::Agencies => {
                let selected = self.selected_agency(&picture, now);
                self.pinned = if self.pinned == selected {
                    None
                } else {
                    selected
                };
            }
            Intent::Variant if self.tab == Tab::Weak => {
                self.today = !self.today;
                self.scroll = 0;
            }
            Intent::Mark => self.mark(&picture, now),
            Intent::WhatIf => self.open_what_if(&picture, now),
            Intent::Build => self.offer_ends(0, &picture, now),
            Intent::Undo if self.tab == Tab::WhatIf => {
                if !self.scenario.undo(&picture, self.moment(now)) {
                    self.say("notice.nothing-marked", Vec::new(), now);
                }
            }
            Intent::Clear if self.tab == Tab::WhatIf => {
                if !self.scenario.clear(&picture, self.moment(now)) {
                    self.say("notice.nothing-marked", Vec::new(), now);
                }
            }
            Intent::Pause => {
                self.paused = match self.paused.take() {
                    Some(_) => None,
                    None => Some(Paused {
                        picture: Arc::clone(newest),
                        at: now,
                    }),
                };
                self.settled = None;
                self.settled_ports = None;
            }
            Intent::Copy => self.offer_copy(&picture, now),
            Intent::Plain => self.offer_plain(&picture, now),
            Intent::Break => self.offer_break(&picture, newest, now),
            Intent::Theme => {
                self.look.theme = match self.look.theme {
                    Theme::Dark => Theme::Light,
                    Theme::Light => Theme::Dark,
                };
            }
            Intent::NextProblem => self.seek(&picture, now, true),
            Intent::PreviousProblem => self.seek(&picture, now, false),
            _ => self.travel(intent, &picture, now),
        }
        None
    }

    fn go(&mut self, tab: Tab) {
        self.tab = tab;
        self.open = false;
        self.scroll = 0;
        self.back = None;
    }

    fn turn(&mut self, by: usize) {
        let at = Tab::ALL.iter().position(|tab| *tab == self.tab);
        self.go(Tab::ALL[(at.unwrap_or(0) + by) % Tab::ALL.len()]);
    }
}

/// What must be known before anything else on the screen is believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Banner {
    /// The monitor itself is cut off.
    Monitor,
    /// An edited topology was refused.
    RefusedEdit,
}

/// Returns what must be known before anything else on the screen is believed.
#[must_use]
pub fn banner(picture: &Picture) -> Option<Banner> {
    let blind = picture
        .open_incidents()
        .any(|incident| incident.kind == IncidentKind::Monitor);
    if blind {
        Some(Banner::Monitor)
    } else if picture.refused_edit.is_empty() {
        None
    } else {
        Some(Banner::RefusedEdit)
    }
}
