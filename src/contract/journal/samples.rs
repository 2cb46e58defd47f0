//! Made-up payments, at the edges of what may come.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::model::Sale;
use crate::journal::{Mended, Settlement};
use crate::money::Fen;
use crate::outcome::{Next, Words};

/// 2027-01-15, a time that a journal believes.
pub(super) const NOW: i64 = 1_800_000_000;
pub(super) const DAY: i64 = 86_400;

pub(super) const ACCOUNT: &str = "redpack/1900000109/wx8888888888888888/https://contract.example";
pub(super) const OTHER_ACCOUNT: &str = "wxpay/1900000109/wx8888888888888888/https://contract.example";
pub(super) const CALL: &str = "sendredpack";
pub(super) const OTHER_CALL: &str = "unifiedorder";

pub(super) fn pair(name: &str, value: &str) -> (String, String) {
    (name.into(), value.into())
}

/// What a journal must give back to the byte: nothing, blanks, signs, four bytes a character, a name twice.
pub(super) fn fields() -> Vec<(String, String)> {
    [
        ("re_openid", "onqOjjmM1tad-3ROpncN-yUfa6uI"),
        ("remark", ""),
        ("wishing", " 恭喜发财 "),
        ("act_name", "'\"\\%_;--\u{1F9E7}"),
        ("remark", "the same name twice"),
    ]
    .map(|(name, value)| pair(name, value))
    .into()
}

/// The smallest amount that is money. (Errors are left to [`Fen`], which has none for these.)
pub(super) fn fen(amount: i64) -> Fen {
    Fen::new(amount).unwrap_or(Fen::MAX)
}

pub(super) fn sale(intent: &str, at: i64) -> Sale {
    Sale { account: ACCOUNT, call: CALL, intent: intent.into(), amount: fen(200), of: None, at, fields: fields() }
}

pub(super) fn refund(intent: &str, of: &str, at: i64) -> Sale {
    Sale { call: "refund", of: Some(of.into()), ..sale(intent, at) }
}

fn code(next: Next) -> (String, String, Next) {
    ("NOTENOUGH".into(), "帐号余额不足，请到商户平台充值后再重试".into(), next)
}

pub(super) fn declined(next: Next) -> Settlement {
    let (code, text, next) = code(next);
    Settlement::Declined { code, text, next }
}

pub(super) fn unproven(next: Next) -> Settlement {
    let (code, text, next) = code(next);
    Settlement::Unproven { code, text, next }
}

pub(super) fn accepted(listid: &str) -> Settlement {
    Settlement::Accepted { queried: false, evidence: [pair("send_listid", listid), pair("empty", "")].into() }
}

pub(super) fn late(id: &str) -> Settlement {
    Settlement::PaidLate { evidence: [pair("transaction_id", id)].into() }
}

pub(super) fn for_a_person() -> Settlement {
    Settlement::ForAPerson { reason: Cow::Borrowed("past the look-back") }
}

pub(super) fn by_hand(paid: bool) -> Settlement {
    Settlement::ByHand { paid, name: "王芳".into(), reason: "looked it up on the merchant platform".into() }
}

/// Every kind, and every kind of what is allowed next.
pub(super) fn settlements() -> Vec<Settlement> {
    let url = [pair("mweb_url", "https://contract.example/cgi?a=1&b=%E5%85%85")];
    [
        accepted("100000000020150520314766074200"),
        Settlement::Accepted { queried: true, evidence: Vec::new() },
        declined(Next::SameNumber),
        declined(Next::SameNumberLater(Duration::new(15, 250_000_001))),
        declined(Next::NewNumber),
        declined(Next::Stop),
        unproven(Next::SameNumber),
        unproven(Next::NewNumber),
        unproven(Next::Stop),
        Settlement::NotSent,
        Settlement::Ordered { evidence: url.clone().into() },
        Settlement::Refunding { evidence: url.into() },
        Settlement::Abandoned,
        late("4200000000202701150000000001"),
        for_a_person(),
        by_hand(true),
        by_hand(false),
    ]
    .into()
}

pub(super) fn words() -> Words {
    Words { code: "SYSTEMERROR".into(), text: "系统繁忙，请稍后再试。".into() }
}

pub(super) fn mended() -> Mended {
    Mended { amount: Fen::MAX, fields: [pair("re_openid", "another"), pair("total_amount", "2147483647")].into() }
}
