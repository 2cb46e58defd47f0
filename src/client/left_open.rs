//! The order numbers that a client left open. Prepared again, such a number is a repeat: its refusal says nothing about the attempt
//! before it.

use alloc::vec::Vec;
use core::sync::atomic::{AtomicU32, Ordering};

/// How many are remembered; then the oldest is forgotten.
const MOST: usize = 64;

/// Hashes, and no lock: threads may share a client without std, too. Two numbers of one hash make a first attempt a repeat,
/// which costs a question and no payment.
pub(super) struct LeftOpen {
    /// Apart, because a client is moved about.
    hashes: Vec<AtomicU32>,
    next: AtomicU32,
}

impl LeftOpen {
    pub(super) fn new() -> LeftOpen {
        LeftOpen { hashes: (0..MOST).map(|_| AtomicU32::new(0)).collect(), next: AtomicU32::new(0) }
    }

    /// Remembers a number, or forgets it.
    pub(super) fn note(&self, number: &str, is_open: bool) {
        if !is_open && self.is_unused() {
            return;
        }
        let hash = hash(number);
        if !is_open {
            for slot in &self.hashes {
                let _ = slot.compare_exchange(hash, 0, Ordering::Relaxed, Ordering::Relaxed);
            }
        } else if !self.has(number) {
            let at = self.next.fetch_add(1, Ordering::Relaxed) as usize % MOST;
            if let Some(slot) = self.hashes.get(at) {
                slot.store(hash, Ordering::Relaxed);
            }
        }
    }

    /// Nothing was ever left open: the usual case costs nothing.
    fn is_unused(&self) -> bool {
        self.next.load(Ordering::Relaxed) == 0
    }

    pub(super) fn has(&self, number: &str) -> bool {
        if self.is_unused() {
            return false;
        }
        let hash = hash(number);
        self.hashes.iter().any(|slot| slot.load(Ordering::Relaxed) == hash)
    }
}

/// FNV-1a, and never 0.
fn hash(number: &str) -> u32 {
    number.bytes().fold(0x811c_9dc5, |hash: u32, byte| (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)).max(1)
}
