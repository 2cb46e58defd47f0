//! WAP orders in the till: an order is not a payment, one test a rule.

use std::time::Duration;

use wxpay_terminal::*;

use crate::memory_journal::MemoryJournal;
use crate::simulation::Time;
use crate::support::*;

const URL: &str = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20161215&package=1405458241";

struct Shop {
    canned: Canned,
    journal: MemoryJournal,
    time: Time,
}

impl Shop {
    fn new() -> Shop {
        Shop { canned: Canned::default(), journal: MemoryJournal::default(), time: Time::new() }
    }

    /// A till, as after a start of the program. What a notification tells is booked without a question.
    fn till(&self) -> Till {
        self.till_of(swiftpass_account().notifications_suffice())
    }

    /// A till that asks about what a notification tells, as by default.
    fn doubting_till(&self) -> Till {
        self.till_of(swiftpass_account())
    }

    fn till_of(&self, account: SwiftpassAccount) -> Till {
        let inputs = Inputs {
            transport: Box::new(self.canned.clone()),
            clock: Box::new(self.time.clone()),
            random: Box::new(Counting::new()),
        };
        let journal = Box::new(self.journal.reopened());
        Till::with_inputs(journal, Box::new(self.time.clone()), Box::new(self.time.clone()))
            .patience(Duration::from_secs(20))
            .with(Client::with_inputs(account, terminal(), inputs).unwrap())
    }

    /// A till with one order in the customer's hands.
    fn with_order(&self) -> (Till, String) {
        let till = self.till();
        self.canned.then(&wap_success(&[]));
        let receipt = accepted(order(&till));
        (till, receipt.order_number)
    }

    fn states(&self) -> Vec<&'static str> {
        let word = |entry: Entry| match entry.state {
            EntryState::Open => "open",
            EntryState::Settled(Settlement::Ordered { .. }) => "ordered",
            EntryState::Settled(Settlement::Abandoned) => "abandoned",
            EntryState::Settled(Settlement::Accepted { .. }) => "paid",
            EntryState::Settled(Settlement::PaidLate { .. }) => "late",
            EntryState::Settled(Settlement::Declined { .. }) => "unpaid",
            EntryState::Settled(Settlement::NotSent) => "not sent",
            EntryState::Settled(Settlement::ForAPerson { .. }) => "for a person",
            _ => "another",
        };
        self.journal.all().into_iter().map(word).collect()
    }

    /// The service and the number of each request.
    fn asked(&self) -> Vec<(String, String)> {
        let value = |sent: &SentPost, name| xml_value(&sent.body, name).unwrap();
        self.canned.sent().iter().map(|sent| (value(sent, "service"), value(sent, "out_trade_no"))).collect()
    }

    fn services(&self) -> Vec<String> {
        self.asked().into_iter().map(|(service, _)| service).collect()
    }
}

pub fn order(till: &Till) -> Result<Outcome<Receipt<WapOrderMade>>, Error> {
    till.pay("receipt 1", &wap_order(""))
}

