//! Trust in what is read back: what a journal gives is checked, by its digest and by the till.

use std::fs;
use std::time::Duration;

use wxpay_terminal::*;

use crate::journal::flips::{begin_at, open, rows};
use crate::journal::journal::{Folder, copy_folder};
use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::{Modelled, Time};
use crate::till::simulation::{Said, pay, till_over};

/// A till of the gateway, whose answers are prepared.
fn desk(gateway: &str, journal: impl Journal + 'static, canned: &Canned, time: &Time) -> Till {
    till_over(gateway, journal, time, &|| time.inputs(canned))
}

fn occurrences(bytes: &[u8], part: &str) -> Vec<usize> {
    (0..bytes.len()).filter(|at| bytes[*at..].starts_with(part.as_bytes())).collect()
}

// -- the file --------------------------------------------------------------------------------------------------------

/// The fault of the field: the first attempt was booked, its answer lost, and a bit of the stored number flips. The repeat
/// would be another payment.
#[test]
fn a_flipped_order_number_is_not_repeated() {
    let (folder, time) = (Folder::new(), Time::new());
    let canned = Canned::default();
    let lost = |times| (0..times).for_each(|_| _ = canned.then_fault(Sent::Maybe));
    lost(9);
    let till = desk("webgate", open(&folder.journal()).unwrap(), &canned, &time);
    assert!(matches!(pay("webgate", &till, "prize", 200), Said::Unknown(_)));
    let number = till.unacknowledged().unwrap()[0].order_number.clone();
    drop(till);
    let whole = fs::read(folder.journal()).unwrap();
    let places = occurrences(&whole, &number);
    assert!(places.len() >= 3, "the entry, its index and the field");
    for place in places {
        let mut bytes = whole.clone();
        bytes[place + number.len() - 1] ^= 1;
        let flipped = Folder::new();
        copy_folder(&folder.0, &flipped.0);
        fs::write(flipped.journal(), &bytes).unwrap();
        let fault = open(&flipped.journal()).map(drop).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{fault}");
        assert_eq!(fs::read(flipped.journal()).unwrap(), bytes, "it is not recreated");
    }
    // The words name the entry.
    let edited = Folder::new();
    copy_folder(&folder.0, &edited.0);
    edit(&edited, "UPDATE fields SET value = value || '7' WHERE name = 'out_trade_no'").unwrap();
    let fault = open(&edited.journal()).map(drop).unwrap_err();
    for words in ["entry 1", &number, "prize", "not as it was stored", "gateway"] {
        assert!(fault.text().contains(words), "{fault}");
    }
}

fn edit(folder: &Folder, sql: &str) -> rusqlite::Result<()> {
    let file = rusqlite::Connection::open(folder.journal())?;
    file.execute_batch("PRAGMA ignore_check_constraints = ON; PRAGMA foreign_keys = OFF; PRAGMA writable_schema = ON")?;
    file.execute_batch(sql)
}

/// A journal with a payment, an order that a person closed, and an entry that prune removed: the newest one.
fn some_entries() -> Folder {
    let folder = Folder::new();
    let mut journal = open(&folder.journal()).unwrap();
    let evidence = vec![("send_listid".to_string(), "1".to_string()), ("status".to_string(), "SENT".to_string())];
    let paid = begin_at(&mut journal, "sendredpack", "paid", NOW).unwrap().id;
    journal.settle(paid, &Settlement::Accepted { queried: true, evidence }, NOW + 1).unwrap();
    let text = String::from("wait");
    for (intent, settlement) in [
        ("open", None),
        (
            "later",
            Some(Settlement::Declined {
                code: "FREQ_LIMIT".into(),
                text,
                next: Next::SameNumberLater(Duration::new(60, 1)),
            }),
        ),
        ("hand", Some(Settlement::ByHand { paid: false, name: "王芳".into(), reason: "looked".into() })),
    ] {
        let id = begin_at(&mut journal, "sendredpack", intent, NOW).unwrap().id;
        settlement.map_or(Ok(0), |settlement| journal.settle(id, &settlement, NOW + 1)).unwrap();
    }
    let gone = begin_at(&mut journal, "sendredpack", "gone", NOW - 99).unwrap().id;
    journal.settle(gone, &Settlement::NotSent, NOW - 98).unwrap();
    journal.acknowledge(gone, NOW - 97).unwrap();
    assert_eq!(journal.prune(NOW - 50, NOW - 50, &|_| Some(DECIDED)).unwrap(), 1);
    folder
}

