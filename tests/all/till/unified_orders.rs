//! Orders that a customer scans or opens at a gateway of Swiftpass's type, in the till; and one sale over both gateways (POS flows 4, 6, 9;
//! ruling 6). The machine is the WAP orders' (`orders.rs`); here is what is its own.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::counter::{Counter, micro_paid, micro_pay};
use crate::support::dialect::paid_notice;
use crate::support::unified::*;
use crate::support::*;
use crate::till::field_shop::{Told, told};

const QR: &str = "https://qr.alipay.com/bax00000000000000000";
const PAGE: &str = r#"{"appId":"wx2421b1c4370ec43b","package":"prepay_id=wx2026"}"#;
const LINK: &str = "https://pay.example/pay/gateway?token=0ed6f5a4";

/// Each kind, and what its success hands out (protocol C.4.8).
const KINDS: [(&str, &[(&str, &str)]); 7] = [
    ("pay.weixin.native", &[("code_url", "weixin://wxpay/bizpayurl?pr=NwY5Mz9"), ("code_img_url", LINK)]),
    ("pay.alipay.native", &[("code_url", QR), ("code_img_url", LINK)]),
    ("unified.trade.native", &[("code_url", QR)]),
    ("pay.weixin.jspay", &[("pay_info", PAGE), ("token_id", "1a2b3c4d5e6f70819")]),
    ("pay.weixin.jspay", &[("token_id", "1a2b3c4d5e6f70819")]),
    ("pay.alipay.jspay", &[("pay_info", r#"{"tradeNO":"2026112122001"}"#)]),
    ("pay.weixin.wappay", &[("pay_info", LINK)]),
];

/// An order of this kind, and what was told of it, with what it hands out.
fn order_of(till: &Till, kind: &str, options: &Options<'_>) -> (Told, Vec<(String, String)>) {
    let (body, total_fee, mch_create_ip) = ("矿泉水 & 面包", fen(888), "14.23.150.211");
    let notify_url = "https://pay.example/notify";
    macro_rules! order {
        ($call:ident, $($own:ident: $value:expr),*) => {{
            let each = $call::default();
            let order = $call { body, total_fee, mch_create_ip, notify_url, $($own: $value,)* ..each };
            handed_out(till.order_with("sale 1", &order, options))
        }};
    }
    match kind {
        "pay.weixin.native" => order!(WeixinNative,),
        "pay.alipay.native" => order!(AlipayNative,),
        "unified.trade.native" => order!(UnifiedNative,),
        "pay.weixin.jspay" => order!(WeixinJspay, sub_openid: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"), is_raw: true),
        "pay.alipay.jspay" => order!(AlipayJspay, buyer_id: Some("2088000000000000")),
        _ => order!(WeixinWappay, device_info: "AND_WAP", mch_app_name: "店", mch_app_id: "https://shop.example"),
    }
}

fn handed_out<T: AsRef<Pairs>>(outcome: Result<Outcome<Receipt<T>>, Error>) -> (Told, Vec<(String, String)>) {
    let field = |receipt: &Receipt<T>, name: &str| Some((name.to_string(), receipt.evidence.field(name)?.to_string()));
    let fields = match &outcome {
        Ok(Outcome::Ordered(receipt)) => {
            ["code_url", "pay_info", "token_id"].iter().filter_map(|name| field(receipt, name)).collect()
        }
        _ => Vec::new(),
    };
    (told(outcome), fields)
}

#[track_caller]
fn ordered(till: &Till, kind: &str) -> (String, Vec<(String, String)>) {
    match order_of(till, kind, &Options::new()) {
        (Told::Ordered(number), fields) => (number, fields),
        (other, _) => panic!("must be Ordered: {other:?}"),
    }
}

fn once<'a>() -> Options<'a> {
    Options::new().patience(Duration::ZERO)
}

/// Each kind: an order is no payment; what it hands out is shown again after a restart, and nothing is sent for it; it is closed, or paid.
#[test]
fn each_kind_of_order() {
    for (kind, out) in KINDS {
        let shop = Counter::new();
        shop.makes(out);
        let (number, fields) = ordered(&shop.unified(), kind);
        let shown: Vec<_> = out.iter().filter(|(name, _)| *name != "code_img_url").collect();
        assert_eq!(fields.len(), shown.len(), "{kind}");
        for (name, value) in shown {
            assert!(fields.contains(&((*name).into(), (*value).into())), "{kind}: {fields:?}");
        }
        let sent = shop.sent().remove(0);
        let value = |name| xml_value(&sent.body, name).unwrap();
        assert_eq!((value("service"), value("total_fee")), (kind.into(), "888".into()));
        let at = |name| ChinaTime::read(&value(name)).unwrap().unix_seconds();
        assert_eq!((at("time_start"), at("time_expire")), (NOW, NOW + 360), "both, and 6 minutes");
        assert!(sent.own_connection);
        // After a restart.
        let till = shop.unified();
        assert_eq!(ordered(&till, kind), (number.clone(), fields));
        assert_eq!((shop.names(), shop.states()), (vec![kind.to_string()], vec!["ordered"]));
        // Not yet.
        for state in ["NOTPAY", "USERPAYING", "PAYERROR"] {
            shop.pass(3);
            shop.trade(state, 1);
            assert_eq!(unknown(till.payment_of_with(&number, &once())).reason, Reason::NotPaidYet, "{kind} {state}");
        }
        shop.pass(3);
        shop.trade("SUCCESS", 1);
        assert_eq!(accepted(till.payment_of(&number)).evidence.field("transaction_id"), Some(PAID_AS), "{kind}");

        let shop = Counter::new();
        shop.makes(out).agrees().trade("CLOSED", 1);
        let till = shop.unified();
        let (number, _) = ordered(&till, kind);
        assert_eq!(declined(till.close(&number)).code, "CLOSED", "{kind}");
        assert_eq!((shop.names()[1..].to_vec(), shop.states()), (vec![CLOSE.into(), ASK.into()], vec!["unpaid"]));
        // A close that says success, and is none (POS ruling 2).
        let shop = Counter::new();
        shop.makes(out).agrees().trade("SUCCESS", 1);
        let till = shop.unified();
        let (number, _) = ordered(&till, kind);
        accepted(till.close(&number));
    }
}

/// What is not there cannot be shown: nothing is ordered, and another number is made.
#[test]
fn an_order_that_hands_nothing_out() {
    for (kind, _) in KINDS {
        for answers in [&[][..], &[("code_url", ""), ("pay_info", ""), ("token_id", "")], &[("mch_id", "7551000002")]] {
            let shop = Counter::new();
            shop.makes(answers);
            for _ in 0..8 {
                shop.is_silent();
            }
            let (told, _) = order_of(&shop.unified(), kind, &Options::new().patience(Duration::from_secs(2)));
            assert!(matches!(told, Told::Unknown(..)), "{kind}: {told:?}");
            assert!(!shop.states().contains(&"ordered"), "{kind}: {:?}", shop.states());
        }
    }
}

/// From a QR to a payment code, and back: the first way is closed, or taken back, and only the query's word lets the second begin.
#[test]
fn another_method_ends_the_first_one() {
    for (kind, out) in KINDS {
        let shop = Counter::new();
        let till = shop.unified();
        shop.makes(out);
        ordered(&till, kind);
        shop.pass(2);
        shop.forget();
        // Whether it is closed is not known: no code is sent.
        shop.agrees().trade("NOTPAY", 1);
        unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &once()));
        assert_eq!((shop.names(), shop.states()), (vec![CLOSE.into(), ASK.into()], vec!["ordered"]), "{kind}");
        shop.pass(60);
        shop.forget();
        shop.agrees().trade("CLOSED", 1).takes_the_money();
        accepted(scan_of(&till, ALIPAYS));
        assert_eq!(shop.names(), [CLOSE, ASK, PAY], "{kind}");
        assert_eq!(shop.states(), ["unpaid", "paid"]);
        assert!(matches!(order_of(&till, kind, &Options::new()), (Told::Error(..), _)));

        let shop = Counter::new();
        let till = shop.unified();
        shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
        unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &once()));
        shop.forget();
        shop.pass(3);
        shop.trade("USERPAYING", 1).answers_nothing().answers_nothing();
        assert!(matches!(order_of(&till, kind, &once()), (Told::Unknown(..), _)), "{kind}");
        assert!(!shop.names().contains(&kind.to_string()));
        shop.pass(60);
        shop.forget();
        shop.trade("REVERSE", 1).makes(out);
        ordered(&till, kind);
        assert_eq!((shop.names(), shop.states()), (vec![ASK.into(), kind.into()], vec!["unpaid", "ordered"]), "{kind}");
    }
}

