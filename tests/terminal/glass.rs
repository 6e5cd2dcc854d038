//! What a terminal would show: enough of one to read the dashboard, and nothing that it should not need.
//!
//! Every sequence that the dashboard has no business to send is kept in `strange`.

use unicode_width::UnicodeWidthChar;

/// A terminal's screen and modes.
#[derive(Debug)]
pub(crate) struct Glass {
    cells: Vec<Vec<String>>,
    row: usize,
    column: usize,
    /// Whether the other screen is shown.
    pub(crate) is_alternate: bool,
    /// How often the other screen was left.
    pub(crate) left: usize,
    /// Whether the cursor can be seen.
    pub(crate) has_cursor: bool,
    /// Whether letters have no colour and no weight.
    pub(crate) is_plain: bool,
    /// Sequences and characters that no dashboard needs.
    pub(crate) strange: Vec<String>,
    /// Bytes of a sequence or character that is not whole yet.
    rest: Vec<u8>,
}

impl Glass {
    pub(crate) fn new(columns: usize, rows: usize) -> Self {
        Self {
            cells: vec![vec![" ".to_owned(); columns]; rows],
            row: 0,
            column: 0,
            is_alternate: false,
            left: 0,
            has_cursor: true,
            is_plain: true,
            strange: Vec::new(),
            rest: Vec::new(),
        }
    }

    /// Returns what can be read, a line a row.
    pub(crate) fn text(&self) -> String {
        let lines: Vec<String> = self
            .cells
            .iter()
            .map(|line| line.concat().trim_end().to_owned())
            .collect();
        lines.join("\n")
    }

    /// Takes bytes in; a sequence may end in a later call.
    pub(crate) fn take(&mut self, bytes: &[u8]) {
        let mut bytes = [std::mem::take(&mut self.rest).as_slice(), bytes].concat();
        while let Some(length) = whole(&bytes) {
            let later = bytes.split_off(length);
            self.obey(&bytes);
            bytes = later;
        }
        self.rest = bytes;
    }

    fn obey(&mut self, part: &[u8]) {
        if let Some(sequence) = part.strip_prefix(b"\x1b[") {
            let sequence = String::from_utf8_lossy(sequence).into_owned();
            self.control(&sequence);
            return;
        }
        match std::str::from_utf8(part) {
            Ok("\r") => self.column = 0,
            Ok("\n") => self.row = (self.row + 1).min(self.cells.len() - 1),
            Ok(text) if !text.contains(spanwatch::model::text::is_unsafe) => {
                text.chars().for_each(|c| self.put(c));
            }
            other => self.strange.push(format!("{other:?} {part:02x?}")),
        }
    }

    fn control(&mut self, sequence: &str) {
        let (numbers, end) = sequence.split_at(sequence.len() - 1);
        let number = |place: usize| -> usize {
            let word = numbers.split(';').nth(place).unwrap_or_default();
            word.parse().unwrap_or(1)
        };
        match (numbers, end) {
            (_, "H") => {
                self.row = (number(0) - 1).min(self.cells.len() - 1);
                self.column = (number(1) - 1).min(self.cells[0].len());
            }
            ("2", "J") => {
                for cell in self.cells.iter_mut().flatten() {
                    " ".clone_into(cell);
                }
            }
            ("" | "0", "m") => self.is_plain = true,
            // Nothing to see: colours "as they were before", and the brackets of a frame.
            ("39" | "49" | "59", "m") | ("?2026", "h" | "l") => {}
            (_, "m") => self.is_plain = false,
            ("?1049", "h") => self.is_alternate = true,
            ("?1049", "l") => {
                self.is_alternate = false;
                self.left += 1;
            }
            ("?25", "h") => self.has_cursor = true,
            ("?25", "l") => self.has_cursor = false,
            _ => self.strange.push(format!("CSI {sequence}")),
        }
    }

    fn put(&mut self, c: char) {
        let line = &mut self.cells[self.row];
        match c.width().unwrap_or(0) {
            0 => {
                if let Some(cell) = line.get_mut(self.column.saturating_sub(1)) {
                    cell.push(c);
                }
            }
            width => {
                if let Some(cell) = line.get_mut(self.column) {
                    *cell = c.to_string();
                }
                if let Some(cell) = line.get_mut(self.column + 1).filter(|_| width == 2) {
                    cell.clear();
                }
                self.column += width;
            }
        }
    }
}

/// Returns the length of the first sequence or character; `None` while it is not whole.
fn whole(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [] | [0x1B] => None,
        [0x1B, b'[', rest @ ..] => {
            let end = rest.iter().position(|byte| (0x40..=0x7E).contains(byte))?;
            Some(end + 3)
        }
        [0x1B, ..] => Some(2),
        [first, ..] => {
            let length = match first {
                0xC0..=0xDF => 2,
                0xE0..=0xEF => 3,
                0xF0..=0xF7 => 4,
                _ => 1,
            };
            (bytes.len() >= length).then_some(length)
        }
    }
}
