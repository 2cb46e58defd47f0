//! The rows: what is done next, and where that comes from.

use super::happens::{ASKED, Happens, Happens as H, STATES, State, State as S, UNPROVEN};

pub(super) struct Row {
    pub states: &'static [State],
    pub events: &'static [Happens],
    pub step: &'static str,
    pub from: &'static str,
}

impl Row {
    pub(super) fn covers(&self, state: State, what: Happens) -> bool {
        self.states.contains(&state) && self.events.contains(&what)
    }
}

const fn row(states: &'static [State], events: &'static [Happens], step: &'static str, from: &'static str) -> Row {
    Row { states, events, step, from }
}

const NUMBER: &str = "POS ruling 8: the same number, until the query says REFUNDCLOSE of it";
const STAYS: &str = "ruling: what is settled stays (docs/design.md, Till)";
const UNKNOWN: &str = "POS flows 5: everything else is asked about by its number; R.4: a second apart";
const TRUST: &str = "ruling: flash flips bits; what contradicts itself is not believed (docs/design.md, \"Trust in what is read back\")";
const AMOUNT: &str =
    "POS flows 5: the row counts with an equal `refund_fee`; no refund is given up over another one's amount";
const NO_END: &str = "POS flows 5: \"not found\" never ends a refund; what was taken is not taken back by it";
const ROW_WINS: &str = "POS flows 5: a row found wins, whatever was said before";
const REFUSED: &str =
    "POS flows 5: asked for once at once; it counts as refused, and is asked for once more a minute later";

/// Not a word of the gateway's is kept for them.
const OVER: &[State] =
    &[S::SameNumber, S::Later, S::NewNumber, S::Stop, S::NotSent, S::Accepted, S::HandPaid, S::HandUnpaid];
const QUIET: &[State] = &[S::Refunding, S::ForAPerson];

