//! Keys while something lies over the page, and what puts it there.

use std::sync::Arc;

use jiff::Timestamp;
use tui_input::{Input, InputRequest};

use crate::analysis::what_if::{NewLink, kinds};
use crate::app::{Command, Picture, Setting};
use crate::model::Element;
use crate::tui::keys::{Edit, Intent};
use crate::tui::screen::overlay::{self, Entry, Overlay};
use crate::tui::screen::ports::{self, PortOrder};
use crate::tui::screen::rows::Order;
use crate::tui::screen::{Effect, LONGEST_COPY, Screen, Tab};
use crate::tui::text;

impl Screen {
    pub(super) fn offer_copy(&mut self, picture: &Picture, now: Timestamp) {
        let items = self.copies(picture, now);
        if items.is_empty() {
            self.say("notice.nothing-selected", Vec::new(), now);
        } else {
            self.overlay = Some(Overlay::Copy { items, cursor: 0 });
        }
    }

    pub(super) fn offer_plain(&mut self, picture: &Picture, now: Timestamp) {
        let items = self.copies(picture, now);
        if items.is_empty() {
            self.say("notice.nothing-selected", Vec::new(), now);
        } else {
            let lines = overlay::plain(&items, &self.words);
            self.overlay = Some(Overlay::Plain { lines, scroll: 0 });
        }
    }

    /// Returns what of the selection can be copied.
    fn copies(&self, picture: &Picture, now: Timestamp) -> Vec<(&'static str, String)> {
        let items = match self.tab {
            Tab::Overview | Tab::Agencies => self
                .selected_agency(picture, now)
                .map(|id| overlay::copies_of_agency(picture, &id)),
            Tab::Weak => self
                .selected_peril(picture)
                .map(|peril| overlay::copies_of_peril(picture, self.today, &peril)),
            Tab::Incidents => self
                .selected_incident(picture, now)
                .map(|id| overlay::copies_of_incident(picture, id)),
            Tab::Interfaces => self
                .selected_port(picture, now)
                .map(|key| overlay::copies_of_port(picture, &key, self.moment(now))),
            Tab::WhatIf => None,
        };
        items.unwrap_or_default()
    }

    /// Returns what of the selection can be marked as failed: of several causes the most probable one.
    fn markable(&self, picture: &Picture, now: Timestamp) -> Vec<Element> {
        match self.tab {
            Tab::Overview | Tab::Agencies => self
                .selected_agency(picture, now)
                .and_then(|id| picture.network.agencies.get(&id))
                .map(|agency| vec![Element::Node(agency.node.clone())])
                .unwrap_or_default(),
            Tab::Weak => self
                .selected_peril(picture)
                .map(|peril| peril.elements().to_vec())
                .unwrap_or_default(),
            Tab::Incidents => self
                .selected_incident(picture, now)
                .and_then(|id| picture.incidents.iter().find(|incident| incident.id == id))
                .and_then(|incident| incident.causes.first())
                .map(|cause| vec![cause.clone()])
                .unwrap_or_default(),
            Tab::Interfaces => self.at_port(picture, now).into_iter().take(1).collect(),
            Tab::WhatIf => Vec::new(),
        }
    }

    /// Returns the link on the selected interface, and its device.
    fn at_port(&self, picture: &Picture, now: Timestamp) -> Vec<Element> {
        self.selected_port(picture, now)
            .and_then(|key| ports::find(picture, &key, now).map(|row| row.elements()))
            .unwrap_or_default()
    }

    pub(super) fn mark(&mut self, picture: &Picture, now: Timestamp) {
        let elements = self.markable(picture, now);
        if elements.is_empty() {
            self.say("notice.nothing-selected", Vec::new(), now);
            return;
        }
        let titles: Vec<String> = elements
            .iter()
            .map(|element| picture.network.title(element))
            .collect();
        let before = self.scenario.failed().len();
        let at = self.moment(now);
        match self.scenario.toggle(&elements, picture, at) {
            None => self.say("notice.too-many", Vec::new(), now),
            Some(count) => {
                let word = if count < before {
                    "notice.unmarked"
                } else {
                    "notice.marked"
                };
                self.say(word, vec![titles.join(" + "), count.to_string()], now);
            }
        }
    }

    /// Opens What-if, with the selection where nothing is marked yet.
    pub(super) fn open_what_if(&mut self, picture: &Picture, now: Timestamp) {
        if self.tab == Tab::WhatIf {
            return;
        }
        let at = self.moment(now);
        if self.scenario.is_empty() {
            let elements = self.markable(picture, now);
            if !elements.is_empty() {
                self.scenario.toggle(&elements, picture, at);
            }
        } else {
            // Marked some time ago, perhaps: the model is to be of now.
            self.scenario.ask(picture, at);
        }
        let from = self.tab;
        self.go(Tab::WhatIf);
        self.back = Some(from);
    }

    /// Asks for the two ends of a link to build in What-if.
    pub(super) fn offer_ends(&mut self, kind: usize, picture: &Picture, now: Timestamp) {
        if self.tab != Tab::WhatIf {
            let from = self.tab;
            self.scenario.ask(picture, self.moment(now));
            self.go(Tab::WhatIf);
            self.back = Some(from);
        }
        self.overlay = Some(Overlay::Ends {
            input: Input::default(),
            cursor: 0,
            first: None,
            kind,
        });
    }

