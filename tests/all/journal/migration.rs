//! Journals of older schemas: version 1, made by the code before digests, version 2, before reversals, and version 3, before acknowledged entries
//! were put away (tests/journals: every kind of entry, what prune leaves, two epochs): all of it reads the same after the migration, and nothing that was paid becomes payable.

use std::fs;
use std::path::Path;

use wxpay_terminal::*;

use crate::journal::flips::{begin_at, open, rows};
use crate::journal::journal::{Folder, fresh};
use crate::support::NOW;
use crate::till::modelled::{Modelled, Time};
use crate::till::simulation::{Said, pay, till};

fn version_1() -> Folder {
    of_version(1)
}

fn of_version(version: u32) -> Folder {
    let folder = Folder::new();
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/journals");
    for (name, to) in [("db", "journal.db"), ("db.lock", "journal.db.lock")] {
        fs::copy(from.join(format!("version_{version}.{name}")), folder.0.join(to)).unwrap();
    }
    folder
}

fn change(folder: &Folder, sql: &str) {
    let file = rusqlite::Connection::open(folder.journal()).unwrap();
    file.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF").unwrap();
    file.execute_batch(sql).unwrap();
}

/// Every entry as one text, by SQL.
const STORED: &str = "
    SELECT printf('%d|%s|%s|%s|%s|%d|%d|%d|%d|%d|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s|%s', e.id, account, call, intent,
        order_number, fen, begun_at, attempts, last_attempt_at, known, ifnull(acknowledged_at, '-'), state,
        ifnull(queried, '-'), ifnull(code, '-'), ifnull(text, '-'), ifnull(next, '-'), ifnull(wait_seconds, '-'),
        ifnull(wait_nanoseconds, '-'), ifnull(reason, '-'), ifnull(person, '-'),
        (SELECT ifnull(group_concat(name || '=' || value, ';'), '') FROM (SELECT * FROM fields WHERE entry = e.id ORDER BY position)),
        (SELECT ifnull(group_concat(name || '=' || value, ';'), '') FROM (SELECT * FROM evidence WHERE entry = e.id ORDER BY position)))
    FROM entries AS e ORDER BY id";

/// The same text, from what the library read.
fn line(entry: &Entry) -> String {
    let join = |pairs: &[(String, String)]| {
        pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join(";")
    };
    let none = || String::from("-");
    let mut state = [none(), none(), none(), none(), none(), none(), none(), none()];
    let mut proof = String::new();
    let word = match &entry.state {
        EntryState::Open => "open",
        EntryState::Recorded(Settlement::Accepted { queried, evidence }) => {
            (state[0], proof) = (u8::from(*queried).to_string(), join(evidence));
            "accepted"
        }
        EntryState::Recorded(Settlement::Declined { code, text, next }) => {
            (state[1], state[2]) = (code.clone(), text.clone());
            state[3] = match next {
                Next::SameNumber => "same number".into(),
                Next::NewNumber => "new number".into(),
                Next::Stop => "stop".into(),
                Next::SameNumberLater(wait) => {
                    (state[4], state[5]) = (wait.as_secs().to_string(), wait.subsec_nanos().to_string());
                    "same number later".into()
                }
            };
            "declined"
        }
        EntryState::Recorded(Settlement::NotSent) => "not sent",
        EntryState::Recorded(Settlement::Abandoned) => "abandoned",
        EntryState::Recorded(Settlement::Ordered { evidence }) => {
            proof = join(evidence);
            "ordered"
        }
        EntryState::Recorded(Settlement::PaidLate { evidence }) => {
            proof = join(evidence);
            "paid late"
        }
        EntryState::Recorded(Settlement::ForAPerson { reason }) => {
            state[6] = reason.to_string();
            "for a person"
        }
        EntryState::Recorded(Settlement::ByHand { paid, name, reason }) => {
            (state[6], state[7]) = (reason.clone(), name.clone());
            if *paid { "by hand: paid" } else { "by hand: not paid" }
        }
        other => panic!("{other:?}"),
    };
    let acknowledged = entry.acknowledged_at.map_or_else(none, |at| at.to_string());
    let first = [
        entry.id.to_string(),
        entry.account.clone(),
        entry.call.clone(),
        entry.intent.clone(),
        entry.order_number.clone(),
        entry.amount.get().to_string(),
        entry.begun_at.to_string(),
        entry.attempts.to_string(),
        entry.last_attempt_at.to_string(),
        u8::from(entry.known).to_string(),
        acknowledged,
        word.into(),
    ];
    [first.join("|"), state.join("|"), join(&entry.fields), proof].join("|")
}

