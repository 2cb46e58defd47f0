//! The journal on a file: its rules, and what pruning takes. Here is also what the other tests of it need.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::*;

use crate::journal::flash::child_counts_bytes;
use crate::journal::journal_storage::{
    child_counts_syncs, child_fills_the_disk, child_on_a_failing_device, child_pays,
    child_puts_away_on_a_failing_device,
};
use crate::support::memory_journal::Newest;
use crate::support::{DECIDED, MCH_ID, NOW, fen};

pub const TERMINAL: u16 = 7;
pub const DEVICE: Option<&str> = Some("013467007045764");
pub const ACCOUNT: &str = "redpack/1900000109/wx8888888888888888/https://api.mch.weixin.qq.com";
pub const OPENID: &str = "onqOjjmM1tad-3ROpncN-yUfa6uI";

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

    pub fn open(&self) -> SqliteJournal {
        open(&self.journal()).unwrap()
    }

    pub fn bytes(&self) -> Vec<u8> {
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
    pub fn new(seed: u64) -> Dice {
        Dice(Mutex::new(seed.wrapping_mul(0x9E37_79B9_7F4A_7C15) | 1))
    }

    pub fn roll(&self, sides: u64) -> u64 {
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

pub fn open(path: &Path) -> Result<SqliteJournal, JournalFault> {
    SqliteJournal::open(path, TERMINAL, DEVICE, &fresh())
}

pub fn fields(number: &str) -> Vec<(String, String)> {
    [("mch_billno", number), ("re_openid", OPENID), ("re_user_name", "张三"), ("total_amount", "200"), ("remark", "")]
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .to_vec()
}

pub fn numbered(serial: Serial) -> Result<Numbered, Error> {
    let today = ChinaTime::from_unix(NOW)?;
    let order_number = OrderNumbers::new(TERMINAL).make(Numbers::MerchantDateSerial, MCH_ID, today, serial)?;
    let fields = fields(&order_number);
    Ok(Numbered { order_number, fields })
}

pub fn new_entry(intent: &str, at: i64) -> NewEntry<'_> {
    NewEntry { account: ACCOUNT, call: "sendredpack", intent, amount: fen(200), of: None, at }
}

pub fn begin(journal: &mut dyn Journal, intent: &str) -> Entry {
    journal.begin(&new_entry(intent, NOW), &mut numbered).unwrap()
}

pub fn accepted() -> Settlement {
    let evidence = vec![("send_listid".to_string(), "100000000020150520314766074200".to_string())];
    Settlement::Accepted { queried: false, evidence }
}

pub fn declined(next: Next) -> Settlement {
    Settlement::Declined {
        code: "NOTENOUGH".into(), text: "帐号余额不足，请到商户平台充值后再重试".into(), next
    }
}

pub fn by_hand(paid: bool) -> Settlement {
    Settlement::ByHand { paid, name: "王芳".into(), reason: "looked it up on the merchant platform".into() }
}

pub fn for_a_person() -> Settlement {
    Settlement::ForAPerson { reason: "past the look-back".into() }
}

/// Every kind, and every kind of next.
pub fn settlements() -> Vec<Settlement> {
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
pub fn fails<T: std::fmt::Debug>(result: Result<T, JournalFault>, kind: JournalFaultKind) -> JournalFault {
    match result {
        Err(fault) if fault.kind() == kind => fault,
        other => panic!("must be {kind:?}: {other:?}"),
    }
}

pub fn has_tools() -> bool {
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
        "failing device, years" => child_puts_away_on_a_failing_device(&path),
        "count bytes" => child_counts_bytes(&path),
        "count syncs" => child_counts_syncs(&path),
        "pay" => child_pays(&path),
        other => panic!("{other}"),
    }
}

pub fn child(role: &str, path: &Path) -> Command {
    let mut command = wxpay_simulator::this_program();
    command.args(CHILD_ARGUMENTS).env("WXPAY_JOURNAL_CHILD", role).env("WXPAY_JOURNAL_PATH", path);
    command.stdin(Stdio::null()).stderr(Stdio::null()).stdout(Stdio::piped());
    command
}

const CHILD_ARGUMENTS: [&str; 4] = ["--exact", "journal::journal::as_child", "--nocapture", "--test-threads=1"];

/// The lines that a child said, until it ended.
pub fn said(mut command: Command) -> Vec<String> {
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
        let revision = journal.settle(begun.id, &settlement, NOW + 1).unwrap();
        assert_eq!(revision, begun.revision + 1);
        let mut settled = begun;
        (settled.state, settled.settled_at) = (EntryState::Recorded(settlement), Some(NOW + 1));
        settled.revision = revision;
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
            let stored = journal.entry(entry.id).unwrap().unwrap();
            let keeps_its_number = matches!(&stored.state,
                EntryState::Recorded(Settlement::Declined { next, .. }) if *next != Next::NewNumber);
            // A person may end a refusal that kept its number.
            let ends = keeps_its_number && matches!(settlement, Settlement::ByHand { paid: false, .. });
            let stays = stored.is_settled() && !ends;
            assert_eq!(journal.settle(entry.id, &settlement, NOW + 2).is_err(), stays);
            if ends {
                let ended = journal.entry(entry.id).unwrap().unwrap();
                assert!(ended.state == EntryState::Recorded(settlement) && ended.allows_new_number());
            }
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
    // Another account is no other matter: an intent is unique in the journal.
    let elsewhere = NewEntry { account: "workwx", ..new_entry("prize", NOW) };
    fails(journal.begin(&elsewhere, &mut numbered), JournalFaultKind::Refused);
    journal.begin(&NewEntry { intent: "workwx's own", ..elsewhere }, &mut numbered).unwrap();
    assert_eq!(journal.of_intent("prize").unwrap(), std::slice::from_ref(&first));

    journal.settle(first.id, &declined(Next::NewNumber), NOW).unwrap();
    let second = begin(&mut journal, "prize");
    assert_ne!(second.order_number, first.order_number);
    // The newest decides, not the first.
    refused(&mut journal);
    journal.settle(second.id, &by_hand(false), NOW).unwrap();
    let third = begin(&mut journal, "prize");
    assert_eq!(journal.latest(ACCOUNT, "prize").unwrap(), Some(third));
    assert_eq!(journal.entry(first.id).unwrap().unwrap().state, EntryState::Recorded(declined(Next::NewNumber)));
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
    fails(journal.reopen(id, NOW, None), refused);
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
            journal.reopen(id, NOW + 9, None).unwrap();
            let open = journal.entry(id).unwrap().unwrap();
            assert_eq!((open.attempts, open.last_attempt_at), (entry.attempts + 1, NOW + 9));
            assert_eq!((open.state, open.fields), (EntryState::Open, entry.fields));
        } else {
            fails(journal.reopen(id, NOW, None), refused);
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
    fails(journal.reopen(999, NOW, None), refused);
    fails(journal.acknowledge(999, NOW), refused);
}

#[test]
fn an_acknowledged_entry_that_was_not_sent_opens_again() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let entry = begin(&mut journal, "prize");
    journal.settle(entry.id, &Settlement::NotSent, NOW).unwrap();
    journal.acknowledge(entry.id, NOW).unwrap();
    journal.reopen(entry.id, NOW + 1, None).unwrap();
    let open = journal.entry(entry.id).unwrap().unwrap();
    assert_eq!((open.state, open.acknowledged_at, open.attempts), (EntryState::Open, None, 2));
    // Once it is blanked there is nothing to send.
    journal.settle(entry.id, &Settlement::NotSent, NOW).unwrap();
    journal.acknowledge(entry.id, NOW).unwrap();
    assert_eq!(journal.prune(NOW + 100, 0, &|_| Some(DECIDED)).unwrap(), 0);
    fails(journal.reopen(entry.id, NOW, None), JournalFaultKind::Refused);
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

/// What was begun under a clock that was not set is in no day, and so in every sum, under a name of its own (F38).
#[test]
fn what_has_no_day_is_in_every_sum() {
    let folder = Folder::new();
    let mut journal = folder.open();
    for (intent, at) in [("1970", 9), ("2099", 4_086_000_000), ("today", NOW)] {
        let id = journal.begin(&new_entry(intent, at), &mut numbered).unwrap().id;
        journal.settle(id, &accepted(), NOW).unwrap();
    }
    for (from, until, dated) in [(NOW, NOW + 86_400, true), (NOW - 86_400, NOW, false), (0, 10, false)] {
        let sums = journal.summary(from, until).unwrap();
        let rows: Vec<_> = sums.iter().map(|row| (row.outcome.as_str(), row.count, row.fen)).collect();
        let undated = ("undated: accepted", 2, 400);
        assert_eq!(rows, if dated { vec![("accepted", 1, 200), undated] } else { vec![undated] });
    }
}

/// A refused entry is opened again with mended fields (F29): the same number, another amount, and none of the old values left.
#[test]
fn a_refused_entry_is_opened_again_with_mended_fields() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let entry = begin(&mut journal, "prize");
    journal.settle(entry.id, &declined(Next::SameNumber), NOW + 1).unwrap();
    let mut mended = fields(&entry.order_number);
    mended.iter_mut().filter(|(name, _)| name == "re_openid").for_each(|(_, value)| *value = "mended".into());
    let mended = Mended { amount: Fen::new(201).unwrap(), fields: mended };
    let secret = Mended { fields: vec![("sign".into(), "x".into())], ..mended.clone() };
    fails(journal.reopen(entry.id, NOW + 2, Some(&secret)), JournalFaultKind::Refused);
    journal.reopen(entry.id, NOW + 2, Some(&mended)).unwrap();
    drop(journal);
    let now = folder.open().entry(entry.id).unwrap().unwrap();
    assert_eq!((now.state, now.attempts, now.amount), (EntryState::Open, 2, mended.amount));
    assert_eq!((now.fields, now.order_number), (mended.fields, entry.order_number));
}

