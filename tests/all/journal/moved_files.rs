//! The files of an open journal are removed, moved, replaced, linked or written to by another program: nothing is sent any
//! more, and nobody else opens the journal as long as it is open.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use wxpay_simulator::this_program;
use wxpay_terminal::*;

use crate::support::*;

struct Folder(PathBuf);

impl Folder {
    fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let folder = std::env::temp_dir().join(format!("wxpay-files-{}-{count}", std::process::id()));
        fs::create_dir_all(folder.join("journal")).unwrap();
        Folder(fs::canonicalize(folder).unwrap())
    }

    fn journal(&self) -> PathBuf {
        self.0.join("journal/pay.db")
    }

    fn file(&self, suffix: &str) -> PathBuf {
        self.0.join(format!("journal/pay.db{suffix}"))
    }

    fn elsewhere(&self) -> PathBuf {
        self.0.join("elsewhere")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn till(path: &Path, canned: &Canned) -> Till {
    let journal = SqliteJournal::open(path, 7, Some("013467007045764"), &SystemRandom).unwrap();
    Till::open(journal).with(redpack(canned)).patience(std::time::Duration::ZERO)
}

fn pay(till: &Till, intent: &str) -> Result<Outcome<Receipt<RedPackSent>>, Error> {
    till.pay(intent, &red_packet(""))
}

/// Not a test of its own: another process that opens the journal.
#[test]
fn opens() {
    let Ok(path) = std::env::var("WXPAY_FILES_JOURNAL") else { return };
    match SqliteJournal::open(path, 7, Some("013467007045764"), &SystemRandom) {
        Ok(_) => println!("\nSAID opened"),
        Err(fault) => println!("\nSAID {:?}", fault.kind()),
    }
}

fn another_opens(path: &Path) -> String {
    let output = this_program()
        .args(["--exact", "journal::moved_files::opens", "--nocapture"])
        .env("WXPAY_FILES_JOURNAL", path)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    text.lines().find_map(|line| line.strip_prefix("SAID ")).unwrap_or_else(|| panic!("{text}")).into()
}

/// Every file: what happens to it, and what the error names.
type Fault = (&'static str, fn(&Folder), &'static str);

fn all(folder: &Folder) -> Vec<PathBuf> {
    fs::read_dir(folder.0.join("journal")).unwrap().map(|entry| entry.unwrap().path()).collect()
}

fn replace(folder: &Folder, suffix: &str) {
    let file = folder.file(suffix);
    fs::copy(&file, folder.elsewhere()).unwrap();
    fs::rename(folder.elsewhere(), &file).unwrap();
}

const FAULTS: &[Fault] = &[
    ("database removed", |folder| fs::remove_file(folder.file("")).unwrap(), "pay.db was removed"),
    ("WAL removed", |folder| fs::remove_file(folder.file("-wal")).unwrap(), "pay.db-wal was removed"),
    ("shm removed", |folder| fs::remove_file(folder.file("-shm")).unwrap(), "pay.db-shm was removed"),
    ("lock removed", |folder| fs::remove_file(folder.file(".lock")).unwrap(), "pay.db.lock was removed"),
    ("all removed", |folder| all(folder).iter().for_each(|file| fs::remove_file(file).unwrap()), "was removed"),
    ("folder removed", |folder| fs::remove_dir_all(folder.0.join("journal")).unwrap(), "was removed"),
    (
        "folder removed and made anew",
        |folder| {
            fs::remove_dir_all(folder.0.join("journal")).unwrap();
            fs::create_dir(folder.0.join("journal")).unwrap();
        },
        "was removed",
    ),
    ("folder moved", |folder| fs::rename(folder.0.join("journal"), folder.elsewhere()).unwrap(), "moved"),
    (
        "all moved",
        |folder| {
            fs::create_dir(folder.elsewhere()).unwrap();
            for file in all(folder) {
                fs::rename(&file, folder.elsewhere().join(file.file_name().unwrap())).unwrap();
            }
        },
        "moved",
    ),
    ("database replaced", |folder| replace(folder, ""), "pay.db was"),
    ("WAL replaced", |folder| replace(folder, "-wal"), "pay.db-wal was"),
    ("shm replaced", |folder| replace(folder, "-shm"), "pay.db-shm was"),
    ("lock replaced", |folder| replace(folder, ".lock"), "pay.db.lock was"),
    ("database linked", |folder| fs::hard_link(folder.file(""), folder.elsewhere()).unwrap(), "linked"),
    (
        "WAL swapped with a link to it",
        |folder| {
            fs::rename(folder.file("-wal"), folder.elsewhere()).unwrap();
            std::os::unix::fs::symlink(folder.elsewhere(), folder.file("-wal")).unwrap();
        },
        "pay.db-wal was",
    ),
    (
        "WAL emptied in its place",
        |folder| fs::File::options().write(true).open(folder.file("-wal")).unwrap().set_len(0).unwrap(),
        "pay.db-wal was",
    ),
    (
        "database overwritten in its place",
        |folder| {
            // `cp old.db pay.db`: the same inode, an older content.
            let bytes = fs::read(folder.0.join("old.db")).unwrap();
            std::io::Write::write_all(&mut fs::File::create(folder.file("")).unwrap(), &bytes).unwrap();
        },
        "pay.db was",
    ),
];

/// Nothing leaves, the error names the file and the way out, and nobody opens the journal while the first till lives.
#[test]
fn what_happens_to_the_files_of_an_open_journal_is_noticed_before_the_next_byte() {
    for (name, happens, names) in FAULTS {
        let folder = Folder::new();
        let canned = Canned::default();
        drop(till(&folder.journal(), &canned));
        fs::copy(folder.file(""), folder.0.join("old.db")).unwrap();
        let till = till(&folder.journal(), &canned);
        canned.then_fault(Sent::Maybe);
        assert!(matches!(pay(&till, "open"), Ok(Outcome::Unknown(_))), "{name}");
        let sent = canned.sent().len();
        happens(&folder);
        let error = pay(&till, "new").unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Journal, "{name}: {error}");
        assert!(error.rule().contains(names) && error.rule().contains("restart this program"), "{name}: {error}");
        // Nor is the open one repeated.
        let repeat = pay(&till, "open");
        assert!(matches!(repeat, Ok(Outcome::Unknown(_))), "{name}: {repeat:?}");
        let asked = canned.sent().split_off(sent);
        assert!(asked.iter().all(|post| post.url.contains("gethbinfo")), "{name}: {asked:?}");
        if folder.0.join("journal").is_dir() {
            assert_eq!(another_opens(&folder.journal()), "Busy", "{name}");
        }
        for moved in [folder.elsewhere().join("pay.db"), folder.elsewhere()] {
            if moved.is_file() && !name.contains("WAL") {
                assert_eq!(another_opens(&moved), "Busy", "{name}: {}", moved.display());
            }
        }
    }
}