/// The answer to a query, signed.
pub fn trade(state: &str, number: &str, fee: &str) -> String {
    let mut fields = vec![
        ("status", "0"),
        ("result_code", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("out_trade_no", number),
        ("trade_state", state),
        ("total_fee", fee),
    ];
    if state == "SUCCESS" {
        fields.extend([("transaction_id", "7551000001201611221001"), ("time_end", "20261121120000")]);
    }
    swiftpass_signed(&fields)
}

fn not_exists() -> String {
    swiftpass_signed(&[
        ("status", "0"),
        ("result_code", "1"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("err_code", "ORDERNOTEXIST"),
    ])
}

pub fn closed(number: &str) -> String {
    swiftpass_signed(&[("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID), ("out_trade_no", number)])
}

pub fn failure(code: &str) -> String {
    swiftpass_signed(&[("status", "0"), ("result_code", "1"), ("mch_id", SWIFTPASS_MCH_ID), ("err_code", code)])
}

/// A payment notification (protocol C.6), signed.
pub fn notification(number: &str, fee: &str) -> String {
    swiftpass_signed(&[
        ("status", "0"),
        ("result_code", "0"),
        ("pay_result", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("transaction_id", "7551000001201611221001"),
        ("out_trade_no", number),
        ("total_fee", fee),
        ("fee_type", "CNY"),
        ("time_end", "20261121120000"),
    ])
}

/// Seed 002: `time_start` and `time_expire` count only together, and `mweb_url` can be opened for 5 minutes.
#[test]
fn an_order_hands_out_its_url_and_says_until_when() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    let body = &shop.canned.sent()[0].body;
    let at = |name| ChinaTime::read(&xml_value(body, name).unwrap()).unwrap().unix_seconds();
    assert_eq!(at("time_start"), NOW);
    assert_eq!(at("time_expire"), NOW + 300);
    assert_eq!(shop.states(), ["ordered"]);
    // The same intent: the same order and URL, nothing sent. Also after a restart.
    for till in [till, shop.till()] {
        let receipt = accepted(order(&till));
        assert_eq!((receipt.order_number.as_str(), receipt.evidence.field("mweb_url")), (number.as_str(), Some(URL)));
        assert!(!format!("{receipt:?}").contains("checkmweb"));
        assert!(till.acknowledge(receipt.entry).is_err(), "nothing to act upon yet");
    }
    assert_eq!(shop.canned.sent().len(), 1);
}

#[test]
fn a_caller_may_say_until_when() {
    let shop = Shop::new();
    let time = |at| ChinaTime::from_unix(at).unwrap();
    let valid = |start, expire| Some(Valid { start: time(start), expire: time(expire) });
    let till = shop.till();
    for wrong in [valid(NOW - 20, NOW - 10), valid(NOW + 10, NOW + 10)] {
        refused(till.pay("a", &WapOrder { valid: wrong, ..wap_order("") }), "time_expire");
    }
    shop.canned.then(&wap_success(&[]));
    accepted(till.pay("b", &WapOrder { valid: valid(NOW, NOW + 3600), ..wap_order("") }));
    let expires = xml_value(&shop.canned.sent()[0].body, "time_expire").unwrap();
    assert_eq!(ChinaTime::read(&expires).unwrap().unix_seconds(), NOW + 3600);
    // Another time is not another intent.
    accepted(till.pay("b", &WapOrder { valid: valid(NOW + 1, NOW + 3601), ..wap_order("") }));
    refused(till.pay("b", &WapOrder { total_fee: fen(2), ..wap_order("") }), "intent");
    assert_eq!(shop.canned.sent().len(), 1);
}

/// The clock decides until when an order may be paid.
#[test]
fn a_clock_that_is_not_set_makes_no_order() {
    let shop = Shop::new();
    shop.time.jump(-NOW);
    refused(order(&shop.till()), "clock");
    assert!(shop.canned.sent().is_empty() && shop.journal.all().is_empty());
}

#[test]
fn payment_of_says_whether_the_customer_paid() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    for state in ["NOTPAY", "USERPAYING"] {
        shop.canned.then(&trade(state, &number, "1"));
        let doubt = unknown(till.payment_of(&number));
        assert_eq!((doubt.reason == Reason::NotPaidYet, doubt.code.as_str()), (state == "NOTPAY", state));
    }
    assert_eq!(shop.states(), ["ordered"]);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    let receipt = accepted(till.payment_of(&number));
    assert_eq!(receipt.evidence.field("transaction_id"), Some("7551000001201611221001"));
    assert!(!receipt.late);
    assert_eq!(shop.states(), ["paid"]);
    // Recorded: nobody is asked again, and no new order is made.
    let posts = shop.canned.sent().len();
    accepted(till.payment_of(&number));
    accepted(order(&till));
    assert_eq!(shop.canned.sent().len(), posts);
    till.acknowledge(receipt.entry).unwrap();
    refused(till.payment_of("20261121NOSUCHORDER"), "order_number");
}

/// A clock that moves on with every look at it, as real ones do.
struct Ticking(Time);

impl Clock for Ticking {
    fn unix_seconds(&self) -> i64 {
        self.0.unix_seconds()
    }

    fn monotonic(&self) -> Duration {
        self.0.pause(Duration::from_millis(1));
        self.0.monotonic()
    }
}

/// Without patience there is still one question, and `recover` asks about each entry, however many there are.
#[test]
fn one_question_is_asked_although_time_goes_by() {
    let shop = Shop::new();
    let till = || {
        let inputs = Inputs {
            transport: Box::new(shop.canned.clone()),
            clock: Box::new(shop.time.clone()),
            random: Box::new(Counting::new()),
        };
        let (journal, clock) = (Box::new(shop.journal.reopened()), Box::new(Ticking(shop.time.clone())));
        Till::with_inputs(journal, clock, Box::new(shop.time.clone()))
            .with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap())
    };
    let one = till();
    let numbers = [0; 20].map(|_| {
        shop.canned.then(&wap_success(&[]));
        let intent = format!("receipt {}", shop.canned.sent().len());
        accepted(one.pay(&intent, &wap_order(""))).order_number
    });
    for _ in 0..2 {
        shop.canned.then(&trade("NOTPAY", &numbers[0], "1"));
        assert_eq!(unknown(one.payment_of(&numbers[0])).reason, Reason::NotPaidYet);
    }
    for number in &numbers {
        shop.canned.then(&trade("SUCCESS", number, "1"));
    }
    let report = till().recover(Duration::from_secs(10)).unwrap();
    assert!(report.iter().all(|recovered| recovered.doubt.is_none() && recovered.entry.is_paid()));
}

#[test]
fn payment_of_waits_as_long_as_it_is_told() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    for _ in 0..6 {
        shop.canned.then(&trade("NOTPAY", &number, "1"));
    }
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    accepted(till.payment_of_with(&number, &Options::new().patience(Duration::from_secs(60))));
    assert!(shop.time.unix_seconds() < NOW + 30, "asked every few seconds");
}

#[test]
fn another_amount_is_for_a_person() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&trade("SUCCESS", &number, "2"));
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson);
    assert_eq!(shop.states(), ["for a person"]);
}

