//! Orders that a customer scans or opens on WeChat's own gateway (POS flows 4), in the till. The machine is the WAP orders'
//! (`orders.rs`); here is what is its own: tables, sign types, sub-merchants, PAYERROR, notifications.

use std::time::Duration;

use wxpay_terminal::*;

use crate::support::wxpay::*;
use crate::support::*;
use crate::till::orders::Shop;

/// The shop of `orders.rs`, with WeChat's own gateway.
impl Shop {
    fn counter(&self) -> Till {
        self.till_of(wxpay_account())
    }

    fn pass(&self, seconds: u64) {
        Pause::pause(&self.time, Duration::from_secs(seconds));
    }

    fn calls(&self) -> Vec<String> {
        let call = |sent: SentPost| sent.url.rsplit('/').next().unwrap().to_owned();
        self.canned.sent().into_iter().map(call).collect()
    }

    fn scanned(&self, till: &Till) -> String {
        self.canned.then_dated(&order_made("NATIVE", &[]), NOW);
        is_ordered(native(till)).order_number
    }
}

fn native(till: &Till) -> Result<Outcome<Receipt<NativeOrderMade>>, Error> {
    till.order("sale 1", &native_order(""))
}

/// What each method hands out is shown again after a restart, and nothing is sent for it.
#[test]
fn each_method_hands_out_what_its_customer_needs() {
    let shop = Shop::new();
    shop.canned.then(&order_made("NATIVE", &[]));
    let Evidence::Reply(made) = is_ordered(native(&shop.counter())).evidence else { panic!("it was seen just now") };
    assert_eq!((made.code_url.as_str(), made.prepay_id.as_str()), (CODE_URL, PREPAY_ID));
    assert!(!format!("{made:?}").contains("weixin"), "{made:?}");
    let sent = shop.canned.sent();
    let at = |name| ChinaTime::read(&xml_value(&sent[0].body, name).unwrap()).unwrap().unix_seconds();
    assert_eq!((at("time_start"), at("time_expire")), (NOW, NOW + 360), "6 minutes");
    assert_eq!(xml_value(&sent[0].body, "trade_type").as_deref(), Some("NATIVE"));
    assert!(sent[0].own_connection && sent[0].url.ends_with("/pay/unifiedorder"), "{sent:?}");
    let again = is_ordered(native(&shop.counter()));
    assert_eq!(again.evidence.field("code_url"), Some(CODE_URL));
    assert_eq!(shop.calls(), ["unifiedorder"]);

    let shop = Shop::new();
    shop.canned.then(&order_made("JSAPI", &[]));
    is_ordered(shop.counter().order("sale 1", &jsapi_order("")));
    let again = is_ordered(shop.counter().order("sale 1", &jsapi_order("")));
    assert_eq!(again.evidence.field("prepay_id"), Some(PREPAY_ID));
    // The prepay_id is the customer's: another one is another sale.
    let other = JsapiOrder { openid: Some("oAnotherCustomer"), ..jsapi_order("") };
    assert!(shop.counter().order("sale 1", &other).is_err());

    let shop = Shop::new();
    shop.canned.then(&order_made("MWEB", &[]));
    let made = is_ordered(shop.counter().order("sale 1", &h5_order("")));
    assert!(made.evidence.field("mweb_url").unwrap().starts_with("https://wx.tenpay.com/"));
}

/// A reply of another trade type, without what it hands out, or of another merchant orders nothing.
#[test]
fn a_reply_that_is_not_this_orders_hands_nothing_out() {
    for change in [
        [("trade_type", "JSAPI")],
        [("code_url", "")],
        [("prepay_id", "")],
        [("mch_id", "1900000110")],
        [("appid", "wx0000000000000001")],
        [("sub_mch_id", "1900000100x")],
        [("total_fee", "889")],
        [("out_trade_no", "another")],
    ] {
        let shop = Shop::new();
        let till = shop.till_of(wxpay_account().sub_merchant(SUB_MCH_ID, None).unwrap());
        shop.canned.then(&order_made("NATIVE", &[&[("sub_mch_id", SUB_MCH_ID)], &change[..]].concat()));
        // Its answer was lost: a new number is made, and this one is watched.
        shop.canned.then_fault(Sent::Maybe);
        unknown(native(&till));
        assert!(shop.states().iter().all(|state| *state != "ordered"), "{change:?}: {:?}", shop.states());
    }
}

