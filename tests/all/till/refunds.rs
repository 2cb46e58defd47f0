//! Refunds in the till (POS flows 5): one test a rule. Codes, waits and ends are the page's, not the table's.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;

const TRANSACTION: &str = "1009660380201506130728806387";

/// A counter with a sale of 8.88 yuan that was paid.
pub fn sold() -> (Counter, Till, String) {
    let shop = Counter::new();
    let till = shop.till();
    shop.pays();
    let number = accepted(scan(&till)).order_number;
    shop.forget();
    (shop, till, number)
}

fn refund(number: &str, amount: i64) -> Refund<'_> {
    Refund::new(RefundOf::OutTradeNo(number), fen(888), fen(amount))
}

pub fn give_back(till: &Till, intent: &str, number: &str, amount: i64) -> Result<Outcome<Receipt<RefundTaken>>, Error> {
    till.refund(intent, &refund(number, amount))
}

impl Counter {
    /// The gateway takes a refund of this amount.
    pub fn takes(&self, amount: u32) -> &Counter {
        self.takes_of(TRANSACTION, amount)
    }

    fn takes_of(&self, transaction_id: &'static str, amount: u32) -> &Counter {
        self.then(move |number| {
            let amount = amount.to_string();
            let taken = [
                ("out_refund_no", number),
                ("refund_id", "2007752501201407033233368018"),
                ("refund_fee", &amount),
                ("total_fee", "888"),
                ("cash_fee", "888"),
                ("transaction_id", transaction_id),
            ];
            wxpay_signed(SignType::Md5, &taken)
        })
    }

    /// Our row says so, behind another refund's.
    pub fn row(&self, status: &'static str, amount: u32) -> &Counter {
        self.then(move |number| {
            let amount = amount.to_string();
            let rows = [
                ("refund_count", "2"),
                ("out_refund_no_0", "somebody-elses"),
                ("refund_status_0", "SUCCESS"),
                ("refund_fee_0", "888"),
                ("out_refund_no_1", number),
                ("refund_status_1", status),
                ("refund_fee_1", &amount),
                ("refund_id_1", "2007752501201407033233368018"),
            ];
            wxpay_signed(SignType::Md5, &rows)
        })
    }
}

/// Taken is not arrived; `recover` asks 20 minutes after it was begun, then every six hours, until it arrived.
#[test]
fn taken_and_arrived() {
    let (shop, till, number) = sold();
    shop.takes(300);
    let receipt = taken(give_back(&till, "return 1", &number, 300));
    let sent = &shop.sent()[0];
    assert!(sent.url.ends_with("/secapi/pay/refund"));
    let value = |name| xml_value(&sent.body, name);
    assert_eq!(value("out_trade_no").as_deref(), Some(number.as_str()));
    assert_eq!((value("total_fee").as_deref(), value("refund_fee").as_deref()), (Some("888"), Some("300")));
    let refund_number = value("out_refund_no").unwrap();
    assert_eq!((refund_number.len(), &refund_number), (18, &receipt.order_number));
    assert_eq!(shop.states(), ["paid", "refunding"]);
    assert_eq!(receipt.evidence.field("refund_id"), Some("2007752501201407033233368018"));

    let look = |shop: &Counter| {
        let report = till.recover(Duration::from_secs(5)).unwrap();
        (shop.names().len(), report.into_iter().map(|one| one.outcome).next_back().unwrap())
    };
    shop.forget();
    for minute in 1..20 {
        shop.pass(60);
        assert!(matches!(look(&shop), (0, Outcome::Taken(_))), "{minute}");
    }
    shop.pass(60);
    shop.row("PROCESSING", 300);
    assert!(matches!(look(&shop), (1, Outcome::Taken(_))));
    shop.pass(6 * 3600 - 1);
    assert!(matches!(look(&shop), (1, Outcome::Taken(_))));
    shop.pass(1);
    shop.row("SUCCESS", 300);
    assert!(matches!(look(&shop), (2, Outcome::Accepted(_))));
    assert_eq!(shop.states(), ["paid", "paid"]);
    // The same intent: what is known, and nothing is sent.
    accepted(give_back(&till, "return 1", &number, 300));
    assert_eq!(shop.names().len(), 2);
}

