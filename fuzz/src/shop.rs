//! A shop that gives red packets, with its journal in a file, and the gateway's ledger. The file is flipped, cut, patched, or changed by SQL with the
//! checks off. Held against the ledger: nobody is paid twice for one intent, what is accepted is paid, what is declined is not and never will be;
//! and an entry of a journal that opens reads as it was written.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::{APPID, MCH_ID, key, red_packet, redpack_success, reply, tenpay_failure, terminal, xml_value};
use crate::tape::Tape;
use crate::till::modelled::Time;

const DEVICE: Option<&str> = Some("013467007045764");
const FILES: [&str; 3] = ["journal.db", "journal.db-wal", "journal.db.lock"];
const INTENTS: usize = 4;

/// What the gateway has of a number.
#[derive(Clone, Debug)]
struct Packet {
    intent: String,
    /// When it is booked; never, where it was refused.
    due: Option<Duration>,
    failed: bool,
}

#[derive(Clone, Debug, Default)]
struct Ledger {
    packets: BTreeMap<String, Packet>,
    /// Payments that left the terminal.
    left: u32,
    choices: Vec<u8>,
}

#[derive(Clone)]
struct Gateway {
    ledger: Arc<Mutex<Ledger>>,
    time: Time,
}

fn lost() -> Fault {
    Fault { sent: Sent::Maybe, stage: Stage::Exchange, text: "lost".into() }
}

impl Transport for Gateway {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        Pause::pause(&self.time, Duration::from_millis(300));
        let now = self.time.world();
        let ledger = &mut *self.ledger.lock().expect("nobody panicked");
        let choice = ledger.choices.pop().unwrap_or(0);
        let body = std::str::from_utf8(post.body).expect("UTF-8");
        let number = xml_value(body, "mch_billno").expect("a number");
        let date = (choice & 0x80 == 0).then(|| self.time.right());
        let answers = |body: String| Ok(Received { reused: false, date, ..Received::new(200, body) });
        if choice % 16 == 1 {
            return Err(Fault::unsent(Stage::Connect, "no route"));
        }
        if post.url.ends_with("gethbinfo") {
            let packet = ledger.packets.get(&number);
            return match (choice % 16, packet) {
                (2, _) => Err(lost()),
                (3, _) => answers(tenpay_failure("SYSTEMERROR")),
                (_, Some(packet)) if packet.failed => answers(state(&number, "FAILED")),
                (4, Some(packet)) if packet.due.is_some_and(|due| due <= now) => answers(state(&number, "SENDING")),
                (5, Some(packet)) if packet.due.is_some_and(|due| due <= now) => answers(state(&number, "REFUND")),
                (_, Some(packet)) if packet.due.is_some_and(|due| due <= now) => answers(state(&number, "SENT")),
                _ => answers(tenpay_failure("NOT_FOUND")),
            };
        }
        ledger.left += 1;
        let intent = xml_value(body, "remark").expect("a remark");
        let packet = ledger.packets.entry(number.clone()).or_insert(Packet { intent, due: None, failed: false });
        let is_new = packet.due.is_none() && !packet.failed;
        let booked = |packet: &mut Packet, later: Duration| {
            if is_new {
                packet.due = Some(now + later);
            }
        };
        match choice % 16 {
            // It never arrives.
            2 | 6 => Err(lost()),
            3 | 7 => {
                booked(packet, Duration::ZERO);
                Err(lost())
            }
            4 => {
                booked(packet, Duration::from_secs(u64::from(choice) * 60));
                Err(lost())
            }
            5 => {
                booked(packet, Duration::ZERO);
                answers(tenpay_failure("SYSTEMERROR"))
            }
            8 => answers(tenpay_failure("SYSTEMERROR")),
            9 if is_new => answers(tenpay_failure("NOTENOUGH")),
            10 if is_new => {
                packet.failed = true;
                answers(tenpay_failure("SEND_FAILED"))
            }
            11 => {
                booked(packet, Duration::ZERO);
                Ok(Received { reused: false, ..Received::new(502, "<html></html>") })
            }
            _ if packet.failed => answers(tenpay_failure("SEND_FAILED")),
            _ => {
                booked(packet, Duration::ZERO);
                answers(redpack_success(&number, &[]))
            }
        }
    }
}

