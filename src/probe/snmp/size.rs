//! How much one question asks for: less after one that was too big or stayed without an answer, and more again after
//! some that did not.
//!
//! A datagram that is lost now and then must not make a thousand questions of a hundred, and an agent that manages only
//! so much must not be asked for more again and again. So a size that was answered is gone back to when a bigger one is
//! not, and is the biggest from then on.

/// So many cells are asked for in one datagram: at about 22 bytes each the answer fits into one frame.
const CELLS: usize = 60;

/// So many answers in a row, and more is tried.
const CALM: u8 = 8;

/// The size of the next question.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    cells: usize,
    /// The biggest that may still be tried.
    most: usize,
    /// The one that was answered before this one was tried; `None` once this one was answered too.
    before: Option<usize>,
    /// Answers in a row.
    calm: u8,
    /// It was made smaller because no answer came, and has not grown back since.
    lost: bool,
}

impl Default for Size {
    fn default() -> Self {
        Self {
            cells: CELLS,
            most: CELLS,
            before: None,
            calm: 0,
            lost: false,
        }
    }
}

impl Size {
    /// Returns how many cells to ask for; never none.
    pub(super) fn cells(&self) -> usize {
        self.cells
    }

    /// Takes that the agent called a question too big.
    pub(super) fn too_big(&mut self) {
        self.calm = 0;
        self.most = (self.cells - 1).max(1);
        self.cells = self.before.take().unwrap_or(self.cells / 2).max(1);
    }

    /// Takes that no answer came.
    pub(super) fn unanswered(&mut self) {
        self.calm = 0;
        if let Some(before) = self.before.take() {
            self.cells = before;
            self.most = before;
        } else if !self.lost {
            self.lost = true;
            self.cells = (self.cells / 4).max(1);
        }
    }

    /// Takes that an answer came.
    pub(super) fn answered(&mut self) {
        self.before = None;
        self.lost &= self.cells < CELLS;
        self.calm += 1;
        if self.calm < CALM {
            return;
        }
        self.calm = 0;
        if self.cells < self.most {
            self.before = Some(self.cells);
            // Twice as much, or half of the way to what is known to be too much.
            self.cells = if self.most == CELLS {
                (self.cells * 2).min(CELLS)
            } else {
                (self.cells + self.most).div_ceil(2)
            };
        }
    }
}
