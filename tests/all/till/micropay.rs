//! Payment codes in the till (POS flows 3): one test a rule. Codes, waits and ends are the page's, not the table's.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;

/// POS flows 3.3: confirmed failed.
const REFUSED: [(&str, Next); 20] = [
    ("AUTHCODEEXPIRE", Next::NewNumber),
    ("AUTHCODE_EXPIRE", Next::NewNumber),
    ("AUTH_CODE_ERROR", Next::NewNumber),
    ("AUTH_CODE_INVALID", Next::NewNumber),
    ("NOTENOUGH", Next::NewNumber),
    ("NOTSUPORTCARD", Next::NewNumber),
    ("NOTSUPPORTCARD", Next::NewNumber),
    ("BUYER_MISMATCH", Next::NewNumber),
    ("NOAUTH", Next::Stop),
    ("NO_AUTH", Next::Stop),
    ("APPID_NOT_EXIST", Next::Stop),
    ("MCHID_NOT_EXIST", Next::Stop),
    ("APPID_MCHID_NOT_MATCH", Next::Stop),
    ("PARAM_ERROR", Next::NewNumber),
    ("LACK_PARAMS", Next::NewNumber),
    ("NOT_UTF8", Next::NewNumber),
    ("XML_FORMAT_ERROR", Next::NewNumber),
    ("REQUIRE_POST_METHOD", Next::NewNumber),
    ("SIGNERROR", Next::NewNumber),
    ("SIGN_ERROR", Next::NewNumber),
];

/// The same section: the payment's result is unknown, or the code is in no table.
const OPEN: [&str; 12] = [
    "SYSTEMERROR",
    "SYSTEM_ERROR",
    "BANKERROR",
    "BANK_ERROR",
    "USERPAYING",
    "USER_PAYING",
    "ORDERPAID",
    "ORDERCLOSED",
    "ORDERREVERSED",
    "OUT_TRADE_NO_USED",
    "INVALID_REQUEST",
    "A_CODE_OF_TOMORROW",
];
/// One question, then the reversal.
const ASKED_ONCE: [&str; 4] = ["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"];

fn times(calls: &[(u64, String)]) -> Vec<(u64, &str)> {
    calls.iter().map(|(at, call)| (*at, call.as_str())).collect()
}

#[test]
fn a_customer_pays_without_a_password() {
    let shop = Counter::new();
    shop.pays();
    let till = shop.till();
    let Evidence::Reply(paid) = accepted(scan(&till)).evidence else { panic!("it was seen just now") };
    assert_eq!(paid.transaction_id, "1009660380201506130728806387");
    assert_eq!((shop.names(), shop.states()), (vec!["micropay".to_string()], vec!["paid"]));
    let sent = &shop.sent()[0];
    assert!(sent.own_connection && sent.url.ends_with("/pay/micropay"));
    let value = |name| xml_value(&sent.body, name);
    assert_eq!(value("auth_code").as_deref(), Some(CODE));
    assert_eq!(
        (value("total_fee").as_deref(), value("device_info").as_deref()),
        (Some("888"), Some("013467007045764"))
    );
    // Paid again, with another code: the recorded payment, and nothing is sent.
    let receipt = accepted(till.pay("sale 1", &micro_pay("134567890123456789")));
    assert_eq!(receipt.evidence.field("transaction_id"), Some("1009660380201506130728806387"));
    assert_eq!(shop.names().len(), 1);
}

/// The code is not stored, not shown, not compared.
#[test]
fn a_code_is_nowhere_but_on_the_wire() {
    let shop = Counter::new();
    let till = shop.till();
    shop.is_silent().says("USERPAYING", 1);
    let patience = Options::new().patience(Duration::ZERO);
    let outcome = till.pay_with("sale 1", &micro_pay(CODE), &patience);
    let shown = format!("{outcome:?} {:?} {till:?} {:?}", shop.journal.all(), micro_pay(CODE));
    assert!(!shown.contains(CODE), "{shown}");
    for entry in shop.journal.all() {
        assert!(entry.field("auth_code").is_none() && entry.fields.iter().all(|(_, value)| !value.contains(CODE)));
        assert_eq!(entry.field("total_fee"), Some("888"));
    }
    let client = Client::with_inputs(wxpay_account(), terminal(), inputs(&Canned::default())).unwrap();
    let prepared = client.prepare(&MicroPay { out_trade_no: "T20261121", ..micro_pay(CODE) }).unwrap();
    assert!(!format!("{prepared:?}").contains(CODE));
    assert!(prepared.fields().all(|(name, value)| name != "auth_code" && value != CODE), "what a journal stores");
}

