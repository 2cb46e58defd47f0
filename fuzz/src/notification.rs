//! Payment notifications. Believed only where another reader reads the same, OpenSSL's signature is the one in it, every value is the stored
//! order's, success is said and a transaction is named; and of all readings of one signed text only one is believed.

use wxpay_terminal::{Fen, Secret, StoredOrder, SwiftpassAccount, WxpayAccount};

use crate::readers;
use crate::signs;
use crate::support::{APPID, KEY, MCH_ID, SWIFTPASS_KEY, SWIFTPASS_MCH_ID};
use crate::tape::Tape;

const NUMBER: &str = "20261121000A78KQ2M0";
const FEN: i64 = 888;

/// An input that begins with a bit of these drives the writer.
const WRITTEN: u8 = 1;

#[derive(Clone, Copy, PartialEq)]
enum From {
    Wechat,
    Swiftpass,
}

impl From {
    fn key(self) -> &'static str {
        if self == From::Wechat { KEY } else { SWIFTPASS_KEY }
    }

    /// What it has to say, by protocol C.6 and E.3.
    fn must(self) -> &'static [(&'static str, &'static [&'static str])] {
        match self {
            From::Wechat => &[
                ("return_code", &["SUCCESS"]),
                ("result_code", &["SUCCESS"]),
                ("mch_id", &[MCH_ID]),
                ("appid", &[APPID]),
                ("out_trade_no", &[NUMBER]),
                ("total_fee", &["888"]),
            ],
            From::Swiftpass => &[
                ("status", &["0"]),
                ("result_code", &["0", "SUCCESS"]),
                ("pay_result", &["0"]),
                ("mch_id", &[SWIFTPASS_MCH_ID]),
                ("out_trade_no", &[NUMBER]),
                ("total_fee", &["888"]),
            ],
        }
    }

    /// What nothing in it may contradict.
    fn may(self) -> &'static [(&'static str, &'static [&'static str])] {
        &[("trade_state", &["SUCCESS"]), ("err_code", &["0", "OK", "SUCCESS"]), ("fee_type", &["CNY"])]
    }
}

pub fn run(data: &[u8]) -> String {
    if let Some((&WRITTEN, rest)) = data.split_first() {
        return written(&mut Tape::new(rest));
    }
    // As it came, and with its signature made anew.
    let both = [From::Wechat, From::Swiftpass].map(|from| {
        let as_it_is = believed(from, data);
        let signed = signed_anew(from, data).map(|body| believed(from, body.as_bytes()));
        format!("{as_it_is:?} {signed:?}")
    });
    both.join("; ")
}

/// What the library believes, after it was held against the rest.
fn believed(from: From, body: &[u8]) -> Result<String, String> {
    let order = StoredOrder { out_trade_no: NUMBER, total_fee: Fen::new(FEN).expect("fen") };
    let read = match from {
        From::Wechat => WxpayAccount::new(MCH_ID, APPID, Secret::from(KEY)).expect("an account").notification(body),
        From::Swiftpass => {
            let url = "https://gateway.example/pay/gateway";
            let account =
                SwiftpassAccount::new(url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY)).expect("an account");
            account.notification(body)
        }
    };
    let read = read.map_err(|fault| fault.to_string())?;
    let shown = format!("{read:?}");
    let paid = read.matches(&order).map_err(|fault| fault.to_string())?;
    let pairs = readers::pairs(&paid.reply);
    crate::xml::agrees(std::str::from_utf8(body).expect("UTF-8"), &pairs);
    let value = |name: &str| pairs.iter().find(|(have, _)| have == name).map(|(_, value)| value.as_str());
    let given = value("sign").unwrap_or_default();
    assert!(given.eq_ignore_ascii_case(&signs::of(&pairs, from.key())), "believed under another signature: {pairs:?}");
    for (name, good) in from.must() {
        assert!(value(name).is_some_and(|value| good.contains(&value)), "believed with {name} {:?}", value(name));
    }
    for (name, good) in from.may() {
        let value = value(name).unwrap_or_default();
        assert!(value.is_empty() || good.contains(&value), "believed with {name} {value}");
    }
    for never in ["refund_id"] {
        assert!(value(never).unwrap_or_default().is_empty(), "believed with {never}");
    }
    assert!(value("transaction_id").is_some_and(|id| !id.is_empty()), "believed without a transaction_id");
    assert_eq!((paid.out_trade_no.as_str(), paid.total_fee.get()), (NUMBER, 888));
    assert!(!shown.contains(given) || given.is_empty(), "its signature is shown");
    has_one_reading(from, &pairs);
    Ok(format!("{} {}", paid.transaction_id, paid.time_end))
}

/// Whoever has one signed text may cut it anew: no other cut of it is believed.
fn has_one_reading(from: From, pairs: &[(String, String)]) {
    let text = signs::text(pairs);
    let sign = pairs.iter().find(|(name, _)| name == "sign").cloned().expect("it has one");
    let pieces: Vec<&str> = text.split('&').collect();
    // Each piece begins a field, or belongs to the one before: those that hold no `=` can only belong to it.
    let free: Vec<usize> = (1..pieces.len()).filter(|at| pieces[*at].contains('=')).collect();
    if free.len() > 40 {
        return;
    }
    for joined in free {
        let mut cut: Vec<(String, String)> = Vec::new();
        for (at, piece) in pieces.iter().enumerate() {
            match piece.split_once('=') {
                Some((name, value)) if at != joined => cut.push((name.to_owned(), value.to_owned())),
                _ => {
                    let before = cut.last_mut().expect("the first piece begins a field");
                    before.1.push('&');
                    before.1.push_str(piece);
                }
            }
        }
        is_not_believed(from, cut, pairs, &sign);
    }
    // And cut wherever it can be.
    let mut all: Vec<(String, String)> = Vec::new();
    for piece in &pieces {
        match (piece.split_once('='), all.last_mut()) {
            (Some((name, value)), _) => all.push((name.to_owned(), value.to_owned())),
            (None, Some(before)) => before.1.push_str(&format!("&{piece}")),
            (None, None) => return,
        }
    }
    is_not_believed(from, all, pairs, &sign);
}

