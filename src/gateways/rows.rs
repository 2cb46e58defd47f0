//! Rows and steps that several tables have.

use crate::endpoint::{Digest, Failure, Field, Gate, KeyName, Kind, Means, Over, Required, Row, Source, Step};
use crate::outcome::Next;

/// A row that the caller fills.
pub(super) const fn given(
    name: &'static str,
    label: &'static str,
    required: Required,
    kind: Kind,
    longest: u16,
) -> Field {
    Field { name, required, source: Source::Request, kind, longest, shown: false, label }
}

/// A row that the account fills.
pub(super) const fn account(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Account, kind: Kind::Word, longest, shown: true, label }
}

/// A row that each attempt fills anew.
pub(super) const fn attempt(name: &'static str, label: &'static str, longest: u16) -> Field {
    Field { name, required: Required::Yes, source: Source::Attempt, kind: Kind::Word, longest, shown: false, label }
}

/// 设备号, which the terminal fills.
pub(super) const DEVICE_INFO: Field = Field {
    name: "device_info",
    required: Required::No,
    source: Source::Terminal,
    kind: Kind::Word,
    longest: 32,
    shown: true,
    label: "设备号",
};

/// The same row, whose value may be shown in a log.
pub(super) const fn shown(mut row: Field) -> Field {
    row.shown = true;
    row
}

/// MD5 over all fields with `&key=` (安全规范, protocol F.1).
pub(super) const SIGN: Step =
    Step { output: "sign", over: Over::All, digest: Some(Digest::Md5), key: KeyName::Api, suffix: Some("&key=") };

/// The same, with the digest of the account's sign type (protocol F.1.5).
pub(super) const SIGN_BY_ACCOUNT: Step =
    Step { output: "sign", over: Over::All, digest: None, key: KeyName::Api, suffix: Some("&key=") };

/// A row of another table that this one does not ask for; of the account, that it fills where it has a value.
pub(super) const fn may(mut row: Field) -> Field {
    row.required = Required::No;
    row
}

/// WeChat's transport field.
pub(super) const RETURN_CODE: Gate =
    Gate { name: "return_code", success: &["SUCCESS"], failure: Failure::Word("FAIL") };

/// WeChat's business field.
pub(super) const RESULT_CODE: Gate =
    Gate { name: "result_code", success: &["SUCCESS"], failure: Failure::Word("FAIL") };

/// A row of a code table, with the document's words.
pub(super) const fn row(code: &'static str, means: Means, words: &'static str) -> Row {
    Row { code, means, words }
}

/// Not accepted; mend the cause, then the same number.
pub(super) const MEND: Means = Means::Refused(Next::SameNumber);
