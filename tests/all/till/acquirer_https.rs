//! The counter behind an acquirer, from the till over TLS to the simulator's Swiftpass-type gateway and back (POS flows 9): codes of other
//! wallets, orders by QR and their notifications, refunds. Under each way to sign. Nobody waits for real.

use std::time::Duration;

use wxpay_simulator::{Behaviour, Customer, RefundStatus, SignType as MerchantSigns};
use wxpay_terminal::*;

use super::refunds_https::Shop;
use crate::support::counter::CancelsAt;
use crate::support::unified_https::{AtCounter, WALLETS, unified_of, wallet_code};
use crate::support::*;

const ALIPAY: usize = 1;
const PASSWORD: Customer = Customer::AsksPassword { pays_after: Some(2) };

impl Shop {
    fn acquirers(&self) -> Till {
        self.till_with(self.client_of(unified_of(&self.simulator, self.signs)))
    }

    /// The code of the customer's wallet, which nobody has shown yet.
    fn shown(&self, wallet: usize, customer: Customer) -> String {
        let code = wallet_code(wallet, &format!("{:016}", self.simulator.requests()));
        self.simulator.customer(&code, customer);
        code
    }

    fn scan(&self, till: &Till, wallet: usize, customer: Customer) -> Result<Outcome<Receipt<UnifiedPaid>>, Error> {
        let code = self.shown(wallet, customer);
        till.pay(&format!("sale of {wallet}"), &SwiftpassAccount::sale(&code))
    }

    /// The ledger, order by order: state, paid, charged, reversed.
    fn ledger(&self) -> Vec<(String, u32, u32, u32)> {
        let rows = self.simulator.ledger().into_iter();
        rows.map(|entry| (entry.state, entry.paid, entry.charges, entry.reversed)).collect()
    }

    /// How often a service was asked for.
    fn asked(&self, service: &str) -> usize {
        let seen = self.simulator.seen().into_iter();
        seen.filter(|seen| xml_value(&String::from_utf8_lossy(&seen.body), "service").as_deref() == Some(service))
            .count()
    }

    fn reversals(&self) -> usize {
        self.asked("unified.micropay.reverse")
    }

    fn passes(&self, seconds: u64) {
        Pause::pause(&self.waited, Duration::from_secs(seconds));
    }
}

fn row(state: &str, paid: u32, charges: u32, reversed: u32) -> (String, u32, u32, u32) {
    (state.into(), paid, charges, reversed)
}

fn each_way(case: impl Fn(Shop)) {
    MerchantSigns::ALL.iter().for_each(|signs| case(Shop::signing(*signs)));
}

#[test]
fn a_code_of_each_wallet_is_paid_once() {
    let words = ["weixin", "alipay", "unionpay", "qq", "jdpay", "bestpay"];
    each_way(|shop| {
        let till = shop.acquirers();
        for (wallet, word) in words.into_iter().enumerate() {
            let customer = if wallet % 2 == 0 { Customer::PaysAtOnce } else { PASSWORD };
            let receipt = accepted(shop.scan(&till, wallet, customer));
            let entry = shop.simulator.entry(&receipt.order_number).unwrap();
            assert_eq!((entry.gateway, entry.paid, entry.charges), ("swiftpass", 1, 1), "{word}");
            if customer == Customer::PaysAtOnce {
                let trade_type = format!("pay.{word}.micropay");
                assert_eq!(receipt.evidence.field("trade_type"), Some(trade_type.as_str()));
            }
            // Scanned again, with whatever code: it is paid.
            let again = accepted(shop.scan(&till, wallet, Customer::PaysAtOnce));
            assert_eq!(again.order_number, receipt.order_number);
        }
        assert_eq!((shop.ledger().len(), shop.reversals()), (WALLETS.len(), 0));
    });
}

/// Not every wallet ends an unpaid order by itself: its reversal is the only end of one, after a poll of 60 s.
#[test]
fn a_silent_customer_is_taken_back() {
    each_way(|shop| {
        let (till, began) = (shop.acquirers(), shop.waited.moment());
        let refusal = declined(shop.scan(&till, ALIPAY, Customer::Silent));
        assert_eq!((refusal.code.as_str(), refusal.next), ("REVERSE", Next::NewNumber));
        assert_eq!((shop.ledger(), shop.reversals()), (vec![row("REVERSE", 0, 0, 0)], 1));
        began.lasted(shop.waited.moment(), 60..70);
        // WeChat's own code ends after 45 s.
        assert_eq!(declined(shop.scan(&till, 0, Customer::Silent)).code, "REVOKED");
        assert_eq!(shop.reversals(), 1);
        // The dialog is closed; the cashier cancels: at 15 s.
        for (wallet, customer) in [(2, Customer::Refuses), (3, Customer::Silent)] {
            let (began, code) = (shop.waited.moment(), shop.shown(wallet, customer));
            let watch = CancelsAt::new(Phase::Confirming);
            let options = if customer == Customer::Silent { Options::new().watch(&watch) } else { Options::new() };
            let outcome = till.pay_with(&format!("sale of {wallet}"), &SwiftpassAccount::sale(&code), &options);
            assert_eq!(declined(outcome).code, "REVERSE");
            began.lasted(shop.waited.moment(), 15..20);
        }
        // Another customer, and the sale is paid under another number.
        accepted(shop.scan(&till, ALIPAY, Customer::PaysAtOnce));
        assert_eq!(shop.ledger().iter().map(|(_, paid, ..)| paid).sum::<u32>(), 1);
    });
}

