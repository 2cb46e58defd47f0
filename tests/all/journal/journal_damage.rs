//! Damage to the files of a journal: it opens whole, or not at all.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Command;

use wxpay_terminal::*;

use crate::journal::flips::PAGE;
use crate::journal::journal::{
    ACCOUNT, Dice, Folder, accepted, begin, child, copy_folder, fails, has_tools, open, settled, settlements,
};
use crate::support::NOW;
use crate::support::memory_journal::Newest;

/// The shell with leave to write.
fn change(path: &Path, sql: &str) {
    let output = Command::new("sqlite3").arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A journal of some size, and what is in it.
fn big(folder: &Folder) -> Vec<Entry> {
    let mut journal = folder.open();
    for count in 0..60 {
        let id = settled(&mut journal, &format!("prize {count}"), NOW, &settlements()[count % 11]);
        if journal.entry(id).unwrap().unwrap().is_settled() && count % 3 == 0 {
            journal.acknowledge(id, NOW + 1).unwrap();
        }
    }
    all_entries(&mut journal)
}

fn all_entries(journal: &mut SqliteJournal) -> Vec<Entry> {
    (1..=200).filter_map(|id| journal.entry(id).unwrap()).collect()
}

fn opens_whole_or_damaged(folder: &Folder, entries: &[Entry]) -> bool {
    let before = fs::read(folder.journal()).ok();
    match open(&folder.journal()) {
        Ok(mut journal) => {
            assert_eq!(all_entries(&mut journal), entries);
            true
        }
        Err(fault) => {
            assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{fault}");
            assert!(fault.text().contains("not recreated") && fault.text().contains(".recover"));
            assert_eq!(fs::read(folder.journal()).ok(), before, "a damaged file was changed");
            false
        }
    }
}

#[test]
fn a_cut_file_is_damaged() {
    let folder = Folder::new();
    let entries = big(&folder);
    let whole = fs::read(folder.journal()).unwrap();
    let mut cases = 0;
    let lengths = (0..whole.len()).step_by(1021).chain((0..whole.len()).step_by(PAGE)).chain([1, 15, 16, 99, 100, 512]);
    for length in lengths {
        fs::write(folder.journal(), &whole[..length]).unwrap();
        assert!(!opens_whole_or_damaged(&folder, &entries), "{length} of {}", whole.len());
        cases += 1;
    }
    fs::write(folder.journal(), &whole).unwrap();
    assert!(opens_whole_or_damaged(&folder, &entries));
    println!("cut files: {cases}, all damaged");
}

#[test]
fn an_overwritten_page_is_damage_or_harmless() {
    let folder = Folder::new();
    let entries = big(&folder);
    let whole = fs::read(folder.journal()).unwrap();
    let lock = folder.0.join("journal.db.lock");
    let promised = fs::read(&lock).unwrap();
    let dice = Dice::new(11);
    let (mut harmless, mut cases) = (0, 0);
    for page in 0..whole.len() / PAGE {
        for kind in 0..4 {
            let mut bytes = whole.clone();
            let place = &mut bytes[page * PAGE..][..PAGE];
            match kind {
                0 => place.fill(0),
                1 => place.fill(0xFF),
                // A whole page of noise; half a page of noise.
                2 => place.iter_mut().for_each(|byte| *byte = dice.roll(256) as u8),
                _ => place[PAGE / 2..].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8),
            }
            fs::write(folder.journal(), &bytes).unwrap();
            harmless += u32::from(opens_whole_or_damaged(&folder, &entries));
            cases += 1;
            fs::write(folder.journal(), &whole).unwrap();
            fs::write(&lock, &promised).unwrap();
        }
    }
    println!("overwritten pages: {cases}, damaged {}, harmless {harmless}", cases - harmless);
}

