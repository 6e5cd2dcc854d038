//! What the echoes can tell apart: the measured targets, the ways to them, and the segments on those ways.
//!
//! Elements that lie on exactly the same ways to measured targets are one segment: no likelihood can ever prefer
//! one of them. It is the measured targets that decide this, so that asking one more may part a segment in two.

use std::collections::BTreeMap;

use crate::analysis::lossy::table::Losses;
use crate::analysis::lossy::ways::Way;
use crate::analysis::lossy::{Echoes, Paths};
use crate::graph::{Graph, LinkIx, NodeIx};
use crate::model::Element;

/// How much rarer a node loses packets than a link does: what is congested or dirty is mostly the line.
pub(super) const NODE: f64 = 0.1;

/// How much rarer all links of a risk group lose packets at once: water in a duct.
const GROUP: f64 = 0.05;

/// One way to one target.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    pub(super) target: usize,
    pub(super) share: f64,
    pub(super) hops: u16,
}

/// Elements that no measurement separates.
#[derive(Clone, Debug)]
pub(super) struct Segment {
    /// Links, then nodes, each the nearest to the monitor first; then risk groups.
    pub(super) elements: Vec<Element>,
    /// The rows that cross it, ascending, and how often they do.
    pub(super) rows: Vec<(u32, u8)>,
    /// How much more probable than a single link it is beforehand.
    pub(super) weight: f64,
}

/// Everything that was measured, by position.
#[derive(Clone, Debug)]
pub(super) struct Field {
    pub(super) targets: Vec<(NodeIx, Echoes)>,
    pub(super) rows: Vec<Row>,
    /// By target: its first row, and one more place at the end.
    pub(super) first: Vec<usize>,
    /// In order of their first row, then of their first element.
    pub(super) segments: Vec<Segment>,
    ways: Vec<Way>,
}

impl Field {
    /// Lays out what was measured. Targets that no way leads to are left out.
    ///
    /// Cost O(targets × ways × hops), and a sort of the elements that they cross.
    pub(super) fn new(paths: &Paths, graph: &Graph, counted: &[(NodeIx, Echoes)]) -> Self {
        let mut field = Self {
            targets: Vec::with_capacity(counted.len()),
            rows: Vec::with_capacity(counted.len()),
            first: vec![0],
            segments: Vec::new(),
            ways: Vec::with_capacity(counted.len()),
        };
        for &(node, echoes) in counted.iter().filter(|(_, echoes)| echoes.sent > 0) {
            let via = paths.via.get(graph.node_id(node));
            let is_by = |way: &&Way| {
                let mut elements = via.into_iter().flatten();
                elements.all(|element| way.steps.iter().any(|step| is_of(graph, element, *step)))
            };
            let ways: Vec<&Way> = paths.ways(node).iter().filter(is_by).collect();
            let all: f64 = ways.iter().map(|way| way.share).sum();
            if ways.is_empty() {
                continue;
            }
            for way in ways {
                field.rows.push(Row {
                    target: field.targets.len(),
                    share: way.share / all,
                    hops: way.steps.len() as u16,
                });
                field.ways.push(way.clone());
            }
            field.targets.push((node, possible(echoes)));
            field.first.push(field.rows.len());
        }
        field.segments = field.parted(paths, graph);
        field
    }

    /// Takes over other counts of the same targets, in the same order.
    pub(super) fn count(&mut self, counted: &[(NodeIx, Echoes)]) {
        let mut counted = counted.iter();
        for (node, known) in &mut self.targets {
            let other = counted.find(|(other, _)| other == node);
            *known = possible(other.map_or_else(Echoes::default, |(_, echoes)| *echoes));
        }
    }

