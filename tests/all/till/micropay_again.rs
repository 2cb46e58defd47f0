//! Payment codes in the till, after the first call: scanned again, refused without proof, another method, bad input
//! (POS rulings 1, 6, 7; flows 13, 20).

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::wxpay::*;
use crate::support::*;

const ANOTHER: &str = "134567890123456789";

/// One question, whatever comes.
fn at_once<'a>() -> Options<'a> {
    Options::new().patience(Duration::ZERO)
}

fn again(till: &Till) -> Result<Outcome<Receipt<MicroPaid>>, Error> {
    till.pay("sale 1", &micro_pay(ANOTHER))
}

fn codes(shop: &Counter) -> Vec<String> {
    shop.sent().iter().filter_map(|sent| xml_value(&sent.body, "auth_code")).collect()
}

/// A sale that is open, of this process, with a customer who types.
fn open(shop: &Counter) -> Till {
    let till = shop.till();
    shop.fails("USERPAYING").says("USERPAYING", 1);
    assert_eq!(unknown(till.pay_with("sale 1", &micro_pay(CODE), &at_once())).reason, Reason::CustomerPaying);
    shop.forget();
    till
}

/// U20: a stalled line, a second scan with a refreshed code, two charges. Here the first one is asked about.
#[test]
fn a_second_scan_goes_on_with_the_first() {
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("USERPAYING", 1).says("SUCCESS", 1);
    accepted(again(&till));
    assert_eq!((codes(&shop).len(), shop.states()), (0, vec!["paid"]));

    // It ended unpaid just now: the same call goes on with the new code.
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("USERPAYING", 1).says("REVOKED", 1).pays();
    accepted(again(&till));
    assert_eq!((codes(&shop), shop.states()), (vec![ANOTHER.to_string()], vec!["unpaid", "paid"]));

    // It took longer: the code is stale, scan again.
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("USERPAYING", 11).says("REVOKED", 1);
    assert_eq!(declined(again(&till)).code, "REVOKED");
    assert_eq!((codes(&shop).len(), shop.states()), (0, vec!["unpaid"]));
    shop.pays();
    accepted(again(&till));

    // A cancelled call begins no number.
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("REVOKED", 1);
    let watch = CancelsAt::new(Phase::Asking);
    declined(till.pay_with("sale 1", &micro_pay(ANOTHER), &Options::new().watch(&watch)));
    assert_eq!(codes(&shop).len(), 0);
}

/// Ruling 6: the amount never changes, and the scan is not part of what is compared.
#[test]
fn the_amount_of_a_sale_never_changes() {
    let dearer = |code| MicroPay { total_fee: fen(889), ..micro_pay(code) };
    let shop = Counter::new();
    let till = open(&shop);
    refused(till.pay("sale 1", &dearer(ANOTHER)), "intent");
    shop.says("REVOKED", 1);
    declined(till.payment_of(&shop.journal.all()[0].order_number));
    refused(till.pay("sale 1", &dearer(ANOTHER)), "intent");
    // Another text is the same sale.
    shop.pays();
    accepted(till.pay("sale 1", &MicroPay { body: "奶茶", ..micro_pay(ANOTHER) }));
    refused(till.pay("sale 1", &dearer(CODE)), "intent");
    // What was never sent may be mended.
    let shop = Counter::new();
    let till = shop.till();
    shop.is_away().is_away();
    assert!(scan(&till).is_err());
    shop.then(|number| micro_paid(number, &[("total_fee", "889")]));
    accepted(till.pay("sale 1", &dearer(CODE)));
}

/// A refused sale, which the query does not know.
fn refused_sale(shop: &Counter) -> (Till, String) {
    let till = shop.till();
    shop.fails("NOTENOUGH").fails("ORDERNOTEXIST");
    declined(scan(&till));
    shop.forget();
    (till, shop.journal.all()[0].order_number.clone())
}

