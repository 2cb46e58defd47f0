//! The journal on a file: its rules, its faults, and what a power cut leaves.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use crate::memory_journal::Newest;
use crate::support::{MCH_ID, NOW, fen, size};
use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::*;

const TERMINAL: u16 = 7;
const DEVICE: Option<&str> = Some("013467007045764");
const ACCOUNT: &str = "redpack/1900000109/wx8888888888888888/https://api.mch.weixin.qq.com";
const OPENID: &str = "onqOjjmM1tad-3ROpncN-yUfa6uI";

// -- what the tests need ---------------------------------------------------------------------------------------------

/// A folder that is removed with its value. In memory where the system has such a place: no test needs a real disk.
pub struct Folder(pub PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = Path::new("/dev/shm");
        let base = if base.is_dir() { base.to_path_buf() } else { std::env::temp_dir() };
        let name = format!("wxpay-journal-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = fs::canonicalize(base).unwrap().join(name);
        fs::create_dir(&folder).unwrap();
        Folder(folder)
    }

    pub fn journal(&self) -> PathBuf {
        self.0.join("journal.db")
    }

    fn open(&self) -> SqliteJournal {
        open(&self.journal()).unwrap()
    }

    fn bytes(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for entry in fs::read_dir(&self.0).unwrap() {
            let entry = entry.unwrap();
            if !entry.path().to_string_lossy().ends_with("-shm") {
                all.extend(fs::read(entry.path()).unwrap());
            }
        }
        all
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

pub fn copy_folder(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// Xorshift. The seed is not zero.
pub struct Dice(Mutex<u64>);

impl Dice {
    fn new(seed: u64) -> Dice {
        Dice(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    fn roll(&self, sides: u64) -> u64 {
        let mut state = self.0.lock().unwrap();
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state % sides
    }
}

impl Random for Dice {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        bytes.iter_mut().for_each(|byte| *byte = self.roll(256) as u8);
        Ok(())
    }
}

/// Another seed for every value in every process.
pub fn fresh() -> Dice {
    static COUNT: AtomicU32 = AtomicU32::new(1);
    let time = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap();
    let count = u64::from(COUNT.fetch_add(1, Ordering::Relaxed));
    Dice::new((time.as_nanos() as u64) ^ (count << 40) ^ u64::from(std::process::id()))
}

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

fn open(path: &Path) -> Result<SqliteJournal, JournalFault> {
    SqliteJournal::open(path, TERMINAL, DEVICE, &fresh())
}

fn fields(number: &str) -> Vec<(String, String)> {
    [("mch_billno", number), ("re_openid", OPENID), ("re_user_name", "张三"), ("total_amount", "200"), ("remark", "")]
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .to_vec()
}

fn numbered(serial: Serial) -> Result<Numbered, Error> {
    let today = ChinaTime::from_unix(NOW)?;
    let order_number = OrderNumbers::new(TERMINAL).make(Numbers::MerchantDateSerial, MCH_ID, today, serial)?;
    let fields = fields(&order_number);
    Ok(Numbered { order_number, fields })
}

fn new_entry(intent: &str, at: i64) -> NewEntry<'_> {
    NewEntry { account: ACCOUNT, call: "sendredpack", intent, amount: fen(200), at }
}

fn begin(journal: &mut dyn Journal, intent: &str) -> Entry {
    journal.begin(&new_entry(intent, NOW), &mut numbered).unwrap()
}

fn accepted() -> Settlement {
    let evidence = vec![("send_listid".to_string(), "100000000020150520314766074200".to_string())];
    Settlement::Accepted { queried: false, evidence }
}

fn declined(next: Next) -> Settlement {
    Settlement::Declined {
        code: "NOTENOUGH".into(), text: "帐号余额不足，请到商户平台充值后再重试".into(), next
    }
}

fn by_hand(paid: bool) -> Settlement {
    Settlement::ByHand { paid, name: "王芳".into(), reason: "looked it up on the merchant platform".into() }
}

fn for_a_person() -> Settlement {
    Settlement::ForAPerson { reason: "past the look-back".into() }
}

/// Every kind, and every kind of next.
fn settlements() -> Vec<Settlement> {
    vec![
        accepted(),
        Settlement::Accepted { queried: true, evidence: vec![] },
        declined(Next::SameNumber),
        declined(Next::SameNumberLater(Duration::new(15, 250_000_001))),
        declined(Next::SameNumberLater(Duration::from_secs(i64::MAX as u64))),
        declined(Next::NewNumber),
        declined(Next::Stop),
        Settlement::NotSent,
        for_a_person(),
        by_hand(true),
        by_hand(false),
    ]
}

#[track_caller]
fn fails<T: std::fmt::Debug>(result: Result<T, JournalFault>, kind: JournalFaultKind) -> JournalFault {
    match result {
        Err(fault) if fault.kind() == kind => fault,
        other => panic!("must be {kind:?}: {other:?}"),
    }
}

/// What the `sqlite3` shell prints, read-only.
fn shell(path: &Path, sql: &str) -> String {
    let output = Command::new("sqlite3").arg("-readonly").arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The shell with leave to write.
fn change(path: &Path, sql: &str) {
    let output = Command::new("sqlite3").arg(path).arg(sql).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn has_tools() -> bool {
    let missing: Vec<&str> = ["sqlite3", "cc"]
        .into_iter()
        .filter(|tool| {
            Command::new(tool).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status().is_err()
        })
        .collect();
    if !missing.is_empty() {
        println!("skipped: {missing:?} is not installed");
    }
    missing.is_empty() && cfg!(target_os = "linux")
}

// -- another process -------------------------------------------------------------------------------------------------

/// Not a test of its own: what a child process does, when a test starts one.
#[test]
fn as_child() {
    let Ok(role) = std::env::var("WXPAY_JOURNAL_CHILD") else { return };
    let path = PathBuf::from(std::env::var_os("WXPAY_JOURNAL_PATH").unwrap());
    match role.as_str() {
        "open" => match open(&path) {
            Ok(_) => println!("\nDID open"),
            Err(fault) => println!("\nDID fail {:?} {}", fault.kind(), fault.text()),
        },
        "begin and hang" => {
            let mut journal = open(&path).unwrap();
            let entry = begin(&mut journal, "prize 1");
            println!("\nDID begin {} {}", entry.id, entry.order_number);
            loop {
                std::thread::sleep(Duration::from_secs(1));
            }
        }
        "fill the disk" => child_fills_the_disk(&path),
        "failing device" => child_on_a_failing_device(&path),
        "count syncs" => child_counts_syncs(&path),
        "pay" => child_pays(&path),
        other => panic!("{other}"),
    }
}

fn child(role: &str, path: &Path) -> Command {
    let mut command = wxpay_simulator::this_program();
    command.args(CHILD_ARGUMENTS).env("WXPAY_JOURNAL_CHILD", role).env("WXPAY_JOURNAL_PATH", path);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    command
}

const CHILD_ARGUMENTS: [&str; 4] = ["--exact", "journal::as_child", "--nocapture", "--test-threads=1"];

/// The lines that a child said, until it ended.
fn said(mut command: Command) -> Vec<String> {
    let mut child = command.spawn().unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let said = lines.filter(|line| line.starts_with("DID ") || line.starts_with("TRY ")).collect();
    child.wait().unwrap();
    said
}

// -- the rules -------------------------------------------------------------------------------------------------------

#[test]
fn every_settlement_comes_back_as_it_went_in() {
    let folder = Folder::new();
    let mut wrote = Vec::new();
    let mut journal = folder.open();
    for (count, settlement) in settlements().into_iter().enumerate() {
        let begun = begin(&mut journal, &format!("prize {count}"));
        assert_eq!((begun.attempts, begun.last_attempt_at, begun.begun_at), (1, NOW, NOW));
        assert_eq!(begun.fields, fields(&begun.order_number));
        assert_eq!((begun.state.clone(), begun.acknowledged_at), (EntryState::Open, None));
        assert_eq!(journal.entry(begun.id).unwrap(), Some(begun.clone()));
        journal.settle(begun.id, &settlement, NOW + 1).unwrap();
        let mut settled = begun;
        settled.state = EntryState::Settled(settlement);
        wrote.push(settled);
    }
    assert_eq!(journal.unacknowledged().unwrap(), wrote);
    drop(journal);

    let mut journal = folder.open();
    assert_eq!(journal.unacknowledged().unwrap(), wrote);
    for entry in &wrote {
        assert_eq!(journal.latest(ACCOUNT, &entry.intent).unwrap().as_ref(), Some(entry));
        assert_eq!(journal.by_order_number(ACCOUNT, &entry.order_number).unwrap().as_ref(), Some(entry));
        // What is settled stays; what is for a person can still be settled.
        for settlement in settlements() {
            let stays = journal.entry(entry.id).unwrap().unwrap().is_settled();
            assert_eq!(journal.settle(entry.id, &settlement, NOW + 2).is_err(), stays);
        }
    }
    assert_eq!(journal.latest("another account", "prize 0").unwrap(), None);
    assert_eq!(journal.by_order_number("another account", &wrote[0].order_number).unwrap(), None);
    assert_eq!(journal.entry(999).unwrap(), None);
    println!("settlements that came back: {}", wrote.len() * (1 + settlements().len()));
}

#[test]
fn a_second_entry_of_an_intent_only_when_the_first_allows_it() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let first = begin(&mut journal, "prize");
    let refused = |journal: &mut SqliteJournal| {
        let before = journal.unacknowledged().unwrap();
        fails(journal.begin(&new_entry("prize", NOW), &mut numbered), JournalFaultKind::Refused);
        assert_eq!(journal.unacknowledged().unwrap(), before);
    };
    refused(&mut journal);
    for (count, settlement) in settlements().into_iter().enumerate() {
        let intent = format!("another {count}");
        let entry = begin(&mut journal, &intent);
        journal.settle(entry.id, &settlement, NOW).unwrap();
        let allowed = journal.entry(entry.id).unwrap().unwrap().allows_new_number();
        assert_eq!(journal.begin(&new_entry(&intent, NOW), &mut numbered).is_ok(), allowed, "{settlement:?}");
    }
    // Another account is another matter.
    let elsewhere = NewEntry { account: "workwx", ..new_entry("prize", NOW) };
    journal.begin(&elsewhere, &mut numbered).unwrap();

    journal.settle(first.id, &declined(Next::NewNumber), NOW).unwrap();
    let second = begin(&mut journal, "prize");
    assert_ne!(second.order_number, first.order_number);
    // The newest decides, not the first.
    refused(&mut journal);
    journal.settle(second.id, &by_hand(false), NOW).unwrap();
    let third = begin(&mut journal, "prize");
    assert_eq!(journal.latest(ACCOUNT, "prize").unwrap(), Some(third));
    assert_eq!(journal.entry(first.id).unwrap().unwrap().state, EntryState::Settled(declined(Next::NewNumber)));
}

#[test]
fn what_an_entry_refuses() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let refused = JournalFaultKind::Refused;
    let long = "x".repeat(65);
    for intent in ["", &long] {
        fails(journal.begin(&new_entry(intent, NOW), &mut numbered), refused);
    }
    begin(&mut journal, &"x".repeat(64));
    let id = begin(&mut journal, "prize").id;

    // Open.
    fails(journal.acknowledge(id, NOW), refused);
    fails(journal.reopen(id, NOW), refused);
    journal.attempt(id, NOW + 5).unwrap();
    let entry = journal.entry(id).unwrap().unwrap();
    assert_eq!((entry.attempts, entry.last_attempt_at, entry.begun_at), (2, NOW + 5, NOW));

    for (count, settlement) in settlements().into_iter().enumerate() {
        let id = begin(&mut journal, &format!("another {count}")).id;
        journal.settle(id, &settlement, NOW).unwrap();
        let entry = journal.entry(id).unwrap().unwrap();
        fails(journal.attempt(id, NOW), refused);
        if !entry.is_settled() {
            fails(journal.acknowledge(id, NOW), refused);
        }
        if entry.allows_same_number() {
            journal.reopen(id, NOW + 9).unwrap();
            let open = journal.entry(id).unwrap().unwrap();
            assert_eq!((open.attempts, open.last_attempt_at), (entry.attempts + 1, NOW + 9));
            assert_eq!((open.state, open.fields), (EntryState::Open, entry.fields));
        } else {
            fails(journal.reopen(id, NOW), refused);
        }
    }

    // Acknowledged: nothing is written to it, and twice is no error.
    journal.settle(id, &accepted(), NOW).unwrap();
    journal.acknowledge(id, NOW + 10).unwrap();
    journal.acknowledge(id, NOW + 11).unwrap();
    assert_eq!(journal.entry(id).unwrap().unwrap().acknowledged_at, Some(NOW + 10));
    for settlement in settlements() {
        fails(journal.settle(id, &settlement, NOW), refused);
    }
    fails(journal.attempt(id, NOW), refused);
    assert_eq!(journal.entry(id).unwrap().unwrap().acknowledged_at, Some(NOW + 10));

    // No such entry.
    fails(journal.attempt(999, NOW), refused);
    fails(journal.settle(999, &accepted(), NOW), refused);
    fails(journal.reopen(999, NOW), refused);
    fails(journal.acknowledge(999, NOW), refused);
}

#[test]
fn an_acknowledged_entry_that_was_not_sent_opens_again() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let entry = begin(&mut journal, "prize");
    journal.settle(entry.id, &Settlement::NotSent, NOW).unwrap();
    journal.acknowledge(entry.id, NOW).unwrap();
    journal.reopen(entry.id, NOW + 1).unwrap();
    let open = journal.entry(entry.id).unwrap().unwrap();
    assert_eq!((open.state, open.acknowledged_at, open.attempts), (EntryState::Open, None, 2));
    // Once it is blanked there is nothing to send.
    journal.settle(entry.id, &Settlement::NotSent, NOW).unwrap();
    journal.acknowledge(entry.id, NOW).unwrap();
    assert_eq!(journal.prune(NOW + 100, 0).unwrap(), 0);
    fails(journal.reopen(entry.id, NOW), JournalFaultKind::Refused);
}

#[test]
fn an_order_number_is_used_once_under_an_account() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let first = begin(&mut journal, "a");
    let mut same = |_: Serial| Ok(Numbered { order_number: first.order_number.clone(), fields: vec![] });
    fails(journal.begin(&new_entry("b", NOW), &mut same), JournalFaultKind::Refused);
    assert_eq!(journal.latest(ACCOUNT, "b").unwrap(), None);
    // The first serials make a used number, then one does not: it is asked again.
    let mut asked = BTreeSet::new();
    let mut late = |serial: Serial| {
        assert!(asked.insert(serial), "a serial twice");
        if asked.len() < 4 { same(serial) } else { numbered(serial) }
    };
    let second = journal.begin(&new_entry("b", NOW), &mut late).unwrap();
    assert_eq!(second.fields, fields(&second.order_number));
    // A number that cannot be made stores nothing, and its serial is not shown again.
    let mut seen = None;
    let mut broken = |serial: Serial| {
        seen = Some(serial);
        Err(ChinaTime::from_unix(-1).unwrap_err())
    };
    let fault = fails(journal.begin(&new_entry("c", NOW), &mut broken), JournalFaultKind::Number);
    assert!(fault.text().contains("1970"), "{fault}");
    let mut next = None;
    let mut good = |serial: Serial| {
        next = Some(serial);
        numbered(serial)
    };
    journal.begin(&new_entry("c", NOW), &mut good).unwrap();
    assert!(next > seen);
}

#[test]
fn signatures_and_nonces_are_refused() {
    let folder = Folder::new();
    let mut journal = folder.open();
    for name in ["sign", "workwx_sign", "nonce_str"] {
        let mut leaky = |serial: Serial| {
            let mut numbered = numbered(serial)?;
            numbered.fields.push((name.to_string(), "SECRET-VALUE-0001".to_string()));
            Ok(numbered)
        };
        let fault = fails(journal.begin(&new_entry(name, NOW), &mut leaky), JournalFaultKind::Refused);
        assert!(!fault.text().contains("SECRET-VALUE"));
        let id = begin(&mut journal, name).id;
        let evidence = vec![(name.to_string(), "SECRET-VALUE-0001".to_string())];
        fails(journal.settle(id, &Settlement::Accepted { queried: true, evidence }, NOW), JournalFaultKind::Refused);
        assert_eq!(journal.entry(id).unwrap().unwrap().state, EntryState::Open);
    }
    assert!(!holds(&folder.bytes(), b"SECRET-VALUE"));
}

fn holds(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

#[test]
fn sums_by_call_and_outcome() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let words = ["accepted", "accepted", "declined", "declined", "declined", "declined", "declined", "not sent"];
    let words = [&words[..], &["for a person", "by hand: paid", "by hand: not paid"]].concat();
    for (count, settlement) in settlements().iter().enumerate() {
        let id = begin(&mut journal, &format!("{count}")).id;
        journal.settle(id, settlement, NOW).unwrap();
    }
    begin(&mut journal, "open");
    let other = NewEntry { call: "wxcharge", amount: Fen::MAX, ..new_entry("early", NOW - 1) };
    journal.begin(&other, &mut numbered).unwrap();

    let sums = journal.summary(NOW, NOW + 1).unwrap();
    let mut expected: Vec<(&str, u64)> = Vec::new();
    for word in words.into_iter().chain(["open"]) {
        match expected.iter_mut().find(|(have, _)| *have == word) {
            Some((_, count)) => *count += 1,
            None => expected.push((word, 1)),
        }
    }
    expected.sort();
    let found: Vec<(&str, u64)> = sums.iter().map(|row| (row.outcome.as_str(), row.count)).collect();
    assert_eq!(found, expected);
    assert!(sums.iter().all(|row| row.call == "sendredpack" && row.fen == 200 * row.count));
    assert_eq!(journal.summary(NOW - 1, NOW).unwrap()[0].fen, u64::from(Fen::MAX.get()));
    assert_eq!(journal.summary(NOW + 1, i64::MAX).unwrap(), []);
}

// -- pruning ---------------------------------------------------------------------------------------------------------

fn settled(journal: &mut SqliteJournal, intent: &str, at: i64, settlement: &Settlement) -> EntryId {
    let id = journal.begin(&new_entry(intent, at), &mut numbered).unwrap().id;
    journal.settle(id, settlement, at).unwrap();
    id
}

#[test]
fn pruning_takes_what_is_old_and_blanks_the_rest() {
    const DAY: i64 = 86_400;
    let folder = Folder::new();
    let mut journal = folder.open();
    let unacknowledged = settled(&mut journal, "unacknowledged", NOW - 99 * DAY, &accepted());
    let open = journal.begin(&new_entry("open", NOW - 99 * DAY), &mut numbered).unwrap().id;
    let old = settled(&mut journal, "old", NOW - 50 * DAY, &accepted());
    let hand = settled(&mut journal, "hand", NOW - 50 * DAY, &by_hand(true));
    let twice = settled(&mut journal, "twice", NOW - 50 * DAY, &declined(Next::NewNumber));
    let young_intent = settled(&mut journal, "young intent", NOW - 20 * DAY, &accepted());
    let twice_again = settled(&mut journal, "twice", NOW - 20 * DAY, &accepted());
    let fresh = settled(&mut journal, "fresh", NOW, &accepted());
    for id in [old, hand, twice, young_intent, twice_again, fresh] {
        let at = journal.entry(id).unwrap().unwrap().begun_at;
        journal.acknowledge(id, at).unwrap();
    }
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY).unwrap(), 1);
    assert_eq!(journal.entry(old).unwrap(), None);
    // They stay: the intent's newest entry decides what may be paid again, so an intent goes as a whole or not at all.
    for (id, blanked) in [
        (unacknowledged, false),
        (open, false),
        (hand, true),
        (twice, true),
        (young_intent, true),
        (twice_again, true),
        (fresh, false),
    ] {
        let entry = journal.entry(id).unwrap().unwrap();
        assert_eq!(entry.fields.is_empty(), blanked, "{}", entry.intent);
        fails(journal.begin(&new_entry(&entry.intent, NOW), &mut numbered), JournalFaultKind::Refused);
    }
    assert_eq!(journal.entry(young_intent).unwrap().unwrap().state, EntryState::Settled(accepted()));
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 10 * DAY).unwrap(), 3);
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 10 * DAY).unwrap(), 0);
    assert!(journal.entry(hand).unwrap().is_some(), "what a person wrote stays");
    // A number is not given again.
    let last = begin(&mut journal, "another").id;
    assert!(last > fresh);
}

