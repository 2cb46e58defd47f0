//! The counter of the crash test: a till that takes payment codes, its time, its customers, and what a cashier does there.

use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use wxpay_simulator::{Behaviour, Customer, Fault as SimulatorFault, Simulator};
use wxpay_terminal::*;

use crate::support::counter::CancelsAt;
use crate::support::unified_https::wallet_code;
use crate::support::*;
use crate::till::crash_till::{Place, Stop, Watched, say};

/// The time at the counter: the system's, and whatever was waited. What was waited here has passed at the gateway as well, before
/// anybody looks at a clock again.
#[derive(Clone)]
pub struct CounterTime(Arc<World>);

struct World {
    /// In milliseconds, since the simulator began.
    waited: AtomicU64,
    /// How much of it the gateway knows, in whole seconds.
    told: AtomicU64,
    /// Nobody's in a child: it tells the parent, which answers when the gateway knows.
    gateway: Option<Arc<Simulator>>,
}

impl CounterTime {
    pub fn new(simulator: &Arc<Simulator>) -> CounterTime {
        CounterTime::since(0, Some(simulator.clone()))
    }

    fn since(seconds: u64, gateway: Option<Arc<Simulator>>) -> CounterTime {
        CounterTime(Arc::new(World { waited: AtomicU64::new(seconds * 1000), told: AtomicU64::new(seconds), gateway }))
    }

    /// In whole seconds.
    pub fn waited(&self) -> u64 {
        self.known() / 1000
    }

    pub fn pass(&self, seconds: u64) {
        self.pause(Duration::from_secs(seconds));
    }

    fn known(&self) -> u64 {
        let waited = self.0.waited.load(Ordering::SeqCst);
        match (waited / 1000 - self.0.told.swap(waited / 1000, Ordering::SeqCst), &self.0.gateway) {
            (0, _) => {}
            (seconds, Some(simulator)) => simulator.advance(Duration::from_secs(seconds)),
            (seconds, None) => {
                println!("PASS {seconds}");
                std::io::stdin().read_exact(&mut [0]).unwrap();
            }
        }
        waited
    }
}

impl Clock for CounterTime {
    fn unix_seconds(&self) -> i64 {
        SystemClock.unix_seconds() + i64::try_from(self.known() / 1000).unwrap()
    }

    fn monotonic(&self) -> Duration {
        SystemClock.monotonic() + Duration::from_millis(self.known())
    }
}

