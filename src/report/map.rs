//! The map: where every node and link is drawn, and where its name stands; numbers only, `svg` draws them.
//!
//! Three things make a map of such a network hard, and each has its part. Many nodes share one place (an access
//! point, its hall, nine agencies): `seats` spreads them in rings. Most places lie in one town: a second panel
//! enlarges it. Names would cover each other: `labels` gives each a free spot or none. A network without
//! coordinates is drawn as a tree around its hub (`schema`).

pub mod labels;
pub mod plane;
pub mod schema;
pub mod seats;

use std::collections::{BTreeMap, BTreeSet};

use crate::model::NodeId;
use crate::model::network::{Link, Network, Node};
use crate::report::map::labels::Label;
use crate::report::map::plane::Plane;
use crate::report::shape::Shapes;

/// Kilometres of one degree of latitude.
const KM_PER_DEGREE: f64 = 111.2;

/// Width of the whole map in its own units; a screen or a page scales it.
const WIDTH: f64 = 1180.0;

/// A share of the nodes that must lie in a small window before it is worth a panel of its own.
const CROWD: f64 = 0.35;

/// Networks below this size have room enough.
const FEW: usize = 60;

/// A point of the drawing, y downward.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Point {
    pub x: f64,
    pub y: f64,
}

/// An upright rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Rect {
    pub x: f64,
    pub y: f64,
    pub width: f64,
    pub height: f64,
}

impl Rect {
    /// Returns whether a point lies inside.
    #[must_use]
    pub fn has(&self, point: Point) -> bool {
        (self.x..=self.x + self.width).contains(&point.x)
            && (self.y..=self.y + self.height).contains(&point.y)
    }

    /// Returns whether two rectangles share more than a border.
    #[must_use]
    pub fn meets(&self, other: &Self) -> bool {
        self.x < other.x + other.width
            && other.x < self.x + self.width
            && self.y < other.y + other.height
            && other.y < self.y + self.height
    }

    /// Returns whether another rectangle lies wholly inside.
    #[must_use]
    pub fn holds(&self, other: &Self) -> bool {
        self.x <= other.x
            && self.y <= other.y
            && other.x + other.width <= self.x + self.width
            && other.y + other.height <= self.y + self.height
    }

    fn around(points: impl IntoIterator<Item = Point>) -> Option<Self> {
        let mut points = points.into_iter();
        let first = points.next()?;
        let (mut low, mut high) = (first, first);
        for point in points {
            low = Point {
                x: low.x.min(point.x),
                y: low.y.min(point.y),
            };
            high = Point {
                x: high.x.max(point.x),
                y: high.y.max(point.y),
            };
        }
        Some(Self {
            x: low.x,
            y: low.y,
            width: high.x - low.x,
            height: high.y - low.y,
        })
    }
}

/// What a node is on the map: how it looks and how important its name is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Rank {
    Hub,
    Core,
    Pop,
    Provider,
    Radio,
    Access,
    Agency,
}

impl Rank {
    /// Returns the rank of a node.
    #[must_use]
    pub fn of(network: &Network, node: &Node) -> Self {
        if network.hubs.contains(&node.id) {
            return Self::Hub;
        }
        // An agency's own node bears the agency's id.
        if network.agencies.contains_key(node.id.as_str()) {
            return Self::Agency;
        }
        match node.role.as_str() {
            "hub" => Self::Hub,
            "hub-edge" | "core" => Self::Core,
            "pop" => Self::Pop,
            role if role.starts_with("provider") || role.starts_with("isp") => Self::Provider,
            "radio" | "ran" => Self::Radio,
            _ => Self::Access,
        }
    }

    /// Returns half of the width of its mark.
    #[must_use]
    pub fn size(self) -> f64 {
        match self {
            Self::Hub => 8.0,
            Self::Core => 6.5,
            Self::Pop => 4.5,
            Self::Provider | Self::Radio => 5.0,
            Self::Access => 3.0,
            Self::Agency => 2.1,
        }
    }
}

/// A node as it is drawn.
#[derive(Clone, Debug)]
#[expect(missing_docs, reason = "the names say it")]
pub struct Mark<'a> {
    pub node: &'a Node,
    pub rank: Rank,
    pub at: Point,
}

/// A link as it is drawn.
#[derive(Clone, Debug)]
pub struct Line<'a> {
    /// The link.
    pub link: &'a Link,
    /// One end.
    pub a: Point,
    /// The other.
    pub b: Point,
    /// How far the middle is pushed aside, so that parallel links are seen as two.
    pub bend: f64,
    /// Neither end is an agency's own node.
    pub trunk: bool,
}

/// One picture of a region.
#[derive(Clone, Debug)]
pub struct Panel<'a> {
    /// Where on the map it is.
    pub frame: Rect,
    /// Links, trunks last.
    pub lines: Vec<Line<'a>>,
    /// Nodes, the most important last.
    pub marks: Vec<Mark<'a>>,
    /// Names.
    pub labels: Vec<Label>,
    /// The part that another panel enlarges.
    pub window: Option<Rect>,
    /// A scale: its length here, and what it stands for in kilometres; `None` when nothing is to scale.
    pub scale: Option<(f64, f64)>,
}

