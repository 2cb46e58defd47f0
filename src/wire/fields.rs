//! The fields of one request: filled in, ordered by the table, checked.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::ops::Range;

use crate::bytes;
use crate::clock::ChinaTime;
use crate::endpoint::{Codes, Endpoint, Field, Kind, Required, Rule, Source};
use crate::error::{Error, text};
use crate::money::Fen;

/// Fields in order, all values in one buffer, in any order. Two allocations hold a whole request.
#[derive(Clone, Default)]
pub struct Fields {
    values: String,
    rows: Vec<(&'static str, Range<usize>)>,
}

impl Fields {
    pub(crate) fn with_capacity(rows: usize, bytes: usize) -> Fields {
        Fields { values: String::with_capacity(bytes), rows: Vec::with_capacity(rows) }
    }

    /// The value of a field.
    pub fn get(&self, name: &str) -> Option<&str> {
        let (_, at) = self.rows.iter().find(|(have, _)| *have == name)?;
        self.values.get(at.clone())
    }

    /// The fields in order.
    pub fn iter(&self) -> impl Iterator<Item = (&'static str, &str)> + Clone {
        self.rows.iter().map(|(name, at)| (*name, self.values.get(at.clone()).unwrap_or_default()))
    }

    /// The same as bytes, which are not asked where their characters begin.
    pub(crate) fn bytes(&self) -> impl Iterator<Item = (&'static [u8], &[u8])> {
        let values = self.values.as_bytes();
        self.rows.iter().map(|(name, at)| (name.as_bytes(), values.get(at.clone()).unwrap_or_default()))
    }

    pub(crate) fn length_of_names(&self) -> usize {
        self.rows.iter().fold(0_usize, |length, (name, _)| length.saturating_add(name.len()))
    }

    /// The length of all values, with so many bytes more for each field, and so many more for all.
    pub(crate) fn length_with(&self, each: usize, all: usize) -> usize {
        self.rows.len().saturating_mul(each).saturating_add(self.values.len()).saturating_add(all)
    }

    /// Whether any value needs escaping in XML. One look at the buffer is quicker than one at each value.
    pub(crate) fn have_markup(&self) -> bool {
        bytes::has_markup(self.values.as_bytes())
    }

    pub(crate) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(crate) fn text(&mut self, name: &'static str, value: &str) {
        let from = self.values.len();
        self.values.push_str(value);
        self.rows.push((name, from..self.values.len()));
    }

    pub(crate) fn optional(&mut self, name: &'static str, value: Option<&str>) {
        if let Some(value) = value {
            self.text(name, value);
        }
    }

    pub(crate) fn number(&mut self, name: &'static str, value: u32) {
        let from = self.values.len();
        push_number(value, &mut self.values);
        self.rows.push((name, from..self.values.len()));
    }

    pub(crate) fn fen(&mut self, name: &'static str, value: Fen) {
        self.number(name, value.get());
    }

    pub(crate) fn time(&mut self, name: &'static str, value: ChinaTime) {
        self.text(name, &value.digits());
    }

    /// The same fields, one of them with another value.
    pub(crate) fn with(&self, name: &'static str, value: &str) -> Fields {
        let mut changed =
            Fields::with_capacity(self.rows.len().saturating_add(4), self.values.len().saturating_add(64));
        for (have, old) in self.iter().filter(|(have, _)| *have != name) {
            changed.text(have, old);
        }
        changed.text(name, value);
        changed
    }

    /// These fields in the table's order, without those that each attempt makes anew. The values stay where they are.
    pub(crate) fn in_table_order(mut self, endpoint: &Endpoint) -> Fields {
        let given = core::mem::take(&mut self.rows);
        let rows = endpoint.fields.iter().filter(|row| row.source != Source::Attempt);
        self.rows.reserve(endpoint.fields.len());
        self.rows.extend(rows.filter_map(|row| given.iter().find(|(name, _)| *name == row.name).cloned()));
        self
    }

