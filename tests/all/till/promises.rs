//! Promises of the till and its orders that an audit found broken, and attacks that held: one test each.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;
use crate::till::orders::{closed, ends, failure, notification, order, ordered, trade};

/// The system's clock is never the same twice: every look at it is a microsecond later.
#[derive(Clone)]
struct Ticking(Time, Arc<AtomicU64>);

impl Clock for Ticking {
    fn unix_seconds(&self) -> i64 {
        self.0.unix_seconds()
    }

    fn monotonic(&self) -> Duration {
        self.0.monotonic() + Duration::from_micros(self.1.fetch_add(1, Ordering::Relaxed))
    }
}

type Act = Box<dyn FnOnce() + Send>;

/// Does something while a request is under way, and notes how long each may take.
#[derive(Clone, Default)]
pub struct Wire {
    pub canned: Canned,
    pub during: Arc<Mutex<Option<(usize, Act)>>>,
    pub within: Arc<Mutex<Vec<Duration>>>,
}

impl Wire {
    pub fn during(&self, post: usize, act: impl FnOnce() + Send + 'static) {
        *self.during.lock().unwrap() = Some((post, Box::new(act)));
    }
}

impl Transport for Wire {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        self.within.lock().unwrap().push(post.within);
        let received = self.canned.post(post);
        let mut during = self.during.lock().unwrap();
        let now = during.as_ref().is_some_and(|(at, _)| *at == self.canned.sent().len());
        let act = if now { during.take() } else { None };
        drop(during);
        if let Some((_, act)) = act {
            act();
        }
        received
    }
}

pub struct Shop {
    pub wire: Wire,
    pub journal: MemoryJournal,
    pub time: Time,
}

impl Shop {
    pub fn new() -> Shop {
        Shop { wire: Wire::default(), journal: MemoryJournal::default(), time: Time::new() }
    }

    pub fn canned(&self) -> &Canned {
        &self.wire.canned
    }

    pub fn client(&self, account: SwiftpassAccount) -> Client<SwiftpassAccount> {
        let inputs = Inputs {
            transport: Box::new(self.wire.clone()),
            clock: Box::new(self.time.clone()),
            random: Box::new(Counting::new()),
        };
        Client::with_inputs(account, terminal(), inputs).unwrap()
    }

    pub fn bare(&self, clock: Box<dyn Clock>) -> Till {
        let journal = Box::new(self.journal.reopened());
        Till::with_inputs(journal, clock, Box::new(self.time.clone())).patience(Duration::from_secs(20))
    }

    /// A till, as after a start of the program.
    pub fn till(&self) -> Till {
        self.bare(Box::new(self.time.clone())).with(self.client(swiftpass_account().notifications_suffice()))
    }

    pub fn ticking_till(&self) -> Till {
        let clock = Ticking(self.time.clone(), Arc::default());
        self.bare(Box::new(clock)).with(self.client(swiftpass_account().notifications_suffice()))
    }

    pub fn wait(&self, seconds: u64) {
        Pause::pause(&self.time, Duration::from_secs(seconds));
    }

    pub fn states(&self) -> Vec<&'static str> {
        self.journal.states()
    }

    pub fn number(&self, at: usize) -> String {
        self.journal.all()[at].order_number.clone()
    }

    pub fn services(&self) -> Vec<String> {
        self.canned().sent().iter().map(|sent| xml_value(&sent.body, "service").unwrap()).collect()
    }

    /// Two orders of one intent: the first is expired and given up, the second is in the customer's hands.
    pub fn with_two_orders(&self) -> (Till, String, String) {
        let till = self.till();
        let first = ordered(self.canned(), &till);
        self.wait(400);
        ends(self.canned(), &first, NOW + 400);
        let second = ordered(self.canned(), &till);
        assert_eq!(self.states(), ["unpaid", "ordered"]);
        (till, first, second)
    }
}