/// Ruling 5: without a till, too, a code is sent once.
#[test]
fn a_code_is_never_sent_twice() {
    let canned = Canned::default();
    let client = wxpay(&canned);
    for (out_trade_no, answer) in [("T20261119", failure("SYSTEMERROR")), ("T20261120", failure("NOTENOUGH"))] {
        let mut prepared = client.prepare(&MicroPay { out_trade_no, ..micro_pay(CODE) }).unwrap();
        canned.then(&answer);
        unknown(client.send(&mut prepared));
        let sent = canned.sent().len();
        unknown(client.send(&mut prepared));
        // Nor under the number, with another code.
        let another = MicroPay { out_trade_no, ..micro_pay("134567890123456789") };
        unknown(client.send(&mut client.prepare(&another).unwrap()));
        assert_eq!(canned.sent().len(), sent);
    }
    // Not one byte left: then it may be sent.
    let mut prepared = client.prepare(&MicroPay { out_trade_no: "T20261122", ..micro_pay(CODE) }).unwrap();
    canned.then_fault(Sent::No).then_fault(Sent::No);
    assert!(client.send(&mut prepared).is_err());
    canned.then(&micro_paid("T20261122", &[]));
    accepted(client.send(&mut prepared));
}

/// Ruling 1: a definite refusal is followed by one question, at once. "Not found" confirms it, without proof.
#[test]
fn a_refusal_wants_a_second_witness() {
    for (code, next) in REFUSED {
        let shop = Counter::new();
        shop.fails(code).fails("ORDERNOTEXIST");
        let refusal = declined(scan(&shop.till()));
        assert_eq!((refusal.code.as_str(), refusal.next), (code, next));
        assert_eq!(times(&shop.calls()), [(0, "micropay"), (0, "orderquery")], "{code}");
        assert_eq!(shop.states(), ["unproven"], "{code}");
        for (state, then) in [("REVOKED", "unpaid"), ("CLOSED", "unpaid"), ("SUCCESS", "paid")] {
            let shop = Counter::new();
            shop.fails(code).says(state, 1);
            let _ = scan(&shop.till()).unwrap();
            assert_eq!(shop.states(), [then], "{code}, {state}");
        }
    }
}

/// What contradicts a refusal wins: the customer types, or nobody is waited for and it is taken back.
#[test]
fn a_refusal_that_is_contradicted() {
    let shop = Counter::new();
    shop.fails("NOTENOUGH").says("USERPAYING", 2).says("SUCCESS", 1);
    accepted(scan(&shop.till()));
    assert_eq!(times(&shop.calls())[1..], [(0, "orderquery"), (3, "orderquery"), (6, "orderquery")]);
    for state in ["NOTPAY", "ACCEPT", "PAYERROR", "WORD"] {
        let shop = Counter::new();
        shop.fails("NOTENOUGH").says(state, 1).reverses().says("REVOKED", 1);
        assert_eq!(declined(scan(&shop.till())).code, "REVOKED");
        assert_eq!(times(&shop.calls())[1..], [(0, "orderquery"), (15, "reverse"), (16, "orderquery")], "{state}");
        assert_eq!(shop.states(), ["unpaid"]);
    }
    // No answer: the entry stays open and is asked like any other.
    let shop = Counter::new();
    shop.fails("NOTENOUGH").answers_nothing().fails("SYSTEMERROR").fails("ORDERNOTEXIST");
    assert_eq!(declined(scan(&shop.till())).code, "NOTENOUGH");
    assert_eq!(shop.states(), ["unproven"]);
}

