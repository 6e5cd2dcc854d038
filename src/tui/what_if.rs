//! The What-if page: now and then side by side, of what is marked as failed or built. It is a model, and says so.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::analysis::what_if::{Comparison, NewLink, Outcome};
use crate::app::view::{Removed, Sight};
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::model::{AgencyId, Element, NodeId, ServiceId};
use crate::report::served;
use crate::report::what_if::{counted, counts, draws, gains, hours, ranked, without};
use crate::tui::list::Sheet;
use crate::tui::screen::scenario::Asked;
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_rule, draw_text, row};

/// Columns of a figure.
const FIGURE: usize = 11;

/// Columns of the widest table.
const WIDEST: u16 = 100;

/// Draws the page.
pub fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let scenario = &view.screen.scenario;
    let inner = Rect::new(1, area.y, area.width.saturating_sub(2), area.height);
    let Some(asked) = scenario.asked() else {
        let mut sheet = Sheet::new(view, usize::from(inner.width));
        sheet.line(vec![Span::styled(
            view.text("whatif.nothing").to_owned(),
            view.look().heading(),
        )]);
        sheet.text(0, view.text("whatif.how"));
        sheet.text(0, view.text("whatif.how-build"));
        for (at, line) in (0..).zip(&sheet.lines) {
            draw_line(buffer, row(inner, at), line, view.look());
        }
        return;
    };
    let head = head(view, asked, usize::from(inner.width), inner.height / 3);
    let mut at = 0;
    for line in &head {
        draw_line(buffer, row(inner, at), line, view.look());
        at += 1;
    }
    draw_rule(buffer, row(area, at), view.look());
    at += 1;
    let Some(answered) = scenario.answer() else {
        let place = row(inner, at);
        let counting = view.text("whatif.counting");
        draw_text(buffer, place, counting, Style::new(), view.look());
        return;
    };
    match &answered.comparison {
        Err(why) => {
            let said = view.with("whatif.refused", &[&crate::report::clean(&why.to_string())]);
            draw_text(buffer, row(inner, at), &said, Style::new(), view.look());
        }
        Ok(comparison) => {
            at = draw_table(view, buffer, inner, at, &asked.network, comparison);
            draw_rule(buffer, row(area, at), view.look());
            let rest = Rect {
                y: inner.y + at + 1,
                height: inner.height.saturating_sub(at + 1),
                ..inner
            };
            draw_names(view, buffer, rest, &asked.network, comparison);
        }
    }
}

