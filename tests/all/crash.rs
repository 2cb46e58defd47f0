//! Crash test: a real process pays over real TLS with the journal on a file, and is killed.
//!
//! It is killed at random times, and at every call of the journal, before the call and after it. Then the journal is
//! opened again, the same intents are paid again, as an application does, and the till recovers. The simulator's ledger
//! and the file of the journal, read by SQL and not by the library, must agree after each kill.
//!
//! `WXPAY_KILLS=20000 cargo test --release --features sqlite crash -- --nocapture` for the long run.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_simulator::{Fault as SimulatorFault, Simulator, credentials, this_program};
use wxpay_terminal::*;

use crate::simulation::Dice;
use crate::support::*;

const GATEWAYS: [&str; 4] = ["redpack", "workwx", "swiftpass", "webgate"];
/// What the payments of a child meet. Lost answers leave the most behind, so they come first after the plain run.
const FAULTS: [Option<SimulatorFault>; 5] = [
    None,
    Some(SimulatorFault::CloseAfterCommit),
    Some(SimulatorFault::CloseBeforeCommit),
    Some(SimulatorFault::RefusedSendFailed),
    Some(SimulatorFault::RefusedFreqLimit),
];
/// At random the answer is often held back, so that the kill falls between sending and reading.
const HELD: SimulatorFault = SimulatorFault::SilenceAfterCommit;
/// Kills against one simulator. The ledger is read whole after each kill, so a long run begins anew now and then.
const BLOCK: u32 = 500;
/// Processes at a time, each with a terminal number and a journal of its own. They wait more than they compute.
const WORKERS: u16 = 4;

// -- the till, in the child and in the parent ------------------------------------------------------------------------

/// A hundred times as fast as the system's clock: the till's waits of seconds pass in milliseconds.
struct Quick {
    /// The time of day is ahead by so many seconds.
    ahead: i64,
}

const FASTER: u32 = 100;
/// The application starts again so much later. The 15 s between two payments to one employee, which go by the time of
/// day, are over then.
const LATER: i64 = 20;

impl Clock for Quick {
    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds() + self.ahead
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() * FASTER
    }
}

impl Pause for Quick {
    fn pause(&self, time: Duration) {
        std::thread::sleep(time / FASTER);
    }
}

/// Where the process is killed: at the call of the journal with this number, before or after it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Stop {
    call: u32,
    after: bool,
}

/// The journal on a file, which counts its calls.
struct Watched {
    journal: SqliteJournal,
    calls: u32,
    stop: Option<Stop>,
}

impl Watched {
    fn call<T>(&mut self, run: impl FnOnce(&mut SqliteJournal) -> T) -> T {
        self.calls += 1;
        self.die_at(false);
        let result = run(&mut self.journal);
        self.die_at(true);
        result
    }

    /// Says so and stands still: the parent kills. So it is a SIGKILL without one more instruction of this thread.
    fn die_at(&self, after: bool) {
        if self.stop == Some(Stop { call: self.calls, after }) {
            println!("HERE");
            std::thread::sleep(Duration::from_secs(60));
            panic!("nobody killed");
        }
    }
}

impl Journal for Watched {
    fn owner(&self) -> Owner {
        self.journal.owner()
    }

    fn of_intent(&mut self, account: &str, intent: &str) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.of_intent(account, intent))
    }

    fn begin(
        &mut self,
        new: &NewEntry<'_>,
        number: &mut dyn FnMut(Serial) -> Result<Numbered, Error>,
    ) -> Result<Entry, JournalFault> {
        self.call(|journal| journal.begin(new, number))
    }

    fn attempt(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.attempt(id, at))
    }

    fn settle(&mut self, id: EntryId, settlement: &Settlement, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.settle(id, settlement, at))
    }

    fn reopen(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.reopen(id, at))
    }

    fn note_known(&mut self, id: EntryId) -> Result<(), JournalFault> {
        self.call(|journal| journal.note_known(id))
    }

    fn acknowledge(&mut self, id: EntryId, at: i64) -> Result<(), JournalFault> {
        self.call(|journal| journal.acknowledge(id, at))
    }

    fn entry(&mut self, id: EntryId) -> Result<Option<Entry>, JournalFault> {
        self.call(|journal| journal.entry(id))
    }

    fn by_order_number(&mut self, account: &str, order_number: &str) -> Result<Option<Entry>, JournalFault> {
        self.call(|journal| journal.by_order_number(account, order_number))
    }

    fn last_attempt_to(&mut self, account: &str, field: &str, value: &str) -> Result<Option<i64>, JournalFault> {
        self.call(|journal| journal.last_attempt_to(account, field, value))
    }

    fn unacknowledged(&mut self) -> Result<Vec<Entry>, JournalFault> {
        self.call(|journal| journal.unacknowledged())
    }

    fn prune(&mut self, acknowledged_before: i64, keep_intents_since: i64) -> Result<u32, JournalFault> {
        self.call(|journal| journal.prune(acknowledged_before, keep_intents_since))
    }

    fn summary(&mut self, from: i64, until: i64) -> Result<Vec<Summary>, JournalFault> {
        self.call(|journal| journal.summary(from, until))
    }
}

