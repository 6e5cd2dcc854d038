//! Names on the map: each gets the nearest free spot beside its mark, or farther away at a leader, or none.
//!
//! Greedy, the most important first. Whatever is left out still has its name as the mark's title, and stands in
//! the tables under the map.

use unicode_segmentation::UnicodeSegmentation;
use unicode_width::UnicodeWidthStr;

use crate::model::Element;
use crate::report::clean;
use crate::report::map::{Mark, Point, Rank, Rect};
use crate::report::shape::Shapes;

/// Height of a line of text.
const HEIGHT: f64 = 11.0;

/// Width of a column of text at the size of the labels, rounded up.
const COLUMN: f64 = 5.7;

/// Longer names are cut.
const COLUMNS: usize = 28;

/// A name on the map.
#[derive(Clone, Debug, PartialEq)]
pub struct Label {
    /// The name, cut to a width.
    pub text: String,
    /// Where its base line begins.
    pub at: Point,
    /// Where a thin line leads from the mark to it, when it stands apart.
    pub leader: Option<(Point, Point)>,
    /// It names a hub or a core.
    pub strong: bool,
}

/// Places the names of what is more than an access switch or an agency.
///
/// `discs` are the places with everything around them; `wanted` says which marks may be named here.
pub fn place(
    shapes: &Shapes<'_>,
    marks: &[Mark<'_>],
    discs: &[(Point, f64)],
    frame: Rect,
    wanted: impl Fn(&Mark<'_>) -> bool,
) -> Vec<Label> {
    let mut named: Vec<(&Mark<'_>, usize)> = marks
        .iter()
        .filter(|mark| mark.rank < Rank::Access && wanted(mark))
        .map(|mark| {
            let element = Element::Node(mark.node.id.clone());
            (mark, shapes.cuts_off(&element).agencies)
        })
        .collect();
    named.sort_by(|(one, one_weight), (other, other_weight)| {
        (one.rank, std::cmp::Reverse(one_weight), &one.node.id).cmp(&(
            other.rank,
            std::cmp::Reverse(other_weight),
            &other.node.id,
        ))
    });
    let equipment: Vec<Rect> = marks
        .iter()
        .filter(|mark| mark.rank != Rank::Agency)
        .map(|mark| square(mark.at, mark.rank.size() + 1.0))
        .collect();
    let inside = Rect {
        x: frame.x + 3.0,
        y: frame.y + 3.0,
        width: frame.width - 6.0,
        height: frame.height - 6.0,
    };
    let mut taken: Vec<Rect> = Vec::new();
    let mut labels = Vec::new();
    for (mark, _) in named {
        let text = cut(&clean(&mark.node.name));
        let width = text.width() as f64 * COLUMN + 3.0;
        let radius = discs
            .iter()
            .find(|(centre, radius)| distance(*centre, mark.at) <= *radius)
            .map_or(mark.rank.size(), |(_, radius)| *radius);
        let free = |spot: &Rect, over_agencies: bool| {
            let end = nearest(spot, mark.at);
            inside.holds(spot)
                && !taken.iter().any(|other| crosses(mark.at, end, other))
                && !taken.iter().any(|other| other.meets(spot))
                && !equipment.iter().any(|other| other.meets(spot))
                && (over_agencies
                    || !discs.iter().any(|(centre, radius)| {
                        distance(nearest(spot, *centre), *centre) < *radius
                    }))
        };
        let spots = spots(mark, radius, width);
        let found = spots
            .iter()
            .find(|spot| free(spot, false))
            .or_else(|| spots.iter().take(8).find(|spot| free(spot, true)));
        let Some(spot) = found.copied() else {
            continue;
        };
        taken.push(spot);
        let end = nearest(&spot, mark.at);
        let apart = distance(end, mark.at) > radius + 9.0;
        labels.push(Label {
            text,
            at: Point {
                x: spot.x + 1.5,
                y: spot.y + HEIGHT - 2.5,
            },
            leader: apart.then_some((mark.at, end)),
            strong: mark.rank <= Rank::Core,
        });
    }
    labels
}

/// Eight directions, right first, at growing distances from the disc of a mark.
fn spots(mark: &Mark<'_>, radius: f64, width: f64) -> Vec<Rect> {
    let mut spots = Vec::new();
    let close = mark.rank.size() + 2.0;
    let mut distances = vec![radius + 1.0, radius + 12.0, radius + 24.0, radius + 40.0];
    if radius > 3.0 * close {
        distances.push(radius + 60.0);
    }
    for away in distances {
        let diagonal = away * 0.72;
        let Point { x, y } = mark.at;
        let middle = y - HEIGHT / 2.0;
        for (x, y) in [
            (x + away, middle),
            (x - away - width, middle),
            (x - width / 2.0, y - away - HEIGHT),
            (x - width / 2.0, y + away),
            (x + diagonal, y - diagonal - HEIGHT),
            (x + diagonal, y + diagonal),
            (x - diagonal - width, y - diagonal - HEIGHT),
            (x - diagonal - width, y + diagonal),
        ] {
            spots.push(Rect {
                x,
                y,
                width,
                height: HEIGHT,
            });
        }
    }
    spots
}

fn square(centre: Point, half: f64) -> Rect {
    Rect {
        x: centre.x - half,
        y: centre.y - half,
        width: 2.0 * half,
        height: 2.0 * half,
    }
}

fn nearest(rect: &Rect, point: Point) -> Point {
    Point {
        x: point.x.clamp(rect.x, rect.x + rect.width),
        y: point.y.clamp(rect.y, rect.y + rect.height),
    }
}

/// Whether a line runs through a rectangle, to the nearest twelfth of its length.
fn crosses(from: Point, to: Point, rect: &Rect) -> bool {
    (0..=12).map(|step| f64::from(step) / 12.0).any(|part| {
        rect.has(Point {
            x: from.x + (to.x - from.x) * part,
            y: from.y + (to.y - from.y) * part,
        })
    })
}

fn distance(one: Point, other: Point) -> f64 {
    (one.x - other.x).hypot(one.y - other.y)
}

/// Cuts a name at a whole character, with a mark where it was cut.
fn cut(name: &str) -> String {
    if name.width() <= COLUMNS {
        return name.to_owned();
    }
    let mut text = String::new();
    for part in name.graphemes(true) {
        if text.width() + part.width() >= COLUMNS {
            break;
        }
        text.push_str(part);
    }
    text.trim_end().to_owned() + "…"
}
