//! The rows of all else that can happen to a payment by code.

use super::super::events::{CODE, Happens as H, NO_CODE, STATES, State as S};
use super::super::table::{Row, row};

const UNWRITTEN: &str = "ruling: what was proven is written before anything else is done with the entry";

pub(in super::super) const ROWS: &[Row] = &[
    // ---- pay looks at the intent ----
    row(CODE, &[S::Reversing], &[H::Pay], "resume", "POS ruling 6: for an open sale, scanning again goes on asking"),
    row(
        CODE,
        &[S::Unproven, S::UnprovenReversing],
        &[H::Pay, H::PayMended],
        "ask again before another number",
        "POS ruling 1: before another number begins, a refusal without proof is asked about once more",
    ),
    row(
        CODE,
        &[S::Unproven, S::UnprovenReversing],
        &[H::PayConfirmed],
        "new number",
        "POS ruling 1: REVOKED, CLOSED or \"not found\" lets the number begin",
    ),
    row(CODE, &[S::UnprovenStop], &[H::Pay], "report", "POS flows 3.3: the settings are mended first"),
    row(CODE, &[S::Unwritten], &[H::Pay, H::ResumeInPay, H::Question, H::Reverse], "Unknown (Journal)", UNWRITTEN),
    // ---- the only attempt ended ----
    row(
        CODE,
        &[S::Open],
        &[H::AttemptAccepted],
        "Accepted (reply)",
        "POS flows 3.1: success, signed, number and amount equal",
    ),
    row(
        CODE,
        &[S::Open],
        &[H::AttemptUnknown, H::AttemptProcessing, H::AttemptAskedOnce],
        "ask after 1 s",
        "POS flows 3.2; ruling 5: a micropay is never sent twice",
    ),
    row(CODE, &[S::Open], &[H::AttemptTyping], "ask after 5 s", "POS flows 3.2: the customer types"),
    row(
        CODE,
        &[S::Open],
        &[H::AttemptUnconfirmed],
        "ask at once",
        "POS ruling 1, 20.2: a refusal wants a second witness",
    ),
    // ---- somebody wants to know ----
    row(CODE, &[S::Open, S::Reversing], &[H::ResumeInPay], "ask at once", "POS ruling 6: never sent again"),
    row(
        CODE,
        &[S::Open, S::Reversing, S::Unproven, S::UnprovenStop, S::UnprovenReversing, S::ForAPerson],
        &[H::Question],
        "ask at once",
        "POS flows 3.1, ruling 1: also what is refused without proof, and what waits for a person",
    ),
    row(
        CODE,
        &[S::NewNumber, S::Stop, S::NotSent, S::Accepted, S::PaidLate, S::LateReversed, S::HandPaid, S::HandUnpaid],
        &[H::Question],
        "report",
        "ruling: what is settled stays (docs/design.md, Till)",
    ),
    // ---- taking it back ----
    row(
        CODE,
        &[S::Open, S::Reversing, S::Unproven, S::UnprovenStop, S::UnprovenReversing, S::ForAPerson],
        &[H::Reverse],
        "ask at once",
        "POS flows 20.14, 20.16: at least one question before anything is decided",
    ),
    row(
        CODE,
        &[S::Accepted, S::HandPaid],
        &[H::Reverse],
        "refuse",
        "POS flows 20.14: giving back what was accepted is a refund",
    ),
    row(
        CODE,
        &[S::NewNumber, S::Stop, S::NotSent, S::PaidLate, S::LateReversed, S::HandUnpaid],
        &[H::Reverse],
        "report",
        "ruling: what is settled stays; late money is refunded",
    ),
    row(NO_CODE, STATES, &[H::Reverse], "refuse", "POS flows 20.14: only a payment by code is reversed"),
    row(CODE, STATES, &[H::Close], "refuse", "ruling: only an order that a customer pays can be closed"),
    // ---- late money ----
    row(CODE, &[S::PaidLate], &[H::AcceptLate], "ask if paid", "POS ruling 4: keeping it asks first"),
    row(CODE, &[S::LateReversed], &[H::AcceptLate], "refuse", "POS ruling 4: refused where reversals ≥ 1"),
    row(
        CODE,
        &[
            S::Open,
            S::Reversing,
            S::Unwritten,
            S::Unproven,
            S::UnprovenStop,
            S::UnprovenReversing,
            S::NewNumber,
            S::Stop,
            S::NotSent,
            S::Accepted,
            S::ForAPerson,
            S::HandPaid,
            S::HandUnpaid,
        ],
        &[H::AcceptLate],
        "refuse",
        "POS ruling 4: there is no late money, or it came in time",
    ),
    row(
        CODE,
        &[S::PaidLate],
        &[H::LateIsThere],
        "Accepted (query)",
        "POS ruling 4: wants the query's SUCCESS, is durable",
    ),
    row(
        CODE,
        &[S::PaidLate],
        &[H::LateIsGivenBack, H::LateIsLess],
        "Unknown (ForAPerson)",
        "POS ruling 4: what is not there in full is not kept",
    ),
    row(CODE, &[S::PaidLate], &[H::LateNotSaid], "Unknown (Broken)", "R.2: everything that proves nothing is Unknown"),
    // ---- people ----
    row(
        CODE,
        &[S::Reversing, S::Unwritten, S::UnprovenStop],
        &[H::PersonUnpaid],
        "ByHand (unpaid)",
        "ruling: with a name and a reason, kept for ever",
    ),
    row(
        CODE,
        &[S::Unproven, S::UnprovenReversing, S::LateReversed],
        &[H::PersonUnpaid],
        "refuse",
        "ruling: it is told as refused, and another number may begin",
    ),
    row(CODE, &[S::Unwritten], &[H::PersonPaid], "ByHand (paid)", "ruling: with a name and a reason, kept for ever"),
    row(
        CODE,
        &[S::Reversing],
        &[H::PersonPaid],
        "refuse",
        "POS flows 3.7: not before 5 minutes after the last reverse, and a query after that said SUCCESS",
    ),
    row(
        CODE,
        &[S::Reversing, S::UnprovenReversing],
        &[H::PersonPaidAfterReversal],
        "PaidLate",
        "POS ruling 4: what was to be taken back is never paid in time, whoever says so",
    ),
    row(CODE, &[S::LateReversed], &[H::PersonPaidAfterReversal], "refuse", "ruling: what is settled stays"),
];