/// What is not final is asked about: after 1 s, after USERPAYING after 5 s, then every 3 s.
#[test]
fn an_open_code_is_asked_about() {
    for code in OPEN {
        let shop = Counter::new();
        shop.fails(code).says("NOTPAY", 1).says("SUCCESS", 1);
        accepted(scan(&shop.till()));
        let first = if code.starts_with("USER") { 5 } else { 1 };
        assert_eq!(times(&shop.calls()), [(0, "micropay"), (first, "orderquery"), (first + 3, "orderquery")], "{code}");
    }
    for code in ASKED_ONCE {
        let shop = Counter::new();
        shop.fails(code).says("SUCCESS", 1);
        accepted(scan(&shop.till()));
        for state in ["NOTPAY", "ACCEPT", "PAYERROR", "WORD"] {
            let shop = Counter::new();
            shop.fails(code).says(state, 1).reverses().says("REVOKED", 1);
            assert_eq!(declined(scan(&shop.till())).code, "REVOKED");
            assert_eq!(times(&shop.calls())[1..], [(1, "orderquery"), (15, "reverse"), (16, "orderquery")], "{code}");
        }
        // The customer is typing (POS flows 20.7).
        let shop = Counter::new();
        shop.fails(code).says("USERPAYING", 3).says("SUCCESS", 1);
        accepted(scan(&shop.till()));
    }
    // A reply that proves nothing: of another order, another amount, unsigned.
    let unproven: [fn(&str) -> String; 4] = [
        |_| micro_paid("T20261121000000", &[]),
        |number| micro_paid(number, &[("total_fee", "889")]),
        |number| micro_paid(number, &[("transaction_id", "")]),
        |number| micro_paid(number, &[]).replace("<sign>", "<sing>").replace("</sign>", "</sing>"),
    ];
    for reply in unproven {
        let shop = Counter::new();
        shop.then(reply).says("SUCCESS", 1);
        accepted(scan(&shop.till()));
    }
}

/// POS flows 3.2: asked until 45 s, then taken back.
#[test]
fn a_silent_customer() {
    let shop = Counter::new();
    shop.fails("USERPAYING").says("USERPAYING", 15).reverses().says("REVOKED", 1);
    let refusal = declined(scan(&shop.till()));
    assert_eq!((refusal.code.as_str(), refusal.next), ("REVOKED", Next::NewNumber));
    let calls = shop.calls();
    let asked: Vec<u64> = calls.iter().filter(|(_, call)| call == "orderquery").map(|(at, _)| *at).collect();
    assert_eq!(asked, [5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 44, 45, 46]);
    assert_eq!(times(&calls)[16..], [(45, "reverse"), (46, "orderquery")]);
    let entry = &shop.journal.all()[0];
    assert_eq!((entry.reversals, shop.left()), (1, 0));
}

/// PAYERROR is not "not paid" (ruling 3): it is taken back at 15 s.
#[test]
fn a_customer_who_closes_the_dialog() {
    let shop = Counter::new();
    shop.fails("USERPAYING").says("PAYERROR", 1).reverses().says("REVOKED", 1);
    assert_eq!(declined(scan(&shop.till())).code, "REVOKED");
    assert_eq!(times(&shop.calls())[1..], [(5, "orderquery"), (15, "reverse"), (16, "orderquery")]);
}

/// A cancel ends the wait, not the duty.
#[test]
fn a_cashier_who_cancels() {
    for (fails, phase, says, accepts) in [
        ("USERPAYING", Phase::Confirming, "USERPAYING", false),
        ("USERPAYING", Phase::Confirming, "SUCCESS", true),
        ("SYSTEMERROR", Phase::Asking, "NOTPAY", false),
    ] {
        let shop = Counter::new();
        shop.fails(fails).says(says, 1).reverses().says("REVOKED", 1);
        let watch = CancelsAt::new(phase);
        let options = Options::new().watch(&watch);
        let outcome = shop.till().pay_with("sale 1", &micro_pay(CODE), &options);
        if accepts {
            accepted(outcome);
            continue;
        }
        assert_eq!(declined(outcome).code, "REVOKED");
        let calls = shop.calls();
        assert_eq!(times(&calls)[2..], [(15, "reverse"), (16, "orderquery")], "{phase:?}");
    }
    // Before the first byte nothing happened.
    let shop = Counter::new();
    let watch = CancelsAt::new(Phase::Sending);
    refused(shop.till().pay_with("sale 1", &micro_pay(CODE), &Options::new().watch(&watch)), "watch");
    assert_eq!((shop.names().len(), shop.states()), (0, vec!["not sent"]));
    // And its code was not sent: the next one takes another number (POS flows 20.19).
    shop.pays();
    accepted(scan(&shop.till()));
    assert_eq!(shop.states(), ["not sent", "paid"]);
}

/// "Enter the password" and "cancelling" stand on the screen until something else is so, also while the gateway is asked (POS flows 3.8).
#[test]
fn what_the_cashier_reads_does_not_flicker() {
    struct Phases(std::sync::Mutex<Vec<Phase>>);
    impl Watch for Phases {
        fn progress(&self, progress: &Progress<'_>) {
            let mut seen = self.0.lock().unwrap();
            if seen.last() != Some(&progress.phase) {
                seen.push(progress.phase);
            }
        }
    }
    let shop = Counter::new();
    shop.fails("USERPAYING").says("USERPAYING", 3).says("PAYERROR", 1);
    shop.reverses().says("NOTPAY", 1).reverses().says("REVOKED", 1);
    let watch = Phases(std::sync::Mutex::default());
    declined(shop.till().pay_with("sale 1", &micro_pay(CODE), &Options::new().watch(&watch)));
    assert_eq!(*watch.0.lock().unwrap(), [Phase::Sending, Phase::Confirming, Phase::Reversing]);
}

