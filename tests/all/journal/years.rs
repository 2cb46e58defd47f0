//! Years of journal: what was acknowledged long ago costs nothing, is found, and is what it was.

use std::fs;

use wxpay_terminal::*;

use crate::journal::flips::{PAGE, REDPACK, begin_at, open, rows};
use crate::journal::journal::{Folder, accepted};
use crate::support::{NOW, size};

const DAY: i64 = 86_400;

/// Acknowledged entries, a hundred a day, the last of them today. On a disk that nobody waits for.
pub fn years(folder: &Folder, count: i64) {
    let mut journal = open(&folder.journal()).unwrap();
    for number in 0..count {
        let id = begin_at(&mut journal, "sendredpack", &intent(number), time(number, count)).unwrap().id;
        journal.settle(id, &accepted(), time(number, count) + 2).unwrap();
        journal.acknowledge(id, time(number, count) + 3).unwrap();
    }
}

fn time(number: i64, count: i64) -> i64 {
    NOW - (count - number) * DAY / 100
}

fn intent(number: i64) -> String {
    format!("receipt {number:08}")
}

#[test]
fn what_was_put_away_reads_the_same() {
    let folder = Folder::new();
    let count = 300;
    years(&folder, count);
    let mut journal = open(&folder.journal()).unwrap();
    let past = journal.verify().unwrap();
    assert!(past >= 200, "{past}");
    let mut all = Vec::new();
    for number in 0..count {
        let mut of = journal.of_intent(&intent(number)).unwrap();
        let entry = of.pop().unwrap();
        assert!(of.is_empty() && entry.intent == intent(number) && entry.begun_at == time(number, count));
        assert_eq!(entry.state, EntryState::Recorded(accepted()));
        assert_eq!((entry.fields.len(), entry.field("remark")), (11, Some(&*intent(number))));
        assert_eq!(entry.field("mch_billno"), Some(&*entry.order_number));
        assert_eq!(journal.by_order_number(REDPACK, &entry.order_number).unwrap().as_ref(), Some(&entry));
        assert_eq!(journal.entry(entry.id).unwrap().as_ref(), Some(&entry));
        all.push(entry);
    }
    let found = journal.by_evidence(REDPACK, "send_listid", "100000000020150520314766074200").unwrap();
    assert_eq!(found.map(|entry| entry.id), Some(1));
    // Down through all of them, whatever place it begins at.
    for from in [0, 1, 2, 63, 64, 65, 128, 200, 301, i64::MAX] {
        let below: Vec<Entry> = all.iter().rev().filter(|entry| entry.id < from).take(90).cloned().collect();
        assert_eq!(journal.before(from, 90).unwrap(), below, "{from}");
    }
    assert_eq!(
        journal.last_attempt_to(REDPACK, "re_openid", all[0].field("re_openid").unwrap()).unwrap(),
        Some(time(299, count))
    );
    // A day has its hundred, and nothing else.
    let day = journal.summary(NOW - 2 * DAY, NOW - DAY).unwrap();
    assert_eq!((day.len(), day[0].count, day[0].fen, &*day[0].outcome), (1, 100, 20_000, "accepted"));
    assert_eq!(journal.summary(i64::MIN, i64::MAX).unwrap()[0].count, 300);
    assert!(journal.of_intent("receipt 0").unwrap().is_empty() && journal.entry(301).unwrap().is_none());
    // People see one list.
    let shown =
        rows(&folder.journal(), "SELECT count(*), count(DISTINCT account), count(call), min(outcome) FROM payments");
    assert_eq!(shown.unwrap(), ["Integer(300)|Integer(1)|Integer(300)|Text(\"accepted\")"]);
    // Paid is paid.
    let fault = begin_at(&mut journal, "sendredpack", &intent(5), NOW).unwrap_err();
    assert_eq!(fault.kind(), JournalFaultKind::Refused, "{fault}");
    // Late money of one that was put away, and its acknowledgement.
    let declined =
        Settlement::Declined { code: "NOTENOUGH".into(), text: "余额不足".into(), next: Next::NewNumber };
    let id = begin_at(&mut journal, "sendredpack", "late", NOW).unwrap().id;
    journal.settle(id, &declined, NOW).unwrap();
    journal.acknowledge(id, NOW).unwrap();
    // Who reads the view sees when the gateway had it paid, before and after.
    let timed = begin_at(&mut journal, "sendredpack", "timed", NOW).unwrap().id;
    let evidence = vec![("transaction_id".into(), "42001".into()), ("time_end".into(), "20261121160301".into())];
    journal.settle(timed, &Settlement::Accepted { queried: true, evidence }, NOW).unwrap();
    journal.acknowledge(timed, NOW).unwrap();
    let shows = || rows(&folder.journal(), "SELECT intent, time_end FROM payments WHERE time_end IS NOT NULL").unwrap();
    let when = ["Text(\"timed\")|Text(\"20261121160301\")"];
    assert_eq!(shows(), when);
    for number in 0..100 {
        let id = begin_at(&mut journal, "sendredpack", &format!("later {number}"), NOW).unwrap().id;
        journal.settle(id, &accepted(), NOW).unwrap();
        journal.acknowledge(id, NOW).unwrap();
    }
    assert_eq!(shows(), when);
    assert_eq!(journal.by_evidence(REDPACK, "transaction_id", "42001").unwrap().map(|entry| entry.id), Some(timed));
    assert!(rows(&folder.journal(), "SELECT id FROM entries WHERE intent = 'timed'").unwrap().is_empty());
    let count = |journal: &mut SqliteJournal| (journal.verify().unwrap(), journal.entry(id).unwrap().unwrap());
    let (before, was) = count(&mut journal);
    let late = Settlement::PaidLate { evidence: vec![("transaction_id".into(), "42000".into())] };
    journal.settle(id, &late, NOW + 9).unwrap();
    let (after, is) = count(&mut journal);
    assert_eq!((after, is.revision, is.acknowledged_at), (before - 1, was.revision + 1, None));
    assert_eq!(journal.unacknowledged().unwrap(), [is]);
    drop(journal);
    let mut journal = open(&folder.journal()).unwrap();
    journal.acknowledge(id, NOW + 10).unwrap();
    journal.acknowledge(id, NOW + 11).unwrap();
    assert_eq!(journal.entry(id).unwrap().unwrap().acknowledged_at, Some(NOW + 10));
}