    /// Finds the segments.
    fn parted(&self, paths: &Paths, graph: &Graph) -> Vec<Segment> {
        let nodes = graph.node_count();
        let mut crossed: Vec<Vec<u32>> = vec![Vec::new(); nodes + graph.link_count()];
        let mut depth = vec![0_usize; nodes + graph.link_count()];
        let mut grouped: Vec<BTreeMap<u32, u8>> = vec![BTreeMap::new(); paths.groups.len()];
        for (row, way) in (0_u32..).zip(&self.ways) {
            for (hop, (link, node)) in way.steps.iter().enumerate() {
                for place in [nodes + link.index(), node.index()] {
                    crossed[place].push(row);
                    depth[place] = depth[place].max(hop);
                    for group in paths.groups_of.get(&place).into_iter().flatten() {
                        let times = grouped[*group].entry(row).or_default();
                        *times = times.saturating_add(1);
                    }
                }
            }
        }
        let element = |place: usize| match place.checked_sub(nodes) {
            None => Element::Node(graph.node_id(NodeIx::new(place)).clone()),
            Some(link) => Element::Link(graph.link_id(LinkIx::new(link)).clone()),
        };
        let mut places: Vec<usize> = (0..crossed.len())
            .filter(|place| !crossed[*place].is_empty())
            .collect();
        // Links before nodes, as they are suspected first.
        places.sort_by(|one, other| {
            let rank = |place: usize| (place < nodes, depth[place], place);
            (&crossed[*one], rank(*one)).cmp(&(&crossed[*other], rank(*other)))
        });
        let mut segments: Vec<Segment> = places
            .chunk_by(|one, other| crossed[*one] == crossed[*other])
            .map(|same| Segment {
                elements: same.iter().map(|place| element(*place)).collect(),
                rows: crossed[same[0]].iter().map(|row| (*row, 1)).collect(),
                weight: same
                    .iter()
                    .map(|place| if *place < nodes { NODE } else { 1.0 })
                    .sum(),
            })
            .collect();
        let singles = segments.len();
        for ((id, _), rows) in paths.groups.iter().zip(grouped) {
            let rows: Vec<(u32, u8)> = rows.into_iter().collect();
            // A group of which one segment alone is seen is that segment, and the link in it the likelier.
            let is_seen = segments[..singles].iter().any(|single| single.rows == rows);
            if !rows.is_empty() && !is_seen {
                segments.push(Segment {
                    elements: vec![Element::Risk(id.clone())],
                    rows,
                    weight: GROUP,
                });
            }
        }
        segments.sort_by(|one, other| {
            let first = |segment: &Segment| segment.rows.first().copied();
            (first(one), &one.elements).cmp(&(first(other), &other.elements))
        });
        segments
    }

    /// Returns by row -ln of what survives on it, with some segments lossy.
    pub(super) fn sums(&self, segments: &[usize], losses: &Losses) -> Vec<f64> {
        let background = losses.background;
        let mut sums: Vec<f64> = self
            .rows
            .iter()
            .map(|row| background * f64::from(row.hops))
            .collect();
        for (segment, loss) in segments.iter().zip(&losses.segments) {
            for (row, times) in &self.segments[*segment].rows {
                sums[*row as usize] += loss * f64::from(*times);
            }
        }
        sums
    }

    /// Returns the targets behind a segment, ascending.
    pub(super) fn behind(&self, segment: &Segment) -> Vec<usize> {
        let mut targets: Vec<usize> = segment
            .rows
            .iter()
            .map(|(row, _)| self.rows[*row as usize].target)
            .collect();
        targets.dedup();
        targets
    }

    /// Returns the targets that share the way up to a segment, ascending; all of them where it begins at the monitor.
    pub(super) fn before(&self, graph: &Graph, segment: &Segment) -> Vec<usize> {
        let is_of = |step: &(LinkIx, NodeIx)| {
            let mut elements = segment.elements.iter();
            elements.any(|element| is_of(graph, element, *step))
        };
        let front = segment.rows.first().and_then(|(row, _)| {
            let steps = &self.ways[*row as usize].steps;
            let begins = steps.iter().position(is_of)?;
            begins.checked_sub(1).map(|before| steps[before].1)
        });
        let mut targets: Vec<usize> = self
            .rows
            .iter()
            .zip(&self.ways)
            .filter(|(_, way)| {
                front.is_none_or(|front| way.steps.iter().any(|(_, node)| *node == front))
            })
            .map(|(row, _)| row.target)
            .collect();
        targets.dedup();
        targets
    }
}

/// Nobody loses more than was sent.
fn possible(echoes: Echoes) -> Echoes {
    Echoes {
        lost: echoes.lost.min(echoes.sent),
        ..echoes
    }
}

/// Returns whether a step goes over a link or into a node; a risk group is in no step.
pub(super) fn is_of(graph: &Graph, element: &Element, (link, node): (LinkIx, NodeIx)) -> bool {
    match element {
        Element::Link(id) => graph.link_id(link) == id,
        Element::Node(id) => graph.node_id(node) == id,
        Element::Risk(_) => false,
    }
}