#[test]
fn blanked_data_is_gone_from_the_files() {
    let folder = Folder::new();
    let mut journal = folder.open();
    for count in 0..50 {
        let id = settled(&mut journal, &format!("{count}"), NOW, &accepted());
        journal.acknowledge(id, NOW).unwrap();
    }
    assert!(holds(&folder.bytes(), OPENID.as_bytes()));
    assert_eq!(journal.prune(NOW + 1, NOW).unwrap(), 0);
    assert!(!holds(&folder.bytes(), OPENID.as_bytes()));
    assert!(!holds(&folder.bytes(), "张三".as_bytes()));
    assert_eq!(journal.unacknowledged().unwrap(), []);
    assert_eq!(journal.prune(NOW + 1, NOW + 1).unwrap(), 50);
}

/// A clock at 1970 makes an entry look old. It is young until a later entry shows otherwise.
#[test]
fn a_clock_at_1970_prunes_nothing_early() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let id = settled(&mut journal, "paid in 1970", 100, &accepted());
    journal.acknowledge(id, 200).unwrap();
    assert_eq!(journal.prune(NOW, NOW).unwrap(), 0);
    fails(journal.begin(&new_entry("paid in 1970", NOW), &mut numbered), JournalFaultKind::Refused);
    assert!(!journal.entry(id).unwrap().unwrap().fields.is_empty());
    journal.begin(&new_entry("later", NOW), &mut numbered).unwrap();
    assert_eq!(journal.prune(NOW, NOW).unwrap(), 0);
    assert_eq!(journal.prune(NOW + 1, NOW + 1).unwrap(), 1);
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
    assert_eq!(journal.prune(NOW + 99, NOW + 99).unwrap(), 0);
    let wrote = shell(&folder.journal(), "SELECT paid, person FROM by_hand ORDER BY id");
    assert_eq!(wrote, "1|王芳\n");
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
    for count in 0..2 * COUNTERS + 10 {
        let mut keep = |serial: Serial| {
            assert!(serials.insert(serial), "{serial:?} twice");
            let mut numbered = numbered(serial)?;
            numbered.fields.clear();
            Ok(numbered)
        };
        let entry = journal.begin(&new_entry(&count.to_string(), NOW), &mut keep).unwrap();
        assert!(numbers.insert(entry.order_number));
    }
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

