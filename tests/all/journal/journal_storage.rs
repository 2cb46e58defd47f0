//! Storage that fails, and what a power cut and a kill leave.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use wxpay_terminal::*;

use crate::journal::journal::{
    ACCOUNT, Dice, Folder, accepted, begin, child, declined, fails, fields, has_tools, new_entry, numbered, open, said,
    settlements,
};
use crate::support::memory_journal::Newest;
use crate::support::{NOW, fen, size};

// -- storage that fails ----------------------------------------------------------------------------------------------

/// Begins until it fails, and says what it knows.
pub fn child_fills_the_disk(path: &Path) {
    let mut journal = open(path).unwrap();
    for count in 0..10_000 {
        match journal.begin(&new_entry(&format!("prize {count}"), NOW), &mut numbered) {
            Ok(entry) => println!("\nDID begin {} {}", entry.id, entry.order_number),
            Err(fault) => {
                println!("\nDID fail {:?} {}", fault.kind(), fault.text());
                let still = journal.unacknowledged().unwrap().len();
                println!("DID keep {still}");
                return;
            }
        }
    }
}

/// The system's own limit: a write beyond it fails.
#[cfg(unix)]
#[test]
fn a_file_that_cannot_grow_is_a_fault_and_loses_nothing() {
    let folder = Folder::new();
    drop(folder.open());
    let mut command = child("fill the disk", &folder.journal());
    let limited = "trap '' XFSZ; ulimit -f 1000; exec \"$0\" \"$@\"";
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(limited).arg(command.get_program()).args(command.get_args());
    shell.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    shell.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    std::mem::swap(&mut command, &mut shell);
    let said = said(command);
    let [begun @ .., failed, kept] = &said[..] else { panic!("{said:?}") };
    assert!(begun.len() > 10 && begun.iter().all(|line| line.starts_with("DID begin")), "{said:?}");
    assert!(failed.starts_with("DID fail Storage"), "{failed}");
    assert_eq!(*kept, format!("DID keep {}", begun.len()));
    assert_eq!(folder.open().unacknowledged().unwrap().len(), begun.len());
    println!("entries before the file could not grow: {}; then: {failed}", begun.len());
}

#[test]
fn a_read_only_place_is_a_fault() {
    let folder = Folder::new();
    drop(folder.open());
    fails(open(Path::new("/proc/journal.db")), JournalFaultKind::Storage);
    fails(open(&folder.0.join("no such folder/journal.db")), JournalFaultKind::Storage);
    #[cfg(target_os = "linux")]
    {
        use std::os::unix::fs::PermissionsExt;
        // Permissions do not bind root, so another user tries.
        let root = fs::metadata("/proc/self").is_ok_and(|own| std::os::unix::fs::MetadataExt::uid(&own) == 0);
        let as_other = |path: &Path| {
            let like = child("open", path);
            let mut command = Command::new(if root { "setpriv" } else { "env" });
            if root {
                command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]);
            }
            command.arg(like.get_program()).args(like.get_args());
            command.envs(like.get_envs().filter_map(|(name, value)| Some((name, value?))));
            command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
            said(command)
        };
        let mode = |path: &Path, mode: u32| fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
        let lock = folder.0.join("journal.db.lock");
        let empty = Folder::new();
        mode(&empty.0, 0o555);
        mode(&lock, 0o666);
        mode(&folder.journal(), 0o444);
        mode(&folder.0, 0o755);
        let tried = [as_other(&empty.journal()), as_other(&folder.journal())];
        mode(&empty.0, 0o755);
        mode(&folder.journal(), 0o600);
        if root && tried.iter().any(Vec::is_empty) {
            println!("skipped: root cannot become another user who runs this program");
            return;
        }
        for said in &tried {
            assert!(said[0].starts_with("DID fail Storage"), "{said:?}");
        }
        println!("read-only: {} / {}", tried[0][0], tried[1][0]);
    }
}

// -- a disk that loses what was not synced ---------------------------------------------------------------------------