/// NOTPAY is final only after `time_expire` and a margin, by the gateway's own time.
#[test]
fn an_order_expires_by_the_gateways_time() {
    for (date, unpaid) in [(None, false), (Some(NOW + 359), false), (Some(NOW + 360), true)] {
        let shop = Shop::new();
        let (till, number) = shop.with_order();
        // The device's clock does not count.
        shop.time.jump(86_400);
        let reply = trade("NOTPAY", &number, "1");
        match date {
            Some(date) => shop.canned.then_dated(&reply, date),
            None => shop.canned.then(&reply),
        };
        match unpaid {
            true => assert_eq!(declined(till.payment_of(&number)).next, Next::NewNumber),
            false => assert_eq!(unknown(till.payment_of(&number)).reason, Reason::NotPaidYet, "{date:?}"),
        }
        assert_eq!(shop.states(), [if unpaid { "unpaid" } else { "ordered" }], "{date:?}");
    }
}

/// The same intent after the order expired: asked, and only then a new number.
#[test]
fn an_expired_order_is_followed_by_a_new_one() {
    let shop = Shop::new();
    let (till, first) = shop.with_order();
    shop.time.jump(400);
    shop.canned.then_dated(&trade("NOTPAY", &first, "1"), NOW + 400).then(&wap_success(&[]));
    let second = accepted(order(&till)).order_number;
    assert_ne!(first, second);
    assert_eq!(shop.states(), ["unpaid", "ordered"]);
    // Paid in the last moment: no second order.
    shop.time.jump(400);
    shop.canned.then_dated(&trade("SUCCESS", &second, "1"), NOW + 800);
    assert_eq!(accepted(order(&till)).order_number, second);
    assert_eq!(shop.states(), ["unpaid", "paid"]);
}

#[test]
fn final_states_end_an_order() {
    for state in ["CLOSED", "REVOKED", "REVERSE", "PAYERROR"] {
        let shop = Shop::new();
        let (till, number) = shop.with_order();
        shop.canned.then(&trade(state, &number, "1"));
        let refusal = declined(till.payment_of(&number));
        assert_eq!((refusal.code.as_str(), refusal.next), (state, Next::NewNumber));
    }
}