    /// Fields in the table's order, and what is missing from `others`.
    pub(crate) fn filled_up<'a>(mut self, endpoint: &Endpoint, others: impl Fn(&Field) -> Option<&'a str>) -> Fields {
        let mut at = 0_usize;
        for row in endpoint.fields.iter().filter(|row| row.source != Source::Attempt) {
            let is_here = self.rows.get(at).is_some_and(|(name, _)| bytes::same(name, row.name));
            if !is_here {
                let Some(value) = others(row) else { continue };
                let from = self.values.len();
                self.values.push_str(value);
                self.rows.insert(at, (row.name, from..self.values.len()));
            }
            at = at.saturating_add(1);
        }
        self
    }

    /// Whether all are fields of the table, in its order, and none is made by an attempt. Requests name theirs so; the C ABI takes any
    /// order.
    pub(crate) fn are_in_table_order(&self, endpoint: &Endpoint) -> bool {
        let mut ahead = endpoint.fields.iter().filter(|row| row.source != Source::Attempt);
        self.rows.iter().all(|(name, _)| ahead.any(|row| bytes::same(row.name, name)))
    }

    /// Takes back the fields pushed after the first `rows`: an attempt's nonce and signatures.
    pub(crate) fn truncate(&mut self, rows: usize) {
        let end = self.rows.get(rows).map(|(_, at)| at.start);
        self.rows.truncate(rows);
        if let Some(end) = end {
            self.values.truncate(end);
        }
    }
}

impl PartialEq for Fields {
    fn eq(&self, other: &Fields) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Fields {}

/// Decimal digits. `write!` would do the same in ten times the instructions.
fn push_number(value: u32, out: &mut String) {
    if value >= 10 {
        push_number(value / 10, out);
    }
    out.push(char::from_digit(value % 10, 10).unwrap_or('0'));
}

/// Shows only the values that the tables allow in a log. Without a table at hand: none.
impl fmt::Debug for Fields {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter().map(|(name, _)| name)).finish()
    }
}

/// Fields beside their table, for a redacted `Debug`.
pub(crate) struct Shown<'a>(pub &'a Fields, pub &'a Endpoint);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut map = f.debug_map();
        for (name, value) in self.0.iter() {
            let shown = self.1.field(name).is_some_and(|row| row.shown);
            map.entry(&name, &if shown { value } else { "_" });
        }
        map.finish()
    }
}

/// What the account adds to a table's rules.
pub(crate) struct Limits<'a> {
    /// The least and the most fen of one payment.
    pub amount: (u32, u32),
    /// Fields that this account's gateway does not want.
    pub waived: &'a [&'static str],
    /// The amounts that need no `scene_id`.
    pub usual: (u32, u32),
}

/// Checks every field, in the table's order, against its row, then the rules between fields. The first broken rule is the
/// error.
pub(crate) fn check(fields: &Fields, endpoint: &Endpoint, limits: &Limits<'_>) -> Result<(), Error> {
    let mut given = fields.iter();
    let mut next = given.next();
    for row in endpoint.fields.iter().filter(|row| row.source != Source::Attempt) {
        match next {
            Some((name, value)) if bytes::same(name, row.name) => {
                check_value(value, row, limits)?;
                next = given.next();
            }
            _ if is_required(row, limits) => return Err(Error::field(row.name, missing(row))),
            _ => {}
        }
    }
    if let Some((name, _)) = next {
        return Err(Error::field(name, "is not in its place in the table of this call"));
    }
    endpoint.rules.iter().try_for_each(|rule| check_rule(fields, endpoint, *rule, limits))
}