/// What another program writes, whatever rules it switches off.
#[test]
fn edits_by_sql_are_refused() {
    let mut edits: Vec<String> = Vec::new();
    for (column, value) in [
        ("account", "'redpack https://another.example'"),
        ("call", "'wxcharge'"),
        ("intent", "'paid '"),
        ("order_number", "'190000010920261121003BDA5JI9'"),
        ("fen", "201"),
        ("begun_at", "begun_at + 1"),
        ("attempts", "attempts + 1"),
        ("last_attempt_at", "last_attempt_at - 1"),
        ("state", "'not sent'"),
        ("known", "1 - known"),
        ("settled_at", "ifnull(settled_at, 0) + 1"),
        ("acknowledged_at", "1"),
        ("field_count", "NULL"),
        ("queried", "1 - ifnull(queried, 0)"),
        ("code", "'OTHER'"),
        ("text", "'other'"),
        ("next", "'new number'"),
        ("wait_seconds", "0"),
        ("wait_nanoseconds", "0"),
        ("reason", "'another'"),
        ("person", "'another'"),
        ("reversals", "reversals + 1"),
        ("last_reversal_at", "1"),
        ("of_order", "'20261121001'"),
        ("stage", "'unproven'"),
        ("revision", "revision + 1"),
        ("digest", "zeroblob(16)"),
        ("digest", "NULL"),
    ] {
        // Each entry in turn.
        edits.extend((1..=4).map(|id| format!("UPDATE entries SET {column} = {value} WHERE id = {id}")));
    }
    for sql in [
        "UPDATE entries SET id = 9 WHERE id = 2",
        "DELETE FROM entries WHERE id = 2",
        "DELETE FROM fields WHERE entry = 2; DELETE FROM entries WHERE id = 2",
        "INSERT INTO entries SELECT 7, account, call, 'new', '1', fen, begun_at, attempts, last_attempt_at, state, known, \
         settled_at, acknowledged_at, field_count, queried, code, text, next, wait_seconds, wait_nanoseconds, reason, \
         person, revision, last_code, last_text, decided, digest, reversals, last_reversal_at, stage, of_order FROM entries WHERE id = 2",
        // Two entries change places, with their digests.
        "UPDATE entries SET digest = (SELECT digest FROM entries WHERE id = 1) WHERE id = 2",
        "UPDATE fields SET entry = 9 WHERE entry = 1; UPDATE fields SET entry = 1 WHERE entry = 2; \
         UPDATE fields SET entry = 2 WHERE entry = 9",
        "UPDATE fields SET value = '201' WHERE entry = 2 AND name = 'total_amount'",
        "UPDATE fields SET name = 'remarks' WHERE entry = 2 AND name = 'remark'",
        "UPDATE fields SET position = position + 100",
        "UPDATE fields SET position = 50 WHERE entry = 2 AND position = 10",
        "DELETE FROM fields WHERE entry = 2 AND position = 10",
        "INSERT INTO fields VALUES (2, 11, 'scene_id', 'PRODUCT_1')",
        "INSERT INTO fields VALUES (77, 0, 'a', 'b')",
        "UPDATE evidence SET value = '2' WHERE name = 'send_listid'",
        "DELETE FROM evidence",
        "INSERT INTO evidence VALUES (2, 0, 'a', 'b')",
        "INSERT INTO evidence VALUES (77, 0, 'a', 'b')",
        // The border between a name and its value, and between fields.
        "UPDATE fields SET name = 'remarko', value = 'pen' WHERE entry = 2 AND name = 'remark'",
        "INSERT INTO evidence SELECT * FROM fields WHERE entry = 2; DELETE FROM fields WHERE entry = 2",
        "UPDATE by_hand SET paid = 1",
        "UPDATE by_hand SET person = 'x'",
        "UPDATE by_hand SET entry = 1",
        "UPDATE by_hand SET id = 2",
        "DELETE FROM by_hand",
        "INSERT INTO by_hand (entry, at, paid, person, reason) VALUES (1, 1, 0, 'x', 'y')",
        "UPDATE journal SET terminal = 6",
        "UPDATE journal SET device_info = NULL",
        "UPDATE journal SET wal = wal + 1",
        "UPDATE journal SET removed = 0",
        "UPDATE journal SET digest = NULL",
        "DELETE FROM journal",
        "UPDATE journal SET one = 2",
        "INSERT INTO journal (one, terminal) VALUES (2, 9)",
        "DELETE FROM epochs",
        "UPDATE epochs SET epoch = epoch + 1",
        "INSERT INTO epochs SELECT max(epoch) - 1 FROM epochs",
        // The number of the entry that was removed would be given again.
        "UPDATE sqlite_sequence SET seq = 4 WHERE name = 'entries'",
        "DELETE FROM sqlite_sequence",
        "UPDATE sqlite_sequence SET seq = seq + 1",
        "DROP VIEW payments",
        "UPDATE sqlite_schema SET sql = replace(sql, 'fen AS amount_fen', 'fen*10 AS amount_fen') WHERE name = 'payments'",
        "UPDATE sqlite_schema SET sql = replace(sql, 'attempts >= 1', 'attempts >= 0') WHERE name = 'entries'",
        "DROP INDEX entries_by_intent",
        "CREATE TRIGGER t AFTER INSERT ON entries BEGIN DELETE FROM fields; END",
        "CREATE TABLE other (n)",
        "ALTER TABLE entries ADD COLUMN more TEXT",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = 2",
        "PRAGMA user_version = 3",
        // What was there already.
        "PRAGMA user_version = 4",
        "UPDATE entries SET fen = fen",
        "UPDATE fields SET value = value; UPDATE evidence SET value = value",
        "PRAGMA application_id = 7",
    ] {
        edits.push(sql.into());
    }
    let before = some_entries();
    let whole = rows(&before.journal(), EVERYTHING).unwrap();
    let (mut refused, mut same) = (0, 0);
    for sql in &edits {
        let folder = Folder::new();
        copy_folder(&before.0, &folder.0);
        edit(&folder, sql).unwrap_or_else(|error| panic!("{sql}: {error}"));
        match open(&folder.journal()) {
            Err(fault) => {
                assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{sql}: {fault}");
                refused += 1;
            }
            // The edit set what was there already.
            Ok(_) => {
                assert!(rows(&folder.journal(), EVERYTHING).unwrap() == whole, "{sql}: read differently");
                same += 1;
            }
        }
    }
    println!("edits by SQL: {}, refused {refused}, same {same}", edits.len());
    assert_eq!(same, 3, "each other edit changes something");
    // What moves pages and no value does no harm.
    for sql in ["VACUUM", "PRAGMA wal_checkpoint(TRUNCATE)", "REINDEX"] {
        edit(&before, sql).unwrap();
        drop(open(&before.journal()).unwrap());
    }
}