/// What a till needs, in the parent and, through the environment, in the child.
#[derive(Clone)]
pub struct Place {
    url: String,
    roots: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
    public_key: PathBuf,
    pub journal: PathBuf,
    terminal: u16,
}

impl Place {
    pub fn new(simulator: &Simulator, terminal: u16, journal: PathBuf) -> Place {
        let files = simulator.files();
        Place {
            url: simulator.base_url(),
            roots: files.ca_pem.clone(),
            certificate: files.cert_pem.clone(),
            key: files.key_pem_pkcs8.clone(),
            public_key: files.webgate_public_key_pem.clone(),
            journal,
            terminal,
        }
    }

    pub fn tell(&self, command: &mut Command) {
        command.env("WXPAY_CRASH_URL", &self.url).env("WXPAY_CRASH_TERMINAL", self.terminal.to_string());
        command.env("WXPAY_CRASH_ROOTS", &self.roots).env("WXPAY_CRASH_CERTIFICATE", &self.certificate);
        command.env("WXPAY_CRASH_KEY", &self.key).env("WXPAY_CRASH_PUBLIC_KEY", &self.public_key);
        command.env("WXPAY_CRASH_JOURNAL", &self.journal);
    }

    pub fn told() -> Place {
        Place {
            url: var("URL").unwrap(),
            roots: var("ROOTS").unwrap().into(),
            certificate: var("CERTIFICATE").unwrap().into(),
            key: var("KEY").unwrap().into(),
            public_key: var("PUBLIC_KEY").unwrap().into(),
            journal: var("JOURNAL").unwrap().into(),
            terminal: var("TERMINAL").unwrap().parse().unwrap(),
        }
    }

    pub fn https(&self) -> Arc<Https> {
        let read = |path: &Path| std::fs::read(path).unwrap();
        let identity = Identity::from_pem(&read(&self.certificate), &read(&self.key)).unwrap();
        let roots = read(&self.roots);
        Arc::new(Https::builder().identity(identity).only_roots(&roots).unwrap().build().unwrap())
    }

    fn till(&self, https: &Arc<Https>, stop: Option<Stop>, ahead: i64, patience: u64) -> Till {
        let device = Some("013467007045764");
        let journal = SqliteJournal::open(&self.journal, self.terminal, device, &SystemRandom).unwrap();
        let journal = Watched { journal, calls: 0, stop };
        let (clock, pause) = (Box::new(Quick { ahead }), Box::new(Quick { ahead }));
        Till::with_inputs(Box::new(journal), clock, pause)
            .with(client(self.redpack(), https))
            .with(client(self.workwx(), https))
            .with(client(self.swiftpass(), https))
            .with(client(self.webgate(), https))
            .patience(Duration::from_secs(patience))
    }

    pub fn redpack(&self) -> RedpackAccount {
        let key = Secret::from(credentials::KEY);
        RedpackAccount::new(credentials::MCH_ID, credentials::APPID, key).unwrap().hosts(&[&self.url]).unwrap()
    }

    pub fn redpack_url(&self) -> String {
        format!("{}/mmpaymkttransfers/sendredpack", self.url)
    }

