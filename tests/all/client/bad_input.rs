//! Bad input: an error that names the field and the rule, before anything is signed or sent.

use wxpay_terminal::*;

use crate::support::red_packets::{company_packet, group_packet, miniprogram_packet};
use crate::support::wxpay::{native_order, wxpay};
use crate::support::*;

const NUMBER: &str = "0010010404201411170000046545";

/// Prepares, and checks that the error names the field and that nothing was sent.
#[track_caller]
fn refuse_redpack(field: &str, change: impl FnOnce(&mut SendRedPack<'_>)) -> String {
    let canned = Canned::default();
    let mut request = red_packet(NUMBER);
    change(&mut request);
    let error = refused(redpack(&canned).prepare(&request), field);
    assert_eq!(error.kind(), ErrorKind::Field);
    assert!(!error.rule().is_empty());
    assert!(canned.sent().is_empty());
    error.to_string()
}

#[track_caller]
fn refuse_workwx(field: &str, change: impl FnOnce(&mut PayEmployee<'_>)) {
    let canned = Canned::default();
    let mut request = employee("100000982017072019616");
    change(&mut request);
    refused(workwx(&canned).prepare(&request), field);
    assert!(canned.sent().is_empty());
}

#[track_caller]
fn refuse_wap(field: &str, change: impl FnOnce(&mut WapOrder<'_>)) {
    let canned = Canned::default();
    let mut request = wap_order("1415659990");
    change(&mut request);
    refused(swiftpass(&canned).prepare(&request), field);
    assert!(canned.sent().is_empty());
}

#[track_caller]
fn refuse_charge(field: &str, change: impl FnOnce(&mut WxCharge<'_>)) {
    let canned = Canned::default();
    let mut request = charge("2016062115020100000001");
    change(&mut request);
    refused(webgate(&canned).prepare(&request), field);
    assert!(canned.sent().is_empty());
}

const REFUND_NUMBER: &str = "R20261121-1";

/// Prepares a refund, and checks that the error names the field, with these words in its rule, and that nothing was sent.
#[track_caller]
fn refuse_refund(field: &str, rule: &str, change: impl FnOnce(&mut Refund<'_>)) {
    let canned = Canned::default();
    let mut request = Refund {
        out_refund_no: REFUND_NUMBER,
        ..Refund::new(RefundOf::OutTradeNo("T20261121000001"), fen(888), fen(300))
    };
    change(&mut request);
    for repeat in [false, true] {
        let client = wxpay(&canned);
        let prepared = if repeat { client.prepare_repeat(&request) } else { client.prepare(&request) };
        let error = refused(prepared, field);
        assert_eq!(error.kind(), ErrorKind::Field);
        assert!(error.rule().contains(rule), "{error}");
    }
    assert!(canned.sent().is_empty());
}

const LONG: &str = "这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串这是一个很长的字符串";

#[test]
fn red_packet_fields() {
    refuse_redpack("mch_billno", |r| r.mch_billno = "");
    refuse_redpack("mch_billno", |r| r.mch_billno = "00100104042014111700000465451");
    refuse_redpack("mch_billno", |r| r.mch_billno = "0010-0001");
    refuse_redpack("mch_billno", |r| r.mch_billno = "单号");
    refuse_redpack("mch_billno", |r| r.mch_billno = "1 2");
    refuse_redpack("send_name", |r| r.send_name = "");
    refuse_redpack("send_name", |r| r.send_name = &LONG[..33 * 3]);
    refuse_redpack("re_openid", |r| r.re_openid = "");
    refuse_redpack("re_openid", |r| r.re_openid = "o o");
    refuse_redpack("re_openid", |r| r.re_openid = "onqOjjmM1tad-3ROpncN-yUfa6uI12345");
    refuse_redpack("total_amount", |r| r.total_amount = Fen::ZERO);
    refuse_redpack("total_num", |r| r.total_num = 0);
    refuse_redpack("total_num", |r| r.total_num = 2);
    refuse_redpack("wishing", |r| r.wishing = "a\u{1}b");
    refuse_redpack("wishing", |r| r.wishing = "a\nb");
    refuse_redpack("wishing", |r| r.wishing = "a\0");
    refuse_redpack("wishing", |r| r.wishing = "a\u{FFFF}");
    refuse_redpack("wishing", |r| r.wishing = &LONG[..129 * 3]);
    refuse_redpack("client_ip", |r| r.client_ip = "::1");
    refuse_redpack("client_ip", |r| r.client_ip = "192.168.0.256");
    refuse_redpack("client_ip", |r| r.client_ip = "localhost");
    refuse_redpack("act_name", |r| r.act_name = &LONG[..33 * 3]);
    refuse_redpack("remark", |r| r.remark = &LONG[..257 * 3]);
    refuse_redpack("risk_info", |r| r.risk_info = Some("posttime=1 2"));
    refuse_redpack("risk_info", |r| r.risk_info = Some(""));
    refuse_redpack("sub_mch_id", |r| r.sub_mch_id = Some(""));
    let message = refuse_redpack("send_name", |r| r.send_name = &LONG[..33 * 3]);
    assert_eq!(message, "send_name: is longer than 32 characters");
}

#[test]
fn red_packets_of_other_kinds() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let group = |field: &str, change: fn(&mut SendGroupRedPack<'_>)| {
        let mut request = group_packet(NUMBER);
        change(&mut request);
        refused(client.prepare(&request), field).to_string()
    };
    assert_eq!(group("total_num", |r| r.total_num = 2), "total_num: must be 3 or more");
    group("total_num", |r| r.total_num = 0);
    group("total_num", |r| r.total_num = u32::MAX);
    group("total_amount", |r| r.total_amount = Fen::ZERO);
    let words = "scene_id: is required for an amount outside 100 to 20000 fen each";
    assert_eq!(group("scene_id", |r| r.total_amount = fen(299)), words);
    group("scene_id", |r| r.total_amount = fen(60_001));
    group("risk_info", |r| r.risk_info = Some("a b"));
    let one = |field: &str, change: fn(&mut SendMiniProgramHb<'_>)| {
        let mut request = miniprogram_packet(NUMBER);
        change(&mut request);
        refused(client.prepare(&request), field);
    };
    one("scene_id", |r| r.total_amount = fen(99));
    one("scene_id", |r| r.total_amount = fen(20_001));
    one("mch_billno", |r| r.mch_billno = "0010-0001");
    one("wishing", |r| r.wishing = "");
    let client = workwx(&canned);
    let company = |field: &str, change: fn(&mut SendWorkwxRedPack<'_>)| {
        let mut request = company_packet(NUMBER);
        change(&mut request);
        refused(client.prepare(&request), field);
    };
    let named = |sender_name| WorkwxSender::Named { sender_name, sender_header_media_id: None };
    assert_eq!(
        refused(client.prepare(&SendWorkwxRedPack { sender: named(""), ..company_packet(NUMBER) }), "sender_name")
            .kind(),
        ErrorKind::Field
    );
    company("sender_name", |r| {
        r.sender = WorkwxSender::Named { sender_name: &LONG[..129 * 3], sender_header_media_id: None }
    });
    company("sender_header_media_id", |r| {
        r.sender = WorkwxSender::Named { sender_name: "a", sender_header_media_id: Some("") }
    });
    company("scene_id", |r| r.total_amount = fen(99));
    company("scene_id", |r| r.total_amount = fen(20_001));
    company("total_amount", |r| r.total_amount = Fen::ZERO);
    company("re_openid", |r| r.re_openid = "");
    // The page has 32; a corpid may be longer elsewhere.
    let long = "w".repeat(33);
    let account = WorkwxAccount::new(MCH_ID, &long, key(), Secret::from("s")).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    refused(client.prepare(&company_packet(NUMBER)), "wxappid");
    assert!(canned.sent().is_empty());
}

/// Lengths count characters: 32 Chinese characters are 96 bytes and fit String(32).
#[test]
fn lengths_count_characters() {
    let canned = Canned::default();
    let mut request = red_packet(NUMBER);
    request.send_name = &LONG[..32 * 3];
    redpack(&canned).prepare(&request).unwrap();
}

#[test]
fn employee_fields() {
    refuse_workwx("partner_trade_no", |r| r.partner_trade_no = "");
    refuse_workwx("partner_trade_no", |r| r.partner_trade_no = "1_2");
    refuse_workwx("partner_trade_no", |r| r.partner_trade_no = "12345678901234567890123456789");
    refuse_workwx("openid", |r| r.openid = "");
    refuse_workwx("amount", |r| r.amount = Fen::ZERO);
    refuse_workwx("amount", |r| r.amount = fen(99));
    refuse_workwx("amount", |r| r.amount = fen(2_000_001));
    refuse_workwx("desc", |r| r.desc = "");
    refuse_workwx("desc", |r| r.desc = &LONG[..82 * 3]);
    refuse_workwx("act_name", |r| r.act_name = "");
    refuse_workwx("act_name", |r| r.act_name = &LONG[..51 * 3]);
    refuse_workwx("spbill_create_ip", |r| r.spbill_create_ip = "10.2.3");
    refuse_workwx("re_user_name", |r| r.check_name = CheckName::ForceCheck { re_user_name: "" });
    refuse_workwx("re_user_name", |r| r.check_name = CheckName::NoCheck { re_user_name: Some("") });
    refuse_workwx("approval_number", |r| r.ww_msg_type = WwMsgType::Approval { approval_number: "" });
    refuse_workwx("approval_number", |r| r.ww_msg_type = WwMsgType::Approval { approval_number: "2017 05" });
}

#[test]
fn wap_order_fields() {
    refuse_wap("out_trade_no", |r| r.out_trade_no = "1234");
    refuse_wap("out_trade_no", |r| r.out_trade_no = "12345-");
    refuse_wap("out_trade_no", |r| r.out_trade_no = "123456789012345678901234567890123");
    refuse_wap("total_fee", |r| r.total_fee = Fen::ZERO);
    refuse_wap("total_fee", |r| r.total_fee = fen(5_000_001));
    refuse_wap("body", |r| r.body = "");
    refuse_wap("body", |r| r.body = &LONG[..129 * 3]);
    refuse_wap("attach", |r| r.attach = Some(&LONG[..129 * 3]));
    refuse_wap("mch_create_ip", |r| r.mch_create_ip = "x");
    refuse_wap("notify_url", |r| r.notify_url = "");
    refuse_wap("notify_url", |r| r.notify_url = "pay/notify");
    refuse_wap("notify_url", |r| r.notify_url = "ftp://example/notify");
    refuse_wap("charset", |r| r.charset = Some("GBK"));
    refuse_wap("version", |r| r.version = Some("1.0.0.0.0"));
    refuse_wap("sub_openid", |r| r.sub_openid = None);
    let at = |seconds| ChinaTime::from_unix(seconds).unwrap();
    refuse_wap("time_expire", |r| r.valid = Some(Valid { start: at(NOW), expire: at(NOW) }));
}

#[test]
fn charge_fields() {
    refuse_charge("openid", |r| r.openid = "");
    refuse_charge("netid", |r| r.netid = "");
    refuse_charge("out_trade_no", |r| r.out_trade_no = "");
    refuse_charge("out_trade_no", |r| r.out_trade_no = "1&2");
    refuse_charge("amount", |r| r.amount = Fen::ZERO);
    refuse_charge("remark", |r| r.remark = Some(""));
    refuse_charge("remark", |r| r.remark = Some("a\tb"));
}

/// POS flows 5 and 13: lengths, characters and amounts, each refused before anything is signed.
#[test]
fn refund_fields() {
    refuse_refund("out_refund_no", "", |r| r.out_refund_no = "");
    for bad in ["R 1", "R/1", "R.1", "R#1", "R&1", "退款1"] {
        refuse_refund("out_refund_no", "a-z, A-Z and _-|*@ only", |r| r.out_refund_no = bad);
    }
    let mut longest = Refund::new(RefundOf::TransactionId("1009660380201506130728806387"), fen(888), fen(888));
    longest.out_refund_no = &SIXTY_FIVE[..64];
    wxpay(&Canned::default()).prepare(&longest).unwrap();
    refuse_refund("out_refund_no", "longer than 64", |r| r.out_refund_no = SIXTY_FIVE);
    refuse_refund("out_refund_no", "a control character", |r| r.out_refund_no = "R1\n");
    refuse_refund("refund_fee", "1", |r| r.refund_fee = Fen::ZERO);
    refuse_refund("refund_fee", "is more than total_fee", |r| r.refund_fee = fen(889));
    refuse_refund("total_fee", "1", |r| r.total_fee = Fen::ZERO);
    refuse_refund("out_trade_no", "", |r| r.of = RefundOf::OutTradeNo(""));
    refuse_refund("out_trade_no", "shorter than 6", |r| r.of = RefundOf::OutTradeNo("12345"));
    refuse_refund("out_trade_no", "longer than 32", |r| {
        r.of = RefundOf::OutTradeNo("T20261121000001T20261121000001T20")
    });
    refuse_refund("out_trade_no", "a-z, A-Z and _-|* only", |r| r.of = RefundOf::OutTradeNo("T2026 1121"));
    refuse_refund("transaction_id", "", |r| r.of = RefundOf::TransactionId(""));
    refuse_refund("transaction_id", "letters and digits", |r| r.of = RefundOf::TransactionId("1009660380-1"));
    refuse_refund("transaction_id", "longer than 32", |r| r.of = RefundOf::TransactionId(LONG_ID));
    refuse_refund("refund_desc", "", |r| r.refund_desc = Some(""));
    refuse_refund("refund_desc", "longer than 80", |r| r.refund_desc = Some(&LONG[..81 * 3]));
    refuse_refund("refund_desc", "", |r| r.refund_desc = Some("a\u{1}b"));
    for url in ["http://shop.example/n", "https://shop.example/n?x=1", "shop.example/n"] {
        refuse_refund("notify_url", "https URL without a query string", |r| r.notify_url = Some(url));
    }
}

const SIXTY_FIVE: &str = "R0000000000000000000000000000000000000000000000000000000000000001";
const LONG_ID: &str = "100966038020150613072880638710096";

#[test]
fn queries_check_their_order_number() {
    let canned = Canned::default();
    refused(redpack(&canned).ask(&GetHbInfo { mch_billno: "1-2" }), "mch_billno");
    refused(workwx(&canned).ask(&QueryPayEmployee { partner_trade_no: "" }), "partner_trade_no");
    refused(swiftpass(&canned).ask(&TradeQuery { out_trade_no: "1" }), "out_trade_no");
    refused(swiftpass(&canned).close(&TradeClose { out_trade_no: "1" }), "out_trade_no");
    refused(wxpay(&canned).ask(&RefundQuery { out_refund_no: "" }), "out_refund_no");
    refused(wxpay(&canned).ask(&RefundQuery { out_refund_no: "R 1" }), "out_refund_no");
    refused(wxpay(&canned).close(&Reverse { out_trade_no: "12345" }), "out_trade_no");
    assert!(canned.sent().is_empty());
}

#[test]
fn amounts() {
    refused(Fen::new(-1), "Fen");
    refused(Fen::new(i64::MIN), "Fen");
    refused(Fen::new(2_147_483_648), "Fen");
    refused(Fen::new(i64::MAX), "Fen");
    assert_eq!(Fen::new(2_147_483_647).unwrap(), Fen::MAX);
    assert_eq!(Fen::new(0).unwrap(), Fen::ZERO);
    assert_eq!(fen(1000).to_string(), "1000");
}

#[test]
fn money_limits_are_settings() {
    let canned = Canned::default();
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap().amounts(fen(100), fen(150)).unwrap();
    let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    let error = refused(client.prepare(&red_packet(NUMBER)), "total_amount");
    assert_eq!(error.rule(), "must be 100 to 150 fen");
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    refused(account.amounts(fen(2), fen(1)), "amounts");
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    refused(account.amounts(fen(0), fen(1)), "amounts");
}

#[test]
fn terminals() {
    for device_info in ["", "a b", "设备", "123456789012345678901234567890123", "a\n"] {
        refused(Terminal::new(device_info), "device_info");
    }
    assert_eq!(Terminal::new("12345678901234567890123456789012").unwrap().device_info().unwrap().len(), 32);
}

#[test]
fn keys_and_names_of_accounts() {
    for wrong in ["", "0123456789abcdef0123456789ABCDE", "0123456789abcdef0123456789ABCDEF0"] {
        refused(RedpackAccount::new(MCH_ID, APPID, Secret::from(wrong)), "key");
    }
    refused(RedpackAccount::new(MCH_ID, APPID, Secret::from("0123456789abcdef0123456789ABCDE ")), "key");
    refused(RedpackAccount::new("", APPID, key()), "mch_id");
    refused(RedpackAccount::new("12a", APPID, key()), "mch_id");
    refused(RedpackAccount::new(MCH_ID, "", key()), "wxappid");
    refused(RedpackAccount::new(MCH_ID, "wx 1", key()), "wxappid");
    refused(WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from("")), "secret");
    refused(WorkwxAccount::new(MCH_ID, CORPID, Secret::from("short"), Secret::from("s")), "key");
    let url = "https://gateway.example/pay/gateway";
    refused(SwiftpassAccount::new(url, "QRA 1", Secret::from(SWIFTPASS_KEY)), "mch_id");
    refused(SwiftpassAccount::new(url, "QRA29045311KKR1", Secret::from("short")), "key");
    SwiftpassAccount::new(url, "QRA29045311KKR1", Secret::from("7daa4babae15ae17eee90c9e")).unwrap();
    refused(WebgateAccount::new("https://pay.example", "", Secret::from("k"), SaysGood), "partner_id");
    refused(WebgateAccount::new("https://pay.example", "1", Secret::from(""), SaysGood), "secretkey");
}

#[test]
fn urls_must_be_https() {
    for url in [
        "http://gateway.example/pay",
        "HTTP://gateway.example",
        "gateway.example",
        "https://",
        "https://:443/",
        "https:///pay",
        "https://user:pass@gateway.example",
        "https://gateway.example/pay?x=1",
        "https://gateway.example/pay#x",
        "https://gateway example/",
        "https://gateway.example\\pay",
    ] {
        refused(SwiftpassAccount::new(url, "7551000001", Secret::from(SWIFTPASS_KEY)), "url");
        refused(RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[url]), "url");
    }
    refused(RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[]), "hosts");
}

/// A field that the caller did not set is neither sent nor signed; no default is added.
#[test]
fn what_is_not_set_is_not_sent() {
    let canned = Canned::default();
    let body = |body: &[u8]| String::from_utf8(body.to_vec()).unwrap();
    let wap = body(swiftpass(&canned).prepare(&wap_order("1415659990")).unwrap().body());
    for absent in ["version", "charset", "sign_type", "attach", "time_start", "goods_tag", "limit_credit_pay"] {
        assert!(!wap.contains(&format!("<{absent}>")), "{absent}");
    }
    let red = body(redpack(&canned).prepare(&red_packet(NUMBER)).unwrap().body());
    for absent in ["scene_id", "risk_info", "sub_mch_id", "msgappid", "device_info", "sign_type"] {
        assert!(!red.contains(&format!("<{absent}>")), "{absent}");
    }
    let plain = WxCharge { remark: None, ..charge("1") };
    assert!(!body(webgate(&canned).prepare(&plain).unwrap().body()).contains("remark"));
}

/// device_info belongs to the terminal and goes into every call whose table has it, and into no other.
#[test]
fn device_info_is_in_every_call_whose_table_has_it() {
    let canned = Canned::default();
    let has = |body: &[u8]| String::from_utf8_lossy(body).contains("<device_info>013467007045764</device_info>");
    assert!(has(workwx(&canned).prepare(&employee("1")).unwrap().body()));
    assert!(has(swiftpass(&canned).prepare(&wap_order("1415659990")).unwrap().body()));
    assert!(!has(redpack(&canned).prepare(&red_packet(NUMBER)).unwrap().body()));
    let in_tables: Vec<_> = ENDPOINTS.iter().filter(|e| e.field("device_info").is_some()).map(|e| e.name).collect();
    let orders = ["micropay", "unifiedorder.NATIVE", "unifiedorder.JSAPI", "unifiedorder.MWEB"];
    let others = ["paywwsptrans2pocket", "pay.weixin.wap", "unified.trade.micropay", "pay.weixin.native"];
    let wallets = ["pay.alipay.native", "unified.trade.native", "pay.weixin.jspay", "pay.alipay.jspay"];
    // Of this one it is the platform of a phone, and the caller's.
    assert_eq!(in_tables, [&orders[..], &others, &wallets, &["pay.weixin.wappay"]].concat());
    assert!(has(wxpay(&canned).prepare(&native_order("T20261121")).unwrap().body()));
    let account = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from("s")).unwrap();
    let client = Client::with_inputs(account, Terminal::unnamed(), inputs(&canned)).unwrap();
    assert!(!has(client.prepare(&employee("1")).unwrap().body()));
}

