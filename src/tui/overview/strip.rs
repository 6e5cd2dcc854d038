//! The last day in one strip: how many agencies were cut off at most, quarter of an hour by quarter.
//!
//! The newest is at the right end. Where there is no room for 96 bars one stands for two or four quarters,
//! grouped by the clock and not by the window, so that a bar never changes its neighbours. Where nobody watched
//! there is no bar, and where nobody was cut off there is the lowest: these two must not look alike.

use jiff::Timestamp;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use crate::app::QUARTER;
use crate::model::health::Health;
use crate::tui::text;
use crate::tui::view::{View, draw_line, draw_right, draw_text, row};

/// Bars of a whole day.
const DAY: i64 = 96;
/// Quarters from one label of the axis to the next.
const LABELS: i64 = 12;
/// Columns of a label: a time of day.
const LABEL: u16 = 5;

/// Rows of the strip with its axis.
pub(super) const WHOLE: u16 = 3;

/// One bar.
struct Bar {
    /// First quarter, since 1970.
    quarter: i64,
    /// The highest of its quarters; `None` where nobody watched.
    peak: Option<u32>,
}

/// Draws the strip: with heading and axis where there are three rows, else in one line.
pub(super) fn draw(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let look = view.look();
    let most = most(view);
    if area.height >= WHOLE {
        draw_text(
            buffer,
            row(area, 0),
            view.text("overview.day-heading"),
            look.quiet(),
            look,
        );
        draw_right(buffer, row(area, 0), &Line::raw(format!(" {most}")));
        let bars = bars(view, area.width);
        let width = (bars.len() as u16).min(area.width);
        let place = Rect {
            x: area.right() - width,
            width,
            ..row(area, 1)
        };
        draw_line(buffer, place, &line(view, &bars), look);
        draw_axis(
            view,
            buffer,
            Rect {
                y: area.y + 2,
                ..place
            },
            &bars,
        );
        return;
    }
    let heading = view.text("overview.day");
    let taken = text::width(heading) + 1 + 2 + text::width(&most);
    let bars = bars(view, area.width.saturating_sub(taken as u16));
    let mut spans = vec![
        Span::styled(heading.to_owned(), look.quiet()),
        Span::raw(" "),
    ];
    spans.extend(line(view, &bars).spans);
    spans.push(Span::raw("  "));
    spans.push(Span::raw(most));
    draw_line(buffer, row(area, 0), &Line::from(spans), look);
}

/// Returns the number of the quarter of an hour, since 1970.
fn quarter(at: Timestamp) -> i64 {
    at.as_second().div_euclid(QUARTER)
}

/// Returns the day in as many bars as there is room for.
fn bars(view: View<'_>, room: u16) -> Vec<Bar> {
    let peaks = &view.picture.cut_off_peaks;
    let newest = quarter(view.picture.at);
    let peak = |quarter: i64| {
        let back = usize::try_from(newest - quarter).ok()?;
        peaks.get(peaks.len().checked_sub(back + 1)?).copied()?
    };
    let room = i64::from(room);
    let each = [1, 2, 4, 8, 16]
        .into_iter()
        .find(|each| DAY / each <= room)
        .unwrap_or(DAY);
    let last = newest.div_euclid(each);
    (last - DAY / each + 1..=last)
        .map(|group| Bar {
            quarter: group * each,
            peak: (group * each..(group + 1) * each).filter_map(peak).max(),
        })
        .collect()
}

fn line(view: View<'_>, bars: &[Bar]) -> Line<'static> {
    let look = view.look();
    let heights = look.heights();
    let most = bars.iter().filter_map(|bar| bar.peak).max().unwrap_or(0);
    let spans = bars.iter().map(|bar| match bar.peak {
        None => Span::raw(" "),
        Some(0) => Span::styled(heights[0], look.quiet()),
        // The two lowest look alike in one of the sets, and somebody is never nobody.
        Some(peak) => {
            let height = 2 + u64::from(peak) * 5 / u64::from(most.max(1));
            Span::styled(heights[(height as usize).min(7)], look.style(Health::Down))
        }
    });
    Line::from(spans.collect::<Vec<_>>())
}

/// Writes the time under every bar that begins at a third hour of the day.
fn draw_axis(view: View<'_>, buffer: &mut Buffer, area: Rect, bars: &[Bar]) {
    for (at, bar) in bars.iter().enumerate() {
        let Ok(begins) = Timestamp::from_second(bar.quarter * QUARTER) else {
            continue;
        };
        let time = view.picture.network.time_zone.to_datetime(begins).time();
        let of_day = i64::from(time.hour()) * 4 + i64::from(time.minute()) / 15;
        let x = area.x + at as u16;
        if of_day % LABELS == 0 && x + LABEL <= area.right() {
            let shown = format!("{:02}:{:02}", time.hour(), time.minute());
            buffer.set_string(x, area.y, shown, view.look().quiet());
        }
    }
}

/// Returns how many were cut off at most, and when last so many.
fn most(view: View<'_>) -> String {
    let peaks = &view.picture.cut_off_peaks;
    let worst = peaks
        .iter()
        .rev()
        .enumerate()
        .filter_map(|(back, peak)| Some(((*peak)?, i64::try_from(back).ok()?)))
        .filter(|(peak, _)| *peak > 0)
        // Of equal ones the newest, which comes first here.
        .reduce(|best, next| if next.0 > best.0 { next } else { best });
    let Some((peak, back)) = worst else {
        return view.text("overview.day-calm").to_owned();
    };
    let begins = (quarter(view.picture.at) - back) * QUARTER;
    let when = Timestamp::from_second(begins).map_or_else(
        |_| String::new(),
        |begins| {
            let time = view.picture.network.time_zone.to_datetime(begins).time();
            format!("{:02}:{:02}", time.hour(), time.minute())
        },
    );
    view.with("overview.day-most", &[&peak.to_string(), &when])
}

/// Draws how asking goes: how many answer, and what could not be asked.
pub(super) fn draw_round(view: View<'_>, buffer: &mut Buffer, area: Rect) {
    let round = &view.picture.round;
    let mut said = vec![view.with(
        "overview.round",
        &[&round.answered.to_string(), &round.asked.to_string()],
    )];
    if round.devices > 0 {
        said.push(view.with(
            "overview.round-devices",
            &[
                &round.devices_answered.to_string(),
                &round.devices.to_string(),
            ],
        ));
    }
    if round.unsent > 0 {
        said.push(view.with("overview.round-unsent", &[&round.unsent.to_string()]));
    }
    draw_text(buffer, area, &said.join("   "), Style::new(), view.look());
}