/// SUCCESS with the amount, signed, of this sub-merchant: then it is paid.
#[test]
fn the_query_says_paid() {
    for change in [("mch_id", "1900000110"), ("sub_mch_id", ""), ("sub_mch_id", "1900000101"), ("total_fee", "")] {
        let shop = Shop::new();
        let till = shop.till_of(wxpay_account().sub_merchant(SUB_MCH_ID, None).unwrap());
        shop.canned.then(&order_made("NATIVE", &[("sub_mch_id", SUB_MCH_ID)]));
        let number = is_ordered(native(&till)).order_number;
        let of_sub = ("sub_mch_id", SUB_MCH_ID);
        shop.canned.then(&order_state("SUCCESS", &number, &[of_sub, change]));
        unknown(till.payment_of(&number));
        assert_eq!(shop.states(), ["ordered"], "{change:?}");
        shop.pass(60);
        shop.canned.then(&order_state("SUCCESS", &number, &[of_sub]));
        let receipt = accepted(till.payment_of(&number));
        assert_eq!(receipt.evidence.field("transaction_id"), Some("1009660380201506130728806387"));
        accepted(native(&till));
        let body = &shop.canned.sent()[1].body;
        assert_eq!(xml_value(body, "sub_mch_id").as_deref(), Some(SUB_MCH_ID));
    }
}

/// POS flows 4: NOTPAY, USERPAYING, ACCEPT and PAYERROR are "not yet"; nothing is closed before the order's end.
#[test]
fn not_yet_is_not_no() {
    for state in ["NOTPAY", "USERPAYING", "ACCEPT", "PAYERROR"] {
        let shop = Shop::new();
        let till = shop.counter();
        let number = shop.scanned(&till);
        for _ in 0..3 {
            shop.canned.then(&order_state(state, &number, &[]));
            assert_eq!(unknown(till.payment_of(&number)).reason, Reason::NotPaidYet, "{state}");
            shop.pass(30);
        }
        // Its time is over: it is closed, and only then the query's word ends it.
        shop.pass(600);
        shop.canned.then_dated(&order_state(state, &number, &[]), NOW + 700);
        shop.canned.then(&wxpay_signed(SignType::Md5, &[])).then(&order_state("CLOSED", &number, &[]));
        assert_eq!(declined(till.payment_of(&number)).code, "CLOSED");
        assert_eq!(shop.calls()[4..], ["orderquery", "closeorder", "orderquery"]);
    }
}

/// POS ruling 3: customers were charged whose payment was called failed. Where closing does not get through, NOTPAY ends an order
/// after 2 h 10 min, and these never do: a person looks.
#[test]
fn a_payment_that_was_tried_never_ends_by_its_age() {
    for state in ["PAYERROR", "USERPAYING", "ACCEPT", "NOTPAY"] {
        let shop = Shop::new();
        let till = shop.counter();
        let number = shop.scanned(&till);
        shop.pass(3 * 3_600);
        let refused = wxpay_signed(SignType::Md5, &[("result_code", "FAIL"), ("err_code", "SYSTEMERROR")]);
        shop.canned.then_dated(&order_state(state, &number, &[]), NOW + 10_800);
        if state == "NOTPAY" {
            assert_eq!(declined(till.payment_of(&number)).next, Next::NewNumber);
            continue;
        }
        shop.canned.then(&refused).then_dated(&order_state(state, &number, &[]), NOW + 10_801);
        assert_eq!(unknown(till.payment_of(&number)).reason, Reason::ForAPerson, "{state}");
        // No second order beside it, also after a restart.
        unknown(native(&till));
        unknown(native(&shop.counter()));
        assert!(!shop.calls()[1..].contains(&"unifiedorder".to_owned()), "{state}");
        // And what the query says later counts.
        shop.pass(60);
        shop.canned.then(&order_state("SUCCESS", &number, &[]));
        paid_late(till.payment_of(&number));
    }
}