/// The query returns no URL, so nobody can pay an order whose answer was lost.
#[test]
fn a_lost_order_is_given_up_and_watched() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned.then_fault(Sent::Maybe).then(&wap_success(&[]));
    let receipt = accepted(order(&till));
    assert_eq!(shop.states(), ["abandoned", "ordered"]);
    assert_eq!(shop.services(), ["pay.weixin.wap"; 2], "no question in between");
    let lost = shop.journal.all()[0].order_number.clone();
    assert_ne!(receipt.order_number, lost);
    // Watched: `recover` asks about both, once each.
    shop.canned.then(&trade("NOTPAY", &lost, "1")).then(&trade("NOTPAY", &receipt.order_number, "1"));
    let report = till.recover(Duration::from_secs(30)).unwrap();
    assert!(report.iter().all(|recovered| recovered.doubt.as_ref().unwrap().reason == Reason::NotPaidYet));
    assert_eq!(shop.services()[2..], ["unified.trade.query"; 2]);
    // Money for it is late, is reported, and no other order is made for the same intent.
    shop.canned.then(&trade("SUCCESS", &lost, "1"));
    let paid = accepted(till.payment_of(&lost));
    assert!(paid.late);
    assert_eq!(shop.states(), ["late", "ordered"]);
}

/// A process that died while it waited for the URL.
#[test]
fn an_order_of_a_dead_process_is_given_up() {
    let shop = Shop::new();
    shop.journal.fail_in(3);
    shop.canned.then_fault(Sent::Maybe);
    // of_intent, begin, and the third call cannot say that it is given up: as if the power had gone.
    unknown(order(&shop.till()));
    assert_eq!(shop.states(), ["open"]);
    shop.canned.then(&wap_success(&[]));
    accepted(order(&shop.till()));
    assert_eq!(shop.states(), ["abandoned", "ordered"]);
    // Or it is recovered first.
    let shop = Shop::new();
    shop.journal.fail_in(3);
    shop.canned.then_fault(Sent::Maybe);
    unknown(order(&shop.till()));
    shop.canned.then(&not_exists());
    shop.till().recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["abandoned"]);
}

#[test]
fn a_lost_order_that_never_arrived_ends_after_the_window() {
    let shop = Shop::new();
    let till = shop.till();
    for _ in 0..3 {
        shop.canned.then_fault(Sent::Maybe);
    }
    unknown(order(&till));
    assert_eq!(shop.states(), ["abandoned"; 3], "no more than three numbers a call");
    let number = shop.journal.all()[0].order_number.clone();
    for _ in 0..400 {
        shop.canned.then(&not_exists());
    }
    let patience = Options::new().patience(Duration::from_secs(19 * 60));
    unknown(till.payment_of_with(&number, &patience));
    assert_eq!(declined(till.payment_of_with(&number, &patience)).code, "NOT_FOUND");
}

/// An Error would say that nothing was ever sent for this intent.
#[test]
fn no_error_hides_an_order_that_was_given_up() {
    let shop = Shop::new();
    let till = shop.till();
    // The second number is not sent: the script is over.
    shop.canned.then_fault(Sent::Maybe);
    unknown(order(&till));
    assert_eq!(shop.states(), ["abandoned", "not sent"]);
    unknown(order(&till));
    shop.journal.fail_in(2);
    unknown(order(&till));
    // Without such an order it is an Error.
    let shop = Shop::new();
    refused(order(&shop.till()), "connect");
    assert_eq!(shop.states(), ["not sent"]);
    // The number is used again while half of its time is left.
    shop.time.jump(150);
    refused(order(&shop.till()), "connect");
    assert_eq!(shop.states(), ["not sent"]);
    shop.time.jump(1);
    shop.canned.then(&wap_success(&[]));
    accepted(order(&shop.till()));
    assert_eq!(shop.states(), ["not sent", "ordered"]);
}