/// A code that is not signed is no code: `return_code` FAIL proves nothing, whatever else it says (R.1).
#[test]
fn an_unsigned_code_ends_no_reversal() {
    let shop = Counter::new();
    shop.fails("USERPAYING").says("PAYERROR", 1);
    shop.then(|_| "<xml><return_code>FAIL</return_code><err_code>REVERSE_EXPIRE</err_code></xml>".into());
    shop.says("SUCCESS", 1).reverses().says("REVOKED", 1);
    assert_eq!(declined(scan(&shop.till())).code, "REVOKED");
    assert_eq!(shop.left(), 0);
}

/// Rulings 2 and 4: the reply to a reversal proves nothing, and what is being reversed is never accepted.
#[test]
fn a_reversal_without_effect() {
    let shop = Counter::new();
    shop.fails("USERPAYING").says("PAYERROR", 1);
    for _ in 0..12 {
        shop.reverses().says("SUCCESS", 1);
    }
    let till = shop.till();
    let doubt = unknown(scan(&till));
    assert_eq!(doubt.reason, Reason::Reversing);
    let calls = shop.calls();
    let reversed: Vec<u64> = calls.iter().filter(|(_, call)| call == "reverse").map(|(at, _)| *at).collect();
    assert_eq!(reversed, [15, 20, 25, 30, 35, 40, 45, 50, 55, 60, 65, 70], "5 s apart, as long as the patience");
    let entry = shop.journal.all().remove(0);
    assert_eq!((entry.state.clone(), entry.reversals), (EntryState::Open, 12));
    // Another start of the program: it only asks, unless it was told otherwise.
    shop.says("SUCCESS", 1);
    let till = shop.till();
    let report = till.recover(Duration::from_secs(2)).unwrap();
    assert_eq!(doubt_of(&report[0]).unwrap().reason, Reason::NeedsReversal);
    assert_eq!(shop.states(), ["open"]);
    // Nobody says that it is paid.
    assert!(till.settle_by_hand(entry.id, true, "n", "r").is_err());
    shop.says("SUCCESS", 1).reverses().says("REVOKED", 1);
    let options = Options::new().patience(Duration::from_secs(30)).reversals(Reversals::Begun);
    let report = till.recover_with(&options).unwrap();
    assert!(matches!(&report[0].outcome, Outcome::Declined(refusal) if refusal.code == "REVOKED"), "{report:?}");
}

/// A number that says SUCCESS after the decision was made is not accepted, whoever asks.
#[test]
fn what_is_being_reversed_is_never_accepted() {
    let shop = Counter::new();
    let till = shop.till();
    shop.fails("SYSTEMERROR").says("PAYERROR", 1);
    // The journal fails at the decision: no byte of a reversal leaves.
    shop.journal.fail_in(5);
    let doubt = unknown(scan(&till));
    assert_eq!(
        (doubt.reason, shop.names()),
        (Reason::Journal, vec!["micropay".into(), "orderquery".into()]),
        "{doubt}"
    );
    // And perhaps it is in the journal all the same: from here on it is not accepted by this process.
    shop.says("SUCCESS", 1).reverses().says("REVOKED", 1);
    assert_eq!(declined(till.reverse(&shop.journal.all()[0].order_number)).code, "REVOKED");
}

