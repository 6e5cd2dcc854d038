//! Tables as text, aligned by what a terminal shows and not by bytes: `Điền` is four columns wide.

use unicode_width::UnicodeWidthStr;

use crate::report::clean;

/// On which side the texts of a column stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Texts.
    Left,
    /// Numbers.
    Right,
}

/// A table of cleaned texts.
#[derive(Clone, Debug)]
pub struct Table {
    sides: Vec<Side>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Begins a table with the heads of its columns.
    #[must_use]
    pub fn new(heads: &[(&str, Side)]) -> Self {
        Self {
            sides: heads.iter().map(|(_, side)| *side).collect(),
            rows: vec![
                heads
                    .iter()
                    .map(|(head, _)| clean(head).to_uppercase())
                    .collect(),
            ],
        }
    }

    /// Adds a row; `-` stands for an empty cell, so that columns can be counted.
    pub fn row<Cell: AsRef<str>>(&mut self, cells: impl IntoIterator<Item = Cell>) {
        let cells = cells.into_iter().map(|cell| {
            let cell = clean(cell.as_ref());
            if cell.is_empty() {
                "-".to_owned()
            } else {
                cell.into_owned()
            }
        });
        self.rows.push(cells.collect());
    }

    /// Returns whether there is no row under the heads.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.rows.len() == 1
    }

    /// Returns the lines, each behind `indent`, columns two spaces apart, nothing trailing.
    #[must_use]
    pub fn text(&self, indent: &str) -> String {
        let mut widths = vec![0; self.sides.len()];
        for row in &self.rows {
            for (width, cell) in widths.iter_mut().zip(row) {
                *width = (*width).max(cell.width());
            }
        }
        let mut text = String::new();
        for row in &self.rows {
            let mut line = indent.to_owned();
            for (at, (cell, (width, side))) in
                row.iter().zip(widths.iter().zip(&self.sides)).enumerate()
            {
                let gap = " ".repeat(width - cell.width());
                if at > 0 {
                    line.push_str("  ");
                }
                match side {
                    Side::Left => line.extend([cell.as_str(), &gap]),
                    Side::Right => line.extend([gap.as_str(), cell]),
                }
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }
}