const EVERYTHING: &str = "SELECT * FROM entries UNION ALL SELECT entry, position, name, value, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, \
                          0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0 FROM fields";

// -- while it is open ------------------------------------------------------------------------------------------------

/// The flash changes an entry under a running till: it is told, never sent, never believed, never skipped.
#[test]
fn an_entry_that_changes_while_the_till_is_open_stops_it() {
    for sql in [
        "UPDATE fields SET value = '900' WHERE entry = 1 AND name = 'total_amount'",
        "UPDATE entries SET state = 'declined', settled_at = 1, code = 'X', text = '', next = 'new number' WHERE id = 1",
        "UPDATE entries SET order_number = 'X' WHERE id = 1",
        "UPDATE entries SET attempts = 2 WHERE id = 1",
    ] {
        let (folder, time, canned) = (Folder::new(), Time::new(), Canned::default());
        for _ in 0..3 {
            canned.then_fault(Sent::Maybe);
        }
        let till = desk("redpack", open(&folder.journal()).unwrap(), &canned, &time).patience(Duration::ZERO);
        assert!(matches!(pay("redpack", &till, "prize", 200), Said::Unknown(_)));
        canned.then_fault(Sent::Maybe);
        assert!(matches!(pay("redpack", &till, "another", 200), Said::Unknown(_)));
        edit(&folder, sql).unwrap();
        let sent = canned.sent().len();
        assert_eq!(pay("redpack", &till, "prize", 200), Said::Unknown(Reason::Journal), "{sql}");
        for fault in [
            till.recover(Duration::from_secs(1)).unwrap_err(),
            till.unacknowledged().unwrap_err(),
            till.summary(0, i64::MAX).unwrap_err(),
        ] {
            assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{sql}");
            assert!(fault.text().contains("entry 1 ") && fault.text().contains("prize"), "{fault}");
        }
        // Storage that changed one entry may have changed others: nothing new is begun, nothing repeated.
        assert_eq!(pay("redpack", &till, "third", 200), Said::Error(ErrorKind::Journal), "{sql}");
        assert_eq!(canned.sent().len(), sent, "{sql}");
        // What became of another is still recorded.
        till.settle_by_hand(2, true, "王芳", "seen on the platform").unwrap();
        assert!((1..9).any(|revision| till.acknowledge(EntryVersion { id: 2, revision }).is_ok()), "{sql}");
        drop(till);
        assert_eq!(open(&folder.journal()).map(drop).unwrap_err().kind(), JournalFaultKind::Damaged);
    }
}