/// What is not proven is asked about, and repeated identically under its number; never under another one.
#[test]
fn an_open_refund_keeps_its_number() {
    for open in ["SYSTEMERROR", "BIZERR_NEED_RETRY", "ERROR", "INVALID_REQUEST", "REFUND_FEE_MISMATCH", "TOMORROW", ""]
    {
        let (shop, till, number) = sold();
        if open.is_empty() {
            shop.is_silent()
        } else {
            shop.fails(open)
        };
        shop.fails("REFUNDNOTEXIST").fails("REFUNDNOTEXIST").fails("REFUNDNOTEXIST").takes(888);
        taken(give_back(&till, "return 1", &number, 888));
        let numbers: Vec<_> = shop.sent().iter().filter_map(|sent| xml_value(&sent.body, "out_refund_no")).collect();
        assert!(numbers.len() == 5 && numbers.iter().all(|one| *one == numbers[0]), "{open}: {numbers:?}");
        let at: Vec<u64> = shop.calls().iter().filter(|(_, call)| call == "refund").map(|(at, _)| *at).collect();
        assert!(at[1] >= 5, "{open}: a repeat waits 5 s (POS flows 20.12): {at:?}");
    }
    // It was taken after all.
    let (shop, till, number) = sold();
    shop.fails("SYSTEMERROR").row("PROCESSING", 888);
    taken(give_back(&till, "return 1", &number, 888));
    let (shop, till, number) = sold();
    shop.fails("SYSTEMERROR").row("SUCCESS", 888);
    accepted(give_back(&till, "return 1", &number, 888));
    // A row of another amount.
    let (shop, till, number) = sold();
    shop.fails("SYSTEMERROR").row("SUCCESS", 887);
    assert_eq!(unknown(give_back(&till, "return 1", &number, 888)).reason, Reason::ForAPerson);
    // Nobody can say: the same intent goes on, under its number, and recover never sends it by itself.
    let (shop, till, number) = sold();
    shop.is_silent();
    for _ in 0..20 {
        shop.answers_nothing();
    }
    unknown(give_back(&till, "return 1", &number, 888));
    shop.forget();
    shop.pass(60);
    shop.fails("REFUNDNOTEXIST").fails("REFUNDNOTEXIST").fails("REFUNDNOTEXIST");
    till.recover(Duration::from_millis(900)).unwrap();
    assert!(shop.names().iter().all(|call| call == "refundquery"), "{:?}", shop.names());
    assert_eq!(shop.states(), ["paid", "open"]);
}

/// A refusal is asked about at once, once more after a minute, and then it is its end. The number stays.
#[test]
fn a_refusal_is_confirmed_twice() {
    for (code, next) in [
        ("NOTENOUGH", Next::SameNumber),
        ("USER_ACCOUNT_ABNORMAL", Next::Stop),
        ("TRADE_OVERDUE", Next::Stop),
        ("ORDERNOTEXIST", Next::Stop),
        ("INVALID_TRANSACTIONID", Next::SameNumber),
        ("PARAM_ERROR", Next::SameNumber),
        ("APPID_NOT_EXIST", Next::SameNumber),
        ("MCHID_NOT_EXIST", Next::SameNumber),
        ("APPID_MCHID_NOT_MATCH", Next::SameNumber),
        ("REQUIRE_POST_METHOD", Next::SameNumber),
        ("SIGNERROR", Next::SameNumber),
        ("XML_FORMAT_ERROR", Next::SameNumber),
        ("INVALID_REQ_TOO_MUCH", Next::SameNumberLater(Duration::from_secs(60))),
        ("FREQUENCY_LIMITED", Next::SameNumberLater(Duration::from_secs(60))),
    ] {
        let (shop, till, number) = sold();
        shop.fails(code).fails("REFUNDNOTEXIST");
        let refusal = declined(give_back(&till, "return 1", &number, 888));
        assert_eq!((refusal.code.as_str(), refusal.next), (code, next));
        assert_eq!(
            (shop.names(), shop.states()),
            (vec!["refund".into(), "refundquery".into()], vec!["paid", "unproven"])
        );
        shop.pass(61);
        shop.fails("REFUNDNOTEXIST");
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "unpaid"], "{code}");
        // A row found wins.
        let (shop, till, number) = sold();
        shop.fails(code).row("PROCESSING", 888);
        taken(give_back(&till, "return 1", &number, 888));
        let (shop, till, number) = sold();
        shop.fails(code).fails("REFUNDNOTEXIST");
        declined(give_back(&till, "return 1", &number, 888));
        shop.pass(61);
        shop.row("SUCCESS", 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "paid"], "{code}");
    }
}