/// A page that never reached the disk: the one before it is still there, and looks good.
#[test]
fn a_page_that_was_not_written_hides_no_entry() {
    let folder = Folder::new();
    big(&folder);
    let (mut cases, mut damaged) = (0, 0);
    for round in 0..6 {
        let before = fs::read(folder.journal()).unwrap();
        let mut journal = folder.open();
        let entry = begin(&mut journal, &format!("newest {round}"));
        drop(journal);
        let after = fs::read(folder.journal()).unwrap();
        let lock = folder.0.join("journal.db.lock");
        let promised = fs::read(&lock).unwrap();
        for page in 0..before.len().min(after.len()) / PAGE {
            let place = page * PAGE..(page + 1) * PAGE;
            if before[place.clone()] == after[place.clone()] {
                continue;
            }
            let mut bytes = after.clone();
            bytes[place.clone()].copy_from_slice(&before[place]);
            fs::write(folder.journal(), &bytes).unwrap();
            cases += 1;
            let found = open(&folder.journal()).and_then(|mut journal| journal.latest(ACCOUNT, &entry.intent));
            match found {
                Ok(found) => assert_eq!(found.as_ref(), Some(&entry), "page {page}"),
                Err(fault) => {
                    assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{fault}");
                    damaged += 1;
                }
            }
            fs::write(folder.journal(), &after).unwrap();
            fs::write(&lock, &promised).unwrap();
        }
    }
    println!("pages not written: {cases}, damaged {damaged}, harmless {}", cases - damaged);
    assert!(cases > 20 && damaged > 10);
}

#[test]
fn what_is_no_journal_is_damaged() {
    let folder = Folder::new();
    let other_database = folder.0.join("other.db");
    rusqlite::Connection::open(&other_database).unwrap().execute_batch("CREATE TABLE t (n)").unwrap();
    for (name, content) in [
        ("empty", vec![]),
        ("text", b"hello".to_vec()),
        ("zeros", vec![0; 8192]),
        ("other", fs::read(&other_database).unwrap()),
    ] {
        let path = folder.0.join(name);
        fs::write(&path, &content).unwrap();
        let fault = fails(open(&path), JournalFaultKind::Damaged);
        assert_eq!(fs::read(&path).unwrap(), content);
        println!("{name}: {}", fault.text());
    }
}

#[test]
fn a_database_that_vanished_is_not_a_new_terminal() {
    let folder = Folder::new();
    begin(&mut folder.open(), "prize");
    fs::rename(folder.journal(), folder.0.join("away")).unwrap();
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
    assert!(!folder.journal().exists());
    fs::rename(folder.0.join("away"), folder.journal()).unwrap();
    assert_eq!(folder.open().unacknowledged().unwrap().len(), 1);
    // A WAL alone.
    let other = Folder::new();
    fs::write(other.0.join("journal.db-wal"), b"").unwrap();
    fails(open(&other.journal()), JournalFaultKind::Damaged);
    // What is left of a first opening that lost power is no journal yet.
    let third = Folder::new();
    for name in ["journal.db.lock", "journal.db.new", "journal.db.new-wal", "journal.db.new-journal"] {
        fs::write(third.0.join(name), b"").unwrap();
    }
    begin(&mut third.open(), "prize");
    assert!(!third.0.join("journal.db.new").exists());
}

/// A killed process leaves a WAL with payments in it.
#[cfg(unix)]
fn killed() -> (Folder, Entry) {
    let folder = Folder::new();
    settled(&mut folder.open(), "earlier", NOW, &accepted());
    let mut running = child("begin and hang", &folder.journal()).spawn().unwrap();
    let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
    lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("DID begin")).unwrap();
    running.kill().unwrap();
    running.wait().unwrap();
    let copy = Folder::new();
    copy_folder(&folder.0, &copy.0);
    let entry = folder.open().latest(ACCOUNT, "prize 1").unwrap().unwrap();
    (copy, entry)
}

