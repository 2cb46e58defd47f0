//! gzip (RFC 1952), inflated in pieces: one window of 32 KiB, whatever the length.
//!
//! Document: POS flows 7.1. A text that is not gzip goes through as it is.

use alloc::boxed::Box;
use alloc::vec::Vec;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags::TINFL_FLAG_HAS_MORE_INPUT};

use super::fault::BillFault;

/// How gzip begins (RFC 1952, 2.3.1).
const MAGIC: [u8; 2] = [0x1F, 0x8B];
/// Deflate's window (RFC 1951, 2): it wraps around.
const WINDOW: usize = 32 * 1024;
/// The longest header that is read, with a name and a comment in it.
const LONGEST_HEADER: usize = 1024;
/// The longest text that comes out: as long as the longest that is fetched uncompressed.
pub(super) const LONGEST_TEXT: u64 = 256 * 1024 * 1024;

const TORN: BillFault = BillFault::Incomplete("its compressed text ends too early");
const BROKEN: BillFault = BillFault::Incomplete("its compressed text is damaged");

/// A text that may be compressed: its first two bytes say so.
pub(super) struct Packed {
    most: u64,
    is: Is,
}

enum Is {
    /// Not yet known: nothing came, or one byte.
    Undecided(Option<u8>),
    Plain,
    Gzip(Box<Gunzip>),
}

impl Packed {
    /// `most` bytes may come out.
    pub fn new(most: u64) -> Packed {
        Packed { most, is: Is::Undecided(None) }
    }

    /// One more piece; `sink` gets the plain text.
    pub fn read(&mut self, piece: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
        if let Is::Undecided(first) = &mut self.is {
            let kept = first.take();
            let begin: Vec<u8> = kept.into_iter().chain(piece.iter().copied()).take(MAGIC.len()).collect();
            self.is = match begin.as_slice() {
                [] => return Ok(()),
                [one] if *one == MAGIC[0] => {
                    self.is = Is::Undecided(Some(*one));
                    return Ok(());
                }
                begin if begin == MAGIC => Is::Gzip(Box::new(Gunzip::new(self.most))),
                _ => Is::Plain,
            };
            if let Some(kept) = kept {
                self.go_on(&[kept], sink)?;
            }
        }
        self.go_on(piece, sink)
    }

    fn go_on(&mut self, piece: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
        match &mut self.is {
            Is::Gzip(gunzip) => gunzip.read(piece, sink),
            _ => {
                sink(piece);
                Ok(())
            }
        }
    }

    pub fn end(self) -> Result<(), BillFault> {
        match self.is {
            Is::Plain | Is::Undecided(None) => Ok(()),
            Is::Gzip(gunzip) if matches!(gunzip.part, Part::Trailer(8, _)) => Ok(()),
            _ => Err(TORN),
        }
    }
}

struct Gunzip {
    part: Part,
    inflater: DecompressorOxide,
    window: Box<[u8]>,
    at: usize,
    crc: u32,
    length: u64,
    most: u64,
}

enum Part {
    Header(Vec<u8>),
    Deflate,
    /// So many bytes of it: CRC-32 and the length, both little-endian.
    Trailer(u8, u64),
}

impl Gunzip {
    fn new(most: u64) -> Gunzip {
        Gunzip {
            part: Part::Header(Vec::new()),
            inflater: DecompressorOxide::new(),
            window: alloc::vec![0; WINDOW].into_boxed_slice(),
            at: 0,
            crc: u32::MAX,
            length: 0,
            most,
        }
    }

    fn read(&mut self, piece: &[u8], sink: &mut dyn FnMut(&[u8])) -> Result<(), BillFault> {
        let mut rest = piece;
        if let Part::Header(header) = &mut self.part {
            let before = header.len();
            header.extend(rest.iter().take(LONGEST_HEADER.saturating_sub(before)));
            match header_length(header)? {
                Some(length) => rest = rest.get(length.saturating_sub(before)..).unwrap_or_default(),
                None if header.len() >= LONGEST_HEADER => return Err(BROKEN),
                None => return Ok(()),
            }
            self.part = Part::Deflate;
        }
        if let Part::Deflate = self.part {
            rest = self.inflate(rest, sink)?;
        }
        for byte in rest {
            self.trailer(*byte)?;
        }
        Ok(())
    }

    /// What follows the compressed text.
    fn inflate<'a>(&mut self, mut rest: &'a [u8], sink: &mut dyn FnMut(&[u8])) -> Result<&'a [u8], BillFault> {
        loop {
            let (status, taken, made) =
                decompress(&mut self.inflater, rest, &mut self.window, self.at, TINFL_FLAG_HAS_MORE_INPUT);
            rest = rest.get(taken..).unwrap_or_default();
            let plain = self.window.get(self.at..self.at.saturating_add(made)).ok_or(BROKEN)?;
            self.length = self.length.saturating_add(u64::try_from(made).unwrap_or(u64::MAX));
            if self.length > self.most {
                return Err(BillFault::Incomplete("its compressed text is too long"));
            }
            self.crc = plain.iter().fold(self.crc, |crc, byte| crc32(crc, *byte));
            sink(plain);
            self.at = self.at.saturating_add(made) % WINDOW;
            match status {
                TINFLStatus::Done => {
                    self.part = Part::Trailer(0, 0);
                    return Ok(rest);
                }
                TINFLStatus::HasMoreOutput => {}
                TINFLStatus::NeedsMoreInput => return Ok(&[]),
                _ => return Err(BROKEN),
            }
        }
    }

    fn trailer(&mut self, byte: u8) -> Result<(), BillFault> {
        let Part::Trailer(count @ 0..8, value) = &mut self.part else {
            return Err(BillFault::Incomplete("something follows its compressed text"));
        };
        *value |= u64::from(byte) << (u32::from(*count) * 8);
        *count = count.saturating_add(1);
        // The length counts modulo 2^32.
        let right = u64::from(!self.crc) | (self.length & u64::from(u32::MAX)) << 32;
        if *count == 8 && *value != right { Err(BROKEN) } else { Ok(()) }
    }
}

/// How long the header is (RFC 1952, 2.3). `None`: there is more of it.
fn header_length(header: &[u8]) -> Result<Option<usize>, BillFault> {
    const EXTRA: u8 = 4;
    const NAME: u8 = 8;
    const COMMENT: u8 = 16;
    const CHECK: u8 = 2;
    let [first, second, method, flags, ..] = header else { return Ok(None) };
    if [*first, *second] != MAGIC || *method != 8 || flags & 0xE0 != 0 {
        return Err(BROKEN);
    }
    let mut length = 10_usize;
    if flags & EXTRA != 0 {
        let Some([low, high]) = header.get(length..length.saturating_add(2)) else { return Ok(None) };
        length = length.saturating_add(2).saturating_add(usize::from(u16::from_le_bytes([*low, *high])));
    }
    for text in [NAME, COMMENT] {
        if flags & text != 0 {
            let end = header.get(length..).and_then(|rest| rest.iter().position(|byte| *byte == 0));
            let Some(end) = end else { return Ok(None) };
            length = length.saturating_add(end).saturating_add(1);
        }
    }
    if flags & CHECK != 0 {
        length = length.saturating_add(2);
    }
    Ok((header.len() >= length).then_some(length))
}

/// CRC-32 of RFC 1952, a byte at a time, without a table.
fn crc32(crc: u32, byte: u8) -> u32 {
    (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ (0xEDB8_8320 & 0_u32.wrapping_sub(crc & 1)))
}

#[cfg(test)]
#[path = "../../../tests/unit/wire/gzip.rs"]
mod tests;