/// The same number until the query says REFUNDCLOSE of it; only then another one (ruling 8). FAIL keeps it, CHANGE is for a person.
#[test]
fn only_a_closed_refund_gets_another_number() {
    let (shop, till, number) = sold();
    shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
    declined(give_back(&till, "return 1", &number, 888));
    shop.pass(60);
    shop.takes(888);
    taken(give_back(&till, "return 1", &number, 888));
    assert_eq!(shop.states(), ["paid", "refunding"]);
    for (status, state) in [("REFUNDCLOSE", "unpaid"), ("FAIL", "unpaid"), ("CHANGE", "for a person")] {
        let (shop, till, number) = sold();
        shop.takes(888);
        let first = taken(give_back(&till, "return 1", &number, 888)).order_number;
        shop.forget();
        shop.pass(1200);
        shop.row(status, 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", state], "{status}");
        shop.pass(60);
        if status == "CHANGE" {
            assert_eq!(unknown(give_back(&till, "return 1", &number, 888)).reason, Reason::ForAPerson);
            shop.row("SUCCESS", 888);
            accepted(till.payment_of(&first));
            continue;
        }
        shop.takes(888);
        let again = taken(give_back(&till, "return 1", &number, 888)).order_number;
        assert_eq!(again != first, status == "REFUNDCLOSE", "{status}");
    }
    // 30 days old, and still on its way: a person, who may ask again, and it stays hers until it arrives.
    let (shop, till, number) = sold();
    shop.takes(888);
    let refund = taken(give_back(&till, "return 1", &number, 888)).order_number;
    shop.pass(30 * 86_400);
    shop.row("PROCESSING", 888);
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["paid", "for a person"]);
    shop.pass(60);
    shop.row("PROCESSING", 888);
    assert_eq!(unknown(till.payment_of(&refund)).reason, Reason::ForAPerson);
    assert_eq!(shop.states(), ["paid", "for a person"]);
    shop.pass(60);
    shop.row("SUCCESS", 888);
    accepted(till.payment_of(&refund));
    assert_eq!(shop.states(), ["paid", "paid"]);
}

/// A refund that could not be sent keeps its number, too (ruling 8): today, and after its fields were blanked. A backup of the journal, put
/// back, may have forgotten that it was sent since.
#[test]
fn a_refund_that_was_not_sent_keeps_its_number() {
    for blanked in [false, true] {
        let (shop, till, number) = sold();
        shop.is_away().is_away();
        assert_eq!(give_back(&till, "return 1", &number, 888).unwrap_err().kind(), ErrorKind::Connect);
        let entry = |till: &Till| till.entries_of("return 1").unwrap().remove(0).entry;
        let first = entry(&till).order_number;
        till.acknowledge(as_it_is(&till, entry(&till).id)).unwrap();
        shop.pass(3 * 3600);
        if blanked {
            till.prune(Duration::ZERO).unwrap();
        }
        assert_eq!((entry(&till).fields.is_empty(), shop.states()), (blanked, vec!["paid", "not sent"]));
        refused(give_back(&till, "return 1", &number, 300), "intent");
        shop.takes(888);
        let receipt = taken(give_back(&till, "return 1", &number, 888));
        assert_eq!(receipt.order_number, first);
        assert_eq!((till.entries_of("return 1").unwrap().len(), shop.states()), (1, vec!["paid", "refunding"]));
    }
}