fn check_rule(fields: &Fields, endpoint: &Endpoint, rule: Rule, limits: &Limits<'_>) -> Result<(), Error> {
    let refuse = |field: &'static str, words: String| Err(Error::field(field, words));
    match rule {
        Rule::RequiredWhen { field, when, is } | Rule::OnlyWhen { field, when, is }
            if fields.get(when) == Some(is) && fields.get(field).is_none() =>
        {
            refuse(field, text(&["is required when ", when, " is ", is]))
        }
        Rule::OnlyWhen { field, when, is } if fields.get(when) != Some(is) && fields.get(field).is_some() => {
            refuse(field, text(&["is only there when ", when, " is ", is]))
        }
        Rule::RequiredWhenBegins { field, when, with, words }
            if fields.get(field).is_none() && fields.get(when).is_some_and(|value| value.starts_with(with)) =>
        {
            refuse(field, text(&["is required for ", words]))
        }
        Rule::RequiredForUnusualAmount { field } if fields.get(field).is_none() => {
            unusual(fields, endpoint, limits, "1").map_or(Ok(()), |words| refuse(field, words))
        }
        Rule::RequiredForUnusualShare { field, among } if fields.get(field).is_none() => {
            let among = fields.get(among).unwrap_or("1");
            unusual(fields, endpoint, limits, among).map_or(Ok(()), |words| refuse(field, words))
        }
        Rule::OnlyBeside { field, beside } if fields.get(field).is_some() && fields.get(beside).is_none() => {
            refuse(field, text(&["is only there beside ", beside]))
        }
        Rule::NotAbove { field, most } => {
            let fen = |name: &str| fields.get(name).and_then(Fen::read);
            match fen(field) > fen(most) {
                true => refuse(field, text(&["is more than ", most])),
                false => Ok(()),
            }
        }
        Rule::OneOf(names) => {
            let mut given = names.iter().filter(|name| fields.get(name).is_some());
            match (given.next(), given.next(), names.first()) {
                (None, _, Some(first)) => refuse(first, text(&["is required, or another of ", &names.join(", ")])),
                (Some(_), Some(second), _) => refuse(second, text(&["there is only one of ", &names.join(", ")])),
                _ => Ok(()),
            }
        }
        Rule::Period { from, until } => match (fields.get(from), fields.get(until)) {
            (Some(_), None) => refuse(until, text(&["is required beside ", from])),
            (None, Some(_)) => refuse(from, text(&["is required beside ", until])),
            // 14 digits each, as their rows say: the later one is the greater text.
            (Some(begins), Some(ends)) if ends <= begins => refuse(until, text(&["must be later than ", from])),
            _ => Ok(()),
        },
        Rule::RequiredWhen { .. }
        | Rule::RequiredWhenBegins { .. }
        | Rule::OnlyWhen { .. }
        | Rule::OnlyBeside { .. }
        | Rule::RequiredForUnusualAmount { .. }
        | Rule::RequiredForUnusualShare { .. } => Ok(()),
    }
}

/// Says so where the share that each of so many has of the amount is outside what the account calls usual.
fn unusual(fields: &Fields, endpoint: &Endpoint, limits: &Limits<'_>, among: &str) -> Option<String> {
    let amount = u64::from(fields.get(endpoint.amount).and_then(Fen::read).map_or(0, Fen::get));
    let among = among.parse::<u32>().map_or(1, u64::from);
    let (least, most) = limits.usual;
    let of_all = |share: u32| u64::from(share).saturating_mul(among);
    if (of_all(least)..=of_all(most)).contains(&amount) {
        return None;
    }
    let mut words = String::from("is required for an amount ");
    // Writing to a String cannot fail.
    let _ = write!(words, "outside {least} to {most} fen{}", if among == 1 { "" } else { " each" });
    Some(words)
}

/// That it is missing, and who sets it.
fn missing(row: &Field) -> &'static str {
    match (row.required, row.source) {
        (Required::UnlessWaived, Source::Account) => {
            "is required: set it with the account's method of this name, or say `without_sub_fields` where the gateway does not \
             want it"
        }
        (Required::UnlessWaived, _) => {
            "is required: set it in the request, or say the account's `without_sub_fields` where the gateway does not want it"
        }
        _ => "is required",
    }
}

fn is_required(row: &Field, limits: &Limits<'_>) -> bool {
    match row.required {
        Required::Yes => true,
        Required::No => false,
        Required::UnlessWaived => !limits.waived.contains(&row.name),
    }
}

