//! What the documents say of each call's reply: what a success has, what it echoes, which codes are final. From protocol A.3, A.4, B.4, C.4, C.5, E.3 and POS flows
//! 3.3, 4, 5; not from the library's tables. The codes are in tests/tables/refusals.tsv.

use crate::support::{KEY, SWIFTPASS_KEY};

/// What the documents say of a call.
pub struct Call {
    pub name: &'static str,
    pub key: &'static str,
    /// Its replies are signed: then each success is.
    pub signed: bool,
    /// What a success has, and says.
    pub success: &'static [(&'static str, &'static str)],
    /// Other values that say the same (C.4.5).
    pub also: &'static [(&'static str, &'static str)],
    /// The reply's name of what must be as it was sent, and the request's.
    pub echoes: &'static [(&'static str, &'static str)],
    /// Without these nothing is proven; the first one names the order, where the reply does.
    pub must: &'static [&'static str],
    pub names_order: bool,
    /// Where it is said that it failed, and how.
    pub failure: (&'static str, Option<&'static str>),
    /// What only a success has.
    pub only: &'static [&'static str],
}

pub const NUMBER: &str = "20261121000A78KQ2M0";
pub const PACKET: &str = "0010010404201411170000046545";
pub const EMPLOYEE: &str = "100000982017072019616";
pub const CHARGE: &str = "2016062115020100000001";

const WECHAT: &[(&str, &str)] = &[("return_code", "SUCCESS"), ("result_code", "SUCCESS")];
const FAILS: (&str, Option<&str>) = ("result_code", Some("FAIL"));
const NON_ZERO: (&str, Option<&str>) = ("result_code", None);

pub const CALLS: [Call; 12] = [
    Call {
        name: "sendredpack",
        key: KEY,
        signed: false,
        success: WECHAT,
        also: &[],
        echoes: &[
            ("mch_billno", "mch_billno"),
            ("mch_id", "mch_id"),
            ("wxappid", "wxappid"),
            ("re_openid", "re_openid"),
            ("total_amount", "total_amount"),
        ],
        must: &["mch_billno"],
        names_order: true,
        failure: FAILS,
        only: &["send_listid"],
    },
    Call {
        name: "paywwsptrans2pocket",
        key: KEY,
        signed: false,
        success: WECHAT,
        also: &[],
        echoes: &[("partner_trade_no", "partner_trade_no"), ("mch_id", "mch_id")],
        must: &["partner_trade_no", "payment_no"],
        names_order: true,
        failure: FAILS,
        only: &["payment_no"],
    },
    Call {
        name: "pay.weixin.wap",
        key: SWIFTPASS_KEY,
        signed: true,
        success: &[("status", "0"), ("result_code", "0")],
        also: &[("result_code", "SUCCESS")],
        echoes: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no")],
        must: &["mch_id", "mweb_url"],
        names_order: false,
        failure: NON_ZERO,
        only: &["mweb_url"],
    },
    Call {
        name: "wxcharge",
        key: "",
        signed: false,
        success: &[("retcode", "0")],
        also: &[],
        echoes: &[
            ("out_trade_no", "out_trade_no"),
            ("amount", "amount"),
            ("partner_id", "partner_id"),
            ("openid", "openid"),
        ],
        must: &["retcode"],
        names_order: false,
        failure: ("retcode", None),
        only: &[],
    },
    Call {
        name: "micropay",
        key: KEY,
        signed: true,
        success: WECHAT,
        also: &[],
        echoes: &[
            ("mch_id", "mch_id"),
            ("appid", "appid"),
            ("out_trade_no", "out_trade_no"),
            ("total_fee", "total_fee"),
        ],
        must: &["out_trade_no", "total_fee", "transaction_id"],
        names_order: true,
        failure: FAILS,
        only: &["transaction_id"],
    },
    Call {
        name: "unifiedorder",
        key: KEY,
        signed: true,
        success: WECHAT,
        also: &[],
        echoes: &[("mch_id", "mch_id"), ("appid", "appid"), ("out_trade_no", "out_trade_no")],
        must: &["mch_id", "prepay_id", "code_url"],
        names_order: false,
        failure: FAILS,
        only: &["prepay_id", "code_url"],
    },
    Call {
        name: "refund",
        key: KEY,
        signed: true,
        success: WECHAT,
        also: &[],
        echoes: &[
            ("mch_id", "mch_id"),
            ("appid", "appid"),
            ("out_refund_no", "out_refund_no"),
            ("refund_fee", "refund_fee"),
            ("out_trade_no", "out_trade_no"),
            ("total_fee", "total_fee"),
        ],
        must: &["out_refund_no", "refund_fee"],
        names_order: true,
        failure: FAILS,
        only: &["refund_id"],
    },
    Call {
        name: "unified.trade.micropay",
        key: SWIFTPASS_KEY,
        signed: true,
        success: &[("status", "0"), ("result_code", "0"), ("pay_result", "0")],
        also: &[("result_code", "SUCCESS")],
        echoes: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no"), ("total_fee", "total_fee")],
        must: &["out_trade_no", "total_fee", "transaction_id"],
        names_order: true,
        failure: NON_ZERO,
        only: &["transaction_id"],
    },
    Call {
        name: "gethbinfo",
        key: KEY,
        signed: false,
        success: WECHAT,
        also: &[],
        echoes: &[("mch_billno", "mch_billno"), ("mch_id", "mch_id")],
        must: &["status"],
        names_order: true,
        failure: FAILS,
        only: &[],
    },
    Call {
        name: "querywwsptrans2pocket",
        key: KEY,
        signed: false,
        success: WECHAT,
        also: &[],
        echoes: &[("partner_trade_no", "partner_trade_no"), ("mch_id", "mch_id")],
        must: &["status"],
        names_order: true,
        failure: FAILS,
        only: &[],
    },
    Call {
        name: "orderquery",
        key: KEY,
        signed: true,
        success: WECHAT,
        also: &[],
        echoes: &[("mch_id", "mch_id"), ("appid", "appid"), ("out_trade_no", "out_trade_no")],
        must: &["trade_state"],
        names_order: true,
        failure: FAILS,
        only: &[],
    },
    Call {
        name: "unified.trade.query",
        key: SWIFTPASS_KEY,
        signed: true,
        success: &[("status", "0"), ("result_code", "0")],
        also: &[("result_code", "SUCCESS")],
        echoes: &[("mch_id", "mch_id"), ("out_trade_no", "out_trade_no")],
        must: &["trade_state"],
        names_order: true,
        failure: NON_ZERO,
        only: &[],
    },
];

impl Call {
    /// Codes that end a first attempt at once, where there is a list of them. What needs the query besides is no refusal yet.
    pub fn refused(&self) -> Vec<&'static str> {
        self.codes("first")
    }

    /// Codes that say "no such order".
    pub fn unknown(&self) -> Vec<&'static str> {
        self.codes("unknown")
    }

    fn codes(&self, say: &str) -> Vec<&'static str> {
        let table = include_str!("../../tests/tables/refusals.tsv").lines().filter(|line| !line.starts_with('#'));
        let rows = table.map(|line| line.split('\t').collect::<Vec<_>>());
        let of_this_call = rows.filter(|row| row[2] == say && row[0].split(' ').any(|name| self.is_called(name)));
        of_this_call.flat_map(|row| row[4].split(" | ").collect::<Vec<_>>()).filter(|code| *code != "*").collect()
    }

    /// Of the three calls to `unifiedorder`, that with a code to scan.
    pub fn is_called(&self, name: &str) -> bool {
        name.trim_end_matches(".NATIVE") == self.name
    }
}