/// Pruning looks at everything before it removes anything.
#[test]
fn nothing_is_removed_from_a_journal_that_changed() {
    let folder = some_entries();
    let mut journal = open(&folder.journal()).unwrap();
    edit(&folder, "UPDATE entries SET acknowledged_at = 1, begun_at = 1795000000 WHERE id = 1").unwrap();
    assert_eq!(journal.prune(NOW + 99, NOW + 99, &|_| Some(DECIDED)).unwrap_err().kind(), JournalFaultKind::Damaged);
    assert_eq!(rows(&folder.journal(), "SELECT count(*) FROM entries").unwrap(), ["Integer(4)"]);
}

/// The last change was noted before it was pruned away: the journal opens, after a kill, too.
#[test]
fn a_pruned_entry_is_not_missed() {
    let (folder, killed) = (Folder::new(), Folder::new());
    let mut journal = open(&folder.journal()).unwrap();
    let id = begin_at(&mut journal, "sendredpack", "gone", NOW).unwrap().id;
    journal.settle(id, &Settlement::NotSent, NOW).unwrap();
    journal.acknowledge(id, NOW).unwrap();
    assert_eq!(journal.prune(NOW + 1, NOW + 1, &|_| Some(DECIDED)).unwrap(), 1);
    copy_folder(&folder.0, &killed.0);
    drop(journal);
    for folder in [&folder, &killed] {
        let mut journal = open(&folder.journal()).unwrap();
        assert_eq!(begin_at(&mut journal, "sendredpack", "next", NOW).unwrap().id, id + 1);
    }
}

// -- any journal -----------------------------------------------------------------------------------------------------

/// A payment whose answer is lost, in a journal that keeps no digest.
fn lost(gateway: &'static str) -> (MemoryJournal, Canned, Time) {
    let (journal, canned, time) = (MemoryJournal::default(), Canned::default(), Time::new());
    canned.then_fault(Sent::Maybe);
    let till = desk(gateway, journal.clone(), &canned, &time).patience(Duration::ZERO);
    assert!(matches!(pay(gateway, &till, "prize", 200), Said::Unknown(_)));
    (journal, canned, time)
}

fn number_field(gateway: &str) -> &'static str {
    match gateway {
        "redpack" => "mch_billno",
        "workwx" => "partner_trade_no",
        _ => "out_trade_no",
    }
}

type Change = Box<dyn Fn(&mut Entry)>;

fn set(entry: &mut Entry, name: &str, value: &str) {
    let field = entry.fields.iter_mut().find(|(have, _)| have == name).unwrap();
    field.1 = value.into();
}

