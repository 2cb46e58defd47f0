//! Unit tests of `src/wire/unambiguous.rs`.

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
        "code_url=weixin://wxpay/b?x=1",
        "groupid=00",
        "m=2",
        "mweb_url=https://c?p=1",
        "package=3",
        "z=4",
        "v",
    ];
    let mut believed = 0;
    for number in 0..9_usize.pow(5) {
        let part = |digit| parts[number / 9_usize.pow(digit) % 9];
        let text = (0..5).map(part).collect::<Vec<_>>().join("&");
        let good = readings(&text).iter().filter(|reading| check(reading).is_ok()).count();
        assert!(good <= 1, "{text}: {good}");
        believed += good;
    }
    assert!(believed > 50, "{believed}");
}

#[test]
fn real_replies_keep_the_rule() {
    let url = "https://wx.tenpay.com/cgi-bin/mmpayweb-bin/checkmweb?prepay_id=wx2016&package=1037687096";
    let reply = [("mch_id", "7551000001"), ("mweb_url", url), ("nonce_str", "1"), ("status", "0"), ("sign", "s&a=b")];
    assert_eq!(check(&pairs(&reply).unwrap()), Ok(()));
    // Not where the next field would leave room for it, and not in a field of another kind.
    assert_eq!(check(&pairs(&[("mweb_url", url), ("status", "0")]).unwrap()), Err(CUT));
    assert_eq!(check(&pairs(&[("attach", url), ("nonce_str", "1")]).unwrap()), Err(CUT));
    // The example of protocol E.2, whose `groupid` would be in order; nothing else may have that name.
    let code_url = ("code_url", "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&groupid=00");
    assert_eq!(check(&pairs(&[code_url, ("mch_id", "1900000109")]).unwrap()), Ok(()));
    let cut = [("code_url", "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9"), ("groupid", "00"), ("mch_id", "1900000109")];
    assert_eq!(check(&pairs(&cut).unwrap()), Err(CUT));
    assert_eq!(check(&pairs(&[("attach", code_url.1), ("mch_id", "1900000109")]).unwrap()), Err(CUT));
    let other = ("code_url", "weixin://wxpay/bizpayurl/up?pr=NwY5Mz9&group=00");
    assert_eq!(check(&pairs(&[other, ("mch_id", "1900000109")]).unwrap()), Err(CUT));
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