/// HMAC-SHA256, where the account says so: requests name it and are signed with it, and a reply that is signed with MD5 is not
/// the gateway's.
#[test]
fn the_account_chooses_the_sign_type() {
    let shop = Shop::new();
    let till = shop.till_of(wxpay_account().sign_type(SignType::HmacSha256));
    let made = [("trade_type", "NATIVE"), ("prepay_id", PREPAY_ID), ("code_url", CODE_URL)];
    shop.canned.then(&wxpay_signed(SignType::HmacSha256, &made));
    let number = is_ordered(native(&till)).order_number;
    let body = shop.canned.sent()[0].body.clone();
    let fields = xml_fields(&body);
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(xml_value(&body, "sign_type").as_deref(), Some("HMAC-SHA256"));
    assert_eq!(xml_value(&body, "sign").unwrap(), openssl_hmac(&pairs, KEY));
    // Also where the reply names MD5 itself.
    for change in [&[][..], &[("sign_type", "MD5")]] {
        shop.canned.then(&order_state("SUCCESS", &number, change));
        assert_eq!(unknown(till.payment_of(&number)).reason, Reason::Unverified);
        shop.pass(60);
    }
    let md5 = shop.counter();
    let sent = shop.canned.then(&order_state("NOTPAY", &number, &[])).sent().len();
    unknown(md5.payment_of(&number));
    let body = shop.canned.sent()[sent].body.clone();
    let fields = xml_fields(&body);
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!((xml_value(&body, "sign_type"), xml_value(&body, "sign").unwrap()), (None, openssl_md5(&pairs, KEY)));
}

/// A payment notification, signed.
pub fn notification(number: &str, sign_type: SignType, change: &[(&str, &str)]) -> String {
    let paid = [
        ("out_trade_no", number),
        ("total_fee", "888"),
        ("fee_type", "CNY"),
        ("transaction_id", "1009660380201506130728806387"),
        ("time_end", "20261121120000"),
        ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ("trade_type", "NATIVE"),
    ];
    wxpay_signed(sign_type, &[&paid[..], change].concat())
}

/// Without a till the caller asks, and the answer's text exists only after its own record.
#[test]
fn a_client_reads_a_notification_too() {
    let account = wxpay_account();
    let stored = StoredOrder { out_trade_no: "T20261121", total_fee: fen(888) };
    let notice = account.notification(notification("T20261121", SignType::Md5, &[]).as_bytes()).unwrap();
    assert_eq!(notice.out_trade_no(), "T20261121");
    let paid = notice.matches(&stored).unwrap();
    assert!(paid.reply_after(|_| Err::<(), _>("the disk is full")).is_err());
    assert!(paid.reply_after(|_| Ok::<(), ()>(())).unwrap().contains("<![CDATA[SUCCESS]]>"));
}

/// POS flows 6: it is compared, asked about, and answered only when the journal has it.
#[test]
fn a_notification_is_asked_about() {
    let shop = Shop::new();
    let till = shop.counter();
    let number = shop.scanned(&till);
    let body = notification(&number, SignType::Md5, &[]);
    // No answer from the query: it comes again.
    shop.canned.then_fault(Sent::Maybe);
    assert!(till.notified(body.as_bytes()).is_err());
    assert_eq!(shop.states(), ["ordered"]);
    shop.pass(60);
    shop.canned.then(&order_state("SUCCESS", &number, &[]));
    let notified = till.notified(body.as_bytes()).unwrap();
    let answer = "<xml><return_code><![CDATA[SUCCESS]]></return_code><return_msg><![CDATA[OK]]></return_msg></xml>";
    assert_eq!(notified.reply, answer);
    assert_eq!(shop.states(), ["paid"]);
    // Again: nothing is asked.
    let calls = shop.calls().len();
    assert_eq!(till.notified(body.as_bytes()).unwrap().reply, answer);
    assert_eq!(shop.calls().len(), calls);
}

