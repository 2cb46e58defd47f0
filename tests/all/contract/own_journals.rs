//! Every journal of this repository keeps the contract: the one on a file, the one of the tests, and the one of the example.

use wxpay_terminal::contract::{self, JournalBench, JournalReport, Trouble};
use wxpay_terminal::{Error, Journal, JournalFault, Random};

use crate::contract::chip::Chip;
use crate::contract::journal::ChipJournal;
use crate::support::memory_journal::MemoryJournal;

/// Any numbers, others each time.
pub struct Numbers;

impl Random for Numbers {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        use std::hash::{BuildHasher, RandomState};
        bytes.iter_mut().for_each(|byte| *byte = RandomState::new().hash_one(7) as u8);
        Ok(())
    }
}

fn keeps(bench: &mut dyn JournalBench) -> JournalReport {
    let report = contract::journal(bench).unwrap_or_else(|broken| panic!("{broken}"));
    println!("{report}");
    report
}

struct OnAChip(Chip);

impl JournalBench for OnAChip {
    fn erase(&mut self) {
        self.0.erase();
    }

    fn open(&mut self) -> Result<Box<dyn Journal>, JournalFault> {
        Ok(Box::new(ChipJournal::open(self.0.clone(), 7, Box::new(Numbers))?))
    }

    fn arm(&mut self, trouble: Option<Trouble>) -> bool {
        self.0.arm(trouble);
        true
    }

    fn struck(&mut self) -> bool {
        self.0.struck()
    }

    fn copy(&mut self) -> u64 {
        self.0.copy()
    }

    fn flip(&mut self, bit: u64) {
        self.0.flip(bit);
    }
}

#[test]
fn the_journal_of_the_example_keeps_the_contract() {
    let report = keeps(&mut OnAChip(Chip::default()));
    assert!(report.cuts > 200 && report.failures > 200 && report.flips > 100, "{report}");
    assert!(report.changes > 10_000 && report.serials > 5000, "{report}");
    assert!(report.left_out.is_empty(), "{report}");
}

/// Its write is a call: it is stored, or not.
#[derive(Default)]
struct InMemory {
    journal: MemoryJournal,
    erased: u32,
    armed: bool,
}

impl JournalBench for InMemory {
    fn erase(&mut self) {
        self.erased += 1;
        self.journal = MemoryJournal::starting_at(self.erased * 20_000);
    }

    fn open(&mut self) -> Result<Box<dyn Journal>, JournalFault> {
        Ok(Box::new(self.journal.reopened()))
    }

    fn arm(&mut self, trouble: Option<Trouble>) -> bool {
        self.armed = true;
        self.journal.fail_in(0);
        self.journal.stop_in(0, false);
        match trouble {
            Some(Trouble::PowerCut(0)) => self.journal.stop_in(1, false),
            // It is stored, and nobody hears of it.
            Some(Trouble::PowerCut(1) | Trouble::WriteFails(1)) => self.journal.stop_in(1, true),
            Some(Trouble::WriteFails(0)) => self.journal.fail_in(1),
            _ => self.armed = false,
        }
        true
    }

    fn struck(&mut self) -> bool {
        self.armed && !self.journal.is_waiting()
    }
}

#[test]
fn the_journal_of_the_tests_keeps_the_contract() {
    let report = keeps(&mut InMemory::default());
    assert!(report.cuts > 40 && report.failures > 40, "{report}");
    assert_eq!(report.left_out, ["flipped bits: the bench flips none"]);
}

#[cfg(feature = "sqlite")]
mod on_a_file {
    use super::*;
    use std::collections::BTreeMap;
    use std::fs;
    use std::path::PathBuf;

    use crate::journal::journal::Folder;

    /// The files of a journal, but for the one that SQLite makes anew.
    type Files = BTreeMap<PathBuf, Vec<u8>>;