/// Before another number begins, a refusal without proof is asked about once more: only REVOKED, CLOSED or "not found" let it.
#[test]
fn a_refusal_is_confirmed_before_another_number() {
    for state in ["REVOKED", "CLOSED"] {
        let shop = Counter::new();
        let (till, _) = refused_sale(&shop);
        shop.says(state, 1).pays();
        accepted(again(&till));
        assert_eq!(
            (shop.names(), shop.states()),
            (vec!["orderquery".into(), "micropay".into()], vec!["unpaid", "paid"])
        );
    }
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    shop.fails("ORDERNOTEXIST").pays();
    accepted(again(&till));
    assert_eq!(shop.states(), ["unproven", "paid"]);

    let shop = Counter::new();
    let (till, number) = refused_sale(&shop);
    shop.says("SUCCESS", 1);
    paid_late(again(&till));
    assert_eq!((codes(&shop).len(), shop.states()), (0, vec!["late"]));
    // It is kept by an act of its own.
    shop.pass(1);
    shop.says("SUCCESS", 1);
    accepted(till.accept_late(&number));
    accepted(again(&till));

    for silent in [true, false] {
        let shop = Counter::new();
        let (till, _) = refused_sale(&shop);
        if silent {
            shop.answers_nothing()
        } else {
            shop.fails("SYSTEMERROR")
        };
        let doubt = unknown(till.pay_with("sale 1", &micro_pay(ANOTHER), &at_once()));
        assert_eq!((doubt.reason, codes(&shop).len()), (Reason::Unconfirmed, 0), "{doubt}");
        assert_eq!(shop.states(), ["unproven"]);
    }
    // It was tried, and called failed: a person looks.
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    shop.says("PAYERROR", 1);
    assert_eq!(unknown(again(&till)).reason, Reason::ForAPerson);
    // A state that is neither: no number, and it is taken back after a minute of it.
    let shop = Counter::new();
    let (till, number) = refused_sale(&shop);
    shop.says("NOTPAY", 1);
    assert_eq!(unknown(till.pay_with("sale 1", &micro_pay(ANOTHER), &at_once())).reason, Reason::NeedsReversal);
    shop.pass(60);
    shop.says("NOTPAY", 1).reverses().says("REVOKED", 1);
    declined(till.reverse(&number));
    assert_eq!(shop.states(), ["unpaid"]);
}

