//! What people see of a journal: the `sqlite3` shell, a long reader, the modes of the files.

use std::fs;
use std::path::Path;
use std::process::Command;

use wxpay_terminal::*;

use crate::journal::journal::{Folder, accepted, begin, by_hand, fails, for_a_person, has_tools, settled};
use crate::support::{DECIDED, NOW};

/// What the `sqlite3` shell prints, read-only.
fn shell(path: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3").arg("-readonly").arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn what_a_person_wrote_stays_whatever_is_written_after_it() {
    if !has_tools() {
        return;
    }
    let folder = Folder::new();
    let mut journal = folder.open();
    let id = settled(&mut journal, "prize", NOW, &for_a_person());
    journal.settle(id, &by_hand(true), NOW + 1).unwrap();
    journal.acknowledge(id, NOW + 2).unwrap();
    fails(journal.settle(id, &accepted(), NOW + 3), JournalFaultKind::Refused);
    assert_eq!(journal.prune(NOW + 99, NOW + 99, &|_| Some(DECIDED)).unwrap(), 0);
    let wrote = shell(&folder.journal(), "SELECT paid, person FROM by_hand ORDER BY id");
    assert_eq!(wrote, "1|王芳\n");
}

#[test]
fn the_shell_reads_a_live_journal() {
    if !has_tools() {
        return;
    }
    let folder = Folder::new();
    let mut journal = folder.open();
    let open = begin(&mut journal, "prize 1");
    let paid = begin(&mut journal, "prize 2");
    journal.settle(paid.id, &accepted(), NOW + 61).unwrap();
    let view = "SELECT intent, amount_fen, outcome, begun, settled, acknowledged FROM payments ORDER BY id";
    // 1795248000 is 2026-11-21 16:00:00 in China (`TZ=Asia/Shanghai date -d @1795248000`).
    let first = "prize 1|200|open|2026-11-21 16:00:00||\n";
    let second = "prize 2|200|accepted|2026-11-21 16:00:00|2026-11-21 16:01:01|\n";
    assert_eq!(shell(&folder.journal(), view), [first, second].concat());
    assert_eq!(shell(&folder.journal(), "PRAGMA integrity_check; PRAGMA journal_mode"), "ok\nwal\n");
    let dump = shell(&folder.journal(), ".dump");
    assert!(dump.contains(&open.order_number) && dump.contains("CREATE VIEW payments"));
    for secret in [crate::support::KEY, crate::support::WORKWX_SECRET, "'nonce_str',", "'sign',"] {
        let stored = dump.lines().filter(|line| line.starts_with("INSERT")).any(|line| line.contains(secret));
        assert!(!stored, "{secret}");
    }
    // A shell that came and went does not disturb the journal.
    begin(&mut journal, "prize 3");
    drop(journal);
    assert_eq!(folder.open().unacknowledged().unwrap().len(), 3);
}

/// A shell that reads for hours keeps the WAL from being moved; the journal goes on, and moves it afterwards.
#[test]
fn a_long_reader_does_not_stop_the_journal() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let reader = rusqlite::Connection::open(folder.journal()).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM entries").unwrap();
    let wal = || fs::metadata(folder.0.join("journal.db-wal")).unwrap().len();
    let mut pay = |from: u32, times: u32| {
        for count in from..from + times {
            settled(&mut journal, &count.to_string(), NOW, &accepted());
        }
    };
    pay(0, 200);
    let long = wal();
    assert!(long > 2 << 20, "{long}");
    reader.execute_batch("COMMIT").unwrap();
    pay(200, 200);
    let mut longest = 0;
    for count in 400..600 {
        pay(count, 1);
        longest = longest.max(wal());
    }
    println!("WAL: {long} bytes with a long reader, at most {longest} without");
    assert!(longest < 5 << 18);
    drop(journal);
    assert_eq!(folder.open().unacknowledged().unwrap().len(), 600);
}

#[cfg(unix)]
#[test]
fn only_the_owner_reads_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = Folder::new();
    let modes = || -> Vec<(String, u32)> {
        let mut all: Vec<_> = fs::read_dir(&folder.0)
            .unwrap()
            .map(|entry| {
                let entry = entry.unwrap();
                (entry.file_name().into_string().unwrap(), entry.metadata().unwrap().permissions().mode() & 0o777)
            })
            .collect();
        all.sort();
        all
    };
    let names = ["journal.db", "journal.db-shm", "journal.db-wal", "journal.db.lock"];
    let expected: Vec<(String, u32)> = names.map(|name| (name.to_string(), 0o600)).to_vec();
    let mut journal = folder.open();
    begin(&mut journal, "prize");
    assert_eq!(modes(), expected);
    drop(journal);
    // A file that was opened to others by a copy is closed again.
    fs::set_permissions(folder.journal(), fs::Permissions::from_mode(0o644)).unwrap();
    let mut journal = folder.open();
    begin(&mut journal, "prize 2");
    assert_eq!(modes(), expected);
}
