//! What looks like a proof and is none: found by trying to break the library.

use wxpay_terminal::*;

use crate::support::*;

const NUMBER: &str = "0010010404201411170000046545";

fn send(body: &str) -> Result<Outcome<RedPackSent>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = redpack(&canned);
    client.send(&mut client.prepare(&red_packet(NUMBER)).unwrap())
}

fn send_wap(body: &str) -> Result<Outcome<WapOrderMade>, Error> {
    let canned = Canned::default();
    canned.then(body);
    let client = swiftpass(&canned);
    client.send(&mut client.prepare(&wap_order("1415659990")).unwrap())
}

/// 65 KiB of namespaces took half a minute to read.
#[test]
fn attributes_prefixes_and_namespaces_are_refused() {
    let bomb = |outer: usize, inner: usize| {
        let many: String = (0..outer).map(|n| format!(" xmlns:a{n}='u'")).collect();
        format!("<xml{many}>{}</xml>", "<b xmlns:z='u'/>".repeat(inner))
    };
    for (outer, inner, why) in [
        (3_000, 800, "more than 256 equal signs"),
        (200, 57, "more than 256 equal signs"),
        (200, 56, "an element with attributes or a prefix"),
        (0, 256, "an element with attributes or a prefix"),
    ] {
        assert_eq!(unknown(send(&bomb(outer, inner))).text, why);
        assert!(swiftpass_account().notification(bomb(outer, inner).as_bytes()).is_err());
    }
    let good = redpack_success(NUMBER, &[]);
    for (from, to) in [
        ("<return_code>", "<a:return_code>"),
        ("<xml>", "<xml a=\"1\">"),
        ("<xml>", "<xml xmlns=\"urn:x\">"),
        ("<xml>", "<xml xmlns:a=\"urn:x\">"),
        ("<mch_id>", "<mch_id x='1'>"),
        ("<mch_id>", "<mch_id xml:lang='zh'>"),
        ("<mch_id>", "<mch_id xmlns=''>"),
        ("<return_msg>", "<xml:lang>zh</xml:lang><return_msg>"),
        ("<return_msg>", "<list><one x='1'/></list><return_msg>"),
    ] {
        assert_ne!(good.replace(from, to), good);
        assert_eq!(unknown(send(&good.replace(from, to))).reason, Reason::Unreadable, "{to}");
    }
    let prefixed = good.replace("<", "<a:").replace("<a:/", "</a:").replace("<a:![", "<![");
    unknown(send(&prefixed));
    // Marks inside CDATA are text.
    accepted(send(&redpack_success(NUMBER, &[("return_msg", "<!DOCTYPE x> <a:b c='d'>")])));
    accepted(send(&redpack_success(NUMBER, &[("return_msg", &"=".repeat(256))])));
    assert_eq!(unknown(send(&redpack_success(NUMBER, &[("return_msg", &"=".repeat(257))]))).reason, Reason::Unreadable);
}

#[test]
fn a_success_needs_visible_values() {
    unknown(send(&redpack_success(NUMBER, &[("send_listid", " ")])));
    let good = redpack_success(NUMBER, &[]);
    let nested = good.replace("<![CDATA[100000000020150520314766074200]]>", "<x/>");
    unknown(send(&nested));
}

/// A result that is neither SUCCESS nor FAIL is no refusal, whatever code stands beside it.
#[test]
fn a_refusal_says_fail() {
    let reply = |result: &str, more: &[(&str, &str)]| {
        let base = [("return_code", "SUCCESS"), ("result_code", result), ("err_code", "NOTENOUGH")];
        changed(&base, more)
    };
    declined(send(&reply("FAIL", &[])));
    for word in ["success", " SUCCESS", "SUCCESS\n", "0", "OK", "PROCESSING", "fail", " FAIL"] {
        unknown(send(&reply(word, &[])));
    }
    unknown(send(&reply("FAIL", &[("send_listid", "1000")])));
}