fn check_value(value: &str, row: &Field, limits: &Limits<'_>) -> Result<(), Error> {
    let refuse = |rule: &str| Err(Error::field(row.name, String::from(rule)));
    if value.is_empty() && is_required(row, limits) {
        return refuse("is required and is empty");
    }
    if value.is_empty() {
        return refuse("is empty: leave out what has no value");
    }
    let kinds = bytes::kinds(value.as_bytes());
    let blank = |c: char| c.is_whitespace() || c == '\u{FEFF}';
    if kinds & bytes::VISIBLE == 0 && value.chars().all(blank) && is_required(row, limits) {
        return refuse("is required and is blank");
    }
    if kinds & bytes::CONTROL != 0 && value.chars().any(char::is_control) {
        return refuse("holds a control character");
    }
    if kinds & bytes::HIGH != 0 && has_noncharacter(value) {
        return refuse("holds a character that XML cannot carry");
    }
    // There are at least as many bytes as characters, and bytes need no counting.
    if value.len() > usize::from(row.longest) && value.chars().count() > usize::from(row.longest) {
        let mut rule = String::from("is longer than ");
        let _ = write!(rule, "{} characters", row.longest);
        return refuse(&rule);
    }
    // Texts come back signed, in replies and notifications.
    if kinds & bytes::AMPERSAND != 0 && !matches!(row.kind, Kind::Url | Kind::NotifyUrl) && has_pieces(value) {
        return refuse("holds & and, after it, =: where it comes back signed it could be read as further fields");
    }
    match broken_rule(value, kinds, row.kind, limits) {
        Some(rule) => refuse(&rule),
        None => Ok(()),
    }
}

/// Whether a text holds `&` and, after it, `=`.
pub(crate) fn has_pieces(value: &str) -> bool {
    value.split_once('&').is_some_and(|(_, rest)| rest.contains('='))
}

/// Whether it holds U+FFFE or U+FFFF.
fn has_noncharacter(value: &str) -> bool {
    value.as_bytes().windows(3).any(|bytes| matches!(bytes, [0xEF, 0xBF, 0xBE | 0xBF]))
}

/// The rule of its kind that a value breaks. `seen`: the kinds of its bytes.
fn broken_rule(value: &str, seen: u8, kind: Kind, limits: &Limits<'_>) -> Option<String> {
    let only = |allowed: u8| seen & !allowed == 0;
    let fails = |ok: bool, rule: &str| (!ok).then(|| String::from(rule));
    match kind {
        Kind::Text => None,
        Kind::Word => fails(only(bytes::VISIBLE), "must be visible ASCII without blanks"),
        Kind::LettersAndDigits => fails(only(bytes::DIGIT | bytes::LETTER), "must be letters and digits only"),
        Kind::Digits => fails(only(bytes::DIGIT), "must be digits only"),
        Kind::Count { least } => broken_count(value, least),
        Kind::AuthCode(codes) => broken_auth_code(value, only(bytes::DIGIT), codes).map(String::from),
        Kind::OrderNumber { shortest, also } => broken_order_number(value, seen, shortest, also),
        Kind::Fen { least } => broken_amount(value, least, limits.amount),
        Kind::AnyFen { least } => broken_amount(value, least, (least, Fen::MAX.get())),
        Kind::OneOf(words) => (!words.contains(&value)).then(|| text(&["must be one of ", &words.join(", ")])),
        Kind::Ipv4 => {
            fails(value.parse::<core::net::Ipv4Addr>().is_ok(), "must be an IPv4 address such as 192.168.0.1")
        }
        Kind::Ip => fails(value.parse::<core::net::IpAddr>().is_ok(), "must be an IP address"),
        Kind::Url => fails(is_url(value), "must be an absolute http or https URL"),
        Kind::NotifyUrl => fails(
            is_url(value) && value.starts_with("https://") && !value.contains('?'),
            "must be an absolute https URL without a query string",
        ),
        Kind::ChinaTime => fails(value.len() == 14 && only(bytes::DIGIT), "must be yyyyMMddHHmmss, GMT+8"),
    }
}

