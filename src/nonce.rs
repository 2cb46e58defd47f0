//! `nonce_str`: 32 random letters and digits.

use crate::error::Error;

/// A source of random bytes.
pub trait Random: Send + Sync {
    /// Fills the buffer with random bytes.
    ///
    /// # Errors
    ///
    /// The system has none. Nothing is sent then.
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
}

crate::pointers::through_pointers!(Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error>;
});

/// The operating system's random numbers.
#[cfg(feature = "https")]
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemRandom;

#[cfg(feature = "https")]
impl Random for SystemRandom {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        getrandom::fill(bytes)
            .map_err(|_| Error::new(crate::error::ErrorKind::System, "nonce_str", "the system gave no random numbers"))
    }
}

/// 32 characters of 32 kinds: 160 bits. `nonce_str` is "不长于32位" in every table.
pub(crate) fn nonce_str(random: &dyn Random) -> Result<[u8; 32], Error> {
    const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstuvwxy";
    let mut bytes = [0_u8; 32];
    random.fill(&mut bytes)?;
    // `& 31` is always inside the alphabet, which is ASCII.
    Ok(bytes.map(|byte| ALPHABET.get(usize::from(byte & 31)).copied().unwrap_or(b'0')))
}