fn all(journal: &mut SqliteJournal) -> Vec<Entry> {
    (1..=40).filter_map(|id| journal.entry(id).unwrap()).collect()
}

#[test]
fn an_older_journal_reads_the_same_after_its_migration() {
    (1..=2).for_each(reads_the_same);
}

fn reads_the_same(old: u32) {
    let folder = of_version(old);
    let stored: Vec<String> = rows(&folder.journal(), STORED).unwrap();
    let version = |folder: &Folder| rows(&folder.journal(), "PRAGMA user_version").unwrap();
    assert_eq!((stored.len(), version(&folder)), (19, vec![format!("Integer({old})")]));
    let others = [
        "SELECT epoch FROM epochs",
        "SELECT id, entry, at, paid, person, reason FROM by_hand",
        "SELECT id, intent, order_number, call, amount_fen, outcome, begun, settled, acknowledged, attempts, code, text, next, \
         reason, person, account FROM payments",
    ];
    let before = others.map(|sql| rows(&folder.journal(), sql).unwrap());
    for opening in 0..3 {
        let mut journal = open(&folder.journal()).unwrap();
        let read: Vec<String> = all(&mut journal).iter().map(|entry| format!("Text({:?})", line(entry))).collect();
        assert_eq!(read, stored, "opening {opening}");
        let unacknowledged = journal.unacknowledged().unwrap().len();
        let blanked_or_acknowledged = ["blanked", "by hand and blanked", "acknowledged"];
        assert_eq!(unacknowledged, 19 - blanked_or_acknowledged.len());
        drop(journal);
        assert_eq!(rows(&folder.journal(), STORED).unwrap(), stored);
        let now = others.map(|sql| rows(&folder.journal(), sql).unwrap());
        assert!(before[0].iter().all(|epoch| now[0].contains(epoch)));
        assert_eq!(now[1..], before[1..]);
    }
    assert_eq!(version(&folder), ["Integer(4)"]);
}

/// Seventy-two are acknowledged, so with the first opening some are put away. People and the library read what they read before.
#[test]
fn a_journal_of_version_3_puts_away_what_was_acknowledged() {
    let folder = of_version(3);
    let view = "SELECT id, intent, order_number, call, amount_fen, outcome, begun, settled, acknowledged, of_order, attempts, reversals, code, text, \
                next, reason, person, account FROM payments ORDER BY id";
    let shown = rows(&folder.journal(), view).unwrap();
    let stored = rows(&folder.journal(), STORED).unwrap();
    let count = |table: &str| rows(&folder.journal(), &format!("SELECT count(*) FROM {table}")).unwrap().concat();
    assert_eq!((shown.len(), stored.len(), count("gone")), (91, 91, "Integer(1)".into()));
    for opening in 0..2 {
        let mut journal = open(&folder.journal()).unwrap();
        assert!(journal.verify().unwrap() >= 8, "opening {opening}");
        for number in 0..70 {
            let entry = journal.of_intent(&format!("receipt {number:02}")).unwrap().pop().unwrap();
            assert!(stored.contains(&format!("Text({:?})", line(&entry))), "{}", entry.intent);
            let fault = begin_at(&mut journal, "sendredpack", &entry.intent, NOW).unwrap_err();
            assert_eq!(fault.kind(), JournalFaultKind::Refused, "{fault}");
        }
        let fault = begin_at(&mut journal, "sendredpack", "pruned", NOW).unwrap_err();
        assert!(fault.kind() == JournalFaultKind::Refused && fault.text().contains("pruned"), "{fault}");
        assert_eq!(journal.unacknowledged().unwrap().len(), 91 - 72);
        drop(journal);
        assert_eq!(rows(&folder.journal(), view).unwrap(), shown);
    }
    assert_eq!(rows(&folder.journal(), "PRAGMA user_version").unwrap(), ["Integer(4)"]);
    assert_ne!(count("past"), "Integer(0)");
}