pub fn url<T: AsRef<Pairs>>(receipt: &Receipt<T>) -> bool {
    matches!(receipt.evidence, Evidence::Reply(_)) || receipt.evidence.field("mweb_url").is_some()
}

// ---- A: a clock that moves ----

#[test]
fn payment_of_asks_once_under_a_clock_that_moves() {
    let shop = Shop::new();
    let till = shop.ticking_till();
    let number = ordered(shop.canned(), &till);
    shop.wait(30);
    shop.canned().then(&trade("SUCCESS", &number, "1"));
    accepted(till.payment_of(&number));
}

#[test]
fn recover_asks_about_orders_under_a_clock_that_moves() {
    let shop = Shop::new();
    let till = shop.ticking_till();
    let number = ordered(shop.canned(), &till);
    shop.wait(30);
    shop.canned().then(&trade("SUCCESS", &number, "1"));
    till.recover(Duration::from_secs(30)).unwrap();
    assert_eq!(shop.states(), ["paid"]);
}

#[test]
fn close_asks_under_a_clock_that_moves() {
    let shop = Shop::new();
    let till = shop.ticking_till();
    let number = ordered(shop.canned(), &till);
    shop.wait(30);
    shop.canned().then(&closed(&number)).then(&trade("CLOSED", &number, "1"));
    declined(till.close(&number));
}

#[test]
fn each_pending_entry_gets_one_question_under_a_clock_that_moves() {
    fn asked(clock: impl Clock + Clone + 'static, time: &Time) -> usize {
        let (canned, journal) = (Canned::default(), MemoryJournal::default());
        let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
        let inputs = Inputs {
            transport: Box::new(canned.clone()),
            clock: Box::new(clock.clone()),
            random: Box::new(Counting::new()),
        };
        let till = Till::with_inputs(Box::new(journal), Box::new(clock), Box::new(time.clone()))
            .patience(Duration::ZERO)
            .with(Client::with_inputs(account, terminal(), inputs).unwrap());
        for intent in ["a", "b", "c", "d", "e", "f"] {
            canned.then_fault(Sent::Maybe);
            unknown(till.pay(intent, &red_packet("")));
        }
        // Less than a second each.
        till.recover(Duration::from_secs(4)).unwrap();
        canned.sent().len() - 6
    }
    let time = Time::new();
    assert!(asked(time.clone(), &time) >= 6);
    assert!(asked(Ticking(time.clone(), Arc::default()), &time) >= 6);
}

/// The same with the clock that firmware uses.
#[test]
fn payment_of_asks_once_under_the_systems_clock() {
    let shop = Shop::new();
    let till = shop.bare(Box::new(SystemClock)).with(shop.client(swiftpass_account()));
    let number = ordered(shop.canned(), &till);
    shop.canned().then(&trade("SUCCESS", &number, "1"));
    accepted(till.payment_of(&number));
}

/// One second is not enough for DNS, TCP, TLS and an answer over a modem.
#[test]
fn a_question_has_time_for_an_exchange() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(shop.canned(), &till);
    shop.wait(30);
    unknown(till.payment_of(&number));
    till.recover(Duration::from_secs(30)).unwrap();
    let within = shop.wire.within.lock().unwrap().clone();
    assert!(within[1..].iter().all(|within| *within >= Duration::from_secs(5)), "{within:?}");
}

// ---- B: a URL that was handed out ----

/// The gateway made the order and gave its URL: that it does not find it says nothing.
#[test]
fn not_found_never_ends_an_order_whose_url_was_handed_out() {
    let shop = Shop::new();
    let till = shop.till();
    // The kiosk runs for half an hour, and then a customer comes.
    shop.wait(1_800);
    let number = ordered(shop.canned(), &till);
    shop.canned().then(&failure("ORDERNOTEXIST"));
    unknown(till.payment_of(&number));
    shop.wait(61);
    shop.canned().then(&failure("ORDERNOTEXIST"));
    // Paid in its second minute, of five.
    unknown(till.payment_of(&number));
    assert_eq!(shop.states(), ["ordered"]);
}