/// Bytes of the file an entry, fields and evidence with them.
#[test]
fn an_entry_takes_few_bytes() {
    let folder = Folder::new();
    let count = 800;
    years(&folder, count);
    let bytes = fs::metadata(folder.journal()).unwrap().len() as i64;
    println!("bytes of an entry among {count}: {}", bytes / count);
    assert!(bytes / count <= 450, "{}", bytes / count);
    let mut journal = open(&folder.journal()).unwrap();
    assert!(journal.verify().unwrap() > 700);
}

/// A bit flips in what no opening reads: whoever asks is refused, or reads what it was. An intent that was paid is never unknown.
#[test]
fn a_flip_among_years_is_refused_or_reads_the_same() {
    let folder = Folder::new();
    let count = 400;
    years(&folder, count);
    let whole = fs::read(folder.journal()).unwrap();
    let lock = fs::read(folder.0.join("journal.db.lock")).unwrap();
    let read = |journal: &mut SqliteJournal| -> Result<Vec<Entry>, JournalFault> {
        let mut all = Vec::new();
        for number in (0..count).step_by(7) {
            let of = journal.of_intent(&intent(number))?;
            assert_eq!(of.len(), 1, "{} is unknown", intent(number));
            let again = journal.by_order_number(REDPACK, &of[0].order_number)?;
            assert_eq!(again.as_ref(), of.first());
            all.extend(of);
        }
        all.extend(journal.before(30, 10)?);
        Ok(all)
    };
    let place = Folder::new();
    let put = |bytes: &[u8]| {
        for suffix in ["", "-wal", "-shm"] {
            let _ = fs::remove_file(place.0.join(format!("journal.db{suffix}")));
        }
        fs::write(place.journal(), bytes).unwrap();
        fs::write(place.0.join("journal.db.lock"), &lock).unwrap();
    };
    put(&whole);
    let (entries, sums) = {
        let mut journal = open(&place.journal()).unwrap();
        (read(&mut journal).unwrap(), journal.summary(NOW - 3 * DAY, NOW - DAY).unwrap())
    };
    let stride = size("WXPAY_FLIPS", 29_989, 1_597) as usize;
    let (mut opened, mut refused) = (0, 0);
    for bit in (100 * 8..whole.len() * 8).step_by(stride) {
        let mut bytes = whole.clone();
        bytes[bit / 8] ^= 1 << (bit % 8);
        put(&bytes);
        let said = open(&place.journal()).and_then(|mut journal| {
            opened += 1;
            let entries = read(&mut journal)?;
            Ok((entries, journal.summary(NOW - 3 * DAY, NOW - DAY)?))
        });
        match said {
            Ok(said) => assert!(
                said == (entries.clone(), sums.clone()),
                "page {}, bit {bit}: read differently",
                bit / 8 / PAGE + 1
            ),
            Err(fault) => {
                assert_eq!(fault.kind(), JournalFaultKind::Damaged, "bit {bit}: {fault}");
                refused += 1;
            }
        }
    }
    println!("flips among years: opened {opened}, refused {refused}");
    assert!(refused > 10 && opened > refused / 2);
}

/// Bytes that this thread read from files.
#[cfg(target_os = "linux")]
fn bytes_read() -> u64 {
    let said = fs::read_to_string("/proc/thread-self/io").unwrap();
    said.lines().find_map(|line| line.strip_prefix("rchar: ")).unwrap().parse().unwrap()
}

