//! The answers to a reversal that are codes, written out by hand from POS flows 3.3 and 20.6. None of them settles a payment.

use std::fmt::Write as _;
use std::string::String;
use std::vec::Vec;

use crate::endpoint::{Means, ResolvedBy, ReversalRules};
use crate::gateways::micropay::{MICRO_PAY, REVERSE};

const AGAIN: &str = "asked; then it is taken back again";
const REFUSED: &str = "asked; where the query says `SUCCESS`, it counts as refused";
const TOO_LATE: &str = "asked; where the query says `SUCCESS`, it is late";

const ROWS: &[(&str, &str, &str)] = &[
    ("SYSTEMERROR", AGAIN, "may be reversed"),
    ("USERPAYING", AGAIN, "the customer types"),
    ("REVERSE_EXPIRE", TOO_LATE, "if it is paid, it stays paid: give it back"),
    ("INVALID_TRANSACTIONID", REFUSED, "not reversed by this"),
    ("INVALID_REQUEST", REFUSED, "not reversed by this"),
    ("TRADE_ERROR", REFUSED, "not reversed by this"),
    ("REQUIRE_POST_METHOD", REFUSED, "not reversed by this"),
    ("ORDERNOTEXIST", AGAIN, "20.6: what a lost payment gets"),
    ("SIGNERROR", AGAIN, "20.6: the settings' fault, and no sale's"),
    ("PARAM_ERROR", AGAIN, "20.6: the settings' fault, and no sale's"),
];

fn rules() -> &'static ReversalRules {
    match MICRO_PAY.resolved_by {
        ResolvedBy::Reversal(_, rules) => rules,
        _ => panic!("micropay is taken back"),
    }
}

/// What the table makes of a code.
fn counts_as(code: &str) -> &'static str {
    let rules = rules();
    match code {
        _ if code == rules.expired => TOO_LATE,
        _ if rules.no_refusal.contains(&code) => AGAIN,
        _ => REFUSED,
    }
}

/// Every code of the page has its row; and none of them, and no other, says anything of the payment itself.
#[test]
fn each_code_of_a_reversal_has_its_row() {
    for (code, step, _) in ROWS {
        assert_eq!(counts_as(code), *step, "{code}");
        assert!(matches!(REVERSE.reply.meaning(code), Means::Open), "{code}");
    }
    for other in ["NOAUTH", "ORDERREVERSED", "ERROR", "TOMORROW"] {
        assert_eq!(counts_as(other), REFUSED, "{other}");
        assert!(matches!(REVERSE.reply.meaning(other), Means::Open), "{other}");
    }
    let mut written: Vec<&str> = ROWS.iter().map(|(code, ..)| *code).collect();
    let mut have: Vec<&str> = REVERSE.reply.codes.iter().map(|row| row.code).collect();
    written.sort_unstable();
    have.sort_unstable();
    assert_eq!(written, have);
}

/// For the page.
pub(in super::super) fn section() -> String {
    let mut page = String::from(
        "\nAnswers of `reverse`. Its success, with `recall=Y` or without, proves nothing either (POS ruling 2). Refused with one code, three \
         times or more over five minutes, it is `PaidLate`. Every other code is as `TRADE_ERROR`:\n\n",
    );
    page.push_str("| code | what is done | POS flows 3.3 | the document's words |\n|---|---|---|---|\n");
    for (code, step, from) in ROWS {
        let document = REVERSE.reply.codes.iter().find(|row| row.code == *code).map_or("", |row| row.words);
        let _ = writeln!(page, "| `{code}` | {step} | {from} | {document} |");
    }
    page
}