// -- what people see -------------------------------------------------------------------------------------------------

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

// -- damage ----------------------------------------------------------------------------------------------------------

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
    let lengths = (0..whole.len()).step_by(1021).chain((0..whole.len()).step_by(4096)).chain([1, 15, 16, 99, 100, 512]);
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
    for page in 0..whole.len() / 4096 {
        for kind in 0..4 {
            let mut bytes = whole.clone();
            let place = &mut bytes[page * 4096..][..4096];
            match kind {
                0 => place.fill(0),
                1 => place.fill(0xFF),
                // A whole page of noise; half a page of noise.
                2 => place.iter_mut().for_each(|byte| *byte = dice.roll(256) as u8),
                _ => place[2048..].iter_mut().for_each(|byte| *byte = dice.roll(256) as u8),
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
        for page in 0..before.len().min(after.len()) / 4096 {
            let place = page * 4096..(page + 1) * 4096;
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
    assert!(content.len() > 4096);
    for kept in [None, Some(0), Some(32), Some(4000)] {
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
    for length in (0..=whole.len()).step_by(2048) {
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
    change(&folder.journal(), "PRAGMA user_version = 3; ALTER TABLE entries ADD COLUMN new TEXT");
    let before = folder.bytes();
    fails(open(&folder.journal()), JournalFaultKind::Newer);
    assert_eq!(folder.bytes(), before);
    change(&folder.journal(), "PRAGMA user_version = 0");
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
    change(&folder.journal(), "PRAGMA user_version = 2; PRAGMA application_id = 1");
    fails(open(&folder.journal()), JournalFaultKind::Damaged);
}

// -- storage that fails ----------------------------------------------------------------------------------------------

/// Begins until it fails, and says what it knows.
fn child_fills_the_disk(path: &Path) {
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
fn shim() -> Option<&'static Path> {
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

fn under_shim(role: &str, folder: &Folder, shim: &Path) -> Command {
    let mut command = child(role, &folder.journal());
    command.env("LD_PRELOAD", shim).env("POWERCUT_FOLDER", &folder.0);
    command
}

fn events() -> String {
    fs::read_to_string(std::env::var_os("POWERCUT_LOG").unwrap()).unwrap_or_default()
}

fn child_counts_syncs(path: &Path) {
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
fn child_on_a_failing_device(path: &Path) {
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

/// Says what it tries and what it did, so that the parent knows what must be there.
fn child_pays(path: &Path) {
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
                    journal.reopen(id, at).unwrap();
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
            EntryState::Settled(settlement) => Some(all.iter().position(|one| one == settlement).unwrap()),
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