/// The last answer counts: "not found", and then a customer who types, lets no number begin.
#[test]
fn a_refusal_that_was_confirmed_and_contradicted() {
    let shop = Counter::new();
    let (till, number) = refused_sale(&shop);
    shop.fails("ORDERNOTEXIST");
    declined(till.payment_of(&number));
    shop.pass(1);
    shop.says("USERPAYING", 1);
    unknown(till.payment_of(&number));
    shop.pass(1);
    shop.says("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &micro_pay(ANOTHER), &at_once()));
    assert_eq!((codes(&shop).len(), shop.left()), (0, 0));
}

/// What the query knew once, "not found" confirms no more: another number waits, and after a day a person looks (POS flows 20.17).
#[test]
fn a_refusal_that_was_known_is_not_confirmed() {
    let shop = Counter::new();
    let (till, number) = refused_sale(&shop);
    shop.says("USERPAYING", 1);
    unknown(till.payment_of(&number));
    for seconds in [60, 86_400 - 60, 86_400] {
        shop.pass(seconds);
        shop.fails("ORDERNOTEXIST");
        unknown(again(&till));
        assert_eq!((codes(&shop).len(), shop.left()), (0, 0));
    }
    assert_eq!(shop.states(), ["for a person"]);
}

/// What was told as refused, and is paid, is late money, also where it was to be taken back: it is told (ruling 1).
#[test]
fn a_refusal_that_is_taken_back_without_effect() {
    let shop = Counter::new();
    let (till, number) = refused_sale(&shop);
    shop.says("USERPAYING", 1);
    unknown(till.reverse_with(&number, &at_once()));
    shop.pass(60);
    shop.says("USERPAYING", 1).reverses().says("SUCCESS", 1);
    let options = at_once().reversals(Reversals::Open);
    let report = till.recover_with(&options.patience(Duration::from_secs(1))).unwrap();
    assert!(matches!(report[0].outcome, Outcome::PaidLate(_)), "{report:?}");
    // Money that was to go back is not kept.
    refused(till.accept_late(&number), "order_number");
}

/// Ruling 6: a code is fresh for 30 s. Where the first number's end is proven later, the customer's code is scanned again.
#[test]
fn a_stale_code_begins_no_number() {
    // Refused, contradicted for a minute, taken back: this took longer than the code lives.
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    shop.says("USERPAYING", 9).reverses().says("REVOKED", 1);
    declined(again(&till));
    assert_eq!((codes(&shop).len(), shop.left(), shop.states()), (0, 0, vec!["unpaid"]));
    shop.pays();
    accepted(again(&till));

    // A QR that could not be closed for half a minute: what ended is told.
    let shop = Counter::new();
    let till = shop.till();
    shop.then(|_| order_made("NATIVE", &[]));
    is_ordered(till.order("sale 1", &native_order("")));
    shop.forget();
    shop.then(|_| wxpay_signed(SignType::Md5, &[])).says("NOTPAY", 12).says("CLOSED", 1);
    assert_eq!(declined(scan(&till)).code, "CLOSED");
    assert_eq!((codes(&shop).len(), shop.left(), shop.states()), (0, 0, vec!["unpaid"]));
    shop.pays();
    accepted(scan(&till));
}

/// The same of each number that was refused, not of the newest alone: the first one may have been charged all the same.
#[test]
fn each_refusal_is_confirmed_before_another_number() {
    let shop = Counter::new();
    let (till, first) = refused_sale(&shop);
    shop.fails("ORDERNOTEXIST").fails("NOTENOUGH").fails("ORDERNOTEXIST");
    declined(again(&till));
    shop.pass(60);
    shop.forget();
    shop.fails("ORDERNOTEXIST").says("SUCCESS", 1);
    paid_late(again(&till));
    let asked: Vec<String> = shop.sent().iter().map(|sent| xml_value(&sent.body, "out_trade_no").unwrap()).collect();
    assert_eq!((asked.len(), &asked[1]), (2, &first));
    assert_eq!((codes(&shop).len(), shop.states()), (0, vec!["late", "unproven"]));
}

/// `recover` asks for a refusal without proof after a minute, then less and less often, whoever acted on it; after a day it is over.
#[test]
fn recover_asks_about_refusals() {
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    let entry = shop.journal.all().remove(0);
    till.acknowledge(entry.version()).unwrap();
    assert!(till.recover(Duration::from_secs(5)).unwrap().is_empty());
    let mut asked = Vec::new();
    for minute in 1..=30 * 60_u64 {
        shop.pass(60);
        let before = shop.names().len();
        shop.fails("ORDERNOTEXIST");
        assert!(till.recover(Duration::from_secs(5)).unwrap().is_empty());
        if shop.names().len() > before {
            asked.push(minute);
        }
        shop.keep_answers(0);
    }
    assert_eq!(asked[..6], [1, 2, 4, 8, 16, 32], "{asked:?}");
    assert!(asked.len() < 16, "{asked:?}");
    assert_eq!(shop.states(), ["unpaid"]);
    let now = shop.journal.all().remove(0);
    assert!(now.acknowledged_at.is_some(), "nothing changed for whoever acted on it");
    let Settled { code, next } = settled(&now);
    assert_eq!((code.as_str(), next), ("NOTENOUGH", Next::NewNumber));

    // Late money is reported again.
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    till.acknowledge(shop.journal.all()[0].version()).unwrap();
    shop.pass(60);
    shop.says("SUCCESS", 1);
    let report = till.recover(Duration::from_secs(5)).unwrap();
    assert!(matches!(report[0].outcome, Outcome::PaidLate(_)), "{report:?}");
    // And after a restart.
    let shop = Counter::new();
    refused_sale(&shop);
    let till = shop.till();
    shop.says("REVOKED", 1);
    let report = till.recover(Duration::from_secs(5)).unwrap();
    assert!(matches!(&report[0].outcome, Outcome::Declined(refusal) if refusal.code == "REVOKED"), "{report:?}");
}

/// A battery-less board boots with the clock of its last shutdown: what it begins is no older than its own time says.
#[test]
fn a_slow_clock_makes_no_payment_old() {
    let shop = Counter::new();
    shop.time.jump(-46 * 86_400);
    shop.fails("USERPAYING").says("PAYERROR", 1).reverses().says("REVOKED", 1);
    assert_eq!(declined(scan(&shop.till())).code, "REVOKED");
    // Nor a refusal without proof: it is asked about for a day.
    let shop = Counter::new();
    shop.time.jump(-46 * 86_400);
    let (till, _) = refused_sale(&shop);
    shop.pass(60);
    shop.fails("ORDERNOTEXIST");
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["unproven"]);
    shop.pass(600);
    shop.says("SUCCESS", 1);
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["late"]);
}

