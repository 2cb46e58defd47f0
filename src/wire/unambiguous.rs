//! Signed text can be cut: the one rule that makes its reading the only one.
//!
//! A signature covers `k=v&k=v`, sorted by name, and nothing in it is escaped (安全规范, protocol F.1). So whoever has one true,
//! signed message can cut its text anew: a value `t&out_trade_no=2` becomes a value `t` and a field of its own, and two fields
//! become one. The signature stays good.
//!
//! The rule, for everything that is signed and read:
//!
//! 1. A name is not empty, and holds neither `&` nor `=`. ([`Pairs`] holds no other.)
//! 2. A value does not hold `&` and, after it, `=`. What stands between an `&` and the next `=` is the name of a *piece*.
//! 3. A value that is a URL, in one of the fields that carry one ([`URLS`]), may hold pieces, but none whose name is one of
//!    these fields, and none whose name stands in order between the field and the next one of the message.
//!
//! Of all readings of one signed text at most one keeps the rule. Take two, P and Q, and the first place where one cuts, say
//! P, and the other does not. Up to there they agree, so the field n that Q has there begins in P, too, and P's next name x
//! is a piece of n in Q. P is sorted, so x comes after n. By 2 and 3, n carries a URL in Q, x carries none, and x does not come
//! before m, the next name of Q; so there is an m, or x would be in order. P cannot cut at m, which would not be in order behind
//! x. So m is a piece of a field z of P, and z carries a URL: z is not x, so P cuts at z behind x and before m. But there z is
//! a piece of n in Q, and by 3 no piece has the name of a field that carries a URL.

use crate::wire::fields::{has_pieces, is_url};
use crate::wire::pairs::Pairs;
use crate::wire::sign::Canonical;

/// The fields of signed replies that carry a URL with parameters of its own (protocol C.2, E.4).
const URLS: [&str; 6] = ["code_img_url", "code_url", "mweb_url", "pay_info", "pay_url", "token_url"];

/// What is said of a value that breaks the rule.
pub(crate) const CUT: &str = "a value that holds & and = can be read as further fields";

/// Whether this is the only reading of its signed text that keeps the rule.
pub(crate) fn check(signed: &Pairs) -> Result<(), &'static str> {
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
    URLS.contains(&name) && is_url(value) && pieces().all(|piece| !URLS.contains(&piece) && !in_order(piece))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;

    fn pairs(rows: &[(&str, &str)]) -> Option<Pairs> {
        let mut pairs = Pairs::default();
        rows.iter().try_for_each(|(name, value)| pairs.add(name, value)).ok().map(|()| pairs)
    }

    /// All readings of a text: cut at any of its `&`, each part cut at any of its `=`. What signs as the same text counts.
    fn readings(text: &str) -> Vec<Pairs> {
        let marks: Vec<usize> = text.match_indices('&').map(|(at, _)| at).collect();
        let mut all = Vec::new();
        for chosen in 0..1_u32 << marks.len() {
            let cuts = marks.iter().enumerate().filter(|(bit, _)| chosen >> bit & 1 == 1).map(|(_, at)| *at);
            let mut parts = Vec::new();
            let mut from = 0;
            for at in cuts.chain([text.len()]) {
                parts.push(text.get(from..at).unwrap_or_default());
                from = at + 1;
            }
            each_split(&parts, &mut Vec::new(), &mut |rows| {
                if let Some(pairs) = pairs(rows).filter(|pairs| signed_text(pairs) == text) {
                    all.push(pairs);
                }
            });
        }
        all
    }

    type Row<'a> = (&'a str, &'a str);

    fn each_split<'a>(parts: &[&'a str], rows: &mut Vec<Row<'a>>, take: &mut dyn FnMut(&[Row<'_>])) {
        let Some((part, rest)) = parts.split_first() else { return take(rows) };
        for (at, _) in part.match_indices('=') {
            rows.push((&part[..at], &part[at + 1..]));
            each_split(rest, rows, take);
            rows.pop();
        }
    }

    /// Written anew, from the document: not the code that signs.
    fn signed_text(pairs: &Pairs) -> String {
        let mut rows: Vec<_> = pairs.iter().filter(|(name, value)| *name != "sign" && !value.is_empty()).collect();
        rows.sort();
        rows.iter().map(|(name, value)| [name, "=", value].concat()).collect::<Vec<_>>().join("&")
    }

    /// Every text of up to eight characters of this alphabet, and all its readings: at most one is believed.
    #[test]
    fn of_all_readings_of_a_short_text_at_most_one_is_believed() {
        let alphabet = ['a', 'b', '=', '&'];
        let (mut texts, mut believed) = (0, 0);
        for length in 3..=8_u32 {
            for number in 0..4_usize.pow(length) {
                let text: String = (0..length).map(|digit| alphabet[number >> (2 * digit) & 3]).collect();
                let good = readings(&text).iter().filter(|reading| check(reading).is_ok()).count();
                assert!(good <= 1, "{text}: {good}");
                texts += 1;
                believed += good;
            }
        }
        assert!(texts > 80_000 && believed > 500, "{texts} {believed}");
    }

    /// The same with whole names, URLs among them, in every order of five pieces.
    #[test]
    fn of_all_readings_of_a_text_with_urls_at_most_one_is_believed() {
        let parts = [
            "a=1",
            "code_img_url=https://a",
            "code_url=https://b?x=1",
            "m=2",
            "mweb_url=https://c?p=1",
            "package=3",
            "z=4",
            "v",
        ];
        let mut believed = 0;
        for number in 0..8_usize.pow(5) {
            let text = (0..5).map(|digit| parts[number >> (3 * digit) & 7]).collect::<Vec<_>>().join("&");
            let good = readings(&text).iter().filter(|reading| check(reading).is_ok()).count();
            assert!(good <= 1, "{text}: {good}");
            believed += good;
        }
        assert!(believed > 50, "{believed}");
    }

    #[test]
    fn real_replies_keep_the_rule() {
        let url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1037687096";
        let reply =
            [("mch_id", "7551000001"), ("mweb_url", url), ("nonce_str", "1"), ("status", "0"), ("sign", "s&a=b")];
        assert_eq!(check(&pairs(&reply).unwrap()), Ok(()));
        // Not where the next field would leave room for it, and not in a field of another kind.
        assert_eq!(check(&pairs(&[("mweb_url", url), ("status", "0")]).unwrap()), Err(CUT));
        assert_eq!(check(&pairs(&[("attach", url), ("nonce_str", "1")]).unwrap()), Err(CUT));
        for value in ["a&b", "a=b", "=", "&", "a=b&c", "Tom & Jerry", "1+1=2 & more"] {
            assert_eq!(check(&pairs(&[("attach", value), ("z", "1")]).unwrap()), Ok(()), "{value}");
        }
        for value in ["a&b=c", "&=", "&b=", "CFT&fee_type=USD", "x=1&y&z=2"] {
            assert_eq!(check(&pairs(&[("attach", value), ("z", "1")]).unwrap()), Err(CUT), "{value}");
        }
        for name in ["", "a=b", "a&b", "=", "&"] {
            assert!(pairs(&[(name, "1")]).is_none(), "{name}");
        }
    }
}
