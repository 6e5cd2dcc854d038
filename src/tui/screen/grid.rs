//! The grid of the Overview: every agency one cell, always in the same place.
//!
//! Groups (one for each area, one for the city) are named and stand in the order of their names. Small groups
//! stand in blocks side by side, read downwards; a group too large for a block takes rows of its own. Comfort
//! yields first (space between cells, long names), and only when even the densest form does not fit does each
//! group become one line of counts.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::model::agency::{Agency, Level};
use crate::model::network::Network;
use crate::model::{AgencyId, AreaCode};
use crate::report::vietnamese::sort_key;
use crate::tui::text::width;

/// Columns between two blocks.
const GAP: u16 = 2;
/// A group of more cells than this takes rows of its own.
const BLOCK: usize = 20;
/// In rows of their own, cells stand in tens.
const TENS: u16 = 10;
/// From this many columns on there is a second pane.
pub const TWO_PANES: u16 = 110;
/// Smaller windows show two lines and nothing else.
pub const SMALLEST: (u16, u16) = (40, 10);

/// Whose cells these are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// The agencies of one area: its name without `Phường`, `Xã` ...
    Area(String),
    /// Agencies of the city itself.
    City,
    /// Agencies that name no area.
    Other,
}

/// Agencies that stand together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// Whose.
    pub name: Name,
    /// Who, in the order of the cells.
    pub agencies: Vec<AgencyId>,
}

/// One cell.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cell {
    /// Column, from the grid's left edge.
    pub x: u16,
    /// Row, from the grid's upper edge.
    pub y: u16,
    /// Who.
    pub agency: AgencyId,
}

/// The name before a group's cells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Label {
    /// Column.
    pub x: u16,
    /// Row.
    pub y: u16,
    /// Columns it may take.
    pub width: u16,
    /// The name.
    pub name: Name,
}

/// The grid, laid out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Grid {
    /// One cell for each agency.
    Cells {
        /// Rows it takes.
        height: u16,
        /// Names.
        labels: Vec<Label>,
        /// Cells, by row, then column.
        cells: Vec<Cell>,
    },
    /// One line for each group; too many agencies for the window.
    Lines(Vec<Group>),
}

/// Where everything of the Overview stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    /// The grid.
    pub grid: Grid,
    /// Columns of the left pane; all of them when there is one pane.
    pub left: u16,
    /// Columns of the right pane; 0 when there is none.
    pub right: u16,
    /// Rows of the body: below the head and above the footer.
    pub body: u16,
    /// Rows of it that the grid may take.
    pub grid_height: u16,
}

/// Returns the groups of a network: areas by name, then the city, then those without an area.
#[must_use]
pub fn groups(network: &Network) -> Vec<Group> {
    let mut agencies: Vec<&Agency> = network.agencies.values().collect();
    // The same class stands in the same column of every area, and the weightiest class first.
    let mut heaviest: BTreeMap<&str, u32> = BTreeMap::new();
    for agency in &agencies {
        let weight = heaviest.entry(&agency.class).or_default();
        *weight = agency.weight.max(*weight);
    }
    agencies.sort_by_key(|agency| {
        (
            Reverse(heaviest[agency.class.as_str()]),
            &agency.class,
            &agency.id,
        )
    });
    let mut city = Vec::new();
    let mut other = Vec::new();
    let mut by_area: BTreeMap<&AreaCode, Vec<AgencyId>> = BTreeMap::new();
    for agency in agencies {
        match (agency.level, &agency.area) {
            (Level::City, _) => &mut city,
            (Level::Commune, Some(code)) => by_area.entry(code).or_default(),
            (Level::Commune, None) => &mut other,
        }
        .push(agency.id.clone());
    }
    let mut areas: Vec<(&AreaCode, &str, Vec<AgencyId>)> = by_area
        .into_iter()
        .map(|(code, agencies)| {
            let name = network
                .areas
                .get(code)
                .map_or(code.as_str(), |area| short(&area.name));
            (code, name, agencies)
        })
        .collect();
    areas.sort_by_cached_key(|(code, name, _)| (sort_key(name), *code));
    areas
        .into_iter()
        .map(|(_, name, agencies)| (Name::Area(name.to_owned()), agencies))
        .chain([(Name::City, city), (Name::Other, other)])
        .filter(|(_, agencies)| !agencies.is_empty())
        .map(|(name, agencies)| Group { name, agencies })
        .collect()
}