impl Pause for CounterTime {
    fn pause(&self, time: Duration) {
        self.0.waited.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

// -- customers -------------------------------------------------------------------------------------------------------

/// The customer behind a code is told by its third digit.
const CUSTOMERS: [Customer; 6] = [
    Customer::PaysAtOnce,
    Customer::AsksPassword { pays_after: Some(1) },
    Customer::Refuses,
    Customer::Silent,
    Customer::NotEnough,
    Customer::AsksPassword { pays_after: None },
];

pub fn customer_of(code: &str) -> Customer {
    let digit = code.get(2..3).and_then(|digit| digit.parse::<usize>().ok());
    digit.and_then(|digit| CUSTOMERS.get(digit).copied()).unwrap_or_default()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Cashier {
    Waits,
    /// The customer changes her mind while she should type.
    Cancels,
    /// The call comes back at once, and the payment is taken back by its number.
    Reverses,
}

/// One customer, her cashier, and what the gateway and the line do meanwhile.
#[derive(Clone, Copy)]
pub struct Story {
    pub name: &'static str,
    /// One of [`CUSTOMERS`].
    customer: usize,
    cashier: Cashier,
    pub spoil: fn(&Simulator, &Sale),
}

const fn story(name: &'static str, customer: usize, cashier: Cashier, spoil: fn(&Simulator, &Sale)) -> Story {
    Story { name, customer, cashier, spoil }
}

fn nothing(_: &Simulator, _: &Sale) {}

/// Of the sale, and of its first refund.
fn lose(simulator: &Simulator, sale: &Sale, fault: SimulatorFault) {
    simulator.fault_for_amount(sale.total, fault);
    simulator.fault_for_amount(sale.part(), fault);
}

/// POS flows 3.6, 3.7, 18.
const STORIES: [Story; 19] = [
    story("pays at once", 0, Cashier::Waits, nothing),
    story("types the password", 1, Cashier::Waits, nothing),
    story("closes the dialog", 2, Cashier::Waits, nothing),
    story("is silent", 3, Cashier::Waits, nothing),
    story("is silent, and cancelled", 3, Cashier::Cancels, nothing),
    story("has not enough", 4, Cashier::Waits, nothing),
    story("types, and is cancelled", 5, Cashier::Cancels, nothing),
    story("types, and is reversed", 5, Cashier::Reverses, nothing),
    story("answers lost", 0, Cashier::Waits, |simulator, sale| lose(simulator, sale, SimulatorFault::CloseAfterCommit)),
    story("requests lost", 0, Cashier::Waits, |simulator, sale| {
        lose(simulator, sale, SimulatorFault::CloseBeforeCommit)
    }),
    story("a reversal's answer lost", 2, Cashier::Waits, |simulator, _| {
        simulator.fault_next_reversal(SimulatorFault::CloseAfterCommit);
    }),
    story("reversals of nothing", 2, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::ReverseOfNothing);
        simulator.behave_next(Behaviour::ReverseRecall);
    }),
    story("pays after the reversal", 3, Cashier::Cancels, |simulator, _| {
        simulator.behave_next(Behaviour::PaidAfterReverse);
    }),
    story("charged, and called failed", 0, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::ChargedInPayError);
    }),
    story("charged, and called refused", 0, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::RefusedThoughCharged);
    }),
    story("a refund is closed", 1, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::RefundEndsInClose);
        simulator.behave_next(Behaviour::RefundEndsInFail);
    }),
    story(KEPT, 3, Cashier::Cancels, |simulator, _| {
        simulator.behave_next(Behaviour::PaidAfterReverse);
        (0..9).for_each(|_| simulator.behave_next(Behaviour::ReverseOfUnpaidOnly));
    }),
    // POS flows 9.
    story("charged, and need_query says otherwise", 0, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::NeedQueryLies);
    }),
    story("charged, and pay_result says otherwise", 0, Cashier::Waits, |simulator, _| {
        simulator.behave_next(Behaviour::PayResultNotZero);
    }),
];

/// Whoever pays after the first reversal keeps having paid: a paid order is to be refunded.
const KEPT: &str = "pays after the reversal, and no other one works";

impl At {
    /// The last two are of gateways that have these fields.
    pub fn stories(self) -> usize {
        if self == At::Wechat { STORIES.len() - 2 } else { STORIES.len() }
    }
}

/// Whose counter it is: WeChat Pay's own gateway, or an acquirer's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum At {
    Wechat,
    Acquirer,
}

// -- sales -----------------------------------------------------------------------------------------------------------

/// One sale, and its refunds: a part of it, and then the rest.
#[derive(Clone)]
pub struct Sale {
    pub intent: String,
    /// One of [`STORIES`].
    pub story: usize,
    /// In fen. Faults are asked for by amount: no two sales of a round have the same, nor have their first refunds.
    pub total: u64,
    /// Of the terminal: its codes are made from it.
    pub serial: u64,
}

impl Sale {
    pub fn written(&self) -> String {
        format!("{}:{}:{}:{}", self.intent, self.story, self.total, self.serial)
    }

    pub fn read(text: &str) -> Sale {
        let mut parts = text.split(':');
        let mut next = || parts.next().unwrap();
        let intent = next().to_string();
        let mut number = || next().parse::<u64>().unwrap();
        let (story, total, serial) = (usize::try_from(number()).unwrap(), number(), number());
        Sale { intent, story, total, serial }
    }

    /// Whether the query never says of money that it is there: then only a person who looks at the platform knows.
    pub fn is_hidden(&self) -> bool {
        self.story().name == "charged, and called failed"
    }