/// Also within a window that counts from the attempt, when the caller lets it be paid for two hours.
#[test]
fn nor_after_the_window() {
    let shop = Shop::new();
    let till = shop.till();
    let time = |at| ChinaTime::from_unix(at).unwrap();
    let valid = Some(Valid { start: time(NOW), expire: time(NOW + 7_200) });
    shop.canned().then(&wap_success(&[]));
    let number = is_ordered(till.order("receipt 1", &WapOrder { valid, ..wap_order("") })).order_number;
    for _ in 0..2 {
        shop.wait(1_300);
        shop.canned().then(&failure("ORDERNOTEXIST"));
        unknown(till.payment_of(&number));
    }
    assert_eq!(shop.states(), ["ordered"]);
}

/// The window counts from the last attempt, also for an order that was given up.
#[test]
fn the_window_of_a_lost_order_counts_from_its_attempt() {
    let shop = Shop::new();
    let till = shop.till();
    shop.wait(1_800);
    for _ in 0..3 {
        shop.canned().then_fault(Sent::Maybe);
    }
    unknown(order(&till));
    for _ in 0..2 {
        shop.canned().then(&failure("ORDERNOTEXIST"));
        unknown(till.payment_of(&shop.number(0)));
        shop.wait(61);
    }
    assert_eq!(shop.states(), ["abandoned"; 3]);
}

/// A journal fault, and then a power cut: the customer has the first URL and gets a second one.
#[test]
fn a_url_is_in_the_journal_before_anybody_has_it() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned().then(&wap_success(&[]));
    // of_intent, begin, settle.
    shop.journal.fail_in(3);
    let handed_out = matches!(order(&till), Ok(Outcome::Ordered(receipt)) if url(&receipt));
    drop(till);
    let till = shop.till();
    shop.canned().then(&wap_success(&[]));
    let again = matches!(order(&till), Ok(Outcome::Ordered(receipt)) if url(&receipt));
    assert!(!(handed_out && again && shop.states() == ["abandoned", "ordered"]), "two URLs for one intent");
}

/// The minimum between an attempt and a question about it.
#[test]
fn a_question_comes_a_second_after_the_attempt() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(shop.canned(), &till);
    let before = shop.time.monotonic();
    shop.canned().then(&trade("NOTPAY", &number, "1"));
    unknown(till.payment_of(&number));
    assert!(shop.time.monotonic() - before >= Duration::from_secs(1));
}

// ---- C: several orders of one intent ----

/// The first order was paid late. Nobody gets the second one's URL any more.
#[test]
fn late_money_counts_before_an_order_that_is_still_open() {
    let shop = Shop::new();
    let (till, first, _) = shop.with_two_orders();
    till.notified(notification(&first, "1").as_bytes()).unwrap();
    let receipt = paid_late(order(&till));
    assert!(!url(&receipt), "the intent is paid, and its second URL is handed out");
}

/// It comes while the second order is made.
#[test]
fn late_money_that_comes_while_the_next_order_is_made() {
    let shop = Shop::new();
    let till = Arc::new(shop.till());
    let first = ordered(shop.canned(), &till);
    shop.wait(400);
    ends(shop.canned(), &first, NOW + 400);
    shop.canned().then(&wap_success(&[]));
    let notice = notification(&first, "1");
    let other = till.clone();
    shop.wire.during(5, move || assert_eq!(other.notified(notice.as_bytes()).unwrap().reply, "success"));
    let receipt = paid_late(order(&till));
    assert_eq!(shop.states(), ["late", "ordered"]);
    assert!(!url(&receipt), "the intent is paid, and its second URL is handed out");
}

