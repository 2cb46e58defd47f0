//! The answers to a refund that are codes, written out by hand from POS flows 5, and what they lead to.

use std::fmt::Write as _;
use std::string::String;
use std::time::Duration;
use std::vec::Vec;

use super::super::words;
use super::happens::{State, ago, not_found, scene};
use crate::endpoint::Means;
use crate::gateways::refund::{REFUND, REFUND_QUERY};
use crate::outcome::{Doubt, Outcome, Reason};
use crate::till::rules::{Ended, Event, to_confirm};
use crate::wire::pairs::Pairs;

/// What is done where the query does not know the refund, which is the usual answer to a refusal.
struct Row {
    codes: &'static [&'static str],
    step: &'static str,
    from: &'static str,
}

const fn row(codes: &'static [&'static str], step: &'static str, from: &'static str) -> Row {
    Row { codes, step, from }
}

const ROWS: &[Row] = &[
    row(&["SYSTEMERROR", "BIZERR_NEED_RETRY"], "repeat at once", "same parameters, same number again"),
    row(&["INVALID_REQ_TOO_MUCH"], "Unproven (SameNumberLater)", "a minute later"),
    row(
        &["FREQUENCY_LIMITED"],
        "Unproven (SameNumberLater)",
        "not accepted; also of single refunds of orders older than a month: one more try, then the cashier",
    ),
    row(&["NOTENOUGH"], "Unproven (SameNumber)", "the merchant's balance: top up, then the same number"),
    row(&["USER_ACCOUNT_ABNORMAL"], "Unproven (Stop)", "the customer's account is gone: cash"),
    row(&["TRADE_OVERDUE"], "Unproven (Stop)", "over a year"),
    row(&["ORDERNOTEXIST"], "Unproven (Stop)", "there is no such order"),
    row(
        &[
            "INVALID_TRANSACTIONID",
            "PARAM_ERROR",
            "APPID_NOT_EXIST",
            "MCHID_NOT_EXIST",
            "APPID_MCHID_NOT_MATCH",
            "REQUIRE_POST_METHOD",
            "SIGNERROR",
            "XML_FORMAT_ERROR",
        ],
        "Unproven (SameNumber)",
        "mend, then the same number",
    ),
    row(
        &["ERROR", "INVALID_REQUEST", "REFUND_FEE_MISMATCH"],
        "repeat at once",
        "these words also answer a repeat whose first try worked (订单已全额退款)",
    ),
];

/// Codes of other calls, and of next year: they are in no table of refunds.
const OUTSIDE: &[&str] =
    &["NOAUTH", "USERPAYING", "ORDERPAID", "ORDERCLOSED", "REFUNDNOTEXIST", "FREQ_LIMIT", "SUCCESS", "TOMORROW", ""];

/// The steps after a first attempt with this code: at once; where the first host does not know it; where the second does not; and where
/// the query does not answer.
fn steps(code: &str) -> [String; 4] {
    let mut at = scene(State::Open);
    at.seen.last_attempt = Some(ago(0));
    let reason = match REFUND.reply.meaning(code) {
        Means::RefusedUnlessKnown(_) => Reason::Unconfirmed,
        Means::Open => Reason::OpenCode,
        means => panic!("{code}: {means:?} ends a refund without a question"),
    };
    let outcome: Outcome<Pairs> = Outcome::Unknown(Doubt { code: code.into(), ..Doubt::new(reason, "words") });
    // What the till keeps of it.
    at.seen.refused = at.of_case(|case| to_confirm(case, &outcome));
    let first = words(&at.step(Event::Attempt(Ended::Judged(outcome))));
    let [known, second] = [true, false].map(|first_host| {
        let event = not_found(&mut at, first_host, 6);
        words(&at.step(event))
    });
    let event = super::happens::no_answer(&at);
    [first, known, second, words(&at.step(event))]
}

/// Every code of the page has its row, and every row of the table its code.
#[test]
fn each_code_of_a_refund_has_its_row() {
    for row in ROWS {
        for code in row.codes {
            let [first, unknown, at_second, silent] = steps(code);
            // Nothing is final before it was asked for; the second host and silence end nothing.
            assert_eq!((first.as_str(), unknown.as_str()), ("ask after 1 s", row.step), "{code}");
            assert_eq!((at_second.as_str(), silent.as_str()), ("repeat at once", "ask after 2 s"), "{code}");
        }
    }
    for code in OUTSIDE {
        assert_eq!(steps(code), ["ask after 1 s", "repeat at once", "repeat at once", "ask after 2 s"], "{code}");
    }
    let mut written: Vec<&str> = ROWS.iter().flat_map(|row| row.codes.iter().copied()).collect();
    let mut have: Vec<&str> = REFUND.reply.codes.iter().map(|row| row.code).collect();
    written.sort_unstable();
    have.sort_unstable();
    assert_eq!(written, have);
    assert!(matches!(REFUND.reply.other_codes, Means::Open));
}

/// POS flows 3.3: two codes of refundquery say that it does not know the refund; every other one says nothing.
#[test]
fn each_code_of_the_question_has_its_row() {
    let says = |code| REFUND_QUERY.reply.meaning(code);
    assert!(["REFUNDNOTEXIST", "ORDERNOTEXIST"].into_iter().all(|code| matches!(says(code), Means::NotKnown)));
    let nothing = ["SYSTEMERROR", "INVALID_TRANSACTIONID", "PARAM_ERROR", "SIGNERROR", "NOAUTH", "TOMORROW", ""];
    assert!(nothing.into_iter().all(|code| matches!(says(code), Means::Open)));
    assert_eq!(REFUND_QUERY.reply.codes.len(), 2);
}

/// For the page.
pub(super) fn section() -> String {
    let mut page = String::from(
        "\nCodes of a first attempt, where `REFUNDNOTEXIST` or `ORDERNOTEXIST` is the query's answer after it (a row that it has counts \
         instead; every other code is as `ERROR`). None of them ends a number:\n\n",
    );
    page.push_str("| code | step | POS flows 5 | the document's words |\n|---|---|---|---|\n");
    for row in ROWS {
        for code in row.codes {
            let document = REFUND.reply.codes.iter().find(|have| have.code == *code).map_or("", |have| have.words);
            let [_, step, ..] = steps(code);
            let _ = writeln!(page, "| `{code}` | **{step}** | {} | {document} |", row.from);
        }
    }
    page
}

/// The page says how long the later one waits.
#[test]
fn later_is_a_minute() {
    for code in ["INVALID_REQ_TOO_MUCH", "FREQUENCY_LIMITED"] {
        let means = REFUND.reply.meaning(code);
        let later = crate::outcome::Next::SameNumberLater(Duration::from_secs(60));
        assert!(matches!(means, Means::RefusedUnlessKnown(next) if next == later), "{code}");
    }
}