/// A till with an account at either gateway.
fn both(shop: &Counter) -> Till {
    let direct = shop.client_of(crate::support::wxpay::wxpay_account(), terminal());
    shop.till_without_accounts().with(shop.client_of(unified_account(), terminal())).with(direct)
}

fn directly(till: &Till, options: &Options<'_>) -> Told {
    told(till.pay_with("sale 1", &micro_pay(WECHATS), options))
}

fn unified(till: &Till, options: &Options<'_>) -> Told {
    told(till.pay_with("sale 1", &by_code(ALIPAYS), options))
}

/// One sale, one intent, whatever the gateway (ruling 6): open at one, it is not begun at the other, also after a restart.
#[test]
fn a_sale_is_never_live_at_two_gateways() {
    let shop = Counter::new();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
    assert!(matches!(unified(&both(&shop), &once()), Told::Unknown(..)));
    shop.forget();
    for state in ["USERPAYING", "NOTPAY", "PAYERROR"] {
        let till = both(&shop);
        shop.pass(30);
        shop.trade(state, 1);
        assert!(matches!(directly(&till, &once()), Told::Unknown(..)), "{state}");
    }
    let till = both(&shop);
    shop.pass(30);
    shop.says_no("SYSTEMERROR");
    assert!(matches!(directly(&till, &once()), Told::Unknown(..)));
    assert!(shop.names().iter().all(|call| call == ASK), "{:?}", shop.names());
    shop.pass(30);
    shop.forget();
    shop.trade("REVERSE", 1).then(|number| micro_paid(number, &[]));
    assert!(matches!(directly(&till, &Options::new()), Told::Paid { late: false, .. }));
    assert_eq!((shop.names(), shop.states()), (vec![ASK.into(), "micropay".into()], vec!["unpaid", "paid"]));
    // Paid there: here it is an error that says so.
    let Told::Error(_, words) = unified(&till, &Options::new()) else { panic!("it is paid") };
    assert!(words.contains("paid already"), "{words}");

    let shop = Counter::new();
    let till = both(&shop);
    shop.fails("USERPAYING").says("USERPAYING", 1);
    assert!(matches!(directly(&till, &once()), Told::Unknown(..)));
    shop.forget();
    shop.pass(3);
    // Of this process's own: nobody waits for that customer any more, and it is taken back first.
    shop.says("USERPAYING", 1).reverses().says("USERPAYING", 1);
    assert!(matches!(unified(&till, &once()), Told::Unknown(..)));
    assert_eq!(shop.names(), ["orderquery", "reverse", "orderquery"]);
    shop.pass(5);
    shop.forget();
    shop.says("REVOKED", 1).takes_the_money();
    assert!(matches!(unified(&till, &Options::new()), Told::Paid { late: false, .. }));
    assert_eq!((shop.names(), shop.states()), (vec!["orderquery".into(), PAY.into()], vec!["unpaid", "paid"]));

    let shop = Counter::new();
    let till = both(&shop);
    shop.fails("USERPAYING").says("USERPAYING", 1);
    assert!(matches!(directly(&till, &once()), Told::Unknown(..)));
    shop.forget();
    shop.pass(3);
    shop.says("SUCCESS", 1);
    assert!(matches!(unified(&till, &Options::new()), Told::Error(..)));
    assert_eq!((shop.names(), shop.states()), (vec!["orderquery".to_string()], vec!["paid"]));

    // Refused at one, without proof: it is asked about once more before it begins at the other.
    let shop = Counter::new();
    let till = both(&shop);
    shop.refuses("NOTENOUGH", "N").says_no("Order not exists");
    assert!(matches!(unified(&till, &Options::new()), Told::Declined(..)));
    shop.pass(61);
    shop.forget();
    shop.says_no("ACQ.TRADE_NOT_EXIST").then(|number| micro_paid(number, &[]));
    assert!(matches!(directly(&till, &Options::new()), Told::Paid { .. }));
    assert_eq!((shop.names(), shop.states()), (vec![ASK.into(), "micropay".into()], vec!["unproven", "paid"]));
}

