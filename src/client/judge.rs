//! The only module that says `Accepted`, `Ordered` or `Declined` of a reply.
//!
//! Document: protocol sections R (outcome rules), A.3, A.4, B.4, C.4, D; the rulings where documents disagree stand in
//! `docs/design.md`.

use alloc::string::{String, ToString};

use crate::endpoint::{Due, Endpoint, Means, Required};
use crate::gateways::account::Profile;
use crate::outcome::{Answer, Doubt, Next, Outcome, Reason, Refusal};
use crate::text::shown;
use crate::transport::Received;
use crate::wire::fields::Fields;
use crate::wire::pairs::Pairs;
use crate::wire::{LONGEST_REPLY, verify, xml};

/// What was sent, for comparison with what came back.
pub(crate) struct Case<'a> {
    pub endpoint: &'static Endpoint,
    pub sent: &'a Fields,
    pub profile: &'a Profile,
    /// An attempt before this one has no proven answer.
    pub marked: bool,
    /// This order number was sent before, in this process.
    pub sent_before: bool,
}

/// What one reply says, before the attempts before it are considered.
enum Ruling {
    Success(Pairs),
    Refused(Refusal),
    NotKnown,
    Open(Doubt),
}

/// The outcome of a payment.
pub(crate) fn outcome<T>(case: &Case<'_>, received: &Received, read: fn(Pairs) -> Option<T>) -> Outcome<T> {
    match ruling(case, received) {
        Ruling::Success(pairs) => match read(pairs) {
            // Nobody has paid an order that was just made.
            Some(reply) if case.endpoint.makes_order() => Outcome::Ordered(reply),
            // The gateway took it; nothing arrived yet.
            Some(reply) if case.endpoint.refund().is_some() => Outcome::Taken(reply),
            Some(reply) => Outcome::Accepted(reply),
            None => {
                Outcome::Unknown(Doubt::new(Reason::Unreadable, "a value of the reply has not its documented form"))
            }
        },
        // An error to a repeat says nothing about the first attempt (protocol R.3).
        Ruling::Refused(refusal) if case.marked => {
            Outcome::Unknown(Doubt { code: refusal.code, ..Doubt::new(Reason::EarlierAttempt, refusal.text) })
        }
        Ruling::Refused(refusal) => Outcome::Declined(refusal),
        Ruling::NotKnown => Outcome::Unknown(Doubt::new(Reason::OpenCode, "the gateway does not know the order")),
        Ruling::Open(doubt) => Outcome::Unknown(doubt),
    }
}

/// The answer to a question.
pub(crate) fn answer<T>(
    case: &Case<'_>,
    received: &Received,
    first_host: bool,
    read: fn(Pairs) -> Option<T>,
) -> Answer<T> {
    match ruling(case, received) {
        Ruling::Success(pairs) => match read(pairs) {
            Some(reply) => Answer::Known(reply),
            None => {
                Answer::NoAnswer(Doubt::new(Reason::Unreadable, "a value of the reply has not its documented form"))
            }
        },
        Ruling::NotKnown => Answer::NotKnown { first_host },
        Ruling::Refused(refusal) => {
            Answer::NoAnswer(Doubt { code: refusal.code, ..Doubt::new(Reason::OpenCode, refusal.text) })
        }
        Ruling::Open(doubt) => Answer::NoAnswer(doubt),
    }
}

/// Reads one reply from the outside in: HTTP, document, transport field, signature, identifiers, business field.
fn ruling(case: &Case<'_>, received: &Received) -> Ruling {
    let table = &case.endpoint.reply;
    let pairs = match decode(case, received) {
        Ok(pairs) => pairs,
        Err(doubt) => return Ruling::Open(doubt),
    };
    // 协议规则: return_code first, then result_code, then the trade's state. A failed transport field carries no
    // signature and proves nothing, whatever else it says: its code is no code that a rule may go by.
    if let Some(gate) = table.transport
        && !gate.passes(pairs.get(gate.name))
    {
        let said = words(Reason::OpenCode, case, &pairs);
        let text = [said.code.as_str(), said.text.as_ref()].join(" ").trim().to_string();
        return Ruling::Open(Doubt { code: String::new(), text: text.into(), ..said });
    }
    if let Err(why) = verify::verify(&pairs, table.signature, &case.profile.verifier, &case.profile.keys) {
        return Ruling::Open(Doubt::new(Reason::Unverified, why));
    }
    if let Some((name, _)) = table.echo.iter().find(|(name, sent)| differs(&pairs, name, case.sent.get(sent))) {
        return Ruling::Open(Doubt::new(Reason::OtherOrder, *name));
    }
    let names_order = pairs.filled(case.endpoint.order_number).is_some();
    if table.business.passes(pairs.get(table.business.name)) {
        return success(case, pairs, !received.reused || names_order);
    }
    if !pairs.get(table.business.name).is_some_and(|value| table.business.failure.has(value)) {
        let text = [table.business.name, " says neither success nor failure"].concat();
        return Ruling::Open(Doubt { text: text.into(), ..words(Reason::Unreadable, case, &pairs) });
    }
    failure(case, &pairs, !received.reused || (names_order && !case.sent_before))
}

