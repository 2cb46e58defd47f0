//! Keys, passwords and certificates in memory.

use alloc::vec::Vec;
use core::fmt;

use zeroize::{Zeroize as _, Zeroizing};

/// A key, a password or a private key.
///
/// It cannot be cloned, printed or compared. `Debug` prints `Secret(_)`. The bytes are overwritten when it is
/// dropped.
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// Takes over the bytes of a `Vec` or `String` without a copy. A borrowed text or slice is copied: overwriting the
    /// original is then the caller's.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Secret {
        Secret(Zeroizing::new(bytes.into()))
    }

    /// The bytes, for the signing functions of this crate only.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<&str> for Secret {
    fn from(text: &str) -> Secret {
        Secret::new(text.as_bytes())
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(_)")
    }
}

/// Runs what sees a key, and overwrites the stack that it used. Digests copy blocks of what they read to local variables, and their
/// states move when they are made.
pub(crate) fn wiped<T>(work: impl FnOnce() -> T) -> T {
    let done = below(work);
    below(|| [0_u64; STACK].zeroize());
    done
}

/// More than any of the digests uses, unoptimised ones too (tests/all/client/remains.rs finds it when it is too little).
const STACK: usize = 256;

/// A frame of its own: both runs begin at the same place.
#[inline(never)]
fn below<T>(work: impl FnOnce() -> T) -> T {
    work()
}