#[test]
fn content_types() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let _ = client.send(&mut client.prepare(&red_packet(NUMBER)).unwrap());
    let client = webgate(&canned);
    let _ = client.send(&mut client.prepare(&charge("1")).unwrap());
    let sent = canned.sent();
    assert_eq!(sent[0].content_type, "text/xml; charset=utf-8");
    assert_eq!(sent.last().unwrap().content_type, "application/x-www-form-urlencoded");
}

/// Without a random source nothing is signed. With the mark set even that is no error.
#[test]
fn no_random_numbers() {
    struct Broken;
    impl Random for Broken {
        fn fill(&self, _: &mut [u8]) -> Result<(), Error> {
            Fen::new(-1).map(drop)
        }
    }
    let canned = Canned::default();
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let inputs = Inputs { random: Box::new(Broken), ..inputs(&canned) };
    let client = Client::with_inputs(account, terminal(), inputs).unwrap();
    assert!(client.prepare(&red_packet(NUMBER)).is_err());

    let mut prepared = redpack(&canned).prepare(&red_packet(NUMBER)).unwrap();
    canned.then_fault(Sent::Maybe);
    unknown(client.send(&mut prepared));
    assert_eq!(unknown(client.send(&mut prepared)).reason, Reason::EarlierAttempt);
}

