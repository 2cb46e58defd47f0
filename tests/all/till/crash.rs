//! Crash test: a real process pays over real TLS with the journal on a file, and is killed.
//!
//! It is killed at random times, and at every call of the journal, before the call and after it. Then the journal is
//! opened again, the same intents are paid again, as an application does, and the till recovers. The simulator's ledger
//! and the file of the journal, read by SQL and not by the library, must agree after each kill.
//!
//! `WXPAY_KILLS=20000 cargo test --release --features sqlite crash -- --nocapture` for the long run.

use std::collections::{BTreeMap, VecDeque};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_simulator::{Fault as SimulatorFault, Simulator, this_program};
use wxpay_terminal::*;

use crate::support::*;
use crate::till::crash_till::{LATER, Order, Place, Said, Stop, say, var};
use crate::till::modelled::Dice;

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
pub enum End {
    Call(Stop),
    AfterReady(Duration),
    AfterStart(Duration),
    /// It said so many lines.
    AfterLines(u32, Duration),
}

/// What became of a child.
pub struct Ended {
    pub killed: bool,
    pub said: Vec<String>,
}

fn run(place: &Place, order: &Order, end: End) -> Ended {
    let mut command = this_program();
    command.args(["--exact", "till::crash::child", "--nocapture", "--test-threads=1"]);
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
    listen(command.spawn().unwrap(), end, |_| {})
}

/// Hears what a child says, line by line, until its end.
pub fn listen(mut child: Child, end: End, mut heard: impl FnMut(&str)) -> Ended {
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
    let (word, lines_before, delay) = match end {
        End::Call(_) => (Some("HERE"), 0, Duration::ZERO),
        End::AfterReady(delay) => (Some("READY"), 0, delay),
        End::AfterLines(count, delay) => (None, count, delay),
        End::AfterStart(delay) => (None, 0, delay),
    };
    let (tell, told) = std::sync::mpsc::channel();
    // What it says is heard meanwhile: it may wait for an answer.
    let killer = std::thread::spawn(move || {
        // A child that did not come so far has ended by itself.
        if (word.is_none() && lines_before == 0) || told.recv().is_ok() {
            std::thread::sleep(delay);
            let _ = child.kill();
        }
        child.wait_with_output().unwrap()
    });
    let mut said = Vec::new();
    for line in lines {
        heard(&line);
        let is_word = word == Some(line.as_str());
        said.push(line);
        if is_word || (lines_before > 0 && said.len() == lines_before as usize) {
            // Nobody waits for a second one.
            let _ = tell.send(());
        }
    }
    drop(tell);
    let ended = killer.join().unwrap();
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
    let mut statement = file.prepare("SELECT intent, order_number, outcome, reason FROM payments ORDER BY id").unwrap();
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
                till.acknowledge(recovered.entry.version()).unwrap();
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
