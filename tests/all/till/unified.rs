//! Payment codes of any wallet at a gateway of Swiftpass's type, in the till: one test a rule. Codes, waits and ends are the documents'
//! (protocol C; POS flows 3, 9, 20), not the table's.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::{CancelsAt, Counter};
use crate::support::unified::*;
use crate::support::*;
use crate::till::counter_gateway::{Speaks, Wechat};

/// Protocol C.5, POS flows 3.3 and 9: with `need_query` N these end a payment.
const DEFINITE: [(&str, Next); 20] = [
    ("AUTHCODEEXPIRE", Next::NewNumber),
    ("AUTHCODE_EXPIRE", Next::NewNumber),
    ("AUTH_CODE_ERROR", Next::NewNumber),
    ("AUTH_CODE_INVALID", Next::NewNumber),
    ("Auth code invalid", Next::NewNumber),
    ("NOTENOUGH", Next::NewNumber),
    ("BALANCE_NOT_ENOUGH", Next::NewNumber),
    ("NOTSUPORTCARD", Next::NewNumber),
    ("NOTSUPPORTCARD", Next::NewNumber),
    ("BUYER_MISMATCH", Next::NewNumber),
    ("ACCOUNTERROR", Next::NewNumber),
    ("NOAUTH", Next::Stop),
    ("Auth valid fail", Next::Stop),
    ("PARAM_ERROR", Next::NewNumber),
    ("SIGNERROR", Next::NewNumber),
    ("Signature error", Next::NewNumber),
    ("valid sign fail", Next::NewNumber),
    ("valid flow fail", Next::NewNumber),
    ("total_fee:Invalid", Next::NewNumber),
    ("total_fee:Must be greater or equal to [1]", Next::NewNumber),
];

/// They speak of an order under this number, of a gateway that lost its way, or are in no table.
const OPEN: [&str; 19] = [
    "SYSTEMERROR",
    "BANKERROR",
    "Internal error",
    "transaction internal error",
    "USERPAYING",
    "USER_PAYING",
    "ORDER_SUCCESS_PAY_INPROCESS",
    "ORDERPAID",
    "Order paid",
    "ORDERCLOSED",
    "ORDERREVERSED",
    "ORDERISEXIST",
    "ORDERSTATUSERROR",
    "OUT_TRADE_NO_USED",
    "INVALID_REQUEST",
    "Order not exists",
    "REFUND_FEE_INVALID",
    "refundInfo is exists",
    "A code of tomorrow",
];
/// One question, then the reversal (POS flows 3.3).
const ASKED_ONCE: [&str; 4] = ["TRADE_ERROR", "RULELIMIT", "ERROR", "FREQUENCY_LIMITED"];
/// What else may stand beside a code.
const NEEDS: [&str; 3] = ["N", "Y", ""];

fn left(shop: &Counter) -> Vec<(u64, String)> {
    shop.calls()
}

#[track_caller]
fn left_as(shop: &Counter, expected: &[(u64, &str)]) {
    let calls = left(shop);
    let calls: Vec<_> = calls.iter().map(|(at, call)| (*at, call.as_str())).collect();
    assert_eq!(calls, expected);
}

/// One question, whatever comes.
fn once<'a>() -> Options<'a> {
    Options::new().patience(Duration::ZERO)
}

fn number_of(shop: &Counter) -> String {
    shop.journal.all()[0].order_number.clone()
}