/// After a power cut an order whose answer is not in the journal is given up. So its URL is not handed out before.
#[test]
fn a_url_that_the_journal_could_not_take_is_withheld() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned.then(&wap_success(&[]));
    shop.journal.fail_in(3);
    assert_eq!(unknown(order(&till)).reason, Reason::Journal);
    assert_eq!(shop.states(), ["open"]);
    let number = shop.journal.all()[0].order_number.clone();
    shop.canned.then(&trade("NOTPAY", &number, "1"));
    unknown(till.payment_of(&number));
    assert_eq!(shop.states(), ["open"]);
    // The journal works again: the same order, nothing sent.
    let again = accepted(order(&till));
    assert_eq!((again.evidence.field("mweb_url"), again.order_number), (Some(URL), number));
    assert_eq!((shop.states(), shop.canned.sent().len()), (vec!["ordered"], 2));
}

#[test]
fn closing_is_proven_by_the_query() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&closed(&number)).then(&trade("CLOSED", &number, "1"));
    assert_eq!(declined(till.close(&number)).code, "CLOSED");
    assert_eq!(shop.services()[1..], ["unified.trade.close", "unified.trade.query"]);
    // Closed already: nothing is sent.
    declined(till.close(&number));
    assert_eq!(shop.canned.sent().len(), 3);

    // The customer was faster, whatever the close says.
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&closed(&number)).then(&trade("SUCCESS", &number, "1"));
    accepted(till.close(&number));

    // Neither is proven.
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&closed(&number)).then(&trade("NOTPAY", &number, "1"));
    unknown(till.close(&number));
    shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe);
    unknown(till.close(&number));
    assert_eq!(shop.states(), ["ordered"]);
    refused(till.close("20261121NOSUCHORDER"), "order_number");
}

/// Protocol C.6. The reply exists only when the journal has the payment.
#[test]
fn a_notification_is_answered_by_the_settled_entry() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    let notice = notification(&number, "1");
    for wrong in [notification(&number, "2"), notification("20261121NOSUCHORDER", "1"), notice.replace("CNY", "USD")] {
        assert!(till.notified(wrong.as_bytes()).is_err());
    }
    // by_order_number works, settle does not.
    shop.journal.fail_in(2);
    assert!(till.notified(notice.as_bytes()).is_err());
    assert_eq!(shop.states(), ["ordered"]);
    // The gateway sends it again, and again.
    for _ in 0..3 {
        let told = till.notified(notice.as_bytes()).unwrap();
        assert_eq!((told.reply, told.entry.is_paid()), ("success", true));
    }
    assert_eq!(shop.states(), ["paid"]);
    assert_eq!(accepted(till.payment_of(&number)).evidence.field("transaction_id"), Some("7551000001201611221001"));
    assert_eq!(shop.canned.sent().len(), 1, "the notification was enough");
}

#[test]
fn late_money_is_reported_and_never_dropped() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    let entry = shop.journal.all()[0].id;
    till.acknowledge(entry).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
    let told = till.notified(notification(&number, "1").as_bytes()).unwrap();
    assert!(matches!(told.entry.state, EntryState::Settled(Settlement::PaidLate { .. })));
    // Reported again, until it is acknowledged again; the same intent is paid.
    assert_eq!(till.recover(Duration::ZERO).unwrap().len(), 1);
    assert!(accepted(order(&till)).late);
    till.acknowledge(entry).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());

    // By the query, too; and after a person's word.
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    let entry = shop.journal.all()[0].id;
    let early = till.settle_by_hand(entry, false, "李", "not on the bill").unwrap_err();
    assert!(early.text().contains("close it first"));
    shop.time.jump(360);
    till.settle_by_hand(entry, false, "李", "not on the bill").unwrap();
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    assert!(accepted(till.payment_of(&number)).late);
    assert_eq!(shop.states(), ["late"]);
}