    /// Whether a gateway reverses no paid order of it: some acquirers do not (POS flows 9).
    pub fn is_kept(&self) -> bool {
        self.story().name == KEPT
    }

    pub fn story(&self) -> &'static Story {
        &STORIES[self.story]
    }

    fn part(&self) -> u64 {
        100 + self.total % 100
    }

    pub fn refunds(&self) -> [(String, u64); 2] {
        let name = |what| format!("{}/{what}", self.intent);
        [(name("part"), self.part()), (name("rest"), self.total - self.part())]
    }

    /// A code that nobody has shown yet: of this process, for this press of the button. Behind an acquirer of any wallet.
    fn code(&self, at: At, customer: usize, process: u64, press: u64) -> String {
        assert!(process < 10 && press < 100);
        let serial = (self.serial * 10 + process) * 100 + press;
        let wallet = if at == At::Wechat { 0 } else { serial as usize / 100 + press as usize };
        wallet_code(wallet, &format!("{customer}{serial:015}"))
    }
}

/// With its story's name.
impl std::fmt::Debug for Sale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.intent, self.story().name)
    }
}

fn client<A: Account>(account: A, https: &Arc<Https>, time: &CounterTime) -> Client<A> {
    let clock = Box::new(time.clone());
    let inputs = Inputs { transport: Box::new(https.clone()), clock, random: Box::new(SystemRandom) };
    Client::with_inputs(account, terminal(), inputs).unwrap().within(Duration::from_secs(2)).unwrap()
}

/// What one call said.
#[derive(Clone, Debug, PartialEq)]
pub enum Came {
    /// Paid, or taken as a refund, under this number.
    Done(String),
    Late(String),
    Declined,
    Unknown(Reason),
    /// In words.
    Error(String),
}

/// The till of a process.
pub struct Counter {
    pub till: Till,
    at: At,
    pub time: CounterTime,
    /// Which one of a round: 0 is the parent.
    process: u64,
}

impl Counter {
    pub fn open(
        (place, at): (&Place, At),
        https: &Arc<Https>,
        stop: Option<Stop>,
        (time, process): (&CounterTime, u64),
    ) -> Counter {
        let clock = || Box::new(time.clone());
        let till = Till::with_inputs(Box::new(Watched::open(place, stop)), clock(), clock());
        let till = match at {
            At::Wechat => till.with(client(place.wxpay(), https, time)),
            At::Acquirer => till.with(client(place.acquirer(), https, time)),
        };
        Counter { till, at, time: time.clone(), process }
    }

    pub fn of_a_child(at: (&Place, At), stop: Option<Stop>, waited: u64, process: u64) -> Counter {
        Counter::open(at, &at.0.https(), stop, (&CounterTime::since(waited, None), process))
    }

    /// The cashier scans the code of the story's customer first. Whoever comes after that pays at once.
    pub fn scan(&self, sale: &Sale, press: u64) -> Came {
        let is_first = self.process > 0 && press == 0;
        let Story { customer, cashier, .. } = *sale.story();
        let (customer, cashier) = if is_first { (customer, cashier) } else { (0, Cashier::Waits) };
        let watch = CancelsAt::new(Phase::Confirming);
        let options = match cashier {
            Cashier::Waits => Options::new(),
            Cashier::Cancels => Options::new().watch(&watch),
            Cashier::Reverses => Options::new().patience(Duration::ZERO),
        };
        let code = sale.code(self.at, customer, self.process, press);
        say("TRY", &sale.intent);
        let came = match self.at {
            At::Wechat => self.pay::<WxpayAccount>(sale, &code, &options),
            At::Acquirer => self.pay::<SwiftpassAccount>(sale, &code, &options),
        };
        match (cashier, &came) {
            (Cashier::Reverses, Came::Unknown(_)) => {
                let number = self.newest(&sale.intent);
                self.came(&sale.intent, self.till.reverse(&number))
            }
            _ => came,
        }
    }