#[test]
fn a_notification_that_differs_is_refused() {
    for (change, words) in [
        (("mch_id", "1900000110"), "mch_id"),
        (("appid", "wx0000000000000001"), "appid"),
        (("sub_mch_id", SUB_MCH_ID), "sub_mch_id"),
        (("total_fee", "887"), "total_fee"),
        (("total_fee", "889"), "total_fee"),
        (("out_trade_no", "another"), "no such order"),
        (("fee_type", "USD"), "currency"),
        (("result_code", "FAIL"), "paid"),
        (("transaction_id", ""), "transaction_id"),
        (("sign_type", "HMAC-SHA256"), "sign_type"),
        (("return_code", "FAIL"), "exchange"),
        (("refund_id", "1"), "something else"),
        (("sign", "0A0339EBA784565B0FE68209C94BBF55"), "signature"),
    ] {
        let shop = Shop::new();
        let till = shop.counter();
        let number = shop.scanned(&till);
        let body = notification(&number, SignType::Md5, &[change]);
        let fault = till.notified(body.as_bytes()).unwrap_err();
        assert!(fault.reason().contains(words) || words == "signature", "{change:?}: {fault}");
        assert_eq!((shop.states(), shop.calls().len()), (vec!["ordered"], 1), "{change:?}");
    }
    // Signed with the other sign type.
    let shop = Shop::new();
    let till = shop.counter();
    let number = shop.scanned(&till);
    assert!(till.notified(notification(&number, SignType::HmacSha256, &[]).as_bytes()).is_err());
}

#[test]
fn bad_input_is_named_and_nothing_is_sent() {
    let shop = Shop::new();
    let till = shop.till_of(wxpay_account().amounts(fen(1), fen(50_000)).unwrap());
    let with = |change: fn(&mut NativeOrder<'_>)| {
        let mut order = native_order("");
        change(&mut order);
        till.order("sale 1", &order).unwrap_err().to_string()
    };
    let at = |seconds| ChinaTime::from_unix(NOW + seconds).unwrap();
    for (error, field, rule) in [
        (with(|order| order.notify_url = "https://pay.example/notify?shop=1"), "notify_url", "query"),
        (with(|order| order.notify_url = "http://pay.example/notify"), "notify_url", "https"),
        (with(|order| order.total_fee = fen(0)), "total_fee", "1 to 50000"),
        (with(|order| order.total_fee = fen(50_001)), "total_fee", "1 to 50000"),
        (with(|order| order.product_id = ""), "product_id", "required"),
    ] {
        assert!(error.contains(field) && error.contains(rule), "{error}");
    }
    let short = NativeOrder { valid: Some(Valid { start: at(0), expire: at(300) }), ..native_order("") };
    let error = till.order("sale 1", &short).unwrap_err().to_string();
    assert!(error.contains("time_expire") && error.contains("301"), "{error}");
    let long = "长".repeat(128);
    let error = till.order("sale 1", &NativeOrder { body: &long, ..native_order("") }).unwrap_err().to_string();
    assert!(error.contains("body") && error.contains("127"), "{error}");
    let neither = JsapiOrder { openid: None, ..jsapi_order("") };
    assert!(till.order("sale 1", &neither).unwrap_err().to_string().contains("sub_openid"));
    let both = JsapiOrder { sub_openid: Some("o"), ..jsapi_order("") };
    assert!(till.order("sale 1", &both).unwrap_err().to_string().contains("only one"));
    assert!(shop.canned.sent().is_empty() && shop.journal.all().is_empty());
}

/// The six fields, signed by OpenSSL over the same ones.
#[test]
fn a_page_gets_six_signed_fields() {
    let nonce = "5K8264ILTKCH16CQ2502SI8ZNMTM67VS";
    for sign_type in [SignType::Md5, SignType::HmacSha256] {
        let account =
            wxpay_account().sub_merchant(SUB_MCH_ID, Some("wx0000000000000001")).unwrap().sign_type(sign_type);
        for appid in [APPID, "wx0000000000000001"] {
            let fields = account.js_fields(appid, PREPAY_ID, NOW, nonce).unwrap();
            let signed = [
                ("appId", appid),
                ("timeStamp", "1795248000"),
                ("nonceStr", nonce),
                ("package", "prepay_id=wx201410272009395522657a690389285100"),
                ("signType", fields.sign_type),
            ];
            let expected = match sign_type {
                SignType::Md5 => openssl_md5(&signed, KEY),
                SignType::HmacSha256 => openssl_hmac(&signed, KEY),
            };
            assert_eq!(fields.pay_sign, expected);
            assert_eq!([&fields.app_id, &fields.time_stamp, &fields.nonce_str], [appid, "1795248000", nonce]);
            assert_eq!(fields.package, signed[3].1);
        }
        assert!(account.js_fields("wx0000000000000002", PREPAY_ID, NOW, nonce).is_err());
        assert!(account.js_fields(APPID, "a&b=c", NOW, nonce).is_err());
        assert!(account.js_fields(APPID, PREPAY_ID, NOW, "").is_err());
        assert!(account.js_fields(APPID, PREPAY_ID, -1, nonce).is_err());
    }
}

