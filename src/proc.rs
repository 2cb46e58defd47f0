//! Small files of `/proc` (proc(5)), read at once into the caller's memory: they are asked for often.

use std::fs::File;
use std::io::{ErrorKind, Read as _};

/// What the file holds now, as far as there is room. `None`: there is no such file.
pub(crate) fn read<'a>(path: &str, room: &'a mut [u8]) -> Option<&'a [u8]> {
    let mut file = File::open(path).ok()?;
    let length = loop {
        match file.read(room) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            read => break read.ok()?,
        }
    };
    room.get(..length)
}

/// A number in decimal digits, and nothing else.
pub(crate) fn number(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| {
        let digit = digit.checked_sub(b'0').filter(|digit| *digit < 10)?;
        number.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

#[cfg(test)]
#[path = "../tests/unit/proc.rs"]
mod tests;