    fn pay<C: CounterAccount>(&self, sale: &Sale, code: &str, options: &Options<'_>) -> Came {
        let total_fee = fen(i64::try_from(sale.total).unwrap());
        let sold = CounterSale { body: &sale.intent, attach: None, total_fee, create_ip: "8.8.8.8" };
        self.came(&sale.intent, self.till.pay_with(&sale.intent, &C::by_code(sold, code), options))
    }

    pub fn newest(&self, intent: &str) -> String {
        self.till.entries_of(intent).unwrap().pop().unwrap().entry.order_number
    }

    pub fn give_back(&self, intent: &str, order: (&str, u64), amount: u64) -> Came {
        match self.at {
            At::Wechat => self.refund::<WxpayAccount>(intent, order, amount),
            At::Acquirer => self.refund::<SwiftpassAccount>(intent, order, amount),
        }
    }

    fn refund<C: CounterAccount>(&self, intent: &str, (number, total): (&str, u64), amount: u64) -> Came {
        let [total, amount] = [total, amount].map(|amount| fen(i64::try_from(amount).unwrap()));
        let request = C::back(RefundOf::OutTradeNo(number), total, amount);
        // The minute between two refunds of one order (POS flows 5).
        let patient = Options::new().patience(Duration::from_secs(90));
        say("TRY", intent);
        self.came(intent, self.till.refund_with(intent, &request, &patient))
    }

    /// Acknowledges what is paid, as an application does when the ticket is printed.
    fn came<T>(&self, intent: &str, outcome: Result<Outcome<Receipt<T>>, Error>) -> Came {
        let (word, came) = match outcome {
            Ok(Outcome::Accepted(receipt)) => {
                say("ACCEPTED", intent);
                assert_eq!(receipt.journal_fault, None);
                self.till.acknowledge(receipt.entry).unwrap();
                ("ACKNOWLEDGED", Came::Done(receipt.order_number))
            }
            Ok(Outcome::Taken(receipt)) => {
                assert_eq!(receipt.journal_fault, None);
                ("TAKEN", Came::Done(receipt.order_number))
            }
            Ok(Outcome::PaidLate(receipt)) => ("LATE", Came::Late(receipt.order_number)),
            Ok(Outcome::Ordered(receipt)) => panic!("{} of a payment code", receipt.order_number),
            Ok(Outcome::Declined(_)) => ("UNPAID", Came::Declined),
            Ok(Outcome::Unknown(doubt)) => ("UNKNOWN", Came::Unknown(doubt.reason)),
            Err(error) => ("UNPAID", Came::Error(error.to_string())),
        };
        say(word, intent);
        came
    }

    /// Asks about what is open, and acknowledges what came to its end. Returns how much is still in doubt.
    pub fn recover(&self, reversals: Reversals, patience: u64) -> Vec<Reported> {
        let options = Options::new().patience(Duration::from_secs(patience)).reversals(reversals);
        let report = self.till.recover_with(&options).unwrap();
        for one in report.iter().filter(|one| one.entry.is_settled()) {
            self.till.acknowledge(one.entry.version()).unwrap();
        }
        report.into_iter().filter(|one| !one.entry.is_settled()).collect()
    }

    /// What a child does with a sale: it is sold, given back, and the refunds arrive.
    pub fn whole(&self, sale: &Sale) {
        let sold = (0..3).find_map(|press| match self.scan(sale, press) {
            Came::Done(number) => Some(number),
            _ => None,
        });
        let Some(number) = sold else { return };
        let given = sale.refunds().map(|(intent, amount)| self.give_back(&intent, (&number, sale.total), amount));
        if given.iter().all(|came| matches!(came, Came::Done(_))) {
            let more = self.give_back(&format!("{}/more", sale.intent), (&number, sale.total), 1);
            assert!(matches!(&more, Came::Error(words) if words.contains("left")), "{more:?}");
        }
        // POS flows 5: asked after 20 minutes, then every 6 hours.
        for seconds in [20 * 60, 6 * 3600] {
            self.time.pass(seconds);
            self.recover(Reversals::Begun, 60);
        }
    }
}