fn decode(case: &Case<'_>, received: &Received) -> Result<Pairs, Doubt> {
    if received.status != 200 {
        return Err(Doubt::new(Reason::Status, status_text(received)));
    }
    if received.body.len() > LONGEST_REPLY {
        return Err(Doubt::new(Reason::Unreadable, "longer than 64 KiB"));
    }
    match &case.profile.verifier {
        verify::Verifier::Rule(rule) if !case.profile.xml_replies => {
            rule.read(&received.body, received.content_type.as_deref())
        }
        _ => verify::utf8(&received.body).and_then(xml::read),
    }
    .map_err(|why| Doubt::new(Reason::Unreadable, why))
}

/// The status, and the title of the HTML page that gateways send with it: "400 No required SSL certificate was sent".
fn status_text(received: &Received) -> String {
    let page = core::str::from_utf8(&received.body).unwrap_or_default();
    let title = page.split_once("<title>").and_then(|(_, rest)| rest.split_once("</title>")).map_or("", |(t, _)| t);
    let status = alloc::format!("{}", received.status);
    let title = shown(title, 100);
    let title = title.trim();
    let title = title.strip_prefix(status.as_str()).unwrap_or(title);
    ["HTTP ", &status, " ", title.trim_start()].concat().trim_end().into()
}

/// An identifier that the reply has, and that is not the one sent.
fn differs(pairs: &Pairs, name: &str, sent: Option<&str>) -> bool {
    match (pairs.filled(name), sent) {
        (Some(got), Some(sent)) => got != sent,
        _ => false,
    }
}

/// A success proves something when it has the fields that make it one, and is tied to this exchange.
fn success(case: &Case<'_>, pairs: Pairs, tied: bool) -> Ruling {
    let table = &case.endpoint.reply;
    // The exchange worked, and nobody paid: `pay_result` 1 (protocol C.4).
    if table.paid.iter().any(|gate| !gate.passes(pairs.get(gate.name))) {
        return Ruling::Open(words(Reason::OpenCode, case, &pairs));
    }
    let may_lack = |name: &str| {
        let row = case.endpoint.field(name);
        row.is_some_and(|row| row.required == Required::No) && case.sent.get(name).is_none()
    };
    if let Some(name) = table.must_have.iter().find(|name| !pairs.has_visible(name) && !may_lack(name)) {
        let text = ["a success without ", name].concat();
        return Ruling::Open(Doubt::new(Reason::OtherOrder, text));
    }
    if !tied {
        return Ruling::Open(Doubt::new(Reason::StaleConnection, "a success that names no order"));
    }
    // Real successes carry err_code 0, SUCCESS or OK (A.3.2). Any other code beside a success contradicts it.
    let code = pairs.filled("err_code").unwrap_or("0");
    if !matches!(code, "0" | "SUCCESS" | "OK") {
        return Ruling::Open(words(Reason::OpenCode, case, &pairs));
    }
    Ruling::Success(pairs)
}

fn failure(case: &Case<'_>, pairs: &Pairs, tied: bool) -> Ruling {
    let table = &case.endpoint.reply;
    let said = words(Reason::OpenCode, case, pairs);
    let open = |reason| Ruling::Open(Doubt { reason, ..said.clone() });
    // The code is judged as it stands; what is shown is cleaned.
    let raw = table.code.iter().find_map(|name| pairs.filled(name)).unwrap_or_default();
    match table.meaning(raw) {
        Means::Open => open(Reason::OpenCode),
        _ if contradicts_itself(case, pairs) => open(Reason::OpenCode),
        // A definite refusal says that it is one (need_query N, POS flows 9).
        Means::Refused(_) | Means::RefusedUnlessKnown(_) if !is_definite(case, pairs) => open(Reason::OpenCode),
        _ if !tied => open(Reason::StaleConnection),
        Means::NotKnown => Ruling::NotKnown,
        Means::RefusedUnlessKnown(_) if case.marked || case.sent_before => open(Reason::EarlierAttempt),
        Means::RefusedUnlessKnown(_) => open(Reason::Unconfirmed),
        // "Use a new number" said of a number that was sent before could be said of the attempt before.
        Means::Refused(Next::NewNumber) if case.sent_before => open(Reason::EarlierAttempt),
        Means::Refused(next) => Ruling::Refused(Refusal { code: said.code, text: said.text.into_owned(), next }),
    }
}

fn is_definite(case: &Case<'_>, pairs: &Pairs) -> bool {
    case.endpoint.reply.refuses.iter().all(|(name, value)| pairs.filled(name) == Some(value))
}

/// A refusal that carries what only a success has, that asks for a query (need_query, C.4.4), or that is signed and does
/// not name the merchant.
fn contradicts_itself(case: &Case<'_>, pairs: &Pairs) -> bool {
    let table = &case.endpoint.reply;
    let merchant_missing = table.signature == Due::Always && !pairs.has_visible("mch_id");
    merchant_missing
        || table.only_in_success.iter().any(|name| pairs.filled(name).is_some())
        || pairs.filled("need_query").is_some_and(|need| need != "N")
}

/// A proven refusal stays what it is when the attempt after it was not sent.
pub(crate) fn still<T>(refusal: &Refusal) -> Outcome<T> {
    Outcome::Declined(refusal.clone())
}

/// The gateway's code and words. They are shown to people, so they are cut to a line's length.
fn words(reason: Reason, case: &Case<'_>, pairs: &Pairs) -> Doubt {
    let table = &case.endpoint.reply;
    let first =
        |names: &[&str]| -> String { shown(names.iter().find_map(|name| pairs.filled(name)).unwrap_or_default(), 128) };
    Doubt { code: first(table.code), ..Doubt::new(reason, first(table.text)) }
}