    fn workwx(&self) -> WorkwxAccount {
        let (key, secret) = (Secret::from(credentials::KEY), Secret::from(credentials::WORKWX_SECRET));
        WorkwxAccount::new(credentials::MCH_ID, credentials::CORPID, key, secret).unwrap().hosts(&[&self.url]).unwrap()
    }

    fn swiftpass(&self) -> SwiftpassAccount {
        let key = Secret::from(credentials::SWIFTPASS_KEY);
        let url = format!("{}/pay/gateway", self.url);
        let account = SwiftpassAccount::new(&url, credentials::SWIFTPASS_MCH_ID, key).unwrap();
        account.sub_appid(credentials::SWIFTPASS_APPID).unwrap().not_found_window(Duration::from_secs(60)).unwrap()
    }

    fn webgate(&self) -> WebgateAccount {
        let public = std::fs::read(&self.public_key).unwrap();
        let rule = RsaReply::new(PublicKey::read(&public).unwrap(), RsaDigest::Sha1);
        let key = Secret::from(credentials::PARTNER_KEY);
        WebgateAccount::new(&self.url, credentials::PARTNER_ID, key, rule).unwrap().repeat_while_unpaid()
    }
}

fn client<A: Account>(account: A, https: &Arc<Https>) -> Client<A> {
    Client::new(account, terminal(), https.clone()).unwrap().within(Duration::from_secs(2)).unwrap()
}

fn var(name: &str) -> Option<String> {
    std::env::var(format!("WXPAY_CRASH_{name}")).ok()
}

/// What the application asks for. The payee is the intent: so the ledger knows whom it paid for.
#[derive(Clone)]
struct Order {
    gateway: &'static str,
    intents: Vec<String>,
    amount: i64,
}

/// What one call said.
#[derive(Debug)]
enum Said {
    Accepted,
    Declined,
    Unknown(Reason),
    Error,
}

impl Order {
    fn pay(&self, till: &Till, intent: &str) -> Said {
        let amount = fen(self.amount);
        match self.gateway {
            "redpack" => {
                let request = SendRedPack { re_openid: intent, remark: intent, total_amount: amount, ..red_packet("") };
                acted(till, intent, till.pay(intent, &request))
            }
            "workwx" => {
                let request = PayEmployee { openid: intent, desc: intent, amount, ..employee("") };
                acted(till, intent, till.pay(intent, &request))
            }
            "swiftpass" => {
                let request = WapOrder { sub_openid: Some(intent), body: intent, total_fee: amount, ..wap_order("") };
                match till.pay(intent, &request) {
                    // An order is no payment yet.
                    Ok(Outcome::Accepted(receipt)) => acted(till, intent, till.payment_of(&receipt.order_number)),
                    other => acted(till, intent, other),
                }
            }
            _ => {
                let request = WxCharge { openid: intent, remark: Some(intent), amount, ..charge("") };
                acted(till, intent, till.pay(intent, &request))
            }
        }
    }
}

/// The child tells the parent what it knows. The parent pays as well, and is silent.
fn say(word: &str, intent: &str) {
    if var("GATEWAY").is_some() {
        println!("{word} {intent}");
    }
}

/// Acknowledges what was paid, as an application does when the ticket is printed.
fn acted<T>(till: &Till, intent: &str, outcome: Result<Outcome<Receipt<T>>, Error>) -> Said {
    match outcome {
        Ok(Outcome::Accepted(receipt)) => {
            say("ACCEPTED", intent);
            assert_eq!(receipt.journal_fault, None);
            till.acknowledge(receipt.entry).unwrap();
            say("ACKNOWLEDGED", intent);
            Said::Accepted
        }
        Ok(Outcome::Declined(_)) => Said::Declined,
        Ok(Outcome::Unknown(doubt)) => Said::Unknown(doubt.reason),
        Err(_) => Said::Error,
    }
}

// -- the child -------------------------------------------------------------------------------------------------------