/// Returns an area's name without the word for what it is.
#[must_use]
pub fn short(name: &str) -> &str {
    ["Phường ", "Xã ", "Thị trấn ", "Đặc khu "]
        .iter()
        .find_map(|kind| name.strip_prefix(kind))
        .unwrap_or(name)
}

/// Rows above the body where there is no banner: head, tabs, rule.
pub const HEAD: u16 = 3;

/// Lays the Overview out for a window; `head` is the number of rows above the body.
#[must_use]
pub fn lay(network: &Network, (columns, rows): (u16, u16), head: u16) -> Layout {
    let (left, right) = if columns >= TWO_PANES {
        let right = (columns * 38 / 100).clamp(42, 64);
        (columns - right - 3, right)
    } else {
        (columns, 0)
    };
    let body = rows.saturating_sub(head + 1);
    let tight = body.saturating_sub(2);
    // Below the grid: the worst, and in one pane the incidents too. A banner takes its row from these and not
    // from the grid: the cells stay where they are.
    let below = if right > 0 { 9 } else { 8 };
    let comfortable = rows.saturating_sub(HEAD + 1 + below).min(tight);
    let groups = groups(network);
    let fitting = |limit: u16| {
        options(&groups, left)
            .find(|(height, _, _)| *height <= limit)
            .map(|(height, labels, cells)| Grid::Cells {
                height,
                labels,
                cells,
            })
    };
    let grid = fitting(comfortable)
        .or_else(|| fitting(tight))
        .unwrap_or_else(|| Grid::Lines(groups.clone()));
    let grid_height = match &grid {
        Grid::Cells { height, .. } => *height,
        Grid::Lines(groups) => (groups.len() as u16).min(body * 2 / 3),
    };
    Layout {
        grid,
        left,
        right,
        body,
        grid_height,
    }
}

type Laid = (u16, Vec<Label>, Vec<Cell>);

/// All ways to draw the groups in cells, the most comfortable first.
fn options(groups: &[Group], columns: u16) -> impl Iterator<Item = Laid> + '_ {
    let longest = groups
        .iter()
        .filter_map(|group| match &group.name {
            Name::Area(name) => Some(width(name)),
            Name::City | Name::Other => None,
        })
        .max()
        .unwrap_or(8)
        .clamp(8, 20) as u16;
    let names = [longest, 17, 12, 8]
        .into_iter()
        .filter(move |name| *name <= longest);
    [2, 1]
        .into_iter()
        .flat_map(move |pitch| names.clone().map(move |name| (name, pitch)))
        .filter_map(move |(name, pitch)| place(groups, columns, name, pitch))
}