/// Somebody tidies up: the WAL looks like a leftover, and holds the newest payments.
#[cfg(unix)]
#[test]
fn a_wal_that_vanished_is_damage() {
    let (folder, entry) = killed();
    let wal = folder.0.join("journal.db-wal");
    let content = fs::read(&wal).unwrap();
    assert!(content.len() > 4 * PAGE);
    for kept in [None, Some(0), Some(32), Some(PAGE - 24)] {
        let _ = fs::remove_file(&wal);
        if let Some(length) = kept {
            fs::write(&wal, &content[..length]).unwrap();
        }
        let fault = fails(open(&folder.journal()), JournalFaultKind::Damaged);
        assert!(fault.text().contains("-wal file is missing"), "{fault}");
    }
    fs::write(&wal, &content).unwrap();
    assert_eq!(folder.open().latest(ACCOUNT, "prize 1").unwrap(), Some(entry));
    // A shell that moves the WAL while no program runs does no harm.
    if has_tools() {
        let (folder, entry) = killed();
        change(&folder.journal(), "SELECT count(*) FROM payments");
        assert!(!folder.0.join("journal.db-wal").exists());
        assert_eq!(folder.open().latest(ACCOUNT, "prize 1").unwrap(), Some(entry));
    }
    // A backup of the database alone, put back beside a newer lock file.
    let folder = Folder::new();
    drop(folder.open());
    let backup = fs::read(folder.journal()).unwrap();
    begin(&mut folder.open(), "prize");
    let newer = fs::read(folder.journal()).unwrap();
    fs::write(folder.journal(), &backup).unwrap();
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
    fs::write(folder.journal(), &newer).unwrap();
    assert_eq!(folder.open().unacknowledged().unwrap().len(), 1);
}

/// The database is cut while a WAL lies beside it: what the WAL holds may be enough, else it is damage.
#[cfg(unix)]
#[test]
fn a_cut_database_beside_its_wal_is_whole_or_damaged() {
    let (folder, entry) = killed();
    let kept = Folder::new();
    copy_folder(&folder.0, &kept.0);
    let whole = fs::read(folder.journal()).unwrap();
    let (mut cases, mut good) = (0, 0);
    for length in (0..=whole.len()).step_by(PAGE) {
        fs::write(folder.journal(), &whole[..length]).unwrap();
        match open(&folder.journal()) {
            Ok(mut journal) => {
                assert_eq!(journal.latest(ACCOUNT, "prize 1").unwrap().as_ref(), Some(&entry), "{length}");
                assert!(journal.latest(ACCOUNT, "earlier").unwrap().unwrap().is_settled());
                good += 1;
            }
            Err(fault) => assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{length}: {fault}"),
        }
        cases += 1;
        for file in fs::read_dir(&folder.0).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        copy_folder(&kept.0, &folder.0);
    }
    println!("databases cut beside their WAL: {cases}, damaged {}, whole {good}", cases - good);
    assert!(good >= 1 && good < cases);
}

#[test]
fn a_newer_schema_is_left_alone() {
    if !has_tools() {
        return;
    }
    let folder = Folder::new();
    begin(&mut folder.open(), "prize");
    change(&folder.journal(), "PRAGMA user_version = 5; ALTER TABLE entries ADD COLUMN new TEXT");
    let before = folder.bytes();
    fails(open(&folder.journal()), JournalFaultKind::Newer);
    assert_eq!(folder.bytes(), before);
    change(&folder.journal(), "PRAGMA user_version = 0");
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
    change(&folder.journal(), "PRAGMA user_version = 4; PRAGMA application_id = 1");
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
}

/// The files as a kill leaves them.
fn as_killed(folder: &Folder) -> Folder {
    let killed = Folder::new();
    copy_folder(&folder.0, &killed.0);
    killed
}

/// After a kill: the lock file was emptied or removed, and the WAL with the newest payments is gone, too (F54). Nobody can say what is
/// missing, so nothing opens; neither witness alone is enough.
#[test]
fn a_lost_lock_file_is_missed_with_and_without_the_wal() {
    let folder = Folder::new();
    begin(&mut folder.open(), "in the database");
    let mut journal = folder.open();
    begin(&mut journal, "in the WAL");
    for (lock, wal) in [("empty", false), ("removed", false), ("empty", true), ("removed", true), ("whole", false)] {
        let killed = as_killed(&folder);
        let beside = |name: &str| killed.journal().with_file_name(format!("journal.db{name}"));
        match lock {
            "empty" => fs::write(beside(".lock"), b"").unwrap(),
            "removed" => fs::remove_file(beside(".lock")).unwrap(),
            _ => {}
        }
        if !wal {
            fs::remove_file(beside("-wal")).unwrap();
        }
        let fault = open(&killed.journal()).unwrap_err();
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{lock} {wal}");
        let words = if lock == "whole" { "-wal file is missing" } else { "lock file beside it is missing or empty" };
        assert!(fault.text().contains(words), "{lock} {wal}: {fault}");
    }
    assert_eq!(open(&as_killed(&folder).journal()).unwrap().unacknowledged().unwrap().len(), 2);
    drop(journal);
    // A new journal has no lock file that says so, and opens.
    drop(Folder::new().open());
}