/// Changes that a till can see: number, amount, identifiers, names.
fn visible(gateway: &'static str, whole: &Entry) -> Vec<Change> {
    let mut all: Vec<Change> = Vec::new();
    let number = number_field(gateway);
    let flips = |text: &str| -> Vec<String> {
        let bits = 0..text.len() * 8;
        let flipped = bits.map(|bit| {
            let mut bytes = text.as_bytes().to_vec();
            bytes[bit / 8] ^= 1 << (bit % 8);
            String::from_utf8(bytes).ok()
        });
        flipped.flatten().collect()
    };
    let (amount, identifiers): (&str, &[&str]) = match gateway {
        "redpack" => ("total_amount", &["mch_id", "wxappid"]),
        "workwx" => ("amount", &["mch_id", "appid"]),
        "swiftpass" => ("total_fee", &["mch_id", "sub_appid"]),
        _ => ("amount", &["partner_id"]),
    };
    for name in [&[number, amount], identifiers].concat() {
        for value in flips(whole.field(name).unwrap()) {
            all.push(Box::new(move |entry| set(entry, name, &value)));
        }
    }
    for value in flips(&whole.order_number) {
        all.push(Box::new(move |entry| entry.order_number = value.clone()));
    }
    for bit in 0..31 {
        all.push(Box::new(move |entry| entry.amount = Fen::new(i64::from(entry.amount.get() ^ (1 << bit))).unwrap()));
    }
    for at in 0..whole.fields.len() {
        all.push(Box::new(move |entry| entry.fields[at].0 = "sign".into()));
        all.push(Box::new(move |entry| entry.fields[at].0 += "x"));
        all.push(Box::new(move |entry| {
            let twice = entry.fields[at].clone();
            entry.fields.push(twice);
        }));
    }
    all.push(Box::new(|entry| entry.fields.clear()));
    all
}

#[test]
fn what_contradicts_itself_is_for_a_person_whatever_journal_keeps_it() {
    let mut tried = 0;
    for gateway in ["redpack", "workwx", "swiftpass", "webgate"] {
        let (journal, ..) = lost(gateway);
        for change in visible(gateway, &journal.all()[0]) {
            tried += 1;
            for way in 0..3 {
                let (journal, canned, time) = lost(gateway);
                let sent = canned.sent().len();
                journal.change(&change);
                let till = desk(gateway, journal.reopened(), &canned, &time).patience(Duration::from_secs(3));
                let entry = journal.all()[0].clone();
                match way {
                    0 => assert_eq!(
                        pay(gateway, &till, "prize", 200),
                        Said::Unknown(Reason::ForAPerson),
                        "{gateway}: {:?}",
                        entry.fields
                    ),
                    1 => {
                        let options = Options::new().repeats(Repeats::YoungerThan(Duration::from_secs(999)));
                        let report = till.recover_with(&options).unwrap();
                        let reason = doubt_of(&report[0]).map(|doubt| doubt.reason);
                        assert_eq!(reason, Some(Reason::ForAPerson), "{gateway}: {:?}", entry.fields);
                    }
                    _ => match till.payment_of(&entry.order_number) {
                        Ok(Outcome::Unknown(doubt)) => assert_eq!(doubt.reason, Reason::ForAPerson),
                        other => panic!("{gateway}: {other:?}"),
                    },
                }
                assert_eq!(canned.sent().len(), sent, "{gateway}: {:?}: something was sent", entry.fields);
            }
        }
    }
    println!(
        "entries that contradict themselves: {tried}, each for a person in pay, recover and payment_of; requests: 0"
    );
}