/// Returns the lines that say that it is a model, of which moment, what is out in it, and what fails.
fn head(view: View<'_>, asked: &Asked, width: usize, most: u16) -> Vec<Line<'static>> {
    let mut sheet = Sheet::new(view, width);
    let model = view.with("whatif.model", &[&view.clock(asked.at)]);
    let out = out(view, &asked.sight);
    sheet.line(vec![
        Span::styled(model, view.look().heading()),
        Span::styled(format!("  {out}"), view.look().quiet()),
    ]);
    let lists = [
        (
            "whatif.failed",
            asked.failed.iter().map(|each| view.element(each)).collect(),
        ),
        (
            "whatif.built-list",
            asked.added.iter().map(|link| built(view, link)).collect(),
        ),
    ];
    for (heading, names) in lists {
        let names: Vec<String> = names;
        if !names.is_empty() {
            let heading = view.with(heading, &[&names.len().to_string()]);
            sheet.text(0, &format!("{heading} {}", names.join("; ")));
        }
    }
    for link in &asked.added {
        let ends = [&link.a, &link.b];
        let carries = |end: &NodeId| {
            let node = asked.network.nodes.get(end);
            asked.network.hubs.contains(end) || node.is_some_and(|node| node.transit)
        };
        if !ends.into_iter().any(carries) {
            sheet.text(
                0,
                &view.with("whatif.no-transit", &ends.map(NodeId::as_str)),
            );
        }
    }
    sheet.lines.truncate(usize::from(most).max(2));
    sheet.lines
}

/// Returns a link that is built in words.
fn built(view: View<'_>, link: &NewLink) -> String {
    let title = |end: &NodeId| view.picture.network.title(&Element::Node(end.clone()));
    let kind = kind_of_link(view, &link.kind);
    format!("{kind} {} – {}", title(&link.a), title(&link.b))
}

/// Returns the word for a kind of link, or the kind itself where a network has its own.
pub(super) fn kind_of_link(view: View<'_>, kind: &str) -> String {
    let key = format!("kind.{kind}");
    if view.screen.words.has(&key) {
        view.text(&key).to_owned()
    } else {
        kind.to_owned()
    }
}

/// Returns what is out already in the model.
fn out(view: View<'_>, sight: &Sight) -> String {
    let count = |holds: fn(&Removed) -> bool| {
        let found = sight.removed.iter().filter(|each| holds(each));
        found.count().to_string()
    };
    if sight.removed.is_empty() {
        return view.text("whatif.all-in").to_owned();
    }
    let down = count(|each| each.down.is_some());
    let maintenance = count(|each| each.maintenance.is_some());
    view.with("whatif.out", &[&down, &maintenance])
}

/// Draws the figures and how they were found; returns the first row below.
fn draw_table(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    from: u16,
    network: &Network,
    comparison: &Comparison,
) -> u16 {
    let look = view.look();
    let width = area.width.min(WIDEST);
    let label = usize::from(width).saturating_sub(3 * (FIGURE + 2)).max(8);
    let line = |cells: [&str; 4]| {
        let mut shown = text::pad(cells[0], label, look.cut());
        for cell in &cells[1..] {
            shown.push_str("  ");
            shown.push_str(&text::right(cell, FIGURE, look.cut()));
        }
        shown
    };
    let words =
        ["whatif.now", "whatif.then", "whatif.change"].map(|key| view.text(key).to_uppercase());
    let heads = line(["", &words[0], &words[1], &words[2]]);
    draw_text(buffer, row(area, from), &heads, look.quiet(), look);
    let mut at = from + 1;
    for [what, now, then, change] in grouped(view, network, comparison) {
        let style = if change == "-" {
            Style::new()
        } else {
            look.heading()
        };
        let shown = line([&what, &now, &then, &change]);
        draw_text(buffer, row(area, at), &shown, style, look);
        at += 1;
    }
    let said = match draws(comparison) {
        None => view.text("whatif.note").to_owned(),
        Some(draws) => view.with("whatif.note-sampled", &[&draws.to_string()]),
    };
    draw_text(buffer, row(area, at), &said, look.quiet(), look);
    at + 1
}

/// Returns the rows of the table, services that fare alike in one: in most questions all of them do.
fn grouped(view: View<'_>, network: &Network, comparison: &Comparison) -> Vec<[String; 4]> {
    let Comparison { now, then, .. } = comparison;
    let lost = |outcome: &Outcome, service: &ServiceId| {
        outcome.services_lost.get(service).map_or(0, BTreeSet::len)
    };
    let lost = |id: &ServiceId| {
        let counts = [now, then].map(|outcome| lost(outcome, id));
        (counts != [0, 0]).then_some(counts)
    };
    let alike = served::alike(network, lost);
    let services = alike.into_iter().map(|([now, then], names)| {
        let label = view.with("whatif.service", &[&names.join(", ")]);
        counted(label, now, then)
    });
    let words = &view.screen.words;
    let mut rows = counts(network, comparison, words);
    rows.extend(services);
    rows.extend(hours(comparison, words));
    // Services at the only hub fare as the network does, which needs no second row.
    let whole = rows.last().map(|row| row[1..].to_vec()).unwrap_or_default();
    let apart = without(network, comparison, words).into_iter();
    rows.extend(apart.filter(|row| row[1..] != whole[..]));
    rows
}

/// A list of agencies under its heading; whether it says what they hang on.
type List<'a> = (&'static str, &'a BTreeSet<AgencyId>, bool);

/// Draws what the built links are good for, then who is newly cut off beside who newly hangs on one path, and who is
/// connected beside who gets a second path; what is empty takes no room.
fn draw_names(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    network: &Network,
    comparison: &Comparison,
) {
    let look = view.look();
    let mut said = Vec::new();
    if let Some(gained) = &comparison.gains {
        let sentence = gains(gained, &view.screen.words);
        said.extend(text::wrap(&sentence, usize::from(area.width)));
    }
    let mut bands: Vec<[List<'_>; 2]> = vec![[
        ("whatif.newly-cut-off", &comparison.newly_cut_off, false),
        ("whatif.newly-one-path", &comparison.newly_one_path, true),
    ]];
    if let Some(gained) = &comparison.gains {
        bands.push([
            ("whatif.connected", &gained.connected, false),
            ("whatif.second-path", &gained.second_path, false),
        ]);
    }
    let is_empty = |band: &[List<'_>; 2]| band.iter().all(|(_, ids, _)| ids.is_empty());
    if is_empty(&bands[0]) {
        said.push(view.text("whatif.nobody").to_owned());
    }
    bands.retain(|band| !is_empty(band));
    let mut at = 0;
    for line in said.iter().take(usize::from(area.height)) {
        draw_text(buffer, row(area, at), line, Style::new(), look);
        at += 1;
    }
    let mut left = area.height.saturating_sub(at);
    let mut bands = bands.into_iter();
    while let Some(band) = bands.next() {
        let height = left / (bands.len() as u16 + 1);
        let place = Rect {
            y: area.y + at,
            height,
            ..area
        };
        draw_band(view, buffer, place, network, comparison, &band);
        at += height;
        left -= height;
    }
}

fn draw_band(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    network: &Network,
    comparison: &Comparison,
    band: &[List<'_>; 2],
) {
    if area.height == 0 {
        return;
    }
    let look = view.look();
    let half = area.width.saturating_sub(2) / 2;
    for ((heading, ids, holds), x) in band.iter().zip([area.x, area.x + half + 2]) {
        let agencies = ranked(network, ids);
        let place = Rect {
            x,
            width: half,
            ..area
        };
        let shown = view.with(heading, &[&agencies.len().to_string()]);
        draw_text(buffer, row(place, 0), &shown, look.heading(), look);
        let space = usize::from(area.height.saturating_sub(1));
        let scroll = view.screen.scroll.min(agencies.len().saturating_sub(space));
        let below = agencies.len().saturating_sub(scroll + space);
        let shown = if below > 0 {
            space.saturating_sub(1)
        } else {
            space
        };
        let mut at = 1;
        for agency in agencies.iter().skip(scroll).take(shown) {
            let said = if *holds {
                held(view, network, comparison, agency)
            } else {
                agency.name.clone()
            };
            draw_text(buffer, row(place, at), &said, Style::new(), look);
            at += 1;
        }
        if below > 0 && space > 0 {
            let more = view.with("list.more-below", &[&(below + 1).to_string()]);
            draw_text(buffer, row(place, at), &more, look.quiet(), look);
        }
    }
}

/// Returns an agency with the nearest thing that it hangs on now.
fn held(view: View<'_>, network: &Network, comparison: &Comparison, agency: &Agency) -> String {
    let points = comparison.hangs_on(network, &agency.id);
    match points.last() {
        None => agency.name.clone(),
        Some(nearest) => {
            let on = view.with("whatif.on", &[&network.title(nearest)]);
            format!("{}: {on}", agency.name)
        }
    }
}