/// What each call reads of the file, right after an opening: the depth of the trees, and the entries that each opening reads.
#[cfg(target_os = "linux")]
fn costs(folder: &Folder) -> Vec<(&'static str, u64)> {
    let mut found = Vec::new();
    let mut journal = None;
    let mut take = |name: &'static str, call: &mut dyn FnMut(&mut Option<SqliteJournal>)| {
        let before = bytes_read();
        call(&mut journal);
        found.push((name, bytes_read() - before));
    };
    type At<'a> = &'a mut Option<SqliteJournal>;
    take("open", &mut |at: At<'_>| *at = Some(open(&folder.journal()).unwrap()));
    let mut with = |name, call: &mut dyn FnMut(&mut SqliteJournal)| {
        // Nothing of it is in memory.
        take("", &mut |at: At<'_>| {
            *at = None;
            *at = Some(open(&folder.journal()).unwrap());
        });
        take(name, &mut |at: At<'_>| call(at.as_mut().unwrap()));
    };
    let mut id = 0;
    with("of_intent", &mut |journal| assert!(journal.of_intent("never").unwrap().is_empty()));
    with("begin", &mut |journal| id = begin_at(journal, "sendredpack", "costs", NOW).unwrap().id);
    with("settle", &mut |journal| assert!(journal.settle(id, &accepted(), NOW + 2).unwrap() > 1));
    with("acknowledge", &mut |journal| journal.acknowledge(id, NOW + 3).unwrap());
    with("last_attempt_to", &mut |journal| assert_eq!(journal.last_attempt_to(REDPACK, "openid", "o").unwrap(), None));
    with("by_order_number", &mut |journal| assert_eq!(journal.by_order_number(REDPACK, "1").unwrap(), None));
    with("unacknowledged", &mut |journal| assert!(journal.unacknowledged().unwrap().is_empty()));
    with("prune", &mut |journal| {
        assert_eq!(journal.prune(NOW - 4_000 * DAY, NOW - 4_000 * DAY, &|_| None).unwrap(), 0)
    });
    with("summary of a day", &mut |journal| drop(journal.summary(NOW + DAY, NOW + 2 * DAY).unwrap()));
    with("the entries before one", &mut |journal| drop(journal.before(i64::MAX, 20).unwrap()));
    found.retain(|(name, _)| !name.is_empty());
    found
}

/// Against the same journal when it is young: 80 entries, of which 64 stay among the open ones.
#[cfg(target_os = "linux")]
#[test]
fn what_is_past_costs_nothing() {
    let many = size("WXPAY_YEARS", 1_000, 10_000) as i64;
    let [young, old] = [120, many].map(|count| {
        let folder = Folder::new();
        years(&folder, count);
        let lock = fs::metadata(folder.0.join("journal.db.lock")).unwrap().len();
        (costs(&folder), lock)
    });
    let ((young, lock), (old, old_lock)) = (young, old);
    assert_eq!(lock, old_lock, "the lock file grows");
    for ((name, young), (_, old)) in young.into_iter().zip(old) {
        println!("{name}: {young} bytes read among 120 entries, {old} among {many}");
        // Some more pages on the way down, and no more.
        assert!(old <= young + 48 * 1024, "{name}: {young} bytes, then {old}");
    }
}

/// A clock that was never set: the next entry's time says how old one is, and where none has a time none is read for it.
#[cfg(target_os = "linux")]
#[test]
fn entries_that_nobody_can_date_cost_a_pruning_little() {
    let costs = [120, size("WXPAY_YEARS", 1_000, 10_000) as i64].map(|count| {
        let folder = Folder::new();
        let mut journal = open(&folder.journal()).unwrap();
        for number in 0..count {
            let id = begin_at(&mut journal, "sendredpack", &intent(number), number).unwrap().id;
            journal.settle(id, &accepted(), number + 2).unwrap();
            journal.acknowledge(id, number + 3).unwrap();
        }
        let step = |journal: &mut SqliteJournal| journal.prune_step(NOW, NOW, &|_| None, 16).unwrap();
        // All of them out of the way.
        while journal.verify().unwrap() < count as u64 {
            assert!(step(&mut journal));
        }
        drop(journal);
        let mut journal = open(&folder.journal()).unwrap();
        let before = bytes_read();
        assert!(step(&mut journal));
        let read = bytes_read() - before;
        while step(&mut journal) {}
        assert_eq!(journal.before(i64::MAX, 10).unwrap().len(), 10, "none is old");
        // One with a time makes those near it old: they go, and so does it.
        let id = begin_at(&mut journal, "sendredpack", "dated", NOW - 2 * DAY).unwrap().id;
        journal.settle(id, &accepted(), NOW - 2 * DAY).unwrap();
        journal.acknowledge(id, NOW - DAY).unwrap();
        while step(&mut journal) {}
        let left = journal.before(i64::MAX, 20_000).unwrap().len() as i64;
        let near = count.min(7 * 64)..=count.min(8 * 64);
        assert!(near.contains(&(count - left)), "{left} of {count} are left");
        read
    });
    println!("bytes that a step reads, by entries without a time: {costs:?}");
    assert!(costs[1] <= costs[0] + 48 * 1024, "{costs:?}");
}
