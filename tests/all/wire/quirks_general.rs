//! Section Q of the protocol notes, what holds for all gateways, one test a row.

use wxpay_terminal::*;

use crate::support::*;
use crate::wire::quirks::{RED, hb_info, red_body, red_reply, signed_as_openssl, wap_reply};

#[test]
fn q4_1_html_empty_and_cut_bodies_are_unknown() {
    let canned = Canned::default();
    canned.then_with("<html>502 Bad Gateway</html>", 502, false);
    let client = redpack(&canned);
    unknown(client.send(&mut client.prepare(&red_packet(RED)).unwrap()));
    unknown(red_reply("<html>502 Bad Gateway</html>"));
    unknown(red_reply(""));
    let whole = redpack_success(RED, &[]);
    unknown(red_reply(&whole[..whole.len() - 1]));
}

#[test]
fn q4_2_a_doctype_is_refused() {
    assert_eq!(unknown(red_reply(&format!("<!DOCTYPE xml>{}", redpack_success(RED, &[])))).text, "a DTD");
}

#[test]
fn q4_3_a_value_cannot_break_out_of_its_element() {
    for value in ["a]]>b", "</remark><total_amount>1</total_amount>", "<![CDATA[x]]>", "&lt;&amp;", "\"'"] {
        let body = red_body(|r| r.remark = value).unwrap();
        assert_eq!(body.matches("<total_amount>").count(), 1, "{value}");
        assert!(!body.contains("]]>"));
        // Another reader sees the value that was set.
        let seen = read_xml(&body).unwrap();
        assert_eq!(seen.get("remark"), Some(value));
        signed_as_openssl(&body, KEY);
    }
}

#[test]
fn q4_4_cdata_and_text_are_joined() {
    let body = redpack_success(RED, &[]).replace(
        "<send_listid><![CDATA[100000000020150520314766074200]]></send_listid>",
        "<send_listid><![CDATA[1000]]>000000<![CDATA[20150520]]><!-- x -->314766074200</send_listid>",
    );
    assert_eq!(accepted(red_reply(&body)).send_listid, "100000000020150520314766074200");
}

#[test]
fn q4_6_numbered_fields_are_signed() {
    is_ordered(wap_reply(&wap_success(&[("coupon_fee_0", "1"), ("refund_status_1", "SUCCESS")])));
}

#[test]
fn q4_9_hmac_sha256_has_64_characters() {
    use wxpay_terminal::endpoint::Digest;
    let sign = signature(Digest::HmacSha256, &[("a", "1")], Some("&key="), &key());
    assert_eq!(sign.len(), 64);
    let mut reply = Pairs::default();
    reply.add("a", "1").unwrap();
    reply.add("sign", &sign).unwrap();
    assert_eq!(verify_signature(Digest::HmacSha256, &reply, &key()), Ok(()));
}

#[test]
fn q4_10_identifiers_are_text() {
    let listid = "0000000020150520314766074200999";
    let sent = accepted(red_reply(&redpack_success(RED, &[("send_listid", listid)])));
    assert_eq!(sent.send_listid, listid);
}

#[test]
fn q4_11_an_absent_fee_is_not_zero() {
    assert_eq!(hb_info(&[("status", "SENT")]).total_amount, None);
    assert_eq!(hb_info(&[("status", "SENT"), ("total_amount", "0")]).total_amount, Some(Fen::ZERO));
}