/// The older order turns out to be paid while a newer one expired: no third one.
#[test]
fn late_money_for_an_older_order_counts_for_its_intent() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned.then_fault(Sent::Maybe).then(&wap_success(&[]));
    let second = accepted(order(&till)).order_number;
    let first = shop.journal.all()[0].order_number.clone();
    till.notified(notification(&first, "1").as_bytes()).unwrap();
    shop.canned.then(&trade("CLOSED", &second, "1"));
    declined(till.payment_of(&second));
    let receipt = accepted(order(&till));
    assert!(receipt.late && receipt.order_number == first);
}

/// The notification of a fast customer comes before the order's own answer is recorded.
#[test]
fn a_fast_customer_pays_before_the_answer_is_recorded() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    // As if the answer were recorded after the notification: an order that is paid is not set back.
    till.notified(notification(&number, "1").as_bytes()).unwrap();
    let mut journal = shop.journal.clone();
    let ordered = Settlement::Ordered { evidence: Vec::new() };
    assert!(journal.settle(shop.journal.all()[0].id, &ordered, NOW).is_err());
    assert_eq!(shop.states(), ["paid"]);
}

/// F19: without a word of the gateway a notification is no payment.
#[test]
fn what_a_notification_tells_is_asked_about() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    shop.canned.then(&wap_success(&[]));
    let number = accepted(order(&till)).order_number;
    let notice = notification(&number, "1");
    // No route, not paid, a refusal, another order's answer, another amount.
    shop.canned.then_fault(Sent::No).then(&trade("NOTPAY", &number, "1")).then(&failure("SYSTEMERROR"));
    shop.canned.then(&trade("SUCCESS", "20261121OTHER", "1")).then(&trade("USERPAYING", &number, "1"));
    for _ in 0..5 {
        let fault = till.notified(notice.as_bytes()).unwrap_err();
        assert_eq!(fault.reason(), "the gateway's query does not say that it is paid");
        assert_eq!(shop.states(), ["ordered"]);
        shop.time.jump(2);
    }
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    for _ in 0..2 {
        let told = till.notified(notice.as_bytes()).unwrap();
        assert_eq!((told.reply, told.entry.is_paid()), ("success", true));
        let EntryState::Settled(Settlement::Accepted { queried, .. }) = told.entry.state else { panic!() };
        assert!(queried);
    }
    assert_eq!(shop.states(), ["paid"]);
    let queries = shop.services().iter().filter(|service| *service == "unified.trade.query").count();
    assert_eq!(queries, 6, "one question a notification, none for what is paid");
}

/// The query takes at most 4 of the 5 seconds in which the gateway wants its answer.
#[test]
fn the_question_of_a_notification_is_short() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    shop.canned.then(&wap_success(&[]));
    let number = accepted(order(&till)).order_number;
    shop.time.jump(2);
    let before = shop.time.monotonic();
    shop.canned.then(&trade("NOTPAY", &number, "1"));
    till.notified(notification(&number, "1").as_bytes()).unwrap_err();
    assert!(shop.time.monotonic() - before <= Duration::from_secs(4));
    assert_eq!(shop.canned.sent().len(), 2);
    let within = shop.canned.sent()[1].within;
    assert!(within <= Duration::from_secs(4), "{within:?}");
}

/// Late money that the question found is reported, once told it stays told.
#[test]
fn late_money_of_a_doubted_notification() {
    let shop = Shop::new();
    let till = shop.doubting_till();
    shop.canned.then(&wap_success(&[]));
    let number = accepted(order(&till)).order_number;
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    shop.time.jump(2);
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    let told = till.notified(notification(&number, "1").as_bytes()).unwrap();
    assert!(matches!(told.entry.state, EntryState::Settled(Settlement::PaidLate { .. })));
    assert!(till.acknowledge(told.entry.id).is_err(), "it was told to nobody");
    assert_eq!(till.recover(Duration::ZERO).unwrap().len(), 1);
    // The same notification again does not untell it.
    till.notified(notification(&number, "1").as_bytes()).unwrap();
    till.acknowledge(told.entry.id).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
}