/// A refused code leaves no order: the refusal is definite with `need_query` N, and the query confirms it (C.4.4; POS ruling 1).
#[test]
fn a_refused_code_and_another_one() {
    for (customer, code) in [
        (Customer::OtherMerchant, "AUTH_CODE_ERROR"),
        (Customer::Expired, "AUTHCODEEXPIRE"),
        (Customer::NotEnough, "NOTENOUGH"),
        (Customer::CardNotSupported, "NOTSUPORTCARD"),
    ] {
        let shop = Shop::signing(MerchantSigns::Rsa256);
        let till = shop.acquirers();
        let refusal = declined(shop.scan(&till, ALIPAY, customer));
        assert_eq!((refusal.code.as_str(), refusal.next, shop.ledger().len()), (code, Next::NewNumber, 0));
        accepted(shop.scan(&till, ALIPAY, Customer::PaysAtOnce));
        assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)], "{code}");
    }
}

/// The gateway says one thing and does another, or says it in a way that counts for nothing.
#[test]
fn a_gateway_that_contradicts_itself() {
    each_way(|shop| {
        let till = shop.acquirers();
        let mut intents = 0..;
        let mut scan = |behaviour, customer| {
            shop.simulator.behave_next(behaviour);
            let code = shop.shown(ALIPAY, customer);
            let outcome = till.pay(&format!("sale {:?}", intents.next()), &SwiftpassAccount::sale(&code));
            shop.simulator.clear_behaviours();
            (outcome, shop.ledger().pop())
        };
        for behaviour in [
            Behaviour::RefusedThoughCharged,
            Behaviour::NeedQueryLies,
            Behaviour::PayResultNotZero,
            Behaviour::SignedByAnotherType,
        ] {
            let (outcome, ledger) = scan(behaviour, Customer::PaysAtOnce);
            let receipt = accepted(outcome);
            assert!(matches!(receipt.evidence, Evidence::Queried(_)), "{behaviour:?}: {receipt:?}");
            assert_eq!(ledger, Some(row("SUCCESS", 1, 1, 0)), "{behaviour:?}");
        }
        for (behaviour, customer, charges) in [
            (Behaviour::ChargedInPayError, Customer::PaysAtOnce, 1),
            (Behaviour::ReverseOfNothing, Customer::Refuses, 0),
            (Behaviour::ReverseReplayed, Customer::Refuses, 0),
            (Behaviour::ReverseUserPaying, Customer::Refuses, 0),
            (Behaviour::PaidBeforeReverse, Customer::Refuses, 1),
            (Behaviour::PaidAfterReverse, Customer::Refuses, 1),
        ] {
            let (outcome, ledger) = scan(behaviour, customer);
            assert_eq!(declined(outcome).code, "REVERSE", "{behaviour:?}");
            assert_eq!(ledger, Some(row("REVERSE", 0, charges, charges)), "{behaviour:?}");
        }
    });
}

/// No `need_query`: no refusal (C.4.4). Nothing is there, and twenty minutes later that is known.
#[test]
fn a_refusal_without_need_query_is_none() {
    let shop = Shop::new();
    let till = shop.acquirers();
    shop.simulator.behave_next(Behaviour::RefusedWithoutNeedQuery);
    let doubt = unknown(shop.scan(&till, ALIPAY, Customer::PaysAtOnce));
    // Once, because it may be on its way (POS flows 3.4).
    assert_eq!((doubt.reason, shop.reversals()), (Reason::Reversing, 1));
    let number = shop.journal.all()[0].order_number.clone();
    shop.passes(20 * 60);
    let patient = Options::new().patience(Duration::from_secs(90));
    let refusal = declined(till.reverse_with(&number, &patient));
    assert_eq!((refusal.next, shop.ledger().len()), (Next::NewNumber, 0));
    accepted(shop.scan(&till, ALIPAY, Customer::PaysAtOnce));
    assert_eq!(shop.ledger(), [row("SUCCESS", 1, 1, 0)]);
}

/// Some acquirers reverse no paid order: it comes late, is never told as paid in time, and is given back (POS flows 9).
#[test]
fn a_paid_order_that_is_not_reversed_comes_late() {
    each_way(|shop| {
        let till = shop.acquirers();
        shop.simulator.behave_next(Behaviour::PaidAfterReverse);
        (0..100).for_each(|_| shop.simulator.behave_next(Behaviour::ReverseOfUnpaidOnly));
        let doubt = unknown(shop.scan(&till, ALIPAY, Customer::Refuses));
        assert_eq!(doubt.reason, Reason::Reversing);
        let number = shop.journal.all()[0].order_number.clone();
        let patient = Options::new().patience(Duration::from_secs(400));
        let late = paid_late(till.reverse_with(&number, &patient));
        assert_eq!((shop.ledger(), late.order_number.as_str()), (vec![row("SUCCESS", 1, 1, 0)], number.as_str()));
        taken(till.refund("return", &SwiftpassAccount::part(&number, 888)));
        assert_eq!(shop.given_back(&number), (888, 1));
    });
}

