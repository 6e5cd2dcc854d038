//! A plane: one panel's way from kilometres to the drawing, and what stands on it.

use std::collections::BTreeMap;

use crate::model::NodeId;
use crate::model::network::{Network, Node};
use crate::report::map::{Line, Mark, Panel, Point, Rank, Rect, labels, seats, spot};
use crate::report::shape::Shapes;

/// Space between a frame and what is drawn in it: a ring of agencies and half a name.
const MARGIN: f64 = 46.0;

/// From kilometres to the drawing.
#[derive(Clone, Copy, Debug)]
pub struct Plane {
    region: Rect,
    frame: Rect,
    scale: f64,
}

impl Plane {
    /// Shows a whole region inside a frame, with a margin.
    #[must_use]
    pub fn fit(region: Rect, frame: Rect) -> Self {
        let scale = ((frame.width - 2.0 * MARGIN) / region.width)
            .min((frame.height - 2.0 * MARGIN) / region.height);
        Self {
            region,
            frame,
            scale,
        }
    }

    /// Fills a frame with the middle of a region.
    #[must_use]
    pub fn fill(region: Rect, frame: Rect) -> Self {
        let scale = (frame.width / region.width).min(frame.height / region.height);
        Self {
            region,
            frame,
            scale,
        }
    }

    fn at(&self, place: Point) -> Point {
        let middle_x = self.region.x + self.region.width / 2.0;
        let middle_y = self.region.y + self.region.height / 2.0;
        Point {
            x: self.frame.x + self.frame.width / 2.0 + (place.x - middle_x) * self.scale,
            y: self.frame.y + self.frame.height / 2.0 + (place.y - middle_y) * self.scale,
        }
    }

    /// Seats every node around its place, draws the links between them and names what is important.
    ///
    /// What lies in `window` is enlarged elsewhere and stands here as one point a place.
    #[must_use]
    pub fn panel<'a>(
        &self,
        shapes: &Shapes<'a>,
        places: &BTreeMap<&'a NodeId, Point>,
        window: Option<Rect>,
        schematic: bool,
    ) -> Panel<'a> {
        let network = shapes.network;
        let mut groups: BTreeMap<(i64, i64), Vec<(Rank, &'a Node)>> = BTreeMap::new();
        for (id, place) in places {
            if let Some(node) = network.nodes.get(*id) {
                groups
                    .entry(spot(*place))
                    .or_default()
                    .push((Rank::of(network, node), node));
            }
        }
        let mut marks = Vec::new();
        let mut seated: BTreeMap<&NodeId, (Point, bool)> = BTreeMap::new();
        let mut discs = Vec::new();
        for group in groups.values_mut() {
            group.sort_by(|(one, a), (other, b)| one.cmp(other).then_with(|| a.id.cmp(&b.id)));
            let Some(place) = group.first().and_then(|(_, node)| places.get(&node.id)) else {
                continue;
            };
            let centre = self.at(*place);
            // What another panel enlarges is one point here.
            let enlarged = window.is_some_and(|window| window.has(*place));
            let (offsets, radius) = seats::rings(group.iter().map(|(rank, _)| *rank));
            discs.push((centre, if enlarged { 4.0 } else { radius }));
            for (seat, ((rank, node), offset)) in group.iter().zip(offsets).enumerate() {
                let at = if enlarged {
                    centre
                } else {
                    Point {
                        x: centre.x + offset.x,
                        y: centre.y + offset.y,
                    }
                };
                seated.insert(&node.id, (at, enlarged));
                if self.frame.has(at) && (!enlarged || seat == 0) {
                    marks.push(Mark {
                        node,
                        rank: *rank,
                        at,
                    });
                }
            }
        }
        marks.sort_by_key(|mark| std::cmp::Reverse(mark.rank));
        let lines = self.lines(network, &seated);
        let labels = labels::place(shapes, &marks, &discs, self.frame, |mark| {
            !seated
                .get(&mark.node.id)
                .is_some_and(|(_, enlarged)| *enlarged)
        });
        let window = window.map(|window| {
            let corner = self.at(Point {
                x: window.x,
                y: window.y,
            });
            Rect {
                x: corner.x,
                y: corner.y,
                width: window.width * self.scale,
                height: window.height * self.scale,
            }
        });
        Panel {
            frame: self.frame,
            lines,
            marks,
            labels,
            window,
            scale: (!schematic).then(|| self.scale_bar()),
        }
    }

    fn lines<'a>(
        &self,
        network: &'a Network,
        seated: &BTreeMap<&NodeId, (Point, bool)>,
    ) -> Vec<Line<'a>> {
        let is_agency = |id: &NodeId| network.agencies.contains_key(id.as_str());
        let mut drawn: BTreeMap<(&NodeId, &NodeId), u32> = BTreeMap::new();
        let mut lines = Vec::new();
        for link in network.links.values() {
            let (Some((a, a_enlarged)), Some((b, b_enlarged))) =
                (seated.get(&link.a.node), seated.get(&link.b.node))
            else {
                continue;
            };
            let trunk = !is_agency(&link.a.node) && !is_agency(&link.b.node);
            let hidden = (!self.frame.has(*a) && !self.frame.has(*b))
                || (*a_enlarged && *b_enlarged && !trunk)
                || a == b;
            if hidden {
                continue;
            }
            let pair = (
                (&link.a.node).min(&link.b.node),
                (&link.a.node).max(&link.b.node),
            );
            let before = drawn.entry(pair).or_default();
            // The second goes to one side, the third to the other.
            let side = if *before % 2 == 1 { 1.0 } else { -1.0 };
            let bend = side * f64::from(before.div_ceil(2)) * 9.0;
            *before += 1;
            lines.push(Line {
                link,
                a: *a,
                b: *b,
                bend,
                trunk,
            });
        }
        lines.sort_by_key(|line| line.trunk);
        lines
    }

    /// A round number of kilometres about as long as a sixth of the frame.
    fn scale_bar(&self) -> (f64, f64) {
        let wanted = self.frame.width / 6.0 / self.scale;
        let power = 10_f64.powf(wanted.log10().floor());
        let kilometres = [5.0, 2.0, 1.0]
            .into_iter()
            .map(|step| step * power)
            .find(|length| *length <= wanted)
            .unwrap_or(power);
        (kilometres * self.scale, kilometres)
    }
}