/// The sum of an order's refunds never exceeds its total: what is not proven refused counts, and the gateway's word on a refusal first.
#[test]
fn never_more_than_there_is() {
    let (shop, till, number) = sold();
    let minute = || shop.pass(61);
    let too_much = |outcome| {
        let error = refused::<Receipt<RefundTaken>>(outcome, "refund_fee");
        error.rule().to_string()
    };
    let back = |intent: &str, amount| match give_back(&till, intent, &number, amount) {
        Ok(outcome) => panic!("{outcome:?}"),
        Err(error) => Err(error),
    };
    shop.takes(500);
    taken(give_back(&till, "return 1", &number, 500));
    minute();
    assert!(too_much(back("return 2", 389)).contains("388"), "what is left is said");
    shop.takes(300);
    taken(give_back(&till, "return 2", &number, 300));
    minute();
    // An open one holds its amount back.
    shop.is_silent();
    for _ in 0..20 {
        shop.answers_nothing();
    }
    unknown(give_back(&till, "return 3", &number, 80));
    shop.forget();
    minute();
    assert!(too_much(back("return 4", 9)).contains('8'));
    shop.takes(8);
    taken(give_back(&till, "return 4", &number, 8));
    minute();
    // A refusal gives its amount free once it is asked about again.
    let number_of = |intent: &str| till.entries_of(intent).unwrap()[0].entry.order_number.clone();
    till.settle_by_hand(till.entries_of("return 3").unwrap()[0].entry.id, false, "n", "r").unwrap();
    shop.forget();
    shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
    declined(give_back(&till, "return 5", &number, 80));
    minute();
    shop.forget();
    shop.fails("REFUNDNOTEXIST").takes(80);
    taken(give_back(&till, "return 6", &number, 80));
    assert_eq!(shop.names(), ["refundquery", "refund"]);
    assert_eq!(xml_value(&shop.sent()[0].body, "out_refund_no").unwrap(), number_of("return 5"));
    minute();
    // And now its own number may not be sent again: nothing is left.
    assert!(too_much(back("return 5", 80)).contains(" 0 "));
    // The platform's number means the same order (POS flows 20.13).
    let by_id = Refund::new(RefundOf::TransactionId(TRANSACTION), fen(888), fen(1));
    refused(till.refund("return 7", &by_id), "refund_fee");
    // Of an order that this journal does not have: by its own total.
    const ELSEWHERE: &str = "4200000000202611210000000009";
    let elsewhere = |amount| Refund::new(RefundOf::TransactionId(ELSEWHERE), fen(888), fen(amount));
    shop.takes_of(ELSEWHERE, 800);
    taken(till.refund("return 8", &elsewhere(800)));
    minute();
    refused(till.refund("return 9", &elsewhere(89)), "refund_fee");
}

/// Between two refunds of one order a minute passes; the sale itself starts no pause.
#[test]
fn a_minute_between_two_numbers() {
    let (shop, till, number) = sold();
    shop.takes(100);
    taken(give_back(&till, "return 1", &number, 100));
    shop.forget();
    refused(give_back(&till, "return 2", &number, 100), "till");
    shop.takes(100);
    let patient = Options::new().patience(Duration::from_secs(90));
    taken(till.refund_with("return 2", &refund(&number, 100), &patient));
    assert_eq!(shop.time.right() - NOW, 60);
}

