//! Refunds at a gateway of Swiftpass's type, in the till, whatever the wallet (POS flows 5, 9, 20.12, 20.13; protocol C.4.7): one test a rule.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::Counter;
use crate::support::unified::*;
use crate::support::*;

impl Counter {
    /// The gateway takes a refund of this amount.
    fn takes_back(&self, amount: u32) -> &Counter {
        self.then(move |number| {
            let amount = amount.to_string();
            let taken = [
                ("out_refund_no", number),
                ("refund_id", "7551000001202611280000001"),
                ("refund_fee", amount.as_str()),
                ("transaction_id", PAID_AS),
            ];
            answer(&taken)
        })
    }

    /// Our row says so, behind another refund's.
    fn refund_row(&self, status: &'static str, amount: u32) -> &Counter {
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
                ("refund_id_1", "7551000001202611280000001"),
            ];
            answer(&rows)
        })
    }
}

/// A counter with a sale that was paid with a code of this wallet.
fn sold_by(code: &str, wallet: &'static str) -> (Counter, Till, String) {
    let shop = Counter::new();
    let till = shop.unified();
    shop.then(move |number| by_code_paid(number, &[("trade_type", wallet)]));
    let number = accepted(scan_of(&till, code)).order_number;
    shop.forget();
    (shop, till, number)
}

fn sold() -> (Counter, Till, String) {
    sold_by(WECHATS, "pay.weixin.micropay")
}

fn give_back(
    till: &Till,
    intent: &str,
    number: &str,
    amount: i64,
) -> Result<Outcome<Receipt<UnifiedRefundTaken>>, Error> {
    till.refund(intent, &UnifiedRefund::new(RefundOf::OutTradeNo(number), fen(888), fen(amount)))
}

/// Taken is not arrived. `op_user_id` is the merchant's number where the account says nothing else.
#[test]
fn taken_and_arrived() {
    for (code, wallet) in [
        (WECHATS, "pay.weixin.micropay"),
        (ALIPAYS, "pay.alipay.micropay"),
        ("6200000000000000001", "pay.unionpay.micropay"),
    ] {
        let (shop, till, number) = sold_by(code, wallet);
        shop.takes_back(300);
        let receipt = taken(give_back(&till, "return 1", &number, 300));
        let sent = shop.sent().remove(0);
        let value = |name| xml_value(&sent.body, name);
        assert_eq!(
            (value("service").as_deref(), value("op_user_id").as_deref()),
            (Some(REFUND), Some(SWIFTPASS_MCH_ID))
        );
        assert_eq!((value("total_fee").as_deref(), value("refund_fee").as_deref()), (Some("888"), Some("300")));
        assert_eq!((value("out_trade_no"), value("out_refund_no")), (Some(number), Some(receipt.order_number.clone())));
        assert_eq!(shop.states(), ["paid", "refunding"]);
        shop.pass(20 * 60);
        shop.refund_row("PROCESSING", 300);
        till.recover(Duration::from_secs(5)).unwrap();
        shop.pass(6 * 3_600);
        shop.refund_row("SUCCESS", 300);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "paid"]);
        // It is asked for by its own number, which Alipay's takes, too (POS flows 9).
        for asked in &shop.sent()[1..] {
            assert_eq!(xml_value(&asked.body, "service").as_deref(), Some(ASK_REFUND));
            assert_eq!(xml_value(&asked.body, "out_refund_no").as_ref(), Some(&receipt.order_number));
            assert_eq!(xml_value(&asked.body, "out_trade_no"), None);
        }
    }
    let shop = Counter::new();
    let till = shop.till_of(unified_account().op_user_id("cashier7").unwrap());
    shop.takes_the_money().takes_back(888);
    let number = accepted(scan_of(&till, WECHATS)).order_number;
    taken(give_back(&till, "return 1", &number, 888));
    assert_eq!(xml_value(&shop.sent()[1].body, "op_user_id").as_deref(), Some("cashier7"));
}

/// A reply that names another refund, another amount or none proves nothing: the query does.
#[test]
fn a_reply_of_another_refund() {
    for change in [("out_refund_no", "R2"), ("refund_fee", "299"), ("refund_fee", ""), ("refund_id", "")] {
        let (shop, till, number) = sold();
        shop.then(move |number| {
            let taken = [("out_refund_no", number), ("refund_id", "7551"), ("refund_fee", "300")];
            let taken = taken.map(|(name, value)| if name == change.0 { change } else { (name, value) });
            answer(&taken)
        });
        shop.refund_row("PROCESSING", 300);
        taken(give_back(&till, "return 1", &number, 300));
        assert_eq!(shop.names(), [REFUND, ASK_REFUND], "{change:?}");
    }
}