/// One sale, whatever the method: two ways to pay it are never open together. Another method closes the first one.
#[test]
fn another_method_closes_the_first_one() {
    let shop = Shop::new();
    let till = shop.counter();
    let number = shop.scanned(&till);
    let closed = || wxpay_signed(SignType::Md5, &[]);
    // Whether it is closed is not known: no page is made.
    for answer in ["NOTPAY", "USERPAYING", "PAYERROR"] {
        shop.canned.then(&closed()).then(&order_state(answer, &number, &[]));
        let doubt = unknown(till.order_with("sale 1", &h5_order(""), &Options::new().patience(Duration::ZERO)));
        assert!(doubt.text.contains("another way") && doubt.text.contains(&number), "{doubt}");
        shop.pass(60);
    }
    assert_eq!(shop.states(), ["ordered"]);
    assert!(!shop.calls()[1..].contains(&"unifiedorder".to_owned()));
    // Closed, and only then the query's word: a new number, in the same call.
    let calls = shop.calls().len();
    shop.canned.then(&closed()).then(&order_state("CLOSED", &number, &[])).then(&order_made("MWEB", &[]));
    let second = is_ordered(till.order("sale 1", &h5_order("")));
    assert_ne!(second.order_number, number);
    assert_eq!(shop.calls()[calls..], ["closeorder", "orderquery", "unifiedorder"]);
    assert_eq!(shop.states(), ["unpaid", "ordered"]);
    // Back to the QR: the page's customer was faster. The sale is paid, says an error that names the payment.
    shop.pass(60);
    let paid = wxpay_signed(SignType::Md5, &[("result_code", "FAIL"), ("err_code", "ORDERPAID")]);
    shop.canned.then(&paid).then(&order_state("SUCCESS", &second.order_number, &[]));
    let error = native(&till).unwrap_err().to_string();
    assert!(error.contains("paid already") && error.contains(&second.order_number), "{error}");
    assert_eq!(shop.states(), ["unpaid", "paid"]);
    assert_eq!(accepted(till.order("sale 1", &h5_order(""))).order_number, second.order_number);
}

/// What cannot be begun closes nothing: a broken rule, another amount, a call that is cancelled. The QR stays payable.
#[test]
fn what_cannot_begin_closes_nothing() {
    let shop = Shop::new();
    let till = shop.counter();
    let number = shop.scanned(&till);
    let calls = shop.calls().len();
    // Another amount is another sale: nothing is sent.
    let error = till.order("sale 1", &H5Order { total_fee: fen(889), ..h5_order("") }).unwrap_err().to_string();
    assert!(error.contains("another amount") && error.contains(&number), "{error}");
    assert_eq!(shop.calls().len(), calls);
    // It is asked about, because it counts first; the rule is told once nothing is open.
    let bad = H5Order { notify_url: "https://pay.example/notify?a=1", ..h5_order("") };
    shop.canned.then(&order_state("NOTPAY", &number, &[]));
    unknown(till.order_with("sale 1", &bad, &Options::new().patience(Duration::ZERO)));
    shop.pass(60);
    shop.canned.then(&order_state("NOTPAY", &number, &[]));
    let cancelled = std::sync::atomic::AtomicBool::new(true);
    unknown(till.order_with("sale 1", &h5_order(""), &Options::new().watch(&cancelled)));
    assert!(!shop.calls().contains(&"closeorder".to_owned()), "{:?}", shop.calls());
    assert_eq!(shop.states(), ["ordered"]);
    shop.pass(60);
    shop.canned.then(&order_state("SUCCESS", &number, &[]));
    accepted(till.payment_of(&number));
}
