//! A memory chip that is not there: its bytes survive while the program "restarts", its power can be cut, a write can fail, and a bit
//! can flip. On a board this is the driver of an FRAM, of battery-backed RAM, or of a page of NOR flash.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use wxpay_terminal::contract::Trouble;

/// What the chip takes in one piece.
const WORD: usize = 64;

#[derive(Clone, Default)]
pub struct Chip(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    bytes: Vec<u8>,
    trouble: Option<Trouble>,
    /// Words since the trouble was armed.
    written: u32,
    struck: bool,
    is_off: bool,
    copy: Vec<u8>,
}

/// The chip took not all of a write.
#[derive(Debug)]
pub struct WriteFailed;

impl Chip {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn bytes(&self) -> Vec<u8> {
        self.inner().bytes.clone()
    }

    /// Word by word. Returns when all of it is in the chip.
    pub fn write(&self, at: usize, bytes: &[u8]) -> Result<(), WriteFailed> {
        let mut inner = self.inner();
        let mut at = at;
        for word in bytes.chunks(WORD) {
            inner.write_word(at, word)?;
            at += word.len();
        }
        Ok(())
    }

    // -- what the contract does to it --

    pub fn erase(&self) {
        *self.inner() = Inner::default();
    }

    pub fn arm(&self, trouble: Option<Trouble>) {
        let mut inner = self.inner();
        (inner.trouble, inner.written, inner.struck, inner.is_off) = (trouble, 0, false, false);
    }

    pub fn struck(&self) -> bool {
        self.inner().struck
    }

    pub fn copy(&self) -> u64 {
        let mut inner = self.inner();
        inner.copy = inner.bytes.clone();
        inner.copy.len() as u64 * 8
    }

    pub fn flip(&self, bit: u64) {
        let mut inner = self.inner();
        inner.bytes = inner.copy.clone();
        if let Some(byte) = inner.bytes.get_mut((bit / 8) as usize) {
            *byte ^= 1 << (bit % 8);
        }
    }
}

impl Inner {
    fn write_word(&mut self, at: usize, word: &[u8]) -> Result<(), WriteFailed> {
        if self.is_off {
            return Err(WriteFailed);
        }
        let now = self.written;
        self.written += 1;
        let (fails, is_cut) = match self.trouble {
            Some(Trouble::PowerCut(write)) => (write == now, write == now),
            Some(Trouble::WriteFails(write)) => (write == now, false),
            _ => (false, false),
        };
        // Half of it arrives.
        let arrives = if fails { word.len() / 2 } else { word.len() };
        let end = at + arrives;
        if self.bytes.len() < end {
            self.bytes.resize(end, 0xFF);
        }
        self.bytes[at..end].copy_from_slice(&word[..arrives]);
        self.struck |= fails;
        self.is_off |= is_cut;
        if fails { Err(WriteFailed) } else { Ok(()) }
    }
}