/// Also after a restart: the day of a refusal counts from when it was written, and the gateway had told the time by then.
#[test]
fn a_slow_clock_ends_no_refusal_of_another_process() {
    let shop = Counter::new();
    shop.time.jump(-5 * 86_400);
    refused_sale(&shop);
    for (hours, state) in [(1, "unproven"), (22, "unproven"), (1, "unpaid")] {
        shop.pass(hours * 3_600);
        shop.fails("ORDERNOTEXIST");
        shop.till().recover(Duration::from_millis(900)).unwrap();
        assert_eq!(shop.states(), [state]);
    }
}

/// What was begun under a clock that was months ahead is as old as the process that asks about it, at least; whether the query still
/// covers it nobody knows, so a person looks.
#[test]
fn a_fast_clock_makes_no_refusal_last_for_ever() {
    let shop = Counter::new();
    shop.time.jump(76 * 86_400);
    refused_sale(&shop);
    shop.time.jump(-76 * 86_400);
    let till = shop.till();
    for (hours, state) in [(23, "unproven"), (1, "for a person")] {
        shop.pass(hours * 3_600);
        shop.fails("ORDERNOTEXIST");
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), [state]);
    }
}

/// orderquery looks back 30 days (POS flows 20.17): of what is older it knows nothing, charged or not. A person looks.
#[test]
fn what_the_query_forgot_is_not_unpaid() {
    for (days, ends) in [(29, "unproven"), (31, "for a person")] {
        // The customer paid, and the power went before the answer came.
        let shop = Counter::new();
        shop.is_silent().answers_nothing();
        unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &at_once()));
        shop.time.off(Duration::from_secs(days * 86_400));
        let till = shop.till();
        for _ in 0..2 {
            shop.pass(300);
            shop.fails("ORDERNOTEXIST");
            till.recover(Duration::from_millis(900)).unwrap();
        }
        assert_eq!(shop.states(), [ends], "{days} days");
    }
    for (days, ends) in [(29, "unpaid"), (31, "for a person")] {
        let shop = Counter::new();
        refused_sale(&shop);
        shop.time.off(Duration::from_secs(days * 86_400));
        shop.fails("ORDERNOTEXIST");
        shop.till().recover(Duration::from_millis(900)).unwrap();
        assert_eq!(shop.states(), [ends], "{days} days");
    }
}

/// A clock in 2099 or 1970 stored when it was sent: perhaps the query forgot it. It is not called unpaid; after a day a person looks.
#[test]
fn not_found_of_unknown_age() {
    for (years, refused) in [(73, false), (-56, false), (73, true), (-56, true), (0, false)] {
        let shop = Counter::new();
        // The clock of a board stands while it is off: where no gateway tells the time, nobody knows for how long it was.
        if years == 0 {
            shop.tells_no_time();
        }
        shop.time.jump(years * 365 * 86_400);
        // Also where it was refused, and nobody could ask.
        if refused { shop.fails("NOTENOUGH") } else { shop.is_silent() }.answers_nothing();
        unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &at_once()));
        shop.time.jump(-years * 365 * 86_400);
        let till = shop.till();
        let number = shop.journal.all()[0].order_number.clone();
        for (seconds, state) in [(300, "open"), (60, "open"), (86_400, "for a person")] {
            shop.pass(seconds);
            shop.fails("ORDERNOTEXIST");
            let doubt = unknown(till.payment_of(&number));
            assert!(doubt.text.contains("nobody knows how old it is"), "{doubt}");
            assert_eq!(shop.states(), [state], "{years}");
        }
    }
}