pub(super) const ROWS: &[Row] = &[
    // ---- `refund` looks at the intent ----
    row(
        &[S::Open, S::Refunding],
        &[H::Pay, H::PayInPause],
        "resume",
        "POS flows 5: one intent, one refund; it is asked about, and goes on under its number",
    ),
    row(&[S::Unproven, S::UnprovenLater, S::SameNumber, S::Later, S::NotSent], &[H::PayFits], "same number", NUMBER),
    row(
        &[S::NotSent],
        &[H::Pay],
        "same number",
        "POS ruling 8: the same number, also where no byte left under it: a backup of the journal may have forgotten that one did",
    ),
    row(&[S::NewNumber], &[H::Pay], "new number", "POS flows 5: REFUNDCLOSE ends the number for good"),
    row(&[S::HandUnpaid], &[H::Pay], "new number", "ruling: a person looked (docs/design.md, Till)"),
    row(
        &[S::Unproven, S::UnprovenLater, S::SameNumber, S::Later],
        &[H::Pay],
        "report",
        "ruling: its stored fields are not allowed today: the refusal stands",
    ),
    row(
        &[S::UnprovenStop, S::Stop, S::ForAPerson],
        &[H::Pay, H::PayInPause],
        "report",
        "POS flows 5: cash, or a person looks",
    ),
    row(&[S::Accepted, S::HandPaid], &[H::Pay, H::PayInPause], "report", "POS flows 5: one intent, one refund"),
    row(
        &[S::Unproven, S::UnprovenLater, S::SameNumber, S::Later, S::NewNumber, S::NotSent, S::HandUnpaid],
        &[H::PayInPause],
        "wait 15 s",
        "POS flows 5, 20.12: a minute between two numbers of one order (here 15 s are left of it)",
    ),
    // ---- an attempt ended ----
    row(&[S::Open], &[H::Taken, H::RepeatTaken], "Refunding", "POS flows 5, 20.9: taken, not arrived"),
    row(&[S::Open], &[H::Unsent, H::NotMade], "NotSent", "R.2: `Error` means that no byte left"),
    row(&[S::Open], &[H::NotMadeChanged], "ForAPerson", TRUST),
    row(
        &[S::Open],
        &[H::Refused],
        "ask after 1 s",
        "POS flows 5: a refusal is asked for once at once; R.4: a second apart",
    ),
    row(&[S::Open], &[H::Nothing], "ask after 1 s", UNKNOWN),
    row(
        &[S::Open],
        &[H::RepeatRefused, H::RepeatNothing, H::RepeatUnsent],
        "ask after 2 s",
        "POS flows 5: these words also answer a repeat whose first try worked",
    ),
    // ---- what is open ----
    row(&[S::Open, S::Refunding], &[H::Resume], "ask after 1 s", UNKNOWN),
    row(
        &[S::Open, S::Refunding],
        &[H::ResumeOnlyAsks],
        "ask at once",
        "POS flows 5: `recover` asks; it repeats where `Repeats::YoungerThan` was chosen",
    ),
    row(&[S::Open], &[H::RuleChanged], "ask at once", UNKNOWN),
    row(&[S::Open], &[H::FieldsChanged], "ask at once, else ForAPerson", TRUST),
    row(
        ASKED,
        &[H::Question],
        "ask at once",
        "POS flows 5: also what was taken, what is refused without proof, and what waits for a person",
    ),
    row(OVER, &[H::Question], "report", STAYS),
    // ---- our row ----
    row(
        ASKED,
        &[H::Arrived, H::ArrivedInFirstRow],
        "Accepted (query)",
        "POS flows 5: our row, whatever its index, says SUCCESS, and the amount is equal",
    ),
    row(ASKED, &[H::OtherAmount, H::NoAmount, H::ChangeOfOtherAmount, H::ClosedOfOtherAmount], "ForAPerson", AMOUNT),
    row(&[S::Open], &[H::OnItsWay], "Refunding", "POS flows 5: PROCESSING"),
    row(UNPROVEN, &[H::OnItsWay], "Refunding", ROW_WINS),
    row(&[S::ForAPerson], &[H::OnItsWay], "Refunding", ROW_WINS),
    row(&[S::Refunding], &[H::OnItsWay], "report", "POS flows 5: it is on its way still"),
    row(&[S::Open, S::Refunding], &[H::OnItsWayAMonth], "ForAPerson", "POS flows 5: 30 days old"),
    row(
        &[S::ForAPerson],
        &[H::OnItsWayAMonth],
        "report",
        "POS flows 5: 30 days old, it stays with the person until it arrives",
    ),
    row(
        &[S::Open, S::Refunding, S::Unproven, S::UnprovenLater, S::UnprovenStop],
        &[H::Change],
        "ForAPerson",
        "POS flows 5: the card is dead, the money is with the merchant: a person pays the customer",
    ),
    row(&[S::ForAPerson], &[H::Change], "report", "POS flows 5: not the end; a later question may say SUCCESS"),
    row(
        ASKED,
        &[H::Closed],
        "Declined (NewNumber)",
        "POS flows 5, ruling 8: only the signed row of our own number says so",
    ),
    row(ASKED, &[H::Failed], "Declined (SameNumber)", "POS flows 5: FAIL (2017) keeps its number"),
    row(
        &[S::Open, S::Unproven, S::UnprovenLater, S::UnprovenStop, S::ForAPerson],
        &[H::OtherState],
        "ask after 2 s",
        "POS flows 5: a word of no document says nothing; each wait twice the last one, up to 10 s",
    ),
    row(&[S::Refunding], &[H::OtherState], "Unknown (OpenCode)", "POS flows 5: a word of no document says nothing"),
    // ---- no row, and no answer ----
    row(
        &[S::Open, S::Unproven, S::UnprovenLater, S::UnprovenStop],
        &[H::NoRow],
        "ask after 2 s",
        "POS flows 5: look for our own number; never take row 0",
    ),
    row(QUIET, &[H::NoRow], "Unknown (OtherOrder)", "POS flows 5: look for our own number; never take row 0"),
    row(&[S::Open], &[H::NoAnswer], "ask after 2 s", UNKNOWN),
    row(
        &[S::Refunding, S::Unproven, S::UnprovenLater, S::UnprovenStop, S::ForAPerson],
        &[H::NoAnswer],
        "Unknown (Broken)",
        "POS flows 3.3: nothing is said; what the journal has stays, and it is asked again",
    ),
    // ---- not found ----
    row(
        &[S::Open],
        &[H::NotFoundSoon, H::NotFoundRefusedAtSecondHost],
        "ask after 2 s",
        "POS flows 5, 20.12: a repeat of the same number waits 5 s, then doubling to 60 s",
    ),
    row(
        &[S::Open],
        &[H::NotFound, H::NotFoundAtSecondHost, H::NotFoundOfKnown],
        "repeat at once",
        "POS flows 5: REFUNDNOTEXIST: the identical repeat, inside `refund`; \"not found\" never ends a refund (F56)",
    ),
    row(&[S::Open], &[H::NotFoundRefused], "Unproven (SameNumber)", REFUSED),
    row(&[S::Open], &[H::NotFoundRefusedStop], "Unproven (Stop)", REFUSED),
    row(
        &[S::Unproven],
        &[H::NotFoundAfterAMinute],
        "Declined (SameNumber)",
        "POS flows 5: once at once, once more after 60 s: then it is its end",
    ),
    row(&[S::UnprovenLater], &[H::NotFoundAfterAMinute], "Declined (SameNumberLater)", "POS flows 5: the same"),
    row(&[S::UnprovenStop], &[H::NotFoundAfterAMinute], "Declined (Stop)", "POS flows 5: the same"),
    row(
        UNPROVEN,
        &[H::NotFound, H::NotFoundAtSecondHost, H::NotFoundLong],
        "report",
        "POS flows 5: once more after 60 s, at the first host",
    ),
    row(
        &[S::Open],
        &[H::NotFoundRepeatsRefused],
        "ForAPerson",
        "POS flows 5: answered twice, 60 s apart, by a refusal, and not known after each; its amount stays held back",
    ),
    row(&[S::Open], &[H::NotFoundLong], "ForAPerson", "POS flows 13: refunds, 1 year; the query knows no longer"),
    row(QUIET, &[H::NotFound, H::NotFoundAtSecondHost, H::NotFoundLong], "Unknown (OpenCode)", NO_END),
    // ---- what is not done with a refund ----
    row(STATES, &[H::Close], "refuse", "ruling: only an order that a customer pays can be closed"),
    row(STATES, &[H::Reverse], "refuse", "POS flows 20.14: only a sale by payment code is taken back"),
    row(STATES, &[H::AcceptLate], "refuse", "POS ruling 4: only a sale is paid late"),
    // ---- people, and what is read back ----
    row(
        &[S::Open, S::Refunding, S::ForAPerson],
        &[H::PersonPaid],
        "ByHand (paid)",
        "ruling: with a name and a reason, kept for ever",
    ),
    row(
        &[
            S::Open,
            S::Refunding,
            S::ForAPerson,
            S::Unproven,
            S::UnprovenLater,
            S::UnprovenStop,
            S::SameNumber,
            S::Later,
            S::Stop,
        ],
        &[H::PersonUnpaid],
        "ByHand (unpaid)",
        "ruling: with a name and a reason, kept for ever; its amount is free again",
    ),
    row(&[S::NewNumber, S::NotSent, S::Accepted, S::HandPaid, S::HandUnpaid], &[H::PersonUnpaid], "refuse", STAYS),
    row(
        &[
            S::Unproven,
            S::UnprovenLater,
            S::UnprovenStop,
            S::SameNumber,
            S::Later,
            S::NewNumber,
            S::Stop,
            S::NotSent,
            S::Accepted,
            S::HandPaid,
            S::HandUnpaid,
        ],
        &[H::PersonPaid],
        "refuse",
        STAYS,
    ),
    row(STATES, &[H::PersonBusy], "refuse", "ruling: while a thread works on an entry nobody else does"),
    row(&[S::Open, S::Refunding], &[H::Contradiction], "ForAPerson", TRUST),
    row(
        &[
            S::Unproven,
            S::UnprovenLater,
            S::UnprovenStop,
            S::SameNumber,
            S::Later,
            S::NewNumber,
            S::Stop,
            S::NotSent,
            S::Accepted,
            S::ForAPerson,
            S::HandPaid,
            S::HandUnpaid,
        ],
        &[H::Contradiction],
        "Unknown (ForAPerson)",
        TRUST,
    ),
];
