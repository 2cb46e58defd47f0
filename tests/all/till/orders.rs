//! WAP orders in the till: an order is not a payment, one test a rule.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::memory_journal::MemoryJournal;
use crate::support::*;
use crate::till::modelled::Time;

const URL: &str = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx20161215&package=1405458241";

pub struct Shop {
    pub canned: Canned,
    pub journal: MemoryJournal,
    pub time: Time,
}

impl Shop {
    pub fn new() -> Shop {
        Shop { canned: Canned::default(), journal: MemoryJournal::default(), time: Time::new() }
    }

    /// A till, as after a start of the program. What a notification tells is booked without a question.
    pub fn till(&self) -> Till {
        self.till_of(swiftpass_account().notifications_suffice())
    }

    /// A till that asks about what a notification tells, as by default.
    pub fn doubting_till(&self) -> Till {
        self.till_of(swiftpass_account())
    }

    pub fn till_of<A: Account + 'static>(&self, account: A) -> Till {
        let inputs = self.time.inputs(&self.canned);
        let journal = Box::new(self.journal.reopened());
        Till::with_inputs(journal, Box::new(self.time.clone()), Box::new(self.time.clone()))
            .patience(Duration::from_secs(20))
            .with(Client::with_inputs(account, terminal(), inputs).unwrap())
    }

    /// A till with one order in the customer's hands.
    pub fn with_order(&self) -> (Till, String) {
        let till = self.till();
        self.canned.then(&wap_success(&[]));
        let receipt = is_ordered(order(&till));
        (till, receipt.order_number)
    }

    pub fn states(&self) -> Vec<&'static str> {
        self.journal.states()
    }

    /// The service and the number of each request.
    pub fn asked(&self) -> Vec<(String, String)> {
        let value = |sent: &SentPost, name| xml_value(&sent.body, name).unwrap();
        self.canned.sent().iter().map(|sent| (value(sent, "service"), value(sent, "out_trade_no"))).collect()
    }

    pub fn services(&self) -> Vec<String> {
        self.asked().into_iter().map(|(service, _)| service).collect()
    }
}

pub fn order(till: &Till) -> Result<Outcome<Receipt<WapOrderMade>>, Error> {
    till.order("receipt 1", &wap_order(""))
}

