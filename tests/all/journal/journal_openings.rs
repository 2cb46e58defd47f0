//! Each opening of a journal: its serials, one writer, one terminal.

use std::collections::BTreeSet;
use std::fs;

use wxpay_terminal::*;

use crate::journal::journal::{
    DEVICE, Dice, Folder, TERMINAL, begin, child, copy_folder, fails, fresh, new_entry, numbered, open, said,
};
use crate::support::{Counting, NOW, size};

/// The same bytes for ever.
struct Stuck;

impl Random for Stuck {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(0x5A);
        Ok(())
    }
}

/// Only 16 different bytes, and the same in each place.
struct Biased(Dice);

impl Random for Biased {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.fill(self.0.roll(16) as u8);
        Ok(())
    }
}

// -- serials ---------------------------------------------------------------------------------------------------------

#[test]
fn openings_with_a_biased_source_never_repeat_an_epoch() {
    let folder = Folder::new();
    let biased = Biased(Dice::new(5));
    let mut epochs = BTreeSet::new();
    let openings = size("WXPAY_OPENINGS", 1_000, 10_000);
    for count in 0..openings {
        let random: &dyn Random = if count % 100 == 0 { &Stuck } else { &biased };
        let mut journal = SqliteJournal::open(folder.journal(), TERMINAL, DEVICE, random).unwrap();
        let mut first = None;
        let mut keep = |serial: Serial| {
            first = Some(serial);
            Err(ChinaTime::from_unix(-1).unwrap_err())
        };
        journal.begin(&new_entry("x", NOW), &mut keep).unwrap_err();
        let Some(Serial { epoch, counter: 0 }) = first else { panic!("{first:?}") };
        assert!(epoch < EPOCHS && epochs.insert(epoch), "{epoch} twice");
    }
    println!("openings: {openings}, epochs: {}", epochs.len());
}

#[test]
fn a_full_counter_goes_on_under_another_epoch() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let mut serials = BTreeSet::new();
    let mut numbers = BTreeSet::new();
    // A serial is handed out once, whether an entry came of it or not. (Each entry waits for the disk.)
    let every = size("WXPAY_EVERY", 40, 1) as u32;
    for count in 0..2 * COUNTERS + 10 {
        let is_made = (count + 5) % COUNTERS < 10 || count % every == 0;
        let mut keep = |serial: Serial| {
            assert!(serials.insert(serial), "{serial:?} twice");
            if !is_made {
                return Err(ChinaTime::from_unix(-1).unwrap_err());
            }
            let mut numbered = numbered(serial)?;
            numbered.fields.clear();
            Ok(numbered)
        };
        match journal.begin(&new_entry(&count.to_string(), NOW), &mut keep) {
            Ok(entry) => assert!(is_made && numbers.insert(entry.order_number)),
            Err(fault) => assert!(!is_made && fault.kind() == JournalFaultKind::Number, "{count}: {fault}"),
        }
    }
    assert!(numbers.len() as u32 >= 2 * COUNTERS / every, "{}", numbers.len());
    let epochs: BTreeSet<u32> = serials.iter().map(|serial| serial.epoch).collect();
    assert_eq!(epochs.len(), 3);
    assert!(serials.iter().all(|serial| serial.counter < COUNTERS));

    // A number that fails while the epoch is new: the epoch is rolled back, and not used.
    let mut failed = None;
    for _ in 0..COUNTERS {
        let mut never = |serial: Serial| {
            failed = Some(serial.epoch);
            Err(ChinaTime::from_unix(-1).unwrap_err())
        };
        journal.begin(&new_entry("y", NOW), &mut never).unwrap_err();
    }
    let mut after = None;
    let mut keep = |serial: Serial| {
        after = Some(serial);
        numbered(serial)
    };
    journal.begin(&new_entry("y", NOW), &mut keep).unwrap();
    let after = after.unwrap();
    assert!(!epochs.contains(&after.epoch));
    assert_ne!(Some(after.epoch), failed);
    println!("numbers: {}, epochs: {}", numbers.len(), epochs.len() + 1);
}

#[test]
fn clones_and_backups_repeat_no_number() {
    let folder = Folder::new();
    let mut numbers = BTreeSet::new();
    let mut pay = |folder: &Folder, times: u32, name: &str| {
        let mut journal = folder.open();
        for count in 0..times {
            let number = begin(&mut journal, &format!("{name} {count}")).order_number;
            assert!(numbers.insert(number.clone()), "{number} twice");
        }
    };
    pay(&folder, 20, "original");
    let (clone, backup) = (Folder::new(), Folder::new());
    copy_folder(&folder.0, &clone.0);
    copy_folder(&folder.0, &backup.0);
    pay(&clone, 20, "clone");
    pay(&folder, 20, "goes on");
    for round in 0..5 {
        for file in fs::read_dir(&folder.0).unwrap() {
            fs::remove_file(file.unwrap().path()).unwrap();
        }
        copy_folder(&backup.0, &folder.0);
        pay(&folder, 20, &format!("restored {round}"));
    }
    // Deleted altogether.
    for file in fs::read_dir(&folder.0).unwrap() {
        fs::remove_file(file.unwrap().path()).unwrap();
    }
    pay(&folder, 20, "new");
    println!("numbers of original, clone and backups: {}", numbers.len());
}