#[test]
fn a_signed_refusal_that_contradicts_itself_is_none() {
    let refusal = |more: &[(&str, &str)]| {
        let mut all = vec![("status", "0"), ("result_code", "1"), ("err_code", "NOAUTH")];
        all.extend(more);
        swiftpass_signed(&all)
    };
    let mch_id = ("mch_id", SWIFTPASS_MCH_ID);
    declined(send_wap(&refusal(&[mch_id])));
    declined(send_wap(&refusal(&[mch_id, ("need_query", "N")])));
    unknown(send_wap(&refusal(&[])));
    for odd in [("need_query", "Y"), ("mweb_url", "https://x.example/"), ("prepay_id", "wx1"), ("pay_result", "0")] {
        unknown(send_wap(&refusal(&[mch_id, odd])));
    }
    for result in ["00", "0.0", " 1", "FAIL", "x"] {
        let all = [("status", "0"), ("result_code", result), ("err_code", "NOAUTH"), mch_id];
        unknown(send_wap(&swiftpass_signed(&all)));
    }
}

/// Codes are judged as they stand, before they are cleaned for people.
#[test]
fn a_code_is_judged_as_it_stands() {
    for retcode in ["0\\n1", "\\u00001", "1\\u00000", "1 ", " 1"] {
        let canned = Canned::default();
        canned.then(&webgate_reply(retcode, ""));
        let client = webgate(&canned);
        unknown(client.send(&mut client.prepare(&charge("1")).unwrap()));
    }
    unknown(send(&tenpay_failure("N O T E N O U G H")));
    unknown(send(&tenpay_failure("NOTENOUGH ")));
}

/// "Use a new number", said of a number that was sent before, may be said of the attempt before.
#[test]
fn a_new_number_is_never_allowed_by_the_refusal_of_a_repeat() {
    let canned = Canned::default();
    let client = webgate(&canned);
    let mut prepared = client.prepare(&charge("1")).unwrap();
    canned.then(&webgate_reply("5", "")).then(&webgate_reply("7", "")).then(&webgate_reply("7", ""));
    declined(client.send(&mut prepared));
    unknown(client.send(&mut prepared));
    unknown(client.send(&mut prepared));
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    canned.then(&tenpay_failure("FREQ_LIMIT")).then(&tenpay_failure("SEND_FAILED"));
    declined(client.send(&mut prepared));
    unknown(client.send(&mut prepared));
}

/// An Error would deny that the attempt before it left.
#[test]
fn an_unsent_attempt_after_a_refused_one_is_that_refusal() {
    let canned = Canned::default();
    let client = redpack(&canned);
    let mut prepared = client.prepare(&red_packet(NUMBER)).unwrap();
    canned.then(&tenpay_failure("NOTENOUGH")).then_fault(Sent::No).then_fault(Sent::No);
    assert_eq!(declined(client.send(&mut prepared)).code, "NOTENOUGH");
    assert_eq!(declined(client.send(&mut prepared)).code, "NOTENOUGH");
    assert!(!prepared.is_marked());
}

/// After anything but a success the connection is not kept: a late duplicate must not meet the mended request.
#[test]
fn connections_are_forgotten_after_a_payment_that_was_not_accepted() {
    use std::sync::atomic::{AtomicU32, Ordering};
    struct Counts(Canned, AtomicU32);
    impl Transport for Counts {
        fn post(&self, post: &Post<'_>) -> Result<Received, Fault> {
            self.0.post(post)
        }
        fn forget(&self, url: &str) {
            assert!(url.starts_with("https://api"));
            self.1.fetch_add(1, Ordering::Relaxed);
        }
    }
    let canned = Canned::default();
    let transport = std::sync::Arc::new(Counts(canned.clone(), AtomicU32::new(0)));
    let account = RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let inputs = Inputs { transport: Box::new(transport.clone()), ..inputs(&canned) };
    let client = Client::with_inputs(account, terminal(), inputs).unwrap();
    let forgotten = |body: &str| {
        canned.then(body);
        let _ = client.send(&mut client.prepare(&red_packet(NUMBER)).unwrap()).unwrap();
        transport.1.swap(0, Ordering::Relaxed)
    };
    assert_eq!(forgotten(&redpack_success(NUMBER, &[])), 0);
    assert_eq!(forgotten(&tenpay_failure("PARAM_ERROR")), 2, "both hosts");
    assert_eq!(forgotten(""), 2);
}

