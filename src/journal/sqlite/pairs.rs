//! Fields and evidence of a past entry, in few bytes: names and values that come again are numbers of `words`.

use rusqlite::{Connection, params};

use super::faults::{OrFault, Result, damaged};
use super::words::Words;
use crate::journal::entry::EntryId;

pub(super) const INSERT_EVIDENCE: &str = "INSERT INTO evidence (entry, position, name, value) VALUES (?1, ?2, ?3, ?4)";
pub(super) const INSERT_FIELD: &str = "INSERT INTO fields (entry, position, name, value) VALUES (?1, ?2, ?3, ?4)";
pub(super) fn store_pairs(change: &Connection, insert: &str, id: EntryId, pairs: &[(String, String)]) -> Result<()> {
    let mut statement = change.prepare(insert).or_fault()?;
    for (position, (name, value)) in (0_i64..).zip(pairs) {
        statement.execute(params![id, position, name, value]).or_fault()?;
    }
    Ok(())
}

/// What the row of an entry says already.
pub(super) struct Known<'a> {
    pub(super) number: &'a str,
    pub(super) intent: &'a str,
    pub(super) fen: u32,
}

/// How a value is written: the two lowest bits of its first number; the others are its length, or which one.
const BYTES: u64 = 0;
const WORD: u64 = 1;
const DIGITS: u64 = 2;
const KNOWN: u64 = 3;

fn torn() -> crate::journal::fault::JournalFault {
    damaged("the fields of a past entry are not as they were stored")
}

/// Writes pairs. A value that the entry before had under the same name becomes a word.
pub(super) fn encode(
    words: &mut Words<'_>,
    pairs: &[(String, String)],
    before: &[(String, String)],
    known: &Known<'_>,
    out: &mut Vec<u8>,
) -> Result<()> {
    let (has_room, fen) = (words.has_room()?, known.fen.to_string());
    number(out, u64::try_from(pairs.len()).unwrap_or(u64::MAX));
    for pair in pairs {
        let (name, value) = pair;
        number(out, u64::try_from(words.number(name)?).unwrap_or_default());
        let is_known = [known.number, known.intent, &fen].iter().position(|have| have == value);
        let word = match value.len() > 3 {
            true if has_room && is_said_again(name) && before.contains(pair) => Some(words.number(value)?),
            true => words.find(value)?,
            false => None,
        };
        if let Some(place) = is_known {
            tagged(out, KNOWN, place);
        } else if let Some(id) = word.and_then(|id| usize::try_from(id).ok()) {
            tagged(out, WORD, id);
        } else if value.len() > 2 && value.bytes().all(|byte| byte.is_ascii_digit()) {
            tagged(out, DIGITS, value.len());
            let digits = value.as_bytes().chunks(2).map(|two| two.iter().fold(0, |sum, digit| sum << 4 | (digit & 15)));
            out.extend(digits);
        } else {
            tagged(out, BYTES, value.len());
            out.extend(value.as_bytes());
        }
    }
    Ok(())
}

/// Fields whose values come again and again, and are no person's: words are never removed. A list, because a program has the tables of its own
/// gateways only; a unit test holds that each table that has such a field lets a log show it.
const SAID_AGAIN: [&str; 33] = [
    "account_type",
    "agentid",
    "amt_type",
    "appid",
    "approval_type",
    "bill_type",
    "charset",
    "check_name",
    "device_info",
    "fee_type",
    "is_raw",
    "limit_credit_pay",
    "limit_pay",
    "mch_id",
    "msgappid",
    "notify_way",
    "partner_id",
    "product_id",
    "profit_sharing",
    "refund_account",
    "refund_channel",
    "refund_fee_type",
    "scene_id",
    "service",
    "sign_method",
    "sign_type",
    "sub_appid",
    "sub_mch_id",
    "tar_type",
    "trade_type",
    "version",
    "ww_msg_type",
    "wxappid",
];

/// Whether a value of this field may become a word.
fn is_said_again(name: &str) -> bool {
    SAID_AGAIN.contains(&name)
}

fn tagged(out: &mut Vec<u8>, tag: u64, value: usize) {
    number(out, u64::try_from(value).unwrap_or(u64::MAX).wrapping_shl(2) | tag);
}

/// Seven bits a byte, the lowest first.
fn number(out: &mut Vec<u8>, mut value: u64) {
    while value > 0x7F {
        out.push(u8::try_from(value & 0x7F).unwrap_or_default() | 0x80);
        value >>= 7;
    }
    out.push(u8::try_from(value).unwrap_or_default());
}

/// Reads pairs, and moves on behind them.
pub(super) fn decode(words: &mut Words<'_>, from: &mut &[u8], known: &Known<'_>) -> Result<Vec<(String, String)>> {
    let count = read_number(from)?;
    let mut pairs = Vec::new();
    for _ in 0..count {
        let name = word(words, read_number(from)?)?;
        pairs.push((name, value(words, from, known)?));
    }
    Ok(pairs)
}

fn word(words: &mut Words<'_>, number: u64) -> Result<String> {
    words.text(i64::try_from(number).map_err(|_| torn())?)
}

fn value(words: &mut Words<'_>, from: &mut &[u8], known: &Known<'_>) -> Result<String> {
    let first = read_number(from)?;
    let (tag, size) = (first & 3, first >> 2);
    let length = usize::try_from(size).map_err(|_| torn())?;
    match (tag, size) {
        (WORD, id) => word(words, id),
        (KNOWN, 0) => Ok(known.number.into()),
        (KNOWN, 1) => Ok(known.intent.into()),
        (KNOWN, 2) => Ok(known.fen.to_string()),
        (DIGITS, _) => {
            let packed = take(from, length.div_ceil(2))?;
            let mut digits = String::new();
            for (at, byte) in packed.iter().enumerate() {
                let is_single = length % 2 == 1 && at.saturating_add(1) == packed.len();
                let both = if is_single { [None, Some(byte & 15)] } else { [Some(byte >> 4), Some(byte & 15)] };
                digits.extend(both.into_iter().flatten().map(|digit| char::from(b'0'.saturating_add(digit))));
            }
            Ok(digits)
        }
        (BYTES, _) => String::from_utf8(take(from, length)?.to_vec()).map_err(|_| torn()),
        _ => Err(torn()),
    }
}

fn take<'a>(from: &mut &'a [u8], length: usize) -> Result<&'a [u8]> {
    let (taken, rest) = from.split_at_checked(length).ok_or_else(torn)?;
    *from = rest;
    Ok(taken)
}

fn read_number(from: &mut &[u8]) -> Result<u64> {
    let mut value = 0_u64;
    for shift in (0..63).step_by(7) {
        let byte = *take(from, 1)?.first().unwrap_or(&0);
        value |= u64::from(byte & 0x7F).wrapping_shl(shift);
        if byte < 0x80 {
            return Ok(value);
        }
    }
    Err(torn())
}

#[cfg(test)]
#[path = "../../../tests/unit/journal/sqlite/pairs.rs"]
mod tests;