/// The shim, compiled once.
pub fn shim() -> Option<&'static Path> {
    static SHIM: std::sync::OnceLock<Option<(Folder, PathBuf)>> = std::sync::OnceLock::new();
    let shim = SHIM.get_or_init(|| {
        if !has_tools() {
            return None;
        }
        let folder = Folder::new();
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/tools/powercut.c");
        let shim = folder.0.join("powercut.so");
        let mut cc = Command::new("cc");
        cc.args(["-Wall", "-Wextra", "-Werror", "-O1", "-shared", "-fPIC", "-o"]).arg(&shim).arg(source);
        let output = cc.args(["-ldl", "-lpthread"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Some((folder, shim))
    });
    shim.as_ref().map(|(_, path)| path.as_path())
}

pub fn under_shim(role: &str, folder: &Folder, shim: &Path) -> Command {
    let mut command = child(role, &folder.journal());
    command.env("LD_PRELOAD", shim).env("POWERCUT_FOLDER", &folder.0);
    command
}

fn events() -> String {
    fs::read_to_string(std::env::var_os("POWERCUT_LOG").unwrap()).unwrap_or_default()
}

pub fn child_counts_syncs(path: &Path) {
    let syncs = |log: &str| log.chars().filter(|event| "sd".contains(*event)).count();
    let mut journal = open(path).unwrap();
    let mut worst = [0; 4];
    for count in 0..300 {
        let before = events().len();
        let entry = begin(&mut journal, &format!("prize {count}"));
        let begun = events().len();
        journal.attempt(entry.id, NOW).unwrap();
        let attempted = events().len();
        journal.settle(entry.id, &accepted(), NOW).unwrap();
        let settled = events().len();
        journal.acknowledge(entry.id, NOW).unwrap();
        let log = events();
        let parts = [&log[before..begun], &log[begun..attempted], &log[attempted..settled], &log[settled..]];
        for (worst, part) in worst.iter_mut().zip(parts) {
            *worst = syncs(part).max(*worst);
        }
    }
    println!("\nDID sync {} {} {} {}", worst[0], worst[1], worst[2], worst[3]);
}

#[test]
fn a_payment_costs_at_most_two_syncs_before_its_first_byte() {
    let Some(shim) = shim() else { return };
    let (folder, log) = (Folder::new(), Folder::new());
    let mut command = under_shim("count syncs", &folder, shim);
    command.env("POWERCUT_LOG", log.0.join("log"));
    let said = said(command);
    let worst: Vec<u32> = said[0].split(' ').skip(2).map(|number| number.parse().unwrap()).collect();
    println!(
        "most syncs of 300: begin {}, attempt {}, settle {}, acknowledge {}",
        worst[0], worst[1], worst[2], worst[3]
    );
    assert!(worst[0] >= 1 && worst[0] <= 2 && worst[1] <= 2, "{worst:?}");
    // Those that may hold a checkpoint sync the database, the next WAL and the lock file too.
    assert!(worst[2] <= 8 && worst[3] <= 8, "{worst:?}");
}

/// The disk is full for a while: nothing is stored, and the journal goes on. Then a sync fails: it stops.
pub fn child_on_a_failing_device(path: &Path) {
    let switch = PathBuf::from(std::env::var_os("POWERCUT_FAIL").unwrap());
    let mut journal = open(path).unwrap();
    let kept = begin(&mut journal, "kept");
    for round in 0..20 {
        fs::write(&switch, "w").unwrap();
        let fault = fails(journal.begin(&new_entry("lost", NOW), &mut numbered), JournalFaultKind::Storage);
        assert!(fault.text().contains("disk is full"), "{fault}");
        fails(journal.attempt(kept.id, NOW), JournalFaultKind::Storage);
        fails(journal.settle(kept.id, &accepted(), NOW), JournalFaultKind::Storage);
        assert_eq!(journal.entry(kept.id).unwrap(), Some(kept.clone()));
        assert_eq!(journal.latest(ACCOUNT, "lost").unwrap(), None);
        fs::write(&switch, "-").unwrap();
        begin(&mut journal, &format!("between {round}"));
    }
    journal.settle(kept.id, &accepted(), NOW).unwrap();
    fs::write(&switch, "s").unwrap();
    fails(journal.begin(&new_entry("unsynced", NOW), &mut numbered), JournalFaultKind::Storage);
    fs::write(&switch, "-").unwrap();
    // What the disk holds is not known. Reading is allowed, writing is not.
    let fault = fails(journal.begin(&new_entry("after", NOW), &mut numbered), JournalFaultKind::Storage);
    assert!(fault.text().contains("restart"), "{fault}");
    assert_eq!(journal.unacknowledged().unwrap().len(), 21);
    drop(journal);
    let mut journal = open(path).unwrap();
    assert_eq!(journal.unacknowledged().unwrap().len(), 21);
    begin(&mut journal, "after");
    println!("\nDID go on");
}

#[test]
fn a_full_disk_and_a_failing_sync() {
    let Some(shim) = shim() else { return };
    let (folder, switch) = (Folder::new(), Folder::new());
    let mut command = under_shim("failing device", &folder, shim);
    command.env("POWERCUT_FAIL", switch.0.join("switch"));
    assert_eq!(said(command), ["DID go on"]);
    println!("failed writes survived: 60, failed syncs: 1");
}

/// The disk is full from some write on, while entries are acknowledged, put away, blanked and pruned: each call does what it says or fails, the
/// journal stays whole, and the next call goes on. Then the same with syncs, after each of which the journal is opened again.
pub fn child_puts_away_on_a_failing_device(path: &Path) {
    let switch = PathBuf::from(std::env::var_os("POWERCUT_FAIL").unwrap());
    let set = |words: &str| fs::write(&switch, words).unwrap();
    let mut journal = open(path).unwrap();
    let (mut failed, mut done) = ([0; 3], [0; 3]);
    let mut made = 0;
    for what in ["w", "s"] {
        for pass in 0..48 {
            // Enough are acknowledged for some to be put away; the last two days are young.
            while made < 70 + 3 * (done[0] + failed[0]) {
                let at = NOW - 40 * 86_400 + i64::from(made) * 3_600;
                let entry = journal.begin(&new_entry(&format!("sale {made}"), at), &mut numbered).unwrap();
                journal.settle(entry.id, &accepted(), at).unwrap();
                made += 1;
            }
            let open_ones = journal.unacknowledged().unwrap();
            let before = journal.before(i64::MAX, 10_000).unwrap();
            let step = pass % 3;
            let call = |journal: &mut SqliteJournal| match step {
                0 => open_ones.iter().take(3).try_for_each(|entry| journal.acknowledge(entry.id, entry.begun_at + 9)),
                1 => journal.prune_step(NOW - 20 * 86_400, NOW - 38 * 86_400, &|_| Some([7; 16]), 5).map(drop),
                _ => journal.prune(NOW - 30 * 86_400, NOW - 39 * 86_400, &|_| Some([7; 16])).map(drop),
            };
            set(&format!("{what}{} {pass}", pass / 3));
            let came = call(&mut journal);
            set("-");
            match came {
                Ok(()) => done[step] += 1,
                Err(fault) => {
                    assert_eq!(fault.kind(), JournalFaultKind::Storage, "{what} {pass}: {fault}");
                    failed[step] += 1;
                }
            }
            if what == "s" {
                drop(journal);
                journal = open(path).unwrap();
            }
            journal.verify().unwrap();
            // What is left is what it was, but for what the call was there for.
            for entry in journal.before(i64::MAX, 10_000).unwrap() {
                let was = before.iter().find(|was| was.id == entry.id).unwrap();
                let mut same = entry.clone();
                (same.acknowledged_at, same.revision) = (was.acknowledged_at, was.revision);
                let mut blanked = same.clone();
                (blanked.fields, blanked.decided) = (was.fields.clone(), was.decided);
                assert!(same == *was || (step > 0 && blanked == *was), "{what} {pass}: {entry:?}");
            }
            let gone = before.iter().filter(|was| journal.entry(was.id).unwrap().is_none());
            let gone: Vec<&Entry> = gone.collect();
            assert!(step > 0 || gone.is_empty(), "{what} {pass}");
            for entry in gone {
                let again = journal.begin(&new_entry(&entry.intent, NOW), &mut numbered).unwrap_err();
                assert!(again.text().contains("pruned"), "{again}");
            }
            call(&mut journal).unwrap();
        }
    }
    println!("\nDID go on: done {done:?}, failed {failed:?}");
    assert!(failed.iter().all(|count| *count > 3) && done.iter().all(|count| *count > 3), "{done:?} {failed:?}");
}

#[test]
fn a_full_disk_while_entries_are_put_away() {
    let Some(shim) = shim() else { return };
    let (folder, switch) = (Folder::new(), Folder::new());
    let mut command = under_shim("failing device, years", &folder, shim);
    command.env("POWERCUT_FAIL", switch.0.join("switch"));
    let said = said(command);
    println!("{said:?}");
    assert!(said.iter().any(|line| line.starts_with("DID go on")), "{said:?}");
}

/// Says what it tries and what it did, so that the parent knows what must be there.
pub fn child_pays(path: &Path) {
    let dice = Dice::new(std::env::var("WXPAY_JOURNAL_SEED").unwrap().parse().unwrap());
    let generation = std::env::var("WXPAY_JOURNAL_GENERATION").unwrap();
    println!("\nTRY open");
    let mut journal = open(path).unwrap();
    println!("DID open");
    let say = |words: &str| println!("TRY {words}");
    let done = |words: &str| println!("DID {words}");
    let all = settlements();
    for step in 0..70 {
        let at = NOW + step;
        let intent = format!("{generation} {step}");
        say(&format!("begin {intent}"));
        let mut made = None;
        let mut keep = |serial: Serial| {
            let numbered = numbered(serial)?;
            made = Some(numbered.order_number.clone());
            println!("TRY number {}", numbered.order_number);
            Ok(numbered)
        };
        let entry = journal.begin(&new_entry(&intent, at), &mut keep).unwrap();
        done(&format!("begin {} {}", entry.id, entry.order_number));
        for open in journal.unacknowledged().unwrap() {
            let id = open.id;
            match dice.roll(4) {
                0 if open.state == EntryState::Open => {
                    say(&format!("attempt {id}"));
                    journal.attempt(id, at).unwrap();
                    done(&format!("attempt {id}"));
                }
                1 if open.state == EntryState::Open => {
                    let kind = dice.roll(all.len() as u64) as usize;
                    say(&format!("settle {id} {kind}"));
                    journal.settle(id, &all[kind], at).unwrap();
                    done(&format!("settle {id} {kind}"));
                }
                2 if open.allows_same_number() => {
                    say(&format!("reopen {id}"));
                    journal.reopen(id, at, None).unwrap();
                    done(&format!("reopen {id}"));
                }
                3 if open.is_settled() => {
                    say(&format!("acknowledge {id}"));
                    journal.acknowledge(id, at).unwrap();
                    done(&format!("acknowledge {id}"));
                }
                _ => {}
            }
        }
    }
    println!("TRY close");
    drop(journal);
    println!("DID close");
}

/// What the parent knows of an entry from the child's words.
#[derive(Clone, Debug, PartialEq)]
struct Known {
    number: String,
    attempts: u32,
    settled: Option<usize>,
    acknowledged: bool,
}

impl Known {
    fn new(number: &str) -> Known {
        Known { number: number.to_string(), attempts: 1, settled: None, acknowledged: false }
    }

    fn change(&mut self, words: &[&str]) {
        match *words {
            ["attempt", _] => self.attempts += 1,
            ["settle", _, kind] => self.settled = Some(kind.parse().unwrap()),
            ["reopen", _] => (self.attempts, self.settled) = (self.attempts + 1, None),
            ["acknowledge", _] => self.acknowledged = true,
            _ => panic!("{words:?}"),
        }
    }

    fn read(entry: &Entry, all: &[Settlement]) -> Known {
        let settled = match &entry.state {
            EntryState::Open => None,
            EntryState::Recorded(settlement) => Some(all.iter().position(|one| one == settlement).unwrap()),
        };
        assert_eq!(entry.fields, fields(&entry.order_number), "a torn entry");
        assert_eq!(entry.amount, fen(200));
        let acknowledged = entry.acknowledged_at.is_some();
        Known { number: entry.order_number.clone(), attempts: entry.attempts, settled, acknowledged }
    }
}

/// The entries that must be there, by id, and what was in flight.
#[derive(Default)]
struct Ledger {
    known: std::collections::BTreeMap<EntryId, Known>,
    numbers: BTreeSet<String>,
    returned: u64,
}

impl Ledger {
    /// Takes the child's words, and returns those of the call that did not return.
    fn listen(&mut self, said: &[String]) -> Vec<String> {
        let mut flying: Vec<String> = Vec::new();
        for line in said {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["TRY", "number", number] => {
                    assert!(self.numbers.insert(number.to_string()), "{number} twice");
                    flying.push(number.to_string());
                }
                ["TRY", ..] => flying = words[1..].iter().map(ToString::to_string).collect(),
                ["DID", "begin", id, number] => {
                    self.known.insert(id.parse().unwrap(), Known::new(number));
                    self.returned += 1;
                    flying.clear();
                }
                ["DID", "open" | "close"] => flying.clear(),
                ["DID", ref done @ ..] => {
                    self.known.get_mut(&done[1].parse().unwrap()).unwrap().change(done);
                    self.returned += 1;
                    flying.clear();
                }
                _ => panic!("{line}"),
            }
        }
        flying
    }

    /// Compares with what is in the journal, and takes over what was in flight and arrived.
    fn check(&mut self, journal: &mut SqliteJournal, flying: &[String]) -> Arrived {
        let all = settlements();
        let flying: Vec<&str> = flying.iter().map(String::as_str).collect();
        let mut arrived = Arrived::Nothing;
        let last = self.known.keys().last().copied().unwrap_or(0);
        for id in 1..=last + 2 {
            let found = journal.entry(id).unwrap().map(|entry| Known::read(&entry, &all));
            let must = self.known.get(&id).cloned();
            if found == must {
                continue;
            }
            // Only the call that was in flight may make a difference, and only its own, whole.
            arrived = Arrived::Flying;
            let after = match (&must, &flying[..]) {
                (None, ["begin", _, _, number]) => Some(Known::new(number)),
                (Some(known), ["attempt" | "settle" | "reopen" | "acknowledge", of, ..]) if *of == id.to_string() => {
                    let mut after = known.clone();
                    after.change(&flying);
                    Some(after)
                }
                _ => None,
            };
            assert_eq!(found, after, "entry {id} was {must:?}, in flight: {flying:?}");
            self.known.insert(id, after.unwrap());
        }
        arrived
    }
}

