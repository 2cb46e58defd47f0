//! Lines out of pieces, in bounded memory.

use alloc::vec::Vec;

/// The longest line that is kept whole (POS flows 7.2). Of a longer one the middle is left out: what counts stands at its ends.
const LONGEST: usize = 8 * 1024;
/// So much of the beginning of a longer one is kept, and at most as much of its end.
const HEAD: usize = LONGEST / 2;

/// A line, and where its middle was left out.
#[derive(Clone, Copy)]
pub(super) struct Line<'a> {
    pub bytes: &'a [u8],
    /// It was longer: what stands before this place is its beginning, what stands after it its end.
    pub torn_at: Option<usize>,
}

/// Collects one line.
#[derive(Default)]
pub(super) struct Lines {
    buffer: Vec<u8>,
    torn: bool,
    /// Whether anything came.
    began: bool,
}

const BOM: &[u8] = b"\xEF\xBB\xBF";

impl Lines {
    /// One more piece. `each` gets the lines that end in it, without their ends, and says whether to go on.
    pub fn read(&mut self, mut piece: &[u8], each: &mut dyn FnMut(Line<'_>)) {
        while let Some(end) = piece.iter().position(|byte| *byte == b'\n') {
            let (line, rest) = piece.split_at(end);
            self.keep(line);
            self.hand_over(each);
            piece = rest.get(1..).unwrap_or_default();
        }
        self.keep(piece);
    }

    /// What follows the last line end.
    pub fn end(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        if !self.buffer.is_empty() {
            self.hand_over(each);
        }
    }

    fn keep(&mut self, mut piece: &[u8]) {
        while !piece.is_empty() {
            let room = LONGEST.saturating_sub(self.buffer.len());
            if room == 0 {
                // Half of the end that was kept so far makes room.
                self.torn = true;
                self.buffer.drain(HEAD..HEAD.saturating_add(HEAD / 2));
                continue;
            }
            let (now, later) = piece.split_at(room.min(piece.len()));
            self.buffer.extend_from_slice(now);
            piece = later;
        }
    }

    fn hand_over(&mut self, each: &mut dyn FnMut(Line<'_>)) {
        let mut bytes = self.buffer.as_slice();
        if !core::mem::replace(&mut self.began, true) {
            bytes = bytes.strip_prefix(BOM).unwrap_or(bytes);
        }
        bytes = bytes.strip_suffix(b"\r").unwrap_or(bytes);
        each(Line { bytes, torn_at: self.torn.then_some(HEAD) });
        self.buffer.clear();
        self.torn = false;
    }
}