/// An order that was paid with another amount waits for a person: no third number until then, and no Error.
#[test]
fn an_older_order_that_waits_for_a_person_bars_a_new_number() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned().then_fault(Sent::Maybe).then(&wap_success(&[]));
    let second = is_ordered(order(&till)).order_number;
    shop.canned().then(&trade("SUCCESS", &shop.number(0), "2"));
    unknown(till.payment_of(&shop.number(0)));
    shop.canned().then(&trade("CLOSED", &second, "1"));
    declined(till.payment_of(&second));
    assert_eq!(shop.states(), ["for a person", "unpaid"]);
    // The script is over: the gateway is not reached.
    assert_eq!(unknown(order(&till)).reason, Reason::ForAPerson);
    assert_eq!(shop.journal.all().len(), 2);
}

/// The journal could not take that the money came late: this process still does not make another order.
#[test]
fn late_money_that_the_journal_could_not_take() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(shop.canned(), &till);
    ends(shop.canned(), &number, NOW + 400);
    declined(till.payment_of(&number));
    shop.wait(2);
    shop.canned().then(&trade("SUCCESS", &number, "1"));
    // by_order_number, entry, settle.
    shop.journal.fail_in(3);
    let receipt = paid_late(till.payment_of(&number));
    assert!(receipt.journal_fault.is_some());
    // "the entry is still open there, and the next `pay` or `recover` resolves it again"
    shop.canned().then(&wap_success(&[]));
    let again = order(&till);
    assert!(!matches!(again, Ok(Outcome::Ordered(receipt)) if url(&receipt)), "a second URL");
}

// ---- D: what the caller saw ----

/// The caller acknowledges that it was not paid. Money that came in between is not what it saw.
#[test]
fn late_money_is_not_acknowledged_by_who_did_not_see_it() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(shop.canned(), &till);
    shop.canned().then(&trade("CLOSED", &number, "1"));
    let report = till.recover(Duration::from_secs(5)).unwrap();
    assert!(matches!(report[0].entry.state, EntryState::Recorded(Settlement::Declined { .. })));
    // Another thread, between the report and its acknowledgement.
    till.notified(notification(&number, "1").as_bytes()).unwrap();
    assert!(till.acknowledge(report[0].entry.version()).unwrap_err().text().contains("has changed since"));
    assert_eq!(till.recover(Duration::ZERO).unwrap().len(), 1, "late money is reported until it is acknowledged");
}

/// The gateway says that the customer is paying, or paid another amount: that is not "unpaid, and final".
#[test]
fn an_order_that_was_given_up_and_is_being_paid_is_not_declined() {
    for (state, fee) in [("USERPAYING", "1"), ("SUCCESS", "2")] {
        let shop = Shop::new();
        let till = shop.till();
        let number = ordered(shop.canned(), &till);
        ends(shop.canned(), &number, NOW + 400);
        declined(till.payment_of(&number));
        shop.wait(2);
        shop.canned().then(&trade(state, &number, fee));
        unknown(till.payment_of(&number));
    }
}

/// Two official accounts of one merchant: one number, one key, two `sub_appid`.
#[test]
fn a_notification_finds_its_order_among_accounts_with_one_key() {
    let shop = Shop::new();
    let other = swiftpass_account().notifications_suffice().sub_appid("wx0000000000000002").unwrap();
    let till = shop.till().with(shop.client(other));
    shop.canned().then(&wap_success(&[]));
    let options = Options::new().account("wx0000000000000002");
    let number = is_ordered(till.order_with("receipt 1", &wap_order(""), &options)).order_number;
    assert_eq!(till.notified(notification(&number, "1").as_bytes()).map(|told| told.reply), Ok("success"));
}

// ---- E: the gateway's time ----

/// A page of something between, with a time of its own, is not the gateway's word.
#[test]
fn only_a_verified_reply_tells_the_gateways_time() {
    let shop = Shop::new();
    let till = shop.till();
    let number = ordered(shop.canned(), &till);
    shop.canned().then_dated("<html>502 Bad Gateway</html>", NOW + 86_400).then(&trade("NOTPAY", &number, "1"));
    unknown(till.payment_of(&number));
    shop.wait(2);
    unknown(till.payment_of(&number));
    assert_eq!(shop.states(), ["ordered"]);
}