/// The sum of an order is kept, by either of its numbers; a refusal gives its amount free once it is asked about again.
#[test]
fn never_more_than_there_is() {
    let (shop, till, number) = sold();
    shop.takes_back(500);
    taken(give_back(&till, "return 1", &number, 500));
    refused(give_back(&till, "return 2", &number, 300), "till");
    shop.pass(61);
    refused(give_back(&till, "return 2", &number, 389), "refund_fee");
    shop.takes_back(300);
    taken(give_back(&till, "return 2", &number, 300));
    shop.pass(61);
    let by_id = UnifiedRefund::new(RefundOf::TransactionId(PAID_AS), fen(888), fen(89));
    refused(till.refund("return 3", &by_id), "refund_fee");
    shop.forget();
    shop.says_no("NOTENOUGH").says_no("REFUNDNOTEXIST");
    declined(give_back(&till, "return 3", &number, 88));
    shop.pass(61);
    shop.forget();
    shop.says_no("REFUNDNOTEXIST").takes_back(88);
    taken(give_back(&till, "return 4", &number, 88));
    assert_eq!(shop.names(), [ASK_REFUND, REFUND]);
}

/// Codes in both styles. A refusal is asked about at once and once more after a minute: no `need_query` is documented here.
#[test]
fn refusals_and_open_codes() {
    for (code, next) in [
        ("NOTENOUGH", Next::SameNumber),
        ("BALANCE_NOT_ENOUGH", Next::SameNumber),
        ("PARAM_ERROR", Next::SameNumber),
        ("SIGNERROR", Next::SameNumber),
        ("Signature error", Next::SameNumber),
        ("valid sign fail", Next::SameNumber),
        ("ORDERNOTEXIST", Next::Stop),
        ("Order not exists", Next::Stop),
        ("FREQUENCY_LIMITED", Next::SameNumberLater(Duration::from_secs(60))),
    ] {
        let (shop, till, number) = sold();
        shop.says_no(code).says_no("REFUNDNOTEXIST");
        let refusal = declined(give_back(&till, "return 1", &number, 888));
        assert_eq!((refusal.code.as_str(), refusal.next), (code, next));
        assert_eq!((shop.names(), shop.states()), (vec![REFUND.into(), ASK_REFUND.into()], vec!["paid", "unproven"]));
        shop.pass(61);
        shop.refund_row("SUCCESS", 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "paid"], "a row found wins: {code}");
    }
    for code in [
        "SYSTEMERROR",
        "Internal error",
        "transaction internal error",
        "refundInfo is exists",
        "REFUNDINFOTEXIST",
        "REFUND_FEE_MISMATCH",
        "ORDERSTATUSERROR",
        "INVALID_REQUEST",
        "A code of tomorrow",
    ] {
        let (shop, till, number) = sold();
        shop.says_no(code);
        for unknown in ["REFUNDNOTEXIST", "ORDERNOTEXIST", "Order not exists"] {
            shop.says_no(unknown);
        }
        shop.takes_back(888);
        taken(give_back(&till, "return 1", &number, 888));
        let numbers: Vec<_> = shop.sent().iter().filter_map(|sent| xml_value(&sent.body, "out_refund_no")).collect();
        assert!(numbers.len() == 5 && numbers.iter().all(|one| *one == numbers[0]), "{code}: {numbers:?}");
    }
}

/// No state closes a number: FAIL, in both spellings, is sent again under its own; CHANGE is for a person, and a later SUCCESS counts.
#[test]
fn a_number_is_kept() {
    for status in ["FAIL", "FAILED"] {
        let (shop, till, number) = sold();
        shop.takes_back(888);
        let first = taken(give_back(&till, "return 1", &number, 888)).order_number;
        shop.pass(1_200);
        shop.refund_row(status, 888);
        till.recover(Duration::from_secs(5)).unwrap();
        assert_eq!(shop.states(), ["paid", "unpaid"], "{status}");
        shop.pass(60);
        shop.takes_back(888);
        assert_eq!(taken(give_back(&till, "return 1", &number, 888)).order_number, first, "{status}");
    }
    let (shop, till, number) = sold();
    shop.takes_back(888);
    let first = taken(give_back(&till, "return 1", &number, 888)).order_number;
    shop.pass(1_200);
    shop.refund_row("CHANGE", 888);
    till.recover(Duration::from_secs(5)).unwrap();
    assert_eq!(shop.states(), ["paid", "for a person"]);
    shop.pass(60);
    assert_eq!(unknown(give_back(&till, "return 1", &number, 888)).reason, Reason::ForAPerson);
    shop.refund_row("SUCCESS", 888);
    accepted(till.payment_of(&first));
    // A row of another amount, and a word that is in no document.
    let (shop, till, number) = sold();
    shop.says_no("SYSTEMERROR").refund_row("SUCCESS", 887);
    assert_eq!(unknown(give_back(&till, "return 1", &number, 888)).reason, Reason::ForAPerson);
    let (shop, till, number) = sold();
    shop.takes_back(888);
    taken(give_back(&till, "return 1", &number, 888));
    shop.pass(1_200);
    shop.refund_row("REFUNDCLOSE", 888);
    till.recover(Duration::from_millis(500)).unwrap();
    assert_eq!(shop.states(), ["paid", "refunding"], "no word of these gateways closes a number");
}