/// The whole map.
#[derive(Clone, Debug)]
pub struct Map<'a> {
    /// Width of the drawing.
    pub width: f64,
    /// Height of the drawing.
    pub height: f64,
    /// The whole region, and perhaps its crowded part.
    pub panels: Vec<Panel<'a>>,
    /// No coordinates were known: a tree, not a map.
    pub schematic: bool,
    /// Nodes without any place, not drawn.
    pub left_out: usize,
}

impl<'a> Map<'a> {
    /// Lays a network out. The same network gives the same map.
    #[must_use]
    pub fn of(shapes: &Shapes<'a>) -> Self {
        let network = shapes.network;
        let mut places = geography(network);
        let distinct: BTreeSet<(i64, i64)> = places.values().map(|place| spot(*place)).collect();
        let schematic = distinct.len() < 2;
        if schematic {
            places = schema::places(network);
        }
        let left_out = network.nodes.len() - places.len();
        let region = Rect::around(places.values().copied()).unwrap_or_default();
        let region = grown(region, 1e-3);

        let window = (!schematic)
            .then(|| crowded(network, &places, region))
            .flatten();
        let width = if window.is_some() {
            WIDTH * 0.585
        } else {
            WIDTH
        };
        let height = (width * region.height / region.width).clamp(width * 0.45, width * 0.8);
        let frame = Rect {
            x: 0.0,
            y: 0.0,
            width,
            height,
        };
        let mut panels = Vec::new();
        let plane = Plane::fit(region, frame);
        panels.push(plane.panel(shapes, &places, window, schematic));
        if let Some(window) = window {
            let frame = Rect {
                x: width + 16.0,
                y: 0.0,
                width: WIDTH - width - 16.0,
                height,
            };
            let plane = Plane::fill(window, frame);
            panels.push(plane.panel(shapes, &places, None, schematic));
        }
        Self {
            width: WIDTH,
            height,
            panels,
            schematic,
            left_out,
        }
    }
}

/// Places in kilometres east and south of a corner; nodes without coordinates stand amid their neighbours.
fn geography(network: &Network) -> BTreeMap<&NodeId, Point> {
    let positions: Vec<_> = network
        .nodes
        .values()
        .filter_map(|node| Some((&node.id, node.position?)))
        .filter(|(_, position)| position.lat.is_finite() && position.lon.is_finite())
        .collect();
    let north = positions
        .iter()
        .map(|(_, position)| position.lat)
        .fold(f64::MIN, f64::max);
    let west = positions
        .iter()
        .map(|(_, position)| position.lon)
        .fold(f64::MAX, f64::min);
    let narrowing = north.to_radians().cos().max(0.05);
    let mut places: BTreeMap<&NodeId, Point> = positions
        .into_iter()
        .map(|(id, position)| {
            let place = Point {
                x: (position.lon - west) * narrowing * KM_PER_DEGREE,
                y: (north - position.lat) * KM_PER_DEGREE,
            };
            (id, place)
        })
        .collect();
    // Three steps reach from a place to whatever hangs on what hangs on it.
    for _ in 0..3 {
        let found: Vec<(&NodeId, Point)> = network
            .nodes
            .keys()
            .filter(|id| !places.contains_key(id))
            .filter_map(|id| Some((id, amid(network, &places, id)?)))
            .collect();
        places.extend(found);
    }
    places
}

fn amid(network: &Network, places: &BTreeMap<&NodeId, Point>, id: &NodeId) -> Option<Point> {
    let beside: Vec<Point> = network
        .links_at(id)
        .iter()
        .filter_map(|link| network.links.get(link))
        .flat_map(Link::ends)
        .filter(|end| end.node != *id)
        .filter_map(|end| places.get(&end.node).copied())
        .collect();
    let count = beside.len() as f64;
    (count > 0.0).then(|| Point {
        x: beside.iter().map(|place| place.x).sum::<f64>() / count,
        y: beside.iter().map(|place| place.y).sum::<f64>() / count,
    })
}

/// A place to the nearest ten metres: what is nearer stands at the same spot.
fn spot(place: Point) -> (i64, i64) {
    (
        (place.x * 100.0).round() as i64,
        (place.y * 100.0).round() as i64,
    )
}

/// Finds the small window in which a great part of the nodes stand; `None` where there is room for all.
fn crowded(network: &Network, places: &BTreeMap<&NodeId, Point>, region: Rect) -> Option<Rect> {
    if places.len() < FEW {
        return None;
    }
    let middle = |mut values: Vec<f64>| {
        values.sort_by(f64::total_cmp);
        values[values.len() / 2]
    };
    let centre = Point {
        x: middle(places.values().map(|place| place.x).collect()),
        y: middle(places.values().map(|place| place.y).collect()),
    };
    let centre = network
        .hubs
        .first()
        .and_then(|hub| places.get(hub).copied())
        .unwrap_or(centre);
    (3..=13).find_map(|percent| {
        let half = f64::from(percent) / 100.0 * region.width.max(region.height);
        let window = Rect {
            x: centre.x - half,
            y: centre.y - half,
            width: 2.0 * half,
            height: 2.0 * half,
        };
        let inside = places.values().filter(|place| window.has(**place)).count();
        (inside as f64 >= CROWD * places.len() as f64).then_some(window)
    })
}

fn grown(rect: Rect, least: f64) -> Rect {
    let wider = (least - rect.width).max(0.0);
    let higher = (least - rect.height).max(0.0);
    Rect {
        x: rect.x - wider / 2.0,
        y: rect.y - higher / 2.0,
        width: rect.width + wider,
        height: rect.height + higher,
    }
}