/// NOTPAY that was on its way for minutes says what was, not what is.
#[test]
fn an_undated_answer_is_as_old_as_its_exchange_is_long() {
    let shop = Shop::new();
    let client = shop.client(swiftpass_account()).within(Duration::from_secs(300)).unwrap();
    let till = shop.bare(Box::new(shop.time.clone())).with(client);
    shop.canned().then_dated(&wap_success(&[]), NOW);
    let number = is_ordered(order(&till)).order_number;
    shop.wait(200);
    shop.canned().then(&trade("NOTPAY", &number, "1"));
    // Answered while the order was open, received after its end.
    let time = shop.time.clone();
    shop.wire.during(2, move || Pause::pause(&time, Duration::from_secs(200)));
    unknown(till.payment_of_with(&number, &Options::new().patience(Duration::from_secs(250))));
    assert_eq!(shop.states(), ["ordered"]);
}

/// The device is ten minutes slow: its order was over, by the gateway's time, before it was made. The gateway took it all
/// the same, and the customer has had the URL for five seconds.
#[test]
fn a_slow_clock_does_not_end_an_order_at_once() {
    let shop = Shop::new();
    let till = shop.till();
    shop.time.jump(-600);
    shop.canned().then_dated(&wap_success(&[]), NOW);
    let number = is_ordered(order(&till)).order_number;
    shop.wait(5);
    shop.canned().then_dated(&trade("NOTPAY", &number, "1"), NOW + 5);
    unknown(till.payment_of(&number));
    assert_eq!(shop.states(), ["ordered"]);
}

/// Orders that were never sent are one entry, not one for each time that the network is down.
#[test]
fn a_kiosk_without_network_does_not_fill_its_journal() {
    let shop = Shop::new();
    let till = shop.till();
    for _ in 0..5 {
        assert!(order(&till).is_err());
    }
    assert_eq!(shop.journal.all().len(), 1);
}

// ---- F: pruning ----

#[cfg(feature = "sqlite")]
mod pruning {
    use super::*;

    struct Folder(std::path::PathBuf);

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = std::fs::remove_dir_all(&self.0);
        }
    }

    fn paid_at(begun: i64, acknowledged: i64, name: &str) -> u32 {
        let folder = std::env::temp_dir().join(format!("wxpay-audit-{}-{name}", std::process::id()));
        std::fs::create_dir(&folder).unwrap();
        let folder = Folder(folder);
        let mut journal = SqliteJournal::open(folder.0.join("j.db"), 7, None, &Counting::new()).unwrap();
        let new =
            NewEntry { account: "a", call: "sendredpack", intent: "prize", amount: fen(200), of: None, at: begun };
        let mut number = |serial: Serial| {
            Ok(Numbered { order_number: format!("N{}", serial.counter), fields: vec![("f".into(), "v".into())] })
        };
        let entry = journal.begin(&new, &mut number).unwrap();
        let paid = Settlement::Accepted { queried: false, evidence: Vec::new() };
        journal.settle(entry.id, &paid, acknowledged).unwrap();
        journal.acknowledge(entry.id, acknowledged).unwrap();
        journal.prune(NOW - 3_600, NOW - 30 * 86_400, &|_| Some(DECIDED)).unwrap()
    }

    /// clock.rs does not believe 2025, and neither may pruning.
    #[test]
    fn an_entry_of_a_clock_that_is_not_believed_stays() {
        assert_eq!(paid_at(1_750_000_000, 1_750_000_100, "f1"), 0, "June 2025: this code is younger");
    }

    /// Begun under a wrong clock, acknowledged two hours ago under the right one: it is two hours old at least.
    #[test]
    fn an_intent_acknowledged_two_hours_ago_is_not_thirty_days_old() {
        assert_eq!(paid_at(1_768_000_000, NOW - 7_200, "f2"), 0, "January 2026 was the clock, not the time");
    }
}