/// Of version 2 every row has a digest: a flipped value is found before anything is migrated, and the file stays as it was.
#[test]
fn a_journal_of_version_2_that_was_changed_is_refused() {
    for sql in [
        "UPDATE entries SET state = 'declined', code = 'X', text = 'Y', next = 'new number', queried = NULL WHERE id = 6",
        "UPDATE entries SET fen = 1 WHERE id = 4",
        "UPDATE fields SET value = '900' WHERE entry = 4 AND name = 'total_amount'",
        "DELETE FROM entries WHERE id = 20",
        "DROP VIEW payments; CREATE VIEW payments AS SELECT id, 'accepted' AS outcome FROM entries",
    ] {
        let folder = of_version(2);
        change(&folder, sql);
        let before = fs::read(folder.journal()).unwrap();
        let fault = open(&folder.journal()).map(drop).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{sql}: {fault}");
        assert_eq!(fs::read(folder.journal()).unwrap(), before, "{sql}");
    }
}

/// What each intent allows, as version 1 did. "gone" was pruned before.
const ALLOWED: [&str; 5] = ["gone", "declined, new number", "not sent", "abandoned", "by hand, not paid"];

#[test]
fn nothing_paid_becomes_payable_by_the_migration() {
    let folder = version_1();
    let mut journal = open(&folder.journal()).unwrap();
    let mut allowed = Vec::new();
    for entry in all(&mut journal) {
        let call = if entry.call == "sendredpack" { "sendredpack" } else { "pay.weixin.wap" };
        match begin_at(&mut journal, call, &entry.intent, 1_795_248_100) {
            Ok(new) => {
                assert_eq!(new.id, 21 + allowed.len() as EntryId, "a number is not given twice");
                allowed.push(entry.intent);
            }
            Err(fault) => assert_eq!(fault.kind(), JournalFaultKind::Refused, "{}", entry.intent),
        }
    }
    assert_eq!(allowed, ALLOWED[1..]);

    // The same through a till: no byte leaves for what was paid.
    let folder = version_1();
    let (time, wire) = (Time::new(), Modelled::new("redpack", 1, 0));
    let desk = till("redpack", open(&folder.journal()).unwrap(), &wire, &time);
    for intent in ["accepted", "accepted by query", "acknowledged", "by hand, paid", "for a person", "declined, stop"] {
        let said = pay("redpack", &desk, intent, 200);
        let paid = !["for a person", "declined, stop"].contains(&intent);
        assert_eq!(matches!(said, Said::Accepted(_)), paid, "{intent}: {said:?}");
        assert_eq!(wire.posts(), 0, "{intent}");
    }
}

#[test]
fn a_journal_of_version_1_that_was_changed_is_refused_or_believed_by_nobody() {
    for sql in [
        "DELETE FROM fields WHERE entry = 6 AND position = 3",
        "UPDATE entries SET state = 'accepted ', queried = NULL WHERE id = 4",
        "DROP VIEW payments; CREATE VIEW payments AS SELECT id, 'accepted' AS outcome FROM entries",
        "DROP INDEX entries_by_intent",
        "DELETE FROM journal",
    ] {
        let folder = version_1();
        change(&folder, sql);
        let before = fs::read(folder.journal()).unwrap();
        let fault = open(&folder.journal()).map(drop).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{sql}: {fault}");
        assert_eq!(fs::read(folder.journal()).unwrap(), before, "{sql}");
    }
    // A value that changed before there were digests: the till sees that it contradicts the entry.
    for sql in [
        "UPDATE fields SET value = '190000010920261121003BDA5JI7' WHERE entry = 4 AND name = 'mch_billno'",
        "UPDATE fields SET value = '900' WHERE entry = 4 AND name = 'total_amount'",
        "UPDATE fields SET value = '1900000108' WHERE entry = 4 AND name = 'mch_id'",
    ] {
        let folder = version_1();
        change(&folder, sql);
        let (time, wire) = (Time::new(), Modelled::new("redpack", 1, 0));
        let desk = till("redpack", open(&folder.journal()).unwrap(), &wire, &time);
        assert_eq!(pay("redpack", &desk, "open", 200), Said::Unknown(Reason::ForAPerson), "{sql}");
        assert_eq!(wire.posts(), 0, "{sql}");
    }
    // Another terminal's is left alone.
    let folder = version_1();
    let fault = SqliteJournal::open(folder.journal(), 8, None, &fresh()).map(drop).unwrap_err();
    assert_eq!(fault.kind(), JournalFaultKind::Foreign);
    assert_eq!(rows(&folder.journal(), "PRAGMA user_version").unwrap(), ["Integer(1)"]);
}