/// WeChat, Alipay, UnionPay, QQ, JD: one call, and the gateway finds the wallet (POS flows 9, 13).
#[test]
fn a_customer_pays_with_any_wallet() {
    for (code, wallet) in [
        (WECHATS, "pay.weixin.micropay"),
        (ALIPAYS, "pay.alipay.micropay"),
        ("2800000000000000", "pay.alipay.micropay"),
        ("300000000000000000000001", "pay.alipay.micropay"),
        ("6200000000000000001", "pay.unionpay.micropay"),
        ("910000000000000001", "pay.qq.micropay"),
        ("180000000000000001", "pay.jdpay.micropay"),
        (" 180000000000000001\r\n", "pay.jdpay.micropay"),
    ] {
        let shop = Counter::new();
        shop.then(move |number| by_code_paid(number, &[("trade_type", wallet)]));
        let till = shop.unified();
        let Evidence::Reply(paid) = accepted(scan_of(&till, code)).evidence else { panic!("it was seen just now") };
        assert_eq!((paid.transaction_id.as_str(), paid.trade_type.as_deref()), (PAID_AS, Some(wallet)));
        let sent = &shop.sent()[0];
        assert!(sent.own_connection && sent.url == "https://gateway.example/pay/gateway");
        let value = |name| xml_value(&sent.body, name).unwrap();
        assert_eq!((value("service"), value("mch_id")), (PAY.into(), SWIFTPASS_MCH_ID.into()));
        assert_eq!((value("auth_code"), value("total_fee")), (code.trim().into(), "888".into()));
        assert_eq!(value("device_info"), "013467007045764");
        let fields = xml_fields(&sent.body);
        let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(value("sign"), openssl_md5(&pairs, SWIFTPASS_KEY));
        // Scanned again: the recorded payment. And the code is nowhere.
        accepted(scan_of(&till, WECHATS));
        assert_eq!((shop.names().len(), shop.states()), (1, vec!["paid"]));
        assert!(!format!("{:?}", shop.journal.all()).contains(code.trim()));
    }
}

/// Protocol C.4.3; POS flows 9: result_code 0 alone is not paid, nor is a success that names another order, another amount or none.
#[test]
fn a_success_needs_pay_result_0() {
    for change in [
        ("pay_result", "1"),
        ("pay_result", "-1"),
        ("pay_result", "SUCCESS"),
        ("pay_result", "00"),
        ("pay_result", ""),
        ("transaction_id", ""),
        ("out_trade_no", "20261121OTHERORDER"),
        ("out_trade_no", ""),
        ("total_fee", "887"),
        ("total_fee", ""),
        ("mch_id", "7551000002"),
        ("err_code", "SYSTEMERROR"),
    ] {
        for (state, ends) in [("SUCCESS", "paid"), ("CLOSED", "unpaid")] {
            let shop = Counter::new();
            shop.then(move |number| by_code_paid(number, &[change])).trade(state, 1);
            let _ = scan_of(&shop.unified(), WECHATS).unwrap();
            assert_eq!(shop.states(), [ends], "{change:?}");
            left_as(&shop, &[(0, PAY), (1, ASK)]);
        }
    }
    // Nor one that is not signed, or with another key.
    let unsigned: [fn(&str) -> String; 2] = [
        |number| by_code_paid(number, &[]).replace("<sign>", "<sing>").replace("</sign>", "</sing>"),
        |number| by_code_paid(number, &[]).replace("20261121120000", "20261121120001"),
    ];
    for reply in unsigned {
        let shop = Counter::new();
        shop.then(reply).trade("SUCCESS", 1);
        accepted(scan_of(&shop.unified(), WECHATS));
    }
    // SUCCESS is another spelling of 0 (protocol C.4.5).
    let shop = Counter::new();
    shop.then(|number| by_code_paid(number, &[("result_code", "SUCCESS")]));
    accepted(scan_of(&shop.unified(), WECHATS));
}