#[test]
fn deadlines() {
    let canned = Canned::default();
    for seconds in [0, 301] {
        refused(redpack(&canned).within(std::time::Duration::from_secs(seconds)), "within");
    }
}

/// F17: twins with other manners. The document of the e-pay gateway prints complete URLs; the account wants the host.
#[test]
fn a_path_where_a_host_is_wanted_is_refused() {
    for url in
        ["https://pay.example/wxcharge", "https://pay.example/a/b", "https://pay.example:8443/x", "https://[::1]/x"]
    {
        let webgate = WebgateAccount::new(url, "10001", Secret::from("k"), SaysGood);
        refused(webgate, "host");
        refused(RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[url]), "host");
        let workwx = WorkwxAccount::new(MCH_ID, CORPID, key(), Secret::from(WORKWX_SECRET)).unwrap();
        refused(workwx.hosts(&["https://pay.example", url]), "host");
    }
    // And the other way round: the host alone where the whole URL is wanted.
    for (url, is_whole) in
        [("https://pay.example", false), ("https://pay.example:8443", false), ("https://pay.example/", true)]
    {
        let account = SwiftpassAccount::new(url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY));
        match is_whole {
            true => drop(account.unwrap()),
            false => {
                let error = account.unwrap_err();
                assert!(error.field_name() == "url" && error.rule().contains("/pay/gateway"), "{error}");
            }
        }
    }
    // A slash at the end is no path.
    for url in ["https://pay.example", "https://pay.example/", "https://pay.example:8443/"] {
        WebgateAccount::new(url, "10001", Secret::from("k"), SaysGood).unwrap();
        RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[url]).unwrap();
    }
}