/// The battery was empty, and the firmware set a day of its own; the gateway's replies told another. Then the clock is set.
#[cfg(feature = "sqlite")]
#[test]
fn pruning_knows_the_age_of_what_was_paid_under_a_wrong_clock() {
    let (canned, time) = (Canned::default(), Time::new());
    let folder = std::env::temp_dir().join(format!("wxpay-audit-{}-f3", std::process::id()));
    std::fs::create_dir(&folder).unwrap();
    let journal = SqliteJournal::open(folder.join("j.db"), 7, None, &Counting::new()).unwrap();
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&["https://gateway.example"]).unwrap();
    let inputs = time.inputs(&canned);
    let till = Till::with_inputs(Box::new(journal), Box::new(time.clone()), Box::new(time.clone()))
        .with(Client::with_inputs(account, terminal(), inputs).unwrap());
    time.jump(-200 * 86_400);
    let sent =
        reply(&[("return_code", "SUCCESS"), ("result_code", "SUCCESS"), ("status", "SENT"), ("total_amount", "200")]);
    canned.then_fault(Sent::Maybe).then_dated(&sent, NOW);
    let receipt = accepted(till.pay("prize", &red_packet("")));
    till.acknowledge(receipt.entry).unwrap();
    time.jump(200 * 86_400);
    Pause::pause(&time, Duration::from_secs(7_200));
    till.prune(Duration::from_secs(3_600)).unwrap();
    canned.then_fault(Sent::Maybe).then_dated(&sent, NOW);
    let again = accepted(till.pay("prize", &red_packet("")));
    drop(till);
    std::fs::remove_dir_all(&folder).unwrap();
    assert_eq!(canned.sent().len(), 2, "paid twice");
    assert_eq!(receipt.order_number, again.order_number);
}

/// What prune blanks is still compared: with another payee the same intent is an error, and the recorded payment is told to the same one
/// (F42). No value of a field stays in the files.
#[cfg(feature = "sqlite")]
#[test]
fn other_fields_of_what_is_blanked_are_an_error() {
    let folder = crate::journal::journal::Folder::new();
    let (canned, time) = (Canned::default(), Time::new());
    let till = || {
        let inputs = time.inputs(&canned);
        Till::with_inputs(Box::new(folder.open()), Box::new(time.clone()), Box::new(time.clone()))
            .with(Client::with_inputs(RedpackAccount::new(MCH_ID, APPID, key()).unwrap(), terminal(), inputs).unwrap())
    };
    let desk = till();
    canned.then_fault(Sent::Maybe).then_dated(&crate::till::till::hb("SENT", "200"), NOW);
    let receipt = accepted(desk.pay("prize", &red_packet("")));
    desk.acknowledge(receipt.entry).unwrap();
    time.jump(2 * 86_400);
    canned.then_dated(&crate::till::till::hb("SENT", "200"), NOW + 2 * 86_400).then_fault(Sent::Maybe);
    let _ = desk.pay("another", &red_packet(""));
    desk.prune(Duration::from_secs(86_400)).unwrap();
    let compared = |desk: Till| {
        let entry = desk.entries_of("prize").unwrap().remove(0).entry;
        assert!(entry.fields.is_empty() && entry.decided.is_some());
        let sent = canned.sent().len();
        refused(
            desk.pay("prize", &SendRedPack { re_openid: "oOtherOtherOtherOtherOtherOt", ..red_packet("") }),
            "intent",
        );
        accepted(desk.pay("prize", &SendRedPack { wishing: "新年快乐", ..red_packet("") }));
        assert_eq!(canned.sent().len(), sent);
    };
    compared(desk);
    compared(till());
}