/// A power cut tears the line of the lock file that was just written, again and again: the other one says enough, and a database of before is
/// refused all the same.
#[test]
fn the_line_that_was_written_may_be_torn_each_time() {
    let folder = Folder::new();
    let lock = folder.0.join("journal.db.lock");
    begin(&mut folder.open(), "first");
    let backup = fs::read(folder.journal()).unwrap();
    for round in 0..6 {
        let before = fs::read(&lock).unwrap();
        begin(&mut folder.open(), &format!("round {round}"));
        let mut torn = fs::read(&lock).unwrap();
        assert_eq!(torn.len(), before.len(), "it grew");
        let text = String::from_utf8(torn.clone()).unwrap();
        let lines = text.match_indices("newest wal: ").filter(|(at, _)| before[*at..at + 56] != torn[*at..at + 56]);
        let written: Vec<usize> = lines.map(|(at, _)| at).collect();
        let [at] = written[..] else { panic!("not one line was written: {written:?}") };
        torn[at + 25..at + 40].fill(0);
        fs::write(&lock, &torn).unwrap();
        assert_eq!(folder.open().unacknowledged().unwrap().len(), round + 2, "round {round}");
        fs::write(&lock, &torn).unwrap();
    }
    fs::write(folder.journal(), &backup).unwrap();
    assert_eq!(open(&folder.journal()).unwrap_err().kind(), JournalFaultKind::Damaged);
}

/// Before they were written in place, a line was added for each WAL: these count, and nothing is added to them any more.
#[test]
fn the_lock_file_of_an_older_library_counts() {
    let folder = Folder::new();
    begin(&mut folder.open(), "first");
    let lock = folder.0.join("journal.db.lock");
    fs::write(&lock, "The journal beside this file holds payments.\nwal 1\n").unwrap();
    begin(&mut folder.open(), "second");
    let length = fs::metadata(&lock).unwrap().len();
    for _ in 0..20 {
        drop(folder.open());
    }
    assert_eq!(fs::metadata(&lock).unwrap().len(), length);
    let mut text = fs::read(&lock).unwrap();
    text.extend(b"\nwal 9999\n");
    fs::write(&lock, text).unwrap();
    let fault = open(&folder.journal()).unwrap_err();
    assert!(fault.text().contains("older than the files beside it"), "{fault}");
}

/// Cut at each length it opens whole or not at all, and has its lines again.
#[test]
fn a_cut_lock_file_is_mended_or_refused() {
    let folder = Folder::new();
    begin(&mut folder.open(), "first");
    let (lock, database) = (folder.0.join("journal.db.lock"), fs::read(folder.journal()).unwrap());
    let whole = fs::read(&lock).unwrap();
    let (mut opened, mut refused) = (0, 0);
    for length in 0..whole.len() {
        fs::write(folder.journal(), &database).unwrap();
        fs::write(&lock, &whole[..length]).unwrap();
        match open(&folder.journal()) {
            Ok(mut journal) => {
                assert_eq!(journal.unacknowledged().unwrap().len(), 1, "{length}");
                drop(journal);
                let text = String::from_utf8(fs::read(&lock).unwrap()).unwrap();
                assert!(
                    text.matches("newest wal: ").count() >= 2 && text.matches("last change: ").count() >= 2,
                    "{text}"
                );
                // What it says is believed: the database of before is refused.
                fs::write(folder.journal(), &database).unwrap();
                assert_eq!(open(&folder.journal()).unwrap_err().kind(), JournalFaultKind::Damaged, "{length}");
                opened += 1;
            }
            Err(fault) => {
                assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{length}: {fault}");
                refused += 1;
            }
        }
    }
    println!("cut lock files: {opened} opened, {refused} refused");
    assert!(opened > 100 && refused > 100);
}