/// F6: `pay.weixin.wappay` answers with `pay_info`, which no table here reads. A query has two names, nothing else has any.
#[test]
fn a_service_that_the_tables_do_not_have_is_refused() {
    let others = [
        "pay.weixin.wappay",
        "pay.weixin.wap",
        "unified.trade.close",
        "unified.micropay.reverse",
        "",
        "unified.trade.query ",
    ];
    for service in others {
        refused(swiftpass_account().older_service(service), "older_service");
    }
    for service in ["unified.trade.query", "trade.single.query"] {
        let canned = Canned::default();
        let account = match service {
            "unified.trade.query" => swiftpass_account(),
            older => swiftpass_account().older_service(older).unwrap(),
        };
        let client = Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
        let _ = client.ask(&TradeQuery { out_trade_no: "T2026112100001" });
        assert_eq!(xml_value(&canned.sent()[0].body, "service").as_deref(), Some(service));
    }
}

/// F33: an error names the way out.
#[test]
fn what_is_missing_names_who_sets_it() {
    let bare = SwiftpassAccount::new("https://g.example/pay", SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY)).unwrap();
    let client = Client::with_inputs(bare, terminal(), inputs(&Canned::default())).unwrap();
    let error = client.prepare(&wap_order("1415659990")).unwrap_err();
    assert_eq!(error.field_name(), "sub_appid");
    assert!(
        error.rule().contains("account's method of this name") && error.rule().contains("without_sub_fields"),
        "{error}"
    );
    let order = WapOrder { sub_openid: None, ..wap_order("1415659990") };
    let error = swiftpass(&Canned::default()).prepare(&order).unwrap_err();
    assert_eq!(error.field_name(), "sub_openid");
    assert!(error.rule().contains("in the request") && error.rule().contains("without_sub_fields"), "{error}");
}

