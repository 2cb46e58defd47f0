//! An intent that was pruned is never paid again.

use wxpay_terminal::*;

use crate::journal::flips::{begin_at, open};
use crate::journal::journal::{Folder, accepted, new_entry, numbered};
use crate::support::{DECIDED, NOW};

const DAY: i64 = 86_400;

/// Two intents: one of a clock that was far behind, acknowledged and pruned under the right one; and one of today.
fn pruned() -> Folder {
    let folder = Folder::new();
    let mut journal = open(&folder.journal()).unwrap();
    let then = NOW - 50 * DAY;
    let entry = begin_at(&mut journal, "sendredpack", "prize", then).unwrap();
    journal.settle(entry.id, &Settlement::Accepted { queried: true, evidence: vec![] }, then).unwrap();
    journal.acknowledge(entry.id, then).unwrap();
    begin_at(&mut journal, "sendredpack", "today", NOW).unwrap();
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY, &|_| Some(DECIDED)).unwrap(), 1);
    folder
}

#[test]
fn a_pruned_intent_is_refused_for_ever() {
    let folder = pruned();
    for _ in 0..2 {
        let mut journal = open(&folder.journal()).unwrap();
        let fault = begin_at(&mut journal, "sendredpack", "prize", NOW).unwrap_err();
        assert!(fault.kind() == JournalFaultKind::Refused && fault.text().contains("pruned"), "{fault}");
        assert!(journal.of_intent("prize").unwrap().is_empty());
    }
    // Another one is another payment.
    begin_at(&mut open(&folder.journal()).unwrap(), "sendredpack", "prize 2", NOW).unwrap();
}

/// Money may lie under a refusal without proof: it stays, with the time it was written at, until the query said what became of it.
#[test]
fn a_refusal_without_proof_stays() {
    let folder = Folder::new();
    let then = NOW - 50 * DAY;
    let id = {
        let mut journal = open(&folder.journal()).unwrap();
        let entry = begin_at(&mut journal, "micropay", "sale", then).unwrap();
        assert_eq!(entry.settled_at, None);
        let (code, next) = ("NOTENOUGH".to_string(), Next::NewNumber);
        journal.settle(entry.id, &Settlement::Unproven { code, text: String::new(), next }, then + 2).unwrap();
        journal.acknowledge(entry.id, then + 3).unwrap();
        assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY, &|_| Some(DECIDED)).unwrap(), 0);
        entry.id
    };
    let mut journal = open(&folder.journal()).unwrap();
    assert_eq!(journal.entry(id).unwrap().unwrap().settled_at, Some(then + 2));
    let (code, next) = ("REVOKED".to_string(), Next::NewNumber);
    journal.settle(id, &Settlement::Declined { code, text: String::new(), next }, NOW - 40 * DAY).unwrap();
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY, &|_| Some(DECIDED)).unwrap(), 1);
}

/// 16 bytes and what SQLite adds; no text of the intent.
#[test]
fn what_stays_is_small_and_says_nothing() {
    let folder = pruned();
    let file = rusqlite::Connection::open(folder.journal()).unwrap();
    let (count, length): (i64, i64) = file
        .query_row("SELECT count(*), max(length(key)) - 1 FROM keys WHERE key >= x'08'", [], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .unwrap();
    assert_eq!((count, length), (1, 16));
}

#[test]
fn marks_that_were_changed_or_lost_are_damage() {
    for sql in [
        "DELETE FROM keys WHERE key >= x'08'",
        "DELETE FROM keys",
        "UPDATE keys SET key = CAST(x'08' || zeroblob(16) AS BLOB) WHERE key >= x'08'",
        "UPDATE keys SET link = zeroblob(8) WHERE key = x''",
        "INSERT INTO keys VALUES (CAST(x'08' || randomblob(16) AS BLOB), 0, randomblob(8))",
    ] {
        let folder = pruned();
        let file = rusqlite::Connection::open(folder.journal()).unwrap();
        file.execute_batch(sql).unwrap();
        drop(file);
        // An opening does not read them: whoever asks for the intent does, and `verify`.
        let verified = open(&folder.journal()).and_then(|mut journal| journal.verify());
        assert_eq!(verified.unwrap_err().kind(), JournalFaultKind::Damaged, "{sql}");
        let begun = open(&folder.journal()).and_then(|mut journal| begin_at(&mut journal, "sendredpack", "prize", NOW));
        assert_eq!(begun.unwrap_err().kind(), JournalFaultKind::Damaged, "{sql}");
    }
    for sql in [
        "INSERT INTO gone VALUES (randomblob(16))",
        "UPDATE journal SET gone = 1",
        "UPDATE journal SET gone_sum = 1",
        "UPDATE journal SET past = 1",
        "DROP TABLE keys",
    ] {
        let folder = pruned();
        rusqlite::Connection::open(folder.journal()).unwrap().execute_batch(sql).unwrap();
        assert_eq!(open(&folder.journal()).unwrap_err().kind(), JournalFaultKind::Damaged, "{sql}");
    }
}

/// An order can be refunded for a year, by whichever of its numbers: it stays as long as its refunds are summed up (POS flows 5, 20.13).
#[test]
fn an_order_stays_with_its_refunds() {
    let folder = Folder::new();
    let mut journal = open(&folder.journal()).unwrap();
    let accepts = |journal: &mut SqliteJournal, intent: &str, of: Option<&str>| {
        let entry = journal.begin(&NewEntry { of, ..new_entry(intent, NOW) }, &mut numbered).unwrap();
        journal.settle(entry.id, &accepted(), NOW).unwrap();
        journal.acknowledge(entry.id, NOW).unwrap();
        entry.order_number
    };
    accepts(&mut journal, "never refunded", None);
    let order = accepts(&mut journal, "refunded", None);
    accepts(&mut journal, "return", Some(&order));
    let mut prunes = |days| journal.prune(NOW + days * DAY, NOW + (days - 30) * DAY, &|_| Some(DECIDED)).unwrap();
    assert_eq!((prunes(31), prunes(300), prunes(365), prunes(367)), (1, 0, 0, 2));
}