/// POS flows 20.17: known, and then not found for 24 h: a person looks. An answer in between begins that anew.
#[test]
fn what_was_known_and_is_not_found() {
    let shop = Counter::new();
    let till = open(&shop);
    let number = shop.journal.all()[0].order_number.clone();
    for (hours, answer) in [(1, ""), (20, ""), (2, "USERPAYING"), (3, ""), (23, "")] {
        shop.pass(hours * 3_600);
        match answer {
            "" => shop.fails("ORDERNOTEXIST"),
            state => shop.says(state, 1),
        };
        unknown(till.payment_of(&number));
        assert_eq!(shop.states(), ["open"]);
    }
    shop.pass(3_600);
    shop.fails("ORDERNOTEXIST");
    let doubt = unknown(till.payment_of(&number));
    assert!(doubt.reason == Reason::ForAPerson && doubt.text.contains("does not know it now"), "{doubt}");
    // The gateway may still say what became of it.
    shop.pass(60);
    shop.says("REVOKED", 1);
    declined(till.payment_of(&number));
}

/// A refusal that nobody asked about since does not go with the old entries: money may lie under it.
#[test]
fn a_refusal_without_proof_is_not_pruned() {
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    till.acknowledge(shop.journal.all()[0].version()).unwrap();
    shop.pass(29 * 86_400);
    shop.pays();
    accepted(till.pay("sale 2", &micro_pay(ANOTHER)));
    shop.pass(3 * 86_400);
    assert_eq!((till.prune(Duration::ZERO).unwrap(), shop.states()), (0, vec!["unproven", "paid"]));
}

/// The same process asks after a month; that the journal failed to begin another sale meanwhile makes the refusal no younger.
#[test]
fn a_journal_that_failed_makes_nothing_younger() {
    let shop = Counter::new();
    let (till, _) = refused_sale(&shop);
    shop.pass(31 * 86_400);
    shop.journal.fail_in(2);
    refused(till.pay("sale 2", &micro_pay(ANOTHER)), "journal");
    shop.fails("ORDERNOTEXIST");
    till.recover(Duration::from_millis(900)).unwrap();
    assert_eq!(shop.states(), ["for a person"]);
}

struct Settled {
    code: String,
    next: Next,
}

fn settled(entry: &Entry) -> Settled {
    match &entry.state {
        EntryState::Recorded(Settlement::Declined { code, next, .. }) => Settled { code: code.clone(), next: *next },
        other => panic!("{other:?}"),
    }
}

/// "Stop" binds this call and this account, not the sale (POS flows 20.8).
#[test]
fn a_merchant_without_the_permission_sells_by_qr() {
    let shop = Counter::new();
    let till = shop.till();
    shop.fails("NOAUTH").fails("ORDERNOTEXIST");
    assert_eq!(declined(scan(&till)).next, Next::Stop);
    assert_eq!(declined(again(&till)).code, "NOAUTH");
    shop.fails("ORDERNOTEXIST").then(|_| order_made("NATIVE", &[]));
    is_ordered(till.order("sale 1", &native_order("")));
    assert_eq!(shop.states(), ["unproven", "ordered"]);
}

/// Two ways to pay one sale are never open together: the code is taken back before the QR is made, the QR closed before the code.
#[test]
fn another_method_ends_the_first() {
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("USERPAYING", 1).reverses().says("REVOKED", 1).then(|_| order_made("NATIVE", &[]));
    is_ordered(till.order("sale 1", &native_order("")));
    assert_eq!(shop.names(), ["orderquery", "reverse", "orderquery", "unifiedorder"]);
    shop.forget();
    shop.then(|_| wxpay_signed(SignType::Md5, &[])).says("CLOSED", 1).pays();
    accepted(scan(&till));
    assert_eq!(shop.names(), ["closeorder", "orderquery", "micropay"]);
    assert_eq!(shop.states(), ["unpaid", "unpaid", "paid"]);
    // It was paid by the code meanwhile: no QR.
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("SUCCESS", 1);
    refused(till.order("sale 1", &native_order("")), "intent");
    // Nobody can say: no QR.
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("USERPAYING", 1);
    for _ in 0..20 {
        shop.fails("USERPAYING").says("USERPAYING", 1);
    }
    unknown(till.order("sale 1", &native_order("")));
    assert_eq!(shop.names().iter().filter(|call| *call == "unifiedorder").count(), 0);
}

