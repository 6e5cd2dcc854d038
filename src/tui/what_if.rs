//! The What-if page: now and then side by side, of what is marked as failed. It is a model, and says so.

use std::collections::BTreeSet;

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::analysis::what_if::{Comparison, Outcome};
use crate::app::view::{Removed, Sight};
use crate::model::ServiceId;
use crate::model::agency::Agency;
use crate::model::network::Network;
use crate::report::what_if::{counted, counts, draws, hours, ranked};
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
    let fails: Vec<String> = asked.failed.iter().map(|each| view.element(each)).collect();
    let fails = format!(
        "{} {}",
        view.with("whatif.failed", &[&fails.len().to_string()]),
        fails.join("; ")
    );
    sheet.text(0, &fails);
    sheet.lines.truncate(usize::from(most).max(2));
    sheet.lines
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
    let mut alike: Vec<([usize; 2], Vec<&str>)> = Vec::new();
    for service in network.services.values() {
        let counts = [lost(now, &service.id), lost(then, &service.id)];
        match alike.iter_mut().find(|(others, _)| *others == counts) {
            Some((_, names)) => names.push(&service.name),
            None => alike.push((counts, vec![&service.name])),
        }
    }
    alike.retain(|(counts, _)| *counts != [0, 0]);
    let services = alike.into_iter().map(|([now, then], names)| {
        let label = view.with("whatif.service", &[&names.join(", ")]);
        counted(label, now, then)
    });
    let words = &view.screen.words;
    let mut rows = counts(network, comparison, words);
    rows.extend(services);
    rows.extend(hours(comparison, words));
    rows
}

/// Draws who is newly cut off, and who newly hangs on one path, side by side.
fn draw_names(
    view: View<'_>,
    buffer: &mut Buffer,
    area: Rect,
    network: &Network,
    comparison: &Comparison,
) {
    let look = view.look();
    if comparison.newly_cut_off.is_empty() && comparison.newly_one_path.is_empty() {
        let nobody = view.text("whatif.nobody");
        draw_text(buffer, row(area, 0), nobody, Style::new(), look);
        return;
    }
    let half = area.width.saturating_sub(2) / 2;
    let columns = [
        (
            "whatif.newly-cut-off",
            ranked(network, &comparison.newly_cut_off),
            area.x,
            false,
        ),
        (
            "whatif.newly-one-path",
            ranked(network, &comparison.newly_one_path),
            area.x + half + 2,
            true,
        ),
    ];
    for (heading, agencies, x, holds) in columns {
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
            let said = if holds {
                held(view, network, comparison, agency)
            } else {
                agency.name.clone()
            };
            draw_text(buffer, row(place, at), &said, Style::new(), look);
            at += 1;
        }
        if below > 0 {
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