/// What is not paid, is open, or is being taken back is not refunded; what came late is, and then it is not kept.
#[test]
fn only_what_was_paid() {
    let (shop, till, number) = sold();
    refused(give_back(&till, "return 1", "202611210000000000", 1), "out_trade_no");
    let wrong_total = Refund::new(RefundOf::OutTradeNo(&number), fen(889), fen(1));
    refused(till.refund("return 1", &wrong_total), "total_fee");
    refused(till.refund("return 1", &refund(&number, 889)), "refund_fee");
    refused(till.refund("return 1", &refund(&number, 0)), "refund_fee");
    let of_nothing = Refund::new(RefundOf::OutTradeNo(&number), Fen::ZERO, Fen::ZERO);
    refused(till.refund("return 1", &of_nothing), "total_fee");
    let numbered = Refund { out_refund_no: "R20261121", ..refund(&number, 1) };
    assert!(refused(till.refund("return 1", &numbered), "out_refund_no").rule().contains("made by the till"));
    refused(till.refund("return 1", &Refund { refund_desc: Some(""), ..refund(&number, 1) }), "refund_desc");
    refused(till.refund("return 1", &Refund::new(RefundOf::TransactionId("1-2"), fen(888), fen(1))), "transaction_id");
    refused(give_back(&till, "sale 1", &number, 1), "intent");
    let both = Refund { notify_url: Some("https://shop.example/n?x=1"), ..refund(&number, 1) };
    refused(till.refund("return 1", &both), "notify_url");
    refused(till.pay("return 1", &refund(&number, 1)), "till");
    refused(till.refund("return 1", &micro_pay(CODE)), "till");
    assert!(shop.names().is_empty());
    let none = Options::new().patience(Duration::ZERO);

    let shop = Counter::new();
    let till = shop.till();
    shop.fails("USERPAYING").says("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &micro_pay(CODE), &none));
    let number = shop.journal.all()[0].order_number.clone();
    refused(give_back(&till, "return 1", &number, 1), "out_trade_no");
    shop.says("PAYERROR", 1).reverses().says("SUCCESS", 1);
    unknown(till.reverse_with(&number, &none));
    let error = refused(give_back(&till, "return 1", &number, 1), "out_trade_no");
    assert!(error.rule().contains("taken back"), "{error}");
    shop.says("SUCCESS", 1).reverses().says("REVOKED", 1);
    declined(till.reverse(&number));
    refused(give_back(&till, "return 1", &number, 1), "out_trade_no");

    // Late money: given back, in part, and then nobody keeps it.
    let shop = Counter::new();
    let till = shop.till();
    shop.fails("NOTENOUGH").fails("ORDERNOTEXIST");
    declined(scan(&till));
    let number = shop.journal.all()[0].order_number.clone();
    shop.pass(60);
    shop.says("SUCCESS", 1);
    till.recover(Duration::from_secs(5)).unwrap();
    shop.takes(100);
    taken(give_back(&till, "return 1", &number, 100));
    refused(till.accept_late(&number), "order_number");
    // Kept first: then it is refunded like any other.
    let shop = Counter::new();
    let till = shop.till();
    shop.fails("NOTENOUGH").fails("ORDERNOTEXIST");
    declined(scan(&till));
    let number = shop.journal.all()[0].order_number.clone();
    shop.pass(60);
    shop.says("SUCCESS", 2);
    till.recover(Duration::from_secs(5)).unwrap();
    shop.pass(1);
    accepted(till.accept_late(&number));
    shop.takes(888);
    taken(give_back(&till, "return 1", &number, 888));
}

/// One intent, one refund: other amounts or another order are another refund, and need another name.
#[test]
fn one_intent_one_refund() {
    let (shop, till, number) = sold();
    shop.takes(300);
    taken(give_back(&till, "return 1", &number, 300));
    shop.forget();
    refused(give_back(&till, "return 1", &number, 301), "intent");
    shop.pass(1);
    shop.row("PROCESSING", 300);
    taken(give_back(&till, "return 1", &number, 300));
    // Also where it was refused: the number is this refund's.
    let (shop, till, number) = sold();
    shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
    declined(give_back(&till, "return 1", &number, 300));
    shop.pass(60);
    refused(give_back(&till, "return 1", &number, 200), "intent");
}

/// After a power cut: what was taken is asked about, what was lost is repeated by whoever calls again.
#[test]
fn after_a_power_cut() {
    let (shop, till, number) = sold();
    shop.is_silent();
    shop.answers_nothing();
    let none = Options::new().patience(Duration::ZERO);
    unknown(till.refund_with("return 1", &refund(&number, 888), &none));
    shop.forget();
    let till = shop.till();
    shop.fails("REFUNDNOTEXIST");
    till.recover(Duration::from_millis(900)).unwrap();
    assert_eq!(shop.states(), ["paid", "open"]);
    shop.pass(60);
    shop.fails("REFUNDNOTEXIST").takes(888);
    taken(give_back(&till, "return 1", &number, 888));
    let numbers: Vec<_> = shop.journal.all().iter().map(|entry| entry.order_number.clone()).collect();
    assert_eq!(numbers.len(), 2, "never another number: {numbers:?}");
    // The journal fails when it was taken: that is said, and written later.
    let (shop, till, number) = sold();
    shop.takes(888);
    shop.journal.fail_in(6);
    let receipt = taken(give_back(&till, "return 1", &number, 888));
    assert!(receipt.journal_fault.is_some(), "{:?}", shop.states());
    assert_eq!(shop.states(), ["paid", "open"]);
    shop.pass(1);
    shop.row("PROCESSING", 888);
    taken(give_back(&till, "return 1", &number, 888));
    assert_eq!(shop.states(), ["paid", "refunding"]);
}

/// The identical repeat was refused twice, a minute apart, and never known: a person looks, and its amount stays held back.
#[test]
fn a_refund_that_is_refused_again_and_again() {
    let (shop, till, number) = sold();
    shop.fails("SYSTEMERROR");
    for _ in 0..30 {
        shop.fails("REFUNDNOTEXIST").fails("REFUND_FEE_MISMATCH");
    }
    shop.fails("REFUNDNOTEXIST");
    let patient = Options::new().patience(Duration::from_secs(300));
    let doubt = unknown(till.refund_with("return 1", &refund(&number, 888), &patient));
    assert_eq!(doubt.reason, Reason::ForAPerson, "{doubt}");
    shop.pass(61);
    refused(give_back(&till, "return 2", &number, 1), "refund_fee");
}

/// FAIL keeps the number, and a row FAIL may be of the time before it was sent again: that one is taken, or may still come.
#[test]
fn a_row_fail_says_nothing_of_the_next_try() {
    let failed = || {
        let (shop, till, number) = sold();
        shop.takes(888);
        taken(give_back(&till, "return 1", &number, 888));
        shop.pass(1200);
        shop.row("FAIL", 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "unpaid"]);
        shop.forget();
        shop.pass(60);
        (shop, till, number)
    };
    // Taken, and the query is behind: its amount stays held back. A minute later the row is of this try.
    let (shop, till, number) = failed();
    shop.takes(888);
    taken(give_back(&till, "return 1", &number, 888));
    shop.pass(1);
    shop.row("FAIL", 888);
    taken(give_back(&till, "return 1", &number, 888));
    assert_eq!(shop.states(), ["paid", "refunding"]);
    shop.pass(60);
    shop.row("FAIL", 888);
    declined(give_back(&till, "return 1", &number, 888));
    // Its answer is lost: it is sent again under its number, also where the query is not behind.
    let (shop, till, number) = failed();
    shop.is_silent();
    for _ in 0..4 {
        shop.row("FAIL", 888);
    }
    shop.takes(888);
    taken(give_back(&till, "return 1", &number, 888));
    let sent = shop.sent();
    let numbers: Vec<_> = sent.iter().filter_map(|sent| xml_value(&sent.body, "out_refund_no")).collect();
    assert!(numbers.iter().all(|one| *one == numbers[0]), "{numbers:?}");
    // Refused: it is asked about once more, and a row found wins.
    let (shop, till, number) = failed();
    shop.fails("NOTENOUGH").row("FAIL", 888);
    let refusal = declined(give_back(&till, "return 1", &number, 888));
    assert_eq!((refusal.code.as_str(), shop.states()), ("NOTENOUGH", vec!["paid", "unproven"]));
    shop.pass(61);
    shop.row("PROCESSING", 888);
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["paid", "refunding"]);
}