/// POS flows 13: what is surely no code of WeChat is not sent, with the wallet's name. A scanner's blanks go.
#[test]
fn what_is_no_code() {
    let shop = Counter::new();
    let till = shop.till();
    for (code, words) in [
        ("283456789012345678", "Alipay (支付宝)"),
        ("2534567890123456", "Alipay (支付宝)"),
        ("301234567890123456789012", "Alipay (支付宝)"),
        ("6212345678901234567", "UnionPay (云闪付)"),
        ("120061098828009406120061098828009406", "scanned twice"),
        ("120061098828009", "shorter than 16"),
        ("12006109882800940612006109882800940", "longer than 32"),
        ("12006109882800940a", "digits only"),
        ("120061 098828009406", "digits only"),
        ("https://qr.alipay.com/x", "digits only"),
        ("", "required"),
    ] {
        let error = refused(till.pay("sale 1", &micro_pay(code)), "auth_code");
        assert!(error.rule().contains(words), "{code}: {error}");
        assert!(code.is_empty() || !error.to_string().contains(code), "{error}");
    }
    assert!(shop.journal.all().is_empty() && shop.names().is_empty());
    // A code of a face may begin otherwise.
    for (at, code) in
        ["120061098828009406\r\n", "\t 120061098828009406 ", "8812345678901234567"].into_iter().enumerate()
    {
        shop.pays();
        accepted(till.pay(&format!("sale {at}"), &micro_pay(code)));
        assert_eq!(codes(&shop).last().map(String::as_str), Some(code.trim()));
    }
    refused(till.pay("sale 9", &MicroPay { total_fee: fen(0), ..micro_pay(CODE) }), "total_fee");
    let narrow = shop.till_of(wxpay_account().amounts(fen(1), fen(800)).unwrap());
    refused(narrow.pay("sale 9", &micro_pay(CODE)), "total_fee");
}

/// Ruling 7: without a usable certificate no code is taken, unless the account says so. What is open is asked about all the same.
#[test]
fn a_terminal_without_a_certificate() {
    let other = |valid| ClientCertificate::Some { common_name: MCH_ID.into(), valid };
    for certificate in [
        ClientCertificate::None,
        other((0, NOW - 86_400)),
        ClientCertificate::Some { common_name: "1900000110".into(), valid: (0, i64::MAX) },
    ] {
        let shop = Counter::new();
        shop.certificate(certificate.clone());
        let error = refused(scan(&shop.till()), "identity");
        assert_eq!((error.kind(), shop.journal.all().len()), (ErrorKind::Identity, 0));
        shop.pays();
        accepted(scan(&shop.till_of(wxpay_account().without_certificate())));
        // It was sent before the certificate expired.
        let shop = Counter::new();
        let till = open(&shop);
        shop.certificate(certificate);
        shop.says("SUCCESS", 1);
        accepted(again(&till));
    }
    // It cannot be taken back: the entry stays, and the words name the certificate.
    let shop = Counter::new();
    let till = open(&shop);
    shop.certificate(ClientCertificate::None);
    shop.says("PAYERROR", 1).says("PAYERROR", 1);
    let doubt = unknown(till.reverse(&shop.journal.all()[0].order_number));
    assert_eq!(doubt.reason, Reason::NeedsReversal);
    assert!(doubt.text.contains("certificate"), "{doubt}");
    assert_eq!(shop.states(), ["open"]);
}

/// Who says that nothing can be taken back waits for WeChat's own revocation, and after a day a person looks (POS flows 14).
#[test]
fn without_reversals() {
    let shop = Counter::new();
    shop.certificate(ClientCertificate::None);
    let till = shop.till_of(wxpay_account().without_certificate());
    shop.fails("USERPAYING").says("USERPAYING", 15).says("REVOKED", 1);
    assert_eq!(declined(scan(&till)).code, "REVOKED");
    let shop = Counter::new();
    shop.certificate(ClientCertificate::None);
    let till = shop.till_of(wxpay_account().without_certificate());
    shop.fails("USERPAYING").says("PAYERROR", 40);
    assert_eq!(unknown(scan(&till)).reason, Reason::NeedsReversal);
    assert!(!shop.names().contains(&"reverse".to_string()));
    shop.forget();
    shop.pass(86_400);
    shop.says("PAYERROR", 1);
    let number = shop.journal.all()[0].order_number.clone();
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson);
    // It is asked about at each recover, and the gateway may still say what became of it.
    shop.pass(60);
    shop.says("PAYERROR", 1);
    assert_eq!(doubt_of(&till.recover(Duration::from_secs(1)).unwrap()[0]).unwrap().reason, Reason::ForAPerson);
    shop.pass(60);
    shop.says("SUCCESS", 1);
    let report = till.recover(Duration::from_secs(1)).unwrap();
    assert!(matches!(report[0].outcome, Outcome::PaidLate(_)), "{report:?}");
}