#[test]
fn no_random_numbers_no_journal() {
    struct Dead;
    impl Random for Dead {
        fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
            Err(ChinaTime::from_unix(-1).unwrap_err())
        }
    }
    let folder = Folder::new();
    fails(SqliteJournal::open(folder.journal(), TERMINAL, DEVICE, &Dead), JournalFaultKind::Number);
    drop(folder.open());
}

// -- one writer, one terminal ----------------------------------------------------------------------------------------

#[test]
fn one_writer() {
    let folder = Folder::new();
    let journal = folder.open();
    let fault = fails(open(&folder.journal()), JournalFaultKind::Busy);
    println!("busy: {}", fault.text());
    // By another name of the same file, too.
    #[cfg(unix)]
    {
        let link = folder.0.join("link.db");
        std::os::unix::fs::symlink(folder.journal(), &link).unwrap();
        fails(open(&link), JournalFaultKind::Busy);
    }
    let other = said(child("open", &folder.journal()));
    assert!(other[0].starts_with("DID fail Busy another program has this journal open"), "{other:?}");
    drop(journal);
    assert_eq!(said(child("open", &folder.journal())), ["DID open"]);
}

#[test]
fn another_terminal_is_turned_away() {
    let folder = Folder::new();
    begin(&mut folder.open(), "prize");
    for (terminal, device_info) in [(8, DEVICE), (TERMINAL, Some("another")), (TERMINAL, None), (8, None)] {
        let opened = SqliteJournal::open(folder.journal(), terminal, device_info, &fresh());
        let fault = fails(opened, JournalFaultKind::Foreign);
        assert!(fault.text().contains("terminal 7, device_info 013467007045764"), "{fault}");
    }
    assert_eq!(folder.open().unacknowledged().unwrap().len(), 1);
    let nameless = Folder::new();
    drop(SqliteJournal::open(nameless.journal(), 65_535, None, &fresh()).unwrap());
    drop(SqliteJournal::open(nameless.journal(), 65_535, None, &fresh()).unwrap());
    fails(SqliteJournal::open(nameless.journal(), 65_535, Some(""), &fresh()), JournalFaultKind::Foreign);
}

#[test]
fn a_shell_that_holds_a_write_lock_is_busy_and_nothing_is_stored() {
    let folder = Folder::new();
    let mut journal = folder.open();
    begin(&mut journal, "before");
    let other = rusqlite::Connection::open(folder.journal()).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    fails(journal.begin(&new_entry("prize", NOW), &mut numbered), JournalFaultKind::Busy);
    assert_eq!(journal.unacknowledged().unwrap().len(), 1, "reading goes on");
    other.execute_batch("ROLLBACK").unwrap();
    begin(&mut journal, "prize");
}

/// The terminal's number in the requests was changed (F54): the journal goes on under the new one, with its intents.
#[test]
fn a_device_is_renamed_and_its_intents_stay() {
    let folder = Folder::new();
    let open = |device| SqliteJournal::open(folder.journal(), 7, device, &Counting::new());
    let rename = |terminal, names| SqliteJournal::rename_device(folder.journal(), terminal, names, &Counting::new());
    // It makes none.
    assert_eq!(rename(7, (None, Some("POS-7"))).unwrap_err().kind(), JournalFaultKind::Storage);
    assert!(!folder.journal().exists());
    let entry = begin(&mut open(Some("POS-7")).unwrap(), "prize");
    let words = open(Some("POS-8")).unwrap_err();
    assert!(words.kind() == JournalFaultKind::Foreign && words.text().contains("rename_device"), "{words}");
    for (terminal, names) in
        [(8, (Some("POS-7"), Some("POS-8"))), (7, (Some("POS-9"), Some("POS-8"))), (7, (None, None))]
    {
        assert_eq!(rename(terminal, names).unwrap_err().kind(), JournalFaultKind::Foreign);
    }
    let mut journal = rename(7, (Some("POS-7"), Some("POS-8"))).unwrap();
    assert_eq!(journal.owner(), Owner { terminal: 7, device_info: Some("POS-8".into()) });
    assert_eq!(journal.of_intent("prize").unwrap(), std::slice::from_ref(&entry));
    drop(journal);
    assert_eq!(open(Some("POS-7")).unwrap_err().kind(), JournalFaultKind::Foreign);
    assert_eq!(open(Some("POS-8")).unwrap().of_intent("prize").unwrap(), std::slice::from_ref(&entry));
    // And back to none.
    drop(rename(7, (Some("POS-8"), None)).unwrap());
    assert_eq!(open(None).unwrap().of_intent("prize").unwrap(), std::slice::from_ref(&entry));
}