/// Each order: made, shown, paid, notified through the till; and a closed one nobody pays.
#[test]
fn a_customer_scans_and_pays() {
    each_way(|shop| {
        let till = shop.acquirers();
        let sale =
            CounterSale { body: "天虹百货-矿泉水", attach: None, total_fee: fen(888), create_ip: "8.8.8.8" };
        let order = SwiftpassAccount::by_qr(sale, "", "https://pay.example/notify");
        let made = is_ordered(till.order("any wallet", &order));
        assert!(made.evidence.field("code_url").unwrap().starts_with("weixin://wxpay/bizpayurl"));
        let UnifiedNative { body, total_fee, mch_create_ip, notify_url, .. } = order;
        let alipay = AlipayNative { body, total_fee, mch_create_ip, notify_url, ..AlipayNative::default() };
        let alipay = is_ordered(till.order("Alipay", &alipay));
        assert!(alipay.evidence.field("code_url").unwrap().starts_with("https://qr.alipay.com/"));
        let closed = is_ordered(till.order("closed", &order)).order_number;
        for (by, number) in [("query", &made.order_number), ("notification", &alipay.order_number)] {
            assert_eq!(unknown(till.payment_of(number)).reason, Reason::NotPaidYet);
            shop.simulator.pay_order(number).unwrap();
            shop.passes(2);
            match by {
                "query" => drop(accepted(till.payment_of(number))),
                _ => {
                    let body = shop.simulator.notification(number).unwrap();
                    let told = till.notified(body.as_bytes()).unwrap();
                    assert!(told.entry.is_paid(), "{told:?}");
                    assert_eq!(told.reply, "success");
                    // Of another order, or another amount: signed for neither.
                    let forged = body.replace("888", "889");
                    assert!(till.notified(forged.as_bytes()).is_err());
                }
            }
            assert_eq!(shop.simulator.entry(number).unwrap().paid, 1);
        }
        assert_eq!(declined(till.close(&closed)).code, "CLOSED");
        assert!(shop.simulator.pay_order(&closed).is_err());
        assert_eq!(shop.journal.states(), ["paid", "paid", "unpaid"]);
    });
}

/// A refund is taken, and arrives later. FAIL keeps the number (C.4.7).
#[test]
fn a_refund_that_arrives_later() {
    each_way(|shop| {
        let till = shop.acquirers();
        let number = accepted(shop.scan(&till, ALIPAY, PASSWORD)).order_number;
        shop.simulator.behave_next(Behaviour::RefundNeverEnds);
        let first = taken(till.refund("return 1", &SwiftpassAccount::part(&number, 300)));
        assert!(first.evidence.field("refund_id").is_some());
        shop.passes(20 * 60);
        assert!(
            till.recover(Duration::from_secs(30))
                .unwrap()
                .iter()
                .all(|one| !one.entry.is_settled() || one.entry.intent != "return 1")
        );
        shop.simulator.end_refund(&first.order_number, RefundStatus::Success).unwrap();
        shop.passes(6 * 3600);
        till.recover(Duration::from_secs(30)).unwrap();
        assert_eq!(shop.journal.states(), ["paid", "paid"]);
        // The rest, which fails once.
        let second = taken(till.refund("return 2", &SwiftpassAccount::part(&number, 588))).order_number;
        shop.simulator.end_refund(&second, RefundStatus::Failed).unwrap();
        shop.passes(20 * 60);
        till.recover(Duration::from_secs(30)).unwrap();
        assert_eq!((shop.journal.states().pop(), shop.given_back(&number).0), (Some("unpaid"), 300));
        let again = taken(till.refund("return 2", &SwiftpassAccount::part(&number, 588))).order_number;
        assert_eq!((again, shop.given_back(&number)), (second, (888, 2)));
        shop.passes(61);
        refused(till.refund("return 3", &SwiftpassAccount::part(&number, 1)), "refund_fee");
    });
}

/// A key of another kind than the merchant's gateway is configured for: nothing is charged, and the check says why.
#[test]
fn another_sign_type_than_the_gateways() {
    for (own, other) in [(MerchantSigns::Md5, MerchantSigns::Rsa256), (MerchantSigns::Rsa256, MerchantSigns::Md5)] {
        let shop = Shop::signing(own);
        let check = |signs| shop.client_of(unified_of(&shop.simulator, signs)).check();
        let (good, bad) = (check(own), check(other));
        assert!(good.is_good(), "{good}");
        assert!(!bad.is_good() && bad.to_string().contains("BAD     key"), "{bad}");
        let till = shop.till_with(shop.client_of(unified_of(&shop.simulator, other)));
        unknown(shop.scan(&till, ALIPAY, Customer::PaysAtOnce));
        assert!(shop.ledger().is_empty());
    }
}
