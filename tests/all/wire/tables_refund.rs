//! The tables of refunds beside their pages (protocol E.2, E.3; POS flows 5, 8, 13, 14).

use wxpay_terminal::endpoint::{Kind, Means, Required, Rule};
use wxpay_terminal::{auth_code, refund};

use crate::wire::tables::{compare, meaning};

#[test]
fn refund_and_refundquery_beside_their_pages() {
    let one_of = ["transaction_id", "out_trade_no"];
    compare(&refund::REFUND, include_str!("../../tables/refund.tsv"), &one_of, &[]);
    assert_eq!(refund::REFUND.rules[0], Rule::OneOf(&["out_trade_no", "transaction_id"]));
    let one_of = ["transaction_id", "out_trade_no", "out_refund_no", "refund_id"];
    compare(&refund::REFUND_QUERY, include_str!("../../tables/refundquery.tsv"), &one_of, &[]);
    let certificates = [&refund::REFUND, &refund::REFUND_QUERY].map(|call| call.client_certificate);
    assert_eq!(certificates, [true, false]);
    // Whatever range the account gives its sales: a part may be less.
    assert_eq!(refund::REFUND.field("refund_fee").unwrap().kind, Kind::AnyFen { least: 1 });
    assert_eq!(refund::REFUND.field("refund_desc").unwrap().longest, 80);
}

/// POS flows 5: what also answers a repeat whose first try worked. (Which codes refuse: refusals.rs.)
#[test]
fn the_open_codes_of_refund() {
    for code in "SYSTEMERROR BIZERR_NEED_RETRY ERROR INVALID_REQUEST REFUND_FEE_MISMATCH NEVER_SEEN".split(' ') {
        assert_eq!(meaning(&refund::REFUND, code), Means::Open, "{code}");
    }
    assert_eq!(refund::REFUND.reply.codes.len(), 19);
    for code in ["REFUNDNOTEXIST", "ORDERNOTEXIST"] {
        assert_eq!(meaning(&refund::REFUND_QUERY, code), Means::NotKnown, "{code}");
    }
    assert_eq!(meaning(&refund::REFUND_QUERY, "SYSTEMERROR"), Means::Open);
}

#[test]
fn authcodetoopenid_beside_its_page() {
    let call = &auth_code::AUTH_CODE_TO_OPENID;
    let rows: Vec<_> = call.fields.iter().filter(|row| row.required == Required::Yes).map(|row| row.name).collect();
    assert_eq!(rows, ["appid", "mch_id", "auth_code", "nonce_str", "sign"]);
    assert!(call.asks && !call.client_certificate && call.path == "/tools/authcodetoopenid");
    for code in ["SYSTEMERROR", "AUTHCODEEXPIRE", "AUTH_CODE_ERROR", "AUTH_CODE_INVALID", "NEVER_SEEN"] {
        assert_eq!(meaning(call, code), Means::Open, "{code}");
    }
}