/// Not a test of its own: what a child process does, when the test starts one.
#[test]
fn child() {
    let Some(gateway) = var("GATEWAY") else { return };
    let place = Place::told();
    let stop = var("STOP_CALL").map(|call| Stop { call: call.parse().unwrap(), after: var("STOP_AFTER").is_some() });
    let order = Order {
        gateway: GATEWAYS.into_iter().find(|name| *name == gateway).unwrap(),
        intents: var("INTENTS").unwrap().split(',').map(String::from).collect(),
        amount: var("AMOUNT").unwrap().parse().unwrap(),
    };
    let till = place.till(&place.https(), stop, 0, 20);
    println!("\nREADY");
    // At boot, before the first customer.
    till.recover(Duration::from_secs(2)).unwrap();
    for intent in &order.intents {
        // The customer presses the button twice when it did not work.
        for _ in 0..2 {
            say("TRY", intent);
            match order.pay(&till, intent) {
                Said::Accepted => break,
                Said::Declined | Said::Error => say("UNPAID", intent),
                Said::Unknown(_) => say("UNKNOWN", intent),
            }
        }
    }
}

/// When a child is killed.
#[derive(Clone, Copy, Debug)]
enum End {
    Call(Stop),
    AfterReady(Duration),
    AfterStart(Duration),
}

/// What became of a child.
struct Ended {
    killed: bool,
    said: Vec<String>,
}

fn run(place: &Place, order: &Order, end: End) -> Ended {
    let mut command = this_program();
    command.args(["--exact", "crash::child", "--nocapture", "--test-threads=1"]);
    place.tell(&mut command);
    command.env("WXPAY_CRASH_GATEWAY", order.gateway).env("WXPAY_CRASH_INTENTS", order.intents.join(","));
    command.env("WXPAY_CRASH_AMOUNT", order.amount.to_string());
    if let End::Call(stop) = end {
        command.env("WXPAY_CRASH_STOP_CALL", stop.call.to_string());
        if stop.after {
            command.env("WXPAY_CRASH_STOP_AFTER", "1");
        }
    }
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    listen(command.spawn().unwrap(), end)
}

fn listen(mut child: Child, end: End) -> Ended {
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let mut said = Vec::new();
    let (word, delay) = match end {
        End::Call(_) => (Some("HERE"), Duration::ZERO),
        End::AfterReady(delay) => (Some("READY"), delay),
        End::AfterStart(delay) => (None, delay),
    };
    if let Some(word) = word {
        said.extend(lines.by_ref().take_while(|line| line != word));
    }
    std::thread::sleep(delay);
    // A child that has ended already is waited for below.
    let _ = child.kill();
    said.extend(lines);
    let ended = child.wait_with_output().unwrap();
    assert_ne!(ended.status.code(), Some(101), "a child panicked: {}", String::from_utf8_lossy(&ended.stderr));
    Ended { killed: !ended.status.success(), said }
}

// -- what must hold --------------------------------------------------------------------------------------------------

/// One row of the journal's file.
#[derive(Debug)]
struct Row {
    number: String,
    state: String,
    reason: Option<String>,
}

/// Reads the file beside the program that has it open, as the shell does.
fn rows(journal: &Path) -> BTreeMap<String, Vec<Row>> {
    let flags = rusqlite::OpenFlags::SQLITE_OPEN_READ_ONLY;
    let file = rusqlite::Connection::open_with_flags(journal, flags).unwrap();
    let mut statement = file.prepare("SELECT intent, order_number, state, reason FROM entries ORDER BY id").unwrap();
    let read = statement.query_map([], |row| {
        Ok((row.get::<_, String>(0)?, Row { number: row.get(1)?, state: row.get(2)?, reason: row.get(3)? }))
    });
    let mut all: BTreeMap<String, Vec<Row>> = BTreeMap::new();
    for (intent, row) in read.unwrap().map(Result::unwrap) {
        all.entry(intent).or_default().push(row);
    }
    all
}

/// One intent, in the ledger and in the journal.
fn check_intent(intent: &str, rows: &[Row], ledger: &[&wxpay_simulator::Entry], recovered: bool) {
    assert!(ledger.iter().map(|order| order.paid).sum::<u32>() <= 1, "{intent} is paid twice: {ledger:?}");
    for order in ledger {
        assert!(rows.iter().any(|row| row.number == order.order_number), "the journal does not know {order:?}");
    }
    for row in rows {
        let order = ledger.iter().find(|order| order.order_number == row.number);
        let paid = order.is_some_and(|order| order.paid == 1);
        match row.state.as_str() {
            "accepted" | "paid late" => assert!(paid, "{intent}: {row:?} is not paid: {ledger:?}"),
            "declined" | "not sent" => assert!(!paid, "{intent}: {row:?} is paid: {ledger:?}"),
            "for a person" => assert!(row.reason.as_ref().is_some_and(|reason| !reason.is_empty()), "{row:?}"),
            other => {
                let pending = ["open", "ordered", "abandoned"].contains(&other);
                assert!(pending && !recovered, "{intent}: {row:?} after recovery, {ledger:?}");
            }
        }
    }
}