/// Files that were put back, all of them, are the journal again.
#[test]
fn what_was_put_back_goes_on() {
    let (folder, canned) = (Folder::new(), Canned::default());
    let till = till(&folder.journal(), &canned);
    fs::rename(folder.file("-wal"), folder.elsewhere()).unwrap();
    assert!(pay(&till, "one").is_err());
    fs::rename(folder.elsewhere(), folder.file("-wal")).unwrap();
    canned.then_fault(Sent::Maybe);
    assert!(matches!(pay(&till, "one"), Ok(Outcome::Unknown(_))));
    drop(till);
    let mut journal = SqliteJournal::open(folder.journal(), 7, Some("013467007045764"), &SystemRandom).unwrap();
    assert_eq!(journal.unacknowledged().unwrap().len(), 1);
}

/// The shell reads, writes a note and goes: that is no other hand on the files.
#[test]
fn the_shell_may_read() {
    let (folder, canned) = (Folder::new(), Canned::default());
    let till = till(&folder.journal(), &canned);
    for intent in ["one", "two"] {
        canned.then_fault(Sent::Maybe);
        assert!(matches!(pay(&till, intent), Ok(Outcome::Unknown(_))));
        let shell = Command::new("sqlite3").arg(folder.journal()).arg("SELECT count(*) FROM payments").output();
        let Ok(shell) = shell else { return println!("skipped: no sqlite3") };
        assert!(shell.status.success());
    }
}

/// A second value in one process is refused, and refusing it does not let the first one's record locks go: the shell would
/// take itself for the last user and remove the WAL.
#[test]
fn a_refused_second_opening_leaves_the_locks_of_the_first() {
    let (folder, canned) = (Folder::new(), Canned::default());
    let till = till(&folder.journal(), &canned);
    let link = folder.0.join("link.db");
    std::os::unix::fs::symlink(folder.journal(), &link).unwrap();
    for path in [folder.journal(), link] {
        let second = SqliteJournal::open(path, 7, Some("013467007045764"), &SystemRandom).unwrap_err();
        assert_eq!(second.kind(), JournalFaultKind::Busy);
    }
    let _ = Command::new("sqlite3").arg(folder.journal()).arg("SELECT count(*) FROM payments").output();
    assert!(folder.file("-wal").exists());
    canned.then_fault(Sent::Maybe);
    assert!(matches!(pay(&till, "one"), Ok(Outcome::Unknown(_))));
}

/// A second name has a WAL of its own: what the first one's holds would be missed.
#[test]
fn a_database_with_two_names_is_refused() {
    let (folder, canned) = (Folder::new(), Canned::default());
    drop(till(&folder.journal(), &canned));
    let link = folder.0.join("journal/link.db");
    fs::hard_link(folder.journal(), &link).unwrap();
    for path in [folder.journal(), link.clone()] {
        let fault = SqliteJournal::open(path, 7, Some("013467007045764"), &SystemRandom).unwrap_err();
        assert!(fault.kind() == JournalFaultKind::Storage && fault.text().contains("hard link"), "{fault}");
    }
    fs::remove_file(link).unwrap();
    drop(till(&folder.journal(), &canned));
}

/// Ten closings and openings, and a journal that another path had before.
#[test]
fn a_closed_journal_opens_again() {
    let (folder, canned) = (Folder::new(), Canned::default());
    for _ in 0..10 {
        drop(till(&folder.journal(), &canned));
        assert_eq!(another_opens(&folder.journal()), "opened");
    }
    fs::rename(folder.0.join("journal"), folder.elsewhere()).unwrap();
    drop(till(&folder.elsewhere().join("pay.db"), &canned));
}