/// An order has one sum, by whichever of its numbers it is named (POS flows 20.13): also after its sale is old enough to be pruned, and where
/// it was refunded by the platform's number before this journal knew whose that is.
#[test]
fn one_sum_under_both_numbers() {
    let by_id = |amount| Refund::new(RefundOf::TransactionId(TRANSACTION), fen(888), fen(amount));
    let acts_upon_all = |shop: &Counter, till: &Till| {
        shop.journal.all().into_iter().for_each(|entry| till.acknowledge(entry.version()).unwrap());
        shop.pass(31 * 86_400);
        till.prune(Duration::ZERO).unwrap();
    };
    let (shop, till, number) = sold();
    shop.takes(500);
    taken(give_back(&till, "return 1", &number, 500));
    shop.pass(1200);
    shop.row("SUCCESS", 500);
    till.recover(Duration::from_secs(5)).unwrap();
    acts_upon_all(&shop, &till);
    assert_eq!(shop.states(), ["paid", "paid"]);
    refused(till.refund("return 2", &by_id(389)), "refund_fee");
    // Of a sale that is not refunded nothing is to be summed up.
    let (shop, till, number) = sold();
    acts_upon_all(&shop, &till);
    assert!(shop.states().is_empty());
    refused(give_back(&till, "return 1", &number, 888), "out_trade_no");

    let shop = Counter::new();
    let till = shop.till();
    let none = Options::new().patience(Duration::ZERO);
    shop.fails("USERPAYING").says("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &micro_pay(CODE), &none));
    let number = shop.journal.all()[0].order_number.clone();
    shop.takes(500);
    taken(till.refund("return 1", &by_id(500)));
    shop.pass(61);
    shop.says("SUCCESS", 1);
    accepted(till.payment_of(&number));
    refused(give_back(&till, "return 2", &number, 389), "refund_fee");
    refused(till.refund("return 2", &by_id(389)), "refund_fee");
}

/// Sent again, and not reached: the refusal before it stays as unproven as it was, and is asked about once more.
#[test]
fn a_refusal_is_not_proven_by_what_was_not_sent() {
    let (shop, till, number) = sold();
    shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
    declined(give_back(&till, "return 1", &number, 888));
    shop.pass(1);
    shop.is_away().is_away();
    declined(give_back(&till, "return 1", &number, 888));
    assert_eq!(shop.states(), ["paid", "unproven"]);
    shop.pass(61);
    shop.row("PROCESSING", 888);
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["paid", "refunding"]);
}

/// The journal fails when the refusal is written: also then the second question is a minute later, and not the first one that comes.
#[test]
fn a_refusal_that_could_not_be_written_waits_for_its_minute() {
    let mut met = 0;
    for at in 1..12 {
        let (shop, till, number) = sold();
        shop.pass(61);
        shop.fails("NOTENOUGH").fails("REFUNDNOTEXIST");
        shop.journal.fail_in(at);
        let Ok(Outcome::Unknown(doubt)) = give_back(&till, "return 1", &number, 888) else { continue };
        shop.journal.fail_for(0, 0);
        let refund = shop.sent().iter().find_map(|sent| xml_value(&sent.body, "out_refund_no"));
        if doubt.reason != Reason::Journal || shop.names().len() < 2 {
            continue;
        }
        met += 1;
        shop.pass(3);
        shop.fails("REFUNDNOTEXIST");
        drop(till.payment_of(&refund.unwrap()));
        assert_eq!(shop.states(), ["paid", "unproven"], "{at}");
        shop.pass(61);
        shop.row("PROCESSING", 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "refunding"], "{at}");
    }
    assert!(met > 0, "no call of the journal was the one that writes the refusal");
}