/// A QR of one gateway is closed before the other gateway's begins.
#[test]
fn a_qr_is_never_open_at_two_gateways() {
    let shop = Counter::new();
    let till = both(&shop);
    shop.makes(&[("code_url", QR)]);
    let (number, _) = ordered(&till, "unified.trade.native");
    shop.pass(2);
    shop.forget();
    shop.agrees().trade("NOTPAY", 1);
    let native = crate::support::wxpay::native_order("");
    unknown(till.order_with("sale 1", &native, &once()));
    assert_eq!(shop.states(), ["ordered"]);
    shop.pass(60);
    shop.forget();
    shop.agrees().trade("CLOSED", 1).then(|_| crate::support::wxpay::order_made("NATIVE", &[]));
    let second = is_ordered(till.order("sale 1", &native)).order_number;
    assert_eq!(shop.names(), [CLOSE, ASK, "unifiedorder"]);
    assert_ne!(second, number);
    // Its customer paid the first one all the same: late money, and the second is closed, or told.
    shop.pass(60);
    shop.forget();
    shop.trade("SUCCESS", 1).then(|_| crate::support::wxpay::wxpay_signed(SignType::Md5, &[])).says("CLOSED", 1);
    paid_late(till.payment_of(&number));
    assert_eq!(shop.states()[0], "late");
}