/// POS flows 3.7: a person says "paid" of a sale that is being taken back: not before the last reversal is surely over, and late.
#[test]
fn a_person_and_a_reversal() {
    let shop = Counter::new();
    let till = open(&shop);
    shop.says("PAYERROR", 1).fails("SIGNERROR").says("SUCCESS", 1);
    let entry = shop.journal.all().remove(0);
    unknown(till.reverse_with(&entry.order_number, &at_once()));
    assert!(till.settle_by_hand(entry.id, true, "n", "r").is_err());
    shop.pass(300);
    till.settle_by_hand(entry.id, true, "n", "r").unwrap();
    assert_eq!(shop.states(), ["late"]);
    // Unpaid: a person may say that.
    let shop = Counter::new();
    let till = open(&shop);
    let entry = shop.journal.all().remove(0);
    till.settle_by_hand(entry.id, false, "n", "r").unwrap();
    refused(till.reverse("202611210000000000"), "order_number");
}

/// POS flows 20.17: the query looks back 30 days; past that it says nothing of a payment, and somebody may have been charged. What it
/// knew and does not know for a day is for a person, too.
#[test]
fn not_found_is_no_end_past_the_look_back() {
    let at_last = |seconds: u64| {
        let shop = Counter::new();
        let till = open(&shop);
        shop.pass(seconds);
        shop.fails("ORDERNOTEXIST");
        till.recover(Duration::from_millis(900)).unwrap();
        shop.pass(86_400);
        shop.fails("ORDERNOTEXIST");
        till.recover(Duration::from_millis(900)).unwrap();
        shop.states()
    };
    assert_eq!(at_last(60), ["for a person"]);
    // A submit whose answer was lost, and a till that was dark for a month.
    for (days, state) in [(29, "unproven"), (30, "for a person")] {
        let shop = Counter::new();
        shop.is_silent().answers_nothing();
        unknown(shop.till().pay_with("sale 1", &micro_pay(CODE), &at_once()));
        shop.pass(days * 86_400);
        let till = shop.till();
        for seconds in [300, 60] {
            shop.pass(seconds);
            shop.forget();
            shop.fails("ORDERNOTEXIST");
            till.recover(Duration::from_millis(900)).unwrap();
        }
        assert_eq!(shop.states(), [state], "{days}");
    }
}

/// A clock that was behind when the sale began makes it no older: this process knows by its own time.
#[test]
fn a_slow_clock_makes_no_sale_old() {
    let slow = || {
        let shop = Counter::new();
        shop.time.jump(-40 * 86_400);
        shop
    };
    let shop = slow();
    let (till, _) = refused_sale(&shop);
    shop.pass(61);
    shop.fails("ORDERNOTEXIST");
    till.recover(Duration::from_secs(1)).unwrap();
    assert_eq!((shop.left(), shop.states()), (0, vec!["unproven"]));

    let shop = slow();
    let till = open(&shop);
    shop.pass(50);
    shop.says("USERPAYING", 1).reverses().says("REVOKED", 1);
    declined(till.reverse(&shop.journal.all()[0].order_number));
    assert!(shop.names().contains(&"reverse".into()), "{:?}", shop.names());
}

/// Another amount under this number is for a person.
#[test]
fn what_only_a_person_can_tell() {
    let shop = Counter::new();
    let till = open(&shop);
    shop.then(|number| order_state("SUCCESS", number, &[("total_fee", "889")]));
    let number = shop.journal.all()[0].order_number.clone();
    assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson);
    // REVOKED of another order, or of none, ends nothing.
    let shop = Counter::new();
    let till = open(&shop);
    shop.then(|_| order_state("REVOKED", "", &[("out_trade_no", "")]));
    unknown(till.payment_of(&shop.journal.all()[0].order_number));
    assert_eq!(shop.states(), ["open"]);
}
