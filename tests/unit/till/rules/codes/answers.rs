//! The rows of the query's answers.

use super::super::events::{State, State as S};
use super::moments::{MOMENTS, Moment, Moment as M, UNPROVEN, Word, Word as W};

pub(super) struct AnswerRow {
    pub states: &'static [State],
    pub words: &'static [Word],
    pub moments: &'static [Moment],
    pub step: &'static str,
    pub from: &'static str,
}

impl AnswerRow {
    pub(super) fn covers(&self, state: State, word: Word, moment: Moment) -> bool {
        self.states.contains(&state) && self.words.contains(&word) && self.moments.contains(&moment)
    }
}

const fn row(
    states: &'static [State],
    words: &'static [Word],
    moments: &'static [Moment],
    step: &'static str,
    from: &'static str,
) -> AnswerRow {
    AnswerRow { states, words, moments, step, from }
}

const OPEN: &[State] = &[S::Open];
const TOLD_AS_REFUSED: &[State] = &[S::Unproven, S::UnprovenStop, S::UnprovenReversing];
/// What is not waited for any more.
const NOT_A_PERSONS: &[State] = &[S::Open, S::Reversing, S::Unproven, S::UnprovenStop, S::UnprovenReversing];

/// What says nothing of it, or not yet.
const UNDECIDED: &[Word] = &[
    W::NoAmount,
    W::RevokedOfOther,
    W::Typing,
    W::NotPay,
    W::Unknown,
    W::NotFound,
    W::NotFoundAtSecondHost,
    W::Nothing,
];
/// All but the words that settle it.
const OPEN_WORDS: &[Word] = &[
    W::NoAmount,
    W::RevokedOfOther,
    W::Typing,
    W::NotPay,
    W::PayError,
    W::Unknown,
    W::NotFound,
    W::NotFoundAtSecondHost,
    W::Nothing,
];
const OPEN_BUT_NOT_FOUND: &[Word] = &[
    W::NoAmount,
    W::RevokedOfOther,
    W::Typing,
    W::NotPay,
    W::PayError,
    W::Unknown,
    W::NotFoundAtSecondHost,
    W::Nothing,
];
/// It knows it, and none of these settles it.
const KNOWN: &[Word] = &[W::NoAmount, W::RevokedOfOther, W::Typing, W::NotPay, W::Unknown];
const KNOWN_TOO_LATE: &[Word] = &[W::NoAmount, W::RevokedOfOther, W::Typing, W::NotPay, W::PayError, W::Unknown];
const SAY_UNPAID: &[Word] = &[W::Typing, W::NotPay, W::PayError];
const DO_NOT_COUNT: &[Word] =
    &[W::NoAmount, W::RevokedOfOther, W::Unknown, W::NotFound, W::NotFoundAtSecondHost, W::Nothing];
const NOT_FOUND: &[Word] = &[W::NotFound, W::NotFoundAtSecondHost];
const NO_WORD: &[Word] = &[W::NotFound, W::NotFoundAtSecondHost, W::Nothing];

const POLL: &str = "POS flows 3.1, 3.2: asked again, 3 s apart, until the poll ends at 45 s";
const TAKE_BACK: &str =
    "POS flows 3.1: the poll ended, or the customer is not waited for; not before 15 s after the payment";
const PAYERROR: &str = "POS ruling 3: PAYERROR is not \"not paid\", customers were charged: it is taken back";
const TWICE: &str = "POS flows 3.6: not sent by this process, or told as refused: only after two answers of the first host that say unpaid, a minute apart";
const CONTRADICTED: &str = "POS ruling 1: it contradicts the refusal, and nobody is waited for";
const AGAIN: &str = "POS flows 3.1, 20.5: taken back again, 5 s apart; never Accepted any more (ruling 4)";
const TOO_LATE: &str = "POS flows 3.1: any word but SUCCESS, and it can be taken back no more";
const WINDOW: &str = "POS flows 3.4: 5 min, twice, a minute apart, at the first host, and never known before";
const DARK: &str = "POS flows 14, 20.23: without a certificate WeChat's own revocation is waited for";

