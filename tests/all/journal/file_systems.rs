//! File systems that lack what the journal needs say so, and nothing is left behind.
//!
//! `tests/tools/filesystem.c` plays them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use wxpay_simulator::this_program;
use wxpay_terminal::*;

use crate::support::*;

struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn folder(name: &str) -> Folder {
    let folder = std::env::temp_dir().join(format!("wxpay-lacks-{name}-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    Folder(fs::canonicalize(folder).unwrap())
}

fn shim(folder: &Path) -> Option<PathBuf> {
    let shim = folder.join("filesystem.so");
    let mut cc = Command::new("cc");
    cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]).arg(&shim);
    let Ok(output) = cc.args([concat!(env!("CARGO_MANIFEST_DIR"), "/tests/tools/filesystem.c"), "-ldl"]).output()
    else {
        println!("skipped: no C compiler");
        return None;
    };
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    Some(shim)
}

/// Not a test of its own: a process on such a file system. It opens, and pays.
#[test]
fn child() {
    let Ok(path) = std::env::var("WXPAY_LACKS_JOURNAL") else { return };
    let canned = Canned::default();
    let opened = SqliteJournal::open(path, 7, Some("013467007045764"), &SystemRandom);
    let said = opened.map_err(|fault| format!("{:?} {fault}", fault.kind())).and_then(|journal| {
        let till = Till::open(journal).with(redpack(&canned));
        till.pay("prize", &red_packet("")).map(|_| String::new()).map_err(|error| format!("{:?} {error}", error.kind()))
    });
    println!("\nSAID {}", said.unwrap_or_else(|words| words));
    println!("SENT {}", canned.sent().len());
}

fn said(lacks: &str, shim: &Path, journal: &Path) -> String {
    let output = this_program()
        .args(["--exact", "journal::file_systems::child", "--nocapture"])
        .env("WXPAY_LACKS_JOURNAL", journal)
        .env("FILESYSTEM_LACKS", lacks)
        .env("LD_PRELOAD", shim)
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(text.contains("SENT 0"), "{lacks}: {text}{}", String::from_utf8_lossy(&output.stderr));
    text.lines().find_map(|line| line.strip_prefix("SAID ")).unwrap().into()
}

/// A new journal, and one that was moved there.
#[test]
fn what_a_file_system_lacks_is_named_and_nothing_is_left() {
    let tools = folder("tools");
    let Some(shim) = shim(&tools.0) else { return };
    for (lacks, names) in [
        ("mappings", "shared writable mappings"),
        ("flock", "file locks"),
        ("flock-call", "file locks"),
        ("records", "record locks"),
        ("sync", "did not reach the disk"),
    ] {
        let place = folder(lacks);
        let journal = place.0.join("pay.db");
        let new = said(lacks, &shim, &journal);
        assert!(new.starts_with("Storage ") && new.contains(names), "{lacks}: {new}");
        if lacks != "sync" {
            assert!(new.contains("ext4, UBIFS, F2FS"), "{lacks}: {new}");
        }
        let left: Vec<_> = fs::read_dir(&place.0).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(left.iter().all(|name| name == "pay.db.lock"), "{lacks}: {left:?}");
        // What could not be made is made on another try, and then the same file on such a system.
        drop(SqliteJournal::open(&journal, 7, Some("013467007045764"), &SystemRandom).unwrap());
        let moved = said(lacks, &shim, &journal);
        assert!(moved.contains(names), "{lacks}: {moved}");
        drop(SqliteJournal::open(&journal, 7, Some("013467007045764"), &SystemRandom).unwrap());
    }
}