/// With `need_query` N, and a code of the table, on the first send: refused; asked once, at once; "not found" confirms it without proof.
#[test]
fn a_definite_refusal_wants_a_second_witness() {
    for (code, next) in DEFINITE {
        for unknown in ["ORDERNOTEXIST", "Order not exists", "ACQ.TRADE_NOT_EXIST"] {
            let shop = Counter::new();
            shop.refuses(code, "N").says_no(unknown);
            let refusal = declined(scan_of(&shop.unified(), WECHATS));
            assert_eq!((refusal.code.as_str(), refusal.next), (code, next));
            left_as(&shop, &[(0, PAY), (0, ASK)]);
            assert_eq!(shop.states(), ["unproven"], "{code}");
        }
        for (state, then) in [("REVERSE", "unpaid"), ("REVOKED", "unpaid"), ("CLOSED", "unpaid"), ("SUCCESS", "paid")] {
            let shop = Counter::new();
            shop.refuses(code, "N").trade(state, 1);
            let _ = scan_of(&shop.unified(), WECHATS).unwrap();
            assert_eq!(shop.states(), [then], "{code}, {state}");
        }
    }
    // Contradicted: the customer types, or it is taken back.
    let shop = Counter::new();
    shop.refuses("NOTENOUGH", "N").trade("USERPAYING", 2).trade("SUCCESS", 1);
    accepted(scan_of(&shop.unified(), WECHATS));
    for state in ["NOTPAY", "PAYERROR", "WORD"] {
        let shop = Counter::new();
        shop.refuses("NOTENOUGH", "N").trade(state, 1).agrees().trade("REVERSE", 1);
        assert_eq!(declined(scan_of(&shop.unified(), WECHATS)).code, "REVERSE");
        left_as(&shop, &[(0, PAY), (0, ASK), (15, REVERSE), (16, ASK)]);
    }
}

/// Y, or nothing, asks for the query (protocol C.4.4): whatever the code, nothing is refused, and "not found" confirms nothing; nor after
/// a power cut.
#[test]
fn a_refusal_without_need_query_n_is_none() {
    for need in ["Y", "", "n", "0"] {
        for (code, _) in DEFINITE {
            let shop = Counter::new();
            let till = shop.unified();
            shop.refuses(code, need).trade("NOTPAY", 1).trade("SUCCESS", 1);
            accepted(scan_of(&till, WECHATS));
            left_as(&shop, &[(0, PAY), (1, ASK), (4, ASK)]);

            let shop = Counter::new();
            shop.refuses(code, need).says_no("ORDERNOTEXIST");
            unknown(shop.unified().pay_with("sale 1", &by_code(WECHATS), &once()));
            assert_eq!(shop.states(), ["open"], "{code} with {need:?}");
            for _ in 0..2 {
                let till = shop.unified();
                shop.pass(60);
                shop.says_no("ORDERNOTEXIST");
                let doubt = unknown(till.payment_of_with(&number_of(&shop), &once()));
                assert_eq!(shop.states(), ["open"], "{code} with {need:?}, after a power cut");
                // What the gateway said last is told, with a mark.
                assert_eq!(doubt.last.unwrap().code, format!("{code}?"));
            }
        }
    }
}

/// An open code is asked about, also where N stands beside it: after 1 s, after USERPAYING after 5 s; then every 3 s.
#[test]
fn an_open_code_is_asked_about() {
    for code in OPEN {
        for need in NEEDS {
            let shop = Counter::new();
            shop.refuses(code, need).trade("NOTPAY", 1).trade("SUCCESS", 1);
            accepted(scan_of(&shop.unified(), WECHATS));
            let first = if code.starts_with("USER") { 5 } else { 1 };
            left_as(&shop, &[(0, PAY), (first, ASK), (first + 3, ASK)]);
            // Nothing ends by "not found" either.
            let shop = Counter::new();
            shop.refuses(code, need).says_no("Order not exists");
            unknown(shop.unified().pay_with("sale 1", &by_code(WECHATS), &once()));
            assert_eq!(shop.states(), ["open"], "{code}");
        }
    }
    for code in ASKED_ONCE {
        for state in ["NOTPAY", "PAYERROR", "WORD"] {
            let shop = Counter::new();
            shop.refuses(code, "N").trade(state, 1).agrees().trade("REVOKED", 1);
            assert_eq!(declined(scan_of(&shop.unified(), WECHATS)).code, "REVOKED");
            left_as(&shop, &[(0, PAY), (1, ASK), (15, REVERSE), (16, ASK)]);
        }
        let shop = Counter::new();
        shop.refuses(code, "Y").trade("USERPAYING", 3).trade("SUCCESS", 1);
        accepted(scan_of(&shop.unified(), WECHATS));
    }
}