/// A new entry that comes back changed is not sent even once.
#[test]
fn an_entry_that_comes_back_changed_is_not_sent() {
    let changes: [fn(&mut Entry); 5] = [
        |entry| set(entry, "total_amount", "900"),
        |entry| entry.amount = fen(900),
        |entry| entry.order_number.push('0'),
        |entry| set(entry, "mch_id", "1900000108"),
        |entry| set(entry, "re_openid", ""),
    ];
    for change in changes {
        let (journal, canned, time) = (MemoryJournal::default(), Canned::default(), Time::new());
        journal.change_begun(change);
        let till = desk("redpack", journal.clone(), &canned, &time);
        assert_eq!(pay("redpack", &till, "prize", 200), Said::Unknown(Reason::ForAPerson));
        assert!(canned.sent().is_empty());
        assert!(matches!(journal.all()[0].state, EntryState::Recorded(Settlement::ForAPerson { .. })));
    }
}

/// Also where it says that nothing was paid: a new number is not used on such a word.
#[test]
fn a_refusal_that_contradicts_itself_allows_no_new_number() {
    for settlement in [
        Settlement::NotSent,
        Settlement::Declined { code: "X".into(), text: String::new(), next: Next::NewNumber },
        Settlement::Declined { code: "X".into(), text: String::new(), next: Next::SameNumber },
        Settlement::ByHand { paid: false, name: "王芳".into(), reason: "looked".into() },
        Settlement::Accepted { queried: false, evidence: vec![] },
    ] {
        let (mut journal, canned, time) = lost("redpack");
        journal.settle(1, &settlement, NOW).unwrap();
        journal.change(|entry| entry.order_number.replace_range(..1, "2"));
        time.jump(100);
        let till = desk("redpack", journal.reopened(), &canned, &time);
        assert_eq!(pay("redpack", &till, "prize", 200), Said::Unknown(Reason::ForAPerson), "{settlement:?}");
        assert_eq!(canned.sent().len(), 1);
    }
}

/// The same of an entry under another account: no other way is begun on such a word.
#[test]
fn an_entry_of_another_account_that_contradicts_itself_allows_no_other_way() {
    let declined = Settlement::Declined { code: "X".into(), text: String::new(), next: Next::NewNumber };
    for settlement in [declined, Settlement::NotSent, Settlement::Accepted { queried: false, evidence: vec![] }] {
        let (mut journal, canned, time) = lost("redpack");
        journal.settle(1, &settlement, NOW).unwrap();
        journal.change(|entry| entry.order_number.replace_range(..1, "2"));
        let till = desk("redpack", journal.reopened(), &canned, &time).with(workwx(&canned));
        assert_eq!(unknown(till.pay("prize", &employee(""))).reason, Reason::ForAPerson, "{settlement:?}");
        assert_eq!(canned.sent().len(), 1);
    }
}

/// A value that breaks its row's rule was never stored so: nothing is sent of it. It may still be asked about by its number.
#[test]
fn a_stored_value_that_breaks_a_rule_is_not_sent() {
    let (journal, canned, time) = lost("webgate");
    journal.change(|entry| set(entry, "openid", "2010\u{1}21010"));
    let till = desk("webgate", journal.reopened(), &canned, &time);
    // The intent's payee differs from the caller's: that is said first.
    assert_eq!(pay("webgate", &till, "prize", 200), Said::Error(ErrorKind::Field));
    let (journal, canned, time) = lost("webgate");
    journal.change(|entry| set(entry, "remark", "a\u{1}b"));
    let till = desk("webgate", journal.reopened(), &canned, &time);
    assert_eq!(pay("webgate", &till, "prize", 200), Said::Unknown(Reason::ForAPerson));
    let report = till.recover(Duration::ZERO).unwrap();
    let doubt = doubt_of(&report[0]).unwrap();
    assert!(doubt.text.contains("remark") && doubt.text.contains("control character"), "{doubt}");
    assert_eq!(canned.sent().len(), 1);

    let (journal, canned, time) = lost("redpack");
    journal.change(|entry| set(entry, "client_ip", "127.0.0.999"));
    let number = journal.all()[0].order_number.clone();
    let till = desk("redpack", journal.reopened(), &canned, &time).patience(Duration::from_secs(5));
    // Asked, not found: and not repeated.
    for _ in 0..9 {
        canned.then(&tenpay_failure("NOT_FOUND"));
    }
    assert_eq!(pay("redpack", &till, "prize", 200), Said::Unknown(Reason::ForAPerson));
    let sent = canned.sent();
    assert!(sent.len() > 1 && sent[1..].iter().all(|post| post.url.ends_with("gethbinfo")), "{sent:?}");
    assert!(sent[1..].iter().all(|post| xml_value(&post.body, "mch_billno").as_ref() == Some(&number)));
}