/// Places every cell, names `name` columns wide and a cell every `pitch` columns; `None` where it cannot.
fn place(groups: &[Group], columns: u16, name: u16, pitch: u16) -> Option<Laid> {
    let (small, large): (Vec<&Group>, Vec<&Group>) = groups
        .iter()
        .partition(|group| group.agencies.len() <= BLOCK);
    let widest = small
        .iter()
        .map(|group| group.agencies.len())
        .max()
        .unwrap_or(0) as u16;
    let block = name + 1 + (widest * pitch).saturating_sub(pitch - 1);
    if block > columns || name + 1 >= columns {
        return None;
    }
    let across = ((columns + GAP) / (block + GAP)).max(1);
    let down = (small.len() as u16).div_ceil(across);
    // Comfort also means that the blocks fill the pane.
    let used = small.len().div_ceil(usize::from(down.max(1))) as u16;
    let spare = columns.saturating_sub(used * block + used.saturating_sub(1) * GAP);
    let gap = GAP + (spare / used.max(1)).min(3);
    let mut labels = Vec::new();
    let mut cells = Vec::new();
    for (at, group) in small.iter().enumerate() {
        let at = at as u16;
        let (x, y) = (at / down * (block + gap), at % down);
        labels.push(Label {
            x,
            y,
            width: name,
            name: group.name.clone(),
        });
        for (at, agency) in group.agencies.iter().enumerate() {
            cells.push(Cell {
                x: x + name + 1 + at as u16 * pitch,
                y,
                agency: agency.clone(),
            });
        }
    }
    let mut y = down;
    for group in large {
        labels.push(Label {
            x: 0,
            y,
            width: name,
            name: group.name.clone(),
        });
        let room = columns - name - 1;
        let offset = |at: u16| at * pitch + at / TENS;
        let in_row = (1..=room)
            .take_while(|count| offset(count - 1) < room)
            .count()
            .max(1);
        for (row, agencies) in group.agencies.chunks(in_row).enumerate() {
            for (at, agency) in agencies.iter().enumerate() {
                cells.push(Cell {
                    x: name + 1 + offset(at as u16),
                    y: y + row as u16,
                    agency: agency.clone(),
                });
            }
        }
        y += group.agencies.len().div_ceil(in_row) as u16;
    }
    cells.sort_by_key(|cell| (cell.y, cell.x));
    Some((y, labels, cells))
}

/// A step on the grid.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "the names say it")]
pub enum Step {
    Up,
    Down,
    Left,
    Right,
    PageUp,
    PageDown,
    First,
    Last,
}

impl Grid {
    /// Returns all agencies in the order of the grid.
    #[must_use]
    pub fn agencies(&self) -> Vec<&AgencyId> {
        match self {
            Self::Cells { cells, .. } => cells.iter().map(|cell| &cell.agency).collect(),
            Self::Lines(groups) => groups.iter().flat_map(|group| &group.agencies).collect(),
        }
    }

    /// Returns who is one step away from `from`; the first agency when nobody was selected.
    #[must_use]
    pub fn step(&self, from: Option<&AgencyId>, step: Step) -> Option<AgencyId> {
        match self {
            Self::Cells { cells, .. } => {
                let first = cells.first()?;
                let last = cells.last()?;
                let Some(here) = cells.iter().find(|cell| Some(&cell.agency) == from) else {
                    return Some(first.agency.clone());
                };
                let row = |y: u16| {
                    cells
                        .iter()
                        .filter(move |cell| cell.y == y)
                        .min_by_key(|cell| cell.x.abs_diff(here.x))
                };
                let there = match step {
                    Step::Left => cells.iter().rev().find(|c| c.y == here.y && c.x < here.x),
                    Step::Right => cells.iter().find(|c| c.y == here.y && c.x > here.x),
                    Step::Up => here.y.checked_sub(1).and_then(row),
                    Step::Down => row(here.y + 1),
                    Step::PageUp => row(here.y.saturating_sub(10)),
                    Step::PageDown => row((here.y + 10).min(last.y)),
                    Step::First => Some(first),
                    Step::Last => Some(last),
                };
                Some(there.unwrap_or(here).agency.clone())
            }
            Self::Lines(groups) => {
                let at = groups
                    .iter()
                    .position(|group| from.is_some_and(|id| group.agencies.contains(id)));
                let last = groups.len().checked_sub(1)?;
                let next = match (at, step) {
                    (None, _) | (_, Step::First) => 0,
                    (Some(at), Step::Up) => at.saturating_sub(1),
                    (Some(at), Step::Down) => at + 1,
                    (Some(at), Step::PageUp) => at.saturating_sub(10),
                    (Some(at), Step::PageDown) => at + 10,
                    (Some(at), Step::Left | Step::Right) => at,
                    (_, Step::Last) => last,
                };
                groups.get(next.min(last))?.agencies.first().cloned()
            }
        }
    }
}