fn state(number: &str, status: &str) -> String {
    reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("mch_billno", number),
        ("mch_id", MCH_ID),
        ("detail_id", "10000417012016080830956240040"),
        ("status", status),
        ("send_type", "API"),
        ("hb_type", "NORMAL"),
        ("total_num", "1"),
        ("total_amount", "200"),
        ("send_time", "2026-11-21 12:00:00"),
    ])
}

/// Other numbers with each start, the same in each run of one input.
struct Draws(AtomicU32);

impl Random for Draws {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), Error> {
        for byte in bytes {
            let next = self
                .0
                .fetch_add(1, Ordering::Relaxed)
                .wrapping_mul(0x9E37_79B9)
                .rotate_left(11)
                .wrapping_mul(0x85EB_CA6B);
            *byte = (next >> 13) as u8;
        }
        Ok(())
    }
}

/// A folder in memory that goes with its owner.
pub struct Folder(PathBuf);

impl Folder {
    pub fn new() -> Folder {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let base = Path::new("/dev/shm");
        let base = if base.is_dir() { base.to_owned() } else { std::env::temp_dir() };
        let name = format!("wxpay-fuzz-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let folder = base.join(name);
        fs::create_dir_all(&folder).expect("a folder");
        Folder(folder)
    }

    /// Of the journal.
    pub fn path(&self) -> PathBuf {
        self.0.join(FILES[0])
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

type Files = Vec<(&'static str, Vec<u8>)>;

fn take(folder: &Folder) -> Files {
    FILES.into_iter().filter_map(|name| Some((name, fs::read(folder.0.join(name)).ok()?))).collect()
}

fn put(folder: &Folder, files: &Files) {
    for name in [&FILES[..], &["journal.db-shm"]].concat() {
        let _ = fs::remove_file(folder.0.join(name));
    }
    for (name, bytes) in files {
        fs::write(folder.0.join(name), bytes).expect("a file");
    }
}

struct Shop {
    folder: Folder,
    ledger: Arc<Mutex<Ledger>>,
    time: Time,
    till: Option<Till>,
    starts: u32,
    /// The order numbers that were told as accepted, and the intents that were declined, with how many had left by then.
    story: Vec<String>,
}

impl Drop for Shop {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("the shop:\n{}\n{:?}", self.story.join("\n"), self.ledger);
        }
    }
}

impl Shop {
    fn new(files: Option<&Files>, ledger: Ledger, time: Time, starts: u32) -> Shop {
        let folder = Folder::new();
        if let Some(files) = files {
            put(&folder, files);
        }
        Shop { folder, ledger: Arc::new(Mutex::new(ledger)), time, till: None, starts, story: Vec::new() }
    }

    fn opens(&mut self) -> Result<(), JournalFault> {
        self.starts += 1;
        let draws = |salt: u32| Draws(AtomicU32::new(self.starts.wrapping_mul(0x0101_0101) ^ salt));
        let journal = SqliteJournal::open(self.folder.path(), 7, DEVICE, &draws(1))?;
        let account = RedpackAccount::new(MCH_ID, APPID, key()).expect("an account");
        let gateway = Gateway { ledger: self.ledger.clone(), time: self.time.clone() };
        let inputs =
            Inputs { transport: Box::new(gateway), clock: Box::new(self.time.clone()), random: Box::new(draws(2)) };
        let client = Client::with_inputs(account, terminal(), inputs).expect("a client");
        let till = Till::with_inputs(Box::new(journal), Box::new(self.time.clone()), Box::new(self.time.clone()));
        self.till = Some(till.with(client));
        Ok(())
    }

    /// The power goes, or the program ends.
    fn closes(&mut self, is_cut: bool) {
        let left = is_cut.then(|| take(&self.folder));
        self.till = None;
        match left {
            Some(left) => put(&self.folder, &left),
            None => self.puts_away(),
        }
    }

    /// What was acknowledged is out of the way, as after sixty more payments; nothing is so old that it goes.
    fn puts_away(&mut self) {
        let Ok(mut journal) =
            SqliteJournal::open(self.folder.path(), 7, DEVICE, &Draws(AtomicU32::new(self.starts ^ 0x3333_0000)))
        else {
            return;
        };
        while let Ok(true) = journal.prune_step(i64::MAX, 0, &|_| None, 2) {}
    }

    fn with_ledger<T>(&self, look: impl FnOnce(&mut Ledger) -> T) -> T {
        look(&mut self.ledger.lock().expect("nobody panicked"))
    }

    /// Numbers of an intent that are booked, or will be.
    fn booked(&self, intent: &str) -> Vec<String> {
        self.with_ledger(|ledger| {
            let of = ledger.packets.iter().filter(|(_, packet)| packet.intent == intent && packet.due.is_some());
            of.map(|(number, _)| number.clone()).collect()
        })
    }

    fn pays(&mut self, intent: &str, choices: &[u8], patience: u64) {
        let Some(till) = &self.till else { return };
        let before = self.with_ledger(|ledger| {
            ledger.choices = choices.to_vec();
            ledger.left
        });
        let packet = SendRedPack { remark: intent, ..red_packet("") };
        let told = till.pay_with(intent, &packet, &Options::new().patience(Duration::from_secs(patience)));
        self.story.push(format!("{intent} {patience}: {told:?}"));
        let booked = self.booked(intent);
        match &told {
            Ok(Outcome::Accepted(receipt)) => {
                assert_eq!(booked, [receipt.order_number.clone()], "accepted and not paid")
            }
            Ok(Outcome::Declined(_)) => assert!(booked.is_empty(), "declined and paid: {booked:?}"),
            Ok(Outcome::Unknown(_)) => {}
            Ok(other) => panic!("no outcome of a red packet: {other:?}"),
            Err(_) => assert_eq!(self.with_ledger(|ledger| ledger.left), before, "an error, and it left"),
        }
        self.is_right();
    }

    fn recovers(&mut self, choices: &[u8], young: Option<u64>) {
        let Some(till) = &self.till else { return };
        self.with_ledger(|ledger| ledger.choices = choices.to_vec());
        let options = Options::new().patience(Duration::from_secs(20));
        let options = match young {
            Some(seconds) => options.repeats(Repeats::YoungerThan(Duration::from_secs(seconds))),
            None => options,
        };
        let told = till.recover_with(&options);
        self.story.push(format!("recover: {told:?}"));
        for reported in told.unwrap_or_default() {
            let booked = self.booked(&reported.entry.intent);
            match &reported.outcome {
                Outcome::Accepted(_) => {
                    assert_eq!(booked, [reported.entry.order_number.clone()], "reported as accepted")
                }
                Outcome::Declined(_) => assert!(booked.is_empty(), "reported as declined, and paid: {booked:?}"),
                _ => {}
            }
        }
        self.is_right();
    }

    fn is_right(&self) {
        for intent in (0..INTENTS).map(name) {
            let booked = self.booked(&intent);
            assert!(booked.len() <= 1, "{intent} is paid twice: {booked:?}");
        }
    }
}

fn name(at: usize) -> String {
    format!("prize{at}")
}

/// A life with restarts, at some of which the file is changed.
pub fn lives(choices: &[u8]) -> String {
    let mut tape = Tape::new(choices);
    let mut shop = Shop::new(None, Ledger::default(), Time::new(), 0);
    shop.opens().expect("a new journal opens");
    let mut steps = 0;
    while !tape.is_over() && steps < 24 && shop.till.is_some() {
        steps += 1;
        step(&mut shop, &mut tape);
    }
    if shop.till.is_some() {
        comes_to_its_end(&mut shop);
    }
    shop.story.len().to_string()
}

fn step(shop: &mut Shop, tape: &mut Tape<'_>) {
    match tape.below(8) {
        0..=2 => {
            let intent = name(tape.below(INTENTS));
            let (patience, choices) = (tape.pick(&[0, 1, 30, 75]), tape.bytes(8));
            shop.pays(&intent, choices, patience);
        }
        3 => {
            let (young, choices) = (tape.flag().then_some(3_600), tape.bytes(8));
            shop.recovers(choices, young);
        }
        4 => Pause::pause(&shop.time, Duration::from_secs(u64::from(tape.number() % 200_000))),
        5 => {
            let right = shop.time.right();
            shop.time.set(tape.pick(&[right, 600, 4_070_908_800, right - 86_400]));
        }
        6 => acknowledges(shop),
        _ => {
            shop.closes(tape.flag());
            shop.time.off(Duration::from_secs(u64::from(tape.byte()) * 10));
            let flips = tape.one_in(2).then(|| (tape.below(3), tape.number() as usize));
            restarts(shop, flips);
        }
    }
}

/// On again, perhaps with a bit flipped. What it then says must be what it said before, or it is refused.
fn restarts(shop: &mut Shop, flip: Option<(usize, usize)>) {
    let mut files = take(&shop.folder);
    let Some((at, bit)) = flip.filter(|_| !files.is_empty()) else {
        return shop.opens().expect("nothing happened to the journal");
    };
    let good = files.clone();
    let aside = Folder::new();
    put(&aside, &good);
    let before = read(&aside.path());
    let at = at % files.len();
    let length = files[at].1.len();
    if length > 0 {
        files[at].1[bit / 8 % length] ^= 1 << (bit % 8);
    }
    put(&shop.folder, &files);
    shop.story.push(format!("bit {} of byte {} of {} flips", bit % 8, bit / 8 % length.max(1), files[at].0));
    put(&aside, &files);
    let after = read(&aside.path());
    assert!(before.is_some(), "the good journal does not open");
    assert!(after.is_none() || after == before, "a flipped bit reads differently:\n{before:?}\n{after:?}");
    let opened = shop.opens();
    shop.story.push(format!("opened: {opened:?}"));
    if let Err(fault) = opened {
        assert!(matches!(fault.kind(), JournalFaultKind::Damaged | JournalFaultKind::Newer), "{fault:?}");
    }
}

/// Every entry, or nothing where it is refused.
fn read(path: &Path) -> Option<Vec<Entry>> {
    let mut journal = SqliteJournal::open(path, 7, DEVICE, &Draws(AtomicU32::new(0x7777_0000))).ok()?;
    let mut entries = Vec::new();
    for id in 1..64 {
        match journal.entry(id) {
            Ok(Some(entry)) => entries.push(entry),
            Ok(None) => {}
            Err(_) => return None,
        }
    }
    for intent in (0..INTENTS).map(name) {
        let of = journal.of_intent(&intent).ok()?;
        assert!(of.iter().all(|entry| entries.contains(entry)), "an intent has other entries than the journal");
    }
    Some(entries)
}

fn acknowledges(shop: &mut Shop) {
    let Some(till) = &shop.till else { return };
    for entry in till.unacknowledged().unwrap_or_default().iter().filter(|entry| entry.is_settled()).take(2) {
        let _ = till.acknowledge(entry.version());
    }
}

/// A right clock and a gateway that answers end everything, but what a person has.
fn comes_to_its_end(shop: &mut Shop) {
    shop.time.set(shop.time.right());
    for _ in 0..3 {
        Pause::pause(&shop.time, Duration::from_secs(5 * 3600));
        for intent in (0..INTENTS).map(name) {
            shop.pays(&intent, &[], 75);
        }
    }
}

// ---- a journal that somebody changed ----

/// What a terminal left: its files, the gateway's ledger then, and how its entries read. One was ended in order, one was killed.
struct Left {
    files: Files,
    ledger: Ledger,
    time: Duration,
    entries: Vec<Entry>,
}

fn left() -> &'static [Left; 2] {
    static LEFT: OnceLock<[Left; 2]> = OnceLock::new();
    LEFT.get_or_init(|| {
        [false, true].map(|is_cut| {
            let mut shop = Shop::new(None, Ledger::default(), Time::new(), 100);
            shop.opens().expect("a new journal opens");
            // Paid; lost and booked; lost and not booked; refused.
            for (at, choices) in [&[][..], &[2, 2, 3], &[2, 2, 2], &[9]].into_iter().enumerate() {
                shop.pays(&name(at), choices, 1);
            }
            acknowledges(&mut shop);
            shop.closes(is_cut);
            let files = take(&shop.folder);
            let entries = read(&shop.folder.path()).expect("a good journal");
            let ledger = shop.with_ledger(|ledger| ledger.clone());
            Left { files, ledger, time: shop.time.world(), entries }
        })
    })
}

/// Changes the journal, and lives on with it.
pub fn changed(data: &[u8]) -> String {
    let mut tape = Tape::new(data);
    let left = &left()[tape.below(2)];
    let time = Time::new();
    Pause::pause(&time, left.time.saturating_sub(time.world()) + Duration::from_secs(60));
    let mut shop = Shop::new(None, left.ledger.clone(), time, 200);
    let mut files = left.files.clone();
    let how = tape.below(4);
    let mut flips = 0;
    if how < 3 {
        let at = tape.below(files.len());
        let bytes = &mut files[at].1;
        match how {
            0 => {
                bytes[..].get_mut(0).expect("no file is empty");
                let bit = tape.number() as usize % (bytes.len() * 8);
                bytes[bit / 8] ^= 1 << (bit % 8);
                flips = 1;
            }
            1 => bytes.truncate(tape.number() as usize % (bytes.len() + 1)),
            _ => {
                for _ in 0..1 + tape.below(4) {
                    let (from, new) = (tape.number() as usize % bytes.len(), tape.bytes(32));
                    let until = (from + new.len()).min(bytes.len());
                    bytes[from..until].copy_from_slice(&new[..until - from]);
                }
            }
        }
        put(&shop.folder, &files);
    } else {
        put(&shop.folder, &files);
        sql(&shop.folder.path(), &mut tape);
    }
    let opened = shop.opens();
    shop.story.push(format!("{how}: {opened:?}"));
    if let Err(fault) = &opened {
        let is_damage = matches!(fault.kind(), JournalFaultKind::Damaged | JournalFaultKind::Newer);
        // SQL can say that it is another terminal's.
        let may_be_foreign = how == 3 && fault.kind() == JournalFaultKind::Foreign;
        assert!(is_damage || may_be_foreign, "{fault:?}");
        return format!("{:?}", fault.kind());
    }
    drop(shop.till.take());
    if let Some(entries) = read(&shop.folder.path()).filter(|_| flips == 1) {
        assert_eq!(entries, left.entries, "a flipped bit reads differently");
    }
    if shop.opens().is_err() {
        return "found later".into();
    }
    shop.recovers(&[], tape.flag().then_some(86_400));
    comes_to_its_end(&mut shop);
    "opens".into()
}

/// Changes by SQL with every check off: columns of rows, rows, the schema, and statements of the input's own.
fn sql(path: &Path, tape: &mut Tape<'_>) {
    let Ok(file) = rusqlite::Connection::open(path) else { return };
    let off = "PRAGMA ignore_check_constraints=ON; PRAGMA foreign_keys=OFF; PRAGMA writable_schema=ON; PRAGMA synchronous=OFF;";
    let _ = file.execute_batch(off);
    for _ in 0..1 + tape.below(4) {
        let tables = ["entries", "fields", "evidence", "journal", "epochs", "by_hand", "gone", "past", "keys", "words"];
        let (row, table) = (tape.below(8), tape.pick(&tables));
        // Some have no number of their own.
        let own = match table {
            "fields" | "evidence" => "entry * 1000 + position",
            "keys" => "key",
            "gone" => "intent",
            _ => "rowid",
        };
        let columns: Vec<String> = file
            .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))
            .and_then(|mut found| found.query_map([], |row| row.get(0))?.collect())
            .unwrap_or_default();
        let column = columns.get(tape.below(columns.len())).cloned().unwrap_or_else(|| "rowid".into());
        let value = match tape.below(6) {
            0 => "NULL".into(),
            1 => format!("{column} + {}", i64::from(tape.number()) - (1 << 31)),
            2 => format!("'{}'", String::from_utf8_lossy(tape.bytes(24)).replace('\'', "''")),
            3 => format!("(SELECT {column} FROM {table} LIMIT 1 OFFSET {})", tape.below(6)),
            4 => format!("x'{}'", tape.bytes(16).iter().map(|byte| format!("{byte:02x}")).collect::<String>()),
            _ => tape.pick(&["0", "1", "-1", "9223372036854775807", "2", "''"]).into(),
        };
        let statement = match tape.below(6) {
            0 => format!("DELETE FROM {table} WHERE {own} = (SELECT {own} FROM {table} LIMIT 1 OFFSET {row})"),
            1 => format!("INSERT INTO {table} SELECT * FROM {table} LIMIT 1 OFFSET {row}"),
            2 => String::from_utf8_lossy(tape.bytes(120)).into_owned(),
            3 => format!("PRAGMA user_version = {}", tape.byte() % 8),
            _ => format!(
                "UPDATE {table} SET {column} = {value} WHERE {own} = (SELECT {own} FROM {table} LIMIT 1 OFFSET {row})"
            ),
        };
        // Not out of the folder.
        if !statement.to_ascii_lowercase().contains("attach") && !statement.to_ascii_lowercase().contains("into '") {
            let _ = file.execute_batch(&statement);
        }
    }
}