pub(super) const ANSWERS: &[AnswerRow] = &[
    // ---- what settles it ----
    row(
        OPEN,
        &[W::Paid],
        MOMENTS,
        "Accepted (query)",
        "POS flows 3.1, 3.6: SUCCESS, the amount equal, and no reversal decided: whoever asks, and whenever",
    ),
    row(
        &[S::Unproven, S::UnprovenStop, S::UnprovenReversing, S::ForAPerson],
        &[W::Paid],
        MOMENTS,
        "PaidLate",
        "POS rulings 1, 4: it was told as refused, or left to a person",
    ),
    row(
        NOT_A_PERSONS,
        &[W::Revoked],
        MOMENTS,
        "Declined (NewNumber)",
        "POS flows 3.1: REVOKED or CLOSED, and the order names itself",
    ),
    row(&[S::ForAPerson], &[W::Revoked], MOMENTS, "Declined (NewNumber)", "POS flows 3.1: asked again at each recover"),
    row(NOT_A_PERSONS, &[W::OtherAmount], MOMENTS, "ForAPerson", "POS flows 3.1: another amount"),
    row(
        NOT_A_PERSONS,
        &[W::GivenBack],
        MOMENTS,
        "ask what its refunds come to",
        "POS flows 20.1: by refundquery, with the order's number, all pages, from the first host",
    ),
    row(
        NOT_A_PERSONS,
        &[W::RefundsArrived],
        MOMENTS,
        "Declined (NewNumber)",
        "POS flows 20.1: a PAYERROR that nobody takes back becomes REFUND by itself",
    ),
    row(
        &[S::Open, S::Reversing],
        &[W::RefundsOnTheirWay, W::RefundsNotSaid],
        MOMENTS,
        "ask after 10 s",
        "POS flows 20.1: PROCESSING: ask again",
    ),
    row(
        TOLD_AS_REFUSED,
        &[W::RefundsOnTheirWay, W::RefundsNotSaid],
        MOMENTS,
        "Unknown (Unconfirmed)",
        "POS flows 20.1: PROCESSING: ask again",
    ),
    row(
        NOT_A_PERSONS,
        &[W::RefundsLess],
        MOMENTS,
        "ForAPerson",
        "POS flows 20.1: goods must not go out for money that went back, and not all of it did",
    ),
    row(
        &[S::ForAPerson],
        &[
            W::OtherAmount,
            W::NoAmount,
            W::RevokedOfOther,
            W::GivenBack,
            W::RefundsArrived,
            W::RefundsOnTheirWay,
            W::RefundsLess,
            W::RefundsNotSaid,
            W::Typing,
            W::NotPay,
            W::PayError,
            W::Unknown,
            W::NotFound,
            W::NotFoundAtSecondHost,
        ],
        MOMENTS,
        "report",
        "POS flows 3.1: only REVOKED, CLOSED and SUCCESS end it",
    ),
    row(&[S::ForAPerson], &[W::Nothing], MOMENTS, "Unknown (Broken)", "R.2: everything that proves nothing is Unknown"),
    // ---- this process sent it ----
    row(OPEN, UNDECIDED, &[M::Waiting], "ask after 3 s", POLL),
    row(OPEN, &[W::PayError], &[M::Waiting], "reverse after 5 s, then ask", PAYERROR),
    row(OPEN, OPEN_WORDS, &[M::Cancelled], "reverse after 5 s, then ask", TAKE_BACK),
    row(OPEN, OPEN_WORDS, &[M::Over, M::Lost, M::LostOfKnown], "reverse at once, then ask", TAKE_BACK),
    row(OPEN, OPEN_BUT_NOT_FOUND, &[M::LostTwice], "reverse at once, then ask", TAKE_BACK),
    row(OPEN, &[W::NotFound], &[M::LostTwice], "Unproven (NewNumber)", WINDOW),
    row(
        OPEN,
        &[W::NotFound],
        &[M::Refused],
        "Unproven (NewNumber)",
        "POS ruling 1: it confirms the refusal, and is no proof",
    ),
    row(
        OPEN,
        &[W::NoAmount, W::RevokedOfOther, W::Typing, W::NotFoundAtSecondHost, W::Nothing],
        &[M::Refused],
        "ask after 3 s",
        "POS ruling 1: USERPAYING contradicts it and wins; no answer: asked like any other",
    ),
    row(OPEN, &[W::NotPay, W::PayError, W::Unknown], &[M::Refused], "reverse after 15 s, then ask", CONTRADICTED),
    row(
        OPEN,
        &[
            W::NoAmount,
            W::RevokedOfOther,
            W::NotPay,
            W::PayError,
            W::Unknown,
            W::NotFound,
            W::NotFoundAtSecondHost,
            W::Nothing,
        ],
        &[M::AskedOnce],
        "reverse after 14 s, then ask",
        "POS flows 3.3: one question, then the reversal, 15 s after the submit",
    ),
    row(
        OPEN,
        &[W::Typing],
        &[M::AskedOnce],
        "ask after 3 s",
        "POS flows 20.7: USERPAYING at the question: the customer is typing",
    ),
    // ---- it did not, or it was told as refused ----
    row(OPEN, OPEN_WORDS, &[M::FirstAnswer], "ask after 2 s", TWICE),
    row(OPEN, SAY_UNPAID, &[M::SecondAnswer], "reverse at once, then ask", TWICE),
    row(OPEN, DO_NOT_COUNT, &[M::SecondAnswer], "ask after 2 s", TWICE),
    row(UNPROVEN, KNOWN, &[M::FirstAnswer, M::ADay, M::Known, M::KnownThenADay], "ask after 2 s", TWICE),
    row(UNPROVEN, &[W::Typing, W::NotPay], &[M::SecondAnswer], "reverse at once, then ask", TWICE),
    row(UNPROVEN, &[W::NoAmount, W::RevokedOfOther, W::Unknown], &[M::SecondAnswer], "ask after 2 s", TWICE),
    row(
        TOLD_AS_REFUSED,
        &[W::PayError],
        MOMENTS,
        "ForAPerson",
        "POS ruling 1: PAYERROR of a refused payment is for a person",
    ),
    row(
        TOLD_AS_REFUSED,
        &[W::NotFound],
        &[M::FirstAnswer, M::SecondAnswer, M::Reversed, M::ReversedBefore, M::RefusedForGood, M::Expired],
        "report",
        "POS ruling 1: it confirms the refusal, and is no proof: asked again",
    ),
    row(
        &[S::Unproven, S::UnprovenReversing],
        &[W::NotFound],
        &[M::ADay, M::SevenDays],
        "Declined (NewNumber)",
        "POS ruling 1: until 24 h of known time",
    ),
    row(
        &[S::UnprovenStop],
        &[W::NotFound],
        &[M::ADay, M::SevenDays],
        "Declined (Stop)",
        "POS ruling 1: until 24 h of known time",
    ),
    row(
        &[S::Unproven, S::UnprovenStop],
        &[W::NotFound],
        &[M::AMonth],
        "ForAPerson",
        "POS flows 20.17: the query looks back 30 days; past that \"not found\" says nothing",
    ),
    row(
        TOLD_AS_REFUSED,
        &[W::Nothing],
        MOMENTS,
        "Unknown (Unconfirmed)",
        "R.2: everything that proves nothing is Unknown",
    ),
    row(
        TOLD_AS_REFUSED,
        &[W::NotFoundAtSecondHost],
        &[
            M::FirstAnswer,
            M::SecondAnswer,
            M::Reversed,
            M::ReversedBefore,
            M::RefusedForGood,
            M::Expired,
            M::Known,
            M::KnownThenADay,
            M::ADay,
            M::SevenDays,
            M::AMonth,
        ],
        "Unknown (Unconfirmed)",
        "POS ruling 1: only REVOKED, CLOSED or \"not found\" at the first host confirms a refusal",
    ),
    row(
        UNPROVEN,
        &[W::NotFound],
        &[M::Known],
        "Unknown (Unconfirmed)",
        "POS flows 3.4, 20.17: what the query knew is not confirmed by \"not found\"",
    ),
    row(UNPROVEN, &[W::NotFound], &[M::KnownThenADay], "ForAPerson", "POS flows 20.17: known, then not found for 24 h"),
    // ---- it is being taken back ----
    row(&[S::Reversing], &[W::Paid], &[M::Lost, M::LostTwice, M::LostOfKnown], "reverse at once, then ask", AGAIN),
    row(&[S::Reversing], &[W::Paid], &[M::Reversed], "reverse after 4 s, then ask", AGAIN),
    row(&[S::Reversing], &[W::Paid], &[M::ReversedBefore], "reverse at once, then ask", AGAIN),
    row(
        &[S::Reversing],
        &[W::Paid],
        &[M::RefusedForGood],
        "PaidLate",
        "POS flows 20.6: refused over five minutes while the query says SUCCESS: it is refunded",
    ),
    row(
        &[S::Reversing],
        &[W::Paid],
        &[M::Expired, M::SevenDays, M::AMonth],
        "PaidLate",
        "POS flows 3.1: SUCCESS, and REVERSE_EXPIRE or 7 days old",
    ),
    row(&[S::Reversing], OPEN_WORDS, &[M::Lost, M::LostOfKnown, M::ReversedBefore], "reverse at once, then ask", AGAIN),
    row(&[S::Reversing], OPEN_BUT_NOT_FOUND, &[M::LostTwice], "reverse at once, then ask", AGAIN),
    row(&[S::Reversing], &[W::NotFound], &[M::LostTwice], "Unproven (NewNumber)", WINDOW),
    row(
        &[S::Reversing],
        &[W::NoAmount, W::RevokedOfOther, W::Typing, W::NotPay, W::PayError, W::Unknown, W::Nothing],
        &[M::Reversed],
        "reverse after 4 s, then ask",
        AGAIN,
    ),
    row(
        &[S::Reversing],
        NOT_FOUND,
        &[M::Reversed, M::RefusedForGood, M::Expired],
        "ask after 2 s",
        "POS flows 3.4: the reversal went once, which closes the number if the submit arrives after all",
    ),
    row(
        &[S::Reversing],
        &[W::NoAmount, W::RevokedOfOther, W::Typing, W::NotPay, W::PayError, W::Unknown, W::Nothing],
        &[M::RefusedForGood],
        "reverse at once, then ask",
        "POS flows 20.6: with any other word than SUCCESS it stays open",
    ),
    row(&[S::Reversing], &[W::Nothing], &[M::Expired, M::AMonth], "reverse at once, then ask", AGAIN),
    row(&[S::Reversing], NO_WORD, &[M::SevenDays], "reverse at once, then ask", AGAIN),
    row(&[S::UnprovenReversing], KNOWN, &[M::Reversed], "reverse after 4 s, then ask", AGAIN),
    row(
        &[S::UnprovenReversing],
        KNOWN,
        &[M::ReversedBefore, M::RefusedForGood, M::ADay],
        "reverse at once, then ask",
        AGAIN,
    ),
    // ---- it can be taken back no more ----
    row(OPEN, KNOWN_TOO_LATE, &[M::SevenDays, M::NoCertificateADay, M::AMonth], "ForAPerson", TOO_LATE),
    row(
        OPEN,
        NO_WORD,
        &[M::SevenDays],
        "ask after 2 s",
        "POS flows 3.6: silence and \"not found\" never begin a reversal",
    ),
    row(UNPROVEN, KNOWN, &[M::SevenDays, M::AMonth], "ForAPerson", TOO_LATE),
    row(&[S::Reversing], KNOWN_TOO_LATE, &[M::Expired, M::SevenDays, M::AMonth], "ForAPerson", TOO_LATE),
    row(&[S::UnprovenReversing], KNOWN, &[M::Expired, M::SevenDays], "ForAPerson", TOO_LATE),
    row(
        &[S::Open, S::Reversing],
        NOT_FOUND,
        &[M::AMonth],
        "ForAPerson",
        "POS flows 20.17: the query looks back 30 days; past that \"not found\" says nothing",
    ),
    row(OPEN, &[W::NotFound], &[M::KnownADay], "ForAPerson", "POS flows 20.17: known, then not found for 24 h"),
    row(OPEN, OPEN_BUT_NOT_FOUND, &[M::KnownADay], "reverse at once, then ask", TAKE_BACK),
    // ---- nobody here can take anything back ----
    row(OPEN, UNDECIDED, &[M::NoCertificate], "ask after 3 s", DARK),
    row(OPEN, &[W::PayError], &[M::NoCertificate], "ask after 2 s", DARK),
    row(OPEN, OPEN_WORDS, &[M::NoCertificateOver], "ask after 2 s", DARK),
    row(OPEN, &[W::Nothing], &[M::AMonth], "ask after 2 s", "POS flows 3.6: silence never begins a reversal"),
    row(OPEN, NO_WORD, &[M::NoCertificateADay], "ask after 2 s", DARK),
];
