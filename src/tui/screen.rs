//! What the user is looking at, and how a key changes it: pure, so that every key has a test.
//!
//! Three rules keep the screen calm. A selection is an id, never a row, so it follows its item wherever sorting
//! takes it. Rows are re-sorted only when no key was pressed for five seconds, so nothing slides away under a
//! finger. A pause keeps the picture of its moment; the monitor goes on, and the age of what is shown counts up.

pub mod grid;
pub mod overlay;
pub mod rows;

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use tui_input::{Input, InputRequest};

use crate::app::{Command, Picture, Setting};
use crate::model::health::Health;
use crate::model::incident::{IncidentId, IncidentKind};
use crate::model::{AgencyId, Element};
use crate::report::words::Words;
use crate::tui::keys::{Edit, Intent};
use crate::tui::screen::grid::{Layout, Step};
use crate::tui::screen::overlay::{Entry, Overlay};
use crate::tui::screen::rows::{Order, Search};
use crate::tui::theme::{Look, Theme};

/// Rows keep their order for this long after a key.
const SETTLE: SignedDuration = SignedDuration::from_secs(5);
/// Rows are sorted at most this often: a commune that falls silent would change their order for ten seconds.
const RESORT: SignedDuration = SignedDuration::from_secs(5);
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
}

impl Tab {
    /// All pages in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Overview, Self::Agencies, Self::Weak, Self::Incidents];

    /// Returns the key of its name.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Overview => "tab.overview",
            Self::Agencies => "tab.agencies",
            Self::Weak => "tab.weak",
            Self::Incidents => "tab.incidents",
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

/// Rows of agencies in the order that is kept for a while.
#[derive(Clone, Debug)]
struct Settled {
    rows: Vec<AgencyId>,
    /// When they were sorted.
    sorted: Timestamp,
    /// When a key was last pressed; `None` before the first.
    pressed: Option<Timestamp>,
}

impl Settled {
    fn holds(&self, now: Timestamp) -> bool {
        let pressed = self
            .pressed
            .is_some_and(|pressed| now.duration_since(pressed) < SETTLE);
        pressed || now.duration_since(self.sorted) < RESORT
    }
}

/// What the user is looking at.
#[derive(Clone, Debug)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "four switches that do not exclude each other"
)]
pub struct Screen {
    /// The page.
    pub tab: Tab,
    /// Columns and rows of the window.
    pub size: (u16, u16),
    /// The selected agency, on Overview and Agencies.
    pub agency: Option<AgencyId>,
    /// The selected element, on Weak.
    pub element: Option<Element>,
    /// The selected incident, on Incidents.
    pub incident: Option<IncidentId>,
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
    searches: [Search; 3],
    /// The page from which a detail was opened.
    back: Option<Tab>,
    settled: Option<Settled>,
}

impl Screen {
    /// Opens the Overview.
    #[must_use]
    pub fn new(size: (u16, u16), words: Words, look: Look) -> Self {
        Self {
            tab: Tab::Overview,
            size,
            agency: None,
            element: None,
            incident: None,
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
            searches: <[Search; 3]>::default(),
            back: None,
            settled: None,
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
            Some(Overlay::Palette { .. } | Overlay::Filter { .. })
        )
    }

    /// Returns the filter of a list; the Overview has that of the Agencies.
    #[must_use]
    pub fn search(&self, tab: Tab) -> &Search {
        match tab {
            Tab::Overview | Tab::Agencies => &self.searches[0],
            Tab::Weak => &self.searches[1],
            Tab::Incidents => &self.searches[2],
        }
    }