/// The ledger by payee, which is the intent.
fn ledger(simulator: &Simulator) -> BTreeMap<String, Vec<wxpay_simulator::Entry>> {
    let mut all: BTreeMap<String, Vec<wxpay_simulator::Entry>> = BTreeMap::new();
    for entry in simulator.ledger() {
        all.entry(entry.payee.clone()).or_default().push(entry);
    }
    all
}

/// The child said what it knew: that must be true whatever came after. Returns how many payments it had begun and not
/// acknowledged, and how many of these are paid.
fn check_words(said: &[String], ledger: &BTreeMap<String, Vec<wxpay_simulator::Entry>>) -> [u32; 2] {
    let mut last = BTreeMap::new();
    for (word, intent) in said.iter().filter_map(|line| line.split_once(' ')) {
        let paid = ledger.get(intent).is_some_and(|orders| orders.iter().any(|order| order.paid > 0));
        match word {
            "ACCEPTED" => assert!(paid, "{intent} was accepted and is not paid"),
            "TRY" | "UNPAID" | "UNKNOWN" | "ACKNOWLEDGED" => {}
            _ => continue,
        }
        last.insert(intent, (word, paid));
    }
    for (intent, (word, paid)) in &last {
        assert!(*word != "UNPAID" || !paid, "{intent} was declined or not sent, and is paid");
    }
    let open = last.values().filter(|(word, _)| ["TRY", "UNKNOWN", "ACCEPTED"].contains(word));
    let paid = open.clone().filter(|(_, paid)| *paid);
    [open.count(), paid.count()].map(|count| u32::try_from(count).unwrap())
}

// -- one round: a child is killed, perhaps another one, then the parent recovers -------------------------------------

#[derive(Default)]
struct Figures {
    at_calls: u32,
    at_random: u32,
    whole: u32,
    /// Intents that a process had begun and not acknowledged when it was killed, and those of them that were paid.
    open_when_killed: u32,
    paid_when_killed: u32,
    for_a_person: u32,
    intents: u32,
    sweeps: u32,
}

impl Figures {
    fn kills(&self) -> u32 {
        self.at_calls + self.at_random
    }
}

/// One terminal: its journal lives through all its kills.
struct Worker<'a> {
    simulator: &'a Simulator,
    place: Place,
    https: Arc<Https>,
    figures: &'a Mutex<Figures>,
    rounds: i64,
    dice: Dice,
}