/// F19, the smallest input: a true notification of 1 fen whose `attach` holds another order's fields, cut anew.
#[test]
fn a_notification_that_was_cut_anew_settles_nothing() {
    // What the gateway signs (all values as they are, sorted): the text of this list.
    let attach = |other: &str| {
        format!("t&mch_id={SWIFTPASS_MCH_ID}&out_trade_no={other}&pay_result=0&result_code=0&status=0&total_fee=1&v=")
    };
    for account in [swiftpass_account(), swiftpass_account().notifications_suffice()] {
        let shop = Shop::new();
        let till = shop.till_of(account);
        shop.canned.then(&wap_success(&[]));
        let number = accepted(order(&till)).order_number;
        let text = attach(&number);
        let truly = [
            ("attach", text.as_str()),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("out_trade_no", "20261121000000000001"),
            ("pay_result", "0"),
            ("result_code", "0"),
            ("status", "0"),
            ("total_fee", "1"),
            ("transaction_id", "1"),
        ];
        let signed = swiftpass_signed(&truly);
        let sign = xml_value(&signed, "sign").unwrap();
        // The attacker's: attach ends at its first &, its pieces are fields, and the rest is one value.
        let rest = truly.iter().skip(1).map(|(name, value)| format!("&{name}={value}")).collect::<String>();
        let cut = [
            ("attach", "t"),
            ("mch_id", SWIFTPASS_MCH_ID),
            ("out_trade_no", number.as_str()),
            ("pay_result", "0"),
            ("result_code", "0"),
            ("status", "0"),
            ("total_fee", "1"),
            ("v", rest.as_str()),
        ];
        let forged = swiftpass_signed(&cut);
        assert_eq!(xml_value(&forged, "sign").unwrap(), sign, "the same text is signed");
        assert!(till.notified(forged.as_bytes()).unwrap_err().reason().contains("further fields"));
        // And merged: two fields become one value.
        let merged = [("a", "1&b=2"), ("mch_id", SWIFTPASS_MCH_ID), ("out_trade_no", number.as_str()), ("status", "0")];
        let fault = till.notified(swiftpass_signed(&merged).as_bytes()).unwrap_err();
        assert!(fault.reason().contains("further fields"));
        assert_eq!((shop.states(), shop.canned.sent().len()), (vec!["ordered"], 1));
    }
}

/// Nothing that comes back signed is sent with text that could be cut.
#[test]
fn a_text_that_could_be_cut_is_not_sent() {
    let shop = Shop::new();
    for text in ["a&b=c", "&=", "t&out_trade_no=2&v=", "x=1&y&z=2"] {
        refused(shop.till().pay("a", &WapOrder { attach: Some(text), ..wap_order("") }), "attach");
        refused(shop.till().pay("a", &WapOrder { body: text, ..wap_order("") }), "body");
    }
    assert!(shop.canned.sent().is_empty());
    shop.canned.then(&wap_success(&[]));
    accepted(shop.till().pay("a", &WapOrder { attach: Some("{\"a=b\":\"Tom & Jerry\"}"), ..wap_order("") }));
}

/// A signed notification says paid and the query does not (it lags, or another data centre answers): no unpaid word ends the
/// order, and no new number is taken, until the query says paid or a person looked.
#[test]
fn what_a_notification_calls_paid_is_not_ended_by_an_unpaid_word() {
    for state in ["CLOSED", "REVOKED", "PAYERROR", "NOTPAY"] {
        let shop = Shop::new();
        let till = shop.doubting_till();
        shop.canned.then(&wap_success(&[]));
        let number = accepted(order(&till)).order_number;
        // Long after its end by the gateway's own time.
        shop.time.jump(400);
        shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
        till.notified(notification(&number, "1").as_bytes()).unwrap_err();
        assert_eq!(shop.states(), ["ordered"], "{state}");
        for _ in 0..2 {
            shop.time.jump(2);
            shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
            let doubt = unknown(till.payment_of(&number));
            assert!(doubt.text.contains("signed notification says that it is paid"), "{doubt}");
        }
        // The same intent: nothing is ordered anew.
        shop.time.jump(2);
        shop.canned.then_dated(&trade(state, &number, "1"), NOW + 4_000);
        assert!(!matches!(order(&till), Ok(Outcome::Declined(_))));
        assert_eq!(shop.states(), ["ordered"], "{state}");
        shop.time.jump(2);
        shop.canned.then(&trade("SUCCESS", &number, "1"));
        assert!(!accepted(till.payment_of(&number)).late);
        assert_eq!(shop.states(), ["paid"], "{state}");
    }
}