    fn search_mut(&mut self) -> (&mut Search, &'static [&'static str]) {
        match self.tab {
            Tab::Overview | Tab::Agencies => (&mut self.searches[0], rows::AGENCY_FIELDS),
            Tab::Weak => (&mut self.searches[1], rows::WEAK_FIELDS),
            Tab::Incidents => (&mut self.searches[2], rows::INCIDENT_FIELDS),
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
        3 + u16::from(banner(picture).is_some())
    }

    /// Returns where everything of the Overview stands.
    #[must_use]
    pub fn layout(&self, picture: &Picture) -> Layout {
        grid::lay(&picture.network, self.size, self.head(picture))
    }

    /// Returns the agencies of the list in the order of its rows.
    #[must_use]
    pub fn agency_rows(&self, picture: &Picture, now: Timestamp) -> Vec<AgencyId> {
        let mut rows = match &self.settled {
            Some(settled) if settled.holds(now) => {
                let mut rows = settled.rows.clone();
                rows.retain(|id| picture.network.agencies.contains_key(id));
                rows
            }
            _ => self.sorted(picture, now),
        };
        if let Some(pinned) = &self.pinned
            && picture.network.agencies.contains_key(pinned)
        {
            rows.retain(|id| id != pinned);
            rows.insert(0, pinned.clone());
        }
        rows
    }

    fn sorted(&self, picture: &Picture, now: Timestamp) -> Vec<AgencyId> {
        rows::agencies(
            picture,
            &self.searches[0],
            self.problems,
            self.order,
            self.moment(now),
        )
    }

    /// Returns the rows of the list of weak elements.
    #[must_use]
    pub fn weak_rows(&self, picture: &Picture) -> Vec<Element> {
        rows::weak(picture, &self.searches[1])
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
            Intent::Filter => {
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
            Intent::Problems if self.tab != Tab::Weak => {
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
            Intent::Reverse if self.tab == Tab::Agencies => {
                self.order.1 = !self.order.1;
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
            Intent::Pause => {
                self.paused = match self.paused.take() {
                    Some(_) => None,
                    None => Some(Paused {
                        picture: Arc::clone(newest),
                        at: now,
                    }),
                };
                self.settled = None;
            }
            Intent::Copy => self.offer_copy(&picture, now),
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

    /// Sorts the rows anew where that is due; to be called before a frame is drawn.
    pub fn refresh(&mut self, newest: &Arc<Picture>, now: Timestamp) {
        if self
            .settled
            .as_ref()
            .is_none_or(|settled| !settled.holds(now))
        {
            let picture = Arc::clone(self.shown(newest));
            self.settled = Some(Settled {
                rows: self.sorted(&picture, now),
                sorted: now,
                pressed: None,
            });
        }
    }

    /// Keeps the rows as they are for as long as keys are pressed.
    fn settle(&mut self, picture: &Picture, now: Timestamp) {
        match &mut self.settled {
            Some(settled) if settled.holds(now) => settled.pressed = Some(now),
            _ => self.resort(picture, now),
        }
    }

    fn resort(&mut self, picture: &Picture, now: Timestamp) {
        self.settled = Some(Settled {
            rows: self.sorted(picture, now),
            sorted: now,
            pressed: Some(now),
        });
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

    fn enter(&mut self, picture: &Picture, now: Timestamp) {
        if self.open {
            return;
        }
        match self.tab {
            Tab::Overview => {
                let selected = self.agency.clone();
                if let Some(agency) = selected.or_else(|| self.worst(picture, now)) {
                    self.go(Tab::Agencies);
                    self.agency = Some(agency);
                    self.back = Some(Tab::Overview);
                } else {
                    return;
                }
            }
            Tab::Agencies => self.agency = self.selected_agency(picture, now),
            Tab::Weak => self.element = self.selected_element(picture),
            Tab::Incidents => self.incident = self.selected_incident(picture, now),
        }
        self.open = true;
        self.scroll = 0;
    }

    fn step_back(&mut self, picture: &Picture, now: Timestamp) {
        if self.open {
            self.open = false;
            self.scroll = 0;
            if let Some(tab) = self.back.take() {
                self.tab = tab;
            }
        } else if !self.search(self.tab).text.is_empty() {
            let (search, fields) = self.search_mut();
            search.set("", fields);
            self.resort(picture, now);
        } else if self.problems && self.tab != Tab::Overview {
            self.problems = false;
            self.resort(picture, now);
        } else if self.tab == Tab::Overview {
            self.agency = None;
        } else {
            self.go(Tab::Overview);
        }
    }

    fn worst(&self, picture: &Picture, now: Timestamp) -> Option<AgencyId> {
        let order = (Order::State, false);
        rows::agencies(picture, &Search::default(), false, order, self.moment(now))
            .into_iter()
            .next()
    }

    /// Returns the agency that a key would act on.
    #[must_use]
    pub fn selected_agency(&self, picture: &Picture, now: Timestamp) -> Option<AgencyId> {
        let known = |id: &&AgencyId| picture.network.agencies.contains_key(*id);
        if self.tab == Tab::Overview || self.open {
            return self.agency.as_ref().filter(known).cloned();
        }
        chosen(&self.agency_rows(picture, now), self.agency.as_ref())
    }

    /// Returns the element that a key would act on.
    #[must_use]
    pub fn selected_element(&self, picture: &Picture) -> Option<Element> {
        chosen(&self.weak_rows(picture), self.element.as_ref())
    }

    /// Returns the incident that a key would act on.
    #[must_use]
    pub fn selected_incident(&self, picture: &Picture, now: Timestamp) -> Option<IncidentId> {
        chosen(&self.incident_rows(picture, now), self.incident.as_ref())
    }

    fn travel(&mut self, intent: Intent, picture: &Picture, now: Timestamp) {
        let step = match intent {
            Intent::Up => Step::Up,
            Intent::Down => Step::Down,
            Intent::Left => Step::Left,
            Intent::Right => Step::Right,
            Intent::PageUp => Step::PageUp,
            Intent::PageDown => Step::PageDown,
            Intent::First => Step::First,
            Intent::Last => Step::Last,
            _ => return,
        };
        let page = usize::from(self.size.1.saturating_sub(8)).max(1);
        if self.tab == Tab::Overview {
            let layout = self.layout(picture);
            self.agency = layout.grid.step(self.agency.as_ref(), step);
        } else if step == Step::Left {
            if self.open {
                self.step_back(picture, now);
            }
        } else if step == Step::Right {
            self.enter(picture, now);
        } else if self.open {
            self.scroll = match step {
                Step::Up => self.scroll.saturating_sub(1),
                Step::Down => self.scroll + 1,
                Step::PageUp => self.scroll.saturating_sub(page),
                Step::PageDown => self.scroll + page,
                Step::First => 0,
                _ => usize::MAX / 2,
            };
        } else {
            match self.tab {
                Tab::Overview => {}
                Tab::Agencies => {
                    let rows = self.agency_rows(picture, now);
                    self.agency = moved(&rows, self.agency.as_ref(), step, page);
                }
                Tab::Weak => {
                    let rows = self.weak_rows(picture);
                    self.element = moved(&rows, self.element.as_ref(), step, page);
                }
                Tab::Incidents => {
                    let rows = self.incident_rows(picture, now);
                    self.incident = moved(&rows, self.incident.as_ref(), step, page);
                }
            }
        }
    }

    /// Goes to the next agency that is not up, around the end.
    fn seek(&mut self, picture: &Picture, now: Timestamp, forward: bool) {
        let at = self.moment(now);
        let mut all: Vec<AgencyId> = match self.tab {
            Tab::Overview => {
                let layout = self.layout(picture);
                layout.grid.agencies().into_iter().cloned().collect()
            }
            Tab::Agencies => self.agency_rows(picture, now),
            Tab::Weak | Tab::Incidents => return,
        };
        if !forward {
            all.reverse();
        }
        let here = all.iter().position(|id| Some(id) == self.agency.as_ref());
        let start = here.map_or(0, |here| here + 1);
        let start = start.min(all.len());
        all.rotate_left(start);
        let is_up = |id: &AgencyId| {
            let agency = picture.network.agencies.get(id);
            agency.is_none_or(|agency| picture.health(&agency.node, at) == Health::Up)
        };
        match all.into_iter().find(|id| !is_up(id)) {
            Some(found) => {
                self.agency = Some(found);
                self.scroll = 0;
            }
            None => self.say("notice.no-problem", Vec::new(), now),
        }
    }

    fn offer_copy(&mut self, picture: &Picture, now: Timestamp) {
        let items = match self.tab {
            Tab::Overview | Tab::Agencies => self
                .selected_agency(picture, now)
                .map(|id| overlay::copies_of_agency(picture, &id)),
            Tab::Weak => self
                .selected_element(picture)
                .map(|element| overlay::copies_of_element(picture, &element)),
            Tab::Incidents => self
                .selected_incident(picture, now)
                .map(|id| overlay::copies_of_incident(picture, id)),
        };
        match items {
            Some(items) if !items.is_empty() => {
                self.overlay = Some(Overlay::Copy { items, cursor: 0 });
            }
            _ => self.say("notice.nothing-selected", Vec::new(), now),
        }
    }

    fn offer_break(&mut self, picture: &Picture, newest: &Picture, now: Timestamp) {
        if self.read_only {
            self.say("notice.read-only", Vec::new(), now);
            return;
        }
        if newest.setting == Setting::Live {
            self.say("notice.only-in-lab", Vec::new(), now);
            return;
        }
        let elements = match self.tab {
            Tab::Overview | Tab::Agencies => self
                .selected_agency(picture, now)
                .map(|id| overlay::breakable(newest, &id))
                .unwrap_or_default(),
            Tab::Weak => self.selected_element(picture).into_iter().collect(),
            Tab::Incidents => self
                .selected_incident(picture, now)
                .and_then(|id| picture.incidents.iter().find(|incident| incident.id == id))
                .map(|incident| incident.causes.clone())
                .unwrap_or_default(),
        };
        // What is broken is a fact of now, also while the screen is paused.
        let choices = overlay::choices(newest, elements);
        if choices.is_empty() {
            self.say("notice.nothing-selected", Vec::new(), now);
        } else {
            self.overlay = Some(Overlay::Break { choices, cursor: 0 });
        }
    }

    /// A key while something lies over the page. `overlay` is put back unless the key closes it.
    fn over(
        &mut self,
        overlay: Overlay,
        intent: Intent,
        picture: &Arc<Picture>,
        newest: &Arc<Picture>,
        now: Timestamp,
    ) -> Option<Effect> {
        match overlay {
            Overlay::Filter { mut input, before } => {
                match intent {
                    Intent::Enter => {
                        // A wrong text stays on the line, where its fault is shown.
                        if self.search(self.tab).wrong.is_some() {
                            self.overlay = Some(Overlay::Filter { input, before });
                        }
                        return None;
                    }
                    Intent::Back => {
                        *self.search_mut().0 = before;
                        self.resort(picture, now);
                        return None;
                    }
                    Intent::Up | Intent::Down | Intent::PageUp | Intent::PageDown => {
                        self.travel(intent, picture, now);
                    }
                    _ => {
                        edit(&mut input, intent);
                        let (search, fields) = self.search_mut();
                        search.set(input.value(), fields);
                        self.resort(picture, now);
                    }
                }
                self.overlay = Some(Overlay::Filter { input, before });
            }
            Overlay::Palette { mut input, cursor } => {
                let entries = overlay::entries(input.value(), picture, &self.words);
                let mut cursor = cursor.min(entries.len().saturating_sub(1));
                match intent {
                    Intent::Back => return None,
                    Intent::Enter => {
                        return match entries.get(cursor) {
                            Some(Entry::Do(binding)) => self.update(binding.intent, newest, now),
                            Some(Entry::Agency(id)) => {
                                self.go(Tab::Agencies);
                                self.agency = Some(id.clone());
                                self.open = true;
                                None
                            }
                            None => None,
                        };
                    }
                    Intent::Up | Intent::Down | Intent::PageUp | Intent::PageDown => {
                        cursor = rolled(cursor, entries.len(), intent);
                    }
                    _ => {
                        if edit(&mut input, intent) {
                            cursor = 0;
                        }
                    }
                }
                self.overlay = Some(Overlay::Palette { input, cursor });
            }
            Overlay::Sort { cursor } => match intent {
                Intent::Back | Intent::Sort => {}
                Intent::Enter => {
                    self.order = (Order::ALL[cursor.min(Order::ALL.len() - 1)], false);
                    self.resort(picture, now);
                }
                _ => {
                    let cursor = rolled(cursor, Order::ALL.len(), intent);
                    self.overlay = Some(Overlay::Sort { cursor });
                }
            },
            Overlay::Copy { items, cursor } => match intent {
                Intent::Back | Intent::Copy => {}
                Intent::Enter => {
                    let (_, text) = items.into_iter().nth(cursor)?;
                    if text.len() > LONGEST_COPY {
                        self.say("notice.too-long", vec![text.len().to_string()], now);
                    } else {
                        self.say("notice.copied", vec![text.len().to_string()], now);
                        return Some(Effect::Copy(text));
                    }
                }
                _ => {
                    let cursor = rolled(cursor, items.len(), intent);
                    self.overlay = Some(Overlay::Copy { items, cursor });
                }
            },
            Overlay::Break { choices, cursor } => match intent {
                Intent::Back | Intent::Break => {}
                Intent::Enter => {
                    let choice = choices.into_iter().nth(cursor)?;
                    let (word, what) = match &choice.command {
                        Command::Cut(element) => ("notice.cut", picture.network.title(element)),
                        Command::Restore(element) => {
                            ("notice.restored", picture.network.title(element))
                        }
                        Command::RestoreAll => ("notice.restored-all", String::new()),
                    };
                    self.say(word, vec![what], now);
                    return Some(Effect::Command(choice.command));
                }
                _ => {
                    let cursor = rolled(cursor, choices.len(), intent);
                    self.overlay = Some(Overlay::Break { choices, cursor });
                }
            },
        }
        None
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

/// Returns the selected one of some rows: the first where the selected is not among them.
fn chosen<T: Clone + PartialEq>(rows: &[T], selected: Option<&T>) -> Option<T> {
    selected
        .filter(|selected| rows.contains(selected))
        .or(rows.first())
        .cloned()
}

fn moved<T: Clone + PartialEq>(
    rows: &[T],
    selected: Option<&T>,
    step: Step,
    page: usize,
) -> Option<T> {
    let at = rows.iter().position(|row| Some(row) == selected);
    let at = at.unwrap_or(0);
    let to = match step {
        Step::Up => at.saturating_sub(1),
        Step::PageUp => at.saturating_sub(page),
        Step::Down => at + 1,
        Step::PageDown => at + page,
        Step::First => 0,
        Step::Last => usize::MAX,
        Step::Left | Step::Right => at,
    };
    rows.get(to.min(rows.len().saturating_sub(1))).cloned()
}

fn rolled(cursor: usize, length: usize, intent: Intent) -> usize {
    let last = length.saturating_sub(1);
    match intent {
        Intent::Up if cursor == 0 => last,
        Intent::Up => cursor - 1,
        Intent::Down if cursor >= last => 0,
        Intent::Down => cursor + 1,
        Intent::PageUp => cursor.saturating_sub(10),
        Intent::PageDown => (cursor + 10).min(last),
        Intent::First => 0,
        Intent::Last => last,
        _ => cursor,
    }
}

fn edit(input: &mut Input, intent: Intent) -> bool {
    let request = match intent {
        Intent::Type(c) => InputRequest::InsertChar(c),
        Intent::Edit(Edit::Erase) => InputRequest::DeletePrevChar,
        Intent::Edit(Edit::EraseNext) => InputRequest::DeleteNextChar,
        Intent::Edit(Edit::EraseWord) => InputRequest::DeletePrevWord,
        Intent::Edit(Edit::EraseAll) => InputRequest::DeleteLine,
        Intent::Edit(Edit::Left) => InputRequest::GoToPrevChar,
        Intent::Edit(Edit::Right) => InputRequest::GoToNextChar,
        Intent::Edit(Edit::Start) => InputRequest::GoToStart,
        Intent::Edit(Edit::End) => InputRequest::GoToEnd,
        _ => return false,
    };
    input.handle(request).is_some()
}