/// A sale that is open, or is taken back, is not refunded; nor is more than it was.
#[test]
fn only_what_was_paid() {
    let (shop, till, number) = sold();
    refused(give_back(&till, "return 1", "202611210000000000", 1), "out_trade_no");
    refused(give_back(&till, "return 1", &number, 889), "refund_fee");
    refused(give_back(&till, "return 1", &number, 0), "refund_fee");
    let other_total = UnifiedRefund::new(RefundOf::OutTradeNo(&number), fen(889), fen(1));
    refused(till.refund("return 1", &other_total), "total_fee");
    assert!(shop.names().is_empty());
    let shop = Counter::new();
    let till = shop.unified();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
    let none = Options::new().patience(Duration::ZERO);
    unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &none));
    let number = shop.journal.all()[0].order_number.clone();
    refused(give_back(&till, "return 1", &number, 1), "out_trade_no");
    shop.trade("PAYERROR", 1).agrees().trade("SUCCESS", 1);
    unknown(till.reverse_with(&number, &none));
    refused(give_back(&till, "return 1", &number, 1), "out_trade_no");
}

/// RSA_1_256: the till's requests with the merchant's key, its answers with the platform's (protocol C.3).
#[cfg(feature = "https")]
mod rsa {
    use openssl::hash::MessageDigest;
    use openssl::pkey::{PKey, Private};
    use openssl::rsa::Rsa;
    use openssl::sign::{Signer, Verifier};

    use super::*;

    fn signed(key: &PKey<Private>, change: &[(&str, &str)]) -> String {
        let each = [("status", "0"), ("result_code", "0"), ("mch_id", SWIFTPASS_MCH_ID)];
        let mut fields: Vec<(&str, &str)> = [&each[..], &[("sign_type", "RSA_1_256")]].concat();
        for (name, value) in change {
            fields.retain(|(have, _)| have != name);
            fields.push((name, value));
        }
        let mut signer = Signer::new(MessageDigest::sha256(), key).unwrap();
        let sign = signer.sign_oneshot_to_vec(sorted(&fields).as_bytes()).unwrap();
        reply(&[&fields[..], &[("sign", &openssl::base64::encode_block(&sign))]].concat())
    }

    #[test]
    fn a_sale_and_its_refund_under_rsa() {
        let [ours, theirs] = [(), ()].map(|()| PKey::from_rsa(Rsa::generate(2048).unwrap()).unwrap());
        let merchant = PrivateKey::read(&ours.private_key_to_pem_pkcs8().unwrap()).unwrap();
        let platform = PublicKey::read(&theirs.public_key_to_pem().unwrap()).unwrap();
        let url = "https://gateway.example/pay/gateway";
        let account = SwiftpassAccount::with_rsa(url, SWIFTPASS_MCH_ID, RsaDigest::Sha256, merchant, platform).unwrap();
        let shop = Counter::new();
        let till = shop.till_of(account);
        let paid = |key: PKey<Private>| {
            move |number: &str| {
                let about = [("out_trade_no", number), ("total_fee", "888"), ("transaction_id", PAID_AS)];
                signed(&key, &[&about[..], &[("pay_result", "0")]].concat())
            }
        };
        let state = |key: PKey<Private>| {
            move |number: &str| {
                let about = [("out_trade_no", number), ("total_fee", "888"), ("trade_state", "SUCCESS")];
                signed(&key, &about)
            }
        };
        // Signed with another key, with MD5, and then rightly.
        shop.then(paid(ours.clone()));
        shop.takes_the_money();
        shop.then(state(theirs.clone()));
        let number = accepted(scan_of(&till, ALIPAYS)).order_number;
        assert_eq!(shop.names(), [PAY, ASK, ASK]);
        shop.then(move |number| {
            let taken = [("out_refund_no", number), ("refund_id", "7551000001202611280000001"), ("refund_fee", "888")];
            signed(&theirs, &taken)
        });
        taken(give_back(&till, "return 1", &number, 888));
        for sent in shop.sent() {
            let fields = xml_fields(&sent.body);
            let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let sign = openssl::base64::decode_block(&xml_value(&sent.body, "sign").unwrap()).unwrap();
            let mut verifier = Verifier::new(MessageDigest::sha256(), &ours).unwrap();
            assert!(verifier.verify_oneshot(&sign, sorted(&pairs).as_bytes()).unwrap(), "{}", sent.body);
            assert_eq!(xml_value(&sent.body, "sign_type").as_deref(), Some("RSA_1_256"));
        }
    }
}
