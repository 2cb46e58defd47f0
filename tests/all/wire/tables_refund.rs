//! The tables of refunds beside their pages (protocol E.2, E.3; POS flows 5, 8, 13, 14).

use std::time::Duration;

use wxpay_terminal::endpoint::{Kind, Means, Required, Rule};
use wxpay_terminal::{Next, auth_code, refund};

use crate::wire::tables::{compare, meaning};

#[test]
fn refund_and_refundquery_beside_their_pages() {
    let one_of = ["transaction_id", "out_trade_no"];
    compare(&refund::REFUND, include_str!("../../tables/refund.tsv"), &one_of, &[]);
    assert_eq!(refund::REFUND.rules[0], Rule::OneOf(&["out_trade_no", "transaction_id"]));
    let one_of = ["transaction_id", "out_trade_no", "out_refund_no", "refund_id"];
    compare(&refund::REFUND_QUERY, include_str!("../../tables/refundquery.tsv"), &one_of, &[]);
    const { assert!(refund::REFUND.client_certificate && !refund::REFUND_QUERY.client_certificate) };
    // Whatever range the account gives its sales: a part may be less.
    assert_eq!(refund::REFUND.field("refund_fee").unwrap().kind, Kind::AnyFen { least: 1 });
    assert_eq!(refund::REFUND.field("refund_desc").unwrap().longest, 80);
}

/// POS flows 5, the codes of refund, written out again by hand. A refusal counts once the query does not know the refund.
#[test]
fn the_codes_of_refund() {
    let says = |code, next| assert_eq!(meaning(&refund::REFUND, code), Means::RefusedUnlessKnown(next), "{code}");
    for code in ["INVALID_REQ_TOO_MUCH", "FREQUENCY_LIMITED"] {
        says(code, Next::SameNumberLater(Duration::from_secs(60)));
    }
    for code in ["USER_ACCOUNT_ABNORMAL", "TRADE_OVERDUE", "ORDERNOTEXIST"] {
        says(code, Next::Stop);
    }
    for code in "NOTENOUGH INVALID_TRANSACTIONID PARAM_ERROR APPID_NOT_EXIST MCHID_NOT_EXIST APPID_MCHID_NOT_MATCH \
                 REQUIRE_POST_METHOD SIGNERROR XML_FORMAT_ERROR"
        .split_whitespace()
    {
        says(code, Next::SameNumber);
    }
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