/// Protocol C.4.1: `status` that is not 0 is not signed and proves nothing, whatever else it says.
#[test]
fn an_unsigned_refusal_is_none() {
    for message in ["Signature error", "Parse xml error,please use UTF-8 encoded", "Require POST method"] {
        let shop = Counter::new();
        let more = [("status", "400"), ("message", message), ("err_code", "NOTENOUGH"), ("need_query", "N")];
        shop.then(move |_| reply(&more)).trade("NOTPAY", 1).trade("SUCCESS", 1);
        accepted(scan_of(&shop.unified(), WECHATS));
        left_as(&shop, &[(0, PAY), (1, ASK), (4, ASK)]);
    }
}

/// The poll is of 60 s here (POS flows 9); then it is taken back, 5 s apart: not every wallet revokes by itself.
#[test]
fn a_silent_customer() {
    let shop = Counter::new();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 20);
    shop.agrees().trade("USERPAYING", 1).agrees().trade("NOTPAY", 1).agrees().trade("REVERSE", 1);
    let refusal = declined(scan_of(&shop.unified(), ALIPAYS));
    assert_eq!((refusal.code.as_str(), refusal.next), ("REVERSE", Next::NewNumber));
    let calls = left(&shop);
    let asked: Vec<u64> = calls.iter().filter(|(_, call)| call == ASK).map(|(at, _)| *at).collect();
    assert_eq!(asked[..20], [5, 8, 11, 14, 17, 20, 23, 26, 29, 32, 35, 38, 41, 44, 47, 50, 53, 56, 59, 60]);
    let reversed: Vec<u64> = calls.iter().filter(|(_, call)| call == REVERSE).map(|(at, _)| *at).collect();
    assert_eq!((reversed, shop.left()), (vec![60, 65, 70], 0));
    assert_eq!(shop.journal.all()[0].reversals, 3);
}

/// PAYERROR is not "not paid" (ruling 3): it is taken back at 15 s. REVERSE, REVOKED and CLOSED are the end.
#[test]
fn a_customer_who_closes_the_dialog() {
    for end in ["REVERSE", "REVOKED", "CLOSED"] {
        let shop = Counter::new();
        shop.refuses("USERPAYING", "Y").trade("PAYERROR", 1).agrees().trade(end, 1);
        assert_eq!(declined(scan_of(&shop.unified(), ALIPAYS)).code, end);
        left_as(&shop, &[(0, PAY), (5, ASK), (15, REVERSE), (16, ASK)]);
        assert_eq!(shop.states(), ["unpaid"]);
    }
    // An end that names another amount, or another order, is none.
    for change in [("total_fee", "889"), ("out_trade_no", "20261121OTHERORDER"), ("out_trade_no", "")] {
        let shop = Counter::new();
        shop.refuses("USERPAYING", "Y").then(move |number| trade_is("REVOKED", number, &[change]));
        unknown(shop.unified().pay_with("sale 1", &by_code(ALIPAYS), &once()));
        assert_eq!(shop.states(), ["open"], "{change:?}");
    }
    // The cashier gives up: the duty stays.
    let shop = Counter::new();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1).agrees().trade("REVERSE", 1);
    let watch = CancelsAt::new(Phase::Confirming);
    declined(shop.unified().pay_with("sale 1", &by_code(ALIPAYS), &Options::new().watch(&watch)));
    // Nobody waits for the customer any more: it is asked at once.
    left_as(&shop, &[(0, PAY), (0, ASK), (15, REVERSE), (16, ASK)]);
}