    struct OnAFile {
        folder: Folder,
        /// When the power is to go, and what there was when that was said.
        armed: Option<(u32, Files)>,
        /// What the power left.
        left: Option<Files>,
        copy: Files,
    }

    impl OnAFile {
        fn files(&self) -> Files {
            let paths = fs::read_dir(&self.folder.0).unwrap().map(|entry| entry.unwrap().path());
            let kept = paths.filter(|path| !path.to_string_lossy().ends_with("-shm"));
            kept.map(|path| (path.clone(), fs::read(path).unwrap())).collect()
        }

        fn put(&self, files: &Files) {
            for entry in fs::read_dir(&self.folder.0).unwrap() {
                fs::remove_file(entry.unwrap().path()).unwrap();
            }
            files.iter().for_each(|(path, bytes)| fs::write(path, bytes).unwrap());
        }
    }

    /// What a power cut may leave of a call: SQLite adds frames to the WAL and syncs it; then the lock file is written. Where
    /// the database itself was written (an opening) only what was there before is tried here; the simulated disk
    /// (`journal_storage`) cuts there, too.
    fn states(before: &Files, after: &Files) -> Vec<Files> {
        let mut states = vec![before.clone()];
        let is_wal = |path: &&PathBuf| path.to_string_lossy().ends_with("-wal");
        let Some(path) = after.keys().find(is_wal) else { return states };
        let old = before.get(path).cloned().unwrap_or_default();
        let added = after[path].strip_prefix(&old[..]).map_or(0, |added| added.len());
        let rest = |files: &Files| {
            files
                .iter()
                .filter(|(path, _)| path.extension().is_some_and(|end| end == "db"))
                .map(|(_, bytes)| bytes.clone())
                .collect::<Vec<_>>()
        };
        if added == 0 || rest(before) != rest(after) {
            return states;
        }
        // A frame has a head of 24 bytes and a page of 1024: cut in one, between two, in the last, and behind all.
        for cut in [500, added / 2, added - 500, added] {
            let mut state = before.clone();
            state.insert(path.clone(), after[path][..old.len() + cut].to_vec());
            states.push(state);
        }
        states
    }

    impl JournalBench for OnAFile {
        fn erase(&mut self) {
            self.put(&Files::new());
            self.left = None;
        }

        fn open(&mut self) -> Result<Box<dyn Journal>, JournalFault> {
            if let Some(left) = self.left.take() {
                self.put(&left);
            }
            Ok(Box::new(crate::journal::journal::open(&self.folder.journal())?))
        }

        fn arm(&mut self, trouble: Option<Trouble>) -> bool {
            self.armed = None;
            match trouble {
                Some(Trouble::PowerCut(write)) => self.armed = Some((write, self.files())),
                None => {}
                // The simulated disk has that.
                _ => return false,
            }
            true
        }

        fn struck(&mut self) -> bool {
            let Some((write, before)) = &self.armed else { return false };
            let after = self.files();
            if *before == after {
                return false;
            }
            self.left = states(before, &after).into_iter().nth(*write as usize);
            self.left.is_some()
        }

        fn copy(&mut self) -> u64 {
            self.copy = self.files();
            self.copy.values().map(|bytes| bytes.len() as u64 * 8).sum()
        }

        fn flip(&mut self, bit: u64) {
            let (mut files, mut byte) = (self.copy.clone(), (bit / 8) as usize);
            for bytes in files.values_mut() {
                match bytes.get_mut(byte) {
                    Some(found) => {
                        *found ^= 1 << (bit % 8);
                        break;
                    }
                    None => byte -= bytes.len(),
                }
            }
            self.put(&files);
        }
    }

    #[test]
    fn the_journal_on_a_file_keeps_the_contract() {
        let mut bench = OnAFile { folder: Folder::new(), armed: None, left: None, copy: Files::new() };
        let report = keeps(&mut bench);
        assert!(report.cuts > 80 && report.flips > 100, "{report}");
        assert_eq!(report.left_out, ["failing writes: the bench has none"]);
    }
}