/// A `Prepared` binds the second host and the limits, too.
#[test]
fn a_prepared_payment_does_not_move_to_other_hosts_or_limits() {
    let canned = Canned::default();
    let account = || RedpackAccount::new(MCH_ID, APPID, key()).unwrap();
    let client = |account| Client::with_inputs(account, terminal(), inputs(&canned)).unwrap();
    let mut prepared = client(account()).prepare(&red_packet(NUMBER)).unwrap();
    let other = account().hosts(&["https://api.mch.weixin.qq.com", "https://other.example"]).unwrap();
    refused(client(other).send(&mut prepared), "account");
    refused(client(account().amounts(fen(1), fen(100)).unwrap()).send(&mut prepared), "account");
    assert!(canned.sent().is_empty());
}

#[test]
fn a_notification_that_says_two_things_is_refused() {
    let base = [
        ("status", "0"),
        ("result_code", "0"),
        ("pay_result", "0"),
        ("mch_id", SWIFTPASS_MCH_ID),
        ("out_trade_no", "1415659990"),
        ("total_fee", "1"),
        ("transaction_id", "7551"),
    ];
    let matches = |change: (&str, &str)| {
        let mut fields = base.to_vec();
        fields.retain(|(name, _)| *name != change.0);
        fields.push(change);
        let notice = swiftpass_account().notification(swiftpass_signed(&fields).as_bytes()).unwrap();
        notice.matches(&StoredOrder { out_trade_no: "1415659990", total_fee: fen(1) })
    };
    for good in [("trade_state", "SUCCESS"), ("fee_type", "CNY"), ("err_code", "0"), ("coupon_fee", "0")] {
        matches(good).unwrap();
    }
    for odd in [
        ("trade_state", "NOTPAY"),
        ("trade_state", "REFUND"),
        ("err_code", "USERPAYING"),
        ("refund_id", "1"),
        ("fee_type", "USD"),
        ("transaction_id", ""),
        ("total_fee", "01"),
    ] {
        assert!(matches(odd).is_err(), "{odd:?}");
    }
}

#[test]
fn urls_with_impossible_hosts_and_ports() {
    for host in ["h:99999", "h:abc", "h:443:1", "[::1", "h<x>", "a..b", "h:0", "h:", "u@h", "[zz]"] {
        let url = format!("https://{host}");
        refused(RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[&url]), "url");
        let canned = Canned::default();
        let notify_url = format!("http://{host}/n");
        refused(swiftpass(&canned).prepare(&WapOrder { notify_url: &notify_url, ..wap_order("12345") }), "notify_url");
    }
    for host in ["h", "h:8443", "[::1]:8443", "127.0.0.1", "api.mch.weixin.qq.com"] {
        RedpackAccount::new(MCH_ID, APPID, key()).unwrap().hosts(&[&format!("https://{host}")]).unwrap();
    }
}

#[test]
fn a_blank_is_no_value_for_a_required_field() {
    let canned = Canned::default();
    for blank in [" ", "\u{3000}", "\u{FEFF}"] {
        refused(redpack(&canned).prepare(&SendRedPack { remark: blank, ..red_packet(NUMBER) }), "remark");
    }
}

#[test]
fn what_an_account_waives_is_not_sent() {
    let canned = Canned::default();
    let client = Client::with_inputs(swiftpass_account().without_sub_fields(), terminal(), inputs(&canned)).unwrap();
    let prepared = client.prepare(&WapOrder { sub_openid: None, ..wap_order("12345") }).unwrap();
    assert!(!String::from_utf8_lossy(prepared.body()).contains("sub_appid"));
}

#[cfg(feature = "https")]
#[test]
fn a_proxy_takes_no_password_and_an_encrypted_pem_asks_nobody() {
    let error = Https::builder().proxy("user:secret@proxy.example", 3128).map(drop).unwrap_err();
    assert!(!error.to_string().contains("secret"));
    let pem = b"-----BEGIN CERTIFICATE-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: DES-EDE3-CBC,00\n\nAAAA\n-----END CERTIFICATE-----\n";
    assert!(PublicKey::read(pem).is_err());
    assert!(Identity::from_pem(pem, pem).is_err());
    assert!(Https::builder().only_roots(pem).is_err());
}