/// Rulings 2 and 4: the reply to a reversal proves nothing; what is being reversed is never accepted. It lasts as long as the patience:
/// 60 s of poll and 30 s.
#[test]
fn a_reversal_without_effect() {
    let shop = Counter::new();
    shop.refuses("USERPAYING", "Y").trade("PAYERROR", 1);
    for _ in 0..15 {
        shop.agrees().trade("SUCCESS", 1);
    }
    assert_eq!(unknown(scan_of(&shop.unified(), ALIPAYS)).reason, Reason::Reversing);
    let calls = left(&shop);
    let reversed: Vec<u64> = calls.iter().filter(|(_, call)| call == REVERSE).map(|(at, _)| *at).collect();
    assert_eq!(reversed, (15..=85).step_by(5).collect::<Vec<_>>());
    let entry = shop.journal.all().remove(0);
    assert_eq!((entry.state.clone(), entry.reversals), (EntryState::Open, 15));
    // Another start of the program only asks, unless it was told otherwise.
    shop.trade("SUCCESS", 1);
    let till = shop.unified();
    let report = till.recover(Duration::from_secs(2)).unwrap();
    assert_eq!(doubt_of(&report[0]).unwrap().reason, Reason::NeedsReversal);
    assert!(till.settle_by_hand(entry.id, true, "n", "r").is_err());
    shop.trade("SUCCESS", 1).agrees().trade("REVERSE", 1);
    let options = Options::new().patience(Duration::from_secs(30)).reversals(Reversals::Begun);
    let report = till.recover_with(&options).unwrap();
    assert!(matches!(&report[0].outcome, Outcome::Declined(refusal) if refusal.code == "REVERSE"), "{report:?}");
}

/// POS flows 9, 20.6: some reverse only what is not yet paid. Refused three times, over five minutes, while the query says paid: late.
#[test]
fn a_reversal_that_is_refused() {
    for (code, late) in [
        ("ORDERSTATUSERROR", true),
        ("TRADE_ERROR", true),
        ("INVALID_REQUEST", true),
        ("Order paid", true),
        ("A code of tomorrow", true),
        ("SYSTEMERROR", false),
        ("Internal error", false),
        ("transaction internal error", false),
        ("USERPAYING", false),
        ("ORDER_SUCCESS_PAY_INPROCESS", false),
        ("ORDERNOTEXIST", false),
        ("Order not exists", false),
        ("ACQ.TRADE_NOT_EXIST", false),
        ("SIGNERROR", false),
        ("Signature error", false),
        ("valid sign fail", false),
        ("PARAM_ERROR", false),
    ] {
        let shop = Counter::new();
        let till = shop.unified();
        shop.refuses("USERPAYING", "Y").trade("PAYERROR", 1);
        for _ in 0..15 {
            shop.says_no(code).trade("SUCCESS", 1);
        }
        unknown(scan_of(&till, ALIPAYS));
        shop.forget();
        shop.pass(300);
        shop.trade("SUCCESS", 1);
        if late {
            paid_late(till.reverse(&number_of(&shop)));
            assert_eq!(shop.states(), ["late"], "{code}");
            refused(till.accept_late(&number_of(&shop)), "order_number");
            continue;
        }
        shop.agrees().trade("REVERSE", 1);
        declined(till.reverse(&number_of(&shop)));
        assert_eq!(shop.states(), ["unpaid"], "{code}");
    }
    // Twice is not three times, and three times within five minutes are not, either.
    let shop = Counter::new();
    let till = shop.unified();
    shop.refuses("USERPAYING", "Y").trade("PAYERROR", 1);
    for _ in 0..2 {
        shop.says_no("TRADE_ERROR").trade("SUCCESS", 1);
    }
    unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &Options::new().patience(Duration::from_secs(20))));
    shop.forget();
    shop.pass(300);
    shop.trade("SUCCESS", 1).agrees().trade("REVERSE", 1);
    declined(till.reverse(&number_of(&shop)));
}