/// Protocol C.6: compared, asked about, answered `success` once the journal has it.
#[test]
fn a_notification_is_asked_about() {
    for (kind, out) in KINDS {
        let shop = Counter::new();
        let till = shop.unified();
        shop.makes(out);
        let (number, _) = ordered(&till, kind);
        let notice =
            |change: &[(&str, &str)]| paid_notice(&[&[("out_trade_no", number.as_str())][..], change].concat());
        shop.forget();
        for change in [
            ("pay_result", "1"),
            ("pay_result", ""),
            ("result_code", "1"),
            ("status", "1"),
            ("total_fee", "887"),
            ("total_fee", "889"),
            ("fee_type", "USD"),
            ("mch_id", "7551000002"),
            ("out_trade_no", "20261121OTHERORDER"),
            ("transaction_id", ""),
        ] {
            assert!(till.notified(notice(&[change]).as_bytes()).is_err(), "{change:?}");
        }
        let forged = notice(&[]).replace(PAID_AS, "7551000001201611221002");
        assert!(till.notified(forged.as_bytes()).is_err());
        // A text that could be cut (SECURITY.md).
        let cut = [("attach", "t"), ("v", "&mch_id=7551000001&out_trade_no=20261121000000000001")];
        assert!(till.notified(notice(&cut).as_bytes()).is_err());
        assert_eq!((shop.names().len(), shop.states()), (0, vec!["ordered"]), "{kind}");
        // The query does not say so: it comes again.
        shop.pass(2);
        shop.trade("NOTPAY", 1);
        assert!(till.notified(notice(&[]).as_bytes()).is_err());
        shop.pass(2);
        shop.trade("SUCCESS", 1);
        for _ in 0..2 {
            let told = till.notified(notice(&[]).as_bytes()).unwrap();
            assert_eq!((told.reply, told.entry.is_paid()), ("success", true), "{kind}");
        }
        assert_eq!(shop.names(), [ASK, ASK]);
    }
}

/// A payment by code has no `notify_url`: a notification of one is answered by what the query says.
#[test]
fn a_notification_of_a_payment_by_code() {
    let shop = Counter::new();
    let till = shop.unified();
    shop.refuses("USERPAYING", "Y").trade("USERPAYING", 1);
    unknown(till.pay_with("sale 1", &by_code(ALIPAYS), &once()));
    let number = shop.journal.all()[0].order_number.clone();
    shop.pass(3);
    shop.trade("SUCCESS", 1);
    let _ = till.notified(paid_notice(&[("out_trade_no", &number)]).as_bytes());
    assert_eq!(shop.states(), ["paid"]);
}
