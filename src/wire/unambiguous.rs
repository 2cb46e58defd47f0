//! Signed text can be cut: the one rule that makes its reading the only one.
//!
//! A signature covers `k=v&k=v`, sorted by name, and nothing in it is escaped (安全规范, protocol F.1). So whoever has one true,
//! signed message can cut its text anew: a value `t&out_trade_no=2` becomes a value `t` and a field of its own, and two fields
//! become one. The signature stays good.
//!
//! The rule, for everything that is signed and read:
//!
//! 1. A name is not empty, and holds neither `&` nor `=` ([`Pairs`] holds no other), and is none that only pieces have ([`PIECES`]).
//! 2. A value does not hold `&` and, after it, `=`. What stands between an `&` and the next `=` is the name of a *piece*.
//! 3. A value that is a URL, in one of the fields that carry one ([`URLS`]), may hold pieces, but none whose name is one of
//!    these fields, and none whose name stands in order between the field and the next one of the message, but for those that
//!    only pieces have.
//!
//! Of all readings of one signed text at most one keeps the rule. Take two, P and Q, and the first place where one cuts, say
//! P, and the other does not. Up to there they agree, so the field n that Q has there begins in P, too, and P's next name x
//! is a piece of n in Q. By 1, x is none that only pieces have. P is sorted, so x comes after n. By 2 and 3, n carries a URL in Q, x carries none, and x does not come
//! before m, the next name of Q; so there is an m, or x would be in order. P cannot cut at m, which would not be in order behind
//! x. So m is a piece of a field z of P, and z carries a URL: z is not x, so P cuts at z behind x and before m. But there z is
//! a piece of n in Q, and by 3 no piece has the name of a field that carries a URL.

use crate::wire::fields::{has_pieces, is_link_of_wechat, is_url};
use crate::wire::pairs::Pairs;
use crate::wire::sign::Canonical;

/// The fields of signed replies that carry a URL with parameters of its own (protocol C.2, E.4).
const URLS: [&str; 6] = ["code_img_url", "code_url", "mweb_url", "pay_info", "pay_url", "token_url"];

/// What stands in real URLs between two fields in order, and is no field of any message: `weixin://wxpay/bizpayurl/up?pr=…&groupid=00`
/// is the `code_url` of protocol E.2.
const PIECES: [&str; 1] = ["groupid"];

/// What is said of a value that breaks the rule.
pub(crate) const CUT: &str = "a value that holds & and = can be read as further fields";

/// Whether this is the only reading of its signed text that keeps the rule.
pub(crate) fn check(signed: &Pairs) -> Result<(), &'static str> {
    if PIECES.iter().any(|piece| signed.get(piece).is_some()) {
        return Err(CUT);
    }
    if !signed.hold(b'&') || signed.iter().all(|(_, value)| !has_pieces(value)) {
        return Ok(());
    }
    let rows = Canonical::of_reply(signed).sorted();
    let next = |at: usize| rows.get(at.saturating_add(1)).map(|(_, name, _)| *name);
    let whole =
        |(at, (_, name, value)): (usize, &(u64, &str, &str))| !has_pieces(value) || is_whole_url(name, value, next(at));
    if rows.iter().enumerate().all(whole) { Ok(()) } else { Err(CUT) }
}

fn is_whole_url(name: &str, value: &str, next: Option<&str>) -> bool {
    let in_order = |piece: &str| name < piece && next.is_none_or(|next| piece < next);
    let pieces = || value.split('&').skip(1).filter_map(|piece| piece.split_once('=')).map(|(name, _)| name);
    let harmless = |piece: &str| PIECES.contains(&piece) || (!URLS.contains(&piece) && !in_order(piece));
    URLS.contains(&name) && (is_url(value) || is_link_of_wechat(value)) && pieces().all(harmless)
}

#[cfg(test)]
#[path = "../../tests/unit/wire/unambiguous.rs"]
mod tests;