#[derive(PartialEq)]
enum Arrived {
    Nothing,
    Flying,
}

/// The number of cuts. More with `WXPAY_POWER_CUTS`.
fn cuts() -> u64 {
    size("WXPAY_POWER_CUTS", 60, 300)
}

#[test]
fn a_power_cut_loses_nothing_that_was_promised() {
    let Some(shim) = shim() else { return };
    let dice = Dice::new(std::env::var("WXPAY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(3));
    let (mut done, mut whole, mut first_opening, mut arrived, mut returned) = (0, 0, 0, 0, 0);
    while done < cuts() {
        let mut ledger = Ledger::default();
        let mut folder = Folder::new();
        // A terminal that loses power again and again.
        for generation in 0..6 {
            let left = Folder::new();
            let mut command = under_shim("pay", &folder, shim);
            // A run has about 2,500 events; the first opening has the first 40 or so.
            let at = if dice.roll(4) == 0 { 1 + dice.roll(60) } else { 1 + dice.roll(2500) };
            let seed = if dice.roll(3) == 0 { 0 } else { 1 + dice.roll(1 << 40) };
            let pay = 1 + dice.roll(1 << 40);
            command.env("POWERCUT_LEFT", &left.0).env("POWERCUT_AT", at.to_string());
            command.env("POWERCUT_SEED", seed.to_string()).env("WXPAY_JOURNAL_SEED", pay.to_string());
            command.env("WXPAY_JOURNAL_GENERATION", generation.to_string());
            let said = said(command);
            let flying = ledger.listen(&said);
            if said.last().is_some_and(|last| last == "DID close") {
                whole += 1;
            } else {
                assert!(!flying.is_empty() || said.is_empty() || said.len() > 1, "{said:?}");
                folder = left;
                done += 1;
            }
            first_opening += u32::from(ledger.known.is_empty());
            let mut journal = open(&folder.journal()).unwrap_or_else(|fault| {
                panic!("{fault}; cut at {at} with {seed}, pays {pay}, generation {generation}")
            });
            arrived += u32::from(ledger.check(&mut journal, &flying) == Arrived::Flying);
            drop(journal);
        }
        returned += ledger.returned;
    }
    println!(
        "power cuts: {done} ({first_opening} before the first entry), runs to the end: {whole}, calls that had \
         returned: {returned}, lost: 0, torn: 0, calls in flight that arrived: {arrived}"
    );
    assert!(returned > done && arrived > 0);
}

/// The test can fail: without syncs, entries are lost.
#[test]
fn the_power_cut_shim_does_lose_what_is_not_synced() {
    let Some(shim) = shim() else { return };
    let folder = Folder::new();
    let left = Folder::new();
    // The same shim around the shell, with synchronous off.
    let mut command = Command::new("sqlite3");
    command.arg(folder.0.join("loose.db"));
    command.arg(
        "PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF; CREATE TABLE t (n); INSERT INTO t VALUES (1); \
                 INSERT INTO t VALUES (2); INSERT INTO t VALUES (3);",
    );
    command.env("LD_PRELOAD", shim).env("POWERCUT_FOLDER", &folder.0).env("POWERCUT_LEFT", &left.0);
    command.env("POWERCUT_AT", "14").stdout(Stdio::null()).stderr(Stdio::null());
    assert!(!command.status().unwrap().success(), "the shell must have been cut");
    let rows = rusqlite::Connection::open(left.0.join("loose.db"))
        .and_then(|loose| loose.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)));
    assert!(rows.is_err(), "{rows:?}");
}

/// Without a shim: a process that is killed between recording and settling.
#[test]
fn a_killed_process_leaves_the_entry_open() {
    let folder = Folder::new();
    for round in 0..5_i64 {
        let mut running = child("begin and hang", &folder.journal()).spawn().unwrap();
        let mut lines = BufReader::new(running.stdout.take().unwrap()).lines();
        let line = lines.by_ref().map_while(Result::ok).find(|line| line.starts_with("DID begin")).unwrap();
        running.kill().unwrap();
        running.wait().unwrap();
        let mut journal = folder.open();
        let entry = journal.latest(ACCOUNT, "prize 1").unwrap().unwrap();
        assert_eq!(line, format!("DID begin {} {}", entry.id, entry.order_number));
        assert_eq!((entry.state.clone(), entry.attempts), (EntryState::Open, 1));
        assert_eq!(entry.fields, fields(&entry.order_number));
        assert_eq!(entry.id, round + 1);
        fails(journal.begin(&new_entry("prize 1", NOW), &mut numbered), JournalFaultKind::Refused);
        journal.settle(entry.id, &declined(Next::NewNumber), NOW).unwrap();
    }
}