/// Limits that became narrower: what is open is asked about, and not repeated; what was never sent is not sent.
#[test]
fn stored_fields_are_checked_under_the_limits_of_today() {
    let narrow = |journal: MemoryJournal, canned: &Canned, time: &Time| {
        let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
        let account = account.amounts(fen(1), fen(100)).unwrap().amounts_without_scene(fen(1), fen(500)).unwrap();
        let inputs = time.inputs(canned);
        Till::with_inputs(Box::new(journal), Box::new(time.clone()), Box::new(time.clone()))
            .with(Client::with_inputs(account, terminal(), inputs).unwrap())
            .patience(Duration::from_secs(5))
    };
    let (journal, canned, time) = lost("redpack");
    for _ in 0..9 {
        canned.then(&tenpay_failure("NOT_FOUND"));
    }
    let till = narrow(journal.reopened(), &canned, &time);
    match till.pay("prize", &SendRedPack { remark: "prize", ..red_packet("") }) {
        Ok(Outcome::Unknown(doubt)) => assert!(doubt.text.contains("1 to 100 fen"), "{doubt}"),
        other => panic!("{other:?}"),
    }
    assert!(canned.sent()[1..].iter().all(|post| post.url.ends_with("gethbinfo")));

    let (mut journal, canned, time) = lost("redpack");
    journal.settle(1, &Settlement::NotSent, NOW).unwrap();
    let till = narrow(journal.reopened(), &canned, &time);
    let error = till.pay("prize", &SendRedPack { remark: "prize", ..red_packet("") }).unwrap_err();
    assert_eq!((error.kind(), error.field_name()), (ErrorKind::Field, "total_amount"));
    assert_eq!((canned.sent().len(), journal.all().len()), (1, 1));
}

/// A notification does not settle an entry that contradicts itself.
#[test]
fn a_notification_of_a_changed_entry_is_not_taken() {
    let (journal, time) = (MemoryJournal::default(), Time::new());
    let wire = Modelled::at("swiftpass", 1, 0, Some(time.clone()));
    let till = crate::till::simulation::till("swiftpass", journal.clone(), &wire, &time);
    let Said::Ordered(number) = pay("swiftpass", &till, "prize", 200) else { panic!("no order") };
    journal.change(|entry| set(entry, "total_fee", "201"));
    wire.customer_pays(&number);
    let notification = wire.notification(&number);
    assert!(till.notified(notification.as_bytes()).is_err());
    journal.change(|entry| set(entry, "total_fee", "200"));
    assert!(till.notified(notification.as_bytes()).unwrap().entry.is_paid());
}

// -- the digest of an entry ------------------------------------------------------------------------------------------

fn entry(settlement: Option<Settlement>, fields: &[(&str, &str)]) -> Entry {
    let new = NewEntry {
        account: "redpack https://gateway.example 1900000109",
        call: "sendredpack",
        intent: "抽奖 17",
        amount: fen(200),
        of: None,
        at: NOW,
    };
    let fields = fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect();
    let mut entry = Entry::new(42, &new, "190000010920261121003BDA5JI8".into(), fields);
    (entry.attempts, entry.last_attempt_at) = (2, NOW + 7);
    entry.state = settlement.map_or(EntryState::Open, EntryState::Recorded);
    entry
}

const FIELDS: &[(&str, &str)] =
    &[("mch_billno", "190000010920261121003BDA5JI8"), ("total_amount", "200"), ("remark", "")];