fn is_not_believed(from: From, mut cut: Vec<(String, String)>, pairs: &[(String, String)], sign: &(String, String)) {
    let key = |pairs: &[(String, String)]| {
        let mut rows: Vec<_> =
            pairs.iter().filter(|(name, value)| name != "sign" && !value.is_empty()).cloned().collect();
        rows.sort();
        rows
    };
    let is_name = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_') && !name.is_empty();
    if key(&cut) == key(pairs) || signs::text(&cut) != signs::text(pairs) || cut.iter().any(|(name, _)| !is_name(name))
    {
        return;
    }
    let first =
        |pairs: &[(String, String)]| pairs.iter().any(|(name, _)| name.starts_with(|c: char| c.is_ascii_digit()));
    if first(&cut) {
        return;
    }
    cut.push(sign.clone());
    let body = body(&cut);
    let order = StoredOrder { out_trade_no: NUMBER, total_fee: Fen::new(FEN).expect("fen") };
    let again = match from {
        From::Wechat => {
            WxpayAccount::new(MCH_ID, APPID, Secret::from(KEY)).expect("an account").notification(body.as_bytes())
        }
        From::Swiftpass => {
            let url = "https://gateway.example/pay/gateway";
            let account =
                SwiftpassAccount::new(url, SWIFTPASS_MCH_ID, Secret::from(SWIFTPASS_KEY)).expect("an account");
            account.notification(body.as_bytes())
        }
    };
    let believed = again.is_ok_and(|again| again.matches(&order).is_ok());
    assert!(!believed, "two readings of one signed text are believed:\n{pairs:?}\n{cut:?}");
}

/// The body with the right signature over what the other reader reads of it.
fn signed_anew(from: From, body: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(body).ok()?.trim_start_matches(['\u{FEFF}', ' ', '\t', '\r', '\n']);
    let root = readers::xml(text).ok()?;
    let flat = root.children.iter().filter(|child| child.children.is_empty() && child.name != "sign");
    let mut pairs: Vec<(String, String)> = flat.map(|child| (child.name.clone(), child.text.clone())).collect();
    let sign = signs::of(&pairs, from.key());
    pairs.push(("sign".into(), sign));
    Some(self::body(&pairs))
}

fn body(pairs: &[(String, String)]) -> String {
    let escaped =
        |value: &str| value.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('\r', "&#13;");
    let fields: String = pairs.iter().map(|(name, value)| format!("<{name}>{}</{name}>", escaped(value))).collect();
    format!("<xml>{fields}</xml>")
}

/// A notification out of the documents' fields, some of them otherwise, signed.
fn written(tape: &mut Tape<'_>) -> String {
    let from = tape.pick(&[From::Wechat, From::Swiftpass]);
    let mut pairs: Vec<(String, String)> = Vec::new();
    for (name, good) in from.must() {
        pairs.push(((*name).into(), good[tape.below(good.len())].into()));
    }
    pairs.push(("transaction_id".into(), "1009660380201506130728806387".into()));
    pairs.push(("time_end".into(), "20261121120000".into()));
    let untouched = tape.is_over();
    for _ in 0..tape.below(6) {
        let name = tape.pick(&[
            "attach",
            "trade_state",
            "err_code",
            "fee_type",
            "refund_id",
            "sign_type",
            "out_trade_no",
            "total_fee",
            "mch_id",
            "transaction_id",
            "result_code",
            "code_url",
            "mweb_url",
            "pay_info",
            "device_info",
            "bank_type",
            "sub_mch_id",
            "groupid",
            "a",
            "zz",
        ]);
        let value = match tape.below(6) {
            0 => String::new(),
            1 => tape.pick(&["SUCCESS", "0", "CNY", "MD5", "HMAC-SHA256", NUMBER, "888", "0888", " 888", "1"]).into(),
            2 => format!("t&out_trade_no={NUMBER}&total_fee={}", tape.pick(&["888", "1"])),
            3 => format!(
                "weixin://wxpay/bizpayurl?pr={}&groupid=00&{}=1",
                tape.text(8),
                tape.pick(&["z", "a", "total_fee"])
            ),
            4 => format!(
                "https://pay.example/?a={}&{}={}",
                tape.text(6),
                tape.pick(&["b", "total_fee", "time_end"]),
                tape.text(6)
            ),
            _ => tape.text(40),
        };
        pairs.retain(|(have, _)| have != name);
        if !value.is_empty() || tape.flag() {
            let value = value.chars().filter(|c| !matches!(c, '\u{FFFE}' | '\u{FFFF}')).collect();
            pairs.push((name.into(), value));
        }
    }
    let sign = signs::of(&pairs, from.key());
    let is_signed = !tape.one_in(8);
    pairs.push(("sign".into(), if is_signed { sign } else { sign.replace('A', "B") }));
    let told = believed(from, body(&pairs).as_bytes());
    assert!(!untouched || told.is_ok(), "the document's own is refused: {told:?}");
    format!("{told:?}")
}
