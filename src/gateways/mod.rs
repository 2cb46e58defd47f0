//! The gateways: one file each, a table and the typed requests and replies.

pub(crate) mod account;
pub mod redpack;
pub(crate) mod request;
pub mod swiftpass;
pub mod webgate;
pub mod workwx;

use crate::endpoint::{
    Digest, Endpoint, Failure, Field, Gate, KeyName, Kind, Means, Over, Required, Row, Source, Step,
};
use crate::outcome::Next;

/// Every call of every gateway. Tests run over all of them, so that a new one cannot be left out.
pub const ENDPOINTS: &[&Endpoint] = &[
    &redpack::SEND_REDPACK,
    &redpack::GET_HB_INFO,
    &workwx::PAY_WWSPTRANS2POCKET,
    &workwx::QUERY_WWSPTRANS2POCKET,
    &swiftpass::WAP_ORDER,
    &swiftpass::TRADE_QUERY,
    &swiftpass::TRADE_CLOSE,
    &webgate::WXCHARGE,
];

/// A row that the caller fills.
const fn given(name: &'static str, label: &'static str, required: Required, kind: Kind, longest: u16) -> Field {
    Field { name, required, source: Source::Request, kind, longest, shown: false, label }
}

/// A row that the account fills.
const fn account(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Account, kind: Kind::Word, longest, shown: true, label }
}

/// A row that each attempt fills anew.
const fn attempt(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Attempt, kind: Kind::Word, longest, shown: false, label }
}

/// 设备号, which the terminal fills.
const DEVICE_INFO: Field = Field {
    name: "device_info",
    required: Required::No,
    source: Source::Terminal,
    kind: Kind::Word,
    longest: 32,
    shown: true,
    label: "设备号",
};

/// The same row, whose value may be shown in a log.
const fn shown(mut row: Field) -> Field {
    row.shown = true;
    row
}

/// MD5 over all fields with `&key=` (安全规范, protocol F.1).
const SIGN: Step =
    Step { output: "sign", over: Over::All, digest: Digest::Md5, key: KeyName::Api, suffix: Some("&key=") };

/// WeChat's transport field.
const RETURN_CODE: Gate = Gate { name: "return_code", success: &["SUCCESS"], failure: Failure::Word("FAIL") };

/// WeChat's business field.
const RESULT_CODE: Gate = Gate { name: "result_code", success: &["SUCCESS"], failure: Failure::Word("FAIL") };

/// A row of a code table, with the document's words.
const fn row(code: &'static str, means: Means, words: &'static str) -> Row {
    Row { code, means, words }
}

/// Not accepted; mend the cause, then the same number.
const MEND: Means = Means::Refused(Next::SameNumber);