fn hex(bytes: [u8; 16]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Computed by Python's hashlib and struct, by the rule in the documentation of `Entry::digest`.
#[test]
fn the_digest_of_an_entry_is_what_its_documentation_says() {
    let pairs = |pairs: &[(&str, &str)]| pairs.iter().map(|(n, v)| (n.to_string(), v.to_string())).collect();
    let declined = |code: &str, text: &str, next| Settlement::Declined { code: code.into(), text: text.into(), next };
    let later = Next::SameNumberLater(Duration::new(60, 5));
    let mut accepted =
        entry(Some(Settlement::Accepted { queried: true, evidence: pairs(&[("status", "SENT")]) }), FIELDS);
    (accepted.known, accepted.acknowledged_at) = (true, Some(NOW + 9));
    let ordered = Settlement::Ordered { evidence: pairs(&[("mweb_url", "https://x")]) };
    let by_hand = Settlement::ByHand { paid: false, name: "王芳".into(), reason: "seen".into() };
    let mut said = entry(None, FIELDS);
    (said.last_words, said.revision) = (Some(Words { code: "SENDING".into(), text: "余额不足".into() }), 7);
    said.decided = Some([9; 16]);
    for (entry, expected) in [
        (entry(None, FIELDS), "076def067c1d18986d58584e20e00fbe"),
        (accepted, "5df5547757463cf5414acf1aa461a25d"),
        (entry(Some(declined("FREQ_LIMIT", "频率", later)), FIELDS), "5ab9fbcf4de80a8ea28f520023bed1db"),
        (entry(Some(declined("SEND_FAILED", "", Next::NewNumber)), &[]), "e3af5c22d4fec3595bfd28560d0eebfe"),
        (entry(Some(declined("A", "", Next::SameNumber)), &[]), "85409590a7ae20336c6eab19b486efd7"),
        (entry(Some(declined("A", "", Next::Stop)), &[]), "e526ef32e2adf6ea4133273504bd2a97"),
        (entry(Some(Settlement::NotSent), &[]), "41051e9bf0ee11be7eb404fb375fa22d"),
        (entry(Some(ordered), &[]), "db189725d4eba81d8e65af9ec2a631c4"),
        (entry(Some(Settlement::Abandoned), &[]), "41a536bc7c9c98b46c1ab285a06bc523"),
        (entry(Some(Settlement::PaidLate { evidence: vec![] }), &[]), "113363addcb6fb3610647e62303d0e62"),
        (entry(Some(Settlement::ForAPerson { reason: "why".into() }), &[]), "574e84c12df0c8cd9dc71c64a60c1827"),
        (entry(Some(by_hand), &[]), "a90802d784ae0dccb73ef91af5f6a0d0"),
        (said, "acc2a66a40d5912b68178f10ad2c1d83"),
    ] {
        assert_eq!(hex(entry.digest()), expected, "{entry:?}");
    }
}

#[test]
fn every_change_of_an_entry_changes_its_digest() {
    let whole = entry(None, FIELDS);
    let changes: [&dyn Fn(&mut Entry); 19] = [
        &|entry| entry.id = 43,
        &|entry| entry.account.push(' '),
        &|entry| entry.call = "gethbinfo".into(),
        &|entry| entry.intent = "抽奖 18".into(),
        &|entry| entry.order_number.push('0'),
        &|entry| entry.amount = fen(201),
        &|entry| entry.begun_at += 1,
        &|entry| entry.attempts += 1,
        &|entry| entry.last_attempt_at += 1,
        &|entry| entry.known = true,
        &|entry| entry.last_words = Some(Words::default()),
        &|entry| entry.revision += 1,
        &|entry| entry.decided = Some([0; 16]),
        &|entry| entry.acknowledged_at = Some(0),
        &|entry| entry.state = EntryState::Recorded(Settlement::NotSent),
        &|entry| entry.fields[2].1.push('x'),
        &|entry| entry.fields.swap(0, 1),
        // The same bytes, cut in another place.
        &|entry| entry.fields[1] = ("total_amount2".into(), "00".into()),
        &|entry| (entry.call, entry.intent) = ("sendredpac".into(), "k抽奖 17".into()),
    ];
    let digests: std::collections::BTreeSet<_> = changes
        .iter()
        .map(|change| {
            let mut entry = whole.clone();
            change(&mut entry);
            entry.digest()
        })
        .chain([whole.digest()])
        .collect();
    assert_eq!(digests.len(), changes.len() + 1);
}