    fn build(&mut self, link: NewLink, picture: &Picture, now: Timestamp) {
        let ends = [&link.a, &link.b];
        let titles = ends.map(|end| picture.network.title(&Element::Node(end.clone())));
        let at = self.moment(now);
        if self.scenario.build(link, picture, at) {
            self.say("notice.built", titles.into(), now);
        } else {
            self.say("notice.too-many", Vec::new(), now);
        }
    }

    pub(super) fn offer_break(&mut self, picture: &Picture, newest: &Picture, now: Timestamp) {
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
            Tab::Weak => self
                .selected_peril(picture)
                .map(|peril| peril.elements().to_vec())
                .unwrap_or_default(),
            Tab::Incidents => self
                .selected_incident(picture, now)
                .and_then(|id| picture.incidents.iter().find(|incident| incident.id == id))
                .map(|incident| incident.causes.clone())
                .unwrap_or_default(),
            Tab::Interfaces => self.at_port(picture, now),
            Tab::WhatIf => self.scenario.failed().to_vec(),
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
    pub(super) fn over(
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
            Overlay::Ends {
                mut input,
                cursor,
                first,
                mut kind,
            } => {
                let kinds = kinds(&picture.network);
                let found = overlay::ends(input.value(), picture, first.as_ref());
                let mut cursor = cursor.min(found.len().saturating_sub(1));
                match (intent, first.clone()) {
                    (Intent::Back, None) => return None,
                    (Intent::Back, Some(_)) => {
                        self.offer_ends(kind, picture, now);
                        return None;
                    }
                    (Intent::Enter, first) => match (found.into_iter().nth(cursor), first) {
                        (Some(second), Some(first)) => {
                            let link = NewLink {
                                a: first,
                                b: second,
                                kind: kinds[kind % kinds.len()].to_owned(),
                            };
                            self.build(link, picture, now);
                            return None;
                        }
                        (Some(first), None) => {
                            self.overlay = Some(Overlay::Ends {
                                input: Input::default(),
                                cursor: 0,
                                first: Some(first),
                                kind,
                            });
                            return None;
                        }
                        (None, _) => {}
                    },
                    (Intent::NextTab, _) => kind = (kind + 1) % kinds.len(),
                    (Intent::PreviousTab, _) => kind = (kind + kinds.len() - 1) % kinds.len(),
                    (Intent::Up | Intent::Down | Intent::PageUp | Intent::PageDown, _) => {
                        cursor = rolled(cursor, found.len(), intent);
                    }
                    _ => {
                        if edit(&mut input, intent) {
                            cursor = 0;
                        }
                    }
                }
                self.overlay = Some(Overlay::Ends {
                    input,
                    cursor,
                    first,
                    kind,
                });
            }
            Overlay::Sort { cursor } => match intent {
                Intent::Back | Intent::Sort => {}
                Intent::Enter => {
                    if self.tab == Tab::Interfaces {
                        let last = PortOrder::ALL.len() - 1;
                        self.port_order = (PortOrder::ALL[cursor.min(last)], false);
                    } else {
                        self.order = (Order::ALL[cursor.min(Order::ALL.len() - 1)], false);
                    }
                    self.resort(picture, now);
                }
                _ => {
                    let length = if self.tab == Tab::Interfaces {
                        PortOrder::ALL.len()
                    } else {
                        Order::ALL.len()
                    };
                    let cursor = rolled(cursor, length, intent);
                    self.overlay = Some(Overlay::Sort { cursor });
                }
            },
            Overlay::Copy { items, cursor } => match intent {
                Intent::Back | Intent::Copy => {}
                Intent::Plain => {
                    let lines = overlay::plain(&items, &self.words);
                    self.overlay = Some(Overlay::Plain { lines, scroll: 0 });
                }
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
            Overlay::Plain { lines, scroll } => {
                let page = usize::from(self.size.1.saturating_sub(1)).max(1);
                let columns = usize::from(self.size.0);
                let most = broken(&lines, columns).len().saturating_sub(page);
                let scroll = match intent {
                    Intent::Back | Intent::Plain | Intent::Enter => return None,
                    Intent::Up => scroll.saturating_sub(1),
                    Intent::Down => scroll + 1,
                    Intent::PageUp => scroll.saturating_sub(page),
                    Intent::PageDown => scroll + page,
                    Intent::First => 0,
                    Intent::Last => most,
                    _ => scroll,
                };
                let scroll = scroll.min(most);
                self.overlay = Some(Overlay::Plain { lines, scroll });
            }
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

/// Returns plain lines as a window of so many columns shows them.
#[must_use]
pub fn broken(lines: &[String], columns: usize) -> Vec<String> {
    let wrapped = |line: &String| {
        let indent = line.len() - line.trim_start_matches(' ').len();
        if text::width(line) <= columns || indent >= columns {
            return vec![line.clone()];
        }
        text::wrap(line, columns)
    };
    lines.iter().flat_map(wrapped).collect()
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