/// Makes an order, which the gateway takes, and gives its number.
pub fn ordered(canned: &Canned, till: &Till) -> String {
    canned.then(&wap_success(&[]));
    is_ordered(order(till)).order_number
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

pub fn not_exists() -> String {
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

/// Its time is over: it is closed, and the query says so.
pub fn ends(canned: &Canned, number: &str, date: i64) {
    canned.then_dated(&trade("NOTPAY", number, "1"), date).then(&closed(number)).then(&trade("CLOSED", number, "1"));
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
        let receipt = is_ordered(order(&till));
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
        refused(till.order("a", &WapOrder { valid: wrong, ..wap_order("") }), "time_expire");
    }
    shop.canned.then(&wap_success(&[]));
    is_ordered(till.order("b", &WapOrder { valid: valid(NOW, NOW + 3600), ..wap_order("") }));
    let expires = xml_value(&shop.canned.sent()[0].body, "time_expire").unwrap();
    assert_eq!(ChinaTime::read(&expires).unwrap().unix_seconds(), NOW + 3600);
    // Another time is not another intent.
    is_ordered(till.order("b", &WapOrder { valid: valid(NOW + 1, NOW + 3601), ..wap_order("") }));
    refused(till.order("b", &WapOrder { total_fee: fen(2), ..wap_order("") }), "intent");
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
        let inputs = shop.time.inputs(&shop.canned);
        let (journal, clock) = (Box::new(shop.journal.reopened()), Box::new(Ticking(shop.time.clone())));
        Till::with_inputs(journal, clock, Box::new(shop.time.clone()))
            .with(Client::with_inputs(swiftpass_account(), terminal(), inputs).unwrap())
    };
    let one = till();
    let numbers = [0; 20].map(|_| {
        shop.canned.then(&wap_success(&[]));
        let intent = format!("receipt {}", shop.canned.sent().len());
        is_ordered(one.order(&intent, &wap_order(""))).order_number
    });
    for _ in 0..2 {
        shop.canned.then(&trade("NOTPAY", &numbers[0], "1"));
        assert_eq!(unknown(one.payment_of(&numbers[0])).reason, Reason::NotPaidYet);
    }
    for number in &numbers {
        shop.canned.then(&trade("SUCCESS", number, "1"));
    }
    let report = till().recover(Duration::from_secs(10)).unwrap();
    assert!(report.iter().all(|recovered| doubt_of(recovered).is_none() && recovered.entry.is_paid()));
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

/// Time alone ends no order. After `time_expire` and a margin, by the gateway's own time, it is closed, and the query's word
/// counts: customers paid minutes after the end.
#[test]
fn an_order_whose_time_is_over_is_closed_first() {
    for (date, closes) in [(None, false), (Some(NOW + 359), false), (Some(NOW + 360), true)] {
        let shop = Shop::new();
        let (till, number) = shop.with_order();
        // The device's clock does not count.
        shop.time.jump(86_400);
        let reply = trade("NOTPAY", &number, "1");
        match date {
            Some(date) => shop.canned.then_dated(&reply, date),
            None => shop.canned.then(&reply),
        };
        if closes {
            shop.canned.then(&closed(&number)).then(&trade("CLOSED", &number, "1"));
            assert_eq!(declined(till.payment_of(&number)).next, Next::NewNumber);
        } else {
            assert_eq!(unknown(till.payment_of(&number)).reason, Reason::NotPaidYet, "{date:?}");
        }
        assert_eq!(shop.services().contains(&"unified.trade.close".into()), closes, "{date:?}");
        assert_eq!(shop.states(), [if closes { "unpaid" } else { "ordered" }], "{date:?}");
    }
}

/// The customer types the password 3 minutes after the end, while the order is being closed: the query sees it.
#[test]
fn a_payment_after_the_end_is_accepted_and_makes_no_second_order() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.time.jump(480);
    shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + 480).then(&failure("ORDERPAID"));
    shop.canned.then(&trade("SUCCESS", &number, "1"));
    assert_eq!(accepted(order(&till)).order_number, number);
    assert_eq!(shop.states(), ["paid"]);
}

/// Where closing does not get through, NOTPAY ends an order 2 h 10 min after it was made: by the gateway's time and by this
/// process's own, and by neither alone.
#[test]
fn an_order_that_cannot_be_closed_ends_when_no_page_can_live() {
    for (waits, date, ends) in [(7_800, 7_799, false), (7_700, 7_800, false), (7_800, 7_800, true)] {
        let shop = Shop::new();
        let till = shop.till();
        shop.canned.then_dated(&wap_success(&[]), NOW);
        let number = is_ordered(order(&till)).order_number;
        Pause::pause(&shop.time, Duration::from_secs(waits));
        shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + date).then_fault(Sent::Maybe);
        shop.canned.then_dated(&trade("NOTPAY", &number, "1"), NOW + date);
        let came = till.payment_of(&number);
        match ends {
            true => assert_eq!(declined(came).next, Next::NewNumber),
            false => assert_eq!(unknown(came).reason, Reason::NotPaidYet, "{waits} {date}"),
        }
    }
}

/// A payment that failed may be tried again: the order is closed before its number is given up.
#[test]
fn payerror_is_closed_first() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&trade("PAYERROR", &number, "1")).then_fault(Sent::Maybe).then(&trade("PAYERROR", &number, "1"));
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::NotPaidYet);
    assert_eq!(shop.states(), ["ordered"]);
    Pause::pause(&shop.time, Duration::from_secs(60));
    shop.canned.then(&trade("PAYERROR", &number, "1")).then(&closed(&number)).then(&trade("CLOSED", &number, "1"));
    assert_eq!(declined(till.payment_of(&number)).code, "CLOSED");
}

