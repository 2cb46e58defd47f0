//! Unit tests of `src/wire/bill/gzip.rs`.

use alloc::vec::Vec;

use super::*;

/// `gzip -9n` of the vector pos-bill-all-totals.
const PACKED: &[u8] = include_bytes!("../../vectors/bill-all.gz");
/// The same stored, with every part that a header may have (RFC 1952, 2.3).
const STORED: &[u8] = include_bytes!("../../vectors/bill-all-stored.gz");

fn read(bytes: &[u8], piece: usize, most: u64) -> (Vec<u8>, Result<(), BillFault>) {
    let (mut packed, mut text) = (Packed::new(most), Vec::new());
    for piece in bytes.chunks(piece) {
        if let Err(fault) = packed.read(piece, &mut |plain| text.extend_from_slice(plain)) {
            return (text, Err(fault));
        }
    }
    (text, packed.end())
}

#[test]
fn what_is_inflated_is_the_same_in_every_piece() {
    let (text, end) = read(PACKED, PACKED.len(), LONGEST_TEXT);
    assert!(end.is_ok() && text.starts_with(b"\xEF\xBB\xBF") && text.ends_with(b"33.34\r\n"), "{end:?}");
    for packed in [PACKED, STORED] {
        for piece in [1, 2, 3, 7, 100] {
            assert_eq!(read(packed, piece, LONGEST_TEXT), (text.clone(), Ok(())), "{piece}");
        }
    }
}

#[test]
fn one_that_is_cut_or_changed_is_none() {
    for packed in [PACKED, STORED] {
        for end in 2..packed.len() {
            assert_eq!(read(&packed[..end], 64, LONGEST_TEXT).1, Err(TORN), "cut at {end}");
        }
    }
    // The header's own fields say nothing of the text: time, level, system, and the name behind them.
    for at in (0..4).chain(10..PACKED.len()) {
        let mut changed = PACKED.to_vec();
        changed[at] ^= 0x55;
        let (_, end) = read(&changed, 64, LONGEST_TEXT);
        // Without its magic it is plain text, and no bill.
        assert_eq!(end.is_ok(), at < 2, "changed at {at}: {end:?}");
    }
    let more = [PACKED, b"x"].concat();
    assert!(matches!(read(&more, 64, LONGEST_TEXT).1, Err(BillFault::Incomplete(_))));
}

#[test]
fn what_is_no_gzip_goes_through() {
    for text in [&b""[..], b"<xml>", b"\x1E\x8B", b"\x1F\x8A", b"a"] {
        for piece in [1, 2, 10] {
            assert_eq!(read(text, piece, LONGEST_TEXT), (text.to_vec(), Ok(())), "{text:?}");
        }
    }
    assert_eq!(read(b"\x1F", 1, LONGEST_TEXT).1, Err(TORN));
}

/// What Cargo.toml and docs/design.md say of it.
#[test]
fn its_memory() {
    assert!(size_of::<Gunzip>() + WINDOW <= 44 * 1024, "{}", size_of::<Gunzip>());
}

/// A text that grows without end is given up, and a header without end, too.
#[test]
fn there_is_a_longest() {
    let length = read(PACKED, 64, LONGEST_TEXT).0.len();
    let most = u64::try_from(length).unwrap();
    assert!(read(PACKED, 64, most).1.is_ok());
    assert!(matches!(read(PACKED, 64, most - 1).1, Err(BillFault::Incomplete(_))));
    let mut endless = b"\x1F\x8B\x08\x08\0\0\0\0\0\x03".to_vec();
    endless.resize(5_000, b'a');
    assert_eq!(read(&endless, 7, LONGEST_TEXT).1, Err(BROKEN));
}