/// A submit that was lost: "not found" in each of its spellings ends it after the window of these gateways, 20 minutes, which is more than
/// the five of POS flows 3.4; twice, a minute apart. The reversal went once.
#[test]
fn a_submit_that_was_lost() {
    for spelling in ["ORDERNOTEXIST", "Order not exists", "ACQ.TRADE_NOT_EXIST"] {
        let shop = Counter::new();
        let till = shop.unified();
        shop.is_silent();
        for _ in 0..40 {
            shop.says_no(spelling);
        }
        assert_eq!(unknown(scan_of(&till, ALIPAYS)).reason, Reason::Reversing, "{spelling}");
        assert_eq!(shop.names().iter().filter(|call| *call == REVERSE).count(), 1);
        let number = number_of(&shop);
        for wait in [300, 60, 60] {
            shop.pass(wait);
            unknown(till.payment_of_with(&number, &once()));
        }
        shop.pass(1_200);
        unknown(till.payment_of_with(&number, &once()));
        shop.pass(59);
        unknown(till.payment_of_with(&number, &once()));
        shop.pass(1);
        assert_eq!(declined(till.payment_of_with(&number, &once())).code, "NOT_FOUND");
        assert_eq!(shop.states(), ["unproven"], "{spelling}");
    }
}

/// POS flows 20.1: what was given back and never accepted ends by its refunds' rows, asked for by the order. Of an Alipay sale they cannot
/// be asked for (POS flows 9): a person looks.
#[test]
fn what_was_given_back() {
    let rows = |rows: &'static [(&'static str, &'static str)]| {
        move |_: &str| {
            let count = rows.len().to_string();
            let mut fields = vec![("refund_count".to_string(), count)];
            for (at, (state, fee)) in rows.iter().enumerate() {
                fields.push((format!("out_refund_no_{at}"), format!("R{at}")));
                fields.push((format!("refund_status_{at}"), (*state).into()));
                fields.push((format!("refund_fee_{at}"), (*fee).into()));
            }
            let fields: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            answer(&fields)
        }
    };
    let begin = |wallet: &'static str| {
        let shop = Counter::new();
        shop.refuses("USERPAYING", "Y").then(move |number| trade_is("REFUND", number, &[("trade_type", wallet)]));
        shop
    };
    for wallet in ["pay.alipay.micropay", "pay.alipay.micropayv2"] {
        let shop = begin(wallet);
        let doubt = unknown(scan_of(&shop.unified(), ALIPAYS));
        assert_eq!((doubt.reason, shop.states()), (Reason::ForAPerson, vec!["for a person"]), "{doubt}");
        left_as(&shop, &[(0, PAY), (5, ASK)]);
    }
    for wallet in ["pay.weixin.micropay", "pay.jdpay.micropay"] {
        let shop = begin(wallet);
        shop.then(rows(&[("SUCCESS", "800"), ("SUCCESS", "88")]));
        assert_eq!(declined(scan_of(&shop.unified(), WECHATS)).code, "REFUNDED");
        left_as(&shop, &[(0, PAY), (5, ASK), (5, ASK_REFUND)]);
        let asked = shop.sent().pop().unwrap();
        assert_eq!(xml_value(&asked.body, "out_trade_no"), Some(number_of(&shop)));
        assert_eq!(xml_value(&asked.body, "out_refund_no"), None);
        assert_eq!(shop.states(), ["unpaid"]);

        for part in [&[("SUCCESS", "887")][..], &[("CHANGE", "888")], &[("FAIL", "888")]] {
            let shop = begin(wallet);
            shop.then(rows(part));
            assert_eq!(unknown(scan_of(&shop.unified(), WECHATS)).reason, Reason::ForAPerson);
        }
        let shop = begin(wallet);
        shop.then(rows(&[("PROCESSING", "888")]));
        unknown(shop.unified().pay_with("sale 1", &by_code(WECHATS), &once()));
        assert_eq!(shop.states(), ["open"]);
    }
}

