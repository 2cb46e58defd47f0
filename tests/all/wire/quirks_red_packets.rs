//! What the documents of the red packets beside sendredpack say wrongly or twice (protocol A.2 and B.2, corrections; B.3, B.4), one
//! test a row of `tests/quirks.md`.

use wxpay_terminal::*;

use crate::support::red_packets::*;
use crate::support::*;
use crate::wire::quirks::{RED, signed_as_openssl};

fn body<R>(prepared: Result<Prepared<R>, Error>) -> String {
    String::from_utf8(prepared.unwrap().body().to_vec()).unwrap()
}

fn company_body(change: impl FnOnce(&mut SendWorkwxRedPack<'_>)) -> String {
    let mut request = company_packet(RED);
    change(&mut request);
    body(workwx(&Canned::default()).prepare(&request))
}

fn company_reply(reply: &str) -> Result<Outcome<WorkwxRedPackSent>, Error> {
    let canned = Canned::default();
    canned.then(reply);
    let client = workwx(&canned);
    client.send(&mut client.prepare(&company_packet(RED)).unwrap())
}

#[test]
fn q5_1_a_group_and_a_mini_program_have_no_client_ip() {
    let client = redpack(&Canned::default());
    for body in [body(client.prepare(&group_packet(RED))), body(client.prepare(&miniprogram_packet(RED)))] {
        assert!(!body.contains("client_ip") && !body.contains("sign_type"), "{body}");
        signed_as_openssl(&body, KEY);
    }
}

#[test]
fn q5_2_a_company_sends_no_total_num_and_no_client_ip() {
    let body = company_body(|_| {});
    for absent in ["total_num", "client_ip", "sign_type", "send_name", "<appid>", "device_info"] {
        assert!(!body.contains(absent), "{absent}");
    }
}

#[test]
fn q5_3_a_name_or_an_application() {
    let named = company_body(|_| {});
    assert_eq!(xml_value(&named, "sender_name").unwrap(), "XX活动");
    assert!(!named.contains("agentid") && !named.contains("sender_header_media_id"));
    let media_id = "1G6nrLmr5EC3MMb_-zK1dDdzmd0p7cNliYu9V5w7o8K0";
    let sender = WorkwxSender::Named { sender_name: "XX活动", sender_header_media_id: Some(media_id) };
    let pictured = company_body(|request| request.sender = sender);
    assert_eq!(xml_value(&pictured, "sender_header_media_id").unwrap(), media_id);
    let application = company_body(|request| request.sender = WorkwxSender::Application { agentid: 1 });
    assert_eq!(xml_value(&application, "agentid").unwrap(), "1");
    assert!(!application.contains("sender_"));
}

/// Beside OpenSSL.
#[test]
fn q5_4_seven_fields_are_in_workwx_sign_and_all_in_sign() {
    let body = company_body(|_| {});
    let seven = ["act_name", "mch_billno", "mch_id", "nonce_str", "re_openid", "total_amount", "wxappid"];
    let values: Vec<_> = seven.iter().map(|name| (*name, xml_value(&body, name).unwrap())).collect();
    let pairs: Vec<_> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let text = sorted(&pairs) + "&secret=" + WORKWX_SECRET;
    let md5 = openssl::hash::hash(openssl::hash::MessageDigest::md5(), text.as_bytes()).unwrap();
    let hex: String = md5.iter().map(|byte| format!("{byte:02X}")).collect();
    assert_eq!(xml_value(&body, "workwx_sign").unwrap(), hex);
    assert_eq!(body.matches("<nonce_str>").count(), 1, "one nonce for both");
    assert!(body.find("<workwx_sign>").unwrap() < body.find("<sign>").unwrap());
    signed_as_openssl(&body, KEY);
}

#[test]
fn q5_5_a_package_keeps_its_raw_ampersands() {
    let canned = Canned::default();
    canned.then(&miniprogram_success(RED, &[]));
    let client = redpack(&canned);
    let sent = accepted(client.send(&mut client.prepare(&miniprogram_packet(RED)).unwrap()));
    assert_eq!(sent.package, PACKAGE);
    assert!(!format!("{sent:?} {sent:#?}").contains("sendid"));
    // Without it nobody can claim the packet: the query tells that it was issued.
    canned.then(&miniprogram_success(RED, &[("package", "")]));
    unknown(client.send(&mut client.prepare(&miniprogram_packet(RED)).unwrap()));
}

#[test]
fn q5_6_the_corpid_is_called_wxappid_and_the_query_calls_it_appid() {
    assert_eq!(xml_value(&company_body(|_| {}), "wxappid").unwrap(), CORPID);
    let canned = Canned::default();
    canned.then(&tenpay_failure("NOT_FOUND"));
    let asked = workwx(&canned).ask(&QueryWorkwxRedPack { mch_billno: RED }).unwrap();
    assert!(matches!(asked, Answer::NotKnown { .. }));
    let sent = canned.sent().remove(0);
    assert!(sent.url.ends_with("/mmpaymkttransfers/queryworkwxredpack"));
    let names: Vec<_> = xml_fields(&sent.body).into_iter().map(|(name, _)| name).collect();
    assert_eq!(names, ["mch_billno", "mch_id", "appid", "nonce_str", "sign"]);
    assert_eq!(xml_value(&sent.body, "appid").unwrap(), CORPID);
    signed_as_openssl(&sent.body, KEY);
}

#[test]
fn q5_7_a_signed_reply_must_be_signed_right() {
    let plain = company_success(RED, &[]);
    accepted(company_reply(&plain));
    let fields = xml_fields(&plain.replace("<![CDATA[", "").replace("]]>", ""));
    let pairs: Vec<_> = fields.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    let sign = openssl_md5(&pairs, KEY);
    accepted(company_reply(&company_success(RED, &[("sign", &sign)])));
    let wrong = openssl_md5(&pairs, WORKWX_SECRET);
    assert_eq!(unknown(company_reply(&company_success(RED, &[("sign", &wrong)]))).reason, Reason::Unverified);
}

#[test]
fn q5_8_a_misprinted_code_of_the_query_says_nothing() {
    for code in ["SYSTEMERROR", "PSYSTEMERROR"] {
        let canned = Canned::default();
        canned.then(&tenpay_failure(code));
        let answer = workwx(&canned).ask(&QueryWorkwxRedPack { mch_billno: RED }).unwrap();
        assert!(matches!(&answer, Answer::NoAnswer(doubt) if doubt.code == code), "{answer:?}");
    }
}

#[test]
fn q5_9_who_took_a_companys_packet_stands_flat_in_the_reply() {
    let canned = Canned::default();
    canned.then(&reply(&[
        ("return_code", "SUCCESS"),
        ("result_code", "SUCCESS"),
        ("mch_billno", RED),
        ("mch_id", MCH_ID),
        ("status", "RECEIVED"),
        ("total_amount", "200"),
        ("openid", "ohO4GtzOAAYMp2yapORH3dQB3W18"),
        ("amount", "200"),
        ("rcv_time", "2015-04-21 20:00:00"),
    ]));
    let Answer::Known(info) = workwx(&canned).ask(&QueryWorkwxRedPack { mch_billno: RED }).unwrap() else { panic!() };
    assert_eq!((&info.status, info.total_amount), (&HbStatus::Received, Some(fen(200))));
    assert_eq!(info.rcv_time.as_deref(), Some("2015-04-21 20:00:00"));
    assert_eq!(info.reply.get("openid"), Some("ohO4GtzOAAYMp2yapORH3dQB3W18"));
    assert!(!format!("{info:?}").contains("ohO4Gtz"));
}
