//! The red packets beside sendredpack: their replies, what is refused, and the seven fields of workwx_sign.

mod client;

use client::*;
use wxpay_simulator::credentials::*;
use wxpay_simulator::{Simulator, sign};

const GROUP: &str = "/mmpaymkttransfers/sendgroupredpack";
const MINIPROGRAM: &str = "/mmpaymkttransfers/sendminiprogramhb";
const WORKWX: &str = "/mmpaymkttransfers/sendworkwxredpack";
const QUERY_WORKWX: &str = "/mmpaymkttransfers/queryworkwxredpack";

fn without(number: &str, names: &[&str]) -> Pairs {
    let mut fields = redpack(number);
    fields.retain(|(name, _)| !names.contains(&name.as_str()));
    fields
}

fn with(mut fields: Pairs, more: &[(&str, &str)]) -> Pairs {
    more.iter().for_each(|(name, value)| set(&mut fields, name, value));
    fields.retain(|(_, value)| !value.is_empty());
    fields
}

fn group(number: &str) -> Pairs {
    let more = [("total_amount", "1000"), ("total_num", "3"), ("amt_type", "ALL_RAND")];
    with(without(number, &["client_ip"]), &more)
}

fn miniprogram(number: &str) -> Pairs {
    with(without(number, &["client_ip"]), &[("notify_way", "MINI_PROGRAM_JSAPI")])
}

fn company(number: &str) -> Pairs {
    let more = [("wxappid", CORPID), ("sender_name", "XX活动")];
    with(without(number, &["client_ip", "total_num", "send_name"]), &more)
}

fn sealed(path: &str, mut fields: Pairs) -> String {
    if path == WORKWX {
        let inner = sign::workwx_redpack(refs(&fields), WORKWX_SECRET);
        set(&mut fields, "workwx_sign", &inner);
    }
    signed(fields, KEY)
}

fn send(simulator: &Simulator, path: &str, fields: Pairs) -> Answer {
    call(simulator, path, &sealed(path, fields)).unwrap()
}

fn ask_company(simulator: &Simulator, number: &str) -> Answer {
    let mut fields = hbinfo(number);
    fields.retain(|(name, _)| name != "bill_type");
    set(&mut fields, "appid", CORPID);
    call(simulator, QUERY_WORKWX, &signed(fields, KEY)).unwrap()
}

#[test]
fn each_pays_once_and_its_query_knows_it() {
    let simulator = Simulator::start().unwrap();
    for (path, number, fields) in
        [(GROUP, "g1", group("g1")), (MINIPROGRAM, "m1", miniprogram("m1")), (WORKWX, "w1", company("w1"))]
    {
        let ask = || if path == WORKWX { ask_company(&simulator, number) } else { call_hbinfo(&simulator, number) };
        assert_eq!(ask().get("err_code"), "NOT_FOUND", "{path}");
        let first = send(&simulator, path, fields.clone());
        assert_eq!(first.get("result_code"), "SUCCESS", "{}", first.text());
        let again = send(&simulator, path, with(fields.clone(), &[("nonce_str", "another")]));
        for name in ["mch_billno", "send_listid", "package", "total_amount", "re_openid"] {
            assert_eq!(first.get(name), again.get(name), "{path}: {name}");
        }
        let entry = simulator.entry(number).unwrap();
        assert_eq!((entry.paid, entry.attempts), (1, 2), "{path}");
        let other = send(&simulator, path, with(fields, &[("total_amount", "600")]));
        assert_eq!(other.get("err_code"), "FATAL_ERROR", "{path}");
        let known = ask();
        assert_eq!((known.get("status"), known.get("mch_billno")), ("SENT".into(), number.into()), "{path}");
        // docs: F.2.
        let is_signed = |answer: &Answer| match answer.get("sign").as_str() {
            "" => false,
            given => given == sign::md5(refs(&answer.pairs()), KEY),
        };
        assert_eq!([is_signed(&first), is_signed(&known)], [path == WORKWX; 2], "{path}");
    }
    assert_eq!(call_hbinfo(&simulator, "w1").get("err_code"), "NOT_FOUND", "a company's is asked for by its own query");
}

fn call_hbinfo(simulator: &Simulator, number: &str) -> Answer {
    call(simulator, HBINFO, &signed(hbinfo(number), KEY)).unwrap()
}