/// Of QQ Wallet the gateway wants the terminal's number (POS flows 9): without it nothing is sent. And a code is scanned once, whole.
#[test]
fn a_code_that_cannot_be_sent() {
    let shop = Counter::new();
    let unnamed = || shop.till_without_accounts().with(shop.client_of(unified_account(), Terminal::unnamed()));
    refused(scan_of(&unnamed(), "910000000000000001"), "device_info");
    for code in [
        "130000000000000001130000000000000001",
        "2800000000000000012800000000000000",
        "28000000000000000x",
        "130000000000000",
        "",
    ] {
        refused(scan_of(&unnamed(), code), "auth_code");
    }
    assert!(shop.names().is_empty() && shop.journal.all().iter().all(|entry| !entry.is_pending()));
    // The other wallets need no number.
    for code in [WECHATS, ALIPAYS, "6200000000000000001", "180000000000000001"] {
        let shop = Counter::new();
        shop.takes_the_money();
        let till = shop.till_without_accounts().with(shop.client_of(unified_account(), Terminal::unnamed()));
        accepted(scan_of(&till, code));
        assert_eq!(xml_value(&shop.sent()[0].body, "device_info"), None);
    }
}

/// Scanned again while the first code is open: it goes on asking; only a proven end lets another number begin (ruling 6).
#[test]
fn a_second_scan_goes_on_with_the_first() {
    let shop = Counter::new();
    let till = shop.unified();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &once()));
    shop.forget();
    shop.trade("USERPAYING", 1).trade("SUCCESS", 1);
    accepted(scan_of(&till, WECHATS));
    assert!(!shop.names().contains(&PAY.to_string()));
    for end in ["REVERSE", "REVOKED", "CLOSED"] {
        let shop = Counter::new();
        let till = shop.unified();
        shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
        unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &once()));
        shop.trade(end, 1).takes_the_money();
        accepted(scan_of(&till, WECHATS));
        assert_eq!(shop.states(), ["unpaid", "paid"]);
    }
}

/// The older names of services, where the account says so, on the wire; the others keep theirs (protocol C.1).
#[test]
fn older_names_of_services() {
    let older = ["pay.weixin.micropay", "trade.single.query", "trade.single.refund", "trade.refund.query"];
    let account = older.iter().fold(unified_account(), |account, name| account.older_service(name).unwrap());
    let shop = Counter::new();
    let till = shop.till_of(account);
    shop.refuses("USERPAYING", "Y").trade("PAYERROR", 1).agrees().trade("REVERSE", 1).takes_the_money();
    declined(scan_of(&till, WECHATS));
    let number = accepted(scan_of(&till, WECHATS)).order_number;
    shop.says_no("NOTENOUGH").says_no("REFUNDNOTEXIST");
    let refund = UnifiedRefund::new(RefundOf::OutTradeNo(&number), fen(888), fen(888));
    declined(till.refund("return 1", &refund));
    let [pay, ask, refund, ask_refund] = older;
    assert_eq!(shop.names(), [pay, ask, REVERSE, ask, pay, refund, ask_refund]);
    assert!(unified_account().older_service("pay.weixin.wappay").is_err());
}

/// The gateway of the simulations (`support/dialect.rs`) takes what is signed with its key, and nothing else; and so does the till.
#[test]
fn the_modelled_gateway_looks_at_signatures() {
    for (key, is_right) in [(SWIFTPASS_KEY, true), (KEY, false)] {
        let shop = Counter::new();
        let wire = Wechat::speaking(Speaks::unified(), (MCH_ID, 7, 0), &shop.time, &shop.journal);
        let inputs = Inputs {
            transport: wire.speaks.over(&wire),
            clock: Box::new(shop.time.clone()),
            random: Box::new(Counting::new()),
        };
        let url = "https://gateway.example/pay/gateway";
        let account = SwiftpassAccount::new(url, MCH_ID, Secret::from(key)).unwrap();
        let till = shop.till_without_accounts().with(Client::with_inputs(account, terminal(), inputs).unwrap());
        let sale = UnifiedMicropay { body: "sale 1", ..by_code(ALIPAYS) };
        let outcome = till.pay_with("sale 1", &sale, &once()).unwrap();
        assert_eq!(wire.numbers().len(), usize::from(is_right), "{outcome:?}");
        if !is_right {
            assert!(matches!(outcome, Outcome::Unknown(_)) && shop.states() == ["open"], "{outcome:?}");
        }
    }
}