fn broken_order_number(value: &str, seen: u8, shortest: u16, also: &str) -> Option<String> {
    if value.len() < usize::from(shortest) {
        let mut rule = String::from("is shorter than ");
        let _ = write!(rule, "{shortest} characters");
        return Some(rule);
    }
    if seen & !(bytes::DIGIT | bytes::LETTER) == 0
        || value.chars().all(|c| c.is_ascii_alphanumeric() || also.contains(c))
    {
        return None;
    }
    Some(match also {
        "" => String::from("an order number is made of 0-9, a-z and A-Z only"),
        _ => text(&["an order number is made of 0-9, a-z, A-Z and ", also, " only"]),
    })
}

/// What a scanner puts around a code.
pub(crate) fn scanned(code: &str) -> &str {
    code.trim_matches([' ', '\t', '\r', '\n'])
}

/// POS flows 13. A number that begins otherwise than WeChat's may be the code of a face.
fn broken_auth_code(code: &str, digits: bool, codes: Codes) -> Option<&'static str> {
    let begins = code.get(..2).unwrap_or_default();
    let half = code.len() / 2;
    match code.len() {
        _ if !digits => Some("must be digits only: scan the code again"),
        0..=15 => Some("is shorter than 16 digits: scan the code again"),
        32.. if code.get(..half) == code.get(half..) => Some("was scanned twice: scan it once"),
        33.. => Some("is longer than 32 digits: scan the code again"),
        _ if codes == Codes::OfAnyWallet => None,
        16..=24 if matches!(begins, "25" | "26" | "27" | "28" | "29" | "30") => {
            Some("is a code of Alipay (支付宝): this account takes WeChat's (微信)")
        }
        19 if begins == "62" => Some("is a code of UnionPay (云闪付): this account takes WeChat's (微信)"),
        _ => None,
    }
}

/// As many as the documents' int32 holds.
fn broken_count(value: &str, least: u32) -> Option<String> {
    let most = i32::MAX.unsigned_abs();
    if bytes::is_number(value) && value.parse::<u32>().is_ok_and(|count| (least..=most).contains(&count)) {
        return None;
    }
    let mut rule = String::from("must be ");
    let _ = write!(rule, "{least} or more");
    Some(rule)
}

fn broken_amount(value: &str, least: u32, (account_least, most): (u32, u32)) -> Option<String> {
    let least = least.max(account_least);
    let amount = Fen::read(value).map_or(0, Fen::get);
    if (least..=most).contains(&amount) {
        return None;
    }
    let mut rule = String::from("must be ");
    let _ = write!(rule, "{least} to {most} fen");
    Some(rule)
}

/// An absolute http or https URL: a host, perhaps a port, no user, no fragment.
pub(crate) fn is_url(value: &str) -> bool {
    let rest = value.strip_prefix("https://").or_else(|| value.strip_prefix("http://"));
    let plain = value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"' | b'\\' | b'#'));
    plain && rest.is_some_and(|rest| is_authority(rest.split(['/', '?']).next().unwrap_or_default()))
}

/// What WeChat itself opens: `weixin://wxpay/bizpayurl?pr=…`.
pub(crate) fn is_link_of_wechat(value: &str) -> bool {
    value.starts_with("weixin://wxpay/")
        && value.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'<' | b'>' | b'"'))
}

/// `host` or `host:port`.
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, Some(port)),
        _ => (text, None),
    };
    let port_is_good = |port: &str| bytes::is_number(port) && port.parse::<u16>().is_ok_and(|port| port > 0);
    port.is_none_or(port_is_good) && is_host(host)
}

/// A host name, an IPv4 address, or an IPv6 address in brackets.
pub(crate) fn is_host(host: &str) -> bool {
    if let Some(inside) = host.strip_prefix('[') {
        return inside.strip_suffix(']').is_some_and(|ip| ip.parse::<core::net::Ipv6Addr>().is_ok());
    }
    let label = |label: &str| {
        (1..=63).contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'))
    };
    host.len() <= 253 && host.split('.').all(label)
}

#[cfg(test)]
#[path = "../../tests/unit/wire/fields.rs"]
mod tests;