/// F33: what a caller brings may be shared.
#[test]
fn a_pointer_to_an_input_is_an_input() {
    use std::sync::Arc;
    fn is_clock(_: impl Clock) {}
    fn is_pause(_: impl Pause) {}
    fn is_random(_: impl Random) {}
    fn is_watch(_: impl Watch) {}
    fn is_rule(_: impl ReplyRule) {}
    fn is_transport(_: impl Transport) {}
    let clock: Arc<dyn Clock> = Arc::new(FixedClock(NOW));
    assert_eq!((&&clock).unix_seconds(), NOW);
    is_clock(Box::new(clock.clone()));
    is_clock(clock);
    struct Still;
    impl Pause for Still {
        fn pause(&self, _: std::time::Duration) {}
    }
    is_pause(Arc::new(Still));
    is_pause(Box::new(Still) as Box<dyn Pause>);
    is_random(Arc::new(Counting::new()));
    is_random(Box::new(Counting::new()));
    let cancel = Arc::new(std::sync::atomic::AtomicBool::new(true));
    assert!(Watch::is_cancelled(&cancel), "the pointer asks what it points to");
    is_watch(cancel);
    assert_eq!(
        (Box::new(SaysGood) as Box<dyn ReplyRule>).verify(&Pairs::default()),
        SaysGood.verify(&Pairs::default())
    );
    is_rule(Arc::new(SaysGood));
    is_transport(Box::new(Canned::default()) as Box<dyn Transport>);
    is_transport(Arc::new(Canned::default()));
}
