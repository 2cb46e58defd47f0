//! Flash that changes what it keeps: bits flip in a journal with every kind of entry. Each flip is refused, or everything
//! reads the same.
//!
//! `WXPAY_FLIPS=1 cargo test --release --features sqlite --test all flips:: -- --nocapture` flips every bit; without the
//! variable every 397th is flipped.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use wxpay_terminal::endpoint::Numbers;
use wxpay_terminal::*;

use crate::journal::journal::{Folder, copy_folder, fresh};
use crate::support::*;
use crate::till::modelled::{Dice, Modelled, Time};
use crate::till::simulation::{Said, pay, till};

const DEVICE: Option<&str> = Some("013467007045764");
pub const REDPACK: &str = "redpack https://gateway.example 1900000109 wx8888888888888888 wx8888888888888888";
pub const SWIFTPASS: &str = "swiftpass https://gateway.example/pay/gateway 7551000001 wx2421b1c4370ec43b";
const OPENID: &str = "onqOjjmM1tad-3ROpncN-yUfa6uI";
const DAY: i64 = 86_400;
/// The bytes of a page.
pub const PAGE: usize = 1024;

pub fn open(path: &Path) -> Result<SqliteJournal, JournalFault> {
    SqliteJournal::open(path, 7, DEVICE, &fresh())
}

// -- a journal with every kind of entry ------------------------------------------------------------------------------

fn pairs(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
}