impl Worker<'_> {
    fn order(&mut self, gateway: &'static str, intents: u32) -> Order {
        self.rounds += 1;
        let name = |count| format!("t{}-{}-{count}", self.place.terminal, self.rounds);
        // An amount for each round: faults are asked for by amount.
        let amount = 100 + self.rounds * i64::from(WORKERS) + i64::from(self.place.terminal);
        Order { gateway, intents: (0..intents).map(name).collect(), amount }
    }

    /// Runs a child to its end. True: it was killed, and did not end by itself.
    fn kill(&self, order: &Order, fault: Option<SimulatorFault>, end: End) -> bool {
        let amount = u64::try_from(order.amount).unwrap();
        if let Some(fault) = fault {
            self.simulator.fault_for_amount(amount, fault);
        }
        let ended = run(&self.place, order, end);
        if fault.is_some() {
            // Nothing takes the fault of one amount away; this one is harmless.
            self.simulator.fault_for_amount(amount, SimulatorFault::LateDuplicate);
        }
        let [open, paid] = check_words(&ended.said, &ledger(self.simulator));
        self.customers_pay(order);
        let mut figures = self.figures.lock().unwrap();
        match (ended.killed, end) {
            (false, _) => figures.whole += 1,
            (true, End::Call(_)) => figures.at_calls += 1,
            (true, _) => figures.at_random += 1,
        }
        if ended.killed {
            figures.open_when_killed += open;
            figures.paid_when_killed += paid;
        }
        ended.killed
    }

    /// Some customers pay the orders whose URL the killed process may have shown.
    fn customers_pay(&self, order: &Order) {
        if order.gateway != "swiftpass" || !self.place.journal.exists() {
            return;
        }
        let rows = rows(&self.place.journal);
        let shown = order.intents.iter().filter_map(|intent| rows.get(intent)).flatten();
        for (count, row) in shown.filter(|row| row.state == "ordered").enumerate() {
            if (order.amount + i64::try_from(count).unwrap()) % 2 == 0 {
                self.simulator.pay_order(&row.number).unwrap();
            }
        }
    }

    /// The application starts again, asks for the same intents, and recovers.
    fn recover(&self, order: &Order) {
        let till = self.place.till(&self.https, None, LATER, 600);
        self.check(order, false);
        for intent in &order.intents {
            let mut presses = Vec::new();
            loop {
                match order.pay(&till, intent) {
                    Said::Accepted | Said::Unknown(Reason::ForAPerson) => break,
                    // The customer is gone. What is still open is closed below.
                    Said::Unknown(Reason::NotPaidYet) => break,
                    other => presses.push(other),
                }
                assert!(presses.len() < 5, "{} {intent} does not come to an end: {presses:?}", order.gateway);
            }
        }
        for mut recovered in till.recover(Duration::from_secs(600)).unwrap() {
            if order.gateway == "swiftpass" && recovered.entry.is_pending() {
                let number = &recovered.entry.order_number;
                let closed = till.close(number).unwrap();
                if matches!(closed, Outcome::Unknown(_)) {
                    // The gateway never saw it: that is final after the window.
                    let options = Options::new().patience(Duration::from_secs(600));
                    assert!(matches!(till.payment_of_with(number, &options).unwrap(), Outcome::Declined(_)));
                }
                let again = till.recover(Duration::ZERO).unwrap();
                recovered = again.into_iter().find(|again| again.entry.id == recovered.entry.id).unwrap();
            }
            if recovered.entry.is_settled() {
                till.acknowledge(recovered.entry.id).unwrap();
            }
        }
        let persons = self.check(order, true);
        let mut figures = self.figures.lock().unwrap();
        figures.for_a_person += persons;
        figures.intents += u32::try_from(order.intents.len()).unwrap();
    }

    /// Returns how many entries are for a person.
    fn check(&self, order: &Order, recovered: bool) -> u32 {
        // The ledger first: a request of a killed child may arrive in between, under a number that is recorded.
        let (ledger, rows) = (ledger(self.simulator), rows(&self.place.journal));
        let mut persons = 0;
        for intent in &order.intents {
            let (rows, orders) = (rows.get(intent), ledger.get(intent));
            let rows = rows.map_or(&[][..], Vec::as_slice);
            assert!(!recovered || !rows.is_empty(), "{intent} is lost");
            check_intent(intent, rows, &orders.into_iter().flatten().collect::<Vec<_>>(), recovered);
            persons += u32::try_from(rows.iter().filter(|row| row.state == "for a person").count()).unwrap();
        }
        persons
    }

    /// One kill at a call. False: there is no such call any more.
    fn at_call(&mut self, gateway: &'static str, fault: Option<SimulatorFault>, stop: Stop) -> bool {
        let order = self.order(gateway, 1);
        let killed = self.kill(&order, fault, End::Call(stop));
        self.recover(&order);
        killed
    }

    /// One to three kills, wherever they fall.
    fn at_random(&mut self) {
        let gateway = GATEWAYS[self.dice.roll(4) as usize];
        let order = self.order(gateway, 4);
        for _ in 0..=self.dice.roll(3) {
            let fault = FAULTS.get(self.dice.roll(8) as usize).copied().unwrap_or(Some(HELD));
            let milliseconds = |roll: u32| Duration::from_millis(roll.into());
            let end = match self.dice.roll(6) {
                0 => End::AfterStart(milliseconds(self.dice.roll(120))),
                1 => End::Call(Stop { call: 1 + self.dice.roll(14), after: self.dice.roll(2) == 0 }),
                _ => End::AfterReady(milliseconds(self.dice.roll(61))),
            };
            self.kill(&order, fault, end);
        }
        self.recover(&order);
    }

    /// Sweeps in turn with random kills, until there are enough.
    fn work(&mut self, sweeps: &Mutex<VecDeque<(&'static str, Option<SimulatorFault>)>>, wanted: u32) {
        let enough = || self.figures.lock().unwrap().kills() >= wanted;
        while !enough() {
            let next = sweeps.lock().unwrap().pop_front();
            let Some((gateway, fault)) = next else { break };
            let stops = (1..).flat_map(|call| [false, true].map(|after| Stop { call, after }));
            for stop in stops {
                if !self.at_call(gateway, fault, stop) {
                    self.figures.lock().unwrap().sweeps += 1;
                    break;
                }
            }
        }
        while self.figures.lock().unwrap().kills() < wanted {
            self.at_random();
        }
    }
}