/// An unpaid word ends an entry only where it names it.
#[test]
fn an_unpaid_word_about_another_order_ends_nothing() {
    for (number, fee) in [("", "1"), ("{number}", "2")] {
        let shop = Shop::new();
        let (till, own) = shop.with_order();
        shop.canned.then(&trade("CLOSED", &number.replace("{number}", &own), fee));
        assert_eq!(unknown(till.payment_of(&own)).reason, Reason::ForAPerson);
        assert_eq!(shop.states(), ["for a person"]);
    }
}

/// Paid and given back while the terminal was dark: nobody hands over goods for it.
#[test]
fn what_was_given_back_is_for_a_person() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&trade("REFUND", &number, "1"));
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson);
    assert_eq!(shop.states(), ["for a person"]);
}

/// The same intent after the order expired: asked, and only then a new number.
#[test]
fn an_expired_order_is_followed_by_a_new_one() {
    let shop = Shop::new();
    let (till, first) = shop.with_order();
    shop.time.jump(400);
    ends(&shop.canned, &first, NOW + 400);
    let second = ordered(&shop.canned, &till);
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
    for state in ["CLOSED", "REVOKED", "REVERSE"] {
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
    let receipt = is_ordered(order(&till));
    assert_eq!(shop.states(), ["abandoned", "ordered"]);
    assert_eq!(shop.services(), ["pay.weixin.wap"; 2], "no question in between");
    let lost = shop.journal.all()[0].order_number.clone();
    assert_ne!(receipt.order_number, lost);
    // Watched: `recover` asks about both, once each.
    shop.canned.then(&trade("NOTPAY", &lost, "1")).then(&trade("NOTPAY", &receipt.order_number, "1"));
    let report = till.recover(Duration::from_secs(30)).unwrap();
    assert!(report.iter().all(|recovered| doubt_of(recovered).unwrap().reason == Reason::NotPaidYet));
    assert_eq!(shop.services()[2..], ["unified.trade.query"; 2]);
    // Money for it is late, is reported, and no other order is made for the same intent.
    shop.canned.then(&trade("SUCCESS", &lost, "1"));
    paid_late(till.payment_of(&lost));
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
    is_ordered(order(&shop.till()));
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
    is_ordered(order(&shop.till()));
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
    let again = is_ordered(order(&till));
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

#[test]
fn late_money_is_reported_and_never_dropped() {
    let shop = Shop::new();
    let (till, number) = shop.with_order();
    shop.canned.then(&trade("CLOSED", &number, "1"));
    declined(till.payment_of(&number));
    till.acknowledge(shop.journal.all()[0].version()).unwrap();
    assert!(till.recover(Duration::ZERO).unwrap().is_empty());
    let told = till.notified(notification(&number, "1").as_bytes()).unwrap();
    assert!(matches!(told.entry.state, EntryState::Recorded(Settlement::PaidLate { .. })));
    // Reported again, until it is acknowledged again; the same intent is paid.
    assert_eq!(till.recover(Duration::ZERO).unwrap().len(), 1);
    till.acknowledge(paid_late(order(&till)).entry).unwrap();
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
    paid_late(till.payment_of(&number));
    assert_eq!(shop.states(), ["late"]);
}

/// The older order turns out to be paid while a newer one expired: no third one.
#[test]
fn late_money_for_an_older_order_counts_for_its_intent() {
    let shop = Shop::new();
    let till = shop.till();
    shop.canned.then_fault(Sent::Maybe).then(&wap_success(&[]));
    let second = is_ordered(order(&till)).order_number;
    let first = shop.journal.all()[0].order_number.clone();
    till.notified(notification(&first, "1").as_bytes()).unwrap();
    shop.canned.then(&trade("CLOSED", &second, "1"));
    declined(till.payment_of(&second));
    assert_eq!(paid_late(order(&till)).order_number, first);
}