// -- pruning ---------------------------------------------------------------------------------------------------------

pub fn settled(journal: &mut SqliteJournal, intent: &str, at: i64, settlement: &Settlement) -> EntryId {
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
    let again = settled(&mut journal, "again", NOW - 20 * DAY, &declined(Next::SameNumber));
    for id in [again, old, hand, twice, young_intent, twice_again, fresh] {
        let at = journal.entry(id).unwrap().unwrap().begun_at;
        journal.acknowledge(id, at).unwrap();
    }
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY, &|_| Some(DECIDED)).unwrap(), 1);
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
        (again, false),
    ] {
        let entry = journal.entry(id).unwrap().unwrap();
        assert_eq!(entry.fields.is_empty(), blanked, "{}", entry.intent);
        fails(journal.begin(&new_entry(&entry.intent, NOW), &mut numbered), JournalFaultKind::Refused);
    }
    assert_eq!(journal.entry(young_intent).unwrap().unwrap().state, EntryState::Recorded(accepted()));
    // It may be sent again until then.
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 10 * DAY, &|_| Some(DECIDED)).unwrap(), 4);
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 10 * DAY, &|_| Some(DECIDED)).unwrap(), 0);
    assert!(journal.entry(hand).unwrap().is_some(), "what a person wrote stays");
    // A number is not given again.
    let last = begin(&mut journal, "another").id;
    assert!(last > again);
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
    assert_eq!(journal.prune(NOW + 1, NOW, &|_| Some(DECIDED)).unwrap(), 0);
    assert!(!holds(&folder.bytes(), OPENID.as_bytes()));
    assert!(!holds(&folder.bytes(), "张三".as_bytes()));
    assert_eq!(journal.unacknowledged().unwrap(), []);
    assert_eq!(journal.prune(NOW + 1, NOW + 1, &|_| Some(DECIDED)).unwrap(), 50);
}

/// A clock at 1970 makes an entry look old. It is young until a later entry shows otherwise.
#[test]
fn a_clock_at_1970_prunes_nothing_early() {
    let folder = Folder::new();
    let mut journal = folder.open();
    let id = settled(&mut journal, "paid in 1970", 100, &accepted());
    journal.acknowledge(id, 200).unwrap();
    assert_eq!(journal.prune(NOW, NOW, &|_| Some(DECIDED)).unwrap(), 0);
    fails(journal.begin(&new_entry("paid in 1970", NOW), &mut numbered), JournalFaultKind::Refused);
    assert!(!journal.entry(id).unwrap().unwrap().fields.is_empty());
    journal.begin(&new_entry("later", NOW), &mut numbered).unwrap();
    assert_eq!(journal.prune(NOW, NOW, &|_| Some(DECIDED)).unwrap(), 0);
    assert_eq!(journal.prune(NOW + 1, NOW + 1, &|_| Some(DECIDED)).unwrap(), 1);
}