/// What a till would store.
pub fn begin_at(journal: &mut dyn Journal, call: &'static str, intent: &str, at: i64) -> Result<Entry, JournalFault> {
    let is_order = call == "pay.weixin.wap";
    let mut number = |serial: Serial| {
        let today = ChinaTime::from_unix(at)?;
        let (rule, merchant) = match is_order {
            true => (Numbers::DateSerial, SWIFTPASS_MCH_ID),
            false => (Numbers::MerchantDateSerial, MCH_ID),
        };
        let order_number = OrderNumbers::new(7).make(rule, merchant, today, serial)?;
        let fields = match is_order {
            true => pairs(&[
                ("service", "pay.weixin.wap"),
                ("out_trade_no", &order_number),
                ("mch_id", SWIFTPASS_MCH_ID),
                ("sub_appid", "wx2421b1c4370ec43b"),
                ("body", intent),
                ("total_fee", "200"),
                ("mch_create_ip", "14.23.150.211"),
                ("notify_url", "http://127.0.0.1/notify"),
                ("time_start", "20261121160000"),
                ("time_expire", "20261121160500"),
                ("sub_openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ]),
            false => pairs(&[
                ("mch_billno", &order_number),
                ("mch_id", MCH_ID),
                ("wxappid", APPID),
                ("send_name", "天虹百货"),
                ("re_openid", OPENID),
                ("total_amount", "200"),
                ("total_num", "1"),
                ("wishing", "恭喜发财"),
                ("client_ip", "127.0.0.1"),
                ("act_name", "新年红包"),
                ("remark", intent),
            ]),
        };
        Ok(Numbered { order_number, fields })
    };
    let account = if is_order { SWIFTPASS } else { REDPACK };
    journal.begin(
        &NewEntry { account, call, intent, amount: fen(200), of: (intent == "refunding").then_some("an order"), at },
        &mut number,
    )
}

fn settled(journal: &mut dyn Journal, call: &'static str, intent: &str, at: i64, settlement: &Settlement) -> EntryId {
    let id = begin_at(journal, call, intent, at).unwrap().id;
    journal.settle(id, settlement, at + 2).unwrap();
    id
}

fn accepted() -> Settlement {
    Settlement::Accepted { queried: false, evidence: pairs(&[("send_listid", "100000000020150520314766074200")]) }
}

fn by_hand(paid: bool) -> Settlement {
    Settlement::ByHand { paid, name: "王芳".into(), reason: "seen on the platform".into() }
}

/// Every state, every kind of refusal, and what prune leaves.
fn every_kind(journal: &mut dyn Journal) {
    let packet = "sendredpack";
    let order = "pay.weixin.wap";
    for (intent, at) in [("pruned", NOW - 50 * DAY), ("blanked", NOW - 20 * DAY)] {
        let id = settled(journal, packet, intent, at, &accepted());
        journal.acknowledge(id, at + 5).unwrap();
    }
    assert_eq!(journal.prune(NOW - 10 * DAY, NOW - 30 * DAY, &|_| Some(DECIDED)).unwrap(), 1);

    begin_at(journal, packet, "open", NOW).unwrap();
    let twice = begin_at(journal, packet, "tried twice", NOW).unwrap().id;
    journal.attempt(twice, NOW + 7).unwrap();
    let known = begin_at(journal, packet, "known", NOW).unwrap().id;
    journal.note(known, true, None).unwrap();
    let declined = |next| Settlement::Declined { code: "NOTENOUGH".into(), text: "帐号余额不足".into(), next };
    let url =
        pairs(&[("mweb_url", "https://wx.tenpay.com/pay?prepay_id=wx20161215"), ("ordered_at", "20261121160000")]);
    let late = pairs(&[("transaction_id", "7551000001201611221001"), ("time_end", "20261121160301")]);
    for (call, intent, settlement) in [
        (packet, "accepted", accepted()),
        (packet, "accepted by query", Settlement::Accepted { queried: true, evidence: pairs(&[("status", "SENT")]) }),
        (packet, "same number", declined(Next::SameNumber)),
        (packet, "same number later", declined(Next::SameNumberLater(Duration::new(86_400, 5)))),
        (packet, "new number", declined(Next::NewNumber)),
        (packet, "stop", declined(Next::Stop)),
        (packet, "not sent", Settlement::NotSent),
        (order, "ordered", Settlement::Ordered { evidence: url }),
        (order, "abandoned", Settlement::Abandoned),
        (order, "paid late", Settlement::PaidLate { evidence: late }),
        (
            packet,
            "unproven",
            Settlement::Unproven { code: "NOTENOUGH".into(), text: "余额不足".into(), next: Next::NewNumber },
        ),
        (
            packet,
            "refunding",
            Settlement::Refunding { evidence: pairs(&[("refund_id", "2007752501201407033233368018")]) },
        ),
        (packet, "for a person", Settlement::ForAPerson { reason: "past the look-back".into() }),
        (packet, "by hand, paid", by_hand(true)),
        (packet, "by hand, not paid", by_hand(false)),
    ] {
        settled(journal, call, intent, NOW, &settlement);
    }
    let reversed = begin_at(journal, packet, "being reversed", NOW).unwrap().id;
    journal.reversing(reversed, NOW + 15).unwrap();
    journal.reversing(reversed, NOW + 20).unwrap();
    let acknowledged = settled(journal, packet, "acknowledged", NOW, &accepted());
    journal.acknowledge(acknowledged, NOW + 9).unwrap();
}

// -- what is read ----------------------------------------------------------------------------------------------------

/// Everything that can be read of a journal, by the library and by people, and what it would give next.
#[derive(Debug, PartialEq)]
struct Reading {
    entries: BTreeMap<EntryId, Entry>,
    of_intents: Vec<(String, Vec<EntryId>)>,
    unacknowledged: Vec<EntryId>,
    summary: Vec<Summary>,
    last_attempt: Option<i64>,
    shown: Vec<String>,
    next_id: EntryId,
}

/// The rows of a query, as text, by SQLite and not by the library.
pub fn rows(path: &Path, sql: &str) -> rusqlite::Result<Vec<String>> {
    let file = rusqlite::Connection::open(path)?;
    let mut statement = file.prepare(sql)?;
    let columns = statement.column_count();
    let rows = statement.query_map([], |row| {
        let values = (0..columns).map(|column| row.get::<_, rusqlite::types::Value>(column));
        values.map(|value| value.map(|value| format!("{value:?}"))).collect::<rusqlite::Result<Vec<_>>>()
    })?;
    rows.map(|row| row.map(|row| row.join("|"))).collect()
}

fn read(path: &Path, known: &[Entry], used: &HashSet<u32>) -> Result<Reading, JournalFault> {
    let mut journal = open(path)?;
    let mut entries = BTreeMap::new();
    let mut of_intents = Vec::new();
    for entry in known {
        let of = journal.of_intent(&entry.intent)?;
        of_intents.push((entry.intent.clone(), of.iter().map(|entry| entry.id).collect()));
        let numbered = journal.by_order_number(&entry.account, &entry.order_number)?;
        entries.extend(of.into_iter().chain(numbered).map(|entry| (entry.id, entry)));
    }
    let unacknowledged = journal.unacknowledged()?.into_iter().map(|entry| entry.id).collect();
    let summary = journal.summary(i64::MIN, i64::MAX)?;
    let last_attempt = journal.last_attempt_to(REDPACK, "re_openid", OPENID)?;
    let mut shown = rows(path, "SELECT * FROM payments ORDER BY id").unwrap();
    shown.extend(rows(path, "SELECT id, entry, at, paid, person, reason FROM by_hand ORDER BY id").unwrap());
    let mut epoch = None;
    let mut number = |serial: Serial| {
        epoch = Some(serial.epoch);
        Ok(Numbered { order_number: "0000000000NEXT".into(), fields: vec![] })
    };
    let new = NewEntry { account: REDPACK, call: "sendredpack", intent: "next", amount: fen(1), of: None, at: NOW };
    let next_id = journal.begin(&new, &mut number)?.id;
    assert!(!used.contains(&epoch.unwrap()), "an epoch is drawn again");
    Ok(Reading { entries, of_intents, unacknowledged, summary, last_attempt, shown, next_id })
}

// -- flips -----------------------------------------------------------------------------------------------------------

fn stride() -> usize {
    size("WXPAY_FLIPS", 1_597, 397) as usize
}

/// The files of a journal that nobody has open.
#[derive(Clone)]
struct Files(Vec<(&'static str, Vec<u8>)>);

const NAMES: [&str; 4] = ["journal.db", "journal.db-wal", "journal.db-shm", "journal.db.lock"];

impl Files {
    fn take(folder: &Path) -> Files {
        Files(NAMES.into_iter().filter_map(|name| Some((name, fs::read(folder.join(name)).ok()?))).collect())
    }

    fn put(&self, folder: &Path) {
        for name in NAMES {
            let _ = fs::remove_file(folder.join(name));
        }
        for (name, bytes) in &self.0 {
            fs::write(folder.join(name), bytes).unwrap();
        }
    }

    /// SQLite makes the `-shm` file anew with each opening.
    fn same_but_shm(&self, other: &Files) -> bool {
        let kept = |files: &Files| -> Vec<_> {
            files.0.iter().filter(|(name, _)| *name != "journal.db-shm").cloned().collect()
        };
        kept(self) == kept(other)
    }

    /// With these bits of a file flipped.
    fn flipped(&self, file: usize, bits: &[usize]) -> Files {
        let mut files = self.clone();
        for bit in bits {
            files.0[file].1[bit / 8] ^= 1 << (bit % 8);
        }
        files
    }
}

#[derive(Default)]
struct Counts {
    flips: AtomicUsize,
    refused: AtomicUsize,
    same: AtomicUsize,
}

impl Counts {
    fn line(&self, what: &str) -> String {
        let [flips, refused, same] =
            [&self.flips, &self.refused, &self.same].map(|count| count.load(Ordering::Relaxed));
        assert_eq!(flips, refused + same);
        format!("{what}: flips {flips}, refused {refused}, same {same}, read differently 0")
    }
}

/// Opens and reads the flipped files: a refusal, or the same reading.
fn try_flip(files: &Files, folder: &Path, whole: &Whole, counts: &Counts, what: &dyn Fn() -> String) {
    files.put(folder);
    counts.flips.fetch_add(1, Ordering::Relaxed);
    match read(&folder.join("journal.db"), &whole.known, &whole.used) {
        Ok(reading) => {
            assert!(reading == whole.reading, "{}: read differently", what());
            counts.same.fetch_add(1, Ordering::Relaxed);
        }
        Err(fault) => {
            // A greater number of the schema's version may be a newer library's.
            use JournalFaultKind::{Damaged, Newer};
            assert!(matches!(fault.kind(), Damaged | Newer), "{}: {fault:?}", what());
            counts.refused.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// A journal, and how it reads.
struct Whole {
    files: Files,
    known: Vec<Entry>,
    used: HashSet<u32>,
    reading: Reading,
}

impl Whole {
    fn of(folder: &Folder) -> Whole {
        let files = Files::take(&folder.0);
        let aside = Folder::new();
        files.put(&aside.0);
        let epochs = rows(&aside.journal(), "SELECT epoch FROM epochs").unwrap();
        let used = epochs.iter().map(|epoch| epoch["Integer(".len()..epoch.len() - 1].parse().unwrap()).collect();
        files.put(&aside.0);
        let mut journal = open(&aside.journal()).unwrap();
        let known: Vec<Entry> = (1..50).filter_map(|id| journal.entry(id).unwrap()).collect();
        drop(journal);
        files.put(&aside.0);
        let reading = read(&aside.journal(), &known, &used).unwrap();
        assert_eq!(reading.entries.len(), known.len());
        Whole { files, known, used, reading }
    }

    /// Flips each bit of a file, in steps, on two threads.
    fn flip_all(&self, name: &str, stride: usize) -> Counts {
        self.flip(name, stride, usize::MAX)
    }

    fn flip(&self, name: &str, stride: usize, until: usize) -> Counts {
        let (counts, next) = (Counts::default(), AtomicUsize::new(0));
        let file = self.files.0.iter().position(|(have, _)| *have == name).unwrap();
        let bits = until.min(self.files.0[file].1.len() * 8);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    let folder = Folder::new();
                    loop {
                        let bit = next.fetch_add(stride, Ordering::Relaxed);
                        if bit >= bits {
                            return;
                        }
                        let flipped = self.files.flipped(file, &[bit]);
                        try_flip(&flipped, &folder.0, self, &counts, &|| format!("{name}, bit {bit}"));
                    }
                });
            }
        });
        counts
    }
}

#[test]
fn every_flip_of_a_journal_is_refused_or_reads_the_same() {
    let folder = Folder::new();
    every_kind(&mut open(&folder.journal()).unwrap());
    let whole = Whole::of(&folder);
    assert_eq!(whole.known.len(), 21, "{:?}", whole.known);
    let counts = whole.flip_all("journal.db", stride());
    println!("{}", counts.line("the database"));
    println!("{}", whole.flip("journal.db", 1, 800).line("the database's header"));
    // A good part of the file decides.
    assert!(counts.refused.load(Ordering::Relaxed) * 10 > counts.flips.load(Ordering::Relaxed));
    println!("{}", whole.flip_all("journal.db.lock", stride().min(5)).line("the lock file"));
}

/// What a killed process leaves: the newest payments are in the `-wal` file only.
fn killed() -> (Folder, Whole) {
    let folder = Folder::new();
    let left = Folder::new();
    let mut journal = open(&folder.journal()).unwrap();
    settled(&mut journal, "sendredpack", "earlier", NOW, &accepted());
    drop(journal);
    let mut journal = open(&folder.journal()).unwrap();
    settled(&mut journal, "sendredpack", "accepted", NOW, &accepted());
    begin_at(&mut journal, "sendredpack", "open", NOW).unwrap();
    // As the page cache has it when the process dies.
    copy_folder(&folder.0, &left.0);
    drop(journal);
    let whole = Whole::of(&left);
    (left, whole)
}

#[test]
fn every_flip_of_what_a_kill_leaves_is_refused_or_reads_the_same() {
    let (_folder, whole) = killed();
    assert_eq!(whole.known.len(), 3);
    for (name, stride) in [
        ("journal.db-wal", stride()),
        ("journal.db", 5 * stride()),
        ("journal.db.lock", stride().min(5)),
        ("journal.db-shm", 29 * stride()),
    ] {
        let counts = whole.flip_all(name, stride);
        println!("{}", counts.line(&format!("after a kill, {name}")));
        assert!(name != "journal.db-wal" || counts.refused.load(Ordering::Relaxed) > 10);
    }
}

/// Each frame of the `-wal` file, also of the last commit: what is dropped with it was paid.
#[test]
fn a_flip_in_any_frame_after_a_kill_is_noticed() {
    let (folder, whole) = killed();
    let wal = whole.files.0.iter().position(|(name, _)| *name == "journal.db-wal").unwrap();
    let frames = (whole.files.0[wal].1.len() - 32) / (24 + PAGE);
    for frame in 0..frames {
        for place in [0, 8, 16, 24 + PAGE - 1] {
            let bit = (32 + frame * (24 + PAGE) + place) * 8;
            whole.files.flipped(wal, &[bit]).put(&folder.0);
            let before = Files::take(&folder.0);
            // A program that is started again and again: refused each time, and what a person needs stays.
            for _ in 0..2 {
                let fault = open(&folder.journal()).err();
                let fault = fault.unwrap_or_else(|| panic!("frame {frame} of {frames}, byte {place}: it opens"));
                assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{fault}");
            }
            assert!(before.same_but_shm(&Files::take(&folder.0)), "frame {frame}: a file was changed");
        }
    }
    println!("frames of a -wal file after a kill: {frames}, flips in each noticed: 4");
    assert!(frames > 10);
}

/// The note in the lock file stands there twice: one bit of it does not hide that the `-wal` file lost its end.
#[test]
fn a_flip_in_the_lock_file_does_not_hide_one_in_the_last_commit() {
    let (folder, whole) = killed();
    let file = |name| whole.files.0.iter().position(|(have, _)| *have == name).unwrap();
    let (wal, lock) = (file("journal.db-wal"), file("journal.db.lock"));
    let last = whole.files.flipped(wal, &[(whole.files.0[wal].1.len() - 1) * 8]);
    let bits = whole.files.0[lock].1.len() * 8;
    for bit in (0..bits).step_by(stride().min(7)) {
        last.flipped(lock, &[bit]).put(&folder.0);
        let fault = open(&folder.journal()).err().unwrap_or_else(|| panic!("bit {bit} of the lock file: it opens"));
        assert_eq!(fault.kind(), JournalFaultKind::Damaged, "{fault}");
    }
    println!("bits of the lock file beside a lost commit: {bits}, every {} tried, all refused", stride().min(7));
}

#[test]
fn several_flips_at_once_are_refused_or_read_the_same() {
    let folder = Folder::new();
    every_kind(&mut open(&folder.journal()).unwrap());
    let (closed, (_left, killed)) = (Whole::of(&folder), killed());
    let mut dice = Dice::new(18);
    let (counts, place) = (Counts::default(), Folder::new());
    for round in 0..100_000 / stride() {
        let whole = if round % 3 == 0 { &killed } else { &closed };
        let file = dice.roll(whole.files.0.len() as u32) as usize;
        let bits = whole.files.0[file].1.len() * 8;
        let at = dice.roll(bits as u32) as usize;
        let chosen: Vec<usize> = match round % 4 {
            // Two bits anywhere; a burst; a byte; a whole line of a flash page at 0xFF or so.
            0 => vec![at, (at + 1 + dice.roll(bits as u32 - 1) as usize) % bits],
            1 => (at..bits.min(at + 1 + dice.roll(7) as usize)).collect(),
            2 => (at / 8 * 8..at / 8 * 8 + 8).filter(|_| dice.roll(2) == 0).collect(),
            _ => (at..bits.min(at + 512)).filter(|_| dice.roll(2) == 0).collect(),
        };
        let chosen: Vec<usize> = chosen.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        let flipped = whole.files.flipped(file, &chosen);
        try_flip(&flipped, &place.0, whole, &counts, &|| format!("round {round}: file {file}, {chosen:?}"));
    }
    println!("{}", counts.line("several bits at once"));
}

// -- the simulation --------------------------------------------------------------------------------------------------

/// What happened in a run.
#[derive(Debug, Default)]
struct Run {
    accepted: u32,
    restarts: u32,
    kills: u32,
    refused: u32,
    same: u32,
}

/// One bit of one of the files.
fn flip_one(folder: &Path, dice: &mut Dice) {
    let files = Files::take(folder);
    let file = dice.roll(files.0.len() as u32) as usize;
    let bits = (files.0[file].1.len() * 8) as u32;
    if bits > 0 {
        files.flipped(file, &[dice.roll(bits) as usize]).put(folder);
    }
}

/// A gateway under faults and a journal on flash that flips a bit at each restart. What is refused is for a person, who puts
/// the flash right and goes on; what opens is believed, and must be right.
struct Field {
    gateway: &'static str,
    wire: std::sync::Arc<Modelled>,
    time: Time,
    place: Folder,
    dice: Dice,
    run: Run,
}

impl Field {
    fn new(gateway: &'static str, seed: u64) -> Field {
        let time = Time::new();
        // Orders of a customer end by the gateway's own time.
        let wire = Modelled::at(gateway, seed, 45, (gateway == "swiftpass").then(|| time.clone()));
        Field { gateway, wire, time, place: Folder::new(), dice: Dice::new(seed ^ 0xF11B), run: Run::default() }
    }

    fn start(&self) -> Result<Till, JournalFault> {
        open(&self.place.journal()).map(|journal| till(self.gateway, journal, &self.wire, &self.time))
    }

    /// The program ends, or is killed; a bit flips; it starts again.
    fn restart(&mut self, now: Till) -> Till {
        self.run.restarts += 1;
        let left = Folder::new();
        if self.dice.roll(2) == 0 {
            copy_folder(&self.place.0, &left.0);
            self.run.kills += 1;
            drop(now);
        } else {
            drop(now);
            copy_folder(&self.place.0, &left.0);
        }
        self.place = left;
        let whole = Files::take(&self.place.0);
        flip_one(&self.place.0, &mut self.dice);
        let now = match self.start() {
            Ok(till) => {
                self.run.same += 1;
                till
            }
            Err(_) => {
                self.run.refused += 1;
                whole.put(&self.place.0);
                self.start().unwrap()
            }
        };
        if self.dice.roll(2) == 0 {
            let _ = now.recover(Duration::from_secs(5));
        }
        now
    }
}

/// Payments under faults, restarts, kills and flips.
fn run(gateway: &'static str, seed: u64, payments: u32) -> Run {
    let mut field = Field::new(gateway, seed);
    let mut now = field.start().unwrap();
    for number in 0..payments {
        let intent = format!("prize{number}");
        for _ in 0..4 {
            let said = pay(gateway, &now, &intent, 200);
            let paid = field.wire.paid_by_intent_one(&intent);
            let at = format!("seed {seed}, {gateway}, {intent}: {said:?}");
            assert!(paid <= 1, "{at}: paid {paid} times");
            match said {
                Said::Accepted(order) => {
                    assert_eq!(field.wire.paid(&order), 1, "{at}: not paid");
                    field.run.accepted += 1;
                    break;
                }
                Said::Ordered(_) | Said::PaidLate(_) => panic!("{at}"),
                Said::Declined(_) | Said::Error(_) => assert_eq!(paid, 0, "{at}: though paid"),
                Said::Unknown(_) => {}
            }
            if field.dice.roll(3) == 0 {
                now = field.restart(now);
            }
        }
    }
    drop(now);
    field.wire.set_faults(0);
    let last = field.start().unwrap();
    agree(&format!("seed {seed}, {gateway}"), last, &field.place, &field.wire, gateway);
    field.run
}

/// Orders that customers pay, at once, late or never, under the same. What is said of an order is true.
fn run_orders(seed: u64, orders: u32) -> Run {
    let mut field = Field::new("swiftpass", seed);
    let mut now = field.start().unwrap();
    for number in 0..orders {
        let intent = format!("prize{number}");
        for _ in 0..4 {
            if let Said::Ordered(order) | Said::Accepted(order) | Said::PaidLate(order) =
                pay("swiftpass", &now, &intent, 200)
            {
                let pays = field.dice.roll(10) < 6 && field.wire.customer_pays(&order);
                if pays && field.dice.roll(2) == 0 {
                    let told = now.notified(field.wire.notification(&order).as_bytes());
                    assert!(told.is_err() || told.unwrap().entry.is_paid());
                }
                if field.dice.roll(3) == 0 {
                    now = field.restart(now);
                }
                let patience = Duration::from_secs(u64::from(field.dice.roll(10)));
                let outcome = match field.dice.roll(6) {
                    0 => now.close(&order),
                    _ => now.payment_of_with(&order, &Options::new().patience(patience)),
                };
                let at = format!("seed {seed}, swiftpass, {intent}: {outcome:?}");
                match outcome {
                    Ok(Outcome::Accepted(_) | Outcome::PaidLate(_)) => {
                        assert_eq!(field.wire.paid(&order), 1, "{at}: not paid");
                        field.run.accepted += 1;
                        break;
                    }
                    Ok(Outcome::Declined(_)) => {
                        assert_eq!(field.wire.paid(&order), 0, "{at}: though paid");
                        assert!(!field.wire.customer_pays(&order), "{at}: still payable");
                    }
                    _ => {}
                }
            }
        }
    }
    field.run
}

/// Without faults everything that is open is asked for once more; then ledger and journal agree.
fn agree(at: &str, last: Till, place: &Folder, wire: &Modelled, gateway: &str) {
    for entry in last.unacknowledged().unwrap().into_iter().filter(|entry| entry.state == EntryState::Open) {
        let _ = pay(gateway, &last, &entry.intent, 200);
    }
    let entries = last.unacknowledged().unwrap();
    drop(last);
    for entry in &entries {
        let paid = wire.paid(&entry.order_number);
        match &entry.state {
            EntryState::Recorded(Settlement::Accepted { .. }) => assert_eq!(paid, 1, "{at}: {entry:?}"),
            EntryState::Recorded(Settlement::Declined { .. } | Settlement::NotSent) => {
                assert_eq!(paid, 0, "{at}: {entry:?}")
            }
            EntryState::Recorded(Settlement::ForAPerson { .. }) => {}
            other => panic!("{at}: still {other:?} {entry:?}"),
        }
    }
    let known: HashSet<_> = entries.iter().map(|entry| entry.order_number.as_str()).collect();
    let stored = rows(&place.journal(), "SELECT count(*) FROM entries").unwrap();
    assert_eq!(stored, [format!("Integer({})", entries.len())], "{at}: nothing was acknowledged");
    for number in wire.numbers() {
        assert!(known.contains(number.as_str()), "{at}: the ledger has {number}, the journal has not");
    }
    for (intent, paid) in wire.paid_by_intent() {
        assert!(paid <= 1, "{at}: {intent} paid {paid} times");
    }
}

/// `WXPAY_SIMULATED` for a long one, `WXPAY_SEED` for another one.
#[test]
fn the_simulation_with_a_flip_at_each_restart() {
    let (total, seed) = (size("WXPAY_SIMULATED", 200, 600), size("WXPAY_SEED", 1, 1));
    for gateway in ["redpack", "workwx", "webgate", "swiftpass"] {
        let mut sum = Run::default();
        for round in 0..total / 100 {
            let one = match gateway {
                "swiftpass" => run_orders(seed + round, 100),
                _ => run(gateway, seed + round, 100),
            };
            sum.accepted += one.accepted;
            sum.restarts += one.restarts;
            sum.kills += one.kills;
            sum.refused += one.refused;
            sum.same += one.same;
        }
        println!(
            "{gateway}: {total} payments, a bit flipped at each restart: paid twice 0, lost 0, declined though paid 0; {sum:?}"
        );
        assert!(sum.refused > 0 && sum.same > 0 && sum.kills > 0 && u64::from(sum.accepted) > total / 2);
    }
}
