//! What the cashier reads, and what she may do next: POS flows 3.3 (column "cashier"), 3.8, 20.21, written out by hand.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::*;
use crate::support::*;

fn may(cashier: Cashier) -> (bool, Cash) {
    (cashier.scan_again, cashier.cash)
}

#[test]
fn meanwhile_she_waits() {
    for (phase, zh, en) in [
        (Phase::Confirming, "请顾客输入密码", "Customer is confirming"),
        (Phase::Reversing, "正在取消，请稍候", "Cancelling"),
    ] {
        assert_eq!((phase.cashier().zh, phase.cashier().en), (zh, en));
    }
    for phase in [Phase::Sending, Phase::Asking, Phase::Repeating, Phase::Waiting, Phase::Confirming, Phase::Reversing]
    {
        assert_eq!(may(phase.cashier()), (false, Cash::No), "{phase:?}");
    }
}

#[test]
fn a_refusal_says_what_the_customer_can_do() {
    for (code, zh, scan_again) in [
        ("AUTHCODEEXPIRE", "请顾客刷新付款码", true),
        ("NOTENOUGH", "余额不足，请顾客换卡", true),
        ("NOTSUPORTCARD", "该卡不支持，请顾客换卡", true),
        ("BUYER_MISMATCH", "请重新扫码", true),
        ("NOAUTH", "商户设置有误，未收款", false),
        ("PARAM_ERROR", "系统错误，未收款", true),
    ] {
        let shop = Counter::new();
        shop.fails(code).fails("ORDERNOTEXIST");
        let cashier = scan(&shop.till()).unwrap().cashier();
        assert_eq!((cashier.zh, may(cashier)), (zh, (scan_again, Cash::Yes)), "{code}");
    }
    let shop = Counter::new();
    shop.fails("USERPAYING").says("REVOKED", 1);
    let cashier = scan(&shop.till()).unwrap().cashier();
    assert_eq!((cashier.zh, may(cashier)), ("已取消。如顾客已付款，款项将原路退回", (true, Cash::Yes)));
}

#[test]
fn what_is_paid_or_not_known_is_not_charged_again() {
    let shop = Counter::new();
    shop.pays();
    let cashier = scan(&shop.till()).unwrap().cashier();
    assert_eq!((cashier.zh, may(cashier)), ("收款成功", (false, Cash::No)));
    // Nothing is proven, and the customer is gone.
    let shop = Counter::new();
    shop.is_silent().answers_nothing();
    let options = Options::new().patience(Duration::ZERO);
    let cashier = shop.till().pay_with("sale 1", &micro_pay(CODE), &options).unwrap().cashier();
    assert_eq!((cashier.zh, may(cashier)), ("结果未知，请勿重复收款", (false, Cash::WithNote)));
    // The customer types.
    let shop = Counter::new();
    shop.fails("USERPAYING").says("USERPAYING", 1);
    let cashier = shop.till().pay_with("sale 1", &micro_pay(CODE), &options).unwrap().cashier();
    assert_eq!((cashier.en, may(cashier)), ("Customer is confirming. Do not charge again", (false, Cash::No)));
}

/// Cash is allowed where the error says that nothing of the sale is open, and in no other error.
#[test]
fn an_error_allows_cash_only_where_somebody_looked() {
    // Not one byte left.
    let shop = Counter::new();
    shop.is_away().is_away();
    let error = scan(&shop.till()).unwrap_err();
    assert_eq!((error.cashier().zh, may(error.cashier())), ("网络不通，未收款", (true, Cash::Yes)));
    // Another wallet's code.
    let shop = Counter::new();
    let error = shop.till().pay("sale 1", &micro_pay("283456789012345678")).unwrap_err();
    assert_eq!((error.cashier().zh, may(error.cashier())), ("付款码有误，请重新扫码", (true, Cash::Yes)));
    // No client certificate, and nobody said that it goes without.
    let shop = Counter::new();
    shop.certificate(ClientCertificate::None);
    let error = scan(&shop.till()).unwrap_err();
    assert_eq!((error.cashier().zh, may(error.cashier())), ("设置有误，未收款", (true, Cash::Yes)));
    // Cancelled before the first byte.
    let shop = Counter::new();
    let watch = CancelsAt::new(Phase::Sending);
    let cancelled = shop.till().pay_with("sale 1", &micro_pay(CODE), &Options::new().watch(&watch)).unwrap_err();
    assert_eq!((cancelled.cashier().zh, may(cancelled.cashier())), ("未收款", (true, Cash::Yes)));

    // An open sale, and an error that says nothing of it: another amount, no account, a journal that cannot be read.
    let shop = Counter::new();
    shop.is_silent().answers_nothing();
    let till = shop.till();
    let options = Options::new().patience(Duration::ZERO);
    let _ = till.pay_with("sale 1", &micro_pay(CODE), &options).unwrap();
    let number = shop.journal.all()[0].order_number.clone();
    let other = MicroPay { total_fee: fen(889), ..micro_pay(CODE) };
    let another_amount = till.pay_with("sale 1", &other, &options).unwrap_err();
    let no_account = till.pay_with("sale 1", &micro_pay(CODE), &options.account("1900000999")).unwrap_err();
    shop.journal.fail_in(1);
    let unreadable = till.reverse(&number).unwrap_err();
    assert_eq!(unreadable.kind(), ErrorKind::Journal);
    for error in [another_amount, no_account, unreadable] {
        assert_eq!(may(error.cashier()), (false, Cash::No), "{error}");
    }
}