#[test]
fn what_a_reply_has_of_its_own() {
    let simulator = Simulator::start().unwrap();
    let package = send(&simulator, MINIPROGRAM, miniprogram("m2")).get("package");
    assert!(package.starts_with("sendid=") && package.contains("&ver=8&sign="), "{package}");
    send(&simulator, GROUP, group("g2"));
    simulator.set_status("g2", "RECEIVED");
    let known = call_hbinfo(&simulator, "g2");
    assert_eq!((known.get("hb_type"), known.get("total_num")), ("GROUP".into(), "3".into()));
    assert_eq!(known.text().matches("<hbinfo>").count(), 3);
    assert!(known.text().contains("<amount>334</amount>") && known.text().contains("<amount>333</amount>"));
    send(&simulator, WORKWX, company("w2"));
    simulator.set_status("w2", "RECEIVED");
    assert_eq!(ask_company(&simulator, "w2").get("amount"), "200");
    simulator.set_status("w2", "FAILED");
    assert_eq!(simulator.entry("w2").unwrap().paid, 0);
    assert_eq!(send(&simulator, WORKWX, company("w2")).get("err_code"), "SEND_FAILED");
}

#[test]
fn what_is_refused() {
    let simulator = Simulator::start().unwrap();
    for (path, fields, changes, code) in [
        (GROUP, group("r"), &[("total_num", "2")][..], "PARAM_ERROR"),
        (GROUP, group("r"), &[("amt_type", "ALL_SAME")], "PARAM_ERROR"),
        (GROUP, group("r"), &[("total_amount", "299")], "MONEY_LIMIT"),
        (GROUP, group("r"), &[("total_amount", "60001")], "MONEY_LIMIT"),
        (GROUP, group("r"), &[("client_ip", "127.0.0.1")], "SIGN_ERROR"),
        (MINIPROGRAM, miniprogram("r"), &[("notify_way", "")], "PARAM_ERROR"),
        (MINIPROGRAM, miniprogram("r"), &[("total_num", "3")], "PARAM_ERROR"),
        (MINIPROGRAM, miniprogram("r"), &[("client_ip", "127.0.0.1")], "SIGN_ERROR"),
        (WORKWX, company("r"), &[("sender_name", "")], "PARAM_ERROR"),
        (WORKWX, company("r"), &[("agentid", "1")], "PARAM_ERROR"),
        (
            WORKWX,
            company("r"),
            &[("sender_name", ""), ("agentid", "1"), ("sender_header_media_id", "x")],
            "PARAM_ERROR",
        ),
        (WORKWX, company("r"), &[("total_amount", "99")], "MONEY_LIMIT"),
        // docs: B.2, corrections.
        (WORKWX, company("r"), &[("total_num", "1")], "SIGN_ERROR"),
        (WORKWX, company("r"), &[("client_ip", "127.0.0.1")], "SIGN_ERROR"),
        (WORKWX, company("r"), &[("wxappid", APP_APPID)], "ILLEGAL_APPID"),
    ] {
        let answer = send(&simulator, path, with(fields, changes));
        assert_eq!(answer.get("err_code"), code, "{path}: {changes:?}");
    }
    let mut over_all = company("r");
    let all = sign::md5(refs(&over_all), WORKWX_SECRET);
    set(&mut over_all, "workwx_sign", &all);
    let answer = call(&simulator, WORKWX, &signed(over_all, KEY)).unwrap();
    assert_eq!(answer.get("err_code"), "WORKWX_SIGN_ERROR");
    assert!(simulator.ledger().is_empty());
    let picture = [("sender_header_media_id", "1G6nrLmr5EC3MMb_-zK1dDdzmd0p7cNliYu9V5w7o8K0")];
    assert_eq!(send(&simulator, WORKWX, with(company("a"), &picture)).get("result_code"), "SUCCESS");
    let agent = [("sender_name", ""), ("agentid", "1")];
    assert_eq!(send(&simulator, WORKWX, with(company("b"), &agent)).get("result_code"), "SUCCESS");
}

/// The vector `workwx-redpack-official-input`.
#[test]
fn workwx_sign_of_the_pages_own_input() {
    let fields = pairs(&[
        ("act_name", "XXX"),
        ("mch_billno", "11111234567890"),
        ("mch_id", "10000098"),
        ("nonce_str", "qFKEgfig76DF9912fewmkp"),
        ("re_openid", "oxTWIuGaIt6gTKsQRLau2M0yL16E"),
        ("total_amount", "100"),
        ("wxappid", "wx123456789"),
        ("remark", "not signed"),
    ]);
    let answer = sign::workwx_redpack(refs(&fields), "192006250b4c09247ec02edce69f6a2d");
    assert_eq!(answer, "8B8D04AFC9FD08094CC5A0C2FA8BB60C");
}
