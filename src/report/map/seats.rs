//! Nodes that share one place, spread in rings around it: first the equipment, then the agencies in smaller ones.

use std::f64::consts::TAU;

use crate::report::map::{Point, Rank};

/// Between two agencies.
const AGENCY: f64 = 5.6;

/// Returns where each stands from the centre, in the given order (equipment first), and the radius of them all.
#[must_use]
pub fn rings(ranks: impl Iterator<Item = Rank>) -> (Vec<Point>, f64) {
    let ranks: Vec<Rank> = ranks.collect();
    let equipment: Vec<f64> = ranks
        .iter()
        .filter(|rank| **rank != Rank::Agency)
        .map(|rank| rank.size())
        .collect();
    let agencies = ranks.len() - equipment.len();
    let mut points = Vec::with_capacity(ranks.len());
    let mut edge = 0.0;
    if let Some((centre, rest)) = equipment.split_first() {
        points.push(Point::default());
        edge = *centre;
        let largest = rest.iter().copied().fold(0.0, f64::max);
        let gap = 2.0 * largest + 2.0;
        if !rest.is_empty() {
            let (around, radius) = around(rest.len(), gap, edge + largest + 2.0);
            points.extend(around);
            edge = radius + largest;
        }
    }
    let hole = if equipment.is_empty() {
        0.0
    } else {
        edge + 5.0
    };
    let (outer, radius) = around(agencies, AGENCY, hole);
    points.extend(outer);
    let radius = if agencies > 0 {
        radius + 3.0
    } else {
        edge + 1.0
    };
    (points, radius)
}

/// Rings `gap` apart from `hole` outward, each filled evenly; with no hole the first stands in the middle.
fn around(count: usize, gap: f64, hole: f64) -> (Vec<Point>, f64) {
    let mut points = Vec::with_capacity(count);
    let mut radius = hole;
    let mut turn = 0.0;
    while points.len() < count {
        let left = count - points.len();
        // As many as fit side by side; in the middle one.
        let here = (1..=left)
            .take_while(|seats| *seats == 1 || *seats as f64 * gap <= TAU * radius)
            .last()
            .unwrap_or(1);
        for seat in 0..here {
            let angle = TAU * (seat as f64 + turn) / here as f64 - TAU / 4.0;
            points.push(Point {
                x: radius * angle.cos(),
                y: radius * angle.sin(),
            });
        }
        if points.len() < count {
            radius += gap;
            // Neighbouring rings are turned against each other, like seats of a theatre.
            turn = 0.5 - turn;
        }
    }
    (points, radius)
}