/// The same where the order's own answer was lost: without the notification a new number would be taken.
#[test]
fn no_new_number_for_what_a_notification_calls_paid() {
    for answer in ["no route", "not paid", "paid"] {
        let shop = Shop::new();
        let till = shop.doubting_till();
        // The answer is lost, and so is that of the next number: both are given up.
        shop.canned.then_fault(Sent::Maybe).then_fault(Sent::Maybe).then_fault(Sent::Maybe);
        unknown(order(&till));
        assert_eq!(shop.states(), ["abandoned", "abandoned", "abandoned"]);
        let first = shop.journal.all()[0].order_number.clone();
        shop.time.jump(2);
        shop.canned.then_fault(Sent::No);
        till.notified(notification(&first, "1").as_bytes()).unwrap_err();
        shop.time.jump(2);
        match answer {
            "no route" => shop.canned.then_fault(Sent::No),
            "not paid" => shop.canned.then(&trade("NOTPAY", &first, "1")),
            _ => shop.canned.then(&trade("SUCCESS", &first, "1")),
        };
        match answer {
            "paid" => assert!(accepted(order(&till)).late),
            _ => assert!(unknown(order(&till)).text.contains("signed notification")),
        }
        let ordered = shop.services().iter().filter(|service| *service == "pay.weixin.wap").count();
        assert_eq!((ordered, shop.states().len()), (3, 3), "{answer}: no fourth number");
    }
}

/// A gateway that notifies while it is asked: before its answer is on the way. (Threads may share a till with std only.)
#[cfg(feature = "https")]
struct Hasty {
    canned: Canned,
    journal: MemoryJournal,
    till: std::sync::Arc<std::sync::OnceLock<Till>>,
}

#[cfg(feature = "https")]
impl Transport for Hasty {
    fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
        if let Some(entry) = self.journal.all().first().filter(|entry| entry.state == EntryState::Open) {
            let notice = notification(&entry.order_number, "1");
            let fault = self.till.get().unwrap().notified(notice.as_bytes()).unwrap_err();
            assert_eq!(fault.reason(), "another thread works on this order");
        }
        self.canned.post(post)
    }
}

/// The notification comes while the order is being made; then its answer is a refusal, or is lost. Neither ends it.
#[test]
#[cfg(feature = "https")]
fn what_a_notification_calls_paid_is_not_ended_by_the_answer_to_the_order() {
    for is_lost in [false, true] {
        let shop = Shop::new();
        let cell = std::sync::Arc::new(std::sync::OnceLock::new());
        let inputs = Inputs {
            transport: Box::new(Hasty {
                canned: shop.canned.clone(),
                journal: shop.journal.clone(),
                till: cell.clone(),
            }),
            clock: Box::new(shop.time.clone()),
            random: Box::new(Counting::new()),
        };
        let till =
            Till::with_inputs(Box::new(shop.journal.clone()), Box::new(shop.time.clone()), Box::new(shop.time.clone()));
        let till = till.patience(Duration::from_secs(5));
        let till =
            cell.get_or_init(|| till.with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap()));
        match is_lost {
            true => shop.canned.then_fault(Sent::Maybe),
            false => shop.canned.then(&failure("NOAUTH")),
        };
        assert!(unknown(order(till)).text.contains("signed notification says that it is paid"));
        assert_eq!(shop.states(), ["open"], "{is_lost}");
        let number = shop.journal.all()[0].order_number.clone();
        // The same intent gets no new number, whatever the query says.
        shop.time.jump(2);
        shop.canned.then(&trade("CLOSED", &number, "1"));
        unknown(till.payment_of(&number));
        assert_eq!(shop.states().len(), 1, "{is_lost}: no new number");
    }
}