/// The number of kills. More with `WXPAY_KILLS`.
fn wanted() -> u32 {
    size("WXPAY_KILLS", 60, 500) as u32
}

fn seed() -> u64 {
    std::env::var("WXPAY_SEED").ok().and_then(|text| text.parse().ok()).unwrap_or(1)
}

/// All kills against one simulator.
fn block(figures: &Mutex<Figures>, seed: u64, wanted: u32) {
    let simulator = Simulator::start().unwrap();
    let sweeps = FAULTS.into_iter().flat_map(|fault| GATEWAYS.map(|gateway| (gateway, fault)));
    // One sweep is enough: a later block is all random.
    let sweeps = Mutex::new(if figures.lock().unwrap().kills() == 0 { sweeps.collect() } else { VecDeque::new() });
    std::thread::scope(|scope| {
        for terminal in 1..=WORKERS {
            let (simulator, sweeps) = (&simulator, &sweeps);
            scope.spawn(move || {
                let journal = simulator.files().directory.join(format!("journal-{terminal}.db"));
                let place = Place::new(simulator, terminal, journal);
                let https = place.https();
                let dice = Dice::new(seed * 64 + u64::from(terminal));
                let mut worker = Worker { simulator, place, https, figures, rounds: 0, dice };
                worker.work(sweeps, wanted);
                check_all(simulator, &worker.place.journal, terminal);
            });
        }
    });
}

/// At the end, all of it: what was right after its own kill must be so after all the others.
fn check_all(simulator: &Simulator, journal: &Path, terminal: u16) {
    let (ledger, rows) = (ledger(simulator), rows(journal));
    for (payee, orders) in ledger.iter().filter(|(payee, _)| payee.starts_with(&format!("t{terminal}-"))) {
        let rows = rows.get(payee).unwrap_or_else(|| panic!("{payee} is lost: {orders:?}"));
        check_intent(payee, rows, &orders.iter().collect::<Vec<_>>(), true);
    }
    for (intent, rows) in rows {
        let orders = ledger.get(&intent).into_iter().flatten().collect::<Vec<_>>();
        check_intent(&intent, &rows, &orders, true);
    }
}

#[test]
fn a_killed_process_never_pays_twice_and_loses_nothing() {
    let (figures, wanted, seed) = (Mutex::new(Figures::default()), wanted(), seed());
    for number in 0..wanted.div_ceil(BLOCK) {
        let until = wanted.min((number + 1) * BLOCK);
        block(&figures, seed + u64::from(number), until);
    }
    let Figures { at_calls, at_random, whole, open_when_killed, paid_when_killed, for_a_person, intents, sweeps } =
        figures.into_inner().unwrap();
    println!(
        "kills: {} ({at_calls} at calls of the journal, {at_random} at random; {sweeps} of {} sweeps complete), runs \
         to the end: {whole}, intents: {intents}, not acknowledged when killed: {open_when_killed}, of them paid: {paid_when_killed}, paid \
         twice: 0, lost: 0, declined though paid: 0, for a person: {for_a_person}; seed {seed}",
        at_calls + at_random,
        FAULTS.len() * GATEWAYS.len(),
    );
    assert!(wanted < 500 || sweeps as usize == FAULTS.len() * GATEWAYS.len());
    assert!(paid_when_killed > 0);
}
