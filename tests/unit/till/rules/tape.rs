//! The choices of one run of a search, so that each of them is made once.

use std::vec::Vec;

/// What the search does, choice by choice. A run that comes to the end of the tape takes the first choice from there on.
#[derive(Clone, Default)]
pub(super) struct Tape {
    choices: Vec<u8>,
    widths: Vec<u8>,
    at: usize,
}

impl Tape {
    pub(super) fn of(choices: &[u8]) -> Tape {
        Tape { choices: choices.to_vec(), widths: Vec::new(), at: 0 }
    }

    pub(super) fn choose(&mut self, width: usize) -> usize {
        if width <= 1 {
            return 0;
        }
        if self.at == self.choices.len() {
            self.choices.push(0);
        }
        self.widths.push(u8::try_from(width).unwrap());
        self.at += 1;
        usize::from(self.choices[self.at - 1])
    }

    pub(super) fn choices(&self) -> &[u8] {
        &self.choices
    }

    /// The next choices that were not tried, after a run.
    pub(super) fn next(mut self) -> Option<Tape> {
        let last = (0..self.widths.len()).rev().find(|at| self.choices[*at] + 1 < self.widths[*at])?;
        self.choices.truncate(last + 1);
        self.choices[last] += 1;
        Some(Tape::of(&self.choices))
    }
}