/// POS flows 3.3, 20.6: refused again and again while the query says paid, over five minutes: late money.
#[test]
fn a_reversal_that_is_refused() {
    let refuses =
        ["TRADE_ERROR", "INVALID_TRANSACTIONID", "INVALID_REQUEST", "REQUIRE_POST_METHOD", "A_CODE_OF_TOMORROW"];
    for code in refuses {
        let shop = Counter::new();
        let till = shop.till();
        shop.fails("USERPAYING").says("PAYERROR", 1);
        for _ in 0..12 {
            shop.fails(code).says("SUCCESS", 1);
        }
        unknown(scan(&till));
        shop.pass(300);
        shop.says("SUCCESS", 1);
        let number = shop.journal.all()[0].order_number.clone();
        paid_late(till.reverse(&number));
        assert_eq!(shop.states(), ["late"], "{code}");
        // It is given back, and not kept.
        refused(till.accept_late(&number), "order_number");
    }
    // What is no refusal, and the settings' own fault, makes nothing late; too late is too late.
    for (code, late) in [
        ("SYSTEMERROR", false),
        ("USERPAYING", false),
        ("SIGNERROR", false),
        ("PARAM_ERROR", false),
        ("ORDERNOTEXIST", false),
        ("REVERSE_EXPIRE", true),
    ] {
        let shop = Counter::new();
        let till = shop.till();
        shop.fails("USERPAYING").says("PAYERROR", 1);
        for _ in 0..12 {
            shop.fails(code).says("SUCCESS", 1);
        }
        let outcome = scan(&till).unwrap();
        assert_eq!(matches!(outcome, Outcome::PaidLate(_)), late, "{code}: {outcome:?}");
        if !late {
            shop.pass(300);
            (shop.says("SUCCESS", 1)).reverses().says("REVOKED", 1);
            declined(till.reverse(&shop.journal.all()[0].order_number));
        }
    }
}

/// POS flows 3.4: a submit that was lost. The reversal goes once; "not found" ends it after five minutes, twice, a minute apart.
#[test]
fn a_submit_that_was_lost() {
    let shop = Counter::new();
    let till = shop.till();
    shop.is_silent();
    for _ in 0..30 {
        shop.fails("ORDERNOTEXIST");
    }
    let doubt = unknown(scan(&till));
    assert_eq!(doubt.reason, Reason::Reversing, "{doubt}");
    assert_eq!(shop.names().iter().filter(|call| *call == "reverse").count(), 1);
    let number = shop.journal.all()[0].order_number.clone();
    shop.pass(300);
    let once = Options::new().patience(Duration::ZERO);
    unknown(till.payment_of_with(&number, &once));
    shop.pass(59);
    unknown(till.payment_of_with(&number, &once));
    shop.pass(1);
    assert_eq!(declined(till.payment_of_with(&number, &once)).code, "NOT_FOUND");
    assert_eq!(shop.states(), ["unproven"]);
}

/// POS flows 3.6: what another process sent is taken back only after two answers, a minute apart, say that it is unpaid.
#[test]
fn after_a_power_cut() {
    for state in ["USERPAYING", "NOTPAY", "PAYERROR"] {
        let shop = Counter::new();
        shop.is_silent().answers_nothing();
        let none = Options::new().patience(Duration::ZERO);
        unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &none));
        // The program starts again, and asks.
        let till = shop.till();
        shop.says(state, 1);
        let report = till.recover(Duration::from_millis(900)).unwrap();
        assert_eq!(doubt_of(&report[0]).unwrap().reason, Reason::NeedsReversal, "{report:?}");
        shop.pass(30);
        shop.forget();
        // Begun ones only: this one is not.
        shop.says(state, 1);
        let options = Options::new().patience(Duration::from_millis(900));
        till.recover_with(&options.reversals(Reversals::Begun)).unwrap();
        assert_eq!(shop.names(), ["orderquery"]);
        shop.pass(30);
        shop.says(state, 1).reverses().says("REVOKED", 1);
        let report = till.recover_with(&options.reversals(Reversals::Open)).unwrap();
        assert!(matches!(report[0].outcome, Outcome::Declined(_)), "{state}: {report:?}");
    }
    // Silence and "not found" never begin it; SUCCESS is a payment.
    let shop = Counter::new();
    shop.is_silent().answers_nothing();
    unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &Options::new().patience(Duration::ZERO)));
    let till = shop.till();
    for _ in 0..20 {
        shop.fails("ORDERNOTEXIST").answers_nothing();
    }
    let number = shop.journal.all()[0].order_number.clone();
    let minutes = Options::new().patience(Duration::from_secs(120));
    unknown(till.reverse_with(&number, &minutes));
    assert!(!shop.names().contains(&"reverse".to_string()));
    // Nor does one answer with silence a minute after it.
    let once = Options::new().patience(Duration::ZERO);
    for is_silent in [true, false] {
        let till = shop.till();
        shop.forget();
        shop.says("USERPAYING", 1);
        unknown(till.reverse_with(&number, &once));
        shop.pass(60);
        let _ = if is_silent { shop.answers_nothing() } else { shop.fails("ORDERNOTEXIST") };
        unknown(till.reverse_with(&number, &once));
        assert!(!shop.names().contains(&"reverse".to_string()), "{:?}", shop.names());
    }
    shop.forget();
    shop.pass(10);
    shop.says("SUCCESS", 1);
    accepted(till.reverse(&number));
    refused(till.reverse(&number), "order_number");
}
